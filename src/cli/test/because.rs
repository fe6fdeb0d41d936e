//! Which rule decided what a test did not expect: the value is sought in the CRM's own answer,
//! where its place, its label or a detector tells its kind, and the plan tells the rest.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cli::explain::SeenLeaf;
use crate::cli::say::{Lang, Text, texts};
use crate::cli::test::compare::Compare;
use crate::cli::test::seen::{self, Seen};
use crate::format::Format;
use crate::policy::explain::Step;
use crate::policy::plan::{Meaning, Plan};
use crate::policy::trace::Verdict;
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
    /// The rules that name it and are not there.
    pub absent: Vec<Absent>,
}

/// A rule that names a kind, and whose condition does not hold.
#[derive(Debug, Clone)]
pub struct Absent {
    kind: KindId,
    /// The rule.
    pub rule: ByRule,
    /// The condition.
    pub condition: &'static str,
}

impl Absent {
    /// What was considered of a kind, if it is a rule that is not there.
    pub(super) fn of(kind: KindId, step: &Step) -> Option<Absent> {
        let Verdict::NotThere(condition) = step.verdict else { return None };
        Some(Absent {
            kind,
            rule: (
                step.rule.as_deref()?.to_owned(),
                step.at.as_ref().map(|(file, line)| (file.as_str().into(), *line)),
            ),
            condition,
        })
    }
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
    /// What decided about a value of the answer.
    pub(super) fn of(own: &Compare<'_>, original: &str, sought: &Sought<'_>) -> Because {
        let said = |note: Text| Because { decided: Vec::new(), note: Some(note.of(own.lang).to_owned()) };
        let Some(plan) = &own.got.plan else { return said(texts::NOBODY_IN) };
        let found = own.got.format.and_then(|format| kinds_of(plan, format, original, sought));
        let (kinds, leaves) = match found {
            Some((kinds, _)) if kinds.is_empty() => return said(texts::UNKNOWN_VALUE),
            Some((kinds, leaves)) => (kinds, Some(leaves)),
            None if sought.place.is_some() => return said(texts::NOT_IN_ANSWER),
            None => (own.got.disclosures.subjects.values().flat_map(Counts::iter).map(|row| row.kind).collect(), None),
        };
        let note = kinds.is_empty().then(|| texts::NO_KIND.of(own.lang).to_owned());
        let is_meant = |leaf: &SeenLeaf| leaves.as_ref().is_none_or(|leaves| leaves.iter().any(|own| is(own, leaf)));
        let decided = kinds.into_iter().flat_map(|kind| decided(own, plan, kind, &is_meant)).collect();
        Because { decided, note }
    }

    /// What decided about one kind.
    pub(super) fn of_kind(own: &Compare<'_>, kind: KindId) -> Because {
        let decided = own.got.plan.iter().flat_map(|plan| decided(own, plan, kind, &|_| true)).collect();
        Because { decided, note: None }
    }

    /// What a refusal's note names: the kinds that a rule blocks.
    pub(super) fn of_refusal(own: &Compare<'_>) -> Because {
        let (Some(plan), Some(refusal)) = (&own.got.plan, &own.got.refusal) else { return Because::default() };
        let named = |name: &str| refusal.note.contains(&format!("`{name}`"));
        let kinds = plan.kinds.iter().filter(|(_, kind)| named(&kind.name));
        let decided = kinds.flat_map(|(kind, _)| decided(own, plan, kind, &|_| true));
        let block = Action::Block.to_string();
        Because { decided: decided.filter(|decided| decided.action == block).collect(), note: None }
    }

    /// In words, a line for each kind.
    pub(super) fn lines(&self, lang: Lang) -> Vec<String> {
        let rule = |(id, at): &ByRule| match at {
            Some((file, line)) => format!("{id} ({file}:{line})"),
            None => id.clone(),
        };
        let line = |decided: &Decided| {
            let rules: Vec<String> = decided.rules.iter().map(rule).collect();
            let by = if rules.is_empty() { "`ungranted`".to_owned() } else { rules.join(", ") };
            let words: [(&str, &dyn std::fmt::Display); 3] =
                [("kind", &decided.kind), ("action", &decided.action), ("rules", &by)];
            texts::DECIDED.with(lang, &words)
        };
        let absent = |decided: &Decided| -> Vec<String> {
            let line = |own: &Absent| {
                let words: [(&str, &dyn std::fmt::Display); 3] =
                    [("kind", &decided.kind), ("rule", &rule(&own.rule)), ("condition", &own.condition)];
                texts::ABSENT.with(lang, &words)
            };
            decided.absent.iter().map(line).collect()
        };
        let each = self.decided.iter().flat_map(|decided| std::iter::once(line(decided)).chain(absent(decided)));
        each.chain(self.note.clone()).collect()
    }
}

/// What became of a kind. Where that hangs on the record, it is what was made of the leaves that are
/// meant; a plan knows only what counts where no record tells.
fn decided(own: &Compare<'_>, plan: &Plan, kind: KindId, is_meant: &dyn Fn(&SeenLeaf) -> bool) -> Vec<Decided> {
    let heard = if plan.rows.is_some() { own.heard() } else { &[] };
    let notes = heard.iter().filter(|leaf| is_meant(leaf)).flat_map(|leaf| &leaf.notes);
    let of_kind = notes.filter(|note| note.cause.kind() == Some(kind));
    let mut all: Vec<(Action, &[Arc<str>])> = Vec::new();
    for (action, rules) in of_kind.filter_map(|note| Some((note.action?, note.rules.as_slice()))) {
        if !all.contains(&(action, rules)) {
            all.push((action, rules));
        }
    }
    if all.is_empty() {
        let decision = &plan.decisions[usize::from(kind.0)];
        all.push((decision.action, &decision.rules));
    }
    let place = |id: &str| {
        let (_, spot) = own.policy.rules_written().find(|(own, _)| ***own == *id)?;
        Some((spot.file.clone(), spot.line))
    };
    /// Whoever has more of them asks `sudare explain --all`.
    const ABSENT_MAX: usize = 3;
    let mut absent: Vec<Absent> = (own.absent)().into_iter().filter(|absent| absent.kind == kind).collect();
    absent.dedup_by(|a, b| a.rule == b.rule);
    absent.truncate(ABSENT_MAX);
    let told = |(action, rules): (Action, &[Arc<str>])| Decided {
        absent: absent.clone(),
        kind: plan.kinds.get(kind).name.clone(),
        action: action.to_string(),
        rules: rules.iter().map(|id| (id.to_string(), place(id))).collect(),
    };
    all.into_iter().map(told).collect()
}

/// Whether what was judged is what stands in the CRM's answer.
fn is(own: &Seen, judged: &SeenLeaf) -> bool {
    (&own.text, own.record, &own.names) == (&judged.text, judged.record, &judged.names)
}

/// The kinds of what is sought, and where it stands; `None` where it does not stand in the answer.
fn kinds_of(plan: &Plan, format: Format, original: &str, sought: &Sought<'_>) -> Option<(BTreeSet<KindId>, Vec<Seen>)> {
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
    let mut all = seen::leaves(format, &Arc::new(places), original).ok()?;
    all.retain(stands);
    let mut kinds = BTreeSet::new();
    all.iter().for_each(|leaf| of_leaf(plan, leaf, own, &mut kinds));
    (!all.is_empty()).then_some((kinds, all))
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
