//! Parameters of a header that name their charset: `filename*=ISO-8859-1''%E9` (RFC 8187).
//!
//! What is coded so is written anew in UTF-8, in which all else is judged. A value that is cut into several
//! parameters (`filename*0*=…; filename*1*=…`, RFC 2231) no browser puts together; each half would be judged
//! alone, so it is refused.

use std::ops::Range;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::body::charset;
use crate::terms::refusal::{Reason, Refusal};

/// Headers whose parameters may be written so.
const HEADERS: [&str; 3] = ["content-disposition", "content-type", "link"];

/// The value with each such parameter in UTF-8; nothing where it stays as it is.
pub fn in_utf8(name: &str, value: &str) -> Result<Option<String>, Refusal> {
    if !HEADERS.contains(&name) || !value.contains('*') {
        return Ok(None);
    }
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in value.match_indices('=') {
        let Some(begin) = parameter(&value[..at]) else { continue };
        let (_, number) = value[begin..at].trim_end().split_once('*').unwrap_or_default();
        if !number.is_empty() {
            return Err(unreadable("a value is cut into several parameters"));
        }
        let span = coded(value, at + 1);
        if let Some(text) = rewritten(&value[span.clone()])? {
            out.push_str(&value[done..span.start]);
            out.push_str(&text);
            done = span.end;
        }
    }
    out.push_str(&value[done..]);
    Ok((done > 0).then_some(out))
}

/// Where the name of a parameter with a star begins that ends here, outside of quotes.
fn parameter(before: &str) -> Option<usize> {
    let name = before.trim_end();
    let (at, sign) = name.char_indices().rfind(|(_, c)| !(c.is_ascii_alphanumeric() || "-_*".contains(*c)))?;
    let begin = at + sign.len_utf8();
    let (_, number) = name[begin..].split_once('*')?;
    let is_number = number.trim_end_matches('*').bytes().all(|byte| byte.is_ascii_digit());
    let in_quotes = before.matches('"').count() - before.matches("\\\"").count();
    (is_number && in_quotes.is_multiple_of(2)).then_some(begin)
}

/// The value that begins here, without quotes.
fn coded(value: &str, from: usize) -> Range<usize> {
    let start = from + value[from..].len() - value[from..].trim_start_matches([' ', '\t', '"']).len();
    let end = value[start..].find([';', ',', '"', ' ', '\t']).map_or(value.len(), |length| start + length);
    start..end
}

fn rewritten(coded: &str) -> Result<Option<String>, Refusal> {
    let mut parts = coded.splitn(3, '\'');
    let (Some(label), Some(language), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(unreadable("a parameter names no charset"));
    };
    if label.eq_ignore_ascii_case("utf-8") {
        return Ok(None);
    }
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    let decoded = charset::known(label)?.decode_without_bom_handling_and_without_replacement(&bytes);
    let decoded = decoded.ok_or_else(|| unreadable("a parameter is not in the charset that it names"))?;
    Ok(Some(format!("UTF-8'{language}'{}", utf8_percent_encode(&decoded, NON_ALPHANUMERIC))))
}

fn unreadable(what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("in a header {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_their_charset() {
        for (value, told) in [
            ("attachment; filename*=UTF-8''%E5%B1%B1.csv", Some(None)),
            (
                "attachment; filename*=iso-8859-1'de'Andr%E9.csv",
                Some(Some("attachment; filename*=UTF-8'de'Andr%C3%A9%2Ecsv")),
            ),
            (
                "attachment; filename=a; FileName* = \"Shift_JIS''%8ER%93c\"; x=1",
                Some(Some("attachment; filename=a; FileName* = \"UTF-8''%E5%B1%B1%E7%94%B0\"; x=1")),
            ),
            ("attachment; filename=\"a*b=c.csv\"", Some(None)),
            ("attachment; filename=\"a*=b.csv\"", Some(None)),
            ("inline", Some(None)),
            ("山田=x", Some(None)),
            ("attachment; filename*0*=UTF-8''%E5%B1; filename*1*=%B1", None),
            ("attachment; filename*0=\"090-1234\"; filename*1=\"-5678\"", None),
            ("attachment; filename*=%E5%B1%B1", None),
            ("attachment; filename*=UTF-9''%E5", None),
            ("attachment; filename*=Shift_JIS''%81", None),
        ] {
            assert_eq!(in_utf8("content-disposition", value).ok().as_ref().map(Option::as_deref), told, "{value}");
        }
    }
}
