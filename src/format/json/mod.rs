//! JSON: every string, number, boolean and key of a document, while it streams by.
//!
//! The grammar is RFC 8259 to the letter, since a body that two readers take apart differently
//! could show staff what this one did not see: invalid UTF-8, lone surrogates, comments, trailing
//! commas and a second document are refused. A byte order mark is let through, because servers
//! write it and every reader skips it. Numbers are never read as numbers, so they keep all their
//! digits. Wrappers (JSONP, prefixes against hijacking, lines of documents) are refused here.

pub mod path;
pub mod scan;
pub mod text;
pub mod within;

use std::ops::Range;
use std::sync::Arc;

use crate::format::json::path::{Child, Matcher};
use crate::format::json::scan::{Scanned, Scanner, Shape, Token, unreadable};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Part, Piece, Sink, Walker};
use crate::terms::place::{PlaceId, Places};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// The longest key: all keys around a value are kept, so they are bounded more tightly than it.
const KEY_BYTES: usize = 16 << 10;

/// How many names around a leaf are gathered without allocating.
const NAMES_AT_HAND: usize = 16;

/// Walks one JSON document.
pub struct JsonWalker {
    scanner: Scanner,
    tree: Tree,
}

impl JsonWalker {
    /// A walker before a document's first byte.
    pub fn new(places: Arc<Places>, bounds: &Bounds) -> JsonWalker {
        let tree = Tree {
            expect: Expect::Value,
            frames: Vec::new(),
            keys: String::new(),
            matcher: Matcher::new(&places),
            reached: Vec::new(),
            depth: bounds.depth,
            objects: 0,
            records: 0,
            record: None,
            nulls: places.nulls,
        };
        JsonWalker { scanner: Scanner::new(bounds.value_bytes), tree }
    }

    /// Shows each `null` too, as a form feed, which no field holds: in a write it may stand where a
    /// veiled number stood.
    pub fn showing_nulls(mut self) -> JsonWalker {
        self.tree.nulls = true;
        self
    }
}

impl Walker for JsonWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        let mut at = 0;
        while let Some(found) = self.scanner.next(chunk, &mut at)? {
            self.tree.take(found, sink)?;
        }
        self.scanner.pass(chunk);
        sink.settled(self.tree.settled(self.scanner.position()))
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let end = self.scanner.position();
        if let Some(found) = self.scanner.finish()? {
            self.tree.take(found, sink)?;
        }
        if self.tree.expect != Expect::Nothing {
            return Err(unreadable(end, "the document ends too early"));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    Key,
    KeyOrClose,
    Colon,
    CommaOrClose,
    Nothing,
}

/// An open container.
struct Frame {
    shape: Shape,
    /// Its number among the objects.
    object: u32,
    /// How many children are complete.
    index: usize,
    /// Where the child before ended, or where the container was opened.
    before: usize,
    /// The current member's key in the body, quotes included.
    key: Range<usize>,
    /// Its text in `Tree::keys`.
    name: Range<usize>,
}

/// The record that is open: the node that so many containers lie around.
struct Record {
    number: u32,
    depth: usize,
}

/// A scalar that becomes a leaf.
struct Scalar<'a> {
    text: &'a str,
    part: Part,
    piece: Piece,
}

struct Tree {
    expect: Expect,
    frames: Vec<Frame>,
    /// The keys of all open objects, one behind the other.
    keys: String,
    matcher: Matcher,
    reached: Vec<PlaceId>,
    depth: usize,
    objects: u32,
    records: u32,
    record: Option<Record>,
    nulls: bool,
}

impl Tree {
    fn take(&mut self, found: Scanned<'_>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let span = found.start..found.end;
        let top = self.frames.last().map(|frame| frame.shape);
        match (self.expect, found.token) {
            (Expect::Value | Expect::ValueOrClose, Token::Open(shape)) => self.open(shape, span),
            (Expect::KeyOrClose | Expect::ValueOrClose | Expect::CommaOrClose, Token::Close(shape))
                if top == Some(shape) =>
            {
                self.frames.pop();
                self.complete(span.end, sink)
            }
            (Expect::Value | Expect::ValueOrClose, token) => self.scalar(token, span, sink),
            (Expect::Key | Expect::KeyOrClose, Token::Text(key)) => self.key(key, span, sink),
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

    fn open(&mut self, shape: Shape, span: Range<usize>) -> Result<(), Refusal> {
        if self.frames.len() == self.depth {
            let note = format!("the JSON at byte {} is nested deeper than {} levels", span.start, self.depth);
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.enter();
        let name = self.keys.len()..self.keys.len();
        self.frames.push(Frame { shape, object: self.objects, index: 0, before: span.end, key: 0..0, name });
        self.expect = Expect::ValueOrClose;
        if shape == Shape::Object {
            // The number tells objects apart that are held at one time; it may begin again.
            self.objects = self.objects.wrapping_add(1);
            self.expect = Expect::KeyOrClose;
        }
        Ok(())
    }

    fn key(&mut self, key: &str, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if key.len() > KEY_BYTES {
            let note = format!("the JSON key at byte {} is longer than {KEY_BYTES} bytes", span.start);
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.expect = Expect::Colon;
        if let Some(frame) = self.frames.last_mut() {
            self.keys.truncate(frame.name.start);
            self.keys.push_str(key);
            frame.name.end = self.keys.len();
            frame.key = span.clone();
        }
        self.reached.clear();
        let piece = Piece { span: span.start + 1..span.end - 1, at: 0, quotes: Quotes::one(Quote::Json) };
        self.show(Scalar { text: key, part: Part::Key, piece }, None, sink)
    }

    fn scalar(&mut self, token: Token<'_>, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let bare = Piece { span: span.clone(), at: 0, quotes: Quotes::one(Quote::JsonBare) };
        let scalar = match token {
            Token::Text(text) => {
                let piece = Piece { span: span.start + 1..span.end - 1, at: 0, quotes: Quotes::one(Quote::Json) };
                Some(Scalar { text, part: Part::Value, piece })
            }
            Token::Number(text) => Some(Scalar { text, part: Part::Number, piece: bare }),
            Token::Boolean(text) => Some(Scalar { text, part: Part::Boolean, piece: bare }),
            Token::Null if self.nulls => Some(Scalar { text: "\u{c}", part: Part::Value, piece: bare }),
            Token::Null => None,
            _ => return Err(unreadable(span.start, wanted(self.expect))),
        };
        self.enter();
        if let Some(scalar) = scalar {
            self.matcher.reached(&mut self.reached);
            self.show(scalar, self.member(span.end), sink)?;
        }
        self.complete(span.end, sink)?;
        sink.settled(span.end)
    }

    /// Steps to the value that begins, which may be a record.
    fn enter(&mut self) {
        match self.frames.last() {
            Some(frame) if frame.shape == Shape::Object => {
                self.matcher.enter(Child::Key(&self.keys[frame.name.clone()]));
            }
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

    fn member(&self, end: usize) -> Option<Member> {
        let frame = self.frames.last().filter(|frame| frame.shape == Shape::Object)?;
        Some(Member {
            object: frame.object,
            // No object within the bounds of a body has more members than this can count.
            index: u32::try_from(frame.index).unwrap_or(u32::MAX),
            span: frame.key.start..end,
            before: frame.before,
        })
    }

    fn show(&self, scalar: Scalar<'_>, member: Option<Member>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        // A key is not named by itself: it stands in the objects around it and under no name.
        let is_key = scalar.part == Part::Key;
        let around = &self.frames[..self.frames.len() - usize::from(is_key)];
        let mut names = around
            .iter()
            .rev()
            .filter(|frame| frame.shape == Shape::Object)
            .map(|frame| &self.keys[frame.name.clone()]);
        let name = if is_key { None } else { names.next() };
        let mut at_hand = [""; NAMES_AT_HAND];
        let mut count = 0;
        for (slot, name) in at_hand.iter_mut().zip(&mut names) {
            *slot = name;
            count += 1;
        }
        let mut above = &at_hand[..count];
        let all: Vec<&str>;
        if let Some(next) = names.next() {
            all = above.iter().copied().chain([next]).chain(names).collect();
            above = &all;
        }
        sink.leaf(&Leaf {
            text: scalar.text,
            part: scalar.part,
            pieces: &[scalar.piece],
            names: name.as_slice(),
            above,
            places: &self.reached,
            record: self.record.as_ref().map_or(0, |record| record.number),
            member,
            loosen: &[],
        })
    }

    /// What no later leaf will touch: a member can still be cut out until its value is complete.
    fn settled(&self, position: usize) -> usize {
        match self.frames.last() {
            Some(frame) if frame.shape == Shape::Object => frame.before,
            _ => position,
        }
    }
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
