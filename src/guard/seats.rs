//! What stands around leaves, understood once: the records of a list have the same names at the same
//! places, and only their values differ.
//!
//! What a leaf's part, names and places mean to a plan is a seat. A seat is found by comparing with the
//! one that followed the last one before, so that a list's second record is hardly looked at. Nothing
//! that hangs on a value is kept; keys are names, and what is found in one is the same each time.
//! Seats outlast their answer: they are lent by the plan, to which alone they belong.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::mem;

use crate::detect::Found;
use crate::guard::leaves::{self, Known, Met};
use crate::policy::plan::{Meaning, Plan, Unlisted};
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Part};
use crate::terms::names::{Noted, is_same};
use crate::terms::place::PlaceId;

/// How many seats are kept; a document has few, and where it has more, each is looked at again.
const SEATS: usize = 1024;

/// How long the names of a seat are that is kept, all together.
const NAMES_BYTES: usize = 512;

/// What stands around a leaf, and what that means.
pub(super) struct Seat {
    part: Part,
    /// The text itself, of a key.
    key: Option<Box<str>>,
    names: Noted,
    above: Noted,
    reached: Box<[PlaceId]>,
    itself: Box<[PlaceId]>,
    around: Box<[PlaceId]>,
    /// The seat that came after it.
    next: usize,
    /// The places and the label that it means.
    pub met: Met,
    /// The kind that the place gives.
    pub known: Option<Known>,
    /// Every kind that a field names for it.
    pub kinds: Vec<KindId>,
    /// The tellers that speak of it.
    pub told: Vec<(u16, bool)>,
    /// Whether somebody's id stands here.
    pub has_subject: bool,
    /// Whether a subject or a teller may stand here.
    pub is_telling: bool,
    /// Which declared kinds have a place here.
    pub stood: Vec<KindId>,
    /// Of a key: whether it is a name, and no value.
    pub is_name: bool,
    /// Of a key: whether no detector finds anything in it.
    pub is_quiet: bool,
    /// Whether nothing becomes of what stands here, whatever it is.
    pub is_idle: bool,
}

/// All of them, as far as they are kept.
#[derive(Default)]
pub(super) struct Seats {
    rows: Vec<Seat>,
    /// By a hash of all that tells one from others.
    index: HashMap<u64, usize>,
    hasher: RandomState,
    /// Keys and all other leaves come in turns.
    last: [usize; 2],
    /// One for which there is no room.
    spare: Option<Box<Seat>>,
    names: leaves::Names,
    found: Vec<Found>,
}

impl Seats {
    /// The seat of a leaf.
    #[inline]
    pub(super) fn of(&mut self, plan: &Plan, leaf: &Leaf<'_>) -> &Seat {
        let way = usize::from(leaf.part == Part::Key);
        let last = self.last[way];
        let next = self.rows.get(last).map_or(0, |seat| seat.next);
        if self.is_at(next, leaf) {
            self.last[way] = next;
            return &self.rows[next];
        }
        // The elements of an array have one seat.
        if self.is_at(last, leaf) {
            return &self.rows[last];
        }
        self.sought(plan, leaf, way)
    }

    /// Whether there is room for more.
    pub(super) fn has_room(&self) -> bool {
        self.rows.len() < SEATS
    }

    #[inline]
    fn is_at(&self, at: usize, leaf: &Leaf<'_>) -> bool {
        self.rows.get(at).is_some_and(|seat| seat.is_of(leaf))
    }

    #[inline(never)]
    fn sought(&mut self, plan: &Plan, leaf: &Leaf<'_>, way: usize) -> &Seat {
        let hash = self.hash(leaf);
        let known = self.index.get(&hash).copied();
        if let Some(at) = known.filter(|at| self.rows[*at].is_of(leaf)) {
            self.comes(way, at);
            return &self.rows[at];
        }
        let seat = self.seat(plan, leaf);
        if known.is_some() || !self.has_room() || seat.bytes() > NAMES_BYTES {
            return self.spare.insert(Box::new(seat));
        }
        let at = self.rows.len();
        self.rows.push(seat);
        self.index.insert(hash, at);
        self.comes(way, at);
        &self.rows[at]
    }

    /// Notes which seat came after which.
    fn comes(&mut self, way: usize, at: usize) {
        let last = mem::replace(&mut self.last[way], at);
        if let Some(seat) = self.rows.get_mut(last) {
            seat.next = at;
        }
    }

    fn hash(&self, leaf: &Leaf<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        (leaf.part, leaf.places, leaf.reach.itself, leaf.reach.around).hash(&mut hasher);
        if leaf.part == Part::Key {
            leaf.text.hash(&mut hasher);
        }
        for names in [leaf.names, leaf.above] {
            names.len().hash(&mut hasher);
            names.iter().for_each(|name| name.hash(&mut hasher));
        }
        hasher.finish()
    }

    fn seat(&mut self, plan: &Plan, leaf: &Leaf<'_>) -> Seat {
        let mut met = Met::default();
        self.names.meet(plan, leaf, &mut met);
        let meanings = || met.places.iter().map(|id| plan.targets[usize::from(id.0)].meaning);
        let is_subject = |meaning| matches!(meaning, Meaning::Subject(_));
        let of_key = leaf.part == Part::Key;
        if of_key {
            self.found.clear();
            plan.detectors.find(leaf.text, &mut self.found);
        }
        let is_name = of_key && (leaves::is_word(leaf.text) || leaves::is_name(plan, leaf.text));
        // At a place whose keys may be values most are none all the same.
        let is_value = !of_key || !(met.places.is_empty() || is_name || leaves::is_key(leaf.text));
        let mut seat = Seat {
            part: leaf.part,
            key: of_key.then(|| leaf.text.into()),
            names: leaf.names.noted(),
            above: leaf.above.noted(),
            reached: leaf.places.into(),
            itself: leaf.reach.itself.into(),
            around: leaf.reach.around.into(),
            next: self.rows.len() + 1,
            known: if is_value { leaves::kind_of(plan, leaf, &met, false) } else { None },
            kinds: if is_value { leaves::kinds_of(plan, leaf, &met) } else { Vec::new() },
            told: if is_value { leaves::told(plan, leaf, &met) } else { Vec::new() },
            has_subject: meanings().any(is_subject),
            is_telling: meanings().any(|meaning| is_subject(meaning) || matches!(meaning, Meaning::Tells(_))),
            stood: meanings().filter_map(Meaning::kind).collect(),
            is_name,
            is_quiet: of_key && self.found.is_empty(),
            is_idle: false,
            met,
        };
        seat.is_idle = seat.is_idle(plan);
        seat
    }
}

impl Seat {
    #[inline]
    fn is_of(&self, leaf: &Leaf<'_>) -> bool {
        self.part == leaf.part
            && *self.reached == *leaf.places
            && *self.itself == *leaf.reach.itself
            && *self.around == *leaf.reach.around
            && self.key.as_deref().is_none_or(|key| is_same(key, leaf.text))
            && leaf.names.are(&self.names)
            && leaf.above.are(&self.above)
    }

    /// No rule speaks of it, no detector looks at it or finds anything, and no other value is sought in it.
    fn is_idle(&self, plan: &Plan) -> bool {
        let unread = self.met.places.is_empty() && self.known.is_none() && self.part != Part::Label;
        let undetected = self.is_quiet || !plan.scan;
        let unsought = self.is_name || !plan.may_veil();
        let listed = plan.unlisted == Unlisted::Scan || self.part == Part::Key;
        plan.seals.is_empty()
            && unread
            && undetected
            && unsought
            && listed
            && plan.columns.is_none()
            && plan.rows.is_none()
    }

    fn bytes(&self) -> usize {
        self.names.bytes() + self.above.bytes() + self.key.as_ref().map_or(0, |key| key.len())
    }
}
