//! Keys for one purpose each, derived from the ring's.
//!
//! HKDF-SHA-256 with a label that names purpose and layout: what is learnt about one key says
//! nothing of another, and a new layout gets a new label.

use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

/// Tells one key-encryption key from another.
pub const KEK_ID: &str = "sudare kek 1";
/// Hashes the cookies of the CRM's sessions.
pub const SESSION: &str = "sudare session 1";
/// Ciphers `format` tokens.
pub const FORMAT: &str = "sudare format 1";
/// Seals what the vault keeps.
pub const KEEP: &str = "sudare vault 1";
/// Seals what a page carries for its forms.
pub const PAGE: &str = "sudare page 1";
/// Seals what is remembered of what staff was given.
pub const ISSUED: &str = "sudare issued 1";
/// Hashes by which that is found.
pub const ISSUED_LOOKUP: &str = "sudare issued lookup 1";
/// Hashes by which the vault finds what it keeps.
pub const LOOKUP: &str = "sudare lookup 1";

/// A key of so many bytes, or nothing where HKDF gives none so long; 8160 bytes are its bound.
pub fn derive<const BYTES: usize>(secret: &[u8], label: &str) -> Option<Zeroizing<[u8; BYTES]>> {
    let mut key = Zeroizing::new([0; BYTES]);
    let pseudorandom = hkdf::Salt::new(hkdf::HKDF_SHA256, b"sudare").extract(secret);
    let labels = [label.as_bytes()];
    pseudorandom.expand(&labels, Length(BYTES)).ok()?.fill(&mut *key).ok()?;
    Some(key)
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_part_keys() {
        let key = |secret: &[u8], label| derive::<32>(secret, label).expect("a key");
        assert_eq!(*key(b"a", FORMAT), *key(b"a", FORMAT));
        assert_ne!(*key(b"a", FORMAT), *key(b"a", KEEP));
        assert_ne!(*key(b"a", FORMAT), *key(b"b", FORMAT));
        assert!(derive::<8161>(b"a", FORMAT).is_none());
    }
}
