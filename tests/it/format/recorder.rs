//! A sink that writes down what a walker shows, and holds it to its promises while it does.

use std::fmt::Write;

use sudare::format::quote;
use sudare::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use sudare::terms::refusal::Refusal;

/// A leaf that has been shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    pub part: Part,
    pub pieces: Vec<Piece>,
    pub names: Vec<String>,
    pub above: Vec<String>,
    pub record: u32,
    /// The whole leaf on one line.
    pub line: String,
}

/// Everything that one walk has shown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recorder {
    pub leaves: Vec<Shown>,
    /// Leaves, records and the refusal, in their order.
    pub lines: Vec<String>,
    settled: usize,
    record: u32,
    /// Whether documents in texts are looked into.
    opens: bool,
}

impl Recorder {
    /// Walks a body in these chunks.
    pub fn walk<'a>(walker: &mut dyn Walker, chunks: impl IntoIterator<Item = &'a [u8]>) -> Recorder {
        Recorder::default().walked(walker, chunks)
    }

    /// The same, and looks into documents in texts.
    pub fn walk_into<'a>(walker: &mut dyn Walker, chunks: impl IntoIterator<Item = &'a [u8]>) -> Recorder {
        Recorder { opens: true, ..Recorder::default() }.walked(walker, chunks)
    }

    fn walked<'a>(mut self, walker: &mut dyn Walker, chunks: impl IntoIterator<Item = &'a [u8]>) -> Recorder {
        let written = chunks.into_iter().try_for_each(|chunk| walker.write(chunk, &mut self));
        if let Err(refusal) = written.and_then(|()| walker.end(&mut self)) {
            self.lines.push(format!("! {refusal}"));
        }
        self.settled = 0;
        self
    }

    pub fn refused(&self) -> bool {
        self.lines.last().is_some_and(|line| line.starts_with('!'))
    }

    /// Each leaf's text is what its pieces in the body say.
    pub fn agrees_with(&self, body: &str) {
        for leaf in &self.leaves {
            let mut text = String::new();
            for piece in &leaf.pieces {
                assert_eq!(piece.at, text.len(), "{}", leaf.line);
                text += &quote::decode(piece.quotes, &body[piece.span.clone()]).expect(&leaf.line).text;
            }
            assert_eq!(text, leaf.text, "{}", leaf.line);
        }
    }
}

impl Recorder {
    /// The same where a line break of the leaf's text may stand for what parts two pieces.
    pub fn agrees_but_for_breaks(&self, body: &str) {
        for leaf in &self.leaves {
            let mut text = String::new();
            for piece in &leaf.pieces {
                assert!(leaf.text[text.len()..piece.at].chars().all(|c| c == '\n'), "{}", leaf.line);
                text.push_str(&leaf.text[text.len()..piece.at]);
                text += &quote::decode(piece.quotes, &body[piece.span.clone()]).expect(&leaf.line).text;
            }
            assert_eq!(text, leaf.text, "{}", leaf.line);
        }
    }
}

impl Sink for Recorder {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        assert!(!leaf.pieces.is_empty(), "a leaf stands somewhere");
        assert!(leaf.record == 0 || leaf.record > self.record, "a record is closed once");
        for piece in leaf.pieces {
            assert!(piece.span.start >= self.settled, "{:?} was settled at {}", piece.span, self.settled);
        }
        if let Some(member) = &leaf.member {
            assert!(member.before >= self.settled, "the member before was settled at {}", self.settled);
        }
        let line = line(leaf);
        self.lines.push(line.clone());
        self.leaves.push(Shown {
            text: leaf.text.to_owned(),
            part: leaf.part,
            pieces: leaf.pieces.to_vec(),
            names: leaf.names.iter().map(str::to_owned).collect(),
            above: leaf.above.iter().map(str::to_owned).collect(),
            record: leaf.record,
            line,
        });
        Ok(())
    }

    fn record(&mut self, record: u32, end: usize) -> Result<(), Refusal> {
        assert_eq!(record, self.record + 1, "records close in their order");
        self.record = record;
        self.lines.push(format!("record {record} ends at {end}"));
        Ok(())
    }

    fn opens(&mut self, _: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        Ok(self.opens && readable)
    }

    fn settled(&mut self, upto: usize) -> Result<(), Refusal> {
        assert!(upto >= self.settled, "what is settled stays settled");
        self.settled = upto;
        Ok(())
    }
}

/// `17..30 Value "090-…" tel < phones @1 record 1 member 0.2 9..31 after 8 (Json)`
fn line(leaf: &Leaf<'_>) -> String {
    let mut line = String::new();
    for piece in leaf.pieces {
        let _ = write!(line, "{}..{} ", piece.span.start, piece.span.end);
    }
    let _ = write!(line, "{:?} {:?}", leaf.part, leaf.text);
    let _ = write!(line, " {}", leaf.names.iter().collect::<Vec<_>>().join("+"));
    leaf.above.iter().for_each(|name| {
        let _ = write!(line, " < {name}");
    });
    leaf.places.iter().for_each(|place| {
        let _ = write!(line, " @{}", place.0);
    });
    if leaf.record > 0 {
        let _ = write!(line, " record {}", leaf.record);
    }
    if let Some(m) = &leaf.member {
        let _ = write!(line, " member {}.{} {}..{} after {}", m.object, m.index, m.span.start, m.span.end, m.before);
    }
    let _ = write!(line, " {:?}", leaf.pieces[0].quotes.layers());
    line
}
