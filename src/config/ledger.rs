//! `ledger:` what is done with the ledger beside its folder.

use std::path::PathBuf;

use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader::{self, MapReader};

/// What is done with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// The file that checkpoints are also kept in.
    pub anchor: Option<PathBuf>,
}

/// Reads `ledger: { anchor }`.
pub fn parse(node: &Node, path: &dyn Fn(&str) -> PathBuf, faults: &mut Faults) -> Ledger {
    let Some(mut map) = MapReader::open(node, "`ledger`", faults) else { return Ledger::default() };
    let anchor = map.take("anchor").and_then(|node| reader::text(node, "`anchor`", faults)).map(path);
    map.finish(faults);
    Ledger { anchor }
}
