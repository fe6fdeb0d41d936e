//! What travels on and what does not: addresses, hosts, redirects, and headers that speak of bytes
//! that staff does not get.

use super::client::{Answer, get, request};
use super::origin::Origin;
use super::running::{Running, Setup};
use super::{RECORD, RULES};

const TANAKA: [(&str, &str); 2] = [("X-Remote-User", "tanaka"), ("X-Remote-Groups", "crm-support")];

fn with(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    [&TANAKA, more].concat()
}

/// A CRM that gives each answer as if it knew its own address and the bytes of each page for ever.
fn crm() -> Origin {
    Origin::start(|request| {
        let own = request.header("host").unwrap_or_default();
        let mut answer = match request.path() {
            "/moved" => {
                Answer::new(302, "text/html", "<p>moved</p>").with("Location", &format!("http://{own}/login?next=/a"))
            }
            "/away" => Answer::new(302, "text/html", "<p>moved</p>").with("Location", "https://id.example/login"),
            "/later" => {
                Answer::new(200, "text/html", "<p>wait</p>").with("Refresh", &format!("5; url=http://{own}/done"))
            }
            "/nothing" => Answer::new(204, "application/json", ""),
            "/part" => Answer::new(206, "application/json", "{}").with("Content-Range", "bytes 0-1/9"),
            _ => Answer::new(200, "application/json", RECORD),
        };
        for (name, value) in [
            ("ETag", "\"v1\""),
            ("Last-Modified", "Sun, 22 Nov 2026 00:00:00 GMT"),
            ("Digest", "x"),
            ("Accept-Ranges", "bytes"),
        ] {
            answer = answer.with(name, value);
        }
        answer
    })
}

#[test]
fn the_client_is_who_a_trusted_proxy_says_and_else_the_connection() {
    let crm = crm();
    for (config, client, chain) in [
        ("trusted_proxies: [127.0.0.1/32]", "192.0.2.7", "x-forwarded-for: 192.0.2.7, 127.0.0.1\r\n"),
        ("trusted_proxies: [10.0.0.0/8]", "127.0.0.1", "x-forwarded-for: 127.0.0.1\r\n"),
    ] {
        let gateway = Running::set_up(crm.address, Setup { rules: RULES, config, ..Setup::default() });
        let answer = get(gateway.staff, "/api/customers/42", &with(&[("X-Forwarded-For", "203.0.113.9, 192.0.2.7")]));
        let record = gateway.record(&answer.header("sudare-request").expect("an id"));
        assert_eq!(record["client"], client, "{config}");
        let seen = crm.asked().pop().expect("a request");
        assert!(seen.contains(chain) && !seen.contains("203.0.113.9"), "{config}: {seen}");
    }
}

#[test]
fn a_trusted_proxy_that_says_nothing_readable_is_refused() {
    let crm = crm();
    let config = "trusted_proxies: [127.0.0.1/32]";
    let gateway = Running::set_up(crm.address, Setup { rules: RULES, config, ..Setup::default() });
    let answer = get(gateway.staff, "/api/customers/42", &with(&[("X-Forwarded-For", "unknown")]));
    assert_eq!((answer.status, answer.header("sudare-refusal").as_deref()), (400, Some("ambiguous")));
    assert!(crm.asked().is_empty());
}

#[test]
fn the_host_goes_on_as_staff_sent_it_unless_another_is_named() {
    let crm = crm();
    let named = format!("upstream: {{ url: 'http://{}', host: crm.internal }}", crm.address);
    for (config, location) in [("", "/login?next=/a"), (named.as_str(), "/login?next=/a")] {
        let gateway = Running::set_up(crm.address, Setup { rules: RULES, config, ..Setup::default() });
        let answer = get(gateway.staff, "/moved", &TANAKA);
        let host = if config.is_empty() { gateway.staff.to_string() } else { "crm.internal".into() };
        assert!(crm.asked().pop().expect("a request").contains(&format!("host: {host}\r\n")), "{config}");
        assert_eq!(answer.header("location").as_deref(), Some(location), "the crm's own address leads inside");
    }
}

#[test]
fn redirects_leave_the_gateway_only_where_the_rules_name_the_site() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let away = get(gateway.staff, "/away", &TANAKA);
    assert_eq!((away.status, away.header("sudare-refusal").as_deref()), (502, Some("redirect")));
    assert_eq!(away.header("location"), None);
    let named = format!("{RULES}headers: {{ Location: https://id.example }}\n");
    let gateway = Running::start(&crm, &named);
    let asked = |path: &str, name: &str| get(gateway.staff, path, &TANAKA).header(name);
    assert_eq!(asked("/away", "location").as_deref(), Some("https://id.example/login"));
    assert_eq!(asked("/later", "refresh").as_deref(), Some("5; url=/done"));
}

#[test]
fn parts_and_comparisons_are_not_asked_of_the_crm() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    let headers = with(&[
        ("Range", "bytes=10-20"),
        ("If-Range", "\"v1\""),
        ("If-None-Match", "\"v1\""),
        ("If-Modified-Since", "Sun, 22 Nov 2026 00:00:00 GMT"),
        ("Accept-Encoding", "gzip, br, sdch"),
    ]);
    let answer = get(gateway.staff, "/api/customers/42", &headers);
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = crm.asked().pop().expect("a request").to_ascii_lowercase();
    for part in ["range", "if-", "sdch"] {
        assert!(!seen.contains(part), "{part}: {seen}");
    }
    // What staff takes and the gateway reads.
    let offered = seen.lines().find_map(|line| line.strip_prefix("accept-encoding: ")).expect("an offer");
    assert!(offered.contains("gzip") && offered.contains("br"), "{offered}");
    let part = get(gateway.staff, "/part", &TANAKA);
    assert_eq!((part.status, part.header("sudare-refusal").as_deref()), (502, Some("unreadable")));
}

/// A record that somebody else has changed is not written over, and one that exists is not made anew.
#[test]
fn a_write_on_a_condition_stays_one() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    for (name, value) in
        [("If-Match", "W/\"v1\""), ("If-None-Match", "*"), ("If-Unmodified-Since", "Sun, 22 Nov 2026 00:00:00 GMT")]
    {
        let headers = with(&[(name, value), ("Content-Type", "application/json"), ("Range", "bytes=1-2")]);
        let answer =
            request(gateway.staff, "PUT", "/api/customers/42", &headers, r#"{"memo":"x"}"#).expect("an answer");
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        let seen = crm.asked().pop().expect("a request").to_ascii_lowercase();
        assert!(seen.contains(&format!("{}: {}\r\n", name, value).to_ascii_lowercase()), "{seen}");
        assert!(!seen.contains("range:"), "{seen}");
    }
}

#[test]
fn nothing_tells_of_the_crms_own_bytes() {
    let crm = crm();
    let gateway = Running::start(&crm, RULES);
    for (method, path, status) in
        [("GET", "/api/customers/42", 200), ("HEAD", "/api/customers/42", 200), ("GET", "/nothing", 204)]
    {
        let answer = request(gateway.staff, method, path, &TANAKA, "").expect("an answer");
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        for name in ["etag", "last-modified", "digest", "accept-ranges"] {
            assert_eq!(answer.header(name), None, "{method} {path}: {name}");
        }
        if method == "HEAD" || status != 200 {
            assert_eq!(answer.header("content-length"), None, "{method} {path}: {answer:?}");
            assert!(answer.body.is_empty());
        }
        assert_eq!(answer.header("cache-control").as_deref(), Some("private, no-store"));
        assert_eq!(answer.header("x-content-type-options").as_deref(), Some("nosniff"));
        assert!(answer.header("sudare-request").is_some());
    }
}
