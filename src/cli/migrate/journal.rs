//! What a migration has done already, a JSON object a line: whoever starts it again goes on where it was.
//!
//! A line is on the disk before the next record is begun. It names a record as the ledger would, so that no personal
//! value stands there, and what became of it. The first line says of what: under other rules or keys a record that was
//! done is not.

use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};

/// A line is shorter than this; a longer one is no journal's.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// An open journal.
pub struct Journal {
    file: File,
    done: HashSet<String>,
}

/// Why a journal cannot be used.
#[derive(Debug)]
pub enum JournalError {
    /// The system refused.
    Io(io::Error),
    /// Another process writes it.
    Busy,
    /// It is of other rules, keys or another resource.
    Other,
    /// It is no journal.
    Odd(usize),
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> JournalError {
        JournalError::Io(error)
    }
}

impl Journal {
    /// Opens a journal that begins with `head`; makes it (0600) where there is none.
    pub fn open(path: &Path, head: &Value) -> Result<Journal, JournalError> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let (done, end) = read(&mut file, head)?;
        // A line that was cut off says nothing.
        file.set_len(end)?;
        file.seek(SeekFrom::End(0))?;
        let mut journal = Journal { file, done };
        if end == 0 {
            journal.write(head)?;
        }
        Ok(journal)
    }

    /// Whether nothing is left to do with a record.
    pub fn is_done(&self, id: &str) -> bool {
        self.done.contains(id)
    }

    /// Notes what became of a record; afterwards it survives whatever becomes of the process.
    pub fn note(&mut self, line: &Value) -> io::Result<()> {
        self.write(line)
    }

    fn write(&mut self, line: &Value) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())?;
        self.file.sync_data()
    }
}

/// The records that are done, and where the last whole line ends.
fn read(file: &mut File, head: &Value) -> Result<(HashSet<String>, u64), JournalError> {
    let mut reader = BufReader::new(io::Read::take(&mut *file, u64::MAX));
    let (mut done, mut end, mut number) = (HashSet::new(), 0, 0);
    loop {
        let mut line = Vec::new();
        let count = io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line)? as u64;
        if count == LINE_BYTES_MAX {
            return Err(JournalError::Odd(number + 1));
        }
        if !line.ends_with(b"\n") {
            return Ok((done, end));
        }
        number += 1;
        let said: Value = serde_json::from_slice(&line).map_err(|_| JournalError::Odd(number))?;
        if number == 1 {
            match said == *head {
                true => {}
                false if said.get("migrate").is_some() => return Err(JournalError::Other),
                false => return Err(JournalError::Odd(1)),
            }
        } else if let Some(id) = said["id"].as_str() {
            match said["outcome"].as_str() {
                Some("converted" | "already" | "nothing") => drop(done.insert(id.to_owned())),
                _ => drop(done.remove(id)),
            }
        }
        end += count;
    }
}

/// The first line: what a journal is of.
pub fn head(resource: &str, store: &str, version: u16) -> Value {
    json!({ "migrate": 1, "resource": resource, "store": store, "keys": version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_known_and_a_torn_line_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        let own = head("customer", "phone: opaque", 1);
        let mut journal = Journal::open(&path, &own).expect("made");
        journal.note(&json!({ "id": "1", "outcome": "converted" })).expect("written");
        journal.note(&json!({ "id": "2", "outcome": "failed" })).expect("written");
        assert!(matches!(Journal::open(&path, &own), Err(JournalError::Busy)));
        journal.file.write_all(br#"{"id":"3","outcome":"conv"#).expect("written");
        drop(journal);
        let mut journal = Journal::open(&path, &own).expect("opened");
        assert_eq!(["1", "2", "3"].map(|id| journal.is_done(id)), [true, false, false]);
        journal.note(&json!({ "id": "3", "outcome": "already" })).expect("written");
        drop(journal);
        assert!(Journal::open(&path, &own).expect("opened").is_done("3"));
        let other = head("customer", "phone: opaque", 2);
        assert!(matches!(Journal::open(&path, &other), Err(JournalError::Other)));
        std::fs::write(&path, "a letter\n").expect("written");
        assert!(matches!(Journal::open(&path, &own), Err(JournalError::Odd(1))));
    }
}
