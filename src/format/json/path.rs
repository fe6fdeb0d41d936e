//! JSONPaths followed while a document streams by.
//!
//! All paths run together as one automaton: a set of positions for each open container, one bit a
//! step. A path that has reached a node stays there for all that lies below it. Where records are
//! declared by a path, the other paths start anew at each record and nothing counts outside.

use crate::terms::place::{JsonPath, Place, PlaceId, Places, Step};

/// The way from a container to one of its children.
#[derive(Clone, Copy)]
pub enum Child<'a> {
    /// An object's member.
    Key(&'a str),
    /// An array's element.
    Index(usize),
}

enum Slot {
    Step(Step),
    Reached(PlaceId),
    Record,
}

/// Follows paths through one document.
pub struct Matcher {
    slots: Vec<Slot>,
    /// Where the paths to places begin.
    starts: Vec<u64>,
    /// A set for the node that is looked at and for each container around it.
    sets: Vec<u64>,
}

impl Matcher {
    /// A matcher before the document's first value.
    pub fn new(places: &Places) -> Matcher {
        let mut slots = Vec::new();
        let mut firsts = Vec::new();
        let mut everywhere = Vec::new();
        for (id, path) in &places.json {
            let first = lay(&mut slots, path, Slot::Reached(*id));
            let of_document = places.document.contains(id);
            if of_document { everywhere.push(first) } else { firsts.push(first) }
        }
        let record = match &places.records {
            Some(Place::Json(path)) => Some(lay(&mut slots, path, Slot::Record)),
            _ => None,
        };
        let set = |bits: &[usize]| {
            let mut set = vec![0; slots.len().div_ceil(64)];
            bits.iter().for_each(|bit| set[bit / 64] |= 1 << (bit % 64));
            set
        };
        let starts = set(&firsts);
        everywhere.extend(record.map_or(firsts, |record| vec![record]));
        let sets = set(&everywhere);
        Matcher { slots, starts, sets }
    }

    /// Steps down to a child of the node that is looked at.
    pub fn enter(&mut self, child: Child<'_>) {
        let words = self.starts.len();
        let from = self.sets.len() - words;
        self.sets.resize(self.sets.len() + words, 0);
        for word in 0..words {
            let mut left = self.sets[from + word];
            while left != 0 {
                let bit = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let (stays, goes_on) = follow(&self.slots[bit], child);
                let below = &mut self.sets[from + words..];
                below[bit / 64] |= u64::from(stays) << (bit % 64);
                below[(bit + usize::from(goes_on)) / 64] |= u64::from(goes_on) << ((bit + 1) % 64);
            }
        }
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

    fn here(&self) -> impl Iterator<Item = &Slot> {
        let top = &self.sets[self.sets.len() - self.starts.len()..];
        top.iter().enumerate().flat_map(move |(word, bits)| bits_of(*bits).map(move |bit| &self.slots[word * 64 + bit]))
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

fn lay(slots: &mut Vec<Slot>, path: &JsonPath, end: Slot) -> usize {
    let first = slots.len();
    slots.extend(path.steps.iter().cloned().map(Slot::Step));
    slots.push(end);
    first
}

/// Whether the position holds below this child too, and whether it moves on to the next step.
fn follow(slot: &Slot, child: Child<'_>) -> (bool, bool) {
    match (slot, child) {
        (Slot::Reached(_), _) => (true, false),
        (Slot::Step(Step::Any), _) => (false, true),
        (Slot::Step(Step::DescendantAny), _) => (true, true),
        (Slot::Step(Step::Name(name)), Child::Key(key)) => (false, name == key),
        (Slot::Step(Step::DescendantName(name)), Child::Key(key)) => (true, name == key),
        (Slot::Step(Step::DescendantName(_)), Child::Index(_)) => (true, false),
        (Slot::Step(Step::Index(wanted)), Child::Index(index)) => (false, *wanted == index),
        _ => (false, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(path: &str, way: &[Child<'_>]) -> bool {
        let path = JsonPath::parse(path).expect("a path");
        let mut matcher = Matcher::new(&Places { json: vec![(PlaceId(7), path)], ..Places::default() });
        way.iter().for_each(|child| matcher.enter(*child));
        let mut places = Vec::new();
        matcher.reached(&mut places);
        places == [PlaceId(7)]
    }

    #[test]
    fn a_path_reaches_its_node_and_all_below() {
        use Child::{Index, Key};
        let way = [Key("a"), Index(2), Key("b"), Key("c")];
        for path in ["$", "$.a", "$.a[2]", "$.a[*].b", "$..b", "$..c", "$.*", "$..*", "$.a..c", "$..a[2]..c", "$..b.c"]
        {
            assert!(reached(path, &way), "{path}");
        }
        for path in ["$.b", "$.a[1]", "$.a.b", "$..d", "$.a[*].c", "$..c.b", "$.a[2].b.c.d", "$..a..a"] {
            assert!(!reached(path, &way), "{path}");
        }
    }

    #[test]
    fn many_paths_run_together() {
        let json =
            (0..40).map(|n| (PlaceId(n), JsonPath::parse(&format!("$.a.b[{}]", n % 4)).expect("a path"))).collect();
        let mut matcher = Matcher::new(&Places { json, ..Places::default() });
        let mut places = Vec::new();
        for child in [Child::Key("a"), Child::Key("b"), Child::Index(3)] {
            matcher.enter(child);
        }
        matcher.reached(&mut places);
        assert_eq!(places, (0..10).map(|n| PlaceId(4 * n + 3)).collect::<Vec<_>>());
        matcher.leave();
        matcher.enter(Child::Index(9));
        matcher.reached(&mut places);
        assert_eq!(places, []);
    }
}
