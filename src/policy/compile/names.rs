//! Looking names up: what is unknown is told with what comes near.

use crate::policy::compile::roles::Role;
use crate::policy::decide::{On, RoleId};
use crate::policy::excluded::{self, leaves_out};
use crate::policy::fault::Faults;
use crate::policy::reader::{nearest, nearest_but, words_of};
use crate::policy::rule::Word;
use crate::policy::traps::wide_colon;
use crate::terms::kind::{Category, Kind, KindId, Kinds};
use crate::terms::label::fold;
use crate::terms::place::Place;

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
        let number = |name: &str| self.roles.binary_search_by(|role| (*role.name).cmp(name)).ok();
        let found = number(&word.text);
        if found.is_none() {
            let text = word.text.as_str();
            let near = look(faults, text, self.roles.iter().map(|role| &*role.name));
            let of_group = self.roles.iter().find(|role| role.groups.iter().any(|group| group == text));
            let list = list(text, |part| part == "all" || number(part).is_some());
            let fault = faults.error(&word.spot, "unknown-role", format!("`{text}` is no role"));
            if leaves_out(text) {
                fault.help(excluded::ROLES);
                return None;
            }
            match (of_group, list, near) {
                (Some(role), ..) => {
                    fault.help(format!("`{text}` is a group of the role `{0}`: write `{0}`", role.name));
                }
                (None, Some(list), _) => fault.help(list),
                (None, None, _) if means(text, &EVERYBODY_WORDS) => fault.help(EVERYBODY),
                (None, None, _) if means(text, &["nobody", "none", "anonymous", "誰も"]) => fault.help(NOBODY),
                (None, None, Some(near)) => fault.did_you_mean(Some(near)),
                (None, None, None) => fault.help("name it under `roles:` with the groups that give it"),
            }
        }
        Some(RoleId(u16::try_from(found?).ok()?))
    }

    /// The kind of a name.
    pub fn kind(&self, word: &Word, faults: &mut Faults) -> Option<KindId> {
        let found = self.kinds.id(&word.text);
        if found.is_none() && !wide_colon(faults, &word.text, &word.spot) {
            let text = word.text.as_str();
            let near = self.look(faults, text, self.kinds.0.iter().map(|kind| kind.name.as_str()));
            let meant = self.meant(text, near);
            let message = match Category::from_word(text) {
                Some(_) => format!("`{text}` is a category, and here a kind must stand"),
                None => format!("`{text}` is no kind"),
            };
            let fault = faults.error(&word.spot, "unknown-kind", message);
            fault.help(meant.unwrap_or_else(|| {
                "name it under `kinds:` with its category; `sudare kinds` lists those that are built in".to_owned()
            }));
        }
        found
    }

    /// The kind of a field. Whoever writes the pair the other way round has named the kind as a place.
    pub fn field(&self, word: &Word, place: &Place, faults: &mut Faults) -> Option<KindId> {
        match place {
            Place::Name(name) if self.kinds.id(&word.text).is_none() && self.kinds.id(name).is_some() => {
                let fault = faults.error(&word.spot, "unknown-kind", format!("`{}` is no kind", word.text));
                fault.help(format!("the kind stands first, and its places behind it: `{name}: {}`", word.text));
                None
            }
            _ => self.kind(word, faults),
        }
    }

    /// What a rule names: a kind, a category or `all`.
    pub fn on(&self, word: &Word, faults: &mut Faults) -> Option<On> {
        let text = word.text.as_str();
        if text == "all" {
            return Some(On::All);
        }
        if let Some(category) = Category::from_word(text) {
            return Some(On::Category(category));
        }
        if let Some(kind) = self.kinds.id(text) {
            return Some(On::Kind(kind));
        }
        if wide_colon(faults, text, &word.spot) {
            return None;
        }
        let kinds = self.kinds.0.iter().map(|kind| kind.name.as_str());
        let near = self.look(faults, text, kinds.chain(Category::ALL.map(Category::word)));
        let meant = if means(text, &EVERYTHING_WORDS) { Some(EVERYTHING.to_owned()) } else { self.meant(text, near) };
        let fault = faults.error(&word.spot, "unknown-kind", format!("`{text}` is no kind and no category"));
        fault.help(meant.unwrap_or_else(|| {
            format!(
                "categories are {}; `sudare kinds` lists the kinds",
                words_of(Category::ALL.into_iter().map(Category::word))
            )
        }));
        None
    }

    /// The nearest kind or category. An officer for telephones who writes `number` shall not be offered
    /// government ids.
    fn look<'c>(&self, faults: &Faults, word: &str, names: impl Iterator<Item = &'c str>) -> Option<&'c str> {
        let is_guarded = |name: &str| {
            let of_kind = || self.kinds.id(name).map(|id| self.kinds.get(id).category);
            let category = Category::from_word(name).or_else(of_kind);
            matches!(category, Some(Category::GovernmentId | Category::Sensitive | Category::Credential))
        };
        if faults.is_full() { None } else { nearest_but(word, names, is_guarded) }
    }

    /// What to write for a name that is no kind: the kind that it is a label of, a list, or what comes near.
    fn meant(&self, text: &str, near: Option<&str>) -> Option<String> {
        if leaves_out(text) {
            return Some(excluded::KINDS.to_owned());
        }
        let knows = |part: &str| part == "all" || Category::from_word(part).is_some() || self.kinds.id(part).is_some();
        let did_you_mean = |near: &str| format!("did you mean `{near}`?");
        if let Some(near) = near.filter(|near| *near == fold(text)) {
            return Some(did_you_mean(near));
        }
        let spellings = [fold(text), fold(&text.replace(['_', '-'], " ")), fold(text).replace([' ', '_', '-'], "")];
        let of_label = |kind: &&Kind| {
            let is = |label: &String| spellings.contains(label) || spellings[2] == label.replace(' ', "");
            kind.labels.iter().any(is)
        };
        if let Some(kind) = self.kinds.0.iter().find(of_label) {
            return Some(format!("`{text}` is a label of `{0}`: write `{0}`", kind.name));
        }
        list(text, |part| knows(part)).or_else(|| near.map(did_you_mean))
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

const EVERYBODY: &str = "write `all`: it takes in every role";
const EVERYTHING: &str = "write `all`: it takes in every kind";
const NOBODY: &str = "a rule is for those who have a role; what staff without one gets is said by no rule";
const EVERYBODY_WORDS: [&str; 7] = ["*", "everyone", "everybody", "anyone", "any", "全員", "すべて"];
const EVERYTHING_WORDS: [&str; 6] = ["*", "everything", "any", "すべて", "全て", "全部"];

fn means(text: &str, words: &[&str]) -> bool {
    words.contains(&text.to_lowercase().as_str())
}

/// What to write where several names stand in one text.
fn list(text: &str, knows: impl Fn(&str) -> bool) -> Option<String> {
    /// Nobody reads a list of more.
    const NAMES: usize = 10;
    let parts = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '、' | '，' | '・' | ';' | '|'));
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    let is_list = (2..=NAMES).contains(&parts.len()) && parts.iter().any(|part| knows(part));
    is_list.then(|| format!("write a list, with ordinary commas: `[{}]`", parts.join(", ")))
}

/// The nearest name, while anybody reads it: names and slips can both be many.
pub(super) fn look<'c>(faults: &Faults, word: &str, names: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if faults.is_full() { None } else { nearest(word, names) }
}
