//! A value that was veiled is veiled wherever else it stands in the same answer, in every spelling.
//!
//! All veiled values of an answer become one automaton over folded text. What it finds is mapped
//! back to the text as written, and counts only as a whole token, so that `12345` is not found
//! inside `9123456`. Every find is looked at, those inside one another too: a find that does not
//! count must not hide one that does.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;

use crate::guard::folded::Folded;
use crate::terms::refusal::{Reason, Refusal};

/// How many different values of one answer are sought elsewhere; more is a refusal, not a gap.
const NEEDLES: usize = 200_000;

/// So much of a value is sought by the automaton; what follows is compared. It bounds the automaton
/// and how many finds can end at one place.
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

/// The values that are sought, before the automaton is built.
#[derive(Default)]
pub struct Needles {
    index: HashMap<String, usize>,
    rows: Vec<Row>,
    /// By row and record: what stands for it in that record.
    near: HashMap<(usize, u32), Option<Veil>>,
}

/// What begins with one key.
#[derive(Default)]
struct Row {
    /// What stands for it in any record, if it is long enough to be sought there.
    far: Option<Veil>,
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

/// The values of one answer as an automaton.
pub struct Elsewhere {
    automaton: Option<AhoCorasick>,
    rows: Vec<Row>,
    near: HashMap<(usize, u32), Option<Veil>>,
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
            row.whole = chars < 2 || (digits && chars < 5) || (spelling.is_ascii() && chars < 3);
            if row.tails.last().is_none_or(|last| last != tail) {
                row.tails.push(tail.to_owned());
            }
            if chars >= far_chars {
                keep(&mut row.far, veil);
            }
            keep(self.near.entry((at, record)).or_default(), veil);
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

    /// Builds the automaton.
    pub fn build(mut self) -> Result<Elsewhere, Refusal> {
        if self.rows.is_empty() {
            return Ok(Elsewhere { automaton: None, rows: Vec::new(), near: HashMap::new() });
        }
        let mut keys = vec![""; self.rows.len()];
        for (key, at) in &self.index {
            keys[*at] = key;
        }
        let automaton = AhoCorasick::new(keys)
            .map_err(|_| Refusal::new(Reason::Bound, "the veiled values of one answer make too large an automaton"))?;
        for row in &mut self.rows {
            row.tails.sort_unstable();
            row.tails.dedup();
        }
        Ok(Elsewhere { automaton: Some(automaton), rows: self.rows, near: self.near })
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
        let Some(automaton) = &self.automaton else { return };
        let folded = Folded::new(text);
        for found in automaton.find_overlapping_iter(&folded.text) {
            let at = found.pattern().as_usize();
            let row = &self.rows[at];
            let Some(veil) = self.near.get(&(at, record)).unwrap_or(&row.far) else { continue };
            let Some(tail) = tail(&row.tails, &folded.text[found.end()..]) else { continue };
            let range = found.start()..found.end() + tail;
            let whole_leaf = range == (0..folded.text.len());
            if (whole_leaf || !row.whole) && folded.is_token(range.clone()) {
                hit(Hit { range: folded.written(range), veil });
            }
        }
    }

    /// Whether nothing is sought.
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
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
    let folded = Folded::new(value).text;
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
        all.push(format!("0{rest}"));
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
    Folded::new(&text).text
}

/// What stands between the names of one person.
fn parts_names(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '、' | '，' | '・' | '･')
}

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod tests;
