//! The gateway as its users run it: the binary, a configuration, a CRM behind it, and raw sockets.

mod bodies;
mod bounds;
pub mod client;
mod columns;
mod confirmed;
mod console;
mod crm;
mod disks;
mod ending;
pub mod endless;
mod events;
mod explained;
mod forgotten;
mod forwarding;
mod heads;
mod identity;
mod jwks;
mod kek;
mod keys;
mod limits;
mod log;
mod login;
mod memory;
mod migrate;
pub mod origin;
mod proxied;
mod reload;
mod remembered;
mod restore;
mod reveal;
pub mod running;
mod searches;
mod service;
mod session;
mod sites;
mod skins;
mod stored;
mod stored_format;
mod stored_writes;
mod tokens;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client::{Answer, get, request};
use origin::Origin;
use running::{Running, Setup, until};

pub const RULES: &str = r#"
sudare: 1
roles:
  support: { groups: [crm-support] }
  manager: { groups: [crm-managers] }
fields:
  customer:
    person.name: [name, 氏名]
    phone: [tel, 電話番号]
    email: [mail, メール]
    notes: [memo, 備考]
resources:
  - { id: customer, match: "GET|PUT /api/customers/{id}", subject: path.id, fields: customer }
  - { id: list, match: GET /customers, records: "css:table tbody tr", subject: 番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
  - { id: export, match: GET /export.csv, event: export, subject: 番号, fields: [{ at: 氏名, is: person.name }, { at: 電話番号, is: phone }] }
rules:
  - { id: support-1, for: support, show: [person.name], mask: { phone: last4, email: domain, notes: full } }
  - { id: manager-1, for: manager, show: [identity, contact, notes] }
  - { id: appi-1, for: all, mandatory: true, remove: [my_number], why: "My Number Act art. 19" }
"#;

const RECORD: &str = r#"{"id":42,"name":"山田 太郎","tel":"090-1234-5678","mail":"taro@example.jp","memo":"妻 090-8765-4321","no":12345678901234567890,"x":1.10}"#;

const PAGE: &str = "<html><head><title>山田 太郎</title></head><body><table><thead><tr><th>番号</th><th>氏名</th><th>電話番号</th></tr></thead>\
<tbody><tr><td>42</td><td>山田 太郎</td><td><a href=\"tel:09012345678\">090-1234-5678</a></td></tr></tbody></table></body></html>";

/// Every personal value of the pages above, in the spellings of the pages.
const CANARIES: [&str; 6] =
    ["090-1234-5678", "09012345678", "taro@example.jp", "090-8765-4321", "0987-654-321", "secret-subject@example.jp"];

fn crm() -> Origin {
    Origin::start(|request| match request.path() {
        "/api/customers/42" => Answer::new(200, "application/json", RECORD),
        "/customers" => Answer::new(200, "text/html; charset=utf-8", PAGE),
        "/export.csv" => Answer::new(200, "text/csv; charset=utf-8", &export(30_000))
            .with("Content-Disposition", "attachment; filename=\"customer-30000.csv\""),
        "/error" => Answer::new(500, "text/html", "<pre>SELECT * FROM t WHERE tel='090-1234-5678'</pre>"),
        "/blob" => Answer::new(200, "application/octet-stream", "\u{1}\u{2}090-1234-5678"),
        "/special" => Answer::new(
            200,
            "application/json",
            r#"{"no":1,"口座番号":"7654321","病歴":"あり","パスワード":"hinotori-77"}"#,
        ),
        "/plain" => Answer::new(200, "text/plain; charset=utf-8", "call taro@example.jp"),
        _ => Answer::new(404, "text/html", "<p>not here</p>"),
    })
}

fn export(rows: usize) -> String {
    let mut text = String::from("番号,氏名,電話番号,品目\r\n");
    for row in 0..rows {
        text.push_str(&format!(
            "{row},\"山田 {row}\",090-1234-{:04},\"a, \"\"b\"\"\r\nc {}\"\r\n",
            row % 10_000,
            "x".repeat(60)
        ));
    }
    text
}

#[test]
fn each_role_gets_its_own_view_and_the_ledger_tells_it() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let support = gateway.get("/api/customers/42", "tanaka", "crm-support");
    assert_eq!(support.status, 200, "{support:?}");
    let expected = r#"{"id":42,"name":"山田 太郎","tel":"***-****-5678","mail":"****@example.jp","memo":"****","no":12345678901234567890,"x":1.10}"#;
    assert_eq!(support.text(), expected);
    let manager = gateway.get("/api/customers/42", "sato", "crm-managers");
    assert_eq!(manager.text(), RECORD, "what no edit touches leaves byte for byte");
    let id = support.header("sudare-request").expect("an id");
    let record = gateway.record(&id);
    assert_eq!(record["staff"], "header:tanaka");
    assert_eq!(record["roles"][0], "support");
    assert_eq!(record["path"], "/api/customers/{id}");
    assert_eq!(record["resource"], "customer");
    assert_eq!(record["subjects"][0]["type"], "customer");
    assert_eq!(record["subjects"][0]["id"], "42");
    assert_eq!(record["subjects"][0]["kinds"]["phone"]["mask"], 1);
    assert_eq!(record["subjects"][0]["kinds"]["person.name"]["show"], 1);
    assert_eq!((record["event"].as_str(), record["outcome"].as_str()), (Some("view"), Some("released")));
}

#[test]
fn pages_are_veiled_wherever_the_value_stands() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let page = gateway.get("/customers", "tanaka", "crm-support");
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.text().contains("<td>山田 太郎</td>"), "{}", page.text());
    assert!(page.text().contains("***-****-5678"), "{}", page.text());
    assert!(!page.text().contains("1234-5678") && !page.text().contains("09012345678"), "{}", page.text());
    assert_eq!(page.header("cache-control").as_deref(), Some("private, no-store"));
}

#[test]
fn a_long_export_leaves_in_recorded_parts() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let answer = gateway.get("/export.csv", "tanaka", "crm-support");
    let text = answer.text();
    assert!(text.len() > 3 << 20, "{} bytes", text.len());
    assert_eq!(text.matches("***-****-").count(), 30_000);
    assert!(!text.contains("090-1234"), "a number was left");
    assert_eq!(text.replace("***-****-", "090-1234-"), export(30_000), "bytes outside the edits changed");
    // Whose name it is may only stand in its last row.
    assert_eq!(answer.header("content-disposition").as_deref(), Some("attachment"));
    let id = answer.header("sudare-request").expect("an id");
    let records =
        until(|| Some(gateway.records(&id)).filter(|records| records.iter().any(|record| record["end"] == "done")));
    assert!(records.len() > 2, "{} records", records.len());
    let subjects: usize = records.iter().map(|record| record["subjects"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(subjects, 30_000);
    assert!(records.iter().all(|record| record["event"] == "export"));
}

#[test]
fn what_is_refused_is_refused_with_its_reason() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let asked = |path: &str| gateway.get(path, "tanaka", "crm-support");
    for (answer, status, reason) in [
        (get(gateway.staff, "/api/customers/42", &[]), 401, "unrecognised"),
        (gateway.get("/api/customers/42", "x", "nobody"), 403, "no-role"),
        (asked("/customers?sort=tel"), 403, "query"),
        (asked("/customers?order_by=-tel"), 403, "query"),
        (asked("/customers?tel=0901"), 403, "query"),
        (asked("/customers?tel__startswith=090-1234-5678"), 403, "query"),
        (asked("/blob"), 502, "unreadable"),
        (asked("/.sudare/v1/none"), 404, "not-found"),
        (asked("/%2Esudare/v1/none"), 404, "not-found"),
        (asked("/api/customers/%2e%2e/42"), 400, "ambiguous"),
        (gateway.put("/api/customers/42", "tanaka", "crm-support", r#"{"tel":"***-****-5678"}"#), 409, "veil"),
        (gateway.put("/api/customers/42", "tanaka", "crm-support", r#"{"memo":"see tel ***-****-5678"}"#), 409, "veil"),
    ] {
        assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (status, Some(reason)), "{answer:?}");
    }
    assert!(!crm.asked().iter().any(|request| request.starts_with("PUT")), "a veil reached the crm");
    assert!(!crm.asked().concat().contains("sudare/v1"), "a path of the gateway's own reached the crm");
    assert_eq!(asked("/customers?tel=090-1234-5678").status, 200, "a whole value may be looked for");
    let error = asked("/error");
    assert_eq!(error.status, 500);
    assert!(!error.text().contains("090-1234"), "{}", error.text());
}

#[test]
fn a_write_is_recorded_before_it_goes_on() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let answer = gateway.put("/api/customers/42", "sato", "crm-managers", r#"{"tel":"090-1111-2222"}"#);
    assert_eq!(answer.status, 200, "{answer:?}");
    let records = gateway.records(&answer.header("sudare-request").expect("an id"));
    assert_eq!(records[0]["event"], "write");
    assert_eq!(records[0]["outcome"], "forwarded");
    assert_eq!(records[0]["subjects"][0]["id"], "42");
    assert!(crm.asked().iter().any(|request| request.starts_with("PUT") && request.contains("090-1111-2222")));
}

#[test]
fn no_personal_value_is_in_anything_that_comes_out() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let mut out = String::new();
    for path in [
        "/api/customers/42",
        "/customers",
        "/error",
        "/blob",
        "/plain",
        "/customers?sort=tel",
        "/customers?tel=0987-654-321",
        "/nothing/090-8765-4321",
        "/api/customers/secret-subject@example.jp",
    ] {
        let answer = gateway.get(path, "tanaka", "crm-support");
        out.push_str(&format!("{path} -> {answer:?}\n").replace(path, ""));
    }
    out.push_str(&gateway.metrics_page());
    gateway.stop();
    out.push_str(&gateway.log());
    out.push_str(&gateway.ledger_text());
    for canary in CANARIES {
        assert!(!out.contains(canary), "{canary} came out:\n{out}");
    }
    assert!(out.contains("sudare_values_total{action=\"mask\",kind=\"phone\",role=\"support\"}"), "{out}");
}

#[test]
fn rules_are_reloaded_and_a_bad_change_is_refused() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let tel = || gateway.get("/api/customers/42", "tanaka", "crm-support").text();
    gateway.write_rules(&RULES.replace("phone: last4", "phone: full"));
    until(|| tel().contains(r#""tel":"****""#).then_some(()));
    gateway.write_rules("sudare: 1\nroles: [");
    let refused = || {
        let page = gateway.metrics_page();
        let count = page.lines().find_map(|line| line.strip_prefix("sudare_policy_reloads_total{result=\"refused\"} "));
        count.and_then(|count| count.parse::<u32>().ok()).unwrap_or_default()
    };
    until(|| (refused() > 0).then_some(()));
    assert!(tel().contains(r#""tel":"****""#), "the last good rules stay");
    gateway.write_rules(RULES);
    until(|| tel().contains("***-****-5678").then_some(()));
    // As other editors do it: the file is emptied, and written some time later.
    let (before, path) = (refused(), gateway.state().with_file_name("rules").join("rules.yaml"));
    std::fs::write(&path, "").expect("an empty file");
    until(|| (refused() > before).then_some(()));
    assert!(tel().contains("***-****-5678"), "an empty file is no rules");
    std::fs::write(&path, RULES.replace("phone: last4", "phone: full")).expect("rules");
    until(|| tel().contains(r#""tel":"****""#).then_some(()));
}

#[test]
fn without_a_ledger_nothing_is_disclosed_and_it_comes_back_by_itself() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let asked = || gateway.get("/api/customers/42", "tanaka", "crm-support");
    assert_eq!(asked().status, 200);
    let up = |gateway: &Running| gateway.metrics_page().contains("\nsudare_ledger_up 1\n");
    assert!(up(&gateway));
    let (here, gone) = (gateway.state().join("ledger"), gateway.state().join("gone"));
    std::fs::rename(&here, &gone).expect("the folder goes");
    std::fs::write(&here, "in the way").expect("a file in its place");
    let refused = until(|| Some(asked()).filter(|answer| answer.status == 503));
    assert_eq!(refused.header("sudare-refusal").as_deref(), Some("ledger"));
    assert!(!refused.text().contains("5678"));
    assert_eq!((gateway.admin("/readyz").status, up(&gateway)), (503, false));
    std::fs::remove_file(&here).expect("the way is free");
    std::fs::rename(&gone, &here).expect("the folder is back");
    until(|| Some(asked()).filter(|answer| answer.status == 200));
    until(|| Some(gateway.admin("/readyz")).filter(|answer| answer.status == 200));
    assert!(up(&gateway));
}

#[test]
fn a_stop_drains_and_leaves_a_ledger_that_verifies() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    assert_eq!(gateway.admin("/healthz").status, 200);
    for _ in 0..20 {
        assert_eq!(gateway.get("/customers", "tanaka", "crm-support").status, 200);
    }
    assert!(gateway.stop().success());
    assert!(gateway.verify().success());
    let text = gateway.ledger_text();
    assert!(text.contains("\"event\":\"start\"") && text.contains("\"event\":\"stop\""));
}

#[test]
fn killed_at_any_moment_it_has_recorded_what_it_disclosed() {
    const KILLS: usize = 100;
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    let mut seen: Vec<String> = Vec::new();
    for round in 0..KILLS {
        let address = gateway.staff;
        let told = Arc::new(AtomicUsize::new(0));
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let told = Arc::clone(&told);
                std::thread::spawn(move || {
                    let mut ids = Vec::new();
                    let headers = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
                    while let Some(answer) = request(address, "GET", "/api/customers/42", &headers, "") {
                        if answer.status == 200 && answer.text().contains("5678") {
                            ids.extend(answer.header("sudare-request"));
                            told.fetch_add(1, Ordering::AcqRel);
                        }
                    }
                    ids
                })
            })
            .collect();
        // The kill comes while other answers are on their way; how far they are is as good as random.
        until(|| (told.load(Ordering::Acquire) > round % 7).then_some(()));
        std::thread::sleep(Duration::from_micros(97 * (round as u64 % 31)));
        gateway.kill();
        for asker in askers {
            seen.extend(asker.join().expect("an asker"));
        }
        gateway.restart();
    }
    gateway.stop();
    let recorded = gateway.ledger_text();
    let missing: Vec<&String> = seen.iter().filter(|id| !recorded.contains(id.as_str())).collect();
    assert!(missing.is_empty(), "{} of {} disclosures are not recorded", missing.len(), seen.len());
    assert!(seen.len() >= KILLS, "only {} disclosures in {KILLS} rounds", seen.len());
    assert!(gateway.verify().success());
}

#[test]
fn a_purpose_opens_what_the_rules_say_and_stands_in_the_ledger() {
    let crm = crm();
    let rules = format!("{RULES}  - {{ id: call-1, for: support, show: [phone], when: {{ purpose: [call-back] }} }}\n");
    let gateway = Running::start(&crm, &rules);
    let ask = |purposes: &[&str]| {
        let mut headers = vec![("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];
        headers.extend(purposes.iter().map(|purpose| ("Sudare-Purpose", *purpose)));
        get(gateway.staff, "/api/customers/42", &headers)
    };
    let told = |answer: &Answer| gateway.record(&answer.header("sudare-request").expect("an id"))["purpose"].clone();
    let (without, with) = (ask(&[]), ask(&["call-back"]));
    assert!(without.text().contains("***-****-5678") && with.text().contains("090-1234-5678"), "{with:?}");
    assert_eq!((told(&without).as_str(), told(&with).as_str()), (None, Some("call-back")));
    for odd in [&["sale"][..], &["call-back", "call-back"], &["call-back, sale"]] {
        let refused = ask(odd);
        assert_eq!((refused.status, refused.header("sudare-refusal").as_deref()), (400, Some("purpose")), "{odd:?}");
        assert!(told(&refused).is_null(), "{odd:?}");
    }
    assert!(!crm.asked().concat().to_lowercase().contains("purpose"), "the word is the gateway's own");
}

#[test]
fn a_pack_is_a_part_of_the_policy() {
    let crm = crm();
    let rules =
        RULES.replace("phone: last4", "phone: last4, bank_account: full").replace("identity, contact, notes", "all");
    let config = "rules: [pack:appi, rules/]\n";
    let gateway = Running::set_up(crm.address, Setup { rules: &rules, config, ..Setup::default() });
    let manager = gateway.get("/special", "sato", "crm-managers").text();
    assert_eq!(manager, r#"{"no":1,"口座番号":"****"}"#, "the pack's categories are closer than the desk's `all`");
}
