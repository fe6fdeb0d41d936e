//! A value that was veiled is veiled wherever else it stands in the same answer, in every spelling.
//!
//! All veiled values of an answer are sorted in folded spelling, and folded text is looked up in
//! them at each place where a value can begin. What is found is mapped back to the text as written,
//! and counts only as a whole token, so that `12345` is not found inside `9123456`. Every find is
//! looked at, those inside one another too: a find that does not count must not hide one that does.
//! An automaton would find the same; to build one for each answer costs more than to read the answer.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::guard::folded::{self, Folded};
use crate::terms::refusal::{Reason, Refusal};

/// How many different values of one answer are sought elsewhere; more is a refusal, not a gap.
const NEEDLES: usize = 200_000;

/// So much of a value is sorted; what follows is compared. It bounds how many finds can begin at one
/// place.
const KEY_CHARS: usize = 64;

/// A value of more words is no name, and is sought as it stands.
const NAMES_MAX: usize = 4;

/// What stands in the place of a veiled value.
#[derive(Clone)]
pub struct Veil {
    /// The text that staff gets.
    pub text: Arc<str>,
    /// How strict the action is that made it.
    pub strictness: u8,
}

/// The values that are sought, before they are sorted.
#[derive(Default)]
pub struct Needles {
    index: HashMap<String, usize>,
    rows: Vec<Row>,
}

/// What begins with one key.
#[derive(Default)]
struct Row {
    /// What stands for it in any record, if it is long enough to be sought there.
    far: Option<Veil>,
    /// What stands for it in its own records, by record.
    near: Vec<(u32, Veil)>,
    /// What may follow the key; empty for what ends with it.
    tails: Vec<String>,
    /// Too short to be sought inside longer text.
    whole: bool,
}

/// A veiled value found in other text.
pub struct Hit<'a> {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// What stands there instead.
    pub veil: &'a Veil,
}

/// The values of one answer, sorted.
#[derive(Default)]
pub struct Elsewhere {
    /// Those that can begin inside other text.
    keys: Vec<Key>,
    /// Those that are too short for that, and count only as a whole leaf.
    whole: Vec<(String, usize)>,
    rows: Vec<Row>,
    /// Which beginnings the keys have.
    begins: Begins,
}

struct Key {
    text: String,
    row: usize,
    /// The longest other key that this one begins with.
    prefix: Option<usize>,
}

/// The first bytes of all keys as a set of bits that may say yes too often; no bits where there is
/// no key.
#[derive(Default)]
struct Begins(Vec<u64>);

impl Begins {
    /// No key that can begin inside other text is shorter.
    const BYTES: usize = 3;
    const BITS: u32 = 15;

    fn place(bytes: &[u8]) -> (usize, u64) {
        let word = u32::from(bytes[0]) | u32::from(bytes[1]) << 8 | u32::from(bytes[2]) << 16;
        let hash = word.wrapping_mul(0x9e37_79b1) >> (u32::BITS - Begins::BITS);
        ((hash >> 6) as usize, 1 << (hash & 63))
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.resize(1 << (Begins::BITS - 6), 0);
        let (at, bit) = Begins::place(bytes);
        self.0[at] |= bit;
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        let (at, bit) = Begins::place(bytes);
        self.0.get(at).is_some_and(|bits| bits & bit != 0)
    }
}

impl Needles {
    /// Adds a veiled value of a record in all its spellings. Those that are shorter than `far_chars`
    /// are sought in this record alone.
    pub fn add(&mut self, value: &str, record: u32, far_chars: usize, veil: &Veil) -> Result<(), Refusal> {
        for spelling in spellings(value) {
            let chars = spelling.chars().count();
            let digits = spelling.bytes().all(|b| b.is_ascii_digit());
            let cut = spelling.char_indices().nth(KEY_CHARS).map_or(spelling.len(), |(at, _)| at);
            let (key, tail) = spelling.split_at(cut);
            let at = self.row(key)?;
            let row = &mut self.rows[at];
            row.whole = chars < 2 || key.len() < Begins::BYTES || (digits && chars < 5);
            if row.tails.last().is_none_or(|last| last != tail) {
                row.tails.push(tail.to_owned());
            }
            if chars >= far_chars {
                keep(&mut row.far, veil);
            }
            row.keep_near(record, veil);
        }
        Ok(())
    }

    fn row(&mut self, key: &str) -> Result<usize, Refusal> {
        if let Some(at) = self.index.get(key) {
            return Ok(*at);
        }
        if self.rows.len() >= NEEDLES {
            return Err(Refusal::new(Reason::Bound, format!("more than {NEEDLES} veiled values in one answer")));
        }
        self.index.insert(key.to_owned(), self.rows.len());
        self.rows.push(Row::default());
        Ok(self.rows.len() - 1)
    }

    /// Sorts them.
    pub fn build(mut self) -> Elsewhere {
        let mut all = Elsewhere::default();
        for row in &mut self.rows {
            row.tails.sort_unstable();
            row.tails.dedup();
        }
        for (text, row) in self.index {
            if self.rows[row].whole {
                all.whole.push((text, row));
            } else {
                all.begins.add(text.as_bytes());
                all.keys.push(Key { text, row, prefix: None });
            }
        }
        all.whole.sort_unstable();
        all.keys.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        for at in 1..all.keys.len() {
            let mut prefix = Some(at - 1);
            while let Some(before) = prefix.filter(|before| !all.keys[at].text.starts_with(&all.keys[*before].text)) {
                prefix = all.keys[before].prefix;
            }
            all.keys[at].prefix = prefix;
        }
        all.rows = self.rows;
        all
    }
}

impl Row {
    /// Notes what stands for it in a record; records mostly come in their order.
    fn keep_near(&mut self, record: u32, veil: &Veil) {
        let at = match self.near.last() {
            Some((last, _)) if *last >= record => self.near.binary_search_by_key(&record, |(record, _)| *record),
            _ => Err(self.near.len()),
        };
        match at {
            Ok(at) if self.near[at].1.strictness < veil.strictness => self.near[at].1 = veil.clone(),
            Ok(_) => {}
            Err(at) => self.near.insert(at, (record, veil.clone())),
        }
    }

    /// What stands for it in a text of this record.
    fn veil(&self, record: u32) -> Option<&Veil> {
        let near = self.near.binary_search_by_key(&record, |(record, _)| *record);
        near.map_or(self.far.as_ref(), |at| Some(&self.near[at].1))
    }
}

/// Of two veils for one value the stricter stands.
fn keep(kept: &mut Option<Veil>, veil: &Veil) {
    if kept.as_ref().is_none_or(|kept| kept.strictness < veil.strictness) {
        *kept = Some(veil.clone());
    }
}

impl Elsewhere {
    /// Finds veiled values in a text that belongs to `record`: in no order, and they may overlap.
    pub fn find<'a>(&'a self, text: &str, record: u32, mut hit: impl FnMut(Hit<'a>)) {
        let folded = folded::text(text);
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        if let Ok(at) = self.whole.binary_search_by(|(whole, _)| whole.cmp(&folded)) {
            found.push((0..folded.len(), self.whole[at].1));
        }
        for (start, bytes) in folded.as_bytes().windows(Begins::BYTES).enumerate() {
            if self.begins.holds(bytes) {
                self.begin(&folded, start, &mut found);
            }
        }
        if found.is_empty() {
            return;
        }
        let folded = Folded::new(text);
        for (range, row) in found {
            let row = &self.rows[row];
            let Some(veil) = row.veil(record) else { continue };
            let Some(tail) = tail(&row.tails, &folded.text[range.end..]) else { continue };
            let range = range.start..range.end + tail;
            let whole_leaf = range == (0..folded.text.len());
            if (whole_leaf || !row.whole) && folded.is_token(range.clone()) {
                hit(Hit { range: folded.written(range), veil });
            }
        }
    }

    /// Adds every key that the text has at this place. The last key that is not behind the text in
    /// the order begins with all keys that the text begins with.
    fn begin(&self, text: &str, start: usize, found: &mut Vec<(Range<usize>, usize)>) {
        let rest = &text.as_bytes()[start..];
        let mut at = self.keys.partition_point(|key| key.text.as_bytes() <= rest).checked_sub(1);
        while let Some(key) = at.map(|at| &self.keys[at]) {
            if rest.starts_with(key.text.as_bytes()) {
                found.push((start..start + key.text.len(), key.row));
            }
            at = key.prefix;
        }
    }

    /// Whether nothing is sought.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The length of the longest of the sorted tails that the text begins with.
fn tail(tails: &[String], text: &str) -> Option<usize> {
    let mut limit = text.len();
    loop {
        let before = tails.partition_point(|tail| tail.as_str() <= &text[..limit]);
        let last = tails.get(before.checked_sub(1)?)?;
        if text.starts_with(last.as_str()) {
            return Some(last.len());
        }
        // No tail between the two begins as the text does beyond what these have in common.
        let common = last.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
        limit = text.floor_char_boundary(common);
    }
}

/// The spellings under which a value may stand elsewhere, folded.
fn spellings(value: &str) -> Vec<String> {
    let folded = folded::text(value);
    // A single letter or digit (a flag, a code) stands everywhere and means nothing there.
    if folded.is_empty() || (folded.len() == 1 && folded.is_ascii()) {
        return Vec::new();
    }
    let mut all = vec![folded];
    let digits = all[0].clone();
    if digits.len() >= 10 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.starts_with('0') {
        // A domestic number may stand elsewhere with its country code (ITU-T E.164): Japan's.
        all.push(format!("81{}", &digits[1..]));
        // And without its zero behind another spelling of the code, or as a number.
        all.push(digits[1..].to_owned());
    } else if let Some(rest) = digits.strip_prefix("+81") {
        // Some write the zero in brackets behind the code.
        let national = rest.strip_prefix('0').unwrap_or(rest);
        all.extend([format!("0{national}"), national.to_owned()]);
    }
    if let Some(rest) = digits.strip_prefix('+') {
        all.push(rest.to_owned());
    }
    // Family and given names change places from one page to the next: `John R. Smith` is filed as
    // `Smith, John R.`.
    let words: Vec<&str> = value.split(parts_names).filter(|word| !word.is_empty()).collect();
    let has_digits = || value.contains(char::is_numeric);
    if words.len() == 2 || ((3..=NAMES_MAX).contains(&words.len()) && !has_digits()) {
        let ends = if words.len() == 2 { &[1][..] } else { &[1, words.len() - 1] };
        for at in ends {
            let (front, back) = (words[..*at].concat(), words[*at..].concat());
            all.extend([format!("{front},{back}"), format!("{back}{front}"), format!("{back},{front}")].map(fold));
        }
        all.push(fold(words.concat()));
    }
    all
}

fn fold(text: String) -> String {
    folded::text(&text)
}

/// What stands between the names of one person.
fn parts_names(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '、' | '，' | '・' | '･')
}

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod tests;
