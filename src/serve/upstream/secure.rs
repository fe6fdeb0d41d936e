//! TLS to the CRM: its certificate must bear the name in its URL and lead to an authority that is
//! trusted. There is no switch that turns this off.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::config::pem::{self, PemError};
use crate::config::upstream::UpstreamTls;
use crate::terms::refusal::Reason;

/// How the CRM is spoken to in TLS.
pub struct Secure {
    name: ServerName<'static>,
    ca: Option<PathBuf>,
    current: ArcSwap<Current>,
}

struct Current {
    client: Arc<ClientConfig>,
    /// The authorities of the file, to see whether it changed.
    authorities: Option<RootCertStore>,
}

impl Secure {
    /// Reads the authorities.
    pub fn open(config: UpstreamTls) -> Result<Secure, PemError> {
        let current = current(config.ca.as_ref())?;
        // Names that no certificate can bear are refused with the configuration.
        let name = ServerName::try_from(config.name).map_err(|_| PemError::NoAuthorities)?;
        Ok(Secure { name, ca: config.ca, current: ArcSwap::from_pointee(current) })
    }

    /// Reads the authorities again; what is wrong changes nothing. Tells whether anything is new.
    pub fn reload(&self) -> Result<bool, PemError> {
        if self.ca.is_none() {
            return Ok(false);
        }
        let new = current(self.ca.as_ref())?;
        let roots = |current: &Current| current.authorities.as_ref().map(|store| store.roots.clone());
        let changed = roots(&new) != roots(&self.current.load());
        if changed {
            self.current.store(Arc::new(new));
        }
        Ok(changed)
    }

    /// The file of the authorities, if there is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.ca.clone()
    }

    /// Shakes hands.
    pub async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let client = Arc::clone(&self.current.load().client);
        TlsConnector::from(client).connect(self.name.clone(), stream).await
    }
}

fn current(ca: Option<&PathBuf>) -> Result<Current, PemError> {
    let authorities = ca.map(|path| pem::authorities(path)).transpose()?;
    let builder = ClientConfig::builder_with_provider(pem::provider());
    // The provider knows both versions, so this cannot fail.
    let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]).map_err(|_| PemError::NoAuthorities)?;
    let builder = match &authorities {
        Some(authorities) => builder.with_root_certificates(authorities.clone()),
        None => {
            let verifier = Verifier::new(pem::provider()).map_err(|_| PemError::NoAuthorities)?;
            // Dangerous only by its name in rustls: the system's authorities stand behind it.
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut client = builder.with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Current { client: Arc::new(client), authorities })
}

/// Why a handshake failed: whose fault it is, and what exactly, without a word of the certificate.
pub fn fault(error: &io::Error) -> (Reason, &'static str) {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let untrusted = |why| (Reason::UpstreamUntrusted, why);
    match inner {
        Some(rustls::Error::InvalidCertificate(why)) => untrusted(match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            CertificateError::UnknownIssuer => {
                "its certificate is signed by no authority that is trusted; name its own with `ca`"
            }
            CertificateError::Revoked => "its certificate is revoked",
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "its certificate is not one of a server"
            }
            _ => "its certificate cannot be trusted",
        }),
        Some(rustls::Error::NoCertificatesPresented) => untrusted("it shows no certificate"),
        Some(rustls::Error::PeerIncompatible(_)) => {
            (Reason::UpstreamAway, "it speaks no version or cipher of TLS that is safe (1.2 or 1.3)")
        }
        Some(rustls::Error::AlertReceived(_)) => (Reason::UpstreamAway, "it broke the TLS handshake off"),
        Some(_) => (Reason::UpstreamAway, "it does not speak TLS as it should"),
        None => (Reason::UpstreamAway, "it closed the connection in the TLS handshake"),
    }
}
