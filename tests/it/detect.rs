//! What detectors find, as rows in `tests/cases/detect`, and what holds for every text.

use proptest::prelude::*;
use sudare::detect::{Detectors, Found, is};
use sudare::terms::kind::{Kinds, PHONE, USER_ID};

/// Cases that hold whatever stands beside them.
const FILES: [&str; 3] = ["phone.tsv", "email.tsv", "others.tsv"];

/// The columns of every row of a file of cases; `\n` and `\u{…}` write what would not be seen.
pub fn rows(path: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/cases/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').map(unescape).collect()).collect()
}

fn unescape(column: &str) -> String {
    let mut parts = column.replace("\\n", "\n");
    while let Some(start) = parts.find("\\u{") {
        let end = start + parts[start..].find('}').expect("a closing brace");
        let code = u32::from_str_radix(&parts[start + 3..end], 16).expect("a code point");
        parts.replace_range(start..=end, &char::from_u32(code).expect("a character").to_string());
    }
    parts
}

fn found(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    Detectors::new(&[]).expect("no pattern").find(text, &mut found);
    found
}

fn shown(text: &str, found: &[Found]) -> String {
    let kinds = Kinds::builtin();
    let show = |one: &Found| {
        let mark = if one.certain { ':' } else { '?' };
        format!("{}{mark}{}", kinds.get(one.kind).name, &text[one.range.clone()])
    };
    found.iter().map(show).collect::<Vec<_>>().join(" ; ")
}

#[test]
fn every_case_is_found() {
    for file in FILES.into_iter().chain(["alone.tsv"]) {
        for row in rows(&format!("detect/{file}")) {
            let [text, expected] = &row[..] else { panic!("{file}: {row:?}") };
            assert_eq!(&shown(text, &found(text)), expected, "{file}: {text:?}");
        }
    }
}

#[test]
fn whole_values_are_told() {
    let kinds = Kinds::builtin();
    for row in rows("detect/whole.tsv") {
        let [kind, text, expected] = &row[..] else { panic!("{row:?}") };
        let id = kinds.id(kind).expect("a kind");
        assert_eq!(is(id, text), expected == "yes", "{kind}: {text:?}");
    }
}

#[test]
fn every_case_is_found_inside_japanese_text() {
    for file in FILES {
        for row in rows(&format!("detect/{file}")) {
            let alone = found(&row[0]);
            if alone.is_empty() {
                continue;
            }
            let text = format!("お客様は{}とのこと", row[0]);
            let parts = |text: &str, found: &[Found]| -> Vec<String> {
                found.iter().map(|one| text[one.range.clone()].to_owned()).collect()
            };
            assert_eq!(parts(&text, &found(&text)), parts(&row[0], &alone), "{text:?}");
        }
    }
}

#[test]
fn patterns_of_the_rules_find_beside_japanese_text() {
    let custom = [(USER_ID, r"\bM-\d{8}\b".to_owned())];
    let detectors = Detectors::new(&custom).expect("a pattern");
    for text in ["会員M-12345678様", "会員Ｍ－１２３４５６７８様", "M-12345678"] {
        let mut found = Vec::new();
        detectors.find(text, &mut found);
        let [one] = &found[..] else { panic!("{text:?}: {found:?}") };
        assert_eq!((one.kind, one.certain, one.evidence), (USER_ID, false, "pattern"), "{text:?}");
    }
    let mut none = Vec::new();
    detectors.find("XM-12345678", &mut none);
    assert_eq!(none, []);
}

#[test]
fn a_pattern_that_cannot_be_read_says_why() {
    let error = Detectors::new(&[(PHONE, "[0-9".to_owned())]).err().expect("an error");
    assert_eq!(error.to_string(), "the pattern cannot be read: unclosed character class");
    let error = Detectors::new(&[(PHONE, r"(\d{1000}){1000}".to_owned())]).err().expect("an error");
    assert_eq!(error.to_string(), "the pattern is too large; repeat fewer times or split it");
}

#[test]
fn long_texts_of_one_sign_take_no_long_time() {
    // Quadratic work on so much text would not end while anybody waits for the tests.
    for unit in
        ["0", "09", "0-", "+1 ", "@", "a@", "a@a.", ":", "1:", "(0)", "０－", "GB82 ", "1.", "\u{200b}", "ﾊﾟ", "4111 "]
    {
        found(&unit.repeat((1 << 18) / unit.len()));
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[0-9０-９]{1,13}",
        "[-‐－ー―. \u{3000}()（）+＋@＠:：\u{200b}\u{ad}\n]{1,3}",
        "[a-zA-Zａ-ｚ]{1,4}",
        "[ぁ-んァ-ヶｦ-ﾟ一-龠〒]{1,3}",
        Just("090-1234-5678".to_owned()),
        Just("taro@example.jp".to_owned()),
        Just("4111 1111 1111 1111".to_owned()),
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn finds_are_sorted_apart_and_whole_characters(text in text()) {
        let custom = [(USER_ID, "[0-9]{4}.?".to_owned()), (USER_ID, "[あ-ん]+".to_owned())];
        let mut found = Vec::new();
        Detectors::new(&custom).expect("patterns").find(&text, &mut found);
        let mut upto = 0;
        for one in &found {
            prop_assert!(one.range.start >= upto && one.range.start < one.range.end);
            prop_assert!(text.get(one.range.clone()).is_some());
            upto = one.range.end;
        }
    }

    #[test]
    fn spellings_of_a_phone_are_found_alike(digits in "0[789]0[1-9][0-9]{7}", dash in 0usize..12, wide: bool, hidden in 0usize..4) {
        let dash = ["-", "‐", "‑", "‒", "–", "—", "―", "ー", "−", "－", "﹣", "ｰ"][dash];
        let widen = |c: char| if wide { char::from_u32(u32::from(c) + 0xfee0).expect("full width") } else { c };
        let mark = ["", "\u{200b}", "\u{ad}", "\u{2060}"][hidden];
        let part = |range: std::ops::Range<usize>| digits[range].chars().map(|c| format!("{}{mark}", widen(c))).collect::<String>();
        let number = format!("{}{dash}{}{dash}{}", part(0..3), part(3..7), part(7..11));
        let text = format!("電話は{number}です");
        let found = found(&text);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!((found[0].kind, found[0].certain), (PHONE, true));
        prop_assert_eq!(text[found[0].range.clone()].trim_end_matches(mark), number.trim_end_matches(mark));
    }
}
