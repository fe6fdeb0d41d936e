//! Staff's connections that speak HTTP/2: the gate of HTTP/2 before the exchange.
//!
//! They come here from TLS alone, once ALPN has chosen `h2`. Neither a client that just begins with
//! HTTP/2 nor one that asks for an upgrade gets here: on every other connection the gate of HTTP/1
//! refuses both.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::identity::peer::Peer;
use crate::serve::disclose::body::{Cut, StaffBody};
use crate::serve::exchange::exchange;
use crate::serve::gate::connection::Ended;
use crate::serve::gate::fault::{GateFault, Reason, Side};
use crate::serve::gate::h2::serve::serve_http2;
use crate::serve::house::{Gateway, gate_bounds};
use crate::serve::listen;
use crate::serve::respond::{self, Reader, Ways};

/// Every seat is taken, by connections or by the requests on them.
const CROWDED: GateFault =
    GateFault { side: Side::Staff, reason: Reason::Overload, detail: "more requests are open than connections may be" };

/// Serves one connection until it ends, or until `stop` is over and its last answers are given. A connection of
/// HTTP/1 has one request at a time and one seat; here each request takes one of its own, since each may open a
/// connection to the CRM.
pub async fn connection<S>(
    gateway: &Arc<Gateway>,
    stream: S,
    peer: &Peer,
    seats: &Arc<Semaphore>,
    stop: impl Future<Output = ()>,
) -> Ended<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bounds = gate_bounds(&gateway.house.load().bounds);
    let service = service_fn(|request: Request<Incoming>| {
        let (gateway, peer) = (Arc::clone(gateway), peer.clone());
        let seat = Arc::clone(seats).try_acquire_owned();
        async move {
            let Ok(seat) = seat else {
                return Ok::<_, Infallible>(refused(&gateway, &CROWDED, request.headers(), &peer));
            };
            let answer = Box::pin(exchange(gateway, request, &peer)).await;
            Ok(answer.map(|body| Seated { body, _seat: Some(seat) }))
        }
    });
    let refuse = |fault: &GateFault, headers: &HeaderMap| refused(gateway, fault, headers, peer);
    serve_http2(stream, bounds, peer.secure, service, refuse, stop).await
}

/// A body that keeps its request's seat until it was given away.
struct Seated {
    body: StaffBody,
    _seat: Option<OwnedSemaphorePermit>,
}

impl Body for Seated {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Records a fault that the gate found, and makes the refusal; where no request can be answered any more, it is
/// recorded all the same.
fn refused(gateway: &Gateway, fault: &GateFault, headers: &HeaderMap, peer: &Peer) -> Response<Seated> {
    let id = listen::record(gateway, fault, peer);
    let page = respond::refusal(fault.told_as(), Reader::of(headers), &id, &Ways::default());
    page.map(|page| Seated { body: StaffBody::own(page), _seat: None })
}
