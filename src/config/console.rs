//! `console:` where security staff asks what is in force, and who that is.

use std::net::SocketAddr;

use crate::config::gateway::address;
use crate::identity::{Source, Way};
use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot};
use crate::policy::reader::{self, MapReader};

/// The group whose members may ask where none is named.
const GROUP: &str = "sudare-console";

/// The console's address, and who may ask there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Console {
    /// Where.
    pub address: SocketAddr,
    /// The groups of which one is enough. They stand here and not in rules: whoever writes rules should
    /// not say who watches over them.
    pub groups: Vec<String>,
    /// The hosts by which it is asked beside this machine's own, in small letters: what a proxy in front
    /// of it passes on.
    pub hosts: Vec<String>,
}

/// Reads `console:`: an address, or `{ address, groups }`.
pub fn parse(node: &Node, faults: &mut Faults) -> Option<Console> {
    if node.map().is_none() {
        let address = own(node, "`console`", faults)?;
        return Some(Console { address, groups: vec![GROUP.to_owned()], hosts: Vec::new() });
    }
    let mut map = MapReader::open(node, "`console`", faults)?;
    let address = map.need("address", faults).and_then(|node| own(node, "`address`", faults));
    let groups = map.take("groups").map_or_else(
        || vec![GROUP.to_owned()],
        |node| reader::texts(node, "`groups`", faults).into_iter().map(|(group, _)| group.to_owned()).collect(),
    );
    let hosts = map.take("hosts").map(|node| hosts(node, faults)).unwrap_or_default();
    map.finish(faults);
    Some(Console { address: address?, groups, hosts })
}

fn hosts(node: &Node, faults: &mut Faults) -> Vec<String> {
    let mut hosts = Vec::new();
    for (text, spot) in reader::texts(node, "`hosts`", faults) {
        let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if text.is_empty() || text.ends_with('.') || !text.bytes().all(is_known) {
            faults
                .error(spot, "bad-host", format!("`{text}` is not the name of a host"))
                .help("write the host alone, as in `hosts: [console.example]`");
            continue;
        }
        hosts.push(text.to_ascii_lowercase());
    }
    hosts
}

/// An address that only this machine reaches: passwords go over it, and TLS is not spoken there yet.
fn own(node: &Node, what: &str, faults: &mut Faults) -> Option<SocketAddr> {
    let address = address(node, what, faults)?;
    if !address.ip().is_loopback() {
        faults
            .error(&node.spot, "open-console", "the console speaks no TLS yet, so that only this machine may reach it")
            .help("write `127.0.0.1:9900`, and reach it through a tunnel: `ssh -L 9900:127.0.0.1:9900 …`");
        return None;
    }
    Some(address)
}

/// Tells where nobody could come in, or anybody.
pub fn fitting(console: &Console, sources: &[Source], spot: &Spot, faults: &mut Faults) {
    let recognises = |source: &Source| matches!(source.way, Way::Basic(_) | Way::Header(_) | Way::Jwt(_));
    if !sources.iter().any(recognises) {
        let message = "nobody could enter the console: certificates and the crm's own log-in are not known there";
        faults.error(spot, "no-way-in", message).help("add `basic`, `header` or `jwt` under `identity`");
    }
    let nobodys = sources.iter().filter_map(|source| match &source.way {
        Way::Anonymous(anonymous) => Some(&anonymous.groups),
        _ => None,
    });
    if let Some(group) = nobodys.flatten().find(|group| console.groups.contains(group)) {
        let message = format!("`{group}` is a group of whoever nobody recognises, and of the console");
        faults.error(spot, "open-console", message).help("take it out of one of them");
    }
}
