//! Whoever may not see a number tries to find it out: by order, by halves, digit by digit, number by number, and
//! with what they were given in its place. `tests/cases/attack/attacks.txt` says how many questions of each
//! attack may be answered; the test prints how many were.

mod alike;
mod state;
mod written;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use crate::gateway::client::{Answer, request};
use crate::gateway::origin::Origin;
use crate::gateway::running::Running;

const RULES: &str = r#"
sudare: 1
roles:
  support: { groups: [support] }
  limited: { groups: [limited] }
  lister:  { groups: [lister] }
  closed:  { groups: [closed] }
  analyst: { groups: [analyst] }
  pool:    { groups: [pool] }
  manager: { groups: [manager] }
  desk:    { groups: [desk] }
  locked:  { groups: [locked] }
  blind:   { groups: [blind] }
fields:
  customer: { person.name: name, phone: [tel, fax, 電話番号], email: mail, my_number: my_number, notes: memo }
resources:
  - { id: list, match: GET /customers, subject: none, fields: customer }
  - { id: search, match: POST /search, event: search, subject: none, fields: customer, query: { t: phone } }
  - { id: by-phone, match: "GET /by-phone/{tel}", subject: none, fields: customer, query: { tel: phone } }
  - { id: customer, match: "GET|PUT /api/customers/{id}", subject: path.id, fields: customer, restore: true }
  - { id: clone, match: "GET|POST /copies/of/{id}", subject: path.id, derive: true }
  - { id: both, match: "GET /both/{id}", subject: [path.id, $.id], fields: customer }
  - { id: letter, match: "POST /letters", subject: none, derive: [phone, email] }
rules:
  - { for: manager, show: [all] }
  - { for: [desk, locked], show: [person.name, notes, email], mask: { phone: last4 } }
  - { for: locked, readonly: [contact] }
  - { for: [support, limited], show: [person.name, notes], mask: { phone: last4, email: domain } }
  - { for: lister, show: [person.name, notes], mask: { phone: last4, email: domain }, sort: strip }
  - { for: blind, show: [notes], mask: { phone: last4, person.name: full } }
  - { for: closed, mask: [all], search: none }
  - { for: analyst, show: [person.name, notes], tokenize: [phone, email] }
  - { for: pool, show: [person.name, notes], tokenize: [phone, email], token_domain: pool }
limits:
  - { for: limited, searches: 10, per: 1h, then: block }
"#;

const NUMBER: &str = "090-1234-5678";
const MAIL: &str = "taro@example.jp";
const GUESSES: usize = 300;

/// What no answer to any of these may hold.
const HIDDEN: [&str; 4] = ["090-1234", "0901234", "1234-5678", "taro@"];

fn customer(id: u32) -> Value {
    let (tel, mail) = if id == 42 { (NUMBER, MAIL) } else { ("080-1111-2222", "hanako@example.jp") };
    json!({ "id": id, "name": "山田 太郎", "tel": tel, "mail": mail, "memo": "", "fax": "" })
}

/// A CRM that answers whatever it is asked, and keeps the note that is written.
fn crm() -> Origin {
    let kept = Arc::new(Mutex::new(json!({})));
    Origin::start(move |asked| {
        let id = asked.path().strip_prefix("/api/customers/").and_then(|id| id.parse().ok());
        let Some(id) = id else {
            return Answer::new(200, "application/json", &json!([customer(42), customer(43)]).to_string());
        };
        let mut kept = kept.lock().expect("no panic there");
        if let Some(body) = asked.0.split_once("\r\n\r\n").map(|(_, body)| body).filter(|body| !body.is_empty()) {
            *kept = serde_json::from_str(body).expect("json");
        }
        let mut answer = customer(id);
        answer["memo"] = Value::from(kept["memo"].as_str().unwrap_or_default());
        if let Some(label) = kept["label"].as_str() {
            // Under its own name, under another, and in parts.
            answer["log"] = json!({ "new": label });
            answer["split"] = json!({ "label": label.split('、').collect::<Vec<_>>() });
        }
        for name in ["label", "tags"] {
            answer[name] = kept[name].clone();
        }
        Answer::new(200, "application/json", &answer.to_string())
    })
}

fn ask(gateway: &Running, user: &str, role: &str, method: &str, target: &str, (kind, body): (&str, &str)) -> Answer {
    let media = match kind {
        "json" => "application/json",
        "form" => "application/x-www-form-urlencoded",
        "xml" => "text/xml; charset=utf-8",
        // As it is said.
        said => said,
    };
    // Parts stand in one row.
    let body = if media.starts_with("multipart/") { body.replace("\\r\\n", "\r\n") } else { body.to_owned() };
    let mut headers = vec![("X-Remote-User", user), ("X-Remote-Groups", role)];
    if !body.is_empty() {
        headers.push(("Content-Type", media));
    }
    request(gateway.staff, method, target, &headers, &body).expect("an answer")
}

/// What a role is given in the number's place.
fn given(gateway: &Running, role: &str) -> String {
    let record = ask(gateway, "reader", role, "GET", "/api/customers/42", ("", ""));
    let record: Value = serde_json::from_str(&record.text()).expect("json");
    record["tel"].as_str().expect("a veil").to_owned()
}

fn guess(at: usize) -> String {
    if at == GUESSES - 2 { NUMBER.to_owned() } else { format!("090-{:04}-{:04}", 2000 + at, (at * 37) % 10_000) }
}

/// What each placeholder stands for.
fn words(given: &[(&'static str, String)]) -> Vec<(&'static str, Vec<String>)> {
    let columns = ["tel", "phone", "customer_tel", "電話番号"];
    let escaped = |name: &str| percent_encode(name.as_bytes(), NON_ALPHANUMERIC).to_string();
    let other = |at: usize| format!("080-{:04}-{:04}", 3000 + at, (at * 41) % 10_000);
    let digits = NUMBER.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut all = vec![
        ("{column}", columns.iter().map(|name| escaped(name)).collect()),
        ("{name}", columns.map(str::to_owned).to_vec()),
        ("{n}", (0..10).map(|n: u32| n.to_string()).collect()),
        ("{prefix}", (1..digits.len()).map(|at| digits[..at].to_owned()).collect()),
        ("{guess}", (0..GUESSES).map(guess).collect()),
        ("{more}", (0..GUESSES).map(other).collect()),
        ("{number}", vec![NUMBER.to_owned()]),
        ("{mail}", vec![MAIL.to_owned()]),
        ("{id}", vec!["42".to_owned()]),
    ];
    all.extend(given.iter().map(|(name, word)| (*name, vec![word.clone()])));
    all
}

/// Each request that a row means, with the words that make it a question about the number.
fn expanded(words: &[(&str, Vec<String>)], target: &str, body: &str) -> Vec<(String, String, Vec<String>)> {
    let mut all = vec![(target.to_owned(), body.to_owned(), Vec::new())];
    for (name, each) in words {
        if !target.contains(name) && !body.contains(name) {
            continue;
        }
        let asks = *name != "{n}";
        let with = |(target, body, probes): &(String, String, Vec<String>), word: &String| {
            let probes = probes.iter().cloned().chain(asks.then(|| word.clone())).collect();
            (target.replace(name, word), body.replace(name, word), probes)
        };
        all = all.iter().flat_map(|one| each.iter().map(move |word| with(one, word))).collect();
    }
    all
}

fn rows() -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/attack/attacks.txt");
    let text = std::fs::read_to_string(path).expect("the attacks");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn no_attack_gets_more_than_the_declared_budget() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let given = [
        ("{mask}", given(&gateway, "support")),
        ("{token}", given(&gateway, "analyst")),
        ("{pooled}", given(&gateway, "pool")),
    ];
    let words = words(&given);
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for row in rows() {
        let [name, allowed, user, role, method, target, rest @ ..] = &row[..] else { panic!("six columns: {row:?}") };
        let (kind, body) = (rest.first().map_or("", String::as_str), rest.get(1).map_or("", String::as_str));
        let allowed: usize = allowed.parse().expect("a number");
        let (mut count, mut answered, mut statuses) = (0, 0, BTreeSet::new());
        for (target, body, probes) in expanded(&words, target, body) {
            let before = crm.asked().len();
            let answer = ask(&gateway, user, role, method, &target, (kind, &body));
            // A write is compared with the record before it goes on: that is the gateway's own question.
            let reached = crm.asked().split_off(before);
            let own = |asked: &&String| method == "GET" || !asked.starts_with("GET ");
            let tells = |asked: &String| {
                probes.iter().any(|probe| asked.contains(probe.as_str()))
                    || asked.contains(NUMBER)
                    || asked.contains(MAIL)
            };
            answered += usize::from(reached.iter().filter(own).any(tells));
            count += 1;
            statuses.insert(answer.status);
            let said = format!("{answer:?}{}", answer.text());
            let is_told = |hidden: &&&str| role != "manager" && said.contains(**hidden) && !target.contains(**hidden);
            let found = HIDDEN.iter().find(is_told);
            wrong.extend(found.map(|hidden| format!("{name}: {target} told {hidden}")));
        }
        asked += count;
        println!("{name:<40} {answered:>4} of {count:>4} answered, {allowed:>3} allowed {statuses:?}");
        if answered > allowed {
            wrong.push(format!("{name}: {answered} of {count} were answered, and {allowed} may be"));
        }
        // A budget that lets nobody look for anything would be no budget.
        if answered < allowed {
            wrong.push(format!("{name}: only {answered} of {allowed} were answered"));
        }
    }
    println!("{asked} questions");
    assert!(wrong.is_empty() && asked > 2000, "{asked} questions\n{}", wrong.join("\n"));
}

/// Whoever writes candidates into a note and reads it again must not see which of them is the customer's.
#[test]
fn a_candidate_in_a_note_looks_the_same_whether_it_is_right_or_not() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let (right, other) = (["090", "1234", "5678"], ["090", "8765", "4321"]);
    let spelt = |parts: [&str; 3], how: &str| {
        how.replace("{a}", parts[0]).replace("{a2}", &parts[0][1..]).replace("{b}", parts[1]).replace("{c}", parts[2])
    };
    let mut wrong = Vec::new();
    for role in ["support", "analyst"] {
        for how in [
            "{a}-{b}-{c}",
            "{a}{b}{c}",
            "{a} {b} {c}",
            "({a}) {b}-{c}",
            "{a}({b}){c}",
            "{a}.{b}.{c}",
            "tel:{a}{b}{c}",
            "+81 90 {b} {c}",
            "+8190{b}{c}",
            "０９０－{b}－{c}",
            "k{a}{b}{c}k",
            "x{a}-{b}-{c}x",
            "81{a2}{b}{c}",
            "{a2}{b}{c}",
            "1 {a2}{b}{c} 2",
        ] {
            let seen = [right, other].map(|parts| {
                let candidate = spelt(parts, how);
                let body = json!({ "id": 42, "memo": format!("see {candidate} soon") }).to_string();
                let saved = ask(&gateway, "writer", role, "PUT", "/api/customers/42", ("json", &body));
                let read = ask(&gateway, "writer", role, "GET", "/api/customers/42", ("", ""));
                let note = serde_json::from_str::<Value>(&read.text()).expect("json")["memo"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                let mut shape = format!(
                    "{} {} {}",
                    saved.status,
                    read.status,
                    note.replace(&candidate, "IN CLEAR").replace(parts[2], "NNNN")
                );
                // Of a token only that it is one.
                if let Some((before, after)) = shape.clone().split_once("tok_phone_") {
                    let rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
                    shape = format!("{before}TOKEN{rest}");
                }
                shape
            });
            println!("{role} {how}: {seen:?}");
            if seen[0] != seen[1] {
                wrong.push(format!("{role} {how}: {seen:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whoever sends candidates beside a veil that goes home, and reads the answer, must not see which of them it is.
#[test]
fn what_is_sent_beside_a_veil_comes_back_alike_whether_it_is_right_or_not() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let (numbers, names) = (["09012345678", "09087654321"], ["山田 太郎", "山田 次郎"]);
    let mut wrong = Vec::new();
    for (role, how, candidates) in [
        ("support", "k{}k k09011112222k", numbers),
        ("support", "{}", numbers),
        ("support", "see {} soon", numbers),
        ("support", "x{}、y09011112222", numbers),
        ("analyst", "k{}k k09011112222k", numbers),
        ("blind", "鈴木 一郎、{}、佐藤 花子、高橋", names),
        ("blind", "{}、この人", names),
        ("blind", "お電話は{}様から、ご注文の確認でした", names),
    ] {
        let seen = candidates.map(|candidate| {
            let text = how.replace("{}", candidate);
            let record = ask(&gateway, "reader", role, "GET", "/api/customers/42", ("", ""));
            let mut body: Value = serde_json::from_str(&record.text()).expect("json");
            for name in ["log", "split"] {
                body.as_object_mut().expect("an object").remove(name);
            }
            body["label"] = Value::from(text.as_str());
            // Many under one name, and few.
            body["tags"] = (0..50).map(|at| format!("{how}{at}")).chain([text.clone()]).collect();
            let all = ask(&gateway, "writer", role, "PUT", "/api/customers/42", ("json", &body.to_string()));
            body["tags"] = json!([text]);
            let few = ask(&gateway, "writer", role, "PUT", "/api/customers/42", ("json", &body.to_string()));
            [all, few].map(|saved| {
                let shown = saved.text().replace(candidate, "IN CLEAR");
                // Of a number staff sees the end, right or wrong.
                let shown = shown.replace("5678", "NNNN").replace("4321", "NNNN");
                format!("{} {shown}", saved.status)
            })
        });
        println!("{role} {how}: {:?}", seen[0]);
        if seen[0] != seen[1] || !seen[0][0].starts_with("200") || !seen[0][1].starts_with("200") {
            wrong.push(format!("{role} {how}: {seen:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
