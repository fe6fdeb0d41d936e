//! The spellings in which a CRM may repeat what went on to it in the place of a veil or a token, beside those that
//! the guard knows of any value.

use crate::body::readings;

/// A longer text is no name, and no link repeats it.
const CHARS_MAX: usize = 64;

/// What stands for a name's words: more of them are none.
const WORDS: std::ops::RangeInclusive<usize> = 2..=4;

/// The charsets of old CRMs, in whose links a value stands byte by byte.
const CHARSETS: [&str; 2] = ["shift_jis", "euc-jp"];

/// Originals of what was looked for: a CRM takes a name apart to look for it.
pub(super) fn sought(originals: Vec<String>) -> Vec<String> {
    let words = originals.iter().flat_map(|value| words(value)).map(str::to_owned).collect::<Vec<_>>();
    gone_home(originals.into_iter().chain(words).collect())
}

/// Originals that went home.
pub(super) fn gone_home(values: Vec<String>) -> Vec<String> {
    let links = values.iter().flat_map(|value| in_links(value)).collect::<Vec<_>>();
    values.into_iter().chain(links).collect()
}

/// The words of a name, but for those that are too short to be one.
fn words(value: &str) -> Vec<&str> {
    let words: Vec<&str> = value.split(|c: char| c.is_whitespace() || matches!(c, ',' | '、' | '・')).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let is_name = WORDS.contains(&words.len()) && !value.contains(char::is_numeric);
    let is_word = |word: &&str| word.chars().count() >= if word.is_ascii() { 3 } else { 2 };
    if is_name { words.into_iter().filter(is_word).collect() } else { Vec::new() }
}

/// A value as it stands in a link: with `+` for its blanks, and in the bytes of an old charset.
fn in_links(value: &str) -> Vec<String> {
    let mut all = Vec::new();
    if value.chars().count() > CHARS_MAX {
        return all;
    }
    let blanks = |text: &str, blank: &str| text.split_whitespace().collect::<Vec<_>>().join(blank);
    if value.trim().contains(char::is_whitespace) {
        all.push(blanks(value, "+"));
    }
    if !value.is_ascii() {
        for charset in CHARSETS {
            let Some(written) = readings::written_in(value, charset) else { continue };
            if written.contains('+') {
                all.push(written.replace('+', "%20"));
            }
            all.push(written);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_more_spellings() {
        let told = sought(vec!["山田 太郎".to_owned()]);
        for spelling in
            ["山田 太郎", "山田", "太郎", "山田+太郎", "%8ER%93c+%91%BE%98Y", "%8ER%93c%20%91%BE%98Y", "%8ER%93c"]
        {
            assert!(told.iter().any(|own| own == spelling), "{spelling} in {told:?}");
        }
        assert_eq!(sought(vec!["Jo Smith".to_owned()]), ["Jo Smith", "Smith", "Jo+Smith"]);
        assert_eq!(gone_home(vec!["090-1234-5678".to_owned()]), ["090-1234-5678"]);
    }
}
