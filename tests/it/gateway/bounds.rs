//! What is too much: each bound refuses with its own word, and none lets raw bytes through.

use std::io::Write;

use super::RULES;
use super::client::{Answer, get, request};
use super::origin::Origin;
use super::running::{Running, Setup};
use crate::gate::wire::{answers, connect, read_all, read_until};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
const SENT: &str = "X-Remote-User: tanaka\r\nX-Remote-Groups: crm-support\r\n";

/// A CRM that gives as many customers as the query says.
fn crm() -> Origin {
    Origin::start(|request| {
        let count = request
            .0
            .split("count=")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .and_then(|count| count.parse().ok());
        let body = vec![r#"{"id":42,"tel":"090-1234-5678"}"#; count.unwrap_or(1)].join(",");
        Answer::new(200, "application/json", &format!("[{body}]"))
    })
}

fn bounded(crm: &Origin, bounds: &str) -> Running {
    Running::set_up(
        crm.address,
        Setup { rules: RULES, config: &format!("bounds: {{ ledger_wait: 20s, {bounds} }}"), ..Setup::default() },
    )
}

fn told(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.header("sudare-refusal"))
}

fn refusal(status: u16, word: &str) -> (u16, Option<String>) {
    (status, Some(word.to_owned()))
}

#[test]
fn a_request_beyond_its_bounds_never_reaches_the_crm() {
    let crm = crm();
    let gateway = bounded(&crm, "body: 1KiB, path: 200B, head: 1KiB, headers: 20, depth: 4, value: 100B");
    let long = "a".repeat(2000);
    let put = |body: &str| {
        let headers = [&TANAKA[..], &[("Content-Type", "application/json")]].concat();
        request(gateway.staff, "PUT", "/api/customers/42", &headers, body).expect("an answer")
    };
    let many: Vec<(&str, &str)> = TANAKA.into_iter().chain([("X-A", "b"); 20]).collect();
    for (answer, refusal) in [
        (put(&format!("{{\"x\":[\"{}\"]}}", vec!["a"; 600].join("\",\""))), refusal(413, "body-too-large")),
        (put("[[[[[1]]]]]"), refusal(413, "body-too-large")),
        (put(&format!("{{\"x\":\"{}\"}}", &long[..200])), refusal(413, "body-too-large")),
        (get(gateway.staff, &format!("/{}", &long[..200]), &TANAKA), refusal(414, "path-too-long")),
        (get(gateway.staff, "/", &[TANAKA[0], TANAKA[1], ("X-A", &long)]), refusal(431, "head-too-large")),
        (get(gateway.staff, "/", &many), refusal(431, "head-too-large")),
    ] {
        assert_eq!(told(&answer), refusal, "{answer:?}");
    }
    assert!(crm.asked().is_empty(), "{:?}", crm.asked());
}

#[test]
fn a_body_in_chunks_is_bounded_too() {
    let crm = crm();
    let gateway = bounded(&crm, "body: 1KiB");
    let mut stream = connect(gateway.staff);
    let head = format!(
        "PUT /api/customers/42 HTTP/1.1\r\nHost: a\r\n{SENT}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let chunk = format!("100\r\n{}\r\n", " ".repeat(256));
    // The gateway may close before it has read all of it.
    let _ = stream.write_all(format!("{head}{}", chunk.repeat(5)).as_bytes());
    let answer = read_until(&mut stream, b"\r\n\r\n");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("sudare-refusal: body-too-large"), "{answer}");
    assert!(crm.asked().is_empty());
}

#[test]
fn what_all_answers_hold_together_is_bounded_and_given_back() {
    let crm = crm();
    let gateway = bounded(&crm, "hold_all: 1MiB");
    for _ in 0..3 {
        // Some 300 KiB, and far more with what is kept beside each value.
        let refused = get(gateway.staff, "/all?count=10000", &TANAKA);
        assert_eq!(told(&refused), refusal(503, "overload"));
        assert!(!refused.text().contains("-5678"), "{refused:?}");
        let small = get(gateway.staff, "/all?count=100", &TANAKA);
        assert_eq!(small.status, 200, "{small:?}");
        assert_eq!(small.text().matches("***-****-5678").count(), 100);
    }
}

#[test]
fn a_record_longer_than_the_hold_is_refused() {
    let crm = Origin::start(|_| {
        Answer::new(200, "application/json", &format!("{{\"tel\":\"090-1234-5678\",\"x\":[{}1]}}", "1,".repeat(9000)))
    });
    let gateway = bounded(&crm, "hold: 4KiB");
    let answer = get(gateway.staff, "/api/customers/42", &TANAKA);
    assert_eq!(told(&answer), refusal(502, "bound"));
    assert!(!answer.text().contains("-5678"), "{answer:?}");
}

#[test]
fn a_connection_beyond_the_bound_waits_its_turn() {
    let crm = crm();
    let gateway = bounded(&crm, "connections: 1");
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n{SENT}\r\n");
    let mut first = connect(gateway.staff);
    first.write_all(ask("/first").as_bytes()).unwrap();
    read_until(&mut first, b"]");
    let mut second = connect(gateway.staff);
    second.write_all(ask("/second").as_bytes()).unwrap();
    first.write_all(ask("/third").as_bytes()).unwrap();
    read_until(&mut first, b"]");
    assert_eq!(crm.asked().len(), 2, "the second connection was served beside the first");
    drop(first);
    let answer = read_until(&mut second, b"]");
    assert_eq!(answers(&answer, false)[0].status, 200);
    assert!(crm.asked().pop().expect("a request").starts_with("GET /second"));
}

/// Each wait of staff's has its bound: what is sent, what is configured, and how it ends.
#[test]
fn whoever_stops_sending_is_not_waited_for() {
    let crm = crm();
    let put = format!("PUT /api/customers/42 HTTP/1.1\r\nHost: a\r\n{SENT}Content-Type: application/json\r\n");
    for (sent, bounds, ends) in [
        ("", "idle: 200ms", None),
        ("GET / HT", "head_wait: 200ms", Some((408, "slow"))),
        (&format!("{put}Content-Length: 9\r\n\r\n{{"), "idle: 200ms", Some((408, "slow"))),
        (&format!("{put}Content-Length: 9\r\n\r\n{{"), "request: 200ms", Some((408, "slow"))),
    ] {
        let gateway = bounded(&crm, bounds);
        let mut stream = connect(gateway.staff);
        stream.write_all(sent.as_bytes()).unwrap();
        let told = answers(&read_all(&mut stream), false);
        let told: Vec<_> = told.iter().map(|told| (told.status, told.header("sudare-refusal").unwrap_or(""))).collect();
        assert_eq!(told, Vec::from_iter(ends), "{sent} {bounds}");
    }
    assert!(crm.asked().is_empty(), "{:?}", crm.asked());
}

#[test]
fn an_answer_that_is_too_deep_or_has_too_long_a_value_is_refused() {
    for (bounds, body) in [
        ("depth: 4", r#"{"id":42,"tel":"090-1234-5678","x":[[[[[1]]]]]}"#.to_owned()),
        ("value: 100B", format!("{{\"id\":42,\"tel\":\"090-1234-5678\",\"x\":\"{}\"}}", "a".repeat(200))),
        ("head: 1KiB", String::new()),
    ] {
        let padding = "a".repeat(if body.is_empty() { 2000 } else { 1 });
        let crm = Origin::start(move |_| Answer::new(200, "application/json", &body).with("X-Padding", &padding));
        let answer = get(bounded(&crm, bounds).staff, "/api/customers/42", &TANAKA);
        let word = if bounds.starts_with("head") { "upstream-framing" } else { "bound" };
        assert_eq!(told(&answer), refusal(502, word), "{bounds}");
        assert!(!answer.text().contains("-5678"), "{answer:?}");
    }
}
