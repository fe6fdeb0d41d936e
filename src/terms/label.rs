//! How a label is read: two spellings of one label fold to the same text.

use unicode_normalization::UnicodeNormalization;

/// Folds a label, key, heading or parameter: NFKC, lower case, blanks joined, what nobody sees left
/// out, and what pages write around a label (`：`, `*`, `（必須）`, `任意`, the sign of a sorted column) taken off.
pub fn fold(label: &str) -> String {
    // Of what programs name things by, nothing but its capitals can change.
    if label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return label.to_ascii_lowercase();
    }
    let mut folded: String = label.nfkc().filter(|c| !is_unseen(*c)).flat_map(char::to_lowercase).collect();
    loop {
        let trimmed = folded.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '*' | '※'));
        let trimmed = without_notes(trimmed.trim_end_matches(SIGNS));
        if trimmed.len() == folded.len() {
            break;
        }
        folded = trimmed.to_owned();
    }
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands behind the heading of a column that can be sorted, and behind a label that explains itself.
const SIGNS: [char; 13] = ['▲', '▼', '△', '▽', '▴', '▾', '↑', '↓', '↕', '⇅', '⇵', '⇕', '?'];

/// What pages say of a field beside its label.
const NOTES: [&str; 4] = ["必須", "任意", "required", "optional"];

/// Whether a text is nothing but such a note, with its brackets and marks: `【必須】`, `* required`.
pub fn is_note(text: &str) -> bool {
    // In letters of four bytes, with brackets and marks.
    const NOTE_BYTES: usize = 48;
    let in_brackets = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '【' | '】' | '*' | '※' | ':');
    if text.len() > NOTE_BYTES {
        return false;
    }
    let plain: String = text.nfkc().flat_map(char::to_lowercase).collect();
    NOTES.contains(&plain.trim_matches(in_brackets))
}

/// Takes a note off the end or the beginning of a label: in brackets, or apart from it. What is nothing but a
/// note without brackets is a label.
fn without_notes(label: &str) -> &str {
    const BRACKETS: [(char, char); 3] = [('(', ')'), ('【', '】'), ('[', ']')];
    let apart = |rest: &str, note: &str, c: Option<char>| {
        !rest.trim().is_empty() && (!note.is_ascii() || c.is_some_and(char::is_whitespace))
    };
    for note in NOTES {
        for (open, close) in BRACKETS {
            let behind = |label: &'_ str| -> Option<usize> {
                let rest = label.strip_suffix(close)?.trim_end().strip_suffix(note)?;
                Some(rest.trim_end().strip_suffix(open)?.len())
            };
            if let Some(end) = behind(label) {
                return &label[..end];
            }
            let before = label.strip_prefix(open).and_then(|rest| rest.trim_start().strip_prefix(note));
            if let Some(rest) = before.and_then(|rest| rest.trim_start().strip_prefix(close)) {
                return rest;
            }
        }
        if let Some(rest) = label.strip_suffix(note).filter(|rest| apart(rest, note, rest.chars().next_back())) {
            return rest;
        }
        if let Some(rest) = label.strip_prefix(note).filter(|rest| rest.starts_with(char::is_whitespace)) {
            return rest;
        }
    }
    label
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
            ("性別必須", "性別"),
            ("性別 任意 ▲", "性別"),
            ("【必須】氏名【 任意 】", "氏名"),
            ("必須 氏名 ？", "氏名"),
            ("Name Required", "name"),
            ("Name [optional] ▼", "name"),
            ("必須", "必須"),
            ("required", "required"),
            ("is_required", "is_required"),
            ("not-required (x)", "not-required (x)"),
            ("name_1", "name_1"),
            ("Full-Name.1", "full-name.1"),
            ("na\u{ad}me\u{0}\u{200b}", "name"),
        ] {
            assert_eq!(fold(written), folded);
        }
    }

    #[test]
    fn notes_are_no_labels_and_no_values() {
        for note in ["必須", "（任意）", "【必須】", "* Required", "(optional)", "※必須："] {
            assert!(is_note(note), "{note}");
        }
        for text in ["必須項目", "氏名 必須", "", "*", "required fields"] {
            assert!(!is_note(text), "{text}");
        }
    }
}
