//! Documents that stand as text in others: JSON, XML and pages in an element of XML, a cell of a table, a
//! string of a script.
//!
//! Services of old hand a whole answer over as one string of another. Such a text is read by its own reader,
//! and what that shows is told with spans into the body, with the quoting around it, and below the names and
//! places of the text. Whoever decides is asked before, since a value that is veiled whole is no document.
//! A text that begins as one and cannot be told from another is a text, but for XML of which somebody knows
//! a name: where a field is, and cannot be read, nothing may pass.

mod both;
mod look;

use std::ops::Range;
use std::sync::Arc;

use crate::format::html::HtmlWalker;
use crate::format::inside::both::Reading;
use crate::format::inside::look::Look;
use crate::format::json::JsonWalker;
use crate::format::quote::decode;
use crate::format::xml::XmlWalker;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Member, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::place::Places;
use crate::terms::quote::Quote;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Words;

pub use crate::format::inside::look::is_markup;

/// How deep documents may stand in documents.
pub const NESTS: usize = 2;

/// How deep pages may stand in a page that stands in something else.
const PAGES: usize = 1;

/// Whether a text may hold a document of its own.
pub fn may_hold(text: &str) -> bool {
    begins(text).is_some_and(|begins| begins)
}

/// The same of a text of which more may come; nothing as long as it is blank.
pub fn begins(text: &str) -> Option<bool> {
    let first = text.chars().find(|c| !c.is_whitespace() && *c != '\u{feff}');
    first.map(|first| matches!(first, '{' | '[' | '<'))
}

/// Reads what stands in the texts of one body.
pub struct Insides {
    words: Arc<Words>,
    nowhere: Arc<Places>,
    bounds: Bounds,
    nests: usize,
    /// How many JSON objects were opened in the body so far.
    objects: u32,
    /// Whether what cannot be read is a text, whatever it says.
    lenient: bool,
    /// Whether pages are read as well.
    pages: bool,
}

/// What reads a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Json,
    Xml,
    Page,
}

/// What a text turns out to be.
enum Proof {
    Text,
    /// A document that this one does not read, and others may.
    Sealed,
    Is(Reader),
    /// XML whose elements are called as those of pages.
    Both(Look),
}

impl Insides {
    /// What reads the texts of a body in which these words mean something; the documents in it may hold so
    /// many others.
    pub fn new(words: &Arc<Words>, bounds: &Bounds, nests: usize) -> Insides {
        let nowhere = Arc::new(Places { words: Arc::clone(words), ..Places::default() });
        Insides {
            words: Arc::clone(words),
            nowhere,
            bounds: bounds.clone(),
            nests,
            objects: 0,
            lenient: false,
            pages: true,
        }
    }

    /// The same where programs keep parts of documents as well, which nobody else can read either: what cannot be
    /// read is a text.
    pub fn lenient(mut self) -> Insides {
        self.lenient = true;
        self
    }

    /// The same for whoever reads pages himself.
    pub fn without_pages(mut self) -> Insides {
        self.pages = false;
        self
    }

    /// The same behind so many JSON objects of the body.
    pub fn behind(mut self, objects: u32) -> Insides {
        self.objects = objects;
        self
    }

    /// How many JSON objects of the body were opened up to here.
    pub fn objects(&self) -> u32 {
        self.objects
    }

    /// Shows the leaves of the document that a leaf's text holds; `false`, with nothing shown, if it holds none
    /// or nobody wants them. `map` says where in the body each byte of the text stands.
    pub fn show(&mut self, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let from = begin(leaf.text);
        let text = &leaf.text[from..];
        // Leaves cannot be taken back, so all of it is read before one is shown.
        let mut nobody = Checked;
        let mut outward = Outward { leaf, map, from, objects: self.objects, opened: 0, sink: &mut nobody };
        let proof = self.proof(text, &mut outward);
        let readable = self.nests > 0 && matches!(proof, Proof::Is(_) | Proof::Both(_));
        let is_text = match proof {
            Proof::Text => true,
            Proof::Is(Reader::Page) if !self.pages => true,
            _ => self.lenient && !readable,
        };
        if is_text || !sink.opens(leaf, readable)? || !readable {
            return Ok(false);
        }
        let mut outward = Outward { leaf, map, from, objects: self.objects, opened: 0, sink };
        match proof {
            Proof::Is(reader) => self.walk(reader, text, &mut outward)?,
            Proof::Both(look) => {
                let (mut xml, mut page) = (Reading::default(), Reading::default());
                self.walk(Reader::Xml, text, &mut xml)?;
                self.walk(Reader::Page, text, &mut page)?;
                both::show((xml, page), &look, &self.words, &mut outward)?;
            }
            Proof::Text | Proof::Sealed => {}
        }
        self.objects += outward.opened;
        Ok(true)
    }

    fn proof(&self, text: &str, nobody: &mut dyn Sink) -> Proof {
        if text.starts_with(['{', '[']) {
            return match self.walk(Reader::Json, text, nobody) {
                Ok(()) => Proof::Is(Reader::Json),
                Err(refusal) if refusal.reason == Reason::Bound => Proof::Sealed,
                Err(_) => Proof::Text,
            };
        }
        if !may_be_markup(text) {
            return Proof::Text;
        }
        let look = Look::at(text, &self.words);
        match self.walk(Reader::Xml, text, nobody) {
            Ok(()) if !look.has_markup => Proof::Is(Reader::Xml),
            // Whoever begins as a page and names no field is one.
            Ok(()) if look.begins_as_page && !look.may_be_named => self.page(text, nobody),
            Err(_) if look.begins_as_page && !look.is_named => self.page(text, nobody),
            Ok(()) if self.walk(Reader::Page, text, nobody).is_ok() => Proof::Both(look),
            Ok(()) => Proof::Sealed,
            Err(refusal) if refusal.reason == Reason::Bound || look.is_named => Proof::Sealed,
            Err(_) if look.has_any_markup => self.page(text, nobody),
            Err(_) if text.starts_with("<?xml") => Proof::Sealed,
            // That it is none may be a customer's word: no field is in there.
            Err(_) => Proof::Text,
        }
    }

    fn page(&self, text: &str, nobody: &mut dyn Sink) -> Proof {
        let read = self.walk(Reader::Page, text, nobody);
        if read.is_ok() { Proof::Is(Reader::Page) } else { Proof::Sealed }
    }

    fn walk(&self, reader: Reader, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let nests = self.nests.saturating_sub(1);
        let mut walker: Box<dyn Walker> = match reader {
            Reader::Json => Box::new(JsonWalker::new(Arc::clone(&self.nowhere), &self.bounds)),
            Reader::Xml => Box::new(XmlWalker::within(&self.nowhere, &self.bounds, nests)),
            Reader::Page => Box::new(HtmlWalker::within(&self.bounds, &self.words, PAGES.min(nests))),
        };
        walker.write(text.as_bytes(), sink)?;
        walker.end(sink)
    }
}

/// Where the document in a text begins.
fn begin(text: &str) -> usize {
    text.len() - text.trim_start_matches('\u{feff}').trim_start().len()
}

/// Whether a text is marked up as pages are, or as XML is: one tag in a text may be anything, two of one name
/// are an element.
fn may_be_markup(text: &str) -> bool {
    let is_named =
        text.starts_with('<') && text[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '!'));
    text.starts_with("<?xml") || (is_named && (text.contains("</") || text.contains("/>"))) || is_markup(text)
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
    use crate::terms::words::Length;

    #[test]
    fn of_blanks_nothing_is_known_yet() {
        for (text, is) in [("\u{feff} \n", None), (" {", Some(true)), ("\u{feff}<", Some(true)), (" a<", Some(false))] {
            assert_eq!(begins(text), is, "{text}");
        }
    }

    #[test]
    fn what_a_text_turns_out_to_be() {
        let mut words = Words::default();
        ["name", "address"].into_iter().for_each(|name| words.add(name, Length::Line));
        let insides = Insides::new(&Arc::new(words), &Bounds::default(), NESTS);
        for (text, is) in [
            ("{}", "json"),
            ("[INFO] ok", "text"),
            ("", "text"),
            ("a", "text"),
            ("<taro@example.jp>", "text"),
            ("<3 you", "text"),
            ("<name>a</name>", "xml"),
            ("<c>a</c> b <name>a</name>", "xml"),
            ("<c><![CDATA[<p>]]></c>", "xml"),
            ("<p>a", "page"),
            ("<p><b>a</b></p>", "page"),
            ("<x-c><b>a</b></x-c>", "both"),
            ("<a><name>a</name></a>", "both"),
            ("<c><name>a</c>", "sealed"),
            ("<?xml version=\"1.0\"?><c>", "sealed"),
            ("<c>a & b</c>", "text"),
            ("<c><d>a</d><o", "text"),
            ("<http://www.example.jp/>", "text"),
            ("<c><p>a</c>", "page"),
            ("<a><name>a & b</name></a>", "sealed"),
            ("<p><address>a<br>b</address></p>", "page"),
            ("<p><address>a<br/>b</address></p>", "both"),
            ("<p><input name=\"name\"/></p>", "page"),
        ] {
            let told = match insides.proof(text, &mut Checked) {
                Proof::Text => "text",
                Proof::Sealed => "sealed",
                Proof::Is(Reader::Json) => "json",
                Proof::Is(Reader::Xml) => "xml",
                Proof::Is(Reader::Page) => "page",
                Proof::Both(_) => "both",
            };
            assert_eq!(told, is, "{text}");
        }
    }
}
