//! `jwt:` where the identity provider's keys are, and which tokens count.

use std::net::IpAddr;
use std::time::Duration;

use crate::config::identity::{forward, is_file, register};
use crate::config::units::{self, Origin};
use crate::identity::jwt::keys::{Alg, KEYS_BYTES, Kept, KeySet, Place, Url};
use crate::identity::jwt::{Claim, Jwt};
use crate::identity::{Source, Way};
use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node};
use crate::policy::reader::{self, MapReader};

/// How far the provider's clock may be off at most, and what is allowed without a word.
const LEEWAY: Duration = Duration::from_secs(60);

/// How often keys are fetched, how often at most, and how long they count without.
const REFRESH: Duration = Duration::from_secs(10 * 60);
const REFRESH_LEAST: Duration = Duration::from_secs(10);
const STALE: Duration = Duration::from_secs(60 * 60);
const STALE_MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a file of keys is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Reads a `jwt` source.
pub fn read(entry: &Entry, origin: &Origin<'_>, faults: &mut Faults) -> Option<Source> {
    let mut map = MapReader::open(&entry.value, "`jwt`", faults)?;
    let jwks = map.need("jwks", faults);
    let issuer = map.need("issuer", faults).and_then(|node| reader::text(node, "`issuer`", faults));
    let audience = map.need("audience", faults).map(|node| reader::texts(node, "`audience`", faults));
    let user = map.take("user").map_or(Some("sub"), |node| reader::text(node, "`user`", faults));
    let node = map.take("groups");
    let groups = node.and_then(|node| register(node, origin, faults));
    let claim = node.filter(|node| !is_file(node)).and_then(|node| reader::text(node, "`groups`", faults));
    let algorithms = map.take("algorithms").map(|node| algorithms(node, faults));
    let leeway = map.take("leeway").and_then(|node| at_most(node, "`leeway`", LEEWAY, faults)).unwrap_or(LEEWAY);
    let refresh = map.take("refresh").and_then(|node| refresh(node, faults)).unwrap_or(REFRESH);
    let stale = map.take("stale").and_then(|node| at_most(node, "`stale`", STALE_MOST, faults)).unwrap_or(STALE);
    let ca = map.take("ca").and_then(|node| ca(node, origin, faults));
    let forward = forward(&mut map, faults);
    map.finish(faults);
    let place = place(jwks?, ca, origin, faults)?;
    let refresh = if matches!(place, Place::File(_)) { LOOK } else { refresh };
    let keys = Kept::new(place, refresh, stale);
    if let (Place::File(path), Some(jwks)) = (&keys.place, jwks) {
        match std::fs::read(path).map_err(|error| error.to_string()).and_then(|text| parse(&text)) {
            Ok(set) => keys.hold(set),
            Err(why) => {
                faults.error(&jwks.spot, "bad-keys", format!("`{}` cannot be used: {why}", path.display()));
            }
        }
    }
    let jwt = Jwt {
        keys,
        issuer: issuer?.to_owned(),
        audience: audience?.into_iter().map(|(text, _)| text.to_owned()).collect(),
        algorithms: algorithms.unwrap_or_else(|| Alg::ALL.map(|(_, alg)| alg).to_vec()),
        leeway: i64::try_from(leeway.as_secs()).unwrap_or(0),
        user: Claim(user?.to_owned()),
        groups: claim.map(|claim| Claim(claim.to_owned())),
    };
    Some(Source { way: Way::Jwt(Box::new(jwt)), groups, forward })
}

fn parse(text: &[u8]) -> Result<KeySet, String> {
    if text.len() > KEYS_BYTES {
        return Err(format!("it is longer than {KEYS_BYTES} bytes"));
    }
    KeySet::parse(text).map_err(str::to_owned)
}

fn algorithms(node: &Node, faults: &mut Faults) -> Vec<Alg> {
    let mut algorithms = Vec::new();
    for (text, spot) in reader::texts(node, "`algorithms`", faults) {
        match Alg::of(text) {
            Some(alg) => algorithms.push(alg),
            None => {
                let names = || Alg::ALL.into_iter().map(|(name, _)| name);
                let message = format!("`{text}` is not {}", reader::words_of(names()));
                let fault = faults.error(spot, "bad-algorithm", message);
                match text {
                    "none" => fault.help("a token that nobody signed says nothing"),
                    _ if text.starts_with("HS") => fault.help("whoever checks a shared secret can also forge with it"),
                    _ => fault.did_you_mean(reader::nearest(text, names())),
                };
            }
        }
    }
    algorithms
}

fn at_most(node: &Node, what: &str, most: Duration, faults: &mut Faults) -> Option<Duration> {
    let duration = units::duration(node, what, faults)?;
    if duration > most {
        faults.error(&node.spot, "too-long", format!("{what} is at most {}s", most.as_secs()));
        return None;
    }
    Some(duration)
}

fn refresh(node: &Node, faults: &mut Faults) -> Option<Duration> {
    let duration = units::duration(node, "`refresh`", faults)?;
    if duration < REFRESH_LEAST {
        faults.error(&node.spot, "too-short", format!("`refresh` is at least {}s", REFRESH_LEAST.as_secs()));
        return None;
    }
    Some(duration)
}

fn ca(node: &Node, origin: &Origin<'_>, faults: &mut Faults) -> Option<std::path::PathBuf> {
    let path = origin.path(reader::text(node, "`ca`", faults)?);
    if let Err(error) = std::fs::metadata(&path) {
        faults.error(&node.spot, "no-file", format!("`{}` cannot be read: {error}", path.display()));
    }
    Some(path)
}

/// A file, or an address that nobody on the way can change.
fn place(node: &Node, ca: Option<std::path::PathBuf>, origin: &Origin<'_>, faults: &mut Faults) -> Option<Place> {
    let text = reader::text(node, "`jwks`", faults)?;
    let secure = text.starts_with("https://");
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return Some(Place::File(origin.path(text)));
    };
    let url = |text: &str| {
        let uri = text.parse::<http::Uri>().ok()?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        Some(Url { secure, host, port, target, ca })
    };
    let Some(url) = url(text).filter(|_| !rest.contains('#')) else {
        faults
            .error(&node.spot, "bad-url", "`jwks` is neither an address nor a file")
            .help("write `https://id.example/.well-known/jwks.json` or `keys.json`");
        return None;
    };
    let here = url.host == "localhost" || url.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if !secure && !here {
        faults
            .error(&node.spot, "open-keys", "whoever is on the way can put their own keys in the place of these")
            .help("write `https://`; `http://` is for this machine alone");
        return None;
    }
    Some(Place::Url(url))
}
