//! URLs taken apart: which of their parts may carry a value.
//!
//! A link is structure and data in one: `tel:` and `mailto:` hold nothing but a value, paths,
//! parameters and fragments may hold one. The scheme never does, nor what can be the name of a host;
//! what stands in its place and is none may. Where a part cannot be decoded, browsers take it as it
//! stands, and so does this.

use core::net::Ipv4Addr;
use std::ops::Range;

use crate::format::quote::decode;
use crate::terms::leaf::Part;
use crate::terms::quote::{Quote, Quotes};

/// A part of a URL. It may hold personal data, so it has no `Debug`.
pub struct UrlPart {
    /// Where it stands in the URL.
    pub span: Range<usize>,
    /// The part, decoded.
    pub text: String,
    /// The parameter's name, decoded.
    pub name: Option<String>,
    /// What it is: a value, a part of a URL, a script.
    pub part: Part,
    /// How it is written inside the URL.
    pub quote: Quote,
}

/// The parts of a URL that may carry a value, in their order.
pub fn parts(text: &str) -> Vec<UrlPart> {
    let start = text.len() - text.trim_start().len();
    let url = Url { text, parts: Vec::new() };
    let span = start..start + text.trim().len();
    match scheme(&text[span.clone()]) {
        Some("mailto" | "tel" | "sms" | "callto" | "fax" | "skype" | "sip") => url.address(span),
        Some("javascript") => url.script(span),
        Some("data") => url.data(span),
        _ => url.hierarchy(span),
    }
}

/// What an address says of the data that it holds itself, unless that is in base64.
pub fn data_type(text: &str) -> Option<&str> {
    let url = text.trim();
    let (kind, _) = url[url.find(':')? + 1..].split_once(',')?;
    (scheme(url) == Some("data") && !kind.to_ascii_lowercase().ends_with(";base64")).then_some(kind)
}

fn scheme(url: &str) -> Option<&'static str> {
    const KNOWN: [&str; 9] = ["mailto", "tel", "sms", "callto", "fax", "skype", "sip", "javascript", "data"];
    let colon = url.find(':')?;
    // Browsers skip tabs and line breaks inside a scheme.
    let written: String = url[..colon].chars().filter(|c| !c.is_ascii_control()).collect();
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(&written))
}

struct Url<'a> {
    text: &'a str,
    parts: Vec<UrlPart>,
}

impl Url<'_> {
    /// `mailto:a@b.jp,c@d.jp?cc=…`
    fn address(mut self, span: Range<usize>) -> Vec<UrlPart> {
        let body = self.after_colon(&span)..span.end;
        let query = self.find(&body, '?').unwrap_or(body.end);
        let slashes = self.text[body.start..query].bytes().take_while(|b| *b == b'/').count();
        self.split(body.start + slashes..query, &[',', ';'], Part::Value);
        self.query(query..body.end);
        self.parts
    }

    fn script(mut self, span: Range<usize>) -> Vec<UrlPart> {
        let body = self.after_colon(&span)..span.end;
        self.push(body, None, Part::Script, Quote::Percent);
        self.parts
    }

    /// `data:image/png;base64,…`: images and fonts are opaque here as elsewhere.
    fn data(mut self, span: Range<usize>) -> Vec<UrlPart> {
        let body = self.after_colon(&span)..span.end;
        let head = &self.text[body.clone()];
        let is_picture = (head.starts_with("image/") && !head.starts_with("image/svg")) || head.starts_with("font/");
        if !is_picture || !is_encoded(head) {
            let data = self.find(&body, ',').map_or(body.start, |comma| comma + 1);
            self.push(data..body.end, None, Part::Url, Quote::Percent);
        }
        self.parts
    }

    /// `https://user@host/path?query#fragment`, or the end of it.
    fn hierarchy(mut self, span: Range<usize>) -> Vec<UrlPart> {
        let hash = self.find(&span, '#').unwrap_or(span.end);
        let query = self.find(&(span.start..hash), '?').unwrap_or(hash);
        let path = self.authority(span.start..query);
        self.split(path, &['/', '\\', ';'], Part::Url);
        self.query(query..hash);
        if hash < span.end {
            self.fragment(hash..span.end);
        }
        self.parts
    }

    /// What stands behind `#`: a place, or the address of a page's own program with parameters (`#/c?name=…`, `#name=…`).
    fn fragment(&mut self, span: Range<usize>) {
        let query = self.find(&span, '?').unwrap_or(span.end);
        if self.find(&(span.start..query), '=').is_some() {
            self.query(span.start..query);
        } else {
            self.push(span.start + 1..query, None, Part::Url, Quote::Percent);
        }
        self.query(query..span.end);
    }

    /// Shows who logs in, skips the host if it is one, and gives where the path stands.
    fn authority(&mut self, span: Range<usize>) -> Range<usize> {
        let head = &self.text[span.clone()];
        let is_scheme = |head: &str| head.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
        let after = match head.find("//") {
            Some(0) => 2,
            Some(at) if head[..at].strip_suffix(':').is_some_and(is_scheme) => at + 2,
            _ => return span,
        };
        let end = head[after..].find(['/', '\\']).map_or(head.len(), |length| after + length);
        let at = head[after..end].rfind('@');
        if let Some(at) = at {
            self.split(span.start + after..span.start + after + at, &[':'], Part::Url);
        }
        let host = at.map_or(after, |at| after + at + 1);
        if !is_host(&head[host..end]) {
            self.push(span.start + host..span.start + end, None, Part::Url, Quote::Percent);
        }
        span.start + end..span.end
    }

    /// The parameters of a query that begins with its `?`.
    fn query(&mut self, span: Range<usize>) {
        let mut at = span.start + 1;
        while at < span.end {
            let end = self.find(&(at..span.end), '&').unwrap_or(span.end);
            let equals = self.find(&(at..end), '=');
            let name = equals.map(|equals| self.decoded(&(at..equals)));
            if let Some(equals) = equals.filter(|_| !name.as_deref().is_some_and(is_plain_name)) {
                self.push(at..equals, None, Part::Url, Quote::Form);
            }
            let value = equals.map_or(at, |equals| equals + 1)..end;
            let address = name.as_deref().is_some_and(|name| matches!(name, "to" | "cc" | "bcc"));
            let part = if address { Part::Value } else { Part::Url };
            self.push(value, name, part, Quote::Form);
            at = end + 1;
        }
    }

    fn split(&mut self, span: Range<usize>, at: &[char], part: Part) {
        let mut start = span.start;
        while start < span.end {
            let end = self.text[start..span.end].find(at).map_or(span.end, |length| start + length);
            self.push(start..end, None, part, Quote::Percent);
            start = end + 1;
        }
    }

    fn push(&mut self, span: Range<usize>, name: Option<String>, part: Part, quote: Quote) {
        if span.is_empty() {
            return;
        }
        let raw = &self.text[span.clone()];
        let (text, quote) = match decode(Quotes::one(quote), raw) {
            Ok(decoded) => (decoded.text, quote),
            // A query that no form would send is still a URL.
            Err(_) => (self.decoded(&span), Quote::Percent),
        };
        self.parts.push(UrlPart { span, text, name, part, quote });
    }

    fn decoded(&self, span: &Range<usize>) -> String {
        let raw = &self.text[span.clone()];
        decode(Quotes::one(Quote::Percent), raw).map_or_else(|_| raw.to_owned(), |decoded| decoded.text)
    }

    fn find(&self, span: &Range<usize>, c: char) -> Option<usize> {
        self.text[span.clone()].find(c).map(|at| span.start + at)
    }

    fn after_colon(&self, span: &Range<usize>) -> usize {
        self.find(span, ':').map_or(span.start, |colon| colon + 1)
    }
}

/// Whether a host can be called so, with its port: by letters (RFC 1123) or by an address. Digits alone may be a number of
/// somebody's.
fn is_host(text: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    let is_named = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    let address = text.split_once(':').map_or(text, |(address, _)| address);
    text.bytes().all(of_name) && (is_named || text.starts_with('[') || address.parse::<Ipv4Addr>().is_ok())
}

/// Whether programs name parameters so: `page`, `filter[id]`, `$top`. What is called otherwise may be a value.
fn is_plain_name(name: &str) -> bool {
    const SHORT_NUMBER: usize = 6;
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    digits <= SHORT_NUMBER && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$-.:[]".contains(&byte))
}

/// Whether data is in base64 (RFC 2397), whose lines may be broken and whose signs be in percent-encoding. What is not,
/// or no more than a text that follows a lost quote, is read.
fn is_encoded(data: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c.is_ascii_whitespace() || matches!(c, '+' | '/' | '=');
    let is_sign = |part: &str| ["2B", "2b", "2F", "2f", "3D", "3d"].iter().any(|sign| part.starts_with(sign));
    data.split_once(";base64,").is_some_and(|(_, lines)| {
        let mut parts = lines.split('%');
        let first = parts.next().unwrap_or_default();
        first.chars().all(is_base64) && parts.all(|part| is_sign(part) && part.chars().all(is_base64))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> Vec<String> {
        let show = |part: UrlPart| {
            let name = part.name.map_or(String::new(), |name| format!("{name}="));
            format!("{:?} {}..{} {name}{}", part.part, part.span.start, part.span.end, part.text)
        };
        parts(url).into_iter().map(show).collect()
    }

    #[test]
    fn addresses_are_values() {
        assert_eq!(shown("tel:090-1234-5678"), ["Value 4..17 090-1234-5678"]);
        assert_eq!(
            shown(" MailTo:taro%40example.jp?subject=a+b&cc=b@c.jp"),
            ["Value 8..25 taro@example.jp", "Url 34..37 subject=a b", "Value 41..47 cc=b@c.jp",]
        );
        assert_eq!(shown("mailto:a@b.jp,c@d.jp"), ["Value 7..13 a@b.jp", "Value 14..20 c@d.jp"]);
    }

    #[test]
    fn paths_parameters_and_fragments_may_carry_values() {
        assert_eq!(
            shown("https://user:word@crm.jp:8080/customers/42?tel=090%2D1&x#%E5%B1%B1"),
            [
                "Url 8..12 user",
                "Url 13..17 word",
                "Url 30..39 customers",
                "Url 40..42 42",
                "Url 47..54 tel=090-1",
                "Url 55..56 x",
                "Url 57..66 山",
            ]
        );
        assert_eq!(shown("//crm.jp"), [""; 0]);
        assert_eq!(shown("list?q=100%"), ["Url 0..4 list", "Url 7..11 q=100%"]);
        assert_eq!(shown("#"), [""; 0]);
        assert_eq!(shown("#/c?tel=1"), ["Url 1..3 /c", "Url 8..9 tel=1"]);
        assert_eq!(shown("/#tel=1&b"), ["Url 6..7 tel=1", "Url 8..9 b"]);
        assert_eq!(
            shown("?090-1234-5678=1&filter[id]=2&%E5%B1%B1=3"),
            [
                "Url 1..14 090-1234-5678",
                "Url 15..16 090-1234-5678=1",
                "Url 28..29 filter[id]=2",
                "Url 30..39 山",
                "Url 40..41 山=3"
            ]
        );
    }

    #[test]
    fn scripts_are_shown_and_images_are_not() {
        assert_eq!(shown("javascript:call('090%201')"), ["Script 11..26 call('090 1')"]);
        assert_eq!(shown("data:image/png;base64,AAAA"), [""; 0]);
        assert_eq!(shown("data:image/png;base64,AA\n  AA=="), [""; 0]);
        assert_eq!(shown("data:image/png;base64,AA%3D%3D"), [""; 0]);
        assert_eq!(shown("data:image/png;base64,AA%20"), ["Url 22..27 AA "]);
        assert_eq!(shown("data:image/png,a/b"), ["Url 15..18 a/b"]);
        assert_eq!(shown("data:image/png;b 090</p>"), ["Url 5..24 image/png;b 090</p>"]);
        assert_eq!(shown("data:text/plain,%E5%B1%B1"), ["Url 16..25 山"]);
    }
}
