//! Exchanges as data: what staff gets of an answer, and what the ledger says of it.
//!
//! Each case runs through the dry exchange, and its answer's bytes through rewriter and guard:
//! whole, byte by byte and at seeded cuts. `SUDARE_BLESS=1` writes the results into the cases.

mod breaks;
mod case;
mod contexts;
mod differential;
mod edges;
mod generated;
mod records;
pub mod run;
mod suites;

use std::fs;
use std::path::{Path, PathBuf};

use case::{Case, File};
use run::Outcome;

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/exchange");
    let entries = fs::read_dir(folder).expect("the cases");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn every_case_gives_what_is_written_in_it() {
    let bless = std::env::var_os("SUDARE_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files() {
        let text = fs::read_to_string(&path).expect("a case");
        let mut file = File::read(&text);
        let policy = run::policy(&file.rules);
        for case in &mut file.cases {
            count += 1;
            let outcome = run::whole(&policy, case);
            if bless {
                outcome.bless(case);
            }
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            wrong.extend(differences(case, &outcome).into_iter().map(|what| format!("{name}: {}: {what}", case.title)));
        }
        if bless {
            fs::write(&path, file.to_string()).expect("a writable case");
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 100, "the cases are there");
}

/// The one body of `docs/performance.md` that proxies which mask were tried with.
#[test]
fn what_peers_leak_or_alter() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/exchange/probe.case");
    let file = File::read(&fs::read_to_string(path).expect("the case"));
    let [case] = &file.cases[..] else { panic!("one case") };
    let outcome = run::whole(&run::policy(&file.rules), case);
    assert_eq!(differences(case, &outcome), Vec::<String>::new());
}

#[test]
fn every_cut_gives_the_same() {
    for path in files() {
        let file = File::read(&fs::read_to_string(&path).expect("a case"));
        let policy = run::policy(&file.rules);
        for case in &file.cases {
            let whole = run::whole(&policy, case);
            for cut in run::cuts(&case.answer.bytes()) {
                if let Some(body) = run::in_chunks(&policy, case, &cut) {
                    let same = body == (whole.reason.clone(), whole.body.clone(), whole.ledger.clone());
                    assert!(same, "{}: {}: {cut:?}\n{body:?}\n{whole:?}", path.display(), case.title);
                }
            }
        }
    }
}

fn differences(case: &Case, outcome: &Outcome) -> Vec<String> {
    let mut all = Vec::new();
    if case.staff.first != outcome.first() {
        all.push(format!("gets `{}` where `{}` is expected", outcome.first(), case.staff.first));
    }
    for (name, value) in &case.staff.headers {
        let own = outcome.header(name);
        if own.as_deref() != Some(value) {
            all.push(format!("header `{name}` is {own:?} where {value:?} is expected"));
        }
    }
    if outcome.reason.is_none() && case.staff.body != outcome.body {
        all.push(format!("gets\n{}\nwhere this is expected\n{}", outcome.body, case.staff.body));
    }
    if case.ledger != outcome.ledger {
        all.push(format!(
            "the ledger has\n  {}\nwhere this is expected\n  {}",
            outcome.ledger.join("\n  "),
            case.ledger.join("\n  ")
        ));
    }
    let everything = outcome.everything();
    all.extend(
        case.hidden.iter().filter(|text| everything.contains(*text)).map(|text| format!("`{text}` is not hidden")),
    );
    all
}
