//! Words just before a number that tell what it is: `TEL:`, `郵便番号は`, `zip code`.
//!
//! These are cues inside running text. A label that stands apart as a heading or a key is read by
//! whoever knows the document's structure.

/// Words that announce a telephone.
pub const PHONE: &[&str] = &[
    "電話",
    "携帯",
    "連絡先",
    "ファックス",
    "ファクス",
    "自宅",
    "tel",
    "phone",
    "mobile",
    "cell",
    "fax",
    "call",
    "contact",
    "reach me",
    "call back",
    "called back",
    "ph",
];

/// Words that announce a postal code.
pub const POSTAL_CODE: &[&str] = &["〒", "郵便番号", "郵便", "zip", "postal", "postcode", "postalcode"];

/// How far back a cue is sought, in bytes.
const REACH: usize = 48;

/// What may stand between the cue and the number.
const FILLERS: &[&str] = &[
    " ",
    ":",
    "：",
    "=",
    "(",
    "（",
    "）",
    ")",
    "-",
    ".",
    ",",
    "#",
    "\"",
    "'",
    "は",
    "が",
    "の",
    "番号",
    "コード",
    "code",
    "number",
    "no",
    "is",
    "at",
    "on",
];

/// Whether one of the words stands right before this place.
pub fn stands_before(text: &str, at: usize, words: &[&str]) -> bool {
    let mut from = at.saturating_sub(REACH);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let near = text[from..at].to_lowercase();
    let mut rest = near.as_str();
    loop {
        if words.iter().any(|word| ends_with_word(rest, word)) {
            return true;
        }
        let Some(shorter) = FILLERS.iter().find_map(|filler| rest.strip_suffix(filler)) else { return false };
        rest = shorter;
    }
}

/// `hotel` does not end with the word `tel`.
fn ends_with_word(text: &str, word: &str) -> bool {
    let Some(before) = text.strip_suffix(word) else { return false };
    !word.is_ascii() || !before.ends_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_are_seen_through_fillers() {
        for (text, seen) in [
            ("電話番号は：", true),
            ("TEL ", true),
            ("Phone no. ", true),
            ("hotel ", false),
            ("注文番号 ", false),
            ("", false),
            ("電話の件ですが注文は", false),
        ] {
            assert_eq!(stands_before(text, text.len(), PHONE), seen, "{text:?}");
        }
    }
}
