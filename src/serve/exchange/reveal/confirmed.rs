//! What staff confirms in a browser, and how the gateway knows that it was they, and not a script.
//!
//! The page that asks is shown to whoever opens it in a window; its form sends back, sealed, who asked for what.
//! Seal and value go out only to a navigation of a whole window (`Sec-Fetch-Mode`, `Sec-Fetch-Dest`), the value
//! only to one that a person set off from the gateway's own site (`Sec-Fetch-Site`, `Sec-Fetch-User`): browsers set
//! these themselves. A seal is good for one person, one host, one minute, and once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::serve::exchange::reveal::ask::{Ask, Sent};
use crate::terms::mint::{Mint, MintError};
use crate::terms::refusal::{Reason, Refusal};

/// For how many seconds it can be confirmed.
const SECONDS: i64 = 60;

/// Confirmations that are remembered.
const USED_MAX: usize = 10_000;

/// What a form sends back.
#[derive(Serialize, Deserialize)]
struct Confirmation {
    /// The number of the request for the page.
    number: String,
    until: i64,
    sent: Sent,
}

/// Whether a person opens a page in a window of its own.
pub(super) fn opens_a_window(headers: &HeaderMap) -> Result<(), Refusal> {
    let is = |name: &str, value: &str| one(headers, name) == Some(value);
    let near = ["same-origin", "none"].iter().any(|site| is("sec-fetch-site", site));
    // What a service worker asks for in advance, it can read.
    let in_advance = headers.contains_key("service-worker-navigation-preload");
    if near && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document") && !in_advance {
        return Ok(());
    }
    Err(Refusal::new(Reason::Confirm, "no window of a browser asks for the page that confirms"))
}

/// Whether a person has sent its form.
pub(super) fn is_sent_by_a_person(headers: &HeaderMap) -> Result<(), Refusal> {
    opens_a_window(headers)?;
    if one(headers, "sec-fetch-site") == Some("same-origin") && one(headers, "sec-fetch-user") == Some("?1") {
        return Ok(());
    }
    Err(Refusal::new(Reason::Confirm, "the form that confirms was not sent by a person"))
}

fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Seals what is to be confirmed, for one person and one host.
pub(super) fn seal(
    mint: &dyn Mint,
    (staff, host): (&str, &str),
    sent: Sent,
    (number, now): (&str, i64),
) -> Result<String, Refusal> {
    let odd = |_| Refusal::new(Reason::Internal, "what is to be confirmed cannot be written");
    let confirmation = Confirmation { number: number.to_owned(), until: now.saturating_add(SECONDS), sent };
    let plain = Zeroizing::new(serde_json::to_vec(&confirmation).map_err(odd)?);
    let sealed = mint.seal_page(&plain, &bound(staff, host));
    let sealed = sealed.map_err(|_: MintError| Refusal::new(Reason::Keys, "the key ring is not there"))?;
    Ok(BASE64URL_NOPAD.encode(&sealed))
}

/// What was confirmed; nothing where the seal is another's, too old or was used, whatever the cause.
pub(super) fn opened(
    used: &Used,
    mint: &dyn Mint,
    (staff, host): (&str, &str),
    confirmation: &str,
    now: i64,
) -> Result<Option<Ask>, Refusal> {
    let sealed = BASE64URL_NOPAD.decode(confirmation.as_bytes()).ok();
    let plain = sealed.and_then(|sealed| mint.open_page(&sealed, &bound(staff, host)));
    let read = plain.and_then(|plain| serde_json::from_slice::<Confirmation>(&plain).ok());
    let Some(Confirmation { number, until, sent }) = read else { return Ok(None) };
    // A clock that was set back makes none of them last longer.
    if !(until - SECONDS..until).contains(&now) || !used.is_first(number, until, now)? {
        return Ok(None);
    }
    Ask::of(sent).map(Some)
}

fn bound<'a>(staff: &'a str, host: &'a str) -> [&'a [u8]; 3] {
    [b"reveal", staff.as_bytes(), host.as_bytes()]
}

/// Confirmations that were used, for as long as they would be good.
#[derive(Default)]
pub struct Used(Mutex<HashMap<String, i64>>);

impl Used {
    /// Takes a confirmation; tells whether it was the first time.
    fn is_first(&self, number: String, until: i64, now: i64) -> Result<bool, Refusal> {
        // A map is whole at every moment.
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        if used.len() >= USED_MAX {
            return Err(Refusal::new(Reason::Overload, "no more confirmations can be remembered"));
        }
        Ok(used.insert(number, until).is_none())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::vault::mint::KeyMint;
    use crate::vault::ring::fixed;

    #[test]
    fn a_confirmation_is_good_for_one_person_one_host_one_minute_and_once() {
        let mint = KeyMint::new(Arc::new(fixed()));
        let sent = || Sent::of([("token", "t"), ("purpose", "audit")].map(|(a, b)| (a.into(), b.into())).to_vec());
        let made = || seal(&mint, ("basic:a", "crm"), sent().expect("a question"), ("01J", 100)).expect("sealed");
        let one = made();
        let used = Used::default();
        let opens = |used: &Used, staff, host, text: &str, now| {
            opened(used, &mint, (staff, host), text, now).expect("room").is_some()
        };
        assert!(!opens(&used, "basic:b", "crm", &one, 100) && !opens(&used, "basic:a", "other", &one, 100));
        assert!(!opens(&used, "basic:a", "crm", &one, 160) && !opens(&used, "basic:a", "crm", &one, 99));
        assert!(!opens(&used, "basic:a", "crm", &one[1..], 100) && !opens(&used, "basic:a", "crm", "", 100));
        assert!(opens(&used, "basic:a", "crm", &one, 159));
        assert!(!opens(&used, "basic:a", "crm", &one, 159), "once");
        assert!(!opens(&used, "basic:a", "crm", &made(), 159), "nor in another seal of the same page");
        assert!(opens(&Used::default(), "basic:a", "crm", &one, 100), "a restart forgets it, a minute does not pass");
    }

    #[test]
    fn only_a_window_that_a_person_steers_confirms() {
        let headers = |all: &[(&'static str, &'static str)]| -> HeaderMap {
            all.iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
                .collect()
        };
        let whole = [
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "document"),
            ("sec-fetch-user", "?1"),
        ];
        assert!(is_sent_by_a_person(&headers(&whole)).is_ok());
        for left_out in 0..whole.len() {
            let mut some = whole.to_vec();
            some.remove(left_out);
            assert!(is_sent_by_a_person(&headers(&some)).is_err(), "{left_out}");
        }
        for (at, value) in [
            (0, "cross-site"),
            (0, "same-site"),
            (0, "none"),
            (1, "cors"),
            (1, "same-origin"),
            (2, "iframe"),
            (2, "empty"),
            (3, "?0"),
        ] {
            let mut other = whole.to_vec();
            other[at].1 = value;
            assert!(is_sent_by_a_person(&headers(&other)).is_err(), "{value}");
        }
        assert!(opens_a_window(&headers(&[("sec-fetch-site", "none"), whole[1], whole[2]])).is_ok());
        assert!(
            opens_a_window(&headers(&[whole[0], whole[1], whole[2], ("service-worker-navigation-preload", "true")]))
                .is_err()
        );
        assert!(opens_a_window(&headers(&[("sec-fetch-site", "cross-site"), whole[1], whole[2]])).is_err());
    }
}
