//! TLS to staff.
//!
//! TLS 1.3, and 1.2 only where `min` says so; no renegotiation, no early data (it could be sent
//! again by somebody else), the post-quantum group first. A configuration is swapped whole when its
//! files change, so that sessions which an old authority let in are not resumed under a new one;
//! connections that stand already live on.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::listen::TlsConfig;
use crate::config::pem::{self, Clients, Pair, PemError, Vouched};
use crate::identity::peer::Peer;

/// What is offered to be spoken inside TLS, the dearest first.
pub const ALPN: [&[u8]; 2] = [HTTP2, b"http/1.1"];

/// What ALPN calls HTTP/2.
pub const HTTP2: &[u8] = b"h2";

/// The TLS of one listener.
pub struct Tls {
    config: TlsConfig,
    /// The certificates of sites that have their own.
    sites: Vec<(String, Pair)>,
    current: ArcSwap<Current>,
}

/// What is in force, and what it was made of.
struct Current {
    server: Arc<ServerConfig>,
    material: Material,
}

/// Everything that the files hold.
struct Material {
    own: Arc<CertifiedKey>,
    sites: Vec<(String, Arc<CertifiedKey>)>,
    clients: Option<Vouched>,
}

impl Tls {
    /// Reads the files and makes TLS of them.
    pub fn open(config: TlsConfig, sites: Vec<(String, Pair)>) -> Result<Tls, PemError> {
        let current = current(&config, &sites)?;
        Ok(Tls { config, sites, current: ArcSwap::from_pointee(current) })
    }

    /// Reads the files again; what is wrong changes nothing. Tells whether anything is new.
    pub fn reload(&self) -> Result<bool, PemError> {
        let new = current(&self.config, &self.sites)?;
        let changed = !new.material.is_same(&self.current.load().material);
        if changed {
            self.current.store(Arc::new(new));
        }
        Ok(changed)
    }

    /// Every file that is read.
    pub fn files(&self) -> Vec<PathBuf> {
        let pairs = std::iter::once(&self.config.pair).chain(self.sites.iter().map(|(_, pair)| pair));
        let both = pairs.flat_map(|pair| [pair.certificate.clone(), pair.key.clone()]);
        both.chain(self.config.clients.iter().flat_map(Clients::files)).collect()
    }

    /// Shakes hands. A client whose hello cannot be answered is told why by an alert, and the line
    /// is closed in order, for a reset could overtake the alert.
    pub async fn accept<S>(&self, line: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let server = Arc::clone(&self.current.load().server);
        match TlsAcceptor::from(server).accept(line).into_fallible().await {
            Ok(stream) => Ok(stream),
            Err((error, mut line)) => {
                // Whoever is gone already needs no close.
                let _ = line.shutdown().await;
                Err(error)
            }
        }
    }
}

/// What the handshake tells of the other end.
pub fn peer(peer: Peer, session: &ServerConnection) -> Peer {
    let leaf = session.peer_certificates().and_then(<[CertificateDer<'_>]>::first);
    Peer {
        secure: true,
        certificate: leaf.map(|leaf| Arc::from(leaf.as_ref())),
        server_name: session.server_name().map(Arc::from),
        ..peer
    }
}

fn current(config: &TlsConfig, sites: &[(String, Pair)]) -> Result<Current, PemError> {
    let loaded = |(host, pair): &(String, Pair)| Ok((host.clone(), Arc::new(pair.load()?)));
    let material = Material {
        own: Arc::new(config.pair.load()?),
        sites: sites.iter().map(loaded).collect::<Result<_, PemError>>()?,
        clients: config.clients.as_ref().map(Clients::load).transpose()?,
    };
    let server = Arc::new(server(config, &material)?);
    Ok(Current { server, material })
}

fn server(config: &TlsConfig, material: &Material) -> Result<ServerConfig, PemError> {
    let versions: &[_] = if config.tls12 { &[&TLS13, &TLS12] } else { &[&TLS13] };
    let broken = |_| PemError::Broken { path: config.pair.certificate.clone(), what: "a certificate" };
    let builder = ServerConfig::builder_with_provider(pem::provider());
    // The provider knows both versions, so this cannot fail.
    let builder = builder.with_protocol_versions(versions).map_err(broken)?;
    let builder = match &material.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(Arc::clone(&clients.verifier)),
    };
    let chosen = Chosen { own: Arc::clone(&material.own), sites: material.sites.clone() };
    let mut server = builder.with_cert_resolver(Arc::new(chosen));
    // Every suite is a good one; the strongest is taken, and scanners see an order.
    server.ignore_client_order = true;
    server.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(server)
}

impl Material {
    fn is_same(&self, other: &Material) -> bool {
        let clients = match (&self.clients, &other.clients) {
            (Some(own), Some(other)) => own.is_same(other),
            (own, other) => own.is_none() && other.is_none(),
        };
        let sites =
            |material: &Material| -> Vec<_> { material.sites.iter().map(|(_, pair)| pair.cert.clone()).collect() };
        // A key fits its certificate, so that a new key means a new certificate.
        self.own.cert == other.own.cert && sites(self) == sites(other) && clients
    }
}

/// The certificate of the host that the client asks for.
#[derive(Debug)]
struct Chosen {
    own: Arc<CertifiedKey>,
    sites: Vec<(String, Arc<CertifiedKey>)>,
}

impl ResolvesServerCert for Chosen {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asked = hello.server_name().unwrap_or_default();
        let site = self.sites.iter().find(|(host, _)| host.eq_ignore_ascii_case(asked));
        Some(Arc::clone(site.map_or(&self.own, |(_, pair)| pair)))
    }
}
