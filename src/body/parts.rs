//! A form in parts that is not in UTF-8: every way in which it can be read, in UTF-8.
//!
//! A page in Shift_JIS sends names, texts and the names of files in its charset; a table that a file
//! holds may be in another one than the page, as those of spreadsheets are. The bytes go on as they are;
//! a reading is only judged. What a part says of its charset is believed; what is no text is left.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, WINDOWS_1252};
use memchr::memmem;

use crate::body::readings::{by_likelihood, text_in};
use crate::body::{charset, sniff};
use crate::format::media;
use crate::format::multipart::head;

/// The readings of a form in parts: the likeliest first, never none.
pub fn readings(raw: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let Some(parts) = split(raw) else { return vec![Cow::Borrowed(raw)] };
    let foreign = foreign(&parts);
    let labelled = parts.iter().any(|part| part.label.is_some_and(|label| label != UTF_8));
    if foreign.is_empty() && !labelled {
        return vec![Cow::Borrowed(raw)];
    }
    let switches = sniff::switches(&foreign);
    let mut encodings = match (switches, foreign.is_empty()) {
        (_, true) => vec![UTF_8],
        (true, _) if std::str::from_utf8(&foreign).is_ok() => vec![UTF_8, ISO_2022_JP],
        (true, _) => vec![ISO_2022_JP],
        (false, _) => by_likelihood(&foreign),
    };
    if !switches && !sniff::is_no_latin(&foreign) {
        encodings.push(WINDOWS_1252);
    }
    let mut readings: Vec<Cow<'_, [u8]>> = Vec::new();
    for encoding in encodings {
        // Western text is what no other charset can be.
        let needed = encoding != WINDOWS_1252 || readings.is_empty();
        readings.extend(read(raw, &parts, encoding).filter(|_| needed).map(Cow::Owned));
    }
    readings.dedup();
    // What has no reading is refused by whoever reads it.
    if readings.is_empty() { vec![Cow::Borrowed(raw)] } else { readings }
}

/// A field as a page in one charset has sent it.
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its text; of a file nothing.
    pub text: String,
    /// Whether it is a file, or anything but plain text.
    pub is_file: bool,
    /// Where its part stands: taken out, the others are as if it had never been there.
    pub part: Range<usize>,
    /// Where its text, or the file, stands.
    pub body: Range<usize>,
}

/// The fields of a form in parts that a page in the charset of this name has sent, in their order; nothing
/// where it is no such form, or a part says of itself that it is in another charset.
pub fn sent_in(raw: &[u8], charset: &str) -> Option<Vec<Field>> {
    let parts = split(raw)?;
    let delimiter = delimiter(raw)?;
    let field = |part: &Part<'_>| {
        let head = text_in(part.head, charset)?;
        let head = head.strip_prefix("\r\n")?;
        let read = head::read(head).ok()?;
        let is_file = read.file.is_some() || !part.is_text;
        let (body, at) = (place(raw, part.body), place(raw, part.head));
        Some(Field {
            name: head[read.name].to_owned(),
            text: if is_file { String::new() } else { text_in(part.body, charset)? },
            is_file,
            part: at..body + part.body.len() + delimiter.len(),
            body: body..body + part.body.len(),
        })
    };
    if parts.iter().any(|part| part.label.is_some()) {
        return None;
    }
    parts.iter().map(field).collect()
}

/// A part of which nothing but its head is looked at.
pub struct Bare {
    /// Whether it is a field of just that name, as pages send them.
    pub is_called: bool,
    /// Where it stands: taken out, the others are as if it had never been there.
    pub part: Range<usize>,
    /// Where its text stands.
    pub body: Range<usize>,
}

/// The parts in whose head a word stands, in whatever charset; nothing where it is no form that could be read.
pub fn whose_head_holds(raw: &[u8], word: &str) -> Option<Vec<Bare>> {
    let (delimiter, lower) = (delimiter(raw)?, word.to_ascii_lowercase());
    let holds = |part: &&Part<'_>| memmem::find(&part.head.to_ascii_lowercase(), lower.as_bytes()).is_some();
    let bare = |part: &Part<'_>| {
        let head = str::from_utf8(part.head).ok().and_then(|head| head.strip_prefix("\r\n"));
        let read = head.and_then(|head| Some((head, head::read(head).ok()?)));
        let is_called = |(head, read): (&str, head::Head)| &head[read.name] == word && read.file.is_none();
        let body = place(raw, part.body);
        let end = body + part.body.len();
        Bare {
            is_called: read.is_some_and(is_called) && part.is_text && part.label.is_none(),
            part: place(raw, part.head)..end + delimiter.len(),
            body: body..end,
        }
    };
    Some(split(raw)?.iter().filter(holds).map(bare).collect())
}

/// A part as it stands in the form.
pub struct Whole {
    /// Its name.
    pub name: String,
    /// What it says that it is.
    pub kind: Option<String>,
    /// Whether it is a file, or anything but plain text.
    pub is_file: bool,
    /// Where its text, or the file, stands.
    pub body: Range<usize>,
}

/// All parts of a form whose heads are in UTF-8; nothing where it is no such form.
pub fn all(raw: &[u8]) -> Option<Vec<Whole>> {
    let whole = |part: &Part<'_>| {
        let head = str::from_utf8(part.head).ok()?.strip_prefix("\r\n")?;
        let read = head::read(head).ok()?;
        let start = place(raw, part.body);
        Some(Whole {
            name: head[read.name].to_owned(),
            kind: read.kind.map(|kind| head[kind].to_owned()),
            is_file: read.file.is_some() || part.is_file || !part.is_text,
            body: start..start + part.body.len(),
        })
    };
    split(raw)?.iter().map(whole).collect()
}

/// What parts a form, with the line's end before it.
pub fn delimiter(raw: &[u8]) -> Option<Vec<u8>> {
    let first = memmem::find(raw, b"\r\n")?;
    Some([b"\r\n", &raw[..first]].concat())
}

/// A field's name as browsers write it.
pub fn written(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A field more, as it stands behind the others of a form, up to the next boundary.
pub fn further(raw: &[u8], name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let (before, behind) = (&b"\r\nContent-Disposition: form-data; name=\""[..], &b"\"\r\n\r\n"[..]);
    Some([before, name, behind, value, &delimiter(raw)?].concat())
}

/// Where the fields of a form in parts stand, and whether each is a file.
pub fn places(raw: &[u8]) -> Option<Vec<(Range<usize>, bool)>> {
    let body = |part: &Part<'_>| {
        let begin = place(raw, part.body);
        (begin..begin + part.body.len(), part.is_file || !part.is_text)
    };
    Some(split(raw)?.iter().map(body).collect())
}

fn place(raw: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - raw.as_ptr().addr()
}

/// One part, where it stands in the form.
struct Part<'a> {
    /// From the end of the boundary before it, with its line's end, to the blank line.
    head: &'a [u8],
    body: &'a [u8],
    is_file: bool,
    /// What a file is called to be, where it is text.
    is_text: bool,
    /// The charset that it says.
    label: Option<&'static Encoding>,
}

/// The parts between their boundaries; nothing where it is no form that could be read.
fn split(raw: &[u8]) -> Option<Vec<Part<'_>>> {
    let delimiter = delimiter(raw)?;
    let mut parts = Vec::new();
    let mut at = delimiter.len() - 2;
    while let Some(length) = memmem::find(&raw[at..], b"\r\n\r\n") {
        let (head, from) = (&raw[at..at + length], at + length + 4);
        let end = from + memmem::find(&raw[from..], &delimiter)?;
        let kind = kind(head);
        let claim = kind.as_deref().and_then(|kind| media::claim(kind).ok());
        let label = claim.as_ref().and_then(|claim| charset::known(claim.charset.as_deref()?).ok());
        let essence = claim.map(|claim| claim.essence).unwrap_or_default();
        let body = &raw[from..end];
        let is_text = essence.is_empty()
            || essence.starts_with("text/")
            || essence == "application/csv"
            || media::is_table_called_workbook(&essence, body);
        let is_file = memmem::find(&head.to_ascii_lowercase(), b"filename").is_some();
        parts.push(Part { head, body, is_file, is_text, label });
        at = end + delimiter.len();
    }
    Some(parts)
}

/// What a part's head says that it is.
fn kind(head: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"content-type:";
    let line = head
        .split(|byte| *byte == b'\n')
        .find(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))?;
    std::str::from_utf8(&line[NAME.len()..]).ok().map(|kind| kind.trim().to_owned())
}

/// All text that is in no charset which is said, and not in UTF-8 by itself.
fn foreign(parts: &[Part<'_>]) -> Vec<u8> {
    let is_foreign = |bytes: &[u8]| sniff::switches(bytes) || std::str::from_utf8(bytes).is_err();
    let fields = fields(parts);
    let files = parts.iter().filter(|part| part.is_file && part.is_text && part.label.is_none());
    let files = files.map(|part| part.body).filter(|body| is_foreign(body));
    let fields = Some(fields.as_slice()).filter(|fields| is_foreign(fields));
    fields.into_iter().chain(files).flatten().copied().collect()
}

/// The heads of all parts, and the texts of fields that say no charset: the page's own is that of all.
fn fields(parts: &[Part<'_>]) -> Vec<u8> {
    let texts = parts.iter().filter(|part| !part.is_file && part.label.is_none()).map(|part| part.body);
    parts.iter().map(|part| part.head).chain(texts).flatten().copied().collect()
}

/// The form with its texts read in this charset where nothing else is said or seen.
fn read(raw: &[u8], parts: &[Part<'_>], encoding: &'static Encoding) -> Option<Vec<u8>> {
    let fields = fields(parts);
    let of_fields = if std::str::from_utf8(&fields).is_ok() && !sniff::switches(&fields) { UTF_8 } else { encoding };
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 2);
    let mut copied = 0;
    for part in parts {
        let (head, body) = (place(raw, part.head), place(raw, part.body));
        out.extend_from_slice(&raw[copied..head]);
        let text = decoded(part.head, of_fields)?;
        out.extend_from_slice(if part.label.is_some() { unlabelled(&text) } else { text.into_owned() }.as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        match (part.is_file, part.label) {
            (false, label) => out.extend_from_slice(decoded(part.body, label.unwrap_or(of_fields))?.as_bytes()),
            (true, Some(label)) => out.extend_from_slice(decoded(part.body, label)?.as_bytes()),
            (true, None) if part.is_text && (std::str::from_utf8(part.body).is_err() || sniff::switches(part.body)) => {
                out.extend_from_slice(decoded(part.body, encoding)?.as_bytes());
            }
            (true, None) => out.extend_from_slice(part.body),
        }
        copied = body + part.body.len();
    }
    out.extend_from_slice(&raw[copied..]);
    Some(out)
}

fn decoded<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Option<Cow<'a, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// A head that no longer says in which charset its part was.
fn unlabelled(head: &str) -> String {
    let line = |line: &str| {
        if !line.to_ascii_lowercase().starts_with("content-type:") {
            return line.to_owned();
        }
        let kept = line.split(';').filter(|part| !part.trim_start().to_ascii_lowercase().starts_with("charset"));
        kept.collect::<Vec<_>>().join(";")
    };
    head.split("\r\n").map(line).collect::<Vec<_>>().join("\r\n")
}
