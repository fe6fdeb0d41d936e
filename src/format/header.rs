//! Headers of an answer: values, URLs, file names and cookies in them.
//!
//! Which headers reach staff at all is decided elsewhere. Spans count from the value's first byte.
//! Nothing here is escaped but by percent-encoding, so whoever edits must see to it that the new
//! value is one that a header can hold.

use std::ops::Range;
use std::sync::Arc;

use crate::format::json::within::{Surroundings, leaves_within};
use crate::format::quote::decode;
use crate::format::url::{self, UrlPart};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Reach, Sink};
use crate::terms::names::Names;
use crate::terms::place::Places;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;

/// Shows the leaves of one header; its name is the name that stands at them.
pub fn leaves(name: &str, value: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let mut header = Header { name, value, sink };
    let all = 0..value.len();
    match name.to_ascii_lowercase().as_str() {
        "location"
        | "content-location"
        | "hx-redirect"
        | "turbolinks-location"
        | "x-inertia-location"
        | "x-redirect" => header.url(all),
        "link" => header.link(),
        "refresh" => header.refresh(),
        "content-disposition" => header.parameters(all),
        "set-cookie" => header.cookie(),
        // What these two say is for browsers alone (Reporting API).
        "nel" | "report-to" => header.text(all, None),
        _ if header.json(all.clone(), None)? => Ok(()),
        _ => header.text(all, None),
    }
}

struct Header<'a> {
    name: &'a str,
    value: &'a str,
    sink: &'a mut dyn Sink,
}

impl Header<'_> {
    /// `{"show": {"name": "…"}}`, as it is or in percent-encoding: what a script is to do. `false` where it is none.
    fn json(&mut self, span: Range<usize>, name: Option<&str>) -> Result<bool, Refusal> {
        let raw = &self.value[span.clone()];
        let Ok(decoded) = decode(Quotes::one(Quote::Percent), raw) else { return Ok(false) };
        let (text, outer) =
            if decoded.text == raw { (raw, None) } else { (&*decoded.text, Some(Quotes::one(Quote::Percent))) };
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(false);
        }
        let raw_of = |at: usize| span.start + if outer.is_some() { decoded.map[at] as usize } else { at };
        let surroundings = Surroundings { raw_of: &raw_of, outer, record: 0, nests: 0 };
        let mut sink = OfHeader { sink: self.sink, name, header: self.name };
        leaves_within(text, &Arc::new(Places::default()), &Bounds::default(), &surroundings, &mut sink)
    }

    /// JSON in a part of an address that begins there in the value: `?filter={"tel":…}`. `false` where it is none.
    fn json_in_url(&mut self, part: &UrlPart, begin: usize) -> Result<bool, Refusal> {
        if part.part != Part::Url || !part.text.trim_start().starts_with(['{', '[']) {
            return Ok(false);
        }
        let outer = Some(Quotes::one(part.quote));
        let raw = &self.value[begin + part.span.start..begin + part.span.end];
        let Ok(decoded) = decode(Quotes::one(part.quote), raw) else { return Ok(false) };
        let raw_of = |at: usize| begin + part.span.start + decoded.map.get(at).map_or(raw.len(), |at| *at as usize);
        let surroundings = Surroundings { raw_of: &raw_of, outer, record: 0, nests: 0 };
        let mut sink = OfHeader { sink: self.sink, name: part.name.as_deref(), header: self.name };
        leaves_within(&decoded.text, &Arc::new(Places::default()), &Bounds::default(), &surroundings, &mut sink)
    }

    fn url(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        for part in url::parts(&self.value[span.clone()]) {
            if self.json_in_url(&part, span.start)? {
                continue;
            }
            let raw = span.start + part.span.start..span.start + part.span.end;
            self.leaf(&part.text, part.part, raw, part.quote, part.name.as_deref())?;
        }
        Ok(())
    }

    /// `<url>; rel=next; title="…", <url>`
    fn link(&mut self) -> Result<(), Refusal> {
        let mut at = 0;
        for url in addresses(self.value) {
            let between = self.value[at..url.start - 1].trim_end_matches([',', ' ', '\t']).len();
            self.parameters(at..at + between)?;
            at = (url.end + 1).min(self.value.len());
            self.url(url)?;
        }
        let between = self.value[at..].trim_end_matches([',', ' ', '\t']).len();
        self.parameters(at..at + between)
    }

    /// `5; url=https://…`
    fn refresh(&mut self) -> Result<(), Refusal> {
        match refresh_address(self.value) {
            Some(span) => self.url(self.unquoted(span)),
            None => self.text(0..self.value.len(), None),
        }
    }

    /// `attachment; filename="…"; filename*=UTF-8''…`
    fn parameters(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        let mut at = span.start;
        while at < span.end {
            let end = self.parameter_end(at..span.end);
            let Some(equals) = self.value[at..end].find('=').map(|length| at + length) else {
                self.text(self.unquoted(at..end), None)?;
                at = end + 1;
                continue;
            };
            let name = self.value[at..equals].trim().to_owned();
            if !is_plain_name(&name) {
                self.text(self.unquoted(at..equals), None)?;
            }
            let mut value = self.unquoted(equals + 1..end);
            if name.ends_with('*') {
                value.start += charset_and_language(&self.value[value.clone()]);
            }
            self.text(value, Some(&name))?;
            at = end + 1;
        }
        Ok(())
    }

    /// `name=value; Path=/`
    fn cookie(&mut self) -> Result<(), Refusal> {
        let end = self.find(0, ';').unwrap_or(self.value.len());
        let equals = self.value[..end].find('=');
        let name = self.value[..equals.unwrap_or(0)].trim().to_owned();
        if !is_plain_name(&name) {
            self.text(self.unquoted(0..equals.unwrap_or(0)), None)?;
        }
        let value = self.unquoted(equals.map_or(0, |at| at + 1)..end);
        if !self.json(value.clone(), Some(&name))? {
            self.text(value, Some(&name))?;
        }
        self.parameters((end + 1).min(self.value.len())..self.value.len())
    }

    /// Where the parameter that begins here ends: at the `;` that stands in no quotes.
    fn parameter_end(&self, span: Range<usize>) -> usize {
        let mut in_quotes = false;
        let mut escaped = false;
        for (at, byte) in self.value[span.clone()].bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_quotes => escaped = true,
                b'"' => in_quotes = !in_quotes,
                b';' if !in_quotes => return span.start + at,
                _ => {}
            }
        }
        span.end
    }

    /// The same span without blanks and quotes around it.
    fn unquoted(&self, span: Range<usize>) -> Range<usize> {
        let text = &self.value[span.clone()];
        let start = span.start + text.len() - text.trim_start().len();
        let text = text.trim();
        let inner = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        match inner {
            Some(inner) => start + 1..start + 1 + inner.len(),
            None => start..start + text.len(),
        }
    }

    fn text(&mut self, span: Range<usize>, name: Option<&str>) -> Result<(), Refusal> {
        let raw = &self.value[span.clone()];
        if raw.is_empty() {
            return Ok(());
        }
        // What holds no percent-encoding would be shown the same, but an edit would be encoded.
        if let Ok(decoded) = decode(Quotes::one(Quote::Percent), raw)
            && decoded.text != raw
        {
            return self.leaf(&decoded.text, Part::Header, span, Quote::Percent, name);
        }
        self.leaf(raw, Part::Header, span, Quote::Verbatim, name)
    }

    fn leaf(
        &mut self,
        text: &str,
        part: Part,
        span: Range<usize>,
        quote: Quote,
        name: Option<&str>,
    ) -> Result<(), Refusal> {
        let names = [name.unwrap_or(self.name), self.name];
        let (names, above) = names.split_at(1);
        self.sink.leaf(&Leaf {
            text,
            part,
            pieces: &[Piece { span, at: 0, quotes: Quotes::one(quote) }],
            names: Names::list(names),
            above: if name.is_some() { Names::list(above) } else { Names::NONE },
            places: &[],
            reach: Reach::default(),
            record: 0,
            member: None,
            objects: &[],
            loosen: &[],
        })
    }

    fn find(&self, from: usize, c: char) -> Option<usize> {
        self.value[from..].find(c).map(|at| from + at)
    }
}

/// How long the charset and the language are that stand before a value, with the quotes behind each (RFC 8187,
/// section 3.2.1); what is neither belongs to the value.
fn charset_and_language(text: &str) -> usize {
    let mut parts = text.splitn(3, '\'');
    let (Some(charset), Some(language), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return 0 };
    let is_charset = charset.len() <= 40 && charset.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:+".contains(&b));
    let is_tag = |(at, tag): (usize, &str)| {
        let length = if at == 0 { 2..=3 } else { 1..=8 };
        length.contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let is_language = language.is_empty() || (language.len() <= 35 && language.split('-').enumerate().all(is_tag));
    if is_charset && is_language { charset.len() + language.len() + 2 } else { 0 }
}

/// Whether a name can only be one: programs begin theirs with a letter and encode nothing in them.
fn is_plain_name(name: &str) -> bool {
    let is_of_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&b);
    !name.starts_with(|c: char| c.is_ascii_digit() || c == '+') && name.bytes().all(is_of_token)
}

/// Shows the leaves of JSON in a header, whose objects are none of the body's.
struct OfHeader<'a> {
    sink: &'a mut dyn Sink,
    /// What the JSON as a whole is called, and what in it has no name of its own.
    name: Option<&'a str>,
    /// What the header is called, which stands above all that has a name in it.
    header: &'a str,
}

impl Sink for OfHeader<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let own: Vec<&str> = leaf.names.iter().chain(self.name.filter(|_| leaf.names.is_empty())).collect();
        let around = (!own.is_empty()).then_some(self.header);
        let above: Vec<&str> = leaf.above.iter().chain(self.name).chain(around).collect();
        let (names, above) = (Names::list(&own), Names::list(&above));
        self.sink.leaf(&Leaf { names, above, member: None, objects: &[], ..leaf.clone() })
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        self.sink.opens(&Leaf { member: None, objects: &[], ..leaf.clone() }, readable)
    }
}

/// Where the addresses of a `Link` stand, without their brackets.
pub fn addresses(link: &str) -> Vec<Range<usize>> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(open) = link[at..].find('<').map(|length| at + length + 1) {
        let close = link[open..].find('>').map_or(link.len(), |length| open + length);
        all.push(open..close);
        at = close;
    }
    all
}

/// Where the address of a `Refresh` stands, if it has one: behind the seconds, `;`, `,` or blanks and perhaps
/// `url=`, as browsers read it.
pub fn refresh_address(value: &str) -> Option<Range<usize>> {
    let blanks = |text: &str| text.len() - text.trim_start().len();
    let mut start = value.find(|c: char| !(c.is_ascii_digit() || c == '.' || c.is_whitespace()))?;
    start += usize::from(value[start..].starts_with([';', ',']));
    start += blanks(&value[start..]);
    let rest = &value[start..];
    if rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("url")) {
        let behind = &rest[3..];
        if let Some(address) = behind.trim_start().strip_prefix('=') {
            start = value.len() - address.trim_start().len();
        }
    }
    (start < value.len()).then_some(start..value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_charset_and_a_language_stand_before_a_value() {
        for (text, length) in [
            ("UTF-8''a", 7),
            ("utf-8'ja'a", 9),
            ("utf-8'ja-JP'a'b", 12),
            ("''a", 2),
            ("UTF-8'a", 0),
            ("Taro Yamada'x'y", 0),
            ("UTF-8'Taro Yamada'y", 0),
            ("UTF-8'Yamada'y", 0),
            ("a", 0),
        ] {
            assert_eq!(charset_and_language(text), length, "{text}");
        }
    }
}
