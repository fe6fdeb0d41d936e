//! The names of the elements that are open, and the namespaces that hold there.

use crate::format::xml::entity;
use crate::format::xml::scan::unreadable;
use crate::format::xml::tag::{Attribute, local};
use crate::terms::refusal::{Reason, Refusal};

/// The longest name: all names around a value are kept, so they are bounded more tightly than it.
const NAME_BYTES: usize = 4 << 10;

/// How many namespaces may be declared at one place, and how long they may be together.
const NAMESPACES: usize = 1024;
const NAMESPACE_BYTES: usize = 256 << 10;

/// The elements that are open, the root first.
#[derive(Default)]
pub struct Stack {
    /// Their names with prefixes, one behind the other.
    names: String,
    frames: Vec<Frame>,
}

struct Frame {
    /// Where the name begins in `names`.
    from: usize,
    /// Whether an element or a text stands in it.
    filled: bool,
}

impl Stack {
    /// How many are open.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Opens one; it stands in the one before.
    pub fn push(&mut self, name: &str, start: usize) -> Result<(), Refusal> {
        if name.len() > NAME_BYTES {
            let note = format!("the name at byte {start} of the XML is longer than {NAME_BYTES} bytes");
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.fill();
        self.frames.push(Frame { from: self.names.len(), filled: false });
        self.names.push_str(name);
        Ok(())
    }

    /// Closes the innermost.
    pub fn pop(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.names.truncate(frame.from);
        }
    }

    /// The name of the innermost, with its prefix.
    pub fn top(&self) -> Option<&str> {
        self.frames.last().map(|frame| &self.names[frame.from..])
    }

    /// Something stands in the innermost.
    pub fn fill(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.filled = true;
        }
    }

    /// Whether nothing stands in the innermost.
    pub fn is_bare(&self) -> bool {
        self.frames.last().is_some_and(|frame| !frame.filled)
    }

    /// The local names, the innermost first.
    pub fn locals(&self) -> impl Iterator<Item = &str> {
        let ends = self.frames.iter().skip(1).map(|frame| frame.from).chain([self.names.len()]);
        let spans = self.frames.iter().map(|frame| frame.from).zip(ends.collect::<Vec<_>>());
        spans.rev().map(|(from, end)| local(&self.names[from..end]))
    }
}

/// The namespaces that are declared around a place. They are only kept where a path asks for one.
#[derive(Default)]
pub struct Namespaces {
    declared: Vec<Declared>,
    bytes: usize,
}

struct Declared {
    depth: usize,
    prefix: String,
    uri: String,
}

impl Namespaces {
    /// Takes what the tag of an element at this depth declares.
    pub fn open(&mut self, raw: &str, attributes: &[Attribute], depth: usize, start: usize) -> Result<(), Refusal> {
        for one in attributes {
            let name = &raw[one.name.clone()];
            let prefix = if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
            let Some(prefix) = prefix else { continue };
            let mut uri = String::new();
            entity::unescape(&raw[one.value.clone()], &mut uri)
                .map_err(|at| unreadable(start + one.value.start + at, "an entity that XML does not know"))?;
            self.bytes += prefix.len() + uri.len();
            if self.declared.len() == NAMESPACES || self.bytes > NAMESPACE_BYTES {
                let note = format!("the XML at byte {start} declares too many namespaces");
                return Err(Refusal::new(Reason::Bound, note));
            }
            self.declared.push(Declared { depth, prefix: prefix.to_owned(), uri: uri.trim().to_owned() });
        }
        Ok(())
    }

    /// Forgets what the element of this depth declared.
    pub fn close(&mut self, depth: usize) {
        while let Some(gone) = self.declared.pop_if(|one| one.depth == depth) {
            self.bytes -= gone.prefix.len() + gone.uri.len();
        }
    }

    /// The namespace of an element; nothing where it is not known.
    pub fn of_element(&self, name: &str, asked: bool) -> Option<&str> {
        match name.split_once(':') {
            _ if !asked => None,
            Some((prefix, _)) => self.of_prefix(prefix),
            None => Some(self.of_prefix("").unwrap_or_default()),
        }
    }

    /// The namespace of an attribute, which is in none without a prefix.
    pub fn of_attribute(&self, name: &str, asked: bool) -> Option<&str> {
        match name.split_once(':') {
            _ if !asked => None,
            Some((prefix, _)) => self.of_prefix(prefix),
            None => Some(""),
        }
    }

    fn of_prefix(&self, prefix: &str) -> Option<&str> {
        self.declared.iter().rev().find(|one| one.prefix == prefix).map(|one| one.uri.as_str())
    }
}
