//! `application/x-www-form-urlencoded`: bodies of forms, and query strings.
//!
//! What cannot be decoded is refused, because the CRM may decode it in another way.

use std::fmt;
use std::ops::Range;

use memchr::memchr;

use crate::format::quote::decode;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// One `name=value`, decoded, and where both stand. It may hold personal data, so its `Debug`
/// shows lengths alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Parameter {
    /// The decoded name.
    pub name: String,
    /// The decoded value; empty where there is no `=`.
    pub value: String,
    /// Where the name stands, in bytes of the text.
    pub name_span: Range<usize>,
    /// Where the value stands.
    pub value_span: Range<usize>,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameter({:?} of {} bytes at {:?})", self.name_span, self.value.len(), self.value_span)
    }
}

/// The parameters of a query string (without its `?`) or of a form's body, in their order.
pub fn parameters(raw: &str) -> Result<Vec<Parameter>, Refusal> {
    let mut parameters = Vec::new();
    let mut at = 0;
    for segment in raw.split('&') {
        if !segment.is_empty() {
            parameters.push(parameter(segment, at)?);
        }
        at += segment.len() + 1;
    }
    Ok(parameters)
}

fn parameter(segment: &str, base: usize) -> Result<Parameter, Refusal> {
    let equals = segment.find('=');
    let name = &segment[..equals.unwrap_or(segment.len())];
    let value = equals.map_or("", |at| &segment[at + 1..]);
    let value_start = base + segment.len() - value.len();
    Ok(Parameter {
        name: decoded(name, base)?,
        value: decoded(value, value_start)?,
        name_span: base..base + name.len(),
        value_span: value_start..base + segment.len(),
    })
}

fn decoded(raw: &str, base: usize) -> Result<String, Refusal> {
    decode(Quotes::one(Quote::Form), raw)
        .map(|decoded| decoded.text)
        .map_err(|e| unreadable(base + e.at, "percent-encoding that is no UTF-8"))
}

/// Walks one form body.
pub struct FormWalker {
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    value_bytes: usize,
}

impl FormWalker {
    /// A walker before the body's first byte. Forms know no paths: their places are names.
    pub fn new(bounds: &Bounds) -> FormWalker {
        FormWalker { held: Vec::new(), base: 0, value_bytes: bounds.value_bytes }
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.held.len() + bytes.len() > self.value_bytes {
            let note = format!("the form value at byte {} is longer than {} bytes", self.base, self.value_bytes);
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// Shows the parameter that is held.
    fn show(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let raw = str::from_utf8(&self.held).map_err(|e| unreadable(self.base + e.valid_up_to(), "invalid UTF-8"))?;
        if !raw.is_empty() {
            let found = parameter(raw, self.base)?;
            sink.leaf(&leaf(&found.name, Part::Key, Names::NONE, &[piece(found.name_span.clone())]))?;
            // Without a `=` there is no place for a value.
            if found.value_span.start > found.name_span.end {
                sink.leaf(&leaf(&found.value, Part::Value, Names::one(&found.name), &[piece(found.value_span)]))?;
            }
        }
        self.base += self.held.len();
        self.held.clear();
        sink.settled(self.base)
    }
}

impl Walker for FormWalker {
    fn write(&mut self, mut chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some(length) = memchr(b'&', chunk) {
            self.hold(&chunk[..length])?;
            self.show(sink)?;
            self.base += 1;
            chunk = &chunk[length + 1..];
        }
        self.hold(chunk)?;
        sink.settled(self.base)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.show(sink)
    }
}

fn piece(span: Range<usize>) -> Piece {
    Piece { span, at: 0, quotes: Quotes::one(Quote::Form) }
}

fn leaf<'a>(text: &'a str, part: Part, names: Names<'a>, pieces: &'a [Piece]) -> Leaf<'a> {
    Leaf { names, ..Leaf::bare(text, part, pieces) }
}

fn unreadable(at: usize, what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the form cannot be read at byte {at}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_taken_apart() {
        let found = parameters("tel=090%2D1&&q=a+b&flag&=x&tel=%E5%B1%B1").expect("a query");
        let shown: Vec<_> =
            found.iter().map(|p| (&*p.name, &*p.value, p.name_span.clone(), p.value_span.clone())).collect();
        assert_eq!(
            shown,
            [
                ("tel", "090-1", 0..3, 4..11),
                ("q", "a b", 13..14, 15..18),
                ("flag", "", 19..23, 23..23),
                ("", "x", 24..24, 25..26),
                ("tel", "山", 27..30, 31..40),
            ]
        );
    }

    #[test]
    fn bad_encoding_is_refused_without_its_text() {
        for (raw, at) in [("a=%", 2), ("a=1%4", 3), ("a=%zz", 2), ("%81=x", 0), ("b=1&a=%E5%B1", 6)] {
            let refusal = parameters(raw).expect_err(raw);
            assert_eq!(refusal.reason, Reason::Unreadable);
            assert_eq!(
                refusal.note,
                format!("the form cannot be read at byte {at}: percent-encoding that is no UTF-8"),
                "{raw}"
            );
        }
    }
}
