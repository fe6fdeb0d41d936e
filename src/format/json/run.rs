//! The quick way through what lies whole in one chunk.
//!
//! It takes the tokens that documents are made of nearly everywhere, and refuses nothing: before a
//! token that it does not know how to take (a cut goes through it, a bound is passed, it is no JSON)
//! it stops, and leaves the tree as if `take` had come so far. Then `scan` reads that one token and
//! `take` judges it, so that what is refused is said in one place.
//!
//! The chunk is proved to be UTF-8 once. A string's end is sought in 16 bytes at a time; keys are
//! lent to leaves and only kept where something opens below them.

use wide::u8x16;

use crate::format::json::scan::{BARE_BYTES, Shape, Token, ends_bare};
use crate::format::json::text::{number, unescape};
use crate::format::json::tree::{Expect, Stands, Tree, member};
use crate::terms::leaf::Sink;
use crate::terms::names::Names;
use crate::terms::refusal::Refusal;

/// The part of a chunk that is text.
pub(super) struct Text<'a> {
    text: &'a str,
    /// Where in the chunk it begins.
    from: usize,
    /// The number of its first byte in the body.
    base: usize,
}

impl<'a> Text<'a> {
    /// The text of a chunk from here to its last whole character, or to the first that is none;
    /// `base` is the number of the chunk's first byte.
    pub(super) fn of(chunk: &'a [u8], from: usize, base: usize) -> Text<'a> {
        let bytes = &chunk[from..];
        let bytes = &bytes[..bytes.len() - cut_character(bytes)];
        let text = simdutf8::compat::from_utf8(bytes)
            .or_else(|error| std::str::from_utf8(&bytes[..error.valid_up_to()]))
            .unwrap_or_default();
        Text { text, from, base: base + from }
    }
}

/// Where the quick way ended.
enum Way {
    /// Here something opened or closed.
    Turns(usize),
    /// What comes next is not for the quick way.
    Stops(usize),
}

impl Tree {
    /// Goes as far as it can from this byte of the chunk, and says where that is.
    pub(super) fn run(&mut self, text: &Text<'_>, at: usize, sink: &mut dyn Sink) -> Result<usize, Refusal> {
        let mut at = at - text.from;
        let mut unescaped = std::mem::take(&mut self.unescaped);
        loop {
            let way = match self.frames.last().map(|frame| frame.shape) {
                Some(Shape::Object) => self.members(text, at, &mut unescaped, sink)?,
                Some(Shape::Array) => self.elements(text, at, &mut unescaped, sink)?,
                None => Way::Stops(at),
            };
            match way {
                Way::Turns(on) => at = on,
                Way::Stops(on) => {
                    self.unescaped = unescaped;
                    return Ok(text.from + on);
                }
            }
        }
    }

    fn members(
        &mut self,
        text: &Text<'_>,
        mut at: usize,
        unescaped: &mut String,
        sink: &mut dyn Sink,
    ) -> Result<Way, Refusal> {
        let (bytes, base) = (text.text.as_bytes(), text.base);
        let Some(frame) = self.frames.last() else { return Ok(Way::Stops(at)) };
        let (object, mut index, mut before) = (frame.object, frame.index, frame.before);
        let idle = self.matcher.is_idle();
        let mut expect = self.expect;
        loop {
            at = blank(bytes, at);
            match (expect, bytes.get(at)) {
                (Expect::CommaOrClose, Some(b',')) => {
                    expect = Expect::Key;
                    at = blank(bytes, at + 1);
                }
                (Expect::CommaOrClose | Expect::KeyOrClose, Some(b'}')) => {
                    self.close(base + at + 1, sink)?;
                    return Ok(Way::Turns(at + 1));
                }
                (Expect::Key | Expect::KeyOrClose, _) => {}
                _ => break,
            }
            let Some((key, end)) = plain(text.text, at) else { break };
            let span = base + at..base + end;
            self.show_key(key, span.clone(), sink)?;
            at = blank(bytes, end);
            if bytes.get(at) != Some(&b':') {
                self.keep(key, span);
                expect = Expect::Colon;
                break;
            }
            at = blank(bytes, at + 1);
            expect = Expect::Value;
            let Some((token, end)) = scalar(text.text, at, unescaped, self.value_bytes) else {
                self.keep(key, span);
                break;
            };
            if idle {
                let member = Some(member(object, index, span.start..base + end, before));
                let (names, above) = (Names::one(key), self.nest.all());
                let stands = Stands { span: base + at..base + end, names, above, places: &[], member };
                self.show_scalar(&token, stands, sink)?;
            } else {
                self.keep(key, span);
                self.scalar(&token, base + at..base + end, sink)?;
            }
            (index, before, at, expect) = (index + 1, base + end, end, Expect::CommaOrClose);
        }
        self.stop(expect, index, before);
        self.turn(text, at)
    }

    fn elements(
        &mut self,
        text: &Text<'_>,
        mut at: usize,
        unescaped: &mut String,
        sink: &mut dyn Sink,
    ) -> Result<Way, Refusal> {
        let (bytes, base) = (text.text.as_bytes(), text.base);
        let Some(frame) = self.frames.last() else { return Ok(Way::Stops(at)) };
        let (mut index, mut before) = (frame.index, frame.before);
        let idle = self.matcher.is_idle();
        let mut expect = self.expect;
        loop {
            at = blank(bytes, at);
            match (expect, bytes.get(at)) {
                (Expect::CommaOrClose, Some(b',')) => {
                    expect = Expect::Value;
                    at = blank(bytes, at + 1);
                }
                (Expect::CommaOrClose | Expect::ValueOrClose, Some(b']')) => {
                    self.close(base + at + 1, sink)?;
                    return Ok(Way::Turns(at + 1));
                }
                (Expect::Value | Expect::ValueOrClose, _) => {}
                _ => break,
            }
            let Some((token, end)) = scalar(text.text, at, unescaped, self.value_bytes) else { break };
            if idle {
                let (names, above) = self.nest.parted();
                let stands = Stands { span: base + at..base + end, names, above, places: &[], member: None };
                self.show_scalar(&token, stands, sink)?;
            } else {
                self.scalar(&token, base + at..base + end, sink)?;
            }
            (index, before, at, expect) = (index + 1, base + end, end, Expect::CommaOrClose);
        }
        self.stop(expect, index, before);
        self.turn(text, at)
    }

    /// Leaves the innermost container for `take` to go on with.
    fn stop(&mut self, expect: Expect, index: usize, before: usize) {
        self.expect = expect;
        if let Some(frame) = self.frames.last_mut() {
            (frame.index, frame.before) = (index, before);
        }
    }

    /// Opens what opens here.
    fn turn(&mut self, text: &Text<'_>, at: usize) -> Result<Way, Refusal> {
        let shape = match text.text.as_bytes().get(at) {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            _ => return Ok(Way::Stops(at)),
        };
        if !matches!(self.expect, Expect::Value | Expect::ValueOrClose) {
            return Ok(Way::Stops(at));
        }
        self.open(shape, text.base + at..text.base + at + 1)?;
        Ok(Way::Turns(at + 1))
    }
}

/// How many bytes at the end belong to a character that is not whole.
fn cut_character(bytes: &[u8]) -> usize {
    const LONGEST: usize = 4;
    for back in 1..LONGEST.min(bytes.len() + 1) {
        let whole = match bytes[bytes.len() - back] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if whole > back { back } else { 0 };
    }
    0
}

#[inline(always)]
fn blank(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The first byte from here at which a string ends, or is more than what it looks like: a quote, a
/// backslash, a control character.
#[inline(always)]
fn string_stops(bytes: &[u8], mut at: usize) -> Option<usize> {
    const BLOCK: usize = 16;
    while let Some(block) = bytes.get(at..at + BLOCK).and_then(|block| <[u8; BLOCK]>::try_from(block).ok()) {
        let block = u8x16::new(block);
        let quotes = block.simd_eq(u8x16::splat(b'"'));
        let backslashes = block.simd_eq(u8x16::splat(b'\\'));
        let controls = block.min(u8x16::splat(0x1f)).simd_eq(block);
        let found = (quotes | backslashes | controls).to_bitmask();
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += BLOCK;
    }
    let rest = bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    Some(at + rest)
}

/// The string that begins here if it is written without escapes, and where it ends.
#[inline(always)]
fn plain(text: &str, at: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let end = string_stops(bytes, at + 1)?;
    if bytes[end] == b'"' { Some((text.get(at + 1..end)?, end + 1)) } else { None }
}

/// The scalar that begins here, and where it ends.
#[inline(always)]
fn scalar<'a>(text: &'a str, at: usize, unescaped: &'a mut String, value_bytes: usize) -> Option<(Token<'a>, usize)> {
    let bytes = text.as_bytes();
    let (token, end) = match bytes.get(at)? {
        b'"' => {
            let end = string_stops(bytes, at + 1)?;
            return match bytes[end] {
                b'"' if end - at - 1 <= value_bytes => Some((Token::Text(text.get(at + 1..end)?), end + 1)),
                b'\\' => escaped(text, at + 1, end, unescaped, value_bytes),
                _ => None,
            };
        }
        b'-' | b'0'..=b'9' => {
            let end = at + number(&bytes[at..]).filter(|length| *length <= BARE_BYTES)?;
            (Token::Number(text.get(at..end)?), end)
        }
        b't' => (Token::Boolean("true"), at + literal(&bytes[at..], b"true")?),
        b'f' => (Token::Boolean("false"), at + literal(&bytes[at..], b"false")?),
        b'n' => (Token::Null, at + literal(&bytes[at..], b"null")?),
        _ => return None,
    };
    bytes.get(end).is_some_and(|byte| ends_bare(*byte)).then_some((token, end))
}

fn literal(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.starts_with(word).then_some(word.len())
}

/// A string with escapes, of which the first stands at `escape`.
fn escaped<'a>(
    text: &str,
    from: usize,
    mut escape: usize,
    unescaped: &'a mut String,
    value_bytes: usize,
) -> Option<(Token<'a>, usize)> {
    let bytes = text.as_bytes();
    let end = loop {
        let stop = string_stops(bytes, escape + 2)?;
        match bytes[stop] {
            b'"' => break stop,
            b'\\' => escape = stop,
            _ => return None,
        }
    };
    let raw = text.get(from..end).filter(|raw| raw.len() <= value_bytes)?;
    unescape(raw, unescaped).ok()?;
    Some((Token::Text(unescaped), end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_is_text_to_its_last_whole_character() {
        let body = "a山𠮷é";
        for cut in 0..=body.len() {
            let whole = (0..=cut).rev().find(|at| body.is_char_boundary(*at)).expect("a boundary");
            assert_eq!(Text::of(&body.as_bytes()[..cut], 0, 0).text, &body[..whole], "{cut}");
        }
        for (bytes, text) in [(&b"ab\xffcd"[..], "ab"), (b"ab\x80", "ab"), (b"\xe5\xb1", ""), (b"a\xf8\x80", "a")] {
            assert_eq!(Text::of(bytes, 0, 0).text, text);
        }
    }

    #[test]
    fn strings_stop_at_whatever_is_not_plain() {
        for length in 0..40 {
            for stop in [b'"', b'\\', 0, 0x1f] {
                let mut bytes = vec![b'x'; length];
                bytes.extend([stop, b'"', b'\\', b' ']);
                assert_eq!(string_stops(&bytes, 0), Some(length), "{length} {stop}");
            }
            assert_eq!(string_stops("山 ~\u{7f}".repeat(length).as_bytes(), 0), None, "{length}");
        }
    }
}
