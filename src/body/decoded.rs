//! A body that is not in UTF-8, shown as UTF-8, and its edits carried back to its own bytes.
//!
//! Text that is decoded and encoded again is not what it was: of the 9,604 two-byte codes of
//! Shift_JIS 2,278 become others. So the bytes are kept beside the text until they leave, and what no
//! edit touches leaves as those bytes. No map is kept from one to the other: which bytes stand for a
//! character shows when they leave, from the characters that were read and the bytes themselves.
//!
//! ISO-2022-JP has states between its characters. An edit begins in the state that was reached, and
//! the text behind it gets the escape that it needs; two escapes never follow one another, because
//! readers take that for a fault.

use std::ops::Range;

use encoding_rs::{Decoder, DecoderResult, Encoding};

use crate::body::splice::Segment;
use crate::body::utf32::{self, Order};
use crate::body::written::{self, Shift};
use crate::terms::refusal::{Reason, Refusal};

/// What is read of a body in one go.
const READ_BYTES: usize = 32 << 10;

/// A charset, and how far its bytes are read.
enum Codes {
    /// One that browsers know.
    Known(&'static Encoding, Decoder),
    Utf32(Order, utf32::Decoder),
}

impl Codes {
    fn name(&self) -> &'static str {
        match self {
            Codes::Known(encoding, _) => encoding.name(),
            Codes::Utf32(order, _) => order.name(),
        }
    }

    fn written(&self, text: &str) -> Option<(Vec<u8>, Shift)> {
        match self {
            Codes::Known(encoding, _) => written::written(encoding, text),
            Codes::Utf32(order, _) => Some((order.written(text), Shift::Ascii)),
        }
    }

    fn escapes(&self, bytes: &[u8], shift: Shift) -> (usize, Shift) {
        match self {
            Codes::Known(encoding, _) => written::escapes(encoding, bytes, shift),
            Codes::Utf32(..) => (0, shift),
        }
    }

    fn width(&self, bytes: &[u8], shift: Shift, wide: bool) -> usize {
        match self {
            Codes::Known(encoding, _) => written::width(encoding, bytes, shift, wide),
            Codes::Utf32(..) => utf32::UNIT,
        }
    }
}

/// The bytes behind a text.
pub(super) struct Decoded {
    codes: Codes,
    /// The bytes whose text is still held.
    raw: Vec<u8>,
    /// The state at the first of them.
    shift: Shift,
    /// The state in which what left ended.
    left: Shift,
    /// Whether the first of them follows what left as it did in the body.
    joined: bool,
}

impl Decoded {
    pub(super) fn new(encoding: &'static Encoding) -> Decoded {
        Decoded::of(Codes::Known(encoding, encoding.new_decoder_without_bom_handling()))
    }

    /// The same for data in UTF-32.
    pub(super) fn utf32(order: Order) -> Decoded {
        Decoded::of(Codes::Utf32(order, utf32::Decoder::new(order)))
    }

    fn of(codes: Codes) -> Decoded {
        Decoded { codes, raw: Vec::new(), shift: Shift::Ascii, left: Shift::Ascii, joined: true }
    }

    /// The charset's name.
    pub(super) fn name(&self) -> &'static str {
        self.codes.name()
    }

    /// How many bytes are kept.
    pub(super) fn held(&self) -> usize {
        self.raw.len()
    }

    /// Whether a text can be written in this charset.
    pub(super) fn holds(&self, text: &str) -> bool {
        self.codes.written(text).is_some()
    }

    /// Bytes of which the text is known already: ASCII, before the charset was.
    pub(super) fn before(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
    }

    /// Reads the next bytes into the text; `last` where the body ends with them.
    pub(super) fn read(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) -> Result<(), Refusal> {
        let mut chunks = bytes.chunks(READ_BYTES).peekable();
        while let Some(chunk) = chunks.next() {
            self.decode(chunk, last && chunks.peek().is_none(), text)?;
        }
        if last && bytes.is_empty() {
            self.decode(bytes, true, text)?;
        }
        self.raw.extend_from_slice(bytes);
        Ok(())
    }

    fn decode(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) -> Result<(), Refusal> {
        let start = text.len();
        let read = match &mut self.codes {
            Codes::Known(_, decoder) => decode(decoder, bytes, last, text),
            Codes::Utf32(_, decoder) => decoder.decode(bytes, last, text),
        };
        if text[start..].iter().any(is_no_text) {
            return Err(self.refuse("control characters"));
        }
        read.ok_or_else(|| self.refuse("bytes that stand for nothing in it"))
    }

    /// The bytes of these segments of the text that leaves: all of it, from its first byte. `end`
    /// where the body ends with them.
    pub(super) fn write(&mut self, text: &[u8], segments: &[Segment], end: bool) -> Result<Vec<u8>, Refusal> {
        let mut out = Vec::with_capacity(self.raw.len());
        let (mut at, mut read) = (0, 0);
        for segment in segments {
            let skipped = text.get(at..segment.kept.start).ok_or_else(misplaced)?;
            if !skipped.is_empty() {
                read = self.pass(skipped, read)?;
                self.joined = false;
            }
            read = self.keep(text, segment.kept.clone(), read, &mut out)?;
            at = segment.kept.end;
            if !segment.text.is_empty() {
                self.bring(&segment.text, &mut out)?;
            }
        }
        let skipped = text.get(at..).ok_or_else(misplaced)?;
        if !skipped.is_empty() {
            read = self.pass(skipped, read)?;
            self.joined = false;
        }
        if end && self.joined {
            out.extend_from_slice(&self.raw[read..]);
        } else if end && self.left != Shift::Ascii {
            out.extend(Shift::Ascii.escape());
        }
        self.raw.drain(..if end { self.raw.len() } else { read });
        Ok(out)
    }

    /// Copies the bytes of a range of the text.
    fn keep(&mut self, text: &[u8], range: Range<usize>, read: usize, out: &mut Vec<u8>) -> Result<usize, Refusal> {
        let kept = text.get(range).ok_or_else(misplaced)?;
        if kept.is_empty() {
            return Ok(read);
        }
        let mut start = read;
        if !self.joined {
            let (length, shift) = self.codes.escapes(&self.raw[read..], self.shift);
            start += length;
            self.shift = shift;
            if self.left != shift {
                out.extend(shift.escape());
            }
        }
        let end = self.pass(kept, start)?;
        out.extend_from_slice(self.raw.get(start..end).ok_or_else(misplaced)?);
        self.left = self.shift;
        self.joined = true;
        Ok(end)
    }

    /// Writes what an edit brings.
    fn bring(&mut self, text: &str, out: &mut Vec<u8>) -> Result<(), Refusal> {
        let Some((bytes, shift)) = self.codes.written(text) else {
            return Err(self.refuse("an edit that it has no characters for"));
        };
        let switches = bytes.first() == Some(&0x1b);
        if self.left != Shift::Ascii && !switches {
            out.extend(Shift::Ascii.escape());
        }
        // The escape into the state that was reached already is left out.
        let skip = if switches && bytes.starts_with(&self.left.escape()) { self.left.escape().len() } else { 0 };
        out.extend_from_slice(&bytes[skip..]);
        self.left = shift;
        self.joined = false;
        Ok(())
    }

    /// Goes over the bytes of a text; gives where they end.
    fn pass(&mut self, text: &[u8], mut at: usize) -> Result<usize, Refusal> {
        for lead in text.iter().filter(|byte| **byte & 0xc0 != 0x80) {
            let (length, shift) = self.codes.escapes(&self.raw[at..], self.shift);
            at += length;
            self.shift = shift;
            at += self.codes.width(&self.raw[at..], shift, *lead >= 0xf0);
            if at > self.raw.len() {
                return Err(misplaced());
            }
        }
        Ok(at)
    }

    fn refuse(&self, what: &str) -> Refusal {
        Refusal::new(Reason::Unreadable, format!("a body in {} with {what}", self.codes.name()))
    }
}

/// Adds what bytes stand for; nothing where they stand for none.
fn decode(decoder: &mut Decoder, mut rest: &[u8], last: bool, text: &mut Vec<u8>) -> Option<()> {
    loop {
        let start = text.len();
        // A buffer of the longest text that the bytes can give; what is not filled goes again.
        let room = decoder.max_utf8_buffer_length_without_replacement(rest.len())?;
        text.resize(start + room, 0);
        let (result, read, written) = decoder.decode_to_utf8_without_replacement(rest, &mut text[start..], last);
        text.truncate(start + written);
        rest = &rest[read..];
        match result {
            DecoderResult::InputEmpty => return Some(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return None,
        }
    }
}

/// What no text holds: in a charset that any bytes are text in, it shows that they are none. An escape
/// that is left may be one of ISO-2022-JP to whoever reads on.
fn is_no_text(byte: &u8) -> bool {
    matches!(byte, 0..=0x08 | 0x0e..=0x19 | 0x1b..=0x1f)
}

fn misplaced() -> Refusal {
    Refusal::new(Reason::Internal, "an edit does not lie where its character stands")
}

#[cfg(test)]
mod tests {
    use encoding_rs::{EUC_JP, ISO_2022_JP, SHIFT_JIS, UTF_16BE, UTF_16LE};

    use super::*;

    /// The body with each range of its text written anew, let go in two parts at every place.
    fn edited(encoding: &'static Encoding, raw: &[u8], edits: &[(Range<usize>, &str)]) -> Vec<u8> {
        let mut text = Vec::new();
        let mut decoded = Decoded::new(encoding);
        for byte in raw {
            decoded.read(&[*byte], false, &mut text).expect("text");
        }
        decoded.read(&[], true, &mut text).expect("text");
        let mut segments = Vec::new();
        let mut at = 0;
        for (range, new) in edits {
            segments.push(Segment { kept: at..range.start, text: (*new).to_owned() });
            at = range.end;
        }
        segments.push(Segment { kept: at..text.len(), text: String::new() });
        decoded.write(&text, &segments, true).expect("written")
    }

    #[test]
    fn edits_leave_and_enter_the_states_of_iso_2022_jp() {
        let raw = b"a\x1b$B;3ED\x1b(B b\x1b$@B@O:\x1b(B";
        // a 山 田 ' ' b 太 郎
        for (edits, expected) in [
            (&[][..], &raw[..]),
            (&[(1..4, "*")], b"a*\x1b$BED\x1b(B b\x1b$@B@O:\x1b(B"),
            (&[(4..7, "*")], b"a\x1b$B;3\x1b(B* b\x1b$@B@O:\x1b(B"),
            (&[(1..7, "****")], b"a**** b\x1b$@B@O:\x1b(B"),
            (&[(1..7, "")], b"a b\x1b$@B@O:\x1b(B"),
            (&[(4..9, "")], b"a\x1b$B;3\x1b$@B@O:\x1b(B"),
            (&[(4..7, "山")], b"a\x1b$B;3;3\x1b(B b\x1b$@B@O:\x1b(B"),
            (&[(9..12, "山*")], b"a\x1b$B;3ED\x1b(B b\x1b$B;3\x1b(B*\x1b$@O:\x1b(B"),
            (&[(12..15, "*")], b"a\x1b$B;3ED\x1b(B b\x1b$@B@\x1b(B*"),
            (&[(12..15, "山")], b"a\x1b$B;3ED\x1b(B b\x1b$@B@\x1b$B;3\x1b(B"),
            (&[(12..15, "")], b"a\x1b$B;3ED\x1b(B b\x1b$@B@\x1b(B"),
            (&[(0..15, "")], b""),
            (&[(1..4, "*"), (4..7, "*")], b"a** b\x1b$@B@O:\x1b(B"),
            (&[(0..0, "*"), (4..4, "*")], b"*a\x1b$B;3\x1b(B*\x1b$BED\x1b(B b\x1b$@B@O:\x1b(B"),
        ] {
            let got = edited(ISO_2022_JP, raw, edits);
            assert_eq!(got.escape_ascii().to_string(), expected.escape_ascii().to_string(), "{edits:?}");
            assert!(crate::body::sniff::fits(ISO_2022_JP, &got, true), "{edits:?}");
        }
    }

    #[test]
    fn characters_go_whole_and_their_neighbours_stay() {
        for (encoding, raw, range, expected) in [
            (SHIFT_JIS, &b"\x81\x40\xf0\x40\xb1\x87\x40"[..], 3..6, &b"\x81\x40*\xb1\x87\x40"[..]),
            (SHIFT_JIS, b"\x95\x5c\\\x95\x5c", 3..4, b"\x95\x5c*\x95\x5c"),
            (EUC_JP, b"\x8f\xb0\xa1\x8e\xb1\xbb\xb3", 3..6, b"\x8f\xb0\xa1*\xbb\xb3"),
            (UTF_16LE, b"\xff\xfe=\xd8\0\xdeq\\", 3..7, b"\xff\xfe*\0q\\"),
            (UTF_16BE, b"\xd8=\xde\0\\q", 4..7, b"\xd8=\xde\0\0*"),
        ] {
            assert_eq!(edited(encoding, raw, &[(range, "*")]), expected, "{}", encoding.name());
        }
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        for (encoding, raw) in [
            (SHIFT_JIS, &b"\x81"[..]),
            (SHIFT_JIS, b"\x81\x20"),
            (SHIFT_JIS, b"\xfd"),
            (EUC_JP, b"\x8f\xb0"),
            (EUC_JP, b"\xa1a"),
            (ISO_2022_JP, b"\x1b$B;"),
            (ISO_2022_JP, b"\x1b$B\x1b(B"),
            (ISO_2022_JP, b"\x1b$B;\n"),
            (ISO_2022_JP, b"\x1b"),
            (ISO_2022_JP, b"\x0e"),
            (UTF_16LE, b"a"),
            (UTF_16LE, b"=\xd8a\0"),
            (UTF_16LE, b"\0\0"),
            (SHIFT_JIS, b"\x1b$B;3"),
            (encoding_rs::WINDOWS_1252, b"\x1f\x8b\x08\0"),
        ] {
            let mut decoded = Decoded::new(encoding);
            let refusal = decoded.read(raw, true, &mut Vec::new()).expect_err("no text");
            assert_eq!(refusal.reason, Reason::Unreadable, "{} {}", encoding.name(), raw.escape_ascii());
        }
    }
}
