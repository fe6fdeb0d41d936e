//! What two policies make of one answer, and in what they differ.
//!
//! Each judged part of the answer is held against what the other policy made of the same bytes. A
//! part of which the other knew nothing was shown there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cli::explain::{Cause, Noted, SeenLeaf};
use crate::policy::strict;
use crate::terms::action::Action;
use crate::terms::edit::Document;
use crate::terms::kind::KindId;

/// In which direction something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Staff gets more of it.
    Shown,
    /// Staff gets less of it.
    Hidden,
    /// The answer is refused.
    Refused,
    /// The answer is refused no more.
    Passed,
}

impl Change {
    /// The word for programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Change::Shown => "shown",
            Change::Hidden => "hidden",
            Change::Refused => "refused",
            Change::Passed => "no-longer-refused",
        }
    }
}

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) change: Change,
    pub(super) role: Arc<str>,
    pub(super) resource: String,
    /// The kind's name; nothing where it is about a whole answer.
    pub(super) kind: Option<String>,
    pub(super) before: String,
    pub(super) after: String,
}

/// How often, and where first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) count: usize,
    pub(super) entry: usize,
    pub(super) line: Option<usize>,
}

/// All changes.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) rows: BTreeMap<Row, Counted>,
}

impl Changes {
    /// Counts one more.
    pub(super) fn note(&mut self, row: Row, entry: usize, line: Option<usize>) {
        self.rows.entry(row).or_insert(Counted { count: 0, entry, line }).count += 1;
    }

    /// How often something changed in this direction.
    pub(super) fn count(&self, change: Change) -> usize {
        self.rows.iter().filter(|(row, _)| row.change == change).map(|(_, counted)| counted.count).sum()
    }
}

/// A part of an answer that the two policies judge differently.
pub(super) struct Difference {
    /// Nothing where the resource's word about unlisted values decided.
    pub(super) kind: Option<KindId>,
    /// Whether the kind's number is of the new policy.
    pub(super) new: bool,
    pub(super) before: Action,
    pub(super) after: Action,
    /// Where its leaf begins in the body.
    pub(super) begin: Option<usize>,
}

type Key = (Document, Vec<std::ops::Range<usize>>);

/// Everything in which two judgements of one answer differ.
pub(super) fn differences(old: &[SeenLeaf], new: &[SeenLeaf]) -> Vec<Difference> {
    let index = |leaves: &'_ [SeenLeaf]| -> BTreeMap<String, usize> {
        leaves.iter().enumerate().map(|(at, leaf)| (format!("{:?}", key(leaf)), at)).collect()
    };
    let (old_index, new_index) = (index(old), index(new));
    let mut all = Vec::new();
    for leaf in new {
        let other = old_index.get(&format!("{:?}", key(leaf))).map(|at| &old[*at]);
        for note in leaf.notes.iter().filter(|note| counts(note)) {
            let Some(after) = note.action else { continue };
            let before = made_of(other, note);
            all.extend(differ(before, after).then(|| Difference {
                kind: note.cause.kind(),
                new: true,
                before,
                after,
                begin: begin(leaf),
            }));
        }
    }
    for leaf in old {
        let other = new_index.get(&format!("{:?}", key(leaf))).map(|at| &new[*at]);
        for note in leaf.notes.iter().filter(|note| counts(note)) {
            let Some(before) = note.action else { continue };
            // What the new policy judges too was told above.
            let known =
                |note: &Noted, other: &SeenLeaf| other.notes.iter().any(|own| counts(own) && own.range == note.range);
            if other.is_some_and(|other| known(note, other)) {
                continue;
            }
            let after = made_of(other, note);
            all.extend(differ(before, after).then(|| Difference {
                kind: note.cause.kind(),
                new: false,
                before,
                after,
                begin: begin(leaf),
            }));
        }
    }
    all
}

fn differ(before: Action, after: Action) -> bool {
    strict::rank(before) != strict::rank(after)
}

/// A repetition of a value follows the value.
fn counts(note: &Noted) -> bool {
    matches!(note.cause, Cause::Known { .. } | Cause::Found { .. } | Cause::Unlisted)
}

/// What the other policy made of the same bytes: the strictest of what it made of any of them.
fn made_of(leaf: Option<&SeenLeaf>, note: &Noted) -> Action {
    let over = leaf.into_iter().flat_map(|leaf| &leaf.notes).filter(|own| {
        own.range.start < note.range.end && own.range.end > note.range.start && own.cause != Cause::Elsewhere
    });
    over.filter_map(|own| own.action).max_by_key(|action| strict::rank(*action)).unwrap_or(Action::Show)
}

fn key(leaf: &SeenLeaf) -> Key {
    (leaf.document, leaf.pieces.iter().map(|piece| piece.span.clone()).collect())
}

fn begin(leaf: &SeenLeaf) -> Option<usize> {
    (leaf.document == Document::Body).then(|| leaf.begin())
}
