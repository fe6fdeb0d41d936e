//! A right guess and a wrong one look the same: status, headers and body of the answer, byte by byte, and how often the
//! CRM is asked, which is by far the longest part of how long an answer takes.
//!
//! Pairs of requests differ in what staff guesses; pairs of records differ in what staff does not see of them.

use serde_json::{Value, json};

use crate::gateway::client::{Answer, request};
use crate::gateway::origin::Origin;
use crate::gateway::running::Running;

const RULES: &str = r#"
sudare: 1
roles:
  support: { groups: [support] }
  limited: { groups: [limited] }
  locked:  { groups: [locked] }
  closed:  { groups: [closed] }
  analyst: { groups: [analyst] }
  pool:    { groups: [pool] }
  remover: { groups: [remover] }
  formats: { groups: [formats] }
fields:
  customer: { person.name: name, phone: [tel, fax], email: mail, my_number: my_number, notes: memo }
  control: [{ at: name, is: person.name, optional: true }, { at: tel, is: phone, optional: true }, { at: memo, is: notes, optional: true }]
resources:
  - { id: list, match: GET /customers, subject: none, fields: customer }
  - { id: by-phone, match: "GET /by-phone/{tel}", subject: none, fields: customer, query: { tel: phone } }
  - { id: customer, match: "GET|HEAD|PUT|PATCH /api/customers/{id}", subject: path.id, fields: customer, restore: true }
  - { id: page, match: "GET /pages/{id}", subject: path.id, fields: control }
  - { id: save, match: "POST /save", subject: none, fields: control, restore: true }
rules:
  - { for: [support, limited], show: [person.name, notes], mask: { phone: last4, email: domain } }
  - { for: locked, show: [person.name, notes], mask: { phone: last4 }, readonly: [contact] }
  - { for: closed, mask: [all], search: none }
  - { for: analyst, show: [person.name, notes], tokenize: [phone, email] }
  - { for: pool, show: [person.name, notes], tokenize: [phone, email], token_domain: pool }
  - { for: remover, show: [person.name], remove: [phone, email, my_number, notes] }
  - { for: formats, show: [person.name, notes], tokenize: { phone: format, email: opaque } }
limits:
  - { for: limited, searches: 1, per: 1h, then: block }
"#;

/// What staff looks for, and another that looks like it behind a mask.
const RIGHT: &str = "090-1234-5678";
const WRONG: &str = "080-9999-5678";

/// What stands before a seal.
const SEAL: &str = "name=\"sudare-seal\" value=\"";

/// Records that look alike to whom they are veiled: another number, another address as long, and none at all.
fn customer(id: &str) -> Value {
    let (tel, mail, number) = match id {
        "42" => (RIGHT, "taro@example.jp", json!("123456789018")),
        "44" => (WRONG, "jiro@example.jp", json!("223456789013")),
        _ => ("", "", Value::Null),
    };
    json!({ "id": id, "name": "山田 太郎", "tel": tel, "mail": mail, "my_number": number, "memo": "", "fax": "" })
}

/// A CRM that says of nothing whether it is what it was.
fn crm() -> Origin {
    Origin::start(|asked| {
        let path = asked.path().to_owned();
        let id = path.rsplit('/').next().unwrap_or_default();
        if path.starts_with("/pages/") {
            let record = customer(id);
            let control =
                |name: &str| format!("<input name=\"{name}\" value=\"{}\">", record[name].as_str().unwrap_or_default());
            let page = format!(
                "<form method=\"post\" action=\"/save\"><input type=\"hidden\" name=\"id\" value=\"{id}\">{}{}</form>",
                control("name"),
                control("tel")
            );
            return Answer::new(200, "text/html; charset=utf-8", &page)
                .with("Last-Modified", "Tue, 01 Jul 2025 00:00:00 GMT");
        }
        let is_read = path.starts_with("/api/") && ["GET ", "HEAD "].iter().any(|method| asked.0.starts_with(method));
        let body = if is_read { customer(id) } else { json!({ "ok": true }) };
        Answer::new(200, "application/json", &body.to_string()).with("ETag", &format!("\"{id}\""))
    })
}

/// Who asks what.
#[derive(Clone)]
struct Question<'a> {
    role: &'a str,
    method: &'a str,
    target: String,
    kind: &'a str,
    body: String,
}

fn json_of<'a>(role: &'a str, method: &'a str, target: &str, body: &Value) -> Question<'a> {
    Question { role, method, target: target.to_owned(), kind: "application/json", body: body.to_string() }
}

fn get<'a>(role: &'a str, target: &str) -> Question<'a> {
    Question { role, method: "GET", target: target.to_owned(), kind: "", body: String::new() }
}

fn form<'a>(role: &'a str, body: String) -> Question<'a> {
    let kind = "application/x-www-form-urlencoded";
    Question { role, method: "POST", target: "/save".to_owned(), kind, body }
}

fn asked(gateway: &Running, question: &Question<'_>) -> Answer {
    let Question { role, method, target, kind, body } = question;
    let mut headers = vec![("X-Remote-User", *role), ("X-Remote-Groups", *role), ("If-None-Match", "\"42\"")];
    if !kind.is_empty() {
        headers.push(("Content-Type", kind));
    }
    request(gateway.staff, method, target, &headers, body).expect("an answer")
}

/// What can be told of an answer but by the record's own id and its request's number, and the methods that the CRM was asked
/// by.
fn told(gateway: &Running, crm: &Origin, question: &Question<'_>) -> (u16, Vec<(String, String)>, String, Vec<String>) {
    let before = crm.asked().len();
    let answer = asked(gateway, question);
    let id = answer.header("sudare-request").expect("an id");
    let plain = |text: &str| {
        let text = text.replace(&id, "ID");
        [RIGHT, WRONG].iter().fold(text, |text, guess| text.replace(guess, "GUESS"))
    };
    let own = question.target.rsplit('/').next().unwrap_or_default().to_owned();
    let plain = |text: &str| if own.parse::<u32>().is_ok() { plain(text).replace(&own, "OWN") } else { plain(text) };
    let value = |name: &str, value: &str| match name {
        "date" => String::new(),
        // Told to whoever asked, of their own questions alone; it goes on while they ask.
        "retry-after" => "SECONDS".to_owned(),
        _ => plain(value),
    };
    let headers = answer.headers.iter().map(|(name, said)| (name.to_lowercase(), value(&name.to_lowercase(), said)));
    // Each seal is another, and all of one length.
    let text = answer.text();
    let text = text.split_once(SEAL).map_or(text.clone(), |(before, rest)| {
        let (seal, behind) = rest.split_once('"').expect("its end");
        format!("{before}{} letters{behind}", seal.len())
    });
    let text = plain(&text);
    let headers = headers.collect();
    let reached = crm.asked().split_off(before);
    let methods = reached.iter().map(|asked| asked.split(' ').next().unwrap_or_default().to_owned());
    (answer.status, headers, text, methods.collect())
}

/// What is given in the place of a record's number.
fn given(gateway: &Running, role: &str, id: &str) -> String {
    let answer = asked(gateway, &get(role, &format!("/api/customers/{id}")));
    let record: Value = serde_json::from_slice(&answer.body).expect("JSON");
    record["tel"].as_str().expect("a veil").to_owned()
}

/// The seal of a page.
fn seal(gateway: &Running, role: &str, id: &str) -> String {
    let page = asked(gateway, &get(role, &format!("/pages/{id}"))).text();
    let rest = page.split_once(SEAL).expect("a seal").1;
    rest.split('"').next().expect("its end").to_owned()
}

/// What is asked, with which statuses and how often the CRM may be asked, and the questions that must look alike.
type Group<'a> = (&'a str, (u16, usize), Vec<Question<'a>>);

/// Guesses of a number that is veiled.
fn guesses() -> Vec<Group<'static>> {
    let put = |role, field: &str, guess: &str| {
        json_of(role, "PUT", "/api/customers/42", &json!({ "id": "42", field: guess }))
    };
    let each = |ask: &dyn Fn(&str) -> Question<'static>| vec![ask(RIGHT), ask(WRONG)];
    vec![
        ("typed over the value", (200, 1), each(&|guess| put("support", "tel", guess))),
        ("typed where it may not be changed", (403, 1), each(&|guess| put("locked", "tel", guess))),
        ("typed where tokens look like values", (409, 1), each(&|guess| put("formats", "tel", guess))),
        ("typed over what a rule takes out", (200, 2), each(&|guess| put("remover", "tel", guess))),
        ("looked for where nobody may", (403, 0), each(&|guess| get("closed", &format!("/customers?tel={guess}")))),
        ("as a range", (403, 0), each(&|guess| get("support", &format!("/customers?tel__gt={guess}")))),
        ("in the path", (200, 1), each(&|guess| get("support", &format!("/by-phone/{guess}")))),
        ("looked for, within the limit", (200, 1), vec![get("limited", &format!("/customers?tel={RIGHT}"))]),
        (
            "looked for, beyond it",
            (429, 0),
            vec![get("limited", &format!("/customers?tel={WRONG}")), get("limited", "/customers?tel=070-1111-5678")],
        ),
    ]
}

/// What was given elsewhere, and what was never given.
fn replays(gateway: &Running) -> Vec<Group<'static>> {
    let own = given(gateway, "analyst", "42");
    let others = given(gateway, "analyst", "44");
    let pooled = given(gateway, "pool", "42");
    let forged = format!("{}{}", &own[..own.len() - 4], "aaaa");
    let into =
        |field: &str, token: &str| json_of("analyst", "PUT", "/api/customers/42", &json!({ "id": "42", field: token }));
    let sought = |role, token: &str| get(role, &format!("/customers?tel={token}"));
    let mine = seal(gateway, "support", "42");
    let theirs = seal(gateway, "support", "44");
    let locked = seal(gateway, "locked", "42");
    let changed = format!("{}AAAA{}", &mine[..40], &mine[44..]);
    let sealed = |id: &str, seal: &str| form("support", format!("id={id}&tel=***-****-5678&sudare-seal={seal}"));
    vec![
        (
            "a token of another record, of a domain, a forged one",
            (409, 1),
            [&others, &pooled, &forged].map(|token| into("tel", token)).to_vec(),
        ),
        ("the same in another field", (409, 1), [&own, &others, &forged].map(|token| into("fax", token)).to_vec()),
        (
            "a token that was not given, looked for",
            (403, 0),
            [&own, &pooled, &forged].map(|token| sought("support", token)).to_vec(),
        ),
        (
            "a token of a domain and a forged one, looked for",
            (403, 0),
            [&pooled, &forged].map(|token| sought("analyst", token)).to_vec(),
        ),
        (
            "a seal of another record, of another person, a changed one, none",
            (409, 0),
            vec![
                sealed("42", &theirs),
                sealed("42", &locked),
                sealed("42", &changed),
                sealed("42", &mine[..60]),
                sealed("43", &mine),
                sealed("42", "x"),
            ],
        ),
    ]
}

/// The same of records of which staff sees the same.
fn records() -> Vec<Group<'static>> {
    let of = |role: &'static str, method: &'static str, ids: &[&str], body: &Value| -> Vec<Question<'static>> {
        ids.iter().map(|id| json_of(role, method, &format!("/api/customers/{id}"), body)).collect()
    };
    let head = |id: &str| Question { method: "HEAD", ..get("remover", &format!("/api/customers/{id}")) };
    let (two, three) = (&["42", "44"][..], &["42", "44", "46"][..]);
    vec![
        ("a record", (200, 1), ["42", "44"].map(|id| get("remover", &format!("/api/customers/{id}"))).to_vec()),
        ("its head", (200, 1), ["42", "44"].map(head).to_vec()),
        (
            "a record behind masks",
            (200, 1),
            ["42", "44"].map(|id| get("support", &format!("/api/customers/{id}"))).to_vec(),
        ),
        ("a page", (200, 1), ["42", "44"].map(|id| get("closed", &format!("/pages/{id}"))).to_vec()),
        ("a mask that goes home", (200, 2), of("support", "PUT", two, &json!({ "tel": "***-****-5678" }))),
        ("a mask of nobody's", (409, 1), of("support", "PUT", two, &json!({ "tel": "***-****-0000" }))),
        ("a guess that may not be typed", (403, 1), of("locked", "PUT", two, &json!({ "tel": RIGHT }))),
        (
            "a field that a rule takes out is missing",
            (200, 2),
            of("remover", "PUT", three, &json!({ "name": "山田 太郎", "fax": "" })),
        ),
        (
            "and is empty",
            (200, 2),
            of("remover", "PUT", three, &json!({ "name": "x", "tel": "", "mail": "", "fax": "" })),
        ),
        ("and null", (200, 2), of("remover", "PATCH", three, &json!({ "my_number": null, "name": "x" }))),
        (
            "and typed over",
            (200, 1),
            of("remover", "PATCH", three, &json!({ "my_number": "323456789011", "name": "x" })),
        ),
        ("a list in its place", (409, 1), of("remover", "PATCH", three, &json!({ "tel": [] }))),
    ]
}

#[test]
fn right_and_wrong_guesses_are_answered_alike_byte_by_byte() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let mut wrong = Vec::new();
    for (what, expected, questions) in [guesses(), replays(&gateway), records()].concat() {
        let all: Vec<_> = questions.iter().map(|question| told(&gateway, &crm, question)).collect();
        let is = (all[0].0, all[0].3.len());
        println!("{what:<70} {} {:?}", is.0, all[0].3);
        if is != expected {
            wrong.push(format!("{what}: {is:?}, expected {expected:?}: {}", all[0].2));
        }
        wrong.extend(
            all.iter().filter(|one| **one != all[0]).map(|one| format!("{what}: {one:?}\n  beside {:?}", all[0])),
        );
        let hidden = ["090-1234", "080-9999", "taro@", "jiro@", "123456789018", "223456789013"];
        let is_told = |word: &&&str| all.iter().any(|one| format!("{one:?}").contains(**word));
        wrong.extend(hidden.iter().find(is_told).map(|word| format!("{what}: tells {word}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
