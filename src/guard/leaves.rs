//! Leaves that wait for their decision, with what their place already told.

use std::ops::Range;

use crate::terms::edit::Document;
use crate::policy::plan::{Meaning, Plan};
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Member, Part, Piece};
use crate::terms::place::PlaceId;

/// A leaf kept until its answer or its record is complete.
pub(super) struct Waiting {
    pub document: Document,
    pub text: String,
    pub part: Part,
    pub pieces: Vec<Piece>,
    pub record: u32,
    /// Whether any name stands at it: a parameter's, a key's, a heading's.
    pub named: bool,
    pub member: Option<Member>,
    pub loosen: Vec<(Range<usize>, &'static str)>,
    pub known: Option<Known>,
}

/// A kind that a place or a label gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub kind: KindId,
    /// No detector looks inside.
    pub only: bool,
    /// A field of the rules named it, not a label alone.
    pub declared: bool,
}

impl Waiting {
    /// Copies what outlives the walker's call.
    pub(super) fn new(document: Document, leaf: &Leaf<'_>, known: Option<Known>) -> Waiting {
        Waiting {
            document,
            text: leaf.text.to_owned(),
            part: leaf.part,
            pieces: leaf.pieces.to_vec(),
            record: leaf.record,
            named: !leaf.names.is_empty(),
            member: leaf.member.clone(),
            loosen: leaf.loosen.to_vec(),
            known,
        }
    }
}

/// Every place of the plan that reaches the leaf: by path, by selector, by name.
pub(super) fn places(plan: &Plan, leaf: &Leaf<'_>, mut met: impl FnMut(PlaceId)) {
    leaf.places.iter().copied().for_each(&mut met);
    if plan.names.is_empty() {
        return;
    }
    for name in leaf.names.iter().chain(leaf.above) {
        if let Some(ids) = plan.names.get(name.trim()).or_else(|| plan.names.get(&label::fold(name))) {
            ids.iter().copied().for_each(&mut met);
        }
    }
}

/// The kind that the leaf's place gives it, the strictest where several fields name it; else the
/// kind of the label that stands at it.
pub(super) fn known(plan: &Plan, leaf: &Leaf<'_>) -> Option<Known> {
    if !carries_values(leaf.part) {
        return None;
    }
    let mut best: Option<Known> = None;
    places(plan, leaf, |id| {
        if let Meaning::Field { kind, only, .. } = plan.targets[usize::from(id.0)].meaning {
            let stricter = best.is_none_or(|known| strictness(plan, kind) > strictness(plan, known.kind));
            if stricter && !is_structure(leaf) {
                best = Some(Known { kind, only, declared: true });
            }
        }
    });
    best.or_else(|| labelled(plan, leaf))
}

fn labelled(plan: &Plan, leaf: &Leaf<'_>) -> Option<Known> {
    // A label speaks of the value that it stands at, not of the attributes around that value.
    if !plan.scan || matches!(leaf.part, Part::Attribute) {
        return None;
    }
    let kind = leaf.names.iter().find_map(|name| plan.labels.get(&label::fold(name)))?;
    Some(Known { kind: *kind, only: false, declared: false })
}

fn strictness(plan: &Plan, kind: KindId) -> u8 {
    plan.decisions[usize::from(kind.0)].action.strictness()
}

/// Names say what a value is only where a value can stand.
fn carries_values(part: Part) -> bool {
    matches!(part, Part::Value | Part::Number | Part::Boolean | Part::Attribute | Part::Url | Part::Script)
}

/// An attribute beside a declared value that is a word of the page's own making (`data-type="cell"`)
/// or a short number is structure: the value itself is sought there by comparison.
fn is_structure(leaf: &Leaf<'_>) -> bool {
    const SHORT_NUMBER: usize = 6;
    let text = leaf.text.trim();
    leaf.part == Part::Attribute
        && leaf.places.is_empty()
        && (text.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b' '))
            || (text.len() <= SHORT_NUMBER && text.bytes().all(|b| b.is_ascii_digit())))
}
