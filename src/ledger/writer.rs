//! The one writer: takes what waits, commits it in one write and one sync, tells those who wait, signs the tip now and
//! then, and comes back by itself after a failure.
//!
//! It is a loop for a thread of its own, which the caller provides. After a failure whoever waits is told at once and
//! new records are refused at the door; records that nobody waits for (closing ones, counted refusals) are kept, within
//! the queue's bound, and written when the ledger is back.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::ledger::entry::Entry;
use crate::ledger::journal::{Journal, WRITE_FAILED};
use crate::ledger::queue::{Next, Receiver};
use crate::ledger::shared::{Message, Record, Shared};
use crate::ledger::sync::atomic::Ordering;
use crate::ledger::{Committed, LedgerError};
use crate::terms::event::Event;

/// What the records' times are taken from.
pub type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// The reason in a start's record when the end before it was not a clean stop.
pub const UNCLEAN_STOP: &str = "unclean_stop";

/// Holds the files; made by [`crate::ledger::Ledger::open`].
pub struct Writer {
    messages: Receiver,
    shared: Arc<Shared>,
    journal: Journal,
    clock: Clock,
    /// Taken from the queue and not yet committed; while the ledger is away, what is kept.
    waiting: Vec<Record>,
    retry_at: Instant,
    checkpoint_at: Instant,
}

impl Writer {
    /// Writes until it is asked to stop or every handle is gone, then records a clean stop. An error means that the
    /// stop could not be recorded; the next start will say so.
    pub fn run(mut self) -> io::Result<()> {
        while self.turn() {}
        self.finish()
    }

    /// One round of [`Writer::run`]: waits a bounded time for work and does it; false when it is time to stop.
    pub fn turn(&mut self) -> bool {
        let more = self.gather();
        if self.is_away() {
            self.refuse_waiting();
            if Instant::now() >= self.retry_at {
                self.come_back();
            }
        }
        if !self.is_away() {
            let counted = self.shared.flood().ended(Instant::now());
            self.keep(counted);
            self.write_waiting();
            self.sign_when_due();
        }
        more
    }

    pub(super) fn new(messages: Receiver, shared: Arc<Shared>, journal: Journal, clock: Clock) -> Writer {
        let now = Instant::now();
        let checkpoint_at = now + shared.bounds.checkpoint_every;
        Writer { messages, shared, journal, clock, waiting: Vec::new(), retry_at: now, checkpoint_at }
    }

    /// Records what was found at the start, and the start, and signs it.
    pub(super) fn record_start(&mut self, clean: bool) -> io::Result<()> {
        let start = Entry {
            outcome: Some("started".into()),
            reason: (!clean).then(|| UNCLEAN_STOP.into()),
            ..Entry::new(Event::Start)
        };
        self.record_mishaps(Some(start))?;
        self.journal.checkpoint((self.clock)())
    }

    /// Takes what waits in the queue, as much as one commit may hold; waits a while for the first.
    fn gather(&mut self) -> bool {
        let bounds = self.shared.bounds;
        match self.messages.next(bounds.pause) {
            Next::Message(Message::Records(records)) => self.waiting.extend(records),
            Next::Nothing => return true,
            Next::Message(Message::Stop) | Next::End => return false,
        }
        let mut bytes = 0;
        while self.waiting.len() < bounds.batch_max && bytes < bounds.batch_bytes_max {
            match self.messages.waiting() {
                Some(Message::Records(records)) => {
                    bytes += records.iter().map(|record| record.body.len()).sum::<usize>();
                    self.waiting.extend(records);
                }
                Some(Message::Stop) => return false,
                None => break,
            }
        }
        true
    }

    fn write_waiting(&mut self) {
        while !self.waiting.is_empty() && !self.is_away() {
            let count = self.batch();
            let batch = self.waiting.drain(..count).collect();
            self.commit(batch);
        }
    }

    /// How many of those that wait are committed together: one at least.
    fn batch(&self) -> usize {
        let bounds = self.shared.bounds;
        let mut bytes = 0;
        let within = self.waiting.iter().take(bounds.batch_max).take_while(|record| {
            let begins = bytes < bounds.batch_bytes_max;
            bytes += record.body.len();
            begins
        });
        within.count().max(1)
    }

    fn commit(&mut self, batch: Vec<Record>) {
        let time = (self.clock)();
        let bodies = batch.iter().map(|record| &record.body[..]);
        match self.shared.watch(|| self.journal.commit(bodies, time)) {
            Ok(first) => {
                for (seq, record) in (first..).zip(batch) {
                    if let Some(done) = record.done {
                        done(Ok(Committed { seq }));
                    }
                }
            }
            Err(error) => {
                self.waiting.splice(0..0, batch);
                self.leave(&error);
            }
        }
    }

    fn sign_when_due(&mut self) {
        let now = Instant::now();
        if self.is_away() || now < self.checkpoint_at || self.journal.anchored == Some(self.journal.head.tip.seq) {
            return;
        }
        self.checkpoint_at = now + self.shared.bounds.checkpoint_every;
        let time = (self.clock)();
        if let Err(error) = self.shared.watch(|| self.journal.checkpoint(time)) {
            self.leave(&error);
        }
    }

    /// Something failed: nothing more is written to the open files, and whoever waits is told.
    fn leave(&mut self, error: &io::Error) {
        let dir = self.journal.dir.display();
        tracing::error!(%error, %dir, "the ledger cannot be written; nothing is disclosed until it can");
        self.journal.close();
        self.journal.mishaps.note(WRITE_FAILED, 0);
        self.shared.away.store(true, Ordering::Release);
        self.retry_at = Instant::now() + self.shared.bounds.pause;
        self.refuse_waiting();
    }

    /// Tells those who wait that their records were not taken, and keeps the records that nobody waits for.
    fn refuse_waiting(&mut self) {
        for mut record in std::mem::take(&mut self.waiting) {
            match record.done.take() {
                Some(done) => done(Err(LedgerError::Away)),
                None => self.waiting.push(record),
            }
        }
    }

    fn come_back(&mut self) {
        let time = (self.clock)();
        let resumed = self.shared.watch(|| self.journal.resume(time));
        let recorded = resumed.and_then(|()| self.record_mishaps(None));
        let signed = recorded.and_then(|()| self.shared.watch(|| self.journal.checkpoint(time)));
        match signed {
            Ok(()) => {
                tracing::info!(dir = %self.journal.dir.display(), "the ledger can be written again");
                self.shared.away.store(false, Ordering::Release);
            }
            Err(error) => {
                tracing::debug!(error = %error, "the ledger still cannot be written");
                self.journal.close();
                self.retry_at = Instant::now() + self.shared.bounds.pause;
            }
        }
    }

    fn record_mishaps(&mut self, then: Option<Entry<'static>>) -> io::Result<()> {
        let entries = self.journal.mishaps.entries().chain(then);
        let bodies: Vec<Vec<u8>> = entries.filter_map(|entry| entry.encode().ok()).collect();
        let time = (self.clock)();
        if !bodies.is_empty() {
            self.shared.watch(|| self.journal.commit(bodies.iter().map(|body| &body[..]), time))?;
        }
        self.journal.mishaps.clear();
        Ok(())
    }

    fn keep(&mut self, entries: Vec<Entry<'static>>) {
        let bodies = entries.into_iter().filter_map(|entry| entry.encode().ok());
        self.waiting.extend(bodies.map(|body| Record { body, _seat: None, done: None }));
    }

    /// Commits all that is left, records the stop and signs it.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        while let Some(message) = self.messages.waiting() {
            if let Message::Records(records) = message {
                self.waiting.extend(records);
            }
        }
        if self.is_away() {
            self.refuse_waiting();
            self.come_back();
        }
        let counted = self.shared.flood().all();
        self.keep(counted);
        self.write_waiting();
        if self.is_away() {
            return Err(io::Error::other("the ledger could not be written when it was stopped"));
        }
        let stop = Entry { outcome: Some("stopped".into()), ..Entry::new(Event::Stop) };
        self.record_mishaps(Some(stop))?;
        self.journal.checkpoint((self.clock)())
    }

    fn is_away(&self) -> bool {
        self.shared.away.load(Ordering::Acquire)
    }
}

impl Drop for Writer {
    /// Without a writer nothing is recorded any more, and every handle must know.
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // What still is in the queue is refused as the queue ends.
        Message::Records(std::mem::take(&mut self.waiting)).refuse(LedgerError::Stop);
    }
}
