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
    for file in ["rules/demo.yaml", "rules/creme.yaml", "rules/tryton.yaml"] {
        for command in ["check", "test"] {
            let mut sudare = Command::new(env!("CARGO_BIN_EXE_sudare"));
            let output = sudare.args([command, file]).current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("sudare");
            let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{command} {file}: {told}");
        }
    }
}

#[test]
fn the_examples_of_the_rules_page_are_good_rules() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).expect("docs/rules.md");
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).map(|part| part.split("```").next().expect("a block")).collect();
    assert!(blocks.len() >= 5, "the blocks are found");
    let folder = tempfile::tempdir().expect("a folder");
    for (at, block) in blocks.into_iter().enumerate() {
        let file = folder.path().join(format!("{at}.yaml"));
        fs::write(&file, block).expect("a file");
        for command in ["check", "test"] {
            let output = Command::new(env!("CARGO_BIN_EXE_sudare")).arg(command).arg(&file).output().expect("sudare");
            let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{command} {block}: {told}");
        }
    }
}
