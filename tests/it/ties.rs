//! What the pages promise and what shows it are tied: each trick of the catalogue and each limit that stays names
//! a case or a test that is there, or says why nothing can show it.
//!
//! A case is named as ``exchange/tricks.case: row 27``: a file under `tests/cases/`, and the words with which a case,
//! a part or a line of it begins. A test is named as it is listed, ``gateway::log::a_refusal_can_be_found_by_its_number``;
//! where more than one is meant, as the module that holds them. The two languages name the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The rows of the project's catalogue of ways around a proxy that masks.
const TRICKS: std::ops::RangeInclusive<u32> = 1..=125;

/// What begins a cell, or ends a point, that nothing can show; the reason follows.
const UNSHOWN: [&str; 3] = ["–: ", "(no test: ", "（テストなし: "];

/// A page in both languages, and the sections of which each point is a limit.
const PAGES: [(&str, &[&str]); 4] = [
    ("docs/guarantees.md", &["Tricks against proxies", "Known limits"]),
    ("docs/ja/guarantees.md", &["プロキシに対する手口", "わかっている限界"]),
    ("docs/threat-model.md", &["Where the promise ends"]),
    ("docs/ja/threat-model.md", &["約束が終わるところ"]),
];

/// The heading of the last column of tables whose every row names what shows it.
const SHOWN_BY: [&str; 2] = ["shown by", "示すもの"];

fn package() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One row, or one point of a list.
struct Promise {
    section: String,
    /// The first cell; nothing of a point.
    number: Option<String>,
    /// What names what shows it: the last cell, or all of the point.
    shown: String,
}

/// The rows of tables that say what shows them, and the points of the sections that hold limits.
fn promises((page, limits): (&str, &[&str])) -> Vec<Promise> {
    let text = fs::read_to_string(package().join(page)).expect(page);
    let mut all: Vec<Promise> = Vec::new();
    let (mut section, mut tells, mut in_point) = (String::new(), false, false);
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let last = cells.last().copied().unwrap_or_default();
        if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut section);
        } else if line.starts_with('|') && !tells {
            tells = SHOWN_BY.contains(&last);
        } else if line.starts_with('|') && !line.starts_with("| ---") {
            let promise =
                Promise { section: section.clone(), number: Some(cells[0].to_owned()), shown: last.to_owned() };
            all.push(promise);
        } else if line.starts_with("- ") && limits.contains(&section.as_str()) {
            in_point = true;
            all.push(Promise { section: section.clone(), number: None, shown: line.to_owned() });
        } else if in_point && line.starts_with("  ") {
            let point = all.last_mut().expect("a point that goes on");
            point.shown.push(' ');
            point.shown.push_str(line.trim());
        }
        tells &= line.starts_with('|');
        in_point &= line.starts_with("- ") || line.starts_with("  ");
    }
    all
}

/// What a cell or a point names, in backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter(|word| is_name(word)).collect()
}

fn is_name(word: &str) -> bool {
    let folder = word.split_once('/').map(|(folder, _)| folder);
    is_test_name(word) || folder.is_some_and(|folder| package().join("tests/cases").join(folder).is_dir())
}

fn is_test_name(word: &str) -> bool {
    word.contains("::") && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ':'))
}

/// Every test of this binary as it is listed, and every module that holds some.
fn listed() -> BTreeSet<String> {
    let own = std::env::current_exe().expect("the tests themselves");
    let output = Command::new(own).args(["--list", "--format", "terse"]).output().expect("a list");
    let list = String::from_utf8(output.stdout).expect("names");
    let mut all = BTreeSet::new();
    for test in list.lines().filter_map(|line| line.strip_suffix(": test")) {
        all.extend(test.match_indices("::").map(|(end, _)| test[..end].to_owned()));
        all.insert(test.to_owned());
    }
    assert!(all.len() > 500, "the tests are listed");
    all
}

/// What is named and is not there, in words.
fn missing(name: &str, listed: &BTreeSet<String>) -> Option<String> {
    if is_test_name(name) {
        let is_there = listed.contains(name) || is_in_the_house(name);
        return (!is_there).then(|| format!("`{name}` is no test"));
    }
    let (file, words) = name.split_once(": ").unwrap_or((name, ""));
    let Ok(text) = fs::read_to_string(package().join("tests/cases").join(file)) else {
        return Some(format!("`{file}` is no file of cases"));
    };
    let begins = |line: &str| {
        let title = line.trim_start_matches("case:").trim_start_matches(['=', '#', ' ']);
        // `row 2` is not `row 27`.
        title.strip_prefix(words).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    (!text.lines().any(begins)).then(|| format!("`{file}` has no case that begins with `{words}`"))
}

/// Whether this is a test, or a module of tests, beside what it tests: the longest part of the name that is a file
/// of `src` must hold the rest.
fn is_in_the_house(name: &str) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    (1..=parts.len()).rev().any(|count| {
        let path = package().join("src").join(parts[..count].join("/"));
        let text = fs::read_to_string(path.with_extension("rs")).or_else(|_| fs::read_to_string(path.join("mod.rs")));
        text.is_ok_and(|text| match parts[count..] {
            [] => text.contains("#[test]") || text.contains("mod tests"),
            [module] if text.contains(&format!("mod {module} {{")) || text.contains(&format!("mod {module};")) => true,
            [.., function] => text.contains(&format!("fn {function}(")),
        })
    })
}

#[test]
fn each_trick_and_each_limit_names_what_shows_it() {
    let listed = listed();
    let mut faults = Vec::new();
    for page in PAGES {
        for promise in promises(page) {
            let names = names(&promise.shown);
            let at = format!("{}, {}, {}", page.0, promise.section, promise.number.as_ref().unwrap_or(&promise.shown));
            if names.is_empty() && !UNSHOWN.iter().any(|mark| promise.shown.contains(mark)) {
                faults.push(format!("{at}: names nothing that shows it, and no reason why nothing can"));
            }
            if promise.number.is_some() && !promise.shown.starts_with(UNSHOWN[0]) {
                let other = promise.shown.split('`').skip(1).step_by(2).filter(|word| !is_name(word));
                faults.extend(other.map(|word| format!("{at}: `{word}` is no name of a case or a test")));
            }
            faults.extend(names.iter().filter_map(|name| missing(name, &listed)).map(|what| format!("{at}: {what}")));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// Each row has its line, and a line that can be run names a case or a test by itself, not all of a module.
#[test]
fn every_row_of_the_catalogue_is_told() {
    let listed = listed();
    for page in [PAGES[0], PAGES[1]] {
        let tricks = || promises(page).into_iter().filter(|promise| promise.section == page.1[0]);
        let mut told = BTreeSet::new();
        for row in tricks().filter(|promise| promise.number.is_some()) {
            let number = row.number.expect("a row");
            told.extend(number.split(", ").map(|number| number.parse::<u32>().expect("a row's number")));
            let one = |name: &&str| !listed.iter().any(|test| test.starts_with(&format!("{name}::")));
            let shown = names(&row.shown).iter().any(one) || row.shown.starts_with(UNSHOWN[0]);
            assert!(shown, "{}: row {number} names no case and no test by itself: {}", page.0, row.shown);
        }
        let untold: Vec<u32> = TRICKS.filter(|number| !told.contains(number)).collect();
        assert!(untold.is_empty(), "{} tells nothing of rows {untold:?}", page.0);
    }
}

#[test]
fn both_languages_name_the_same() {
    for pair in PAGES.chunks(2) {
        let [english, japanese] = [promises(pair[0]), promises(pair[1])];
        let named = |promises: &[Promise]| -> Vec<Vec<String>> {
            promises.iter().map(|promise| names(&promise.shown).into_iter().map(str::to_owned).collect()).collect()
        };
        let (left, right) = (named(&english), named(&japanese));
        for (at, (left, right)) in left.iter().zip(&right).enumerate() {
            assert_eq!(left, right, "{}: {}", pair[1].0, japanese[at].shown);
        }
        assert_eq!(left.len(), right.len(), "rows and points of {} and {}", pair[0].0, pair[1].0);
    }
}

/// What stands elsewhere in these pages is looked for too.
#[test]
fn the_tests_that_the_pages_name_are_there() {
    let listed = listed();
    let mut named = 0;
    for (page, _) in PAGES {
        let text = fs::read_to_string(Path::new(&package()).join(page)).expect(page);
        let paragraphs = text.lines().filter(|line| !line.is_empty());
        for name in paragraphs.flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|word| is_test_name(word)) {
            named += 1;
            assert_eq!(missing(name, &listed), None, "{page}");
        }
    }
    assert!(named > 100, "names of tests are found");
}
