//! gateway.yaml: the wording of every diagnostic, what a good one means, and `check` on both.
//!
//! A case is a file `tests/cases/config/NAME.yaml` with the diagnostics beside it in `NAME.txt`; the
//! files that cases name stand in `beside/`. `SUDARE_BLESS=1` writes the diagnostics anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use sudare::config::gateway::{self, Config, Log};
use sudare::config::listen::{At, Listener};
use sudare::config::units::Origin;
use sudare::config::upstream::{UpstreamConfig, Upstreams};
use sudare::identity::Way;
use sudare::identity::jwt::keys::Place;
use sudare::identity::mtls::UserAt;
use sudare::policy::fault::{Faults, render};
use sudare::policy::node::Source;
use sudare::terms::bounds::Bounds;

use crate::blessed::beside;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/config")
}

pub fn environment(name: &str) -> Option<String> {
    let value = match name {
        "NODE" => "gw-7",
        "LEVEL" => "warn",
        "HOLD" => "4MiB",
        "EMPTY" => "",
        _ => return None,
    };
    Some(value.to_owned())
}

/// What is read of a case, and what is told.
fn parsed(name: &str) -> (Option<Config>, String) {
    read(name, fs::read_to_string(cases().join(name)).expect("a case"))
}

fn read(name: &str, text: String) -> (Option<Config>, String) {
    let source = Source { name: name.to_owned(), text };
    let mut faults = Faults::new();
    let origin = Origin { folder: &cases(), environment: &environment };
    let config = gateway::parse(&source, &origin, [0; 32], &mut faults);
    let told = render(&faults.into_sorted(), &[source], false);
    // Where the checkout stands is no part of a diagnostic.
    (config, told.replace(&format!("{}/", cases().display()), ""))
}

#[test]
fn every_diagnostic_reads_as_expected() {
    let entries = fs::read_dir(cases()).expect("the cases").map(|entry| entry.expect("a case").path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    paths.sort();
    assert!(paths.len() > 9, "the cases are there");
    beside(paths.into_iter().map(|path| {
        let (config, told) = parsed(&path.file_name().expect("a name").to_string_lossy());
        assert_eq!(config.is_some(), !told.contains("error["), "{}:\n{told}", path.display());
        (path.with_extension("txt"), told)
    }));
}

#[test]
fn a_good_configuration_means_what_it_says() {
    let (config, told) = parsed("good.yaml");
    let config = config.unwrap_or_else(|| panic!("{told}"));
    let listen: Vec<Listener> = ["127.0.0.1:8080", "[::1]:8080"]
        .map(|address| Listener {
            at: At::Address(address.parse().expect("an address")),
            tls: None,
            proxy_protocol: false,
        })
        .to_vec();
    assert_eq!(config.listen, listen);
    let up = UpstreamConfig {
        address: "crm.internal:9000".to_owned(),
        tls: None,
        host: None,
        connect: Some(Duration::from_millis(500)),
        timeout: Duration::from_secs(120),
        health: None,
    };
    assert_eq!(config.upstreams, Upstreams::One(up));
    assert_eq!(config.node.as_deref(), Some("gw-7"), "env: is looked up");
    assert_eq!(config.log, Log { level: "warn", json: false });
    assert_eq!(
        config.keys,
        sudare::vault::ring::Place::beside(&cases().join("state/ring")),
        "file: is read, its line break left out"
    );
    assert_eq!((config.identity.len(), config.trusted_proxies.len()), (2, 2));
    let expected = Bounds {
        body_bytes: 10 << 20,
        headers: 50,
        connections: 100,
        hold_bytes: 4 << 20,
        drain: Duration::ZERO,
        ..Bounds::default()
    };
    assert_eq!(config.bounds, expected);
}

#[test]
fn the_bounds_that_the_guarantees_tell_are_those_that_count() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guarantees.md");
    let page = fs::read_to_string(page).expect("the page");
    let rows = page.lines().skip_while(|line| !line.starts_with("| key | default |")).skip(2);
    let bounds: Vec<String> = rows
        .map_while(|line| line.strip_prefix("| `"))
        .map(|row| {
            row.splitn(3, '|').take(2).map(|cell| cell.trim().trim_end_matches('`')).collect::<Vec<_>>().join(": ")
        })
        .collect();
    assert!(bounds.len() >= 15, "{bounds:?}");
    let good = fs::read_to_string(cases().join("good.yaml")).expect("a case");
    let line = good.lines().find(|line| line.starts_with("bounds:")).expect("bounds").to_owned();
    let (config, told) = read("good.yaml", good.replace(&line, &format!("bounds: {{ {} }}", bounds.join(", "))));
    assert_eq!(config.unwrap_or_else(|| panic!("{told}")).bounds, Bounds::default());
}

#[test]
fn every_source_of_identity_means_what_it_says() {
    let (config, told) = parsed("identity-good.yaml");
    let config = config.unwrap_or_else(|| panic!("{told}"));
    let [keys, fetched, here, uri, san, basic, header, session, anonymous] = &config.identity[..] else {
        panic!("nine sources");
    };
    assert_eq!([keys.forward, fetched.forward, basic.forward, header.forward], [true, false, true, false]);
    let (Way::Jwt(keys), Way::Jwt(other), Way::Jwt(here)) = (&keys.way, &fetched.way, &here.way) else {
        panic!("three jwt");
    };
    assert!(keys.keys.fresh().is_some() && other.keys.fresh().is_none(), "a file is read, an address later");
    assert_eq!((keys.audience.len(), keys.leeway, keys.algorithms.len()), (2, 30, 2));
    assert_eq!((other.leeway, other.algorithms.len(), other.user.0.as_str()), (60, 3, "sub"));
    assert_eq!((other.keys.refresh, other.keys.stale), (Duration::from_secs(300), Duration::from_secs(7200)));
    let (Place::Url(far), Place::Url(near)) = (&other.keys.place, &here.keys.place) else { panic!("addresses") };
    assert_eq!((far.secure, far.host.as_str(), far.port, far.target.as_str()), (true, "id.example", 443, "/keys.json"));
    assert_eq!((near.secure, near.host.as_str(), near.port), (false, "127.0.0.1", 8888));
    assert_eq!(fetched.groups.as_ref().and_then(|all| all.get().get("sato").map(Vec::len)), Some(2));
    assert!(matches!(&uri.way, Way::Mtls(mtls) if mtls.user == UserAt::Uri && mtls.units));
    assert!(matches!(&san.way, Way::Mtls(mtls) if mtls.user == UserAt::AlternativeName && !mtls.units));
    assert!(san.groups.is_some() && uri.groups.is_none());
    assert!(matches!(&header.way, Way::Header(own) if own.groups.is_none()) && header.groups.is_some());
    let Way::Session(session) = &session.way else { panic!("a session") };
    let whoami = session.whoami.as_ref().expect("whoami");
    assert_eq!((session.cookie.as_str(), session.lasts, whoami.every), ("sessionid", 8 * 3600, 60));
    assert_eq!(whoami.path, "/me?x=1");
    assert!(matches!(&anonymous.way, Way::Anonymous(anonymous) if anonymous.groups == ["public"]));
}

/// Runs `sudare check` in a folder.
fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
    command.arg("check").args(arguments).current_dir(folder).output().expect("the command")
}

#[test]
fn check_without_a_path_reads_gateway_yaml_and_its_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    let told = |arguments: &[&str], status: i32| {
        let output = check(folder.path(), arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{told}");
        told
    };
    let missing = told(&[], 2);
    assert!(missing.contains("`gateway.yaml` cannot be read") && missing.contains("-c FILE"), "{missing}");
    let good = "sudare: 1\nlisten: 127.0.0.1:0\nupstream: http://127.0.0.1:9\nrules: rules/\n\
                identity: [{ header: { user: X-User, groups: X-Groups, from: [127.0.0.1] } }]\n";
    write("gateway.yaml", good);
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    write(
        "rules/desk.yaml",
        "sudare: 1\nroles: { support: { groups: [a] } }\nrules: [{ for: support, show: [phone] }]\n",
    );
    let clean = told(&[], 0);
    assert!(clean.contains("0 errors") && clean.contains("2 files"), "{clean}");
    write(
        "rules/desk.yaml",
        "sudare: 1\nroles: { support: { groups: [a] } }\nrules: [{ for: support, show: [fone] }]\n",
    );
    let wrong = told(&[], 1);
    assert!(wrong.contains("rules/desk.yaml:3:") && wrong.contains("did you mean `phone`?"), "{wrong}");
    write("other.yaml", &good.replace("listen", "listne"));
    let other = told(&["-c", "other.yaml"], 1);
    assert!(other.contains("other.yaml:2:1") && other.contains("did you mean `listen`?"), "{other}");
}

/// In CI there are no keys and no passwords; the rules are checked and tested all the same.
#[test]
fn what_is_missing_hides_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write(
        "gateway.yaml",
        "sudare: 1\nlisten: env:SUDARE_NOWHERE\nupstream: { url: http://127.0.0.1:9, host: file:no-host }\n\
         rules: rules/\npurposes: [call-back]\nmetrics: here\n\
         identity: [{ header: { user: X-User, groups: X-Groups, from: [127.0.0.1] } }]\n",
    );
    fs::create_dir(folder.path().join("rules")).expect("a folder");
    let rules = "sudare: 1\nroles: { support: { groups: [a] } }\n\
                 rules: [{ for: support, show: [phone], until: 2026-01-01, when: { purpose: call-bakc } }]\n";
    write("rules/desk.yaml", rules);
    let output = check(folder.path(), &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    for part in [
        "error[no-environment]",
        "gateway.yaml:2:9",
        "error[no-file]",
        "error[bad-address]: `metrics`",
        "rules/desk.yaml:3",
        "did you mean `call-back`?",
        "warning[ended]",
        "note: further warnings are told when the errors are mended",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // What nobody could read is wrong in one way only.
    assert_eq!(told.matches("gateway.yaml:2:").count(), 1, "{told}");
    write("rules/desk.yaml", &rules.replace("call-bakc", "call-back"));
    let case = "tests: [{ name: hidden, request: { method: GET, path: /a }, response: { json: { tel: 090-1234-5678 } },\n  \
                expect: { support: { hidden: [090-1234-5678] } } }]\n";
    write("rules/tests.yaml", &format!("sudare: 1\n{case}"));
    let output = Command::new(env!("CARGO_BIN_EXE_sudare")).arg("test").current_dir(folder.path()).output();
    let output = output.expect("the command");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
fn what_is_left_out_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir_all(folder.path().join("rules/sub")).expect("a folder");
    write(
        "rules/DESK.YAML",
        "sudare: 1\nroles: { support: { groups: [a] } }\nrules: [{ for: support, show: [phone] }]\n",
    );
    write("rules/sub/more.yaml", "sudare: 1\n");
    write(
        "rules/tests.yml",
        "sudare: 1\ntests:\n  - { name: a, request: GET /a, response: { file: gone.json }, expect: { support: 200 } }\n",
    );
    let output = check(folder.path(), &["rules"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("in 2 files: 1 role"), "{told}");
    assert!(told.contains("warning[unread-folder]: `rules/sub` holds rule files"), "{told}");
    assert!(told.contains("warning[no-file]: `rules/gone.json` is not there"), "{told}");
    assert!(told.contains("rules/tests.yml:3:"), "{told}");
    // Whoever names it too has it read.
    let output = check(folder.path(), &["rules", "rules/sub"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("unread-folder") && told.contains("in 3 files"), "{told}");
    assert_eq!(check(folder.path(), &["rules", "--strict"]).status.code(), Some(1));
}

#[test]
fn serve_says_what_is_wrong_and_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gateway.yaml");
    fs::write(&path, "sudare: 1\nlisten: 127.0.0.1\n").expect("a file");
    let output =
        Command::new(env!("CARGO_BIN_EXE_sudare")).args(["serve", "-c"]).arg(&path).output().expect("the command");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("error[bad-address]") && told.contains("needs `upstream`"), "{told}");
    assert!(!folder.path().join("state").exists());
}

/// The keys of a map are told where one is unknown; each of them has a row in docs/gateway.md.
#[test]
fn every_key_of_gateway_yaml_is_documented() {
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gateway.md")).expect("the page");
    let odd = "zzzzzzzzzzzz: 1";
    let text = format!(
        "sudare: 1\nlisten: [{{ {odd}, tls: {{ {odd} }} }}]\nupstream: {{ {odd}, health: {{ {odd} }} }}\nlog: {{ {odd} }}\n\
         bounds: {{ {odd} }}\nidentity: [{{ jwt: {{ {odd} }} }}, {{ mtls: {{ {odd} }} }}, {{ header: {{ {odd} }} }}, {{ session: {{ {odd} }} }}]\n{odd}\n"
    );
    let source = Source { name: "gateway.yaml".to_owned(), text };
    let mut faults = Faults::new();
    let origin = Origin { folder: &cases(), environment: &environment };
    gateway::parse(&source, &origin, [0; 32], &mut faults);
    let faults = faults.into_sorted();
    let told: Vec<&str> =
        faults.iter().filter(|fault| fault.code == "unknown-key").filter_map(|fault| fault.help.as_deref()).collect();
    assert!(told.len() == 11, "{told:?}");
    for key in told.iter().flat_map(|help| help.split('`').skip(1).step_by(2)) {
        let documented =
            [format!("`{key}`"), format!("`{key}:"), format!(".{key}`")].iter().any(|form| docs.contains(form));
        assert!(documented, "`{key}` has no row in docs/gateway.md");
    }
}
