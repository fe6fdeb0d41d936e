//! Random tokens that are to be gone from a vault's file, with what they stand for: those of a domain or a subject whose
//! tokens are ended, and what was left of versions of the keys that are no more.
//!
//! Which domain a record is of is sealed with its value, under the kind's name: each record is opened to be told. That
//! takes a while where there are millions, and nothing of it leaves this file. Afterwards the file is written anew
//! without what is gone; older copies of it hold it still, and so may the disk.

use redb::{Database, ReadableDatabase, ReadableTable};
use zeroize::Zeroizing;

use crate::terms::mint::Domain;
use crate::vault::backend::{Lookup, TOKEN_BYTES, Token};
use crate::vault::embedded::{end_bytes, record};
use crate::vault::file::{ENDS, GRANTS, LOOKUPS, TOKENS};
use crate::vault::keep::{LAYOUT, bound};
use crate::vault::mint::{domain_parts, unpack};
use crate::vault::needs::Asked;
use crate::vault::open::VaultError;
use crate::vault::ring::Ring;
use crate::vault::seal;

/// How many go with one commit.
const COMMIT: usize = 10_000;

/// What went, and what could not be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Tokens that are gone.
    pub gone: u64,
    /// Tokens of a kind that nobody knows any more: whose they are does not show.
    pub untold: u64,
}

/// A token that goes.
struct Goes {
    token: Token,
    until: Option<i64>,
    /// What finds it, under each version of the keys; nothing where it does not open.
    lookups: Vec<Lookup>,
}

impl Asked {
    /// Takes out the tokens of a domain or a subject, and those of `versions`, whose keys are destroyed. `ring` is the
    /// one with which they still open.
    pub fn forget(
        &mut self,
        ring: &Ring,
        kinds: &[String],
        whose: &Domain,
        versions: &[u16],
    ) -> Result<Forgotten, VaultError> {
        let mut done = Forgotten::default();
        let Some(database) = &mut self.database else { return Ok(done) };
        let mut last: Option<Token> = None;
        let mut kinds = kinds.to_vec();
        loop {
            let found = scan(database, (ring, whose, versions), &mut kinds, (last, &mut done)).map_err(read)?;
            let (goes, next) = found;
            done.gone += goes.len() as u64;
            if !goes.is_empty() {
                remove(database, &goes).map_err(write)?;
            }
            let Some(next) = next else { break };
            last = Some(next);
        }
        if done.gone > 0 {
            compact(database)?;
        }
        Ok(done)
    }

    /// Takes out what was sealed under a version whose keys are destroyed: tokens that have ended, and what was open to
    /// somebody.
    pub fn clear(&mut self, version: u16) -> Result<(), VaultError> {
        let Some(database) = &mut self.database else { return Ok(()) };
        clear(database, version).map_err(write)?;
        compact(database)
    }
}

/// The next of them, and where to go on; nothing where there are no more.
fn scan(
    database: &Database,
    (ring, whose, versions): (&Ring, &Domain, &[u16]),
    kinds: &mut [String],
    (last, done): (Option<Token>, &mut Forgotten),
) -> Result<(Vec<Goes>, Option<Token>), redb::Error> {
    let tokens = database.begin_read()?.open_table(TOKENS)?;
    let from = last.map_or_else(Vec::new, |last| [&last[..], &[0]].concat());
    let mut goes = Vec::new();
    for row in tokens.range::<&[u8]>(&from[..]..)? {
        let (key, value) = row?;
        let Ok(token) = Token::try_from(key.value()) else { continue };
        let held = record(value.value().to_vec());
        let version = seal::version(&held.sealed).unwrap_or_default();
        let bound = bound(&token, held.until);
        let opened = kinds.iter().position(|kind| is_of(ring, &bound, kind, &held.sealed));
        let plain = opened.and_then(|at| {
            // Most records are of the kind of the one before.
            kinds[..=at].rotate_right(1);
            Some(Zeroizing::new(seal::unseal(ring, &bound, &kinds[0], &held.sealed)?))
        });
        match plain.as_ref().and_then(|plain| unpack(plain)) {
            Some((domain, value)) if is_same(ring, version, &domain, whose) => {
                let of =
                    |keys: &crate::vault::ring::Keys| keys.lookup.of_value(&kinds[0], domain_parts(&domain), &value.0);
                goes.push(Goes { token, until: held.until, lookups: ring.newest_first().map(of).collect() });
            }
            Some(_) => {}
            None if versions.contains(&version) || ring.version(version).is_none() => {
                goes.push(Goes { token, until: held.until, lookups: Vec::new() });
            }
            None => done.untold += 1,
        }
        if goes.len() >= COMMIT {
            return Ok((goes, Some(token)));
        }
    }
    Ok((goes, None))
}

/// Whether two are one: an id that is written in another way is the same.
fn is_same(ring: &Ring, version: u16, domain: &Domain, whose: &Domain) -> bool {
    domain == whose || ring.version(version).is_some_and(|keys| keys.shred(domain) == keys.shred(whose))
}

fn is_of(ring: &Ring, bound: &[u8], kind: &str, sealed: &[u8]) -> bool {
    seal::unseal(ring, bound, kind, sealed).map(Zeroizing::new).is_some()
}

fn remove(database: &Database, goes: &[Goes]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let (mut tokens, mut lookups) = (transaction.open_table(TOKENS)?, transaction.open_table(LOOKUPS)?);
        let mut ends = transaction.open_table(ENDS)?;
        for Goes { token, until, lookups: of } in goes {
            tokens.remove(&token[..])?;
            for lookup in of {
                let is_its = lookups.get(&lookup[..])?.is_some_and(|known| known.value().starts_with(token));
                if is_its {
                    lookups.remove(&lookup[..])?;
                }
            }
            if let Some(until) = until {
                ends.remove(&*end_bytes(*until, token))?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn clear(database: &Database, version: u16) -> Result<(), redb::Error> {
    let [high, low] = version.to_be_bytes();
    let (from, to) = ([LAYOUT, high, low], [&[LAYOUT, high, low][..], &[0xff; TOKEN_BYTES]].concat());
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    {
        let mut tokens = transaction.open_table(TOKENS)?;
        let mut ended = Vec::new();
        for row in tokens.range(&from[..]..=&to[..])? {
            let (key, value) = row?;
            ended.push((key.value().to_vec(), record(value.value().to_vec()).until));
        }
        let mut ends = transaction.open_table(ENDS)?;
        for (token, until) in ended {
            tokens.remove(&token[..])?;
            if let (Some(until), Ok(token)) = (until, Token::try_from(&token[..])) {
                ends.remove(&*end_bytes(until, &token))?;
            }
        }
        let mut grants = transaction.open_table(GRANTS)?;
        grants.retain(|_, sealed| seal::version(sealed) != Some(version))?;
    }
    transaction.commit()?;
    Ok(())
}

fn compact(database: &mut Database) -> Result<(), VaultError> {
    database.compact().map(drop).map_err(|cause| VaultError::Write(Box::new(cause)))
}

fn read(cause: redb::Error) -> VaultError {
    VaultError::Read(Box::new(cause))
}

fn write(cause: redb::Error) -> VaultError {
    VaultError::Write(Box::new(cause))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::vault::keep::Vault;
    use crate::vault::ring::fixed;

    fn subject(id: &str) -> Domain {
        Domain::Subject { kind: "customer".to_owned(), id: id.to_owned() }
    }

    fn vault(path: &Path) -> Vault {
        Vault::open(path, Arc::new(fixed()), 1000).expect("a vault")
    }

    #[test]
    fn the_tokens_of_one_are_gone_and_all_others_stand() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault.redb");
        let analysts = Domain::Shared("analysts".to_owned());
        let mint = |vault: &Vault, whose: &Domain, value: &str, lasts| {
            vault.token("phone", whose, value, lasts).expect("a token")
        };
        let before = vault(&path);
        let [one, two, three] =
            [subject("42"), subject("43"), analysts.clone()].map(|whose| mint(&before, &whose, "090", None));
        let ending = mint(&before, &subject("４２"), "03", Some(90));
        before.flush().expect("written");
        drop(before);
        let kinds = ["email".to_owned(), "phone".to_owned()];
        let mut asked = Asked::open(&path, &fixed()).expect("a vault");
        let only = ["email".to_owned()];
        let untold = asked.forget(&fixed(), &only, &subject("42"), &[]).expect("looked");
        assert_eq!(untold, Forgotten { gone: 0, untold: 4 });
        let gone = asked.forget(&fixed(), &kinds, &subject("42"), &[]).expect("gone");
        assert_eq!(gone, Forgotten { gone: 2, untold: 0 });
        drop(asked);
        let bytes = std::fs::read(&path).expect("a file");
        let stands = |token: &Token| bytes.windows(TOKEN_BYTES).any(|part| part == token);
        assert!(!stands(&one) && !stands(&ending), "not in the file either");
        let after = vault(&path);
        let opens = |token: &Token| after.open_random("phone", token).is_some();
        assert_eq!([one, two, three, ending].map(|token| opens(&token)), [false, true, true, false]);
        assert_ne!(mint(&after, &subject("42"), "090", None), one, "its value is unknown there");
        assert_eq!(mint(&after, &analysts, "090", None), three);
        assert_eq!(after.ending().expect("counted"), 0);
        after.flush().expect("written");
    }

    #[test]
    fn what_a_destroyed_version_sealed_goes_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault.redb");
        let mut older = fixed();
        older.truncate(1);
        let before = Vault::open(&path, Arc::new(older), 10).expect("a vault");
        before.token("phone", &subject("1"), "x", Some(1)).expect("a token");
        before.flush().expect("written");
        drop(before);
        let mut asked = Asked::open(&path, &fixed()).expect("a vault");
        assert_eq!(asked.tokens(1, 0).expect("counted"), 1);
        assert_eq!(asked.tokens(1, i64::MAX).expect("counted"), 0, "what has ended needs no key");
        asked.clear(1).expect("cleared");
        assert_eq!(asked.tokens(1, 0).expect("counted"), 0);
    }
}
