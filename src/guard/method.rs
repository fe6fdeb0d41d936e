//! Requests that ask for another method than their first line names.
//!
//! Many frameworks let a form ask for a method that HTML cannot send (`_method=PUT`). The plan was
//! made for the method of the request line, so another one would run under the wrong rules. The
//! headers that ask so are refused before, where headers are read.

use crate::terms::refusal::{Reason, Refusal};

/// Parameters that frameworks take a method from, squeezed.
const NAMES: &[&str] = &[
    "_method",
    "_httpmethod",
    "_http_method",
    "$httpmethod",
    "$method",
    "__method",
    "x_http_method_override",
    "x_http_method",
    "x_method_override",
];

/// Refuses parameters that ask for another method.
pub fn is_the_only_one(method: &str, parameters: &[(String, String)]) -> Result<(), Refusal> {
    let other = |(name, value): &(String, String)| {
        NAMES.contains(&spelled(name).as_str()) && !value.trim().eq_ignore_ascii_case(method)
    };
    match parameters.iter().any(other) {
        true => Err(Refusal::new(Reason::Ambiguous, "a parameter asks for another method than the request line")),
        false => Ok(()),
    }
}

/// A name as the mildest server reads it: blanks, dots, hyphens and brackets are `_` in some.
fn spelled(name: &str) -> String {
    let name = name.trim().trim_end_matches(']').trim_end_matches('[').to_lowercase();
    name.chars().map(|c| if matches!(c, '.' | ' ' | '[' | '-') { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_method_is_refused_in_every_spelling() {
        for (name, value, passes) in [
            ("_method", "PUT", false),
            ("_METHOD", "delete", false),
            (".method", "PUT", false),
            ("[method", "PUT", false),
            ("_method[]", "PUT", false),
            ("_HttpMethod", "PATCH", false),
            ("X-HTTP-Method-Override", "PUT", false),
            ("_method", "", false),
            ("_method", "post", true),
            ("method", "PUT", true),
            ("payment_method", "card", true),
        ] {
            let pairs = [(name.to_owned(), value.to_owned())];
            assert_eq!(is_the_only_one("POST", &pairs).is_ok(), passes, "{name}={value}");
        }
    }
}
