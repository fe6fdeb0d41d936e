//! How services that keep keys are called: every wait is bounded, nothing is redirected, no proxy is asked, and only
//! `https` carries keys, but on this machine. What is asked, and what an answer means, is each service's own file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How long one call may take.
const WAIT: Duration = Duration::from_secs(10);
/// Far more than any answer has.
pub(super) const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// What calls; `ca` names the certificates that the service's is to be issued by, where not the system's.
pub(super) fn agent(ca: Option<&Path>) -> Result<Agent, String> {
    let roots = match ca {
        None => RootCerts::PlatformVerifier,
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let read = read.map_err(|error| format!("{}: {error}", path.display()))?;
            RootCerts::from(read.iter().map(|one| Certificate::from_der(one).to_owned()).collect::<Vec<_>>())
        }
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(provider).build();
    let config = Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(WAIT))
        .max_redirects(0)
        .proxy(None)
        .http_status_as_error(false)
        .build();
    Ok(config.into())
}

/// Whether a service (`https://HOST:PORT`) may be told keys and secrets, or what is wrong with it; `shape` says how it is
/// written.
pub(super) fn is_fit(service: &str, shape: &'static str) -> Result<(), &'static str> {
    let uri: http::Uri = service.parse().map_err(|_| shape)?;
    let host = uri.host().ok_or(shape)?;
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if matches!(host, "127.0.0.1" | "localhost" | "[::1]") => {}
        Some("http") => return Err("only `https` carries keys, but on this machine"),
        _ => return Err(shape),
    }
    if service.contains('@') {
        return Err("a name or password has no place in it");
    }
    Ok(())
}
