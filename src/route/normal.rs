//! One spelling for each path, so that what the rules match is what the CRM gets.
//!
//! A gateway and the server behind it that read one path in two ways are the oldest way past a
//! rule. So the path is read once, what can be read in two ways is refused, and what goes on to
//! the CRM is the canonical text and not what staff sent.

use crate::terms::refusal::{Reason, Refusal};

/// A path in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The path as it goes on to the CRM.
    pub text: String,
    /// Its segments, decoded. A slash at the end leaves an empty last one.
    pub segments: Vec<String>,
}

impl Canonical {
    /// The path as it is compared with others: its segments folded, a slash at its end aside.
    pub fn folded(&self) -> Vec<String> {
        let mut segments: Vec<String> = self.segments.iter().map(|segment| folded(segment)).collect();
        segments.pop_if(|last| last.is_empty());
        segments
    }
}

/// Reads a path (without `?…`), or refuses what can be read in two ways.
pub fn canonical(raw: &[u8]) -> Result<Canonical, Refusal> {
    let Some(rest) = raw.strip_prefix(b"/") else {
        return Err(ambiguous("the path does not begin with `/`"));
    };
    let mut segments = Vec::new();
    let mut text = String::with_capacity(raw.len());
    let raw_segments: Vec<&[u8]> = rest.split(|byte| *byte == b'/').collect();
    for (number, raw_segment) in raw_segments.iter().enumerate() {
        let is_last = number + 1 == raw_segments.len();
        if raw_segment.is_empty() && !is_last {
            return Err(ambiguous("two slashes follow one another in the path"));
        }
        let segment = segment(raw_segment)?;
        text.push('/');
        encode(raw_segment, &mut text);
        segments.push(segment);
    }
    Ok(Canonical { text, segments })
}

/// Reads a query or a form body: names and values in order, repeated ones kept.
pub fn pairs(raw: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let mut pairs = Vec::new();
    for part in raw.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        let value = part.get(at + 1..).unwrap_or_default();
        pairs.push((parameter(&part[..at])?, parameter(value)?));
    }
    Ok(pairs)
}

/// A segment as patterns are compared with it: servers on case-folding file systems take
/// `/API/Customers.` for `/api/customers`, so the rules do so everywhere.
pub fn folded(segment: &str) -> String {
    bare(segment).to_lowercase()
}

/// A segment without the dots and blanks at its end.
fn bare(segment: &str) -> &str {
    segment.trim_end_matches(['.', ' '])
}

fn segment(raw: &[u8]) -> Result<String, Refusal> {
    let decoded = decode(raw, |byte| byte)?;
    if raw.iter().any(|byte| matches!(byte, b';' | b'\\' | b'#' | b'?')) {
        return Err(ambiguous("`;`, `\\`, `#` or `?` stands in the path"));
    }
    if decoded.iter().any(|byte| matches!(byte, b'/' | b'\\')) {
        return Err(ambiguous("an encoded slash or backslash stands in the path"));
    }
    // Servers that rewrite paths have taken these for the end of the path after decoding them.
    if decoded.iter().any(|byte| matches!(byte, b'?' | b'#')) {
        return Err(ambiguous("an encoded `?` or `#` stands in the path"));
    }
    let text = String::from_utf8(decoded).map_err(|_| ambiguous("the path is no UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(ambiguous("a control character stands in the path"));
    }
    if !text.is_empty() && bare(&text).is_empty() {
        return Err(ambiguous("the path has a segment of dots or blanks"));
    }
    if is_escape(&text) {
        return Err(ambiguous("the path is percent-encoded twice"));
    }
    Ok(text)
}

fn parameter(raw: &[u8]) -> Result<String, Refusal> {
    let decoded = decode(raw, |byte| if byte == b'+' { b' ' } else { byte })?;
    if decoded.contains(&0) {
        return Err(ambiguous("a zero byte stands in a parameter"));
    }
    String::from_utf8(decoded).map_err(|_| ambiguous("a parameter is no UTF-8"))
}

fn decode(raw: &[u8], plain: impl Fn(u8) -> u8) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            out.push(plain(*first));
            rest = after;
            continue;
        }
        let pair = after.get(..2).ok_or_else(|| ambiguous("`%` stands without two hexadecimal digits"))?;
        let (high, low) = (hex(pair[0]), hex(pair[1]));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(ambiguous("`%` stands without two hexadecimal digits"));
        };
        out.push(high << 4 | low);
        rest = &after[2..];
    }
    Ok(out)
}

/// Writes a segment whose escapes were checked: unreserved bytes bare, escapes in capitals, and
/// everything that is no ASCII escaped.
fn encode(raw: &[u8], out: &mut String) {
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).and_then(|pair| Some(hex(pair[0])? << 4 | hex(pair[1])?));
        let (byte, is_escaped, next) = match (first, escape) {
            (b'%', Some(byte)) => (byte, true, &after[2..]),
            (byte, _) => (*byte, false, after),
        };
        let stays = is_unreserved(byte) || (!is_escaped && byte.is_ascii_graphic() && !b"\"<>^`{|}".contains(&byte));
        if stays {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        rest = next;
    }
}

/// Whether a decoded text would change if somebody decoded it once more.
fn is_escape(text: &str) -> bool {
    text.as_bytes().windows(3).any(|three| three[0] == b'%' && hex(three[1]).is_some() && hex(three[2]).is_some())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex(byte: u8) -> Option<u8> {
    // A hexadecimal digit is below 16, so it fits.
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn ambiguous(note: &str) -> Refusal {
    Refusal::new(Reason::Ambiguous, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_has_one_spelling() {
        for (raw, text, segments) in [
            ("/", "/", &[""][..]),
            ("/api/customers/42", "/api/customers/42", &["api", "customers", "42"]),
            ("/%61pi/%7Ex", "/api/~x", &["api", "~x"]),
            ("/a%3ab/c%3B/", "/a%3Ab/c%3B/", &["a:b", "c;", ""]),
            ("/a:b@c,(d)", "/a:b@c,(d)", &["a:b@c,(d)"]),
            ("/%e9%a1%a7客", "/%E9%A1%A7%E5%AE%A2", &["顧客"]),
            ("/100%25", "/100%25", &["100%"]),
            ("/x%2ejson", "/x.json", &["x.json"]),
            ("/a%20b", "/a%20b", &["a b"]),
        ] {
            let path = canonical(raw.as_bytes()).expect(raw);
            assert_eq!(
                (path.text.as_str(), path.segments.iter().map(String::as_str).collect::<Vec<_>>()),
                (text, segments.to_vec())
            );
            assert_eq!(canonical(path.text.as_bytes()), Ok(path), "{raw}: the canonical spelling is its own");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for raw in [
            "",
            "api",
            "*",
            "//a",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/..",
            "/%2e%2e/b",
            "/.%2E/b",
            "/a/...",
            "/..%20/b",
            "/.%20./b",
            "/%20",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a;b=c",
            "/a#b",
            "/a?b",
            "/a%3fb",
            "/a%23b",
            "/a%00b",
            "/a%0ab",
            "/a\u{7f}",
            "/%c2%85",
            "/%252e%252e/b",
            "/a%252fb",
            "/a%",
            "/a%2",
            "/a%zz",
            "/%c0%ae",
            "/%ff",
            "/%ed%a0%80",
            "/%93%fa",
        ] {
            let refusal = canonical(raw.as_bytes()).expect_err(raw);
            assert_eq!(refusal.reason, Reason::Ambiguous, "{raw}");
        }
        assert!(canonical(b"/\xff").is_err());
    }

    #[test]
    fn parameters_keep_order_and_repeats() {
        let read = pairs("a=1&b=%E6%97%A5+x&a=2&c&&=d".as_bytes()).expect("pairs");
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("a", "1"), ("b", "日 x"), ("a", "2"), ("c", ""), ("", "d")]);
        for raw in ["a=%00", "a=%ff", "a=%", "%zz=1"] {
            assert!(pairs(raw.as_bytes()).is_err(), "{raw}");
        }
    }

    #[test]
    fn folding_takes_what_lenient_servers_take() {
        assert_eq!(folded("Customers. ."), "customers");
        assert_eq!(folded("ÄB"), "äb");
    }
}
