//! JSON inside something else: a script element, an attribute.
//!
//! The text has been decoded by its finder, who knows where each of its bytes stands in the body
//! and how it is quoted there; leaves are shown with spans into the body and all layers of quoting.

use std::ops::Range;
use std::sync::Arc;

use crate::format::json::JsonWalker;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Piece, Sink, Walker};
use crate::terms::place::Places;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// Where a JSON text stands.
pub struct Surroundings<'a> {
    /// Where in the body the character at an offset of the text begins; asked also for its end.
    pub raw_of: &'a dyn Fn(usize) -> usize,
    /// How the text is quoted; nothing where it stands as it is.
    pub outer: Option<Quotes>,
    /// The record that the text belongs to; 0 outside records.
    pub record: u32,
}

/// Shows the leaves of a JSON text that stands inside something else. `false`, with nothing shown,
/// if it is not JSON, is too deep, or its quotes are nested deeper than can be told: then it is for
/// the caller to show it as what it is around.
pub fn leaves_within(
    text: &str,
    places: &Arc<Places>,
    bounds: &Bounds,
    surroundings: &Surroundings<'_>,
    sink: &mut dyn Sink,
) -> Result<bool, Refusal> {
    if surroundings.quotes(Quote::Json).is_none() {
        return Ok(false);
    }
    // Leaves cannot be taken back, so the whole text is read once before anything is shown.
    if walk(text, places, bounds, &mut Nobody).is_err() {
        return Ok(false);
    }
    walk(text, places, bounds, &mut Outward { surroundings, sink })?;
    Ok(true)
}

/// Walks a JSON text that is all there.
pub(crate) fn walk(text: &str, places: &Arc<Places>, bounds: &Bounds, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let mut walker = JsonWalker::new(Arc::clone(places), bounds);
    walker.write(text.as_bytes(), sink)?;
    walker.end(sink)
}

impl Surroundings<'_> {
    fn quotes(&self, innermost: Quote) -> Option<Quotes> {
        self.layers().iter().try_fold(Quotes::one(innermost), |quotes, layer| quotes.within(*layer))
    }

    fn layers(&self) -> &[Quote] {
        self.outer.as_ref().map_or(&[], Quotes::layers)
    }
}

/// A leaf's pieces and member as they stand in what is around, in these layers of quoting; nothing if
/// they are nested deeper than can be told.
pub(crate) fn moved(
    leaf: &Leaf<'_>,
    raw_of: &dyn Fn(usize) -> usize,
    layers: &[Quote],
) -> Option<(Vec<Piece>, Option<Member>)> {
    let outward = |span: &Range<usize>| raw_of(span.start)..raw_of(span.end);
    let piece = |piece: &Piece| {
        let quotes = layers.iter().try_fold(piece.quotes, |quotes, layer| quotes.within(*layer))?;
        Some(Piece { span: outward(&piece.span), at: piece.at, quotes })
    };
    let pieces = leaf.pieces.iter().map(piece).collect::<Option<Vec<Piece>>>()?;
    let member = leaf.member.as_ref();
    let member = member.map(|member| Member { span: outward(&member.span), before: raw_of(member.before), ..*member });
    Some((pieces, member))
}

/// Takes whatever is shown.
pub(crate) struct Nobody;

impl Sink for Nobody {
    fn leaf(&mut self, _: &Leaf<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Translates leaves of the inner text; its records and what is settled are the outer walker's.
struct Outward<'a> {
    surroundings: &'a Surroundings<'a>,
    sink: &'a mut dyn Sink,
}

impl Outward<'_> {
    fn moved(&self, leaf: &Leaf<'_>) -> Result<(Vec<Piece>, Option<Member>), Refusal> {
        let surroundings = self.surroundings;
        moved(leaf, surroundings.raw_of, surroundings.layers())
            .ok_or_else(|| Refusal::new(Reason::Bound, "JSON is quoted deeper than it can be written"))
    }
}

impl Sink for Outward<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let (pieces, member) = self.moved(leaf)?;
        self.sink.leaf(&Leaf { pieces: &pieces, member, record: self.surroundings.record, ..leaf.clone() })
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        let (pieces, member) = self.moved(leaf)?;
        let room = pieces.iter().all(|piece| piece.quotes.within(Quote::Json).is_some());
        let leaf = Leaf { pieces: &pieces, member, record: self.surroundings.record, ..leaf.clone() };
        Ok(self.sink.opens(&leaf, readable && room)? && room)
    }
}
