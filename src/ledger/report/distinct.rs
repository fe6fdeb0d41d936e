//! Counting people, not rows: who was met before, by a hash, up to a bound.
//!
//! A person is a type and an id. 128 bits of SHA-256 stand for them, so that a person costs some 25 bytes whatever
//! their id looks like; that two of millions fall together is out of the question. Beyond the bound nobody new is
//! taken in, and whoever asks is told that there are more.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};

use crate::ledger::query::StoredSubject;

/// So many people, or pairs of staff and person, are told apart in one report: about 90 MB.
pub const PERSONS_MAX: usize = 3_500_000;

/// Whom a report has met, each with a few marks.
pub struct Distinct {
    met: HashMap<[u8; 16], u32>,
    max: usize,
    beyond: bool,
}

impl Distinct {
    /// Nobody yet.
    pub fn up_to(max: usize) -> Distinct {
        Distinct { met: HashMap::new(), max, beyond: false }
    }

    /// Marks somebody; gives the marks they had before, nothing where they are new. Whoever is beyond the bound is
    /// taken for known, so that a sum never counts anybody twice.
    pub fn mark(&mut self, parts: &[&str], marks: u32) -> Option<u32> {
        let mut hash = Context::new(&SHA256);
        for part in parts {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut name = [0; 16];
        name.copy_from_slice(&hash.finish().as_ref()[..16]);
        if let Some(had) = self.met.get_mut(&name) {
            let before = *had;
            *had |= marks;
            return Some(before);
        }
        if self.met.len() >= self.max {
            self.beyond = true;
            return Some(u32::MAX);
        }
        self.met.insert(name, marks);
        None
    }

    /// Marks a subject; nothing happens to one whose id was not found.
    pub fn mark_subject(&mut self, subject: &StoredSubject, marks: u32) -> Option<u32> {
        match subject.who() {
            Some(id) => self.mark(&[&subject.of, &id], marks),
            None => Some(u32::MAX),
        }
    }

    /// How many have one of these marks.
    pub fn with(&self, marks: u32) -> u64 {
        self.met.values().filter(|had| **had & marks != 0).count() as u64
    }

    /// How many have one of these marks and none of those.
    pub fn with_but(&self, marks: u32, without: u32) -> u64 {
        self.met.values().filter(|had| **had & marks != 0 && **had & without == 0).count() as u64
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.met.len() as u64
    }

    /// Whether there were more than could be told apart.
    pub fn is_beyond(&self) -> bool {
        self.beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_counted_twice_and_the_bound_is_told() {
        let mut met = Distinct::up_to(2);
        assert_eq!(
            [met.mark(&["a", "bc"], 1), met.mark(&["a", "bc"], 2), met.mark(&["ab", "c"], 2)],
            [None, Some(1), None]
        );
        assert!(!met.is_beyond());
        assert_eq!(met.mark(&["d", ""], 1), Some(u32::MAX));
        assert!(met.is_beyond());
        assert_eq!((met.count(), met.with(2), met.with_but(2, 1)), (2, 2, 1));
    }
}
