//! Time that never goes back, made of a clock that may.
//!
//! What has ended must stay ended, whatever becomes of the machine's clock: time begins no earlier than the latest that
//! the store has seen, and where the clock is behind it goes on by what has passed. A clock that jumps is told of,
//! for whoever writes the log.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Tells the time in seconds since 1970.
pub type Clock = Box<dyn Fn() -> i64 + Send + Sync>;

/// A clock that is so much ahead may be wrong, or nobody was here for a while.
const AHEAD: i64 = 24 * 3600;

/// A clock that is so much behind was set back.
const BEHIND: i64 = 60;

/// A clock that is not where it was to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leap {
    /// The latest time that was known.
    pub known: i64,
    /// What the clock said.
    pub clock: i64,
}

/// Time that never goes back.
pub struct Time {
    clock: Clock,
    known: Mutex<Known>,
}

struct Known {
    /// The latest time, and since when.
    at: i64,
    since: Instant,
    leap: Option<Leap>,
    /// Whether the clock is known to be behind: that is told once.
    is_behind: bool,
}

impl Time {
    /// Time that is no earlier than this; 0 where none is known.
    pub fn new(clock: Clock, latest: i64) -> Time {
        let known = Known { at: latest, since: Instant::now(), leap: None, is_behind: false };
        Time { clock, known: Mutex::new(known) }
    }

    /// What time it is.
    pub fn now(&self) -> i64 {
        let clock = (self.clock)();
        let mut known = self.known();
        let passed = i64::try_from(known.since.elapsed().as_secs()).unwrap_or(i64::MAX);
        let expected = known.at.saturating_add(passed);
        if clock > expected {
            if known.at > 0 && clock - expected > AHEAD {
                known.leap.get_or_insert(Leap { known: expected, clock }).clock = clock;
            }
            (known.at, known.since, known.is_behind) = (clock, Instant::now(), false);
            return clock;
        }
        if expected.saturating_sub(clock) > BEHIND && !known.is_behind {
            known.is_behind = true;
            known.leap = Some(Leap { known: expected, clock });
        }
        expected
    }

    /// It is no earlier than another has seen.
    pub fn raise(&self, latest: i64) {
        let now = self.now();
        if latest > now {
            let mut known = self.known();
            (known.at, known.since) = (latest, Instant::now());
        }
    }

    /// The jump that nobody was told of yet.
    pub fn leap(&self) -> Option<Leap> {
        self.now();
        self.known().leap.take()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What is held is whole at every moment.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    fn time(latest: i64, clock: i64) -> (Arc<AtomicI64>, Time) {
        let hand = Arc::new(AtomicI64::new(clock));
        let read = Arc::clone(&hand);
        (hand, Time::new(Box::new(move || read.load(Ordering::Relaxed)), latest))
    }

    #[test]
    fn it_never_goes_back() {
        let (hand, time) = time(5_000_000, 4_000_000);
        assert!((5_000_000..5_000_100).contains(&time.now()), "what the store saw counts");
        assert_eq!(time.leap().map(|leap| leap.clock), Some(4_000_000));
        assert_eq!(time.leap(), None, "told once");
        hand.store(5_001_000, Ordering::Relaxed);
        assert_eq!(time.now(), 5_001_000);
        hand.store(1_000, Ordering::Relaxed);
        assert!((5_001_000..5_001_100).contains(&time.now()));
        assert!(time.leap().is_some(), "told anew");
        time.raise(6_000_000);
        assert!((6_000_000..6_000_100).contains(&time.now()));
    }

    #[test]
    fn a_jump_ahead_is_told() {
        let (hand, fresh) = time(0, 5_000_000);
        assert_eq!((fresh.now(), fresh.leap()), (5_000_000, None), "a first start is none");
        hand.store(5_000_000 + 2 * AHEAD, Ordering::Relaxed);
        assert_eq!(fresh.now(), 5_000_000 + 2 * AHEAD);
        let leap = fresh.leap().expect("told");
        assert!((leap.clock - leap.known - 2 * AHEAD).abs() < 100);
        let (_, after) = time(5_000_000, 5_000_000 + 3600);
        after.now();
        assert_eq!(after.leap(), None, "an hour without a gateway");
    }
}
