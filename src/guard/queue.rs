//! The leaves that wait for their decision, one behind the other in a few long buffers: an answer has
//! thousands, and a box for each text and each list would cost more than to judge them.

use std::ops::Range;

use crate::detect::Found;
use crate::guard::leaves::{Known, Told};
use crate::terms::edit::Document;
use crate::terms::kind::KindId;
use crate::terms::leaf::{Member, Part, Piece};
use crate::terms::refusal::{Reason, Refusal};

/// What a leaf's place says of what may become of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    /// An edit would break the document rather than hide a value.
    pub structure: bool,
    /// The subject's id or another value's kind stands here: the rules name the place, though no
    /// field does.
    pub named: bool,
    /// A control that shows staff's own words again.
    pub echo: bool,
    /// It may say something in another writing.
    pub disguised: bool,
    /// It holds a document whose leaves wait behind it, each for itself: only values that are documents
    /// are sought in it.
    pub holds: bool,
}

/// A leaf that waits.
pub(super) struct Waiting<'a> {
    pub document: Document,
    pub text: &'a str,
    pub part: Part,
    pub pieces: &'a [Piece],
    pub record: u32,
    pub member: Option<&'a Member>,
    pub loosen: &'a [(Range<usize>, &'static str)],
    pub known: Option<Known>,
    /// Every kind that the rules name for its place, where what becomes of them hangs on the record.
    pub kinds: &'a [KindId],
    pub told: &'a [Told],
    /// What the detectors found in the text.
    pub found: &'a [Found],
    pub flags: Flags,
}

impl Waiting<'_> {
    /// Where the leaf begins in its document.
    pub(super) fn begin(&self) -> usize {
        self.pieces.first().map_or(0, |piece| piece.span.start)
    }
}

/// All of them, in the order in which they came.
#[derive(Default)]
pub(super) struct Queue {
    rows: Vec<Row>,
    texts: String,
    pieces: Vec<Piece>,
    members: Vec<Member>,
    loosen: Vec<(Range<usize>, &'static str)>,
    kinds: Vec<KindId>,
    told: Vec<Told>,
    found: Vec<Found>,
}

/// One of them, as places in the buffers.
struct Row {
    document: Document,
    part: Part,
    flags: Flags,
    known: Option<Known>,
    record: u32,
    text: Span,
    pieces: Span,
    member: Span,
    loosen: Span,
    kinds: Span,
    told: Span,
    found: Span,
}

#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Result<Span, Refusal> {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Ok(Span { start, end }),
            _ => Err(Refusal::new(Reason::Bound, "the values of one record are longer than can be held")),
        }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The same place, once what stood before `of` is gone.
    fn behind(&mut self, of: Span) {
        self.start -= of.start;
        self.end -= of.start;
    }
}

/// Appends to one of the buffers, and tells where.
fn put<T: Clone>(all: &mut Vec<T>, more: &[T]) -> Result<Span, Refusal> {
    let start = all.len();
    all.extend_from_slice(more);
    Span::new(start, all.len())
}

impl Queue {
    /// Appends a leaf.
    pub(super) fn push(&mut self, leaf: &Waiting<'_>) -> Result<(), Refusal> {
        let start = self.texts.len();
        self.texts.push_str(leaf.text);
        let row = Row {
            document: leaf.document,
            part: leaf.part,
            flags: leaf.flags,
            known: leaf.known,
            record: leaf.record,
            text: Span::new(start, self.texts.len())?,
            pieces: put(&mut self.pieces, leaf.pieces)?,
            member: put(&mut self.members, leaf.member.map(std::slice::from_ref).unwrap_or_default())?,
            loosen: put(&mut self.loosen, leaf.loosen)?,
            kinds: put(&mut self.kinds, leaf.kinds)?,
            told: put(&mut self.told, leaf.told)?,
            found: put(&mut self.found, leaf.found)?,
        };
        self.rows.push(row);
        Ok(())
    }

    /// The leaves.
    pub(super) fn iter(&self) -> impl Iterator<Item = Waiting<'_>> + Clone {
        self.rows.iter().map(|row| Waiting {
            document: row.document,
            text: &self.texts[row.text.range()],
            part: row.part,
            pieces: &self.pieces[row.pieces.range()],
            record: row.record,
            member: self.members[row.member.range()].first(),
            loosen: &self.loosen[row.loosen.range()],
            known: row.known,
            kinds: &self.kinds[row.kinds.range()],
            told: &self.told[row.told.range()],
            found: &self.found[row.found.range()],
            flags: row.flags,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes out those that go now; the others go on waiting.
    pub(super) fn part(&mut self, now: impl Fn(&Waiting<'_>) -> bool) -> Result<Queue, Refusal> {
        let first = self.iter().take_while(&now).count();
        if !self.iter().skip(first).any(|leaf| now(&leaf)) {
            return Ok(self.first(first));
        }
        let (mut going, mut staying) = (Queue::default(), Queue::default());
        for leaf in self.iter() {
            let queue = if now(&leaf) { &mut going } else { &mut staying };
            queue.push(&leaf)?;
        }
        *self = staying;
        Ok(going)
    }

    /// Takes out the first so many, without a second copy of the others: a long answer holds many.
    fn first(&mut self, count: usize) -> Queue {
        let Some(Row { text, pieces, member, loosen, kinds, told, found, .. }) = self.rows.get(count) else {
            return std::mem::take(self);
        };
        let (text, pieces, member, loosen) = (*text, *pieces, *member, *loosen);
        let (kinds, told, found) = (*kinds, *told, *found);
        let going = Queue {
            rows: self.rows.drain(..count).collect(),
            texts: self.texts.drain(..text.range().start).collect(),
            pieces: self.pieces.drain(..pieces.range().start).collect(),
            members: self.members.drain(..member.range().start).collect(),
            loosen: self.loosen.drain(..loosen.range().start).collect(),
            kinds: self.kinds.drain(..kinds.range().start).collect(),
            told: self.told.drain(..told.range().start).collect(),
            found: self.found.drain(..found.range().start).collect(),
        };
        for row in &mut self.rows {
            row.text.behind(text);
            row.pieces.behind(pieces);
            row.member.behind(member);
            row.loosen.behind(loosen);
            row.kinds.behind(kinds);
            row.told.behind(told);
            row.found.behind(found);
        }
        going
    }

    /// What they take in memory.
    pub(super) fn weight(&self) -> usize {
        self.texts.capacity()
            + self.rows.capacity() * size_of::<Row>()
            + self.pieces.capacity() * size_of::<Piece>()
            + self.members.capacity() * size_of::<Member>()
            + self.loosen.capacity() * size_of::<(Range<usize>, &'static str)>()
            + self.kinds.capacity() * size_of::<KindId>()
            + self.told.capacity() * size_of::<Told>()
            + self.found.capacity() * size_of::<Found>()
    }
}
