//! Sums by name, up to a bound on names.
//!
//! Most names are words of the rules and few; a staff id may be anything that an identity source lets in, and a
//! damaged ledger may hold anything. What comes under names beyond the bound is counted as left out.

use std::collections::BTreeMap;

/// So many names are kept apart in one sum.
pub const NAMES_MAX: usize = 50_000;

/// Sums by name.
pub struct Named<T> {
    sums: BTreeMap<String, T>,
    max: usize,
    left_out: u64,
}

impl<T: Default> Named<T> {
    /// No sums yet.
    pub fn up_to(max: usize) -> Named<T> {
        Named { sums: BTreeMap::new(), max, left_out: 0 }
    }

    /// The sum of a name; nothing beyond the bound.
    pub fn at(&mut self, name: &str) -> Option<&mut T> {
        if !self.sums.contains_key(name) {
            if self.sums.len() >= self.max {
                self.left_out += 1;
                return None;
            }
            self.sums.insert(name.to_owned(), T::default());
        }
        self.sums.get_mut(name)
    }

    /// How often a name had no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.sums.iter()
    }

    /// The same, for good.
    pub fn into_sums(self) -> BTreeMap<String, T> {
        self.sums
    }
}
