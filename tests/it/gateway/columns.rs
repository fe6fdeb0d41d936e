//! The columns of a record that laws ask for: that each is there, what it says, and that it says nothing personal.

use std::collections::BTreeSet;
use std::io::Read;

use serde_json::{Value, json};

use super::client::{Answer, get};
use super::origin::Origin;
use super::running::{Running, Setup, until};
use super::{RECORD, export};
use crate::gate::wire::{connect, read_until};

const RULES: &str = r#"
sudare: 1
roles:
  support: { groups: [crm-support] }
  agency: { groups: [crm-agency], recipient: { relation: third_party, organisation: Example Ltd., country: JP } }
  temp: { groups: [crm-temp], recipient: processor }
resources:
  - { id: customer, match: "GET|PUT /api/customers/{id}", subject: path.id, fields: [{ at: name, is: person.name }, { at: tel, is: phone }, { at: mail, is: email }, { at: memo, is: notes }] }
  - { id: patient, match: "GET /api/patients/{id}", subject: path.id, retention: hipaa, fields: [{ at: name, is: person.name }, { at: tel, is: phone }] }
  - { id: list, match: GET /customers, records: "css:table tbody tr", subject: 番号, query: { tel: phone }, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
  - { id: export, match: GET /export.csv, event: export, subject: 番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
rules:
  - { id: support-1, for: support, show: [person.name], mask: { phone: last4, email: domain, notes: full } }
  - { id: recall-1, for: support, show: [notes], when: { purpose: [recall] }, ticket: SEC-812, why: recall }
  - { for: [agency, temp], show: [person.name] }
"#;

const CONFIG: &str = "identity: [{ session: { cookie: sessionid, whoami: { path: /me, user: $.login }, groups: staff.yaml } }]\n\
purposes: { recall: legal_obligation, call-back: }";
const STAFF: &str = "tanaka: [crm-support]\nagent: [crm-agency]\nboth: [crm-support, crm-temp]\n";

/// A CRM that takes a cookie's beginning for the name of whoever holds it.
fn crm() -> Origin {
    Origin::start(|request| match request.path() {
        "/me" => {
            let cookie = request.header("cookie").unwrap_or_default();
            let user = cookie.trim_start_matches("sessionid=").split('-').next().unwrap_or_default().to_owned();
            Answer::new(200, "application/json", &json!({ "login": user }).to_string())
        }
        "/customers" if request.0.starts_with("GET /customers?spelt ") => {
            Answer::new(200, "text/html; charset=utf-8", SPELT)
        }
        "/customers" => Answer::new(200, "text/html; charset=utf-8", &page(500)),
        "/export.csv" => Answer::new(200, "text/csv; charset=utf-8", &export(30_000)),
        path if path.starts_with("/api/") => {
            Answer::new(200, "application/json", RECORD.replace("\"id\":42,", "").as_str())
        }
        _ => Answer::new(404, "text/html", "<p>not here</p>"),
    })
}

/// One person in two spellings, and another.
const SPELT: &str = "<table><thead><tr><th>番号</th><th>氏名</th><th>電話番号</th></tr></thead><tbody>\
    <tr><td>12x345</td><td>山田 1</td><td>090-1234-0001</td></tr>\
    <tr><td>345</td><td>山田 1</td><td>090-1234-0001</td></tr>\
    <tr><td>346</td><td>山田 2</td><td>090-1234-0002</td></tr></tbody></table>";

fn page(rows: usize) -> String {
    let row = |row: usize| format!("<tr><td>{row}</td><td>山田 {row}</td><td>090-1234-{row:04}</td></tr>");
    let rows: String = (0..rows).map(row).collect();
    format!("<table><thead><tr><th>番号</th><th>氏名</th><th>電話番号</th></tr></thead><tbody>{rows}</tbody></table>")
}

fn started(crm: &Origin) -> Running {
    Running::set_up(crm.address, Setup { rules: RULES, config: CONFIG, files: &[("staff.yaml", STAFF)] })
}

const AGENT: &str = "Mozilla/5.0 (X11; Taro Yamada canary-7f3a) Gecko/20100101 Firefox/140.0";

fn ask(gateway: &Running, path: &str, cookie: &str, more: &[(&str, &str)]) -> (Answer, Value) {
    let cookie = format!("sessionid={cookie}");
    let answer = get(gateway.staff, path, &[&[("Cookie", cookie.as_str()), ("User-Agent", AGENT)], more].concat());
    let record = gateway.record(&answer.header("sudare-request").expect("an id"));
    (answer, record)
}

/// Every member of every record, in its order.
const MEMBERS: [&str; 36] = [
    "seq",
    "time",
    "node",
    "request",
    "part",
    "event",
    "staff",
    "roles",
    "client",
    "purpose",
    "method",
    "path",
    "resource",
    "status",
    "outcome",
    "policy",
    "rules",
    "subjects",
    "reason",
    "end",
    "count",
    "changes",
    "session",
    "device",
    "recipient",
    "organisation",
    "country",
    "basis",
    "tickets",
    "upstream",
    "query",
    "partial",
    "retention",
    "prev",
    "hash",
    "",
];

#[test]
fn every_record_has_every_column_and_nothing_of_a_session_or_a_program() {
    let crm = crm();
    let mut gateway = started(&crm);
    for path in ["/api/customers/42", "/customers?tel=090-1234-5678", "/customers?sort=tel", "/export.csv"] {
        ask(&gateway, path, "tanaka-canary-1b2c", &[("Sudare-Purpose", "recall")]);
    }
    get(gateway.staff, "/api/customers/42", &[]);
    gateway.stop();
    let text = gateway.ledger_text();
    for line in text.lines() {
        let mut at = 0;
        for member in &MEMBERS[..MEMBERS.len() - 1] {
            let found = line[at..].find(&format!("\"{member}\":"));
            at += found.unwrap_or_else(|| panic!("no `{member}` in its place: {line}"));
        }
        let record: Value = serde_json::from_str(line).expect("a record");
        let members: BTreeSet<&str> = record.as_object().expect("members").keys().map(String::as_str).collect();
        assert_eq!(members.len(), MEMBERS.len() - 1, "{line}");
    }
    let events: BTreeSet<String> = text
        .lines()
        .filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?["event"].as_str()?.to_owned()))
        .collect();
    assert_eq!(events, ["export", "policy", "refused", "search", "start", "stop", "view"].map(str::to_owned).into());
    for canary in ["canary", "Mozilla", "Yamada", "1234-5678", "090-", "taro@", "山田"] {
        assert!(!text.contains(canary), "{canary} is in the ledger");
    }
}

#[test]
fn a_record_tells_the_session_the_device_the_recipient_and_the_grounds() {
    let crm = crm();
    let gateway = started(&crm);
    let (_, first) = ask(&gateway, "/api/customers/42", "tanaka-1", &[]);
    let (_, again) = ask(&gateway, "/api/customers/42", "tanaka-1", &[("Sudare-Purpose", "recall")]);
    let (_, other) = ask(&gateway, "/api/customers/42", "tanaka-2", &[("User-Agent", "curl/8.5.0")]);
    let text = |record: &Value, member: &str| record[member].as_str().unwrap_or_default().to_owned();
    assert!(text(&first, "session").starts_with("h1:") && first["session"] == again["session"], "{first}");
    assert_ne!(first["session"], other["session"]);
    assert!(text(&first, "device").starts_with("firefox/h1:") && first["device"] == again["device"], "{first}");
    assert_eq!((first["staff"].as_str(), first["upstream"].as_u64()), (Some("session:tanaka"), Some(200)));
    assert_eq!([&first["basis"], &first["tickets"]], [&Value::Null, &json!([])]);
    assert_eq!([&again["basis"], &again["tickets"]], [&json!("legal_obligation"), &json!(["SEC-812"])]);
    assert_eq!(first["partial"], json!(["email", "phone"]), "the notes are masked as a whole");
    let recipient =
        |record: &Value| ["recipient", "organisation", "country", "retention"].map(|key| record[key].clone());
    assert_eq!(recipient(&first), [json!("staff"), Value::Null, Value::Null, json!("access")]);
    let (_, agency) = ask(&gateway, "/api/customers/42", "agent-1", &[]);
    assert_eq!(recipient(&agency), [json!("third_party"), json!("Example Ltd."), json!("JP"), json!("provision")]);
    let (_, both) = ask(&gateway, "/api/customers/42", "both-1", &[]);
    assert_eq!(recipient(&both), [json!("processor"), Value::Null, Value::Null, json!("access")]);
    let (_, patient) = ask(&gateway, "/api/patients/42", "agent-1", &[]);
    assert_eq!(patient["retention"], "hipaa");
    let (_, search) = ask(&gateway, "/customers?tel=090-1234-5678&taro@example.jp=1&tel2=x", "tanaka-1", &[]);
    assert_eq!(search["query"], json!(["tel"]), "only names that the rules know");
}

#[test]
fn two_spellings_of_an_id_are_one_person() {
    let crm = crm();
    let gateway = started(&crm);
    let id = |id: &str| {
        let (_, record) = ask(&gateway, &format!("/api/customers/{id}"), "tanaka-1", &[]);
        record["subjects"][0]["id"].as_str().expect("an id").to_owned()
    };
    assert_eq!([id("12x345"), id("345")], ["345", "345"]);
    let (long, short) = (id("001A0000006Vm9uIAC"), id("001A0000006Vm9u"));
    assert!(long.starts_with("h1:") && long == short, "{long} {short}");
    assert_ne!(id("001a0000006vm9u"), long);
    assert_eq!(id("{0B0B0B0B-0000-4000-8000-00000000000A}"), "0b0b0b0b-0000-4000-8000-00000000000a");
    let (_, list) = ask(&gateway, "/customers?spelt", "tanaka-1", &[]);
    let subject = |id: &str, count: u64| json!({ "type": "customer", "id": id, "kinds": { "person.name": { "show": count }, "phone": { "mask": count } } });
    assert_eq!(list["subjects"], json!([subject("345", 2), subject("346", 1)]));
}

#[test]
fn a_list_of_many_is_one_compact_record() {
    let crm = crm();
    let gateway = started(&crm);
    let (answer, record) = ask(&gateway, "/customers", "tanaka-1", &[]);
    assert_eq!(answer.status, 200);
    let id = answer.header("sudare-request").expect("an id");
    assert_eq!(gateway.records(&id).len(), 1);
    assert_eq!(record["subjects"].as_array().map(Vec::len), Some(500));
    let text = gateway.ledger_text();
    let line = text.lines().find(|line| line.contains(&id)).expect("its line");
    assert!(line.len() < 500 * 100, "{} bytes", line.len());
}

#[test]
fn no_row_of_an_export_arrives_before_its_record() {
    let crm = crm();
    let config = format!("{CONFIG}\nbounds: {{ hold: 64KiB, ledger_wait: 20s }}");
    let gateway =
        Running::set_up(crm.address, Setup { rules: RULES, config: &config, files: &[("staff.yaml", STAFF)] });
    let mut stream = connect(gateway.staff);
    let head = "GET /export.csv HTTP/1.1\r\nHost: a\r\nCookie: sessionid=tanaka-1\r\nConnection: close\r\n\r\n";
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut all = read_until(&mut stream, b"\r\n\r\n");
    // While the rest is on its way the ledger goes.
    let (here, gone) = (gateway.state().join("ledger"), gateway.state().join("gone"));
    std::fs::rename(&here, &gone).expect("the folder goes");
    std::fs::write(&here, "in the way").expect("a file in its place");
    // A stream that is broken off may end with an error; what came before it came.
    let _ = stream.read_to_end(&mut all);
    std::fs::remove_file(&here).expect("the way is free");
    std::fs::rename(&gone, &here).expect("the folder is back");
    until(|| Some(gateway.admin("/readyz")).filter(|answer| answer.status == 200));
    let text = String::from_utf8_lossy(&all).into_owned();
    let arrived: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.split_once(",\"山田 ").or_else(|| line.split_once(",山田 ")))
        .map(|(row, _)| row.to_owned())
        .collect();
    let recorded: BTreeSet<String> = gateway
        .ledger_text()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|record| record["event"] == "export")
        .flat_map(|record| record["subjects"].as_array().cloned().unwrap_or_default())
        .filter_map(|subject| Some(subject["id"].as_str()?.to_owned()))
        .collect();
    assert!(!arrived.is_empty() && arrived.len() < 30_000, "{} rows arrived", arrived.len());
    assert!(arrived.is_subset(&recorded), "{} rows have no record", arrived.difference(&recorded).count());
}
