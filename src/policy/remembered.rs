//! What resources say of records that no GET of a write's own path gives: under what an answer's values are
//! remembered, and by what a write is made whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::compile::Resource;
use crate::policy::matched::{self, Matched};
use crate::policy::rule::resources::{At, Subject};
use crate::terms::label;
use crate::terms::place::Place;

/// Under what an answer's values are remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct Remember {
    /// The resource that says so: what two of them say is kept apart.
    pub source: Arc<str>,
    /// The record's type.
    pub kind: String,
    /// Where its id is.
    pub at: RecordAt,
    /// Where each record begins, if `at` is relative to it.
    pub records: Option<Place>,
}

/// The place of a record's id.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordAt {
    /// A parameter of the path, by its key.
    Path(String),
    /// Beside the values that are remembered.
    Place(Place),
}

/// By what a write is made whole whose record no question gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Recall {
    /// Where the values of the record stand; nothing where resources say different things.
    pub values: Option<Place>,
    /// The record's type and where its id stands in the body, or which parameter of the path has it.
    pub records: Vec<(String, RecordAt)>,
    /// The resources that say so.
    pub calls: Vec<Arc<str>>,
    /// Which fields of a form and parameters may stand beside a table, folded: the rules say what they are.
    pub beside: Vec<String>,
}

/// What these resources say of what is remembered of an answer.
pub(super) fn remember(matched: &[&Resource]) -> Vec<Remember> {
    let one = |resource: &&Resource| {
        let record = resource.remember.as_ref()?;
        let at = record_at(resource, record)?;
        Some(Remember {
            source: Arc::clone(&resource.id),
            kind: record.kind.clone(),
            at,
            records: resource.records.clone(),
        })
    };
    matched.iter().filter_map(one).collect()
}

/// The types of records that are remembered, each with a resource that does so.
pub(super) fn remembers(parts: &Parts) -> Vec<(String, Arc<str>)> {
    let source = |resource: &Resource| Some((resource.remember.as_ref()?.kind.clone(), Arc::clone(&resource.id)));
    parts.resources.iter().filter_map(source).collect()
}

/// The types of records that are remembered and that the resources of a path are about, whatever they ask of the body.
pub(super) fn kinds_of_calls(parts: &Parts, matched: &Matched) -> Vec<String> {
    let routes = matched.routes.iter().chain(&matched.pending).chain(&matched.beside).chain(&matched.unmet);
    let routes = routes.filter_map(|id| matched::route(parts, *id));
    let resources = routes.filter_map(|route| parts.resources.get(route.resource));
    let told: BTreeSet<&str> =
        resources.flat_map(|own| own.subjects.iter().chain(&own.remember)).map(|subject| &*subject.kind).collect();
    let all: BTreeSet<String> = remembers(parts).into_iter().map(|(kind, _)| kind).collect();
    all.into_iter().filter(|kind| told.contains(kind.as_str())).collect()
}

/// How veils in a write become what is remembered, if a resource says so.
pub(super) fn recall(parts: &Parts, matched: &[&Resource]) -> Option<Recall> {
    let calls = || matched.iter().filter(|resource| resource.options.remembered.is_some());
    let first = calls().next()?.options.remembered.clone();
    let agree = calls().all(|resource| resource.options.remembered == first);
    let records = calls().flat_map(|resource| {
        let at = |subject: &Subject| Some((subject.kind.clone(), record_at(resource, subject)?));
        resource.subjects.iter().filter_map(at)
    });
    Some(Recall {
        values: first.filter(|_| agree),
        records: records.collect(),
        calls: calls().map(|resource| Arc::clone(&resource.id)).collect(),
        beside: beside(parts, matched),
    })
}

/// The fields of a form and the parameters that these resources name: as what the request is known by, or under
/// `query`.
fn beside(parts: &Parts, matched: &[&Resource]) -> Vec<String> {
    let of = |number: usize| parts.resources.get(number).is_some_and(|own| matched.iter().any(|one| one.id == own.id));
    let routes = parts.routes.iter().filter(|route| of(route.resource));
    let rules = routes.flat_map(|route| route.rule.form.iter().chain(&route.rule.query));
    let known_by = rules.map(|(name, _)| label::fold(name));
    let named = matched.iter().flat_map(|resource| resource.parameters.keys().cloned());
    known_by.chain(named).collect()
}

fn record_at(resource: &Resource, record: &Subject) -> Option<RecordAt> {
    match &record.at {
        At::Place(place) => Some(RecordAt::Place(place.clone())),
        At::Path(name) => Some(RecordAt::Path(resource.key(name))),
        At::None | At::Query(_) => None,
    }
}
