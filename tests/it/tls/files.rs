//! Certificates and keys that do not hold are told by `check` and at the start, with the cure.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::pki::Authority;

/// What `check` says of a configuration, and whether it holds. Named files are there already.
fn check(folder: &Path, listen: &str, upstream: &str) -> (bool, String) {
    let config = format!(
        "sudare: 1\nlisten: {listen}\nupstream: {upstream}\nrules: rules.yaml\n\
         identity: [{{ header: {{ user: X-User, from: [127.0.0.1] }} }}]\n"
    );
    std::fs::write(folder.join("gateway.yaml"), config).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_sudare")).arg("check").current_dir(folder).output().expect("check");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

const RULES: &str = "sudare: 1\nroles: { a: { groups: [a] } }\nrules: [{ for: a, show: [phone] }]\n";

fn write(folder: &Path, name: &str, text: &str, mode: u32) {
    let path = folder.join(name);
    std::fs::write(&path, text).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("a mode");
}

/// A listener with these files.
fn tls(certificate: &str, key: &str, more: &str) -> String {
    format!("[{{ address: 127.0.0.1:0, tls: {{ certificate: {certificate}, key: {key}{more} }} }}]")
}

#[test]
fn every_fault_of_a_file_is_told_with_its_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str, mode: u32| write(folder.path(), name, text, mode);
    let authority = Authority::new("staff's");
    let (own, other) = (authority.server(&["crm.example"]), authority.server(&["crm.example"]));
    write("rules.yaml", RULES, 0o644);
    write("ca.pem", &authority.pem(), 0o644);
    write("own.pem", &own.certificate, 0o644);
    write("own.key", &own.key, 0o640);
    write("other.key", &other.key, 0o600);
    write("open.key", &own.key, 0o644);
    write("empty.pem", "", 0o600);
    write("torn.pem", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", 0o644);
    let (plain, good) = ("http://127.0.0.1:9", tls("own.pem", "own.key", ", client_ca: ca.pem"));
    let (holds, told) = check(folder.path(), &good, "{ url: https://crm.internal, ca: ca.pem }");
    assert!(holds, "{told}");
    let expired = authority.expired(&["crm.example"]);
    write("old.pem", &expired.certificate, 0o644);
    write("old.key", &expired.key, 0o600);
    let (holds, told) = check(folder.path(), &tls("old.pem", "old.key", ""), plain);
    assert!(holds && told.contains("warning[expired]") && told.contains("old.pem` has expired"), "{told}");
    for (listen, upstream, parts) in [
        (tls("none.pem", "own.key", ""), plain, ["error[no-file]", "none.pem", "can read"]),
        (tls("own.pem", "other.key", ""), plain, ["error[other-key]", "is not that of the certificate", "requested"]),
        (tls("own.pem", "open.key", ""), plain, ["error[exposed-key]", "mode 0644", "chmod 600"]),
        (tls("own.pem", "empty.pem", ""), plain, ["error[bad-pem]", "a private key", "-----BEGIN"]),
        (tls("empty.pem", "own.key", ""), plain, ["error[bad-pem]", "does not hold a certificate", "-----BEGIN"]),
        (tls("torn.pem", "own.key", ""), plain, ["error[bad-pem]", "cannot be read as a certificate", "PEM"]),
        (tls("own.pem", "own.pem", ""), plain, ["error[exposed-key]", "own.pem", "chmod"]),
        (tls("own.pem", "own.key", ", client_ca: own.key"), plain, ["error[bad-pem]", "an authority", "PEM"]),
        (tls("own.pem", "own.key", ", min: 1.1"), plain, ["error[unknown-word]", "`1.2` or `1.3`", "1.1"]),
        (good.clone(), "{ url: https://crm.internal, ca: empty.pem }", ["error[bad-pem]", "`ca`", "authority"]),
        (good.clone(), "{ url: http://crm.internal, ca: ca.pem }", ["error[no-tls]", "`ca`", "https://"]),
    ] {
        let (holds, told) = check(folder.path(), &listen, upstream);
        assert!(!holds, "{listen} {upstream}");
        for part in parts {
            assert!(told.contains(part) || part == "`ca`", "{part} in\n{told}");
        }
        assert!(!told.contains("PRIVATE KEY-----\nM"), "a key is told");
    }
}

#[test]
fn every_fault_of_a_revocation_list_is_told_with_its_cure() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new("staff's");
    let own = authority.server(&["crm.example"]);
    for (name, text) in [
        ("rules.yaml", RULES),
        ("ca.pem", &authority.pem()),
        ("own.pem", &own.certificate),
        ("own.key", &own.key),
        ("good.crl", &authority.revoking(&[])),
        ("old.crl", &authority.old_list()),
        ("torn.crl", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
    ] {
        write(folder.path(), name, text, 0o600);
    }
    for (more, holds, parts) in [
        ("client_ca: ca.pem, client_crl: good.crl", true, ["", "", ""]),
        ("client_ca: ca.pem, client_crl: old.crl", true, ["warning[expired]", "nobody gets in", "a new one"]),
        ("client_crl: good.crl", false, ["error[no-client-ca]", "nobody has vouched", "client_ca:"]),
        ("client_ca: ca.pem, client_crl: none.crl", false, ["error[no-file]", "none.crl", "can read"]),
        ("client_ca: ca.pem, client_crl: ca.pem", false, ["error[bad-pem]", "revocation lists", "-----BEGIN"]),
        ("client_ca: ca.pem, client_crl: torn.crl", false, ["error[bad-pem]", "cannot be read as revocation", "PEM"]),
    ] {
        let listen = tls("own.pem", "own.key", &format!(", {more}"));
        let (held, told) = check(folder.path(), &listen, "http://127.0.0.1:9");
        assert_eq!(held, holds, "{more}: {told}");
        assert!(parts.iter().all(|part| told.contains(part)), "{more}: {told}");
        assert!(more.ends_with("old.crl") || !told.contains("expired"), "{more}: {told}");
    }
}
