//! How the guard looks at one leaf: what its seat, the request and detectors say of it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use crate::detect::Found;
use crate::guard::disguise;
use crate::guard::leaves::{self, Known, Told};
use crate::guard::queue::{Flags, Waiting};
use crate::guard::records::Records;
use crate::guard::seats::Seat;
use crate::guard::subject::Subjects;
use crate::guard::tellers::Tellers;
use crate::guard::turned::Turned;
use crate::policy::plan::{Meaning, Plan, Unlisted};
use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part};
use crate::terms::names;
use crate::terms::refusal::{Reason, Refusal};

/// Whether nothing can become of a leaf, whatever is still to come: no place, label or detector
/// knows it, and no other leaf's value is sought in it.
pub(super) fn passes(plan: &Plan, veils: bool, leaf: &Waiting<'_>) -> bool {
    let unknown = leaf.known.is_none() && leaf.told.is_empty() && leaf.found.is_empty();
    let unsought = !veils || leaf.flags.structure || leaf.flags.echo || leaf.flags.own;
    unknown && unsought && !leaf.flags.torn && (plan.unlisted == Unlisted::Scan || leaves::is_listed(leaf))
}

/// Whether all that can become of a leaf of a kind is that it is counted as shown: no rule of the plan veils
/// anything, so that no other value is sought in it either, and no detector found anything in it.
pub(super) fn is_only_counted(veils: bool, leaf: &Waiting<'_>) -> bool {
    !veils && leaf.told.is_empty() && leaf.found.is_empty() && leaf.known.is_some_and(|known| known.action.is_none())
}

/// What the rules give a leaf: the kind, all kinds, and the tellers that speak of it. A label in the rules'
/// own words (`name`) is no value of what a place reaches around it, unless the place is just that label.
pub(super) fn given<'s>(
    plan: &Plan,
    seat: &'s Seat,
    leaf: &Leaf<'_>,
    name: bool,
) -> (Option<Known>, &'s [KindId], Vec<Told>) {
    let is_label = name && leaf.part == Part::Label && leaf.reach.itself.is_empty();
    // What only a label names in a script may be the page's own text, or a part of the program.
    let by_label = leaf.part == Part::Script && seat.known.is_some_and(|known| !known.declared);
    let is_code = by_label && (leaves::is_code(leaf.text) || leaves::is_name(plan, leaf.text));
    if is_label || is_code || leaves::is_word_of_the_page(leaf) {
        return (None, &[], Vec::new());
    }
    // In which object a value stands is nothing that its seat knows.
    let object = leaf.objects.last().copied();
    let told = seat.told.iter().map(|(number, only)| Told { number: *number, only: *only, object });
    (seat.known, &seat.kinds, told.collect())
}

/// What is looked for inside a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Nothing,
    /// What stands under names that the rules declare, in data that is written in base64.
    Names,
    /// That, and what form alone gives away.
    All,
}

/// What is looked for inside a leaf.
pub(super) fn look(plan: &Plan, leaf: &Leaf<'_>, known: Option<Known>, told: bool, echo: bool) -> Look {
    match known {
        _ if told => Look::All,
        Some(known) if known.only => Look::Nothing,
        Some(_) => Look::All,
        None if echo || matches!(leaf.part, Part::Style | Part::Boolean) => Look::Nothing,
        None if plan.scan => Look::All,
        None => Look::Names,
    }
}

/// Notes whose id stands here, and what tells the kinds of other values: whether there is an id, and a
/// word that the rules know. Whether a place speaks of the record hangs on where in its document the
/// value stands, and so is asked for each leaf.
pub(super) fn note_telling(
    plan: &Plan,
    (subjects, tellers): (&mut Subjects, &mut Tellers),
    seat: &Seat,
    leaf: &Leaf<'_>,
) -> (bool, bool) {
    let mut teller = false;
    let telling = if seat.is_telling { Some(seat.met.telling(leaf)) } else { None };
    for (id, itself) in telling.into_iter().flatten() {
        match plan.targets[usize::from(id.0)].meaning {
            Meaning::Subject(source) => subjects.met(plan, leaf.record, (source, itself), leaf.text),
            Meaning::Tells(number) => teller |= tellers.met(plan, number, leaf),
            _ => {}
        }
    }
    (seat.has_subject, teller)
}

/// Notes what rules ask of the record, if it stands here. An attribute is no field: staff gets it as
/// they get any value that no field names.
pub(super) fn note_attributes(plan: &Plan, records: &mut Records, seat: &Seat, leaf: &Leaf<'_>) {
    records.in_record(leaf.record);
    for (id, itself) in seat.met.telling(leaf) {
        if let Meaning::Attribute(term) = plan.targets[usize::from(id.0)].meaning {
            let place = &plan.targets[usize::from(id.0)].place;
            records.met(plan, term, (place, itself), leaf);
        }
    }
}

/// What is found in a leaf: in all of it, in what it holds of values that stand side by side, and what was turned
/// back there.
pub(super) fn find(
    (plan, turned): (&Plan, Option<&Turned>),
    leaf: &Leaf<'_>,
    look: Look,
    disguised: bool,
    found: &mut Vec<Found>,
) {
    found.clear();
    if look == Look::All {
        beside(plan, leaf, found);
    }
    if disguised && look != Look::Nothing {
        disguise::find(plan, leaf.text, look == Look::All, found);
    }
    if let Some(turned) = turned {
        turned.find(leaf.text, found);
    }
}

fn beside(plan: &Plan, leaf: &Leaf<'_>, found: &mut Vec<Found>) {
    plan.detectors.find(leaf.text, found);
    let mut taken: Vec<Range<usize>> = found.iter().map(|found| found.range.clone()).collect();
    taken.sort_unstable_by_key(|range| range.start);
    for part in leaves::apart(leaf.text, leaf.pieces) {
        let mut inside = Vec::new();
        plan.detectors.find(&leaf.text[part.clone()], &mut inside);
        for mut one in inside {
            one.range = part.start + one.range.start..part.start + one.range.end;
            // What was found side by side does not overlap, so that the last that begins before counts.
            let before = taken.partition_point(|range| range.start < one.range.end);
            let overlaps = before.checked_sub(1).is_some_and(|last| taken[last].end > one.range.start);
            if !overlaps {
                taken.insert(before, one.range.clone());
                found.push(one);
            }
        }
    }
}

/// A leaf of a header. Its own name says how it is written, not whose value it holds.
pub(super) fn of_header<'a>(leaf: &Leaf<'a>) -> Leaf<'a> {
    let names = if leaf.above.is_empty() { names::Names::NONE } else { leaf.names };
    Leaf { names, above: names::Names::NONE, ..leaf.clone() }
}

/// Refuses a row that is none, or that has more cells than the request named columns: nobody can say
/// what stands in those. A key of an object in a cell is not a cell.
pub(super) fn check_cell(plan: &Plan, seat: &Seat, leaf: &Leaf<'_>) -> Result<(), Refusal> {
    let rows = plan.columns.is_some() && leaf.record != 0 && leaf.part != Part::Key;
    if rows && !seat.met.cell {
        return Err(Refusal::new(Reason::Shape, "a row holds a value in no column that the request names"));
    }
    Ok(())
}

/// What a leaf is that no other value is sought in: a name that the rules know, an id, structure.
pub(super) fn structure(leaf: &Leaf<'_>, is_name: bool, is_subject: bool) -> Flags {
    let structure = is_name || (is_subject && leaves::is_plain_id(leaf.text)) || leaves::is_structure(leaf);
    Flags { structure, ..Flags::default() }
}

/// Whether a form shows staff's own words again: a search box holds what was typed into it, and
/// would post a veil with the next page otherwise. Only the control of the parameter's name
/// counts, and only where one value was sent, so that nobody can send a list of guesses and see
/// which of them stays.
pub(super) fn is_echo(asked: &HashMap<String, Option<String>>, leaf: &Leaf<'_>) -> bool {
    let sent = |name: &str| matches!(asked.get(&label::fold(name)), Some(Some(word)) if word == leaf.text.trim());
    !asked.is_empty() && leaves::is_control(leaf) && leaf.names.iter().any(sent)
}

/// Whether nothing but blanks stands there.
pub(super) fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// The parameters by their folded names; nothing for a name that has several values.
pub(super) fn asked(query: &[(String, String)]) -> HashMap<String, Option<String>> {
    let mut asked = HashMap::new();
    for (name, value) in query {
        match asked.entry(label::fold(name)) {
            Entry::Vacant(entry) => {
                entry.insert(Some(value.trim().to_owned()));
            }
            Entry::Occupied(mut entry) if entry.get().as_deref() != Some(value.trim()) => {
                entry.insert(None);
            }
            Entry::Occupied(_) => {}
        }
    }
    asked
}
