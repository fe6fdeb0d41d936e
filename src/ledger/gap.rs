//! Verification across records that retention deleted: their hashes take the place of their lines.
//!
//! A signed note says that they are gone on purpose, the tree holds the hash of each, and the checkpoints that were
//! signed over them are met as if their lines were there. What is missing without a note, or whose hashes are not there
//! or were changed, is a finding like any other.

use std::path::Path;

use crate::ledger::chain::Hash;
use crate::ledger::deleted::Deleted;
use crate::ledger::marks::{Halt, Marks};
use crate::ledger::tree::leaf;
use crate::ledger::tree::stored::{FOLDER_NAME, Stored};
use crate::ledger::verify::{Spot, VerifyError, Walk};

/// So many hashes are read at once.
const READ_LEAVES: u64 = 8192;

impl Walk<'_> {
    /// Goes over all that retention deleted before the segment that begins with this record.
    pub(super) fn pass_deleted(&mut self, dir: &Path, first: u64, marks: &mut Marks<'_>) -> Result<(), Halt> {
        while self.head.tip.seq + 1 < first {
            let Some((deleted, line)) = self.notes.from(self.head.tip.seq + 1).cloned() else {
                return match self.notes.bad {
                    Some(line) => {
                        let what = "the ledger's key did not sign this note of a deletion, or it was changed";
                        Err(Halt::at(self.notes.path.clone(), line, what.to_owned()))
                    }
                    None => Ok(()),
                };
            };
            if deleted.last >= first {
                // Part of it is there again; the segment's own lines say more.
                return Ok(());
            }
            let spot = Spot { path: self.notes.path.clone(), line };
            self.pass(dir, &deleted, &spot, marks)?;
            self.report.deleted.push(deleted);
        }
        Ok(())
    }

    fn pass(&mut self, dir: &Path, deleted: &Deleted, spot: &Spot, marks: &mut Marks<'_>) -> Result<(), Halt> {
        let unreadable = |cause| VerifyError::Io { path: dir.join(FOLDER_NAME), cause };
        let hashes = Stored::open(dir).map_err(unreadable)?;
        if hashes.size() < deleted.last {
            let Deleted { first, last, .. } = deleted;
            let what = format!("the hashes of records {first} to {last}, which retention deleted, are missing");
            return Err(Halt::at(spot.path.clone(), spot.line, what));
        }
        while self.head.tip.seq < deleted.last {
            let begin = self.head.tip.seq;
            let leaves = hashes.leaves(begin..deleted.last.min(begin + READ_LEAVES)).map_err(unreadable)?;
            for kept in leaves {
                self.take(deleted, kept, spot, marks)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, deleted: &Deleted, kept: Hash, spot: &Spot, marks: &mut Marks<'_>) -> Result<(), Halt> {
        self.head.tree.push(kept);
        let seq = self.head.tip.seq + 1;
        self.head.tip.seq = seq;
        let ends = seq == deleted.last;
        if ends && leaf(deleted.hash) != kept {
            let what = format!("the hash of record {seq}, which retention deleted, was changed");
            return Err(Halt::at(spot.path.clone(), spot.line, what));
        }
        if ends {
            self.head.tip.hash = deleted.hash;
        }
        if marks.due == Some(seq) {
            // One that fits none of the checkpoints here is told by the comparison.
            self.head.tip.hash = marks.hash_of(seq, kept).unwrap_or(self.head.tip.hash);
            marks.meet(&self.head, spot, &mut self.report)?;
        }
        if ends {
            self.head.tip.hash = deleted.hash;
        }
        Ok(())
    }
}
