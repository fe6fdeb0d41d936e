//! The reveal API through a running gateway: who gets what for which purpose, what nobody gets, and that all of it
//! is remembered and counted.

use std::sync::Arc;

use serde_json::{Value, json};
use sudare::terms::kind::{EMAIL, Kinds, PHONE};
use sudare::terms::mint::{Domain, Mint};
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::{Place, Ring};

use super::client::{Answer, request};
use super::origin::Origin;
use super::running::{Running, Setup, until};

const RULES: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] }, manager: { groups: [crm-managers] }, analyst: { groups: [bi] } }
resources:
  - id: customer
    match: "GET|PUT /api/customers/{id}"
    subject: path.id
    fields: { person.name: [name], phone: [tel], email: [mail], my_number: [mn] }
  - { id: shared, match: "GET /api/shared/{id}", subject: { type: customer, at: path.id }, fields: { phone: [tel] } }
rules:
  - { for: support, tokenize: { phone: opaque, email: random, person.name: format } }
  - { for: analyst, tokenize: { phone: opaque }, token_domain: analytics }
  - { for: manager, hash: [email] }
  - { id: appi, for: all, mandatory: true, remove: [my_number] }
reveal:
  - { id: call, for: support, kinds: [phone, email], purpose: [call-back, delivery] }
  - { for: [manager, analyst], kinds: [phone, email, person.name], purpose: audit }
  - { id: never, for: manager, kinds: [my_number], purpose: audit }
"#;

const TEL: &str = "090-1234-5678";

fn crm() -> Origin {
    Origin::start(|request| {
        let id = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        let odd = match id.as_str() {
            "none" => r#"{"id":"none","name":"山田 太郎"}"#,
            "two" => r#"{"id":"two","tel":["090-1234-5678","090-1234-5679"]}"#,
            "null" => r#"{"id":"null","tel":null}"#,
            "mixed" => r#"{"id":"mixed","tel":"090-1234-5678 / a@example.jp"}"#,
            "other" => r#"{"id":"43","customer":{"id":"44"},"tel":"090-1234-5678"}"#,
            "broken" => r#"{"id":"broken","tel":"090-1234-5678""#,
            "page" => "<p>090-1234-5678</p>",
            _ => "",
        };
        match id.as_str() {
            "gone" => return Answer::new(404, "application/json", r#"{"tel":"090-1234-5678"}"#),
            "43" => return Answer::new(200, "application/json", r#"{"id":"43","tel":"090-1234-0043"}"#),
            "page" => return Answer::new(200, "text/html", odd),
            _ if !odd.is_empty() => return Answer::new(200, "application/json", odd),
            _ => {}
        }
        let body =
            format!(r#"{{"id":"{id}","name":"山田 太郎","tel":"{TEL}","mail":"taro@example.jp","mn":"123456789018"}}"#);
        Answer::new(200, "application/json", &body)
    })
}

fn headers<'a>(user: &'a str, groups: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut all = vec![("X-Remote-User", user), ("X-Remote-Groups", groups)];
    all.extend(more);
    if !all.iter().any(|(name, _)| *name == "Content-Type") {
        all.push(("Content-Type", "application/json"));
    }
    all
}

fn ask(gateway: &Running, user: &str, groups: &str, body: &Value) -> Answer {
    let headers = headers(user, groups, &[]);
    request(gateway.staff, "POST", "/.sudare/v1/reveal", &headers, &body.to_string()).expect("an answer")
}

fn customer(gateway: &Running, path: &str, user: &str, groups: &str) -> Value {
    let answer = gateway.get(path, user, groups);
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).expect("JSON")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect("text")
}

/// What anybody can tell of an answer, but for its number.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("sudare-request").expect("an id");
    let headers = answer.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("date"));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.replace(&id, "ID"))).collect();
    (answer.status, headers, answer.text().replace(&id, "ID"))
}

#[test]
fn a_token_is_turned_back_for_whoever_has_a_right_and_says_what_for() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let record = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    for (name, kind, value) in [("tel", "phone", TEL), ("mail", "email", "taro@example.jp")] {
        let token = text(&record, name);
        let body = json!({ "token": token, "purpose": "call-back" });
        let answer = ask(&gateway, "tanaka", "crm-support", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.text(), json!({ "kind": kind, "value": value }).to_string());
        assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
        let entry = gateway.record(&answer.header("sudare-request").expect("an id"));
        assert_eq!(entry["event"], "reveal");
        assert_eq!((entry["outcome"].as_str(), entry["status"].as_u64()), (Some("released"), Some(200)));
        assert_eq!((entry["purpose"].as_str(), entry["staff"].as_str()), (Some("call-back"), Some("header:tanaka")));
        assert_eq!((&entry["rules"], &entry["path"]), (&json!(["call"]), &json!("/.sudare/v1/reveal")));
        assert_eq!(entry["subjects"], json!([{ "type": "customer", "id": "42", "kinds": { kind: { "show": 1 } } }]));
    }
    let other = ask(&gateway, "sato", "crm-managers", &json!({ "token": text(&record, "tel"), "purpose": "audit" }));
    assert_eq!(other.status, 200, "whom it was issued to does not matter");
    let page = gateway.metrics_page();
    assert!(page.contains("sudare_values_total{action=\"show\",kind=\"phone\",role=\"support\"} 1"), "{page}");
    assert!(page.contains("sudare_vault_operations_total{operation=\"reveal\",result=\"ok\"} 3"), "{page}");
    assert_eq!(crm.asked().len(), 1, "the crm is not asked");
}

#[test]
fn a_random_token_that_has_ended_is_as_unknown_as_one_that_never_was() {
    let crm = crm();
    let rules = RULES.replacen("email: random", "email: { token: random, lasts: 1s }", 1);
    assert_ne!(rules, RULES);
    let rules = format!("{rules}limits:\n  - {{ for: all, reveals: 10000, per: 1h, then: block }}\n");
    let gateway = Running::start(&crm, &rules);
    let token = || customer(&gateway, "/api/customers/42", "tanaka", "crm-support")["mail"].clone();
    let first = token();
    let reveal =
        |token: &Value| ask(&gateway, "tanaka", "crm-support", &json!({ "token": token, "purpose": "call-back" }));
    let ended = until(|| Some(reveal(&first)).filter(|answer| answer.status == 404));
    let mut never = first.as_str().expect("text").to_owned();
    never.replace_range(never.len() - 8..never.len() - 4, "aaaa");
    assert_eq!(seen(&ended), seen(&reveal(&json!(never))));
    assert_eq!(seen(&ended), seen(&reveal(&json!("tok_phone_none"))), "nor is it another than what is wrong");
    let second = token();
    assert_ne!(first, second, "its value has got another");
    assert_eq!(reveal(&first).status, 404);
}

#[test]
fn several_values_are_told_together_with_one_record() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let record = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    let other = customer(&gateway, "/api/customers/43", "tanaka", "crm-support");
    let (tel, mail, theirs) = (text(&record, "tel"), text(&record, "mail"), text(&other, "tel"));
    let of = json!({ "resource": "customer", "subject": "42", "kind": "phone" });
    let values = json!([{ "token": tel }, { "token": "tok_phone_x" }, { "token": mail }, of, { "token": theirs }, { "token": tel }]);
    let answer = ask(&gateway, "tanaka", "crm-support", &json!({ "purpose": "call-back", "values": values }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let phone = |value: &str| json!({ "kind": "phone", "value": value });
    let told = json!([
        phone(TEL), null, { "kind": "email", "value": "taro@example.jp" }, phone(TEL), phone("090-1234-0043"), phone(TEL)
    ]);
    assert_eq!(serde_json::from_slice::<Value>(&answer.body).expect("JSON"), json!({ "values": told }));
    let entry = gateway.record(&answer.header("sudare-request").expect("an id"));
    assert_eq!((entry["event"].as_str(), entry["outcome"].as_str()), (Some("reveal"), Some("released")));
    assert_eq!(entry["rules"], json!(["call"]));
    let subjects = json!([
        { "type": "customer", "id": "42", "kinds": { "phone": { "show": 3 }, "email": { "show": 1 } } },
        { "type": "customer", "id": "43", "kinds": { "phone": { "show": 1 } } },
    ]);
    assert_eq!(entry["subjects"], subjects);
    let nothing = json!({ "purpose": "audit", "values": [{ "token": tel }, { "token": mail }] });
    let nothing = ask(&gateway, "tanaka", "crm-support", &nothing);
    let one = ask(&gateway, "tanaka", "crm-support", &json!({ "purpose": "audit", "token": "tok_phone_x" }));
    assert_eq!(seen(&nothing), seen(&one), "one refusal for all");
    let entry = gateway.record(&nothing.header("sudare-request").expect("an id"));
    assert_eq!((entry["outcome"].as_str(), entry["reason"].as_str()), (Some("refused"), Some("reveal")));
    assert_eq!(entry["subjects"][0]["kinds"]["phone"], json!({ "block": 1 }));
}

#[test]
fn each_of_several_values_counts_and_beyond_a_limit_none_is_told() {
    let crm = crm();
    let limited = format!("{RULES}limits: [{{ for: support, reveals: 3, per: 1h, then: block }}]\n");
    let gateway = Running::start(&crm, &limited);
    let record = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    let status = |values: usize| {
        let values = vec![json!({ "token": text(&record, "tel") }); values];
        ask(&gateway, "tanaka", "crm-support", &json!({ "purpose": "delivery", "values": values })).status
    };
    assert_eq!([status(4), status(2), status(2), status(1), status(1)], [429, 200, 429, 200, 429]);
}

#[test]
fn what_nobody_may_have_is_one_and_the_same_and_remembered() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let record = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    let shared = customer(&gateway, "/api/shared/42", "ito", "bi");
    let (tel, mail, name) = (text(&record, "tel"), text(&record, "mail"), text(&record, "name"));
    let ring = Arc::new(Ring::open(&gateway.state().join("keys")).expect("the ring"));
    let customer = Domain::Subject { kind: "customer".into(), id: "42".into() };
    let kinds = Kinds::builtin();
    let made =
        |kind, value: &str| KeyMint::new(Arc::clone(&ring)).token(kinds.get(kind), &customer, value).expect("a token");
    let number = kinds.id("my_number").expect("a kind");
    let mine = made(number, "123456789018");
    let forged = made(EMAIL, "a@example.jp").replace("tok_email", "tok_phone");
    let folder = tempfile::tempdir().expect("a folder");
    let another = Arc::new(Place::beside(&folder.path().join("keys")).create(0).expect("a ring"));
    let foreign = KeyMint::new(another).token(kinds.get(PHONE), &customer, TEL).expect("a token");
    let body = |token: &str, purpose: &str| json!({ "token": token, "purpose": purpose });
    let asked = [
        ("tanaka", "crm-support", body("tok_phone_none", "call-back")),
        ("tanaka", "crm-support", body("", "call-back")),
        ("tanaka", "crm-support", body(&forged, "call-back")),
        ("tanaka", "crm-support", body(&tel.replace("tok_phone", "tok_email"), "call-back")),
        ("tanaka", "crm-support", body(&tel[..tel.len() - 2], "call-back")),
        // Of another house, and of nobody's vault.
        ("tanaka", "crm-support", body(&foreign, "call-back")),
        ("tanaka", "crm-support", body(&format!("tok_phone_{}", "ai".repeat(28)), "call-back")),
        // What FF1 made is opened by nothing.
        ("tanaka", "crm-support", body(name, "call-back")),
        // Another role's purpose, one that no rule knows, and another role's kind.
        ("tanaka", "crm-support", body(tel, "audit")),
        ("tanaka", "crm-support", body(tel, "curiosity")),
        ("suzuki", "crm-partners,bi", body(mail, "delivery")),
        // A mandatory rule veils it from everybody.
        ("sato", "crm-managers", body(&mine, "audit")),
        // Of a domain: whose it is must be said.
        ("ito", "bi", body(text(&shared, "tel"), "audit")),
        ("sato", "crm-managers", json!({ "token": tel, "resource": "customer", "subject": "43", "purpose": "audit" })),
        ("sato", "crm-managers", json!({ "resource": "none", "subject": "42", "kind": "phone", "purpose": "audit" })),
        (
            "sato",
            "crm-managers",
            json!({ "resource": "customer", "subject": "42", "kind": "fone", "purpose": "audit" }),
        ),
        (
            "sato",
            "crm-managers",
            json!({ "resource": "customer", "subject": "42", "kind": "my_number", "purpose": "audit" }),
        ),
    ];
    let mut first = None;
    for (user, groups, body) in &asked {
        let answer = ask(&gateway, user, groups, body);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (404, Some("reveal")), "{body}");
        assert_eq!(first.get_or_insert_with(|| seen(&answer)), &seen(&answer), "{body}");
        // It was durable before the answer.
        let records = gateway.records(&answer.header("sudare-request").expect("an id"));
        assert_eq!(records.len(), 1, "{body}: {records:?}");
        let entry = &records[0];
        assert_eq!((entry["event"].as_str(), entry["outcome"].as_str()), (Some("reveal"), Some("refused")), "{body}");
        assert_eq!((entry["reason"].as_str(), entry["status"].as_u64()), (Some("reveal"), Some(404)));
        assert!(entry["purpose"] != "curiosity" && !entry.to_string().contains("tok_"), "{entry}");
    }
    let page = gateway.metrics_page();
    let count = asked.len();
    assert!(page.contains(&format!("sudare_refusals_total{{reason=\"reveal\"}} {count}")), "{page}");
    assert!(gateway.stop().success());
    let out = [gateway.log(), gateway.ledger_text(), page].concat();
    for value in [TEL, "taro@example.jp", "123456789018", "tok_phone", "tok_email"] {
        assert!(!out.contains(value), "{value}: {out}");
    }
    assert!(gateway.verify().success());
}

#[test]
fn only_programs_ask_and_only_in_json() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let record = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    let body = json!({ "token": text(&record, "tel"), "purpose": "call-back" }).to_string();
    let send = |method: &str, path: &str, more: &[(&str, &str)], body: &str| {
        request(gateway.staff, method, path, &headers("tanaka", "crm-support", more), body).expect("an answer")
    };
    let api = "/.sudare/v1/reveal";
    for (more, status, reason) in [
        (&[][..], 200, None),
        (&[("Content-Type", "application/json; charset=UTF-8")], 200, None),
        // A stored script in a customer's name asks like this, from this very site.
        (&[("Origin", "http://127.0.0.1"), ("Sec-Fetch-Site", "same-origin")], 403, Some("confirm")),
        (
            &[("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
            403,
            Some("confirm"),
        ),
        (&[("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")], 403, Some("confirm")),
        // An old browser's, or one without TLS.
        (&[("Origin", "http://127.0.0.1")], 403, Some("confirm")),
        (&[("Origin", "null")], 403, Some("confirm")),
        (&[("Origin", "https://evil.example")], 403, Some("confirm")),
        // What a form of a page can send.
        (&[("Content-Type", "text/plain")], 400, Some("request-unreadable")),
        (&[("Content-Type", "application/x-www-form-urlencoded")], 400, Some("request-unreadable")),
        (&[("Content-Type", "multipart/form-data; boundary=a")], 400, Some("request-unreadable")),
        (&[("Content-Type", "application/json, text/plain")], 400, Some("request-unreadable")),
        (&[("Content-Type", "application/json; charset=utf-16")], 400, Some("request-unreadable")),
        (&[("Content-Encoding", "gzip")], 400, Some("request-unreadable")),
        (&[("Content-Encoding", "identity")], 400, Some("request-unreadable")),
        (
            &[("Content-Type", "application/json"), ("Content-Type", "application/json")],
            400,
            Some("request-unreadable"),
        ),
    ] {
        let answer = send("POST", api, more, &body);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (status, reason), "{more:?}");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let answer = send(method, api, &[], "");
        assert_eq!((answer.status, answer.header("allow").as_deref()), (405, Some("POST")), "{method}");
    }
    for (path, status) in [("/.sudare/v1/reveal/", 404), ("/.sudare/v1/%72eveal", 404), ("/.sudare/v1/reveal?a=b", 200)]
    {
        assert_eq!(send("POST", path, &[], &body).status, status, "{path}");
    }
    assert_eq!(send("POST", api, &[], "{}").status, 400);
    assert_eq!(
        send("POST", api, &[], &format!("{{\"token\":\"{}\",\"purpose\":\"a\"}}", "x".repeat(40_000))).status,
        413
    );
    let nobody =
        request(gateway.staff, "POST", api, &[("Content-Type", "application/json")], &body).expect("an answer");
    assert_eq!(nobody.status, 401);
    assert_eq!(ask(&gateway, "guest", "", &json!({ "token": "t", "purpose": "audit" })).status, 403, "no role");
    assert_eq!(crm.asked().len(), 1, "nothing of it reached the crm");
}

#[test]
fn a_session_of_the_crm_s_own_asks_for_nothing_by_a_call() {
    let crm = Origin::start(|request| match request.path() {
        "/login" => {
            Answer::new(302, "text/html", "").with("Location", "/home").with("Set-Cookie", "CRMSESSID=abc; Path=/")
        }
        _ => Answer::new(200, "text/html", "<p>home</p>"),
    });
    let config = "identity: [{ session: { login: POST /login, user: form.username, cookie: CRMSESSID, success: { status: 302, location: \"/home*\" }, groups: staff.yaml } }]";
    let files = [("staff.yaml", "tanaka: { groups: [crm-support] }\n")];
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config, files: &files });
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = request(gateway.staff, "POST", "/login", &form, "username=tanaka&password=x").expect("an answer");
    assert_eq!(answer.status, 302, "{}", answer.text());
    let headers = [("Cookie", "CRMSESSID=abc"), ("Content-Type", "application/json")];
    let body = json!({ "token": "t", "purpose": "call-back" }).to_string();
    let asked = |path: &str| request(gateway.staff, "POST", path, &headers, &body).expect("an answer");
    let refused = asked("/.sudare/v1/reveal");
    assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (403, Some("confirm")));
    assert_eq!(gateway.record(&refused.header("sudare-request").expect("an id"))["staff"], "session:tanaka");
}

#[test]
fn misses_count_like_hits() {
    let crm = crm();
    let limited = format!(
        "{RULES}limits: [{{ for: support, reveals: 3, per: 1h, then: block }}, {{ for: support, reveals: 2, per: 1h, then: alert }}, {{ for: support, searches: 1, per: 1h, then: block }}]\n"
    );
    let gateway = Running::start(&crm, &limited);
    let record = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    let status = |user: &str, token: &str| {
        let answer = ask(&gateway, user, "crm-support", &json!({ "token": token, "purpose": "delivery" }));
        (answer.status, answer.header("sudare-refusal"))
    };
    let tel = text(&record, "tel");
    assert_eq!(status("tanaka", tel).0, 200);
    assert_eq!(status("tanaka", "tok_phone_x").0, 404);
    assert_eq!(status("tanaka", tel).0, 200, "the same counts each time");
    assert_eq!(status("tanaka", tel), (429, Some("limit".into())));
    assert_eq!(status("tanaka", "tok_phone_x"), (429, Some("limit".into())));
    assert_eq!(status("sato", tel).0, 200, "others are others");
    let page = gateway.metrics_page();
    assert!(page.contains("sudare_limits_total{role=\"support\",then=\"block\"} 2"), "{page}");
    assert!(page.contains("sudare_limits_total{role=\"support\",then=\"alert\"} 1"), "{page}");
    gateway.write_rules(RULES);
    gateway.hang_up();
    // Where no rule says how often, it is a hundred times an hour.
    until(|| (status("tanaka", "x").0 == 404).then_some(()));
    for at in 4..100 {
        assert_eq!(status("tanaka", "x").0, 404, "{at}");
    }
    assert_eq!(status("tanaka", "x"), (429, Some("limit".into())));
}

#[test]
fn a_kind_of_a_record_is_what_the_crm_shows_staff_now() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let of = |resource: &str, subject: &str| json!({ "resource": resource, "subject": subject, "kind": "phone", "purpose": "audit" });
    let answer = ask(&gateway, "sato", "crm-managers", &of("customer", "42"));
    assert_eq!((answer.status, answer.text()), (200, json!({ "kind": "phone", "value": TEL }).to_string()));
    let entry = gateway.record(&answer.header("sudare-request").expect("an id"));
    assert_eq!((&entry["resource"], &entry["event"]), (&json!("customer"), &json!("reveal")));
    assert_eq!(entry["subjects"], json!([{ "type": "customer", "id": "42", "kinds": { "phone": { "show": 1 } } }]));
    let asked = crm.asked();
    assert!(asked.len() == 1 && asked[0].starts_with("GET /api/customers/42 "), "{asked:?}");
    assert!(!asked[0].to_lowercase().contains("content-"), "{asked:?}");
    let mut first = None;
    for subject in
        ["none", "two", "null", "mixed", "broken", "page", "gone", "..", "42/../43", "42?a=b", "42#a", "%34%32"]
    {
        let answer = ask(&gateway, "sato", "crm-managers", &of("customer", subject));
        assert_eq!(answer.status, 404, "{subject}");
        assert_eq!(first.get_or_insert_with(|| seen(&answer)), &seen(&answer), "{subject}");
        let records = gateway.records(&answer.header("sudare-request").expect("an id"));
        assert_eq!((records.len(), &records[0]["outcome"]), (1, &json!("refused")), "{subject}");
    }
    // Who has no right to it has nothing asked of the crm.
    let before = crm.asked().len();
    assert_eq!(ask(&gateway, "tanaka", "crm-support", &of("customer", "42")).status, 404);
    assert_eq!(crm.asked().len(), before);
}

#[test]
fn a_token_of_a_domain_is_revealed_with_whose_it_is() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let shared = customer(&gateway, "/api/shared/42", "ito", "bi");
    let status = |resource: &str, subject: &str, purpose: &str| {
        let body =
            json!({ "token": text(&shared, "tel"), "resource": resource, "subject": subject, "purpose": purpose });
        ask(&gateway, "ito", "bi", &body).status
    };
    assert_eq!(status("shared", "42", "audit"), 200);
    assert_eq!(status("customer", "42", "audit"), 200);
    assert_eq!(status("shared", "43", "audit"), 404, "another's number");
    assert_eq!(status("shared", "42", "call-back"), 404);
    assert_eq!(status("none", "42", "audit"), 404);
    // One of a subject's own may be named with it too.
    let own = customer(&gateway, "/api/customers/42", "tanaka", "crm-support");
    let status = |resource: &str, subject: &str| {
        let body =
            json!({ "token": text(&own, "tel"), "resource": resource, "subject": subject, "purpose": "delivery" });
        ask(&gateway, "tanaka", "crm-support", &body).status
    };
    assert_eq!((status("customer", "42"), status("customer", "43"), status("none", "42")), (200, 404, 404));
}

const LASTING: &str = r#"
sudare: 1
roles: { support: { groups: [crm-support] } }
fields: { customer: { phone: [tel], email: [mail], notes: [memo] } }
resources:
  - { id: customer, match: "GET /api/customers/{id}", subject: path.id, fields: customer }
  - { id: list, match: GET /api/customers, subject: { type: customer, at: $.id }, records: "$[*]", fields: customer }
rules:
  - { for: support, mask: { phone: last4, email: domain }, show: [notes] }
reveal:
  - { id: call, for: support, kinds: [phone], purpose: call-back, lasts: LASTS }
"#;

fn lasting() -> Origin {
    let record = |id: u32| {
        format!(
            r#"{{"id":{id},"tel":"090-1111-00{id}","mail":"m{id}@example.jp","memo":"妻 090-2222-00{id}","x":"090-3333-00{id}"}}"#
        )
    };
    Origin::start(move |request| match request.path() {
        "/api/customers" => Answer::new(200, "application/json", &format!("[{},{}]", record(42), record(43))),
        path => {
            let id = path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap_or(0);
            Answer::new(200, "application/json", &record(id))
        }
    })
}

#[test]
fn what_was_revealed_stays_open_to_that_person_alone() {
    let crm = lasting();
    let rules = LASTING.replace("LASTS", "1h");
    let mut gateway = Running::start(&crm, &rules);
    let page = |gateway: &Running, path: &str, user: &str| gateway.get(path, user, "crm-support").text();
    let veiled = |id: u32| {
        format!(
            r#"{{"id":{id},"tel":"***-****-00{id}","mail":"****@example.jp","memo":"妻 ***-****-00{id}","x":"***-****-00{id}"}}"#
        )
    };
    // The number of the field, and no other that stands there.
    let open =
        |id: u32| veiled(id).replace(&format!(r#""tel":"***-****-00{id}""#), &format!(r#""tel":"090-1111-00{id}""#));
    assert_eq!(page(&gateway, "/api/customers/42", "tanaka"), veiled(42));
    let body = json!({ "resource": "customer", "subject": "42", "kind": "phone", "purpose": "call-back" });
    let answer = ask(&gateway, "tanaka", "crm-support", &body);
    assert_eq!((answer.status, answer.text()), (200, json!({ "kind": "phone", "value": "090-1111-0042" }).to_string()));
    let shown = gateway.get("/api/customers/42", "tanaka", "crm-support");
    assert_eq!(shown.text(), open(42));
    let entry = gateway.record(&shown.header("sudare-request").expect("an id"));
    assert_eq!(entry["subjects"][0]["kinds"]["phone"], json!({ "mask": 2, "show": 1 }), "{entry}");
    assert!(entry["rules"].as_array().expect("a list").contains(&json!("call")), "{entry}");
    assert_eq!(page(&gateway, "/api/customers", "tanaka"), format!("[{},{}]", open(42), veiled(43)));
    assert_eq!(page(&gateway, "/api/customers/43", "tanaka"), veiled(43));
    assert_eq!(page(&gateway, "/api/customers/42", "sato"), veiled(42), "others are others");
    assert_eq!(
        gateway.get("/api/customers?sort=tel", "tanaka", "crm-support").status,
        403,
        "questions stay what they are"
    );
    gateway.kill();
    gateway.restart();
    assert_eq!(page(&gateway, "/api/customers/42", "tanaka"), open(42), "a restart forgets nothing");
    // A rule that is no more opens nothing, nor one that lasts less.
    gateway.write_rules(&rules.replace("purpose: call-back", "purpose: audit"));
    gateway.hang_up();
    until(|| (page(&gateway, "/api/customers/42", "tanaka") == veiled(42)).then_some(()));
    assert!(gateway.stop().success() && gateway.verify().success());
}

#[test]
fn what_was_revealed_is_veiled_again_when_its_time_is_over() {
    let crm = lasting();
    let gateway = Running::start(&crm, &LASTING.replace("LASTS", "3s"));
    let page = || gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    let body = json!({ "resource": "customer", "subject": "42", "kind": "phone", "purpose": "call-back" });
    let shown = until(|| {
        // On a busy machine its time may pass before it is looked for.
        assert_eq!(ask(&gateway, "tanaka", "crm-support", &body).status, 200);
        Some(page()).filter(|page| page.contains("090-1111-0042"))
    });
    until(|| Some(page()).filter(|page| *page != shown && !page.contains("090-1111")));
}

/// A CRM with a log-in of its own.
fn with_log_in() -> Origin {
    Origin::start(|request| match request.path() {
        "/login" => {
            let user = if request.0.contains("sato") { "sato" } else { "tanaka" };
            let cookie = format!("CRMSESSID={user}-1; Path=/");
            Answer::new(302, "text/html", "").with("Location", "/home").with("Set-Cookie", &cookie)
        }
        "/api/customers/42" => Answer::new(200, "application/json", &format!(r#"{{"id":"42","tel":"{TEL}"}}"#)),
        _ => Answer::new(200, "text/html", "<p>home</p>"),
    })
}

const SESSIONS: &str = "identity: [{ session: { login: POST /login, user: form.username, cookie: CRMSESSID, success: { status: 302, location: \"/home*\" }, groups: staff.yaml } }]";
const STAFF: [(&str, &str); 1] = [("staff.yaml", "tanaka: [crm-support]\nsato: [crm-support]\n")];

fn log_in(gateway: &Running, user: &str) {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("username={user}&password=x");
    assert_eq!(request(gateway.staff, "POST", "/login", &form, &body).expect("an answer").status, 302);
}

/// What a browser says of a window that a person steers.
const WINDOW: [(&str, &str); 4] = [
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-User", "?1"),
];

/// What a browser asks in which somebody is logged in.
fn browse(gateway: &Running, method: &str, path: &str, (user, own): (&str, &[(&str, &str)]), body: &str) -> Answer {
    let cookie = format!("CRMSESSID={user}-1");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let headers = [own, &[("Cookie", cookie.as_str()), form, ("Accept", "text/html")]].concat();
    request(gateway.staff, method, path, &headers, body).expect("an answer")
}

/// What the form of a page that asks sends back.
fn sealed(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("name=\"confirmation\" value=\"").expect("a seal");
    format!("confirmation={}", rest.split('"').next().expect("its end"))
}

#[test]
fn staff_in_a_browser_confirms_and_a_script_cannot() {
    let crm = with_log_in();
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: SESSIONS, files: &STAFF });
    ["tanaka", "sato"].iter().for_each(|user| log_in(&gateway, user));
    let send = |method: &str, path: &str, user: &str, own: &[(&str, &str)], body: &str| {
        browse(&gateway, method, path, (user, own), body)
    };
    let page = "/.sudare/reveal?resource=customer&subject=42&kind=phone&purpose=call-back";
    let shown = send("GET", page, "tanaka", &WINDOW, "");
    assert_eq!(shown.status, 200, "{}", shown.text());
    let policy = shown.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(shown.header("x-frame-options").as_deref(), Some("DENY"));
    assert_eq!(shown.header("cross-origin-opener-policy").as_deref(), Some("same-origin"));
    assert_eq!(shown.header("cache-control").as_deref(), Some("no-store"));
    for word in ["session:tanaka", "phone", "call-back", "customer 42"] {
        assert!(shown.text().contains(word), "{word}: {}", shown.text());
    }
    assert!(!crm.asked().concat().contains("/api/customers"), "nothing is looked for before it is confirmed");
    let confirmation = sealed(&shown);
    // What a stored script in a page of the crm can do: fetch, frame, send a form without a person.
    let with = |at: usize, value: &'static str| {
        let mut all = WINDOW;
        all[at].1 = value;
        all
    };
    for (method, path, own, body) in [
        ("GET", page, with(1, "cors").to_vec(), ""),
        ("GET", page, with(2, "iframe").to_vec(), ""),
        ("GET", page, with(2, "empty").to_vec(), ""),
        ("GET", page, with(0, "cross-site").to_vec(), ""),
        ("GET", page, [&WINDOW[..], &[("Service-Worker-Navigation-Preload", "true")]].concat(), ""),
        ("GET", page, Vec::new(), ""),
        ("POST", "/.sudare/reveal", with(1, "cors").to_vec(), &confirmation),
        ("POST", "/.sudare/reveal", with(2, "iframe").to_vec(), &confirmation),
        ("POST", "/.sudare/reveal", with(0, "cross-site").to_vec(), &confirmation),
        ("POST", "/.sudare/reveal", WINDOW[..3].to_vec(), &confirmation),
        ("POST", "/.sudare/v1/reveal", WINDOW.to_vec(), &confirmation),
    ] {
        let answer = send(method, path, "tanaka", &own, body);
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (403, Some("confirm")), "{own:?}");
    }
    assert_eq!(send("POST", "/.sudare/reveal", "sato", &WINDOW, &confirmation).status, 404, "it is another's");
    for odd in ["", "a=b", "confirmation=a&confirmation=b", "confirmation=a&purpose=audit"] {
        assert_eq!(send("POST", "/.sudare/reveal", "tanaka", &WINDOW, odd).status, 400, "{odd}");
    }
    let told = send("POST", "/.sudare/reveal", "tanaka", &WINDOW, &confirmation);
    assert_eq!(told.status, 200, "{}", told.text());
    assert!(told.text().contains(TEL), "{}", told.text());
    assert_eq!(told.header("cross-origin-opener-policy").as_deref(), Some("same-origin"));
    assert_eq!(told.header("x-frame-options").as_deref(), Some("DENY"));
    let entry = gateway.record(&told.header("sudare-request").expect("an id"));
    assert_eq!((&entry["event"], &entry["staff"]), (&json!("reveal"), &json!("session:tanaka")));
    assert_eq!((&entry["path"], &entry["purpose"]), (&json!("/.sudare/reveal"), &json!("call-back")));
    let again = send("POST", "/.sudare/reveal", "tanaka", &WINDOW, &confirmation);
    assert_eq!((again.status, again.header("sudare-refusal").as_deref()), (404, Some("reveal")), "it is good once");
    let miss = gateway.record(&again.header("sudare-request").expect("an id"));
    assert_eq!((&miss["event"], &miss["outcome"]), (&json!("reveal"), &json!("refused")));
}

#[test]
fn the_page_that_confirms_says_only_what_the_rules_do() {
    let crm = with_log_in();
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config: SESSIONS, files: &STAFF });
    log_in(&gateway, "tanaka");
    let send = |method: &str, path: &str, user: &str, own: &[(&str, &str)], body: &str| {
        browse(&gateway, method, path, (user, own), body)
    };
    for (path, status) in [
        ("/.sudare/reveal", 200),
        ("/.sudare/reveal?token=tok_phone_a&purpose=call-back", 200),
        ("/.sudare/reveal?token=tok_phone_a&purpose=audit", 404),
        ("/.sudare/reveal?token=tok_none_a&purpose=call-back", 404),
        ("/.sudare/reveal?token=tok_phone_a&token=b&purpose=call-back", 400),
        ("/.sudare/reveal?token=tok_phone_a&purpose=call-back&more=1", 400),
        ("/.sudare/reveal?purpose=call-back", 400),
    ] {
        assert_eq!(send("GET", path, "tanaka", &WINDOW, "").status, status, "{path}");
    }
    let wrong = send("GET", "/.sudare/reveal?token=tok_phone_a&purpose=call-back", "tanaka", &WINDOW, "");
    assert_eq!(send("POST", "/.sudare/reveal", "tanaka", &WINDOW, &sealed(&wrong)).status, 404);
    let other = send("DELETE", "/.sudare/reveal", "tanaka", &WINDOW, "");
    assert_eq!((other.status, other.header("allow").as_deref()), (405, Some("GET, POST")));
}
