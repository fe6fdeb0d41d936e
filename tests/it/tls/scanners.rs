//! What people scan servers with: testssl.sh, and sslyze with Mozilla's recommendations. What they find is
//! compared with the few things that a certificate of a test's own authority cannot have.
//!
//! `bash tests/tls/install.sh` puts both there, and `tests/run` calls it. A scan by testssl.sh takes
//! minutes, so it is run with `SUDARE_TEST_REAL=1` alone; sslyze, which takes seconds, wherever it is.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::pki::Authority;
use crate::gate::wire::{Origin, Reply};
use crate::gateway::RULES;
use crate::gateway::running::{Running, Setup};

const HOST: &str = "crm.example";

/// What testssl.sh may say besides "OK" and what it only tells: the test's authority lists nothing that it
/// has revoked, the host is in no DNS, an old OpenSSL of the scanner's own is not there, and where a machine is busy
/// it goes before TLS 1.3's ticket has come, and then cannot resume with it.
const TESTSSL_MAY: [&str; 4] = ["cert_revocation", "DNS_CAArecord", "engine_problem", "sessionresumption_ticket"];

/// What sslyze may say: nobody's browser trusts the test's authority.
const SSLYZE_MAY: &str = "* certificate_path_validation:";

fn must_be_real() -> bool {
    std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1")
}

/// A gateway under a certificate as authorities give them.
fn gateway(tls: &str) -> (Origin, Running) {
    let crm = Origin::start(|_| Reply::of("application/json", "{}"));
    let authority = Authority::new("scanned");
    let own = authority.brief(&[HOST]);
    let config = format!("listen: [{{ address: 127.0.0.1:0, tls: {{ certificate: own.pem, key: own.key{tls} }} }}]");
    let ca = authority.pem();
    let files = [("own.pem", own.certificate.as_str()), ("own.key", own.key.as_str()), ("ca.pem", ca.as_str())];
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: &config, files: &files });
    (crm, gateway)
}

/// Runs a scanner; nothing where it is not installed and need not be.
fn run(program: &Path, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(!must_be_real(), "{}: {error}; run `bash tests/tls/install.sh`", program.display());
            println!("skipped: no {}", program.display());
            None
        }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn sslyze() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    let root = folder("SUDARE_SSLYZE").or_else(|| Some(cache()?.join("sudare/sslyze")));
    root.unwrap_or_default().join("bin/sslyze")
}

/// What sslyze finds that Mozilla's recommendations of this name do not allow.
fn complaints(staff: SocketAddr, recommended: &str) -> Option<Vec<String>> {
    let (recommended, target) =
        (format!("--mozilla_config={recommended}"), format!("{HOST}:{}{{127.0.0.1}}", staff.port()));
    let output = run(&sslyze(), &[&recommended, &target])?;
    let told = said(&output);
    let (_, verdict) = told.split_once("Checking results against Mozilla's").unwrap_or_else(|| panic!("{told}"));
    assert!(verdict.contains(&format!("{HOST}:{}:", staff.port())), "{told}");
    Some(verdict.lines().map(str::trim).filter(|line| line.starts_with("* ")).map(str::to_owned).collect())
}

#[test]
fn sslyze_finds_what_mozilla_recommends() {
    for (tls, recommended) in [(", min: \"1.2\"", "intermediate"), ("", "modern")] {
        let (_crm, gateway) = gateway(tls);
        let Some(found) = complaints(gateway.staff, recommended) else { return };
        assert!(matches!(&found[..], [only] if only.starts_with(SSLYZE_MAY)), "{recommended}: {found:#?}");
        // A scanner that finds fault with nothing would pass all this.
        if recommended == "intermediate" {
            let stricter = complaints(gateway.staff, "modern").expect("it ran a moment ago");
            assert!(stricter.iter().any(|complaint| complaint.contains("TLSv1.2")), "{stricter:#?}");
        }
    }
}

#[test]
fn testssl_finds_nothing_wrong() {
    if !must_be_real() {
        println!("skipped: set SUDARE_TEST_REAL=1");
        return;
    }
    let program =
        ["testssl", "testssl.sh"].into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    let program = Path::new(program.expect("testssl.sh; run `bash tests/tls/install.sh`"));
    for tls in [", min: \"1.2\"", ""] {
        let (_crm, gateway) = gateway(tls);
        let near = |name: &str| gateway.state().with_file_name(name).to_str().expect("text").to_owned();
        let (ca, found) = (near("ca.pem"), near("found.json"));
        let target = format!("{HOST}:{}", gateway.staff.port());
        // Protocols, ciphers, forward secrecy, the server's order and certificate, and every known weakness.
        let sections = ["-p", "-s", "-f", "-P", "-S", "-U"];
        let options = ["--warnings", "batch", "--color", "0", "--quiet", "--nodns", "none", "--ip", "127.0.0.1"];
        let files = ["--add-ca", &ca, "--jsonfile", &found, &target];
        let output = run(program, &[&sections[..], &options, &files].concat()).expect("it is there");
        let findings = std::fs::read_to_string(&found).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        let findings: Vec<Value> =
            serde_json::from_str(&findings).unwrap_or_else(|error| panic!("{error}: {findings}"));
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let wrong: Vec<&Value> = findings
            .iter()
            .filter(|finding| !["OK", "INFO"].contains(&&*text(finding, "severity")))
            .filter(|finding| !TESTSSL_MAY.contains(&&*text(finding, "id")))
            .collect();
        assert!(wrong.is_empty(), "{tls}: {wrong:#?}");
        let says = |id: &str, part: &str| {
            findings.iter().any(|finding| text(finding, "id") == id && text(finding, "finding").starts_with(part))
        };
        assert!(findings.len() > 60 && says("TLS1_3", "offered"), "{}", said(&output));
        assert!(says("TLS1_2", if tls.is_empty() { "not offered" } else { "offered" }) && says("TLS1", "not offered"));
        assert!(says("heartbleed", "not vulnerable") && says("LUCKY13", "not vulnerable"), "{}", said(&output));
    }
}
