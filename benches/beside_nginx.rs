//! What a request costs in sudare and in nginx as a plain proxy, before the same upstream, in one run.
//!
//! `cargo bench --bench beside_nginx` (as root or with nginx, h2load and taskset on the path:
//! `bash benches/install.sh`). The proxy under test has one core for itself; the upstream (nginx with
//! files) and the load (h2load, HTTP/1.1, kept connections) share the other. Bursts are bounded by count
//! and interleaved; a burst's cost is the processor time that the proxy's processes took, user and
//! system, divided by its requests. sudare has identity, policy and ledger on in every row. Between
//! the two stand the least that sudare's own stack costs (`parts/bare`), and the least that the job costs on
//! it: the same with every answer read and recorded before it leaves (`parts/least`).
//!
//! `ROUNDS=2 SHARE=10 cargo bench --bench beside_nginx` is a quick look: so many rounds in place of
//! seven, and a tenth of each burst's requests. What is published comes from a whole run.
//!
//! Exit status: 0 measured (whatever came out), 2 a tool is missing.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

#[path = "parts/bare.rs"]
mod bare;
#[path = "parts/customers.rs"]
mod customers;
#[path = "parts/least.rs"]
mod least;

const CLIENTS: &str = "16";
const PROXY_CORE: &str = "1";
const OTHER_CORE: &str = "0";

/// The word after which this program is the bare proxy.
const BARE: &str = "bare";

/// The word after which it is the proxy that reads and records.
const LEAST: &str = "least";

/// How much is measured.
struct Amount {
    rounds: usize,
    /// Bursts are divided by this.
    share: u32,
}

impl Amount {
    fn of_the_environment() -> Amount {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
        let rounds = number("ROUNDS").map_or(7, |rounds| rounds.max(1) as usize);
        Amount { rounds, share: number("SHARE").map_or(1, |share| share.clamp(1, 50)) }
    }
}

/// One row of the table: what is asked of whom, and beside which row it is put.
struct Row {
    name: &'static str,
    /// Behind which proxy.
    proxy: Proxy,
    path: &'static str,
    staff: &'static str,
    requests: u32,
    /// The row that it is a ratio of.
    beside: usize,
    /// What the ratio should not exceed.
    goal: Option<f64>,
}

#[derive(Clone, Copy, PartialEq)]
enum Proxy {
    Nginx,
    Bare,
    Least,
    Sudare,
}

const ROWS: &[Row] = &[
    row("nginx, 1 KiB", Proxy::Nginx, "/1k/seen", "sato", 40_000, 0, None),
    row("bare hyper, 1 KiB", Proxy::Bare, "/1k/seen", "sato", 40_000, 0, None),
    row("the least of the job, 1 KiB", Proxy::Least, "/1k/seen", "sato", 20_000, 0, None),
    row("sudare, 1 KiB, all shown, detectors off", Proxy::Sudare, "/1k/plain", "sato", 20_000, 0, Some(1.5)),
    row("sudare, 1 KiB, all shown, detectors on", Proxy::Sudare, "/1k/seen", "sato", 20_000, 0, Some(1.5)),
    row("nginx, 20 KiB", Proxy::Nginx, "/20k/seen", "sato", 20_000, 5, None),
    row("bare hyper, 20 KiB", Proxy::Bare, "/20k/seen", "sato", 20_000, 5, None),
    row("the least of the job, 20 KiB", Proxy::Least, "/20k/seen", "sato", 10_000, 5, None),
    row("sudare, 20 KiB, all shown, detectors off", Proxy::Sudare, "/20k/plain", "sato", 5_000, 5, Some(1.5)),
    row("sudare, 20 KiB, all shown, detectors on", Proxy::Sudare, "/20k/seen", "sato", 5_000, 5, Some(1.5)),
    row("sudare, 20 KiB, 5 of 20 fields masked", Proxy::Sudare, "/20k/plain", "tanaka", 5_000, 8, Some(2.5)),
    row("sudare, 20 KiB, the same, detectors on", Proxy::Sudare, "/20k/seen", "tanaka", 5_000, 9, Some(2.5)),
];

const fn row(
    name: &'static str,
    proxy: Proxy,
    path: &'static str,
    staff: &'static str,
    requests: u32,
    beside: usize,
    goal: Option<f64>,
) -> Row {
    Row { name, proxy, path, staff, requests, beside, goal }
}

fn main() -> ExitCode {
    // `cargo test --benches` asks whether it runs; that is no time to measure.
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    let at = |word: &str| word.parse::<SocketAddr>().expect("an address");
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [BARE, address, upstream] => {
            bare::serve(at(address), at(upstream));
            return ExitCode::SUCCESS;
        }
        [LEAST, address, upstream, state] => {
            least::serve(at(address), at(upstream), Path::new(state));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    for (tool, ask) in [("nginx", "-v"), ("h2load", "--version"), ("taskset", "--version")] {
        if Command::new(tool).arg(ask).stderr(Stdio::null()).stdout(Stdio::null()).status().is_err() {
            eprintln!("{tool} is missing; run: bash benches/install.sh");
            return ExitCode::from(2);
        }
    }
    // In memory where that can be: the cost of a disk's fsync is the disk's, and the ledger waits for it.
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    let scene = Scene::start(folder.path());
    for row in ROWS {
        scene.check(row);
    }
    let amount = Amount::of_the_environment();
    let mut costs = vec![Vec::new(); ROWS.len()];
    for round in 0..amount.rounds {
        eprintln!("round {} of {}", round + 1, amount.rounds);
        for (row, costs) in ROWS.iter().zip(&mut costs) {
            costs.push(scene.burst(row, row.requests / amount.share));
        }
    }
    print(&mut costs);
    ExitCode::SUCCESS
}

fn print(costs: &mut [Vec<(f64, f64)>]) {
    println!("{:<44} {:>26} {:>10} {:>7} {:>6}", "", "CPU us/request", "req/s", "ratio", "goal");
    let middles: Vec<f64> = costs
        .iter_mut()
        .map(|costs| {
            costs.sort_by(|a, b| a.0.total_cmp(&b.0));
            costs[costs.len() / 2].0
        })
        .collect();
    for ((row, costs), middle) in ROWS.iter().zip(costs).zip(&middles) {
        let spread = format!("{:.1} / {middle:.1} / {:.1}", costs[0].0, costs[costs.len() - 1].0);
        let goal = row.goal.map(|goal| goal.to_string()).unwrap_or_default();
        let ratio = middle / middles[row.beside];
        println!("{:<44} {spread:>26} {:>10.0} {ratio:>7.2} {goal:>6}", row.name, costs[costs.len() / 2].1);
    }
}

/// The upstream and both proxies.
struct Scene {
    nginx: Running,
    bare: Running,
    least: Running,
    sudare: Running,
    _upstream: Running,
}

/// A process and where it listens.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx's workers end with their master on SIGTERM; a kill would leave them.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Scene {
    fn start(folder: &Path) -> Scene {
        for (name, bytes) in [("1k", 1 << 10), ("20k", 20 << 10)] {
            let sort = folder.join("files").join(name);
            fs::create_dir_all(&sort).expect("a folder");
            for page in ["seen", "plain"] {
                fs::write(sort.join(page), customers::list(bytes)).expect("a body");
            }
        }
        let [up, proxy, plain, record, own] = [free(), free(), free(), free(), free()];
        let files = folder.join("files");
        let upstream = nginx(
            folder,
            "upstream",
            OTHER_CORE,
            up,
            &format!("root {}; default_type application/json; open_file_cache max=16; sendfile on;", files.display()),
            "",
        );
        let nginx = nginx(
            folder,
            "proxy",
            PROXY_CORE,
            proxy,
            "location / { proxy_pass http://crm; proxy_http_version 1.1; proxy_set_header Connection \"\"; \
             proxy_set_header Host $host; }",
            &format!("upstream crm {{ server {up}; keepalive 64; }}"),
        );
        let bare = itself(plain, up, BARE, None);
        let least = itself(record, up, LEAST, Some(&folder.join("least")));
        let sudare = sudare(folder, own, up);
        Scene { nginx, bare, least, sudare, _upstream: upstream }
    }

    fn proxy(&self, proxy: Proxy) -> &Running {
        match proxy {
            Proxy::Nginx => &self.nginx,
            Proxy::Bare => &self.bare,
            Proxy::Least => &self.least,
            Proxy::Sudare => &self.sudare,
        }
    }

    /// One request, looked at: what is measured must be what it is called.
    fn check(&self, row: &Row) {
        let url = format!("http://{}{}", self.proxy(row.proxy).address, row.path);
        let asked = Command::new("curl").args(["-s", "-H", &format!("X-Remote-User: {}", row.staff), &url]).output();
        let body = String::from_utf8_lossy(&asked.expect("curl runs").stdout).into_owned();
        let masked = body.contains("***-****-");
        let clear = body.contains("090-0000-");
        let wanted = row.proxy == Proxy::Sudare && row.staff == "tanaka";
        assert!(body.len() > 1000 && masked == wanted && clear != wanted, "{}: {body:.300}", row.name);
    }

    /// Processor time a request, in microseconds, and requests a second.
    fn burst(&self, row: &Row, count: u32) -> (f64, f64) {
        let proxy = self.proxy(row.proxy);
        let before = processor_time(proxy.child.id());
        let began = Instant::now();
        let load = Command::new("taskset")
            .args(["-c", OTHER_CORE, "h2load", "--h1", "-t1", "-c", CLIENTS, "-n", &count.to_string()])
            .args(["-H", &format!("X-Remote-User: {}", row.staff)])
            .arg(format!("http://{}{}", proxy.address, row.path))
            .output()
            .expect("h2load runs");
        let took = began.elapsed();
        let said = String::from_utf8_lossy(&load.stdout);
        let all = format!("{count} succeeded, 0 failed");
        assert!(said.contains(&all), "{}: {said}", row.name);
        let spent = processor_time(proxy.child.id()) - before;
        let requests = f64::from(count);
        (spent.as_secs_f64() * 1e6 / requests, requests / took.as_secs_f64())
    }
}

/// User and system time of a process and its children.
fn processor_time(pid: u32) -> Duration {
    let mut all = Duration::ZERO;
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("the process is there");
    for task in tasks.flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        all += children.split_whitespace().filter_map(|pid| pid.parse().ok()).map(processor_time).sum::<Duration>();
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    // Behind the name, which may hold blanks: fields 14 and 15, in hundredths of a second.
    let fields: Vec<&str> = stat.rsplit(')').next().expect("a line").split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
    all + Duration::from_millis(ticks * 10)
}

fn nginx(folder: &Path, name: &str, core: &str, address: SocketAddr, server: &str, beside: &str) -> Running {
    let home = folder.join(name);
    fs::create_dir_all(home.join("tmp")).expect("a folder");
    let config = home.join("nginx.conf");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {}/tmp/{what}; ", home.display()))
        .concat();
    let text = format!(
        "daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log; user root;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; keepalive_requests 100000000; {temporary}\n{beside}\nserver {{ listen {address}; {server} }} }}\n",
        home = home.display(),
    );
    fs::write(&config, text).expect("a file");
    let mut command = Command::new("taskset");
    command.args(["-c", core, "nginx", "-p"]).arg(&home).arg("-c").arg(&config);
    started(command, address)
}

/// This program as one of the proxies that are no sudare.
fn itself(address: SocketAddr, upstream: SocketAddr, what: &str, state: Option<&Path>) -> Running {
    let mut command = Command::new("taskset");
    command.args(["-c", PROXY_CORE]).arg(std::env::current_exe().expect("this program")).arg(what);
    command.args([address.to_string(), upstream.to_string()]).args(state);
    started(command, address)
}

fn sudare(folder: &Path, address: SocketAddr, upstream: SocketAddr) -> Running {
    let home = folder.join("sudare");
    fs::create_dir_all(home.join("rules")).expect("a folder");
    let gateway = format!(
        "sudare: 1\nlisten: {address}\nupstream: http://{upstream}\nrules: [rules/]\nstate: state/\nlog: {{ level: warn }}\nbounds: {{ ledger_wait: 20s }}\n\
         identity:\n  - header: {{ user: X-Remote-User, groups: X-Remote-User, from: [127.0.0.1/32] }}\n"
    );
    fs::write(home.join("gateway.yaml"), gateway).expect("a file");
    fs::write(home.join("rules/list.yaml"), customers::RULES).expect("a file");
    let mut command = Command::new("taskset");
    command.args(["-c", PROXY_CORE, env!("CARGO_BIN_EXE_sudare"), "serve", "-c"]).arg(home.join("gateway.yaml"));
    started(command, address)
}

/// Starts a process and waits until it listens.
fn started(mut command: Command, address: SocketAddr) -> Running {
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("it starts");
    let running = Running { child, address };
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing listens on {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port")
}
