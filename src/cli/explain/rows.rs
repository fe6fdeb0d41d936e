//! One row a value: where it stands, what it was taken for and why, what decided, what staff gets.
//!
//! A row tells no raw value unless it is asked for: of a value that staff sees in clear it says how
//! long it is. Names of places are repeated only where the rules know them or a program would have
//! written them.

use std::sync::Arc;

use crate::cli::explain::seen::{Cause, Noted, SeenLeaf};
use crate::policy::Policy;
use crate::policy::explain::At;
use crate::policy::plan::{Meaning, Plan};
use crate::terms::action::Action;
use crate::terms::edit::{Change, Document};
use crate::terms::kind::KindId;
use crate::terms::label;

/// One value.
pub(in crate::cli) struct Row {
    /// In a header, not in the body.
    pub(in crate::cli) header: bool,
    /// Line and column in the body, counted from 1, where its text is known.
    pub(in crate::cli) spot: Option<(usize, usize)>,
    /// The record, counted from 1; 0 outside.
    pub(in crate::cli) record: u32,
    /// The names that lead there, the farthest first.
    pub(in crate::cli) way: Vec<String>,
    pub(in crate::cli) kind: Option<KindId>,
    pub(in crate::cli) by: By,
    pub(in crate::cli) action: Option<Action>,
    pub(in crate::cli) deciders: Vec<Decider>,
    pub(in crate::cli) gets: Gets,
    /// The raw value, for whoever asks for it.
    pub(in crate::cli) value: String,
    /// The same as staff gets it where nothing veils it.
    pub(in crate::cli) whole: String,
}

/// How a value was recognised.
pub(in crate::cli) enum By {
    /// A field of the rules; `evidence` where a detector was certain of the kind that decides.
    Field { place: String, at: Vec<At>, evidence: Option<&'static str> },
    /// A label that stands at it.
    Label { label: String, evidence: Option<&'static str> },
    /// A detector.
    Detector { certain: bool, evidence: &'static str },
    /// It was veiled elsewhere in the answer.
    Elsewhere,
    /// The resource's word about what its fields do not name.
    Unlisted,
    /// Staff's own word.
    Echo,
    /// Nobody: no field, label or detector.
    Nothing,
}

/// What said what becomes of it.
pub(in crate::cli) enum Decider {
    /// A rule.
    Rule(Arc<str>, Option<At>),
    /// `ungranted`.
    Ungranted,
    /// The field itself: `else: remove`.
    Field,
    /// The value that it repeats, `unlisted`, or the parameter that it came from.
    Other,
}

/// What staff gets of it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum Gets {
    /// All of it: so many characters.
    Clear(usize),
    /// A veil.
    Veil(String),
    /// All but so many parts.
    Inside(usize),
    /// Nothing.
    Nothing,
    /// The whole answer is refused.
    Refused,
}

/// What rows are made with.
pub(in crate::cli) struct Maker<'a> {
    pub(in crate::cli) policy: &'a Policy,
    pub(in crate::cli) plan: &'a Plan,
    /// Resources that the request is about, those beside it too.
    pub(in crate::cli) resources: &'a [Arc<str>],
    /// The answer's text as it was walked, if it is known.
    pub(in crate::cli) text: Option<&'a str>,
    /// Whether the answer was refused.
    pub(in crate::cli) refused: bool,
}

impl Maker<'_> {
    /// Every value of the leaves.
    pub(in crate::cli) fn rows(&self, leaves: &[SeenLeaf]) -> Vec<Row> {
        leaves.iter().flat_map(|leaf| leaf.notes.iter().map(move |note| self.row(leaf, note))).collect()
    }

    /// The values that nothing recognised: they go as they came.
    pub(in crate::cli) fn unknown(&self, leaves: &[SeenLeaf]) -> Vec<Row> {
        let row = |leaf: &SeenLeaf| Row {
            header: false,
            spot: self.spot(leaf),
            record: leaf.record,
            way: self.way(leaf),
            kind: None,
            by: By::Nothing,
            action: None,
            deciders: vec![Decider::Other],
            gets: Gets::Clear(leaf.text.chars().count()),
            whole: leaf.text.clone(),
            value: leaf.text.clone(),
        };
        leaves.iter().map(row).collect()
    }

    fn row(&self, leaf: &SeenLeaf, note: &Noted) -> Row {
        let value = leaf.text.get(note.range.clone()).unwrap_or_default().to_owned();
        let gets = match note.action {
            Some(Action::Block) if self.refused => Gets::Refused,
            _ if self.refused => Gets::Nothing,
            _ => gets(leaf, note),
        };
        Row {
            header: leaf.document != Document::Body,
            spot: self.spot(leaf),
            record: leaf.record,
            way: self.way(leaf),
            kind: note.cause.kind(),
            by: self.by(leaf, &note.cause),
            action: note.action,
            deciders: self.deciders(note),
            gets,
            whole: applied(leaf, note).unwrap_or_else(|| value.clone()),
            value,
        }
    }

    fn by(&self, leaf: &SeenLeaf, cause: &Cause) -> By {
        match cause {
            Cause::Known { given, declared: true, evidence, .. } => {
                let is_field = |meaning: Meaning| matches!(meaning, Meaning::Field { kind, .. } if kind == *given);
                let targets = leaf.places.iter().filter_map(|id| self.plan.targets.get(usize::from(id.0)));
                // Where a teller was in doubt, none of its kinds is the one that was given.
                let named = targets.clone().find(|target| is_field(target.meaning));
                let any = || targets.clone().find(|target| matches!(target.meaning, Meaning::Field { .. }));
                match named.or_else(any) {
                    Some(target) => {
                        let kind = match target.meaning {
                            Meaning::Field { kind, .. } => kind,
                            _ => *given,
                        };
                        let at = self.policy.fields_at(self.resources, &target.place, kind);
                        By::Field { place: target.place.to_string(), at, evidence: *evidence }
                    }
                    None => By::Field { place: String::new(), at: Vec::new(), evidence: *evidence },
                }
            }
            Cause::Known { evidence, .. } => {
                let known = |name: &&String| self.plan.labels.contains_key(&label::fold(name));
                let label = leaf.names.iter().find(known).cloned().unwrap_or_default();
                By::Label { label, evidence: *evidence }
            }
            Cause::Found { certain, evidence, .. } => By::Detector { certain: *certain, evidence },
            Cause::Elsewhere => By::Elsewhere,
            Cause::Unlisted => By::Unlisted,
            Cause::Echo => By::Echo,
        }
    }

    fn deciders(&self, note: &Noted) -> Vec<Decider> {
        match &note.cause {
            Cause::Known { given, kind, forced: true, .. } if given == kind => vec![Decider::Field],
            Cause::Known { .. } | Cause::Found { .. } => deciders(self.policy, &note.rules),
            Cause::Elsewhere | Cause::Unlisted | Cause::Echo => vec![Decider::Other],
        }
    }

    /// The names that lead to a leaf, as far as they may be told.
    fn way(&self, leaf: &SeenLeaf) -> Vec<String> {
        leaf.above.iter().rev().chain(leaf.names.first()).map(|name| self.told(name)).collect()
    }

    fn told(&self, name: &str) -> String {
        const NAME_CHARS: usize = 40;
        let folded = label::fold(name);
        let known = self.plan.names.contains_key(&folded) || self.plan.labels.contains_key(&folded);
        let mut found = Vec::new();
        self.plan.detectors.find(name, &mut found);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let programs = name.len() <= NAME_CHARS && name.chars().all(plain) && found.is_empty();
        if known || programs { name.trim().to_owned() } else { "…".to_owned() }
    }

    fn spot(&self, leaf: &SeenLeaf) -> Option<(usize, usize)> {
        if leaf.document != Document::Body {
            return None;
        }
        let before = self.text?.get(..leaf.begin())?;
        let line = before.matches('\n').count() + 1;
        let last = before.rsplit('\n').next().unwrap_or_default();
        Some((line, last.chars().count() + 1))
    }
}

/// Who decided, by the ids of rules; `ungranted` where there are none.
pub(in crate::cli) fn deciders(policy: &Policy, rules: &[Arc<str>]) -> Vec<Decider> {
    if rules.is_empty() {
        return vec![Decider::Ungranted];
    }
    rules.iter().map(|id| Decider::Rule(id.clone(), policy.rule_at(id))).collect()
}

fn gets(leaf: &SeenLeaf, note: &Noted) -> Gets {
    let chars = || leaf.text.get(note.range.clone()).map_or(0, |value| value.chars().count());
    let patches = match &leaf.change {
        None => return Gets::Clear(chars()),
        Some(Change::Cut(_)) => return Gets::Nothing,
        Some(Change::Replace(patches)) => patches,
    };
    let (start, end) = (note.range.start, note.range.end);
    let mut over = patches.iter().filter(|patch| patch.range.start < end && patch.range.end > start);
    let Some(first) = over.next() else { return Gets::Clear(chars()) };
    let covers = first.range.start <= start && first.range.end >= end;
    match (covers, first.text.is_empty()) {
        (true, true) => Gets::Nothing,
        (true, false) => Gets::Veil(first.text.clone()),
        (false, _) => Gets::Inside(1 + over.count()),
    }
}

/// The value with the veils inside it.
fn applied(leaf: &SeenLeaf, note: &Noted) -> Option<String> {
    let Some(Change::Replace(patches)) = &leaf.change else { return None };
    let mut out = String::new();
    let mut at = note.range.start;
    let (start, end) = (note.range.start, note.range.end);
    for patch in patches.iter().filter(|patch| patch.range.start >= start && patch.range.end <= end) {
        out.push_str(leaf.text.get(at..patch.range.start)?);
        out.push_str(&patch.text);
        at = patch.range.end;
    }
    out.push_str(leaf.text.get(at..note.range.end)?);
    Some(out)
}
