//! CSV: headings and cells, row by row.
//!
//! The first row holds the headings; each cell below is named by the heading of its column, and
//! each row is a record. Which headings matter is not decided here.

pub mod scan;

use crate::format::csv::scan::{Event, Scanner};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Reach, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::quote::Quotes;
use crate::terms::refusal::{Reason, Refusal};

/// How many columns are read; spreadsheets stop here too.
const COLUMNS: usize = 16 << 10;

/// Walks one CSV file.
pub struct CsvWalker {
    scanner: Scanner,
    sheet: Sheet,
}

impl CsvWalker {
    /// A walker before the file's first byte. CSV knows no paths: its places are headings.
    pub fn new(bounds: &Bounds) -> CsvWalker {
        let sheet =
            Sheet { headings: Vec::new(), heading_bytes: 0, row: 0, column: 0, value_bytes: bounds.value_bytes };
        CsvWalker { scanner: Scanner::new(bounds.value_bytes), sheet }
    }

    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some(event) = self.scanner.next(last)? {
            match event {
                Event::Cell { text, span, quote } => {
                    self.sheet.cell(text, Piece { span, at: 0, quotes: Quotes::one(quote) }, sink)?;
                }
                Event::Row(end) => self.sheet.end_row(end, sink)?,
            }
        }
        sink.settled(self.scanner.position())
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

struct Sheet {
    headings: Vec<String>,
    heading_bytes: usize,
    /// The row that is being read, counted from 1; 0 is the headings'.
    row: u32,
    column: usize,
    value_bytes: usize,
}

impl Sheet {
    fn cell(&mut self, text: &str, piece: Piece, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let start = piece.span.start;
        if self.column == COLUMNS {
            let note = format!("the CSV row at byte {start} has more than {COLUMNS} columns");
            return Err(Refusal::new(Reason::Bound, note));
        }
        if self.row == 0 {
            self.heading_bytes += text.len();
            if self.heading_bytes > self.value_bytes {
                let note = format!("the CSV headings at byte {start} are longer than {} bytes", self.value_bytes);
                return Err(Refusal::new(Reason::Bound, note));
            }
            self.headings.push(text.to_owned());
        }
        let heading = self.headings.get(self.column).map(String::as_str).filter(|_| self.row > 0);
        let part = if self.row == 0 { Part::Label } else { Part::Value };
        self.column += 1;
        sink.leaf(&Leaf {
            text,
            part,
            pieces: &[piece],
            names: heading.map_or(Names::NONE, Names::one),
            above: Names::NONE,
            places: &[],
            reach: Reach::default(),
            record: self.row,
            member: None,
            loosen: &[],
        })
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
