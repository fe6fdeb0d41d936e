//! What stands inside attributes, scripts and comments: URLs, JSON, script, pages within the page.
//!
//! Each is read by its own reader over the decoded text; what it finds is told with spans into the
//! body and with the quoting of the place around it. What cannot be read is shown whole.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use crate::format::html::HtmlWalker;
use crate::format::html::entity;
use crate::format::html::held::{Held, Word};
use crate::format::html::page::{Eyes, Page};
use crate::format::html::show::Names;
use crate::format::json::within::{Surroundings, leaves_within};
use crate::format::{script, url};
use crate::terms::leaf::{Leaf, Member, Part, Piece, Sink, Walker};
use crate::terms::place::PlaceId;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// A text inside the page, and where it stands.
pub(super) struct Source<'a> {
    pub(super) text: Cow<'a, str>,
    /// Where each byte of the text stands in the raw text; nothing where each stands for itself.
    map: Option<Vec<u32>>,
    begin: usize,
    outer: Option<Quote>,
}

impl<'a> Source<'a> {
    /// An attribute's value that begins there in the body.
    pub(super) fn attribute(raw: &'a str, begin: usize, quote: Quote) -> Source<'a> {
        if !raw.contains('&') {
            return Source { text: Cow::Borrowed(raw), map: None, begin, outer: Some(quote) };
        }
        let (text, map) = entity::decode(raw, true);
        Source { text: Cow::Owned(text), map: Some(map), begin, outer: Some(quote) }
    }

    /// Text that stands as it is.
    pub(super) fn raw(raw: &'a str, begin: usize) -> Source<'a> {
        Source { text: Cow::Borrowed(raw), map: None, begin, outer: None }
    }

    /// The inside of a comment.
    pub(super) fn comment(raw: &'a str, begin: usize) -> Source<'a> {
        Source { outer: Some(Quote::HtmlComment), ..Source::raw(raw, begin) }
    }

    /// Where a part of the text stands in the body.
    pub(super) fn span(&self, span: Range<usize>) -> Range<usize> {
        self.raw_of(span.start)..self.raw_of(span.end)
    }

    /// The quoting of what is written so inside the text, if it can be told.
    fn quotes(&self, inner: Quote) -> Option<Quotes> {
        match self.outer {
            Some(outer) => Quotes::one(inner).within(outer),
            None => Some(Quotes::one(inner)),
        }
    }

    /// The text as it is, without a layer of its own.
    pub(super) fn piece(&self, span: Range<usize>) -> Piece {
        Piece { span: self.span(span), at: 0, quotes: Quotes::one(self.outer.unwrap_or(Quote::Verbatim)) }
    }

    fn raw_of(&self, offset: usize) -> usize {
        let mapped = self.map.as_ref().and_then(|map| map.get(offset)).map(|at| *at as usize);
        self.begin + mapped.unwrap_or(offset)
    }
}

/// The names and places that stand at a text.
#[derive(Clone, Default)]
pub(super) struct Context {
    pub(super) names: Names,
    pub(super) places: Vec<PlaceId>,
}

impl Page {
    /// Shows a part of a text as one leaf.
    pub(super) fn whole(
        &mut self,
        source: &Source<'_>,
        span: Range<usize>,
        part: Part,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let Some(text) = source.text.get(span.clone()).filter(|text| !text.trim().is_empty()) else { return Ok(()) };
        let mut held = self.bare(text.to_owned(), part, vec![source.piece(span)]);
        held.names = context.names.near.clone();
        held.above = context.names.above.clone();
        held.places = context.places.clone();
        held.itself = context.places.clone();
        self.deliver(held, eyes)
    }

    /// Shows the leaves of a text that is JSON; `false` if it is not.
    pub(super) fn json(
        &mut self,
        source: &Source<'_>,
        span: Range<usize>,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        let Some(text) = source.text.get(span.clone()) else { return Ok(false) };
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(false);
        }
        let raw_of = |offset| source.raw_of(span.start + offset);
        let outer = source.outer.map(Quotes::one);
        let surroundings = Surroundings { raw_of: &raw_of, outer, record: self.record };
        let mut gather = Gather::default();
        if !leaves_within(text, &Arc::clone(&self.nowhere), &self.bounds, &surroundings, &mut gather)? {
            return Ok(false);
        }
        self.gathered(gather, context, eyes)?;
        Ok(true)
    }

    /// Shows the parts of a URL that may carry a value.
    pub(super) fn url(&mut self, source: &Source<'_>, context: &Context, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        for part in url::parts(&source.text) {
            let quotes = source.quotes(part.quote).ok_or_else(too_deep)?;
            let is_all = part.span == (0..source.text.len());
            let piece = Piece { span: source.span(part.span), at: 0, quotes };
            let mut held = self.bare(part.text, part.part, vec![piece]);
            held.itself = context.places.iter().filter(|_| is_all).copied().collect();
            held.names = part.name.as_deref().map(Word::from).into_iter().collect();
            // A label says what an address is, but not what a path or a parameter is.
            if part.part == Part::Value {
                held.names.extend(context.names.near.iter().cloned());
            }
            held.above = context.names.above.clone();
            held.places = context.places.clone();
            self.deliver(held, eyes)?;
        }
        Ok(())
    }

    /// Shows the strings of a script, and the data that it hands to the page.
    pub(super) fn script(
        &mut self,
        source: &Source<'_>,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let text = &source.text;
        let mut at = 0;
        for data in script::json_parts(text) {
            if self.json(source, data.clone(), context, eyes)? {
                self.strings(source, at..data.start, context, eyes)?;
                at = data.end;
            }
        }
        self.strings(source, at..text.len(), context, eyes)
    }

    fn strings(
        &mut self,
        source: &Source<'_>,
        span: Range<usize>,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        for literal in script::strings(&source.text[span.clone()]) {
            if literal.text.trim().is_empty() {
                continue;
            }
            let within = span.start + literal.span.start..span.start + literal.span.end;
            let quotes = source.quotes(literal.quote).ok_or_else(too_deep)?;
            let piece = Piece { span: source.span(within), at: 0, quotes };
            let mut held = self.bare(literal.text, literal.part, vec![piece]);
            held.places = context.places.clone();
            self.deliver(held, eyes)?;
        }
        Ok(())
    }

    /// Shows a page within the page; one that cannot be read as a page is a leaf.
    pub(super) fn nested(
        &mut self,
        source: &Source<'_>,
        part: Part,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        let whole = 0..source.text.len();
        let Some(nests) = self.nests.checked_sub(1) else { return self.whole(source, whole, part, context, eyes) };
        let mut walker = HtmlWalker::within(&self.bounds, nests);
        let mut gather = Gather::default();
        let read = walker.write(source.text.as_bytes(), &mut gather).and_then(|()| walker.end(&mut gather));
        if read.is_err() || !gather.move_to(source) {
            return self.whole(source, whole, part, context, eyes);
        }
        self.gathered(gather, context, eyes)
    }

    fn gathered(&mut self, gather: Gather, context: &Context, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let mut objects = 0;
        for mut held in gather.leaves {
            held.record = self.record;
            held.places = context.places.clone();
            held.itself = Vec::new();
            held.around = Vec::new();
            held.above.extend(context.names.near.iter().chain(&context.names.above).cloned());
            if let Some(member) = &mut held.member {
                objects = objects.max(member.object + 1);
                member.object += self.objects;
            }
            self.deliver(held, eyes)?;
        }
        self.objects += objects;
        Ok(())
    }
}

/// Keeps the leaves of what stands inside, so that they can be shown with what is known outside.
#[derive(Default)]
struct Gather {
    leaves: Vec<Held>,
}

impl Gather {
    /// Tells the leaves as parts of the body; `false` if their quoting is too deep to tell.
    fn move_to(&mut self, source: &Source<'_>) -> bool {
        self.leaves.iter_mut().all(|held| {
            if let Some(member) = &held.member {
                let (span, before) = (source.span(member.span.clone()), source.raw_of(member.before));
                held.member = Some(Member { span, before, ..*member });
            }
            for (span, _) in &mut held.loosen {
                *span = source.span(span.clone());
            }
            held.pieces.iter_mut().all(|piece| {
                piece.span = source.span(piece.span.clone());
                match source.outer.map(|outer| piece.quotes.within(outer)) {
                    Some(Some(quotes)) => piece.quotes = quotes,
                    Some(None) => return false,
                    None => {}
                }
                true
            })
        })
    }
}

impl Sink for Gather {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.leaves.push(Held {
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
        });
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// A value that is quoted too often to be written again must not pass unseen.
fn too_deep() -> Refusal {
    Refusal::new(Reason::Unreadable, format!("html: a value is quoted in more than {} ways at once", Quotes::DEPTH))
}
