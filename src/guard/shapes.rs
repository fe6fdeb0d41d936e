//! Numbers in running text that have the shape of one that is veiled in the same answer, and that no detector
//! takes for one: glued to letters (`k09012345678k`), in single digits, without their zero.
//!
//! The veiled number itself is known again in all these spellings and is taken out. If only that one were, whoever may
//! write the text could write a thousand candidates and see which of them goes. So all of them go, in one way.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::detect::{self, Found};
use crate::guard::folded::{self, Folded};

/// A number of fewer digits is not looked after: sums and dates have as many.
const DIGITS_MIN: usize = 10;

/// A number of another sort than telephone numbers is as long at least.
const OTHERS_MIN: usize = 11;

/// No number that is looked after is longer, and none is written in more groups.
const DIGITS_MAX: usize = 19;

/// The shapes of the numbers that one answer veils.
#[derive(Default)]
pub(super) struct Shapes {
    phones: bool,
    lengths: BTreeSet<usize>,
}

impl Shapes {
    /// Notes a value that is veiled.
    pub(super) fn note(&mut self, value: &str) {
        if value.len() > 4 * DIGITS_MAX || value.bytes().filter(u8::is_ascii_digit).count() == 0 && value.is_ascii() {
            return;
        }
        let mut text = Vec::new();
        folded::append(value, &mut text);
        let digits = text.strip_prefix(b"+").unwrap_or(&text);
        let is_number = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        if is_number && is_phone(digits) {
            self.phones = true;
        } else if is_number && digits.len() >= OTHERS_MIN {
            self.lengths.insert(digits.len());
        }
    }

    /// Whether nothing is looked after.
    pub(super) fn is_empty(&self) -> bool {
        !self.phones && self.lengths.is_empty()
    }

    /// The numbers of these shapes in a text of several words, or in a note, but for those that were found.
    pub(super) fn each(&self, text: &str, (found, is_note): (&[Found], bool), mut take: impl FnMut(Range<usize>)) {
        let is_digit = |c: char| c.is_numeric();
        // Most texts hold no number at all, and others nothing else.
        if self.is_empty() || !text.contains(is_digit) || !(is_note || says_more(text)) {
            return;
        }
        let folded = Folded::new(text);
        let groups = groups(&folded);
        let is_taken =
            |range: &Range<usize>| found.iter().any(|one| one.range.start < range.end && range.start < one.range.end);
        let mut at = 0;
        while at < groups.len() {
            let joined = (at..groups.len()).take_while(|end| {
                let range = groups[at].start..groups[*end].end;
                // Only what folding leaves out stands between them.
                range.len() <= DIGITS_MAX && (at..*end).all(|before| groups[before].end == groups[before + 1].start)
            });
            let hit = joined.filter(|end| self.has(&folded.text.as_bytes()[groups[at].start..groups[*end].end])).last();
            let Some(end) = hit else {
                at += 1;
                continue;
            };
            let range = groups[at].start..groups[end].end;
            let is_all = range == (0..folded.text.len());
            let written = folded.written(range);
            if !is_all && !is_taken(&written) {
                take(written);
            }
            at = end + 1;
        }
    }

    fn has(&self, digits: &[u8]) -> bool {
        (self.phones && is_phone(digits)) || self.lengths.contains(&digits.len())
    }
}

/// Whether a text is several words: one alone may be the name or the number of something.
fn says_more(text: &str) -> bool {
    let has_letters = text.contains(char::is_alphabetic);
    has_letters && text.contains(|c: char| c.is_whitespace() || (!c.is_ascii() && c.is_alphabetic()))
}

/// Whether digits are a telephone number of Japan: with its zero, with its country code, or a mobile one without.
fn is_phone(digits: &[u8]) -> bool {
    match digits {
        [b'0', ..] => detect::fits_the_plan_of_japan(digits),
        [b'8', b'1', rest @ ..] if digits.len() > DIGITS_MIN => {
            let national = [b"0", rest.strip_prefix(b"0").unwrap_or(rest)].concat();
            detect::fits_the_plan_of_japan(&national)
        }
        _ => digits.len() == DIGITS_MIN && detect::fits_the_plan_of_japan(&[b"0", digits].concat()),
    }
}

/// The digits that stand side by side as written, in bytes of the folded text.
fn groups(folded: &Folded<'_>) -> Vec<Range<usize>> {
    let bytes = folded.text.as_bytes();
    let mut groups: Vec<Range<usize>> = Vec::new();
    for at in (0..bytes.len()).filter(|at| bytes[*at].is_ascii_digit()) {
        let touches = |last: &Range<usize>| {
            last.end == at && folded.written(last.clone()).end == folded.written(at..at + 1).start
        };
        match groups.last_mut().filter(|last| touches(last)) {
            Some(last) => last.end = at + 1,
            None => groups.push(at..at + 1),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_veiled_shape_go_and_others_stay() {
        for (value, text, expected) in [
            ("090-1234-5678", "k09087654321k x", &["09087654321"][..]),
            ("090-1234-5678", "お電話は9087654321から", &["9087654321"]),
            // One word may be the name of something.
            ("090-1234-5678", "k09087654321k", &[]),
            ("090-1234-5678", "0081 90 8765 4321", &[]),
            ("090-1234-5678", "call 9087654321 now", &["9087654321"]),
            ("090-1234-5678", "call 819087654321 now", &["819087654321"]),
            ("090-1234-5678", "0 9 0 8 7 6 5 4 3 2 1 please", &["0 9 0 8 7 6 5 4 3 2 1"]),
            ("090-1234-5678", "1 k9087654321k", &["9087654321"]),
            ("090-1234-5678", "no 1 9087654321 2", &["9087654321"]),
            // All of it may be the number of an order.
            ("090-1234-5678", "9087654321", &[]),
            ("090-1234-5678", "order 1234567890, 2026-11-22 10:30, 12 34 56", &[]),
            ("山田", "k09087654321k x", &[]),
            ("123456789018", "a 123456789019b", &["123456789019"]),
            ("1978-04-12", "on 1980-05-13", &[]),
        ] {
            let mut shapes = Shapes::default();
            shapes.note(value);
            let mut taken = Vec::new();
            shapes.each(text, (&[], false), |range| taken.push(text[range].to_owned()));
            assert_eq!(taken, expected, "{value} {text}");
            taken.clear();
            shapes.each("k09087654321k", (&[], true), |range| taken.push(text.get(range).is_some().to_string()));
            assert_eq!(taken.len(), usize::from(value.starts_with("090")), "a note");
        }
    }
}
