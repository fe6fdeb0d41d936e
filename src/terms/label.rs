//! How a label is read: two spellings of one label fold to the same text.

use unicode_normalization::UnicodeNormalization;

use crate::terms::whose;

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
        let trimmed = without_notes(trimmed.trim_start_matches(MARKS).trim_end_matches(SIGNS));
        if trimmed.len() == folded.len() {
            break;
        }
        folded = trimmed.to_owned();
    }
    joined(&folded)
}

/// A label's words: letters that blanks only keep apart (`氏　名`, `T E L`) are one, and so are words of a
/// script that has no blanks.
fn joined(label: &str) -> String {
    let is_spaced = label.split_whitespace().all(|word| word.chars().nth(1).is_none());
    let in_line = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && c.is_alphabetic());
    let mut joined = String::with_capacity(label.len());
    for word in label.split_whitespace() {
        let runs_on = in_line(joined.chars().next_back()) && in_line(word.chars().next());
        if !(joined.is_empty() || is_spaced || runs_on) {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

/// What a folded label may mean where nobody knows it as it is (`氏名(フリガナ)`, `TEL/FAX`, `customer[tel]`): first
/// all that it names at once, without what stands in brackets; behind that what stands in the last of them. A
/// number behind a name (`住所1`, `addr_2`) or before it (`③備考`) only says which of several it is.
pub fn parts(folded: &str) -> (Vec<&str>, Option<&str>) {
    const OPENING: [char; 6] = ['(', '[', '【', '〔', '「', '<'];
    const CLOSING: [char; 6] = [')', ']', '】', '〕', '」', '>'];
    const BETWEEN: [char; 6] = ['/', '・', '、', ',', '&', '|'];
    // A longer one is a sentence.
    const PARTED_BYTES: usize = 128;
    let bracket = folded.find(OPENING);
    if folded.len() > PARTED_BYTES {
        return (Vec::new(), None);
    }
    if let Some(name) = unnumbered(folded) {
        return (vec![whose::without(name).unwrap_or(name)], None);
    }
    if let Some(name) = whose::without(folded) {
        return (vec![name], None);
    }
    if bracket.is_none() && !folded.contains(BETWEEN) {
        return (Vec::new(), by_its_way(folded));
    }
    let before = folded[..bracket.unwrap_or(folded.len())].trim();
    // What goes on behind its brackets is a sentence, and what begins with a sign a part of one.
    let is_label = bracket.is_none() || folded.ends_with(CLOSING);
    if !is_label || before.starts_with(BETWEEN) || before.ends_with(BETWEEN) {
        return (Vec::new(), None);
    }
    let outside = before.split(BETWEEN).map(str::trim).filter(|part| !part.is_empty());
    let outside = outside.map(|part| unnumbered(part).unwrap_or(part));
    let outside = outside.map(|part| whose::without(part).unwrap_or(part)).collect();
    let groups = folded.split(OPENING).skip(1).filter_map(|group| group.split(CLOSING).next());
    let inside = groups.map(|part| part.trim().trim_matches(['\'', '"'])).filter(|part| !part.is_empty()).last();
    (outside, inside)
}

/// What programs name by the way to it (`contact.tel`, `form:tel`, `ctl00$main$tel`), or by what shows it (`txttel`).
fn by_its_way(folded: &str) -> Option<&str> {
    const SHOWN_BY: [&str; 6] = ["txt", "hdn", "lbl", "ltl", "ddl", "cmb"];
    if folded.contains(' ') {
        return None;
    }
    let last = folded.rsplit_once(['.', ':', '$']).map(|(_, last)| last);
    let name = last.unwrap_or(folded);
    let control =
        SHOWN_BY.iter().find_map(|control| name.strip_prefix(control)).map(|name| name.trim_start_matches('_'));
    control.or(last).filter(|name| !name.is_empty())
}

/// A name without the number around it, if it has one (`住所1`, `(2)住所`, `住所No.1`, `住所※1`, `住所Ⅰ`): of three
/// digits at most, since longer ones are no counts.
fn unnumbered(folded: &str) -> Option<&str> {
    const BESIDE: [char; 11] = ['_', '-', ' ', '.', '#', '※', '*', '・', '~', '(', ')'];
    const ROMAN: [&str; 5] = ["iii", "ii", "iv", "i", "v"];
    let is_beside = |c: char| c.is_ascii_digit() || BESIDE.contains(&c);
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    // A word of a script without blanks ends where Latin letters begin.
    let ends_so = |name: &str| name.chars().next_back().is_some_and(|c| !c.is_ascii());
    let rest = folded.trim_start_matches(is_beside);
    let mut name = rest.trim_end_matches(is_beside);
    let (before, behind) = (digits(&folded[..folded.len() - rest.len()]), digits(&rest[name.len()..]));
    let is_numbered = match before + behind {
        0 => {
            let of = |number: &&str| name.strip_suffix(*number).filter(|name| ends_so(name));
            let without = ROMAN.iter().find_map(of);
            name = without.unwrap_or(name);
            without.is_some()
        }
        _ => before <= 3 && behind <= 3,
    };
    if behind > 0 {
        let without = name.strip_suffix("no").map(|name| name.trim_end_matches(BESIDE)).filter(|name| ends_so(name));
        name = without.unwrap_or(name);
    }
    let is_plain = !name.is_empty() && !name.contains(|c: char| c.is_ascii_digit() || "()[]/.:".contains(c));
    (is_numbered && is_plain).then_some(name)
}

/// The name of what a member keeps of before or after a change: `old_phone`, `phone_before`.
pub fn without_time(folded: &str) -> Option<&str> {
    const TIMES: [&str; 11] =
        ["old", "new", "prev", "previous", "original", "orig", "former", "before", "after", "was", "current"];
    let parted = |c: char| matches!(c, '_' | '-' | ' ' | '.');
    let (first, behind) = folded.split_once(parted)?;
    let (before, last) = folded.rsplit_once(parted)?;
    let name = if TIMES.contains(&first) { behind } else { before };
    (TIMES.contains(&first) || TIMES.contains(&last)).then_some(name).filter(|name| !name.is_empty())
}

/// What stands behind the heading of a column that can be sorted, and behind a label that explains itself.
const SIGNS: [char; 13] = ['▲', '▼', '△', '▽', '▴', '▾', '↑', '↓', '↕', '⇅', '⇵', '⇕', '?'];

/// What stands before a label on a line of its own.
const MARKS: [char; 14] = ['■', '□', '●', '○', '◆', '◇', '◎', '★', '☆', '・', '▪', '▶', '►', '•'];

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
    let mut plain = text.nfkc().flat_map(char::to_lowercase).skip_while(|c| in_brackets(*c)).peekable();
    // Every text of a page is asked, and hardly one begins so.
    if !plain.peek().is_some_and(|first| NOTES.iter().any(|note| note.starts_with(*first))) {
        return false;
    }
    NOTES.contains(&plain.collect::<String>().trim_end_matches(in_brackets))
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
            ("氏　名", "氏名"),
            ("Ｔ Ｅ Ｌ：", "tel"),
            ("■お 名 前", "お名前"),
            ("電話 番号", "電話番号"),
            ("Phone 番号", "phone 番号"),
        ] {
            assert_eq!(fold(written), folded);
        }
    }

    #[test]
    fn a_label_of_several_words_may_mean_each() {
        for (label, outside, inside) in [
            ("氏名(フリガナ)", &["氏名"][..], Some("フリガナ")),
            ("tel/fax", &["tel", "fax"], None),
            ("住所 ・ 電話 (自宅)", &["住所", "電話"], Some("自宅")),
            ("data[customer][tel]", &["data"], Some("tel")),
            ("tel[]", &["tel"], None),
            ("contact.tel", &[], Some("tel")),
            ("see no.", &[], None),
            ("氏名(必須):山田", &[], None),
            ("/ メール", &[], None),
            ("氏名", &[], None),
            ("住所1", &["住所"], None),
            ("addr_02", &["addr"], None),
            ("備考 3", &["備考"], None),
            ("住所1/住所2", &["住所", "住所"], None),
            ("住所1(番地)", &["住所"], Some("番地")),
            ("住所no.1", &["住所"], None),
            ("(1)住所", &["住所"], None),
            ("1) 住所", &["住所"], None),
            ("住所※1", &["住所"], None),
            ("住所1-2", &["住所"], None),
            ("住所1・2", &["住所"], None),
            ("住所ii", &["住所"], None),
            ("hawaii", &[], None),
            ("memo no.1", &["memo no"], None),
            ("3備考", &["備考"], None),
            ("氏名2024", &[], None),
            ("1", &[], None),
            ("a1b2", &[], None),
            ("会員氏名", &["氏名"], None),
            ("ご担当者様の氏名", &["氏名"], None),
            ("送付先住所2", &["住所"], None),
            ("契約者電話番号(自宅)", &["電話番号"], Some("自宅")),
            ("お電話番号", &["電話番号"], None),
            ("お電話", &[], None),
            ("会員番号", &[], None),
            ("会員電話番号案内", &[], None),
            ("会社住所録", &[], None),
        ] {
            assert_eq!(parts(label), (outside.to_vec(), inside), "{label}");
        }
    }

    #[test]
    fn a_member_says_of_which_time_its_value_is() {
        for (name, without) in [
            ("old_phone", Some("phone")),
            ("full_name_old", Some("full_name")),
            ("phone before", Some("phone")),
            ("old", None),
            ("old_", None),
            ("golden_phone", None),
            ("holder_name", None),
        ] {
            assert_eq!(without_time(name), without, "{name}");
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
