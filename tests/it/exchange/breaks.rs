//! Line breaks: whatever stands in the CRM's values, its headers, or the rules, and however it is written
//! there, no header ends early and none comes that nobody sent.

use proptest::prelude::*;
use sudare::policy::Policy;
use sudare::policy::node::Source;

use super::case::{Case, Message};
use super::run::{self, Outcome};

const RULES: &str = "
sudare: 1
roles: { mask: a, remove: b, token: c, show: d }
headers:
  Location: https://id.example
  Content-Security-Policy: \"@\"
  Set-Cookie: { \"*\": [HttpOnly] }
resources:
  - { id: any, match: \"GET /{id}\", subject: path.id, fields: { person.name: [name], phone: [tel] } }
rules:
  - { for: mask, mask: { person.name: initial, phone: last4 } }
  - { for: remove, remove: [all] }
  - { for: token, tokenize: { person.name: opaque, phone: format } }
  - { for: show, show: [all] }
";

const ROLES: [&str; 4] = ["mask", "remove", "token", "show"];

const NAMES: [&str; 8] = [
    "Location",
    "Link",
    "Refresh",
    "Content-Disposition",
    "Set-Cookie",
    "X-Customer",
    "Content-Security-Policy",
    "Access-Control-Allow-Origin",
];

/// What a header is made of: values, and line breaks in all their writings.
const PIECES: [&str; 22] = [
    "山田",
    "090-1234-5678",
    "%E5%B1%B1%E7%94%B0%0d%0aX-Injected:%201",
    "090-1234-5678%0D%0AX-Injected: 1",
    "%250d%250aX-Injected: 1",
    "=?utf-8?q?=E5=B1=B1=E7=94=B0=0D=0AX-Injected:_1?=",
    "=?utf-8?b?5bGx55SwDQpYLUluamVjdGVkOiAx?=",
    "attachment; filename*=UTF-8''%E5%B1%B1%E7%94%B0%0d%0aX-Injected:%201",
    "filename=\"",
    "\\r\\nX-Injected: 1",
    "\u{85}X-Injected: 1",
    "\u{2028}X-Injected: 1",
    "\u{560d}\u{560a}X-Injected: 1",
    "&#13;&#10;X-Injected: 1",
    "</c?name=",
    ">; rel=next",
    "/customers?tel=",
    "; url=",
    "\"",
    ";",
    ",",
    "=",
];

/// What the customer is called.
const VALUES: [&str; 5] =
    ["山田", "山田\r\nX-Injected: 1", "山田 太郎\nX-Injected: 1", "\r\nX-Injected: 1", "%0d%0aX-Injected: 1"];

fn parsed(content: &str) -> Option<Policy> {
    // A double-quoted scalar of YAML takes the escapes of JSON.
    let quoted = serde_json::to_string(content).expect("a string");
    let sources = [Source { name: "rules.yaml".into(), text: RULES.replace("\"@\"", &quoted) }];
    Policy::parse(&sources).policy
}

fn answered(policy: &Policy, role: &str, headers: Vec<(String, String)>, name: &str) -> Outcome {
    let body = serde_json::json!({ "name": name, "tel": "090-1234-5678" }).to_string();
    let case = Case {
        title: String::new(),
        method: "GET".into(),
        target: "/42".into(),
        role: role.into(),
        hold: None,
        request: Message::default(),
        answer: Message { first: "200 application/json".into(), headers, body, ..Message::default() },
        staff: Message::default(),
        ledger: Vec::new(),
        hidden: Vec::new(),
    };
    run::whole(policy, &case)
}

fn holds(outcome: &Outcome, sent: &str) -> Result<(), TestCaseError> {
    prop_assert_ne!(outcome.reason.as_deref(), Some("internal"));
    for (name, value) in &outcome.headers {
        prop_assert!(!value.chars().any(|c| c < ' ' && c != '\t' || c == '\u{7f}'), "{}: {:?}", name, value);
        prop_assert!(!name.eq_ignore_ascii_case("x-injected"), "{:?} comes out of {:?}", name, sent);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_break_leaves_a_header(
        role in prop::sample::select(&ROLES[..]),
        name in prop::sample::select(&NAMES[..]),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 1..6),
        value in prop::sample::select(&VALUES[..]),
    ) {
        let policy = parsed("img-src 'self'").expect("rules");
        let header = pieces.concat();
        let outcome = answered(&policy, role, vec![(name.to_owned(), header.clone())], value);
        holds(&outcome, &header)?;
        // What the CRM has escaped stays so.
        let mut own = outcome.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let both = ["Content-Security-Policy"].contains(&name);
        prop_assert!(own.next().is_none() || both || own.next().is_none(), "{} stands twice", name);
    }

    #[test]
    fn no_line_break_in_the_rules_leaves_a_header(
        control in prop::sample::select(&['\r', '\n', '\0', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}'][..]),
        at in 0..15usize,
    ) {
        let mut content = "img-src 'self' ".to_owned();
        content.insert_str(at, &format!("{control}X-Injected: 1"));
        let Some(policy) = parsed(&content) else { return Ok(()) };
        holds(&answered(&policy, "mask", Vec::new(), "山田"), &content)?;
    }
}

/// So that the properties above can fail: these rules load, and the header comes out of them.
#[test]
fn what_holds_no_line_break_leaves() {
    let policy = parsed("img-src 'self'").expect("rules");
    let sent = vec![("X-Customer".to_owned(), "山田 %0d%0a".to_owned())];
    let outcome = answered(&policy, "mask", sent, "山田");
    assert_eq!(outcome.header("x-customer").as_deref(), Some("**** %0d%0a"));
    assert_eq!(outcome.header("content-security-policy").as_deref(), Some("img-src 'self'"));
}
