//! The reveal API through a running gateway: who gets what for which purpose, what nobody gets, and that all of it
//! is remembered and counted.

use std::sync::Arc;

use serde_json::{Value, json};
use sudare::terms::kind::{EMAIL, Kinds};
use sudare::terms::mint::{Domain, Mint};
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::Ring;

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
    let body = |token: &str, purpose: &str| json!({ "token": token, "purpose": purpose });
    let asked = [
        ("tanaka", "crm-support", body("tok_phone_none", "call-back")),
        ("tanaka", "crm-support", body("", "call-back")),
        ("tanaka", "crm-support", body(&forged, "call-back")),
        ("tanaka", "crm-support", body(&tel.replace("tok_phone", "tok_email"), "call-back")),
        ("tanaka", "crm-support", body(&tel[..tel.len() - 2], "call-back")),
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
