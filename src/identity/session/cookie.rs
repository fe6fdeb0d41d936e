//! One cookie in `Cookie` and in `Set-Cookie`.
//!
//! Servers read cookies in many ways: some stop at the first of a name, some take the last, some
//! ignore letter case, decode names or know quotes. So a request in which the session's cookie could
//! be found twice, in whatever way, is refused: the gateway would know another person than the CRM.

use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use jiff::fmt::rfc2822::DateTimeParser;

use crate::terms::refusal::{Reason, Refusal};

/// How long a session's cookie may be.
const VALUE_BYTES: usize = 4096;

/// The value of the only cookie of this name, if there is one.
pub fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Refusal> {
    let twice = || Refusal::new(Reason::Ambiguous, "the session's cookie can be found twice");
    let (mut found, mut alikes, mut shown) = (None, 0, 0);
    for header in headers.get_all(COOKIE) {
        let text = std::str::from_utf8(header.as_bytes()).map_err(|_| twice())?;
        shown += shows(text, name);
        for (own, value) in text.split(';').map(pair) {
            if alike(own) == alike(name) {
                alikes += 1;
                found = Some(value).filter(|_| own == name);
            }
        }
    }
    if alikes > 1 || shown > 1 {
        return Err(twice());
    }
    Ok(found.filter(|value| !value.is_empty() && value.len() <= VALUE_BYTES))
}

/// What an answer does to the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set<'h> {
    /// Nothing.
    Nothing,
    /// It takes the cookie away.
    Away,
    /// It gives the cookie this value.
    To(&'h str),
    /// It says several things at once.
    Unclear,
}

/// What an answer does to the cookie of this name.
pub fn set<'h>(headers: &'h HeaderMap, name: &str, now: i64) -> Set<'h> {
    let mut all = Set::Nothing;
    for header in headers.get_all(SET_COOKIE) {
        let Ok(text) = std::str::from_utf8(header.as_bytes()) else {
            return Set::Unclear;
        };
        let (first, attributes) = text.split_once(';').unwrap_or((text, ""));
        let (own, value) = pair(first);
        if own != name {
            continue;
        }
        let next = if value.is_empty() || is_over(attributes, now) { Set::Away } else { Set::To(value) };
        all = match all {
            Set::To(before) if next != Set::To(before) && next != Set::Away => return Set::Unclear,
            _ => next,
        };
    }
    all
}

fn pair(text: &str) -> (&str, &str) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.trim(), value.trim())
}

/// Whether the attributes say that the cookie's time is over.
fn is_over(attributes: &str, now: i64) -> bool {
    let mut expired = false;
    for (name, value) in attributes.split(';').map(pair) {
        if name.eq_ignore_ascii_case("max-age") {
            // Where both stand, `Max-Age` counts.
            return value.starts_with('-') || value == "0";
        }
        if name.eq_ignore_ascii_case("expires") {
            let date = DateTimeParser::new().parse_timestamp(value.replace('-', " "));
            expired = date.is_ok_and(|date| date.as_second() <= now);
        }
    }
    expired
}

/// A name as the laxest of servers would read it.
fn alike(name: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    decoded.trim().to_lowercase().replace(['.', ' ', '+', '['], "_")
}

/// How often a cookie of this name begins in a text, for servers that know quotes and commas too.
fn shows(text: &str, name: &str) -> usize {
    let (text, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let begins = |at: usize| {
        let before = text[..at].bytes().next_back();
        let after = text[at + name.len()..].trim_start_matches([' ', '\t']);
        before.is_none_or(|byte| b"; \t,\"".contains(&byte)) && after.starts_with('=')
    };
    text.match_indices(&name).filter(|(at, _)| begins(*at)).count()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_cookie_that_could_be_found_twice_is_refused() {
        let found = |values: &[&'static str]| {
            only(&headers(COOKIE, values), "crm_sid").map(|value| value.map(str::to_owned)).map_err(|_| "twice")
        };
        assert_eq!(found(&["a=1; crm_sid=x; b=2"]), Ok(Some("x".to_owned())));
        assert_eq!(found(&["a=1", "crm_sid = x"]), Ok(Some("x".to_owned())));
        assert_eq!(found(&["a=1; xcrm_sid=x; crm_sid2=y; back=/p?crm_sid=z"]), Ok(None));
        assert_eq!(found(&["crm_sid="]), Ok(None));
        assert_eq!(found(&["CRM_SID=x"]), Ok(None), "another name to us, and nobody's to the gateway");
        for twice in [
            &["crm_sid=x; crm_sid=x"][..],
            &["crm_sid=x", "crm_sid=y"],
            &["crm_sid=x; Crm_Sid=y"],
            &["crm_sid=x; crm%5Fsid=y"],
            &["crm.sid=y; crm_sid=x"],
            &["a=\"; crm_sid=y; b=\"; crm_sid=x"],
            &["crm_sid=x; a=1, crm_sid=y"],
            &["a=\"crm_sid=y\"; crm_sid=x"],
        ] {
            assert_eq!(found(twice), Err("twice"), "{twice:?}");
        }
    }

    #[test]
    fn an_answer_sets_the_cookie_or_takes_it_away() {
        let does = |values: &[&'static str]| format!("{:?}", set(&headers(SET_COOKIE, values), "sid", 1_800_000_000));
        assert_eq!(does(&["other=1", "sid=x; Path=/; HttpOnly"]), "To(\"x\")");
        assert_eq!(does(&["sid=x; Max-Age=1209600; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]), "To(\"x\")");
        assert_eq!(does(&["sid=x; expires=Sun, 06 Dec 2099 03:25:49 GMT"]), "To(\"x\")");
        assert_eq!(does(&["sid=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT", "sid=x"]), "To(\"x\")");
        assert_eq!(does(&["Sid=x", "sid2=y"]), "Nothing");
        for away in ["sid=", "sid=x; Max-Age=0", "sid=x; max-age=-1", "sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(does(&[away]), "Away", "{away}");
        }
        assert_eq!(does(&["sid=x", "sid=y"]), "Unclear");
        assert_eq!(does(&["sid=x; Path=/a", "sid="]), "Away");
    }
}
