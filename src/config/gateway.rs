//! gateway.yaml as written and as read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use ipnet::IpNet;

use crate::config::identity::{self, networks};
use crate::config::units::{self, Origin};
use crate::identity::Source as IdentitySource;
use crate::policy::fault::Faults;
use crate::policy::node::{self, Node, Source};
use crate::policy::reader::{self, MapReader};
use crate::terms::bounds::Bounds;

/// Keys that the contract names and that are not built yet.
const LATER: [&str; 3] = ["console", "sites", "purposes"];

/// What gateway.yaml says.
pub struct Config {
    /// Where staff connects.
    pub listen: Vec<SocketAddr>,
    /// The CRM.
    pub upstream: UpstreamConfig,
    /// Where `/metrics`, `/healthz` and `/readyz` are.
    pub metrics: Option<SocketAddr>,
    /// Proxies whose word on the client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Rule files and folders.
    pub rules: Vec<PathBuf>,
    /// The folder of the ledger and the keys.
    pub state: PathBuf,
    /// The key ring.
    pub keys: PathBuf,
    /// This gateway's name in the ledger.
    pub node: Option<String>,
    /// How logs are written.
    pub log: Log,
    /// Who can be recognised.
    pub identity: Arc<Vec<IdentitySource>>,
    /// The bounds.
    pub bounds: Bounds,
}

/// The CRM's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamConfig {
    /// Host and port.
    pub address: String,
    /// The `Host` to send, if not staff's.
    pub host: Option<HeaderValue>,
    /// How long a connection may take; the bound where it is left out.
    pub connect: Option<Duration>,
    /// How long an answer's head may take.
    pub timeout: Duration,
}

/// How logs are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least level: `error`, `warn`, `info`, `debug`, `trace`.
    pub level: &'static str,
    /// JSON lines; else text.
    pub json: bool,
}

/// Reads gateway.yaml. `None` where a fault leaves no configuration.
pub fn parse(source: &Source, origin: &Origin<'_>, key: [u8; 32], faults: &mut Faults) -> Option<Config> {
    let root = node::parse(source, faults)?;
    let mut map = MapReader::open(&root, "gateway.yaml", faults)?;
    version(&mut map, faults);
    let listen = map.need("listen", faults).map(|node| addresses(node, origin, faults)).unwrap_or_default();
    let upstream = map.need("upstream", faults).and_then(|node| upstream(node, origin, faults));
    let metrics = map.take("metrics").and_then(|node| address(node, "`metrics`", origin, faults));
    let trusted_proxies = map.take("trusted_proxies").map(|node| networks(node, "`trusted_proxies`", faults)).unwrap_or_default();
    let rules = map.need("rules", faults).map(|node| rules(node, origin, faults)).unwrap_or_default();
    let state = map.take("state").and_then(|node| origin.text(node, "`state`", faults)).map_or_else(|| origin.path("state"), |text| origin.path(&text));
    let keys = map.take("keys").and_then(|node| origin.text(node, "`keys`", faults)).map_or_else(|| state.join("keys"), |text| origin.path(&text));
    let node = map.take("node").and_then(|node| origin.text(node, "`node`", faults));
    let log = map.take("log").map_or(Some(Log { level: "info", json: true }), |node| log(node, faults));
    let identity = map.need("identity", faults).map(|node| identity::parse(node, origin, key, faults)).unwrap_or_default();
    let bounds = map.take("bounds").map_or_else(Bounds::default, |node| bounds(node, faults));
    mode(&mut map, faults);
    map.reserve(&LATER, faults);
    map.finish(faults);
    let config = Config { listen, upstream: upstream?, metrics, trusted_proxies, rules, state, keys, node, log: log?, identity: Arc::new(identity), bounds };
    (!faults.has_errors()).then_some(config)
}

fn version(map: &mut MapReader<'_>, faults: &mut Faults) {
    let Some(node) = map.need("sudare", faults) else { return };
    if node.scalar() != Some("1") {
        faults.error(&node.spot, "version", "this file is of another version").help("write `sudare: 1`");
    }
}

fn mode(map: &mut MapReader<'_>, faults: &mut Faults) {
    let Some(node) = map.take("mode") else { return };
    if node.scalar() != Some("enforce") {
        faults.error(&node.spot, "reserved", "only `mode: enforce` is there; `observe` is reserved: not yet");
    }
}

fn address(node: &Node, what: &str, origin: &Origin<'_>, faults: &mut Faults) -> Option<SocketAddr> {
    let text = origin.text(node, what, faults)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        faults.error(&node.spot, "bad-address", format!("{what} is not an address with a port")).help("write `127.0.0.1:8080` or `[::]:8080`");
    }
    parsed
}

fn addresses(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for item in reader::one_or_more(node) {
        if item.map().is_none() {
            addresses.extend(address(item, "`listen`", origin, faults));
        } else if let Some(mut map) = MapReader::open(item, "a listener", faults) {
            addresses.extend(map.need("address", faults).and_then(|node| address(node, "`address`", origin, faults)));
            map.reserve(&["tls"], faults);
            map.finish(faults);
        }
    }
    addresses
}

fn upstream(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<UpstreamConfig> {
    const TIMEOUT: Duration = Duration::from_secs(60);
    if node.map().is_none() {
        let address = authority(node, origin, faults)?;
        return Some(UpstreamConfig { address, host: None, connect: None, timeout: TIMEOUT });
    }
    let mut map = MapReader::open(node, "`upstream`", faults)?;
    let address = map.need("url", faults).and_then(|node| authority(node, origin, faults));
    let host = map.take("host").and_then(|node| host(node, faults));
    let connect = map.take("connect_timeout").and_then(|node| units::duration(node, "`connect_timeout`", faults));
    let timeout = map.take("timeout").and_then(|node| units::duration(node, "`timeout`", faults)).unwrap_or(TIMEOUT);
    map.reserve(&["ca", "health"], faults);
    map.finish(faults);
    Some(UpstreamConfig { address: address?, host, connect, timeout })
}

/// `preserve` is what happens anyway: `Host` goes on as staff sent it.
fn host(node: &Node, faults: &mut Faults) -> Option<HeaderValue> {
    let text = reader::text(node, "`host`", faults)?;
    if text == "preserve" {
        return None;
    }
    let value = HeaderValue::from_str(text).ok();
    if value.is_none() {
        faults.error(&node.spot, "bad-host", "`host` cannot stand in a header");
    }
    value
}

/// Host and port of `http://host:port`.
fn authority(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<String> {
    let text = origin.text(node, "`upstream`", faults)?;
    if text.starts_with("https://") {
        faults.error(&node.spot, "reserved", "`https://` to the CRM is reserved: not yet");
        return None;
    }
    let rest = text.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let parsed = rest.and_then(|rest| rest.parse::<http::uri::Authority>().ok()).filter(|authority| !authority.as_str().contains('@'));
    match parsed {
        Some(authority) if authority.port().is_some() => Some(authority.to_string()),
        Some(authority) => Some(format!("{authority}:80")),
        None => {
            faults.error(&node.spot, "bad-url", "`upstream` is not the address of a server").help("write `http://127.0.0.1:9000`, without a path");
            None
        }
    }
}

fn rules(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (text, spot) in reader::texts(node, "`rules`", faults) {
        if text.starts_with("pack:") {
            reader::reserved(spot, "pack:", faults);
            continue;
        }
        let path = origin.path(text);
        if !path.exists() {
            faults.error(spot, "no-file", format!("`{}` is not there", path.display()));
        }
        paths.push(path);
    }
    paths
}

fn log(node: &Node, faults: &mut Faults) -> Option<Log> {
    const LEVELS: [(&str, &str); 5] = [("error", "error"), ("warn", "warn"), ("info", "info"), ("debug", "debug"), ("trace", "trace")];
    let mut map = MapReader::open(node, "`log`", faults)?;
    let level = map.take("level").map_or(Some("info"), |node| reader::word(node, "`level`", &LEVELS, faults));
    let json = map.take("format").map_or(Some(true), |node| reader::word(node, "`format`", &[("json", true), ("text", false)], faults));
    map.finish(faults);
    Some(Log { level: level?, json: json? })
}

fn bounds(node: &Node, faults: &mut Faults) -> Bounds {
    let mut bounds = Bounds::default();
    let Some(mut map) = MapReader::open(node, "`bounds`", faults) else { return bounds };
    let sizes: [(&'static str, &mut usize); 7] = [
        ("head", &mut bounds.head_bytes),
        ("path", &mut bounds.path_bytes),
        ("body", &mut bounds.body_bytes),
        ("value", &mut bounds.value_bytes),
        ("hold", &mut bounds.hold_bytes),
        ("hold_all", &mut bounds.hold_all_bytes),
        ("connections", &mut bounds.connections),
    ];
    for (key, slot) in sizes {
        if let Some(size) = map.take(key).and_then(|node| units::size(node, key, faults)) {
            *slot = size;
        }
    }
    for (key, slot) in [("headers", &mut bounds.headers), ("depth", &mut bounds.depth)] {
        if let Some(number) = map.take(key).and_then(|node| reader::number(node, key, faults)) {
            *slot = number;
        }
    }
    let waits: [(&'static str, &mut Duration); 6] = [
        ("connect", &mut bounds.connect),
        ("head_wait", &mut bounds.head),
        ("idle", &mut bounds.idle),
        ("request", &mut bounds.request),
        ("ledger_wait", &mut bounds.ledger_wait),
        ("drain", &mut bounds.drain),
    ];
    for (key, slot) in waits {
        if let Some(wait) = map.take(key).and_then(|node| units::duration(node, key, faults)) {
            *slot = wait;
        }
    }
    map.finish(faults);
    bounds
}

/// The folder in which a configuration file's relative paths begin.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
