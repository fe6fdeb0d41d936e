//! Writes that change how somebody is reached while the rest of that person is veiled: whoever puts an address of
//! their own there has the CRM mail them what they may not see.
//!
//! Such a write is somebody's work as well, so it goes on, and is told.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Doubts, holds};
use crate::policy::plan::Plan;
use crate::terms::disclosure::{Counts, Subject};
use crate::terms::kind::KindId;

/// The word in a record for what staff has written.
const WRITTEN: &str = "write";

/// A place of a write that says how somebody is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// Where it stands.
    pub span: Range<usize>,
    /// As what.
    pub kind: KindId,
}

impl Doubts {
    /// How often a write says otherwise than before how somebody is reached, of whom staff gets another field
    /// veiled; `kept` is what of it is what it was.
    pub fn contacts(&self, plan: &Plan, kept: &[Range<usize>]) -> Counts {
        let mut counts = Counts::default();
        self.touched(plan, kept).for_each(|touch| counts.add(touch.kind, WRITTEN, 1));
        counts
    }

    /// The same of the rows of a table, each of which is somebody's.
    pub fn contacts_of(
        &self,
        plan: &Plan,
        kept: &[Range<usize>],
        rows: &[(Range<usize>, Subject)],
    ) -> Vec<(Subject, Counts)> {
        let mut all: BTreeMap<usize, Counts> = BTreeMap::new();
        for touch in self.touched(plan, kept) {
            let before = rows.partition_point(|(row, _)| row.start <= touch.span.start);
            // Of somebody new there is nothing else that could be mailed.
            let row = before.checked_sub(1).filter(|row| touch.span.end <= rows[*row].0.end);
            row.into_iter().for_each(|row| all.entry(row).or_default().add(touch.kind, WRITTEN, 1));
        }
        all.into_iter().map(|(row, counts)| (rows[row].1.clone(), counts)).collect()
    }

    fn touched(&self, plan: &Plan, kept: &[Range<usize>]) -> impl Iterator<Item = &Touch> {
        let changed = self.contacts.iter().filter(move |touch| !holds(kept, &touch.span));
        changed.filter(move |touch| has_veiled_beside(plan, touch.kind))
    }
}

/// Whether a field of another kind is veiled.
fn has_veiled_beside(plan: &Plan, own: KindId) -> bool {
    let veiled = |kind: KindId| kind != own && plan.every(kind).any(|decision| decision.action.veils());
    plan.targets.iter().any(|target| target.meaning.kind().is_some_and(veiled))
}
