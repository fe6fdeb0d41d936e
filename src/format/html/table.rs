//! Tables: which headings stand at a cell.
//!
//! A column's headings are the cells of `thead`, or of rows that hold nothing but `th`; a row's are
//! the `th` before the cell, or a cell whose text ends with a colon. In a table without any `th` cells
//! are headings by their words: one labels the next cell, several side by side in the first row their
//! columns; one alone may name its column as well. Spans over columns and rows are counted; cells that the page
//! hides have columns of their own. A table of headings alone hands them to the table right behind it, where
//! its rows have as many cells.
//!
//! A row of `th` below others is one of values, unless it says a name that means something, or a span shows
//! that it parts the table. New headings stand beside those that mean something: a name too many veils more.

use crate::format::html::columns::{Columns, Heading};
use crate::format::html::held::Word;

/// One table while it streams by.
#[derive(Default)]
pub(super) struct Table {
    /// The headings of the columns that people see, of those that the page hides, and of both together, where
    /// some are hidden.
    columns: Columns,
    hidden: Columns,
    all: Columns,
    /// Words in the first rows that may be headings, or labels of the cells beside them: in doubt both, and for all
    /// rows below. What stands there may be a customer's, and settles nothing.
    doubted: Columns,
    /// The headings of the table before this one, which holds nothing else: they name the columns of rows that
    /// have as many cells.
    handed: Columns,
    /// How many rows with texts have ended.
    rows: usize,
    /// Cells of the rows above that reach down into this one.
    carried: Vec<Carried>,
    /// Whether a row of values has ended.
    valued: bool,
    /// Within `thead`, and below one that has headings.
    in_head: bool,
    below_head: bool,
    /// A heading lies over several columns or rows: the next row may say more.
    spans: bool,
    /// Whether a row of values was seen since the last headings, and whether one held a cell that is no `th`.
    body: bool,
    cells: bool,
    /// Whether a heading was seen that is marked as one.
    marked: bool,
    /// Whether a row with cells has ended.
    begun: bool,
    row: Row,
    /// The label that was the only cell of the row before.
    above: Option<Word>,
    /// Headings that name columns and mean something, of which nobody has told yet.
    standing: Vec<Word>,
}

#[derive(Clone, Default)]
struct Carried {
    rows: usize,
    heading: Option<Word>,
}

#[derive(Default)]
struct Row {
    open: bool,
    column: usize,
    /// How many columns are hidden so far.
    hidden: usize,
    /// The headings before the next cell, the farthest first.
    headings: Vec<Word>,
    /// A value has stood since the last of them.
    after_value: bool,
    /// The last of them is a cell with a colon or a known word, which labels one cell only; and whether a blank
    /// cell stood behind it.
    colon: bool,
    spaced: bool,
    /// It stood alone in the row before.
    hangs: bool,
    /// The cell that is open holds a control, or a button or a link; and how many `th` have a text of neither.
    control: bool,
    button: bool,
    titles: usize,
    /// Cells that are labels by their words, whether two stand side by side, and whether the last cell is
    /// one.
    words: usize,
    side_by_side: bool,
    word: bool,
    /// Cells that are no `th` and hold a known word, and whether two of them stand side by side.
    known: Vec<(Cell, Heading)>,
    adjacent: bool,
    /// A cell holds what no heading does: a number as long as a telephone's or a date's, an address.
    valued: bool,
    heads: usize,
    values: usize,
    /// Whether two headings stand side by side, and whether the last cell is one.
    beside: bool,
    head: bool,
    /// Whether a value stands in a cell, and whether one does behind a heading.
    filled: bool,
    filled_behind: bool,
    /// What becomes of this row if it is one of headings.
    texts: Vec<(Cell, Heading)>,
}

/// What a cell's text says of the next cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    /// It ends with a colon.
    Colon,
    /// It is a label by its words.
    Word,
}

/// What a row turns out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Values,
    Headings,
    /// Headings as far as its words mean something; what else stands below a heading that does is a value.
    Both,
    /// A heading for the rows below it, or the sum of those above.
    Group,
}

/// Where a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its first column, of those that are hidden or of those that are not; and of all.
    pub(super) column: usize,
    pub(super) all: usize,
    /// Over how many columns.
    pub(super) columns: usize,
    /// Over how many rows; 0 to the end of the rows' group.
    pub(super) rows: usize,
    /// It counts as a heading until its row shows otherwise.
    pub(super) head: bool,
    /// It takes no column that people see.
    pub(super) hidden: bool,
}

/// The headings of a table that holds nothing else.
pub(super) struct Headings(Columns);

/// Columns beyond this have no headings.
pub(super) const COLUMNS_MAX: usize = 1000;
/// A row has no more headings before a cell than this.
const HEADINGS_MAX: usize = 8;
/// Within how many rows headings are sought that nothing marks: below a title, a search, others.
const HEADINGS_WITHIN: usize = 4;
/// Among so many cells a word may be the heading of a column, though it is the only one that is known.
const BESIDE_OTHERS: usize = 3;

impl Table {
    /// A table behind one that may have left it its headings.
    pub(super) fn below(headings: Option<Headings>) -> Table {
        Table { handed: headings.map(|headings| headings.0).unwrap_or_default(), ..Table::default() }
    }

    /// The headings of a table that holds nothing else.
    pub(super) fn headings_alone(&mut self) -> Option<Headings> {
        let is_alone = !self.valued && !self.columns.is_empty();
        is_alone.then(|| Headings(std::mem::take(&mut self.columns)))
    }

    /// A group of rows begins.
    pub(super) fn group(&mut self, head: bool) {
        self.below_head |= self.in_head && !self.columns.is_empty();
        self.in_head = head;
        self.carried.clear();
    }

    /// A row begins.
    pub(super) fn row_begins(&mut self) {
        self.row = Row { open: true, ..Row::default() };
        if let Some(label) = self.above.take() {
            self.row.head(label);
            (self.row.colon, self.row.hangs) = (true, true);
        }
    }

    /// A cell begins: `th` or not, its spans, and whether the page hides it.
    pub(super) fn cell_begins(&mut self, th: bool, columns: usize, rows: usize, hidden: bool) -> Cell {
        if !self.row.open {
            self.row_begins();
        }
        let head = th || self.in_head;
        self.marked |= head;
        (self.row.control, self.row.button) = (false, false);
        let columns = columns.clamp(1, COLUMNS_MAX);
        if hidden {
            let column = self.row.hidden;
            self.row.hidden = (column + columns).min(COLUMNS_MAX);
            return Cell { column, all: self.row.column + column, columns, rows: 1, head, hidden };
        }
        while let Some(carried) = self.carried.get(self.row.column).filter(|carried| carried.rows > 0) {
            if let Some(heading) = carried.heading.clone() {
                self.row.head(heading);
            }
            self.row.column += 1;
        }
        let all = self.row.column + self.row.hidden;
        let cell = Cell { column: self.row.column, all, columns, rows, head, hidden };
        self.row.column = (cell.column + cell.columns).min(COLUMNS_MAX);
        if head {
            self.row.heads += 1;
        } else {
            self.row.values += 1;
        }
        cell
    }

    /// The open cell holds a control.
    pub(super) fn holds_control(&mut self) {
        self.row.control = true;
    }

    /// The open cell holds a button or a link.
    pub(super) fn holds_button(&mut self) {
        self.row.button = true;
    }

    /// Whether a `th` may turn out to hold a value: it stands under a heading, in a row that has
    /// not shown yet what it is; or it lies over several columns, as a row does that parts the table.
    pub(super) fn is_open_question(&self, cell: Cell) -> bool {
        cell.head && !self.in_head && (self.below_head || cell.columns > 1 || !self.of_column(cell).is_empty())
    }

    /// Whether a `th` before a value can only be the heading of its row.
    pub(super) fn is_of_rows(&self) -> bool {
        let columns = [&self.columns, &self.hidden, &self.handed];
        self.marked && !self.below_head && columns.iter().all(|columns| columns.is_empty())
    }

    /// Whether a row with cells has ended.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }

    /// Whether nothing marks the headings of this table.
    pub(super) fn is_plain(&self) -> bool {
        !self.marked && self.columns.is_empty()
    }

    /// Whether a cell may turn out to be a heading that nothing marks: it stands in the first row, behind
    /// a label.
    pub(super) fn may_be_headings(&self, cell: Cell) -> bool {
        self.is_plain() && !self.begun && !cell.hidden && self.row.words > 0
    }

    /// Whether known words in cells that are no `th` may be headings: in one of the first rows, and nothing is
    /// marked as one.
    pub(super) fn asks_for_words(&self) -> bool {
        self.rows < HEADINGS_WITHIN && !self.marked
    }

    /// Whether the row is known to hold values.
    pub(super) fn row_has_values(&self) -> bool {
        self.row.values > 0
    }

    /// The headings at a cell, the nearest first: of its column, then of its row.
    pub(super) fn names(&self, cell: Cell) -> Vec<Word> {
        let mut names = self.of_column(cell);
        if !cell.head {
            names.extend(self.row.headings.iter().rev().cloned());
            self.doubted.names(cell.column, cell.columns, &mut names);
        }
        names
    }

    /// A cell ends: its text, whether that is a name that means something, and what it says of the next cell.
    pub(super) fn cell_ends(&mut self, cell: Cell, text: Option<Word>, known: bool, says: Says) {
        if let Some(text) = text.clone().filter(|_| cell.head || !self.begun) {
            self.row.texts.push((cell, Heading { text, known }));
        }
        if cell.hidden {
            return;
        }
        if !cell.head {
            self.row.says(says);
            self.row.holds(cell, text.as_ref(), known);
        }
        self.row.stands(cell.head, text.is_some());
        self.row.titles += usize::from(cell.head && text.is_some() && !self.row.button);
        let is_blank = text.is_none() && !self.row.control;
        let heading = text.filter(|_| cell.head || says != Says::Nothing);
        let until = (cell.column + cell.columns).min(COLUMNS_MAX);
        if cell.rows != 1 && cell.column < until {
            let rows = if cell.rows == 0 { usize::MAX } else { cell.rows };
            self.carried.resize(self.carried.len().max(until), Carried::default());
            let heading = heading.clone().filter(|_| says == Says::Word || (cell.head && !self.in_head));
            for column in cell.column..until {
                // A cell over several columns labels its row once.
                let heading = heading.clone().filter(|_| column == cell.column);
                self.carried[column] = Carried { rows, heading };
            }
        }
        match heading {
            Some(heading) => {
                if std::mem::take(&mut self.row.hangs) {
                    self.row.headings.clear();
                }
                self.row.head(heading);
                self.row.colon = !cell.head;
            }
            // A blank cell keeps distance between a label and its value.
            None if !cell.head && is_blank && self.row.colon => self.row.spaced = true,
            None if !cell.head => {
                self.row.after_value = true;
                if std::mem::take(&mut self.row.colon) {
                    self.row.headings.clear();
                }
            }
            None => {}
        }
    }

    /// A row ends: what it holds.
    pub(super) fn row_ends(&mut self) -> Holds {
        let row = std::mem::take(&mut self.row);
        for carried in &mut self.carried {
            carried.rows = carried.rows.saturating_sub(1);
        }
        let is_alone = self.is_plain() && (row.words, row.values, row.heads) == (1, 1, 0);
        self.above = row.headings.last().filter(|_| is_alone && row.colon).cloned();
        let is_title = self.is_title(&row);
        if is_title && row.heads > 0 {
            self.marked = false;
            // It lies over the whole table: no label of the page's own.
            return if row.heads == 1 { Holds::Group } else { Holds::Headings };
        }
        if row.heads + row.values > 0 && row.column != self.handed.len() {
            self.handed = Columns::default();
        }
        self.valued |= row.values > 0 && row.filled;
        if self.is_lone_heading(&row) {
            // It may be a title too: it marks nothing.
            self.marked = false;
        }
        let first = self.is_plain() && !self.begun;
        let words = first && row.side_by_side && row.words * 2 >= row.values;
        if !words && self.asks_for_words() {
            self.doubt(&row, first);
        }
        self.rows += usize::from(row.filled || row.head);
        // Boxes of a search above the headings hold no text.
        let is_blank = row.heads == 0 && !row.filled;
        self.begun |= row.heads + row.values > 0 && !is_title && !is_blank;
        let known = row.texts.iter().any(|(cell, heading)| cell.head && heading.known);
        if !row.open || !(words || self.is_of_headings(&row, known)) {
            self.body |= row.heads + row.values > 0;
            self.cells |= row.values > 0;
            return Holds::Values;
        }
        let is_wide = row.heads == 1 && row.texts.iter().any(|(cell, _)| cell.columns > 1);
        let below = self.body || self.below_head || (is_wide && !self.spans && !self.in_head);
        let parts = (self.body && row.heads == 1) || (below && !known);
        if parts && self.is_group(&row) {
            self.body = true;
            return Holds::Group;
        }
        // Below values, or below `thead`, a word that means something may be a value as well.
        let doubt = (self.body || self.below_head) && !self.in_head && row.texts.iter().any(|(_, text)| !text.known);
        if doubt && !self.cells {
            self.body = true;
            self.stand_beside(&row);
            return Holds::Both;
        }
        let below = std::mem::take(&mut self.body);
        self.cells = false;
        self.handed = Columns::default();
        if below {
            [&mut self.columns, &mut self.hidden, &mut self.all].into_iter().for_each(Columns::keep_known);
        }
        self.spans |= row.texts.iter().any(|(cell, _)| cell.columns > 1 || cell.rows != 1);
        let hides = !self.hidden.is_empty() || row.texts.iter().any(|(cell, _)| cell.hidden);
        for (cell, heading) in &row.texts {
            self.standing.extend(heading.known.then(|| Word::clone(&heading.text)));
            let columns = if cell.hidden { &mut self.hidden } else { &mut self.columns };
            columns.add(cell.column, cell.columns, heading, below);
            if hides {
                self.all.add(cell.all, cell.columns, heading, below);
            }
        }
        if doubt { Holds::Both } else { Holds::Headings }
    }

    /// Whether a row is a title over a table that has not begun: a single cell that labels nothing.
    fn is_title(&self, row: &Row) -> bool {
        let wide = |(cell, heading): &(Cell, Heading)| cell.head && cell.columns > 1 && !heading.known;
        let is_alone = !self.begun && !self.in_head && !self.below_head && self.columns.is_empty();
        is_alone
            && match (row.heads, row.values) {
                (1, 0) => row.texts.first().is_some_and(wide),
                // A title and the buttons beside it.
                (2.., 0) => row.titles == 1 && row.texts.len() > 1 && row.texts.iter().all(|(_, text)| !text.known),
                (0, 1) => self.is_plain() && row.words == 0,
                _ => false,
            }
    }

    /// Whether a row is the first and one heading that means nothing.
    fn is_lone_heading(&self, row: &Row) -> bool {
        let is_first = !self.begun && !self.in_head && !self.below_head;
        is_first && (row.heads, row.values) == (1, 0) && row.texts.iter().all(|(_, heading)| !heading.known)
    }

    /// Keeps the words of a row that may be headings, so that what stands below one has its name too: a name too
    /// many veils more. In the first row two words are enough, or one over several rows, among several cells or in
    /// the last, unless a value stands beside them; further down they stand side by side.
    fn doubt(&mut self, row: &Row, first: bool) {
        let reaches_down = row.known.iter().any(|(cell, _)| cell.rows != 1);
        let is_last = |(cell, _): &(Cell, Heading)| row.values > 1 && cell.column + cell.columns == row.column;
        // Where labels and values may stand in pairs, it is a label.
        let is_paired = |(cell, _): &(Cell, Heading)| row.column.is_multiple_of(2) && cell.column.is_multiple_of(2);
        let is_among = |known: &(Cell, Heading)| row.values >= BESIDE_OTHERS && !is_paired(known);
        let among_others = row.known.iter().any(|known| is_among(known) || is_last(known));
        if row.adjacent || (first && !row.valued && (row.words > 1 || reaches_down || among_others)) {
            for (cell, heading) in &row.known {
                self.doubted.add(cell.column, cell.columns, heading, false);
            }
        }
    }

    /// Adds the headings of a row that may hold values: behind those that stand there, so that nobody's value
    /// is the nearest name of what stands below it.
    fn stand_beside(&mut self, row: &Row) {
        let hides = !self.hidden.is_empty() || row.texts.iter().any(|(cell, _)| cell.hidden);
        for (cell, heading) in row.texts.iter().filter(|(_, heading)| heading.known) {
            self.standing.push(Word::clone(&heading.text));
            let columns = if cell.hidden { &mut self.hidden } else { &mut self.columns };
            columns.add_farthest(cell.column, cell.columns, heading);
            if hides {
                self.all.add_farthest(cell.all, cell.columns, heading);
            }
        }
    }

    /// The headings that have come to name columns and mean something.
    pub(super) fn standing(&mut self) -> Vec<Word> {
        std::mem::take(&mut self.standing)
    }

    /// Whether a row holds headings: nothing but `th`, or blank cells beside two of them; and where there are
    /// headings already, neither a name that means something nor a span says that it holds values.
    fn is_of_headings(&self, row: &Row, known: bool) -> bool {
        let beside = row.beside && (!row.filled || (self.columns.is_empty() && !row.filled_behind));
        if row.heads == 0 || !(row.values == 0 || beside) {
            return false;
        }
        let goes_on = self.spans && !self.body && !self.below_head;
        if known || self.in_head || goes_on || self.is_group(row) {
            return true;
        }
        !self.below_head && !row.texts.iter().any(|(cell, _)| self.columns.know(cell.column, cell.columns))
    }

    /// Whether a row of headings names those below it, and not their columns.
    fn is_group(&self, row: &Row) -> bool {
        let wide = row.texts.iter().any(|(cell, _)| cell.columns > 1);
        self.columns.len() > 1 && (row.heads == 1 || wide)
    }

    fn of_column(&self, cell: Cell) -> Vec<Word> {
        let mut names = Vec::new();
        let columns = if cell.hidden { &self.hidden } else { &self.columns };
        columns.names(cell.column, cell.columns, &mut names);
        // Where headings are hidden, cells may be hidden in another way.
        self.all.names(cell.all, cell.columns, &mut names);
        if !cell.hidden {
            self.handed.names(cell.column, cell.columns, &mut names);
        }
        names
    }
}

impl Row {
    fn head(&mut self, heading: Word) {
        let after_value = std::mem::take(&mut self.after_value);
        if std::mem::take(&mut self.spaced) || after_value {
            self.headings.clear();
        }
        if self.headings.len() < HEADINGS_MAX {
            self.headings.push(heading);
        }
    }

    /// Notes what a cell that is no heading says of the next one.
    fn says(&mut self, says: Says) {
        if says == Says::Word {
            self.words += 1;
            self.side_by_side |= self.word;
            if self.word {
                self.headings.clear();
            }
        }
        self.word = says == Says::Word;
    }

    /// Notes what a cell that is no heading holds.
    fn holds(&mut self, cell: Cell, text: Option<&Word>, known: bool) {
        let Some(text) = text else { return };
        self.adjacent |= known && self.known.last().is_some_and(|(last, _)| last.column + last.columns == cell.column);
        self.valued |= !known && is_value(text);
        if known {
            self.known.push((cell, Heading { text: Word::clone(text), known }));
        }
    }

    /// Notes that a cell has ended, with or without a text.
    fn stands(&mut self, head: bool, text: bool) {
        self.beside |= self.head && head && text;
        self.head = head && text;
        self.filled |= !head && text;
        self.filled_behind |= !head && text && self.heads > 0;
    }
}

/// Whether a text is certainly no heading: it holds an address, or more digits than a year and a month.
fn is_value(text: &str) -> bool {
    const DIGITS: usize = 7;
    text.contains(['@', '＠']) || text.chars().filter(|c| c.is_numeric()).count() >= DIGITS
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
