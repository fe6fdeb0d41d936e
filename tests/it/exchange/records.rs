//! Lists that nobody thought of: whatever a record says of its own customer, and in whatever order,
//! stays veiled in that record, in an answer that is held whole as in one that leaves in parts; and
//! its tokens are those of its own subject.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::Value;
use sudare::body::charset::Charset;
use sudare::format::Format;
use sudare::guard::outbound::{Outbound, Request};
use sudare::policy::Policy;
use sudare::policy::conditions::Situation;
use sudare::policy::matched::Asked;
use sudare::policy::plan::Plan;
use sudare::route::normal::canonical;
use sudare::terms::bounds::Bounds;
use sudare::terms::refusal::Refusal;
use sudare::transform::Today;

use super::generated::{cuts, json_string, readings, spelled};
use super::run::{self, Plain};

const RULES: &str = "
sudare: 1
roles: { full: a, none: b, token: c }
resources:
  - id: list
    match: GET /list
    records: $.items[*]
    subject: $.id
    fields: { person.name: [name], phone: [tel], user_id: [$.no] }
rules:
  - { for: full, mask: [all] }
  - { for: none, remove: [all] }
  - { for: token, tokenize: [all] }
";

const NAMES: [&str; 4] = ["蓮沼 綾香", "東雲 駿介", "Quill Otterby", "梓川 澪"];

static POLICY: LazyLock<Policy> = LazyLock::new(|| run::policy(RULES));

/// A record's own values, all different from those of the others.
struct Own {
    name: &'static str,
    tel: String,
    no: String,
}

fn own(number: usize) -> Own {
    let name = NAMES[number % NAMES.len()];
    Own { name, tel: format!("090-6660-7{number:03}"), no: format!("K7{number:02}Z") }
}

fn plan(role: &str) -> Arc<Plan> {
    let path = canonical(b"/list").expect("a path");
    let matched = POLICY.candidates(&Asked { method: "GET", path: &path, query: &[], header: &|_| Vec::new() });
    let roles: Vec<_> = POLICY.role(role).into_iter().collect();
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    POLICY.plan(&Situation { matched: &matched, roles: &roles, staff: None, network: None, time }).expect("a plan")
}

fn rewritten(role: &str, body: &str, hold_bytes: usize, cuts: &[usize]) -> Result<String, Refusal> {
    let plan = plan(role);
    let today = Today { year: 2026, month: 11, day: 24 };
    let request = Request { path: HashMap::new(), query: Vec::new(), today };
    let bounds = Bounds { hold_bytes, ..Bounds::default() };
    let guard = Outbound::new(Arc::clone(&plan), Arc::new(Plain), &request, &bounds);
    let (bytes, _) = run::rewritten(&plan, (Format::Json, Charset::Utf8), guard, &bounds, body.as_bytes(), cuts)?;
    Ok(String::from_utf8(bytes).expect("text"))
}

/// One member of a record: which value, how it is written, and where.
type Member = (u8, u8, u8);

/// A record: its declared members first, last or in the midst of others that repeat them.
fn record(number: usize, members: &[Member], at: usize, is_late: bool) -> String {
    let own = own(number);
    let value = |which: u8| match which % 3 {
        0 => own.name,
        1 => own.tel.as_str(),
        _ => own.no.as_str(),
    };
    let mut all: Vec<String> = members
        .iter()
        .enumerate()
        .map(|(at, (which, spelling, how))| {
            let text = spelled(value(*which), *spelling);
            match how % 4 {
                0 => format!("\"m{at}\":{}", json_string(&text)),
                1 => format!("\"m{at}\":{}", json_string(&format!("様 {text} 様"))),
                2 => format!("\"d{at}\":{{\"m\":[1,{}]}}", json_string(&format!("「{text}」"))),
                _ => format!("{}:null", json_string(&format!("({text})"))),
            }
        })
        .collect();
    let declared = [("name", own.name), ("tel", own.tel.as_str()), ("no", own.no.as_str())];
    for (name, value) in declared {
        all.insert(at.min(all.len()), format!("\"{name}\":{}", json_string(value)));
    }
    let id = format!("\"id\":{}", 1000 + number);
    if is_late {
        all.push(id)
    } else {
        all.insert(0, id)
    }
    format!("{{{}}}", all.join(","))
}

/// Every text of a document, keys among them.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::String(text) => out.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            out.push(key.clone());
            texts(value, out);
        }),
        _ => {}
    }
}

fn check(role: &str, body: &str, hold: usize, cuts: &[usize]) {
    let staff = rewritten(role, body, hold, &[]).expect("a list is read");
    let cut = rewritten(role, body, hold, cuts).expect("a list is read at any cut");
    assert_eq!(staff, cut, "{body}");
    let read: Value = serde_json::from_str(&staff).unwrap_or_else(|error| panic!("{error}: {body}\n{staff}"));
    for (number, item) in read["items"].as_array().expect("items").iter().enumerate() {
        assert_eq!(item["id"], 1000 + number, "a number that is no value stays");
        let own = own(number);
        let mut all = Vec::new();
        texts(item, &mut all);
        for text in all {
            for reading in readings(&text) {
                for value in [own.name, &own.tel, &own.no] {
                    let [bare, ..] = readings(value);
                    assert!(!reading.contains(bare.trim_start_matches('0')), "{value} in {text}\n{body}\n{staff}");
                }
            }
        }
        if role == "token" {
            let subject = rewritten(role, &format!("{{\"items\":[{}]}}", record(number, &[], 0, true)), 1 << 20, &[]);
            let alone: Value = serde_json::from_str(&subject.expect("a list")).expect("json");
            assert_eq!(item["tel"], alone["items"][0]["tel"], "another subject's token: {staff}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_record_lets_its_own_values_out(
        records in prop::collection::vec((prop::collection::vec(any::<Member>(), 0..6), 0..6_usize, any::<bool>()), 0..12),
        hold in prop::sample::select(vec![1500_usize, 4000, 1 << 20]),
        role in prop::sample::select(vec!["full", "none", "token"]),
        cuts in cuts(),
        head in prop::sample::select(vec!["", "\"page\":1,", "\"x\":[],"]),
        tail in prop::sample::select(vec!["", ",\"total\":3", ",\"z\":{\"tel\":\"0399\"}"]),
    ) {
        let items: Vec<String> = records
            .iter()
            .enumerate()
            .map(|(number, (members, at, is_late))| record(number, members, *at, *is_late))
            .collect();
        check(role, &format!("{{{head}\"items\":[{}]{tail}}}", items.join(",")), hold, &cuts);
    }
}
