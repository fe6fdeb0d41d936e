//! Veiled values go home: what staff's write holds of veils that it was given there becomes the original
//! again, and what only looks like one goes nowhere.
//!
//! Nothing is remembered. The record is read once more and judged by the guard that judges its answers to
//! this staff; its bytes before and behind that are what was issued, as `json` and
//! `controls` compare it with the write.
//! Whatever looks like a veil is a doubt until the comparison has settled just that leaf, so a case that
//! nobody thought of is refused.

mod contact;
mod controls;
mod forgotten;
mod json;
mod lists;
mod recalled;
mod sealed;
mod seen;
mod shown;
mod table;
mod told;
mod tree;
mod whereabouts;
mod who;
mod within;

use std::fmt;
use std::ops::Range;

pub use self::contact::Touch;
pub use self::controls::{IssuedForm, Page, Sent};
pub use self::forgotten::{Forgotten, by_another};
pub use self::json::Issued;
pub use self::lists::IDS;
pub use self::recalled::{Memory, NOWHERE, Recalled, Recollection, Sent as Call, recalled};
pub use self::sealed::{Lead, SealedForm, is_good, may_need_a_seal};
pub use self::seen::{Field, KEPT, Kept, Seen, Whose, seen};
use self::shown::Shown;
pub use self::shown::{Likenesses, spelt};
pub use self::whereabouts::whereabouts;
pub use self::who::{Ids, names_a_record, spelt_alike};
pub use self::within::is_shown_again;
use crate::guard::leaves;
use crate::guard::nothing::Hollow;
use crate::policy::plan::{Decision, Meaning, Plan};
use crate::terms::action::{Action, Token};
use crate::terms::disclosure::Counts;
use crate::terms::kind::KindId;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::place::Place;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// The word in a record for what went home.
const RESTORED: &str = "restore";

/// How many doubts one write may hold.
pub(super) const DOUBTS: usize = 10_000;

/// A leaf of a write that goes nowhere unless it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where it stands.
    pub span: Range<usize>,
    /// The kind that its place gives it.
    pub kind: Option<KindId>,
    /// What is the matter.
    pub why: Why,
    /// What it says, in one spelling, where it may hold a token that looks like a value.
    pub said: Secret,
    /// What staff calls it, where that can be nothing but a name.
    pub name: Option<Secret>,
}

/// What is the matter with a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It looks like a veil.
    Veil,
    /// A value is found in it of which staff gets tokens that look like values.
    Token,
    /// Nothing speaks for such a token but that letters and digits may be one.
    Text,
    /// It is of a kind that staff may not change.
    ReadOnly,
}

impl Doubt {
    /// That staff may not change what stands there.
    pub(super) fn locked(span: Range<usize>, kind: Option<KindId>) -> Doubt {
        Doubt { span, kind, why: Why::ReadOnly, said: Secret(String::new()), name: None }
    }

    /// That a veil stands there.
    pub(super) fn veil(span: Range<usize>, kind: Option<KindId>) -> Doubt {
        Doubt { span, kind, why: Why::Veil, said: Secret(String::new()), name: None }
    }

    /// Whether this is what is the matter with the field of this number.
    fn is_of(&self, number: usize, why: Why) -> bool {
        self.span.start == number && self.why == why
    }

    /// Whether it may be a token that looks like a value, and nothing else speaks against it.
    fn is_token(&self) -> bool {
        matches!(self.why, Why::Token | Why::Text)
    }

    /// Says that the write cannot go on, and to staff in which field.
    pub fn refuse(&self, plan: &Plan) -> Refusal {
        Refusal { field: self.name.clone(), ..self.reason(plan) }
    }

    fn reason(&self, plan: &Plan) -> Refusal {
        let what = match self.kind {
            Some(kind) => format!("the field of kind `{}`", plan.kinds.get(kind).name),
            None => "a field".to_owned(),
        };
        match self.why {
            Why::Veil => {
                let note = format!("{what} holds a veil where the value belongs; nothing was saved");
                Refusal::new(Reason::Veil, note)
            }
            Why::Token | Why::Text => {
                let note = format!("{what} holds what may be a token that looks like a value; nothing was saved");
                Refusal::new(Reason::Veil, note)
            }
            Why::ReadOnly => Refusal::new(Reason::Rule, format!("{what} is read-only; nothing was saved")),
        }
    }
}

/// What a write says that has to be compared with the record.
#[derive(Debug, Clone, Default)]
pub struct Doubts {
    /// Its leaves in doubt.
    pub leaves: Vec<Doubt>,
    /// What it is whole of.
    pub scope: Scope,
    /// Whether only the page tells of a control that staff may not change it.
    pub controls: bool,
    /// Whether it may empty what holds a field that staff may not change.
    pub empties: bool,
    /// Whether nothing stands in it where a value may have been that no field names: a number that is veiled is
    /// `null`.
    pub nulls: bool,
    /// Whether it changes a record that is there, so that with such a `null` it goes on only if it was compared.
    pub changes: bool,
    /// Where it says how somebody is reached: in doubt is nothing of that.
    pub contacts: Vec<Touch>,
}

/// What a document that replaces another replaces of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Nothing that a rule takes out of answers.
    #[default]
    Nothing,
    /// What lies in objects and lists below the document's own: many servers take those whole.
    Below,
    /// All of it.
    All,
}

impl Doubts {
    /// Whether there is nothing to compare.
    pub fn is_empty(&self) -> bool {
        self.is_light() && !self.nulls && self.leaves.is_empty()
    }

    /// Whether it may go on where it cannot be compared: at most it holds nothing where something may have been.
    pub fn may_go_on(&self) -> bool {
        self.is_light() && !((self.nulls || !self.leaves.is_empty()) && self.changes)
    }

    /// Whether something in it speaks against a leaf.
    pub fn has_certain(&self) -> bool {
        self.certain().next().is_some()
    }

    /// The leaves against which something speaks beside what staff may have seen elsewhere.
    pub fn certain(&self) -> impl Iterator<Item = &Doubt> {
        self.leaves.iter().filter(|doubt| doubt.why != Why::Text)
    }

    /// Whether a leaf may hold a token that looks like a value.
    pub fn has_tokens(&self) -> bool {
        self.leaves.iter().any(|doubt| doubt.is_token())
    }

    /// Whether all that speaks against it are tokens, which a record that is not there never showed.
    pub fn has_tokens_alone(&self) -> bool {
        self.leaves.iter().all(Doubt::is_token)
    }

    fn is_light(&self) -> bool {
        !self.has_certain() && self.scope == Scope::Nothing && !self.controls
    }

    /// What is left of it where the resource does not say that veils go home: only whether a `null` stands in the
    /// place of a number is looked at, and whether something is a token that looks like a value.
    pub fn of_nothing_else(&self) -> Doubts {
        let leaves = self.leaves.iter().filter(|doubt| doubt.is_token()).cloned().collect();
        Doubts { leaves, nulls: self.nulls, changes: self.changes, ..Doubts::default() }
    }

    /// Whether the comparison may change the write: that it does must not show in what is refused.
    pub fn may_change(&self, plan: &Plan) -> bool {
        let is_veil = |doubt: &Doubt| doubt.why != Why::ReadOnly;
        self.nulls || self.leaves.iter().any(is_veil) || (self.scope != Scope::Nothing && removes_a_field(plan))
    }

    /// Says that the write cannot go on, since it cannot be compared.
    pub fn refuse(&self, plan: &Plan) -> Refusal {
        match self.certain().next().or(self.leaves.first()) {
            Some(doubt) => doubt.refuse(plan),
            None if self.scope == Scope::Nothing => hollow(),
            None => Refusal::new(
                Reason::Veil,
                "the body replaces what a rule takes out of answers, and that cannot be put back; nothing was saved",
            ),
        }
    }
}

/// Every text and number of a value.
fn scalars(value: &serde_json::Value, all: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => all.push(text.clone()),
        serde_json::Value::Number(number) => all.push(number.to_string()),
        serde_json::Value::Array(items) => items.iter().for_each(|item| scalars(item, all)),
        serde_json::Value::Object(members) => members.values().for_each(|member| scalars(member, all)),
        serde_json::Value::Bool(_) | serde_json::Value::Null => {}
    }
}

impl Doubts {
    /// What becomes of a write that is not compared with the record: a veil in it is refused, and whatever
    /// stands in a field that is read-only.
    pub fn refuse_alone(&self, plan: &Plan) -> Result<(), Refusal> {
        match self.scope {
            _ if self.leaves.iter().any(|doubt| !doubt.is_token()) => Err(self.refuse(plan)),
            Scope::All if locks_a_field(plan) => Err(replaces_locked()),
            _ => Ok(()),
        }
    }
}

/// Whether staff may not change values of a kind.
pub(super) fn is_locked(plan: &Plan, kind: KindId) -> bool {
    plan.every(kind).any(|own| own.readonly)
}

/// Whether a form has to be compared with its page whatever it holds: a selector knows a field there whose veil looks
/// like any value, or that staff may not change, and a control's name does not tell it.
pub fn minds_controls(plan: &Plan) -> bool {
    blind_fields(plan).any(|(_, place)| matches!(place, Place::Css(_)))
}

/// Says that a form cannot go on that could not be compared: nothing but its page tells of such a field.
pub fn refuse_unread(plan: &Plan) -> Result<(), Refusal> {
    let named = |kind: KindId| blind_fields(plan).any(|(own, place)| own == kind && matches!(place, Place::Name(_)));
    let unseen = |(kind, place): &(KindId, &Place)| matches!(place, Place::Css(_)) && !named(*kind);
    match blind_fields(plan).find(unseen) {
        None => Ok(()),
        Some((kind, _)) => {
            let why = if is_locked(plan, kind) { Reason::Rule } else { Reason::Veil };
            let name = &plan.kinds.get(kind).name;
            let note =
                format!("a field of kind `{name}` may stand in the form, which cannot be compared; nothing was saved");
            Err(Refusal::new(why, note))
        }
    }
}

fn blind_fields(plan: &Plan) -> impl Iterator<Item = (KindId, &Place)> {
    let looks_like_any = |action: Action| {
        matches!(action, Action::Remove | Action::Generalize(_) | Action::Tokenize(Token::Format { .. }))
    };
    let is_blind = move |kind: KindId| plan.every(kind).any(|own| own.readonly || looks_like_any(own.action));
    let fields = plan.targets.iter().filter_map(|target| Some((target.meaning.kind()?, &target.place)));
    fields.filter(move |(kind, _)| is_blind(*kind))
}

/// Says that nothing stands where a value was veiled, and that it cannot be put back.
pub(super) fn hollow() -> Refusal {
    Refusal::new(
        Reason::Veil,
        "nothing stands where a number may have been veiled, and that cannot be put back; nothing was saved",
    )
}

/// Says that nobody can tell what a write leaves of a field that staff may not change.
pub fn replaces_locked() -> Refusal {
    Refusal::new(Reason::Rule, "the body replaces a field that is read-only; nothing was saved")
}

/// Whether a member that is missing in a write has to be compared: a rule takes one out of answers that a
/// field names, so that a tool cannot send it back, or forbids staff to take it out.
pub(super) fn minds_what_is_missing(plan: &Plan) -> bool {
    removes_a_field(plan) || locks_a_field(plan)
}

/// Whether a rule may take something out of answers so that nothing stands there, be it a field or what a label or a
/// detector finds.
pub fn takes_out(plan: &Plan) -> bool {
    Hollow::of(plan).blanks
}

/// Whether a rule takes a field out of answers.
pub(super) fn removes_a_field(plan: &Plan) -> bool {
    has_a_field(plan, |own| own.action == Action::Remove)
}

/// Whether a rule forbids staff to change a field.
pub(super) fn locks_a_field(plan: &Plan) -> bool {
    has_a_field(plan, |own| own.readonly)
}

fn has_a_field(plan: &Plan, is: impl Fn(&Decision) -> bool) -> bool {
    let any = |kind: KindId| plan.every(kind).any(&is);
    plan.targets.iter().any(|target| matches!(target.meaning, Meaning::Field { kind, .. } if any(kind)))
}

/// What goes into a write in the place of a veil.
#[derive(Clone, PartialEq, Eq)]
pub struct Fill {
    /// Bytes of the write.
    pub span: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// It is an original, so only its length is shown.
impl fmt::Debug for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fill({:?}, {} bytes)", self.span, self.text.len())
    }
}

/// What makes a write whole again.
#[derive(Default)]
pub struct Home {
    /// In the order of the write, and none overlaps another.
    pub fills: Vec<Fill>,
    /// How many values of which kind.
    pub counts: Counts,
    /// What of the write is what it was, in its order.
    pub kept: Vec<Range<usize>>,
    /// Texts of staff's own among whose words tokens went home, in the write: they must be shown so again.
    pub among: Vec<Range<usize>>,
    /// Fields that a form lacks and that it was given, with what they held.
    pub lost: Vec<(String, Secret)>,
    /// Values that are written in another way than they read.
    texts: Vec<String>,
}

/// Values are shown by their number.
impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Home({:?}, {} texts)", self.fills, self.texts.len())
    }
}

impl Home {
    /// Whether anything goes home.
    pub fn is_empty(&self) -> bool {
        self.fills.is_empty() && self.lost.is_empty()
    }

    /// The values that go home, as they read.
    pub fn values(&self) -> Vec<String> {
        let mut all = self.texts.clone();
        all.extend(self.lost.iter().map(|(_, value)| value.0.clone()));
        for fill in &self.fills {
            let text = fill.text.trim_start_matches(',');
            // A member that is put back, a value of JSON, or what stands in a form.
            let parsed = serde_json::from_str(&format!("{{{text}}}")).or_else(|_| serde_json::from_str(text));
            match parsed {
                Ok(value) => scalars(&value, &mut all),
                Err(_) => all.push(fill.text.clone()),
            }
        }
        all.retain(|value| !value.trim().is_empty());
        all
    }

    /// The write as it goes on; nothing where a fill lies outside of it or over another.
    pub fn filled(&self, written: &[u8]) -> Option<Vec<u8>> {
        let mut all = Vec::with_capacity(written.len());
        let mut at = 0;
        for fill in &self.fills {
            all.extend_from_slice(written.get(at..fill.span.start)?);
            all.extend_from_slice(fill.text.as_bytes());
            at = fill.span.end;
        }
        all.extend_from_slice(written.get(at..)?);
        Some(all)
    }
}

/// What each leaf of a document is.
pub struct Kinds<'a> {
    plan: &'a Plan,
    found: Vec<(Range<usize>, KindId)>,
}

impl<'a> Kinds<'a> {
    /// Before the first leaf.
    pub fn new(plan: &'a Plan) -> Kinds<'a> {
        Kinds { plan, found: Vec::new() }
    }

    /// All of them, in the order of the document.
    pub fn found(mut self) -> Vec<(Range<usize>, KindId)> {
        self.found.sort_by_key(|(span, _)| span.start);
        self.found
    }
}

impl Sink for Kinds<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if leaf.part != Part::Key
            && let Some(known) = leaves::known(self.plan, leaf)
        {
            self.found.push((span(leaf), known.kind));
        }
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Where a leaf stands, from its first run to its last.
pub(super) fn span(leaf: &Leaf<'_>) -> Range<usize> {
    let start = leaf.pieces.first().map_or(0, |piece| piece.span.start);
    let end = leaf.pieces.last().map_or(0, |piece| piece.span.end);
    start..end.max(start)
}

/// What is settled of a write while it is compared.
#[derive(Default)]
struct Settled {
    /// Went home, or is what it was.
    kept: Vec<Range<usize>>,
    /// Staff's own, whatever it looks like.
    own: Vec<Range<usize>>,
    /// Kept, but not what it was: another of the choices that staff was given.
    moved: Vec<Range<usize>>,
    /// The tokens that look like values and that the record shows; nothing where that is not known.
    shown: Option<Shown>,
    home: Home,
}

impl Settled {
    /// Nothing is left in doubt, or the write goes nowhere.
    fn finish(self, plan: &Plan, doubts: &[Doubt]) -> Result<Home, Refusal> {
        self.finish_or(doubts, &|doubt| doubt.refuse(plan))
    }

    /// The same; `refuse` says what is left in doubt.
    fn finish_or(mut self, doubts: &[Doubt], refuse: &dyn Fn(&Doubt) -> Refusal) -> Result<Home, Refusal> {
        self.kept.sort_by_key(|span| span.start);
        self.own.sort_by_key(|span| span.start);
        self.moved.sort_by_key(|span| span.start);
        let shows = |doubt: &Doubt| self.shown.as_ref().is_none_or(|shown| shown.stands_in(&doubt.said));
        let open = |doubt: &&Doubt| match doubt.why {
            // Staff's own words may be any value, but nothing that this record shows in the place of another.
            Why::Token | Why::Text => !holds(&self.kept, &doubt.span) && shows(doubt),
            Why::Veil => !holds(&self.own, &doubt.span) && !holds(&self.kept, &doubt.span),
            Why::ReadOnly => holds(&self.moved, &doubt.span) || !holds(&self.kept, &doubt.span),
        };
        if let Some(doubt) = doubts.iter().find(open) {
            return Err(refuse(doubt));
        }
        self.home.fills.sort_by_key(|fill| fill.span.start);
        let is_left = |span: &Range<usize>| !self.moved.contains(span);
        self.home.kept = self.kept.into_iter().filter(is_left).collect();
        Ok(self.home)
    }
}

/// Whether one of these spans, which do not overlap, holds another.
fn holds(spans: &[Range<usize>], inner: &Range<usize>) -> bool {
    let before = spans.partition_point(|span| span.start <= inner.start);
    before.checked_sub(1).is_some_and(|at| spans[at].end >= inner.end)
}
