//! `sudare demo` as it is started by whoever meets sudare first: what it prints must be true.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use data_encoding::BASE64;
use serde_json::Value;
use tempfile::TempDir;

use super::creme::browser::Browser;
use super::gateway::client::{Answer, get, request};

/// A demo that runs, and whom it names.
struct Demo {
    child: Child,
    folder: TempDir,
    /// Name, credentials and address of each staff.
    staff: Vec<(String, String, SocketAddr)>,
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Demo {
    fn start() -> Demo {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_sudare"))
            .args(["demo", "--port", "0", "--lang", "en", "--folder"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo");
        let said = BufReader::new(child.stdout.take().expect("what it prints"));
        let mut staff = Vec::new();
        for line in said.lines().map_while(Result::ok) {
            if let Some((credentials, rest)) = line.trim().strip_prefix("http://").and_then(|url| url.split_once('@')) {
                let name = credentials.split(':').next().expect("a name").to_owned();
                staff.push((name, credentials.to_owned(), rest.trim_end_matches('/').parse().expect("an address")));
            }
            if line.contains("Ctrl+C") {
                break;
            }
        }
        assert_eq!(staff.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>(), ["tanaka", "sato", "suzuki"]);
        Demo { child, folder, staff }
    }

    fn ask(&self, name: &str, method: &str, path: &str, body: &str) -> Answer {
        let (_, credentials, address) = self.staff.iter().find(|(own, ..)| own == name).expect("staff");
        let basic = format!("Basic {}", BASE64.encode(credentials.as_bytes()));
        let headers = [
            ("Authorization", basic.as_str()),
            ("Accept", "text/html"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        request(*address, method, path, &headers, body).expect("an answer")
    }

    fn page(&self, name: &str, path: &str) -> String {
        let answer = self.ask(name, "GET", path, "");
        assert_eq!(answer.status, 200, "{name} {path}");
        answer.text()
    }
}

#[test]
fn what_the_demo_prints_is_true() {
    let demo = Demo::start();
    assert_eq!(get(demo.staff[0].2, "/customers", &[]).status, 401);

    let [tanaka, sato, suzuki] = ["tanaka", "sato", "suzuki"].map(|name| demo.page(name, "/customers/42"));
    assert!(tanaka.contains("山田 太郎") && tanaka.contains("***-****-5678") && !tanaka.contains("090-0000-5678"));
    assert!(sato.contains("山田 太郎") && sato.contains("090-0000-5678"));
    assert!(!suzuki.contains("山田 太郎") && !suzuki.contains("090-0000-5678"));

    let order = demo.ask("tanaka", "GET", "/customers?sort=tel", "");
    assert_eq!((order.status, order.header("sudare-refusal").as_deref()), (403, Some("query")));
    assert!(demo.page("tanaka", "/customers?tel=090-0000-5678").contains("/customers/42"));
    assert_eq!(demo.ask("tanaka", "GET", "/customers?tel=090", "").status, 403);

    assert_eq!(demo.ask("tanaka", "GET", "/export.csv", "").status, 403);
    let export = demo.page("sato", "/export.csv");
    assert!(export.contains("tok_phone_") && !export.contains("090-0000-5678"));

    let fault = demo.ask("tanaka", "GET", "/customers/0", "");
    assert!(fault.status >= 500 && !fault.text().contains("SELECT"), "{fault:?}");

    let form = "name=%E5%B1%B1%E7%94%B0+%E5%A4%AA%E9%83%8E&tel=***-****-5678";
    assert_eq!(demo.ask("tanaka", "POST", "/customers/42", form).status, 409);
    assert!(demo.page("sato", "/customers/42").contains("090-0000-5678"), "nothing was stored");

    let verified = Command::new(env!("CARGO_BIN_EXE_sudare"))
        .args(["ledger", "query", "--staff", "basic:tanaka", "--format", "json", "--state"])
        .arg(demo.folder.path().join("state"))
        .output()
        .expect("the ledger");
    let told = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(verified.status.success() && told.contains(r#""id":"42""#) && !told.contains("5678"), "{told}");
}

/// Whether all that the page shows is in the answer; `…` stands for what is different each time.
fn is_shown(page: &Value, answer: &Value) -> bool {
    match (page, answer) {
        (Value::Object(page), Value::Object(answer)) => {
            page.iter().all(|(key, value)| answer.get(key).is_some_and(|own| is_shown(value, own)))
        }
        (Value::Array(page), Value::Array(answer)) => {
            page.iter().zip(answer).all(|(value, own)| is_shown(value, own)) && page.len() <= answer.len()
        }
        (Value::String(page), Value::String(answer)) => match page.split_once('…') {
            Some((begin, end)) => answer.starts_with(begin) && answer.ends_with(end),
            None => page == answer,
        },
        (page, answer) => page == answer,
    }
}

#[test]
fn the_readme_shows_what_the_demo_gives() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("README.md");
    let demo = Demo::start();
    for (name, role) in [("tanaka", "support"), ("sato", "manager"), ("suzuki", "analyst")] {
        let line = readme.lines().find_map(|line| line.strip_prefix(&format!("{name}, {role}"))).expect("a view");
        let shown: Value = serde_json::from_str(line.trim()).expect("JSON");
        let given: Value = serde_json::from_str(&demo.page(name, "/api/customers/42")).expect("JSON");
        assert!(is_shown(&shown, &given), "{name}: {shown}\n{given}");
    }
    // The ledger's line: what it says of the first, with the members that are different each time left out.
    let query = ["ledger", "query", "--staff", "basic:tanaka", "--format", "json", "--state"];
    let state = demo.folder.path().join("state");
    let told = Command::new(env!("CARGO_BIN_EXE_sudare")).args(query).arg(state).output().expect("the ledger");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let record: Value = serde_json::from_str(told.lines().next().expect("a record")).expect("JSON");
    let begin = readme.find("{\"seq\":").expect("a line of the ledger");
    let line = readme[begin..].split("```").next().expect("its end").replace('\n', "").replace(",…,", ",");
    let mut shown: Value = serde_json::from_str(&line).expect("JSON");
    for member in ["seq", "time", "node", "request"] {
        shown.as_object_mut().expect("an object").remove(member).expect(member);
    }
    assert!(is_shown(&shown, &record), "{shown}\n{record}");
}

/// A customer as the demo's CRM has it, which asks nobody who they are.
fn stored(demo: &Demo, id: u32) -> Value {
    let config = fs::read_to_string(demo.folder.path().join("gateway.yaml")).expect("gateway.yaml");
    let crm = config.lines().find_map(|line| line.strip_prefix("upstream: http://")).expect("where the CRM is");
    let answer = get(crm.trim().parse().expect("an address"), &format!("/api/customers/{id}"), &[]);
    serde_json::from_str(&answer.text()).expect("JSON")
}

/// Whether a browser is there; where the real thing is asked for, it is a fault that none is.
fn has_browser() -> bool {
    let is_asked_for = std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1");
    let is_there = Browser::installed();
    assert!(is_there || !is_asked_for, "run `bash tests/browser/install.sh`");
    is_there
}

#[test]
fn a_browser_saves_one_field_and_all_others_stay() {
    if !has_browser() {
        println!("skipped: no Chromium; run `bash tests/browser/install.sh`");
        return;
    }
    let demo = Demo::start();
    // Who sees most of it, who sees a part, and who sees next to nothing.
    for (name, id, field, typed) in [
        ("sato", 44, "address", "東京都港区芝1-2-3"),
        ("tanaka", 42, "address", "大阪府堺市堺区1-1"),
        ("tanaka", 42, "memo", "二行の\nメモ 𠮷"),
        ("suzuki", 43, "address", "京都府京都市1-2"),
    ] {
        let mut expected = stored(&demo, id);
        let (_, credentials, address) = demo.staff.iter().find(|(own, ..)| own == name).expect("staff");
        let browser = Browser::open();
        browser.go(&format!("http://{credentials}@{address}/customers/{id}/edit"));
        browser.find("form.edit input[type=submit]");
        let set = format!("document.querySelector('[name={field}]').value = {}", Value::from(typed));
        browser.run(&set);
        browser.click("form.edit input[type=submit]");
        browser.find("a[href$='/edit']");
        // As browsers send it.
        expected[field] = Value::from(typed);
        let mut now = stored(&demo, id);
        now[field] = Value::from(now[field].as_str().expect("a text").replace("\r\n", "\n"));
        assert_eq!(now, expected, "{name} changed {field}");
        browser.go(&format!("http://{address}/customers/{id}/edit"));
        let shown = browser.run(&format!("return document.querySelector('[name={field}]').value"));
        let is_seen = name == "sato" || field == "memo";
        assert_eq!(shown == typed, is_seen, "{name} gets {field} as {shown}");
    }
}
