//! YAML as a tree of nodes, each with its place in the file.
//!
//! Every scalar is text: `no`, `on`, `22:00` and `0312345678` stay what was written, because a
//! telephone number must never become a number. What makes a file mean something else than it
//! looks like (anchors, merges, tags, keys twice, a second document) is a fault.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use crate::policy::fault::Faults;
use crate::policy::lines::Lines;
use crate::policy::traps;

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name as diagnostics show it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file's name.
    pub file: Arc<str>,
    /// Its bytes.
    pub span: Range<usize>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

impl Spot {
    /// The first byte of a file, for what is missing in it.
    pub fn start_of(file: &str) -> Spot {
        Spot { file: file.into(), span: 0..0, line: 1, column: 1 }
    }
}

/// A value and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it is.
    pub spot: Spot,
}

/// A value of YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text; everything that is neither list nor map.
    Scalar {
        /// The text.
        text: String,
        /// Whether it stood in quotes or in a block.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key is.
    pub key_spot: Spot,
    /// Whether the key stood in quotes.
    pub quoted: bool,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The entries, if it is a map.
    pub fn map(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, if it is a map that has it.
    pub fn at(&self, key: &str) -> Option<&Node> {
        self.map()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The text, if it is a scalar.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether nothing was written: `key:` without a value.
    pub fn is_empty(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, quoted: false } if text.is_empty())
    }
}

/// Bytes of one file.
pub const FILE_BYTES: usize = 4 << 20;
/// Nesting of lists and maps.
const DEPTH_MAX: usize = 64;
/// Nodes of one file.
const NODES_MAX: usize = 200_000;

/// Reads a file. `None` where the faults say that nothing can be made of it.
pub fn parse(source: &Source, faults: &mut Faults) -> Option<Node> {
    if source.text.len() > FILE_BYTES {
        let message = format!("the file has more than {FILE_BYTES} bytes");
        faults.error(&Spot::start_of(&source.name), "too-large", message).help("split it into several files");
        return None;
    }
    let mut builder = Builder::new(source, faults);
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let mut parser = Parser::new_from_str(text);
    loop {
        match parser.next_event() {
            Some(Ok((Event::StreamEnd, _))) | None => break,
            Some(Ok((event, span))) => builder.event(event, span)?,
            Some(Err(error)) => return builder.broken(&error),
        }
    }
    let root = builder.root;
    if root.is_none() {
        let fault = faults.error(&Spot::start_of(&source.name), "empty", "the file is empty");
        fault.help("rule files and gateway.yaml begin with `sudare: 1`");
    }
    root
}

/// A list or map that is not closed yet.
enum Frame {
    List(Vec<Node>, Spot),
    Map(Vec<Entry>, Keys, Spot),
}

/// The keys of a map that is not closed yet.
#[derive(Default)]
struct Keys {
    /// The key whose value comes next, and whether it stood in quotes.
    pending: Option<(String, Spot, bool)>,
    /// The line of each key that has its value.
    lines: HashMap<String, usize>,
    /// Whether a pair that a full-width colon made was told and left out.
    slipped: bool,
}

struct Builder<'s> {
    source: &'s Source,
    file: Arc<str>,
    lines: Lines,
    stack: Vec<Frame>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
    faults: &'s mut Faults,
}

impl<'s> Builder<'s> {
    fn new(source: &'s Source, faults: &'s mut Faults) -> Builder<'s> {
        let file = source.name.as_str().into();
        let lines = Lines::new(&source.text);
        Builder { source, file, lines, stack: Vec::new(), root: None, nodes: 0, documents: 0, faults }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let spot = self.spot(span);
        match event {
            Event::DocumentStart(_) => return self.document(&spot),
            Event::Alias(_) => {
                traps::alias(self.faults, &spot);
                // The text stands in for what was meant, so that nothing else is found wrong with it.
                return self.put(Node { value: Value::Scalar { text: "*".to_owned(), quoted: true }, spot });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.decorations(anchor, tag.is_some(), &spot);
                return self.scalar(text.into_owned(), style, spot);
            }
            Event::SequenceStart(anchor, tag) => {
                self.decorations(anchor, tag.is_some(), &spot);
                return self.open(Frame::List(Vec::new(), bracket(spot)));
            }
            Event::MappingStart(anchor, tag) => {
                self.decorations(anchor, tag.is_some(), &spot);
                return self.open(Frame::Map(Vec::new(), Keys::default(), bracket(spot)));
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Some(())
    }

    fn document(&mut self, spot: &Spot) -> Option<()> {
        self.documents += 1;
        if self.documents > 1 {
            let fault = self.faults.error(spot, "documents", "a second document begins here");
            fault.help("one file holds one document: take the `---` out or make it a file of its own");
            return None;
        }
        Some(())
    }

    fn decorations(&mut self, anchor: usize, tagged: bool, spot: &Spot) {
        if anchor > 0 {
            traps::anchor(self.faults, spot);
        }
        if tagged {
            let fault = self.faults.error(spot, "tag", "tags (`!…`) are not known here");
            fault.help("every value is text; put it in quotes if it begins with `!`");
        }
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, mut spot: Spot) -> Option<()> {
        let quoted = style != ScalarStyle::Plain;
        if !quoted {
            // The parser's span can reach over the blanks and the comment that follow.
            if self.source.text.get(spot.span.start..).is_some_and(|rest| rest.starts_with(&text)) {
                spot.span.end = spot.span.start + text.len();
            }
            traps::scalar(self.faults, &self.source.text, &text, &spot);
        }
        self.put(Node { value: Value::Scalar { text, quoted }, spot })
    }

    fn open(&mut self, frame: Frame) -> Option<()> {
        if let (Some(Frame::Map(_, Keys { pending: None, .. }, _)), Frame::List(_, spot) | Frame::Map(_, _, spot)) =
            (self.stack.last(), &frame)
        {
            let fault = self.faults.error(spot, "key", "a key must be text");
            fault.help("put it in quotes if it begins with `[` or `{`");
            return None;
        }
        if self.stack.len() >= DEPTH_MAX {
            let (Frame::List(_, spot) | Frame::Map(_, _, spot)) = &frame;
            self.faults.error(spot, "too-deep", format!("lists and maps are nested more than {DEPTH_MAX} deep"));
            return None;
        }
        self.stack.push(frame);
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let node = match self.stack.pop()? {
            Frame::List(items, spot) => {
                let spot = widened(spot, items.first().map(|item| &item.spot));
                Node { value: Value::List(items), spot }
            }
            Frame::Map(mut entries, keys, spot) => {
                let spot = widened(spot, entries.first().map(|entry| &entry.key_spot));
                if keys.slipped {
                    self.faults.slip(&spot);
                    entries.retain(|entry| !traps::is_told(entry));
                }
                Node { value: Value::Map(entries), spot }
            }
        };
        self.put(node)
    }

    fn put(&mut self, node: Node) -> Option<()> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            self.faults.error(&node.spot, "too-large", format!("the file has more than {NODES_MAX} values"));
            return None;
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List(items, _)) => items.push(node),
            Some(Frame::Map(entries, keys, _)) => match keys.pending.take() {
                Some((key, key_spot, quoted)) => {
                    let first = keys.lines.get(&key).copied();
                    keys.lines.entry(key.clone()).or_insert(key_spot.line);
                    let entry = Entry { key, key_spot, quoted, value: node };
                    keys.slipped |= traps::entry(self.faults, first, &entry);
                    entries.push(entry);
                }
                None => match node.value {
                    Value::Scalar { text, quoted } => keys.pending = Some((text, node.spot, quoted)),
                    // `open` lets no list or map become a key.
                    Value::List(_) | Value::Map(_) => return None,
                },
            },
        }
        Some(())
    }

    fn broken(self, error: &ScanError) -> Option<Node> {
        let at = self.lines.byte(&self.source.text, error.marker().index());
        let (span, code, message, help) = traps::broken(&self.source.text, at, error.info());
        let before = self.source.text.get(..span.start).unwrap_or_default();
        let (line, column) = self.lines.position(before.chars().count());
        let spot = Spot { file: self.file.clone(), span, line, column };
        if self.faults.has(code, &spot) {
            return None;
        }
        let fault = self.faults.error(&spot, code, message);
        if let Some(help) = help {
            fault.help(help);
        }
        None
    }

    fn spot(&self, span: Span) -> Spot {
        let text = &self.source.text;
        let start = self.lines.byte(text, span.start.index());
        let end = self.lines.byte(text, span.end.index()).max(start);
        let (line, column) = self.lines.position(span.start.index() + self.lines.skipped());
        Spot { file: self.file.clone(), span: start..end, line, column }
    }
}

/// Of `{ a: b }` the parser's span has the brace and the blanks behind it.
fn bracket(mut spot: Spot) -> Spot {
    spot.span.end = spot.span.end.min(spot.span.start + 1);
    spot
}

/// A block list or map has no first character of its own: its first member stands for it.
fn widened(spot: Spot, first: Option<&Spot>) -> Spot {
    match first {
        Some(first) if spot.span.is_empty() => first.clone(),
        _ => spot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Node {
        let mut faults = Faults::new();
        let source = Source { name: "a.yaml".into(), text: text.into() };
        let node = parse(&source, &mut faults);
        assert_eq!(faults.into_sorted(), []);
        node.expect("a tree")
    }

    #[test]
    fn every_scalar_is_text() {
        let node = read("a: [no, on, 22:00, 0312345678, ~, 0x10, 'x', 1e3]\n");
        let Some(Node { value: Value::List(items), .. }) = node.at("a") else { panic!("a list") };
        let texts: Vec<_> = items.iter().filter_map(Node::scalar).collect();
        assert_eq!(texts, ["no", "on", "22:00", "0312345678", "~", "0x10", "x", "1e3"]);
    }

    #[test]
    fn places_count_characters_and_bytes() {
        for bom in ["", "\u{feff}"] {
            let text = format!("{bom}住所: {{ 市: 甲 }}   # c\r\n次: '乙'\n");
            let node = read(&text);
            let first = node.at("住所").and_then(|map| map.at("市")).expect("a value");
            assert_eq!(&text[first.spot.span.clone()], "甲");
            assert_eq!((first.spot.line, first.spot.column), (1, 10));
            let second = node.at("次").expect("a value");
            assert_eq!((second.spot.line, second.spot.column), (2, 4));
            assert_eq!(&text[second.spot.span.clone()], "'乙'");
        }
    }

    #[test]
    fn bounds_are_kept() {
        for (text, code) in [
            ("[".repeat(DEPTH_MAX + 1), "too-deep"),
            (format!("[{}]", "a,".repeat(NODES_MAX + 1)), "too-large"),
            ("a".repeat(FILE_BYTES + 1), "too-large"),
            (String::new(), "empty"),
        ] {
            let mut faults = Faults::new();
            let node = parse(&Source { name: "a.yaml".into(), text }, &mut faults);
            assert_eq!(node, None);
            assert_eq!(faults.into_sorted()[0].code, code);
        }
    }
}
