//! Which CRM a request is for: the one there is, or the one of the host that staff asks for.
//!
//! The host counts as it stands in the head. Where TLS has named another one, somebody asks for one
//! site with the certificate, and perhaps the connection, of another: that is refused (421), and a
//! browser asks again on a connection of its own. A trusted proxy makes connections of its own and
//! is not held to their names.

use std::collections::HashMap;
use std::sync::Arc;

use http::header::{HOST, HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::identity::peer::Peer;
use crate::serve::upstream::{Upstream, login};
use crate::terms::refusal::{Reason, Refusal};

/// The CRMs behind the gateway.
pub enum Sites {
    /// One, whatever host staff asks for.
    One(Arc<Upstream>),
    /// One for each host.
    ByHost(HashMap<String, Arc<Upstream>>),
}

impl Sites {
    /// The CRM for a request with this head, from this peer.
    pub fn find(&self, headers: &HeaderMap, peer: &Peer, trusted: &[IpNet]) -> Result<&Arc<Upstream>, Refusal> {
        login::of_staff(headers)?;
        let host = headers.get(HOST).map(HeaderValue::to_str).and_then(Result::ok).map(plain).unwrap_or_default();
        let direct = !trusted.iter().any(|network| network.contains(&peer.address.to_canonical()));
        if let Some(name) = &peer.server_name
            && direct
            && plain(name) != host
        {
            return Err(misdirected("the request asks for another host than its connection"));
        }
        match self {
            Sites::One(upstream) => Ok(upstream),
            Sites::ByHost(sites) => {
                sites.get(&host).ok_or_else(|| misdirected("no site has the host that is asked for"))
            }
        }
    }

    /// The hosts that staff asks for, where there are several CRMs.
    pub fn hosts(&self) -> Vec<String> {
        match self {
            Sites::One(_) => Vec::new(),
            Sites::ByHost(sites) => sites.keys().cloned().collect(),
        }
    }

    /// Every CRM.
    pub fn all(&self) -> Vec<&Arc<Upstream>> {
        match self {
            Sites::One(upstream) => vec![upstream],
            Sites::ByHost(sites) => sites.values().collect(),
        }
    }

    /// What is known of the CRMs that do not answer, and whether all of those that are watched are
    /// among them: then nothing can be served.
    pub fn away(&self) -> Option<(String, bool)> {
        let watched: Vec<_> =
            self.all().into_iter().filter_map(|upstream| Some((upstream, upstream.health.as_ref()?))).collect();
        let away = watched.iter().filter_map(|(upstream, health)| {
            Some(format!("the crm at `{}` does not answer: {}", upstream.address, health.trouble()?))
        });
        let mut away: Vec<String> = away.collect();
        away.sort();
        (!away.is_empty()).then(|| (away.join("; "), away.len() == watched.len()))
    }
}

/// A host in small letters, without its port and the dot that may end a name.
fn plain(host: &str) -> String {
    let end = match host.rfind(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let name = &host[..end];
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn misdirected(note: &str) -> Refusal {
    Refusal::new(Reason::Misdirected, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_its_name_alone() {
        for (host, name) in [
            ("crm.example", "crm.example"),
            ("CRM.Example:8443", "crm.example"),
            ("crm.example.", "crm.example"),
            ("[2001:db8::1]:443", "[2001:db8::1]"),
            ("", ""),
        ] {
            assert_eq!(plain(host), name, "{host}");
        }
    }
}
