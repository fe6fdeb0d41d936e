//! An identity provider's keys: from a file and from an address, as they change, fail and age.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::client::{Answer, get};
use super::origin::Origin;
use super::running::{Running, Setup, until};
use super::{RULES, crm};
use crate::signer::{jwks, token};

/// A provider that publishes what it is told to.
struct Provider {
    keys: Arc<Mutex<String>>,
    away: Arc<AtomicBool>,
    origin: Origin,
}

impl Provider {
    fn start(kids: &[&str]) -> Provider {
        let keys = Arc::new(Mutex::new(jwks(kids)));
        let away = Arc::new(AtomicBool::new(false));
        let (own, gone) = (Arc::clone(&keys), Arc::clone(&away));
        let origin = Origin::start(move |_| match gone.load(Ordering::Acquire) {
            true => Answer::new(503, "text/plain", "later"),
            false => Answer::new(200, "application/jwk-set+json", &own.lock().expect("no panic there")),
        });
        Provider { keys, away, origin }
    }

    fn publish(&self, text: String) {
        *self.keys.lock().expect("no panic there") = text;
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn asked(gateway: &Running, kid: &str) -> (u16, Option<String>) {
    let bearer = format!("Bearer {}", token(kid, "{}", "{}", now()));
    let answer = get(gateway.staff, "/api/customers/42", &[("Authorization", &bearer)]);
    (answer.status, answer.header("sudare-refusal"))
}

fn gateway(crm: &Origin, keys: &str, files: &[(&str, &str)]) -> Running {
    let config =
        format!("identity: [{{ jwt: {{ issuer: https://id.example, audience: crm, groups: groups, {keys} }} }}]");
    Running::set_up(crm.address, Setup { rules: RULES, config: &config, files })
}

const OK: (u16, Option<String>) = (200, None);

fn refused(status: u16, word: &str) -> (u16, Option<String>) {
    (status, Some(word.to_owned()))
}

#[test]
fn a_token_is_believed_and_kept_from_the_crm() {
    let crm = crm();
    let gateway = gateway(&crm, "jwks: keys.json", &[("keys.json", &jwks(&["r1", "e1"]))]);
    for kid in ["r1", "e1"] {
        assert_eq!(asked(&gateway, kid), OK);
    }
    let answer = get(gateway.staff, "/api/customers/42", &[]);
    assert_eq!(answer.header("www-authenticate").as_deref(), Some("Bearer realm=\"sudare\""));
    assert_eq!(asked(&gateway, "e1!"), refused(401, "unrecognised"));
    assert_eq!(asked(&gateway, "stranger"), refused(401, "unrecognised"));
    assert!(!crm.asked().concat().to_ascii_lowercase().contains("authorization"), "{:?}", crm.asked());
    let secret = token("r1", "{}", "{}", now());
    let signature = secret.rsplit('.').next().expect("a signature");
    assert!(!gateway.log().contains(signature) && !gateway.ledger_text().contains(signature));
}

#[test]
fn a_changed_file_counts_and_a_bad_one_does_not() {
    let crm = crm();
    let gateway = gateway(&crm, "jwks: keys.json", &[("keys.json", &jwks(&["r1"]))]);
    let write = |text: &str| std::fs::write(gateway.state().with_file_name("keys.json"), text).expect("a file");
    assert_eq!((asked(&gateway, "r1"), asked(&gateway, "e1").0), (OK, 401));
    write(&jwks(&["e1"]));
    until(|| (asked(&gateway, "e1") == OK).then_some(()));
    assert_eq!(asked(&gateway, "r1"), refused(401, "unrecognised"), "a key that was taken out");
    write("{\"keys\":[");
    until(|| gateway.log().contains("cannot be read anew").then_some(()));
    assert_eq!(asked(&gateway, "e1"), OK, "the last good keys stay");
}

#[test]
fn an_unknown_key_is_sought_but_not_with_every_token() {
    let crm = crm();
    let provider = Provider::start(&["r1"]);
    let gateway = gateway(&crm, &format!("jwks: \"http://{}/keys?x=1\"", provider.origin.address), &[]);
    until(|| (asked(&gateway, "r1") == OK).then_some(()));
    provider.publish(jwks(&["r1", "e1"]));
    until(|| (asked(&gateway, "e1") == OK).then_some(()));
    let before = provider.origin.asked();
    assert!(before[0].starts_with("GET /keys?x=1 HTTP/1.1\r\n"), "{}", before[0]);
    for _ in 0..20 {
        assert_eq!(asked(&gateway, "stranger"), refused(401, "unrecognised"));
    }
    // Twenty tokens take far less than the five seconds between two questions, times ten.
    assert!(provider.origin.asked().len() - before.len() < 10, "{} questions", provider.origin.asked().len());
}

#[test]
fn keys_that_cannot_be_had_or_are_too_old_are_a_503() {
    let crm = crm();
    let provider = Provider::start(&["r1"]);
    provider.away.store(true, Ordering::Release);
    let keys = format!("jwks: \"http://{}/keys\", refresh: 10s, stale: 3s", provider.origin.address);
    let gateway = gateway(&crm, &keys, &[]);
    assert_eq!(asked(&gateway, "r1"), refused(503, "identity-away"), "it starts all the same");
    assert_eq!(get(gateway.staff, "/api/customers/42", &[]).status, 401, "who brings no token is just unknown");
    provider.away.store(false, Ordering::Release);
    until(|| (asked(&gateway, "r1") == OK).then_some(()));
    provider.away.store(true, Ordering::Release);
    until(|| (asked(&gateway, "r1") == refused(503, "identity-away")).then_some(()));
    provider.away.store(false, Ordering::Release);
    provider.publish(format!("{}{}", jwks(&["r1"]), " ".repeat(300 << 10)));
    assert_eq!(asked(&gateway, "r1").0, 503, "too long to be keys");
    provider.publish(jwks(&["r1"]));
    until(|| (asked(&gateway, "r1") == OK).then_some(()));
}

/// A provider behind TLS; gives its address and the certificate that its own was issued with.
fn behind_tls() -> (SocketAddr, String) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let (ca_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = params.self_signed(&ca_key).expect("a certificate");
    let issuer = Issuer::new(params, ca_key);
    let own = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let own = own.signed_by(&key, &issuer).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .expect("a certificate and its key");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).expect("a connection");
            let mut stream = rustls::StreamOwned::new(connection, stream);
            let mut head = [0; 4096];
            // Who does not trust this certificate goes away before a word is said.
            let Ok(1..) = stream.read(&mut head) else { continue };
            let keys = jwks(&["d1"]);
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{keys}", keys.len());
            let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
        }
    });
    (address, ca.pem())
}

#[test]
fn keys_come_over_tls_from_whom_the_ca_vouches_for() {
    let crm = crm();
    let (address, ca) = behind_tls();
    let url = format!("jwks: \"https://localhost:{}/keys\"", address.port());
    let trusting = gateway(&crm, &format!("{url}, ca: ca.pem"), &[("ca.pem", &ca)]);
    until(|| (asked(&trusting, "d1") == OK).then_some(()));
    let wary = gateway(&crm, &url, &[]);
    assert_eq!(asked(&wary, "d1"), refused(503, "identity-away"), "the system vouches for no such thing");
}
