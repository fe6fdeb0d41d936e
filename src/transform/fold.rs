//! One spelling of a value, for reading it.

use unicode_normalization::UnicodeNormalization;

/// NFKC, without marks that nobody sees and without blanks around it; all blanks become one kind.
pub fn plain(value: &str) -> String {
    if value.chars().all(is_itself) {
        return value.trim().to_owned();
    }
    let visible = value.nfkc().filter(|c| !is_ignorable(*c)).map(|c| if c.is_whitespace() { ' ' } else { c });
    visible.collect::<String>().trim().to_owned()
}

/// The value as it is written, composed, without marks that nobody sees.
pub fn visible(value: &str) -> String {
    if value.chars().all(is_itself) {
        return value.to_owned();
    }
    value.nfc().filter(|c| !is_ignorable(*c)).collect()
}

/// Whether a character is one of those that people use for a hyphen. The prolonged sound mark is
/// among them, so this is for numbers alone.
pub fn is_dash(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | 'ー' | '⁃' | '˗')
}

/// Whether a character is the same in every spelling, and joins no other of its like: most values have no
/// others, and need not be looked up.
fn is_itself(c: char) -> bool {
    matches!(c, ' '..='~' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' | '一'..='\u{9fff}')
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
    fn characters_that_are_not_looked_up_are_themselves() {
        use unicode_normalization::char::{canonical_combining_class, compose};
        for c in ('\0'..='\u{ffff}').filter(|c| is_itself(*c)) {
            assert!([c].into_iter().nfkc().eq([c]) && [c].into_iter().nfc().eq([c]), "{c:?}");
            assert!(canonical_combining_class(c) == 0 && !is_ignorable(c), "{c:?}");
            assert!(!c.is_whitespace() || c == ' ', "{c:?}");
            // Whatever joins the one before it is not among them.
            assert!(['a', 'か', 'ハ', '一'].iter().all(|base| compose(*base, c).is_none()), "{c:?}");
        }
        for (value, folded) in
            [("　山田 太郎 ", "山田 太郎"), (" Taro ", "Taro"), ("ﾔﾏﾀﾞ", "ヤマダ"), ("か\u{3099}", "が")]
        {
            assert_eq!(plain(value), folded);
        }
    }
}
