//! A key-encryption key that this process holds itself: AES-256-GCM-SIV (RFC 8452) under a nonce drawn by chance,
//! which stands before what was wrapped.

use aws_lc_rs::rand;
use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

use crate::vault::derive::{self, KEK_ID};
use crate::vault::kek::{KEK_BYTES, KekError, Wrap};
use crate::vault::page::{self, NONCE_BYTES};

/// A key that is here. There is no way to print it.
pub struct LocalKey(Zeroizing<[u8; KEK_BYTES]>);

impl LocalKey {
    /// A new key.
    pub fn draw() -> Result<LocalKey, KekError> {
        let mut key = Zeroizing::new([0; KEK_BYTES]);
        rand::fill(&mut *key).map_err(|_| KekError::Chance)?;
        Ok(LocalKey(key))
    }

    /// The key that a text holds: 32 bytes in base64, with or without the end of a line.
    pub fn parse(text: &str) -> Option<LocalKey> {
        let bytes = Zeroizing::new(BASE64.decode(text.trim().as_bytes()).ok()?);
        Some(LocalKey(Zeroizing::new(bytes.as_slice().try_into().ok()?)))
    }

    /// These bytes as a key.
    pub fn of(key: Zeroizing<[u8; KEK_BYTES]>) -> LocalKey {
        LocalKey(key)
    }

    /// The key as it stands in a file.
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(BASE64.encode_len(KEK_BYTES) + 1));
        BASE64.encode_append(&*self.0, &mut text);
        text.push('\n');
        text
    }
}

impl Wrap for LocalKey {
    fn id(&self) -> String {
        let id = derive::derive::<8>(&*self.0, KEK_ID).unwrap_or_default();
        format!("local {}", HEXLOWER.encode(&*id))
    }

    fn wrap(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, KekError> {
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce).map_err(|_| KekError::Chance)?;
        // Room for the tag at once: a buffer that moves would leave the key behind it.
        let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + page::TAG_BYTES));
        text.extend_from_slice(plain);
        page::shut(&*self.0, nonce, bound, &mut text).ok_or(KekError::Chance)?;
        Ok([&nonce[..], &text].concat())
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let (nonce, text) = wrapped.split_first_chunk::<NONCE_BYTES>().ok_or(KekError::Sealed)?;
        let mut text = Zeroizing::new(text.to_vec());
        page::unshut(&*self.0, *nonce, bound, &mut text).ok_or(KekError::Sealed)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrapped_opens_under_its_key_and_for_what_it_is() {
        let (key, other) = (LocalKey::draw().expect("a key"), LocalKey::draw().expect("a key"));
        let wrapped = key.wrap(b"secret", b"key 1").expect("wrapped");
        assert_eq!(key.unwrap(&wrapped, b"key 1").expect("unwrapped").as_slice(), b"secret");
        assert!(matches!(key.unwrap(&wrapped, b"key 2"), Err(KekError::Sealed)));
        assert!(matches!(other.unwrap(&wrapped, b"key 1"), Err(KekError::Sealed)));
        for at in 0..wrapped.len() {
            let mut bent = wrapped.clone();
            bent[at] ^= 1;
            assert!(key.unwrap(&bent, b"key 1").is_err() && key.unwrap(&wrapped[..at], b"key 1").is_err(), "{at}");
        }
        assert_ne!(key.id(), other.id());
        assert_eq!(LocalKey::parse(&key.text()).expect("a key").id(), key.id());
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in ["", "AAAA", "not base64", &"A".repeat(64)] {
            assert!(LocalKey::parse(text).is_none(), "{text}");
        }
    }
}
