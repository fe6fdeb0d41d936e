//! Which reads and writes of one person's are on their way at once: what a read shows that was asked for before a
//! write of the same record came to its end may be what stood there before it.
//!
//! It is known in memory alone: what is on its way ends with the process. Moments are numbers of the store's.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Person;

/// How long a write counts as on its way of which nobody knows what came of it: the CRM may still be at it.
const LATE: Duration = Duration::from_mins(10);

/// How many records are known at once: beyond, a write is about everything.
const SCOPES_MAX: usize = 10_000;

/// What a write may change: all, what is one person's, of one type, or one record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    pub person: Option<Person>,
    pub kind: Option<String>,
    pub id: Option<String>,
}

/// All that is on its way.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// When reads were asked for that have not been kept yet, and how many.
    reads: BTreeMap<u64, usize>,
    writes: HashMap<Scope, Writes>,
}

/// The writes of one scope.
#[derive(Default)]
struct Writes {
    /// How many are on their way.
    open: usize,
    /// When the last one ended.
    ended: u64,
    /// When the last one was given up.
    given_up: Option<Instant>,
}

/// A read that is on its way.
pub(super) struct Read {
    turns: Turns,
    pub asked: u64,
}

/// A write that is on its way.
pub struct Write {
    turns: Turns,
    scopes: Vec<Scope>,
    /// When it came to its end.
    ended: Option<u64>,
}

impl Turns {
    /// Somebody asks.
    pub(super) fn read(&self, asked: u64) -> Read {
        *self.state().reads.entry(asked).or_default() += 1;
        Read { turns: self.clone(), asked }
    }

    /// Somebody writes.
    pub(super) fn write(&self, mut scopes: Vec<Scope>) -> Write {
        let mut state = self.state();
        state.forget();
        if state.writes.len() + scopes.len() > SCOPES_MAX {
            scopes = vec![Scope::default()];
        }
        scopes.iter().for_each(|scope| state.writes.entry(scope.clone()).or_default().open += 1);
        drop(state);
        Write { turns: self.clone(), scopes, ended: None }
    }

    /// Whether a write, but for one's own, may have changed a record since it was asked for.
    pub(super) fn may_be_changed(&self, record: &Scope, asked: u64, own: Option<&Write>) -> bool {
        let state = self.state();
        let person = Scope { person: record.person.clone(), ..Scope::default() };
        let kind = Scope { kind: record.kind.clone(), ..person.clone() };
        [&Scope::default(), &person, &kind, record].into_iter().any(|scope| {
            let own = own.map_or(0, |own| own.scopes.iter().filter(|other| *other == scope).count());
            let of = |writes: &Writes| writes.open > own || writes.ended > asked || writes.is_given_up();
            state.writes.get(scope).is_some_and(of)
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writes {
    fn is_given_up(&self) -> bool {
        self.given_up.is_some_and(|since| since.elapsed() < LATE)
    }
}

impl State {
    /// Lets go of writes that no read on its way can have missed.
    fn forget(&mut self) {
        let first = self.reads.keys().next().copied().unwrap_or(u64::MAX);
        self.writes.retain(|_, writes| writes.open > 0 || writes.is_given_up() || writes.ended > first);
    }
}

impl Write {
    /// It came to its end at this moment.
    pub fn end(mut self, now: u64) {
        self.ended = Some(now);
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        for scope in &self.scopes {
            let Some(writes) = state.writes.get_mut(scope) else { continue };
            writes.open = writes.open.saturating_sub(1);
            match self.ended {
                Some(ended) => writes.ended = writes.ended.max(ended),
                None => writes.given_up = Some(Instant::now()),
            }
        }
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        if let Some(count) = state.reads.get_mut(&self.asked) {
            *count -= 1;
            if *count == 0 {
                state.reads.remove(&self.asked);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> Scope {
        let person = Some(["crm".to_owned(), "basic:tanaka".to_owned()]);
        Scope { person, kind: Some("partner".into()), id: Some(id.into()) }
    }

    #[test]
    fn a_read_is_in_doubt_that_was_asked_for_before_a_write_ended() {
        let turns = Turns::default();
        let read = turns.read(1);
        assert!(!turns.may_be_changed(&record("42"), 1, None));
        let write = turns.write(vec![record("42")]);
        assert!(turns.may_be_changed(&record("42"), 1, None));
        assert!(!turns.may_be_changed(&record("42"), 1, Some(&write)), "its own answer comes after it");
        assert!(!turns.may_be_changed(&record("43"), 1, None), "another record");
        assert!(turns.may_be_changed(&record("42"), 2, None), "what is asked for meanwhile");
        write.end(3);
        assert!(turns.may_be_changed(&record("42"), 1, None));
        assert!(turns.may_be_changed(&record("42"), 2, None));
        assert!(!turns.may_be_changed(&record("42"), 3, None), "what is asked for after it");
        drop(read);
        turns.state().forget();
        assert!(turns.state().writes.is_empty(), "nobody is left who could have missed it");
    }

    #[test]
    fn a_write_that_was_given_up_counts_on() {
        let turns = Turns::default();
        drop(turns.write(vec![record("42")]));
        assert!(turns.may_be_changed(&record("42"), u64::MAX, None));
        assert!(!turns.may_be_changed(&record("43"), 0, None));
    }

    #[test]
    fn a_write_of_a_type_is_one_of_each_record() {
        let turns = Turns::default();
        let kind = Scope { id: None, ..record("") };
        let write = turns.write(vec![kind]);
        assert!(turns.may_be_changed(&record("42"), 1, None));
        let other = Scope { kind: Some("lead".into()), ..record("42") };
        assert!(!turns.may_be_changed(&other, 1, None));
        drop(write);
        let many = turns.write((0..=SCOPES_MAX).map(|id| record(&id.to_string())).collect());
        assert!(turns.may_be_changed(&other, 1, None), "more than can be known is all");
        assert!(turns.state().writes.len() <= 2);
        drop(many);
    }
}
