//! A form that staff sends beside the page that it stands in, as it is and as staff gets it.
//!
//! A field is a control of that form, by its name; what a browser sends of it is what staff was given, if
//! nobody changed it. Of controls with one name each is itself as long as all of them came.

use std::collections::{BTreeMap, BTreeSet};

use super::lists::IDS;
use super::{Doubts, Fill, Home, RESTORED, Settled};
use crate::format::html::forms::{Control, Form, Sort};
use crate::policy::plan::Plan;
use crate::terms::refusal::Refusal;

/// The controls of the form that a write was sent from.
pub struct IssuedForm {
    fields: BTreeMap<String, Vec<Slot>>,
}

/// One control: what it may send, as the CRM gave it and as staff got it.
struct Slot {
    sort: Sort,
    values: Vec<(String, String)>,
}

/// A name and a value as they were sent.
#[derive(Clone)]
pub struct Sent {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

impl IssuedForm {
    /// Takes the same page twice; `is_sent_to` says whether a form leads where the write went. Nothing
    /// where not just one of those has the fields that are in doubt, or where the two pages differ in controls.
    pub fn new(
        original: Vec<Form>,
        veiled: Vec<Form>,
        is_sent_to: impl Fn(&str) -> bool,
        in_doubt: &BTreeSet<&str>,
    ) -> Option<IssuedForm> {
        if original.len() != veiled.len() {
            return None;
        }
        let has = |form: &Form| form.controls.iter().any(|control| in_doubt.contains(control.name.as_str()));
        let mut meant = original.into_iter().zip(veiled).filter(|(o, _)| is_sent_to(&o.action) && has(o));
        let (Some((o, v)), None) = (meant.next(), meant.next()) else { return None };
        if o.controls.len() != v.controls.len() {
            return None;
        }
        let mut fields: BTreeMap<String, Vec<Slot>> = BTreeMap::new();
        for (o, v) in o.controls.into_iter().zip(v.controls) {
            let (name, slot) = slot(o, v)?;
            fields.entry(name).or_default().push(slot);
        }
        Some(IssuedForm { fields })
    }

    /// Whether a form still says whose values it holds: what tells them was not changed, or put in.
    fn is_itself(&self, sent: &[Sent]) -> bool {
        sent.iter().filter(|one| names_a_record(&one.name)).all(|one| match self.fields.get(&one.name) {
            // Of several nobody could tell which is whose.
            Some(slots) => matches!(&slots[..], [slot] if !matches!(slot.of(&one.value), Found::Nothing)),
            None => false,
        })
    }

    /// Makes a form whole again: the fills have the numbers of what was sent, and so have the doubts.
    pub fn restore(&self, plan: &Plan, doubts: &Doubts, sent: &[Sent]) -> Result<Home, Refusal> {
        let mut settled = Settled::default();
        let mut numbers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, one) in sent.iter().enumerate() {
            numbers.entry(&one.name).or_default().push(number);
        }
        for (name, numbers) in numbers {
            let Some(slots) = self.fields.get(name) else { continue };
            for (at, number) in numbers.iter().enumerate() {
                let value = &sent[*number].value;
                let alone = numbers.iter().filter(|other| same(&sent[**other].value, value)).count() == 1;
                // Of several of one name each is known by its order only where there is but one.
                let slot = if slots.len() == 1 && numbers.len() == 1 { slots.get(at) } else { None };
                let found = slot.map_or_else(|| anywhere(slots, value, alone), |slot| slot.of(value));
                match found {
                    Found::Veil(original) => {
                        settled.kept.push(*number..*number + 1);
                        settled.home.fills.push(Fill { span: *number..*number + 1, text: original });
                        let kind = doubts.leaves.iter().find(|doubt| doubt.span.start == *number);
                        if let Some(kind) = kind.and_then(|doubt| doubt.kind) {
                            settled.home.counts.add(kind, RESTORED, 1);
                        }
                    }
                    Found::Clear => settled.kept.push(*number..*number + 1),
                    Found::Nothing if value.trim().is_empty() => settled.own.push(*number..*number + 1),
                    Found::Nothing => {}
                }
            }
        }
        let home = settled.finish(plan, &doubts.leaves)?;
        if home.fills.is_empty() || self.is_itself(sent) { Ok(home) } else { Err(doubts.refuse(plan)) }
    }
}

/// Whether a name may tell which record is meant.
pub fn names_a_record(name: &str) -> bool {
    let folded: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let ends = ["id", "ids", "guid"];
    IDS.iter().any(|id| folded == id.trim_start_matches('_').to_lowercase())
        || ["record", "module", "table", "model"].contains(&folded.as_str())
        || ends.iter().any(|end| folded.ends_with(end))
}

/// What a value is of those that were issued.
enum Found {
    /// It stands for this.
    Veil(String),
    /// Staff got it in clear.
    Clear,
    Nothing,
}

impl Slot {
    fn of(&self, value: &str) -> Found {
        let mut found = self.values.iter().filter(|(_, veiled)| same(veiled, value));
        match (found.next(), found.next()) {
            (Some((original, veiled)), None) if original == veiled => Found::Clear,
            (Some((original, _)), None) => Found::Veil(self.sent(original)),
            _ => Found::Nothing,
        }
    }

    /// A value as a browser would send it.
    fn sent(&self, original: &str) -> String {
        match self.sort {
            Sort::Line => original.replace(['\r', '\n'], ""),
            Sort::Lines | Sort::Hidden => plain(original).replace('\n', "\r\n"),
            Sort::Choice => original.to_owned(),
        }
    }
}

/// Of controls of which not all came, or of several, only what no other sends can be told.
fn anywhere(slots: &[Slot], value: &str, alone: bool) -> Found {
    let mut found = slots.iter().filter(|slot| slot.values.iter().any(|(_, veiled)| same(veiled, value)));
    match (found.next(), found.next()) {
        (Some(slot), None) if alone => slot.of(value),
        _ => Found::Nothing,
    }
}

fn slot(o: Control, v: Control) -> Option<(String, Slot)> {
    if o.name != v.name || o.sort != v.sort || o.values.len() != v.values.len() {
        return None;
    }
    Some((o.name, Slot { sort: o.sort, values: o.values.into_iter().zip(v.values).collect() }))
}

/// Browsers write the ends of lines in their own way, and leave them out of a line.
fn same(veiled: &str, sent: &str) -> bool {
    veiled == sent || plain(veiled) == plain(sent)
}

fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
