//! Segments: the files that hold the lines, named after the number of their first record, and how they are read.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::ledger::chain::{Fault, Sealed, seq_of};
use crate::ledger::encode::LINE_BYTES_MAX;
use crate::ledger::pack::{self, Packed};

/// One file of lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The number of its first record, as its name says.
    pub first: u64,
    /// Where it is.
    pub path: PathBuf,
}

impl Segment {
    /// The segment that begins with this record.
    pub fn named(dir: &Path, first: u64) -> Segment {
        Segment { first, path: dir.join(format!("{first:012}.{PLAIN}")) }
    }

    /// Whether it is compressed.
    pub fn is_packed(&self) -> bool {
        is_packed(&self.path)
    }

    /// Where it is when it is compressed.
    pub fn packed_path(&self) -> PathBuf {
        self.beside(PACKED)
    }

    /// Where its index is.
    pub fn index_path(&self) -> PathBuf {
        self.beside("index")
    }

    /// Opens the segment in the form in which it lies now: it may have been compressed since the folder was read. Nothing
    /// when it is gone, which only retention makes it.
    pub fn opened<T>(&self, open: &mut dyn FnMut(&Segment) -> io::Result<T>) -> io::Result<Option<T>> {
        for path in [self.path.clone(), self.packed_path()] {
            match open(&Segment { first: self.first, path }) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map(Some),
            }
        }
        Ok(None)
    }

    /// How long its lines are.
    pub fn plain_len(&self) -> io::Result<u64> {
        match self.is_packed() {
            true => Ok(Packed::open(&self.path)?.plain_len()),
            false => Ok(fs::metadata(&self.path)?.len()),
        }
    }

    fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_file_name(format!("{:012}.{extension}", self.first))
    }
}

const PLAIN: &str = "jsonl";
const PACKED: &str = "jsonl.zst";

fn is_packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "zst")
}

/// The segments of a folder, in order; other files are none of the chain's business.
pub fn list(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split_once('.'));
        let stem = name.filter(|(_, extension)| [PLAIN, PACKED].contains(extension)).map(|(stem, _)| stem);
        let first = stem.filter(|stem| stem.len() >= 12).and_then(|stem| stem.parse().ok());
        segments.extend(first.map(|first| Segment { first, path }));
    }
    // A crash can leave a segment and its compressed form; the first is known to be whole.
    segments.sort_by_key(|segment| (segment.first, segment.is_packed()));
    segments.dedup_by_key(|segment| segment.first);
    Ok(segments)
}

/// Takes a record, or what is wrong with it, and its line.
pub type Each<'a> = dyn FnMut(Result<Sealed, Fault>, &[u8]) -> ControlFlow<()> + 'a;

/// Gives every record after this one, with its line; lines up to it are passed over unread. A last line
/// that is not whole is none.
pub fn each_after(segments: &[Segment], seq: u64, record: &mut Each<'_>) -> io::Result<()> {
    let begin = segments.partition_point(|segment| segment.first <= seq + 1).saturating_sub(1);
    let mut line = Vec::new();
    for segment in &segments[begin..] {
        let mut lines = Lines::open(&segment.path)?;
        while lines.next_line(&mut line)? == Line::Whole {
            let passed = seq_of(&line).is_some_and(|found| found <= seq);
            if !passed && record(Sealed::read(&line), &line).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// A line, without its newline; cut off at the bound where it is longer than any record.
    Whole,
    /// Bytes at the end of the file that no newline closes.
    Unfinished,
    /// Nothing more.
    End,
}

/// Reads a segment line by line, with a bound on what a line may take.
pub struct Lines {
    reader: Box<dyn BufRead>,
    /// The number of the last line read, from 1.
    pub line: u64,
    /// Where the next line begins.
    pub offset: u64,
}

impl Lines {
    /// Begins at the first line.
    pub fn open(path: &Path) -> io::Result<Lines> {
        let file = File::open(path)?;
        let reader: Box<dyn BufRead> = match is_packed(path) {
            true => Box::new(BufReader::with_capacity(READ_BYTES, pack::unpacked(file)?)),
            false => Box::new(BufReader::with_capacity(READ_BYTES, file)),
        };
        Ok(Lines { reader, line: 0, offset: 0 })
    }

    /// Reads the next line into `line`, in place of what it held.
    pub fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let bytes_max = LINE_BYTES_MAX as u64 + 1;
        let read = (&mut self.reader).take(bytes_max).read_until(b'\n', line)? as u64;
        if read == 0 {
            return Ok(Line::End);
        }
        self.offset += read;
        self.line += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
            return Ok(Line::Whole);
        }
        Ok(if read == bytes_max { Line::Whole } else { Line::Unfinished })
    }
}

const READ_BYTES: usize = 256 << 10;

/// Reads single lines of a segment, from where they begin.
pub enum Spots {
    /// Of one as it was written.
    Plain(File),
    /// Of a compressed one.
    Packed(Packed),
}

impl Spots {
    /// Opens a segment.
    pub fn open(path: &Path) -> io::Result<Spots> {
        Ok(match is_packed(path) {
            true => Spots::Packed(Packed::open(path)?),
            false => Spots::Plain(File::open(path)?),
        })
    }

    /// Reads the line that begins at `offset`, in place of what `line` held; false where there is none.
    pub fn line_at(&mut self, offset: u64, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        let mut part = [0; SPOT_BYTES];
        while line.len() <= LINE_BYTES_MAX {
            let at = offset + line.len() as u64;
            let part = match self {
                Spots::Plain(file) => {
                    let read = file.read_at(&mut part, at)?;
                    &part[..read]
                }
                Spots::Packed(packed) => packed.read_from(at)?,
            };
            if let Some(end) = memchr::memchr(b'\n', part) {
                line.extend_from_slice(&part[..end]);
                return Ok(true);
            }
            if part.is_empty() {
                return Ok(false);
            }
            line.extend_from_slice(part);
        }
        Ok(false)
    }
}

/// Most lines are shorter.
const SPOT_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_told_from_other_files_and_sorted() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["000000000018.jsonl", "000000000001.jsonl", "checkpoints", "000000000001.torn-x", "a.jsonl"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let firsts: Vec<u64> = list(dir.path()).unwrap().iter().map(|segment| segment.first).collect();
        assert_eq!(firsts, [1, 18]);
        assert_eq!(Segment::named(dir.path(), 18), list(dir.path()).unwrap()[1]);
    }

    #[test]
    fn lines_end_with_a_newline_or_are_unfinished() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "one\n\nthr").unwrap();
        let mut lines = Lines::open(&path).unwrap();
        let mut line = Vec::new();
        let mut read = || (lines.next_line(&mut line).unwrap(), line.len(), lines.offset);
        assert_eq!([read(), read()], [(Line::Whole, 3, 4), (Line::Whole, 0, 5)]);
        assert_eq!([read(), read()], [(Line::Unfinished, 3, 8), (Line::End, 0, 8)]);
    }
}
