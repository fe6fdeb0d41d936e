//! What a rule says beside whom it is for, what it gives and why: its conditions in one spelling, so
//! that two versions of a rule can be compared and told of.
//!
//! It is made of the file's own nodes and not of what is understood of them: a condition that is new
//! to this version of the program cannot be forgotten here.

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

use crate::policy::node::{Node, Value};

/// What of a rule is told by other means, or means nothing to the gateway.
const ELSEWHERE: [&str; 16] = [
    "show",
    "generalize",
    "mask",
    "tokenize",
    "hash",
    "remove",
    "block",
    "token_domain",
    "search",
    "readonly",
    "id",
    "why",
    "owner",
    "approved",
    "ticket",
    "for",
];

/// How long conditions may be in records and pages; what is longer is told by its beginning and a hash.
const CHARS_MAX: usize = 200;

/// The conditions of a rule: `mandatory: true; when: (event: export); until: 2026-12-31`. Empty where it
/// has none.
pub fn conditions(rule: &Node) -> String {
    let mut parts: Vec<String> = Vec::new();
    for entry in rule.map().unwrap_or_default() {
        match entry.key.as_str() {
            // The roles of a rule have a place of their own; persons are a condition.
            "for" if entry.value.map().is_some() => parts.push(text(&entry.value)),
            key if ELSEWHERE.contains(&key) => {}
            key => parts.push(format!("{key}: {}", text(&entry.value))),
        }
    }
    parts.sort();
    shortened(parts.join("; "))
}

/// A node in one spelling: the order of keys and of items says nothing in conditions.
fn text(node: &Node) -> String {
    let sorted = |mut parts: Vec<String>, between: &str| {
        parts.sort();
        parts.join(between)
    };
    match &node.value {
        Value::Scalar { text, .. } => text.clone(),
        Value::List(items) => sorted(items.iter().map(text).collect(), ", "),
        Value::Map(entries) => {
            let parts = entries.iter().map(|entry| format!("{}: {}", entry.key, text(&entry.value)));
            format!("({})", sorted(parts.collect(), "; "))
        }
    }
}

fn shortened(text: String) -> String {
    if text.chars().count() <= CHARS_MAX {
        return text;
    }
    let hash = HEXLOWER.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..8]);
    let beginning: String = text.chars().take(CHARS_MAX - 20).collect();
    format!("{beginning}… {hash}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::fault::Faults;
    use crate::policy::node::{Source, parse};

    fn said(text: &str) -> String {
        let source = Source { name: "a".into(), text: text.into() };
        conditions(&parse(&source, &mut Faults::new()).expect("a tree"))
    }

    #[test]
    fn conditions_have_one_spelling() {
        let one = said("{ for: manager, when: { event: export, network: [10.0.0.0/8, 127.0.0.1] }, show: [phone] }");
        let other = said("when: { network: [127.0.0.1, 10.0.0.0/8], event: export }\nfor: desk\nmask: all\nwhy: x\n");
        assert_eq!(one, other);
        assert_eq!(one, "when: (event: export; network: 10.0.0.0/8, 127.0.0.1)");
        assert_eq!(
            said("{ for: { staff: tanaka }, until: 2026-12-31, show: all }"),
            "(staff: tanaka); until: 2026-12-31"
        );
        assert_eq!(said("{ for: [a, b], show: all, why: because, search: none }"), "");
    }

    #[test]
    fn long_conditions_are_short_and_differ_all_the_same() {
        let long = |end: &str| said(&format!("{{ for: a, show: all, when: {{ cel: \"{}{end}\" }} }}", "x".repeat(500)));
        assert_eq!(long("a").chars().count(), 198);
        assert_ne!(long("a"), long("b"));
    }
}
