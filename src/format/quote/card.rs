//! A vCard's quotings: escapes, lines that go on, quoted-printable.

use std::fmt::Write;

use crate::format::quote::{Decoded, Malformed};

/// A value's escapes. A backslash before anything else stands for itself, as old cards use it.
pub fn value(raw: &str) -> Decoded {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while let Some(plain) = raw[at..].find('\\') {
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
        let escaped = match raw.as_bytes().get(at + 1) {
            Some(b'n' | b'N') => Some('\n'),
            Some(c @ (b'\\' | b',' | b';' | b':')) => Some(char::from(*c)),
            _ => None,
        };
        decoded.push(escaped.unwrap_or('\\'), at);
        at += if escaped.is_some() { 2 } else { 1 };
    }
    decoded.push_run(&raw[at..], at);
    decoded.end(raw.len())
}

/// The length of a line break and the blank behind it, by which a line goes on.
pub fn fold(rest: &[u8]) -> Option<usize> {
    let length = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
    (length > 0 && matches!(rest.get(length), Some(b' ' | b'\t'))).then_some(length + 1)
}

/// A line that goes on: its folds stand for nothing.
pub fn folded(raw: &str) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while let Some(plain) = raw[at..].find(['\r', '\n']) {
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
        at += fold(&raw.as_bytes()[at..]).ok_or(Malformed { at })?;
    }
    decoded.push_run(&raw[at..], at);
    Ok(decoded.end(raw.len()))
}

/// Quoted-printable, in UTF-8.
pub fn printable(raw: &str) -> Result<Decoded, Malformed> {
    let mut decoded = Decoded::with_capacity(raw.len());
    let bytes = raw.as_bytes();
    // The bytes of a character that is written in several escapes, and where each begins.
    let (mut run, mut starts) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < raw.len() {
        if bytes[at] == b'=' {
            match (bytes.get(at + 1), bytes.get(at + 2)) {
                (Some(b'\r'), Some(b'\n')) => at += 3,
                (Some(b'\n'), _) => at += 2,
                (Some(high), Some(low)) => {
                    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                    let (Some(high), Some(low)) = (digit(*high), digit(*low)) else { return Err(Malformed { at }) };
                    run.push(high << 4 | low);
                    starts.push(at);
                    at += 3;
                }
                _ => return Err(Malformed { at }),
            }
            continue;
        }
        finish(&mut run, &mut starts, &mut decoded)?;
        let plain = raw[at..].find(['=', '\r', '\n']).unwrap_or(raw.len() - at);
        if plain == 0 {
            return Err(Malformed { at });
        }
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
    }
    finish(&mut run, &mut starts, &mut decoded)?;
    Ok(decoded.end(raw.len()))
}

fn finish(run: &mut Vec<u8>, starts: &mut Vec<usize>, decoded: &mut Decoded) -> Result<(), Malformed> {
    let text = str::from_utf8(run).map_err(|e| Malformed { at: starts[e.valid_up_to()] })?;
    for (offset, c) in text.char_indices() {
        decoded.push(c, starts[offset]);
    }
    run.clear();
    starts.clear();
    Ok(())
}

/// Writes a value with its escapes.
pub fn write_value(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

/// Writes quoted-printable, on one line.
pub fn write_printable(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'=' => out.push(char::from(byte)),
            byte => {
                // Writing to a string cannot fail.
                let _ = write!(out, "={byte:02X}");
            }
        }
    }
}
