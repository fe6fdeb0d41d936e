//! What staff writes: nothing that looks like a veil may reach the CRM, where it would stand in the
//! place of the value that it hides. What does is in doubt, until `restore` has compared it.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::guard::nothing::Hollow;
use crate::guard::restore::{self, DOUBTS, Doubt, Doubts, Likenesses, Scope, Touch, Why};
use crate::guard::{enclosed, leaves, query, returned};
use crate::policy::plan::Plan;
use crate::terms::kind::{self, Category, KindId};
use crate::terms::label;
use crate::terms::leaf::{Leaf, Part, Sink};
use crate::terms::names::Names;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// Words in the name of a field whose values may be any characters at all.
const PASSWORDS: &[&str] = &["pass", "passwd", "password", "passphrase", "passcode", "pwd", "パスワード", "暗証"];

/// How long the name of a field may be that staff is told again, and how many digits it may hold.
const NAME_CHARS: usize = 64;
const NAME_DIGITS: usize = 5;

/// How many values of veiled kinds are kept apart: more than any limit allows.
const TYPED: usize = 10_001;

/// The guard of one request.
pub struct Inbound<'a> {
    plan: &'a Plan,
    /// Parameters of a form, for questions about hidden data and for the subject.
    parameters: Vec<(String, String)>,
    /// Named numbers.
    numbers: Vec<(String, String)>,
    doubts: Vec<Doubt>,
    /// Where staff says how somebody is reached.
    contacts: Vec<Touch>,
    /// Values of veiled kinds that staff has typed.
    typed: BTreeSet<(KindId, Secret)>,
    /// Whether a value lies deeper than in the document's own object, or stands where something deeper may have
    /// stood.
    nested: bool,
    /// Whether a value may stand where something was.
    empties: bool,
    /// What may be veiled so that nothing stands there, once it is asked; and whether nothing stands somewhere.
    hollow: Option<Hollow>,
    nulls: bool,
    /// Of what staff gets tokens that look like values, once it is asked.
    likes: OnceCell<Likenesses>,
    /// What tells what nobody here reads.
    unread: Option<query::Unread<'a>>,
    bytes: usize,
    bytes_max: usize,
}

impl<'a> Inbound<'a> {
    /// A guard for a body that may hold so many bytes of values.
    pub fn new(plan: &'a Plan, bytes_max: usize) -> Inbound<'a> {
        let (contacts, typed) = (Vec::new(), BTreeSet::new());
        Inbound {
            plan,
            parameters: Vec::new(),
            numbers: Vec::new(),
            doubts: Vec::new(),
            contacts,
            typed,
            nested: false,
            empties: false,
            hollow: None,
            nulls: false,
            likes: OnceCell::new(),
            unread: None,
            bytes: 0,
            bytes_max,
        }
    }

    /// Refuses what nobody here reads, wherever it stands in the body.
    pub fn refusing(mut self, unread: query::Unread<'a>) -> Inbound<'a> {
        self.unread = Some(unread);
        self
    }

    /// The named values that were met.
    pub fn parameters(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.parameters)
    }

    /// Values of veiled kinds that staff has typed: whether the CRM says "no changes" to one tells as much as a search.
    pub fn typed(&mut self) -> BTreeSet<(KindId, Secret)> {
        std::mem::take(&mut self.typed)
    }

    /// The named numbers that were met.
    pub fn numbers(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.numbers)
    }

    /// What has to be compared with the record before it may go on; `replaces` says whether the body takes
    /// the place of all that is there.
    pub fn doubts(self, replaces: bool) -> Doubts {
        let locks = restore::locks_a_field(self.plan);
        let scope = match (replaces, self.nested) {
            _ if !restore::minds_what_is_missing(self.plan) => Scope::Nothing,
            (true, _) => Scope::All,
            (false, true) => Scope::Below,
            // Whatever it is, it may stand where a field was that staff may not change.
            (false, false) if locks => Scope::Below,
            (false, false) => Scope::Nothing,
        };
        let empties = locks && self.empties;
        Doubts { leaves: self.doubts, scope, empties, nulls: self.nulls, contacts: self.contacts, ..Doubts::default() }
    }

    /// The same of a write without a body that replaces a record: what staff may not change is gone then.
    pub fn of_nothing(self) -> Doubts {
        let scope = if restore::locks_a_field(self.plan) { Scope::All } else { Scope::Nothing };
        Doubts { scope, ..Doubts::default() }
    }

    /// Says that the document is a list.
    pub fn is_a_list(&mut self) {
        self.nested = true;
    }

    /// Looks at the query of a request that writes: many servers take a form's fields from there.
    pub fn query(&self, parameters: &[(String, String)]) -> Result<(), Refusal> {
        for (name, value) in parameters {
            let said = Leaf { names: Names::one(name), ..Leaf::bare(value, Part::Value, &[]) };
            for leaf in [Leaf::bare(name, Part::Key, &[]), said] {
                self.check(&leaf).next().map_or(Ok(()), |doubt| Err(doubt.refuse(self.plan)))?;
            }
        }
        Ok(())
    }

    /// Whether a value that a form sends under this name would be in doubt.
    pub(super) fn is_in_doubt(&self, name: &str, value: &str) -> bool {
        let said = Leaf { names: Names::one(name), ..Leaf::bare(value, Part::Value, &[]) };
        self.check(&said).next().is_some()
    }

    /// What is in doubt of a leaf: that it is no veil, and that staff may change it.
    fn check(&self, leaf: &Leaf<'_>) -> impl Iterator<Item = Doubt> + use<> {
        let known = leaves::known(self.plan, leaf).map(|known| known.kind);
        let text = leaf.text;
        let is_password =
            matches!(known, Some(kind::PASSWORD | kind::SECRET)) || leaf.names.iter().any(names_a_password);
        let is_veil = match known {
            Some(kind) => {
                // What staff was shown of this record may be any of what rules make of records.
                let mut decisions = self.plan.every(kind);
                let what = self.plan.kinds.get(kind);
                decisions.any(|decision| returned::is_veil(what, decision.action, text))
                    || (!is_password && returned::holds_veil(text))
            }
            None => !is_password && returned::holds_veil(text),
        };
        let is_veil = is_veil || (!is_password && enclosed::holds_veil(text));
        let locks = |kind: &KindId| self.plan.every(*kind).any(|own| own.readonly);
        let locked = known.filter(locks).or_else(|| self.in_brackets(leaf).find(locks));
        let span = restore::span(leaf);
        let token = if is_veil || is_password { None } else { self.token(leaf) };
        let said = Secret(if token.is_some() { restore::spelt(text) } else { String::new() });
        let name = if is_veil || token.is_some() || locked.is_some() { self.name(leaf) } else { None };
        let token = (token.map(|_| known), token.unwrap_or(Why::Token));
        let doubts = [(is_veil.then_some(known), Why::Veil), token, (locked.map(Some), Why::ReadOnly)];
        doubts.into_iter().filter_map(move |(kind, why)| {
            Some(Doubt { span: span.clone(), kind: kind?, why, said: said.clone(), name: name.clone() })
        })
    }

    /// What staff calls a leaf, if that is a name beyond doubt: they are told it again.
    fn name(&self, leaf: &Leaf<'_>) -> Option<Secret> {
        let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '$' | ':' | ' ');
        let name = leaf.names.first().filter(|_| leaf.part != Part::Key)?.trim();
        let is_name = (1..=NAME_CHARS).contains(&name.chars().count()) && name.chars().all(is_of_name);
        let mut found = Vec::new();
        self.plan.detectors.find(name, &mut found);
        let few_digits = name.chars().filter(|c| c.is_numeric()).count() <= NAME_DIGITS;
        (is_name && few_digits && found.is_empty() && !returned::holds_veil(name)).then(|| Secret(name.to_owned()))
    }

    /// Whether a leaf may hold a token that looks like a value, and why.
    fn token(&self, leaf: &Leaf<'_>) -> Option<Why> {
        let likes = self.likes.get_or_init(|| Likenesses::of(self.plan));
        let is_said = matches!(leaf.part, Part::Value | Part::Number);
        likes.doubt(self.plan, leaf.text).filter(|why| is_said || *why == Why::Token)
    }

    /// Notes what staff says itself of a leaf, which is no veil of theirs.
    fn note_own(&mut self, leaf: &Leaf<'_>) {
        if !matches!(leaf.part, Part::Value | Part::Number) || leaf.text.trim().is_empty() {
            return;
        }
        let known = leaves::known(self.plan, leaf).map(|known| known.kind);
        let Some(kind) = known.or_else(|| self.in_brackets(leaf).next()) else { return };
        if self.plan.kinds.get(kind).category == Category::Contact && self.contacts.len() < DOUBTS {
            self.contacts.push(Touch { span: restore::span(leaf), kind });
        }
        if self.typed.len() < TYPED {
            self.typed.extend(query::typed(self.plan, kind, leaf.text.trim()).map(|value| (kind, value)));
        }
    }

    /// The kinds that the parts of a leaf's name have by themselves: frameworks read `mail[]`, `contact[mail]`
    /// and `contact.mail` as a member `mail`.
    fn in_brackets(&self, leaf: &Leaf<'_>) -> impl Iterator<Item = KindId> {
        let is_joined = |name: &&str| leaf.part == Part::Value && name.contains(['[', '.']);
        let parts = leaf.names.first().filter(is_joined).into_iter().flat_map(|name| name.split(['[', ']', '.']));
        parts.filter(|part| !part.is_empty()).filter_map(|part| {
            let named = Leaf { names: Names::one(part), ..Leaf::bare(leaf.text, Part::Value, leaf.pieces) };
            leaves::known(self.plan, &named).map(|known| known.kind)
        })
    }
}

impl Sink for Inbound<'_> {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        self.bytes += leaf.text.len();
        if self.bytes > self.bytes_max {
            return Err(Refusal::new(Reason::BodyTooLarge, "the body holds more than can be read"));
        }
        if let Some(unread) = &self.unread {
            unread.leaf(leaf)?;
        }
        if let (part @ (Part::Value | Part::Number), Some(name)) = (leaf.part, leaf.names.first()) {
            let said = ((*name).to_owned(), leaf.text.to_owned());
            if part == Part::Value { self.parameters.push(said) } else { self.numbers.push(said) }
        }
        let is_empty = leaf.part == Part::Value && leaf.text.trim().is_empty();
        if is_empty && !self.nulls {
            let hollow = *self.hollow.get_or_insert_with(|| Hollow::of(self.plan));
            self.nulls = if leaf.text == returned::NULL { hollow.nulls } else { hollow.blanks };
        }
        self.empties |= is_empty;
        self.nested |= is_empty || !leaf.above.is_empty();
        let doubts: Vec<Doubt> = self.check(leaf).collect();
        if doubts.iter().all(|doubt| doubt.why != Why::Veil) {
            self.note_own(leaf);
        }
        for doubt in doubts {
            if self.doubts.len() >= DOUBTS {
                return Err(doubt.refuse(self.plan));
            }
            self.doubts.push(doubt);
        }
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn opens(&mut self, _leaf: &Leaf<'_>, readable: bool) -> Result<bool, Refusal> {
        if !readable && leaves::is_sought_in_json(self.plan) {
            let note = "JSON in a string is nested deeper than is read, or holds what no text can hold";
            return Err(Refusal::new(Reason::Unreadable, note));
        }
        Ok(readable)
    }
}

fn names_a_password(name: &str) -> bool {
    let folded = label::fold(name);
    PASSWORDS.iter().any(|word| folded.contains(word))
}
