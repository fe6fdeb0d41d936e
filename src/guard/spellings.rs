//! The spellings under which a veiled value may stand elsewhere: with its country code or without, the
//! family name first or last.

use std::ops::Range;

use crate::guard::folded;

/// A value of more words is no name, and is sought as it stands.
const NAMES_MAX: usize = 4;

/// What stands behind a name, and before one.
const HONORIFICS_BEHIND: [&str; 9] = ["様", "さま", "殿", "さん", "氏", "先生", "御中", "ちゃん", "くん"];
const HONORIFICS_BEFORE: [&str; 8] = ["Mr. ", "Mrs. ", "Ms. ", "Dr. ", "Mr ", "Mrs ", "Ms ", "Dr "];

/// What is left of a name has so many characters.
const NAME_CHARS: usize = 2;

/// One spelling: where it stands, folded.
pub(super) type Spelling = Range<usize>;

/// Adds the spellings of a value, folded, to `texts`, and where they stand to `all`.
pub(super) fn spell(value: &str, texts: &mut Vec<u8>, all: &mut Vec<Spelling>) {
    let start = texts.len();
    folded::append(value, texts);
    let folded = start..texts.len();
    // A single letter or digit (a flag, a code) stands everywhere and means nothing there.
    if folded.is_empty() || (folded.len() == 1 && texts[start].is_ascii()) {
        texts.truncate(start);
        return;
    }
    all.push(folded.clone());
    numbers(value, folded.clone(), texts, all);
    names(value, folded, texts, all);
    if let Some(name) = without_honorific(value) {
        spell(name, texts, all);
    }
}

/// A name without what courtesy puts before or behind it.
fn without_honorific(value: &str) -> Option<&str> {
    let value = value.trim();
    let behind = HONORIFICS_BEHIND.iter().find_map(|word| value.strip_suffix(word));
    let before = || HONORIFICS_BEFORE.iter().find_map(|word| value.strip_prefix(word));
    let name = behind.or_else(before)?.trim();
    (name.chars().count() >= NAME_CHARS).then_some(name)
}

/// Telephone numbers in other spellings.
fn numbers(value: &str, folded: Range<usize>, texts: &mut Vec<u8>, all: &mut Vec<Spelling>) {
    let Range { start, end } = folded;
    let text = &texts[start..end];
    let with = |front: &[u8], rest: Range<usize>, texts: &mut Vec<u8>| {
        let start = texts.len();
        texts.extend_from_slice(front);
        texts.extend_from_within(rest);
        start..texts.len()
    };
    if text.len() >= 10 && text[0] == b'0' && text.iter().all(u8::is_ascii_digit) {
        // A domestic number may stand elsewhere with its country code (ITU-T E.164): Japan's.
        all.push(with(b"81", start + 1..end, texts));
        // And without its zero behind another spelling of the code, or as a number.
        all.push(start + 1..end);
        return;
    }
    if value.trim_start().starts_with(['+', '＋']) && text.starts_with(b"81") && text.len() > 2 {
        // Some write the zero in brackets behind the code.
        let national = start + 2 + usize::from(text[2] == b'0')..end;
        all.push(with(b"0", national.clone(), texts));
        all.extend(Some(national).filter(|national| !national.is_empty()));
    }
}

/// Family and given names change places from one page to the next: `John R. Smith` is filed as
/// `Smith, John R.`.
fn names(value: &str, folded: Range<usize>, texts: &mut Vec<u8>, all: &mut Vec<Spelling>) {
    let mut words = [""; NAMES_MAX + 1];
    let mut count = 0;
    for (word, place) in value.split(parts_names).filter(|word| !word.is_empty()).zip(&mut words) {
        *place = word;
        count += 1;
    }
    let has_digits = || value.contains(char::is_numeric);
    if count != 2 && (!(3..=NAMES_MAX).contains(&count) || has_digits()) {
        return;
    }
    if folded::may_hold_escapes(value) {
        return names_with_escapes(&words[..count], folded, texts, all);
    }
    let mut joined = texts.len()..texts.len();
    let mut ends = [0; NAMES_MAX + 1];
    for (word, end) in words[..count].iter().zip(&mut ends) {
        folded::append_plain(word, texts);
        joined.end = texts.len();
        *end = joined.len();
    }
    // Mostly only blanks stand between them: then the value itself is all of them together.
    let is_value = joined.is_empty() || texts[joined.clone()] == texts[folded.clone()];
    if is_value {
        texts.truncate(joined.start);
        joined = folded.start..folded.start + joined.len();
    }
    for at in partings(count) {
        let parting = joined.start + ends[at - 1];
        let (front, back) = (joined.start..parting, parting..joined.end);
        for (first, between, second) in [(&front, ",", &back), (&back, "", &front), (&back, ",", &front)] {
            let start = texts.len();
            texts.extend_from_within(first.clone());
            texts.extend_from_slice(between.as_bytes());
            texts.extend_from_within(second.clone());
            all.extend(Some(start..texts.len()).filter(|spelling| !spelling.is_empty()));
        }
    }
    all.extend(Some(joined).filter(|_| !is_value));
}

/// Before which of so many words the other name may begin: behind the first, and before the last.
fn partings(count: usize) -> impl Iterator<Item = usize> {
    [Some(1), Some(count - 1).filter(|last| *last > 1)].into_iter().flatten()
}

/// What stands at the end of one word and at the start of the next may be an escape together, so that such
/// words are put together before they are folded.
fn names_with_escapes(words: &[&str], folded: Range<usize>, texts: &mut Vec<u8>, all: &mut Vec<Spelling>) {
    let together = |parts: &[&[&str]], texts: &mut Vec<u8>| {
        let start = texts.len();
        folded::append(&parts.iter().copied().flatten().copied().collect::<String>(), texts);
        start..texts.len()
    };
    for at in partings(words.len()) {
        let (front, back) = words.split_at(at);
        for parts in [[front, &[","], back], [back, &[], front], [back, &[","], front]] {
            let spelling = together(&parts, texts);
            all.extend(Some(spelling).filter(|spelling| !spelling.is_empty()));
        }
    }
    let joined = together(&[words], texts);
    if joined.is_empty() || texts[joined.clone()] == texts[folded] {
        texts.truncate(joined.start);
    } else {
        all.push(joined);
    }
}

/// What stands between the names of one person.
fn parts_names(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '、' | '，' | '・' | '･')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_have_several_and_others_one() {
        for (value, spellings) in [
            ("090-1234-5678", &["09012345678", "819012345678", "9012345678"][..]),
            ("+81-3-1234-5678", &["81312345678", "0312345678", "312345678"]),
            ("+81(0)3-1234-5678", &["810312345678", "0312345678", "312345678"]),
            ("+1 212", &["1212", "1,212", "2121", "212,1"]),
            ("山田様", &["山田様", "山田"]),
            ("Ms. Smith", &["mssmith", "ms,smith", "smithms", "smith,ms", "smith"]),
            ("山田 太郎", &["山田太郎", "山田,太郎", "太郎山田", "太郎,山田"]),
            ("A, b c", &["a,bc", "a,bc", "bca", "bc,a", "ab,c", "cab", "c,ab", "abc"]),
            ("a% 41b", &["a%41b", "a%,41b", "41ba%", "41b,a%", "aab"]),
            ("one two three four five", &["onetwothreefourfive"]),
            ("3 chome 4", &["3chome4"]),
            ("x", &[]),
            ("-", &[]),
            ("山", &["山"]),
            ("+", &[]),
            // Of such words nothing is left but what stands between them.
            ("-、-", &["、", ",", ","]),
        ] {
            let (mut texts, mut all) = (b"before".to_vec(), Vec::new());
            spell(value, &mut texts, &mut all);
            let read = |spelling: &Spelling| String::from_utf8(texts[spelling.clone()].to_vec()).expect("text");
            assert_eq!(all.iter().map(read).collect::<Vec<_>>(), spellings, "{value}");
        }
    }
}
