//! Spellings, tokens, and finds that lie across one another.

use super::*;
use crate::guard::needles::Needles;

fn veil(text: &str, strictness: u8) -> Veil<'_> {
    Veil { text, strictness }
}

/// What is found of values of record 1 in a text of that record.
fn found(values: &[&str], text: &str) -> Vec<String> {
    let mut needles = Needles::default();
    for value in values {
        needles.add(value, 1, 6, veil("*", 5)).expect("few needles");
    }
    let mut elsewhere = needles.build().expect("few needles");
    let mut hits = Vec::new();
    elsewhere.find(text, 1, |hit| hits.push(hit.range));
    // What lies inside another find says nothing more.
    let inside =
        |a: &std::ops::Range<usize>, b: &std::ops::Range<usize>| a != b && b.start <= a.start && a.end <= b.end;
    let outer = hits.iter().filter(|hit| !hits.iter().any(|other| inside(hit, other)));
    outer.map(|hit| text[hit.clone()].to_owned()).collect()
}

#[test]
fn spellings_are_one_value() {
    for (value, text, hit) in [
        ("090-1234-5678", "電話09012345678まで", "09012345678"),
        ("090-1234-5678", "call +81 90 1234 5678.", "81 90 1234 5678"),
        ("+81 90-1234-5678", "tel 090 1234 5678", "090 1234 5678"),
        ("090-1234-5678", "9012345678", "9012345678"),
        ("０９０１２３４５６７８", "(090)1234-5678", "090)1234-5678"),
        ("090-1234-5678", "090\u{2066}1234\u{2069}5678", "090\u{2066}1234\u{2069}5678"),
        ("山田 太郎", "山田太郎様", "山田太郎"),
        ("山田 太郎", "太郎　山田 より", "太郎　山田"),
        ("葛\u{e0100}城 太郎", "葛城太郎", "葛城太郎"),
        ("Yamada Taro", "yamada_taro.csv", "yamada_taro"),
        ("ヤマダ", "やまださん", "やまだ"),
        ("ヤマダ", "ﾔﾏﾀﾞ 様", "ﾔﾏﾀﾞ"),
        ("ﾔﾏﾀﾞ", "ヤマタ\u{3099}", "ヤマタ\u{3099}"),
        ("René", "Rene\u{301} B.", "Rene\u{301}"),
        ("Taro@Example.JP", "mail taro@example.jp now", "taro@example.jp"),
        ("Yamada, Taro", "by Taro Yamada", "Taro Yamada"),
        ("John Ronald Tolkien", "Tolkien, John Ronald", "Tolkien, John Ronald"),
        ("ジョン・スミス", "スミス ジョン様", "スミス ジョン"),
        ("山田 太郎", "q=%E5%B1%B1%e7%94%b0%20%E5%A4%AA%E9%83%8E&", "%E5%B1%B1%e7%94%b0%20%E5%A4%AA%E9%83%8E"),
        ("山田 太郎", "%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E", "%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E"),
        ("山田 太郎", "&#23665;&#x7530;太郎", "&#23665;&#x7530;太郎"),
        ("𠮷田 太郎", r"\ud842\udfb7\u7530 \u{592a}郎", r"\ud842\udfb7\u7530 \u{592a}郎"),
        ("taro@example.jp", r"taro%40example.jp", "taro%40example.jp"),
        ("090-1234-5678", "%E3%81%82090-1234-5678%E3%81%82", "090-1234-5678"),
        ("taro@example.jp", r"taro\x40example.jp", r"taro\x40example.jp"),
    ] {
        assert_eq!(found(&[value], text), [hit], "{text}");
    }
}

#[test]
fn only_whole_tokens_count() {
    for (value, text) in [
        ("12345678", "9123456780"),
        ("smith", "smithson"),
        ("anna", "Johanna"),
        ("1234", "code 1234 here"),
        ("ヤマタ", "ヤマダ"),
        ("-", "a - b"),
        ("taro", "100%taroise"),
        ("12345678", "%3912345678"),
        ("12345678", "12345678&#48;"),
        ("山田", r"\u5c7 %E5%B1 &#99999999; \ud842 %"),
        ("0", "0"),
    ] {
        assert_eq!(found(&[value], text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(found(&["1234"], "1234"), ["1234"]);
}

#[test]
fn a_find_that_does_not_count_hides_none_that_does() {
    assert_eq!(found(&["yamada tarou", "yamada"], "Yamada Taroux"), ["Yamada"]);
    assert_eq!(found(&["x山田", "山田太郎"], "1x山田太郎"), ["x山田", "山田太郎"]);
    let mut needles = Needles::default();
    needles.add("山田太郎", 2, 6, veil("two", 5)).expect("few needles");
    needles.add("山田", 1, 6, veil("one", 5)).expect("few needles");
    let mut elsewhere = needles.build().expect("few needles");
    let mut hits = Vec::new();
    elsewhere.find("山田太郎", 1, |hit| hits.push((hit.range, hit.veil.text.to_string())));
    assert_eq!(hits, [(0..6, "one".to_owned())]);
}

#[test]
fn of_two_veils_the_stricter_stands_and_the_own_record_comes_first() {
    let mut needles = Needles::default();
    for (record, text, strictness) in [(1, "mild", 2), (1, "strict", 6), (1, "mild", 2), (2, "other", 7)] {
        needles.add("090-1234-5678", record, 6, veil(text, strictness)).expect("few needles");
    }
    let mut elsewhere = needles.build().expect("few needles");
    for (record, expected) in [(1, "strict"), (2, "other"), (3, "other")] {
        let mut hits = Vec::new();
        elsewhere.find("09012345678", record, |hit| hits.push(hit.veil.text.to_string()));
        assert_eq!(hits, [expected], "record {record}");
    }
}

#[test]
fn long_values_with_one_beginning_are_told_apart() {
    let head = "お客様より折り返しのご連絡をご希望との申し出がありました。".repeat(3);
    let [one, two] = ["青木様宛て", "折り返しは夜"].map(|tail| format!("{head}{tail}"));
    assert_eq!(found(&[&one, &two], &format!("メモ「{two}」終")), [two.as_str()]);
    assert_eq!(found(&[&one, &two], &format!("{head}別のこと")), Vec::<String>::new());
    assert_eq!(found(&[&head, &one], &one), [one.as_str()]);
}

#[test]
fn the_longest_tail_is_found() {
    let tails = ["", "a", "ab", "abx", "b"];
    let tail = |tails: &[&'static str], text: &str| tail(tails, |tail| tail.as_bytes(), text.as_bytes(), &mut 0);
    for (text, length) in [("aby", 2), ("abx", 3), ("a", 1), ("c", 0), ("", 0), ("ab", 2), ("山", 0)] {
        assert_eq!(tail(&tails, text), Some(length), "{text}");
    }
    assert_eq!(tail(&tails[1..], "c"), None);
    assert_eq!(tail(&["山"], "岡"), None);
}

/// Long values that begin alike at many places are compared a bounded number of times.
#[test]
fn what_is_compared_of_long_values_is_counted_and_bounded() {
    let mut compared = 0;
    let long = "a".repeat(1000);
    assert_eq!(super::tail(&[long.as_str()], |tail| tail.as_bytes(), long.as_bytes(), &mut compared), Some(1000));
    assert!(compared >= 1000, "{compared}");
    let mut elsewhere = Elsewhere::default();
    assert!(elsewhere.is_within_bounds().is_ok());
    elsewhere.compared = COMPARED + 1;
    assert!(elsewhere.is_within_bounds().is_err());
}
