//! Whatever stands in a record, whatever of it is veiled and whatever staff changes: each field of the CRM is
//! afterwards what staff typed where staff typed, and the original elsewhere, or nothing was saved at all; and
//! staff sees no more of it than before.

use bytes::Bytes;
use http::{Request, Response};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};
use sudare::policy::Policy;

use super::{got, restored};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { masks: a, tokens: b, removes: c, coarse: d, mixed: e, locked: f, formats: g }
fields:
  customer:
    person.name: [name]
    phone: [tel, no]
    email: [mail]
    notes: [memo]
    birth_date: [born]
    age: [years]
    address: [place]
resources:
  - { id: customer, match: "GET|PUT|PATCH /c/{id}", subject: path.id, fields: customer, restore: true }
rules:
  - { id: masks-1, for: masks, mask: { person.name: initial, phone: last4, email: domain, notes: full, birth_date: full, age: full, address: prefecture } }
  - { id: tokens-1, for: tokens, tokenize: [person.name, phone, email], hash: [address], mask: [notes, age, birth_date] }
  - { id: removes-1, for: removes, remove: [all] }
  - { id: coarse-1, for: coarse, generalize: { birth_date: year, age: decade }, mask: [person.name, contact, notes, location] }
  - { id: mixed-1, for: mixed, show: [person.name], remove: [phone], mask: { email: domain, notes: full, address: full }, generalize: { birth_date: year, age: age_band } }
  - { id: locked-1, for: locked, show: [person.name, email], mask: { phone: last4, notes: full, birth_date: full, age: full, address: full }, readonly: [phone, email] }
  - { id: formats-1, for: formats, show: [notes, birth_date, age, address], tokenize: { person.name: opaque, phone: format, email: format } }
"#;

pub const ROLES: [&str; 6] = ["masks", "tokens", "removes", "coarse", "mixed", "formats"];

pub fn rules() -> &'static Policy {
    static POLICY: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

fn tel() -> impl Strategy<Value = Value> {
    prop_oneof![
        "0[789]0-[1-9][0-9]{3}-(1111|5678)".prop_map(Value::from),
        "0[789]0[1-9][0-9]{7}".prop_map(Value::from),
        Just(Value::Null)
    ]
}

fn person() -> impl Strategy<Value = Map<String, Value>> {
    let name = select(vec!["山田 太郎", "鈴木 花子", "Jo Smith", "佐藤 \"次郎\"\n"]);
    let mail = "[a-z]{3,8}@(example|test)\\.jp";
    let memo = select(vec!["妻の会社へ", "a\\b \u{1F600}", "x", "第二希望は京都"]);
    let born = "19[5-9][0-9]-0[1-9]-1[0-9]";
    let place = select(vec!["東京都世田谷区1-2-3", "大阪府堺市4", "どこか"]);
    (option::of(name), tel(), option::of(mail), option::of(memo), option::of(born), 18u32..90, place).prop_map(
        |(name, tel, mail, memo, born, years, place)| {
            let mut all = Map::new();
            let mut put = |key: &str, value: Option<Value>| drop(value.map(|value| all.insert(key.to_owned(), value)));
            put("name", name.map(Value::from));
            put("tel", Some(tel));
            put("mail", mail.map(Value::from));
            put("memo", memo.map(Value::from));
            put("born", born.map(Value::from));
            put("years", Some(Value::from(years)));
            put("place", Some(Value::from(place)));
            put("plan", Some(Value::from("gold")));
            all
        },
    )
}

/// A record with a list of phones, with ids or without, another person in it, and tags.
pub fn record() -> impl Strategy<Value = Value> {
    let phones = vec((select(vec!["home", "work", "other"]), tel()), 0..4);
    (person(), phones, any::<bool>(), option::of(person()), vec("[a-c]", 0..3)).prop_map(
        |(mut all, phones, ids, other, tags)| {
            let phone = |(at, (sort, no)): (usize, (&str, Value))| {
                let mut one = json!({ "sort": sort, "no": no });
                if ids {
                    one["id"] = json!(at + 10);
                }
                one
            };
            all.insert("phones".into(), phones.into_iter().enumerate().map(phone).collect());
            if let Some(other) = other {
                all.insert("boss".into(), Value::Object(other));
            }
            all.insert("tags".into(), json!(tags));
            Value::Object(all)
        },
    )
}

/// What staff does to what they see.
#[derive(Debug, Clone)]
pub enum Edit {
    /// Types something into a field.
    Type(Index, &'static str),
    /// Takes a phone out.
    Drop(Index),
    /// Lets two phones change places.
    Swap(Index, Index),
    /// Adds one.
    Add(&'static str),
    /// Calls one something else.
    Call(Index, &'static str),
    /// Takes all of them out.
    Empty,
    /// Takes the other person out.
    Clear,
}

pub fn edit() -> impl Strategy<Value = Edit> {
    let text = select(vec!["silver", "03-3333-4444", "neu@example.org", "", "田中 次郎", "1990-07-01"]);
    prop_oneof![
        4 => (any::<Index>(), text).prop_map(|(at, text)| Edit::Type(at, text)),
        1 => any::<Index>().prop_map(Edit::Drop),
        1 => (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Edit::Swap(a, b)),
        1 => Just(Edit::Add("080-7777-6666")),
        1 => (any::<Index>(), select(vec!["mobile", "home"])).prop_map(|(at, sort)| Edit::Call(at, sort)),
        1 => select(vec![Edit::Empty, Edit::Clear]),
    ]
}

/// The fields that staff sees and can type into, as paths.
pub fn leaves(value: &Value, path: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), all));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| leaves(value, &format!("{path}/{at}"), all));
        }
        Value::String(_) if !path.ends_with("/id") => all.push(path.to_owned()),
        _ => {}
    }
}

pub fn picked<'p>(at: &Index, paths: &'p [String]) -> &'p str {
    &paths[at.index(paths.len())]
}

/// Does the same to what staff sees and to what the CRM has.
pub fn apply(edit: &Edit, seen: &mut Value, real: &mut Value) {
    let mut paths = Vec::new();
    leaves(seen, "", &mut paths);
    let phones = seen["phones"].as_array().map_or(0, Vec::len);
    // Of two that look alike nobody sees which is which: nothing was changed.
    if let Edit::Swap(one, two) = edit
        && phones > 0
        && seen["phones"][one.index(phones)] == seen["phones"][two.index(phones)]
    {
        return;
    }
    for value in [seen, real] {
        match edit {
            Edit::Type(at, text) if !paths.is_empty() => {
                *value.pointer_mut(picked(at, &paths)).expect("both have what staff sees") = json!(text);
            }
            Edit::Drop(at) if phones > 0 => {
                value["phones"].as_array_mut().expect("a list").remove(at.index(phones));
            }
            Edit::Swap(one, two) if phones > 0 => {
                value["phones"].as_array_mut().expect("a list").swap(one.index(phones), two.index(phones));
            }
            Edit::Empty => value["phones"] = json!([]),
            Edit::Clear => drop(value.get_mut("boss").map(|boss| *boss = Value::Null)),
            Edit::Add(no) => value["phones"].as_array_mut().expect("a list").push(json!({ "no": no })),
            Edit::Call(at, sort) if phones > 0 => {
                value["phones"].as_array_mut().expect("a list")[at.index(phones)]["sort"] = json!(sort);
            }
            _ => {}
        }
    }
}

pub fn read(role: &str, record: &Value) -> Value {
    let request = Request::get("/c/42").body(Bytes::new()).expect("a request");
    let got = got(rules(), role, request, answer(record));
    assert!(got.refusal.is_none(), "{:?}", got.refusal);
    serde_json::from_slice(&got.body).expect("JSON")
}

fn answer(record: &Value) -> Response<Bytes> {
    let body = Bytes::from(record.to_string());
    Response::builder().header("content-type", "application/json").body(body).expect("an answer")
}

/// What the CRM gets of a write, if it gets anything.
fn save(role: &str, record: &Value, written: &Value) -> Option<Value> {
    sent("PUT", role, record, written)
}

/// The same by another method.
pub fn sent(method: &str, role: &str, record: &Value, written: &Value) -> Option<Value> {
    let request = Request::builder().method(method).uri("/c/42").header("content-type", "application/json");
    let request = request.body(Bytes::from(written.to_string())).expect("a request");
    let got = restored(rules(), role, request, answer(record));
    if let Some(refusal) = &got.refusal {
        let why = refusal.reason.word();
        assert!(why == "veil" || (why == "rule" && role == "locked"), "{refusal}");
    }
    let body = got.refusal.is_none().then(|| got.forwarded.clone())?;
    Some(serde_json::from_slice(&body).expect("JSON"))
}

/// Whether nothing that staff made of one member of the list looks like another that they were given: then
/// nobody could say which of the two is meant. Of those that look alike from the start, only the place tells.
pub fn can_be_told((was, is): (&Value, &Value), (given, seen): (&Value, &Value)) -> bool {
    let list = |value: &Value| value["phones"].as_array().cloned().unwrap_or_default();
    let (was, given) = (list(was), list(given));
    list(is).iter().zip(&list(seen)).enumerate().all(|(at, (is, seen))| {
        let mut alike = was.iter().zip(&given).filter(|(_, given)| *given == seen).map(|(was, _)| was);
        (was.get(at) == Some(is) && given.get(at) == Some(seen)) || alike.all(|was| was == is)
    })
}

/// Texts that staff does not get in clear.
pub fn hidden(record: &Value, seen: &Value, all: &mut Vec<String>) {
    match record {
        Value::Object(members) => members.iter().for_each(|(key, value)| hidden(value, &seen[key], all)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| hidden(value, &seen[at], all)),
        Value::String(text) if record != seen && text.chars().count() > 5 => all.push(text.clone()),
        _ => {}
    }
}

proptest! {
    #![proptest_config(super::proven(600))]

    #[test]
    fn what_staff_leaves_is_what_it_was(record in record(), role in select(ROLES.to_vec())) {
        let seen = read(role, &record);
        prop_assert_eq!(save(role, &record, &seen), Some(record));
    }

    #[test]
    fn fields_that_are_typed_into_are_staffs_and_all_others_what_they_were(
        record in record(),
        role in select(ROLES.to_vec()),
        at in any::<Index>(),
        text in select(vec!["silver", "03-3333-4444", "neu@example.org", "田中 次郎"]),
    ) {
        let (mut seen, mut real) = (read(role, &record), record.clone());
        let mut paths = Vec::new();
        leaves(&seen, "", &mut paths);
        // Of members of a list that look alike nobody can say which is which.
        prop_assume!(!picked(&at, &paths).starts_with("/phones/"));
        // Where tokens look like values, no other value is taken in their own field.
        let has_likeness = picked(&at, &paths).ends_with("/tel") || picked(&at, &paths).ends_with("/mail");
        prop_assume!(role != "formats" || !has_likeness);
        apply(&Edit::Type(at, text), &mut seen, &mut real);
        let saved = save(role, &record, &seen);
        prop_assert!(saved.is_some(), "one field is no doubt: {seen}");
        prop_assert_eq!(saved, Some(real));
    }

    #[test]
    fn after_any_edits_each_field_is_right_or_nothing_is_saved(
        record in record(),
        edits in vec(edit(), 1..6),
        role in select(ROLES.to_vec()),
    ) {
        let (mut seen, mut real) = (read(role, &record), record.clone());
        let given = seen.clone();
        edits.iter().for_each(|edit| apply(edit, &mut seen, &mut real));
        if let Some(saved) = save(role, &record, &seen) {
            let told = can_be_told((&record, &real), (&given, &seen));
            prop_assert!(!told || saved == real, "{saved} for {real} of {seen}");
        }
    }

    #[test]
    fn nothing_that_is_hidden_is_ever_seen(
        record in record(),
        edits in vec(edit(), 0..4),
        moves in vec((any::<Index>(), any::<Index>()), 0..3),
        role in select(ROLES.to_vec()),
    ) {
        let (first, mut real) = (read(role, &record), record.clone());
        let mut seen = first.clone();
        let mut secrets = Vec::new();
        hidden(&record, &first, &mut secrets);
        edits.iter().for_each(|edit| apply(edit, &mut seen, &mut real));
        let mut paths = Vec::new();
        leaves(&seen, "", &mut paths);
        for (from, to) in moves.iter().filter(|_| !paths.is_empty()) {
            let veil = seen.pointer(picked(from, &paths)).expect("a field").clone();
            *seen.pointer_mut(picked(to, &paths)).expect("a field") = veil;
        }
        let shown = first.to_string();
        for secret in secrets.iter().filter(|secret| !shown.contains(secret.as_str())) {
            let Some(saved) = save(role, &record, &seen) else { continue };
            let again = read(role, &saved).to_string();
            prop_assert!(!again.contains(secret.as_str()), "{secret} is in {again}");
        }
    }
}
