//! Controls of forms that hold the CRM's own state (ASP.NET's `__VIEWSTATE`): nobody can read in there, and what a
//! page hides may stand in it. Staff gets such a control sealed, by whoever sends the page.

use std::collections::HashMap;

use crate::guard::leaves;
use crate::policy::plan::Plan;
use crate::terms::leaf::{Leaf, Part};
use crate::terms::refusal::{Reason, Refusal};

/// Makes of a control's name and its value what staff gets; nothing where it cannot.
pub type Sealer = Box<dyn Fn(&str, &str) -> Option<String> + Send + Sync>;

/// The longest state, in bytes: sealed and sent back it is no longer than a value may be.
const BYTES_MAX: usize = 640 << 10;

/// The states of one page.
#[derive(Default)]
pub(super) struct States {
    sealer: Option<Sealer>,
    /// By where each begins.
    made: HashMap<usize, String>,
}

impl States {
    /// Seals by this.
    pub(super) fn by(sealer: Sealer) -> States {
        States { sealer: Some(sealer), made: HashMap::new() }
    }

    /// Seals a leaf if it is a state; says whether it is one. What stands elsewhere, or is no state as applications
    /// write them, cannot be put back and does not leave.
    pub(super) fn seals(&mut self, plan: &Plan, leaf: &Leaf<'_>) -> Result<bool, Refusal> {
        if plan.seals.is_empty() || !can_hold(leaf.part) || leaf.text.trim().is_empty() {
            return Ok(false);
        }
        let name = plan.seals.iter().find(|own| leaf.names.iter().any(|name| name == own.as_str()));
        let in_text = || plan.seals.iter().any(|own| leaf.text.contains(&format!("|{own}|")));
        let Some(name) = name else {
            return if in_text() { Err(misplaced()) } else { Ok(false) };
        };
        if !leaves::is_control(leaf) || !leaf.text.is_ascii() {
            return Err(misplaced());
        }
        if leaf.text.len() > BYTES_MAX {
            return Err(Refusal::new(
                Reason::Bound,
                "a state that is to be sealed is longer than a form can bring back",
            ));
        }
        let sealed = match &self.sealer {
            Some(sealer) => sealer(name, leaf.text),
            // It is for nobody.
            None => Some(String::new()),
        };
        let sealed = sealed.ok_or_else(|| Refusal::new(Reason::Keys, "the key ring is not there"))?;
        let begin = leaf.pieces.first().map_or(0, |piece| piece.span.start);
        self.made.insert(begin, sealed);
        Ok(true)
    }

    /// What staff gets of the state that begins there.
    pub(super) fn made(&self, begin: usize) -> &str {
        self.made.get(&begin).map_or("", String::as_str)
    }

    /// What they take in memory.
    pub(super) fn weight(&self) -> usize {
        self.made.values().map(String::len).sum()
    }
}

fn can_hold(part: Part) -> bool {
    matches!(part, Part::Value | Part::Number | Part::Text | Part::Script | Part::Attribute | Part::Comment)
}

fn misplaced() -> Refusal {
    Refusal::new(Reason::Shape, "a state that is to be sealed stands in no control of a form, or is no plain text")
}
