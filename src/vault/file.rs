//! The vault's file: made whole, opened by one process, written in commits that are durable.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTableMetadata, TableDefinition, TableError};

use crate::vault::open::VaultError;
use crate::vault::ring::{Keys, Ring};

/// Keyed hashes with the token of each.
pub const LOOKUPS: Table = Table::new("lookups");
/// Tokens with the sealed record of each.
pub const TOKENS: Table = Table::new("tokens");
/// Keyed hashes with the sealed record of what is open to somebody; made with the first of them.
pub const GRANTS: Table = Table::new("grants");
/// The version of the keys with which the vault was made, and what only they could write.
const RINGS: Table = Table::new("rings");

/// A table of bytes by bytes.
pub type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Bytes of the file that may be held in memory.
const CACHE_BYTES: usize = 64 << 20;

/// Opens the file, and makes it where there is none.
pub fn open(path: &Path, ring: &Ring) -> Result<Database, VaultError> {
    match existing(path) {
        Err(VaultError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => make(path, ring)?,
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    let database = builder().open(path).map_err(|cause| refused(path, cause))?;
    is_of(&database, path, ring)?;
    // The version that it was made with may be destroyed one day.
    let now = ring.current().version.to_be_bytes();
    let known = read(&database, RINGS, &now).map_err(|cause| VaultError::Damaged { path: path.to_owned(), cause })?;
    if known.is_none() {
        mark(&database, ring.current())?;
    }
    Ok(database)
}

/// How many tokens it holds.
pub fn tokens(database: &Database, path: &Path) -> Result<u64, VaultError> {
    let counted = || -> Result<u64, redb::Error> { Ok(database.begin_read()?.open_table(TOKENS)?.len()?) };
    counted().map_err(|cause| damaged(path, cause))
}

/// What stands under a key.
pub fn read(database: &Database, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Box<redb::Error>> {
    let found = || -> Result<Option<Vec<u8>>, redb::Error> {
        let table = database.begin_read()?.open_table(table)?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    };
    found().map_err(Box::new)
}

/// A key and what stands under it.
pub type Row = (Vec<u8>, Vec<u8>);

/// What stands under the keys from one to another, the first so many; nothing where there is no such table yet.
pub fn between(
    database: &Database,
    table: Table,
    (from, to): (&[u8], &[u8]),
    count_max: usize,
) -> Result<Vec<Row>, Box<redb::Error>> {
    let found = || -> Result<Vec<Row>, redb::Error> {
        let table = match database.begin_read()?.open_table(table) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let mut rows = Vec::new();
        for row in table.range(from..=to)?.take(count_max) {
            let (key, value) = row?;
            rows.push((key.value().to_vec(), value.value().to_vec()));
        }
        Ok(rows)
    };
    found().map_err(Box::new)
}

/// Takes keys out and puts one in, in one commit.
pub fn change(database: &Database, table: Table, gone: &[Vec<u8>], row: (&[u8], &[u8])) -> Result<(), VaultError> {
    let written = || -> Result<(), redb::Error> {
        let mut transaction = database.begin_write()?;
        transaction.set_quick_repair(true);
        {
            let mut table = transaction.open_table(table)?;
            for key in gone {
                table.remove(&key[..])?;
            }
            table.insert(row.0, row.1)?;
        }
        transaction.commit()?;
        Ok(())
    };
    written().map_err(|cause| VaultError::Write(Box::new(cause)))
}

/// Writes lookups, tokens and records in one commit.
pub fn write<'a>(
    database: &Database,
    rows: impl Iterator<Item = (&'a [u8], &'a [u8], &'a [u8])>,
) -> Result<(), VaultError> {
    let written = || -> Result<(), redb::Error> {
        // Commits are durable unless told otherwise.
        let mut transaction = database.begin_write()?;
        // A start after a kill would have to walk through all of a large file.
        transaction.set_quick_repair(true);
        {
            let (mut lookups, mut tokens) = (transaction.open_table(LOOKUPS)?, transaction.open_table(TOKENS)?);
            for (lookup, token, record) in rows {
                lookups.insert(lookup, token)?;
                tokens.insert(token, record)?;
            }
        }
        transaction.commit()?;
        Ok(())
    };
    written().map_err(|cause| VaultError::Write(Box::new(cause)))
}

fn existing(path: &Path) -> Result<(), VaultError> {
    let metadata =
        fs::metadata(path).map_err(|source| VaultError::Io { path: path.to_owned(), tried: "read", source })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(VaultError::Exposed { path: path.to_owned(), mode }) }
}

/// Makes the file under another name and gives it its own when it is whole.
fn make(path: &Path, ring: &Ring) -> Result<(), VaultError> {
    let failed = |source: io::Error| VaultError::Io { path: path.to_owned(), tried: "made", source };
    let mut nonce = [0; 8];
    rand::fill(&mut nonce).map_err(|_| VaultError::Chance)?;
    let draft = path.with_added_extension(HEXLOWER.encode(&nonce));
    let made = filled(&draft, path, ring).and_then(|()| match fs::hard_link(&draft, path) {
        // Another was faster; whose it is shows when it is opened.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.map_err(failed),
    });
    // The draft has served whether or not it got its name.
    let _ = fs::remove_file(&draft);
    made?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn filled(draft: &Path, path: &Path, ring: &Ring) -> Result<(), VaultError> {
    let failed = |source: io::Error| VaultError::Io { path: path.to_owned(), tried: "made", source };
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(draft).map_err(failed)?;
    let database = FileBackend::new(file).and_then(|backend| builder().create_with_backend(backend));
    let database = database.map_err(|cause| refused(path, cause))?;
    let keys = ring.current();
    let mark = keys.lookup.of_ring();
    let written = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        transaction.open_table(LOOKUPS)?;
        transaction.open_table(TOKENS)?;
        transaction.open_table(RINGS)?.insert(&keys.version.to_be_bytes()[..], &mark[..])?;
        transaction.commit()?;
        Ok(())
    };
    written().map_err(|cause| damaged(path, cause))
}

/// Notes that these keys are of the ring that wrote the vault.
fn mark(database: &Database, keys: &Keys) -> Result<(), VaultError> {
    change(database, RINGS, &[], (&keys.version.to_be_bytes(), &keys.lookup.of_ring()))
}

/// Whether this ring wrote the vault.
fn is_of(database: &Database, path: &Path, ring: &Ring) -> Result<(), VaultError> {
    for (version, mark) in ring.newest_first().map(|keys| (keys.version.to_be_bytes(), keys.lookup.of_ring())) {
        let found =
            read(database, RINGS, &version).map_err(|cause| VaultError::Damaged { path: path.to_owned(), cause })?;
        if found.is_some_and(|found| found == mark) {
            return Ok(());
        }
    }
    Err(VaultError::OtherRing(path.to_owned()))
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn refused(path: &Path, cause: DatabaseError) -> VaultError {
    match cause {
        DatabaseError::DatabaseAlreadyOpen => VaultError::InUse(path.to_owned()),
        cause => damaged(path, cause.into()),
    }
}

fn damaged(path: &Path, cause: redb::Error) -> VaultError {
    VaultError::Damaged { path: path.to_owned(), cause: Box::new(cause) }
}
