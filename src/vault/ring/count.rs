//! How often each version of the keys has encrypted, kept in the ring's file at little cost.
//!
//! What a gateway will encrypt is added to the file's count ahead, a step at a time, and what it did not use is given
//! back when it stops. So the file says too much after a crash and never too little, as long as nobody encrypts half
//! a step between two looks. Several gateways add to one file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::vault::ring::{Place, Ring, RingError};

/// How many encryptions with one version are enough: `keys list` and the log say to rotate.
pub const WORN: u64 = 1 << 31;

/// How many no version should pass.
pub const SPENT: u64 = 1 << 32;

/// The first step, and the largest: whoever encrypts much writes no more often.
const STEP: u64 = 1 << 22;
const STEP_MAX: u64 = 1 << 26;

/// Steps that follow one another faster than this grow.
const OFTEN: Duration = Duration::from_secs(60);

/// After a failure the file is left alone for so long.
const PAUSE: Duration = Duration::from_secs(600);

/// What this process has added to the file.
#[derive(Default)]
pub struct Counts {
    ahead: BTreeMap<u16, Ahead>,
    told: BTreeSet<u16>,
    failed: Option<Instant>,
}

struct Ahead {
    /// All that was added.
    added: u64,
    step: u64,
    at: Instant,
}

/// A version that has encrypted much, and how much.
pub type Worn = (u16, u64);

impl Counts {
    /// Adds to the file what is due. Gives the versions that have encrypted much and were not told of yet. This waits
    /// for the disk, where anything is due.
    pub fn keep(&mut self, place: &Place, ring: &Ring, now: Instant) -> Result<Vec<Worn>, RingError> {
        let due = self.due(ring, now);
        if due.is_empty() || self.failed.is_some_and(|failed| now.duration_since(failed) < PAUSE) {
            return Ok(Vec::new());
        }
        self.failed = None;
        let added = place.change(|written| {
            let mut counts = Vec::new();
            for (version, step) in &due {
                let Some(row) = written.row_mut(*version) else { continue };
                row.count = row.count.saturating_add(*step);
                counts.push((*version, row.count));
            }
            Ok::<_, RingError>(counts)
        });
        let counts = added.inspect_err(|_| self.failed = Some(now))?;
        for (version, step) in due {
            let ahead = self.ahead.entry(version).or_insert(Ahead { added: 0, step, at: now });
            *ahead = Ahead { added: ahead.added.saturating_add(step), step, at: now };
        }
        let worn = counts.into_iter().filter(|(_, count)| *count >= WORN);
        Ok(worn.filter(|(version, _)| self.told.insert(*version)).collect())
    }

    /// Forgets what was added: the file may be one of before. What this process has encrypted is added once more, so
    /// that it says too much rather than too little.
    pub fn begin_anew(&mut self) {
        self.ahead.clear();
        self.failed = None;
    }

    /// Gives back what was added and not used.
    pub fn give_back(&mut self, place: &Place, ring: &Ring) -> Result<(), RingError> {
        let ahead = std::mem::take(&mut self.ahead);
        if ahead.is_empty() {
            return Ok(());
        }
        place.change(|written| {
            for (version, ahead) in &ahead {
                // Of a version that was destroyed meanwhile nobody knows what was used.
                let Some(used) = ring.version(*version).map(|keys| keys.used()) else { continue };
                if let Some(row) = written.row_mut(*version) {
                    row.count = row.count.saturating_sub(ahead.added.saturating_sub(used));
                }
            }
            Ok(())
        })
    }

    fn due(&self, ring: &Ring, now: Instant) -> Vec<(u16, u64)> {
        let step = |keys: &crate::vault::ring::Keys| match self.ahead.get(&keys.version) {
            None => Some(STEP),
            Some(ahead) if keys.used().saturating_add(ahead.step / 2) <= ahead.added => None,
            Some(ahead) if now.duration_since(ahead.at) < OFTEN => Some((ahead.step * 2).min(STEP_MAX)),
            Some(_) => Some(STEP),
        };
        ring.minters().into_iter().filter_map(|keys| Some((keys.version, step(keys)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(place: &Place, version: u16) -> u64 {
        place.read().expect("a ring").row(version).expect("a version").count
    }

    fn used(ring: &Ring, count: u64) {
        for _ in 0..count {
            ring.current().count();
        }
    }

    #[test]
    fn encryptions_are_counted_ahead_and_given_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::beside(&folder.path().join("keys"));
        let ring = place.create(0).expect("a ring");
        let (mut one, mut two, start) = (Counts::default(), Counts::default(), Instant::now());
        for counts in [&mut one, &mut two] {
            assert_eq!(counts.keep(&place, &ring, start).expect("kept"), []);
        }
        assert_eq!(count(&place, 1), 2 * STEP, "two gateways");
        let before = std::fs::read(&place.ring).expect("a ring");
        used(&ring, 10);
        one.keep(&place, &ring, start).expect("kept");
        assert_eq!(std::fs::read(&place.ring).expect("a ring"), before, "nothing is due");
        used(&ring, STEP / 2);
        one.keep(&place, &ring, start + Duration::from_secs(1)).expect("kept");
        assert_eq!(count(&place, 1), 4 * STEP, "a step that was soon used up grows");
        one.give_back(&place, &ring).expect("given back");
        two.give_back(&place, &ring).expect("given back");
        assert_eq!(count(&place, 1), 2 * (STEP / 2 + 10));
    }

    #[test]
    fn a_file_that_is_back_has_at_least_what_was_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::beside(&folder.path().join("keys"));
        let ring = place.create(0).expect("a ring");
        let backup = std::fs::read_to_string(&place.ring).expect("a ring");
        let (mut counts, start) = (Counts::default(), Instant::now());
        counts.keep(&place, &ring, start).expect("kept");
        used(&ring, STEP - 9);
        crate::vault::ring::whole::replace(&place.ring, &backup).expect("put back");
        counts.begin_anew();
        for second in 1..4 {
            counts.keep(&place, &ring, start + Duration::from_secs(second)).expect("kept");
        }
        assert!(count(&place, 1) >= STEP + STEP / 2 - 9);
        counts.give_back(&place, &ring).expect("given back");
        assert_eq!(count(&place, 1), STEP - 9);
    }

    #[test]
    fn much_is_told_once_and_a_failure_is_not_repeated_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::beside(&folder.path().join("keys"));
        let ring = place.create(0).expect("a ring");
        let worn = |written: &mut crate::vault::ring::written::Written| {
            written.rows[0].count = WORN - STEP;
            Ok::<(), RingError>(())
        };
        place.change(worn).expect("changed");
        let (mut counts, start) = (Counts::default(), Instant::now());
        assert_eq!(counts.keep(&place, &ring, start).expect("kept"), [(1, WORN)]);
        used(&ring, STEP);
        assert_eq!(counts.keep(&place, &ring, start).expect("kept"), []);
        used(&ring, 4 * STEP);
        std::fs::rename(&place.ring, folder.path().join("away")).expect("moved");
        assert!(counts.keep(&place, &ring, start).is_err());
        assert_eq!(counts.keep(&place, &ring, start + PAUSE / 2).expect("left alone"), []);
        assert!(counts.keep(&place, &ring, start + PAUSE).is_err());
    }
}
