//! Who sees what, as a table: every kind for every role, with what conditions make of it.
//!
//! A cell holds what a role gets where no condition holds. Each rule with a condition that would
//! change that is tried alone, and what comes of it is a mark on the cell. It is `decide` that
//! answers, here as in the gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::compile::{Condition, Resource};
use crate::policy::conditions::state_for;
use crate::policy::decide::{self, Question, RoleId, Rule, State};
use crate::policy::explain::At;
use crate::policy::plan::Decision;
use crate::policy::rows::Term;
use crate::policy::rule::when::When;
use crate::policy::{Parts, Policy};
use crate::terms::action::Action;
use crate::terms::event::Event;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// Who sees what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The roles, one a column.
    pub roles: Vec<Arc<str>>,
    /// One row a kind, in the order of their numbers.
    pub rows: Vec<Row>,
    /// What marks mean; a mark is a place in this list.
    pub notes: Vec<Footnote>,
}

/// What becomes of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The kind.
    pub kind: KindId,
    /// One cell a role.
    pub cells: Vec<Cell>,
}

/// What one role gets of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Where no condition holds.
    pub action: Action,
    /// Which rules say so; empty where `ungranted` does.
    pub rules: Vec<Arc<str>>,
    /// What else may hold: places in the table's notes.
    pub marks: Vec<usize>,
    /// Whether staff may not change it.
    pub readonly: bool,
}

/// What holds under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footnote {
    /// The rule that has the condition.
    pub rule: Arc<str>,
    /// Where it stands.
    pub at: At,
    /// What the role gets then.
    pub action: Action,
    /// The condition: key and what it asks for, as in rules.
    pub when: Vec<(&'static str, String)>,
}

/// Whether a rule is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Always,
    Sometimes,
    Never,
}

impl Policy {
    /// Who sees what: everywhere, or on the page that one resource is.
    pub fn table(&self, resource: Option<&str>, roles: &[RoleId]) -> Result<Table, Refusal> {
        let found = resource.and_then(|id| self.parts.resources.iter().find(|resource| *resource.id == *id));
        let maker = Maker::new(&self.parts, found);
        let mut rows = Vec::new();
        let mut notes = Notes::default();
        for (kind, _) in self.parts.kinds.kinds.iter() {
            let cells = roles.iter().map(|role| maker.cell(*role, kind, &mut notes)).collect::<Result<_, _>>()?;
            rows.push(Row { kind, cells });
        }
        Ok(Table { roles: self.role_names(roles), rows, notes: notes.all })
    }
}

#[derive(Default)]
struct Notes {
    all: Vec<Footnote>,
    known: BTreeMap<(usize, String), usize>,
}

struct Maker<'p> {
    parts: &'p Parts,
    scopes: Vec<Scope>,
    states: Vec<State>,
}

impl<'p> Maker<'p> {
    fn new(parts: &'p Parts, resource: Option<&Resource>) -> Maker<'p> {
        let scopes: Vec<Scope> = parts
            .rules
            .iter()
            .zip(&parts.conditions)
            .map(|(rule, condition)| scope(rule, condition, resource))
            .collect();
        let state = |scope: &Scope| if *scope == Scope::Always { State::Holds } else { State::Fails("when") };
        Maker { parts, states: scopes.iter().map(state).collect(), scopes }
    }

    fn cell(&self, role: RoleId, kind: KindId, notes: &mut Notes) -> Result<Cell, Refusal> {
        let plain = self.decide(role, kind, &self.states)?;
        let mut marks = Vec::new();
        for number in (0..self.scopes.len()).filter(|number| self.scopes[*number] == Scope::Sometimes) {
            let mut states = self.states.clone();
            states[number] = State::Holds;
            let other = self.decide(role, kind, &states)?;
            if other.action != plain.action {
                marks.push(notes.mark(self.parts, number, other.action));
            }
        }
        Ok(Cell { action: plain.action, rules: plain.rules, marks, readonly: plain.readonly })
    }

    fn decide(&self, role: RoleId, id: KindId, states: &[State]) -> Result<Decision, Refusal> {
        let question = Question {
            rules: &self.parts.rules,
            states,
            ungranted: self.parts.ungranted,
            roles: &[role],
            id,
            kind: self.parts.kinds.kinds.get(id),
        };
        Ok(decide::decide(&question)?.0)
    }
}

impl Notes {
    fn mark(&mut self, parts: &Parts, number: usize, action: Action) -> usize {
        *self.known.entry((number, action.to_string())).or_insert_with(|| {
            let rule = &parts.rules[number];
            self.all.push(Footnote {
                rule: rule.id.clone(),
                at: (rule.spot.file.to_string(), rule.spot.line),
                action,
                when: words(&parts.conditions[number]),
            });
            self.all.len() - 1
        })
    }
}

fn scope(rule: &Rule, condition: &Condition, resource: Option<&Resource>) -> Scope {
    if !rule.conditioned {
        return Scope::Always;
    }
    let Some(resource) = resource else { return Scope::Sometimes };
    let event = resource.event.unwrap_or(Event::View);
    match state_for(State::Holds, condition, Some(&resource.id), event) {
        State::Fails("event") if resource.event.is_none() => Scope::Sometimes,
        State::Fails(_) => Scope::Never,
        _ if is_about_the_page_alone(condition) && resource.event.is_some() => Scope::Always,
        _ if is_about_the_page_alone(condition) && condition.when.events.is_empty() => Scope::Always,
        _ => Scope::Sometimes,
    }
}

/// Whether a condition asks for nothing but the page and what is done there. Every condition is
/// named here, so that a new one cannot be overlooked.
fn is_about_the_page_alone(condition: &Condition) -> bool {
    let Condition { staff, until, when, rows, said: _ } = condition;
    let When { networks, network_spots: _, hours, resources: _, events: _, purposes, one, cel, cel_names: _ } = when;
    let of_the_request = networks.is_empty() && hours.is_empty() && purposes.is_empty() && cel.is_none();
    staff.is_none() && until.is_none() && of_the_request && !one && rows.is_empty()
}

/// What a condition asks for: key and words, as in rules.
pub(super) fn words(condition: &Condition) -> Vec<(&'static str, String)> {
    let when = &condition.when;
    let mut all = Vec::new();
    if let Some(staff) = &condition.staff {
        all.push(("staff", staff.join(", ")));
    }
    if let Some((until, _)) = &condition.until {
        all.push(("until", until.to_string()));
    }
    let mut list = |key, words: Vec<String>| {
        if !words.is_empty() {
            all.push((key, words.join(", ")));
        }
    };
    list("event", when.events.iter().map(|event| event.word().to_owned()).collect());
    list("resource", when.resources.iter().map(|word| word.text.clone()).collect());
    list("network", when.networks.iter().map(ToString::to_string).collect());
    list("hours", when.hours.iter().map(ToString::to_string).collect());
    list("purpose", when.purposes.iter().map(|word| word.text.clone()).collect());
    list("records", when.one.then(|| "one".to_owned()).into_iter().collect());
    list("cel", when.cel.iter().map(|_| "an expression".to_owned()).collect());
    let attributes = condition.rows.iter().filter_map(|term| match term {
        Term::Attribute(name, _) => Some(name.to_string()),
        Term::One => None,
    });
    list("where", attributes.collect());
    all
}
