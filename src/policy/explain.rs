//! Why each kind becomes what it becomes: the trace of `decide` as data, with names in the place
//! of numbers, for `sudare explain` and the console to print.

use std::sync::Arc;

use crate::policy::conditions::Situation;
use crate::policy::decide::{self, State};
use crate::policy::matched::{self, Matched};
use crate::policy::node::Spot;
use crate::policy::plan::Decision;
use crate::policy::planner::{self, Context};
use crate::policy::trace::{Considered, Trace, Verdict};
use crate::policy::{Parts, Policy, table};
use crate::terms::action::Action;
use crate::terms::kind::KindId;
use crate::terms::place::Place;
use crate::terms::refusal::Refusal;

/// Where something stands in the rule files: file and line.
pub type At = (String, usize);

/// A resource that a request is about, and the line that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedResource {
    /// Its id.
    pub id: Arc<str>,
    /// Where it stands.
    pub at: At,
    /// The path that matched, as it is written.
    pub path: String,
    /// Where that stands.
    pub match_at: At,
    /// It fits but for the method or the format at the path's end, and its fields count all the same.
    pub beside: bool,
}

/// Why a request gets what it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The resources that matched; empty where the path is undeclared.
    pub resources: Vec<Arc<str>>,
    /// The roles of the staff.
    pub roles: Vec<Arc<str>>,
    /// Every kind, in the order of their numbers.
    pub kinds: Vec<KindExplanation>,
}

/// Why one kind becomes what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindExplanation {
    /// The kind.
    pub kind: KindId,
    /// Its name.
    pub name: String,
    /// What becomes of it.
    pub decision: Decision,
    /// Each rule that was considered, role by role and resource by resource; ceilings last.
    pub steps: Vec<Step>,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// For which resource it was considered, where several matched.
    pub resource: Option<Arc<str>>,
    /// For which role; `None` for a ceiling.
    pub role: Option<Arc<str>>,
    /// The rule's id; `None` where `ungranted` answers.
    pub rule: Option<Arc<str>>,
    /// Where it stands: file and line.
    pub at: Option<At>,
    /// What it says.
    pub action: Action,
    /// Its conditions: key and what each asks for, as in rules.
    pub when: Vec<(&'static str, String)>,
    /// Whether it counted.
    pub verdict: Verdict,
    /// The mandatory rules that are stricter, where they are.
    pub ceilings: Vec<Arc<str>>,
    /// Whether that hangs on each record of the answer.
    pub hangs: Hangs,
}

/// Whether what a rule does hangs on each record of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hangs {
    /// It does not.
    No,
    /// It asks something of the record.
    Itself,
    /// Another rule does, and counts for some of them.
    Others,
}

impl Step {
    /// What became of the rule, as a sentence.
    pub fn sentence(&self) -> String {
        match self.verdict {
            Verdict::Decides => match self.hangs {
                Hangs::No => "decides".to_owned(),
                Hangs::Itself => "decides for each record of which its condition holds".to_owned(),
                Hangs::Others => "decides for all other records".to_owned(),
            },
            Verdict::NotThere(condition) => format!("is not there: `{condition}` does not hold"),
            Verdict::PerRecord(condition) => format!("is there for each record of which `{condition}` holds"),
            Verdict::Unconditioned => "gives way to a rule with a condition".to_owned(),
            Verdict::Broader => "gives way to a rule that names the kind more closely".to_owned(),
            Verdict::Milder => "gives way to a stricter rule".to_owned(),
            Verdict::Idle => "limits nothing: the answer is as strict already".to_owned(),
            Verdict::Limited => format!("would decide; the ceiling `{}` holds", self.ceilings.join(", ")),
            Verdict::Outdone => "would decide; another role is given more".to_owned(),
            Verdict::Overruled => "would decide; another resource of this request hides more".to_owned(),
        }
    }

    /// Whether its conditions hold; nothing where it has none, or where that hangs on the record.
    pub fn holds(&self) -> Option<bool> {
        match self.verdict {
            _ if self.when.is_empty() || self.hangs == Hangs::Itself => None,
            Verdict::NotThere(_) => Some(false),
            _ => Some(true),
        }
    }
}

impl Policy {
    /// The resources that a request is about, each line that fits once.
    pub fn matched_resources(&self, matched: &Matched) -> Vec<MatchedResource> {
        let own = matched.routes.iter().chain(&matched.pending).map(|id| (*id, false));
        let beside = matched.beside.iter().filter(|_| matched.is_undeclared()).map(|id| (*id, true));
        let all = own.chain(beside).filter_map(|(id, beside)| {
            let route = matched::route(&self.parts, id)?;
            let resource = self.parts.resources.get(route.resource)?;
            Some(MatchedResource {
                id: resource.id.clone(),
                at: at(&resource.spot),
                path: route.rule.path.text.clone(),
                match_at: at(&route.rule.spot),
                beside,
            })
        });
        all.collect()
    }

    /// Where a rule stands.
    pub fn rule_at(&self, id: &str) -> Option<At> {
        self.parts.rules.iter().find(|rule| *rule.id == *id).map(|rule| at(&rule.spot))
    }

    /// Where a resource stands.
    pub fn resource_at(&self, id: &str) -> Option<At> {
        self.parts.resources.iter().find(|resource| *resource.id == *id).map(|resource| at(&resource.spot))
    }

    /// Where the fields of these resources say that this kind stands at this place.
    pub fn fields_at(&self, resources: &[Arc<str>], place: &Place, kind: KindId) -> Vec<At> {
        let named = self.parts.resources.iter().filter(|resource| resources.contains(&resource.id));
        let mut all: Vec<At> = named
            .flat_map(|resource| {
                let fields = resource.fields.iter().filter(|field| field.kind == kind && field.place == *place);
                let told =
                    resource.told.iter().filter(|told| told.place == *place && told.teller.listed().contains(&kind));
                fields.map(|field| at(&field.spot)).chain(told.map(|told| at(&told.spot))).collect::<Vec<_>>()
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }
}

fn at(spot: &Spot) -> At {
    (spot.file.to_string(), spot.line)
}

/// Decides every kind and keeps the traces.
pub(super) fn explain(
    parts: &Parts,
    situation: &Situation<'_>,
    states: &[(usize, State)],
) -> Result<Explanation, Refusal> {
    of_contexts(parts, situation, &planner::contexts(parts, situation, states))
}

/// The same, for these resources and rules.
pub(super) fn of_contexts(
    parts: &Parts,
    situation: &Situation<'_>,
    contexts: &[Context],
) -> Result<Explanation, Refusal> {
    let mut kinds = Vec::new();
    for (kind, row) in parts.kinds.kinds.iter() {
        let each = contexts.iter().map(|context| planner::decide_in(parts, situation, context, kind));
        let mut each = each.collect::<Result<Vec<_>, _>>()?;
        let decision = planner::decision(parts, situation, contexts, kind)?;
        // Where another resource hides more, what decides for this one decides nothing.
        let decided = |own: &Decision| own.action == decision.action;
        if each.iter().any(|(own, _)| decided(own)) {
            each.iter_mut().filter(|(own, _)| !decided(own)).for_each(|(_, trace)| overrule(trace));
        }
        let mut steps = Vec::new();
        for (context, (_, trace)) in contexts.iter().zip(each) {
            add_steps(parts, context, contexts.len() > 1, trace, &mut steps);
        }
        if steps.iter().any(|step| step.hangs == Hangs::Itself) {
            steps.iter_mut().filter(|step| step.hangs == Hangs::No).for_each(|step| step.hangs = Hangs::Others);
        }
        kinds.push(KindExplanation { kind, name: row.name.clone(), decision, steps });
    }
    let resources = planner::resources(parts, situation.matched).iter().map(|resource| resource.id.clone()).collect();
    let name = |role: &crate::policy::decide::RoleId| Some(parts.roles.get(usize::from(role.0))?.name.clone());
    Ok(Explanation { resources, roles: situation.roles.iter().filter_map(name).collect(), kinds })
}

fn overrule(trace: &mut Trace) {
    for role in &mut trace.roles {
        decide::turn(&mut role.considered, Verdict::Overruled);
        if role.verdict == Verdict::Decides {
            role.verdict = Verdict::Overruled;
        }
    }
    decide::turn(&mut trace.ceiling, Verdict::Overruled);
}

fn add_steps(parts: &Parts, context: &Context, several: bool, trace: Trace, steps: &mut Vec<Step>) {
    let resource = context.resource.clone().filter(|_| several);
    let stands = |item: &&Considered| matches!(item.verdict, Verdict::Decides | Verdict::Overruled);
    let ceilings: Vec<Arc<str>> =
        trace.ceiling.iter().filter(stands).map(|item| parts.rules[item.rule].id.clone()).collect();
    let ceilings = |verdict| if verdict == Verdict::Limited { ceilings.clone() } else { Vec::new() };
    let step = |role: Option<Arc<str>>, item: &Considered| {
        let rule = &parts.rules[item.rule];
        Step {
            resource: resource.clone(),
            role,
            rule: Some(rule.id.clone()),
            at: Some(at(&rule.spot)),
            action: item.action,
            when: table::words(&parts.conditions[item.rule]),
            verdict: item.verdict,
            ceilings: ceilings(item.verdict),
            hangs: if matches!(context.states.get(item.rule), Some(State::Either(_))) {
                Hangs::Itself
            } else {
                Hangs::No
            },
        }
    };
    for answer in &trace.roles {
        let role = parts.roles.get(usize::from(answer.role.0)).map(|role| role.name.clone());
        steps.extend(answer.considered.iter().map(|item| step(role.clone(), item)));
        if answer.ungranted {
            steps.push(Step {
                resource: resource.clone(),
                role,
                rule: None,
                at: None,
                action: answer.action,
                when: Vec::new(),
                verdict: answer.verdict,
                ceilings: ceilings(answer.verdict),
                hangs: Hangs::No,
            });
        }
    }
    steps.extend(trace.ceiling.iter().map(|item| step(None, item)));
}
