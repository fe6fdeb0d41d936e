//! The key ring: every version of the keys, opened.
//!
//! Here is what the rest of the house works with. How a ring is written stands in `written`, where it lies and how
//! it is replaced in `place`, what may be done to it in `change`; what wraps it is `kek`'s.
//!
//! A `Ring` never changes, so that whoever answers a request works with one from its beginning to its end; `Rings`
//! is the place in which the present one stands.

pub mod carried;
pub mod change;
pub mod count;
pub mod fault;
pub mod place;
#[cfg(test)]
mod ring_tests;
pub mod whole;
pub mod written;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use aws_lc_rs::{constant_time, rand};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::terms::mint::Domain;
use crate::vault::derive::{self, FORMAT, ISSUED_LOOKUP, LOOKUP, SESSION};
use crate::vault::ff1::Ff1;
pub use crate::vault::ring::fault::RingError;
pub use crate::vault::ring::place::Place;
use crate::vault::ring::written::{Row, Written};
use crate::vault::ring::written::{SHRED_BYTES, Shred};
use crate::vault::seal::LookupKey;

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
    /// Ciphers `format` tokens.
    pub format: Ff1,
    /// Finds what the vault keeps.
    pub lookup: LookupKey,
    /// Finds what is remembered of what staff was given.
    pub issued: LookupKey,
    /// Encryptions of this process; the rings that follow one another count on.
    used: Arc<AtomicU64>,
}

/// Every version of the keys that is not destroyed, in order and never empty.
pub struct Ring {
    versions: Vec<Keys>,
    destroyed: Vec<u16>,
    /// Under which version shared domains mint.
    shared: u16,
    /// Under which version some of them mint instead, by name.
    domains: Vec<(String, u16)>,
    /// Where the version that mints stands.
    active: usize,
    /// Versions that are one domain's alone, in order.
    own: Vec<u16>,
    /// Whose tokens open no more.
    shreds: BTreeSet<Shred>,
}

/// The present ring.
#[derive(Clone)]
pub struct Rings(Arc<ArcSwap<Ring>>);

impl From<Arc<Ring>> for Rings {
    fn from(ring: Arc<Ring>) -> Rings {
        Rings(Arc::new(ArcSwap::new(ring)))
    }
}

impl Rings {
    /// The ring as it is now.
    pub fn now(&self) -> Arc<Ring> {
        self.0.load_full()
    }

    /// Puts another in its place.
    pub fn put(&self, ring: Arc<Ring>) {
        self.0.store(ring);
    }
}

impl Ring {
    /// A ring that no file keeps: for the tests in rule files, which look at shapes alone.
    pub fn passing() -> Result<Ring, RingError> {
        let (mut data, mut mac) = (Zeroizing::new([0; DATA_BYTES]), Zeroizing::new([0; MAC_BYTES]));
        rand::fill(&mut *data).map_err(|_| RingError::Chance)?;
        rand::fill(&mut *mac).map_err(|_| RingError::Chance)?;
        let keys = Keys::new(1, &data, &mac).ok_or(RingError::Chance)?;
        Ok(Ring::whole(vec![keys], 1))
    }

    /// Opens a ring's file; its key-encryption key lies beside it.
    pub fn open(path: &Path) -> Result<Ring, RingError> {
        Place::beside(path).open()
    }

    /// The ring that a file says; `keys` gives a version's, unwrapped, or nothing where they are destroyed.
    fn of(
        written: &Written,
        keys: impl Fn(&Row) -> Result<Option<Zeroizing<Vec<u8>>>, RingError>,
    ) -> Result<Ring, RingError> {
        let (mut versions, mut destroyed) = (Vec::new(), Vec::new());
        for row in &written.rows {
            let Some(keys) = keys(row)? else {
                destroyed.push(row.version);
                continue;
            };
            let split = keys.split_first_chunk().and_then(|(data, mac)| Some((data, mac.first_chunk()?)));
            let keys = split.and_then(|(data, mac)| Keys::new(row.version, data, mac));
            versions.push(keys.ok_or(RingError::Chance)?);
        }
        let active = written.active();
        Ok(Ring {
            // What a ring's file names is there.
            active: versions.iter().position(|keys| keys.version == active).unwrap_or_default(),
            versions,
            destroyed,
            shared: written.shared,
            domains: written.domains.iter().map(|(name, version)| (name.clone(), *version)).collect(),
            own: written.own.keys().copied().collect(),
            shreds: written.shreds.clone(),
        })
    }

    /// A ring of which nothing is said but its versions.
    fn whole(versions: Vec<Keys>, shared: u16) -> Ring {
        Ring {
            active: versions.len().saturating_sub(1),
            versions,
            destroyed: Vec::new(),
            shared,
            domains: Vec::new(),
            own: Vec::new(),
            shreds: BTreeSet::new(),
        }
    }

    /// The version that mints.
    pub fn current(&self) -> &Keys {
        // `versions` is never empty: the version that mints is never destroyed.
        &self.versions[self.active]
    }

    /// The version under which the vault seals what stands for values of a domain: that which is the domain's alone, or
    /// else the current one.
    pub fn sealing(&self, domain: &Domain) -> &Keys {
        let keys = self.minting(domain);
        if self.own.contains(&keys.version) { keys } else { self.current() }
    }

    /// Whether tokens of a domain or a subject open no more that were made under a version.
    pub fn is_shredded(&self, version: u16, whose: &Domain) -> bool {
        if self.shreds.is_empty() {
            return false;
        }
        self.version(version).is_none_or(|keys| self.shreds.contains(&(version, keys.shred(whose))))
    }

    /// The versions before the one that mints, the newest first: those for all, and then those of single domains.
    pub fn older(&self, count: usize) -> impl Iterator<Item = &Keys> {
        let active = self.current().version;
        let of = move |is_own: bool| {
            let suits = move |keys: &&Keys| keys.version != active && self.own.contains(&keys.version) == is_own;
            self.newest_first().filter(suits).take(count)
        };
        of(false).chain(of(true))
    }

    /// The version under which a domain mints: tokens that are shared stay equal when keys are rotated.
    pub fn minting(&self, domain: &Domain) -> &Keys {
        let Domain::Shared(name) = domain else { return self.current() };
        let own = self.domains.binary_search_by(|(own, _)| own.cmp(name)).ok().map(|at| self.domains[at].1);
        // What a ring's file names is there.
        self.version(own.unwrap_or(self.shared)).unwrap_or_else(|| self.current())
    }

    /// Every version that mints anything.
    pub fn minters(&self) -> Vec<&Keys> {
        let is_named = |version| self.shared == version || self.domains.iter().any(|(_, own)| *own == version);
        let active = self.current().version;
        self.versions.iter().filter(|keys| keys.version == active || is_named(keys.version)).collect()
    }

    /// A version that is still kept.
    pub fn version(&self, version: u16) -> Option<&Keys> {
        let at = self.versions.binary_search_by_key(&version, |keys| keys.version).ok()?;
        Some(&self.versions[at])
    }

    /// The key that finds sessions again, made of the version that stays when keys are rotated: what it says tells
    /// nothing of others.
    pub fn session_key(&self) -> Option<Zeroizing<[u8; 32]>> {
        let keys = self.version(self.shared).unwrap_or_else(|| self.current());
        derive::derive(&*keys.mac, SESSION)
    }

    /// Every version, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Keys> {
        self.versions.iter().rev()
    }

    /// Whether this ring opens all that another opened, but for what was destroyed on purpose: it came of the other.
    pub fn follows(&self, other: &Ring) -> bool {
        other.versions.iter().all(|old| match self.version(old.version) {
            Some(keys) => keys.is(old),
            None => self.destroyed.contains(&old.version),
        }) && other.shreds.iter().all(|own| self.version(own.0).is_none() || self.shreds.contains(own))
    }

    /// Whether it has the same keys as another and they do the same.
    pub fn is(&self, other: &Ring) -> bool {
        self.versions.len() == other.versions.len()
            && self.versions.iter().zip(&other.versions).all(|(own, other)| own.is(other))
            && (&self.destroyed, self.shared, &self.domains) == (&other.destroyed, other.shared, &other.domains)
            && (&self.own, &self.shreds) == (&other.own, &other.shreds)
    }

    /// Counts encryptions on where another ring stopped.
    pub fn counting_on(mut self, other: &Ring) -> Ring {
        for keys in &mut self.versions {
            if let Some(old) = other.version(keys.version) {
                keys.used = Arc::clone(&old.used);
            }
        }
        self
    }
}

impl Keys {
    /// A version of these keys; nothing where HKDF gives none for a purpose.
    fn new(version: u16, data: &[u8; DATA_BYTES], mac: &[u8; MAC_BYTES]) -> Option<Keys> {
        Some(Keys {
            version,
            format: Ff1::new(&*derive::derive(data, FORMAT)?),
            lookup: LookupKey::of_purpose(mac, LOOKUP)?,
            issued: LookupKey::of_purpose(mac, ISSUED_LOOKUP)?,
            data: Zeroizing::new(*data),
            mac: Zeroizing::new(*mac),
            used: Arc::default(),
        })
    }

    /// What a ring's file calls a subject or a domain by whose tokens of this version open no more.
    pub fn shred(&self, whose: &Domain) -> [u8; SHRED_BYTES] {
        let whole = match whose {
            // `４２` and `42` are one customer.
            Domain::Subject { kind, id } => {
                let id: String = id.nfkc().collect();
                self.lookup.of_shred([b"subject", kind.as_bytes(), id.trim().as_bytes()])
            }
            Domain::Shared(name) => self.lookup.of_shred([b"domain", name.as_bytes(), b""]),
        };
        std::array::from_fn(|at| whole[at])
    }

    /// Notes that something is encrypted with them.
    pub fn count(&self) {
        self.used.fetch_add(1, Ordering::Relaxed);
    }

    /// How much this process has encrypted with them.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn is(&self, other: &Keys) -> bool {
        let same = |own: &[u8], other: &[u8]| constant_time::verify_slices_are_equal(own, other).is_ok();
        self.version == other.version && same(&*self.data, &*other.data) && same(&*self.mac, &*other.mac)
    }
}

#[cfg(test)]
impl Ring {
    /// Destroys the oldest version.
    pub(crate) fn destroy_oldest(&mut self) {
        let keys = self.versions.remove(0);
        self.active = self.versions.len() - 1;
        self.destroyed.push(keys.version);
    }

    /// Forgets the newest versions.
    pub(crate) fn truncate(&mut self, versions: usize) {
        self.versions.truncate(versions);
        self.active = self.versions.len() - 1;
        self.shared = self.current().version;
    }
}

/// A ring whose keys are always the same, for the tests of this room.
#[cfg(test)]
pub(crate) fn fixed() -> Ring {
    let keys = |version: u16| {
        let data = std::array::from_fn(|at| at as u8 ^ version as u8);
        let mac = std::array::from_fn(|at| 0x80 ^ at as u8 ^ version as u8);
        Keys::new(version, &data, &mac).expect("keys")
    };
    Ring::whole(vec![keys(1), keys(2)], 2)
}
