//! `identity:` the sources that recognise staff.
//!
//! The simple sources are read here, `jwt` and `session` each in a file of its own.

mod jwt;
mod session;

use http::HeaderName;
use ipnet::IpNet;

use crate::config::units::Origin;
use crate::config::veil::{Broken, veiled};
use crate::config::{text, users};
use crate::identity::anonymous::Anonymous;
use crate::identity::basic::Basic;
use crate::identity::file::Watched;
use crate::identity::header::Header;
use crate::identity::mtls::{Mtls, UserAt};
use crate::identity::{Register, Source as IdentitySource, Way};
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{Entry, Node, Source};
use crate::policy::reader::{self, MapReader};
use crate::terms::secret::Secret;

/// The sources that are known.
const SOURCES: [&str; 6] = ["jwt", "mtls", "basic", "header", "session", "anonymous"];

/// Reads the list of sources. `key` is fresh chance for what `basic` remembers.
pub fn parse(node: &Node, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Vec<IdentitySource> {
    let mut sources: Vec<IdentitySource> = Vec::new();
    for item in reader::one_or_more(node, "`identity`", faults) {
        let Some([entry]) = reader::entries(item, "an identity source", faults) else {
            faults
                .error(&item.spot, "bad-source", "each identity source is one key")
                .help("write `- basic: { users: users.yaml }`");
            continue;
        };
        if sources.iter().any(|source| matches!(source.way, Way::Anonymous(_))) {
            let message = format!("`{}` is never asked: `anonymous` before it recognises everybody", entry.key);
            faults.error(&entry.key_spot, "never-asked", message).help("put `anonymous` last");
        }
        if entry.key == "session" && sources.iter().any(|source| matches!(source.way, Way::Session(_))) {
            faults.error(&entry.key_spot, "two-sessions", "the crm has one log-in, and here stands a second `session`");
        }
        sources.extend(source(entry, origin, key, faults));
    }
    sources
}

/// Tells where a source can never find anybody. `proves` is whether a listener asks for certificates.
pub fn fitting(sources: &[IdentitySource], proves: bool, root: &Node, faults: &mut Faults) {
    if proves || !sources.iter().any(|source| matches!(source.way, Way::Mtls(_))) {
        return;
    }
    let entries = root.map().unwrap_or_default();
    let spot = entries.iter().find(|entry| entry.key == "identity").map_or(&root.spot, |entry| &entry.key_spot);
    let message = "`mtls` finds nobody, since no listener asks for certificates";
    faults.warning(spot, "no-client-ca", message).help("give a listener `tls: { …, client_ca: staff-ca.pem }`");
}

fn source(entry: &Entry, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Option<IdentitySource> {
    match entry.key.as_str() {
        "basic" => basic(entry, origin, key, faults),
        "header" => header(entry, origin, faults),
        "jwt" => jwt::read(entry, origin, faults),
        "mtls" => mtls(entry, origin, faults),
        "session" => session::read(entry, origin, faults),
        "anonymous" => anonymous(entry, faults),
        other => {
            let nearest = reader::nearest(other, SOURCES);
            faults
                .error(&entry.key_spot, "unknown-source", format!("`{other}` is no identity source"))
                .did_you_mean(nearest);
            None
        }
    }
}

fn basic(entry: &Entry, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Option<IdentitySource> {
    let mut map = MapReader::open(&entry.value, "`basic`", faults)?;
    let node = map.need("users", faults);
    let forward = forward(&mut map, faults);
    map.finish(faults);
    let users = file(node?, "`users`", origin, users::parse, faults)?;
    Some(IdentitySource { way: Way::Basic(Box::new(Basic::new(users, key))), groups: None, forward })
}

fn header(entry: &Entry, origin: &Origin<'_>, faults: &mut Faults) -> Option<IdentitySource> {
    let mut map = MapReader::open(&entry.value, "`header`", faults)?;
    let user = map.need("user", faults).and_then(|node| name(node, "`user`", faults));
    let node = map.take("groups");
    let register = node.and_then(|node| register(node, origin, faults));
    let groups = node.filter(|node| !is_file(node)).and_then(|node| name(node, "`groups`", faults));
    let from = map.need("from", faults).map(|node| from(node, faults)).unwrap_or_default();
    let secret =
        map.take("secret").and_then(|node| reader::text(node, "`secret`", faults)).map(|text| Secret(text.to_owned()));
    let forward = forward(&mut map, faults);
    map.finish(faults);
    let way = Way::Header(Header { user: user?, groups, from, secret });
    Some(IdentitySource { way, groups: register, forward })
}

fn mtls(entry: &Entry, origin: &Origin<'_>, faults: &mut Faults) -> Option<IdentitySource> {
    const USERS: [(&str, UserAt); 3] =
        [("CN", UserAt::CommonName), ("SAN", UserAt::AlternativeName), ("URI", UserAt::Uri)];
    let mut map = MapReader::open(&entry.value, "`mtls`", faults)?;
    let user = map.take("user").map_or(Some(UserAt::CommonName), |node| reader::word(node, "`user`", &USERS, faults));
    let node = map.take("groups");
    let register = node.and_then(|node| register(node, origin, faults));
    let units = node.filter(|node| !is_file(node));
    let units = units.is_some_and(|node| reader::word(node, "`groups`", &[("OU", true)], faults).unwrap_or(false));
    map.finish(faults);
    Some(IdentitySource { way: Way::Mtls(Mtls { user: user?, units }), groups: register, forward: false })
}

fn anonymous(entry: &Entry, faults: &mut Faults) -> Option<IdentitySource> {
    let mut map = MapReader::open(&entry.value, "`anonymous`", faults)?;
    let groups = map.need("groups", faults).map(|node| reader::any_texts(node, "`groups`", faults)).unwrap_or_default();
    map.finish(faults);
    let groups = groups.into_iter().map(|(group, _)| group.to_owned()).collect();
    Some(IdentitySource { way: Way::Anonymous(Anonymous { groups }), groups: None, forward: false })
}

/// The addresses of the proxy that says who staff is.
fn from(node: &Node, faults: &mut Faults) -> Vec<IpNet> {
    if node.scalar().is_some_and(|text| text.starts_with("unix:")) {
        reader::reserved(&node.spot, "unix:", faults);
        return Vec::new();
    }
    let networks = networks(node, "`from`", faults);
    if networks.iter().any(|network| network.prefix_len() == 0) {
        let message = "whoever reaches the gateway can say who they are";
        faults.warning(&node.spot, "anybody", message).help("name the proxy's own address");
    }
    networks
}

/// Whether the CRM is to get the credential too.
fn forward(map: &mut MapReader<'_>, faults: &mut Faults) -> bool {
    map.take("forward").and_then(|node| reader::boolean(node, "`forward`", faults)).unwrap_or(false)
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

/// Whether `groups:` names a file of names and groups.
fn is_file(node: &Node) -> bool {
    node.scalar().is_some_and(|text| [".yaml", ".yml"].iter().any(|end| text.ends_with(end)))
}

/// The names and groups of a file, where `groups:` names one.
fn register(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<Watched<Register>> {
    if is_file(node) { file(node, "`groups`", origin, users::staff, faults) } else { None }
}

/// Reads a YAML file that gateway.yaml names, and keeps it for being read anew.
fn file<T>(
    node: &Node,
    what: &str,
    origin: &Origin<'_>,
    read: fn(&Source, &mut Faults) -> T,
    faults: &mut Faults,
) -> Option<Watched<T>>
where
    T: 'static,
{
    let path = origin.path(reader::text(node, what, faults)?);
    let text = match text::read(&path) {
        Ok(text) => text,
        Err(error) => {
            faults.error(&node.spot, "no-file", format!("`{}` cannot be read: {error}", text::plain(&path)));
            return None;
        }
    };
    let name = text::plain(&path);
    let own_name = name.clone();
    let whole = move |text: &str| {
        let mut own = Faults::new();
        let value = read(&Source { name: own_name.clone(), text: text.to_owned() }, &mut own);
        (value, own)
    };
    let (value, own) = whole(&text);
    let source = Source { name: name.clone(), text };
    faults.of_file(&veiled(&source, Broken::Keys), own);
    let anew = move |text: &str| match whole(text) {
        (value, own) if !own.has_errors() => Ok(value),
        (_, own) => Err(own.into_sorted().iter().map(in_a_line).collect::<Vec<_>>().join("; ")),
    };
    Some(Watched::new(path, &source.text, value, Box::new(anew)))
}

fn in_a_line(fault: &Fault) -> String {
    format!("{}:{}:{}: {}", fault.file, fault.line, fault.column, fault.message)
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
