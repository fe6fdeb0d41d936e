//! A rule file as it is written: every word read and placed, nothing looked up yet.
//!
//! What one file names another may declare, so names stay names here; `compile` looks them up when
//! all files are read.

pub mod cel;
pub mod columns;
pub mod fields;
pub mod headers;
pub mod hours;
pub mod kinds;
pub mod limits;
pub mod matches;
pub mod places;
pub mod resources;
pub mod reveal;
pub mod roles;
pub mod rows;
pub mod rules;
mod said;
pub mod settings;
pub mod store;
pub mod tests;
pub mod when;

use crate::policy::fault::Faults;
use crate::policy::headers::Headers;
use crate::policy::node::{Node, Spot};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::fields::FieldSet;
use crate::policy::rule::kinds::KindRule;
use crate::policy::rule::limits::Limit;
use crate::policy::rule::resources::Resource;
use crate::policy::rule::reveal::Reveal;
use crate::policy::rule::roles::Role;
use crate::policy::rule::rules::Rule;
use crate::policy::rule::settings::Settings;
use crate::policy::rule::store::Stored;
use crate::policy::rule::tests::TestCase;
use crate::policy::version;

/// A text of a file and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Where it is.
    pub spot: Spot,
}

impl Word {
    /// A text of a file.
    pub fn new(text: &str, spot: &Spot) -> Word {
        Word { text: text.to_owned(), spot: spot.clone() }
    }
}

/// One rule file.
#[derive(Debug, Default)]
pub struct File {
    /// Roles and the groups that give them.
    pub roles: Vec<Role>,
    /// Kinds beside the built-in ones, or additions to them.
    pub kinds: Vec<KindRule>,
    /// Named sets of fields.
    pub fields: Vec<FieldSet>,
    /// Pages and calls of the CRM.
    pub resources: Vec<Resource>,
    /// Who sees what.
    pub rules: Vec<Rule>,
    /// How much staff may ask for.
    pub limits: Vec<Limit>,
    /// What may be revealed to whom.
    pub reveals: Vec<Reveal>,
    /// What the CRM itself holds as tokens.
    pub stored: Vec<Stored>,
    /// What holds where nothing is said.
    pub settings: Settings,
    /// What all answers say to browsers.
    pub headers: Headers,
    /// Tests of the policy.
    pub tests: Vec<TestCase<Word>>,
}

/// Reads one file.
pub fn read(node: &Node, faults: &mut Faults) -> File {
    let mut file = File::default();
    let Some(mut map) = MapReader::open(node, "a rule file", faults) else {
        return file;
    };
    format(&mut map, faults);
    if let Some(name) = map.take("name") {
        reader::text(name, "`name`", faults);
    }
    if let Some(node) = map.take("roles") {
        file.roles = roles::read(node, faults);
    }
    if let Some(node) = map.take("kinds") {
        file.kinds = kinds::read(node, faults);
    }
    if let Some(node) = map.take("fields") {
        file.fields = fields::read_sets(node, faults);
    }
    if let Some(node) = map.take("resources") {
        file.resources =
            items(node, "`resources`", faults).iter().filter_map(|item| resources::read(item, faults)).collect();
    }
    if let Some(node) = map.take("rules") {
        file.rules = items(node, "`rules`", faults).iter().filter_map(|item| rules::read(item, faults)).collect();
    }
    if let Some(node) = map.take("limits") {
        file.limits = items(node, "`limits`", faults).iter().filter_map(|item| limits::read(item, faults)).collect();
    }
    if let Some(node) = map.take("reveal") {
        file.reveals = items(node, "`reveal`", faults).iter().filter_map(|item| reveal::read(item, faults)).collect();
    }
    if let Some(node) = map.take("store") {
        file.stored.extend(store::read(node, faults));
    }
    file.settings = Settings::read(&mut map, faults);
    if let Some(node) = map.take("headers") {
        file.headers = headers::read(node, faults);
    }
    if let Some(node) = map.take("tests") {
        file.tests = items(node, "`tests`", faults).iter().filter_map(|item| tests::read(item, faults)).collect();
    }
    map.finish(faults);
    file
}

fn format(map: &mut MapReader<'_>, faults: &mut Faults) {
    let Some(node) = map.take("sudare") else {
        if faults.has_slip(map.spot()) {
            return;
        }
        let fault = faults.error(map.spot(), "missing-key", "a rule file begins with `sudare: 1`");
        fault.help("write `sudare: 1` in the first line");
        return;
    };
    version::read(node, faults);
}

/// The items of a list that is always one, because each of its items is a map.
fn items<'n>(node: &'n Node, what: &str, faults: &mut Faults) -> &'n [Node] {
    if node.is_empty() {
        return &[];
    }
    if node.map().is_some() {
        let named = node.map().and_then(|entries| entries.first()).filter(|entry| entry.value.map().is_some());
        let fault = faults.error(&node.spot, "type", format!("{what} is a list, and here stands a map"));
        match (named, what) {
            (Some(entry), "`rules`" | "`resources`") => {
                fault.help(format!("write `- id: {}`, and what it says below", entry.key))
            }
            (Some(entry), "`tests`") => fault.help(format!("write `- name: {}`, and what it says below", entry.key)),
            _ => fault.help("put `- ` before each item"),
        }
        return &[];
    }
    reader::each(node)
}

/// One text or a list of them, which may be empty, with their places.
fn any_words(node: &Node, what: &str, faults: &mut Faults) -> Vec<Word> {
    reader::any_texts(node, what, faults).into_iter().map(|(text, spot)| Word::new(text, spot)).collect()
}

/// One text or a list of them, which is not empty, with their places.
fn words(node: &Node, what: &str, faults: &mut Faults) -> Vec<Word> {
    reader::texts(node, what, faults).into_iter().map(|(text, spot)| Word::new(text, spot)).collect()
}
