//! What staff itself sent with a request in which originals go on to the CRM: a veil that goes home, a token that
//! is looked for. The answer may repeat it, and must not tell whether one of those originals stands in it.
//!
//! Whoever sends guesses beside a veil and reads them again would else see which one is hidden. So a text
//! that comes back as it was sent, under the name under which it was sent, is staff's own: no hidden value is
//! sought in it, and a right guess looks like a wrong one. A longer text that comes back in parts, or elsewhere,
//! is hidden whole, right or wrong; and so is each of many under one name, since a CRM that puts a
//! value of its own there would tell which one it is.

use std::collections::{BTreeSet, HashMap};

use crate::guard::queue::Flags;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part};

/// So many texts of one name are staff's own.
const FEW: usize = 32;

/// A longer text may be a list of guesses, and so may one with signs that part words.
const SHORT_CHARS: usize = 12;

/// The texts of one request, by the folded name that stands at each.
#[derive(Default)]
pub struct Own(HashMap<String, BTreeSet<String>>);

impl Own {
    /// Takes names and values as they were sent.
    pub fn of(said: Vec<(String, String)>) -> Own {
        let mut all: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (name, text) in said {
            let text = text.trim();
            if !text.is_empty() {
                all.entry(label::fold(&name)).or_default().insert(text.to_owned());
            }
        }
        Own(all)
    }

    fn at(&self, leaf: &Leaf<'_>) -> Option<&BTreeSet<String>> {
        let stands = matches!(leaf.part, Part::Value | Part::Number);
        let name = leaf.names.first().filter(|_| stands && !self.0.is_empty())?;
        self.0.get(&label::fold(name))
    }

    /// Says of a leaf whether it is staff's own.
    pub(super) fn marked(&self, leaf: &Leaf<'_>, flags: Flags) -> Flags {
        Flags { own: self.is(leaf), torn: self.is_torn(leaf), ..flags }
    }

    /// Whether a leaf is what staff sent under its name.
    fn is(&self, leaf: &Leaf<'_>) -> bool {
        self.at(leaf).is_some_and(|texts| texts.len() <= FEW && texts.contains(leaf.text.trim()))
    }

    /// Whether it is a part of a longer text that staff sent there.
    fn is_torn(&self, leaf: &Leaf<'_>) -> bool {
        let part = leaf.text.trim();
        let holds = |text: &&String| is_long(text) && text.len() > part.len() && text.contains(part);
        !part.is_empty()
            && self.at(leaf).is_some_and(|texts| texts.len() <= FEW && texts.iter().any(|text| holds(&text)))
    }

    /// What is hidden wherever else it stands.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &str> {
        let hides = |texts: &BTreeSet<String>, text: &String| texts.len() > FEW || is_long(text) || looks_found(text);
        self.0.values().flat_map(move |texts| texts.iter().filter(move |text| hides(texts, text)).map(String::as_str))
    }
}

/// Whether a detector may find something in it, and veil it in another way than what is hidden.
fn looks_found(text: &str) -> bool {
    const DIGITS: usize = 7;
    text.contains(['@', '＠']) || text.chars().filter(|c| c.is_numeric()).count() >= DIGITS
}

fn is_long(text: &str) -> bool {
    text.contains([',', '、', '，', ';', '|', '\n']) || text.chars().nth(SHORT_CHARS).is_some()
}
