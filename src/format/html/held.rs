//! Leaves on their way: what is known of a leaf before it can be shown.

use std::ops::Range;
use std::sync::Arc;

use crate::terms::leaf::{Leaf, Member, Part, Piece, Reach, Sink};
use crate::terms::names::Names;
use crate::terms::place::PlaceId;
use crate::terms::quote::Quote;
use crate::terms::refusal::Refusal;

/// A heading, a label, a control's name.
pub(super) type Word = Arc<str>;

/// A leaf that may have to wait for its label. It has no `Debug`, since it holds a value.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) text: String,
    pub(super) part: Part,
    pub(super) pieces: Vec<Piece>,
    pub(super) names: Vec<Word>,
    pub(super) above: Vec<Word>,
    pub(super) places: Vec<PlaceId>,
    pub(super) itself: Vec<PlaceId>,
    pub(super) around: Vec<PlaceId>,
    pub(super) record: u32,
    pub(super) member: Option<Member>,
    pub(super) loosen: Vec<(Range<usize>, &'static str)>,
}

impl Held {
    /// A copy of a leaf.
    pub(super) fn of(leaf: &Leaf<'_>) -> Held {
        Held {
            text: leaf.text.to_owned(),
            part: leaf.part,
            pieces: leaf.pieces.to_vec(),
            names: leaf.names.iter().map(Word::from).collect(),
            above: leaf.above.iter().map(Word::from).collect(),
            places: leaf.places.to_vec(),
            itself: leaf.reach.itself.to_vec(),
            around: leaf.reach.around.to_vec(),
            record: leaf.record,
            member: leaf.member.clone(),
            loosen: leaf.loosen.to_vec(),
        }
    }

    /// Where it begins in the body, with all that an edit of it may touch.
    pub(super) fn begin(&self) -> usize {
        let pieces = self.pieces.iter().map(|piece| piece.span.start);
        let loosen = self.loosen.iter().map(|(span, _)| span.start);
        // To cut a member out, the comma before it goes as well.
        let member = self.member.iter().map(|member| member.before.min(member.span.start));
        pieces.chain(loosen).chain(member).min().unwrap_or(usize::MAX)
    }

    /// Whether people read it between tags.
    pub(super) fn is_text(&self) -> bool {
        const TEXTS: [Quote; 2] = [Quote::HtmlText, Quote::Verbatim];
        let between = |piece: &Piece| piece.quotes.layers().iter().all(|layer| TEXTS.contains(layer));
        matches!(self.part, Part::Text | Part::Value | Part::Label | Part::Title) && self.pieces.iter().all(between)
    }

    /// Puts a label in front of its names, unless it stands there already.
    pub(super) fn name(&mut self, label: &Word) {
        if !self.names.contains(label) {
            self.names.insert(0, Word::clone(label));
        }
    }

    /// Shows it.
    pub(super) fn show(&self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.told(|leaf| sink.leaf(leaf))
    }

    /// Asks whether the document in it, if it can be read, shall be shown in its place.
    pub(super) fn opens(&self, readable: bool, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        self.told(|leaf| sink.opens(leaf, readable))
    }

    fn told<T>(&self, tell: impl FnOnce(&Leaf<'_>) -> T) -> T {
        let names: Vec<&str> = self.names.iter().map(|name| &**name).collect();
        let above: Vec<&str> = self.above.iter().map(|name| &**name).collect();
        tell(&Leaf {
            text: &self.text,
            part: self.part,
            pieces: &self.pieces,
            names: Names::list(&names),
            above: Names::list(&above),
            places: &self.places,
            reach: Reach { itself: &self.itself, around: &self.around },
            record: self.record,
            member: self.member.clone(),
            objects: &[],
            loosen: &self.loosen,
        })
    }
}

/// The part of the body that may still be asked for.
#[derive(Default)]
pub(super) struct Raw {
    text: String,
    base: usize,
}

impl Raw {
    /// Adds what was read.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The body from and to these offsets.
    pub(super) fn slice(&self, span: Range<usize>) -> &str {
        let from = span.start.saturating_sub(self.base);
        let to = span.end.saturating_sub(self.base);
        self.text.get(from..to).unwrap_or_default()
    }

    /// How many bytes were read in all.
    pub(super) fn end(&self) -> usize {
        self.base + self.text.len()
    }

    /// How many bytes are kept.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Gives up what stands before an offset, when that is worth the copying.
    pub(super) fn forget(&mut self, upto: usize) {
        let unused = upto.saturating_sub(self.base);
        if unused >= FORGET_BYTES_MIN && unused >= self.text.len() / 2 {
            self.text.drain(..unused);
            self.base += unused;
        }
    }
}

const FORGET_BYTES_MIN: usize = 4 << 10;
