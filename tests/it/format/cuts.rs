//! Noise: whatever comes, every cut shows the same, every leaf stands where it says, and nothing
//! panics.

use std::sync::Arc;

use proptest::prelude::*;
use sudare::format::{Format, header, script, url, walker};
use sudare::terms::bounds::Bounds;
use sudare::terms::place::{JsonPath, Place, PlaceId, Places};
use sudare::terms::quote::Quotes;
use sudare::terms::xml_path::XmlPath;

use super::recorder::Recorder;

fn walk<'a>(format: Format, chunks: impl IntoIterator<Item = &'a [u8]>) -> Recorder {
    let path = |text| JsonPath::parse(text).expect("a path");
    let places = Places {
        json: vec![(PlaceId(1), path("$..a")), (PlaceId(2), path("$[0][*]"))],
        xml: vec![(PlaceId(3), XmlPath::parse("//a//Q{u}b/@c").expect("a path"))],
        records: Some(if format == Format::Xml {
            Place::parse("//b").expect("a path")
        } else {
            Place::Json(path("$[*]"))
        }),
        ..Places::default()
    };
    // What a script is bounded in is what must be held, and a division that could have been a
    // regular expression is held only at some cuts.
    let value_bytes = if format == Format::Script { 4096 } else { 12 };
    let bounds = Bounds { value_bytes, depth: 4, ..Bounds::default() };
    Recorder::walk(&mut *walker(format, &Arc::new(places), &bounds).expect("a walker"), chunks)
}

/// What has a meaning in each format.
const JSON: &[&str] =
    &["{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"\\u00", "41\"", "\"山\"", "\\", "1", "null", " ", "\u{feff}"];
const CSV: &[&str] = &[",", ";", "\t", "\"", "\"\"", "\r", "\n", "a", "山", " ", "sep=;\n", "\u{feff}", "\"a,\n\""];
const FORM: &[&str] = &["a", "=", "&", "+", "%", "%41", "%E5%B1%B1", "%E5", "山"];
const TEXT: &[&str] = &["a", "\n", "\r", "山", "\u{feff}", " "];
const CODE: &[&str] = &[
    "'", "\"", "`", "${", "}", "{", "/", "*", "\\", "\n", "\r\n", "<!--", "a ", "1234567", "山", "return", ")", "[",
    "]",
];
const XML: &[&str] = &[
    "<a>",
    "</a>",
    "<a/>",
    "<b c='1'>",
    "<u:b xmlns:u='u'>",
    "</b>",
    "</u:b>",
    "<",
    ">",
    "&#48;",
    "&",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?p ?>",
    "x",
    "山",
    " ",
    "\u{feff}",
    "<?xml version='1.0'?>",
];
const CARD: &[&str] = &[
    "BEGIN:VCARD\r\n",
    "END:VCARD\r\n",
    "FN:a",
    "N:b;c",
    "TEL;X=b:1",
    "\r\n",
    "\n",
    " ",
    "=",
    "=E5",
    "=B1=B1",
    "X;QUOTED-PRINTABLE:",
    "\\n",
    ";",
    ":",
    "山",
    "\r",
    "\"",
];
const PARTS: &[&str] = &[
    "--x\r\n",
    "\r\n--x--",
    "\r\n--x\r\n",
    "\r\n",
    "\n",
    "Content-Disposition: form-data; name=\"a\"",
    "; filename=\"b\"",
    "\r\n\r\n",
    "\r\nContent-Type: text/csv",
    "\r\nContent-Type: application/json",
    "a,b",
    "{\"a\":null}",
    "--",
    "x",
    "-",
    "\r",
    "山",
];

/// Bodies made of what has a meaning in each format.
fn body() -> impl Strategy<Value = (Format, Vec<u8>)> {
    let words = |words: &'static [&'static str]| prop::collection::vec(prop::sample::select(words), 0..14);
    let of = |format: Format, words: BoxedStrategy<Vec<&'static str>>| {
        words.prop_map(move |words| (format, words.concat().into_bytes())).boxed()
    };
    prop_oneof![
        of(Format::Xml, words(XML).boxed()),
        of(Format::Card, words(CARD).boxed()),
        words(PARTS).prop_map(|words| (Format::Multipart, format!("--x\r\n{}", words.concat()).into_bytes())),
        words(PARTS).prop_map(|words| {
            let head = "--x\r\nContent-Disposition: form-data; name=\"a\"";
            (Format::Multipart, format!("{head}{}\r\n--x--\r\n", words.concat()).into_bytes())
        }),
        of(Format::Json, words(JSON).boxed()),
        of(Format::Csv, words(CSV).boxed()),
        of(Format::Form, words(FORM).boxed()),
        of(Format::Text, words(TEXT).boxed()),
        of(Format::Script, words(CODE).boxed()),
        (
            prop::sample::select(
                &[
                    Format::Json,
                    Format::Csv,
                    Format::Form,
                    Format::Text,
                    Format::Script,
                    Format::Xml,
                    Format::Card,
                    Format::Multipart
                ][..]
            ),
            any::<Vec<u8>>()
        ),
    ]
}

/// What was once told in another way by another cut.
#[test]
fn every_cut_of_what_is_doubly_wrong_tells_the_same_fault() {
    let head = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
    for end in ["\r--x\r\n\r\n--x--\r\n", "\r\n--xy", "\n--x\r\n", ""] {
        let body = format!("{head}longer than it may be{end}").into_bytes();
        let whole = walk(Format::Multipart, [&body[..]]);
        assert_eq!(walk(Format::Multipart, body.chunks(1)), whole, "{end:?}");
        for cut in 0..=body.len() {
            let (a, b) = body.split_at(cut);
            assert_eq!(walk(Format::Multipart, [a, b]), whole, "{end:?} cut at {cut}");
        }
    }
}

proptest! {
    #[test]
    fn every_cut_shows_the_same((format, body) in body(), cut in any::<prop::sample::Index>()) {
        let whole = walk(format, [&body[..]]);
        let (a, b) = body.split_at(cut.index(body.len() + 1));
        prop_assert_eq!(walk(format, [a, b]), whole.clone());
        prop_assert_eq!(walk(format, body.chunks(1)), whole.clone());
        if let Ok(text) = str::from_utf8(&body) {
            whole.agrees_with(text);
        }
    }

    #[test]
    fn parts_of_a_url_stand_where_they_say(text in "(mailto:|tel:|data:|javascript:|https?:|//|/|[?&#=@:;,%+]|%41|%E5|a|山| ){0,10}") {
        let mut last = 0;
        for part in url::parts(&text) {
            prop_assert!(last <= part.span.start && part.span.start < part.span.end);
            last = part.span.end;
            let decoded = sudare::format::quote::decode(Quotes::one(part.quote), &text[part.span]).expect("a part");
            prop_assert_eq!(decoded.text, part.text);
        }
    }

    #[test]
    fn leaves_of_a_header_stand_where_they_say(
        name in "Location|Link|Refresh|Content-Disposition|Set-Cookie|X-Other",
        value in "(<|>|;|,|=|\"|'|\\\\|url=|filename\\*=|UTF-8''|/|\\?|&|%41|%|a|山| ){0,10}",
    ) {
        let mut recorder = Recorder::default();
        header::leaves(&name, &value, &mut recorder).expect("a recorder refuses nothing");
        recorder.agrees_with(&value);
    }

    #[test]
    fn data_in_a_script_stands_where_it_says(text in "(a|=|var |\\{|\\}|\\[|\\]|\"|\\\\|;| |山){0,12}") {
        for range in script::json_parts(&text) {
            let brackets = (text.as_bytes()[range.start], text.as_bytes()[range.end - 1]);
            prop_assert!(matches!(brackets.0, b'{' | b'[') && matches!(brackets.1, b'}' | b']'), "at {range:?}");
        }
    }
}
