//! What the vault keeps: random tokens, each with the value that it stands for.
//!
//! Records are kept behind a door (`backend`): one file in the state folder (`embedded`), or what else is built there. A
//! keyed hash of kind, domain and value finds the token, the token what it stands for: domain and value, sealed.
//!
//! No value stands there in clear, and nothing of a value can be found out without the ring. A
//! record is sealed under its own token, its end and its kind, so that it cannot be put in another's place and lasts
//! no longer.
//!
//! Minting happens in the midst of judging an answer, where nobody may wait for a disk. A new token
//! is only noted; `flush` writes all that are noted, in one commit for many answers, and whoever
//! releases an answer waits until `kept` has come up to what was `minted`. What cannot be written
//! stays noted, is bounded, and goes with the next flush.
//!
//! Where the CRM holds tokens that look like values (`store: format`), each is kept as such a record, which the keyed
//! hash of what it looks like finds: by that alone it is turned back.
//!
//! A token may have an end. From then on it stands for nothing, as one that never was, its value gets a new one, and
//! `sweep` takes it out. One value in one domain has one token however many rules ask for it: of ends the first
//! counts, so that no rule gives away what lasts longer than it says. The token that lasted longer goes on
//! standing for the value until its own end.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::terms::mint::{Domain, MintError, STORED};
use crate::terms::secret::Secret;
use crate::vault::backend::{Backend, Held, Lookup, Row, TOKEN_BYTES, Token};
use crate::vault::embedded::Embedded;
use crate::vault::mint::{Opened, domain_parts, pack, unpack};
use crate::vault::open::VaultError;
use crate::vault::ring::{Keys, Ring, Rings};
use crate::vault::seal;
use crate::vault::time::{Clock, Leap, Time};

/// The first byte of a random token.
pub const LAYOUT: u8 = 2;

/// Tokens that are minted and not yet written; their values are in memory until then.
const NOTED_MAX: usize = 16 << 10;

/// How many tokens that have ended go with one commit.
pub const SWEPT_MAX: usize = 1000;

/// Bytes of a sealed record of a short value.
const NOTHING_BYTES: usize = 66;

/// Random tokens and what they stand for.
pub struct Vault {
    backend: Box<dyn Backend>,
    ring: Rings,
    noted: Mutex<Noted>,
    /// Held by who writes, so that a commit is for all who wait.
    writing: Mutex<()>,
    minted: AtomicU64,
    kept: AtomicU64,
    tokens_max: usize,
    time: Time,
}

/// What is not written yet.
#[derive(Default)]
struct Noted {
    /// The last of each lookup's.
    by_lookup: HashMap<Lookup, Arc<Noting>>,
    by_token: HashMap<Token, Arc<Noting>>,
    /// Written and noted together.
    tokens: u64,
}

/// A row, and the how manieth it is of those that were minted.
struct Noting {
    at: u64,
    row: Row,
}

impl Vault {
    /// Opens the vault's file; makes it where there is none. It keeps so many tokens and no more.
    pub fn open(path: &Path, ring: impl Into<Rings>, tokens_max: usize) -> Result<Vault, VaultError> {
        let ring = ring.into();
        let backend = Box::new(Embedded::open(path, &ring.now())?);
        Vault::over(backend, ring, tokens_max, Box::new(|| jiff::Timestamp::now().as_second()))
    }

    /// A vault over what keeps its records, by this clock.
    pub fn over(
        backend: Box<dyn Backend>,
        ring: impl Into<Rings>,
        tokens_max: usize,
        clock: Clock,
    ) -> Result<Vault, VaultError> {
        let ring = ring.into();
        let (tokens, latest) = (backend.tokens()?, backend.latest()?);
        Ok(Vault {
            backend,
            ring,
            noted: Mutex::new(Noted { tokens, ..Noted::default() }),
            writing: Mutex::new(()),
            minted: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            tokens_max,
            time: Time::new(clock, latest),
        })
    }

    /// How many tokens this process has minted.
    pub fn minted(&self) -> u64 {
        self.minted.load(Ordering::Acquire)
    }

    /// How many of them are durable.
    pub fn kept(&self) -> u64 {
        self.kept.load(Ordering::Acquire)
    }

    /// The token of a value: the one that it has already, or a new one. It ends within so many seconds, where they are
    /// said.
    pub fn token(&self, kind: &str, domain: &Domain, value: &str, lasts: Option<u32>) -> Result<Token, MintError> {
        let plain = pack(domain, value)?;
        let ring = self.ring.now();
        let keys = ring.sealing(domain);
        let lookups = lookups(&ring, keys, |keys| keys.lookup.of_value(kind, domain_parts(domain), value));
        self.token_of(keys, (kind, &plain), &lookups, lasts)
    }

    /// Keeps for which value a token stands that looks like one and was made of the CRM's own; says whether it does,
    /// and not for another value already.
    pub fn issue(&self, kind: &str, shown: &str, value: &str) -> Result<bool, MintError> {
        let plain = pack(&Domain::Shared(STORED.to_owned()), value)?;
        let ring = self.ring.now();
        let keys = ring.current();
        let lookups = lookups(&ring, keys, |keys| keys.lookup.of_shown(kind, shown));
        let token = self.token_of(keys, (kind, &plain), &lookups, None)?;
        let opened = self.open_random(kind, &token).ok_or(MintError::Vault)?;
        Ok(opened.value.0 == value)
    }

    /// The value for which such a token stands, if it was kept. What is kept and does not open, or cannot be read, is no
    /// value of nobody's: then nobody knows.
    pub fn issued(&self, kind: &str, shown: &str) -> Result<Option<Secret>, MintError> {
        let ring = self.ring.now();
        let lookups = lookups(&ring, ring.current(), |keys| keys.lookup.of_shown(kind, shown));
        let Some(held) = self.find(&lookups, self.time.now())? else { return Ok(None) };
        self.open_random(kind, &held.token).map(|opened| Some(opened.value)).ok_or(MintError::Vault)
    }

    /// The token that one of these finds, or a new one that the first will find.
    fn token_of(
        &self,
        keys: &Keys,
        (kind, plain): (&str, &[u8]),
        lookups: &[Lookup],
        lasts: Option<u32>,
    ) -> Result<Token, MintError> {
        // A ring is never without a key.
        let Some(newest) = lookups.first() else { return Err(MintError::Away) };
        let now = self.time.now();
        let until = lasts.map(|lasts| now.saturating_add(i64::from(lasts)));
        let suits = |held: &Held| until.is_none_or(|until| held.until.is_some_and(|own| own <= until));
        if let Some(held) = self.find(lookups, now)?.filter(suits) {
            return Ok(held.token);
        }
        // Once more where nobody else can mint: of two who ask at once both get one token.
        let mut noted = self.noted();
        let known = match lookups.iter().find_map(|lookup| noted.found(lookup, now)) {
            Some(held) => Some(held),
            None => self.written(lookups, now)?,
        };
        if let Some(held) = known.filter(suits) {
            return Ok(held.token);
        }
        if noted.by_token.len() >= NOTED_MAX || noted.tokens >= self.tokens_max as u64 {
            return Err(MintError::Vault);
        }
        let token = draw(keys)?;
        let sealed = seal::seal(keys, &bound(&token, until), kind, plain).ok_or(MintError::Away)?;
        let at = self.minted.fetch_add(1, Ordering::AcqRel) + 1;
        let row = Row { lookup: *newest, token, until, sealed, instead: known.map(|held| held.token) };
        let noting = Arc::new(Noting { at, row });
        noted.by_lookup.insert(*newest, Arc::clone(&noting));
        noted.by_token.insert(token, noting);
        noted.tokens += 1;
        Ok(token)
    }

    /// Writes what is noted; afterwards it survives whatever becomes of the process. This waits for
    /// the disk.
    pub fn flush(&self) -> Result<(), VaultError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notings: Vec<Arc<Noting>> = self.noted().by_token.values().cloned().collect();
        // One that takes another's place comes after it.
        notings.sort_unstable_by_key(|noting| noting.at);
        let Some(last) = notings.last().map(|noting| noting.at) else { return Ok(()) };
        let rows: Vec<&Row> = notings.iter().map(|noting| &noting.row).collect();
        self.backend.keep(&rows, self.time.now())?;
        let mut noted = self.noted();
        for Row { lookup, token, .. } in rows {
            noted.by_token.remove(token);
            if noted.by_lookup.get(lookup).is_some_and(|noting| noting.row.token == *token) {
                noted.by_lookup.remove(lookup);
            }
        }
        self.kept.fetch_max(last, Ordering::AcqRel);
        Ok(())
    }

    /// Takes out some of the tokens that have ended, `SWEPT_MAX` at most; tells how many. This waits for the disk.
    pub fn sweep(&self) -> Result<usize, VaultError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        // Others may share what keeps the records.
        self.time.raise(self.backend.latest()?);
        let swept = self.backend.sweep(self.time.now(), SWEPT_MAX)?;
        let written = self.backend.tokens()?;
        let mut noted = self.noted();
        noted.tokens = written + noted.by_token.len() as u64;
        Ok(swept)
    }

    /// How many tokens that are written have an end.
    pub fn ending(&self) -> Result<u64, VaultError> {
        self.backend.ending()
    }

    /// Where the clock was found to be far from where it was to be, and nobody was told yet.
    pub fn leap(&self) -> Option<Leap> {
        self.time.leap()
    }

    /// What a random token of this kind stands for, if it has not ended.
    pub fn open_random(&self, kind: &str, token: &Token) -> Option<Opened> {
        let now = self.time.now();
        let noted = self.noted().by_token.get(token).map(|noting| (noting.row.until, noting.row.sealed.clone()));
        let (until, sealed) = match noted {
            Some(noted) => noted,
            None => {
                let known = self.backend.record(token, now).ok()?.map(|record| (record.until, record.sealed));
                // What is not there is as much work as what is.
                known.unwrap_or_else(|| (None, self.nothing()))
            }
        };
        let ring = self.ring.now();
        let opened = seal::unseal(&ring, &bound(token, until), kind, &sealed).map(Zeroizing::new);
        if !lives(until, now) {
            return None;
        }
        let plain = opened?;
        let (domain, value) = unpack(&plain)?;
        if seal::version(&sealed).is_none_or(|version| ring.is_shredded(version, &domain)) {
            return None;
        }
        Some(Opened { kind: kind.to_owned(), domain, value })
    }

    /// A record of the usual length that opens to nothing.
    fn nothing(&self) -> Vec<u8> {
        let mut sealed = vec![0; NOTHING_BYTES];
        sealed[..2].copy_from_slice(&self.ring.now().current().version.to_be_bytes());
        sealed
    }

    /// Notes that a ring is the one whose tokens stand here: the versions by which that is known may be destroyed one
    /// day. This waits for the disk.
    pub fn mark(&self, ring: &Ring) -> Result<(), VaultError> {
        let keys = ring.current();
        self.backend.mark(keys.version, &keys.lookup.of_ring())
    }

    /// The keys that find and open what is kept.
    pub(super) fn ring(&self) -> Arc<Ring> {
        self.ring.now()
    }

    /// What keeps the records.
    pub(super) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    fn find(&self, lookups: &[Lookup], now: i64) -> Result<Option<Held>, MintError> {
        let noted = lookups.iter().find_map(|lookup| self.noted().found(lookup, now));
        if let Some(held) = noted {
            return Ok(Some(held));
        }
        self.written(lookups, now)
    }

    fn written(&self, lookups: &[Lookup], now: i64) -> Result<Option<Held>, MintError> {
        for lookup in lookups {
            if let Some(held) = self.backend.find(lookup, now).map_err(|_| MintError::Vault)? {
                return Ok(Some(held));
            }
        }
        Ok(None)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Nothing is left half done where it is held.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    fn found(&self, lookup: &Lookup, now: i64) -> Option<Held> {
        let row = &self.by_lookup.get(lookup)?.row;
        lives(row.until, now).then_some(Held { token: row.token, until: row.until })
    }
}

/// What finds one thing under each version of the keys: under the one that writes first, and then the newest, so that
/// what an older one wrote is still found.
fn lookups(ring: &Ring, keys: &Keys, of: impl Fn(&Keys) -> Lookup) -> Vec<Lookup> {
    let others = ring.newest_first().filter(|other| other.version != keys.version);
    std::iter::once(keys).chain(others).map(of).collect()
}

/// Whether what ends then is there now.
fn lives(until: Option<i64>, now: i64) -> bool {
    until.is_none_or(|until| now < until)
}

/// What a record is sealed under, beside its kind.
pub(super) fn bound(token: &Token, until: Option<i64>) -> Vec<u8> {
    let mut bound = token.to_vec();
    bound.extend(until.into_iter().flat_map(i64::to_be_bytes));
    bound
}

fn draw(keys: &Keys) -> Result<Token, MintError> {
    let mut token = [0; TOKEN_BYTES];
    let [high, low] = keys.version.to_be_bytes();
    token[..3].copy_from_slice(&[LAYOUT, high, low]);
    rand::fill(&mut token[3..]).map_err(|_| MintError::Away)?;
    Ok(token)
}
