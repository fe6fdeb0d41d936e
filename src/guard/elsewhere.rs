//! A value that was veiled is veiled wherever else it stands in the same answer, in every spelling.
//!
//! All veiled values of an answer become one automaton over folded text: width, case, blanks,
//! hyphens and brackets do not count. What it finds is mapped back to the text as written, and
//! counts only as a whole token, so that `12345` is not found inside `9123456`.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use unicode_normalization::UnicodeNormalization;

use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};

/// How many different values of one answer are sought elsewhere; more is a refusal, not a gap.
const NEEDLES: usize = 200_000;

/// A veiled value and what stands in its place.
pub struct Veiled {
    /// The record that it belongs to.
    pub record: u32,
    /// Its kind.
    pub kind: KindId,
    /// What staff gets for it.
    pub veil: String,
    /// The action's word.
    pub action: &'static str,
    /// Whether it is sought only in its own record.
    pub near: bool,
    /// Whether it is too short to be sought inside longer text.
    pub whole: bool,
}

/// The values that are sought, before the automaton is built.
#[derive(Default)]
pub struct Needles {
    keys: Vec<String>,
    index: HashMap<String, usize>,
    values: Vec<Vec<Veiled>>,
}

/// A veiled value found in other text.
pub struct Hit<'a> {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// Which value.
    pub veiled: &'a Veiled,
}

/// The values of one answer as an automaton.
pub struct Elsewhere {
    automaton: Option<AhoCorasick>,
    values: Vec<Vec<Veiled>>,
}

impl Needles {
    /// Adds a veiled value in all its spellings.
    pub fn add(&mut self, value: &str, elsewhere_chars: usize, veiled: impl Fn(bool, bool) -> Veiled) -> Result<(), Refusal> {
        for key in spellings(value) {
            let chars = key.chars().count();
            let near = chars < elsewhere_chars;
            let digits = key.bytes().all(|b| b.is_ascii_digit());
            let whole = chars < 2 || (digits && chars < 5) || (key.is_ascii() && chars < 3);
            let at = match self.index.get(&key) {
                Some(at) => *at,
                None => self.insert(key)?,
            };
            self.values[at].push(veiled(near, whole));
        }
        Ok(())
    }

    fn insert(&mut self, key: String) -> Result<usize, Refusal> {
        if self.keys.len() >= NEEDLES {
            return Err(Refusal::new(Reason::Bound, format!("more than {NEEDLES} veiled values in one answer")));
        }
        let at = self.keys.len();
        self.index.insert(key.clone(), at);
        self.keys.push(key);
        self.values.push(Vec::new());
        Ok(at)
    }

    /// Builds the automaton.
    pub fn build(self) -> Result<Elsewhere, Refusal> {
        if self.keys.is_empty() {
            return Ok(Elsewhere { automaton: None, values: Vec::new() });
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(&self.keys)
            .map_err(|_| Refusal::new(Reason::Bound, "the veiled values of one answer make too large an automaton"))?;
        Ok(Elsewhere { automaton: Some(automaton), values: self.values })
    }
}

impl Elsewhere {
    /// Finds veiled values in a text that belongs to `record`; in order, never overlapping.
    pub fn find<'a>(&'a self, text: &str, record: u32, mut hit: impl FnMut(Hit<'a>)) {
        let Some(automaton) = &self.automaton else { return };
        let folded = Folded::new(text);
        for found in automaton.find_iter(&folded.text) {
            let veiled = &self.values[found.pattern().as_usize()];
            let whole_leaf = found.start() == 0 && found.end() == folded.text.len();
            let fits = |v: &&Veiled| (!v.near || v.record == record) && (!v.whole || whole_leaf);
            let same = veiled.iter().filter(fits).find(|v| v.record == record);
            let Some(veiled) = same.or_else(|| veiled.iter().find(fits)) else { continue };
            if folded.is_token(found.start()..found.end()) {
                hit(Hit { range: folded.written(found.start()..found.end()), veiled });
            }
        }
    }

    /// Whether nothing is sought.
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }
}

/// The spellings under which a value may stand elsewhere, folded.
fn spellings(value: &str) -> Vec<String> {
    let folded = Folded::new(value).text;
    if folded.is_empty() {
        return Vec::new();
    }
    let mut all = vec![folded];
    let digits = all[0].clone();
    if digits.len() >= 10 && digits.bytes().all(|b| b.is_ascii_digit()) && digits.starts_with('0') {
        // A domestic number may stand elsewhere with its country code (ITU-T E.164): Japan's.
        all.push(format!("81{}", &digits[1..]));
    } else if let Some(rest) = digits.strip_prefix("+81") {
        all.push(format!("0{rest}"));
    }
    if let Some(rest) = digits.strip_prefix('+') {
        all.push(rest.to_owned());
    }
    let mut words = value.split_whitespace();
    if let (Some(first), Some(second), None) = (words.next(), words.next(), words.next()) {
        // Family and given name change places from one page to the next.
        all.push(Folded::new(&format!("{second}{first}")).text);
        all.push(Folded::new(&format!("{second},{first}")).text);
        all.push(Folded::new(&format!("{first},{second}")).text);
    }
    all
}

/// A text with what spelling does not count taken out, and the way back.
struct Folded<'a> {
    raw: &'a str,
    text: String,
    /// For each byte of `text`, where its character begins in `raw`.
    starts: Vec<u32>,
    /// For each byte of `text`, where its character ends in `raw`.
    ends: Vec<u32>,
}

impl<'a> Folded<'a> {
    fn new(raw: &'a str) -> Folded<'a> {
        let mut folded =
            Folded { raw, text: String::with_capacity(raw.len()), starts: Vec::with_capacity(raw.len()), ends: Vec::with_capacity(raw.len()) };
        for (start, c) in raw.char_indices() {
            let end = start + c.len_utf8();
            if c.is_ascii() {
                folded.push(c.to_ascii_lowercase(), start, end);
            } else {
                let mut buffer = [0; 4];
                for c in c.encode_utf8(&mut buffer).nfkc().flat_map(char::to_lowercase) {
                    folded.push(c, start, end);
                }
            }
        }
        folded
    }

    fn push(&mut self, c: char, start: usize, end: usize) {
        if is_noise(c) {
            return;
        }
        let c = katakana(c);
        self.text.push(c);
        for _ in 0..c.len_utf8() {
            self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
            self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
        }
    }

    fn written(&self, range: Range<usize>) -> Range<usize> {
        self.starts[range.start] as usize..self.ends[range.end - 1] as usize
    }

    /// Whether no letter or digit of the same sort touches the range from outside.
    fn is_token(&self, range: Range<usize>) -> bool {
        let written = self.written(range);
        let inside = &self.raw[written.clone()];
        let before = self.raw[..written.start].chars().next_back();
        let after = self.raw[written.end..].chars().next();
        !touches(before, inside.chars().next()) && !touches(inside.chars().next_back(), after)
    }
}

/// Characters that people put in or leave out.
fn is_noise(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '(' | ')' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' | 'ー' | '\u{30fb}')
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}')
}

/// Hiragana as katakana: kana fields are typed in either.
fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        other => other,
    }
}

fn touches(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    (left.is_numeric() && right.is_numeric()) || (latin(left) && latin(right))
}

fn latin(c: char) -> bool {
    c.is_alphabetic() && (c as u32) < 0x250
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::kind;

    fn found(value: &str, text: &str) -> Vec<String> {
        let mut needles = Needles::default();
        let make = |near, whole| Veiled { record: 1, kind: kind::PHONE, veil: "*".into(), action: "mask", near, whole };
        needles.add(value, 6, make).expect("few needles");
        let elsewhere = needles.build().expect("a small automaton");
        let mut hits = Vec::new();
        elsewhere.find(text, 1, |hit| hits.push(text[hit.range].to_owned()));
        hits
    }

    #[test]
    fn spellings_are_one_value() {
        for (value, text, hit) in [
            ("090-1234-5678", "電話09012345678まで", "09012345678"),
            ("090-1234-5678", "call +81 90 1234 5678.", "81 90 1234 5678"),
            ("+81 90-1234-5678", "tel 090 1234 5678", "090 1234 5678"),
            ("０９０１２３４５６７８", "(090)1234-5678", "090)1234-5678"),
            ("山田 太郎", "山田太郎様", "山田太郎"),
            ("山田 太郎", "太郎　山田 より", "太郎　山田"),
            ("ヤマダ", "やまださん", "やまだ"),
            ("Taro@Example.JP", "mail taro@example.jp now", "taro@example.jp"),
        ] {
            assert_eq!(found(value, text), [hit], "{text}");
        }
    }

    #[test]
    fn only_whole_tokens_count() {
        for (value, text) in [("12345678", "9123456780"), ("smith", "smithson"), ("anna", "Johanna"), ("1234", "code 1234 here")] {
            assert_eq!(found(value, text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(found("1234", "1234"), ["1234"]);
    }
}
