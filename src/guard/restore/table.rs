//! The rows of a table that staff writes: each is a record, known by the column that the resource names.
//!
//! Whoever takes the table may read it otherwise than it is read here, and would find what goes home in another
//! column or row. So a table goes home only where all programs read the same.

use super::recalled::{Call, Sent};
use super::tree::{self, Tree};
use super::whereabouts;
use crate::format::Format;
use crate::format::csv::nodes as csv;
use crate::format::json::nodes::{Is, Node, find};
use crate::policy::plan::Plan;
use crate::policy::remembered::{Recall, RecordAt};
use crate::terms::place::Place;
use crate::terms::refusal::Refusal;

/// The rows that are known, in their order; none where the table can be read in two ways.
pub(super) fn rows<'t>(
    tree: &'t Tree,
    (plan, recall): (&Plan, &'t Recall),
    column: &str,
    sent: &Sent<'t>,
) -> Vec<Call<'t>> {
    let Is::List(rows) = &tree.whole().at.0.is else { return Vec::new() };
    let kinds = recall.records.iter().map(|(kind, at)| match at {
        RecordAt::Place(Place::Name(name)) if name == column => Some(kind.as_str()),
        // Something else tells of the record as well, which is no cell of it.
        _ => None,
    });
    let Some(kinds) = kinds.collect::<Option<Vec<&str>>>() else { return Vec::new() };
    let Some(kind) = kinds.first().copied().filter(|first| kinds.iter().all(|kind| kind == first)) else {
        return Vec::new();
    };
    if !is_plain(plan, sent.text) {
        return Vec::new();
    }
    rows.iter().filter_map(|row| of(row, (kind, column), sent)).collect()
}

fn is_plain(plan: &Plan, text: &str) -> bool {
    csv::is_plain(text, &|name| plan.places.headings.knows(name))
}

fn of<'t>(row: &'t Node, (kind, column): (&'t str, &str), sent: &Sent<'t>) -> Option<Call<'t>> {
    let values = tree::members(row)?;
    let id = tree::said(tree::leaf(&find(values, column)?.value)?);
    // With a blank around it, it is another one's to many, or nobody's.
    let is_sure = !id.is_empty() && id.trim() == id;
    let around = format!("{}{}", sent.around, whereabouts::of_a_row(values));
    let (format, span) = (sent.format, row.span.clone());
    is_sure.then(|| Call { format, around, kind, id: id.to_owned(), values, span })
}

/// A refusal that says which line and column of a table are meant. What stands in the first row is anybody's text, so
/// that only a heading which the rules know is told.
pub(super) fn placed(sent: &Sent<'_>, plan: &Plan, at: usize, refusal: Refusal) -> Refusal {
    let found = if sent.format == Format::Csv { csv::whereabouts(sent.text, at) } else { None };
    let Some((line, column, heading)) = found else { return refusal };
    let column = if plan.places.headings.knows(&heading) { format!("`{heading}`") } else { column.to_string() };
    let said = &refusal.note;
    let note = if is_plain(plan, sent.text) {
        format!("line {line}, column {column}: {said}")
    } else {
        format!("line {line}, column {column}: {said}; programs may read the table in different ways")
    };
    Refusal { note, ..refusal }
}
