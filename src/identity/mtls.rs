//! `mtls:` staff's own certificate, which TLS has proven against the listener's `client_ca`.
//!
//! TLS proves that the certificate was issued and that the other end holds its key. Which part of
//! it is the name is for gateway.yaml to say, and where that part stands twice, nobody is named.
//! The time is looked at again with each request, since connections outlive certificates.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

use crate::identity::peer::Peer;
use crate::identity::{Found, name, refused};
use crate::terms::refusal::Refusal;
use crate::terms::staff::Staff;

/// How long a SPIFFE id may be: its standard says so, and so does what a name may be.
const SPIFFE_BYTES: usize = 256;

/// Staff named by a certificate.
pub struct Mtls {
    /// Where the name stands.
    pub user: UserAt,
    /// Whether each OU of the subject is a group.
    pub units: bool,
}

/// Where in a certificate the name stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAt {
    /// The subject's common name.
    CommonName,
    /// The e-mail address or the host name in the alternative names.
    AlternativeName,
    /// The SPIFFE id in the alternative names.
    Uri,
}

impl Mtls {
    /// Staff, if the connection has a certificate.
    pub fn find(&self, peer: &Peer, now: i64) -> Result<Found, Refusal> {
        let Some(der) = &peer.certificate else { return Ok(Found::Nothing) };
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| refused("the certificate cannot be read"))?;
        if !rest.is_empty() {
            return Err(refused("something follows the certificate"));
        }
        let valid = certificate.validity();
        if now < valid.not_before.timestamp() || now > valid.not_after.timestamp() {
            return Err(refused("the certificate is not valid yet or no longer"));
        }
        let user = match self.user {
            UserAt::CommonName => common_name(certificate.subject())?,
            UserAt::AlternativeName => alternative(&certificate, address)?,
            UserAt::Uri => spiffe(alternative(&certificate, uri)?)?,
        };
        let user = name::user(user).ok_or_else(|| refused("the certificate's name cannot be a name"))?.to_owned();
        let groups = if self.units { units(certificate.subject())? } else { Vec::new() };
        Ok(Found::Staff(Staff::new("mtls", user, groups)))
    }
}

fn common_name<'c>(subject: &'c X509Name<'_>) -> Result<&'c str, Refusal> {
    let mut names = subject.iter_common_name();
    match (names.next(), names.next()) {
        (Some(one), None) => text(one),
        (None, _) => Err(refused("the certificate has no common name")),
        _ => Err(refused("the certificate has several common names")),
    }
}

fn units(subject: &X509Name<'_>) -> Result<Vec<String>, Refusal> {
    let units = subject.iter_organizational_unit().map(text).collect::<Result<Vec<&str>, Refusal>>()?;
    name::groups(units.into_iter()).ok_or_else(|| refused("the certificate's units cannot be groups"))
}

fn text<'c>(attribute: &'c AttributeTypeAndValue<'_>) -> Result<&'c str, Refusal> {
    attribute.as_str().map_err(|_| refused("a part of the certificate's subject is no text that can be read"))
}

/// The one alternative name of a sort.
fn alternative<'c>(
    certificate: &'c X509Certificate<'_>,
    sort: fn(&'c GeneralName<'c>) -> Option<&'c str>,
) -> Result<&'c str, Refusal> {
    let extension = certificate.subject_alternative_name();
    let extension = extension.map_err(|_| refused("the certificate's alternative names stand twice"))?;
    let names = extension.map(|extension| &extension.value.general_names[..]).unwrap_or_default();
    let mut fitting = names.iter().filter_map(sort);
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(refused("the certificate has no alternative name of that sort")),
        _ => Err(refused("the certificate has several alternative names of that sort")),
    }
}

fn address<'n>(name: &'n GeneralName<'n>) -> Option<&'n str> {
    match name {
        GeneralName::RFC822Name(text) | GeneralName::DNSName(text) => Some(text),
        _ => None,
    }
}

fn uri<'n>(name: &'n GeneralName<'n>) -> Option<&'n str> {
    match name {
        GeneralName::URI(text) => Some(text),
        _ => None,
    }
}

/// A SPIFFE id in the one spelling that its standard allows.
fn spiffe(text: &str) -> Result<&str, Refusal> {
    let id = || {
        let (domain, path) = text.strip_prefix("spiffe://")?.split_once('/')?;
        let in_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte);
        let in_segment = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let segment = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(in_segment);
        let fits = !domain.is_empty() && domain.bytes().all(in_domain) && path.split('/').all(segment);
        (fits && text.len() <= SPIFFE_BYTES).then_some(text)
    };
    id().ok_or_else(|| refused("the certificate's uri is no spiffe id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spiffe_id_has_one_spelling() {
        for good in ["spiffe://example.org/desk/tanaka", "spiffe://a/b", "spiffe://10.0.0.1/B_c.d-e"] {
            assert_eq!(spiffe(good), Ok(good));
        }
        for bad in [
            "https://example.org/desk",
            "SPIFFE://example.org/desk",
            "spiffe://Example.org/desk",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe:///desk",
            "spiffe://example.org/desk/",
            "spiffe://example.org//desk",
            "spiffe://example.org/desk/../root",
            "spiffe://example.org/a%2fb",
            "spiffe://example.org/a?b",
            "spiffe://user@example.org/a",
            "spiffe://example.org:8443/a",
        ] {
            assert!(spiffe(bad).is_err(), "{bad}");
        }
    }
}
