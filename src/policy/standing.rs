//! What a policy says beside its rules, each in one spelling: what holds where no rule speaks, what finds
//! kinds, and of each resource the requests, the places and what becomes of the rest.
//!
//! A place that goes and a setting that becomes weaker show as much as a rule that does, so whoever
//! compares two policies compares these too. They hold what rule files say, and no values.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::compile::{FieldRule, Resource, ToldRule};
use crate::policy::plan::{ColumnsAt, Errors, Otherwise, Parameter, Unlisted, Unreadable};
use crate::policy::rule::matches::{Glob, Match};
use crate::policy::rule::resources::{At, Options, Subject};
use crate::policy::rule::settings::Undeclared;
use crate::policy::{Parts, limits, reveal};
use crate::terms::kind::{KindId, Kinds};
use crate::terms::place::Place;

/// What stands for a request that a resource is about: that it is there says all.
const MATCHED: &str = "matched";

/// What is said of what; two sayings of one are one text.
pub(super) fn of(parts: &Parts) -> BTreeMap<String, String> {
    let mut all = Sayings::default();
    all.say("ungranted".to_owned(), parts.ungranted.to_string());
    let undeclared = match parts.undeclared {
        Undeclared::Scan => "scan",
        Undeclared::Block => "block",
    };
    all.say("undeclared".to_owned(), undeclared.to_owned());
    for (whose, said) in limits::said(parts) {
        all.say(format!("limit of {whose}"), said);
    }
    for (whose, said) in reveal::said(parts) {
        all.say(format!("reveal for {whose}"), said);
    }
    for (what, said) in parts.store.said(&parts.kinds.kinds) {
        all.say(what, said);
    }
    kinds(&parts.kinds.kinds, &mut all);
    for route in &parts.routes {
        if let Some(resource) = parts.resources.get(route.resource) {
            all.say(format!("resource {}: match {}", resource.id, request(&route.rule)), MATCHED.to_owned());
        }
    }
    for resource in &parts.resources {
        for (what, said) in said(resource, &parts.kinds.kinds) {
            all.say(format!("resource {}: {what}", resource.id), said);
        }
    }
    all.0.into_iter().map(|(what, said)| (what, said.into_iter().collect::<Vec<_>>().join(" / "))).collect()
}

#[derive(Default)]
struct Sayings(BTreeMap<String, BTreeSet<String>>);

impl Sayings {
    fn say(&mut self, what: String, said: String) {
        self.0.entry(what).or_default().insert(said);
    }
}

/// What rule files say of kinds; what the program knows of them is no change of rules.
fn kinds(kinds: &Kinds, all: &mut Sayings) {
    let builtin = Kinds::builtin();
    for (_, kind) in kinds.iter() {
        let known = builtin.id(&kind.name).map(|id| builtin.get(id));
        if known.is_none() {
            all.say(format!("kind {}: category", kind.name), kind.category.word().to_owned());
        }
        let is_new = |label: &&String| known.is_none_or(|known| !known.labels.contains(label));
        for label in kind.labels.iter().filter(is_new) {
            all.say(format!("kind {}: label {label}", kind.name), kind.name.clone());
        }
        let pattern = kind.pattern.as_ref().filter(|_| known.is_none_or(|known| known.pattern != kind.pattern));
        if let Some(pattern) = pattern {
            all.say(format!("kind {}: pattern", kind.name), pattern.clone());
        }
    }
}

/// `GET|PUT /customers/{id}, query view: full`
fn request(rule: &Match) -> String {
    let mut methods: Vec<&str> = rule.methods.iter().map(String::as_str).collect();
    methods.sort_unstable();
    methods.dedup();
    let mut said = methods.join("|");
    if !said.is_empty() {
        said.push(' ');
    }
    said.push_str(&rule.path.text);
    let named = |what: &str, globs: &[(String, Glob)]| {
        globs.iter().map(|(name, glob)| format!("{what} {name}: {glob}")).collect::<BTreeSet<String>>()
    };
    let json = rule.json.iter().map(|(path, glob)| format!("json {path}: {glob}")).collect();
    for more in [named("query", &rule.query), named("header", &rule.header), named("form", &rule.form), json] {
        for one in more {
            said.push_str(", ");
            said.push_str(&one);
        }
    }
    said
}

/// All that a resource says but its requests.
fn said(resource: &Resource, kinds: &Kinds) -> Vec<(String, String)> {
    let mut all = options(&resource.options);
    all.extend(resource.fields.iter().map(|field| of_field(field, kinds)));
    all.extend(resource.told.iter().map(|told| of_told(told, kinds)));
    all.extend(resource.records.iter().map(|place| ("records".to_owned(), spelt(place))));
    all.extend(resource.columns.iter().map(|columns| {
        let at = match columns {
            ColumnsAt::Json(path) => format!("request.{path}"),
            ColumnsAt::Parameter(name) => format!("request.{name}"),
        };
        ("columns".to_owned(), at)
    }));
    all.extend(resource.subjects.iter().map(|subject| ("subject".to_owned(), of_subject(subject))));
    all.extend(resource.remember.iter().map(|record| ("remember".to_owned(), of_subject(record))));
    all.extend(resource.attributes.iter().map(|(name, place)| (format!("attributes {name}"), spelt(place))));
    all.extend(resource.derives.iter().map(|kind| ("derive".to_owned(), kinds.get(*kind).name.clone())));
    all.extend(resource.sorted.iter().map(|(kind, _)| ("sorted".to_owned(), kinds.get(*kind).name.clone())));
    all.extend(resource.event.map(|event| ("event".to_owned(), event.word().to_owned())));
    all.extend(resource.parameters.iter().map(|(name, asked)| (format!("query {name}"), of_parameter(asked, kinds))));
    all
}

fn options(options: &Options) -> Vec<(String, String)> {
    let Options { scan, unlisted, unreadable, until, errors, public, restore, remembered, seal, retention } = options;
    let unlisted = match unlisted {
        Unlisted::Scan => "scan",
        Unlisted::Mask => "mask",
        Unlisted::Block => "block",
    };
    let unreadable = match (unreadable, until) {
        (Unreadable::Block, _) => "block".to_owned(),
        (Unreadable::Pass, None) => "pass".to_owned(),
        (Unreadable::Pass, Some(until)) => format!("pass, until: {until}"),
    };
    let errors = match errors {
        Errors::Page => "page",
        Errors::Scan => "scan",
    };
    let mut all = vec![
        ("errors".to_owned(), errors.to_owned()),
        ("public".to_owned(), public.to_string()),
        ("retention".to_owned(), retention.word().to_owned()),
        (
            "restore".to_owned(),
            remembered.as_ref().map_or(restore.to_string(), |place| format!("remembered: {}", spelt(place))),
        ),
        ("scan".to_owned(), scan.to_string()),
        ("unlisted".to_owned(), unlisted.to_owned()),
        ("unreadable".to_owned(), unreadable),
    ];
    all.extend(seal.iter().map(|name| ("seal".to_owned(), name.clone())));
    all
}

fn of_field(field: &FieldRule, kinds: &Kinds) -> (String, String) {
    let is = with_flags(kinds.get(field.kind).name.clone(), field.only, field.optional);
    (format!("fields {}", spelt(&field.place)), is)
}

/// `{ from: $['type'], fax: phone, tel: phone, else: remove }`
fn of_told(told: &ToldRule, kinds: &Kinds) -> (String, String) {
    let named = |id: &KindId| kinds.get(*id).name.clone();
    let means: BTreeMap<&String, String> = told.teller.kinds.iter().map(|(said, kind)| (said, named(kind))).collect();
    let means: String = means.into_iter().map(|(said, kind)| format!("{said}: {kind}, ")).collect();
    let otherwise = match &told.teller.otherwise {
        Otherwise::Strictest => "the strictest of them".to_owned(),
        Otherwise::Action(action) => action.to_string(),
        Otherwise::Kind(kind) => named(kind),
        Otherwise::Nothing => "nothing".to_owned(),
    };
    let within = told.teller.element.map(|levels| format!(" within {levels}")).unwrap_or_default();
    let is = format!("{{ from: {}{within}, {means}else: {otherwise} }}", spelt(&told.from));
    (format!("fields {}", spelt(&told.place)), with_flags(is, told.only, told.optional))
}

fn with_flags(mut is: String, only: bool, optional: bool) -> String {
    if only {
        is.push_str(", only");
    }
    if optional {
        is.push_str(", optional");
    }
    is
}

/// A place with what is left out of it.
fn spelt(place: &Place) -> String {
    match place {
        Place::Css(css) => match &css.except {
            Some(except) => format!("{place} except css:{except}"),
            None => place.to_string(),
        },
        Place::Name(_) | Place::Json(_) | Place::Xml(_) => place.to_string(),
    }
}

fn of_subject(subject: &Subject) -> String {
    let at = match &subject.at {
        At::None => "none".to_owned(),
        At::Path(name) => format!("path.{name}"),
        At::Query(name) => format!("query.{name}"),
        At::Place(place) => spelt(place),
    };
    let more = match (subject.clear, subject.hash) {
        (true, _) => ", id: clear",
        (false, true) => ", hash: true",
        (false, false) => "",
    };
    format!("{} at {at}{more}", subject.kind)
}

fn of_parameter(asked: &Parameter, kinds: &Kinds) -> String {
    let filters: BTreeSet<&str> = asked.filters.iter().map(|id| kinds.get(*id).name.as_str()).collect();
    let columns: BTreeMap<&String, &str> =
        asked.columns.iter().map(|(column, id)| (column, kinds.get(*id).name.as_str())).collect();
    let columns = columns.into_iter().map(|(column, kind)| format!("{column}: {kind}"));
    filters.into_iter().map(str::to_owned).chain(columns).collect::<Vec<_>>().join(", ")
}
