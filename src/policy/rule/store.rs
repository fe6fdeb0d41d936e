//! `store:`: the kinds that the CRM itself holds as tokens.
//!
//! It stands beside `rules:` and not in them: what the CRM holds may not depend on who saves it.

use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::Word;
use crate::policy::rule::rules::{self, Grant, Verb};

/// What the gateway keeps for itself of the names of domains.
const OWN_DOMAINS: &str = "sudare.";

/// What one file says of it.
#[derive(Debug, Default)]
pub struct Stored {
    /// The kinds and their tokens.
    pub tokens: Vec<Grant>,
    /// The kinds whose columns have a length.
    pub max: Vec<(Word, usize)>,
}

/// Reads it.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Stored> {
    let mut map = MapReader::open(node, "`store`", faults)?;
    map.means(&[("token", "tokenize"), ("encrypt", "tokenize"), ("length", "max"), ("maxlength", "max")]);
    let mut stored = Stored::default();
    if let Some(node) = map.need("tokenize", faults).filter(|node| !reader::each(node).is_empty()) {
        rules::read_grants(node, "tokenize", Verb::Tokenize, &mut stored.tokens, faults);
    }
    for entry in map.take("max").and_then(|node| reader::entries(node, "`max`", faults)).unwrap_or_default() {
        let chars = reader::number(&entry.value, "`max`", faults);
        stored.max.extend(chars.map(|chars| (Word::new(&entry.key, &entry.key_spot), chars)));
    }
    map.finish(faults);
    Some(stored)
}

/// The name of a `token_domain`, if it is none of the gateway's own: by that of the store staff would be given the
/// tokens that the CRM holds.
pub fn domain(node: &Node, faults: &mut Faults) -> Option<String> {
    let name = reader::text(node, "`token_domain`", faults)?;
    if name.trim().to_lowercase().starts_with(OWN_DOMAINS) {
        let message = format!("domains that begin with `{OWN_DOMAINS}` are the gateway's own");
        faults.error(&node.spot, "store", message).help("choose another name");
    }
    Some(name.to_owned())
}
