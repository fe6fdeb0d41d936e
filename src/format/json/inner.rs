//! JSON in a JSON string: a document that somebody put into another as a text.
//!
//! It is read as if it stood there without its quotes: the names around it and the paths that have
//! reached it go on inside, and its objects are numbered with those around it. Quotes can lie four
//! deep around one another, so there are three documents inside of one at most; where a deeper one
//! begins, or one that other readers take and this one does not, whoever looks is told. What holds no JSON is
//! for `texts`.

use std::ops::Range;
use std::sync::Arc;

use crate::format::inside::may_be_other;
use crate::format::json::run::Text;
use crate::format::json::scan::Scanner;
use crate::format::json::tree::{Expect, Tree};
use crate::format::json::within::{Moved, Nobody};
use crate::format::json::{JsonWalker, begins};
use crate::format::quote::{Decoded, decode};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::place::Places;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};

/// Whether a text may hold a document: what else begins so is told apart with more care.
#[inline(always)]
pub(super) fn may_begin(text: &str) -> bool {
    matches!(text.as_bytes(), [b'{' | b'[' | b'<' | b'"' | b' ' | b'\t' | b'\r' | b'\n', ..] | [0xef, 0xbb, ..])
}

/// The same where lines that say what they hold are documents as well, tables and links.
#[inline(always)]
pub(super) fn may_hold(text: &str) -> bool {
    may_begin(text) || may_be_other(text)
}

/// What a text turns out to be.
enum Proof {
    Json,
    /// JSON for others: too deep, too long, or with halves of characters.
    Sealed,
    Text,
}

impl Tree {
    /// Shows the leaves of a string that holds JSON; `false`, with nothing shown, where it holds none or
    /// nobody wants them.
    #[cold]
    pub(super) fn inside(
        &mut self,
        text: &str,
        raw: &str,
        span: Range<usize>,
        sink: &mut dyn Sink,
    ) -> Result<bool, Refusal> {
        let readable = match self.proof(text) {
            Proof::Text => return self.other(text, raw, span, sink),
            proof => matches!(proof, Proof::Json),
        };
        let inside = span.start + 1..span.end - 1;
        let piece = [Piece { span: inside.clone(), at: 0, quotes: Quotes::one(Quote::Json) }];
        if !sink.opens(&self.leaf(text, &piece, span.clone()), readable)? || !readable {
            return Ok(false);
        }
        let decoded = decoded(raw)?;
        let mut sink = Inner { map: &decoded.map, start: inside.start, end: span.end, sink };
        self.nested(text, &mut sink)?;
        Ok(true)
    }

    /// The same of a string that holds something else than JSON.
    fn other(&mut self, text: &str, raw: &str, span: Range<usize>, sink: &mut dyn Sink) -> Result<bool, Refusal> {
        let Some(texts) = self.texts.take() else { return Ok(false) };
        let shown = decoded(raw).and_then(|decoded| {
            let begin = span.start + 1;
            let piece = [Piece { span: begin..span.end - 1, at: 0, quotes: Quotes::one(Quote::Json) }];
            let map: Vec<usize> = decoded.map.iter().map(|at| begin + *at as usize).collect();
            texts.show(&self.leaf(text, &piece, span), &map, self.objects, sink)
        });
        self.texts = Some(texts);
        let shown = shown?;
        self.objects = shown.unwrap_or(self.objects);
        Ok(shown.is_some())
    }

    /// The leaf that a string is, in one piece.
    fn leaf<'a>(&'a self, text: &'a str, pieces: &'a [Piece], span: Range<usize>) -> Leaf<'a> {
        let stands = self.stands(span);
        Leaf {
            text,
            part: Part::Value,
            pieces,
            names: stands.names,
            above: stands.above,
            places: stands.places,
            reach: stands.reach,
            record: self.record_number(),
            member: stands.member,
            objects: self.around(),
            loosen: &[],
        }
    }

    /// Walks a text as the document that stands where the innermost container's child stands.
    fn nested(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let named = self.in_object();
        if named {
            self.nest.push(&self.key);
        }
        let frames = std::mem::take(&mut self.frames);
        // The records that lie around the string do not end in it.
        let around: Vec<usize> =
            self.open.iter_mut().map(|record| std::mem::replace(&mut record.depth, usize::MAX)).collect();
        self.expect = Expect::Value;
        self.texts.iter_mut().for_each(|texts| texts.layers += 1);
        self.document(text, sink)?;
        self.texts.iter_mut().for_each(|texts| texts.layers -= 1);
        self.open.iter_mut().zip(around).for_each(|(record, depth)| record.depth = depth);
        self.frames = frames;
        if named {
            self.nest.pop();
        }
        Ok(())
    }

    fn document(&mut self, text: &str, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let bytes = text.as_bytes();
        let (mut scanner, mut at) = (Scanner::new(self.value_bytes), 0);
        loop {
            if let Some(base) = scanner.between() {
                at = self.run(&Text::of(bytes, at, base), at, sink)?;
            }
            match scanner.next(bytes, &mut at)? {
                Some(found) => self.take(found, sink)?,
                None => break,
            }
        }
        scanner.pass(bytes);
        if let Some(found) = scanner.finish()? {
            self.take(found, sink)?;
        }
        self.end(bytes.len())
    }

    /// Whether a text is JSON. Leaves cannot be taken back, so all of it is read before one is shown.
    fn proof(&self, text: &str) -> Proof {
        let start = text.strip_prefix('\u{feff}').unwrap_or(text).trim_ascii_start();
        let opens = start.starts_with(['{', '[']);
        let text_in_it = start.starts_with('"') && start.len() > 1;
        if !opens && !text_in_it {
            return Proof::Text;
        }
        let bounds = Bounds { depth: self.depth, value_bytes: self.value_bytes, ..Bounds::default() };
        let mut walker = JsonWalker::new(Arc::new(Places::default()), &bounds);
        match walker.write(text.as_bytes(), &mut Nobody).and_then(|()| walker.end(&mut Nobody)) {
            Ok(()) => Proof::Json,
            Err(refusal) => {
                let sealed = begins(start.as_bytes()) && (refusal.reason == Reason::Bound || has_halves(text));
                if sealed { Proof::Sealed } else { Proof::Text }
            }
        }
    }
}

/// Whether an escape stands for half a character: some readers take it, no text can hold it.
fn has_halves(text: &str) -> bool {
    let escapes = text.match_indices("\\u").filter_map(|(at, _)| text.get(at + 2..at + 4));
    escapes.into_iter().any(|two| matches!(two.as_bytes(), [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F']))
}

/// Translates leaves of the inner document into those of the outer.
struct Inner<'a> {
    map: &'a [u32],
    start: usize,
    /// Where the string ends.
    end: usize,
    sink: &'a mut dyn Sink,
}

impl Inner<'_> {
    fn raw_of(&self, at: usize) -> usize {
        self.map.get(at).map_or(self.end - 1, |raw| self.start + *raw as usize)
    }
}

impl Inner<'_> {
    fn moved<'l>(&self, leaf: &'l Leaf<'l>) -> Result<Moved<'l>, Refusal> {
        Moved::new(leaf, &|at| self.raw_of(at), &[Quote::Json]).ok_or_else(too_deep)
    }
}

impl Sink for Inner<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let moved = self.moved(leaf)?;
        self.sink.leaf(&moved.leaf())
    }

    fn record(&mut self, record: u32, _: usize) -> Result<(), Refusal> {
        // A string leaves whole.
        self.sink.record(record, self.end)
    }

    fn settled(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        let moved = self.moved(leaf)?;
        let room = moved.has_room();
        Ok(self.sink.opens(&moved.leaf(), readable && room)? && room)
    }
}

fn decoded(raw: &str) -> Result<Decoded, Refusal> {
    decode(Quotes::one(Quote::Json), raw).map_err(|_| Refusal::new(Reason::Internal, "a string was read in two ways"))
}

fn too_deep() -> Refusal {
    Refusal::new(Reason::Bound, "JSON in strings is nested deeper than it can be written")
}
