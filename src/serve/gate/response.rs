//! Reads the head of one answer of the CRM's, strictly.
//!
//! An answer that two readers would end at different bytes could hand the tail of one to the next asker. So two
//! Content-Length are refused even where they agree, and so is any coding but `chunked`. Names are held to the RFC
//! alone, since nothing here is decided by them.

use http::Version;

use super::bounds::Bounds;
use super::fault::{GateFault, Reason};
use super::head::{Fields, Framing, Lines, field};

/// What the gate knows of an answer once its head has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseFacts {
    /// The status, 100 to 599.
    pub status: u16,
    /// How the body is framed, the question's method considered.
    pub framing: Framing,
    /// Whether the connection is of no more use after this answer.
    pub close: bool,
}

impl ResponseFacts {
    /// Whether another answer to the same question follows (RFC 9110, 15.2).
    pub fn is_interim(&self) -> bool {
        self.status < 200
    }
}

/// Reads one response head from a buffer that may grow between calls.
#[derive(Debug)]
pub struct ResponseReader {
    headers_max: usize,
    to_head: bool,
    lines: Lines,
    start: Option<(Version, u16)>,
    fields: Fields,
}

impl ResponseReader {
    /// A reader at the first byte of a head; `to_head` says that the question was a HEAD.
    pub fn new(bounds: Bounds, to_head: bool) -> Self {
        let over = GateFault::new(Reason::HeadTooLarge, "a head is larger than the bound");
        ResponseReader {
            headers_max: bounds.headers_max,
            to_head,
            lines: Lines::new(bounds.head_bytes_max, over),
            start: None,
            fields: Fields::default(),
        }
    }

    /// Reads on in `head`, which begins with the head's first byte and holds at least what it held before. Answers
    /// with the head's length and its facts once the empty line was seen.
    pub fn advance(&mut self, head: &[u8]) -> Result<Option<(usize, ResponseFacts)>, GateFault> {
        while let Some(line) = self.lines.next(head)? {
            let Some((version, status)) = self.start else {
                self.start = Some(status_line(line)?);
                continue;
            };
            if line.is_empty() {
                let facts = self.facts(version, status)?;
                return Ok(Some((self.lines.taken(), facts)));
            }
            let (name, value) = field(line)?;
            self.fields.note(name, value, self.headers_max)?;
        }
        Ok(None)
    }

    fn facts(&self, version: Version, status: u16) -> Result<ResponseFacts, GateFault> {
        let declared = self.fields.framing(version)?;
        if status == 101 {
            return Err(GateFault::new(Reason::Upgrade, "an answer switches to another protocol"));
        }
        // RFC 9112, 6.1: no Transfer-Encoding in an answer of 1xx or 204.
        let bodiless = status < 200 || status == 204;
        if bodiless && declared == Some(Framing::Chunked) {
            return Err(GateFault::framing("an answer without a body has Transfer-Encoding"));
        }
        let framing = match declared {
            _ if bodiless || status == 304 || self.to_head => Framing::None,
            Some(framing) => framing,
            None => Framing::UntilClose,
        };
        // A 204 that announces bytes may well send them; they must meet no later question.
        let announces = bodiless && matches!(declared, Some(Framing::Length(1..)));
        let close = self.fields.closes(version) || framing == Framing::UntilClose || announces;
        Ok(ResponseFacts { status, framing, close })
    }
}

fn status_line(line: &[u8]) -> Result<(Version, u16), GateFault> {
    let (version, rest) = if let Some(rest) = line.strip_prefix(b"HTTP/1.1 ") {
        (Version::HTTP_11, rest)
    } else if let Some(rest) = line.strip_prefix(b"HTTP/1.0 ") {
        (Version::HTTP_10, rest)
    } else {
        return Err(GateFault::framing("a status line names no known version"));
    };
    // Some servers leave out the space that should stand before an empty reason; nothing hangs on it.
    let (code, reason) = rest.split_at_checked(3).unwrap_or((&[], b"-"));
    let digits = code.iter().all(u8::is_ascii_digit);
    if !digits || !(reason.is_empty() || reason[0] == b' ') {
        return Err(GateFault::framing("a status line has no status of three digits"));
    }
    let status = code.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    if !(100..=599).contains(&status) {
        return Err(GateFault::framing("a status is not within 100 and 599"));
    }
    Ok((version, status))
}
