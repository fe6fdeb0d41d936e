//! Runs of text: what people read as one text, though tags, comments and line breaks stand in it.
//!
//! `090<b>-1234</b>-5678` is one leaf of three pieces; a `<br>` in it is a line break that has no
//! piece, since there is nothing to write back to.

use std::ops::Range;

use crate::format::html::entity;
use crate::format::html::held::{Raw, Word};
use crate::terms::leaf::Piece;
use crate::terms::quote::{Quote, Quotes};

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Text, and how many elements lie around it.
    Text { span: Range<usize>, literal: bool, depth: usize },
    /// A line break.
    Break,
}

/// Text that is read on until its block ends.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Its parts so far.
    pub(super) items: Vec<Item>,
}

/// A run as it is read.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Read {
    /// The decoded text without blanks around it.
    pub(super) text: String,
    /// Where it stands.
    pub(super) pieces: Vec<Piece>,
    /// Which part of the text stands how deep.
    pub(super) depths: Vec<(Range<usize>, usize)>,
}

impl Read {
    /// The text that stands just so deep, with its blanks joined.
    pub(super) fn own(&self, depth: usize) -> Option<Word> {
        let own = self.depths.iter().filter(|(_, own)| *own == depth);
        let words: Vec<&str> = own.flat_map(|(span, _)| self.text[span.clone()].split_whitespace()).collect();
        (!words.is_empty()).then(|| Word::from(words.join(" ")))
    }
}

impl Run {
    /// Its last text as it is written with the blanks behind it, and how deep that text stands.
    pub(super) fn ending<'r>(&self, raw: &'r Raw) -> Option<(&'r str, usize)> {
        let mut blanks = None;
        for item in self.items.iter().rev() {
            let Item::Text { span, depth, .. } = item else { return None };
            let text = raw.slice(span.clone());
            if !text.trim().is_empty() {
                return Some((blanks.unwrap_or(text), *depth));
            }
            blanks = blanks.or(Some(text));
        }
        None
    }

    /// Where it begins in the body.
    pub(super) fn begin(&self) -> Option<usize> {
        self.items.iter().find_map(|item| match item {
            Item::Text { span, .. } => Some(span.start),
            Item::Break => None,
        })
    }

    /// Adds text; the parts of one text come one after the other.
    pub(super) fn text(&mut self, span: Range<usize>, literal: bool, depth: usize) {
        if let Some(Item::Text { span: last, literal: same, .. }) = self.items.last_mut()
            && last.end == span.start
            && *same == literal
        {
            last.end = span.end;
            return;
        }
        self.items.push(Item::Text { span, literal, depth });
    }

    /// Adds a line break, if there is a line that it ends.
    pub(super) fn line_break(&mut self) {
        if !self.items.is_empty() {
            self.items.push(Item::Break);
        }
    }

    /// Parts off the text at the end that stands at least so deep.
    pub(super) fn split_tail(&mut self, depth: usize) -> Run {
        let within = |item: &Item| matches!(item, Item::Text { depth: own, .. } if *own >= depth);
        let head = self.items.iter().rposition(|item| !within(item)).map_or(0, |last| last + 1);
        Run { items: self.items.split_off(head) }
    }

    /// Reads it; nothing if it is blank.
    pub(super) fn read(&self, raw: &Raw) -> Option<Read> {
        let decoded = self.decoded(raw);
        decoded.read(0..decoded.text.len())
    }

    /// Its text with the way back to the body.
    pub(super) fn decoded(&self, raw: &Raw) -> Decoded {
        let mut text = String::new();
        let mut parts = Vec::new();
        let mut breaks = Vec::new();
        for item in &self.items {
            match item {
                Item::Break => {
                    breaks.push(text.len());
                    text.push('\n');
                }
                Item::Text { span, literal, depth } => {
                    let at = text.len();
                    let (map, twice) = decode(raw.slice(span.clone()), *literal, &mut text);
                    let quotes = match (literal, twice) {
                        (true, _) => Quotes::one(Quote::Verbatim),
                        (false, true) => Quotes::two(Quote::HtmlText, Quote::HtmlText),
                        (false, false) => Quotes::one(Quote::HtmlText),
                    };
                    parts.push(Part { span: span.clone(), quotes, depth: *depth, at, end: text.len(), map });
                }
            }
        }
        Decoded { text, parts, breaks }
    }
}

/// The text of a run, with the blanks around it.
pub(super) struct Decoded {
    pub(super) text: String,
    parts: Vec<Part>,
    /// Where lines end.
    pub(super) breaks: Vec<usize>,
}

impl Decoded {
    /// Reads a part of it; nothing if that is blank.
    pub(super) fn read(&self, span: Range<usize>) -> Option<Read> {
        // A byte order mark is no text either.
        let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
        let text = &self.text[span.clone()];
        let from = span.start + text.len() - text.trim_start_matches(blank).len();
        let to = span.start + text.trim_end_matches(blank).len();
        if from >= to {
            return None;
        }
        let mut read = Read { text: self.text[from..to].to_owned(), pieces: Vec::new(), depths: Vec::new() };
        // Where a text has many lines, each asks for its own parts alone.
        let first = self.parts.partition_point(|part| part.end <= from);
        self.parts[first..].iter().take_while(|part| part.at < to).for_each(|part| part.within(from, to, &mut read));
        Some(read)
    }

    /// Where the text of an element stands that begins behind text of this depth, with what follows it without a
    /// blank.
    pub(super) fn deeper(&self, outer: usize) -> Option<Range<usize>> {
        let text = |part: &Part| &self.text[part.at..part.end];
        let mut parts = self.parts.iter().filter(|part| !text(part).trim().is_empty());
        parts.next().filter(|part| part.depth == outer)?;
        let first = parts.find(|part| part.depth != outer).filter(|part| part.depth > outer)?;
        let apart = |part: &&Part| part.depth <= outer && text(part).starts_with(char::is_whitespace);
        Some(first.at..parts.find(apart).map_or(self.text.len(), |part| part.at))
    }
}

/// Adds the text that raw text stands for, and gives its map unless each byte stands for itself; and
/// whether references in it were encoded twice.
fn decode(raw: &str, literal: bool, text: &mut String) -> (Option<Vec<u32>>, bool) {
    if literal || !raw.contains('&') {
        text.push_str(raw);
        return (None, false);
    }
    let (once, map) = entity::decode(raw, false);
    if !entity::is_encoded(&once) {
        text.push_str(&once);
        return (Some(map), false);
    }
    let (twice, inner) = entity::decode(&once, false);
    text.push_str(&twice);
    (Some(inner.iter().map(|at| map.get(*at as usize).copied().unwrap_or(u32::MAX)).collect()), true)
}

struct Part {
    span: Range<usize>,
    quotes: Quotes,
    depth: usize,
    /// Where in the untrimmed text it stands.
    at: usize,
    end: usize,
    map: Option<Vec<u32>>,
}

impl Part {
    /// Adds what of it stands between two offsets of the untrimmed text.
    fn within(&self, from: usize, to: usize, read: &mut Read) {
        let (begin, end) = (self.at.max(from), self.end.min(to));
        if begin >= end {
            return;
        }
        let span = self.raw(begin)..self.raw(end);
        read.pieces.push(Piece { span, at: begin - from, quotes: self.quotes });
        read.depths.push((begin - from..end - from, self.depth));
    }

    fn raw(&self, offset: usize) -> usize {
        let within = offset - self.at;
        let mapped = self.map.as_ref().and_then(|map| map.get(within)).map(|at| *at as usize);
        self.span.start + mapped.unwrap_or(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw {
        let mut raw = Raw::default();
        raw.push(text);
        raw
    }

    #[test]
    fn a_value_over_tags_is_one_text_of_several_pieces() {
        let raw = raw("&nbsp; 090<b>-12&#x33;4</b>&#45;5678\n");
        let mut run = Run::default();
        run.text(0..5, false, 1);
        run.text(5..10, false, 1);
        run.text(13..23, false, 2);
        run.text(27..37, false, 1);
        let read = run.read(&raw).expect("text");
        assert_eq!(read.text, "090-1234-5678");
        let spans: Vec<_> = read.pieces.iter().map(|piece| (piece.span.clone(), piece.at)).collect();
        assert_eq!(spans, [(7..10, 0), (13..23, 3), (27..36, 8)]);
        assert_eq!(read.depths[1], (3..8, 2));
    }

    #[test]
    fn a_line_break_has_no_piece() {
        let raw = raw("a<br>b<br>");
        let mut run = Run::default();
        run.line_break();
        run.text(0..1, false, 1);
        run.line_break();
        run.text(5..6, false, 1);
        run.line_break();
        let read = run.read(&raw).expect("text");
        assert_eq!(read.text, "a\nb");
        assert_eq!(read.pieces[1].at, 2);
    }

    #[test]
    fn the_end_of_a_run_can_be_parted_off() {
        let mut run = Run::default();
        run.text(0..2, false, 1);
        run.text(5..9, false, 2);
        assert_eq!(run.split_tail(2).items.len(), 1);
        assert_eq!(run.items.len(), 1);
    }
}
