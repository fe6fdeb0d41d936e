//! JSON: every string, number, boolean and key of a document, while it streams by.
//!
//! The grammar is RFC 8259 to the letter, since a body that two readers take apart differently
//! could show staff what this one did not see: invalid UTF-8, lone surrogates, comments, trailing
//! commas and a second document are refused. A byte order mark is let through, because servers
//! write it and every reader skips it. Numbers are never read as numbers, so they keep all their
//! digits. What servers write around JSON is for `wrapped`, documents one behind the other for `lines`.
//!
//! There are two ways through a document: `scan` and `tree` read any token, at any cut, and refuse;
//! `run` is quick and only takes what lies whole in one chunk and is in order; `trail` knows which keys
//! come next, and which leaves nobody needs to see again. A string that holds JSON
//! of its own is shown by `inner`, leaf by leaf, where whoever looks wants it so; `texts` does that for pages
//! and other documents.

mod inner;
pub mod lines;
pub mod nodes;
pub mod path;
mod run;
pub mod scan;
pub mod text;
mod texts;
mod trail;
pub(in crate::format) mod tree;
pub mod within;
pub mod wrapped;

use std::sync::Arc;

use crate::format::json::scan::Scanner;
use crate::format::json::texts::Texts;
use crate::format::json::tree::Tree;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Sink, Walker};
use crate::terms::place::Places;
use crate::terms::refusal::Refusal;

/// Whether a text begins as an object or a list in JSON does, and as other texts do not: what begins so
/// is read as JSON, or nobody knows what it is.
pub fn begins(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    let Some((open, inner)) = text.split_first() else { return false };
    let inner = inner.trim_ascii_start();
    match (open, inner.first()) {
        (b'{', Some(b'"' | b'}')) | (b'[', Some(b'"' | b'{' | b'[' | b']')) => true,
        (b'[', _) => {
            // A note may begin with a number in brackets; a list goes on behind its first.
            let scalar = inner.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(byte)).count();
            let (scalar, behind) = inner.split_at(scalar);
            let is_scalar = matches!(scalar, b"true" | b"false" | b"null") || text::is_number(scalar);
            is_scalar && behind.trim_ascii_start().first() == Some(&b',')
        }
        _ => false,
    }
}

/// Walks one JSON document.
pub struct JsonWalker {
    scanner: Scanner,
    tree: Tree,
    places: Arc<Places>,
}

/// However far it came.
impl Drop for JsonWalker {
    fn drop(&mut self) {
        std::mem::take(&mut self.tree.matcher).leave_to_the_next(&self.places);
    }
}

impl JsonWalker {
    /// A walker before a document's first byte; whatever its strings hold but JSON is text.
    pub fn new(places: Arc<Places>, bounds: &Bounds) -> JsonWalker {
        JsonWalker { scanner: Scanner::new(bounds.value_bytes), tree: Tree::new(&places, bounds), places }
    }

    /// Reads pages, XML, tables and lines with labels in its strings, so many deep in one another; so many layers
    /// of quoting lie around the document.
    pub(in crate::format) fn holding(mut self, bounds: &Bounds, nests: usize, layers: usize) -> JsonWalker {
        let texts = || Box::new(Texts::new(&self.places.words, bounds, nests, layers));
        self.tree.texts = (nests > 0).then(texts);
        self
    }

    /// Shows each `null` too, as a form feed, which no field holds: in a write it may stand where a
    /// veiled number stood.
    pub fn showing_nulls(mut self) -> JsonWalker {
        self.tree.show_nulls();
        self
    }

    /// Shows each list and object that holds nothing as a vertical tab: in a write it may stand where
    /// something was.
    pub fn showing_empties(mut self) -> JsonWalker {
        self.tree.show_empties();
        self
    }
}

impl JsonWalker {
    /// Whether the document is complete.
    fn is_complete(&self) -> bool {
        self.tree.is_complete()
    }
}

impl Walker for JsonWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        let mut at = 0;
        let mut valid: Option<run::Text<'_>> = None;
        loop {
            if let Some(base) = self.scanner.between() {
                let text = valid.get_or_insert_with(|| run::Text::of(chunk, at, base));
                at = self.tree.run(text, at, sink)?;
            }
            match self.scanner.next(chunk, &mut at)? {
                Some(found) => self.tree.take(found, sink)?,
                None => break,
            }
        }
        self.scanner.pass(chunk);
        sink.settled(self.tree.settled(self.scanner.position()))
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let end = self.scanner.position();
        if let Some(found) = self.scanner.finish()? {
            self.tree.take(found, sink)?;
        }
        self.tree.end(end)
    }
}
