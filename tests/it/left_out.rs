//! What of public suites is not run, and why: `tests/vectors/left-out.tsv` has a line for each.
//!
//! A runner that passes over something without its line fails, and so does a line that nothing meets any more.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The lines of one runner.
pub struct LeftOut {
    /// File, test or sort of tests, and the reason.
    rows: Vec<(String, String, String)>,
    met: RefCell<BTreeSet<usize>>,
}

impl LeftOut {
    /// What this runner leaves out.
    pub fn of(runner: &str) -> LeftOut {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/left-out.tsv");
        let text = fs::read_to_string(file).expect("what is left out");
        let mut rows = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let [own, file, what, why] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{line}: four columns")
            };
            assert!(why.split(' ').count() > 3, "{line}: a reason is a sentence");
            if own == runner {
                rows.push((file.to_owned(), what.to_owned(), why.to_owned()));
            }
        }
        assert!(!rows.is_empty(), "nothing is left out by {runner}");
        LeftOut { rows, met: RefCell::default() }
    }

    /// Whether a line says that this test of this file is not run: by its name or by what sort it is.
    pub fn has(&self, file: &str, names: &[&str]) -> bool {
        let row = self
            .rows
            .iter()
            .position(|(own, what, _)| (own == "*" || own == file) && (what == "*" || names.contains(&what.as_str())));
        self.met.borrow_mut().extend(row);
        row.is_some()
    }

    /// Each line was met: to be asked once all tests of the suite were looked at.
    pub fn is_all_met(&self) {
        let met = self.met.borrow();
        let idle: Vec<_> = self.rows.iter().enumerate().filter(|(at, _)| !met.contains(at)).collect();
        assert!(idle.is_empty(), "lines that leave nothing out: {idle:?}");
    }
}
