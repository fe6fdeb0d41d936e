//! The PROXY protocol: who a trusted balancer says is behind it, and nobody else.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use super::RULES;
use super::client::Answer;
use super::origin::Origin;
use super::running::{Running, Setup};
use crate::gate::wire::{Pace, connect, read_all, write};

const ASK: &str = "GET /api/customers/42 HTTP/1.1\r\nHost: a\r\nX-Remote-User: a\r\nX-Remote-Groups: crm-support\r\nConnection: close\r\n\r\n";

/// A header of the second version: `8.8.8.8:4660` asks `10.0.0.1:443`, with so many bytes beside.
fn second(beside: u16) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11".to_vec();
    header.extend_from_slice(&(12 + beside).to_be_bytes());
    header.extend_from_slice(&[8, 8, 8, 8, 10, 0, 0, 1, 0x12, 0x34, 1, 0xbb]);
    if beside > 0 {
        header.push(4);
        header.extend_from_slice(&(beside - 3).to_be_bytes());
        header.resize(header.len() + usize::from(beside) - 3, 0);
    }
    header
}

fn gateway(crm: &Origin, trusted: &str) -> Running {
    let identity = "- header: { user: X-Remote-User, groups: X-Remote-Groups, from: [0.0.0.0/0, '::/0'] }";
    with(crm, trusted, &format!("identity:\n  {identity}"))
}

fn with(crm: &Origin, trusted: &str, more: &str) -> Running {
    let config = format!(
        "listen: [{{ address: 127.0.0.1:0, proxy_protocol: true }}]\ntrusted_proxies: [{trusted}]\n\
         bounds: {{ ledger_wait: 20s, head_wait: 500ms }}\n{more}"
    );
    Running::set_up(crm.address, Setup { rules: RULES, config: &config, ..Setup::default() })
}

fn crm() -> Origin {
    Origin::start(|_| Answer::new(200, "application/json", r#"{"id":42,"tel":"090-1234-5678"}"#))
}

/// Whether the connection ends without a word. A reset is seen by whoever comes first, a write or a read.
fn is_cut(mut stream: TcpStream) -> bool {
    let mut got = Vec::new();
    let ended = stream.read_to_end(&mut got);
    got.is_empty() && ended.map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |_| true)
}

#[test]
fn the_client_is_whom_the_proxy_names() {
    let crm = crm();
    let gateway = gateway(&crm, "127.0.0.1/32");
    for (header, client) in [
        (b"PROXY TCP4 8.8.8.8 10.0.0.1 4660 443\r\n".to_vec(), "8.8.8.8"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 4660 443\r\n".to_vec(), "2001:db8::1"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "::"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\0\0\0".to_vec(), "::"),
        (second(0), "8.8.8.8"),
        (second(1000), "8.8.8.8"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec(), "127.0.0.1"),
    ] {
        for pace in [Pace::Whole, Pace::Bytewise] {
            let mut stream = connect(gateway.staff);
            write(&mut stream, &[&header, ASK.as_bytes()].concat(), pace);
            let answer = String::from_utf8_lossy(&read_all(&mut stream)).into_owned();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let id = answer.lines().find_map(|line| line.strip_prefix("sudare-request: ")).expect("an id");
            assert_eq!(gateway.record(id)["client"], client);
            let seen = crm.asked().pop().expect("a request");
            assert!(seen.contains(&format!("x-forwarded-for: {client}\r\n")), "{seen}");
        }
    }
}

#[test]
fn what_does_not_begin_with_a_header_is_cut() {
    let crm = crm();
    let gateway = gateway(&crm, "127.0.0.1/32");
    for sent in [
        ASK.as_bytes().to_vec(),
        b"PROXY TCP4 8.8.8.8 10.0.0.1 99999 443\r\n".to_vec(),
        [b"PROXY UNKNOWN ".to_vec(), vec![b'a'; 8000]].concat(),
        second(8000),
        // Half a header is waited for no longer than half a head.
        b"PROXY TCP4 8.8".to_vec(),
    ] {
        let mut stream = connect(gateway.staff);
        write(&mut stream, &sent, Pace::Whole);
        assert!(is_cut(stream), "{:?}", String::from_utf8_lossy(&sent[..sent.len().min(60)]));
    }
    assert!(crm.asked().is_empty());
}

#[test]
fn nobody_but_a_trusted_proxy_is_listened_to() {
    let crm = crm();
    let gateway = gateway(&crm, "10.0.0.0/8");
    let mut stream = connect(gateway.staff);
    // The gateway may have closed before all of it is written.
    let _ = stream.write_all(format!("PROXY TCP4 8.8.8.8 10.0.0.1 4660 443\r\n{ASK}").as_bytes());
    assert!(is_cut(stream));
    assert!(crm.asked().is_empty());
}

/// The balancer passes bytes through: the headers in them are the client's, not its own.
#[test]
fn the_clients_headers_are_not_the_proxys_word() {
    let crm = crm();
    let gateway = with(&crm, "127.0.0.1/32", "");
    for (header, status) in [("PROXY TCP4 8.8.8.8 10.0.0.1 4660 443", "401"), ("PROXY UNKNOWN", "401")] {
        let mut stream = connect(gateway.staff);
        write(&mut stream, format!("{header}\r\n{ASK}").as_bytes(), Pace::Whole);
        let answer = String::from_utf8_lossy(&read_all(&mut stream)).into_owned();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{header}: {answer}");
    }
}
