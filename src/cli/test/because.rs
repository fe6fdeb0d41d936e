//! Which rule decided what a test did not expect: the value is sought in the CRM's own answer,
//! where its place, its label or a detector tells its kind, and the plan tells the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::say::{Lang, texts};
use crate::cli::test::seen::{self, Seen};
use crate::format::Format;
use crate::policy::Policy;
use crate::policy::plan::{Meaning, Plan};
use crate::serve::exchange::dry::Got;
use crate::terms::action::Action;
use crate::terms::disclosure::Counts;
use crate::terms::kind::KindId;
use crate::terms::label::fold;
use crate::terms::place::{Place, PlaceId};

/// What decided.
#[derive(Debug, Clone, Default)]
pub struct Because {
    /// Kinds and what became of them.
    pub decided: Vec<Decided>,
    /// What is to be said where there are none.
    pub note: Option<String>,
}

/// What became of a kind.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The kind.
    pub kind: String,
    /// What became of it.
    pub action: String,
    /// The rules that said so, with their places; none where `ungranted` did.
    pub rules: Vec<ByRule>,
}

/// A rule's id, and its file and line.
pub type ByRule = (String, Option<(Arc<str>, usize)>);

/// What is sought in the CRM's answer.
#[derive(Default)]
pub(super) struct Sought<'s> {
    /// Where it stands.
    pub(super) place: Option<Place>,
    /// What it says.
    pub(super) values: Vec<&'s str>,
}

impl Because {
    /// What decided about a value of this answer.
    pub(super) fn of(policy: &Policy, got: &Got, original: &str, sought: &Sought<'_>, lang: Lang) -> Because {
        let Some(plan) = &got.plan else {
            return Because { decided: Vec::new(), note: Some(texts::NOBODY_IN.of(lang).to_owned()) };
        };
        let found = got.format.and_then(|format| kinds_of(plan, format, original, sought));
        let kinds = match found {
            Some(kinds) if kinds.is_empty() => {
                return Because { decided: Vec::new(), note: Some(texts::UNKNOWN_VALUE.of(lang).to_owned()) };
            }
            Some(kinds) => kinds,
            None if sought.place.is_some() => {
                return Because { decided: Vec::new(), note: Some(texts::NOT_IN_ANSWER.of(lang).to_owned()) };
            }
            None => got.disclosures.subjects.values().flat_map(Counts::iter).map(|row| row.kind).collect(),
        };
        let note = kinds.is_empty().then(|| texts::NO_KIND.of(lang).to_owned());
        Because { decided: kinds.into_iter().map(|kind| decided(policy, plan, kind)).collect(), note }
    }

    /// What decided about one kind.
    pub(super) fn of_kind(policy: &Policy, got: &Got, kind: KindId) -> Because {
        let decided = got.plan.iter().map(|plan| decided(policy, plan, kind)).collect();
        Because { decided, note: None }
    }

    /// What a refusal's note names: the kinds that a rule blocks.
    pub(super) fn of_refusal(policy: &Policy, got: &Got) -> Because {
        let (Some(plan), Some(refusal)) = (&got.plan, &got.refusal) else { return Because::default() };
        let blocked = |(id, _): &(KindId, _)| plan.decisions[usize::from(id.0)].action == Action::Block;
        let named = |name: &str| refusal.note.contains(&format!("`{name}`"));
        let kinds = plan.kinds.iter().filter(blocked).filter(|(_, kind)| named(&kind.name));
        Because { decided: kinds.map(|(kind, _)| decided(policy, plan, kind)).collect(), note: None }
    }

    /// In words, a line for each kind.
    pub(super) fn lines(&self, lang: Lang) -> Vec<String> {
        let line = |decided: &Decided| {
            let rule = |(id, at): &ByRule| match at {
                Some((file, line)) => format!("{id} ({file}:{line})"),
                None => id.clone(),
            };
            let rules: Vec<String> = decided.rules.iter().map(rule).collect();
            let by = if rules.is_empty() { "`ungranted`".to_owned() } else { rules.join(", ") };
            let words: [(&str, &dyn std::fmt::Display); 3] =
                [("kind", &decided.kind), ("action", &decided.action), ("rules", &by)];
            texts::DECIDED.with(lang, &words)
        };
        self.decided.iter().map(line).chain(self.note.clone()).collect()
    }
}

fn decided(policy: &Policy, plan: &Plan, kind: KindId) -> Decided {
    let decision = &plan.decisions[usize::from(kind.0)];
    let place = |id: &str| {
        let (_, spot) = policy.rules_written().find(|(own, _)| ***own == *id)?;
        Some((spot.file.clone(), spot.line))
    };
    Decided {
        kind: plan.kinds.get(kind).name.clone(),
        action: decision.action.to_string(),
        rules: decision.rules.iter().map(|id| (id.to_string(), place(id))).collect(),
    }
}

/// The kinds of what is sought; `None` where it does not stand in the answer.
fn kinds_of(plan: &Plan, format: Format, original: &str, sought: &Sought<'_>) -> Option<BTreeSet<KindId>> {
    let own = PlaceId(u16::try_from(plan.targets.len()).ok()?);
    let mut places = (*plan.places).clone();
    match &sought.place {
        Some(Place::Json(path)) => places.json.push((own, path.clone())),
        Some(Place::Css(css)) => places.css.push((own, css.clone())),
        Some(Place::Xml(path)) => places.xml.push((own, path.clone())),
        Some(Place::Name(_)) | None => {}
    }
    places.document.insert(own);
    let name = match &sought.place {
        Some(Place::Name(name)) => Some(fold(name)),
        _ => None,
    };
    let stands = |leaf: &Seen| {
        leaf.places.contains(&own)
            || name.as_ref().is_some_and(|name| leaf.names.iter().any(|own| fold(own) == *name))
            || sought.values.iter().any(|value| !value.is_empty() && leaf.text.contains(*value))
    };
    let all = seen::leaves(format, &Arc::new(places), original).ok()?;
    let mut kinds = BTreeSet::new();
    let mut stood = false;
    for leaf in all.iter().filter(|leaf| stands(leaf)) {
        stood = true;
        of_leaf(plan, leaf, own, &mut kinds);
    }
    stood.then_some(kinds)
}

/// The kinds that a leaf's places, names or detectors tell.
fn of_leaf(plan: &Plan, leaf: &Seen, own: PlaceId, kinds: &mut BTreeSet<KindId>) {
    let field = |id: &PlaceId| match plan.targets.get(usize::from(id.0))?.meaning {
        Meaning::Field { kind, .. } => Some(kind),
        _ => None,
    };
    let before = kinds.len();
    kinds.extend(leaf.places.iter().filter(|id| **id != own).filter_map(field));
    let folded: Vec<String> = leaf.names.iter().map(|name| fold(name)).collect();
    let above = leaf.above.iter().map(|name| fold(name));
    for name in folded.iter().cloned().chain(above) {
        kinds.extend(plan.names.get(&name).into_iter().flatten().filter_map(field));
    }
    if kinds.len() == before && plan.scan {
        kinds.extend(folded.iter().find_map(|name| plan.labels.get(name)));
    }
    let mut found = Vec::new();
    plan.detectors.find(&leaf.text, &mut found);
    kinds.extend(found.into_iter().map(|found| found.kind));
}
