//! Forms in parts as servers read them: milder than sudare, each in its own way.
//!
//! What sudare lets pass must be the same form to all of them, or a field that was looked at is not the one that is
//! saved. They were written after what such readers are known to do; where one would refuse, it just goes on.

use sudare::format::{Format, media};

/// How a server finds its parts.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    /// A line feed alone ends a line.
    pub any_line: bool,
    /// Blanks may stand behind a boundary.
    pub blanks: bool,
    /// Whatever begins like a boundary is one.
    pub beginning: bool,
}

/// The readers that are asked.
pub const READERS: [Reader; 4] = [
    Reader { any_line: false, blanks: false, beginning: false },
    Reader { any_line: true, blanks: true, beginning: false },
    Reader { any_line: false, blanks: true, beginning: true },
    Reader { any_line: true, blanks: false, beginning: true },
];

/// The fields that are no files.
pub fn read(body: &[u8], reader: Reader) -> Vec<(String, String)> {
    let end = body.windows(2).position(|two| two == b"\r\n").unwrap_or(body.len());
    let boundary = &body[..end];
    let mut fields = Vec::new();
    let mut open: Option<usize> = None;
    let mut at = 0;
    while at < body.len() {
        let line = line(body, at, reader);
        if is_boundary(boundary, &body[at..line.end], reader) {
            if let Some(start) = open {
                fields.extend(field(&body[start..text_end(body, at, reader).max(start)], reader));
            }
            open = (!is_last(boundary, &body[at..line.end])).then_some(line.next);
            if open.is_none() {
                break;
            }
        }
        at = line.next;
    }
    fields
}

struct Line {
    end: usize,
    next: usize,
}

fn line(body: &[u8], at: usize, reader: Reader) -> Line {
    let rest = &body[at..];
    let crlf = rest.windows(2).position(|two| two == b"\r\n").map(|length| (length, 2));
    let any = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
    let any = any.map(|length| (length, if rest[length..].starts_with(b"\r\n") { 2 } else { 1 }));
    let (length, ending) = if reader.any_line { any } else { crlf }.unwrap_or((rest.len(), 0));
    Line { end: at + length, next: at + length + ending }
}

fn is_boundary(boundary: &[u8], line: &[u8], reader: Reader) -> bool {
    let Some(behind) = line.strip_prefix(boundary) else { return false };
    let behind = behind.strip_prefix(b"--").unwrap_or(behind);
    let behind = if reader.blanks { behind.trim_ascii() } else { behind };
    behind.is_empty() || reader.beginning
}

fn is_last(boundary: &[u8], line: &[u8]) -> bool {
    line[boundary.len()..].starts_with(b"--")
}

/// Where the text before the boundary ends: its line's end belongs to the boundary.
fn text_end(body: &[u8], boundary: usize, reader: Reader) -> usize {
    let before = &body[..boundary];
    match before {
        [.., b'\r', b'\n'] => boundary - 2,
        [.., b'\r' | b'\n'] if reader.any_line => boundary - 1,
        _ => boundary,
    }
}

/// A part's name and text, where it is no file.
fn field(part: &[u8], reader: Reader) -> Option<(String, String)> {
    let (mut at, mut name, mut is_file, mut is_text) = (0, None, false, true);
    while at < part.len() {
        let line = line(part, at, reader);
        let text = String::from_utf8_lossy(&part[at..line.end]).into_owned();
        at = line.next;
        if text.is_empty() {
            break;
        }
        let (header, value) = text.split_once(':')?;
        if header.trim().eq_ignore_ascii_case("content-disposition") {
            name = parameter(value, "name");
            is_file = parameter(value, "filename").is_some();
        }
        if header.trim().eq_ignore_ascii_case("content-type") {
            is_text = matches!(media::of(Some(value.trim()), b""), Ok(Format::Text));
        }
    }
    let text = String::from_utf8_lossy(&part[at..]).into_owned();
    (!is_file && is_text).then_some((name?, text))
}

/// The first parameter of that name, in quotes or bare.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = &value[value.find(';')?..];
    while let Some(from) = rest.strip_prefix(';') {
        let (name, value) = from.split_once('=')?;
        let value = value.trim_start_matches(' ');
        let (own, behind) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => {
                let (own, behind) = value.split_at(value.find(';').unwrap_or(value.len()));
                (own.trim_matches([' ', '\t']), behind)
            }
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(own.to_owned());
        }
        rest = behind.trim_start();
    }
    None
}
