//! Proofs for people who do not have the ledger: that a record is in it, and that a checkpoint only adds to an earlier one.
//!
//! A proof is made from the hashes alone, so that it can be made of records that retention deleted, and it is handed out
//! only after it was checked: what does not fit a signed root is no proof. `tlog_proof` is how it is written.

use std::fs::File;
use std::io::{self, BufReader};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use crate::ledger::chain::Hash;
use crate::ledger::checkpoint::{self, Checkpoint, Note, Notes};
use crate::ledger::cosignature::{self, Cosigned};
use crate::ledger::key::PublicKey;
use crate::ledger::segment;
use crate::ledger::tlog_proof::{Extension, Inclusion};
use crate::ledger::tree::leaf;
use crate::ledger::tree::proof::{self, Tree};
use crate::ledger::tree::stored::Stored;

/// Why there is no proof.
#[derive(Debug)]
pub enum ProveError {
    /// Something cannot be read.
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// There is no checkpoint that this key signed.
    Unsigned {
        /// The file.
        path: PathBuf,
        /// The key's name.
        key: String,
    },
    /// No checkpoint was signed over so many records.
    NoCheckpoint {
        /// How many.
        seq: u64,
    },
    /// The checkpoint covers less than that.
    NotCovered {
        /// The record, or the size.
        seq: u64,
        /// What the checkpoint covers.
        covered: u64,
    },
    /// Neither this record nor its hash is there.
    Missing {
        /// The record.
        seq: u64,
    },
    /// More hashes than are read at once are not written down.
    TooMany {
        /// How many.
        count: u64,
    },
    /// What is there is not what the checkpoint was signed over.
    Unlike {
        /// How many records that covers.
        seq: u64,
    },
}

impl std::fmt::Display for ProveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ProveError::Io { path, .. } => write!(f, "`{}` cannot be read", path.display()),
            ProveError::Unsigned { path, key } => {
                write!(f, "`{}` holds no checkpoint that the key `{key}` signed", path.display())
            }
            ProveError::NoCheckpoint { seq } => write!(f, "no checkpoint was signed over {seq} records"),
            ProveError::NotCovered { seq, covered } => {
                write!(f, "the checkpoint covers records 1 to {covered}, and not {seq}")
            }
            ProveError::Missing { seq } => write!(f, "neither record {seq} nor its hash is in the ledger"),
            ProveError::TooMany { count } => write!(f, "the hashes of {count} records are not written down yet"),
            ProveError::Unlike { seq } => {
                write!(f, "the records are not those that the checkpoint over {seq} records was signed over")
            }
        }
    }
}

impl std::error::Error for ProveError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ProveError::Io { cause, .. } => Some(cause),
            _ => None,
        }
    }
}

/// So many hashes are made from the records for one proof; 128 MiB of them.
const MADE_MAX: u64 = 4 << 20;

/// Proves that a record is in the ledger: under the last one in the file `kept`; else under the last checkpoint that a
/// witness has signed, where that covers it; else under the last checkpoint.
pub fn record(dir: &Path, key: &PublicKey, seq: u64, kept: Option<&Path>) -> Result<Inclusion, ProveError> {
    let (signed, note) = match kept {
        Some(path) => last_kept(path, key)?,
        None => cosigned(dir, key, seq)?.map_or_else(|| last(dir, key), Ok)?,
    };
    let size = signed.head.tip.seq;
    if seq == 0 || seq > size {
        return Err(ProveError::NotCovered { seq, covered: size });
    }
    let index = seq - 1;
    let hashes = known(dir, size)?;
    let proof = roots(dir, &hashes, proof::inclusion(index, size))?;
    let own = roots(dir, &hashes, std::iter::once(index..seq))?[0];
    if !proof::includes(index, size, own, &proof, signed.head.tree.root()) {
        return Err(ProveError::Unlike { seq: size });
    }
    let line = line(dir, seq, own)?;
    Ok(Inclusion { index, line, proof, note })
}

/// The ledger as it was signed last, to ask of many records whether the hashes here fit that.
pub struct Covered {
    signed: Tree,
    hashes: Stored,
}

impl Covered {
    /// Reads the last checkpoint, and what of the hashes is not written down yet.
    pub fn open(dir: &Path, key: &PublicKey) -> Result<Covered, ProveError> {
        let (signed, _) = last(dir, key)?;
        let size = signed.head.tip.seq;
        Ok(Covered { signed: Tree { size, root: signed.head.tree.root() }, hashes: known(dir, size)? })
    }

    /// Whether this record's hash is one of those that were signed over.
    pub fn holds(&self, seq: u64) -> io::Result<bool> {
        let Tree { size, root } = self.signed;
        if seq == 0 || seq > size {
            return Ok(false);
        }
        let of = |span: Range<u64>| self.hashes.root(span);
        let proof = proof::inclusion(seq - 1, size).into_iter().map(of).collect::<io::Result<Vec<Hash>>>()?;
        Ok(proof::includes(seq - 1, size, of(seq - 1..seq)?, &proof, root))
    }
}

/// Proves that the ledger of `new` records, or of its last checkpoint, begins with that of `old` ones.
pub fn extension(dir: &Path, key: &PublicKey, old: u64, new: Option<u64>) -> Result<Extension, ProveError> {
    let (signed, note) = match new {
        Some(seq) => at(dir, key, seq)?,
        None => last(dir, key)?,
    };
    let size = signed.head.tip.seq;
    if old == 0 || old > size {
        return Err(ProveError::NotCovered { seq: old, covered: size });
    }
    let (before, _) = at(dir, key, old)?;
    let hashes = known(dir, size)?;
    let proof = roots(dir, &hashes, proof::consistency(old, size))?;
    let tree = |signed: &Checkpoint| Tree { size: signed.head.tip.seq, root: signed.head.tree.root() };
    if !proof::extends(tree(&before), tree(&signed), &proof) {
        return Err(ProveError::Unlike { seq: size });
    }
    Ok(Extension { old, proof, note })
}

/// Proves that the ledger of the last checkpoint begins with the first `old` records as they are in it: what a witness
/// is sent that has signed so many. Nothing is proven to one that has signed none.
pub fn growth(dir: &Path, key: &PublicKey, old: u64) -> Result<Extension, ProveError> {
    let (signed, note) = last(dir, key)?;
    let size = signed.head.tip.seq;
    if old > size {
        return Err(ProveError::NotCovered { seq: old, covered: size });
    }
    if old == 0 {
        return Ok(Extension { old, proof: Vec::new(), note });
    }
    let hashes = known(dir, size)?;
    let proof = roots(dir, &hashes, proof::consistency(old, size))?;
    let before = Tree { size: old, root: roots(dir, &hashes, std::iter::once(0..old))?[0] };
    if !proof::extends(before, Tree { size, root: signed.head.tree.root() }, &proof) {
        return Err(ProveError::Unlike { seq: size });
    }
    Ok(Extension { old, proof, note })
}

fn roots(dir: &Path, hashes: &Stored, spans: impl IntoIterator<Item = Range<u64>>) -> Result<Vec<Hash>, ProveError> {
    let unreadable = |cause| ProveError::Io { path: dir.to_path_buf(), cause };
    spans.into_iter().map(|span| hashes.root(span)).collect::<io::Result<_>>().map_err(unreadable)
}

/// A checkpoint and its note.
type Signed = (Checkpoint, String);

/// The ledger's last checkpoint.
pub(super) fn last(dir: &Path, key: &PublicKey) -> Result<Signed, ProveError> {
    let path = dir.join(checkpoint::FILE_NAME);
    let tail = checkpoint::tail(&path, key).map_err(|cause| ProveError::Io { path: path.clone(), cause })?;
    signed(tail.last, &tail.note).ok_or_else(|| ProveError::Unsigned { path, key: key.name.clone() })
}

/// The last checkpoint that others have signed as well, with their lines, where it covers so many records.
pub(super) fn cosigned(dir: &Path, key: &PublicKey, seq: u64) -> Result<Option<Signed>, ProveError> {
    let path = dir.join(cosignature::FILE_NAME);
    let tail = cosignature::tail(&path, key, None).map_err(|cause| ProveError::Io { path, cause })?;
    let covers = |found: &Cosigned| found.checkpoint.head.tip.seq >= seq;
    Ok(tail.last.filter(covers).map(|Cosigned { checkpoint, note, lines }| (checkpoint, note + &lines)))
}

fn at(dir: &Path, key: &PublicKey, seq: u64) -> Result<Signed, ProveError> {
    let path = dir.join(checkpoint::FILE_NAME);
    let unreadable = |cause| ProveError::Io { path: path.clone(), cause };
    let mut notes = Notes::new(BufReader::new(File::open(&path).map_err(unreadable)?));
    let note = notes.find(seq).map_err(unreadable)?;
    if note.is_empty() {
        return Err(ProveError::NoCheckpoint { seq });
    }
    signed(checkpoint::read_bytes(note, key), note).ok_or(ProveError::Unsigned { path, key: key.name.clone() })
}

fn last_kept(path: &Path, key: &PublicKey) -> Result<Signed, ProveError> {
    let unreadable = |cause| ProveError::Io { path: path.to_path_buf(), cause };
    let mut notes = Notes::new(BufReader::new(File::open(path).map_err(unreadable)?));
    let mut last = None;
    while let Note::Good(checkpoint, _) = notes.next_note(key).map_err(unreadable)? {
        last = signed(Some(checkpoint), notes.text());
    }
    last.ok_or_else(|| ProveError::Unsigned { path: path.to_path_buf(), key: key.name.clone() })
}

fn signed(checkpoint: Option<Checkpoint>, note: &[u8]) -> Option<Signed> {
    Some((checkpoint?, String::from_utf8(note.to_vec()).ok()?))
}

/// The hashes of so many records: those that are written down, and the others from the records themselves.
pub(super) fn known(dir: &Path, size: u64) -> Result<Stored, ProveError> {
    let unreadable = |cause| ProveError::Io { path: dir.to_path_buf(), cause };
    let mut hashes = Stored::open(dir).map_err(unreadable)?;
    let count = size.saturating_sub(hashes.known());
    if count > MADE_MAX {
        return Err(ProveError::TooMany { count });
    }
    if count > 0 {
        let segments = segment::list(dir).map_err(unreadable)?;
        let each = segment::each_after(&segments, hashes.known(), &mut |record, _| match record {
            Ok(sealed) if sealed.seq == hashes.known() + 1 && hashes.known() < size => {
                hashes.know(leaf(sealed.hash));
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Break(()),
        });
        each.map_err(unreadable)?;
    }
    match hashes.known() {
        known if known < size => Err(ProveError::Missing { seq: known + 1 }),
        _ => Ok(hashes),
    }
}

/// The record's line, where it is still there and is the one whose hash is proven.
fn line(dir: &Path, seq: u64, own: Hash) -> Result<Option<Vec<u8>>, ProveError> {
    let unreadable = |cause| ProveError::Io { path: dir.to_path_buf(), cause };
    let mut found = None;
    let segments = segment::list(dir).map_err(unreadable)?;
    let each = segment::each_after(&segments, seq - 1, &mut |record, line| {
        found = record.is_ok_and(|sealed| sealed.seq == seq && leaf(sealed.hash) == own).then(|| line.to_vec());
        ControlFlow::Break(())
    });
    each.map_err(unreadable)?;
    Ok(found)
}
