//! What a text says beside what stands there letter by letter: base64 in it, data in percent-encoding, and letters that a
//! mark turns round for whoever looks at them.
//!
//! CRMs put values in base64 that are not for people: cursors of lists (`?after=eyJuYW1l…`), states,
//! files. Programs read them all the same. What is found in there cannot be veiled in its place: a cursor
//! with a veil in it is read, and leads to other records. So all of it goes, and whoever sends it back is
//! told by the CRM that it is none.
//!
//! Every text is asked, so the first question is cheap: at each eleventh byte, whether a run of base64
//! could stand there. A run is read as far as it is text, and given up where that is not far: ids and
//! images are after two or three bytes. So no text costs more than a few times its length.

use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memmem};

use crate::detect::Found;
use crate::format::json::JsonWalker;
use crate::format::json::lines::JsonLines;
use crate::format::quote::decode;
use crate::guard::leaves;
use crate::policy::plan::Plan;
use crate::terms::bounds::Bounds;
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Part, Sink, Walker};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;

/// What speaks for a value that was found so; all of the run around it goes.
pub(super) const EVIDENCE: &str = "in another writing";

/// A shorter run holds less than eight bytes, which no value worth hiding so is.
const RUN_BYTES: usize = 11;
const TEXT_BYTES: usize = 8;

/// How many beginnings of data are looked at in a run that is none from its own beginning on.
const BEGINNINGS: usize = 8;

/// Base64 in base64 in base64: deeper it is a text.
const LAYERS: usize = 3;

/// Lines of mail are longer, and other lines are no parts of one run.
const LINE_BYTES: usize = 60;

/// The mark behind which letters run from right to left, whatever they are, and where it ends.
const OVERRIDE: &str = "\u{202e}";
const POP: char = '\u{202c}';

/// Files that hold text which nobody reads here, by their beginnings in base64: PDF, what is zipped (and
/// so spreadsheets), older office files, archives.
const FILES: [&str; 5] = ["JVBERi0", "UEsDB", "0M8R4KGxGuE", "N3q8ryc", "UmFyIRoH"];

/// A file is longer; an id may begin as one.
const FILE_BYTES: usize = 64;

/// The value of each character of base64, of either alphabet.
const SIXTH: [u8; 256] = {
    let mut all = [NONE; 256];
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut at = 0;
    while at < letters.len() {
        all[letters[at] as usize] = at as u8;
        at += 1;
    }
    all[b'+' as usize] = 62;
    all[b'-' as usize] = 62;
    all[b'/' as usize] = 63;
    all[b'_' as usize] = 63;
    all
};

const NONE: u8 = 0xff;

/// Whether a leaf may say something in another writing. Structure is left alone: it is no text.
pub(super) fn may(leaf: &Leaf<'_>) -> bool {
    use Part::{Attribute, Comment, Header, Script, Text, Title, Url, Value};
    matches!(leaf.part, Value | Attribute | Url | Script | Header | Text | Title | Comment)
        && leaf.text.len() >= RUN_BYTES
        && (runs(leaf.text).any(|run| is_promising(&leaf.text[run])) || may_turn(leaf.text) || is_in_percent(leaf.text))
}

/// Whether a text is data in percent-encoding, as scripts hand it on (`%7B%22name%22…`). Links and headers are read without
/// it, and tell nothing of it.
fn is_in_percent(text: &str) -> bool {
    matches!(text.as_bytes(), [b'%', b'7', b'b' | b'B', ..] | [b'%', b'5', b'b' | b'B', ..])
}

/// Whether a mark that turns letters round may stand there: few texts have its first byte.
fn may_turn(text: &str) -> bool {
    memchr(OVERRIDE.as_bytes()[0], text.as_bytes()).is_some() && text.contains(OVERRIDE)
}

/// Whether a file stands in a text that nobody reads here.
pub(super) fn is_file(text: &str) -> bool {
    runs(text).any(|run| begins_as_file(&text[run]))
}

fn begins_as_file(run: &str) -> bool {
    run.len() >= FILE_BYTES && FILES.iter().any(|file| run.starts_with(file))
}

/// Whether a run may say something: seen by its first bytes, those behind a slash, or data's own beginning.
fn is_promising(run: &str) -> bool {
    let bytes = run.as_bytes();
    begins_as_text(bytes)
        || begins_as_file(run)
        || (memchr(b'/', bytes).is_some() && bytes.split(|byte| *byte == b'/').skip(1).any(begins_as_text))
        || (memchr(b'J', bytes).is_some() && run.contains("eyJ"))
}

/// Whether the first bytes that a run stands for are text. What is written in two ways is left to whoever
/// reads on.
fn begins_as_text(run: &[u8]) -> bool {
    let (mut held, mut bits, mut seen) = (0u32, 0, 0);
    let mut text = Utf8::default();
    for byte in run.iter().take(RUN_BYTES) {
        let sixth = SIXTH[usize::from(*byte)];
        if sixth == NONE {
            return true;
        }
        held = held << 6 | u32::from(sixth);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            if !text.takes((held >> bits & 0xff) as u8) {
                return false;
            }
            seen += 1;
        }
    }
    seen >= TEXT_BYTES
}

/// Shows what a text says in another writing, and where.
pub(super) fn each(text: &str, mut see: impl FnMut(Range<usize>, &str)) {
    // Of what stands in one another no more is read than this, however many ways there are to read it.
    let mut budget = text.len().saturating_mul(2);
    for (range, inner) in layer(text) {
        see(range.clone(), &inner);
        let mut texts = vec![inner];
        for _ in 1..LAYERS {
            let mut within = |inner: &String| budget.checked_sub(inner.len()).map(|left| budget = left).is_some();
            let inner = texts.iter().flat_map(|text| layer(text)).map(|(_, inner)| inner);
            texts = inner.take_while(&mut within).collect();
            texts.iter().for_each(|inner| see(range.clone(), inner));
        }
    }
}

/// Finds what names and labels veil in data there and, where they are asked, what detectors are certain of.
/// Several kinds may be in one run: which of them is the strictest hangs on the record.
pub(super) fn find(plan: &Plan, text: &str, detect: bool, found: &mut Vec<Found>) {
    let mut more: Vec<Found> = Vec::new();
    each(text, |range, inner| {
        let mut inside = Vec::new();
        if detect {
            plan.detectors.find(inner, &mut inside);
        }
        let certain = inside.iter().filter(|one| one.certain).map(|one| one.kind);
        for kind in certain.chain(named(plan, inner)) {
            let mut of_run = more.iter().rev().take_while(|one| one.range == range);
            if !of_run.any(|one| one.kind == kind) {
                more.push(Found { range: range.clone(), kind, certain: true, evidence: EVIDENCE });
            }
        }
    });
    if more.is_empty() {
        return;
    }
    // What is found in the letters themselves may go beyond such a run: both count.
    found.append(&mut more);
    found.sort_by_key(|one| one.range.start);
}

/// The text that base64 from end to end stands for.
pub(super) fn whole(text: &str) -> Option<String> {
    let run = runs(text).next()?;
    let whole = run.start == 0 && text[run.end..].trim_end_matches('=').is_empty();
    let inner = decoded(&text[run]).filter(|inner| whole && inner.whole)?.text;
    Some(without_mark(&inner).to_owned())
}

/// The kinds of what stands in JSON under names that fields or labels know: in one document or several, or in
/// a string that holds one.
fn named(plan: &Plan, text: &str) -> Vec<KindId> {
    let mut inside = Inside { plan, kinds: Vec::new() };
    let text = without_mark(text);
    if text.starts_with(['{', '[', '"']) {
        // What is none has no names, and how far it was read changes nothing.
        let mut documents = JsonLines::new(JsonWalker::new(Arc::clone(&plan.places), &Bounds::default()));
        let _ = documents.write(text.as_bytes(), &mut inside).and_then(|()| documents.end(&mut inside));
    }
    inside.kinds
}

/// A text without a byte order mark and blanks before it.
fn without_mark(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

struct Inside<'a> {
    plan: &'a Plan,
    kinds: Vec<KindId>,
}

impl Sink for Inside<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let known = leaves::known(self.plan, leaf).filter(|_| !leaf.text.trim().is_empty());
        self.kinds.extend(known.map(|known| known.kind));
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, _: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        Ok(readable)
    }
}

/// What the runs of a text say, each with all that belongs to it.
fn layer(text: &str) -> Vec<(Range<usize>, String)> {
    let mut all = if may_turn(text) { turned(text) } else { Vec::new() };
    if is_in_percent(text) {
        all.extend(decode(Quotes::one(Quote::Percent), text).map(|decoded| (0..text.len(), decoded.text)));
    }
    for run in runs(text).filter(|run| is_promising(&text[run.clone()])) {
        if is_signed(text, &run) {
            continue;
        }
        for part in parts(text, run) {
            if let Some(inner) = decoded(&text[part.clone()]) {
                all.push((part.start..padded(text, part.end), inner.text));
                if inner.whole {
                    break;
                }
            }
        }
    }
    all
}

/// Whether a run is a part of a signed token (RFC 7515, RFC 7516): whoever changes one breaks a log-in, and
/// what it says is mostly of staff themselves.
fn is_signed(text: &str, run: &Range<usize>) -> bool {
    // Three parts, or five where they are sealed as well.
    const DOTS: usize = 4;
    let bytes = text.as_bytes();
    let (mut start, mut end, mut dots) = (run.start, run.end, 0);
    let mut belongs = |byte: &u8| {
        dots += usize::from(*byte == b'.');
        dots <= DOTS && (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    start -= bytes[..start].iter().rev().take_while(|byte| belongs(byte)).count();
    end += bytes[end..].iter().take_while(|byte| belongs(byte)).count();
    let mut parts = text[start..end].split('.');
    let header = parts.next().filter(|header| header.starts_with("eyJ"));
    let says = |header: &str| decoded(header).is_some_and(|inner| inner.whole && inner.text.contains("\"alg\""));
    matches!(parts.count(), 2 | DOTS) && header.is_some_and(says)
}

/// In which parts a run may be base64: all of it, a part of a path, behind a word that stands before it.
fn parts(text: &str, run: Range<usize>) -> Vec<Range<usize>> {
    let mut all = vec![run.clone()];
    let mut start = run.start;
    for piece in text[run.clone()].split('/') {
        if piece.len() >= RUN_BYTES && piece.len() < run.len() {
            all.push(start..start + piece.len());
        }
        start += piece.len() + 1;
    }
    // An object in JSON begins so.
    let beginnings = memmem::find_iter(&text.as_bytes()[run.clone()], "eyJ").filter(|at| *at > 0).take(BEGINNINGS);
    all.extend(beginnings.map(|at| run.start + at..run.end));
    all
}

/// Where a run ends with the signs that fill it up.
fn padded(text: &str, end: usize) -> usize {
    let mut rest = &text[end..];
    for sign in ["=", "%3D", "%3d", "=", "%3D", "%3d"] {
        rest = rest.strip_prefix(sign).unwrap_or(rest);
    }
    text.len() - rest.len()
}

/// What stands behind marks that turn letters round, in the order in which people see it.
fn turned(text: &str) -> Vec<(Range<usize>, String)> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(start) = text[at..].find(OVERRIDE).map(|start| at + start) {
        let inner = start + OVERRIDE.len();
        let end = text[inner..].find([POP, '\n']).map_or(text.len(), |length| inner + length);
        all.push((start..end, text[inner..end].chars().rev().collect()));
        at = end;
    }
    all
}

/// Runs of characters of base64 that are long enough.
fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = RUN_BYTES - 1;
    let mut floor = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if SIXTH[usize::from(bytes[at])] == NONE {
                at += RUN_BYTES;
                continue;
            }
            let start = begin(bytes, at, floor);
            let run = start..end(bytes, start);
            floor = run.end;
            at = run.end + RUN_BYTES;
            if run.len() >= RUN_BYTES {
                return Some(run);
            }
        }
        None
    })
}

/// Whether a sign of base64 stands there that an address must write in percent-encoding.
fn is_escaped(bytes: &[u8]) -> bool {
    matches!(bytes, [b'%', b'2', b'B' | b'b' | b'F' | b'f', ..])
}

fn begin(bytes: &[u8], at: usize, floor: usize) -> usize {
    let mut start = at;
    while start > floor && (SIXTH[usize::from(bytes[start - 1])] != NONE || is_escaped(&bytes[start - 1..])) {
        start -= 1;
    }
    start
}

fn end(bytes: &[u8], start: usize) -> usize {
    let (mut end, mut line) = (start, start);
    while let Some(byte) = bytes.get(end) {
        match byte {
            byte if SIXTH[usize::from(*byte)] != NONE => end += 1,
            b'%' if is_escaped(&bytes[end..]) => end += 3,
            b'\r' | b'\n' if end - line >= LINE_BYTES => {
                let next = end + bytes[end..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                if bytes.get(next).is_none_or(|byte| SIXTH[usize::from(*byte)] == NONE) {
                    break;
                }
                (end, line) = (next, next);
            }
            _ => break,
        }
    }
    end
}

/// What a run of base64 stands for.
struct Inner {
    text: String,
    /// Whether all of it is text.
    whole: bool,
}

/// The text that a run of base64 stands for, or begins with, if that is long enough.
fn decoded(run: &str) -> Option<Inner> {
    let bytes = run.as_bytes();
    let (mut held, mut bits, mut at) = (0u32, 0, 0);
    let mut out = Vec::new();
    let mut text = Utf8::default();
    let mut whole = true;
    while let Some(byte) = bytes.get(at) {
        let sixth = match SIXTH[usize::from(*byte)] {
            NONE if is_escaped(&bytes[at..]) => {
                at += 2;
                if bytes[at].eq_ignore_ascii_case(&b'b') { 62 } else { 63 }
            }
            sixth => sixth,
        };
        at += 1;
        if sixth == NONE {
            continue;
        }
        held = held << 6 | u32::from(sixth);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            let byte = (held >> bits & 0xff) as u8;
            if !text.takes(byte) {
                whole = false;
                break;
            }
            out.push(byte);
        }
    }
    // A character that breaks off at the end is none.
    let valid = std::str::from_utf8(&out).map_or_else(|error| error.valid_up_to(), str::len);
    out.truncate(valid);
    let text = String::from_utf8(out).ok().filter(|text| text.len() >= TEXT_BYTES)?;
    Some(Inner { text, whole })
}

/// Follows bytes as far as they are text: whoever looks at an image or an id has seen enough after few.
#[derive(Default)]
struct Utf8 {
    /// How many bytes of a character are still to come.
    left: u8,
}

impl Utf8 {
    fn takes(&mut self, byte: u8) -> bool {
        if self.left > 0 {
            self.left -= 1;
            return byte & 0xc0 == 0x80;
        }
        self.left = match byte {
            0x20..=0x7e | b'\t' | b'\n' | b'\r' => 0,
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => return false,
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Vec<(String, String)> {
        let mut all = Vec::new();
        each(text, |range, inner| all.push((text[range].to_owned(), inner.to_owned())));
        all
    }

    #[test]
    fn base64_is_read_wherever_it_stands_and_nothing_else_is() {
        for (text, run, inner) in [
            ("eyJpZCI6NSwidCI6IjA5MCJ9", "eyJpZCI6NSwidCI6IjA5MCJ9", "{\"id\":5,\"t\":\"090\"}"),
            ("5bGx55SwIOWkqumDjg==", "5bGx55SwIOWkqumDjg==", "山田 太郎"),
            ("/c?after=5bGx55SwIOWkqumDjg%3D%3D&n=5", "5bGx55SwIOWkqumDjg%3D%3D", "山田 太郎"),
            ("a Pz8%2FPz8%2FPz8%2F b", "Pz8%2FPz8%2FPz8%2F", "?????????"),
            ("/api/customers/5bGx55SwIOWkqumDjg", "5bGx55SwIOWkqumDjg", "山田 太郎"),
            ("page_eyJpZCI6NSwidCI6IjA5MCJ9", "eyJpZCI6NSwidCI6IjA5MCJ9", "{\"id\":5,\"t\":\"090\"}"),
            ("eyJpZCI6NSwidCI6IjA5MCJ9-4fc81", "eyJpZCI6NSwidCI6IjA5MCJ9-4fc81", "{\"id\":5,\"t\":\"090\"}"),
            ("a.eyJpZCI6NSwidCI6IjA5MCJ9.json", "eyJpZCI6NSwidCI6IjA5MCJ9", "{\"id\":5,\"t\":\"090\"}"),
            ("\u{202e}8765-4321-090\u{202c} x", "\u{202e}8765-4321-090", "090-1234-5678"),
        ] {
            assert_eq!(seen(text), [(run.to_owned(), inner.to_owned())], "{text}");
        }
        for text in [
            "550e8400-e29b-41d4-a716-446655440000",
            "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
            "/9j/4AAQSkZJRgABAQEASABIAAD/",
            "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==",
            "3f2504e04f8911d39a0c0305e82c3301",
            "2026-11-22T01:02:03.456789Z",
            "090-1234-5678",
            "internationalization",
            "/static/images/2024/customers-overview.png",
            "eyJpZCI6",
            "山田 太郎様 電話番号",
            "Bearer eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImFAYi5qcCJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ",
        ] {
            assert_eq!(seen(text), [], "{text}");
        }
    }

    #[test]
    fn no_run_costs_more_than_a_few_times_its_length() {
        // Each `eyJ` begins data that breaks off at the end.
        let run = format!("----{}____", "eyJ-".repeat(100_000));
        assert_eq!(parts(&run, 0..run.len()).len(), 1 + BEGINNINGS);
        assert_eq!(seen(&run).len(), BEGINNINGS);
        let text = "eyJpZCI6".repeat(10_000);
        assert_eq!(seen(&format!("{text}____"))[0].1.len(), 60_000);
    }

    #[test]
    fn layers_lines_and_files_are_known() {
        let twice = "ZXlKcFpDSTZOU3dpZENJNklqQTVNQ0o5";
        let texts: Vec<String> = seen(twice).into_iter().map(|(_, inner)| inner).collect();
        assert_eq!(texts, ["eyJpZCI6NSwidCI6IjA5MCJ9", "{\"id\":5,\"t\":\"090\"}"]);
        let line = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh";
        let letters = "a".repeat(45);
        assert_eq!(seen(&format!("{line}\r\n{line}\r\nYmI=\r\n"))[0].1, format!("{letters}{letters}bb"));
        assert_eq!(whole("eyJpZCI6NSwidCI6IjA5MCJ9==").as_deref(), Some("{\"id\":5,\"t\":\"090\"}"));
        assert_eq!(whole("x=eyJpZCI6NSwidCI6IjA5MCJ9"), None);
        assert!(is_file(&format!("JVBERi0xLjQ{line}")) && !is_file("JVBERi0xLjQK") && !is_file(line));
    }
}
