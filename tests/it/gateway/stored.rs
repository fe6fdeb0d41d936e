//! A CRM that holds tokens, behind a running gateway: what it keeps, what staff sees of it, what it can be asked.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::Running;

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] }, manager: { groups: [crm-managers] } }
fields:
  customer: { person.name: [name, 氏名], phone: [tel, 電話番号], email: [mail], notes: [memo] }
resources:
  - { id: customer, match: "GET|PUT|POST /api/customers/{id}", subject: path.id, restore: true, fields: customer }
  - { id: page, match: "GET|POST /customers/{id}", subject: path.id, fields: [customer] , restore: true }
  - { id: list, match: GET /api/customers, records: "$.items[*]", subject: $.id, fields: customer, query: { tel: phone, sort: { tel: phone } } }
  - { id: search, match: POST /api/search, event: search, records: "$.items[*]", subject: $.id, fields: customer }
rules:
  - { for: support, show: [person.name], mask: { phone: last4, email: domain }, search: exact }
  - { for: manager, show: all }
store: { tokenize: { person.name: opaque, phone: opaque, email: opaque } }
"#;

const CLEAR: [&str; 4] = ["山田", "090-1234", "5678", "taro@"];

/// A CRM that keeps what is put there.
fn keeping(first: &str) -> (Origin, Arc<Mutex<String>>) {
    let kept = Arc::new(Mutex::new(first.to_owned()));
    let inside = Arc::clone(&kept);
    let crm = Origin::start(move |request| {
        let mut kept = inside.lock().expect("no panic there");
        let body = request.0.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        match request.path() {
            "/api/customers/42" => {
                if request.0.starts_with("PUT ") {
                    body.clone_into(&mut kept);
                }
                Answer::new(200, "application/json", &kept)
            }
            "/customers/42" if request.0.starts_with("POST ") => {
                let found = body.split('&').find_map(|part| part.strip_prefix("tel=")).unwrap_or_default();
                *kept = json!({ "id": 42, "tel": found }).to_string();
                Answer::new(200, "text/html; charset=utf-8", &page(&kept))
            }
            "/customers/42" => Answer::new(200, "text/html; charset=utf-8", &page(&kept)),
            "/api/customers" | "/api/search" => {
                Answer::new(200, "application/json", &format!("{{\"items\":[{kept}]}}"))
            }
            _ => Answer::new(404, "application/json", "{}"),
        }
    });
    (crm, kept)
}

fn page(kept: &str) -> String {
    let record: Value = serde_json::from_str(kept).expect("JSON");
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    format!(
        "<html><head><title>{0} - CRM</title></head><body><form method=\"post\" action=\"/customers/42\">\
         <label>氏名 <input name=\"name\" value=\"{0}\"></label><label>電話番号 <input name=\"tel\" value=\"{1}\"></label>\
         <input name=\"mail\" value=\"{2}\"><textarea name=\"memo\">{3}</textarea></form>\
         <a href=\"/call?to={1}\" title=\"{1}\">call</a></body></html>",
        text("name"),
        text("tel"),
        text("mail"),
        text("memo"),
    )
}

const RECORD: &str =
    r#"{"id":42,"name":"山田 太郎","tel":"090-1234-5678","mail":"taro@example.jp","memo":"met","plan":"gold"}"#;

fn held(kept: &Mutex<String>) -> Value {
    serde_json::from_str(&kept.lock().expect("no panic there")).expect("JSON")
}

fn is_clear(text: &str) -> bool {
    CLEAR.iter().any(|clear| text.contains(clear))
}

#[test]
fn the_crm_holds_no_value_and_each_role_sees_what_its_rules_say() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    let saved = gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    assert_eq!((saved.status, saved.text().as_str()), (200, RECORD), "the answer is what was sent");
    let now = held(&kept);
    assert!(!is_clear(&now.to_string()), "{now}");
    for (name, kind) in [("name", "person.name"), ("tel", "phone"), ("mail", "email")] {
        assert!(now[name].as_str().is_some_and(|token| token.starts_with(&format!("tok_{kind}_"))), "{name}");
    }
    assert_eq!((&now["id"], &now["plan"], &now["memo"]), (&json!(42), &json!("gold"), &json!("met")));

    assert_eq!(gateway.get("/api/customers/42", "sato", "crm-managers").text(), RECORD);
    let seen = gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    let expected =
        RECORD.replace("090-1234", "***-****").replace("taro@", "****@").replace(r#""memo":"met""#, r#""memo":"****""#);
    assert_eq!(seen, expected);

    // What support saves as it was seen is what it was, and so is what they store.
    let saved = gateway.put("/api/customers/42", "tanaka", "crm-support", &seen.replace("gold", "silver"));
    assert_eq!(saved.status, 200, "{}", saved.text());
    let mut as_before = now.clone();
    as_before["plan"] = json!("silver");
    assert_eq!(held(&kept), as_before);
    for text in [gateway.ledger_text(), gateway.log()] {
        assert!(!is_clear(&text) && !text.contains("tok_"), "{text}");
    }
}

#[test]
fn a_page_and_its_form_know_nothing_of_tokens() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    let seen = gateway.get("/customers/42", "sato", "crm-managers").text();
    assert!(seen.contains("<title>山田 太郎 - CRM</title>") && seen.contains("value=\"090-1234-5678\""), "{seen}");
    assert!(!seen.contains("tok_"), "{seen}");
    let seen = gateway.get("/customers/42", "tanaka", "crm-support").text();
    assert!(seen.contains("value=\"***-****-5678\"") && !seen.contains("090-1234") && !seen.contains("tok_"), "{seen}");

    let before = held(&kept)["tel"].clone();
    let send = |user: &str, groups: &str, body: &str| {
        let headers = [
            ("X-Remote-User", user),
            ("X-Remote-Groups", groups),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        request(gateway.staff, "POST", "/customers/42", &headers, body).expect("an answer")
    };
    let saved = send("sato", "crm-managers", "tel=090-1234-5678&name=%E5%B1%B1%E7%94%B0");
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(held(&kept)["tel"], before, "one value has one token, in whatever form it came");
    let (asked, last) = (crm.asked(), crm.asked().pop().expect("a request"));
    assert!(!last.contains("%E5%B1%B1") && last.contains("name=tok_person.name_"), "{last} of {}", asked.len());
}

#[test]
fn a_whole_value_is_looked_for_by_its_token_and_a_part_by_nobody() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    let token = held(&kept)["tel"].as_str().expect("a token").to_owned();
    for (user, groups) in [("sato", "crm-managers"), ("tanaka", "crm-support")] {
        let found = gateway.get("/api/customers?tel=090-1234-5678&page=2", user, groups);
        assert_eq!(found.status, 200, "{}", found.text());
        let last = crm.asked().pop().expect("a request");
        assert!(last.starts_with(&format!("GET /api/customers?tel={token}&page=2 ")), "{last}");
        let headers = [("X-Remote-User", user), ("X-Remote-Groups", groups), ("Content-Type", "application/json")];
        let body = r#"{"filter":{"tel":"090-1234-5678"},"limit":5}"#;
        let found = request(gateway.staff, "POST", "/api/search", &headers, body).expect("an answer");
        assert_eq!(found.status, 200, "{}", found.text());
        let last = crm.asked().pop().expect("a request");
        assert!(last.ends_with(&format!(r#"{{"filter":{{"tel":"{token}"}},"limit":5}}"#)), "{last}");
    }
    let before = crm.asked().len();
    for path in ["/api/customers?tel=0901", "/api/customers?tel_gt=090-1234-5678", "/api/customers?tel__startswith=090"]
    {
        let refused = gateway.get(path, "sato", "crm-managers");
        assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (403, Some("query")), "{path}");
    }
    assert_eq!(crm.asked().len(), before);
}

#[test]
fn a_token_that_does_not_open_is_shown_to_nobody() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    let mut record = held(&kept);
    let token = record["tel"].as_str().expect("a token").to_owned();
    let (front, rest) = token.split_at(token.len() / 2);
    let forged = format!("{front}{}{}", if rest.starts_with('a') { "b" } else { "a" }, &rest[1..]);
    record["tel"] = json!(forged);
    *kept.lock().expect("no panic there") = record.to_string();
    let seen = gateway.get("/api/customers/42", "sato", "crm-managers");
    let shown: Value = serde_json::from_slice(&seen.body).expect("JSON");
    assert_eq!((&shown["tel"], &shown["mail"]), (&json!("****"), &json!("taro@example.jp")));
    let records = gateway.records(&seen.header("sudare-request").expect("an id"));
    assert!(records.iter().any(|own| own["outcome"] == "alert" && own["reason"] == "store"), "{records:?}");
    let metrics = gateway.metrics_page();
    assert!(metrics.contains("sudare_vault_operations_total{operation=\"turn-back\",result=\"error\"} 1"), "{metrics}");
    // And it is not written over with what stood there.
    let saved = gateway.put("/api/customers/42", "sato", "crm-managers", &seen.text());
    assert_eq!((saved.status, saved.header("sudare-refusal").as_deref()), (409, Some("veil")), "{}", saved.text());
    assert_eq!(held(&kept)["tel"], json!(forged));
}

#[test]
fn a_token_that_stands_elsewhere_is_of_its_own_kind_there() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    let token = |name: &str| held(&kept)[name].as_str().expect("a token").to_owned();
    let (tel, mail, name) = (token("tel"), token("mail"), token("name"));
    // Whoever can write into the CRM copies tokens to where staff sees more.
    let copied = json!({ "id": 42, "name": mail, "plan": tel, "memo": format!("ask {name} at {tel}, or not") });
    *kept.lock().expect("no panic there") = copied.to_string();
    let seen = gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    assert!(!seen.contains("taro@") && !seen.contains("090-1234") && !seen.contains("tok_"), "{seen}");
    let seen: Value =
        serde_json::from_slice(&gateway.get("/api/customers/42", "sato", "crm-managers").body).expect("JSON");
    assert_eq!(seen["memo"], json!("ask 山田 太郎 at 090-1234-5678, or not"));
    assert_eq!((&seen["plan"], &seen["name"]), (&json!("090-1234-5678"), &json!("taro@example.jp")));
}

#[test]
fn tokens_of_the_store_are_nothing_that_staff_may_send() {
    let (crm, kept) = keeping("{}");
    let gateway = Running::start(&crm, RULES);
    gateway.put("/api/customers/42", "sato", "crm-managers", RECORD);
    let before = held(&kept);
    let token = before["tel"].as_str().expect("a token");
    for body in [json!({ "tel": token }), json!({ "plan": token }), json!({ "memo": format!("x {token}") })] {
        let refused = gateway.put("/api/customers/42", "sato", "crm-managers", &body.to_string());
        assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (409, Some("veil")), "{body}");
    }
    let refused = gateway.put("/api/customers/42", "sato", "crm-managers", r#"{"id":42,"tel":9012345678}"#);
    assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (403, Some("rule")));
    assert_eq!(held(&kept), before);
}

#[test]
fn what_was_there_before_is_seen_as_it_is() {
    let (crm, kept) = keeping(RECORD);
    let gateway = Running::start(&crm, RULES);
    assert_eq!(gateway.get("/api/customers/42", "sato", "crm-managers").text(), RECORD);
    let seen = gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    assert!(seen.contains("***-****-5678") && !seen.contains("090-1234"), "{seen}");
    // A veil of a value that is still in clear goes home as its token.
    let saved = gateway.put("/api/customers/42", "tanaka", "crm-support", &seen);
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert!(!is_clear(&held(&kept).to_string()), "{}", held(&kept));
}
