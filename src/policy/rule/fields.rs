//! `fields:`: which kind stands at which place.

use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::{Word, places};
use crate::terms::filter::Filtered;
use crate::terms::place::{Place, Step};

/// A named set of fields.
#[derive(Debug)]
pub struct FieldSet {
    /// Its name.
    pub name: Word,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A place that holds a kind.
#[derive(Debug, Clone)]
pub struct Field {
    /// The place.
    pub place: Place,
    /// Where it is written.
    pub spot: Spot,
    /// What it is.
    pub is: Is,
    /// No detector looks inside.
    pub only: bool,
    /// The place may be missing from an answer.
    pub optional: bool,
    /// What another member must say, if the place is one that a filter picks.
    pub filter: Option<Filtered>,
}

/// What a field is.
#[derive(Debug, Clone)]
pub enum Is {
    /// Of one kind, by its name.
    Kind(Word),
    /// Of the kind that another value tells.
    Told(Box<Told>),
}

/// `{ from: $.type, phone: phone, else: remove }`: another value tells the kind.
#[derive(Debug, Clone)]
pub struct Told {
    /// Where that value stands.
    pub from: Place,
    /// What it may say, and the kind that each means.
    pub kinds: Vec<(String, Word)>,
    /// What counts for all else that it says: a kind or an action.
    pub otherwise: Option<Word>,
}

/// An item of a resource's `fields`.
#[derive(Debug)]
pub enum Item {
    /// All fields of a named set.
    Set(Word),
    /// One field.
    Field(Box<Field>),
}

/// Reads the named sets at the top of a file.
pub fn read_sets(node: &Node, faults: &mut Faults) -> Vec<FieldSet> {
    let mut sets = Vec::new();
    for entry in reader::entries(node, "`fields`", faults).unwrap_or_default() {
        let mut fields = Vec::new();
        for item in read(&entry.value, faults) {
            match item {
                Item::Field(field) => fields.push(*field),
                Item::Set(word) => {
                    let message = format!("a set of fields holds kinds and places, and `{}` is neither", word.text);
                    faults.error(&word.spot, "type", message).help("write `kind: [places]`");
                }
            }
        }
        sets.push(FieldSet { name: Word::new(&entry.key, &entry.key_spot), fields });
    }
    sets
}

/// Reads a resource's `fields`: a set's name, a map, or a list of names, maps and `{ at, is }`.
pub fn read(node: &Node, faults: &mut Faults) -> Vec<Item> {
    let mut items = Vec::new();
    for node in reader::one_or_more(node, "a field", faults) {
        match &node.value {
            Value::Map(_) if node.at("at").is_some() || node.at("is").is_some() => {
                place_entry(node, None, &mut items, faults)
            }
            Value::Map(entries) => entries.iter().for_each(|entry| kind_entry(entry, &mut items, faults)),
            Value::Scalar { .. } => {
                items.extend(
                    reader::text(node, "a set of fields", faults).map(|name| Item::Set(Word::new(name, &node.spot))),
                );
            }
            Value::List(_) => {
                faults.error(
                    &node.spot,
                    "type",
                    "an item of `fields` is a set's name, a map or `{ at, is }`, and here stands a list",
                );
            }
        }
    }
    items
}

/// `phone: [tel, "$.phones[*].no"]`.
fn kind_entry(entry: &Entry, items: &mut Vec<Item>, faults: &mut Faults) {
    let kind = Word::new(&entry.key, &entry.key_spot);
    for node in reader::one_or_more(&entry.value, "a place", faults) {
        if node.map().is_some() {
            place_entry(node, Some(&kind), items, faults);
        } else if let Some((place, filter)) = place(node, faults) {
            items.push(Item::Field(Box::new(Field {
                place,
                spot: node.spot.clone(),
                is: Is::Kind(kind.clone()),
                only: false,
                optional: false,
                filter,
            })));
        }
    }
}

/// `{ at: tel, is: phone, only: true, optional: true }`; `except:` beside a selector.
fn place_entry(node: &Node, kind: Option<&Word>, items: &mut Vec<Item>, faults: &mut Faults) {
    let Some(mut map) = MapReader::open(node, "a field", faults) else { return };
    let at = map.need("at", faults);
    let kind = match kind {
        Some(kind) => Some(Is::Kind(kind.clone())),
        None => map.need("is", faults).and_then(|node| is(node, faults)),
    };
    let only = map.take("only").and_then(|node| reader::boolean(node, "`only`", faults)).unwrap_or(false);
    let optional = map.take("optional").and_then(|node| reader::boolean(node, "`optional`", faults)).unwrap_or(false);
    let except = map.take("except").and_then(|node| except(node, at, faults));
    map.reserve(&["derive", "store", "seal"], faults);
    map.finish(faults);
    let (Some(at), Some(is)) = (at, kind) else { return };
    for node in reader::one_or_more(at, "a place", faults) {
        let Some((mut place, filter)) = place(node, faults) else { continue };
        if let Place::Css(css) = &mut place {
            css.except.clone_from(&except);
        }
        if filter.is_some() && matches!(is, Is::Told(_)) {
            let fault = faults.error(&node.spot, "filter", "a filter and `from` both say what tells the kind");
            fault.help("write the path without a filter, and what it asks in `is: { from: … }`");
            continue;
        }
        if only {
            whole(&place, node, faults);
        }
        let field = Field { place, spot: node.spot.clone(), is: is.clone(), only, optional, filter };
        items.push(Item::Field(Box::new(field)));
    }
}

/// Warns of a place that is all of the answer, in which nothing but this kind is sought.
fn whole(place: &Place, node: &Node, faults: &mut Faults) {
    let is_whole = match place {
        Place::Json(path) => path.steps.iter().all(|step| matches!(step, Step::Any | Step::DescendantAny)),
        Place::Css(css) => matches!(css.selector.as_str(), "html" | "body" | "*" | ":root"),
        Place::Name(_) | Place::Xml(_) => false,
    };
    if is_whole {
        let message = "`only: true` on all of the answer: whatever stands there is taken for this kind";
        faults.warning(&node.spot, "wide", message).help("name the place of the value itself, or take `only` out");
    }
}

/// A place, and the filter that picks it.
fn place(node: &Node, faults: &mut Faults) -> Option<(Place, Option<Filtered>)> {
    match places::filtered(node, faults)? {
        Some(filtered) => Some((Place::Json(filtered.path.clone()), Some(filtered))),
        None => Some((places::read(node, "a place", faults)?, None)),
    }
}

/// The selector of what inside an element is not meant. Only an element's text has an inside.
fn except(node: &Node, at: Option<&Node>, faults: &mut Faults) -> Option<String> {
    let inner = places::read(node, "`except`", faults)?;
    let is_text = |place: &Place| matches!(place, Place::Css(css) if css.attribute.is_none());
    let outer = at.map(reader::each).unwrap_or_default();
    let reads =
        |node: &Node| node.scalar().and_then(|text| Place::parse(text).ok()).is_none_or(|place| is_text(&place));
    match inner {
        Place::Css(css) if css.attribute.is_none() && outer.iter().all(reads) => Some(css.selector),
        _ => {
            faults
                .error(&node.spot, "bad-except", "`except` takes elements out of an element's text")
                .help("write `{ at: \"css:td.tel\", is: phone, except: \"css:a.edit\" }`");
            None
        }
    }
}

fn is(node: &Node, faults: &mut Faults) -> Option<Is> {
    if node.map().is_some() {
        return told(node, faults).map(|told| Is::Told(Box::new(told)));
    }
    Some(Is::Kind(Word::new(reader::text(node, "a kind", faults)?, &node.spot)))
}

fn told(node: &Node, faults: &mut Faults) -> Option<Told> {
    let (mut from, mut kinds, mut otherwise) = (None, Vec::new(), None);
    for entry in reader::entries(node, "`is`", faults)? {
        let word =
            |faults: &mut Faults| Some(Word::new(reader::text(&entry.value, "a kind", faults)?, &entry.value.spot));
        match entry.key.as_str() {
            "from" => from = places::read(&entry.value, "`from`", faults),
            "else" => otherwise = word(faults),
            said => kinds.extend(word(faults).map(|kind| (said.to_owned(), kind))),
        }
    }
    if node.at("from").is_none() && !faults.has_slip(&node.spot) {
        let fault = faults.error(&node.spot, "missing-key", "`is` as a map needs `from`");
        fault.help("write `is: { from: $.type, phone: phone, else: remove }`");
    }
    if kinds.is_empty() && faults.has_slip(&node.spot) {
        return None;
    }
    if kinds.is_empty() {
        let fault = faults.error(&node.spot, "empty", "`is` as a map names no kind");
        fault.help("write what the value at `from` may say, and the kind that each means: `phone: phone`");
        return None;
    }
    Some(Told { from: from?, kinds, otherwise })
}
