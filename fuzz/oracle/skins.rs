//! Charsets and compression.

use std::sync::Arc;

use encoding_rs::{UTF_16BE, UTF_16LE};
use sudare::body::charset::{self, Charset};
use sudare::body::coding::Coding;
use sudare::body::pack::Packer;
use sudare::body::rewriter::Rewriter;
use sudare::body::unpack::{Unpacker, whole};
use sudare::body::utf32::Order;
use sudare::format::{self, Format};
use sudare::policy::plan::Plan;
use sudare::terms::bounds::Bounds;
use sudare::terms::refusal::Refusal;

use super::bodies::SHORT_HOLD;
use super::canary::{self, Sought};
use super::others::read_over;
use super::plans::{OPEN, SCANNED, STRICT, chunks, guard_of, rewritten, told, uncut};
use super::wrapped::wrapped;

const TYPES: [Option<&str>; 20] = [
    None,
    Some("text/html"),
    Some("text/html; charset=Shift_JIS"),
    Some("text/html; charset=EUC-JP"),
    Some("text/html; charset=ISO-2022-JP"),
    Some("text/plain; charset=UTF-16"),
    Some("text/plain"),
    Some("text/csv"),
    Some("text/csv; charset=Shift_JIS"),
    Some("text/csv; charset=ISO-2022-JP"),
    Some("application/json"),
    Some("application/xml"),
    Some("text/xml; charset=EUC-JP"),
    Some("text/html; charset=ISO-8859-1"),
    Some("text/csv; charset=UTF-16LE"),
    Some("text/html; charset=UTF-16BE"),
    Some("application/json; charset=Shift_JIS"),
    Some("application/json; charset=UTF-32"),
    Some("text/xml; charset=UTF-16"),
    Some("application/javascript; charset=EUC-JP"),
];

/// The first byte sets the cuts, the second the media type.
pub fn charset(data: &[u8]) {
    let [settings, kind, body @ ..] = data else { return };
    let first = &body[..body.len().min(charset::SIGN_BYTES)];
    let Ok((format, charset)) = charset::of(TYPES[usize::from(*kind) % TYPES.len()], first) else { return };
    if format == Format::Opaque {
        return;
    }
    let hold_bytes = if settings & 16 == 0 { Bounds::default().hold_bytes } else { SHORT_HOLD };
    let bounds = Bounds { hold_bytes, ..Bounds::default() };
    let shown = uncut(&OPEN, (format, charset), &bounds, body, *settings);
    assert!(shown.as_ref().is_ok_and(|shown| shown == body) || shown.is_err(), "all is shown: {}", told(&shown));
    // Of what nothing is said the bytes decide later on.
    let is_said = matches!(charset, Charset::Other(_) | Charset::Utf32(_));
    if is_said {
        hidden((format, charset), *settings, body);
    }
    let veiled = uncut(&STRICT, (format, charset), &bounds, body, *settings);
    if let Some(veiled) = veiled.ok().filter(|_| is_said) {
        assert!(read(charset, &veiled).is_some(), "no text leaves in {charset:?}: {}", veiled.escape_ascii());
    }
}

/// A body behind a record that veils the canaries: none of them leaves, and what leaves is what would leave in UTF-8.
fn hidden((format, charset): (Format, Charset), settings: u8, body: &[u8]) {
    let Some(text) = read(charset, body) else { return };
    let text = canary::planted(text.as_bytes());
    let Some(text) = wrapped(format, &text, settings & 64 != 0) else { return };
    let text = String::from_utf8(text).expect("a text and its record");
    let Some(body) = written(charset, &text) else { return };
    let plan = if settings & 32 == 0 { &SCANNED } else { &STRICT };
    let bounds = Bounds::default();
    let Ok(veiled) = uncut(plan, (format, charset), &bounds, &body, settings) else { return };
    let veiled = read(charset, &veiled).expect("what leaves can be read in its own charset");
    let plain = rewritten(plan, (format, Charset::Utf8), &bounds, std::iter::once(text.as_bytes()));
    let same = plain.as_ref().is_ok_and(|plain| plain == veiled.as_bytes());
    assert!(same, "{charset:?} gives\n{veiled}\nand UTF-8 gives\n{}", told(&plain));
    read_over(format, text.as_bytes(), veiled.as_bytes(), Sought::All);
}

/// The text of a body, if all of it is text.
fn read(charset: Charset, bytes: &[u8]) -> Option<String> {
    match charset {
        Charset::Other(encoding) => {
            encoding.decode_without_bom_handling_and_without_replacement(bytes).map(|text| text.into_owned())
        }
        Charset::Utf32(order) => {
            let unit = |unit: &[u8]| {
                let unit = unit.try_into().ok()?;
                char::from_u32(if order == Order::Little { u32::from_le_bytes(unit) } else { u32::from_be_bytes(unit) })
            };
            bytes.chunks(4).map(unit).collect()
        }
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

/// A text in this charset, if all of it has characters there and comes back as it was.
fn written(charset: Charset, text: &str) -> Option<Vec<u8>> {
    let bytes: Vec<u8> = match charset {
        Charset::Other(encoding) if encoding == UTF_16LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Charset::Other(encoding) if encoding == UTF_16BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Charset::Other(encoding) => encoding.encode(text).0.into_owned(),
        Charset::Utf32(Order::Little) => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        Charset::Utf32(Order::Big) => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        _ => text.as_bytes().to_vec(),
    };
    (read(charset, &bytes)? == text).then_some(bytes)
}

const CODINGS: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

const FORMATS: [Format; 8] =
    [Format::Html, Format::Json, Format::Text, Format::Csv, Format::Xml, Format::Form, Format::Script, Format::Style];

/// The first byte sets the cuts, the second the coding and what the others are. They are unpacked, and packed; and
/// packed as a body that is judged on its way.
pub fn coding(data: &[u8]) {
    let [settings, kind, bytes @ ..] = data else { return };
    let coding = CODINGS[usize::from(*kind) % CODINGS.len()];
    let bounds = Bounds::default();
    let at_once = whole(coding, bytes, &bounds);
    let in_pieces = unpacked(coding, bytes, *settings, &bounds);
    match (&at_once, &in_pieces) {
        (Ok(at_once), Ok(in_pieces)) => assert!(at_once == in_pieces, "{coding:?}: cuts make a difference"),
        // Of a stream that is damaged and grows too much, the cuts decide which of the two is met first.
        (Err(_), Err(_)) => {}
        (at_once, in_pieces) => panic!("{coding:?}: {} at once, {} in pieces", told(at_once), told(in_pieces)),
    }
    // What is one byte over and over is packed so well that nobody reads it back.
    match whole(coding, &packed(coding, bytes, *settings), &bounds) {
        Ok(again) => assert!(again == bytes, "{coding:?}: what was packed is not what comes out"),
        Err(refusal) => panic!("{coding:?}: {refusal}"),
    }
    judged(coding, FORMATS[usize::from(*kind >> 2) % FORMATS.len()], *settings, bytes);
}

fn packed(coding: Coding, bytes: &[u8], settings: u8) -> Vec<u8> {
    let mut packer = Packer::new(coding).expect("a packer");
    let mut packed = Vec::new();
    for chunk in chunks(bytes, settings).chunks(50) {
        packed.extend(packer.part(&chunk.concat()).expect("a part"));
    }
    packed.extend(packer.end(b"").expect("an end"));
    packed
}

/// A packed body on all its way: under rules that show all what comes out is what went in, and under those that hide no
/// canary comes out.
fn judged(coding: Coding, format: Format, settings: u8, bytes: &[u8]) {
    let Some(body) = wrapped(format, &canary::planted(bytes), settings & 64 != 0) else { return };
    let came = packed(coding, &body, settings);
    for (plan, shows_all) in [(&OPEN, true), (&SCANNED, false), (&STRICT, false)] {
        let whole_one = rewritten(plan, (format, Charset::Utf8), &Bounds::default(), std::iter::once(&body[..]));
        let left = way(plan, (coding, format), &came, settings);
        let (left, whole_one) = match (left, whole_one) {
            (Ok(left), Ok(whole_one)) => (left, whole_one),
            (Err(_), Err(_)) => continue,
            (left, whole_one) => panic!("{coding:?}: {} on its way, {} unpacked", told(&left), told(&whole_one)),
        };
        let left = whole(coding, &left, &Bounds::default()).expect("what leaves is unpacked");
        assert!(left == whole_one, "{coding:?}: {} is not {}", left.escape_ascii(), whole_one.escape_ascii());
        if shows_all {
            assert!(left == body, "{coding:?}: all is shown: {}", left.escape_ascii());
        } else {
            read_over(format, &body, &left, Sought::All);
        }
    }
}

/// A body's way through the gateway: unpacked, rewritten and packed, piece by piece.
fn way(plan: &Arc<Plan>, (coding, format): (Coding, Format), came: &[u8], settings: u8) -> Result<Vec<u8>, Refusal> {
    let bounds = Bounds::default();
    let mut guard = guard_of(format, plan, &bounds);
    let mut unpacker = Unpacker::new(coding, &bounds);
    let mut rewriter = Rewriter::new(format::walker(format, &plan.places, &bounds)?, &bounds);
    let mut packer = Packer::new(coding)?;
    let mut left = Vec::new();
    for chunk in chunks(came, settings) {
        unpacker.feed(chunk);
        while let Some(piece) = unpacker.piece()? {
            if let Some(part) = rewriter.write(&piece, &mut guard)? {
                left.extend(packer.part(&part.bytes)?);
            }
        }
    }
    unpacker.end()?;
    left.extend(packer.end(&rewriter.end(&mut guard)?.bytes)?);
    Ok(left)
}

fn unpacked(coding: Coding, bytes: &[u8], settings: u8, bounds: &Bounds) -> Result<Vec<u8>, Refusal> {
    let mut unpacker = Unpacker::new(coding, bounds);
    let mut all = Vec::new();
    for chunk in chunks(bytes, settings) {
        unpacker.feed(chunk);
        while let Some(piece) = unpacker.piece()? {
            all.extend(piece);
        }
    }
    unpacker.end()?;
    Ok(all)
}
