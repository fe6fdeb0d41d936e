//! What exports of gigabytes cost in memory: a 2 GB table and a 1 GB list of JSON stream through the
//! gateway, with four fields of each record masked, every part recorded before it leaves.
//!
//! `cargo bench --bench memory`; `SHARE=20` before it is a quick look at a twentieth of the bytes. The
//! CRM makes its rows as they are asked for, the reader keeps nothing, so that whatever grows is the
//! gateway's process: its peak (`VmHWM`) beside what it had before the first request. The goal is
//! growth under 64 MB. MB/s is of the CRM's bytes, with CRM, gateway and reader on the same machine.
//!
//! `SUDARE=/path/to/sudare` measures another build. Exit status: 0 under the goal, 1 over it or where
//! an answer was not what it should be.

#[path = "../tests/it/gateway/endless.rs"]
mod endless;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use endless::{RULES, crm, read_through, resident};

const MB: u64 = 1_000_000;
const CSV_BYTES: u64 = 2_000 * MB;
const JSON_BYTES: u64 = 1_000 * MB;
const GOAL_BYTES: u64 = 64 * MB;

fn main() -> ExitCode {
    // `cargo test --benches` asks whether it runs; that is no time to measure.
    if std::env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let share = std::env::var("SHARE").ok().and_then(|share| share.parse().ok()).map_or(1, |share: u64| share.max(1));
    let (csv_bytes, json_bytes) = (CSV_BYTES / share, JSON_BYTES / share);
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start(folder.path(), crm(csv_bytes, json_bytes));
    let (before, _) = resident(gateway.child.id());
    println!("{:<24} {:>8} {:>10} {:>8}", "", "MB", "growth MB", "MB/s");
    let mut met = true;
    for (name, path, bytes) in [("CSV", "/export.csv", csv_bytes), ("JSON", "/list.json", json_bytes)] {
        let began = Instant::now();
        let seen = read_through(gateway.address, path);
        let took = began.elapsed().as_secs_f64();
        let (_, most) = resident(gateway.child.id());
        let growth = most.saturating_sub(before);
        let right = seen.whole && seen.clear == 0 && seen.veiled > bytes / 250;
        met &= right && growth < GOAL_BYTES;
        let mb = |bytes: u64| bytes as f64 / MB as f64;
        println!("{name:<24} {:>8.0} {:>10.1} {:>8.1}", mb(bytes), mb(growth), mb(bytes) / took);
        if !right {
            println!("not what it should be: {seen:?}");
        }
    }
    println!("before: {:.1} MB; goal: growth under {} MB", before as f64 / MB as f64, GOAL_BYTES / MB);
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Gateway {
    child: Child,
    address: SocketAddr,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Gateway {
    fn start(folder: &Path, crm: SocketAddr) -> Gateway {
        fs::create_dir_all(folder.join("rules")).expect("a folder");
        fs::write(folder.join("rules/rules.yaml"), RULES).expect("a file");
        let gateway = format!(
            "sudare: 1\nlisten: 127.0.0.1:0\nmetrics: 127.0.0.1:0\nupstream: http://{crm}\nrules: [rules/]\nstate: state\n\
             bounds: {{ ledger_wait: 20s }}\n\
             identity: [{{ header: {{ user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1/32] }} }}]\n"
        );
        fs::write(folder.join("gateway.yaml"), gateway).expect("a file");
        let binary = std::env::var_os("SUDARE").unwrap_or_else(|| env!("CARGO_BIN_EXE_sudare").into());
        let mut command = Command::new(binary);
        command.args(["serve", "-c"]).arg(folder.join("gateway.yaml"));
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the gateway");
        let mut lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let address = loop {
            let line = lines.next().expect("the gateway ended at its start").expect("text");
            let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(listen) = told["fields"]["listen"].as_str() {
                break listen.parse().expect("an address");
            }
        };
        // Nobody reads its log on; it must not wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Gateway { child, address }
    }
}
