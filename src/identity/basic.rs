//! `basic:` names and passwords (RFC 7617), checked against argon2id hashes in users.yaml.
//!
//! Browsers send the password with every request and argon2 is slow on purpose, so a password that
//! was right is remembered for a while as a keyed hash that is worth nothing outside this process.
//! One that is not remembered becomes an `Attempt`, which `serve` checks away from the threads that
//! answer, a few at a time.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use argon2::{Argon2, PasswordHash, PasswordVerifier};
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64;
use http::HeaderMap;

use crate::identity::file::Watched;
use crate::identity::turns::Turns;
use crate::identity::{Found, authorization, name, refused};
use crate::terms::refusal::Refusal;
use crate::terms::secret::Secret;
use crate::terms::staff::Staff;

/// How many right passwords are remembered.
const REMEMBERED: usize = 10_000;

/// How long a credential may be.
const CREDENTIAL_BYTES: usize = 1024;

/// How many passwords may wait to be checked.
const WAITING: usize = 64;

/// A user of users.yaml.
pub struct User {
    /// The password's hash in PHC form: `$argon2id$…`.
    pub password: Secret,
    /// The groups, which give roles.
    pub groups: Vec<String>,
    /// What rules may ask of them.
    pub attributes: BTreeMap<String, String>,
}

/// Names and passwords.
pub struct Basic {
    /// The users.
    pub users: Watched<HashMap<String, User>>,
    /// The key under which right passwords are remembered.
    key: hmac::Key,
    remembered: Mutex<HashMap<String, hmac::Tag>>,
    /// Half of the processors check passwords at most, so that the others can answer.
    pub turns: Turns,
}

/// A password that is not remembered, and what it has to fit.
pub struct Attempt {
    name: String,
    hash: String,
    password: Secret,
    tag: hmac::Tag,
}

impl Attempt {
    /// Whether the password fits. This takes long on purpose, and some 20 MB.
    pub fn fits(&self) -> bool {
        let hash = PasswordHash::new(&self.hash);
        hash.is_ok_and(|hash| Argon2::default().verify_password(self.password.0.as_bytes(), &hash).is_ok())
    }
}

impl Basic {
    /// The users of a file; `key` is made by chance at each start.
    pub fn new(users: Watched<HashMap<String, User>>, key: [u8; 32]) -> Basic {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let turns = Turns::new((processors / 2).max(1), WAITING);
        Basic { users, key, remembered: Mutex::default(), turns }
    }

    /// Staff, if a name and a remembered password stand there; an attempt, if another does.
    pub fn find(&self, headers: &HeaderMap) -> Result<Found, Refusal> {
        let Some(encoded) = authorization(headers, "basic")? else { return Ok(Found::Nothing) };
        let (name, password) = credential(encoded)?;
        let users = self.users.get();
        let known = users.get(&name);
        // Somebody's hash in the place of nobody's: an unknown name takes as long as a wrong password.
        let hash = known.or_else(|| users.values().next()).map_or("", |user| user.password.0.as_str());
        // The stored hash is part of what is remembered: a changed password is asked for again.
        let tag = hmac::sign(&self.key, format!("{}\0{name}\0{hash}\0{}", name.len(), password.0).as_bytes());
        match known {
            Some(user) if self.is_remembered(&name, &tag) => Ok(Found::Staff(staff(name, user))),
            _ => Ok(Found::Password(Attempt { hash: hash.to_owned(), name, password, tag })),
        }
    }

    /// Staff of an attempt that was found to fit or not.
    pub fn settle(&self, attempt: Attempt, fits: bool) -> Result<Staff, Refusal> {
        match self.users.get().get(&attempt.name) {
            // The password may have been changed while it was checked.
            Some(user) if fits && user.password.0 == attempt.hash => {
                self.remember(&attempt.name, attempt.tag);
                Ok(staff(attempt.name.clone(), user))
            }
            _ => Err(refused("the name or the password is wrong")),
        }
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

fn staff(user: String, known: &User) -> Staff {
    Staff { attributes: known.attributes.clone(), ..Staff::new("basic", user, known.groups.clone()) }
}

fn credential(encoded: &[u8]) -> Result<(String, Secret), Refusal> {
    let bad = || refused("the basic credential cannot be read");
    if encoded.len() > CREDENTIAL_BYTES {
        return Err(bad());
    }
    let decoded = BASE64.decode(encoded.trim_ascii()).map_err(|_| bad())?;
    let text = String::from_utf8(decoded).map_err(|_| bad())?;
    let (user, password) = text.split_once(':').ok_or_else(bad)?;
    let user = name::user(user).ok_or_else(bad)?;
    Ok((user.to_owned(), Secret(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher;
    use http::HeaderValue;
    use http::header::AUTHORIZATION;

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
        let user = User { password: Secret(hash), groups: vec!["crm-support".into()], attributes: BTreeMap::new() };
        let users = HashMap::from([("tanaka".to_owned(), user)]);
        let none = |_: &str| Err("nothing is read here".to_owned());
        Basic::new(Watched::new("users.yaml".into(), "", users, Box::new(none)), [7; 32])
    }

    fn asked(credential: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", BASE64.encode(credential.as_bytes()));
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&value).expect("ascii"));
        headers
    }

    /// As `serve` does it, but in place.
    fn found(source: &Basic, headers: &HeaderMap) -> Result<Staff, Refusal> {
        match source.find(headers)? {
            Found::Staff(staff) => Ok(staff),
            Found::Password(attempt) => {
                let fits = attempt.fits();
                source.settle(attempt, fits)
            }
            _ => panic!("a credential is there"),
        }
    }

    #[test]
    fn the_right_password_is_found_again_and_a_wrong_one_never() {
        let source = source();
        for _ in 0..2 {
            assert!(found(&source, &asked("tanaka:right")).is_ok());
            assert!(found(&source, &asked("tanaka:wrong")).is_err());
            assert!(found(&source, &asked("nobody:right")).is_err());
        }
    }

    #[test]
    fn only_a_right_password_is_remembered() {
        let source = source();
        let is_slow = |credential| matches!(source.find(&asked(credential)), Ok(Found::Password(_)));
        assert!(is_slow("tanaka:right") && is_slow("tanaka:wrong") && is_slow("nobody:right"));
        assert!(found(&source, &asked("tanaka:right")).is_ok() && found(&source, &asked("tanaka:wrong")).is_err());
        assert!(!is_slow("tanaka:right") && is_slow("tanaka:wrong") && is_slow("nobody:right"));
    }

    #[test]
    fn other_schemes_are_somebody_elses() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
        assert!(matches!(source().find(&headers), Ok(Found::Nothing)));
    }

    #[test]
    fn a_credential_that_cannot_be_read_is_refused() {
        for bad in ["Basic !!!", "Basic dGFuYWth", "basic  ", "Basic"] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(bad));
            assert!(source().find(&headers).is_err(), "{bad}");
        }
    }
}
