//! What people write where there is nothing to write.
//!
//! It is veiled where it stands, like any value there; but it tells of nobody, and sought elsewhere it would take a
//! common word out of the whole answer. What may be an answer (`あり`), a password or somebody's name is none.

use std::sync::LazyLock;

use crate::guard::folded;
use crate::terms::kind::{self, KindId};

/// What says nothing in any field; without blanks, which do not count.
const ANYWHERE: [&str; 17] = [
    "未定",
    "未入力",
    "未設定",
    "未登録",
    "未記入",
    "不明",
    "同上",
    "空欄",
    "n/a",
    "unknown",
    "unset",
    "undefined",
    "notset",
    "notavailable",
    "notapplicable",
    "tbd",
    "tba",
];

/// What says nothing in a note alone: elsewhere it may be an answer (`障害: なし`), or a name.
const IN_NOTES: [&str; 15] = [
    "なし",
    "無し",
    "無",
    "特になし",
    "特に無し",
    "該当なし",
    "該当無し",
    "未確認",
    "確認中",
    "調査中",
    "none",
    "null",
    "nil",
    "nothing",
    "empty",
];

/// They as they are compared, sorted.
static FOLDED: LazyLock<[Vec<Vec<u8>>; 2]> = LazyLock::new(|| [sorted(&ANYWHERE), sorted(&IN_NOTES)]);

/// No value that is longer is one, however wide it is written.
const BYTES: usize = 64;

/// Whether a value of that kind is one of these, in any width, case and with any blanks.
pub(super) fn is_filler(value: &str, kind: KindId) -> bool {
    if value.len() > BYTES {
        return false;
    }
    let value = folded_of(value);
    let [anywhere, in_notes] = &*FOLDED;
    anywhere.binary_search(&value).is_ok() || (kind == kind::NOTES && in_notes.binary_search(&value).is_ok())
}

fn sorted(words: &[&str]) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = words.iter().map(|word| folded_of(word)).collect();
    all.sort_unstable();
    all
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
            assert!(is_filler(text, kind::NOTES), "{text}");
        }
        for text in ["", "山田", "なしの", "梨花", "Noah", "090-1234-5678", "-"] {
            assert!(!is_filler(text, kind::NOTES), "{text}");
        }
    }

    #[test]
    fn answers_names_and_passwords_are_none() {
        for text in ["Null", "なし", "無", "none"] {
            assert!(!is_filler(text, kind::PERSON_NAME), "{text}");
        }
        for text in ["あり", "有", "yes", "no", "test"] {
            assert!(!is_filler(text, kind::NOTES), "{text}");
        }
        assert!(is_filler("未定", kind::PERSON_NAME));
    }
}
