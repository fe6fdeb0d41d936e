//! Labels that say whose a value is before what it is (`会員氏名`, `ご担当者様の電話番号`).

use std::sync::LazyLock;

/// Whose a value is, before what it is: `会員|氏名`, `送付先|住所`.
const WHOSE: [&str; 41] = [
    "旧",
    "新",
    "変更前",
    "変更後",
    "更新前",
    "更新後",
    "会員",
    "顧客",
    "お客様",
    "契約者",
    "申込者",
    "申込人",
    "申請者",
    "担当者",
    "担当",
    "代表者",
    "保護者",
    "責任者",
    "購入者",
    "注文者",
    "予約者",
    "受取人",
    "被保険者",
    "保険契約者",
    "名義人",
    "口座名義人",
    "紹介者",
    "患者",
    "社員",
    "従業員",
    "送付先",
    "お届け先",
    "配送先",
    "発送先",
    "請求先",
    "連絡先",
    "緊急連絡先",
    "勤務先",
    "登録",
    "本人",
    "家族",
];

/// What such words may stand before. Others go on to something else behind them (`会員番号`, `会員状態`).
const WHAT: [&str; 18] = [
    "氏名",
    "お名前",
    "名前",
    "姓名",
    "フリガナ",
    "ふりがな",
    "氏名カナ",
    "住所",
    "ご住所",
    "郵便番号",
    "電話",
    "電話番号",
    "携帯電話",
    "携帯番号",
    "携帯電話番号",
    "fax番号",
    "メールアドレス",
    "生年月日",
];

/// What makes either polite.
const POLITE: [&str; 3] = ["ご", "御", "お"];

/// The name in a compound that says whose it is.
pub fn without(folded: &str) -> Option<&str> {
    if folded.is_ascii() {
        return None;
    }
    let name = WHAT.iter().filter(|what| folded.ends_with(**what)).max_by_key(|what| what.len())?;
    let (before, name) = folded.split_at(folded.len() - name.len());
    let before = before.trim_end_matches(['の', ' ']);
    // `お電話：お待ちしています` speaks of a call.
    let is_polite = POLITE.contains(&before) && name != "電話";
    let is_whose = is_whose(before) || before.strip_suffix("様").is_some_and(is_whose);
    (is_polite || is_whose).then_some(name)
}

fn is_whose(text: &str) -> bool {
    let plain = POLITE.iter().find_map(|polite| text.strip_prefix(polite));
    [Some(text), plain].into_iter().flatten().any(|text| WHOSE.contains(&text))
}

/// Whether a label may begin with whose its value is.
pub fn may_begin(first: char) -> bool {
    static FIRST: LazyLock<Vec<char>> = LazyLock::new(|| {
        let mut all: Vec<char> = WHOSE.iter().chain(&POLITE).filter_map(|word| word.chars().next()).collect();
        all.sort_unstable();
        all.dedup();
        all
    });
    !first.is_ascii() && FIRST.binary_search(&first).is_ok()
}
