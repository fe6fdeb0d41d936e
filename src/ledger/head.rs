//! The ledger's head: where the chain ends, and the tree over all its records. It is what checkpoints are signed over.

use crate::ledger::chain::{Fault, Sealed, Tip};
use crate::ledger::tree::leaf;
use crate::ledger::tree::range::CompactRange;

/// The end of the chain and the tree's right edge, which move together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// How many records there are and the hash of the last one.
    pub tip: Tip,
    /// The tree over them.
    pub tree: CompactRange,
}

impl Head {
    /// The ledger before its first record.
    pub fn start() -> Head {
        Head { tip: Tip::start(), tree: CompactRange::default() }
    }

    /// Appends the next line to `out` and moves onto it, as [`Tip::seal`] does.
    pub fn seal(&mut self, time: &str, node: &[u8], body: &[u8], out: &mut Vec<u8>) {
        self.tip.seal(time, node, body, out);
        self.tree.push(leaf(self.tip.hash));
    }

    /// Moves onto this line when it is the next one.
    pub fn follow(&mut self, line: &Sealed) -> Result<(), Fault> {
        self.tip.follow(line)?;
        self.tree.push(leaf(self.tip.hash));
        Ok(())
    }
}
