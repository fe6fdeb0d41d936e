//! What a request asks of a CRM that holds tokens: it can answer whether a value is one, and nothing else.
//!
//! So a question about such a kind by a part of a value, or by more than equality, is refused whoever asks, and the
//! whole values that are looked for are told, so that their tokens go on in their place.

use std::collections::BTreeSet;

use crate::guard::query::{self, Screen, markup, spelt};
use crate::guard::query::{tree::Tree, walk::Walk};
use crate::policy::plan::Plan;
use crate::policy::store::Store;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;
use crate::terms::secret::Secret;
use crate::transform;

/// What the CRM can be asked.
#[derive(Clone, Copy)]
pub struct Stored<'p> {
    /// What the request is about.
    pub plan: &'p Plan,
    /// What the CRM holds.
    pub store: &'p Store,
}

/// A question, in one reading.
#[derive(Clone, Copy)]
pub enum Question<'q> {
    /// Parameters of an address or a form.
    Parameters(&'q [(String, String)]),
    /// A document in JSON.
    Json(&'q [u8]),
    /// A document in XML.
    Xml(&'q [u8]),
    /// One condition.
    Text(&'q str),
}

impl<'p> Stored<'p> {
    /// The whole values that are looked for among tokens, in one spelling each. A token is none.
    pub fn sought(self, question: Question<'_>) -> Result<BTreeSet<(KindId, Secret)>, Refusal> {
        let mut screen = self.screen();
        match question {
            Question::Parameters(all) => query::look(&mut screen, all)?,
            Question::Json(body) => return Ok(query::look_in_json(screen, body)?.sought),
            Question::Xml(body) => {
                let tree: Tree = markup::tree(body)?;
                Walk::new(&mut screen).tree(&tree)?;
            }
            Question::Text(text) => Walk::new(&mut screen).condition(text)?,
        }
        Ok(screen.asked().sought)
    }

    /// The kinds by which a text is looked for, if it is one of these values.
    pub fn kinds_of(self, sought: &BTreeSet<(KindId, Secret)>, text: &str) -> Vec<KindId> {
        let screen = self.screen();
        let text = text.trim();
        let is = |(kind, value): &&(KindId, Secret)| spelt(*kind, text, screen.fit(*kind, text)) == value.0;
        sought.iter().filter(is).map(|(kind, _)| *kind).collect()
    }

    fn screen(self) -> Screen<'p> {
        Screen { notices: false, stored: Some(self.store), ..Screen::new(self.plan) }
    }
}

/// Whether a value is a token already.
pub(super) fn is_one(value: &str) -> bool {
    value.trim().starts_with("tok_") && transform::holds_token(value)
}
