//! The hashes of closed segments, in files that anybody can make again from the segments.
//!
//! File L holds the nodes of height 8 × L, 32 bytes each, so that its N-th 8 KiB are the tile L/N of C2SP's
//! `tlog-tiles`; a tile a file would be a quarter million files for ten million records, each to be synced. A proof reads
//! a few hashes of each file. Nobody has to trust these files: what is computed from them must fit a signed root.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::ledger::chain::Hash;
use crate::ledger::tree::{empty, node};

/// The folder's name beside the segments.
pub const FOLDER_NAME: &str = "tree";
/// How many nodes are under one of the next file.
pub const FANOUT: u64 = 1 << HEIGHT;
const HEIGHT: u32 = 8;
const HASH_BYTES: u64 = 32;
/// More levels than a number of records can have.
const LEVELS: u32 = u64::BITS / HEIGHT;

/// The files, and the leaf hashes behind their end that are not in them yet.
pub struct Stored {
    dir: PathBuf,
    levels: Vec<File>,
    size: u64,
    more: Vec<Hash>,
}

impl Stored {
    /// Opens what there is to be read; a folder that is missing holds nothing.
    pub fn open(ledger: &Path) -> io::Result<Stored> {
        let dir = ledger.join(FOLDER_NAME);
        let mut levels = Vec::new();
        for level in 0..LEVELS {
            match File::open(dir.join(level.to_string())) {
                Ok(file) => levels.push(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        let mut size = match levels.first() {
            Some(leaves) => leaves.metadata()?.len() / HASH_BYTES,
            None => 0,
        };
        // What a crash left half written is as good as not there.
        for (level, file) in (0..).zip(&levels).skip(1) {
            let nodes = file.metadata()?.len() / HASH_BYTES;
            size = size.min(((nodes + 1) << (HEIGHT * level)) - 1);
        }
        if levels.len() < LEVELS as usize {
            size = size.min((1 << (HEIGHT * levels.len() as u32)) - 1);
        }
        Ok(Stored { dir, levels, size, more: Vec::new() })
    }

    /// How many leaf hashes are in the files.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Knows this leaf hash as well, without writing it down.
    pub fn know(&mut self, leaf: Hash) {
        self.more.push(leaf);
    }

    /// How many leaf hashes are known.
    pub fn known(&self) -> u64 {
        self.size + self.more.len() as u64
    }

    /// The root over these entries, as a proof or a tree's head has it; all of them must be known.
    pub fn root(&self, span: Range<u64>) -> io::Result<Hash> {
        let mut roots = Vec::new();
        let mut at = span.start;
        while at < span.end {
            let height = at.trailing_zeros().min((span.end - at).ilog2());
            roots.push(self.whole(height, at >> height)?);
            at += 1 << height;
        }
        let right_to_left = roots.into_iter().rev();
        Ok(right_to_left.reduce(|right, left| node(left, right)).unwrap_or_else(empty))
    }

    /// The leaf hashes of these entries.
    pub fn leaves(&self, span: Range<u64>) -> io::Result<Vec<Hash>> {
        match span.end <= self.size {
            true => self.read(0, span.start, span.end.saturating_sub(span.start)),
            false => span.map(|index| self.whole(0, index)).collect(),
        }
    }

    /// So many nodes of a file's level, from this one on; all of them must be known.
    pub fn nodes(&self, level: u32, first: u64, count: u64) -> io::Result<Vec<Hash>> {
        if (first + count) << (HEIGHT * level) <= self.size {
            return self.read(level as usize, first, count);
        }
        (first..first + count).map(|index| self.whole(HEIGHT * level, index)).collect()
    }

    /// The root of a whole subtree.
    fn whole(&self, height: u32, index: u64) -> io::Result<Hash> {
        let end = (index + 1) << height;
        if end <= self.size {
            let count = 1 << (height % HEIGHT);
            return self.read((height / HEIGHT) as usize, index * count, count).map(fold);
        }
        if height > 0 {
            return Ok(node(self.whole(height - 1, 2 * index)?, self.whole(height - 1, 2 * index + 1)?));
        }
        let beyond = usize::try_from(index - self.size).ok();
        beyond.and_then(|beyond| self.more.get(beyond).copied()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn read(&self, level: usize, first: u64, count: u64) -> io::Result<Vec<Hash>> {
        let mut bytes = vec![0; (count * HASH_BYTES) as usize];
        let file = self.levels.get(level).ok_or(io::ErrorKind::UnexpectedEof)?;
        file.read_exact_at(&mut bytes, first * HASH_BYTES)?;
        Ok(bytes.as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect())
    }

    /// Writes down what is known, durably; may be tried again after a failure.
    pub fn write(mut self) -> io::Result<Stored> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.dir)?;
        let mut nodes = std::mem::take(&mut self.more);
        let mut before = self.size;
        for level in 0..LEVELS {
            let path = self.dir.join(level.to_string());
            let mut file =
                OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            file.set_len(before * HASH_BYTES)?;
            file.seek(SeekFrom::End(0))?;
            let mut out = BufWriter::new(&mut file);
            nodes.iter().try_for_each(|hash| out.write_all(&hash.0))?;
            out.flush()?;
            drop(out);
            file.sync_data()?;
            let after = before + nodes.len() as u64;
            if after < FANOUT {
                break;
            }
            nodes = parents(&mut file, before / FANOUT..after / FANOUT)?;
            before /= FANOUT;
        }
        File::open(&self.dir)?.sync_all()?;
        let ledger = self.dir.parent().unwrap_or(Path::new("."));
        Stored::open(ledger)
    }
}

/// The nodes of the next level over these tiles of a file.
fn parents(file: &mut File, tiles: Range<u64>) -> io::Result<Vec<Hash>> {
    let mut parents = Vec::new();
    let mut tile = vec![0; (FANOUT * HASH_BYTES) as usize];
    file.seek(SeekFrom::Start(tiles.start * FANOUT * HASH_BYTES))?;
    for _ in tiles {
        file.read_exact(&mut tile)?;
        parents.push(fold(tile.as_chunks::<32>().0.iter().map(|hash| Hash(*hash)).collect()));
    }
    Ok(parents)
}

/// The root over these nodes, of which there are as many as a power of two.
fn fold(mut nodes: Vec<Hash>) -> Hash {
    while nodes.len() > 1 {
        nodes = nodes.chunks_exact(2).map(|pair| node(pair[0], pair[1])).collect();
    }
    nodes.first().copied().unwrap_or_else(empty)
}
