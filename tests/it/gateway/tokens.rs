//! Random and `format` tokens through a gateway: what staff holds can be opened, whatever befell the
//! gateway, and nothing of a value stands in the vault's file.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use sudare::terms::mint::Domain;
use sudare::vault::embedded::Embedded;
use sudare::vault::keep::Vault;
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::{Place, Ring};

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::{Running, Setup, until};

const RULES: &str = r#"
sudare: 1
roles: { analyst: { groups: [bi] } }
resources:
  - id: customer
    match: "GET|PUT /api/customers/{id}"
    subject: path.id
    fields: { person.name: [name], phone: [tel], email: [mail], card_number: [card] }
rules:
  - { id: a, for: analyst, tokenize: { person.name: random, phone: format, email: random, card_number: format } }
"#;

/// A customer of any number.
fn crm() -> Origin {
    Origin::start(|request| {
        let id = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        let tel = id.parse().map_or(0, |id: u32| id + 10_000_000);
        let body = format!(
            r#"{{"id":{id},"name":"山田 {id}郎","tel":"090-{}-{}","mail":"m{id}@example.jp","card":4111111111111111}}"#,
            tel / 10_000,
            tel % 10_000 + 10_000
        );
        Answer::new(200, "application/json", &body)
    })
}

fn customer(gateway: &Running, id: u32) -> serde_json::Value {
    let answer = gateway.get(&format!("/api/customers/{id}"), "sato", "bi");
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn opener(state: &Path) -> KeyMint {
    let ring = Arc::new(Ring::open(&state.join("keys")).expect("the ring"));
    let vault = Vault::open(&state.join("vault.redb"), Arc::clone(&ring), 1_000).expect("the vault");
    KeyMint::keeping(ring, Arc::new(vault))
}

#[test]
fn tokens_of_one_value_are_one_and_the_vault_tells_nothing() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let first = customer(&gateway, 42);
    assert_eq!(first, customer(&gateway, 42));
    assert_ne!(first["name"], customer(&gateway, 43)["name"]);
    let tel = first["tel"].as_str().expect("text");
    assert!(tel.starts_with('0') && tel.len() == 14 && tel != "090-1000-10042", "{tel}");
    let card = first["card"].as_u64().expect("a number still");
    assert!(card.to_string().len() == 16 && card != 4_111_111_111_111_111, "{card}");
    assert!(gateway.stop().success());
    let path = gateway.state().join("vault.redb");
    assert_eq!(std::fs::metadata(&path).expect("the vault").permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&path).expect("the vault");
    for secret in ["山田", "42郎", "m42@", "example"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    gateway.restart();
    assert_eq!(first, customer(&gateway, 42), "a restart changes no token");
}

#[test]
fn killed_at_any_moment_it_has_kept_every_token_that_staff_got() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let mut held: HashMap<String, String> = HashMap::new();
    for round in 0..8u32 {
        let staff = gateway.staff;
        // Others ask while the one that is counted is killed.
        let asking: Vec<_> = (0..4)
            .map(|worker| {
                std::thread::spawn(move || {
                    let ids = (0..).map(|at| 1000 * (round + 1) + 200 * worker + at);
                    let headers = [("X-Remote-User", "sato"), ("X-Remote-Groups", "bi")];
                    let mut got = Vec::new();
                    for id in ids {
                        let Some(answer) = request(staff, "GET", &format!("/api/customers/{id}"), &headers, "") else {
                            return got;
                        };
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        let record: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
                        got.push((record["name"].as_str().expect("text").to_owned(), format!("山田 {id}郎")));
                        got.push((record["mail"].as_str().expect("text").to_owned(), format!("m{id}@example.jp")));
                    }
                    got
                })
            })
            .collect();
        for id in 0..5 {
            customer(&gateway, 100 * (round + 1) + id);
        }
        gateway.kill();
        held.extend(asking.into_iter().flat_map(|asking| asking.join().expect("no panic")));
        let opener = opener(&gateway.state());
        for (token, value) in &held {
            let opened = opener.open(token).unwrap_or_else(|_| panic!("{token} stands for nothing"));
            assert_eq!(opened.value.0, *value);
            assert!(matches!(opened.domain, Domain::Subject { .. }));
        }
        drop(opener);
        gateway.restart();
    }
    assert!(held.len() > 20, "only {} tokens were held", held.len());
}

#[test]
fn a_vault_that_takes_no_more_refuses_and_says_so() {
    let crm = crm();
    let gateway =
        Running::set_up(crm.address, Setup { rules: RULES, config: "bounds: { tokens: 2 }", ..Setup::default() });
    let first = customer(&gateway, 1);
    let answer = gateway.get("/api/customers/2", "sato", "bi");
    assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (503, Some("keys")));
    assert!(!answer.text().contains("m2@"));
    assert_eq!(first, customer(&gateway, 1), "what it keeps it still gives");
    let page = gateway.metrics_page();
    assert!(page.contains(r#"sudare_vault_operations_total{operation="keep",result="ok"} 1"#), "{page}");
    assert!(page.contains(r#"sudare_vault_operations_total{operation="tokenize",result="error"} 1"#), "{page}");
}

/// What a gateway of that time would have left.
fn mint_at(state: &Path, time: i64) {
    let ring = Arc::new(Ring::open(&state.join("keys")).expect("the ring"));
    let file = Embedded::open(&state.join("vault.redb"), &ring).expect("the vault");
    let vault = Vault::over(Box::new(file), ring, 1_000, Box::new(move || time)).expect("the vault");
    vault.token("email", &Domain::Shared("a".to_owned()), "a@example.jp", Some(60)).expect("a token");
    vault.flush().expect("written");
}

#[test]
fn a_clock_that_jumps_is_a_line_in_the_log() {
    const DAY: i64 = 24 * 3600;
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let now = jiff::Timestamp::now().as_second();
    for (time, line) in [(now - 30 * DAY, "the clock is far ahead"), (now + 30 * DAY, "the clock is behind")] {
        assert!(!gateway.log().contains(line));
        assert!(gateway.stop().success());
        mint_at(&gateway.state(), time);
        gateway.restart();
        until(|| gateway.log().contains(line).then_some(()));
        customer(&gateway, 42);
    }
    until(|| gateway.metrics_page().contains(r#"operation="expire",result="ok"}"#).then_some(()));
}

#[test]
fn a_field_of_format_tokens_takes_nothing_back() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let tel = customer(&gateway, 42)["tel"].as_str().expect("text").to_owned();
    for tel in [tel.as_str(), "090-0000-0000"] {
        let answer = gateway.put("/api/customers/42", "sato", "bi", &format!(r#"{{"tel":"{tel}"}}"#));
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (409, Some("veil")));
    }
    assert!(crm.asked().iter().all(|request| !request.starts_with("PUT")));
}

#[test]
fn a_vault_of_another_ring_or_damaged_or_open_to_others_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let ring = |name: &str| Arc::new(Place::beside(&folder.path().join(name)).create(0).expect("a ring"));
    let (own, other) = (ring("own"), ring("other"));
    let path = folder.path().join("vault.redb");
    let told = |ring: &Arc<Ring>| Vault::open(&path, Arc::clone(ring), 10).err().map(|error| error.to_string());
    let open = Vault::open(&path, Arc::clone(&own), 10).expect("a vault");
    assert!(told(&own).expect("refused").contains("is open in another process"));
    drop(open);
    assert!(told(&other).expect("refused").contains("was written with another key ring"));
    assert_eq!(told(&own), None);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
    assert!(told(&own).expect("refused").ends_with(&format!("run `chmod 600 {}`", path.display())));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    let whole = std::fs::read(&path).expect("the vault");
    for length in [0, 1, 100, whole.len() / 2] {
        std::fs::write(&path, &whole[..length]).expect("cut");
        assert!(told(&own).is_some(), "{length} bytes of {}", whole.len());
    }
}
