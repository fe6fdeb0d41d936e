//! The values that are sought elsewhere in their answer, before and after they are sorted: all in one
//! text, since an answer has thousands.

use std::cmp::Reverse;
use std::ops::Range;

use crate::guard::elsewhere::Elsewhere;
use crate::guard::spellings::{Spelling, spell};
use crate::terms::refusal::{Reason, Refusal};

/// How many different values of one answer are sought elsewhere; more is a refusal, not a gap.
pub(super) const NEEDLES: usize = 200_000;

/// How many spellings of them all are kept, those of the same value in other records too.
const SPELLINGS: usize = 16 * NEEDLES;

/// So much of a value is sorted; what follows is compared. It bounds how many finds can begin at one
/// place.
const KEY_CHARS: usize = 64;

/// No key that can begin inside other text is shorter.
pub(super) const BEGIN_BYTES: usize = 3;

/// What stands in the place of a veiled value.
#[derive(Clone, Copy)]
pub struct Veil<'a> {
    /// The text that staff gets.
    pub text: &'a str,
    /// How strict the action is that made it.
    pub strictness: u8,
}

/// The values that are sought, before they are sorted.
#[derive(Default)]
pub struct Needles {
    texts: Texts,
    all: Vec<Needle>,
    spellings: Vec<Spelling>,
}

/// Folded values, and the veils that stand for them.
#[derive(Default)]
pub(super) struct Texts {
    values: Vec<u8>,
    veils: String,
    /// Where in `veils` each ends, and how strict the action is that made it.
    ends: Vec<(usize, u8)>,
}

/// One spelling of one value in one record.
pub(super) struct Needle {
    /// How its key begins, as a number: to compare two is mostly to compare these.
    pub(super) head: u128,
    pub(super) key: Span,
    /// What follows the key; most are no longer than that.
    pub(super) tail: Span,
    pub(super) record: u32,
    pub(super) veil: u32,
    pub(super) strictness: u8,
    /// Long enough to be sought in other records.
    pub(super) far: bool,
    /// Too short to be sought inside longer text.
    pub(super) whole: bool,
}

/// A part of the texts.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Texts {
    pub(super) fn value(&self, span: Span) -> &[u8] {
        &self.values[span.range()]
    }

    pub(super) fn veil(&self, number: u32) -> Veil<'_> {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before].0);
        let (end, strictness) = self.ends[number];
        Veil { text: &self.veils[start..end], strictness }
    }
}

impl Needles {
    /// Adds a veiled value of a record in all its spellings. Those that are shorter than `far_chars`
    /// are sought in this record alone.
    pub fn add(&mut self, value: &str, record: u32, far_chars: usize, veil: Veil<'_>) -> Result<(), Refusal> {
        self.spellings.clear();
        spell(value, &mut self.texts.values, &mut self.spellings);
        // So they can all be counted in numbers of 32 bits.
        if self.all.len() + self.spellings.len() > SPELLINGS || u32::try_from(self.texts.values.len()).is_err() {
            return Err(too_many());
        }
        let number = self.texts.ends.len() as u32;
        for spelling in &self.spellings {
            let text = &self.texts.values[spelling.clone()];
            let chars = text.iter().filter(|byte| begins_character(**byte)).count();
            let digits = chars < 5 && text.iter().all(u8::is_ascii_digit);
            let cut = if chars > KEY_CHARS { cut(text) } else { text.len() };
            let [start, middle, end] = [spelling.start, spelling.start + cut, spelling.end].map(|at| at as u32);
            self.all.push(Needle {
                head: head(&text[..cut]),
                key: Span { start, end: middle },
                tail: Span { start: middle, end },
                record,
                veil: number,
                strictness: veil.strictness,
                far: chars >= far_chars,
                whole: chars < 2 || cut < BEGIN_BYTES || digits,
            });
        }
        self.texts.veils.push_str(veil.text);
        self.texts.ends.push((self.texts.veils.len(), veil.strictness));
        Ok(())
    }

    /// Sorts them.
    pub fn build(mut self) -> Result<Elsewhere, Refusal> {
        let texts = &self.texts;
        // Of two veils for one value the stricter stands, and of two as strict the first.
        self.all.sort_unstable_by(|a, b| {
            let keys = || texts.value(a.key).cmp(texts.value(b.key));
            let place = |needle: &Needle| (needle.record, Reverse(needle.strictness), needle.veil);
            let veils = || place(a).cmp(&place(b));
            a.head.cmp(&b.head).then_with(keys).then_with(veils)
        });
        Elsewhere::new(self.texts, &self.all)
    }
}

pub(super) fn too_many() -> Refusal {
    Refusal::new(Reason::Bound, format!("more than {NEEDLES} veiled values in one answer"))
}

fn begins_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// Where a key ends.
fn cut(text: &[u8]) -> usize {
    let mut characters = text.iter().enumerate().filter(|(_, byte)| begins_character(**byte));
    characters.nth(KEY_CHARS).map_or(text.len(), |(at, _)| at)
}

/// The first bytes as a number that is greater where the text comes later.
fn head(text: &[u8]) -> u128 {
    let mut first = [0; 16];
    let length = text.len().min(first.len());
    first[..length].copy_from_slice(&text[..length]);
    u128::from_be_bytes(first)
}
