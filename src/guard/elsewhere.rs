//! A value that was veiled is veiled wherever else it stands in the same answer, in every spelling.
//!
//! All veiled values of an answer are sorted in folded spelling, and folded text is looked up in
//! them at each place where a value can begin. What is found is mapped back to the text as written,
//! and counts only as a whole token, so that `12345` is not found inside `9123456`. Every find is
//! looked at, those inside one another too: a find that does not count must not hide one that does.
//! An automaton would find the same; to build one for each answer costs more than to read the answer.

use std::cmp::Reverse;
use std::ops::Range;

use crate::guard::folded::{self, Folded};
use crate::guard::needles::{BEGIN_BYTES, NEEDLES, Needle, Span, Texts, Veil, too_many};
use crate::terms::refusal::{Reason, Refusal};

/// How many bytes of long values may be compared with an answer: such as begin alike at many places of it
/// are written by nobody but to keep the gateway busy.
const COMPARED: usize = 256 << 20;

/// What begins with one key.
struct Row {
    /// What stands for it in any record, if it is long enough to be sought there.
    far: Option<u32>,
    /// What stands for it in its own records, by record: a part of `nears`.
    near: Range<usize>,
    /// What may follow the key, a part of `tails`; nothing where nothing may.
    tails: Range<usize>,
    /// Too short to be sought inside longer text.
    whole: bool,
}

/// A veiled value found in other text.
pub struct Hit<'a> {
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// What stands there instead.
    pub veil: Veil<'a>,
}

/// The values of one answer, sorted.
#[derive(Default)]
pub struct Elsewhere {
    texts: Texts,
    /// Those that can begin inside other text.
    keys: Vec<Key>,
    /// Those that are too short for that, and count only as a whole leaf.
    whole: Vec<(Span, usize)>,
    rows: Vec<Row>,
    nears: Vec<(u32, u32)>,
    tails: Vec<Span>,
    /// Which beginnings the keys have.
    begins: Begins,
    room: Room,
    /// How many bytes of long values were compared.
    compared: usize,
}

struct Key {
    text: Span,
    row: usize,
    /// The longest other key that this one begins with.
    prefix: Option<usize>,
}

/// What is needed while a text is looked at.
#[derive(Default)]
struct Room {
    folded: Vec<u8>,
    found: Vec<(Range<usize>, usize)>,
}

/// The first bytes of all keys as a set of bits that may say yes too often; no bits where there is
/// no key.
#[derive(Default)]
struct Begins(Vec<u64>);

impl Begins {
    const BITS: u32 = 15;

    fn place(bytes: &[u8]) -> (usize, u64) {
        let word = u32::from(bytes[0]) | u32::from(bytes[1]) << 8 | u32::from(bytes[2]) << 16;
        let hash = word.wrapping_mul(0x9e37_79b1) >> (u32::BITS - Begins::BITS);
        ((hash >> 6) as usize, 1 << (hash & 63))
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.resize(1 << (Begins::BITS - 6), 0);
        let (at, bit) = Begins::place(bytes);
        self.0[at] |= bit;
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        let (at, bit) = Begins::place(bytes);
        self.0.get(at).is_some_and(|bits| bits & bit != 0)
    }
}

impl Elsewhere {
    /// Takes values that are sorted by key, then record; of one record the one that stands comes first.
    pub(super) fn new(texts: Texts, needles: &[Needle]) -> Result<Elsewhere, Refusal> {
        let same = |a: &Needle, b: &Needle| a.head == b.head && texts.value(a.key) == texts.value(b.key);
        let mut all = Elsewhere::default();
        for needles in needles.chunk_by(same) {
            all.row(&texts, needles)?;
        }
        all.texts = texts;
        all.nest();
        Ok(all)
    }

    /// Adds what begins with one key; keys come in their order.
    fn row(&mut self, texts: &Texts, needles: &[Needle]) -> Result<(), Refusal> {
        let Some(first) = needles.first() else { return Ok(()) };
        if self.rows.len() >= NEEDLES {
            return Err(too_many());
        }
        let (near, tails) = (self.nears.len(), self.tails.len());
        for records in needles.chunk_by(|a, b| a.record == b.record) {
            self.nears.push((records[0].record, records[0].veil));
        }
        let far = needles.iter().filter(|needle| needle.far).min_by_key(|n| (Reverse(n.strictness), n.veil));
        if needles.iter().any(|needle| !needle.tail.range().is_empty()) {
            self.tails.extend(needles.iter().map(|needle| needle.tail));
            self.tails[tails..].sort_unstable_by(|a, b| texts.value(*a).cmp(texts.value(*b)));
        }
        let (row, key) = (self.rows.len(), first.key);
        if first.whole {
            self.whole.push((key, row));
        } else {
            self.begins.add(texts.value(key));
            self.keys.push(Key { text: key, row, prefix: None });
        }
        self.rows.push(Row {
            far: far.map(|needle| needle.veil),
            near: near..self.nears.len(),
            tails: tails..self.tails.len(),
            whole: first.whole,
        });
        Ok(())
    }

    /// Finds for each key the longest other that it begins with.
    fn nest(&mut self) {
        for at in 1..self.keys.len() {
            let text = self.texts.value(self.keys[at].text);
            let mut prefix = Some(at - 1);
            while let Some(before) =
                prefix.filter(|before| !text.starts_with(self.texts.value(self.keys[*before].text)))
            {
                prefix = self.keys[before].prefix;
            }
            self.keys[at].prefix = prefix;
        }
    }

    /// Finds veiled values in a text that belongs to `record`: in no order, and they may overlap.
    pub fn find(&mut self, text: &str, record: u32, mut hit: impl FnMut(Hit<'_>)) {
        let mut room = std::mem::take(&mut self.room);
        self.compared += self.look(text, record, &mut room, &mut hit);
        self.room = room;
    }

    /// Whether all was found that was sought.
    pub fn is_within_bounds(&self) -> Result<(), Refusal> {
        if self.compared <= COMPARED {
            return Ok(());
        }
        Err(Refusal::new(Reason::Bound, "long veiled values begin at too many places of the answer"))
    }

    /// Tells how many bytes it compared of long values.
    fn look(&self, text: &str, record: u32, room: &mut Room, hit: &mut impl FnMut(Hit<'_>)) -> usize {
        let Room { folded, found } = room;
        folded.clear();
        found.clear();
        folded::append(text, folded);
        if let Ok(at) = self.whole.binary_search_by(|(whole, _)| self.texts.value(*whole).cmp(folded)) {
            found.push((0..folded.len(), self.whole[at].1));
        }
        if !self.keys.is_empty() {
            for (start, bytes) in folded.windows(BEGIN_BYTES).enumerate() {
                if self.begins.holds(bytes) {
                    self.begin(folded, start, found);
                }
            }
        }
        let mut compared = 0;
        if found.is_empty() {
            return compared;
        }
        let folded = Folded::new(text);
        for (range, row) in found.drain(..) {
            let row = &self.rows[row];
            let Some(veil) = self.veil(row, record) else { continue };
            if self.compared + compared > COMPARED {
                break;
            }
            let rest = &folded.text.as_bytes()[range.end..];
            let Some(tail) = self.tail(row, rest, &mut compared) else { continue };
            let range = range.start..range.end + tail;
            let whole_leaf = range == (0..folded.text.len());
            if (whole_leaf || !row.whole) && folded.is_token(range.clone()) {
                hit(Hit { range: folded.written(range), veil });
            }
        }
        compared
    }

    /// Adds every key that the text has at this place. The last key that is not behind the text in
    /// the order begins with all keys that the text begins with.
    fn begin(&self, text: &[u8], start: usize, found: &mut Vec<(Range<usize>, usize)>) {
        let rest = &text[start..];
        let mut at = self.keys.partition_point(|key| self.texts.value(key.text) <= rest).checked_sub(1);
        while let Some(key) = at.map(|at| &self.keys[at]) {
            let value = self.texts.value(key.text);
            if rest.starts_with(value) {
                found.push((start..start + value.len(), key.row));
            }
            at = key.prefix;
        }
    }

    /// What stands for a value in a text of this record.
    fn veil(&self, row: &Row, record: u32) -> Option<Veil<'_>> {
        let near = &self.nears[row.near.clone()];
        let own = near.binary_search_by_key(&record, |(record, _)| *record).map(|at| near[at].1);
        own.ok().or(row.far).map(|veil| self.texts.veil(veil))
    }

    /// How much more of the text belongs to the value, of which the key was found.
    fn tail(&self, row: &Row, rest: &[u8], compared: &mut usize) -> Option<usize> {
        if row.tails.is_empty() {
            Some(0)
        } else {
            tail(&self.tails[row.tails.clone()], |span| self.texts.value(*span), rest, compared)
        }
    }

    /// Whether nothing is sought.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The length of the longest of the sorted tails that the text begins with. Adds how many bytes were
/// compared: a sort compares with each neighbour about as much as these two have in common.
fn tail<'v, T>(tails: &[T], value: impl Fn(&T) -> &'v [u8], text: &[u8], compared: &mut usize) -> Option<usize> {
    let in_common = |tail: &[u8]| tail.iter().zip(text).take_while(|(a, b)| a == b).count();
    let mut limit = text.len();
    loop {
        let before = tails.partition_point(|tail| value(tail) <= &text[..limit]);
        let steps = tails.len().ilog2() as usize + 1;
        let behind = tails.get(before).map_or(0, |tail| in_common(value(tail)));
        *compared += steps * behind;
        let last = value(tails.get(before.checked_sub(1)?)?);
        *compared += steps * in_common(last);
        if text.starts_with(last) {
            return Some(last.len());
        }
        // No tail between the two begins as the text does beyond what these have in common.
        limit = in_common(last);
    }
}

#[cfg(test)]
#[path = "elsewhere_tests.rs"]
mod tests;
