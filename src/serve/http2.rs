//! Staff's connections that speak HTTP/2: the gate of HTTP/2 before the exchange.
//!
//! They come here from TLS alone, once ALPN has chosen `h2`. Neither a client that just begins with
//! HTTP/2 nor one that asks for an upgrade gets here: on every other connection the gate of HTTP/1
//! refuses both.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use http::{HeaderMap, Response};
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::identity::peer::Peer;
use crate::ledger::entry::Entry;
use crate::serve::disclose::body::StaffBody;
use crate::serve::exchange::exchange;
use crate::serve::gate::connection::Ended;
use crate::serve::gate::fault::GateFault;
use crate::serve::gate::h2::serve::serve_http2;
use crate::serve::house::{Gateway, gate_bounds};
use crate::serve::respond::{self, Reader};
use crate::terms::event::Event;

/// Serves one connection until it ends, or until `stop` is over and its last answers are given.
pub async fn connection<S>(gateway: &Arc<Gateway>, stream: S, peer: &Peer, stop: impl Future<Output = ()>) -> Ended<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bounds = gate_bounds(&gateway.house.load().bounds);
    let service = service_fn(|request| {
        let (gateway, peer) = (Arc::clone(gateway), peer.clone());
        async move { Ok::<_, Infallible>(exchange(gateway, request, &peer).await) }
    });
    let refuse = |fault: &GateFault, headers: &HeaderMap| refused(gateway, fault, headers, peer);
    serve_http2(stream, bounds, peer.secure, service, refuse, stop).await
}

/// Records a fault that the gate found, and makes the refusal; where no request can be answered any more, it is
/// recorded all the same.
fn refused(gateway: &Gateway, fault: &GateFault, headers: &HeaderMap, peer: &Peer) -> Response<StaffBody> {
    let id = ulid::Ulid::generate().to_string();
    gateway.metrics.refusals.with_label_values(&[fault.word()]).inc();
    tracing::info!(request = id, reason = fault.word(), note = fault.detail, "refused");
    let response = respond::refusal(fault.told_as(), Reader::of(headers), &id, false);
    let policy = gateway.house.load().policy.version().to_string();
    gateway.ledger.refuse(Entry {
        request: Some(id.clone().into()),
        client: Some(peer.told.unwrap_or(peer.address).to_canonical().to_string().into()),
        outcome: Some("refused".into()),
        policy: Some(policy.into()),
        reason: Some(fault.word().into()),
        status: Some(response.status().as_u16()),
        ..Entry::new(Event::Refused)
    });
    response.map(StaffBody::own)
}
