//! What stands in deploy/: each file is read by the tool that it is for, and names nothing that the
//! gateway does not have. Where a tool or a right is missing the test says so and is skipped; with
//! `SUDARE_TEST_REAL=1` (as `tests/run` sets it) both must be there.

mod alerts;
mod compose;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use regex::Regex;
use sudare::policy::fault::Faults;
use sudare::policy::node::{self, Node, Source, Value};
use sudare::terms::refusal::Reason;

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(deploy(name)).unwrap_or_else(|error| panic!("deploy/{name}: {error}"))
}

/// A file of deploy/ as nodes.
fn yaml(name: &str) -> Node {
    let mut faults = Faults::new();
    let node = node::parse(&Source { name: name.to_owned(), text: text(name) }, &mut faults);
    assert!(!faults.has_errors(), "deploy/{name} is no YAML that is read here");
    node.expect("a document")
}

fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    Some(&node.map()?.iter().find(|entry| entry.key == key)?.value)
}

/// The text at a key; empty where there is none.
fn of<'n>(node: &'n Node, key: &str) -> &'n str {
    get(node, key).and_then(Node::scalar).unwrap_or_default()
}

/// The items at a key; none where there is no list.
fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    match get(node, key).map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

fn must_be_real() -> bool {
    std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1")
}

/// Runs a tool; nothing where it is not installed and need not be.
fn run(tool: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(tool).args(arguments).current_dir(deploy("prometheus")).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(!must_be_real(), "{tool}: {error}; run `bash tests/deploy/install.sh`");
            println!("skipped: no {tool}");
            None
        }
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn rules_and_dashboard_name_metrics_that_are_there() {
    let table = include_str!("../../src/metrics.rs");
    let of = |pattern: &str, text: &str| -> BTreeSet<String> {
        let names = Regex::new(pattern).expect("a pattern");
        names.captures_iter(text).map(|found| found[1].to_owned()).collect()
    };
    let known = of("\"(sudare_[a-z_]+)\"", table);
    assert!(known.len() > 10, "the table is read");
    for file in ["prometheus/rules.yml", "prometheus/rules.test.yml", "grafana/sudare.json"] {
        let named = of("\\b(sudare_[a-z_]+)", &text(file));
        assert!(named.len() > 5, "{file}");
        for name in named {
            let own = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
            assert!(known.contains(own), "{file} names `{name}`, which is no metric");
        }
    }
    let reasons: BTreeSet<&str> = Reason::ALL.iter().map(|reason| reason.word()).collect();
    let told = of(
        "reason=~?\\\\?\"([a-z|-]+)\\\\?\"",
        &format!("{}{}", text("prometheus/rules.yml"), text("grafana/sudare.json")),
    );
    assert!(told.len() > 4, "{told:?}");
    for reason in told.iter().flat_map(|reasons| reasons.split('|')) {
        assert!(reasons.contains(reason), "`{reason}` is no reason of a refusal");
    }
}

#[test]
fn prometheus_reads_its_rules_and_each_alert_fires_when_it_must() {
    for arguments in
        [["check", "rules", "rules.yml"], ["check", "config", "scrape.yml"], ["test", "rules", "rules.test.yml"]]
    {
        let Some(output) = run("promtool", &arguments) else { return };
        assert!(output.status.success(), "promtool {}: {}", arguments.join(" "), said(&output));
    }
}

/// The socket's unit is read; what it hands over is tested with the gateway (`gateway::service`).
#[test]
fn systemd_reads_the_socket_and_makes_the_user() {
    let near = |name: &str| deploy(&format!("systemd/{name}")).to_str().expect("a path").to_owned();
    let Some(output) = run("systemd-analyze", &["verify", "--man=no", &near("sudare.socket")]) else { return };
    assert!(output.status.success() && !said(&output).contains("sudare.socket"), "{}", said(&output));
    let root = tempfile::tempdir().expect("a folder");
    fs::create_dir(root.path().join("etc")).expect("a folder");
    let within = format!("--root={}", root.path().display());
    let Some(output) = run("systemd-sysusers", &[&within, &near("sudare.sysusers")]) else { return };
    if !output.status.success() && !must_be_real() {
        println!("skipped: {}", said(&output));
        return;
    }
    let users = fs::read_to_string(root.path().join("etc/passwd")).expect("users");
    assert!(users.starts_with("sudare:") && users.contains(":/var/lib/sudare:/usr/sbin/nologin"), "{users}");
    assert!(text("systemd/sudare.service").contains("\nUser=sudare\n"));
}

#[test]
fn the_unit_leaves_the_service_little() {
    let unit = deploy("systemd/sudare.service");
    let unit = unit.to_str().expect("a path");
    let Some(output) = run("systemd-analyze", &["security", "--offline=yes", unit]) else { return };
    let said = said(&output);
    let level = said.lines().find_map(|line| line.split_once("Overall exposure level for sudare.service: "));
    let level = level.and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(level.is_some_and(|level| level <= 2.0), "{said}");
    assert!(text("systemd/sudare.service").contains("\nLimitCORE=0\n"), "a core dump would hold values and keys");
}

/// The container without an engine: its root file system, read-only, as its user, with nothing else.
#[test]
fn the_containers_root_holds_all_that_the_gateway_needs() {
    let root = tempfile::tempdir().expect("a folder");
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deploy/rootfs.sh");
    let ran =
        Command::new("bash").arg(run).arg(env!("CARGO_BIN_EXE_sudare")).arg(root.path()).output().expect("bash runs");
    let said = said(&ran);
    if ran.status.code() == Some(77) {
        // Where everything must be real a machine that cannot do it is the wrong one: a pass would say too much.
        assert!(!must_be_real(), "the container's root was not tried: {said}");
        println!("skipped: {said}");
        return;
    }
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("ready"), "{said}");
    assert!(said.contains("verified"), "{said}");
}
