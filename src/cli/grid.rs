//! Tables for people: columns as wide as their widest cell, where kana and kanji take two.

use std::io::{self, Write};

use crate::cli::say::columns;
use crate::ledger::show::plain;

/// Blanks between two columns.
const GAP: usize = 2;

/// Rows under headings.
pub(in crate::cli) struct Grid {
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table without rows.
    pub(in crate::cli) fn under(headings: &[&str]) -> Grid {
        Grid { rows: vec![headings.iter().map(|heading| plain(heading)).collect()] }
    }

    /// Adds a row. A terminal gets nothing to obey of what stands in it.
    pub(in crate::cli) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|cell| plain(cell)).collect());
    }

    /// Whether there are no rows.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// Writes headings and rows.
    pub(in crate::cli) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let wide = |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| columns(cell)).max();
        let widths: Vec<usize> = (0..count).map(|at| wide(at).unwrap_or_default()).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                line.extend(std::iter::repeat_n(' ', width - columns(cell) + GAP));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_keep_their_columns() {
        let mut grid = Grid::under(&["種別", "ROLE\u{7}"]);
        grid.row(vec!["phone".to_owned(), "見る".to_owned()]);
        grid.row(vec!["電話番号".to_owned(), "\u{1b}[2J".to_owned()]);
        let mut out = Vec::new();
        grid.write(&mut out).expect("it is written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "種別      ROLE\\u{7}\nphone     見る\n電話番号  \\u{1b}[2J\n"
        );
    }
}
