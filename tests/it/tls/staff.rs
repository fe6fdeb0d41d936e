//! Staff's side: versions, groups, certificates that change, and what does not begin.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::{HandshakeKind, NamedGroup, ProtocolVersion};
use sudare::config::listen::TlsConfig;
use sudare::config::pem::{Clients, Pair};
use sudare::identity::peer::Peer;
use sudare::serve::tls::{self, Tls};

use super::client::{BOTH, Client, ONLY_12, ask, shown};
use super::pki::{Authority, Issued};
use crate::gate::wire::{Origin, Reply, connect};
use crate::gateway::RULES;
use crate::gateway::running::{Running, Setup, until};

const HOST: &str = "crm.example";

fn crm() -> Origin {
    Origin::start(|_| Reply::of("application/json", r#"{"id":42,"tel":"090-1234-5678"}"#))
}

/// A gateway with this certificate, and more lines for its `tls`, its listener and the rest.
fn gateway(crm: &Origin, own: &Issued, tls: &str, config: &str, files: &[(&str, &str)]) -> Running {
    let config =
        format!("listen: [{{ address: 127.0.0.1:0, tls: {{ certificate: own.pem, key: own.key{tls} }} }}]\n{config}");
    let own = [("own.pem", own.certificate.as_str()), ("own.key", own.key.as_str())];
    let files = [&own, files].concat();
    Running::set_up(crm.address, Setup { rules: RULES, config: &config, files: &files })
}

#[test]
fn staff_is_served_in_tls_1_3_with_the_post_quantum_group() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let gateway = gateway(&crm, &authority.server(&[HOST]), "", "", &[]);
    let client = Client::of(&authority, HOST);
    let mut stream = client.connect(gateway.staff).expect("a handshake");
    assert_eq!(stream.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let group = stream.conn.negotiated_key_exchange_group().map(|group| group.name());
    assert_eq!(group, Some(NamedGroup::X25519MLKEM768));
    for _ in 0..3 {
        let answer = ask(&mut stream, HOST, "/api/customers/42").expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("***-****-5678"), "{answer}");
    }
    let seen = String::from_utf8_lossy(&crm.take().bytes).into_owned();
    assert!(seen.contains("x-forwarded-proto: https\r\n"), "{seen}");
    assert!(Client { versions: ONLY_12, ..client }.connect(gateway.staff).is_err(), "1.2 is not spoken");
}

#[test]
fn the_older_version_is_spoken_where_it_is_allowed() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let gateway = gateway(&crm, &authority.server(&[HOST]), ", min: \"1.2\"", "", &[]);
    let client = Client { versions: ONLY_12, ..Client::of(&authority, HOST) };
    let mut stream = client.connect(gateway.staff).expect("a handshake");
    assert_eq!(stream.conn.protocol_version(), Some(ProtocolVersion::TLSv1_2));
    assert!(ask(&mut stream, HOST, "/api/customers/42").expect("an answer").contains("***-****-5678"));
    let both = Client::of(&authority, HOST).connect(gateway.staff).expect("a handshake");
    assert_eq!(both.conn.protocol_version(), Some(ProtocolVersion::TLSv1_3), "the newer comes first");
}

#[test]
fn a_changed_certificate_is_shown_without_a_restart_and_a_bad_one_never() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let (old, new) = (authority.server(&[HOST]), authority.server(&[HOST]));
    let gateway = gateway(&crm, &old, "", "", &[]);
    let client = Client::of(&authority, HOST);
    let showing = || shown(&client.connect(gateway.staff).expect("a handshake"));
    let mut living = client.connect(gateway.staff).expect("a handshake");
    assert_eq!(showing(), old.chain()[0]);
    // Half of a pair does not fit the other half.
    gateway.write("own.key", &new.key);
    until(|| gateway.log().contains("is not that of the certificate").then_some(()));
    assert_eq!(showing(), old.chain()[0], "the old pair stays");
    gateway.write("own.pem", &new.certificate);
    until(|| (showing() == new.chain()[0]).then_some(()));
    gateway.write("own.pem", "no certificate");
    gateway.hang_up();
    until(|| gateway.log().contains("does not hold a certificate").then_some(()));
    assert_eq!(showing(), new.chain()[0]);
    assert!(ask(&mut living, HOST, "/api/customers/42").expect("an answer").contains("200 OK"), "it lives on");
    assert_eq!(shown(&living), old.chain()[0]);
}

#[test]
fn each_site_shows_its_own_certificate() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let (own, billing) = (authority.server(&[HOST]), authority.server(&["billing.example"]));
    let url = format!("http://{}", crm.address);
    let sites = format!(
        "sites: {{ {HOST}: '{url}', billing.example: {{ upstream: '{url}', tls: {{ certificate: b.pem, key: b.key }} }} }}"
    );
    let files = [("b.pem", billing.certificate.as_str()), ("b.key", billing.key.as_str())];
    let gateway = gateway(&crm, &own, "", &sites, &files);
    let mut stream = Client::of(&authority, "billing.example").connect(gateway.staff).expect("a handshake");
    assert_eq!(shown(&stream), billing.chain()[0]);
    assert!(ask(&mut stream, "Billing.example:443", "/").expect("an answer").starts_with("HTTP/1.1 200"));
    let crossed = ask(&mut stream, HOST, "/").expect("an answer");
    assert!(crossed.starts_with("HTTP/1.1 421") && crossed.contains("sudare-refusal: misdirected"), "{crossed}");
    let stream = Client::of(&authority, HOST).connect(gateway.staff).expect("a handshake");
    assert_eq!(shown(&stream), own.chain()[0]);
}

#[test]
fn a_host_other_than_the_connections_is_refused_but_of_a_trusted_proxy() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    for (config, status) in [("", "421"), ("trusted_proxies: [127.0.0.1/32]", "200")] {
        let gateway = gateway(&crm, &authority.server(&[HOST]), "", config, &[]);
        let mut stream = Client::of(&authority, HOST).connect(gateway.staff).expect("a handshake");
        let answer = ask(&mut stream, "other.example", "/").expect("an answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{config}: {answer}");
    }
}

#[test]
fn only_certificates_of_the_authority_are_taken_and_none_is_needed() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let (people, strangers) = (Authority::new("people's"), Authority::new("strangers'"));
    let files = [("people.pem", people.pem())];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let gateway = gateway(&crm, &authority.server(&[HOST]), ", client_ca: people.pem", "", &files);
    let answered = |person: Option<&Issued>| {
        let client = Client { person, ..Client::of(&authority, HOST) };
        client.connect(gateway.staff).and_then(|mut stream| ask(&mut stream, HOST, "/")).is_ok()
    };
    assert!(answered(None), "another source may know them");
    assert!(answered(Some(&people.person("tanaka"))));
    assert!(!answered(Some(&strangers.person("tanaka"))), "a certificate that is there and bad");
}

/// A list of what was taken back counts without a restart, and what it does not say lets nobody in.
#[test]
fn whoever_is_on_a_revocation_list_does_not_get_in() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let (people, others) = (Authority::new("people's"), Authority::new("others'"));
    let (tanaka, sato) = (people.person("tanaka"), people.person("sato"));
    for versions in [BOTH, ONLY_12] {
        let tls = ", client_ca: people.pem, client_crl: people.crl, min: \"1.2\"";
        let files = [("people.pem", people.pem()), ("people.crl", people.revoking(&[&tanaka]))];
        let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
        let gateway = gateway(&crm, &authority.server(&[HOST]), tls, "", &files);
        let gets_in = |person: Option<&Issued>| {
            let client = Client { versions, person, ..Client::of(&authority, HOST) };
            client.connect(gateway.staff).and_then(|mut stream| ask(&mut stream, HOST, "/")).is_ok()
        };
        let known = Client { versions, person: Some(&sato), ..Client::of(&authority, HOST) };
        let config = known.config();
        let again = || {
            let mut stream = known.connect_with(&config, gateway.staff)?;
            ask(&mut stream, HOST, "/")
        };
        assert!(!gets_in(Some(&tanaka)) && gets_in(Some(&sato)) && gets_in(None), "{versions:?}");
        assert!(again().is_ok() && again().is_ok(), "{versions:?}: a session that could be resumed");
        // Half a file changes nothing.
        gateway.write("people.crl", "-----BEGIN X509 CRL-----\n");
        until(|| gateway.log().contains("people.crl").then_some(()));
        assert!(!gets_in(Some(&tanaka)) && gets_in(Some(&sato)), "{versions:?}");
        gateway.write("people.crl", &people.revoking(&[&sato]));
        until(|| gets_in(Some(&tanaka)).then_some(()));
        assert!(!gets_in(Some(&sato)) && again().is_err(), "{versions:?}: nor by the session of before");
        for (list, what) in [(people.old_list(), "one that has expired"), (others.revoking(&[]), "another's")] {
            gateway.write("people.crl", &list);
            until(|| (!gets_in(Some(&tanaka))).then_some(()));
            assert!(!gets_in(Some(&sato)) && gets_in(None), "{versions:?}: {what}");
            gateway.write("people.crl", &people.revoking(&[]));
            until(|| gets_in(Some(&tanaka)).then_some(()));
        }
    }
}

/// Whom an old authority let in comes back neither by a new handshake nor by the session of the old one.
#[test]
fn a_changed_authority_counts_without_a_restart_and_resumes_nobody() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let (old, new) = (Authority::new("old people's"), Authority::new("new people's"));
    let (before, after) = (old.person("tanaka"), new.person("tanaka"));
    for versions in [BOTH, ONLY_12] {
        let own = authority.server(&[HOST]);
        let tls = ", client_ca: people.pem, min: \"1.2\"";
        let gateway = gateway(&crm, &own, tls, "", &[("people.pem", &old.pem())]);
        let client = |person| Client { versions, person: Some(person), ..Client::of(&authority, HOST) };
        let config = client(&before).config();
        let again = || {
            let mut stream = client(&before).connect_with(&config, gateway.staff)?;
            ask(&mut stream, HOST, "/")?;
            Ok::<_, std::io::Error>(stream.conn.handshake_kind())
        };
        let fresh =
            |person| client(person).connect(gateway.staff).and_then(|mut stream| ask(&mut stream, HOST, "/")).is_ok();
        assert!(fresh(&before) && !fresh(&after));
        assert!(matches!(again(), Ok(Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest))));
        assert!(matches!(again(), Ok(Some(HandshakeKind::Resumed))), "there is a session that could be resumed");
        gateway.write("people.pem", &new.pem());
        until(|| fresh(&after).then_some(()));
        assert!(again().is_err(), "{versions:?}: the old session");
        assert!(!fresh(&before), "the old certificate");
    }
}

#[test]
fn whoever_the_certificate_names_has_the_groups_of_the_file() {
    let (crm, authority, people) = (crm(), Authority::new("staff's"), Authority::new("people's"));
    let (ca, staff) = (people.pem(), "tanaka: [crm-support]\nsato: [crm-managers]\n");
    let files = [("people.pem", ca.as_str()), ("staff.yaml", staff)];
    let identity = "identity: [{ mtls: { user: CN, groups: staff.yaml } }]";
    let gateway = gateway(&crm, &authority.server(&[HOST]), ", client_ca: people.pem", identity, &files);
    let asked = |person: Option<&Issued>| {
        let mut stream = Client { person, ..Client::of(&authority, HOST) }.connect(gateway.staff).expect("a handshake");
        ask(&mut stream, HOST, "/api/customers/42").expect("an answer")
    };
    assert!(asked(Some(&people.person("tanaka"))).contains("***-****-5678"));
    assert!(asked(Some(&people.person("sato"))).contains("090-1234-5678"));
    assert!(asked(Some(&people.person("suzuki"))).starts_with("HTTP/1.1 403"), "in no group");
    assert!(asked(None).starts_with("HTTP/1.1 401"));
    assert!(gateway.ledger_text().contains(r#""staff":"mtls:tanaka""#));
}

/// TLS keeps a little of what is written for itself; that must not hide a client that takes nothing.
#[test]
fn whoever_takes_no_answer_is_not_waited_for() {
    // More than the system's buffers hold, and nothing that must be walked.
    let mut picture = include_bytes!("../../../src/serve/sample/logo.png").to_vec();
    picture.resize(32 << 20, 0);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n", picture.len());
    let long = [head.as_bytes(), &picture].concat();
    let crm = Origin::start(move |head| match head.starts_with("GET /picture ") {
        true => Reply::raw(long.clone()),
        false => Reply::of("application/json", "{}"),
    });
    let authority = Authority::new("staff's");
    let config = "bounds: { ledger_wait: 20s, idle: 300ms, connections: 1 }";
    let gateway = gateway(&crm, &authority.server(&[HOST]), "", config, &[]);
    let client = Client::of(&authority, HOST);
    let mut idle = client.connect(gateway.staff).expect("a handshake");
    let head =
        format!("GET /picture HTTP/1.1\r\nHost: {HOST}\r\nX-Remote-User: a\r\nX-Remote-Groups: crm-support\r\n\r\n");
    idle.write_all(head.as_bytes()).expect("a write");
    idle.flush().expect("a write");
    let mut next = client.connect(gateway.staff).expect("the seat is free");
    assert!(ask(&mut next, HOST, "/").expect("an answer").starts_with("HTTP/1.1 200"));
    let rest = idle.read_to_end(&mut Vec::new());
    assert!(rest.is_err(), "half an answer ended in order");
}

#[tokio::test]
async fn the_peer_holds_what_the_handshake_proved() {
    let (authority, people) = (Arc::new(Authority::new("staff's")), Authority::new("people's"));
    let (own, tanaka) = (authority.server(&[HOST]), people.person("tanaka"));
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
        path
    };
    let pair = Pair { certificate: write("own.pem", &own.certificate), key: write("own.key", &own.key) };
    let clients = Some(Clients { ca: write("people.pem", &people.pem()), crl: None });
    let tls = Tls::open(TlsConfig { pair, clients, tls12: false }, Vec::new()).expect("certificates");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    for person in [Some(tanaka), None] {
        let leaf = person.as_ref().map(|person| person.chain()[0].to_vec());
        let authority = Arc::clone(&authority);
        let connecting = tokio::task::spawn_blocking(move || {
            let client = Client { person: person.as_ref(), ..Client::of(&authority, HOST) };
            drop(client.connect(address).expect("a handshake"));
        });
        let (stream, from) = listener.accept().await.expect("a connection");
        let stream = tls.accept(stream).await.expect("a handshake");
        connecting.await.expect("no panic there");
        let peer = tls::peer(Peer::plain(from.ip()), stream.get_ref().1);
        assert_eq!((peer.secure, peer.server_name.as_deref()), (true, Some(HOST)));
        assert_eq!(peer.certificate.as_deref().map(<[u8]>::to_vec), leaf);
    }
}

#[test]
fn what_is_no_handshake_ends_and_holds_nobody_up() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let config = "bounds: { ledger_wait: 20s, head_wait: 300ms, connections: 1 }";
    let gateway = gateway(&crm, &authority.server(&[HOST]), "", config, &[]);
    // Plain HTTP gets an alert and an orderly end.
    let mut plain = connect(gateway.staff);
    plain.write_all(b"GET / HTTP/1.1\r\nHost: crm.example\r\n\r\n").expect("a write");
    let mut told = Vec::new();
    plain.read_to_end(&mut told).expect("an orderly end");
    assert!(told.first() == Some(&0x15) && told.len() == 7, "an alert: {told:?}");
    // Half a hello is cut at the bound of a head, and gives its seat back.
    let mut half = connect(gateway.staff);
    half.set_read_timeout(Some(Duration::from_secs(20))).expect("an option");
    half.write_all(&[0x16, 3, 1, 2, 0, 1]).expect("a write");
    let cut = half.read_to_end(&mut Vec::new());
    assert!(cut.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    let mut next = Client::of(&authority, HOST).connect(gateway.staff).expect("the seat is free");
    assert!(ask(&mut next, HOST, "/").expect("an answer").starts_with("HTTP/1.1 200"));
}

/// Another implementation agrees: openssl, which is in every image that the tests run in.
#[test]
fn openssl_is_served_too() {
    let (crm, authority) = (crm(), Authority::new("staff's"));
    let gateway = gateway(&crm, &authority.server(&[HOST]), "", "", &[("ca.pem", &authority.pem())]);
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-servername", HOST, "-verify_hostname", HOST])
        .args(["-connect", &gateway.staff.to_string(), "-CAfile"])
        .arg(gateway.state().with_file_name("ca.pem"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let head = format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Remote-User: a\r\nX-Remote-Groups: crm-support\r\n");
    let mut input = client.stdin.take().expect("its input");
    input.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).expect("a write");
    let mut answer = String::new();
    client.stdout.take().expect("its output").read_to_string(&mut answer).expect("text");
    drop(input);
    assert!(client.wait().is_ok() && answer.starts_with("HTTP/1.1 200"), "{answer}");
}
