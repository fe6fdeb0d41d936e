//! Where a ring lies and what wraps it: making it, reading it, replacing it whole.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::vault::kek::{KekError, Source, Wrap};
use crate::vault::ring::fault::RingError;
use crate::vault::ring::written::{Material, Written};
use crate::vault::ring::{Ring, change, whole};

/// A ring of four thousand versions that says whose tokens open no more is smaller than this.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Where a ring lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its file.
    pub ring: PathBuf,
    /// What wraps its keys.
    pub kek: Source,
}

impl Place {
    /// A ring whose key-encryption key lies beside it.
    pub fn beside(ring: &Path) -> Place {
        Place { ring: ring.to_owned(), kek: Source::File(ring.with_added_extension("kek")) }
    }

    /// Makes a ring (0600) with a first version of keys. The file appears whole or not at all, and of several
    /// gateways that try at once one succeeds: the others get `Exists`.
    pub fn create(&self, now: i64) -> Result<Ring, RingError> {
        let kek = self.kek.made()?;
        let written = change::first(kek.as_ref(), now)?;
        let ring = self.unwrapped(&written, Some(kek.as_ref()))?;
        whole::create(&self.ring, &written.text()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => RingError::Exists(self.ring.clone()),
            _ => self.io("written", source),
        })?;
        Ok(ring)
    }

    /// Opens the ring.
    pub fn open(&self) -> Result<Ring, RingError> {
        let written = self.read()?;
        match &written.kek {
            None => self.unwrapped(&written, None),
            Some(_) => self.unwrapped(&written, Some(self.kek.open()?.as_ref())),
        }
    }

    /// Opens the ring, and makes it where there is none.
    pub fn open_or_create(&self, now: i64) -> Result<Ring, RingError> {
        match self.open() {
            Err(RingError::Missing(_)) => {}
            opened => return opened,
        }
        match self.create(now) {
            // Another was faster.
            Err(RingError::Exists(_)) => self.open(),
            created => created,
        }
    }

    /// What the file says, with its keys still wrapped.
    pub fn read(&self) -> Result<Written, RingError> {
        let path = &self.ring;
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => RingError::Missing(path.clone()),
            _ => self.io("read", source),
        };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(RingError::Exposed { path: path.clone(), mode });
        }
        // Grown in one piece: a buffer that moves would leave keys behind it.
        let mut text = Zeroizing::new(String::with_capacity(64 << 10));
        let corrupt = |(line, problem)| RingError::Corrupt { path: path.clone(), line, problem };
        match file.take(FILE_BYTES_MAX).read_to_string(&mut text) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(corrupt((1, "it is no key ring"))),
            Err(error) => Err(failed(error)),
            Ok(_) => Written::parse(&text, false).map_err(corrupt),
        }
    }

    /// Changes what the file says, alone among all who do, and replaces it whole where `by` holds. What is not yet
    /// wrapped is wrapped.
    pub fn change<T, E: From<RingError>>(&self, by: impl FnOnce(&mut Written) -> Result<T, E>) -> Result<T, E> {
        let lock = whole::lock(&self.ring).map_err(|source| self.io("written", source))?;
        let _lock = lock.ok_or_else(|| RingError::Busy(self.ring.clone()))?;
        let mut written = self.read()?;
        let done = by(&mut written)?;
        if written.kek.is_none() {
            change::wrap(&mut written, self.kek.made().map_err(RingError::Kek)?.as_ref()).map_err(RingError::Kek)?;
        }
        whole::replace(&self.ring, &written.text()).map_err(|source| self.io("written", source))?;
        Ok(done)
    }

    /// Wraps the keys of a ring that holds them in clear; says whether it did.
    pub fn wrap_what_lies_in_clear(&self) -> Result<bool, RingError> {
        if self.read()?.kek.is_some() {
            return Ok(false);
        }
        self.change(|_| Ok::<(), RingError>(())).map(|()| true)
    }

    /// The ring that a file says, its keys unwrapped.
    pub fn unwrapped(&self, written: &Written, kek: Option<&dyn Wrap>) -> Result<Ring, RingError> {
        let is_kek = |is: &String| match kek.map(Wrap::id) {
            Some(given) if given == *is => Ok(()),
            given => {
                let given = given.unwrap_or_else(|| "-".to_owned());
                Err(RingError::OtherKek { path: self.ring.clone(), is: is.clone(), given })
            }
        };
        written.kek.as_ref().map_or(Ok(()), is_kek)?;
        Ring::of(written, |row| match &row.material {
            Material::Clear(keys) => Ok(Some(keys.clone())),
            Material::Destroyed => Ok(None),
            Material::Wrapped(wrapped) => {
                match kek.ok_or(KekError::Sealed).and_then(|kek| kek.unwrap(wrapped, &change::bound(row))) {
                    Ok(keys) => Ok(Some(keys)),
                    Err(KekError::Sealed) => {
                        Err(RingError::Unwrapped { path: self.ring.clone(), version: row.version })
                    }
                    Err(error) => Err(RingError::Kek(error)),
                }
            }
        })
    }

    fn io(&self, tried: &'static str, source: io::Error) -> RingError {
        RingError::Io { path: self.ring.clone(), tried, source }
    }
}
