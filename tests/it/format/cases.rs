//! Bodies and what is shown of them, as files: `tests/cases/format/FORMAT/NAME.body` (pages are
//! `tests/cases/html/NAME.html`) and `NAME.leaves`. Lines that begin with `?` set places and bounds;
//! `SUDARE_BLESS=1` writes the others anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sudare::format::quote::{encode, splice};
use sudare::format::{Format, header, walker};
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::Part;
use sudare::terms::place::{Place, PlaceId, Places};
use sudare::terms::quote::Quote;
use sudare::terms::words::{Length, Words};

use super::recorder::{Recorder, Shown};

/// Each format, where its cases are and how they end.
const FORMATS: [(Format, &str, &str); 10] = [
    (Format::Json, "format/json", "body"),
    (Format::Html, "html", "html"),
    (Format::Xml, "format/xml", "body"),
    (Format::Calls, "format/calls", "body"),
    (Format::Csv, "format/csv", "body"),
    (Format::Card, "format/card", "body"),
    (Format::Form, "format/form", "body"),
    (Format::Text, "format/text", "body"),
    (Format::Script, "format/script", "body"),
    (Format::Style, "format/style", "body"),
];

/// A body, what is asked of its walker, and what that must show.
pub struct Case {
    pub name: String,
    pub format: Format,
    pub body: Vec<u8>,
    settings: Vec<String>,
    expected: Vec<String>,
    file: PathBuf,
}

impl Case {
    /// Walks the body in these chunks.
    pub fn walk<'a>(&self, chunks: impl IntoIterator<Item = &'a [u8]>) -> Recorder {
        let (mut places, mut bounds) = (Places::default(), Bounds::default());
        for setting in &self.settings {
            let (name, value) = setting.split_once(' ').expect("a setting and its value");
            let number = || value.parse().expect(value);
            match name {
                "records" => places.records = Some(Place::parse(value).expect(value)),
                "words" => {
                    let mut words = Words::default();
                    value.split(' ').for_each(|name| words.add(name.trim_end_matches('+'), length(name)));
                    places.words = Arc::new(words);
                }
                "headings" => places.headings.names = value.split(' ').map(str::to_owned).collect(),
                "value_bytes" => bounds.value_bytes = number(),
                "hold_bytes" => bounds.hold_bytes = number(),
                "depth" => bounds.depth = number(),
                id => {
                    let id = PlaceId(id.parse().expect(id));
                    match Place::parse(value).expect(value) {
                        Place::Json(path) => places.json.push((id, path)),
                        Place::Css(css) => places.css.push((id, css)),
                        Place::Xml(path) => places.xml.push((id, path)),
                        Place::Name(name) => panic!("`{name}` is no path"),
                    }
                }
            }
        }
        Recorder::walk(&mut *walker(self.format, &Arc::new(places), &bounds).expect("a walker"), chunks)
    }

    /// Each leaf's text is what its pieces in the body say.
    fn agrees(&self, recorder: &Recorder) {
        let Ok(body) = str::from_utf8(&self.body) else { return };
        if self.format == Format::Html { recorder.agrees_but_for_breaks(body) } else { recorder.agrees_with(body) }
    }
}

/// Names whose values may take several lines have a `+` behind them.
fn length(name: &str) -> Length {
    if name.ends_with('+') { Length::Text } else { Length::Line }
}

/// Every case of a format, or of all.
pub fn cases(only: Option<Format>) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = Vec::new();
    for (format, folder, extension) in
        FORMATS.into_iter().filter(|(format, ..)| only.is_none_or(|only| only == *format))
    {
        let bodies = files(&root.join(folder), extension);
        assert!(!bodies.is_empty(), "the cases of {} are there", format.word());
        for body in bodies {
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
    for case in cases(None) {
        let whole = case.walk([&case.body[..]]);
        if bless {
            let settings = case.settings.iter().map(|setting| format!("? {setting}\n"));
            let lines = whole.lines.iter().map(|line| format!("{line}\n"));
            fs::write(&case.file, settings.chain(lines).collect::<String>()).expect("a writable case");
        } else {
            assert_eq!(whole.lines, case.expected, "{}", case.name);
        }
        case.agrees(&whole);
    }
}

#[test]
fn every_case_shows_the_same_at_every_cut() {
    for case in cases(None) {
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

/// What a leaf can be edited to that holds all that its quoting lets it hold.
fn veil(case: &Case, leaf: &Shown) -> Option<&'static str> {
    let plain = "***-****-5678";
    let comment = |piece: &sudare::terms::leaf::Piece| piece.quotes.layers().contains(&Quote::HtmlComment);
    let verbatim = leaf.pieces[0].quotes.layers()[0] == Quote::Verbatim;
    match leaf.part {
        // A key is not edited while it names values, and what is empty has no place to be edited in.
        Part::Key | Part::Label => None,
        Part::Id if case.format == Format::Card => None,
        _ if leaf.text.is_empty() && leaf.pieces[0].span.is_empty() && case.format != Format::Json => None,
        part if case.format == Format::Html && (part != Part::Value || leaf.text.contains('\n')) => None,
        // These have no way to write what would end them.
        _ if leaf.pieces.iter().any(comment) || leaf.part == Part::Comment || verbatim => Some(plain),
        _ if case.format == Format::Html => Some("***-****-5678 <&>\"' 山"),
        _ => Some("***-****-5678 <&>\"'\\ 山,;]]>\n"),
    }
}

/// What an edit writes must be read as what was meant, with every other leaf and byte as before.
#[test]
fn each_leaf_can_be_edited_alone() {
    for case in cases(None) {
        let Ok(body) = str::from_utf8(&case.body) else { continue };
        let whole = case.walk([body.as_bytes()]);
        if whole.refused() {
            continue;
        }
        let texts = |recorder: &Recorder| recorder.leaves.iter().map(|leaf| leaf.text.clone()).collect::<Vec<_>>();
        for (index, leaf) in whole.leaves.iter().enumerate() {
            let Some(veil) = veil(&case, leaf) else { continue };
            let edits = splice(body, &leaf.pieces, 0, 0..leaf.text.len(), veil).expect(&leaf.line);
            let mut edited = body.to_owned();
            for (span, text) in edits.iter().rev() {
                edited.replace_range(span.clone(), text);
            }
            let mut expected = texts(&whole);
            veil.clone_into(&mut expected[index]);
            assert_eq!(texts(&case.walk([edited.as_bytes()])), expected, "{}: {}", case.name, leaf.line);
        }
    }
}

#[test]
fn an_edit_of_nothing_changes_no_byte() {
    for case in cases(None) {
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
