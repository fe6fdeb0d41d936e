//! Reports: what the ledger's records come to, for those who have to answer for them.
//!
//! Each file gathers one report, record after record in the ledger's order, and holds what came of it as plain data.
//! Nothing here reads a file, knows the time or a language: records come from `query`, and `cli` turns what was
//! gathered into tables, JSON and pages. Memory is bounded: people are counted as hashes up to a bound that is told
//! when it is met, and a report that would have to leave rows out says so instead of looking whole.
//!
//! What counts as having gone out is said once, in `reach`; `distinct` counts people, `names` keeps sums by name,
//! `who` gives staff their pseudonyms.

pub mod access;
pub mod accounting;
pub mod breach;
pub mod distinct;
pub mod names;
pub mod occasion;
pub mod processing;
pub mod reach;
pub mod subject;
pub mod triggers;
pub mod who;

use crate::ledger::query::Stored;

/// What a report takes records in by.
pub trait Gather {
    /// Takes one record in; false when no more can be held, so that the report would not be whole.
    fn take(&mut self, record: &Stored) -> bool;
}

/// Which records a report was made of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// How many.
    pub records: u64,
    /// The number of the first one.
    pub first: Option<u64>,
    /// The number of the last one.
    pub last: Option<u64>,
}

impl Span {
    /// Takes note of a record.
    pub fn note(&mut self, record: &Stored) {
        self.records += 1;
        self.first.get_or_insert(record.seq);
        self.last = Some(record.seq);
    }
}
