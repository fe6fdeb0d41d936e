//! `ledger:` what is done with the ledger beside its folder.

use std::path::PathBuf;

use crate::ledger::key::PublicKey;
use crate::ledger::witness::Place;
use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader::{self, MapReader};

/// What is done with the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// The file that checkpoints are also kept in.
    pub anchor: Option<PathBuf>,
    /// Who signs checkpoints as well.
    pub witness: Option<Place>,
}

/// Reads `ledger: { anchor, witness: { url, key } }`.
pub fn parse(node: &Node, path: &dyn Fn(&str) -> PathBuf, faults: &mut Faults) -> Ledger {
    let Some(mut map) = MapReader::open(node, "`ledger`", faults) else { return Ledger::default() };
    let anchor = map.take("anchor").and_then(|node| reader::text(node, "`anchor`", faults)).map(path);
    let witness = map.take("witness").and_then(|node| witness(node, faults));
    map.finish(faults);
    Ledger { anchor, witness }
}

fn witness(node: &Node, faults: &mut Faults) -> Option<Place> {
    let mut map = MapReader::open(node, "`witness`", faults)?;
    let url = map.need("url", faults);
    let key = map.need("key", faults);
    map.finish(faults);
    let (url, key) = (url?, key?);
    let told = PublicKey::of_witness(reader::text(key, "`key`", faults)?);
    let Ok(told) = told else {
        faults
            .error(&key.spot, "bad-witness", "`key` is no key of a witness")
            .help("write it as the witness's operator published it: NAME+ID+KEY, an Ed25519 key for cosignatures");
        return None;
    };
    let place = Place::parse(reader::text(url, "`url`", faults)?, told);
    place
        .map_err(|wrong| {
            faults
                .error(&url.spot, "bad-witness", format!("`url` leads to no witness: {wrong}"))
                .help("write the witness's submission prefix: `https://HOST/PATH`");
        })
        .ok()
}
