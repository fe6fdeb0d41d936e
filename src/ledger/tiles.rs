//! The ledger's tree as C2SP's `tlog-tiles` lays it out, for tools that read transparency logs: tiles of 256 hashes,
//! bundles of entries, and the checkpoint over them.
//!
//! An entry is the 32 bytes of a record's own hash, so that what is handed out says nothing of what any record holds.
//! Tiles never change once they are written: an export into the same folder adds to it, and one that would change a
//! tile is refused, since another ledger, or another history of this one, lies there. The checkpoint is written last.

use std::fs;
use std::io;
use std::mem;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::ledger::chain::Hash;
use crate::ledger::key::PublicKey;
use crate::ledger::prove::{self, ProveError};
use crate::ledger::segment;
use crate::ledger::tree::leaf;
use crate::ledger::tree::stored::{FANOUT, Stored};
use crate::ledger::witness;

/// What was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Exported {
    /// How many records the checkpoint covers.
    pub size: u64,
    /// Files that were not there yet.
    pub files: u64,
    /// How many of them stand in bundles; a bundle with a deleted record is not there.
    pub entries: u64,
    /// Whether the checkpoint bears a cosignature.
    pub cosigned: bool,
}

/// Writes the tiles of the last checkpoint that this key signed, or of the last one that a witness has signed as well.
pub fn export(dir: &Path, key: &PublicKey, to: &Path, witnessed: bool) -> Result<Exported, ProveError> {
    let own = prove::last(dir, key)?;
    // The last one may have been signed by a witness, too.
    let least = if witnessed { 0 } else { own.0.head.tip.seq };
    let cosigned = prove::cosigned(dir, key, least)?;
    if witnessed && cosigned.is_none() {
        return Err(ProveError::Unsigned { path: witness::kept_in(dir), key: key.name.clone() });
    }
    let mut exported = Exported { cosigned: cosigned.is_some(), ..Exported::default() };
    let (signed, note) = cosigned.unwrap_or(own);
    let size = signed.head.tip.seq;
    let hashes = prove::known(dir, size)?;
    let unreadable = |cause| ProveError::Io { path: dir.to_path_buf(), cause };
    if hashes.root(0..size).map_err(unreadable)? != signed.head.tree.root() {
        return Err(ProveError::Unlike { seq: size });
    }
    exported.size = size;
    let mut out = Out { to, exported };
    out.tiles(&hashes)?;
    out.entries(dir, &hashes)?;
    let path = to.join("checkpoint");
    replace(&path, note.as_bytes()).map_err(|cause| ProveError::Io { path, cause })?;
    Ok(out.exported)
}

struct Out<'a> {
    to: &'a Path,
    exported: Exported,
}

impl Out<'_> {
    fn tiles(&mut self, hashes: &Stored) -> Result<(), ProveError> {
        let mut nodes = self.exported.size;
        for level in 0.. {
            for tile in 0..nodes.div_ceil(FANOUT) {
                let width = (nodes - tile * FANOUT).min(FANOUT);
                let path = self.to.join("tile").join(level.to_string());
                let found = hashes.nodes(level, tile * FANOUT, width);
                let found = found.map_err(|cause| ProveError::Io { path: path.clone(), cause })?;
                let bytes: Vec<u8> = found.iter().flat_map(|hash| hash.0).collect();
                self.add(path.join(name(tile, width)), &bytes)?;
            }
            nodes /= FANOUT;
            if nodes == 0 {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Bundles of the records that are there, whose hashes must be those of the tree.
    fn entries(&mut self, dir: &Path, hashes: &Stored) -> Result<(), ProveError> {
        let unreadable = |cause| ProveError::Io { path: dir.to_path_buf(), cause };
        let segments = segment::list(dir).map_err(unreadable)?;
        let size = self.exported.size;
        let (mut bundle, mut next) = (Bundle::default(), 0);
        let mut ended = Ok(());
        segment::each_after(&segments, 0, &mut |record, _| {
            if next >= size {
                return ControlFlow::Break(());
            }
            // Where retention deleted records their numbers are missing.
            ended = match record.ok().filter(|record| record.seq > next) {
                Some(record) if record.seq > size => return ControlFlow::Break(()),
                Some(record) => {
                    next = record.seq;
                    self.entry(hashes, record.hash, next - 1, &mut bundle)
                }
                None => Err(ProveError::Missing { seq: next + 1 }),
            };
            if ended.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(unreadable)?;
        ended
    }

    fn entry(&mut self, hashes: &Stored, hash: Hash, index: u64, bundle: &mut Bundle) -> Result<(), ProveError> {
        let path = self.to.join("tile/entries");
        let known = hashes.nodes(0, index, 1).map_err(|cause| ProveError::Io { path: path.clone(), cause })?;
        if known != [leaf(hash)] {
            return Err(ProveError::Unlike { seq: self.exported.size });
        }
        let (number, within) = (index / FANOUT, index % FANOUT);
        if bundle.number != number {
            *bundle = Bundle { number, ..Bundle::default() };
        }
        if bundle.count == within {
            bundle.bytes.extend_from_slice(&ENTRY_BYTES.to_be_bytes());
            bundle.bytes.extend_from_slice(&hash.0);
            bundle.count += 1;
        }
        let width = FANOUT.min(self.exported.size - number * FANOUT);
        if bundle.count == width {
            self.exported.entries += width;
            self.add(path.join(name(number, width)), &mem::take(&mut bundle.bytes))?;
        }
        Ok(())
    }

    /// A file that is there must be the same.
    fn add(&mut self, path: PathBuf, bytes: &[u8]) -> Result<(), ProveError> {
        let added = match fs::read(&path) {
            Ok(found) if found == bytes => Ok(()),
            Ok(_) => {
                let told = "another ledger lies there, or another history of this one: name another folder";
                Err(io::Error::new(io::ErrorKind::InvalidData, told))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.exported.files += 1;
                replace(&path, bytes)
            }
            Err(error) => Err(error),
        };
        added.map_err(|cause| ProveError::Io { path, cause })
    }
}

/// Entries that stand in one file; one with a gap is never whole, and never written.
#[derive(Default)]
struct Bundle {
    number: u64,
    count: u64,
    bytes: Vec<u8>,
}

/// Written aside and renamed, so that what a stop cut short is no tile.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    fs::write(&aside, bytes)?;
    fs::rename(&aside, path)
}

const ENTRY_BYTES: u16 = 32;

/// `x001/x234/067`, and behind it the width of a tile that is not whole.
fn name(tile: u64, width: u64) -> String {
    let mut name = format!("{:03}", tile % 1000);
    let mut rest = tile / 1000;
    while rest > 0 {
        name = format!("x{:03}/{name}", rest % 1000);
        rest /= 1000;
    }
    if width < FANOUT { format!("{name}.p/{width}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_named_as_the_specification_names_them() {
        assert_eq!(name(1_234_067, FANOUT), "x001/x234/067");
        assert_eq!(
            (name(0, 112), name(273, FANOUT), name(1000, 1)),
            ("000.p/112".into(), "273".into(), "x001/000.p/1".into())
        );
    }
}
