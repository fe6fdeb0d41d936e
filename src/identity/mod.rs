//! Who asks.
//!
//! Sources are tried in the order of gateway.yaml. A credential that is present and bad is a
//! refusal; only where a source finds none does the next one look. Each source is one file or
//! folder, and one line in the lists below. A source never waits: where it must know more (is this
//! password right? whose cookie does the CRM say this is?) it says what, and `serve` finds it out.

pub mod anonymous;
pub mod basic;
pub mod file;
pub mod header;
pub mod json;
pub mod jwt;
pub mod mtls;
pub mod name;
pub mod peer;
pub mod session;
pub mod turns;

use std::collections::HashMap;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::identity::file::Watched;
use crate::identity::peer::Peer;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// One entry of `identity:`.
pub struct Source {
    /// How it recognises staff.
    pub way: Way,
    /// Groups by name, where the source itself knows none.
    pub groups: Option<Watched<Register>>,
    /// Whether the CRM gets the credential too.
    pub forward: bool,
}

/// Names and their groups, from a file.
pub type Register = HashMap<String, Vec<String>>;

/// The sources that this gateway knows.
pub enum Way {
    /// `basic:` names and passwords in a file.
    Basic(Box<basic::Basic>),
    /// `header:` names that a proxy in front has set.
    Header(header::Header),
    /// `jwt:` tokens of an identity provider.
    Jwt(Box<jwt::Jwt>),
    /// `mtls:` certificates of staff's own.
    Mtls(mtls::Mtls),
    /// `session:` the CRM's own log-in.
    Session(Box<session::Session>),
    /// `anonymous:` whoever nobody recognises.
    Anonymous(anonymous::Anonymous),
}

/// What a source looks at.
pub struct Asking<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// The other end of the connection.
    pub peer: &'a Peer,
    /// Which CRM is asked: a session of one is nothing to another.
    pub crm: &'a str,
    /// The time, in seconds since 1970.
    pub now: i64,
    /// Whether what was missing has been sought already, so that it must do without.
    pub again: bool,
}

/// What a source finds.
pub enum Found {
    /// Staff.
    Staff(Staff),
    /// No credential of this source's sort.
    Nothing,
    /// A password that takes a while to check.
    Password(basic::Attempt),
    /// A token whose key is not here: the provider's keys are to be read anew.
    Keys,
    /// A cookie of which the CRM must say whose it is.
    Whoami(session::Question),
}

impl Source {
    /// Looks for staff.
    pub fn look(&self, asking: &Asking<'_>) -> Result<Found, Refusal> {
        match &self.way {
            Way::Basic(basic) => basic.find(asking.headers),
            Way::Header(header) => header.find(asking.headers, asking.peer.address),
            Way::Jwt(jwt) => jwt.find(asking),
            Way::Mtls(mtls) => mtls.find(asking.peer, asking.now),
            Way::Session(session) => session.find(asking),
            Way::Anonymous(anonymous) => Ok(Found::Staff(anonymous.staff())),
        }
    }

    /// The staff that this source found, with the groups that the file gives them if there is one.
    pub fn with_groups(&self, mut staff: Staff) -> Staff {
        if let Some(register) = &self.groups {
            staff.groups = register.get().get(&staff.user).cloned().unwrap_or_default();
        }
        staff
    }
}

/// Takes the gateway's own credentials out, so that the CRM never sees them. `by` is the source
/// that found staff: with `forward` its credential stays, and only its, since no other was checked.
pub fn strip(sources: &[Source], by: Option<usize>, headers: &mut HeaderMap) {
    let found = by.and_then(|number| sources.get(number)).filter(|source| source.forward);
    let names = match found.map(|source| &source.way) {
        Some(Way::Basic(_) | Way::Jwt(_)) => vec![AUTHORIZATION],
        Some(Way::Header(header)) => header.names().cloned().collect(),
        _ => Vec::new(),
    };
    let kept: Vec<_> = names.into_iter().filter_map(|name| Some((headers.get(&name)?.clone(), name))).collect();
    for source in sources {
        match &source.way {
            Way::Basic(_) => strip_scheme(headers, "basic"),
            Way::Jwt(_) => strip_scheme(headers, "bearer"),
            Way::Header(header) => header.strip(headers),
            Way::Mtls(_) | Way::Session(_) | Way::Anonymous(_) => {}
        }
    }
    for (value, name) in kept {
        headers.insert(name, value);
    }
}

/// How a client learns what it may log in with: the values of `WWW-Authenticate`.
pub fn challenges(sources: &[Source]) -> Vec<HeaderValue> {
    let challenge = |source: &Source| match &source.way {
        Way::Basic(_) => Some(HeaderValue::from_static("Basic realm=\"sudare\", charset=\"UTF-8\"")),
        Way::Jwt(_) => Some(HeaderValue::from_static("Bearer realm=\"sudare\"")),
        _ => None,
    };
    let mut challenges: Vec<HeaderValue> = sources.iter().filter_map(challenge).collect();
    challenges.dedup();
    challenges
}

/// The source that learns from the CRM's own log-in, if there is one, and its number.
pub fn session(sources: &[Source]) -> Option<(usize, &session::Session)> {
    sources.iter().enumerate().find_map(|(number, source)| match &source.way {
        Way::Session(session) => Some((number, &**session)),
        _ => None,
    })
}

/// What makes up the session of whoever asks: the token of the source that found them, or else the cookie of the CRM's
/// own log-in. Only a keyed hash of it may be kept.
pub fn session_of<'h>(sources: &[Source], by: Option<usize>, headers: &'h HeaderMap) -> Option<&'h str> {
    if let Some(Way::Jwt(_)) = by.and_then(|number| sources.get(number)).map(|source| &source.way) {
        return std::str::from_utf8(authorization(headers, "bearer").ok()??).ok();
    }
    let (_, session) = session(sources)?;
    session::cookie::only(headers, &session.cookie).ok()?
}

/// What `Authorization` says in this scheme. Another scheme is somebody else's; a second header
/// could be read in two ways.
fn authorization<'h>(headers: &'h HeaderMap, scheme: &str) -> Result<Option<&'h [u8]>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::new(Reason::Ambiguous, "`Authorization` stands twice"));
    }
    Ok(of_scheme(value.as_bytes(), scheme))
}

/// What follows the scheme's name, its case not counting.
fn of_scheme<'v>(value: &'v [u8], scheme: &str) -> Option<&'v [u8]> {
    let end = value.iter().position(|byte| matches!(byte, b' ' | b'\t' | b',')).unwrap_or(value.len());
    let (name, rest) = value.split_at(end);
    name.eq_ignore_ascii_case(scheme.as_bytes()).then(|| rest.trim_ascii())
}

fn strip_scheme(headers: &mut HeaderMap, scheme: &str) {
    if headers.get_all(AUTHORIZATION).iter().any(|value| of_scheme(value.as_bytes(), scheme).is_some()) {
        headers.remove(AUTHORIZATION);
    }
}

/// A refusal of a credential, without a word of what it held.
fn refused(note: &str) -> Refusal {
    Refusal::new(Reason::Unrecognised, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_a_whole_word() {
        for (value, rest) in [
            ("Bearer abc", Some("abc")),
            ("bEARER\tabc", Some("abc")),
            ("Bearer", Some("")),
            ("Bearerabc", None),
            ("Basic abc", None),
            ("", None),
        ] {
            assert_eq!(of_scheme(value.as_bytes(), "bearer"), rest.map(str::as_bytes), "{value}");
        }
    }
}
