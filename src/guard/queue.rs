//! The leaves that wait for their decision, one behind the other in a few long buffers: an answer has
//! thousands, and a box for each text and each list would cost more than to judge them.

use std::ops::Range;

use crate::detect::Found;
use crate::guard::leaves::{Known, Told};
use crate::terms::edit::Document;
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Member, Part, Piece};
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
    /// Staff's own words, in an answer that may repeat more than those.
    pub own: bool,
    /// A part of staff's own words there.
    pub torn: bool,
    /// It may say something in another writing.
    pub disguised: bool,
    /// It holds a document whose leaves wait behind it, each for itself: only values that are documents
    /// are sought in it.
    pub holds: bool,
    /// It is the application's own state, which is sealed.
    pub state: bool,
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

/// A leaf that is shown whatever else comes, and in which nothing is sought: that it stood there is all
/// that is still asked.
pub(super) struct Counted {
    /// Where it begins in the body.
    begin: usize,
    /// The length of its text.
    bytes: u32,
    pub record: u32,
    pub kind: KindId,
    /// A field of the rules named it, not a label alone.
    pub declared: bool,
}

/// All of them, in the order in which they came.
#[derive(Default)]
pub(super) struct Queue {
    rows: Vec<Row>,
    texts: String,
    pieces: Vec<Piece>,
    rests: Vec<Rest>,
    members: Vec<Member>,
    loosen: Vec<(Range<usize>, &'static str)>,
    kinds: Vec<KindId>,
    told: Vec<Told>,
    found: Vec<Found>,
    counted: Vec<Counted>,
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
    /// The number of what few have.
    rest: u32,
}

/// A row that has nothing more.
const NOTHING: u32 = u32::MAX;

/// What few leaves have.
#[derive(Clone, Copy)]
struct Rest {
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
            rest: self.rest(leaf)?,
        };
        self.rows.push(row);
        Ok(())
    }

    /// Appends a leaf of the body that is only counted.
    pub(super) fn count(&mut self, leaf: &Leaf<'_>, known: Known) -> Result<(), Refusal> {
        let begin = leaf.pieces.first().map_or(0, |piece| piece.span.start);
        let bytes = Span::new(0, leaf.text.len())?.end;
        let Known { kind, declared, .. } = known;
        self.counted.push(Counted { begin, bytes, record: leaf.record, kind, declared });
        Ok(())
    }

    fn rest(&mut self, leaf: &Waiting<'_>) -> Result<u32, Refusal> {
        let by_place = leaf.member.is_none() && leaf.kinds.is_empty() && leaf.told.is_empty();
        if by_place && leaf.loosen.is_empty() && leaf.found.is_empty() {
            return Ok(NOTHING);
        }
        let rest = Rest {
            member: put(&mut self.members, leaf.member.map(std::slice::from_ref).unwrap_or_default())?,
            loosen: put(&mut self.loosen, leaf.loosen)?,
            kinds: put(&mut self.kinds, leaf.kinds)?,
            told: put(&mut self.told, leaf.told)?,
            found: put(&mut self.found, leaf.found)?,
        };
        let number = Span::new(0, self.rests.len())?.end;
        self.rests.push(rest);
        Ok(number)
    }

    /// The leaves, but for those that are only counted.
    pub(super) fn iter(&self) -> impl Iterator<Item = Waiting<'_>> + Clone {
        self.rows.iter().map(|row| {
            let bare = Waiting {
                document: row.document,
                text: &self.texts[row.text.range()],
                part: row.part,
                pieces: &self.pieces[row.pieces.range()],
                record: row.record,
                member: None,
                loosen: &[],
                known: row.known,
                kinds: &[],
                told: &[],
                found: &[],
                flags: row.flags,
            };
            let Some(rest) = self.rests.get(row.rest as usize) else { return bare };
            Waiting {
                member: self.members[rest.member.range()].first(),
                loosen: &self.loosen[rest.loosen.range()],
                kinds: &self.kinds[rest.kinds.range()],
                told: &self.told[rest.told.range()],
                found: &self.found[rest.found.range()],
                ..bare
            }
        })
    }

    /// Those that are only counted.
    pub(super) fn counted(&self) -> &[Counted] {
        &self.counted
    }

    /// How many there are that are not only counted.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The records of all of them.
    pub(super) fn records(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().map(|row| row.record).chain(self.counted.iter().map(|leaf| leaf.record))
    }

    /// How long the text of each of them is.
    pub(super) fn lengths(&self) -> impl Iterator<Item = usize> {
        let counted = self.counted.iter().map(|leaf| leaf.bytes as usize);
        self.rows.iter().map(|row| row.text.range().len()).chain(counted)
    }

    /// Takes out those that go now, all of headers and those that begin before `upto` in the body; the
    /// others go on waiting.
    pub(super) fn part(&mut self, upto: usize) -> Result<Queue, Refusal> {
        let now = |leaf: &Waiting<'_>| leaf.document != Document::Body || leaf.begin() < upto;
        let counted = self.counted.extract_if(.., |leaf| leaf.begin < upto).collect();
        let first = self.iter().take_while(&now).count();
        if !self.iter().skip(first).any(|leaf| now(&leaf)) {
            return Ok(Queue { counted, ..self.first(first) });
        }
        let (mut going, mut staying) = (Queue::default(), Queue::default());
        for leaf in self.iter() {
            let queue = if now(&leaf) { &mut going } else { &mut staying };
            queue.push(&leaf)?;
        }
        staying.counted = std::mem::take(&mut self.counted);
        *self = staying;
        Ok(Queue { counted, ..going })
    }

    /// Takes out the first so many, without a second copy of the others: a long answer holds many. Those
    /// that are only counted stay.
    fn first(&mut self, count: usize) -> Queue {
        let Some(Row { text, pieces, .. }) = self.rows.get(count) else {
            let counted = std::mem::take(&mut self.counted);
            return std::mem::replace(self, Queue { counted, ..Queue::default() });
        };
        let (text, pieces) = (*text, *pieces);
        let rest = self.rows[count..].iter().map(|row| row.rest).find(|rest| *rest != NOTHING);
        let rest = rest.map_or(self.rests.len(), |rest| rest as usize);
        let begin = self.rests.get(rest).copied();
        let from = |span: fn(&Rest) -> Span, len: usize| begin.as_ref().map_or(len, |rest| span(rest).range().start);
        let going = Queue {
            rows: self.rows.drain(..count).collect(),
            texts: self.texts.drain(..text.range().start).collect(),
            pieces: self.pieces.drain(..pieces.range().start).collect(),
            members: self.members.drain(..from(|rest| rest.member, self.members.len())).collect(),
            loosen: self.loosen.drain(..from(|rest| rest.loosen, self.loosen.len())).collect(),
            kinds: self.kinds.drain(..from(|rest| rest.kinds, self.kinds.len())).collect(),
            told: self.told.drain(..from(|rest| rest.told, self.told.len())).collect(),
            found: self.found.drain(..from(|rest| rest.found, self.found.len())).collect(),
            rests: self.rests.drain(..rest).collect(),
            counted: Vec::new(),
        };
        for row in &mut self.rows {
            row.text.behind(text);
            row.pieces.behind(pieces);
            if row.rest != NOTHING {
                // No number is beyond what a span can tell.
                row.rest -= rest as u32;
            }
        }
        if let Some(begin) = begin {
            self.rests.iter_mut().for_each(|rest| rest.behind(&begin));
        }
        going
    }

    /// What they take in memory.
    pub(super) fn weight(&self) -> usize {
        self.texts.capacity()
            + self.rows.capacity() * size_of::<Row>()
            + self.pieces.capacity() * size_of::<Piece>()
            + self.rests.capacity() * size_of::<Rest>()
            + self.members.capacity() * size_of::<Member>()
            + self.loosen.capacity() * size_of::<(Range<usize>, &'static str)>()
            + self.kinds.capacity() * size_of::<KindId>()
            + self.told.capacity() * size_of::<Told>()
            + self.found.capacity() * size_of::<Found>()
            + self.counted.capacity() * size_of::<Counted>()
    }
}

impl Rest {
    /// The same places, once what stood before `of` is gone.
    fn behind(&mut self, of: &Rest) {
        self.member.behind(of.member);
        self.loosen.behind(of.loosen);
        self.kinds.behind(of.kinds);
        self.told.behind(of.told);
        self.found.behind(of.found);
    }
}
