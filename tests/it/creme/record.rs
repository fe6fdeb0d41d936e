//! What the tests read of the ledger's records.

use std::collections::BTreeSet;

use serde_json::Value;

/// The members that every record has.
pub const MEMBERS: [&str; 20] = [
    "seq", "time", "node", "request", "part", "event", "staff", "roles", "client", "purpose", "method", "path",
    "resource", "status", "outcome", "policy", "rules", "subjects", "prev", "hash",
];

/// The ids of the subjects of a record.
pub fn subject_ids(record: &Value) -> Vec<String> {
    let subjects = record["subjects"].as_array().into_iter().flatten();
    subjects.filter_map(|subject| subject["id"].as_str()).map(str::to_owned).collect()
}

/// The kinds of one subject, with what became of them.
pub fn kinds_of(records: &[&Value], id: &str) -> BTreeSet<(String, String)> {
    let subjects = records.iter().flat_map(|record| record["subjects"].as_array().into_iter().flatten());
    let kinds =
        subjects.filter(|subject| subject["id"] == id).filter_map(|subject| subject["kinds"].as_object()).flatten();
    kinds
        .flat_map(|(kind, actions)| {
            actions.as_object().into_iter().flatten().map(|(action, _)| (kind.clone(), action.clone()))
        })
        .collect()
}
