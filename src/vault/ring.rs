//! The key ring: a small file with every version of the keys.
//!
//! ```text
//! sudare-keys 1
//! key 1 DATA MAC
//! checksum SHA256
//! ```
//!
//! `DATA` are 64 bytes for AES-256-SIV and `MAC` 32 bytes for HMAC-SHA-256, both in base64; the
//! last version is the one that mints, older ones still open what they sealed. The checksum is
//! over all lines before it and tells a torn or mangled file from a good one; against people the
//! file's permissions stand, so a file that others can read is refused. Where the file lies, and
//! that it is made at first start, is decided by whoever opens it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::{digest, rand};
use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

use crate::vault::derive::{SESSION, derive};

const HEADER: &str = "sudare-keys 1";

/// A ring of ten thousand versions is smaller than this.
const FILE_BYTES_MAX: u64 = 2 << 20;

/// Bytes of an AES-256-SIV key: one half for the synthetic IV, one for the cipher.
pub const DATA_BYTES: usize = 64;

/// Bytes of an HMAC-SHA-256 key.
pub const MAC_BYTES: usize = 32;

/// One version of the keys. There is no way to print them.
pub struct Keys {
    /// Counted from 1.
    pub version: u16,
    /// Seals tokens.
    pub data: Zeroizing<[u8; DATA_BYTES]>,
    /// Makes hashes.
    pub mac: Zeroizing<[u8; MAC_BYTES]>,
}

/// Every version of the keys, in order and never empty.
pub struct Ring {
    versions: Vec<Keys>,
}

/// Why a ring could not be made or opened.
#[derive(Debug)]
pub enum RingError {
    /// There is no such file.
    Missing(PathBuf),
    /// There is one already.
    Exists(PathBuf),
    /// Others than its owner may read or write it.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line is not what it must be.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The system refused.
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `read`, `written`.
        tried: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no random bytes.
    Chance,
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RingError::Missing(path) => write!(f, "there is no key ring at `{}`", path.display()),
            RingError::Exists(path) => {
                write!(f, "there is a key ring at `{}` already; it is never written over", path.display())
            }
            RingError::Exposed { path, mode } => {
                let path = path.display();
                write!(f, "others can read the key ring `{path}` (mode {mode:04o}); run `chmod 600 {path}`")
            }
            RingError::Corrupt { path, line, problem } => {
                write!(
                    f,
                    "the key ring `{}` is damaged: line {line}: {problem}; restore it from its backup",
                    path.display()
                )
            }
            RingError::Io { path, tried, .. } => write!(f, "the key ring `{}` cannot be {tried}", path.display()),
            RingError::Chance => f.write_str("the system gives no random bytes for new keys"),
        }
    }
}

impl std::error::Error for RingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RingError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Ring {
    /// A ring that no file keeps: for the tests in rule files, which look at shapes alone.
    pub fn passing() -> Result<Ring, RingError> {
        Ok(Ring { versions: vec![Keys::draw(1)?] })
    }

    /// Makes a ring file (0600) with a first version of keys. The file appears whole or not at
    /// all, and of several gateways that try at once one succeeds: the others get `Exists`.
    pub fn create(path: &Path) -> Result<Ring, RingError> {
        let ring = Ring { versions: vec![Keys::draw(1)?] };
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => RingError::Exists(path.to_owned()),
            _ => RingError::Io { path: path.to_owned(), tried: "written", source },
        };
        let mut nonce = [0; 8];
        rand::fill(&mut nonce).map_err(|_| RingError::Chance)?;
        let draft = path.with_added_extension(HEXLOWER.encode(&nonce));
        let written = write_new(&draft, &ring.text()).and_then(|()| fs::hard_link(&draft, path));
        // The draft has served whether or not it got its name; a leftover is as safe as the ring.
        let _ = fs::remove_file(&draft);
        written.map_err(failed)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(ring)
    }

    /// Reads a ring file.
    pub fn open(path: &Path) -> Result<Ring, RingError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => RingError::Missing(path.to_owned()),
            _ => RingError::Io { path: path.to_owned(), tried: "read", source },
        };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(RingError::Exposed { path: path.to_owned(), mode });
        }
        // Grown in one piece: a buffer that moves would leave keys behind it.
        let mut text = Zeroizing::new(String::with_capacity(64 << 10));
        file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        Ring::parse(&text).map_err(|(line, problem)| RingError::Corrupt { path: path.to_owned(), line, problem })
    }

    /// The version that mints.
    pub fn current(&self) -> &Keys {
        // `versions` is never empty: `create` puts one in and `parse` refuses none.
        &self.versions[self.versions.len() - 1]
    }

    /// A version that is still kept.
    pub fn version(&self, version: u16) -> Option<&Keys> {
        self.versions.iter().find(|keys| keys.version == version)
    }

    /// The key that finds sessions again, made of the version that mints: what it says tells nothing
    /// of others.
    pub fn session_key(&self) -> Option<Zeroizing<[u8; 32]>> {
        derive(&*self.current().mac, SESSION)
    }

    /// Every version, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Keys> {
        self.versions.iter().rev()
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64 + self.versions.len() * 160));
        text.push_str(HEADER);
        for keys in &self.versions {
            let (data, mac) = (Zeroizing::new(BASE64.encode(&*keys.data)), Zeroizing::new(BASE64.encode(&*keys.mac)));
            text.extend(["\nkey ", &keys.version.to_string(), " ", &data, " ", &mac]);
        }
        text.push('\n');
        let sum = checksum(&text);
        text.extend(["checksum ", &sum, "\n"]);
        text
    }

    /// Reads a ring's text; an error is a line and what is wrong there.
    fn parse(text: &str) -> Result<Ring, (usize, &'static str)> {
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        match lines.first() {
            Some(&HEADER) => {}
            Some(line) if line.starts_with("sudare-keys ") => return Err((1, "it was written by a newer version")),
            _ => return Err((1, "it is no key ring")),
        }
        let last = lines.len();
        let sum = lines[last - 1].strip_prefix("checksum ").ok_or((last, "the checksum is missing"))?;
        let before = text.rfind("checksum ").map_or("", |at| &text[..at]);
        if checksum(before) != sum {
            return Err((last, "the checksum does not hold"));
        }
        let versions = lines[1..last - 1]
            .iter()
            .enumerate()
            .map(|(at, line)| Keys::parse(line).ok_or((at + 2, "it is no key")))
            .collect::<Result<Vec<Keys>, _>>()?;
        if versions.is_empty() {
            return Err((2, "it has no key"));
        }
        match versions.windows(2).position(|pair| pair[0].version >= pair[1].version) {
            Some(at) => Err((at + 3, "the versions are out of order")),
            None => Ok(Ring { versions }),
        }
    }
}

impl Keys {
    fn draw(version: u16) -> Result<Keys, RingError> {
        let mut keys = Keys { version, data: Zeroizing::new([0; DATA_BYTES]), mac: Zeroizing::new([0; MAC_BYTES]) };
        rand::fill(&mut *keys.data).map_err(|_| RingError::Chance)?;
        rand::fill(&mut *keys.mac).map_err(|_| RingError::Chance)?;
        Ok(keys)
    }

    fn parse(line: &str) -> Option<Keys> {
        let mut words = line.strip_prefix("key ")?.split(' ');
        let version = words.next()?.parse().ok().filter(|version| *version > 0)?;
        let data = Zeroizing::new(BASE64.decode(words.next()?.as_bytes()).ok()?);
        let mac = Zeroizing::new(BASE64.decode(words.next()?.as_bytes()).ok()?);
        words.next().is_none().then_some(())?;
        Some(Keys {
            version,
            data: Zeroizing::new(data.as_slice().try_into().ok()?),
            mac: Zeroizing::new(mac.as_slice().try_into().ok()?),
        })
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn checksum(text: &str) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

#[cfg(test)]
impl Ring {
    /// Forgets the newest versions.
    pub(crate) fn truncate(&mut self, versions: usize) {
        self.versions.truncate(versions);
    }
}

/// A ring whose keys are always the same, for the tests of this room.
#[cfg(test)]
pub(crate) fn fixed() -> Ring {
    let keys = |version: u16| Keys {
        version,
        data: Zeroizing::new(std::array::from_fn(|at| at as u8 ^ version as u8)),
        mac: Zeroizing::new(std::array::from_fn(|at| 0x80 ^ at as u8 ^ version as u8)),
    };
    Ring { versions: vec![keys(1), keys(2)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ring: Result<Ring, RingError>) -> String {
        ring.err().expect("an error").to_string()
    }

    #[test]
    fn what_is_created_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        let made = Ring::create(&path).expect("created");
        let opened = Ring::open(&path).expect("opened");
        assert_eq!(*made.current().data, *opened.current().data);
        assert_eq!(*made.current().mac, *opened.current().mac);
        let mode = fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let names = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 1, "no draft is left");
        assert!(told(Ring::create(&path)).contains("already"));
        assert_eq!(*Ring::open(&path).expect("unharmed").current().data, *made.current().data);
    }

    #[test]
    fn two_rings_differ() {
        let folder = tempfile::tempdir().expect("a folder");
        let ring = |name: &str| Ring::create(&folder.path().join(name)).expect("created");
        assert_ne!(*ring("a").current().data, *ring("b").current().data);
    }

    #[test]
    fn a_file_that_others_read_is_refused_with_the_cure() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        Ring::create(&path).expect("created");
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let cure = format!("run `chmod 600 {}`", path.display());
            assert!(told(Ring::open(&path)).ends_with(&cure), "{mode:o}");
        }
        assert!(told(Ring::open(&folder.path().join("none"))).starts_with("there is no key ring"));
    }

    #[test]
    fn versions_survive_writing() {
        let ring = Ring::parse(&fixed().text()).expect("a ring");
        assert_eq!(ring.current().version, 2);
        assert_eq!(ring.version(1).map(|keys| *keys.data), fixed().version(1).map(|keys| *keys.data));
        assert!(ring.version(3).is_none());
    }

    #[test]
    fn every_damage_is_seen() {
        let good = fixed().text();
        for at in 0..good.len() {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bytes).expect("ASCII");
            assert!(Ring::parse(&text).is_err(), "byte {at}");
            assert!(at + 1 == good.len() || Ring::parse(&good[..at]).is_err(), "cut at {at}");
        }
        let sealed = |lines: &str| format!("{lines}checksum {}\n", checksum(lines));
        let (line, problem) = Ring::parse(&sealed("sudare-keys 1\n")).err().expect("no key");
        assert_eq!((line, problem), (2, "it has no key"));
        let (line, _) = Ring::parse(&sealed("sudare-keys 1\nkey 1 AAAA AAAA\n")).err().expect("short keys");
        assert_eq!(line, 2);
        let twice = good.lines().nth(1).expect("a key");
        let (line, _) = Ring::parse(&sealed(&format!("{HEADER}\n{twice}\n{twice}\n"))).err().expect("twice");
        assert_eq!(line, 3);
    }
}
