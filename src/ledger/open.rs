//! Opening a ledger: the folder, the key, the chain's end, and the record of the start.
//!
//! What is wrong at a start is told to whoever starts the gateway, in full; what goes wrong later is the writer's.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::SignedDuration;

use crate::ledger::disk::{Disk, LocalDisk};
use crate::ledger::encode;
use crate::ledger::key::{KeyError, SigningKey};
use crate::ledger::queue::queue;
use crate::ledger::recover::{self, Parts};
use crate::ledger::shared::Shared;
use crate::ledger::writer::{Clock, Writer};
use crate::ledger::{Bounds, Ledger};

/// Where a ledger lives and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// The folder of the segments.
    pub dir: PathBuf,
    /// The private key's file; the public one is beside it and ends in `.pub`.
    pub key: PathBuf,
    /// This gateway's name.
    pub node: String,
}

impl Home {
    /// The usual places within a state folder.
    pub fn within(state: &Path, node: &str) -> Home {
        Home { dir: state.join("ledger"), key: state.join("ledger.key"), node: node.to_owned() }
    }
}

/// Why a ledger cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Its files cannot be read or written.
    Io {
        /// The folder.
        dir: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// Its key cannot be used.
    Key {
        /// The key's file.
        path: PathBuf,
        /// Why.
        cause: KeyError,
    },
    /// The gateway's name is too long to stand in every record.
    Node {
        /// Its length.
        bytes: usize,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Io { dir, .. } => write!(f, "the ledger in `{}` cannot be opened", dir.display()),
            OpenError::Key { path, .. } => write!(f, "the ledger's key `{}` cannot be used", path.display()),
            OpenError::Node { bytes } => {
                write!(f, "`node` is {bytes} bytes long and may be {NODE_BYTES_MAX}: choose a shorter name")
            }
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Io { cause, .. } => Some(cause),
            OpenError::Key { cause, .. } => Some(cause),
            OpenError::Node { .. } => None,
        }
    }
}

impl Ledger {
    /// Opens the ledger on this machine's disk, makes folder and key at the first start, sets a torn tail aside, and
    /// records the start. The writer is to be run on a thread of its own.
    pub fn open(home: Home, bounds: Bounds, clock: Clock) -> Result<(Ledger, Writer), OpenError> {
        Ledger::open_on(Box::new(LocalDisk), home, bounds, clock)
    }

    /// The same on another disk.
    pub fn open_on(
        disk: Box<dyn Disk>,
        home: Home,
        bounds: Bounds,
        clock: Clock,
    ) -> Result<(Ledger, Writer), OpenError> {
        let Home { dir, key, node } = home;
        if node.len() > NODE_BYTES_MAX {
            return Err(OpenError::Node { bytes: node.len() });
        }
        let unusable = |cause| OpenError::Io { dir: dir.clone(), cause };
        let exists = recover::exists(&dir).map_err(unusable)?;
        disk.folder(&dir).map_err(unusable)?;
        let opened = SigningKey::open(&key, &key_name(&node), exists);
        let key = opened.map_err(|cause| OpenError::Key { path: key, cause })?;
        let mut node_json = Vec::new();
        encode::text(&mut node_json, &node);
        let segment_age_max = SignedDuration::try_from(bounds.segment_age_max).unwrap_or(SignedDuration::MAX);
        let parts = Parts { disk, key, node: node_json, segment_bytes_max: bounds.segment_bytes_max, segment_age_max };
        let opened = recover::open(parts, &dir, clock()).map_err(unusable)?;
        // Room for one message more than there are seats: the word to stop.
        let (sender, messages) = queue(bounds.queue_max + 1);
        let shared = Arc::new(Shared::new(bounds));
        let mut writer = Writer::new(messages, Arc::clone(&shared), opened.journal, clock);
        writer.record_start(opened.clean).map_err(unusable)?;
        Ok((Ledger { shared, queue: sender }, writer))
    }
}

const NODE_BYTES_MAX: usize = 256;

/// Signed notes allow neither white space nor plus signs in a key's name.
fn key_name(node: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '-' };
    format!("sudare/{}", node.chars().map(plain).collect::<String>())
}
