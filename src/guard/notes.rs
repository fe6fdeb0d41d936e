//! Why each value becomes what it becomes, told to whoever asks while it is judged.
//!
//! `sudare explain` asks, in a dry exchange; in the gateway nobody does, and a judgement then costs
//! one look at nothing. What is told are the judgement's own findings, not a second opinion on them.
//! Whoever listens holds raw values and must keep them as closely as the guard does.

use std::ops::Range;

use crate::detect::Found;
use crate::terms::action::Action;
use crate::terms::edit::{Document, Edit};
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Piece};
use crate::terms::place::PlaceId;

/// Listens to one answer's judgement.
pub trait Notes: Send + Sync {
    /// A leaf, and every place of the plan that reaches it. It comes before its judgement.
    fn leaf(&self, document: Document, leaf: &Leaf<'_>, places: &[PlaceId]);

    /// What a part of a leaf was taken for.
    fn judged(&self, note: &Note<'_>);

    /// What staff gets in a leaf's place.
    fn edited(&self, edit: &Edit);
}

/// What a part of a leaf was taken for, and what becomes of it.
pub struct Note<'a> {
    /// Where the leaf stands.
    pub document: Document,
    /// Its runs there, by which it is known again.
    pub pieces: &'a [Piece],
    /// Which bytes of its text.
    pub range: Range<usize>,
    /// What becomes of them; `None` where another value decides.
    pub action: Option<Action>,
    /// What they are and what speaks for it.
    pub why: Why<'a>,
}

/// What speaks for a kind.
pub enum Why<'a> {
    /// A place or a label gave it.
    Known {
        /// Its kind.
        given: KindId,
        /// The kind that decides: its own, or a stricter one that a detector is certain of.
        kind: KindId,
        /// A field of the rules named the place, not a label alone.
        declared: bool,
        /// The field itself says what becomes of it.
        forced: bool,
        /// What detectors found inside.
        found: &'a [Found],
    },
    /// A detector found it.
    Found(&'a Found),
    /// It is a value that was veiled elsewhere in the answer.
    Elsewhere,
    /// The resource's fields do not name it, and the resource says what becomes of such.
    Unlisted,
    /// Staff's own word, shown again in the control that it was typed into.
    Echo,
}
