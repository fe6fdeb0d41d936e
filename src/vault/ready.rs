//! A cipher whose key is set up, for whoever seals one token after another: setting up AES takes as long as sealing a
//! short value. One is kept; whoever comes while another has it sets up its own and waits for nobody.

use std::sync::{Mutex, TryLockError};

use aes_siv::siv::Aes256Siv;

use crate::vault::ring::Keys;
use crate::vault::seal;

/// The cipher of the last version of the keys that was asked for.
#[derive(Default)]
pub struct Ready(Mutex<Option<(u16, Aes256Siv)>>);

impl Ready {
    /// Works with the cipher of these keys. Each sealing leaves it as it was.
    pub fn with<T>(&self, keys: &Keys, work: impl FnOnce(&mut Aes256Siv) -> T) -> T {
        let mut kept = match self.0.try_lock() {
            Ok(kept) => kept,
            // Nobody knows how far who had it came.
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => return work(&mut seal::siv(&keys.data)),
        };
        let (_, mut cipher) = match kept.take() {
            Some((version, cipher)) if version == keys.version => (version, cipher),
            _ => (keys.version, seal::siv(&keys.data)),
        };
        let done = work(&mut cipher);
        *kept = Some((keys.version, cipher));
        done
    }
}
