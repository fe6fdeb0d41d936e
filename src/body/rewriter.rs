//! Bytes in, decided bytes out.
//!
//! A body up to the hold is walked and judged whole before its first byte leaves. A longer one is
//! released record by record; a record that is longer than the hold is refused. Bytes that no edit
//! touches leave as they came.
//!
//! All places are counted in the text that the walker sees. A body in UTF-8 is that text; behind any
//! other, `decoded` keeps the bytes and gives them back when the text leaves.

use encoding_rs::UTF_8;

use crate::body::charset::Charset;
use crate::body::decoded::Decoded;
use crate::body::sniff;
use crate::body::splice::{self, Leading, RawEdit};
use crate::terms::bounds::Bounds;
use crate::terms::edit::{Document, Edit, Guard, Verdict};
use crate::terms::leaf::Walker;
use crate::terms::refusal::{Reason, Refusal};

/// How many decided bytes are gathered before they are released in a long body: each release is a
/// ledger record.
const RELEASE_BYTES: usize = 256 << 10;

/// The walker reads in steps of so many bytes, counted from the body's first, and what is ready is
/// looked at between two of them: however the CRM's bytes happen to come in, staff gets the same.
const STEP_BYTES: usize = 64 << 10;

const ESCAPE: u8 = 0x1b;

/// One part of a body, decided.
#[derive(Debug)]
pub struct Released {
    /// What may leave once the verdict's disclosures are in the ledger.
    pub bytes: Vec<u8>,
    /// What was judged. Its edits of the body are already in the bytes; those of headers are left.
    pub verdict: Verdict,
}

impl Released {
    fn followed_by(mut self, next: Released) -> Released {
        self.bytes.extend(next.bytes);
        self.verdict.edits.extend(next.verdict.edits);
        self.verdict.disclosures.absorb(next.verdict.disclosures);
        self.verdict.alerts.extend(next.verdict.alerts);
        self.verdict.undeclared += next.verdict.undeclared;
        self
    }
}

/// A whole body, decided and not yet written.
pub struct Decided<'a> {
    /// As it came, in UTF-8.
    pub original: &'a str,
    /// As it leaves.
    pub veiled: &'a str,
    /// The charset that it is in.
    pub charset: &'static str,
    /// What was judged.
    pub verdict: &'a Verdict,
}

/// What is put into a body: places in it as it came, and texts.
pub type Additions<'a> = &'a dyn Fn(&Decided<'_>) -> Vec<(usize, String)>;

/// Rewrites one body.
pub struct Rewriter {
    walker: Box<dyn Walker>,
    /// The text that is held: what the walker reads.
    text: Vec<u8>,
    skin: Skin,
    /// The number of the first byte that is still held.
    base: usize,
    /// How many of the bytes held the walker has read.
    read: usize,
    step: usize,
    hold_bytes: usize,
    later: Vec<RawEdit>,
    leading: Vec<Leading>,
    /// Whether the last byte that was read may begin an escape of ISO-2022-JP.
    escape: bool,
    /// Whether each record leaves as soon as it is complete.
    live: bool,
    /// An error leaves no state that could go on.
    poisoned: bool,
}

/// What lies between the body's bytes and its text.
enum Skin {
    /// Nothing: they are the same.
    Utf8,
    /// Nothing so far: all of it was ASCII.
    Unsaid {
        /// Whether it is UTF-8 or Western, and nothing else.
        western: bool,
    },
    Other(Box<Decoded>),
}

impl Skin {
    /// Whether the body's charset has characters for a text.
    fn holds(&self, text: &str) -> bool {
        match self {
            Skin::Other(decoded) => decoded.holds(text),
            _ => true,
        }
    }
}

impl Rewriter {
    /// A rewriter for one body in UTF-8.
    pub fn new(walker: Box<dyn Walker>, bounds: &Bounds) -> Rewriter {
        Rewriter::in_charset(walker, Charset::Utf8, bounds)
    }

    /// A rewriter for one body in this charset.
    pub fn in_charset(walker: Box<dyn Walker>, charset: Charset, bounds: &Bounds) -> Rewriter {
        Rewriter {
            walker,
            text: Vec::new(),
            skin: match charset {
                Charset::Utf8 => Skin::Utf8,
                Charset::Unsaid => Skin::Unsaid { western: false },
                Charset::Western => Skin::Unsaid { western: true },
                Charset::Other(encoding) => Skin::Other(Box::new(Decoded::new(encoding))),
                Charset::Utf32(order) => Skin::Other(Box::new(Decoded::utf32(order))),
            },
            base: 0,
            read: 0,
            step: (bounds.hold_bytes / 16).clamp(1, STEP_BYTES),
            hold_bytes: bounds.hold_bytes,
            later: Vec::new(),
            leading: Vec::new(),
            escape: false,
            live: false,
            poisoned: false,
        }
    }

    /// Lets each record leave by itself as soon as it is complete: the body is a stream of events, which
    /// somebody waits for.
    pub fn event_by_event(mut self) -> Rewriter {
        self.live = true;
        self
    }

    /// How many bytes are held now.
    pub fn held(&self) -> usize {
        match &self.skin {
            Skin::Other(decoded) => self.text.len() + decoded.held(),
            _ => self.text.len(),
        }
    }

    /// The name of the charset that the body is read in, once a part of it was released.
    pub fn charset(&self) -> &'static str {
        match &self.skin {
            Skin::Other(decoded) => decoded.name(),
            _ => UTF_8.name(),
        }
    }

    /// Takes the next bytes. Gives a part when the body has grown beyond the hold and a record is
    /// complete.
    pub fn write(&mut self, chunk: &[u8], guard: &mut dyn Guard) -> Result<Option<Released>, Refusal> {
        self.guarded(|this| {
            this.take(chunk, false)?;
            let mut released: Option<Released> = None;
            if this.live {
                return this.lines(guard);
            }
            while this.text.len() - this.read >= this.step {
                if this.settles(this.read + this.step, false)? {
                    continue;
                }
                this.walk(this.read + this.step, guard)?;
                if let Some(part) = this.release(guard)? {
                    released = Some(match released {
                        None => part,
                        Some(before) => before.followed_by(part),
                    });
                }
            }
            Ok(released)
        })
    }

    /// The body is complete: gives all that is left.
    pub fn end(&mut self, guard: &mut dyn Guard) -> Result<Released, Refusal> {
        self.ended(guard, None)
    }

    /// The same of a body of which nothing has left yet, and something is put into it.
    pub fn end_with(&mut self, guard: &mut dyn Guard, more: Additions<'_>) -> Result<Released, Refusal> {
        self.ended(guard, Some(more))
    }

    fn ended(&mut self, guard: &mut dyn Guard, more: Option<Additions<'_>>) -> Result<Released, Refusal> {
        self.guarded(|this| {
            if !this.settles(this.text.len(), true)? {
                this.take(&[], true)?;
            }
            this.walk(this.text.len(), guard)?;
            this.walker.end(guard)?;
            let verdict = guard.finish()?;
            if let Some(more) = more.filter(|_| this.base == 0) {
                this.add(&verdict, more)?;
            }
            this.cut(this.base + this.text.len(), verdict, true)
        })
    }

    /// Walks line by line, so that what leaves together hangs on no cut.
    fn lines(&mut self, guard: &mut dyn Guard) -> Result<Option<Released>, Refusal> {
        let mut released: Option<Released> = None;
        while let Some(end) = self.text[self.read..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.walk(self.read + end + 1, guard)?;
            let upto = guard.ready(self.base + self.read).min(self.base + self.read);
            if upto > self.base {
                let verdict = guard.release(upto)?;
                let part = self.cut(upto, verdict, false)?;
                released = Some(match released {
                    None => part,
                    Some(before) => before.followed_by(part),
                });
            }
        }
        if self.text.len() > self.hold_bytes {
            return Err(Refusal::new(Reason::Bound, "an event is longer than can be held"));
        }
        Ok(released)
    }

    fn take(&mut self, bytes: &[u8], last: bool) -> Result<(), Refusal> {
        match &mut self.skin {
            Skin::Other(decoded) => decoded.read(bytes, last, &mut self.text),
            _ => {
                self.text.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    /// Settles in which charset the body is, if nothing has and what comes before `upto` must. Then
    /// the text may have become another. What is looked at hangs on no cut: a whole step, or the
    /// body's rest.
    fn settles(&mut self, upto: usize, last: bool) -> Result<bool, Refusal> {
        let ahead = &self.text[self.read..upto];
        let Skin::Unsaid { western } = self.skin else { return Ok(false) };
        if !sniff::is_open(ahead) {
            return Ok(false);
        }
        let encoding = if western { sniff::western(ahead, last) } else { sniff::charset(ahead, last)? };
        if encoding == UTF_8 {
            self.skin = Skin::Utf8;
            return Ok(false);
        }
        let mut decoded = Box::new(Decoded::new(encoding));
        let bytes = self.text.split_off(self.read);
        decoded.before(&self.text);
        decoded.read(&bytes, last, &mut self.text)?;
        self.skin = Skin::Other(decoded);
        Ok(true)
    }

    /// Shows the walker the text held up to there.
    fn walk(&mut self, upto: usize, guard: &mut dyn Guard) -> Result<(), Refusal> {
        let ahead = &self.text[self.read..upto];
        if !matches!(self.skin, Skin::Other(_)) {
            let parted = self.escape && matches!(ahead, [b'$' | b'(', ..]);
            if parted || sniff::switches(ahead) {
                return Err(Refusal::new(Reason::Unreadable, "a body in UTF-8 with escapes of ISO-2022-JP"));
            }
            self.escape = ahead.last().map_or(self.escape, |last| *last == ESCAPE);
        }
        self.walker.write(ahead, guard)?;
        self.read = upto;
        Ok(())
    }

    fn release(&mut self, guard: &mut dyn Guard) -> Result<Option<Released>, Refusal> {
        if self.base + self.read <= self.hold_bytes {
            return Ok(None);
        }
        let upto = guard.ready(self.base + RELEASE_BYTES).min(self.base + self.read);
        let ready = upto.saturating_sub(self.base);
        // Of a body that has just grown beyond the hold, as much as is gathered anyway goes at once: to judge
        // all that is held would take many times as much memory.
        if ready >= RELEASE_BYTES || (self.read > self.hold_bytes && ready > 0) {
            let verdict = guard.release(upto)?;
            // The head that leaves with the first part says in which charset all of it is.
            if matches!(self.skin, Skin::Unsaid { .. }) {
                self.skin = Skin::Utf8;
            }
            return self.cut(upto, verdict, false).map(Some);
        }
        if self.read > self.hold_bytes {
            let note =
                format!("a record is longer than the {} bytes that are held; declare `records`", self.hold_bytes);
            return Err(Refusal::new(Reason::Bound, note));
        }
        Ok(None)
    }

    /// Has something put into a body that is whole and decided. What would stand in the midst of an edit is left out.
    fn add(&mut self, verdict: &Verdict, more: Additions<'_>) -> Result<(), Refusal> {
        let body: Vec<Edit> = verdict.edits.iter().filter(|edit| edit.document == Document::Body).cloned().collect();
        let Ok(original) = std::str::from_utf8(&self.text) else { return Ok(()) };
        if body.is_empty() {
            let added = more(&Decided { original, veiled: original, charset: self.charset(), verdict });
            self.later.extend(added.into_iter().map(|(at, text)| RawEdit { range: at..at, text }));
            return Ok(());
        }
        let holds = |text: &str| self.skin.holds(text);
        let edits = splice::raw_edits(&self.text, 0, body, &mut Vec::new(), &holds)?;
        let veiled = String::from_utf8(splice::apply(&self.text, 0, edits.clone())?)
            .map_err(|_| Refusal::new(Reason::Internal, "an edited body is no longer text"))?;
        let added = more(&Decided { original, veiled: &veiled, charset: self.charset(), verdict });
        let is_free = |at: usize| edits.iter().all(|edit| at < edit.range.start || edit.range.end <= at);
        let added = added.into_iter().filter(|(at, _)| is_free(*at));
        self.later.extend(added.map(|(at, text)| RawEdit { range: at..at, text }));
        Ok(())
    }

    /// Carries out the edits before `upto` and lets what stands before it go.
    fn cut(&mut self, upto: usize, mut verdict: Verdict, end: bool) -> Result<Released, Refusal> {
        let (body, headers): (Vec<Edit>, Vec<Edit>) =
            std::mem::take(&mut verdict.edits).into_iter().partition(|edit| edit.document == Document::Body);
        verdict.edits = headers;
        let holds = |text: &str| self.skin.holds(text);
        let mut edits = splice::raw_edits(&self.text, self.base, body, &mut self.leading, &holds)?;
        edits.append(&mut self.later);
        let (now, later) = splice::parted(edits, upto)?;
        self.later = later;
        splice::follow(&self.text, self.base, upto, &mut self.leading);
        let length = upto - self.base;
        self.read -= length;
        self.base = upto;
        if now.is_empty() && length == self.text.len() && !matches!(self.skin, Skin::Other(_)) {
            return Ok(Released { bytes: std::mem::take(&mut self.text), verdict });
        }
        let from = upto - length;
        let leaving = &self.text[..length];
        let bytes = match &mut self.skin {
            Skin::Other(decoded) => decoded.write(leaving, &splice::segments(length, from, now)?, end)?,
            _ => splice::apply(leaving, from, now)?,
        };
        self.text.drain(..length);
        Ok(Released { bytes, verdict })
    }

    fn guarded<T>(&mut self, step: impl FnOnce(&mut Self) -> Result<T, Refusal>) -> Result<T, Refusal> {
        if self.poisoned {
            return Err(Refusal::new(Reason::Internal, "the body was refused before"));
        }
        let result = step(self);
        self.poisoned = result.is_err();
        result
    }
}

/// Carries out the edits of one header's value.
pub fn header(value: &str, edits: Vec<Edit>) -> Result<String, Refusal> {
    let edits = splice::raw_edits(value.as_bytes(), 0, edits, &mut Vec::new(), &|_| true)?;
    let bytes = splice::apply(value.as_bytes(), 0, edits)?;
    String::from_utf8(bytes).map_err(|_| Refusal::new(Reason::Internal, "an edited header is no longer text"))
}
