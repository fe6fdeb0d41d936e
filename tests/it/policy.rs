//! The rules as people write them: the wording of every diagnostic, and what holds for every policy.
//!
//! A case is a file `tests/cases/policy/NAME.yaml`, or a folder of files that make one policy, with
//! the diagnostics beside it in `NAME.txt`. `SUDARE_BLESS=1` writes those anew.

mod bounds;
mod check;
mod diagnostics;
mod laws;
mod matching;
mod planning;

use std::fs;
use std::path::{Path, PathBuf};

use sudare::policy::Policy;
use sudare::policy::compile::Loaded;
use sudare::policy::fault::{Fault, render};
use sudare::policy::node::Source;

use crate::blessed::beside;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/policy")
}

fn source(path: &Path) -> Source {
    let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
    Source { name, text: fs::read_to_string(path).expect("a case can be read") }
}

/// The one policy of a text that is known to hold.
fn policy(text: &str) -> Policy {
    let sources = [Source { name: "test.yaml".into(), text: text.into() }];
    let loaded = Policy::parse(&sources);
    assert!(loaded.policy.is_some(), "{}", render(&loaded.faults, &sources, false));
    loaded.policy.expect("it was just asserted")
}

#[test]
fn every_diagnostic_reads_as_expected() {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(cases()).expect("the cases").map(|entry| entry.expect("a case").path()).collect();
    entries.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "yaml"));
    entries.sort();
    assert!(entries.len() > 25, "the cases are there");
    beside(entries.into_iter().map(|path| {
        let mut sources = Vec::new();
        if path.is_dir() {
            let mut files: Vec<PathBuf> =
                fs::read_dir(&path).expect("a case").map(|entry| entry.expect("a file").path()).collect();
            files.sort();
            sources.extend(files.iter().map(|file| source(file)));
        } else {
            sources.push(source(&path));
        }
        (path.with_extension("txt"), render(&told(&sources), &sources, false))
    }));
}

/// What `check --strict` tells of rule files, on a day that stays.
fn told(sources: &[Source]) -> Vec<Fault> {
    let Loaded { policy, mut faults, .. } = Policy::parse(sources);
    if let Some(policy) = policy {
        faults.extend(policy.warnings("2026-11-22T00:00:00Z".parse().expect("a time")));
        faults.extend(policy.exceptions());
    }
    faults.sort_by_key(|fault| (fault.file.clone(), fault.span.start));
    faults
}

#[test]
fn the_shipped_rules_hold() {
    for name in ["demo.yaml", "creme.yaml", "tryton.yaml", "appi.yaml"] {
        let sources = [source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules").join(name))];
        let (holds, faults) = (Policy::parse(&sources).policy.is_some(), told(&sources));
        assert!(holds && faults.is_empty(), "{}", render(&faults, &sources, false));
    }
}
