//! Checkpoints: the ledger's head, signed, in a file beside the segments.
//!
//! Whoever can write the folder can rewrite records and all their hashes; what they cannot make is a signature over the
//! new head. A checkpoint is a signed note as C2SP's `tlog-checkpoint` has it: origin, number of records, root of the
//! tree in base64; then lines of our own: the time, the hash of the last record, the tree's compact range; a blank line
//! and a signature line. One note follows another in the file. The range is all that is needed to append to the tree, so
//! that a start reads no more of the ledger than what was written since. The first checkpoint is always that of the
//! empty ledger: a file that begins with another one has lost its beginning.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::path::Path;

use data_encoding::BASE64;
use jiff::Timestamp;
use memchr::memmem;

use crate::ledger::chain::{Hash, Tip};
use crate::ledger::head::Head;
use crate::ledger::key::{PublicKey, SigningKey};
use crate::ledger::tree::range::CompactRange;

/// The file's name beside the segments.
pub const FILE_NAME: &str = "checkpoints";

/// A head at a time, as it was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// What was signed.
    pub head: Head,
    /// When it was signed.
    pub time: Timestamp,
}

impl Checkpoint {
    /// The signed note, with its last newline.
    pub fn sign(&self, key: &SigningKey) -> String {
        let public = key.public();
        let Head { tip: Tip { seq, hash }, tree } = &self.head;
        let (root, chain) = (BASE64.encode(&tree.root().0), BASE64.encode(&hash.0));
        let mut text = format!("{}\n{seq}\n{root}\n{TIME}{:.6}\n{CHAIN}{chain}\n", public.name, self.time);
        if *seq > 0 {
            text += &format!("{RANGE}{}\n", BASE64.encode(&tree.to_bytes()));
        }
        let mut signature = public.id.to_vec();
        signature.extend_from_slice(&key.sign(text.as_bytes()));
        format!("{text}\n{SIGNATURE}{} {}\n", public.name, BASE64.encode(&signature))
    }

    /// Reads one note; nothing unless every byte is as this key would have written it.
    pub fn read(note: &str, key: &PublicKey) -> Option<Checkpoint> {
        let (text, signature) = note.split_at_checked(note.find("\n\n")? + 1)?;
        let signature = signature.strip_prefix("\n")?.strip_prefix(SIGNATURE)?.strip_suffix('\n')?;
        let signature = signature.strip_prefix(&*key.name)?.strip_prefix(' ')?;
        let signature = BASE64.decode(signature.as_bytes()).ok()?;
        let signature = signature.strip_prefix(&key.id)?;
        if !key.signed(text.as_bytes(), signature) {
            return None;
        }
        let mut lines = text.lines();
        let (origin, seq, root) = (lines.next()?, lines.next()?, lines.next()?);
        let time = lines.next()?.strip_prefix(TIME)?.parse().ok()?;
        let tip = Tip { seq: seq.parse().ok()?, hash: hash(lines.next()?.strip_prefix(CHAIN)?)? };
        let range = match tip.seq {
            0 => Vec::new(),
            _ => BASE64.decode(lines.next()?.strip_prefix(RANGE)?.as_bytes()).ok()?,
        };
        let tree = CompactRange::from_bytes(tip.seq, &range)?;
        let fits = origin == key.name && hash(root)? == tree.root() && lines.next().is_none();
        fits.then_some(Checkpoint { head: Head { tip, tree }, time })
    }
}

/// A note that others may have signed as well, behind this key: their lines are passed over, as the specification demands.
pub fn read_among_others(note: &str, key: &PublicKey) -> Option<Checkpoint> {
    let signatures = note.find("\n\n")? + 2;
    let own = signatures + note[signatures..].find('\n')? + 1;
    let others = note[own..].split_inclusive('\n').all(|line| line.starts_with(SIGNATURE) && line.ends_with('\n'));
    others.then(|| Checkpoint::read(&note[..own], key))?
}

fn hash(base64: &str) -> Option<Hash> {
    Some(Hash(BASE64.decode(base64.as_bytes()).ok()?.try_into().ok()?))
}

/// What a reader of notes found next.
#[derive(PartialEq, Eq, Debug)]
pub enum Note {
    /// A good one, and the line on which it begins.
    Good(Checkpoint, u64),
    /// Something that this key did not sign, and the line on which it begins.
    Bad(u64),
    /// The beginning of a note at the end of the file, and the line on which it begins.
    Unfinished(u64),
    /// The end.
    End,
}

/// Reads notes one after another.
pub struct Notes<R> {
    reader: R,
    line: u64,
    note: Vec<u8>,
}

impl<R: BufRead> Notes<R> {
    /// Begins at the file's first line.
    pub fn new(reader: R) -> Notes<R> {
        Notes { reader, line: 1, note: Vec::new() }
    }

    /// The next note.
    pub fn next_note(&mut self, key: &PublicKey) -> io::Result<Note> {
        let begin = self.line;
        self.read_note()?;
        if self.note.is_empty() {
            return Ok(Note::End);
        }
        if let Some(checkpoint) = read_bytes(&self.note, key) {
            return Ok(Note::Good(checkpoint, begin));
        }
        Ok(if self.at_end()? && self.cut_short(key) { Note::Unfinished(begin) } else { Note::Bad(begin) })
    }

    /// The signature lines of others that stand behind the note that was read last.
    pub fn further(&mut self) -> io::Result<Vec<u8>> {
        let mut lines = Vec::new();
        // No origin begins with that byte: a node's name stands in it in ASCII alone.
        while lines.len() < FURTHER_BYTES_MAX && self.reader.fill_buf()?.first() == SIGNATURE.as_bytes().first() {
            (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut lines)?;
            self.line += 1;
        }
        Ok(lines)
    }

    /// The note that was read last, as it stands in the file.
    pub fn text(&self) -> &[u8] {
        &self.note
    }

    /// The next note that says to be of so many records, whoever signed it; no bytes where there is none.
    pub fn find(&mut self, seq: u64) -> io::Result<&[u8]> {
        let wanted = seq.to_string();
        loop {
            self.read_note()?;
            let size = self.note.split(|byte| *byte == b'\n').nth(1);
            if self.note.is_empty() || size == Some(wanted.as_bytes()) {
                return Ok(&self.note);
            }
        }
    }

    /// Reads the lines up to the next signature.
    fn read_note(&mut self) -> io::Result<()> {
        self.note.clear();
        for _ in 0..NOTE_LINES_MAX {
            let before = self.note.len();
            let mut bounded = (&mut self.reader).take(LINE_BYTES_MAX);
            bounded.read_until(b'\n', &mut self.note)?;
            if self.note.len() == before {
                break;
            }
            self.line += 1;
            if self.note[before..].starts_with(SIGNATURE.as_bytes()) {
                break;
            }
        }
        Ok(())
    }

    /// Whether nothing more comes.
    pub fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.reader.fill_buf()?.is_empty())
    }

    /// Whether a crash explains the end of the file: a note that is cut short has no signature line with a newline yet.
    fn cut_short(&mut self, key: &PublicKey) -> bool {
        if self.note.ends_with(b"\n") {
            let lines = self.note.iter().filter(|byte| **byte == b'\n').count();
            // Behind the blank line comes the signature, or nothing yet.
            let behind = memmem::find(&self.note, b"\n\n").is_some_and(|blank| blank + 2 < self.note.len());
            let signed = memmem::find(&self.note, SIGNATURE.as_bytes()).is_some();
            return lines < NOTE_LINES_MAX && !behind && !signed;
        }
        // All of it is there and only the last newline was changed.
        self.note.pop();
        self.note.push(b'\n');
        read_bytes(&self.note, key).is_none()
    }
}

/// The end of the file as the writer needs it when it starts.
pub struct Tail {
    /// The last good checkpoint near the file's end.
    pub last: Option<Checkpoint>,
    /// Its note.
    pub note: Vec<u8>,
    /// Where the last whole note ends; what comes after was cut short.
    pub whole: u64,
    /// The file's length; 0 where there is none.
    pub len: u64,
}

/// Reads the end of the file.
pub fn tail(path: &Path, key: &PublicKey) -> io::Result<Tail> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Tail { last: None, note: Vec::new(), whole: 0, len: 0 });
        }
        file => file?,
    };
    let len = file.metadata()?.len();
    let begin = len.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let mut tail = Tail { last: None, note: Vec::new(), whole: begin, len };
    // The first note may have lost its beginning to the bound; it is good for nothing then but to end.
    let (mut note, mut end) = (0, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        end += line.len();
        if line.starts_with(SIGNATURE.as_bytes()) {
            tail.whole = begin + end as u64;
            if let Some(last) = read_bytes(&bytes[note..end], key) {
                tail.last = Some(last);
                tail.note = bytes[note..end].to_vec();
            }
            note = end;
        }
    }
    Ok(tail)
}

/// What begins a signature line.
pub const SIGNATURE: &str = "\u{2014} ";
const TIME: &str = "time ";
const CHAIN: &str = "chain ";
const RANGE: &str = "range ";
const NOTE_LINES_MAX: usize = 16;
/// A compact range has 64 hashes at most, some 2,700 characters in base64.
const LINE_BYTES_MAX: u64 = 4096;
const TAIL_BYTES: u64 = 64 << 10;
const FURTHER_BYTES_MAX: usize = 16 << 10;

/// Reads one note, as [`Checkpoint::read`] does.
pub fn read_bytes(note: &[u8], key: &PublicKey) -> Option<Checkpoint> {
    Checkpoint::read(std::str::from_utf8(note).ok()?, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(count: u64) -> (tempfile::TempDir, SigningKey, String) {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::open(&dir.path().join("ledger.key"), "sudare/gw-1", false).unwrap();
        let time: Timestamp = "2026-11-22T01:02:03.456789Z".parse().unwrap();
        let mut head = Head::start();
        let notes = (0..count).map(|_| {
            let note = Checkpoint { head: head.clone(), time }.sign(&key);
            head.seal("", b"", b"", &mut Vec::new());
            note
        });
        let notes = notes.collect();
        (dir, key, notes)
    }

    /// Where the second note begins.
    fn second(text: &str) -> usize {
        text.lines().take(7).map(|line| line.len() + 1).sum()
    }

    fn read_all(bytes: &[u8], key: &PublicKey) -> Vec<Note> {
        let mut notes = Notes::new(bytes);
        let mut all = Vec::new();
        loop {
            match notes.next_note(key).unwrap() {
                Note::End => return all,
                note => all.push(note),
            }
        }
    }

    #[test]
    fn notes_read_back_with_their_lines() {
        let (_dir, key, text) = notes(3);
        assert_eq!(text.lines().count(), 7 + 8 + 8);
        let read = read_all(text.as_bytes(), key.public());
        assert!(matches!(&read[..], [Note::Good(_, 1), Note::Good(_, 8), Note::Good(c, 16)] if c.head.tip.seq == 2));
    }

    #[test]
    fn every_changed_byte_of_a_note_shows_on_its_line() {
        let (_dir, key, text) = notes(2);
        let first = second(&text);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let read = read_all(&changed, key.public());
            let line = if at < first { 1 } else { 8 };
            assert!(read.contains(&Note::Bad(line)), "byte {at}: {read:?}");
        }
    }

    #[test]
    fn a_note_cut_short_is_unfinished_and_the_writer_finds_where() {
        let (dir, key, text) = notes(2);
        let path = dir.path().join(FILE_NAME);
        let first = second(&text);
        for cut in first + 1..text.len() {
            let read = read_all(&text.as_bytes()[..cut], key.public());
            assert!(matches!(read[..], [Note::Good(_, 1), Note::Unfinished(8)]), "cut at {cut}: {read:?}");
            std::fs::write(&path, &text.as_bytes()[..cut]).unwrap();
            let tail = tail(&path, key.public()).unwrap();
            assert_eq!((tail.whole, tail.len, tail.last.unwrap().head.tip.seq), (first as u64, cut as u64, 0));
        }
    }

    #[test]
    fn the_last_note_is_found_at_the_end_of_a_long_file() {
        let (dir, key, text) = notes(600);
        let path = dir.path().join(FILE_NAME);
        assert!(text.len() as u64 > TAIL_BYTES);
        std::fs::write(&path, &text).unwrap();
        let tail = tail(&path, key.public()).unwrap();
        assert_eq!((tail.whole, tail.last.unwrap().head.tip.seq), (text.len() as u64, 599));
    }
}
