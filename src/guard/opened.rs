//! What is open to whoever asks beside what the rules give: kinds of single subjects that were revealed to them
//! and stay so for a while.
//!
//! It holds where a field names the kind in a record of that subject, and nowhere else: what a label or a detector
//! takes for such a value may be another's. Questions are judged as if nothing were open.

use std::sync::Arc;

use crate::policy::plan::Decision;
use crate::terms::action::Action;
use crate::terms::disclosure::Subject;
use crate::terms::kind::KindId;

/// A kind of one subject that is open.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The kind.
    pub kind: KindId,
    /// The subject's type.
    pub of: String,
    /// The subject's id.
    pub id: String,
    /// The rule that opened it.
    pub rule: Arc<str>,
}

impl Opened {
    /// Whether it is this subject's.
    pub(super) fn is_of(&self, subject: &Subject) -> bool {
        subject.kind == self.of && subject.id.as_ref() == Some(&self.id)
    }
}

/// Decisions with what is open; none where nothing is that was not.
pub(super) fn with<'o>(decisions: &[Decision], opened: impl Iterator<Item = &'o Opened>) -> Option<Arc<[Decision]>> {
    let mut all: Option<Vec<Decision>> = None;
    for one in opened {
        let all = all.get_or_insert_with(|| decisions.to_vec());
        if let Some(own) = all.get_mut(usize::from(one.kind.0)).filter(|own| own.action.veils()) {
            own.action = Action::Show;
            own.domain = None;
            own.rules = vec![one.rule.clone()];
        }
    }
    all.map(Arc::from)
}
