//! vCard: each card is a record, each property a name, and the short names of the standard are known
//! by their meaning too (`FN` is a full name).
//!
//! Versions 2.1, 3.0 and 4.0 in UTF-8. A line that goes on in the next, escapes and quoted-printable
//! are quotings like others, so that bytes outside an edit stay. A photograph in base64 passes if its
//! first bytes prove an image, like an image that is asked for by itself; whatever else is coded so
//! cannot be read and is refused.

pub mod line;

use std::ops::Range;

use data_encoding::BASE64;
use memchr::memchr;

use crate::format::card::line::{Coding, Line, also, coding, components, is_structure, is_structured};
use crate::format::opaque;
use crate::format::quote::{Decoded, decode};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Reach, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// Walks one file of cards.
pub struct CardWalker {
    /// What is not yet read.
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    /// Where in `held` the line begins that is being read, and where to go on looking for its end.
    from: usize,
    at: usize,
    value_bytes: usize,
    cards: Cards,
}

/// The cards that were met.
#[derive(Default)]
struct Cards {
    count: u32,
    open: bool,
}

impl CardWalker {
    /// A walker before the file's first byte. Cards know no paths: their places are properties.
    pub fn new(bounds: &Bounds) -> CardWalker {
        let value_bytes = bounds.value_bytes;
        CardWalker { held: Vec::new(), base: 0, from: 0, at: 0, value_bytes, cards: Cards::default() }
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some((end, next)) = self.line(last)? {
            let start = self.base + self.from;
            let raw = str::from_utf8(&self.held[self.from..end])
                .map_err(|e| unreadable(start + e.valid_up_to(), "invalid UTF-8"))?;
            let raw = if start == 0 { raw.strip_prefix('\u{feff}').unwrap_or(raw) } else { raw };
            let shown = Shown::read(raw, self.base + end - raw.len())?;
            (self.from, self.at) = (next, next);
            self.cards.take(shown, self.base + next, sink)?;
        }
        sink.settled(self.base + self.from)
    }

    /// The end of the next line that is complete with all its continuations, and where the one after
    /// it begins.
    fn line(&mut self, last: bool) -> Result<Option<(usize, usize)>, Refusal> {
        loop {
            let Some(found) = memchr(b'\n', &self.held[self.at..]) else {
                self.at = self.held.len();
                self.bounded(self.at)?;
                return Ok((last && self.from < self.at).then_some((self.at, self.at)));
            };
            let end = self.at + found;
            self.bounded(end)?;
            let text = &self.held[self.from..end];
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            match self.held.get(end + 1) {
                None if !last => {
                    self.at = end;
                    return Ok(None);
                }
                Some(b' ' | b'\t') if !text.is_empty() => self.at = end + 1,
                Some(_) if text.ends_with(b"=") && is_printable(text) => self.at = end + 1,
                _ => return Ok(Some((self.from + text.len(), end + 1))),
            }
        }
    }

    fn bounded(&self, end: usize) -> Result<(), Refusal> {
        if end - self.from <= self.value_bytes {
            return Ok(());
        }
        let (at, bound) = (self.base + self.from, self.value_bytes);
        Err(Refusal::new(Reason::Bound, format!("the line at byte {at} of the vCard is longer than {bound} bytes")))
    }
}

impl Cards {
    /// Takes a line that ends at `end`.
    fn take(&mut self, shown: Option<Shown<'_>>, end: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let Some(shown) = shown else { return sink.settled(end) };
        let start = shown.start;
        let value = shown.text(&shown.line.value).trim().to_ascii_uppercase();
        match (shown.property.as_str(), self.open) {
            ("BEGIN", false) if value == "VCARD" => {
                self.open = true;
                self.count = self.count.wrapping_add(1);
            }
            ("END", true) if value == "VCARD" => {
                self.open = false;
                sink.record(self.count, end)?;
            }
            ("BEGIN" | "END" | "AGENT", _) => {
                return Err(unreadable(start, "a card in a card, or one that does not end"));
            }
            (_, false) => return Err(unreadable(start, "a line outside a card")),
            ("VERSION", true) if !matches!(value.as_str(), "2.1" | "3.0" | "4.0") => {
                return Err(unreadable(start, "a version that is not read"));
            }
            ("VERSION", true) => {}
            (_, true) => shown.leaves(self.count, sink)?,
        }
        sink.settled(end)
    }
}

impl Walker for CardWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.held.drain(..self.from);
        self.base += self.from;
        self.at -= self.from;
        self.from = 0;
        self.held.extend_from_slice(chunk);
        self.read(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.read(true, sink)?;
        if self.cards.open { Err(unreadable(self.base + self.from, "the last card does not end")) } else { Ok(()) }
    }
}

/// A line that is read, with the way back to the body.
struct Shown<'a> {
    raw: &'a str,
    start: usize,
    unfolded: Decoded,
    line: Line,
    property: String,
    coding: Coding,
}

impl<'a> Shown<'a> {
    /// Reads a line; nothing for one of blanks.
    fn read(raw: &'a str, start: usize) -> Result<Option<Shown<'a>>, Refusal> {
        if raw.trim().is_empty() {
            return Ok(None);
        }
        let odd = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n');
        if let Some(at) = raw.find(odd) {
            return Err(unreadable(start + at, "a control character"));
        }
        let printable = is_printable(raw.as_bytes());
        let quote = if printable { Quote::Verbatim } else { Quote::Folded };
        let unfolded = decode(Quotes::one(quote), raw).map_err(|e| unreadable(start + e.at, "a lone line break"))?;
        let fault = |what| unreadable(start, what);
        let line = Line::read(&unfolded.text).map_err(fault)?;
        let coding = coding(&line, &unfolded.text).map_err(fault)?;
        let charset = line.says(&unfolded.text, "CHARSET");
        if charset.is_some_and(|charset| !matches!(charset.as_str(), "UTF-8" | "UTF8" | "US-ASCII")) {
            return Err(fault("a charset that is not read; only UTF-8 is"));
        }
        if unfolded.text[..line.value.start].contains(['\r', '\n']) || printable != (coding == Coding::Printable) {
            return Err(fault("a line that can be read in two ways"));
        }
        let property = unfolded.text[line.name.clone()].to_ascii_uppercase();
        Ok(Some(Shown { raw, start, unfolded, line, property, coding }))
    }

    fn text(&self, range: &Range<usize>) -> &str {
        &self.unfolded.text[range.clone()]
    }

    fn leaves(&self, record: u32, sink: &mut dyn Sink) -> Result<(), Refusal> {
        for (name, value) in &self.line.parameters {
            let name = self.text(name).trim().to_ascii_uppercase();
            if is_structure(&name) {
                self.leaf(value, Quote::Verbatim, &[], Part::Id, record, sink)?;
            } else {
                let names = [Some(name.as_str()), also(&name, 0)];
                self.leaf(value, Quote::Verbatim, &names, Part::Value, record, sink)?;
            }
        }
        let value = self.line.value.clone();
        let text = self.text(&value);
        if self.coding == Coding::Base64 {
            return self.image(text);
        }
        if let Some((head, data)) = text.split_once(',')
            && head.trim_start().to_ascii_lowercase().starts_with("data:")
        {
            return if head.to_ascii_lowercase().ends_with(";base64") { self.image(data) } else { Err(self.sealed()) };
        }
        let whole = || std::iter::once(0..text.len()).collect();
        let parts: Vec<_> = if is_structured(&self.property) { components(text) } else { whole() };
        for (number, part) in parts.into_iter().enumerate() {
            let names = [Some(self.property.as_str()), also(&self.property, number)];
            let range = value.start + part.start..value.start + part.end;
            self.leaf(&range, Quote::Card, &names, Part::Value, record, sink)?;
        }
        Ok(())
    }

    fn leaf(
        &self,
        range: &Range<usize>,
        inner: Quote,
        names: &[Option<&str>],
        part: Part,
        record: u32,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        let raw_of = |at: usize| self.unfolded.map[at] as usize;
        let span = raw_of(range.start)..raw_of(range.end);
        let is_value = range.start >= self.line.value.start;
        let outer = if self.coding == Coding::Printable && is_value { Quote::Printable } else { Quote::Folded };
        // Two layers always fit.
        let quotes = Quotes::one(inner).within(outer).unwrap_or(Quotes::one(inner));
        let fault = |at: usize| unreadable(self.start + span.start + at, "quoted-printable that is none");
        let text = decode(quotes, &self.raw[span.clone()]).map_err(|e| fault(e.at))?.text;
        let names: Vec<&str> = names.iter().copied().flatten().collect();
        let piece = Piece { span: self.start + span.start..self.start + span.end, at: 0, quotes };
        sink.leaf(&Leaf {
            text: &text,
            part,
            pieces: &[piece],
            names: Names::list(&names),
            above: Names::NONE,
            places: &[],
            reach: Reach::default(),
            record,
            member: None,
            objects: &[],
            loosen: &[],
        })
    }

    /// Lets an image pass that its first bytes prove.
    fn image(&self, text: &str) -> Result<(), Refusal> {
        const LOOKED_AT: usize = 64;
        let head: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).take(LOOKED_AT).collect();
        let is_picture = matches!(self.property.as_str(), "PHOTO" | "LOGO");
        let proven = BASE64.decode(&head).is_ok_and(|bytes| opaque::is_proven(&bytes));
        if is_picture && proven { Ok(()) } else { Err(self.sealed()) }
    }

    fn sealed(&self) -> Refusal {
        unreadable(self.start, "coded data that is no known image")
    }
}

/// Whether a line's head says that its value is in quoted-printable.
fn is_printable(line: &[u8]) -> bool {
    const WORD: &[u8] = b"QUOTED-PRINTABLE";
    let head = &line[..memchr(b':', line).unwrap_or(line.len())];
    head.split(|b| matches!(b, b';' | b'=')).any(|word| word.trim_ascii().eq_ignore_ascii_case(WORD))
}

/// A refusal that names the offset, never the text.
fn unreadable(at: usize, what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the body is no vCard at byte {at}: {what}"))
}
