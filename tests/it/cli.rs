//! The command line as people meet it: the real binary, in both languages, in a pipe.
//!
//! `tests/cases/cli/*.txt` are transcripts: a line `$ COMMAND` is run in a fresh folder that holds
//! `files/`, and what follows is its output: `! ` before what went to stderr, `= ` before the exit
//! status. The language stands in the file's name. `SUDARE_BLESS=1` writes them anew.

mod init;
mod keys;
mod workbench;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// `sudare` in a folder, as somebody of a language who looks at a terminal of 80 columns.
fn sudare(folder: &Path, japanese: bool) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.current_dir(folder).env("LANG", if japanese { "ja_JP.UTF-8" } else { "C.UTF-8" }).env("USER", "hanako");
    for name in ["LC_ALL", "LC_MESSAGES", "SUDO_USER", "NO_COLOR", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/cli")
}

/// A folder with what the transcripts name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy(&cases().join("files"), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let own = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir(&own).expect("a folder");
            copy(&path, &own);
        } else {
            fs::copy(&path, &own).expect("a file");
        }
    }
}

/// A transcript's commands, run anew.
fn played(transcript: &str, japanese: bool) -> String {
    let folder = folder();
    let mut out = String::new();
    for line in transcript.lines().filter(|line| line.starts_with("$ ")) {
        let mut words = line.split(' ').skip(1);
        assert_eq!(words.next(), Some("sudare"), "{line}");
        let output = sudare(folder.path(), japanese).args(words).output().expect("sudare runs");
        out.push_str(&format!("{line}\n{}", text(&output.stdout)));
        out.extend(text(&output.stderr).lines().map(|line| format!("! {line}\n")));
        out.push_str(&format!("= {}\n\n", output.status.code().expect("a status")));
    }
    without_chance(&out)
}

/// The password of `init` is another one each time.
fn without_chance(text: &str) -> String {
    let is_password = |word: &str| {
        word.len() == 23
            && word.split('-').all(|part| part.len() == 5 && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    let word = |word: &str| if is_password(word) { "PASSWORD".to_owned() } else { word.to_owned() };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(|own| line(own) + "\n").collect()
}

#[test]
fn every_transcript_reads_as_expected() {
    let entries = fs::read_dir(cases()).expect("the cases").map(|entry| entry.expect("a case").path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|own| own == "txt")).collect();
    paths.sort();
    assert!(paths.len() > 5, "the cases are there");
    let mut wrong = Vec::new();
    for path in paths {
        let expected = fs::read_to_string(&path).expect("a case");
        let japanese = path.to_string_lossy().ends_with(".ja.txt");
        let got = played(&expected, japanese);
        assert!(!got.contains('\u{1b}'), "a pipe gets no colours: {}", path.display());
        if std::env::var_os("SUDARE_BLESS").is_some() {
            fs::write(&path, &got).expect("a case can be written");
        } else if got != expected {
            wrong.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_flag_beats_the_environment_and_programs_read_english() {
    let folder = folder();
    let run = |japanese, words: &[&str]| sudare(folder.path(), japanese).args(words).output().expect("sudare runs");
    let english = run(false, &["check", "rules/wrong.yaml"]);
    assert_eq!(run(true, &["--lang", "en", "check", "rules/wrong.yaml"]).stderr, english.stderr);
    assert_ne!(run(true, &["check", "rules/wrong.yaml"]).stderr, english.stderr);
    for words in
        [&["check", "rules/wrong.yaml", "--format", "json"][..], &["test", "rules/failing.yaml", "--format", "json"]]
    {
        let (ja, en) = (run(true, words), run(false, words));
        assert_eq!(text(&ja.stdout), text(&en.stdout));
        assert!(text(&ja.stdout).lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
        assert_eq!((ja.status.code(), ja.stdout.is_empty()), (Some(1), false));
    }
}

/// Whoever reads only the first lines closes the pipe; that is no failure of the command.
#[test]
fn a_closed_pipe_is_no_panic() {
    let folder = folder();
    for words in [
        &["--help"][..],
        &["man"],
        &["completions", "bash"],
        &["test", "rules/failing.yaml"],
        &["init", "http://127.0.0.1:1", "--dir", "new"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = sudare(folder.path(), false);
        let output = command.args(words).stdout(writer).stderr(Stdio::piped()).output().expect("sudare runs");
        let told = text(&output.stderr);
        assert!(!told.contains("panicked") && output.status.code().is_some_and(|code| code < 2), "{words:?}: {told}");
    }
}

/// A closed stderr is no panic either; and what could not be written was not done.
#[test]
fn output_that_fails_is_told() {
    let folder = folder();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = sudare(folder.path(), false)
        .args(["check", "rules/wrong.yaml"])
        .stdout(Stdio::null())
        .stderr(writer)
        .status()
        .expect("sudare runs");
    assert_eq!(status.code(), Some(1));
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: there is no /dev/full");
        return;
    };
    for words in [
        &["test", "rules/good.yaml", "--format", "junit"][..],
        &["test", "rules/failing.yaml"],
        &["check", "rules/wrong.yaml", "--format", "json"],
        &["check", "--explain", "unfound"],
        &["schema", "rules"],
        &["completions", "bash"],
        &["kinds"],
        &["rules", "table", "rules/good.yaml"],
        &["explain", "--rules", "rules/good.yaml", "GET", "/a"],
        &["scan", "app.log"],
        &["explain", "--request", "01M80CCGVKTANAKA0000000000", "--state", "kept", "--rules", "rules/desk.yaml"],
        &["init", "http://127.0.0.1:1", "--dir", "new"],
        &["init", "http://127.0.0.1:1", "--dir", "new", "--no-probe"],
        &["demo", "--port", "0", "--folder", "demo"],
    ] {
        let stdout = full.try_clone().expect("a second one");
        let output = sudare(folder.path(), false).args(words).stdout(stdout).output().expect("sudare runs");
        let told = text(&output.stderr);
        assert!(told.contains("the output cannot be written"), "{words:?}: {told}");
        assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
    }
    // Whoever could not be asked about the CRM has nothing written; whoever could not read the password is told.
    let again = sudare(folder.path(), false).args(["init", "http://127.0.0.1:1", "--dir", "new"]).output();
    let told = text(&again.expect("sudare runs").stderr);
    assert!(told.contains("`new/gateway.yaml` is there already"), "{told}");
}

#[test]
fn a_terminal_gets_nothing_to_obey() {
    let folder = folder();
    let rules = r#"
sudare: 1
roles: { "a\ez": [g] }
rules: [{ for: "a\ez", mask: [phone] }]
tests:
  - name: "clear \e[2J"
    request: GET /a
    response: { json: { tel: 090-1234-5678, say: "\e]0;x" } }
    expect: { "a\ez": { json: { say: "\e]1;y" }, shown: ["\e[1m"] } }
"#;
    fs::write(folder.path().join("odd.yaml"), rules).expect("rules");
    for words in [&["test", "odd.yaml"][..], &["rules", "table", "odd.yaml"], &["check", "odd.yaml"]] {
        let output = sudare(folder.path(), false).args(words).output().expect("sudare runs");
        let told = text(&output.stdout) + &text(&output.stderr);
        assert!(!told.contains('\u{1b}') && !told.is_empty(), "{words:?}: {told:?}");
    }
}

/// Gives a text to another program; nothing where that is not installed.
fn given(program: &str, arguments: &[&str], input: &[u8]) -> Option<Output> {
    let mut command = Command::new(program);
    let spawned = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: {program} is not installed");
        return None;
    };
    child.stdin.take().expect("its input").write_all(input).expect("it reads");
    Some(child.wait_with_output().expect("it ends"))
}

#[test]
fn shells_take_their_completions() {
    let folder = folder();
    for (shell, arguments) in [("bash", &["-n"][..]), ("zsh", &["-n"]), ("fish", &["--no-execute"])] {
        let output = sudare(folder.path(), true).args(["completions", shell]).output().expect("sudare runs");
        let script = text(&output.stdout);
        for word in ["ledger", "query", "--category", "init", "--no-probe"] {
            assert!(script.contains(word.trim_start_matches('-')), "{shell}: {word}");
        }
        if let Some(read) = given(shell, arguments, &output.stdout) {
            assert!(read.status.success(), "{shell}: {}", text(&read.stderr));
        }
    }
    let output = sudare(folder.path(), true).args(["completions", "tcsh"]).output().expect("sudare runs");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn manual_pages_are_roff_in_both_languages() {
    let folder = folder();
    for (japanese, headings) in [
        (false, [".SH NAME", ".SH EXAMPLES", ".SH \"EXIT STATUS\""]),
        (true, [".SH 名前", ".SH 使用例", ".SH 終了コード"]),
    ] {
        let dir = folder.path().join(if japanese { "ja" } else { "en" });
        fs::create_dir(&dir).expect("a folder");
        let output = sudare(folder.path(), japanese).args(["man", "--dir"]).arg(&dir).output().expect("sudare runs");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let pages: Vec<PathBuf> =
            fs::read_dir(&dir).expect("pages").map(|entry| entry.expect("a page").path()).collect();
        assert!(pages.len() > 8 && dir.join("sudare-ledger-query.1").exists(), "{pages:?}");
        for path in pages {
            let page = fs::read(&path).expect("a page");
            for heading in headings {
                assert!(text(&page).contains(heading), "{} has no {heading}", path.display());
            }
            if let Some(read) = given("groff", &["-Kutf8", "-man", "-Tutf8", "-ww", "-z"], &page) {
                let told = text(&read.stderr);
                // A line that is too long to be set, and fonts, are the device's own matter.
                let faults: Vec<&str> = told.lines().filter(|line| !line.contains("line")).collect();
                assert!(read.status.success() && faults.is_empty(), "{}: {told}", path.display());
            }
        }
    }
    let one = sudare(folder.path(), false).args(["man", "ledger", "query"]).output().expect("sudare runs");
    assert_eq!(one.stdout, fs::read(folder.path().join("en/sudare-ledger-query.1")).expect("a page"));
    let none = sudare(folder.path(), false).args(["man", "nothing"]).output().expect("sudare runs");
    assert_eq!(none.status.code(), Some(2));
}
