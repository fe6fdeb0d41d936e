//! The ledger: the append-only, tamper-evident record of every disclosure.
//!
//! Record, then release: a caller hands an [`Entry`] to [`Ledger::append`] and may let bytes go only when it is told
//! that the record is durable. One [`writer::Writer`], on a thread that the caller gives it, commits whatever waits in
//! one write and one sync. When the disk fails, everybody is told at once that the ledger is away, and it comes back by
//! itself. Nothing here waits without a bound, and nothing is asynchronous: `done` is called on the writer's thread and
//! should only pass the word on.
//!
//! `entry` is what a record says and `encode` how it reads, `chain` how records hold together, `checkpoint` and `key`
//! what is signed, `journal` the files, `open` and `recover` the way back after a crash, `shared` and `queue` the way
//! to the writer, `aggregate` floods of refusals; `retain` deletes what need not be kept and `deleted` says so; `verify` and `query` are the readers, which need no gateway, and
//! `show` is how people see what these found, `report` what they come to, `readings` how it is recorded that somebody
//! read them. What a failure means to staff (503, readiness) is `serve`'s.

pub mod aggregate;
pub mod anchor;
pub mod archive;
pub mod chain;
pub mod checkpoint;
pub mod columns;
pub mod cosignature;
pub mod deleted;
pub mod disk;
pub mod encode;
pub mod entry;
mod gap;
pub mod head;
pub mod index;
pub mod indexing;
mod journal;
pub mod key;
mod marks;
#[cfg(all(test, feature = "model"))]
mod model_tests;
pub mod open;
pub mod pack;
pub mod prove;
pub mod query;
mod queue;
pub mod readings;
pub mod record;
mod recover;
pub mod report;
pub mod retain;
pub mod segment;
mod shared;
pub mod show;
pub mod stock;
mod sync;
mod tape;
pub mod tiles;
pub mod tlog_proof;
pub mod tree;
pub mod verify;
pub mod witness;
pub mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aggregate::FloodBounds;
use entry::Entry;
use queue::Sender;
use shared::{Message, Record, Seat, Shared};
use sync::atomic::Ordering;

/// How much the ledger holds, and how long it takes for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Seats in the queue; every open permit holds one.
    pub queue_max: usize,
    /// Bytes of entries in the queue, permits aside.
    pub queue_bytes_max: usize,
    /// Records in one commit.
    pub batch_max: usize,
    /// Bytes in one commit, beyond its first record.
    pub batch_bytes_max: usize,
    /// A segment that has reached this is closed.
    pub segment_bytes_max: u64,
    /// So is one whose first record is older than this.
    pub segment_age_max: Duration,
    /// How often the tip is signed while records come in.
    pub checkpoint_every: Duration,
    /// How long the writer waits for work, and between attempts to come back.
    pub pause: Duration,
    /// A commit that takes longer counts as a ledger that is away.
    pub commit_max: Duration,
    /// From when on refusals are counted.
    pub flood: FloodBounds,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            queue_max: 16_384,
            queue_bytes_max: 64 << 20,
            batch_max: 1_024,
            batch_bytes_max: 4 << 20,
            segment_bytes_max: 64 << 20,
            segment_age_max: Duration::from_secs(24 * 3600),
            checkpoint_every: Duration::from_secs(10),
            pause: Duration::from_millis(500),
            commit_max: Duration::from_secs(1),
            flood: FloodBounds::default(),
        }
    }
}

/// A record that is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Committed {
    /// Its number.
    pub seq: u64,
}

/// Why a record was not taken; nothing may be disclosed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LedgerError {
    /// The ledger cannot be written now; it comes back by itself.
    Away,
    /// As much as may wait is waiting already.
    Full,
    /// The record is longer than a reader would accept.
    TooLong {
        /// Its length.
        bytes: usize,
        /// The bound.
        bytes_max: usize,
    },
    /// The ledger was stopped.
    Stop,
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LedgerError::Away => f.write_str("the ledger cannot be written now"),
            LedgerError::Full => f.write_str("too many records wait for the ledger"),
            LedgerError::TooLong { bytes, bytes_max } => {
                write!(f, "the record is {bytes} bytes long and may be {bytes_max}: disclose in smaller parts")
            }
            LedgerError::Stop => f.write_str("the ledger was stopped"),
        }
    }
}

impl std::error::Error for LedgerError {}

/// Told once, on the writer's thread (or the caller's, when it is refused at once): durable, or not recorded.
pub type Done = Box<dyn FnOnce(Result<Committed, LedgerError>) + Send>;

/// What everybody who records holds; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
    queue: Sender,
}

impl Ledger {
    /// Records an entry. `done` is called exactly once, unless the writer's thread dies, which drops it.
    pub fn append(&self, entry: Entry<'_>, done: Done) {
        match self.seal(entry) {
            Ok(sealed) => self.append_all(vec![(sealed, done)]),
            Err(error) => done(Err(error)),
        }
    }

    /// Writes an entry down and takes a seat for it, to be appended together with others.
    pub fn seal(&self, entry: Entry<'_>) -> Result<Sealed, LedgerError> {
        self.seated(&entry).map(|(body, seat)| Sealed { body, seat })
    }

    /// Records what was sealed. It costs the writer one wake-up, and each `done` is called as with `append`.
    pub fn append_all(&self, sealed: Vec<(Sealed, Done)>) {
        let record = |(Sealed { body, seat }, done)| Record { body, _seat: Some(seat), done: Some(done) };
        // Whatever becomes of the records, each `done` is told; the result says nothing more.
        let _ = self.send(sealed.into_iter().map(record).collect());
    }

    /// Takes a seat in the queue for a record that must not fail for lack of one later.
    pub fn reserve(&self) -> Result<Permit, LedgerError> {
        self.usable()?;
        let seat = Seat::take(&self.shared, 0)?;
        Ok(Permit { ledger: self.clone(), seat })
    }

    /// Records a refusal, or counts it when there are many like it. Nobody waits for it: it discloses nothing. While
    /// the ledger is away refusals are counted, and told when it is back.
    pub fn refuse(&self, entry: Entry<'_>) {
        let now = Instant::now();
        let Some(entry) = self.shared.flood().admit(entry, now) else { return };
        match self.seated(&entry) {
            Ok((body, seat)) => {
                // It fails only when the writer is gone, and then nobody can count it either.
                let _ = self.send(vec![Record { body, _seat: Some(seat), done: None }]);
            }
            Err(_) => self.shared.flood().count(&entry, now),
        }
    }

    /// Whether records are being taken and become durable in time; what readiness asks.
    pub fn healthy(&self) -> bool {
        self.usable().is_ok()
    }

    /// Asks the writer to commit what waits, to record a clean stop and to return. Later records are refused.
    pub fn stop(&self) {
        if !self.shared.stopped.swap(true, Ordering::AcqRel) {
            // The queue has room for one message more than there are seats; a writer that is gone needs no word.
            let _ = self.queue.send(Message::Stop);
        }
    }

    fn usable(&self) -> Result<(), LedgerError> {
        let shared = &*self.shared;
        if shared.stopped.load(Ordering::Acquire) {
            return Err(LedgerError::Stop);
        }
        if shared.away.load(Ordering::Acquire) || shared.is_stuck() {
            return Err(LedgerError::Away);
        }
        Ok(())
    }

    fn seated(&self, entry: &Entry<'_>) -> Result<(Vec<u8>, Seat), LedgerError> {
        self.usable()?;
        let body = entry.encode()?;
        let seat = Seat::take(&self.shared, body.len())?;
        Ok((body, seat))
    }

    /// Cannot find the queue full, since a record holds a seat and there are no more seats than room.
    fn send(&self, records: Vec<Record>) -> Result<(), LedgerError> {
        if records.is_empty() {
            return Ok(());
        }
        self.queue.send(Message::Records(records)).map_err(|(message, error)| {
            message.refuse(error);
            error
        })
    }
}

/// An entry as it will stand in the ledger, with its seat in the queue. Dropped, it was never said.
pub struct Sealed {
    body: Vec<u8>,
    seat: Seat,
}

/// A seat in the queue, taken beforehand. Dropped unused, it is given back.
pub struct Permit {
    ledger: Ledger,
    seat: Seat,
}

impl Permit {
    /// Records an entry for which nobody waits. It never fails for lack of room, and when the ledger is away it is kept
    /// and written when the ledger is back; it fails when the entry is too long or the writer is gone.
    pub fn append(self, entry: Entry<'_>) -> Result<(), LedgerError> {
        let body = entry.encode()?;
        self.ledger.send(vec![Record { body, _seat: Some(self.seat), done: None }])
    }
}
