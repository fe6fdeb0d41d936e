//! The gate's table for heads of HTTP/2: what passes, and how it is written for those behind.
//!
//! The same is let through as by the HTTP/1 gate, in the form that it would have there: a plain path,
//! one `Host`, one `Cookie`, names of letters, digits and hyphens. What HTTP/2 says twice (the
//! authority, the length) must agree with itself.

use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use http::{Uri, request};

use crate::serve::gate::bounds::Bounds;
use crate::serve::gate::fault::{GateFault, Reason};
use crate::serve::gate::head::{self, is_blank};
use crate::serve::gate::request::{host, is_host, is_target, target_too_long, too_large};
use crate::terms::methods::SERVED;

/// What a header line takes beside its name and value in HTTP/1, so that a bound means the same in both.
const AROUND_FIELD: usize = ": \r\n".len();

/// What concerns one connection alone (RFC 9113, 8.2.2). h2 resets streams with most of them; nothing hangs on that.
const CONNECTION: [&str; 6] =
    ["connection", "http2-settings", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// Judges a head, and writes it as the HTTP/1 gate would have let it through. `ended` says that no body follows.
pub fn judge(head: &mut request::Parts, ended: bool, secure: bool, bounds: &Bounds) -> Result<(), GateFault> {
    if !SERVED.contains(&head.method.as_str()) {
        return Err(GateFault::new(Reason::Method, "a method is not served"));
    }
    size(head, bounds)?;
    scheme(&head.uri, secure)?;
    fields(&head.headers)?;
    length(&head.headers, ended)?;
    let authority = authority(head)?;
    let target = target(&head.uri)?;
    head.uri = Uri::from(target);
    head.headers.insert(header::HOST, authority);
    // It says something about this connection; the CRM's has its own.
    head.headers.remove(header::TE);
    join_cookies(&mut head.headers)
}

/// The size in the count of HTTP/1. Cookies count as one header, in however many pieces they came.
fn size(head: &request::Parts, bounds: &Bounds) -> Result<(), GateFault> {
    let fields = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND_FIELD);
    let path = head.uri.path_and_query().map_or(0, |path| path.as_str().len());
    if path > bounds.target_bytes_max {
        return Err(target_too_long());
    }
    let authority = head.uri.authority().map_or(0, |authority| authority.as_str().len());
    if fields.sum::<usize>().saturating_add(path + authority) > bounds.head_bytes_max {
        return Err(too_large());
    }
    let crumbs = head.headers.get_all(header::COOKIE).iter().count();
    if head.headers.len() - crumbs.saturating_sub(1) > bounds.headers_max {
        return Err(GateFault::new(Reason::HeadTooLarge, "a head has more headers than the bound"));
    }
    Ok(())
}

/// The scheme must be the connection's: a rule or a CRM that trusts it must not be told otherwise.
fn scheme(uri: &Uri, secure: bool) -> Result<(), GateFault> {
    // h2 drops a scheme that comes without an authority; such a request is refused for the lack of that.
    match uri.scheme_str() {
        Some(scheme) if scheme != if secure { "https" } else { "http" } => {
            Err(GateFault::new(Reason::Target, "a `:scheme` is not the connection's"))
        }
        _ => Ok(()),
    }
}

fn fields(headers: &HeaderMap) -> Result<(), GateFault> {
    for (name, value) in headers {
        let name = name.as_str();
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(GateFault::new(
                Reason::HeaderName,
                "a header name has other bytes than letters, digits and hyphens",
            ));
        }
        if CONNECTION.contains(&name) {
            return Err(GateFault::framing("a head of HTTP/2 has a header that concerns one connection"));
        }
        let blank = |byte: Option<&u8>| byte.is_some_and(|&byte| is_blank(byte));
        if blank(value.as_bytes().first()) || blank(value.as_bytes().last()) {
            return Err(GateFault::framing("a header value of HTTP/2 has blanks around it"));
        }
        if name == "te" && value != "trailers" {
            return Err(GateFault::framing("a TE of HTTP/2 is not `trailers`"));
        }
    }
    let mut expectations = headers.get_all(header::EXPECT).iter();
    let sound = expectations.next().is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if !sound || expectations.next().is_some() {
        return Err(GateFault::new(Reason::Expect, "an expectation is not `100-continue`, once"));
    }
    Ok(())
}

/// At most one length, in its one spelling. h2 holds the body to it; it does not look where there is none.
fn length(headers: &HeaderMap, ended: bool) -> Result<(), GateFault> {
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(length) = lengths.next() else { return Ok(()) };
    let length = head::length(length.as_bytes())?;
    if lengths.next().is_some() {
        return Err(GateFault::framing("a head has more than one Content-Length"));
    }
    if ended && length > 0 {
        return Err(GateFault::framing("a head has a Content-Length and no body"));
    }
    Ok(())
}

/// The authority, which is the `Host` of those behind. A `Host` beside it says the same or is refused.
fn authority(head: &request::Parts) -> Result<HeaderValue, GateFault> {
    let authority = head.uri.authority().map(Authority::as_str);
    let authority = authority.ok_or(host("a request has no `:authority`"))?;
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let agrees = hosts.next().is_none_or(|host| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()));
    if hosts.next().is_some() {
        return Err(host("a request has more than one Host"));
    }
    if !agrees {
        return Err(host("a Host is not the `:authority`"));
    }
    let unnamed = || host("an `:authority` does not name a host");
    if !is_host(authority) {
        return Err(unnamed());
    }
    HeaderValue::from_str(authority).map_err(|_| unnamed())
}

/// The target, by the rules of HTTP/1. The reader before cut a fragment off, so that nobody behind acts on it.
fn target(uri: &Uri) -> Result<PathAndQuery, GateFault> {
    let target = uri.path_and_query().filter(|target| is_target(target.as_str().as_bytes()));
    target.cloned().ok_or(GateFault::new(Reason::Target, "a target is not a plain path with an optional query"))
}

/// Puts the pieces of a cookie together, which HTTP/2 lets a client send apart (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) -> Result<(), GateFault> {
    let crumbs: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return Ok(());
    }
    let joined = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]));
    let joined = joined.map_err(|_| GateFault::framing("a cookie cannot be put together"))?;
    headers.insert(header::COOKIE, joined);
    Ok(())
}
