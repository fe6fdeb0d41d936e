//! What staff writes: nothing that looks like a veil may reach the CRM, where it would stand in the
//! place of the value that it hides.

use crate::guard::leaves;
use crate::policy::plan::Plan;
use crate::terms::action::Action;
use crate::terms::kind::{self, KindId};
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::refusal::{Reason, Refusal};
use crate::transform;

/// The guard of one request body.
pub struct Inbound<'a> {
    plan: &'a Plan,
    /// Parameters of a form, for questions about hidden data and for the subject.
    parameters: Vec<(String, String)>,
    bytes: usize,
    bytes_max: usize,
}

impl<'a> Inbound<'a> {
    /// A guard for a body that may hold so many bytes of values.
    pub fn new(plan: &'a Plan, bytes_max: usize) -> Inbound<'a> {
        Inbound { plan, parameters: Vec::new(), bytes: 0, bytes_max }
    }

    /// The named values that were met.
    pub fn parameters(self) -> Vec<(String, String)> {
        self.parameters
    }

    fn refuse(&self, kind: Option<KindId>) -> Refusal {
        let what = match kind {
            Some(kind) => format!("the field of kind `{}`", self.plan.kinds.get(kind).name),
            None => "a field".to_owned(),
        };
        Refusal::new(Reason::Veil, format!("{what} holds a veil where the value belongs; nothing was saved"))
    }
}

impl Sink for Inbound<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.bytes += leaf.text.len();
        if self.bytes > self.bytes_max {
            return Err(Refusal::new(Reason::BodyTooLarge, "the body holds more than can be read"));
        }
        if let (Part::Value, Some(name)) = (leaf.part, leaf.names.first()) {
            self.parameters.push(((*name).to_owned(), leaf.text.to_owned()));
        }
        let known = leaves::known(self.plan, leaf).map(|known| known.kind);
        let text = leaf.text.trim();
        let veil = match known {
            Some(kind) => self.is_veil(kind, text),
            None => holds_veil(text),
        };
        if veil { Err(self.refuse(known)) } else { Ok(()) }
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

impl Inbound<'_> {
    fn is_veil(&self, kind: KindId, text: &str) -> bool {
        if text.is_empty() {
            // What staff never got comes back empty from an unchanged form.
            return self.plan.decisions[usize::from(kind.0)].action == Action::Remove;
        }
        let inside = !matches!(kind, kind::PASSWORD | kind::SECRET) && holds_veil(text);
        inside || transform::looks_like_veil(self.plan.kinds.get(kind), text)
    }
}

/// Whether a text holds a token or the beginning of a mask: in a note, a veil stands among other
/// words.
fn holds_veil(text: &str) -> bool {
    transform::holds_token(text) || text.contains("****") || text.contains("***-****-")
}
