//! Staff of several roles open, edit and save one record in forms of pages, one after the other: with a seal and without
//! one, plain and in parts, in the charsets that pages have.
//!
//! After each save every field of the CRM is what staff typed where staff typed, and what it was elsewhere, or nothing
//! was saved; and nobody sees what was hidden from them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bytes::Bytes;
use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};
use http::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sudare::policy::Policy;

use super::seals::seals;
use super::{got, restored};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { masks: a, tokens: b, removes: c, coarse: d, locked: e, formats: f }
fields:
  customer: { person.name: name, phone: tel, email: mail, notes: memo, birth_date: born, address: place }
resources:
  - { id: page, match: "GET|POST /c/{id}", subject: path.id, fields: customer, restore: true }
  - { id: save, match: "POST /save", subject: none, fields: customer, restore: true }
rules:
  - { id: masks-1, for: masks, mask: { person.name: initial, phone: last4, email: domain, notes: full, birth_date: full, address: prefecture } }
  - { id: tokens-1, for: tokens, tokenize: [person.name, phone, email], hash: [address], mask: [notes, birth_date] }
  - { id: removes-1, for: removes, show: [person.name], remove: [phone, email, notes, birth_date, address] }
  - { id: coarse-1, for: coarse, generalize: { birth_date: year }, mask: [person.name, contact, notes, location] }
  - { id: locked-1, for: locked, show: [person.name, email], mask: { phone: last4, notes: full, birth_date: full, address: full }, readonly: [phone, email] }
  - { id: formats-1, for: formats, show: [notes, birth_date, address], tokenize: { person.name: opaque, phone: format, email: format } }
"#;

pub const ROLES: [&str; 6] = ["masks", "tokens", "removes", "coarse", "locked", "formats"];

/// The fields of a record: those that the rules name, and one that they do not.
pub const FIELDS: [&str; 7] = ["name", "tel", "mail", "memo", "born", "place", "plan"];

/// What may not be changed by whoever is `locked`.
const LOCKED: [&str; 2] = ["tel", "mail"];

/// What the CRM has, or staff sees, of each field.
pub type Fields = BTreeMap<String, String>;

fn rules() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

pub fn record() -> impl Strategy<Value = Fields> {
    let name = select(vec!["山田 太郎", "鈴木 花子", "Jo Smith", "佐藤 \"次郎\" & 子", ""]);
    let tel = prop_oneof!["0[789]0-[1-9][0-9]{3}-(1111|5678)", Just(String::new())];
    let mail = prop_oneof!["[a-z]{3,8}@(example|test)\\.jp", Just(String::new())];
    let memo = select(vec!["妻の会社へ", "一行目\n二行目 <b>", "x", "第二希望は京都", "****", ""]);
    let born = prop_oneof!["19[5-9][0-9]-0[1-9]-1[0-9]", Just(String::new())];
    let place = select(vec!["東京都世田谷区1-2-3", "大阪府堺市4", "どこか", ""]);
    (name, tel, mail, memo, born, place, select(vec!["gold", "silver"])).prop_map(
        |(name, tel, mail, memo, born, place, plan)| {
            let all = [name, &tel, &mail, memo, &born, place, plan];
            FIELDS.iter().zip(all).map(|(field, value)| ((*field).to_owned(), value.to_owned())).collect()
        },
    )
}

/// What staff types, and where.
pub type Typed = Vec<(usize, &'static str)>;

pub fn typed() -> impl Strategy<Value = Typed> {
    let text = select(vec!["bronze", "03-3333-4444", "neu@example.org", "", "田中 次郎", "1990-07-01", "一\n二"]);
    vec((0..FIELDS.len(), text), 0..4)
}

/// What staff sends, and what the CRM should have then: what is typed as it was seen is no change.
pub fn edited(typed: &Typed, seen: &Fields, record: &Fields) -> (Fields, Fields) {
    let (mut sent, mut real) = (seen.clone(), record.clone());
    for (field, text) in typed {
        let name = FIELDS[*field];
        // A line holds no lines.
        let text = if name == "memo" { (*text).to_owned() } else { text.replace('\n', "") };
        let same = seen[name] == text;
        real.insert(name.to_owned(), if same { record[name].clone() } else { text.clone() });
        sent.insert(name.to_owned(), text);
    }
    (sent, real)
}

/// What staff does not get in clear of a record, but what stands elsewhere in it.
pub fn hidden(record: &Fields, seen: &Fields) -> Vec<String> {
    let long = |(name, value): &(&String, &String)| value.chars().count() > 5 && seen[*name] != **value;
    let all = record.iter().filter(long).map(|(_, value)| value.clone());
    all.filter(|value| !seen.values().any(|seen| seen.contains(value.as_str()))).collect()
}

/// How a form is sent.
#[derive(Debug, Clone, Copy)]
struct Way {
    charset: &'static Encoding,
    in_parts: bool,
    /// To the address of another page, with what this one sealed.
    sealed: bool,
}

fn way() -> impl Strategy<Value = Way> {
    let charset = prop_oneof![Just(UTF_8), Just(SHIFT_JIS)];
    (charset, any::<bool>(), any::<bool>()).prop_map(|(charset, in_parts, sealed)| Way { charset, in_parts, sealed })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn page(record: &Fields, way: Way) -> Response<Bytes> {
    let control = |(name, value): (&String, &String)| {
        let value = escaped(value);
        match name.as_str() {
            "memo" => format!("<textarea name=\"memo\" form=\"f\">\n{value}</textarea>"),
            "plan" => {
                format!("<select name=\"plan\"><option value=\"{value}\" selected>a<option value=\"b\">b</select>")
            }
            _ => format!("<input type=\"text\" name=\"{name}\" value=\"{value}\">"),
        }
    };
    let controls: String = record.iter().map(control).collect();
    let action = if way.sealed { "/save" } else { "" };
    let coding = if way.in_parts { " enctype=\"multipart/form-data\"" } else { "" };
    let page = format!(
        "<form id=\"f\" method=\"post\" action=\"{action}\"{coding}><input type=\"hidden\" name=\"id\" value=\"42\">{controls}</form>"
    );
    let kind = format!("text/html; charset={}", way.charset.name());
    let body = Bytes::from(way.charset.encode(&page).0.into_owned());
    Response::builder().header("content-type", kind).body(body).expect("an answer")
}

/// What staff is shown, and the seal that comes with it.
fn open(role: &str, record: &Fields, way: Way) -> (Fields, Option<String>) {
    let request = Request::get("/c/42").header("host", "crm").body(Bytes::new()).expect("a request");
    let got = got(rules(), role, request, page(record, way));
    assert!(got.refusal.is_none(), "{:?}", got.refusal);
    let seal = seals(&got.body).pop();
    let page = way.charset.decode_without_bom_handling(&got.body).0.into_owned();
    let plain = |text: &str| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&amp;", "&");
    let value = |name: &str| {
        let rest = page.split_once(&format!(" name=\"{name}\"")).expect("the control").1;
        let value = match name {
            "memo" => rest.split_once(">\n").expect("a text").1.split("</textarea>").next(),
            _ => rest.split("value=\"").nth(1).and_then(|value| value.split('"').next()),
        };
        plain(value.expect("a value"))
    };
    (FIELDS.iter().map(|name| ((*name).to_owned(), value(name))).collect(), seal)
}

/// A text as browsers send it: lines end long.
fn sent(text: &str, way: Way) -> Vec<u8> {
    way.charset.encode(&text.replace('\n', "\r\n")).0.into_owned()
}

fn body(fields: &[(&str, &str)], way: Way) -> Vec<u8> {
    if !way.in_parts {
        let escaped = |text: &str| -> String { sent(text, way).iter().map(|byte| format!("%{byte:02X}")).collect() };
        // Names as they are, which are plain words.
        let field = |(name, value): &(&str, &str)| format!("{name}={}", escaped(value));
        return fields.iter().map(field).collect::<Vec<_>>().join("&").into_bytes();
    }
    let part = |(name, value): &(&str, &str)| {
        let head = format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        [head.as_bytes(), &sent(value, way), b"\r\n"].concat()
    };
    [fields.iter().flat_map(part).collect::<Vec<u8>>(), b"--x--\r\n".to_vec()].concat()
}

/// What the CRM reads in what it gets.
fn read(body: &[u8], way: Way) -> Fields {
    let text = |bytes: &[u8]| way.charset.decode_without_bom_handling(bytes).0.replace("\r\n", "\n");
    let pairs: Vec<(String, String)> = if way.in_parts {
        let whole = text(body);
        let parts = whole.split("--x\n").skip(1).map(|part| part.trim_end_matches("--x--\n"));
        let pair = |part: &str| {
            let (head, value) = part.split_once("\n\n").expect("a head");
            let name = head.split("name=\"").nth(1).and_then(|name| name.split('"').next()).expect("a name");
            (name.to_owned(), value.strip_suffix('\n').expect("an end").to_owned())
        };
        parts.map(pair).collect()
    } else {
        let decoded =
            |part: &str| text(&percent_encoding::percent_decode_str(&part.replace('+', " ")).collect::<Vec<u8>>());
        let form = std::str::from_utf8(body).expect("ASCII");
        let pairs = form.split('&').map(|part| part.split_once('=').expect("a field"));
        pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
    };
    pairs.into_iter().filter(|(name, _)| FIELDS.contains(&name.as_str())).collect()
}

/// What the CRM has after a save, if it got one.
fn save(role: &str, record: &Fields, (fields, seal): (&Fields, Option<&str>), way: Way) -> Option<Fields> {
    let seal = seal.map(|seal| ("sudare-seal", seal));
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let all: Vec<(&str, &str)> = [("id", "42")].into_iter().chain(fields).chain(seal).collect();
    let kind = if way.in_parts { "multipart/form-data; boundary=x" } else { "application/x-www-form-urlencoded" };
    let request = Request::post(if way.sealed { "/save" } else { "/c/42" }).header("host", "crm");
    let request = request.header("content-type", kind).body(Bytes::from(body(&all, way))).expect("a request");
    let nothing = Response::builder().status(404).body(Bytes::new()).expect("an answer");
    let got = restored(rules(), role, request, if way.sealed { nothing } else { page(record, way) });
    if let Some(refusal) = &got.refusal {
        let why = refusal.reason.word();
        assert!(why == "veil" || (why == "rule" && role == "locked"), "{refusal}");
        return None;
    }
    assert!(!String::from_utf8_lossy(&got.forwarded).contains("sudare"), "the CRM sees no seal");
    Some(read(&got.forwarded, way))
}

/// One save of what staff sees after `change`.
fn saved(
    role: &str,
    record: &Fields,
    way: Way,
    change: impl Fn(&Fields) -> (Fields, Fields),
) -> (Option<Fields>, Fields) {
    let (seen, seal) = open(role, record, way);
    let (sent, real) = change(&seen);
    (save(role, record, (&sent, seal.as_deref()), way), real)
}

proptest! {
    #![proptest_config(super::proven(250))]

    #[test]
    fn what_nobody_touches_is_what_it_was(record in record(), role in select(ROLES.to_vec()), way in way()) {
        let (saved, real) = saved(role, &record, way, |seen| (seen.clone(), record.clone()));
        prop_assert_eq!(saved, Some(real), "{} {:?}", role, way);
    }

    #[test]
    fn what_a_script_leaves_out_is_never_emptied(
        record in record(),
        role in select(ROLES.to_vec()),
        way in way(),
        left_out in vec(any::<bool>(), FIELDS.len()),
    ) {
        let (saved, _) = saved(role, &record, way, |seen| {
            let mut sent = seen.clone();
            let fields = FIELDS.iter().zip(&left_out).filter(|(_, left_out)| **left_out);
            fields.for_each(|(name, _)| drop(sent.remove(*name)));
            (sent, record.clone())
        });
        // What did not come is what it was, or stands there as it was.
        for (name, value) in saved.unwrap_or_default() {
            prop_assert_eq!(&value, &record[&name], "{} {}", role, name);
        }
    }

    #[test]
    fn what_several_save_after_one_another_is_what_each_typed(
        record in record(),
        turns in vec((select(ROLES.to_vec()), way(), typed()), 1..5),
    ) {
        let utf8 = Way { charset: UTF_8, in_parts: false, sealed: false };
        let secrets = |role: &&'static str| (*role, hidden(&record, &open(role, &record, utf8).0));
        let secrets: Vec<(&str, Vec<String>)> = ROLES.iter().map(secrets).collect();
        let mut record = record;
        for (role, way, typed) in &turns {
            let (saved, real) = saved(role, &record, *way, |seen| edited(typed, seen, &record));
            let Some(saved) = saved else { continue };
            prop_assert_eq!(&saved, &real, "{} {:?} {:?}", role, way, typed);
            if *role == "locked" {
                prop_assert!(LOCKED.iter().all(|name| saved[*name] == record[*name]));
            }
            record = saved;
        }
        for (role, secrets) in &secrets {
            let seen = open(role, &record, utf8).0;
            let told = secrets.iter().find(|secret| seen.values().any(|seen| seen.contains(secret.as_str())));
            prop_assert!(told.is_none(), "{role} sees {told:?}");
        }
    }

    #[test]
    fn what_one_moves_about_in_several_saves_is_never_seen(
        record in record(),
        turns in vec((way(), typed(), vec((any::<Index>(), any::<Index>()), 0..3)), 1..4),
        role in select(ROLES.to_vec()),
    ) {
        let utf8 = Way { charset: UTF_8, in_parts: false, sealed: false };
        let secrets = hidden(&record, &open(role, &record, utf8).0);
        let mut record = record;
        for (way, typed, moves) in &turns {
            let (saved, _) = saved(role, &record, *way, |seen| {
                let (mut sent, real) = edited(typed, seen, &record);
                for (from, to) in moves {
                    sent.insert(to.get(&FIELDS).to_string(), seen[*from.get(&FIELDS)].clone());
                }
                (sent, real)
            });
            record = saved.unwrap_or(record);
            let seen = open(role, &record, utf8).0;
            let told = secrets.iter().find(|secret| seen.values().any(|seen| seen.contains(secret.as_str())));
            prop_assert!(told.is_none(), "{role} sees {told:?}");
        }
    }
}
