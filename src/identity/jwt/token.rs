//! A token's three parts, read so that they mean one thing only.
//!
//! A member that stands twice would mean one thing to the gateway and another to the provider, so
//! it is refused, in the header and in the claims alike.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

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
    match json(&bytes)? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// JSON in which no member stands twice.
pub(super) fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Once>(bytes).ok().map(|once| once.0)
}

struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Once, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Once)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some((name, Once(value))) = members.next_entry::<String, Once>()? {
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_stands_once_at_every_depth() {
        assert!(json(br#"{"a":{"b":[1,-2,1.5,"x",null,true]}}"#).is_some());
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#, "{", r#"{"a":1}{"#] {
            assert!(json(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
