//! A body of one format, and a header's value.

use std::sync::Arc;

use quick_xml::events::Event;
use sudare::body::charset::Charset;
use sudare::body::rewriter;
use sudare::format::{self, Format, header as headers};
use sudare::guard::outbound::Outbound;
use sudare::terms::bounds::Bounds;
use sudare::terms::edit::{Document, Guard};
use sudare::terms::leaf::{Leaf, Part, Sink};
use sudare::terms::refusal::Refusal;

use super::canary::{self, NAME, PHONE};
use super::plans::{OPEN, SCANNED, STRICT, guard, told, uncut};

/// A hold so short that most bodies leave record by record, where they can.
const SHORT_HOLD: usize = 400;

/// The first byte sets the cuts, the hold and the rules; the others are the body.
pub fn check(format: Format, data: &[u8]) {
    let (settings, body) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let read_as = (format, Charset::Utf8);
    let hold_bytes = if settings & 16 == 0 { Bounds::default().hold_bytes } else { SHORT_HOLD };
    let bounds = Bounds { hold_bytes, ..Bounds::default() };
    let shown = uncut(&OPEN, read_as, &bounds, body, settings);
    assert!(shown.as_ref().is_ok_and(|shown| shown == body) || shown.is_err(), "all is shown: {}", told(&shown));
    let Some(body) = wrapped(format, &canary::planted(body)) else { return };
    // In a body that leaves in parts, a value is sought in its own record alone.
    let whole = Bounds::default();
    let (plan, bounds) = if settings & 32 == 0 { (&SCANNED, &whole) } else { (&STRICT, &bounds) };
    let Ok(veiled) = uncut(plan, read_as, bounds, &body, settings) else { return };
    let came = std::str::from_utf8(&body).expect("only text is read as UTF-8");
    assert!(leaves(format, came).iter().any(|leaf| canary::is_in(leaf)), "nobody would see a canary in\n{came}");
    let text = std::str::from_utf8(&veiled).expect("text leaves as text");
    for leaf in leaves(format, text) {
        assert!(!canary::is_in(&leaf), "`{leaf}` stands in what leaves of\n{}\n{text}", body.escape_ascii());
    }
    other_readers(format, &body, text);
}

/// The body behind a record that veils the canaries; none where nobody may put anything before it.
fn wrapped(format: Format, body: &[u8]) -> Option<Vec<u8>> {
    let (before, behind) = match format {
        Format::Json => (format!("[{{\"tel\":\"{PHONE}\",\"name\":\"{NAME}\"}},"), "]"),
        Format::Html => (format!("<p class=tel>{PHONE}</p><p class=name>{NAME}</p>"), ""),
        Format::Xml => (format!("<r><tel>{PHONE}</tel><name>{NAME}</name>"), "</r>"),
        Format::Csv => (format!("id,name,tel,x\n1,{NAME},{PHONE},\n"), ""),
        Format::Form => (format!("tel={PHONE}&name={NAME}&"), ""),
        Format::Lines => (format!("{{\"tel\":\"{PHONE}\",\"name\":\"{NAME}\"}}\n"), ""),
        Format::Events => (format!("data: {{\"tel\":\"{PHONE}\",\"name\":\"{NAME}\"}}\n\n"), ""),
        Format::Calls => {
            let member = |name, value| format!("<member><name>{name}</name><value>{value}</value></member>");
            let known = member("tel", PHONE) + &member("name", NAME);
            (
                format!("<methodResponse><params><param><value><struct>{known}<member><name>x</name><value>"),
                "</value></member></struct></value></param></params></methodResponse>",
            )
        }
        Format::Card => (format!("BEGIN:VCARD\nTEL:{PHONE}\nNAME:{NAME}\nEND:VCARD\n"), ""),
        _ => return None,
    };
    Some([before.as_bytes(), body, behind.as_bytes()].concat())
}

/// The texts that may hold no canary: ids and styles hold a page together, and are left as they are.
#[derive(Default)]
struct Texts(Vec<String>);

impl Sink for Texts {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if !matches!(leaf.part, Part::Id | Part::Style) {
            self.0.push(leaf.text.to_owned());
        }
        Ok(())
    }

    /// What can be read is read, and its tags are of no meaning to people.
    fn opens(&mut self, _: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        Ok(readable)
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// What leaves must be such that it can be read again.
fn leaves(format: Format, text: &str) -> Vec<String> {
    let mut walker = format::walker(format, &Arc::default(), &Bounds::default()).expect("a walker");
    let mut texts = Texts::default();
    let read = walker.write(text.as_bytes(), &mut texts).and_then(|()| walker.end(&mut texts));
    assert!(read.is_ok(), "{read:?}: what leaves cannot be read:\n{text}");
    texts.0
}

/// What others read in what leaves, where they can be asked.
fn other_readers(format: Format, body: &[u8], text: &str) {
    match format {
        Format::Json if serde_json::from_slice::<serde_json::Value>(body).is_ok() => {
            let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: no JSON leaves:\n{text}"));
            strings(&value);
        }
        Format::Csv | Format::Text => {
            assert!(!canary::is_between(text, "\n", "\n") && !canary::is_between(text, ",", ","), "in a line:\n{text}");
        }
        Format::Form => assert!(!canary::is_between(text, "=", "&"), "in a parameter:\n{text}"),
        // Without attributes, scripts and styles there is nothing that could not be text.
        Format::Html if !body.contains(&b'=') && !text.to_ascii_lowercase().contains("<s") => {
            // The fuzzer's own part alone: the first two are the record's, and have attributes.
            assert!(!canary::is_between(text, ">", "<"), "between tags:\n{text}");
        }
        Format::Xml => {
            let mut reader = quick_xml::Reader::from_str(text);
            // References come by themselves, and are characters of the text around them.
            let mut run = String::new();
            loop {
                match reader.read_event() {
                    Ok(Event::Text(piece)) => run.push_str(&piece),
                    Ok(Event::GeneralRef(name)) => {
                        run.push(name.resolve_char_ref().ok().flatten().unwrap_or('&'));
                    }
                    Ok(event) => {
                        assert!(!canary::is_in(&run), "in an element:\n{text}");
                        run.clear();
                        if event == Event::Eof {
                            break;
                        }
                    }
                    Err(error) => panic!("{error}: no XML leaves:\n{text}"),
                }
            }
        }
        _ => {}
    }
}

fn strings(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => assert!(!canary::is_in(text), "`{text}` in a string"),
        serde_json::Value::Array(items) => items.iter().for_each(strings),
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                assert!(!canary::is_in(name), "`{name}` is a name");
                strings(value);
            }
        }
        _ => {}
    }
}

const HEADERS: [&str; 8] =
    ["Location", "Link", "Refresh", "Content-Disposition", "Set-Cookie", "X-Other", "Content-Location", "Warning"];

/// The first byte names the header; the others are its value.
pub fn header(data: &[u8]) {
    let Some((first, value)) = data.split_first() else { return };
    let name = HEADERS[usize::from(*first) % HEADERS.len()];
    let value = canary::planted(value);
    let Ok(value) = std::str::from_utf8(&value) else { return };
    // What no HTTP message can hold never comes here.
    if value.chars().any(|c| c.is_control() && c != '\t') || value.trim() != value {
        return;
    }
    if let Some(shown) = judged(&mut guard(&OPEN, &Bounds::default()), name, value) {
        assert_eq!(shown, value, "{name}: all is shown");
    }
    for plan in [&SCANNED, &STRICT] {
        let Some(veiled) = judged(&mut guard(plan, &Bounds::default()), name, value) else { continue };
        let mut texts = Texts::default();
        headers::leaves(name, &veiled, &mut texts).expect("a header that leaves can be read");
        for leaf in texts.0 {
            assert!(!canary::is_in(&leaf), "`{leaf}` stands in what leaves of `{name}: {value}`\n{veiled}");
        }
    }
}

/// What leaves of a header beside a body that veils the canaries.
fn judged(guard: &mut Outbound, name: &str, value: &str) -> Option<String> {
    guard.header(0, |sink| headers::leaves(name, value, sink)).ok()?;
    let body = wrapped(Format::Json, b"1")?;
    let mut walker = format::walker(Format::Json, &OPEN.places, &Bounds::default()).ok()?;
    walker.write(&body, guard).and_then(|()| walker.end(guard)).ok()?;
    let edits = guard.finish().ok()?.edits;
    let own = edits.into_iter().filter(|edit| edit.document == Document::Header(0)).collect();
    Some(rewriter::header(value, own).expect("an edit that can be carried out"))
}
