//! Faults as SARIF 2.1.0, which code scanning, editors and dashboards read.
//!
//! Columns are UTF-16 code units, as the format has them unless it is told otherwise; it is told all
//! the same. Places are relative to where the command was run, which is where CI runs it.

use std::path::{Component, Path};

use serde_json::{Value, json};

use crate::cli::check::codes;
use crate::policy::fault::{Fault, Severity};
use crate::policy::node::Source;
use crate::policy::render::end;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The one document. `whole` is whether every file could be read.
pub fn render(faults: &[Fault], sources: &[Source], whole: bool) -> String {
    let mut rules: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Value> = faults.iter().map(|fault| result(fault, &rules, sources)).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sudare",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code, faults)).collect::<Vec<Value>>(),
            } },
            "invocations": [{ "executionSuccessful": whole }],
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}

fn rule(code: &str, faults: &[Fault]) -> Value {
    let worst = faults.iter().filter(|fault| fault.code == code).map(|fault| fault.severity).min();
    let level = worst.unwrap_or(Severity::Error).word();
    let mut rule = json!({ "id": code, "defaultConfiguration": { "level": level } });
    if let Some(known) = codes::of(code) {
        rule["shortDescription"] = json!({ "text": known.en });
    }
    rule
}

fn result(fault: &Fault, rules: &[&str], sources: &[Source]) -> Value {
    let end = end(fault, sources);
    let message = match &fault.help {
        Some(help) => format!("{}: {help}", fault.message),
        None => fault.message.clone(),
    };
    let region = json!({
        "startLine": fault.line, "startColumn": end.start16, "endLine": end.line, "endColumn": end.column16,
    });
    json!({
        "ruleId": fault.code,
        "ruleIndex": rules.iter().position(|code| *code == fault.code),
        "level": fault.severity.word(),
        "message": { "text": message },
        "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&fault.file) }, "region": region } }],
    })
}

/// A file's name as a reference by RFC 3986: relative as it was given, absolute as `file://`.
fn uri(name: &str) -> String {
    let path = Path::new(name);
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(escaped(&part.to_string_lossy())),
        Component::ParentDir => Some("..".to_owned()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    let joined = parts.collect::<Vec<String>>().join("/");
    if path.is_absolute() { format!("file:///{joined}") } else { joined }
}

/// Every byte that is not unreserved becomes `%XX`.
fn escaped(part: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    part.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_references() {
        for (name, reference) in [
            ("rules/desk.yaml", "rules/desk.yaml"),
            ("./rules//a b.yaml", "rules/a%20b.yaml"),
            ("../規則.yaml", "../%E8%A6%8F%E5%89%87.yaml"),
            ("/etc/sudare/100%.yaml", "file:///etc/sudare/100%25.yaml"),
            ("c:d.yaml", "c%3Ad.yaml"),
        ] {
            assert_eq!(uri(name), reference);
        }
    }
}
