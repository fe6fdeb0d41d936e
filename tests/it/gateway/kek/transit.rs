//! The key ring under a key of a transit engine (OpenBao, HashiCorp Vault).
//!
//! The service is a stand-in of a few lines that speaks the engine's two calls as its documentation has them: no test
//! runs against the real one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{crm, said, seen};
use crate::gateway::client::Answer;
use crate::gateway::origin::{Origin, Request};
use crate::gateway::running::{Running, until};

const TOKEN: &str = "hvs.never-printed-anywhere";
/// What was encrypted, with what it is bound to; the ciphertext is its place here.
type Kept = Mutex<Vec<(String, String)>>;

fn answered(kept: &Kept, request: &Request) -> Answer {
    let said = |status: u16, body: &Value| Answer::new(status, "application/json", &body.to_string());
    if request.header("x-vault-token") != Some(TOKEN) {
        return said(403, &json!({ "errors": ["permission denied"] }));
    }
    let body = request.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let asked: Value = serde_json::from_str(body).expect("JSON");
    let member = |name: &str| asked[name].as_str().expect("text").to_owned();
    assert!(BASE64.decode(member("associated_data").as_bytes()).is_ok());
    let mut kept = kept.lock().expect("a list");
    match request.path() {
        "/v1/transit/encrypt/sudare" => {
            kept.push((member("plaintext"), member("associated_data")));
            said(200, &json!({ "data": { "ciphertext": format!("vault:v1:{}", kept.len() - 1), "key_version": 1 } }))
        }
        "/v1/transit/decrypt/sudare" => {
            let place = member("ciphertext").strip_prefix("vault:v1:").and_then(|place| place.parse::<usize>().ok());
            match place.and_then(|place| kept.get(place)) {
                Some((plain, bound)) if *bound == member("associated_data") => {
                    said(200, &json!({ "data": { "plaintext": plain } }))
                }
                _ => said(400, &json!({ "errors": ["cipher: message authentication failed"] })),
            }
        }
        _ => said(404, &json!({ "errors": [] })),
    }
}

struct Service {
    origin: Origin,
    folder: TempDir,
    kept: Arc<Kept>,
    /// What it answers whatever it is asked; 0 where it works.
    down: Arc<AtomicU16>,
}

impl Service {
    fn start() -> Service {
        let (kept, down) = (Arc::new(Kept::default()), Arc::new(AtomicU16::new(0)));
        let (theirs, falls) = (Arc::clone(&kept), Arc::clone(&down));
        let origin = Origin::start(move |request| match falls.load(Ordering::SeqCst) {
            0 => answered(&theirs, request),
            status => Answer::new(status, "application/json", r#"{"errors":["a name in clear"]}"#),
        });
        let service = Service { origin, folder: tempfile::tempdir().expect("a folder"), kept, down };
        service.say_token(TOKEN);
        service
    }

    fn say_token(&self, token: &str) {
        let file = self.folder.path().join("token");
        fs::write(&file, format!("{token}\n")).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
    }

    fn address(&self) -> String {
        let token = self.folder.path().join("token");
        format!("http://{}/v1/transit/keys/sudare?token-source=file:{}", self.origin.address, token.display())
    }

    fn gateway(&self, crm: &Origin) -> Running {
        super::gateway(crm, &format!("vault: '{}'", self.address()), &[])
    }
}

fn keys(gateway: &Running, line: &[&str]) -> Output {
    let output = super::keys(gateway, line, &[], TOKEN);
    assert!(!said(&output).contains("in clear"), "what the service says is not told: {}", said(&output));
    output
}

#[test]
fn the_service_wraps_and_unwraps_and_is_asked_for_no_request_of_staff() {
    let (service, crm) = (Service::start(), crm());
    let mut gateway = service.gateway(&crm);
    let first = seen(&gateway);
    let calls = service.origin.asked().len();
    for _ in 0..3 {
        assert_eq!(seen(&gateway), first);
    }
    assert_eq!(service.origin.asked().len(), calls);
    let listed = said(&keys(&gateway, &["list"]));
    assert!(listed.contains("is wrapped under vault:transit/keys/sudare"), "{listed}");
    assert!(keys(&gateway, &["rotate"]).status.success());
    let next = until(|| Some(seen(&gateway)).filter(|answer| *answer != first));
    assert!(gateway.stop().success());
    gateway.restart();
    assert_eq!(seen(&gateway), next);
    assert!(!gateway.log().contains(TOKEN));
    let plain: Vec<_> = service.kept.lock().expect("a list").iter().map(|(plain, _)| plain.clone()).collect();
    let ring = fs::read_to_string(gateway.state().join("keys")).expect("a ring");
    assert_eq!(plain.len(), 2);
    assert!(plain.iter().all(|plain| !ring.contains(plain)), "no key lies in the file");
}

#[test]
fn a_service_that_refuses_is_told_and_a_running_gateway_goes_on() {
    let (service, crm) = (Service::start(), crm());
    let gateway = service.gateway(&crm);
    let told = |what: &str| {
        let output = keys(&gateway, &["rotate"]);
        assert_ne!(output.status.code(), Some(0), "{what}: {}", said(&output));
        assert!(said(&output).contains(what), "{what}: {}", said(&output));
        assert!(seen(&gateway).contains("tok_"), "{what}");
    };
    service.say_token("hvs.another");
    told("the key service does not wrap or unwrap with `vault:transit/keys/sudare` (HTTP 403)");
    service.say_token(TOKEN);
    service.down.store(503, Ordering::SeqCst);
    told("(HTTP 503)");
    service.down.store(307, Ordering::SeqCst);
    told("(HTTP 307)");
    service.down.store(0, Ordering::SeqCst);
    let first = std::mem::take(&mut service.kept.lock().expect("a list")[0].1);
    told("version 1 of the key ring");
    service.kept.lock().expect("a list")[0].1 = first;
    fs::remove_file(service.folder.path().join("token")).expect("gone");
    told("the token for the key service cannot be read from `file:");
}
