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
use crate::format::html::marks;
use crate::format::html::page::{Eyes, Page};
use crate::format::html::show::Names;
use crate::format::json::within::{Surroundings, leaves_within};
use crate::format::lines::{Sort, labelled};
use crate::format::quote::decode;
use crate::format::script::{self, Literal};
use crate::format::url::UrlPart;
use crate::format::{style, url};
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
    /// How the text is quoted; nothing where it stands as it is.
    outer: Option<Quotes>,
}

impl<'a> Source<'a> {
    /// An attribute's value that begins there in the body.
    pub(super) fn attribute(raw: &'a str, begin: usize, quote: Quote) -> Source<'a> {
        if !raw.contains('&') {
            return Source { text: Cow::Borrowed(raw), map: None, begin, outer: Some(Quotes::one(quote)) };
        }
        let (text, map) = entity::decode(raw, true);
        Source { text: Cow::Owned(text), map: Some(map), begin, outer: Some(Quotes::one(quote)) }
    }

    /// Text with references that begins there in the body.
    pub(super) fn text(raw: &'a str, begin: usize) -> Source<'a> {
        let (text, map) = entity::decode(raw, false);
        Source { text: Cow::Owned(text), map: Some(map), begin, outer: Some(Quotes::one(Quote::HtmlText)) }
    }

    /// Text that stands as it is.
    pub(super) fn raw(raw: &'a str, begin: usize) -> Source<'a> {
        Source { text: Cow::Borrowed(raw), map: None, begin, outer: None }
    }

    /// The inside of a comment.
    pub(super) fn comment(raw: &'a str, begin: usize) -> Source<'a> {
        Source { outer: Some(Quotes::one(Quote::HtmlComment)), ..Source::raw(raw, begin) }
    }

    /// Where a part of the text stands in the body.
    pub(super) fn span(&self, span: Range<usize>) -> Range<usize> {
        self.raw_of(span.start)..self.raw_of(span.end)
    }

    /// A part of the text that is quoted once more, if that can be told.
    fn inside(&self, span: Range<usize>, quote: Quote) -> Option<Source<'static>> {
        let outer = self.quotes(quote)?;
        let decoded = decode(Quotes::one(quote), self.text.get(span.clone())?).ok()?;
        let raw = |at: &u32| u32::try_from(self.raw_of(span.start + *at as usize) - self.begin).unwrap_or(u32::MAX);
        let map = decoded.map.iter().map(raw).collect();
        Some(Source { text: Cow::Owned(decoded.text), map: Some(map), begin: self.begin, outer: Some(outer) })
    }

    /// The quoting of what is written so inside the text, if it can be told.
    fn quotes(&self, inner: Quote) -> Option<Quotes> {
        around(Quotes::one(inner), self.outer)
    }

    /// A part of the text as a leaf's: as it is, or with references undone that were encoded twice.
    pub(super) fn leaf(&self, span: Range<usize>) -> Option<(String, Piece)> {
        let text = self.text.get(span.clone())?;
        if entity::is_encoded(text)
            && let Some(inner) = self.inside(span.clone(), Quote::HtmlText)
        {
            let piece = inner.piece(0..inner.text.len());
            return Some((inner.text.into_owned(), piece));
        }
        Some((text.to_owned(), self.piece(span)))
    }

    /// The text as it is, without a layer of its own.
    pub(super) fn piece(&self, span: Range<usize>) -> Piece {
        Piece { span: self.span(span), at: 0, quotes: self.outer.unwrap_or(Quotes::one(Quote::Verbatim)) }
    }

    pub(super) fn raw_of(&self, offset: usize) -> usize {
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
        let named = !context.names.near.is_empty() || !context.places.is_empty();
        if !named
            && matches!(part, Part::Attribute | Part::Comment | Part::Text)
            && self.lines_in(source, &span, part, context, eyes)?
        {
            return Ok(());
        }
        let Some((text, piece)) = source.leaf(span).filter(|(text, _)| !text.trim().is_empty()) else { return Ok(()) };
        let mut held = self.bare(text, part, vec![piece]);
        held.names = context.names.near.clone();
        held.above = context.names.above.clone();
        held.places = context.places.clone();
        held.itself = context.places.clone();
        self.deliver(held, eyes)
    }

    /// Shows a text whose lines say themselves what they hold: a tooltip, a comment. `false` if none does.
    fn lines_in(
        &mut self,
        source: &Source<'_>,
        span: &Range<usize>,
        part: Part,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        let Some(text) = source.text.get(span.clone()) else { return Ok(false) };
        let breaks: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let lines = labelled(text, &breaks, &self.words);
        for line in &lines {
            let inside = trimmed(text, line.span.clone());
            let Some((value, piece)) = source.leaf(span.start + inside.start..span.start + inside.end) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            let part = match line.sort {
                Sort::Plain => part,
                Sort::Label => Part::Label,
                Sort::Value(_) => Part::Value,
            };
            let mut held = self.bare(value, part, vec![piece]);
            if let Sort::Value(label) = &line.sort {
                held.names.push(Word::from(&text[label.clone()]));
                held.above = context.names.above.clone();
            }
            self.deliver(held, eyes)?;
        }
        Ok(!lines.is_empty())
    }

    /// Shows the leaves of a text that is JSON; `false` if it is not.
    pub(super) fn json(
        &mut self,
        source: &Source<'_>,
        span: Range<usize>,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        let Some(gather) = self.json_leaves(source, span)? else { return Ok(false) };
        self.gathered(gather, context, eyes)?;
        Ok(true)
    }

    /// The same of a part of a URL, which has a name of its own.
    fn json_in_url(
        &mut self,
        source: &Source<'_>,
        part: &UrlPart,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        if part.part != Part::Url || !part.text.trim_start().starts_with(['{', '[']) {
            return Ok(false);
        }
        let Some(inner) = source.inside(part.span.clone(), part.quote) else { return Ok(false) };
        let Some(mut gather) = self.json_leaves(&inner, 0..inner.text.len())? else { return Ok(false) };
        let name: Vec<Word> = part.name.as_deref().map(Word::from).into_iter().collect();
        // What stands in a list without a name of its own is what the parameter is called.
        for held in gather.leaves.iter_mut().map(|leaf| &mut leaf.held).filter(|held| held.names.is_empty()) {
            held.names.clone_from(&name);
        }
        let names = Names { near: name, above: context.names.above.clone() };
        self.gathered(gather, &Context { names, places: context.places.clone() }, eyes)?;
        Ok(true)
    }

    fn json_leaves(&mut self, source: &Source<'_>, span: Range<usize>) -> Result<Option<Gather>, Refusal> {
        let Some(text) = source.text.get(span.clone()) else { return Ok(None) };
        if !text.trim_start().starts_with(['{', '[']) {
            return Ok(None);
        }
        let raw_of = |offset| source.raw_of(span.start + offset);
        let surroundings =
            Surroundings { raw_of: &raw_of, outer: source.outer, record: self.record, nests: self.nests };
        let mut gather = Gather::default();
        let read = leaves_within(text, &Arc::clone(&self.nowhere), &self.bounds, &surroundings, &mut gather)?;
        Ok(read.then_some(gather))
    }

    /// Shows the parts of a URL that may carry a value; it begins there in the text.
    pub(super) fn url(
        &mut self,
        source: &Source<'_>,
        from: usize,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<(), Refusal> {
        for mut part in url::parts(&source.text[from..]) {
            part.span = part.span.start + from..part.span.end + from;
            if part.part == Part::Script
                && let Some(inner) = source.inside(part.span.clone(), part.quote)
            {
                let context = Context { names: Names::default(), places: context.places.clone() };
                self.script(&inner, &context, eyes)?;
                continue;
            }
            if let Some(kind) = url::data_type(&source.text[from..])
                && let Some(inner) = source.inside(part.span.clone(), part.quote)
                && self.data_address(&inner, kind, context, eyes)?
            {
                continue;
            }
            if self.json_in_url(source, &part, context, eyes)? {
                continue;
            }
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
            let name = script::name_before(&text[at..data.start]).map(Word::from);
            let mut inside = context.clone();
            name.into_iter().for_each(|name| inside.names.near.insert(0, name));
            if self.json(source, data.clone(), &inside, eyes)? {
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
            if self.data_in(source, within.clone(), &literal, context, eyes)? {
                continue;
            }
            let quotes = source.quotes(literal.quote).ok_or_else(too_deep)?;
            let piece = Piece { span: source.span(within), at: 0, quotes };
            let mut held = self.bare(literal.text, literal.part, vec![piece]);
            held.names = literal.name.into_iter().collect();
            held.above = literal.above;
            held.places = context.places.clone();
            self.deliver(held, eyes)?;
        }
        Ok(())
    }

    /// Shows the data that a script keeps in a string, to be read with `JSON.parse`; `false` if it is
    /// none.
    fn data_in(
        &mut self,
        source: &Source<'_>,
        span: Range<usize>,
        literal: &Literal,
        context: &Context,
        eyes: &mut Eyes<'_>,
    ) -> Result<bool, Refusal> {
        let begins = |with: char| literal.text.trim_start().starts_with(with);
        let is_markup = literal.part == Part::Script && self.nests > 0 && begins('<');
        if !literal.may_be_data() && !is_markup {
            return Ok(false);
        }
        let Some(inner) = source.inside(span, literal.quote) else { return Ok(false) };
        let whole = 0..inner.text.len();
        if !is_markup {
            return self.json(&inner, whole, context, eyes);
        }
        let mut context = context.clone();
        context.names.near.extend(literal.name.iter().cloned());
        // What a script says of it as a whole is a value.
        if context.names.near.iter().any(|name| self.words.know(name)) {
            return Ok(false);
        }
        self.markup(&inner, whole, Part::Script, &context, eyes)
    }

    /// Shows what of a style sheet may hold a value; the rest is structure.
    pub(super) fn style(&mut self, source: &Source<'_>, context: &Context, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let mut at = 0;
        for part in style::parts(&source.text) {
            let inner = source.inside(part.span.clone(), part.quote()).ok_or_else(too_deep)?;
            self.whole(source, trimmed(&source.text, at..part.span.start), Part::Style, context, eyes)?;
            at = part.span.end;
            let whole = 0..inner.text.len();
            match part.sort {
                style::Sort::Url => self.url(&inner, 0, context, eyes)?,
                style::Sort::Comment => self.whole(&inner, whole, Part::Comment, context, eyes)?,
                style::Sort::Text | style::Sort::Variable => self.whole(&inner, whole, Part::Script, context, eyes)?,
            }
        }
        self.whole(source, trimmed(&source.text, at..source.text.len()), Part::Style, context, eyes)
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
        let mut walker = HtmlWalker::within(&self.bounds, &self.words, nests);
        let mut gather = Gather::of(part);
        let read = walker.write(source.text.as_bytes(), &mut gather).and_then(|()| walker.end(&mut gather));
        if read.is_err() || !gather.move_to(source) {
            return self.whole(source, whole, part, context, eyes);
        }
        self.gathered(gather, context, eyes)
    }

    /// Shows what was kept, with what is known around it.
    pub(super) fn gathered(&mut self, gather: Gather, context: &Context, eyes: &mut Eyes<'_>) -> Result<(), Refusal> {
        let mut objects = 0;
        let mut closed = 0..0;
        for Gathered { mut held, document } in gather.leaves {
            if closed.contains(&held.begin()) {
                continue;
            }
            held.record = self.record;
            held.places = if gather.is_text && !held.is_text() { Vec::new() } else { context.places.clone() };
            held.itself = Vec::new();
            held.around = Vec::new();
            held.above.extend(context.names.near.iter().chain(&context.names.above).cloned());
            if let Some(member) = &mut held.member {
                objects = objects.max(member.object + 1);
                member.object += self.objects;
            }
            if let Some(readable) = document {
                held = if self.marks.is_empty() { held } else { marks::parted(held, &self.marks, eyes.raw)? };
                // What only others can read is shown behind it as a text, where nothing is sought in there.
                if held.opens(readable, eyes.sink)? || !readable {
                    continue;
                }
                // It is one value then, and what it holds is a part of it.
                closed = held.pieces.first().map_or(0..0, |piece| piece.span.clone());
            }
            self.deliver(held, eyes)?;
        }
        self.objects += objects;
        Ok(())
    }
}

/// A leaf of what stands inside.
struct Gathered {
    held: Held,
    /// Whether it is a text that holds a document which can be read: its leaves come behind it.
    document: Option<bool>,
}

/// Keeps the leaves of what stands inside, so that they can be shown with what is known outside.
#[derive(Default)]
pub(super) struct Gather {
    leaves: Vec<Gathered>,
    /// All of it is text of an element: a place of that says nothing of what stands in tags inside.
    is_text: bool,
}

impl Gather {
    /// What keeps the leaves of such a part.
    pub(super) fn of(part: Part) -> Gather {
        Gather { is_text: part == Part::Text, ..Gather::default() }
    }

    /// Tells the leaves as parts of the body; `false` if their quoting is too deep to tell, or not to be written.
    pub(super) fn move_to(&mut self, source: &Source<'_>) -> bool {
        self.leaves.iter_mut().map(|leaf| &mut leaf.held).all(|held| {
            if let Some(member) = &held.member {
                let (span, before) = (source.span(member.span.clone()), source.raw_of(member.before));
                held.member = Some(Member { span, before, ..*member });
            }
            for (span, _) in &mut held.loosen {
                *span = source.span(span.clone());
            }
            held.pieces.iter_mut().all(|piece| {
                // What begins so would end a comment at its beginning, and is no part of one that can be written.
                let is_mark = source.text.get(piece.span.clone()).is_some_and(|text| text.starts_with(['>', '-']));
                if is_mark && source.outer == Some(Quotes::one(Quote::HtmlComment)) {
                    return false;
                }
                piece.span = source.span(piece.span.clone());
                let quotes = around(piece.quotes, source.outer);
                piece.quotes = quotes.unwrap_or(piece.quotes);
                quotes.is_some()
            })
        })
    }
}

impl Sink for Gather {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.leaves.push(Gathered { held: Held::of(leaf), document: None });
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whether it does is asked where it is shown.
    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        self.leaves.push(Gathered { held: Held::of(leaf), document: Some(readable) });
        Ok(readable)
    }
}

/// The layers of a text inside those of what it stands in, if all can be told.
fn around(inner: Quotes, outer: Option<Quotes>) -> Option<Quotes> {
    let outer = outer.as_ref().map_or(&[][..], Quotes::layers);
    outer.iter().try_fold(inner, |quotes, layer| quotes.within(*layer))
}

/// A part of a text without the blanks around it.
pub(super) fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let begin = span.start + part.len() - part.trim_start().len();
    begin..(span.start + part.trim_end().len()).max(begin)
}

/// A value that is quoted too often to be written again must not pass unseen.
fn too_deep() -> Refusal {
    Refusal::new(Reason::Bound, format!("html: a value is quoted in more than {} ways at once", Quotes::DEPTH))
}
