//! How a veil is known when it comes back: by its shape, in whatever spelling a program gave it.
//!
//! Four asterisks with nothing but blanks and dashes between them are a mask or a part of one;
//! nobody writes them for another reason often enough to let one through.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::terms::action::{Action, Generalize, Token};
use crate::terms::kind::Kind;
use crate::transform;

/// The asterisks of the shortest mask.
const STARS: usize = 4;

/// What stands for a JSON `null` in what is shown to the guard: a form feed, which no field holds.
pub(super) const NULL: &str = "\u{c}";

/// Whether a text is what staff gets of this kind, or could get.
pub(super) fn is_veil(kind: &Kind, action: Action, text: &str) -> bool {
    match action {
        _ if text == NULL => action.veils(),
        // What staff never got comes back empty from an unchanged form.
        _ if text.trim().is_empty() => action == Action::Remove,
        // It looks like any value, so whatever comes back from who gets such tokens could be one.
        Action::Tokenize(Token::Format { .. }) => true,
        Action::Generalize(how) if is_coarse(how, &plain(text)) => true,
        _ if action.veils() && is_of_another_make(kind, text) => true,
        _ => transform::looks_like_veil(kind, text) || transform::looks_like_veil(kind, &dashed(&plain(text))),
    }
}

/// Whether a token, a hash or a mask stands in a text: in a note, a veil stands among other words.
pub(super) fn holds_veil(text: &str) -> bool {
    let may = |text: &str| !text.is_ascii() || text.contains(['*', '%', '_']);
    may(text) && {
        let plain = plain(text);
        transform::holds_token(&plain) || holds_mask(&plain) || holds_initials(&plain)
    }
}

/// Four asterisks or more, with nothing between them that could be a value.
fn holds_mask(plain: &str) -> bool {
    let (mut stars, mut grouped, mut before) = (0, false, ' ');
    for c in plain.chars() {
        match c {
            '*' => {
                stars += 1;
                grouped |= before == '*';
            }
            '-' | ' ' | '.' | '(' | ')' if stars > 0 => {}
            _ => (stars, grouped) = (0, false),
        }
        // Single ones in a row are a line that somebody drew.
        if stars >= STARS && grouped {
            return true;
        }
        before = c;
    }
    false
}

/// `T*** Y***`
fn holds_initials(plain: &str) -> bool {
    plain.match_indices("*** ").any(|(at, found)| {
        let letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let mut after = plain[at + found.len()..].chars();
        letter(plain[..at].chars().next_back()) && letter(after.next()) && after.as_str().starts_with("***")
    })
}

/// Whether a text is a mask that somebody else's program made: `090-••••-5678`, `090-XXXX-5678`. In the place of a value
/// that staff sees only veiled nobody types one.
fn is_of_another_make(kind: &Kind, text: &str) -> bool {
    let dots = text.chars().filter(|c| DOTS.contains(c)).count();
    if dots >= DOTS_MIN {
        return kind.name != "notes";
    }
    let plain = plain(text);
    let is_cross = |c: char| c.eq_ignore_ascii_case(&'x');
    let crosses = plain.chars().filter(|c| is_cross(*c)).count();
    let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | ' ' | '.' | '(' | ')' | '+') || is_cross(c);
    crosses >= DOTS_MIN && OF_DIGITS.contains(&kind.name.as_str()) && plain.chars().all(is_of_number)
}

/// What masks are made of beside asterisks.
const DOTS: [char; 8] = ['•', '●', '∙', '⬤', '○', '◯', '■', '█'];

/// So many of them are a mask.
const DOTS_MIN: usize = 3;

/// Kinds whose values hold digits alone.
const OF_DIGITS: [&str; 5] = ["phone", "postal_code", "card_number", "my_number", "ssn"];

/// Whether a text is a generalized value: it is all that staff could see, and less than the value.
fn is_coarse(how: Generalize, plain: &str) -> bool {
    let digits =
        |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let round = |text: &str| digits(text, 4) && text.ends_with('0');
    match how {
        Generalize::Year => digits(plain, 4),
        Generalize::Decade => round(plain.trim_end_matches(['s', '+'])),
        Generalize::AgeBand => {
            round(plain.split(['-', '+']).next().unwrap_or_default()) && plain.len() <= "120-129".len()
        }
        Generalize::Digits(count) => digits(plain, usize::from(count)) && plain.len() == usize::from(count),
    }
}

/// One spelling: NFKC, one asterisk, one dash, one blank, nothing invisible, percent-encoding undone.
fn plain(text: &str) -> String {
    let decoded = if text.contains('%') {
        percent_encoding::percent_decode_str(text).decode_utf8_lossy()
    } else {
        Cow::Borrowed(text)
    };
    let visible = decoded.nfkc().filter(|c| !is_ignorable(*c));
    let one = visible.map(|c| match c {
        '∗' | '⁎' | '٭' | '✱' | '✲' | '⚹' | '＊' | '﹡' => '*',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | 'ー' | '⁃' | '˗' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    one.collect::<String>().trim().to_owned()
}

/// A mask with other separators than its own: `*** **** 5678`.
fn dashed(plain: &str) -> String {
    plain.split([' ', '-', '.', '(', ')']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_seen_in_every_spelling() {
        for (text, is) in [
            ("****", true),
            ("＊＊＊＊", true),
            ("携帯 ***-****-5678 へ", true),
            ("***−****−5678", true),
            ("***\u{200b}-****-5678", true),
            ("*** **** 5678", true),
            ("山** **", true),
            ("山** ** 様", true),
            ("担当 T*** Y*** より", true),
            ("%2A%2A%2A%2A@example.jp", true),
            ("∗∗∗∗", true),
            ("東京都****", true),
            ("hash_raijoeuqlpgjlmqofdtduldss5w2rk6f", true),
            ("ｈａｓｈ＿raijoeuqlpgjlmqofdtduldss5w2rk6f", true),
            ("★ *重要* **至急** 100% _x_", false),
            ("***", false),
            ("* * * * *", false),
            ("a ** b ** c", false),
            ("1 * 2 * 3 * 4 * 5", false),
            ("山田 太郎", false),
            ("100%", false),
            ("", false),
        ] {
            assert_eq!(holds_veil(text), is, "{text}");
        }
    }

    #[test]
    fn masks_of_another_make_are_known_in_their_own_fields() {
        let kinds = crate::terms::kind::Kinds::builtin();
        let kind = |name: &str| kinds.get(kinds.id(name).expect("a kind"));
        let masked = Action::Mask(crate::terms::action::Mask::Last4);
        for (name, text, is) in [
            ("phone", "•••-••••-5678", true),
            ("phone", "●●●●5678", true),
            ("phone", "090-XXXX-5678", true),
            ("phone", "xxxxxxxxxxx", true),
            ("phone", "03-1234-5678 ext 5", false),
            ("phone", "03-1234-5678", false),
            ("card_number", "XXXX XXXX XXXX 1234", true),
            ("person.name", "山●●●", true),
            ("person.name", "XXX", false),
            ("email", "xxx@example.jp", false),
            ("notes", "●●● see below", false),
        ] {
            assert_eq!(is_veil(kind(name), masked, text), is, "{name} {text}");
            assert!(!is_veil(kind(name), Action::Show, text), "{name} {text}");
        }
    }

    #[test]
    fn coarse_values_are_known() {
        for (how, text, is) in [
            (Generalize::Year, "1978", true),
            (Generalize::Year, "1978-04-12", false),
            (Generalize::Decade, "1970s", true),
            (Generalize::Decade, "36", false),
            (Generalize::AgeBand, "30-39", true),
            (Generalize::AgeBand, "0-9", true),
            (Generalize::AgeBand, "90+", true),
            (Generalize::AgeBand, "1990-07-01", false),
            (Generalize::Digits(3), "123", true),
            (Generalize::Digits(3), "123-4567", false),
        ] {
            assert_eq!(is_coarse(how, text), is, "{text}");
        }
    }
}
