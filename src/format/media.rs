//! Which format a body is in: what its media type says, and what its first bytes do not belie.
//!
//! A body that is read as one thing here and as another by a browser could carry anything past
//! this gateway. So what is labelled as text and begins as data is read as data, and what is
//! labelled as one thing and begins as another is not read at all.

use encoding_rs::Encoding;
use memchr::memmem;

use crate::format::json::{self, wrapped::without_prefix};
use crate::format::xml::calls;
use crate::format::{Format, inside, opaque};
use crate::terms::refusal::{Reason, Refusal};

/// How many of a body's first bytes are looked at, at most.
pub const SNIFF_BYTES: usize = 512;

/// What a `Content-Type` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The media type, in lower case.
    pub essence: String,
    /// The charset's label, in lower case: as it was written, if browsers know it.
    pub charset: Option<String>,
    /// What parts a form's fields.
    pub boundary: Option<String>,
}

/// The format of a body in UTF-8 with this `Content-Type` and these first bytes: all of a short body,
/// or [`SNIFF_BYTES`] of a longer one. Whoever reads other charsets asks [`claim`] and [`format`].
pub fn of(content_type: Option<&str>, first: &[u8]) -> Result<Format, Refusal> {
    let claim = content_type.map(claim).transpose()?;
    let charset = claim.as_ref().and_then(|claim| claim.charset.as_deref());
    if !matches!(charset, None | Some("utf-8" | "utf8" | "us-ascii" | "ascii")) {
        return Err(refuse("a body in a charset that is not read here; only UTF-8 is"));
    }
    let format = format(claim.as_ref(), first)?;
    if matches!(format, Format::Xml | Format::Calls) && !declared(first)?.is_none_or(is_utf8) {
        return Err(refuse("XML in a charset that is not read here; only UTF-8 is"));
    }
    Ok(format)
}

/// What a file is that a browser sends: on machines with a spreadsheet, tables are called its workbooks.
pub fn of_file(kind: &str, first: &[u8]) -> Result<Format, Refusal> {
    of(Some(if is_table_called_workbook(kind, first) { "text/csv" } else { kind }), first)
}

/// Whether a file is called a workbook and is none.
pub fn is_table_called_workbook(kind: &str, first: &[u8]) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    let is_workbook = first.starts_with(b"\xd0\xcf\x11\xe0") || first.starts_with(b"PK");
    essence.eq_ignore_ascii_case("application/vnd.ms-excel") && !is_workbook
}

/// The format of a body with this claim and these first bytes, which are in UTF-8 or in a charset
/// that has ASCII in it.
pub fn format(claim: Option<&Claim>, first: &[u8]) -> Result<Format, Refusal> {
    let looks = looks(first);
    let Some(claim) = claim else {
        return match looks {
            Looks::Json => Ok(Format::Json),
            Looks::Html => Ok(Format::Html),
            Looks::Xml => xml(first),
            Looks::Opaque => Ok(Format::Opaque),
            Looks::Other => Err(refuse("a body without a content type")),
        };
    };
    match (labelled(&claim.essence), looks) {
        (Label::Read(Format::Multipart), _) => multipart(claim.boundary.as_deref(), first),
        (Label::Opaque, Looks::Opaque) => Ok(Format::Opaque),
        (Label::Read(Format::Html | Format::Text | Format::Script), Looks::Json) => Ok(Format::Json),
        // Programs that set no type send their data as pages.
        (Label::Read(Format::Html), Looks::Xml) if claim.essence == "text/html" && is_data(first) => xml(first),
        (Label::Read(Format::Html), Looks::Html | Looks::Xml) => Ok(Format::Html),
        (Label::Read(Format::Xml), Looks::Html | Looks::Xml | Looks::Other) => xml(first),
        // Browsers do not look into what is called text, programs do.
        (Label::Read(Format::Text), Looks::Xml) => xml(first),
        (Label::Read(format), Looks::Other) => Ok(format),
        (Label::Read(format @ (Format::Json | Format::Lines)), Looks::Json) => Ok(format),
        (Label::Read(_), _) => Err(refuse("a body that begins otherwise than its content type says")),
        (Label::Opaque, _) => Err(refuse("a body that is no known image or font")),
        (Label::Unknown, _) => Err(refuse("a body of a content type that is not read")),
    }
}

/// Whether a body is called XML or a table.
pub fn is_xml_or_a_table(claim: &Claim) -> bool {
    matches!(labelled(&claim.essence), Label::Read(Format::Xml | Format::Csv))
}

enum Label {
    Read(Format),
    Opaque,
    Unknown,
}

fn labelled(essence: &str) -> Label {
    match essence {
        "application/json" | "text/json" | "text/x-json" => Label::Read(Format::Json),
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/x-jsonl"
        | "application/jsonlines"
        | "application/x-jsonlines"
        | "application/json-seq"
        | "application/stream+json" => Label::Read(Format::Lines),
        "text/event-stream" => Label::Read(Format::Events),
        "text/html" | "application/xhtml+xml" | "image/svg+xml" | "text/vnd.turbo-stream.html" => {
            Label::Read(Format::Html)
        }
        "text/xml" | "application/xml" => Label::Read(Format::Xml),
        "text/csv" | "application/csv" | "text/x-csv" | "text/comma-separated-values" | "text/tab-separated-values" => {
            Label::Read(Format::Csv)
        }
        "text/vcard" | "text/x-vcard" | "text/directory" => Label::Read(Format::Card),
        "application/x-www-form-urlencoded" => Label::Read(Format::Form),
        "multipart/form-data" => Label::Read(Format::Multipart),
        "text/plain" => Label::Read(Format::Text),
        "text/javascript"
        | "application/javascript"
        | "application/x-javascript"
        | "text/ecmascript"
        | "application/ecmascript" => Label::Read(Format::Script),
        "text/css" => Label::Read(Format::Style),
        "application/octet-stream"
        | "application/font-woff"
        | "application/font-woff2"
        | "application/x-font-woff"
        | "application/x-font-ttf"
        | "application/x-font-opentype" => Label::Opaque,
        other if other.starts_with("application/") && other.ends_with("+json") => Label::Read(Format::Json),
        other if other.ends_with("+xml") => Label::Read(Format::Xml),
        other if other.starts_with("image/") || other.starts_with("font/") => Label::Opaque,
        _ => Label::Unknown,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    Json,
    Html,
    /// With a declaration; what begins with an element may be anything.
    Xml,
    Opaque,
    Other,
}

fn looks(first: &[u8]) -> Looks {
    if opaque::is_proven(first) {
        return Looks::Opaque;
    }
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let text = without_prefix(text);
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match text.first() {
        Some(b'{' | b'[') if json::begins(text) => Looks::Json,
        Some(b'<') if begins(b"<?xml") => Looks::Xml,
        Some(b'<') if begins(b"<!doctype") || begins(b"<html") || begins(b"<svg") => Looks::Html,
        _ => Looks::Other,
    }
}

/// Whether what begins as XML has no element by which a page is told.
fn is_data(first: &[u8]) -> bool {
    let text = String::from_utf8_lossy(first).to_ascii_lowercase();
    !["<svg", "<meta"].iter().any(|tag| text.contains(tag)) && !inside::is_markup(&text)
}

/// XML whose declaration names characters that somebody knows; which are read is decided elsewhere.
fn xml(first: &[u8]) -> Result<Format, Refusal> {
    match declared(first)? {
        Some(name) if Encoding::for_label(name).is_none() => Err(refuse("XML in a charset that is not read")),
        _ => match calls::is_call(first) {
            Some(true) => Ok(Format::Calls),
            Some(false) => Ok(Format::Xml),
            None => Err(refuse("XML whose first element comes too late to tell what it is")),
        },
    }
}

/// The charset that an XML declaration names.
pub fn declared(first: &[u8]) -> Result<Option<&[u8]>, Refusal> {
    const WORD: &[u8] = b"encoding";
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    if !text.starts_with(b"<?xml") {
        return Ok(None);
    }
    let end = memmem::find(text, b"?>").ok_or_else(|| refuse("XML whose declaration has no end"))?;
    let Some(at) = memmem::find(&text[..end], WORD) else { return Ok(None) };
    let value = text[at + WORD.len()..end].trim_ascii_start().strip_prefix(b"=").map(<[u8]>::trim_ascii_start);
    let name = value.and_then(|value| value.get(1..)?.split(|b| matches!(b, b'"' | b'\'')).next());
    name.map(Some).ok_or_else(|| refuse("XML whose declaration cannot be read"))
}

/// Whether a charset's name is that of UTF-8, or of the part of it that all know.
pub fn is_utf8(name: &[u8]) -> bool {
    [&b"utf-8"[..], b"utf8", b"us-ascii", b"ascii"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// A form whose first line is the boundary that its content type says. A part that it may begin with
/// for old readers is refused, since some read fields there.
fn multipart(boundary: Option<&str>, first: &[u8]) -> Result<Format, Refusal> {
    const BOUNDARY_BYTES: usize = 70;
    let odd = || refuse("a form whose boundary can be read in two ways, or is none");
    let boundary = boundary.ok_or_else(odd)?;
    let boundary = boundary.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(boundary);
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    if !(1..=BOUNDARY_BYTES).contains(&boundary.len()) || !boundary.bytes().all(is_plain) || boundary.ends_with(' ') {
        return Err(odd());
    }
    let behind = first.strip_prefix(b"--").and_then(|first| first.strip_prefix(boundary.as_bytes()));
    match behind {
        Some([b'\r', b'\n', ..] | [b'-', b'-'] | [b'-', b'-', b'\r', b'\n']) => Ok(Format::Multipart),
        _ => Err(refuse("a form that does not begin with its boundary")),
    }
}

/// Reads a `Content-Type`, if its parameters leave no doubt.
pub fn claim(content_type: &str) -> Result<Claim, Refusal> {
    let odd = || refuse("a content type that can be read in two ways");
    let mut parts = content_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    if essence.contains([',', ' ', '"']) {
        return Err(odd());
    }
    let (mut charset, mut boundary) = (None, None);
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=').ok_or_else(odd)?;
        let name = name.trim().to_ascii_lowercase();
        let bounds = name.starts_with("boundary") && essence.starts_with("multipart/");
        if bounds && (name != "boundary" || boundary.replace(value.trim().to_owned()).is_some()) {
            return Err(odd());
        }
        if name != "charset" {
            continue;
        }
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value).trim().to_ascii_lowercase();
        // Some readers take these quotes off and others take them for a part of the name.
        if value.contains(['"', '\'', ',', ' ', '\\']) {
            return Err(odd());
        }
        if charset.replace(standard(value)).is_some() {
            return Err(refuse("a content type with two charsets"));
        }
    }
    Ok(Claim { essence, charset: charset.filter(|charset| !charset.is_empty()), boundary })
}

/// The standard's own label (WHATWG Encoding, 4.2) for a name that PHP and Python write and browsers do not
/// know; any other as it is.
fn standard(label: String) -> String {
    match label.as_str() {
        "cp932" | "sjis-win" => "shift_jis".to_owned(),
        "eucjp-win" | "cp51932" | "euc_jp" => "euc-jp".to_owned(),
        "utf_8" => "utf-8".to_owned(),
        _ => label,
    }
}

fn refuse(note: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wraps_json_is_told_by_label_and_first_bytes() {
        for (content_type, first, format) in [
            ("application/json", ")]}',\n{\"a\":1}", Some(Format::Json)),
            ("text/javascript", "for(;;);{\"a\":1}", Some(Format::Json)),
            ("text/javascript", "for(;;);next()", Some(Format::Script)),
            ("text/html", "while(1);[{}]", Some(Format::Json)),
            ("application/x-ndjson", "{\"a\":1}\n{}", Some(Format::Lines)),
            ("application/json-seq", "\u{1e}{}\n", Some(Format::Lines)),
            ("application/jsonl", "<html>", None),
            ("text/event-stream", "data: {}\n\n", Some(Format::Events)),
            ("text/event-stream", "{\"a\":1}", None),
        ] {
            assert_eq!(of(Some(content_type), first.as_bytes()).ok(), format, "{content_type} {first}");
        }
    }

    #[test]
    fn labels_and_first_bytes_agree_or_are_refused() {
        for (content_type, first, format) in [
            ("application/json", "{\"a\":1}", Some(Format::Json)),
            ("application/json; charset=UTF-8", "true", Some(Format::Json)),
            ("application/vnd.api+json", "\u{feff} [1]", Some(Format::Json)),
            ("application/json", "<!DOCTYPE html>", None),
            ("text/html", "<p>", Some(Format::Html)),
            ("text/html;charset=\"utf-8\"", "<!DOCTYPE html>", Some(Format::Html)),
            ("text/html", " {\"a\":1}", Some(Format::Json)),
            ("text/html", "[INFO] <p>", Some(Format::Html)),
            ("text/html; charset=Shift_JIS", "<p>", None),
            ("text/html; text/json", "<p>", None),
            ("text/html, text/json", "<p>", None),
            ("text/html; charset=utf-8; charset=euc-jp", "<p>", None),
            ("text/html; charset=utf-8; charset=utf-8", "<p>", None),
            ("text/html; charset='utf-8'", "<p>", None),
            ("text/html; charset=", "<p>", Some(Format::Html)),
            ("text/plain", "hello", Some(Format::Text)),
            ("text/plain", "[{}]", Some(Format::Json)),
            ("text/plain", "[2024-01-01] started", Some(Format::Text)),
            ("text/plain", "<html>", None),
            ("text/csv;charset=utf8", "id,name", Some(Format::Csv)),
            ("text/comma-separated-values", "id,name", Some(Format::Csv)),
            ("text/csv", "{\"a\":1}", None),
            ("text/csv", "<!doctype html>", None),
            ("application/x-www-form-urlencoded", "a=b", Some(Format::Form)),
            ("application/x-www-form-urlencoded", "{\"a\":\"x&b=c\"}", None),
            ("application/javascript", "var a", Some(Format::Script)),
            ("text/css", "a{}", Some(Format::Style)),
            ("image/png", "\u{89}PNG", None),
            ("image/gif", "GIF89a..", Some(Format::Opaque)),
            ("image/svg+xml", "<svg>", Some(Format::Html)),
            ("image/svg+xml", "<?xml version='1.0'?><svg>", Some(Format::Html)),
            ("text/xml", "<?xml version='1.0'?><a/>", Some(Format::Xml)),
            ("text/xml; charset=utf-8", "<a/>", Some(Format::Xml)),
            ("application/soap+xml; charset=utf-8; action=\"urn:x\"", "<a/>", Some(Format::Xml)),
            ("application/atom+xml", "\u{feff}<?xml version='1.0' encoding='UTF-8'?><a/>", Some(Format::Xml)),
            ("application/xml", "<?xml version='1.0' encoding = \"Shift_JIS\"?><a/>", None),
            ("application/xml", "<?xml version='1.0' encoding='UTF-7'?><a/>", None),
            ("application/xml", "<?xml version='1.0'   ", None),
            ("application/xml", "{\"a\":1}", None),
            ("application/xml", "GIF89a..", None),
            ("application/xml", "<html>", Some(Format::Xml)),
            ("application/xhtml+xml", "<?xml version='1.0'?><html>", Some(Format::Html)),
            ("text/html", "<?xml version='1.0'?><html>", Some(Format::Html)),
            ("text/plain", "<?xml version='1.0'?><a/>", Some(Format::Xml)),
            ("text/csv", "<?xml version='1.0'?><a/>", None),
            ("multipart/form-data; boundary=x", "--x\r\nContent-", Some(Format::Multipart)),
            ("Multipart/Form-Data; boundary=\"a b\"", "--a b--\r\n", Some(Format::Multipart)),
            ("multipart/form-data; boundary=x", "preamble\r\n--x\r\n", None),
            ("multipart/form-data; boundary=x", "--xy\r\n", None),
            ("multipart/form-data; boundary=x", "--x\n", None),
            ("multipart/form-data; boundary=x; boundary=y", "--x\r\n", None),
            ("multipart/form-data; boundary*0=x", "--x\r\n", None),
            ("multipart/form-data", "--x\r\n", None),
            ("multipart/form-data; boundary=\"x;y\"", "--x;y\r\n", None),
            ("multipart/mixed; boundary=x", "--x\r\n", None),
            ("text/vcard; charset=utf-8", "BEGIN:VCARD", Some(Format::Card)),
            ("text/x-vcard", "", Some(Format::Card)),
            ("text/directory; profile=vCard", "BEGIN:VCARD", Some(Format::Card)),
            ("text/vcard", "<html>", None),
            ("image/png", "<svg>", None),
            ("text/html", "GIF89a..", None),
            ("application/octet-stream", "wOF2....", Some(Format::Opaque)),
            ("application/octet-stream", "{\"a\":1}", None),
            ("application/pdf", "%PDF-1.7", None),
            ("", "{}", None),
        ] {
            assert_eq!(of(Some(content_type), first.as_bytes()).ok(), format, "{content_type} {first}");
        }
    }

    #[test]
    fn without_a_label_only_what_is_plain_is_read() {
        for (first, format) in [
            ("{\"a\":1}", Some(Format::Json)),
            ("<html>", Some(Format::Html)),
            ("<?xml version='1.0'?><a/>", Some(Format::Xml)),
            ("GIF89a", Some(Format::Opaque)),
            ("a,b", None),
        ] {
            assert_eq!(of(None, first.as_bytes()).ok(), format, "{first}");
        }
    }
}
