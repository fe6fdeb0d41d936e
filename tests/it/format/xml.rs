//! XML: the W3C's conformance suite, quick-xml as the oracle, and each rule of the grammar.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use flate2::read::DeflateDecoder;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use sudare::format::media;
use sudare::format::xml::XmlWalker;
use sudare::terms::bounds::Bounds;
use sudare::terms::leaf::Part;
use sudare::terms::place::Places;

use super::recorder::Recorder;
use crate::left_out::LeftOut;

fn walk(chunks: &[&[u8]]) -> Recorder {
    let mut walker = XmlWalker::new(Arc::new(Places::default()), &Bounds::default());
    Recorder::walk(&mut walker, chunks.iter().copied())
}

/// The files of an archive by their names.
fn unzip(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let number = |at: usize, bytes: usize| archive[at..at + bytes].iter().rev().fold(0, |n, b| n << 8 | *b as usize);
    let end = memchr::memmem::rfind(archive, b"PK\x05\x06").expect("the end of the directory");
    let (count, mut at) = (number(end + 10, 2), number(end + 16, 4));
    let mut files = BTreeMap::new();
    for _ in 0..count {
        let (packed, name_length) = (number(at + 20, 4), number(at + 28, 2));
        let name = String::from_utf8_lossy(&archive[at + 46..at + 46 + name_length]).into_owned();
        let (method, local) = (number(at + 10, 2), number(at + 42, 4));
        let begin = local + 30 + number(local + 26, 2) + number(local + 28, 2);
        let raw = &archive[begin..begin + packed];
        let mut bytes = raw.to_vec();
        if method == 8 {
            bytes.clear();
            DeflateDecoder::new(raw).read_to_end(&mut bytes).expect("a file");
        }
        files.insert(name, bytes);
        at += 46 + name_length + number(at + 30, 2) + number(at + 32, 2);
    }
    files
}

/// The tests that a catalogue lists: their attributes by name.
fn listed(catalogue: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = Reader::from_reader(catalogue);
    reader.config_mut().check_end_names = false;
    let mut tests = Vec::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.name().as_ref() == "TEST" => {
                let attributes = tag.attributes().flatten();
                tests.push(attributes.map(|one| (one.key.as_ref().to_owned(), one.value.to_string())).collect());
            }
            Ok(Event::Eof) | Err(_) => return tests,
            Ok(_) => {}
        }
    }
}

#[test]
fn the_conformance_suite_is_read_as_it_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/xmlts20130923.zip");
    let Ok(archive) = std::fs::read(&file) else {
        println!("skipped: the XML conformance suite is not at {}", file.display());
        return;
    };
    let files = unzip(&archive);
    let left_out = LeftOut::of("xml conformance");
    let (mut refused, mut read, mut closed) = (0, 0, 0);
    let mut wrong = Vec::new();
    for (name, catalogue) in files.iter().filter(|(name, _)| name.ends_with(".xml")) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for test in listed(catalogue) {
            let path = format!("{folder}/{}", test["URI"]);
            let body = files.get(&path).unwrap_or_else(|| panic!("{path} is not in the archive"));
            let first = &body[..body.len().min(media::SNIFF_BYTES)];
            let labelled = media::of(Some("application/xml"), first);
            let found = walk(&[body]);
            if body.len() < 600 {
                assert_eq!(walk(&body.chunks(1).collect::<Vec<_>>()), found, "{path} byte by byte");
            }
            let is_read = labelled.is_ok() && !found.refused();
            let older = test.get("EDITION").is_some_and(|edition| !edition.contains('5'));
            match test["TYPE"].as_str() {
                "not-wf" if older && left_out.has(&path, &["ill-formed in older editions alone"]) => {}
                "not-wf" if path.contains("/namespaces/") && left_out.has(&path, &[NAMESPACES]) => {}
                "not-wf" if is_read => wrong.push(format!("{path} is read")),
                "not-wf" => refused += 1,
                "valid" | "invalid" if has_no_more_than_xml(body, &test) => {
                    if is_read {
                        found.agrees_with(str::from_utf8(body).expect("it was read"));
                        read += 1;
                    } else {
                        wrong.push(format!("{path} is refused: {labelled:?} {:?}", found.lines.last()));
                    }
                }
                // With a DTD, in other characters, or of another version: closed, whatever it says.
                "valid" | "invalid" if is_read => wrong.push(format!("{path} is read")),
                "valid" | "invalid" => closed += 1,
                sort => assert!(sort == "error" && left_out.has(&path, &["an error"]), "{path}: {sort}"),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    left_out.is_all_met();
    assert!(refused > 900 && read > 20 && closed > 900, "{refused} refused, {read} read, {closed} closed");
}

const NAMESPACES: &str = "ill-formed by namespaces alone";

const NAMES_WITH_COLONS: [&str; 2] = ["p04pass1.xml", "p05pass1.xml"];

/// A document without comments, instructions (but the declaration) and CDATA sections, which may hold
/// what looks like a DTD.
fn without_asides(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some(at) = rest.find("<!--").into_iter().chain(rest.find("<![CDATA[")).chain(rest.find("<?")).min() {
        out += &rest[..at];
        rest = &rest[at..];
        let end = if rest.starts_with("<?") {
            "?>"
        } else if rest.starts_with("<!--") {
            "-->"
        } else {
            "]]>"
        };
        let length = rest.find(end).map_or(rest.len(), |length| length + end.len());
        if rest.starts_with("<?xml ") {
            out += &rest[..length];
        }
        rest = &rest[length..];
    }
    out + rest
}

/// Whether a document has nothing that is refused here on purpose.
fn has_no_more_than_xml(body: &[u8], test: &BTreeMap<String, String>) -> bool {
    let text = without_asides(&String::from_utf8_lossy(body));
    // Names with several colons, or one in front, are none where there are namespaces.
    if NAMES_WITH_COLONS.iter().any(|name| test["URI"] == *name) {
        return false;
    }
    let utf8 = str::from_utf8(body).is_ok() && !text.contains('\0');
    let head = text.lines().next().unwrap_or_default().to_ascii_lowercase();
    let other = head.contains("encoding") && !head.contains("utf-8");
    utf8 && !other
        && !text.contains("<!DOCTYPE")
        && test.get("VERSION").is_none_or(|version| version == "1.0")
        && !head.contains("version=\"1.1\"")
        && !head.contains("version='1.1'")
}

#[test]
fn each_rule_of_the_grammar_is_kept() {
    for (body, told) in [
        ("", "ends too early"),
        ("  ", "ends too early"),
        ("x", "outside the root"),
        ("<a/>x", "outside the root"),
        ("<a/><b/>", "a second root"),
        ("<a/><![CDATA[x]]>", "outside the root"),
        (" <?xml version='1.0'?><a/>", "declaration"),
        ("<a><?xml version='1.0'?></a>", "declaration"),
        ("<?xml version='1.1'?><a/>", "declaration"),
        ("<?xml encoding='UTF-8'?><a/>", "declaration"),
        ("<?xml version='1.0' standalone='maybe'?><a/>", "declaration"),
        ("<?XML?><a/>", "declaration"),
        ("<??><a/>", "without a target"),
        ("<a>\u{1}</a>", "a character that may not stand"),
        ("<a>\u{ffff}</a>", "a character that may not stand"),
        ("<a>]]></a>", "`]]>` stands in text"),
        ("<a><!-- a -- b --></a>", "`--` stands in a comment"),
        ("<a><!----></a", "ends inside markup"),
        ("<a><!--></a>", "ends inside markup"),
        ("<a><!x></a>", "markup that is none"),
        ("<a><!ENTITY b 'c'></a>", "markup that is none"),
        ("<!DOCTYPE a><a/>", "document type definition"),
        ("<a b='<'/>", "`<` stands in an attribute"),
        ("<a b='1' b='2'/>", "stands twice"),
        ("<a b='&c;'/>", "an entity that XML does not know"),
        ("<a>&lt</a>", "an entity that XML does not know"),
        ("<a>a & b</a>", "an entity that XML does not know"),
        ("<a></b>", "closes no element"),
        ("<a></ a>", "closes no element"),
        ("</a>", "closes no element"),
        ("<a><b></a></b>", "closes no element"),
        ("<a:b:c/>", "expected a name"),
        ("<a", "ends inside markup"),
        ("<a b='>", "ends inside markup"),
    ] {
        let found = walk(&[body.as_bytes()]);
        let last = found.lines.last().cloned().unwrap_or_default();
        assert!(found.refused() && last.contains(told), "{body}: {last}");
        assert!(last.starts_with("! unreadable: "), "{body}: {last}");
        assert_eq!(walk(&body.as_bytes().chunks(1).collect::<Vec<_>>()), found, "{body} byte by byte");
    }
}

#[test]
fn too_many_attributes_pieces_and_long_names_are_bounded() {
    let attributes: String = (0..1100).map(|n| format!(" a{n}=''")).collect();
    for body in [
        format!("<a{attributes}/>"),
        format!("<a>{}</a>", "x<!---->".repeat(17_000)),
        format!("<{}/>", "a".repeat(5000)),
    ] {
        let last = walk(&[body.as_bytes()]).lines.last().cloned().unwrap_or_default();
        assert!(last.starts_with("! bound: "), "{last}");
    }
}

/// What another parser finds: each text and attribute with its local name.
fn oracle(body: &str) -> Option<Vec<(String, String)>> {
    let mut reader = Reader::from_str(body);
    let (mut found, mut open, mut text): (Vec<(String, String)>, Vec<String>, String) = Default::default();
    loop {
        let event = reader.read_event().ok()?;
        match &event {
            Event::Text(own) => text += own,
            Event::CData(own) => text += own,
            Event::GeneralRef(own) => {
                let name = own.to_string();
                text += &quick_xml::escape::unescape(&format!("&{name};")).ok()?;
            }
            Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::Eof => {
                if !text.trim().is_empty() {
                    found.push((open.last().cloned().unwrap_or_default(), std::mem::take(&mut text)));
                }
                text.clear();
            }
            _ => {}
        }
        match event {
            Event::Start(tag) => {
                open.push(tag.local_name().as_ref().to_owned());
                attributes(&tag, &mut found)?;
            }
            Event::Empty(tag) => attributes(&tag, &mut found)?,
            Event::End(_) => {
                open.pop();
            }
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

fn attributes(tag: &quick_xml::events::BytesStart<'_>, found: &mut Vec<(String, String)>) -> Option<()> {
    for one in tag.attributes() {
        let one = one.ok()?;
        let name = one.key.local_name().as_ref().to_owned();
        let value = one.value.to_string();
        found.push((name, quick_xml::escape::unescape(&value).ok()?.into_owned()));
    }
    Some(())
}

fn ours(recorder: &Recorder) -> Vec<(String, String)> {
    let shown = recorder.leaves.iter().filter(|leaf| leaf.part == Part::Value);
    let filled = shown.filter(|leaf| !leaf.pieces[0].span.is_empty() || leaf.line.contains("XmlValue"));
    filled.map(|leaf| (leaf.names.first().cloned().unwrap_or_default(), leaf.text.clone())).collect()
}

fn document() -> impl Strategy<Value = String> {
    let text = "([a-z山 ]|&amp;|&lt;|&#48;|&#x5c71;|>|\"|\n){0,6}";
    let leaf = prop_oneof![
        4 => text,
        1 => "<!\\[CDATA\\[[a-z<&山]{0,4}\\]\\]>",
        1 => "<!--[a-z<>& ]{0,4}-->",
        1 => "<\\?[a-z]{1,3} [a-z<>]{0,3}\\?>",
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        (
            "[a-z]{1,3}(:[a-z]{1,2})?",
            prop::collection::vec("[a-z山&&[^&]]{0,4}", 0..3),
            prop::collection::vec(inner, 0..4),
            any::<bool>(),
        )
            .prop_map(|(name, values, parts, blank)| {
                let attributes: String = values.iter().enumerate().map(|(n, v)| format!(" a{n}=\"{v}\"")).collect();
                let blank = if blank { " " } else { "" };
                if parts.is_empty() {
                    format!("<{name}{attributes}{blank}/>")
                } else {
                    format!("<{name}{attributes}{blank}>{}</{name}{blank}>", parts.concat())
                }
            })
    })
    .prop_map(|inside| format!("<root>{inside}</root>\n"))
}

proptest! {
    #[test]
    fn documents_are_read_as_another_parser_reads_them(document in document()) {
        let found = walk(&[document.as_bytes()]);
        prop_assert!(!found.refused(), "{document} {:?}", found.lines.last());
        found.agrees_with(&document);
        prop_assert_eq!(Some(ours(&found)), oracle(&document), "{}", document);
    }

    #[test]
    fn noise_is_read_alike_or_refused(
        words in prop::collection::vec(prop::sample::select(&[
            "<a>", "</a>", "<a/>", "<a", ">", "<", "/", " b='c'", " b=\"", "\"", "'", "x", " ", "&amp;", "&", ";", "<!--", "-->", "--",
            "<![CDATA[", "]]>", "<?p ", "?>", "<?xml version='1.0'?>", "<!", "\n", "山", "<b:a>", "</b:a>",
        ][..]), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let body = format!("<a>{}</a>", words.concat());
        let found = walk(&[body.as_bytes()]);
        let (before, after) = body.as_bytes().split_at(cut.index(body.len()));
        prop_assert_eq!(&walk(&[before, after]), &found);
        found.agrees_with(&body);
        if !found.refused() {
            prop_assert_eq!(Some(ours(&found)), oracle(&body), "{}", body);
        }
    }
}
