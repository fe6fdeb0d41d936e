//! What README.md shows must work as it stands there.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The YAML blocks of the page, by the file name in their first line.
fn blocks() -> Vec<(String, String)> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let parts = page.split("```yaml\n# ").skip(1).map(|part| part.split("```").next().expect("a block"));
    parts
        .map(|part| part.split_once('\n').expect("a name and a text"))
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect()
}

#[test]
fn the_five_minutes_are_true() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    let blocks = blocks();
    assert_eq!(
        blocks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["gateway.yaml", "users.yaml", "rules/desk.yaml"]
    );
    for (name, text) in blocks {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    for arguments in [&["check"][..], &["test", "rules/"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_sudare"))
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("sudare");
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    }
}

#[test]
fn the_shipped_rules_pass_their_own_tests() {
    for file in ["rules/demo.yaml", "rules/creme.yaml", "rules/tryton.yaml", "rules/appi.yaml", "pack:appi"] {
        for command in ["check", "test"] {
            let mut sudare = Command::new(env!("CARGO_BIN_EXE_sudare"));
            let output = sudare.args([command, file]).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("sudare");
            let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{command} {file}: {told}");
        }
    }
}

/// The pages of a folder, with their paths.
fn pages(folder: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let pages = paths.filter(|path| path.extension().is_some_and(|end| end == "md"));
    pages.map(|path| (path.to_string_lossy().into_owned(), fs::read_to_string(&path).expect("a page"))).collect()
}

/// Whether a block is a whole file of rules, and no part of one, nor a gateway's own file.
fn is_of_rules(block: &str) -> bool {
    let begins = |key: &str| block.lines().any(|line| line.starts_with(key));
    block.lines().find(|line| !line.starts_with('#')) == Some("sudare: 1")
        && !["listen:", "upstream:", "sites:", "identity:", "keys:"].into_iter().any(begins)
}

#[test]
fn the_examples_of_all_pages_are_good_rules_and_pass_their_own_tests() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut checked, mut tested) = (0, 0);
    for (name, page) in pages("docs").into_iter().chain(pages("docs/ja")) {
        let blocks = page.split("```yaml\n").skip(1).map(|part| part.split("```").next().expect("a block"));
        for block in blocks.filter(|block| is_of_rules(block)) {
            let file = folder.path().join("example.yaml");
            fs::write(&file, block).expect("a file");
            // A run of no tests is none that passed.
            let status = if block.contains("\ntests:\n") { 0 } else { 2 };
            for (command, status) in [("check", 0), ("test", status)] {
                let output = Command::new(env!("CARGO_BIN_EXE_sudare")).arg(command).arg(&file).output();
                let output = output.expect("sudare");
                let told =
                    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(status), "{command} {name} {block}: {told}");
            }
            checked += 1;
            tested += usize::from(status == 0);
        }
    }
    assert!(checked >= 30 && tested >= 15, "the blocks are found: {checked}, {tested} with tests");
}

#[test]
fn the_rules_pages_list_every_kind() {
    let mut rows = String::new();
    let output = Command::new(env!("CARGO_BIN_EXE_sudare")).args(["kinds", "--format", "json"]).output();
    for line in String::from_utf8_lossy(&output.expect("sudare").stdout).lines() {
        let kind: serde_json::Value = serde_json::from_str(line).expect("an object");
        let words = |key: &str| {
            let words = kind[key].as_array().expect("a list").iter().map(|word| match word.as_str() {
                // A number says how many are left.
                Some("digits") => "`1` `2` `3`".to_owned(),
                word => format!("`{}`", word.expect("a word")),
            });
            let all = words.collect::<Vec<_>>().join(", ");
            if all.is_empty() { "–".to_owned() } else { all }
        };
        let text = |key: &str| kind[key].as_str().expect("a text").to_owned();
        rows += &format!(
            "| `{}` | `{}` | {} | {} |\n",
            text("kind"),
            text("category"),
            words("masks"),
            words("generalizations")
        );
    }
    assert!(rows.lines().count() > 20, "{rows}");
    for page in ["docs/rules.md", "docs/ja/rules.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).expect(page);
        assert!(text.contains(&format!("| --- | --- | --- | --- |\n{rows}\n")), "{page} must list these:\n{rows}");
    }
}

/// What a page shows to be copied, line by line.
fn shown(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut shown = Vec::new();
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        if fence || fenced || (line.starts_with("    ") && !line.trim_start().starts_with(['-', '*'])) {
            shown.push(line.to_owned());
        }
        fenced ^= fence;
    }
    shown
}

/// Sections of a page, each with the number of rows of its tables and of its points.
fn shape(text: &str) -> Vec<(usize, usize)> {
    let level = |line: &str| line.chars().take_while(|c| *c == '#').count();
    let mut all = vec![(0, 0)];
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        match line {
            _ if fenced => {}
            line if line.starts_with('#') => all.push((level(line), 0)),
            line if line.starts_with('|') => all.last_mut().expect("a section").1 += 1,
            _ => {}
        }
    }
    all
}

/// Whoever reads a page in Japanese misses nothing of it: the same blocks, sections and rows.
#[test]
fn pages_in_japanese_show_what_the_english_ones_do() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut missing = Vec::new();
    for entry in fs::read_dir(&docs).expect("the pages").map(|entry| entry.expect("a page").path()) {
        let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(name) = entry.is_file().then_some(name).filter(|name| name.ends_with(".md")) else { continue };
        let english = fs::read_to_string(&entry).expect("a page");
        let Ok(japanese) = fs::read_to_string(docs.join("ja").join(&name)) else {
            missing.push(name);
            continue;
        };
        assert_eq!(shown(&japanese), shown(&english), "the blocks of docs/ja/{name}");
        assert_eq!(shape(&japanese), shape(&english), "the sections of docs/ja/{name}, and their rows");
        assert!(japanese.contains(&format!("[English](../{name})")), "docs/ja/{name} leads to the English one");
    }
    assert_eq!(missing, [""; 0], "pages that are not there in Japanese");
}
