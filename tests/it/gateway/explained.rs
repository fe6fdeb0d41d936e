//! A request that really was, explained from the ledger of the gateway that answered it.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::client::Answer;
use super::origin::Origin;
use super::running::Running;
use super::{RECORD, RULES};

#[test]
fn a_record_is_explained_by_its_rules_and_its_answer_agrees_with_it() {
    let crm = Origin::start(|_| Answer::new(200, "application/json", RECORD));
    let gateway = Running::start(&crm, RULES);
    let id = gateway.get("/api/customers/42", "tanaka", "crm-support").header("sudare-request").expect("an id");
    gateway.record(&id);
    let state = gateway.state();
    let folder = state.parent().expect("the gateway's folder");
    let explain = |more: &[&str]| -> Value {
        let mut sudare = Command::new(env!("CARGO_BIN_EXE_sudare"));
        sudare.args(["explain", "--request", &id, "-c", "gateway.yaml", "--format", "json"]).args(more);
        let output = sudare.current_dir(folder).output().expect("sudare runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("an object")
    };
    let told = explain(&[]);
    assert_eq!((&told["policy"]["same"], &told["unexplained"]), (&json!(true), &Value::Null), "{told}");
    let phone = told["disclosed"].as_array().expect("rows").iter().find(|row| row["kind"] == "phone").expect("a row");
    assert_eq!((&phone["action"], &phone["by"]), (&json!("mask: last4"), &json!("rules")), "{phone}");
    assert_eq!(phone["rules"][0]["id"], "support-1");
    assert!(phone["rules"][0]["line"].is_u64() && phone["rules"][0]["file"] == "rules/rules.yaml", "{phone}");
    assert_eq!(phone["recognised"]["fields"][0]["place"], "tel");
    let considered = |kind: &str| {
        let kinds = told["kinds"].as_array().expect("kinds").iter();
        kinds.filter(|own| own["kind"] == kind).flat_map(|own| own["considered"].as_array().expect("rules")).count()
    };
    assert_eq!(considered("phone"), 1, "{told}");

    fs::write(folder.join("answer.json"), RECORD).expect("the answer");
    let told = explain(&["--body", "answer.json"]);
    assert_eq!(told["differences"], json!([]), "{told}");
    assert_eq!(told["request"]["staff"], "header:tanaka");
    let values = told["values"].as_array().expect("values");
    let phone = values.iter().find(|row| row["way"] == json!(["tel"])).expect("a row");
    assert_eq!(phone["gets"], json!({ "as": "veil", "text": "***-****-5678" }));
    assert_eq!(phone["recognised"]["evidence"], "numbering plan");

    fs::write(folder.join("answer.json"), r#"{"id":42,"tel":"090-1234-5678"}"#).expect("another answer");
    let told = explain(&["--body", "answer.json"]);
    let missed = json!({ "kind": "person.name", "action": "show", "recorded": 1, "here": 0 });
    assert!(told["differences"].as_array().expect("a list").contains(&missed), "{told}");

    // By other rules nothing is said of which were considered, and what is judged anew is judged by those.
    gateway.write_rules(&format!("{RULES}  - {{ id: later, for: support, remove: [phone] }}\n"));
    let told = explain(&[]);
    assert_eq!((&told["policy"]["same"], &told["kinds"]), (&json!(false), &Value::Null), "{told}");
}
