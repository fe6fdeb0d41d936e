//! Staff changes the words of a note in which values stand as their tokens, moves tokens about, and saves: what the CRM
//! gets is what staff wrote with each token's own value in it, or nothing; and staff reads no value that was a token.

use std::sync::OnceLock;

use bytes::Bytes;
use http::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use sudare::policy::Policy;

use super::{got, restored};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { tokens: a, names: b, hashes: c }
fields: { customer: { person.name: name, phone: tel, email: mail } }
resources:
  - { id: customer, match: "GET|PUT|PATCH /c/{id}", subject: path.id, fields: customer, restore: true }
rules:
  - { id: tokens-1, for: tokens, show: [person.name], tokenize: [phone, email] }
  - { id: names-1, for: names, tokenize: [person.name, contact] }
  - { id: hashes-1, for: hashes, show: [person.name], hash: [phone], mask: { email: domain } }
"#;

const ROLES: [&str; 3] = ["tokens", "names", "hashes"];

/// Fields that no rule names.
const NOTES: [&str; 2] = ["remark", "other"];

fn rules() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

fn note() -> impl Strategy<Value = String> {
    let piece = select(vec!["{tel}", "{mail}", "{name}", "call ", "、", " or ", "様 ", "今日 ", "x ", "{tel}, "]);
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn record() -> impl Strategy<Value = Value> {
    let name = select(vec!["山田 太郎", "鈴木 花子"]);
    ("0[789]0-[1-9][0-9]{3}-[0-9]{4}", "[a-z]{4,8}@example\\.jp", name, note(), note()).prop_map(
        |(tel, mail, name, remark, other)| {
            let filled = |note: String| note.replace("{tel}", &tel).replace("{mail}", &mail).replace("{name}", name);
            json!({ "name": name, "tel": tel, "mail": mail, "remark": filled(remark), "other": filled(other), "plan": "gold" })
        },
    )
}

fn read(role: &str, record: &Value) -> Value {
    let request = Request::get("/c/42").body(Bytes::new()).expect("a request");
    let got = got(rules(), role, request, answer(record));
    assert!(got.refusal.is_none(), "{:?}", got.refusal);
    serde_json::from_slice(&got.body).expect("JSON")
}

fn answer(record: &Value) -> Response<Bytes> {
    let answer = Response::builder().header("content-type", "application/json");
    answer.body(Bytes::from(record.to_string())).expect("an answer")
}

fn save(role: &str, method: &str, record: &Value, written: &Value) -> Option<Value> {
    let request = Request::builder().method(method).uri("/c/42").header("content-type", "application/json");
    let request = request.body(Bytes::from(written.to_string())).expect("a request");
    let got = restored(rules(), role, request, answer(record));
    if let Some(refusal) = &got.refusal {
        assert_eq!(refusal.reason.word(), "veil", "{refusal}");
        return None;
    }
    Some(serde_json::from_slice(&got.forwarded).expect("JSON"))
}

/// The words of a note, in which a token is one.
fn words(note: &str) -> Vec<String> {
    note.split_inclusive([' ', '、', ',']).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(super::proven(400))]

    #[test]
    fn tokens_among_changed_words_go_home_or_nothing_is_saved(
        record in record(),
        role in select(ROLES.to_vec()),
        method in select(vec!["PUT", "PATCH"]),
        edits in vec((any::<Index>(), any::<Index>(), any::<Index>(), select(vec!["new ", "電話 ", "", "tel:"])), 1..4),
    ) {
        let seen = read(role, &record);
        let hidden: Vec<&str> = ["name", "tel", "mail"].into_iter().filter(|name| seen[name] != record[name]).collect();
        let mut written = seen.clone();
        for (note, from, to, text) in edits {
            let note = *note.get(&NOTES);
            // A word of either note, put somewhere, with another before it.
            let source = words(seen[*from.get(&NOTES)].as_str().expect("a note"));
            let mut own = words(written[note].as_str().expect("a note"));
            let at = to.index(own.len() + 1);
            own.insert(at, text.to_owned());
            if !source.is_empty() {
                own.insert(at, source[from.index(source.len())].clone());
            }
            written[note] = json!(own.concat());
        }
        let mut sent = written.clone();
        if method == "PATCH" {
            let all = sent.as_object_mut().expect("an object");
            all.retain(|name, _| NOTES.contains(&name.as_str()));
        }
        let Some(saved) = save(role, method, &record, &sent) else { return Ok(()) };
        for note in NOTES {
            let mut real = written[note].as_str().expect("a note").to_owned();
            for name in &hidden {
                let veil = seen[*name].as_str().expect("a text");
                real = real.replace(veil, record[*name].as_str().expect("a text"));
            }
            let is_left = written[note] == seen[note];
            let expected = if is_left { record[note].as_str().expect("a note") } else { &real };
            prop_assert_eq!(saved[note].as_str(), Some(expected), "of {}", written);
        }
        let mut crm = record.clone();
        for (name, value) in saved.as_object().expect("an object") {
            crm[name] = value.clone();
        }
        let (again, before) = (read(role, &crm).to_string(), seen.to_string());
        for name in hidden {
            let value = record[name].as_str().expect("a text");
            // Two numbers without anything between them are found by nobody, now as before.
            if before.contains(value) {
                continue;
            }
            prop_assert!(!again.contains(value), "{role} reads {name} in {again}");
        }
    }
}

/// What goes home in such a way goes home often enough to be of use.
#[test]
fn a_note_whose_words_are_changed_can_be_saved() {
    let record = json!({ "name": "山田 太郎", "tel": "090-1234-5678", "mail": "taro@example.jp", "remark": "call 090-1234-5678 today", "other": "" });
    for role in ["tokens", "names", "hashes"] {
        let mut seen = read(role, &record);
        let remark = seen["remark"].as_str().expect("a note").replace("today", "tomorrow");
        seen["remark"] = json!(remark);
        let saved = save(role, "PUT", &record, &seen).expect("saved");
        assert_eq!(saved["remark"], "call 090-1234-5678 tomorrow", "{role}");
    }
}
