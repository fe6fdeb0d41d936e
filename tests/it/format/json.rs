//! JSON: the public suite of parsing cases, and struson as the oracle.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use struson::reader::{JsonReader, JsonStreamReader, ReaderSettings, ValueType};
use sudare::format::json::JsonWalker;
use sudare::format::json::within::{Surroundings, leaves_within};
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::{Leaf, Part, Sink, Walker};
use sudare::terms::place::{Place, PlaceId, Places};
use sudare::terms::quote::{Quote, Quotes};
use sudare::terms::refusal::Refusal;

use super::recorder::Recorder;

/// What the standard leaves open and is accepted here: a byte order mark, and numbers of any size,
/// since nobody reads their value. Every other `i_` case is refused: text that is no UTF-8 or holds
/// lone surrogates, and nesting deeper than the bound.
const ACCEPTED: [&str; 11] = [
    "i_number_double_huge_neg_exp.json",
    "i_number_huge_exp.json",
    "i_number_neg_int_huge_exp.json",
    "i_number_pos_double_huge_exp.json",
    "i_number_real_neg_overflow.json",
    "i_number_real_pos_overflow.json",
    "i_number_real_underflow.json",
    "i_number_too_big_neg_int.json",
    "i_number_too_big_pos_int.json",
    "i_number_very_big_negative_int.json",
    "i_structure_UTF-8_BOM_empty_object.json",
];

fn walk(chunks: &[&[u8]]) -> Recorder {
    let mut walker = JsonWalker::new(Arc::new(Places::default()), &Bounds::default());
    Recorder::walk(&mut walker, chunks.iter().copied())
}

#[test]
fn the_public_suite_is_read_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/json-parsing");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: JSONTestSuite is not at {}", folder.display());
        return;
    };
    let mut seen = 0;
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let body = std::fs::read(&path).expect("a case");
        let found = walk(&[&body]);
        let accepted = match name.as_bytes()[0] {
            b'y' => true,
            b'n' => false,
            _ => ACCEPTED.contains(&&*name),
        };
        assert_eq!(!found.refused(), accepted, "{name}: {:?}", found.lines.last());
        if body.len() < 4096 {
            assert_eq!(walk(&body.chunks(1).collect::<Vec<_>>()), found, "{name} byte by byte");
        }
        if accepted {
            found.agrees_with(str::from_utf8(&body).expect("accepted"));
        }
        seen += 1;
    }
    assert!(seen > 300, "{seen} cases");
}

/// What another parser finds: each scalar's text and the key that it stands under.
fn oracle(body: &[u8]) -> Option<Vec<(Option<String>, String)>> {
    let settings =
        ReaderSettings { restrict_number_values: false, max_nesting_depth: Some(128), ..ReaderSettings::default() };
    let mut reader = JsonStreamReader::new_custom(body, settings);
    let mut found = Vec::new();
    value(&mut reader, None, &mut found).ok()?;
    reader.consume_trailing_whitespace().ok()?;
    Some(found)
}

fn value(
    reader: &mut JsonStreamReader<&[u8]>,
    name: Option<&str>,
    found: &mut Vec<(Option<String>, String)>,
) -> Result<(), struson::reader::ReaderError> {
    let name_here = name.map(str::to_owned);
    match reader.peek()? {
        ValueType::Array => {
            reader.begin_array()?;
            while reader.has_next()? {
                value(reader, name, found)?;
            }
            reader.end_array()?;
        }
        ValueType::Object => {
            reader.begin_object()?;
            while reader.has_next()? {
                let name = reader.next_name_owned()?;
                value(reader, Some(&name), found)?;
            }
            reader.end_object()?;
        }
        ValueType::String => found.push((name_here, reader.next_string()?)),
        ValueType::Number => found.push((name_here, reader.next_number_as_string()?)),
        ValueType::Boolean => found.push((name_here, reader.next_bool()?.to_string())),
        ValueType::Null => reader.next_null()?,
    }
    Ok(())
}

fn agree(body: &[u8]) {
    let found = walk(&[body]);
    let shown = || {
        let values = found.leaves.iter().filter(|leaf| leaf.part != Part::Key);
        values.map(|leaf| (leaf.names.first().cloned(), leaf.text.clone())).collect::<Vec<_>>()
    };
    let ours = (!found.refused()).then(shown);
    assert_eq!(ours, oracle(body), "{:?} {:?}", String::from_utf8_lossy(body), found.lines.last());
}

/// JSON as it is and as it nearly is.
fn document() -> impl Strategy<Value = String> {
    let scalar =
        prop_oneof![r#"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?"#, "true|false|null", string(),];
    scalar.prop_recursive(5, 40, 5, |inner| {
        let blank = "[ \t\r\n]{0,2}";
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), blank)
                .prop_map(|(items, blank)| format!("[{blank}{}{blank}]", items.join(&format!("{blank},")))),
            (prop::collection::vec((string(), inner), 0..4), blank).prop_map(|(members, blank)| {
                let members: Vec<_> = members.into_iter().map(|(k, v)| format!("{k}{blank}:{blank}{v}")).collect();
                format!("{{{}{blank}}}", members.join(","))
            }),
        ]
    })
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        r#"[a-z 0-9/]{1,4}"#,
        "[山田太郎é𠮷]{1,2}",
        r#"\\["\\/bfnrt]"#,
        r#"\\u00[2-7][0-9a-fA-F]"#,
        r#"\\ud83d\\ude0[0-9a-f]"#,
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

proptest! {
    #[test]
    fn documents_are_read_as_another_parser_reads_them(document in document()) {
        agree(document.as_bytes());
    }

    #[test]
    fn broken_documents_are_refused_as_another_parser_refuses_them(
        document in document(), at in any::<prop::sample::Index>(), byte in prop::sample::select(&b"{}[],:\"\\u0 1e-+.tn\x01\x80\xe3"[..]),
    ) {
        let mut body = document.into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        agree(&body);
    }

    #[test]
    fn noise_is_read_as_another_parser_reads_it(body in r#"[{}\[\],:"\\u0 1e.\-tfn]{0,12}"#) {
        agree(body.as_bytes());
    }
}

/// A list whose records look alike, with names and indexes that the paths below ask for.
fn list() -> impl Strategy<Value = String> {
    let key = prop_oneof![4 => "[abc]", 1 => Just("na\\u006de".to_owned()), 1 => "[a-z]{60,70}"];
    let record = (key, document(), document(), document()).prop_map(|(key, a, b, c)| {
        format!(r#"{{"a": {a},"{key}":{b},"b":[{b},{a},{{"a":{c}}}],"c":{{"a":{a}, "b":{c}}}}}"#)
    });
    let record = prop_oneof![5 => record, 1 => document()];
    (prop::collection::vec(record, 0..5), document())
        .prop_map(|(records, rest)| format!(r#"{{"list":[{}],"b":{rest}}}"#, records.join(",")))
}

fn walk_with_paths(records: bool, bounds: &Bounds, chunks: &[&[u8]]) -> Recorder {
    let mut walker = JsonWalker::new(Arc::new(wanted(records)), bounds);
    Recorder::walk(&mut walker, chunks.iter().copied())
}

fn wanted(records: bool) -> Places {
    let path = |path: &str| Place::parse(path).expect("a path");
    let wanted: &[&str] = if records {
        &["$.a", "$.b[1]", "$.b[*].a", "$.c..a", "$..name", "$.*"]
    } else {
        &["$.list[*].a", "$.list[1].c.b", "$..b[1]", "$..c..a", "$.b"]
    };
    let json = wanted.iter().enumerate().filter_map(|(number, wanted)| match path(wanted) {
        Place::Json(path) => Some((PlaceId(u16::try_from(number).ok()?), path)),
        _ => None,
    });
    Places { json: json.collect(), records: records.then(|| path("$.list[*]")), ..Places::default() }
}

/// Of half of all that can stand around a leaf it needs no second one.
#[derive(Default)]
struct Sieve {
    is_fine: bool,
    last: bool,
    /// What was shown that it needs, and how much else.
    needed: Vec<String>,
    others: usize,
}

impl Sieve {
    fn walk(is_fine: bool, places: &Arc<Places>, chunks: &[&[u8]]) -> (Sieve, Result<(), Refusal>) {
        let mut sieve = Sieve { is_fine, ..Sieve::default() };
        let mut walker = JsonWalker::new(Arc::clone(places), &Bounds::default());
        let walked = chunks.iter().try_for_each(|chunk| walker.write(chunk, &mut sieve));
        let walked = walked.and_then(|()| walker.end(&mut sieve));
        (sieve, walked)
    }
}

impl Sink for Sieve {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let key = if leaf.part == Part::Key { leaf.text } else { "" };
        let names: Vec<&str> = leaf.names.iter().collect();
        let above: Vec<&str> = leaf.above.iter().collect();
        let around = (leaf.part, key, names, above, leaf.places, leaf.reach.itself);
        let mut hasher = DefaultHasher::new();
        around.hash(&mut hasher);
        self.last = hasher.finish().is_multiple_of(2);
        if self.last {
            self.others += 1;
        } else {
            self.needed.push(format!("{around:?} {} {} {:?} {:?}", leaf.text, leaf.record, leaf.member, leaf.pieces));
        }
        Ok(())
    }

    fn record(&mut self, record: u32, end: usize) -> Result<(), Refusal> {
        self.needed.push(format!("record {record} {end}"));
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn idles(&self) -> bool {
        self.is_fine && self.last
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        self.needed.push(format!("opens {:?}", leaf.pieces));
        Ok(readable)
    }
}

proptest! {
    /// Byte by byte no token lies whole in a chunk: what is quick shows and refuses the same.
    #[test]
    fn the_quick_way_shows_what_the_slow_one_shows(
        list in list(), records in any::<bool>(), shallow in any::<bool>(), broken in any::<bool>(),
        at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
        byte in prop::sample::select(&b"{}[],:\"\\u0 1e-+.tn\x01\x80\xe3"[..]),
    ) {
        let mut body = list.into_bytes();
        if broken {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let bounds = Bounds { depth: if shallow { 5 } else { 128 }, value_bytes: 64, ..Bounds::default() };
        let slow = walk_with_paths(records, &bounds, &body.chunks(1).collect::<Vec<_>>());
        assert_eq!(walk_with_paths(records, &bounds, &[&body]), slow);
        let (before, behind) = body.split_at(cut.index(body.len()));
        assert_eq!(walk_with_paths(records, &bounds, &[before, behind]), slow);
    }
}

proptest! {
    /// What a walker has learnt of one document does not reach into the next, which may be shown to others.
    #[test]
    fn what_nobody_needs_is_left_out_and_nothing_else(
        list in list(), other in list(), records in any::<bool>(), broken in any::<bool>(),
        at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut body = list.into_bytes();
        if broken {
            let at = at.index(body.len());
            body[at] = b'"';
        }
        let places = Arc::new(wanted(records));
        let (all, walked) = Sieve::walk(false, &places, &[&body]);
        let (before, behind) = body.split_at(cut.index(body.len()));
        for (is_fine, chunks) in [(true, vec![&body[..]]), (false, vec![&body[..]]), (true, vec![before, behind])] {
            drop(Sieve::walk(is_fine, &places, &[other.as_bytes()]));
            let (sieve, same) = Sieve::walk(is_fine, &places, &chunks);
            prop_assert_eq!(&sieve.needed, &all.needed);
            prop_assert_eq!(&same, &walked);
            let is_told = if is_fine { sieve.others <= all.others } else { sieve.others == all.others };
            prop_assert!(is_told);
        }
    }
}

#[test]
fn of_a_list_whose_records_nobody_needs_one_is_shown() {
    let record = r#"{"id":1,"name":"x","tags":["a","b"],"in":{"on":true}}"#;
    let body = format!("[{}]", vec![record; 40].join(", "));
    let (all, _) = Sieve::walk(false, &Arc::new(Places::default()), &[body.as_bytes()]);
    let (sieve, _) = Sieve::walk(true, &Arc::new(Places::default()), &[body.as_bytes()]);
    let each = all.others / 40;
    assert!(each > 2 && sieve.others <= each, "{} of {}", sieve.others, all.others);
}

/// The text as a JSON string, with an escape now and then that it would not need.
fn as_string(text: &str) -> String {
    let mut out = String::from("\"");
    for (at, c) in text.chars().enumerate() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '/' if at % 2 == 0 => out.push_str("\\/"),
            c if c < ' ' || (at % 7 == 0 && c < '\u{ffff}') => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out + "\""
}

/// Text, names and places of each leaf, without where it stands and how it is quoted there.
fn told(recorder: &Recorder) -> Vec<String> {
    let unquoted = |line: &str| line.rsplit_once(" [").map(|(line, _)| line.to_owned());
    let shown = |leaf: &super::recorder::Shown| {
        let line = unquoted(&leaf.line)?;
        let line = line.split(" member").next()?;
        Some(line.split_once(|c: char| c.is_ascii_uppercase())?.1.to_owned())
    };
    recorder.leaves.iter().map(|leaf| shown(leaf).expect(&leaf.line)).collect()
}

proptest! {
    /// A document in a string shows what it shows by itself, at every depth and cut.
    #[test]
    fn a_document_in_a_string_is_read_as_it_stands(list in list(), deep in 1..3_usize, cut in any::<prop::sample::Index>()) {
        let path = |path: &str| match Place::parse(path) { Ok(Place::Json(path)) => path, _ => panic!("a path") };
        let walk = |wanted: &[&str], chunks: &[&[u8]]| {
            let json = (0..).map(PlaceId).zip(wanted.iter().map(|wanted| path(wanted))).collect();
            let places = Places { json, ..Places::default() };
            let mut walker = JsonWalker::new(Arc::new(places), &Bounds::default());
            Recorder::walk_into(&mut walker, chunks.iter().copied())
        };
        let plain = walk(&["$.list[*].a", "$..b[1]", "$..c..a"], &[list.as_bytes()]);
        let body = (0..deep).fold(list.clone(), |text, _| format!("[{}]", as_string(&text)));
        let before = "[0]".repeat(deep);
        let inner: Vec<String> = ["list[*].a", ".b[1]", ".c..a"].iter().map(|rest| format!("${before}.{rest}")).collect();
        let inner: Vec<&str> = inner.iter().map(String::as_str).collect();
        let whole = walk(&inner, &[body.as_bytes()]);
        prop_assert!(!whole.refused(), "{:?}", whole.lines.last());
        prop_assert_eq!(told(&whole), told(&plain), "{}", body);
        whole.agrees_with(&body);
        let (a, b) = body.as_bytes().split_at(cut.index(body.len()));
        prop_assert_eq!(walk(&inner, &[a, b]), whole);
    }
}

#[test]
fn json_inside_something_else_points_outside() {
    let body = r#"<a data-x="{&quot;tel&quot;:&quot;090&quot;,&quot;n&quot;:1}">"#;
    let start = body.find('{').expect("a brace");
    let text = r#"{"tel":"090","n":1}"#;
    let decoded = sudare::format::quote::decode(Quotes::one(Quote::HtmlDouble), &body[start..body.len() - 2]);
    let map = decoded.expect("an attribute").map;
    let surroundings = Surroundings {
        raw_of: &|at| start + map[at] as usize,
        outer: Some(Quotes::one(Quote::HtmlDouble)),
        record: 3,
        nests: 0,
    };
    let places = Arc::new(Places::default());
    let mut recorder = Recorder::default();
    assert_eq!(leaves_within(text, &places, &Bounds::default(), &surroundings, &mut recorder), Ok(true));
    recorder.agrees_with(body);
    let texts: Vec<_> = recorder.leaves.iter().map(|leaf| (&*leaf.text, leaf.record)).collect();
    assert_eq!(texts, [("tel", 3), ("090", 3), ("n", 3), ("1", 3)]);

    let mut nothing = Recorder::default();
    assert_eq!(leaves_within(r#"{"a":1} x"#, &places, &Bounds::default(), &surroundings, &mut nothing), Ok(false));
    assert_eq!(nothing, Recorder::default());
}

#[test]
fn a_refusal_names_the_place_and_never_the_text() {
    for (body, note) in [
        ("", "at byte 0: the document ends too early"),
        ("{\"a\":\"secret", "at byte 5: a string is not closed"),
        ("[1,]", "at byte 3: expected a value"),
        ("[1 2]", "at byte 3: expected a comma or the end of the object or array"),
        ("{\"a\" 1}", "at byte 5: expected a colon"),
        ("{a:1}", "at byte 1: expected a value"),
        ("{\"a\":1} {}", "at byte 8: only one document is read"),
        ("[\"se\\qret\"]", "at byte 4: an escape is none"),
        ("[\"se\ncret\"]", "at byte 4: a string holds what it may not"),
        ("[\"a\\ud800\"]", "at byte 3: an escape is none"),
        ("callback({})", "at byte 0: expected a value"),
        (")]}',\n{}", "at byte 0: expected a value"),
        ("{]", "at byte 1: expected a key"),
        ("[}", "at byte 1: expected a value"),
    ] {
        let found = walk(&[body.as_bytes()]);
        assert_eq!(found.lines.last(), Some(&format!("! unreadable: the body is no JSON {note}")), "{body}");
    }
}
