//! Documents that stand as text in others: JSON, XML and pages in an element of XML, a cell of a table, a
//! string of a script.
//!
//! Services of old hand a whole answer over as one string of another. Such a text is read by its own reader,
//! and what that shows is told with spans into the body, with the quoting around it, and below the names and
//! places of the text. Whoever decides is asked before, since a value that is veiled whole is no document.
//! A text that begins as one and cannot be told from another is a text.

use std::ops::Range;
use std::sync::Arc;

use crate::format::html::HtmlWalker;
use crate::format::json::JsonWalker;
use crate::format::xml::XmlWalker;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::place::Places;
use crate::terms::quote::Quote;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Words;

/// How deep documents may stand in documents.
pub const NESTS: usize = 2;

/// How deep pages may stand in a page that stands in something else.
const PAGES: usize = 1;

/// Elements by which a page is told from data: those that mark what is read, and are no names of fields.
const MARKUP: &[&str] = &[
    "html", "head", "body", "div", "span", "table", "thead", "tbody", "tr", "td", "th", "ul", "ol", "li", "dl", "dt",
    "dd", "p", "br", "hr", "a", "b", "i", "u", "em", "strong", "font", "h1", "h2", "h3", "h4", "h5", "h6", "form",
    "input", "select", "option", "textarea", "button", "label", "fieldset", "legend", "img", "script", "style",
    "center", "pre", "small", "section", "article", "!doctype",
];

/// Whether a text may hold a document of its own.
pub fn may_hold(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[', '<'])
}

/// Whether a text is marked up as pages are, from its first character on or at its end.
pub fn is_markup(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('<') && text.contains('>') && tags(text).any(|name| is_of_pages(&name))
}

/// Reads what stands in the texts of one body.
pub struct Insides {
    words: Arc<Words>,
    nowhere: Arc<Places>,
    bounds: Bounds,
    nests: usize,
    /// How many JSON objects were opened in the body so far.
    objects: u32,
}

/// What a text turns out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Json,
    Xml,
    Page,
}

impl Insides {
    /// What reads the texts of a body in which these words mean something; the documents in it may hold so
    /// many others.
    pub fn new(words: &Arc<Words>, bounds: &Bounds, nests: usize) -> Insides {
        let nowhere = Arc::new(Places { words: Arc::clone(words), ..Places::default() });
        Insides { words: Arc::clone(words), nowhere, bounds: bounds.clone(), nests, objects: 0 }
    }

    /// Shows the leaves of the document that a leaf's text holds; `false`, with nothing shown, if it holds none
    /// or nobody wants them. `map` says where in the body each byte of the text stands.
    pub fn show(&mut self, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let from = begin(leaf.text);
        let text = &leaf.text[from..];
        let Some(proof) = proof(text) else { return Ok(false) };
        // Leaves cannot be taken back, so all of it is read before one is shown.
        let mut nobody = Checked;
        let mut outward = Outward { leaf, map, from, objects: self.objects, opened: 0, sink: &mut nobody };
        let proof = match self.walk(proof, text, &mut outward) {
            Ok(()) => Some(proof),
            Err(refusal) if proof == Proof::Json => {
                if refusal.reason != Reason::Bound {
                    return Ok(false);
                }
                None
            }
            Err(_) => None,
        };
        let readable = self.nests > 0 && proof.is_some();
        if !sink.opens(leaf, readable)? || !readable {
            return Ok(false);
        }
        let mut outward = Outward { leaf, map, from, objects: self.objects, opened: 0, sink };
        self.walk(proof.unwrap_or(Proof::Json), text, &mut outward)?;
        self.objects += outward.opened;
        Ok(true)
    }

    fn walk(&self, proof: Proof, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let nests = self.nests.saturating_sub(1);
        let mut walker: Box<dyn Walker> = match proof {
            Proof::Json => Box::new(JsonWalker::new(Arc::clone(&self.nowhere), &self.bounds)),
            Proof::Xml => Box::new(XmlWalker::within(&self.nowhere, &self.bounds, nests)),
            Proof::Page => Box::new(HtmlWalker::within(&self.bounds, &self.words, PAGES.min(nests))),
        };
        walker.write(text.as_bytes(), sink)?;
        walker.end(sink)
    }
}

/// Where the document in a text begins.
fn begin(text: &str) -> usize {
    text.len() - text.trim_start_matches('\u{feff}').trim_start().len()
}

/// What a text begins as.
fn proof(text: &str) -> Option<Proof> {
    if text.starts_with(['{', '[']) {
        return Some(Proof::Json);
    }
    if !text.starts_with('<') {
        return None;
    }
    if is_markup(text) {
        return Some(Proof::Page);
    }
    // One tag in a text may be anything, two of one name are an element.
    let is_named = text[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '!'));
    let is_element = text.starts_with("<?xml") || (is_named && (text.contains("</") || text.contains("/>")));
    is_element.then_some(Proof::Xml)
}

/// The names of the elements that begin in a text, in lower case.
fn tags(text: &str) -> impl Iterator<Item = String> {
    text.split('<').skip(1).map(|tag| {
        let end = tag.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '!' | ':' | '-' | '_' | '.')));
        tag[..end.unwrap_or(tag.len()).min(tag.len())].to_ascii_lowercase()
    })
}

fn is_of_pages(name: &str) -> bool {
    MARKUP.contains(&name)
}

/// Tells the leaves of the inner document as parts of the body.
struct Outward<'a> {
    leaf: &'a Leaf<'a>,
    map: &'a [usize],
    /// Where in the leaf's text the document begins.
    from: usize,
    /// How many objects were opened before it.
    objects: u32,
    /// How many were opened in it.
    opened: u32,
    sink: &'a mut dyn Sink,
}

impl Outward<'_> {
    /// Where a part of the inner text stands in the body, and how it is quoted there.
    fn moved(&self, span: &Range<usize>) -> Option<(Range<usize>, &Piece)> {
        let (start, end) = (span.start + self.from, span.end + self.from);
        let at = self.leaf.pieces.iter().rposition(|piece| piece.at <= start)?;
        let piece = &self.leaf.pieces[at];
        let piece_end = self.leaf.pieces.get(at + 1).map_or(self.leaf.text.len(), |next| next.at);
        let raw = |offset: usize| if offset == piece_end { piece.span.end } else { self.map[offset] };
        (end <= piece_end).then(|| (raw(start)..raw(end), piece))
    }

    fn span(&self, span: &Range<usize>) -> Option<Range<usize>> {
        self.moved(span).map(|(span, _)| span)
    }

    fn pieces(&self, inner: &[Piece]) -> Option<Vec<Piece>> {
        let moved = |piece: &Piece| {
            let (span, outer) = self.moved(&piece.span)?;
            let quotes = outer.quotes.layers().iter().try_fold(piece.quotes, |quotes, layer| quotes.within(*layer))?;
            Some(Piece { span, at: piece.at, quotes })
        };
        inner.iter().map(moved).collect()
    }

    fn member(&mut self, member: Option<&Member>) -> Option<Option<Member>> {
        let Some(member) = member else { return Some(None) };
        self.opened = self.opened.max(member.object + 1);
        let whole = self.span(&(member.before.min(member.span.start)..member.span.end))?;
        let span = self.span(&member.span)?;
        let object = member.object + self.objects;
        Some(Some(Member { object, span, before: whole.start, index: member.index }))
    }

    fn told<T>(
        &mut self,
        leaf: &Leaf<'_>,
        tell: impl FnOnce(&mut dyn Sink, &Leaf<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let deep = || Refusal::new(Reason::Bound, "a document in a text is quoted deeper than it can be written");
        let pieces = self.pieces(leaf.pieces).ok_or_else(deep)?;
        let member = self.member(leaf.member.as_ref()).ok_or_else(deep)?;
        let loosen = |(span, text): &(Range<usize>, &'static str)| Some((self.span(span)?, *text));
        let loosen: Vec<_> = leaf.loosen.iter().map(loosen).collect::<Option<_>>().ok_or_else(deep)?;
        let above: Vec<&str> = leaf.above.iter().chain(self.leaf.names.iter()).chain(self.leaf.above.iter()).collect();
        let objects: Vec<u32> = leaf.objects.iter().map(|object| object + self.objects).collect();
        self.opened = leaf.objects.iter().fold(self.opened, |opened, object| opened.max(object + 1));
        let outer = Leaf {
            pieces: &pieces,
            above: Names::list(&above),
            places: self.leaf.places,
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
        let room = |piece: &Piece| piece.quotes.within(Quote::Json).is_some();
        self.told(leaf, |sink, leaf| {
            let room = leaf.pieces.iter().all(room);
            Ok(sink.opens(leaf, readable && room)? && room)
        })
    }
}

/// Takes whatever is shown, and wants all documents in it.
struct Checked;

impl Sink for Checked {
    fn leaf(&mut self, _: &Leaf<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, _: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        Ok(readable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_from_data_by_its_elements() {
        for text in ["<table><tr>", " <p>a</p>", "<x><td>", "<!DOCTYPE html>", "<BR/>a"] {
            assert!(is_markup(text), "{text}");
        }
        for text in ["<name>a</name>", "<3 you", "<a@b.example", "a <p>", "<address>x</address>", "{\"a\":1}"] {
            assert!(!is_markup(text), "{text}");
        }
    }

    #[test]
    fn what_a_text_begins_as() {
        for (text, is) in [("{", 'j'), ("[1]", 'j'), ("<?xml?>", 'x'), ("<name>a</name>", 'x'), ("<p>a", 'p')] {
            let told = match proof(text) {
                Some(Proof::Json) => 'j',
                Some(Proof::Xml) => 'x',
                Some(Proof::Page) => 'p',
                None => '-',
            };
            assert_eq!(told, is, "{text}");
        }
        for text in ["", "a", "<taro@example.jp>", "<3 you"] {
            assert!(proof(text).is_none(), "{text}");
        }
    }
}
