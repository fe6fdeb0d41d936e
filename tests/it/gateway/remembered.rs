//! What a running gateway remembers for calls whose record no GET gives: who saves what they saw, after a restart
//! too, and what is refused.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::Running;

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
fields: { partner: { person.name: [name], phone: [tel] } }
resources:
  - { id: read, match: { methods: [POST], path: /rpc, json: { $.method: read } }, event: view, records: "$.result[*]", subject: $.id, remember: $.id, fields: partner }
  - { id: write, match: { methods: [POST], path: /rpc, json: { $.method: write } }, subject: "$.params[0][*]", restore: { remembered: "$.params[1]" }, fields: partner }
rules:
  - { id: support-1, for: support, show: [person.name], mask: { phone: last4 } }
"#;

const TEL: &str = "090-1234-5678";

/// A CRM of two partners, which tells what it is asked to write.
fn crm() -> (Origin, Arc<Mutex<Vec<String>>>) {
    let written: Arc<Mutex<Vec<String>>> = Arc::default();
    let inside = Arc::clone(&written);
    let crm = Origin::start(move |request| {
        let body = request.0.split_once("\r\n\r\n").expect("a body").1;
        if body.contains("\"write\"") {
            inside.lock().expect("no panic there").push(body.to_owned());
            // It says again what it was told, and what it has.
            return Answer::new(200, "application/json", &format!(r#"{{"result":true,"memo":"saved {TEL}"}}"#));
        }
        let records = format!(
            r#"{{"result":[{{"id":42,"name":"a","tel":"{TEL}"}},{{"id":43,"name":"b","tel":"080-0000-1111"}}]}}"#
        );
        Answer::new(200, "application/json", &records)
    });
    (crm, written)
}

fn call(gateway: &Running, user: &str, body: &str) -> Answer {
    let headers = [("X-Remote-User", user), ("X-Remote-Groups", "crm-support"), ("Content-Type", "application/json")];
    request(gateway.staff, "POST", "/rpc", &headers, body).expect("an answer")
}

fn read(gateway: &Running, user: &str) {
    let seen = call(gateway, user, r#"{"method":"read","params":[[42,43]]}"#);
    assert_eq!(seen.status, 200, "{}", seen.text());
    assert!(seen.text().contains("***-****-5678") && !seen.text().contains(TEL), "{}", seen.text());
}

fn write(gateway: &Running, user: &str, id: u32, values: serde_json::Value) -> Answer {
    call(gateway, user, &json!({ "method": "write", "params": [[id], values] }).to_string())
}

fn refused(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.header("sudare-refusal"))
}

#[test]
fn what_staff_saw_goes_home_after_a_restart_too_and_nothing_else_does() {
    let (crm, written) = crm();
    let mut gateway = Running::start(&crm, RULES);
    let veil = (409, Some("veil".to_owned()));
    let seen = json!({ "name": "c", "tel": "***-****-5678" });
    assert_eq!(refused(&write(&gateway, "tanaka", 42, seen.clone())), veil, "nothing was seen yet");
    read(&gateway, "tanaka");
    for round in 0..3 {
        let saved = write(&gateway, "tanaka", 42, seen.clone());
        assert_eq!(saved.status, 200, "{}", saved.text());
        assert!(!saved.text().contains(TEL), "what went home is not told again: {}", saved.text());
        assert_eq!(written.lock().expect("no panic there").len(), round + 1);
        let last = written.lock().expect("no panic there").last().cloned().expect("a write");
        assert_eq!(last, format!(r#"{{"method":"write","params":[[42],{{"name":"c","tel":"{TEL}"}}]}}"#));
        let records = gateway.records(&saved.header("sudare-request").expect("an id"));
        let restored = records.iter().find(|record| record["event"] == "restore").expect("a record of it");
        assert_eq!(restored["subjects"][0]["id"], "42", "{restored}");
        assert_eq!(refused(&write(&gateway, "tanaka", 43, seen.clone())), veil, "another record's");
        assert_eq!(refused(&write(&gateway, "sato", 42, seen.clone())), veil, "another person's");
        assert_eq!(refused(&write(&gateway, "tanaka", 42, json!({ "tel": "***-****-1111" }))), veil);
        match round {
            0 => {
                assert!(gateway.stop().success());
                gateway.restart();
            }
            // Whatever was answered was kept before.
            _ => {
                gateway.kill();
                gateway.restart();
            }
        }
    }
    assert!(gateway.stop().success());
    let path = gateway.state().join("issued.redb");
    assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&path).expect("the file");
    for secret in [TEL, "080-0000", "tanaka", "***-"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    // What is lost is asked for again.
    std::fs::remove_file(&path).expect("removed");
    gateway.restart();
    assert_eq!(refused(&write(&gateway, "tanaka", 42, seen.clone())), veil);
    read(&gateway, "tanaka");
    assert_eq!(write(&gateway, "tanaka", 42, seen).status, 200);
}

#[test]
fn where_nothing_can_be_kept_answers_leave_all_the_same_and_veils_are_refused() {
    let (crm, written) = crm();
    let gateway = Running::start(&crm, RULES);
    // Nothing can be made where a folder lies.
    std::fs::create_dir(gateway.state().join("issued.redb")).expect("a folder");
    read(&gateway, "tanaka");
    let saved = write(&gateway, "tanaka", 42, json!({ "tel": "***-****-5678" }));
    assert_eq!(refused(&saved), (409, Some("veil".to_owned())));
    assert!(written.lock().expect("no panic there").is_empty());
    let page = gateway.metrics_page();
    assert!(page.contains(r#"sudare_vault_operations_total{operation="remember",result="error"} 1"#), "{page}");
}

const TABLES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
fields: { customer: { person.name: 氏名, phone: 電話, email: メール } }
resources:
  - { id: export, match: GET /all.csv, event: export, subject: ID, remember: ID, fields: customer }
  - { id: import, match: POST /import, subject: ID, restore: { remembered: ID }, fields: customer }
rules:
  - { id: support-1, for: support, show: [person.name, email], mask: { phone: last4 } }
"#;

/// A table of many customers; each has a number of their own.
fn table(rows: u32) -> String {
    let row = |id: u32| format!("{id},客 {id},090-{:04}-{:04},c{id}@example.jp\r\n", id % 9000 + 1000, id % 7 + 1111);
    "ID,氏名,電話,メール\r\n".to_owned() + &(1..=rows).map(row).collect::<String>()
}

#[test]
fn a_table_that_staff_exported_goes_home_row_by_row_and_each_person_is_recorded() {
    const ROWS: u32 = 1_200;
    let written: Arc<Mutex<Vec<String>>> = Arc::default();
    let inside = Arc::clone(&written);
    let crm = Origin::start(move |request| {
        if request.0.starts_with("GET") {
            return Answer::new(200, "text/csv; charset=utf-8", &table(ROWS));
        }
        let body = request.0.split_once("\r\n\r\n").expect("a body").1;
        inside.lock().expect("no panic there").push(body.to_owned());
        Answer::new(200, "application/json", r#"{"imported":true,"first":"090-1001-1112"}"#)
    });
    let mut gateway = Running::start(&crm, TABLES);
    let ask = |gateway: &Running, method: &str, path: &str, user: &str, body: &str| {
        let headers = [("X-Remote-User", user), ("X-Remote-Groups", "crm-support"), ("Content-Type", "text/csv")];
        request(gateway.staff, method, path, &headers, body).expect("an answer")
    };
    let seen = ask(&gateway, "GET", "/all.csv", "tanaka", "").text();
    assert!(seen.contains("***-****-1112") && !seen.contains("090-"), "{}", &seen[..200]);
    assert!(gateway.stop().success());
    gateway.restart();
    // One name, and one address to which the CRM would write.
    let sheet = seen.replace("客 7,", "客 七,").replace("c9@example.jp", "me@example.org");
    let expected = table(ROWS).replace("客 7,", "客 七,").replace("c9@example.jp", "me@example.org");
    let saved = ask(&gateway, "POST", "/import", "tanaka", &sheet);
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(written.lock().expect("no panic there").pop().as_deref(), Some(&*expected));
    assert!(!saved.text().contains("090-1001"), "what went home is not told again: {}", saved.text());
    let records = gateway.records(&saved.header("sudare-request").expect("an id"));
    let people = |event: &str, outcome: &str| -> Vec<String> {
        let mine = records.iter().filter(|record| record["event"] == event && record["outcome"] == outcome);
        let ids = mine.flat_map(|record| record["subjects"].as_array().cloned().unwrap_or_default());
        ids.map(|subject| subject["id"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut home = people("restore", "forwarded");
    home.sort_by_key(|id| id.parse::<u32>().expect("a number"));
    assert_eq!(home, (1..=ROWS).map(|row| row.to_string()).collect::<Vec<_>>(), "each under their own id");
    // What staff sees in clear is not remembered, so that nobody can say which of those addresses are new.
    assert!(people("write", "alert").contains(&"9".to_owned()));
    let veil = (409, Some("veil".to_owned()));
    assert_eq!(refused(&ask(&gateway, "POST", "/import", "sato", &sheet)), veil, "another person's");
    let moved = "ID,電話\n1,***-****-1113\n";
    assert_eq!(refused(&ask(&gateway, "POST", "/import", "tanaka", moved)), veil, "another row's");
    // The number that staff gives it is the CRM's from then on.
    assert_eq!(ask(&gateway, "POST", "/import", "tanaka", "ID,電話\n3,03-1234-5678\n").status, 200);
    assert_eq!(refused(&ask(&gateway, "POST", "/import", "tanaka", "ID,電話\n3,***-****-1114\n")), veil);
    assert_eq!(ask(&gateway, "POST", "/import", "tanaka", "ID,電話\n4,***-****-1115\n").status, 200);
}

#[test]
fn an_answer_in_which_nothing_is_veiled_forgets_what_stood_there() {
    let tel = Arc::new(Mutex::new(json!(TEL)));
    let inside = Arc::clone(&tel);
    let crm = Origin::start(move |_| {
        let tel = inside.lock().expect("no panic there").clone();
        let record = json!({ "result": [{ "id": 42, "name": "a", "tel": tel }] });
        Answer::new(200, "application/json", &record.to_string())
    });
    let gateway = Running::start(&crm, RULES);
    let look = |value: serde_json::Value| {
        *tel.lock().expect("no panic there") = value;
        call(&gateway, "tanaka", r#"{"method":"read","params":[[42]]}"#).text()
    };
    let veil = (409, Some("veil".to_owned()));
    for erased in [json!(""), json!(null)] {
        assert!(look(json!(TEL)).contains("***-****-5678"));
        assert_eq!(write(&gateway, "tanaka", 42, json!({ "tel": "***-****-5678" })).status, 200);
        assert!(look(json!(TEL)).contains("***-****-5678"));
        assert!(!look(erased).contains('*'));
        assert_eq!(refused(&write(&gateway, "tanaka", 42, json!({ "tel": "***-****-5678" }))), veil);
    }
}
