//! Files that are no rules: whatever somebody feeds to `check`, it ends, and in words.
//!
//! No clock is asked. The texts are so long that work which grows with the square of their length
//! would not end while anybody waits for the tests.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use sudare::cli::check::{github, sarif};
use sudare::config::rules;
use sudare::policy::Policy;
use sudare::policy::fault::{Fault, render, render_json};
use sudare::policy::node::{FILE_BYTES, Source};

/// Everything that `check` does with a text; gives its faults.
fn checked(text: String) -> Vec<Fault> {
    let sources = [Source { name: "a.yaml".into(), text }];
    let loaded = Policy::parse(&sources);
    let mut faults = loaded.faults;
    if let Some(policy) = &loaded.policy {
        faults.extend(policy.warnings("2026-11-22T00:00:00Z".parse().expect("a time")));
        faults.extend(policy.exceptions());
    }
    let told = render(&faults, &sources, false);
    assert_eq!(told.is_empty(), faults.is_empty());
    assert_eq!(render_json(&faults, &sources).lines().count(), faults.len());
    assert_eq!(github::render(&faults, &sources).lines().count(), faults.len());
    assert!(serde_json::from_str::<serde_json::Value>(&sarif::render(&faults, &sources, true)).is_ok());
    faults
}

fn codes(text: String) -> Vec<&'static str> {
    let mut codes: Vec<&str> = checked(text).iter().map(|fault| fault.code).collect();
    codes.dedup();
    codes
}

#[test]
fn a_billion_laughs_stay_one() {
    let mut text = "sudare: 1\na: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for (last, next) in ('a'..='z').zip('b'..='z') {
        text.push_str(&format!("{next}: &{next} [{}]\n", vec![format!("*{last}"); 9].join(", ")));
    }
    let codes = codes(text);
    assert!(codes.contains(&"anchor") && codes.contains(&"alias"), "{codes:?}");
}

/// Two thousand resources of one path are two million pairs: nobody reads so many warnings.
#[test]
fn resources_of_one_path_are_told_up_to_a_bound() {
    let mut text = "sudare: 1\nresources:\n".to_owned();
    for number in 0..2_000 {
        text.push_str(&format!("  - {{ id: r{number}, match: 'GET /a/{{id}}', subject: path.id }}\n"));
    }
    let same = checked(text).into_iter().filter(|fault| fault.code == "same-request").count();
    assert!((500..=1_000).contains(&same), "{same}");
}

/// A selector is read by what calls itself, and asked at every element of a page.
#[test]
fn a_selector_is_neither_deep_nor_long() {
    let file = |selector: &str| {
        format!(
            "sudare: 1\nfields: {{ a: {{ phone: \"css:{selector}\" }} }}\nresources: [{{ id: r, match: GET /, fields: a }}]\n"
        )
    };
    for name in [":not(", ":is(", ":where("] {
        assert_eq!(codes(file(&format!("{}a{}", name.repeat(4), ")".repeat(4)))), [""; 0], "{name}");
        assert_eq!(codes(file(&format!("{}a{}", name.repeat(5), ")".repeat(5)))), ["selector"], "{name}");
        assert_eq!(codes(file(&format!("{}a{}", name.repeat(100_000), ")".repeat(100_000)))), ["selector"], "{name}");
        assert_eq!(codes(file(&name.repeat(100))), ["selector"], "{name}");
    }
    assert_eq!(codes(file(&"a ".repeat(400))), [""; 0]);
    assert_eq!(codes(file(&"a ".repeat(1_000_000))), ["selector"]);
}

/// Each of them is held against the rules that always hold, and not against one another.
#[test]
fn thousands_of_exceptions_are_compared_with_what_always_holds() {
    let mut text = "sudare: 1\nroles:\n".to_owned();
    (0..50).for_each(|role| text.push_str(&format!("  role{role}: [group{role}]\n")));
    text.push_str("rules:\n  - { for: all, mask: [phone] }\n");
    for staff in 0..2_000 {
        text.push_str(&format!(
            "  - {{ for: {{ staff: s{staff} }}, show: [phone], until: 2099-12-31, why: w, owner: o }}\n"
        ));
        text.push_str(&format!(
            "  - {{ for: all, show: [all], when: {{ network: 10.{}.{}.0/24 }}, until: 2098-01-{:02}, why: w, owner: o }}\n",
            staff / 250,
            staff % 250,
            staff % 28 + 1
        ));
    }
    assert_eq!(codes(text), [""; 0]);
}

/// What is too many is told, and nothing is looked up in it: each unknown name would be held against all.
#[test]
fn among_too_many_nothing_is_looked_up() {
    let mut text = "sudare: 1\nroles:\n".to_owned();
    (0..10_000).for_each(|number| text.push_str(&format!("  role{number}: [g]\n")));
    text.push_str("rules:\n");
    (0..10_000).for_each(|number| text.push_str(&format!("  - {{ for: rloe{number}, show: [phone] }}\n")));
    assert_eq!(codes(text), ["too-many"]);
}

#[test]
fn deep_nesting_is_refused_at_its_depth() {
    for level in ["[", "{a: ", "- ", "? ", "[{", "- - "] {
        let faults = checked(level.repeat(100_000));
        assert!(faults.iter().any(|fault| ["too-deep", "key", "yaml"].contains(&fault.code)), "{level}: {faults:?}");
        assert!(faults.iter().all(|fault| fault.span.start < 10_000), "{level} was read on");
    }
    let mut text = String::from("sudare: 1\n");
    (0..1000).for_each(|depth| text.push_str(&format!("{}a:\n", " ".repeat(depth))));
    assert_eq!(codes(text), ["too-deep"]);
}

#[test]
fn ten_megabytes_are_refused_by_their_length() {
    let mut seed: u32 = 7;
    let mut junk = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(32 + (seed >> 16) % 95).unwrap_or(' ')
    };
    let line: String = (0..10 << 20).map(|_| junk()).collect();
    assert!(line.len() > FILE_BYTES);
    assert_eq!(codes(line), ["too-large"]);
    let keys: String = (0..1_000_000).map(|number| format!("k{number}: 1\n")).collect();
    assert_eq!(codes(keys), ["too-large"]);
    assert_eq!(codes("a\n".repeat(5 << 20)), ["too-large"]);
}

/// The same character again and again, on one line or on many: what a trap or the parser would look
/// at anew for each would never end.
#[test]
fn one_thing_again_and_again_ends() {
    for unit in [
        "a", "a\n", "a: b\n", "{c", "c: ", ": ", ":", "*", "*a ", "&a ", "\"", "'", "'a", "|\n", "#", " #", "%", "@",
        "!", "!a ", "\t", "\t\n", "　", "：", "a：b\n", "$[", "{$", "{ css:", "[,", ", ", "\0", "\u{feff}", "\r",
        "\r\n", "---\n", "...\n", "? \n", "<<: a\n", "- a\n", "名", "\\", "\"\\", "{a: b}, ", "- $.a[\n",
    ] {
        for head in ["", "sudare: 1\nx: { a: ", "sudare: 1\nrules:\n  - "] {
            let text = format!("{head}{}", unit.repeat(100_000 / unit.len()));
            assert!(!checked(text).is_empty(), "{unit:?} after {head:?}");
        }
    }
}

#[test]
fn many_keys_cost_what_they_are() {
    let keys: String = (0..90_000).map(|number| format!("key-{number}: 1\n")).collect();
    let faults = checked(keys);
    assert_eq!(faults.len(), 501, "the bound, and how many more there are");
    assert_eq!(faults[500].message, "500 faults are told, and 89501 more are not");
    let faults = checked("sudare: 1\n".repeat(90_000));
    assert_eq!((faults[0].code, faults.len()), ("duplicate-key", 501));
    let roles: String = (0..1000).map(|number| format!("  role-{number}: [a]\n")).collect();
    let rules: String =
        (0..9000).map(|number| format!("  - {{ for: rule-{number}, show: [kind-{number}] }}\n")).collect();
    let faults = checked(format!("sudare: 1\nroles:\n{roles}rules:\n{rules}"));
    assert_eq!(faults.len(), 501);
}

#[test]
fn one_long_line_shows_its_neighbourhood() {
    let text = format!("sudare: 1\n{{{}}}\n", "\"a\": 1, ".repeat(FILE_BYTES / 200));
    let sources = [Source { name: "a.yaml".into(), text }];
    let faults = Policy::parse(&sources).faults;
    assert!(!faults.is_empty());
    assert!(render(&faults, &sources, false).len() < 1000 * faults.len());
}

#[test]
fn files_that_cannot_be_read_do_not_hide_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join("rules").join(name);
    fs::create_dir_all(at("folder.yaml")).expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(at(name), bytes).expect("a file");
    write("good.yaml", "\u{feff}sudare: 1\nroles: { support: [a] }\n".as_bytes());
    write("faulty.yaml", b"sudare: 1\nrol: {}\n");
    write("latin.yaml", b"sudare: 1\nname: caf\xe9\n");
    write("nul.yaml", b"sudare: 1\nname: \"a\0b\"\n\0\n");
    let utf16: Vec<u8> = "\u{feff}sudare: 1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    write("utf16.yaml", &utf16);
    write("sjis.yaml", b"sudare: 1\nname: \x8e\xf3\x95\x74\n");
    write(".hidden.yaml", b"\xff");
    write("readme.txt", b"\xff");
    symlink("circle.yaml", at("circle.yaml")).expect("a link");
    symlink("nowhere", at("dangling.yaml")).expect("a link");
    symlink("good.yaml", at("twin.yaml")).expect("a link");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    let command = command.args(["check", "rules", "rules/good.yaml", "--format", "json"]).current_dir(folder.path());
    let output = command.env("LANG", "C.UTF-8").output().expect("sudare runs");
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let told: Vec<String> = text
        .lines()
        .map(|line| {
            let fault: serde_json::Value = serde_json::from_str(line).expect("JSON");
            format!("{}:{} {}", fault["file"], fault["line"], fault["code"]).replace('"', "")
        })
        .collect();
    for expected in [
        "rules/faulty.yaml:2 unknown-key",
        "rules/latin.yaml:2 encoding",
        "rules/utf16.yaml:1 encoding",
        "rules/sjis.yaml:2 encoding",
        "rules/circle.yaml:1 unreadable",
        "rules/dangling.yaml:1 unreadable",
    ] {
        assert!(told.contains(&expected.to_owned()), "{expected}: {told:#?}");
    }
    assert!(text.contains("seems to be UTF-16") && text.contains("seems to be Shift_JIS"), "{text}");
    assert!(!told.iter().any(|line| line.contains("hidden") || line.contains("readme") || line.contains("folder")));
    assert!(
        !told.iter().any(|line| line.contains("good") || line.contains("twin")),
        "one file is read once: {told:#?}"
    );
}

#[test]
fn a_folder_of_too_many_files_is_refused_unread() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..10_001 {
        fs::write(folder.path().join(format!("{number}.yaml")), "").expect("a file");
    }
    let error = rules::read(&[folder.path().to_path_buf()]).expect_err("too many");
    assert!(error.to_string().contains("more than 10000 rule files"), "{error}");
}

/// A shipped rule file with some bytes put in the place of others.
fn mutated(name: &str, changes: &[(prop::sample::Index, usize, Vec<u8>)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name);
    let mut bytes = fs::read(path).expect("shipped rules");
    for (at, taken, put) in changes {
        let at = at.index(bytes.len());
        let end = bytes.len().min(at + taken);
        bytes.splice(at..end, put.iter().copied());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_change_of_a_shipped_file_is_a_panic(
        name in prop::sample::select(vec!["demo.yaml", "creme.yaml", "tryton.yaml"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..40, prop_oneof![
            prop::collection::vec(any::<u8>(), 0..6),
            prop::sample::select(vec!["：", "　", "\t", "[", "{", "*a", "&a", "\"", "'", "\n- ", ": ", "#", "🦀", "\0"])
                .prop_map(|text| text.as_bytes().to_vec()),
        ]), 1..6),
    ) {
        checked(mutated(name, &changes));
    }
}
