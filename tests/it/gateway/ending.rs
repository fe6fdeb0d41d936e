//! How answers and the gateway end: whole, visibly broken, or not at all; never in between.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use super::client::{get, request};
use super::running::{Running, Setup, until};
use super::{RULES, export};
use crate::gate::wire::{Event, Origin, Reply, connect, find, read_until};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
const CSV: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\n";

fn before(crm: &Origin) -> Running {
    stopping(crm, "30s")
}

/// A gateway that holds little, so that an export leaves in many parts, and waits so long at a stop.
fn stopping(crm: &Origin, drain: &str) -> Running {
    let config = format!("bounds: {{ hold: 64KiB, ledger_wait: 20s, drain: {drain} }}");
    Running::set_up(crm.address, Setup { rules: RULES, config: &config, ..Setup::default() })
}

fn ask(address: SocketAddr, version: &str) -> TcpStream {
    let mut stream = connect(address);
    let head = format!(
        "GET /export.csv HTTP/{version}\r\nHost: a\r\nX-Remote-User: tanaka\r\nX-Remote-Groups: crm-support\r\n"
    );
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
    stream
}

/// The id of the request, from the answer's head.
fn id(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head).into_owned();
    head.lines().find_map(|line| line.strip_prefix("sudare-request: ")).expect("an id").to_owned()
}

fn end(gateway: &Running, id: &str) -> String {
    until(|| gateway.records(id).iter().find_map(|record| record["end"].as_str().map(str::to_owned)))
}

/// An export that says it is longer than what comes of it.
fn torn(close: bool) -> Origin {
    let body = export(3_000);
    let bytes = format!("{CSV}Content-Length: {}\r\n\r\n{body}", body.len() + 1).into_bytes();
    Origin::start(move |_| Reply { close, ..Reply::raw(bytes.clone()) })
}

#[test]
fn an_export_that_the_crm_breaks_off_is_broken_for_staff_and_recorded_as_cut() {
    let crm = torn(true);
    let gateway = before(&crm);
    for version in ["1.1", "1.0"] {
        let mut stream = ask(gateway.staff, version);
        let head = read_until(&mut stream, b"\r\n\r\n");
        assert!(find(&head, b" 200 OK").is_some(), "{}", String::from_utf8_lossy(&head));
        let mut body = Vec::new();
        let read = stream.read_to_end(&mut body);
        let whole = read.is_ok() && (version == "1.0" || body.ends_with(b"0\r\n\r\n"));
        assert!(!whole, "HTTP/{version}: half an export passes for a whole one");
        assert!(find(&body, b"090-1234").is_none(), "HTTP/{version}");
        assert_eq!(end(&gateway, &id(&head)), "cut", "HTTP/{version}");
    }
}

#[test]
fn a_client_that_goes_away_ends_the_export_and_is_recorded_as_cancelled() {
    let crm = torn(false);
    let gateway = before(&crm);
    let mut stream = ask(gateway.staff, "1.1");
    let head = read_until(&mut stream, b"\r\n\r\n");
    drop(stream);
    assert_eq!(end(&gateway, &id(&head)), "cancelled");
    crm.wait_for(&Event::Left);
}

#[test]
fn an_old_client_gets_a_long_export_whole() {
    let body = export(3_000);
    let bytes = format!("{CSV}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let crm = Origin::start(move |_| Reply::raw(bytes.clone()));
    let gateway = before(&crm);
    let mut stream = ask(gateway.staff, "1.0");
    let head = read_until(&mut stream, b"\r\n\r\n");
    assert!(
        head.starts_with(b"HTTP/1.0 200") && find(&head, b"chunked").is_none(),
        "{}",
        String::from_utf8_lossy(&head)
    );
    let mut got = Vec::new();
    stream.read_to_end(&mut got).expect("an orderly end");
    assert!(String::from_utf8_lossy(&got).replace("***-****-", "090-1234-") == export(3_000), "{} bytes", got.len());
    assert_eq!(end(&gateway, &id(&head)), "done");
    let seen = crm.take().bytes;
    assert!(seen.starts_with(b"GET /export.csv HTTP/1.1\r\n"), "the crm is asked in the gateway's own version");
}

/// A CRM that answers when it is told to.
fn held() -> (Origin, Sender<()>) {
    let (sender, told) = channel();
    let told = Mutex::new(told);
    let crm = Origin::start(move |_| {
        // A sender that is gone has nothing more to hold back.
        let _ = told.lock().expect("no panic there").recv();
        let body = r#"{"id":42,"tel":"090-1234-5678"}"#;
        Reply::raw(
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    });
    (crm, sender)
}

#[test]
fn a_stop_lets_the_answers_in_flight_end_and_takes_nothing_new() {
    let (crm, release) = held();
    let mut gateway = before(&crm);
    let staff = gateway.staff;
    let asker = thread::spawn(move || request(staff, "GET", "/api/customers/42", &TANAKA, ""));
    crm.wait_for(&Event::Asked);
    assert_eq!(gateway.admin("/readyz").status, 200);
    gateway.terminate();
    let ready = until(|| Some(gateway.admin("/readyz")).filter(|answer| answer.status == 503));
    assert!(ready.text().contains("draining"), "{ready:?}");
    until(|| TcpStream::connect(staff).is_err().then_some(()));
    assert_eq!(gateway.admin("/healthz").status, 200, "whoever watches is answered to the last");
    release.send(()).expect("the crm waits");
    let answer = asker.join().expect("no panic there").expect("the answer in flight");
    assert!(answer.status == 200 && answer.text().contains("***-****-5678"), "{answer:?}");
    assert!(gateway.ended().success());
    assert!(gateway.verify().success());
}

#[test]
fn a_stop_waits_no_longer_than_its_bound() {
    let (crm, _release) = held();
    let mut gateway = stopping(&crm, "50ms");
    let staff = gateway.staff;
    let asker = thread::spawn(move || request(staff, "GET", "/api/customers/42", &TANAKA, ""));
    crm.wait_for(&Event::Asked);
    assert!(gateway.stop().success());
    assert!(asker.join().expect("no panic there").is_none(), "an answer came from nowhere");
    assert!(gateway.verify().success());
}

#[test]
fn a_stop_in_the_midst_of_an_export_records_its_end() {
    let crm = torn(false);
    let mut gateway = stopping(&crm, "50ms");
    for version in ["1.1", "1.0"] {
        let mut stream = ask(gateway.staff, version);
        let head = read_until(&mut stream, b"\r\n\r\n");
        let reader = thread::spawn(move || stream.read_to_end(&mut Vec::new()));
        assert!(gateway.stop().success());
        let read = reader.join().expect("no panic there");
        assert!(read.is_err(), "HTTP/{version}: half an export ended in order");
        let records = gateway.records(&id(&head));
        assert!(records.iter().any(|record| record["end"] == "cancelled"), "HTTP/{version}: {records:?}");
        assert!(gateway.verify().success());
        gateway.restart();
    }
}

#[test]
fn who_is_not_let_in_need_not_send_a_body() {
    let (crm, _release) = held();
    let gateway = before(&crm);
    let mut stream = connect(gateway.staff);
    stream
        .write_all(b"PUT /api/customers/42 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n")
        .unwrap();
    let answer = read_until(&mut stream, b"\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 401"), "{}", String::from_utf8_lossy(&answer));
    assert!(crm.take().bytes.is_empty());
    assert_eq!(get(gateway.staff, "/api/customers/42", &[]).status, 401, "others are served as before");
}
