//! The quick way through what lies whole in one chunk.
//!
//! It takes the tokens that documents are made of nearly everywhere, and knows no fault: before a
//! token that it does not know how to take (a cut goes through it, it is too long, it is no JSON) it
//! stops, and leaves the tree as if `take` had come so far. Then `scan` reads that one token and
//! `take` judges it, so that what is refused is said in one place; depth and keys are bounded where
//! the tree opens and shows them, for both ways.
//!
//! The chunk is proved to be UTF-8 once. A string's end is sought in 16 bytes at a time; keys are
//! lent to leaves and only kept where something opens below them. An index of all quotes made
//! beforehand, and leaves written over the one before, were tried and were slower.

use wide::u8x16;

use crate::format::inside::may_be_other;
use crate::format::json::inner::{may_begin, may_hold};
use crate::format::json::path::Child;
use crate::format::json::scan::{BARE_BYTES, Shape, ends_bare};
use crate::format::json::text::{number, unescape};
use crate::format::json::trail::{self, Known};
use crate::format::json::tree::{Expect, Stands, Tree, member};
use crate::terms::leaf::{Part, Sink};
use crate::terms::names::Names;
use crate::terms::quote::Quote;
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
        // A way is only expected: whatever it is, its key is compared.
        let (spot, mut next) = (frame.spot, frame.way.wrapping_add(1));
        let mut expect = self.expect;
        loop {
            at = blank(bytes, at);
            match (expect, bytes.get(at)) {
                (Expect::CommaOrClose, Some(b',')) => {
                    expect = Expect::Key;
                    at = blank(bytes, at + 1);
                }
                (Expect::CommaOrClose | Expect::KeyOrClose, Some(b'}')) => {
                    self.close(base + at + 1, expect != Expect::CommaOrClose, sink)?;
                    return Ok(Way::Turns(at + 1));
                }
                (Expect::Key | Expect::KeyOrClose, _) => {}
                _ => break,
            }
            let (way, known, key, end) = match self.matcher.trail.expected(spot, next, bytes, at) {
                Some((known, end)) => (next, known, text.text.get(at + 1..end - 1).unwrap_or_default(), end),
                None => {
                    let found = plain(text.text, at).filter(|(key, _)| key.len() <= self.value_bytes);
                    let Some((key, end)) = found else { break };
                    let (way, known) = self.way(spot, key);
                    (way, known, key, end)
                }
            };
            next = way.wrapping_add(1);
            let key_at = base + at;
            if known.idle & trail::KEY == 0 {
                self.show_key(key, key_at..base + end, sink)?;
                self.matcher.trail.ask(spot, way, known, trail::KEY, sink);
            }
            at = blank(bytes, end);
            if bytes.get(at) != Some(&b':') {
                self.keep(key, key_at..base + end, way);
                expect = Expect::Colon;
                break;
            }
            at = blank(bytes, at + 1);
            expect = Expect::Value;
            let stands = |after: usize, row: u32| Stands {
                span: base + at..base + after,
                names: Names::one(key),
                above: self.nest.all(),
                places: self.matcher.places_of(row),
                reach: self.matcher.reach_of(row),
                member: Some(member(object, index, key_at..base + after, before)),
            };
            let Some((after, shown)) = self.quick(text.text, at, known, unescaped, stands, sink)? else {
                self.keep(key, key_at..base + end, way);
                break;
            };
            self.matcher.trail.ask(spot, way, known, shown, sink);
            at = after;
            (index, before, expect) = (index + 1, base + at, Expect::CommaOrClose);
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
        let (mut index, mut before, spot) = (frame.index, frame.before, frame.spot);
        let mut expect = self.expect;
        loop {
            at = blank(bytes, at);
            match (expect, bytes.get(at)) {
                (Expect::CommaOrClose, Some(b',')) => {
                    expect = Expect::Value;
                    at = blank(bytes, at + 1);
                }
                (Expect::CommaOrClose | Expect::ValueOrClose, Some(b']')) => {
                    self.close(base + at + 1, expect != Expect::CommaOrClose, sink)?;
                    return Ok(Way::Turns(at + 1));
                }
                (Expect::Value | Expect::ValueOrClose, _) => {}
                _ => break,
            }
            let row = self.quick_row(Child::Index(index));
            let known = self.matcher.trail.element(spot, row);
            let stands = |after: usize, row: u32| {
                let (names, above) = self.nest.parted();
                let (places, reach) = (self.matcher.places_of(row), self.matcher.reach_of(row));
                Stands { span: base + at..base + after, names, above, places, reach, member: None }
            };
            let Some((after, shown)) = self.quick(text.text, at, known, unescaped, stands, sink)? else { break };
            self.matcher.trail.ask(spot, trail::ELEMENT, known, shown, sink);
            (at, index, before, expect) = (after, index + 1, base + after, Expect::CommaOrClose);
        }
        self.stop(expect, index, before);
        self.turn(text, at)
    }

    /// The row of a child, if it can be shown without stepping into it.
    #[inline(always)]
    fn quick_row(&mut self, child: Child<'_>) -> Option<u32> {
        self.matcher.way(child).filter(|row| !self.begins_record(*row))
    }

    /// The number of a key's way that was not the expected one, and what is known there.
    #[inline(never)]
    fn way(&mut self, spot: u32, key: &str) -> (u32, Known) {
        if let Some((way, known)) = self.matcher.trail.way(spot, key) {
            return (way, known);
        }
        let row = self.quick_row(Child::Key(key));
        (self.matcher.trail.learn(spot, key, row), Known::at(row))
    }

    /// Shows the scalar that begins here, unless nobody needs to see it; says where it ends and which sort
    /// was shown. Nothing if it is not for the quick way.
    #[inline(always)]
    fn quick<'s>(
        &'s self,
        text: &str,
        at: usize,
        known: Known,
        unescaped: &mut String,
        stands: impl Fn(usize, u32) -> Stands<'s>,
        sink: &mut dyn Sink,
    ) -> Result<Option<(usize, u8)>, Refusal> {
        let bytes = text.as_bytes();
        let (Some(row), Some(first)) = (known.row, bytes.get(at)) else { return Ok(None) };
        let idles = known.idle & trail::TEXT != 0;
        if *first == b'"' {
            let Some(stop) = string_stops::<2>(bytes, at + 1) else { return Ok(None) };
            if bytes[stop] == b'"' {
                let Some(value) = text.get(at + 1..stop).filter(|value| value.len() <= self.value_bytes) else {
                    return Ok(None);
                };
                if may_begin(value) {
                    return Ok(None);
                }
                // Without escapes it has one line, which is what its place says, whatever it says itself.
                if idles {
                    return Ok(Some((stop + 1, 0)));
                }
                if may_be_other(value) {
                    return Ok(None);
                }
                self.show(value, Part::Value, Quote::Json, stands(stop + 1, row), sink)?;
                return Ok(Some((stop + 1, trail::TEXT)));
            }
            let end = escaped(text, at + 1, stop, unescaped, self.value_bytes).filter(|_| !may_hold(unescaped));
            if let Some(end) = end.filter(|_| !idles) {
                self.show(unescaped, Part::Value, Quote::Json, stands(end, row), sink)?;
                return Ok(Some((end, trail::TEXT)));
            }
            return Ok(end.map(|end| (end, 0)));
        }
        let Some((part, end)) = bare(bytes, at) else { return Ok(None) };
        let sort = match part {
            Some(Part::Number) => trail::NUMBER,
            Some(_) => trail::BOOLEAN,
            None => 0,
        };
        if known.idle & sort != 0 {
            return Ok(Some((end, 0)));
        }
        let (Some(bare), stands) = (text.get(at..end), stands(end, row)) else { return Ok(None) };
        match part {
            Some(part) => self.show(bare, part, Quote::JsonBare, stands, sink)?,
            None => self.show_null(stands, sink)?,
        }
        Ok(Some((end, sort)))
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
    // Nearly always there is none, and one comparison tells.
    while bytes.get(at).is_some_and(|byte| *byte <= b' ' && matches!(byte, b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// How many bytes are looked at together.
const BLOCK: usize = 16;

/// The bytes of a block at which a string ends or is more than what it looks like, a bit each.
#[inline(always)]
fn stops_in(block: [u8; BLOCK]) -> u32 {
    let block = u8x16::new(block);
    let quotes = block.simd_eq(u8x16::splat(b'"'));
    let backslashes = block.simd_eq(u8x16::splat(b'\\'));
    let controls = block.min(u8x16::splat(0x1f)).simd_eq(block);
    (quotes | backslashes | controls).to_bitmask()
}

/// The first byte from here at which a string ends, or is more than what it looks like: a quote, a
/// backslash, a control character. A key's end is sought in `BLOCKS` of one, since it is short, and a
/// value's in two.
#[inline(always)]
fn string_stops<const BLOCKS: usize>(bytes: &[u8], mut at: usize) -> Option<usize> {
    while let Some(blocks) = bytes.get(at..at + BLOCKS * BLOCK) {
        let mut found = 0;
        for (number, block) in blocks.as_chunks().0.iter().enumerate() {
            found |= stops_in(*block) << (number * BLOCK);
        }
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += BLOCKS * BLOCK;
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
    let end = string_stops::<1>(bytes, at + 1)?;
    if bytes[end] == b'"' { Some((text.get(at + 1..end)?, end + 1)) } else { None }
}

/// The number or literal that begins here: what part of a document it is, unless it is `null`, and
/// where it ends.
fn bare(bytes: &[u8], at: usize) -> Option<(Option<Part>, usize)> {
    let rest = &bytes[at..];
    let (part, length) = match rest.first()? {
        b't' => (Some(Part::Boolean), literal(rest, b"true")?),
        b'f' => (Some(Part::Boolean), literal(rest, b"false")?),
        b'n' => (None, literal(rest, b"null")?),
        _ => (Some(Part::Number), number(rest).filter(|length| *length <= BARE_BYTES)?),
    };
    rest.get(length).is_some_and(|byte| ends_bare(*byte)).then_some((part, at + length))
}

fn literal(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.starts_with(word).then_some(word.len())
}

/// Undoes the escapes of a string, of which the first stands at `escape`, and says where it ends.
fn escaped(text: &str, from: usize, mut escape: usize, unescaped: &mut String, value_bytes: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let end = loop {
        if bytes[escape] != b'\\' {
            return None;
        }
        let stop = string_stops::<2>(bytes, escape + 2)?;
        if bytes[stop] == b'"' {
            break stop;
        }
        escape = stop;
    };
    let raw = text.get(from..end).filter(|raw| raw.len() <= value_bytes)?;
    unescape(raw, unescaped).ok()?;
    Some(end + 1)
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
                assert_eq!(string_stops::<2>(&bytes, 0), Some(length), "{length} {stop}");
            }
            assert_eq!(string_stops::<1>("山 ~\u{7f}".repeat(length).as_bytes(), 0), None, "{length}");
        }
    }
}
