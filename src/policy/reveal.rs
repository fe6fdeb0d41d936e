//! Who may have what revealed: rules of the reveal API with everything looked up, and what is hardly meant so
//! of them.
//!
//! Here is only whether a rule gives it; whether there is something to reveal is found out in `serve`.

use std::collections::HashMap;
use std::sync::Arc;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::policy::decide::{RoleId, Rule, Who, named};
use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rule::Word;
use crate::policy::rule::matches::Match;
use crate::policy::rule::resources::At;
use crate::policy::{Parts, difference, limits, plan};
use crate::terms::action::Action;
use crate::terms::disclosure::InLedger;
use crate::terms::kind::KindId;
use crate::terms::staff::Staff;

/// A rule of the reveal API with everything looked up.
#[derive(Debug, Clone)]
pub struct RevealRule {
    /// Its id, which stands in the ledger.
    pub id: Arc<str>,
    /// Where it is written.
    pub spot: Spot,
    /// Whom it is for.
    pub who: Who,
    /// Only for these persons.
    pub staff: Option<Vec<String>>,
    /// What may be revealed.
    pub kinds: Vec<KindId>,
    /// What for.
    pub purposes: Vec<Word>,
    /// For how many seconds it stays open.
    pub lasts: Option<u32>,
}

/// The rule by which staff may have a kind revealed for a purpose: of several the one that lasts longest. None
/// where a mandatory rule veils the kind, whatever its conditions: nothing is more permissive than that.
pub(super) fn of<'p>(
    parts: &'p Parts,
    roles: &[RoleId],
    staff: &Staff,
    kind: KindId,
    purpose: &str,
) -> Option<&'p RevealRule> {
    let gives = |rule: &&RevealRule| {
        rule.kinds.contains(&kind)
            && rule.purposes.iter().any(|word| word.text == purpose)
            && limits::speaks_of((&rule.who, rule.staff.as_deref()), roles, Some(staff))
    };
    // Of rules that last as long the first counts.
    let longest = |best: &'p RevealRule, other: &'p RevealRule| if other.lasts > best.lasts { other } else { best };
    let rule = parts.reveals.iter().filter(gives).reduce(longest)?;
    is_open(parts, kind, roles, Some(staff)).then_some(rule)
}

/// Whether no mandatory rule veils a kind for somebody.
fn is_open(parts: &Parts, kind: KindId, roles: &[RoleId], staff: Option<&Staff>) -> bool {
    parts.rules.ceilings(kind).iter().all(|number| {
        let (rule, condition) = (&parts.rules[*number], &parts.conditions[*number]);
        !veils(parts, rule, kind) || !limits::speaks_of((&rule.who, condition.staff.as_deref()), roles, staff)
    })
}

fn veils(parts: &Parts, rule: &Rule, kind: KindId) -> bool {
    named(rule, kind, parts.kinds.kinds.get(kind)).any(|grant| grant.action != Action::Show)
}

/// A page that shows one subject.
pub struct SubjectPage {
    /// The path, and the query if that names the subject.
    pub target: String,
    /// The subject's type.
    pub of: String,
}

/// The page of a resource for a subject that takes a method: one that is told from others by nothing but the
/// subject's id in its path or its query.
pub(super) fn page(parts: &Parts, resource: &str, id: &str, method: &str) -> Option<SubjectPage> {
    let number = parts.resources.iter().position(|own| *own.id == *resource)?;
    let said = &parts.resources[number].subjects;
    let (subject, name, is_query) = said.iter().find_map(|own| match &own.at {
        At::Path(name) => Some((own, name, false)),
        At::Query(name) => Some((own, name, true)),
        At::None | At::Place(_) => None,
    })?;
    let is_plain = |rule: &Match| {
        let Match { spot: _, methods, path, query, header, form, json } = rule;
        let alone = query.is_empty() && header.is_empty() && form.is_empty() && json.is_empty() && !path.rest;
        let takes = methods.is_empty() || methods.iter().any(|own| own == method);
        alone && takes && path.parameters().eq((!is_query).then_some(name.as_str()))
    };
    let mut rules = parts.routes.iter().filter(|route| route.resource == number).map(|route| &route.rule);
    let path = &rules.find(|rule| is_plain(rule))?.path.text;
    let written = |text: &str| utf8_percent_encode(text, CONTROLS).to_string();
    let coded = |text: &str| utf8_percent_encode(text, WORD).to_string();
    let target = match is_query {
        true => format!("{}?{}={}", written(path), coded(name), coded(id)),
        false => written(path).replacen(&format!("{{{}}}", written(name)), &coded(id), 1),
    };
    Some(SubjectPage { target, of: subject.kind.clone() })
}

/// What stands in an id as it is.
const WORD: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How subjects of a type may stand in the ledger, where no resource says which record is meant: as all that is
/// said of that type allows.
pub(super) fn in_ledger(parts: &Parts, subject: &str) -> InLedger {
    let all = || parts.resources.iter().flat_map(|resource| &resource.subjects).filter(|own| own.kind == subject);
    match () {
        () if all().any(|own| own.hash) => InLedger::Hashed,
        () if all().next().is_some() && all().all(|own| own.clear) => InLedger::InClear,
        () => InLedger::ByItsForm,
    }
}

/// What is said of the reveal API, for people: whom each rule is for, and what it says.
pub(super) fn said(parts: &Parts) -> Vec<(String, String)> {
    let said = |rule: &RevealRule| {
        let list = |words: Vec<&str>| words.join(", ");
        let kinds = list(rule.kinds.iter().map(|kind| parts.kinds.kinds.get(*kind).name.as_str()).collect());
        let purposes = list(rule.purposes.iter().map(|word| word.text.as_str()).collect());
        let lasts = rule.lasts.map(|seconds| format!(", {}", plan::spelt(seconds))).unwrap_or_default();
        let whom = limits::whom(parts, (&rule.who, rule.staff.as_deref()));
        (whom, format!("{kinds} ({purposes}{lasts}): {}", rule.id))
    };
    parts.reveals.iter().map(said).collect()
}

/// How many times a kind is decided for a role; a policy that needs more is told fewer of these.
const STEPS_MAX: usize = 20_000;

/// Rules that give nothing: what a mandatory rule veils, and what staff gets in clear anyway.
pub(super) fn tell(parts: &Parts, faults: &mut Faults) {
    let mut shown: HashMap<(RoleId, KindId), bool> = HashMap::new();
    for rule in &parts.reveals {
        for kind in &rule.kinds {
            let name = &parts.kinds.kinds.get(*kind).name;
            let ceiling = parts.rules.ceilings(*kind).iter().find(|number| {
                parts.conditions[**number].staff.is_none() && veils(parts, &parts.rules[**number], *kind)
            });
            if let Some(number) = ceiling {
                let by = &parts.rules[*number];
                let message = format!("`{name}` is never revealed by the rule `{}`", rule.id);
                let fault = faults.warning(&rule.spot, "never", message);
                fault.help(format!("`{}` at {}:{} is mandatory and veils it", by.id, by.spot.file, by.spot.line));
                continue;
            }
            let sometimes = |own: &Rule| {
                own.conditioned
                    && named(own, *kind, parts.kinds.kinds.get(*kind)).any(|grant| grant.action != Action::Show)
            };
            let roles: Vec<RoleId> = match &rule.who {
                Who::Roles(roles) => roles.clone(),
                Who::Every => (0u16..).map(RoleId).take(parts.roles.len()).collect(),
            };
            if roles.is_empty() || parts.rules.iter().any(sometimes) || shown.len() > STEPS_MAX {
                continue;
            }
            let shows = |role: &RoleId| {
                *shown
                    .entry((*role, *kind))
                    .or_insert_with(|| difference::decided(parts, *role, *kind).action == Action::Show)
            };
            if roles.iter().all(shows) {
                let message = format!("`{name}` is veiled from nobody whom the rule `{}` is for", rule.id);
                let fault = faults.warning(&rule.spot, "unveiled", message);
                fault.help("they see it in clear already: take the kind out here, or veil it under `rules:`");
            }
        }
    }
}
