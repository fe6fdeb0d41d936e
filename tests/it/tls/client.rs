//! Staff that speaks TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, StreamOwned, SupportedProtocolVersion};
use sudare::config::pem::provider;

use super::pki::{Authority, Issued};
use crate::gate::wire;

/// A connection of staff's.
pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// How a client speaks TLS.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    pub authority: &'a Authority,
    pub name: &'static str,
    pub versions: &'static [&'static SupportedProtocolVersion],
    pub person: Option<&'a Issued>,
}

pub const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
pub const ONLY_12: &[&SupportedProtocolVersion] = &[&TLS12];

impl<'a> Client<'a> {
    pub fn of(authority: &'a Authority, name: &'static str) -> Client<'a> {
        Client { authority, name, versions: BOTH, person: None }
    }

    /// Shakes hands as somebody who was never here.
    pub fn connect(&self, to: SocketAddr) -> io::Result<Stream> {
        self.connect_with(&self.config(), to)
    }

    /// What is spoken; it keeps the sessions that it was given.
    pub fn config(&self) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_root_certificates(self.authority.roots());
        let mut config = match self.person {
            None => builder.with_no_client_auth(),
            Some(person) => builder.with_client_auth_cert(person.chain(), person.key()).expect("a certificate"),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// Shakes hands, with a session of before if there is one.
    pub fn connect_with(&self, config: &Arc<ClientConfig>, to: SocketAddr) -> io::Result<Stream> {
        let name = ServerName::try_from(self.name).expect("a name");
        let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
        let mut stream = StreamOwned::new(session, wire::connect(to));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }
}

/// The certificate that the gateway showed.
pub fn shown(stream: &Stream) -> CertificateDer<'static> {
    stream.conn.peer_certificates().expect("a certificate")[0].clone().into_owned()
}

/// Asks on a connection that stays, and gives head and body.
pub fn ask(stream: &mut Stream, host: &str, path: &str) -> io::Result<String> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Remote-User: tanaka\r\nX-Remote-Groups: crm-support\r\n\r\n"
    )?;
    stream.flush()?;
    let mut read = Vec::new();
    let mut byte = [0];
    loop {
        if let Some(end) = wire::find(&read, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if read.len() >= end + 4 + length.unwrap_or(0) {
                return Ok(String::from_utf8_lossy(&read).into_owned());
            }
        }
        if stream.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        read.push(byte[0]);
    }
}
