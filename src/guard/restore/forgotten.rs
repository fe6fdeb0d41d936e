//! What was remembered and is not in force any more: what a write may have changed, and what an answer showed in another
//! way.
//!
//! Where record and field cannot be told for certain it is more than need be: a veil that is refused is asked for
//! again, an older value that goes home is somebody's loss.

use std::collections::BTreeSet;

use super::lists::IDS;
use super::recalled::{Call, NOWHERE, Sent};
use super::seen::Field;
use super::tree::{self, Tree, names_of};
use super::who::{About, names_a_record, says_another};
use crate::format::Format;
use crate::format::json::nodes::{Is, Member, Node};
use crate::policy::plan::{Plan, SubjectAt};
use crate::policy::remembered::{Recall, RecordAt};
use crate::terms::disclosure::Subject;
use crate::terms::place::Place;

/// How many records of one write are told apart.
const RECORDS_MAX: usize = 1000;

/// How many fields of a table.
pub(super) const CELLS_MAX: usize = 20_000;

/// What of one person's is not in force any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// A field of a record.
    Field {
        /// As any resource shows it.
        field: Field,
        /// It only matters where one of these resources has shown it; none: it always does.
        sources: Vec<String>,
    },
    /// A record.
    Record {
        /// Its type.
        kind: String,
        /// Its id.
        id: String,
    },
    /// Nothing of this record but what is said beside; but it is written.
    Touched {
        /// Its type.
        kind: String,
        /// Its id.
        id: String,
    },
    /// Every record of a type.
    Kind(String),
}

impl Forgotten {
    /// All of the types that a call writes, since nobody has read what it says.
    pub fn of_calls(plan: &Plan) -> Vec<Forgotten> {
        let records = plan.recall.iter().flat_map(|recall| &recall.records);
        kinds(plan, records.map(|(kind, _)| kind.as_str()))
    }
}

/// What a write changes of records that are known: `old` are their fields that get other values.
pub(super) fn by_calls(plan: &Plan, tree: &Tree, calls: &[Call<'_>], old: Vec<Field>) -> Vec<Forgotten> {
    let is_table = calls.iter().any(|call| call.format == Format::Csv);
    if is_table && calls.len() > RECORDS_MAX && old.len() > CELLS_MAX {
        return kinds(plan, calls.iter().map(|call| call.kind));
    }
    let mut all: Vec<Forgotten> = Vec::new();
    if old.len() > CELLS_MAX || calls.iter().any(|call| call.around == NOWHERE) {
        all.extend(calls.iter().map(|call| Forgotten::Record { kind: call.kind.to_owned(), id: call.id.clone() }));
    } else {
        all.extend(calls.iter().map(|call| Forgotten::Touched { kind: call.kind.to_owned(), id: call.id.clone() }));
        all.extend(old.into_iter().map(|field| {
            let sources = plan.remembers.iter().filter(|(kind, _)| *kind == field.kind);
            let sources = sources.map(|(_, source)| source.to_string()).collect();
            Forgotten::Field { field, sources }
        }));
    }
    if is_table {
        all.extend(other_rows(plan, tree, calls));
    } else {
        all.extend(below(plan, calls.iter().flat_map(|call| call.values)));
    }
    all
}

/// Rows of a table of which nobody knows whose they are.
fn other_rows(plan: &Plan, tree: &Tree, calls: &[Call<'_>]) -> Vec<Forgotten> {
    let Is::List(rows) = &tree.whole().at.0.is else { return Vec::new() };
    let is_known = |row: &&Node| calls.binary_search_by_key(&row.span.start, |call| call.span.start).is_ok();
    let column = plan.recall.as_ref().and_then(|recall| match &recall.values {
        Some(Place::Name(column)) => Some(column.as_str()),
        _ => None,
    });
    // One that names no record is new.
    let is_new = |row: &&Node| {
        let names = |member: &&Member| column == Some(&*member.name) || names_a_record(&member.name);
        let cells = tree::members(row).unwrap_or_default().iter().filter(names);
        cells.filter_map(|cell| tree::leaf(&cell.value)).all(|leaf| tree::said(leaf).trim().is_empty())
    };
    let has_others = rows.iter().filter(|row| !is_known(row)).any(|row| !is_new(&row));
    if has_others { kinds(plan, calls.iter().map(|call| call.kind)) } else { Vec::new() }
}

/// What a write may change of which nobody can say for certain which one record it is about.
pub(super) fn by_nobody(plan: &Plan, tree: Option<&Tree>, sent: &Sent<'_>) -> Vec<Forgotten> {
    let Some(recall) = &plan.recall else { return Vec::new() };
    let all_kinds = || Forgotten::of_calls(plan);
    let records = tree.filter(|_| sent.format != Format::Csv).and_then(|tree| records(recall, tree, sent));
    let Some(mut all) = records else { return all_kinds() };
    let (Some(tree), Some(place)) = (tree, &recall.values) else { return all_kinds() };
    for spot in tree.whole().lead(place) {
        let Some(values) = tree::members(spot.at.0) else { return all_kinds() };
        let is_another = |one: &Forgotten| match one {
            Forgotten::Record { kind, id } => says_another(values, About { kind, id }),
            _ => false,
        };
        if all.iter().any(is_another) {
            return all_kinds();
        }
        let more = below(plan, values.iter());
        all.extend(more);
    }
    if all.len() > RECORDS_MAX { all_kinds() } else { all }
}

/// The records that a write names where it should; nothing where one of them cannot be told.
fn records(recall: &Recall, tree: &Tree, sent: &Sent<'_>) -> Option<Vec<Forgotten>> {
    let places = recall.records.iter().filter_map(|(_, at)| match at {
        RecordAt::Place(place) => Some(place),
        RecordAt::Path(_) => None,
    });
    let names: Vec<&str> = places.chain(&recall.values).flat_map(names_of).collect();
    if tree.has_alike(&names) {
        return None;
    }
    let mut all = Vec::new();
    for (kind, at) in &recall.records {
        let ids = match at {
            RecordAt::Path(key) => vec![(sent.path)(key)?],
            RecordAt::Place(place) => leaves(tree, place)?,
        };
        all.extend(ids.into_iter().map(|id| Forgotten::Record { kind: kind.clone(), id }));
    }
    (!all.is_empty()).then_some(all)
}

/// What the leaves say to which a place leads; nothing where there is none, or one is no leaf.
fn leaves(tree: &Tree, place: &Place) -> Option<Vec<String>> {
    let spots = tree.whole().lead(place);
    let said = spots.iter().map(|spot| Some(tree::said(tree::leaf(spot.at.0)?).trim().to_owned()));
    let said = said.map(|said| said.filter(|said| !said.is_empty())).collect::<Option<Vec<String>>>()?;
    (!said.is_empty() && said.len() <= RECORDS_MAX).then_some(said)
}

/// Records that are named below the values of another one: `[[1, 50, { phone: … }]]`, `{ id: 50, phone: … }`.
fn below<'t>(plan: &Plan, values: impl Iterator<Item = &'t Member>) -> Vec<Forgotten> {
    let mut ids = BTreeSet::new();
    let kinds: BTreeSet<&str> = plan.remembers.iter().map(|(kind, _)| &**kind).collect();
    let is_id = |name: &str| IDS.contains(&name) || kinds.iter().any(|kind| About { kind, id: "" }.names(name));
    values.for_each(|member| named(&member.value, &is_id, &mut ids));
    if ids.len() > RECORDS_MAX {
        return kinds.into_iter().map(|kind| Forgotten::Kind(kind.to_owned())).collect();
    }
    let of = |kind: &str| -> Vec<Forgotten> {
        let record = |id: &&str| Forgotten::Record { kind: kind.to_owned(), id: (*id).to_owned() };
        ids.iter().map(record).collect()
    };
    kinds.into_iter().flat_map(of).collect()
}

fn named<'t>(node: &'t Node, is_id: &dyn Fn(&str) -> bool, ids: &mut BTreeSet<&'t str>) {
    let mut add = |leaf: &'t Node| {
        let said = tree::said(leaf).trim();
        // One more than can be told apart is too many.
        if !said.is_empty() && ids.len() <= RECORDS_MAX {
            ids.insert(said);
        }
    };
    match &node.is {
        Is::List(nodes) => {
            if nodes.iter().any(|node| matches!(node.is, Is::Object(_))) {
                nodes.iter().filter(|node| tree::leaf(node).is_some()).for_each(&mut add);
            }
            nodes.iter().for_each(|node| named(node, is_id, ids));
        }
        Is::Object(members) => {
            let own = members.iter().filter(|member| is_id(tree::local(&member.name)));
            own.filter_map(|member| tree::leaf(&member.value)).for_each(&mut add);
            members.iter().for_each(|member| named(&member.value, is_id, ids));
        }
        Is::Text(_) | Is::Bare(_) => {}
    }
}

/// What a write changes that no resource compares with what is remembered: `named` is whom its address names, and a
/// tree what its body says.
pub fn by_another(plan: &Plan, named: &Subject, body: Option<(Format, &str)>, depth: usize) -> Vec<Forgotten> {
    let is_remembered = |kind: &str| plan.remembers.iter().any(|(own, _)| own == kind);
    let mut all = Vec::new();
    let mut tree = None;
    for source in plan.subjects.iter().filter(|source| is_remembered(&source.kind)) {
        let kind = source.kind.clone();
        let ids = match &source.at {
            SubjectAt::Place(place) => {
                let tree = tree.get_or_insert_with(|| body.and_then(|(format, text)| Tree::read(format, text, depth)));
                let place = plan.targets.get(usize::from(place.0)).map(|target| &target.place);
                tree.as_ref().zip(place).and_then(|(tree, place)| leaves(tree, place))
            }
            _ if named.kind == kind => named.id.clone().map(|id| vec![id.trim().to_owned()]),
            _ => None,
        };
        match ids {
            Some(ids) => all.extend(ids.into_iter().map(|id| Forgotten::Record { kind: kind.clone(), id })),
            None => all.push(Forgotten::Kind(kind)),
        }
    }
    all
}

/// These types of records, each once; all that are remembered where none is told.
fn kinds<'k>(plan: &Plan, told: impl Iterator<Item = &'k str>) -> Vec<Forgotten> {
    let told: BTreeSet<&str> = told.collect();
    let every: BTreeSet<&str> = plan.remembers.iter().map(|(kind, _)| &**kind).collect();
    let all = if told.is_empty() { every } else { told };
    all.into_iter().map(|kind| Forgotten::Kind(kind.to_owned())).collect()
}
