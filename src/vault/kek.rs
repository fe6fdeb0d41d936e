//! Key-encryption keys: what wraps the keys of the ring, so that its file alone opens nothing.
//!
//! This is the one door to them. A place that gives the key itself has a file here (`file`, `environment`,
//! `credential`) and ends in a `LocalKey`; a service that wraps and unwraps in our name has a file too and
//! implements `Wrap` by itself. Either way it is one file, one variant of `Source` and one line in `open`. What
//! they are asked may take a while: whoever asks may wait. A cloud's is a feature of the build (`aws-kms`).

#[cfg(feature = "aws-kms")]
mod aws_kms;
mod called;
mod credential;
mod environment;
mod file;
mod local;
mod pkcs11;
mod transit;
mod uri;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

#[cfg(feature = "aws-kms")]
pub use aws_kms::KmsKey;
pub use local::LocalKey;
pub use transit::Address;
pub use uri::Uri;

/// Bytes of a key-encryption key.
pub const KEK_BYTES: usize = 32;

/// How a key is made that can be used here, for messages.
const MAKE: &str = "make one with `openssl rand -base64 32`";

/// Where the key-encryption key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a file (0600), which is made where a ring is made.
    File(PathBuf),
    /// In an environment variable.
    Environment(String),
    /// Among the credentials that the service manager hands over.
    Credential(String),
    /// In a token that wraps and unwraps itself.
    Pkcs11(Uri),
    /// With a service that wraps and unwraps in our name.
    Vault(Address),
    /// With AWS KMS, which does so too.
    #[cfg(feature = "aws-kms")]
    AwsKms(KmsKey),
}

/// Wraps keys and unwraps them.
pub trait Wrap: Send + Sync {
    /// What tells this key from others, in one line and without telling anything of it. The ring's file says under
    /// which one its keys are wrapped.
    fn id(&self) -> String;
    /// Wraps a key, bound to what it is.
    fn wrap(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, KekError>;
    /// Unwraps it.
    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError>;
}

impl Source {
    /// The key that is there.
    pub fn open(&self) -> Result<Box<dyn Wrap>, KekError> {
        let key = match self {
            Source::File(path) => file::open(path)?,
            Source::Environment(name) => environment::open(name, variable)?,
            Source::Credential(name) => credential::open(name, credentials().as_deref())?,
            Source::Pkcs11(uri) => return Ok(Box::new(pkcs11::open(uri)?)),
            Source::Vault(address) => return Ok(Box::new(transit::open(address)?)),
            #[cfg(feature = "aws-kms")]
            Source::AwsKms(key) => return Ok(Box::new(aws_kms::open(key)?)),
        };
        Ok(Box::new(key))
    }

    /// Reads where a secret lies that opens the way to a key: `file:/PATH`, `environment:NAME` or `credential:NAME`.
    fn of_secret(text: &str) -> Option<Box<Source>> {
        let lies = |source: &Source| match source {
            Source::File(path) => path.is_absolute(),
            Source::Environment(_) | Source::Credential(_) => true,
            _ => false,
        };
        Source::parse(text).filter(lies).map(Box::new)
    }

    /// The secret that lies there; what lies in a token or with a service never comes out of it.
    fn text(&self) -> Result<Zeroizing<String>, KekError> {
        match self {
            Source::File(path) => file::text(path),
            Source::Environment(name) => environment::text(name, variable),
            Source::Credential(name) => credential::text(name, credentials().as_deref()),
            Source::Pkcs11(uri) => Err(KekError::Unfit(uri.id())),
            Source::Vault(address) => Err(KekError::Unfit(address.id())),
            #[cfg(feature = "aws-kms")]
            Source::AwsKms(key) => Err(KekError::Unfit(key.id())),
        }
    }

    /// The same for a ring that is made or put into its present form: a file that is not there is made.
    pub fn made(&self) -> Result<Box<dyn Wrap>, KekError> {
        match self {
            Source::File(path) => Ok(Box::new(file::made(path)?)),
            _ => self.open(),
        }
    }

    /// Reads `file:PATH`, `environment:NAME`, `credential:NAME`, a PKCS #11 URI, `vault:ADDRESS` or `aws_kms:KEY`.
    pub fn parse(text: &str) -> Option<Source> {
        let (word, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty())?;
        match word {
            "file" => Some(Source::File(PathBuf::from(rest))),
            "environment" => Some(Source::Environment(rest.to_owned())),
            "credential" => Some(Source::Credential(rest.to_owned())).filter(|_| is_credential(rest)),
            "pkcs11" => Uri::parse(rest).ok().map(Source::Pkcs11),
            "vault" => Address::parse(rest).ok().map(Source::Vault),
            #[cfg(feature = "aws-kms")]
            "aws_kms" => KmsKey::parse(rest).ok().map(Source::AwsKms),
            _ => None,
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn credentials() -> Option<PathBuf> {
    std::env::var_os(credential::FOLDER).map(PathBuf::from)
}

/// Whether a word can name a credential: it becomes the name of a file.
pub fn is_credential(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != ".."
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(path) => write!(f, "file:{}", path.display()),
            Source::Environment(name) => write!(f, "environment:{name}"),
            Source::Credential(name) => write!(f, "credential:{name}"),
            Source::Pkcs11(uri) => uri.fmt(f),
            Source::Vault(address) => address.fmt(f),
            #[cfg(feature = "aws-kms")]
            Source::AwsKms(key) => key.fmt(f),
        }
    }
}

/// Why a key-encryption key cannot be used.
#[derive(Debug)]
pub enum KekError {
    /// There is no such file.
    NoFile(PathBuf),
    /// There is no such variable.
    NoVariable(String),
    /// The service manager handed over no credentials.
    NoCredentials(String),
    /// Others than its owner may read or write it.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What stands there is no key.
    Unfit(String),
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `made`.
        tried: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The PKCS #11 module cannot be used.
    Module {
        /// Its file.
        path: PathBuf,
        /// What the loader or the module said.
        told: String,
    },
    /// The module knows no such token, or several.
    Tokens {
        /// The module's file.
        module: PathBuf,
        /// The label.
        token: String,
        /// How many there are.
        found: usize,
    },
    /// The token's PIN is not where it should be, or others can read it.
    NoPin {
        /// The token's label.
        token: String,
        /// Where it should be.
        source: String,
    },
    /// The token refuses its PIN.
    Pin(String),
    /// The token locks if the PIN is wrong once more.
    LastTry(String),
    /// The token holds no such key that is fit, or several.
    Objects {
        /// The token's label.
        token: String,
        /// The key's.
        object: String,
        /// How many there are.
        found: usize,
    },
    /// The token does not do what it is asked for.
    Device {
        /// Its label.
        token: String,
        /// What it said.
        told: String,
    },
    /// The token for the service is not where it should be, or others can read it.
    NoToken {
        /// Where it should be.
        source: String,
    },
    /// The service does not do what it is asked for.
    Service {
        /// The key.
        at: String,
        /// What it said, or what became of the call.
        told: String,
    },
    /// What was wrapped is not whole, or was wrapped under another key.
    Sealed,
    /// The system gives no random bytes.
    Chance,
}

impl KekError {
    fn io(path: &Path, tried: &'static str, source: io::Error) -> KekError {
        match source.kind() {
            io::ErrorKind::NotFound if tried == "read" => KekError::NoFile(path.to_owned()),
            _ => KekError::Io { path: path.to_owned(), tried, source },
        }
    }
}

impl fmt::Display for KekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KekError::NoFile(path) => write!(
                f,
                "there is no key-encryption key at `{}`; without it no ring opens: restore it from its backup",
                path.display()
            ),
            KekError::NoVariable(name) => {
                write!(f, "the environment variable `{name}` is not set; it holds the key-encryption key")
            }
            KekError::NoCredentials(name) => write!(
                f,
                "the service manager hands over no credential `{name}`; name it in the unit with `LoadCredential={name}:PATH`"
            ),
            KekError::Exposed { path, mode } => {
                let path = path.display();
                write!(f, "others can read the key-encryption key `{path}` (mode {mode:04o}); run `chmod 600 {path}`")
            }
            KekError::Unfit(place) => write!(f, "`{place}` holds no key of 32 bytes in base64; {MAKE}"),
            KekError::Io { path, tried, .. } => {
                write!(f, "the key-encryption key `{}` cannot be {tried}", path.display())
            }
            KekError::Module { path, told } => {
                write!(f, "the PKCS #11 module `{}` cannot be used ({told})", path.display())
            }
            KekError::Tokens { module, token, found } => write!(
                f,
                "the PKCS #11 module `{}` knows {found} tokens that are called `{token}`; there must be one",
                module.display()
            ),
            KekError::NoPin { token, source } => write!(
                f,
                "the PIN of the token `{token}` cannot be read from `{source}`; it must be there, for its owner alone (0600)"
            ),
            KekError::Pin(token) => write!(
                f,
                "the token `{token}` refuses the PIN; it is not tried again before a restart, so that the token does not lock"
            ),
            KekError::LastTry(token) => write!(
                f,
                "the token `{token}` locks if its PIN is wrong once more; log in by hand with the right one, then it counts anew"
            ),
            KekError::Objects { token, object, found } => write!(
                f,
                "the token `{token}` holds {found} AES keys of 256 bits that encrypt and decrypt and are called `{object}`; there must be one"
            ),
            KekError::Device { token, told } => {
                write!(f, "the token `{token}` does not do what it is asked for ({told})")
            }
            KekError::NoToken { source } => write!(
                f,
                "the token for the key service cannot be read from `{source}`; it must be there, for its owner alone (0600)"
            ),
            KekError::Service { at, told } => {
                write!(f, "the key service does not wrap or unwrap with `{at}` ({told})")
            }
            KekError::Sealed => f.write_str("what was wrapped is damaged, or was wrapped under another key"),
            KekError::Chance => f.write_str("the system gives no random bytes for a key-encryption key"),
        }
    }
}

impl std::error::Error for KekError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KekError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "pkcs11:token=a;object=b?module-path=/lib/p.so&pin-source=file:/etc/pin";

    #[test]
    fn sources_are_written_as_they_are_read() {
        for text in ["file:state/keys.kek", "environment:SUDARE_KEK", "credential:kek", "file:a:b", TOKEN] {
            assert_eq!(Source::parse(text).map(|source| source.to_string()).as_deref(), Some(text));
        }
        for text in ["", "file:", "kek", "vault:x", "credential:../x", "credential:..", "pkcs11:token=a"] {
            assert!(Source::parse(text).is_none(), "{text}");
        }
    }
}
