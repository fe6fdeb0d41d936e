//! How much staff may look for, through a running gateway.

use super::RULES;
use super::client::Answer;
use super::origin::Origin;
use super::running::{Running, until};

/// A CRM that finds nobody.
fn crm() -> Origin {
    Origin::start(|request| match request.path() {
        "/customers" => Answer::new(
            200,
            "text/html; charset=utf-8",
            "<table><thead><tr><th>番号</th><th>氏名</th><th>電話番号</th></tr></thead><tbody></tbody></table>",
        ),
        _ => Answer::new(404, "application/json", "{}"),
    })
}

fn number(at: usize) -> String {
    format!("090-7{:03}-{:04}", at / 10_000, at % 10_000)
}

fn look(gateway: &Running, user: &str, number: &str) -> Answer {
    gateway.get(&format!("/customers?tel={number}"), user, "crm-support")
}

fn told(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.header("sudare-refusal"))
}

#[test]
fn who_types_numbers_by_the_hundred_is_stopped() {
    let crm = crm();
    let mut gateway = Running::start(&crm, RULES);
    for at in 0..99 {
        assert_eq!(look(&gateway, "tanaka", &number(at)).status, 200, "{at}");
    }
    assert_eq!(look(&gateway, "tanaka", &number(7)).status, 200, "what was looked for lately costs nothing");
    assert_eq!(look(&gateway, "tanaka", &number(7).replace('-', "")).status, 200, "nor in another spelling");
    assert_eq!(look(&gateway, "tanaka", &number(99)).status, 200, "it is the last");
    assert_eq!(look(&gateway, "tanaka", &number(7)).status, 429, "a token's value could be known by it");
    let refused = look(&gateway, "tanaka", &number(100));
    assert_eq!(told(&refused), (429, Some("limit".into())), "{}", refused.text());
    let wait: u32 = refused.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=3600).contains(&wait), "{wait}");
    assert_eq!(look(&gateway, "sato", &number(100)).status, 200, "others are others");
    assert_eq!(crm.asked().len(), 103, "the crm was not asked");
    let mail = gateway.get("/customers?mail=taro@example.jp", "tanaka", "crm-support");
    assert_eq!(mail.status, 200, "each kind has its own");
    assert_eq!(gateway.get("/customers?tel=0901", "sato", "crm-managers").status, 200, "who sees it may ask anything");
    let record = gateway.record(&refused.header("sudare-request").expect("an id"));
    assert_eq!((record["event"].as_str(), record["reason"].as_str()), (Some("refused"), Some("limit")));
    assert_eq!(record["status"], 429);
    let page = gateway.metrics_page();
    assert!(page.contains("sudare_limits_total{role=\"support\",then=\"block\"} 2"), "{page}");
    assert!(page.contains("sudare_refusals_total{reason=\"limit\"} 2"), "{page}");
    gateway.stop();
    let out = [gateway.log(), gateway.ledger_text(), refused.text()].concat();
    assert!(!out.contains("090-7") && !out.contains("0907"), "{out}");
}

#[test]
fn a_limit_of_the_rules_holds_over_a_reload() {
    let crm = crm();
    let limited = |searches: u32, then: &str| {
        let alert = "  - { for: { staff: tanaka }, searches: 1, per: 1h, then: alert }\n";
        format!(
            "{RULES}limits:\n  - {{ for: [support, manager], searches: {searches}, per: 1h, then: {then} }}\n{alert}"
        )
    };
    let gateway = Running::start(&crm, &limited(3, "block"));
    let statuses =
        |from: usize, to: usize| (from..to).map(|at| look(&gateway, "tanaka", &number(at)).status).collect::<Vec<_>>();
    assert_eq!(statuses(0, 4), [200, 200, 200, 429]);
    // All veiled kinds are counted together where a rule counts.
    let mail = gateway.get("/customers?mail=taro@example.jp", "tanaka", "crm-support");
    assert_eq!(told(&mail), (429, Some("limit".into())));
    // Two of the three went beyond the other limit, which only tells.
    let page = gateway.metrics_page();
    assert!(page.contains("sudare_limits_total{role=\"support\",then=\"alert\"} 2"), "{page}");
    assert!(page.contains("sudare_limits_total{role=\"support\",then=\"block\"} 2"), "{page}");
    gateway.write_rules(&limited(5, "block"));
    until(|| (look(&gateway, "tanaka", &number(3)).status == 200).then_some(()));
    assert_eq!(statuses(4, 6), [200, 429], "three were counted before");
    let log = gateway.log();
    assert!(log.contains("searches: 1, per: 1h, then: alert"), "{log}");
    assert!(!log.contains("090-7"), "{log}");
}

/// A limit that docs/guarantees.md tells: the count is in the memory of one gateway.
#[test]
fn what_was_counted_begins_anew_with_the_gateway() {
    let crm = crm();
    let limit = "limits:\n  - { for: support, searches: 2, per: 1h, then: block }\n";
    let mut gateway = Running::start(&crm, &format!("{RULES}{limit}"));
    let statuses = |gateway: &Running| [0, 1, 2].map(|at| look(gateway, "tanaka", &number(at)).status);
    assert_eq!(statuses(&gateway), [200, 200, 429]);
    gateway.stop();
    gateway.restart();
    assert_eq!(look(&gateway, "tanaka", &number(2)).status, 200);
}

#[test]
fn an_alert_stands_in_the_ledger_before_the_answer() {
    let crm = crm();
    let gateway =
        Running::start(&crm, &format!("{RULES}limits:\n  - {{ for: all, searches: 1, per: 1h, then: alert }}\n"));
    assert_eq!(look(&gateway, "tanaka", &number(0)).status, 200);
    let answer = look(&gateway, "tanaka", &number(1));
    assert_eq!(answer.status, 200);
    let records = gateway.records(&answer.header("sudare-request").expect("an id"));
    let told: Vec<_> =
        records.iter().map(|own| (own["event"].as_str(), own["outcome"].as_str(), own["reason"].as_str())).collect();
    assert_eq!(told, [(Some("search"), Some("alert"), Some("limit"))]);
    // A limit that only tells leaves the one that nobody wrote.
    let statuses: Vec<u16> = (2..101).map(|at| look(&gateway, "tanaka", &number(at)).status).collect();
    assert_eq!((statuses[..98].iter().all(|status| *status == 200), statuses[98]), (true, 429));
}

#[test]
fn what_a_rule_takes_out_of_a_question_is_told_in_the_ledger() {
    let crm = crm();
    let rules = RULES.replace("notes: full } }", "notes: full }, sort: strip }");
    let gateway = Running::start(&crm, &rules);
    let answer = gateway.get("/customers?page=2&sort=tel&dir=desc", "tanaka", "crm-support");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let asked = crm.asked();
    assert!(asked[0].starts_with("GET /customers?page=2 HTTP/1.1\r\n"), "{asked:?}");
    let record = &gateway.records(&answer.header("sudare-request").expect("an id"))[0];
    assert_eq!((record["event"].as_str(), record["outcome"].as_str()), (Some("view"), Some("stripped")));
    assert_eq!(record["reason"], "sort");
    assert_eq!(told(&gateway.get("/customers?group_by=tel", "tanaka", "crm-support")), (403, Some("query".into())));
    let signed = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support"), ("X-Hmac-Authorization", "x")];
    let signed = super::client::get(gateway.staff, "/customers?sort=tel", &signed);
    assert_eq!(told(&signed), (403, Some("query".into())), "what is vouched for is never changed");
}
