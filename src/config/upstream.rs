//! `upstream:` the CRM; `sites:` several of them, told apart by the host that staff asks for.

use std::path::PathBuf;
use std::time::Duration;

use http::HeaderValue;
use http::uri::{Authority, PathAndQuery};

use crate::config::listen::{authority, pair};
use crate::config::pem::Pair;
use crate::config::units::{self, Origin};
use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node};
use crate::policy::reader::{self, MapReader};

/// How long an answer's head may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// How often a CRM's health is looked at.
const EVERY: Duration = Duration::from_secs(10);

/// The CRM, or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstreams {
    /// One, whatever host staff asks for.
    One(UpstreamConfig),
    /// One for each host.
    Sites(Vec<SiteConfig>),
}

/// A host that staff asks for, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteConfig {
    /// The host, in small letters and without a port.
    pub host: String,
    /// The CRM.
    pub upstream: UpstreamConfig,
    /// The certificate for this host; the listener's own where it is left out.
    pub pair: Option<Pair>,
}

/// The CRM's address, and how it is talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// Host and port.
    pub address: String,
    /// TLS; else plain HTTP.
    pub tls: Option<UpstreamTls>,
    /// The `Host` to send, if not staff's.
    pub host: Option<HeaderValue>,
    /// How long a connection may take; the bound where it is left out.
    pub connect: Option<Duration>,
    /// How long an answer's head may take.
    pub timeout: Duration,
    /// How its health is looked at, if it is.
    pub health: Option<HealthConfig>,
}

/// How the CRM proves that it is itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamTls {
    /// The name that its certificate must bear.
    pub name: String,
    /// The one authority that is trusted; those of the system where it is left out.
    pub ca: Option<PathBuf>,
}

/// How a CRM's health is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthConfig {
    /// What is asked for.
    pub path: PathAndQuery,
    /// How often.
    pub every: Duration,
}

/// Reads `upstream:` or `sites:`; one of them must be there.
pub fn parse(map: &mut MapReader<'_>, origin: &Origin<'_>, faults: &mut Faults) -> Option<Upstreams> {
    let Some(sites) = map.take_entry("sites") else {
        let node = map.need("upstream", faults)?;
        return upstream(node, origin, faults).map(Upstreams::One);
    };
    if let Some(entry) = map.take_entry("upstream") {
        faults
            .error(&entry.key_spot, "two-upstreams", "`upstream` and `sites` stand beside each other")
            .help("put it under `sites:` with the host that staff asks for");
    }
    let entries = reader::entries(&sites.value, "`sites`", faults)?;
    if entries.is_empty() {
        faults.error(&sites.value.spot, "empty", "`sites` is empty");
    }
    let mut found: Vec<SiteConfig> = Vec::new();
    for entry in entries {
        let Some(site) = site(entry, origin, faults) else { continue };
        if found.iter().any(|other| other.host == site.host) {
            faults.error(&entry.key_spot, "duplicate-site", format!("`{}` stands twice", site.host));
        }
        found.push(site);
    }
    Some(Upstreams::Sites(found))
}

fn site(entry: &Entry, origin: &Origin<'_>, faults: &mut Faults) -> Option<SiteConfig> {
    let host = entry.key.to_ascii_lowercase();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let named = !host.is_empty() && !host.ends_with('.') && host.bytes().all(known);
    if !named {
        faults
            .error(&entry.key_spot, "bad-host", format!("`{}` is not the name of a host", entry.key))
            .help("write what stands in the browser's address, without `https://`, port or `*`: `crm.example`");
    }
    let keys = entry.value.map().unwrap_or_default();
    if !keys.iter().any(|own| own.key == "upstream" || own.key == "tls") {
        let upstream = upstream(&entry.value, origin, faults)?;
        return named.then_some(SiteConfig { host, upstream, pair: None });
    }
    let mut map = MapReader::open(&entry.value, "a site", faults)?;
    let upstream = map.need("upstream", faults).and_then(|node| upstream(node, origin, faults));
    let pair = map.take("tls").map(|node| {
        let mut map = MapReader::open(node, "a site's `tls`", faults)?;
        let pair = pair(&mut map, origin, faults);
        map.finish(faults);
        pair
    });
    map.finish(faults);
    let pair = match pair {
        Some(pair) => Some(pair?),
        None => None,
    };
    Some(SiteConfig { host, upstream: upstream?, pair }).filter(|_| named)
}

fn upstream(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<UpstreamConfig> {
    if node.map().is_none() {
        let (address, name) = url(node, faults)?;
        let tls = name.map(|name| UpstreamTls { name, ca: None });
        return Some(UpstreamConfig { address, tls, host: None, connect: None, timeout: TIMEOUT, health: None });
    }
    let mut map = MapReader::open(node, "`upstream`", faults)?;
    let url = map.need("url", faults).and_then(|node| url(node, faults));
    let ca = map.take_entry("ca");
    if let (Some(entry), Some((_, None))) = (ca, &url) {
        faults
            .error(&entry.key_spot, "no-tls", "`ca` has no meaning for an `http://` address")
            .help("write `https://`, or take it out");
    }
    let ca = ca.and_then(|entry| authority(&entry.value, "`ca`", origin, faults));
    let host = map.take("host").and_then(|node| host(node, faults));
    let mut wait =
        |key, what| map.take(key).and_then(|node| units::some(units::duration(node, what, faults), node, what, faults));
    let connect = wait("connect_timeout", "`connect_timeout`");
    let timeout = wait("timeout", "`timeout`").unwrap_or(TIMEOUT);
    let health = map.take("health").and_then(|node| health(node, faults));
    map.finish(faults);
    let (address, name) = url?;
    let tls = name.map(|name| UpstreamTls { name, ca });
    Some(UpstreamConfig { address, tls, host, connect, timeout, health })
}

/// `preserve` is what happens anyway: `Host` goes on as staff sent it.
fn host(node: &Node, faults: &mut Faults) -> Option<HeaderValue> {
    let text = reader::text(node, "`host`", faults)?;
    if text == "preserve" {
        return None;
    }
    let host = text.parse::<Authority>().ok().filter(|host| !host.as_str().contains('@'));
    let value = host.and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if value.is_none() {
        faults
            .error(&node.spot, "bad-host", "`host` is not the name of a server")
            .help("write `host: crm.example`, or `host: preserve`");
    }
    value
}

/// Host and port of `http://host:port`, and of `https://…` the name that is to be proven as well.
fn url(node: &Node, faults: &mut Faults) -> Option<(String, Option<String>)> {
    let text = reader::text(node, "`upstream`", faults)?;
    let (rest, secure) = match text.strip_prefix("https://") {
        Some(rest) => (Some(rest), true),
        None => (text.strip_prefix("http://"), false),
    };
    let parsed = rest
        .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        .and_then(|rest| rest.parse::<Authority>().ok())
        .filter(|authority| !authority.as_str().contains('@'));
    let Some(authority) = parsed else {
        faults
            .error(&node.spot, "bad-url", "`upstream` is not the address of a server")
            .help("write `http://127.0.0.1:9000` or `https://crm.internal`, without a path");
        return None;
    };
    let name = authority.host().trim_matches(['[', ']']).to_owned();
    if secure && rustls::pki_types::ServerName::try_from(name.as_str()).is_err() {
        faults.error(&node.spot, "bad-url", format!("`{name}` is no name that a certificate can bear"));
        return None;
    }
    let address = match authority.port() {
        Some(_) => authority.to_string(),
        None => format!("{authority}:{}", if secure { 443 } else { 80 }),
    };
    Some((address, secure.then_some(name)))
}

fn health(node: &Node, faults: &mut Faults) -> Option<HealthConfig> {
    let path = |node: &Node, faults: &mut Faults| {
        let text = reader::text(node, "`path`", faults)?;
        let path = text.parse::<PathAndQuery>().ok().filter(|_| text.starts_with('/'));
        if path.is_none() {
            faults.error(&node.spot, "bad-path", "`path` is not a path").help("write `path: /login`");
        }
        path
    };
    if node.map().is_none() {
        return path(node, faults).map(|path| HealthConfig { path, every: EVERY });
    }
    let mut map = MapReader::open(node, "`health`", faults)?;
    let asked = map.need("path", faults).and_then(|node| path(node, faults));
    let every = map.take("every").and_then(|node| {
        let every = units::duration(node, "`every`", faults)?;
        if every.is_zero() {
            faults.error(&node.spot, "zero", "`every` is nothing, so that the CRM would be asked without a pause");
        }
        Some(every)
    });
    map.finish(faults);
    Some(HealthConfig { path: asked?, every: every.unwrap_or(EVERY) })
}
