//! What the log says: enough to find a refusal's cause, and nothing of anybody's.

use serde_json::Value;

use super::client::{get, request};
use super::origin::Origin;
use super::running::{Running, until};
use super::{RULES, crm};
use crate::gate::wire::{Pace, talk};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];

/// Every member that a line may have.
const MEMBERS: [&str; 15] = [
    "message", "request", "reason", "note", "resource", "kind", "listen", "metrics", "console", "policy", "place",
    "error", "file", "line", "code",
];

#[test]
fn a_refusal_can_be_found_by_its_number() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let bad = talk(gateway.staff, b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", Pace::Whole);
    let bad = String::from_utf8_lossy(&bad).into_owned();
    let bad = bad.lines().find_map(|line| line.strip_prefix("sudare-request: ")).expect("an id");
    for (id, reason) in [
        (get(gateway.staff, "/blob", &TANAKA).header("sudare-request").expect("an id"), "unreadable"),
        (get(gateway.staff, "/customers?sort=tel", &TANAKA).header("sudare-request").expect("an id"), "query"),
        (bad.to_owned(), "host"),
    ] {
        let line = until(|| gateway.log().lines().find(|line| line.contains(&id)).map(str::to_owned));
        let told: Value = serde_json::from_str(&line).expect("a line of json");
        assert_eq!(told["fields"]["reason"], reason, "{line}");
        assert!(told["fields"]["note"].as_str().is_some_and(|note| !note.is_empty()), "{line}");
        assert_eq!(until(|| gateway.records(&id).pop())["reason"], reason);
    }
}

#[test]
fn no_line_holds_what_staff_sent_or_the_crm_gave() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    const CANARY: &str = "canary-7f3a";
    for (method, path, body) in [
        ("GET", "/customers?sort=canary-7f3a", ""),
        ("GET", "/customers?order_by=tel&x=canary-7f3a", ""),
        ("GET", "/canary-7f3a/%2e%2e/a", ""),
        ("GET", "/blob?canary-7f3a", ""),
        ("GET", "/error", ""),
        ("PUT", "/api/customers/canary-7f3a", "{\"canary-7f3a\":\"canary-7f3a"),
        ("PUT", "/api/customers/42", "{\"tel\":\"***-****-5678\",\"x\":\"canary-7f3a\"}"),
    ] {
        let headers = [
            &TANAKA[..],
            &[("X-A", CANARY), ("Cookie", CANARY), ("User-Agent", CANARY), ("Content-Type", "application/json")],
        ]
        .concat();
        request(gateway.staff, method, path, &headers, body).expect("an answer");
    }
    for sent in [
        "GET /canary-7f3a HTTP/9.9\r\n\r\n",
        "canary-7f3a / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: canary-7f3a x\r\n\r\n",
    ] {
        talk(gateway.staff, sent.as_bytes(), Pace::Whole);
    }
    gateway.stop();
    let log = gateway.log();
    assert!(log.lines().filter(|line| line.contains("\"refused\"")).count() > 5, "{log}");
    for part in [CANARY, "090-1234", "-5678", "taro", "山田", "tanaka"] {
        assert!(!log.contains(part), "{part}:\n{log}");
    }
    for line in log.lines() {
        let told: Value = serde_json::from_str(line).expect("a line of json");
        let members = told["fields"].as_object().expect("fields").keys();
        let odd: Vec<&String> = members.filter(|name| !MEMBERS.contains(&name.as_str())).collect();
        assert!(odd.is_empty(), "{odd:?}: {line}");
    }
}

#[test]
fn a_log_that_nobody_reads_any_more_stops_nothing() {
    let crm: Origin = crm();
    let mut gateway = Running::start(&crm, RULES);
    gateway.deafen();
    for _ in 0..3 {
        assert_eq!(get(gateway.staff, "/blob", &TANAKA).status, 502);
        assert_eq!(get(gateway.staff, "/api/customers/42", &TANAKA).status, 200);
    }
    assert!(gateway.stop().success());
    assert!(gateway.verify().success());
}
