//! The Merkle tree over the records, as RFC 9162 (section 2.1) hashes it with SHA-256.
//!
//! The chain shows that nothing was changed to whoever reads all of it; the tree shows it of one record, or of one
//! checkpoint against a later one, with a handful of hashes. The entry of record N stands at index N - 1 and is the 32
//! bytes of the record's own hash, so that a proof says nothing of what the record holds, and a record that retention
//! deleted can still be proven by whoever kept its line.
//!
//! `range` is the right edge that a writer carries along, `proof` makes and checks proofs, `stored` keeps the hashes of
//! closed segments in files, a level of C2SP's `tlog-tiles` in each.

pub mod proof;
pub mod range;
pub mod stored;

#[cfg(test)]
mod tree_tests;

use crate::ledger::chain::Hash;

/// The hash of the entry that stands for a record with this hash.
pub fn leaf(record: Hash) -> Hash {
    let mut bytes = [0; 33];
    bytes[1..].copy_from_slice(&record.0);
    Hash::of(&bytes)
}

/// The hash of the node over these two.
pub fn node(left: Hash, right: Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(&left.0);
    bytes[33..].copy_from_slice(&right.0);
    Hash::of(&bytes)
}

/// The root of the tree that has no entries.
pub fn empty() -> Hash {
    Hash::of(b"")
}
