//! Public suites as bodies: each goes through the gateway whole and cut, under rules that show all and
//! under rules that hide, with a value that must not leave behind it. What is asked is what the fuzz
//! targets ask of any bytes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::fuzz;
use crate::left_out::LeftOut;

/// The fuzz targets' first byte: cut byte by byte or at drawn places, with a short hold, under stricter rules.
const SETTINGS: [u8; 4] = [0, 1, 16 + 32 + 2, 32];

/// Plants a number that no rule shows.
const CANARY: u8 = 1;

fn folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {name} is not at {}", folder.display());
    None
}

/// The bodies of a suite's files, with the names that they are known by.
fn files(folder: &Path, ends: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut all: Vec<(String, Vec<u8>)> = entries
        .map(|path| {
            (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("a file"))
        })
        .filter(|(name, _)| name.ends_with(ends))
        .collect();
    all.sort();
    all
}

#[test]
fn every_case_of_jsontestsuite_gives_the_same_at_any_cut() {
    let Some(folder) = folder("json-parsing") else { return };
    let mut count = 0;
    for (name, body) in files(&folder, ".json") {
        // A hundred thousand brackets are cut as well as a thousand are.
        let settings = if body.len() > 4096 { &SETTINGS[1..2] } else { &SETTINGS[..] };
        for setting in settings {
            fuzz::check("json", &name, &[&[*setting], &body[..]].concat());
            fuzz::check("json", &name, &[&[*setting, b'[', b'"', CANARY, b'"', b','], &body[..], b"]"].concat());
            count += 1;
        }
    }
    assert!(count > 1000, "{count} bodies");
}

#[test]
fn every_page_of_html5lib_gives_the_same_at_any_cut() {
    let Some(folder) = folder("html5lib-tokenizer") else { return };
    let left_out = LeftOut::of("html5lib pages");
    let mut count = 0;
    for (name, text) in files(&folder, ".test") {
        let Value::Object(suite) = serde_json::from_slice(&text).expect(&name) else { panic!("{name}") };
        let cases = suite.values().filter_map(Value::as_array).flatten();
        let step = if left_out.has(&name, &["fifteen of sixteen"]) { 16 } else { 1 };
        let is_run = |case: &&Value| case.get("doubleEscaped").is_none() || !left_out.has(&name, &["doubleEscaped"]);
        for case in cases.filter(is_run).step_by(step) {
            let page = case["input"].as_str().expect("a page").as_bytes();
            let setting = SETTINGS[count % SETTINGS.len()];
            fuzz::check("html", &name, &[&[setting], page].concat());
            fuzz::check("html", &name, &[&[setting], page, &[b' ', CANARY, b' ']].concat());
            count += 1;
        }
    }
    left_out.is_all_met();
    assert!(count > 2000, "{count} pages");
}
