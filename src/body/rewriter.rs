//! Bytes in, decided bytes out.
//!
//! A body up to the hold is walked and judged whole before its first byte leaves. A longer one is
//! released record by record; a record that is longer than the hold is refused. Bytes that no edit
//! touches leave as they came.

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

/// Rewrites one body.
pub struct Rewriter {
    walker: Box<dyn Walker>,
    raw: Vec<u8>,
    /// The number of the first raw byte that is still held.
    base: usize,
    /// How many of the bytes held the walker has read.
    read: usize,
    step: usize,
    hold_bytes: usize,
    later: Vec<RawEdit>,
    leading: Vec<Leading>,
    /// An error leaves no state that could go on.
    poisoned: bool,
}

impl Rewriter {
    /// A rewriter for one body.
    pub fn new(walker: Box<dyn Walker>, bounds: &Bounds) -> Rewriter {
        Rewriter {
            walker,
            raw: Vec::new(),
            base: 0,
            read: 0,
            step: (bounds.hold_bytes / 16).clamp(1, STEP_BYTES),
            hold_bytes: bounds.hold_bytes,
            later: Vec::new(),
            leading: Vec::new(),
            poisoned: false,
        }
    }

    /// How many bytes are held now.
    pub fn held(&self) -> usize {
        self.raw.len()
    }

    /// Takes the next bytes. Gives a part when the body has grown beyond the hold and a record is
    /// complete.
    pub fn write(&mut self, chunk: &[u8], guard: &mut dyn Guard) -> Result<Option<Released>, Refusal> {
        self.guarded(|this| {
            this.raw.extend_from_slice(chunk);
            let mut released: Option<Released> = None;
            while this.raw.len() - this.read >= this.step {
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
        self.guarded(|this| {
            this.walk(this.raw.len(), guard)?;
            this.walker.end(guard)?;
            let verdict = guard.finish()?;
            this.cut(this.base + this.raw.len(), verdict)
        })
    }

    /// Shows the walker the bytes held up to there.
    fn walk(&mut self, upto: usize, guard: &mut dyn Guard) -> Result<(), Refusal> {
        self.walker.write(&self.raw[self.read..upto], guard)?;
        self.read = upto;
        Ok(())
    }

    fn release(&mut self, guard: &mut dyn Guard) -> Result<Option<Released>, Refusal> {
        if self.base + self.read <= self.hold_bytes {
            return Ok(None);
        }
        let upto = guard.ready().min(self.base + self.read);
        let ready = upto.saturating_sub(self.base);
        if ready >= RELEASE_BYTES || (self.read > self.hold_bytes && ready > 0) {
            let verdict = guard.release(upto)?;
            return self.cut(upto, verdict).map(Some);
        }
        if self.read > self.hold_bytes {
            let note =
                format!("a record is longer than the {} bytes that are held; declare `records`", self.hold_bytes);
            return Err(Refusal::new(Reason::Bound, note));
        }
        Ok(None)
    }

    /// Carries out the edits before `upto` and lets the bytes before it go.
    fn cut(&mut self, upto: usize, mut verdict: Verdict) -> Result<Released, Refusal> {
        let (body, headers): (Vec<Edit>, Vec<Edit>) =
            std::mem::take(&mut verdict.edits).into_iter().partition(|edit| edit.document == Document::Body);
        verdict.edits = headers;
        let mut edits = splice::raw_edits(&self.raw, self.base, body, &mut self.leading)?;
        edits.append(&mut self.later);
        let (now, later) = splice::parted(edits, upto)?;
        self.later = later;
        splice::follow(&self.raw, self.base, upto, &mut self.leading);
        let length = upto - self.base;
        let bytes = splice::apply(&self.raw[..length], self.base, now)?;
        self.raw.drain(..length);
        self.read -= length;
        self.base = upto;
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
    let edits = splice::raw_edits(value.as_bytes(), 0, edits, &mut Vec::new())?;
    let bytes = splice::apply(value.as_bytes(), 0, edits)?;
    String::from_utf8(bytes).map_err(|_| Refusal::new(Reason::Internal, "an edited header is no longer text"))
}
