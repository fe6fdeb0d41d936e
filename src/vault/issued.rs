//! What staff was given, for as long as it may come back: sealed, found by a keyed hash alone, bounded.
//!
//! A file of its own in the state folder (redb; 0600), used by one process at a time. It may be lost at any time:
//! then veils of before are refused in writes. Four tables:
//!
//! ```text
//! fields   keyed hash of staff and field  ->  8 bytes number, 8 bytes when it is forgotten, then sealed: what is kept
//! ages     number  ->  owner, keyed hash
//! owned    owner, number  ->  keyed hash
//! counts   owner  ->  how many
//! ```
//!
//! Numbers grow, so that the lowest is the oldest. An owner is a keyed hash of staff. Nothing can be found out
//! without the ring, and a field is sealed under its own hash, so that it cannot be put in another's place.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, WriteTransaction};
use zeroize::Zeroizing;

use crate::vault::derive::ISSUED;
use crate::vault::file::Table;
use crate::vault::open::VaultError;
use crate::vault::page;
use crate::vault::ring::{Keys, Rings};

const FIELDS: Table = Table::new("fields");
const AGES: Table = Table::new("ages");
const OWNED: Table = Table::new("owned");
const COUNTS: Table = Table::new("counts");

/// How many fields are kept of one person, and of all together.
const BOUNDS: (u64, u64) = (20_000, 500_000);

/// What waits to be written: answers beyond it are not remembered.
const WAITING_MAX: usize = 40_000;

/// How many fields that are forgotten go with one commit, beside those that make room.
const SWEPT: usize = 1000;

/// Bytes of the file that may be held in memory.
const CACHE_BYTES: usize = 8 << 20;

const OWNER_BYTES: usize = 16;

/// What is remembered of what staff was given.
pub struct IssuedStore {
    database: Database,
    ring: Rings,
    waiting: Mutex<Vec<Row>>,
    /// Held by who writes, so that a commit is for all who wait.
    writing: Mutex<()>,
    bounds: (u64, u64),
}

/// The parts of a field's name, what is kept of it, and whether that is only put over what is kept already.
pub type Named<'a> = (Vec<&'a [u8]>, Zeroizing<Vec<u8>>, bool);

/// An owner and a keyed hash.
type Owned = (Vec<u8>, Vec<u8>);

/// One field that is kept.
struct Row {
    owner: [u8; OWNER_BYTES],
    key: [u8; 32],
    until: i64,
    sealed: Vec<u8>,
    /// Under which keys the field may be kept, where it is only put over that.
    over: Option<Vec<[u8; 32]>>,
}

impl IssuedStore {
    /// Opens the file; makes it where there is none, or where it cannot be read.
    pub fn open(path: &Path, ring: impl Into<Rings>) -> Result<IssuedStore, VaultError> {
        let database = match opened(path) {
            Err(VaultError::Damaged { .. }) => {
                // It holds nothing that is needed.
                let failed = |source| VaultError::Io { path: path.to_owned(), tried: "made", source };
                fs::remove_file(path).map_err(failed)?;
                opened(path)?
            }
            opened => opened?,
        };
        Ok(IssuedStore {
            database,
            ring: ring.into(),
            waiting: Mutex::default(),
            writing: Mutex::default(),
            bounds: BOUNDS,
        })
    }

    /// Takes what is kept of some fields of one person's, each by the parts of its name; it is written with the next
    /// `flush`. Tells whether there was room.
    pub fn note(&self, staff: &[&[u8]], fields: &[Named<'_>], until: i64) -> bool {
        let ring = self.ring.now();
        let keys = ring.current();
        let rows = fields.iter().map(|(parts, plain, over)| {
            let row = sealed(keys, staff, parts, (plain, until))?;
            // What an older version of the keys wrote is found too.
            let all = || ring.newest_first().map(|keys| keys.issued.of_field(&[staff, parts].concat())).collect();
            Some(Row { over: over.then(all), ..row })
        });
        let Some(rows) = rows.collect::<Option<Vec<Row>>>() else { return false };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = waiting.len() + rows.len() <= WAITING_MAX;
        if has_room {
            waiting.extend(rows);
        }
        has_room
    }

    /// Writes what was noted, in one commit for all who wait, and lets go of what is old. This waits for the disk.
    pub fn flush(&self, now: i64) -> Result<(), VaultError> {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        if rows.is_empty() {
            return Ok(());
        }
        let written = || -> Result<(), redb::Error> {
            let mut transaction = self.database.begin_write()?;
            transaction.set_quick_repair(true);
            Tables::write(&transaction, &rows, now, self.bounds)?;
            transaction.commit()?;
            Ok(())
        };
        written().map_err(|cause| VaultError::Write(Box::new(cause)))
    }

    /// What is kept of a field of one person's.
    pub fn find(&self, staff: &[&[u8]], parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        let ring = self.ring.now();
        ring.newest_first().find_map(|keys| {
            let key = keys.issued.of_field(&[staff, parts].concat());
            let table = self.database.begin_read().ok()?.open_table(FIELDS).ok()?;
            let row = table.get(&key[..]).ok()??;
            page::open_as(ISSUED, &ring, row.value().get(16..)?, &[&key])
        })
    }
}

fn sealed(keys: &Keys, staff: &[&[u8]], parts: &[&[u8]], (plain, until): (&[u8], i64)) -> Option<Row> {
    let key = keys.issued.of_field(&[staff, parts].concat());
    let hash = keys.issued.of_field(staff);
    let owner = *hash.first_chunk()?;
    Some(Row { owner, key, until, sealed: page::seal_as(ISSUED, keys, plain, &[&key])?, over: None })
}

type Open<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// The tables of one commit.
struct Tables<'t> {
    fields: Open<'t>,
    ages: Open<'t>,
    owned: Open<'t>,
    counts: Open<'t>,
}

impl Tables<'_> {
    fn write(
        transaction: &WriteTransaction,
        rows: &[Row],
        now: i64,
        (each, all): (u64, u64),
    ) -> Result<(), redb::Error> {
        let mut tables = Tables {
            fields: transaction.open_table(FIELDS)?,
            ages: transaction.open_table(AGES)?,
            owned: transaction.open_table(OWNED)?,
            counts: transaction.open_table(COUNTS)?,
        };
        let last = tables.ages.last()?.map_or(0, |(number, _)| number_of(number.value()));
        for (number, row) in (last + 1..).zip(rows) {
            if !tables.is_needed(row)? {
                continue;
            }
            tables.put(number, row)?;
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
        let Some(keys) = &row.over else { return Ok(true) };
        for key in keys {
            if self.fields.get(&key[..])?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn put(&mut self, number: u64, row: &Row) -> Result<(), redb::Error> {
        self.remove(&row.owner, &row.key)?;
        let number = number.to_be_bytes();
        let value = [&number[..], &row.until.to_be_bytes(), &row.sealed].concat();
        self.fields.insert(&row.key[..], &value[..])?;
        self.ages.insert(&number[..], &[&row.owner[..], &row.key].concat()[..])?;
        self.owned.insert(&[&row.owner[..], &number].concat()[..], &row.key[..])?;
        let count = self.count(&row.owner)? + 1;
        self.counts.insert(&row.owner[..], &count.to_be_bytes()[..])?;
        Ok(())
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
        Ok(row.and_then(|row| row.value().get(8..16)?.try_into().ok().map(i64::from_be_bytes)))
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

fn opened(path: &Path) -> Result<Database, VaultError> {
    let failed = |source: io::Error| VaultError::Io { path: path.to_owned(), tried: "made", source };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(VaultError::Exposed { path: path.to_owned(), mode });
    }
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    let database = FileBackend::new(file).and_then(|backend| builder.create_with_backend(backend));
    let database = database.map_err(|cause| match cause {
        DatabaseError::DatabaseAlreadyOpen => VaultError::InUse(path.to_owned()),
        cause => damaged(path, cause.into()),
    })?;
    let tables = || -> Result<(), redb::Error> {
        let transaction = database.begin_write()?;
        for table in [FIELDS, AGES, OWNED, COUNTS] {
            transaction.open_table(table)?;
        }
        transaction.commit()?;
        Ok(())
    };
    tables().map_err(|cause| damaged(path, cause))?;
    Ok(database)
}

fn damaged(path: &Path, cause: redb::Error) -> VaultError {
    VaultError::Damaged { path: PathBuf::from(path), cause: Box::new(cause) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::vault::ring::{Ring, fixed};

    const TANAKA: [&[u8]; 1] = [b"basic:tanaka"];

    struct Scene {
        folder: PathBuf,
    }

    impl Scene {
        fn new(name: &str) -> Scene {
            let folder = std::env::temp_dir().join(format!("sudare-issued-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).expect("a folder");
            Scene { folder }
        }

        fn path(&self) -> PathBuf {
            self.folder.join("issued.redb")
        }

        fn open(&self, ring: Ring) -> IssuedStore {
            IssuedStore::open(&self.path(), Arc::new(ring)).expect("a store")
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    fn note(store: &IssuedStore, staff: &[&[u8]], names: &[&'static str], (now, until): (i64, i64)) {
        let field =
            |name: &&'static str| (vec![name.as_bytes()], Zeroizing::new(format!("of {name}").into_bytes()), false);
        assert!(store.note(staff, &names.iter().map(field).collect::<Vec<_>>(), until));
        store.flush(now).expect("written");
    }

    fn found(store: &IssuedStore, staff: &[&[u8]], names: &[&str]) -> Vec<bool> {
        let is = |name: &&str| {
            let kept = store.find(staff, &[name.as_bytes()]);
            kept.inspect(|kept| assert_eq!(kept[..], *format!("of {name}").as_bytes())).is_some()
        };
        names.iter().map(is).collect()
    }

    #[test]
    fn it_is_found_again_by_whom_it_was_given_to_after_a_restart_too() {
        let scene = Scene::new("again");
        let store = scene.open(fixed());
        note(&store, &TANAKA, &["tel", "mail"], (0, 10));
        drop(store);
        let store = scene.open(fixed());
        assert_eq!(found(&store, &TANAKA, &["tel", "mail", "fax"]), [true, true, false]);
        assert_eq!(found(&store, &[b"basic:sato"], &["tel"]), [false]);
        assert_eq!(fs::metadata(scene.path()).expect("a file").permissions().mode() & 0o777, 0o600);
        let raw = fs::read(scene.path()).expect("bytes");
        assert!(memchr::memmem::find(&raw, b"of tel").is_none(), "nothing stands there in clear");
        assert!(memchr::memmem::find(&raw, b"tanaka").is_none());
    }

    #[test]
    fn older_keys_still_open_and_another_ring_does_not() {
        let scene = Scene::new("keys");
        let mut older = fixed();
        older.truncate(1);
        let store = scene.open(older);
        note(&store, &TANAKA, &["tel"], (0, 10));
        drop(store);
        let store = scene.open(fixed());
        assert_eq!(found(&store, &TANAKA, &["tel"]), [true]);
        drop(store);
        let store = scene.open(Ring::passing().expect("a ring"));
        assert_eq!(found(&store, &TANAKA, &["tel"]), [false]);
    }

    #[test]
    fn the_oldest_go_first_of_one_person_and_of_all() {
        let scene = Scene::new("bounds");
        let mut store = scene.open(fixed());
        store.bounds = (2, 3);
        note(&store, &TANAKA, &["a", "b"], (0, 10));
        note(&store, &TANAKA, &["a"], (1, 10));
        note(&store, &TANAKA, &["c"], (2, 10));
        assert_eq!(found(&store, &TANAKA, &["a", "b", "c"]), [true, false, true], "written again is young again");
        note(&store, &[b"basic:sato"], &["d", "e"], (3, 10));
        assert_eq!(found(&store, &TANAKA, &["a", "c"]), [false, true]);
        assert_eq!(found(&store, &[b"basic:sato"], &["d", "e"]), [true, true]);
        note(&store, &[b"basic:sato"], &["f"], (11, 20));
        assert_eq!(found(&store, &TANAKA, &["c"]), [false], "what is forgotten goes with the next commit");
        assert_eq!(found(&store, &[b"basic:sato"], &["d", "e", "f"]), [false, false, true]);
    }

    #[test]
    fn what_only_forgets_is_put_over_what_is_kept_alone() {
        let scene = Scene::new("over");
        let mut older = fixed();
        older.truncate(1);
        let store = scene.open(older);
        note(&store, &TANAKA, &["a"], (0, 10));
        drop(store);
        let store = scene.open(fixed());
        let nothing = |name: &'static str| (vec![name.as_bytes()], Zeroizing::new(b"nothing".to_vec()), true);
        assert!(store.note(&TANAKA, &[nothing("a"), nothing("b")], 10));
        store.flush(1).expect("written");
        assert_eq!(store.find(&TANAKA, &[b"a"]).as_deref().map(Vec::as_slice), Some(&b"nothing"[..]));
        assert!(store.find(&TANAKA, &[b"b"]).is_none());
    }

    #[test]
    fn what_cannot_be_read_is_made_anew_and_what_others_can_read_is_not_opened() {
        let scene = Scene::new("damaged");
        fs::write(scene.path(), b"no database at all").expect("written");
        fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o600)).expect("0600");
        let store = scene.open(fixed());
        note(&store, &TANAKA, &["tel"], (0, 10));
        assert_eq!(found(&store, &TANAKA, &["tel"]), [true]);
        drop(store);
        fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o644)).expect("0644");
        let opened = IssuedStore::open(&scene.path(), Arc::new(fixed()));
        assert!(matches!(opened, Err(VaultError::Exposed { mode: 0o644, .. })));
    }
}
