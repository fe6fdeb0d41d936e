//! What stands in a file that changes while the gateway runs: whoever leaves or loses a group must
//! not stay until the next restart.
//!
//! A change that cannot be read is told once, and what was read before stays in force.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};

/// How long such a file may be.
const FILE_BYTES: u64 = 16 << 20;

/// Makes of a file's text what it means, or says what is wrong.
pub type Read<T> = Box<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// A file and what it means.
pub struct Watched<T> {
    path: PathBuf,
    read: Read<T>,
    held: RwLock<Arc<T>>,
    /// The hash of the text that was read last, good or bad.
    seen: Mutex<Vec<u8>>,
}

impl<T> Watched<T> {
    /// A file whose text was read and means this.
    pub fn new(path: PathBuf, text: &str, value: T, read: Read<T>) -> Watched<T> {
        Watched { path, read, held: RwLock::new(Arc::new(value)), seen: Mutex::new(hash(text)) }
    }

    /// What it means now.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whether the file has changed; tells whether it has, or what is wrong with it.
    pub fn look(&self) -> Result<bool, String> {
        let text = match std::fs::metadata(&self.path) {
            Ok(about) if about.len() > FILE_BYTES => Err(format!("it is longer than {FILE_BYTES} bytes")),
            _ => std::fs::read_to_string(&self.path).map_err(|error| error.to_string()),
        };
        let mark = hash(text.as_deref().unwrap_or_else(|why| why));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == mark {
            return Ok(false);
        }
        *seen = mark;
        let text = text?;
        if text.trim().is_empty() {
            // Editors empty a file before they fill it.
            return Err("it is empty".to_owned());
        }
        let value = (self.read)(&text)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
        Ok(true)
    }
}

fn hash(text: &str) -> Vec<u8> {
    digest(&SHA256, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_counts_and_what_cannot_be_read_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("number");
        let write = |text: &str| std::fs::write(&path, text).expect("written");
        write("1");
        let read = |text: &str| text.parse::<u8>().map_err(|_| "no number".to_owned());
        let file = Watched::new(path.clone(), "1", 1, Box::new(read));
        assert_eq!((file.look(), *file.get()), (Ok(false), 1));
        write("2");
        assert_eq!((file.look(), *file.get()), (Ok(true), 2));
        for (bad, why) in [("x", "no number"), (" \n", "it is empty")] {
            write(bad);
            assert_eq!((file.look(), *file.get()), (Err(why.to_owned()), 2));
            assert_eq!(file.look(), Ok(false), "it is told once");
        }
        std::fs::remove_file(&path).expect("removed");
        assert!(file.look().is_err() && file.look() == Ok(false) && *file.get() == 2);
        write("3");
        assert_eq!((file.look(), *file.get()), (Ok(true), 3));
    }
}
