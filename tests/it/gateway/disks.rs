//! The ledger on real disks that fail: one that is full, and one that takes a write and does not come back.
//!
//! The gateway is started where its ledger's folder is a disk of its own, which nobody else sees. Where there is no right
//! to mount one the test says so and is skipped; `ledger/failures.rs` has the same on a disk made for tests.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::client::Answer;
use super::origin::Origin;
use super::running::{Running, Setup, Start, until};
use super::{RULES, crm};

/// A small disk in memory.
const FULL: (&[&str], &str) = (&["--mount", "--map-root-user"], "mount -t tmpfs -o size=512k,mode=700 tmpfs ledger");

/// A small disk in a file, which can be frozen.
const FROZEN: (&[&str], &str) =
    (&["--mount"], "truncate -s 16M disk && mkfs.ext4 -q disk && mount -o loop disk ledger && chmod 700 ledger");

fn mounted((apart, mount): (&[&str], &str), state: &Path, run: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    let script =
        format!("umask 077; mkdir -p \"$1/ledger\" && cd \"$1\" && {mount} && cd - >/dev/null && shift && exec \"$@\"");
    command.args(apart).args(["sh", "-c", &script, "sh"]).arg(state).args(run);
    command
}

/// A gateway whose ledger lies on such a disk; nothing where none can be mounted.
fn started(crm: &Origin, disk: (&'static [&'static str], &'static str), config: &str) -> Option<Running> {
    let trial = tempfile::tempdir().expect("a folder");
    let tried = mounted(disk, trial.path(), &["true"]).output().ok()?;
    if !tried.status.success() {
        println!("skipped: no right to mount a disk: {}", String::from_utf8_lossy(&tried.stderr));
        return None;
    }
    let start: Start = Box::new(move |path: &Path| {
        let state = path.parent().expect("a folder").join("state");
        let mut command = mounted(disk, &state, &[env!("CARGO_BIN_EXE_sudare"), "serve", "-c"]);
        command.arg(path);
        command
    });
    Some(Running::set_up_by(crm.address, Setup { rules: RULES, config, ..Setup::default() }, start))
}

/// The state folder as the gateway sees it.
fn inside(gateway: &Running) -> PathBuf {
    let state = gateway.state();
    Path::new("/proc").join(gateway.pid().to_string()).join("root").join(state.strip_prefix("/").expect("a whole path"))
}

fn asked(gateway: &Running) -> Answer {
    gateway.get("/api/customers/42", "tanaka", "crm-support")
}

/// Nothing is disclosed, and the gateway says why to whoever watches.
fn refuses(gateway: &Running) {
    let refused = until(|| Some(asked(gateway)).filter(|answer| answer.status == 503));
    assert_eq!(refused.header("sudare-refusal").as_deref(), Some("ledger"));
    assert!(!refused.text().contains("5678"));
    until(|| Some(gateway.admin("/readyz")).filter(|answer| answer.status == 503));
    until(|| gateway.metrics_page().contains("\nsudare_ledger_up 0\n").then_some(()));
}

/// It has come back by itself, and its ledger verifies and holds what was disclosed.
fn is_back(gateway: &Running, disclosed: &[Answer]) {
    let last = until(|| Some(asked(gateway)).filter(|answer| answer.status == 200));
    until(|| Some(gateway.admin("/readyz")).filter(|answer| answer.status == 200));
    assert!(gateway.metrics_page().contains("\nsudare_ledger_up 1\n"));
    let state = inside(gateway);
    let verified =
        Command::new(env!("CARGO_BIN_EXE_sudare")).args(["ledger", "verify", "--state"]).arg(&state).output();
    let verified = verified.expect("the command");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let files = fs::read_dir(state.join("ledger")).expect("its folder").map(|file| file.expect("a file").path());
    let segments = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let lines: String = segments.map(|path| fs::read_to_string(path).expect("lines")).collect();
    for answer in disclosed.iter().chain([&last]) {
        let id = answer.header("sudare-request").expect("an id");
        assert!(lines.contains(&id), "{id} was disclosed and is not in the ledger");
    }
}

#[test]
fn on_a_full_disk_nothing_is_disclosed_until_there_is_room() {
    let crm = crm();
    let Some(gateway) = started(&crm, FULL, "") else { return };
    let mut disclosed: Vec<Answer> = (0..3).map(|_| asked(&gateway)).collect();
    assert!(disclosed.iter().all(|answer| answer.status == 200));
    let fill = inside(&gateway).join("ledger/fill");
    let mut file = OpenOptions::new().create(true).append(true).open(&fill).expect("a file");
    while file.write_all(&[0; 512]).is_ok() {}
    // What room is left in the ledger's last page of the disk is used, record by record.
    disclosed.extend((0..100).map(|_| asked(&gateway)).take_while(|answer| answer.status == 200));
    refuses(&gateway);
    drop(file);
    fs::remove_file(&fill).expect("room");
    is_back(&gateway, &disclosed);
}

/// A disk that takes nothing until this is dropped.
struct Frozen(PathBuf);

impl Frozen {
    fn freeze(path: PathBuf) -> Frozen {
        let device = |path: &Path| fs::metadata(path).expect("a folder").dev();
        // Never the disk that others work on.
        assert_ne!(device(&path), device(path.parent().expect("a folder above")), "the ledger has a disk of its own");
        let frozen = Command::new("fsfreeze").arg("-f").arg(&path).status().expect("fsfreeze runs");
        assert!(frozen.success());
        Frozen(path)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // Whatever became of the test, nothing may be left waiting for this disk.
        let _ = Command::new("fsfreeze").arg("-u").arg(&self.0).status();
    }
}

#[test]
fn on_a_disk_that_hangs_staff_is_refused_in_time_and_it_comes_back() {
    let crm = crm();
    let Some(gateway) = started(&crm, FROZEN, "bounds: { ledger_wait: 1s }") else { return };
    let disclosed = until(|| Some(asked(&gateway)).filter(|answer| answer.status == 200));
    let frozen = Frozen::freeze(inside(&gateway).join("ledger"));
    refuses(&gateway);
    drop(frozen);
    is_back(&gateway, &[disclosed]);
}
