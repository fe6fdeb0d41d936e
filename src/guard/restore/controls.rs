//! A form that staff sends beside the page that it stands in, as it is and as staff gets it.
//!
//! A field is a control of that form, by its name; what a browser sends of it is what staff was given, if
//! nobody changed it. Of controls with one name each is itself as long as all of them came.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::shown::{Gathered, Likenesses, Shown};
use super::who::names_a_record;
use super::{Doubt, Doubts, Fill, Home, RESTORED, Settled, Why, is_locked, takes_out};
use crate::format::html::forms::{Control, Form, Sort};
use crate::policy::plan::Plan;
use crate::terms::kind::KindId;
use crate::terms::refusal::Refusal;
use crate::terms::secret::Secret;

/// The controls of the form that a write was sent from.
#[derive(Default)]
pub struct IssuedForm {
    pub(super) fields: BTreeMap<String, Vec<Slot>>,
    /// The names of those that say whom the form is about, beside what names themselves say.
    pub(super) anchors: BTreeSet<String>,
    /// Whether these must come, since nothing else says it.
    pub(super) anchors_must_come: bool,
    /// Tokens that look like values and that the page shows, each in one spelling.
    pub(super) tokens: BTreeSet<String>,
    /// Whether it came along with what was sent, so that it is that form beyond doubt.
    pub(super) came_along: bool,
}

/// One control: what it may send, as the CRM gave it and as staff got it.
pub(super) struct Slot {
    pub sort: Sort,
    /// Whether it is sent at all.
    pub sends: bool,
    /// What its place in the page says that it is.
    pub kind: Option<KindId>,
    pub values: Vec<Given>,
}

/// A value that a control may send.
pub(super) struct Given {
    pub original: String,
    pub veil: String,
    /// Whether it is what is sent if nobody touches the control.
    pub chosen: bool,
}

impl Given {
    /// Whether staff got it in another way than the CRM has it.
    pub(super) fn is_veiled(&self) -> bool {
        self.original != self.veil
    }
}

/// A name and a value as they were sent.
#[derive(Clone)]
pub struct Sent {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// Whether it is a file: nothing in there is what a control holds.
    pub is_file: bool,
}

/// The page that a form stands in, twice.
pub struct Page {
    /// Its forms as the CRM gave them.
    pub original: Vec<Form>,
    /// The same as staff got them.
    pub veiled: Vec<Form>,
    /// What its places say that stands there, in the order of the CRM's page.
    pub kinds: Vec<(Range<usize>, KindId)>,
    /// Tokens that look like values and that it shows.
    pub tokens: BTreeSet<String>,
}

impl IssuedForm {
    /// Finds the form that a write came from; `is_sent_to` says whether one leads where the write went. Nothing
    /// where not just one of those has the fields that are in doubt, or all fields where none is, or where the
    /// two pages differ in controls. `id` is whose record it is.
    pub fn new(
        page: Page,
        is_sent_to: impl Fn(&Form) -> bool,
        in_doubt: &BTreeSet<&str>,
        sent: &[Sent],
        id: &str,
    ) -> Option<IssuedForm> {
        if page.original.len() != page.veiled.len() {
            return None;
        }
        let has = |form: &Form, name: &str| form.controls.iter().any(|control| control.name == name);
        let fits = |form: &Form| match in_doubt.is_empty() {
            true => sent.iter().all(|one| has(form, &one.name)),
            false => in_doubt.iter().any(|name| has(form, name)),
        };
        let in_doubt = |(o, v): &(Form, Form)| is_sent_to(o) && (o.is_in_doubt || v.is_in_doubt);
        let forms: Vec<(Form, Form)> = page.original.into_iter().zip(page.veiled).collect();
        // It may have any control, so that it may be meant.
        if forms.iter().any(in_doubt) {
            return None;
        }
        let mut meant = forms.into_iter().filter(|(o, _)| is_sent_to(o) && fits(o));
        let (Some((o, v)), None) = (meant.next(), meant.next()) else { return None };
        let mut form = IssuedForm::of(o, v, &page.kinds)?;
        form.anchor(id);
        Some(IssuedForm { tokens: page.tokens, ..form })
    }

    /// Names the controls that say whom the form is about: what nobody sees and is called so or is the id itself, and
    /// what people may choose that is called so and stands at the id.
    pub(super) fn anchor(&mut self, id: &str) {
        let says = |name: &str, slot: &Slot| {
            let is_id = slot.values.iter().any(|given| given.chosen && given.original.trim() == id);
            match slot.sort {
                Sort::Hidden => is_id || names_a_record(name),
                _ => is_id && names_a_record(name),
            }
        };
        let all = self.fields.iter().filter(|(name, slots)| slots.iter().any(|slot| slot.sends && says(name, slot)));
        self.anchors = all.map(|(name, _)| name.clone()).collect();
    }

    /// The controls of one form; nothing where the two differ in them.
    pub(super) fn of(o: Form, v: Form, kinds: &[(Range<usize>, KindId)]) -> Option<IssuedForm> {
        if o.controls.len() != v.controls.len() {
            return None;
        }
        let mut fields: BTreeMap<String, Vec<Slot>> = BTreeMap::new();
        for (o, v) in o.controls.into_iter().zip(v.controls) {
            let (name, slot) = slot(o, v, kinds)?;
            fields.entry(name).or_default().push(slot);
        }
        Some(IssuedForm { fields, ..IssuedForm::default() })
    }

    /// Whether a form still says whose values it holds: what tells them was not changed, or put in.
    fn is_itself(&self, sent: &[Sent]) -> bool {
        let says = |one: &&Sent| names_a_record(&one.name) || self.anchors.contains(&one.name);
        let is_kept = sent.iter().filter(says).all(|one| match self.fields.get(&one.name) {
            // Of several nobody could tell which is whose.
            Some(slots) => matches!(&slots[..], [slot] if self.is_offered(&one.name, slot, &one.value)),
            None => false,
        });
        let comes_once = |name: &String| sent.iter().filter(|one| one.name == *name).count() == 1;
        is_kept && (!self.anchors_must_come || self.anchors.iter().all(comes_once))
    }

    /// Whether a control that says which record is meant sends what it may: another company of a contact is staff's
    /// choice, another contact is not.
    fn is_offered(&self, name: &str, slot: &Slot, value: &str) -> bool {
        match slot.of(value) {
            Found::Clear { chosen } | Found::Veil { chosen, .. } => chosen || !self.anchors.contains(name),
            Found::Nothing => false,
        }
    }

    /// Makes a form whole again: the fills have the numbers of what was sent, and so have the doubts.
    pub fn restore(&self, plan: &Plan, doubts: &Doubts, sent: &[Sent]) -> Result<Home, Refusal> {
        let mut settled = Settled { shown: self.shown(plan, doubts), ..Settled::default() };
        let mut open = doubts.leaves.clone();
        let mut numbers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, one) in sent.iter().enumerate() {
            numbers.entry(&one.name).or_default().push(number);
        }
        for (name, numbers) in &numbers {
            let Some(slots) = self.fields.get(*name) else { continue };
            let alike = Alike::of(slots, sent, numbers);
            // The page knows of a control what its name alone does not tell.
            let locked = slots.iter().filter_map(|slot| slot.kind).find(|kind| is_locked(plan, *kind));
            let lock = |number: &usize| Doubt::locked(*number..*number + 1, locked);
            open.extend(numbers.iter().filter(|_| locked.is_some()).map(lock));
            for number in numbers.iter().filter(|number| !sent[**number].is_file) {
                open.extend(settle((slots, &alike), sent, numbers, *number, doubts, &mut settled));
            }
        }
        self.are_left_ticked(plan, doubts, sent, &numbers)?;
        let mut home = settled.finish(plan, &open)?;
        let puts_back = self.came_along && takes_out(plan);
        if puts_back {
            self.put_back(&numbers, &mut home);
        }
        // What looks like a value may be a token of the one that it is sent for; and whether anything went home where
        // something could have must not show.
        let is_sure = home.is_empty() && !puts_back && !doubts.may_change(plan);
        // Which field that is, nobody can say.
        let refused = || Refusal { field: None, ..doubts.refuse(plan) };
        if is_sure || self.is_itself(sent) { Ok(home) } else { Err(refused()) }
    }

    /// Puts back what a rule took out of controls that did not come: a script that sends only what is filled in must
    /// not empty what staff never saw.
    fn put_back(&self, numbers: &BTreeMap<&str, Vec<usize>>, home: &mut Home) {
        for (name, slots) in self.fields.iter().filter(|(name, _)| !numbers.contains_key(name.as_str())) {
            let [slot] = &slots[..] else { continue };
            let mut chosen = slot.values.iter().filter(|given| given.chosen);
            let (Some(given), None) = (chosen.next(), chosen.next()) else { continue };
            let is_taken_out = given.is_veiled() && given.veil.trim().is_empty();
            if slot.sends && slot.sort != Sort::Ticks && is_taken_out {
                home.lost.push((name.clone(), Secret(slot.sent(&given.original))));
                slot.kind.into_iter().for_each(|kind| home.counts.add(kind, RESTORED, 1));
            }
        }
    }

    /// The tokens that look like values in its page and in its controls.
    fn shown(&self, plan: &Plan, doubts: &Doubts) -> Option<Shown> {
        if !doubts.has_tokens() {
            return None;
        }
        let likes = Likenesses::of(plan);
        let mut all = Gathered::new(&likes);
        for slot in self.fields.values().flatten() {
            let whole = slot.kind.is_some_and(|kind| all.is_of(kind));
            slot.values.iter().for_each(|given| all.text(&given.original, &given.veil, whole));
        }
        all.tokens.extend(self.tokens.iter().cloned());
        Shown::of(all.tokens)
    }

    /// Refuses a form in which a tick is missing that staff may not take away.
    fn are_left_ticked(
        &self,
        plan: &Plan,
        doubts: &Doubts,
        sent: &[Sent],
        numbers: &BTreeMap<&str, Vec<usize>>,
    ) -> Result<(), Refusal> {
        for (name, slots) in &self.fields {
            let of_name = numbers.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            let said = |number: &usize| doubts.leaves.iter().find(|doubt| doubt.is_of(*number, Why::ReadOnly));
            let by_name = of_name.iter().find_map(said).and_then(|doubt| doubt.kind);
            let ticks = || slots.iter().filter(|slot| slot.sort == Sort::Ticks && slot.sends);
            if ticks().next().is_none() {
                continue;
            }
            let all: HashSet<String> = of_name.iter().map(|number| plain(&sent[*number].value)).collect();
            for slot in ticks() {
                let locked = slot.kind.filter(|kind| is_locked(plan, *kind)).or(by_name);
                let is_sent = |given: &Given| all.contains(&plain(&given.veil));
                if locked.is_some() && !slot.values.iter().filter(|given| given.chosen).all(is_sent) {
                    return Err(Doubt::locked(0..0, locked).refuse(plan));
                }
            }
        }
        Ok(())
    }
}

/// Says of one field what it is of what its controls may send; what could be the veil of several of them is in doubt,
/// whatever it looks like.
fn settle(
    (slots, alike): (&[Slot], &Alike),
    sent: &[Sent],
    numbers: &[usize],
    number: usize,
    doubts: &Doubts,
    settled: &mut Settled,
) -> Option<Doubt> {
    let value = &sent[number].value;
    // Of several of one name each is known by its order only where there is but one.
    let found = match (slots, numbers) {
        ([slot], [_]) => slot.of(value),
        _ => alike.anywhere(slots, value),
    };
    let span = number..number + 1;
    match found {
        Found::Veil { original, chosen, kind } => {
            settled.kept.push(span.clone());
            settled.home.fills.push(Fill { span: span.clone(), text: original });
            let said = doubts.leaves.iter().find(|doubt| doubt.span.start == number).and_then(|doubt| doubt.kind);
            if let Some(kind) = said.or(kind) {
                settled.home.counts.add(kind, RESTORED, 1);
            }
            settled.moved.extend(Some(span).filter(|_| !chosen));
        }
        Found::Clear { chosen } => {
            settled.kept.push(span.clone());
            settled.moved.extend(Some(span).filter(|_| !chosen));
        }
        Found::Nothing => {
            let is_veil = |given: &Given| given.is_veiled() && same(&given.veil, value);
            if let Some(slot) = alike.of_value(slots, value).find(|slot| slot.values.iter().any(is_veil)) {
                return Some(Doubt::veil(span, slot.kind));
            }
            settled.own.extend(Some(span).filter(|_| value.trim().is_empty()));
        }
    }
    None
}

/// What a value is of those that were issued; `chosen` says whether it is what the control held.
enum Found {
    /// It stands for this.
    Veil {
        original: String,
        chosen: bool,
        kind: Option<KindId>,
    },
    /// Staff got it in clear.
    Clear {
        chosen: bool,
    },
    Nothing,
}

impl Slot {
    fn of(&self, value: &str) -> Found {
        let mut found = self.values.iter().filter(|given| same(&given.veil, value));
        match (found.next(), found.next()) {
            (Some(Given { original, veil, chosen }), None) if original == veil => Found::Clear { chosen: *chosen },
            (Some(Given { original, chosen, .. }), None) => {
                Found::Veil { original: self.sent(original), chosen: *chosen, kind: self.kind }
            }
            _ => Found::Nothing,
        }
    }

    /// A value as a browser would send it.
    fn sent(&self, original: &str) -> String {
        match self.sort {
            Sort::Line => original.replace(['\r', '\n'], ""),
            Sort::Lines | Sort::Hidden => plain(original).replace('\n', "\r\n"),
            Sort::Choice | Sort::Ticks => original.to_owned(),
        }
    }
}

/// The controls of one name by what each may send, and how often that was sent: there may be a thousand of them.
struct Alike {
    slots: HashMap<String, Vec<usize>>,
    sent: HashMap<String, usize>,
}

impl Alike {
    fn of(slots: &[Slot], sent: &[Sent], numbers: &[usize]) -> Alike {
        let mut alike = Alike { slots: HashMap::new(), sent: HashMap::new() };
        for (at, slot) in slots.iter().enumerate() {
            for given in &slot.values {
                let own = alike.slots.entry(plain(&given.veil)).or_default();
                if own.last() != Some(&at) {
                    own.push(at);
                }
            }
        }
        for number in numbers {
            *alike.sent.entry(plain(&sent[*number].value)).or_default() += 1;
        }
        alike
    }

    /// Those that may send a value.
    fn of_value<'s>(&self, slots: &'s [Slot], value: &str) -> impl Iterator<Item = &'s Slot> + use<'s> {
        let own = self.slots.get(&plain(value)).cloned().unwrap_or_default();
        own.into_iter().filter_map(|at| slots.get(at))
    }

    /// Of controls of which not all came, or of several, only what no other sends can be told.
    fn anywhere(&self, slots: &[Slot], value: &str) -> Found {
        let mut found = self.of_value(slots, value);
        match (found.next(), found.next()) {
            (Some(slot), None) if self.sent.get(&plain(value)) == Some(&1) => slot.of(value),
            _ => Found::Nothing,
        }
    }
}

fn slot(o: Control, v: Control, kinds: &[(Range<usize>, KindId)]) -> Option<(String, Slot)> {
    let is_other = o.name != v.name || o.sort != v.sort || o.sends != v.sends || o.values.len() != v.values.len();
    if is_other || o.values.iter().zip(&v.values).any(|(o, v)| o.chosen != v.chosen) {
        return None;
    }
    let from = kinds.partition_point(|(span, _)| span.start < o.span.start);
    let inside = kinds[from..].first().filter(|(span, _)| span.end <= o.span.end);
    let given = o.values.into_iter().zip(v.values);
    let given = given.map(|(o, v)| Given { original: o.text, veil: v.text, chosen: o.chosen });
    let slot = Slot { sort: o.sort, sends: o.sends, kind: inside.map(|(_, kind)| *kind), values: given.collect() };
    Some((o.name, slot))
}

/// Browsers write the ends of lines in their own way, and leave them out of a line.
fn same(veiled: &str, sent: &str) -> bool {
    veiled == sent || plain(veiled) == plain(sent)
}

fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
