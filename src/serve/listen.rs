//! Staff's side of the gateway: takes connections, serves each through the gate, and drains.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::service::service_fn;
use prometheus::IntGauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use crate::identity::peer::Peer;
use crate::ledger::entry::Entry;
use crate::serve::exchange::exchange;
use crate::serve::gate::connection::serve_gated;
use crate::serve::gate::fault::GateFault;
use crate::serve::house::{Gateway, gate_bounds};
use crate::serve::line::Line;
use crate::serve::tls::{self, Tls};
use crate::serve::{http2, proxied, respond};
use crate::terms::event::Event;

/// How long accepting rests when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// One address that staff connects to, and how connections begin there.
pub struct Door {
    /// The socket.
    pub listener: TcpListener,
    /// TLS; else plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// Whether a header of the PROXY protocol comes first.
    pub proxy_protocol: bool,
}

/// Serves until `stop` says so, then lets the answers in flight end within the drain's time.
pub async fn serve(gateway: Arc<Gateway>, door: Door, mut stop: watch::Receiver<bool>) {
    let Door { listener, tls, proxy_protocol } = door;
    let bounds = gateway.house.load().bounds.clone();
    let seats = Arc::new(Semaphore::new(bounds.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = seated(&listener, &seats) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer, seat)) => {
                let call = Call {
                    gateway: Arc::clone(&gateway),
                    tls: tls.clone(),
                    proxy_protocol,
                    seats: Arc::clone(&seats),
                    stop: stop.clone(),
                };
                connections.spawn(async move {
                    call.answer(stream, peer).await;
                    drop(seat);
                });
            }
            Err(error) => {
                tracing::error!(%error, "a connection could not be taken");
                tokio::time::sleep(REST).await;
            }
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(bounds.drain, all).await.is_err() {
        tracing::warn!("some answers did not end in time; their connections are closed");
    }
}

/// A connection and its seat. One that finds no seat waits in the system's own queue.
async fn seated(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let seat = Arc::clone(seats).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, seat))
}

/// One connection at its door.
struct Call {
    gateway: Arc<Gateway>,
    tls: Option<Arc<Tls>>,
    proxy_protocol: bool,
    seats: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

impl Call {
    /// Lets the connection begin as its door demands, within the time that a head may take, and
    /// serves it.
    async fn answer(mut self, stream: TcpStream, address: SocketAddr) {
        let _open = Open::new(self.gateway.metrics.connections.with_label_values(&["staff"]));
        let wait = self.gateway.house.load().bounds.head;
        let mut stop = self.stop.clone();
        let begun = tokio::select! {
            begun = timeout(wait, self.begin(stream, address)) => begun,
            // Nothing is in flight yet that a stop would have to wait for.
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match begun {
            Ok(Ok((Begun::Plain(line), peer))) => speak(self.gateway, line, peer, self.stop).await,
            // What ALPN has chosen is spoken; HTTP/1.1 also where the client offered nothing.
            Ok(Ok((Begun::Secure(stream), peer))) if stream.get_ref().1.alpn_protocol() == Some(tls::HTTP2) => {
                http2::connection(&self.gateway, *stream, &peer, &self.seats, stopped(self.stop)).await;
            }
            Ok(Ok((Begun::Secure(stream), peer))) => speak(self.gateway, *stream, peer, self.stop).await,
            Ok(Err(error)) => tracing::debug!(client = %address.ip(), %error, "a connection did not begin"),
            Err(_) => tracing::debug!(client = %address.ip(), "a connection did not begin in time"),
        }
    }

    async fn begin(&mut self, stream: TcpStream, address: SocketAddr) -> io::Result<(Begun, Peer)> {
        let mut peer = Peer::plain(address.ip());
        let mut line = Line::new(stream);
        if self.proxy_protocol {
            let trusted = &self.gateway.house.load().trusted_proxies;
            if !trusted.iter().any(|network| network.contains(&peer.address.to_canonical())) {
                return Err(io::Error::other("it comes from no trusted proxy"));
            }
            peer.told = proxied::read(&mut line).await?;
            peer.address = peer.told.unwrap_or(peer.address);
        }
        let Some(tls) = &self.tls else { return Ok((Begun::Plain(line), peer)) };
        let stream = tls.accept(line).await?;
        let peer = tls::peer(peer, stream.get_ref().1);
        Ok((Begun::Secure(Box::new(stream)), peer))
    }
}

/// A connection that has begun.
enum Begun {
    Plain(Line),
    Secure(Box<TlsStream<Line>>),
}

/// Serves HTTP/1.1.
async fn speak<S>(gateway: Arc<Gateway>, stream: S, peer: Peer, stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bounds = gate_bounds(&gateway.house.load().bounds);
    let service = service_fn(|request| {
        let (gateway, peer) = (Arc::clone(&gateway), peer.clone());
        // An exchange is large and is handed on by each layer above: let them hand on its address.
        async move { Ok::<_, Infallible>(Box::pin(exchange(gateway, request, &peer)).await) }
    });
    let render = |fault: &GateFault| respond::gate_refusal(fault, &record(&gateway, fault, &peer));
    // However it ended, the line's own drop tells the client whether that was in order.
    serve_gated(stream, bounds, service, render, stopped(stop)).await;
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Counts a connection as open while it lives, even if a panic ends it.
struct Open(IntGauge);

impl Open {
    fn new(gauge: IntGauge) -> Open {
        gauge.inc();
        Open(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Records a fault that the gate found, and gives the number under which it is told.
pub(super) fn record(gateway: &Gateway, fault: &GateFault, peer: &Peer) -> String {
    let id = ulid::Ulid::generate().to_string();
    gateway.metrics.refusals.with_label_values(&[fault.word()]).inc();
    tracing::info!(request = id, reason = fault.word(), note = fault.detail, "refused");
    let policy = gateway.house.load().policy.version().to_string();
    gateway.ledger.refuse(Entry {
        request: Some(id.clone().into()),
        client: Some(peer.told.unwrap_or(peer.address).to_canonical().to_string().into()),
        outcome: Some("refused".into()),
        policy: Some(policy.into()),
        reason: Some(fault.word().into()),
        status: Some(respond::words::of(fault.told_as()).status),
        ..Entry::new(Event::Refused)
    });
    id
}

/// Marks the gateway as stopping, for those who ask whether it is ready.
pub fn drain(gateway: &Gateway) {
    gateway.draining.store(true, Ordering::Release);
}
