//! What a request says, as a tree: parameters by the brackets and dots in their names, JSON as it
//! is. Both become the same, so that `where[tel][gt]=0`, `where={"tel":{"gt":0}}` and a body of
//! `{"where":{"tel":{"gt":0}}}` are one question.
//!
//! Members that stand twice are all kept: nobody knows which one the CRM takes.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Parts of one parameter's name; what stands behind is one part.
const PARTS_MAX: usize = 16;

/// Values that one request may ask with. Every one is looked at in many ways, and takes many times
/// the room here that it takes in a body.
pub(super) const VALUES_MAX: usize = 20_000;

/// One value, or several.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Tree {
    /// A text, a number, a boolean; empty for null.
    Leaf(String),
    /// Values in order.
    List(Vec<Tree>),
    /// Named values in order.
    Map(Vec<(String, Tree)>),
}

/// It may hold personal data, so only its form is shown.
impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Leaf(text) => write!(f, "Leaf({} bytes)", text.len()),
            Tree::List(items) => write!(f, "List({})", items.len()),
            Tree::Map(members) => write!(f, "Map({})", members.len()),
        }
    }
}

impl Tree {
    /// The tree of a JSON text, if it is one and has no more values than may be asked with.
    pub fn json(text: &str) -> Option<Tree> {
        let few = text.bytes().filter(|byte| *byte == b',').take(VALUES_MAX).count() < VALUES_MAX;
        few.then(|| serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()).flatten()
    }

    /// The tree of an object or a list in JSON, if the text is one.
    pub fn structure(text: &str) -> Option<Tree> {
        text.trim_start().starts_with(['{', '[']).then(|| Tree::json(text)).flatten()
    }

    /// The tree of parameters.
    pub fn parameters<'p>(pairs: impl Iterator<Item = &'p (String, String)>) -> Tree {
        grow(pairs.map(|(name, value)| (parts(name), value.as_str())).collect())
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Tree::Leaf(text) => Some(text),
            _ => None,
        }
    }

    /// The children with their names; those of a list have their numbers.
    pub fn children(&self) -> Vec<(String, &Tree)> {
        match self {
            Tree::Leaf(_) => Vec::new(),
            Tree::List(items) => items.iter().enumerate().map(|(number, item)| (number.to_string(), item)).collect(),
            Tree::Map(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        }
    }
}

/// The parts of a parameter's name: `columns[2][data]`, `filter.tel`. A name that PHP reads in
/// another way (`order.by` is `order_by` there) has the same parts.
pub(super) fn parts(name: &str) -> Vec<&str> {
    let mut parts: Vec<&str> =
        name.splitn(PARTS_MAX, ['[', '.']).map(|part| part.trim().trim_end_matches(']')).collect();
    // `tel[]` is a list; its one part more says nothing.
    parts.retain(|part| !part.is_empty());
    parts
}

/// The first part of a parameter's name, under which all parameters are one that begin so.
pub(super) fn root(name: &str) -> &str {
    parts(name).first().copied().unwrap_or_default()
}

/// The parts of a name that are left, and the value.
type Entry<'p> = (Vec<&'p str>, &'p str);

fn grow(entries: Vec<Entry<'_>>) -> Tree {
    let mut members: Vec<(String, Vec<Entry<'_>>)> = Vec::new();
    let mut at: HashMap<String, usize> = HashMap::new();
    let mut own = Vec::new();
    for (mut parts, value) in entries {
        if parts.is_empty() {
            own.push(Tree::Leaf(value.to_owned()));
            continue;
        }
        let name = parts.remove(0).to_owned();
        let number = *at.entry(name.clone()).or_insert_with(|| {
            members.push((name, Vec::new()));
            members.len() - 1
        });
        members[number].1.push((parts, value));
    }
    if members.is_empty() {
        return match own.len() {
            1 => own.swap_remove(0),
            _ => Tree::List(own),
        };
    }
    let mut all: Vec<(String, Tree)> = members.into_iter().map(|(name, entries)| (name, grow(entries))).collect();
    // `sort=tel&sort[name]=asc`: the bare value stands beside the named ones.
    all.extend(own.into_iter().map(|leaf| (String::new(), leaf)));
    Tree::Map(all)
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Leaf(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Leaf(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Tree::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn parameters_and_json_grow_the_same_tree() {
        let pairs = [
            pair("where[tel][gt]", "0"),
            pair("where[tel][lt]", "1"),
            pair("x.y", "2"),
            pair("z[]", "3"),
            pair("z[]", "4"),
        ];
        let json = r#"{"where":{"tel":{"gt":0,"lt":1}},"x":{"y":"2"},"z":[3,4]}"#;
        assert!(Tree::parameters(pairs.iter()) == Tree::json(json).expect("json"));
    }

    #[test]
    fn members_that_stand_twice_are_kept() {
        let tree = Tree::json(r#"{"tel":"a","tel":null}"#).expect("json");
        assert!(
            tree == Tree::Map(vec![("tel".into(), Tree::Leaf("a".into())), ("tel".into(), Tree::Leaf(String::new()))])
        );
        let pairs = [pair("sort", "a"), pair("sort[b]", "c"), pair("sort", "d")];
        let Tree::Map(members) = Tree::parameters(pairs.iter()) else { panic!("a map") };
        assert_eq!(members[0].1.children().len(), 3);
    }
}
