//! What the rules make of a record: how each kind that it names can have been recognised, every rule
//! that was considered for it, and what staff got.
//!
//! No value is in the ledger, so it cannot be said by which place one was known; by which places the
//! resource declares a kind can be, and that what none of them names was found otherwise.

use std::sync::Arc;

use crate::cli::explain::recorded::{Recorded, Totals};
use crate::cli::explain::rows::{Decider, deciders};
use crate::cli::explain::{ExplainArgs, Field, declared};
use crate::cli::kinds::detector;
use crate::cli::say::Lang;
use crate::ledger::query::Stored;
use crate::policy::Policy;
use crate::policy::conditions::Situation;
use crate::policy::explain::{Explanation, KindExplanation};
use crate::policy::plan::Plan;
use crate::terms::action::Action;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;

/// What the rules say of a request that the ledger holds.
pub(super) struct Recollected<'p> {
    policy: &'p Policy,
    plan: Arc<Plan>,
    resources: Vec<Arc<str>>,
    /// In each way in which what hangs on the CRM's record could turn out.
    ways: Vec<Explanation>,
}

/// What became of one kind under one action.
pub(super) struct Kept {
    pub(super) kind: KindId,
    pub(super) name: String,
    /// With its option, where the rules tell it.
    pub(super) action: String,
    /// How many values; nothing where none was disclosed.
    pub(super) count: Option<u64>,
    pub(super) known: Known,
    pub(super) by: DecidedBy,
    pub(super) gets: Received,
}

/// By what values of a kind can have been recognised.
pub(super) struct Known {
    /// The places that the resource's fields name.
    pub(super) fields: Vec<Field>,
    /// Whether a label can have said so.
    pub(super) label: bool,
    /// How a detector can have found it, if one can.
    pub(super) detector: Option<&'static str>,
}

/// What said what became of it.
pub(super) enum DecidedBy {
    /// The rules, or `ungranted`.
    Rules(Vec<Decider>),
    /// A rule that blocks, in whose place what only a detector found is removed.
    Removed(Vec<Decider>),
    /// Something else than the kind's own answer, which is this.
    Otherwise(String),
}

/// What staff got of each value.
pub(super) enum Received {
    /// All of it.
    Clear,
    /// What an action leaves of it.
    Veil(String),
    /// Nothing.
    Nothing,
    /// Nothing was disclosed at all.
    NoAnswer,
}

impl<'p> Recollected<'p> {
    /// Looks at the request; the rules must be those of then.
    pub(super) fn of(
        policy: &'p Policy,
        recorded: &Recorded,
        args: &ExplainArgs,
        lang: Lang,
    ) -> Result<Recollected<'p>, Trouble> {
        let matched = recorded.matched(policy, lang).map_err(Trouble::Gone)?;
        let (roles, staff) = (recorded.roles(policy), recorded.staff(args));
        let situation = Situation {
            matched: &matched,
            roles: &roles,
            staff: staff.as_ref(),
            network: recorded.network(),
            time: recorded.time(),
        };
        let plan = policy.plan(&situation).map_err(Trouble::Refused)?;
        let ways = policy.recollect(&situation).map_err(Trouble::Refused)?;
        let resources = plan.resources.clone();
        Ok(Recollected { policy, plan, resources, ways })
    }

    /// A row a kind and action that these records name; those of the declared fields where they name none.
    pub(super) fn rows<'r>(&self, records: impl Iterator<Item = &'r Stored>) -> Vec<Kept> {
        let totals = Recorded::totals(records);
        if totals.is_empty() { self.declared() } else { self.disclosed(&totals) }
    }

    /// Every rule that was considered for the kinds of some rows, in the ways that these rows show.
    pub(super) fn considered(&self, rows: &[Kept]) -> Vec<&KindExplanation> {
        let mut all: Vec<&KindExplanation> = Vec::new();
        for row in rows {
            let every = self.ways_of(row.kind);
            let own: Vec<_> = every.iter().filter(|way| way.decision.action.to_string() == row.action).collect();
            // What was done otherwise shows none of them.
            let shown = if own.is_empty() { every.iter().collect() } else { own };
            for way in shown {
                if !all.contains(way) {
                    all.push(way);
                }
            }
        }
        all
    }

    /// Whether no resource matched.
    pub(super) fn is_undeclared(&self) -> bool {
        self.resources.is_empty()
    }

    fn declared(&self) -> Vec<Kept> {
        let mut kinds: Vec<KindId> = self.plan.targets.iter().filter_map(|target| target.meaning.kind()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let row = |kind: KindId| {
            let way = *self.ways_of(kind).first()?;
            Some(Kept {
                kind,
                name: way.name.clone(),
                action: way.decision.action.to_string(),
                count: None,
                known: self.known(kind),
                by: DecidedBy::Rules(deciders(self.policy, &way.decision.rules)),
                gets: Received::NoAnswer,
            })
        };
        kinds.into_iter().filter_map(row).collect()
    }

    fn disclosed(&self, totals: &Totals) -> Vec<Kept> {
        let row = |((name, action), count): (&(String, String), &u64)| {
            let kind = self.policy.kinds().id(name)?;
            let ways = self.ways_of(kind);
            let is_own = |way: &&&KindExplanation| way.decision.action.word() == action;
            // What a rule blocks never leaves; what only a detector found is removed in its place.
            let removed = |way: &&&KindExplanation| way.decision.action == Action::Block && action == "remove";
            let by = |way: &KindExplanation| deciders(self.policy, &way.decision.rules);
            let (said, by, gets) = match (ways.iter().find(is_own), ways.iter().find(removed), ways.first()) {
                (Some(way), ..) => {
                    (way.decision.action.to_string(), DecidedBy::Rules(by(way)), received(way.decision.action))
                }
                (None, Some(way), _) => {
                    (way.decision.action.to_string(), DecidedBy::Removed(by(way)), Received::Nothing)
                }
                (None, None, way) => {
                    let own = way.map_or_else(String::new, |way| way.decision.action.to_string());
                    (action.clone(), DecidedBy::Otherwise(own), received_as(action))
                }
            };
            Some(Kept {
                kind,
                name: name.clone(),
                action: said,
                count: Some(*count),
                known: self.known(kind),
                by,
                gets,
            })
        };
        totals.iter().filter_map(row).collect()
    }

    fn ways_of(&self, kind: KindId) -> Vec<&KindExplanation> {
        let mut all: Vec<&KindExplanation> = Vec::new();
        for way in self.ways.iter().filter_map(|way| way.kinds.get(usize::from(kind.0))) {
            if !all.contains(&way) {
                all.push(way);
            }
        }
        all
    }

    fn known(&self, kind: KindId) -> Known {
        let mut fields: Vec<Field> = Vec::new();
        for field in declared(self.policy, &self.plan, &self.resources) {
            if field.kind == kind && !fields.iter().any(|known| known.place == field.place) {
                fields.push(field);
            }
        }
        Known {
            fields,
            label: self.plan.scan && self.plan.labels.values().any(|labelled| *labelled == kind),
            detector: detector(kind, self.policy.kinds().get(kind)),
        }
    }
}

/// Why nothing can be said.
pub(super) enum Trouble {
    /// The rules have no such resource.
    Gone(String),
    /// By the rules whoever asked is refused.
    Refused(Refusal),
}

fn received(action: Action) -> Received {
    match action {
        Action::Show => Received::Clear,
        Action::Remove | Action::Block => Received::Nothing,
        veil => Received::Veil(veil.to_string()),
    }
}

fn received_as(word: &str) -> Received {
    match word {
        "show" => Received::Clear,
        "remove" | "block" => Received::Nothing,
        veil => Received::Veil(veil.to_owned()),
    }
}
