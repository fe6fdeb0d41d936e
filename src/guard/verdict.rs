//! The judgement over leaves that are decided together.
//!
//! First every leaf is judged by itself: by its field, its label, or what detectors find in it.
//! Then each value that was veiled so is sought in all the other leaves.

mod edits;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::detect::Found;
use crate::guard::disguise;
use crate::guard::filler::is_filler;
use crate::guard::leaves::{Known, is_listed};
use crate::guard::needles::{Needles, Veil};
use crate::guard::notes::{Note, Notes, Why};
use crate::guard::patches::{NOTHING_SHOWN, Ranked};
use crate::guard::queue::{Counted, Queue, Waiting};
use crate::guard::records::Records;
use crate::guard::shapes::Shapes;
use crate::guard::state::States;
use crate::guard::subject::Subjects;
use crate::guard::turned;
use crate::policy::plan::{Decision, Plan, Unlisted};
use crate::terms::action::{Action, Mask};
use crate::terms::disclosure::{Count, Disclosures, Subject};
use crate::terms::edit::{Patch, Verdict};
use crate::terms::kind::{self, KindId};
use crate::terms::leaf::Part;
use crate::terms::mint::{Domain, Mint, MintError};
use crate::terms::refusal::{Reason, Refusal};
use crate::transform::{self, Context, Today};

/// What one leaf's own judgement says.
enum Own {
    /// Nothing, or these ranges.
    Ranges(Vec<Ranked>),
    /// The whole leaf is decided.
    Whole(Patch),
    /// The whole leaf goes.
    Gone,
}

impl Own {
    fn is_nothing(&self) -> bool {
        matches!(self, Own::Ranges(patches) if patches.is_empty())
    }
}

pub(super) struct Judge<'a> {
    plan: &'a Plan,
    mint: &'a dyn Mint,
    subjects: &'a Subjects,
    today: Today,
    records: &'a Records,
    /// What becomes of each kind in the record of the leaf that is judged.
    decisions: &'a [Decision],
    /// The same for its own kind, where a field gave it that.
    in_fields: &'a [Decision],
    needles: Needles,
    shapes: Shapes,
    verdict: Verdict,
    tally: Tally<'a>,
    /// The only record of what is judged together; 0 where there are none or several.
    lone: u32,
    /// Where the body's leaves went with a text around them.
    gone: Range<usize>,
    states: Option<&'a States>,
    notes: Option<&'a dyn Notes>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        mint: &'a dyn Mint,
        subjects: &'a Subjects,
        today: Today,
        records: &'a Records,
    ) -> Judge<'a> {
        Judge {
            plan,
            mint,
            subjects,
            today,
            records,
            decisions: &plan.decisions,
            in_fields: &plan.decisions,
            needles: Needles::default(),
            shapes: Shapes::default(),
            lone: 0,
            gone: 0..0,
            verdict: Verdict::default(),
            tally: Tally::default(),
            states: None,
            notes: None,
        }
    }

    /// Tells this listener, if there is one, what each value was taken for.
    pub(super) fn told_to(mut self, notes: Option<&'a dyn Notes>) -> Judge<'a> {
        self.notes = notes;
        self
    }

    /// Veils these values too, wherever they stand.
    pub(super) fn hiding(mut self, values: &[String]) -> Result<Judge<'a>, Refusal> {
        let veil = Veil { text: NOTHING_SHOWN, strictness: Action::Mask(Mask::Full).strictness() };
        values.iter().try_for_each(|value| self.seek(value, 0, 0, veil))?;
        Ok(self)
    }

    /// Puts these in the place of what the application keeps in its forms.
    pub(super) fn sealing(mut self, states: &'a States) -> Judge<'a> {
        self.states = Some(states);
        self
    }

    /// Seeks a veiled value in the other leaves.
    fn seek(&mut self, value: &str, record: u32, far_chars: usize, veil: Veil<'_>) -> Result<(), Refusal> {
        self.shapes.note(value);
        self.needles.add(value, record, far_chars, veil)
    }

    /// Judges leaves; `told` says what tellers make of one that they speak of.
    pub(super) fn judge(
        mut self,
        waiting: &Queue,
        told: impl Fn(&Waiting<'_>) -> Option<Known>,
    ) -> Result<Verdict, Refusal> {
        self.lone = lone(waiting);
        let mut own = Vec::with_capacity(waiting.len());
        for mut leaf in waiting.iter() {
            if !leaf.told.is_empty() {
                leaf.known = told(&leaf);
            }
            own.push(self.own(&leaf)?);
        }
        waiting.counted().iter().for_each(|leaf| self.count(leaf));
        let mut elsewhere = std::mem::take(&mut self.needles).build()?;
        if !elsewhere.is_empty() || !own.iter().all(Own::is_nothing) {
            for (leaf, own) in waiting.iter().zip(own) {
                self.order(&leaf, own, &mut elsewhere);
            }
            elsewhere.is_within_bounds()?;
        }
        self.tally.count(self.plan, self.subjects, &mut self.verdict.disclosures);
        Ok(self.verdict)
    }

    /// Notes a leaf that is shown. Where some are only counted, no rule compares records.
    fn count(&mut self, leaf: &Counted) {
        let decision = &self.plan.decisions[usize::from(leaf.kind.0)];
        self.tally.note(leaf.record, leaf.kind, decision.action, Some(decision));
        self.verdict.undeclared += u32::from(!leaf.declared);
    }

    /// Judges one leaf by itself.
    fn own(&mut self, leaf: &Waiting<'_>) -> Result<Own, Refusal> {
        if leaf.flags.holds {
            return Ok(Own::Ranges(Vec::new()));
        }
        if leaf.flags.state {
            let text = self.states.map_or("", |states| states.made(leaf.begin())).to_owned();
            return Ok(Own::Whole(Patch { range: 0..leaf.text.len(), text }));
        }
        if leaf.flags.torn {
            return Ok(Own::Whole(Patch { range: trimmed(leaf.text), text: NOTHING_SHOWN.to_owned() }));
        }
        self.decisions = self.records.decisions(self.plan, leaf.record);
        match leaf.known {
            Some(known) => {
                self.in_fields = self.records.in_fields(self.plan, leaf.record);
                self.known(leaf, self.of_record(leaf, known))
            }
            None => self.unknown(leaf),
        }
    }

    /// Of several kinds at one place the one that is the strictest in this record.
    fn of_record(&self, leaf: &Waiting<'_>, known: Known) -> Known {
        let own = leaf.kinds.iter().filter(|_| known.declared && known.action.is_none() && leaf.told.is_empty());
        let kind = own.copied().max_by_key(|kind| self.action(*kind).strictness());
        Known { kind: kind.unwrap_or(known.kind), ..known }
    }

    /// A leaf whose place gave it a kind.
    fn known(&mut self, leaf: &Waiting<'_>, known: Known) -> Result<Own, Refusal> {
        let range = value(leaf.text);
        let value = &leaf.text[range.clone()];
        // What stood there as a token is of the token's kind, whatever the field says.
        let held: Vec<Found> = leaf.found.iter().filter(|f| f.evidence == turned::EVIDENCE).cloned().collect();
        let found = if known.only { &held[..] } else { leaf.found };
        let (kind, action) = self.strictest(known, found, &range);
        let Known { kind: given, declared, .. } = known;
        let why = Why::Known { given, kind, declared, forced: known.action.is_some(), found };
        self.tell(leaf, range.clone(), Some(action), why);
        let decision = if kind == known.kind { self.given(known) } else { self.decision(kind) };
        // Of a value whose field says itself what becomes of it no rule decides.
        let by_itself = known.action.is_some() && kind == known.kind;
        if action == Action::Block {
            if known.declared && kind == known.kind {
                return Err(match known.action {
                    None => self.blocked(kind, decision),
                    Some(_) => Refusal::new(Reason::Rule, "a field blocks values whose kind nothing tells"),
                });
            }
            self.verdict.alerts.insert(kind);
        }
        let action = if action == Action::Block { Action::Remove } else { action };
        self.tally.note(leaf.record, kind, action, (!by_itself).then_some(decision));
        if !known.declared {
            self.verdict.undeclared += 1;
        }
        if action == Action::Show {
            let all = kind == kind::NOTES;
            let inside = found.iter().filter(|f| all || f.certain).filter(|f| f.kind != kind);
            return self.inside(leaf, inside);
        }
        let domain = if by_itself { None } else { decision.domain.as_deref() };
        let veil = self.veil(value, (kind, action), domain, leaf.record, leaf.part == Part::Number)?;
        // A boolean is no text that could be known again elsewhere.
        if leaf.part != Part::Boolean && !is_filler(value, kind) {
            let far_chars = self.plan.kinds.get(kind).elsewhere_chars;
            let veil = Veil { text: &veil, strictness: action.strictness() };
            self.seek(value, self.record(leaf), far_chars, veil)?;
        }
        Ok(if action == Action::Remove { Own::Gone } else { Own::Whole(Patch { range, text: veil }) })
    }

    /// The kind and action of a declared value: the field's, or those of something stricter that a
    /// detector is certain of inside it.
    fn strictest(&self, known: Known, found: &[Found], range: &Range<usize>) -> (KindId, Action) {
        let own = known.action.unwrap_or_else(|| self.given(known).action);
        let stricter = found
            .iter()
            .filter(|f| f.certain && f.kind != known.kind)
            .map(|f| (f, self.action(f.kind)))
            .filter(|(_, action)| action.strictness() > own.strictness())
            .max_by_key(|(_, action)| action.strictness());
        match stricter {
            // The whole value is of the other kind: a number with a check digit in a wrong column.
            Some((f, action)) if f.range.start <= range.start && f.range.end >= range.end => (f.kind, action),
            // Where the field shows, only the part is veiled; where it veils, its own shape could
            // show of the part what the part's rule hides.
            Some((f, action)) if own.veils() => {
                let whole = if matches!(action, Action::Remove | Action::Block) {
                    Action::Remove
                } else {
                    Action::Mask(Mask::Full)
                };
                (f.kind, whole)
            }
            _ => (known.kind, own),
        }
    }

    /// A leaf that only detectors, or the resource's word about unlisted leaves, can judge.
    fn unknown(&mut self, leaf: &Waiting<'_>) -> Result<Own, Refusal> {
        if leaf.flags.echo {
            self.tell(leaf, trimmed(leaf.text), Some(Action::Show), Why::Echo);
            return Ok(Own::Ranges(Vec::new()));
        }
        let listed = is_listed(leaf);
        match self.plan.unlisted {
            Unlisted::Mask if !listed => {
                self.tell(leaf, trimmed(leaf.text), Some(Action::Mask(Mask::Full)), Why::Unlisted);
                return Ok(Own::Whole(Patch { range: trimmed(leaf.text), text: NOTHING_SHOWN.to_owned() }));
            }
            Unlisted::Block if !listed => {
                self.tell(leaf, trimmed(leaf.text), Some(Action::Block), Why::Unlisted);
                return Err(Refusal::new(
                    Reason::Rule,
                    "the answer holds a value that the resource's fields do not name",
                ));
            }
            _ => {}
        }
        // Nobody reads what is written in a file.
        if leaf.flags.disguised && disguise::is_file(leaf.text) {
            self.tell(leaf, trimmed(leaf.text), Some(Action::Mask(Mask::Full)), Why::Unlisted);
            return Ok(Own::Whole(Patch { range: trimmed(leaf.text), text: NOTHING_SHOWN.to_owned() }));
        }
        // A class or an id that looks like a telephone number is a page's own name for something.
        let counts = |f: &&Found| {
            leaf.part != Part::Id || (f.certain && f.kind != kind::PHONE) || f.evidence == turned::EVIDENCE
        };
        let is_seen = |f: &&Found| counts(f) && f.evidence != turned::EVIDENCE;
        let count = leaf.found.iter().filter(is_seen).count();
        self.verdict.undeclared += u32::try_from(count).unwrap_or(u32::MAX);
        self.inside(leaf, leaf.found.iter().filter(counts))
    }

    /// Veils what detectors found inside a text that itself passes.
    fn inside<'f>(&mut self, leaf: &Waiting<'_>, found: impl Iterator<Item = &'f Found>) -> Result<Own, Refusal> {
        let mut patches = Vec::new();
        for f in found {
            let decision = self.decision(f.kind);
            self.tell(leaf, f.range.clone(), Some(decision.action), Why::Found(f));
            let action = match decision.action {
                Action::Block => {
                    self.verdict.alerts.insert(f.kind);
                    Action::Remove
                }
                action => action,
            };
            self.tally.note(leaf.record, f.kind, action, Some(decision));
            if action.veils() {
                let value = &leaf.text[f.range.clone()];
                let text = match action {
                    Action::Remove => String::new(),
                    _ if f.evidence == disguise::EVIDENCE => NOTHING_SHOWN.to_owned(),
                    _ => self.veil(value, (f.kind, action), decision.domain.as_deref(), leaf.record, false)?,
                };
                let patch = Patch { range: f.range.clone(), text };
                patches.push(Ranked { patch, strictness: action.strictness() });
            }
        }
        Ok(Own::Ranges(patches))
    }

    /// The record that a leaf is about: what stands around the only one is about that.
    fn record(&self, leaf: &Waiting<'_>) -> u32 {
        if leaf.record == 0 { self.lone } else { leaf.record }
    }

    fn tell(&self, leaf: &Waiting<'_>, range: Range<usize>, action: Option<Action>, why: Why<'_>) {
        if let Some(notes) = self.notes {
            let rules = why.kind().map_or(&[][..], |kind| &self.decision(kind).rules);
            notes.judged(&Note { document: leaf.document, pieces: leaf.pieces, range, action, rules, why });
        }
    }

    fn veil(
        &self,
        value: &str,
        (kind, action): (KindId, Action),
        domain: Option<&str>,
        record: u32,
        number: bool,
    ) -> Result<String, Refusal> {
        // Only what can be known again has a domain.
        let lasting = matches!(action, Action::Tokenize(_) | Action::Hash);
        let domain = match domain {
            _ if !lasting => None,
            Some(name) => Some(Domain::Shared(name.to_owned())),
            None => {
                let Subject { kind, id, .. } = self.subjects.of(self.plan, record);
                id.map(|id| Domain::Subject { kind, id })
            }
        };
        let context = Context { today: self.today, domain: domain.as_ref(), mint: self.mint, number };
        match transform::veil(value, action, self.plan.kinds.get(kind), &context) {
            Ok(veil) => Ok(veil),
            Err(MintError::TooLong) => Ok(NOTHING_SHOWN.to_owned()),
            Err(MintError::Away) => Err(Refusal::new(Reason::Keys, "the key ring is not there")),
            Err(MintError::Vault) => Err(Refusal::new(Reason::Keys, "the vault cannot be read, or takes no more")),
        }
    }

    /// What becomes of a value of the kind that its place gave it.
    fn given(&self, known: Known) -> &'a Decision {
        let decisions = if known.declared { self.in_fields } else { self.decisions };
        &decisions[usize::from(known.kind.0)]
    }

    fn action(&self, kind: KindId) -> Action {
        self.decisions[usize::from(kind.0)].action
    }

    fn decision(&self, kind: KindId) -> &'a Decision {
        &self.decisions[usize::from(kind.0)]
    }

    fn blocked(&self, kind: KindId, decision: &Decision) -> Refusal {
        let name = &self.plan.kinds.get(kind).name;
        Refusal::new(Reason::Rule, format!("`{name}` is blocked by {}", decision.rules.join(", ")))
    }
}

/// Where in a text the value stands: behind what parts it from its label.
fn value(text: &str) -> Range<usize> {
    let Range { start, end } = trimmed(text);
    let value = text[start..end].trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '：'));
    if value.is_empty() { start..end } else { end - value.len()..end }
}

/// The bytes of a text without the blanks around it.
fn trimmed(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    start.min(end)..end
}

/// The only record that leaves belong to.
fn lone(waiting: &Queue) -> u32 {
    let mut records = waiting.iter().map(|leaf| leaf.record).filter(|record| *record != 0);
    let first = records.next().unwrap_or(0);
    if records.all(|record| record == first) { first } else { 0 }
}

/// What was done, by record: who each record is about is asked once, at the end.
#[derive(Default)]
struct Tally<'a> {
    /// In the order of their coming; one record may come back.
    rows: Vec<(u32, Count)>,
    /// Where the present record's rows begin.
    begin: usize,
    /// What the rules decided.
    ruled: Vec<&'a Decision>,
    /// The kinds of which a mask may have left a part: one that cannot read its value leaves nothing.
    partial: BTreeSet<KindId>,
}

impl<'a> Tally<'a> {
    fn note(&mut self, record: u32, kind: KindId, action: Action, by: Option<&'a Decision>) {
        if matches!(action, Action::Mask(mask) if mask != Mask::Full) {
            self.partial.insert(kind);
        }
        let action = action.word();
        if self.rows.last().is_none_or(|(last, _)| *last != record) {
            self.begin = self.rows.len();
        }
        let same = |(_, row): &&mut (u32, Count)| row.kind == kind && row.action == action;
        match self.rows[self.begin..].iter_mut().find(same) {
            Some((_, row)) => row.count += 1,
            None => self.rows.push((record, Count { kind, action, count: 1 })),
        }
        if let Some(by) = by.filter(|by| !self.ruled.iter().any(|known| std::ptr::eq(*known, *by))) {
            self.ruled.push(by);
        }
    }

    fn count(&self, plan: &Plan, subjects: &Subjects, disclosures: &mut Disclosures) {
        for rows in self.rows.chunk_by(|a, b| a.0 == b.0) {
            let counts = disclosures.subjects.entry(subjects.of(plan, rows[0].0)).or_default();
            for (_, row) in rows {
                counts.add(row.kind, row.action, row.count);
            }
        }
        disclosures.partial.extend(&self.partial);
        disclosures.rules.extend(self.ruled.iter().flat_map(|by| by.rules.iter().cloned()));
    }
}
