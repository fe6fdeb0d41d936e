//! What browsers are told beside the answer, requests that come back, and refusals that repeat nothing.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use super::client::{Answer, get, request};
use super::origin::Origin;
use super::running::{Running, Setup};
use super::{PAGE, RECORD, RULES, export};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];

const HEADERS: &str = r#"
headers:
  Content-Security-Policy: ["img-src 'self'", "connect-src 'self'"]
  Referrer-Policy: no-referrer
  Strict-Transport-Security: max-age=600
  Set-Cookie: { "*": [Secure, SameSite=Lax], sid: HttpOnly }
"#;

/// A CRM that says as little of safety as it can, and of itself what it knows.
fn lax() -> Origin {
    Origin::start(|request| {
        let answer = match request.path() {
            "/customers" => Answer::new(200, "text/html; charset=utf-8", PAGE),
            "/export.csv" => Answer::new(200, "text/csv; charset=utf-8", &export(4_000)),
            "/logo.gif" => Answer::new(200, "image/gif", "GIF89a\x01\0\x01\0"),
            "/empty" => Answer::new(204, "text/plain", ""),
            "/error" => Answer::new(500, "text/html", "<p>SQL</p>"),
            _ => Answer::new(200, "application/json", RECORD),
        };
        let lax = [
            ("Server", "Apache/2.2 canary"),
            ("X-Powered-By", "PHP/5.2 canary"),
            ("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; report-uri https://canary.example"),
            ("Referrer-Policy", "unsafe-url"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Set-Cookie", "sid=1; Path=/"),
            ("Set-Cookie", "lang=ja; SameSite=Strict"),
        ];
        lax.into_iter().fold(answer, |answer, (name, value)| answer.with(name, value))
    })
}

fn all(answer: &Answer, name: &str) -> Vec<String> {
    let own = answer.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    own.map(|(_, value)| value.clone()).collect()
}

#[test]
fn browsers_are_told_what_the_crm_and_the_rules_forbid() {
    let crm = lax();
    let rules = format!("{RULES}{HEADERS}");
    let config = "trusted_proxies: [127.0.0.1/32]\nbounds: { ledger_wait: 20s, hold: 64KiB }";
    let gateway = Running::set_up(crm.address, Setup { rules: &rules, config, ..Setup::default() });
    for (method, path, scheme) in [
        ("GET", "/customers", "https"),
        ("GET", "/customers", "http"),
        ("HEAD", "/customers", "https"),
        ("GET", "/api/customers/42", "https"),
        ("GET", "/logo.gif", "https"),
        ("GET", "/empty", "https"),
        ("GET", "/export.csv", "https"),
    ] {
        let sent = [&TANAKA[..], &[("X-Forwarded-Proto", scheme), ("Origin", "https://other.example")]].concat();
        let answer = request(gateway.staff, method, path, &sent, "").expect("an answer");
        let secure = scheme == "https";
        assert_eq!(
            all(&answer, "content-security-policy"),
            ["default-src 'self' 'unsafe-inline'", "img-src 'self'", "connect-src 'self'"],
            "{method} {path}"
        );
        assert_eq!(all(&answer, "referrer-policy"), ["no-referrer"], "{method} {path}");
        assert_eq!(all(&answer, "x-content-type-options"), ["nosniff"], "{method} {path}");
        assert_eq!(all(&answer, "x-frame-options"), ["SAMEORIGIN"], "{method} {path}");
        assert_eq!(answer.header("strict-transport-security").as_deref(), secure.then_some("max-age=600"), "{path}");
        let told = format!("{answer:?}").to_lowercase();
        assert!(!told.contains("canary") && !told.contains("access-control"), "{method} {path}: {told}");
        if path != "/export.csv" {
            let cookies = match secure {
                true => ["sid=1; Path=/; Secure; HttpOnly; SameSite=Lax", "lang=ja; SameSite=Strict; Secure"],
                false => ["sid=1; Path=/; HttpOnly; SameSite=Lax", "lang=ja; SameSite=Strict"],
            };
            assert_eq!(all(&answer, "set-cookie"), cookies, "{method} {path}");
        }
    }
    let bare = Running::start(&crm, RULES);
    let answer = get(bare.staff, "/customers", &TANAKA);
    assert_eq!(all(&answer, "referrer-policy"), ["same-origin"], "where nobody says anything");
    assert_eq!(all(&answer, "set-cookie"), ["sid=1; Path=/", "lang=ja; SameSite=Strict"]);
    for told in [get(bare.staff, "/error", &TANAKA), get(bare.staff, "/customers", &[])] {
        assert_eq!(all(&told, "referrer-policy"), ["no-referrer"], "{told:?}");
        assert!(all(&told, "content-security-policy")[0].starts_with("default-src 'none'"), "{told:?}");
    }
}

#[test]
fn a_gateway_that_asks_itself_is_stopped_at_once() {
    let own: Arc<OnceLock<SocketAddr>> = Arc::default();
    let gateway = Arc::clone(&own);
    // What stands behind the gateway leads back to it, as a wrong name in DNS would.
    let back = Origin::start(move |request| {
        let headers: Vec<(&str, &str)> = ["sudare-via", "x-remote-user", "x-remote-groups"]
            .into_iter()
            .filter_map(|name| Some((name, request.header(name)?)))
            .collect();
        assert!(headers.iter().any(|(name, _)| *name == "sudare-via"), "the mark goes on");
        get(*gateway.get().expect("it runs"), request.path(), &[&headers[..], &TANAKA].concat())
    });
    let running = Running::start(&back, RULES);
    own.set(running.staff).expect("it was not set");
    let answer = get(running.staff, "/api/customers/42", &TANAKA);
    assert_eq!(back.asked().len(), 1, "it came back once");
    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(running.log().contains("\"reason\":\"loop\""), "{}", running.log());
    // What staff writes there is nobody's mark.
    let other = [&TANAKA[..], &[("Sudare-Via", "<x>, 01JD0000000000000000000000")]].concat();
    assert_eq!(get(running.staff, "/api/customers/43", &other).status, 502);
    assert_eq!(back.asked().len(), 2);
}

#[test]
fn refusals_repeat_nothing_of_what_was_asked() {
    let crm = lax();
    let gateway = Running::start(&crm, RULES);
    let mut refused = 0;
    for payload in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'-alert(1)-'",
        "javascript:alert(1)",
        "{{7*7}}",
        "${jndi:ldap://x}",
        "%0d%0aSet-Cookie:%20canary=1",
        "&lt;svg onload=alert(1)&gt;",
    ] {
        let coded: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for (method, path) in [
            ("GET", format!("/{coded}/..")),
            ("GET", format!("/customers?sort={coded}&order_by=tel")),
            ("GET", format!("/customers?tel={coded}*")),
            ("GET", format!("/.sudare/{coded}")),
            ("GET", format!("/a;{coded}")),
            ("PURGE", format!("/{coded}")),
        ] {
            let sent = [
                ("X-Remote-User", "tanaka"),
                ("X-Remote-Groups", "crm-support"),
                ("Accept", "text/html"),
                ("X-A", payload),
            ];
            let answer = request(gateway.staff, method, &path, &sent, "").expect("an answer");
            assert!(answer.header("sudare-refusal").is_some(), "{method} {path}: {answer:?}");
            refused += 1;
            let told = format!("{:?}{}", answer.headers, answer.text());
            for part in [payload, coded.as_str(), "alert(1)", "onerror", "jndi", "canary=1"] {
                assert!(!told.contains(part), "{method} {path}: {part}: {told}");
            }
        }
    }
    assert_eq!(refused, 48);
}
