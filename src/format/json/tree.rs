//! Tokens into leaves: where in the document a token stands, and whether it may.

use std::ops::Range;

use crate::format::json::path::{Child, Matcher};
use crate::format::json::scan::{Scanned, Shape, Token, unreadable};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Part, Piece, Sink};
use crate::terms::names::{Names, Nest};
use crate::terms::place::{PlaceId, Places};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// The longest key: all keys around a value are kept, so they are bounded more tightly than it.
pub(super) const KEY_BYTES: usize = 16 << 10;

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    Nothing,
}

/// An open container.
pub(super) struct Frame {
    pub(super) shape: Shape,
    /// Its number among the objects.
    pub(super) object: u32,
    /// How many children are complete.
    pub(super) index: usize,
    /// Where the child before ended, or where the container was opened.
    pub(super) before: usize,
    /// The current member's key in the body, quotes included.
    pub(super) key: Range<usize>,
}

/// The record that is open: the node that so many containers lie around.
struct Record {
    number: u32,
    depth: usize,
}

/// Where a scalar stands that becomes a leaf.
pub(super) struct Stands<'a> {
    /// From its first byte to its last, quotes included.
    pub(super) span: Range<usize>,
    pub(super) names: Names<'a>,
    pub(super) above: Names<'a>,
    pub(super) places: &'a [PlaceId],
    pub(super) member: Option<Member>,
}

/// A document up to some token.
pub(super) struct Tree {
    pub(super) expect: Expect,
    pub(super) frames: Vec<Frame>,
    /// The keys under which the open objects and arrays stand.
    pub(super) nest: Nest,
    /// The current member's key in the innermost object.
    key: String,
    pub(super) matcher: Matcher,
    depth: usize,
    objects: u32,
    records: u32,
    record: Option<Record>,
    nulls: bool,
    pub(super) value_bytes: usize,
    /// Room for a string whose escapes are undone.
    pub(super) unescaped: String,
}

impl Tree {
    pub(super) fn new(places: &Places, bounds: &Bounds) -> Tree {
        Tree {
            expect: Expect::Value,
            frames: Vec::new(),
            nest: Nest::default(),
            key: String::new(),
            matcher: Matcher::take(places),
            depth: bounds.depth,
            objects: 0,
            records: 0,
            record: None,
            nulls: places.nulls,
            value_bytes: bounds.value_bytes,
            unescaped: String::new(),
        }
    }

    pub(super) fn show_nulls(&mut self) {
        self.nulls = true;
    }

    /// The next token, whatever it is.
    pub(super) fn take(&mut self, found: Scanned<'_>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let span = found.start..found.end;
        let top = self.frames.last().map(|frame| frame.shape);
        match (self.expect, found.token) {
            (Expect::Value | Expect::ValueOrClose, Token::Open(shape)) => self.open(shape, span),
            (Expect::KeyOrClose | Expect::ValueOrClose | Expect::CommaOrClose, Token::Close(shape))
                if top == Some(shape) =>
            {
                self.close(span.end, sink)
            }
            (Expect::Value | Expect::ValueOrClose, token) => self.scalar(&token, span, sink),
            (Expect::Key | Expect::KeyOrClose, Token::Text(key)) => {
                self.show_key(key, span.clone(), sink)?;
                self.keep(key, span);
                self.expect = Expect::Colon;
                Ok(())
            }
            (Expect::Colon, Token::Colon) => {
                self.expect = Expect::Value;
                Ok(())
            }
            (Expect::CommaOrClose, Token::Comma) => {
                self.expect = if top == Some(Shape::Object) { Expect::Key } else { Expect::Value };
                Ok(())
            }
            (Expect::Nothing, _) => Err(unreadable(span.start, "only one document is read")),
            (expect, _) => Err(unreadable(span.start, wanted(expect))),
        }
    }

    /// The document's bytes end here.
    pub(super) fn end(&self, at: usize) -> Result<(), Refusal> {
        if self.expect == Expect::Nothing { Ok(()) } else { Err(unreadable(at, "the document ends too early")) }
    }

    /// What no later leaf will touch: a member can still be cut out until its value is complete.
    pub(super) fn settled(&self, position: usize) -> usize {
        match self.frames.last() {
            Some(frame) if frame.shape == Shape::Object => frame.before,
            _ => position,
        }
    }

    pub(super) fn open(&mut self, shape: Shape, span: Range<usize>) -> Result<(), Refusal> {
        if self.frames.len() == self.depth {
            let note = format!("the JSON at byte {} is nested deeper than {} levels", span.start, self.depth);
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.enter();
        if self.in_object() {
            self.nest.push(&self.key);
        }
        self.frames.push(Frame { shape, object: self.objects, index: 0, before: span.end, key: 0..0 });
        self.expect = Expect::ValueOrClose;
        if shape == Shape::Object {
            // The number tells objects apart that are held at one time; it may begin again.
            self.objects = self.objects.wrapping_add(1);
            self.expect = Expect::KeyOrClose;
        }
        Ok(())
    }

    pub(super) fn close(&mut self, end: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.frames.pop();
        if self.in_object() {
            self.nest.pop();
        }
        self.complete(end, sink)
    }

    /// Keeps a key for the value that is still to come.
    pub(super) fn keep(&mut self, key: &str, span: Range<usize>) {
        self.key.clear();
        self.key.push_str(key);
        if let Some(frame) = self.frames.last_mut() {
            frame.key = span;
        }
    }

    #[inline(always)]
    pub(super) fn show_key(&self, key: &str, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if key.len() > KEY_BYTES {
            let note = format!("the JSON key at byte {} is longer than {KEY_BYTES} bytes", span.start);
            return Err(Refusal::new(Reason::Bound, note));
        }
        // A key is not named by itself: it stands in the objects around it and under no name.
        let stands = Stands { span, names: Names::NONE, above: self.nest.all(), places: &[], member: None };
        self.show(key, Part::Key, Quote::Json, stands, sink)
    }

    /// A scalar that is a child of the innermost container, with its key in `self.key`.
    fn scalar(&mut self, token: &Token<'_>, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if matches!(token, Token::Open(_) | Token::Close(_) | Token::Comma | Token::Colon) {
            return Err(unreadable(span.start, wanted(self.expect)));
        }
        self.enter();
        let end = span.end;
        let frame = self.frames.last().filter(|frame| frame.shape == Shape::Object);
        let member = frame.map(|frame| member(frame.object, frame.index, frame.key.start..end, frame.before));
        let (names, above) =
            if frame.is_some() { (Names::one(&self.key), self.nest.all()) } else { self.nest.parted() };
        self.show_scalar(token, Stands { span, names, above, places: self.matcher.places(), member }, sink)?;
        self.complete(end, sink)
    }

    fn show_scalar(&self, token: &Token<'_>, stands: Stands<'_>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        match token {
            Token::Text(text) => self.show(text, Part::Value, Quote::Json, stands, sink),
            Token::Number(text) => self.show(text, Part::Number, Quote::JsonBare, stands, sink),
            Token::Boolean(text) => self.show(text, Part::Boolean, Quote::JsonBare, stands, sink),
            _ => self.show_null(stands, sink),
        }
    }

    pub(super) fn show_null(&self, stands: Stands<'_>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.nulls { self.show("\u{c}", Part::Value, Quote::JsonBare, stands, sink) } else { Ok(()) }
    }

    #[inline(always)]
    pub(super) fn show(
        &self,
        text: &str,
        part: Part,
        quote: Quote,
        stands: Stands<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        let Stands { span, names, above, places, member } = stands;
        let span = if quote == Quote::Json { span.start + 1..span.end - 1 } else { span };
        sink.leaf(&Leaf {
            text,
            part,
            pieces: &[Piece { span, at: 0, quotes: Quotes::one(quote) }],
            names,
            above,
            places,
            record: self.record.as_ref().map_or(0, |record| record.number),
            member,
            loosen: &[],
        })
    }

    /// Steps to the value that begins, which may be a record.
    fn enter(&mut self) {
        match self.frames.last() {
            Some(frame) if frame.shape == Shape::Object => self.matcher.enter(Child::Key(&self.key)),
            Some(frame) => self.matcher.enter(Child::Index(frame.index)),
            None => {}
        }
        if self.record.is_none() && self.matcher.at_record() {
            self.matcher.open_record();
            self.records = self.records.wrapping_add(1);
            self.record = Some(Record { number: self.records, depth: self.frames.len() });
        }
    }

    /// Steps back from a value that is complete.
    fn complete(&mut self, end: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.expect = Expect::Nothing;
        if let Some(frame) = self.frames.last_mut() {
            frame.index += 1;
            frame.before = end;
            self.matcher.leave();
            self.expect = Expect::CommaOrClose;
        }
        match self.record.take_if(|record| record.depth == self.frames.len()) {
            Some(record) => {
                sink.record(record.number, end)?;
                sink.settled(end)
            }
            None => Ok(()),
        }
    }

    /// Whether a record begins at a child that leads to this row.
    #[inline(always)]
    pub(super) fn begins_record(&self, row: u32) -> bool {
        self.record.is_none() && self.matcher.is_record(row)
    }

    fn in_object(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.shape == Shape::Object)
    }
}

#[inline(always)]
pub(super) fn member(object: u32, index: usize, span: Range<usize>, before: usize) -> Member {
    // No object within the bounds of a body has more members than this can count.
    Member { object, index: u32::try_from(index).unwrap_or(u32::MAX), span, before }
}

fn wanted(expect: Expect) -> &'static str {
    match expect {
        Expect::Value | Expect::ValueOrClose => "expected a value",
        Expect::Key | Expect::KeyOrClose => "expected a key",
        Expect::Colon => "expected a colon",
        Expect::CommaOrClose => "expected a comma or the end of the object or array",
        Expect::Nothing => "expected nothing more",
    }
}
