//! Patterns that rules add: regular expressions of a linear engine, each for one kind.
//!
//! `\b` means a boundary of ASCII words here. The Unicode one counts kanji and kana as letters, so
//! that it finds nothing in `電話090-…`, and it is a hundred times slower.
//! A pattern looks both at the text as it stands and at its folded shadow.

use regex::{Regex, RegexBuilder};

use crate::detect::shadow::Shadow;
use crate::detect::{DetectError, Found};
use crate::terms::kind::KindId;

/// Memory that one compiled pattern may take, in bytes.
const COMPILED_BYTES_MAX: usize = 1 << 20;

/// Characters that one pattern may have.
const PATTERN_CHARS_MAX: usize = 4096;

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
        let of = |text| self.regex.find_iter(text).map(|hit| hit.range()).filter(|range| !range.is_empty());
        found.extend(of(shadow.text()).map(|range| find(shadow.origin(range))));
        if shadow.differs() {
            found.extend(of(text).map(find));
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

    #[test]
    fn bad_and_large_patterns_are_told_apart() {
        let told = |pattern: &str| Pattern::new(3, KindId(40), pattern).err();
        assert_eq!(told("(x"), Some(DetectError::Pattern { index: 3, message: "unclosed group".to_owned() }));
        assert_eq!(told(r"\d{100}{100}{100}"), Some(DetectError::TooLarge { index: 3 }));
        assert_eq!(told(&"x".repeat(5000)), Some(DetectError::TooLarge { index: 3 }));
        assert_eq!(told(r"\bM-\d{8}"), None);
    }
}
