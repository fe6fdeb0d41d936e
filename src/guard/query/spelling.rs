//! How names are spelled: one spelling for those that are one name, and the words that they are
//! made of.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// A name in NFKC and lower case.
pub(super) fn folded(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.nfkc().flat_map(char::to_lowercase).collect() }
}

/// A name's letters and digits alone, folded.
pub(super) fn squeezed(name: &str) -> String {
    let mut folded = folded(name);
    folded.retain(char::is_alphanumeric);
    folded
}

/// A name's words, folded: `contactPhone_number` is `contact`, `phone`, `number`.
pub(super) fn tokens(name: &str) -> Vec<String> {
    let plain = if name.is_ascii() { Cow::Borrowed(name) } else { name.nfkc().collect() };
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut was_lower = false;
    for c in plain.chars() {
        if (was_lower && c.is_uppercase()) || !c.is_alphanumeric() {
            tokens.push(std::mem::take(&mut token));
        }
        if c.is_alphanumeric() {
            token.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    tokens.push(token);
    tokens.retain(|token| !token.is_empty());
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_words() {
        for (name, words) in [
            ("contactPhone_number", &["contact", "phone", "number"][..]),
            ("ＴＥＬ－ｎｏ", &["tel", "no"]),
            ("$orderby", &["orderby"]),
            ("氏名_カナ", &["氏名", "カナ"]),
            ("__", &[]),
        ] {
            assert_eq!(tokens(name), words, "{name}");
            assert_eq!(squeezed(name), words.concat(), "{name}");
        }
    }
}
