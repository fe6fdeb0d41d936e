//! The tables of what staff was given: one commit's changes to them, and the file that they lie in.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableTable, StorageBackend, WriteTransaction};

use crate::vault::file::Table;
use crate::vault::open::VaultError;

pub(super) const FIELDS: Table = Table::new("shown");
const AGES: Table = Table::new("ages");
const OWNED: Table = Table::new("owned");
const COUNTS: Table = Table::new("counts");

/// What an earlier layout is known by.
const EARLIER: Table = Table::new("fields");

/// How many fields that are forgotten go with one commit, beside those that make room.
const SWEPT: usize = 1000;

/// Bytes of the file that may be held in memory.
const CACHE_BYTES: usize = 8 << 20;

pub(super) const OWNER_BYTES: usize = 16;
pub(super) const PRINT_BYTES: usize = 16;

/// Bytes before what is sealed.
const HEAD_BYTES: usize = 8 + 8 + 8 + 1 + PRINT_BYTES;

/// An owner and a keyed hash.
type Owned = (Vec<u8>, Vec<u8>);

/// One row that is to be written. Its numbers are counted since this process began.
pub(super) struct Row {
    pub owner: [u8; OWNER_BYTES],
    pub key: [u8; 32],
    pub until: i64,
    pub number: u64,
    pub is: Is,
}

/// What a row says.
pub(super) enum Is {
    /// What was shown of a field.
    Shown {
        /// When it was asked for.
        asked: u64,
        /// Nothing that put older rows out of force up to then concerns it.
        since: u64,
        /// Whether nobody can say that it is what stands in the CRM.
        is_doubtful: bool,
        /// Two rows that say the same have the same.
        print: [u8; PRINT_BYTES],
        sealed: Vec<u8>,
    },
    /// Nothing older of what the key names is in force.
    Void {
        /// Under which keys something may be kept, where it is only written over that.
        over: Option<Vec<[u8; 32]>>,
    },
}

/// One row as it lies in the file.
pub(super) struct Stored<'r> {
    pub number: u64,
    pub until: i64,
    pub since: u64,
    pub is_doubtful: bool,
    print: &'r [u8],
    pub sealed: &'r [u8],
}

impl<'r> Stored<'r> {
    pub(super) fn read(row: &'r [u8]) -> Option<Stored<'r>> {
        let (head, sealed) = row.split_at_checked(HEAD_BYTES)?;
        let number = |at: usize| head.get(at..at + 8).map(number_of);
        Some(Stored {
            number: number(0)?,
            until: number(8)?.cast_signed(),
            since: number(16)?,
            is_doubtful: *head.get(24)? != 0,
            print: head.get(25..)?,
            sealed,
        })
    }
}

impl Row {
    /// As it lies in the file, where `base` is the number before this process's first.
    fn stored(&self, base: u64, is_doubtful: bool) -> Vec<u8> {
        let (since, print, sealed) = match &self.is {
            Is::Shown { since, print, sealed, .. } => (*since, *print, &sealed[..]),
            Is::Void { .. } => (self.number, [0; PRINT_BYTES], &[][..]),
        };
        let mut all = Vec::with_capacity(HEAD_BYTES + sealed.len());
        all.extend_from_slice(&(base + self.number).to_be_bytes());
        all.extend_from_slice(&self.until.to_be_bytes());
        all.extend_from_slice(&(base + since).to_be_bytes());
        all.push(u8::from(is_doubtful));
        all.extend_from_slice(&print);
        all.extend_from_slice(sealed);
        all
    }
}

type Open<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// The tables of one commit.
pub(super) struct Tables<'t> {
    fields: Open<'t>,
    ages: Open<'t>,
    owned: Open<'t>,
    counts: Open<'t>,
    base: u64,
}

impl Tables<'_> {
    pub(super) fn write(
        transaction: &WriteTransaction,
        (rows, base): (&[Row], u64),
        now: i64,
        (each, all): (u64, u64),
    ) -> Result<(), redb::Error> {
        let mut tables = Tables {
            fields: transaction.open_table(FIELDS)?,
            ages: transaction.open_table(AGES)?,
            owned: transaction.open_table(OWNED)?,
            counts: transaction.open_table(COUNTS)?,
            base,
        };
        for row in rows {
            if !tables.is_needed(row)? {
                continue;
            }
            tables.put(row)?;
            while tables.count(&row.owner)? > each {
                tables.drop_oldest_of(&row.owner)?;
            }
        }
        let mut swept = 0;
        while let Some((owner, key)) = tables.oldest()? {
            let is_over = redb::ReadableTableMetadata::len(&tables.ages)? > all;
            let is_old = tables.until(&key)?.is_none_or(|until| until < now);
            if !is_over && (!is_old || swept >= SWEPT) {
                break;
            }
            swept += 1;
            tables.remove(&owner, &key)?;
        }
        Ok(())
    }

    /// Whether a row is more than forgetting what nobody keeps.
    fn is_needed(&self, row: &Row) -> Result<bool, redb::Error> {
        let Is::Void { over: Some(keys) } = &row.is else { return Ok(true) };
        for key in keys {
            if self.fields.get(&key[..])?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn put(&mut self, row: &Row) -> Result<(), redb::Error> {
        let Some(is_doubtful) = self.doubt(row)? else { return Ok(()) };
        self.remove(&row.owner, &row.key)?;
        let number = (self.base + row.number).to_be_bytes();
        self.fields.insert(&row.key[..], &row.stored(self.base, is_doubtful)[..])?;
        self.ages.insert(&number[..], &[&row.owner[..], &row.key].concat()[..])?;
        self.owned.insert(&[&row.owner[..], &number].concat()[..], &row.key[..])?;
        let count = self.count(&row.owner)? + 1;
        self.counts.insert(&row.owner[..], &count.to_be_bytes()[..])?;
        Ok(())
    }

    /// Whether a row is in doubt; nothing where it says no more than what is there. Of two answers that were on their
    /// way at once nobody can say which shows what stands in the CRM.
    fn doubt(&self, row: &Row) -> Result<Option<bool>, redb::Error> {
        let Is::Shown { asked, is_doubtful, print, .. } = &row.is else { return Ok(Some(false)) };
        let there = self.fields.get(&row.key[..])?;
        let there = there.as_ref().and_then(|there| Stored::read(there.value()));
        let Some(there) = there.filter(|there| there.number > self.base + asked) else { return Ok(Some(*is_doubtful)) };
        let is_known = !there.is_doubtful && there.print == print;
        Ok((!is_known).then_some(true))
    }

    /// Takes a field out, if it is there.
    fn remove(&mut self, owner: &[u8], key: &[u8]) -> Result<(), redb::Error> {
        let Some(number) = self.fields.remove(key)?.and_then(|row| row.value().get(..8).map(<[u8]>::to_vec)) else {
            return Ok(());
        };
        self.ages.remove(&number[..])?;
        self.owned.remove(&[owner, &number[..]].concat()[..])?;
        match self.count(owner)?.saturating_sub(1) {
            0 => drop(self.counts.remove(owner)?),
            count => drop(self.counts.insert(owner, &count.to_be_bytes()[..])?),
        }
        Ok(())
    }

    fn count(&self, owner: &[u8]) -> Result<u64, redb::Error> {
        Ok(self.counts.get(owner)?.map_or(0, |count| number_of(count.value())))
    }

    fn until(&self, key: &[u8]) -> Result<Option<i64>, redb::Error> {
        let row = self.fields.get(key)?;
        Ok(row.and_then(|row| Some(Stored::read(row.value())?.until)))
    }

    fn oldest(&self) -> Result<Option<Owned>, redb::Error> {
        let first = self.ages.first()?;
        Ok(first.and_then(|(_, row)| {
            let (owner, key) = row.value().split_at_checked(OWNER_BYTES)?;
            Some((owner.to_vec(), key.to_vec()))
        }))
    }

    fn drop_oldest_of(&mut self, owner: &[u8]) -> Result<(), redb::Error> {
        let first = self.owned.range(owner..)?.next().transpose()?;
        let key = first.filter(|(number, _)| number.value().starts_with(owner)).map(|(_, key)| key.value().to_vec());
        match key {
            Some(key) => self.remove(owner, &key),
            // There is none, whatever was counted.
            None => self.counts.remove(owner).map(drop).map_err(redb::Error::from),
        }
    }
}

fn number_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_be_bytes)
}

/// The file, made where there is none.
pub(super) fn opened(path: &Path) -> Result<(Database, u64), VaultError> {
    let failed = |source: io::Error| VaultError::Io { path: path.to_owned(), tried: "made", source };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(VaultError::Exposed { path: path.to_owned(), mode });
    }
    let backend = FileBackend::new(file).map_err(|cause| refused(path, cause))?;
    over(path, backend)
}

/// The same over whatever holds the bytes, and the number of its youngest row.
pub(super) fn over(path: &Path, backend: impl StorageBackend) -> Result<(Database, u64), VaultError> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    let database = builder.create_with_backend(backend).map_err(|cause| refused(path, cause))?;
    let tables = || -> Result<u64, redb::Error> {
        let transaction = database.begin_write()?;
        if transaction.delete_table(EARLIER)? {
            for table in [AGES, OWNED, COUNTS] {
                transaction.delete_table(table)?;
            }
        }
        for table in [FIELDS, OWNED, COUNTS] {
            transaction.open_table(table)?;
        }
        let last = transaction.open_table(AGES)?.last()?.map_or(0, |(number, _)| number_of(number.value()));
        transaction.commit()?;
        Ok(last)
    };
    let last = tables().map_err(|cause| damaged(path, cause))?;
    Ok((database, last))
}

/// Leaves nothing of the file: it holds nothing that is needed.
pub(super) fn discarded(path: &Path) -> Result<(), VaultError> {
    let removed = fs::remove_file(path).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => OpenOptions::new().write(true).truncate(true).open(path).and_then(|file| file.sync_all()),
    });
    removed.map_err(|source| VaultError::Io { path: path.to_owned(), tried: "made", source })
}

fn refused(path: &Path, cause: DatabaseError) -> VaultError {
    match cause {
        DatabaseError::DatabaseAlreadyOpen => VaultError::InUse(path.to_owned()),
        cause => damaged(path, cause.into()),
    }
}

fn damaged(path: &Path, cause: redb::Error) -> VaultError {
    VaultError::Damaged { path: PathBuf::from(path), cause: Box::new(cause) }
}
