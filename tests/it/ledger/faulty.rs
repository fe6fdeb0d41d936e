//! This machine's disk without the cost of syncs, and with faults on demand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier, Mutex};

use sudare::ledger::disk::{Disk, LocalDisk, Sink};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    Nothing,
    /// Half of what is written arrives, then there is no room.
    Full,
    /// What is written is lost when it is synced, and the sync says so.
    Sync,
    /// Nothing can be opened or written.
    ReadOnly,
    /// A sync comes to the gate, and waits there until it is let through.
    Hang,
}

/// This machine's disk without the cost of syncs, and with faults on demand.
pub struct FaultyDisk {
    pub fault: Arc<Mutex<Fault>>,
    pub gate: Arc<Barrier>,
}

impl FaultyDisk {
    fn may_change(&self) -> io::Result<()> {
        match *self.fault.lock().unwrap() {
            Fault::ReadOnly => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            _ => Ok(()),
        }
    }

    fn wrap(&self, inner: Box<dyn Sink>, path: &Path) -> io::Result<Box<dyn Sink>> {
        let synced = fs::metadata(path)?.len();
        Ok(Box::new(FaultySink {
            inner,
            path: path.to_owned(),
            synced,
            fault: Arc::clone(&self.fault),
            gate: Arc::clone(&self.gate),
        }))
    }
}

impl Disk for FaultyDisk {
    fn folder(&self, dir: &Path) -> io::Result<()> {
        self.may_change()?;
        LocalDisk.folder(dir)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        self.may_change()?;
        self.wrap(LocalDisk.open(path)?, path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        self.may_change()?;
        self.wrap(LocalDisk.create(path)?, path)
    }
    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        self.may_change()?;
        fs::OpenOptions::new().write(true).open(path)?.set_len(len)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.may_change()?;
        LocalDisk.remove(path)
    }
    fn sync_folder(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }
}

struct FaultySink {
    inner: Box<dyn Sink>,
    path: PathBuf,
    synced: u64,
    fault: Arc<Mutex<Fault>>,
    gate: Arc<Barrier>,
}

impl FaultySink {
    fn hangs(&self) -> bool {
        *self.fault.lock().unwrap() == Fault::Hang
    }
}

impl Sink for FaultySink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match *self.fault.lock().unwrap() {
            Fault::ReadOnly => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            Fault::Full => {
                self.inner.write_all(&bytes[..bytes.len() / 2])?;
                Err(io::ErrorKind::StorageFull.into())
            }
            Fault::Nothing | Fault::Sync | Fault::Hang => self.inner.write_all(bytes),
        }
    }
    fn sync(&mut self) -> io::Result<()> {
        let len = fs::metadata(&self.path)?.len();
        if self.hangs() {
            self.gate.wait();
            self.gate.wait();
        }
        if *self.fault.lock().unwrap() == Fault::Sync && len > self.synced {
            let file = fs::OpenOptions::new().write(true).open(&self.path)?;
            file.set_len(self.synced)?;
            file.set_len(len)?;
            return Err(io::Error::other("input/output error"));
        }
        self.synced = len;
        Ok(())
    }
    fn stands(&self, len: u64) -> io::Result<()> {
        self.inner.stands(len)
    }
}
