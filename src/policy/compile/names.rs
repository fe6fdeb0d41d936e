//! Looking names up: what is unknown is told with what comes near.

use crate::policy::compile::roles::Role;
use crate::policy::decide::{On, RoleId};
use crate::policy::fault::Faults;
use crate::policy::reader::{nearest, words_of};
use crate::policy::rule::Word;
use crate::terms::kind::{Category, KindId, Kinds};

/// Names that all files together declare.
pub struct Names<'a> {
    /// The roles, in the order of their names.
    pub roles: &'a [Role],
    /// The kinds.
    pub kinds: &'a Kinds,
}

impl Names<'_> {
    /// The role of a name.
    pub fn role(&self, word: &Word, faults: &mut Faults) -> Option<RoleId> {
        // Roles stand in the order of their names.
        let found = self.roles.binary_search_by(|role| (*role.name).cmp(word.text.as_str())).ok();
        if found.is_none() {
            let near = look(faults, &word.text, self.roles.iter().map(|role| &*role.name));
            let fault = faults.error(&word.spot, "unknown-role", format!("`{}` is no role", word.text));
            match near {
                Some(near) => fault.did_you_mean(Some(near)),
                None => fault.help("name it under `roles:` with the groups that give it"),
            }
        }
        Some(RoleId(u16::try_from(found?).ok()?))
    }

    /// The kind of a name.
    pub fn kind(&self, word: &Word, faults: &mut Faults) -> Option<KindId> {
        let found = self.kinds.id(&word.text);
        if found.is_none() {
            let near = look(faults, &word.text, self.kinds.0.iter().map(|kind| kind.name.as_str()));
            let fault = if Category::from_word(&word.text).is_some() {
                let message = format!("`{}` is a category, and here a kind must stand", word.text);
                faults.error(&word.spot, "unknown-kind", message)
            } else {
                faults.error(&word.spot, "unknown-kind", format!("`{}` is no kind", word.text))
            };
            match near {
                Some(near) => fault.did_you_mean(Some(near)),
                None => {
                    fault.help("name it under `kinds:` with its category; `sudare kinds` lists those that are built in")
                }
            }
        }
        found
    }

    /// What a rule names: a kind, a category or `all`.
    pub fn on(&self, word: &Word, faults: &mut Faults) -> Option<On> {
        if word.text == "all" {
            return Some(On::All);
        }
        if let Some(category) = Category::from_word(&word.text) {
            return Some(On::Category(category));
        }
        if let Some(kind) = self.kinds.id(&word.text) {
            return Some(On::Kind(kind));
        }
        let kinds = self.kinds.0.iter().map(|kind| kind.name.as_str());
        let near = look(faults, &word.text, kinds.chain(Category::ALL.map(Category::word)));
        let fault = faults.error(&word.spot, "unknown-kind", format!("`{}` is no kind and no category", word.text));
        match near {
            Some(near) => fault.did_you_mean(Some(near)),
            None => fault.help(format!("categories are {}", words_of(Category::ALL.into_iter().map(Category::word)))),
        }
        None
    }

    /// The kinds that a rule names.
    pub fn named(&self, on: On) -> Vec<KindId> {
        let takes = |id: KindId, category: Category| match on {
            On::All => true,
            On::Category(named) => named == category,
            On::Kind(named) => named == id,
        };
        self.kinds.iter().filter(|(id, kind)| takes(*id, kind.category)).map(|(id, _)| id).collect()
    }
}

/// The nearest name, while anybody reads it: names and slips can both be many.
pub(super) fn look<'c>(faults: &Faults, word: &str, names: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if faults.is_full() { None } else { nearest(word, names) }
}
