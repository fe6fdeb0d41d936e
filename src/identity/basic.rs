//! `basic:` names and passwords (RFC 7617), checked against argon2id hashes in users.yaml.
//!
//! Browsers send the password with every request and argon2 is slow on purpose, so a password that
//! was right is remembered for a while as a keyed hash that is worth nothing outside this process.

use std::collections::HashMap;
use std::sync::Mutex;

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64;
use http::{HeaderMap, header::AUTHORIZATION};

use crate::identity::{Found, refused};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;

/// How many right passwords are remembered.
const REMEMBERED: usize = 10_000;

/// How long a credential may be.
const CREDENTIAL_BYTES: usize = 1024;

/// A user of users.yaml.
pub struct User {
    /// The password's hash in PHC form: `$argon2id$…`.
    pub password: Secret,
    /// The groups, which give roles.
    pub groups: Vec<String>,
}

/// Names and passwords.
pub struct Basic {
    users: HashMap<String, User>,
    /// The key under which right passwords are remembered.
    key: hmac::Key,
    remembered: Mutex<HashMap<String, hmac::Tag>>,
    /// A hash that no password fits, so that an unknown name takes as long as a wrong password.
    nobody: String,
}

impl Basic {
    /// The users of a file; `key` is made by chance at each start.
    pub fn new(users: HashMap<String, User>, key: [u8; 32]) -> Basic {
        let nobody = users.values().next().map_or_else(String::new, |user| user.password.0.clone());
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Basic { users, key, remembered: Mutex::default(), nobody }
    }

    /// Staff, if a name and its right password stand there.
    pub fn find(&self, headers: &HeaderMap) -> Result<Found, Refusal> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Found::Nothing) };
        if values.next().is_some() {
            return Err(Refusal::new(Reason::Ambiguous, "`Authorization` stands twice"));
        }
        let Some(encoded) = scheme(value.as_bytes()) else { return Ok(Found::Nothing) };
        let (user, password) = credential(encoded)?;
        let known = self.users.get(&user);
        if !self.fits(&user, known, &password) {
            return Err(refused("the name or the password is wrong"));
        }
        let groups = known.map(|user| user.groups.clone()).unwrap_or_default();
        Ok(Found::Staff(Staff { source: "basic", user, groups }))
    }

    /// Takes the credential out; one of another scheme is the CRM's.
    pub fn strip(&self, headers: &mut HeaderMap) {
        if headers.get(AUTHORIZATION).is_some_and(|value| scheme(value.as_bytes()).is_some()) {
            headers.remove(AUTHORIZATION);
        }
    }

    fn fits(&self, name: &str, user: Option<&User>, password: &Secret) -> bool {
        let hash = user.map_or(self.nobody.as_str(), |user| user.password.0.as_str());
        // The stored hash is part of what is remembered: a changed password is asked for again.
        let tag = hmac::sign(&self.key, format!("{}\0{name}\0{hash}\0{}", name.len(), password.0).as_bytes());
        if user.is_some() && self.is_remembered(name, &tag) {
            return true;
        }
        let right = verify(hash, password) && user.is_some();
        if right {
            self.remember(name, tag);
        }
        right
    }

    fn is_remembered(&self, name: &str, tag: &hmac::Tag) -> bool {
        let remembered = self.remembered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = remembered.get(name);
        known.is_some_and(|known| constant_time::verify_slices_are_equal(known.as_ref(), tag.as_ref()).is_ok())
    }

    fn remember(&self, name: &str, tag: hmac::Tag) {
        let mut remembered = self.remembered.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(name.to_owned(), tag);
    }
}

/// Whether a text is a hash that passwords can be checked against.
pub fn is_hash(text: &str) -> bool {
    let whole = |hash: PasswordHash| hash.salt.is_some() && hash.hash.is_some();
    text.starts_with("$argon2id$") && PasswordHash::new(text).is_ok_and(whole)
}

fn verify(hash: &str, password: &Secret) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.0.as_bytes(), &hash).is_ok())
}

/// What follows `Basic `, the scheme's case not counting.
fn scheme(value: &[u8]) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"basic ";
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

fn credential(encoded: &[u8]) -> Result<(String, Secret), Refusal> {
    let bad = || refused("the basic credential cannot be read");
    if encoded.len() > CREDENTIAL_BYTES {
        return Err(bad());
    }
    let decoded = BASE64.decode(encoded.trim_ascii()).map_err(|_| bad())?;
    let text = String::from_utf8(decoded).map_err(|_| bad())?;
    let (user, password) = text.split_once(':').ok_or_else(bad)?;
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(bad());
    }
    Ok((user.to_owned(), Secret(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher;
    use http::HeaderValue;

    use super::*;

    fn source() -> Basic {
        let hash = Argon2::new(
            argon2::Algorithm::Argon2id,
            argon2::Version::V0x13,
            argon2::Params::new(8, 1, 1, None).expect("small"),
        )
        .hash_password_with_salt(b"right", b"somesaltsome")
        .expect("a hash")
        .to_string();
        assert!(is_hash(&hash));
        let user = User { password: Secret(hash), groups: vec!["crm-support".into()] };
        Basic::new(HashMap::from([("tanaka".to_owned(), user)]), [7; 32])
    }

    fn asked(credential: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", BASE64.encode(credential.as_bytes()));
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).expect("ascii"));
        headers
    }

    #[test]
    fn the_right_password_is_found_again_and_a_wrong_one_never() {
        let source = source();
        for _ in 0..2 {
            let found = source.find(&asked("tanaka:right")).map(|found| matches!(found, Found::Staff(_)));
            assert_eq!(found, Ok(true));
            assert!(source.find(&asked("tanaka:wrong")).is_err());
            assert!(source.find(&asked("nobody:right")).is_err());
        }
    }

    #[test]
    fn other_schemes_are_somebody_elses() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
        assert!(matches!(source().find(&headers), Ok(Found::Nothing)));
        source().strip(&mut headers);
        assert!(headers.contains_key(AUTHORIZATION));
        let mut headers = asked("tanaka:right");
        source().strip(&mut headers);
        assert!(headers.is_empty());
    }

    #[test]
    fn a_credential_that_cannot_be_read_is_refused() {
        for bad in ["Basic !!!", "Basic dGFuYWth", "basic  "] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(bad));
            assert!(source().find(&headers).is_err(), "{bad}");
        }
    }
}
