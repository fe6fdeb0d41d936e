//! Tables: which headings stand at a cell.
//!
//! A column's headings are the cells of `thead`, or of rows that hold nothing but `th`; a row's are
//! the `th` before the cell, or a cell whose text ends with a colon. In a table without any `th` cells
//! are headings by their words: one labels the next cell, several side by side in the first row their
//! columns. Spans over columns and rows are counted; cells that the page hides do not take a column.

use crate::format::html::held::Word;

/// One table while it streams by.
#[derive(Default)]
pub(super) struct Table {
    /// The headings of each column, the uppermost first.
    columns: Vec<Vec<Word>>,
    /// Cells of the rows above that reach down into this one.
    carried: Vec<Carried>,
    /// Within `thead`.
    in_head: bool,
    /// Whether a row of values was seen since the last headings.
    body: bool,
    /// Whether a heading was seen that is marked as one.
    marked: bool,
    /// Whether a row with cells has ended.
    begun: bool,
    row: Row,
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
    /// The headings before the next cell, the farthest first.
    headings: Vec<Word>,
    /// A value has stood since the last of them.
    after_value: bool,
    /// The last of them is a cell with a colon or a known word, which labels one cell only.
    colon: bool,
    /// Cells that are labels by their words, whether two stand side by side, and whether the last cell is
    /// one.
    words: usize,
    side_by_side: bool,
    word: bool,
    heads: usize,
    values: usize,
    /// What becomes of this row if it is one of headings.
    texts: Vec<(Cell, Word)>,
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

/// Where a cell stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its first column.
    pub(super) column: usize,
    /// Over how many columns.
    pub(super) columns: usize,
    /// Over how many rows; 0 to the end of the rows' group.
    pub(super) rows: usize,
    /// It counts as a heading until its row shows otherwise.
    pub(super) head: bool,
    /// It takes no column.
    pub(super) hidden: bool,
}

/// Columns beyond this have no headings.
const COLUMNS_MAX: usize = 1000;
/// A cell's column has no more headings above it than this.
const HEADINGS_MAX: usize = 8;

impl Table {
    /// A group of rows begins.
    pub(super) fn group(&mut self, head: bool) {
        self.in_head = head;
        self.carried.clear();
    }

    /// A row begins.
    pub(super) fn row_begins(&mut self) {
        self.row = Row { open: true, ..Row::default() };
    }

    /// A cell begins: `th` or not, its spans, and whether the page hides it.
    pub(super) fn cell_begins(&mut self, th: bool, columns: usize, rows: usize, hidden: bool) -> Cell {
        if !self.row.open {
            self.row_begins();
        }
        let head = th || self.in_head;
        self.marked |= head;
        if hidden {
            return Cell { column: COLUMNS_MAX, columns: 0, rows: 1, head, hidden };
        }
        while let Some(carried) = self.carried.get(self.row.column).filter(|carried| carried.rows > 0) {
            if let Some(heading) = carried.heading.clone() {
                self.row.head(heading);
            }
            self.row.column += 1;
        }
        let cell = Cell { column: self.row.column, columns: columns.clamp(1, COLUMNS_MAX), rows, head, hidden };
        self.row.column = (cell.column + cell.columns).min(COLUMNS_MAX);
        if head {
            self.row.heads += 1;
        } else {
            self.row.values += 1;
        }
        cell
    }

    /// Whether a `th` may turn out to hold a value: it stands under a heading, in a row that has
    /// not shown yet what it is.
    pub(super) fn is_open_question(&self, cell: Cell) -> bool {
        cell.head && !self.in_head && !self.of_column(cell).is_empty()
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

    /// Whether the row is known to hold values.
    pub(super) fn row_has_values(&self) -> bool {
        self.row.values > 0
    }

    /// The headings at a cell, the nearest first: of its column, then of its row.
    pub(super) fn names(&self, cell: Cell) -> Vec<Word> {
        let mut names = self.of_column(cell);
        if !cell.head {
            names.extend(self.row.headings.iter().rev().cloned());
        }
        names
    }

    /// A cell ends: its text, and what that says of the next cell.
    pub(super) fn cell_ends(&mut self, cell: Cell, text: Option<Word>, says: Says) {
        if cell.hidden {
            return;
        }
        if !cell.head {
            if says == Says::Word {
                self.row.words += 1;
                self.row.side_by_side |= self.row.word;
                if self.row.word {
                    self.row.headings.clear();
                }
            }
            self.row.word = says == Says::Word;
        }
        if let Some(text) = text.clone().filter(|_| cell.head || !self.begun) {
            self.row.texts.push((cell, text));
        }
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
                self.row.head(heading);
                self.row.colon = !cell.head;
            }
            None if !cell.head => {
                self.row.after_value = true;
                if std::mem::take(&mut self.row.colon) {
                    self.row.headings.clear();
                }
            }
            None => {}
        }
    }

    /// A row ends; whether it was one of headings.
    pub(super) fn row_ends(&mut self) -> bool {
        let row = std::mem::take(&mut self.row);
        for carried in &mut self.carried {
            carried.rows = carried.rows.saturating_sub(1);
        }
        let marked = row.heads > 0 && row.values == 0;
        let words = self.is_plain() && !self.begun && row.side_by_side && row.words * 2 >= row.values;
        self.begun |= row.heads + row.values > 0;
        if !row.open || !(marked || words) {
            self.body |= row.values > 0;
            return false;
        }
        if self.body {
            // A single heading over a wide table names a group of rows, not its columns.
            if row.heads == 1 && self.columns.len() > 1 {
                return true;
            }
            self.columns.clear();
            self.body = false;
        }
        for (cell, text) in row.texts {
            let until = (cell.column + cell.columns).min(COLUMNS_MAX);
            self.columns.resize(self.columns.len().max(until), Vec::new());
            for column in self.columns.iter_mut().take(until).skip(cell.column) {
                if column.len() < HEADINGS_MAX {
                    column.push(Word::clone(&text));
                }
            }
        }
        true
    }

    fn of_column(&self, cell: Cell) -> Vec<Word> {
        let mut names: Vec<Word> = Vec::new();
        for column in self.columns.iter().skip(cell.column).take(cell.columns.min(HEADINGS_MAX)) {
            for heading in column.iter().rev() {
                if !names.contains(heading) {
                    names.push(Word::clone(heading));
                }
            }
        }
        names
    }
}

impl Row {
    fn head(&mut self, heading: Word) {
        if std::mem::take(&mut self.after_value) {
            self.headings.clear();
        }
        if self.headings.len() < HEADINGS_MAX {
            self.headings.push(heading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lays out rows: `!` before a heading, `~` before a known word, `text*2` over columns, `text/2` over rows; gives the
    /// names at each value.
    fn names(rows: &[&str]) -> Vec<String> {
        let mut table = Table::default();
        let mut shown = Vec::new();
        for row in rows {
            table.row_begins();
            for written in row.split_whitespace() {
                let (written, rows) = written.split_once('/').map_or((written, 1), |(w, n)| (w, n.parse().unwrap()));
                let (written, columns) = written.split_once('*').map_or((written, 1), |(w, n)| (w, n.parse().unwrap()));
                let heading = written.strip_prefix('!');
                let cell = table.cell_begins(heading.is_some(), columns, rows, written == "-");
                if heading.is_none() {
                    shown.push(format!("{written}: {}", table.names(cell).join(" ")));
                }
                let (text, says) = match (written.strip_suffix('：'), written.strip_prefix('~')) {
                    (Some(label), _) => (label, Says::Colon),
                    (_, Some(label)) => (label, Says::Word),
                    _ => (heading.unwrap_or(written), Says::Nothing),
                };
                let says = if table.is_plain() || says != Says::Word { says } else { Says::Nothing };
                table.cell_ends(cell, Some(Word::from(text)), says);
            }
            table.row_ends();
        }
        shown
    }

    #[test]
    fn columns_and_rows_give_their_headings() {
        assert_eq!(names(&["!A !B", "a b"]), ["a: A", "b: B"]);
        assert_eq!(names(&["!A a", "!B b"]), ["a: A", "b: B"]);
        assert_eq!(names(&["!A a !B b"]), ["a: A", "b: B"]);
        assert_eq!(names(&["!X !A !B", "!R a b"]), ["a: A R", "b: B R"]);
        assert_eq!(names(&["A： a B： b c"]), ["A：: ", "a: A", "B：: ", "b: B", "c: "]);
    }

    #[test]
    fn spans_are_counted() {
        assert_eq!(names(&["!A*2 !B", "a1 a2 b"]), ["a1: A", "a2: A", "b: B"]);
        assert_eq!(names(&["!A/2 !C*2", "!c1 !c2", "a x y"]), ["a: A", "x: c1 C", "y: c2 C"]);
        assert_eq!(names(&["!R/2 !S a", "!T b"]), ["a: S R", "b: T R"]);
        assert_eq!(names(&["!A !B", "a/2 b1", "b2"]), ["a: A", "b1: B", "b2: B"]);
        assert_eq!(names(&["!A !B", "a - b"]), ["a: A", "-: ", "b: B"]);
    }

    #[test]
    fn words_are_headings_where_nothing_marks_any() {
        assert_eq!(names(&["~A a", "~B b"]), ["~A: ", "a: A", "~B: ", "b: B"]);
        assert_eq!(names(&["~A a ~B b c"]), ["~A: ", "a: A", "~B: ", "b: B", "c: "]);
        assert_eq!(names(&["~A ~B x", "a b y"]), ["~A: ", "~B: A", "x: B", "a: A", "b: B", "y: x"]);
        assert_eq!(names(&["n ~A ~B", "1 a ~B"]), ["n: ", "~A: ", "~B: A", "1: n", "a: A", "~B: B"]);
        assert_eq!(names(&["x y", "~A ~B z"]), ["x: ", "y: ", "~A: ", "~B: A", "z: B"]);
        assert_eq!(names(&["x y z v w ~A ~B", "1 2"])[7..], ["1: ", "2: "]);
        assert_eq!(names(&["!X y", "~A b"]), ["y: X", "~A: ", "b: "]);
        assert_eq!(names(&["~R/2 a", "b"]), ["~R: ", "a: R", "b: R"]);
    }

    #[test]
    fn new_headings_take_the_place_of_old_ones() {
        assert_eq!(names(&["!A !B", "a b", "!C !D", "c d"]), ["a: A", "b: B", "c: C", "d: D"]);
        assert_eq!(names(&["!A !B", "a b", "!G*2", "c d"])[2..], ["c: A", "d: B"]);
        assert_eq!(names(&["!A", "a", "!B", "b"]), ["a: A", "b: B"]);
    }
}
