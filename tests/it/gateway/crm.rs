//! A CRM that is away, slow or breaks off, and the connections to one that is well.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::RULES;
use super::client::{Answer, get, request};
use super::running::{Running, Setup};
use crate::gate::wire::{Origin, Reply};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
const JSON: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

fn told(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.header("sudare-refusal"))
}

fn refusal(status: u16, word: &str) -> (u16, Option<String>) {
    (status, Some(word.to_owned()))
}

fn asked(gateway: &Running) -> Answer {
    get(gateway.staff, "/api/customers/42", &TANAKA)
}

fn before(crm: SocketAddr, config: &str) -> Running {
    Running::set_up(crm, Setup { rules: RULES, config, ..Setup::default() })
}

#[test]
fn a_crm_that_is_down_is_told_and_the_gateway_stays_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nowhere = listener.local_addr().expect("an address");
    drop(listener);
    let gateway = before(nowhere, "");
    assert_eq!(told(&asked(&gateway)), refusal(502, "upstream-away"));
    assert_eq!(gateway.admin("/readyz").status, 200);
    assert!(gateway.metrics_page().contains("sudare_refusals_total{reason=\"upstream-away\"} 1"));
}

#[test]
fn a_crm_that_does_not_answer_in_time_is_given_up() {
    for (sent, config) in [
        (String::new(), "timeout: 150ms"),
        (format!("{JSON}Content-Length: 9\r\n\r\n{{"), "timeout: 150ms"),
        // A little now and then keeps no answer waiting for ever: the request has a bound of its own.
        (format!("{JSON}Content-Length: 9\r\n\r\n{{"), "timeout: 60s } \nbounds: { ledger_wait: 20s, request: 150ms"),
    ] {
        let bytes = sent.clone().into_bytes();
        let crm = Origin::start(move |_| Reply::raw(bytes.clone()));
        let gateway = before(crm.address, &format!("upstream: {{ url: 'http://{}', {config} }}", crm.address));
        assert_eq!(told(&asked(&gateway)), refusal(504, "upstream-slow"), "{sent}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_refused() {
    for sent in ["Content-Length: 90\r\n\r\n{\"id\":42}", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"id\":42}\r\n"] {
        let bytes = format!("{JSON}{sent}").into_bytes();
        let crm = Origin::start(move |_| Reply { close: true, ..Reply::raw(bytes.clone()) });
        let gateway = before(crm.address, "");
        let answer = asked(&gateway);
        assert_eq!(told(&answer), refusal(502, "upstream-framing"), "{sent}");
        assert!(!answer.text().contains("\"id\""), "{answer:?}");
    }
}

/// A CRM that answers the odd questions and does with the even ones as it is told.
fn every_second(even: fn() -> Reply) -> Origin {
    let count = AtomicUsize::new(0);
    Origin::start(move |_| {
        let body = "{\"id\":42}";
        let odd = || Reply::raw(format!("{JSON}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes());
        if count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { odd() } else { even() }
    })
}

fn post(gateway: &Running) -> Answer {
    let headers = [&TANAKA[..], &[("Content-Type", "application/json")]].concat();
    request(gateway.staff, "POST", "/api/customers", &headers, "{\"id\":1}").expect("an answer")
}

#[test]
fn a_connection_is_kept_for_the_next_question() {
    let crm = every_second(|| Reply::raw(format!("{JSON}Content-Length: 2\r\n\r\n{{}}").into_bytes()));
    let gateway = before(crm.address, "");
    for _ in 0..10 {
        assert_eq!(asked(&gateway).status, 200);
        assert_eq!(post(&gateway).status, 200);
    }
    assert_eq!(crm.take().connections, 1);
}

/// The CRM closes after an answer without saying so, as servers do with idle connections. Where the
/// close is seen first, the next question goes to a new connection, whatever it is; where a write had
/// begun before the close came, nobody knows what the CRM saw, and it is refused rather than repeated.
#[test]
fn a_closed_connection_loses_no_question_and_asks_none_twice() {
    let crm = Origin::start(|_| Reply {
        close: true,
        ..Reply::raw(format!("{JSON}Content-Length: 2\r\n\r\n{{}}").into_bytes())
    });
    let gateway = before(crm.address, "");
    let mut answered = 0;
    for _ in 0..20 {
        assert_eq!(asked(&gateway).status, 200);
        let posted = post(&gateway);
        assert!(posted.status == 200 || told(&posted) == refusal(502, "upstream-away"), "{posted:?}");
        answered += usize::from(posted.status == 200);
    }
    let seen = String::from_utf8_lossy(&crm.take().bytes).into_owned();
    let (gets, posts) = (seen.matches("GET /").count(), seen.matches("POST /").count());
    assert!(gets == 20 && posts >= answered && posts <= 20, "{gets} and {posts} for {answered} answers");
    assert!(answered > 0, "a close that is seen loses nothing");
}

/// The CRM takes a question on a kept connection and closes without an answer: nobody knows what it
/// did, so only what changes nothing is asked again.
#[test]
fn a_write_that_may_have_been_seen_is_not_sent_again() {
    let crm = every_second(|| Reply { close: true, ..Reply::raw(Vec::new()) });
    let gateway = before(crm.address, "");
    assert_eq!(asked(&gateway).status, 200);
    assert_eq!(asked(&gateway).status, 200, "the second is closed upon and asked again as the third");
    assert_eq!(told(&post(&gateway)), refusal(502, "upstream-away"));
    let seen = String::from_utf8_lossy(&crm.take().bytes).into_owned();
    assert_eq!((seen.matches("GET /").count(), seen.matches("POST /").count()), (3, 1));
}
