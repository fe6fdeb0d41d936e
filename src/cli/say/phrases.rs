//! Sentences of lower rooms in Japanese.
//!
//! Rule files have some three hundred faults, told in English where they are found. Each pair in
//! `phrases.ja.txt` and `phrases.faults.ja.txt` is such a sentence with `{}` for its words, and the same in Japanese with `{1}`,
//! `{2}` for those words. What stands in no pair stays English, and what programs read always does.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::OnceLock;

use crate::cli::say::Lang;
use crate::policy::fault::Fault;

const PAIRS: &str = concat!(include_str!("phrases.ja.txt"), "\n\n", include_str!("phrases.faults.ja.txt"));

/// A sentence of another room in the language of the user.
pub fn phrase(lang: Lang, text: &str) -> Cow<'_, str> {
    match lang {
        Lang::En => Cow::Borrowed(text),
        Lang::Ja => japanese(text).map_or(Cow::Borrowed(text), Cow::Owned),
    }
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
        // A sentence without holes is no other's: `the file is empty` is not `{} is empty`.
        // Of those with holes the one that says more comes first: what says less fits it too.
        all.sort_by_key(|(parts, _)| (parts.len() > 1, Reverse(parts.iter().map(|part| part.len()).sum::<usize>())));
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
    ("a listener", "待ち受け"),
    ("an identity source", "認証元"),
    ("a set of fields", "項目セット"),
    ("a staff id", "担当者のID"),
    ("a response", "応答"),
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
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                files(&path, extension, found);
            } else if path.extension().is_some_and(|own| own == extension) {
                found.push(path);
            }
        }
    }

    fn below(folder: &str, extension: &str) -> Vec<String> {
        let mut found = Vec::new();
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), extension, &mut found);
        assert!(!found.is_empty(), "{folder}");
        found.iter().map(|path| fs::read_to_string(path).expect("a file")).collect()
    }

    #[test]
    fn sentences_keep_their_words() {
        assert_eq!(phrase(Lang::Ja, "`fone` is no kind"), "`fone` という種別はありません");
        assert_eq!(phrase(Lang::Ja, "`a` is no kind and no category"), "`a` という種別も区分もありません");
        assert_eq!(phrase(Lang::Ja, "`x` is no key of a rule"), "`x` は規則のキーではありません");
        assert_eq!(
            phrase(Lang::Ja, "beside/users.yaml:4:6: a user needs `password`"),
            "beside/users.yaml:4:6: 利用者には `password` が必要です"
        );
        assert_eq!(phrase(Lang::Ja, "did you mean `mask`?"), "`mask` のことですか？");
        assert_eq!(phrase(Lang::Ja, "`last4` is no mask of `email`"), "`last4` は `email` のマスクとして使えません");
        assert_eq!(
            phrase(Lang::Ja, "`127.0.0.1:80` cannot be listened on: Permission denied (os error 13)"),
            "`127.0.0.1:80` で待ち受けできません: 権限がありません"
        );
        assert_eq!(phrase(Lang::Ja, "a sentence of nobody's"), "a sentence of nobody's");
        assert_eq!(phrase(Lang::En, "`fone` is no kind"), "`fone` is no kind");
    }

    #[test]
    fn every_pair_is_whole_and_stands_once() {
        let mut seen = BTreeSet::new();
        for (english, said) in pairs() {
            assert!(said.lines().count() == 1 && !said.is_ascii(), "{english:?}: {said}");
            assert!(seen.insert(english), "{english:?} stands twice");
            for number in 1..english.len() {
                let place = format!("{{{number}}}");
                let left_out = said.contains("読み書きできません") || said.contains("いずれかに");
                assert!(said.contains(&place) || left_out, "{english:?}: {said} has no {place}");
            }
        }
        assert_eq!(seen.len(), PAIRS.trim().split("\n\n").count());
    }

    /// A sentence that another's pattern takes would be told in its words, of which half stay English.
    #[test]
    fn every_phrase_wins_for_its_own_sentence() {
        let words: Vec<String> = (1..=9).map(|number| format!("x{number}")).collect();
        for (parts, said) in pairs() {
            let words: Vec<&str> = words.iter().take(parts.len() - 1).map(String::as_str).collect();
            let holed = parts.iter().zip(words.iter().chain([&""])).map(|(part, word)| format!("{part}{word}"));
            assert_eq!(japanese(&holed.collect::<String>()), Some(filled(said, &words)), "{parts:?}");
        }
    }

    /// A phrase that no code says any more would only look like a translation.
    #[test]
    fn the_code_says_every_phrase() {
        let literals: Vec<(String, String)> = literals().into_iter().map(|own| (plain(&own), own)).collect();
        let said = |parts: &[&str]| {
            let sentence = parts.join("{}");
            literals
                .iter()
                .any(|(bare, own)| *bare == sentence || holes(parts, own).is_some() || becomes(bare, &sentence))
        };
        let all = pairs().iter().map(|(parts, _)| parts);
        let stale: Vec<String> = all.filter(|parts| !said(parts)).map(|parts| parts.join("{}")).collect();
        // Rooms may reword a sentence before its phrase follows; many of them are a book nobody keeps.
        assert!(stale.len() * 20 <= pairs().len(), "no code says these; mend phrases.ja.txt: {stale:#?}");
    }

    /// Whether a string of the code with holes can become the sentence.
    fn becomes(bare: &str, sentence: &str) -> bool {
        let parts: Vec<&str> = bare.split("{}").collect();
        parts.len() > 1 && holes(&parts, sentence).is_some() && bare.chars().filter(|c| c.is_alphabetic()).count() > 7
    }

    /// The strings of the code, whole.
    fn literals() -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for text in below("src", "rs") {
            let text = text.replace("\\\"", "\u{1}");
            for literal in text.split('"').skip(1).step_by(2).chain(text.split('"').skip(2).step_by(2)) {
                let lines = literal.split("\\\n").map(str::trim_start).collect::<String>();
                if lines.contains(' ') {
                    found.insert(lines.replace('\u{1}', "\"").replace("\\\\", "\\"));
                }
            }
        }
        found
    }

    /// A format string with bare holes.
    fn plain(text: &str) -> String {
        let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or(("", after));
            out.push_str(before);
            out.push_str(if name.contains(' ') { "{" } else { "{}" });
            rest = after;
        }
        (out + rest).replace('\u{1}', "{").replace('\u{2}', "}")
    }

    /// Every fault of the cases, and what is advised, is in the language of whoever reads it.
    #[test]
    fn every_fault_of_the_cases_has_japanese() {
        let (mut told, mut english) = (0, BTreeSet::new());
        for text in ["config", "policy"].map(|room| below(&format!("tests/cases/{room}"), "txt")).concat() {
            for line in text.lines() {
                let fault = line.strip_prefix("error[").or_else(|| line.strip_prefix("warning["));
                let message = fault.and_then(|rest| Some(rest.split_once("]: ")?.1));
                let help = line.trim_start().trim_start_matches('|').trim_start().strip_prefix("= help: ");
                for said in message.into_iter().chain(help) {
                    told += 1;
                    if phrase(Lang::Ja, said) == said {
                        english.insert(said.to_owned());
                    }
                }
            }
        }
        assert!(told > 500 && english.is_empty(), "{} of {told} have none: {english:#?}", english.len());
    }

    /// What no case shows is found in the code: every sentence of the rooms whose faults `check` tells.
    #[test]
    fn every_sentence_of_a_fault_has_japanese() {
        let mut english = BTreeSet::new();
        let mut seen = 0;
        for (path, text) in FAULTY.iter().flat_map(|path| sources(path)) {
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            for literal in lexed(code).into_iter().filter(|literal| is_sentence(literal)) {
                seen += 1;
                // Each hole is filled with a word that stands in no sentence.
                let filled = plain(&literal).replace("{}", "x7");
                if [&literal, &filled].iter().all(|said| phrase(Lang::Ja, said) == **said && word(said) == **said) {
                    english.insert(format!("{path}: {filled}"));
                }
            }
        }
        assert!(seen > 300, "{seen}");
        assert!(english.is_empty(), "these have no Japanese in phrases*.ja.txt: {english:#?}");
    }

    /// The files whose sentences stand in faults.
    const FAULTY: [&str; 19] = [
        "src/policy/compile",
        "src/policy/rule",
        "src/policy/exceptions.rs",
        "src/policy/excluded.rs",
        "src/policy/undone.rs",
        "src/policy/idle.rs",
        "src/policy/node.rs",
        "src/policy/reader.rs",
        "src/policy/traps.rs",
        "src/policy/traps",
        "src/policy/warnings.rs",
        "src/config",
        "src/route/pattern.rs",
        "src/terms/place.rs",
        "src/terms/xml_path.rs",
        "src/detect/mod.rs",
        "src/format/html/selector.rs",
        "src/identity/jwt/keys.rs",
        "src/policy/fault.rs",
    ];

    fn sources(path: &str) -> Vec<(String, String)> {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let mut found = Vec::new();
        if whole.is_dir() {
            files(&whole, "rs", &mut found);
        } else {
            found.push(whole);
        }
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // What a schema says of keys, editors show; it stands in no fault.
        let told = found.iter().filter(|path| !path.ends_with("config/schema.rs"));
        told.map(|path| (name(path), fs::read_to_string(path).expect("a file"))).collect()
    }

    /// Several words, as people say them. What the parser says, and what only the log reads, is none.
    fn is_sentence(literal: &str) -> bool {
        let words = literal.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).count();
        words > 1 && !UNSAID.iter().any(|unsaid| literal.contains(unsaid))
    }

    /// Literals of those files that are no sentences of a fault: by which the parser's own are known,
    /// and parts of sentences that the cases show whole.
    const UNSAID: &[&str] = &[
        "mapping values",
        "may not precede",
        "must be followed by",
        "inside a block",
        "illegal placement",
        "misplaced bracket",
        "YAML whitespace",
        "expected key",
        "simple key",
        "end of stream",
        "indentation in quoted scalar",
        "unexpected character",
        "cannot start any token",
        "recursion limit",
        "unknown escape",
        "; did you mean",
        ", which `",
        "`format` is no token of",
        "{} or {last}",
        "the selector cannot be followed: {",
        "resources that match one request are taken together: name the subject of",
        "{advice} ",
        "`{text}`: {why}",
        "{quote} is not closed",
        "{beginning}… {hash}",
    ];

    /// The string literals of code, comments aside.
    fn lexed(code: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut rest = code;
        while let Some(at) = rest.find(['"', '/', '\'']) {
            let (before, tail) = rest.split_at(at);
            if tail.starts_with("//") {
                rest = tail.split_once('\n').map_or("", |(_, after)| after);
            } else if let Some(quoted) = tail.strip_prefix('"') {
                let hashes = before.len() - before.trim_end_matches('#').len();
                let is_raw = before.trim_end_matches('#').ends_with('r');
                let end = if is_raw {
                    quoted.find(&format!("\"{}", "#".repeat(hashes))).unwrap_or(quoted.len())
                } else {
                    end_of(quoted)
                };
                let text = &quoted[..end];
                found.push(if is_raw { text.to_owned() } else { unescaped(text) });
                rest = quoted.get(end + 1..).unwrap_or_default();
            } else if let Some(after) = tail.strip_prefix("'\\") {
                rest = after.get(1..).and_then(|after| after.split_once('\'')).map_or("", |(_, after)| after);
            } else {
                // A character, a lifetime, or a division.
                let mut chars = tail.char_indices().skip(1);
                let second = chars.next().map_or(0, |(at, c)| at + c.len_utf8());
                let is_char = tail.starts_with('\'') && tail[second..].starts_with('\'');
                rest = &tail[if is_char { second + 1 } else { 1 }..];
            }
        }
        found
    }

    /// Where a quoted literal ends.
    fn end_of(quoted: &str) -> usize {
        let mut escaped = false;
        for (at, c) in quoted.char_indices() {
            match c {
                '"' if !escaped => return at,
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
        quoted.len()
    }

    fn unescaped(text: &str) -> String {
        let joined = text.split("\\\n").map(|line| line.trim_start()).collect::<Vec<_>>();
        let first = text.split("\\\n").next().unwrap_or_default();
        let text = first.to_owned() + &joined[1..].concat();
        text.replace("\\\"", "\"").replace("\\\\", "\\")
    }

    #[test]
    fn the_lexer_of_the_test_above_finds_literals() {
        let code = "let a = \"one \\\"two\\\"\"; // \"no\"\nlet b: &'a str = r#\"three \"4\"\"#; let c = ['\"', '\\'', 'x']; \"f \\\n   g\"";
        assert_eq!(lexed(code), ["one \"two\"", "three \"4\"", "f g"]);
    }
}
