//! The fuzz targets over the bodies that are kept for them, and over seeded changes of those: what
//! must hold of any bytes is asked in every run of the tests, not only where a fuzzer runs.
//!
//! `SUDARE_TEST_ROUNDS=1000` changes each body so often; `fuzz/README.md` tells of the real fuzzer.

#[path = "../../fuzz/oracle/mod.rs"]
mod oracle;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use oracle::TARGETS;

/// Tells which input it was when an oracle fails.
struct Running<'a>(&'a str, &'a Path, &'a [u8]);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the target `{}` with {} as\n{}", self.0, self.1.display(), self.2.escape_ascii());
        }
    }
}

/// Asks one target about these bytes, whose name is told when they fail.
pub fn check(target: &str, name: &str, data: &[u8]) {
    let (_, check) = TARGETS.iter().find(|(own, _)| *own == target).expect("a target");
    let _running = Running(target, Path::new(name), data);
    check(data);
}

fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("an input"))).collect()
}

#[test]
fn every_kept_input_holds() {
    for (target, check) in TARGETS {
        let inputs = kept(target);
        assert!(inputs.len() >= 9, "the inputs of `{target}` are there");
        for (path, input) in inputs {
            let _running = Running(target, &path, &input);
            check(&input);
        }
    }
}

/// A small source of chance, so that each run does the same.
pub struct Chance(pub u64);

impl Chance {
    /// A number below the bound, which is not nothing.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// One to four changes as a fuzzer makes them: bytes that go, come, change, or are taken from another input.
fn changed(input: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    const BYTES: &[u8] = b"\x01\x02\"'<>&=,;:\\/-[]{}()!?#%+ \n\r\t\0a0\xe3\x81\x82\xff";
    let mut out = input.to_vec();
    for _ in 0..1 + chance.below(4) {
        let at = chance.below(out.len() + 1);
        let upto = (at + chance.below(8)).min(out.len());
        match chance.below(4) {
            0 => drop(out.drain(at..upto)),
            1 => out.insert(at, BYTES[chance.below(BYTES.len())]),
            2 if at < out.len() => out[at] = BYTES[chance.below(BYTES.len())],
            _ => {
                let from = chance.below(other.len() + 1);
                let piece = &other[from..(from + chance.below(24)).min(other.len())];
                out.splice(at..upto, piece.iter().copied());
            }
        }
    }
    out
}

/// How often each input is changed.
pub fn rounds(usual: usize) -> usize {
    std::env::var("SUDARE_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

fn changes_hold(names: &[&str]) {
    for (target, check) in TARGETS.iter().filter(|(name, _)| names.contains(name)) {
        let inputs = kept(target);
        let mut chance = Chance(0x5eed);
        for _ in 0..rounds(4) {
            for (path, input) in &inputs {
                let (_, other) = &inputs[chance.below(inputs.len())];
                let input = changed(input, other, &mut chance);
                let _running = Running(target, path, &input);
                check(&input);
            }
        }
    }
}

#[test]
fn changed_pages_and_scripts_hold() {
    changes_hold(&["html", "script", "style", "header"]);
}

#[test]
fn changed_documents_hold() {
    changes_hold(&["json", "xml", "vcard"]);
}

#[test]
fn changed_tables_texts_and_forms_hold() {
    changes_hold(&["csv", "text", "form", "multipart"]);
}

#[test]
fn changed_skins_paths_and_rules_hold() {
    changes_hold(&["charset", "coding", "route", "rules"]);
}
