//! Why a ring could not be made, opened or written, in words that say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::vault::kek::KekError;

/// Why a ring could not be made, opened or written.
#[derive(Debug)]
pub enum RingError {
    /// There is no such file.
    Missing(PathBuf),
    /// There is one already.
    Exists(PathBuf),
    /// Others than its owner may read or write it.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line is not what it must be.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written`.
        tried: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else changes it and does not come to an end.
    Busy(PathBuf),
    /// Its keys are wrapped under another key.
    OtherKek {
        /// The ring's file.
        path: PathBuf,
        /// The key that wraps it.
        is: String,
        /// The key that is there.
        given: String,
    },
    /// A version's keys do not unwrap although the key is the right one.
    Unwrapped {
        /// The ring's file.
        path: PathBuf,
        /// The version.
        version: u16,
    },
    /// The key-encryption key.
    Kek(KekError),
    /// The system gives no random bytes.
    Chance,
}

impl From<KekError> for RingError {
    fn from(error: KekError) -> RingError {
        RingError::Kek(error)
    }
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RingError::Missing(path) => write!(f, "there is no key ring at `{}`", path.display()),
            RingError::Exists(path) => {
                write!(f, "there is a key ring at `{}` already; it is never written over", path.display())
            }
            RingError::Exposed { path, mode } => {
                let path = path.display();
                write!(f, "others can read the key ring `{path}` (mode {mode:04o}); run `chmod 600 {path}`")
            }
            RingError::Corrupt { path, line, problem } => {
                write!(
                    f,
                    "the key ring `{}` is damaged: line {line}: {problem}; restore it from its backup",
                    path.display()
                )
            }
            RingError::Io { path, tried, .. } => write!(f, "the key ring `{}` cannot be {tried}", path.display()),
            RingError::Busy(path) => {
                write!(f, "another process is changing the key ring `{}`; try again", path.display())
            }
            RingError::OtherKek { path, is, given } => write!(
                f,
                "the key ring `{}` is wrapped under the key-encryption key `{is}`, and `keys:` gives `{given}`",
                path.display()
            ),
            RingError::Unwrapped { path, version } => write!(
                f,
                "version {version} of the key ring `{}` does not unwrap; restore it from its backup",
                path.display()
            ),
            RingError::Kek(error) => error.fmt(f),
            RingError::Chance => f.write_str("the system gives no random bytes for new keys"),
        }
    }
}

impl std::error::Error for RingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RingError::Io { source, .. } => Some(source),
            RingError::Kek(error) => error.source(),
            _ => None,
        }
    }
}
