//! Staff's side of the gateway: takes connections, serves each through the gate, and drains.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::service::service_fn;
use prometheus::IntGauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::identity::peer::Peer;
use crate::ledger::entry::Entry;
use crate::serve::exchange::exchange;
use crate::serve::gate::connection::serve_gated;
use crate::serve::gate::fault::GateFault;
use crate::serve::house::{Gateway, gate_bounds};
use crate::serve::line::Line;
use crate::serve::respond;
use crate::terms::event::Event;

/// How long accepting rests when the system has no more descriptors.
const REST: Duration = Duration::from_millis(50);

/// Serves until `stop` says so, then lets the answers in flight end within the drain's time.
pub async fn serve(gateway: Arc<Gateway>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
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
                let (gateway, stop) = (Arc::clone(&gateway), stop.clone());
                connections.spawn(async move {
                    connection(gateway, stream, peer, stop).await;
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

async fn connection(gateway: Arc<Gateway>, stream: TcpStream, peer: SocketAddr, mut stop: watch::Receiver<bool>) {
    let _open = Open::new(gateway.metrics.connections.with_label_values(&["staff"]));
    let bounds = gate_bounds(&gateway.house.load().bounds);
    let peer = Peer::plain(peer.ip());
    let service = service_fn(|request| {
        let (gateway, peer) = (Arc::clone(&gateway), peer.clone());
        async move { Ok::<_, Infallible>(exchange(gateway, request, &peer).await) }
    });
    let stopped = async move {
        // A sender that is gone is a stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let render = |fault: &GateFault| refuse(&gateway, fault, &peer);
    // However it ended, the line's own drop tells the client whether that was in order.
    serve_gated(Line::new(stream), bounds, service, render, stopped).await;
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

/// Records a fault that the gate found, and gives the refusal's bytes.
fn refuse(gateway: &Gateway, fault: &GateFault, peer: &Peer) -> Vec<u8> {
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
    respond::gate_refusal(fault, &id)
}

/// Marks the gateway as stopping, for those who ask whether it is ready.
pub fn drain(gateway: &Gateway) {
    gateway.draining.store(true, Ordering::Release);
}
