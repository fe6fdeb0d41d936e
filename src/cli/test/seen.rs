//! What a body says, leaf by leaf: answers are compared by that, not by how they are written.

use std::sync::Arc;

use crate::format::{Format, walker};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::names::Names;
use crate::terms::place::{PlaceId, Places};
use crate::terms::refusal::Refusal;

/// A leaf of a body.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) part: Part,
    pub(super) names: Vec<String>,
    pub(super) above: Vec<String>,
    pub(super) places: Vec<PlaceId>,
    pub(super) record: u32,
}

/// Every leaf of a body in UTF-8, in the order in which they are shown.
pub(super) fn leaves(format: Format, places: &Arc<Places>, body: &str) -> Result<Vec<Seen>, Refusal> {
    let mut all = All(Vec::new());
    let mut walker = walker(format, places, &Bounds::default())?;
    walker.write(body.as_bytes(), &mut all)?;
    walker.end(&mut all)?;
    Ok(all.0)
}

struct All(Vec<Seen>);

impl Sink for All {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let owned = |names: Names<'_>| names.iter().map(str::to_owned).collect();
        self.0.push(Seen {
            text: leaf.text.to_owned(),
            part: leaf.part,
            names: owned(leaf.names),
            above: owned(leaf.above),
            places: leaf.places.iter().chain(leaf.reach.around).copied().collect(),
            record: leaf.record,
        });
        Ok(())
    }

    fn record(&mut self, _: u32, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
}
