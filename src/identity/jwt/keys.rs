//! The identity provider's public keys (JWKS, RFC 7517): which are taken, and how long they count.
//!
//! A key is bound to the one algorithm that its own type allows. Keys for other uses, of other
//! sorts and secret ones are not taken. Where the keys come from is read elsewhere; here stands
//! what is known of them and since when.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;

use crate::identity::json;
use crate::identity::jwt::token::Token;

/// How long a JWKS may be.
pub const KEYS_BYTES: usize = 256 << 10;

/// How many keys a JWKS may hold.
const KEYS: usize = 100;

/// The algorithms that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys from 2048 bits on.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Alg {
    /// Every algorithm with its name.
    pub const ALL: [(&'static str, Alg); 3] = [("RS256", Alg::Rs256), ("ES256", Alg::Es256), ("EdDSA", Alg::EdDsa)];

    /// The algorithm of a name.
    pub fn of(name: &str) -> Option<Alg> {
        Alg::ALL.into_iter().find(|(own, _)| *own == name).map(|(_, alg)| alg)
    }

    fn wide(self) -> Algorithm {
        match self {
            Alg::Rs256 => Algorithm::RS256,
            Alg::Es256 => Algorithm::ES256,
            Alg::EdDsa => Algorithm::EdDSA,
        }
    }
}

/// A public key and the only thing that it may be used for.
pub struct Key {
    kid: Option<String>,
    alg: Alg,
    key: DecodingKey,
}

impl Key {
    /// Whether this key has signed the token.
    pub fn signed(&self, token: &Token<'_>) -> bool {
        crypto::verify(token.signature, token.message.as_bytes(), &self.key, self.alg.wide()).unwrap_or(false)
    }
}

/// The keys of a JWKS that can sign tokens.
pub struct KeySet(Vec<Key>);

impl KeySet {
    /// Reads a JWKS. An error is what is wrong with the whole of it.
    pub fn parse(text: &[u8]) -> Result<KeySet, &'static str> {
        let set = json::read(text).ok_or("it is no JSON, or a member stands twice")?;
        let all = set.get("keys").and_then(Value::as_array).ok_or("it has no list `keys`")?;
        if all.len() > KEYS {
            return Err("it has too many keys");
        }
        if all.iter().any(|key| key.get("d").is_some()) {
            return Err("it holds a private key, which nobody but the identity provider may have");
        }
        let keys: Vec<Key> = all.iter().filter_map(key).collect();
        if keys.is_empty() {
            return Err("it has no key for RS256, ES256 or EdDSA");
        }
        let same = |a: &Key, b: &Key| a.kid.is_some() && a.kid == b.kid && a.alg == b.alg;
        if keys.iter().enumerate().any(|(at, a)| keys[at + 1..].iter().any(|b| same(a, b))) {
            return Err("two of its keys have the same `kid`");
        }
        Ok(KeySet(keys))
    }

    /// The key of this name for this algorithm; without a name, the only one for the algorithm.
    pub fn find(&self, alg: Alg, kid: Option<&str>) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| key.alg == alg);
        match kid {
            Some(kid) => fitting.find(|key| key.kid.as_deref() == Some(kid)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

/// A key that may check signatures. What is not understood is left out, as the standard asks.
fn key(jwk: &Value) -> Option<Key> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let (alg, names, key) = match (text("kty")?, text("crv")) {
        ("RSA", None) => (Alg::Rs256, &["RS256"][..], DecodingKey::from_rsa_components(text("n")?, text("e")?)),
        ("EC", Some("P-256")) => (Alg::Es256, &["ES256"][..], DecodingKey::from_ec_components(text("x")?, text("y")?)),
        ("OKP", Some("Ed25519")) => {
            (Alg::EdDsa, &["EdDSA", "Ed25519"][..], DecodingKey::from_ed_components(text("x")?))
        }
        _ => return None,
    };
    let named = |name: &str, words: &[&str]| match jwk.get(name) {
        None => true,
        Some(value) => value.as_str().is_some_and(|value| words.contains(&value)),
    };
    let verifies = match jwk.get("key_ops") {
        None => true,
        Some(all) => all.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")),
    };
    let kid = match jwk.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str()?.to_owned()),
    };
    (named("alg", names) && named("use", &["sig"]) && verifies).then_some(())?;
    Some(Key { kid, alg, key: key.ok()? })
}

/// Where the keys are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Url(Url),
}

/// An address that keys are fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether it is `https:`.
    pub secure: bool,
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// Who must have issued the server's certificate, if not one of those that the system trusts.
    pub ca: Option<PathBuf>,
}

/// The provider's keys as far as they are known.
pub struct Kept {
    /// Where they come from.
    pub place: Place,
    /// How often they are read anew.
    pub refresh: Duration,
    /// How long they count when they cannot be read anew.
    pub stale: Duration,
    /// When they were last sought, in vain or not; held while they are.
    pub sought: tokio::sync::Mutex<Option<Instant>>,
    held: RwLock<Option<(Arc<KeySet>, Instant)>>,
    /// Why they could not be read the last time.
    wrong: Mutex<Option<String>>,
}

impl Kept {
    /// Keys that are not known yet.
    pub fn new(place: Place, refresh: Duration, stale: Duration) -> Kept {
        Kept {
            place,
            refresh,
            stale,
            sought: tokio::sync::Mutex::new(None),
            held: RwLock::new(None),
            wrong: Mutex::new(None),
        }
    }

    /// Notes why they could not be read; tells whether that is news.
    pub fn failed(&self, why: &str) -> bool {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.replace(why.to_owned()).as_deref() != Some(why)
    }

    /// Takes what was read; the keys before are forgotten.
    pub fn hold(&self, keys: KeySet) {
        *self.wrong.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some((Arc::new(keys), Instant::now()));
    }

    /// The keys, unless they are older than they may be.
    pub fn fresh(&self) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(_, since)| since.elapsed() <= self.stale).map(|(keys, _)| Arc::clone(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn parsed(keys: &[String]) -> Result<usize, &'static str> {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).map(|set| set.0.len())
    }

    #[test]
    fn only_keys_that_check_signatures_are_taken() {
        let with = |more: &str| format!("{{{ED}{more}}}");
        for good in ["", r#","use":"sig""#, r#","alg":"EdDSA""#, r#","alg":"Ed25519""#, r#","key_ops":["verify"]"#] {
            assert_eq!(parsed(&[with(good)]), Ok(1), "{good}");
        }
        for bad in [r#","use":"enc""#, r#","alg":"HS256""#, r#","key_ops":["encrypt"]"#, r#","kid":7"#, r#","use":1"#] {
            assert_eq!(parsed(&[with(bad)]), Err("it has no key for RS256, ES256 or EdDSA"), "{bad}");
        }
        assert_eq!(parsed(&[r#"{"kty":"oct","k":"c2VjcmV0"}"#.into(), with("")]), Ok(1));
        assert!(parsed(&[with(r#","d":"x""#)]).is_err_and(|why| why.contains("private")));
        assert!(parsed(&[with(r#","kid":"a""#), with(r#","kid":"a""#)]).is_err_and(|why| why.contains("same")));
        assert_eq!(parsed(&[with(r#","kid":"a""#), with(r#","kid":"b""#)]), Ok(2));
    }

    #[test]
    fn a_token_without_a_kid_fits_the_only_key_of_its_algorithm() {
        let set = |kids: &[&str]| {
            let keys: Vec<String> = kids.iter().map(|kid| format!("{{{ED},\"kid\":\"{kid}\"}}")).collect();
            KeySet::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes()).expect("keys")
        };
        assert!(set(&["a"]).find(Alg::EdDsa, None).is_some());
        assert!(set(&["a", "b"]).find(Alg::EdDsa, None).is_none());
        assert!(set(&["a", "b"]).find(Alg::EdDsa, Some("b")).is_some());
        assert!(set(&["a", "b"]).find(Alg::EdDsa, Some("c")).is_none());
        assert!(set(&["a"]).find(Alg::Rs256, Some("a")).is_none(), "a key is for its own algorithm");
    }

    #[test]
    fn keys_that_are_too_old_do_not_count() {
        let kept = |stale| Kept::new(Place::File("x".into()), Duration::ZERO, stale);
        let set = || KeySet::parse(format!("{{\"keys\":[{{{ED}}}]}}").as_bytes()).expect("keys");
        let long = kept(Duration::from_secs(3600));
        assert!(long.fresh().is_none());
        long.hold(set());
        assert!(long.fresh().is_some());
        let none = kept(Duration::ZERO);
        none.hold(set());
        // Any time at all has passed by the next look.
        while none.fresh().is_some() {}
    }
}
