//! How a label is read: two spellings of one label fold to the same text.

use unicode_normalization::UnicodeNormalization;

/// Folds a label, key, heading or parameter: NFKC, lower case, blanks joined, and the marks that
/// forms put around a label (`：`, `:`, `*`, `（必須）`) taken off.
pub fn fold(label: &str) -> String {
    let mut folded: String = label.nfkc().flat_map(char::to_lowercase).collect();
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
        ] {
            assert_eq!(fold(written), folded);
        }
    }
}
