//! Sentences of lower rooms in Japanese.
//!
//! Rule files have some three hundred faults, told in English where they are found, and exchanges as many
//! reasons for which they are refused. Each pair in `phrases*.ja.txt` is such a sentence with `{}` for its words,
//! and the same in Japanese with `{1}`, `{2}` for those words. What stands in no pair stays English, and what
//! programs read always does.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::OnceLock;

use crate::cli::say::Lang;
use crate::policy::fault::Fault;
use crate::terms::refusal::Refusal;

const PAIRS: &str = concat!(
    include_str!("phrases.ja.txt"),
    "\n\n",
    include_str!("phrases.faults.ja.txt"),
    "\n\n",
    include_str!("phrases.refusals.ja.txt"),
    "\n\n",
    include_str!("phrases.patterns.ja.txt"),
);

/// A sentence of another room in the language of the user.
pub fn phrase(lang: Lang, text: &str) -> Cow<'_, str> {
    match lang {
        Lang::En => Cow::Borrowed(text),
        Lang::Ja => japanese(text).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// A thing's name of another room, which may be a single word, in the language of the user.
pub fn named(lang: Lang, text: &str) -> Cow<'_, str> {
    match lang {
        Lang::En => Cow::Borrowed(text),
        Lang::Ja => word(text),
    }
}

/// A condition of a rule: its key, and what it asks for. Only an expression is told in words.
pub fn condition(lang: Lang, key: &str, asked: &str) -> String {
    let asked = if key == "cel" { phrase(lang, asked) } else { Cow::Borrowed(asked) };
    format!("{key}: {asked}")
}

/// A refusal's reason, and its note in the language of the user.
pub fn refusal(lang: Lang, refusal: &Refusal) -> String {
    format!("{}: {}", refusal.reason.word(), phrase(lang, &refusal.note))
}

/// A fault in the language of the user; its code stays, so that it can be looked up.
pub fn fault(lang: Lang, fault: &Fault) -> Fault {
    let said = |text: &str| phrase(lang, text).into_owned();
    Fault { message: said(&fault.message), help: fault.help.as_deref().map(said), ..fault.clone() }
}

fn japanese(text: &str) -> Option<String> {
    if let Some((_, said)) = SYSTEM.iter().find(|(english, _)| *english == text) {
        return Some((*said).to_owned());
    }
    // What another file's fault is told by begins with its place: `users.yaml:3:5: …`.
    let placed = text.split_once(": ").filter(|(place, _)| place.contains(':') && !place.contains([' ', '`']));
    if let Some((place, rest)) = placed {
        return Some(format!("{place}: {}", japanese(rest)?));
    }
    let fitting = |pair: &'static Pair| Some((holes(&pair.0, text)?, pair.1));
    if let Some((words, said)) = pairs().iter().find_map(fitting) {
        return Some(filled(said, &words));
    }
    // What was tried, and what the system said to it.
    let (tried, cause) = text.split_once(": ")?;
    Some(format!("{}: {}", japanese(tried)?, system(cause)))
}

/// What the system says, where it is said often.
pub(super) fn system(text: &str) -> &str {
    SYSTEM.iter().find(|(english, _)| *english == text).map_or(text, |(_, said)| said)
}

const SYSTEM: &[(&str, &str)] = &[
    ("No such file or directory (os error 2)", "ファイルまたはフォルダがありません"),
    ("Permission denied (os error 13)", "権限がありません"),
    ("Not a directory (os error 20)", "フォルダではありません"),
    ("Is a directory (os error 21)", "フォルダです"),
    ("No space left on device (os error 28)", "ディスクに空きがありません"),
    ("Read-only file system (os error 30)", "読み取り専用の場所です"),
    ("Address already in use (os error 98)", "ほかのプログラムが使用中です"),
    ("Connection refused (os error 111)", "接続が拒否されました"),
    ("no answer in time", "時間内に応答がありません"),
    ("it does not speak HTTP", "HTTPではありません"),
];

/// The literal parts of an English sentence, and the Japanese one.
type Pair = (Vec<&'static str>, &'static str);

fn pairs() -> &'static [Pair] {
    static READ: OnceLock<Vec<Pair>> = OnceLock::new();
    READ.get_or_init(|| {
        let read = |pair: &'static str| {
            let (english, said) = pair.trim().split_once('\n')?;
            Some((english.split("{}").collect(), said))
        };
        let mut all: Vec<Pair> = PAIRS.split("\n\n").filter_map(read).collect();
        // A sentence without holes is no other's: `the file is empty` is not `{} is empty`. Of two that fit, the one
        // that says more itself is meant: `the kind `{}` needs `category`` and not `{} needs `{}``.
        all.sort_by_key(|(parts, _)| {
            let own: usize = parts.iter().map(|part| part.len()).sum();
            (parts.len() > 1, Reverse(own))
        });
        all
    })
}

/// The words of a text between the parts, if they fit. Each word is as short as can be.
fn holes<'t>(parts: &[&str], text: &'t str) -> Option<Vec<&'t str>> {
    let (first, parts) = parts.split_first()?;
    let mut rest = text.strip_prefix(first)?;
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty().then(Vec::new) };
    let mut words = Vec::new();
    for part in middle {
        let (word, after) = rest.split_once(part)?;
        words.push(word);
        rest = after;
    }
    words.push(rest.strip_suffix(last)?);
    // A word that spans a quote would be two.
    words.iter().all(|word| !word.is_empty()).then_some(words)
}

fn filled(said: &str, words: &[&str]) -> String {
    let mut out = String::new();
    let mut rest = said;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let numbered = after.split_once('}').and_then(|(number, after)| {
            let at = number.parse::<usize>().ok()?.checked_sub(1)?;
            Some((words.get(at)?, after))
        });
        match numbered {
            Some((found, after)) => {
                // In backticks stands what somebody wrote or may write: that is no language's.
                out.push_str(&if out.ends_with('`') { Cow::Borrowed(*found) } else { word(found) });
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out + rest
}

/// What stands in a sentence's hole: a thing's name, a list, or somebody's own word.
fn word(text: &str) -> Cow<'_, str> {
    let known = WORDS.iter().find(|(english, _)| *english == text).map(|(_, said)| *said);
    match known {
        Some(said) => Cow::Borrowed(said),
        None if text.contains("`, `") || text.contains("` or `") => {
            Cow::Owned(text.replace("`, `", "`、`").replace("` or `", "`、`"))
        }
        // A cause is a sentence of its own; it is shorter each time.
        None if text.contains(' ') => japanese(text).map_or(Cow::Borrowed(text), Cow::Owned),
        None => Cow::Borrowed(system(text)),
    }
}

const WORDS: &[(&str, &str)] = &[
    ("sorting and grouping", "並べ替えと集計"),
    ("comparing by more than equality", "一致以外の比較"),
    ("searching", "検索"),
    ("looking for a part of a value", "値の一部での検索"),
    ("looking for many values at once", "一度に多くの値での検索"),
    ("a rule file", "規則ファイル"),
    ("gateway.yaml", "gateway.yaml "),
    ("a rule", "規則"),
    ("a role", "役割"),
    ("a resource", "リソース"),
    ("a subject", "subject "),
    ("a user", "利用者"),
    ("a category", "区分"),
    ("an event", "event "),
    ("a limit", "上限"),
    ("a reveal rule", "開示の規則"),
    ("a listener", "待ち受け"),
    ("an identity source", "認証元"),
    ("a set of fields", "項目セット"),
    ("a staff id", "担当者のID"),
    ("a hold", "保全対象"),
    ("a hold's `subject`", "保全対象の `subject` "),
    ("a hold's `staff`", "保全対象の `staff` "),
    ("a span of months", "月数"),
    ("a time", "日時"),
    ("a relation", "提供先の関係"),
    ("a legal basis", "法的根拠"),
    ("a response", "応答"),
    ("a record", "レコード"),
    ("the record's id", "レコードのID"),
    ("the values of the record", "レコードの値"),
    ("a hidden text", "隠れるべき文字列"),
    ("a shown text", "見えるべき文字列"),
    ("a field", "項目"),
    ("the place of an attribute", "属性の場所"),
    ("a purpose", "目的"),
    ("what an attribute is", "属性の値"),
    ("an attribute", "属性"),
    ("what stands there", "そこの値"),
    ("a kind", "種別"),
    ("a place", "場所"),
    ("a label", "見出し"),
    ("a pattern", "パターン"),
    ("pattern", "パターン"),
    ("address", "メールアドレスの形"),
    ("a method", "メソッド"),
    ("a path", "パス"),
    ("a request", "リクエスト"),
    ("a value to match", "照合する値"),
    ("a resource's `headers`", "リソースの `headers` "),
    ("a cookie's flag", "Cookieの属性"),
    ("a type", "種類"),
    ("an id", "ID"),
    ("a group", "グループ"),
    ("a remark", "備考"),
    ("a token", "トークン"),
    ("an option", "設定"),
    ("a network", "ネットワーク"),
    ("hours", "時間帯"),
    ("a body", "本文"),
    ("a file", "ファイル"),
    ("a header", "ヘッダー"),
    ("a name", "名前"),
    ("a status", "状態コード"),
    ("a test", "テスト"),
    ("an action", "処理"),
    ("a charset", "文字コード"),
    ("a reason", "拒否の理由"),
    ("an outcome", "結果"),
    ("how often", "回数"),
    ("a time, as in `2026-11-24T10:00:00+09:00`", "`2026-11-24T10:00:00+09:00` のような時刻"),
    ("an address, as in `10.1.2.3`", "`10.1.2.3` のようなアドレス"),
    ("the XML of the answer", "応答のXML"),
    ("the table of the answer", "応答の表"),
    ("the text of the answer", "応答の文字列"),
    ("what a role gets", "役割が得るもの"),
    ("another encoding", "別の文字コード"),
    ("a certificate", "証明書"),
    ("a key of RSA, ECDSA or Ed25519", "RSA・ECDSA・Ed25519の鍵"),
    ("a private key without a password", "パスワードのない秘密鍵"),
    ("the certificate of an authority", "認証局の証明書"),
    ("revocation lists of authorities", "認証局の失効リスト"),
    ("a site", "サイト"),
    ("a site's `tls`", "サイトの `tls` "),
    ("a person", "人"),
    ("the groups", "グループ"),
    ("a map", "組"),
    ("a list", "一覧"),
    ("a text", "文字列"),
    ("a number", "数"),
    ("true or false", "真偽値"),
    ("nothing", "何もない値"),
    ("mask", "マスク"),
    ("token", "トークン"),
    ("generalization", "一般化"),
];

#[cfg(test)]
#[path = "phrases_tests.rs"]
mod tests;
