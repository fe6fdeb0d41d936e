//! How a verification looks to a program, and the records of a query to people.
//!
//! A staff id is text that somebody else chose, so no control character of it reaches a terminal. The table is printed
//! in blocks: a ledger may hold more rows than memory, and columns only grow from block to block.

use std::io::{self, Write};

use crate::ledger::deleted::Deleted;
use crate::ledger::query::{Filter, Stored, StoredSubject};
use crate::ledger::verify::{Report, Spot};

/// Text without anything that a terminal would obey.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() || is_direction(c) => plain.extend(c.escape_unicode()),
            c => plain.push(c),
        }
    }
    plain
}

/// Prints a verification as one JSON object.
pub fn report_json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let spot = |spot: &Spot| serde_json::json!({ "file": spot.path.display().to_string(), "line": spot.line });
    let last = report.last.as_ref().map(|last| {
        let (hash, root) = (last.head.tip.hash.to_string(), last.head.tree.root().to_string());
        serde_json::json!({ "seq": last.head.tip.seq, "hash": hash, "root": root, "time": format!("{:.6}", last.time) })
    });
    let finding = report.finding.as_ref().map(|finding| {
        let (file, line) = (finding.spot.path.display().to_string(), finding.spot.line);
        serde_json::json!({ "file": file, "line": line, "what": finding.what, "help": finding.advice })
    });
    let json = serde_json::json!({
        "ok": report.finding.is_none(),
        "records": report.records,
        "segments": report.segments,
        "checkpoints": report.checkpoints,
        "deleted": report.deleted.iter().map(gone).collect::<Vec<_>>(),
        "last_checkpoint": last,
        "unfinished": report.unfinished.as_ref().map(spot),
        "fault": finding,
    });
    writeln!(out, "{json}")
}

/// What retention deleted, whose hashes hold.
fn gone(deleted: &Deleted) -> serde_json::Value {
    let Deleted { first, last, written: (from, to), time, .. } = deleted;
    let [from, to, time] = [from, to, time].map(|time| format!("{time:.6}"));
    serde_json::json!({ "first": first, "last": last, "from": from, "to": to, "time": time })
}

/// The rows of a query: one a subject, or one a record that has none.
pub struct Table {
    headings: [&'static str; COLUMNS],
    rows: Vec<[String; COLUMNS]>,
    widths: [usize; COLUMNS],
    headed: bool,
}

impl Table {
    /// A table that has no rows yet.
    pub fn under(headings: [&'static str; COLUMNS]) -> Table {
        Table { headings, rows: Vec::new(), widths: [0; COLUMNS], headed: false }
    }

    /// Adds a record's rows; prints when a block is full.
    pub fn add(&mut self, record: &Stored, filter: &Filter, out: &mut dyn Write) -> io::Result<()> {
        let subjects = record.subjects.iter().filter(|subject| filter.matches_subject(subject));
        let mut any = false;
        for subject in subjects {
            any = true;
            self.rows.push(row(record, Some(subject)));
        }
        if !any {
            self.rows.push(row(record, None));
        }
        if self.rows.len() >= BLOCK_ROWS {
            self.print(out)?;
        }
        Ok(())
    }

    /// Prints what is left.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.print(out)
    }

    fn print(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if !self.headed && !self.rows.is_empty() {
            self.rows.insert(0, self.headings.map(str::to_owned));
            self.headed = true;
        }
        for row in &self.rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = columns(cell).max(*width);
            }
        }
        for row in self.rows.drain(..) {
            let mut line = String::new();
            for (width, cell) in self.widths.iter().zip(&row) {
                line.push_str(cell);
                let gap = width - columns(cell) + 2;
                line.extend(std::iter::repeat_n(' ', gap));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// When, who, what happened, where, whose data, what of it, what came of it, which request.
pub const COLUMNS: usize = 8;
const BLOCK_ROWS: usize = 1000;

fn row(record: &Stored, subject: Option<&StoredSubject>) -> [String; COLUMNS] {
    let maybe = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), plain);
    let whose = subject.map(|subject| match &subject.id {
        Some(id) => plain(&format!("{}:{id}", subject.of)),
        None => plain(&format!("{}:?", subject.of)),
    });
    [
        plain(&record.time),
        maybe(&record.staff),
        plain(&record.event),
        maybe(&record.resource),
        whose.unwrap_or("-".to_owned()),
        subject.map_or("-".to_owned(), disclosed),
        outcome(record),
        maybe(&record.request),
    ]
}

/// `person.name show 1, phone mask 2`
fn disclosed(subject: &StoredSubject) -> String {
    let kinds = subject.kinds.iter();
    let each = kinds.flat_map(|(kind, actions)| {
        actions.iter().map(move |(action, count)| plain(&format!("{kind} {action} {count}")))
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() { "-".to_owned() } else { each.join(", ") }
}

/// The outcome and what else says how it went: `refused (no_role, 997)`, `released (done)`.
fn outcome(record: &Stored) -> String {
    let count = record.count.map(|count| count.to_string());
    let more: Vec<&str> = [&record.reason, &record.end, &count].into_iter().flatten().map(String::as_str).collect();
    let outcome = record.outcome.as_deref().unwrap_or("-");
    plain(&if more.is_empty() { outcome.to_owned() } else { format!("{outcome} ({})", more.join(", ")) })
}

/// How many columns a terminal gives a text: two for a wide character (kana, kanji, full-width forms).
pub fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
}

/// Marks that turn the direction of what follows, and so can make a line read as another one.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(
            [columns("tanaka"), columns("田中"), columns("ﾀﾅｶ"), columns("Ｔ𠮷"), columns("…")],
            [6, 4, 3, 4, 1]
        );
    }

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        assert_eq!(plain("tanaka 田中"), "tanaka 田中");
        assert_eq!(plain("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\u{a}b\\u{202e}c");
    }
}
