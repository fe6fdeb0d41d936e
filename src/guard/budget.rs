//! How many values of veiled kinds each person has looked for, so that nobody finds a hidden one by trying.
//!
//! A search by a whole value tells whether it is there. Once that is somebody's work, by the hundred it is
//! guessing. What was looked for is kept as a keyed hash and the moment of the last time; the key, the clock
//! and the rules' limits are passed in. Everything has its bound, and what is full refuses: nothing is forgotten
//! in favour of whoever asks.

use std::collections::HashMap;
use std::fmt;

use aws_lc_rs::hmac;

use crate::policy::plan::{Limit, Then};

/// Persons of whom something is kept.
const PERSONS_MAX: usize = 10_000;

/// Values of one person; no limit may allow more.
const VALUES_MAX: usize = 10_000;

/// Values of all together: some 40 MB.
const ALL_VALUES_MAX: usize = 500_000;

/// Bytes of a value's mark.
const MARK_BYTES: usize = 16;

/// A value that somebody looks for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sought<'a> {
    /// The name of its kind.
    pub kind: &'a str,
    /// The value, in the spelling in which equal ones are one.
    pub value: &'a str,
    /// Whether a rule lets them look for this kind in any way, so that there is nothing to guess.
    pub open: bool,
}

/// It is a person's, so only its length is shown.
impl fmt::Debug for Sought<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sought({}, {} bytes)", self.kind, self.value.len())
    }
}

/// Why nothing more is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// This person has looked for too much; in so many seconds there is room again.
    Limit(u32),
    /// No more persons or values can be kept.
    Full,
}

/// What everybody has looked for.
pub struct Budget {
    key: hmac::Key,
    persons: HashMap<String, Person>,
    /// Values of all persons.
    values: usize,
    /// For how long everybody's values are kept at least, in milliseconds: as long as any limit counts.
    least: u64,
}

#[derive(Default)]
struct Person {
    seen: HashMap<Mark, Seen>,
    /// For how long their values count, in milliseconds.
    keeps: u64,
}

/// A value as it is kept: what of it belongs to one kind can be told.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Mark {
    kind: u64,
    value: [u8; MARK_BYTES],
}

/// When a value was last looked for, and when last among kinds that may only be looked for as a whole.
#[derive(Clone, Copy)]
struct Seen {
    at: u64,
    closed: Option<u64>,
}

impl Budget {
    /// Nothing was looked for yet; values are hashed under this key.
    pub fn new(key: &[u8; 32]) -> Budget {
        Budget { key: hmac::Key::new(hmac::HMAC_SHA256, key), persons: HashMap::new(), values: 0, least: 0 }
    }

    /// Keeps everybody's values for so many seconds from now on, or for longer, if it was said so before: whoever
    /// comes with other roles the next time must not have begun anew.
    pub fn keep_for(&mut self, seconds: u32) {
        self.least = self.least.max(millis(seconds));
    }

    /// Counts what a person looks for at this moment, in milliseconds of any clock that only goes on, and gives
    /// the limits that it passes and that only tell. Where one refuses, nothing is counted.
    pub fn spend(
        &mut self,
        person: &str,
        sought: &[Sought<'_>],
        limits: &[Limit],
        now: u64,
    ) -> Result<Vec<Limit>, Spent> {
        let mut asked: HashMap<Mark, bool> = HashMap::new();
        for own in sought {
            // What is closed in one place is closed.
            *asked.entry(self.mark(own)).or_insert(true) &= own.open;
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let longest = limits.iter().map(|limit| millis(limit.per)).max().unwrap_or_default();
        // Whoever comes with other roles, or under other rules, has looked for no less.
        let keeps = longest.max(self.least).max(self.persons.get(person).map_or(0, |known| known.keeps));
        self.forget(person, keeps, now);
        let none = HashMap::new();
        let seen = self.persons.get(person).map_or(&none, |person| &person.seen);
        let mut alerts = Vec::new();
        let mut wait: Option<u32> = None;
        for limit in limits {
            match (over(limit, seen, &asked, now), limit.then) {
                (None, _) => {}
                (Some(after), Then::Block) => wait = wait.max(Some(after)),
                (Some(_), Then::Alert) => alerts.push(*limit),
            }
        }
        match wait {
            Some(after) => Err(Spent::Limit(after)),
            None => self.keep(person, &asked, keeps, now).map(|()| alerts),
        }
    }

    fn keep(&mut self, person: &str, asked: &HashMap<Mark, bool>, keeps: u64, now: u64) -> Result<(), Spent> {
        let held = self.persons.get(person).map_or(0, |person| person.seen.len());
        let is_new = |mark: &Mark| self.persons.get(person).is_none_or(|person| !person.seen.contains_key(mark));
        let fresh = asked.keys().filter(|mark| is_new(mark)).count();
        if held + fresh > VALUES_MAX {
            return Err(Spent::Limit(seconds(keeps)));
        }
        let is_full = |budget: &Budget| {
            budget.values + fresh > ALL_VALUES_MAX
                || (budget.persons.len() >= PERSONS_MAX && !budget.persons.contains_key(person))
        };
        if is_full(self) {
            self.sweep(now);
        }
        if is_full(self) {
            return Err(Spent::Full);
        }
        let known = self.persons.entry(person.to_owned()).or_default();
        known.keeps = keeps;
        for (mark, open) in asked {
            let seen = known.seen.entry(*mark).or_insert(Seen { at: now, closed: None });
            seen.at = now;
            if !open {
                seen.closed = Some(now);
            }
        }
        self.values += fresh;
        Ok(())
    }

    /// Forgets of one person what no limit asks for any more.
    fn forget(&mut self, person: &str, keeps: u64, now: u64) {
        let Some(known) = self.persons.get_mut(person) else { return };
        let before = known.seen.len();
        known.seen.retain(|_, seen| is_within(seen.at, keeps, now));
        self.values -= before - known.seen.len();
    }

    /// The same of everybody.
    fn sweep(&mut self, now: u64) {
        let least = self.least;
        self.persons.retain(|_, known| {
            known.seen.retain(|_, seen| is_within(seen.at, known.keeps.max(least), now));
            !known.seen.is_empty()
        });
        self.values = self.persons.values().map(|known| known.seen.len()).sum();
    }

    fn mark(&self, own: &Sought<'_>) -> Mark {
        let tag = |parts: &[&[u8]]| {
            let mut context = hmac::Context::with_key(&self.key);
            for part in parts {
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part);
            }
            context.sign()
        };
        let (kind, value) = (tag(&[own.kind.as_bytes()]), tag(&[own.kind.as_bytes(), own.value.as_bytes()]));
        let kind = std::array::from_fn(|at| kind.as_ref()[at]);
        Mark { kind: u64::from_be_bytes(kind), value: std::array::from_fn(|at| value.as_ref()[at]) }
    }
}

/// It holds who asked and how much, which is nobody's to print.
impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Budget({} persons, {} values)", self.persons.len(), self.values)
    }
}

/// Whether these values go beyond a limit, and after how many seconds they would not. What counts in its time
/// already costs nothing once more.
fn over(limit: &Limit, seen: &HashMap<Mark, Seen>, asked: &HashMap<Mark, bool>, now: u64) -> Option<u32> {
    if !limit.each {
        let times = seen.iter().map(|(mark, seen)| (mark, seen.at));
        return beyond(limit, times, asked.keys(), now);
    }
    let closed = || asked.iter().filter(|(_, open)| !**open).map(|(mark, _)| mark);
    let mut kinds: Vec<u64> = closed().map(|mark| mark.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let of = |kind: u64| {
        let times = seen.iter().filter(move |(mark, _)| mark.kind == kind);
        let times = times.filter_map(|(mark, seen)| Some((mark, seen.closed?)));
        beyond(limit, times, closed().filter(move |mark| mark.kind == kind), now)
    };
    kinds.into_iter().filter_map(of).max()
}

fn beyond<'m>(
    limit: &Limit,
    seen: impl Iterator<Item = (&'m Mark, u64)>,
    asked: impl Iterator<Item = &'m Mark>,
    now: u64,
) -> Option<u32> {
    let per = millis(limit.per);
    let counted: HashMap<&Mark, u64> = seen.filter(|(_, at)| is_within(*at, per, now)).collect();
    let fresh = asked.filter(|mark| !counted.contains_key(mark)).count();
    let allowed = limit.searches as usize;
    // Where all is spent even what was looked for before is not answered: that would tell what it was, which
    // whoever looked by a token does not know.
    let is_spent = limit.then == Then::Block && counted.len() >= allowed;
    if !is_spent && (fresh == 0 || counted.len() + fresh <= allowed) {
        return None;
    }
    let mut times: Vec<u64> = counted.into_values().collect();
    times.sort_unstable();
    // So many must have gone before these have room; where they never have, a whole time says so.
    let gone = times.len() + fresh.max(1) - allowed;
    let until = gone.checked_sub(1).and_then(|last| times.get(last)).map_or(per, |at| (at + per).saturating_sub(now));
    Some(seconds(until))
}

fn is_within(at: u64, per: u64, now: u64) -> bool {
    now.saturating_sub(at) < per
}

fn millis(seconds: u32) -> u64 {
    u64::from(seconds) * 1000
}

/// Whole seconds, and never none.
fn seconds(millis: u64) -> u32 {
    u32::try_from(millis.div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::limits::UNSAID;

    const HOUR: u64 = 3_600_000;

    fn limit(searches: u32, per: u32, then: Then) -> Limit {
        Limit { searches, per, then, each: false }
    }

    fn sought<'a>(kind: &'a str, value: &'a str) -> Sought<'a> {
        Sought { kind, value, open: false }
    }

    fn budget() -> Budget {
        Budget::new(&[7; 32])
    }

    #[test]
    fn a_value_counts_once_and_the_next_one_waits() {
        let (mut budget, limits) = (budget(), [limit(2, 3600, Then::Block)]);
        let mut ask = |value, now| budget.spend("a", &[sought("phone", value)], &limits, now);
        assert_eq!(ask("1", 0), Ok(vec![]));
        assert_eq!(ask("1", 1000), Ok(vec![]));
        assert_eq!(ask("2", 2000), Ok(vec![]));
        assert_eq!(ask("3", 3000), Err(Spent::Limit(3598)), "when the first was last looked for, and an hour");
        assert_eq!(ask("1", 3000), Err(Spent::Limit(3598)), "nor what was counted, once all is spent");
        assert_eq!(ask("3", 1000 + HOUR - 1), Err(Spent::Limit(1)));
        assert_eq!(ask("3", 1000 + HOUR), Ok(vec![]), "one has gone");
        assert_eq!(ask("4", 1000 + HOUR), Err(Spent::Limit(1)), "the other has not");
    }

    #[test]
    fn what_is_refused_is_not_counted_and_persons_are_apart() {
        let (mut budget, limits) = (budget(), [limit(1, 60, Then::Block)]);
        let two = [sought("phone", "1"), sought("phone", "2")];
        assert_eq!(budget.spend("a", &two, &limits, 0), Err(Spent::Limit(60)), "they never fit");
        assert_eq!(budget.spend("a", &two[..1], &limits, 0), Ok(vec![]));
        assert_eq!(budget.spend("b", &two[1..], &limits, 0), Ok(vec![]));
        assert_eq!(budget.spend("a", &two[1..], &limits, 0), Err(Spent::Limit(60)));
        assert_eq!(budget.spend("a", &[], &limits, 0), Ok(vec![]));
        // The same digits of another kind are another value.
        assert_eq!(budget.spend("a", &[sought("email", "1")], &limits, 0), Err(Spent::Limit(60)));
    }

    #[test]
    fn an_alert_tells_and_lets_pass() {
        let alert = limit(1, 60, Then::Alert);
        let (mut budget, limits) = (budget(), [alert, limit(3, 60, Then::Block)]);
        let mut ask = |value| budget.spend("a", &[sought("phone", value)], &limits, 0);
        assert_eq!(ask("1"), Ok(vec![]));
        assert_eq!(ask("2"), Ok(vec![alert]));
        assert_eq!(ask("2"), Ok(vec![]), "it was told");
        assert_eq!(ask("3"), Ok(vec![alert]));
        assert_eq!(ask("4"), Err(Spent::Limit(60)));
    }

    #[test]
    fn where_nobody_says_how_much_each_kind_has_its_own() {
        let mut budget = budget();
        let values: Vec<String> = (0..101).map(|number| number.to_string()).collect();
        let mut ask = |kind, value: &str, open| {
            budget
                .spend("a", &[Sought { kind, value, open }], &[UNSAID], 0)
                .map_err(|spent| spent == Spent::Limit(3600))
        };
        for value in &values {
            assert_eq!(ask("notes", value, true), Ok(vec![]), "a kind that may be asked anything of is not counted");
        }
        for value in &values[..100] {
            assert_eq!((ask("phone", value, false), ask("email", value, false)), (Ok(vec![]), Ok(vec![])));
        }
        assert_eq!((ask("phone", "x", false), ask("email", "x", false)), (Err(true), Err(true)));
        // What was looked for openly counts as soon as it is not.
        assert_eq!(ask("notes", "0", false), Ok(vec![]));
    }

    #[test]
    fn changed_limits_find_what_was_counted_before() {
        let mut budget = budget();
        let mut ask = |value, searches| {
            budget.spend("a", &[sought("phone", value)], &[limit(searches, 60, Then::Block)], 0).is_ok()
        };
        assert!(ask("1", 5) && ask("2", 5) && ask("3", 5));
        assert!(!ask("4", 3) && !ask("4", 1) && ask("4", 4));
    }

    #[test]
    fn what_is_full_refuses_and_what_is_past_makes_room() {
        let mut budget = budget();
        let limits = [limit(10_000, 60, Then::Block)];
        let value = [sought("phone", "1")];
        for person in 0..PERSONS_MAX {
            assert_eq!(budget.spend(&person.to_string(), &value, &limits, 0), Ok(vec![]));
        }
        assert_eq!(budget.spend("one more", &value, &limits, 59_999), Err(Spent::Full));
        assert_eq!(budget.spend("7", &value, &limits, 59_999), Ok(vec![]), "who is known is served");
        assert_eq!(budget.spend("one more", &value, &limits, 60_000), Ok(vec![]));
        assert_eq!((budget.persons.len(), budget.values), (2, 2));
    }

    #[test]
    fn whoever_comes_with_other_roles_has_looked_for_no_less() {
        let mut budget = budget();
        budget.keep_for(3600);
        budget.keep_for(1);
        let (short, long) = ([limit(5, 1, Then::Block)], [limit(2, 3600, Then::Block)]);
        assert_eq!(budget.spend("a", &[sought("phone", "1")], &short, 0), Ok(vec![]));
        assert_eq!(budget.spend("a", &[sought("phone", "2")], &short, 2000), Ok(vec![]));
        assert_eq!(budget.spend("a", &[sought("phone", "3")], &long, 4000), Err(Spent::Limit(3596)));
        budget.sweep(5000);
        assert_eq!(budget.values, 2);
    }

    #[test]
    fn nothing_that_is_kept_is_a_value() {
        let mut budget = budget();
        let own = sought("phone", "090-1234-5678");
        budget.spend("a", std::slice::from_ref(&own), &[UNSAID], 0).expect("room");
        let kept: Vec<u8> = budget.persons["a"].seen.keys().flat_map(|mark| mark.value).collect();
        assert_eq!(kept.len(), MARK_BYTES);
        assert_ne!(budget.mark(&own).value, Budget::new(&[8; 32]).mark(&own).value, "another key, another mark");
        assert!(!format!("{own:?} {budget:?}").contains("1234"));
    }
}
