//! Script files: read as the scripts in pages are, with the data that they hand over.
//!
//! A file up to what an answer may hold is read whole, so that data in it (`var DATA = {…}`) is data
//! with its names, numbers and members. Of a longer one, which must leave while it comes, the strings
//! and numbers are read with the names before them.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use crate::format::inside::{self, Insides, NESTS};
use crate::format::json::within::{Surroundings, leaves_within};
use crate::format::quote::decode;
use crate::format::script::scan::Scanner;
use crate::format::script::{Literal, json_parts, literal, name_before, padded, strings};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::place::Places;
use crate::terms::quote::Quotes;
use crate::terms::refusal::{Reason, Refusal};

/// Walks one script file.
pub struct ScriptWalker {
    scanner: Scanner,
    /// What is not yet read.
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    value_bytes: usize,
    /// Whether the script is data in the brackets of a call, when that is known.
    padded: Option<bool>,
    /// It is too long to be held, and read while it comes.
    long: bool,
    places: Arc<Places>,
    /// No path reaches into a script's own data, whose root nobody knows.
    nowhere: Arc<Places>,
    bounds: Bounds,
    /// How deep documents may stand in its strings.
    nests: usize,
    /// How many objects were opened in its data so far.
    objects: Cell<u32>,
}

impl ScriptWalker {
    /// A walker before the script's first byte; the places count in data that comes as a script.
    pub fn new(places: Arc<Places>, bounds: &Bounds) -> ScriptWalker {
        ScriptWalker {
            scanner: Scanner::default(),
            held: Vec::new(),
            base: 0,
            value_bytes: bounds.value_bytes,
            padded: None,
            long: false,
            places,
            nowhere: Arc::new(Places::default()),
            bounds: bounds.clone(),
            nests: NESTS,
            objects: Cell::new(0),
        }
    }

    /// The same of a program in a text, in whose strings documents may stand so deep.
    pub fn within(mut self, nests: usize) -> ScriptWalker {
        self.nests = nests;
        self
    }

    /// Shows data that came as a script; `false`, with nothing shown, if it is none.
    fn data(&mut self, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let Ok(text) = str::from_utf8(&self.held) else { return Ok(false) };
        let Some(data) = padded::data(text) else { return Ok(false) };
        let raw_of = |offset| data.start + offset;
        let surroundings = Surroundings { raw_of: &raw_of, outer: None, record: 0, nests: self.nests };
        let mut under = Under::new(None, &self.objects, sink);
        if !leaves_within(&text[data.clone()], &self.places, &self.bounds, &surroundings, &mut under)? {
            return Ok(false);
        }
        for around in [0..data.start, data.end..text.len()] {
            self.strings(text, around, sink)?;
        }
        sink.settled(text.len())?;
        Ok(true)
    }

    /// Shows a script that is all there; `false`, with nothing shown, if it is no text.
    fn whole(&mut self, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let Ok(text) = str::from_utf8(&self.held) else { return Ok(false) };
        let mut at = 0;
        for data in json_parts(text) {
            let name = name_before(&text[at..data.start]);
            let mut under = Under::new(name.as_deref(), &self.objects, sink);
            let raw_of = |offset| data.start + offset;
            let surroundings = Surroundings { raw_of: &raw_of, outer: None, record: 0, nests: self.nests };
            if leaves_within(&text[data.clone()], &self.nowhere, &self.bounds, &surroundings, &mut under)? {
                self.strings(text, at..data.start, sink)?;
                at = data.end;
            }
        }
        self.strings(text, at..text.len(), sink)?;
        sink.settled(text.len())?;
        Ok(true)
    }

    /// Shows the strings of a part of a script, or the data that one of them holds.
    fn strings(&self, text: &str, span: Range<usize>, sink: &mut dyn Sink) -> Result<(), Refusal> {
        for literal in strings(&text[span.clone()]) {
            if literal.span.len() > self.value_bytes {
                return Err(too_long(self.value_bytes));
            }
            self.show(&literal, &text[span.start + literal.span.start..], span.start, sink)?;
        }
        Ok(())
    }

    /// Shows a string, or the data that it holds; `raw` is how it is written, and what stands behind it.
    fn show(&self, literal: &Literal, raw: &str, base: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let span = base + literal.span.start..base + literal.span.end;
        let name = literal.name.as_deref();
        let quotes = Quotes::one(literal.quote);
        if literal.may_be_data()
            && let Ok(decoded) = decode(quotes, &raw[..literal.span.len()])
        {
            let raw_of = |offset: usize| decoded.map.get(offset).map_or(span.end, |at| span.start + *at as usize);
            let surroundings = Surroundings { raw_of: &raw_of, outer: Some(quotes), record: 0, nests: self.nests };
            let mut under = Under::new(name, &self.objects, sink);
            if leaves_within(&decoded.text, &self.nowhere, &self.bounds, &surroundings, &mut under)? {
                return Ok(());
            }
        }
        let pieces = [Piece { span, at: 0, quotes }];
        let above: Vec<&str> = literal.above.iter().map(|name| &**name).collect();
        let (names, above) = (name.map_or(Names::NONE, Names::one), Names::list(&above));
        let leaf = Leaf { names, above, ..Leaf::bare(&literal.text, literal.part, &pieces) };
        if literal.part == Part::Script && inside::may_hold(&literal.text) && self.document(&leaf, raw, sink)? {
            return Ok(());
        }
        sink.leaf(&leaf)
    }

    /// Shows the leaves of a document that stands in a string; `false` if there is none, or nobody wants them.
    fn document(&self, leaf: &Leaf<'_>, raw: &str, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let Some(piece) = leaf.pieces.first() else { return Ok(false) };
        let Ok(decoded) = decode(piece.quotes, &raw[..piece.span.len()]) else { return Ok(false) };
        let map: Vec<usize> = decoded.map.iter().map(|at| piece.span.start + *at as usize).collect();
        let insides = Insides::new(&self.places.words, &self.bounds, self.nests);
        let mut insides = insides.lenient().behind(self.objects.get());
        let shown = insides.show(leaf, &map, sink);
        self.objects.set(insides.objects());
        shown
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let fault = str::from_utf8(&self.held).err();
        let readable = fault.map_or(self.held.len(), |fault| fault.valid_up_to());
        // A character that the cut went through is complete with the next bytes.
        let broken = fault.is_some_and(|fault| fault.error_len().is_some() || last);
        let Ok(text) = str::from_utf8(&self.held[..readable]) else { return Err(self.unreadable(readable)) };
        let mut at = 0;
        while let Some(found) = self.scanner.next(text, &mut at, last && !broken) {
            if found.end - found.start > self.value_bytes {
                return Err(too_long(self.value_bytes));
            }
            self.show(&literal(text, found, &self.scanner), &text[found.start..], self.base, sink)?;
        }
        if broken {
            return Err(self.unreadable(readable));
        }
        self.base += at;
        self.held.drain(..at);
        // What is held has its opening quote with it, and perhaps half an ending.
        if self.held.len() > self.value_bytes + 8 {
            return Err(too_long(self.value_bytes));
        }
        sink.settled(self.base)
    }

    fn unreadable(&self, at: usize) -> Refusal {
        let at = self.base + at;
        Refusal::new(Reason::Unreadable, format!("the script cannot be read at byte {at}: invalid UTF-8"))
    }
}

/// Shows leaves below the name that stands before their document, whose objects are others than those before.
struct Under<'a> {
    name: Option<&'a str>,
    /// How many objects were opened before it.
    before: u32,
    /// How many are opened.
    objects: &'a Cell<u32>,
    sink: &'a mut dyn Sink,
}

impl<'a> Under<'a> {
    fn new(name: Option<&'a str>, objects: &'a Cell<u32>, sink: &'a mut dyn Sink) -> Under<'a> {
        Under { name, before: objects.get(), objects, sink }
    }

    fn told<T>(&mut self, leaf: &Leaf<'_>, tell: impl FnOnce(&mut dyn Sink, &Leaf<'_>) -> T) -> T {
        let above: Vec<&str> = leaf.above.iter().chain(self.name).collect();
        let objects: Vec<u32> = leaf.objects.iter().map(|object| object + self.before).collect();
        let mut member = leaf.member.clone();
        member.iter_mut().for_each(|member| member.object += self.before);
        let opened = objects.iter().copied().chain(member.iter().map(|member| member.object)).max();
        self.objects.set(self.objects.get().max(opened.map_or(0, |object| object + 1)));
        tell(self.sink, &Leaf { above: Names::list(&above), member, objects: &objects, ..leaf.clone() })
    }
}

impl Sink for Under<'_> {
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
        self.told(leaf, |sink, leaf| sink.opens(leaf, readable))
    }
}

fn too_long(bound: usize) -> Refusal {
    Refusal::new(Reason::Bound, format!("a string or comment of the script is longer than {bound} bytes"))
}

impl Walker for ScriptWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.held.extend_from_slice(chunk);
        self.padded = self.padded.or_else(|| padded::is_padded(&self.held));
        if !self.long && self.held.len() <= self.bounds.hold_bytes {
            return Ok(());
        }
        if self.padded != Some(false) {
            return Err(Refusal::new(Reason::Bound, "data that comes as a script is longer than can be held"));
        }
        self.long = true;
        self.read(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if !self.long && ((self.padded == Some(true) && self.data(sink)?) || self.whole(sink)?) {
            return Ok(());
        }
        self.read(true, sink)
    }
}
