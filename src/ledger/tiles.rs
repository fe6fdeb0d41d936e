//! The ledger's tree as C2SP's `tlog-tiles` lays it out, for tools that read transparency logs: tiles of 256 hashes,
//! bundles of entries, and the checkpoint over them.
//!
//! An entry is the 32 bytes of a record's own hash, so that what is handed out says nothing of what any record holds.
//! Tiles never change once they are written: an export into the same folder adds to it, and one that would change a
//! tile is refused, since another ledger, or another history of this one, lies there. The checkpoint is written last.

use std::fs;
use std::io;
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
    /// The first entry that is there; those of deleted records are not.
    pub first: u64,
    /// Whether the checkpoint bears a cosignature.
    pub cosigned: bool,
}

/// Writes the tiles of the last checkpoint that this key signed.
pub fn export(dir: &Path, key: &PublicKey, to: &Path) -> Result<Exported, ProveError> {
    let (signed, note) = prove::last(dir, key)?;
    let size = signed.head.tip.seq;
    let hashes = prove::known(dir, size)?;
    let unreadable = |cause| ProveError::Io { path: dir.to_path_buf(), cause };
    if hashes.root(0..size).map_err(unreadable)? != signed.head.tree.root() {
        return Err(ProveError::Unlike { seq: size });
    }
    let mut out = Out { to, exported: Exported { size, ..Exported::default() } };
    out.tiles(&hashes)?;
    out.entries(dir, &hashes)?;
    let cosigned = cosigned(dir, &note).map_err(unreadable)?;
    out.exported.cosigned = cosigned.is_some();
    let path = to.join("checkpoint");
    replace(&path, cosigned.unwrap_or(note).as_bytes()).map_err(|cause| ProveError::Io { path, cause })?;
    Ok(out.exported)
}

/// The note with its cosignatures, where the witness has signed it.
fn cosigned(dir: &Path, note: &str) -> io::Result<Option<String>> {
    let kept = match fs::read_to_string(witness::kept_in(dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        kept => kept?,
    };
    let Some(at) = kept.rfind(note) else { return Ok(None) };
    let lines = kept[at + note.len()..].split_inclusive('\n');
    let lines: String = lines.take_while(|line| line.starts_with(crate::ledger::checkpoint::SIGNATURE)).collect();
    Ok((!lines.is_empty()).then(|| note.to_owned() + &lines))
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
        let first = segments.first().map_or(0, |segment| segment.first - 1).next_multiple_of(FANOUT);
        let (size, mut next, mut bundle) = (self.exported.size, first, Vec::new());
        self.exported.first = first.min(size);
        let mut ended = Ok(());
        segment::each_after(&segments, first, &mut |record, _| {
            if next >= size {
                return ControlFlow::Break(());
            }
            let hash = record.ok().filter(|record| record.seq == next + 1).map(|record| record.hash);
            ended = self.entry(hashes, hash, next, &mut bundle);
            next += 1;
            if ended.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .map_err(unreadable)?;
        ended?;
        if next < size { Err(ProveError::Missing { seq: next + 1 }) } else { Ok(()) }
    }

    fn entry(
        &mut self,
        hashes: &Stored,
        hash: Option<Hash>,
        index: u64,
        bundle: &mut Vec<u8>,
    ) -> Result<(), ProveError> {
        let hash = hash.ok_or(ProveError::Missing { seq: index + 1 })?;
        let path = self.to.join("tile/entries");
        let known = hashes.nodes(0, index, 1).map_err(|cause| ProveError::Io { path: path.clone(), cause })?;
        if known != [leaf(hash)] {
            return Err(ProveError::Unlike { seq: self.exported.size });
        }
        bundle.extend_from_slice(&ENTRY_BYTES.to_be_bytes());
        bundle.extend_from_slice(&hash.0);
        let width = index % FANOUT + 1;
        if width == FANOUT || index + 1 == self.exported.size {
            self.add(path.join(name(index / FANOUT, width)), bundle)?;
            bundle.clear();
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
