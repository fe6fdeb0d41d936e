//! Why each kind becomes what it becomes: the trace of `decide` as data, with names in the place
//! of numbers, for `sudare explain` and the console to print.

use std::sync::Arc;

use crate::policy::Parts;
use crate::policy::conditions::Situation;
use crate::policy::decide::{Considered, State, Trace, Verdict};
use crate::policy::plan::Decision;
use crate::policy::planner::{self, Context};
use crate::terms::action::Action;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

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
    pub at: Option<(Arc<str>, usize)>,
    /// What it says.
    pub action: Action,
    /// Whether it counted.
    pub verdict: Verdict,
}

impl Verdict {
    /// The verdict as a sentence.
    pub fn sentence(self) -> String {
        match self {
            Verdict::Decides => "decides".to_owned(),
            Verdict::NotThere(condition) => format!("is not there: `{condition}` does not hold"),
            Verdict::Unconditioned => "gives way to a rule with a condition".to_owned(),
            Verdict::Broader => "gives way to a rule that names the kind more closely".to_owned(),
            Verdict::Milder => "gives way to a stricter rule".to_owned(),
            Verdict::Idle => "limits nothing: the answer is as strict already".to_owned(),
        }
    }
}

/// Decides every kind and keeps the traces.
pub(super) fn explain(
    parts: &Parts,
    situation: &Situation<'_>,
    states: &[(usize, State)],
) -> Result<Explanation, Refusal> {
    let contexts = planner::contexts(parts, situation, states);
    let mut kinds = Vec::new();
    for (kind, row) in parts.kinds.kinds.iter() {
        let mut steps = Vec::new();
        for context in &contexts {
            let (_, trace) = planner::decide_in(parts, situation, context, kind)?;
            add_steps(parts, context, contexts.len() > 1, trace, &mut steps);
        }
        let decision = planner::decision(parts, situation, &contexts, kind)?;
        kinds.push(KindExplanation { kind, name: row.name.clone(), decision, steps });
    }
    let resources = planner::resources(parts, situation.matched).iter().map(|resource| resource.id.clone()).collect();
    let name = |role: &crate::policy::decide::RoleId| Some(parts.roles.get(usize::from(role.0))?.name.clone());
    Ok(Explanation { resources, roles: situation.roles.iter().filter_map(name).collect(), kinds })
}

fn add_steps(parts: &Parts, context: &Context, several: bool, trace: Trace, steps: &mut Vec<Step>) {
    let resource = context.resource.clone().filter(|_| several);
    let step = |role: Option<Arc<str>>, item: &Considered| {
        let rule = &parts.rules[item.rule];
        let at = Some((rule.spot.file.clone(), rule.spot.line));
        Step {
            resource: resource.clone(),
            role,
            rule: Some(rule.id.clone()),
            at,
            action: item.action,
            verdict: item.verdict,
        }
    };
    for answer in &trace.roles {
        let role = parts.roles.get(usize::from(answer.role.0)).map(|role| role.name.clone());
        steps.extend(answer.considered.iter().map(|item| step(role.clone(), item)));
        if !answer.considered.iter().any(|item| item.verdict == Verdict::Decides) {
            steps.push(Step {
                resource: resource.clone(),
                role,
                rule: None,
                at: None,
                action: answer.action,
                verdict: Verdict::Decides,
            });
        }
    }
    steps.extend(trace.ceiling.iter().map(|item| step(None, item)));
}
