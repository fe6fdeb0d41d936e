//! An edit of one leaf: the guard orders it, the body carries it out, and neither knows the other.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::terms::disclosure::Disclosures;
use crate::terms::kind::KindId;
use crate::terms::leaf::{Member, Piece, Sink};
use crate::terms::refusal::Refusal;

/// What becomes of leaves that were judged together.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The edits, in no order.
    pub edits: Vec<Edit>,
    /// What is disclosed when these leaves leave.
    pub disclosures: Disclosures,
    /// Kinds that a rule blocks and that stood where no field names them.
    pub alerts: BTreeSet<KindId>,
    /// How many values only labels and detectors knew.
    pub undeclared: u32,
}

/// Takes leaves and judges them when their answer or their record is complete.
pub trait Guard: Sink {
    /// Up to where the body could be released now: the first such place behind `near`, or the last one.
    fn ready(&self, near: usize) -> usize;

    /// Judges every leaf that waits: the body is complete.
    fn finish(&mut self) -> Result<Verdict, Refusal>;

    /// Judges the leaves that begin before `upto`; the others go on waiting.
    fn release(&mut self, upto: usize) -> Result<Verdict, Refusal>;
}

/// In which document a leaf stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Document {
    /// The body.
    Body,
    /// The value of the answer's header of this number.
    Header(usize),
}

/// What becomes of a leaf, or of a range of its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Edit {
    /// Where the leaf stands.
    pub document: Document,
    /// Its runs.
    pub pieces: Vec<Piece>,
    /// What is done.
    pub change: Change,
    /// Raw spans that would refuse the veil, and what to write there.
    pub loosen: Vec<(Range<usize>, &'static str)>,
}

/// What is done to a leaf.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// These ranges of the leaf's text are written anew: in order, and no two overlap.
    Replace(Vec<Patch>),
    /// The whole member goes.
    Cut(Member),
}

/// One range of a leaf's text and what is written there.
#[derive(Clone, PartialEq, Eq)]
pub struct Patch {
    /// Bytes of the leaf's text.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// A replacement may hold a part of a value, so only its length is shown.
impl std::fmt::Debug for Edit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = match &self.change {
            Change::Replace(patches) => patches.iter().map(|patch| patch.text.len()).sum(),
            Change::Cut(_) => 0,
        };
        write!(f, "Edit({:?}, {} pieces, {bytes} bytes)", self.document, self.pieces.len())
    }
}
