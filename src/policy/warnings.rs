//! What is hardly meant so, and what depends on the day or on gateway.yaml: ends that have passed or
//! are near, rules that never apply, roles and persons that no source of identity knows, networks in
//! which the proxies are.

use std::collections::BTreeSet;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::policy::decide::{RoleId, Rule, Who};
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::Spot;
use crate::policy::reader::{nearest, words_of};
use crate::policy::{Parts, idle, reveal, undone};

/// Rules that end within this many days are told beforehand.
const SOON_DAYS: i64 = 30;

const SOON_HELP: &str = "have it approved anew and write a later date, or take it out when it has ended";

/// Warnings about rules, for the time that is given.
pub(super) fn of(parts: &Parts, now: Timestamp) -> Vec<Fault> {
    let mut faults = Faults::new();
    idle::tell(parts, &mut faults);
    undone::tell(parts, &mut faults);
    reveal::tell(parts, &mut faults);
    ends(endings(parts), now, &mut faults);
    faults.into_sorted()
}

/// Roles that none of these groups gives, if a rule is for them. Those without any group are told
/// already.
pub(super) fn nobody(parts: &Parts, groups: &BTreeSet<String>, faults: &mut Faults) {
    for (id, role) in (0u16..).map(RoleId).zip(&parts.roles).filter(|(_, role)| !role.groups.is_empty()) {
        let is_meant = |rule: &Rule| matches!(&rule.who, Who::Roles(roles) if roles.contains(&id));
        if role.groups.iter().any(|group| groups.contains(group)) || !parts.rules.iter().any(is_meant) {
            continue;
        }
        let message = format!("nobody can have the role `{}`: `identity` knows nobody with its groups", role.name);
        let fault = faults.warning(&role.spot, "nobody", message);
        let known = || groups.iter().map(String::as_str);
        match role.groups.iter().find_map(|group| nearest(group, known())) {
            Some(near) => fault.did_you_mean(Some(near)),
            None if groups.is_empty() => fault.help("give somebody a group in the files that `identity` names"),
            None => fault.help(format!("the groups that it knows are {}", words_of(known().take(GROUPS_TOLD)))),
        }
    }
}

/// Rules for persons of whom none can come. `may_be` tells whether somebody can have an id.
pub(super) fn strangers(parts: &Parts, may_be: &dyn Fn(&str) -> bool, faults: &mut Faults) {
    for (rule, condition) in parts.rules.iter().zip(&parts.conditions) {
        for id in condition.staff.iter().flatten().filter(|id| !may_be(id)) {
            let message = format!("`identity` knows nobody called `{id}`, for whom the rule `{}` is", rule.id);
            faults.warning(&rule.spot, "nobody", message).help("look at the spelling of the name and its source");
        }
    }
}

/// Networks in which proxies are whose word on the client is believed.
pub(super) fn proxied(parts: &Parts, proxies: &[IpNet], faults: &mut Faults) {
    for condition in &parts.conditions {
        for (network, spot) in condition.when.networks.iter().zip(&condition.when.network_spots) {
            let meets = |proxy: &&IpNet| network.contains(*proxy) || proxy.contains(network);
            if let Some(proxy) = proxies.iter().find(meets) {
                let message = format!("`{network}` and `{proxy}` of `trusted_proxies` overlap");
                let fault = faults.warning(spot, "proxy-network", message);
                fault.help("whoever has a proxy's address is believed about where they come from: name staff's networks without the proxies");
            }
        }
    }
}

/// No record of the ledger is about a person of a type that no resource gives.
pub(super) fn unnamed(parts: &Parts, person: &str, spot: &Spot, faults: &mut Faults) {
    let Some((kind, _)) = person.split_once(':') else { return };
    let subjects = parts.resources.iter().flat_map(|resource| resource.subjects.iter().chain(&resource.remember));
    let kinds: BTreeSet<&str> = subjects.map(|subject| &*subject.kind).collect();
    if kinds.contains(kind) {
        return;
    }
    let fault = faults.warning(spot, "bad-subject", format!("no resource is about a `{kind}`: nothing is held"));
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        fault.help(format!("the rules know {}", kinds.join(", ")));
    }
}

/// Nothing tells such a token from a value that stood there before and happens to look like it.
pub(super) fn unconverted(parts: &Parts, faults: &mut Faults) {
    let Some((kind, spot)) = &parts.store.looks_like else { return };
    let name = &parts.kinds.kinds.get(*kind).name;
    let message =
        format!("what the crm held of `{name}` before can look like a token of another value, and be shown as that");
    let fault = faults.warning(spot, "store", message);
    fault.help(
        "run `sudare migrate` before staff saves anything (with no ids where the crm is empty), or write `opaque`",
    );
}

/// How many groups are told; whoever has more knows where they stand.
const GROUPS_TOLD: usize = 10;

/// Something with an end.
#[derive(Debug)]
pub struct Ending {
    /// What ends.
    pub what: Ends,
    /// When.
    pub until: Timestamp,
    /// Where it is told of.
    pub spot: Spot,
}

/// What can have an end.
#[derive(Debug)]
pub enum Ends {
    /// The rule of this id.
    Rule(Arc<str>),
    /// `unreadable: pass` of this resource.
    Passing(Arc<str>),
}

fn endings(parts: &Parts) -> impl Iterator<Item = Ending> {
    let rules = parts.rules.iter().zip(&parts.conditions).filter_map(|(rule, condition)| {
        let (until, spot) = condition.until.clone()?;
        Some(Ending { what: Ends::Rule(rule.id.clone()), until, spot })
    });
    let passing = parts.resources.iter().filter_map(|resource| {
        let until = resource.options.until?;
        Some(Ending { what: Ends::Passing(resource.id.clone()), until, spot: resource.spot.clone() })
    });
    rules.chain(passing)
}

/// Warnings about ends, which need no rules that hold.
pub(super) fn ends(endings: impl IntoIterator<Item = Ending>, now: Timestamp, faults: &mut Faults) {
    for Ending { what, until, spot } in endings {
        match what {
            Ends::Rule(id) if until <= now => {
                faults
                    .warning(&spot, "ended", format!("the rule `{id}` has ended and is no longer there"))
                    .help("take it out, or write a later date");
            }
            Ends::Rule(id) if is_soon(until, now) => {
                faults
                    .warning(&spot, "ends-soon", format!("the rule `{id}` ends within {SOON_DAYS} days"))
                    .help(SOON_HELP);
            }
            Ends::Rule(_) => {}
            Ends::Passing(id) if until <= now => {
                let message = format!("`unreadable: pass` of `{id}` has ended: bodies that cannot be read are refused");
                faults.warning(&spot, "ended", message);
            }
            Ends::Passing(id) => {
                let message = format!("`{id}` passes bodies that nobody can read");
                faults
                    .warning(&spot, "passes-unread", message)
                    .help("an answer that is one reaches staff as it came; what staff sends in one, the CRM");
                if is_soon(until, now) {
                    let message = format!("`unreadable: pass` of `{id}` ends within {SOON_DAYS} days");
                    faults.warning(&spot, "ends-soon", message).help(SOON_HELP);
                }
            }
        }
    }
}

fn is_soon(until: Timestamp, now: Timestamp) -> bool {
    until.duration_since(now) <= SignedDuration::from_hours(24 * SOON_DAYS)
}
