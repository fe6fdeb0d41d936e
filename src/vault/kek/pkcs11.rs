//! The key-encryption key in a hardware security module or a smart card, reached by PKCS #11 (OASIS, 2.40 and later): an
//! AES key of 256 bits that never leaves the token. It wraps with AES-256-GCM (`CKM_AES_GCM`) under a nonce drawn by
//! chance, which stands before what was wrapped.
//!
//! A module is initialised once a process, as the standard asks, and kept. A PIN that a token refused is not tried again,
//! and none where the token says that it is the last try: it would lock. What a module waits for, its caller waits for.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::rand;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use zeroize::Zeroizing;

use crate::vault::kek::uri::Uri;
use crate::vault::kek::{KEK_BYTES, KekError, Wrap};
use crate::vault::page::NONCE_BYTES;

const TAG_BITS: u64 = 128;

/// What this process has of modules.
static KNOWN: Mutex<Known> = Mutex::new(Known { modules: Vec::new(), refused: Vec::new() });

struct Known {
    modules: Vec<(PathBuf, Pkcs11)>,
    /// Where a PIN was refused.
    refused: Vec<Uri>,
}

/// A key in a token, with a session that is logged in.
pub struct TokenKey {
    id: String,
    token: String,
    session: Mutex<Session>,
    key: ObjectHandle,
}

/// The key that is there.
pub fn open(uri: &Uri) -> Result<TokenKey, KekError> {
    let mut known = locked(&KNOWN);
    if known.refused.contains(uri) {
        return Err(KekError::Pin(uri.token.clone()));
    }
    let module = known.module(&uri.module)?;
    let failed = |error| device(uri, &error);
    let slot = slot(&module, uri)?;
    // Whatever starts a gateway anew may do so again and again.
    if module.get_token_info(slot).map_err(failed)?.user_pin_final_try() {
        return Err(KekError::LastTry(uri.token.clone()));
    }
    let session = module.open_ro_session(slot).map_err(failed)?;
    let no_pin = |_| KekError::NoPin { token: uri.token.clone(), source: uri.pin.to_string() };
    let pin = AuthPin::from(uri.pin.text().map_err(no_pin)?.trim_end_matches(['\r', '\n']).to_owned());
    match session.login(UserType::User, Some(&pin)) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
        Err(Error::Pkcs11(
            RvError::PinIncorrect | RvError::PinLocked | RvError::PinInvalid | RvError::PinLenRange,
            _,
        )) => {
            known.refused.push(uri.clone());
            return Err(KekError::Pin(uri.token.clone()));
        }
        Err(error) => return Err(failed(error)),
    }
    let key = key(&session, uri)?;
    Ok(TokenKey { id: uri.id(), token: uri.token.clone(), session: Mutex::new(session), key })
}

impl Known {
    fn module(&mut self, path: &Path) -> Result<Pkcs11, KekError> {
        if let Some((_, module)) = self.modules.iter().find(|(at, _)| at == path) {
            return Ok(module.clone());
        }
        let failed = |error: Error| KekError::Module { path: path.to_owned(), told: error.to_string() };
        let module = Pkcs11::new(path).map_err(failed)?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        self.modules.push((path.to_owned(), module.clone()));
        Ok(module)
    }
}

/// Where the token is: one that is called so, and no other.
fn slot(module: &Pkcs11, uri: &Uri) -> Result<Slot, KekError> {
    let slots = module.get_slots_with_initialized_token().map_err(|error| device(uri, &error))?;
    let is_it = |slot: &Slot| module.get_token_info(*slot).is_ok_and(|token| token.label() == uri.token);
    match slots.into_iter().filter(is_it).collect::<Vec<_>>()[..] {
        [slot] => Ok(slot),
        ref slots => Err(KekError::Tokens { module: uri.module.clone(), token: uri.token.clone(), found: slots.len() }),
    }
}

/// The key: one that is called so and fit, and no other.
fn key(session: &Session, uri: &Uri) -> Result<ObjectHandle, KekError> {
    let wanted = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Label(uri.object.as_bytes().to_vec()),
        Attribute::ValueLen((KEK_BYTES as u64).into()),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    let keys = session.find_objects(&wanted).map_err(|error| device(uri, &error))?;
    match keys[..] {
        [key] => Ok(key),
        _ => {
            let (token, object) = (uri.token.clone(), uri.object.clone());
            Err(KekError::Objects { token, object, found: keys.len() })
        }
    }
}

impl Wrap for TokenKey {
    fn id(&self) -> String {
        self.id.clone()
    }

    fn wrap(&self, plain: &[u8], bound: &[u8]) -> Result<Vec<u8>, KekError> {
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut nonce).map_err(|_| KekError::Chance)?;
        let wrapped = {
            let params = GcmParams::new(&mut nonce, bound, TAG_BITS.into()).map_err(|error| self.failed(&error))?;
            let mechanism = Mechanism::AesGcm(params);
            locked(&self.session).encrypt(&mechanism, self.key, plain).map_err(|error| self.failed(&error))?
        };
        // After it: a token that draws nonces itself has put its own there.
        Ok([&nonce[..], &wrapped].concat())
    }

    fn unwrap(&self, wrapped: &[u8], bound: &[u8]) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let (nonce, text) = wrapped.split_first_chunk::<NONCE_BYTES>().ok_or(KekError::Sealed)?;
        let mut nonce = *nonce;
        let params = GcmParams::new(&mut nonce, bound, TAG_BITS.into()).map_err(|error| self.failed(&error))?;
        let mechanism = Mechanism::AesGcm(params);
        match locked(&self.session).decrypt(&mechanism, self.key, text) {
            Ok(plain) => Ok(Zeroizing::new(plain)),
            Err(Error::Pkcs11(error, _)) if tells_of_what_was_wrapped(error) => Err(KekError::Sealed),
            Err(error) => Err(self.failed(&error)),
        }
    }
}

impl TokenKey {
    fn failed(&self, error: &Error) -> KekError {
        KekError::Device { token: self.token.clone(), told: error.to_string() }
    }
}

/// Whether a token means the text and not itself. The standard knows `CKR_ENCRYPTED_DATA_INVALID`; tokens also say the
/// others of a tag that is wrong.
fn tells_of_what_was_wrapped(error: RvError) -> bool {
    matches!(
        error,
        RvError::EncryptedDataInvalid
            | RvError::EncryptedDataLenRange
            | RvError::DataInvalid
            | RvError::DataLenRange
            | RvError::FunctionFailed
            | RvError::GeneralError
    )
}

fn device(uri: &Uri, error: &Error) -> KekError {
    KekError::Device { token: uri.token.clone(), told: error.to_string() }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
