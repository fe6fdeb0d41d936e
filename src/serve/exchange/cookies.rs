//! Cookies that the CRM sets while a record is read again: a session that is made anew there would be lost to
//! staff, and to the write that follows.
//!
//! The answer that they came with is for nobody and is not recorded. So a cookie goes on only if it is nothing
//! but a cookie: no kind of personal data in it, nothing of the record, nothing that a rule would edit.

use http::header::{self, HeaderMap, HeaderValue};

use crate::guard::outbound::Outbound;
use crate::serve::exchange::answer::About;
use crate::serve::exchange::asked::Asked;
use crate::serve::exchange::{head, protect};
use crate::terms::edit::{Document, Guard, Verdict};

/// How many there may be.
const COOKIES_MAX: usize = 20;

/// Cookies that the CRM has set.
#[derive(Default)]
pub(super) struct Cookies(Vec<HeaderValue>);

impl Cookies {
    /// Those of a head in which a guard that sees nothing else finds nothing; `guard` makes one.
    pub(super) fn of(headers: &HeaderMap, about: &About, guard: impl Fn() -> Outbound) -> Cookies {
        let mut all = HeaderMap::new();
        for value in headers.get_all(header::SET_COOKIE).iter().take(COOKIES_MAX) {
            let one = HeaderMap::from_iter([value.clone(), open(value)].map(|value| (header::SET_COOKIE, value)));
            let mut guard = guard();
            let judged = head::show_headers(&one, &mut guard).and_then(|()| guard.finish());
            if judged.is_ok_and(|verdict| is_silent(&verdict)) {
                all.append(header::SET_COOKIE, value.clone());
            }
        }
        protect::cookies(&mut all, &about.plan().headers, about.secure());
        Cookies(all.get_all(header::SET_COOKIE).iter().cloned().collect())
    }

    /// Shows them to the guard of the answer that they came with, and behind them what stands in their tokens.
    pub(super) fn show(&self, guard: &mut Outbound) -> Result<(), crate::terms::refusal::Refusal> {
        let opened: Vec<HeaderValue> = self.0.iter().map(open).collect();
        let all = self.0.iter().chain(&opened).map(|value| (header::SET_COOKIE, value.clone()));
        head::show_headers(&all.collect(), guard)
    }

    /// Takes those out of which that guard would have edited anything.
    pub(super) fn keep_unedited(&mut self, verdict: &Verdict) {
        let (mut number, count) = (0, self.0.len());
        self.0.retain(|_| {
            number += 1;
            let own = [Document::Header(number - 1), Document::Header(count + number - 1)];
            verdict.edits.iter().all(|edit| !own.contains(&edit.document))
        });
    }

    /// As headers.
    pub(super) fn headers(&self) -> HeaderMap {
        self.0.iter().map(|value| (header::SET_COOKIE, value.clone())).collect()
    }

    /// Gives them to staff; what the answer itself sets is newer.
    pub(super) fn give(self, headers: &mut HeaderMap) {
        let newer: Vec<Vec<u8>> =
            headers.get_all(header::SET_COOKIE).iter().map(|value| name(value).to_vec()).collect();
        for value in self.0 {
            if !newer.iter().any(|newer| newer.as_slice() == name(&value)) {
                headers.append(header::SET_COOKIE, value);
            }
        }
    }

    /// Sends their new values with a write, in the place of those that staff sent.
    pub(super) fn renew(&self, asked: &mut Asked) {
        let path = asked.path().text.clone();
        let fresh: Vec<(&str, &str)> = self.0.iter().filter_map(|value| fresh(value.to_str().ok()?, &path)).collect();
        let renewed = |pair: &str| {
            let (own, _) = pair.split_once('=').unwrap_or((pair, ""));
            match fresh.iter().rev().find(|(name, _)| *name == own.trim()) {
                Some((name, value)) => format!(" {name}={value}"),
                None => pair.to_owned(),
            }
        };
        for value in asked.cookies() {
            let Ok(text) = value.to_str() else { continue };
            let text: Vec<String> = text.split(';').map(renewed).collect();
            if let Ok(text) = HeaderValue::from_str(text.join(";").trim()) {
                *value = text;
            }
        }
    }
}

/// A cookie with its dots made blanks: the middle of a signed token (JWT) is base64 that is not looked into where
/// it may not be changed, but here it may be left out.
fn open(value: &HeaderValue) -> HeaderValue {
    let bytes: Vec<u8> = value.as_bytes().iter().map(|byte| if *byte == b'.' { b' ' } else { *byte }).collect();
    HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| value.clone())
}

/// Nothing is disclosed, and nothing would be edited.
fn is_silent(verdict: &Verdict) -> bool {
    let mut counts = verdict.disclosures.subjects.values();
    verdict.edits.is_empty() && counts.all(|counts| counts.iter().next().is_none())
}

fn name(value: &HeaderValue) -> &[u8] {
    value.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii()
}

/// The name and the value of a cookie that is set for a path, unless it is taken away.
fn fresh<'v>(text: &'v str, path: &str) -> Option<(&'v str, &'v str)> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let attributes = parts.map(|part| part.split_once('=').unwrap_or((part, "")));
    for (own, said) in attributes {
        let (own, said) = (own.trim().to_ascii_lowercase(), said.trim());
        let is_elsewhere = own == "path" && !leads(said, path);
        if is_elsewhere || own == "expires" || (own == "max-age" && (said.starts_with('-') || said == "0")) {
            return None;
        }
    }
    Some((name.trim(), value.trim())).filter(|(_, value)| !value.is_empty())
}

/// Whether a cookie's path holds another.
fn leads(own: &str, path: &str) -> bool {
    path.strip_prefix(own).is_some_and(|rest| own.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
        || !own.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_for_the_write_is_sent_with_it() {
        for (cookie, told) in [
            ("sid=b; Path=/; HttpOnly", Some(("sid", "b"))),
            ("sid=b", Some(("sid", "b"))),
            ("sid=b; path=/api", Some(("sid", "b"))),
            ("sid=b; path=/ap", None),
            ("sid=b; path=/other/", None),
            ("sid=; Path=/", None),
            ("sid=b; Max-Age=0", None),
            ("sid=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT", None),
            ("sid", None),
        ] {
            assert_eq!(fresh(cookie, "/api/customers/42"), told, "{cookie}");
        }
    }

    #[test]
    fn what_stands_in_a_signed_token_is_seen() {
        let value = HeaderValue::from_static("jwt=eyJhbGciOiJub25lIn0.eyJuYW1lIjoiYSJ9.c2ln; Path=/");
        assert_eq!(open(&value), "jwt=eyJhbGciOiJub25lIn0 eyJuYW1lIjoiYSJ9 c2ln; Path=/");
    }

    #[test]
    fn what_the_answer_sets_is_newer() {
        let mut headers = HeaderMap::new();
        headers.append(header::SET_COOKIE, HeaderValue::from_static("sid=c; Path=/"));
        let all = Cookies(vec![HeaderValue::from_static("sid=b"), HeaderValue::from_static("side=d")]);
        all.give(&mut headers);
        let told: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(told, ["sid=c; Path=/", "side=d"]);
    }
}
