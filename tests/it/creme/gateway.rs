//! The gateway under test: its files in a folder of its own, the binary, its ledger.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::client::Client;
use super::crm::{free_address, run};
use super::stage::{Papers, Way};

/// How long the gateway may take to listen; a debug build on a busy machine is slow.
const START_WAIT: Duration = Duration::from_secs(30);

/// Who asks: user, groups, and the CRM account that they use; where the gateway learns the CRM's
/// log-in, that account is the user.
#[derive(Debug, Clone, Copy)]
pub struct Staff {
    /// The id that the identity source gives.
    pub user: &'static str,
    /// The group that gives the role.
    pub group: &'static str,
    /// The CRM's own account: name and password.
    pub crm: (&'static str, &'static str),
}

/// Sees names, and contacts in part.
pub const SUPPORT: Staff = Staff { user: "tanaka", group: "crm-support", crm: ("op1", "pw-op1") };
/// Sees everything.
pub const MANAGER: Staff = Staff { user: "sato", group: "crm-managers", crm: ("root", "root") };
/// Sees nobody.
pub const ANALYST: Staff = Staff { user: "suzuki", group: "bi", crm: ("op2", "pw-op2") };

// Passwords `pw-USER`, with few rounds: a browser sends them with each of a page's requests.
const USERS: &str = r#"tanaka:
  password: "$argon2id$v=19$m=8192,t=1,p=1$gsC/WQc28/HYJk7l51sUkw$kYNqxbnHxnzdhTxvnWfQMFUTe1sDOhyVuYRtUQlT5ag"
  groups: [crm-support]
sato:
  password: "$argon2id$v=19$m=8192,t=1,p=1$QdjWPn2FYJi5FqSNral9+Q$HRx+6Rj2Rb/5+5KAhTHNHzIPFB5OE2kMFUnGfCBGHTo"
  groups: [crm-managers]
suzuki:
  password: "$argon2id$v=19$m=8192,t=1,p=1$H+IAO1YAhn7WdJM3mAM4BA$am8RFO/00EDuXbx0jqb6tKVDW56kz7irD6tjdDa+pxs"
  groups: [bi]
"#;

// The same groups for the CRM's own accounts.
const STAFF: &str = "op1: [crm-support]\nroot: [crm-managers]\nop2: [bi]\n";

/// A running gateway; it is killed when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    pub address: SocketAddr,
    way: Way,
    folder: TempDir,
    process: Child,
}

impl Gateway {
    /// Starts the gateway in front of the CRM at `upstream`, with the shipped rules.
    pub fn start(upstream: SocketAddr, papers: &Papers) -> Gateway {
        let folder = tempfile::tempdir().expect("a folder for the gateway");
        let address = free_address();
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/creme.yaml");
        fs::copy(rules, folder.path().join("creme.yaml")).expect("the shipped rules");
        fs::write(folder.path().join("users.yaml"), USERS).expect("users.yaml");
        fs::write(folder.path().join("staff.yaml"), STAFF).expect("staff.yaml");
        let configuration = configuration(address, upstream, papers);
        fs::write(folder.path().join("gateway.yaml"), configuration).expect("gateway.yaml");
        let log = fs::File::create(folder.path().join("gateway.log")).expect("gateway.log");
        let process = sudare(folder.path())
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("the gateway starts");
        let mut gateway = Gateway { address, way: papers.way.clone(), folder, process };
        gateway.wait_until_it_listens();
        gateway
    }

    /// A client that some proxy in front has recognised as this staff, or that has yet to log in.
    pub fn client(&self, staff: Staff) -> Client {
        match &self.way {
            Way::Plain => self.stranger(&[("X-Remote-User", staff.user), ("X-Remote-Groups", staff.group)]),
            Way::Hard(_) => self.stranger(&[]),
        }
    }

    /// A client that sends these headers.
    pub fn stranger(&self, headers: &[(&str, &str)]) -> Client {
        Client::new(&self.way, self.address, headers)
    }

    /// Every record of the ledger, in order.
    pub fn ledger(&self) -> Vec<Value> {
        self.ledger_text().lines().map(|line| serde_json::from_str(line).expect("a JSON record a line")).collect()
    }

    /// The ledger's segments as they lie on disk.
    pub fn ledger_text(&self) -> String {
        let folder = self.folder.path().join("state/ledger");
        let entries = fs::read_dir(&folder).expect("a ledger folder");
        let mut segments: Vec<PathBuf> = entries.map(|entry| entry.expect("a segment").path()).collect();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        segments.sort();
        segments.iter().map(|path| fs::read_to_string(path).expect("a readable segment")).collect()
    }

    /// What the gateway wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("gateway.log")).unwrap_or_default()
    }

    /// Asks the gateway to stop as a service manager does, waits for its end, verifies the ledger.
    pub fn stop_and_verify(mut self) {
        let pid = self.process.id().to_string();
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &pid]);
        run(kill, &[]);
        let status = self.process.wait().expect("the gateway ends");
        assert!(status.success(), "the gateway ended with {status}:\n{}", self.log());
        run(sudare(self.folder.path()), &["ledger", "verify"]);
    }

    fn wait_until_it_listens(&mut self) {
        let give_up = Instant::now() + START_WAIT;
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.process.try_wait().expect("a process of ours") {
                panic!("the gateway ended with {status}:\n{}", self.log());
            }
            assert!(Instant::now() < give_up, "the gateway does not listen:\n{}", self.log());
            // Gives the processor to the gateway, which needs it to come up.
            thread::yield_now();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the gateway's log:\n{}", self.log());
        }
        // After stop_and_verify the process has gone, and both calls only say so.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn configuration(address: SocketAddr, upstream: SocketAddr, papers: &Papers) -> String {
    let common = "sudare: 1\nrules: [creme.yaml]\nstate: state/\nnode: gw-test\n";
    let own = match papers.folder() {
        None => format!(
            "listen: {address}\n\
             upstream: http://{upstream}\n\
             identity:\n\
             \x20 - header: {{ user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1/32] }}\n\
             \x20 - basic: {{ users: users.yaml }}\n"
        ),
        Some(papers) => format!(
            "listen: [{{ address: {address}, tls: {{ certificate: {0}/gateway.pem, key: {0}/gateway.key }} }}]\n\
             upstream: {{ url: https://{upstream}, ca: {0}/ca.pem }}\n\
             identity:\n\
             \x20 - session: {{ login: POST /creme_login, user: form.username, cookie: sessionid, \
             success: {{ status: 302, location: \"/*\" }}, logout: POST /creme_logout, groups: staff.yaml }}\n",
            papers.display()
        ),
    };
    format!("{common}{own}")
}

fn sudare(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.current_dir(folder);
    command
}
