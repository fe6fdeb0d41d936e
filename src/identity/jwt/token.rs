//! A token's three parts, read so that they mean one thing only.
//!
//! A member that stands twice is refused, in the header and in the claims alike.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use crate::identity::json;

/// How long a token may be.
const TOKEN_BYTES: usize = 16 << 10;

/// What `typ` may say: other types are for other uses, though the same key signs them.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "rfc9068+jwt"];

/// A token whose header was read and whose claims were not.
pub struct Token<'t> {
    /// The algorithm that the header names.
    pub alg: String,
    /// The key that the header names.
    pub kid: Option<String>,
    /// What was signed.
    pub message: &'t str,
    /// The signature, still encoded.
    pub signature: &'t str,
    payload: &'t str,
}

impl<'t> Token<'t> {
    /// Reads the header of `header.claims.signature`.
    pub fn read(text: &'t [u8]) -> Result<Token<'t>, &'static str> {
        if text.len() > TOKEN_BYTES {
            return Err("the token is too long");
        }
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        let text = std::str::from_utf8(text).ok().filter(|text| text.as_bytes().iter().all(plain));
        let text = text.ok_or("the token is not one token")?;
        let (message, signature) = text.rsplit_once('.').ok_or("the token has too few parts")?;
        let (head, payload) = message.split_once('.').ok_or("the token has too few parts")?;
        if payload.contains('.') || signature.is_empty() {
            return Err("the token has too many parts or no signature");
        }
        let head = object(head).ok_or("the token's header cannot be read")?;
        if head.contains_key("crit") {
            return Err("the token asks for extensions that are not known here");
        }
        let text_of = |name: &str| match head.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err("a member of the token's header is no text"),
        };
        if let Some(kind) = text_of("typ")? {
            let kind = kind.to_ascii_lowercase();
            if !TYPES.contains(&kind.strip_prefix("application/").unwrap_or(&kind)) {
                return Err("the token is of another type");
            }
        }
        let alg = text_of("alg")?.ok_or("the token names no algorithm")?;
        Ok(Token { alg, kid: text_of("kid")?, message, signature, payload })
    }

    /// The claims; they mean something only once the signature was checked.
    pub fn claims(&self) -> Result<Value, &'static str> {
        object(self.payload).map(Value::Object).ok_or("the token's claims cannot be read")
    }
}

fn object(encoded: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64URL_NOPAD.decode(encoded.as_bytes()).ok()?;
    match json::read(&bytes)? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
