//! What people write where there is nothing to write.
//!
//! It is veiled where it stands, like any value there; but it tells of nobody, and sought elsewhere it would take a
//! common word out of the whole answer.

use std::sync::LazyLock;

use crate::guard::folded;

/// Without blanks, which do not count.
const FILLERS: [&str; 39] = [
    "なし",
    "無し",
    "無",
    "特になし",
    "特に無し",
    "とくになし",
    "該当なし",
    "該当無し",
    "未定",
    "未入力",
    "未設定",
    "未登録",
    "未記入",
    "未確認",
    "不明",
    "同上",
    "空欄",
    "確認中",
    "調査中",
    "none",
    "n/a",
    "null",
    "nil",
    "no",
    "yes",
    "unknown",
    "unset",
    "undefined",
    "notset",
    "notavailable",
    "notapplicable",
    "nothing",
    "empty",
    "tbd",
    "tba",
    "test",
    "テスト",
    "有",
    "あり",
];

/// They as they are compared, sorted.
static FOLDED: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut all: Vec<Vec<u8>> = FILLERS.iter().map(|filler| folded_of(filler)).collect();
    all.sort_unstable();
    all
});

/// No value that is longer is one, however wide it is written.
const BYTES: usize = 64;

/// Whether a value is one of these, in any width, case and with any blanks.
pub(super) fn is_filler(value: &str) -> bool {
    value.len() <= BYTES && FOLDED.binary_search(&folded_of(value)).is_ok()
}

fn folded_of(text: &str) -> Vec<u8> {
    let mut folded = Vec::with_capacity(BYTES);
    folded::append(text, &mut folded);
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillers_are_known_in_any_spelling() {
        for text in ["なし", "ﾅｼ", " な し ", "Ｎ/Ａ", "NONE", "not  set", "特に なし"] {
            assert!(is_filler(text), "{text}");
        }
        for text in ["", "山田", "なしの", "梨花", "Noah", "090-1234-5678", "-"] {
            assert!(!is_filler(text), "{text}");
        }
    }
}
