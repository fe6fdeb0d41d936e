//! Tokens into leaves: where in the document a token stands, and whether it may.

use std::ops::Range;

use crate::format::json::inner::may_hold;
use crate::format::json::path::{Child, Matcher};
use crate::format::json::scan::{Scanned, Shape, Token, unreadable};
use crate::format::json::texts::Texts;
use crate::format::json::trail::{self, NOWHERE};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Part, Piece, Reach, Sink};
use crate::terms::names::{Names, Nest};
use crate::terms::place::{Place, PlaceId, Places};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// The longest key: all keys around a value are kept, so they are bounded more tightly than it.
pub(super) const KEY_BYTES: usize = 16 << 10;

/// What stands for a list or an object in which nothing is: a character that no field holds.
const EMPTY: &str = "\u{b}";

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
    /// Whether it stands where a list of records could be.
    pub(super) lone: bool,
    /// What the trail calls it, and the way to the current member.
    pub(super) spot: u32,
    pub(super) way: u32,
}

/// A record that is open: the node that so many containers lie around.
pub(super) struct Record {
    number: u32,
    pub(super) depth: usize,
}

/// Where a scalar stands that becomes a leaf.
pub(super) struct Stands<'a> {
    /// From its first byte to its last, quotes included.
    pub(super) span: Range<usize>,
    pub(super) names: Names<'a>,
    pub(super) above: Names<'a>,
    pub(super) places: &'a [PlaceId],
    pub(super) reach: Reach<'a>,
    pub(super) member: Option<Member>,
}

/// A document up to some token.
pub(in crate::format) struct Tree {
    pub(super) expect: Expect,
    pub(super) frames: Vec<Frame>,
    /// The keys under which the open objects and arrays stand.
    pub(super) nest: Nest,
    /// The current member's key in the innermost object.
    pub(super) key: String,
    pub(super) matcher: Matcher,
    pub(super) depth: usize,
    pub(in crate::format) objects: u32,
    /// The numbers of the objects that are open, the outermost first.
    around: Vec<u32>,
    records: u32,
    /// Those that are open, which stand in one another.
    pub(super) open: Vec<Record>,
    nulls: bool,
    /// Whether lists and objects that hold nothing are shown.
    empties: bool,
    /// Whether one document may follow another.
    many: bool,
    /// Whether the path of the records begins them.
    has_records: bool,
    pub(super) value_bytes: usize,
    /// What reads documents of other sorts in strings.
    pub(super) texts: Option<Box<Texts>>,
    /// Room for a string whose escapes are undone.
    pub(super) unescaped: String,
}

impl Tree {
    pub(in crate::format) fn new(places: &Places, bounds: &Bounds) -> Tree {
        Tree {
            expect: Expect::Value,
            frames: Vec::new(),
            nest: Nest::default(),
            key: String::new(),
            matcher: Matcher::take(places),
            depth: bounds.depth,
            objects: 0,
            around: Vec::new(),
            records: 0,
            open: Vec::new(),
            nulls: places.nulls,
            empties: false,
            many: false,
            has_records: matches!(places.records, Some(Place::Json(_))),
            value_bytes: bounds.value_bytes,
            texts: None,
            unescaped: String::new(),
        }
    }

    pub(super) fn show_nulls(&mut self) {
        self.nulls = true;
    }

    pub(super) fn show_empties(&mut self) {
        self.empties = true;
    }

    /// Takes several documents; each is a record where the resource declares none.
    pub(super) fn follow_one_another(&mut self) {
        self.many = true;
    }

    /// Whether the document is complete.
    pub(super) fn is_complete(&self) -> bool {
        self.expect == Expect::Nothing
    }

    /// Whether no document has begun that is not complete.
    pub(super) fn is_between(&self) -> bool {
        self.frames.is_empty() && matches!(self.expect, Expect::Nothing | Expect::Value)
    }

    /// The next token, whatever it is.
    pub(in crate::format) fn take(&mut self, found: Scanned<'_>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let (span, raw) = (found.start..found.end, found.raw);
        let top = self.frames.last().map(|frame| frame.shape);
        if self.many && self.expect == Expect::Nothing {
            self.expect = Expect::Value;
        }
        match (self.expect, found.token) {
            (Expect::Value | Expect::ValueOrClose, Token::Open(shape)) => self.open(shape, span),
            (Expect::KeyOrClose | Expect::ValueOrClose | Expect::CommaOrClose, Token::Close(shape))
                if top == Some(shape) =>
            {
                self.close(span.end, self.expect != Expect::CommaOrClose, sink)
            }
            (Expect::Value | Expect::ValueOrClose, token) => self.scalar(&token, raw, span, sink),
            (Expect::Key | Expect::KeyOrClose, Token::Text(key)) => {
                self.show_key(key, span.clone(), sink)?;
                let spot = self.frames.last().map_or(NOWHERE, |frame| frame.spot);
                let way = self.matcher.trail.way(spot, key).map_or(NOWHERE, |(way, _)| way);
                self.keep(key, span, way);
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
        self.enter(Some(shape));
        if self.in_object() {
            self.nest.push(&self.key);
        }
        let lone = shape == Shape::Object && self.matcher.at_lone_record();
        if lone {
            self.matcher.open_record();
        }
        let spot = self.spot_below();
        let (object, key, way) = (self.objects, 0..0, if shape == Shape::Array { trail::ELEMENT } else { NOWHERE });
        self.frames.push(Frame { shape, object, index: 0, before: span.end, key, lone, spot, way });
        self.expect = Expect::ValueOrClose;
        if shape == Shape::Object {
            self.around.push(self.objects);
            // The number tells objects apart that are held at one time; it may begin again.
            self.objects = self.objects.wrapping_add(1);
            self.expect = Expect::KeyOrClose;
        }
        Ok(())
    }

    /// What the trail calls the container that opens here.
    fn spot_below(&mut self) -> u32 {
        let Some(row) = self.matcher.row_here() else { return NOWHERE };
        match self.frames.last() {
            Some(frame) => self.matcher.trail.below(frame.spot, frame.way, row),
            // A document in a string has the names of what is around it.
            None if self.nest.is_empty() => self.matcher.trail.root(row),
            None => NOWHERE,
        }
    }

    /// The innermost container ends here, `empty` if nothing stood in it.
    pub(super) fn close(&mut self, end: usize, empty: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let closed = self.frames.pop();
        if closed.as_ref().is_some_and(|frame| frame.shape == Shape::Object) {
            self.around.pop();
        }
        if self.in_object() {
            self.nest.pop();
        }
        if let Some(frame) = closed.filter(|_| empty && self.empties) {
            let start = frame.before.saturating_sub(1);
            self.show(EMPTY, Part::Value, Quote::JsonBare, self.stands(start..end), sink)?;
        }
        self.complete(end, sink)
    }

    /// Keeps a key for the value that is still to come.
    pub(super) fn keep(&mut self, key: &str, span: Range<usize>, way: u32) {
        self.key.clear();
        self.key.push_str(key);
        if let Some(frame) = self.frames.last_mut() {
            (frame.key, frame.way) = (span, way);
        }
    }

    #[inline(always)]
    pub(super) fn show_key(&self, key: &str, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if key.len() > KEY_BYTES {
            let note = format!("the JSON key at byte {} is longer than {KEY_BYTES} bytes", span.start);
            return Err(Refusal::new(Reason::Bound, note));
        }
        // A key is not named by itself: it stands in the objects around it and under no name.
        let (names, above, reach) = (Names::NONE, self.nest.all(), Reach::default());
        let stands = Stands { span, names, above, places: self.matcher.places_of_key(key), reach, member: None };
        self.show(key, Part::Key, Quote::Json, stands, sink)
    }

    /// A scalar that is a child of the innermost container, with its key in `self.key`.
    fn scalar(&mut self, token: &Token<'_>, raw: &str, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if matches!(token, Token::Open(_) | Token::Close(_) | Token::Comma | Token::Colon) {
            return Err(unreadable(span.start, wanted(self.expect)));
        }
        self.enter(None);
        let end = span.end;
        let opened = match token {
            Token::Text(text) if may_hold(text) => self.inside(text, raw, span.clone(), sink)?,
            _ => false,
        };
        if !opened {
            self.show_scalar(token, self.stands(span), sink)?;
        }
        self.complete(end, sink)
    }

    /// Where a scalar stands that is a child of the innermost container.
    pub(super) fn stands(&self, span: Range<usize>) -> Stands<'_> {
        let frame = self.frames.last().filter(|frame| frame.shape == Shape::Object);
        let member = frame.map(|frame| member(frame.object, frame.index, frame.key.start..span.end, frame.before));
        let (names, above) =
            if frame.is_some() { (Names::one(&self.key), self.nest.all()) } else { self.nest.parted() };
        let (places, reach) = (self.matcher.places(), self.matcher.reach());
        Stands { span, names, above, places, reach, member }
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
        let Stands { span, names, above, places, reach, member } = stands;
        let span = if quote == Quote::Json { span.start + 1..span.end - 1 } else { span };
        sink.leaf(&Leaf {
            text,
            part,
            pieces: &[Piece { span, at: 0, quotes: Quotes::one(quote) }],
            names,
            above,
            places,
            reach,
            record: self.record_number(),
            member,
            objects: &self.around,
            loosen: &[],
        })
    }

    /// The numbers of the objects that are open, the outermost first.
    pub(super) fn around(&self) -> &[u32] {
        &self.around
    }

    /// The number of the record that is open; 0 outside records.
    #[inline(always)]
    pub(super) fn record_number(&self) -> u32 {
        self.open.last().map_or(0, |record| record.number)
    }

    /// Steps to the value that begins, which may be a record. An object where a list of records could be
    /// holds records by name as long as its members are objects; the first that is none shows that it is
    /// a record itself.
    fn enter(&mut self, shape: Option<Shape>) {
        let (mut lone_frame, mut lone) = (false, false);
        match self.frames.last() {
            Some(frame) if frame.shape == Shape::Object => {
                lone_frame = frame.lone;
                lone = frame.lone && shape != Some(Shape::Object);
                self.matcher.enter(Child::Key(&self.key));
            }
            Some(frame) => self.matcher.enter(Child::Index(frame.index)),
            None => {}
        }
        let at_record = self.matcher.at_record() && !self.is_member(lone_frame);
        if at_record || (self.open.is_empty() && self.is_line()) {
            if at_record && !lone {
                self.matcher.open_record();
            }
            self.records = self.records.wrapping_add(1);
            self.open.push(Record { number: self.records, depth: self.frames.len() - usize::from(lone) });
        }
    }

    /// Whether the object around is a record itself, so that its members are none.
    fn is_member(&self, lone_frame: bool) -> bool {
        lone_frame && self.open.last().is_some_and(|record| record.depth + 1 == self.frames.len())
    }

    /// Whether a document begins that is a record by itself.
    fn is_line(&self) -> bool {
        self.many && !self.has_records && self.frames.is_empty()
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
        match self.open.pop_if(|record| record.depth == self.frames.len()) {
            // What stands in another is told with the outermost: what that says may still come.
            Some(outermost) if self.open.is_empty() => {
                (outermost.number..=self.records).try_for_each(|number| sink.record(number, end))?;
                sink.settled(end)
            }
            _ => Ok(()),
        }
    }

    /// Whether a record begins at a child that leads to this row.
    #[inline(always)]
    pub(super) fn begins_record(&self, row: u32) -> bool {
        self.matcher.is_record(row)
    }

    pub(super) fn in_object(&self) -> bool {
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
