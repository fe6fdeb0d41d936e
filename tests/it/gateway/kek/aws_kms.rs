//! The key ring under a key of AWS KMS: a stand-in on this machine that checks each signature by code of its own and speaks
//! the two calls and their errors as AWS documents them; and moto, an independent implementation whose signatures are
//! checked by AWS's own botocore. No test runs against AWS.
//!
//! Without moto (`bash tests/keys/install.sh`) its test skips with a printed word; with `SUDARE_TEST_REAL=1` it must be there.

mod signed;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};

use super::{crm, said, seen};
use crate::gateway::client::Answer;
use crate::gateway::origin::{Origin, Request};
use crate::gateway::running::{Running, until};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "a-session-token-never-printed";
const REGION: &str = "ap-northeast-1";

type Variables = Vec<(&'static str, String)>;

/// What was wrapped: its plain text, under which key, and its encryption context.
#[derive(Clone, PartialEq)]
struct Kept {
    plain: String,
    key: String,
    context: Value,
}

/// How KMS refuses: its status is 400 whatever is wrong, the name tells more.
fn refused(name: &str) -> Answer {
    let body = json!({ "__type": name, "message": "User: arn:aws:iam::111122223333:user/hanako may not" });
    Answer::new(400, "application/x-amz-json-1.1", &body.to_string())
}

fn answered(kept: &Mutex<Vec<Kept>>, request: &Request) -> Answer {
    let unsigned = signed::fault(&request.0, SECRET, REGION, "kms");
    if unsigned.is_some() || request.header("x-amz-security-token") != Some(TOKEN) {
        return refused("InvalidSignatureException");
    }
    assert_eq!(request.header("content-type"), Some("application/x-amz-json-1.1"));
    let body = request.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let asked: Value = serde_json::from_str(body).expect("JSON");
    let member = |name: &str| asked[name].as_str().expect("text").to_owned();
    let (key, context) = (member("KeyId"), asked["EncryptionContext"].clone());
    assert!(context["sudare"].is_string(), "{context}");
    let arn = format!("arn:aws:kms:{REGION}:111122223333:key/1234abcd");
    let said = |body: Value| Answer::new(200, "application/x-amz-json-1.1", &body.to_string());
    if key == "alias/nobody" {
        return refused("NotFoundException");
    }
    let mut kept = kept.lock().expect("a list");
    match request.header("x-amz-target") {
        Some("TrentService.Encrypt") => {
            kept.push(Kept { plain: member("Plaintext"), key, context });
            let blob = BASE64.encode(format!("blob {}", kept.len() - 1).as_bytes());
            said(json!({ "CiphertextBlob": blob, "KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }))
        }
        Some("TrentService.Decrypt") => {
            let blob = BASE64.decode(member("CiphertextBlob").as_bytes()).expect("base64");
            let place =
                std::str::from_utf8(&blob).ok().and_then(|text| text.strip_prefix("blob ")?.parse::<usize>().ok());
            match place.and_then(|place| kept.get(place)) {
                Some(one) if one.context != context => refused("InvalidCiphertextException"),
                Some(one) if one.key != key => refused("IncorrectKeyException"),
                Some(one) => {
                    said(json!({ "Plaintext": one.plain, "KeyId": arn, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }))
                }
                None => refused("InvalidCiphertextException"),
            }
        }
        _ => refused("UnknownOperationException"),
    }
}

struct Service {
    origin: Origin,
    kept: Arc<Mutex<Vec<Kept>>>,
    /// Whether it answers whatever it is asked with an error of its own.
    is_down: Arc<AtomicBool>,
}

impl Service {
    fn start() -> Service {
        let (kept, is_down) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (theirs, falls) = (Arc::clone(&kept), Arc::clone(&is_down));
        let origin = Origin::start(move |request| match falls.load(Ordering::SeqCst) {
            false => answered(&theirs, request),
            true => Answer::new(500, "application/x-amz-json-1.1", r#"{"__type":"KMSInternalException"}"#),
        });
        Service { origin, kept, is_down }
    }

    fn key(&self, name: &str) -> String {
        format!("{name}?region={REGION}&endpoint=http://{}", self.origin.address)
    }
}

fn variables(secret: &str) -> Variables {
    [("AWS_ACCESS_KEY_ID", ID), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_SESSION_TOKEN", TOKEN)]
        .map(|(name, value)| (name, value.to_owned()))
        .into()
}

fn keys(gateway: &Running, line: &[&str], variables: &Variables) -> Output {
    let output = super::keys(gateway, line, variables, SECRET);
    let said = said(&output);
    assert!(!said.contains("hanako") && !said.contains(TOKEN), "what KMS says is not told: {said}");
    output
}

#[test]
fn kms_wraps_and_unwraps_and_is_asked_for_no_request_of_staff() {
    let (service, crm, known) = (Service::start(), crm(), variables(SECRET));
    let mut gateway = super::gateway(&crm, &format!("aws_kms: '{}'", service.key("alias/sudare")), &known);
    let first = seen(&gateway);
    let calls = service.origin.asked().len();
    for _ in 0..3 {
        assert_eq!(seen(&gateway), first);
    }
    assert_eq!(service.origin.asked().len(), calls);
    let listed = said(&keys(&gateway, &["list"], &known));
    assert!(listed.contains("is wrapped under aws_kms:alias/sudare"), "{listed}");
    assert!(keys(&gateway, &["rotate"], &known).status.success());
    let next = until(|| Some(seen(&gateway)).filter(|answer| *answer != first));
    assert!(gateway.stop().success());
    gateway.restart();
    assert_eq!(seen(&gateway), next);
    assert!(!gateway.log().contains(SECRET) && !gateway.log().contains(TOKEN));
    let kept = service.kept.lock().expect("a list").clone();
    let ring = fs::read_to_string(gateway.state().join("keys")).expect("a ring");
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|one| !ring.contains(&one.plain)), "no key lies in the file");
    assert_ne!(kept[0].context, kept[1].context, "each version is bound to itself");
}

#[test]
fn kms_that_refuses_is_told_by_the_name_of_its_error_and_a_running_gateway_goes_on() {
    let (service, crm, known) = (Service::start(), crm(), variables(SECRET));
    let gateway = super::gateway(&crm, &format!("aws_kms: '{}'", service.key("alias/sudare")), &known);
    let told = |known: &Variables, line: &[&str], what: &str| {
        let output = keys(&gateway, line, known);
        assert_ne!(output.status.code(), Some(0), "{what}: {}", said(&output));
        assert!(said(&output).contains(what), "{what}: {}", said(&output));
        assert!(seen(&gateway).contains("tok_"), "{what}");
    };
    let rotate = ["rotate"];
    let refuses =
        "the key service does not wrap or unwrap with `aws_kms:alias/sudare` (HTTP 400, InvalidSignatureException)";
    told(&variables("another-secret"), &rotate, refuses);
    told(&Variables::new(), &rotate, "(no credentials: set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`");
    service.is_down.store(true, Ordering::SeqCst);
    told(&known, &rotate, "(HTTP 500, KMSInternalException)");
    service.is_down.store(false, Ordering::SeqCst);
    let nobody = format!("aws_kms:{}", service.key("alias/nobody"));
    told(&known, &["rotate", "--new-kek", &nobody], "`aws_kms:alias/nobody` (HTTP 400, NotFoundException)");
    // Bound to another version, or wrapped under another key of the same account.
    let first = service.kept.lock().expect("a list")[0].clone();
    service.kept.lock().expect("a list")[0].context = json!({ "sudare": "00" });
    told(&known, &rotate, "version 1 of the key ring");
    service.kept.lock().expect("a list")[0] = Kept { key: "alias/other".to_owned(), ..first.clone() };
    told(&known, &rotate, "version 1 of the key ring");
    service.kept.lock().expect("a list")[0] = first;
    assert!(keys(&gateway, &rotate, &known).status.success());
}

/// A server of moto that checks signatures and rights, and ends with the test.
struct Moto {
    child: Child,
    address: String,
    known: Variables,
}

/// What asks for a key, and for somebody who may wrap and unwrap with it and nothing else; after these five calls moto
/// knows only who is signed.
const PEOPLE: &str = r#"
import json, sys, boto3
def client(name):
    return boto3.client(name, endpoint_url=sys.argv[1], region_name=sys.argv[2], aws_access_key_id="a", aws_secret_access_key="b")
iam, kms = client("iam"), client("kms")
key = kms.create_key()["KeyMetadata"]["KeyId"]
kms.create_alias(AliasName="alias/sudare", TargetKeyId=key)
iam.create_user(UserName="sudare")
statement = {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
iam.put_user_policy(UserName="sudare", PolicyName="wraps", PolicyDocument=policy)
made = iam.create_access_key(UserName="sudare")["AccessKey"]
print(made["AccessKeyId"], made["SecretAccessKey"])
"#;

impl Moto {
    fn start() -> Option<Moto> {
        let real = std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1");
        let cache = || {
            let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
            std::env::var_os("XDG_CACHE_HOME").map_or(home, PathBuf::from).join("sudare/moto")
        };
        let root = std::env::var_os("SUDARE_MOTO").map_or_else(cache, PathBuf::from);
        if !root.join("bin/moto_server").exists() {
            assert!(!real, "no moto; run `bash tests/keys/install.sh`");
            println!("skipped: no {}", root.join("bin/moto_server").display());
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
        let child = Command::new(root.join("bin/moto_server"))
            .args(["-H", "127.0.0.1", "-p", &free.port().to_string()])
            .env("INITIAL_NO_AUTH_ACTION_COUNT", "5")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let mut moto = Moto { child, address: format!("http://{free}"), known: Variables::new() };
        until(|| TcpStream::connect(free).ok());
        let made = Command::new(root.join("bin/python")).args(["-c", PEOPLE, &moto.address, REGION]).output();
        let made = made.expect("python runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let text = String::from_utf8(made.stdout).expect("text");
        let (id, secret) = text.trim().split_once(' ').expect("a pair");
        moto.known = vec![("AWS_ACCESS_KEY_ID", id.to_owned()), ("AWS_SECRET_ACCESS_KEY", secret.to_owned())];
        Some(moto)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn moto_wraps_and_unwraps_for_whom_its_own_check_of_signatures_knows() {
    let Some(moto) = Moto::start() else { return };
    let crm = crm();
    let key = format!("alias/sudare?region={REGION}&endpoint={}", moto.address);
    let mut gateway = super::gateway(&crm, &format!("aws_kms: '{key}'"), &moto.known);
    let first = seen(&gateway);
    assert!(keys(&gateway, &["rotate"], &moto.known).status.success());
    let next = until(|| Some(seen(&gateway)).filter(|answer| *answer != first));
    assert!(gateway.stop().success());
    gateway.restart();
    assert_eq!(seen(&gateway), next);
    // Somebody else's signature.
    let mut wrong = moto.known.clone();
    wrong[1].1.push('x');
    let told = said(&keys(&gateway, &["rotate"], &wrong));
    assert!(told.contains("(HTTP 403") || told.contains("(HTTP 400"), "{told}");
    // A version's keys moved to another's place are bound to what they were.
    let ring = gateway.state().join("keys");
    let text = fs::read_to_string(&ring).expect("a ring");
    fs::write(&ring, swapped(&text)).expect("written");
    let told = said(&keys(&gateway, &["rotate"], &moto.known));
    assert!(told.contains("of the key ring") && told.contains("does not unwrap"), "{told}");
}

/// The ring with what two versions hold in each other's place, and whole.
fn swapped(ring: &str) -> String {
    let mut lines: Vec<&str> = ring.lines().filter(|line| !line.starts_with("checksum ")).collect();
    let held: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].starts_with("key ")).collect();
    let of = |at: usize| lines[held[at]].rsplit_once(' ').expect("words");
    let ((one, ones), (two, twos)) = (of(0), of(1));
    let (one, two) = (format!("{one} {twos}"), format!("{two} {ones}"));
    (lines[held[0]], lines[held[1]]) = (&one, &two);
    let text = format!("{}\n", lines.join("\n"));
    let checksum = digest::digest(&digest::SHA256, text.as_bytes());
    format!("{text}checksum {}\n", HEXLOWER.encode(checksum.as_ref()))
}
