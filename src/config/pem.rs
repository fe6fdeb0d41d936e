//! Certificates and keys as they stand in files: read, checked against each other, and told in
//! words where they do not hold.
//!
//! `check`, the start and every reload read them here, so that all three say the same. The provider
//! of cryptography is named here once, and nothing relies on one that a process sets for all.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;

/// A chain, a key or a bundle of authorities is shorter than this.
const FILE_BYTES: u64 = 4 << 20;

/// The bits of a file's mode that let everybody in. A group may read a key: that is how systems hand
/// keys to services (`ssl-cert`, `defaultMode: 0440`).
const EVERYBODY: u32 = 0o007;

/// Why certificates or keys cannot be used.
#[derive(Debug)]
pub enum PemError {
    /// A file cannot be read.
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// Everybody on this machine can read the key.
    Exposed {
        /// The key.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file does not hold what it is named for.
    Empty {
        /// Which.
        path: PathBuf,
        /// What is missing in it.
        what: &'static str,
    },
    /// A file holds something that cannot be read as what it says it is.
    Broken {
        /// Which.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
    },
    /// The key is not the certificate's.
    Mismatch {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The system has no authorities of its own.
    NoAuthorities,
}

impl PemError {
    /// A word for diagnostics.
    pub fn code(&self) -> &'static str {
        match self {
            PemError::Io { .. } => "no-file",
            PemError::Exposed { .. } => "exposed-key",
            PemError::Empty { .. } | PemError::Broken { .. } => "bad-pem",
            PemError::Mismatch { .. } => "other-key",
            PemError::NoAuthorities => "no-authorities",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> String {
        match self {
            PemError::Io { .. } => "name a file that the gateway's own user can read".to_owned(),
            PemError::Exposed { path, .. } => format!("run `chmod 600 {}`", path.display()),
            PemError::Empty { what, .. } | PemError::Broken { what, .. } => {
                format!("the file holds {what} in PEM: lines between `-----BEGIN …-----` and `-----END …-----`")
            }
            PemError::Mismatch { certificate, .. } => {
                format!(
                    "name the key with which `{}` was requested; the server's own certificate stands first in its file",
                    certificate.display()
                )
            }
            PemError::NoAuthorities => {
                "name the authority that signed the CRM's certificate: `ca: crm-ca.pem`".to_owned()
            }
        }
    }

    /// The file to blame, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            PemError::Io { path, .. }
            | PemError::Exposed { path, .. }
            | PemError::Empty { path, .. }
            | PemError::Broken { path, .. }
            | PemError::Mismatch { key: path, .. } => Some(path),
            PemError::NoAuthorities => None,
        }
    }
}

impl fmt::Display for PemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemError::Io { path, cause } => write!(f, "`{}` cannot be read: {cause}", path.display()),
            PemError::Exposed { path, mode } => {
                write!(f, "everybody can read the key `{}` (mode {mode:04o})", path.display())
            }
            PemError::Empty { path, what } => write!(f, "`{}` does not hold {what}", path.display()),
            PemError::Broken { path, what } => write!(f, "`{}` cannot be read as {what}", path.display()),
            PemError::Mismatch { certificate, key } => {
                write!(f, "the key `{}` is not that of the certificate `{}`", key.display(), certificate.display())
            }
            PemError::NoAuthorities => f.write_str("this system names no authorities whose certificates it trusts"),
        }
    }
}

impl std::error::Error for PemError {}

/// A certificate and its key, as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The server's own certificate, then those that lead to its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Pair {
    /// Reads both and proves that they belong together.
    pub fn load(&self) -> Result<CertifiedKey, PemError> {
        const CHAIN: &str = "a certificate";
        const KEY: &str = "a private key without a password";
        let chain = certificates(&self.certificate, CHAIN)?;
        let text = private(&self.key)?;
        let key =
            PrivateKeyDer::from_pem_slice(&text).map_err(|_| PemError::Empty { path: self.key.clone(), what: KEY })?;
        let broken = |_| PemError::Broken { path: self.key.clone(), what: "a key of RSA, ECDSA or Ed25519" };
        let signer = provider().key_provider.load_private_key(key).map_err(broken)?;
        let pair = CertifiedKey::new(chain, signer);
        match pair.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(pair),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(PemError::Mismatch { certificate: self.certificate.clone(), key: self.key.clone() })
            }
            Err(_) => Err(PemError::Broken { path: self.certificate.clone(), what: CHAIN }),
        }
    }
}

/// The one provider of cryptography: aws-lc-rs, which offers X25519MLKEM768 first.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Reads the certificates of authorities.
pub fn authorities(path: &Path) -> Result<RootCertStore, PemError> {
    const WHAT: &str = "the certificate of an authority";
    let mut store = RootCertStore::empty();
    for certificate in certificates(path, WHAT)? {
        store.add(certificate).map_err(|_| PemError::Broken { path: path.to_path_buf(), what: WHAT })?;
    }
    Ok(store)
}

/// Who may prove themselves by a certificate: the authorities that vouch for it, and what they have taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clients {
    /// The authorities.
    pub ca: PathBuf,
    /// Their revocation lists, where somebody keeps some.
    pub crl: Option<PathBuf>,
}

/// The files of it, as they were read.
pub struct Vouched {
    roots: RootCertStore,
    revoked: Vec<CertificateRevocationListDer<'static>>,
    /// What asks a client for its certificate.
    pub verifier: Arc<dyn ClientCertVerifier>,
}

impl Clients {
    /// Reads both. With lists, a certificate must be known not to be revoked, each on the way to the authority: one
    /// that no list speaks of, or only a list that has expired, lets nobody in.
    pub fn load(&self) -> Result<Vouched, PemError> {
        const LISTS: &str = "revocation lists of authorities";
        let roots = authorities(&self.ca)?;
        let revoked = self.crl.as_deref().map(|path| revocations(path, LISTS)).transpose()?.unwrap_or_default();
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), provider());
        // Who shows no certificate may be known by another source of identity.
        let builder = builder.with_crls(revoked.clone()).allow_unauthenticated().enforce_revocation_expiration();
        // The authorities were read one by one: what does not hold together is a list.
        let path = self.crl.as_ref().unwrap_or(&self.ca);
        let verifier = builder.build().map_err(|_| PemError::Broken { path: path.clone(), what: LISTS })?;
        Ok(Vouched { roots, revoked, verifier })
    }

    /// Both files.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        std::iter::once(self.ca.clone()).chain(self.crl.clone())
    }
}

impl Vouched {
    /// Whether the files hold the same.
    pub fn is_same(&self, other: &Vouched) -> bool {
        self.roots.roots == other.roots.roots && self.revoked == other.revoked
    }

    /// When the first of the lists ends, in seconds since 1970.
    pub fn ends(&self) -> Option<i64> {
        let end = |list: &CertificateRevocationListDer<'_>| {
            let (_, list) = x509_parser::parse_x509_crl(list).ok()?;
            list.next_update().map(|end| end.timestamp())
        };
        self.revoked.iter().filter_map(end).min()
    }
}

fn revocations(path: &Path, what: &'static str) -> Result<Vec<CertificateRevocationListDer<'static>>, PemError> {
    let text = read(path, File::open(path))?;
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(PemError::Empty { path: path.to_path_buf(), what }),
        Ok(found) => Ok(found),
        Err(_) => Err(PemError::Broken { path: path.to_path_buf(), what }),
    }
}

fn certificates(path: &Path, what: &'static str) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let text = read(path, File::open(path))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if found.is_empty() => Err(PemError::Empty { path: path.to_path_buf(), what }),
        Ok(found) => Ok(found),
        Err(_) => Err(PemError::Broken { path: path.to_path_buf(), what }),
    }
}

/// A key's file, if not everybody can read it; its mode is asked of the file that is then read.
fn private(path: &Path) -> Result<Vec<u8>, PemError> {
    let failed = |cause| PemError::Io { path: path.to_path_buf(), cause };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & EVERYBODY != 0 {
        return Err(PemError::Exposed { path: path.to_path_buf(), mode });
    }
    read(path, Ok(file))
}

fn read(path: &Path, file: io::Result<File>) -> Result<Vec<u8>, PemError> {
    let mut text = Vec::new();
    let read = file.and_then(|file| file.take(FILE_BYTES).read_to_end(&mut text));
    read.map_err(|cause| PemError::Io { path: path.to_path_buf(), cause })?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_post_quantum_group_comes_first() {
        let first = provider().kx_groups.first().map(|group| group.name());
        assert_eq!(first, Some(rustls::NamedGroup::X25519MLKEM768));
    }
}
