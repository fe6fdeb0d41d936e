//! `bounds:` what is longer, deeper or later is refused.

use std::time::Duration;

use crate::config::units;
use crate::policy::fault::Faults;
use crate::policy::node::Node;
use crate::policy::reader::{self, MapReader};
use crate::terms::bounds::Bounds;

/// Reads the bounds; what is left out keeps its default. None can be nothing but the drain: a
/// gateway that takes nothing, or waits for nothing, answers nobody.
pub fn parse(node: &Node, faults: &mut Faults) -> Bounds {
    let mut bounds = Bounds::default();
    let Some(mut map) = MapReader::open(node, "`bounds`", faults) else { return bounds };
    let sizes: [(&'static str, &mut usize); 6] = [
        ("head", &mut bounds.head_bytes),
        ("path", &mut bounds.path_bytes),
        ("body", &mut bounds.body_bytes),
        ("value", &mut bounds.value_bytes),
        ("hold", &mut bounds.hold_bytes),
        ("hold_all", &mut bounds.hold_all_bytes),
    ];
    for (key, slot) in sizes {
        let size = map
            .take(key)
            .and_then(|node| units::some(units::size(node, &named(key), faults), node, &named(key), faults));
        *slot = size.unwrap_or(*slot);
    }
    let counts: [(&'static str, &mut usize); 5] = [
        ("headers", &mut bounds.headers),
        ("depth", &mut bounds.depth),
        ("inflate", &mut bounds.inflate_ratio),
        ("connections", &mut bounds.connections),
        ("tokens", &mut bounds.tokens),
    ];
    for (key, slot) in counts {
        let count = map
            .take(key)
            .and_then(|node| units::some(reader::number(node, &named(key), faults), node, &named(key), faults));
        *slot = count.unwrap_or(*slot);
    }
    let waits: [(&'static str, &mut Duration); 5] = [
        ("connect", &mut bounds.connect),
        ("head_wait", &mut bounds.head),
        ("idle", &mut bounds.idle),
        ("request", &mut bounds.request),
        ("ledger_wait", &mut bounds.ledger_wait),
    ];
    for (key, slot) in waits {
        let wait = map
            .take(key)
            .and_then(|node| units::some(units::duration(node, &named(key), faults), node, &named(key), faults));
        *slot = wait.unwrap_or(*slot);
    }
    let drain = map.take("drain").and_then(|node| units::duration(node, "`drain`", faults));
    bounds.drain = drain.unwrap_or(bounds.drain);
    map.finish(faults);
    bounds
}

fn named(key: &str) -> String {
    format!("`{key}`")
}
