//! A report for a terminal: aligned as every table of the house is, with nothing in it that a terminal obeys.

use std::io::{self, Write};

use crate::cli::grid::Grid;
use crate::cli::ledger::report::document::{Document, Section};
use crate::cli::say::columns;
use crate::ledger::show::plain;

/// Writes a report.
pub(super) fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", plain(&document.title))?;
    let width = document.facts.iter().map(|(name, _)| columns(name)).max().unwrap_or_default();
    for (name, fact) in &document.facts {
        let gap = " ".repeat(width - columns(name) + GAP);
        writeln!(out, "{}{gap}{}", plain(name), plain(fact))?;
    }
    for warning in &document.warnings {
        writeln!(out, "! {}", plain(warning))?;
    }
    document.sections.iter().try_for_each(|section| write_section(section, out))
}

fn write_section(section: &Section, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n# {}\n", plain(&section.title))?;
    for lead in &section.lead {
        writeln!(out, "{}", plain(lead))?;
    }
    if let Some(sheet) = &section.sheet {
        let headings: Vec<&str> = sheet.head.iter().map(String::as_str).collect();
        let mut grid = Grid::under(&headings);
        sheet.rows.iter().for_each(|row| grid.row(row.clone()));
        grid.write(out)?;
    }
    for note in &section.notes {
        writeln!(out, "* {}", plain(note))?;
    }
    Ok(())
}

/// Blanks between two columns.
const GAP: usize = 2;
