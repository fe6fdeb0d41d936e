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
use crate::terms::refusal::Refusal;

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
    let (Some(string), Some(bare)) = (surroundings.quotes(Quote::Json), surroundings.quotes(Quote::JsonBare)) else {
        return Ok(false);
    };
    // Leaves cannot be taken back, so the whole text is read once before anything is shown.
    if walk(text, places, bounds, &mut Nobody).is_err() {
        return Ok(false);
    }
    walk(text, places, bounds, &mut Outward { surroundings, string, bare, sink })?;
    Ok(true)
}

fn walk(text: &str, places: &Arc<Places>, bounds: &Bounds, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let mut walker = JsonWalker::new(Arc::clone(places), bounds);
    walker.write(text.as_bytes(), sink)?;
    walker.end(sink)
}

impl Surroundings<'_> {
    fn quotes(&self, innermost: Quote) -> Option<Quotes> {
        let outer = self.outer.as_ref().map_or(&[][..], Quotes::layers);
        outer.iter().try_fold(Quotes::one(innermost), |quotes, layer| quotes.within(*layer))
    }

    fn span(&self, span: &Range<usize>) -> Range<usize> {
        (self.raw_of)(span.start)..(self.raw_of)(span.end)
    }
}

struct Nobody;

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
    string: Quotes,
    bare: Quotes,
    sink: &'a mut dyn Sink,
}

impl Sink for Outward<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let outward = |piece: &Piece| {
            let quotes = if piece.quotes == Quotes::one(Quote::JsonBare) { self.bare } else { self.string };
            Piece { span: self.surroundings.span(&piece.span), at: piece.at, quotes }
        };
        let pieces: Vec<Piece> = leaf.pieces.iter().map(outward).collect();
        let member = leaf.member.as_ref().map(|member| Member {
            span: self.surroundings.span(&member.span),
            before: (self.surroundings.raw_of)(member.before),
            ..*member
        });
        self.sink.leaf(&Leaf { pieces: &pieces, member, record: self.surroundings.record, ..leaf.clone() })
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}
