//! `purposes:` what requests may be made for, and on what legal basis.

use std::collections::BTreeMap;

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Value};
use crate::policy::reader;
use crate::policy::rule::when;

/// The words that requests may name, and the legal basis of those that have one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purposes {
    /// The words.
    pub words: Vec<String>,
    /// Their bases.
    pub bases: BTreeMap<String, &'static str>,
}

/// GDPR art. 6(1)(a) to (f), and what APPI knows beside it: art. 27(2), and what laws order (art. 27(1)).
pub const BASES: [&str; 8] = [
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
    "opt_out",
    "law",
];

/// Reads `[call-back, audit]`, or `{ call-back: contract, audit: legal_obligation }`.
pub fn parse(node: &Node, faults: &mut Faults) -> Purposes {
    let Value::Map(entries) = &node.value else {
        let words = when::purposes(node, faults).into_iter().map(|word| word.text).collect();
        return Purposes { words, ..Purposes::default() };
    };
    let mut purposes = Purposes::default();
    for entry in entries {
        if !when::is_purpose(&entry.key, &entry.key_spot, faults) {
            continue;
        }
        purposes.words.push(entry.key.clone());
        if !entry.value.is_empty() {
            let basis = reader::word(&entry.value, "a legal basis", &BASES.map(|word| (word, word)), faults);
            purposes.bases.extend(basis.map(|basis| (entry.key.clone(), basis)));
        }
    }
    purposes
}
