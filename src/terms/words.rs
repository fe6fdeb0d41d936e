//! Names that mean something, for walkers: how a label is known that nothing marks as one.
//!
//! `氏名：山田` in running text, or a box that says `電話` above another, is a label and its value only
//! where the word is one that the rules or the built-in labels know. Walkers ask for the word; what it
//! means stays the plan's.

use std::collections::{HashMap, HashSet};

use crate::terms::{label, whose};

/// The names that a plan knows, folded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words {
    words: HashMap<String, Length>,
    /// With which characters they begin.
    begins: HashSet<char>,
    /// The longest, in characters.
    longest: usize,
}

/// How long the value of a name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// A line: a name, a number.
    Line,
    /// As many lines as there are: an address, a note.
    Text,
}

/// So many characters beside a label's own are marks around it.
const MARKS: usize = 12;

/// With so many digits a label may say which of several it is, or how many a value has.
const DIGITS_MAX: usize = 2;

impl Words {
    /// Adds a name; of two lengths the greater counts.
    pub fn add(&mut self, name: &str, length: Length) {
        let folded = label::fold(name);
        let Some(first) = folded.chars().next() else { return };
        self.begins.insert(first);
        self.longest = self.longest.max(folded.chars().count());
        let known = self.words.entry(folded).or_insert(length);
        if length == Length::Text {
            *known = length;
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How long the values of a label are, if it is one of these names.
    pub fn length(&self, label: &str) -> Option<Length> {
        // Most texts are told by their length or their first letter.
        if self.words.is_empty() || label.len() > (self.longest + MARKS) * 4 || !self.may_begin(label) {
            return None;
        }
        let folded = label::fold(label);
        self.words.get(&folded).copied().or_else(|| self.of_parts(&folded))
    }

    /// The same of a label that says several names, or one and a note in brackets.
    fn of_parts(&self, folded: &str) -> Option<Length> {
        // So many digits are a value beside a label: `電話番号 090-…`.
        if folded.chars().filter(|c| c.is_numeric()).nth(DIGITS_MAX).is_some() {
            return None;
        }
        let (outside, _) = label::parts(folded);
        let lengths = outside.iter().map(|part| self.words.get(*part).copied());
        let lengths: Vec<Length> = lengths.collect::<Option<_>>()?;
        lengths.iter().copied().find(|length| *length == Length::Text).or(lengths.first().copied())
    }

    /// Whether a label is one of these names.
    pub fn know(&self, label: &str) -> bool {
        self.length(label).is_some()
    }

    fn may_begin(&self, label: &str) -> bool {
        let Some(first) = label.trim_start().chars().next() else { return false };
        if whose::may_begin(first) {
            return true;
        }
        match first {
            'a'..='z' | '0'..='9' | '一'..='\u{9fff}' | 'ぁ'..='ゖ' => self.begins.contains(&first),
            'A'..='Z' => self.begins.contains(&first.to_ascii_lowercase()),
            // It may fold to another, or be a mark before the label.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_known_by_their_words_alone() {
        let mut words = Words::default();
        words.add("電話番号", Length::Line);
        words.add("Ｅメール", Length::Line);
        words.add("備考", Length::Line);
        words.add("備考", Length::Text);
        words.add("備考", Length::Line);
        words.add("：", Length::Line);
        for (label, length) in [
            ("電話番号", Some(Length::Line)),
            (" ※電話番号（必須）：", Some(Length::Line)),
            ("Eメール", Some(Length::Line)),
            ("備考", Some(Length::Text)),
            ("電話", None),
            ("電話番号は次の通り", None),
            ("電 話 番 号（ハイフンなし）", Some(Length::Line)),
            ("電話番号 / 備考", Some(Length::Text)),
            ("電話番号・来店", None),
            ("ご契約者様の電話番号：", Some(Length::Line)),
            ("会員電話番号", Some(Length::Line)),
            ("会員備考", None),
            ("（電話番号）", None),
            ("電話番号2", Some(Length::Line)),
            ("電話番号 888003", None),
            ("電話番号（888003）", None),
            ("", None),
        ] {
            assert_eq!(words.length(label), length, "{label}");
        }
        assert!(!Words::default().know("電話番号"));
    }
}
