//! A CRM whose columns take nothing but the shape of a value: its tokens look like values, and the vault alone knows
//! for which they stand.

use std::fs;
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::client::Answer;
use super::origin::Origin;
use super::running::Running;

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] }, manager: { groups: [crm-managers] } }
fields: { customer: { phone: [tel, 電話番号], email: [mail], notes: [memo] } }
resources:
  - { id: customer, match: "GET|PUT /api/customers/{id}", subject: { type: customer, at: path.id }, restore: true, fields: customer }
  - { id: page, match: "GET /customers/{id}", subject: path.id, fields: { phone: [電話番号] } }
  - { id: list, match: GET /api/customers, records: "$.items[*]", subject: $.id, fields: customer, query: { tel: phone } }
rules:
  - { for: support, mask: { phone: last4, email: domain }, search: exact }
  - { for: manager, show: all }
store: { tokenize: { phone: format, email: opaque }, max: { phone: 13 } }
"#;

fn keeping(first: &str) -> (Origin, Arc<Mutex<String>>) {
    let kept = Arc::new(Mutex::new(first.to_owned()));
    let inside = Arc::clone(&kept);
    let crm = Origin::start(move |request| {
        let mut kept = inside.lock().expect("no panic there");
        let body = request.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match request.path() {
            "/api/customers" => Answer::new(200, "application/json", &format!("{{\"items\":[{kept}]}}")),
            "/customers/42" => {
                let row: Value = serde_json::from_str(&kept).expect("JSON");
                let tel = row["tel"].as_str().unwrap_or_default();
                let page = format!("<table><tr><th>電話番号</th><td>{tel}</td></tr></table>");
                Answer::new(200, "text/html; charset=utf-8", &page)
            }
            _ => {
                if request.0.starts_with("PUT ") {
                    body.clone_into(&mut kept);
                }
                Answer::new(200, "application/json", &kept)
            }
        }
    });
    (crm, kept)
}

const RECORD: &str = r#"{"id":42,"tel":"090-1234-5678","mail":"taro@example.jp","memo":"met"}"#;

fn tel(kept: &Mutex<String>) -> String {
    let row: Value = serde_json::from_str(&kept.lock().expect("no panic there")).expect("JSON");
    row["tel"].as_str().expect("a text").to_owned()
}

fn is_shaped(tel: &str) -> bool {
    tel.len() == 13 && tel.starts_with('0') && tel.as_bytes()[3] == b'-' && tel != "090-1234-5678"
}

#[test]
fn what_looks_like_a_value_becomes_the_one_that_was_typed() {
    let (crm, kept) = keeping("{}");
    let mut gateway = Running::start(&crm, RULES);
    let saved = gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    assert_eq!((saved.status, saved.text().as_str()), (200, RECORD));
    let token = tel(&kept);
    assert!(is_shaped(&token), "{token}");
    let seen = |gateway: &Running, path: &str, group: &str| gateway.get(path, "tanaka", group).text();
    assert_eq!(seen(&gateway, "/api/customers/42", "crm-managers"), RECORD);
    let masked = seen(&gateway, "/api/customers/42", "crm-support");
    assert!(masked.contains("***-****-5678") && !masked.contains("090-1234"), "{masked}");
    assert!(seen(&gateway, "/customers/42", "crm-managers").contains("<td>090-1234-5678</td>"));
    // What staff saves veiled goes home as the same token.
    let saved = gateway.put("/api/customers/42", "tanaka", "crm-support", &masked);
    assert_eq!((saved.status, tel(&kept)), (200, token.clone()), "{}", saved.text());
    let found = gateway.get("/api/customers?tel=090-1234-5678", "sato", "crm-managers");
    assert_eq!(found.status, 200, "{}", found.text());
    assert!(crm.asked().pop().expect("a request").starts_with(&format!("GET /api/customers?tel={token} ")));
    assert!(found.text().contains("090-1234-5678"));
    // It was durable before the CRM had it.
    gateway.kill();
    gateway.restart();
    assert_eq!(seen(&gateway, "/api/customers/42", "crm-managers"), RECORD);
}

#[test]
fn what_has_no_token_is_not_saved_and_what_was_there_is_seen() {
    let (crm, kept) = keeping(RECORD);
    let gateway = Running::start(&crm, RULES);
    assert_eq!(gateway.get("/api/customers/42", "sato", "crm-managers").text(), RECORD);
    for odd in ["1234", "+81-90-1234-5678", "none"] {
        let refused = gateway.put("/api/customers/42", "sato", "crm-managers", &json!({ "tel": odd }).to_string());
        assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (403, Some("rule")), "{odd}");
    }
    assert_eq!(tel(&kept), "090-1234-5678");
    let number = gateway.put("/api/customers/42", "sato", "crm-managers", r#"{"id":42,"tel":9012345678}"#);
    assert_eq!(number.status, 200, "a number stays one");
    let row: Value = serde_json::from_str(&kept.lock().expect("no panic there")).expect("JSON");
    assert!(row["tel"].is_u64() && row["tel"] != json!(9_012_345_678_u64), "{row}");
    let seen = gateway.get("/api/customers/42", "sato", "crm-managers").text();
    assert_eq!(seen, r#"{"id":42,"tel":9012345678}"#);
}

/// Each gateway's vault knows what that gateway wrote: the other sees what the CRM holds, and is told so by `check`.
#[test]
fn two_gateways_do_not_know_each_other_s_tokens_and_lose_nothing() {
    let (crm, kept) = keeping("{}");
    let one = Running::start(&crm, RULES);
    let mut two = Running::start(&crm, RULES);
    assert!(two.stop().success());
    for name in ["keys", "keys.kek"] {
        fs::copy(one.state().join(name), two.state().join(name)).expect("copied");
    }
    // Its own vault was made with another ring, and nothing is in it yet.
    fs::remove_file(two.state().join("vault.redb")).expect("gone");
    two.restart();
    let saved = one.put("/api/customers/42", "sato", "crm-managers", RECORD);
    assert_eq!(saved.status, 200, "{}", saved.text());
    let token = tel(&kept);
    let seen = |gateway: &Running| gateway.get("/api/customers/42", "sato", "crm-managers").text();
    assert!(seen(&two).contains(&token) && !seen(&two).contains("090-1234-5678"), "no value is made up");
    // What is opaque opens at both.
    assert!(seen(&two).contains("taro@example.jp"));
    // The token is saved over itself as if it were a value: it stands behind another now, and is there at the end.
    let again = two.put("/api/customers/42", "sato", "crm-managers", &RECORD.replace("090-1234-5678", &token));
    assert_eq!(again.status, 200, "{}", again.text());
    assert_ne!(tel(&kept), token);
    let back = seen(&two);
    assert!(back.contains(&token), "{back}");
    *kept.lock().expect("no panic there") = RECORD.replace("090-1234-5678", &token);
    assert_eq!(seen(&one), RECORD);
}

/// The danger of tokens that look like values, and who tells of it.
#[test]
fn an_old_value_that_looks_like_a_token_is_told_of_before_it_comes_to_that() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    let folder = gateway.state().parent().expect("a folder").to_owned();
    let check = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
        let output = command.args(["check", "-c"]).arg(folder.join("gateway.yaml")).output().expect("sudare runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let danger = "warning[store]: what the crm held of `phone` before can look like a token of another value";
    assert!(check().contains(danger), "{}", check());
    assert_eq!(gateway.put("/api/customers/42", "sato", "crm-managers", RECORD).status, 200);
    let token = tel(&kept);
    *kept.lock().expect("no panic there") = RECORD.replace("090-1234-5678", &token).replace(r#""id":42"#, r#""id":43"#);
    let another = gateway.get("/api/customers/43", "sato", "crm-managers").text();
    assert!(another.contains("090-1234-5678"), "this is the danger: {another}");
    fs::write(gateway.state().join("migrate-customer.jsonl"), "").expect("written");
    assert!(!check().contains(danger), "{}", check());
}

#[test]
fn rows_are_converted_while_the_vault_is_free() {
    let (crm, kept) = keeping(RECORD);
    let mut gateway = Running::start(&crm, RULES);
    let folder = gateway.state().parent().expect("a folder").to_owned();
    fs::write(folder.join("ids"), "42\n").expect("written");
    let migrate = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sudare"));
        command.args(["migrate", "--resource", "customer", "--format", "json", "-c"]).arg(folder.join("gateway.yaml"));
        let output = command.arg("--ids").arg(folder.join("ids")).args(words).output().expect("sudare runs");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (status, _, told) = migrate(&[]);
    assert!(status == Some(2) && told.contains("is open in another process"), "{told}");
    assert!(gateway.stop().success());
    let (status, report, told) = migrate(&["--dry-run"]);
    assert_eq!((status, &report["converted"], tel(&kept).as_str()), (Some(0), &json!(1), "090-1234-5678"), "{told}");
    let (status, report, told) = migrate(&[]);
    assert_eq!((status, &report["kinds"]["phone"]["converted"]), (Some(0), &json!(1)), "{told}{report}");
    assert!(is_shaped(&tel(&kept)), "{}", tel(&kept));
    let (status, report, _) = migrate(&["--dry-run"]);
    assert_eq!((status, &report["already"]), (Some(0), &json!(1)), "{report}");
    gateway.restart();
    assert_eq!(gateway.get("/api/customers/42", "sato", "crm-managers").text(), RECORD);
}
