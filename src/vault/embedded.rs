//! The vault's records in one file of the state folder (redb), which one process has open.
//!
//! ```text
//! lookups   lookup      ->  token, and where it ends 8 bytes when
//! tokens    token       ->  sealed, or where it ends 2 zeros, 8 bytes when, then sealed
//! ends      when, token ->  lookup
//! times     "latest"    ->  8 bytes, the latest time that was told
//! grants    keyed hashes ->  sealed
//! ```
//!
//! What is sealed begins with the version of its keys, which is never 0.
//!
//! After one error of the disk the store answers nothing until it is opened anew. So it is: with the next call, and
//! then no more often than `PAUSE`; until that succeeds every call fails, at once.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use redb::{Database, Error, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableError};

use crate::vault::backend::{Backend, Grant, Held, Lookup, Record, Row, TOKEN_BYTES, Token};
use crate::vault::file::{self, ENDS, GRANTS, LOOKUPS, TIMES, TOKENS, Table};
use crate::vault::open::VaultError;
use crate::vault::ring::Ring;
use crate::vault::seal::LOOKUP_BYTES;

/// How long is waited between two tries to open the file anew.
const PAUSE: Duration = Duration::from_secs(1);

/// How much time may pass before it is written down though nothing else is.
const TIME_STEP: i64 = 60;

const LATEST: &[u8] = b"latest";
const TIME_BYTES: usize = 8;
const ENDS_MARK: [u8; 2] = [0, 0];

/// Opens the file again, which is there already.
type Reopen = Box<dyn Fn() -> Result<Database, VaultError> + Send + Sync>;

/// One file.
pub struct Embedded {
    state: RwLock<State>,
    /// The last of the states in which the disk failed.
    broken: AtomicU64,
    tried: Mutex<Option<Instant>>,
    pause: Duration,
    reopen: Reopen,
}

struct State {
    /// Counted from 1, each time that the file is opened.
    number: u64,
    /// None while it cannot be opened anew.
    database: Option<Database>,
}

impl Embedded {
    /// Opens the file; makes it where there is none.
    pub fn open(path: &Path, ring: &Arc<Ring>) -> Result<Embedded, VaultError> {
        let database = file::open(path, ring)?;
        let (path, ring) = (path.to_owned(), Arc::clone(ring));
        Ok(Embedded::with(database, Box::new(move || file::reopen(&path, &ring)), PAUSE))
    }

    /// A store that is open, and how it is opened anew.
    pub(super) fn with(database: Database, reopen: Reopen, pause: Duration) -> Embedded {
        let state = RwLock::new(State { number: 1, database: Some(database) });
        Embedded { state, broken: AtomicU64::new(0), tried: Mutex::new(None), pause, reopen }
    }

    fn with_database<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, Box<Error>> {
        self.mend()?;
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = &state.database else { return Err(Box::new(Error::PreviousIo)) };
        work(database).map_err(|cause| {
            if is_final(&cause) {
                self.broken.fetch_max(state.number, Ordering::AcqRel);
            }
            Box::new(cause)
        })
    }

    /// Opens the file anew where it has to be, and nobody has tried just now.
    fn mend(&self) -> Result<(), Box<Error>> {
        let is_sound = |state: &State| self.broken.load(Ordering::Acquire) < state.number && state.database.is_some();
        if is_sound(&self.state.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        // While one tries the others do not wait.
        let Ok(mut tried) = self.tried.try_lock() else { return Err(Box::new(Error::PreviousIo)) };
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if is_sound(&state) {
            return Ok(());
        }
        if tried.is_some_and(|at| at.elapsed() < self.pause) {
            return Err(Box::new(Error::PreviousIo));
        }
        *tried = Some(Instant::now());
        // What is open holds the file's lock.
        state.database = None;
        let opened = (self.reopen)().map_err(|_| Box::new(Error::PreviousIo))?;
        *state = State { number: state.number + 1, database: Some(opened) };
        Ok(())
    }

    fn read<T>(&self, work: impl FnOnce(&Database) -> Result<T, Error>) -> Result<T, VaultError> {
        self.with_database(work).map_err(|cause| VaultError::Read(cause))
    }

    fn write<T>(&self, work: impl FnOnce(&redb::WriteTransaction) -> Result<T, Error>) -> Result<T, VaultError> {
        let written = self.with_database(|database| {
            // Commits are durable unless told otherwise.
            let mut transaction = database.begin_write()?;
            // A start after a kill would have to walk through all of a large file.
            transaction.set_quick_repair(true);
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        written.map_err(|cause| VaultError::Write(cause))
    }
}

impl Backend for Embedded {
    fn mark(&self, version: u16, mark: &Lookup) -> Result<(), VaultError> {
        let known = self.read(|database| file::is_marked(database, version))?;
        if known { Ok(()) } else { self.write(|transaction| file::mark(transaction, version, mark)) }
    }

    fn find(&self, lookup: &Lookup, now: i64) -> Result<Option<Held>, VaultError> {
        let found = self.read(|database| Ok(get(database, LOOKUPS, lookup)?.as_deref().map(held)))?;
        match found {
            Some(None) => Err(VaultError::Read(Box::new(Error::Corrupted("a lookup of no known length".to_owned())))),
            found => Ok(found.flatten().filter(|held| lives(held.until, now))),
        }
    }

    fn record(&self, token: &Token, now: i64) -> Result<Option<Record>, VaultError> {
        let found = self.read(|database| get(database, TOKENS, token))?;
        Ok(found.map(record).filter(|record| lives(record.until, now)))
    }

    fn keep(&self, rows: &[&Row], now: i64) -> Result<(), VaultError> {
        self.write(|transaction| {
            let (mut lookups, mut tokens) = (transaction.open_table(LOOKUPS)?, transaction.open_table(TOKENS)?);
            for row in rows {
                let known = lookups.get(&row.lookup[..])?.and_then(|known| held(known.value()));
                let stays = known.is_some_and(|known| lives(known.until, now) && row.instead != Some(known.token));
                if !stays {
                    lookups.insert(&row.lookup[..], &*lookup_bytes(&row.token, row.until))?;
                }
                tokens.insert(&row.token[..], &*record_bytes(row))?;
            }
            if rows.iter().any(|row| row.until.is_some()) {
                let mut ends = transaction.open_table(ENDS)?;
                for row in rows {
                    let Some(until) = row.until else { continue };
                    ends.insert(&*end_bytes(until, &row.token), &row.lookup[..])?;
                }
            }
            told(transaction, now)
        })
    }

    fn sweep(&self, now: i64, count_max: usize) -> Result<usize, VaultError> {
        let (is_due, is_late) = self.read(|database| {
            let Some(ends) = table(database, ENDS)? else { return Ok((false, false)) };
            let first = ends.first()?.and_then(|(key, _)| time_of(key.value()));
            let latest = get(database, TIMES, LATEST)?.and_then(|time| time_of(&time)).unwrap_or_default();
            Ok((first.is_some_and(|until| !lives(Some(until), now)), first.is_some() && now - latest >= TIME_STEP))
        })?;
        if !is_due && !is_late {
            return Ok(0);
        }
        self.write(|transaction| {
            let (mut lookups, mut tokens) = (transaction.open_table(LOOKUPS)?, transaction.open_table(TOKENS)?);
            let mut ends = transaction.open_table(ENDS)?;
            let ended: Vec<Grant> = ends
                .range(..&*end_bytes(now.saturating_add(1), &[0; TOKEN_BYTES]))?
                .take(count_max)
                .map(|row| row.map(|(key, lookup)| (key.value().to_vec(), lookup.value().to_vec())))
                .collect::<Result<_, _>>()?;
            for (key, lookup) in &ended {
                let token = key.get(TIME_BYTES..).unwrap_or_default();
                ends.remove(&key[..])?;
                tokens.remove(token)?;
                // It may find another by now.
                let is_its = lookups.get(&lookup[..])?.is_some_and(|known| known.value().starts_with(token));
                if is_its {
                    lookups.remove(&lookup[..])?;
                }
            }
            told(transaction, now)?;
            Ok(ended.len())
        })
    }

    fn tokens(&self) -> Result<u64, VaultError> {
        self.read(|database| Ok(table(database, TOKENS)?.map_or(Ok(0), |tokens| tokens.len())?))
    }

    fn ending(&self) -> Result<u64, VaultError> {
        self.read(|database| Ok(table(database, ENDS)?.map_or(Ok(0), |ends| ends.len())?))
    }

    fn latest(&self) -> Result<i64, VaultError> {
        Ok(self.read(|database| get(database, TIMES, LATEST))?.and_then(|time| time_of(&time)).unwrap_or_default())
    }

    fn grants(&self, person: &Lookup, count_max: usize) -> Result<Vec<Grant>, VaultError> {
        let from = [*person, [0; LOOKUP_BYTES]].concat();
        let to = [*person, [0xff; LOOKUP_BYTES]].concat();
        self.read(|database| {
            let Some(grants) = table(database, GRANTS)? else { return Ok(Vec::new()) };
            let rows = grants.range(&from[..]..=&to[..])?.take(count_max);
            Ok(rows
                .map(|row| row.map(|(key, sealed)| (key.value().to_vec(), sealed.value().to_vec())))
                .collect::<Result<_, _>>()?)
        })
    }

    fn grant(&self, gone: &[Vec<u8>], key: &[u8], sealed: &[u8]) -> Result<(), VaultError> {
        self.write(|transaction| {
            let mut grants = transaction.open_table(GRANTS)?;
            for key in gone {
                grants.remove(&key[..])?;
            }
            grants.insert(key, sealed)?;
            Ok(())
        })
    }
}

/// Whether the store answers nothing more until it is opened anew.
fn is_final(cause: &Error) -> bool {
    matches!(cause, Error::Io(_) | Error::PreviousIo | Error::DatabaseClosed | Error::LockPoisoned(_))
}

/// Whether what ends then is there now.
fn lives(until: Option<i64>, now: i64) -> bool {
    until.is_none_or(|until| now < until)
}

type Bytes = &'static [u8];

/// A table, if there is one: some are made with what first stands in them.
fn table(database: &Database, table: Table) -> Result<Option<redb::ReadOnlyTable<Bytes, Bytes>>, Error> {
    match database.begin_read()?.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        table => Ok(Some(table?)),
    }
}

fn get(database: &Database, name: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let Some(table) = table(database, name)? else { return Ok(None) };
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

/// Notes the latest time.
fn told(transaction: &redb::WriteTransaction, now: i64) -> Result<(), Error> {
    let mut times = transaction.open_table(TIMES)?;
    let latest = times.get(LATEST)?.and_then(|time| time_of(time.value())).unwrap_or_default();
    if now > latest {
        times.insert(LATEST, &now.max(0).to_be_bytes()[..])?;
    }
    Ok(())
}

fn time_of(bytes: &[u8]) -> Option<i64> {
    bytes.first_chunk::<TIME_BYTES>().map(|time| i64::from_be_bytes(*time))
}

fn lookup_bytes(token: &Token, until: Option<i64>) -> Vec<u8> {
    let mut bytes = token.to_vec();
    bytes.extend(until.into_iter().flat_map(i64::to_be_bytes));
    bytes
}

fn held(bytes: &[u8]) -> Option<Held> {
    let (token, rest) = bytes.split_first_chunk::<TOKEN_BYTES>()?;
    let until = if rest.is_empty() { None } else { Some(i64::from_be_bytes(rest.try_into().ok()?)) };
    Some(Held { token: *token, until })
}

fn record_bytes(row: &Row) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ENDS_MARK.len() + TIME_BYTES + row.sealed.len());
    if let Some(until) = row.until {
        bytes.extend(ENDS_MARK);
        bytes.extend(until.to_be_bytes());
    }
    bytes.extend(&row.sealed);
    bytes
}

/// What stands under a token.
pub(super) fn record(bytes: Vec<u8>) -> Record {
    let ends = bytes.strip_prefix(&ENDS_MARK).and_then(|rest| rest.split_first_chunk::<TIME_BYTES>());
    match ends {
        Some((until, sealed)) => Record { until: Some(i64::from_be_bytes(*until)), sealed: sealed.to_vec() },
        None => Record { until: None, sealed: bytes },
    }
}

/// In the order of time; no time is before 1970.
pub(super) fn end_bytes(until: i64, token: &Token) -> Vec<u8> {
    [&until.max(0).to_be_bytes()[..], token].concat()
}
