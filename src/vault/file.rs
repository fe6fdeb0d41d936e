//! The vault's file: made whole, opened by one process, told from the file of another ring. What is read and written
//! there is `embedded`'s.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::rand;
use data_encoding::HEXLOWER;
use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, TableDefinition, WriteTransaction};

use crate::vault::open::VaultError;
use crate::vault::ring::{Keys, Ring};

/// Keyed hashes with the token of each.
pub const LOOKUPS: Table = Table::new("lookups");
/// Tokens with the sealed record of each.
pub const TOKENS: Table = Table::new("tokens");
/// Keyed hashes with the sealed record of what is open to somebody; made with the first of them.
pub const GRANTS: Table = Table::new("grants");
/// When tokens end, and each token; made with the first that does.
pub const ENDS: Table = Table::new("ends");
/// The latest time that was told.
pub const TIMES: Table = Table::new("times");
/// The version of the keys with which the vault was made, and what only they could write.
const RINGS: Table = Table::new("rings");

/// A table of bytes by bytes.
pub type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// Bytes of the file that may be held in memory.
const CACHE_BYTES: usize = 64 << 20;

/// Opens the file, and makes it where there is none.
pub fn open(path: &Path, ring: &Ring) -> Result<Database, VaultError> {
    if !path.try_exists().map_err(|source| VaultError::Io { path: path.to_owned(), tried: "read", source })? {
        make(path, ring)?;
    }
    reopen(path, ring)
}

/// Opens the file again; it is never made here.
pub fn reopen(path: &Path, ring: &Ring) -> Result<Database, VaultError> {
    existing(path)?;
    let database = builder().open(path).map_err(|cause| refused(path, cause))?;
    is_of(&database, path, ring)?;
    // The version that it was made with may be destroyed one day.
    // It is the ring's own: what fails now is the disk, and no damage.
    marked(&database, ring.current()).map_err(|cause| VaultError::Write(Box::new(cause)))?;
    Ok(database)
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

/// Notes that these keys are of the ring that wrote the vault, unless that is noted.
fn marked(database: &Database, keys: &Keys) -> Result<(), redb::Error> {
    if is_marked(database, keys.version)? {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    mark(&transaction, keys.version, &keys.lookup.of_ring())?;
    transaction.commit()?;
    Ok(())
}

/// Whether a version of the keys is noted as one of the vault's ring.
pub fn is_marked(database: &Database, version: u16) -> Result<bool, redb::Error> {
    Ok(database.begin_read()?.open_table(RINGS)?.get(&version.to_be_bytes()[..])?.is_some())
}

/// Notes it, with what only those keys could write.
pub fn mark(transaction: &WriteTransaction, version: u16, mark: &[u8]) -> Result<(), redb::Error> {
    transaction.open_table(RINGS)?.insert(&version.to_be_bytes()[..], mark)?;
    Ok(())
}

/// Whether this ring wrote the vault.
fn is_of(database: &Database, path: &Path, ring: &Ring) -> Result<(), VaultError> {
    for keys in ring.newest_first() {
        let (version, mark) = (keys.version.to_be_bytes(), keys.lookup.of_ring());
        let found = || -> Result<bool, redb::Error> {
            let transaction = database.begin_read()?;
            // They are there from the beginning.
            transaction.open_table(LOOKUPS)?;
            transaction.open_table(TOKENS)?;
            let rings = transaction.open_table(RINGS)?;
            Ok(rings.get(&version[..])?.is_some_and(|found| found.value() == mark))
        };
        if found().map_err(|cause| damaged(path, cause))? {
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
