//! Rules that hide something, and that a rule with a condition undoes.
//!
//! One with a condition beats one without, whatever they name: that is how exceptions are written. Whoever
//! reads `remove: [my_number]` believes that nobody sees it, though, and a wider rule with a weak condition
//! shows it in silence. Told is what the rule without a condition would have won had the other none: it
//! names the kind as closely, or more so, and removes or blocks it; or masks all of it, and names it more
//! closely. A rule that says `why` is an exception that somebody means.

use std::collections::HashMap;

use crate::policy::Parts;
use crate::policy::decide::{Grant, On, Rule, Who};
use crate::policy::fault::Faults;
use crate::policy::strict::{compare, rank};
use crate::terms::action::{Action, Mask};
use crate::terms::kind::{Category, KindId};

/// How many comparisons are made: a policy that needs more is told fewer of these.
const STEPS_MAX: usize = 5_000_000;

/// Tells them.
pub(super) fn tell(parts: &Parts, faults: &mut Faults) {
    let hiding = hiding(parts);
    let mut steps = 0;
    for rule in parts.rules.iter().filter(|rule| rule.conditioned && !rule.mandatory && !rule.remarks.contains(&"why"))
    {
        for (grant, spot) in rule.grants.iter().zip(&rule.spots) {
            let kinds = parts.kinds.kinds.iter().filter(|(id, kind)| grant.on.takes(*id, kind.category));
            let found = kinds.filter_map(|(id, kind)| {
                let rivals = hiding.get(&id)?;
                steps += rivals.len();
                let undoes = |rival: &&(usize, Grant)| undoes((rule, *grant), (&parts.rules[rival.0], rival.1));
                let (number, rival) = rivals.iter().find(undoes)?;
                (!is_kept(parts, rival.action, id, kind.category)).then_some((*number, rival.action, &kind.name))
            });
            // Of several the one that hides most.
            let Some((number, action, kind)) = found.max_by_key(|(_, action, _)| rank(*action)) else { continue };
            let other = &parts.rules[number];
            let message = format!(
                "the rule `{}` undoes `{action}` of `{kind}` in the rule `{}` wherever its condition holds",
                rule.id, other.id
            );
            let (file, line) = (&other.spot.file, other.spot.line);
            let help = match other.who {
                Who::Every => format!(
                    "that stands at {file}:{line}: write `mandatory: true` there if it shall always hold, or `why:` here if this is an exception"
                ),
                Who::Roles(_) => format!(
                    "that stands at {file}:{line}: take `{kind}` out here, hide it by a rule for `all` with `mandatory: true`, or write `why:` here if this is an exception"
                ),
            };
            faults.warning(spot, "undone", message).help(help);
        }
        if steps > STEPS_MAX {
            return;
        }
    }
}

/// What always hides, by kind. Of those that say the same of the same one is enough.
fn hiding(parts: &Parts) -> HashMap<KindId, Vec<(usize, Grant)>> {
    let mut hiding: HashMap<KindId, Vec<(usize, Grant)>> = HashMap::new();
    for (number, rule) in parts.rules.iter().enumerate().filter(|(_, rule)| !rule.conditioned && !rule.mandatory) {
        for grant in rule.grants.iter().filter(|grant| hides(grant.action)) {
            for (id, _) in parts.kinds.kinds.iter().filter(|(id, kind)| grant.on.takes(*id, kind.category)) {
                let known = hiding.entry(id).or_default();
                let alike = |(other, own): &(usize, Grant)| own == grant && parts.rules[*other].who == rule.who;
                if known.len() < RIVALS_MAX && !known.iter().any(alike) {
                    known.push((number, *grant));
                }
            }
        }
    }
    hiding
}

/// Different rules that hide one kind; whoever has more has them for as many roles.
const RIVALS_MAX: usize = 100;

fn hides(action: Action) -> bool {
    matches!(action, Action::Remove | Action::Block | Action::Mask(Mask::Full))
}

/// Whether the one would lose to the other if it had no condition.
fn undoes((rule, grant): (&Rule, Grant), (other, rival): (&Rule, Grant)) -> bool {
    let meet = match (&rule.who, &other.who) {
        (Who::Every, _) | (_, Who::Every) => true,
        (Who::Roles(own), Who::Roles(others)) => own.iter().any(|role| others.contains(role)),
    };
    let (own, others) = (grant.on.level(), rival.on.level());
    let closely = if matches!(rival.action, Action::Mask(_)) { others > own } else { others >= own };
    meet && closely && compare(rival.action, grant.action).is_some_and(|order| order.is_gt())
}

/// Whether a ceiling hides the kind as well whatever other rules say.
fn is_kept(parts: &Parts, action: Action, id: KindId, category: Category) -> bool {
    let takes = |on: On| on.takes(id, category);
    let ceilings = parts.rules.iter().filter(|rule| rule.mandatory && !rule.conditioned && rule.who == Who::Every);
    ceilings
        .flat_map(|rule| &rule.grants)
        .any(|ceiling| takes(ceiling.on) && compare(ceiling.action, action).is_some_and(|order| order.is_ge()))
}
