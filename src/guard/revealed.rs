//! The values of one kind in an answer as the CRM gave it: what stands at places that fields name for it.
//!
//! What a label or a detector takes for such a value is none here, since it may be another's.

use std::collections::BTreeSet;

use crate::format::{self, Format};
use crate::guard::leaves;
use crate::policy::plan::Plan;
use crate::terms::bounds::Bounds;
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::refusal::Refusal;
use crate::terms::secret::Secret;

/// The one value of a kind in a document; nothing where there is none, where there are several, or where it holds
/// for certain what is of another kind.
pub fn the_one(
    plan: &Plan,
    kind: KindId,
    (format, text): (Format, &str),
    bounds: &Bounds,
) -> Result<Option<Secret>, Refusal> {
    let mut values = Values { plan, kind, found: BTreeSet::new() };
    let mut walker = format::walker(format, &plan.places, bounds)?;
    walker.write(text.as_bytes(), &mut values)?;
    walker.end(&mut values)?;
    let mut found = values.found.into_iter();
    let one = found.next().filter(|_| found.next().is_none());
    Ok(one.filter(|value| {
        let mut inside = Vec::new();
        plan.detectors.find(&value.0, &mut inside);
        inside.iter().all(|found| !found.certain || found.kind == kind)
    }))
}

struct Values<'a> {
    plan: &'a Plan,
    kind: KindId,
    /// Two are enough to know that there are several.
    found: BTreeSet<Secret>,
}

impl Sink for Values<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let value = leaf.text.trim();
        // A JSON `null` is shown as a control, and is no value.
        let is_value = matches!(leaf.part, Part::Value | Part::Number | Part::Attribute | Part::Text)
            && value.contains(|c: char| !c.is_control());
        let known = leaves::known(self.plan, leaf).filter(|known| known.declared && known.kind == self.kind);
        if is_value && known.is_some() && self.found.len() < 2 {
            self.found.insert(Secret(value.to_owned()));
        }
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}
