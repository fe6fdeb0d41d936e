//! `multipart/form-data`: bodies of forms that may hold files. Only requests are read in it.
//!
//! What the first line says is the boundary (`media` has compared it with the content type). Nothing
//! may stand before it or behind the last one, and a line that a milder reader could take for a
//! boundary is refused, because the CRM would find other fields than were looked at. A field's text
//! is a leaf under the field's name; a file is walked as what it says that it is.

pub mod head;

use std::sync::Arc;

use memchr::memmem;

use crate::format::json::lines::JsonLines;
use crate::format::multipart::head::Head;
use crate::format::{self, Format, media};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::place::Places;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// The longest boundary, with its dashes (RFC 2046).
const BOUNDARY_BYTES: usize = 72;

/// The longest head of a part.
const HEAD_BYTES: usize = 16 << 10;

/// How many parts are read.
const PARTS: usize = 10_000;

/// What becomes of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// They are walked; one that cannot be read is refused.
    Walk,
    /// They are walked; one that cannot be read passes.
    Pass,
    /// Nobody looks into them.
    Skip,
}

/// Walks one form.
pub struct MultipartWalker {
    /// What is not yet read.
    held: Vec<u8>,
    /// The number of the first byte held, and how many of them have been read.
    base: usize,
    from: usize,
    /// `--` and the boundary, once the first line is there.
    delimiter: Vec<u8>,
    stage: Stage,
    parts: usize,
    has_files: bool,
    files: Files,
    places: Arc<Places>,
    bounds: Bounds,
}

enum Stage {
    First,
    Head,
    /// In a part's body, whose first byte has been seen if `begun`.
    Body {
        part: Content,
        begun: bool,
        at: usize,
    },
    /// Behind the last boundary.
    Behind,
}

/// What is gathered or walked of a part's body.
enum Content {
    Field {
        name: String,
        text: Vec<u8>,
        start: usize,
    },
    /// A file of which too little is there to say what it is.
    Unproven {
        kind: Option<String>,
        named: bool,
        first: Vec<u8>,
        start: usize,
    },
    Walked {
        walker: Box<dyn Walker>,
        start: usize,
    },
    Skipped,
}

impl MultipartWalker {
    /// A walker before the form's first byte.
    pub fn new(places: Arc<Places>, bounds: &Bounds, files: Files) -> MultipartWalker {
        MultipartWalker {
            held: Vec::new(),
            base: 0,
            from: 0,
            delimiter: Vec::new(),
            stage: Stage::First,
            parts: 0,
            has_files: false,
            files,
            places,
            bounds: bounds.clone(),
        }
    }

    /// Whether a part was more than a field's text.
    pub fn has_files(&self) -> bool {
        self.has_files
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        while match self.stage {
            Stage::First => self.first(last)?,
            Stage::Head => self.head(sink)?,
            Stage::Body { .. } => self.body(last, sink)?,
            Stage::Behind => self.behind()?,
        } {}
        sink.settled(self.settled())
    }

    /// Of a part that is not complete, leaves may still come.
    fn settled(&self) -> usize {
        let Stage::Body { part, .. } = &self.stage else { return self.position() };
        match part {
            Content::Field { start, .. } | Content::Unproven { start, .. } | Content::Walked { start, .. } => *start,
            Content::Skipped => self.position(),
        }
    }

    fn rest(&self) -> &[u8] {
        &self.held[self.from..]
    }

    fn position(&self) -> usize {
        self.base + self.from
    }

    /// Lets go of so many bytes.
    fn pass(&mut self, count: usize) {
        self.from += count;
    }

    fn first(&mut self, last: bool) -> Result<bool, Refusal> {
        let look = &self.rest()[..self.rest().len().min(BOUNDARY_BYTES + 4)];
        let Some(end) = memmem::find(look, b"\r\n").or(last.then_some(look.len())) else {
            return if look.len() < BOUNDARY_BYTES + 4 { Ok(false) } else { Err(self.fault(0, "no boundary")) };
        };
        let line = &self.rest()[..end];
        if !line.starts_with(b"--") || line.len() < 3 || line.len() > BOUNDARY_BYTES + 2 {
            return Err(self.fault(0, "no boundary"));
        }
        // A form without fields is its closing boundary alone.
        let is_all = line.ends_with(b"--") && line.len() > 4 && self.rest().len() <= end + 2;
        if is_all && !last {
            return Ok(false);
        }
        self.delimiter = line.to_vec();
        self.stage = if is_all { Stage::Behind } else { Stage::Head };
        self.pass((end + 2).min(self.rest().len()));
        Ok(!is_all)
    }

    fn head(&mut self, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let look = &self.rest()[..self.rest().len().min(HEAD_BYTES + 4)];
        let Some(end) = memmem::find(look, b"\r\n\r\n") else {
            let too_long = look.len() == HEAD_BYTES + 4;
            return if too_long { Err(self.bound("the head of a part is too long")) } else { Ok(false) };
        };
        self.parts += 1;
        if self.parts > PARTS {
            return Err(self.bound("the form has too many parts"));
        }
        let text = str::from_utf8(&self.rest()[..end]).map_err(|e| self.fault(e.valid_up_to(), "invalid UTF-8"))?;
        if let Some(at) = like_boundary(text, &self.delimiter) {
            return Err(self.fault(at, "a line that some would take for the boundary"));
        }
        let head = head::read(text).map_err(|(at, what)| self.fault(at, what))?;
        self.show_head(text, &head, sink)?;
        let name = text[head.name.clone()].to_owned();
        let kind = head.kind.clone().map(|kind| text[kind].to_owned());
        let file = head.file.clone().map(|file| &text[file]);
        let start = self.position() + end + 4;
        let is_text = kind.as_deref().is_none_or(|kind| matches!(media::of(Some(kind), b""), Ok(Format::Text)));
        let part = if file.is_none() && is_text {
            Content::Field { name, text: Vec::new(), start }
        } else {
            Content::Unproven { kind, named: file.is_some_and(|file| !file.is_empty()), first: Vec::new(), start }
        };
        self.stage = Stage::Body { part, begun: false, at: 0 };
        self.pass(end + 4);
        Ok(true)
    }

    /// Shows what a head holds that people write: names.
    fn show_head(&self, text: &str, head: &Head, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let aside = head.file.iter().chain(&head.others).map(|range| (range, Part::Attribute));
        for (range, part) in [(&head.name, Part::Key)].into_iter().chain(aside) {
            let span = self.position() + range.start..self.position() + range.end;
            sink.leaf(&leaf(&text[range.clone()], part, Names::NONE, &[piece(span)]))?;
        }
        Ok(())
    }

    /// Reads a part's body up to its boundary, or as much as is there.
    fn body(&mut self, last: bool, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let Stage::Body { at, begun, .. } = &self.stage else { return Ok(false) };
        let (from, begun) = (*at, *begun);
        let Some(found) = memmem::find(&self.rest()[from..], &self.delimiter).map(|found| from + found) else {
            let fault = last.then(|| self.fault(self.rest().len(), "the form ends inside a part"));
            // What is kept may be a line break and the beginning of a boundary.
            let safe = self.rest().len().saturating_sub(self.delimiter.len() + 1);
            self.content(safe, sink)?;
            return fault.map_or(Ok(false), Err);
        };
        let before = &self.rest()[..found];
        if !before.ends_with(b"\r\n") {
            let like = before.ends_with(b"\n") || before.ends_with(b"\r") || (before.is_empty() && !begun);
            if like {
                return Err(self.no_boundary(found, sink));
            }
            self.look_from(found + 1);
            return Ok(true);
        }
        let end = found + self.delimiter.len();
        let after = &self.rest()[end..];
        let is_last = match after {
            [b'\r', b'\n', ..] => false,
            [b'-', b'-', ..] => true,
            [] | [b'\r'] | [b'-'] if !last => return Ok(false),
            _ => return Err(self.no_boundary(found, sink)),
        };
        self.content(found - 2, sink)?;
        self.finish(sink)?;
        self.stage = if is_last { Stage::Behind } else { Stage::Head };
        self.pass(2 + self.delimiter.len() + 2);
        Ok(true)
    }

    /// A line that is nearly a boundary; what stands before it is read first, as it would be in smaller
    /// pieces, so that the same fault is told however the body comes.
    fn no_boundary(&mut self, found: usize, sink: &mut dyn Sink) -> Refusal {
        let fault = self.fault(found, "a line that some would take for the boundary");
        self.content(found.saturating_sub(2), sink).err().unwrap_or(fault)
    }

    fn look_from(&mut self, from: usize) {
        if let Stage::Body { at, .. } = &mut self.stage {
            *at = from;
        }
    }

    fn behind(&mut self) -> Result<bool, Refusal> {
        match self.rest() {
            b"" | b"\r" | b"\r\n" => Ok(false),
            _ => Err(self.fault(0, "something stands behind the last boundary")),
        }
    }

    /// Gives the part the first bytes that are held.
    fn content(&mut self, count: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let value_bytes = self.bounds.value_bytes;
        let Stage::Body { part, begun, at } = &mut self.stage else { return Ok(()) };
        *begun |= count > 0;
        *at = at.saturating_sub(count);
        let bytes = &self.held[self.from..self.from + count];
        match part {
            Content::Field { text, start, .. } => {
                if text.len() + bytes.len() > value_bytes {
                    let note = format!("the field at byte {start} of the form is longer than {value_bytes} bytes");
                    return Err(Refusal::new(Reason::Bound, note));
                }
                text.extend_from_slice(bytes);
            }
            Content::Unproven { first, .. } => {
                first.extend_from_slice(bytes);
                if first.len() >= media::SNIFF_BYTES {
                    self.prove(sink)?;
                }
            }
            Content::Walked { walker, start } => {
                let written = walker.write(bytes, &mut Inside { base: *start, sink });
                self.forgiven(written)?;
            }
            Content::Skipped => {}
        }
        self.pass(count);
        Ok(())
    }

    /// Says what a file is, and begins to walk it.
    fn prove(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let Stage::Body { part: part @ Content::Unproven { .. }, .. } = &mut self.stage else { return Ok(()) };
        let Content::Unproven { kind, named, first, start } = std::mem::replace(part, Content::Skipped) else {
            return Ok(());
        };
        // A control of the page that no file was put into.
        if first.is_empty() && !named {
            return Ok(());
        }
        self.has_files = true;
        if self.files == Files::Skip {
            return Ok(());
        }
        let kind = kind.unwrap_or_else(|| "text/plain".to_owned());
        let walker = media::of_file(&kind, &first[..first.len().min(media::SNIFF_BYTES)])
            .and_then(|format| self.walker(format, start))
            .map(|mut walker| walker.write(&first, &mut Inside { base: start, sink }).map(|()| walker));
        match walker {
            Ok(Ok(walker)) => {
                if let Stage::Body { part, .. } = &mut self.stage {
                    *part = Content::Walked { walker, start };
                }
                Ok(())
            }
            Ok(Err(refusal)) | Err(refusal) => self.forgiven(Err(refusal)),
        }
    }

    fn walker(&self, format: Format, start: usize) -> Result<Box<dyn Walker>, Refusal> {
        match format {
            Format::Multipart => {
                Err(Refusal::new(Reason::Unreadable, format!("the part at byte {start} holds parts of its own")))
            }
            // A veiled number is `null`, and would be written over the number.
            Format::Json => Ok(Box::new(format::json(&self.places, &self.bounds).showing_nulls())),
            Format::Lines => Ok(Box::new(JsonLines::new(format::json(&self.places, &self.bounds).showing_nulls()))),
            format => format::walker(format, &self.places, &self.bounds),
        }
    }

    /// A file that cannot be read passes where the rules say so; whatever else is refused stays so.
    fn forgiven(&mut self, read: Result<(), Refusal>) -> Result<(), Refusal> {
        match read {
            Err(refusal) if self.files == Files::Pass && refusal.reason == Reason::Unreadable => {
                if let Stage::Body { part, .. } = &mut self.stage {
                    *part = Content::Skipped;
                }
                Ok(())
            }
            other => other,
        }
    }

    /// The part is complete.
    fn finish(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.prove(sink)?;
        let Stage::Body { part, .. } = &mut self.stage else { return Ok(()) };
        match part {
            Content::Field { name, text, start } => {
                let value = str::from_utf8(text).map_err(|e| unreadable(*start + e.valid_up_to(), "invalid UTF-8"))?;
                if name == "_charset_" && !value.eq_ignore_ascii_case("utf-8") {
                    return Err(unreadable(*start, "a charset that is not read; only UTF-8 is"));
                }
                let span = *start..*start + value.len();
                sink.leaf(&leaf(value, Part::Value, Names::one(name), &[piece(span)]))
            }
            Content::Walked { walker, start } => {
                let ended = walker.end(&mut Inside { base: *start, sink });
                self.forgiven(ended)
            }
            Content::Unproven { .. } | Content::Skipped => Ok(()),
        }
    }

    fn fault(&self, at: usize, what: &str) -> Refusal {
        unreadable(self.position() + at, what)
    }

    fn bound(&self, what: &str) -> Refusal {
        Refusal::new(Reason::Bound, format!("{what}, at byte {}", self.position()))
    }
}

impl Walker for MultipartWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.held.drain(..self.from);
        self.base += self.from;
        self.from = 0;
        self.held.extend_from_slice(chunk);
        self.read(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.read(true, sink)?;
        match self.stage {
            Stage::Behind if self.rest() != b"\r" => Ok(()),
            _ => Err(self.fault(self.rest().len(), "the form ends too early")),
        }
    }
}

/// The fields of a form, in their order, and whether it holds files too.
pub struct Form {
    /// Names and texts.
    pub fields: Vec<(String, String)>,
    /// Whether a part was more than a field's text.
    pub files: bool,
}

/// Where a line of a part's head begins like the boundary.
fn like_boundary(head: &str, delimiter: &[u8]) -> Option<usize> {
    let begins_line = |at: &usize| *at == 0 || matches!(head.as_bytes()[at - 1], b'\r' | b'\n');
    memmem::find_iter(head.as_bytes(), delimiter).find(begins_line)
}

/// Reads the fields of a whole form; nobody looks into its files.
pub fn form(body: &[u8], bounds: &Bounds) -> Result<Form, Refusal> {
    let mut walker = MultipartWalker::new(Arc::default(), bounds, Files::Skip);
    let mut fields = Fields(Vec::new());
    walker.write(body, &mut fields)?;
    walker.end(&mut fields)?;
    Ok(Form { fields: fields.0, files: walker.has_files() })
}

struct Fields(Vec<(String, String)>);

impl Sink for Fields {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if let (Part::Value, Some(name)) = (leaf.part, leaf.names.first()) {
            self.0.push(((*name).to_owned(), leaf.text.to_owned()));
        }
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Translates leaves of a file into those of the form: records are the file's own matter.
struct Inside<'a> {
    base: usize,
    sink: &'a mut dyn Sink,
}

impl Inside<'_> {
    fn pieces(&self, leaf: &Leaf<'_>) -> Vec<Piece> {
        let outward = |piece: &Piece| Piece {
            span: self.base + piece.span.start..self.base + piece.span.end,
            at: piece.at,
            quotes: piece.quotes,
        };
        leaf.pieces.iter().map(outward).collect()
    }
}

impl Sink for Inside<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let pieces = self.pieces(leaf);
        self.sink.leaf(&Leaf { pieces: &pieces, record: 0, member: None, loosen: &[], ..leaf.clone() })
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        let pieces = self.pieces(leaf);
        self.sink.opens(&Leaf { pieces: &pieces, record: 0, member: None, loosen: &[], ..leaf.clone() }, readable)
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

fn piece(span: std::ops::Range<usize>) -> Piece {
    Piece { span, at: 0, quotes: Quotes::one(Quote::Verbatim) }
}

fn leaf<'a>(text: &'a str, part: Part, names: Names<'a>, pieces: &'a [Piece]) -> Leaf<'a> {
    Leaf { names, ..Leaf::bare(text, part, pieces) }
}

/// A refusal that names the offset, never the text.
fn unreadable(at: usize, what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the form cannot be read at byte {at}: {what}"))
}
