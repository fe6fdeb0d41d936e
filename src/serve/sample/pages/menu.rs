//! `/`: the menu and the message board.
//!
//! The board is free text that no rule declares: what a caller left is found by the gateway's detectors alone.

use super::super::SampleAnswer;
use super::frame;

const BOARD: [(&str, &str, &str); 4] = [
    ("11/20 16:42", "店頭", "忘れ物の傘をお預かり中。お心当たりの方は 090-0000-2468 まで。"),
    ("11/20 11:05", "電話", "新茶の予約について折り返し希望。080-0000-1357 、18時以降。"),
    ("11/19 14:30", "メール", "法人様のお見積り依頼。返信先は mitsumori@example.co.jp です。"),
    ("11/18 09:15", "本部", "年末の御歳暮カタログ、12月1日発送予定です。"),
];

const WAYS: [(&str, &str, &str, &str); 4] = [
    ("/customers", "顧客一覧", "Customer list", "氏名・電話番号から顧客を探します。"),
    ("/customers/42", "顧客カルテ", "A record", "一件の顧客の詳細を表示します。"),
    ("/customers/42/edit", "顧客修正", "Edit form", "登録内容を修正します。"),
    ("/export.csv", "CSV出力", "CSV export", "全件をファイルに書き出します。"),
];

/// The page that staff see first.
pub fn page(customers: usize) -> SampleAnswer {
    let ways: String = WAYS
        .iter()
        .map(|(href, label, english, sentence)| {
            format!("<li><a href=\"{href}\" data-en=\"{english}\">{label}</a><p>{sentence}</p></li>\n")
        })
        .collect();
    let board: String = BOARD
        .iter()
        .map(|(when, by, text)| format!("<tr><td class=\"when\">{when}</td><td>{by}</td><td>{text}</td></tr>\n"))
        .collect();
    let content = format!(
        "<h1 data-en=\"Menu\">メインメニュー</h1>\n\
         <p class=\"welcome\">いらっしゃいませ。本日の登録顧客数は <b>{customers}</b> 名です。</p>\n\
         <ul class=\"ways\">\n{ways}</ul>\n\
         <h2 data-en=\"Message board\">伝言板</h2>\n\
         <table class=\"board\">\n<thead><tr><th>日時</th><th>受付</th><th>伝言</th></tr></thead>\n<tbody>\n{board}</tbody>\n</table>\n"
    );
    frame(200, "メインメニュー", &[("メニュー", None)], &content)
}
