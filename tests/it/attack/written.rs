//! What staff writes to get at what is veiled: an address of their own, an answer about somebody else.

use serde_json::{Value, json};

use super::{MAIL, RULES, ask, crm, customer};
use crate::gateway::client::Answer;
use crate::gateway::origin::Origin;
use crate::gateway::running::Running;

/// A write of customer 42 by staff of a role: its status, and what the ledger says of whom it is mailed to.
fn write(gateway: &Running, role: &str, body: &Value) -> (u16, Vec<Value>) {
    let answer = ask(gateway, "writer", role, "PUT", "/api/customers/42", ("json", &body.to_string()));
    let records = gateway.records(&answer.header("sudare-request").expect("an id"));
    let told = records.into_iter().filter(|record| record["reason"] == "contact");
    let told = told.map(|record| {
        assert_eq!((&record["event"], &record["outcome"]), (&json!("write"), &json!("alert")), "{record}");
        record["subjects"].clone()
    });
    (answer.status, told.collect())
}

#[test]
fn a_contact_that_is_changed_beside_veiled_fields_is_told() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let subject = |kinds: Value| vec![json!([{ "type": "customer", "id": "42", "kinds": kinds }])];
    let other = "me@other.example";
    let mask = super::given(&gateway, "desk");
    let own = |mail: &str| json!({ "id": 42, "name": "山田 太郎", "tel": mask, "mail": mail, "memo": "", "fax": "" });
    let mail = subject(json!({ "email": { "write": 1 } }));
    for (role, body, told) in [
        ("support", json!({ "id": 42, "mail": other }), mail.clone()),
        ("support", json!({ "id": 42, "tel": "03-1111-2222" }), subject(json!({ "phone": { "write": 1 } }))),
        ("support", json!({ "id": 42, "contact": { "mail": other } }), mail.clone()),
        ("support", json!({ "id": 42, "memo": "called" }), vec![]),
        // Compared with the record, what is what it was is nothing new.
        ("desk", own(MAIL), vec![]),
        ("desk", own(other), mail.clone()),
        ("desk", json!({ "id": 42, "mail": "" }), vec![]),
        // Whoever sees it all needs no mail.
        ("manager", json!({ "id": 42, "mail": other }), vec![]),
    ] {
        assert_eq!(write(&gateway, role, &body), (200, told), "{role} {body}");
    }
    let before = crm.asked().len();
    assert_eq!(write(&gateway, "locked", &json!({ "id": 42, "mail": other })).0, 403);
    assert!(crm.asked().split_off(before).iter().all(|asked| asked.starts_with("GET ")), "it was not saved");
    let page = gateway.metrics_page();
    for line in [
        "sudare_contact_writes_total{role=\"support\"} 3",
        "sudare_contact_writes_total{role=\"desk\"} 1",
        "sudare_contact_writes_total{role=\"manager\"} 0",
    ] {
        assert!(page.contains(line), "{line}\n{page}");
    }
    gateway.stop();
    let out = [gateway.log(), gateway.ledger_text()].concat();
    assert!(out.contains("how somebody is reached was changed") && !out.contains("other.example"), "{out}");
}

#[test]
fn an_answer_about_another_than_the_address_is_refused_and_both_are_recorded() {
    let crm = Origin::start(|asked| {
        let id = if asked.path() == "/both/42" { 43 } else { 7 };
        Answer::new(200, "application/json", &customer(id).to_string())
    });
    let gateway = Running::start(&crm, RULES);
    let refused = ask(&gateway, "reader", "support", "GET", "/both/42", ("", ""));
    assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (502, Some("subject")));
    let request = refused.header("sudare-request").expect("an id");
    // Its own number may hold any digits.
    let said = refused.text().replace(&request, "");
    assert!(!said.contains("43") && !said.contains("山田"), "{said}");
    let record = gateway.record(&request);
    let ids: Vec<&str> =
        record["subjects"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!((&record["event"], &record["reason"]), (&json!("refused"), &json!("subject")));
    assert_eq!(ids, ["42", "43"], "{record}");
    assert_eq!(ask(&gateway, "reader", "support", "GET", "/both/7", ("", "")).status, 200);
}
