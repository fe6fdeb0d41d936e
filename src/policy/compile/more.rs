//! Whether a rule with a condition shows more than staff gets without it: what `until` is for, and what an
//! exception is.
//!
//! Of all other rules only those count that always hold, so these alone are looked at; and rules that
//! say the same of the same roles have one answer. Thousands of exceptions cost what their sorts do.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::compile::names::Names;
use crate::policy::decide::{self, Grant, Question, RoleId, State, Who};
use crate::policy::rulebook::Rules;
use crate::policy::strict::compare;
use crate::terms::action::Action;
use crate::terms::kind::KindId;

/// What a rule says, and to whom: all that its answer hangs on.
type Saying = (Who, Vec<Grant>, Option<Arc<str>>);

/// Answers that question for the rules of one policy.
pub struct More<'a> {
    rules: &'a Rules,
    names: Names<'a>,
    ungranted: Action,
    /// The rules that always hold, under their own numbers.
    always: Rules,
    /// They hold; of the others the one that is asked about does, for as long as it is.
    states: Vec<State>,
    known: HashMap<Saying, bool>,
}

impl<'a> More<'a> {
    /// For these rules.
    pub fn new(rules: &'a Rules, ungranted: Action, names: &Names<'a>) -> More<'a> {
        let state = |conditioned: bool| if conditioned { State::Fails("") } else { State::Holds };
        let states = rules.iter().map(|rule| state(rule.conditioned)).collect();
        let (always, names) = (rules.unconditioned(names.kinds), Names { roles: names.roles, kinds: names.kinds });
        More { rules, names, ungranted, always, states, known: HashMap::new() }
    }

    /// For those of a policy.
    pub fn of(parts: &'a Parts) -> More<'a> {
        More::new(&parts.rules, parts.ungranted, &Names { roles: &parts.roles, kinds: &parts.kinds.kinds })
    }

    /// Whether this rule gives something to somebody that no rule without a condition gives, and takes
    /// nothing from anybody.
    pub fn shows(&mut self, number: usize) -> bool {
        let rule = &self.rules[number];
        let saying = (rule.who.clone(), rule.grants.clone(), rule.domain.clone());
        if let Some(shows) = self.known.get(&saying) {
            return *shows;
        }
        let shows = self.compared(number);
        self.known.insert(saying, shows);
        shows
    }

    fn compared(&mut self, number: usize) -> bool {
        let rule = &self.rules[number];
        let roles: Vec<RoleId> = match &rule.who {
            Who::Roles(roles) => roles.clone(),
            Who::Every => (0u16..).map(RoleId).take(self.names.roles.len()).collect(),
        };
        let mut kinds: Vec<KindId> = rule.grants.iter().flat_map(|grant| self.names.named(grant.on)).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let pairs: Vec<(RoleId, KindId)> = roles.iter().flat_map(|role| kinds.iter().map(|id| (*role, *id))).collect();
        let without: Vec<Option<Action>> = pairs.iter().map(|(role, id)| self.action(*role, *id)).collect();
        self.always.list(number, self.names.kinds);
        let held = std::mem::replace(&mut self.states[number], State::Holds);
        let orders = pairs.iter().zip(without).map(|((role, id), without)| {
            let with = self.action(*role, *id);
            compare(with?, without?)
        });
        let shows = milder(orders, roles.is_empty());
        self.states[number] = held;
        self.always.unlist(number, self.names.kinds);
        shows
    }

    /// What one role gets now; nothing where that cannot be said.
    fn action(&self, role: RoleId, id: KindId) -> Option<Action> {
        let (rules, states, ungranted) = (&self.always, &self.states, self.ungranted);
        let question = Question { rules, states, ungranted, roles: &[role], id, kind: self.names.kinds.get(id) };
        decide::decide(&question).ok().map(|(decision, _)| decision.action)
    }
}

/// Whether some are milder and none is stricter, of what can be compared.
fn milder(orders: impl Iterator<Item = Option<Ordering>>, mut more: bool) -> bool {
    for order in orders {
        match order {
            Some(Ordering::Less) => more = true,
            Some(Ordering::Equal) => {}
            Some(Ordering::Greater) | None => return false,
        }
    }
    more
}
