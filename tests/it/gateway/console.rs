//! The console over its own socket: who may ask, and what is told.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::client::{Answer, get, request};
use super::origin::Origin;
use super::running::{Running, Setup, until};
use super::{RECORD, RULES};

/// `tanaka:correct horse` of the configuration's cases, in two groups.
const USERS: &str = include_str!("../../cases/config/beside/users.yaml");

fn started(config: &str) -> Running {
    let crm = Origin::start(|_| Answer::new(200, "application/json", RECORD));
    Running::set_up(crm.address, Setup { rules: RULES, config, files: &[("users.yaml", USERS)] })
}

fn console(gateway: &Running) -> SocketAddr {
    let log = gateway.log();
    let told = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let address = told.filter_map(|line| line["fields"]["console"].as_str().map(str::to_owned)).next();
    address.expect("the console's line").parse().expect("an address")
}

fn asked(gateway: &Running, path: &str, groups: &str) -> Answer {
    get(console(gateway), path, &[("X-Remote-User", "sato"), ("X-Remote-Groups", groups)])
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.header("sudare-refusal").unwrap_or_default())
}

#[test]
fn it_tells_what_is_in_force_to_those_who_may_know() {
    let gateway = started("console: 127.0.0.1:0\n");
    let answer = asked(&gateway, "/policy", "x, sudare-console");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type").as_deref(), Some("application/json"));
    assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"));
    let told: Value = serde_json::from_str(&answer.text()).expect("json");
    let page = gateway.metrics_page();
    assert!(page.contains(&format!("version=\"{}\"}} 1", told["version"].as_str().expect("a hash"))), "{page}");
    assert!(told["files"][0]["file"].as_str().is_some_and(|file| file.ends_with("rules/rules.yaml")), "{told}");
    assert!(told["files"][0]["hash"].as_str().is_some_and(|hash| hash.len() == 71), "{told}");
    assert_eq!(told["roles"][1], json!({ "role": "support", "groups": ["crm-support"] }));
    assert_eq!(told["grants"]["support"]["phone"], "mask: last4, search: exact");
    assert_eq!(told["grants"]["manager"]["phone"], "show");
    assert_eq!(told["grants"]["manager"]["my_number"], "remove, search: none");
    assert_eq!(told["settings"]["undeclared"], "scan", "{told}");
    let beside = told["settings"].as_object().expect("an object");
    assert!(beside.keys().any(|what| what.contains(": match ")), "{told}");
    assert!(beside.keys().any(|what| what.contains(": unlisted")), "{told}");
    assert_eq!((&told["refused"], &told["conditional"]), (&Value::Null, &json!([])));
    gateway.write_rules("sudare: 1\nroles: [");
    let told = until(|| {
        let told: Value = serde_json::from_str(&asked(&gateway, "/policy", "sudare-console").text()).expect("json");
        (!told["refused"].is_null()).then_some(told)
    });
    assert!(told["refused"]["why"].as_str().is_some_and(|why| why.contains("rules.yaml:2:")), "{told}");
    assert_eq!(told["grants"]["support"]["phone"], "mask: last4, search: exact", "the old rules stay");
    let person = "  - { id: tmp, for: { staff: tanaka }, show: [phone], until: 2099-12-31, why: recall }\n";
    gateway.write_rules(&format!("{RULES}{person}"));
    let told = until(|| {
        let told: Value = serde_json::from_str(&asked(&gateway, "/policy", "sudare-console").text()).expect("json");
        told["refused"].is_null().then_some(told)
    });
    let expected =
        json!([{ "role": "all", "what": "phone", "when": "(staff: tanaka); until: 2099-12-31", "is": ["show"] }]);
    assert_eq!(told["conditional"], expected);
}

#[test]
fn a_browser_gets_a_page_in_its_language() {
    let gateway = started("console: 127.0.0.1:0\n");
    for (language, words) in [("ja", "適用中のポリシー"), ("en", "The policy in force")] {
        let headers = [
            ("X-Remote-User", "sato"),
            ("X-Remote-Groups", "sudare-console"),
            ("Accept", "text/html,*/*"),
            ("Accept-Language", language),
        ];
        let page = get(console(&gateway), "/policy", &headers);
        assert_eq!(page.header("content-type").as_deref(), Some("text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").is_some_and(|told| told.contains("default-src 'none'")));
        assert!(page.text().contains(words) && page.text().contains("mask: last4"), "{}", page.text());
    }
}

#[test]
fn nobody_else_learns_anything() {
    let gateway = started(
        "console: { address: 127.0.0.1:0, groups: [security] }\n\
         identity: [{ header: { user: X-Remote-User, groups: X-Remote-Groups, from: [127.0.0.1/32] } }, { basic: { users: users.yaml } }, { anonymous: { groups: [public] } }]\n",
    );
    let address = console(&gateway);
    let unknown = get(address, "/policy", &[]);
    assert_eq!(refusal(&unknown), (401, "unrecognised".into()), "whoever may be anybody is nobody here");
    assert!(unknown.header("www-authenticate").is_some_and(|way| way.starts_with("Basic")), "{unknown:?}");
    assert_eq!(refusal(&get(address, "/nothing", &[])).0, 401, "nor which pages there are");
    let wrong = get(address, "/policy", &[("Authorization", "Basic dGFuYWthOndyb25n")]);
    assert_eq!(refusal(&wrong).0, 401);
    for (groups, path, method, told) in [
        ("crm-managers", "/policy", "GET", (403, "no-role")),
        ("sudare-console", "/policy", "GET", (403, "no-role")),
        ("crm-managers", "/nothing", "GET", (403, "no-role")),
        ("security", "/nothing", "GET", (404, "not-found")),
        ("security", "/metrics", "GET", (404, "not-found")),
        ("security", "/policy", "POST", (405, "method")),
    ] {
        let headers = [("X-Remote-User", "sato"), ("X-Remote-Groups", groups)];
        let answer = request(address, method, path, &headers, "").expect("an answer");
        assert_eq!(refusal(&answer), (told.0, told.1.to_owned()), "{groups} {method} {path}");
        assert!(!answer.text().contains("sha256") && !answer.text().contains("mask"), "{}", answer.text());
    }
    let page = gateway.metrics_page();
    assert!(page.contains("sudare_refusals_total{reason=\"no-role\"} 3"), "{page}");
}

/// A page of somebody's whose name leads here asks in its visitor's browser, from this machine.
#[test]
fn it_is_asked_by_its_own_name_alone() {
    let gateway = started("console: { address: 127.0.0.1:0, hosts: [Console.Example] }\n");
    let address = console(&gateway);
    let by = |host: &str| {
        let headers = [("Host", host), ("X-Remote-User", "sato"), ("X-Remote-Groups", "sudare-console")];
        refusal(&get(address, "/policy", &headers))
    };
    let port = address.port();
    for own in ["localhost", "LOCALHOST.:5555", "127.0.0.1", "[::1]:9900", "console.example", "console.example:443"] {
        assert_eq!(by(own), (200, String::new()), "{own}");
    }
    let misdirected = (421, "misdirected".to_owned());
    for other in [
        "evil.example",
        "localhost.evil.example",
        "evil.example:9900",
        "10.0.0.1",
        "console.example.evil",
        "127.0.0.1.evil.example",
    ] {
        assert_eq!(by(other), misdirected, "{other}");
    }
    assert_eq!(by(&format!("evil.example:{port}")), misdirected);
    assert_eq!(refusal(&get(address, "/policy", &[("Host", "evil.example")])), misdirected, "before anybody is known");
    let twice = [("Host", "localhost"), ("Host", "evil.example")];
    assert_eq!(refusal(&get(address, "/policy", &twice)).0, 400);
    let whole = get(address, "http://evil.example/policy", &[("Host", "localhost")]);
    assert_eq!(refusal(&whole), misdirected);
}
