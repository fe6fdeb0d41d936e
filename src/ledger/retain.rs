//! Retention: closed segments whose records need not be kept any longer are deleted, and their hashes stay.
//!
//! Each record names its class, and each class lasts so many months. A segment goes as a whole, and only once the last of
//! its records has lapsed: there is one chain and one order, and a segment for each class would make several files of one
//! commit, each to be synced before bytes leave, or change records that were signed over. A day's segment is therefore
//! kept as long as the longest class in it. Whoever must not keep the rest so long gives them a gateway of their own.
//!
//! Before anything goes, the segment is read once more: every line must hold, its hashes must be those of `tree/`, and
//! these must fit a signed checkpoint. Then the note is signed and durable, then whoever deletes is put down, then the
//! files go. After a crash at any step the next run does the rest; what it finds is either a segment that is still
//! there, or one that a note explains.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::ledger::archive;
use crate::ledger::chain::{Sealed, Tip};
use crate::ledger::deleted::{Deleted, Notes};
use crate::ledger::disk::Disk;
use crate::ledger::index::Index;
use crate::ledger::key::{PublicKey, SigningKey};
use crate::ledger::prove::Covered;
use crate::ledger::query::Filter;
use crate::ledger::record::Stored;
use crate::ledger::segment::{self, Line, Lines, Segment};
use crate::ledger::tape::Tape;
use crate::ledger::tree::leaf;
use crate::ledger::tree::stored::Stored as Hashes;
use crate::terms::retention::Class;

/// For how long what is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spans {
    /// Months, by class; nothing for what is never deleted.
    pub months: [Option<u32>; Class::ALL.len()],
    /// What is kept whatever its class is: a segment with one record that matches stays.
    pub holds: Vec<Filter>,
}

impl Default for Spans {
    fn default() -> Spans {
        Spans { months: Class::ALL.map(Class::months), holds: Vec::new() }
    }
}

impl Spans {
    /// When a record of this class and time may go; nothing where it may not.
    fn end(&self, class: Class, time: Timestamp) -> Option<Timestamp> {
        let months = self.months[Class::ALL.iter().position(|own| *own == class)?]?;
        let end = time.to_zoned(TimeZone::UTC).checked_add(i64::from(months).months()).ok()?;
        Some(end.timestamp())
    }

    /// The earliest moment at which any record of this time may go.
    fn earliest(&self, time: Timestamp) -> Option<Timestamp> {
        Class::ALL.into_iter().filter_map(|class| self.end(class, time)).min()
    }
}

/// Why a closed segment stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stays {
    /// Its records have not lapsed before then.
    Until(Timestamp),
    /// A record's class is never deleted.
    Forever,
    /// A hold names one of its records.
    Held,
    /// A line of it does not hold: it is evidence.
    Damaged,
    /// Its hashes are not written down yet, or do not fit what was signed.
    Unproven,
}

/// What becomes of one closed segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judged {
    /// The segment.
    pub segment: Segment,
    /// Its last record; the one before its first where no line holds.
    pub last: Tip,
    /// When its first and last record were written.
    pub written: Option<(Timestamp, Timestamp)>,
    /// Why it stays; nothing where it may go.
    pub stays: Option<Stays>,
}

/// Judges all closed segments: all but the last one.
pub fn judge(dir: &Path, key: &PublicKey, spans: &Spans, now: Timestamp) -> io::Result<Vec<Judged>> {
    let mut segments = segment::list(dir)?;
    segments.pop();
    let hashes = Hashes::open(dir)?;
    // Without a checkpoint that fits nothing is proven.
    let covered = Covered::open(dir, key).ok();
    segments.into_iter().map(|segment| judged(spans, now, (&hashes, covered.as_ref()), segment)).collect()
}

fn judged(
    spans: &Spans,
    now: Timestamp,
    (hashes, covered): (&Hashes, Option<&Covered>),
    segment: Segment,
) -> io::Result<Judged> {
    // Most segments are young, and their index says so.
    if let Some(index) = Index::open(&segment)?.filter(|index| index.head().unreadable == 0) {
        let written = [index.head().from, index.head().to].map(Timestamp::from_microsecond);
        let young = written[1].as_ref().ok().and_then(|last| spans.earliest(*last)).filter(|end| *end > now);
        if let ([Ok(from), Ok(to)], Some(end)) = (written, young) {
            let last = Tip { seq: segment.first.saturating_sub(1), ..Tip::start() };
            return Ok(Judged { segment, last, written: Some((from, to)), stays: Some(Stays::Until(end)) });
        }
    }
    let read = Read::all(spans, hashes, &segment)?;
    let stays = match read.stays {
        None if read.until > now => Some(Stays::Until(read.until)),
        None => {
            let proven = |seq| covered.map_or(Ok(false), |covered| covered.holds(seq));
            (!proven(segment.first)? || !proven(read.last.seq)?).then_some(Stays::Unproven)
        }
        stays => stays,
    };
    Ok(Judged { segment, last: read.last, written: read.written, stays })
}

/// What the lines of a segment say.
struct Read {
    last: Tip,
    written: Option<(Timestamp, Timestamp)>,
    until: Timestamp,
    stays: Option<Stays>,
}

impl Read {
    fn all(spans: &Spans, hashes: &Hashes, segment: &Segment) -> io::Result<Read> {
        let last = Tip { seq: segment.first.saturating_sub(1), ..Tip::start() };
        let mut read = Read { last, written: None, until: Timestamp::MIN, stays: None };
        let mut lines = Lines::open(&segment.path)?;
        let mut line = Vec::new();
        loop {
            match lines.next_line(&mut line)? {
                Line::End => break,
                Line::Whole if read.line(spans, hashes, &line)?.is_continue() => {}
                Line::Whole | Line::Unfinished => {
                    read.stays.get_or_insert(Stays::Damaged);
                    break;
                }
            }
        }
        if read.written.is_none() {
            read.stays.get_or_insert(Stays::Damaged);
        }
        Ok(read)
    }

    fn line(&mut self, spans: &Spans, hashes: &Hashes, line: &[u8]) -> io::Result<ControlFlow<()>> {
        let (Ok(sealed), Ok(record)) = (Sealed::read(line), serde_json::from_slice::<Stored>(line)) else {
            return Ok(ControlFlow::Break(()));
        };
        let Ok(time) = record.time.parse::<Timestamp>() else { return Ok(ControlFlow::Break(())) };
        let follows =
            sealed.seq == self.last.seq + 1 && (self.written.is_none() || sealed.prev == Some(self.last.hash));
        if !follows {
            return Ok(ControlFlow::Break(()));
        }
        self.last = sealed.tip();
        self.written = Some((self.written.map_or(time, |(from, _)| from.min(time)), time));
        let kept = sealed.seq <= hashes.size() && hashes.leaves(sealed.seq - 1..sealed.seq)? == [leaf(sealed.hash)];
        if !kept {
            self.stays.get_or_insert(Stays::Unproven);
        }
        // What does not say its class is older than classes, and could be of any.
        let class = record.retention.as_deref().map_or(Some(Class::Hipaa), Class::from_word);
        match class.and_then(|class| spans.end(class, time)) {
            Some(end) => self.until = self.until.max(end),
            None => self.stays = Some(Stays::Forever),
        }
        if spans.holds.iter().any(|hold| hold.matches(&record)) {
            self.stays = Some(Stays::Held);
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Deletes one segment that was judged to go. `tell` puts down who deletes what, durably; it comes after the note and
/// before the files go. Nothing else may tend the segments meanwhile: hold [`lock`].
pub fn delete(
    disk: &dyn Disk,
    dir: &Path,
    key: &SigningKey,
    judged: &Judged,
    now: Timestamp,
    tell: &mut dyn FnMut(&Deleted) -> io::Result<()>,
) -> io::Result<()> {
    let (None, Some(written)) = (judged.stays, judged.written) else {
        return Err(io::Error::other("this segment is not to be deleted"));
    };
    let (first, last, hash) = (judged.segment.first, judged.last.seq, judged.last.hash);
    let deleted = Deleted { first, last, hash, written, time: now };
    let notes = Notes::read(dir, key.public())?;
    // A run that was ended before the files went has written it already.
    let is_told = notes.all.iter().any(|(told, _)| (told.first, told.last, told.hash) == (first, last, hash));
    if !is_told {
        if notes.len > notes.whole {
            // Half a note, of which nothing came.
            disk.cut(&notes.path, notes.whole)?;
        }
        let mut tape = Tape::open(disk, notes.path, notes.whole)?;
        tape.append(deleted.sign(key).as_bytes())?;
        disk.sync_folder(dir)?;
    }
    tell(&deleted)?;
    for path in files(&judged.segment) {
        match disk.remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
    }
    disk.sync_folder(dir)
}

/// All files of a segment: a crash may have left its index, or both of its forms.
fn files(segment: &Segment) -> [PathBuf; 3] {
    [segment.path.with_file_name(format!("{:012}.jsonl", segment.first)), segment.packed_path(), segment.index_path()]
}

/// Takes indexes away that a crash left of segments that are gone.
pub fn sweep(disk: &dyn Disk, dir: &Path, key: &PublicKey) -> io::Result<()> {
    for (deleted, _) in Notes::read(dir, key)?.all {
        let [plain, packed, index] = files(&Segment::named(dir, deleted.first));
        if !plain.exists() && !packed.exists() && index.exists() {
            disk.remove(&index)?;
        }
    }
    Ok(())
}

/// Held while segments are judged and deleted; nothing where a gateway tends them at this moment.
pub fn lock(dir: &Path) -> io::Result<Option<fs::File>> {
    archive::lock(dir)
}
