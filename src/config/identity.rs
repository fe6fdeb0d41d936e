//! `identity:` the sources that recognise staff.

use http::HeaderName;
use ipnet::IpNet;

use crate::config::gateway::one_or_more;
use crate::config::units::Origin;
use crate::config::users;
use crate::identity::Source as IdentitySource;
use crate::identity::basic::Basic;
use crate::identity::header::Header;
use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node, Source};
use crate::policy::reader::{self, MapReader};
use crate::terms::secret::Secret;

/// Sources that the contract names and that are not built yet.
const LATER: [&str; 4] = ["jwt", "mtls", "session", "anonymous"];

/// Reads the list of sources. `key` is fresh chance for what `basic` remembers.
pub fn parse(node: &Node, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Vec<IdentitySource> {
    let mut sources = Vec::new();
    for item in one_or_more(node, "`identity`", faults) {
        let Some([entry]) = reader::entries(item, "an identity source", faults) else {
            faults
                .error(&item.spot, "bad-source", "each identity source is one key")
                .help("write `- basic: { users: users.yaml }`");
            continue;
        };
        match entry.key.as_str() {
            "basic" => sources.extend(basic(entry, origin, key, faults).map(Box::new).map(IdentitySource::Basic)),
            "header" => sources.extend(header(entry, faults).map(IdentitySource::Header)),
            later if LATER.contains(&later) => reader::reserved(&entry.key_spot, later, faults),
            other => {
                let nearest = reader::nearest(other, ["basic", "header"].into_iter().chain(LATER));
                faults
                    .error(&entry.key_spot, "unknown-source", format!("`{other}` is no identity source"))
                    .did_you_mean(nearest);
            }
        }
    }
    sources
}

fn basic(entry: &Entry, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Option<Basic> {
    let mut map = MapReader::open(&entry.value, "`basic`", faults)?;
    let node = map.need("users", faults);
    forward(&mut map, faults);
    map.finish(faults);
    let node = node?;
    let path = origin.path(reader::text(node, "`users`", faults)?);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            faults.error(&node.spot, "no-file", format!("`{}` cannot be read: {error}", path.display()));
            return None;
        }
    };
    let source = Source { name: path.display().to_string(), text };
    let mut own = Faults::new();
    let users = users::parse(&source, &mut own);
    // A fault of another file is told here in a line, since its text is not among this one's.
    for fault in own.into_sorted() {
        let place = format!("{}:{}:{}", fault.file, fault.line, fault.column);
        faults.error(&node.spot, fault.code, format!("{place}: {}", fault.message)).help = fault.help;
    }
    Some(Basic::new(users, key))
}

fn header(entry: &Entry, faults: &mut Faults) -> Option<Header> {
    let mut map = MapReader::open(&entry.value, "`header`", faults)?;
    let user = map.need("user", faults).and_then(|node| name(node, "`user`", faults));
    let groups = map.take("groups").and_then(|node| name(node, "`groups`", faults));
    let from = map.need("from", faults).map(|node| from(node, faults)).unwrap_or_default();
    let secret =
        map.take("secret").and_then(|node| reader::text(node, "`secret`", faults)).map(|text| Secret(text.to_owned()));
    forward(&mut map, faults);
    map.finish(faults);
    Some(Header { user: user?, groups, from, secret })
}

/// The addresses of the proxy that says who staff is.
fn from(node: &Node, faults: &mut Faults) -> Vec<IpNet> {
    if node.scalar().is_some_and(|text| text.starts_with("unix:")) {
        reader::reserved(&node.spot, "unix:", faults);
        return Vec::new();
    }
    one_or_more(node, "`from`", faults);
    let networks = networks(node, "`from`", faults);
    if networks.iter().any(|network| network.prefix_len() == 0) {
        let message = "whoever reaches the gateway can say who they are";
        faults.warning(&node.spot, "anybody", message).help("name the proxy's own address");
    }
    networks
}

fn forward(map: &mut MapReader<'_>, faults: &mut Faults) {
    map.reserve(&["forward"], faults);
}

fn name(node: &Node, what: &str, faults: &mut Faults) -> Option<HeaderName> {
    let text = reader::text(node, what, faults)?;
    // The gate refuses `_` and `.` in names, which some servers take for `-`.
    let name = text.to_ascii_lowercase().parse().ok().filter(|_| !text.contains(['_', '.']));
    if name.is_none() {
        let message = format!("{what} is no header's name that can come through");
        faults.error(&node.spot, "bad-header", message).help("write letters, digits and `-`: `X-Remote-User`");
    }
    name
}

/// Networks in CIDR form; a bare address is a network of one.
pub fn networks(node: &Node, what: &str, faults: &mut Faults) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (text, spot) in reader::texts(node, what, faults) {
        let parsed = text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from));
        match parsed {
            Some(network) => networks.push(network),
            None => {
                faults
                    .error(spot, "bad-network", format!("`{text}` is no network"))
                    .help("write `10.0.0.0/8`, `2001:db8::/32` or one address");
            }
        }
    }
    networks
}
