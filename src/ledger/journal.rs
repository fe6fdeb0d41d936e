//! The ledger on disk: the open segment, the checkpoints beside it, and the way back after a failure.
//!
//! `commit` is one write and one sync for many records. Whatever fails, nothing is known to have been disclosed that is
//! not within the durable lengths kept here, so the way back is always the same: set aside what stands behind them,
//! begin a new segment, and say in the ledger what happened. Policy (when to try again, whom to tell) is `writer`'s.

use std::io;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::disk::Disk;
use crate::ledger::entry::Entry;
use crate::ledger::head::Head;
use crate::ledger::key::SigningKey;
use crate::ledger::segment::Segment;
use crate::ledger::tape::{self, Tape};
use crate::terms::event::Event;

/// About how long a line is, so that room for a commit is made at once.
const LINE_BYTES: usize = 1024;

/// The ledger as its one writer holds it.
pub struct Journal {
    /// What writes.
    pub disk: Box<dyn Disk>,
    /// The folder of the segments.
    pub dir: PathBuf,
    /// What signs checkpoints.
    pub key: SigningKey,
    /// This gateway's name, as a JSON string.
    pub node: Vec<u8>,
    /// A segment that has reached this is closed.
    pub segment_bytes_max: u64,
    /// So is one whose first record is older than this.
    pub segment_age_max: SignedDuration,
    /// When the open segment's first record was written; nothing while it has none.
    pub since: Option<Timestamp>,
    /// The chain and the tree up to the last durable record.
    pub head: Head,
    /// The open segment.
    pub segment: Tape,
    /// The checkpoints' file.
    pub checkpoints: Tape,
    /// The record of the last checkpoint.
    pub anchored: Option<u64>,
    /// What befell the ledger and is not yet recorded in it.
    pub mishaps: Mishaps,
}

/// What befell the ledger: a reason, and how many bytes or records it is about. There are as many as there are reasons.
#[derive(Default)]
pub struct Mishaps(Vec<(&'static str, u64)>);

impl Mishaps {
    /// Notes one; the same reason twice is one, with both counts.
    pub fn note(&mut self, reason: &'static str, count: u64) {
        match self.0.iter_mut().find(|(noted, _)| *noted == reason) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((reason, count)),
        }
    }

    /// The records that tell of them.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'static>> {
        self.0.iter().map(|(reason, count)| Entry {
            reason: Some((*reason).into()),
            count: Some(*count),
            outcome: Some("recovered".into()),
            ..Entry::new(Event::Ledger)
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets them, once they are recorded.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Bytes that no whole record closed were found at a start, and set aside.
pub const TORN_TAIL: &str = "torn_tail";
/// A checkpoint was signed over more records than are there.
pub const MISSING_TAIL: &str = "missing_tail";
/// Records are there and no checkpoint is.
pub const MISSING_CHECKPOINTS: &str = "missing_checkpoints";
/// A record that a checkpoint covers is damaged; it is left as it is.
pub const BROKEN_CHAIN: &str = "broken_chain";
/// A write or a sync failed; the bytes of it that reached the file were set aside.
pub const WRITE_FAILED: &str = "write_failed";
/// A file was removed or cut while the gateway ran; the count is what it had held.
pub const FILE_REMOVED: &str = "file_removed";

impl Journal {
    /// Makes these records durable and returns the first one's number. After an error none of them is in the ledger,
    /// and nothing can be committed until `resume` succeeds.
    pub fn commit<'a>(&mut self, bodies: impl IntoIterator<Item = &'a [u8]>, time: Timestamp) -> io::Result<u64> {
        let time_text = format!("{time:.6}");
        let first = self.head.tip.seq + 1;
        let mut head = self.head.clone();
        let bodies = bodies.into_iter();
        let mut lines = Vec::with_capacity(bodies.size_hint().0 * LINE_BYTES);
        for body in bodies {
            head.seal(&time_text, &self.node, body, &mut lines);
        }
        let full = self.segment.len + lines.len() as u64 > self.segment_bytes_max;
        let old = self.since.is_some_and(|since| time.duration_since(since) >= self.segment_age_max);
        if self.segment.len > 0 && (full || old) {
            self.rotate(time)?;
        }
        self.segment.append(&lines)?;
        self.since.get_or_insert(time);
        self.head = head;
        Ok(first)
    }

    /// Signs the head, unless that is done already.
    pub fn checkpoint(&mut self, time: Timestamp) -> io::Result<()> {
        if self.anchored == Some(self.head.tip.seq) {
            return Ok(());
        }
        let note = Checkpoint { head: self.head.clone(), time }.sign(&self.key);
        self.checkpoints.append(note.as_bytes())?;
        self.anchored = Some(self.head.tip.seq);
        Ok(())
    }

    /// Gives up the open files: nothing more is written to them, whatever happens to the disk.
    pub fn close(&mut self) {
        self.segment.close();
        self.checkpoints.close();
    }

    /// Comes back after a failure. It may itself fail at any step and be tried again from the beginning.
    pub fn resume(&mut self, time: Timestamp) -> io::Result<()> {
        self.close();
        self.disk.folder(&self.dir)?;
        mend(&*self.disk, &mut self.segment, &mut self.mishaps, time)?;
        let whole = mend(&*self.disk, &mut self.checkpoints, &mut self.mishaps, time)?;
        if !whole {
            self.anchored = None;
        }
        self.checkpoints = Tape::open(&*self.disk, self.checkpoints.path.clone(), self.checkpoints.len)?;
        self.open_segment(Segment::named(&self.dir, self.head.tip.seq + 1).path, 0)
    }

    /// Opens the segment to write on in, and makes its name and those of the other files durable.
    pub fn open_segment(&mut self, path: PathBuf, len: u64) -> io::Result<()> {
        self.segment = Tape::open(&*self.disk, path, len)?;
        self.since = self.since.filter(|_| len > 0);
        self.disk.sync_folder(&self.dir)
    }

    fn rotate(&mut self, time: Timestamp) -> io::Result<()> {
        self.checkpoint(time)?;
        self.open_segment(Segment::named(&self.dir, self.head.tip.seq + 1).path, 0)
    }
}

/// Sets aside what stands behind a file's durable length; false when the file no longer holds that much.
fn mend(disk: &dyn Disk, tape: &mut Tape, mishaps: &mut Mishaps, time: Timestamp) -> io::Result<bool> {
    let found = tape::length(&tape.path)?;
    if found > tape.len {
        mishaps.note(WRITE_FAILED, tape::set_aside(disk, &tape.path, tape.len, time)?);
        return Ok(true);
    }
    if found == tape.len {
        return Ok(true);
    }
    mishaps.note(FILE_REMOVED, tape.len - found);
    tape.len = found;
    Ok(false)
}
