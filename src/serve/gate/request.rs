//! Reads the head of one request, strictly.
//!
//! Only what every server reads alike passes: origin-form targets (sudare's upstream comes from its configuration, so
//! an absolute target has no use but to disagree with `Host`), one sound `Host` in either version, methods from a
//! closed list, header names of letters, digits and hyphens. The last is narrower than the RFC: CGI and its children
//! turn every other byte into the same underscore, so that `X_Remote_User` arrives as `X-Remote-User` would.

use std::net::Ipv6Addr;

use http::uri::PathAndQuery;
use http::{Method, Version};

use super::bounds::Bounds;
use super::fault::{GateFault, Reason};
use super::head::{Fields, Framing, Lines, field, is_token};
use crate::terms::methods::SERVED;

/// What a request line may take beside its target: the longest method, the version and two spaces.
const AROUND_TARGET: usize = 32;

/// What the gate knows of a request once its head has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts {
    /// The method.
    pub method: Method,
    /// HTTP/1.1 or HTTP/1.0.
    pub version: Version,
    /// Host and port, as staff sent them.
    pub host: String,
    /// How the body is framed.
    pub framing: Framing,
    /// Whether the connection ends with this request.
    pub close: bool,
    /// Whether staff waits for leave to send the body.
    pub expect_continue: bool,
}

/// Reads one request head from a buffer that may grow between calls.
#[derive(Debug)]
pub struct RequestReader {
    bounds: Bounds,
    lines: Lines,
    start: Option<(Method, Version)>,
    fields: Fields,
    host: Option<String>,
    expect_continue: bool,
}

impl RequestReader {
    /// A reader at the first byte of a head.
    pub fn new(bounds: Bounds) -> Self {
        let limit = bounds.target_bytes_max.saturating_add(AROUND_TARGET);
        RequestReader {
            bounds,
            lines: Lines::new(limit.min(bounds.head_bytes_max), target_too_long()),
            start: None,
            fields: Fields::default(),
            host: None,
            expect_continue: false,
        }
    }

    /// Reads on in `head`, which begins with the head's first byte and holds at least what it held before. Answers
    /// with the head's length and its facts once the empty line was seen.
    pub fn advance(&mut self, head: &[u8]) -> Result<Option<(usize, RequestFacts)>, GateFault> {
        while let Some(line) = self.lines.next(head)? {
            let Some((method, version)) = &self.start else {
                self.start = Some(request_line(line, &self.bounds)?);
                self.lines.relimit(self.bounds.head_bytes_max, too_large());
                continue;
            };
            if line.is_empty() {
                let facts = RequestFacts {
                    method: method.clone(),
                    version: *version,
                    host: self.host.take().ok_or(host("a request has no Host"))?,
                    framing: self.fields.framing(*version)?.unwrap_or(Framing::None),
                    close: self.fields.closes(*version),
                    expect_continue: self.expect_continue,
                };
                return Ok(Some((self.lines.taken(), facts)));
            }
            self.header(line)?;
        }
        Ok(None)
    }

    fn header(&mut self, line: &[u8]) -> Result<(), GateFault> {
        let (name, value) = field(line)?;
        if !name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(GateFault::new(
                Reason::HeaderName,
                "a header name has other bytes than letters, digits and hyphens",
            ));
        }
        self.fields.note(name, value, self.bounds.headers_max)?;
        if name.eq_ignore_ascii_case(b"host") {
            let sound = str::from_utf8(value).ok().filter(|text| is_host(text));
            let text = sound.ok_or(host("a Host does not name a host"))?;
            if self.host.replace(text.to_owned()).is_some() {
                return Err(host("a request has more than one Host"));
            }
        } else if name.eq_ignore_ascii_case(b"expect") {
            if self.expect_continue || !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(GateFault::new(Reason::Expect, "an expectation is not `100-continue`, once"));
            }
            self.expect_continue = true;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            return Err(GateFault::new(Reason::Upgrade, "a request asks for another protocol"));
        }
        Ok(())
    }
}

/// Whether this names a host with an optional port, in a spelling that every server reads alike.
pub(super) fn is_host(text: &str) -> bool {
    let (named, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
            None => return false,
        },
        None => {
            let name = text.split(':').next().unwrap_or_default();
            (is_name(name), &text[name.len()..])
        }
    };
    named && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=255).contains(&name.len()) && name.bytes().all(known)
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

fn request_line(line: &[u8], bounds: &Bounds) -> Result<(Method, Version), GateFault> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(GateFault::framing("a request line has not three parts"));
    };
    // The version comes first: the preface of HTTP/2 is no strange method but another protocol.
    let version = match version {
        b"HTTP/1.1" => Version::HTTP_11,
        b"HTTP/1.0" => Version::HTTP_10,
        _ => {
            return Err(GateFault::new(Reason::Version, "a request is neither HTTP/1.1 nor HTTP/1.0"));
        }
    };
    if !is_token(method) {
        return Err(GateFault::framing("a method is not a token"));
    }
    let known = SERVED.iter().find(|known| known.as_bytes() == method);
    let Some(method) = known.and_then(|known| known.parse().ok()) else {
        return Err(GateFault::new(Reason::Method, "a method is not served"));
    };
    if target.len() > bounds.target_bytes_max {
        return Err(target_too_long());
    }
    if !is_target(target) {
        return Err(GateFault::new(Reason::Target, "a target is not a plain path with an optional query"));
    }
    Ok((method, version))
}

/// Whether this is a path from the root with an optional query. `//host` is refused since it reads as an authority
/// elsewhere, `#` since a parser may drop what follows, other bytes than visible ASCII since decoders differ; the
/// last check keeps what hyper could not read from reaching it.
pub(super) fn is_target(target: &[u8]) -> bool {
    target.starts_with(b"/")
        && !target.starts_with(b"//")
        && target.iter().all(|&byte| byte.is_ascii_graphic() && byte != b'#')
        && PathAndQuery::try_from(target).is_ok()
}

pub(super) fn host(detail: &'static str) -> GateFault {
    GateFault::new(Reason::Host, detail)
}

pub(super) fn target_too_long() -> GateFault {
    GateFault::new(Reason::TargetTooLong, "a target is longer than the bound")
}

pub(super) fn too_large() -> GateFault {
    GateFault::new(Reason::HeadTooLarge, "a head is larger than the bound")
}
