//! Checking a ledger with nothing but its folder and the public key.
//!
//! One pass over the lines in order, bounded in memory: each line's own hash, its place behind the one before, and
//! every checkpoint at the record it was signed over, both those beside the segments and those that somebody kept
//! elsewhere. The first fault ends the pass, since behind it nothing can be told for sure. The checkpoints' length is
//! taken before the segments are read, so that a gateway that goes on writing meanwhile does not look like a missing
//! tail.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use crate::ledger::chain::{Fault, Sealed};
use crate::ledger::checkpoint::{self, Checkpoint, Note};
use crate::ledger::cosignature;
use crate::ledger::deleted::{Deleted, Notes};
use crate::ledger::head::Head;
use crate::ledger::key::PublicKey;
use crate::ledger::marks::{Halt, Marks};
use crate::ledger::segment::{self, Line, Lines, Segment};

/// A line of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
}

/// The first thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Where.
    pub spot: Spot,
    /// What.
    pub what: String,
    /// How to go on from here.
    pub advice: String,
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// Segments read.
    pub segments: u64,
    /// Records that hold, up to the first fault.
    pub records: u64,
    /// Checkpoints that hold.
    pub checkpoints: u64,
    /// The last checkpoint that holds; nobody can have changed the records up to it.
    pub last: Option<Checkpoint>,
    /// A last line or note that is not whole: one is being written now, or a crash left it.
    pub unfinished: Option<Spot>,
    /// Segments that retention deleted, whose hashes hold.
    pub deleted: Vec<Deleted>,
    /// What is wrong, if anything is.
    pub finding: Option<Finding>,
}

/// A ledger that cannot be read at all.
#[derive(Debug)]
pub enum VerifyError {
    /// The folder holds neither segments nor checkpoints.
    Empty {
        /// The folder.
        dir: PathBuf,
    },
    /// Something cannot be read.
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl std::fmt::Display for VerifyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            VerifyError::Empty { dir } => write!(f, "`{}` holds no ledger", dir.display()),
            VerifyError::Io { path, .. } => write!(f, "`{}` cannot be read", path.display()),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Io { cause, .. } => Some(cause),
            VerifyError::Empty { .. } => None,
        }
    }
}

/// Checkpoints that somebody kept elsewhere, all of them good, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kept {
    /// The file they come from.
    pub path: PathBuf,
    /// The checkpoints with their lines.
    pub checkpoints: Vec<(Checkpoint, u64)>,
}

impl Kept {
    /// Reads them; a note that this key did not sign is a finding, since a swapped key is how a whole ledger is forged.
    pub fn read(path: &Path, key: &PublicKey) -> Result<Result<Kept, Finding>, VerifyError> {
        let unreadable = |cause| VerifyError::Io { path: path.to_path_buf(), cause };
        let file = File::open(path).map_err(unreadable)?;
        let mut notes = checkpoint::Notes::new(BufReader::new(file.take(KEPT_BYTES_MAX)));
        let mut kept = Kept { path: path.to_path_buf(), checkpoints: Vec::new() };
        loop {
            match notes.next_note(key).map_err(unreadable)? {
                Note::Good(checkpoint, line) => kept.checkpoints.push((checkpoint, line)),
                Note::Bad(line) | Note::Unfinished(line) => return Ok(Err(foreign(path, line, key))),
                Note::End if kept.checkpoints.is_empty() => return Ok(Err(foreign(path, 1, key))),
                Note::End => break,
            }
        }
        kept.checkpoints.sort_by_key(|(checkpoint, _)| checkpoint.head.tip.seq);
        Ok(Ok(kept))
    }

    /// The same of checkpoints that a witness has signed as well, each of which must bear its cosignature.
    pub fn cosigned(path: &Path, key: &PublicKey, witness: &PublicKey) -> Result<Result<Kept, Finding>, VerifyError> {
        let unreadable = |cause| VerifyError::Io { path: path.to_path_buf(), cause };
        let file = File::open(path).map_err(unreadable)?;
        let mut notes = checkpoint::Notes::new(BufReader::new(file.take(KEPT_BYTES_MAX)));
        let mut kept = Kept { path: path.to_path_buf(), checkpoints: Vec::new() };
        loop {
            match notes.next_note(key).map_err(unreadable)? {
                Note::Good(checkpoint, line) => {
                    let note = notes.text().to_vec();
                    let lines = notes.further().map_err(unreadable)?;
                    if cosignature::of(&note, &lines, witness).is_none() {
                        // A crash cut it short, or the gateway is writing it.
                        if !kept.checkpoints.is_empty() && notes.at_end().map_err(unreadable)? {
                            break;
                        }
                        return Ok(Err(unwitnessed(path, line, witness)));
                    }
                    kept.checkpoints.push((checkpoint, line));
                }
                Note::Bad(line) => return Ok(Err(foreign(path, line, key))),
                Note::End | Note::Unfinished(_) if kept.checkpoints.is_empty() => {
                    return Ok(Err(unwitnessed(path, 1, witness)));
                }
                Note::End | Note::Unfinished(_) => break,
            }
        }
        kept.checkpoints.sort_by_key(|(checkpoint, _)| checkpoint.head.tip.seq);
        Ok(Ok(kept))
    }
}

fn unwitnessed(path: &Path, line: u64, witness: &PublicKey) -> Finding {
    Finding {
        spot: Spot { path: path.to_path_buf(), line },
        what: format!("this is no checkpoint that the witness `{}` signed", witness.name),
        advice: "name the file in which the gateway keeps what that witness signed, or the witness's own key"
            .to_owned(),
    }
}

/// Checks a ledger. `progress` is told how many bytes of how many were read.
pub fn verify(
    dir: &Path,
    key: &PublicKey,
    kept: &Kept,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, VerifyError> {
    let unreadable = |cause| VerifyError::Io { path: dir.to_path_buf(), cause };
    let marks = Marks::open(dir, key, kept)?;
    let segments = segment::list(dir).map_err(unreadable)?;
    if segments.is_empty() && marks.is_none() {
        return Err(VerifyError::Empty { dir: dir.to_path_buf() });
    }
    let notes = Notes::read(dir, key).map_err(unreadable)?;
    let mut walk = Walk { key, head: Head::start(), report: Report::default(), line: Vec::new(), notes };
    let walked = match marks {
        Some(mut marks) => walk.all(dir, &segments, &mut marks, progress),
        None => Err(Halt::at(dir.join(checkpoint::FILE_NAME), 1, "the checkpoints are missing".to_owned())),
    };
    match walked {
        Ok(()) => {}
        Err(Halt::Found(mut finding)) => {
            finding.advice = advice(&walk.report);
            walk.report.finding = Some(finding);
        }
        Err(Halt::Unreadable(error)) => return Err(error),
    }
    Ok(walk.report)
}

const KEPT_BYTES_MAX: u64 = 16 << 20;
/// How often progress is told, in lines.
const PROGRESS_LINES: u64 = 8192;

fn foreign(path: &Path, line: u64, key: &PublicKey) -> Finding {
    Finding {
        spot: Spot { path: path.to_path_buf(), line },
        what: format!("this is no checkpoint that the key `{}` signed", key.name),
        advice: "either the file is of another ledger or was changed, or the public key was swapped: compare the key \
                 with the one that was handed out"
            .to_owned(),
    }
}

fn advice(report: &Report) -> String {
    let copy = "keep the folder as it is and compare it with a copy";
    match report.last.as_ref().filter(|last| last.head.tip.seq > 0) {
        Some(Checkpoint { head: Head { tip, .. }, time }) => {
            format!("{copy}; records 1 to {} are as they were signed at {time:.6}", tip.seq)
        }
        None => format!("{copy}; no record before it is covered by a good checkpoint"),
    }
}

pub(super) struct Walk<'a> {
    key: &'a PublicKey,
    pub(super) head: Head,
    pub(super) report: Report,
    line: Vec<u8>,
    /// What retention deleted.
    pub(super) notes: Notes,
}

impl Walk<'_> {
    fn all(
        &mut self,
        dir: &Path,
        segments: &[Segment],
        marks: &mut Marks<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), Halt> {
        let sizes = segments.iter().map(|segment| segment.plain_len().unwrap_or(0));
        let total = sizes.sum();
        let mut before = 0;
        let mut end = Spot { path: dir.join(checkpoint::FILE_NAME), line: 1 };
        marks.meet(&self.head, &end, &mut self.report)?;
        if marks.none_found() && !segments.is_empty() {
            return Err(Halt::at(end.path, 1, "the checkpoints are missing".to_owned()));
        }
        for (index, segment) in segments.iter().enumerate() {
            self.pass_deleted(dir, segment.first, marks)?;
            let Some((segment, lines)) = self.open(dir, segment, marks)? else { continue };
            let last = index + 1 == segments.len();
            let read = self.segment((&segment, lines), last, marks, &mut |bytes| progress(before + bytes, total))?;
            before += read.offset;
            progress(before, total);
            end = Spot { path: segment.path.clone(), line: read.line + 1 };
            self.report.segments += 1;
        }
        progress(total, total);
        marks.finish(self.head.tip, end, &mut self.report)
    }

    /// Opens a segment. Retention may delete it while the ones before it are read; then its note is there by now, and it
    /// is passed as one that was gone from the beginning.
    fn open(&mut self, dir: &Path, segment: &Segment, marks: &mut Marks<'_>) -> Result<Option<(Segment, Lines)>, Halt> {
        let unreadable = |path: &Path, cause| VerifyError::Io { path: path.to_path_buf(), cause };
        let opened = segment.opened(&mut |segment| Ok((segment.clone(), Lines::open(&segment.path)?)));
        if let Some(opened) = opened.map_err(|cause| unreadable(&segment.path, cause))? {
            return Ok(Some(opened));
        }
        self.notes = Notes::read(dir, self.key).map_err(|cause| unreadable(dir, cause))?;
        match self.notes.from(segment.first).map(|(deleted, _)| deleted.last) {
            Some(last) => self.pass_deleted(dir, last + 1, marks).map(|()| None),
            None => Err(unreadable(&segment.path, io::ErrorKind::NotFound.into()).into()),
        }
    }

    fn segment(
        &mut self,
        (segment, mut lines): (&Segment, Lines),
        last: bool,
        marks: &mut Marks<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Lines, Halt> {
        let path = &segment.path;
        let unreadable = |cause| VerifyError::Io { path: path.clone(), cause };
        if segment.first > self.head.tip.seq + 1 {
            let missing = Fault::Missing { first: self.head.tip.seq + 1, last: segment.first - 1 };
            return Err(Halt::at(path.clone(), 1, missing.to_string()));
        }
        if segment.first <= self.head.tip.seq {
            let what = "the segment's name is not the number of its first record: it was renamed or copied";
            return Err(Halt::at(path.clone(), 1, what.to_owned()));
        }
        loop {
            let spot = |line| Spot { path: path.clone(), line };
            match lines.next_line(&mut self.line).map_err(unreadable)? {
                Line::End => return Ok(lines),
                Line::Unfinished if last && !self.closes_a_record() => {
                    self.report.unfinished = Some(spot(lines.line));
                    lines.line -= 1;
                    return Ok(lines);
                }
                Line::Whole | Line::Unfinished => {}
            }
            let followed = Sealed::read(&self.line).and_then(|sealed| self.head.follow(&sealed));
            followed.map_err(|fault| Halt::at(path.clone(), lines.line, fault.to_string()))?;
            self.report.records += 1;
            if marks.due == Some(self.head.tip.seq) {
                marks.meet(&self.head, &spot(lines.line), &mut self.report)?;
            }
            if lines.line.is_multiple_of(PROGRESS_LINES) {
                progress(lines.offset);
            }
        }
    }

    /// A line that a crash cut short ends within the record; one whose newline was changed goes on behind it.
    fn closes_a_record(&self) -> bool {
        self.line.split_last().is_some_and(|(_, record)| Sealed::read(record).is_ok())
    }
}
