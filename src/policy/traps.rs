//! Traps: YAML that means something else than it looks like, each with a sentence of its own.
//!
//! The parser's own messages speak of tokens and contexts. Whoever writes rules in Japanese types
//! a full-width colon or blank now and then, and a JSONPath wants quotes inside braces; those are
//! told in their words. `broken` is about what the parser cannot read at all.

mod broken;

use std::ops::Range;

use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Spot};
use crate::policy::rule::places::part;

pub use crate::policy::traps::broken::broken;

/// An anchor, `&name`.
pub fn anchor(faults: &mut Faults, spot: &Spot) {
    let fault = faults.error(spot, "anchor", "anchors (`&…`) are not known here");
    fault.help("name it once under `fields:`, or put it in quotes if `&` is meant");
}

/// An alias, `*name`.
pub fn alias(faults: &mut Faults, spot: &Spot) {
    faults.error(spot, "alias", ALIAS).help(ALIAS_HELP);
}

/// A plain scalar that hides something.
pub fn scalar(faults: &mut Faults, source: &str, text: &str, spot: &Spot) {
    let first = text.chars().next().unwrap_or(' ');
    if is_wide_blank(first) {
        faults.slip(spot);
        faults.error(spot, "wide-blank", WIDE_BLANK).help(WIDE_BLANK_HELP);
    } else if let Some(c) = text.chars().next_back().filter(|c| is_wide_blank(*c)) {
        faults.slip(spot);
        let end = piece(spot, text, text.len() - c.len_utf8()..text.len());
        faults.error(&end, "wide-blank", WIDE_BLANK).help("take it out, or put the text in quotes if it belongs to it");
    } else if matches!(first, '“' | '”' | '‘' | '’' | '＂' | '＇') {
        let message = "the text begins with a typographic quote, which YAML takes as a letter";
        faults.error(spot, "typographic-quote", message).help("write `\"` or `'`");
    } else if text.starts_with("-\u{3000}") || text.starts_with("－ ") {
        faults.error(spot, "wide-blank", "this is no list item").help("write `-` and an ordinary blank");
    } else if is_path(text) && is_cut_by_comment(source, spot.span.end) {
        let message = "the rest of the line is taken for a comment, because `#` stands after a blank";
        faults.error(spot, "comment", message).help("put the place in quotes");
    }
}

/// A key that stands twice, a merge, or a pair that a full-width colon made into one key: the last tells
/// that it is to be left out. `first` is the line in which the key stands already.
pub fn entry(faults: &mut Faults, first: Option<usize>, entry: &Entry) -> bool {
    let (key, spot) = (entry.key.as_str(), &entry.key_spot);
    if let Some(colon) = colon_of(entry) {
        faults.error(&piece(spot, key, colon), "wide-colon", WIDE_COLON).help(WIDE_COLON_HELP);
        return true;
    }
    if key == "<<" {
        let fault = faults.error(spot, "merge", "merges (`<<`) are not known here");
        fault.help("name it once under `fields:`");
    } else if let Some(line) = first {
        let fault = faults.error(spot, "duplicate-key", format!("`{key}` stands twice"));
        fault.help(format!("it stands in line {line} already; take one of them out"));
    }
    false
}

/// Whether a key is one of those that are told already.
pub fn is_told(entry: &Entry) -> bool {
    colon_of(entry).is_some() || entry.key == "<<" || entry.key.starts_with(is_wide_blank)
}

/// The full-width colon that made a key out of a pair: one with a value behind it, one behind a word of
/// programs, or any where the key has no value. In quotes it is a letter.
fn colon_of(entry: &Entry) -> Option<Range<usize>> {
    let key = entry.key.as_str();
    let is_word = |head: &str| {
        head.starts_with(|c: char| c.is_ascii_alphabetic())
            && head.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    };
    let parts = |at: usize| {
        let (head, rest) = (key[..at].trim(), &key[at + '：'.len_utf8()..]);
        !head.is_empty() && (rest.starts_with([' ', '\u{3000}', '{', '[']) || entry.value.is_empty() || is_word(head))
    };
    let found = (!entry.quoted).then(|| key.match_indices('：').map(|(at, _)| at).find(|at| parts(*at)))?;
    found.map(|at| at..at + '：'.len_utf8())
}

/// Where a part of a plain text stands: of one that goes over lines, all of it.
fn piece(spot: &Spot, text: &str, range: Range<usize>) -> Spot {
    if spot.span.len() == text.len() { part(spot, text, range) } else { spot.clone() }
}

/// Tells a full-width colon in a text that can hold none: it stands where a map or the name of a kind should.
pub fn wide_colon(faults: &mut Faults, text: &str, spot: &Spot) -> bool {
    let Some(at) = text.find('：') else { return false };
    faults.error(&piece(spot, text, at..at + '：'.len_utf8()), "wide-colon", WIDE_COLON).help(WIDE_COLON_HELP);
    true
}

const ALIAS: &str = "`*` begins an alias, and aliases are not known here";
const ALIAS_HELP: &str = "put the text in quotes if `*` is meant, else name it once under `fields:`";
const WIDE_BLANK: &str = "an ideographic blank (full-width space) is a letter to YAML";
const WIDE_BLANK_HELP: &str = "write ordinary blanks";
const WIDE_COLON: &str = "the colon is full-width";
const WIDE_COLON_HELP: &str = "write `: `, an ordinary colon and a blank";

/// The line with what stands in quotes or comments replaced by blanks of the same length.
fn unquoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let (mut quote, mut last) = (None, ' ');
    for c in line.chars() {
        let hidden = match quote {
            Some('#') => true,
            Some(open) => {
                if c == open {
                    quote = None;
                }
                true
            }
            None if matches!(c, '"' | '\'') && !last.is_alphanumeric() => {
                quote = Some(c);
                true
            }
            None if c == '#' && last.is_whitespace() => {
                quote = Some('#');
                true
            }
            None => false,
        };
        last = c;
        if hidden {
            out.extend(std::iter::repeat_n(' ', c.len_utf8()));
        } else {
            out.push(c);
        }
    }
    out
}

/// A path without quotes that holds a character which ends it inside braces or brackets.
fn bare_path(bare: &str) -> Option<Range<usize>> {
    let opened = bare.find(['{', '['])?;
    let mut from = opened;
    while let Some(begin) = bare[from..].find(['$', '/', 'c']).map(|at| from + at) {
        let rest = &bare[begin..];
        let starts = bare[..begin].ends_with([' ', ':', ',', '[', '{']);
        let end = begin + rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
        let word = bare[begin..end].trim_end_matches(['}', ']', ',']);
        if starts && (is_path(word) || word.starts_with('/')) && word.contains(['[', '{']) {
            // Brackets that belong to the path close inside it; `trim_end_matches` took them.
            let closers = bare[begin + word.len()..end].chars().take_while(|c| matches!(c, ']' | '}')).count();
            let open = word.matches(['[', '{']).count() - word.matches([']', '}']).count().min(1);
            return Some(begin..begin + word.len() + closers.min(open));
        }
        from = begin + 1;
        while !bare.is_char_boundary(from) {
            from += 1;
        }
    }
    None
}

fn is_path(text: &str) -> bool {
    text.starts_with("css:") || text.starts_with('$') || text.starts_with("//")
}

fn is_cut_by_comment(source: &str, end: usize) -> bool {
    let Some(rest) = source.get(end..) else { return false };
    let after = rest.trim_start_matches(' ');
    // `# remark` is a comment; `#row td` was hardly meant as one.
    after.len() < rest.len() && after.strip_prefix('#').is_some_and(|word| !word.starts_with([' ', '\n', '\r', '#']))
}

fn is_wide_blank(c: char) -> bool {
    matches!(c, '\u{3000}' | '\u{a0}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_hide_what_they_hold() {
        assert_eq!(unquoted("a: 'x：y' # ："), "a:              ");
        assert_eq!(unquoted("a: b'c"), "a: b'c");
    }

    #[test]
    fn a_bare_path_is_found_with_its_brackets() {
        for (line, path) in [
            ("- { at: $.phones[*].no, is: phone }", Some("$.phones[*].no")),
            ("- { at: $.phones[*] }", Some("$.phones[*]")),
            ("x: [$['a']]", Some("$['a']")),
            ("match: { path: /api/{id} }", Some("/api/{id}")),
            ("x: { at: css:a[href] }", Some("css:a[href]")),
            ("x: [tel, $.phone]", None),
            ("x: $.phones[*].no", None),
        ] {
            assert_eq!(bare_path(line).map(|range| &line[range]), path, "{line}");
        }
    }
}
