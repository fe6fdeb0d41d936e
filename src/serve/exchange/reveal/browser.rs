//! Who asks: a program of staff's own, or a browser, in which the scripts of the CRM's pages run.
//!
//! A script that somebody has stored in a customer's name runs in staff's browser, at the CRM's own address, with
//! all that the browser sends along by itself: cookies, a password, a certificate, what a proxy adds. So no
//! browser gets a value by a call. It says what it is in headers that scripts can neither set nor take away
//! (Fetch, `forbidden request-header`): `Origin` with each POST, and `Sec-Fetch-…` where the connection is safe.

use http::header::{HeaderMap, ORIGIN};

use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// The source of staff who are known by a cookie of the CRM's, which only browsers hold.
const SESSION: &str = "session";

/// Refuses what a browser sends, and whoever is known by what only a browser has.
pub(super) fn none_asks(headers: &HeaderMap, staff: &Staff) -> Result<(), Refusal> {
    let says_so = headers.contains_key(ORIGIN) || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    if says_so || staff.source == SESSION {
        return Err(Refusal::new(Reason::Confirm, "a browser asks, and no value is given to the scripts of its pages"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn browsers_and_the_crm_s_own_sessions_get_nothing_by_a_call() {
        let of = |source| Staff::new(source, "tanaka", Vec::new());
        let asks = |headers: &[(&'static str, &'static str)], source| {
            let headers = headers
                .iter()
                .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
            none_asks(&headers.collect(), &of(source)).is_ok()
        };
        assert!(asks(&[("user-agent", "curl/8")], "basic") && asks(&[], "mtls"));
        assert!(!asks(&[], "session"));
        for header in [
            ("origin", "http://crm.example"),
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
        ] {
            assert!(!asks(&[header], "header"), "{header:?}");
        }
    }
}
