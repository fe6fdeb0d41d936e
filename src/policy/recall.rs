//! A request that the ledger tells of, as far as a record can: which resources it was about, and what
//! became of each kind by the rules, where these are still the same.
//!
//! A record holds no query, header, body or group. Which resources they made of the request stands in
//! it, so that nothing is matched anew. What an expression or the CRM's own record decided shows in the
//! rules that it names: one that is not named had no part in what was disclosed.

use std::sync::Arc;

use crate::policy::conditions::{self, Situation};
use crate::policy::decide::State;
use crate::policy::explain::{self, Explanation};
use crate::policy::matched::Matched;
use crate::policy::plan::SubjectAt;
use crate::policy::planner::{self, Context};
use crate::policy::{Parts, Policy};
use crate::route::router::RouteId;
use crate::terms::refusal::Refusal;

/// What a record says of what was asked.
#[derive(Debug, Clone, Copy)]
pub struct Recalled<'a> {
    /// The method.
    pub method: &'a str,
    /// The path's template, or `undeclared`.
    pub path: &'a str,
    /// The resources, with `+` between them.
    pub resources: Option<&'a str>,
    /// What for.
    pub purpose: Option<&'a str>,
    /// The rules that decided.
    pub rules: &'a [String],
    /// Whose data was disclosed: type and id.
    pub subjects: &'a [(String, String)],
    /// Whether whoever asked was let in, with a role or without.
    pub let_in: bool,
}

/// Rules that hang on the CRM's record and can be told of in each of their ways.
const OPEN_MAX: usize = 6;

impl Policy {
    /// The ids of the resources that a record names; nothing where they are not in these rules.
    pub fn resources_named(&self, text: &str) -> Option<Vec<Arc<str>>> {
        let known = |id: &str| self.parts.resources.iter().find(|one| *one.id == *id).map(|one| one.id.clone());
        match known(text) {
            Some(one) => Some(vec![one]),
            None => text.split('+').map(known).collect(),
        }
    }

    /// What the request was about; nothing where these rules have no such resource.
    pub fn recalled(&self, record: &Recalled<'_>) -> Option<Matched> {
        let ids = record.resources.map_or_else(|| Some(Vec::new()), |text| self.resources_named(text))?;
        let routes = ids.iter().map(|id| route(&self.parts, id, record)).collect::<Option<Vec<_>>>()?;
        let mut matched = Matched {
            reads: matches!(record.method, "GET" | "HEAD"),
            purpose: record.purpose.map(str::to_owned),
            recorded: Some(record.rules.iter().cloned().collect()),
            open: record.let_in,
            ..Matched::default()
        };
        for (id, own) in routes {
            matched.routes.push(id);
            own.into_iter().for_each(|(key, subject)| drop(matched.params.insert(key, subject)));
        }
        matched.routes.sort_unstable();
        Some(matched)
    }

    /// Why each kind became what it became: once, or once for each way in which what hangs on the CRM's
    /// record could turn out.
    pub fn recollect(&self, situation: &Situation<'_>) -> Result<Vec<Explanation>, Refusal> {
        planner::admit(self, situation)?;
        let states = conditions::states(&self.parts, situation);
        let mut contexts = planner::contexts(&self.parts, situation, &states);
        let open = settle(&self.parts, situation, &mut contexts);
        if open.len() > OPEN_MAX {
            return Ok(vec![explain::of_contexts(&self.parts, situation, &contexts)?]);
        }
        let mut all: Vec<Explanation> = Vec::new();
        for bits in 0..1usize << open.len() {
            let contexts: Vec<Context> = contexts.iter().map(|context| turned_out(context, &open, bits)).collect();
            let explanation = explain::of_contexts(&self.parts, situation, &contexts)?;
            if !all.contains(&explanation) {
                all.push(explanation);
            }
        }
        Ok(all)
    }
}

/// A subject's key in the path, and its id.
type Parameter = (String, String);

/// The alternative of a resource's `match` that fits a record, and the subjects that its path names.
fn route(parts: &Parts, id: &str, record: &Recalled<'_>) -> Option<(RouteId, Vec<Parameter>)> {
    let number = parts.resources.iter().position(|resource| *resource.id == *id)?;
    let own = || parts.routes.iter().enumerate().filter(|(_, route)| route.resource == number);
    let takes = |(_, route): &(usize, &crate::policy::compile::Route)| route.rule.takes_method(record.method);
    // Of several resources only the first one's template is in the record.
    let named = own().filter(takes).find(|(_, route)| route.rule.path.text == record.path);
    let (at, _) = named.or_else(|| own().find(takes))?;
    let resource = &parts.resources[number];
    let mut subjects = Vec::new();
    for subject in &resource.subjects {
        let mut ids = record.subjects.iter().filter(|(kind, _)| *kind == subject.kind).map(|(_, id)| id);
        if let (Some(SubjectAt::Path(key)), Some(id), None) = (resource.subject_at(subject), ids.next(), ids.next()) {
            subjects.push((key, id.clone()));
        }
    }
    Some((RouteId(u32::try_from(at).ok()?), subjects))
}

/// Of the rules that hang on the CRM's record, those that the ledger's names were there for some of its
/// records; the others had no part in what was disclosed. Gives the former.
fn settle(parts: &Parts, situation: &Situation<'_>, contexts: &mut [Context]) -> Vec<usize> {
    let recorded = situation.matched.recorded.as_deref().unwrap_or_default();
    let mut open = Vec::new();
    for context in contexts {
        for (number, state) in context.states.iter_mut().enumerate() {
            let State::Either(condition) = *state else { continue };
            if recorded.iter().any(|id| **id == *parts.rules[number].id) {
                open.push(number);
            } else {
                *state = State::Fails(condition);
            }
        }
    }
    open.sort_unstable();
    open.dedup();
    open
}

fn turned_out(context: &Context, open: &[usize], bits: usize) -> Context {
    let mut states = context.states.clone();
    for (at, rule) in open.iter().enumerate() {
        if let State::Either(condition) = states[*rule] {
            states[*rule] = if bits >> at & 1 == 1 { State::Holds } else { State::Fails(condition) };
        }
    }
    Context { resource: context.resource.clone(), states }
}
