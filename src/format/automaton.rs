//! Paths followed while a document streams by.
//!
//! All paths run together as one automaton: a set of positions for each open node, one bit a step. A
//! path that has reached a node stays there for all that lies below it, and it is known which of the two
//! a node is. Where records are declared
//! by a path, the other paths start anew at each record and nothing counts outside. What a step means
//! is the format's to say.

use std::collections::BTreeSet;

use crate::terms::place::PlaceId;

enum Slot<S> {
    Step(S),
    /// The path ends at this node.
    Here(PlaceId),
    /// It ended at one around; this slot is always the next one.
    Above(PlaceId),
    Record,
}

/// All paths of one document, whose steps are `S`. A set of positions in them has a bit for each slot.
pub struct Paths<S> {
    slots: Vec<Slot<S>>,
    /// Where the paths to places begin.
    starts: Vec<u64>,
}

impl<S> Default for Paths<S> {
    fn default() -> Paths<S> {
        Paths { slots: Vec::new(), starts: Vec::new() }
    }
}

impl<S: Clone> Paths<S> {
    /// The paths to places, the path to records if there is one, and which places are sought in the
    /// whole document all the same; with the set of positions before the document's first node.
    pub fn new<'p>(
        paths: impl Iterator<Item = (PlaceId, &'p [S])>,
        record: Option<&[S]>,
        document: &BTreeSet<PlaceId>,
    ) -> (Paths<S>, Vec<u64>)
    where
        S: 'p,
    {
        let mut slots = Vec::new();
        let mut firsts = Vec::new();
        let mut everywhere = Vec::new();
        for (id, steps) in paths {
            let first = lay(&mut slots, steps, Slot::Here(id));
            slots.push(Slot::Above(id));
            if document.contains(&id) { everywhere.push(first) } else { firsts.push(first) }
        }
        let record = record.map(|steps| lay(&mut slots, steps, Slot::Record));
        let set = |bits: &[usize]| {
            let mut set = vec![0; slots.len().div_ceil(64)];
            bits.iter().for_each(|bit| set[bit / 64] |= 1 << (bit % 64));
            set
        };
        let starts = set(&firsts);
        everywhere.extend(record.map_or(firsts, |record| vec![record]));
        let first = set(&everywhere);
        (Paths { slots, starts }, first)
    }

    /// Where the positions of `above` lead. `follow` says whether a position holds below this child
    /// too, and whether it moves on to the next step.
    pub fn step(&self, above: &[u64], follow: impl Fn(&S) -> (bool, bool)) -> Vec<u64> {
        let mut below = vec![0; above.len()];
        self.add_step(above, &mut below, follow);
        below
    }

    /// Adds the positions at which the paths begin, since this node is a record.
    pub fn open_record(&self, set: &mut [u64]) {
        // What is sought in the whole document goes on beside what is sought in the record.
        set.iter_mut().zip(&self.starts).for_each(|(set, start)| *set |= start);
    }

    /// The positions, and those behind each step that is such and can be left out.
    pub fn without(&self, set: &[u64], is: impl Fn(&S) -> bool) -> Vec<u64> {
        let mut all = set.to_vec();
        for (bit, slot) in self.slots.iter().enumerate() {
            if all[bit / 64] >> (bit % 64) & 1 == 1 && matches!(slot, Slot::Step(step) if is(step)) {
                all[(bit + 1) / 64] |= 1 << ((bit + 1) % 64);
            }
        }
        all
    }

    /// Which places a node with these positions belongs to.
    pub fn reached(&self, set: &[u64]) -> impl Iterator<Item = PlaceId> {
        // One that ends here and ended above too is named once.
        self.bits(set).filter_map(|bit| match &self.slots[bit] {
            Slot::Here(id) if !is_set(set, bit + 1) => Some(*id),
            Slot::Above(id) => Some(*id),
            _ => None,
        })
    }

    /// Which of these places name just this node, and none around it.
    pub fn itself(&self, set: &[u64]) -> impl Iterator<Item = PlaceId> {
        self.bits(set).filter_map(|bit| match &self.slots[bit] {
            Slot::Here(id) if !is_set(set, bit + 1) => Some(*id),
            _ => None,
        })
    }

    /// Whether the records' path has reached a node with these positions.
    pub fn is_record(&self, set: &[u64]) -> bool {
        self.at(set).any(|slot| matches!(slot, Slot::Record))
    }

    /// Whether any of the steps that come next is such.
    pub fn any(&self, set: &[u64], is: impl Fn(&S) -> bool) -> bool {
        self.at(set).any(|slot| matches!(slot, Slot::Step(step) if is(step)))
    }

    fn at(&self, set: &[u64]) -> impl Iterator<Item = &Slot<S>> {
        self.bits(set).map(|bit| &self.slots[bit])
    }

    fn bits(&self, set: &[u64]) -> impl Iterator<Item = usize> {
        set.iter().enumerate().flat_map(|(word, bits)| bits_of(*bits).map(move |bit| word * 64 + bit))
    }

    fn add_step(&self, above: &[u64], below: &mut [u64], follow: impl Fn(&S) -> (bool, bool)) {
        for (word, bits) in above.iter().enumerate() {
            for bit in bits_of(*bits).map(|bit| word * 64 + bit) {
                let (stays, goes_on) = match &self.slots[bit] {
                    Slot::Step(step) => follow(step),
                    Slot::Here(_) => (false, true),
                    Slot::Above(_) => (true, false),
                    Slot::Record => (false, false),
                };
                below[bit / 64] |= u64::from(stays) << (bit % 64);
                below[(bit + usize::from(goes_on)) / 64] |= u64::from(goes_on) << ((bit + 1) % 64);
            }
        }
    }
}

/// Follows the paths of one document.
pub struct Automaton<S> {
    paths: Paths<S>,
    /// A set for the node that is looked at and for each node around it.
    sets: Vec<u64>,
}

impl<S: Clone> Automaton<S> {
    /// An automaton before the document's first node; all else as for [`Paths::new`].
    pub fn new<'p>(
        paths: impl Iterator<Item = (PlaceId, &'p [S])>,
        record: Option<&[S]>,
        document: &BTreeSet<PlaceId>,
    ) -> Automaton<S>
    where
        S: 'p,
    {
        let (paths, sets) = Paths::new(paths, record, document);
        Automaton { paths, sets }
    }

    /// Steps down to a child of the node that is looked at; `follow` as in [`Paths::step`].
    pub fn enter(&mut self, follow: impl Fn(&S) -> (bool, bool)) {
        let words = self.paths.starts.len();
        let from = self.sets.len() - words;
        self.sets.resize(self.sets.len() + words, 0);
        let (above, below) = self.sets.split_at_mut(from + words);
        self.paths.add_step(&above[from..], below, follow);
    }

    /// Steps back up.
    pub fn leave(&mut self) {
        self.sets.truncate(self.sets.len() - self.paths.starts.len());
    }

    /// Which places the node that is looked at belongs to.
    pub fn reached(&self, places: &mut Vec<PlaceId>) {
        places.clear();
        places.extend(self.paths.reached(&self.sets[self.top()..]));
    }

    /// Which of these places name just this node, and none around it.
    pub fn itself(&self, places: &mut Vec<PlaceId>) {
        places.clear();
        places.extend(self.paths.itself(&self.sets[self.top()..]));
    }

    /// Whether the records' path has reached the node that is looked at.
    pub fn at_record(&self) -> bool {
        self.paths.is_record(&self.sets[self.top()..])
    }

    /// The node that is looked at is a record: from here the paths begin, also with the record itself;
    /// `follow` as in [`Paths::step`].
    pub fn open_record_itself(&mut self, follow: impl Fn(&S) -> (bool, bool)) {
        let top = self.top();
        self.paths.add_step(&self.paths.starts, &mut self.sets[top..], follow);
        self.paths.open_record(&mut self.sets[top..]);
    }

    fn top(&self) -> usize {
        self.sets.len() - self.paths.starts.len()
    }
}

fn is_set(set: &[u64], bit: usize) -> bool {
    set.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

fn bits_of(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros() as usize;
        (bits != 0).then(|| {
            bits &= bits - 1;
            bit
        })
    })
}

fn lay<S: Clone>(slots: &mut Vec<Slot<S>>, steps: &[S], end: Slot<S>) -> usize {
    let first = slots.len();
    slots.extend(steps.iter().cloned().map(Slot::Step));
    slots.push(end);
    first
}
