//! That somebody read the ledger, or had a CRM's records read for a migration, on its way into the ledger.
//!
//! Whoever reads records learns whose data was looked at, so that a reading is itself an event (PCI DSS 10.2.1.3). The
//! command line reads without a gateway, and the ledger belongs to the one process that writes it: what was read, by
//! whom and when is therefore put down in a file beside the segments, durably and before anything is printed, and the
//! gateway takes it from there into the ledger, at its start and once a minute. A reading that was taken and not
//! removed because of a crash is recorded twice, and none is lost.
//!
//! Who reads is told by the system as far as it knows; who may write this folder could write anything into this file,
//! and could as well take the ledger away. What counts against them is the ledger's chain, not this list.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ledger::entry::{Entry, Subject};
use crate::ledger::{Ledger, LedgerError};
use crate::terms::event::Event;

/// What was read, and by whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// An id of its own, which tells when it was: a ULID.
    pub id: String,
    /// Who, as the system says.
    pub by: String,
    /// By which command of sudare: `ledger query`, `explain --request`, `migrate customer`.
    pub what: String,
    /// Of whom, where one person was asked about: type, and id as the ledger may hold it.
    pub subject: Option<(String, Option<String>)>,
    /// How many records the command deleted, where it did not read but delete.
    #[serde(default)]
    pub deleted: Option<u64>,
}

/// The reason that stands in its record.
pub const READ: &str = "read";
/// The reason where records were deleted, of which `count` says how many.
pub const DELETED: &str = "deleted";

/// What was done where the line that says so is torn.
const UNKNOWN: &str = "ledger unknown";
const FILE_NAME: &str = "readings";
const TAKEN_NAME: &str = "readings.taken";
const LOCK_NAME: &str = "readings.lock";
/// So many bytes wait at most; a gateway takes them every minute.
const BYTES_MAX: u64 = 1 << 20;
const LINE_BYTES_MAX: u64 = 8 << 10;

/// Puts a reading down, durably.
pub fn note(dir: &Path, reading: &Reading) -> io::Result<()> {
    let mut line = serde_json::to_vec(reading)?;
    line.push(b'\n');
    if line.len() as u64 > LINE_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the words of this reading are too long"));
    }
    let _lock = lock(dir)?;
    let mut file = open(dir, FILE_NAME)?;
    if file.metadata()?.len() + line.len() as u64 > BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::StorageFull, "too many readings wait for a gateway to take them"));
    }
    file.write_all(&line)?;
    file.sync_all()
}

/// Records the readings that wait, and forgets them once that is durable; says how many there were. The writer must be
/// running, since each is waited for.
pub fn take(dir: &Path, ledger: &Ledger) -> io::Result<u64> {
    let taken = dir.join(TAKEN_NAME);
    if !taken.exists() {
        let _lock = lock(dir)?;
        match fs::rename(dir.join(FILE_NAME), &taken) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            renamed => renamed?,
        }
    }
    let readings = read(&taken)?;
    let (sender, told) = mpsc::channel();
    for reading in &readings {
        let sender = sender.clone();
        // Nobody listens any more where one before it failed; it stays in the file.
        ledger.append(
            entry(reading),
            Box::new(move |done| {
                let _ = sender.send(done);
            }),
        );
    }
    drop(sender);
    for _ in &readings {
        let done = told.recv_timeout(WAIT).unwrap_or(Err(LedgerError::Away));
        done.map_err(|error| io::Error::other(error.to_string()))?;
    }
    fs::remove_file(&taken)?;
    Ok(readings.len() as u64)
}

/// How long a record is waited for before the pass is given up.
const WAIT: Duration = Duration::from_secs(5);

fn entry(reading: &Reading) -> Entry<'_> {
    let subject = |(of, id): &(String, Option<String>)| Subject {
        of: of.clone().into(),
        id: id.clone().map(Into::into),
        ..Subject::default()
    };
    Entry {
        staff: Some(format!("os:{}", reading.by).into()),
        // It tells when that was; the record's own time is that of its commit.
        request: Some(reading.id.as_str().into()),
        path: Some(format!("sudare {}", reading.what).into()),
        reason: Some(if reading.deleted.is_some() { DELETED } else { READ }.into()),
        count: reading.deleted,
        outcome: Some("recorded".into()),
        subjects: reading.subject.iter().map(subject).collect(),
        ..Entry::new(Event::Ledger)
    }
}

/// What stands in a file, with its bounds; a line that is none still says that somebody read.
fn read(path: &Path) -> io::Result<Vec<Reading>> {
    let mut readings = Vec::new();
    let mut reader = BufReader::new(File::open(path)?.take(BYTES_MAX));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let unknown =
            || Reading { id: String::new(), by: String::new(), what: UNKNOWN.to_owned(), subject: None, deleted: None };
        readings.push(serde_json::from_slice(&line).unwrap_or_else(|_| unknown()));
        line.clear();
    }
    Ok(readings)
}

/// Held while the file is written or taken away; nobody waits long for it.
fn lock(dir: &Path) -> io::Result<File> {
    let file = open(dir, LOCK_NAME)?;
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "another process holds the list of readings"))
}

const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Opens a file to append to. What root makes belongs to whom the folder does, or the gateway could not take it.
fn open(dir: &Path, name: &str) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(dir.join(name))?;
    let (folder, own) = (fs::metadata(dir)?, file.metadata()?);
    if folder.uid() != own.uid() {
        fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(file)
}

/// A thread that takes readings at its start and once a minute.
pub struct Taker {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

const EVERY: Duration = Duration::from_secs(60);

impl Taker {
    /// Starts it for a ledger and its folder.
    pub fn start(dir: PathBuf, ledger: Ledger) -> io::Result<Taker> {
        let (stop, stopped) = mpsc::channel();
        let attend = move || {
            loop {
                match take(&dir, &ledger) {
                    Ok(0) => {}
                    Ok(readings) => tracing::info!(readings, "readings of the ledger were recorded"),
                    // They stay where they are, and the next pass tries again.
                    Err(error) => tracing::warn!(%error, dir = %dir.display(), "readings of the ledger wait"),
                }
                if stopped.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("ledger-readings".into()).spawn(attend)?;
        Ok(Taker { stop, thread })
    }

    /// Ends it, after the pass that it is at.
    pub fn stop(self) {
        drop(self.stop);
        // A panic in it was told where it happened.
        let _ = self.thread.join();
    }
}
