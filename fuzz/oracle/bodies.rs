//! A body of one format, and a header's value.

use sudare::body::charset::Charset;
use sudare::body::rewriter;
use sudare::format::{self, Format, header as headers, multipart};
use sudare::guard::outbound::Outbound;
use sudare::terms::bounds::Bounds;
use sudare::terms::edit::{Document, Guard};

use super::canary::{self, Sought};
use super::others::{Texts, leaves, read_over};
use super::parts;
use super::plans::{OPEN, SCANNED, STRICT, guard, told, uncut};
use super::wrapped::wrapped;

/// A hold so short that most bodies leave record by record, where they can.
pub const SHORT_HOLD: usize = 400;

/// The first byte sets the cuts, the hold and the rules; the others are the body.
pub fn check(format: Format, data: &[u8]) {
    let (settings, body) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let read_as = (format, Charset::Utf8);
    let hold_bytes = if settings & 16 == 0 { Bounds::default().hold_bytes } else { SHORT_HOLD };
    let bounds = Bounds { hold_bytes, ..Bounds::default() };
    let shown = uncut(&OPEN, read_as, &bounds, body, settings);
    assert!(shown.as_ref().is_ok_and(|shown| shown == body) || shown.is_err(), "all is shown: {}", told(&shown));
    let Some(body) = wrapped(format, &canary::planted(body), settings & 64 != 0) else { return };
    // In a body that leaves in parts, a value is sought in its own record alone.
    let whole = Bounds::default();
    let (plan, bounds) = if settings & 32 == 0 { (&SCANNED, &whole) } else { (&STRICT, &bounds) };
    let Ok(veiled) = uncut(plan, read_as, bounds, &body, settings) else { return };
    let seen = leaves(format, &body);
    assert!(seen.leak(Sought::All).is_some(), "nobody would see a canary in\n{}", body.escape_ascii());
    read_over(format, &body, &veiled, sought(format, bounds));
}

/// What may not stand in what leaves. Scripts and style sheets have no records: of a long one what is read leaves.
fn sought(format: Format, bounds: &Bounds) -> Sought {
    let flows = matches!(format, Format::Script | Format::Style) && bounds.hold_bytes == SHORT_HOLD;
    if flows { Sought::Number } else { Sought::All }
}

/// A form in parts, which only requests are: besides, others find the same fields in it.
pub fn in_parts(data: &[u8]) {
    check(Format::Multipart, data);
    let body = canary::planted(data.get(1..).unwrap_or_default());
    let Ok(form) = multipart::form(&body, &Bounds::default()) else { return };
    for reader in parts::READERS {
        let fields = parts::read(&body, reader);
        assert_eq!(fields, form.fields, "{reader:?} finds other fields in\n{}", body.escape_ascii());
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
        let leak = texts.leak(Sought::All);
        assert_eq!(leak, None, "stands in what leaves of `{name}: {value}`\n{veiled}");
    }
}

/// What leaves of a header beside a body that veils the canaries.
fn judged(guard: &mut Outbound, name: &str, value: &str) -> Option<String> {
    guard.header(0, |sink| headers::leaves(name, value, sink)).ok()?;
    let body = wrapped(Format::Json, b"1", false)?;
    let mut walker = format::walker(Format::Json, &OPEN.places, &Bounds::default()).ok()?;
    walker.write(&body, guard).and_then(|()| walker.end(guard)).ok()?;
    let edits = guard.finish().ok()?.edits;
    let own = edits.into_iter().filter(|edit| edit.document == Document::Header(0)).collect();
    Some(rewriter::header(value, own).expect("an edit that can be carried out"))
}
