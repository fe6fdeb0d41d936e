//! The CRM's side: who it is must be proven, and nothing is sent to whoever cannot.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sudare::config::pem::provider;

use super::pki::{Authority, Issued};
use crate::gate::wire::find;
use crate::gateway::RULES;
use crate::gateway::client::get;
use crate::gateway::running::{Running, Setup, until};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];

/// A CRM that speaks TLS, and what it was asked.
struct Crm {
    address: SocketAddr,
    asked: Arc<Mutex<String>>,
    connections: Arc<AtomicUsize>,
    /// Which protocol each connection agreed on.
    spoken: Arc<Mutex<Vec<String>>>,
}

impl Crm {
    fn start(own: &Issued, old: bool) -> Crm {
        let versions: &[_] = if old { &[&TLS12] } else { &[&TLS13] };
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(own.chain(), own.key())
            .expect("a certificate");
        // Whoever offers HTTP/2 gets it, and with it what it pushes.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let crm = Crm::at(address);
        let (asked, connections) = (Arc::clone(&crm.asked), Arc::clone(&crm.connections));
        let spoken = Arc::clone(&crm.spoken);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
                let (asked, spoken) = (Arc::clone(&asked), Arc::clone(&spoken));
                std::thread::spawn(move || {
                    let mut stream = StreamOwned::new(session, stream);
                    stream.conn.complete_io(&mut stream.sock)?;
                    let protocol = stream.conn.alpn_protocol().unwrap_or(b"none that was named");
                    let protocol = String::from_utf8_lossy(protocol).into_owned();
                    spoken.lock().expect("no panic there").push(protocol);
                    converse(stream, &asked)
                });
            }
        });
        crm
    }

    fn at(address: SocketAddr) -> Crm {
        Crm { address, asked: Arc::default(), connections: Arc::default(), spoken: Arc::default() }
    }

    fn asked(&self) -> String {
        self.asked.lock().expect("no panic there").clone()
    }
}

fn converse(mut stream: impl Read + Write, asked: &Mutex<String>) -> std::io::Result<()> {
    let mut held = Vec::new();
    let mut bytes = [0; 4096];
    loop {
        while let Some(end) = find(&held, b"\r\n\r\n") {
            let head: Vec<u8> = held.drain(..end + 4).collect();
            asked.lock().expect("no panic there").push_str(&String::from_utf8_lossy(&head));
            let body = r#"{"id":42,"tel":"090-1234-5678"}"#;
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
            )?;
            stream.flush()?;
        }
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => held.extend_from_slice(&bytes[..count]),
        }
    }
}

fn gateway(crm: &Crm, name: &str, ca: Option<&Authority>, more: &str) -> Running {
    let port = crm.address.port();
    let file = if ca.is_some() { ", ca: crm-ca.pem" } else { "" };
    let config = format!("upstream: {{ url: 'https://{name}:{port}'{file}{more} }}");
    let pem = ca.map(Authority::pem).unwrap_or_default();
    Running::set_up(crm.address, Setup { rules: RULES, config: &config, files: &[("crm-ca.pem", &pem)] })
}

#[test]
fn a_crm_that_proves_itself_is_asked_over_kept_connections() {
    let authority = Authority::new("the crm's");
    for old in [false, true] {
        for name in ["localhost", "127.0.0.1"] {
            let crm = Crm::start(&authority.server(&["localhost", "127.0.0.1"]), old);
            let gateway = gateway(&crm, name, Some(&authority), "");
            for _ in 0..5 {
                let answer = get(gateway.staff, "/api/customers/42", &TANAKA);
                assert_eq!(answer.text(), r#"{"id":42,"tel":"***-****-5678"}"#, "{answer:?}");
            }
            assert_eq!(crm.connections.load(Ordering::SeqCst), 1, "{name}");
            let spoken = crm.spoken.lock().expect("no panic there").clone();
            assert_eq!(spoken, ["http/1.1"], "a CRM that would push pages is never asked in HTTP/2");
            let seen = crm.asked();
            // Staff's own Host goes on, and not the name that the certificate is for.
            assert_eq!(seen.matches(&format!("\r\nhost: {}\r\n", gateway.staff)).count(), 5, "{seen}");
        }
    }
}

#[test]
fn a_crm_that_cannot_prove_itself_is_told_nothing() {
    let (authority, other) = (Authority::new("the crm's"), Authority::new("another's"));
    let good = authority.server(&["localhost"]);
    for (own, ca, name, note) in [
        (&good, Some(&other), "localhost", "signed by no authority that is trusted"),
        (&good, Some(&authority), "127.0.0.1", "its certificate is for another name"),
        (&authority.expired(&["localhost"]), Some(&authority), "localhost", "its certificate has expired"),
        (&authority.person("localhost"), Some(&authority), "localhost", "its certificate is not one of a server"),
    ] {
        let crm = Crm::start(own, false);
        let gateway = gateway(&crm, name, ca, "");
        let answer = get(gateway.staff, "/api/customers/42", &TANAKA);
        let told = (answer.status, answer.header("sudare-refusal"));
        assert_eq!(told, (502, Some("upstream-untrusted".to_owned())), "{note}: {answer:?}");
        until(|| gateway.log().contains(note).then_some(()));
        assert!(crm.asked().is_empty(), "{note}: {}", crm.asked());
    }
}

#[test]
fn half_a_handshake_has_the_bound_of_a_connection() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let crm = Crm::at(address);
    let authority = Authority::new("the crm's");
    for more in [", connect_timeout: 200ms", "}\nbounds: { ledger_wait: 20s, connect: 200ms"] {
        let gateway = gateway(&crm, "localhost", Some(&authority), more);
        let answer = get(gateway.staff, "/api/customers/42", &TANAKA);
        assert_eq!(answer.header("sudare-refusal").as_deref(), Some("upstream-away"), "{more}: {answer:?}");
        until(|| gateway.log().contains("no connection in time to").then_some(()));
    }
}

#[test]
fn a_changed_authority_is_trusted_without_a_restart() {
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let crm = Crm::start(&new.server(&["localhost"]), false);
    let gateway = gateway(&crm, "localhost", Some(&old), "");
    assert_eq!(get(gateway.staff, "/api/customers/42", &TANAKA).status, 502);
    gateway.write("crm-ca.pem", &new.pem());
    until(|| (get(gateway.staff, "/api/customers/42", &TANAKA).status == 200).then_some(()));
    gateway.write("crm-ca.pem", &old.pem());
    // A kept connection that the old authority vouched for is not asked any more.
    until(|| (get(gateway.staff, "/api/customers/42", &TANAKA).status == 502).then_some(()));
}

#[test]
fn health_is_asked_in_tls_and_makes_the_gateway_unready() {
    let (authority, other) = (Authority::new("the crm's"), Authority::new("another's"));
    let crm = Crm::start(&authority.server(&["localhost"]), false);
    let more = ", health: { path: /login, every: 50ms }";
    let well = gateway(&crm, "localhost", Some(&authority), more);
    until(|| crm.asked().contains("GET /login HTTP/1.1\r\nhost: localhost:").then_some(()));
    assert_eq!(well.admin("/readyz").status, 200);
    let ill = gateway(&crm, "localhost", Some(&other), more);
    let ready = until(|| Some(ill.admin("/readyz")).filter(|answer| answer.status == 503));
    assert!(ready.text().contains("does not answer") && ready.text().contains("no authority"), "{ready:?}");
    ill.write("crm-ca.pem", &authority.pem());
    until(|| (ill.admin("/readyz").status == 200).then_some(()));
}
