//! What request heads and response heads have in common: lines, fields and framing.
//!
//! Lines end with CRLF and nothing else; a bare CR or LF, another control byte, a folded line or a space before the
//! colon is where servers differ, so each is a fault (RFC 9112, 2.2 and 5). Faults are found in the order of the
//! bytes, so that no way of cutting the input changes the verdict.

use http::Version;

use super::fault::{GateFault, Reason};

/// How the bytes after a head are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks, up to and with the one of size zero.
    Chunked,
    /// All bytes until the CRM closes; a request never has this.
    UntilClose,
}

/// Finds one line after the other in a head that may still be growing.
#[derive(Debug)]
pub(super) struct Lines {
    start: usize,
    scanned: usize,
    limit: usize,
    over: GateFault,
}

impl Lines {
    /// Lines that end within the first `limit` bytes; beyond them lies `over`.
    pub(super) fn new(limit: usize, over: GateFault) -> Self {
        Lines { start: 0, scanned: 0, limit, over }
    }

    /// Sets another limit for the lines to come.
    pub(super) fn relimit(&mut self, limit: usize, over: GateFault) {
        self.limit = limit;
        self.over = over;
    }

    /// The next whole line without its CRLF, or nothing until `head` has grown.
    pub(super) fn next<'a>(&mut self, head: &'a [u8]) -> Result<Option<&'a [u8]>, GateFault> {
        let Some(at) = control(&head[self.scanned..]).map(|offset| self.scanned + offset) else {
            self.scanned = head.len();
            return if head.len() > self.limit { Err(self.over) } else { Ok(None) };
        };
        if at >= self.limit {
            return Err(self.over);
        }
        self.scanned = at;
        match (head[at], head.get(at + 1)) {
            (b'\r', None) => Ok(None),
            (b'\r', Some(b'\n')) if at + 2 > self.limit => Err(self.over),
            (b'\r', Some(b'\n')) => {
                let line = &head[self.start..at];
                self.start = at + 2;
                self.scanned = at + 2;
                Ok(Some(line))
            }
            (b'\r', Some(_)) => Err(GateFault::framing("a head has a carriage return alone")),
            (b'\n', _) => Err(GateFault::framing("a head has a line feed alone")),
            _ => Err(GateFault::framing("a head has a control byte")),
        }
    }

    /// How many bytes the lines so far took.
    pub(super) fn taken(&self) -> usize {
        self.start
    }
}

/// Splits a header line into its name and its value. A folded line has no name that is a token, for it begins with a
/// blank.
pub(super) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), GateFault> {
    let Some(colon) = memchr::memchr(b':', line) else {
        return Err(GateFault::framing("a header line has no colon"));
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if !is_token(name) {
        return Err(GateFault::framing("a header name is empty or not a token"));
    }
    Ok((name, trim(value)))
}

/// The fields that decide where a message ends and whether another may follow.
#[derive(Debug, Default)]
pub(super) struct Fields {
    count: usize,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
}

impl Fields {
    /// Takes note of one header.
    pub(super) fn note(&mut self, name: &[u8], value: &[u8], headers_max: usize) -> Result<(), GateFault> {
        self.count += 1;
        if self.count > headers_max {
            return Err(GateFault::new(Reason::HeadTooLarge, "a head has more headers than the bound"));
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            if self.length.replace(length(value)?).is_some() {
                return Err(GateFault::framing("a head has more than one Content-Length"));
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") || self.chunked {
                return Err(GateFault::framing("a Transfer-Encoding is not `chunked`, once"));
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"connection") {
            self.note_connection(value)?;
        }
        Ok(())
    }

    /// The framing that the head declares, or nothing where it declares none.
    pub(super) fn framing(&self, version: Version) -> Result<Option<Framing>, GateFault> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(GateFault::framing("a head has Content-Length and Transfer-Encoding")),
            (true, None) if version == Version::HTTP_10 => {
                Err(GateFault::framing("a head of HTTP/1.0 has Transfer-Encoding"))
            }
            (true, None) => Ok(Some(Framing::Chunked)),
            (false, Some(length)) => Ok(Some(Framing::Length(length))),
            (false, None) => Ok(None),
        }
    }

    /// Whether the connection ends with this message (RFC 9112, 9.3).
    pub(super) fn closes(&self, version: Version) -> bool {
        self.close || (version == Version::HTTP_10 && !self.keep_alive)
    }

    fn note_connection(&mut self, value: &[u8]) -> Result<(), GateFault> {
        for option in value.split(|&byte| byte == b',').map(trim) {
            if !option.is_empty() && !is_token(option) {
                return Err(GateFault::framing("a Connection option is not a token"));
            }
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
        Ok(())
    }
}

/// Where the first control byte stands. A block is looked at as a whole, since most blocks hold none.
fn control(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 16;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let clean = |block: &&[u8; BLOCK]| !block.iter().fold(false, |found, &byte| found | is_control(byte));
    let before = blocks.iter().take_while(clean).count() * BLOCK;
    bytes[before..].iter().position(|&byte| is_control(byte)).map(|offset| before + offset)
}

/// Whether these bytes are one token (RFC 9110, 5.6.2).
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// Whether this byte may stand in a token.
pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// For each byte whether it may stand in a token.
const TOKEN: [bool; 256] = {
    let others = b"!#$%&'*+-.^_`|~";
    let mut table = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        table[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let mut number = 0;
    while number < others.len() {
        table[others[number] as usize] = true;
        number += 1;
    }
    table
};

/// Whether this byte may stand nowhere in a head or a chunk line but as part of a CRLF.
pub(super) fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// Whether this byte is a space or a tab.
pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// The value without blanks around it.
pub(super) fn trim(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|&byte| !is_blank(byte));
    let end = value.iter().rposition(|&byte| !is_blank(byte));
    match (start, end) {
        (Some(start), Some(end)) => &value[start..=end],
        _ => &[],
    }
}

/// A length in its one spelling: no sign, no list, no leading zero, below 2^63.
pub(super) fn length(value: &[u8]) -> Result<u64, GateFault> {
    let digits = value.iter().all(u8::is_ascii_digit);
    let zeroes = value.len() > 1 && value[0] == b'0';
    // Nineteen digits are below 10^19, which a u64 holds.
    if value.is_empty() || value.len() > 19 || !digits || zeroes {
        return Err(GateFault::framing("a Content-Length is not one plain number"));
    }
    let length = value.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    if length > i64::MAX as u64 {
        return Err(GateFault::framing("a Content-Length is beyond 2^63"));
    }
    Ok(length)
}
