//! `sudare init`: what it writes passes `check`, runs, veils everything, and never overwrites.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;

use data_encoding::BASE64;

use super::{sudare, text};

/// A CRM of two pages, until the test ends.
fn crm(login: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream, login));
        }
    });
    address
}

fn answer(stream: TcpStream, login: &str) {
    let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
    let Some(Ok(first)) = lines.next() else { return };
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (head, body) = if path.starts_with("/example/customers/") {
        (
            "200 OK\r\nContent-Type: application/json",
            r#"{"id":"taro","name":"山田 太郎","tel":"090-1234-5678"}"#.to_owned(),
        )
    } else if path == "/" {
        (login, String::new())
    } else {
        let page = "<form method=post><input name=user><input type=\"password\" name=pw></form>";
        ("200 OK\r\nServer: Apache\x1b[2J\r\nContent-Type: text/html; charset=Shift_JIS", page.to_owned())
    };
    let mut stream = stream;
    let length = body.len();
    let _ = write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}

/// Ends the gateway with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn init(home: &Path, japanese: bool, words: &[&str]) -> (i32, String, String) {
    let output = sudare(home, japanese).arg("init").args(words).output().expect("sudare runs");
    (output.status.code().expect("a status"), text(&output.stdout), text(&output.stderr))
}

const LOOPBACK: [&str; 4] = ["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"];

#[test]
fn what_it_writes_passes_check_and_its_own_tests_in_both_languages() {
    for (japanese, taught) in [(false, "# How the gateway runs."), (true, "# ゲートウェイの動かし方。")] {
        for rules in [&[][..], &["--rules", "creme"], &["--rules", "tryton"]] {
            let home = tempfile::tempdir().expect("a folder");
            let words = [&["http://127.0.0.1:1", "--no-probe", "--dir", "my crm"], rules].concat();
            let (status, out, err) = init(home.path(), japanese, &words);
            assert_eq!((status, err.as_str()), (0, ""), "{out}");
            assert!(out.contains("'my crm/gateway.yaml'"), "{out}");
            let folder = home.path().join("my crm");
            // The shipped rules are for roles that the one first user does not have, which is a warning.
            let check = if rules.is_empty() { &["check", "--strict"][..] } else { &["check"] };
            for words in [check, &["test", "rules/"]] {
                let output = sudare(&folder, japanese).args(words).output().expect("sudare runs");
                assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
            }
            let gateway = fs::read_to_string(folder.join("gateway.yaml")).expect("a file");
            assert!(gateway.contains(taught), "{gateway}");
            let mode = |name| fs::metadata(folder.join(name)).expect("a file").permissions().mode() & 0o777;
            assert_eq!(mode("users.yaml"), 0o600);
        }
    }
}

#[test]
fn the_first_user_logs_in_sees_nothing_and_is_in_the_ledger() {
    let home = tempfile::tempdir().expect("a folder");
    let crm = crm("302 Found\r\nLocation: /login\r\nSet-Cookie: sid=1");
    let url = format!("http://{crm}/");
    let words = [&[&*url, "--user", "tanaka"], &LOOPBACK[..]].concat();
    let (status, out, err) = init(home.path(), false, &words);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    for part in ["answers with 200 OK", "log-in page at /login", "encoding: Shift_JIS", "Apache\\u{1b}[2J"] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let password = out.lines().find_map(|line| line.trim().strip_prefix("password  ")).expect("a password");
    let users = fs::read_to_string(home.path().join("users.yaml")).expect("a file");
    assert!(!users.contains(password) && users.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{users}");

    let mut command = sudare(home.path(), false);
    let mut child = command.arg("serve").stderr(Stdio::piped()).spawn().expect("the gateway");
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let serving = Serving(child);
    let mut line = String::new();
    let listen = loop {
        line.clear();
        assert!(log.read_line(&mut line).expect("text") > 0, "the gateway ended at its start");
        let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(listen) = told["fields"]["listen"].as_str() {
            break listen.to_owned();
        }
    };
    let answer = ask(&listen, &format!("tanaka:{password}"));
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("山田") && !answer.contains("1234"), "{answer}");
    assert!(answer.contains(r#""name":"****","tel":"****""#), "{answer}");
    assert!(ask(&listen, "tanaka:wrong").starts_with("HTTP/1.1 401"));
    drop(serving);
    the_ledger_answers(home.path());
}

fn ask(listen: &str, who: &str) -> String {
    let mut stream = TcpStream::connect(listen).expect("the gateway");
    let who = BASE64.encode(who.as_bytes());
    let host = "Host: crm\r\nConnection: close";
    write!(stream, "GET /example/customers/taro HTTP/1.1\r\n{host}\r\nAuthorization: Basic {who}\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// `taro` is no number, so that the ledger holds it as a keyed hash; the ring finds it.
fn the_ledger_answers(home: &Path) {
    let query = |words: &[&str]| {
        let output = sudare(home, false).args(["ledger", "query"]).args(words).output().expect("sudare runs");
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (status, found, err) = query(&["--subject", "customer:taro"]);
    assert_eq!((status, err.as_str()), (Some(0), ""), "{found}");
    assert!(found.contains("customer:h1:") && found.contains("basic:tanaka"), "{found}");
    assert_eq!(query(&["--subject", "customer:taro", "-c", "gateway.yaml"]).1, found);
    assert_eq!(query(&["--subject", "customer:taro", "--state", "state"]).1, found);
    assert_eq!(query(&["--subject", "customer:ｔａｒｏ"]).1, found, "spelt full-width");
    assert_eq!(query(&["--subject", "lead:taro"]).1, "", "another type is somebody else");
    assert_eq!(query(&["--category", "contact"]).1, found);
    assert_eq!(query(&["--category", "contact", "--kind", "phone", "--action", "mask"]).1, found);
    assert_eq!(query(&["--category", "financial"]).1, "");
    assert_eq!(query(&["--category", "contact", "--kind", "person.name"]).1, "");
    let (status, _, err) = query(&["--category", "contacts"]);
    assert!(status == Some(2) && err.contains("`contacts` is no category") && err.contains("government_id"), "{err}");
    fs::rename(home.join("state/keys"), home.join("state/away")).expect("the ring");
    let (status, found, err) = query(&["--subject", "customer:taro"]);
    assert_eq!((status, found.as_str()), (Some(0), ""));
    assert!(err.contains("were not looked for: there is no key ring at `state/keys`"), "{err}");
    assert!(!query(&["--subject", "customer:42"]).2.contains("key ring"), "digits stand in clear");
}

/// A CRM with a certificate that nobody signed.
fn secret_crm() -> SocketAddr {
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).expect("a key");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .expect("a certificate");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let Ok((stream, _)) = listener.accept() else { return };
        let connection = rustls::ServerConnection::new(Arc::new(config)).expect("a connection");
        let mut stream = rustls::StreamOwned::new(connection, stream);
        let _ = stream.read(&mut [0; 1024]);
    });
    address
}

#[test]
fn a_certificate_that_nobody_signed_is_told_and_changes_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let url = format!("https://localhost:{}", secret_crm().port());
    let (status, out, err) = init(home.path(), false, &[&url]);
    assert_eq!((status, err.as_str()), (0, ""), "{out}");
    // Where the machine has no trusted certificates at all, it says so in its own words.
    assert!(out.contains("is not trusted here: name its CA as `ca:`") || out.contains("CA certificates"), "{out}");
    let gateway = fs::read_to_string(home.path().join("gateway.yaml")).expect("a file");
    assert!(gateway.contains(&format!("\nupstream: {url}\n")), "{gateway}");
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_half_written() {
    let home = tempfile::tempdir().expect("a folder");
    let read = |name: &str| fs::read_to_string(home.path().join(name)).unwrap_or_default();
    fs::write(home.path().join("users.yaml"), "mine").expect("a file");
    let (status, out, err) = init(home.path(), false, &["http://127.0.0.1:1"]);
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("`users.yaml` is there already; nothing was written") && err.contains("--force"), "{err}");
    assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 1);
    let (status, out, _) = init(home.path(), false, &["http://127.0.0.1:1", "--no-probe", "--force"]);
    assert!(status == 0 && out.contains("the old one is users.yaml.old"), "{out}");
    assert_eq!(read("users.yaml.old"), "mine");
    let before = read("gateway.yaml");
    assert_eq!(init(home.path(), false, &["http://127.0.0.1:2", "--no-probe"]).0, 1);
    assert_eq!(read("gateway.yaml"), before);

    fs::write(home.path().join("file"), "").expect("a file");
    let (status, _, err) = init(home.path(), true, &["http://127.0.0.1:1", "--no-probe", "--dir", "file/below"]);
    assert!(status == 1 && err.contains("書き込めません") && err.contains("残していません"), "{err}");
}

#[test]
fn a_known_crm_and_one_elsewhere_are_told() {
    let creme = crm("302 Found\r\nLocation: /creme_login/?next=/");
    let away = crm("302 Found\r\nLocation: https://sso.example/start");
    let told = |crm: SocketAddr, more: &[&str]| {
        let home = tempfile::tempdir().expect("a folder");
        init(home.path(), true, &[&[&*format!("http://{crm}")], more].concat())
    };
    let (status, out, _) = told(creme, &[]);
    assert!(status == 0 && out.contains("Creme CRM") && out.contains("`--rules creme` を付けて"), "{out}");
    let (status, out, _) = told(creme, &["--rules", "creme"]);
    assert!(status == 0 && out.contains("付属の規則を書き込みました") && out.contains("rules/creme.yaml"), "{out}");
    let (status, out, _) = told(away, &[]);
    assert!(status == 0 && out.contains("`sudare init https://sso.example`"), "{out}");
}
