//! In which charset a body is: decided once, before it is read, and told to staff's reader as well.
//!
//! The order is the browsers' own (WHATWG HTML, "determining the character encoding"): a byte order
//! mark, the header, what the document says of itself. Browsers follow the first of them and forget
//! the others; other programs do not. So where they contradict one another nothing is read, but for
//! one case that leaves no doubt: what is labelled UTF-8 and is UTF-8 throughout. Whatever was not
//! said in the header is said there afterwards, so that nobody needs to guess what was decided here.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::body::prescan;
use crate::body::utf32::{self, Order};
use crate::format::Format;
use crate::format::media::{self, Claim};
use crate::terms::refusal::{Reason, Refusal};

/// How many of a body's first bytes must be there for the decision, unless it is shorter.
pub const SIGN_BYTES: usize = prescan::BYTES;

/// How a body's bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// As UTF-8.
    Utf8,
    /// Nothing says it: by the first bytes that are no ASCII.
    Unsaid,
    /// It is said to be Western, which servers say of whatever they send, and programs do not believe: as
    /// UTF-8 where the first bytes that are no ASCII are that, else as windows-1252.
    Western,
    /// In this charset, one of those that [`is_read`].
    Other(&'static Encoding),
    /// In UTF-32, which only data may be in.
    Utf32(Order),
}

impl Charset {
    fn of(encoding: &'static Encoding) -> Charset {
        if encoding == UTF_8 { Charset::Utf8 } else { Charset::Other(encoding) }
    }
}

/// The format and the charset of a body with this `Content-Type` and these first bytes: all of a
/// short body, or [`SIGN_BYTES`] of a longer one.
pub fn of(content_type: Option<&str>, first: &[u8]) -> Result<(Format, Charset), Refusal> {
    let claim = content_type.map(media::claim).transpose()?;
    let header = claim.as_ref().and_then(|claim| claim.charset.as_deref());
    if let Some(order) = utf32(claim.as_ref(), first)? {
        return Ok((Format::Json, Charset::Utf32(order)));
    }
    let mark = Encoding::for_bom(first).map(|(encoding, _)| encoding);
    let pattern = if mark.is_none() && header.is_none() { pattern(first) } else { None };
    // An unknown name is refused below, where it counts: an image has no charset.
    let named = header.and_then(|name| Encoding::for_label(name.as_bytes()));
    let wide = mark.or(named).or(pattern).filter(|encoding| is_wide(encoding));
    let format = media::format(claim.as_ref(), &shown(first, wide))?;
    if format == Format::Opaque {
        return Ok((format, Charset::Utf8));
    }
    if pattern.is_some() && format != Format::Json {
        return Err(refuse("UTF-16 that nothing names"));
    }
    let header = header.map(known).transpose()?;
    let own = own_sign(format, claim.as_ref(), first, wide.is_some())?;
    let charset = match (mark.or(pattern), header, own) {
        (Some(mark), Some(header), _) if !agree(mark, header) => {
            return Err(refuse("a body whose byte order mark says another charset than its header"));
        }
        (Some(mark), ..) => Charset::of(mark),
        (None, Some(header), Some(own)) if header != own && (header != UTF_8 || own == ISO_2022_JP) => {
            return Err(refuse("a body that says another charset than its header"));
        }
        (None, Some(header), None) if header == WINDOWS_1252 => Charset::Western,
        (None, Some(header), _) => Charset::of(header),
        (None, None, Some(own)) => Charset::of(own),
        (None, None, None) if is_unsaid(format, claim.as_ref()) => Charset::Unsaid,
        (None, None, None) => Charset::Utf8,
    };
    if format == Format::Events && charset != Charset::Utf8 {
        // Browsers read them in UTF-8 whatever is said.
        return Err(refuse("events that are said to be in another charset than UTF-8"));
    }
    plain(charset, first)?;
    Ok((format, charset))
}

/// A charset by its name, where a body in it can be rewritten as it stands.
pub fn by_name(name: &str) -> Option<Charset> {
    known(name).ok().map(Charset::of)
}

/// The charset of this name, if it is read.
pub fn known(name: &str) -> Result<&'static Encoding, Refusal> {
    match Encoding::for_label_no_replacement(name.as_bytes()) {
        Some(encoding) if is_read(encoding) => Ok(encoding),
        _ => Err(refuse("a body in a charset that is not read")),
    }
}

/// Whether bodies in this charset are read: each character's bytes stand for it alone, and what staff
/// sends in it can be judged as well.
pub fn is_read(encoding: &'static Encoding) -> bool {
    [UTF_8, SHIFT_JIS, EUC_JP, ISO_2022_JP, UTF_16LE, UTF_16BE, WINDOWS_1252].contains(&encoding)
}

/// The `Content-Type` that says how a body was read, where the CRM's does not. JSON is UTF-8 where
/// nothing is said, and what is passed as it came has no charset.
pub fn told(content_type: &str, format: Format, charset: &str) -> Option<String> {
    let claim = media::claim(content_type);
    // A name that browsers do not know says nothing to them.
    let written = content_type.to_ascii_lowercase();
    let says = |claim: &Claim| claim.charset.as_ref().is_some_and(|label| written.contains(label.as_str()));
    let silent = claim.as_ref().is_ok_and(|claim| !says(claim));
    // A script is read in the charset of the page that asks for it, also where it is data in a call.
    let is_script = claim.is_ok_and(|claim| claim.essence.ends_with("script"));
    let says_itself = matches!(format, Format::Json | Format::Lines | Format::Events | Format::Form | Format::Opaque)
        && charset == UTF_8.name()
        && !is_script;
    let kept = content_type.split(';').filter(|part| !part.trim_start().to_ascii_lowercase().starts_with("charset"));
    let kept: Vec<&str> = kept.map(str::trim).filter(|part| !part.is_empty()).collect();
    (silent && !says_itself).then(|| format!("{}; charset={}", kept.join("; "), charset.to_ascii_lowercase()))
}

/// The order of JSON in UTF-32, which its mark or its first zeros tell; anything else in it is refused,
/// since browsers would read it as something else.
pub(super) fn utf32(claim: Option<&Claim>, first: &[u8]) -> Result<Option<Order>, Refusal> {
    let Some(order) = utf32::order(first) else { return Ok(None) };
    let shown = order.shown(&first[..first.len().min(SIGN_BYTES)]);
    let data = matches!(media::format(claim, shown.as_bytes()), Ok(Format::Json));
    match claim.and_then(|claim| claim.charset.as_deref()) {
        Some(label) if data && !order.is_called(label) => {
            Err(refuse("a body in UTF-32 that its header calls something else"))
        }
        _ if data => Ok(Some(order)),
        _ if utf32::is_marked(first) => Err(refuse("a body in UTF-32 that is no JSON")),
        _ => Ok(None),
    }
}

/// JSON in UTF-16 shows by its first two characters, which are ASCII (RFC 4627, section 3).
pub(super) fn pattern(first: &[u8]) -> Option<&'static Encoding> {
    let four = first.get(..4)?;
    match [four[0] == 0, four[1] == 0, four[2] == 0, four[3] == 0] {
        [true, false, true, false] => Some(UTF_16BE),
        [false, true, false, true] => Some(UTF_16LE),
        _ => None,
    }
}

fn is_wide(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// `utf-16` in a header leaves it to the mark which of the two it is.
fn agree(mark: &'static Encoding, header: &'static Encoding) -> bool {
    mark == header || (mark == UTF_16BE && header == UTF_16LE)
}

/// The first bytes as the walkers will see them, where they hold no ASCII.
fn shown<'a>(first: &'a [u8], wide: Option<&'static Encoding>) -> Cow<'a, [u8]> {
    match wide {
        None => Cow::Borrowed(first),
        Some(encoding) => {
            let text = encoding.decode_without_bom_handling(first).0;
            Cow::Owned(text.trim_start_matches('\u{feff}').as_bytes().to_vec())
        }
    }
}

/// What a document says of its own charset.
fn own_sign(
    format: Format,
    claim: Option<&Claim>,
    first: &[u8],
    wide: bool,
) -> Result<Option<&'static Encoding>, Refusal> {
    let first = &first[..first.len().min(prescan::BYTES)];
    let signs = match format {
        _ if wide => [None, None],
        Format::Html => [prescan::xml(first), prescan::meta(first).filter(|_| !is_xml(claim))],
        Format::Style => [prescan::style(first), None],
        _ => [prescan::xml(first), None],
    };
    let mut said = signs.into_iter().flatten();
    let Some(one) = said.next() else { return Ok(None) };
    if said.any(|other| other != one) {
        return Err(refuse("a document that says two charsets of itself"));
    }
    if is_read(one) { Ok(Some(one)) } else { Err(refuse("a document in a charset that is not read")) }
}

/// XML is UTF-8 where nothing is said; what browsers take for a page or for text, they guess.
fn is_unsaid(format: Format, claim: Option<&Claim>) -> bool {
    matches!(format, Format::Html | Format::Csv | Format::Text | Format::Script | Format::Style) && !is_xml(claim)
}

fn is_xml(claim: Option<&Claim>) -> bool {
    claim.is_some_and(|claim| claim.essence.ends_with("xml"))
}

/// In a charset that any bytes are text in, something else would pass for text.
fn plain(charset: Charset, first: &[u8]) -> Result<(), Refusal> {
    const PACKED: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xfd7zXZ", b"BZh"];
    let packed = charset != Charset::Utf8 && PACKED.iter().any(|magic| first.starts_with(magic));
    if packed { Err(refuse("a body that is packed although its label does not say so")) } else { Ok(()) }
}

fn refuse(note: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content_type: &str, first: &[u8], expected: Option<Charset>) {
        let charset = of(Some(content_type), first).map(|(_, charset)| charset);
        assert_eq!(charset.ok(), expected, "{content_type} {}", first.escape_ascii());
    }

    #[test]
    fn marks_headers_and_documents_agree_or_are_refused() {
        use Charset::{Other, Unsaid, Utf8, Utf32, Western};
        for (content_type, first, charset) in [
            ("text/html", &b"<p>"[..], Some(Unsaid)),
            ("text/html; charset=utf-8", b"<p>", Some(Utf8)),
            ("text/html; charset=Windows-31J", b"<p>", Some(Other(SHIFT_JIS))),
            ("text/html; charset=x-euc-jp", b"<p>", Some(Other(EUC_JP))),
            ("text/html; charset=eucJP-win", b"<p>", Some(Other(EUC_JP))),
            ("text/html; charset=SJIS-win", b"<p>", Some(Other(SHIFT_JIS))),
            ("text/html; charset=iso-8859-1", b"<p>", Some(Western)),
            ("text/html; charset=iso-8859-1", b"<meta charset=iso-8859-1>", Some(Other(WINDOWS_1252))),
            ("text/html; charset=utf-7", b"<p>", None),
            ("text/html; charset=cp037", b"<p>", None),
            ("text/html; charset=x-user-defined", b"<p>", None),
            ("text/html; charset=iso-2022-kr", b"<p>", None),
            ("text/html; charset=big5", b"<p>", None),
            ("text/html; charset=windows-1251", b"<p>", None),
            ("text/html; charset=nonsense", b"<p>", None),
            ("text/html", b"\xef\xbb\xbf<p>", Some(Utf8)),
            ("text/html", b"\xff\xfe<\0p\0>\0", Some(Other(UTF_16LE))),
            ("text/html; charset=utf-16", b"\xfe\xff\0<\0p\0>", Some(Other(UTF_16BE))),
            ("text/html; charset=utf-16be", b"\xff\xfe<\0p\0>\0", None),
            ("text/html; charset=utf-16le", b"<\0p\0>\0", Some(Other(UTF_16LE))),
            ("text/html; charset=Shift_JIS", b"\xef\xbb\xbf<p>", None),
            ("text/html", b"\xff\xfe\0\0<\0\0\0", None),
            ("text/html", b"<\0p\0>\0", None),
            ("text/html", b"<meta charset=shift_jis>", Some(Other(SHIFT_JIS))),
            ("text/html; charset=utf-8", b"<meta charset=shift_jis>", Some(Utf8)),
            ("text/html; charset=utf-8", b"<meta charset=iso-2022-jp>", None),
            ("text/html; charset=euc-jp", b"<meta charset=shift_jis>", None),
            ("text/html; charset=sjis", b"<meta charset=shift_jis>", Some(Other(SHIFT_JIS))),
            ("text/html", b"<meta charset=x-user-defined>", None),
            ("text/html", b"<?xml version='1.0' encoding='euc-jp'?>", Some(Other(EUC_JP))),
            ("text/html", b"<?xml version='1.0' encoding='euc-jp'?><meta charset=shift_jis>", None),
            ("image/svg+xml", b"<?xml version='1.0' encoding='Shift_JIS'?><svg>", Some(Other(SHIFT_JIS))),
            ("image/svg+xml", b"<svg>", Some(Utf8)),
            ("text/css", b"@charset \"shift_jis\";a{}", Some(Other(SHIFT_JIS))),
            ("text/css", b"a{}", Some(Unsaid)),
            ("application/json", b"{\"a\":1}", Some(Utf8)),
            ("application/json", b"{\0\"\0a\0\"\0", Some(Other(UTF_16LE))),
            ("application/json", b"\0{\0\"\0a\0\"", Some(Other(UTF_16BE))),
            // Its walker finds no JSON there.
            ("application/json; charset=utf-8", b"{\0\"\0a\0\"\0", Some(Utf8)),
            ("application/json; charset=Shift_JIS", b"{\"a\":1}", Some(Other(SHIFT_JIS))),
            ("application/json", b"{\0\0\0}\0\0\0", Some(Utf32(Order::Little))),
            ("application/json; charset=UTF-32", b"\0\0\0{\0\0\0}", Some(Utf32(Order::Big))),
            ("text/plain", b"\xff\xfe\0\0[\0\0\0]\0\0\0", Some(Utf32(Order::Little))),
            ("application/json; charset=utf-32be", b"{\0\0\0}\0\0\0", None),
            ("application/json; charset=utf-8", b"\0\0\xfe\xff\0\0\0{\0\0\0}", None),
            ("application/json; charset=utf-32", b"{}", None),
            ("text/csv", b"\0\0\xfe\xff\0\0\0a", None),
            ("text/csv", b"a,b", Some(Unsaid)),
            ("text/csv; charset=iso-8859-1", b"\x1f\x8b\x08", None),
            ("text/plain", b"PK\x03\x04", None),
            ("image/gif; charset=binary", b"GIF89a", Some(Utf8)),
        ] {
            check(content_type, first, charset);
        }
    }

    #[test]
    fn what_was_decided_is_told() {
        for (content_type, format, charset, said) in [
            ("text/html", Format::Html, "Shift_JIS", Some("text/html; charset=shift_jis")),
            ("text/html; charset=", Format::Html, "UTF-8", Some("text/html; charset=utf-8")),
            ("text/csv; header=present", Format::Csv, "UTF-8", Some("text/csv; header=present; charset=utf-8")),
            ("text/html; charset=sjis", Format::Html, "Shift_JIS", None),
            ("text/html; charset=CP932", Format::Html, "Shift_JIS", Some("text/html; charset=shift_jis")),
            ("text/html; charset=utf_8", Format::Html, "UTF-8", Some("text/html; charset=utf-8")),
            ("application/json", Format::Json, "UTF-8", None),
            ("text/javascript", Format::Json, "UTF-8", Some("text/javascript; charset=utf-8")),
            ("text/event-stream", Format::Events, "UTF-8", None),
            ("application/json", Format::Json, "UTF-16LE", Some("application/json; charset=utf-16le")),
            ("application/json", Format::Json, "UTF-32BE", Some("application/json; charset=utf-32be")),
        ] {
            assert_eq!(told(content_type, format, charset).as_deref(), said, "{content_type}");
        }
    }
}
