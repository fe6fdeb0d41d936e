//! `sudare serve` as a process of its own, with a state folder that goes with the test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::client::{Answer, get, request};
use super::origin::Origin;

/// What a gateway is started with.
#[derive(Clone, Copy, Default)]
pub struct Setup<'a> {
    pub rules: &'a str,
    /// Lines of gateway.yaml, beside the usual ones or in the place of those with the same key.
    pub config: &'a str,
    /// Files beside gateway.yaml.
    pub files: &'a [(&'a str, &'a str)],
}

/// How the process is started, given the path of gateway.yaml.
pub type Start = Box<dyn Fn(&Path) -> Command + Send + Sync>;

fn serve(path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.args(["serve", "-c"]).arg(path);
    command
}

/// A running gateway.
pub struct Running {
    pub staff: SocketAddr,
    metrics: SocketAddr,
    child: Option<Child>,
    start: Start,
    folder: TempDir,
    log: Arc<Mutex<String>>,
    deaf: Arc<AtomicBool>,
}

impl Running {
    pub fn start(origin: &Origin, rules: &str) -> Running {
        Running::set_up(origin.address, Setup { rules, ..Setup::default() })
    }

    pub fn set_up(crm: SocketAddr, setup: Setup<'_>) -> Running {
        Running::set_up_by(crm, setup, Box::new(serve))
    }

    pub fn set_up_by(crm: SocketAddr, setup: Setup<'_>, start: Start) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        std::fs::create_dir(folder.path().join("rules")).expect("a folder for rules");
        write("rules/rules.yaml", setup.rules);
        write("gateway.yaml", &configuration(crm, setup.config));
        let unset = SocketAddr::from(([127, 0, 0, 1], 0));
        let (log, deaf) = (Arc::default(), Arc::default());
        let mut running = Running { staff: unset, metrics: unset, child: None, start, folder, log, deaf };
        for (name, text) in setup.files {
            running.write(name, text);
        }
        running.restart();
        running
    }

    /// Puts a file that only its owner can read beside gateway.yaml, whole at once.
    pub fn write(&self, name: &str, text: &str) {
        let draft = self.folder.path().join(format!(".{name}.new"));
        std::fs::write(&draft, text).expect("a file");
        std::fs::set_permissions(&draft, PermissionsExt::from_mode(0o600)).expect("a mode");
        std::fs::rename(&draft, self.folder.path().join(name)).expect("a file in place");
    }

    /// Asks it to read its files again.
    pub fn hang_up(&self) {
        signal(self.child.as_ref().expect("a running gateway"), "HUP");
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a running gateway").id()
    }

    /// Starts a gateway on the same folder.
    pub fn restart(&mut self) {
        let path = self.folder.path().join("gateway.yaml");
        let mut child = (self.start)(&path).stderr(Stdio::piped()).spawn().expect("the gateway");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        self.child = Some(child);
        let log = Arc::clone(&self.log);
        loop {
            let line = lines.next().expect("the gateway ended at its start").expect("text");
            log.lock().expect("no panic there").push_str(&format!("{line}\n"));
            let told: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(listen) = told["fields"]["listen"].as_str() {
                self.staff = listen.parse().expect("an address");
                self.metrics = told["fields"]["metrics"].as_str().expect("metrics").parse().expect("an address");
                break;
            }
        }
        let deaf = Arc::clone(&self.deaf);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                log.lock().expect("no panic there").push_str(&format!("{line}\n"));
                if deaf.load(Ordering::Acquire) {
                    return;
                }
            }
        });
    }

    pub fn get(&self, path: &str, user: &str, groups: &str) -> Answer {
        get(self.staff, path, &[("X-Remote-User", user), ("X-Remote-Groups", groups)])
    }

    pub fn put(&self, path: &str, user: &str, groups: &str, json: &str) -> Answer {
        let headers = [("X-Remote-User", user), ("X-Remote-Groups", groups), ("Content-Type", "application/json")];
        request(self.staff, "PUT", path, &headers, json).expect("an answer")
    }

    pub fn admin(&self, path: &str) -> Answer {
        get(self.metrics, path, &[])
    }

    pub fn metrics_page(&self) -> String {
        self.admin("/metrics").text()
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn write_rules(&self, rules: &str) {
        let path = self.folder.path().join("rules/rules.yaml");
        // As editors do it: another file takes the place of the old one.
        let draft = self.folder.path().join("rules/.rules.yaml.new");
        std::fs::write(&draft, rules).expect("rules");
        std::fs::rename(&draft, path).expect("rules in place");
    }

    /// Every record of a request.
    pub fn records(&self, id: &str) -> Vec<Value> {
        let text = self.ledger_text();
        // A last line may be on its way to the disk.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| serde_json::from_str::<Value>(line).expect("a record"))
            .filter(|record| record["request"] == id)
            .collect()
    }

    /// The first record of a request. Nobody waits for that of a refusal, so it may come a moment later.
    pub fn record(&self, id: &str) -> Value {
        until(|| self.records(id).into_iter().next())
    }

    pub fn ledger_text(&self) -> String {
        let mut text = String::new();
        let mut paths: Vec<PathBuf> = std::fs::read_dir(self.state().join("ledger"))
            .expect("the ledger")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")) {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(path).expect("a segment")));
        }
        text
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("no panic there").clone()
    }

    /// Reads one line of the log more and then closes it.
    pub fn deafen(&self) {
        self.deaf.store(true, Ordering::Release);
    }

    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running gateway");
        child.kill().expect("it can be killed");
        child.wait().expect("it ended");
    }

    /// Asks it to stop, and waits.
    pub fn stop(&mut self) -> ExitStatus {
        self.terminate();
        self.ended()
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        signal(self.child.as_ref().expect("a running gateway"), "TERM");
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        self.child.take().expect("a running gateway").wait().expect("it ended")
    }

    pub fn verify(&self) -> ExitStatus {
        let verify =
            Command::new(env!("CARGO_BIN_EXE_sudare")).args(["ledger", "verify", "--state"]).arg(self.state()).output();
        let output = verify.expect("the command");
        if !output.status.success() {
            eprintln!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        }
        output.status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn configuration(crm: SocketAddr, more: &str) -> String {
    let upstream = format!("upstream: http://{crm}");
    let usual = [
        "sudare: 1",
        "listen: 127.0.0.1:0",
        "metrics: 127.0.0.1:0",
        &upstream,
        "rules: [rules/]",
        "state: state",
        "node: gw-test",
        // A busy machine's disk is slow; what a slow ledger means is not tested by chance.
        "bounds: { ledger_wait: 20s }",
        "identity: [{ header: { user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1/32] } }]",
    ];
    let key = |line: &str| line.split(':').next().map(|key| key.replace("sites", "upstream"));
    let is_said = |line: &&str| more.lines().any(|said| key(said) == key(line));
    let mut lines: Vec<&str> = usual.into_iter().filter(|line| !is_said(line)).collect();
    lines.push(more);
    lines.join("\n")
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().expect("kill");
    assert!(sent.success());
}

/// Waits until something holds; a bounded number of looks, not a measured time.
pub fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::sleep(Duration::from_millis(20));
    }
}
