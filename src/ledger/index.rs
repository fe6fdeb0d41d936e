//! The index of a closed segment: which of its lines speak of whom and of what, and of which time it is.
//!
//! A question is about one person, one member of staff or something rare, and a year of records has hundreds of
//! segments: the index tells for each, in a few reads, whether any of its lines can match and where they begin. It may
//! name a line too many, never one too few, since each is read and judged. It holds hashes of ids where the lines hold
//! the ids themselves, and can be made again from them.
//!
//! The file: a header, the terms sorted by their hash, and for each the offsets of its lines, all little endian. The
//! header has the hash of the segment's last line, which the chain makes one of all lines: other lines of the same length
//! have no index, be they another ledger's or a forger's. A line that was changed and whose chain was not made anew is
//! found when it is read (`query`) or by `verify`; the index itself is as good as the folder that it lies in.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::ledger::chain::Hash;
use crate::ledger::segment::{Segment, Spots};

/// What of a record is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// A subject's id.
    Subject = 1,
    /// A member of staff, with the source that recognised them or without.
    Staff = 2,
    /// A request's id.
    Request = 3,
    /// What happened.
    Event = 4,
    /// The resource.
    Resource = 5,
    /// What came of it.
    Outcome = 6,
    /// What for.
    Purpose = 7,
    /// A kind that was disclosed.
    Kind = 8,
    /// An action it was disclosed under.
    Action = 9,
}

impl Term {
    /// What stands for it in an index. Two that are alike cost a line read in vain.
    pub fn hash(self, text: &str) -> u64 {
        let mut bytes = vec![self as u8];
        bytes.extend_from_slice(text.as_bytes());
        let [a, b, c, d, e, f, g, h, ..] = Hash::of(&bytes).0;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// An index, open to be asked.
pub struct Index {
    file: File,
    head: Head,
}

/// What an index begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The length of the segment's lines.
    pub plain_bytes: u64,
    /// Lines that are no records, of which nothing is known.
    pub unreadable: u64,
    /// The earliest record, in microseconds since 1970.
    pub from: i64,
    /// The latest one.
    pub to: i64,
    pub(super) terms: u32,
    pub(super) offsets: u32,
    /// Where the last line begins, and the hash of its bytes.
    pub(super) last: (u32, Hash),
}

/// Where the lines of a term begin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// There.
    At(Vec<u32>),
    /// Nearly everywhere, so that reading all of it is as fast.
    Everywhere,
}

const MAGIC: &[u8; 8] = b"sudarix2";
const HEAD_BYTES: usize = 84;
const TERM_BYTES: usize = 16;
/// A term that more than one line in so many holds is everywhere.
pub(super) const RARE: usize = 8;
/// Its count then.
pub(super) const EVERYWHERE: u32 = u32::MAX;

impl Index {
    /// Whether a segment has an index that was made of what it holds now.
    pub fn is_of(segment: &Segment) -> io::Result<bool> {
        Ok(Index::open(segment)?.is_some())
    }

    /// Opens a segment's index; nothing where there is none, or one of other lines.
    pub fn open(segment: &Segment) -> io::Result<Option<Index>> {
        let file = match File::open(segment.index_path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = [0; HEAD_BYTES];
        if file.metadata()?.len() < HEAD_BYTES as u64 {
            return Ok(None);
        }
        file.read_exact_at(&mut bytes, 0)?;
        let Some(head) = Head::read(&bytes) else { return Ok(None) };
        let len = HEAD_BYTES as u64 + u64::from(head.terms) * TERM_BYTES as u64 + u64::from(head.offsets) * 4;
        let whole = file.metadata()?.len() == len && segment.plain_len()? == head.plain_bytes;
        let is_of = whole && head.is_of(&mut Spots::open(&segment.path)?)?;
        Ok(is_of.then_some(Index { file, head }))
    }

    /// What it begins with.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Where the lines of this term begin.
    pub fn find(&self, term: u64) -> io::Result<Found> {
        let (mut low, mut high) = (0, self.head.terms);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entry(middle)?;
            match entry.0.cmp(&term) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offsets(entry.1, entry.2),
            }
        }
        Ok(Found::At(Vec::new()))
    }

    fn entry(&self, index: u32) -> io::Result<(u64, u32, u32)> {
        let mut bytes = [0; TERM_BYTES];
        self.file.read_exact_at(&mut bytes, (HEAD_BYTES + index as usize * TERM_BYTES) as u64)?;
        let [hash, begin, count] = [&bytes[..8], &bytes[8..12], &bytes[12..]];
        Ok((number(hash), number(begin) as u32, number(count) as u32))
    }

    fn offsets(&self, begin: u32, count: u32) -> io::Result<Found> {
        if count == EVERYWHERE {
            return Ok(Found::Everywhere);
        }
        if begin.checked_add(count).is_none_or(|end| end > self.head.offsets) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "an index is damaged: remove it to have it made again",
            ));
        }
        let mut bytes = vec![0; count as usize * 4];
        let at = HEAD_BYTES + self.head.terms as usize * TERM_BYTES + begin as usize * 4;
        self.file.read_exact_at(&mut bytes, at as u64)?;
        Ok(Found::At(bytes.as_chunks::<4>().0.iter().map(|offset| u32::from_le_bytes(*offset)).collect()))
    }
}

impl Head {
    fn read(bytes: &[u8; HEAD_BYTES]) -> Option<Head> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let [plain_bytes, unreadable, from, to] = [0, 8, 16, 24].map(|at| number(&rest[at..at + 8]));
        let [terms, offsets, last_at] = [32, 36, 40].map(|at| number(&rest[at..at + 4]) as u32);
        let last = (last_at, Hash(rest[44..].try_into().ok()?));
        Some(Head { plain_bytes, unreadable, from: from.cast_signed(), to: to.cast_signed(), terms, offsets, last })
    }

    /// Whether the segment's last line is the one of which the index was made. One that cannot be read is no other one:
    /// whoever reads there is told so.
    fn is_of(&self, lines: &mut Spots) -> io::Result<bool> {
        let (at, hash) = self.last;
        let mut line = Vec::new();
        match lines.line_at(u64::from(at), &mut line) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(error),
            read => Ok(read.is_err() || Hash::of(&line) == hash),
        }
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(MAGIC)?;
        let times = [self.from, self.to].map(i64::cast_unsigned);
        for number in [self.plain_bytes, self.unreadable].into_iter().chain(times) {
            out.write_all(&number.to_le_bytes())?;
        }
        let (at, hash) = self.last;
        for number in [self.terms, self.offsets, at] {
            out.write_all(&number.to_le_bytes())?;
        }
        out.write_all(&hash.0)
    }
}

/// Up to eight bytes, little endian.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
