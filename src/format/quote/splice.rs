//! Edits of a leaf's text as edits of the raw body.
//!
//! An edit is first tried as the smallest change: the new text, encoded, between the characters
//! that stay. Where quoting can run together across such a seam (`&am` and `p;`), the result is
//! decoded again, and if it does not say what was meant, the whole piece is written anew. So what
//! comes out is checked, not hoped for.

use std::ops::Range;

use crate::format::quote::{Decoded, Malformed, decode, encode};
use crate::terms::leaf::Piece;
use crate::terms::quote::{Quote, Quotes};

/// The edits of the raw body, in its order.
pub fn all(
    raw: &str,
    pieces: &[Piece],
    base: usize,
    edits: &[(Range<usize>, &str)],
) -> Result<Vec<(Range<usize>, String)>, Malformed> {
    if let Some(edit) = simple(raw, pieces, base, edits) {
        return Ok(vec![edit]);
    }
    let mut placed = vec![false; edits.len()];
    let mut made = Vec::with_capacity(edits.len());
    check_order(edits)?;
    for piece in pieces {
        let start = piece.span.start.checked_sub(base).ok_or(Malformed { at: 0 })?;
        let end = piece.span.end.checked_sub(base).ok_or(Malformed { at: 0 })?;
        let source = raw.get(start..end).ok_or(Malformed { at: start })?;
        let decoded = decode::layers(piece.quotes, source).map_err(|e| Malformed { at: start + e.at })?;
        let cuts = cuts(piece.at, decoded.text.len(), edits, &mut placed);
        if cuts.is_empty() {
            continue;
        }
        let run = Run { source, decoded, quotes: piece.quotes, opens_leaf: piece.at == 0 };
        let at_fault = |_| Malformed { at: start };
        for (range, text) in run.edit(cuts).map_err(at_fault)? {
            made.push((piece.span.start + range.start..piece.span.start + range.end, text));
        }
    }
    // Text that stands in no piece (a blank that the walker put in) cannot be edited.
    if placed.contains(&false) { Err(Malformed { at: 0 }) } else { Ok(made) }
}

/// What most edits are: one that replaces all of a string in JSON that has no escapes.
fn simple(raw: &str, pieces: &[Piece], base: usize, edits: &[(Range<usize>, &str)]) -> Option<(Range<usize>, String)> {
    let ([piece], [(range, text)]) = (pieces, edits) else { return None };
    let span = piece.span.start.checked_sub(base)?..piece.span.end.checked_sub(base)?;
    let whole = piece.at == 0 && *range == (0..span.len()) && !span.is_empty();
    let plain = |byte: u8| !matches!(byte, b'"' | b'\\' | ..b' ');
    let fits = whole && piece.quotes.layers() == [Quote::Json] && raw.get(span)?.bytes().all(plain);
    fits.then(|| (piece.span.clone(), encode::layers(piece.quotes, text)))
}

fn check_order(edits: &[(Range<usize>, &str)]) -> Result<(), Malformed> {
    let mut last = 0;
    for (range, _) in edits {
        if range.start < last || range.end < range.start {
            return Err(Malformed { at: 0 });
        }
        last = range.end;
    }
    Ok(())
}

/// A part of a run's text and what takes its place.
struct Cut<'a> {
    range: Range<usize>,
    with: &'a str,
}

/// What the edits cut out of the run that begins at `at` of the leaf's text.
fn cuts<'a>(at: usize, length: usize, edits: &[(Range<usize>, &'a str)], placed: &mut [bool]) -> Vec<Cut<'a>> {
    let mut cuts = Vec::new();
    // They are in order.
    let first = edits.partition_point(|(range, _)| range.end < at);
    let count = edits[first..].partition_point(|(range, _)| range.start <= at + length);
    for ((range, replacement), placed) in edits[first..first + count].iter().zip(&mut placed[first..]) {
        let touches = if range.is_empty() {
            !*placed && at <= range.start && range.start <= at + length
        } else {
            range.start < at + length && at < range.end
        };
        if touches {
            let with = if *placed { "" } else { *replacement };
            *placed = true;
            let inside = range.start.max(at) - at..range.end.min(at + length) - at;
            cuts.push(Cut { range: inside, with });
        }
    }
    cuts
}

/// One run of the leaf as it stands in the body.
struct Run<'a> {
    source: &'a str,
    decoded: Decoded,
    quotes: Quotes,
    opens_leaf: bool,
}

impl Run<'_> {
    fn edit(&self, cuts: Vec<Cut<'_>>) -> Result<Vec<(Range<usize>, String)>, Malformed> {
        let mut expected = self.expected(&cuts)?;
        let at_start = self.opens_leaf && cuts.first().is_some_and(|cut| cut.range.start == 0);
        if at_start && encode::is_formula(self.quotes, &expected) {
            expected.insert(0, '\'');
        } else if let Some(edits) = self.smallest(&cuts)
            && (self.quotes.layers().iter().all(stands_alone) || self.reads(&edits, &expected))
        {
            return Ok(edits);
        }
        self.anew(&expected)
    }

    /// The text of this run after the cuts.
    fn expected(&self, cuts: &[Cut<'_>]) -> Result<String, Malformed> {
        let mut text = String::with_capacity(self.decoded.text.len());
        let mut last = 0;
        for cut in cuts {
            self.decoded.text.get(cut.range.clone()).ok_or(Malformed { at: 0 })?;
            text.push_str(&self.decoded.text[last..cut.range.start]);
            text.push_str(cut.with);
            last = cut.range.end;
        }
        text.push_str(&self.decoded.text[last..]);
        Ok(text)
    }

    /// Each cut on its own, if its ends stand between characters in the raw text as well.
    fn smallest(&self, cuts: &[Cut<'_>]) -> Option<Vec<(Range<usize>, String)>> {
        cuts.iter()
            .map(|cut| {
                let all = cut.range == (0..self.decoded.text.len());
                if all {
                    return Some((0..self.source.len(), encode::layers(self.quotes, cut.with)));
                }
                let range = self.seam(cut.range.start)?..self.seam(cut.range.end)?;
                Some((range, encode::part(self.quotes, cut.with)?))
            })
            .collect()
    }

    /// Where in the raw text the character at `at` begins, unless it shares its raw bytes with the
    /// one before: some entities stand for two characters.
    fn seam(&self, at: usize) -> Option<usize> {
        let raw = self.decoded.map[at];
        let shared = at > 0 && self.decoded.map[at - 1] == raw;
        (!shared).then_some(raw as usize)
    }

    fn reads(&self, edits: &[(Range<usize>, String)], expected: &str) -> bool {
        let mut candidate = String::with_capacity(self.source.len());
        let mut last = 0;
        for (range, text) in edits {
            candidate.push_str(&self.source[last..range.start]);
            candidate.push_str(text);
            last = range.end;
        }
        candidate.push_str(&self.source[last..]);
        decode::layers(self.quotes, &candidate).is_ok_and(|decoded| decoded.text == expected)
    }

    fn anew(&self, expected: &str) -> Result<Vec<(Range<usize>, String)>, Malformed> {
        let written = encode::layers(self.quotes, expected);
        let decoded = decode::layers(self.quotes, &written)?;
        if decoded.text != expected && !self.quotes.layers().iter().any(breaks_up) {
            return Err(Malformed { at: 0 });
        }
        Ok(vec![(0..self.source.len(), written)])
    }
}

/// Whether no two characters of this quoting can run together into something else.
fn stands_alone(quote: &Quote) -> bool {
    matches!(quote, Quote::Verbatim | Quote::Json | Quote::CsvQuoted | Quote::Form | Quote::XmlValue)
}

/// Whether this quoting has no escapes, so that what would end it is broken up instead, or held together.
fn breaks_up(quote: &Quote) -> bool {
    matches!(
        quote,
        Quote::HtmlTag
            | Quote::HtmlComment
            | Quote::XmlComment
            | Quote::XmlData
            | Quote::Script { quote: b'*' | b'\n' }
    )
}
