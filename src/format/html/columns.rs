//! The columns of a table, and the headings that stand over them.
//!
//! A heading that means something to the rules is never dropped for one that does not: a name too many veils
//! more, a name too few shows.

use crate::format::html::held::Word;
use crate::format::html::table::COLUMNS_MAX;

/// A column has no more headings than this, nor a cell over several columns more columns that name it.
const HEADINGS_MAX: usize = 8;

/// The headings of each column, the uppermost first.
#[derive(Default)]
pub(super) struct Columns(Vec<Vec<Heading>>);

/// A heading.
#[derive(Clone)]
pub(super) struct Heading {
    pub(super) text: Word,
    /// It means something to the rules.
    pub(super) known: bool,
}

impl Columns {
    /// How many columns have headings, or stand before one that has.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no heading.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds to the names the headings of these columns, the nearest first.
    pub(super) fn names(&self, first: usize, count: usize, names: &mut Vec<Word>) {
        for column in self.0.iter().skip(first).take(count.min(HEADINGS_MAX)) {
            for heading in column.iter().rev() {
                if !names.contains(&heading.text) {
                    names.push(Word::clone(&heading.text));
                }
            }
        }
    }

    /// Whether one of these columns has a heading that means something.
    pub(super) fn know(&self, first: usize, count: usize) -> bool {
        self.0.iter().skip(first).take(count).flatten().any(|heading| heading.known)
    }

    /// Puts a heading over these columns: one that means something, `below` a row of values, in the place of
    /// those that stand there.
    pub(super) fn add(&mut self, first: usize, count: usize, heading: &Heading, below: bool) {
        let until = (first + count).min(COLUMNS_MAX);
        self.0.resize(self.0.len().max(until), Vec::new());
        for column in self.0.iter_mut().take(until).skip(first) {
            if below && heading.known {
                column.clear();
            }
            if column.len() < HEADINGS_MAX {
                column.push(heading.clone());
            } else if heading.known {
                column[HEADINGS_MAX - 1] = heading.clone();
            }
        }
    }

    /// Puts a heading over these columns, above all that stand there.
    pub(super) fn add_farthest(&mut self, first: usize, count: usize, heading: &Heading) {
        let until = (first + count).min(COLUMNS_MAX);
        self.0.resize(self.0.len().max(until), Vec::new());
        for column in self.0.iter_mut().take(until).skip(first) {
            let is_there = column.iter().any(|one| one.text == heading.text);
            if !is_there && column.len() < HEADINGS_MAX {
                column.insert(0, heading.clone());
            }
        }
    }

    /// Leaves out the headings that mean nothing.
    pub(super) fn keep_known(&mut self) {
        self.0.iter_mut().for_each(|column| column.retain(|heading| heading.known));
        if self.0.iter().all(Vec::is_empty) {
            self.0.clear();
        }
    }
}
