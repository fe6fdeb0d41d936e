//! What retention has deleted: signed notes of which records are gone, beside the hashes that stay.
//!
//! Records that are missing are the ledger's worst finding, so that a deletion which was meant has to be told from one
//! that was not: each has a note signed with the ledger's key, written before the segment goes. It names the first and
//! the last record and the last one's hash, from which the chain goes on. The file is `deleted`, one note after another,
//! signed as checkpoints are; no note can be read as a checkpoint, whose second line is one number.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use jiff::Timestamp;

use crate::ledger::chain::Hash;
use crate::ledger::key::{PublicKey, SigningKey};

/// The file's name beside the segments.
pub const FILE_NAME: &str = "deleted";
/// A note a day for a hundred years takes less.
const BYTES_MAX: u64 = 16 << 20;

const ORIGIN: &str = " deleted by retention";
const SIGNATURE: &str = "\u{2014} ";
const HASH: &str = "chain ";
const TIME: &str = "time ";
const WRITTEN: &str = "written ";

/// One segment that is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deleted {
    /// Its first record.
    pub first: u64,
    /// Its last record.
    pub last: u64,
    /// The last record's hash.
    pub hash: Hash,
    /// When the first and the last record were written.
    pub written: (Timestamp, Timestamp),
    /// When it was deleted.
    pub time: Timestamp,
}

impl Deleted {
    /// The signed note, with its last newline.
    pub fn sign(&self, key: &SigningKey) -> String {
        let public = key.public();
        let text = self.text(public);
        let mut signature = public.id.to_vec();
        signature.extend_from_slice(&key.sign(text.as_bytes()));
        format!("{text}\n{SIGNATURE}{} {}\n", public.name, BASE64.encode(&signature))
    }

    fn text(&self, key: &PublicKey) -> String {
        let Deleted { first, last, hash, written: (from, to), time } = self;
        let hash = BASE64.encode(&hash.0);
        let name = &key.name;
        format!("{name}{ORIGIN}\n{first} {last}\n{HASH}{hash}\n{WRITTEN}{from:.6} {to:.6}\n{TIME}{time:.6}\n")
    }

    /// Reads one note; nothing unless every byte is as this key would have written it.
    fn read(note: &str, key: &PublicKey) -> Option<Deleted> {
        let (text, signature) = note.split_once("\n\n")?;
        let text = format!("{text}\n");
        let signature = signature.strip_prefix(SIGNATURE)?.strip_suffix('\n')?;
        let signature = signature.strip_prefix(&*key.name)?.strip_prefix(' ')?;
        let signature = BASE64.decode(signature.as_bytes()).ok()?;
        if !key.signed(text.as_bytes(), signature.strip_prefix(&key.id)?) {
            return None;
        }
        let mut lines = text.lines().skip(1);
        let (first, last) = lines.next()?.split_once(' ')?;
        let hash = BASE64.decode(lines.next()?.strip_prefix(HASH)?.as_bytes()).ok()?;
        let (from, to) = lines.next()?.strip_prefix(WRITTEN)?.split_once(' ')?;
        let deleted = Deleted {
            first: first.parse().ok()?,
            last: last.parse().ok()?,
            hash: Hash(hash.try_into().ok()?),
            written: (from.parse().ok()?, to.parse().ok()?),
            time: lines.next()?.strip_prefix(TIME)?.parse().ok()?,
        };
        let fits = deleted.first > 0 && deleted.first <= deleted.last && deleted.text(key) == text;
        fits.then_some(deleted)
    }
}

/// What the file holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    /// Where it is.
    pub path: PathBuf,
    /// What was deleted, and the line on which each note begins, in the order of the records.
    pub all: Vec<(Deleted, u64)>,
    /// The line of the first note that this key did not sign.
    pub bad: Option<u64>,
    /// Where the last whole note ends; what comes after was cut short.
    pub whole: u64,
    /// The file's length.
    pub len: u64,
}

impl Notes {
    /// Reads the notes of a ledger; none where nothing was ever deleted.
    pub fn read(dir: &Path, key: &PublicKey) -> io::Result<Notes> {
        let mut notes = Notes { path: dir.join(FILE_NAME), ..Notes::default() };
        let mut text = Vec::new();
        match File::open(&notes.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(notes),
            file => file?.take(BYTES_MAX).read_to_end(&mut text)?,
        };
        notes.len = text.len() as u64;
        let (mut begin, mut end, mut line, mut first) = (0, 0, 0, 1);
        for one in text.split_inclusive(|byte| *byte == b'\n') {
            (end, line) = (end + one.len(), line + 1);
            if !one.starts_with(SIGNATURE.as_bytes()) || !one.ends_with(b"\n") {
                continue;
            }
            let note = std::str::from_utf8(&text[begin..end]).ok();
            match note.and_then(|note| Deleted::read(note, key)) {
                Some(deleted) => notes.all.push((deleted, first)),
                None => drop(notes.bad.get_or_insert(first)),
            }
            (begin, first) = (end, line + 1);
            notes.whole = end as u64;
        }
        notes.all.sort_by_key(|(deleted, _)| (deleted.first, deleted.last));
        notes.all.dedup_by(|next, kept| next.0.first == kept.0.first && next.0.last == kept.0.last);
        Ok(notes)
    }

    /// What was deleted from this record on.
    pub fn from(&self, first: u64) -> Option<&(Deleted, u64)> {
        self.all.iter().find(|(deleted, _)| deleted.first == first)
    }
}
