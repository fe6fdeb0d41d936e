//! What the CRM itself holds as tokens: kinds whose values are tokenized on their way there and turned back on the
//! way out, before rules decide who sees what.
//!
//! It is no property of a role: whoever saves a value, the CRM gets the same token, or the next search would miss it.

use std::collections::BTreeMap;

use crate::policy::node::Spot;
use crate::terms::action::Token;
use crate::terms::kind::{KindId, Kinds};

/// The kinds that the CRM holds as tokens.
#[derive(Debug, Clone, Default)]
pub struct Store {
    /// Which token stands for each kind.
    pub tokens: BTreeMap<KindId, Token>,
    /// How many characters the CRM's columns take, where the rules say so.
    pub max: BTreeMap<KindId, usize>,
    /// Whether any file speaks of it: then tokens are turned back, whether or not new ones are made.
    pub is_there: bool,
    /// The first kind whose tokens look like its values, and where that is said.
    pub(super) looks_like: Option<(KindId, Spot)>,
}

impl Store {
    /// Whether the CRM holds values of this kind as tokens.
    pub fn holds(&self, kind: KindId) -> bool {
        self.tokens.contains_key(&kind)
    }

    /// What is said of each kind, in one spelling.
    pub(super) fn said(&self, kinds: &Kinds) -> Vec<(String, String)> {
        let token = |(kind, token): (&KindId, &Token)| {
            let word = match token {
                Token::Format { pass: true } => "format, check: pass",
                Token::Format { pass: false } => "format",
                Token::Opaque | Token::Random { .. } => "opaque",
            };
            (format!("store: tokenize {}", kinds.get(*kind).name), word.to_owned())
        };
        let max = |(kind, max): (&KindId, &usize)| (format!("store: max {}", kinds.get(*kind).name), max.to_string());
        self.tokens.iter().map(token).chain(self.max.iter().map(max)).collect()
    }
}
