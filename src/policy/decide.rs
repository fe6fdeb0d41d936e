//! How a kind gets its action: one pure function of the rules, the roles and the conditions that
//! hold. `explain` prints the trace that it leaves.
//!
//! Each role answers by its rules: one with a condition beats one without, a kind beats its
//! category beats all, and among equals the stricter wins. The most permissive of the roles'
//! answers counts, and mandatory rules are its ceiling.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::policy::node::Spot;
use crate::policy::plan::{Decision, Search, Sort};
pub use crate::policy::role::RoleId;
use crate::policy::rulebook::Rules;
use crate::policy::strict::{compare, rank, stricter};
use crate::policy::trace::{Considered, RoleTrace, Trace, Verdict};
use crate::terms::action::{Action, Mask};
use crate::terms::kind::{self, Category, Kind, KindId};
use crate::terms::refusal::{Reason, Refusal};

/// A rule with everything looked up.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id in the ledger.
    pub id: Arc<str>,
    /// Where it is written.
    pub spot: Spot,
    /// Whom it is for.
    pub who: Who,
    /// What it says.
    pub grants: Vec<Grant>,
    /// The `token_domain`.
    pub domain: Option<Arc<str>>,
    /// How veiled values may be looked for.
    pub search: Option<Search>,
    /// What becomes of requests that sort by them.
    pub sort: Option<Sort>,
    /// Whether it is a ceiling.
    pub mandatory: bool,
    /// Whether it has `when`, `where`, `until` or is for one staff.
    pub conditioned: bool,
    /// Where each of its grants is written.
    pub spots: Vec<Spot>,
    /// What staff may not change, whatever of it they see.
    pub readonly: Vec<On>,
    /// Which remarks stand there: `why`, `owner`.
    pub remarks: Vec<&'static str>,
    /// Where it was asked for, if that is the number of a ticket.
    pub ticket: Option<Arc<str>>,
}

/// Whom a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// Every role; also where it is for one staff, whose state says whether they ask.
    Every,
    /// These roles.
    Roles(Vec<RoleId>),
}

/// What a rule says of a kind, a category or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Grant {
    /// Of what.
    pub on: On,
    /// What becomes of it.
    pub action: Action,
}

/// What a grant names, the broadest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum On {
    /// Every kind.
    All,
    /// The kinds of a category.
    Category(Category),
    /// One kind.
    Kind(KindId),
}

/// Whether a rule is there for this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its conditions hold, or it has none.
    Holds,
    /// This condition does not hold.
    Fails(&'static str),
    /// Nobody can say whether this condition holds.
    Unknown(&'static str),
    /// This condition is one on the record, and no record is asked about: the stricter answer counts
    /// of those with and without the rule.
    Either(&'static str),
}

/// Everything that an answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// All rules.
    pub rules: &'a Rules,
    /// Whether each is there.
    pub states: &'a [State],
    /// What becomes of kinds that no rule of a role names.
    pub ungranted: Action,
    /// The roles of the staff.
    pub roles: &'a [RoleId],
    /// The kind that is asked about.
    pub id: KindId,
    /// What it is.
    pub kind: &'a Kind,
}

/// Decides one kind.
pub fn decide(question: &Question<'_>) -> Result<(Decision, Trace), Refusal> {
    let answers = question.roles.iter().map(|role| answer(question, *role)).collect::<Result<Vec<_>, _>>()?;
    let (limit, mut ceiling) = ceiling(question)?;
    let given = most_permissive(question, answers.iter().map(|(answer, _)| answer));
    let mut best = given.clone();
    let mut of_the_best = Verdict::Decides;
    if let Some(limit) = limit
        && !matches!(best.compare(&limit), Some(Ordering::Greater | Ordering::Equal))
    {
        best = limit;
        of_the_best = Verdict::Limited;
    } else {
        ceiling
            .iter_mut()
            .filter(|item| item.verdict == Verdict::Decides)
            .for_each(|item| item.verdict = Verdict::Idle);
    }
    let search = search(question, best.action, answers.iter().map(|(answer, _)| answer), &ceiling);
    let sort = sort(question, answers.iter().map(|(answer, _)| answer), &ceiling);
    let mut rules: Vec<Arc<str>> = best.rules.iter().map(|rule| question.rules[*rule].id.clone()).collect();
    rules.sort();
    rules.dedup();
    let roles = question.roles.iter().zip(answers).map(|(role, (answer, mut considered))| {
        let verdict = if answer.rank() == given.rank() { of_the_best } else { Verdict::Outdone };
        turn(&mut considered, verdict);
        RoleTrace { role: *role, action: answer.action, verdict, ungranted: answer.rules.is_empty(), considered }
    });
    let trace = Trace { roles: roles.collect(), ceiling };
    let readonly = is_readonly(question)?;
    Ok((Decision { action: best.action, domain: best.domain, rules, search, sort, readonly }, trace))
}

/// Whether staff may not change values of the kind: a mandatory rule says so, or each of their roles does.
fn is_readonly(question: &Question<'_>) -> Result<bool, Refusal> {
    let mut says = Vec::new();
    for number in question.rules.readonly().iter().copied() {
        let named = question.rules[number].readonly.iter().any(|on| on.takes(question.id, question.kind.category));
        // A rule that may be there forbids no less than one that is.
        if named && !matches!(there(question, number)?, There::No(_)) {
            says.push(&question.rules[number]);
        }
    }
    let of_role = |role: &RoleId| says.iter().any(|rule| !rule.mandatory && rule.who.takes(*role));
    let of_all = !question.roles.is_empty() && question.roles.iter().all(of_role);
    Ok(of_all || says.iter().any(|rule| rule.mandatory))
}

/// Says of what decided for itself what became of it.
pub(super) fn turn(considered: &mut [Considered], verdict: Verdict) {
    considered.iter_mut().filter(|item| item.verdict == Verdict::Decides).for_each(|item| item.verdict = verdict);
}

/// The stricter of two decisions, where several resources matched.
pub fn combine(a: Decision, b: Decision) -> Decision {
    let (search, sort, readonly) = (lesser(a.search, b.search), a.sort.min(b.sort), a.readonly || b.readonly);
    let action = stricter(a.action, b.action);
    let mut all = match (action == a.action, action == b.action) {
        (true, false) => a,
        (false, true) => b,
        (_, both) => {
            let mut rules = [a.rules, b.rules].concat();
            rules.sort();
            rules.dedup();
            let domain = a.domain.filter(|domain| both && b.domain.as_ref() == Some(domain));
            Decision { action, domain, rules, search, sort, readonly }
        }
    };
    (all.search, all.sort, all.readonly) = (search, sort, readonly);
    all
}

/// What a role, or a ceiling, says.
#[derive(Debug, Clone)]
struct Answer {
    action: Action,
    domain: Option<Arc<str>>,
    search: Option<Search>,
    sort: Option<Sort>,
    rules: Vec<usize>,
}

impl Answer {
    /// As `strict::compare`; of two equal actions, one that keeps tokens within a subject is stricter.
    fn compare(&self, other: &Answer) -> Option<Ordering> {
        match compare(self.action, other.action)? {
            Ordering::Equal => match (&self.domain, &other.domain) {
                (None, Some(_)) => Some(Ordering::Greater),
                (Some(_), None) => Some(Ordering::Less),
                (Some(a), Some(b)) if a != b => None,
                _ => Some(Ordering::Equal),
            },
            unequal => Some(unequal),
        }
    }

    /// An order of all answers that keeps to `compare`.
    fn rank(&self) -> ((u8, u32), bool, Option<&str>) {
        (rank(self.action), self.domain.is_none(), self.domain.as_deref())
    }

    /// The stricter of two; what hides more than both where they cannot be compared.
    fn stricter(mut self, other: Answer) -> Answer {
        match self.compare(&other) {
            Some(Ordering::Less) => other,
            Some(Ordering::Greater) => self,
            order => {
                if order.is_none() {
                    // `check` refuses such rules; should they meet all the same, nothing is shown.
                    self.action = stricter(self.action, Action::Mask(Mask::Full));
                    self.domain = None;
                }
                self.search = [self.search, other.search].into_iter().flatten().min_by_key(|search| *search as u8);
                self.sort = [self.sort, other.sort].into_iter().flatten().min();
                self.rules.extend(other.rules);
                self
            }
        }
    }
}

fn answer(question: &Question<'_>, role: RoleId) -> Result<(Answer, Vec<Considered>), Refusal> {
    let (considered, levels) = considered(question, role)?;
    let doubtful = |item: &&Considered| matches!(question.states[item.rule], State::Either(_));
    let mut doubted: Vec<usize> = considered.iter().filter(doubtful).map(|item| item.rule).collect();
    doubted.dedup();
    // Whatever set of them were there, its strictest alone is as strict.
    let mut every = vec![settle(question, &levels, considered.clone())];
    for rule in doubted {
        let mut with = considered.clone();
        with.iter_mut().filter(|item| item.rule == rule).for_each(|item| item.verdict = Verdict::Decides);
        every.push(settle(question, &levels, with));
    }
    Ok(strictest(question, every))
}

/// The strictest of answers of which nobody can say which it is, in whatever order they stand: what
/// another is stricter than has no part in it.
fn strictest(question: &Question<'_>, every: Vec<(Answer, Vec<Considered>)>) -> (Answer, Vec<Considered>) {
    let search = in_doubt(question, every.iter().map(|(answer, _)| answer));
    let sort = every.iter().map(|(answer, _)| answer.sort.unwrap_or_default()).min();
    let milder = |answer: &Answer| every.iter().any(|(other, _)| answer.compare(other) == Some(Ordering::Less));
    let mut left: Vec<_> = every.iter().filter(|(answer, _)| !milder(answer)).cloned().collect();
    let (mut answer, mut trace) = left.swap_remove(0);
    for (other, its) in left {
        if answer.compare(&other) != Some(Ordering::Equal) {
            trace = its;
        }
        answer = answer.stricter(other);
    }
    (answer.search, answer.sort) = (search, sort);
    (answer, trace)
}

/// Whether a rule has a condition, and how closely it names the kind: the greatest decides.
type Level = (bool, u8);

/// Each rule of the role that names the kind, and how closely it does.
fn considered(question: &Question<'_>, role: RoleId) -> Result<(Vec<Considered>, Vec<Level>), Refusal> {
    let mut considered = Vec::new();
    let mut levels = Vec::new();
    for number in question.rules.of(role, question.id) {
        let rule = &question.rules[number];
        for grant in named(rule, question.id, question.kind) {
            let verdict = match there(question, number)? {
                There::Yes => Verdict::Decides,
                There::No(condition) => Verdict::NotThere(condition),
                There::Either(condition) => Verdict::PerRecord(condition),
            };
            levels.push((rule.conditioned, grant.on.level()));
            considered.push(Considered { rule: number, action: grant.action, verdict });
        }
    }
    Ok((considered, levels))
}

/// What those of them say that are there.
fn settle(question: &Question<'_>, levels: &[Level], mut considered: Vec<Considered>) -> (Answer, Vec<Considered>) {
    let is_there = |item: &Considered| item.verdict == Verdict::Decides;
    let best = levels.iter().zip(&considered).filter(|(_, item)| is_there(item)).map(|(level, _)| *level).max();
    let mut winner: Option<Answer> = None;
    for (level, item) in levels.iter().zip(considered.iter_mut()).filter(|(_, item)| item.verdict == Verdict::Decides) {
        item.verdict = match best.map(|best| (level.0 == best.0, level.1 == best.1)) {
            Some((false, _)) => Verdict::Unconditioned,
            Some((true, false)) => Verdict::Broader,
            _ => Verdict::Decides,
        };
        if item.verdict == Verdict::Decides {
            let own = own_answer(question, item);
            winner = Some(winner.take().map_or_else(|| own.clone(), |before| before.stricter(own.clone())));
        }
    }
    let winner = winner.unwrap_or_else(|| ungranted(question));
    for item in
        considered.iter_mut().filter(|item| item.verdict == Verdict::Decides && !winner.rules.contains(&item.rule))
    {
        item.verdict = Verdict::Milder;
    }
    (winner, considered)
}

/// The strictest of the mandatory rules: each of them is a ceiling, however broadly it names.
fn ceiling(question: &Question<'_>) -> Result<(Option<Answer>, Vec<Considered>), Refusal> {
    let mut considered = Vec::new();
    let mut limit: Option<Answer> = None;
    for number in question.rules.ceilings(question.id).iter().copied() {
        for grant in named(&question.rules[number], question.id, question.kind) {
            // A ceiling that may be there hides no less than one that is.
            let verdict = match there(question, number)? {
                There::Yes | There::Either(_) => Verdict::Decides,
                There::No(condition) => Verdict::NotThere(condition),
            };
            let item = Considered { rule: number, action: grant.action, verdict };
            if verdict == Verdict::Decides {
                let own = own_answer(question, &item);
                limit = Some(limit.take().map_or_else(|| own.clone(), |before| before.stricter(own.clone())));
            }
            considered.push(item);
        }
    }
    if let Some(limit) = &limit {
        let idle =
            considered.iter_mut().filter(|item| item.verdict == Verdict::Decides && !limit.rules.contains(&item.rule));
        idle.for_each(|item| item.verdict = Verdict::Milder);
    }
    Ok((limit, considered))
}

fn own_answer(question: &Question<'_>, item: &Considered) -> Answer {
    let rule = &question.rules[item.rule];
    let domain = rule.domain.clone().filter(|_| matches!(item.action, Action::Tokenize(_) | Action::Hash));
    Answer { action: item.action, domain, search: rule.search, sort: rule.sort, rules: vec![item.rule] }
}

/// Whoever has no role is answered by `ungranted`.
fn most_permissive<'a>(question: &Question<'_>, answers: impl Iterator<Item = &'a Answer>) -> Answer {
    let mut best: Option<Answer> = None;
    for answer in answers {
        best = Some(match best {
            None => answer.clone(),
            Some(before) => match before.rank().cmp(&answer.rank()) {
                Ordering::Less => before,
                Ordering::Greater => answer.clone(),
                Ordering::Equal => Answer { rules: [before.rules, answer.rules.clone()].concat(), ..before },
            },
        });
    }
    best.unwrap_or_else(|| ungranted(question))
}

/// What holds where no rule names the kind.
fn ungranted(question: &Question<'_>) -> Answer {
    Answer { action: question.ungranted, domain: None, search: None, sort: None, rules: Vec::new() }
}

/// How staff may look for values where any of these answers may be the one: only as all of them let them.
fn in_doubt<'a>(question: &Question<'_>, answers: impl Iterator<Item = &'a Answer> + Clone) -> Option<Search> {
    let said = |answer: &Answer| {
        let unsaid = if answer.action == Action::Show { Search::Any } else { unsaid(question) };
        answer.search.unwrap_or(unsaid)
    };
    let least = answers.clone().map(said).reduce(lesser)?;
    // What is shown may be looked for unless a ceiling veils it, which is still to come.
    let is_said = least != Search::Any || answers.into_iter().all(|answer| answer.search.is_some());
    is_said.then_some(least)
}

fn lesser(a: Search, b: Search) -> Search {
    if (a as u8) < (b as u8) { a } else { b }
}

/// The widest search that a role gives, within what every mandatory rule leaves: each is a ceiling
/// for questions too, also where what it says of the value hides no more than the roles do.
fn search<'a>(
    question: &Question<'_>,
    best: Action,
    answers: impl Iterator<Item = &'a Answer>,
    ceiling: &[Considered],
) -> Search {
    let unsaid = if best == Action::Show { Search::Any } else { unsaid(question) };
    let given =
        answers.map(|answer| answer.search.unwrap_or(unsaid)).max_by_key(|search| *search as u8).unwrap_or(unsaid);
    let there = ceiling.iter().filter(|item| !matches!(item.verdict, Verdict::NotThere(_)));
    let limits = there.filter_map(|item| question.rules[item.rule].search);
    limits.chain([given]).min_by_key(|search| *search as u8).unwrap_or(given)
}

/// What becomes of requests that sort by the kind: the mildest that a role says, within what every mandatory
/// rule leaves.
fn sort<'a>(question: &Question<'_>, answers: impl Iterator<Item = &'a Answer>, ceiling: &[Considered]) -> Sort {
    let given = answers.map(|answer| answer.sort.unwrap_or_default()).max().unwrap_or_default();
    let there = ceiling.iter().filter(|item| !matches!(item.verdict, Verdict::NotThere(_)));
    there.filter_map(|item| question.rules[item.rule].sort).chain([given]).min().unwrap_or_default()
}

/// By its whole value staff may look for a phone, an e-mail address, a name or a customer number,
/// which is an id of the policy's own.
fn unsaid(question: &Question<'_>) -> Search {
    const SOUGHT: [KindId; 5] = [kind::PERSON_NAME, kind::PERSON_KANA, kind::EMAIL, kind::PHONE, kind::USER_ID];
    let is_own_number = question.id > kind::NOTES && question.kind.category == Category::Identity;
    if SOUGHT.contains(&question.id) || is_own_number { Search::Exact } else { Search::None }
}

/// What a rule says of a kind, its category or all.
pub(super) fn named<'r>(rule: &'r Rule, id: KindId, kind: &Kind) -> impl Iterator<Item = &'r Grant> {
    rule.grants.iter().filter(move |grant| grant.on.takes(id, kind.category))
}

/// Whether a rule is there.
enum There {
    Yes,
    No(&'static str),
    Either(&'static str),
}

fn there(question: &Question<'_>, number: usize) -> Result<There, Refusal> {
    match question.states.get(number) {
        Some(State::Holds) => Ok(There::Yes),
        Some(State::Fails(condition)) => Ok(There::No(condition)),
        Some(State::Either(condition)) => Ok(There::Either(condition)),
        Some(State::Unknown(condition)) => {
            let Rule { id, spot, .. } = &question.rules[number];
            let advice = if *condition == "cel" { ": ask `has(…)` before what may not be there" } else { "" };
            let place = format!("{}:{}", spot.file, spot.line);
            let note = format!("`{condition}` of rule `{id}` ({place}) cannot be evaluated{advice}");
            Err(Refusal::new(Reason::Rule, note))
        }
        None => Err(Refusal::new(Reason::Internal, "a rule has no state")),
    }
}

impl Who {
    /// Whether rules for these are rules of the role.
    pub fn takes(&self, role: RoleId) -> bool {
        match self {
            Who::Every => true,
            Who::Roles(roles) => roles.contains(&role),
        }
    }
}

impl On {
    /// Whether a kind of this category is meant.
    pub fn takes(self, id: KindId, category: Category) -> bool {
        match self {
            On::All => true,
            On::Category(named) => named == category,
            On::Kind(named) => named == id,
        }
    }

    /// How closely a kind is named: one of its own beats its category beats all.
    pub fn level(self) -> u8 {
        match self {
            On::All => 0,
            On::Category(_) => 1,
            On::Kind(_) => 2,
        }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
