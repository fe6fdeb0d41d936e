//! Writes that change how somebody is reached while the rest of that person is veiled: whoever puts an address of
//! their own there has the CRM mail them what they may not see.
//!
//! Such a write is somebody's work as well, so it goes on, and is told.

use std::ops::Range;

use super::{Doubts, holds};
use crate::policy::plan::Plan;
use crate::terms::disclosure::Counts;
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
        let changed = self.contacts.iter().filter(|touch| !holds(kept, &touch.span));
        for touch in changed.filter(|touch| has_veiled_beside(plan, touch.kind)) {
            counts.add(touch.kind, WRITTEN, 1);
        }
        counts
    }
}

/// Whether a field of another kind is veiled.
fn has_veiled_beside(plan: &Plan, own: KindId) -> bool {
    let veiled = |kind: KindId| kind != own && plan.every(kind).any(|decision| decision.action.veils());
    plan.targets.iter().any(|target| target.meaning.kind().is_some_and(veiled))
}
