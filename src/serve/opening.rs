//! What is opened before anything is begun: certificates, sockets, the ways to the CRMs. What cannot be
//! opened ends the start here, with nothing written yet.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config::console::Console;
use crate::config::gateway::Config;
use crate::config::listen::At;
use crate::config::pem::{Pair, PemError};
use crate::config::upstream::{UpstreamConfig, Upstreams};
use crate::metrics::Metrics;
use crate::serve::listen::Door;
use crate::serve::run::RunError;
use crate::serve::service;
use crate::serve::sites::Sites;
use crate::serve::tls::Tls;
use crate::serve::upstream::Upstream;

/// The TLS of each listener, in their order.
pub(super) fn tls(config: &Config) -> Result<Vec<Option<Arc<Tls>>>, PemError> {
    let sites: Vec<(String, Pair)> = match &config.upstreams {
        Upstreams::One(_) => Vec::new(),
        Upstreams::Sites(sites) => {
            sites.iter().filter_map(|site| Some((site.host.clone(), site.pair.clone()?))).collect()
        }
    };
    let open = |tls| Tls::open(tls, sites.clone()).map(Arc::new);
    config.listen.iter().map(|listener| listener.tls.clone().map(open).transpose()).collect()
}

/// Opens every address, or takes the socket that systemd holds open for it.
pub(super) async fn doors(config: &Config, tls: &[Option<Arc<Tls>>]) -> Result<Vec<Door>, RunError> {
    let failed = |cause| RunError::Io { what: "the sockets that systemd hands over cannot be taken".into(), cause };
    let mut handed = service::sockets().map_err(failed)?.into_iter();
    let mut doors = Vec::with_capacity(config.listen.len());
    for (listener, tls) in config.listen.iter().zip(tls) {
        let socket = match listener.at {
            At::Address(address) => bind(address).await?,
            At::Systemd => {
                let few = || {
                    io::Error::other(
                        "there are fewer than `systemd` stands under `listen`; start the gateway by its `.socket` unit",
                    )
                };
                handed.next().ok_or_else(few).and_then(TcpListener::from_std).map_err(failed)?
            }
        };
        doors.push(Door { listener: socket, tls: tls.clone(), proxy_protocol: listener.proxy_protocol });
    }
    // Nobody would answer there.
    if handed.next().is_some() {
        return Err(failed(io::Error::other("there are more than `systemd` stands under `listen`")));
    }
    Ok(doors)
}

/// The addresses of those who watch: the metrics, and the console.
pub(super) type Watchers = (Option<TcpListener>, Option<(TcpListener, Console)>);

/// Opens them.
pub(super) async fn watchers(config: &Config) -> Result<Watchers, RunError> {
    let metrics = match config.metrics {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let console = match &config.console {
        Some(console) => Some((bind(console.address).await?, console.clone())),
        None => None,
    };
    Ok((metrics, console))
}

/// Opens one address.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|cause| RunError::Io { what: format!("`{address}` cannot be listened on"), cause })
}

/// The ways to the CRMs.
pub(super) fn sites(config: &Config, metrics: &Metrics) -> Result<Sites, PemError> {
    let open = metrics.connections.with_label_values(&["crm"]);
    let upstream = |one: &UpstreamConfig| Upstream::new(one, &config.bounds, open.clone()).map(Arc::new);
    match &config.upstreams {
        Upstreams::One(one) => upstream(one).map(Sites::One),
        Upstreams::Sites(sites) => {
            let each = sites.iter().map(|site| Ok((site.host.clone(), upstream(&site.upstream)?)));
            each.collect::<Result<_, PemError>>().map(Sites::ByHost)
        }
    }
}
