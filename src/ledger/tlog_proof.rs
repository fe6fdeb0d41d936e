//! How proofs are written: C2SP's `tlog-proof` for one record, and the body that C2SP's `tlog-witness` is sent for a
//! checkpoint that adds to an earlier one. Other people's tools read both.
//!
//! In the first, `extra` is the record's own line in base64. Nothing signs that line, and nothing has to: its hash is the
//! entry that is proven.

use std::fmt::{self, Write};

use data_encoding::BASE64;

use crate::ledger::chain::{Hash, Sealed};
use crate::ledger::checkpoint::{self, Checkpoint};
use crate::ledger::key::PublicKey;
use crate::ledger::tree::leaf;
use crate::ledger::tree::proof::{Tree, extends, includes};

/// That a record is in the ledger that a checkpoint was signed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inclusion {
    /// The record's place in the tree, from 0: its number less one.
    pub index: u64,
    /// Its line without the newline; nothing where it was deleted.
    pub line: Option<Vec<u8>>,
    /// The hashes beside the way from it to the root.
    pub proof: Vec<Hash>,
    /// The checkpoint's signed note.
    pub note: String,
}

/// That a checkpoint only adds to what an earlier one was signed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Extension {
    /// How many records the earlier one covers.
    pub old: u64,
    /// The hashes from which both roots are made.
    pub proof: Vec<Hash>,
    /// The later checkpoint's signed note.
    pub note: String,
}

/// What a proof fails at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It is not written as a proof.
    Shape,
    /// This key did not sign its checkpoint.
    Signature,
    /// It holds no line.
    NoLine,
    /// The line is not a whole record, or not the one with that number.
    Line,
    /// The hashes do not lead to the root.
    Root,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::Shape => "this is no proof as C2SP's `tlog-proof` writes one",
            Flaw::Signature => "the checkpoint in the proof was changed, or another key signed it",
            Flaw::NoLine => "the proof holds no record, since that was deleted: it proves a hash alone",
            Flaw::Line => "the record in the proof was changed, or is another one",
            Flaw::Root => "the hashes of the proof do not lead to the root that was signed",
        })
    }
}

const HEADING: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2^64 entries is no higher.
const HASHES_MAX: usize = 64;

impl Inclusion {
    /// The proof as a file holds it.
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEADING}\n");
        if let Some(line) = &self.line {
            text += &format!("extra {}\n", BASE64.encode(line));
        }
        // Writing to a string does not fail.
        let _ = writeln!(text, "index {}", self.index);
        hashes_text(&mut text, &self.proof);
        text + "\n" + &self.note
    }

    /// Reads a proof.
    pub fn read(text: &str) -> Result<Inclusion, Flaw> {
        let (head, note) = text.split_once("\n\n").ok_or(Flaw::Shape)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADING) {
            return Err(Flaw::Shape);
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| BASE64.decode(&line.as_bytes()["extra ".len()..]).map_err(|_| Flaw::Shape));
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok()).ok_or(Flaw::Shape)?;
        let proof = lines.map(hash).collect::<Option<Vec<Hash>>>().ok_or(Flaw::Shape)?;
        if proof.len() > HASHES_MAX {
            return Err(Flaw::Shape);
        }
        Ok(Inclusion { index, line: extra.transpose()?, proof, note: note.to_owned() })
    }

    /// The checkpoint, when all of it holds under this key.
    pub fn check(&self, key: &PublicKey) -> Result<Checkpoint, Flaw> {
        let checkpoint = checkpoint::read_among_others(&self.note, key).ok_or(Flaw::Signature)?;
        let line = self.line.as_ref().ok_or(Flaw::NoLine)?;
        let record = Sealed::read(line).map_err(|_| Flaw::Line)?;
        if record.seq.checked_sub(1) != Some(self.index) {
            return Err(Flaw::Line);
        }
        let (size, root) = (checkpoint.head.tip.seq, checkpoint.head.tree.root());
        let holds = includes(self.index, size, leaf(record.hash), &self.proof, root);
        holds.then_some(checkpoint).ok_or(Flaw::Root)
    }
}

impl Extension {
    /// The body that a witness is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        hashes_text(&mut text, &self.proof);
        text + "\n" + &self.note
    }

    /// Reads such a body.
    pub fn read(text: &str) -> Result<Extension, Flaw> {
        let (head, note) = text.split_once("\n\n").ok_or(Flaw::Shape)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")?.parse().ok()).ok_or(Flaw::Shape)?;
        let proof = lines.map(hash).collect::<Option<Vec<Hash>>>().ok_or(Flaw::Shape)?;
        if proof.len() > HASHES_MAX {
            return Err(Flaw::Shape);
        }
        Ok(Extension { old, proof, note: note.to_owned() })
    }

    /// The later checkpoint, when it adds to one with this root and both are as this key signed them.
    pub fn check(&self, old_root: Hash, key: &PublicKey) -> Result<Checkpoint, Flaw> {
        let checkpoint = checkpoint::read_among_others(&self.note, key).ok_or(Flaw::Signature)?;
        let new = Tree { size: checkpoint.head.tip.seq, root: checkpoint.head.tree.root() };
        let holds = extends(Tree { size: self.old, root: old_root }, new, &self.proof);
        holds.then_some(checkpoint).ok_or(Flaw::Root)
    }
}

fn hashes_text(text: &mut String, hashes: &[Hash]) {
    for hash in hashes {
        *text += &BASE64.encode(&hash.0);
        text.push('\n');
    }
}

fn hash(line: &str) -> Option<Hash> {
    Some(Hash(BASE64.decode(line.as_bytes()).ok()?.try_into().ok()?))
}
