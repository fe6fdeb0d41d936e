//! The second real CRM: Tryton, started by the project's own scripts with a fresh copy of its seeded
//! database, on a port of its own.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::creme::crm::{free_address, installed, run, script};

/// How often a start is tried.
const STARTS: usize = 3;

/// A running Tryton; it stops when this is dropped.
pub struct Crm {
    /// Where it listens.
    pub address: SocketAddr,
    run: TempDir,
}

impl Crm {
    /// Starts Tryton, or says why it cannot be and gives nothing. With `SUDARE_TEST_REAL=1` it is
    /// installed first where it is absent, and one that does not start is a failed test.
    pub fn start() -> Option<Crm> {
        if !home().join("pristine/stamp").exists() {
            if !env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1") {
                println!("skipped: Tryton is not installed; run `bash tests/tryton/install.sh`");
                return None;
            }
            run(script("tryton/install.sh"), &[]);
        }
        // Another test may take a port between its choice and its use.
        let mut why = String::new();
        for _ in 0..STARTS {
            let crm = Crm { address: free_address(), run: tempfile::tempdir().expect("a folder for the run") };
            let output = crm.command("start.sh").output().expect("bash runs");
            if output.status.success() {
                return Some(crm);
            }
            why = String::from_utf8_lossy(&output.stderr).into_owned();
        }
        panic!("Tryton does not start: {why}");
    }

    fn command(&self, name: &str) -> Command {
        let mut command = script(&format!("tryton/{name}"));
        command.env("TRYTON_PORT", self.address.port().to_string()).env("TRYTON_RUN", self.run.path());
        command
    }
}

impl Drop for Crm {
    fn drop(&mut self) {
        // A panic here would hide the failure that brought us here.
        let _ = self.command("stop.sh").output();
    }
}

/// What was seeded: one object a party, with the CRM's ids.
pub fn people() -> Vec<Value> {
    let text = fs::read_to_string(home().join("pristine/people.json")).expect("the list of seeded people");
    serde_json::from_str(&text).expect("JSON")
}

fn home() -> PathBuf {
    installed("SUDARE_TRYTON", "tryton")
}
