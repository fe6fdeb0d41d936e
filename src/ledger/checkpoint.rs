//! Checkpoints: the chain's tip, signed, in a file beside the segments.
//!
//! Whoever can write the folder can rewrite records and all their hashes; what they cannot make is a signature over the
//! new tip. A checkpoint is a signed note as C2SP's `tlog-checkpoint` has it: origin, number of records, hash in
//! base64, an extension line with the time, a blank line, a signature line; six lines, one after another in the file.
//! Our chain is a list and not a tree, so the hash is the last record's. The first checkpoint is always that of the
//! empty ledger: a file that begins with another one has lost its beginning.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::path::Path;

use data_encoding::BASE64;
use jiff::Timestamp;
use memchr::memmem;

use crate::ledger::chain::{Hash, Tip};
use crate::ledger::key::{PublicKey, SigningKey};

/// The file's name beside the segments.
pub const FILE_NAME: &str = "checkpoints";

/// A tip at a time, as it was signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The number of records and the last one's hash.
    pub tip: Tip,
    /// When it was signed.
    pub time: Timestamp,
}

impl Checkpoint {
    /// The signed note, with its last newline.
    pub fn sign(&self, key: &SigningKey) -> String {
        let public = key.public();
        let Tip { seq, hash } = self.tip;
        let hash = BASE64.encode(&hash.0);
        let text = format!("{}\n{seq}\n{hash}\ntime {:.6}\n", public.name, self.time);
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
        let (origin, seq, hash, time) = (lines.next()?, lines.next()?, lines.next()?, lines.next()?);
        let hash: [u8; 32] = BASE64.decode(hash.as_bytes()).ok()?.try_into().ok()?;
        let tip = Tip { seq: seq.parse().ok()?, hash: Hash(hash) };
        let time = time.strip_prefix("time ")?.parse().ok()?;
        (origin == key.name && lines.next().is_none()).then_some(Checkpoint { tip, time })
    }
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
        self.note.clear();
        let begin = self.line;
        for _ in 0..NOTE_LINES {
            let before = self.note.len();
            let mut bounded = (&mut self.reader).take(LINE_BYTES_MAX);
            bounded.read_until(b'\n', &mut self.note)?;
            if self.note.len() == before {
                break;
            }
            self.line += 1;
        }
        if self.note.is_empty() {
            return Ok(Note::End);
        }
        if let Some(checkpoint) = read_bytes(&self.note, key) {
            return Ok(Note::Good(checkpoint, begin));
        }
        Ok(if self.at_end()? && self.cut_short(key) { Note::Unfinished(begin) } else { Note::Bad(begin) })
    }

    fn at_end(&mut self) -> io::Result<bool> {
        Ok(self.reader.fill_buf()?.is_empty())
    }

    /// Whether a crash explains the end of the file: a note that is cut short has no signature line with a newline yet.
    fn cut_short(&mut self, key: &PublicKey) -> bool {
        if self.note.ends_with(b"\n") {
            let lines = self.note.iter().filter(|byte| **byte == b'\n').count();
            return lines < NOTE_LINES && memmem::find(&self.note, SIGNATURE.as_bytes()).is_none();
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
    /// Where the last whole note ends; what comes after was cut short.
    pub whole: u64,
    /// The file's length; 0 where there is none.
    pub len: u64,
}

/// Reads the end of the file.
pub fn tail(path: &Path, key: &PublicKey) -> io::Result<Tail> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tail { last: None, whole: 0, len: 0 }),
        file => file?,
    };
    let len = file.metadata()?.len();
    let begin = len.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let mut tail = Tail { last: None, whole: begin, len };
    let mut ends: Vec<usize> = vec![0];
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let end = ends[ends.len() - 1] + line.len();
        ends.push(end);
        if !line.starts_with(SIGNATURE.as_bytes()) {
            continue;
        }
        tail.whole = begin + end as u64;
        let note = ends.len().checked_sub(NOTE_LINES + 1).map(|first| &bytes[ends[first]..end]);
        tail.last = note.and_then(|note| read_bytes(note, key)).or(tail.last);
    }
    Ok(tail)
}

/// What begins a signature line.
const SIGNATURE: &str = "\u{2014} ";
const NOTE_LINES: usize = 6;
const LINE_BYTES_MAX: u64 = 4096;
const TAIL_BYTES: u64 = 64 << 10;

fn read_bytes(note: &[u8], key: &PublicKey) -> Option<Checkpoint> {
    Checkpoint::read(std::str::from_utf8(note).ok()?, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(count: u64) -> (tempfile::TempDir, SigningKey, String) {
        let dir = tempfile::tempdir().unwrap();
        let key = SigningKey::open(&dir.path().join("ledger.key"), "sudare/gw-1", false).unwrap();
        let time: Timestamp = "2026-11-22T01:02:03.456789Z".parse().unwrap();
        let notes = (0..count).map(|seq| {
            let tip = Tip { seq, hash: Hash::of(&[seq as u8]) };
            Checkpoint { tip, time }.sign(&key)
        });
        let notes = notes.collect();
        (dir, key, notes)
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
        assert_eq!(text.lines().count(), 18);
        let read = read_all(text.as_bytes(), key.public());
        assert!(matches!(read[..], [Note::Good(_, 1), Note::Good(_, 7), Note::Good(c, 13)] if c.tip.seq == 2));
    }

    #[test]
    fn every_changed_byte_of_a_note_shows_on_its_line() {
        let (_dir, key, text) = notes(2);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let read = read_all(&changed, key.public());
            let line = if at < text.len() / 2 { 1 } else { 7 };
            assert!(read.contains(&Note::Bad(line)), "byte {at}: {read:?}");
        }
    }

    #[test]
    fn a_note_cut_short_is_unfinished_and_the_writer_finds_where() {
        let (dir, key, text) = notes(2);
        let path = dir.path().join(FILE_NAME);
        let half = text.len() / 2;
        for cut in half + 1..text.len() {
            let read = read_all(&text.as_bytes()[..cut], key.public());
            assert!(matches!(read[..], [Note::Good(_, 1), Note::Unfinished(7)]), "cut at {cut}: {read:?}");
            std::fs::write(&path, &text.as_bytes()[..cut]).unwrap();
            let tail = tail(&path, key.public()).unwrap();
            assert_eq!((tail.whole, tail.len, tail.last.unwrap().tip.seq), (half as u64, cut as u64, 0));
        }
    }

    #[test]
    fn the_last_note_is_found_at_the_end_of_a_long_file() {
        let (dir, key, text) = notes(600);
        let path = dir.path().join(FILE_NAME);
        assert!(text.len() as u64 > TAIL_BYTES);
        std::fs::write(&path, &text).unwrap();
        let tail = tail(&path, key.public()).unwrap();
        assert_eq!((tail.whole, tail.last.unwrap().tip.seq), (text.len() as u64, 599));
    }
}
