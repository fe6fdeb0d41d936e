//! How what a page carries for its forms is sealed: nobody but a gateway with this ring reads it, and it opens
//! only for whom and what it was sealed.
//!
//! ```text
//! 1      layout, always 1
//! 2      version of the keys, big-endian
//! 12     nonce, drawn by chance
//! n      AES-256-GCM-SIV (RFC 8452) of the text
//! 16     tag
//! ```
//!
//! Layout and version, and whom and what it is for, are bound as associated data, each part behind its length.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::vault::derive::{self, PAGE};
use crate::vault::ring::{Keys, Ring};

const LAYOUT: u8 = 1;
/// Bytes of a nonce.
pub(super) const NONCE_BYTES: usize = 12;
/// Bytes that sealing adds.
pub(super) const TAG_BYTES: usize = 16;
/// Layout and version.
const HEAD_BYTES: usize = 3;

/// Seals a text for whoever names the same parts; nothing where the system gives no chance or no key.
pub fn seal(keys: &Keys, plain: &[u8], bound: &[&[u8]]) -> Option<Vec<u8>> {
    seal_as(PAGE, keys, plain, bound)
}

/// Opens what was sealed by any version of the ring's keys; nothing where it is not whole, or for others.
pub fn open(ring: &Ring, sealed: &[u8], bound: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    open_as(PAGE, ring, sealed, bound)
}

/// The same with a key for this purpose.
pub(super) fn seal_as(purpose: &str, keys: &Keys, plain: &[u8], bound: &[&[u8]]) -> Option<Vec<u8>> {
    keys.count();
    let [high, low] = keys.version.to_be_bytes();
    let head = [LAYOUT, high, low];
    let mut nonce = [0; NONCE_BYTES];
    rand::fill(&mut nonce).ok()?;
    // Room for the tag at once: a buffer that moves would leave the text behind it.
    let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + TAG_BYTES));
    text.extend_from_slice(plain);
    shut(&*key(purpose, keys)?, nonce, &associated(&head, bound), &mut text)?;
    Some([&head[..], &nonce, &text].concat())
}

/// The same with a key for this purpose.
pub(super) fn open_as(purpose: &str, ring: &Ring, sealed: &[u8], bound: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let (head, rest) = sealed.split_first_chunk::<HEAD_BYTES>()?;
    let keys = ring.version(u16::from_be_bytes([head[1], head[2]])).filter(|_| head[0] == LAYOUT)?;
    let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>()?;
    let mut text = Zeroizing::new(text.to_vec());
    unshut(&*key(purpose, keys)?, *nonce, &associated(head, bound), &mut text)?;
    Some(text)
}

/// Seals a text where it stands, and puts the tag behind it.
pub(super) fn shut(key: &[u8], nonce: [u8; NONCE_BYTES], bound: &[u8], text: &mut Vec<u8>) -> Option<()> {
    cipher(key)?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), text).ok()
}

/// Opens it where it stands.
pub(super) fn unshut(key: &[u8], nonce: [u8; NONCE_BYTES], bound: &[u8], text: &mut Vec<u8>) -> Option<()> {
    let plain = cipher(key)?.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(bound), text).ok()?.len();
    text.truncate(plain);
    Some(())
}

fn cipher(key: &[u8]) -> Option<LessSafeKey> {
    Some(LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, key).ok()?))
}

fn key(purpose: &str, keys: &Keys) -> Option<Zeroizing<[u8; 32]>> {
    derive::derive(&*keys.data, purpose)
}

fn associated(head: &[u8], bound: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length = bound.iter().map(|part| 8 + part.len()).sum::<usize>();
    let mut all = Zeroizing::new(Vec::with_capacity(head.len() + length));
    all.extend_from_slice(head);
    for part in bound {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::ring::fixed;
    use data_encoding::HEXLOWER;

    #[test]
    fn the_cipher_is_that_of_rfc_8452() {
        // Appendix C.2, the second of AES-256.
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).expect("hex");
        let key = hex("0100000000000000000000000000000000000000000000000000000000000000");
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM_SIV, &key).expect("a key"));
        let mut text = hex("0100000000000000");
        let nonce = hex("030000000000000000000000").try_into().expect("12 bytes");
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text).expect("sealed");
        assert_eq!(HEXLOWER.encode(&text), "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28");
    }

    #[test]
    fn it_opens_for_whom_and_what_it_was_sealed() {
        let ring = fixed();
        let bound: [&[u8]; 3] = [b"basic:tanaka", b"", b"/customers/42"];
        let sealed = seal(ring.current(), "山田".as_bytes(), &bound).expect("sealed");
        assert_eq!(sealed.len(), HEAD_BYTES + NONCE_BYTES + "山田".len() + TAG_BYTES);
        assert_eq!(open(&ring, &sealed, &bound).map(|plain| plain.to_vec()), Some("山田".as_bytes().to_vec()));
        let others: [[&[u8]; 3]; 3] = [
            [b"basic:sato", b"", b"/customers/42"],
            // The same bytes in a row.
            [b"basic:tanaka/customers/42", b"", b""],
            [b"basic:tanaka", b"s", b"/customers/42"],
        ];
        assert!(others.iter().all(|bound| open(&ring, &sealed, bound).is_none()));
        for at in 0..sealed.len() {
            let mut other = sealed.clone();
            other[at] ^= 1;
            assert!(open(&ring, &other, &bound).is_none(), "byte {at}");
            assert!(open(&ring, &sealed[..at], &bound).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn older_keys_still_open_and_no_two_are_alike() {
        let mut older = fixed();
        older.truncate(1);
        let sealed = seal(older.current(), b"x", &[]).expect("sealed");
        assert_eq!(open(&fixed(), &sealed, &[]).map(|plain| plain.to_vec()), Some(b"x".to_vec()));
        assert_ne!(seal(older.current(), b"x", &[]), Some(sealed));
    }
}
