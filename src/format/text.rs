//! Plain text and style sheets: a leaf for each line.
//!
//! Lines are the only cuts, since a leaf must never end inside a value. A line that is longer than
//! a value may be is refused.

use memchr::memchr2;

use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// Walks text line by line.
pub struct TextWalker {
    part: Part,
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    value_bytes: usize,
}

impl TextWalker {
    /// A walker whose leaves are this part of a document: text, a style sheet.
    pub fn new(part: Part, bounds: &Bounds) -> TextWalker {
        TextWalker { part, held: Vec::new(), base: 0, value_bytes: bounds.value_bytes }
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.held.len() + bytes.len() > self.value_bytes {
            let note = format!("the line at byte {} is longer than {} bytes", self.base, self.value_bytes);
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// Shows the line that is held.
    fn show(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let text = str::from_utf8(&self.held).map_err(|e| {
            let at = self.base + e.valid_up_to();
            Refusal::new(Reason::Unreadable, format!("the text cannot be read at byte {at}: invalid UTF-8"))
        })?;
        let mark = if self.base == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let line = &text[mark..];
        if !line.is_empty() {
            let span = self.base + mark..self.base + text.len();
            sink.leaf(&Leaf {
                text: line,
                part: self.part,
                pieces: &[Piece { span, at: 0, quotes: Quotes::one(Quote::Verbatim) }],
                names: &[],
                above: &[],
                places: &[],
                record: 0,
                member: None,
                loosen: &[],
            })?;
        }
        self.base += self.held.len();
        self.held.clear();
        sink.settled(self.base)
    }
}

impl Walker for TextWalker {
    fn write(&mut self, mut chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some(length) = memchr2(b'\n', b'\r', chunk) {
            self.hold(&chunk[..length])?;
            self.show(sink)?;
            self.base += 1;
            chunk = &chunk[length + 1..];
        }
        self.hold(chunk)?;
        sink.settled(self.base)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.show(sink)
    }
}
