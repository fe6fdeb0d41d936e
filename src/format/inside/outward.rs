//! The leaves of a document in a text, told as parts of the body that the text stands in.

use std::ops::Range;

use crate::format::quote::decode;
use crate::terms::leaf::{Leaf, Member, Part, Piece, Reach, Sink};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// Tells the leaves of the inner document as parts of the body.
pub(super) struct Outward<'a> {
    pub(super) leaf: &'a Leaf<'a>,
    pub(super) map: &'a [usize],
    /// Where in the leaf's text the document begins.
    pub(super) from: usize,
    /// How many layers of quoting lie around the leaf of which it does not tell.
    pub(super) layers: usize,
    /// How many objects were opened before it.
    pub(super) objects: u32,
    /// How many were opened in it.
    pub(super) opened: u32,
    pub(super) sink: &'a mut dyn Sink,
}

impl Outward<'_> {
    /// The piece of the leaf in which an offset of the inner text lies, and where in the leaf that piece ends.
    fn piece(&self, offset: usize) -> Option<(&Piece, usize)> {
        let at = self.leaf.pieces.partition_point(|piece| piece.at <= offset).checked_sub(1)?;
        let end = self.leaf.pieces.get(at + 1).map_or(self.leaf.text.len(), |next| next.at);
        Some((&self.leaf.pieces[at], end))
    }

    /// Where in the body a part of a piece stands.
    fn raw(&self, (piece, end): (&Piece, usize), span: &Range<usize>) -> Range<usize> {
        let raw = |offset: usize| if offset == end { piece.span.end } else { self.map[offset] };
        raw(span.start)..raw(span.end)
    }

    /// Where a part of the inner text stands in the body. What goes from one piece to another takes along what
    /// parts them, so both must be written alike.
    fn span(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let (start, end) = (span.start + self.from, span.end + self.from);
        let first = self.piece(start)?;
        if end <= first.1 {
            return Some(self.raw(first, &(start..end)));
        }
        let last = self.piece(end - 1)?;
        let is_alike = first.0.quotes == last.0.quotes;
        is_alike.then(|| self.raw(first, &(start..start)).start..self.raw(last, &(end..end)).end)
    }

    fn pieces(&self, inner: &[Piece]) -> Option<Vec<Piece>> {
        let mut pieces = Vec::with_capacity(inner.len());
        for one in inner {
            let (mut start, end) = (one.span.start + self.from, one.span.end + self.from);
            let mut at = one.at;
            loop {
                let outer = self.piece(start)?;
                let part = start..end.min(outer.1);
                let layers = outer.0.quotes.layers();
                let quotes = layers.iter().try_fold(one.quotes, |quotes, layer| quotes.within(*layer))?;
                (quotes.layers().len() + self.layers <= Quotes::DEPTH).then_some(())?;
                pieces.push(Piece { span: self.raw(outer, &part), at, quotes });
                if end <= outer.1 {
                    break;
                }
                // What is quoted across the end of a piece cannot be written in parts.
                at += decode(one.quotes, &self.leaf.text[part]).ok()?.text.len();
                start = outer.1;
            }
        }
        Some(pieces)
    }

    fn member(&mut self, member: Option<&Member>) -> Option<Option<Member>> {
        let Some(member) = member else { return Some(None) };
        self.opened = self.opened.max(member.object.saturating_add(1));
        let whole = self.span(&(member.before.min(member.span.start)..member.span.end))?;
        let span = self.span(&member.span)?;
        let object = member.object.wrapping_add(self.objects);
        Some(Some(Member { object, span, before: whole.start, index: member.index }))
    }

    /// Tells a part of the text itself, under these names and those around the leaf, or with the leaf's own.
    pub(super) fn part(
        &mut self,
        text: &str,
        (span, quote): (Range<usize>, Quote),
        part: Part,
        name: Option<&str>,
    ) -> Result<(), Refusal> {
        let pieces = [Piece { span, at: 0, quotes: Quotes::one(quote) }];
        let pieces = self.pieces(&pieces).ok_or_else(deep)?;
        let all: Vec<&str> = self.leaf.names.iter().chain(self.leaf.above.iter()).collect();
        let (names, above) = match name {
            Some(name) => (Names::one(name), Names::list(&all)),
            None => (self.leaf.names, self.leaf.above),
        };
        let reach = Reach { itself: &[], ..self.leaf.reach };
        self.sink.leaf(&Leaf { text, part, pieces: &pieces, names, above, reach, member: None, ..self.leaf.clone() })
    }

    fn told<T>(
        &mut self,
        leaf: &Leaf<'_>,
        tell: impl FnOnce(&mut dyn Sink, &Leaf<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let pieces = self.pieces(leaf.pieces).ok_or_else(deep)?;
        let member = self.member(leaf.member.as_ref()).ok_or_else(deep)?;
        let loosen = |(span, text): &(Range<usize>, &'static str)| Some((self.span(span)?, *text));
        let loosen: Vec<_> = leaf.loosen.iter().map(loosen).collect::<Option<_>>().ok_or_else(deep)?;
        let above: Vec<&str> = leaf.above.iter().chain(self.leaf.names.iter()).chain(self.leaf.above.iter()).collect();
        let inner = leaf.objects.iter().map(|object| object.wrapping_add(self.objects));
        let objects: Vec<u32> = self.leaf.objects.iter().copied().chain(inner).collect();
        self.opened = leaf.objects.iter().fold(self.opened, |opened, object| opened.max(object.saturating_add(1)));
        let outer = Leaf {
            pieces: &pieces,
            above: Names::list(&above),
            places: self.leaf.places,
            reach: Reach { itself: &[], around: self.leaf.reach.around },
            record: self.leaf.record,
            member,
            objects: &objects,
            loosen: &loosen,
            ..leaf.clone()
        };
        tell(self.sink, &outer)
    }
}

impl Sink for Outward<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.told(leaf, |sink, leaf| sink.leaf(leaf))
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        let around = self.layers;
        self.told(leaf, |sink, leaf| {
            let room = leaf.pieces.iter().all(|piece| piece.quotes.layers().len() + around < Quotes::DEPTH);
            Ok(sink.opens(leaf, readable && room)? && room)
        })
    }
}

fn deep() -> Refusal {
    Refusal::new(Reason::Bound, "a document in a text is quoted deeper than it can be written")
}
