//! An identity provider of the tests' own: keys made anew in each run, and tokens signed with them.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use aws_lc_rs::{hmac, rsa, signature};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// The time in cases whose clock stands still.
pub const NOW: i64 = 1_800_000_000;

/// All keys; the last is published nowhere.
pub static SIGNERS: LazyLock<[Signer; 5]> =
    LazyLock::new(|| [Signer::rsa("r1"), Signer::ec("e1"), Signer::ed("d1"), Signer::ed("d2"), Signer::ed("stranger")]);

enum Key {
    Rsa(signature::RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key with its name.
pub struct Signer {
    pub kid: &'static str,
    key: Key,
}

impl Signer {
    fn rsa(kid: &'static str) -> Signer {
        Signer { kid, key: Key::Rsa(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key")) }
    }

    fn ec(kid: &'static str) -> Signer {
        Signer { kid, key: Key::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key")) }
    }

    fn ed(kid: &'static str) -> Signer {
        Signer { kid, key: Key::Ed(Ed25519KeyPair::generate().expect("a key")) }
    }

    /// The key of this name.
    pub fn named(kid: &str) -> &'static Signer {
        SIGNERS.iter().find(|signer| signer.kid == kid).expect("a signer")
    }

    pub fn alg(&self) -> &'static str {
        match self.key {
            Key::Rsa(_) => "RS256",
            Key::Ec(_) => "ES256",
            Key::Ed(_) => "EdDSA",
        }
    }

    pub fn jwk(&self) -> Value {
        let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        match &self.key {
            Key::Rsa(key) => {
                let (n, e) = (key.public_key().modulus(), key.public_key().exponent());
                let (n, e) = (text(n.big_endian_without_leading_zero()), text(e.big_endian_without_leading_zero()));
                json!({ "kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256", "n": n, "e": e })
            }
            Key::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "kid": self.kid, "x": text(&point[1..33]), "y": text(&point[33..]) })
            }
            Key::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": self.kid, "use": "sig", "x": text(key.public_key().as_ref()) })
            }
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("signed");
                signature
            }
            Key::Ec(key) => key.sign(&random, message).expect("signed").as_ref().to_vec(),
            Key::Ed(key) => key.sign(message).as_ref().to_vec(),
        }
    }
}

/// A JWKS of these keys.
pub fn jwks(kids: &[&str]) -> String {
    json!({ "keys": kids.iter().map(|kid| Signer::named(kid).jwk()).collect::<Vec<_>>() }).to_string()
}

/// A token. `how` is a key's name, `NAME!` for a broken signature, `NAME~` for claims changed after
/// signing, `none` for no signature and `hmac:NAME` for one with the public key as a shared secret.
/// Header and claims are put over the usual ones; `null` takes a member out, and a text in place of
/// an object is taken as it is.
pub fn token(how: &str, header: &str, claims: &str, now: i64) -> String {
    let plain = how.trim_end_matches(['!', '~']).trim_start_matches("hmac:");
    let (alg, kid) = SIGNERS.iter().find(|signer| signer.kid == plain).map_or(("none", ""), |own| (own.alg(), own.kid));
    let alg = if how.starts_with("hmac:") { "HS256" } else { alg };
    let head = over(json!({ "alg": alg, "kid": kid }), header);
    let usual = json!({
        "iss": "https://id.example", "aud": "crm", "sub": "tanaka", "exp": now + 300, "groups": ["crm-support"],
    });
    let claims = over(usual, claims);
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let message = format!("{}.{}", encode(&head), encode(&claims));
    let mut signature = match how {
        "none" => Vec::new(),
        _ if how.starts_with("hmac:") => {
            let secret = Signer::named(plain).jwk()["n"].as_str().expect("a modulus").to_owned();
            let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).expect("base64");
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes()).as_ref().to_vec()
        }
        _ => Signer::named(plain).sign(message.as_bytes()),
    };
    if how.ends_with('!') {
        signature[7] ^= 1;
    }
    let message = match how.ends_with('~') {
        true => format!("{}.{}", encode(&head), encode(&claims.replace("tanaka", "sato"))),
        false => message,
    };
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature))
}

fn over(mut usual: Value, more: &str) -> String {
    if let Some(raw) = more.strip_prefix("raw:") {
        return raw.to_owned();
    }
    let more: Value = serde_json::from_str(more).unwrap_or_else(|error| panic!("{more}: {error}"));
    let members = usual.as_object_mut().expect("an object");
    for (name, value) in more.as_object().expect("an object") {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    usual.to_string()
}
