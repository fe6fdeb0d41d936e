//! gateway.yaml as written and as read.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::IpNet;

use crate::config::bounds;
use crate::config::console::{self, Console};
use crate::config::identity::{self, networks};
use crate::config::keys;
use crate::config::ledger::{self, Ledger};
use crate::config::listen::{self, At, Listener};
use crate::config::open;
use crate::config::packs;
use crate::config::purposes;
use crate::config::text;
use crate::config::units::Origin;
use crate::config::upstream::{self, Upstreams};
use crate::identity::Source as IdentitySource;
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{self, Node, Source, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::version;
use crate::terms::bounds::Bounds;
use crate::vault::ring::Place;

/// What gateway.yaml says.
pub struct Config {
    /// Where staff connects.
    pub listen: Vec<Listener>,
    /// The CRM, or several.
    pub upstreams: Upstreams,
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub metrics: Option<SocketAddr>,
    /// Where security staff asks what is in force.
    pub console: Option<Console>,
    /// Proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Rule files and folders.
    pub rules: Vec<PathBuf>,
    /// What requests may be made for; nothing where the rules say.
    pub purposes: Option<Vec<String>>,
    /// The legal bases of those that have one.
    pub bases: BTreeMap<String, &'static str>,
    /// The folder of the ledger and the keys.
    pub state: PathBuf,
    /// The key ring, and what wraps it.
    pub keys: Place,
    /// What is done with the ledger beside its folder.
    pub ledger: Ledger,
    /// This gateway's name in the ledger.
    pub node: Option<String>,
    /// How logs are written.
    pub log: Log,
    /// Who can be recognised.
    pub identity: Arc<Vec<IdentitySource>>,
    /// The bounds.
    pub bounds: Bounds,
}

/// How logs are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least level: `error`, `warn`, `info`, `debug`, `trace`.
    pub level: &'static str,
    /// JSON lines; else text.
    pub json: bool,
}

/// What a configuration says of rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Rule files and folders.
    pub rules: Vec<PathBuf>,
    /// What requests may be made for; nothing where the rules say.
    pub purposes: Option<Vec<String>>,
}

/// Reads gateway.yaml. `None` where a fault leaves no configuration.
pub fn parse(source: &Source, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Option<Config> {
    let mut root = node::parse(source, faults)?;
    let absent = origin.resolve(&mut root, faults);
    let told = faults.told();
    let config = read(&root, origin, key, absent.is_empty(), faults);
    forget(&absent, told, faults);
    config
}

/// Reads of gateway.yaml what it says of rules, whatever else is wrong with it: where rules are checked
/// and tested the gateway's keys and environment need not be.
pub fn named(source: &Source, origin: &Origin<'_>, faults: &mut Faults) -> Named {
    let Some(mut root) = node::parse(source, faults) else { return Named::default() };
    let mut absent = Vec::new();
    if let Value::Map(entries) = &mut root.value {
        for entry in entries.iter_mut().filter(|entry| matches!(entry.key.as_str(), "rules" | "purposes")) {
            absent.extend(origin.resolve(&mut entry.value, faults));
        }
    }
    let told = faults.told();
    let Some(mut map) = MapReader::open(&root, "gateway.yaml", faults) else { return Named::default() };
    let rules = map.need("rules", faults).map(|node| rules(node, origin, faults)).unwrap_or_default();
    let purposes = map.take("purposes").map(|node| purposes::parse(node, faults).words);
    forget(&absent, told, faults);
    Named { rules, purposes }
}

/// What is not there has no meaning that could be wrong.
fn forget(absent: &[Spot], told: usize, faults: &mut Faults) {
    let inside = |spot: &Spot, fault: &Fault| {
        spot.file == fault.file && spot.span.start <= fault.span.start && fault.span.end <= spot.span.end
    };
    faults.forget(told, |fault| absent.iter().any(|spot| inside(spot, fault)));
}

fn read(root: &Node, origin: &Origin<'_>, key: [u8; 32], whole: bool, faults: &mut Faults) -> Option<Config> {
    let mut map = MapReader::open(root, "gateway.yaml", faults)?;
    format(&mut map, faults);
    let listen = map.need("listen", faults).map(|node| listen::parse(node, origin, faults)).unwrap_or_default();
    let upstreams = upstream::parse(&mut map, origin, faults);
    let metrics = map.take("metrics").and_then(|node| address(node, "`metrics`", faults));
    let console =
        map.take_entry("console").and_then(|entry| Some((console::parse(&entry.value, faults)?, &entry.key_spot)));
    let trusted_proxies =
        map.take("trusted_proxies").map(|node| networks(node, "`trusted_proxies`", faults)).unwrap_or_default();
    let rules = map.need("rules", faults).map(|node| rules(node, origin, faults)).unwrap_or_default();
    let (purposes, bases) = match map.take("purposes").map(|node| purposes::parse(node, faults)) {
        Some(purposes) => (Some(purposes.words), purposes.bases),
        None => Default::default(),
    };
    let state = map.take("state").and_then(|node| kept(node, "`state`", &["postgres", "ledger"], faults));
    let state = state.unwrap_or("state");
    let state = origin.path(state);
    let keys = keys::parse(map.take("keys"), &state, &|text| origin.path(text), faults);
    let ledger =
        map.take("ledger").map(|node| ledger::parse(node, &|text| origin.path(text), faults)).unwrap_or_default();
    let node = map.take("node").and_then(|node| name(node, faults));
    let log = map.take("log").map_or(Some(Log { level: "info", json: true }), |node| log(node, faults));
    let identity =
        map.need("identity", faults).map(|node| identity::parse(node, origin, key, faults)).unwrap_or_default();
    let bounds = map.take("bounds").map_or_else(Bounds::default, |node| bounds::parse(node, faults));
    mode(&mut map, faults);
    // Of parts that are not there nobody knows whether they fit.
    if whole {
        fitting(root, &listen, upstreams.as_ref(), &trusted_proxies, faults);
        let proves = |listener: &Listener| listener.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
        open::log_ins(&listen, &identity, &trusted_proxies, spot(root, "listen"), faults);
        if let Some(address) = metrics {
            open::metrics(address, spot(root, "metrics"), faults);
        }
        identity::fitting(&identity, listen.iter().any(proves), root, faults);
        if let Some((console, spot)) = &console {
            console::fitting(console, &identity, spot, faults);
        }
    }
    map.finish(faults);
    let config = Config {
        listen,
        upstreams: upstreams?,
        metrics,
        console: console.map(|(console, _)| console),
        trusted_proxies,
        rules,
        purposes,
        bases,
        state,
        keys,
        ledger,
        node,
        log: log?,
        identity: Arc::new(identity),
        bounds,
    };
    (!faults.has_errors()).then_some(config)
}

fn format(map: &mut MapReader<'_>, faults: &mut Faults) {
    if let Some(node) = map.need("sudare", faults) {
        version::read(node, faults);
    }
}

fn mode(map: &mut MapReader<'_>, faults: &mut Faults) {
    let Some(node) = map.take("mode") else { return };
    if node.scalar() != Some("enforce") {
        faults.error(&node.spot, "reserved", "only `mode: enforce` is there; `observe` is reserved: not yet");
    }
}

/// An address with a port.
pub(super) fn address(node: &Node, what: &str, faults: &mut Faults) -> Option<SocketAddr> {
    let text = reader::text(node, what, faults)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        faults
            .error(&node.spot, "bad-address", format!("{what} is not an address with a port"))
            .help("write `127.0.0.1:8080` or `[::]:8080`");
    }
    parsed
}

/// Where a key stands.
fn spot<'n>(root: &'n Node, key: &str) -> &'n Spot {
    let mut entries = root.map().unwrap_or_default().iter();
    entries.find(|entry| entry.key == key).map_or(&root.spot, |entry| &entry.key_spot)
}

/// What several keys say together must have a meaning.
fn fitting(
    root: &Node,
    listen: &[Listener],
    upstreams: Option<&Upstreams>,
    trusted_proxies: &[IpNet],
    faults: &mut Faults,
) {
    let entries = root.map().unwrap_or_default();
    let spot = |key| spot(root, key);
    if listen.iter().any(|listener| listener.proxy_protocol) && trusted_proxies.is_empty() {
        faults
            .error(
                spot("listen"),
                "no-proxy",
                "`proxy_protocol` is believed of `trusted_proxies` alone, and there are none",
            )
            .help("write `trusted_proxies: [10.42.0.0/16]` with the address of the balancer");
    }
    for address in addresses(upstreams) {
        if listen.iter().any(|listener| is_self(listener, address)) {
            let key = if entries.iter().any(|entry| entry.key == "sites") { "sites" } else { "upstream" };
            faults
                .error(
                    spot(key),
                    "self-target",
                    format!("`{address}` is the gateway's own address: it would ask itself"),
                )
                .help("write the CRM's address");
        }
    }
    let own = matches!(upstreams, Some(Upstreams::Sites(sites)) if sites.iter().any(|site| site.pair.is_some()));
    if own && listen.iter().all(|listener| listener.tls.is_none()) {
        faults
            .error(spot("sites"), "no-tls", "a site has a certificate, and no listener speaks TLS")
            .help("give a listener `tls:`; its certificate serves whoever asks for no site's host");
    }
}

fn addresses(upstreams: Option<&Upstreams>) -> Vec<&str> {
    match upstreams {
        None => Vec::new(),
        Some(Upstreams::One(one)) => vec![one.address.as_str()],
        Some(Upstreams::Sites(sites)) => sites.iter().map(|site| site.upstream.address.as_str()).collect(),
    }
}

/// Whether what listens there is this gateway, as far as its configuration tells.
fn is_self(listener: &Listener, address: &str) -> bool {
    let At::Address(own) = listener.at else { return false };
    let Some((host, port)) = address.rsplit_once(':') else { return false };
    let ip: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let loopback = host == "localhost" || ip.is_some_and(|ip| ip.is_loopback());
    let reached = ip == Some(own.ip())
        || (loopback && (own.ip().is_unspecified() || host == "localhost" && own.ip().is_loopback()));
    own.port() != 0 && port.parse() == Ok(own.port()) && reached
}

fn rules(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for item in reader::one_or_more(node, "`rules`", faults) {
        let Some(text) = reader::text(item, "`rules`", faults) else { continue };
        let spot = &item.spot;
        if text.starts_with("pack:") {
            if packs::named(text, spot, faults) {
                paths.push(PathBuf::from(text));
            }
            continue;
        }
        let path = origin.path(text);
        if !path.exists() {
            faults.error(spot, "no-file", format!("`{}` is not there", text::plain(&path)));
        }
        paths.push(path);
    }
    paths
}

/// Where something is kept: a path, or one of the services that are not built yet.
fn kept<'n>(node: &'n Node, what: &str, later: &[&str], faults: &mut Faults) -> Option<&'n str> {
    let service = node.map().and_then(|entries| entries.iter().find(|entry| later.contains(&entry.key.as_str())));
    if let Some(entry) = service {
        reader::reserved(&entry.key_spot, &entry.key, faults);
        return None;
    }
    reader::text(node, what, faults)
}

/// This gateway's name, which stands in every record and so must be short and plain.
fn name(node: &Node, faults: &mut Faults) -> Option<String> {
    const NAME_BYTES: usize = 64;
    let text = reader::text(node, "`node`", faults)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain || text.len() > NAME_BYTES {
        faults
            .error(&node.spot, "bad-node", "`node` is not a plain name")
            .help("write up to 64 letters, digits, `-`, `_` and `.`");
        return None;
    }
    Some(text.to_owned())
}

fn log(node: &Node, faults: &mut Faults) -> Option<Log> {
    const LEVELS: [(&str, &str); 5] =
        [("error", "error"), ("warn", "warn"), ("info", "info"), ("debug", "debug"), ("trace", "trace")];
    let mut map = MapReader::open(node, "`log`", faults)?;
    let level = map.take("level").map_or(Some("info"), |node| reader::word(node, "`level`", &LEVELS, faults));
    let json = map
        .take("format")
        .map_or(Some(true), |node| reader::word(node, "`format`", &[("json", true), ("text", false)], faults));
    map.finish(faults);
    Some(Log { level: level?, json: json? })
}

/// The folder in which a configuration file's relative paths begin.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
