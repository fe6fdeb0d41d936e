//! What comes from a CRM that holds tokens: each becomes the value that it stands for, before anything is decided.
//!
//! What was turned back is of the token's own kind, wherever it stands: whoever can write into the CRM may copy a
//! token to a place that staff sees, and must not have it shown there. So the guard of the answer is told. A text
//! that only looks like a token of the store is nobody's value: nothing is shown of it.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use crate::detect::Found;
use crate::guard::leaves;
use crate::guard::stored::{before, no_vault, trimmed};
use crate::policy::plan::Plan;
use crate::terms::action::Token;
use crate::terms::edit::{Change, Document, Edit, Guard, Patch, Verdict};
use crate::terms::kind::{KindId, Kinds};
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::mint::{Domain, Mint, STORED};
use crate::terms::refusal::Refusal;
use crate::transform::FULL;

/// What every token begins with.
const TOKEN: &str = "tok_";

/// A shorter body tells nothing of anything, and may be a word of the application's own.
const BODY_MIN: usize = 26;

/// What speaks for a value that was turned back.
pub(super) const EVIDENCE: &str = "held as a token";

/// Values that were turned back, by the whole text of the leaf in which each stands now.
#[derive(Default)]
pub struct Turned {
    texts: HashMap<String, Vec<(Range<usize>, KindId)>>,
    /// The same of texts that came earlier.
    before: HashMap<String, Vec<(Range<usize>, KindId)>>,
    bytes: usize,
    /// Kinds of which something stood there that does not open.
    pub lost: BTreeSet<KindId>,
    /// How many did not.
    pub lost_count: u32,
}

impl Turned {
    /// Whether nothing was turned back.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.before.is_empty() && self.lost.is_empty()
    }

    fn note(&mut self, text: String, values: Vec<(Range<usize>, KindId)>) {
        self.bytes += text.len();
        self.texts.insert(text, values);
    }

    /// Takes what more was turned back. Of a long answer what came long before is forgotten: `held` bytes of it may
    /// still wait.
    pub fn add(&mut self, more: Turned, held: usize) {
        if self.bytes > held.saturating_mul(2) {
            self.before = std::mem::take(&mut self.texts);
            self.bytes = 0;
        }
        self.bytes += more.bytes;
        self.texts.extend(more.texts);
        self.lost.extend(more.lost);
        self.lost_count += more.lost_count;
    }

    /// How many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        2 * self.bytes
    }

    /// Adds to what was found in a text the values that were turned back in it.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Found>) {
        let Some(values) = self.texts.get(text).or_else(|| self.before.get(text)) else { return };
        // What a detector takes the same for, it is known to be.
        found.retain(|other| !values.iter().any(|(range, kind)| *range == other.range && *kind == other.kind));
        found.extend(values.iter().map(|(range, kind)| Found {
            range: range.clone(),
            kind: *kind,
            certain: true,
            evidence: EVIDENCE,
        }));
    }
}

/// Turns tokens back in what the CRM says.
pub struct Outward {
    plan: Arc<Plan>,
    kinds: Arc<Kinds>,
    /// Whether some tokens look like values: what stands at the place of such a kind may be one.
    looks_like: bool,
    mint: Arc<dyn Mint>,
    document: Document,
    edits: Vec<Edit>,
    settled: usize,
    turned: Turned,
}

impl Outward {
    /// For one answer.
    pub fn new(plan: &Arc<Plan>, mint: &Arc<dyn Mint>) -> Outward {
        Outward {
            plan: Arc::clone(plan),
            kinds: Arc::clone(&plan.kinds),
            looks_like: plan.store.tokens.values().any(|token| matches!(token, Token::Format { .. })),
            mint: Arc::clone(mint),
            document: Document::Body,
            edits: Vec::new(),
            settled: 0,
            turned: Turned::default(),
        }
    }

    /// Takes the leaves that `show` shows as those of the answer's header of this number.
    pub fn header(
        &mut self,
        number: usize,
        show: impl FnOnce(&mut dyn Sink) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        self.document = Document::Header(number);
        let shown = show(self);
        self.document = Document::Body;
        shown
    }

    /// What was turned back since it was asked for last.
    pub fn turned(&mut self) -> Turned {
        std::mem::take(&mut self.turned)
    }

    /// The tokens in a text, and what stands there instead.
    fn patches(&mut self, text: &str) -> Vec<(Patch, Option<KindId>)> {
        let lower = text.to_ascii_lowercase();
        let mut patches: Vec<(Patch, Option<KindId>)> = Vec::new();
        for at in memmem::find_iter(lower.as_bytes(), TOKEN) {
            let free = patches.last().is_none_or(|(last, _)| last.range.end <= at);
            if let Some((end, kind)) = self.token(&lower[at..]).filter(|_| free) {
                let range = at..at + end;
                let name = self.kinds.get(kind).name.clone();
                match self.mint.opened(&lower[range.clone()]) {
                    Some(opened) if opened.domain != Domain::Shared(STORED.to_owned()) => {}
                    Some(opened) if opened.kind == name => {
                        patches.push((Patch { range, text: opened.value.0 }, Some(kind)));
                    }
                    _ => {
                        self.turned.lost.insert(kind);
                        self.turned.lost_count += 1;
                        patches.push((Patch { range, text: FULL.to_owned() }, None));
                    }
                }
            }
        }
        patches
    }

    /// The value for which a whole text stands that looks like one, at the place of a kind that the CRM holds so.
    fn whole(&self, leaf: &Leaf<'_>) -> Result<Option<(Patch, Option<KindId>)>, Refusal> {
        let range = trimmed(leaf.text);
        if !self.looks_like || range.is_empty() {
            return Ok(None);
        }
        let is_such = |kind: &&KindId| matches!(self.plan.store.tokens.get(kind), Some(Token::Format { .. }));
        let every = leaves::every_kind(&self.plan, leaf).kinds;
        // As it was written: of several kinds the first in the order of all.
        let kind = every.iter().filter(|kind| self.plan.store.holds(**kind)).min().filter(is_such);
        let Some(kind) = kind.copied() else { return Ok(None) };
        // Were it shown as it is, staff would save it in the place of the value.
        let value = self.mint.issued(self.kinds.get(kind), &leaf.text[range.clone()]).map_err(|_| no_vault())?;
        Ok(value.map(|value| (Patch { range, text: value.0 }, Some(kind))))
    }

    /// Where the token at the front of a text ends, and of which kind it says to be.
    fn token(&self, text: &str) -> Option<(usize, KindId)> {
        let rest = text.strip_prefix(TOKEN)?;
        let of = |(id, kind): (KindId, &crate::terms::kind::Kind)| {
            let body = rest.strip_prefix(kind.name.as_str())?.strip_prefix('_')?;
            let length = body.bytes().take_while(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')).count();
            (length >= BODY_MIN).then_some((TOKEN.len() + kind.name.len() + 1 + length, id))
        };
        self.kinds.iter().filter_map(of).max_by_key(|(end, _)| *end)
    }
}

impl Sink for Outward {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let may = |text: &str| text.contains(TOKEN) || text.contains("TOK_") || text.contains("Tok_");
        if leaf.pieces.is_empty() || leaf.part == Part::Style {
            return Ok(());
        }
        let mut patches = if may(leaf.text) { self.patches(leaf.text) } else { Vec::new() };
        if patches.is_empty() {
            patches.extend(self.whole(leaf)?);
        }
        if patches.is_empty() {
            return Ok(());
        }
        let (mut text, mut values, mut at) = (String::new(), Vec::new(), 0);
        for (patch, kind) in &patches {
            text.push_str(&leaf.text[at..patch.range.start]);
            let start = text.len();
            text.push_str(&patch.text);
            values.extend(kind.map(|kind| (start..text.len(), kind)));
            at = patch.range.end;
        }
        text.push_str(&leaf.text[at..]);
        self.turned.note(text, values);
        self.edits.push(Edit {
            document: self.document,
            pieces: leaf.pieces.to_vec(),
            change: Change::Replace(patches.into_iter().map(|(patch, _)| patch).collect()),
            loosen: Vec::new(),
        });
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, upto: usize) -> Result<(), Refusal> {
        self.settled = self.settled.max(upto);
        Ok(())
    }

    fn opens(&mut self, _leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        Ok(readable)
    }
}

impl Guard for Outward {
    fn ready(&self, _near: usize) -> usize {
        self.settled
    }

    fn finish(&mut self) -> Result<Verdict, Refusal> {
        Ok(Verdict { edits: std::mem::take(&mut self.edits), ..Verdict::default() })
    }

    fn release(&mut self, upto: usize) -> Result<Verdict, Refusal> {
        Ok(Verdict { edits: before(&mut self.edits, upto), ..Verdict::default() })
    }
}
