//! Which random tokens of a vault need a version of the keys: what is sealed under a version that is destroyed opens
//! no more.
//!
//! The vault's file is used by one process at a time, so whoever asks keeps it to itself until the answer has served.

use std::path::Path;

use redb::{Database, ReadableDatabase};

use crate::vault::backend::TOKEN_BYTES;
use crate::vault::embedded::record;
use crate::vault::file::{self, TOKENS};
use crate::vault::keep::LAYOUT;
use crate::vault::open::VaultError;
use crate::vault::ring::Ring;

/// A vault that nobody else opens meanwhile.
pub struct Asked {
    pub(super) database: Option<Database>,
}

impl Asked {
    /// Opens a vault's file; one that is not there needs nothing.
    pub fn open(path: &Path, ring: &Ring) -> Result<Asked, VaultError> {
        let failed = |source| VaultError::Io { path: path.to_owned(), tried: "read", source };
        let database = path.try_exists().map_err(failed)?.then(|| file::open(path, ring)).transpose()?;
        Ok(Asked { database })
    }

    /// Whether there is a vault.
    pub fn is_there(&self) -> bool {
        self.database.is_some()
    }

    /// How many tokens are sealed under a version and have not ended now: what has ended stands for nothing.
    pub fn tokens(&self, version: u16, now: i64) -> Result<u64, VaultError> {
        let Some(database) = &self.database else { return Ok(0) };
        let counted = || -> Result<u64, redb::Error> {
            let tokens = database.begin_read()?.open_table(TOKENS)?;
            // A token says which version of the keys sealed what it stands for.
            let [high, low] = version.to_be_bytes();
            let (from, to) = ([LAYOUT, high, low], [&[LAYOUT, high, low][..], &[0xff; TOKEN_BYTES]].concat());
            let mut count = 0;
            for row in tokens.range(&from[..]..=&to[..])? {
                let (_, value) = row?;
                count += u64::from(record(value.value().to_vec()).until.is_none_or(|until| now < until));
            }
            Ok(count)
        };
        counted().map_err(|cause| VaultError::Write(Box::new(cause)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::terms::mint::Domain;
    use crate::vault::keep::Vault;
    use crate::vault::ring::fixed;

    #[test]
    fn tokens_are_counted_by_what_seals_them_and_the_vault_outlives_the_version_it_was_made_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault.redb");
        assert_eq!(Asked::open(&path, &fixed()).expect("nothing").tokens(1, 0).expect("counted"), 0);
        let mut older = fixed();
        older.truncate(1);
        let mint = |ring: Ring, values: &[&str]| {
            let vault = Vault::open(&path, Arc::new(ring), 100).expect("a vault");
            for value in values {
                vault.token("phone", &Domain::Shared("a".to_owned()), value, None).expect("a token");
            }
            vault.flush().expect("written");
        };
        mint(older, &["1", "2", "3"]);
        mint(fixed(), &["3", "4"]);
        let asked = Asked::open(&path, &fixed()).expect("a vault");
        assert_eq!([1, 2, 3].map(|version| asked.tokens(version, 0).expect("counted")), [3, 1, 0]);
        assert!(matches!(Asked::open(&path, &fixed()), Err(VaultError::InUse(_))));
        let mut newest = fixed();
        newest.destroy_oldest();
        drop(asked);
        mint(newest, &["4", "5"]);
    }
}
