//! What the pages promise and what shows it are tied: each trick of the catalogue and each limit that stays names
//! a case or a test that is there, or says why nothing can show it.
//!
//! A case is named as ``exchange/tricks.case: row 27``: a file under `tests/cases/`, and the words with which a case,
//! a part or a line of it begins. A test is named as it is listed, ``gateway::log::a_refusal_can_be_found_by_its_number``;
//! where more than one is meant, as the module that holds them. The two languages name the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The rows of the project's catalogue of ways around a proxy that masks.
const TRICKS: std::ops::RangeInclusive<u32> = 1..=125;

/// What begins a cell of what nothing can show; the reason follows.
const UNSHOWN: &str = "–: ";

/// What ends a point: names, or the reason why there are none.
const ENDS: [(&str, bool); 4] =
    [("Shown by ", true), ("示すもの: ", true), ("(no test: ", false), ("（テストなし: ", false)];

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

/// A row that says what shows it, or a limit.
struct Promise {
    section: String,
    /// The row's first cell, or the whole point.
    text: String,
    /// The row's last cell, or the point's end as it would stand in one.
    shown: String,
}

impl Promise {
    /// What it names, in backticks.
    fn names(&self) -> Vec<&str> {
        self.shown.split('`').skip(1).step_by(2).collect()
    }

    fn is_unshown(&self) -> bool {
        self.shown.starts_with(UNSHOWN)
    }
}

/// The rows of tables that say what shows them, and the points of the sections that hold limits.
fn promises((page, limits): (&str, &[&str])) -> Vec<Promise> {
    let text = fs::read_to_string(package().join(page)).expect(page);
    let mut all: Vec<Promise> = Vec::new();
    let (mut section, mut tells, mut in_point) = ("", false, false);
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let last = cells.last().copied().unwrap_or_default();
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        } else if line.starts_with('|') && !tells {
            tells = SHOWN_BY.contains(&last);
        } else if line.starts_with('|') && !line.starts_with("| ---") {
            all.push(Promise { section: section.to_owned(), text: cells[0].to_owned(), shown: last.to_owned() });
        } else if line.starts_with("- ") && limits.contains(&section) {
            in_point = true;
            all.push(Promise { section: section.to_owned(), text: line.to_owned(), shown: end(line) });
        } else if in_point && line.starts_with("  ") {
            let point = all.last_mut().expect("a point that goes on");
            point.text = format!("{} {}", point.text, line.trim());
            point.shown = end(&point.text);
        }
        tells &= line.starts_with('|');
        in_point &= line.starts_with("- ") || line.starts_with("  ");
    }
    all
}

/// What a point ends with, written as a cell is; empty where it says nothing of what shows it.
fn end(point: &str) -> String {
    let end = ENDS.iter().find_map(|(mark, shows)| Some((point.rsplit_once(mark)?.1, shows)));
    end.map_or_else(String::new, |(end, shows)| if *shows { end.to_owned() } else { format!("{UNSHOWN}{end}") })
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
    let is_there = words.is_empty() || text.lines().any(begins);
    (!is_there).then(|| format!("`{file}` has no case that begins with `{words}`"))
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
        for promise in promises(page).iter().filter(|promise| !promise.is_unshown()) {
            let at = format!("{}, {}, {}", page.0, promise.section, promise.text);
            if promise.names().is_empty() {
                faults.push(format!("{at}: names nothing that shows it, and no reason why nothing can"));
            }
            let missing = promise.names().into_iter().filter_map(|name| missing(name, &listed));
            faults.extend(missing.map(|what| format!("{at}: {what}")));
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

/// Each row has its line, and a line that can be run names a case or a test by itself, not all of a module.
#[test]
fn every_row_of_the_catalogue_is_told() {
    let listed = listed();
    for page in [PAGES[0], PAGES[1]] {
        let mut told = BTreeSet::new();
        let tricks = promises(page).into_iter().filter(|promise| promise.section == page.1[0]);
        for row in tricks.filter(|promise| !promise.text.starts_with("- ")) {
            told.extend(row.text.split(", ").map(|number| number.parse::<u32>().expect("a row's number")));
            let is_one = |name: &&str| !listed.iter().any(|test| test.starts_with(&format!("{name}::")));
            let shown = row.is_unshown() || row.names().iter().any(is_one);
            assert!(shown, "{}: row {} names no case and no test by itself: {}", page.0, row.text, row.shown);
        }
        let untold: Vec<u32> = TRICKS.filter(|number| !told.contains(number)).collect();
        assert!(untold.is_empty(), "{} tells nothing of rows {untold:?}", page.0);
    }
}

#[test]
fn both_languages_name_the_same() {
    for pair in PAGES.chunks(2) {
        let (english, japanese) = (promises(pair[0]), promises(pair[1]));
        for (english, japanese) in english.iter().zip(&japanese) {
            assert_eq!(english.names(), japanese.names(), "{}: {}", pair[1].0, japanese.text);
            assert_eq!(english.is_unshown(), japanese.is_unshown(), "{}: {}", pair[1].0, japanese.text);
        }
        assert_eq!(english.len(), japanese.len(), "rows and points of {} and {}", pair[0].0, pair[1].0);
    }
}

/// What stands elsewhere in these pages is looked for too.
#[test]
fn the_tests_that_the_pages_name_are_there() {
    let listed = listed();
    let mut named = 0;
    for (page, _) in PAGES {
        let text = fs::read_to_string(package().join(page)).expect(page);
        for name in text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|word| is_test_name(word)) {
            named += 1;
            assert_eq!(missing(name, &listed), None, "{page}");
        }
    }
    assert!(named > 100, "names of tests are found");
}
