//! Segments: the files that hold the lines, named after the number of their first record, and how they are read.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::ledger::chain::{Fault, Sealed, seq_of};
use crate::ledger::encode::LINE_BYTES_MAX;

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
        Segment { first, path: dir.join(format!("{first:012}.jsonl")) }
    }
}

/// The segments of a folder, in order; other files are none of the chain's business.
pub fn list(dir: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        let stem = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jsonl"));
        let first = stem.filter(|stem| stem.len() >= 12).and_then(|stem| stem.parse().ok());
        segments.extend(first.map(|first| Segment { first, path }));
    }
    segments.sort_by_key(|segment| segment.first);
    Ok(segments)
}

/// Gives every record after this one, with the segment it stands in; lines up to it are passed over unread. A last line
/// that is not whole is none.
pub fn each_after(
    segments: &[Segment],
    seq: u64,
    record: &mut dyn FnMut(&Segment, Result<Sealed, Fault>, &[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    let begin = segments.partition_point(|segment| segment.first <= seq + 1).saturating_sub(1);
    let mut line = Vec::new();
    for segment in &segments[begin..] {
        let mut lines = Lines::open(&segment.path)?;
        while lines.next_line(&mut line)? == Line::Whole {
            let passed = seq_of(&line).is_some_and(|found| found <= seq);
            if !passed && record(segment, Sealed::read(&line), &line).is_break() {
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
    reader: BufReader<File>,
    /// The number of the last line read, from 1.
    pub line: u64,
    /// Where the next line begins.
    pub offset: u64,
}

impl Lines {
    /// Begins at the first line.
    pub fn open(path: &Path) -> io::Result<Lines> {
        let reader = BufReader::with_capacity(READ_BYTES, File::open(path)?);
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
