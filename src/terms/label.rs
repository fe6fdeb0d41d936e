//! How a label is read: two spellings of one label fold to the same text.

use unicode_normalization::UnicodeNormalization;

/// Folds a label, key, heading or parameter: NFKC, lower case, blanks joined, what nobody sees left
/// out, and the marks that forms put around a label (`：`, `:`, `*`, `（必須）`) taken off.
pub fn fold(label: &str) -> String {
    // Of what programs name things by, nothing but its capitals can change.
    if label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return label.to_ascii_lowercase();
    }
    let mut folded: String = label.nfkc().filter(|c| !is_unseen(*c)).flat_map(char::to_lowercase).collect();
    loop {
        let trimmed = folded
            .trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '*' | '※'))
            .trim_end_matches("(必須)")
            .trim_start_matches("(必須)")
            .trim_end_matches("(required)");
        if trimmed.len() == folded.len() {
            break;
        }
        folded = trimmed.to_owned();
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Controls that are no blanks, and marks that only join, part or turn what stands beside them.
fn is_unseen(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_widths_do_not_matter() {
        for (written, folded) in [
            ("電話番号：", "電話番号"),
            ("  Ｅメール * ", "eメール"),
            ("氏名（必須）", "氏名"),
            ("* Phone  No.", "phone no."),
            ("ﾃﾞﾝﾜ", "デンワ"),
            ("：", ""),
            ("name_1", "name_1"),
            ("Full-Name.1", "full-name.1"),
            ("na\u{ad}me\u{0}\u{200b}", "name"),
        ] {
            assert_eq!(fold(written), folded);
        }
    }
}
