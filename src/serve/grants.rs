//! What is open to staff for a while: what was revealed by a rule that says `lasts`.
//!
//! It stands in the vault. What is read there is believed for two seconds and no longer: a vault that cannot be
//! read opens nothing, and neither does one whose rule, role or purpose is no more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::guard::opened::Opened;
use crate::policy::Policy;
use crate::policy::decide::RoleId;
use crate::terms::staff::Staff;
use crate::vault::grants::Grant;
use crate::vault::keep::Vault;

/// How long what was read is believed.
const LEASE: Duration = Duration::from_secs(2);

/// How long a request waits for the vault: then nothing is open to it.
const WAIT: Duration = Duration::from_secs(1);

/// Persons whose leases are kept; emptied when full, since what is asked for comes back at once.
const PERSONS_MAX: usize = 10_000;

/// By person, what was read and when.
type Leases = HashMap<String, (Instant, Arc<[Grant]>)>;

/// What is open to whom.
pub struct Grants {
    vault: Arc<Vault>,
    leases: Mutex<Leases>,
}

impl Grants {
    /// What this vault keeps.
    pub fn new(vault: Arc<Vault>) -> Grants {
        Grants { vault, leases: Mutex::default() }
    }

    /// Opens something to a person. Tells whether it is kept, and so holds.
    pub async fn open(&self, staff: &str, grant: Grant) -> bool {
        let (vault, person) = (Arc::clone(&self.vault), staff.to_owned());
        let kept = spawn_blocking(move || vault.grant(&person, &grant));
        let kept = matches!(timeout(WAIT, kept).await, Ok(Ok(Ok(true))));
        self.leases().remove(staff);
        kept
    }

    /// What is open to whoever asks, as far as the rules still say so.
    pub async fn opened(&self, policy: &Policy, staff: Option<&Staff>, roles: &[RoleId], now: i64) -> Vec<Opened> {
        let Some(staff) = staff.filter(|_| policy.opens()) else { return Vec::new() };
        let grants = self.of(&staff.id(), now).await;
        let opened = |grant: &Grant| {
            let kind = policy.kinds().id(&grant.kind)?;
            let rule = policy.reveals(roles, staff, kind, &grant.purpose)?;
            let lasts = rule.lasts.filter(|lasts| now < grant.from.saturating_add(i64::from(*lasts)))?;
            (lasts > 0).then(|| Opened { kind, of: grant.of.clone(), id: grant.id.clone(), rule: rule.id.clone() })
        };
        grants.iter().filter(|grant| grant.holds(now)).filter_map(opened).collect()
    }

    async fn of(&self, staff: &str, now: i64) -> Arc<[Grant]> {
        let known = self.leases().get(staff).filter(|(read, _)| read.elapsed() < LEASE).map(|(_, all)| Arc::clone(all));
        if let Some(known) = known {
            return known;
        }
        let (vault, person, began) = (Arc::clone(&self.vault), staff.to_owned(), Instant::now());
        let read = timeout(WAIT, spawn_blocking(move || vault.grants(&person, now))).await;
        let Ok(Ok(Ok(all))) = read else {
            self.leases().remove(staff);
            tracing::warn!("the vault cannot be read: nothing is open to anybody for a while");
            return Arc::default();
        };
        let all: Arc<[Grant]> = all.into();
        let mut leases = self.leases();
        if leases.len() >= PERSONS_MAX {
            leases.clear();
        }
        leases.insert(staff.to_owned(), (began, Arc::clone(&all)));
        all
    }

    fn leases(&self) -> MutexGuard<'_, Leases> {
        // A map is whole at every moment.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::memory_tests::Memory;
    use crate::vault::ring::fixed;

    const NOW: i64 = 1_800_000_000;

    /// Asks until so many are open; a lease that never lapsed would end the test by its own bound.
    async fn open(grants: &Grants, count: usize) {
        for _ in 0..200 {
            if grants.of("basic:tanaka", NOW).await.len() == count {
                return;
            }
            tokio::time::sleep(LEASE / 20).await;
        }
        panic!("{count} are not open in the end");
    }

    #[tokio::test]
    async fn what_is_open_lapses_where_the_store_cannot_be_read_and_is_back_with_it() {
        let memory = Memory::default();
        let vault = Vault::over(Box::new(memory.clone()), Arc::new(fixed()), 10, Box::new(|| NOW)).expect("a vault");
        let grants = Grants::new(Arc::new(vault));
        let [kind, of, id, purpose] = ["phone", "customer", "42", "call-back"].map(str::to_owned);
        assert!(grants.open("basic:tanaka", Grant { kind, of, id, purpose, from: NOW, until: NOW + 3600 }).await);
        open(&grants, 1).await;
        memory.away(true);
        open(&grants, 0).await;
        memory.away(false);
        open(&grants, 1).await;
        assert_eq!(grants.of("basic:sato", NOW).await.len(), 0, "it is nobody else's");
    }
}
