//! A file that only grows, every byte of it durable, or is given up.
//!
//! After a failed sync the system may call pages clean that never reached the disk, so a second sync that succeeds
//! proves nothing. A tape therefore closes its file at the first failure of any kind and never touches it again; what
//! was durable before is known by its length alone, and whatever stands behind that length is set aside.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::ledger::disk::{Disk, Sink};

/// An open file and the length up to which it is durable.
pub struct Tape {
    /// Where it is.
    pub path: PathBuf,
    /// Its durable length.
    pub len: u64,
    sink: Option<Box<dyn Sink>>,
}

impl Tape {
    /// Opens a file that must be `len` bytes long (made where it is missing), and makes what it holds durable.
    pub fn open(disk: &dyn Disk, path: PathBuf, len: u64) -> io::Result<Tape> {
        let mut sink = disk.open(&path)?;
        sink.stands(len)?;
        sink.sync()?;
        Ok(Tape { path, len, sink: Some(sink) })
    }

    /// A file to be opened later.
    pub fn closed(path: PathBuf, len: u64) -> Tape {
        Tape { path, len, sink: None }
    }

    /// Appends durably. After a failure the file is closed for good.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sink = self.sink.take().ok_or(io::ErrorKind::NotConnected)?;
        sink.write_all(bytes)?;
        sink.sync()?;
        let len = self.len + bytes.len() as u64;
        sink.stands(len)?;
        self.len = len;
        self.sink = Some(sink);
        Ok(())
    }

    /// Closes the file.
    pub fn close(&mut self) {
        self.sink = None;
    }
}

/// The length of a file; 0 where there is none.
pub fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        found => Ok(found?.len()),
    }
}

/// Moves what stands behind the first `len` bytes of a file into a file of its own beside it, and says how much that
/// was. It is copied durably before it is cut: a crash between the two keeps it twice.
pub fn set_aside(disk: &dyn Disk, path: &Path, len: u64, time: Timestamp) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(len))?;
    let (torn, mut sink) = create_torn(disk, path, time)?;
    let moved = copy(&mut file, &mut *sink);
    drop(sink);
    if moved.is_err() {
        // A disk that has no room would otherwise fill up with empty files, one an attempt.
        let _ = disk.remove(&torn);
    }
    let moved = moved?;
    disk.sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    disk.cut(path, len)?;
    Ok(moved)
}

const TORN_FILES_MAX: u32 = 1000;

fn create_torn(disk: &dyn Disk, path: &Path, time: Timestamp) -> io::Result<(PathBuf, Box<dyn Sink>)> {
    let time: String = format!("{time:.6}").chars().filter(|c| !matches!(c, '-' | ':')).collect();
    for attempt in 0..TORN_FILES_MAX {
        let suffix = if attempt == 0 { String::new() } else { format!("-{attempt}") };
        let torn = path.with_extension(format!("torn-{time}{suffix}"));
        match disk.create(&torn) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            sink => return Ok((torn, sink?)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn copy(from: &mut File, to: &mut dyn Sink) -> io::Result<u64> {
    let mut buffer = vec![0; 64 << 10];
    let mut moved = 0;
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            to.sync()?;
            return Ok(moved);
        }
        to.write_all(&buffer[..read])?;
        moved += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::disk::LocalDisk;

    #[test]
    fn a_tail_is_moved_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("000000000001.jsonl");
        let time: Timestamp = "2026-11-22T01:02:03Z".parse().unwrap();
        for tail in ["torn", "again"] {
            fs::write(&path, format!("whole\n{tail}")).unwrap();
            assert_eq!(set_aside(&LocalDisk, &path, 6, time).unwrap(), tail.len() as u64);
            assert_eq!(fs::read(&path).unwrap(), b"whole\n");
        }
        let torn = dir.path().join("000000000001.torn-20261122T010203.000000Z");
        assert_eq!(fs::read(&torn).unwrap(), b"torn");
        assert_eq!(fs::read(dir.path().join("000000000001.torn-20261122T010203.000000Z-1")).unwrap(), b"again");
    }

    #[test]
    fn a_tape_whose_file_was_removed_takes_nothing_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut tape = Tape::open(&LocalDisk, path.clone(), 0).unwrap();
        tape.append(b"a").unwrap();
        fs::remove_file(&path).unwrap();
        assert!(tape.append(b"b").is_err());
        fs::write(&path, "ab").unwrap();
        assert!(tape.append(b"").is_err());
        assert_eq!(tape.len, 1);
    }
}
