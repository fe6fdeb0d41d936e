//! Bodies and what is shown of them, as files: `tests/cases/format/FORMAT/NAME.body` and
//! `NAME.leaves`. Lines that begin with `?` set places and bounds; `SUDARE_BLESS=1` writes the
//! others anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sudare::format::quote::{encode, splice};
use sudare::format::{Format, header, walker};
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::Part;
use sudare::terms::place::{JsonPath, Place, PlaceId, Places};
use sudare::terms::quote::{Quote, Quotes};

use super::recorder::Recorder;

const FORMATS: [Format; 6] = [Format::Json, Format::Csv, Format::Form, Format::Text, Format::Script, Format::Style];

struct Case {
    name: String,
    format: Format,
    body: Vec<u8>,
    settings: Vec<String>,
    expected: Vec<String>,
    file: PathBuf,
}

impl Case {
    fn walk<'a>(&self, chunks: impl IntoIterator<Item = &'a [u8]>) -> Recorder {
        let (mut places, mut bounds) = (Places::default(), Bounds::default());
        for setting in &self.settings {
            match setting.split_once(' ').expect("a setting and its value") {
                ("records", path) => places.records = Some(Place::parse(path).expect(path)),
                ("value_bytes", bytes) => bounds.value_bytes = bytes.parse().expect(bytes),
                ("depth", depth) => bounds.depth = depth.parse().expect(depth),
                (id, path) => {
                    places.json.push((PlaceId(id.parse().expect(id)), JsonPath::parse(path).expect(path)));
                }
            }
        }
        Recorder::walk(&mut *walker(self.format, &Arc::new(places), &bounds).expect("a walker"), chunks)
    }
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/format");
    let mut cases = Vec::new();
    for format in FORMATS {
        for body in files(&root.join(format.word()), "body") {
            let file = body.with_extension("leaves");
            let lines = fs::read_to_string(&file).unwrap_or_default();
            let (settings, expected): (Vec<&str>, Vec<&str>) = lines.lines().partition(|line| line.starts_with('?'));
            cases.push(Case {
                name: format!("{} {}", format.word(), body.file_stem().expect("a name").to_string_lossy()),
                format,
                body: fs::read(&body).expect("a body"),
                settings: settings.into_iter().map(|line| line[1..].trim().to_owned()).collect(),
                expected: expected.into_iter().map(str::to_owned).collect(),
                file,
            });
        }
    }
    assert!(cases.len() >= 20, "the cases are there");
    cases
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .collect();
    files.sort();
    files
}

#[test]
fn every_case_shows_what_is_written_beside_it() {
    let bless = std::env::var_os("SUDARE_BLESS").is_some();
    for case in cases() {
        let whole = case.walk([&case.body[..]]);
        if bless {
            let settings = case.settings.iter().map(|setting| format!("? {setting}\n"));
            let lines = whole.lines.iter().map(|line| format!("{line}\n"));
            fs::write(&case.file, settings.chain(lines).collect::<String>()).expect("a writable case");
        } else {
            assert_eq!(whole.lines, case.expected, "{}", case.name);
        }
        if let Ok(body) = str::from_utf8(&case.body) {
            whole.agrees_with(body);
        }
    }
}

#[test]
fn every_case_shows_the_same_at_every_cut() {
    for case in cases() {
        let whole = case.walk([&case.body[..]]);
        assert_eq!(case.walk(case.body.chunks(1)), whole, "{} byte by byte", case.name);
        for cut in 0..case.body.len() {
            let (a, b) = case.body.split_at(cut);
            assert_eq!(case.walk([a, b]), whole, "{} cut at {cut}", case.name);
        }
        let mut chance = Chance(0x5eed);
        for round in 0..60 {
            let chunks = chance.cuts(&case.body);
            assert_eq!(case.walk(chunks.iter().copied()), whole, "{} in round {round}", case.name);
        }
    }
}

/// A small generator of cuts, so that each run makes the same ones.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn cuts<'a>(&mut self, mut body: &'a [u8]) -> Vec<&'a [u8]> {
        let mut chunks = Vec::new();
        while !body.is_empty() {
            let (chunk, rest) = body.split_at(self.below(body.len().min(17) + 1));
            chunks.push(chunk);
            body = rest;
        }
        chunks
    }
}

/// What an edit writes must be read as what was meant, with every other leaf and byte as before.
#[test]
fn each_leaf_can_be_edited_alone() {
    const VEIL: &str = "***-****-5678 <&>\"'\\ 山,;\n";
    for case in cases() {
        let Ok(body) = str::from_utf8(&case.body) else { continue };
        let whole = case.walk([body.as_bytes()]);
        if whole.refused() {
            continue;
        }
        for (index, leaf) in whole.leaves.iter().enumerate() {
            // A line of text cannot hold a line break, a key is not edited while it names values.
            let veil = match (leaf.part, leaf.pieces[0].quotes == Quotes::one(Quote::Verbatim)) {
                (Part::Key | Part::Label, _) => continue,
                (Part::Comment, _) | (_, true) => "***-****-5678",
                _ => VEIL,
            };
            let edits = splice(body, &leaf.pieces, 0, 0..leaf.text.len(), veil).expect(&leaf.line);
            let mut edited = body.to_owned();
            for (span, text) in edits.iter().rev() {
                edited.replace_range(span.clone(), text);
            }
            let again = case.walk([edited.as_bytes()]);
            assert_eq!(again.leaves.len(), whole.leaves.len(), "{}: {}", case.name, leaf.line);
            for (other, (before, after)) in whole.leaves.iter().zip(&again.leaves).enumerate() {
                let expected = if other == index { veil } else { &before.text };
                assert_eq!(after.text, expected, "{}: {}", case.name, leaf.line);
            }
        }
    }
}

#[test]
fn an_edit_of_nothing_changes_no_byte() {
    for case in cases() {
        let Ok(body) = str::from_utf8(&case.body) else { continue };
        for leaf in case.walk([body.as_bytes()]).leaves {
            let written: String = leaf.pieces.iter().map(|piece| &body[piece.span.clone()]).collect();
            let edits = splice(body, &leaf.pieces, 0, 0..leaf.text.len(), &leaf.text).expect(&leaf.line);
            let again: String = edits.into_iter().map(|(_, text)| text).collect();
            // Values that are written in the plain way come out as they are written.
            if written == encode(leaf.pieces[0].quotes, &leaf.text) {
                assert_eq!(again, written, "{}: {}", case.name, leaf.line);
            }
        }
    }
}

#[test]
fn headers_show_what_is_written_beside_them() {
    let bless = std::env::var_os("SUDARE_BLESS").is_some();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/format/header");
    let files = files(&root, "case");
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).expect("a case");
        let mut lines = String::new();
        for head in text.lines().filter(|line| !line.starts_with("  ") && !line.is_empty()) {
            let (name, value) = head.split_once(": ").expect(head);
            let mut recorder = Recorder::default();
            header::leaves(name, value, &mut recorder).expect(head);
            recorder.agrees_with(value);
            lines += &format!("{head}\n");
            recorder.lines.iter().for_each(|line| lines += &format!("  {line}\n"));
        }
        if bless {
            fs::write(&file, lines).expect("a writable case");
        } else {
            assert_eq!(lines, text, "{}", file.display());
        }
    }
}
