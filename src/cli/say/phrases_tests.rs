//! That every sentence which the code may tell people has its Japanese, and that the book of them holds no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::detect::Detectors;
use crate::terms::kind::KindId;

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
    for (english, said) in [
        ("the kind `x` needs `category`", "種別 `x` には `category` が必要です"),
        ("a body in `gzip` that breaks off", "`gzip` の本文が途中で切れています"),
        ("a body in `gzip` that goes on behind its end", "`gzip` の本文の終わりの後に余分なデータがあります"),
        ("a body in Shift_JIS with control characters", "Shift_JIS の本文に制御文字があります"),
        (
            "the body is no JSON at byte 5: expected a value",
            "本文の 5 バイト目でJSONとして読めません: ここには値が必要です",
        ),
        ("an encoded word in a header is coded twice", "ヘッダーの符号化された語が二重に符号化されています"),
        ("the head of a part is too long, at byte 3", "パートのヘッダーが長すぎます（3 バイト目）"),
        ("`cel` of rule `x` (a.yaml:3) cannot be evaluated", "規則 `x`（a.yaml:3）の `cel` を評価できません"),
        ("a field is read-only; nothing was saved", "項目は読み取り専用です。何も保存していません"),
        ("the pattern cannot be read: unclosed group", "パターンを読めません: `(` が閉じていません"),
    ] {
        assert_eq!(phrase(Lang::Ja, english), said);
    }
    assert_eq!((named(Lang::Ja, "pattern"), named(Lang::En, "pattern")), ("パターン".into(), "pattern".into()));
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
        let own = filled(said, &vec!["x7"; english.len() - 1]);
        assert_eq!(phrase(Lang::Ja, &english.join("x7")), own, "another pair takes this sentence");
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
        literals.iter().any(|(bare, own)| *bare == sentence || holes(parts, own).is_some() || becomes(bare, &sentence))
    };
    // What the engine of patterns says stands in its own code.
    let engine = include_str!("phrases.patterns.ja.txt");
    let all =
        pairs().iter().map(|(parts, _)| parts).filter(|parts| !engine.contains(&format!("{}\n", parts.join("{}"))));
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

/// So is every note of a refusal: the sentences of the rooms that read, judge and rewrite, and of each file that
/// refuses.
#[test]
fn every_note_of_a_refusal_has_japanese() {
    let mut english = BTreeSet::new();
    let mut seen = 0;
    let mut found = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&src, "rs", &mut found);
    for path in found {
        let text = fs::read_to_string(&path).expect("a file");
        let path = path.strip_prefix(&src).expect("a file below").to_string_lossy().into_owned();
        let says = REFUSING.iter().any(|room| path.starts_with(room)) || text.contains("Refusal::new(");
        if !says || SILENT.iter().any(|room| path.starts_with(room)) || path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for literal in lexed(&unlogged(code)).into_iter().filter(|literal| is_note(literal)) {
            seen += 1;
            let filled = plain(&literal).replace("{}", "x7");
            if [&literal, &filled].iter().all(|said| phrase(Lang::Ja, said) == **said && word(said) == **said) {
                english.insert(format!("{path}: {filled}"));
            }
        }
    }
    assert!(seen > 250, "{seen}");
    assert!(english.is_empty(), "these have no Japanese in phrases.refusals.ja.txt: {english:#?}");
}

/// The rooms that say in a word of their own why something cannot be read.
const REFUSING: [&str; 3] = ["body/", "format/", "guard/"];

/// What no command tells: the console's own pages, who is up, and names that other programs give to things.
const SILENT: [&str; 7] = [
    "guard/program.rs",
    "cli/",
    "serve/console",
    "serve/house.rs",
    "serve/sample/",
    "format/card/line.rs",
    "guard/query/names.rs",
];

/// Code without what it tells the log, which reads English.
fn unlogged(code: &str) -> String {
    let mut parts = code.split("tracing::");
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.map(|part| part.split_once(");").map_or("", |(_, after)| after)).collect::<String>()
}

/// Several words that stand in a note; neither a header nor what `Debug` shows.
fn is_note(literal: &str) -> bool {
    let debugs = literal.starts_with(char::is_uppercase) && literal.contains("({");
    let words = literal.split(' ').filter(|word| word.chars().any(char::is_alphabetic)).count();
    words > 1 && !debugs && !UNNOTED.iter().any(|unsaid| literal.contains(unsaid))
}

/// Headers, a guard of JSON, proofs, what is only counted or told to the log, and parts of sentences that stand whole in pairs.
const UNNOTED: &[&str] = &[
    "realm=",
    "form-data; ",
    "private, ",
    "GET, POST",
    "Cookie, Authorization",
    "be evil",
    "is a selector",
    "the crm at `",
    "beside {text}",
    "{advice}",
    "ask `has(…)` before",
    "`{text}`: {why}",
    "{quote} is not closed",
    "a tag",
    "text in XML",
    "parameter `{folded}`: ",
    "no connection in time to",
    "no connection to",
    "no conversation with",
];

/// What the engine says of a pattern, it says in English.
#[test]
fn what_is_wrong_with_a_pattern_has_japanese() {
    let deep = "(".repeat(300) + &")".repeat(300);
    let wrong = [
        r"[\A]",
        "[z-a]",
        r"[a-\d]",
        "[a",
        r"\x{}",
        r"\x{110000}",
        r"\xg0",
        "\\",
        r"\y",
        "(?i-)",
        "(?ii)",
        "(?-i-s)",
        "(?i",
        "(?z)",
        "(?P<a>.)(?P<a>.)",
        "(?P<>.)",
        "(?P<a b>.)",
        "(?P<a",
        "(a",
        "a)",
        &deep,
        "a{2,1}",
        "a{,}",
        "a{2",
        "*",
        r"\b{start",
        r"\b{middle}",
        r"\b{",
        r"(a)\1",
        "(?=a)",
        "(?<!a)",
        r"(?-u)\pL",
        r"(?-u)\xff",
        r"\p{Nobody}",
        r"\p{Script=Nobody}",
    ];
    for pattern in wrong {
        let fault = Detectors::new(&[(KindId(40), pattern.to_owned())]).err().expect(pattern).to_string();
        let said = phrase(Lang::Ja, &fault);
        let why = said.strip_prefix("パターンを読めません: ").expect("the fault of a pattern");
        assert!(!why.is_ascii() && !why.contains(" is "), "{pattern}: {why}");
    }
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
