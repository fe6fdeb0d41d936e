//! Which resources a request is about.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use crate::policy::Parts;
use crate::policy::compile::Route;
use crate::policy::rule::matches::Glob;
use crate::route::normal::{Canonical, canonical};
use crate::route::router::{RouteId, Router};
use crate::terms::place::JsonPath;

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
    /// Whether a resource that is open to all matches by one of several values for one name: then it
    /// may be another page that the CRM gives.
    pub doubt: bool,
    /// The parameters of the path, by the key that `SubjectAt::Path` holds.
    pub params: HashMap<String, String>,
    /// Whether the method reads: GET or HEAD.
    pub reads: bool,
    /// What the request is made for, as staff says.
    pub purpose: Option<String>,
    /// What expressions of the rules look at; nothing where a name has several values, or no rule asks.
    pub said: Option<Box<Said>>,
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
        let Some(route) = route(parts, id).filter(|route| fits_head(route, asked)) else { continue };
        let public = parts.resources[route.resource].options.public;
        matched.doubt |= public && !route.rule.query.iter().all(|(name, glob)| every(asked.query, name, glob));
        match (route.rule.takes_method(asked.method), route.rule.needs_body()) {
            (true, true) => matched.pending.push(id),
            (true, false) => matched.routes.push(id),
            (false, _) => matched.beside.push(id),
        }
        matched.note_parameters(parts, router, id, asked.path);
    }
    let other = without_format(asked.path).filter(|_| matched.is_undeclared());
    for (path, id) in other.iter().flat_map(|path| router.find(path).into_iter().map(move |id| (path, id))) {
        if route(parts, id).is_some_and(|route| fits_head(route, asked)) {
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

/// The JSON places that pending alternatives look at.
pub(super) fn body_paths(parts: &Parts, matched: &Matched) -> Vec<JsonPath> {
    let mut paths: Vec<JsonPath> = Vec::new();
    for (path, _) in matched.pending.iter().filter_map(|id| route(parts, *id)).flat_map(|route| &route.rule.json) {
        if !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    paths
}

/// Settles what was pending.
pub(super) fn narrow(parts: &Parts, mut matched: Matched, body: &BodyValues) -> Matched {
    for id in std::mem::take(&mut matched.pending) {
        if let Some(route) = route(parts, id).filter(|route| fits_body(route, body)) {
            let public = parts.resources[route.resource].options.public;
            matched.doubt |= public && !route.rule.form.iter().all(|(name, glob)| every(&body.form, name, glob));
            matched.routes.push(id);
        }
    }
    matched.routes.sort_unstable();
    matched
}

/// The alternative of a number.
pub(super) fn route(parts: &Parts, id: RouteId) -> Option<&Route> {
    parts.routes.get(usize::try_from(id.0).ok()?)
}

fn fits_head(route: &Route, asked: &Asked<'_>) -> bool {
    let rule = &route.rule;
    rule.query.iter().all(|(name, glob)| any(asked.query, name, glob))
        && rule.header.iter().all(|(name, glob)| (asked.header)(name).iter().any(|value| glob.fits(value)))
}

fn fits_body(route: &Route, body: &BodyValues) -> bool {
    let has = |path: &JsonPath, glob: &Glob| body.json.iter().any(|(at, value)| at == path && glob.fits(value));
    route.rule.form.iter().all(|(name, glob)| any(&body.form, name, glob))
        && route.rule.json.iter().all(|(path, glob)| has(path, glob))
}

/// Whether any parameter of that name fits, as the laxest server reads it: where a name stands twice,
/// nobody knows which one the CRM takes, and one rule too many does no harm.
fn any(pairs: &[(String, String)], name: &str, glob: &Glob) -> bool {
    called(pairs, name).any(|value| glob.fits(value.trim()))
}

fn every(pairs: &[(String, String)], name: &str, glob: &Glob) -> bool {
    called(pairs, name).all(|value| glob.fits(value))
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
