//! What is shown of a document: texts, attributes, comments, instructions, and that an element is
//! empty.

use std::ops::Range;

use crate::format::inside;
use crate::format::quote::{self, decode};
use crate::format::xml::calls::{Holds, Said};
use crate::format::xml::path::Child;
use crate::format::xml::scan::unreadable;
use crate::format::xml::tag::{self, Attribute, local};
use crate::format::xml::{Stage, Tree, entity};
use crate::terms::leaf::{Leaf, Part, Piece, Reach, Sink};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// How many pieces one text may be in.
const PIECES: usize = 16_384;

/// A text that may go on behind a comment or in a CDATA section. It may hold personal data, so it
/// has no `Debug`.
pub struct Run {
    text: String,
    pieces: Vec<Piece>,
    /// Where each byte of the text stands in the body, where it may hold a document.
    map: Vec<usize>,
    /// Whether its first piece may begin one; nothing as long as all of it is blank.
    holds: Option<bool>,
    value_bytes: usize,
}

impl Run {
    /// An empty run of at most so many bytes.
    pub fn new(value_bytes: usize) -> Run {
        Run { text: String::new(), pieces: Vec::new(), map: Vec::new(), holds: None, value_bytes }
    }

    /// Where it begins in the body, if it has begun.
    pub fn start(&self) -> Option<usize> {
        self.pieces.first().map(|piece| piece.span.start)
    }

    /// Adds a piece.
    pub fn add(&mut self, raw: &str, start: usize, quote: Quote) -> Result<(), Refusal> {
        if raw.is_empty() {
            return Ok(());
        }
        let at = self.text.len();
        if quote == Quote::XmlText {
            unescape(raw, start, &mut self.text)?;
        } else {
            self.text.push_str(raw);
        }
        self.pieces.push(Piece { span: start..start + raw.len(), at, quotes: Quotes::one(quote) });
        // Each piece is looked at once, however many follow one another that are blank.
        let piece = &self.text[at..];
        self.holds = self.holds.or_else(|| inside::begins(piece).map(|begins| begins || inside::may_hold_any(piece)));
        if self.holds == Some(true) {
            self.locate(raw, start, quote)?;
        }
        if self.text.len() > self.value_bytes || self.pieces.len() > PIECES {
            let (at, bound) = (self.pieces[0].span.start, self.value_bytes);
            let note = format!("the text at byte {at} of the XML is longer than {bound} bytes, or in {PIECES} pieces");
            return Err(Refusal::new(Reason::Bound, note));
        }
        Ok(())
    }

    /// Notes where the bytes of the last piece stand; what came before is noted, or blank.
    fn locate(&mut self, raw: &str, start: usize, quote: Quote) -> Result<(), Refusal> {
        let at = self.pieces.last().map_or(0, |piece| piece.at);
        self.map.resize(at, start);
        let bytes = self.text.len() - at;
        self.map.extend(located(raw, &(start..start + raw.len()), quote)?.into_iter().take(bytes));
        Ok(())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.map.clear();
        self.holds = None;
        self.pieces.clear();
    }
}

impl Tree {
    /// Shows the text that is gathered, since an element begins or ends here.
    pub(super) fn flush(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.run.text.trim().is_empty() {
            self.run.clear();
            return Ok(());
        }
        self.stack.fill();
        self.matcher.reached(&mut self.reached);
        self.matcher.itself(&mut self.itself);
        if let Some(calls) = &mut self.calls {
            let record = self.open.last().map_or(0, |record| record.number);
            let (places, itself) = (&self.reached, &self.itself);
            let said = Said { text: &self.run.text, pieces: &self.run.pieces, places, itself, record };
            let may_hold = self.run.holds == Some(true);
            let holds = may_hold.then_some(Holds { insides: &mut self.insides, map: &self.run.map });
            calls.text(&said, holds, sink)?;
            self.run.clear();
            return Ok(());
        }
        let names: Vec<&str> = self.stack.locals().collect();
        let (name, above) = names.split_at(1.min(names.len()));
        let leaf = Leaf {
            pieces: &self.run.pieces,
            names: Names::list(name),
            above: Names::list(above),
            places: &self.reached,
            reach: Reach { itself: &self.itself, around: &[] },
            record: self.open.last().map_or(0, |record| record.number),
            ..leaf(&self.run.text, Part::Value)
        };
        if self.run.holds != Some(true) || !self.insides.any(&leaf, &self.run.map, sink)? {
            sink.leaf(&leaf)?;
        }
        self.run.clear();
        Ok(())
    }

    /// Shows that an element ends here, and stands here though it holds nothing.
    pub(super) fn empty(&mut self, at: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.matcher.reached(&mut self.reached);
        self.matcher.itself(&mut self.itself);
        let piece = Piece { span: at..at, at: 0, quotes: Quotes::one(Quote::XmlText) };
        let record = self.record();
        if let Some(calls) = &mut self.calls {
            let (places, itself) = (&self.reached, &self.itself);
            return calls.close(&Said { text: "", pieces: &[piece], places, itself, record }, at, sink);
        }
        let names: Vec<&str> = self.stack.locals().collect();
        let (name, above) = names.split_at(1.min(names.len()));
        let (names, above) = (Names::list(name), Names::list(above));
        let (places, reach) = (&self.reached, Reach { itself: &self.itself, around: &[] });
        sink.leaf(&Leaf { pieces: &[piece], names, above, places, reach, record, ..leaf("", Part::Value) })
    }

    /// Shows an attribute. Its own name says what it holds. What stands around it says so too, unless
    /// the value is a word or a short number: beside a value that is how documents say of which sort
    /// it is (`type="home"`).
    pub(super) fn attribute(
        &mut self,
        raw: &str,
        start: usize,
        one: &Attribute,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        let (name, value) = (&raw[one.name.clone()], &raw[one.value.clone()]);
        let span = start + one.value.start..start + one.value.end;
        if let Some(at) = value.find('<') {
            return Err(unreadable(span.start + at, "`<` stands in an attribute"));
        }
        let mut text = String::with_capacity(value.len());
        unescape(value, span.start, &mut text)?;
        let piece = [Piece { span: span.clone(), at: 0, quotes: Quotes::one(Quote::XmlValue) }];
        let record = self.record();
        if is_structure(name) {
            return sink.leaf(&Leaf { pieces: &piece, record, ..leaf(&text, Part::Id) });
        }
        self.matcher.reached(&mut self.reached);
        let around = self.reached.clone();
        let namespace = self.namespaces.of_attribute(name, self.matcher.asks_namespaces);
        self.matcher.enter(Child { attribute: true, name: local(name), namespace });
        self.matcher.reached(&mut self.reached);
        self.matcher.itself(&mut self.itself);
        self.matcher.leave();
        let mut above: Vec<&str> = self.stack.locals().collect();
        if says_which_sort(&text) {
            above.clear();
            self.reached.retain(|id| !around.contains(id));
        }
        let names = Names::one(local(name));
        let above = Names::list(&above);
        let (places, reach) = (&self.reached, Reach { itself: &self.itself, around: &[] });
        let leaf = Leaf { pieces: &piece, names, above, places, reach, record, ..leaf(&text, Part::Value) };
        if inside::may_hold_any(&text) && self.insides.any(&leaf, &located(value, &span, Quote::XmlValue)?, sink)? {
            return Ok(());
        }
        sink.leaf(&leaf)
    }

    pub(super) fn comment(&mut self, raw: &str, start: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let inside = &raw[4..raw.len() - 3];
        if let Some(at) = quote::ends_xml_comment(inside) {
            return Err(unreadable(start + 4 + at, "`--` stands in a comment"));
        }
        self.aside(inside, start + 4, Quote::XmlComment, sink)
    }

    /// A type that only names what others know of the document. What defines something is refused.
    pub(super) fn doctype(&mut self, raw: &str, start: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.stage != Stage::Before || raw.contains('[') || !raw.starts_with("<!DOCTYPE") {
            return Err(unreadable(start, "a document type definition is not read"));
        }
        self.aside(&raw[2..raw.len() - 1], start + 2, Quote::XmlData, sink)
    }

    pub(super) fn instruction(
        &mut self,
        raw: &str,
        start: usize,
        first: bool,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        let inside = &raw[2..raw.len() - 2];
        let is_blank = |c| matches!(c, ' ' | '\t' | '\r' | '\n');
        let (target, data) = inside.split_at(inside.find(is_blank).unwrap_or(inside.len()));
        if !crate::terms::xml_path::is_name(target) || target.contains(':') {
            return Err(unreadable(start + 2, "an instruction without a target"));
        }
        if target.eq_ignore_ascii_case("xml") {
            let declares = first && target == "xml" && self.stage == Stage::Before && self.stack.depth() == 0;
            return if declares {
                declaration(raw, start)
            } else {
                Err(unreadable(start, "a declaration that is none"))
            };
        }
        self.aside(data, start + raw.len() - 2 - data.len(), Quote::XmlData, sink)
    }

    /// Shows what stands beside the text; it does not part it.
    fn aside(&mut self, text: &str, start: usize, quote: Quote, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let from = text.len() - text.trim_start().len();
        let trimmed = text[from..].trim_end();
        if trimmed.is_empty() {
            return Ok(());
        }
        // Without the blanks behind it, a dash at the end would be a comment's fault.
        let text = if trimmed.ends_with('-') { &text[from..] } else { trimmed };
        let span = start + from..start + from + text.len();
        let piece = [Piece { span: span.clone(), at: 0, quotes: Quotes::one(quote) }];
        let leaf = Leaf { pieces: &piece, record: self.record(), ..leaf(text, Part::Comment) };
        if inside::may_hold_any(text) && self.insides.any(&leaf, &span.collect::<Vec<_>>(), sink)? {
            return Ok(());
        }
        sink.leaf(&leaf)
    }
}

/// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`: what it says of the encoding has been
/// weighed before.
fn declaration(raw: &str, start: usize) -> Result<(), Refusal> {
    let mut said = Vec::new();
    tag::pairs(raw, "<?xml".len(), raw.len() - 2, &mut said).map_err(|(at, what)| unreadable(start + at, what))?;
    let mut said = said.iter().map(|one| (&raw[one.name.clone()], &raw[one.value.clone()])).peekable();
    // Version 1.1 has other characters and line ends, and nobody writes it.
    let version = said.next() == Some(("version", "1.0"));
    let encoding = said.next_if(|(name, _)| *name == "encoding").is_none_or(|(_, name)| is_encoding(name));
    let standalone = said.next_if(|(name, _)| *name == "standalone").is_none_or(|(_, is)| matches!(is, "yes" | "no"));
    if version && encoding && standalone && said.next().is_none() {
        return Ok(());
    }
    Err(unreadable(start, "a declaration that is none, or of another version than 1.0"))
}

fn is_encoding(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Attributes that hold a document together: namespaces, and what schemas and XML itself define.
fn is_structure(name: &str) -> bool {
    name == "xmlns" || ["xmlns:", "xml:", "xsi:"].iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a value is such as documents say sorts, states and numbers with.
fn says_which_sort(text: &str) -> bool {
    const SHORT_NUMBER: usize = 6;
    let word = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b':' | b'/' | b'+'));
    word || (text.len() <= SHORT_NUMBER && text.bytes().all(|b| b.is_ascii_digit()))
}

/// Where each byte of a text stands in the body that is written so.
fn located(raw: &str, span: &Range<usize>, quote: Quote) -> Result<Vec<usize>, Refusal> {
    let decoded = decode(Quotes::one(quote), raw).map_err(|fault| unreadable(span.start + fault.at, "text in XML"))?;
    Ok(decoded.map.iter().map(|offset| span.start + *offset as usize).collect())
}

fn unescape(raw: &str, start: usize, text: &mut String) -> Result<(), Refusal> {
    entity::unescape(raw, text).map_err(|at| unreadable(start + at, "an entity that XML does not know by itself"))
}

fn leaf(text: &str, part: Part) -> Leaf<'_> {
    Leaf::bare(text, part, &[])
}
