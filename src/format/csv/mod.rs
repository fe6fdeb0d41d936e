//! CSV: headings and cells, row by row.
//!
//! The headings stand in the first row, or in one of the first five where only a title, a date or a
//! blank row stands above them; each cell below is named by the heading of its column, and each row is
//! a record. Which headings matter is not decided here.

mod first;
pub mod nodes;
pub mod scan;

use std::sync::Arc;

use crate::format::csv::first::First;
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
        let sheet = Sheet { headings: Vec::new(), heading_bytes: 0, row: 0, column: 0, value_bytes, insides };
        // Where nobody knows a heading, the first row is as good as any.
        let first = (!places.headings.is_empty()).then(|| First::new(Arc::clone(places), bounds.value_bytes));
        CsvWalker { scanner: Scanner::new(Arc::clone(places), bounds.value_bytes), first, sheet }
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
        let rows = first.into_rows();
        for (number, row) in rows.into_iter().enumerate() {
            for (text, piece) in row.cells {
                if number < titles { title(&text, piece, sink)? } else { self.sheet.cell(&text, piece, sink)? }
            }
            if let Some(end) = row.end.filter(|_| number >= titles) {
                self.sheet.end_row(end, sink)?;
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
    heading_bytes: usize,
    /// The row that is being read, counted from 1; 0 is the headings'.
    row: u32,
    column: usize,
    value_bytes: usize,
    /// What reads the documents in its cells.
    insides: Insides,
}

impl Sheet {
    fn cell(&mut self, text: &str, piece: Piece, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let start = piece.span.start;
        check_column(self.column, start)?;
        if self.row == 0 {
            self.heading_bytes += text.len();
            if self.heading_bytes > self.value_bytes {
                let note = format!("the CSV headings at byte {start} are longer than {} bytes", self.value_bytes);
                return Err(Refusal::new(Reason::Bound, note));
            }
            self.headings.push(text.to_owned());
        }
        // A heading names its column, even where no row follows.
        let heading = self.headings.get(self.column).map(String::as_str);
        let part = if self.row == 0 { Part::Label } else { Part::Value };
        self.column += 1;
        let pieces = [piece];
        let leaf = Leaf {
            text,
            part,
            pieces: &pieces,
            names: heading.map_or(Names::NONE, Names::one),
            above: Names::NONE,
            places: &[],
            reach: Reach::default(),
            record: self.row,
            member: None,
            objects: &[],
            loosen: &[],
        };
        let may_hold = part == Part::Value && inside::may_hold(text);
        if may_hold && self.insides.show(&leaf, &located(text, &pieces[0]), sink)? {
            return Ok(());
        }
        sink.leaf(&leaf)
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
