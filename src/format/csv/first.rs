//! The first rows of a table, held until it is known which of them holds the headings.
//!
//! Programs write a title, the day or a blank row above the headings. The headings are the first row
//! in which something stands that rules or kinds know by name, within five. Rows above must have fewer
//! filled cells than it: a row as full as the headings is one of data in which somebody has written a
//! heading's word, and whoever could move the headings down could take the names off a column. Only where nothing
//! above is called so, and it says nothing but words while digits stand below it, may rows above be as full: they
//! name groups of columns. In doubt the first row is the headings', and a table that lacks what rules declare is
//! refused. Rows above that hold such a name too may be the headings all the same, and the row below them a
//! record: they go on naming their columns.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::format::csv::check_column;
use crate::terms::leaf::Piece;
use crate::terms::place::Places;
use crate::terms::refusal::Refusal;

/// Among how many rows the headings are sought.
const ROWS: usize = 5;

/// How many cells of a row are compared with each other.
const COMPARED: usize = 256;

/// What is kept beside a cell's text.
const BESIDE: usize = 64;

/// The first rows.
pub(super) struct First {
    places: Arc<Places>,
    /// Those that are complete.
    rows: Vec<Row>,
    open: Row,
    bytes: usize,
    /// More than this is not held.
    most: usize,
}

/// What a held row is, where the headings stand below it or in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// What is about the whole table.
    Title,
    /// The same, though something in it is called like a heading: its columns may be called so.
    Doubt,
    /// Behind such a row: a record, if that one has the headings.
    Between,
    /// The headings.
    Headings,
    /// Records.
    Records,
}

/// One row that is held.
#[derive(Default)]
pub(super) struct Row {
    /// Its cells' texts, and where they stand.
    pub cells: Vec<(String, Piece)>,
    /// Where it ends; none for one of which more is to come.
    pub end: Option<usize>,
}

impl Row {
    fn filled(&self) -> usize {
        self.cells.iter().filter(|(text, _)| !text.trim().is_empty()).count()
    }
}

/// Whether a row above the headings may be those all the same: something in it is called so, and it is no
/// search condition (`電話,090`), a name with what was looked for.
fn may_be_headings(places: &Places, row: &Row) -> bool {
    let known = row.cells.iter().filter(|(text, _)| names_something(places, text)).count();
    known > 1 || (known == 1 && row.filled() > 2)
}

/// What a heading says to rules and kinds: as it is, without what spreadsheets write around a text (`'氏名`, `="氏名"`,
/// `#氏名`), or the line of it that they know.
pub(super) fn heading<'h>(places: &Places, text: &'h str) -> &'h str {
    const LINES: usize = 8;
    if places.headings.knows(text) {
        return text;
    }
    let known = |text: &&str| places.headings.knows(text);
    let bare = |text: &'h str| text.trim().trim_start_matches(['\'', '=', '#', '+', '@']).trim_matches('"');
    let mut lines = text.lines().take(LINES);
    Some(bare(text)).filter(known).or_else(|| lines.find_map(|line| Some(bare(line)).filter(known))).unwrap_or(text)
}

/// Whether rules or kinds know a heading.
pub(super) fn names_something(places: &Places, text: &str) -> bool {
    places.headings.knows(heading(places, text))
}

impl First {
    /// Before the first row; so many bytes are held at most.
    pub fn new(places: Arc<Places>, most: usize) -> First {
        First { places, rows: Vec::new(), open: Row::default(), bytes: 0, most }
    }

    /// Takes a cell; tells how many rows are titles as soon as that is known.
    pub fn cell(&mut self, text: &str, piece: Piece) -> Result<Option<usize>, Refusal> {
        check_column(self.open.cells.len(), piece.span.start)?;
        self.open.cells.push((text.to_owned(), piece));
        self.bytes += text.len() + BESIDE;
        // What is longer than any value holds no headings that could be found.
        Ok((self.bytes > self.most).then_some(0))
    }

    /// Ends a row; tells how many rows are titles as soon as that is known.
    pub fn end_row(&mut self, end: usize) -> Option<usize> {
        let row = Row { end: Some(end), ..std::mem::take(&mut self.open) };
        self.rows.push(row);
        (self.rows.len() == ROWS).then(|| self.titles())
    }

    /// How many rows are titles: those above the row that holds the most headings which somebody knows (a
    /// search condition above the table may be called like one), if each has fewer cells that are filled.
    pub fn titles(&self) -> usize {
        let known = |row: &Row| row.cells.iter().filter(|(text, _)| names_something(&self.places, text)).count();
        let most = self.rows.iter().map(known).max().unwrap_or_default();
        let headings = self.rows.iter().position(|row| most > 0 && known(row) == most).unwrap_or_default();
        let filled = self.rows.get(headings).map_or(0, Row::filled);
        let above = &self.rows[..headings];
        let sparser = above.iter().all(|title| title.filled() < filled);
        let is_below_groups = || above.iter().all(|row| known(row) == 0 && row.filled() <= filled);
        if sparser || (is_below_groups() && self.says_words_alone(headings)) { headings } else { 0 }
    }

    /// Whether a row is one of headings by what it says: each cell is filled with words of its own, none with
    /// digits, and records with digits stand below it.
    fn says_words_alone(&self, number: usize) -> bool {
        let has_digit = |text: &str| text.contains(|c: char| c.is_numeric());
        let row = &self.rows[number].cells;
        let is_heading = |text: &str| {
            let is_word = !has_digit(text) || names_something(&self.places, text);
            is_word && !text.trim().is_empty() && !text.contains(['@', '＠'])
        };
        let is_twice = |(at, (text, _)): (usize, &(String, Piece))| row[..at].iter().any(|(other, _)| other == text);
        let mut below = self.rows[number + 1..].iter().filter(|row| row.filled() > 0).peekable();
        below.peek().is_some()
            && below.all(|record| record.cells.iter().any(|(text, _)| has_digit(text)))
            && row.iter().all(|(text, _)| is_heading(text))
            && !row.iter().enumerate().take(COMPARED).any(is_twice)
    }

    /// What was held, and what each row holds where so many are titles.
    pub fn into_rows(mut self, titles: usize) -> Vec<(Holds, Row)> {
        self.rows.push(self.open);
        let mut in_doubt = false;
        let mut holds = |number: usize, row: &Row| match number.cmp(&titles) {
            Ordering::Greater => Holds::Records,
            Ordering::Equal => Holds::Headings,
            Ordering::Less if may_be_headings(&self.places, row) => {
                in_doubt = true;
                Holds::Doubt
            }
            Ordering::Less if in_doubt => Holds::Between,
            Ordering::Less => Holds::Title,
        };
        self.rows.into_iter().enumerate().map(|(number, row)| (holds(number, &row), row)).collect()
    }
}
