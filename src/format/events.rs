//! Server-sent events: lines of a stream that never needs to end.
//!
//! An event is complete at its blank line, and then everything in it is shown: its data as JSON where
//! it is JSON and as text elsewhere, its name, its id, and comments, which nobody displays but any
//! program can read. Events are records, unless the resource says what in their data are records: each
//! is decided and leaves by itself. The lines are taken apart as the HTML standard says
//! ("Interpreting an event stream").

use std::ops::Range;
use std::sync::Arc;

use crate::format::inside::{self, Insides, NESTS};
use crate::format::json;
use crate::format::json::within::{Moved, Nobody, walk};
use crate::format::text::labelled;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::place::{Place, Places};
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// Walks a stream of events.
pub struct EventsWalker {
    /// The event that is not complete.
    held: Vec<u8>,
    /// The number of its first byte.
    base: usize,
    /// Where its present line begins, and how far it was looked at.
    line: usize,
    looked: usize,
    /// Whether the last line ended with a carriage return, to which a line feed belongs.
    returned: bool,
    /// How many records there were.
    records: u32,
    places: Arc<Places>,
    bounds: Bounds,
}

impl EventsWalker {
    /// A walker before a stream's first byte.
    pub fn new(places: Arc<Places>, bounds: &Bounds) -> EventsWalker {
        EventsWalker {
            held: Vec::new(),
            base: 0,
            line: 0,
            looked: 0,
            returned: false,
            records: 0,
            places,
            bounds: bounds.clone(),
        }
    }

    /// Shows the event of the bytes held up to there, and lets them go.
    fn event(&mut self, upto: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let bytes = &self.held[..upto];
        let text = str::from_utf8(bytes).map_err(|e| unreadable(self.base + e.valid_up_to(), "invalid UTF-8"))?;
        let before = self.records;
        let own = !matches!(self.places.records, Some(Place::Json(_)));
        self.records = before.wrapping_add(u32::from(own));
        let event = Event { base: self.base, record: if own { self.records } else { 0 } };
        let mut data = Data::default();
        for line in lines(text) {
            event.line(text, line, &mut data, sink)?;
        }
        if !data.pieces.is_empty() {
            let mut inside = Inside {
                map: &data.map,
                own: event.record,
                before: self.records,
                records: self.records,
                sink: &mut *sink,
            };
            event.data(&data, &self.places, &self.bounds, &mut inside)?;
            self.records = inside.records;
        }
        self.base += upto;
        self.held.drain(..upto);
        (self.line, self.looked) = (0, 0);
        for record in before..self.records {
            sink.record(record.wrapping_add(1), self.base)?;
        }
        sink.settled(self.base)
    }

    /// Where the next blank line ends.
    fn blank_line(&mut self) -> Option<usize> {
        while let Some(byte) = self.held.get(self.looked) {
            let at = self.looked;
            self.looked += 1;
            match byte {
                b'\n' if self.returned && at == self.line => {
                    // The second half of a line's end.
                    (self.line, self.returned) = (at + 1, false);
                }
                b'\n' | b'\r' => {
                    let blank = at == self.line;
                    (self.line, self.returned) = (at + 1, *byte == b'\r');
                    if blank {
                        return Some(at + 1);
                    }
                }
                _ => self.returned = false,
            }
        }
        None
    }
}

impl Walker for EventsWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.held.extend_from_slice(chunk);
        while let Some(upto) = self.blank_line() {
            self.event(upto, sink)?;
        }
        if self.held.len() > self.bounds.hold_bytes {
            return Err(Refusal::new(Reason::Bound, "an event is longer than can be held"));
        }
        Ok(())
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        // Browsers forget an event without its blank line; its bytes leave all the same.
        if self.held.is_empty() { Ok(()) } else { self.event(self.held.len(), sink) }
    }
}

/// The lines of an event, without their ends.
fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let line = at..at + length;
        at += length + if rest[length..].starts_with("\r\n") { 2 } else { 1 };
        Some(line)
    })
}

/// The data of one event: its lines as one text. It may hold personal data, so it has no `Debug`.
#[derive(Default)]
struct Data {
    text: String,
    pieces: Vec<Piece>,
    /// Where in the body each byte of the text stands.
    map: Vec<usize>,
}

impl Data {
    fn push(&mut self, line: &str, start: usize) {
        if !self.pieces.is_empty() {
            self.text.push('\n');
        }
        self.pieces.push(piece(start..start + line.len(), self.text.len()));
        self.text.push_str(line);
        self.map.extend(start..start + line.len());
        // The line break between two of them, and the end of the last.
        self.map.push(start + line.len());
    }
}

/// One event.
struct Event {
    /// The number of its first byte in the body.
    base: usize,
    record: u32,
}

impl Event {
    fn line(&self, text: &str, line: Range<usize>, data: &mut Data, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let start = if self.base == 0 && line.start == 0 && text.starts_with('\u{feff}') { 3 } else { line.start };
        let line = start..line.end;
        let whole = &text[line.clone()];
        let (name, value) = whole.split_once(':').unwrap_or((whole, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        let at = line.end - value.len();
        match name {
            "data" => {
                data.push(value, self.base + at);
                Ok(())
            }
            "event" | "id" => self.show(value, Part::Attribute, at, sink),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => Ok(()),
            "" => self.show(value, Part::Comment, at, sink),
            // Nobody knows such a line, so all of it is looked at.
            _ => self.show(whole, Part::Comment, line.start, sink),
        }
    }

    fn show(&self, text: &str, part: Part, at: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if text.is_empty() {
            return Ok(());
        }
        let start = self.base + at;
        sink.leaf(&self.leaf(text, part, &[piece(start..start + text.len(), 0)]))
    }

    /// What begins as JSON is JSON, or nobody knows what it is.
    fn data(&self, data: &Data, places: &Arc<Places>, bounds: &Bounds, inside: &mut Inside<'_>) -> Result<(), Refusal> {
        if json::begins(data.text.as_bytes()) {
            // Leaves cannot be taken back, so all of it is read before one is shown.
            return walk(&data.text, places, bounds, 0, &mut Nobody)
                .and_then(|()| walk(&data.text, places, bounds, NESTS, inside));
        }
        if data.text.len() > bounds.value_bytes {
            return Err(Refusal::new(Reason::Bound, format!("the event at byte {} is too long", self.base)));
        }
        if data.text.trim().is_empty() {
            return Ok(());
        }
        self.text(data, places, bounds, inside.sink)
    }

    /// Shows data that is text: a page or XML, lines of which one at least begins with a label, or one value.
    fn text(&self, data: &Data, places: &Places, bounds: &Bounds, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let leaf = self.leaf(&data.text, Part::Text, &data.pieces);
        // Anybody's word may begin as a document does, and must not end the stream.
        let mut insides = Insides::new(&places.words, bounds, NESTS).lenient();
        if inside::may_hold(&data.text) && insides.show(&leaf, &data.map, sink)? {
            return Ok(());
        }
        if insides.table(&leaf, &data.map, sink)? {
            return Ok(());
        }
        let lines: Vec<(&str, &Piece)> = data.text.split('\n').zip(&data.pieces).collect();
        let knows = |number: usize| lines.get(number).is_some_and(|(line, _)| places.words.know(line.trim()));
        // A line that is a known word and nothing else names the next one, unless that is such a word as well.
        let named = |number: usize| number > 0 && knows(number - 1) && !knows(number);
        if lines.iter().enumerate().all(|(number, (line, _))| labelled(line).is_none() && !named(number)) {
            return sink.leaf(&leaf);
        }
        for (number, (line, whole)) in lines.iter().enumerate() {
            let (label, value) = labelled(line).unwrap_or((0..0, 0..line.len()));
            let part = |range: &Range<usize>| [piece(whole.span.start + range.start..whole.span.start + range.end, 0)];
            if !label.is_empty() {
                sink.leaf(&self.leaf(&line[label.clone()], Part::Label, &part(&label)))?;
            }
            if value.is_empty() {
                continue;
            }
            let (is, names) = match label.is_empty() {
                false => (Part::Value, Names::one(&line[label.clone()])),
                true if named(number) => (Part::Value, Names::one(lines[number - 1].0.trim())),
                true => (Part::Text, Names::NONE),
            };
            sink.leaf(&Leaf { names, ..self.leaf(&line[value.clone()], is, &part(&value)) })?;
        }
        Ok(())
    }

    fn leaf<'a>(&self, text: &'a str, part: Part, pieces: &'a [Piece]) -> Leaf<'a> {
        Leaf { record: self.record, ..Leaf::bare(text, part, pieces) }
    }
}

/// Translates leaves of an event's data into those of the stream.
struct Inside<'a> {
    map: &'a [usize],
    /// The record of what stands in none of the data's own.
    own: u32,
    /// How many records there were before these data, and how many there are.
    before: u32,
    records: u32,
    sink: &'a mut dyn Sink,
}

impl Inside<'_> {
    fn shown(
        &mut self,
        leaf: &Leaf<'_>,
        show: impl FnOnce(&mut dyn Sink, &Leaf<'_>) -> Result<bool, Refusal>,
    ) -> Result<bool, Refusal> {
        let raw_of = |at: usize| self.map.get(at).copied().unwrap_or_default();
        let moved =
            Moved::new(leaf, &raw_of, &[]).ok_or_else(|| Refusal::new(Reason::Bound, "JSON is quoted too deep"))?;
        let record = if leaf.record == 0 { self.own } else { self.before.wrapping_add(leaf.record) };
        show(&mut *self.sink, &Leaf { record, ..moved.leaf() })
    }
}

impl Sink for Inside<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.shown(leaf, |sink, leaf| sink.leaf(leaf).map(|()| true)).map(drop)
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        self.records = self.records.wrapping_add(1);
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        self.shown(leaf, |sink, leaf| sink.opens(leaf, readable))
    }
}

fn piece(span: Range<usize>, at: usize) -> Piece {
    Piece { span, at, quotes: Quotes::one(Quote::Verbatim) }
}

fn unreadable(at: usize, what: &str) -> Refusal {
    Refusal::new(Reason::Unreadable, format!("the events cannot be read at byte {at}: {what}"))
}
