//! Several hosts, each with a CRM of its own, and what is known of their health.

use std::io::Write;
use std::net::TcpListener;

use super::RULES;
use super::client::{Answer, request};
use super::origin::Origin;
use super::running::{Running, Setup, until};
use crate::gate::wire::{connect, read_all};

fn named(name: &'static str) -> Origin {
    Origin::start(move |request| match request.path() {
        "/moved" => Answer::new(302, "text/plain", "").with("Location", &format!("http://{name}.internal/next")),
        "/health" => Answer::new(204, "text/plain", ""),
        _ => Answer::new(200, "application/json", &format!("{{\"crm\":\"{name}\"}}")),
    })
}

/// The status line, the refusal and the body for this host.
fn asked(gateway: &Running, host: &str, path: &str) -> String {
    let mut stream = connect(gateway.staff);
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nX-Remote-User: a\r\nX-Remote-Groups: crm-support\r\n");
    stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).expect("a write");
    String::from_utf8_lossy(&read_all(&mut stream)).into_owned()
}

#[test]
fn the_host_chooses_the_crm_and_an_unknown_one_none() {
    let (one, two) = (named("one"), named("two"));
    let config = format!(
        "sites: {{ one.example: 'http://{}', Two.example: {{ upstream: {{ url: 'http://{}', host: two.internal }} }} }}",
        one.address, two.address
    );
    let gateway = Running::set_up(one.address, Setup { rules: RULES, config: &config, ..Setup::default() });
    assert!(asked(&gateway, "one.example", "/").ends_with("{\"crm\":\"one\"}"));
    assert!(asked(&gateway, "TWO.example.:8080", "/").ends_with("{\"crm\":\"two\"}"));
    assert!(two.asked()[0].contains("host: two.internal\r\n"), "{:?}", two.asked());
    // The redirect of one CRM leads inside; its name means nothing to the other.
    assert!(asked(&gateway, "two.example", "/moved").contains("location: /next\r\n"));
    assert!(asked(&gateway, "one.example", "/moved").contains("sudare-refusal: redirect\r\n"));
    let before = (one.asked().len(), two.asked().len());
    for host in ["three.example", "one.example.evil", "127.0.0.1", "one"] {
        let told = asked(&gateway, host, "/");
        assert!(told.starts_with("HTTP/1.1 421") && told.contains("sudare-refusal: misdirected"), "{host}: {told}");
    }
    assert_eq!((one.asked().len(), two.asked().len()), before);
    // Who asks for what is not here is told so, and not asked who they are.
    let nobody = request(gateway.staff, "GET", "/", &[], "").expect("an answer");
    assert_eq!(nobody.status, 421);
    let id = nobody.header("sudare-request").expect("an id");
    // Nobody waits for the record of a refusal.
    let record = until(|| gateway.records(&id).into_iter().next());
    assert_eq!((record["reason"].as_str(), record["client"].as_str()), (Some("misdirected"), Some("127.0.0.1")));
}

#[test]
fn a_gateway_is_unready_when_no_crm_that_is_watched_answers() {
    let well = named("one");
    let nowhere = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let ill = format!("{{ url: 'http://{nowhere}', health: {{ path: /health, every: 50ms }} }}");
    let watched = format!("{{ url: 'http://{}', health: {{ path: /health, every: 50ms }} }}", well.address);
    for (config, status, part) in [
        (format!("upstream: {ill}"), 503, "not ready: the crm at"),
        (format!("sites: {{ a.example: {ill}, b.example: {watched} }}"), 200, "ready, but the crm at"),
        (format!("sites: {{ a.example: {ill}, b.example: 'http://{}' }}", well.address), 503, "not ready: the crm at"),
    ] {
        let gateway = Running::set_up(well.address, Setup { rules: RULES, config: &config, ..Setup::default() });
        let ready = until(|| Some(gateway.admin("/readyz")).filter(|ready| ready.text().contains("does not answer")));
        assert_eq!(ready.status, status, "{config}: {ready:?}");
        assert!(ready.text().starts_with(part) && ready.text().contains(&nowhere.to_string()), "{ready:?}");
        assert_eq!(gateway.admin("/healthz").status, 200);
    }
}

#[test]
fn an_error_of_the_crm_is_no_health_and_a_log_in_is() {
    let crm = Origin::start(|request| match request.path() {
        "/error" => Answer::new(500, "text/plain", ""),
        _ => Answer::new(401, "text/plain", ""),
    });
    for (path, part) in [("/error", "it answers with status 500"), ("/login", "ready\n")] {
        let config = format!("upstream: {{ url: 'http://{}', health: {{ path: {path}, every: 50ms }} }}", crm.address);
        let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: &config, ..Setup::default() });
        until(|| (crm.asked().iter().filter(|asked| asked.contains(path)).count() > 2).then_some(()));
        assert!(gateway.admin("/readyz").text().contains(part), "{path}: {:?}", gateway.admin("/readyz"));
    }
}
