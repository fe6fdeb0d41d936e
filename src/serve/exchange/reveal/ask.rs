//! What is asked for: a token, or a kind of somebody's record, and what for.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::terms::refusal::{Reason, Refusal};

/// How long a name or an id may be.
const WORD_BYTES: usize = 1 << 10;

/// A question for a value.
pub(super) struct Ask {
    /// What is asked for.
    pub what: What,
    /// What for, as staff says.
    pub purpose: String,
}

/// What is asked for.
pub(super) enum What {
    /// What a token stands for; one of a domain is asked for with whose it is.
    Token {
        /// The token.
        token: String,
        /// The resource and the subject.
        of: Option<(String, String)>,
    },
    /// A kind of a subject, as a resource has it.
    Record {
        /// The resource.
        resource: String,
        /// The subject's id.
        subject: String,
        /// The kind.
        kind: String,
    },
}

/// How many values one question may ask for.
pub(super) const VALUES_MAX: usize = 100;

/// What a program sends: a question for one value, or for several with one purpose.
pub(super) enum Question {
    One(Ask),
    /// At least one, at most `VALUES_MAX`, all for the same purpose.
    Several(Vec<Ask>),
}

/// A question for several values as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentSeveral {
    purpose: String,
    values: Vec<Object<SentOne>>,
}

/// One of several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentOne {
    token: Option<String>,
    resource: Option<String>,
    subject: Option<String>,
    kind: Option<String>,
}

/// A question as it is sent. A name that stands twice could be read in two ways, and is an error of the reader's.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    purpose: String,
    token: Option<String>,
    resource: Option<String>,
    subject: Option<String>,
    kind: Option<String>,
}

impl Sent {
    /// Reads it out of the parameters of a page's address.
    pub(super) fn of(parameters: Vec<(String, String)>) -> Result<Sent, Refusal> {
        let [mut purpose, mut token, mut resource, mut subject, mut kind] = [const { None }; 5];
        for (name, value) in parameters {
            let place = match name.as_str() {
                "purpose" => &mut purpose,
                "token" => &mut token,
                "resource" => &mut resource,
                "subject" => &mut subject,
                "kind" => &mut kind,
                _ => return Err(odd("the address has a parameter that nobody knows")),
            };
            if place.replace(value).is_some() {
                return Err(odd("the address has a parameter twice"));
            }
        }
        let purpose = purpose.ok_or_else(|| odd("the address names no `purpose`"))?;
        Ok(Sent { purpose, token, resource, subject, kind })
    }
}

/// What is an object and nothing else: a list of what its members would be says nothing of them.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Object)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{}")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

impl Question {
    /// Reads a body. What is said of it holds nothing that stands in it.
    pub(super) fn read(body: &[u8]) -> Result<Question, Refusal> {
        if let Ok(Object(sent)) = serde_json::from_slice::<Object<Sent>>(body) {
            return Ask::of(sent).map(Question::One);
        }
        let sent = serde_json::from_slice::<Object<SentSeveral>>(body);
        let Object(SentSeveral { purpose, values }) =
            sent.map_err(|_| odd("the body is no JSON object with `purpose` and what is to be revealed"))?;
        if values.is_empty() || values.len() > VALUES_MAX {
            return Err(odd(&format!("`values` names one value at least, and at most {VALUES_MAX}")));
        }
        let ask = |Object(SentOne { token, resource, subject, kind })| {
            Ask::of(Sent { purpose: purpose.clone(), token, resource, subject, kind })
        };
        values.into_iter().map(ask).collect::<Result<_, _>>().map(Question::Several)
    }
}

impl Ask {
    /// Understands what was sent.
    pub(super) fn of(sent: Sent) -> Result<Ask, Refusal> {
        let Sent { purpose, token, resource, subject, kind } = sent;
        let words = [Some(&purpose), resource.as_ref(), subject.as_ref(), kind.as_ref()];
        if words.into_iter().flatten().any(|word| word.is_empty() || word.len() > WORD_BYTES) {
            return Err(odd("a member of the question is empty or too long"));
        }
        let what = match (token, resource, subject, kind) {
            (Some(token), None, None, None) => What::Token { token, of: None },
            (Some(token), Some(resource), Some(subject), None) => What::Token { token, of: Some((resource, subject)) },
            (None, Some(resource), Some(subject), Some(kind)) => What::Record { resource, subject, kind },
            _ => return Err(odd("the question names `token`, or `resource`, `subject` and `kind`")),
        };
        Ok(Ask { what, purpose })
    }

    /// The kind that is asked for, as it is said: whether a token is one, nobody has looked.
    pub(super) fn kind(&self) -> &str {
        match &self.what {
            What::Token { token, .. } => {
                token.strip_prefix("tok_").and_then(|rest| rest.rsplit_once('_')).map_or("", |(kind, _)| kind)
            }
            What::Record { kind, .. } => kind,
        }
    }

    /// The resource and the subject's id, where they are said.
    pub(super) fn said_of(&self) -> Option<(&str, &str)> {
        match &self.what {
            What::Token { of, .. } => of.as_ref().map(|(resource, subject)| (resource.as_str(), subject.as_str())),
            What::Record { resource, subject, .. } => Some((resource, subject)),
        }
    }
}

fn odd(note: &str) -> Refusal {
    Refusal::new(Reason::RequestUnreadable, note)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_said_in_one_way() {
        let reads = |body: &str| Question::read(body.as_bytes()).is_ok();
        for good in [
            r#"{"token":"tok_phone_a","purpose":"audit"}"#,
            r#"{"purpose":"audit","token":"","resource":null}"#,
            r#"{"token":"t","resource":"customer","subject":"42","purpose":"audit"}"#,
            r#"{"resource":"customer","subject":"42","kind":"phone","purpose":"audit"}"#,
            r#"{"purpose":"audit","values":[{"token":"t"},{"resource":"customer","subject":"42","kind":"phone"}]}"#,
        ] {
            assert!(reads(good), "{good}");
        }
        let several = |count: usize| {
            let values = vec![r#"{"token":"t"}"#; count].join(",");
            reads(&format!(r#"{{"purpose":"audit","values":[{values}]}}"#))
        };
        assert!(several(1) && several(VALUES_MAX) && !several(0) && !several(VALUES_MAX + 1));
        let long = format!(r#"{{"token":"t","purpose":"{}"}}"#, "x".repeat(WORD_BYTES + 1));
        for bad in [
            "",
            "[]",
            "token=t&purpose=audit",
            r#"{"token":"t"}"#,
            r#"{"token":"t","purpose":""}"#,
            r#"{"token":"t","token":"u","purpose":"audit"}"#,
            r#"{"token":"t","purpose":"audit","purpose":"delivery"}"#,
            r#"{"token":"t","purpose":"audit","more":1}"#,
            r#"{"token":"t","kind":"phone","purpose":"audit"}"#,
            r#"{"resource":"customer","subject":"42","purpose":"audit"}"#,
            r#"{"resource":"customer","subject":42,"kind":"phone","purpose":"audit"}"#,
            r#"{"token":"t","purpose":"audit"} {}"#,
            r#"{"purpose":"audit","values":[{"token":"t"},{"token":"t","kind":"phone"}]}"#,
            r#"{"purpose":"audit","values":[{"token":"t","purpose":"delivery"}]}"#,
            r#"{"purpose":"audit","token":"t","values":[{"token":"t"}]}"#,
            r#"{"purpose":"","values":[{"token":"t"}]}"#,
            r#"{"values":[{"token":"t"}]}"#,
            r#"["audit","t",null,null,null]"#,
            r#"["audit",[["t",null,null,null]]]"#,
            r#"{"purpose":"audit","values":[["t",null,null,null]]}"#,
            &long,
        ] {
            assert!(!reads(bad), "{bad}");
        }
    }
}
