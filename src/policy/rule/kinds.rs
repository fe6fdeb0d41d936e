//! `kinds:`: kinds beside the built-in ones, or adding labels and a pattern to them.

use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::{Word, any_words};
use crate::terms::kind::Category;

/// What a file says of a kind.
#[derive(Debug)]
pub struct KindRule {
    /// Its name.
    pub name: Word,
    /// Its category; built-in kinds have theirs already.
    pub category: Option<(Category, Spot)>,
    /// Labels that alone mean it.
    pub labels: Vec<Word>,
    /// A regular expression that finds it in text.
    pub pattern: Option<Word>,
    /// A label or a pattern stands there, be it a good one.
    pub says_where: bool,
}

/// Words that are no labels, because they mean anything.
const AMBIGUOUS: [&str; 5] = ["name", "address", "title", "id", "note"];

/// Reads `kinds:`.
pub fn read(node: &Node, faults: &mut Faults) -> Vec<KindRule> {
    let entries = reader::entries(node, "`kinds`", faults).unwrap_or_default();
    entries.iter().filter_map(|entry| kind(entry, faults)).collect()
}

fn kind(entry: &Entry, faults: &mut Faults) -> Option<KindRule> {
    let name = Word::new(&entry.key, &entry.key_spot);
    if entry.key == "all" || entry.key == "at" || Category::from_word(&entry.key).is_some() {
        let message = format!("`{}` cannot be the name of a kind: it has a meaning of its own", entry.key);
        faults.error(&entry.key_spot, "taken", message);
        return None;
    }
    if !entry.key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
        let message = format!("the name of a kind has letters, digits, `.`, `_` and `-`, and `{}` has more", entry.key);
        faults.error(&entry.key_spot, "name", message);
        return None;
    }
    if !matches!(entry.value.value, Value::Map(_)) {
        let category = category(&entry.value, faults);
        return Some(KindRule { name, category, labels: Vec::new(), pattern: None, says_where: false });
    }
    let mut map = MapReader::open(&entry.value, "a kind", faults)?;
    let category = map.take("category").and_then(|node| category(node, faults));
    let labels = map.take("labels").map(|node| any_words(node, "a label", faults)).unwrap_or_default();
    let pattern =
        map.take("pattern").and_then(|node| Some(Word::new(reader::text(node, "a pattern", faults)?, &node.spot)));
    let says_where = !labels.is_empty() || entry.value.at("pattern").is_some();
    map.reserve(&["derive"], faults);
    map.finish(faults);
    let labels = labels.into_iter().filter(|label| is_clear(label, faults)).collect();
    Some(KindRule { name, category, labels, pattern, says_where })
}

fn category(node: &Node, faults: &mut Faults) -> Option<(Category, Spot)> {
    let words = Category::ALL.map(|category| (category.word(), category));
    // A faulty category is told; any other stands in for it, so that it is not missed as well.
    let category = reader::word(node, "a category", &words, faults).unwrap_or(Category::Identity);
    Some((category, node.spot.clone()))
}

fn is_clear(label: &Word, faults: &mut Faults) -> bool {
    let folded = crate::terms::label::fold(&label.text);
    let clear = !folded.is_empty() && !AMBIGUOUS.contains(&folded.as_str());
    if !clear {
        let message = format!("`{}` alone is no label: it can stand at anything", label.text);
        faults
            .error(&label.spot, "label", message)
            .help("name it as a place under `fields:` of the resources where it means this kind");
    }
    clear
}
