//! Identity providers' keys: read from their file or address at the start, again and again after
//! that, and at once where a token names one that is not known.
//!
//! What cannot be read leaves the keys as they were, until they are older than `stale` allows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use crate::identity::jwt::Jwt;
use crate::identity::jwt::keys::{KEYS_BYTES, Kept, KeySet, Place, Url};

/// How long fetching may take from the first packet to the last byte.
const FETCH: Duration = Duration::from_secs(5);

/// How soon keys are sought again for a token that names an unknown one: whoever invents names of
/// keys must not make the gateway ask the provider as fast as they ask the gateway.
const UNKNOWN: Duration = Duration::from_secs(5);

/// How soon an address that did not answer is asked again.
const AGAIN: Duration = Duration::from_secs(30);

/// Keeps a provider's keys young, for ever.
pub async fn keep(jwt: &Jwt) {
    loop {
        let read = seek(&jwt.keys, Duration::ZERO).await;
        sleep(if read { jwt.keys.refresh } else { jwt.keys.refresh.min(AGAIN) }).await;
    }
}

/// Seeks the keys for a token that names an unknown one, unless they were sought just now. Those
/// who come while they are sought wait for what comes of it.
pub async fn for_unknown(jwt: &Jwt) {
    seek(&jwt.keys, UNKNOWN).await;
}

async fn seek(keys: &Kept, least: Duration) -> bool {
    let mut sought = keys.sought.lock().await;
    if sought.is_some_and(|at| at.elapsed() < least) {
        return true;
    }
    // Noted before, too: whoever asks and goes away must not make the next one ask again.
    *sought = Some(Instant::now());
    let read = match &keys.place {
        Place::File(path) => {
            let path = path.clone();
            let read = spawn_blocking(move || std::fs::read(path).map_err(|error| error.to_string())).await;
            read.unwrap_or_else(|_| Err("reading failed".to_owned()))
        }
        Place::Url(url) => match timeout(FETCH, fetch(url)).await {
            Ok(fetched) => fetched,
            Err(_) => Err("it did not answer in time".to_owned()),
        },
    };
    *sought = Some(Instant::now());
    let read = read.and_then(|text| match text.len() {
        0..=KEYS_BYTES => KeySet::parse(&text).map_err(str::to_owned),
        _ => Err(format!("it is longer than {KEYS_BYTES} bytes")),
    });
    match read {
        Ok(set) => {
            keys.hold(set);
            true
        }
        Err(why) => {
            if keys.failed(&why) {
                tracing::warn!(place = place(&keys.place), why, "the identity provider's keys cannot be read anew");
            }
            false
        }
    }
}

fn place(place: &Place) -> String {
    match place {
        Place::File(path) => path.display().to_string(),
        Place::Url(url) => format!("{}:{}{}", url.host, url.port, url.target),
    }
}

async fn fetch(url: &Url) -> Result<Vec<u8>, String> {
    let stream = TcpStream::connect((url.host.as_str(), url.port)).await.map_err(|error| error.to_string())?;
    if !url.secure {
        return get(stream, url).await;
    }
    let ca = url.ca.clone();
    // Reading what the system trusts takes a while.
    let config = spawn_blocking(move || config(ca.as_deref())).await.map_err(|error| error.to_string())??;
    let name = ServerName::try_from(url.host.clone()).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())?;
    get(stream, url).await
}

fn config(ca: Option<&std::path::Path>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let Some(ca) = ca else {
        let builder = builder.with_platform_verifier().map_err(|error| error.to_string())?;
        return Ok(builder.with_no_client_auth());
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn get<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S, url: &Url) -> Result<Vec<u8>, String> {
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    // It ends with the answer: the connection is not kept.
    let mut driving = JoinSet::new();
    driving.spawn(async move {
        let _ = driver.await;
    });
    let host = if url.host.contains(':') { format!("[{}]", url.host) } else { url.host.clone() };
    let request = Request::get(&url.target)
        .header(header::HOST, format!("{host}:{}", url.port))
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    if answer.status() != StatusCode::OK {
        return Err(format!("it answers with status {}", answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), KEYS_BYTES).collect().await.map_err(|error| error.to_string())?;
    Ok(body.to_bytes().to_vec())
}
