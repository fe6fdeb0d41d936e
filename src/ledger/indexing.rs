//! An index as it is made, in little memory.
//!
//! A line may speak of thousands of persons, and a segment of millions: more than a gateway beside its work has room
//! for. So what the lines say is put aside in sorted runs, which are merged (an external merge sort).

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::ledger::chain::Hash;
use crate::ledger::index::{EVERYWHERE, Head, RARE, Term};
use crate::ledger::record::Stored;
use crate::ledger::segment::{Line, Lines, Segment};

/// How many places are held at once: 768 KiB of them.
const HELD: usize = 1 << 16;

/// What is read ahead of each run.
const AHEAD_BYTES: usize = 16 << 10;

/// A term's hash and where a line begins that has it; their bytes are in the order of their numbers.
type Place = [u8; 12];

/// What a reading of a segment gives.
struct Gathered {
    head: Head,
    lines: usize,
    places: Vec<Place>,
    /// How many of them at most.
    held: usize,
    /// Where the runs stand one behind the other, and how many places each has.
    aside: BufWriter<File>,
    runs: Vec<u64>,
    path: PathBuf,
}

/// Makes a segment's index anew, durably.
pub fn make(segment: &Segment) -> io::Result<()> {
    make_holding(HELD, segment)
}

/// The same where so many places are held at once.
pub fn make_holding(held: usize, segment: &Segment) -> io::Result<()> {
    let path = segment.index_path();
    let [new, aside, beside] = ["index-new", "index-runs", "index-part"].map(|end| path.with_extension(end));
    let gathered = Gathered::read(segment, held, aside)?;
    let mut out = Out {
        head: Head { plain_bytes: segment.plain_len()?, ..gathered.head },
        rare: (gathered.lines / RARE).max(RARE),
        terms: BufWriter::new(create(&new)?),
        offsets: BufWriter::new(create(&beside)?),
        term: [0; 8],
        lines: Vec::new(),
    };
    out.head.write(&mut out.terms)?;
    gathered.merged(&mut |place| out.place(place))?;
    out.end(&beside)?.sync_all()?;
    fs::remove_file(&beside)?;
    fs::rename(&new, path)
}

fn create(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

impl Gathered {
    fn read(segment: &Segment, held: usize, path: PathBuf) -> io::Result<Gathered> {
        let (from, to, last) = (i64::MAX, i64::MIN, (0, Hash::of(b"")));
        let head = Head { plain_bytes: 0, unreadable: 0, from, to, terms: 0, offsets: 0, last };
        let aside = BufWriter::new(create(&path)?);
        let (places, runs) = (Vec::with_capacity(held), Vec::new());
        let mut gathered = Gathered { head, lines: 0, places, held, aside, runs, path };
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
        let mut done = Ok(());
        each_term(&record, &mut |term, text| {
            if done.is_ok() && self.places.len() == self.held {
                done = self.put_aside();
            }
            let mut place = [0; 12];
            place[..8].copy_from_slice(&term.hash(text).to_be_bytes());
            place[8..].copy_from_slice(&begin.to_be_bytes());
            self.places.push(place);
        });
        done
    }

    /// Puts what is held aside as a sorted run.
    fn put_aside(&mut self) -> io::Result<()> {
        self.places.sort_unstable();
        self.places.dedup();
        self.runs.push(self.places.len() as u64);
        self.places.drain(..).try_for_each(|place| self.aside.write_all(&place))
    }

    /// Gives all places in their order; one may come several times.
    fn merged(mut self, give: &mut dyn FnMut(Place) -> io::Result<()>) -> io::Result<()> {
        self.put_aside()?;
        self.aside.flush()?;
        self.places = Vec::new();
        let mut runs = Vec::with_capacity(self.runs.len());
        let mut begin = 0;
        for count in &self.runs {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(begin))?;
            let bytes = count * size_of::<Place>() as u64;
            runs.push(BufReader::with_capacity(AHEAD_BYTES, file).take(bytes));
            begin += bytes;
        }
        let mut next = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            next.extend(place(run)?.map(|place| Reverse((place, number))));
        }
        while let Some(Reverse((first, number))) = next.pop() {
            give(first)?;
            next.extend(place(&mut runs[number])?.map(|place| Reverse((place, number))));
        }
        fs::remove_file(&self.path)
    }
}

/// The next place of a run.
fn place(run: &mut io::Take<BufReader<File>>) -> io::Result<Option<Place>> {
    if run.limit() == 0 {
        return Ok(None);
    }
    let mut place = [0; 12];
    run.read_exact(&mut place)?;
    Ok(Some(place))
}

/// The two files that become an index.
struct Out {
    head: Head,
    rare: usize,
    terms: BufWriter<File>,
    offsets: BufWriter<File>,
    /// The term whose places come now, and its lines as long as it may be rare.
    term: [u8; 8],
    lines: Vec<[u8; 4]>,
}

impl Out {
    /// Takes the next place, in their order.
    fn place(&mut self, place: Place) -> io::Result<()> {
        let [a, b, c, d, e, f, g, h, line @ ..] = place;
        let term = [a, b, c, d, e, f, g, h];
        if !self.lines.is_empty() && self.term != term {
            self.end_term()?;
        }
        self.term = term;
        // One more than may be tells that it is everywhere.
        if self.lines.last() != Some(&line) && self.lines.len() <= self.rare {
            self.lines.push(line);
        }
        Ok(())
    }

    fn end_term(&mut self) -> io::Result<()> {
        let is_rare = self.lines.len() <= self.rare;
        let count = if is_rare { self.lines.len() as u32 } else { EVERYWHERE };
        self.terms.write_all(&u64::from_be_bytes(self.term).to_le_bytes())?;
        self.terms.write_all(&self.head.offsets.to_le_bytes())?;
        self.terms.write_all(&count.to_le_bytes())?;
        self.head.terms = self.head.terms.checked_add(1).ok_or_else(too_many)?;
        for line in self.lines.iter().filter(|_| is_rare) {
            self.offsets.write_all(&u32::from_be_bytes(*line).to_le_bytes())?;
            self.head.offsets = self.head.offsets.checked_add(1).ok_or_else(too_many)?;
        }
        self.lines.clear();
        Ok(())
    }

    /// Puts the offsets behind the terms, and what is counted now to the beginning.
    fn end(mut self, beside: &Path) -> io::Result<File> {
        if !self.lines.is_empty() {
            self.end_term()?;
        }
        let mut terms = self.terms.into_inner()?;
        self.offsets.into_inner()?;
        terms.seek(SeekFrom::End(0))?;
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
