//! The checkpoints ahead of a pass over the ledger: each is met at the record that it was signed over.
//!
//! They are read as the pass goes, one ahead, since a ledger of years has millions. Their numbers only rise, so one
//! look at the next is enough; a file that falls back, or does not begin at the empty ledger, was tampered with.

use std::fs::File;
use std::io::{self, BufReader, Read, Take};
use std::path::{Path, PathBuf};

use crate::ledger::chain::{Hash, Tip};
use crate::ledger::checkpoint::{self, Checkpoint, Note, Notes};
use crate::ledger::head::Head;
use crate::ledger::key::PublicKey;
use crate::ledger::tree::leaf;
use crate::ledger::verify::{Finding, Kept, Report, Spot, VerifyError};

/// The checkpoints ahead, of the ledger's own file and of the kept ones.
pub struct Marks<'a> {
    key: &'a PublicKey,
    path: PathBuf,
    notes: Notes<BufReader<Take<File>>>,
    own: Option<(Checkpoint, u64)>,
    own_before: Option<u64>,
    kept_path: &'a Path,
    kept: &'a [(Checkpoint, u64)],
    /// The record at which the next one is to be met.
    pub due: Option<u64>,
}

impl<'a> Marks<'a> {
    /// Begins before the first checkpoint; nothing when there is no file of them.
    pub fn open(dir: &Path, key: &'a PublicKey, kept: &'a Kept) -> Result<Option<Marks<'a>>, VerifyError> {
        let path = dir.join(checkpoint::FILE_NAME);
        let unreadable = |cause| VerifyError::Io { path: path.clone(), cause };
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(unreadable)?,
        };
        let len = file.metadata().map_err(unreadable)?.len();
        let notes = Notes::new(BufReader::new(file.take(len)));
        Ok((len > 0).then_some(Marks {
            key,
            path,
            notes,
            own: None,
            own_before: None,
            kept_path: &kept.path,
            kept: &kept.checkpoints,
            due: None,
        }))
    }

    /// Compares the head with every checkpoint that was signed over it, and looks for the next ones.
    pub fn meet(&mut self, head: &Head, spot: &Spot, report: &mut Report) -> Result<(), Halt> {
        if self.own.is_none() {
            self.read_own(report)?;
        }
        while let Some((own, line)) = self.own.take_if(|(own, _)| own.head.tip.seq == head.tip.seq) {
            compare(head, &own, &self.path, line, spot, report)?;
            report.checkpoints += 1;
            report.last = Some(own);
            self.read_own(report)?;
        }
        while let Some(((kept, line), rest)) =
            self.kept.split_first().filter(|((kept, _), _)| kept.head.tip.seq == head.tip.seq)
        {
            compare(head, kept, self.kept_path, *line, spot, report)?;
            self.kept = rest;
        }
        let own = self.own.as_ref().map(|(own, _)| own.head.tip.seq);
        let kept = self.kept.first().map(|(kept, _)| kept.head.tip.seq);
        self.due = own.into_iter().chain(kept).min();
        Ok(())
    }

    /// The hash that a checkpoint over so many records names as the last one's, where it is the one of this leaf: of
    /// records that retention deleted the leaf alone is kept.
    pub fn hash_of(&self, seq: u64, kept_leaf: Hash) -> Option<Hash> {
        let own = self.own.iter().map(|(own, _)| own);
        let all = own.chain(self.kept.iter().map(|(kept, _)| kept)).map(|signed| signed.head.tip);
        all.filter(|tip| tip.seq == seq).map(|tip| tip.hash).find(|hash| leaf(*hash) == kept_leaf)
    }

    /// Whether the ledger's own file holds no checkpoint at all.
    pub fn none_found(&self) -> bool {
        self.own_before.is_none()
    }

    fn read_own(&mut self, report: &mut Report) -> Result<(), Halt> {
        let unreadable = |cause| VerifyError::Io { path: self.path.clone(), cause };
        self.own = None;
        match self.notes.next_note(self.key).map_err(unreadable)? {
            Note::End => Ok(()),
            Note::Unfinished(line) => {
                report.unfinished = Some(Spot { path: self.path.clone(), line });
                Ok(())
            }
            Note::Bad(line) => {
                let what = format!("this checkpoint was changed, or the key `{}` did not sign it", self.key.name);
                Err(Halt::at(self.path.clone(), line, what))
            }
            Note::Good(own, line) => {
                let fits = self.own_before.map_or(own.head.tip.seq == 0, |before| own.head.tip.seq > before);
                if !fits {
                    let what = match self.own_before {
                        None => {
                            "the checkpoints do not begin with that of the empty ledger: the first ones are missing"
                        }
                        Some(_) => "this checkpoint is not newer than the one before it: an old one was put back",
                    };
                    return Err(Halt::at(self.path.clone(), line, what.to_owned()));
                }
                self.own_before = Some(own.head.tip.seq);
                self.own = Some((own, line));
                Ok(())
            }
        }
    }

    /// After the last record no checkpoint may be left; the farthest one tells how much is missing.
    pub fn finish(&mut self, tip: Tip, spot: Spot, report: &mut Report) -> Result<(), Halt> {
        let mut ahead = self.kept.last().map(|(kept, line)| (kept.clone(), *line, self.kept_path.to_path_buf()));
        while let Some((own, line)) = self.own.take() {
            if ahead.as_ref().is_none_or(|(kept, _, _)| kept.head.tip.seq <= own.head.tip.seq) {
                ahead = Some((own, line, self.path.clone()));
            }
            if self.read_own(report).is_err() {
                break;
            }
        }
        let Some((ahead, line, path)) = ahead else { return Ok(()) };
        report.unfinished = None;
        let (first, last, time) = (tip.seq + 1, ahead.head.tip.seq, ahead.time);
        let which = if first == last { format!("record {first} is") } else { format!("records {first} to {last} are") };
        let what = format!(
            "{which} missing: the checkpoint of {time:.6} at {}:{line} was signed over {last} records",
            path.display()
        );
        Err(Halt::at(spot.path, spot.line, what))
    }
}

fn compare(head: &Head, signed: &Checkpoint, path: &Path, line: u64, spot: &Spot, report: &Report) -> Result<(), Halt> {
    if signed.head == *head {
        return Ok(());
    }
    let tip = head.tip;
    if signed.head.tip == tip {
        // No change of a record does that: the gateway that signed had lost the tree, or somebody else has its key.
        let what = format!("the tree of this checkpoint is not that of records 1 to {}", tip.seq);
        return Err(Halt::at(path.to_path_buf(), line, what));
    }
    let after = report.last.as_ref().map_or(0, |last| last.head.tip.seq);
    let what = format!(
        "record {} is not the one that the checkpoint of {:.6} at {}:{line} was signed over: a record after {after} was \
         replaced and every hash behind it made anew",
        tip.seq,
        signed.time,
        path.display()
    );
    Err(Halt::at(spot.path.clone(), spot.line, what))
}

/// Why a pass over the ledger ends before its end.
pub enum Halt {
    /// Something is wrong.
    Found(Finding),
    /// Something cannot be read.
    Unreadable(VerifyError),
}

impl Halt {
    /// Something is wrong here; what to do about it is added by whoever knows how far the pass came.
    pub fn at(path: PathBuf, line: u64, what: String) -> Halt {
        Halt::Found(Finding { spot: Spot { path, line }, what, advice: String::new() })
    }
}

impl From<VerifyError> for Halt {
    fn from(error: VerifyError) -> Halt {
        Halt::Unreadable(error)
    }
}
