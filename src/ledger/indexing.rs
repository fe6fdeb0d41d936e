//! An index as it is made, in little memory.
//!
//! A line may speak of thousands of persons, and a segment of millions: more than a gateway beside its work has room
//! for. Terms are known by hashes, which are spread evenly, so that where there are too many to be held at once the
//! segment is read several times, each time for a part of the hashes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use jiff::Timestamp;

use crate::ledger::chain::Hash;
use crate::ledger::index::{EVERYWHERE, Head, RARE, Term};
use crate::ledger::record::Stored;
use crate::ledger::segment::{Line, Lines, Segment};

/// How many places are held at once.
const HELD: usize = 1 << 20;

/// A term's hash and where a line begins that has it; their bytes are in the order of their numbers.
type Place = [u8; 12];

/// What one reading of a segment gave.
struct Gathered {
    head: Head,
    lines: usize,
    /// The hashes that are looked for.
    range: RangeInclusive<u64>,
    places: Vec<Place>,
    /// How many of them at most.
    held: usize,
    /// How many places there were, whether they are held or not.
    seen: usize,
}

/// Makes a segment's index anew, durably.
pub fn make(segment: &Segment) -> io::Result<()> {
    make_holding(HELD, segment)
}

/// The same where so many places are held at once.
pub fn make_holding(held: usize, segment: &Segment) -> io::Result<()> {
    let path = segment.index_path();
    let (aside, beside) = (path.with_extension("index-new"), path.with_extension("index-part"));
    let mut some = Gathered::read(segment, held, 0..=u64::MAX)?;
    let mut out = Out {
        head: Head { plain_bytes: segment.plain_len()?, ..some.head },
        rare: (some.lines / RARE).max(RARE),
        terms: BufWriter::new(create(&aside)?),
        offsets: BufWriter::new(create(&beside)?),
    };
    out.head.write(&mut out.terms)?;
    // The first of them last.
    let mut left = Vec::new();
    loop {
        if some.seen <= held {
            out.part(&mut some.places)?;
        } else {
            left.extend(parts(&some.range, 2 * some.seen / held).ok_or_else(too_many)?.into_iter().rev());
        }
        drop(some);
        let Some(range) = left.pop() else { break };
        some = Gathered::read(segment, held, range)?;
    }
    out.end(&beside)?.sync_all()?;
    fs::remove_file(&beside)?;
    fs::rename(&aside, path)
}

fn create(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// The hashes in so many parts, or in fewer where there are not so many; nothing where it is one.
fn parts(range: &RangeInclusive<u64>, count: usize) -> Option<Vec<RangeInclusive<u64>>> {
    let step = (range.end() - range.start()) / count as u64 + 1;
    let begins = (0..count as u64).map_while(|part| range.start().checked_add(part.checked_mul(step)?));
    let of = |begin: u64| begin..=begin.saturating_add(step - 1).min(*range.end());
    let parts: Vec<_> = begins.take_while(|begin| begin <= range.end()).map(of).collect();
    (parts.len() > 1).then_some(parts)
}

impl Gathered {
    fn read(segment: &Segment, held: usize, range: RangeInclusive<u64>) -> io::Result<Gathered> {
        let head = Head {
            plain_bytes: 0,
            unreadable: 0,
            from: i64::MAX,
            to: i64::MIN,
            terms: 0,
            offsets: 0,
            last: (0, Hash::of(b"")),
        };
        let mut gathered = Gathered { head, lines: 0, range, places: Vec::new(), held, seen: 0 };
        let mut lines = Lines::open(&segment.path)?;
        let mut line = Vec::new();
        loop {
            let begin = lines.offset;
            if lines.next_line(&mut line)? != Line::Whole {
                return Ok(gathered);
            }
            gathered.add(begin, &line)?;
        }
    }

    fn add(&mut self, begin: u64, line: &[u8]) -> io::Result<()> {
        let begin = u32::try_from(begin).map_err(|_| io::Error::other("a segment is too long for an index"))?;
        self.lines += 1;
        self.head.last = (begin, Hash::of(line));
        let Ok(record) = serde_json::from_slice::<Stored>(line) else {
            self.head.unreadable += 1;
            return Ok(());
        };
        // A time that cannot be read can be any.
        let time = record.time.parse::<Timestamp>().map(Timestamp::as_microsecond);
        self.head.from = self.head.from.min(time.as_ref().copied().unwrap_or(i64::MIN));
        self.head.to = self.head.to.max(time.unwrap_or(i64::MAX));
        each_term(&record, &mut |term, text| {
            let hash = term.hash(text);
            if !self.range.contains(&hash) {
                return;
            }
            self.seen += 1;
            // Of all hashes more may come than are held: then they are read in parts.
            if self.places.len() < self.held {
                let mut place = [0; 12];
                place[..8].copy_from_slice(&hash.to_be_bytes());
                place[8..].copy_from_slice(&begin.to_be_bytes());
                self.places.push(place);
            }
        });
        Ok(())
    }
}

/// The two files that become an index.
struct Out {
    head: Head,
    rare: usize,
    terms: BufWriter<File>,
    offsets: BufWriter<File>,
}

impl Out {
    /// Adds the terms of the next part.
    fn part(&mut self, places: &mut Vec<Place>) -> io::Result<()> {
        places.sort_unstable();
        places.dedup();
        for of_term in places.chunk_by(|one, next| one[..8] == next[..8]) {
            let [a, b, c, d, e, f, g, h, ..] = of_term[0];
            let hash = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            let count = if of_term.len() <= self.rare { of_term.len() as u32 } else { EVERYWHERE };
            self.terms.write_all(&hash.to_le_bytes())?;
            self.terms.write_all(&self.head.offsets.to_le_bytes())?;
            self.terms.write_all(&count.to_le_bytes())?;
            self.head.terms = self.head.terms.checked_add(1).ok_or_else(too_many)?;
            for [.., a, b, c, d] in of_term.iter().take(if count == EVERYWHERE { 0 } else { of_term.len() }) {
                self.offsets.write_all(&u32::from_be_bytes([*a, *b, *c, *d]).to_le_bytes())?;
                self.head.offsets = self.head.offsets.checked_add(1).ok_or_else(too_many)?;
            }
        }
        Ok(())
    }

    /// Puts the offsets behind the terms, and what is counted now to the beginning.
    fn end(self, beside: &Path) -> io::Result<File> {
        let mut terms = self.terms.into_inner()?;
        self.offsets.into_inner()?;
        terms.seek(io::SeekFrom::End(0))?;
        io::copy(&mut File::open(beside)?, &mut terms)?;
        let mut head = Vec::new();
        self.head.write(&mut head)?;
        terms.write_all_at(&head, 0)?;
        Ok(terms)
    }
}

fn too_many() -> io::Error {
    io::Error::other("a segment says too much to be indexed")
}

fn each_term(record: &Stored, each: &mut dyn FnMut(Term, &str)) {
    each(Term::Event, &record.event);
    if let Some(staff) = &record.staff {
        each(Term::Staff, staff);
        if let Some((_, id)) = staff.split_once(':') {
            each(Term::Staff, id);
        }
    }
    let texts = [
        (Term::Request, &record.request),
        (Term::Resource, &record.resource),
        (Term::Outcome, &record.outcome),
        (Term::Purpose, &record.purpose),
    ];
    texts.into_iter().filter_map(|(term, text)| Some((term, text.as_ref()?))).for_each(|(term, text)| each(term, text));
    for subject in &record.subjects {
        if let Some(id) = &subject.id {
            each(Term::Subject, id);
        }
        for (kind, actions) in &subject.kinds {
            each(Term::Kind, kind);
            actions.keys().for_each(|action| each(Term::Action, action));
        }
    }
}
