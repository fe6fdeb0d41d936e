//! Leaves: what walkers show of a body, and to whom.
//!
//! A walker never edits. It tells where each leaf stands in the raw text and how it is quoted
//! there; whoever decides can do so later (at the record's end, or when the whole answer is known)
//! and in any order, because an edit is a span and a text. So nothing that comes late (a subject, a
//! label after its input, a value seen elsewhere) forces a walker to look back.

use std::ops::Range;

use crate::terms::names::Names;
use crate::terms::place::PlaceId;
use crate::terms::quote::Quotes;
use crate::terms::refusal::Refusal;

/// What part of a document a leaf is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// A value: a JSON string, a cell, an element's text, an input's value, a form value.
    Value,
    /// A JSON number.
    Number,
    /// A JSON boolean.
    Boolean,
    /// A JSON key or a parameter's name.
    Key,
    /// A heading or a label.
    Label,
    /// An attribute that people read or scripts use: `title`, `alt`, `data-*`.
    Attribute,
    /// A part of a URL that may carry a value: a path segment, a parameter's value, a fragment.
    Url,
    /// An id, a name of a control, a class: structure that an edit would break.
    Id,
    /// A comment.
    Comment,
    /// A string or text inside a script.
    Script,
    /// Inside a style sheet.
    Style,
    /// A document's title.
    Title,
    /// A header's value.
    Header,
    /// Running text outside any labelled value.
    Text,
}

/// Where a run of a leaf's text stands in the raw body. A leaf has several when tags or the like
/// stand between its runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The raw bytes, counted from the body's first.
    pub span: Range<usize>,
    /// Where in the leaf's text this run begins, in bytes.
    pub at: usize,
    /// How the run is written there.
    pub quotes: Quotes,
}

/// A JSON member, so that it can be cut out whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which object of the document, by order of opening.
    pub object: u32,
    /// The member's number in its object.
    pub index: u32,
    /// From the key's opening quote to the end of the value.
    pub span: Range<usize>,
    /// Where the member before ended, or just after `{`.
    pub before: usize,
}

/// One leaf of a body.
#[derive(Debug, Clone)]
pub struct Leaf<'a> {
    /// The decoded text. For numbers and booleans their literal. An empty one only says that its
    /// place stands here, and is never edited.
    pub text: &'a str,
    /// What part of the document it is.
    pub part: Part,
    /// Where it stands; in the order of the text, never empty.
    pub pieces: &'a [Piece],
    /// The names that stand at it, the nearest first: key, heading, label, input name. A heading or a label has
    /// a name where a value of that name has its place, whether or not one stands there.
    pub names: Names<'a>,
    /// The names further up, the nearest first: keys of the objects around it.
    pub above: Names<'a>,
    /// The paths and selectors that reach it, in its record where records are declared so.
    pub places: &'a [PlaceId],
    /// How they reach it.
    pub reach: Reach<'a>,
    /// The record that it belongs to, counted from 1; 0 outside records.
    pub record: u32,
    /// The JSON member whose value it is.
    pub member: Option<Member>,
    /// The JSON objects that lie around it, by the number of their opening, the outermost first.
    pub objects: &'a [u32],
    /// Raw spans that would refuse a veil here, and what to write in their place: an input's
    /// `type="email"` becomes `type="text"`, its `pattern` goes. Empty for all else.
    pub loosen: &'a [(Range<usize>, &'static str)],
}

impl<'a> Leaf<'a> {
    /// A leaf that no name, place, record or member is known of.
    pub fn bare(text: &'a str, part: Part, pieces: &'a [Piece]) -> Leaf<'a> {
        Leaf {
            text,
            part,
            pieces,
            names: Names::NONE,
            above: Names::NONE,
            places: &[],
            reach: Reach::default(),
            record: 0,
            member: None,
            objects: &[],
            loosen: &[],
        }
    }
}

/// How places reach a leaf: what kind of value a place names holds of all that stands there, but not
/// what the place says of a record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reach<'a> {
    /// Those of its places that name just this, and nothing around it. In a page that is all text of an
    /// element that no block in it parts off.
    pub itself: &'a [PlaceId],
    /// Places that reach it from outside its record: of the record or the document around that.
    pub around: &'a [PlaceId],
}

/// Takes what a walker shows.
pub trait Sink {
    /// One leaf. Leaves may come in any order, but never before what was settled.
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal>;

    /// All leaves of this record have been shown; its raw bytes end at `end`. Of records that stand in
    /// one another this is told with the outermost, whose end it then is.
    fn record(&mut self, record: u32, end: usize) -> Result<(), Refusal>;

    /// No later leaf will have a piece that begins before `upto`.
    fn settled(&mut self, upto: usize) -> Result<(), Refusal>;

    /// Whether nothing can become of the leaf that was shown last, nor of any other of the same part, names
    /// and places, whatever its text is (a key's excepted): a walker may leave out all of those in the same
    /// document that hold no document of their own.
    fn idles(&self) -> bool {
        false
    }

    /// Whether a text that holds a document of its own (JSON in a JSON string) shall be shown leaf by
    /// leaf and not as this one leaf. Where it is not `readable`, it cannot be: that is only said, so
    /// that whoever looks for something in there can refuse.
    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        let _ = (leaf, readable);
        Ok(false)
    }
}

/// Walks one body and shows its leaves: pure, synchronous, resumable at any byte.
pub trait Walker: Send {
    /// The next bytes of the body: any cut, even inside a character.
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal>;

    /// The body is complete.
    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal>;
}
