//! Patterns that rules add: regular expressions of a linear engine, each for one kind.
//!
//! `\b` means a boundary of ASCII words here. The Unicode one counts kanji and kana as letters, so
//! that it finds nothing in `電話090-…`, and it is a hundred times slower.
//! A pattern looks both at the text as it stands and at its folded shadow.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use crate::detect::shadow::Shadow;
use crate::detect::{DetectError, Found};
use crate::terms::kind::KindId;

/// Memory that one compiled pattern may take, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// Characters that one pattern may have.
const PATTERN_CHARS_MAX: usize = 4096;

/// How many bytes one pattern may read of one text. A search is linear in what it reads, but one for
/// all finds is not: `.*[0-9]|x` reads to the text's end for each `x`. What lies behind the last find
/// that was within this bound counts as found.
const READ_BYTES_MAX: usize = 128 << 20;

/// A pattern of the rules.
pub struct Pattern {
    kind: KindId,
    regex: Regex,
}

impl Pattern {
    /// Compiles the pattern that stands at `index` in the rules' list.
    pub fn new(index: usize, kind: KindId, pattern: &str) -> Result<Pattern, DetectError> {
        if pattern.len() > PATTERN_CHARS_MAX {
            return Err(DetectError::TooLarge { index });
        }
        let regex = RegexBuilder::new(&with_ascii_boundaries(pattern))
            .size_limit(COMPILED_BYTES_MAX)
            .dfa_size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => DetectError::TooLarge { index },
                other => DetectError::Pattern { index, message: last_line(&other.to_string()) },
            })?;
        Ok(Pattern { kind, regex })
    }

    /// Adds what the pattern finds.
    pub fn find(&self, text: &str, shadow: &Shadow<'_>, found: &mut Vec<Found>) {
        let find = |range| Found { range, kind: self.kind, certain: false, evidence: "pattern" };
        self.each(shadow.text(), |range| found.push(find(shadow.origin(range))));
        if shadow.differs() {
            self.each(text, |range| found.push(find(range)));
        }
    }

    /// Shows what is found, and what nobody may search any more.
    fn each(&self, text: &str, mut show: impl FnMut(Range<usize>)) {
        let mut read = 0;
        for hit in self.regex.find_iter(text) {
            // The search for the next find may read all that follows this one.
            let rest = text.len() - hit.end();
            read += rest;
            if read > READ_BYTES_MAX && rest > 0 {
                return show(hit.start()..text.len());
            }
            if !hit.is_empty() {
                show(hit.range());
            }
        }
    }
}

/// Writes `(?-u:\b)` for every `\b`.
fn with_ascii_boundaries(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = &rest[at..];
        let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
        let braced = escape.strip_prefix(r"\b{").and_then(|inner| inner.find('}')).map(|end| r"\b{}".len() + end);
        let length = braced.unwrap_or(length);
        let boundary = escape.starts_with(r"\b");
        let written = &escape[..length];
        if boundary {
            out.extend(["(?-u:", written, ")"])
        } else {
            out.push_str(written)
        }
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// The engine draws the pattern over several lines and tells what is wrong in the last.
fn last_line(message: &str) -> String {
    let line = message.trim().lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_those_of_ascii_words() {
        for (pattern, written) in [
            (r"\bM-\d{8}\b", r"(?-u:\b)M-\d{8}(?-u:\b)"),
            (r"\\bar", r"\\bar"),
            (r"\b{start}x", r"(?-u:\b{start})x"),
            (r"\", r"\"),
            ("", ""),
        ] {
            assert_eq!(with_ascii_boundaries(pattern), written);
        }
    }

    fn found(pattern: &str, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        Pattern::new(0, KindId(40), pattern).expect("a pattern").find(text, &Shadow::of(text), &mut found);
        found.into_iter().map(|found| found.range).collect()
    }

    /// No clock is asked: with an engine that turns back, or with finds that each read to the end, none
    /// of these would end while anybody waits for the tests.
    #[test]
    fn no_pattern_runs_away() {
        let long = "a".repeat(1 << 20);
        for pattern in ["(a+)+$|b", "(a|aa)+!", "(a*)*b", "(.*)(.*)(.*)(.*)[^a]", "(?:a?){50}a{50}!"] {
            assert!(found(pattern, &long).len() <= 1, "{pattern}");
        }
        // Every letter is a find, and the search for each reads all of the text.
        let text = &long[..256 << 10];
        let ranges = found(".*[0-9]|a", text);
        assert!(ranges.len() < text.len() / 10, "{} finds", ranges.len());
        let last = ranges.last().expect("a find");
        assert_eq!(last.end, text.len(), "what nobody searches any more counts as found");
        assert!(ranges.windows(2).all(|two| two[0].end == two[1].start), "nothing is left out");
    }

    #[test]
    fn many_finds_in_a_usual_text_are_each_found() {
        let text = "M-12345678 と ".repeat(2000);
        assert_eq!(found(r"\bM-\d{8}", &text).len(), 2000);
    }

    #[test]
    fn bad_and_large_patterns_are_told_apart() {
        let told = |pattern: &str| Pattern::new(3, KindId(40), pattern).err();
        assert_eq!(told("(x"), Some(DetectError::Pattern { index: 3, message: "unclosed group".to_owned() }));
        assert_eq!(told(r"\d{100}{100}{100}"), Some(DetectError::TooLarge { index: 3 }));
        assert_eq!(told(&"x".repeat(5000)), Some(DetectError::TooLarge { index: 3 }));
        assert_eq!(told(r"\bM-\d{8}"), None);
    }
}
