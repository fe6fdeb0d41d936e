//! A disk that fails, and what becomes of the vault on it: new tokens are refused and nothing is lost, and when the
//! disk is well again so is the vault.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{Builder, Database, StorageBackend};

use crate::terms::mint::{Domain, MintError};
use crate::vault::backend::Token;
use crate::vault::embedded::Embedded;
use crate::vault::file;
use crate::vault::keep::Vault;
use crate::vault::open::VaultError;
use crate::vault::ring::fixed;

/// What is wrong with the disk, and how often the file was opened on it.
#[derive(Debug, Clone, Default)]
struct Disk {
    full: Arc<AtomicBool>,
    dead: Arc<AtomicBool>,
    opened: Arc<AtomicU32>,
}

impl Disk {
    fn takes(&self) -> io::Result<()> {
        let full = self.full.load(Ordering::SeqCst);
        if full { Err(io::ErrorKind::StorageFull.into()) } else { self.answers() }
    }

    fn answers(&self) -> io::Result<()> {
        let dead = self.dead.load(Ordering::SeqCst);
        if dead { Err(io::Error::other("input/output error")) } else { Ok(()) }
    }

    fn open(&self, path: &Path) -> Result<Database, VaultError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let file = OpenOptions::new().read(true).write(true).open(path).expect("a file");
        let file = FileBackend::new(file).expect("a file");
        let failing = Failing { file, disk: self.clone() };
        Builder::new().create_with_backend(failing).map_err(|cause| VaultError::Read(Box::new(cause)))
    }
}

/// A file on it.
#[derive(Debug)]
struct Failing {
    file: FileBackend,
    disk: Disk,
}

impl StorageBackend for Failing {
    fn len(&self) -> io::Result<u64> {
        self.disk.answers()?;
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.disk.answers()?;
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.takes()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.takes()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.takes()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}

const NO_PAUSE: Duration = Duration::ZERO;
const LONG_PAUSE: Duration = Duration::from_secs(3600);

/// A vault on a disk, which may be tried anew so often.
fn vault(folder: &Path, disk: &Disk, pause: Duration) -> Vault {
    let path = folder.join("vault.redb");
    drop(file::open(&path, &fixed()).expect("made"));
    let database = disk.open(&path).expect("open");
    let again = disk.clone();
    let embedded = Embedded::with(database, Box::new(move || again.open(&path)), pause);
    Vault::over(Box::new(embedded), Arc::new(fixed()), 1_000, Box::new(|| 1_800_000_000)).expect("a vault")
}

fn minted(vault: &Vault, value: &str) -> Result<Token, MintError> {
    vault.token("phone", &Domain::Shared("a".to_owned()), value, None)
}

fn opens(vault: &Vault, token: &Token) -> Option<String> {
    vault.open_random("phone", token).map(|opened| opened.value.0)
}

#[test]
fn a_full_disk_loses_nothing_and_is_found_to_have_room_again() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), Disk::default());
    let own = vault(folder.path(), &disk, NO_PAUSE);
    let kept = minted(&own, "kept").expect("a token");
    own.flush().expect("written");
    disk.full.store(true, Ordering::SeqCst);
    let waiting = minted(&own, "waiting").expect("it is only noted");
    for _ in 0..3 {
        let told = own.flush().expect_err("the disk is full").to_string();
        assert!(told.starts_with("the vault cannot be written"), "{told}");
        assert!(own.kept() < own.minted(), "no answer leaves with it");
    }
    assert_eq!(opens(&own, &waiting), Some("waiting".to_owned()), "it is still noted");
    disk.full.store(false, Ordering::SeqCst);
    assert_eq!(minted(&own, "waiting"), Ok(waiting), "it is no other");
    own.flush().expect("written at last");
    assert_eq!(own.kept(), own.minted());
    drop(own);
    let own = vault(folder.path(), &disk, NO_PAUSE);
    for (token, value) in [(kept, "kept"), (waiting, "waiting")] {
        assert_eq!((opens(&own, &token).as_deref(), minted(&own, value)), (Some(value), Ok(token)));
    }
}

#[test]
fn a_disk_that_fails_once_does_not_fail_the_vault_for_good() {
    for fault in [|disk: &Disk| disk.full.clone(), |disk: &Disk| disk.dead.clone()] {
        let (folder, disk) = (tempfile::tempdir().expect("a folder"), Disk::default());
        let own = vault(folder.path(), &disk, NO_PAUSE);
        let token = minted(&own, "1").expect("a token");
        own.flush().expect("written");
        fault(&disk).store(true, Ordering::SeqCst);
        minted(&own, "2").ok();
        assert!(own.flush().is_err());
        // Nobody can tell whether a value has a token: it gets none.
        disk.dead.store(true, Ordering::SeqCst);
        assert_eq!((minted(&own, "3"), opens(&own, &token)), (Err(MintError::Vault), None));
        assert!(own.sweep().is_err() && own.grants("tanaka", 0).is_err());
        disk.dead.store(false, Ordering::SeqCst);
        disk.full.store(false, Ordering::SeqCst);
        assert_eq!(opens(&own, &token), Some("1".to_owned()));
        assert_eq!(minted(&own, "1"), Ok(token));
        assert!(minted(&own, "3").is_ok() && own.flush().is_ok() && own.grants("tanaka", 0).is_ok());
    }
}

#[test]
fn it_is_not_tried_more_often_than_the_pause_allows() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), Disk::default());
    let own = vault(folder.path(), &disk, LONG_PAUSE);
    minted(&own, "noted").expect("a token");
    disk.dead.store(true, Ordering::SeqCst);
    assert!(own.flush().is_err());
    for number in 0..100 {
        assert!(minted(&own, &number.to_string()).is_err() && own.sweep().is_err());
    }
    // At the start, and once since.
    assert_eq!(disk.opened.load(Ordering::SeqCst), 2);
}

#[test]
fn while_one_opens_it_anew_the_others_do_not_wait() {
    let (folder, disk) = (tempfile::tempdir().expect("a folder"), Disk::default());
    let own = Arc::new(vault(folder.path(), &disk, NO_PAUSE));
    let token = minted(&own, "1").expect("a token");
    own.flush().expect("written");
    disk.full.store(true, Ordering::SeqCst);
    minted(&own, "2").expect("noted");
    assert!(own.flush().is_err());
    disk.full.store(false, Ordering::SeqCst);
    let asking: Vec<_> = (0..8)
        .map(|_| {
            let own = Arc::clone(&own);
            std::thread::spawn(move || (0..1_000).find(|_| opens(&own, &token).is_some()).is_some())
        })
        .collect();
    assert!(asking.into_iter().all(|asking| asking.join().expect("no panic")));
    assert!(opens(&own, &token).is_some() && own.flush().is_ok());
}
