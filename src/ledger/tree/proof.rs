//! Proofs as RFC 9162 makes and checks them: that an entry is in a tree (2.1.3), that a tree is the beginning of a
//! later one (2.1.4).
//!
//! A proof is a list of roots of spans of entries; which spans is arithmetic alone, and whoever keeps the hashes looks
//! them up. The checks share nothing with that, so that one does not repeat the other's mistake.

use std::ops::Range;

use crate::ledger::chain::Hash;
use crate::ledger::tree::node;

/// The spans whose roots prove that the entry at `index` is in the tree of `size` entries, lowest first.
pub fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut spans = Vec::new();
    let mut tree = 0..size;
    while tree.end - tree.start > 1 {
        let (left, right) = halves(&tree);
        let (into, beside) = if index < right.start { (left, right) } else { (right, left) };
        spans.push(beside);
        tree = into;
    }
    spans.reverse();
    spans
}

/// The spans whose roots prove that the tree of `old` entries is the beginning of the tree of `new` ones.
pub fn consistency(old: u64, new: u64) -> Vec<Range<u64>> {
    if old == 0 || old >= new {
        return Vec::new();
    }
    let mut spans = Vec::new();
    let mut tree = 0..new;
    // The part of `tree` that the old tree holds ends at `old`; where it began as a whole, its root is known already.
    while tree.end != old {
        let (left, right) = halves(&tree);
        let (into, beside) = if old <= right.start { (left, right) } else { (right, left) };
        spans.push(beside);
        tree = into;
    }
    if tree.start > 0 {
        spans.push(tree);
    }
    spans.reverse();
    spans
}

/// A tree is made of the largest whole subtree that is smaller than it, and the rest.
fn halves(tree: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let size = tree.end - tree.start;
    let middle = tree.start + (1 << (size - 1).ilog2());
    (tree.start..middle, middle..tree.end)
}

/// Whether the entry with this leaf hash is at `index` in the tree of `size` entries that has this root.
pub fn includes(index: u64, size: u64, leaf: Hash, proof: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let mut climb = Climb { at: index, last: size - 1 };
    let mut hash = leaf;
    for beside in proof {
        hash = match climb.step() {
            Some(Side::Left) => node(*beside, hash),
            Some(Side::Right) => node(hash, *beside),
            None => return false,
        };
    }
    climb.last == 0 && hash == root
}

/// A tree as somebody says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tree {
    /// How many entries.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// Whether the old tree is the beginning of the new one. That of no entries is the beginning of all, which proves
/// nothing: it is refused.
pub fn extends(old: Tree, new: Tree, proof: &[Hash]) -> bool {
    if old.size == 0 || old.size >= new.size {
        return old.size > 0 && old == new && proof.is_empty();
    }
    let mut rest = proof.iter().copied();
    // A whole subtree is a node of the new tree too, so that its root need not be told.
    let Some(begin) = (if old.size.is_power_of_two() { Some(old.root) } else { rest.next() }) else { return false };
    let ones = (old.size - 1).trailing_ones();
    let mut climb = Climb { at: (old.size - 1) >> ones, last: (new.size - 1) >> ones };
    let (mut old_root, mut new_root) = (begin, begin);
    for beside in rest {
        match climb.step() {
            Some(Side::Left) => {
                old_root = node(beside, old_root);
                new_root = node(beside, new_root);
            }
            Some(Side::Right) => new_root = node(new_root, beside),
            None => return false,
        }
    }
    climb.last == 0 && old_root == old.root && new_root == new.root
}

/// The way from a node to the root: its place in its level, and that of the level's last node.
struct Climb {
    at: u64,
    last: u64,
}

/// On which side the next hash of a proof stands.
enum Side {
    Left,
    Right,
}

impl Climb {
    /// Goes up past the next hash; nothing at the root, above which there is none.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let left = self.at & 1 == 1 || self.at == self.last;
        // The last node of a level goes up as it is until another one is beside it.
        let alone = if left { self.at.trailing_zeros() } else { 0 };
        self.at >>= alone + 1;
        self.last >>= alone + 1;
        Some(if left { Side::Left } else { Side::Right })
    }
}
