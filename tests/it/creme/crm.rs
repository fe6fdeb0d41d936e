//! The real CRM of these tests: Creme, started by the project's own scripts with a fresh copy of
//! its seeded database, on ports of its own.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::client::{Client, form};
use super::stage::Papers;

/// How often a start is tried again.
const STARTS: usize = 2;

/// A running CRM; it stops when this is dropped.
#[derive(Debug)]
pub struct Crm {
    /// Where it listens.
    pub address: SocketAddr,
    run: TempDir,
    redis_port: u16,
}

impl Crm {
    /// Starts the CRM, or says why it cannot be and gives nothing. With `SUDARE_TEST_REAL=1` it is
    /// installed first where it is absent, and a CRM that does not start is a failed test.
    pub fn start(papers: &Papers) -> Option<Crm> {
        let wanted = env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1");
        if !home().join("pristine/stamp").exists() {
            if !wanted {
                println!(
                    "skipped: Creme is not installed; run `bash tests/creme/install.sh` or set SUDARE_TEST_REAL=1"
                );
                return None;
            }
            run(script("creme/install.sh"), &[]);
        }
        // Another test may take a port between its choice and its use; it will not do so three times.
        let started = (0..STARTS).find_map(|_| Crm::start_once(papers).ok());
        Some(
            started.unwrap_or_else(|| {
                Crm::start_once(papers).unwrap_or_else(|why| panic!("the CRM does not start: {why}"))
            }),
        )
    }

    fn start_once(papers: &Papers) -> Result<Crm, String> {
        let run = tempfile::tempdir().expect("a folder for the run");
        let crm = Crm { address: free_address(), run, redis_port: free_address().port() };
        let mut start = crm.command("start.sh");
        if let (Some(certificate), Some(key)) = (papers.file("crm.pem"), papers.file("crm.key")) {
            start.env("CREME_SETTINGS", "hard").env("CREME_CERTIFICATE", certificate).env("CREME_KEY", key);
        }
        let output = start.output().expect("bash runs");
        if output.status.success() { Ok(crm) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }

    /// A cell of the CRM's database, read beside the CRM; empty where there is no row.
    pub fn cell(&self, sql: &str) -> String {
        let read = "import sqlite3, sys\n\
            rows = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True).execute(sys.argv[2]).fetchall()\n\
            sys.stdout.buffer.write('\\n'.join('|'.join(str(c) for c in row) for row in rows).encode())";
        let database = self.run.path().join("db.sqlite3");
        let mut python = Command::new(home().join("venv/bin/python"));
        python.arg("-c").arg(read).arg(&database).arg(sql);
        run(python, &[])
    }

    fn command(&self, name: &str) -> Command {
        let mut command = script(&format!("creme/{name}"));
        command.env("CREME_PORT", self.address.port().to_string());
        command.env("CREME_REDIS_PORT", self.redis_port.to_string());
        command.env("CREME_RUN", self.run.path());
        command
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        // A panic here would hide the failure that brought us here.
        let _ = self.command("stop.sh").output();
    }
}

/// Logs in with the CRM's own form and keeps its session.
pub fn log_in(client: &mut Client, user: &str, password: &str) {
    let page = client.get("/creme_login?next=/");
    assert_eq!(page.status, 200, "the log-in page of {user}");
    let token = super::page::input(&page.text(), "csrfmiddlewaretoken").expect("a log-in form");
    let fields = [("csrfmiddlewaretoken", token.as_str()), ("username", user), ("password", password), ("next", "/")];
    let answer = client.post("/creme_login", &form(&fields));
    assert_eq!(answer.status, 302, "the CRM lets {user} in");
    assert!(client.cookie("sessionid").is_some(), "the CRM's session reaches {user}");
}

/// What was seeded: one object a customer, with the CRM's id.
pub fn people() -> Vec<Value> {
    let text = fs::read_to_string(home().join("pristine/people.json")).expect("the list of seeded people");
    serde_json::from_str(&text).expect("JSON")
}

/// The type number that the CRM gave to contacts.
pub fn contact_type(crm: &Crm) -> String {
    crm.cell("select id from django_content_type where app_label = 'persons' and model = 'contact'")
}

/// A loopback address with a port that nobody has.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("the port just bound")
}

/// A script of the project's tests.
pub fn script(name: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name));
    command
}

/// Runs a command to its end and gives what it printed; anything but success fails the test.
pub fn run(mut command: Command, arguments: &[&str]) -> String {
    let output = command.args(arguments).output().unwrap_or_else(|e| panic!("{command:?} does not run: {e}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}:\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn home() -> PathBuf {
    installed("SUDARE_CREME", "creme")
}

/// Where a CRM is installed: as the variable says, else under this name in the user's cache.
pub fn installed(variable: &str, name: &str) -> PathBuf {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder(variable).unwrap_or_else(|| {
        let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
        cache.expect("HOME is set").join("sudare").join(name)
    })
}
