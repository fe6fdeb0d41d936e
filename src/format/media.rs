//! Which format a body is in: what its media type says, and what its first bytes do not belie.
//!
//! A body that is read as one thing here and as another by a browser could carry anything past
//! this gateway. So what is labelled as text and begins as data is read as data, and what is
//! labelled as one thing and begins as another is not read at all.

use crate::format::{Format, opaque};
use crate::terms::refusal::{Reason, Refusal};

/// How many of a body's first bytes are looked at, at most.
pub const SNIFF_BYTES: usize = 512;

/// What a `Content-Type` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The media type, in lower case.
    pub essence: String,
    /// The charset's label as it was written, in lower case.
    pub charset: Option<String>,
}

/// The format of a body in UTF-8 with this `Content-Type` and these first bytes: all of a short body,
/// or [`SNIFF_BYTES`] of a longer one. Whoever reads other charsets asks [`claim`] and [`format`].
pub fn of(content_type: Option<&str>, first: &[u8]) -> Result<Format, Refusal> {
    let claim = content_type.map(claim).transpose()?;
    let charset = claim.as_ref().and_then(|claim| claim.charset.as_deref());
    if !matches!(charset, None | Some("utf-8" | "utf8" | "us-ascii" | "ascii")) {
        return Err(refuse("a body in a charset that is not read here; only UTF-8 is"));
    }
    format(claim.as_ref(), first)
}

/// The format of a body with this claim and these first bytes, which are in UTF-8 or in a charset
/// that has ASCII in it.
pub fn format(claim: Option<&Claim>, first: &[u8]) -> Result<Format, Refusal> {
    let looks = looks(first);
    let Some(claim) = claim else {
        return match looks {
            Looks::Json => Ok(Format::Json),
            Looks::Html => Ok(Format::Html),
            Looks::Opaque => Ok(Format::Opaque),
            Looks::Other => Err(refuse("a body without a content type")),
        };
    };
    match (labelled(&claim.essence), looks) {
        (Label::Opaque, Looks::Opaque) => Ok(Format::Opaque),
        (Label::Read(Format::Html | Format::Text | Format::Script), Looks::Json) => Ok(Format::Json),
        (Label::Read(Format::Html), Looks::Html) => Ok(Format::Html),
        (Label::Read(format), Looks::Other) => Ok(format),
        (Label::Read(Format::Json), Looks::Json) => Ok(Format::Json),
        (Label::Read(_), _) => Err(refuse("a body that begins otherwise than its content type says")),
        (Label::Opaque, _) => Err(refuse("a body that is no known image or font")),
        (Label::Unknown, _) => Err(refuse("a body of a content type that is not read")),
    }
}

enum Label {
    Read(Format),
    Opaque,
    Unknown,
}

fn labelled(essence: &str) -> Label {
    match essence {
        "application/json" | "text/json" | "text/x-json" => Label::Read(Format::Json),
        "text/html" | "application/xhtml+xml" | "image/svg+xml" => Label::Read(Format::Html),
        "text/csv" | "application/csv" | "text/x-csv" | "text/comma-separated-values" | "text/tab-separated-values" => {
            Label::Read(Format::Csv)
        }
        "application/x-www-form-urlencoded" => Label::Read(Format::Form),
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
        other if other.starts_with("image/") || other.starts_with("font/") => Label::Opaque,
        _ => Label::Unknown,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    Json,
    Html,
    Opaque,
    Other,
}

fn looks(first: &[u8]) -> Looks {
    if opaque::is_proven(first) {
        return Looks::Opaque;
    }
    let text = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first).trim_ascii_start();
    let after = text.get(1..).unwrap_or_default().trim_ascii_start().first();
    let begins = |word: &[u8]| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    match (text.first(), after) {
        (Some(b'{'), Some(b'"' | b'}')) | (Some(b'['), Some(b'"' | b'{' | b'[' | b']')) => Looks::Json,
        (Some(b'<'), _) if begins(b"<!doctype") || begins(b"<html") || begins(b"<?xml") || begins(b"<svg") => {
            Looks::Html
        }
        _ => Looks::Other,
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
    let mut charset = None;
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=').ok_or_else(odd)?;
        if !name.trim().eq_ignore_ascii_case("charset") {
            continue;
        }
        let value = value.trim();
        let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = quoted.unwrap_or(value).trim().to_ascii_lowercase();
        // Some readers take these quotes off and others take them for a part of the name.
        if value.contains(['"', '\'', ',', ' ', '\\']) {
            return Err(odd());
        }
        if charset.replace(value).is_some() {
            return Err(refuse("a content type with two charsets"));
        }
    }
    Ok(Claim { essence, charset: charset.filter(|charset| !charset.is_empty()) })
}

fn refuse(note: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, note)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("GIF89a", Some(Format::Opaque)),
            ("a,b", None),
        ] {
            assert_eq!(of(None, first.as_bytes()).ok(), format, "{first}");
        }
    }
}
