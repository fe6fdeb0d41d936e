//! What a request asks about hidden data.
//!
//! Whoever may sort by a number, or look for its beginning, learns it without being shown it. So a
//! question about a veiled kind passes only as a search for a whole value; what resources do not
//! declare is known by the names and spellings that applications share (`names`, `text`). Here
//! questions become answers; `walk` finds them, `decision` is the rule.

mod arguments;
mod beside;
mod columns;
mod decision;
mod fit;
mod hints;
mod markup;
mod names;
mod rows;
mod spelling;
mod stored;
mod text;
mod tokens;
mod tree;
mod unread;
mod walk;

pub use crate::guard::query::stored::{Question, Stored};
pub use crate::guard::query::tokens::{in_json, in_parameters};
pub use crate::guard::query::unread::Unread;

use std::collections::{BTreeMap, BTreeSet};

use crate::detect::Found;
use crate::guard::query::columns::Columns;
use crate::guard::query::decision::{Answer, Ask, Fit, decide};
use crate::guard::query::names::Operator;
use crate::guard::query::tree::{Tree, VALUES_MAX as VALUES_OF_ALL_MAX};
use crate::guard::query::walk::Walk;
use crate::policy::plan::{Plan, Search, Sort};
use crate::policy::store::Store;
use crate::terms::action::Action;
use crate::terms::kind::{self, Category, KindId};
use crate::terms::label;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// How many values of one veiled kind a request may look for: a list of candidates is a range in
/// another dress, and halves as well. A form asks for a surname, a given name and two numbers.
const VALUES_MAX: usize = 4;

/// Longer than any value that a detector proves.
const NOTICED_BYTES: usize = 320;

/// What the parameters ask, where none of it is refused.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Veiled kinds that were looked for by a whole value.
    pub kinds: BTreeSet<KindId>,
    /// The values that they were looked for by, each in one spelling.
    pub sought: BTreeSet<(KindId, Secret)>,
}

/// What a question asks about one veiled kind, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct About {
    /// The kind.
    pub kind: KindId,
    /// `order`, `compare`, `part` or `value`.
    pub asks: &'static str,
    /// `counted`, `passes`, `stripped` or `refused`; behind what is refused nothing is looked at.
    pub becomes: &'static str,
}

/// What parameters ask about veiled kinds, each once, for whoever explains it.
pub fn about(plan: &Plan, parameters: &[(String, String)]) -> BTreeSet<About> {
    let mut screen = Screen::new(plan);
    screen.strips = plan.strips().then(BTreeSet::new);
    screen.told = Some(BTreeSet::new());
    // Why it is refused, `screen` says.
    let _ = look(&mut screen, parameters);
    screen.told.unwrap_or_default()
}

/// Looks at every parameter of the query, and of a form that only reads.
pub fn screen(plan: &Plan, parameters: &[(String, String)]) -> Result<Asked, Refusal> {
    let mut screen = Screen::new(plan);
    look(&mut screen, parameters)?;
    Ok(screen.asked())
}

/// The numbers of the parameters that sort by what a rule takes out of questions, and of those that say in which
/// direction. What is left must be looked at again: with them nothing is said of it.
pub fn sorting(plan: &Plan, parameters: &[(String, String)]) -> Result<BTreeSet<usize>, Refusal> {
    let mut screen = Screen::new(plan);
    screen.strips = plan.strips().then(BTreeSet::new);
    look(&mut screen, parameters)?;
    let roots = screen.strips.unwrap_or_default();
    let goes = |(name, value): &(String, String)| {
        let root = tree::root(name);
        let directs =
            (names::directs(root) && names::is_way(value)) || (names::sorts(root) && names::is_direction(value));
        !roots.is_empty() && (roots.contains(root) || directs)
    };
    Ok(parameters.iter().enumerate().filter(|(_, pair)| goes(pair)).map(|(number, _)| number).collect())
}

fn look(screen: &mut Screen<'_>, parameters: &[(String, String)]) -> Result<(), Refusal> {
    if parameters.len() > VALUES_OF_ALL_MAX {
        return Err(walk::too_many());
    }
    let hidden = parameters.iter().flat_map(|(_, value)| smuggled(value)).collect::<Vec<_>>();
    let mut walk = Walk::new(screen);
    for (name, value) in parameters.iter().chain(&hidden) {
        walk.expression(name, value)?;
    }
    walk.tree(&Tree::parameters(parameters.iter().chain(&hidden)))
}

/// Looks at a JSON body that only reads.
pub fn screen_json(plan: &Plan, body: &[u8]) -> Result<Asked, Refusal> {
    look_in_json(Screen::new(plan), body)
}

fn look_in_json(mut screen: Screen<'_>, body: &[u8]) -> Result<Asked, Refusal> {
    let tree = std::str::from_utf8(body).ok().and_then(Tree::json);
    let tree =
        tree.ok_or_else(|| Refusal::new(Reason::RequestUnreadable, "the question in the body cannot be read"))?;
    Walk::new(&mut screen).tree(&tree)?;
    Ok(screen.asked())
}

/// Looks at an XML body that only reads.
pub fn screen_xml(plan: &Plan, body: &[u8]) -> Result<Asked, Refusal> {
    let tree = markup::tree(body)?;
    let mut screen = Screen::new(plan);
    Walk::new(&mut screen).tree(&tree)?;
    Ok(screen.asked())
}

/// Looks at a body of text that only reads: it is one condition.
pub fn screen_text(plan: &Plan, body: &str) -> Result<Asked, Refusal> {
    let mut screen = Screen::new(plan);
    Walk::new(&mut screen).condition(body)?;
    Ok(screen.asked())
}

/// Older servers part parameters at `;` as well as at `&`.
fn smuggled(value: &str) -> Vec<(String, String)> {
    let pieces = value.split(';').skip(1);
    pieces
        .filter_map(|piece| piece.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .collect()
}

/// Answers questions, and keeps in mind what one request has asked.
struct Screen<'p> {
    plan: &'p Plan,
    /// The values that were sought, by kind.
    sought: BTreeMap<KindId, BTreeSet<String>>,
    /// Where a rule may take out what sorts: the names of the parameters that do.
    strips: Option<BTreeSet<String>>,
    /// Whether a proven value counts whatever its name says.
    notices: bool,
    /// What is asked, where somebody listens.
    told: Option<BTreeSet<About>>,
    /// Where it is asked what the CRM can answer, and not what staff may ask: what it holds as tokens.
    stored: Option<&'p Store>,
}

impl<'p> Screen<'p> {
    fn new(plan: &'p Plan) -> Screen<'p> {
        Screen { plan, sought: BTreeMap::new(), strips: None, notices: true, told: None, stored: None }
    }

    fn asked(self) -> Asked {
        let kinds = self.sought.keys().copied().collect();
        let values =
            |(kind, values): (KindId, BTreeSet<String>)| values.into_iter().map(move |value| (kind, Secret(value)));
        Asked { kinds, sought: self.sought.into_iter().flat_map(values).collect() }
    }

    fn columns(&self) -> Columns<'p> {
        Columns { plan: self.plan, stored: self.stored }
    }

    /// A question about each of the kinds that is more than looking for a value.
    fn ask(&mut self, name: &str, kinds: &[KindId], ask: Ask) -> Result<(), Refusal> {
        let columns = self.columns();
        // Tokens sort in an order of their own, which tells nobody anything.
        if self.stored.is_some() && ask == Ask::Order {
            return Ok(());
        }
        for kind in kinds.iter().copied().filter(|kind| columns.hides(*kind)) {
            let Answer::Refused(what) = decide(self.search(kind), ask) else {
                self.tell(kind, ask, "passes");
                continue;
            };
            if ask != Ask::Order || !self.strips_by(name, kind) {
                self.tell(kind, ask, "refused");
                return Err(self.refusal(name, kind, what));
            }
            self.tell(kind, ask, "stripped");
        }
        Ok(())
    }

    /// Whether something is there at all: whoever gets a veil sees that, but not where a rule takes the value out.
    fn presence(&mut self, name: &str, kinds: &[KindId]) -> Result<(), Refusal> {
        let is_taken_out =
            |kind: &KindId| self.plan.every(*kind).any(|own| matches!(own.action, Action::Remove | Action::Block));
        let kinds: Vec<KindId> = kinds.iter().copied().filter(is_taken_out).collect();
        self.ask(name, &kinds, Ask::Compare)
    }

    fn tell(&mut self, kind: KindId, ask: Ask, becomes: &'static str) {
        if let Some(told) = &mut self.told {
            told.insert(About { kind, asks: ask.word(), becomes });
        }
    }

    /// Notes that a parameter sorts by a kind, where a rule takes such parameters out.
    fn strips_by(&mut self, name: &str, kind: KindId) -> bool {
        let is_told = self.plan.decisions[usize::from(kind.0)].sort == Sort::Strip;
        match &mut self.strips {
            Some(strips) if is_told && names::orders(name) => {
                strips.insert(name.to_owned());
                true
            }
            _ => false,
        }
    }

    /// Counts a value that is proven to be a whole one of a veiled kind, whatever the name says at which it stands:
    /// who knows what the server compares it with. Whether it may be asked is said by its name alone.
    fn notice(&mut self, text: &str) {
        if !self.notices || text.is_empty() || text.len() > NOTICED_BYTES {
            return;
        }
        let mut found = Vec::new();
        self.plan.detectors.find(text, &mut found);
        let whole = |hit: &&Found| hit.range == (0..text.len());
        for kind in found.iter().filter(whole).map(|hit| hit.kind) {
            if self.columns().hides(kind) && self.search(kind) != Search::None {
                self.tell(kind, Ask::Find(Fit::Proven), "counted");
                self.sought.entry(kind).or_default().insert(spelt(kind, text, Fit::Proven));
            }
        }
    }

    /// A value that is compared with the kinds in the way that stands at its front, if one does.
    fn compare(&mut self, name: &str, kinds: &[KindId], value: &str) -> Result<(), Refusal> {
        if names::is_nothing(value) {
            self.presence(name, kinds)?;
        }
        let whole = kinds.iter().any(|kind| self.fit(*kind, value) == Fit::Proven);
        match text::prefixed(value).filter(|_| !whole) {
            // `nu.` may be the operator, or the beginning of an address.
            Some((Operator::Presence, rest)) if !rest.is_empty() && names::is_flag(rest) => self.presence(name, kinds),
            Some((Operator::Presence | Operator::More, _)) => self.ask(name, kinds, Ask::Compare),
            // An operator with nothing behind it may be the beginning of an address as well.
            Some((Operator::Equality, rest)) if text::values(rest).next().is_some() => self.one_of(name, kinds, rest),
            Some((Operator::Equality, _)) | None => self.find(name, kinds, value),
        }
    }

    /// A list of values, or one that may hold a comma.
    fn one_of(&mut self, name: &str, kinds: &[KindId], list: &str) -> Result<(), Refusal> {
        text::values(list).try_for_each(|value| self.find(name, kinds, value))
    }

    /// A value that is looked for among the kinds: passes as a whole value of one of them, or where
    /// it can be no part of any.
    fn find(&mut self, name: &str, kinds: &[KindId], value: &str) -> Result<(), Refusal> {
        if self.stored.is_some() && stored::is_one(value) {
            return Ok(());
        }
        let mut partly = None;
        let mut proven = false;
        let columns = self.columns();
        for kind in kinds.iter().copied().filter(|kind| columns.hides(*kind)) {
            let (search, fit) = (self.search(kind), self.fit(kind, value));
            match decide(search, Ask::Find(fit)) {
                Answer::Passes => {}
                Answer::Counts => {
                    self.tell(kind, Ask::Find(fit), "counted");
                    self.count(name, kind, value, fit)?;
                }
                Answer::Refused(what) if search == Search::Exact => partly = partly.or(Some((kind, what))),
                Answer::Refused(what) => {
                    self.tell(kind, Ask::Find(fit), "refused");
                    return Err(self.refusal(name, kind, what));
                }
            }
            proven |= fit == Fit::Proven;
        }
        match partly {
            // A value that is proven to be of one kind is no part of another.
            Some((kind, what)) if !proven => {
                self.tell(kind, Ask::Find(Fit::Part), "refused");
                Err(self.refusal(name, kind, what))
            }
            _ => Ok(()),
        }
    }

    /// Words for a search over everything. Where the fields tell what the page holds, they are
    /// compared with that; elsewhere beginnings of numbers and addresses are refused.
    fn words(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        // Search engines find all there is by these.
        if matches!(value, "*" | "*:*") {
            return Ok(());
        }
        let mut found = Vec::new();
        self.plan.detectors.find(value, &mut found);
        if self.stored.is_some() {
            // Words are sought in what the CRM holds in clear too: only what is proven is one of its tokens.
            found.retain(|hit| hit.range == (0..value.len()));
            return found.iter().try_for_each(|hit| self.find(name, &[hit.kind], value));
        }
        for hit in &found {
            self.find(name, &[hit.kind], &value[hit.range.clone()])?;
        }
        if !found.is_empty() {
            return Ok(());
        }
        let listed: Vec<KindId> = self.columns().listed().collect();
        let names = [kind::PERSON_NAME, kind::PERSON_KANA];
        // Quotes around words make them one, of which nobody learns more.
        let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let value = inner.filter(|inner| fit::is_name(inner)).unwrap_or(value);
        if fit::is_name(value) && (listed.is_empty() || listed.iter().any(|kind| names.contains(kind))) {
            let names: Vec<KindId> = listed.into_iter().filter(|kind| names.contains(kind)).collect();
            return self.find(name, &names, value);
        }
        // Addresses and notes hold any word, and nothing is a whole value of theirs. Who sees
        // telephone numbers looks for those.
        let sees_numbers = listed.contains(&kind::PHONE) && !self.columns().hides(kind::PHONE);
        let sought = listed
            .into_iter()
            .filter(|kind| self.search(*kind) == Search::Exact || (is_number(*kind) && !sees_numbers));
        self.find(name, &sought.collect::<Vec<_>>(), value)?;
        let looks = [(kind::EMAIL, value.contains(['@', '＠'])), (kind::PHONE, fit::is_phone_fragment(value))];
        looks
            .into_iter()
            .filter(|(_, looks)| *looks)
            .try_for_each(|(kind, _)| self.ask(name, &[kind], Ask::Find(Fit::Part)))
    }

    /// A part of something, looked for in all that may hold it: marks that stand for any text say that
    /// digits are a part of a number.
    fn pattern(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        if self.stored.is_some() {
            return Ok(());
        }
        let bare = value.trim_matches(['%', '_', '*', ' ']);
        if fit::is_phone_fragment(&format!("%{bare}%")) {
            return self.ask(name, &[kind::PHONE], Ask::Find(Fit::Part));
        }
        self.words(name, bare)
    }

    fn count(&mut self, name: &str, kind: KindId, value: &str, fit: Fit) -> Result<(), Refusal> {
        let sought = self.sought.entry(kind).or_default();
        sought.insert(spelt(kind, value, fit));
        if sought.len() > VALUES_MAX && self.stored.is_none() && self.search(kind) == Search::Exact {
            return Err(self.refusal(name, kind, "looking for many values at once"));
        }
        Ok(())
    }

    fn fit(&self, kind: KindId, value: &str) -> Fit {
        let fit = |value: &str| fit::fit(&self.plan.detectors, &self.plan.kinds, kind, value);
        let seen = fit::seen(value);
        match fit(value) {
            // Of most kinds nobody can tell a whole value, and a token stands for any.
            Fit::Part if self.stored.is_some() && !fit::is_told(&self.plan.kinds, kind, value) => Fit::Whole,
            // Search engines drop signs around a word, and what nobody sees in it.
            Fit::Never if !seen.is_empty() && seen != value => fit(&seen),
            fit => fit,
        }
    }

    fn search(&self, kind: KindId) -> Search {
        if self.stored.is_some() {
            return Search::Exact;
        }
        self.plan.decisions[usize::from(kind.0)].search
    }

    fn refusal(&self, name: &str, kind: KindId, what: &str) -> Refusal {
        // A parameter's name is the client's own text: only a declared one may be repeated.
        let folded = label::fold(name);
        let shown =
            if self.plan.parameters.contains_key(&folded) { format!("parameter `{folded}`: ") } else { String::new() };
        Refusal::new(Reason::Query, format!("{shown}{what} is not allowed for `{}`", self.plan.kinds.get(kind).name))
    }
}

/// What somebody has typed into a field of a veiled kind, in the spelling in which it is counted: the CRM's word on
/// such a write tells whether it is what was there. A text is no guess, and a password the CRM's own matter.
pub(super) fn typed(plan: &Plan, kind: KindId, value: &str) -> Option<Secret> {
    let free = matches!(plan.kinds.get(kind).category, Category::Notes | Category::Credential);
    let is_hidden = plan.every(kind).any(|own| own.action.veils() && own.search != Search::Any);
    (is_hidden && !free).then(|| {
        let screen = Screen::new(plan);
        Secret(spelt(kind, value, screen.fit(kind, value)))
    })
}

/// A value in the one spelling in which it is counted.
fn spelt(kind: KindId, value: &str, fit: Fit) -> String {
    let mut folded = spelling::folded(&fit::seen(value));
    if kind == kind::PHONE && fit == Fit::Proven {
        // Which lines and brackets stand between its digits is all one.
        folded.retain(|c| c.is_ascii_digit() || c == '+');
        // And so is Japan's country code, in whose place a zero is dialled; its `+` is a sign around the value.
        if let Some(rest) = folded.strip_prefix('+').unwrap_or(&folded).strip_prefix("81") {
            folded = format!("0{}", rest.strip_prefix('0').unwrap_or(rest));
        }
    }
    folded
}

/// Kinds of which a few digits are a part.
fn is_number(kind: KindId) -> bool {
    matches!(
        kind,
        kind::MY_NUMBER
            | kind::CARD_NUMBER
            | kind::SSN
            | kind::BANK_ACCOUNT
            | kind::PENSION_NUMBER
            | kind::HEALTH_INSURANCE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_is_one_value_in_every_spelling() {
        for value in ["+81 90-1234-0000", "+819012340000", "+81(0)90-1234-0000", "０９０－１２３４－００００"]
        {
            assert_eq!(spelt(kind::PHONE, value, Fit::Proven), "09012340000", "{value}");
        }
        assert_eq!(spelt(kind::PHONE, "+1 212 555 0123", Fit::Proven), "12125550123");
    }
}
