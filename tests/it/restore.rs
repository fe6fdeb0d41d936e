//! Veiled values go home: cases in files, and what holds for any record, any veil and any edit.
//!
//! A case is a write, what the CRM answers when it is asked for the record, and the body that the CRM gets
//! or why it gets none. Where pages stand before it, staff was given them, and `<<seal 1>>` is what the first form of
//! them was sealed with.

mod elements;
mod forms;
mod laws;
mod likenesses;
mod notes;
pub mod seals;
mod sequences;
mod tables;

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use proptest::prelude::ProptestConfig;
use sudare::policy::Policy;
use sudare::serve::exchange::dry::{self, AnsweredTo, Caller, Got};
use sudare::terms::mint::Mint;
use sudare::terms::staff::Staff;
use sudare::vault::mint::KeyMint;
use sudare::vault::ring::Ring;

use crate::exchange::run::policy;

const TIME: &str = "2026-11-24T03:00:00Z";

/// One write.
struct Case {
    title: String,
    method: String,
    target: String,
    role: String,
    headers: Vec<(String, String)>,
    body: String,
    /// What staff opened before, and got: target, role, media type and the page.
    pages: Vec<(String, String, String, String)>,
    /// How many seconds later it is.
    later: i64,
    /// Status and media type, and the body.
    record: (String, String),
    /// What staff had asked to see that, where it is remembered: target and body.
    asked: Option<(String, String)>,
    /// What the CRM gets, or the reason and how the note begins.
    expected: Result<String, String>,
}

impl Case {
    fn read(text: &str) -> Case {
        let mut sections = text.trim_end_matches('\n').split("\n---- ");
        let mut lines = sections.next().expect("a request").splitn(3, '\n');
        let title = lines.next().expect("a title").to_owned();
        let first: Vec<&str> = lines.next().expect("a request").split(' ').collect();
        let [method, target, _, role] = first[..] else { panic!("{title}: `METHOD target as role`") };
        let rest = lines.next().unwrap_or_default();
        let (headers, body) = rest.split_once("\n\n").unwrap_or(("", rest));
        let headers = headers.lines().map(|line| line.split_once(": ").expect("`name: value`"));
        let mut case = Case {
            title,
            method: method.to_owned(),
            target: target.to_owned(),
            role: role.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.to_owned(),
            pages: Vec::new(),
            later: 0,
            record: Default::default(),
            asked: None,
            expected: Err(String::new()),
        };
        for section in sections {
            let (name, text) = section.split_once('\n').unwrap_or((section, ""));
            match name {
                "record" => {
                    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
                    case.record = (first.to_owned(), body.to_owned());
                }
                _ if name.starts_with("asked ") => {
                    case.asked = Some((name["asked ".len()..].to_owned(), text.trim_end_matches('\n').to_owned()));
                }
                "later" => case.later = text.trim().parse().expect("seconds"),
                _ if name.starts_with("page ") => {
                    let words: Vec<&str> = name.split(' ').collect();
                    let [_, target, _, role] = words[..] else { panic!("{}: `page target as role`", case.title) };
                    let (kind, page) = text.split_once('\n').expect("a media type and a page");
                    case.pages.push((target.to_owned(), role.to_owned(), kind.to_owned(), page.to_owned()));
                }
                "forwarded" => case.expected = Ok(text.trim_end_matches('\n').to_owned()),
                "refused" => case.expected = Err(text.trim_end_matches('\n').to_owned()),
                other => panic!("{}: a section `{other}`", case.title),
            }
        }
        case
    }

    /// The body, with `<<tel@support>>` made what that role gets of `tel`.
    fn written(&self, policy: &Policy) -> String {
        let mut body = self.body.clone();
        let seals = self.seals(policy);
        while let Some((before, rest)) = body.split_once("<<seal ") {
            let (number, after) = rest.split_once(">>").expect("`<<seal 1>>`");
            // One that somebody has changed.
            let (number, changed) = number.strip_suffix('!').map_or((number, false), |number| (number, true));
            let at = number.parse::<usize>().expect("a number") - 1;
            let mut seal = seals.get(at).unwrap_or_else(|| panic!("{}: no seal {number}", self.title)).clone();
            if changed {
                let last = if seal.ends_with('A') { "E" } else { "A" };
                seal.replace_range(40..41, if &seal[40..41] == last { "I" } else { last });
            }
            body = format!("{before}{seal}{after}");
        }
        while let Some((before, rest)) = body.split_once("<<") {
            let (place, after) = rest.split_once(">>").expect("`<<name@role>>`");
            let (name, role) = place.split_once('@').expect("`<<name@role>>`");
            let request = Request::get(self.target.as_str()).body(Bytes::new()).expect("a request");
            let seen = got(policy, role, request, self.record()).body;
            let seen: serde_json::Value = serde_json::from_slice(&seen).expect("JSON");
            body = format!("{before}{}{after}", seen[name].as_str().expect("a text"));
        }
        body
    }

    /// The seals of all pages that staff was given.
    fn seals(&self, policy: &Policy) -> Vec<String> {
        let mut all = Vec::new();
        for (target, role, kind, page) in &self.pages {
            let page = encoded(kind, page);
            let answer = Response::builder().header("content-type", kind).body(Bytes::from(page.clone()));
            let request = Request::get(target.as_str()).header("host", "crm").body(Bytes::new()).expect("a request");
            let got = got(policy, role, request, answer.expect("an answer"));
            assert!(got.refusal.is_none(), "{}: {:?}", self.title, got.refusal);
            let found = seals::seals(&got.body);
            all.extend(found);
        }
        all
    }

    /// Whether the body is a form in parts: its lines end as browsers end them, and it is in the page's charset.
    fn is_in_parts(&self) -> bool {
        self.headers.iter().any(|(_, value)| value.starts_with("multipart/"))
    }

    /// What a case says of how it is sent: `Sent-In` is the charset of the body, `Lines-End: crlf` how its lines end.
    fn said(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn charset(&self) -> &'static encoding_rs::Encoding {
        if let Some(label) = self.said("Sent-In") {
            return encoding_rs::Encoding::for_label(label.as_bytes()).expect("a charset");
        }
        let kind = self.record.0.split_once(' ').map_or("text/html", |(_, kind)| kind);
        let kind = self.pages.first().map_or(kind, |(_, _, kind, _)| kind);
        let label = kind.split_once("charset=").filter(|_| self.is_in_parts()).map_or("utf-8", |(_, label)| label);
        encoding_rs::Encoding::for_label(label.as_bytes()).expect("a charset")
    }

    fn sent(&self, policy: &Policy) -> Vec<u8> {
        let body = self.written(policy);
        let body = if self.ends_long() { body.replace('\n', "\r\n") } else { body };
        written_in(self.charset(), &body)
    }

    fn ends_long(&self) -> bool {
        self.is_in_parts() || self.said("Lines-End").is_some()
    }

    /// What the CRM got, in the way in which it stands in the case.
    fn forwarded(&self, body: &[u8]) -> String {
        let body = self.charset().decode_without_bom_handling(body).0.into_owned();
        if self.ends_long() { body.replace("\r\n", "\n") } else { body }
    }

    fn record(&self) -> Response<Bytes> {
        let (status, kind) = self.record.0.split_once(' ').expect("status and media type");
        let record = Response::builder().status(status).header("content-type", kind);
        let mut record = record.body(Bytes::from(encoded(kind, &self.record.1))).expect("an answer");
        if let Some((target, body)) = &self.asked {
            let kind = if body.starts_with('<') { "text/xml" } else { "application/json" };
            let method = if body.is_empty() { "GET" } else { "POST" };
            let request = Request::builder().method(method).uri(target.as_str()).header("content-type", kind);
            record.extensions_mut().insert(AnsweredTo(request.body(Bytes::from(body.clone())).expect("a request")));
        }
        record
    }

    /// What the CRM answers to the write, in the form that it was sent in.
    fn saved(&self) -> Response<Bytes> {
        if self.asked.is_none() || !self.body.starts_with('<') {
            return saved();
        }
        let answer = Response::builder().header("content-type", "text/xml");
        answer.body(Bytes::from_static(b"<ok/>")).expect("an answer")
    }

    fn run(&self, policy: &Policy) -> Got {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.target.as_str());
        for (name, value) in self.headers.iter().filter(|(name, _)| !matches!(&**name, "Sent-In" | "Lines-End")) {
            request = request.header(name, value);
        }
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Bytes::from(self.sent(policy))).expect("a request");
        let later = self.later;
        if self.record.0.is_empty() {
            return asked_later(&self.role, later, policy, |caller| {
                dry::run(policy, &mint(), caller, request, self.saved())
            });
        }
        let record = self.record();
        let ask = |caller: &Caller<'_>| dry::restored(policy, &mint(), caller, request, Some(record), self.saved());
        asked_later(&self.role, later, policy, ask)
    }
}

/// A text in the charset that a media type says.
fn encoded(kind: &str, text: &str) -> Vec<u8> {
    match kind.split_once("charset=") {
        Some((_, charset)) => {
            let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).expect("a charset");
            written_in(encoding, text)
        }
        None => text.as_bytes().to_vec(),
    }
}

/// A text in a charset; the encoder that browsers use writes no wide characters.
fn written_in(encoding: &'static encoding_rs::Encoding, text: &str) -> Vec<u8> {
    match encoding.name() {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => encoding.encode(text).0.into_owned(),
    }
}

/// What the CRM answers to a write.
fn saved() -> Response<Bytes> {
    let answer = Response::builder().header("content-type", "application/json");
    answer.body(Bytes::from_static(b"{}")).expect("an answer")
}

/// A write by staff of a role, where the CRM has this record.
pub fn restored(policy: &Policy, role: &str, request: Request<Bytes>, record: Response<Bytes>) -> Got {
    asked_later(role, 0, policy, |caller| dry::restored(policy, &mint(), caller, request, Some(record), saved()))
}

/// What staff of a role gets.
pub fn got(policy: &Policy, role: &str, request: Request<Bytes>, answer: Response<Bytes>) -> Got {
    asked_later(role, 0, policy, |caller| dry::run(policy, &mint(), caller, request, answer))
}

/// Asks as staff of a role, so many seconds later; `support/sato` is another of them.
fn asked_later(role: &str, later: i64, policy: &Policy, ask: impl FnOnce(&Caller<'_>) -> Got) -> Got {
    let (role, user) = role.split_once('/').unwrap_or((role, "tanaka"));
    let staff = Staff::new("basic", user, Vec::new());
    let roles: Vec<_> = policy.role(role).into_iter().collect();
    assert!(!roles.is_empty(), "no role `{role}`");
    let time = TIME.parse::<jiff::Timestamp>().expect("a time") + jiff::SignedDuration::from_secs(later);
    ask(&Caller { staff: Some(&staff), roles: &roles, network: [127, 0, 0, 1].into(), time })
}

/// How often a law is tried: as `PROPTEST_CASES` says, but not less often than this.
pub fn proven(least: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok());
    let cases = least.max(asked.unwrap_or_default());
    // What a law does not speak of is no failure, however often it is tried.
    ProptestConfig { cases, max_global_rejects: 1024 + 2 * cases, ..ProptestConfig::default() }
}

fn mint() -> Arc<dyn Mint> {
    static MINT: OnceLock<Arc<dyn Mint>> = OnceLock::new();
    Arc::clone(MINT.get_or_init(|| Arc::new(KeyMint::new(Arc::new(Ring::passing().expect("a ring"))))))
}

/// Texts of a record that a note could repeat: of one in JSON, or in a table.
fn values(record: &str) -> Vec<String> {
    if record.starts_with("ID,") {
        let cells = record.lines().skip(1).flat_map(|line| line.split(','));
        return cells.filter(|cell| cell.chars().count() > 3).map(str::to_owned).collect();
    }
    fn gather(value: &serde_json::Value, all: &mut Vec<String>) {
        match value {
            serde_json::Value::String(text) if text.chars().count() > 3 => all.push(text.clone()),
            serde_json::Value::Array(items) => items.iter().for_each(|item| gather(item, all)),
            serde_json::Value::Object(members) => members.values().for_each(|item| gather(item, all)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    gather(&serde_json::from_str(record).unwrap_or_default(), &mut all);
    all
}

#[test]
fn every_write_reaches_the_crm_as_it_should_or_not_at_all() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/restore");
    for entry in fs::read_dir(folder).expect("the cases") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("a case");
        let mut parts = text.split("\n==== ");
        let policy = policy(parts.next().expect("rules"));
        for case in parts.map(Case::read) {
            count += 1;
            let got = case.run(&policy);
            let told = match &got.refusal {
                None => Ok(case.forwarded(&got.forwarded)),
                Some(refusal) => Err(format!("{} {}", refusal.reason.word(), refusal.note)),
            };
            let fits = match (&told, &case.expected) {
                (Ok(told), Ok(expected)) => told == expected,
                (Err(told), Err(expected)) => told.starts_with(expected.as_str()),
                _ => false,
            };
            if !fits {
                wrong.push(format!("{}: {told:?}, expected {:?}", case.title, case.expected));
            }
            if let Err(told) = told {
                let mut repeated = values(&case.record.1).into_iter().filter(|value| told.contains(value.as_str()));
                wrong.extend(repeated.next().map(|value| format!("{}: tells {value}", case.title)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 50, "the cases are there");
}
