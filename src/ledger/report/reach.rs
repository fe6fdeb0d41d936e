//! What of a record reached staff: which records disclose at all, and how readable each action leaves a value.
//!
//! A doubt counts as disclosed and as readable: an outcome or an action that is not known here may come from a later
//! version, and a report must not make less of it. How much a mask leaves is not in the ledger (`last4` and `full` are
//! both `mask`), so that a mask is told as a mask and judged by people.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ledger::query::{Stored, StoredSubject};
use crate::terms::event::Event;
use crate::terms::kind::{Category, Kinds};

/// How much of a value staff got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// Nothing: it was removed, or the answer was refused.
    Nothing,
    /// A mask, a token or a hash in its place.
    Veiled,
    /// The value, or a coarser one that is true.
    Readable,
}

impl Reach {
    /// What an action leaves.
    pub fn of(action: &str) -> Reach {
        match action {
            "remove" | "block" => Reach::Nothing,
            "mask" | "tokenize" | "hash" => Reach::Veiled,
            _ => Reach::Readable,
        }
    }
}

/// One kind of one subject as a record discloses it.
#[derive(Clone, Copy)]
pub struct Disclosed<'r> {
    /// Whose.
    pub subject: &'r StoredSubject,
    /// The kind.
    pub kind: &'r str,
    /// What became of it.
    pub action: &'r str,
    /// Of how many values.
    pub count: u64,
}

impl Disclosed<'_> {
    /// How much of it staff got.
    pub fn reach(&self) -> Reach {
        Reach::of(self.action)
    }
}

/// Whether something of the record went to staff: neither a refusal nor what only went to the CRM.
pub fn went_out(record: &Stored) -> bool {
    let outcome = record.outcome.as_deref().unwrap_or_default();
    !matches!(outcome, "refused" | "forwarded" | "alert" | "closed" | "recognised" | "unrecognised" | "recovered")
}

/// How many requests of staff the record says were refused; rules that were not taken in are none.
pub fn refused(record: &Stored) -> u64 {
    let refused = record.outcome.as_deref() == Some("refused") && record.event != Event::Policy.word();
    if refused { record.count.unwrap_or(1) } else { 0 }
}

/// What the record discloses, kind by kind. Under `would` nothing was veiled, whatever it says.
pub fn disclosed(record: &Stored) -> impl Iterator<Item = Disclosed<'_>> {
    let observed = record.outcome.as_deref() == Some("would");
    let subjects = record.subjects.iter().filter(|_| went_out(record));
    subjects.flat_map(move |subject| {
        subject.kinds.iter().flat_map(move |(kind, actions)| {
            actions.iter().map(move |(action, count)| {
                let action = if observed { "show" } else { action };
                Disclosed { subject, kind, action, count: *count }
            })
        })
    })
}

/// How many values came under which action, in the contract's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Actions {
    /// In clear.
    pub show: u64,
    /// Coarser.
    pub generalize: u64,
    /// Masked, in part or in full.
    pub mask: u64,
    /// As tokens.
    pub tokenize: u64,
    /// As keyed hashes.
    pub hash: u64,
    /// Taken out.
    pub remove: u64,
    /// Refused.
    pub block: u64,
    /// By an action that is not known here.
    pub other: u64,
}

impl Actions {
    /// Counts so many more.
    pub fn add(&mut self, action: &str, count: u64) {
        let sum = match action {
            "show" => &mut self.show,
            "generalize" => &mut self.generalize,
            "mask" => &mut self.mask,
            "tokenize" => &mut self.tokenize,
            "hash" => &mut self.hash,
            "remove" => &mut self.remove,
            "block" => &mut self.block,
            _ => &mut self.other,
        };
        *sum = sum.saturating_add(count);
    }

    /// How many values reached staff readable.
    pub fn readable(&self) -> u64 {
        self.show.saturating_add(self.generalize).saturating_add(self.other)
    }

    /// How many reached staff veiled.
    pub fn veiled(&self) -> u64 {
        self.mask.saturating_add(self.tokenize).saturating_add(self.hash)
    }

    /// How many reached staff in any form.
    pub fn reached(&self) -> u64 {
        self.readable().saturating_add(self.veiled())
    }
}

/// Which category each kind is of, as the rules in force have it.
pub struct Categories(BTreeMap<String, Category>);

/// The word for a kind that the rules do not know.
pub const UNKNOWN: &str = "unknown";

impl Categories {
    /// The categories of these kinds.
    pub fn of_kinds(kinds: &Kinds) -> Categories {
        Categories(kinds.0.iter().map(|kind| (kind.name.clone(), kind.category)).collect())
    }

    /// The category's word.
    pub fn word(&self, kind: &str) -> &'static str {
        self.0.get(kind).map_or(UNKNOWN, |category| category.word())
    }
}

/// Every category's word in its order, the unknown one last.
pub fn words() -> impl Iterator<Item = &'static str> {
    Category::ALL.into_iter().map(Category::word).chain([UNKNOWN])
}

/// A category's place in that order.
pub fn rank(word: &str) -> usize {
    words().position(|known| known == word).unwrap_or(Category::ALL.len())
}
