//! A backend in memory: it keeps nothing, and shows that the tests of `backend_tests` ask for no more than the door says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::vault::backend::{Backend, Grant, Held, Lookup, Record, Row, Token};
use crate::vault::open::VaultError;

/// What several share, as gateways share a database.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    lookups: BTreeMap<Lookup, Held>,
    tokens: BTreeMap<Token, Record>,
    ends: BTreeSet<(i64, Token, Lookup)>,
    grants: BTreeMap<Vec<u8>, Vec<u8>>,
    marks: BTreeMap<u16, Lookup>,
    latest: i64,
    looks: usize,
    is_away: bool,
}

impl Memory {
    /// From here on nobody can read what is open to somebody, or can again.
    pub fn away(&self, is_away: bool) {
        self.tables().is_away = is_away;
    }

    /// How often somebody asked for what a token stands for.
    pub fn looks(&self) -> usize {
        self.tables().looks
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().expect("no test failed")
    }
}

fn lives(until: Option<i64>, now: i64) -> bool {
    until.is_none_or(|until| now < until)
}

impl Backend for Memory {
    fn mark(&self, version: u16, mark: &Lookup) -> Result<(), VaultError> {
        self.tables().marks.insert(version, *mark);
        Ok(())
    }

    fn find(&self, lookup: &Lookup, now: i64) -> Result<Option<Held>, VaultError> {
        Ok(self.tables().lookups.get(lookup).copied().filter(|held| lives(held.until, now)))
    }

    fn record(&self, token: &Token, now: i64) -> Result<Option<Record>, VaultError> {
        let mut tables = self.tables();
        tables.looks += 1;
        Ok(tables.tokens.get(token).cloned().filter(|record| lives(record.until, now)))
    }

    fn keep(&self, rows: &[&Row], now: i64) -> Result<(), VaultError> {
        let mut tables = self.tables();
        for Row { lookup, token, until, sealed, instead } in rows.iter().copied().cloned() {
            let known = tables.lookups.get(&lookup).copied();
            if !known.is_some_and(|known| lives(known.until, now) && instead != Some(known.token)) {
                tables.lookups.insert(lookup, Held { token, until });
            }
            tables.tokens.insert(token, Record { until, sealed });
            tables.ends.extend(until.map(|until| (until, token, lookup)));
        }
        tables.latest = tables.latest.max(now);
        Ok(())
    }

    fn sweep(&self, now: i64, count_max: usize) -> Result<usize, VaultError> {
        let mut tables = self.tables();
        let ended: Vec<_> =
            tables.ends.iter().take_while(|(until, ..)| *until <= now).take(count_max).copied().collect();
        for end @ (_, token, lookup) in &ended {
            tables.ends.remove(end);
            tables.tokens.remove(token);
            if tables.lookups.get(lookup).is_some_and(|held| held.token == *token) {
                tables.lookups.remove(lookup);
            }
        }
        tables.latest = tables.latest.max(now);
        Ok(ended.len())
    }

    fn tokens(&self) -> Result<u64, VaultError> {
        Ok(self.tables().tokens.len() as u64)
    }

    fn ending(&self) -> Result<u64, VaultError> {
        Ok(self.tables().ends.len() as u64)
    }

    fn latest(&self) -> Result<i64, VaultError> {
        Ok(self.tables().latest)
    }

    fn grants(&self, person: &Lookup, count_max: usize) -> Result<Vec<Grant>, VaultError> {
        let tables = self.tables();
        if tables.is_away {
            return Err(VaultError::Away(PathBuf::new()));
        }
        let own = tables.grants.iter().filter(|(key, _)| key.starts_with(person));
        Ok(own.take(count_max).map(|(key, sealed)| (key.clone(), sealed.clone())).collect())
    }

    fn grant(&self, gone: &[Vec<u8>], key: &[u8], sealed: &[u8]) -> Result<(), VaultError> {
        let mut tables = self.tables();
        for key in gone {
            tables.grants.remove(key);
        }
        tables.grants.insert(key.to_vec(), sealed.to_vec());
        Ok(())
    }
}
