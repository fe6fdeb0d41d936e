//! Charsets and compression.

use encoding_rs::Encoding;
use sudare::body::charset::{self, Charset};
use sudare::body::coding::Coding;
use sudare::body::pack::Packer;
use sudare::body::unpack::{Unpacker, whole};
use sudare::format::Format;
use sudare::terms::bounds::Bounds;
use sudare::terms::refusal::Refusal;

use super::plans::{OPEN, STRICT, chunks, told, uncut};

const TYPES: [Option<&str>; 16] = [
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
];

/// The first byte sets the cuts, the second the media type.
pub fn charset(data: &[u8]) {
    let [settings, kind, body @ ..] = data else { return };
    let first = &body[..body.len().min(charset::SIGN_BYTES)];
    let Ok((format, charset)) = charset::of(TYPES[usize::from(*kind) % TYPES.len()], first) else { return };
    if format == Format::Opaque {
        return;
    }
    let hold_bytes = if settings & 16 == 0 { Bounds::default().hold_bytes } else { 400 };
    let bounds = Bounds { hold_bytes, ..Bounds::default() };
    let shown = uncut(&OPEN, (format, charset), &bounds, body, *settings);
    assert!(shown.as_ref().is_ok_and(|shown| shown == body) || shown.is_err(), "all is shown: {}", told(&shown));
    let (Ok(veiled), Charset::Other(encoding)) = (uncut(&STRICT, (format, charset), &bounds, body, *settings), charset)
    else {
        return;
    };
    let read = |bytes: &[u8], encoding: &'static Encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some()
    };
    assert!(read(&veiled, encoding), "no {} leaves: {}", encoding.name(), veiled.escape_ascii());
}

const CODINGS: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

/// The first byte sets the cuts, the second the coding; the others are unpacked, and packed.
pub fn coding(data: &[u8]) {
    let [settings, coding, bytes @ ..] = data else { return };
    let coding = CODINGS[usize::from(*coding) % CODINGS.len()];
    let bounds = Bounds::default();
    let at_once = whole(coding, bytes, &bounds);
    let in_pieces = unpacked(coding, bytes, *settings, &bounds);
    match (&at_once, &in_pieces) {
        (Ok(at_once), Ok(in_pieces)) => assert!(at_once == in_pieces, "{coding:?}: cuts make a difference"),
        // Of a stream that is damaged and grows too much, the cuts decide which of the two is met first.
        (Err(_), Err(_)) => {}
        (at_once, in_pieces) => panic!("{coding:?}: {} at once, {} in pieces", told(at_once), told(in_pieces)),
    }
    let mut packer = Packer::new(coding).expect("a packer");
    let mut packed = Vec::new();
    for chunk in chunks(bytes, *settings).chunks(50) {
        packed.extend(packer.part(&chunk.concat()).expect("a part"));
    }
    packed.extend(packer.end(b"").expect("an end"));
    // What is one byte over and over is packed so well that nobody reads it back.
    match whole(coding, &packed, &bounds) {
        Ok(again) => assert!(again == bytes, "{coding:?}: what was packed is not what comes out"),
        Err(refusal) => panic!("{coding:?}: {refusal}"),
    }
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
