//! What gateway.yaml leaves open to the network: log-ins that cross it unsealed, and metrics for
//! everybody. Warnings, since the network may be one that nobody else is on.

use std::net::SocketAddr;

use ipnet::IpNet;

use crate::config::listen::{At, Listener};
use crate::identity::{Source, Way};
use crate::policy::fault::Faults;
use crate::policy::node::Spot;

/// Tells of log-ins on an address that others reach, without TLS there or a proxy that could speak it. A
/// socket of systemd's is left out: only its unit says where that is.
pub fn log_ins(listen: &[Listener], sources: &[Source], trusted: &[IpNet], spot: &Spot, faults: &mut Faults) {
    let asked = |source: &Source| matches!(source.way, Way::Basic(_) | Way::Session(_));
    if !trusted.is_empty() || !sources.iter().any(asked) {
        return;
    }
    let plain = listen.iter().find_map(|listener| match listener.at {
        At::Address(address) if listener.tls.is_none() && !address.ip().is_loopback() => Some(address),
        _ => None,
    });
    if let Some(address) = plain {
        let message = format!("staff's log-ins cross the network in the clear: `{address}` speaks no TLS");
        faults.warning(spot, "open-log-in", message).help(
            "give the listener `tls:`, listen on 127.0.0.1, or name the proxy that speaks TLS in `trusted_proxies`",
        );
    }
}

/// Tells of metrics on every address: who asks there is not asked who they are.
pub fn metrics(address: SocketAddr, spot: &Spot, faults: &mut Faults) {
    if address.ip().is_unspecified() {
        let message = "`metrics` answers on every address, and asks nobody who they are";
        faults
            .warning(spot, "open-metrics", message)
            .help("write `127.0.0.1:9901`, or the address of an inner network");
    }
}
