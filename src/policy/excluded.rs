//! Names that somebody wrote to leave something out: `-phone`, `!support`, `not_phone`, `電話以外`.
//!
//! Rules name what is meant, and nothing in them leaves out. What comes near such a word is what was
//! to be left out, so offering it would grant the opposite: it is answered with a sentence instead.

use unicode_normalization::UnicodeNormalization;

/// What to do instead where kinds are named.
pub const KINDS: &str = "rules name what is meant, and nothing is left out of a list: what shall stay hidden gets a stricter rule of its own, as in `{ for: all, remove: [my_number], mandatory: true }`";
/// What to do instead where roles are named.
pub const ROLES: &str = "rules name whom they are for, and nobody is left out of a list: whoever shall get less gets a stricter rule of their own";
/// What to do instead where a condition names something.
pub const CONDITIONS: &str = "conditions name what is meant, and nothing is left out of a list: name the others, or give this one a stricter rule of its own";

/// Signs before what is left out, or before a part of it.
const SIGNS: [char; 10] = ['!', '-', '~', '^', '¬', '−', '‐', '–', '—', '\\'];
/// Words between others.
const WORDS: [&str; 11] =
    ["not", "non", "but", "except", "excepting", "without", "exclude", "excluded", "excluding", "unless", "minus"];
/// The same in Japanese, which sets no blanks.
const PARTS: [&str; 8] = ["以外", "除く", "除い", "除外", "ではない", "でない", "なし", "無し"];
/// What everything is called, before a sign and what is left out.
const EVERYTHING: [&str; 3] = ["all", "すべて", "全て"];
/// What makes another word the opposite without a blank.
const PREFIXES: [&str; 4] = ["not", "non", "no", "un"];

/// Whether a word leaves something out.
pub fn leaves_out(text: &str) -> bool {
    let text = text.nfkc().collect::<String>().to_lowercase();
    let parts = || text.split(|c: char| c.is_whitespace() || c == ',' || c == '、');
    let signed = |part: &str| part.starts_with(SIGNS) || part.starts_with(['*']) && part[1..].starts_with(SIGNS);
    let of_all = |all: &str| text.strip_prefix(all).is_some_and(|rest| rest.trim_start().starts_with(SIGNS));
    let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    // `card_no` is a number's name, and `no card` is none.
    let first = text.split(|c: char| !c.is_alphanumeric()).next();
    parts().any(signed)
        || EVERYTHING.iter().any(|all| of_all(all))
        || PARTS.iter().any(|part| text.contains(part))
        || (first == Some("no") && text != "no")
        || words.any(|word| WORDS.contains(&word))
}

/// Whether a word is the opposite of a name: `nophone`.
pub fn is_opposite(word: &str, name: &str) -> bool {
    PREFIXES.iter().any(|prefix| word.strip_prefix(prefix).is_some_and(|rest| rest.trim_start_matches('_') == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_out_is_told_from_names() {
        for text in [
            "-phone",
            "!phone",
            "！phone",
            "~my_number",
            "^support",
            "not_phone",
            "non-support",
            "no phone",
            "except my_number",
            "all-phone",
            "all -phone",
            "all but phone",
            "all, !phone",
            "*-phone",
            "電話以外",
            "support以外",
            "マイナンバーを除く",
            "!10.0.0.0/8",
            "not 10.0.0.0/8",
        ] {
            assert!(leaves_out(text), "{text}");
        }
        for text in ["phone", "card_no", "notes", "e-mail", "all", "nobody", "no", "noted", "営業", "postal-code", "*"]
        {
            assert!(!leaves_out(text), "{text}");
        }
        assert!(is_opposite("nophone", "phone") && !is_opposite("note", "email"));
    }
}
