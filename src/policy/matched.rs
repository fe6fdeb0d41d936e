//! Which resources a request is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::compile::Route;
use crate::policy::rule::matches::Glob;
use crate::route::normal::{Canonical, canonical};
use crate::route::router::{RouteId, Router};
use crate::terms::place::{JsonPath, Step};

/// What a request says before its body.
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The path as rules compare it: in lower case, without a slash at its end.
    pub path: &'a Canonical,
    /// The parameters of the query.
    pub query: &'a [(String, String)],
    /// All values of a header, by its lower-case name.
    pub header: &'a dyn Fn(&str) -> Vec<String>,
}

/// What a request's body says at the places that rules look at.
#[derive(Default)]
pub struct BodyValues {
    /// The parameters of a form.
    pub form: Vec<(String, String)>,
    /// Each value at each of `body_paths`; all of them where a key stands twice.
    pub json: Vec<(JsonPath, String)>,
}

/// The resources that a request is about.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// The alternatives of `match` that fit.
    pub routes: Vec<RouteId>,
    /// Those that fit if the body says so.
    pub pending: Vec<RouteId>,
    /// Those that fit but for the method, or but for the format that ends the path (whatever they ask
    /// of the body): what stands in their answers may stand in this one too.
    pub beside: Vec<RouteId>,
    /// Those that the body does not fit.
    pub unmet: Vec<RouteId>,
    /// Whether what a resource asks of a name is said and something else too: then nobody knows which of
    /// them the CRM takes, and for which rules.
    pub doubt: bool,
    /// The parameters of the path, by the key that `SubjectAt::Path` holds.
    pub params: HashMap<String, String>,
    /// Whether the method reads: GET or HEAD.
    pub reads: bool,
    /// What the request is made for, as staff says.
    pub purpose: Option<String>,
    /// What expressions of the rules look at; nothing where a name has several values, or no rule asks.
    pub said: Option<Box<Said>>,
    /// Where a record of the ledger tells of the request: the rules that it names. Of an expression it
    /// holds nothing but that.
    pub recorded: Option<Arc<[String]>>,
    /// Whether this is the CRM's own log-in or log-out, which is open to staff without a role.
    pub open: bool,
}

/// What a request says that expressions of the rules look at.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The method.
    pub method: String,
    /// The path in its one spelling.
    pub path: String,
    /// The parameters that an expression names.
    pub query: BTreeMap<String, String>,
    /// The headers that an expression names.
    pub headers: BTreeMap<String, String>,
}

/// The parameters and headers that all expressions together name.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    pub(crate) query: BTreeSet<String>,
    pub(crate) headers: BTreeSet<String>,
}

impl Looks {
    fn said(&self, asked: &Asked<'_>) -> Option<Box<Said>> {
        let (method, path) = (asked.method.to_owned(), format!("/{}", asked.path.folded().join("/")));
        let mut said = Said { method, path, ..Said::default() };
        for name in &self.query {
            // Where a server could find the name in what another takes for a value, nobody knows what it says.
            if asked.query.iter().flat_map(|(_, value)| smuggled(value)).any(|(own, _)| alike(own) == alike(name)) {
                return None;
            }
            let values =
                asked.query.iter().filter(|(key, _)| alike(key) == alike(name)).map(|(_, value)| value.clone());
            keep(&mut said.query, name, values)?;
        }
        for name in &self.headers {
            keep(&mut said.headers, name, (asked.header)(name))?;
        }
        Some(Box::new(said))
    }
}

/// A parameter's name as the laxest server reads it: `Full`, `full[]` and `full` are one.
fn alike(name: &str) -> String {
    name.split('[').next().unwrap_or_default().trim().to_lowercase().replace(['.', ' '], "_")
}

/// Keeps the one value of a name; nothing is left where there are two that differ.
fn keep(all: &mut BTreeMap<String, String>, name: &str, values: impl IntoIterator<Item = String>) -> Option<()> {
    for value in values {
        if all.insert(name.to_owned(), value.clone()).is_some_and(|other| other != value) {
            return None;
        }
    }
    Some(())
}

/// Values can name customers, so none is shown.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({}, {:?}, {:?})", self.method, self.query.keys(), self.headers.keys())
    }
}

/// Parameters can name customers, so only their keys are shown.
impl fmt::Debug for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matched({:?}, pending {:?}, {:?})", self.routes, self.pending, self.params.keys())
    }
}

impl Matched {
    /// Whether the body has to be read to tell.
    pub fn needs_body(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether no resource matches.
    pub fn is_undeclared(&self) -> bool {
        self.routes.is_empty() && self.pending.is_empty()
    }

    fn note_parameters(&mut self, parts: &Parts, router: &Router, id: RouteId, path: &Canonical) {
        let Some(route) = route(parts, id) else { return };
        for (name, value) in router.parameters(id, path) {
            self.params.entry(parts.resources[route.resource].key(name)).or_insert_with(|| value.to_owned());
        }
    }

    /// A parameter of the path, by its key.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params.get(key).map(String::as_str)
    }
}

/// What fits by path, query and headers, and whether by method too.
pub(super) fn candidates(parts: &Parts, router: &Router, asked: &Asked<'_>) -> Matched {
    let said = parts.looks.as_ref().and_then(|looks| looks.said(asked));
    let mut matched = Matched { reads: matches!(asked.method, "GET" | "HEAD"), said, ..Matched::default() };
    for id in router.find(asked.path) {
        let Some(route) = route(parts, id) else { continue };
        let fit = of_head(route, asked);
        if fit == Fit::No {
            continue;
        }
        let takes = route.rule.takes_method(asked.method);
        matched.doubt |= takes && fit == Fit::Both;
        match (takes, route.rule.needs_body()) {
            (true, true) => matched.pending.push(id),
            (true, false) => matched.routes.push(id),
            (false, _) => matched.beside.push(id),
        }
        matched.note_parameters(parts, router, id, asked.path);
    }
    let other = without_format(asked.path).filter(|_| matched.is_undeclared());
    for (path, id) in other.iter().flat_map(|path| router.find(path).into_iter().map(move |id| (path, id))) {
        if route(parts, id).is_some_and(|route| of_head(route, asked) != Fit::No) {
            matched.beside.push(id);
            matched.note_parameters(parts, router, id, path);
        }
    }
    matched
}

/// The path without the `.json` behind it, by which many applications tell the format.
fn without_format(path: &Canonical) -> Option<Canonical> {
    const FORMATS: [&str; 10] = [".json", ".jsonp", ".xml", ".csv", ".xlsx", ".html", ".htm", ".js", ".txt", ".pdf"];
    let bare = FORMATS.iter().find_map(|format| path.text.strip_suffix(format))?;
    canonical(bare.as_bytes()).ok()
}

/// The JSON places that pending alternatives look at, and those where some servers find what others seek in a
/// parameter of the query.
pub(super) fn body_paths(parts: &Parts, matched: &Matched) -> Vec<JsonPath> {
    let mut paths: Vec<JsonPath> = Vec::new();
    let mut add = |path: &JsonPath| {
        if !paths.contains(path) {
            paths.push(path.clone());
        }
    };
    let routes = || matched.routes.iter().chain(&matched.pending).filter_map(|id| route(parts, *id));
    routes().flat_map(|route| &route.rule.json).for_each(|(path, _)| add(path));
    routes().flat_map(|route| route.rule.query.iter().chain(&route.rule.form)).for_each(|(name, _)| add(&member(name)));
    paths
}

/// The parameters of the query that resources of this path are told apart by.
pub(super) fn query_names(parts: &Parts, matched: &Matched) -> Vec<String> {
    let routes = matched.routes.iter().chain(&matched.pending).chain(&matched.beside);
    let routes = routes.filter_map(|id| route(parts, *id));
    routes.flat_map(|route| &route.rule.query).map(|(name, _)| name.clone()).collect()
}

/// The member of a JSON body that bears a parameter's name.
fn member(name: &str) -> JsonPath {
    JsonPath { steps: vec![Step::Name(name.to_owned())] }
}

/// Settles what was pending, and whether the body says otherwise than the query.
pub(super) fn narrow(parts: &Parts, mut matched: Matched, body: &BodyValues) -> Matched {
    for route in matched.routes.iter().filter_map(|id| route(parts, *id)) {
        matched.doubt |= denies(&route.rule.query, body);
    }
    for id in std::mem::take(&mut matched.pending) {
        let Some(route) = route(parts, id) else { continue };
        let fit = of_body(route, body);
        if fit != Fit::No {
            matched.doubt |= fit == Fit::Both || denies(&route.rule.query, body) || denies(&route.rule.form, body);
            matched.routes.push(id);
        } else {
            matched.unmet.push(id);
        }
    }
    matched.routes.sort_unstable();
    matched
}

/// Whether a JSON body says something else under the name of a parameter.
fn denies(asked: &[(String, Glob)], body: &BodyValues) -> bool {
    let other = |(name, glob): &(String, Glob)| {
        let path = member(name);
        body.json.iter().any(|(at, value)| *at == path && !glob.fits(value))
    };
    asked.iter().any(other)
}

/// The alternative of a number.
pub(super) fn route(parts: &Parts, id: RouteId) -> Option<&Route> {
    parts.routes.get(usize::try_from(id.0).ok()?)
}

/// How what a request says under one name lies to what a rule asks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    No,
    Yes,
    /// Something fits, and something else stands beside it that another server would take.
    Both,
}

impl Fit {
    /// Of values, each with whether it fits.
    fn of(values: impl Iterator<Item = bool>) -> Fit {
        let (mut fit, mut other) = (false, false);
        for fits in values {
            fit |= fits;
            other |= !fits;
        }
        match (fit, other) {
            (false, _) => Fit::No,
            (true, false) => Fit::Yes,
            (true, true) => Fit::Both,
        }
    }

    /// Of everything that a rule asks.
    fn all(fits: impl Iterator<Item = Fit>) -> Fit {
        let worse = |all, next| match (all, next) {
            (Fit::No, _) | (_, Fit::No) => Fit::No,
            (Fit::Both, _) | (_, Fit::Both) => Fit::Both,
            _ => Fit::Yes,
        };
        fits.fold(Fit::Yes, worse)
    }
}

fn of_head(route: &Route, asked: &Asked<'_>) -> Fit {
    let header = |(name, glob): &(String, Glob)| Fit::of((asked.header)(name).iter().map(|value| glob.fits(value)));
    let query = route.rule.query.iter().map(|(name, glob)| of_parameter(asked.query, name, glob));
    Fit::all(query.chain(route.rule.header.iter().map(header)))
}

fn of_body(route: &Route, body: &BodyValues) -> Fit {
    let json = |(path, glob): &(JsonPath, Glob)| {
        Fit::of(body.json.iter().filter(|(at, _)| at == path).map(|(_, value)| glob.fits(value)))
    };
    let form = route.rule.form.iter().map(|(name, glob)| of_parameter(&body.form, name, glob));
    Fit::all(form.chain(route.rule.json.iter().map(json)))
}

/// Of all that some server takes for the parameter of this name.
fn of_parameter(pairs: &[(String, String)], name: &str, glob: &Glob) -> Fit {
    Fit::of(called(pairs, name).map(|value| glob.fits(value.trim())))
}

/// All that a server could take for the value of a parameter.
fn called<'p>(pairs: &'p [(String, String)], name: &str) -> impl Iterator<Item = &'p str> {
    let name = alike(name);
    let all = pairs.iter().flat_map(|(key, value)| {
        // What stands before a `;` is the value where that parts parameters.
        let first =
            value.split(';').next().filter(|first| first.len() < value.len()).map(|first| (key.as_str(), first));
        std::iter::once((key.as_str(), value.as_str())).chain(first).chain(smuggled(value))
    });
    all.filter(move |(key, _)| alike(key) == name).map(|(_, value)| value)
}

/// The parameters that a server finds in a value if it takes `;` for `&`.
fn smuggled(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split(';').skip(1).map(|piece| piece.split_once('=').unwrap_or((piece, "")))
}
