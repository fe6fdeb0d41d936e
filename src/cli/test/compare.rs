//! What an answer differs in from what a test expects, in sentences that name the rules.

use std::path::Path;

use serde_json::Value;

use crate::cli::test::{markup, read};
use crate::policy::Policy;
use crate::policy::rule::tests::Expect;
use crate::serve::exchange::dry::Got;

/// Every difference.
pub(super) fn differences(policy: &Policy, got: &Got, expect: &Expect, folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let expected = expect.status.as_ref().map(|(status, _)| *status);
    if let Some(refusal) = got.refusal.as_ref().filter(|_| expected != Some(got.status)) {
        all.push(format!("refused with {}: {refusal}", got.status));
    }
    if let Some(status) = expected.filter(|status| *status != got.status) {
        all.push(format!("status {} where {status} is expected", got.status));
    }
    let text = String::from_utf8_lossy(&got.body);
    if let Some((json, _)) = &expect.json {
        match serde_json::from_str::<Value>(&text) {
            Ok(own) => subset("$", json, &own, &mut all),
            Err(_) => all.push("the answer is no JSON".to_owned()),
        }
    }
    if let Some((xml, _)) = &expect.xml {
        all.extend(markup::difference(xml, &got.body));
    }
    if let Some((expected, _)) = expect.text.as_ref().filter(|(expected, _)| expected.trim_end() != text.trim_end()) {
        all.push(format!("the answer is `{}`; expected `{}`", text.trim_end(), expected.trim_end()));
    }
    if let Some(content) = &expect.exactly {
        match read(content, folder) {
            Ok(bytes) if bytes == got.body => {}
            Ok(_) => all.push(format!("the answer is not exactly as expected:\n{text}")),
            Err(problem) => all.push(problem),
        }
    }
    let everything = everything(got, &text);
    for (value, _) in expect.hidden.iter().filter(|(value, _)| everything.contains(value.as_str())) {
        all.push(format!("`{value}` is in the answer and must be hidden ({})", rules(policy, got)));
    }
    for (value, _) in expect.shown.iter().filter(|(value, _)| !everything.contains(value.as_str())) {
        all.push(format!("`{value}` is not in the answer and must be shown ({})", rules(policy, got)));
    }
    for (kind, action, _) in &expect.ledger {
        if !recorded(policy, got, kind, action) {
            all.push(format!("the ledger would not record `{kind}: {action}`"));
        }
    }
    all
}

/// The answer's headers and body as one text.
fn everything(got: &Got, text: &str) -> String {
    let mut all = String::new();
    for (name, value) in &got.headers {
        all.push_str(&format!("{name}: {value}\n"));
    }
    all.push_str(text);
    all
}

/// Whether every member that is expected is there; others are not compared.
fn subset(place: &str, expected: &Value, got: &Value, all: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (key, value) in expected {
                match got.get(key) {
                    Some(own) => subset(&format!("{place}.{key}"), value, own, all),
                    None => all.push(format!("{place}.{key} is missing; expected {value}")),
                }
            }
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (number, (value, own)) in expected.iter().zip(got).enumerate() {
                subset(&format!("{place}[{number}]"), value, own, all);
            }
        }
        (expected, got) if scalar(expected) == scalar(got) => {}
        (expected, got) => all.push(format!("{place} is {got}; expected {expected}")),
    }
}

/// YAML writes numbers as text in rule files, so both are compared as text.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn recorded(policy: &Policy, got: &Got, kind: &str, action: &str) -> bool {
    let Some(id) = policy.kinds().id(kind) else { return false };
    got.disclosures.subjects.values().any(|kinds| kinds.get(&id).is_some_and(|actions| actions.contains_key(action)))
}

/// What decided the kinds that the answer holds.
fn rules(policy: &Policy, got: &Got) -> String {
    let Some(plan) = &got.plan else { return "nobody was let in".to_owned() };
    let mut decided = std::collections::BTreeSet::new();
    for kind in got.disclosures.subjects.values().flat_map(|kinds| kinds.keys()) {
        let decision = &plan.decisions[usize::from(kind.0)];
        let by = if decision.rules.is_empty() { "`ungranted`".to_owned() } else { decision.rules.join(", ") };
        decided.insert(format!("{} is {} by {by}", policy.kinds().get(*kind).name, decision.action));
    }
    if decided.is_empty() {
        "no kind was found in the answer".to_owned()
    } else {
        decided.into_iter().collect::<Vec<_>>().join("; ")
    }
}
