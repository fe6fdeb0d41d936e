//! What hangs on the record: rules with `where`, and with `records: one`.
//!
//! A plan is made before the answer comes, so it holds the decisions for each way in which these
//! conditions can turn out; which way it is, the guard sees record by record. Where nothing can tell
//! (a resource that declares no such attribute, what stands outside the records, a question), the
//! stricter answer counts: that is what `Plan::decisions` holds.

use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::compile::Resource;
use crate::policy::conditions::Situation;
use crate::policy::decide::State;
use crate::policy::plan::Decision;
use crate::policy::planner::{self, Context};
use crate::policy::rule::rows::Is;
use crate::terms::action::Action;
use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};

/// Conditions on the record that may meet in one request: twice as many decisions for each.
pub const ROWS_MAX: usize = 6;

/// One thing that a rule asks of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// An attribute is one of these.
    Attribute(Arc<str>, Vec<Is>),
    /// It is the only one of the answer.
    One,
}

/// What becomes of each kind, by what holds of the record.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// All that is asked, each once.
    pub terms: Vec<Term>,
    /// Each condition as the numbers of its terms; it holds where all of them do.
    pub conditions: Vec<Vec<usize>>,
    /// By the conditions that hold, the first as the lowest bit.
    decisions: Vec<Arc<[Decision]>>,
}

impl Rows {
    /// The attributes that are asked for.
    pub fn attributes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.terms.iter().filter_map(|term| match term {
            Term::Attribute(name, _) => Some(name),
            Term::One => None,
        })
    }

    /// What may become of a kind, whatever holds of the record.
    pub fn every(&self, kind: KindId) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter_map(move |decisions| decisions.get(usize::from(kind.0)))
    }

    /// The decisions where these conditions hold, do not hold, or cannot be evaluated. A kind that
    /// hangs on one that cannot be is blocked: the answer that holds it is refused.
    pub fn decisions(&self, holds: &[Option<bool>]) -> Arc<[Decision]> {
        let fits = |bits: usize| {
            let fits_one =
                |(at, holds): (usize, &Option<bool>)| holds.is_none_or(|holds| holds == (bits >> at & 1 == 1));
            holds.iter().enumerate().all(fits_one)
        };
        let mut possible =
            self.decisions.iter().enumerate().filter(|(bits, _)| fits(*bits)).map(|(_, decisions)| decisions);
        let Some(first) = possible.next() else { return Arc::default() };
        let mut all = Arc::clone(first);
        for other in possible.filter(|other| ***other != **first) {
            all = all.iter().zip(other.iter()).map(|(a, b)| either(a, b)).collect();
        }
        all
    }
}

/// Two answers of which nobody can say which it is.
fn either(a: &Decision, b: &Decision) -> Decision {
    if a == b {
        return a.clone();
    }
    let mut rules = [a.rules.as_slice(), &b.rules].concat();
    rules.sort();
    rules.dedup();
    let search = if (a.search as u8) < (b.search as u8) { a.search } else { b.search };
    Decision {
        action: Action::Block,
        domain: None,
        rules,
        search,
        sort: a.sort.min(b.sort),
        readonly: a.readonly || b.readonly,
    }
}

/// The decisions by what holds of the record; nothing where no rule that counts here asks.
pub(super) fn of(
    parts: &Parts,
    situation: &Situation<'_>,
    matched: &[&Resource],
    contexts: &[Context],
) -> Result<Option<Rows>, Refusal> {
    let mut conditions: Vec<&[Term]> = Vec::new();
    let mut asking: Vec<(usize, usize)> = Vec::new();
    let asks = |number: &usize| !parts.conditions[*number].rows.is_empty();
    for number in parts.conditioned.counting(situation.roles).into_iter().filter(asks) {
        let condition = &parts.conditions[number];
        let there = contexts.iter().any(|context| matches!(context.states.get(number), Some(State::Either(_))));
        if !there || !condition.rows.iter().all(|term| can_tell(term, matched)) {
            continue;
        }
        let at = conditions.iter().position(|known| *known == condition.rows).unwrap_or_else(|| {
            conditions.push(&condition.rows);
            conditions.len() - 1
        });
        asking.push((number, at));
    }
    if conditions.is_empty() {
        return Ok(None);
    }
    if conditions.len() > ROWS_MAX {
        let note = format!("more than {ROWS_MAX} conditions on the record meet in one request");
        return Err(Refusal::new(Reason::Rule, note));
    }
    let mut decisions = Vec::new();
    for bits in 0..1usize << conditions.len() {
        let contexts: Vec<Context> = contexts.iter().map(|context| settled(context, &asking, bits)).collect();
        let kinds = parts.kinds.kinds.iter();
        let all = kinds.map(|(id, _)| planner::decision(parts, situation, &contexts, id));
        let all: Arc<[Decision]> = all.collect::<Result<Vec<_>, _>>()?.into();
        let known = decisions.iter().find(|known: &&Arc<[Decision]>| **known == all).cloned();
        decisions.push(known.unwrap_or(all));
    }
    let mut terms: Vec<Term> = conditions.iter().flat_map(|condition| condition.iter().cloned()).collect();
    terms.sort();
    terms.dedup();
    let number = |term: &Term| terms.iter().position(|known| known == term);
    let conditions = conditions.iter().map(|condition| condition.iter().filter_map(number).collect()).collect();
    Ok(Some(Rows { conditions, terms, decisions }))
}

/// Whether the answer can say it. Resources that match together are taken as one.
fn can_tell(term: &Term, matched: &[&Resource]) -> bool {
    match term {
        Term::Attribute(name, _) => {
            matched.iter().any(|resource| resource.attributes.iter().any(|(known, _)| known == name))
        }
        Term::One => !matched.is_empty(),
    }
}

fn settled(context: &Context, asking: &[(usize, usize)], bits: usize) -> Context {
    let mut states = context.states.clone();
    for (rule, condition) in asking {
        if let State::Either(name) = states[*rule] {
            states[*rule] = if bits >> condition & 1 == 1 { State::Holds } else { State::Fails(name) };
        }
    }
    Context { resource: context.resource.clone(), states }
}
