//! `sudare test` itself: what leaks must fail, what is veiled too much must fail, and what is right
//! must pass.
//!
//! `tests/cases/testing/` holds rule files with tests: in `leaking/` and `overmasking/` every one
//! of them must fail, in `passing/` none may. What the command says of them stands beside each in a
//! `.txt`; `SUDARE_BLESS=1` writes those anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use quick_xml::events::Event;
use serde_json::Value;
use sudare::cli::say::Lang;
use sudare::cli::test::suite::{Checked, Suite};
use sudare::policy::Policy;
use sudare::policy::fault::render;
use sudare::policy::node::Source;

use crate::blessed::beside;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/testing")
}

fn sudare(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.args(words).current_dir(folder).env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    command.output().expect("sudare runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// What the tests of a text give.
fn checked(rules: &str) -> Vec<Checked> {
    let sources = [Source { name: cases().join("passing/formats.yaml").display().to_string(), text: rules.into() }];
    let loaded = Policy::parse(&sources);
    let policy = loaded.policy.unwrap_or_else(|| panic!("{}", render(&loaded.faults, &sources, false)));
    Suite::new(&policy, Lang::En).expect("keys").run(None, &mut ())
}

fn failed(results: &[Checked]) -> Vec<&str> {
    results.iter().filter(|own| !own.differences.is_empty()).map(|own| own.test.as_str()).collect()
}

#[test]
fn leaks_and_veils_too_many_fail_alike_and_say_why() {
    let mut told = Vec::new();
    for (folder, status) in [("leaking", 1), ("overmasking", 1), ("passing", 0)] {
        let folder = cases().join(folder);
        let entries = fs::read_dir(&folder).expect("the cases").map(|entry| entry.expect("a case").path());
        let mut files: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|own| own == "yaml")).collect();
        files.sort();
        assert!(!files.is_empty(), "{}", folder.display());
        for file in files {
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            let output = sudare(&folder, &["test", &name]);
            let out = text(&output.stdout);
            assert_eq!(output.status.code(), Some(status), "{}: {out}", file.display());
            let last = out.lines().last().unwrap_or_default();
            let whole = if status == 1 { last.starts_with("0 passed") } else { last.ends_with(" 0 failed") };
            assert!(whole, "{}: {last}", file.display());
            told.push((file.with_extension("txt"), out));
        }
    }
    beside(told);
}

/// The tests of the shipped rules would notice rules that show everything, and rules that hide it.
#[test]
fn the_shipped_tests_notice_rules_that_show_all_or_hide_all() {
    let demo = include_str!("../../rules/demo.yaml");
    let start = demo.find("\nrules:\n").expect("the rules begin") + 1;
    let end = start + demo[start..].find("\ntests:\n").expect("the tests begin");
    for rule in ["show: [all]", "mask: [all]"] {
        let each = |role: &str| format!("  - {{ for: {role}, {rule} }}\n");
        let rules = format!("rules:\n{}{}{}", each("support"), each("manager"), each("analyst"));
        let results = checked(&format!("{}{rules}{}", &demo[..start], &demo[end..]));
        let failed = failed(&results);
        assert!(failed.len() > results.len() / 4, "{rule}: {failed:?} of {}", results.len());
    }
    assert_eq!(failed(&checked(demo)), [""; 0]);
}

#[test]
fn programs_and_ci_systems_read_the_same_results() {
    let folder = cases().join("leaking");
    let json = sudare(&folder, &["test", "rules.yaml", "--format", "json", "--coverage"]);
    let lines: Vec<Value> = text(&json.stdout).lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    let (coverage, results) = lines.split_last().expect("results");
    let (counts, results) = results.split_last().expect("counts");
    assert_eq!((&counts["passed_count"], &counts["failed_count"]), (&0.into(), &results.len().into()));
    assert_eq!(coverage["coverage"]["rules"]["all"], 2);
    assert_eq!(results[1]["differences"][0]["decided"][0]["rules"][0]["rule"], "recall");
    assert_eq!(results[1]["differences"][0]["decided"][0]["rules"][0]["line"], 10);
    assert_eq!(results[1]["line"], 21);
    let junit = sudare(&folder, &["test", "rules.yaml", "--format", "junit"]);
    assert_eq!(junit.status.code(), Some(1));
    let xml = text(&junit.stdout);
    let mut reader = quick_xml::Reader::from_str(&xml);
    let (mut cases, mut failures, mut open) = (Vec::new(), Vec::new(), 0);
    loop {
        let event = reader.read_event().expect("well-formed XML");
        let (Event::Start(tag) | Event::Empty(tag)) = &event else {
            if matches!(event, Event::Eof) {
                break;
            }
            open -= i32::from(matches!(event, Event::End(_)));
            continue;
        };
        open += i32::from(matches!(event, Event::Start(_)));
        let value = |name: &str| {
            let attribute = tag.try_get_attribute(name).expect("attributes").expect("this one");
            attribute.value.into_owned()
        };
        match tag.name().as_ref() {
            "testsuites" | "testsuite" => assert_eq!((value("tests"), value("failures")), ("11".into(), "11".into())),
            "testcase" => cases.push((value("file"), value("line"), value("name"))),
            "failure" => failures.push((value("type"), value("message"))),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((open, cases.len(), failures.len()), (0, results.len(), results.len()));
    for ((result, (file, line, name)), (code, what)) in results.iter().zip(cases).zip(failures) {
        assert_eq!(result["file"], file);
        assert_eq!(result["line"].to_string(), line);
        assert!(name.starts_with(result["test"].as_str().expect("a name")), "{name}");
        assert_eq!(result["differences"][0]["code"], code);
        assert!(!what.is_empty());
    }
}

#[test]
fn rules_are_those_that_are_named_or_those_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    let rules = |name: &str| {
        format!(
            "sudare: 1\ntests:\n  - {{ name: {name} one, request: GET /, expect: {{ nobody: 401 }} }}\n  \
             - {{ name: {name} two, request: GET /, expect: {{ nobody: 401 }} }}\n"
        )
    };
    write("rules/a.yaml", &rules("a"));
    write("rules/b.yaml", &rules("b"));
    write("rules/c.yaml", "sudare: 1\nroles: { support: desk }\n");
    write(
        "gateway.yaml",
        "sudare: 1\nlisten: 127.0.0.1:0\nupstream: http://127.0.0.1:9\nrules: rules/b.yaml\nidentity:\n  - header: { user: X-User, groups: X-Groups, from: [127.0.0.1/32] }\n",
    );
    for (words, status, says) in [
        (&["test"][..], 0, "2 passed, 0 failed\n"),
        (&["test", "-c", "gateway.yaml"], 0, "2 passed, 0 failed\n"),
        (&["test", "rules/"], 0, "4 passed, 0 failed\nnote: no tests in rules/c.yaml\n"),
        (&["test", "rules/a.yaml", "rules/b.yaml"], 0, "4 passed, 0 failed\n"),
        (&["test", "rules/a.yaml", "rules/b.yaml", "--filter", "a o"], 0, "1 passed, 0 failed\n"),
        (
            &["test", "rules/c.yaml"],
            2,
            "0 passed, 0 failed\nnote: these files hold no tests; write some under `tests:`\n",
        ),
        (&["test", "rules/a.yaml", "--filter", "nothing"], 2, ""),
        (&["test", "-c", "none.yaml"], 2, ""),
        (&["test", "rules/none.yaml"], 2, ""),
        (&["test", "rules/a.yaml", "--format", "xml"], 2, ""),
    ] {
        let output = sudare(folder.path(), words);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(status), says.to_owned()), "{words:?}");
        let is_told = !output.stderr.is_empty() || !says.is_empty();
        assert!(output.stderr.is_empty() || status != 0, "{words:?}: {}", text(&output.stderr));
        assert!(is_told, "{words:?}");
    }
}

/// A pipe would keep the tests waiting, and a file without end the machine busy.
#[cfg(unix)]
#[test]
fn only_plain_files_of_the_rules_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("in")).expect("a folder");
    let made = Command::new("mkfifo").arg(folder.path().join("in/pipe.json")).status().expect("mkfifo");
    assert!(made.success());
    fs::write(folder.path().join("in/real.json"), "{}").expect("a file");
    std::os::unix::fs::symlink("real.json", folder.path().join("in/link.json")).expect("a link");
    fs::File::create(folder.path().join("in/long.json")).and_then(|file| file.set_len(17 << 20)).expect("a long file");
    for (name, status, says) in [
        ("in/real.json", 0, ""),
        ("in/link.json", 0, ""),
        ("in/pipe.json", 1, "is no plain file"),
        ("in/long.json", 1, "is longer than 16 MiB"),
        ("in", 1, "is no plain file"),
        ("../real.json", 1, "leads out of the folder"),
    ] {
        let rules = format!(
            "sudare: 1\nroles: {{ a: a }}\ntests:\n  - {{ name: x, request: GET /, response: {{ headers: {{ Content-Type: application/json }}, file: {name} }}, expect: {{ a: 200 }} }}\n"
        );
        fs::write(folder.path().join("rules.yaml"), rules).expect("a file");
        let output = sudare(folder.path(), &["test", "rules.yaml"]);
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{name}: {told}");
        assert!(told.contains(says), "{name}: {told}");
    }
}

#[test]
fn the_page_shows_what_a_failure_says() {
    let page = include_str!("../../docs/rules.md");
    let section = page.split("## Tests beside the rules").nth(1).expect("the section");
    let block = |fence: &str| section.split(fence).nth(1).expect("a block").split("```").next().expect("its end");
    let rules = block("```yaml\n").replace("show: [person.name], mask: { phone: last4 }", "show: [person.name, phone]");
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    fs::write(folder.path().join("rules/desk.yaml"), rules).expect("a file");
    let output = sudare(folder.path(), &["test", "rules/desk.yaml"]);
    let (out, says) = (text(&output.stdout), block("```\nhidden"));
    assert!(output.status.code() == Some(1) && out.contains(&format!("hidden{says}")), "{out}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a rule file, its tests end.
    #[test]
    fn no_torn_test_panics(
        file in 0usize..4,
        from in 0usize..9000,
        length in 0usize..40,
        put in "[\\n :{}\\[\\]*&!'\"：　a$0-9<>%-]{0,6}|json|html|csv|exactly: true|\\*\\*\\*\\*|99999|GET /",
    ) {
        let good = [
            include_str!("../cases/testing/passing/formats.yaml"),
            include_str!("../cases/testing/leaking/rules.yaml"),
            include_str!("../cases/testing/leaking/spellings.yaml"),
            include_str!("../cases/testing/overmasking/rules.yaml"),
        ][file];
        let chars: Vec<char> = good.chars().collect();
        let from = from % chars.len();
        let to = (from + length).min(chars.len());
        let torn: String = chars[..from].iter().copied().chain(put.chars()).chain(chars[to..].iter().copied()).collect();
        let sources = [Source { name: cases().join("passing/torn.yaml").display().to_string(), text: torn }];
        if let Some(policy) = Policy::parse(&sources).policy {
            let results = Suite::new(&policy, Lang::Ja).expect("keys").run(None, &mut ());
            prop_assert!(results.len() <= 64);
        }
    }
}
