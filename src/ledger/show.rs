//! How a verification and the records of a query look.
//!
//! A staff id is text that somebody else chose, so no control character of it reaches a terminal. The table is printed
//! in blocks: a ledger may hold more rows than memory, and columns only grow from block to block.

use std::io::{self, Write};

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
    let last = report.last.map(|last| {
        let hash = last.tip.hash.to_string();
        serde_json::json!({ "seq": last.tip.seq, "hash": hash, "time": format!("{:.6}", last.time) })
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
        "last_checkpoint": last,
        "unfinished": report.unfinished.as_ref().map(spot),
        "fault": finding,
    });
    writeln!(out, "{json}")
}

/// Prints a verification for people: what holds as a result, what does not as a diagnostic.
pub fn report_text(report: &Report, out: &mut dyn Write, err: &mut dyn Write) -> io::Result<()> {
    if let Some(spot) = &report.unfinished {
        let (path, line) = (spot.path.display(), spot.line);
        writeln!(err, "warning: {path}:{line}: this line is not whole: it is being written, or a crash left it")?;
        writeln!(err, "help: a gateway that starts sets it aside and records that")?;
    }
    if let Some(finding) = &report.finding {
        writeln!(err, "error: {}:{}: {}", finding.spot.path.display(), finding.spot.line, finding.what)?;
        return writeln!(err, "help: {}", finding.advice);
    }
    let Report { records, segments, checkpoints, .. } = report;
    writeln!(out, "the ledger holds: records {records}, segments {segments}, checkpoints {checkpoints}")?;
    if let Some(last) = report.last {
        let after = records - last.tip.seq;
        writeln!(out, "last checkpoint: record {}, {:.6}; records after it {after}", last.tip.seq, last.time)?;
    }
    Ok(())
}

/// The rows of a query: one a subject, or one a record that has none.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; COLUMNS]>,
    widths: [usize; COLUMNS],
    headed: bool,
}

impl Table {
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
            self.rows.insert(0, HEADINGS.map(str::to_owned));
            self.headed = true;
        }
        for row in &self.rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in self.rows.drain(..) {
            let mut line = String::new();
            for (width, cell) in self.widths.iter().zip(&row) {
                line.push_str(cell);
                let gap = width - cell.chars().count() + 2;
                line.extend(std::iter::repeat_n(' ', gap));
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

const COLUMNS: usize = 8;
const HEADINGS: [&str; COLUMNS] = ["TIME", "STAFF", "EVENT", "RESOURCE", "SUBJECT", "DISCLOSED", "OUTCOME", "REQUEST"];
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

/// Marks that turn the direction of what follows, and so can make a line read as another one.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_nothing_to_obey() {
        assert_eq!(plain("tanaka 田中"), "tanaka 田中");
        assert_eq!(plain("a\u{1b}[2J\nb\u{202e}c"), "a\\u{1b}[2J\\u{a}b\\u{202e}c");
    }
}
