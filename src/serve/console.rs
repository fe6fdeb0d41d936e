//! The console: what security staff asks the gateway itself. It says what is in force.
//!
//! Who asks is found as for the CRM, by the same sources but the CRM's own log-in, whose cookies belong
//! to the CRM's host, and certificates, which need TLS. Nobody unknown learns what there is to ask for, and
//! nobody learns anything by a name that is not the console's own.

mod page;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HOST, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::config::console::Console;
use crate::identity;
use crate::identity::peer::Peer;
use crate::serve::admin;
use crate::serve::exchange::recognise::recognise;
use crate::serve::house::{Gateway, House};
use crate::serve::respond::{self, Reader, Ways};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::staff::Staff;

/// Serves the console until its task is ended.
pub async fn serve(gateway: Arc<Gateway>, console: Console, listener: TcpListener) {
    let console = Arc::new(console);
    let answer = move |request, address| {
        let (gateway, console) = (Arc::clone(&gateway), Arc::clone(&console));
        async move { answer(&gateway, &console, request, address).await }
    };
    admin::answer(listener, answer).await;
}

async fn answer(
    gateway: &Gateway,
    console: &Console,
    request: Request<Incoming>,
    address: SocketAddr,
) -> Response<Full<Bytes>> {
    let house = gateway.house.load_full();
    let reader = Reader::of(request.headers());
    let id = ulid::Ulid::generate().to_string();
    let mut response = match asked(gateway, &house, console, &request, address, reader).await {
        Ok(response) => response,
        Err(refusal) => {
            gateway.metrics.refusals.with_label_values(&[refusal.reason.word()]).inc();
            tracing::info!(request = id, reason = refusal.reason.word(), note = refusal.note, "refused at the console");
            // The CRM's log-in is no way in here.
            let ways =
                Ways { challenges: identity::challenges(&house.identity), login: None, allow: None, field: None };
            respond::refusal(refusal.reason, reader, &id, &ways).map(Full::new)
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let closed = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(closed));
    response
}

async fn asked(
    gateway: &Gateway,
    house: &House,
    console: &Console,
    request: &Request<Incoming>,
    address: SocketAddr,
    reader: Reader,
) -> Result<Response<Full<Bytes>>, Refusal> {
    meant(console, request)?;
    let staff = staff(house, request.headers(), address).await?;
    if !staff.groups.iter().any(|group| console.groups.contains(group)) {
        return Err(Refusal::new(Reason::NoRole, "staff is in no group of the console"));
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Refusal::new(Reason::Method, "the console only tells"));
    }
    match request.uri().path() {
        "/policy" => {
            let told = told(gateway, house);
            let (kind, body) = if reader.page {
                ("text/html; charset=utf-8", page::of(&told, reader.japanese))
            } else {
                ("application/json", format!("{told:#}\n"))
            };
            let mut response = Response::new(Full::new(body.into()));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            Ok(response)
        }
        _ => Err(Refusal::new(Reason::NotFound, "no such page of the console")),
    }
}

/// Refuses what asks for another host. A page anywhere can have its own name lead to this machine, and then
/// ask in its visitor's browser, as from here, whatever the browser lets it ask of its own host.
fn meant(console: &Console, request: &Request<Incoming>) -> Result<(), Refusal> {
    let mut named = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (named.next(), named.next()) else {
        return Err(Refusal::new(Reason::Host, "`Host` stands not once"));
    };
    let host = host.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
    let is_own = |authority: &Authority| is_own(console, authority.host());
    if host.as_ref().is_some_and(is_own) && request.uri().authority().is_none_or(is_own) {
        return Ok(());
    }
    Err(Refusal::new(Reason::Misdirected, "the console is asked for by a host that is not its own"))
}

/// Whether a host is this machine, as whoever is here calls it, or one that the configuration names. Ports
/// say nothing: a tunnel has another one.
fn is_own(console: &Console, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    let is_here = |address: IpAddr| address.to_canonical().is_loopback();
    host == "localhost" || host.parse().is_ok_and(is_here) || console.hosts.iter().any(|own| own == host)
}

/// Who asks.
async fn staff(house: &House, headers: &HeaderMap, address: SocketAddr) -> Result<Staff, Refusal> {
    let unknown = || Refusal::new(Reason::Unrecognised, "no source found a credential");
    let mut headers = headers.clone();
    headers.remove(COOKIE);
    // Only questions about cookies are asked of a CRM, and none is left.
    let crm = house.sites.all().into_iter().next().ok_or_else(unknown)?;
    let now = Timestamp::now().as_second();
    let found = recognise(&house.identity, crm, &headers, &Peer::plain(address.ip()), now).await?;
    let (number, staff) = found.ok_or_else(unknown)?;
    match house.identity.get(number).map(|source| &source.way) {
        // Whoever may be anybody is nobody here, so that a browser asks for a name.
        None | Some(identity::Way::Anonymous(_)) => Err(unknown()),
        Some(_) => Ok(staff),
    }
}

/// What is in force.
fn told(gateway: &Gateway, house: &House) -> Value {
    let rules = &house.rules;
    let files = rules.files.iter().map(|(file, hash)| json!({ "file": file, "hash": hash }));
    let roles = rules.grants.groups.iter().map(|(role, groups)| json!({ "role": &**role, "groups": groups }));
    let row = |cells: &Vec<(String, String)>| -> Map<String, Value> {
        cells.iter().map(|(kind, said)| (kind.clone(), json!(said))).collect()
    };
    let grants = rules.grants.table.iter().map(|(role, cells)| (role.to_string(), row(cells).into()));
    let conditional = rules.grants.conditional.iter();
    let conditional = conditional
        .map(|(about, said)| json!({ "role": about.role, "what": about.what, "when": about.when, "is": said }));
    let refused = gateway.refused.load();
    json!({
        "version": &**house.policy.version(),
        "loaded": rules.loaded.to_string(),
        "files": files.collect::<Value>(),
        "warnings": rules.warnings.len(),
        "refused": refused.as_ref().map(|refused| json!({ "at": refused.at.to_string(), "why": refused.why })),
        "roles": roles.collect::<Value>(),
        "grants": grants.collect::<Map<String, Value>>(),
        "conditional": conditional.collect::<Value>(),
        "settings": rules.grants.settings,
    })
}
