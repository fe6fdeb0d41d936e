//! Where a document's members stand, learnt while it streams by: records of a list have the same keys in
//! the same order, so that a key is compared with the one that is expected, and nothing more is looked up.
//!
//! A spot is a container under certain keys, where the paths have come to a certain row of theirs. Two
//! leaves of one part that stand under one key of one spot have the same names around them and the same
//! places: what whoever looks makes of the first without asking for its value holds of all others.

use crate::terms::leaf::Sink;
use crate::terms::names::same;

/// How many spots are kept, how many ways from one, and how many in all.
const SPOTS: usize = 256;
const WAYS: usize = 64;
const WAYS_IN_ALL: usize = 2048;

/// The longest key that is kept.
const KEY_BYTES: usize = 64;

/// No spot that is kept, or no way.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The way to an array's elements.
pub(super) const ELEMENT: u32 = u32::MAX - 1;

/// What sort of leaf: a bit each.
pub(super) const KEY: u8 = 1;
pub(super) const TEXT: u8 = 1 << 1;
pub(super) const NUMBER: u8 = 1 << 2;
pub(super) const BOOLEAN: u8 = 1 << 3;

/// What is known of the leaves that stand at one place.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    /// Where the paths lead, if a scalar can be shown there without stepping to it.
    pub(super) row: Option<u32>,
    /// Of which sorts nothing has to be shown again.
    pub(super) idle: u8,
    /// Of which sorts that was asked.
    asked: u8,
}

impl Known {
    /// Nothing but where the paths lead.
    pub(super) fn at(row: Option<u32>) -> Known {
        Known { row, ..Known::default() }
    }
}

/// All spots of a document so far.
#[derive(Default)]
pub(super) struct Trail {
    spots: Vec<Spot>,
    root: Option<u32>,
    ways: usize,
}

struct Spot {
    /// The paths' row there.
    row: u32,
    ways: Vec<Way>,
    element: Way,
}

#[derive(Default)]
struct Way {
    key: Box<[u8]>,
    known: Known,
    /// The spot of a container there.
    into: Option<u32>,
}

impl Trail {
    /// Another document begins, which may be shown to somebody else.
    pub(super) fn forget_who_looked(&mut self) {
        for spot in &mut self.spots {
            for way in spot.ways.iter_mut().chain([&mut spot.element]) {
                (way.known.idle, way.known.asked) = (0, 0);
            }
        }
    }

    /// Whether there is room for more.
    pub(super) fn has_room(&self) -> bool {
        self.spots.len() < SPOTS && self.ways < WAYS_IN_ALL && self.spots.iter().all(|spot| spot.ways.len() < WAYS)
    }

    /// The way of this number, if its key stands here between quotes; and where the second of them ends.
    #[inline(always)]
    pub(super) fn expected(&self, spot: u32, way: u32, bytes: &[u8], at: usize) -> Option<(Known, usize)> {
        let way = self.spots.get(spot as usize)?.ways.get(way as usize)?;
        let end = at + 1 + way.key.len();
        let is_here = bytes.get(end) == Some(&b'"') && bytes[at] == b'"' && same(&way.key, &bytes[at + 1..end]);
        is_here.then_some((way.known, end + 1))
    }

    /// The number of a key's way, and what is known there.
    pub(super) fn way(&self, spot: u32, key: &str) -> Option<(u32, Known)> {
        let ways = &self.spots.get(spot as usize)?.ways;
        let at = ways.iter().position(|way| *way.key == *key.as_bytes())?;
        Some((at as u32, ways[at].known))
    }

    /// Keeps the way of a key that was not there before, if there is room.
    pub(super) fn learn(&mut self, spot: u32, key: &str, row: Option<u32>) -> u32 {
        let has_room = self.ways < WAYS_IN_ALL && key.len() <= KEY_BYTES;
        match self.spots.get_mut(spot as usize) {
            Some(spot) if has_room && spot.ways.len() < WAYS => {
                spot.ways.push(Way { key: key.as_bytes().into(), known: Known::at(row), into: None });
                self.ways += 1;
                spot.ways.len() as u32 - 1
            }
            _ => NOWHERE,
        }
    }

    /// What is known of an array's elements to which the paths have this row.
    #[inline(always)]
    pub(super) fn element(&mut self, spot: u32, row: Option<u32>) -> Known {
        match self.spots.get_mut(spot as usize) {
            Some(Spot { element, .. }) => {
                if element.known.row != row {
                    element.known = Known::at(row);
                }
                element.known
            }
            None => Known::at(row),
        }
    }

    /// Asks, once, whether leaves of this sort need to be shown again; the last one has just been shown.
    #[inline(always)]
    pub(super) fn ask(&mut self, spot: u32, way: u32, known: Known, sort: u8, sink: &dyn Sink) {
        if known.asked & sort != sort {
            self.asked(spot, way, sort, sink);
        }
    }

    #[inline(never)]
    fn asked(&mut self, spot: u32, way: u32, sort: u8, sink: &dyn Sink) {
        let Some(way) = self.at(spot, way) else { return };
        way.known.asked |= sort;
        if sink.idles() {
            way.known.idle |= sort;
        }
    }

    fn at(&mut self, spot: u32, way: u32) -> Option<&mut Way> {
        let spot = self.spots.get_mut(spot as usize)?;
        if way == ELEMENT { Some(&mut spot.element) } else { spot.ways.get_mut(way as usize) }
    }

    /// The spot of the document's own container.
    pub(super) fn root(&mut self, row: u32) -> u32 {
        let known = self.root;
        let root = self.spot(known, row);
        self.root = root.or(known);
        root.unwrap_or(NOWHERE)
    }

    /// The spot of a container that is opened at the end of this way.
    pub(super) fn below(&mut self, spot: u32, way: u32, row: u32) -> u32 {
        let Some(Way { into, .. }) = self.at(spot, way) else { return NOWHERE };
        let known = *into;
        let below = self.spot(known, row);
        if let Some(way) = self.at(spot, way).filter(|_| below.is_some()) {
            way.into = below;
        }
        below.unwrap_or(NOWHERE)
    }

    /// The spot that is known, if the paths have this row there; else a new one, if there is room.
    fn spot(&mut self, known: Option<u32>, row: u32) -> Option<u32> {
        if known.is_some_and(|known| self.spots[known as usize].row == row) {
            return known;
        }
        if self.spots.len() >= SPOTS {
            return None;
        }
        self.spots.push(Spot { row, ways: Vec::new(), element: Way::default() });
        Some(self.spots.len() as u32 - 1)
    }
}
