//! Resources with everything looked up, in the order of their ids, and the routes that lead there.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::policy::compile::names::{Names, look};
use crate::policy::compile::{derives, sorted};
use crate::policy::fault::Faults;
use crate::policy::headers::Headers;
use crate::policy::node::Spot;
use crate::policy::plan::{ColumnsAt, Otherwise, Parameter, SubjectAt, Teller};
use crate::policy::reader::nearest;
use crate::policy::rule::Word;
use crate::policy::rule::fields::{Field, FieldSet, Is, Item, Told};
use crate::policy::rule::matches::Match;
use crate::policy::rule::resources::{At, Options, Query, Resource as Written, Subject};
use crate::terms::action::{Action, Mask};
use crate::terms::event::Event;
use crate::terms::kind::KindId;
use crate::terms::label::fold;
use crate::terms::place::{JsonPath, Place};

/// A resource.
#[derive(Debug)]
pub struct Resource {
    /// Its id.
    pub id: Arc<str>,
    /// Where it is written.
    pub spot: Spot,
    /// Whose data it shows.
    pub subjects: Vec<Subject>,
    /// Where each record begins.
    pub records: Option<Place>,
    /// Where the request names the columns of rows.
    pub columns: Option<ColumnsAt>,
    /// What stands where.
    pub fields: Vec<FieldRule>,
    /// What stands where another value tells the kind.
    pub told: Vec<ToldRule>,
    /// What parameters ask about, by folded name.
    pub parameters: HashMap<String, Parameter>,
    /// What rules may ask of each record, and where it stands.
    pub attributes: Vec<(Arc<str>, Place)>,
    /// What a request does, if its method does not say.
    pub event: Option<Event>,
    /// The kinds that the CRM itself carries elsewhere by it.
    pub derives: Vec<KindId>,
    /// The kinds by which the CRM sorts its list without being asked, each with where that is written.
    pub sorted: Vec<(KindId, Spot)>,
    /// What becomes of the rest.
    pub options: Options,
    /// What its answers say to browsers.
    pub headers: Headers,
    /// Under which records of the CRM what its answers show veiled is remembered.
    pub remember: Option<Subject>,
}

/// A place that holds a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRule {
    /// The place.
    pub place: Place,
    /// Where that is written.
    pub spot: Spot,
    /// The kind.
    pub kind: KindId,
    /// No detector looks inside.
    pub only: bool,
    /// The place may be missing.
    pub optional: bool,
}

/// A place whose kind another value tells.
#[derive(Debug, Clone)]
pub struct ToldRule {
    /// The place.
    pub place: Place,
    /// Where that is written.
    pub spot: Spot,
    /// Where the other value stands.
    pub from: Place,
    /// What it may say, and what each means.
    pub teller: Teller,
    /// No detector looks inside.
    pub only: bool,
    /// The place may be missing.
    pub optional: bool,
}

/// One alternative of a resource's `match`; its number is that of the router.
#[derive(Debug)]
pub struct Route {
    /// The resource's number.
    pub resource: usize,
    /// What the request must be.
    pub rule: Match,
}

/// Places of one resource; a plan numbers those of all that match together.
const PLACES_MAX: usize = 2000;
/// Alternatives of all resources together.
const ROUTES_MAX: usize = 100_000;

impl Resource {
    /// The key of a path parameter, distinct among resources that match together.
    pub fn key(&self, parameter: &str) -> String {
        format!("{}.{parameter}", self.id)
    }

    /// Where a subject's id is, but for places, which have numbers only in a plan.
    pub fn subject_at(&self, subject: &Subject) -> Option<SubjectAt> {
        match &subject.at {
            At::None => Some(SubjectAt::None),
            At::Path(name) => Some(SubjectAt::Path(self.key(name))),
            At::Query(name) => Some(SubjectAt::Query(name.clone())),
            At::Place(_) => None,
        }
    }
}

/// Looks up what resources name; nothing where they are too many to go on.
pub fn compile(
    written: Vec<Written>,
    sets: &[FieldSet],
    names: &Names<'_>,
    faults: &mut Faults,
) -> Option<(Vec<Resource>, Vec<Route>)> {
    let count: usize = written.iter().map(|resource| resource.matches.len()).sum();
    if let Some(rule) = written.iter().flat_map(|resource| &resource.matches).nth(ROUTES_MAX) {
        let message = format!("there are {count} requests under `match` and may be {ROUTES_MAX}");
        faults.error(&rule.spot, "too-many", message);
        return None;
    }
    let sets = by_name(sets, faults);
    unused(&written, &sets, names, faults);
    let mut ordered: BTreeMap<String, Written> = BTreeMap::new();
    for resource in written {
        if let Some(first) = ordered.get(&resource.id.text) {
            let fault = faults.error(
                &resource.id.spot,
                "duplicate-id",
                format!("`{}` is the id of another resource", resource.id.text),
            );
            fault.help(format!("{}:{} has it; give this one its own", first.id.spot.file, first.id.spot.line));
            continue;
        }
        ordered.insert(resource.id.text.clone(), resource);
    }
    let mut resources = Vec::new();
    let mut routes = Vec::new();
    let (mut derived, mut sorted) = (Vec::new(), Vec::new());
    for resource in ordered.into_values() {
        subjects(&resource, faults);
        let (fields, told) = fields(&resource, &sets, names, faults);
        let parameters = parameters(&resource.query, names, faults);
        let number = resources.len();
        routes.extend(resource.matches.into_iter().map(|rule| Route { resource: number, rule }));
        derived.push(resource.derive);
        sorted.push(resource.sorted);
        resources.push(Resource {
            id: resource.id.text.into(),
            spot: resource.id.spot,
            subjects: resource.subjects,
            records: resource.records,
            columns: resource.columns.map(|columns| columns.at),
            fields,
            told,
            parameters,
            attributes: resource.attributes.into_iter().map(|(name, at)| (name.text.into(), at)).collect(),
            event: resource.event,
            derives: Vec::new(),
            sorted: Vec::new(),
            options: resource.options,
            headers: resource.headers,
            remember: resource.remember,
        });
    }
    derives::resolve(&mut resources, &routes, &derived, names, faults);
    sorted::resolve(&mut resources, &sorted, names, faults);
    unremembered(&resources, faults);
    Some((resources, routes))
}

/// Warns of writes whose veils go home by what no answer leaves behind.
fn unremembered(resources: &[Resource], faults: &mut Faults) {
    let kinds: HashSet<&str> = resources.iter().filter_map(|one| one.remember.as_ref()).map(|one| &*one.kind).collect();
    let writes = resources.iter().filter(|resource| resource.options.remembered.is_some());
    let none = |subject: &&Subject| !matches!(subject.at, At::None) && !kinds.contains(&*subject.kind);
    for subject in writes.flat_map(|resource| resource.subjects.iter().filter(none)) {
        let message = format!("no resource remembers records of the type `{}`", subject.kind);
        let fault = faults.warning(&subject.spot, "unremembered", message);
        fault.help("write `remember` at the resource whose answers show them, with the same type: without it each veil in this write is refused");
    }
}

/// Sets that no resource uses: what they name is looked up all the same, so that a slip is told before
/// somebody relies on them.
fn unused(written: &[Written], sets: &BTreeMap<&str, &FieldSet>, names: &Names<'_>, faults: &mut Faults) {
    let items = written.iter().flat_map(|resource| &resource.fields);
    let used: HashSet<&str> = items
        .filter_map(|item| match item {
            Item::Set(word) => Some(word.text.as_str()),
            Item::Field(_) => None,
        })
        .collect();
    for (name, set) in sets.iter().filter(|(name, _)| !used.contains(*name)) {
        faults
            .warning(&set.name.spot, "unused", format!("no resource uses the fields `{name}`"))
            .help(format!("write `fields: {name}` at a resource, or take them out"));
        for field in &set.fields {
            match &field.is {
                Is::Kind(word) => drop(names.field(word, &field.place, faults)),
                Is::Told(told) => drop(teller(told, false, names, faults)),
            }
        }
    }
}

fn by_name<'s>(sets: &'s [FieldSet], faults: &mut Faults) -> BTreeMap<&'s str, &'s FieldSet> {
    let mut by_name: BTreeMap<&str, &FieldSet> = BTreeMap::new();
    for set in sets {
        if let Some(first) = by_name.insert(&set.name.text, set) {
            let fault = faults.error(
                &set.name.spot,
                "duplicate-id",
                format!("`{}` is the name of another set of fields", set.name.text),
            );
            fault.help(format!("{}:{} has it", first.name.spot.file, first.name.spot.line));
        }
    }
    by_name
}

/// A path that begins as `records` does: inside a record it would be sought once more from the record,
/// and the value would be shown.
fn beyond(resource: &Written, field: &Field, faults: &mut Faults) {
    let (Some(Place::Json(records)), Place::Json(path)) = (&resource.records, &field.place) else { return };
    let Some(inside) = path.steps.strip_prefix(records.steps.as_slice()) else { return };
    if !records.steps.is_empty() {
        let inside = JsonPath { steps: inside.to_vec() };
        faults
            .warning(&field.spot, "beyond-record", format!("`{path}` is sought inside each record, `{records}`"))
            .help(format!("places are relative to the record: write `{inside}`"));
    }
}

fn fields(
    resource: &Written,
    sets: &BTreeMap<&str, &FieldSet>,
    names: &Names<'_>,
    faults: &mut Faults,
) -> (Vec<FieldRule>, Vec<ToldRule>) {
    let mut fields: Vec<&Field> = Vec::new();
    for item in &resource.fields {
        match item {
            Item::Field(field) => fields.push(field),
            Item::Set(word) => match sets.get(word.text.as_str()) {
                Some(set) => fields.extend(&set.fields),
                None => {
                    let near = look(faults, &word.text, sets.keys().copied());
                    let fault =
                        faults.error(&word.spot, "unknown-fields", format!("`{}` is no set of fields", word.text));
                    match near {
                        Some(near) => fault.did_you_mean(Some(near)),
                        None => fault.help("name it under `fields:` at the top, or write `kind: [places]` here"),
                    }
                }
            },
        }
    }
    if let Some(field) = fields.get(PLACES_MAX) {
        let message = format!("`{}` has {} places and may have {PLACES_MAX}", resource.id.text, fields.len());
        faults.error(&field.spot, "too-many", message);
        fields.truncate(PLACES_MAX);
    }
    let (mut rules, mut told) = (Vec::new(), Vec::new());
    for field in fields {
        beyond(resource, field, faults);
        let (place, spot, only, optional) = (field.place.clone(), field.spot.clone(), field.only, field.optional);
        match &field.is {
            Is::Kind(word) if field.filter.is_some() => {
                let kind = names.kind(word, faults);
                filtered(field, kind, &mut told);
            }
            Is::Kind(word) => {
                let kind = names.field(word, &place, faults);
                rules.extend(kind.map(|kind| FieldRule { place, spot, kind, only, optional }));
            }
            Is::Told(is) => {
                let from = is.from.clone();
                let teller = teller(is, are_beside(&place, &from), names, faults);
                told.extend(teller.map(|teller| ToldRule { place, spot, from, teller, only, optional }));
            }
        }
    }
    (rules, told)
}

/// A filter's field is one whose kind the member tells that the filter asks; those that ask the same
/// member are told together, so that in doubt the strictest of them counts.
fn filtered(field: &Field, kind: Option<KindId>, told: &mut Vec<ToldRule>) {
    let (Some(filter), Some(kind)) = (&field.filter, kind) else { return };
    let (from, element) = (Place::Json(filter.from.clone()), Some(filter.depth));
    let alike = |rule: &&mut ToldRule| {
        let same = rule.place == field.place && rule.from == from && rule.teller.element == element;
        let free = rule.teller.kinds.get(&filter.equals).is_none_or(|own| *own == kind);
        same && free && rule.only == field.only && rule.optional == field.optional
    };
    if let Some(rule) = told.iter_mut().find(alike) {
        rule.teller.kinds.insert(filter.equals.clone(), kind);
        return;
    }
    let kinds = HashMap::from([(filter.equals.clone(), kind)]);
    let teller = Teller { kinds, otherwise: Otherwise::Nothing, beside: true, element };
    let (place, spot) = (field.place.clone(), field.spot.clone());
    told.push(ToldRule { place, spot, from, teller, only: field.only, optional: field.optional });
}

fn teller(told: &Told, beside: bool, names: &Names<'_>, faults: &mut Faults) -> Option<Teller> {
    let mut kinds = HashMap::new();
    for (said, word) in &told.kinds {
        kinds.extend(names.kind(word, faults).map(|kind| (said.clone(), kind)));
    }
    let otherwise = match &told.otherwise {
        None => Otherwise::Strictest,
        Some(word) => match word.text.as_str() {
            "remove" => Otherwise::Action(Action::Remove),
            "mask" => Otherwise::Action(Action::Mask(Mask::Full)),
            "block" => Otherwise::Action(Action::Block),
            "show" | "generalize" | "tokenize" | "hash" if names.kinds.id(&word.text).is_none() => {
                let message = format!("`else` is `mask`, `remove`, `block` or a kind, not `{}`", word.text);
                let fault = faults.error(&word.spot, "unknown-word", message);
                fault.help("name the kind that such a value is; rules then say what becomes of it");
                return None;
            }
            _ => Otherwise::Kind(names.kind(word, faults)?),
        },
    };
    Some(Teller { kinds, otherwise, beside, element: None })
}

/// Whether two places are members of one object: there the one speaks of the other alone.
fn are_beside(place: &Place, from: &Place) -> bool {
    match (place, from) {
        (Place::Name(_), Place::Name(_)) => true,
        (Place::Json(place), Place::Json(from)) => {
            place.steps.split_last().map(|(_, way)| way) == from.steps.split_last().map(|(_, way)| way)
        }
        _ => false,
    }
}

/// A parameter of the path must stand in each path that the resource matches.
fn subjects(resource: &Written, faults: &mut Faults) {
    for subject in &resource.subjects {
        let At::Path(name) = &subject.at else { continue };
        for alternative in &resource.matches {
            if alternative.path.parameters().any(|parameter| parameter == name) {
                continue;
            }
            let message = format!("`{}` has no parameter `{{{name}}}`", alternative.path.text);
            let near = nearest(name, alternative.path.parameters()).map(|near| format!("path.{near}"));
            faults.error(&subject.spot, "subject", message).did_you_mean(near.as_deref());
        }
    }
}

/// What `query:` says of a parameter that holds a statement in SOQL, COQL, VTQL and the like.
const STATEMENT: &str = "statement";

fn parameters(query: &[Query], names: &Names<'_>, faults: &mut Faults) -> HashMap<String, Parameter> {
    let mut parameters: HashMap<String, Parameter> = HashMap::new();
    for rule in query {
        let parameter = parameters.entry(fold(&rule.name)).or_default();
        // A kind that somebody has called so goes first.
        let is_statement = |word: &&Word| word.text == STATEMENT && names.kinds.id(STATEMENT).is_none();
        parameter.is_statement |= rule.filters.iter().any(|word| is_statement(&word));
        let kinds = rule.filters.iter().filter(|word| !is_statement(word));
        parameter.filters.extend(kinds.filter_map(|kind| names.kind(kind, faults)));
        for (column, kind) in &rule.columns {
            let Some(id) = names.kind(kind, faults) else { continue };
            if parameter.columns.insert(fold(column), id).is_some_and(|other| other != id) {
                faults.error(&kind.spot, "conflict", format!("the column `{column}` has a kind already"));
            }
        }
    }
    parameters
}
