//! docs/workbench.md: what it shows is what the commands say. `SUDARE_BLESS=1` writes it anew.

use std::fs;
use std::path::Path;

use super::{folder, sudare, text};

#[test]
fn the_page_shows_what_the_commands_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/workbench.md");
    let page = fs::read_to_string(&path).expect("the page");
    let folder = folder();
    let mut parts = page.split("```console\n");
    let mut told = parts.next().expect("a beginning").to_owned();
    let mut blocks = 0;
    for part in parts {
        let (block, rest) = part.split_once("```").expect("a block ends");
        told.push_str("```console\n");
        for line in block.lines().filter(|line| line.starts_with("$ ")) {
            // The time decides which rules are there; a record has its own.
            let fixed = ["--time", "2026-11-24T10:00:00+09:00"];
            let asks = line.contains(" explain ") && !line.contains(" --request ");
            let words = line.split(' ').skip(2).chain(fixed.into_iter().filter(|_| asks));
            let output = sudare(folder.path(), false).args(words).output().expect("sudare runs");
            assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
            told.push_str(&format!("{line}\n{}{}", text(&output.stdout), text(&output.stderr)));
        }
        told.push_str("```");
        told.push_str(rest);
        blocks += 1;
    }
    assert!(blocks > 5, "the blocks are found");
    if std::env::var_os("SUDARE_BLESS").is_some() {
        fs::write(&path, told).expect("the page can be written");
    } else {
        assert_eq!(told, page);
    }
}
