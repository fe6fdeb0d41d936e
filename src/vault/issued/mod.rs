//! What staff was given, for as long as it may come back: sealed, found by a keyed hash alone, bounded.
//!
//! A file of its own in the state folder (redb; 0600), used by one process at a time. It may be lost at any time:
//! then veils of before are refused in writes. Four tables:
//!
//! ```text
//! shown    keyed hash of staff and field  ->  8 bytes number, 8 until when it is kept, 8 since when it counts,
//!                                             1 whether it is in doubt, 16 to tell whether two say the same,
//!                                             then sealed: what is kept
//!          keyed hash of staff, and of a type, a record or a field of theirs  ->  the same, and nothing sealed:
//!                                             what counts since before its number is not in force
//! ages     number  ->  owner, keyed hash
//! owned    owner, number  ->  keyed hash
//! counts   owner  ->  how many
//! ```
//!
//! Numbers grow, so that the lowest is the oldest, and what puts rows out of force outlives them. A row counts since
//! its answer was asked for. An owner is a keyed hash of staff. Nothing can be found out
//! without the ring, and a field is sealed under its own hash, so that it cannot be put in another's place.
//!
//! Nothing older may be in force after something newer could not be written: then the file is made anew. What is
//! only late puts all of that person's out of force, in memory at once and in the file with the next commit.

mod tables;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadOnlyTable, ReadableDatabase};
use zeroize::Zeroizing;

use self::tables::{FIELDS, Is, OWNER_BYTES, PRINT_BYTES, Row, Stored, Tables};
use crate::vault::derive::ISSUED;
use crate::vault::open::VaultError;
use crate::vault::page;
use crate::vault::ring::Ring;
use crate::vault::seal::LookupKey;

/// How many fields are kept of one person, and of all together.
const BOUNDS: (u64, u64) = (20_000, 500_000);

/// What waits to be written: answers beyond it are not remembered.
const WAITING_MAX: usize = 40_000;

/// Of how many people something may be late at once.
const LATE_MAX: usize = 10_000;

/// So often what cannot be opened is tried again at the least: once in so many questions, by twos.
const TRIES_EXPONENT: u32 = 10;

/// The database and the number of its youngest row, or why there is none.
type Opened = Result<(Database, u64), VaultError>;

/// What is remembered of what staff was given.
pub struct IssuedStore {
    path: PathBuf,
    opens: Box<dyn Fn() -> Opened + Send + Sync>,
    state: Mutex<State>,
    /// How often in a row it could not be opened or written.
    failures: AtomicU32,
    ring: Arc<Ring>,
    /// The newest first: what an older version of the keys wrote is still found.
    lookups: Vec<LookupKey>,
    /// The number of the youngest row, counted since this process began.
    clock: AtomicU64,
    waiting: Mutex<Waiting>,
    /// Held by who writes, so that a commit is for all who wait.
    writing: Mutex<()>,
    bounds: (u64, u64),
}

/// The file.
enum State {
    Open {
        database: Arc<Database>,
        /// The number before this process's first.
        base: u64,
    },
    Away {
        /// How many questions go by before it is tried again.
        left: u32,
        /// Whether what lies there must not be read any more.
        is_stale: bool,
    },
}

/// What is not written yet.
#[derive(Default)]
struct Waiting {
    rows: Vec<Row>,
    /// People of whom nothing older than this is in force, since what is newer is late.
    late: HashMap<[u8; OWNER_BYTES], (u64, Row)>,
    /// The same where it has been written, or is being.
    told: HashMap<[u8; OWNER_BYTES], u64>,
}

/// What is taken of one answer, or of one write.
pub struct Note<'a> {
    /// When it was asked for.
    pub asked: u64,
    /// When it is forgotten, in seconds since 1970.
    pub until: i64,
    /// What puts older rows out of force.
    pub voids: Vec<Void<'a>>,
    /// Whether these concern what is shown here as well by name, and not in truth.
    pub is_beyond_voids: bool,
    /// What was shown.
    pub shown: Vec<Shown<'a>>,
}

/// Nothing older of this is in force: of a person, or a type, a record or a field of theirs.
pub struct Void<'a> {
    /// The parts of its name.
    pub parts: Vec<&'a [u8]>,
    /// Fields by the parts of their names: it only matters where one of them is kept. None: it always does.
    pub over: Vec<Vec<&'a [u8]>>,
}

/// One field that was shown.
pub struct Shown<'a> {
    /// The parts of its name.
    pub parts: Vec<&'a [u8]>,
    /// What is kept of it.
    pub plain: Zeroizing<Vec<u8>>,
    /// Whether nobody can say that it is what stands in the CRM.
    pub is_doubtful: bool,
}

/// What is kept of a field.
pub struct Found {
    /// What was given to be kept.
    pub plain: Zeroizing<Vec<u8>>,
    /// When it is forgotten.
    pub until: i64,
    /// When it was asked for; the greater, the later.
    pub since: u64,
    /// When it was kept.
    pub number: u64,
    /// Whether nothing newer puts it out of force.
    pub is_in_force: bool,
    /// Whether nobody can say that it is what stands in the CRM.
    pub is_doubtful: bool,
}

impl IssuedStore {
    /// What this file keeps. It is opened when it is first needed; made where there is none, or where it cannot be read.
    pub fn new(path: &Path, ring: Arc<Ring>) -> Result<IssuedStore, VaultError> {
        let own = path.to_owned();
        IssuedStore::over(path, ring, Box::new(move || tables::opened(&own)))
    }

    fn over(
        path: &Path,
        ring: Arc<Ring>,
        opens: Box<dyn Fn() -> Opened + Send + Sync>,
    ) -> Result<IssuedStore, VaultError> {
        let lookups = ring.newest_first().map(LookupKey::of_issued).collect::<Option<Vec<_>>>();
        let lookups = lookups.filter(|lookups| !lookups.is_empty()).ok_or(VaultError::Chance)?;
        Ok(IssuedStore {
            path: path.to_owned(),
            opens,
            state: Mutex::new(State::Away { left: 0, is_stale: false }),
            failures: AtomicU32::new(0),
            ring,
            lookups,
            clock: AtomicU64::new(0),
            waiting: Mutex::default(),
            writing: Mutex::default(),
            bounds: BOUNDS,
        })
    }

    /// This moment, for whoever asks for something now.
    pub fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// A moment after all before.
    pub fn next(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Takes what is kept of one person's; it is written with the next `flush`. Tells whether there was room: if not,
    /// nothing older of this person's is in force.
    pub fn note(&self, staff: &[&[u8]], note: &Note<'_>) -> bool {
        let made = self.made(staff, note);
        let mut waiting = self.waiting();
        let has_room = made.filter(|rows| waiting.rows.len() + rows.len() <= WAITING_MAX);
        let Some(mut rows) = has_room else {
            drop(waiting);
            self.is_late(staff, note.until);
            return false;
        };
        let mut since = note.asked;
        for row in &mut rows {
            row.number = self.next();
            match &mut row.is {
                Is::Void { .. } if note.is_beyond_voids => since = row.number,
                Is::Void { .. } => {}
                Is::Shown { since: own, .. } => *own = since,
            }
        }
        waiting.rows.extend(rows);
        true
    }

    fn made(&self, staff: &[&[u8]], note: &Note<'_>) -> Option<Vec<Row>> {
        let lookup = self.lookups.first()?;
        let (owner, until) = (self.owner(staff)?, note.until);
        let voids = note.voids.iter().map(|void| {
            let every = |parts: &Vec<&[u8]>| -> Vec<[u8; 32]> {
                self.lookups.iter().map(|lookup| lookup.of_field(&[staff, parts].concat())).collect()
            };
            let over: Vec<[u8; 32]> = void.over.iter().flat_map(every).collect();
            let over = (!void.over.is_empty()).then_some(over);
            let key = lookup.of_field(&[staff, &void.parts].concat());
            Some(Row { owner, key, until, number: 0, is: Is::Void { over } })
        });
        let keys = self.ring.current();
        let shown = note.shown.iter().map(|shown| {
            let key = lookup.of_field(&[staff, &shown.parts].concat());
            let print: [u8; PRINT_BYTES] = *lookup.of_field(&[&key, &shown.plain]).first_chunk()?;
            let sealed = page::seal_as(ISSUED, keys, &shown.plain, &[&key, &until.to_be_bytes()])?;
            let is_doubtful = shown.is_doubtful;
            let is = Is::Shown { asked: note.asked, since: note.asked, is_doubtful, print, sealed };
            Some(Row { owner, key, until, number: 0, is })
        });
        voids.chain(shown).collect()
    }

    /// Nothing older of this person's is in force: something newer was shown, and is not kept yet, or never will be.
    pub fn is_late(&self, staff: &[&[u8]], until: i64) {
        let Some(lookup) = self.lookups.first() else { return };
        let Some(owner) = self.owner(staff) else { return };
        let key = lookup.of_field(staff);
        let mut waiting = self.waiting();
        let number = self.next();
        if waiting.late.len() >= LATE_MAX || waiting.told.len() >= LATE_MAX {
            // Nobody's is.
            *waiting = Waiting::default();
            drop(waiting);
            return self.lose();
        }
        let row = Row { owner, key, until, number, is: Is::Void { over: None } };
        waiting.late.insert(owner, (number, row));
    }

    /// Writes what was noted, in one commit for all who wait, and lets go of what is old. This waits for the disk.
    pub fn flush(&self, now: i64) -> Result<(), VaultError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = self.taken();
        if rows.is_empty() {
            return Ok(());
        }
        let (database, base) = self.database().inspect_err(|_| self.lose())?;
        let written = || -> Result<(), redb::Error> {
            let mut transaction = database.begin_write()?;
            transaction.set_quick_repair(true);
            Tables::write(&transaction, (&rows, base), now, self.bounds)?;
            transaction.commit()?;
            Ok(())
        };
        if let Err(cause) = written() {
            drop(database);
            self.lose();
            return Err(VaultError::Write(Box::new(cause)));
        }
        self.failures.store(0, Ordering::SeqCst);
        // It is told by the file from now on.
        self.waiting().told.clear();
        Ok(())
    }

    /// What waits to be written, in its order.
    fn taken(&self) -> Vec<Row> {
        let mut waiting = self.waiting();
        let mut rows = std::mem::take(&mut waiting.rows);
        for (owner, (number, row)) in std::mem::take(&mut waiting.late) {
            waiting.told.insert(owner, number);
            rows.push(row);
        }
        rows.sort_by_key(|row| row.number);
        rows
    }

    /// For looking up what is kept. This reads from the disk.
    pub fn reading(&self) -> Option<Reading<'_>> {
        let (database, base) = self.database().ok()?;
        let table = database.begin_read().ok()?.open_table(FIELDS).ok()?;
        Some(Reading { store: self, table, base, voids: HashMap::new() })
    }

    fn database(&self) -> Result<(Arc<Database>, u64), VaultError> {
        let mut state = self.state();
        let is_stale = match &mut *state {
            State::Open { database, base } => return Ok((Arc::clone(database), *base)),
            State::Away { left, .. } if *left > 0 => {
                *left -= 1;
                return Err(VaultError::Away(self.path.clone()));
            }
            State::Away { is_stale, .. } => *is_stale,
        };
        let anew = || tables::discarded(&self.path).and_then(|()| (self.opens)());
        let opened = if is_stale { anew() } else { (self.opens)() };
        let opened = match opened {
            // It is another's.
            Err(VaultError::InUse(path)) => Err(VaultError::InUse(path)),
            // It holds nothing that is needed.
            Err(_) if !is_stale => anew(),
            opened => opened,
        };
        match opened {
            Ok((database, base)) => {
                let database = Arc::new(database);
                *state = State::Open { database: Arc::clone(&database), base };
                Ok((database, base))
            }
            Err(error) => {
                *state = self.away(is_stale);
                Err(error)
            }
        }
    }

    /// What could not be written is not in force, so nothing older is: the file goes.
    fn lose(&self) {
        let mut state = self.state();
        let is_gone = tables::discarded(&self.path).is_ok();
        match &mut *state {
            State::Away { is_stale, .. } => *is_stale |= !is_gone,
            State::Open { .. } => *state = self.away(!is_gone),
        }
    }

    /// After one failure more.
    fn away(&self, is_stale: bool) -> State {
        let before = self.failures.fetch_add(1, Ordering::SeqCst);
        let left = if before == 0 { 0 } else { 1 << before.min(TRIES_EXPONENT) };
        State::Away { left, is_stale }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Under whom a person's rows are counted: by the oldest version of the keys, so that those of before a rotation and
    /// those of after it go together, the oldest first.
    fn owner(&self, staff: &[&[u8]]) -> Option<[u8; OWNER_BYTES]> {
        self.lookups.last()?.of_field(staff).first_chunk().copied()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is kept at one moment.
pub struct Reading<'s> {
    store: &'s IssuedStore,
    table: ReadOnlyTable<&'static [u8], &'static [u8]>,
    base: u64,
    /// Since when what is kept counts, by what was looked at.
    voids: HashMap<[u8; 32], u64>,
}

impl Reading<'_> {
    /// What is kept of a field of one person's; `scopes` are what else may be out of force as a whole, by the parts of
    /// its name: the field's type, its record, and itself.
    pub fn find(&mut self, staff: &[&[u8]], scopes: &[&[&[u8]]], parts: &[&[u8]]) -> Option<Found> {
        let (table, lookups) = (&self.table, &self.store.lookups);
        let kept = lookups.iter().find_map(|lookup| {
            let key = lookup.of_field(&[staff, parts].concat());
            let row = table.get(&key[..]).transpose()?;
            Some((key, row))
        });
        let (key, row) = kept?;
        let row = row.ok()?;
        let Stored { number, until, since, is_doubtful, sealed, .. } = Stored::read(row.value())?;
        let plain = page::open_as(ISSUED, &self.store.ring, sealed, &[&key, &until.to_be_bytes()])?;
        drop(row);
        let from = self.from(staff, scopes)?;
        Some(Found { plain, until, since, number, is_in_force: since >= from, is_doubtful })
    }

    /// Since when what is kept counts; nothing where that cannot be read.
    fn from(&mut self, staff: &[&[u8]], scopes: &[&[&[u8]]]) -> Option<u64> {
        let mut from = 0;
        for lookup in &self.store.lookups {
            for scope in std::iter::once(&&[][..]).chain(scopes) {
                let key = lookup.of_field(&[staff, scope].concat());
                let number = match self.voids.get(&key) {
                    Some(number) => *number,
                    None => {
                        let row = self.table.get(&key[..]).ok()?;
                        let number = row.map_or(Some(0), |row| Some(Stored::read(row.value())?.number))?;
                        self.voids.insert(key, number);
                        number
                    }
                };
                from = from.max(number);
            }
        }
        let owner = self.store.owner(staff)?;
        let waiting = self.store.waiting();
        let late = waiting.late.get(&owner).map(|(number, _)| *number).max(waiting.told.get(&owner).copied());
        Some(from.max(late.map_or(0, |number| self.base + number)))
    }
}
