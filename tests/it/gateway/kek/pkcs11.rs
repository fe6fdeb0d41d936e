//! The key ring under a key in a token (PKCS #11): SoftHSM2 with the module that programs load, and a running gateway.
//!
//! Without `softhsm2-util` the tests skip with a printed word; with `SUDARE_TEST_REAL=1` it must be there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{crm, said, seen};
use crate::gateway::origin::Origin;
use crate::gateway::running::{Running, until};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const PIN: &str = "4711-never-printed";
/// A token with a key in it, and a file with its PIN.
struct Token(TempDir);

impl Token {
    fn new() -> Option<Token> {
        let real = std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1");
        if !Path::new(MODULE).exists() {
            assert!(!real, "no {MODULE}; run `bash tests/deploy/install.sh`");
            println!("skipped: no {MODULE}");
            return None;
        }
        let token = Token(tempfile::tempdir().expect("a folder"));
        fs::create_dir(token.path("tokens")).expect("a folder");
        let settings = format!("directories.tokendir = {}\n", token.path("tokens").display());
        fs::write(token.path("softhsm2.conf"), settings).expect("written");
        token.say_pin(PIN);
        token.init();
        token.import(1, 7);
        Some(token)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn say_pin(&self, pin: &str) {
        fs::write(self.path("pin"), format!("{pin}\n")).expect("written");
        fs::set_permissions(self.path("pin"), fs::Permissions::from_mode(0o600)).expect("set");
    }

    fn util(&self, arguments: &[&str]) {
        let mut command = Command::new("softhsm2-util");
        let output = command.args(arguments).args(["--pin", PIN]).envs(self.known()).output().expect("it runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn init(&self) {
        self.util(&["--init-token", "--free", "--so-pin", "00000000", "--label", "the bank"]);
    }

    /// Puts a key of 32 such bytes into the token.
    fn import(&self, id: u8, byte: u8) {
        let (file, id) = (self.path("key"), format!("0{id}"));
        fs::write(&file, [byte; 32]).expect("written");
        let file = file.to_str().expect("a path");
        self.util(&["--import", file, "--aes", "--token", "the bank", "--label", "kek", "--id", &id]);
    }

    fn uri(&self) -> String {
        let pin = self.path("pin");
        format!("pkcs11:token=the%20bank;object=kek?module-path={MODULE}&pin-source=file:{}", pin.display())
    }

    fn known(&self) -> [(&'static str, String); 1] {
        [("SOFTHSM2_CONF", self.path("softhsm2.conf").display().to_string())]
    }

    /// A gateway whose ring lies under this key.
    fn gateway(&self, crm: &Origin) -> Running {
        super::gateway(crm, &format!("pkcs11: '{}'", self.uri()), &self.known())
    }

    /// `sudare keys` for that gateway.
    fn keys(&self, gateway: &Running, line: &[&str]) -> Output {
        super::keys(gateway, line, &self.known(), PIN)
    }
}

#[test]
fn a_key_that_never_leaves_its_token_wraps_the_ring() {
    let Some(token) = Token::new() else { return };
    let crm = crm();
    let mut gateway = token.gateway(&crm);
    let first = seen(&gateway);
    assert!(!gateway.state().join("keys.kek").exists(), "nothing lies beside the ring");
    let listed = said(&token.keys(&gateway, &["list"]));
    assert!(listed.contains("is wrapped under pkcs11:token=the%20bank;object=kek"), "{listed}");
    assert!(token.keys(&gateway, &["rotate"]).status.success());
    let next = until(|| Some(seen(&gateway)).filter(|answer| *answer != first));
    assert!(gateway.stop().success());
    gateway.restart();
    assert_eq!(seen(&gateway), next);
    assert!(!gateway.log().contains(PIN));
    // Out of the token, and into it again.
    let away = gateway.state().join("away.kek");
    let file = format!("file:{}", away.display());
    assert!(token.keys(&gateway, &["rotate", "--new-kek", &file]).status.success());
    assert!(gateway.stop().success());
    let config = gateway.state().with_file_name("gateway.yaml");
    let text = fs::read_to_string(&config).expect("a file");
    let moved = text.replace(&format!("pkcs11: '{}'", token.uri()), &format!("file: {}", away.display()));
    fs::write(&config, &moved).expect("written");
    assert!(token.keys(&gateway, &["rotate", "--new-kek", &token.uri()]).status.success());
    fs::write(&config, text).expect("written");
    gateway.restart();
    assert_eq!(seen(&gateway), next);
}

#[test]
fn a_token_that_does_not_open_is_told_and_nothing_else_is_tried() {
    let Some(token) = Token::new() else { return };
    let crm = crm();
    let gateway = token.gateway(&crm);
    let told = || {
        let output = token.keys(&gateway, &["rotate"]);
        assert_ne!(output.status.code(), Some(0), "{}", said(&output));
        said(&output)
    };
    token.say_pin("another");
    assert!(told().contains("the token `the bank` refuses the PIN"), "{}", told());
    fs::set_permissions(token.path("pin"), fs::Permissions::from_mode(0o644)).expect("set");
    assert!(told().contains("the PIN of the token `the bank` cannot be read from `file:"), "{}", told());
    token.say_pin(PIN);
    token.import(2, 8);
    assert!(told().contains("the token `the bank` holds 2 AES keys of 256 bits"), "{}", told());
    fs::remove_dir_all(token.path("tokens")).expect("gone");
    fs::create_dir(token.path("tokens")).expect("a folder");
    assert!(told().contains("knows 0 tokens that are called `the bank`"), "{}", told());
    token.init();
    assert!(told().contains("holds 0 AES keys"), "{}", told());
    // Called the same, and another key.
    token.import(1, 9);
    assert!(told().contains("version 1 of the key ring") && told().contains("does not unwrap"), "{}", told());
    assert!(seen(&gateway).contains("tok_"), "what is in force stays");
}
