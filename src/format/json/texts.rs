//! Documents of other sorts in a JSON string: pages, XML, tables, lines that say themselves what they hold.
//!
//! A program hands pages over in JSON, and staff types notes in which each line has its label. What is read here
//! may be anybody's text, so what cannot be read is a text and no fault.

use std::sync::Arc;

use crate::format::inside::Insides;
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Sink};
use crate::terms::refusal::Refusal;
use crate::terms::words::Words;

/// Reads what stands in the strings of one document.
pub(super) struct Texts {
    words: Arc<Words>,
    bounds: Bounds,
    nests: usize,
    /// How many layers of quoting lie around the document.
    pub(super) layers: usize,
}

impl Texts {
    pub(super) fn new(words: &Arc<Words>, bounds: &Bounds, nests: usize, layers: usize) -> Texts {
        Texts { words: Arc::clone(words), bounds: bounds.clone(), nests, layers }
    }

    /// Shows the leaves of what a string holds, behind so many objects, and says how many there are then; nothing,
    /// with nothing shown, where it holds no document or nobody wants it. `map` says where in the body each byte of
    /// the text stands.
    pub(super) fn show(
        &self,
        leaf: &Leaf<'_>,
        map: &[usize],
        objects: u32,
        sink: &mut dyn Sink,
    ) -> Result<Option<u32>, Refusal> {
        let insides = Insides::new(&self.words, &self.bounds, self.nests).lenient().bounded();
        let mut insides = insides.behind(objects).under(self.layers);
        let shown = insides.any(leaf, map, sink)?;
        Ok(shown.then(|| insides.objects()))
    }
}
