//! The ledger's own key pair: what signs checkpoints, and the public half that anybody may check them with.
//!
//! Both are kept as the text that C2SP's signed notes use (`PRIVATE+KEY+name+id+key` and `name+id+key`), so that other
//! people's tools read them. The private half is made at the first start, readable by its owner alone, and written
//! aside and renamed, since a half-written key would keep the gateway from ever starting again. The open key file also
//! holds the lock that keeps a second gateway from writing the same ledger.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

/// The private half, held by the one process that writes the ledger.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
    /// Kept open for its lock.
    _file: File,
}

impl SigningKey {
    /// Reads the key and locks it. Where there is none, makes one that bears this name, unless `must_exist`.
    pub fn open(path: &Path, name: &str, must_exist: bool) -> Result<SigningKey, KeyError> {
        if !path.exists() {
            if must_exist {
                return Err(KeyError::Missing);
            }
            make(path, name)?;
        }
        let file = File::open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(KeyError::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let key = SigningKey::read(file)?;
        publish(&path.with_extension("pub"), &key.public)?;
        Ok(key)
    }

    /// Reads the key beside a gateway that holds it, to sign what is no checkpoint.
    pub fn beside(path: &Path) -> Result<SigningKey, KeyError> {
        SigningKey::read(File::open(path)?)
    }

    fn read(mut file: File) -> Result<SigningKey, KeyError> {
        let mode = file.metadata()?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { mode });
        }
        let mut text = Zeroizing::new(String::new());
        Read::by_ref(&mut file).take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        let (pair, public) = parse_private(text.trim_end()).ok_or(KeyError::Malformed)?;
        Ok(SigningKey { pair, public, _file: file })
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature's bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

/// The public half: all that `verify` needs beside the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// The name that stands in every checkpoint.
    pub name: String,
    /// The first bytes of a hash over name and key, as signed notes have it.
    pub id: [u8; 4],
    algorithm: u8,
    key: [u8; 32],
}

impl PublicKey {
    /// Reads the file that stands beside the private key.
    pub fn read(path: &Path) -> Result<PublicKey, KeyError> {
        let mut text = String::new();
        File::open(path)?.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
        text.parse()
    }

    /// Whether this key signed the message.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.key).verify(message, signature).is_ok()
    }

    /// Reads the key of a witness, which signs another message with a key of the same sort (C2SP's `tlog-cosignature`).
    pub fn of_witness(text: &str) -> Result<PublicKey, KeyError> {
        PublicKey::parse(text, COSIGNATURE)
    }

    fn parse(text: &str, algorithm: u8) -> Result<PublicKey, KeyError> {
        let mut fields = text.trim_end().splitn(3, '+');
        let (name, id, key) = (fields.next(), fields.next(), fields.next());
        let (name, id, key) = name.zip(id).zip(key).map(|((a, b), c)| (a, b, c)).ok_or(KeyError::Malformed)?;
        let key = key_bytes(key, algorithm).ok_or(KeyError::Malformed)?;
        let public = PublicKey::new(name, algorithm, *key);
        // A name with a blank would end early in a signature's line.
        if HEXLOWER.encode(&public.id) != id || name.is_empty() || name.contains(char::is_whitespace) {
            return Err(KeyError::Malformed);
        }
        Ok(public)
    }

    fn new(name: &str, algorithm: u8, key: [u8; 32]) -> PublicKey {
        let mut hashed = name.as_bytes().to_vec();
        hashed.extend_from_slice(&[b'\n', algorithm]);
        hashed.extend_from_slice(&key);
        let digest = digest(&SHA256, &hashed);
        let mut id = [0; 4];
        id.copy_from_slice(&digest.as_ref()[..4]);
        PublicKey { name: name.to_owned(), id, algorithm, key }
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<PublicKey, KeyError> {
        PublicKey::parse(text, ALGORITHM)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id), key_text(&self.key, self.algorithm).as_str())
    }
}

/// Why a key cannot be used.
#[derive(Debug)]
pub enum KeyError {
    /// The file cannot be read or written.
    Io(io::Error),
    /// The ledger is there and its key is not.
    Missing,
    /// Another process writes this ledger.
    Locked,
    /// Others than its owner may read it.
    Open {
        /// The file's permission bits.
        mode: u32,
    },
    /// The text is not a key.
    Malformed,
    /// The public key beside it belongs to another private key.
    Mismatch,
    /// No randomness could be had.
    Random,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Io(_) => f.write_str("the ledger's key cannot be read or written"),
            KeyError::Missing => f.write_str(
                "the ledger's key is missing while the ledger is there: put the key back, or move the ledger folder \
                 away to begin a new one",
            ),
            KeyError::Locked => f.write_str("another gateway is writing this ledger: stop it, or name another `state`"),
            KeyError::Open { mode } => {
                write!(f, "the ledger's key can be read by others (mode {mode:o}): run `chmod 600` on it")
            }
            KeyError::Malformed => f.write_str("this is not a key of a ledger"),
            KeyError::Mismatch => {
                f.write_str("the public key beside the ledger's key is not its other half: put the right one back")
            }
            KeyError::Random => f.write_str("the system gives no randomness to make a key with"),
        }
    }
}

impl std::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KeyError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for KeyError {
    fn from(error: io::Error) -> KeyError {
        KeyError::Io(error)
    }
}

/// Ed25519's number among signed notes' algorithms.
const ALGORITHM: u8 = 1;
/// That of an Ed25519 key whose signatures bear a time: a witness's.
const COSIGNATURE: u8 = 4;
const FILE_BYTES_MAX: u64 = 4096;
const PRIVATE: &str = "PRIVATE+KEY+";

fn make(path: &Path, name: &str) -> Result<(), KeyError> {
    let mut seed = Zeroizing::new([0; 32]);
    rand::fill(&mut seed[..]).map_err(|_| KeyError::Random)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed[..]).map_err(|_| KeyError::Random)?;
    let id = HEXLOWER.encode(&public_of(&pair, name).id);
    let seed = key_text(&seed, ALGORITHM);
    let text = Zeroizing::new(format!("{PRIVATE}{name}+{id}+{}\n", seed.as_str()));
    write_whole(path, text.as_bytes())?;
    Ok(())
}

fn publish(path: &Path, public: &PublicKey) -> Result<(), KeyError> {
    if !path.exists() {
        write_whole(path, format!("{public}\n").as_bytes())?;
    }
    if PublicKey::read(path)? != *public {
        return Err(KeyError::Mismatch);
    }
    Ok(())
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => File::open(dir)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn parse_private(text: &str) -> Option<(Ed25519KeyPair, PublicKey)> {
    let mut fields = text.strip_prefix(PRIVATE)?.splitn(3, '+');
    let (name, id, seed) = (fields.next()?, fields.next()?, fields.next()?);
    let pair = Ed25519KeyPair::from_seed_unchecked(&key_bytes(seed, ALGORITHM)?[..]).ok()?;
    let public = public_of(&pair, name);
    (HEXLOWER.encode(&public.id) == id).then_some((pair, public))
}

fn public_of(pair: &Ed25519KeyPair, name: &str) -> PublicKey {
    let mut key = [0; 32];
    key.copy_from_slice(pair.public_key().as_ref());
    PublicKey::new(name, ALGORITHM, key)
}

fn key_text(key: &[u8; 32], algorithm: u8) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([algorithm; 33]);
    bytes[1..].copy_from_slice(key);
    Zeroizing::new(BASE64.encode(&bytes[..]))
}

fn key_bytes(text: &str, algorithm: u8) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).ok()?);
    let (found, key) = bytes.split_first()?;
    let key: [u8; 32] = key.try_into().ok()?;
    (*found == algorithm).then(|| Zeroizing::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_its_public_half_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.key");
        let first = SigningKey::open(&path, "sudare/gw-1", false).unwrap();
        assert!(matches!(SigningKey::open(&path, "sudare/gw-1", false), Err(KeyError::Locked)));
        let public = PublicKey::read(&dir.path().join("ledger.pub")).unwrap();
        assert_eq!(&public, first.public());
        let signature = first.sign(b"text");
        drop(first);
        let again = SigningKey::open(&path, "another-name", true).unwrap();
        assert!(again.public().signed(b"text", &signature) && again.public().name == "sudare/gw-1");
        assert!(!again.public().signed(b"test", &signature));
        for path in [&path, &dir.path().join("ledger.pub")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
    }

    #[test]
    fn a_missing_open_or_foreign_key_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ledger.key");
        assert!(matches!(SigningKey::open(&path, "a", true), Err(KeyError::Missing)));
        drop(SigningKey::open(&path, "a", false).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SigningKey::open(&path, "a", true), Err(KeyError::Open { mode: 0o640 })));
        fs::remove_file(&path).unwrap();
        assert!(matches!(SigningKey::open(&path, "a", false), Err(KeyError::Mismatch)));
    }

    #[test]
    fn the_published_key_of_the_go_note_package_is_read() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key: PublicKey = text.parse().unwrap();
        assert_eq!(key.to_string(), text);
        assert!(text.replace("c74f", "c74e").parse::<PublicKey>().is_err());
    }
}
