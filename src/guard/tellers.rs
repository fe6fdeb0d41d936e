//! Values that tell the kinds of others: `type: phone` beside `value`.
//!
//! What was said is kept by record, and in JSON by object too, until the record is complete; whether
//! it stood before or behind the value that it speaks of is the same. Where nothing was said, or two
//! things, the strictest counts of what could have been said.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::guard::leaves::{Known, Told};
use crate::guard::queue::Waiting;
use crate::policy::plan::{Decision, Otherwise, Plan};
use crate::policy::strict;
use crate::terms::action::{Action, Mask};
use crate::terms::edit::Document;
use crate::terms::kind::{self, KindId};
use crate::terms::leaf::{Leaf, Member, Part, Piece};
use crate::terms::quote::Quote;

/// What the tellers of one answer said.
#[derive(Default)]
pub(super) struct Tellers {
    said: HashMap<Scope, Said>,
    /// The objects around a value that a filter picks, by its record and the innermost of them.
    around: HashMap<(u32, u32), Box<[u32]>>,
    /// How many they are.
    objects: usize,
}

/// Which teller, in which record, in which object; none is the whole record.
type Scope = (u16, u32, Option<u32>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Kind(KindId),
    /// What is not listed.
    Else,
    Several,
}

/// What is kept beside one word that was said.
const BESIDE: usize = 48;

impl Tellers {
    /// Notes what a teller says here. Tells whether it is a word of the rules' own.
    pub(super) fn met(&mut self, plan: &Plan, number: u16, leaf: &Leaf<'_>) -> bool {
        if matches!(leaf.part, Part::Key | Part::Label | Part::Id) {
            return false;
        }
        let teller = &plan.tellers[usize::from(number)];
        let said = match teller.kinds.get(leaf.text.trim()) {
            Some(kind) => Said::Kind(*kind),
            // `1.0` may be the number that a filter asks for.
            None if teller.element.is_some() && leaf.part == Part::Number && !is_whole(leaf.text) => Said::Several,
            None => Said::Else,
        };
        let object = match teller.element {
            Some(depth) => leaf.objects.len().checked_sub(depth).and_then(|at| leaf.objects.get(at)).copied(),
            None => object(leaf.member.as_ref(), leaf.pieces),
        };
        self.note((number, leaf.record, None), said);
        if object.is_some() {
            self.note((number, leaf.record, object), said);
        }
        matches!(said, Said::Kind(_))
    }

    fn note(&mut self, scope: Scope, said: Said) {
        match self.said.entry(scope) {
            Entry::Vacant(entry) => {
                entry.insert(said);
            }
            Entry::Occupied(mut entry) if *entry.get() != said => {
                entry.insert(Said::Several);
            }
            Entry::Occupied(_) => {}
        }
    }

    /// Notes the objects that lie around a leaf, if a filter picks it.
    pub(super) fn around(&mut self, plan: &Plan, leaf: &Leaf<'_>, told: &[Told]) {
        let filtered = told.iter().any(|told| plan.tellers[usize::from(told.number)].element.is_some());
        if let (true, Some(innermost)) = (filtered, leaf.objects.last())
            && let Entry::Vacant(entry) = self.around.entry((leaf.record, *innermost))
        {
            self.objects += leaf.objects.len();
            entry.insert(leaf.objects.into());
        }
    }

    /// What the tellers make of a leaf, together with what its place says by itself: the strictest.
    /// `complete` says whether all that is outside records has been seen.
    pub(super) fn known(
        &self,
        plan: &Plan,
        decisions: &[Decision],
        leaf: &Waiting<'_>,
        complete: bool,
    ) -> Option<Known> {
        let own = leaf.known.filter(|known| known.declared || leaf.told.is_empty());
        let told = leaf.told.iter().filter_map(|told| {
            let said = self.said(plan, told, leaf, complete);
            means(plan, decisions, told.number, said, told.only)
        });
        // Which of several kinds at one place is the strictest hangs on the record.
        let beside = own.filter(|known| known.declared && known.action.is_none());
        let beside =
            beside.into_iter().flat_map(|known| leaf.kinds.iter().map(move |kind| Known { kind: *kind, ..known }));
        let known = own.into_iter().chain(beside).chain(told).reduce(|a, b| {
            let only = a.only && b.only;
            let stricter = if rank(decisions, &b) > rank(decisions, &a) { b } else { a };
            Known { only, ..stricter }
        });
        // Where no filter picks the value, its label counts.
        known.or(leaf.known)
    }

    /// What the element says in which a filter looks for this value.
    fn element(&self, told: &Told, leaf: &Waiting<'_>) -> Said {
        let objects = told.object.and_then(|object| self.around.get(&(leaf.record, object)));
        let objects = objects.map_or(&[][..], |objects| objects);
        let said = objects.iter().filter_map(|object| self.said.get(&(told.number, leaf.record, Some(*object))));
        said.copied().reduce(|a, b| if a == b { a } else { Said::Several }).unwrap_or(Said::Several)
    }

    fn said(&self, plan: &Plan, told: &Told, leaf: &Waiting<'_>, complete: bool) -> Said {
        let number = told.number;
        if leaf.document != Document::Body || (leaf.record == 0 && !complete) {
            return Said::Several;
        }
        if plan.tellers[usize::from(number)].element.is_some() {
            return self.element(told, leaf);
        }
        let scope = if plan.tellers[usize::from(number)].beside && (is_json(leaf.pieces) || told.object.is_some()) {
            // A value in a list or in a text of JSON has no object that could be told from others.
            let Some(object) = object(leaf.member, leaf.pieces) else { return Said::Several };
            Some(object)
        } else {
            None
        };
        self.said.get(&(number, leaf.record, scope)).copied().unwrap_or(Said::Several)
    }

    /// Forgets records that were released; the document around them stays.
    pub(super) fn forget(&mut self, released: impl Fn(u32) -> bool) {
        self.said.retain(|(_, record, _), _| *record == 0 || !released(*record));
        self.around.retain(|(record, _), _| *record == 0 || !released(*record));
        self.objects = self.around.values().map(|objects| objects.len()).sum();
    }

    /// What they take in memory.
    pub(super) fn weight(&self) -> usize {
        (self.said.len() + self.around.len()) * BESIDE + self.objects * size_of::<u32>()
    }
}

/// What a word makes of the value that it speaks of.
fn means(plan: &Plan, decisions: &[Decision], number: u16, said: Said, only: bool) -> Option<Known> {
    let known = |kind| Known { kind, only, declared: true, action: None };
    let forced = |action| Known { action: Some(action), ..known(kind::NOTES) };
    let teller = &plan.tellers[usize::from(number)];
    Some(match (said, teller.otherwise) {
        (Said::Else, Otherwise::Nothing) => return None,
        (Said::Kind(kind), _) | (Said::Else, Otherwise::Kind(kind)) => known(kind),
        (Said::Else, Otherwise::Action(action)) => forced(action),
        (Said::Else, Otherwise::Strictest) | (Said::Several, _) => {
            let listed = teller.listed().into_iter();
            let all = listed.map(|kind| match teller.otherwise {
                Otherwise::Action(action) if kind == kind::NOTES => forced(action),
                _ => known(kind),
            });
            doubt(decisions, all.collect())
        }
    })
}

/// Whether a number is written without a fraction or an exponent.
fn is_whole(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The strictest of several. One that would leave a part of its own kind's values to be seen may
/// leave more of another's: then nothing is left.
fn doubt(decisions: &[Decision], all: Vec<Known>) -> Known {
    let nothing = Known { kind: kind::NOTES, only: false, declared: true, action: Some(Action::Mask(Mask::Full)) };
    let several = all.len() > 1;
    match all.into_iter().max_by_key(|known| rank(decisions, known)) {
        Some(known) if !several => known,
        Some(known) => {
            let action = action(decisions, &known);
            if action.veils() && action.strictness() < Action::Mask(Mask::Full).strictness() { nothing } else { known }
        }
        None => nothing,
    }
}

fn action(decisions: &[Decision], known: &Known) -> Action {
    known.action.unwrap_or(decisions[usize::from(known.kind.0)].action)
}

fn rank(decisions: &[Decision], known: &Known) -> (u8, u32) {
    strict::rank(action(decisions, known))
}

/// The object of a value that stands in a JSON document itself or in a string of it, or in a call in XML:
/// those in other texts count from zero again.
fn object(member: Option<&Member>, pieces: &[Piece]) -> Option<u32> {
    let json = |quote: &Quote| matches!(quote, Quote::Json | Quote::JsonBare);
    let xml = |quote: &Quote| matches!(quote, Quote::XmlText | Quote::XmlCdata);
    let all = |is: &dyn Fn(&Quote) -> bool| pieces.iter().all(|piece| piece.quotes.layers().iter().all(is));
    let in_the_document = all(&json) || all(&xml);
    member.filter(|_| in_the_document).map(|member| member.object)
}

fn is_json(pieces: &[Piece]) -> bool {
    let in_json =
        |piece: &Piece| piece.quotes.layers().iter().any(|quote| matches!(quote, Quote::Json | Quote::JsonBare));
    pieces.iter().any(in_json)
}
