//! JSON that decides who somebody is, read so that it means one thing only.
//!
//! A member that stands twice means one thing to one reader and another to the next; and some take
//! `Login` for `login`. Where a name is at stake, neither is believed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::terms::place::{JsonPath, Step};

/// JSON in which no member stands twice.
pub fn read(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice::<Once>(bytes).ok().map(|once| once.0)
}

/// A member beside the way could be taken for one on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twice;

/// The text or the whole number at a place, if one stands there.
pub fn name_at(value: &Value, path: &JsonPath) -> Result<Option<String>, Twice> {
    Ok(match at(value, path)? {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
    })
}

/// What stands at a place of names and indexes.
pub fn at<'v>(value: &'v Value, path: &JsonPath) -> Result<Option<&'v Value>, Twice> {
    let mut at = value;
    for step in &path.steps {
        let next = match (step, at) {
            (Step::Name(name), Value::Object(members)) => {
                let alike = |own: &&String| own.to_lowercase() == name.to_lowercase();
                if members.keys().filter(alike).count() > 1 {
                    return Err(Twice);
                }
                members.get(name)
            }
            (Step::Index(index), Value::Array(items)) => items.get(*index),
            _ => None,
        };
        let Some(next) = next else { return Ok(None) };
        at = next;
    }
    Ok(Some(at))
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
        assert!(read(br#"{"a":{"b":[1,-2,1.5,"x",null,true]}}"#).is_some());
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"\u0062":2}]}"#, "{", r#"{"a":1}{"#] {
            assert!(read(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_name_stands_at_one_place() {
        let path = JsonPath::parse("$.user[0].login").expect("a path");
        let at = |text: &str| name_at(&read(text.as_bytes()).expect("json"), &path);
        assert_eq!(at(r#"{"user":[{"login":"tanaka"}]}"#), Ok(Some("tanaka".into())));
        assert_eq!(at(r#"{"user":[{"login":42}]}"#), Ok(Some("42".into())));
        for none in [
            r#"{"user":{"login":"x"}}"#,
            r#"{"user":[{"login":null}]}"#,
            r#"{"user":[]}"#,
            "[]",
            r#"{"user":[{"login":1.5}]}"#,
        ] {
            assert_eq!(at(none), Ok(None), "{none}");
        }
        for twice in [r#"{"user":[{"login":"a","Login":"b"}]}"#, r#"{"USER":[],"user":[{"login":"a"}]}"#] {
            assert_eq!(at(twice), Err(Twice), "{twice}");
        }
    }
}
