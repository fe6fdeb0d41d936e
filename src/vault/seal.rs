//! How what the vault keeps is sealed and found.

use aes_siv::KeyInit;
use aes_siv::siv::Aes256Siv;
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::vault::derive::{self, KEEP};
use crate::vault::ring::{DATA_BYTES, Keys, Ring};

/// Bytes of a keyed hash by which something is found.
pub const LOOKUP_BYTES: usize = 32;

/// Makes the keyed hashes of one version of the keys.
#[derive(Clone)]
pub struct LookupKey(hmac::Key);

impl LookupKey {
    /// The key of a version for a purpose; nothing where it cannot be derived.
    pub fn of_purpose(mac: &[u8], label: &str) -> Option<LookupKey> {
        let key = derive::derive::<32>(mac, label)?;
        Some(LookupKey(hmac::Key::new(hmac::HMAC_SHA256, &*key)))
    }

    /// The key by which what is remembered is found.
    pub fn of_issued(keys: &Keys) -> Option<LookupKey> {
        Some(keys.issued.clone())
    }

    /// The hash of a field.
    pub fn of_field(&self, parts: &[&[u8]]) -> [u8; LOOKUP_BYTES] {
        self.all(parts)
    }

    /// The hash of a value of a kind within a domain.
    pub fn of_value(&self, kind: &str, domain: [&[u8]; 3], value: &str) -> [u8; LOOKUP_BYTES] {
        let [tag, first, second] = domain;
        self.of([b"value", kind.as_bytes(), tag, first, second, value.as_bytes()])
    }

    /// The hash of a person.
    pub fn of_staff(&self, staff: &str) -> [u8; LOOKUP_BYTES] {
        self.of([b"staff", staff.as_bytes()])
    }

    /// The hash of a kind of a subject.
    pub fn of_grant(&self, kind: &str, subject: &str, id: &str) -> [u8; LOOKUP_BYTES] {
        self.of([b"grant", kind.as_bytes(), subject.as_bytes(), id.as_bytes()])
    }

    /// The hash of a token that looks like a value of a kind.
    pub fn of_shown(&self, kind: &str, token: &str) -> [u8; LOOKUP_BYTES] {
        self.of([b"shown", kind.as_bytes(), token.as_bytes()])
    }

    /// The hash of whose tokens open no more.
    pub fn of_shred(&self, whose: [&[u8]; 3]) -> [u8; LOOKUP_BYTES] {
        let [of, kind, id] = whose;
        self.of([b"shred", of, kind, id])
    }

    /// What only this version of the keys can write: it tells one ring's vault from another's.
    pub fn of_ring(&self) -> [u8; LOOKUP_BYTES] {
        self.of([b"ring"])
    }

    fn of<const PARTS: usize>(&self, parts: [&[u8]; PARTS]) -> [u8; LOOKUP_BYTES] {
        self.all(&parts)
    }

    fn all(&self, parts: &[&[u8]]) -> [u8; LOOKUP_BYTES] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        std::array::from_fn(|at| tag.as_ref()[at])
    }
}

/// Seals a record under its token and kind: the version of the keys, then what only they open.
pub fn seal(keys: &Keys, token: &[u8], kind: &str, plain: &[u8]) -> Option<Vec<u8>> {
    keys.count();
    let sealed = cipher(keys)?.encrypt([token, kind.as_bytes()], plain).ok()?;
    Some([&keys.version.to_be_bytes()[..], &sealed].concat())
}

/// The version of the keys that sealed a record.
pub fn version(record: &[u8]) -> Option<u16> {
    record.first_chunk::<2>().map(|version| u16::from_be_bytes(*version))
}

/// Opens a record.
pub fn unseal(ring: &Ring, token: &[u8], kind: &str, record: &[u8]) -> Option<Vec<u8>> {
    let (version, sealed) = record.split_first_chunk::<2>()?;
    let keys = ring.version(u16::from_be_bytes(*version))?;
    cipher(keys)?.decrypt([token, kind.as_bytes()], sealed).ok()
}

/// AES-256-SIV (RFC 5297) under a key: the one that seals records, and opaque tokens.
pub fn siv(key: &[u8; DATA_BYTES]) -> Aes256Siv {
    Aes256Siv::new(key.into())
}

/// HMAC-SHA-256 under a key of any length.
pub fn mac(key: &[u8], text: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
}

fn cipher(keys: &Keys) -> Option<Aes256Siv> {
    let key: Zeroizing<[u8; DATA_BYTES]> = derive::derive(&*keys.data, KEEP)?;
    Some(siv(&key))
}
