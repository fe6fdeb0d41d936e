//! Each limit in one table: what is beyond it gets its status, its word, its sentence, and a count.

use std::collections::BTreeMap;

use serde_json::Value;
use sudare::body::coding::Coding;
use sudare::body::pack::Packer;

use super::RULES;
use super::client::{Answer, get, request};
use super::running::{Running, Setup, until};
use crate::gate::wire::{Origin, Reply};

const TANAKA: [(&str, &str); 3] =
    [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("Accept", "application/json")];

const BOUNDS: &str =
    "bounds: { ledger_wait: 20s, head: 1KiB, headers: 20, path: 200B, body: 1KiB, depth: 4, value: 100B, hold: 4KiB }";

const HEAD: (u16, &str, &str) = (431, "head-too-large", "Delete this site's cookies and try again.");
const PATH: (u16, &str, &str) = (414, "path-too-long", "Shorten the search and try again.");
const BODY: (u16, &str, &str) = (413, "body-too-large", "Send less at once.");
const BOUND: (u16, &str, &str) = (502, "bound", UNSAFE);
const UNREADABLE: (u16, &str, &str) = (502, "unreadable", UNSAFE);
const FRAMING: (u16, &str, &str) = (502, "upstream-framing", UNSAFE);
const LATE: (u16, &str, &str) = (504, "upstream-slow", "Try again shortly.");
const FULL: (u16, &str, &str) = (
    503,
    "overload",
    "Nothing was shown or saved. Try again shortly; if it goes on, tell the administrator the number below.",
);
const UNSAFE: &str =
    "It could not be read without doubt, so nothing of it was passed on. Tell the administrator the number below.";

const NUMBER: &str = "\"tel\":\"090-1234-5678\"";

/// What the CRM answers: each but the last is beyond one bound.
fn crm() -> Origin {
    Origin::start(|asked| {
        let json = |body: &[u8], more: &str| {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{more}Content-Length: {}\r\n\r\n",
                body.len()
            );
            Reply::raw([head.as_bytes(), body].concat())
        };
        let path = asked.split(' ').nth(1).unwrap_or_default();
        match path {
            "/depth" => json(format!("{{{NUMBER},\"x\":[[[[[1]]]]]}}").as_bytes(), ""),
            "/value" => json(format!("{{{NUMBER},\"x\":\"{}\"}}", "a".repeat(200)).as_bytes(), ""),
            "/api/customers/7" => json(format!("{{{NUMBER},\"x\":[{}1]}}", "1,".repeat(9000)).as_bytes(), ""),
            "/head" => json(format!("{{{NUMBER}}}").as_bytes(), &format!("X-A: {}\r\n", "a".repeat(2000))),
            "/headers" => json(format!("{{{NUMBER}}}").as_bytes(), &"X-A: b\r\n".repeat(40)),
            // A chunk, and then nothing: the connection stays open.
            "/chunk" => Reply::raw(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n".to_vec(),
            ),
            _ => json(format!("{{\"id\":42,{NUMBER}}}").as_bytes(), ""),
        }
    })
}

fn put(gateway: &Running, body: &str) -> Answer {
    let headers = [&TANAKA[..], &[("Content-Type", "application/json")]].concat();
    request(gateway.staff, "PUT", "/api/customers/42", &headers, body).expect("an answer")
}

#[test]
fn each_limit_has_its_status_its_sentence_and_its_count() {
    let crm = crm();
    let upstream = format!("upstream: {{ url: 'http://{}', timeout: 1s }}\n{BOUNDS}", crm.address);
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: &upstream, ..Setup::default() });
    let long = "a".repeat(2000);
    let of_the_crm = |path: &str| get(gateway.staff, path, &TANAKA);
    let with = |more: &[(&str, &str)]| get(gateway.staff, "/", &[&TANAKA[..], more].concat());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, answer, (status, word, sentence)) in [
        ("a header's bytes", with(&[("X-A", &long)]), HEAD),
        ("how many headers", with(&[("X-A", "b"); 20]), HEAD),
        ("the path", get(gateway.staff, &format!("/{}", &long[..300]), &TANAKA), PATH),
        ("a body", put(&gateway, &format!("{{\"x\":[\"{}\"]}}", ["a"; 600].join("\",\""))), BODY),
        ("nesting in a body", put(&gateway, "[[[[[1]]]]]"), BODY),
        ("a value in a body", put(&gateway, &format!("{{\"x\":\"{}\"}}", &long[..200])), BODY),
        ("nesting", of_the_crm("/depth"), BOUND),
        ("a value", of_the_crm("/value"), BOUND),
        ("a record that is held", of_the_crm("/api/customers/7"), BOUND),
        ("the head of the CRM's answer", of_the_crm("/head"), FRAMING),
        ("how many headers the CRM's answer has", of_the_crm("/headers"), FRAMING),
        ("the wait for the next chunk", of_the_crm("/chunk"), LATE),
    ] {
        check(name, &answer, (status, word, sentence));
        *counts.entry(word).or_default() += 1;
    }
    for (word, count) in counts {
        let line = format!("sudare_refusals_total{{reason=\"{word}\"}} {count}");
        // Refusals are counted when their answer has left, which may be a moment later.
        until(|| gateway.metrics_page().lines().any(|own| own == line).then_some(()));
    }
    let whole = of_the_crm("/api/customers/42");
    assert_eq!((whole.status, whole.text().as_str()), (200, r#"{"id":42,"tel":"***-****-5678"}"#));
}

/// How long a key may be is nobody's to set: 16 KiB, whatever a value may be.
const KEY_BYTES: usize = 16 << 10;

/// What XML is, is told by its first element; this one stands behind so many bytes.
fn late_xml(bytes: usize) -> Vec<u8> {
    format!("<?xml version='1.0'?><!--{}--><r><tel>090-1234-5678</tel></r>", "x".repeat(bytes)).into_bytes()
}

fn keyed(bytes: usize) -> String {
    format!("{{{NUMBER},\"{}\":1}}", "k".repeat(bytes))
}

#[test]
fn what_is_held_and_unpacked_has_its_status_its_sentence_and_its_count() {
    let crm = Origin::start(|asked| {
        let packed = || {
            let body = [format!("{{{NUMBER}}}").as_bytes(), &vec![b' '; 4 << 20]].concat();
            Packer::new(Coding::Gzip).and_then(|packer| packer.end(&body)).expect("packed")
        };
        let (body, more) = match asked.split(' ').nth(1).unwrap_or_default() {
            "/bomb" => (packed(), "application/json\r\nContent-Encoding: gzip"),
            "/key" => (keyed(KEY_BYTES + 1).into_bytes(), "application/json"),
            "/longest-key" => (keyed(KEY_BYTES).into_bytes(), "application/json"),
            "/xml" => (late_xml(7 << 10), "application/xml"),
            "/late-xml" => (late_xml(600 << 10), "application/xml"),
            _ => {
                let all = [r#"{"id":42,"tel":"090-1234-5678"}"#; 10_000].join(",");
                (format!("[{all}]").into_bytes(), "application/json")
            }
        };
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {more}\r\nContent-Length: {length}\r\n\r\n");
        Reply::raw([head.as_bytes(), &body].concat())
    });
    let config = "bounds: { ledger_wait: 20s, hold_all: 1MiB }";
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config, ..Setup::default() });
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let of_the_crm = |path: &str| get(gateway.staff, path, &TANAKA);
    for (name, answer, told) in [
        ("all that is held", of_the_crm("/all"), FULL),
        ("what is unpacked", of_the_crm("/bomb"), BOUND),
        ("a key", of_the_crm("/key"), BOUND),
        ("XML whose first element comes late", of_the_crm("/late-xml"), UNREADABLE),
        ("a key in a body", put(&gateway, &keyed(KEY_BYTES + 1)), BODY),
    ] {
        check(name, &answer, told);
        *counts.entry(told.1).or_default() += 1;
    }
    for (word, count) in counts {
        let line = format!("sudare_refusals_total{{reason=\"{word}\"}} {count}");
        until(|| gateway.metrics_page().lines().any(|own| own == line).then_some(()));
    }
    assert!(of_the_crm("/xml").text().ends_with("<r><tel>***-****-5678</tel></r>"));
    let longest = of_the_crm("/longest-key");
    assert_eq!(longest.text(), keyed(KEY_BYTES).replace("090-1234", "***-****"), "{}", longest.status);
}

fn check(name: &str, answer: &Answer, (status, word, sentence): (u16, &str, &str)) {
    assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (status, Some(word)), "{name}: {answer:?}");
    let text = answer.text();
    assert!(!text.contains("5678"), "{name}: {text}");
    // Before its head is read, nobody knows what a client wants to read: it gets a page.
    let said = serde_json::from_str::<Value>(&text).map_or_else(
        |_| text.contains(&format!("<p>{sentence}</p>")),
        |problem| problem["detail"] == sentence && problem["status"] == status,
    );
    assert!(said, "{name} is told as {text}");
}
