//! What the guard was heard to say of one answer: every leaf, what it was taken for, what staff gets.
//!
//! It holds raw values: nothing here can be printed as a whole, and `rows` gives away no more than
//! staff would get.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::guard::notes::{Note, Notes, Why};
use crate::terms::action::Action;
use crate::terms::edit::{Change, Document, Edit};
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Part, Piece};
use crate::terms::names::Names;
use crate::terms::place::PlaceId;

/// Leaves of one answer that are kept.
const LEAVES_MAX: usize = 1 << 20;

/// Listens to one answer's judgement.
#[derive(Default)]
pub(in crate::cli) struct Seen {
    leaves: Mutex<Leaves>,
}

#[derive(Default)]
struct Leaves {
    all: Vec<SeenLeaf>,
    /// By where they begin and end: a text and what is read out of it may share that.
    index: HashMap<(Document, usize, usize), Vec<usize>>,
}

/// One leaf.
pub(in crate::cli) struct SeenLeaf {
    pub(in crate::cli) document: Document,
    pub(in crate::cli) text: String,
    /// Whether people read it as a value: no key, label, script, id or address of a page.
    pub(in crate::cli) is_value: bool,
    pub(in crate::cli) pieces: Vec<Piece>,
    pub(in crate::cli) names: Vec<String>,
    pub(in crate::cli) above: Vec<String>,
    pub(in crate::cli) places: Vec<PlaceId>,
    pub(in crate::cli) record: u32,
    pub(in crate::cli) notes: Vec<Noted>,
    pub(in crate::cli) change: Option<Change>,
}

/// What a part of a leaf was taken for.
pub(in crate::cli) struct Noted {
    pub(in crate::cli) range: Range<usize>,
    pub(in crate::cli) action: Option<Action>,
    pub(in crate::cli) rules: Vec<Arc<str>>,
    pub(in crate::cli) cause: Cause,
}

/// What spoke for it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli) enum Cause {
    /// A place or a label gave `given`; `kind` decides.
    Known { given: KindId, kind: KindId, declared: bool, forced: bool, evidence: Option<&'static str> },
    /// A detector found it.
    Found { kind: KindId, certain: bool, evidence: &'static str },
    /// It was veiled elsewhere.
    Elsewhere,
    /// The resource's word about what its fields do not name.
    Unlisted,
    /// Staff's own word.
    Echo,
}

impl Cause {
    /// The kind that decided, if one did.
    pub(in crate::cli) fn kind(&self) -> Option<KindId> {
        match self {
            Cause::Known { kind, .. } | Cause::Found { kind, .. } => Some(*kind),
            Cause::Elsewhere | Cause::Unlisted | Cause::Echo => None,
        }
    }
}

impl Seen {
    /// The leaves of which anything was said, in the order of the document; headers last.
    pub(in crate::cli) fn take(&self) -> Vec<SeenLeaf> {
        self.take_all().0
    }

    /// The same, and the values of the body of which nobody said anything.
    pub(in crate::cli) fn take_all(&self) -> (Vec<SeenLeaf>, Vec<SeenLeaf>) {
        let mut all = std::mem::take(&mut self.held().all);
        all.sort_by_key(|leaf| {
            let header = match leaf.document {
                Document::Body => None,
                Document::Header(number) => Some(number),
            };
            (header, leaf.begin())
        });
        let (said, mut unsaid): (Vec<_>, Vec<_>) = all.into_iter().partition(|leaf| !leaf.notes.is_empty());
        unsaid.retain(|leaf| leaf.is_value && leaf.change.is_none() && leaf.document == Document::Body);
        (said, unsaid)
    }

    fn held(&self) -> MutexGuard<'_, Leaves> {
        // A panic elsewhere cannot have left a leaf half noted.
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leaves {
    fn find(&mut self, document: Document, pieces: &[Piece]) -> Option<&mut SeenLeaf> {
        let numbers = self.index.get(&key(document, pieces))?;
        let at = *numbers.iter().rev().find(|at| self.all[**at].pieces == pieces)?;
        self.all.get_mut(at)
    }
}

impl SeenLeaf {
    /// Where it begins in its document.
    pub(in crate::cli) fn begin(&self) -> usize {
        self.pieces.first().map_or(0, |piece| piece.span.start)
    }
}

fn key(document: Document, pieces: &[Piece]) -> (Document, usize, usize) {
    let begin = pieces.first().map_or(0, |piece| piece.span.start);
    (document, begin, pieces.last().map_or(0, |piece| piece.span.end))
}

impl Notes for Seen {
    fn leaf(&self, document: Document, leaf: &Leaf<'_>, places: &[PlaceId]) {
        let mut held = self.held();
        let number = held.all.len();
        if number >= LEAVES_MAX || leaf.text.trim().is_empty() {
            return;
        }
        held.index.entry(key(document, leaf.pieces)).or_default().push(number);
        let texts = |names: Names<'_>| names.iter().map(|name| name.to_owned()).collect();
        held.all.push(SeenLeaf {
            document,
            text: leaf.text.to_owned(),
            is_value: matches!(leaf.part, Part::Value | Part::Number | Part::Attribute | Part::Title),
            pieces: leaf.pieces.to_vec(),
            names: texts(leaf.names),
            above: texts(leaf.above),
            places: places.to_vec(),
            record: leaf.record,
            notes: Vec::new(),
            change: None,
        });
    }

    fn judged(&self, note: &Note<'_>) {
        let cause = match note.why {
            Why::Known { given, kind, declared, forced, found } => {
                let evidence = found.iter().find(|found| found.kind == kind).map(|found| found.evidence);
                Cause::Known { given, kind, declared, forced, evidence }
            }
            Why::Found(found) => Cause::Found { kind: found.kind, certain: found.certain, evidence: found.evidence },
            Why::Elsewhere => Cause::Elsewhere,
            Why::Unlisted => Cause::Unlisted,
            Why::Echo => Cause::Echo,
        };
        if let Some(leaf) = self.held().find(note.document, note.pieces) {
            leaf.notes.push(Noted {
                range: note.range.clone(),
                action: note.action,
                rules: note.rules.to_vec(),
                cause,
            });
        }
    }

    fn edited(&self, edit: &Edit) {
        if let Some(leaf) = self.held().find(edit.document, &edit.pieces) {
            leaf.change = Some(edit.change.clone());
        }
    }
}
