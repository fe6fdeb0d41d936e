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
    /// How deep documents of other sorts may stand in its strings.
    pub nests: usize,
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
    if walk(text, places, bounds, 0, &mut Nobody).is_err() {
        return Ok(false);
    }
    let layers = surroundings.layers().len();
    let walker = JsonWalker::new(Arc::clone(places), bounds).holding(bounds, surroundings.nests, layers);
    read(walker, text, &mut Outward { surroundings, sink })?;
    Ok(true)
}

/// Walks a JSON text that is all there, in whose strings documents of other sorts may stand so deep.
pub(crate) fn walk(
    text: &str,
    places: &Arc<Places>,
    bounds: &Bounds,
    nests: usize,
    sink: &mut dyn Sink,
) -> Result<(), Refusal> {
    read(JsonWalker::new(Arc::clone(places), bounds).holding(bounds, nests, 0), text, sink)
}

fn read(mut walker: JsonWalker, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
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

/// A leaf of something inside as it stands in what is around.
pub(crate) struct Moved<'l> {
    leaf: &'l Leaf<'l>,
    pieces: Vec<Piece>,
    member: Option<Member>,
    loosen: Vec<(Range<usize>, &'static str)>,
}

impl<'l> Moved<'l> {
    /// The leaf in these layers of quoting; nothing if they are nested deeper than can be told.
    pub(crate) fn new(leaf: &'l Leaf<'l>, raw_of: &dyn Fn(usize) -> usize, layers: &[Quote]) -> Option<Moved<'l>> {
        let outward = |span: &Range<usize>| raw_of(span.start)..raw_of(span.end);
        let piece = |piece: &Piece| {
            let quotes = layers.iter().try_fold(piece.quotes, |quotes, layer| quotes.within(*layer))?;
            Some(Piece { span: outward(&piece.span), at: piece.at, quotes })
        };
        let pieces = leaf.pieces.iter().map(piece).collect::<Option<Vec<Piece>>>()?;
        let member = leaf.member.as_ref();
        let member =
            member.map(|member| Member { span: outward(&member.span), before: raw_of(member.before), ..*member });
        let loosen = leaf.loosen.iter().map(|(span, text)| (outward(span), *text)).collect();
        Some(Moved { leaf, pieces, member, loosen })
    }

    /// The leaf there.
    pub(crate) fn leaf(&self) -> Leaf<'_> {
        Leaf { pieces: &self.pieces, member: self.member.clone(), loosen: &self.loosen, ..self.leaf.clone() }
    }

    /// Whether a document in it can be told as well.
    pub(crate) fn has_room(&self) -> bool {
        self.pieces.iter().all(|piece| piece.quotes.within(Quote::Json).is_some())
    }
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
    fn moved<'l>(&self, leaf: &'l Leaf<'l>) -> Result<Moved<'l>, Refusal> {
        let surroundings = self.surroundings;
        Moved::new(leaf, surroundings.raw_of, surroundings.layers())
            .ok_or_else(|| Refusal::new(Reason::Bound, "JSON is quoted deeper than it can be written"))
    }
}

impl Sink for Outward<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let moved = self.moved(leaf)?;
        self.sink.leaf(&Leaf { record: self.surroundings.record, ..moved.leaf() })
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        let moved = self.moved(leaf)?;
        let room = moved.has_room();
        let leaf = Leaf { record: self.surroundings.record, ..moved.leaf() };
        Ok(self.sink.opens(&leaf, readable && room)? && room)
    }
}
