//! Bytes into tokens: text and markup, each as it is written, resumable at any byte.
//!
//! quick-xml reads from a source that has all bytes or blocks for more, and gives up its place when
//! a token is cut off; here bytes come when the CRM sends them. So tokens are cut out by this small
//! scanner, which only needs to know where each kind of markup ends, and quick-xml is the oracle in
//! the tests. Whether tokens are well formed and make a document is the walker's to say.

use memchr::{memchr, memchr3, memmem};

use crate::terms::refusal::{Reason, Refusal};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Character data up to the next `<`.
    Text,
    /// `<a b="c">` or `<a/>`
    Open,
    /// `</a>`
    Close,
    /// `<!-- -->`
    Comment,
    /// `<![CDATA[ ]]>`
    Cdata,
    /// `<? ?>`
    Instruction,
    /// `<!DOCTYPE a SYSTEM "b">`
    Doctype,
}

/// A token and where it begins in the body.
pub struct Scanned<'a> {
    /// What it is.
    pub kind: Kind,
    /// All of it, as it is written.
    pub raw: &'a str,
    /// The number of its first byte.
    pub start: usize,
}

/// Reads tokens out of chunks.
pub struct Scanner {
    /// What is not yet read, and the unfinished token before it.
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    /// Where in `held` the token begins that is being read.
    from: usize,
    /// Where in `held` to go on looking for its end.
    at: usize,
    /// What it is, once that is known.
    kind: Option<Kind>,
    /// The quote that is open in a tag.
    quote: Option<u8>,
    /// Whether the byte order mark was looked for.
    begun: bool,
    /// Whether a document may say its type.
    types: bool,
    value_bytes: usize,
}

impl Scanner {
    /// A scanner at a body's first byte.
    pub fn new(value_bytes: usize) -> Scanner {
        let held = Vec::new();
        Scanner { held, base: 0, from: 0, at: 0, kind: None, quote: None, begun: false, types: false, value_bytes }
    }

    /// Reads what a document says of its type, too.
    pub fn with_types(mut self) -> Scanner {
        self.types = true;
        self
    }

    /// Takes in the next bytes; what has been read is let go.
    pub fn push(&mut self, chunk: &[u8]) {
        self.held.drain(..self.from);
        self.base += self.from;
        self.at -= self.from;
        self.from = 0;
        self.held.extend_from_slice(chunk);
    }

    /// Where the first byte stands that is not part of a complete token.
    pub fn position(&self) -> usize {
        self.base + self.from
    }

    /// The next token, if the bytes for it are there; `last` if there are no more.
    pub fn next(&mut self, last: bool) -> Result<Option<Scanned<'_>>, Refusal> {
        if !self.begun && !self.skip_mark(last)? {
            return Ok(None);
        }
        let kind = match self.kind {
            Some(kind) => kind,
            None => match self.tell_kind(last)? {
                Some(kind) => *self.kind.insert(kind),
                None => return Ok(None),
            },
        };
        let end = self.find_end(kind);
        let length = end.unwrap_or(self.held.len()) - self.from;
        if length > self.value_bytes {
            let (at, bound) = (self.position(), self.value_bytes);
            let note = format!("the text or tag at byte {at} of the XML is longer than {bound} bytes");
            return Err(Refusal::new(Reason::Bound, note));
        }
        let end = match end {
            Some(end) => end,
            None if !last => return Ok(None),
            None if kind == Kind::Text => self.held.len(),
            None => return Err(unreadable(self.position(), "it ends inside markup")),
        };
        let start = self.position();
        let raw = str::from_utf8(&self.held[self.from..end])
            .map_err(|e| unreadable(start + e.valid_up_to(), "invalid UTF-8"))?;
        (self.from, self.at, self.kind, self.quote) = (end, end, None, None);
        Ok(Some(Scanned { kind, raw, start }))
    }

    fn skip_mark(&mut self, last: bool) -> Result<bool, Refusal> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let first = &self.held[..self.held.len().min(BYTE_ORDER_MARK.len())];
        if first == BYTE_ORDER_MARK {
            (self.from, self.at) = (first.len(), first.len());
        } else if BYTE_ORDER_MARK.starts_with(first) && !last {
            return Ok(false);
        }
        self.begun = true;
        Ok(true)
    }

    /// What begins here; nothing while too few bytes are there to tell.
    fn tell_kind(&mut self, last: bool) -> Result<Option<Kind>, Refusal> {
        const COMMENT: &[u8] = b"<!--";
        const CDATA: &[u8] = b"<![CDATA[";
        let rest = &self.held[self.from..];
        let opening = match rest {
            [] => return Ok(None),
            [b'<', b'/', ..] => Some((Kind::Close, 2)),
            [b'<', b'?', ..] => Some((Kind::Instruction, 2)),
            [b'<', b'!', b'D', ..] if self.types => Some((Kind::Doctype, 2)),
            [b'<', b'!', b'D', ..] => {
                return Err(unreadable(self.position(), "a document type definition is not read"));
            }
            rest if rest.starts_with(COMMENT) => Some((Kind::Comment, COMMENT.len())),
            rest if rest.starts_with(CDATA) => Some((Kind::Cdata, CDATA.len())),
            // Of these two only the beginning is there; behind `<!D` nothing is waited for.
            rest if COMMENT.starts_with(rest) || CDATA.starts_with(rest) => None,
            [b'<', b'!', ..] => return Err(unreadable(self.position(), "markup that is none")),
            [b'<', ..] => Some((Kind::Open, 1)),
            _ => Some((Kind::Text, 0)),
        };
        match opening {
            Some((kind, length)) => {
                self.at = self.from + length;
                Ok(Some(kind))
            }
            None if last => Err(unreadable(self.position(), "it ends inside markup")),
            None => Ok(None),
        }
    }

    /// The end of the token, if it is there; else the next look begins where this one ended.
    fn find_end(&mut self, kind: Kind) -> Option<usize> {
        let closing: &[u8] = match kind {
            Kind::Text => return self.found(memchr(b'<', &self.held[self.at..]), 0, 0),
            Kind::Close => return self.found(memchr(b'>', &self.held[self.at..]), 1, 0),
            Kind::Open | Kind::Doctype => return self.find_tag_end(),
            Kind::Comment => b"-->",
            Kind::Cdata => b"]]>",
            Kind::Instruction => b"?>",
        };
        // What closes it may have begun in the bytes that were looked at before.
        self.found(memmem::find(&self.held[self.at..], closing), closing.len(), closing.len() - 1)
    }

    fn find_tag_end(&mut self) -> Option<usize> {
        loop {
            let rest = &self.held[self.at..];
            let found = match self.quote {
                Some(quote) => memchr(quote, rest),
                None => memchr3(b'>', b'"', b'\'', rest),
            };
            let Some(found) = found else {
                self.at = self.held.len();
                return None;
            };
            let byte = rest[found];
            self.at += found + 1;
            match self.quote {
                Some(_) => self.quote = None,
                None if byte == b'>' => return Some(self.at),
                None => self.quote = Some(byte),
            }
        }
    }

    fn found(&mut self, found: Option<usize>, length: usize, again: usize) -> Option<usize> {
        let end = found.map(|found| self.at + found + length);
        // Never before where this look began: `<!-->` does not close itself.
        self.at = self.at.max(self.held.len().saturating_sub(again));
        end
    }
}

/// A refusal that names the offset, never the text.
pub fn unreadable(at: usize, what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the body is no XML at byte {at}: {what}"))
}
