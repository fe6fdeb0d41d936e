//! Documents that stand as text in others: JSON, XML and pages in an element of XML, a cell of a table, a
//! string of a script.
//!
//! Services of old hand a whole answer over as one string of another. Such a text is read by its own reader,
//! and what that shows is told with spans into the body, with the quoting around it, and below the names and
//! places of the text. Whoever decides is asked before, since a value that is veiled whole is no document.
//! A text that begins as one and cannot be told from another is a text, but for XML and JSON of which somebody
//! knows a name: where a field is, and cannot be read, nothing may pass.

mod both;
mod look;
mod outward;
mod program;

use std::sync::Arc;

use crate::format::csv::CsvWalker;
use crate::format::files;
use crate::format::html::HtmlWalker;
use crate::format::inside::both::Reading;
use crate::format::inside::look::Look;
use crate::format::inside::outward::Outward;
use crate::format::json::JsonWalker;
use crate::format::lines::{Sort, labelled, may_be_labelled};
use crate::format::script::ScriptWalker;
use crate::format::url::{self, UrlPart};
use crate::format::xml::XmlWalker;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Sink, Walker};
use crate::terms::place::Places;
use crate::terms::quote::Quote;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Words;

pub use crate::format::inside::look::{is_element, is_markup};

/// How deep documents may stand in documents.
pub const NESTS: usize = 2;

/// How deep pages may stand in a page that stands in something else.
const PAGES: usize = 1;

/// Whether a text may hold a document of its own.
pub fn may_hold(text: &str) -> bool {
    begins(text).is_some_and(|begins| begins)
}

/// Whether a text may hold a document, a table, a link, or lines that say themselves what they hold.
pub fn may_hold_any(text: &str) -> bool {
    may_hold(text) || may_be_other(text)
}

/// The same of a text that does not begin as a document.
#[inline(always)]
pub fn may_be_other(text: &str) -> bool {
    may_be_labelled(text)
        || memchr::memchr2(b'<', b'&', text.as_bytes()).is_some()
        || program::may_be(text)
        || may_be_link(text)
}

/// Whether a text may be an address with parameters.
fn may_be_link(text: &str) -> bool {
    text.starts_with(['/', '?', 'h']) && text.contains('=')
}

/// The same of a text of which more may come; nothing as long as it is blank.
pub fn begins(text: &str) -> Option<bool> {
    let first = text.chars().find(|c| !c.is_whitespace() && *c != '\u{feff}');
    first.map(|first| matches!(first, '{' | '[' | '<' | '('))
}

/// Whether a text is an object that only scripts can read, of which something has a name that is known.
pub fn is_object(text: &str, words: &Words) -> bool {
    text.trim_start().starts_with(['{', '[', '(']) && program::is_object(text, words)
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
    /// Whether that does not hold of what is nested deeper, or longer, than is read.
    bounded: bool,
    /// Whether pages are read as well.
    pages: bool,
    /// How many layers of quoting lie around the texts of which they do not tell.
    layers: usize,
}

/// What reads a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    Json,
    Xml,
    Page,
    Table,
    Script,
}

/// What a text turns out to be.
enum Proof {
    Text,
    /// A document that this one does not read, and others may.
    Sealed,
    /// One beyond what is read.
    Deep,
    Is(Reader),
    /// JSON that somebody wrote by hand, with what his readers skip put aside.
    Mended(String),
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
            bounded: false,
            pages: true,
            layers: 0,
        }
    }

    /// The same where programs keep parts of documents as well, which nobody else can read either: what cannot be
    /// read is a text.
    pub fn lenient(mut self) -> Insides {
        self.lenient = true;
        self
    }

    /// The same, but what is beyond the bounds is no text.
    pub fn bounded(mut self) -> Insides {
        self.bounded = true;
        self
    }

    /// The same for whoever reads pages himself.
    pub fn without_pages(mut self) -> Insides {
        self.pages = false;
        self
    }

    /// The same behind so many JSON objects of the body.
    pub fn behind(mut self, objects: u32) -> Insides {
        self.go_behind(objects);
        self
    }

    /// So many JSON objects of the body were opened in the meantime.
    pub fn go_behind(&mut self, objects: u32) {
        self.objects = objects;
    }

    /// The same where so many layers of quoting lie around the texts of which they do not tell.
    pub fn under(mut self, layers: usize) -> Insides {
        self.layers = layers;
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
        let mut outward =
            Outward { leaf, map, from, objects: self.objects, opened: 0, layers: self.layers, sink: &mut nobody };
        let proof = self.proof(text, &mut outward);
        let readable = self.nests > 0 && matches!(proof, Proof::Is(_) | Proof::Mended(_) | Proof::Both(_));
        let is_text = match proof {
            Proof::Text => true,
            Proof::Is(Reader::Page) if !self.pages => true,
            Proof::Deep => self.lenient && !self.bounded,
            _ => self.lenient && !readable,
        };
        if is_text || !sink.opens(leaf, readable)? || !readable {
            return Ok(false);
        }
        let mut outward = Outward { leaf, map, from, objects: self.objects, opened: 0, layers: self.layers, sink };
        match proof {
            Proof::Is(reader) => self.walk(reader, text, &mut outward)?,
            Proof::Mended(text) => self.walk(Reader::Json, &text, &mut outward)?,
            Proof::Both(look) => {
                let (mut xml, mut page) = (Reading::default(), Reading::default());
                self.walk(Reader::Xml, text, &mut xml)?;
                self.walk(Reader::Page, text, &mut page)?;
                both::show((xml, page), &look, &self.words, &mut outward)?;
            }
            Proof::Text | Proof::Sealed | Proof::Deep => {}
        }
        self.objects = self.objects.wrapping_add(outward.opened);
        Ok(true)
    }

    /// Shows the leaves of the document, the table or the lines that a leaf's text is; `false`, with nothing shown, if
    /// it is none of them or nobody wants them.
    pub fn any(&mut self, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        if (may_hold(leaf.text) && self.show(leaf, map, sink)?) || self.table(leaf, map, sink)? {
            return Ok(true);
        }
        if program::is_called(leaf.names, leaf.text) && self.whole(Reader::Script, leaf, map, sink)? {
            return Ok(true);
        }
        if look::is_marked_up(leaf.text) {
            return self.whole(Reader::Page, leaf, map, sink);
        }
        Ok(self.link(leaf, map, sink)? || self.lines(leaf, map, sink)?)
    }

    /// Shows the cells of a table that a leaf's text is, as its first line tells; `false`, with nothing shown, if it
    /// is none.
    pub fn table(&mut self, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let is_table = leaf.text.contains('\n') && files::has_headings(leaf.text, &|cell| self.words.know(cell));
        let mut nobody = Checked;
        let mut outward =
            Outward { leaf, map, from: 0, objects: self.objects, opened: 0, layers: self.layers, sink: &mut nobody };
        if !is_table || self.walk(Reader::Table, leaf.text, &mut outward).is_err() {
            return Ok(false);
        }
        let mut outward = Outward { leaf, map, from: 0, objects: self.objects, opened: 0, layers: self.layers, sink };
        self.walk(Reader::Table, leaf.text, &mut outward)?;
        self.objects = self.objects.wrapping_add(outward.opened);
        Ok(true)
    }

    /// Shows a text with tags or references in it as a page shows it, a program as its strings; `false`, with nothing
    /// shown, if it cannot be read so or nobody wants it apart.
    fn whole(&mut self, reader: Reader, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let (objects, layers) = (self.objects, self.layers);
        let mut nobody = Checked;
        let mut outward = Outward { leaf, map, from: 0, objects, opened: 0, layers, sink: &mut nobody };
        let is_read = self.nests > 0 && self.walk(reader, leaf.text, &mut outward).is_ok();
        if !is_read || !sink.opens(leaf, true)? {
            return Ok(false);
        }
        let mut outward = Outward { leaf, map, from: 0, objects, opened: 0, layers, sink };
        self.walk(reader, leaf.text, &mut outward)?;
        self.objects = self.objects.wrapping_add(outward.opened);
        Ok(true)
    }

    /// Shows the parts of an address, one of whose parameters at least has a name that means something, or that is not
    /// written as people read it.
    fn link(&self, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        if !may_be_link(leaf.text) {
            return Ok(false);
        }
        let parts = url::parts(leaf.text);
        let knows = |part: &UrlPart| part.name.as_deref().is_some_and(|name| self.words.know(name));
        let is_told = leaf.text.contains('%') || parts.iter().any(knows);
        if self.nests == 0 || !is_told || !sink.opens(leaf, true)? {
            return Ok(false);
        }
        let (objects, layers) = (self.objects, self.layers);
        let mut outward = Outward { leaf, map, from: 0, objects, opened: 0, layers, sink };
        for part in &parts {
            let written = (part.span.clone(), part.quote);
            outward.part(&part.text, written, part.part, part.name.as_deref())?;
        }
        Ok(true)
    }

    /// Shows a text whose lines say themselves what they hold (`氏名：山田`); `false`, with nothing shown, if none
    /// does or nobody wants them apart.
    fn lines(&self, leaf: &Leaf<'_>, map: &[usize], sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let breaks: Vec<usize> = leaf.text.match_indices('\n').map(|(at, _)| at).collect();
        let lines = labelled(leaf.text, &breaks, &self.words);
        if lines.is_empty() || self.nests == 0 || !sink.opens(leaf, true)? {
            return Ok(false);
        }
        let (objects, layers) = (self.objects, self.layers);
        let mut outward = Outward { leaf, map, from: 0, objects, opened: 0, layers, sink };
        for line in lines {
            let text = &leaf.text[line.span.clone()];
            let begin = line.span.start + text.len() - text.trim_start().len();
            let span = begin..(line.span.start + text.trim_end().len()).max(begin);
            if span.is_empty() {
                continue;
            }
            match line.sort {
                Sort::Plain => outward.part(&leaf.text[span.clone()], (span, Quote::Verbatim), leaf.part, None)?,
                Sort::Label => outward.part(&leaf.text[span.clone()], (span, Quote::Verbatim), Part::Label, None)?,
                Sort::Value(label) => outward.part(
                    &leaf.text[span.clone()],
                    (span, Quote::Verbatim),
                    Part::Value,
                    Some(&leaf.text[label]),
                )?,
            }
        }
        Ok(true)
    }

    fn proof(&self, text: &str, nobody: &mut dyn Sink) -> Proof {
        if text.starts_with('(') {
            return self.object(text, nobody);
        }
        if text.starts_with(['{', '[']) {
            return match self.walk(Reader::Json, text, nobody) {
                Ok(()) => Proof::Is(Reader::Json),
                Err(refusal) if refusal.reason == Reason::Bound => Proof::Deep,
                Err(_) => self.mended(text, nobody),
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
            Err(refusal) if refusal.reason == Reason::Bound => Proof::Deep,
            Err(_) if look.is_named => Proof::Sealed,
            Err(_) if look.has_any_markup => self.page(text, nobody),
            Err(_) if text.starts_with("<?xml") => Proof::Sealed,
            // That it is none may be a customer's word: no field is in there.
            Err(_) => Proof::Text,
        }
    }

    /// A tab or a line's end within a string is no JSON, and whoever writes JSON by hand forgets that a customer
    /// may have typed one. What is none beside that is a text, unless somebody knows a name in it.
    fn mended(&self, text: &str, nobody: &mut dyn Sink) -> Proof {
        if text.contains(is_control) {
            // So every other byte stays where it is.
            let mended = text.replace(is_control, " ");
            if self.walk(Reader::Json, &mended, nobody).is_ok() {
                return Proof::Mended(mended);
            }
        }
        if keys(text).any(|key| self.words.know(key)) { Proof::Sealed } else { self.object(text, nobody) }
    }

    /// What only scripts can read.
    fn object(&self, text: &str, nobody: &mut dyn Sink) -> Proof {
        let is_object = program::is_object(text, &self.words) && self.walk(Reader::Script, text, nobody).is_ok();
        if is_object { Proof::Is(Reader::Script) } else { Proof::Text }
    }

    fn page(&self, text: &str, nobody: &mut dyn Sink) -> Proof {
        match self.walk(Reader::Page, text, nobody) {
            Ok(()) => Proof::Is(Reader::Page),
            Err(refusal) if refusal.reason == Reason::Bound => Proof::Deep,
            Err(_) => Proof::Sealed,
        }
    }

    fn json(&self, nests: usize) -> JsonWalker {
        JsonWalker::new(Arc::clone(&self.nowhere), &self.bounds).holding(&self.bounds, nests, self.layers + 1)
    }

    fn walk(&self, reader: Reader, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let nests = self.nests.saturating_sub(1);
        let mut walker: Box<dyn Walker> = match reader {
            Reader::Json => Box::new(self.json(nests)),
            Reader::Xml => Box::new(XmlWalker::within(&self.nowhere, &self.bounds, nests)),
            Reader::Script => Box::new(ScriptWalker::new(Arc::clone(&self.nowhere), &self.bounds).within(nests)),
            Reader::Table => Box::new(CsvWalker::new(&self.nowhere, &self.bounds)),
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

fn is_control(c: char) -> bool {
    c < ' '
}

/// What stands in quotes before a colon.
fn keys(text: &str) -> impl Iterator<Item = &str> {
    text.split(':').filter_map(|before| {
        let before = before.trim_end().strip_suffix('"')?;
        Some(&before[before.rfind('"')? + 1..])
    })
}

/// Whether a text is marked up as pages are, or as XML is: one tag in a text may be anything, two of one name
/// are an element.
fn may_be_markup(text: &str) -> bool {
    let is_named =
        text.starts_with('<') && text[1..].starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '!'));
    text.starts_with("<?xml") || (is_named && (text.contains("</") || text.contains("/>"))) || is_markup(text)
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
            ("[{\"name\":\"a\tb\"}]", "mended"),
            ("{\"name\":\"a\"", "sealed"),
            ("{\"z\":\"a\tb\",}", "text"),
            ("{name:'a'}", "script"),
            ("({z:1,name:\"a\"})", "script"),
            ("(name)", "text"),
            ("{z:'a'}", "text"),
            ("{\"z\":\"name\",\"y: 1", "text"),
            ("<p><address>a<br>b</address></p>", "page"),
            ("<p><address>a<br/>b</address></p>", "both"),
            ("<p><input name=\"name\"/></p>", "page"),
        ] {
            let told = match insides.proof(text, &mut Checked) {
                Proof::Text => "text",
                Proof::Sealed => "sealed",
                Proof::Deep => "deep",
                Proof::Is(Reader::Json) => "json",
                Proof::Is(Reader::Xml) => "xml",
                Proof::Is(Reader::Page) => "page",
                Proof::Is(Reader::Table) => "table",
                Proof::Is(Reader::Script) => "script",
                Proof::Both(_) => "both",
                Proof::Mended(_) => "mended",
            };
            assert_eq!(told, is, "{text}");
        }
    }
}
