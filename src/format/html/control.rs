//! Controls and their labels, which may come before, around or after them.
//!
//! A control whose label may still come keeps its leaves here. They are shown with the label, or
//! without one when the row, item, form or record that the control stands in ends.

use std::collections::HashMap;

use crate::format::html::held::{Held, Word};
use crate::terms::refusal::{Reason, Refusal};

/// The labels seen, and the controls that wait for theirs.
pub(super) struct Controls {
    labels: HashMap<String, Word>,
    waiting: Vec<Waiting>,
    bytes: usize,
    bytes_max: usize,
}

/// A control; `begin` is where its tag begins in the body, which is a name of its own.
struct Waiting {
    begin: usize,
    id: Option<String>,
    /// Where the label around it begins.
    around: Option<usize>,
    /// How many elements lie around it.
    depth: usize,
    held: Vec<Held>,
}

impl Controls {
    /// No controls; labels and waiting leaves may take so many bytes.
    pub(super) fn new(bytes_max: usize) -> Controls {
        Controls { labels: HashMap::new(), waiting: Vec::new(), bytes: 0, bytes_max }
    }

    /// The label that named this id before.
    pub(super) fn label(&self, id: &str) -> Option<Word> {
        self.labels.get(id).cloned()
    }

    /// Whether any label has named an id.
    pub(super) fn has_labels(&self) -> bool {
        !self.labels.is_empty()
    }

    /// A control whose label has not come yet begins.
    pub(super) fn wait(&mut self, begin: usize, id: Option<String>, around: Option<usize>, depth: usize) {
        self.waiting.push(Waiting { begin, id, around, depth, held: Vec::new() });
    }

    /// Keeps a leaf of a control that waits; gives it back if that one does not.
    pub(super) fn hold(&mut self, begin: usize, held: Held) -> Result<Option<Held>, Refusal> {
        let Some(waiting) = self.waiting.iter_mut().rev().find(|waiting| waiting.begin == begin) else {
            return Ok(Some(held));
        };
        self.bytes += held.text.len() + LEAF_BYTES;
        waiting.held.push(held);
        self.check()?;
        Ok(None)
    }

    /// A label for an id: what waited for it may be shown.
    pub(super) fn label_for(&mut self, id: &str, label: &Word) -> Result<Vec<Held>, Refusal> {
        self.bytes += id.len() + label.len() + LEAF_BYTES;
        self.labels.insert(id.to_owned(), Word::clone(label));
        self.check()?;
        Ok(self.release(Some(label), |waiting| waiting.id.as_deref() == Some(id)))
    }

    /// The label that began there ends: what it lies around may be shown.
    pub(super) fn label_ends(&mut self, begin: usize, label: Option<&Word>) -> Vec<Held> {
        self.release(label, |waiting| waiting.around == Some(begin))
    }

    /// What stands deeper than this has ended: no label will come.
    pub(super) fn group_ends(&mut self, depth: usize) -> Vec<Held> {
        self.release(None, |waiting| waiting.depth > depth)
    }

    /// This record ends, and what it holds with it.
    pub(super) fn record_ends(&mut self, record: u32) -> Vec<Held> {
        self.release(None, |waiting| waiting.held.iter().any(|held| held.record == record))
    }

    /// What waits since before this place waits no longer.
    pub(super) fn give_up(&mut self, before: usize) -> Vec<Held> {
        self.release(None, |waiting| waiting.begin < before)
    }

    /// Where the first leaf that waits begins.
    pub(super) fn begin(&self) -> Option<usize> {
        self.waiting.iter().flat_map(|waiting| &waiting.held).map(Held::begin).min()
    }

    fn release(&mut self, label: Option<&Word>, done: impl Fn(&Waiting) -> bool) -> Vec<Held> {
        let mut released = Vec::new();
        self.waiting.retain_mut(|waiting| {
            let done = done(waiting);
            if done {
                released.append(&mut waiting.held);
            }
            !done
        });
        for held in &mut released {
            self.bytes = self.bytes.saturating_sub(held.text.len() + LEAF_BYTES);
            if let Some(label) = label {
                held.name(label);
            }
        }
        released
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.bytes > self.bytes_max {
            return Err(Refusal::new(
                Reason::Bound,
                format!(
                    "html: labels and controls take {} bytes, more than `hold_bytes` {}",
                    self.bytes, self.bytes_max
                ),
            ));
        }
        Ok(())
    }
}

/// What a leaf or a label costs beside its text.
const LEAF_BYTES: usize = 128;
