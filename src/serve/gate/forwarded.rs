//! Who is the client, and what is the CRM told about the way a request came?
//!
//! Anybody can write a forwarding header; only one written by a trusted proxy is evidence. So from everybody else all
//! of them are dropped. In a trusted proxy's list the right-most address that is no trusted proxy is the client, for
//! whatever stands to its left was only claimed to a proxy. A list that cannot be read up to there, or two lists that
//! name different clients, are doubt, and doubt refuses. What goes on to the CRM is written anew.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::fault::{GateFault, Reason};
use super::hop::{Arrival, remove_where};
use super::request::is_host;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Whether staff asked over TLS, as it is told to the CRM.
pub const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST_BEFORE: HeaderName = HeaderName::from_static("x-forwarded-host");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Other names under which frameworks believe to learn the client, the scheme or the host.
const KINDRED: [&str; 13] = [
    "cf-connecting-ip",
    "client-ip",
    "fastly-client-ip",
    "front-end-https",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-original-host",
    "x-real-ip",
    "x-scheme",
    "x-url-scheme",
];

/// The most proxies that a request may have come through.
const PROXIES_MAX: usize = 32;

/// Finds the client and writes the forwarding headers anew.
pub(super) fn retell(headers: &mut HeaderMap, arrival: &Arrival<'_>) -> Result<IpAddr, GateFault> {
    let peer = arrival.peer.to_canonical();
    let told = if is_trusted(peer, arrival.trusted) { Told::read(headers, arrival.trusted)? } else { Told::default() };
    remove_where(headers, |name| {
        name.starts_with("x-forwarded-") || KINDRED.contains(&name) || name == "x-original-forwarded-for"
    });
    let client = told.client.unwrap_or(peer);
    let mut chain = told.chain;
    chain.push(peer);
    let chain: Vec<String> = chain.into_iter().map(spelled).collect();
    set(headers, FOR, &chain.join(", "))?;
    set(headers, REAL_IP, &spelled(client))?;
    let scheme = if arrival.secure { "https" } else { "http" };
    set(headers, PROTO, told.scheme.unwrap_or(scheme))?;
    if let Some(host) = told.host.or_else(|| headers.get(HOST).cloned()) {
        headers.insert(HOST_BEFORE, host);
    }
    Ok(client)
}

/// What a trusted proxy told.
#[derive(Default)]
struct Told {
    client: Option<IpAddr>,
    /// The addresses from the client to the proxy before the peer, as far as they are evidence.
    chain: Vec<IpAddr>,
    scheme: Option<&'static str>,
    host: Option<HeaderValue>,
}

impl Told {
    fn read(headers: &HeaderMap, trusted: &[IpNet]) -> Result<Told, GateFault> {
        let listed = evidence(elements(headers, &FOR)?, trusted)?;
        let nodes: Vec<&str> = elements(headers, &FORWARDED)?.into_iter().map(forwarded_for).collect();
        let noted = evidence(nodes, trusted)?;
        let chain = match (listed.is_empty(), noted.is_empty()) {
            (false, false) if listed.first() != noted.first() => {
                return Err(doubt("two forwarding headers name different clients"));
            }
            (true, _) => noted,
            (false, _) => listed,
        };
        let scheme = match single(headers, &PROTO)? {
            None => None,
            Some(text) if text.eq_ignore_ascii_case("http") => Some("http"),
            Some(text) if text.eq_ignore_ascii_case("https") => Some("https"),
            Some(_) => return Err(doubt("a forwarded scheme is neither http nor https")),
        };
        let host = match single(headers, &HOST_BEFORE)? {
            Some(text) if !is_host(text) => return Err(doubt("a forwarded host names no host")),
            Some(_) => headers.get(HOST_BEFORE).cloned(),
            None => None,
        };
        Ok(Told { client: chain.first().copied(), chain, scheme, host })
    }
}

/// The part of a list that trusted proxies vouch for: from the right up to the first address that is none of them.
fn evidence(nodes: Vec<&str>, trusted: &[IpNet]) -> Result<Vec<IpAddr>, GateFault> {
    let mut chain = Vec::new();
    for node in nodes.into_iter().rev() {
        let address = address(node).ok_or(doubt("a forwarding header holds no address"))?;
        chain.push(address);
        if !is_trusted(address, trusted) {
            break;
        }
    }
    chain.reverse();
    Ok(chain)
}

/// The elements of a list header, its lines joined in order.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Vec<&'a str>, GateFault> {
    let mut elements = Vec::new();
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| doubt("a forwarding header is not plain text"))?;
        elements.extend(text.split(',').map(str::trim));
    }
    if elements.len() > PROXIES_MAX {
        return Err(doubt("a forwarding header is longer than the bound"));
    }
    Ok(elements)
}

/// The one value of a header.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, GateFault> {
    let elements = elements(headers, name)?;
    match elements.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => Err(doubt("a forwarding header has more than one value")),
    }
}

/// The node behind `for=` in an element of `Forwarded` (RFC 7239, 4). An element without one is kept as a node that
/// names no address: left out, it would make what stands to its left pass for the proxy's own word.
fn forwarded_for(element: &str) -> &str {
    let node = element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
    });
    node.unwrap_or_default()
}

/// An address with or without a port, an IPv6 one with or without brackets.
fn address(node: &str) -> Option<IpAddr> {
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address =
        bare.unwrap_or(node).parse::<IpAddr>().or_else(|_| node.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// An address as it is usually written. The system's own way to write an IPv4 address serves every width and fill, and
/// costs more than all else that is done with it.
pub fn spelled(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let mut text = String::with_capacity("255.255.255.255".len());
    for (number, octet) in address.octets().into_iter().enumerate() {
        if number > 0 {
            text.push('.');
        }
        for unit in [100, 10, 1] {
            if octet >= unit || unit == 1 {
                text.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
    text
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) -> Result<(), GateFault> {
    let value = HeaderValue::try_from(text).map_err(|_| doubt("a forwarding header is not plain text"))?;
    headers.insert(name, value);
    Ok(())
}

fn doubt(detail: &'static str) -> GateFault {
    GateFault::new(Reason::Forwarded, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::gate::hop::request_headers;

    /// The client and the `X-Forwarded-For` that goes on, for these headers from this peer.
    fn told(peer: &str, sent: &[(&'static str, &str)]) -> Result<(String, String), Reason> {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().unwrap());
        let arrival = Arrival { peer: peer.parse().unwrap(), secure: false, trusted: &trusted };
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let hops = request_headers(&mut headers, &arrival).map_err(|fault| fault.reason)?;
        let chain = headers[FOR].to_str().unwrap().to_owned();
        assert_eq!(headers[REAL_IP].to_str().unwrap(), hops.client.to_string());
        Ok((hops.client.to_string(), chain))
    }

    #[test]
    fn addresses_are_spelled_as_everywhere() {
        for octet in 0..=u8::MAX {
            let address = IpAddr::from([octet, octet.wrapping_mul(7), 255 - octet, octet / 2]);
            assert_eq!(spelled(address), address.to_string());
        }
        assert_eq!(spelled("2001:db8::1".parse().unwrap()), "2001:db8::1");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let forged = [("x-forwarded-for", "1.1.1.1"), ("forwarded", "for=2.2.2.2"), ("x-real-ip", "3.3.3.3")];
        assert_eq!(told("9.9.9.9", &forged), Ok(("9.9.9.9".into(), "9.9.9.9".into())));
        let listed = [("x-forwarded-for", "1.1.1.1, 8.8.8.8"), ("x-forwarded-for", "10.0.0.2")];
        let chain = "8.8.8.8, 10.0.0.2, 10.0.0.1";
        assert_eq!(told("10.0.0.1", &listed), Ok(("8.8.8.8".into(), chain.into())));
        assert_eq!(told("::ffff:10.0.0.1", &listed), Ok(("8.8.8.8".into(), chain.into())));
        assert_eq!(told("10.0.0.1", &[]), Ok(("10.0.0.1".into(), "10.0.0.1".into())));
    }

    #[test]
    fn ports_brackets_and_forwarded_are_read() {
        for value in ["for=8.8.8.8", "for=1.1.1.1;proto=http, For=\"8.8.8.8:55\";by=10.0.0.1"] {
            let client = told("10.0.0.1", &[("forwarded", value)]).unwrap().0;
            assert_eq!(client, "8.8.8.8", "{value}");
        }
        for value in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            let client = told("10.0.0.1", &[("x-forwarded-for", value)]).unwrap().0;
            assert_eq!(client, "2001:db8::1", "{value}");
        }
    }

    #[test]
    fn what_a_trusted_proxy_tells_in_doubt_is_refused() {
        for sent in [
            [("x-forwarded-for", "unknown")].as_slice(),
            &[("x-forwarded-for", "8.8.8.8,")],
            &[("forwarded", "for=_hidden")],
            &[("forwarded", "for=8.8.8.8, proto=http")],
            &[("forwarded", "for=8.8.8.8"), ("x-forwarded-for", "7.7.7.7")],
            &[("x-forwarded-proto", "gopher")],
            &[("x-forwarded-proto", "http"), ("x-forwarded-proto", "https")],
            &[("x-forwarded-host", "a b")],
        ] {
            assert_eq!(told("10.0.0.1", sent), Err(Reason::Forwarded), "{sent:?}");
        }
    }
}
