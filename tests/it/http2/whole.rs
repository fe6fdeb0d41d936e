//! HTTP/2 through the gateway as its users run it: in TLS, chosen by ALPN, with rules, a CRM and a ledger.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Method, Request, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sudare::config::pem::provider;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::frames::{Client, END_HEADERS, END_STREAM, End, HEADERS, RST_STREAM, block, frame, usual};
use crate::gate::wire::{Event, Origin, Reply, connect};
use crate::gateway::RULES;
use crate::gateway::running::{Running, Setup, until};
use crate::tls::pki::Authority;

const HOST: &str = "crm.example";
const RECORD: &str = r#"{"id":42,"name":"山田 太郎","tel":"090-1234-5678"}"#;
const SUPPORT: (&str, &str) = ("tanaka", "crm-support");
const MANAGER: (&str, &str) = ("suzuki", "crm-managers");

/// A gateway in TLS, and who vouches for it.
struct Scene {
    gateway: Running,
    authority: Authority,
}

impl Scene {
    fn new(crm: &Origin, config: &str) -> Scene {
        let authority = Authority::new("staff's");
        let own = authority.server(&[HOST, "127.0.0.1"]);
        let tls = "listen: [{ address: 127.0.0.1:0, tls: { certificate: own.pem, key: own.key } }]";
        let config = format!("{tls}\n{config}");
        let ca = authority.pem();
        let files = [("own.pem", own.certificate.as_str()), ("own.key", own.key.as_str()), ("ca.pem", ca.as_str())];
        let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: &config, files: &files });
        Scene { gateway, authority }
    }

    /// A TLS connection on which this is offered to be spoken.
    async fn connect(&self, offered: &[&str]) -> TlsStream<TcpStream> {
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.expect("versions").with_root_certificates(self.authority.roots());
        let mut config = builder.with_no_client_auth();
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(self.gateway.staff).await.expect("a connection");
        let name = ServerName::try_from(HOST).expect("a name");
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")
    }

    /// A client that keeps the rules.
    async fn client(&self) -> SendRequest<Bytes> {
        let stream = self.connect(&["h2", "http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (client, connection) = h2::client::handshake(stream).await.expect("a conversation");
        tokio::spawn(connection);
        client.ready().await.expect("a conversation")
    }

    /// A client that writes its frames itself.
    async fn raw(&self) -> Client<TlsStream<TcpStream>> {
        Client::open(self.connect(&["h2"]).await, &[]).await
    }

    fn end(&self, id: &str) -> String {
        until(|| self.gateway.records(id).iter().find_map(|record| record["end"].as_str().map(str::to_owned)))
    }
}

/// An answer whose body is still to come.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: RecvStream,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The body up to its proper end, or how it broke off.
    async fn text(mut self) -> Result<String, Option<Reason>> {
        let mut all = Vec::new();
        while let Some(part) = self.body.data().await {
            let part = part.map_err(|error| error.reason())?;
            self.body.flow_control().release_capacity(part.len()).expect("what came can be given back");
            all.extend_from_slice(&part);
        }
        Ok(String::from_utf8(all).expect("text"))
    }
}

fn request(method: Method, path: &str, (user, groups): (&str, &str)) -> Request<()> {
    let request = Request::builder().method(method).uri(format!("https://{HOST}{path}"));
    request.header("x-remote-user", user).header("x-remote-groups", groups).body(()).expect("a request")
}

async fn ask(client: &SendRequest<Bytes>, request: Request<()>) -> Answer {
    let mut client = client.clone().ready().await.expect("a conversation");
    let (answer, _) = client.send_request(request, true).expect("a stream");
    let (head, body) = answer.await.expect("an answer").into_parts();
    Answer { status: head.status, headers: head.headers, body }
}

fn record() -> Origin {
    Origin::start(|_| Reply::of("application/json", RECORD))
}

const CSV: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\n";
const LITTLE: &str = "bounds: { hold: 64KiB, ledger_wait: 20s }";

fn export(rows: usize) -> String {
    let row = |row| format!("{row},山田 {row},090-1234-{:04}\r\n", row % 10_000);
    "番号,氏名,電話番号\r\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

/// An export that says it is longer than what comes of it.
fn torn(close: bool) -> Origin {
    let body = export(8_000);
    let bytes = format!("{CSV}Content-Length: {}\r\n\r\n{body}", body.len() + 1).into_bytes();
    Origin::start(move |_| Reply { close, ..Reply::raw(bytes.clone()) })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_roles_on_one_connection_get_each_their_own_view() {
    let crm = record();
    let scene = Scene::new(&crm, "");
    let client = scene.client().await;
    let mut asked = Vec::new();
    for _ in 0..20 {
        for (staff, tel) in [(SUPPORT, "***-****-5678"), (MANAGER, "090-1234-5678")] {
            let client = client.clone();
            let answered = async move { ask(&client, request(Method::GET, "/api/customers/42", staff)).await };
            asked.push((staff, tel, tokio::spawn(answered)));
        }
    }
    for (staff, tel, answer) in asked {
        let answer = answer.await.expect("an answer");
        let id = answer.header("sudare-request").to_owned();
        assert_eq!(answer.status, 200);
        let text = answer.text().await.expect("a whole answer");
        assert!(text.contains(tel), "{staff:?}: {text}");
        assert_eq!(text.contains("090-1234"), staff == MANAGER, "{staff:?}: {text}");
        assert!(scene.gateway.record(&id)["staff"].as_str().is_some_and(|name| name.ends_with(staff.0)), "{id}");
    }
    assert!(scene.gateway.verify().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_crm_and_staff_see_the_heads_of_their_own_protocol() {
    let crm = Origin::start(|_| {
        let head =
            "Connection: x-hop, keep-alive\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nAlt-Svc: h3=\":1\"";
        let body = format!("1e\r\n{}\r\n0\r\nTrailer-Of: crm\r\n\r\n", r#"{"id":42,"tel":"090-1234-567"}"#);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}\r\nX-Kept: yes");
        Reply::raw(format!("{head}\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes())
    });
    let scene = Scene::new(
        &crm,
        "upstream: { url: 'http://CRM', host: preserve }".replace("CRM", &crm.address.to_string()).as_str(),
    );
    let client = scene.client().await;
    let mut asked = request(Method::GET, "/api/customers/42?x=y", SUPPORT);
    for (name, value) in [("cookie", "a=b"), ("te", "trailers"), ("cookie", "c=d")] {
        asked.headers_mut().append(name, value.parse().expect("a value"));
    }
    let answer = ask(&client, asked).await;
    assert_eq!((answer.status, answer.header("x-kept")), (StatusCode::OK, "yes"));
    for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "alt-svc", "trailer"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
    let mut body = answer.body;
    while let Some(part) = body.data().await {
        part.expect("a whole answer");
    }
    assert_eq!(body.trailers().await.expect("an end"), None);
    let seen = String::from_utf8_lossy(&crm.take().bytes).into_owned();
    assert!(seen.starts_with("GET /api/customers/42?x=y HTTP/1.1\r\n"), "{seen}");
    for line in ["host: crm.example", "cookie: a=b; c=d", "x-forwarded-proto: https", "x-forwarded-host: crm.example"] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line}: {seen}");
    }
    assert!(!seen.contains("\r\nte:") && seen.matches("cookie:").count() == 1, "{seen}");
    let head = ask(&client, request(Method::HEAD, "/api/customers/42", SUPPORT)).await;
    assert_eq!((head.status, head.text().await), (StatusCode::OK, Ok(String::new())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_crm_breaks_off_is_reset_and_recorded_as_cut() {
    let crm = torn(true);
    let scene = Scene::new(&crm, LITTLE);
    let client = scene.client().await;
    let answer = ask(&client, request(Method::GET, "/export.csv", SUPPORT)).await;
    let id = answer.header("sudare-request").to_owned();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text().await, Err(Some(Reason::INTERNAL_ERROR)));
    assert_eq!(scene.end(&id), "cut");
    assert_eq!(ask(&client, request(Method::GET, "/export.csv", SUPPORT)).await.status, 200, "its connection goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_the_client_resets_is_recorded_as_cancelled() {
    let crm = torn(false);
    let scene = Scene::new(&crm, LITTLE);
    let client = scene.client().await;
    let mut answer = ask(&client, request(Method::GET, "/export.csv", SUPPORT)).await;
    let id = answer.header("sudare-request").to_owned();
    answer.body.data().await.expect("a part").expect("a part");
    drop(answer);
    assert_eq!(scene.end(&id), "cancelled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_has_its_number_its_page_its_record_and_its_metric() {
    let crm = record();
    let scene = Scene::new(&crm, "");
    let client = scene.client().await;
    for (path, page) in
        [("//evil.example/", "text/html; charset=utf-8"), ("//evil.example/", "application/problem+json")]
    {
        let mut asked = request(Method::GET, "/", SUPPORT);
        *asked.uri_mut() = format!("https://{HOST}{path}").parse().expect("an address");
        if page.starts_with("text/html") {
            asked.headers_mut().insert("accept", "text/html".parse().expect("a value"));
        }
        let answer = ask(&client, asked).await;
        assert_eq!((answer.status.as_u16(), answer.header("sudare-refusal")), (400, "ambiguous"));
        assert_eq!(answer.header("content-type"), page);
        let id = answer.header("sudare-request").to_owned();
        assert!(answer.text().await.expect("a page").contains(&id));
        let record = until(|| scene.gateway.records(&id).into_iter().next());
        assert_eq!((record["reason"].as_str(), record["status"].as_u64()), (Some("ambiguous"), Some(400)));
    }
    // What HTTP/2 itself forbids has no page; it is counted and recorded all the same.
    let mut raw = scene.raw().await;
    let stream = raw.stream();
    let fields = [usual("/"), vec![(b"connection".to_vec(), b"close".to_vec())]].concat();
    raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(&fields))).await;
    assert_eq!(raw.end(stream).await, End::Reset(1, 0));
    assert!(scene.gateway.metrics_page().contains("sudare_refusals_total{reason=\"framing\"} 1"));
    until(|| scene.gateway.ledger_text().contains("\"framing\"").then_some(()));
    assert!(crm.take().bytes.is_empty());
}

/// Libraries tell at their lower levels what they read; the log must not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_of_the_log_holds_what_was_sent() {
    let crm = record();
    let scene = Scene::new(&crm, "log: { level: debug }");
    let mut raw = scene.raw().await;
    for (name, value) in [(":path", "/canary b"), (":authority", "canary b"), (":scheme", "canary:"), ("x_canary", "a")]
    {
        let stream = raw.stream();
        let mut fields = usual("/");
        fields.retain(|(own, _)| own != name.as_bytes());
        let at = if name.starts_with(':') { 0 } else { fields.len() };
        fields.insert(at, (name.into(), value.into()));
        raw.send(&frame(HEADERS, END_STREAM | END_HEADERS, stream, &block(&fields))).await;
        assert!(!matches!(raw.end(stream).await, End::Gone(_)), "{name}");
    }
    let log = until(|| Some(scene.gateway.log()).filter(|log| log.matches("\"refused\"").count() == 4));
    assert!(!log.contains("canary"), "{log}");
}

/// Nobody's body is read; what of it was under way does no harm to the next request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_refusal_ends_its_stream_alone() {
    let crm = record();
    let scene = Scene::new(&crm, "");
    let client = scene.client().await;
    for _ in 0..10 {
        let mut ready = client.clone().ready().await.expect("a conversation");
        let nobody = Request::post(format!("https://{HOST}/api/customers/42")).body(()).expect("a request");
        let (answer, mut body) = ready.send_request(nobody, false).expect("a stream");
        // The window may be shut before all of it is gone, and the stream as well.
        let _ = body.send_data(Bytes::from(vec![b'a'; 1 << 20]), true);
        assert_eq!(answer.await.expect("an answer").status(), 401);
    }
    let answer = ask(&client, request(Method::GET, "/api/customers/42", SUPPORT)).await;
    assert!(answer.text().await.expect("a whole answer").contains("***-****-5678"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_take_the_seats_of_connections() {
    let crm = Origin::start(|_| Reply::raw(Vec::new()));
    let scene = Scene::new(&crm, "bounds: { connections: 4, ledger_wait: 20s }");
    let client = scene.client().await;
    // Of the four, the connection has one, and another is kept for whoever comes next.
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let mut ready = client.clone().ready().await.expect("a conversation");
        waiting.push(ready.send_request(request(Method::GET, "/api/customers/42", SUPPORT), true).expect("a stream"));
        crm.wait_for(&Event::Asked);
    }
    let answer = ask(&client, request(Method::GET, "/api/customers/42", SUPPORT)).await;
    assert_eq!((answer.status.as_u16(), answer.header("sudare-refusal")), (503, "overload"));
    // Whoever leaves gives the seat back.
    waiting.clear();
    crm.wait_for(&Event::Left);
    crm.wait_for(&Event::Left);
    let mut ready = client.clone().ready().await.expect("a conversation");
    let again = ready.send_request(request(Method::GET, "/api/customers/42", SUPPORT), true).expect("a stream");
    crm.wait_for(&Event::Asked);
    drop(again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_recorded_and_others_are_served() {
    let crm = record();
    let scene = Scene::new(&crm, "");
    let client = scene.client().await;
    let mut raw = scene.raw().await;
    let head = block(&usual("/"));
    for _ in 0..5_000 {
        let stream = raw.stream();
        let reset = frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]);
        if !raw.send(&[frame(HEADERS, END_STREAM | END_HEADERS, stream, &head), reset].concat()).await {
            break;
        }
    }
    assert_eq!(raw.closed().await, Some(11));
    assert!(scene.gateway.metrics_page().contains("sudare_refusals_total{reason=\"overload\"} 1"));
    assert_eq!(ask(&client, request(Method::GET, "/api/customers/42", SUPPORT)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_lets_answers_in_flight_come_to_their_end() {
    let whole = export(8_000);
    let body = whole.clone();
    let crm = Origin::start(move |_| Reply::of("text/csv; charset=utf-8", &body));
    let mut scene = Scene::new(&crm, LITTLE);
    let client = scene.client().await;
    let answer = ask(&client, request(Method::GET, "/export.csv", MANAGER)).await;
    let id = answer.header("sudare-request").to_owned();
    scene.gateway.terminate();
    until(|| (scene.gateway.admin("/readyz").status == 503).then_some(()));
    assert_eq!(answer.text().await.as_deref(), Ok(whole.as_str()));
    drop(client);
    assert!(scene.gateway.ended().success());
    assert_eq!(scene.end(&id), "done");
}

/// Only ALPN leads to HTTP/2: neither its preface nor an upgrade does, plain or in TLS.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_to_http2_but_by_alpn() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let crm = record();
    let scene = Scene::new(&crm, "");
    let plain = Running::set_up(crm.address, Setup { rules: RULES, ..Setup::default() });
    let upgrade = "GET / HTTP/1.1\r\nHost: crm.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
    for (sent, reason) in [("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version"), (upgrade, "upgrade")] {
        let mut stream = scene.connect(&["http/1.1"]).await;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        stream.write_all(sent.as_bytes()).await.expect("bytes are taken");
        let mut in_tls = String::new();
        stream.read_to_string(&mut in_tls).await.expect("an answer and an end");
        let mut stream = connect(plain.staff);
        stream.write_all(sent.as_bytes()).expect("bytes are taken");
        let mut in_plain = String::new();
        stream.read_to_string(&mut in_plain).expect("an answer and an end");
        for answer in [in_tls, in_plain] {
            assert!(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5"), "{answer}");
            assert!(answer.contains(&format!("sudare-refusal: {reason}\r\n")), "{answer}");
        }
    }
    assert!(crm.take().bytes.is_empty());
}

/// Other people's clients, where they are installed; `tests/run` installs them.
#[test]
fn curl_and_h2load_are_served() {
    let crm = record();
    let scene = Scene::new(&crm, "");
    let port = scene.gateway.staff.port();
    let staff = ["-H", "x-remote-user: tanaka", "-H", "x-remote-groups: crm-support"];
    let address = format!("https://127.0.0.1:{port}/api/customers/42");
    let ca = scene.gateway.state().with_file_name("ca.pem");
    let ran = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).args(staff).arg(&address).output();
        match output {
            Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
            Err(_) if !std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1") => {
                println!("skipped: {program} is not installed; run `tests/run` or set SUDARE_TEST_REAL=1");
                None
            }
            Err(error) => panic!("{program}: {error}"),
        }
    };
    let ca = ca.to_str().expect("text");
    if let Some(told) =
        ran("curl", &["--silent", "--http2", "--cacert", ca, "--write-out", "%{http_version} %{http_code}"])
    {
        assert!(told.contains("***-****-5678") && told.ends_with("2 200"), "{told}");
    }
    if let Some(told) = ran("h2load", &["-n", "400", "-c", "4", "-m", "20"]) {
        assert!(told.contains("400 succeeded, 0 failed, 0 errored, 0 timeout"), "{told}");
        assert!(told.contains("Application protocol: h2"), "{told}");
    }
}
