//! Streams of events: each leaves when it is complete, and is in the ledger before.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::RULES;
use super::running::{Running, Setup, until};
use crate::gate::wire::{connect, find, read_until};

const EVENTS: usize = 3;

/// A CRM that sends an event in two halves, and the next when it is told to.
fn stream(listener: &TcpListener, next: &Receiver<()>) {
    let (mut crm, _) = listener.accept().expect("the gateway");
    read_until(&mut crm, b"\r\n\r\n");
    let mut send = |bytes: &str| crm.write_all(bytes.as_bytes()).expect("the gateway reads");
    send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for number in 1..=EVENTS {
        let event = format!("id: 090-1234-567{number}\ndata: {{\"tel\":\"090-1234-567{number}\",\"id\":{number}}}\n\n");
        let (first, second) = event.split_at(event.len() / 2);
        for half in [first, second] {
            send(&format!("{:x}\r\n{half}\r\n", half.len()));
        }
        next.recv().expect("the test goes on");
    }
    send("0\r\n\r\n");
}

fn recorded(gateway: &Running, id: &str, subject: usize) -> bool {
    let subjects = gateway.records(id).into_iter().flat_map(|record| record["subjects"].as_array().cloned());
    let id = subject.to_string();
    subjects.flatten().any(|one| one["id"] == id.as_str() && one["kinds"]["phone"]["mask"].is_number())
}

#[test]
fn an_event_leaves_before_the_next_comes_and_is_recorded_before_it_leaves() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (go, next) = channel();
    let crm = thread::spawn(move || stream(&listener, &next));
    let events = "resources:\n  - { id: events, match: GET /events, subject: $.id, fields: customer }\n";
    let rules = RULES.replace("resources:\n", events);
    let config = "bounds: { ledger_wait: 20s }";
    let gateway = Running::set_up(address, Setup { rules: &rules, config, ..Setup::default() });

    let mut staff: TcpStream = connect(gateway.staff);
    let asked = "GET /events HTTP/1.1\r\nHost: a\r\nX-Remote-User: tanaka\r\nX-Remote-Groups: crm-support\r\n";
    staff.write_all(format!("{asked}Connection: close\r\n\r\n").as_bytes()).expect("the gateway reads");
    let head = read_until(&mut staff, b"\r\n\r\n");
    let head = String::from_utf8_lossy(&head).into_owned();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let id = head.lines().find_map(|line| line.strip_prefix("sudare-request: ")).expect("an id").to_owned();
    for number in 1..=EVENTS {
        let event = read_until(&mut staff, format!("\"id\":{number}}}\n\n").as_bytes());
        let shown = String::from_utf8_lossy(&event).into_owned();
        assert!(shown.matches("***-****-567").count() == 2 && !shown.contains("1234"), "{shown}");
        assert!(recorded(&gateway, &id, number), "event {number} is not in the ledger");
        go.send(()).expect("the crm waits");
    }
    let mut rest = Vec::new();
    staff.read_to_end(&mut rest).expect("an orderly end");
    assert!(find(&rest, b"0\r\n\r\n").is_some());
    crm.join().expect("no panic there");
    until(|| gateway.records(&id).iter().any(|record| record["end"] == "done").then_some(()));
}
