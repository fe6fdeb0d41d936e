//! Why a vault's file could not be opened or written, in words that say what to do.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why the vault cannot be used.
#[derive(Debug)]
pub enum VaultError {
    /// Others than its owner may read or write it.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another process has it open.
    InUse(PathBuf),
    /// It was written with another key ring.
    OtherRing(PathBuf),
    /// It is no vault, or damaged.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the store said.
        cause: Box<redb::Error>,
    },
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `made`.
        tried: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be opened before, and is tried again later.
    Away(PathBuf),
    /// It cannot be written any more: the disk is full, or the store broke.
    Write(Box<redb::Error>),
    /// The system gives no random bytes, or no key can be derived.
    Chance,
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VaultError::Exposed { path, mode } => {
                let path = path.display();
                write!(f, "others can read the vault `{path}` (mode {mode:04o}); run `chmod 600 {path}`")
            }
            VaultError::InUse(path) => {
                write!(f, "the vault `{}` is open in another process; a state folder has one gateway", path.display())
            }
            VaultError::OtherRing(path) => write!(
                f,
                "the vault `{}` was written with another key ring; restore that ring, or move the vault away and lose its tokens",
                path.display()
            ),
            VaultError::Damaged { path, cause } => {
                write!(f, "the vault `{}` is damaged ({cause}); restore it from its backup", path.display())
            }
            VaultError::Io { path, tried, .. } => write!(f, "the vault `{}` cannot be {tried}", path.display()),
            VaultError::Away(path) => write!(f, "the vault `{}` is away for now", path.display()),
            VaultError::Write(cause) => write!(f, "the vault cannot be written: {cause}"),
            VaultError::Chance => f.write_str("the system gives no random bytes for the vault"),
        }
    }
}

impl std::error::Error for VaultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VaultError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
