//! Bytes into tokens, resumable at any byte.
//!
//! A token that lies in one chunk is borrowed from it; one that a cut goes through is held until
//! it is complete and read then, so that no state is needed for cuts inside characters, escapes
//! or literals. Whether the tokens make a document is the walker's to say.

use memchr::memchr2;

use crate::format::json::text::{is_number, unescape};
use crate::terms::refusal::{Reason, Refusal};

/// The longest number or literal that is read.
pub(super) const BARE_BYTES: usize = 1 << 10;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What kind of container opens or closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{}`
    Object,
    /// `[]`
    Array,
}

/// One token, its text decoded.
pub enum Token<'a> {
    /// `{` or `[`
    Open(Shape),
    /// `}` or `]`
    Close(Shape),
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// A string, with its escapes undone.
    Text(&'a str),
    /// A number as it is written.
    Number(&'a str),
    /// `true` or `false`
    Boolean(&'a str),
    /// `null`
    Null,
}

/// A token and where it stands in the body, a string's quotes included.
pub struct Scanned<'a> {
    /// The token.
    pub token: Token<'a>,
    /// What stands between a string's quotes, as it is written; empty for all else.
    pub raw: &'a str,
    /// The number of its first byte.
    pub start: usize,
    /// The number of the byte behind it.
    pub end: usize,
}

#[derive(Clone, Copy)]
enum State {
    Between,
    Text { escaped: bool, escapes: bool },
    Bare,
}

/// Reads tokens out of chunks.
pub struct Scanner {
    /// The number of the current chunk's first byte.
    base: usize,
    /// Where the token that is being read begins.
    start: usize,
    state: State,
    /// How many bytes of a byte order mark have been seen, or its length where there is none.
    mark: usize,
    held: Vec<u8>,
    text: String,
    value_bytes: usize,
}

impl Scanner {
    /// A scanner at a body's first byte.
    pub fn new(value_bytes: usize) -> Scanner {
        Scanner {
            base: 0,
            start: 0,
            state: State::Between,
            mark: 0,
            held: Vec::new(),
            text: String::new(),
            value_bytes,
        }
    }

    /// The next token that is complete, if there is one in what is left of the chunk from `at`.
    pub fn next<'a>(&'a mut self, chunk: &'a [u8], at: &mut usize) -> Result<Option<Scanned<'a>>, Refusal> {
        if let State::Between = self.state {
            self.skip_mark(chunk, at)?;
            while matches!(chunk.get(*at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
                *at += 1;
            }
            let Some(byte) = chunk.get(*at) else { return Ok(None) };
            self.start = self.base + *at;
            let token = match byte {
                b'{' => Token::Open(Shape::Object),
                b'}' => Token::Close(Shape::Object),
                b'[' => Token::Open(Shape::Array),
                b']' => Token::Close(Shape::Array),
                b',' => Token::Comma,
                b':' => Token::Colon,
                byte => {
                    self.held.clear();
                    return if *byte == b'"' { self.open_text(chunk, at) } else { self.bare(chunk, at) };
                }
            };
            *at += 1;
            return Ok(Some(Scanned { token, raw: "", start: self.start, end: self.start + 1 }));
        }
        match self.state {
            State::Text { escaped, escapes } => self.text(chunk, at, escaped, escapes),
            _ => self.bare(chunk, at),
        }
    }

    /// The number of the chunk's first byte, if no token is open and the byte order mark is behind.
    pub fn between(&self) -> Option<usize> {
        (matches!(self.state, State::Between) && self.mark == BYTE_ORDER_MARK.len()).then_some(self.base)
    }

    /// Begins so many bytes behind the body's first, where no byte order mark can stand any more.
    pub(super) fn begin_behind(&mut self, bytes: usize) {
        self.base = bytes;
        self.mark = BYTE_ORDER_MARK.len();
    }

    /// All of the chunk has been read.
    pub fn pass(&mut self, chunk: &[u8]) {
        self.base += chunk.len();
    }

    /// Where the first byte stands that is not part of a complete token.
    pub fn position(&self) -> usize {
        if let State::Between = self.state { self.base } else { self.start }
    }

    /// The body is complete: its last token, if only its end was missing.
    pub fn finish(&mut self) -> Result<Option<Scanned<'_>>, Refusal> {
        match self.state {
            State::Between => Ok(None),
            State::Text { .. } => Err(unreadable(self.start, "a string is not closed")),
            State::Bare => self.bare_token(&[], self.base).map(Some),
        }
    }

    fn skip_mark(&mut self, chunk: &[u8], at: &mut usize) -> Result<(), Refusal> {
        while self.mark < BYTE_ORDER_MARK.len() {
            match chunk.get(*at) {
                None => return Ok(()),
                Some(byte) if *byte == BYTE_ORDER_MARK[self.mark] => {
                    self.mark += 1;
                    *at += 1;
                }
                Some(_) if self.mark == 0 => self.mark = BYTE_ORDER_MARK.len(),
                Some(_) => return Err(unreadable(0, "a byte order mark is broken")),
            }
        }
        Ok(())
    }

    fn open_text<'a>(&'a mut self, chunk: &'a [u8], at: &mut usize) -> Result<Option<Scanned<'a>>, Refusal> {
        *at += 1;
        self.text(chunk, at, false, false)
    }

    fn text<'a>(
        &'a mut self,
        chunk: &'a [u8],
        at: &mut usize,
        escaped: bool,
        mut escapes: bool,
    ) -> Result<Option<Scanned<'a>>, Refusal> {
        let from = *at;
        let mut look = from + usize::from(escaped);
        let end = loop {
            let Some(found) = chunk.get(look..).and_then(|rest| memchr2(b'"', b'\\', rest)) else {
                self.state = State::Text { escaped: look > chunk.len(), escapes };
                *at = chunk.len();
                self.hold(&chunk[from..], self.value_bytes)?;
                return Ok(None);
            };
            look += found;
            if chunk[look] == b'"' {
                break look;
            }
            escapes = true;
            look += 2;
        };
        *at = end + 1;
        self.state = State::Between;
        let end = self.base + end + 1;
        let raw = if self.held.is_empty() {
            &chunk[from..*at - 1]
        } else {
            self.held.extend_from_slice(&chunk[from..*at - 1]);
            &self.held
        };
        if raw.len() > self.value_bytes {
            return Err(too_long(self.start, self.value_bytes));
        }
        let inside = self.start + 1;
        let raw = plain_text(raw).map_err(|at| unreadable(inside + at, "a string holds what it may not"))?;
        if !escapes {
            return Ok(Some(Scanned { token: Token::Text(raw), raw, start: self.start, end }));
        }
        unescape(raw, &mut self.text).map_err(|at| unreadable(inside + at, "an escape is none"))?;
        Ok(Some(Scanned { token: Token::Text(&self.text), raw, start: self.start, end }))
    }

    fn bare<'a>(&'a mut self, chunk: &'a [u8], at: &mut usize) -> Result<Option<Scanned<'a>>, Refusal> {
        let rest = &chunk[*at..];
        let Some(length) = rest.iter().position(|b| ends_bare(*b)) else {
            self.state = State::Bare;
            *at = chunk.len();
            self.hold(rest, BARE_BYTES)?;
            return Ok(None);
        };
        *at += length;
        let end = self.base + *at;
        if length == 0 && self.held.is_empty() {
            return Err(unreadable(self.start, "expected a value"));
        }
        self.bare_token(&rest[..length], end).map(Some)
    }

    fn bare_token<'a>(&'a mut self, rest: &'a [u8], end: usize) -> Result<Scanned<'a>, Refusal> {
        self.state = State::Between;
        let raw = if self.held.is_empty() {
            rest
        } else {
            self.held.extend_from_slice(rest);
            &self.held
        };
        if raw.len() > BARE_BYTES {
            return Err(too_long(self.start, BARE_BYTES));
        }
        let token = match (raw, str::from_utf8(raw)) {
            (b"null", _) => Token::Null,
            (b"true" | b"false", Ok(text)) => Token::Boolean(text),
            (raw, Ok(text)) if is_number(raw) => Token::Number(text),
            _ => return Err(unreadable(self.start, "expected a value")),
        };
        Ok(Scanned { token, raw: "", start: self.start, end })
    }

    fn hold(&mut self, bytes: &[u8], bound: usize) -> Result<(), Refusal> {
        if self.held.len() + bytes.len() > bound {
            return Err(too_long(self.start, bound));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }
}

/// Whether a number or literal ends before this byte.
pub(super) fn ends_bare(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')
}

/// The string as text, or the offset of the first byte that may not stand in it.
fn plain_text(raw: &[u8]) -> Result<&str, usize> {
    // A fold without an early end, so that the compiler can look at many bytes at once.
    if raw.iter().fold(false, |found, byte| found | (*byte < b' ')) {
        return Err(raw.iter().position(|byte| *byte < b' ').unwrap_or(0));
    }
    str::from_utf8(raw).map_err(|e| e.valid_up_to())
}

/// A refusal that names the offset, never the text.
pub fn unreadable(at: usize, what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the body is no JSON at byte {at}: {what}"))
}

fn too_long(at: usize, bound: usize) -> Refusal {
    Refusal::new(Reason::Bound, format!("the JSON value at byte {at} is longer than {bound} bytes"))
}
