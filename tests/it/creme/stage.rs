//! How the scene speaks: in the open, or as an older CRM behind TLS would.
//!
//! `Hard` is Shift_JIS, gzip, TLS on both sides with an authority that nobody else knows, and staff whom
//! the gateway knows by the CRM's own log-in alone. The same tests run on both stages.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use sudare::config::pem::provider;
use tempfile::TempDir;

use crate::tls::pki::Authority;

/// Longer than any page of the CRM takes on a busy machine.
const ANSWER_WAIT: Duration = Duration::from_secs(120);

/// Which of the two a test wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// UTF-8, unpacked, plain HTTP, staff named by a header.
    Plain,
    /// Shift_JIS, gzip, TLS with a private authority, staff known by the CRM's session.
    Hard,
}

/// How a client gets to a server, and how it speaks there.
#[derive(Debug, Clone)]
pub enum Way {
    /// A bare connection.
    Plain,
    /// TLS that trusts the test's authority alone.
    Hard(Arc<ClientConfig>),
}

/// What both sides need on this stage: the way, and the files of certificates.
#[derive(Debug)]
pub struct Papers {
    /// How clients go.
    pub way: Way,
    folder: Option<TempDir>,
}

/// A connection, whatever lies on it.
pub trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

impl Papers {
    /// The papers of a stage; the hard one has an authority of its own.
    pub fn of(stage: Stage) -> Papers {
        if stage == Stage::Plain {
            return Papers { way: Way::Plain, folder: None };
        }
        let authority = Authority::new("the test's own authority");
        let folder = tempfile::tempdir().expect("a folder for certificates");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a certificate");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file for its owner alone");
        };
        write("ca.pem", &authority.pem());
        for who in ["crm", "gateway"] {
            let issued = authority.server(&["127.0.0.1"]);
            write(&format!("{who}.pem"), &issued.certificate);
            write(&format!("{who}.key"), &issued.key);
        }
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(authority.roots())
            .with_no_client_auth();
        Papers { way: Way::Hard(Arc::new(config)), folder: Some(folder) }
    }

    /// The folder of `ca.pem`, `crm.pem`, `crm.key`, `gateway.pem` and `gateway.key`, on the hard stage.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    /// One of its files.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        self.folder().map(|folder| folder.join(name))
    }
}

impl Way {
    /// How an address of this way begins.
    pub fn scheme(&self) -> &'static str {
        match self {
            Way::Plain => "http",
            Way::Hard(_) => "https",
        }
    }

    /// In what a page of this CRM sends its forms.
    pub fn charset(&self) -> &'static Encoding {
        match self {
            Way::Plain => UTF_8,
            Way::Hard(_) => SHIFT_JIS,
        }
    }

    /// Which codings a client takes.
    pub fn codings(&self) -> &'static str {
        match self {
            Way::Plain => "identity",
            Way::Hard(_) => "gzip, deflate",
        }
    }

    /// A connection to this address.
    pub fn connect(&self, address: SocketAddr) -> Box<dyn Duplex> {
        let stream = TcpStream::connect(address).unwrap_or_else(|e| panic!("no connection to {address}: {e}"));
        stream.set_read_timeout(Some(ANSWER_WAIT)).expect("a timeout that is not zero");
        match self {
            Way::Plain => Box::new(stream),
            Way::Hard(config) => {
                let name = ServerName::from(address.ip());
                let session = ClientConnection::new(Arc::clone(config), name).expect("a session");
                Box::new(StreamOwned::new(session, stream))
            }
        }
    }
}
