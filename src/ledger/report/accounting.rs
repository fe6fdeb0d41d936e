//! An accounting of disclosures: 45 CFR 164.528.
//!
//! For each disclosure it wants the date, who got it, what it was and what for; repeated ones of the same to the same
//! for the same purpose may be told as the first, the last and how many there were.

use std::collections::HashMap;

use serde::Serialize;

use crate::ledger::query::{Filter, Stored, SubjectIs};
use crate::ledger::report::Gather;
use crate::ledger::report::occasion::Occasion;
use crate::ledger::report::reach::{Reach, disclosed};
use crate::ledger::report::who::Who;

/// So many years before the request are accounted for.
pub const YEARS: i64 = 6;

/// So many different disclosures stand in one accounting.
pub const ROWS_MAX: usize = 20_000;

/// Disclosures that are alike, as one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Repeated {
    /// When first.
    pub first: String,
    /// When last.
    pub last: String,
    /// How often.
    pub count: u64,
    /// What it was.
    #[serde(flatten)]
    pub alike: Alike,
}

/// What makes disclosures alike.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Alike {
    /// To whom, where and what for.
    #[serde(flatten)]
    pub occasion: Occasion,
    /// What it was.
    pub kinds: Vec<KindAction>,
}

/// A kind and what became of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct KindAction {
    /// The kind.
    pub kind: String,
    /// The action.
    pub action: String,
}

/// Gathers the accounting.
pub struct Accounting {
    filter: Filter,
    who: Who,
    rows_max: usize,
    places: HashMap<Alike, usize>,
    rows: Vec<Repeated>,
}

impl Accounting {
    /// Nothing yet about this person.
    pub fn new(subject: SubjectIs, who: Who, rows_max: usize) -> Accounting {
        let filter = Filter { subject: Some(subject), ..Filter::default() };
        Accounting { filter, who, rows_max, places: HashMap::new(), rows: Vec::new() }
    }

    /// What came of it, in the order of first disclosures.
    pub fn finish(self) -> Vec<Repeated> {
        self.rows
    }
}

impl Gather for Accounting {
    fn take(&mut self, record: &Stored) -> bool {
        let own = disclosed(record).filter(|one| self.filter.matches_subject(one.subject));
        let reached = own.filter(|one| one.reach() != Reach::Nothing);
        let kinds = reached.map(|one| KindAction { kind: one.kind.to_owned(), action: one.action.to_owned() });
        let kinds: Vec<KindAction> = kinds.collect();
        if kinds.is_empty() {
            return true;
        }
        let alike = Alike { occasion: Occasion::of(record, &mut self.who), kinds };
        if let Some(place) = self.places.get(&alike) {
            let row = &mut self.rows[*place];
            row.count += 1;
            row.last.clone_from(&record.time);
            return true;
        }
        if self.rows.len() >= self.rows_max {
            return false;
        }
        self.places.insert(alike.clone(), self.rows.len());
        let (first, last) = (record.time.clone(), record.time.clone());
        self.rows.push(Repeated { first, last, count: 1, alike });
        true
    }
}
