//! `sudare check` and `sudare test`: the exit status, by the contract.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use sudare::cli::check::{CheckArgs, Format, run};
use sudare::cli::say::Lang;

fn status(paths: Vec<PathBuf>, strict: bool) -> u8 {
    run(CheckArgs { config: None, paths, strict, upgrade: false, format: Format::Text, explain: None }, Lang::En)
}

#[test]
fn the_status_tells_whether_the_files_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file can be written");
        path
    };
    let good = write("good.yaml", "sudare: 1\nroles: { support: a }\nrules: [{ for: support, show: [phone] }]\n");
    let warned = write("warned.yml", "sudare: 1\nroles: { ghost: {} }\n");
    let bad = write("bad.yaml", "sudare: 1\nreveal: x\n");
    let latin = folder.path().join("latin.yaml");
    fs::write(&latin, b"sudare: 1\nname: \xe9\n").expect("a file can be written");

    assert_eq!(status(vec![good.clone()], true), 0);
    assert_eq!(status(vec![good.clone(), warned.clone()], false), 0);
    assert_eq!(status(vec![good.clone(), warned], true), 1);
    assert_eq!(status(vec![good, bad], false), 1);
    assert_eq!(status(vec![latin], false), 2);
    assert_eq!(status(vec![folder.path().join("missing.yaml")], false), 2);
    let empty = tempfile::tempdir().expect("a folder");
    assert_eq!(status(vec![empty.path().to_path_buf()], false), 2);
}

#[test]
fn a_configuration_brings_its_rules() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = folder.path().join("gateway.yaml");
    let text = "sudare: 1\nlisten: 127.0.0.1:0\nupstream: http://127.0.0.1:9\nrules: rules.yaml\nidentity:\n  - header: { user: X-User, groups: X-Groups, from: [127.0.0.1/32] }\n";
    fs::write(&gateway, text).expect("a file can be written");
    let check = || {
        run(
            CheckArgs {
                config: Some(gateway.clone()),
                paths: Vec::new(),
                strict: false,
                upgrade: false,
                format: Format::Json,
                explain: None,
            },
            Lang::En,
        )
    };
    let rules = folder.path().join("rules.yaml");
    fs::write(&rules, "sudare: 1\nroles: { support: a }\n").expect("a file can be written");
    assert_eq!(check(), 0);
    fs::write(&rules, "sudare: 1\nroles: { support: a }\nrules: [{ for: suport, show: [phone] }]\n")
        .expect("a file can be written");
    assert_eq!(check(), 1);
}

#[test]
fn tests_in_rule_files_may_speak_xml_and_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.yaml");
    let text = |tel: &str, told: &str| {
        format!(
            "sudare: 1\nroles: {{ support: a }}\nresources:\n  - {{ id: soap, match: GET /soap, subject: //@id, fields: {{ phone: //Tel }} }}\n  - {{ id: text, match: GET /text }}\n\
             rules: [{{ for: support, mask: {{ phone: last4 }} }}]\ntests:\n  - name: xml\n    request: GET /soap\n    response: {{ xml: '<C id=\"1\"> <Tel>090-1234-5678</Tel> </C>' }}\n    \
             expect: {{ support: {{ xml: '<C id=\"1\"><Tel>{tel}</Tel></C>', hidden: 1234 }} }}\n  - name: text\n    request: GET /text\n    response: {{ text: 'tel: 090-1234-5678' }}\n    \
             expect: {{ support: {{ text: '{told}' }} }}\n"
        )
    };
    for (tel, told, passes) in [
        ("***-****-5678", "tel: ***-****-5678", true),
        ("***", "tel: ***-****-5678", false),
        ("***-****-5678", "tel", false),
    ] {
        fs::write(&rules, text(tel, told)).expect("a file can be written");
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_sudare")).arg("test").arg(&rules).output();
        let output = output.expect("the command");
        assert_eq!(output.status.success(), passes, "{}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn every_sort_of_expectation_can_fail() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.yaml");
    for (expected, status) in [
        (r#"support: { json: { tel: "***-****-5678", x: 1 } }"#, 0),
        (r#"support: { json: { tel: "090-1234-5678", x: 1 } }"#, 1),
        (r#"support: { json: { tel: "***-****-5678", y: 1 } }"#, 1),
        (r#"support: { hidden: ["090-1234"] }"#, 0),
        (r#"support: { hidden: ["5678"] }"#, 1),
        (r#"support: { shown: ["5678"] }"#, 0),
        (r#"support: { shown: ["090-1234"] }"#, 1),
        ("support: 200", 0),
        ("support: 403", 1),
        ("nobody: 401", 0),
        ("nobody: 200", 1),
        (r#"{ support: 200, nobody: { shown: ["5678"] } }"#, 1),
    ] {
        let expected = if expected.starts_with('{') { expected.to_owned() } else { format!("{{ {expected} }}") };
        let rules = format!(
            "sudare: 1\nroles: {{ support: a }}\n\
             resources: [{{ id: x, match: GET /x, subject: none, fields: {{ phone: tel }} }}]\n\
             rules: [{{ for: support, mask: {{ phone: last4 }} }}]\n\
             tests:\n  - name: one\n    request: GET /x\n    \
             response: {{ json: {{ tel: 090-1234-5678, x: 1 }} }}\n    expect: {expected}\n"
        );
        fs::write(&path, rules).expect("a file can be written");
        let output = Command::new(env!("CARGO_BIN_EXE_sudare")).arg("test").arg(&path).output().expect("the command");
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(status), "{expected}: {told}");
        assert_eq!(told.contains("FAILED"), status == 1, "{expected}: {told}");
    }
}

#[test]
fn every_file_is_of_the_newest_format_or_of_a_later_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("rules.yaml");
    let upgrade = |format: &str| {
        fs::write(&path, format!("sudare: {format}\nroles: {{ support: a }}\n")).expect("a file can be written");
        let output =
            Command::new(env!("CARGO_BIN_EXE_sudare")).args(["check", "--upgrade", "--lang", "en"]).arg(&path).output();
        let output = output.expect("the command");
        let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code(), told)
    };
    let (status, told) = upgrade("1");
    assert_eq!((status, told.as_str()), (Some(0), "1 file in the newest format, `sudare: 1`: nothing to write\n"));
    let (status, told) = upgrade("2");
    assert!(status == Some(1) && told.contains("which reads up to `sudare: 1`: install a later one"), "{told}");
}
