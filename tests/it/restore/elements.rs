//! The same of a record in XML, whose client writes all of it again: elements, an attribute and a list, in each charset
//! that its first line may say.

use std::sync::OnceLock;

use bytes::Bytes;
use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8};
use http::{Request, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sudare::policy::Policy;

use super::forms::{FIELDS, Fields, ROLES, edited, hidden, record, typed};
use super::{got, restored};
use crate::exchange::run::policy;

const RULES: &str = r#"
sudare: 1
roles: { masks: a, tokens: b, removes: c, coarse: d, locked: e, formats: f }
fields:
  customer: { person.name: Name, phone: No, email: "//Mail/@at", notes: Memo, birth_date: Born, address: Place }
resources:
  - { id: customer, match: "GET|PUT /c/{id}", subject: path.id, restore: true, fields: customer }
rules:
  - { id: masks-1, for: masks, mask: { person.name: initial, phone: last4, email: domain, notes: full, birth_date: full, address: prefecture } }
  - { id: tokens-1, for: tokens, tokenize: [person.name, phone, email], hash: [address], mask: [notes, birth_date] }
  - { id: removes-1, for: removes, show: [person.name], remove: [phone, email, notes, birth_date, address] }
  - { id: coarse-1, for: coarse, generalize: { birth_date: year }, mask: [person.name, contact, notes, location] }
  - { id: locked-1, for: locked, show: [person.name, email], mask: { phone: last4, notes: full, birth_date: full, address: full }, readonly: [phone, email] }
  - { id: formats-1, for: formats, show: [notes, birth_date, address], tokenize: { person.name: opaque, phone: format, email: format } }
"#;

fn rules() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| policy(RULES))
}

fn charset() -> impl Strategy<Value = &'static Encoding> {
    prop_oneof![Just(UTF_8), Just(SHIFT_JIS), Just(EUC_JP)]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn document(fields: &Fields, charset: &'static Encoding) -> Bytes {
    let of = |name: &str| escaped(&fields[name]);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"{}\"?>\n<Customer id=\"42\"><Name>{}</Name><Phones><Phone id=\"7\"><No>{}</No></Phone></Phones><Mail at=\"{}\"/><Memo>{}</Memo><Born>{}</Born><Place>{}</Place><Plan>{}</Plan></Customer>",
        charset.name(),
        of("name"),
        of("tel"),
        of("mail"),
        of("memo"),
        of("born"),
        of("place"),
        of("plan")
    );
    Bytes::from(charset.encode(&text).0.into_owned())
}

fn read(body: &[u8], charset: &'static Encoding) -> Fields {
    let text = charset.decode_without_bom_handling(body).0.into_owned();
    let plain =
        |text: &str| text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let element = |name: &str| {
        let rest = text.split_once(&format!("<{name}>")).map(|(_, rest)| rest);
        plain(rest.and_then(|rest| rest.split("</").next()).unwrap_or_default())
    };
    let value = |name: &&str| match *name {
        "name" => element("Name"),
        "tel" => element("No"),
        "mail" => {
            let rest = text.split_once(" at=\"").map(|(_, rest)| rest);
            plain(rest.and_then(|rest| rest.split('"').next()).unwrap_or_default())
        }
        "memo" => element("Memo"),
        "born" => element("Born"),
        "place" => element("Place"),
        _ => element("Plan"),
    };
    FIELDS.iter().map(|name| ((*name).to_owned(), value(name))).collect()
}

fn answer(record: &Fields, charset: &'static Encoding) -> Response<Bytes> {
    Response::builder().header("content-type", "application/xml").body(document(record, charset)).expect("an answer")
}

fn open(role: &str, record: &Fields, charset: &'static Encoding) -> Fields {
    let request = Request::get("/c/42").body(Bytes::new()).expect("a request");
    let got = got(rules(), role, request, answer(record, charset));
    assert!(got.refusal.is_none(), "{:?}", got.refusal);
    read(&got.body, charset)
}

fn save(role: &str, record: &Fields, fields: &Fields, charset: &'static Encoding) -> Option<Fields> {
    let request = Request::put("/c/42").header("content-type", "application/xml");
    let request = request.body(document(fields, charset)).expect("a request");
    let got = restored(rules(), role, request, answer(record, charset));
    if let Some(refusal) = &got.refusal {
        let why = refusal.reason.word();
        assert!(why == "veil" || (why == "rule" && role == "locked"), "{refusal}");
        return None;
    }
    Some(read(&got.forwarded, charset))
}

proptest! {
    #![proptest_config(super::proven(250))]

    #[test]
    fn what_nobody_touches_is_what_it_was(record in record(), role in select(ROLES.to_vec()), charset in charset()) {
        let seen = open(role, &record, charset);
        prop_assert_eq!(save(role, &record, &seen, charset), Some(record));
    }

    #[test]
    fn what_several_save_after_one_another_is_what_each_typed(
        record in record(),
        turns in vec((select(ROLES.to_vec()), charset(), typed()), 1..5),
    ) {
        let secrets = |role: &&'static str| (*role, hidden(&record, &open(role, &record, UTF_8)));
        let secrets: Vec<(&str, Vec<String>)> = ROLES.iter().map(secrets).collect();
        let mut record = record;
        for (role, charset, typed) in &turns {
            let (sent, real) = edited(typed, &open(role, &record, charset), &record);
            let Some(saved) = save(role, &record, &sent, charset) else { continue };
            prop_assert_eq!(&saved, &real, "{} {:?} {:?}", role, charset, typed);
            if *role == "locked" {
                prop_assert!(["tel", "mail"].iter().all(|name| saved[*name] == record[*name]));
            }
            record = saved;
        }
        for (role, secrets) in &secrets {
            let seen = open(role, &record, UTF_8);
            let told = secrets.iter().find(|secret| seen.values().any(|seen| seen.contains(secret.as_str())));
            prop_assert!(told.is_none(), "{role} sees {told:?}");
        }
    }

    #[test]
    fn what_one_moves_about_in_several_saves_is_never_seen(
        record in record(),
        turns in vec((charset(), typed(), vec((any::<Index>(), any::<Index>()), 0..3)), 1..4),
        role in select(ROLES.to_vec()),
    ) {
        let secrets = hidden(&record, &open(role, &record, UTF_8));
        let mut record = record;
        for (charset, typed, moves) in &turns {
            let seen = open(role, &record, charset);
            let (mut sent, _) = edited(typed, &seen, &record);
            for (from, to) in moves {
                sent.insert(to.get(&FIELDS).to_string(), seen[*from.get(&FIELDS)].clone());
            }
            record = save(role, &record, &sent, charset).unwrap_or(record);
            let seen = open(role, &record, UTF_8);
            let told = secrets.iter().find(|secret| seen.values().any(|seen| seen.contains(secret.as_str())));
            prop_assert!(told.is_none(), "{role} sees {told:?}");
        }
    }
}
