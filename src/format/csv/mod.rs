//! CSV: headings and cells, row by row.
//!
//! The headings stand in the first row, or in one of the first five where only a title, a date or a
//! blank row stands above them; each cell below is named by the heading of its column, or by several where it
//! is in doubt which row has them, and each row is a record. Which headings matter is not decided here.

mod first;
pub mod nodes;
pub mod scan;

use std::sync::Arc;

use crate::format::csv::first::{First, Holds, Row, heading, names_something};
use crate::format::csv::scan::{Event, Scanner};
use crate::format::inside::{self, Insides, NESTS};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Reach, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::place::Places;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// How many columns are read; spreadsheets stop here too.
const COLUMNS: usize = 16 << 10;

/// Walks one CSV file.
pub struct CsvWalker {
    scanner: Scanner,
    /// The first rows, until it is known which of them holds the headings.
    first: Option<First>,
    sheet: Sheet,
}

impl CsvWalker {
    /// A walker before the file's first byte. CSV knows no paths: of the places it asks what headings
    /// are called.
    pub fn new(places: &Arc<Places>, bounds: &Bounds) -> CsvWalker {
        let insides = Insides::new(&places.words, bounds, NESTS);
        let value_bytes = bounds.value_bytes;
        let places = Arc::clone(places);
        let sheet = Sheet {
            headings: Vec::new(),
            doubts: Vec::new(),
            heading_bytes: 0,
            row: 0,
            column: 0,
            value_bytes,
            insides,
            places: Arc::clone(&places),
        };
        // Where nobody knows a heading, the first row is as good as any.
        let first = (!places.headings.is_empty()).then(|| First::new(Arc::clone(&places), bounds.value_bytes));
        CsvWalker { scanner: Scanner::new(places, bounds.value_bytes), first, sheet }
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some(event) = self.scanner.next(last)? {
            let titles = match (event, &mut self.first) {
                (Event::Cell { text, span, quote }, Some(first)) => {
                    first.cell(text, Piece { span, at: 0, quotes: Quotes::one(quote) })?
                }
                (Event::Row(end), Some(first)) => first.end_row(end),
                (Event::Cell { text, span, quote }, None) => {
                    self.sheet.cell(text, Piece { span, at: 0, quotes: Quotes::one(quote) }, sink)?;
                    continue;
                }
                (Event::Row(end), None) => {
                    self.sheet.end_row(end, sink)?;
                    continue;
                }
            };
            if let Some(titles) = titles {
                self.settle(titles, sink)?;
            }
        }
        if last {
            let titles = self.first.as_ref().map_or(0, First::titles);
            self.settle(titles, sink)?;
        }
        match self.first {
            Some(_) => Ok(()),
            None => sink.settled(self.scanner.position()),
        }
    }

    /// Shows the first rows, of which so many are titles.
    fn settle(&mut self, titles: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let Some(first) = self.first.take() else { return Ok(()) };
        for (holds, row) in first.into_rows(titles) {
            match holds {
                Holds::Title => row.cells.iter().try_for_each(|(text, piece)| title(text, piece.clone(), sink))?,
                Holds::Doubt => {
                    self.sheet.doubt(&row)?;
                    row.cells.iter().try_for_each(|(text, piece)| title(text, piece.clone(), sink))?;
                }
                Holds::Between => self.sheet.between(row, sink)?,
                Holds::Headings | Holds::Records => {
                    for (text, piece) in row.cells {
                        self.sheet.cell(&text, piece, sink)?;
                    }
                    if let Some(end) = row.end {
                        self.sheet.end_row(end, sink)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Walker for CsvWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.scanner.push(chunk);
        self.read(false, sink)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.read(true, sink)
    }
}

/// What stands above the headings is about the whole table: no column names it.
fn title(text: &str, piece: Piece, sink: &mut dyn Sink) -> Result<(), Refusal> {
    sink.leaf(&Leaf::bare(text, Part::Value, &[piece]))
}

struct Sheet {
    headings: Vec<String>,
    /// The names that a row above the headings gives to columns, the nearest row last.
    doubts: Vec<Vec<String>>,
    heading_bytes: usize,
    /// The row that is being read, counted from 1; 0 is the headings'.
    row: u32,
    column: usize,
    value_bytes: usize,
    /// What reads the documents in its cells.
    insides: Insides,
    /// What headings are called.
    places: Arc<Places>,
}

impl Sheet {
    fn cell(&mut self, text: &str, piece: Piece, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let start = piece.span.start;
        check_column(self.column, start)?;
        let column = self.column;
        self.column += 1;
        if self.row == 0 {
            self.grows(text, start)?;
            self.headings.push(heading(&self.places, text).to_owned());
            // In the row that may be a record, what is called like no heading may be a value.
            let is_value =
                doubted(&self.doubts, &self.places, column).next().is_some() && !names_something(&self.places, text);
            return self.show(text, (if is_value { Part::Value } else { Part::Label }, piece), column, sink);
        }
        self.show(text, (Part::Value, piece), column, sink)
    }

    /// Takes the names that a row above the headings may give.
    fn doubt(&mut self, row: &Row) -> Result<(), Refusal> {
        for (text, piece) in &row.cells {
            self.grows(text, piece.span.start)?;
        }
        self.doubts.push(row.cells.iter().map(|(text, _)| heading(&self.places, text).to_owned()).collect());
        Ok(())
    }

    /// A row behind such a one, above the headings.
    fn between(&mut self, row: Row, sink: &mut dyn Sink) -> Result<(), Refusal> {
        for (column, (text, piece)) in row.cells.into_iter().enumerate() {
            self.show(&text, (Part::Value, piece), column, sink)?;
        }
        Ok(())
    }

    fn grows(&mut self, heading: &str, start: usize) -> Result<(), Refusal> {
        self.heading_bytes += heading.len();
        if self.heading_bytes > self.value_bytes {
            let note = format!("the CSV headings at byte {start} are longer than {} bytes", self.value_bytes);
            return Err(Refusal::new(Reason::Bound, note));
        }
        Ok(())
    }

    fn show(
        &mut self,
        text: &str,
        (part, piece): (Part, Piece),
        column: usize,
        sink: &mut dyn Sink,
    ) -> Result<(), Refusal> {
        // A heading names its column, even where no row follows.
        let heading = self.headings.get(column).map(String::as_str);
        let several: Vec<&str> = match self.doubts.is_empty() {
            true => Vec::new(),
            false => heading.into_iter().chain(doubted(&self.doubts, &self.places, column)).collect(),
        };
        let names = match heading {
            Some(heading) if several.is_empty() => Names::one(heading),
            _ => Names::list(&several),
        };
        let pieces = [piece];
        let leaf = Leaf {
            text,
            part,
            pieces: &pieces,
            names,
            above: Names::NONE,
            places: &[],
            reach: Reach::default(),
            record: self.row,
            member: None,
            objects: &[],
            loosen: &[],
        };
        if part == Part::Value && opens(&mut self.insides, &leaf, sink)? { Ok(()) } else { sink.leaf(&leaf) }
    }

    fn end_row(&mut self, end: usize, sink: &mut dyn Sink) -> Result<(), Refusal> {
        if self.row > 0 {
            sink.record(self.row, end)?;
        }
        self.row = self.row.wrapping_add(1).max(1);
        self.column = 0;
        sink.settled(end)
    }
}

/// Shows the document that a cell holds; `false`, with nothing shown, if it holds none.
fn opens(insides: &mut Insides, leaf: &Leaf<'_>, sink: &mut dyn Sink) -> Result<bool, Refusal> {
    let piece = &leaf.pieces[0];
    let [Quote::CsvBare { delimiter }] = *piece.quotes.layers() else {
        return Ok(inside::may_hold_any(leaf.text) && insides.any(leaf, &located(leaf.text, piece), sink)?);
    };
    // JSON without quotes has no names, and a part of a bare cell could not be given any.
    if !inside::may_hold(leaf.text) || !leaf.text.contains(['"', '<']) {
        return Ok(false);
    }
    let pieces = [Piece { quotes: Quotes::one(Quote::CsvWithin { delimiter }), ..piece.clone() }];
    insides.show(&Leaf { pieces: &pieces, ..leaf.clone() }, &located(leaf.text, piece), sink)
}

/// The names that rows above the headings give to a column, the nearest first.
fn doubted<'a>(doubts: &'a [Vec<String>], places: &'a Places, column: usize) -> impl Iterator<Item = &'a str> {
    let known = |name: &&str| places.headings.knows(name);
    doubts.iter().rev().filter_map(move |row| row.get(column)).map(String::as_str).filter(known)
}

/// Where in the body each byte of a cell stands: a quote in a quoted one is written twice.
fn located(text: &str, piece: &Piece) -> Vec<usize> {
    let doubles = piece.quotes == Quotes::one(Quote::CsvQuoted);
    let mut at = piece.span.start;
    let place = |byte: u8| {
        let here = at;
        at += 1 + usize::from(doubles && byte == b'"');
        here
    };
    text.bytes().map(place).collect()
}

/// Refuses the cell of a row that has more than are read.
fn check_column(column: usize, start: usize) -> Result<(), Refusal> {
    if column < COLUMNS {
        return Ok(());
    }
    let note = format!("the CSV row at byte {start} has more than {COLUMNS} columns");
    Err(Refusal::new(Reason::Bound, note))
}
