//! What a client may cost without asking for anything.
//!
//! A frame costs its sender a few bytes and the other side some work, and HTTP/2 lets a client send most kinds without
//! end. So a connection has a purse: frames that ask for nothing are paid from it, answers fill it, and so does time,
//! slowly. An honest client never sees its bottom.

use std::time::Duration;

use tokio::time::Instant;

use crate::serve::gate::fault::{GateFault, Reason};

/// What a full purse holds, and what a new connection has.
const FULL: u32 = 1_000;

/// What time alone puts in, a second.
const REFILL: u32 = 50;

/// The price of a reset: a request was begun for nothing.
pub(super) const RESET: u32 = 5;

/// What a part of an answer puts in: a client tells for each that it takes more, twice.
const SENT: u32 = 2;

/// The least that such a part has, unless it is the last. A client that opens its window by single bytes makes the
/// gateway send single bytes (CVE-2019-9511), and pays for that.
const PART: usize = 256;

/// What the head of an answer puts in.
const ANSWERED: u32 = 10;

/// A connection's purse.
#[derive(Debug)]
pub(super) struct Purse {
    coins: u32,
    refilled: Instant,
}

impl Purse {
    /// A full one.
    pub fn new(now: Instant) -> Purse {
        Purse { coins: FULL, refilled: now }
    }

    /// Takes a price out.
    pub fn pay(&mut self, price: u32) -> Result<(), GateFault> {
        self.coins = self.coins.checked_sub(price).ok_or(empty())?;
        Ok(())
    }

    /// Takes note of a part of an answer.
    pub fn sent(&mut self, bytes: usize, last: bool) {
        if last || bytes >= PART {
            self.earn(SENT);
        }
    }

    /// Takes note of an answer's head.
    pub fn answered(&mut self) {
        self.earn(ANSWERED);
    }

    /// Takes note of the time.
    pub fn refill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.refilled).as_secs();
        if seconds > 0 {
            self.refilled += Duration::from_secs(seconds);
            self.earn(u32::try_from(seconds).unwrap_or(FULL).min(FULL) * REFILL);
        }
    }

    fn earn(&mut self, coins: u32) {
        self.coins = (self.coins + coins).min(FULL);
    }
}

/// An empty purse, as a fault.
pub(super) fn empty() -> GateFault {
    GateFault::new(Reason::Overload, "a client sends frames that ask for nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_fills_a_purse_again() {
        let mut now = Instant::now();
        let mut purse = Purse::new(now);
        for _ in 0..100 {
            now += Duration::from_secs(1);
            purse.refill(now);
            assert_eq!(purse.pay(REFILL), Ok(()));
        }
        now += Duration::from_secs(1 << 40);
        purse.refill(now);
        assert_eq!(purse.pay(FULL), Ok(()), "however long it took");
        assert_eq!(purse.pay(1), Err(empty()));
    }
}
