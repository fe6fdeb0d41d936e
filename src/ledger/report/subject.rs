//! What went out about one person: APPI article 33, GDPR article 15.
//!
//! Of a record that tells of several people only what is this person's is taken. The report is whole or it is none:
//! whoever would have more rows than can be held has to be asked about for a shorter time.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::query::{Filter, Stored, SubjectIs};
use crate::ledger::report::Gather;
use crate::ledger::report::occasion::Occasion;
use crate::ledger::report::reach::{Actions, Categories, disclosed, rank, refused};
use crate::ledger::report::who::Who;

/// So many disclosures stand in one report: some 100 MB at most.
pub const ROWS_MAX: usize = 100_000;

/// What went out, what was changed, and how often something was refused.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SubjectReport {
    /// Every disclosure, in the ledger's order.
    pub disclosures: Vec<Row>,
    /// The same by kind.
    pub kinds: Vec<KindSum>,
    /// What staff sent to the CRM about this person.
    pub changes: Vec<Row>,
    /// Requests about this person that were refused.
    pub refused: u64,
}

/// One record, as far as it is about this person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Row {
    /// The record's number.
    pub seq: u64,
    /// When.
    pub time: String,
    /// To whom, where and what for.
    #[serde(flatten)]
    pub occasion: Occasion,
    /// What of it.
    pub kinds: Vec<KindRow>,
}

/// A kind and what became of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KindRow {
    /// The kind.
    pub kind: String,
    /// Its category.
    pub category: &'static str,
    /// The action.
    pub action: String,
    /// Of how many values.
    pub count: u64,
}

/// All that went out of a kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KindSum {
    /// The kind.
    pub kind: String,
    /// Its category.
    pub category: &'static str,
    /// How many values under which action.
    pub actions: Actions,
    /// When first.
    pub first: String,
    /// When last.
    pub last: String,
}

/// Gathers the report.
pub struct Subjects<'k> {
    filter: Filter,
    categories: &'k Categories,
    who: Who,
    rows_max: usize,
    report: SubjectReport,
    sums: BTreeMap<(usize, String), KindSum>,
}

impl<'k> Subjects<'k> {
    /// Nothing yet about this person.
    pub fn new(subject: SubjectIs, categories: &'k Categories, who: Who, rows_max: usize) -> Subjects<'k> {
        let filter = Filter { subject: Some(subject), ..Filter::default() };
        Subjects { filter, categories, who, rows_max, report: SubjectReport::default(), sums: BTreeMap::new() }
    }

    /// What came of it.
    pub fn finish(mut self) -> SubjectReport {
        self.report.kinds = self.sums.into_values().collect();
        self.report
    }

    fn row(&mut self, record: &Stored, kinds: Vec<KindRow>) -> Row {
        Row { seq: record.seq, time: record.time.clone(), occasion: Occasion::of(record, &mut self.who), kinds }
    }

    fn sum(&mut self, record: &Stored, row: &KindRow) {
        let key = (rank(row.category), row.kind.clone());
        let sum = self.sums.entry(key).or_insert_with(|| KindSum {
            kind: row.kind.clone(),
            category: row.category,
            actions: Actions::default(),
            first: record.time.clone(),
            last: String::new(),
        });
        sum.actions.add(&row.action, row.count);
        sum.last.clone_from(&record.time);
    }
}

impl Gather for Subjects<'_> {
    fn take(&mut self, record: &Stored) -> bool {
        self.report.refused = self.report.refused.saturating_add(refused(record));
        if record.outcome.as_deref() == Some("forwarded") {
            if self.report.changes.len() >= self.rows_max {
                return false;
            }
            let row = self.row(record, Vec::new());
            self.report.changes.push(row);
        }
        let own = disclosed(record).filter(|one| self.filter.matches_subject(one.subject));
        let kinds = own.map(|one| KindRow {
            kind: one.kind.to_owned(),
            category: self.categories.word(one.kind),
            action: one.action.to_owned(),
            count: one.count,
        });
        let kinds: Vec<KindRow> = kinds.collect();
        if kinds.is_empty() {
            return true;
        }
        if self.report.disclosures.len() >= self.rows_max {
            return false;
        }
        kinds.iter().for_each(|row| self.sum(record, row));
        let row = self.row(record, kinds);
        self.report.disclosures.push(row);
        true
    }
}
