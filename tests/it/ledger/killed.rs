//! A process that discloses under load is killed a hundred times; what it had disclosed is held against its ledger.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use sudare::ledger::open::Home;
use sudare::ledger::{Bounds, Committed, Ledger, LedgerError};

use super::{BOUNDS, Bench, fault, records, state_folder, view};

const CHILD: &str = "SUDARE_TEST_LEDGER_CHILD";

/// Not a test by itself: what the next test starts, and kills.
#[test]
fn child_that_discloses_until_it_is_killed() {
    let Some(state) = std::env::var_os(CHILD) else { return };
    let bounds = Bounds { checkpoint_every: Duration::from_millis(3), segment_bytes_max: 20_000, ..Bounds::default() };
    let home = Home::within(Path::new(&state), "gw-1");
    let (ledger, writer) = Ledger::open(home, bounds, Box::new(Timestamp::now)).unwrap();
    for worker in 0..4u64 {
        let ledger = ledger.clone();
        std::thread::spawn(move || {
            for round in 0..500 {
                let request = u64::from(std::process::id()) << 32 | worker << 16 | round;
                let (tell, told) = mpsc::channel();
                let disclose = move |result: Result<Committed, LedgerError>| {
                    println!("disclosed {} {request}", result.unwrap().seq);
                    tell.send(()).unwrap();
                };
                ledger.append(view(request), Box::new(disclose));
                told.recv().unwrap();
            }
        });
    }
    drop(ledger);
    writer.run().unwrap();
}

#[test]
fn torture_as_users_run_it_finds_nothing_missing_and_leaves_nothing() {
    let state = state_folder();
    let dir = state.path().join("torture");
    let run = |dir: &Path| {
        let mut torture = Command::new(env!("CARGO_BIN_EXE_sudare"));
        torture.args(["ledger", "torture", "--kills", "6", "--format", "json", "--dir"]).arg(dir);
        let ran = torture.output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap())
    };
    let (status, out, err) = run(&dir);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (status, err.as_str(), &told["missing"], &told["fault"]),
        (Some(0), "", &serde_json::json!([]), &().into())
    );
    assert!(told["disclosed"].as_u64() > Some(50) && told["records"].as_u64() > told["disclosed"].as_u64(), "{told}");
    assert!(!dir.exists());
    let (status, _, err) = run(state.path().parent().unwrap());
    assert!(status == Some(2) && err.contains("is not empty"), "{err}");
}

#[test]
fn a_process_killed_at_any_moment_has_recorded_all_that_it_disclosed() {
    let state = state_folder();
    let name = format!("{}::child_that_discloses_until_it_is_killed", module_path!().split_once("::").unwrap().1);
    let mut disclosed = HashMap::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..100 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines_read = (random >> 33) as usize % 60;
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &name, "--nocapture", "--test-threads=1"]).env(CHILD, state.path());
        let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said: Vec<String> = lines.by_ref().take(lines_read).map(Result::unwrap).collect();
        child.kill().unwrap();
        said.extend(lines.map(Result::unwrap));
        child.wait().unwrap();
        for line in said.iter().filter_map(|line| line.split_once("disclosed ")) {
            let (seq, request) = line.1.split_once(' ').unwrap();
            disclosed.insert(request.parse::<u64>().unwrap(), seq.parse::<u64>().unwrap());
        }
    }
    assert!(disclosed.len() > 1000, "only {} were disclosed", disclosed.len());
    Bench::open(state.path(), BOUNDS).stop();
    assert_eq!(fault(state.path()), None);
    let recorded: HashMap<u64, u64> = records(state.path())
        .iter()
        .filter_map(|record| Some((record.request.as_ref()?.parse().ok()?, record.seq)))
        .collect();
    for (request, seq) in &disclosed {
        assert_eq!(recorded.get(request), Some(seq), "request {request} was disclosed");
    }
}
