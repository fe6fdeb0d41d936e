//! Under a service manager: sockets that are handed over, and what it is told.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::RULES;
use super::client::Answer;
use super::origin::Origin;
use super::running::{Running, Setup, until};

fn crm() -> Origin {
    Origin::start(|_| Answer::new(200, "application/json", "{}"))
}

/// The next message to the manager.
fn told(manager: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let count = manager.recv(&mut bytes).expect("a message in time");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// The next that is no sign of life.
fn news(manager: &UnixDatagram) -> String {
    std::iter::repeat_with(|| told(manager)).find(|told| told != "WATCHDOG=1\n").expect("an endless row")
}

#[test]
fn the_manager_hears_of_start_reload_life_and_stop() {
    let crm = crm();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(30))).expect("an option");
    let start = move |config: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
        command.args(["serve", "-c"]).arg(config).env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "100000");
        command
    };
    let setup = Setup { rules: RULES, ..Setup::default() };
    let mut gateway = Running::set_up_by(crm.address, setup, Box::new(start));
    assert_eq!(told(&manager), "READY=1\n");
    assert_eq!((told(&manager), told(&manager)), ("WATCHDOG=1\n".to_owned(), "WATCHDOG=1\n".to_owned()));
    gateway.hang_up();
    let reloading = news(&manager);
    let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect("a reload, and since when");
    assert!(time.trim_end().parse::<u64>().is_ok_and(|time| time > 0), "{reloading}");
    assert_eq!(news(&manager), "READY=1\nSTATUS=the rules and certificates on disk are in force\n");
    gateway.write_rules("sudare: 2\n");
    gateway.hang_up();
    assert!(news(&manager).starts_with("RELOADING=1\n"));
    let refused = news(&manager);
    assert!(refused.starts_with("READY=1\nSTATUS=what changed is wrong"), "{refused}");
    gateway.terminate();
    assert_eq!(news(&manager), "STOPPING=1\n");
    assert!(gateway.ended().success());
}

/// Starts `serve` with one socket at the place where systemd puts the first.
fn activated(socket: OwnedFd) -> impl Fn(&Path) -> Command + Send + Sync {
    move |config| {
        let mut command = Command::new("sh");
        let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" serve -c \"$1\" 3<&0 </dev/null";
        command.args(["-c", script, env!("CARGO_BIN_EXE_sudare")]).arg(config);
        command.stdin(Stdio::from(socket.try_clone().expect("a socket")));
        command
    }
}

#[test]
fn staff_is_served_on_the_socket_that_systemd_holds() {
    let crm = crm();
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    let setup = Setup { rules: RULES, config: "listen: systemd", ..Setup::default() };
    let gateway = Running::set_up_by(crm.address, setup, Box::new(activated(socket.into())));
    assert_eq!(gateway.staff, address);
    assert_eq!(gateway.get("/", "tanaka", "crm-support").status, 200);
}

/// As the `.socket` unit does it: systemd's own tool listens, and starts the gateway when somebody comes.
#[test]
fn systemds_own_tool_hands_the_socket_over() {
    let crm = crm();
    if Command::new("systemd-socket-activate").arg("--version").output().is_err() {
        assert!(std::env::var("SUDARE_TEST_REAL").is_err(), "run `bash tests/deploy/install.sh`");
        println!("skipped: no systemd-socket-activate");
        return;
    }
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let comes = std::thread::spawn(move || until(|| std::net::TcpStream::connect(address).ok()));
    let start = move |config: &Path| {
        let mut command = Command::new("systemd-socket-activate");
        command.arg("-l").arg(address.to_string()).args([env!("CARGO_BIN_EXE_sudare"), "serve", "-c"]).arg(config);
        command
    };
    let setup = Setup { rules: RULES, config: "listen: systemd", ..Setup::default() };
    let mut gateway = Running::set_up_by(crm.address, setup, Box::new(start));
    drop(comes.join().expect("the first to come"));
    assert_eq!(gateway.staff, address);
    assert_eq!(gateway.get("/", "tanaka", "crm-support").status, 200);
    assert!(gateway.stop().success());
}

#[test]
fn sockets_and_listeners_must_be_as_many() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("rules.yaml"), RULES).expect("rules");
    for (listen, part) in [
        ("[systemd, { address: systemd, proxy_protocol: true }]", "there are fewer than `systemd` stands"),
        ("127.0.0.1:0", "there are more than `systemd` stands"),
    ] {
        let config = format!(
            "sudare: 1\nlisten: {listen}\nupstream: http://127.0.0.1:9\nrules: rules.yaml\ntrusted_proxies: [10.0.0.0/8]\n\
             identity: [{{ header: {{ user: X-User, from: [127.0.0.1] }} }}]\n"
        );
        let path = folder.path().join("gateway.yaml");
        std::fs::write(&path, config).expect("a file");
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let output = activated(socket.into())(&path).output().expect("the gateway");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && told.contains(part), "{told}");
        assert!(!folder.path().join("state").exists(), "nothing was begun");
    }
}
