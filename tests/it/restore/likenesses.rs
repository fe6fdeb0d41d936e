//! Tokens that look like values: whatever stands in a record and wherever staff puts what they see of it, the CRM
//! gets what it had or what staff typed, and never a token that it showed in the place of a value.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use sudare::policy::Policy;
use sudare::serve::exchange::dry::AnsweredTo;

use super::seals::seals;
use super::{got, restored};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { formats: a, accounts: b }
kinds: { account: { category: identity, labels: [account no] } }
fields:
  customer: { person.name: name, phone: [tel, no], email: mail, notes: memo, account: acct }
resources:
  - { id: customer, match: "GET|PUT|PATCH /c/{id}", subject: path.id, fields: customer, restore: true }
  - { id: page, match: "GET /p/{id}", subject: path.id, fields: [{ at: tel, is: phone, optional: true }, { at: acct, is: account, optional: true }] }
  - { id: save, match: "POST /save", subject: none, fields: customer, restore: true }
  - { id: reads, match: "POST /read", event: view, subject: $.id, remember: $.id, fields: customer }
  - { id: writes, match: "POST /write", subject: "$.of", restore: { remembered: "$.values" }, fields: customer }
rules:
  - { id: formats-1, for: formats, show: [person.name, notes, account], tokenize: { phone: format, email: opaque } }
  - { id: accounts-1, for: accounts, show: [person.name, notes, phone, email], tokenize: { account: format } }
"#;

const ROLES: [&str; 2] = ["formats", "accounts"];

fn rules() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

/// A record whose number stands in other texts of it too, and at places that no field names.
fn record() -> impl Strategy<Value = Map<String, Value>> {
    let text = || select(vec!["x", "TEL", "call TEL today", "no. ACCT", "ACCT", "TEL / ACCT", "call 03-3333-4444"]);
    ("0[789]0-[1-9][0-9]{3}-[0-9]{4}", "[A-Z]{2}[0-9]{7}", text(), text(), text()).prop_map(
        |(tel, acct, name, memo, other)| {
            let said = |text: &str| text.replace("TEL", &tel).replace("ACCT", &acct);
            let record = json!({
                "id": 42, "name": said(name), "tel": tel, "acct": acct, "mail": "taro@example.jp",
                "memo": said(memo), "other": said(other), "deep": { "note": said(memo), "tags": [said(other)] },
            });
            record.as_object().cloned().expect("an object")
        },
    )
}

fn json_of(value: &Value) -> Response<Bytes> {
    let answer = Response::builder().header("content-type", "application/json");
    answer.body(Bytes::from(value.to_string())).expect("an answer")
}

/// What staff sees of a record.
fn seen(role: &str, record: &Map<String, Value>) -> Map<String, Value> {
    let request = Request::get("/c/42").body(Bytes::new()).expect("a request");
    let got = got(rules(), role, request, json_of(&Value::Object(record.clone())));
    assert!(got.refusal.is_none(), "{:?}", got.refusal);
    serde_json::from_slice(&got.body).expect("an object")
}

/// The token that looks like a value: of the number, or of the account.
fn token(role: &str, seen: &Map<String, Value>) -> String {
    seen[if role == "formats" { "tel" } else { "acct" }].as_str().expect("a text").to_owned()
}

/// What the CRM gets of a write, if it gets anything.
fn saved(role: &str, method: &str, record: &Map<String, Value>, written: &Value) -> Option<Value> {
    let request = Request::builder().method(method).uri("/c/42").header("content-type", "application/json");
    let request = request.body(Bytes::from(written.to_string())).expect("a request");
    let got = restored(rules(), role, request, json_of(&Value::Object(record.clone())));
    let is_veil = got.refusal.as_ref().is_none_or(|refusal| refusal.reason.word() == "veil");
    assert!(is_veil, "{:?}", got.refusal);
    got.refusal.is_none().then(|| serde_json::from_slice(&got.forwarded).expect("JSON"))
}

/// The same by a call, whose record is remembered.
fn called(role: &str, record: &Map<String, Value>, values: &Value) -> Option<Value> {
    let request = |uri: &str, body: &Value| {
        let request = Request::post(uri).header("content-type", "application/json");
        request.body(Bytes::from(body.to_string())).expect("a request")
    };
    let mut answer = json_of(&Value::Object(record.clone()));
    answer.extensions_mut().insert(AnsweredTo(request("/read", &json!({ "id": 42 }))));
    let got = restored(rules(), role, request("/write", &json!({ "of": 42, "values": values })), answer);
    let is_veil = got.refusal.as_ref().is_none_or(|refusal| refusal.reason.word() == "veil");
    assert!(is_veil, "{:?}", got.refusal);
    got.refusal.is_none().then(|| {
        let sent: Value = serde_json::from_slice(&got.forwarded).expect("JSON");
        sent["values"].clone()
    })
}

/// Letters and digits alone.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What staff does with one member.
fn edited(text: &str, how: usize, token: &str) -> String {
    match how {
        0 => format!("{text} more"),
        1 => token.to_owned(),
        2 => format!("my {token}!"),
        3 => bare(token),
        4 => "03-9999-8888".to_owned(),
        _ => text.to_owned(),
    }
}

/// The members of a part of a record that staff sends.
fn part(all: &Map<String, Value>, which: &[bool]) -> Map<String, Value> {
    let chosen = all.iter().zip(which).filter(|(_, also)| **also);
    chosen.map(|((key, value), _)| (key.clone(), value.clone())).collect()
}

/// The controls of the form.
const NAMES: [&str; 5] = ["name", "tel", "acct", "memo", "other"];

fn page(record: &Map<String, Value>) -> String {
    let said = |name: &str| record[name].as_str().expect("a text").to_owned();
    let controls = NAMES.map(|name| format!("<input name=\"{name}\" value=\"{}\">", said(name)));
    format!(
        "<form action=\"/save\" method=\"post\">{}<input type=\"hidden\" name=\"id\" value=\"42\"></form>",
        controls.concat()
    )
}

/// The values of the page's text controls.
fn values(page: &str) -> Vec<String> {
    let inputs = page.split("<input name=\"").skip(1).take(NAMES.len());
    let value = |one: &str| one.split("value=\"").nth(1).expect("a value").split('"').next().expect("it").to_owned();
    inputs.map(value).collect()
}

/// What the CRM gets of the form, if it gets anything.
fn posted(role: &str, seal: &str, all: &[String]) -> Option<Vec<String>> {
    let coded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let fields = NAMES.iter().zip(all).map(|(name, value)| format!("&{name}={}", coded(value)));
    let fields = fields.collect::<String>();
    let request = Request::post("/save").header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("host", "crm").body(Bytes::from(format!("id=42{fields}&sudare-seal={seal}")));
    let nothing = Response::builder().status(404).body(Bytes::new()).expect("an answer");
    let got = restored(rules(), role, request.expect("a request"), nothing);
    if let Some(refusal) = &got.refusal {
        assert_eq!(refusal.reason.word(), "veil", "{refusal}");
        return None;
    }
    let body = String::from_utf8(got.forwarded.to_vec()).expect("ASCII");
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8().expect("UTF-8").into_owned()
    };
    Some(body.split('&').skip(1).map(|part| decoded(part.split_once('=').expect("a field").1)).collect())
}

proptest! {
    #![proptest_config(super::proven(300))]

    #[test]
    fn what_staff_leaves_goes_home_wherever_it_stands(
        record in record(),
        which in vec(any::<bool>(), 9),
        role in select(ROLES.to_vec()),
    ) {
        let seen = seen(role, &record);
        let whole = Value::Object(seen.clone());
        prop_assert_eq!(saved(role, "PUT", &record, &whole), Some(Value::Object(record.clone())));
        let (sent, expected) = (part(&seen, &which), part(&record, &which));
        prop_assert_eq!(saved(role, "PATCH", &record, &Value::Object(sent)), Some(Value::Object(expected)));
    }

    #[test]
    fn no_token_reaches_the_crm_wherever_staff_puts_it(
        record in record(),
        which in vec(any::<bool>(), 9),
        edits in vec((select(vec!["name", "tel", "acct", "mail", "memo", "other", "fax"]), 0usize..6), 1..4),
        role in select(ROLES.to_vec()),
    ) {
        let seen = seen(role, &record);
        let token = token(role, &seen);
        let mut sent = part(&seen, &which);
        for (name, how) in &edits {
            let text = seen.get(*name).and_then(Value::as_str).unwrap_or_default();
            sent.insert((*name).to_owned(), json!(edited(text, *how, &token)));
        }
        for saved in [saved(role, "PATCH", &record, &Value::Object(sent.clone())), called(role, &record, &Value::Object(sent))] {
            let Some(saved) = saved else { continue };
            prop_assert!(!bare(&saved.to_string()).contains(&bare(&token)), "{token} in {saved}");
        }
    }

    #[test]
    fn in_a_form_with_its_seal_it_is_the_same(
        record in record(),
        edits in vec((any::<Index>(), 0usize..6), 0..3),
        role in select(ROLES.to_vec()),
    ) {
        let request = Request::get("/p/42").header("host", "crm").body(Bytes::new()).expect("a request");
        let answer = Response::builder().header("content-type", "text/html; charset=utf-8");
        let real = page(&record);
        let got = got(rules(), role, request, answer.body(Bytes::from(real.clone())).expect("an answer"));
        let given = String::from_utf8(got.body).expect("UTF-8");
        let issued = seals(given.as_bytes());
        prop_assume!(!issued.is_empty());
        let (given, real) = (values(&given), values(&real));
        let mut all = given.clone();
        let token = given[if role == "formats" { 1 } else { 2 }].clone();
        for (at, how) in &edits {
            let at = at.index(all.len());
            all[at] = edited(&all[at].clone(), *how, &token);
        }
        let saved = posted(role, &issued[0], &all);
        prop_assert!(!edits.is_empty() || saved.is_some(), "nothing was changed: {given:?}");
        if let Some(saved) = saved {
            prop_assert!(!bare(&saved.concat()).contains(&bare(&token)), "{token} in {saved:?}");
            let is = |at: usize| if all[at] == given[at] { real[at].clone() } else { all[at].clone() };
            prop_assert_eq!(saved, (0..NAMES.len()).map(is).collect::<Vec<_>>());
        }
    }
}
