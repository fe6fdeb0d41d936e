//! Takes out of a head what concerns one connection alone, and what only sudare may say.
//!
//! The list is closed and the same for everybody. A `Connection` header that names others (`Cookie`, `Host`, an
//! identity header) changes nothing: else staff could have a header dropped that a rule or the CRM relies on. Headers
//! that ask for another method than the request line names are refused, since rules judge the line.
//!
//! Identity is to be settled before: it reads `Sudare-Secret` and the headers of its sources from the head as it came.

use std::net::IpAddr;

use http::header::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::fault::{GateFault, Reason};
use super::forwarded;

/// What only the two ends of one connection have to do with.
const HOP: [&str; 8] =
    ["connection", "http2-settings", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"];

/// What makes some servers act on another path than the one that was judged.
const PATH_OVERRIDES: [&str; 2] = ["x-original-url", "x-rewrite-url"];

/// What makes some servers act on another method than the one that was judged.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method", "x-http-method-override", "x-method-override"];

/// The connection that a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// Who opened it.
    pub peer: IpAddr,
    /// Whether it is TLS.
    pub secure: bool,
    /// The proxies whose word on the client is believed.
    pub trusted: &'a [IpNet],
}

/// What the headers of a request said about its way here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hops {
    /// The address nearest to staff that a trusted party vouches for.
    pub client: IpAddr,
}

/// Makes a request's headers fit for the CRM, and says who the client is.
pub fn request_headers(headers: &mut HeaderMap, arrival: &Arrival<'_>) -> Result<Hops, GateFault> {
    asks_no_other_method(headers)?;
    let client = forwarded::retell(headers, arrival)?;
    strip(headers, |name| PATH_OVERRIDES.contains(&name));
    Ok(Hops { client })
}

/// Refuses headers that ask for another method than the request line.
pub fn asks_no_other_method(headers: &HeaderMap) -> Result<(), GateFault> {
    let asks = headers.keys().any(|name| METHOD_OVERRIDES.contains(&name.as_str()));
    let fault = || GateFault::new(Reason::MethodOverride, "a header asks for another method than the request line");
    if asks { Err(fault()) } else { Ok(()) }
}

/// Makes an answer's headers fit for staff. `Alt-Svc` goes too: it would lead browsers around the gateway.
pub fn response_headers(headers: &mut HeaderMap) {
    strip(headers, |name| name == "alt-svc");
}

fn strip(headers: &mut HeaderMap, also: impl Fn(&str) -> bool) {
    remove_where(headers, |name| {
        HOP.contains(&name) || name.starts_with("proxy-") || name.starts_with("sudare-") || also(name)
    });
}

/// Removes every header whose name the test picks.
pub(super) fn remove_where(headers: &mut HeaderMap, picks: impl Fn(&str) -> bool) {
    let picked: Vec<HeaderName> = headers.keys().filter(|name| picks(name.as_str())).cloned().collect();
    for name in picked {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    fn headers(sent: &[(&'static str, &'static str)]) -> HeaderMap {
        sent.iter().map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    fn arrival() -> Arrival<'static> {
        Arrival { peer: IpAddr::from([127, 0, 0, 1]), secure: false, trusted: &[] }
    }

    #[test]
    fn a_connection_header_takes_nothing_away_that_is_no_hop_header() {
        let mut sent = headers(&[
            ("host", "crm"),
            ("connection", "cookie, host, te, x-sudare-role"),
            ("cookie", "a=b"),
            ("te", "trailers"),
            ("proxy-connection", "keep-alive"),
            ("sudare-secret", "s"),
            ("x-original-url", "/admin"),
            ("x-sudare-role", "manager"),
            ("x-forwarded-port", "1"),
        ]);
        request_headers(&mut sent, &arrival()).unwrap();
        let mut left: Vec<&str> = sent.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "cookie",
                "host",
                "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-proto",
                "x-real-ip",
                "x-sudare-role"
            ]
        );
        assert_eq!(sent["x-forwarded-host"], "crm");
    }

    #[test]
    fn another_method_than_the_line_names_is_refused() {
        for name in METHOD_OVERRIDES {
            let fault = request_headers(&mut headers(&[(name, "DELETE")]), &arrival()).unwrap_err();
            assert_eq!(fault.reason, Reason::MethodOverride, "{name}");
        }
    }

    #[test]
    fn answers_keep_their_own_headers_alone() {
        let mut sent = headers(&[
            ("connection", "close"),
            ("alt-svc", "h2=\":1\""),
            ("sudare-request", "forged"),
            ("trailer", "x"),
            ("set-cookie", "a=b"),
        ]);
        response_headers(&mut sent);
        assert_eq!(sent, headers(&[("set-cookie", "a=b")]));
    }
}
