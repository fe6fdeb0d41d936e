//! The few things that the ledger asks of a disk, as a seam.
//!
//! A ledger is only worth what it does when the disk is full, turns read-only, lies about a sync or loses a file, so
//! those failures must be easy to bring about in a test. Everything that writes goes through [`Disk`] and [`Sink`];
//! reading does not, since a failed read changes nothing. What a failure means is decided in `journal` and `writer`.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What writes files; [`LocalDisk`] everywhere but in tests of failures.
pub trait Disk: Send {
    /// Makes the folder, for its owner alone, where it is missing.
    fn folder(&self, dir: &Path) -> io::Result<()>;
    /// Opens a file to append to, and makes it, for its owner alone, where it is missing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sink>>;
    /// Makes a file that must not be there yet.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sink>>;
    /// Cuts a file to its first `len` bytes, durably.
    fn cut(&self, path: &Path, len: u64) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_folder(&self, dir: &Path) -> io::Result<()>;
}

/// One open file that only grows.
pub trait Sink: Send {
    /// Appends all of the bytes.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when all that was appended is durable.
    fn sync(&mut self) -> io::Result<()>;
    /// Fails unless the file's name still leads to this very file and it is `len` bytes long. A file that was removed
    /// or replaced takes writes without complaint, and what is written to it is lost.
    fn stands(&self, len: u64) -> io::Result<()>;
}

/// The file system of this machine.
pub struct LocalDisk;

impl Disk for LocalDisk {
    fn folder(&self, dir: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        LocalSink::open(OpenOptions::new().append(true).create(true), path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        LocalSink::open(OpenOptions::new().append(true).create_new(true), path)
    }

    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        file.set_len(len)?;
        file.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

struct LocalSink {
    file: File,
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl LocalSink {
    fn open(options: &mut OpenOptions, path: &Path) -> io::Result<Box<dyn Sink>> {
        let file = options.mode(0o600).open(path)?;
        let found = file.metadata()?;
        Ok(Box::new(LocalSink { file, path: path.to_path_buf(), device: found.dev(), inode: found.ino() }))
    }
}

impl Sink for LocalSink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn stands(&self, len: u64) -> io::Result<()> {
        let named = fs::metadata(&self.path)?;
        if named.dev() != self.device || named.ino() != self.inode {
            return Err(io::Error::other("another file has taken the name of the one that is open"));
        }
        if named.len() != len {
            let found = named.len();
            return Err(io::Error::other(format!("the file is {found} bytes long and should be {len}")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_or_replaced_or_longer_file_does_not_stand() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut sink = LocalDisk.open(&path).unwrap();
        sink.write_all(b"abc").unwrap();
        sink.stands(3).unwrap();
        assert!(sink.stands(2).is_err());
        fs::remove_file(&path).unwrap();
        assert!(sink.stands(3).is_err());
        fs::write(&path, b"abc").unwrap();
        assert!(sink.stands(3).is_err());
    }

    #[test]
    fn files_and_folders_are_for_their_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("state/ledger");
        LocalDisk.folder(&inner).unwrap();
        let path = inner.join("a");
        LocalDisk.create(&path).unwrap();
        assert_eq!(fs::metadata(&inner).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(LocalDisk.create(&path).is_err());
    }
}
