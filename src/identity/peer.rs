//! The other end of a connection: what is known of it before its first request.

use std::net::IpAddr;
use std::sync::Arc;

/// Who holds the other end of a connection.
#[derive(Clone)]
pub struct Peer {
    /// Who opened the connection: the other end of the socket, or whom `told` names. What is written
    /// in a connection that a balancer passes through is the client's word and not the balancer's.
    pub address: IpAddr,
    /// The client that a proxy in front has told of for the whole connection (PROXY protocol).
    pub told: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// The client's certificate (DER), proven against the listener's `client_ca`.
    pub certificate: Option<Arc<[u8]>>,
    /// The server's name that the client asked for in TLS.
    pub server_name: Option<Arc<str>>,
}

impl Peer {
    /// The other end of a plain connection.
    pub fn plain(address: IpAddr) -> Peer {
        Peer { address, told: None, secure: false, certificate: None, server_name: None }
    }
}
