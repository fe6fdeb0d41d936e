//! What staff may ask about hidden data and what they may write: rows in `tests/cases/ask`, run
//! through the whole exchange, and what holds for every value.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS};
use http::{Request, Response};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sudare::detect;
use sudare::guard::query;
use sudare::policy::Policy;
use sudare::policy::fault::render;
use sudare::policy::node::Source;
use sudare::route::normal;
use sudare::serve::exchange::dry::{self, Caller, Got};
use sudare::terms::event::Event;
use sudare::terms::kind::{self, KindId};
use sudare::terms::mint::{Domain, Mint};
use sudare::terms::staff::Staff;
use sudare::transform::{self, Today};
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::Ring;

/// What no refusal may repeat.
const SECRETS: &[&str] = &["0901", "090-1234", "***", "taro", "山田", "1978", "5678"];

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ask").join(name);
    std::fs::read_to_string(path).expect("a case file")
}

fn policy() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| {
        let sources = [Source { name: "rules.yaml".into(), text: read("rules.yaml") }];
        let loaded = Policy::parse(&sources);
        loaded.policy.unwrap_or_else(|| panic!("{}", render(&loaded.faults, &sources, false)))
    })
}

fn mint() -> Arc<dyn Mint> {
    static MINT: OnceLock<Arc<dyn Mint>> = OnceLock::new();
    Arc::clone(MINT.get_or_init(|| Arc::new(KeyMint::new(Arc::new(Ring::passing().expect("a ring"))))))
}

/// A target as a program would send it: what is no part of one is escaped.
fn escaped(target: &str) -> String {
    let mut out = String::new();
    for byte in target.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn media(word: &str) -> Option<&'static str> {
    match word {
        "form" => Some("application/x-www-form-urlencoded"),
        "json" | "gzip" => Some("application/json"),
        "json-patch" => Some("application/json-patch+json"),
        "merge-patch" => Some("application/merge-patch+json"),
        "ndjson" => Some("application/x-ndjson"),
        "events" => Some("text/event-stream"),
        "csv" => Some("text/csv; charset=utf-8"),
        "text" => Some("text/plain"),
        "multipart" | "parts" | "parts-sjis" | "parts-eucjp" | "parts-2022" | "parts-files" => {
            Some("multipart/form-data; boundary=x")
        }
        "parts-of-none" => Some("multipart/form-data"),
        "parts-of-two" => Some("multipart/form-data; boundary=x; boundary=y"),
        "xml" => Some("text/xml; charset=utf-8"),
        "vcard" => Some("text/vcard"),
        "unknown" => Some("application/x-unheard-of"),
        "sjis" => Some("application/x-www-form-urlencoded; charset=Shift_JIS"),
        "utf-7" => Some("application/x-www-form-urlencoded; charset=utf-7"),
        "untyped" | "-" => None,
        other => panic!("no media type is called `{other}`"),
    }
}

/// A form in parts: `name=value`, or `name@file.csv:text/csv=content`, with `|` between them.
fn parts(fields: &str) -> String {
    let mut body = String::new();
    for field in fields.split('|') {
        let (name, value) = field.split_once('=').expect("`name=value`");
        let (name, file) = name.split_once('@').map_or((name, None), |(name, file)| (name, Some(file)));
        body += &format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some((file, kind)) = file.map(|file| file.split_once(':').expect("a media type")) {
            body += &format!("; filename=\"{file}\"\r\nContent-Type: {}", kind.replace("%3D", "="));
        }
        body += &format!("\r\n\r\n{}\r\n", value.replace("\\n", "\n"));
    }
    body + "--x--\r\n"
}

/// A body in the charset that its kind says; of `parts-files` only what files hold.
fn encoded(kind: &str, body: &str) -> Vec<u8> {
    let encoded = |encoding: &'static Encoding, text: &str| {
        let (bytes, _, odd) = encoding.encode(text);
        assert!(!odd, "{text} in {}", encoding.name());
        bytes.into_owned()
    };
    match kind {
        "parts-sjis" => encoded(SHIFT_JIS, body),
        "parts-eucjp" => encoded(EUC_JP, body),
        "parts-2022" => encoded(ISO_2022_JP, body),
        "parts-files" => {
            let part = |part: &str| match part.split_once("\r\n\r\n").filter(|(head, _)| head.contains("filename=")) {
                Some((head, content)) => [head.as_bytes(), b"\r\n\r\n", &encoded(SHIFT_JIS, content)].concat(),
                None => part.as_bytes().to_vec(),
            };
            body.split_inclusive("--x\r\n").flat_map(part).collect()
        }
        _ => body.as_bytes().to_vec(),
    }
}

fn exchange(role: &str, method: &str, target: &str, kind: &str, body: &[u8]) -> Got {
    exchange_with(("", b"{}"), role, method, target, kind, body)
}

/// The same, where the CRM answers with this link and this body.
fn exchange_with(
    (link, answer): (&'static str, &'static [u8]),
    role: &str,
    method: &str,
    target: &str,
    kind: &str,
    body: &[u8],
) -> Got {
    let mut request = Request::builder().method(method).uri(escaped(target));
    if let Some(media) = media(kind) {
        request = request.header("content-type", media);
    }
    if kind == "gzip" {
        request = request.header("content-encoding", "gzip");
    }
    let request = request.body(Bytes::copy_from_slice(body)).expect("a request");
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("link", link)
        .body(Bytes::from_static(answer))
        .expect("a response");
    let roles = [policy().role(role).expect("a role")];
    let staff = Staff::new("test", "tanaka", Vec::new());
    let time = "2026-11-24T03:00:00Z".parse().expect("a time");
    let caller = Caller { staff: Some(&staff), roles: &roles, network: [127, 0, 0, 1].into(), time };
    dry::run(policy(), &mint(), &caller, request, response)
}

fn outcome(got: &Got) -> &'static str {
    match &got.refusal {
        Some(refusal) => refusal.reason.word(),
        None => "passes",
    }
}

/// Rows of so many columns; the last one takes the rest of the line.
fn rows(name: &str, columns: usize) -> Vec<Vec<String>> {
    let text = read(name);
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let row = |line: &str| {
        let mut rest = line;
        let mut row = Vec::new();
        for _ in 1..columns {
            let (word, after) = rest.split_once(' ').unwrap_or_else(|| panic!("`{line}` has too few columns"));
            row.push(word.to_owned());
            rest = after.trim_start();
        }
        row.push(rest.to_owned());
        row
    };
    lines.map(row).collect()
}

fn keeps_silent(got: &Got, row: &str) -> Option<String> {
    let note = got.refusal.as_ref().map(|refusal| refusal.note.clone()).unwrap_or_default();
    let told = format!("{note} {}", String::from_utf8_lossy(&got.body));
    SECRETS.iter().find(|secret| told.contains(**secret)).map(|secret| format!("{row}: tells {secret}: {note}"))
}

#[test]
fn every_question_is_answered_as_expected() {
    let mut wrong = Vec::new();
    let rows = rows("queries.txt", 3);
    assert!(rows.len() > 250, "the cases are there");
    for row in rows {
        let [role, expected, target] = &row[..] else { panic!("three columns") };
        let got = exchange(role, "GET", target, "-", b"");
        let mut told = outcome(&got).to_owned();
        if let (None, Some(plan)) = (&got.refusal, &got.plan) {
            let target = escaped(target);
            let pairs =
                normal::pairs(target.split_once('?').map_or("", |(_, query)| query).as_bytes()).expect("a query");
            if got.event == Event::Search || !query::screen(plan, &pairs).expect("it passed").kinds.is_empty() {
                told = "search".to_owned();
            }
        }
        if told != *expected {
            let note = got.refusal.as_ref().map(|refusal| refusal.note.clone()).unwrap_or_default();
            wrong.push(format!("{role} {target}: {told}, expected {expected} ({note})"));
        }
        wrong.extend(keeps_silent(&got, target));
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_write_is_judged_as_expected() {
    let mut wrong = Vec::new();
    let rows = rows("writes.txt", 6);
    assert!(rows.len() > 120, "the cases are there");
    for row in rows {
        let [role, expected, method, target, kind, body] = &row[..] else { panic!("six columns") };
        let body = match kind.as_str() {
            "-" => String::new(),
            kind if kind.starts_with("parts") => parts(body),
            _ => body.replace("\\r", "\r").replace("\\n", "\n"),
        };
        let got = exchange(role, method, target, kind, &encoded(kind, &body));
        if outcome(&got) != expected {
            let note = got.refusal.as_ref().map(|refusal| refusal.note.clone()).unwrap_or_default();
            wrong.push(format!("{role} {method} {target} {body}: {}, expected {expected} ({note})", outcome(&got)));
        }
        if got.refusal.is_some() {
            wrong.extend(keeps_silent(&got, &body));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// What two readers of a form in parts could read in two ways is read by none.
#[test]
fn a_form_in_parts_is_read_in_one_way_or_not_at_all() {
    const NAME: &str = "Content-Disposition: form-data; name=\"a\"";
    let part = |head: &str, content: &str| format!("--x\r\n{head}\r\n\r\n{content}\r\n--x--\r\n");
    let good = part(NAME, "abc");
    for (what, kind, body) in [
        ("no boundary", "parts-of-none", good.clone()),
        ("two boundaries", "parts-of-two", good.clone()),
        ("text before the first part", "parts", format!("tel=1\r\n{good}")),
        ("text behind the last", "parts", format!("{good}tel=1")),
        ("no end", "parts", good.replace("--x--\r\n", "")),
        ("a line that is nearly a boundary", "parts", part(NAME, "abc\r\n--x y\r\nd")),
        ("a folded line", "parts", part("Content-Disposition: form-data;\r\n name=\"a\"", "abc")),
        ("a name twice", "parts", part(&format!("{NAME}; name=\"b\""), "abc")),
        ("a head twice", "parts", part(&format!("{NAME}\r\n{NAME}"), "abc")),
        ("a coding", "parts", part(&format!("{NAME}\r\nContent-Transfer-Encoding: base64"), "YWJj")),
        ("a file's name in another charset", "parts", part(&format!("{NAME}; filename*=UTF-8''b.txt"), "abc")),
        ("parts in parts", "parts", part(&format!("{NAME}\r\nContent-Type: multipart/mixed; boundary=y"), "--y--")),
        ("lines that end in a line feed alone", "parts", good.replace("\r\n", "\n")),
    ] {
        let got = exchange("support", "POST", "/customers/42", kind, body.as_bytes());
        assert_eq!((got.status, outcome(&got)), (400, "request-unreadable"), "{what}");
    }
    assert_eq!(outcome(&exchange("support", "POST", "/customers/42", "parts", good.as_bytes())), "passes");
}

#[test]
fn what_sorts_by_hidden_data_is_taken_out_where_a_rule_says_so() {
    let mut wrong = Vec::new();
    let rows = rows("sorts.txt", 4);
    assert!(rows.len() > 30, "the cases are there");
    for row in rows {
        let [role, kind, sent, expected] = &row[..] else { panic!("four columns") };
        let (target, body) = match kind.as_str() {
            "-" => (sent.as_str(), ""),
            _ => ("/search", sent.as_str()),
        };
        let got = exchange(role, if kind == "-" { "GET" } else { "POST" }, target, kind, body.as_bytes());
        let told = match (&got.refusal, kind.as_str()) {
            (Some(refusal), _) => refusal.reason.word().to_owned(),
            (None, "-") => got.target.clone(),
            (None, _) => String::from_utf8_lossy(&got.forwarded).into_owned(),
        };
        if told != expected.trim() {
            let note = got.refusal.as_ref().map(|refusal| refusal.note.clone()).unwrap_or_default();
            wrong.push(format!("{role} {kind} {sent}: {told}, expected {expected} ({note})"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_question_has_a_bound() {
    let form = |count: usize| (0..count).map(|number| format!("a{number}=1&")).collect::<String>();
    let members = |count: usize| (0..count).map(|number| format!("\"a{number}\":1,")).collect::<String>();
    let json = |count| format!("{{{}\"z\":1}}", members(count));
    for (kind, few, many, reason) in
        [("form", form(1000), form(20_001), "body-too-large"), ("json", json(1000), json(20_001), "request-unreadable")]
    {
        assert_eq!(outcome(&exchange("support", "POST", "/search", kind, few.as_bytes())), "passes");
        assert_eq!(outcome(&exchange("support", "POST", "/search", kind, many.as_bytes())), reason);
    }
    let long = format!("filter={}", "a%20".repeat(140_000));
    assert_eq!(outcome(&exchange("support", "POST", "/search", "form", long.as_bytes())), "query");
}

fn token(id: KindId, domain: &Domain, value: &str) -> String {
    let plan = exchange("analyst", "GET", "/customers/42", "-", b"").plan.expect("a plan");
    mint().token(plan.kinds.get(id), domain, value).expect("a token")
}

fn of_customer() -> Domain {
    Domain::Subject { kind: "customer".into(), id: "42".into() }
}

/// What the CRM was asked, if it was.
fn told_to_the_crm(got: &Got) -> String {
    format!("{} {}", got.target, String::from_utf8_lossy(&got.forwarded))
}

#[test]
fn a_token_is_looked_for_by_whom_it_was_given() {
    let shared = Domain::Shared("pool".into());
    let (own, pooled) =
        (token(kind::PHONE, &of_customer(), "090-1234-5678"), token(kind::PHONE, &shared, "090-1234-5678"));
    let mail = token(kind::EMAIL, &of_customer(), "taro+a@example.jp");
    for (role, method, target, kind, body, told) in [
        ("analyst", "GET", format!("/customers?tel={own}"), "-", String::new(), "/customers?tel=090-1234-5678 "),
        (
            "analyst",
            "GET",
            format!("/customers?page=1&tel={own}&x=y"),
            "-",
            String::new(),
            "/customers?page=1&tel=090-1234-5678&x=y ",
        ),
        ("analyst", "GET", format!("/customers?q={own}"), "-", String::new(), "/customers?q=090-1234-5678 "),
        (
            "analyst",
            "GET",
            format!("/customers?mail={mail}"),
            "-",
            String::new(),
            "/customers?mail=taro%2Ba%40example.jp ",
        ),
        ("pool", "GET", format!("/customers?tel={pooled}"), "-", String::new(), "/customers?tel=090-1234-5678 "),
        (
            "pool",
            "GET",
            format!("/customers?tel={}", pooled.to_uppercase().replace("TOK_PHONE_", "tok_PHONE_")),
            "-",
            String::new(),
            "/customers?tel=090-1234-5678 ",
        ),
        ("analyst", "POST", "/search".into(), "form", format!("a=b&t={own}"), "/search a=b&t=090-1234-5678"),
        (
            "analyst",
            "POST",
            "/search".into(),
            "json",
            format!("{{\"t\": \"{own}\", \"n\": 1.10}}"),
            "/search {\"t\": \"090-1234-5678\", \"n\": 1.10}",
        ),
    ] {
        // What staff may not read must not come back by the answer, whoever asked the CRM for it.
        let answer =
            ("</customers?tel=090-1234-5678>; rel=next", &br#"{"asked":"090-1234-5678, taro+a@example.jp"}"#[..]);
        let got = exchange_with(answer, role, method, &target, kind, body.as_bytes());
        assert_eq!(outcome(&got), "passes", "{role} {target} {:?}", got.refusal);
        assert_eq!(told_to_the_crm(&got), told, "{role} {target}");
        assert_eq!(got.event.word(), "search", "{role} {target}");
        // The answer repeats what the CRM was asked, and that was never staff's.
        let said = String::from_utf8_lossy(&got.body).into_owned() + &format!("{:?}", got.headers);
        assert!(!said.contains("1234-5678") && !said.contains("taro+a"), "{role} {target}: {said}");
    }
}

#[test]
fn a_token_is_no_way_to_anything_else() {
    let own = token(kind::PHONE, &of_customer(), "090-1234-5678");
    let pooled = token(kind::PHONE, &Domain::Shared("pool".into()), "090-1234-5678");
    let other = token(kind::PHONE, &Domain::Shared("other".into()), "090-1234-5678");
    let strange = KeyMint::new(Arc::new(Ring::passing().expect("a ring")));
    let kinds = exchange("analyst", "GET", "/customers/42", "-", b"").plan.expect("a plan").kinds.clone();
    let strange = strange.token(kinds.get(kind::PHONE), &of_customer(), "090-1234-5678").expect("a token");
    let mail = token(kind::EMAIL, &Domain::Shared("pool".into()), "taro@example.jp");
    let part = token(kind::PHONE, &of_customer(), "090-1234");
    let forged = own.replace('a', "b");
    for (role, method, target, kind, body) in [
        // Of another domain, another house, or of nobody; what staff does not get, or may not look for.
        ("analyst", "GET", format!("/customers?tel={pooled}"), "-", String::new()),
        ("pool", "GET", format!("/customers?tel={own}"), "-", String::new()),
        ("pool", "GET", format!("/customers?tel={other}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?tel={strange}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?tel={forged}"), "-", String::new()),
        ("support", "GET", format!("/customers?tel={own}"), "-", String::new()),
        ("manager", "GET", format!("/customers?tel={own}"), "-", String::new()),
        ("closed", "GET", format!("/customers?tel={own}"), "-", String::new()),
        ("pool", "GET", format!("/customers?mail={mail}"), "-", String::new()),
        // At another kind's place, among other words, with an operator, in a list, as a part of a value.
        ("analyst", "GET", format!("/customers?mail={own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?page={own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?sort={own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?q=call+{own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?q={own}+"), "-", String::new()),
        ("analyst", "GET", format!("/customers?tel={own},{own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?tel__gt={own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?tel=like.{own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers?{own}=1"), "-", String::new()),
        ("analyst", "GET", format!("/customers?tel={part}"), "-", String::new()),
        (
            "analyst",
            "GET",
            ["tel"; 5].map(|name| format!("{name}={own}")).join("&").replacen("", "/customers?", 1),
            "-",
            String::new(),
        ),
        // In the path, and in writes.
        ("analyst", "GET", format!("/by-phone/{own}"), "-", String::new()),
        ("analyst", "GET", format!("/customers/{own}"), "-", String::new()),
        ("analyst", "POST", "/customers/42".into(), "form", format!("tel={own}")),
        ("analyst", "PUT", format!("/customers/42?tel={own}"), "json", "{}".into()),
        ("analyst", "PUT", "/customers/42".into(), "json", format!("{{\"tel\":\"{own}\"}}")),
        ("analyst", "POST", "/search".into(), "json", format!("{{\"t\":\"{own}\",\"any\":\"{own}\"}}")),
        ("analyst", "POST", "/search".into(), "json", format!("{{\"{own}\":\"x\",\"t\":\"090-1111-2222\"}}")),
        ("analyst", "POST", "/search".into(), "text", own.clone()),
        ("analyst", "POST", "/search".into(), "xml", format!("<q><t>{own}</t></q>")),
        ("analyst", "POST", "/search".into(), "parts", format!("t={own}")),
    ] {
        let body = if kind == "parts" { parts(&body) } else { body };
        let got = exchange(role, method, &target, kind, body.as_bytes());
        let told = told_to_the_crm(&got);
        assert!(!told.contains("090-1234") && !told.contains("taro@"), "{role} {target} {body}: {told}");
        // By the parameter's name: a token may hold these letters too.
        let asks = target.contains("?tel") || kind != "-";
        assert!(!asks || role == "manager" || got.refusal.is_some(), "{role} {method} {target} {body} passed");
    }
}

/// The places of the policy's fields, with their kinds.
const PLACES: &[(&str, KindId)] = &[
    ("name", kind::PERSON_NAME),
    ("tel", kind::PHONE),
    ("mail", kind::EMAIL),
    ("zip", kind::POSTAL_CODE),
    ("住所", kind::ADDRESS),
    ("birthday", kind::BIRTH_DATE),
    ("age", kind::AGE_YEARS),
    ("my_number", kind::MY_NUMBER),
    ("memo", kind::NOTES),
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "0[3789]0?-[0-9]{4}-[0-9]{4}",
        "[0-9]{3}-[0-9]{4}",
        "[0-9]{1,3}",
        "[a-z.]{1,8}[@＠][a-z]{1,8}\\.(jp|example|co\\.jp)",
        "[一-龠]{1,3}[ \u{3000}][一-龠]{1,3}",
        "[A-Z][a-z]{0,8} [A-Z][a-z]{0,8}",
        "(東京都|北海道|大阪府)[市区町村一-龠]{0,8}[0-9-]{0,5}",
        "(昭和|19)[0-9]{2}[-年/.][0-9]{1,2}[-月/.][0-9]{1,2}日?",
        "\\PC{1,20}",
    ]
}

/// Who does not see what stands where, with the plan that says so.
fn veiled() -> Vec<(&'static str, &'static str, KindId)> {
    let of = |role: &'static str| {
        let plan = exchange(role, "GET", "/customers/42", "-", b"").plan.expect("a plan");
        let veils = move |id: KindId| plan.decisions[usize::from(id.0)].action.veils();
        PLACES.iter().filter(move |(_, id)| veils(*id)).map(move |(name, id)| (role, *name, *id))
    };
    ["support", "analyst", "closed"].into_iter().flat_map(of).collect()
}

/// A parameter of the page that declares none, or of the one that declares all.
fn asked(
    open: &'static [&'static str],
    declared: &'static [&'static str],
) -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![(Just("/customers"), select(open)), (Just("/declared"), select(declared))]
}

fn json(name: &str, value: &str) -> Vec<u8> {
    serde_json::json!({ name: value }).to_string().into_bytes()
}

proptest! {
    #[test]
    fn what_staff_gets_is_never_written_back(value in value(), (role, name, id) in select(veiled())) {
        let plan = exchange(role, "GET", "/customers/42", "-", b"").plan.expect("a plan");
        let decision = &plan.decisions[usize::from(id.0)];
        let domain = Domain::Subject { kind: "customer".into(), id: "42".into() };
        for number in [false, true] {
            let today = Today { year: 2026, month: 11, day: 24 };
            let context = transform::Context { today, domain: Some(&domain), mint: &*mint(), number };
            let veil = transform::veil(&value, decision.action, plan.kinds.get(id), &context).expect("a veil");
            let form = format!("{}={}", escaped(name), escaped(&veil).replace('+', "%2B").replace('&', "%26"));
            let csv = format!("{name},x\n\"{veil}\",1\n");
            for (kind, body) in [("json", json(name, &veil)), ("form", form.into_bytes()), ("csv", csv.into_bytes())] {
                let got = exchange(role, "PUT", "/customers/42", kind, &body);
                prop_assert_eq!(outcome(&got), "veil", "{} {} in {}", name, decision.action, kind);
            }
        }
    }

    #[test]
    fn no_beginning_of_a_number_is_looked_for(
        area in select(vec!["090", "080", "070", "03", "06", "+81 90", "+81-3"]),
        rest in "[2-9][0-9]{3}-[0-9]{4}",
        cut in any::<Index>(),
        (path, name) in asked(
            &["tel", "phone", "customer[tel]", "tel__exact", "where[tel][$eq]", "q"],
            &["tel", "phone", "t", "any", "customer[tel]", "tel__exact", "where[tel][$eq]"],
        ),
    ) {
        let number = format!("{area}-{rest}");
        // A sign alone is no beginning, and a digit alone is no word to look for.
        let first = number.find(|c: char| c.is_ascii_digit()).map_or(1, |at| at + 1).max(if name == "q" { 2 } else { 1 });
        let beginning = number[..first + cut.index(number.len() - first)].trim();
        // A number that is whole by itself may begin another: that is what a numbering plan forbids.
        prop_assert!(!detect::is(kind::PHONE, beginning), "a beginning is whole by itself");
        let target = format!("{path}?{name}={}", beginning.replace('+', "%2B").replace(' ', "%20"));
        let got = exchange("support", "GET", &target, "-", b"");
        prop_assert_eq!(outcome(&got), "query", "{}", target);
    }

    #[test]
    fn no_beginning_of_an_address_is_looked_for(
        local in "[a-z][a-z0-9.]{0,8}[a-z0-9]",
        domain in "[a-z]{2,8}",
        cut in any::<Index>(),
        (path, name) in asked(
            &["mail", "email", "contact.mail", "mail__iexact"],
            &["mail", "email", "any", "both", "contact.mail", "mail__iexact"],
        ),
    ) {
        let address = format!("{local}@{domain}.jp");
        let beginning = &address[..1 + cut.index(address.len() - 1)];
        prop_assert!(!detect::is(kind::EMAIL, beginning));
        let got = exchange("support", "GET", &format!("{path}?{name}={beginning}"), "-", b"");
        prop_assert_eq!(outcome(&got), "query", "{}", beginning);
    }

    #[test]
    fn no_question_panics_or_repeats_itself(
        name in "\\PC{0,30}|(sort|q|filter|where|tel|order|columns)?[\\[\\]._$<>=!~(a-z0-9]{0,20}",
        value in "\\PC{0,60}|[\\[\\]{}\"':,=<>.*%() a-z0-9-]{0,60}|(select|tel|mail)[ ,.=<>'a-z0-9*()]{0,40}",
        role in select(vec!["support", "analyst", "manager", "closed"]),
    ) {
        let plan = exchange(role, "GET", "/customers", "-", b"").plan.expect("a plan");
        let pairs = [(name.clone(), value.clone())];
        if let Err(refusal) = query::screen(&plan, &pairs) {
            prop_assert!(value.chars().count() < 9 || !refusal.note.contains(&value), "{}", refusal.note);
        }
        let _ = query::screen_text(&plan, &value);
        let _ = query::screen_json(&plan, value.as_bytes());
        for body in [format!("{name}={value}"), value] {
            for kind in ["form", "json", "csv", "text"] {
                exchange(role, "PUT", "/customers/42", kind, body.as_bytes());
            }
        }
    }
}
