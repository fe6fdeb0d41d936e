//! What is asked for: a token, or a kind of somebody's record, and what for.

use serde::Deserialize;

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
    Record,
}

/// The body as it is sent. A name that stands twice could be read in two ways, and is an error of the reader's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sent {
    purpose: String,
    token: Option<String>,
    resource: Option<String>,
    subject: Option<String>,
    kind: Option<String>,
}

impl Ask {
    /// Reads a body. What is said of it holds nothing that stands in it.
    pub(super) fn read(body: &[u8]) -> Result<Ask, Refusal> {
        let odd = |note| Refusal::new(Reason::RequestUnreadable, note);
        let sent: Sent = serde_json::from_slice(body)
            .map_err(|_| odd("the body is no JSON object with `purpose` and what is to be revealed"))?;
        let Sent { purpose, token, resource, subject, kind } = sent;
        let words = [Some(&purpose), resource.as_ref(), subject.as_ref(), kind.as_ref()];
        if words.into_iter().flatten().any(|word| word.is_empty() || word.len() > WORD_BYTES) {
            return Err(odd("a member of the body is empty or too long"));
        }
        let what = match (token, resource, subject, kind) {
            (Some(token), None, None, None) => What::Token { token, of: None },
            (Some(token), Some(resource), Some(subject), None) => What::Token { token, of: Some((resource, subject)) },
            (None, Some(_), Some(_), Some(_)) => What::Record,
            _ => return Err(odd("the body names `token`, or `resource`, `subject` and `kind`")),
        };
        Ok(Ask { what, purpose })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_said_in_one_way() {
        let reads = |body: &str| Ask::read(body.as_bytes()).is_ok();
        for good in [
            r#"{"token":"tok_phone_a","purpose":"audit"}"#,
            r#"{"purpose":"audit","token":"","resource":null}"#,
            r#"{"token":"t","resource":"customer","subject":"42","purpose":"audit"}"#,
            r#"{"resource":"customer","subject":"42","kind":"phone","purpose":"audit"}"#,
        ] {
            assert!(reads(good), "{good}");
        }
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
            &long,
        ] {
            assert!(!reads(bad), "{bad}");
        }
    }
}
