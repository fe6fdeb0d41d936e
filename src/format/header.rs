//! Headers of an answer: values, URLs, file names and cookies in them.
//!
//! Which headers reach staff at all is decided elsewhere. Spans count from the value's first byte.
//! Nothing here is escaped but by percent-encoding, so whoever edits must see to it that the new
//! value is one that a header can hold.

use std::ops::Range;

use crate::format::quote::decode;
use crate::format::url;
use crate::terms::leaf::{Leaf, Part, Piece, Reach, Sink};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::Refusal;

/// Shows the leaves of one header; its name is the name that stands at them.
pub fn leaves(name: &str, value: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let mut header = Header { name, value, sink };
    let all = 0..value.len();
    match name.to_ascii_lowercase().as_str() {
        "location" | "content-location" => header.url(all),
        "link" => header.link(),
        "refresh" => header.refresh(),
        "content-disposition" => header.parameters(all),
        "set-cookie" => header.cookie(),
        _ => header.text(all, None),
    }
}

struct Header<'a> {
    name: &'a str,
    value: &'a str,
    sink: &'a mut dyn Sink,
}

impl Header<'_> {
    fn url(&mut self, span: Range<usize>) -> Result<(), Refusal> {
        for part in url::parts(&self.value[span.clone()]) {
            let raw = span.start + part.span.start..span.start + part.span.end;
            self.leaf(&part.text, part.part, raw, part.quote, part.name.as_deref())?;
        }
        Ok(())
    }

    /// `<url>; rel=next; title="…", <url>`
    fn link(&mut self) -> Result<(), Refusal> {
        let mut at = 0;
        while at < self.value.len() {
            let open = self.find(at, '<').unwrap_or(self.value.len());
            let between = self.value[at..open].trim_end_matches([',', ' ', '\t']).len();
            self.parameters(at..at + between)?;
            if open == self.value.len() {
                break;
            }
            let close = self.find(open, '>').unwrap_or(self.value.len());
            self.url(open + 1..close)?;
            at = close + 1;
        }
        Ok(())
    }

    /// `5; url=https://…`
    fn refresh(&mut self) -> Result<(), Refusal> {
        let target = self.value.to_ascii_lowercase().find("url=").map(|at| at + "url=".len());
        let Some(start) = target else { return self.text(0..self.value.len(), None) };
        self.url(self.unquoted(start..self.value.len()))
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
            let mut value = self.unquoted(equals + 1..end);
            if name.ends_with('*') {
                // RFC 8187: the charset and the language stand before the second quote.
                let text = &self.value[value.clone()];
                let quote = text.match_indices('\'').nth(1).map_or(0, |(quote, _)| quote + 1);
                value.start += quote;
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
        self.text(self.unquoted(equals.map_or(0, |at| at + 1)..end), Some(&name))?;
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
