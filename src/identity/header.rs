//! `header:` a proxy in front has recognised staff and says so in headers.
//!
//! Whoever can reach the gateway can write headers, so they are believed only from the addresses
//! in `from` and, where `secret` is set, only beside the secret that the proxy alone knows. From
//! everybody they are taken out before the CRM sees the request.

use std::net::IpAddr;

use aws_lc_rs::constant_time;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::identity::{Found, name, refused};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;

/// The header that carries the proxy's secret.
pub const SECRET: HeaderName = HeaderName::from_static("sudare-secret");

/// How long a name or a list of groups may be.
const VALUE_BYTES: usize = 4096;

/// Staff named by a proxy in front.
pub struct Header {
    /// The header with the name.
    pub user: HeaderName,
    /// The header with the groups, separated by commas.
    pub groups: Option<HeaderName>,
    /// Addresses from which the headers are believed.
    pub from: Vec<IpNet>,
    /// What must stand in `Sudare-Secret`.
    pub secret: Option<Secret>,
}

impl Header {
    /// Staff, if the headers name them and may be believed.
    pub fn find(&self, headers: &HeaderMap, peer: IpAddr) -> Result<Found, Refusal> {
        let Some(user) = single(headers, &self.user)? else {
            return Ok(Found::Nothing);
        };
        if !self.from.iter().any(|net| net.contains(&peer.to_canonical())) {
            // Not a credential at all from there: the header is taken out like from everybody.
            return Ok(Found::Nothing);
        }
        self.check_secret(headers)?;
        let groups = match &self.groups {
            Some(name) => single(headers, name)?.unwrap_or_default(),
            None => "",
        };
        let user = name::user(user).ok_or_else(|| refused("the identity header holds no name"))?;
        let groups = name::groups(groups.split(',').map(str::trim).filter(|group| !group.is_empty()));
        let groups = groups.ok_or_else(|| refused("the groups are too many or no names"))?;
        Ok(Found::Staff(Staff::new("header", user, groups)))
    }

    /// The headers that name somebody.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        std::iter::once(&self.user).chain(&self.groups)
    }

    /// Takes the headers out.
    pub fn strip(&self, headers: &mut HeaderMap) {
        headers.remove(&SECRET);
        for name in self.names() {
            headers.remove(name);
        }
    }

    fn check_secret(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(secret) = &self.secret else { return Ok(()) };
        let given = single(headers, &SECRET)?.unwrap_or_default();
        match constant_time::verify_slices_are_equal(given.as_bytes(), secret.0.as_bytes()) {
            Ok(()) => Ok(()),
            Err(_) => Err(refused("the proxy's secret is missing or wrong")),
        }
    }
}

/// The one value of a header; a repeated one could be read in two ways.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        let note = format!("the identity header `{name}` stands twice");
        return Err(Refusal::new(Reason::Ambiguous, note));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| refused("the identity header is no text"))?.trim();
    if text.len() > VALUE_BYTES || text.chars().any(char::is_control) {
        return Err(refused("the identity header is too long or holds control characters"));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn source(secret: Option<&str>) -> Header {
        Header {
            user: HeaderName::from_static("x-remote-user"),
            groups: Some(HeaderName::from_static("x-remote-groups")),
            from: vec!["127.0.0.0/8".parse().expect("a network")],
            secret: secret.map(|text| Secret(text.to_owned())),
        }
    }

    fn asked(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_named_user_has_the_named_groups() {
        let found = source(None).find(&asked(&[("x-remote-user", "tanaka"), ("x-remote-groups", "a, b,,")]), HERE);
        let Ok(Found::Staff(staff)) = found else { panic!("not found") };
        assert_eq!((staff.id().as_str(), staff.groups), ("header:tanaka", vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn elsewhere_the_header_is_no_credential() {
        let there = "192.0.2.1".parse().expect("an address");
        assert!(matches!(source(None).find(&asked(&[("x-remote-user", "tanaka")]), there), Ok(Found::Nothing)));
    }

    #[test]
    fn a_repeated_header_or_a_wrong_secret_is_refused() {
        assert!(source(None).find(&asked(&[("x-remote-user", "a"), ("x-remote-user", "b")]), HERE).is_err());
        let secret = source(Some("s3cret"));
        assert!(secret.find(&asked(&[("x-remote-user", "a")]), HERE).is_err());
        assert!(secret.find(&asked(&[("x-remote-user", "a"), ("sudare-secret", "s3cret!")]), HERE).is_err());
        assert!(secret.find(&asked(&[("x-remote-user", "a"), ("sudare-secret", "s3cret")]), HERE).is_ok());
    }
}
