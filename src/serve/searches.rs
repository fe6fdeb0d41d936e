//! What staff has looked for, and what it asked to have revealed, counted for the whole gateway: it outlives a reload of the rules, and begins anew
//! with the process.
//!
//! `guard/budget` counts; here are its key, which chance draws at the start, and its clock.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::guard::budget::{Budget, Sought, Spent};
use crate::policy::plan::{Limit, Plan, Search};
use crate::terms::kind::KindId;
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;

/// Counts searches, or requests to have something revealed.
pub struct Searches {
    budget: Mutex<Budget>,
    began: Instant,
}

impl Searches {
    /// Nothing was looked for yet.
    pub fn new() -> Result<Searches, Unspecified> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key)?;
        Ok(Searches { budget: Mutex::new(Budget::new(&key)), began: Instant::now() })
    }

    /// Counts what one person looks for, and gives the limits that it passes and that only tell; refuses what
    /// is beyond one that blocks. `longest` is for how many seconds any limit counts. Whoever is unknown is one
    /// person with all who are.
    pub fn count(
        &self,
        person: Option<&str>,
        plan: &Plan,
        values: &BTreeSet<(KindId, Secret)>,
        (limits, longest): (&[Limit], u32),
    ) -> Result<Vec<Limit>, Refusal> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let sought: Vec<Sought<'_>> = values
            .iter()
            .map(|(kind, value)| Sought {
                kind: &plan.kinds.get(*kind).name,
                value: &value.0,
                open: plan.decisions[usize::from(kind.0)].search == Search::Any,
            })
            .collect();
        self.budget.lock().unwrap_or_else(PoisonError::into_inner).keep_for(longest);
        self.spend(person.unwrap_or_default(), &sought, limits)
    }

    /// The same of what is counted each time: so many values that a request, by its own number, asks to have
    /// revealed. Where they are more than there is room for, none is counted.
    pub fn count_each(
        &self,
        person: &str,
        (request, values): (&str, usize),
        limits: &[Limit],
    ) -> Result<Vec<Limit>, Refusal> {
        let numbers: Vec<String> = (0..values).map(|number| format!("{request}-{number}")).collect();
        let sought: Vec<Sought<'_>> =
            numbers.iter().map(|number| Sought { kind: "", value: number, open: false }).collect();
        self.spend(person, &sought, limits)
    }

    fn spend(&self, person: &str, sought: &[Sought<'_>], limits: &[Limit]) -> Result<Vec<Limit>, Refusal> {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Nothing is left half counted where somebody panics.
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.spend(person, sought, limits, now).map_err(|spent| match spent {
            Spent::Limit(after) => {
                let note = format!("more values were asked for than a limit allows; there is room in {after} s");
                Refusal { after: Some(after), ..Refusal::new(Reason::Limit, note) }
            }
            Spent::Full => {
                Refusal::new(Reason::Overload, "no more persons or values that are looked for can be counted")
            }
        })
    }
}
