//! Recorded traffic: HAR 1.2, as browsers and proxies export it.
//!
//! A HAR holds bodies after their coding was taken off, and texts as Unicode: the headers that speak
//! of the bytes on the wire are set aside. What was recorded is somebody's, so nothing of it is told
//! but numbers.

use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, Response};
use serde_json::Value;

/// One exchange.
pub(super) struct Entry {
    /// Its number, counted from 1.
    pub(super) number: usize,
    pub(super) request: Message,
    pub(super) target: String,
    pub(super) method: String,
    pub(super) response: Message,
    pub(super) status: u16,
    /// Whether the recording has the answer's body, or there was none.
    pub(super) complete: bool,
}

/// Headers and body of one direction.
#[derive(Default)]
pub(super) struct Message {
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// Entries of one file.
const ENTRIES_MAX: usize = 100_000;

/// Headers that speak of the bytes on the wire.
const OF_THE_WIRE: [&str; 8] = [
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "content-type",
    "content-md5",
    "digest",
];

/// Reads a file; says what is wrong with it without repeating any of it.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let root: Value = serde_json::from_slice(bytes)
        .map_err(|error| format!("it is no JSON at line {}, column {}", error.line(), error.column()))?;
    let entries = root.pointer("/log/entries").and_then(Value::as_array).ok_or("it has no `log.entries`")?;
    if entries.len() > ENTRIES_MAX {
        return Err(format!("it has {} entries and may have {ENTRIES_MAX}", entries.len()));
    }
    let numbered = entries.iter().enumerate().map(|(at, entry)| (at + 1, entry));
    numbered.map(|(number, entry)| one(number, entry).map_err(|why| format!("entry {number}: {why}"))).collect()
}

fn one(number: usize, entry: &Value) -> Result<Entry, String> {
    let text = |pointer: &str| entry.pointer(pointer).and_then(Value::as_str);
    let url = text("/request/url").ok_or("it has no `request.url`")?;
    let method = text("/request/method").ok_or("it has no `request.method`")?;
    let posted = Message {
        headers: headers(entry.pointer("/request/headers"), text("/request/postData/mimeType"), false),
        body: Bytes::from(posted(entry)),
    };
    let (body, decoded) = match (text("/response/content/text"), text("/response/content/encoding")) {
        (Some(body), Some("base64")) => {
            let bytes = BASE64.decode(body.as_bytes()).map_err(|_| "its body is no base64".to_owned())?;
            (Bytes::from(bytes), false)
        }
        (Some(body), _) => (Bytes::from(body.to_owned()), true),
        (None, _) => (Bytes::new(), false),
    };
    let size = entry.pointer("/response/content/size").and_then(Value::as_i64).unwrap_or(0);
    let status =
        entry.pointer("/response/status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    Ok(Entry {
        number,
        request: posted,
        target: target(url),
        method: method.to_owned(),
        complete: !body.is_empty() || size <= 0,
        response: Message {
            headers: headers(entry.pointer("/response/headers"), text("/response/content/mimeType"), decoded),
            body,
        },
        // Blocked requests have the status 0.
        status: status.filter(|status| (200..600).contains(status)).unwrap_or(502),
    })
}

/// A form's body: as it was sent, or made of its parameters.
fn posted(entry: &Value) -> Vec<u8> {
    if let Some(text) = entry.pointer("/request/postData/text").and_then(Value::as_str) {
        return text.as_bytes().to_vec();
    }
    let parameters = entry.pointer("/request/postData/params").and_then(Value::as_array);
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs = parameters.into_iter().flatten().filter_map(|pair| {
        let value = pair.get("value").and_then(Value::as_str).unwrap_or_default();
        Some(format!("{}={}", encode(pair.get("name")?.as_str()?), encode(value)))
    });
    pairs.collect::<Vec<_>>().join("&").into_bytes()
}

/// What is left of headers, and the type of the body. A text in a HAR is in UTF-8, whatever it was in.
fn headers(all: Option<&Value>, kind: Option<&str>, decoded: bool) -> Vec<(String, String)> {
    let pair = |header: &Value| {
        let name = header.get("name")?.as_str()?.to_ascii_lowercase();
        Some((name, header.get("value")?.as_str()?.to_owned()))
    };
    let all: Vec<(String, String)> = all.and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect();
    let own = all.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.clone());
    let kind = own.or(kind.map(str::to_owned)).filter(|kind| !kind.is_empty());
    let fits = |(name, _): &(String, String)| !name.starts_with(':') && !OF_THE_WIRE.contains(&name.as_str());
    let mut left: Vec<(String, String)> = all.into_iter().filter(fits).collect();
    left.extend(kind.map(|kind| ("content-type".to_owned(), if decoded { in_utf8(&kind) } else { kind })));
    left
}

fn in_utf8(kind: &str) -> String {
    let mut parts = kind.split(';').map(str::trim);
    let plain = parts.next().unwrap_or_default();
    let others = parts.filter(|part| !part.is_empty() && !part.to_ascii_lowercase().starts_with("charset"));
    let others: String = others.map(|part| format!("; {part}")).collect();
    let is_text = !plain.starts_with("image/") && !plain.starts_with("font/");
    format!("{plain}{others}{}", if is_text { "; charset=utf-8" } else { "" })
}

/// The path and query of an address.
fn target(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = if url.contains("://") { rest.find(['/', '?']).map_or("/", |at| &rest[at..]) } else { rest };
    let path = path.split('#').next().unwrap_or("/");
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

impl Entry {
    /// The request as it arrived; nothing where no server could have read it.
    pub(super) fn request(&self) -> Option<Request<Bytes>> {
        let mut builder = Request::builder().method(self.method.as_str()).uri(&self.target);
        for (name, value) in &self.request.headers {
            builder = builder.header(name, value);
        }
        builder.body(self.request.body.clone()).ok()
    }

    /// The CRM's answer.
    pub(super) fn response(&self) -> Option<Response<Bytes>> {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in &self.response.headers {
            builder = builder.header(name, value);
        }
        builder.body(self.response.body.clone()).ok()
    }

    /// The answer's text, for the numbers of its lines.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.response.body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_targets() {
        for (url, path) in [
            ("http://crm.example/a/b?c=d#e", "/a/b?c=d"),
            ("https://crm.example", "/"),
            ("https://crm.example?x=1", "/?x=1"),
            ("/a", "/a"),
        ] {
            assert_eq!(target(url), path);
        }
    }

    #[test]
    fn texts_are_in_utf8() {
        for (kind, said) in [
            ("text/html; charset=Shift_JIS", "text/html; charset=utf-8"),
            ("application/json", "application/json; charset=utf-8"),
            ("text/csv; header=present; charset=x", "text/csv; header=present; charset=utf-8"),
            ("image/svg+xml", "image/svg+xml"),
        ] {
            assert_eq!(in_utf8(kind), said);
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_what_was_recorded() {
        for (text, why) in [
            ("{", "it is no JSON at line 1, column 1"),
            ("{}", "it has no `log.entries`"),
            (r#"{"log":{"entries":[{"request":{"method":"GET"}}]}}"#, "entry 1: it has no `request.url`"),
            (
                r#"{"log":{"entries":[{"request":{"method":"GET","url":"/"},"response":{"content":{"text":"!","encoding":"base64"}}}]}}"#,
                "entry 1: its body is no base64",
            ),
        ] {
            assert_eq!(read(text.as_bytes()).err().as_deref(), Some(why));
        }
    }
}
