//! How much staff may look for: the limits that rules name, and the one that holds where none does.
//!
//! Here is only which limits hold for whom; `guard/budget` counts.

use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::conditions::is_named;
use crate::policy::decide::{RoleId, Who};
use crate::policy::node::Spot;
use crate::policy::plan::{Limit, Then};
use crate::terms::staff::Staff;

/// A limit with everything looked up.
#[derive(Debug, Clone)]
pub struct LimitRule {
    /// Where it is written.
    pub spot: Spot,
    /// Whom it is for.
    pub who: Who,
    /// Only for these persons.
    pub staff: Option<Vec<String>>,
    /// What it allows.
    pub limit: Limit,
    /// Whether it counts what is revealed, and not what is looked for.
    pub reveals: bool,
}

/// How many values of each kind staff may look for where no limit of the rules blocks: who works with customers
/// types some numbers a call, who guesses types them by the hundred.
pub const UNSAID: Limit = Limit { searches: 100, per: 3600, then: Then::Block, each: true };

/// How often staff may ask to have something revealed where no limit of the rules blocks.
const UNSAID_REVEALS: Limit = Limit { each: false, ..UNSAID };

/// The limits that hold for staff, with the names of their roles or persons: each of those that speak of them;
/// where none of these blocks, also the one that nobody wrote.
pub(super) fn of(parts: &Parts, roles: &[RoleId], staff: Option<&Staff>) -> Vec<Limit> {
    let takes = |rule: &&LimitRule| speaks_of((&rule.who, rule.staff.as_deref()), roles, staff);
    let of_searches = parts.limits.iter().filter(|rule| !rule.reveals);
    or_unsaid(of_searches.filter(takes).map(|rule| rule.limit).collect(), UNSAID)
}

/// The same of what they have revealed: each request counts, whatever comes of it.
pub(super) fn of_reveals(parts: &Parts, roles: &[RoleId], staff: Option<&Staff>) -> Vec<Limit> {
    let takes = |rule: &&LimitRule| rule.reveals && speaks_of((&rule.who, rule.staff.as_deref()), roles, staff);
    or_unsaid(parts.limits.iter().filter(takes).map(|rule| rule.limit).collect(), UNSAID_REVEALS)
}

fn or_unsaid(mut all: Vec<Limit>, unsaid: Limit) -> Vec<Limit> {
    if !all.iter().any(|limit| limit.then == Then::Block) {
        all.push(unsaid);
    }
    all
}

/// For how many seconds the longest of them counts, whomever it is for.
pub(super) fn longest(parts: &Parts) -> u32 {
    parts.limits.iter().map(|rule| rule.limit.per).chain([UNSAID.per]).max().unwrap_or_default()
}

/// What is said of limits, for people: whom each is for, and what it says.
pub(super) fn said(parts: &Parts) -> Vec<(String, String)> {
    let named = |rule: &LimitRule| whom(parts, (&rule.who, rule.staff.as_deref()));
    let says = |rule: &LimitRule| match rule.reveals {
        true => rule.limit.to_string().replacen("searches", "reveals", 1),
        false => rule.limit.to_string(),
    };
    parts.limits.iter().map(|rule| (named(rule), says(rule))).collect()
}

/// Whether something that is for these roles or persons speaks of staff.
pub(super) fn speaks_of((who, persons): (&Who, Option<&[String]>), roles: &[RoleId], staff: Option<&Staff>) -> bool {
    match (persons, who) {
        (Some(ids), _) => staff.is_some_and(|staff| ids.iter().any(|id| is_named(id, staff))),
        (None, Who::Every) => true,
        (None, Who::Roles(named)) => named.iter().any(|role| roles.contains(role)),
    }
}

/// The same in words.
pub(super) fn whom(parts: &Parts, (who, persons): (&Who, Option<&[String]>)) -> String {
    let role = |id: &RoleId| parts.roles.get(usize::from(id.0)).map(|role| role.name.clone());
    match (persons, who) {
        (Some(ids), _) => format!("staff {}", ids.join(", ")),
        (None, Who::Every) => "all".to_owned(),
        (None, Who::Roles(roles)) => roles.iter().filter_map(role).collect::<Vec<Arc<str>>>().join(", "),
    }
}
