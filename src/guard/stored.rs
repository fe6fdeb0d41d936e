//! What goes on to a CRM that holds tokens: each value of a kind that it holds so becomes its token.
//!
//! Which kind a value is of hangs on its place alone and never on who saves it, so that one value has one token: of
//! several kinds that a place may mean the first in the order of all kinds counts. What stands here has been
//! judged: veils have gone home, and whatever looks like one is refused once more.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::guard::leaves;
use crate::guard::query::{Question, Stored};
use crate::policy::plan::Plan;
use crate::terms::action::{Action, Token};
use crate::terms::edit::{Change, Document, Edit, Guard, Patch, Verdict};
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::mint::{Domain, Mint, MintError, Opened, STORED};
use crate::terms::names::Names;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::transform::{self, Context, FULL, Today};

/// What of a request becomes tokens.
pub enum What<'a> {
    /// The values that stand at places of kinds that the CRM holds so.
    Written,
    /// None: what stands at those places is noted as it is.
    Seen,
    /// Those that stand there and are no such token yet.
    Renewed,
    /// The same, and nothing is noted of it anywhere.
    Tried,
    /// The values that are looked for.
    Sought(&'a BTreeSet<(KindId, Secret)>),
    /// The same, by tokens that look like nothing else: by them it shows whether more is asked.
    Proven(&'a BTreeSet<(KindId, Secret)>),
}

/// What stands where the CRM holds tokens of a kind, or is to stand there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The kind.
    pub kind: KindId,
    /// A token, or a value that is none yet.
    pub text: Secret,
}

/// Puts tokens in the place of values in what staff sends.
pub struct Inward<'a> {
    stored: Stored<'a>,
    mint: &'a dyn Mint,
    what: What<'a>,
    edits: Vec<Edit>,
    settled: usize,
    /// How many values have become tokens.
    pub tokens: usize,
    /// What stands there now, place by place.
    pub standing: Vec<Standing>,
}

impl<'a> Inward<'a> {
    /// For one body, or for the query of an address.
    pub fn new(plan: &'a Plan, mint: &'a dyn Mint, what: What<'a>) -> Inward<'a> {
        let stored = Stored { plan, store: &plan.store };
        Inward { stored, mint, what, edits: Vec::new(), settled: 0, tokens: 0, standing: Vec::new() }
    }

    /// The kind of which a value goes on as a token.
    fn kind(&self, leaf: &Leaf<'_>) -> Result<Option<KindId>, Refusal> {
        match self.what {
            What::Written | What::Seen | What::Renewed | What::Tried => self.written(leaf),
            What::Sought(_) | What::Proven(_) if leaf.part != Part::Value => Ok(None),
            What::Sought(sought) | What::Proven(sought) => match self.stored.kinds_of(sought, leaf.text)[..] {
                [] => Ok(None),
                [kind] => Ok(Some(kind)),
                _ => Err(asks_two()),
            },
        }
    }

    fn written(&self, leaf: &Leaf<'_>) -> Result<Option<KindId>, Refusal> {
        let Stored { plan, store } = self.stored;
        if !matches!(leaf.part, Part::Value | Part::Number | Part::Boolean | Part::Attribute | Part::Script) {
            return Ok(None);
        }
        let mut found = leaves::every_kind(plan, leaf);
        if found.kinds.is_empty() && leaf.part == Part::Value {
            let parts = leaf.names.first().filter(|name| name.contains(['[', '.'])).into_iter();
            for part in parts.flat_map(|name| name.split(['[', ']', '.'])).filter(|part| !part.is_empty()) {
                let named = Leaf { names: Names::one(part), ..Leaf::bare(leaf.text, leaf.part, leaf.pieces) };
                found.kinds.extend(leaves::every_kind(plan, &named).kinds);
            }
        }
        let kind = found.kinds.iter().copied().filter(|kind| store.holds(*kind)).min();
        match kind {
            Some(kind) if found.is_told => {
                let name = &plan.kinds.get(kind).name;
                let note = format!("a value that another one says to be `{name}` cannot be made a token yet");
                Err(Refusal::new(Reason::Rule, note))
            }
            kind => Ok(kind),
        }
    }

    /// The value for which a token of the store stands.
    fn held(&self, kind: KindId, text: &str) -> Result<Option<Secret>, Refusal> {
        let kinds = &self.stored.plan.kinds;
        if matches!(self.stored.store.tokens.get(&kind), Some(Token::Format { .. })) {
            return self.mint.issued(kinds.get(kind), text).map_err(|_| no_vault());
        }
        let is_own = |own: &Opened| own.kind == kinds.get(kind).name && own.domain == Domain::Shared(STORED.to_owned());
        Ok(self.mint.opened(text).filter(is_own).map(|opened| opened.value))
    }

    fn token(&self, kind: KindId, leaf: &Leaf<'_>, value: &str) -> Result<String, Refusal> {
        let Stored { plan, store } = self.stored;
        let name = &plan.kinds.get(kind).name;
        let proves = matches!(self.what, What::Proven(_));
        let token = store.tokens.get(&kind).copied().filter(|_| !proves).unwrap_or(Token::Opaque);
        let number = matches!(leaf.part, Part::Number | Part::Boolean);
        if number && (token == Token::Opaque || leaf.part == Part::Boolean) {
            let note = format!("the crm holds `{name}` as a token, which is a text: send the value as one");
            return Err(Refusal::new(Reason::Rule, note));
        }
        // What could not be turned back, and whatever else is no value, would be lost behind a token.
        if value == FULL || transform::holds_token(value) {
            return Err(Refusal::new(Reason::Veil, format!("what stands in the place of `{name}` is no value")));
        }
        let domain = Domain::Shared(STORED.to_owned());
        // Tokens hang on no day.
        let context = Context { today: NO_DAY, domain: Some(&domain), mint: self.mint, number };
        let made = transform::veil(value, Action::Tokenize(token), plan.kinds.get(kind), &context);
        let made = made.map_err(|error| match error {
            MintError::TooLong => does_not_fit(name),
            MintError::Away => Refusal::new(Reason::Keys, "the key ring is not there"),
            MintError::Vault => no_vault(),
        })?;
        let fits = proves || store.max.get(&kind).is_none_or(|max| made.chars().count() <= *max);
        if made == FULL || !fits {
            return Err(does_not_fit(name));
        }
        if matches!(token, Token::Format { .. }) && matches!(self.what, What::Written | What::Renewed) {
            let noted = self.mint.issue(plan.kinds.get(kind), &made, value);
            let noted = noted.map_err(|_| no_vault())?;
            if !noted {
                let note =
                    format!("another value of `{name}` has the same token, which could be turned back to one alone");
                return Err(Refusal::new(Reason::Rule, note));
            }
        }
        Ok(made)
    }
}

const NO_DAY: Today = Today { year: 1970, month: 1, day: 1 };

impl Sink for Inward<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        let range = trimmed(leaf.text);
        if range.is_empty() || leaf.pieces.is_empty() {
            return Ok(());
        }
        let Some(kind) = self.kind(leaf)? else { return Ok(()) };
        let value = &leaf.text[range.clone()];
        if matches!(self.what, What::Seen) {
            self.standing.push(Standing { kind, text: Secret(value.to_owned()) });
            return Ok(());
        }
        let held = if matches!(self.what, What::Renewed | What::Tried) { self.held(kind, value)? } else { None };
        let text = self.token(kind, leaf, held.as_ref().map_or(value, |held| &held.0))?;
        self.standing.push(Standing { kind, text: Secret(text.clone()) });
        if held.is_some() && text == value {
            return Ok(());
        }
        self.tokens += 1;
        self.edits.push(Edit {
            document: Document::Body,
            pieces: leaf.pieces.to_vec(),
            change: Change::Replace(vec![Patch { range, text }]),
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

    fn opens(&mut self, leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        // A document that is a value is a value.
        Ok(readable && self.kind(leaf)?.is_none())
    }
}

impl Guard for Inward<'_> {
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

/// Takes the edits of leaves that begin before there.
pub(super) fn before(edits: &mut Vec<Edit>, upto: usize) -> Vec<Edit> {
    let begins = |edit: &Edit| edit.pieces.iter().map(|piece| piece.span.start).min().unwrap_or_default();
    let (now, later) = std::mem::take(edits).into_iter().partition(|edit| begins(edit) < upto);
    *edits = later;
    now
}

/// What of a question that was made one of tokens still asks for a value in clear.
pub fn is_all_tokens(stored: Stored<'_>, question: Question<'_>) -> Result<(), Refusal> {
    match stored.sought(question)?.first() {
        None => Ok(()),
        Some((kind, _)) => {
            let note =
                format!("the crm holds `{}` as a token, and cannot be asked so", stored.plan.kinds.get(*kind).name);
            Err(Refusal::new(Reason::Query, note))
        }
    }
}

fn asks_two() -> Refusal {
    Refusal::new(Reason::Query, "one value is looked for in two kinds that the crm holds as tokens")
}

/// Nobody knows for which value a token stands, or could stand.
pub(super) fn no_vault() -> Refusal {
    Refusal::new(Reason::Keys, "the vault cannot be read, or takes no more")
}

fn does_not_fit(kind: &str) -> Refusal {
    Refusal::new(Reason::Rule, format!("the value of `{kind}` has no token, or a longer one than the crm takes"))
}

/// The bytes of a text without the blanks around it.
pub(super) fn trimmed(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_start().len();
    let end = text.trim_end().len();
    start.min(end)..end
}
