//! Paths followed while a document streams by.
//!
//! All paths run together as one automaton: a set of positions for each open node, one bit a step. A
//! path that has reached a node stays there for all that lies below it. Where records are declared
//! by a path, the other paths start anew at each record and nothing counts outside. What a step means
//! is the format's to say.

use std::collections::BTreeSet;

use crate::terms::place::PlaceId;

enum Slot<S> {
    Step(S),
    Reached(PlaceId),
    Record,
}

/// Follows the paths of one document, whose steps are `S`.
pub struct Automaton<S> {
    slots: Vec<Slot<S>>,
    /// Where the paths to places begin.
    starts: Vec<u64>,
    /// A set for the node that is looked at and for each node around it.
    sets: Vec<u64>,
}

impl<S: Clone> Automaton<S> {
    /// An automaton before the document's first node: the paths to places, the path to records if
    /// there is one, and which places are sought in the whole document all the same.
    pub fn new<'p>(
        paths: impl Iterator<Item = (PlaceId, &'p [S])>,
        record: Option<&[S]>,
        document: &BTreeSet<PlaceId>,
    ) -> Automaton<S>
    where
        S: 'p,
    {
        let mut slots = Vec::new();
        let mut firsts = Vec::new();
        let mut everywhere = Vec::new();
        for (id, steps) in paths {
            let first = lay(&mut slots, steps, Slot::Reached(id));
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
        let sets = set(&everywhere);
        Automaton { slots, starts, sets }
    }

    /// Steps down to a child of the node that is looked at. `follow` says whether a position holds
    /// below this child too, and whether it moves on to the next step.
    pub fn enter(&mut self, follow: impl Fn(&S) -> (bool, bool)) {
        let words = self.starts.len();
        let from = self.sets.len() - words;
        self.sets.resize(self.sets.len() + words, 0);
        let (above, below) = self.sets.split_at_mut(from + words);
        step(&self.slots, &above[from..], below, follow);
    }

    /// Whether no path can reach anything below the node that is looked at.
    pub fn is_idle(&self) -> bool {
        self.sets[self.sets.len() - self.starts.len()..].iter().all(|set| *set == 0)
    }

    /// Steps back up.
    pub fn leave(&mut self) {
        self.sets.truncate(self.sets.len() - self.starts.len());
    }

    /// Which places the node that is looked at belongs to.
    pub fn reached(&self, places: &mut Vec<PlaceId>) {
        places.clear();
        places.extend(self.here().filter_map(|slot| if let Slot::Reached(id) = slot { Some(*id) } else { None }));
    }

    /// Whether the records' path has reached the node that is looked at.
    pub fn at_record(&self) -> bool {
        self.here().any(|slot| matches!(slot, Slot::Record))
    }

    /// The node that is looked at is a record: from here the paths begin.
    pub fn open_record(&mut self) {
        let from = self.sets.len() - self.starts.len();
        // What is sought in the whole document goes on beside what is sought in the record.
        self.sets[from..].iter_mut().zip(&self.starts).for_each(|(set, start)| *set |= start);
    }

    /// The same where a path may also begin with the record itself; `follow` as in `enter`.
    pub fn open_record_itself(&mut self, follow: impl Fn(&S) -> (bool, bool)) {
        let from = self.sets.len() - self.starts.len();
        step(&self.slots, &self.starts, &mut self.sets[from..], follow);
        self.open_record();
    }

    fn here(&self) -> impl Iterator<Item = &Slot<S>> {
        let top = &self.sets[self.sets.len() - self.starts.len()..];
        top.iter().enumerate().flat_map(move |(word, bits)| bits_of(*bits).map(move |bit| &self.slots[word * 64 + bit]))
    }
}

/// Adds to `below` where the positions of `above` lead.
fn step<S>(slots: &[Slot<S>], above: &[u64], below: &mut [u64], follow: impl Fn(&S) -> (bool, bool)) {
    for (word, bits) in above.iter().enumerate() {
        for bit in bits_of(*bits).map(|bit| word * 64 + bit) {
            let (stays, goes_on) = match &slots[bit] {
                Slot::Step(step) => follow(step),
                Slot::Reached(_) => (true, false),
                Slot::Record => (false, false),
            };
            below[bit / 64] |= u64::from(stays) << (bit % 64);
            below[(bit + usize::from(goes_on)) / 64] |= u64::from(goes_on) << ((bit + 1) % 64);
        }
    }
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
