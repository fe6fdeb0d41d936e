//! `sudare keys` on a ring's own file: what it prints, what it refuses, and its exit status.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use sudare::terms::kind::{Kinds, PHONE};
use sudare::terms::mint::{Domain, Mint};
use sudare::vault::keep::Vault;
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::{Place, Ring};
use tempfile::TempDir;

use super::{sudare, text};

const NOW: i64 = 1_795_420_800;

struct Scene(TempDir);

impl Scene {
    /// A folder whose state folder holds a ring.
    fn new() -> Scene {
        let scene = Scene::empty();
        Place::beside(&scene.ring()).create(NOW).expect("a ring");
        scene
    }

    fn empty() -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("state")).expect("a folder");
        Scene(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn ring(&self) -> PathBuf {
        self.path("state/keys")
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).expect("set");
    }

    fn said(&self, line: &str, japanese: bool) -> Output {
        let output = sudare(self.0.path(), japanese).args(line.split(' ')).output().expect("sudare runs");
        for said in [&output.stdout, &output.stderr] {
            let said = text(said);
            let is_secret =
                |word: &str| word.len() > 40 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+');
            assert!(!said.split([' ', '/', '=', '\n']).any(is_secret), "{line}: {said}");
        }
        output
    }

    /// What it prints.
    fn done(&self, line: &str) -> String {
        let output = self.said(line, false);
        assert_eq!(output.status.code(), Some(0), "{line}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// What it complains of, with this status.
    fn refused(&self, status: i32, line: &str) -> String {
        let output = self.said(line, false);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(status), ""), "{line}");
        text(&output.stderr)
    }

    fn rows(&self) -> Vec<Value> {
        let told = self.done("keys list --format json");
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    fn token(&self, domain: &Domain) -> String {
        let ring = Ring::open(&self.ring()).expect("a ring");
        KeyMint::new(Arc::new(ring)).token(Kinds::builtin().get(PHONE), domain, "x").expect("a token")
    }
}

fn shared(name: &str) -> Domain {
    Domain::Shared(name.to_owned())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

#[test]
fn versions_are_listed_and_rotated() {
    let scene = Scene::new();
    let told = scene.done("keys list");
    let first = told.lines().nth(1).expect("a row");
    let words = ["1", "active", "2026-11-23T08:00:00Z", "0", "subjects, shared domains"];
    assert_eq!(first.split("  ").map(str::trim).filter(|word| !word.is_empty()).collect::<Vec<_>>(), words);
    assert!(told.contains("state/keys is wrapped under local "), "{told}");
    let (a, b) = (scene.token(&shared("a")), scene.token(&shared("b")));
    assert!(scene.done("keys rotate").starts_with("version 2 of state/keys mints"));
    assert_eq!((scene.token(&shared("a")), scene.token(&shared("b"))), (a.clone(), b.clone()));
    let told = scene.done("keys rotate --domain a --format json");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((&told["active"], &told["drawn"], &told["domains"][0]), (&2.into(), &false.into(), &"a".into()));
    assert_ne!(scene.token(&shared("a")), a);
    assert_eq!(scene.token(&shared("b")), b);
    let rows = scene.rows();
    let states: Vec<_> = rows.iter().map(|row| (row["state"].as_str().expect("text"), &row["shared"])).collect();
    assert_eq!(states, [("old", &true.into()), ("active", &false.into())]);
    assert_eq!(rows[1]["domains"], serde_json::json!(["a"]));
    let japanese = text(&scene.said("keys list", true).stdout);
    assert!(japanese.starts_with("版") && japanese.contains("使用中"), "{japanese}");
    assert!(text(&scene.said("keys rotate", true).stdout).contains("版 3 が発行を始めました"));
    assert_eq!([mode(&scene.ring()), mode(&scene.path("state/keys.kek"))], [0o600, 0o600]);
}

#[test]
fn a_version_that_something_needs_is_not_destroyed() {
    let scene = Scene::new();
    let vault = |values: &[&str]| {
        let ring = Arc::new(Ring::open(&scene.ring()).expect("a ring"));
        let vault = Vault::open(&scene.path("state/vault.redb"), ring, 100).expect("a vault");
        for value in values {
            vault.token("phone", &shared("a"), value, None).expect("a token");
        }
        vault.flush().expect("written");
        vault
    };
    drop(vault(&["1", "2"]));
    assert!(scene.refused(1, "keys retire 1").starts_with("error: version 1 mints"));
    assert!(scene.refused(1, "keys retire 9").starts_with("error: the key ring has no version 9"));
    scene.done("keys rotate");
    assert!(scene.refused(1, "keys retire 1").contains("shared token domains mint under version 1"));
    scene.done("keys rotate --all-domains --domain sudare.stored");
    let told = scene.refused(1, "keys retire 1 --stored-migrated");
    assert!(told.starts_with("error: 2 random tokens in the vault are sealed under version 1\nhelp: "), "{told}");
    fs::remove_file(scene.path("state/vault.redb")).expect("removed");
    let running = vault(&["3"]);
    let told = scene.refused(1, "keys retire 1 --stored-migrated");
    assert!(told.contains("is open in another process") && told.contains("stop the gateway first"), "{told}");
    drop(running);
    let told = scene.refused(1, "keys retire 1");
    assert!(told.contains("--stored-migrated"), "{told}");
    assert_eq!(scene.rows()[0]["state"], "old", "nothing was destroyed yet");
    assert!(scene.done("keys retire 1 --stored-migrated").starts_with("version 1 of state/keys is destroyed"));
    assert_eq!(scene.rows()[0]["state"], "destroyed");
    assert_eq!(scene.refused(1, "keys retire 1"), "error: version 1 is destroyed already\n");
    drop(vault(&["3"]));
}

#[test]
fn a_vault_made_with_a_destroyed_version_is_still_this_rings() {
    let scene = Scene::new();
    let vault = || {
        let ring = Arc::new(Ring::open(&scene.ring()).expect("a ring"));
        Vault::open(&scene.path("state/vault.redb"), ring, 100).expect("a vault")
    };
    drop(vault());
    for line in ["keys rotate", "keys rotate --all-domains --domain sudare.stored", "keys retire 1 --stored-migrated"] {
        scene.done(line);
    }
    drop(vault());
}

#[test]
fn a_domains_own_key_is_destroyed_and_a_subjects_tokens_end() {
    let scene = Scene::new();
    let customer = |id: &str| Domain::Subject { kind: "customer".into(), id: id.into() };
    let path = scene.path("state/vault.redb");
    let vault = || Vault::open(&path, Arc::new(Ring::open(&scene.ring()).expect("a ring")), 100).expect("a vault");
    let open = |token: &str| KeyMint::new(Arc::new(Ring::open(&scene.ring()).expect("a ring"))).open(token).is_ok();
    assert!(scene.done("keys rotate --domain agency --own").contains("version 1"));
    let row = &scene.rows()[1];
    assert_eq!((&row["state"], &row["own"], &row["domains"][0]), (&"own".into(), &"agency".into(), &"agency".into()));
    assert!(
        scene.done("keys list").lines().any(|line| line.starts_with("2        own ")),
        "{}",
        scene.done("keys list")
    );
    let running = vault();
    let random: Vec<_> = [shared("agency"), shared("other"), customer("42"), customer("43")]
        .iter()
        .map(|whose| running.token("phone", whose, "090", None).expect("a token"))
        .collect();
    running.flush().expect("written");
    let (own, other) = (scene.token(&shared("agency")), scene.token(&customer("42")));
    let told = scene.refused(1, "keys shred --domain agency");
    assert!(told.contains("is open in another process") && told.contains("stop the gateway first"), "{told}");
    assert!(open(&own), "nothing is done yet");
    drop(running);
    let told = scene.done("keys shred --domain agency");
    assert!(told.starts_with("version 2 of state/keys is destroyed: nothing opens what it made"), "{told}");
    assert!(told.contains("\n1 random tokens are taken out") && told.contains("version 1 are refused"), "{told}");
    let states: Vec<_> = scene.rows().iter().map(|row| row["state"].clone()).collect();
    assert_eq!(states, ["active", "destroyed", "own"]);
    assert!(!open(&own) && open(&other));
    let told = scene.done("keys shred --subject customer:42 --format json");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told, serde_json::json!({ "destroyed": [], "refused": [1], "random_tokens": 1, "untold": 0 }));
    assert!(!open(&other));
    let after = vault();
    let opens: Vec<bool> = random.iter().map(|token| after.open_random("phone", token).is_some()).collect();
    assert_eq!(opens, [false, true, false, true]);
    drop(after);
    // Once more does no harm, and a copy from before does not bring them back.
    assert!(scene.done("keys shred --subject customer:42").starts_with("0 random tokens"));
    for (line, says) in [
        ("keys shred", "required"),
        ("keys shred --subject 42", "TYPE:ID"),
        ("keys shred --domain a --subject customer:1", "cannot be used with"),
        ("keys rotate --own", "--domain"),
    ] {
        assert!(scene.refused(2, line).contains(says), "{line}");
    }
    for line in ["keys shred --domain sudare.stored", "keys rotate --domain sudare.stored --own"] {
        assert!(scene.refused(1, line).contains("what the CRM itself holds"), "{line}");
    }
}

#[test]
fn a_copy_of_before_does_not_bring_back_what_was_shredded() {
    let scene = Scene::new();
    scene.write("pass", "correct horse battery\n");
    scene.done("keys rotate --domain agency --own");
    let customer = Domain::Subject { kind: "customer".into(), id: "42".into() };
    let (own, other) = (scene.token(&shared("agency")), scene.token(&customer));
    let open = |token: &str| KeyMint::new(Arc::new(Ring::open(&scene.ring()).expect("a ring"))).open(token).is_ok();
    scene.done("keys export --out before --passphrase-file pass");
    scene.done("keys shred --domain agency");
    scene.done("keys shred --subject customer:42");
    assert!(scene.refused(1, "keys import before --passphrase-file pass").contains("--replace"));
    scene.done("keys import before --passphrase-file pass --replace");
    assert!(!open(&own) && !open(&other), "not by this ring; an empty place would take it as it is");
}

#[test]
fn a_ring_is_carried_under_a_passphrase() {
    let (scene, other) = (Scene::new(), Scene::empty());
    scene.write("pass", "correct horse battery\n");
    other.write("pass", "correct horse battery\n");
    scene.done("keys rotate --domain a");
    scene.done("keys export --out keys.export --passphrase-file pass");
    assert_eq!(mode(&scene.path("keys.export")), 0o600);
    assert!(scene.refused(1, "keys export --out keys.export --passphrase-file pass").contains("cannot be written"));
    fs::copy(scene.path("keys.export"), other.path("keys.export")).expect("copied");
    assert!(other.done("keys import keys.export --passphrase-file pass").contains("version 2 mints"));
    for domain in [shared("a"), shared("b"), Domain::Subject { kind: "customer".into(), id: "1".into() }] {
        assert_eq!(scene.token(&domain), other.token(&domain));
    }
    assert_ne!(fs::read(scene.path("state/keys.kek")).ok(), fs::read(other.path("state/keys.kek")).ok());
    // Once more changes nothing; a ring that has gone on is not put back.
    other.done("keys import keys.export --passphrase-file pass");
    other.done("keys rotate");
    let told = other.refused(1, "keys import keys.export --passphrase-file pass");
    assert!(told.starts_with("error: it lacks version 3 of state/keys") && told.contains("--replace"), "{told}");
    other.done("keys import keys.export --passphrase-file pass --replace");
    assert_eq!(other.rows().len(), 2);
    let foreign = Scene::new();
    fs::copy(scene.path("keys.export"), foreign.path("keys.export")).expect("copied");
    foreign.write("pass", "correct horse battery\n");
    assert!(foreign.refused(1, "keys import keys.export --passphrase-file pass").contains("version 1"));
    foreign.write("pass", "correct horse batterx\n");
    assert!(foreign.refused(2, "keys import keys.export --passphrase-file pass").contains("the passphrase is another"));
    foreign.write("pass", "short\n");
    assert!(foreign.refused(2, "keys export --out e --passphrase-file pass").contains("shorter than 12"));
    foreign.write("keys.export", "hello\n");
    assert!(foreign.refused(2, "keys import keys.export --passphrase-file pass").contains("no exported key ring"));
    assert!(foreign.refused(2, "keys import none --passphrase-file pass").contains("`none` cannot be read"));
}

#[test]
fn the_passphrase_can_be_typed() {
    let scene = Scene::new();
    let mut command = sudare(scene.0.path(), false);
    command.args(["keys", "export", "--out", "e", "--passphrase-file", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sudare runs");
    child.stdin.take().expect("its input").write_all(b"correct horse battery\n").expect("typed");
    assert!(child.wait().expect("it ends").success());
    scene.write("pass", "correct horse battery");
    scene.done("keys import e --passphrase-file pass");
}

#[test]
fn what_cannot_be_read_is_told_with_the_cure() {
    let scene = Scene::empty();
    assert!(scene.refused(2, "keys list").starts_with("error: there is no key ring at `state/keys`\nhelp: name"));
    assert!(scene.refused(2, "keys rotate").starts_with("error: there is no key ring"));
    let scene = Scene::new();
    let good = fs::read_to_string(scene.ring()).expect("a ring");
    for (text, told) in [
        (good[..good.len() / 2].to_owned(), "is damaged: line "),
        (String::new(), "is damaged: line 1: it is no key ring"),
        (good.replacen(" active ", " activf ", 1), "the checksum does not hold"),
        ("sudare-keys 9\n".to_owned(), "it was written by a newer version"),
    ] {
        scene.write("state/keys", &text);
        for command in ["list", "rotate", "retire 1", "export --out e --passphrase-file state/keys"] {
            assert!(scene.refused(2, &format!("keys {command}")).contains(told), "{command}: {told}");
        }
    }
    scene.write("state/keys", &good);
    fs::set_permissions(scene.ring(), fs::Permissions::from_mode(0o644)).expect("set");
    assert!(scene.refused(2, "keys list").ends_with("run `chmod 600 state/keys`\n"));
    scene.write("state/keys", &good);
    fs::set_permissions(scene.path("state/keys.kek"), fs::Permissions::from_mode(0o644)).expect("set");
    assert!(scene.refused(2, "keys rotate").ends_with("run `chmod 600 state/keys.kek`\n"));
    scene.write("state/keys.kek", "hunter2\n");
    assert!(scene.refused(2, "keys rotate").contains("`state/keys.kek` holds no key of 32 bytes in base64"));
    fs::copy(Scene::new().path("state/keys.kek"), scene.path("state/keys.kek")).expect("copied");
    assert!(scene.refused(2, "keys rotate").contains("is wrapped under the key-encryption key `local "));
    fs::remove_file(scene.path("state/keys.kek")).expect("removed");
    assert!(scene.refused(2, "keys rotate").contains("there is no key-encryption key at `state/keys.kek`"));
    assert!(!scene.path("state/keys.kek").exists(), "none is made for a ring that is there");
    assert_eq!(scene.rows().len(), 1, "a list needs none");
    scene.write("gateway.yaml", "keys: { credential: a, environment: B }\n");
    assert!(scene.refused(2, "keys list -c gateway.yaml").contains("more than one key-encryption key"));
}

#[test]
fn the_key_that_wraps_comes_from_elsewhere() {
    const KEK: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let scene = Scene::new();
    let before = scene.token(&shared("a"));
    let with = |line: &str| {
        let mut command = sudare(scene.0.path(), false);
        command.env("SUDARE_KEK", KEK).env("CREDENTIALS_DIRECTORY", scene.path("credentials"));
        let output = command.args(line.split(' ')).output().expect("sudare runs");
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (status, told) = with("keys rotate --new-kek environment:SUDARE_KEK");
    assert!(status == Some(0) && told.contains("let `keys:` in gateway.yaml name environment:SUDARE_KEK"), "{told}");
    assert!(scene.refused(2, "keys rotate").contains("and `keys:` gives `local "));
    scene.write("gateway.yaml", "keys: { environment: SUDARE_KEK }\n");
    assert_eq!(with("keys rotate").0, Some(0));
    assert!(scene.refused(2, "keys rotate").contains("the environment variable `SUDARE_KEK` is not set"));
    fs::create_dir(scene.path("credentials")).expect("a folder");
    scene.write("credentials/kek", KEK);
    scene.write("gateway.yaml", "keys: { credential: kek }\n");
    assert_eq!(with("keys rotate").0, Some(0), "the same key from another place");
    scene.write("gateway.yaml", "keys: { credential: other }\n");
    assert!(with("keys rotate").1.contains("`LoadCredential=other:PATH`"));
    scene.write("gateway.yaml", "keys: { credential: kek }\n");
    assert_eq!(with("keys rotate --new-kek file:state/keys.kek").0, Some(0));
    fs::remove_file(scene.path("gateway.yaml")).expect("removed");
    assert_eq!(scene.token(&shared("a")), before);
    assert_eq!(scene.rows().len(), 3);
}

#[test]
fn many_encryptions_are_told_of() {
    let scene = Scene::new();
    let count = |count: u64| {
        let changed = Place::beside(&scene.ring()).change(|written| {
            written.rows[0].count = count;
            Ok::<(), sudare::vault::ring::RingError>(())
        });
        changed.expect("changed");
        text(&scene.said("keys list", false).stderr)
    };
    assert_eq!(count((1 << 31) - 1), "");
    assert!(count(1 << 31).starts_with("warning: version 1 has encrypted 2147483648 times; run `sudare keys rotate`"));
    assert!(count(1 << 32).contains("more than any should"));
}

/// Fills the disk on which the ring lies, rotates, and rotates again with room.
const FULL: &str = r#"
cp -a state own && mount -t tmpfs -o size=64k,mode=700 tmpfs state && cp -a own/. state/ && touch state/keys.lock || exit 9
cat /dev/zero >state/fill 2>/dev/null
"$1" keys rotate --state state && exit 1
cmp own/keys state/keys || exit 2
[ -z "$(ls state | grep -v -x -e keys -e keys.kek -e keys.lock -e fill)" ] || exit 3
rm state/fill
"$1" keys rotate --state state
"#;

#[test]
fn a_full_disk_leaves_the_ring_as_it_was_and_says_so() {
    let scene = Scene::new();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", FULL, "sh", env!("CARGO_BIN_EXE_sudare")]);
    let output = command.current_dir(scene.0.path()).output().expect("unshare runs");
    let told = text(&output.stderr);
    if told.contains("unshare:") || output.status.code() == Some(9) {
        println!("skipped: no right to mount a disk: {told}");
        return;
    }
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("error: the key ring `state/keys` cannot be written"), "{told}");
}
