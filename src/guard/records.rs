//! What rules ask of each record, as the answer tells it: attributes, and whether it is the only one.
//!
//! No value is kept: an attribute is compared where it stands, and what is left is whether it fits.
//! One that stands nowhere in its record, or twice with two meanings, cannot be evaluated.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::guard::opened::{self, Opened};
use crate::policy::plan::{Decision, Plan};
use crate::policy::rows::{Rows, Term};
use crate::policy::rule::rows::Is;
use crate::terms::leaf::{Leaf, Part};
use crate::terms::place::{Place, Step};
use crate::terms::staff::Staff;

/// The records of one answer, as far as rules ask for them.
#[derive(Default)]
pub(super) struct Records {
    /// By term what it may be.
    fitting: Vec<Fitting>,
    /// By record and term: whether it was met with a value that fits, and with one that does not.
    met: HashMap<u32, Vec<(bool, bool)>>,
    /// Whether the request itself named the one record that the answer is about.
    is_about_one: bool,
    /// The highest record that was met.
    last: u32,
    /// Whether a part of the answer has left: then it is more than one record.
    parted: bool,
    /// The decisions by which conditions hold, and by record.
    made: HashMap<Vec<Option<bool>>, Arc<[Decision]>>,
    by_record: HashMap<u32, Arc<[Decision]>>,
    /// The decisions with what is open beside the rules, by record.
    opened: HashMap<u32, Arc<[Decision]>>,
}

/// What an attribute may be.
#[derive(Default)]
struct Fitting {
    words: Vec<String>,
    /// Whether one of them is of whoever asks, who has no such thing.
    lacks: bool,
}

impl Records {
    /// Nothing met yet, by whoever asks; `is_about_one` says whether the request named its subject.
    pub(super) fn new(plan: &Plan, staff: Option<&Staff>, is_about_one: bool) -> Records {
        let terms = plan.rows.as_ref().map_or(&[][..], |rows| &rows.terms);
        Records { fitting: terms.iter().map(|term| fitting(term, staff)).collect(), is_about_one, ..Records::default() }
    }

    /// Notes an attribute, if one stands here, at this place, or something inside of what does; `term` is
    /// the first that asks for it.
    pub(super) fn met(&mut self, plan: &Plan, term: u16, (place, itself): (&Place, bool), leaf: &Leaf<'_>) {
        let Some(rows) = &plan.rows else { return };
        let is_told = leaf.record != 0 || self.is_about_one || stands_once(place);
        if leaf.part == Part::Label || !is_told {
            return;
        }
        let Some(Term::Attribute(name, _)) = rows.terms.get(usize::from(term)) else { return };
        let told = self.met.entry(leaf.record).or_insert_with(|| vec![(false, false); rows.terms.len()]);
        let value = leaf.text.trim();
        for (at, fitting) in self.fitting.iter().enumerate() {
            if !matches!(&rows.terms[at], Term::Attribute(other, _) if other == name) {
                continue;
            }
            if !itself {
                // An attribute that holds others says nothing that a text could be compared with.
                told[at] = (true, true);
                continue;
            }
            let fits = fitting.words.iter().any(|one| one == value);
            // What does not fit might have been what whoever asks has not.
            told[at].0 |= fits || fitting.lacks;
            told[at].1 |= !fits;
        }
    }

    /// Notes the record of a leaf.
    pub(super) fn in_record(&mut self, record: u32) {
        self.last = self.last.max(record);
    }

    /// Makes the decisions of these records; `complete` says whether the answer ends with them.
    pub(super) fn settle(&mut self, plan: &Plan, records: BTreeSet<u32>, complete: bool) {
        let Some(rows) = &plan.rows else { return };
        let one = complete && !self.parted && self.last <= 1;
        self.parted |= !complete;
        self.by_record.clear();
        for record in records {
            if self.is_outside(plan, record) {
                continue;
            }
            let holds = self.holds(rows, record, one);
            let made = self.made.entry(holds).or_insert_with_key(|holds| rows.decisions(holds));
            self.by_record.insert(record, Arc::clone(made));
        }
    }

    /// What counts for a record; outside of records, and where no rule asks, what always counts.
    pub(super) fn decisions<'a>(&'a self, plan: &'a Plan, record: u32) -> &'a [Decision] {
        self.by_record.get(&record).map_or(&plan.decisions, |decisions| decisions)
    }

    /// Says what is open in which record of those that are judged now.
    pub(super) fn open<'o>(&mut self, plan: &Plan, records: BTreeSet<u32>, opened: impl Fn(u32) -> Vec<&'o Opened>) {
        self.opened.clear();
        for record in records {
            let made = opened::with(self.decisions(plan, record), opened(record).into_iter());
            self.opened.extend(made.map(|made| (record, made)));
        }
    }

    /// What counts in a record for a value at a place that a field names.
    pub(super) fn in_fields<'a>(&'a self, plan: &'a Plan, record: u32) -> &'a [Decision] {
        match self.opened.get(&record) {
            Some(decisions) => decisions,
            None => self.decisions(plan, record),
        }
    }

    /// Forgets records that were released; the document around them stays.
    pub(super) fn forget(&mut self, released: impl Fn(u32) -> bool) {
        self.met.retain(|record, _| *record == 0 || !released(*record));
    }

    /// What they take in memory.
    pub(super) fn weight(&self) -> usize {
        const BESIDE: usize = 64;
        self.met.len() * (BESIDE + 2 * self.fitting.len())
    }

    fn is_outside(&self, plan: &Plan, record: u32) -> bool {
        record == 0 && (plan.records || self.last > 0)
    }

    fn holds(&self, rows: &Rows, record: u32, one: bool) -> Vec<Option<bool>> {
        let met = self.met.get(&record);
        let term = |at: &usize| match (&rows.terms[*at], met.map(|met| met[*at])) {
            // What was never cut into records may hold any number of them.
            (Term::One, _) if record == 0 && !self.is_about_one => None,
            (Term::One, _) => Some(one),
            (Term::Attribute(..), Some((true, false))) => Some(true),
            (Term::Attribute(..), Some((false, true))) => Some(false),
            (Term::Attribute(..), _) => None,
        };
        let all = |terms: &Vec<usize>| {
            let known: Vec<Option<bool>> = terms.iter().map(term).collect();
            if known.contains(&Some(false)) {
                Some(false)
            } else {
                known.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
            }
        };
        rows.conditions.iter().map(all).collect()
    }
}

/// Whether a place can only be in one spot of a document, so that it speaks of all of it.
fn stands_once(place: &Place) -> bool {
    matches!(place, Place::Json(path) if path.steps.iter().all(|step| matches!(step, Step::Name(_) | Step::Index(_))))
}

fn fitting(term: &Term, staff: Option<&Staff>) -> Fitting {
    let mut all = Fitting::default();
    let Term::Attribute(_, is) = term else { return all };
    for is in is {
        let before = all.words.len();
        match (is, staff) {
            (Is::Text(text), _) => all.words.push(text.clone()),
            (Is::StaffId, Some(staff)) => all.words.push(staff.user.clone()),
            (Is::StaffGroup, Some(staff)) => {
                all.words.extend(staff.groups.iter().cloned());
                continue;
            }
            (Is::StaffAttribute(name), Some(staff)) => {
                all.words.extend(staff.attributes.get(name).map(|word| word.trim().to_owned()));
            }
            (_, None) => {}
        }
        all.lacks |= all.words.len() == before;
    }
    all
}
