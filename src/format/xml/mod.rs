//! XML and SOAP: the text of every element, every attribute, comment and instruction of a document,
//! while it streams by.
//!
//! XML 1.0 (fifth edition) with namespaces is read to the letter, since a body that two readers take
//! apart differently could show staff what this one did not see. A document type definition is
//! refused whatever it says, so that nothing is ever expanded or fetched and every entity beside the
//! five is a fault. Text that comments, instructions and CDATA sections cut in pieces is one leaf;
//! elements inside it part it. Which bytes are the body's characters has been decided before: the
//! declaration's `encoding` is not looked at here.

pub mod calls;
pub mod calls_nodes;
pub mod entity;
pub mod names;
pub mod nodes;
pub mod path;
pub mod scan;
mod show;
pub mod tag;

use std::sync::Arc;

use crate::format::inside::{Insides, NESTS};
use crate::format::xml::calls::Calls;
use crate::format::xml::names::{Namespaces, Stack};
use crate::format::xml::path::{Child, Matcher};
use crate::format::xml::scan::{Kind, Scanned, Scanner, unreadable};
use crate::format::xml::show::Run;
use crate::format::xml::tag::{Attribute, local};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Sink, Walker};
use crate::terms::place::{PlaceId, Places};
use crate::terms::quote::Quote;
use crate::terms::refusal::{Reason, Refusal};

/// How many attributes one element may have.
const ATTRIBUTES: usize = 1024;

/// Walks one XML document.
pub struct XmlWalker {
    scanner: Scanner,
    tree: Tree,
}

impl XmlWalker {
    /// A walker before a document's first byte.
    pub fn new(places: Arc<Places>, bounds: &Bounds) -> XmlWalker {
        XmlWalker::of(&places, None, bounds, NESTS)
    }

    /// A walker before the first byte of an XML-RPC call or of its answer.
    pub fn calls(places: Arc<Places>, bounds: &Bounds) -> XmlWalker {
        XmlWalker::of(&places, Some(Calls::new(&places, bounds)), bounds, NESTS)
    }

    /// A walker for a document in a text, which may hold so many others. It may be a part of one: several
    /// elements, with text between them and behind. What it says of its type is looked at as a comment is.
    pub(crate) fn within(places: &Places, bounds: &Bounds, nests: usize) -> XmlWalker {
        let mut walker = XmlWalker::of(places, None, bounds, nests);
        walker.tree.in_parts = true;
        walker.scanner = walker.scanner.with_types();
        walker
    }

    fn of(places: &Places, calls: Option<Calls>, bounds: &Bounds, nests: usize) -> XmlWalker {
        let insides = Insides::new(&places.words, bounds, nests);
        // Strings of a call are anybody's texts, as those of JSON are.
        let insides = if calls.is_some() { insides.lenient().bounded() } else { insides };
        let tree = Tree {
            stage: Stage::Start,
            in_parts: false,
            stack: Stack::default(),
            namespaces: Namespaces::default(),
            matcher: Matcher::new(places),
            calls,
            reached: Vec::new(),
            itself: Vec::new(),
            attributes: Vec::new(),
            run: Run::new(bounds.value_bytes),
            insides,
            depth: bounds.depth,
            records: 0,
            open: Vec::new(),
        };
        XmlWalker { scanner: Scanner::new(bounds.value_bytes), tree }
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some(found) = self.scanner.next(last)? {
            self.tree.take(&found, sink)?;
        }
        sink.settled(self.tree.run.start().unwrap_or(self.scanner.position()))
    }
}

impl Walker for XmlWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.scanner.push(chunk);
        self.read(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.read(true, sink)?;
        match self.tree.stage {
            Stage::Behind => self.tree.flush(sink),
            _ => Err(unreadable(self.scanner.position(), "the document ends too early")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before anything: only here a declaration can stand.
    Start,
    /// Before the root.
    Before,
    /// In the root.
    Inside,
    /// Behind the root.
    Behind,
}

/// A record that is open: the element that so many elements lie around.
struct Record {
    number: u32,
    depth: usize,
}

struct Tree {
    stage: Stage,
    /// Whether other elements and texts may stand behind the root.
    in_parts: bool,
    stack: Stack,
    namespaces: Namespaces,
    matcher: Matcher,
    /// What it means, where it is XML-RPC.
    calls: Option<Calls>,
    reached: Vec<PlaceId>,
    itself: Vec<PlaceId>,
    attributes: Vec<Attribute>,
    run: Run,
    /// What reads the documents in its texts.
    insides: Insides,
    depth: usize,
    records: u32,
    /// The records that are open, which stand in one another.
    open: Vec<Record>,
}

impl Tree {
    fn take(&mut self, found: &Scanned<'_>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let Scanned { kind, raw, start } = *found;
        let first = self.stage == Stage::Start;
        if first {
            self.stage = Stage::Before;
        }
        check_chars(raw, start)?;
        match kind {
            Kind::Text => self.text(raw, start),
            Kind::Cdata if !self.may_hold_text() => Err(unreadable(start, "text stands outside the root")),
            Kind::Cdata => self.run.add(&raw[9..raw.len() - 3], start + 9, Quote::XmlCdata),
            Kind::Open => self.open(raw, start, sink),
            Kind::Close => self.close(raw, start, sink),
            Kind::Comment => self.comment(raw, start, sink),
            Kind::Instruction => self.instruction(raw, start, first, sink),
            Kind::Doctype => self.doctype(raw, start, sink),
        }
    }

    fn text(&mut self, raw: &str, start: usize) -> Result<(), Refusal> {
        if !self.may_hold_text() {
            let blank = |b: u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
            return if raw.bytes().all(blank) {
                Ok(())
            } else {
                Err(unreadable(start, "text stands outside the root"))
            };
        }
        if let Some(at) = raw.find("]]>") {
            return Err(unreadable(start + at, "`]]>` stands in text"));
        }
        self.run.add(raw, start, Quote::XmlText)
    }

    fn open(&mut self, raw: &str, start: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let mut attributes = std::mem::take(&mut self.attributes);
        let tag = tag::read(raw, &mut attributes).map_err(|(at, what)| unreadable(start + at, what))?;
        if self.stage == Stage::Behind && !self.in_parts {
            return Err(unreadable(start, "a second root"));
        }
        if self.stack.depth() == self.depth {
            let note = format!("the XML at byte {start} is nested deeper than {} levels", self.depth);
            return Err(Refusal::new(Reason::Bound, note));
        }
        if attributes.len() > ATTRIBUTES {
            let note = format!("the XML element at byte {start} has more than {ATTRIBUTES} attributes");
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.stage = Stage::Inside;
        self.flush(sink)?;
        self.stack.push(&raw[tag.name.clone()], start)?;
        if self.matcher.asks_namespaces {
            self.namespaces.open(raw, &attributes, self.stack.depth(), start)?;
        }
        let element = Child {
            attribute: false,
            name: local(&raw[tag.name.clone()]),
            namespace: self.namespaces.of_element(&raw[tag.name.clone()], self.matcher.asks_namespaces),
        };
        self.matcher.enter(element);
        if self.matcher.at_record() {
            self.matcher.open_record(element);
            self.records = self.records.wrapping_add(1);
            self.open.push(Record { number: self.records, depth: self.stack.depth() });
        }
        if let Some(calls) = &mut self.calls {
            calls.open(&raw[tag.name.clone()], start, sink)?;
        }
        for one in &attributes {
            self.attribute(raw, start, one, sink)?;
        }
        self.attributes = attributes;
        let end = start + raw.len();
        if tag.empty { self.complete(end, end, sink) } else { Ok(()) }
    }

    fn close(&mut self, raw: &str, start: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let name = raw[2..raw.len() - 1].trim_end_matches([' ', '\t', '\r', '\n']);
        if self.stack.top() != Some(name) {
            return Err(unreadable(start, "this closes no element that is open"));
        }
        self.flush(sink)?;
        self.complete(start, start + raw.len(), sink)
    }

    /// The element is complete: its text ends at `inside`, its end tag at `end`.
    fn complete(&mut self, inside: usize, end: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.stack.is_bare() || self.calls.is_some() {
            self.empty(inside, sink)?;
        }
        self.matcher.leave();
        self.namespaces.close(self.stack.depth());
        let depth = self.stack.depth();
        self.stack.pop();
        if self.stack.depth() == 0 {
            self.stage = Stage::Behind;
        }
        sink.settled(end)?;
        match self.open.pop_if(|record| record.depth == depth) {
            // What stands in another is told with the outermost: what that says may still come.
            Some(outermost) if self.open.is_empty() => {
                (outermost.number..=self.records).try_for_each(|number| sink.record(number, end))?;
                sink.settled(end)
            }
            _ => Ok(()),
        }
    }

    fn may_hold_text(&self) -> bool {
        self.stage == Stage::Inside || (self.stage == Stage::Behind && self.in_parts)
    }

    fn record(&self) -> u32 {
        self.open.last().map_or(0, |record| record.number)
    }
}

/// Refuses characters that XML lets stand nowhere.
fn check_chars(raw: &str, start: usize) -> Result<(), Refusal> {
    // A fold without an early end, so that the compiler can look at many bytes at once.
    let odd = raw.bytes().fold(false, |odd, b| odd | (b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r')) | (b == 0xef));
    if !odd {
        return Ok(());
    }
    match raw.char_indices().find(|(_, c)| !entity::is_char(*c)) {
        Some((at, _)) => Err(unreadable(start + at, "a character that may not stand in XML")),
        None => Ok(()),
    }
}
