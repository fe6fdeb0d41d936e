//! How a value that is sought stands to a kind: finding a whole one tells no more than what staff
//! already typed, finding a part of one tells the rest.

use unicode_normalization::UnicodeNormalization;

use crate::detect::Detectors;
use crate::guard::query::decision::Fit;
use crate::terms::kind::{self, KindId, Kinds};

/// A name of fewer characters is the beginning of many.
const NAME_CHARS: usize = 2;

/// How the value stands to the kind.
pub(super) fn fit(detectors: &Detectors, kinds: &Kinds, kind: KindId, value: &str) -> Fit {
    // Before all else: an e-mail address may hold `%`, and a pattern of two halves could hide one.
    if is_wild(kind, value) {
        return Fit::Part;
    }
    let mut found = Vec::new();
    detectors.find(value, &mut found);
    if found.iter().any(|hit| hit.kind == kind && hit.range == (0..value.len())) {
        return Fit::Proven;
    }
    let digits = value.chars().any(char::is_numeric);
    match kind {
        kind::PERSON_NAME | kind::PERSON_KANA if !is_name(value) => Fit::Never,
        kind::PERSON_NAME | kind::PERSON_KANA if value.chars().count() >= NAME_CHARS => Fit::Whole,
        kind::USER_ID => Fit::Whole,
        kind::EMAIL if value.chars().all(|c| !c.is_ascii() && !is_wide_latin(c)) => Fit::Never,
        kind::PHONE | kind::CARD_NUMBER | kind::MY_NUMBER | kind::POSTAL_CODE | kind::SSN if !digits => Fit::Never,
        _ if kinds.get(kind).pattern.as_deref().is_some_and(|pattern| !may_hold(pattern, value)) => Fit::Never,
        _ => Fit::Part,
    }
}

/// Whether a value that is no whole one of the kind can be told from one that is.
pub(super) fn is_told(kinds: &Kinds, kind: KindId, value: &str) -> bool {
    const DETECTED: [KindId; 9] = [
        kind::EMAIL,
        kind::PHONE,
        kind::POSTAL_CODE,
        kind::MY_NUMBER,
        kind::CARD_NUMBER,
        kind::SSN,
        kind::IBAN,
        kind::IP,
        kind::PERSON_NAME,
    ];
    is_wild(kind, value) || DETECTED.contains(&kind) || kinds.get(kind).pattern.is_some()
}

/// A value as it is seen: composed, without marks that nobody sees, and without signs around it.
pub(super) fn seen(value: &str) -> String {
    let is_unseen = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
    };
    let seen: String = value.nfkc().filter(|c| !is_unseen(*c)).collect();
    // Brackets are not among them: they make a question in a language of its own.
    let is_sign = |c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | ':' | '.' | '/' | '!' | '+');
    seen.trim_matches(|c: char| c.is_whitespace() || is_sign(c)).to_owned()
}

/// Whether what a pattern finds may hold the value. Only of plain patterns (`M-\d{8}`) it can be
/// told that they know neither this letter nor this script.
fn may_hold(pattern: &str, value: &str) -> bool {
    let classes = ["\\w", "\\W", "\\S", "\\D", "\\p", "\\P", "\\x", "\\u", ".", "[^", "[[", "(?"];
    if !pattern.is_ascii() || classes.iter().any(|class| pattern.contains(class)) {
        return true;
    }
    let ranges = pattern.to_ascii_lowercase().replace("\\d", "").replace("\\b", "").replace("\\s", "");
    // A class may have a range of letters, of which only the ends can be seen.
    let any_letter = ranges.contains('[') && ranges.bytes().any(|byte| byte.is_ascii_lowercase());
    value.nfkc().all(|c| match c.to_ascii_lowercase() {
        c @ 'a'..='z' => any_letter || ranges.contains(c),
        c => c.is_ascii(),
    })
}

/// Whether a value is made of what names are made of. `taro.y` and `c001` are none.
pub(super) fn is_name(value: &str) -> bool {
    let mark = |c: char| {
        c.is_whitespace() || matches!(c, '\'' | '’' | '-' | '‐' | '・' | '･' | '=' | '＝' | ',' | '、' | '　')
    };
    let word = |word: &str| word.strip_suffix('.').unwrap_or(word).chars().all(|c| c.is_alphabetic() || mark(c));
    !value.is_empty() && value.split_whitespace().all(word)
}

/// Whether a value is a pattern in one of the languages that databases and applications have.
fn is_wild(kind: KindId, value: &str) -> bool {
    let sign = |c: char| {
        matches!(c, '*' | '%' | '?' | '^' | '$' | '|' | '\\' | '＊' | '％' | '？' | '＾' | '＄' | '｜' | '＼')
    };
    let names = matches!(kind, kind::PERSON_NAME | kind::PERSON_KANA);
    value.contains(sign) || (names && value.contains(['_', '＿', '~', '[', '(']))
}

fn is_wide_latin(c: char) -> bool {
    matches!(c, '！'..='～')
}

/// Whether a text that nobody said anything about looks like the beginning or a part of a number.
pub(super) fn is_phone_fragment(value: &str) -> bool {
    let digits = value.chars().filter(|c| c.is_numeric()).count();
    let other = value
        .chars()
        .any(|c| !c.is_numeric() && !matches!(c, '-' | '+' | '(' | ')' | ' ' | '－' | 'ー' | '−' | '*' | '%'));
    let marked = value.starts_with(['0', '+', '０', '＋']) || value.contains(['-', '－', '−', '*', '%']);
    !other && digits >= 2 && marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_of_numbers_are_known() {
        for (value, is) in [
            ("0901", true),
            ("090-12", true),
            ("+8190", true),
            ("山田", false),
            ("10023", false),
            ("12-34", true),
            ("0", false),
        ] {
            assert_eq!(is_phone_fragment(value), is, "{value}");
        }
    }

    #[test]
    fn a_plain_pattern_tells_what_it_cannot_hold() {
        for (pattern, value, may) in [
            (r"M-\d{8}", "山田", false),
            (r"M-\d{8}", "Taro", false),
            (r"M-\d{8}", "m", true),
            (r"M-\d{8}", "0042", true),
            (r"[A-Z]{2}\d+", "Taro", true),
            (r"[A-Za-z]{2}\d+", "山", false),
            (r"[A-M]\d", "Taro", true),
            (r"\w+", "山田", true),
            (r"顧\d+", "山田", true),
        ] {
            assert_eq!(may_hold(pattern, value), may, "{pattern} {value}");
        }
    }

    #[test]
    fn values_stand_to_kinds() {
        let detectors = Detectors::new(&[]).expect("no patterns");
        for (kind, value, expected) in [
            (kind::PHONE, "090-1234-5678", Fit::Proven),
            (kind::PHONE, "０９０１２３４５６７８", Fit::Proven),
            (kind::PHONE, "090-1234-567", Fit::Part),
            (kind::PHONE, "山田", Fit::Never),
            (kind::PHONE, "%", Fit::Part),
            (kind::EMAIL, "taro@example.jp", Fit::Proven),
            (kind::EMAIL, "t%@example.jp", Fit::Part),
            (kind::EMAIL, "taro@", Fit::Part),
            (kind::EMAIL, "山田", Fit::Never),
            (kind::PERSON_NAME, "山田", Fit::Whole),
            (kind::PERSON_NAME, "J. Smith", Fit::Whole),
            (kind::PERSON_NAME, "山", Fit::Part),
            (kind::PERSON_NAME, "山%", Fit::Part),
            (kind::PERSON_NAME, "^山|9", Fit::Part),
            (kind::PERSON_NAME, "taro.y", Fit::Never),
            (kind::PERSON_NAME, "0901", Fit::Never),
            (kind::ADDRESS, "東京都", Fit::Part),
        ] {
            assert_eq!(fit(&detectors, &Kinds::builtin(), kind, value), expected, "{value}");
        }
    }
}
