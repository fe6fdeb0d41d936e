//! What the vault keeps: random tokens, each with the value that it stands for.
//!
//! One file in the state folder (redb; 0600), used by one process at a time. Two tables, and a third of `grants`:
//!
//! ```text
//! lookups   keyed hash of kind, domain and value  ->  token
//! tokens    token  ->  2 bytes version of the keys, then sealed: domain and value
//! ```
//!
//! No value stands there in clear, and nothing of a value can be found out without the ring. A
//! record is sealed under its own token and kind, so that it cannot be put in another's place.
//!
//! Minting happens in the midst of judging an answer, where nobody may wait for a disk. A new token
//! is only noted; `flush` writes all that are noted, in one commit for many answers, and whoever
//! releases an answer waits until `kept` has come up to what was `minted`. What cannot be written
//! stays noted, is bounded, and goes with the next flush.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use redb::Database;
use zeroize::Zeroizing;

use crate::terms::mint::{Domain, MintError};
use crate::vault::file::{self, LOOKUPS, TOKENS};
use crate::vault::mint::{Opened, domain_parts, pack, unpack};
use crate::vault::open::VaultError;
use crate::vault::ring::{Keys, Ring, Rings};
use crate::vault::seal;

/// Bytes of a random token: layout, version of the keys, and what chance drew.
pub const TOKEN_BYTES: usize = 35;

/// The first byte of a random token.
pub const LAYOUT: u8 = 2;

/// Tokens that are minted and not yet written; their values are in memory until then.
const NOTED_MAX: usize = 16 << 10;

/// A random token's bytes.
pub type Token = [u8; TOKEN_BYTES];

/// A keyed hash by which a token is found.
pub type Lookup = [u8; seal::LOOKUP_BYTES];

/// Random tokens and what they stand for.
pub struct Vault {
    database: Database,
    ring: Rings,
    noted: Mutex<Noted>,
    /// Held by who writes, so that a commit is for all who wait.
    writing: Mutex<()>,
    minted: AtomicU64,
    kept: AtomicU64,
    tokens_max: usize,
}

/// What is not written yet.
#[derive(Default)]
struct Noted {
    by_lookup: HashMap<Lookup, Arc<Record>>,
    by_token: HashMap<Token, Arc<Record>>,
    /// Written and noted together.
    tokens: u64,
}

struct Record {
    at: u64,
    lookup: Lookup,
    token: Token,
    sealed: Vec<u8>,
}

impl Vault {
    /// Opens the vault's file; makes it where there is none. It keeps so many tokens and no more.
    pub fn open(path: &Path, ring: impl Into<Rings>, tokens_max: usize) -> Result<Vault, VaultError> {
        let ring = ring.into();
        let database = file::open(path, &ring.now())?;
        let tokens = file::tokens(&database, path)?;
        Ok(Vault {
            database,
            ring,
            noted: Mutex::new(Noted { tokens, ..Noted::default() }),
            writing: Mutex::new(()),
            minted: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            tokens_max,
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

    /// The token of a value: the one that it has already, or a new one.
    pub fn token(&self, kind: &str, domain: &Domain, value: &str) -> Result<Token, MintError> {
        let plain = pack(domain, value)?;
        let ring = self.ring.now();
        // The newest first: what an older version of the keys wrote is still found.
        let lookups = ring.newest_first().map(|keys| keys.lookup.of_value(kind, domain_parts(domain), value));
        let lookups: Vec<Lookup> = lookups.collect();
        // A ring is never without a key.
        let Some(newest) = lookups.first() else { return Err(MintError::Away) };
        if let Some(token) = self.find(&lookups)? {
            return Ok(token);
        }
        // Once more where nobody else can mint: of two who ask at once both get one token.
        let mut noted = self.noted();
        if let Some(record) = lookups.iter().find_map(|lookup| noted.by_lookup.get(lookup)) {
            return Ok(record.token);
        }
        if let Some(token) = self.written(&lookups)? {
            return Ok(token);
        }
        if noted.by_lookup.len() >= NOTED_MAX || noted.tokens >= self.tokens_max as u64 {
            return Err(MintError::Vault);
        }
        let token = draw(ring.current())?;
        let sealed = seal::seal(ring.current(), &token, kind, &plain).ok_or(MintError::Away)?;
        let at = self.minted.fetch_add(1, Ordering::AcqRel) + 1;
        let record = Arc::new(Record { at, lookup: *newest, token, sealed });
        noted.by_lookup.insert(*newest, Arc::clone(&record));
        noted.by_token.insert(token, record);
        noted.tokens += 1;
        Ok(token)
    }

    /// Writes what is noted; afterwards it survives whatever becomes of the process. This waits for
    /// the disk.
    pub fn flush(&self) -> Result<(), VaultError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Vec<Arc<Record>> = self.noted().by_lookup.values().cloned().collect();
        let Some(last) = records.iter().map(|record| record.at).max() else { return Ok(()) };
        let rows = records.iter().map(|record| (&record.lookup[..], &record.token[..], &record.sealed[..]));
        file::write(&self.database, rows)?;
        let mut noted = self.noted();
        for record in &records {
            noted.by_lookup.remove(&record.lookup);
            noted.by_token.remove(&record.token);
        }
        self.kept.fetch_max(last, Ordering::AcqRel);
        Ok(())
    }

    /// What a random token of this kind stands for.
    pub fn open_random(&self, kind: &str, token: &Token) -> Option<Opened> {
        let noted = self.noted().by_token.get(token).map(|record| record.sealed.clone());
        let sealed = match noted {
            Some(sealed) => sealed,
            None => file::read(&self.database, TOKENS, token).ok()??,
        };
        let plain = Zeroizing::new(seal::unseal(&self.ring.now(), token, kind, &sealed)?);
        let (domain, value) = unpack(&plain)?;
        Some(Opened { kind: kind.to_owned(), domain, value })
    }

    /// The keys that find and open what is kept.
    pub(super) fn ring(&self) -> Arc<Ring> {
        self.ring.now()
    }

    /// The file.
    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    fn find(&self, lookups: &[Lookup]) -> Result<Option<Token>, MintError> {
        let noted = lookups.iter().find_map(|lookup| self.noted().by_lookup.get(lookup).map(|record| record.token));
        if let Some(token) = noted {
            return Ok(Some(token));
        }
        self.written(lookups)
    }

    fn written(&self, lookups: &[Lookup]) -> Result<Option<Token>, MintError> {
        for lookup in lookups {
            let found = file::read(&self.database, LOOKUPS, lookup).map_err(|_| MintError::Vault)?;
            if let Some(token) = found {
                return token.try_into().map(Some).map_err(|_| MintError::Vault);
            }
        }
        Ok(None)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        // Nothing is left half done where it is held.
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn draw(keys: &Keys) -> Result<Token, MintError> {
    let mut token = [0; TOKEN_BYTES];
    let [high, low] = keys.version.to_be_bytes();
    token[..3].copy_from_slice(&[LAYOUT, high, low]);
    rand::fill(&mut token[3..]).map_err(|_| MintError::Away)?;
    Ok(token)
}
