//! Nothing in a write where a value may have been: a JSON number or boolean that is veiled is `null`, and a text of
//! which a rule takes all out is empty, at places too of which no field knows that a value stands there.
//!
//! Of a `null` alone nobody can say what it was, so that the write is compared with the record. That costs a
//! reading, and is asked only where this plan could have veiled a number at such a place at all: it masks what
//! no field names, or veils a kind that a detector finds in bare digits, or one whose values may be numbers, which
//! are veiled wherever else they stand in the answer.

use crate::detect;
use crate::policy::plan::{Meaning, Plan, Unlisted};
use crate::terms::action::Action;
use crate::terms::kind::{self, KindId};

/// What of this plan's veils looks like nothing, at places that no field names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hollow {
    /// A `null` may be one.
    pub nulls: bool,
    /// So may an empty text.
    pub blanks: bool,
}

impl Hollow {
    /// What it is under this plan.
    pub(super) fn of(plan: &Plan) -> Hollow {
        let is_declared = |kind: KindId| {
            plan.targets.iter().any(|target| matches!(target.meaning, Meaning::Field { kind: own, .. } if own == kind))
        };
        let mut hollow = Hollow { nulls: plan.unlisted == Unlisted::Mask || !plan.tellers.is_empty(), blanks: false };
        for (id, kind) in plan.kinds.iter() {
            // Nothing is known of a kind that neither a field nor a label or detector names.
            let is_met = plan.scan || is_declared(id);
            let mut actions = plan.every(id).map(|own| own.action).filter(|action| action.veils() && is_met).peekable();
            let is_number = kind.pattern.is_some() || detect::finds_in_a_number(id) || !is_of_words(id);
            hollow.nulls |= actions.peek().is_some() && is_number;
            hollow.blanks |= actions.any(|action| matches!(action, Action::Remove | Action::Block));
        }
        hollow
    }
}

/// Whether values of a kind hold letters, so that no number is one of them.
fn is_of_words(kind: KindId) -> bool {
    matches!(
        kind,
        kind::PERSON_NAME | kind::PERSON_KANA | kind::EMAIL | kind::ADDRESS | kind::IBAN | kind::IP | kind::NOTES
    )
}
