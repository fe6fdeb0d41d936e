//! The house's own rules as a test: which room may use which, and what may be mentioned where.
//!
//! A rule that is not tested decays. Each failure is a sentence that says where, what and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and its storey. A room may use rooms of lower storeys.
const STOREYS: &[(&str, u8)] = &[
    ("main", 4),
    ("cli", 4),
    ("serve", 3),
    ("config", 2),
    ("policy", 2),
    ("guard", 2),
    ("body", 2),
    ("format", 1),
    ("detect", 1),
    ("transform", 1),
    ("identity", 1),
    ("route", 1),
    ("vault", 1),
    ("ledger", 1),
    ("metrics", 1),
    ("terms", 0),
];

/// The only arrows within a storey.
const SIDEWAYS: &[(&str, &str)] = &[("main", "cli"), ("config", "policy"), ("guard", "policy")];

/// What may not be mentioned in which rooms, and why.
const UNMENTIONABLE: &[(&[&str], &[&str], &str)] = &[
    (
        PURE,
        &[
            "tokio",
            "hyper",
            "std::fs",
            "std::net",
            "std::env",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "tracing::",
            "rand::",
        ],
        "it is pure: clock, chance, files and sockets are passed in",
    ),
    (&["format", "detect", "transform"], &["policy::", "guard::"], "formats know no policy"),
    (BELOW_SERVE, &["hyper::", "tokio::spawn"], "only serve knows hyper and spawns"),
    (ALL_BUT_RESPOND, &["StatusCode::from_u16"], "only respond makes statuses of reasons"),
    (ALL_BUT_MAIN, &["process::exit"], "only main exits"),
    (ALL_BUT_METRICS, &["\"sudare_"], "only metrics names metrics"),
];

const PURE: &[&str] = &["terms", "format", "detect", "transform", "policy", "guard", "body"];
const BELOW_SERVE: &[&str] = &[
    "terms",
    "format",
    "detect",
    "transform",
    "identity",
    "route",
    "vault",
    "ledger",
    "metrics",
    "policy",
    "guard",
    "body",
    "config",
];
const ALL_BUT_RESPOND: &[&str] = &["cli", "config", "policy", "guard", "body", "format", "identity", "ledger"];
const ALL_BUT_MAIN: &[&str] =
    &["cli", "serve", "config", "policy", "guard", "body", "format", "identity", "ledger", "vault"];
const ALL_BUT_METRICS: &[&str] =
    &["cli", "serve", "config", "policy", "guard", "body", "format", "identity", "ledger", "vault"];

/// Words that no file's or module's name may be.
const NAMELESS: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];

const LINES_MAX: usize = 600;

struct File {
    path: PathBuf,
    room: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files() -> Vec<File> {
    let mut found = Vec::new();
    walk(&root().join("src"), &mut found);
    assert!(found.len() > 50, "src was not found");
    found
}

fn walk(folder: &Path, found: &mut Vec<File>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("src can be read").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let inside = path.strip_prefix(root().join("src")).expect("below src");
            let room = inside
                .components()
                .next()
                .expect("a name")
                .as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned();
            let text = fs::read_to_string(&path).expect("a source file");
            found.push(File { path, room, text });
        }
    }
}

/// The lines of a file that are built: without its unit tests, comments aside.
fn code(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let end = file.text.find("#[cfg(test)]\nmod ").unwrap_or(file.text.len());
    let stem = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let is_test = stem == "tests" || stem.ends_with("_tests");
    let text = if is_test { "" } else { &file.text[..end] };
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

fn storey(room: &str) -> Option<u8> {
    STOREYS.iter().find(|(name, _)| *name == room).map(|(_, storey)| *storey)
}

#[test]
fn arrows_point_down() {
    let mut faults = Vec::new();
    for file in files().iter().filter(|file| file.room != "lib") {
        let Some(own) = storey(&file.room) else {
            faults.push(format!(
                "{}: the room `{}` stands in no storey; add it to the table",
                file.path.display(),
                file.room
            ));
            continue;
        };
        for (number, line) in code(file) {
            for used in line.match_indices("crate::").map(|(at, _)| &line[at + 7..]) {
                let room: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(other) = storey(&room) else { continue };
                let sideways = SIDEWAYS.contains(&(file.room.as_str(), room.as_str()));
                if room != file.room && other >= own && !sideways {
                    faults.push(format!(
                        "{}:{number}: `{}` (storey {own}) uses `{room}` (storey {other}); arrows point down",
                        file.path.display(),
                        file.room
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn each_thing_is_mentioned_where_it_belongs() {
    let mut faults = Vec::new();
    for file in &files() {
        for (rooms, words, why) in UNMENTIONABLE {
            if !rooms.contains(&file.room.as_str()) {
                continue;
            }
            for (number, line) in code(file) {
                for word in words.iter().filter(|word| line.contains(**word)) {
                    faults.push(format!("{}:{number}: `{}` mentions `{word}`; {why}", file.path.display(), file.room));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for file in files() {
        assert!(file.text.starts_with("//!"), "{} does not open with `//!` and a sentence", file.path.display());
    }
}

#[test]
fn files_hold_one_idea() {
    let mut faults = Vec::new();
    for file in files() {
        let lines = file.text.lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{} has {lines} lines; split what is over {LINES_MAX}", file.path.display()));
        }
        let stem = file.path.file_stem().expect("a name").to_string_lossy().into_owned();
        if NAMELESS.contains(&stem.as_str()) {
            faults.push(format!("{} is named for nothing; name it by what it is", file.path.display()));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let mut faults = Vec::new();
    for file in files() {
        for (number, line) in file.text.lines().enumerate() {
            for word in ["TODO", "FIXME", "XXX:", "HACK", "todo!(", "unimplemented!("] {
                if line.contains(word) {
                    faults.push(format!(
                        "{}:{}: `{word}` belongs into an issue or a decision",
                        file.path.display(),
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn panics_stand_beside_their_proof() {
    let mut faults = Vec::new();
    for file in files() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (number, line) in code(&file) {
            let panics = [".unwrap()", ".expect(", "panic!(", "unreachable!("].iter().any(|word| line.contains(word));
            let beside = |at: usize| lines.get(at).is_some_and(|line| line.trim_start().starts_with("//"));
            let proven = (number.saturating_sub(4)..number).any(beside) || line.contains("//");
            if panics && !proven {
                faults.push(format!("{}:{number}: a panic without a proof beside it", file.path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn architecture_names_every_room() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let rooms: BTreeMap<&str, u8> = STOREYS.iter().copied().collect();
    for room in rooms.keys() {
        assert!(text.contains(&format!("`{room}")), "ARCHITECTURE.md does not tell of `{room}`");
    }
}

/// Each crate is the one that was looked at: from the public registry, by its checksum.
#[test]
fn crates_are_locked_and_come_from_one_registry() {
    let locked = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    let packages = locked.split("[[package]]\n").skip(1).filter(|package| !package.starts_with("name = \"sudare\"\n"));
    let mut count = 0;
    for package in packages {
        count += 1;
        let name = package.lines().next().unwrap_or_default();
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert!(package.lines().any(|line| line == source), "{name} comes from elsewhere");
        assert!(package.lines().any(|line| line.starts_with("checksum = \"")), "{name} has no checksum");
    }
    assert!(count > 50, "Cargo.lock was not read");
    let denied = fs::read_to_string(root().join("deny.toml")).expect("deny.toml");
    for refused in ["unknown-registry = \"deny\"", "unknown-git = \"deny\"", "yanked = \"deny\""] {
        assert!(denied.contains(refused), "deny.toml no longer says {refused}");
    }
}
