//! `listen:` where staff connects, and how: plain or in TLS, directly or through a proxy that says who
//! is behind it.

use std::net::SocketAddr;
use std::path::PathBuf;

use rustls::sign::CertifiedKey;
use x509_parser::time::ASN1Time;

use crate::config::gateway::address;
use crate::config::pem::{self, Clients, Pair, PemError};
use crate::config::units::Origin;
use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot};
use crate::policy::reader::{self, MapReader};

/// What stands for a socket that systemd hands over.
const SYSTEMD: &str = "systemd";

/// One address, and what is spoken there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where.
    pub at: At,
    /// TLS; else plain HTTP.
    pub tls: Option<TlsConfig>,
    /// Whether each connection begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
}

/// Where a listener's socket comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The gateway opens it.
    Address(SocketAddr),
    /// systemd hands it over: the next one, in the order of its `.socket` unit.
    Systemd,
}

/// How TLS is spoken to staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate and its key.
    pub pair: Pair,
    /// Who vouches for staff's own certificates, where some have one.
    pub clients: Option<Clients>,
    /// Whether TLS 1.2 is spoken too.
    pub tls12: bool,
}

/// Reads the listeners.
pub fn parse(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Vec<Listener> {
    reader::one_or_more(node, "`listen`", faults).iter().filter_map(|item| listener(item, origin, faults)).collect()
}

fn listener(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<Listener> {
    if node.map().is_none() {
        let at = at(node, "`listen`", faults)?;
        return Some(Listener { at, tls: None, proxy_protocol: false });
    }
    let mut map = MapReader::open(node, "a listener", faults)?;
    let at = map.need("address", faults).and_then(|node| at(node, "`address`", faults));
    let tls = map.take("tls").map(|node| tls(node, origin, faults));
    let proxy_protocol =
        map.take("proxy_protocol").map_or(Some(false), |node| reader::boolean(node, "`proxy_protocol`", faults));
    map.finish(faults);
    let tls = match tls {
        Some(tls) => Some(tls?),
        None => None,
    };
    Some(Listener { at: at?, tls, proxy_protocol: proxy_protocol? })
}

fn at(node: &Node, what: &str, faults: &mut Faults) -> Option<At> {
    if node.scalar() == Some(SYSTEMD) { Some(At::Systemd) } else { address(node, what, faults).map(At::Address) }
}

fn tls(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<TlsConfig> {
    let mut map = MapReader::open(node, "`tls`", faults)?;
    let pair = pair(&mut map, origin, faults);
    let clients = clients(&mut map, origin, faults);
    let tls12 = map
        .take("min")
        .map_or(Some(false), |node| reader::word(node, "`min`", &[("1.2", true), ("1.3", false)], faults));
    map.finish(faults);
    Some(TlsConfig { pair: pair?, clients, tls12: tls12? })
}

/// A certificate and its key, read once to tell now what would not hold later.
pub(super) fn pair(map: &mut MapReader<'_>, origin: &Origin<'_>, faults: &mut Faults) -> Option<Pair> {
    let mut file = |key, what| {
        let node = map.need(key, faults)?;
        Some((origin.path(reader::text(node, what, faults)?), &node.spot))
    };
    let certificate = file("certificate", "`certificate`");
    let key = file("key", "`key`");
    let ((certificate, certificate_spot), (key, key_spot)) = (certificate?, key?);
    let pair = Pair { certificate, key };
    match pair.load() {
        Ok(loaded) if has_expired(&loaded) => {
            let message =
                format!("the certificate `{}` has expired; clients will refuse it", pair.certificate.display());
            faults.warning(certificate_spot, "expired", message).help("put a new one in its place; it is read again");
        }
        Ok(_) => {}
        Err(error) => {
            let spot = if error.path() == Some(&pair.key) { key_spot } else { certificate_spot };
            tell(&error, spot, faults);
        }
    }
    Some(pair)
}

fn has_expired(pair: &CertifiedKey) -> bool {
    let leaf = pair.cert.first().and_then(|leaf| x509_parser::parse_x509_certificate(leaf).ok());
    leaf.is_some_and(|(_, leaf)| leaf.validity().not_after < ASN1Time::now())
}

/// Who vouches for staff's certificates, and what they have taken back.
fn clients(map: &mut MapReader<'_>, origin: &Origin<'_>, faults: &mut Faults) -> Option<Clients> {
    let ca = map.take("client_ca").and_then(|node| authority(node, "`client_ca`", origin, faults));
    let Some(node) = map.take("client_crl") else { return Some(Clients { ca: ca?, crl: None }) };
    let crl = origin.path(reader::text(node, "`client_crl`", faults)?);
    let Some(ca) = ca else {
        let message = "`client_crl` takes back what nobody has vouched for, since there is no `client_ca`";
        faults.error(&node.spot, "no-client-ca", message).help("name the authorities too: `client_ca: staff-ca.pem`");
        return None;
    };
    let clients = Clients { ca, crl: Some(crl.clone()) };
    match clients.load() {
        Ok(vouched) if vouched.ends().is_some_and(|end| end < ASN1Time::now().timestamp()) => {
            let message = format!("a list in `{}` has expired; nobody gets in with a certificate", crl.display());
            faults.warning(&node.spot, "expired", message).help("put a new one in its place; it is read again");
        }
        // What is wrong with the authorities was told where they are named.
        Err(error) if error.path() == Some(&crl) => tell(&error, &node.spot, faults),
        Ok(_) | Err(_) => {}
    }
    Some(clients)
}

/// A file with the certificates of authorities, read once for the same reason.
pub(super) fn authority(node: &Node, what: &str, origin: &Origin<'_>, faults: &mut Faults) -> Option<PathBuf> {
    let path = origin.path(reader::text(node, what, faults)?);
    if let Err(error) = pem::authorities(&path) {
        tell(&error, &node.spot, faults);
    }
    Some(path)
}

fn tell(error: &PemError, spot: &Spot, faults: &mut Faults) {
    faults.error(spot, error.code(), error.to_string()).help(error.cure());
}
