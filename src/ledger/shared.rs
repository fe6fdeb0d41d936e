//! What the handles and the writer share: the queue's seats, what goes through it, and how the writer fares.
//!
//! The channel between them is bounded, but a bound alone cannot promise room for a record that comes later. So seats
//! are counted apart from the channel: whoever records, or may have to, takes a seat first, and the channel has room
//! for every seat there is.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::ledger::aggregate::Flood;
use crate::ledger::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use crate::ledger::sync::{Mutex, MutexGuard};
use crate::ledger::{Bounds, Done, LedgerError};

/// What handles and writer share.
pub struct Shared {
    /// The bounds.
    pub bounds: Bounds,
    seats: AtomicUsize,
    bytes: AtomicUsize,
    /// Nothing can be written now.
    pub away: AtomicBool,
    /// The writer was asked to stop, or is gone.
    pub stopped: AtomicBool,
    /// Milliseconds from `epoch` to the begin of the commit that is under way, plus one; 0 when there is none.
    commit_since: AtomicU64,
    epoch: Instant,
    flood: Mutex<Flood>,
}

impl Shared {
    /// Nothing waits yet.
    pub fn new(bounds: Bounds) -> Shared {
        Shared {
            bounds,
            seats: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            away: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            commit_since: AtomicU64::new(0),
            epoch: Instant::now(),
            flood: Mutex::new(Flood::new(bounds.flood)),
        }
    }

    /// How many seats are taken.
    #[cfg(all(test, feature = "model"))]
    pub fn taken(&self) -> usize {
        self.seats.load(Ordering::Acquire)
    }

    /// The refusals that are being counted; held for the moment of a count.
    pub fn flood(&self) -> MutexGuard<'_, Flood> {
        self.flood.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Does something that touches the disk, with the begin noted.
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        self.commit_since.store(self.elapsed_ms() + 1, Ordering::Release);
        let done = work();
        self.commit_since.store(0, Ordering::Release);
        done
    }

    /// A disk that hangs gives no error; only the clock tells.
    pub fn is_stuck(&self) -> bool {
        let since = self.commit_since.load(Ordering::Acquire);
        let commit_ms_max = u64::try_from(self.bounds.commit_max.as_millis()).unwrap_or(u64::MAX);
        since > 0 && self.elapsed_ms() - (since - 1) >= commit_ms_max
    }
}

/// One seat in the queue and the bytes that wait in it, held until the record is durable or refused.
pub struct Seat {
    shared: Arc<Shared>,
    bytes: usize,
}

impl Seat {
    /// Takes a seat and room for so many bytes, or says that there is none.
    pub fn take(shared: &Arc<Shared>, bytes: usize) -> Result<Seat, LedgerError> {
        let Bounds { queue_max, queue_bytes_max, .. } = shared.bounds;
        let within = |count: usize, more: usize, max: usize| count.checked_add(more).filter(|sum| *sum <= max);
        let (order, read) = (Ordering::AcqRel, Ordering::Acquire);
        shared.seats.fetch_update(order, read, |taken| within(taken, 1, queue_max)).map_err(|_| LedgerError::Full)?;
        // From here on the seat is given back when it is dropped.
        let mut seat = Seat { shared: Arc::clone(shared), bytes: 0 };
        shared
            .bytes
            .fetch_update(order, read, |waiting| within(waiting, bytes, queue_bytes_max))
            .map_err(|_| LedgerError::Full)?;
        seat.bytes = bytes;
        Ok(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.seats.fetch_sub(1, Ordering::AcqRel);
        self.shared.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

/// What goes through the queue.
pub enum Message {
    /// Something to write.
    Records(Vec<Record>),
    /// The word to stop.
    Stop,
}

impl Message {
    /// Tells whoever waits that it was not taken.
    pub fn refuse(self, error: LedgerError) {
        let Message::Records(records) = self else { return };
        for done in records.into_iter().filter_map(|record| record.done) {
            done(Err(error));
        }
    }
}

/// An encoded entry on its way.
pub struct Record {
    /// The members between `node` and `prev`.
    pub body: Vec<u8>,
    /// Given back when the record is dropped; what the writer itself has to say needs none.
    pub _seat: Option<Seat>,
    /// Whom to tell; a record without one is kept while the ledger is away.
    pub done: Option<Done>,
}
