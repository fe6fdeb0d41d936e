//! The key ring of a running gateway: changed beneath it, shared by two, counted, and refused where it is not its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use sudare::vault::mint::KeyMint;
use sudare::vault::ring::{Place, Ring};

use super::client::Answer;
use super::origin::Origin;
use super::running::{Running, Setup, Start, until};

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] }, analyst: { groups: [bi] } }
resources:
  - id: customer
    match: GET /api/customers/{id}
    subject: path.id
    fields: { phone: [tel] }
rules:
  - { for: support, tokenize: { phone: opaque } }
  - { for: analyst, tokenize: { phone: opaque }, token_domain: analytics }
"#;

fn crm() -> Origin {
    Origin::start(|_| Answer::new(200, "application/json", r#"{"id":42,"tel":"090-1234-5678"}"#))
}

/// The token that somebody of a group gets.
fn token(gateway: &Running, group: &str) -> String {
    let answer = gateway.get("/api/customers/42", "tanaka", group);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let record: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    record["tel"].as_str().expect("a token").to_owned()
}

fn keys(gateway: &Running, line: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.args(["keys", "--state"]).arg(gateway.state()).args(line.split(' '));
    let output = command.output().expect("sudare runs");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until somebody gets another token than this one.
fn changed(gateway: &Running, group: &str, old: &str) -> String {
    until(|| Some(token(gateway, group)).filter(|token| token != old))
}

fn ring(gateway: &Running) -> PathBuf {
    gateway.state().join("keys")
}

fn count(ring: &Path) -> u64 {
    Place::beside(ring).read().expect("a ring").rows[0].count
}

#[test]
fn a_rotation_is_taken_in_force_and_breaks_nothing() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let (own, common) = (token(&gateway, "crm-support"), token(&gateway, "bi"));
    keys(&gateway, "rotate");
    let next = changed(&gateway, "crm-support", &own);
    assert_eq!(token(&gateway, "bi"), common, "what is shared stays");
    let page = gateway.metrics_page();
    assert!(page.contains(r#"sudare_vault_operations_total{operation="ring",result="ok"} 1"#), "{page}");
    assert!(gateway.log().contains("the key ring was changed, and is in force"));
    keys(&gateway, "rotate --domain analytics");
    let broken = changed(&gateway, "bi", &common);
    assert_eq!(token(&gateway, "crm-support"), next, "nothing was drawn for it");
    let opener = KeyMint::new(Arc::new(Ring::open(&ring(&gateway)).expect("the ring")));
    for token in [&own, &common, &next, &broken] {
        assert_eq!(opener.open(token).expect("it opens").value.0, "090-1234-5678");
    }
    assert!(gateway.stop().success());
    gateway.restart();
    assert_eq!([token(&gateway, "crm-support"), token(&gateway, "bi")], [next, broken]);
}

#[test]
fn a_ring_of_another_house_stays_outside() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let own = token(&gateway, "crm-support");
    let good = fs::read(ring(&gateway)).expect("a ring");
    let away = tempfile::tempdir().expect("a folder");
    let foreign = Place { ring: away.path().join("keys"), kek: Place::beside(&ring(&gateway)).kek };
    foreign.create(0).expect("a ring");
    let refusals = || {
        let page = gateway.metrics_page();
        let line = page.lines().find(|line| line.contains(r#"operation="ring",result="refused""#)).expect("a series");
        line.rsplit(' ').next().and_then(|count| count.parse::<u32>().ok()).expect("a count")
    };
    let refused = |text: &[u8], before: u32| {
        let draft = away.path().join("draft");
        fs::write(&draft, text).expect("written");
        fs::set_permissions(&draft, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        fs::copy(&draft, ring(&gateway)).expect("copied");
        until(|| (refusals() > before).then_some(()));
        assert_eq!(token(&gateway, "crm-support"), own);
    };
    refused(&fs::read(&foreign.ring).expect("a ring"), 0);
    assert_eq!(count(&ring(&gateway)), 0, "nothing is counted in another's ring");
    refused(b"sudare-keys 2\n", refusals());
    fs::write(ring(&gateway), good).expect("written");
    keys(&gateway, "rotate");
    changed(&gateway, "crm-support", &own);
    assert!(gateway.log().contains("the changed key ring is refused"));
}

/// What a process under these limits on locked memory says of itself, and its log.
fn under(crm: &Origin, limit: &'static str) -> (String, String, String) {
    let start: Start = Box::new(move |path: &Path| {
        let mut command = Command::new("prlimit");
        command.args([limit, env!("CARGO_BIN_EXE_sudare"), "serve", "-c"]).arg(path);
        command
    });
    let gateway = Running::set_up_by(crm.address, Setup { rules: RULES, ..Setup::default() }, start);
    token(&gateway, "crm-support");
    let of = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", gateway.pid())).expect("a process");
    let line = |text: String, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" ")).expect("a line")
    };
    (line(of("limits"), "Max core file size"), line(of("status"), "VmLck:"), gateway.log())
}

#[test]
fn its_memory_is_not_dumped_and_locked_where_that_is_allowed() {
    let crm = crm();
    let (core, locked, log) = under(&crm, "--memlock=65536:65536");
    assert_eq!((core.as_str(), locked.as_str()), ("0 0 bytes", "0 kB"));
    assert!(log.contains("memory is not locked and may be swapped"), "{log}");
    let may = Command::new("prlimit").args(["--memlock=unlimited:unlimited", "true"]).status().expect("prlimit runs");
    if !may.success() {
        println!("skipped: no right to lock memory");
        return;
    }
    let (core, locked, log) = under(&crm, "--memlock=unlimited:unlimited");
    assert_eq!(core, "0 0 bytes");
    assert!(locked != "0 kB" && !log.contains("may be swapped"), "{locked}: {log}");
}

#[test]
fn two_gateways_share_a_ring() {
    let crm = crm();
    let one = Running::start(&crm, RULES);
    let config = format!("keys: {}", ring(&one).display());
    let two = Running::set_up(crm.address, Setup { rules: RULES, config: &config, ..Setup::default() });
    let own = token(&one, "crm-support");
    assert_eq!(token(&two, "crm-support"), own);
    keys(&one, "rotate");
    assert_eq!(changed(&one, "crm-support", &own), changed(&two, "crm-support", &own));
}

/// A vault notes the versions that come while its gateway runs: those before them may be destroyed at another's.
#[test]
fn a_vault_outlives_a_version_that_is_retired_elsewhere() {
    let crm = crm();
    let mut one = Running::start(&crm, RULES);
    let config = format!("keys: {}", ring(&one).display());
    let mut two = Running::set_up(crm.address, Setup { rules: RULES, config: &config, ..Setup::default() });
    let own = token(&two, "crm-support");
    keys(&one, "rotate --all-domains --domain sudare.stored");
    changed(&two, "crm-support", &own);
    until(|| two.metrics_page().contains(r#"operation="ring",result="ok"} 1"#).then_some(()));
    assert!(one.stop().success());
    keys(&one, "retire 1 --stored-migrated");
    two.kill();
    two.restart();
    assert_ne!(token(&two, "crm-support"), own);
}

/// What a start that fails would encrypt is not counted.
#[test]
fn a_start_that_fails_counts_nothing() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    assert!(gateway.stop().success());
    let before = count(&ring(&gateway));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let folder = gateway.state().parent().expect("a folder").to_owned();
    let config = fs::read_to_string(folder.join("gateway.yaml")).expect("a configuration");
    let port = format!("metrics: {}", taken.local_addr().expect("an address"));
    fs::write(folder.join("taken.yaml"), config.replace("metrics: 127.0.0.1:0", &port)).expect("written");
    let serve =
        Command::new(env!("CARGO_BIN_EXE_sudare")).args(["serve", "-c"]).arg(folder.join("taken.yaml")).output();
    assert_eq!(serve.expect("sudare runs").status.code(), Some(1));
    assert_eq!(count(&ring(&gateway)), before);
}

#[test]
fn encryptions_are_counted_and_never_too_few() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    for _ in 0..3 {
        token(&gateway, "crm-support");
    }
    assert!(count(&ring(&gateway)) >= 1 << 22, "counted before they are made");
    assert!(gateway.stop().success());
    let after = count(&ring(&gateway));
    assert!((3..1000).contains(&after), "{after}");
    gateway.restart();
    gateway.kill();
    assert!(count(&ring(&gateway)) > 1 << 22);
}

#[test]
fn a_ring_of_the_first_format_is_wrapped_at_the_start() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    assert!(gateway.stop().success());
    let state = gateway.state();
    for name in ["keys", "keys.kek", "vault.redb"] {
        fs::remove_file(state.join(name)).expect("removed");
    }
    fs::write(state.join("keys"), include_str!("../../cases/transform/keys")).expect("written");
    fs::set_permissions(state.join("keys"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    let before = Ring::open(&state.join("keys")).expect("a ring");
    gateway.restart();
    let text = fs::read_to_string(state.join("keys")).expect("a ring");
    assert!(text.starts_with("sudare-keys 2\nkek local "), "{text}");
    let token = token(&gateway, "crm-support");
    assert_eq!(KeyMint::new(Arc::new(before)).open(&token).expect("it opens").value.0, "090-1234-5678");
}

/// A token in the format of a value does not say under which version it was made.
#[test]
fn what_only_looks_like_a_value_is_known_after_a_rotation() {
    let rules = RULES.replace(
        "match: GET /api/customers/{id}\n    subject: path.id",
        "match: GET|PATCH /api/customers/{id}\n    restore: true\n    subject: path.id",
    );
    let rules = rules.replace("{ phone: opaque } }\n  - { for: analyst", "{ phone: format } }\n  - { for: analyst");
    let note = r#"{"id":42,"tel":"090-1234-5678","x":"090-1234-5678, in the evening"}"#;
    let crm = Origin::start(move |_| Answer::new(200, "application/json", note));
    let gateway = Running::start(&crm, &rules);
    let memo = |gateway: &Running| {
        let record: serde_json::Value =
            serde_json::from_slice(&gateway.get("/api/customers/42", "tanaka", "crm-support").body).expect("JSON");
        record["x"].as_str().expect("a note").to_owned()
    };
    let saved = |memo: &str| {
        let (body, from) = (serde_json::json!({ "x": memo }).to_string(), crm.asked().len());
        let headers =
            [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("Content-Type", "application/json")];
        let answer = super::client::request(gateway.staff, "PATCH", "/api/customers/42", &headers, &body);
        let went = crm.asked()[from..].iter().any(|asked| asked.starts_with("PATCH"));
        (answer.expect("an answer").status, went)
    };
    let old = memo(&gateway);
    assert!(!old.contains("1234-5678") && old.ends_with(", in the evening"), "{old}");
    assert_eq!(saved(&old), (200, true), "what was not changed goes home");
    keys(&gateway, "rotate");
    let new = until(|| Some(memo(&gateway)).filter(|memo| *memo != old));
    assert_eq!(saved(&old), (409, false), "what was shown before is known");
    assert_eq!(saved(&old.replace("evening", "morning")), (409, false));
    assert_eq!(saved(&new), (200, true));
    assert_eq!(saved("call in the morning"), (200, true), "and staff's own words are theirs");
}
