//! The compact range: the roots of the whole subtrees that make up the first N entries, largest first.
//!
//! There is one for each bit that is set in N, so at most 64; they are all that is needed to append and to sign.

use crate::ledger::chain::Hash;
use crate::ledger::tree::{empty, node};

/// A tree's right edge.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CompactRange {
    size: u64,
    roots: Vec<Hash>,
}

impl CompactRange {
    /// How many entries there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the entry with this leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            // As many subtrees stand there as ones end the size.
            let Some(left) = self.roots.pop() else { break };
            root = node(left, root);
        }
        self.roots.push(root);
        self.size += 1;
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        let right_to_left = self.roots.iter().rev().copied();
        right_to_left.reduce(|right, left| node(left, right)).unwrap_or_else(empty)
    }

    /// The roots one behind the other, 32 bytes each.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(|root| root.0).collect()
    }

    /// Reads them back; nothing when they are not as many as a tree of this size has.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<CompactRange> {
        let (roots, rest) = bytes.as_chunks::<32>();
        let whole = rest.is_empty() && roots.len() == size.count_ones() as usize;
        whole.then(|| CompactRange { size, roots: roots.iter().map(|root| Hash(*root)).collect() })
    }

    /// A tree of this size of whose entries nothing is known. What is appended goes on at the right place, and its root
    /// is that of no records: `verify` has named what is missing before it comes to it.
    pub fn unknown(size: u64) -> CompactRange {
        CompactRange { size, roots: vec![empty(); size.count_ones() as usize] }
    }
}
