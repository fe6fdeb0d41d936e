//! What reached staff, without any place to put a value.

use std::collections::BTreeMap;

use crate::terms::kind::KindId;

/// Whose data a value is: a type and an id that the CRM knows.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// The subject's type, a word of the rules: `customer`.
    pub kind: String,
    /// The id as the CRM writes it; `None` where none was found.
    pub id: Option<String>,
}

/// An id can itself be personal (an e-mail address), so only its length is shown.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({}, id of {:?} bytes)", self.kind, self.id.as_ref().map(String::len))
    }
}

/// How often each action was done to each kind of each subject in one part of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disclosures {
    /// By subject, then kind, then the action's word.
    pub subjects: BTreeMap<Subject, BTreeMap<KindId, BTreeMap<&'static str, u32>>>,
    /// The ids of the rules that decided.
    pub rules: std::collections::BTreeSet<std::sync::Arc<str>>,
}

impl Disclosures {
    /// Notes one more value.
    pub fn note(&mut self, subject: &Subject, kind: KindId, action: &'static str) {
        let kinds = match self.subjects.get_mut(subject) {
            Some(kinds) => kinds,
            None => self.subjects.entry(subject.clone()).or_default(),
        };
        *kinds.entry(kind).or_default().entry(action).or_default() += 1;
    }

    /// Whether nothing was disclosed.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Takes another part's disclosures in.
    pub fn absorb(&mut self, other: Disclosures) {
        for (subject, kinds) in other.subjects {
            let mine = self.subjects.entry(subject).or_default();
            for (kind, actions) in kinds {
                let counts = mine.entry(kind).or_default();
                for (action, count) in actions {
                    *counts.entry(action).or_default() += count;
                }
            }
        }
        self.rules.extend(other.rules);
    }
}
