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
    /// What the rules say of where the id was found.
    pub in_ledger: InLedger,
}

/// How an id may stand in the ledger.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum InLedger {
    /// In clear if its form gives nobody away.
    #[default]
    ByItsForm,
    /// In clear whatever it looks like.
    InClear,
    /// Only as a keyed hash.
    Hashed,
}

/// An id can itself be personal (an e-mail address), so only its length is shown.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({}, id of {:?} bytes)", self.kind, self.id.as_ref().map(String::len))
    }
}

/// How often one action was done to one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The kind.
    pub kind: KindId,
    /// The action's word.
    pub action: &'static str,
    /// How often.
    pub count: u32,
}

/// How often each action was done to each kind of one subject, in the order of kinds, then actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(Vec<Count>);

impl Counts {
    /// Notes so many more values.
    pub fn add(&mut self, kind: KindId, action: &'static str, count: u32) {
        match self.0.binary_search_by(|row| (row.kind, row.action).cmp(&(kind, action))) {
            Ok(at) => self.0[at].count += count,
            Err(at) => self.0.insert(at, Count { kind, action, count }),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Count> {
        self.0.iter()
    }

    /// Whether this was done to any value of the kind.
    pub fn holds(&self, kind: KindId, action: &str) -> bool {
        self.0.iter().any(|row| row.kind == kind && row.action == action)
    }
}

/// How often each action was done to each kind of each subject in one part of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disclosures {
    /// By subject.
    pub subjects: BTreeMap<Subject, Counts>,
    /// The ids of the rules that decided.
    pub rules: std::collections::BTreeSet<std::sync::Arc<str>>,
    /// The kinds of which a mask left a part that can be read.
    pub partial: std::collections::BTreeSet<KindId>,
}

impl Disclosures {
    /// Whether nothing was disclosed.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Takes another part's disclosures in.
    pub fn absorb(&mut self, other: Disclosures) {
        for (subject, counts) in other.subjects {
            let mine = self.subjects.entry(subject).or_default();
            for row in counts.iter() {
                mine.add(row.kind, row.action, row.count);
            }
        }
        self.rules.extend(other.rules);
        self.partial.extend(other.partial);
    }
}
