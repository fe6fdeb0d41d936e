//! Opening a ledger: where the chain stands after whatever happened while nobody wrote.
//!
//! The last checkpoint tells damage from a tear. It is signed only after its record is durable, so a bad line behind it
//! may be what a crash left of records that were never answered for: it is set aside. A bad line before it, or a file
//! that ends before it, no crash can explain: that evidence is left untouched, the chain goes on behind it in a new
//! segment, the ledger says so, and `verify` names the line. The gateway works on either way: refusing to record the
//! present does not mend the past.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};

use crate::ledger::chain::{Sealed, Tip};
use crate::ledger::checkpoint::{self, Checkpoint};
use crate::ledger::disk::Disk;
use crate::ledger::head::Head;
use crate::ledger::journal::{BROKEN_CHAIN, Journal, MISSING_CHECKPOINTS, MISSING_TAIL, Mishaps, TORN_TAIL};
use crate::ledger::key::SigningKey;
use crate::ledger::segment::{self, Line, Lines, Segment};
use crate::ledger::tape::{self, Tape};
use crate::ledger::tree::leaf;
use crate::ledger::tree::range::CompactRange;

/// What the journal needs beside what is found on the disk.
pub struct Parts {
    /// What writes.
    pub disk: Box<dyn Disk>,
    /// What signs checkpoints.
    pub key: SigningKey,
    /// This gateway's name, as a JSON string.
    pub node: Vec<u8>,
    /// A segment that has reached this is closed.
    pub segment_bytes_max: u64,
    /// So is one whose first record is older than this.
    pub segment_age_max: SignedDuration,
}

/// A journal ready to be written, and how the last one ended.
pub struct Opened {
    /// The journal.
    pub journal: Journal,
    /// Whether there was nothing to end, or the last record is that of a clean stop.
    pub clean: bool,
}

/// Whether a ledger has ever been written here, so that its key must be there too.
pub fn exists(dir: &Path) -> io::Result<bool> {
    match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
        Ok(_) => Ok(tape::length(&dir.join(checkpoint::FILE_NAME))? > 0 || !segment::list(dir)?.is_empty()),
    }
}

/// Finds the chain's tip, sets torn tails aside and opens the files.
pub fn open(parts: Parts, dir: &Path, time: Timestamp) -> io::Result<Opened> {
    parts.disk.folder(dir)?;
    let mut mishaps = Mishaps::default();
    let checkpoints = find_checkpoints(&parts, dir, time, &mut mishaps)?;
    let anchor = checkpoints.last.as_ref().map(|last| last.head.tip);
    let segments = segment::list(dir)?;
    let end = find_end(&segments, anchor)?;
    let tree = grow(checkpoints.last.as_ref(), &segments, end.tip)?;
    end.note(anchor, &mut mishaps);
    let (path, len) = match segments.last() {
        Some(last) if end.continues(last) => {
            if end.len > end.whole {
                mishaps.note(TORN_TAIL, tape::set_aside(&*parts.disk, &last.path, end.whole, time)?);
            }
            (last.path.clone(), end.whole)
        }
        _ => (Segment::named(dir, end.tip.seq + 1).path, 0),
    };
    let clean = mishaps.is_empty() && (end.stopped || segments.is_empty());
    let mut journal = Journal {
        dir: dir.to_path_buf(),
        head: Head { tip: end.tip, tree },
        segment: Tape::closed(path.clone(), len),
        checkpoints: Tape::open(&*parts.disk, dir.join(checkpoint::FILE_NAME), checkpoints.whole)?,
        anchored: anchor.map(|tip| tip.seq),
        mishaps,
        disk: parts.disk,
        key: parts.key,
        node: parts.node,
        segment_bytes_max: parts.segment_bytes_max,
        segment_age_max: parts.segment_age_max,
        since: since(&path)?,
    };
    // The checkpoint of the empty ledger comes before the first segment, so that a segment is never without one.
    if anchor.is_none() {
        journal.checkpoint(time)?;
        journal.disk.sync_folder(dir)?;
    }
    journal.open_segment(path, len)?;
    Ok(Opened { journal, clean })
}

/// Where the chain ends, and how the segment in which it ends looks.
struct End {
    tip: Tip,
    /// Whether the last record is that of a clean stop.
    stopped: bool,
    /// A line that a checkpoint covers is bad.
    broken: bool,
    /// How many records the last checkpoint covers and no segment holds.
    missing: u64,
    /// Where the last whole record of the last segment ends.
    whole: u64,
    /// The last segment's length.
    len: u64,
}

impl End {
    fn note(&self, anchor: Option<Tip>, mishaps: &mut Mishaps) {
        if self.broken {
            mishaps.note(BROKEN_CHAIN, 1);
        }
        if self.missing > 0 {
            mishaps.note(MISSING_TAIL, self.missing);
        }
        if anchor.is_none() && self.tip.seq > 0 {
            mishaps.note(MISSING_CHECKPOINTS, self.tip.seq);
        }
    }

    /// Whether the chain goes on in its last segment; damaged ones are left as they are.
    fn continues(&self, last: &Segment) -> bool {
        let follows = self.whole > 0 || last.first == self.tip.seq + 1;
        !self.broken && self.missing == 0 && follows && !last.is_packed()
    }
}

fn find_checkpoints(parts: &Parts, dir: &Path, time: Timestamp, mishaps: &mut Mishaps) -> io::Result<checkpoint::Tail> {
    let path = dir.join(checkpoint::FILE_NAME);
    let tail = checkpoint::tail(&path, parts.key.public())?;
    if tail.last.is_none() && tail.whole > 0 {
        let told = "no checkpoint at the end of the ledger is signed with its key: put the right key back, or move the \
                    ledger folder away to begin a new one";
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    if tail.len > tail.whole {
        mishaps.note(TORN_TAIL, tape::set_aside(&*parts.disk, &path, tail.whole, time)?);
    }
    Ok(tail)
}

fn find_end(segments: &[Segment], anchor: Option<Tip>) -> io::Result<End> {
    let start = Tip::start();
    let mut end = End { tip: start, stopped: false, broken: false, missing: 0, whole: 0, len: 0 };
    for (back, segment) in segments.iter().rev().enumerate() {
        let scan = scan(segment, anchor.unwrap_or(start))?;
        if back == 0 {
            end.whole = scan.whole;
            end.len = tape::length(&segment.path)?;
        }
        end.broken |= scan.broken;
        if let Some(last) = scan.last {
            end.tip = last.tip();
            end.stopped = scan.stopped;
            break;
        }
    }
    if let Some(anchor) = anchor.filter(|anchor| anchor.seq > end.tip.seq) {
        end.missing = anchor.seq - end.tip.seq;
        end.tip = anchor;
    }
    Ok(end)
}

/// When a segment's first record was written.
pub(super) fn since(path: &Path) -> io::Result<Option<Timestamp>> {
    let mut line = Vec::new();
    match Lines::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        lines => lines?.next_line(&mut line)?,
    };
    let record: Option<serde_json::Value> = serde_json::from_slice(&line).ok();
    Ok(record.and_then(|record| record["time"].as_str()?.parse().ok()))
}

/// The tree up to the tip: as it was signed last, and what was written since.
fn grow(signed: Option<&Checkpoint>, segments: &[Segment], tip: Tip) -> io::Result<CompactRange> {
    let mut tree = signed.map(|signed| signed.head.tree.clone()).unwrap_or_default();
    if tree.size() == tip.seq {
        return Ok(tree);
    }
    segment::each_after(segments, tree.size(), &mut |record, _| match record {
        Ok(sealed) if sealed.seq == tree.size() + 1 && tree.size() < tip.seq => {
            tree.push(leaf(sealed.hash));
            ControlFlow::Continue(())
        }
        _ => ControlFlow::Break(()),
    })?;
    Ok(if tree.size() == tip.seq { tree } else { CompactRange::unknown(tip.seq) })
}

#[derive(Default)]
struct Scan {
    last: Option<Sealed>,
    whole: u64,
    broken: bool,
    stopped: bool,
}

/// Reads one segment up to its last whole record, or, where a checkpoint proves that more was durable, past bad lines.
fn scan(segment: &Segment, anchor: Tip) -> io::Result<Scan> {
    let mut lines = Lines::open(&segment.path)?;
    let (mut line, mut last_line) = (Vec::new(), Vec::new());
    let mut scan = Scan::default();
    loop {
        let read = lines.next_line(&mut line)?;
        if read == Line::End {
            break;
        }
        let reached = scan.last.map_or(segment.first.saturating_sub(1), |last| last.seq);
        let sealed = Sealed::read(&line).ok().filter(|_| read == Line::Whole);
        let next = sealed.filter(|sealed| match scan.last {
            Some(last) => last.tip().follow(sealed).is_ok(),
            None => sealed.seq == segment.first,
        });
        if next.is_none() {
            if reached >= anchor.seq {
                break;
            }
            scan.broken = true;
        }
        let Some(sealed) = next.or(sealed).filter(|sealed| sealed.seq > reached && sealed.seq < SEQ_MAX) else {
            continue;
        };
        scan.broken |= sealed.seq == anchor.seq && sealed.hash != anchor.hash;
        scan.last = Some(sealed);
        scan.whole = lines.offset;
        std::mem::swap(&mut line, &mut last_line);
    }
    scan.stopped = is_stop(&last_line);
    Ok(scan)
}

/// No chain of ours gets there; a forged number that does must not make counting overflow.
const SEQ_MAX: u64 = 1 << 53;

fn is_stop(line: &[u8]) -> bool {
    let record: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    record.is_some_and(|record| record["event"] == "stop")
}
