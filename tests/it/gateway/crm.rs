//! A CRM that is away, slow or breaks off, and the connections to one that is well.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use super::RULES;
use super::client::{Answer, get, request};
use super::running::{Running, Setup};
use crate::gate::wire::{Origin, Reply, read_until};

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

/// When a CRM closes a kept connection, seen from the second question.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Closes {
    /// As servers do with idle connections, and the gateway has noticed.
    Before,
    /// When the question has come, and nothing of it is read.
    Unread,
    /// When its head is read.
    Read,
}

/// A CRM that answers each connection's first question, and closes so. It counts what it reads.
fn closing(how: Closes) -> (SocketAddr, Arc<Mutex<String>>, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (sender, closed) = channel();
    let seen: Arc<Mutex<String>> = Arc::default();
    let asked = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let head = |stream: &mut TcpStream| {
                let head = read_until(stream, b"\r\n\r\n");
                asked.lock().expect("no panic there").push_str(&String::from_utf8_lossy(&head));
            };
            head(&mut stream);
            stream.write_all(format!("{JSON}Content-Length: 2\r\n\r\n{{}}").as_bytes()).expect("a write");
            match how {
                Closes::Before => {
                    stream.shutdown(Shutdown::Write).expect("a close");
                    // The gateway closes its side when it has seen that.
                    stream.read_to_end(&mut Vec::new()).expect("the gateway's close");
                }
                Closes::Unread => drop(stream.peek(&mut [0])),
                Closes::Read => head(&mut stream),
            }
            drop(stream);
            let _nobody_may_wait = sender.send(());
        }
    });
    (address, seen, closed)
}

/// What was written to the CRM is never written again: nobody knows what came of it, and in old CRMs a
/// GET may write. Of what was not, nothing is lost.
#[test]
fn only_what_was_not_written_is_asked_on_another_connection() {
    for how in [Closes::Before, Closes::Unread, Closes::Read] {
        for method in ["GET", "DELETE", "POST"] {
            let (address, seen, closed) = closing(how);
            let gateway = before(address, "");
            assert_eq!(asked(&gateway).status, 200, "{how:?} {method}");
            if how == Closes::Before {
                closed.recv().expect("a close");
            }
            let second = request(gateway.staff, method, "/api/second", &TANAKA, "").expect("an answer");
            let expected = if how == Closes::Before { (200, None) } else { refusal(502, "upstream-away") };
            assert_eq!(told(&second), expected, "{how:?} {method}");
            let seen = seen.lock().expect("no panic there").clone();
            let times = usize::from(how != Closes::Unread);
            assert_eq!(seen.matches("/api/second").count(), times, "{how:?} {method}: {seen}");
        }
    }
}

/// What the gate lets through, hyper must take: else an answer without a body would look as if its
/// question had never been asked.
#[test]
fn a_head_within_the_bounds_is_read_however_large_they_are() {
    let headers = (0..400).map(|number| format!("X-{number}: {}\r\n", "a".repeat(1200))).collect::<String>();
    let head = format!("HTTP/1.1 204 No Content\r\n{headers}\r\n").into_bytes();
    let crm = Origin::start(move |_| Reply::raw(head.clone()));
    let gateway = before(crm.address, "bounds: { ledger_wait: 20s, headers: 500, head: 1MiB }");
    for _ in 0..2 {
        assert_eq!(told(&post(&gateway)), (204, None));
    }
    let seen = crm.take();
    assert_eq!((seen.connections, String::from_utf8_lossy(&seen.bytes).matches("POST /").count()), (1, 2));
}
