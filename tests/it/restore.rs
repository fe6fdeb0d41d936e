//! Veiled values go home: cases in files, and what holds for any record, any veil and any edit.
//!
//! A case is a write, what the CRM answers when it is asked for the record, and the body that the CRM gets
//! or why it gets none.

mod laws;
mod sequences;

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{Request, Response};
use sudare::policy::Policy;
use sudare::serve::exchange::dry::{self, Caller, Got};
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
    /// Status and media type, and the body.
    record: (String, String),
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
            record: Default::default(),
            expected: Err(String::new()),
        };
        for section in sections {
            let (name, text) = section.split_once('\n').unwrap_or((section, ""));
            match name {
                "record" => {
                    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
                    case.record = (first.to_owned(), body.to_owned());
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

    fn record(&self) -> Response<Bytes> {
        let (status, kind) = self.record.0.split_once(' ').expect("status and media type");
        let record = Response::builder().status(status).header("content-type", kind);
        let body = match kind.split_once("charset=") {
            Some((_, charset)) => {
                let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).expect("a charset");
                encoding.encode(&self.record.1).0.into_owned()
            }
            None => self.record.1.clone().into_bytes(),
        };
        record.body(Bytes::from(body)).expect("an answer")
    }

    fn run(&self, policy: &Policy) -> Got {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.target.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Bytes::from(self.written(policy))).expect("a request");
        restored(policy, &self.role, request, self.record())
    }
}

/// A write by staff of a role, where the CRM has this record.
pub fn restored(policy: &Policy, role: &str, request: Request<Bytes>, record: Response<Bytes>) -> Got {
    let answer = Response::builder().header("content-type", "application/json").body(Bytes::from_static(b"{}"));
    asked(role, policy, |caller| {
        dry::restored(policy, &mint(), caller, request, Some(record), answer.expect("an answer"))
    })
}

/// What staff of a role gets.
pub fn got(policy: &Policy, role: &str, request: Request<Bytes>, answer: Response<Bytes>) -> Got {
    asked(role, policy, |caller| dry::run(policy, &mint(), caller, request, answer))
}

fn asked(role: &str, policy: &Policy, ask: impl FnOnce(&Caller<'_>) -> Got) -> Got {
    let staff = Staff::new("basic", "tanaka", Vec::new());
    let roles: Vec<_> = policy.role(role).into_iter().collect();
    assert!(!roles.is_empty(), "no role `{role}`");
    let time = TIME.parse().expect("a time");
    ask(&Caller { staff: Some(&staff), roles: &roles, network: [127, 0, 0, 1].into(), time })
}

fn mint() -> Arc<dyn Mint> {
    static MINT: OnceLock<Arc<dyn Mint>> = OnceLock::new();
    Arc::clone(MINT.get_or_init(|| Arc::new(KeyMint::new(Arc::new(Ring::passing().expect("a ring"))))))
}

/// Texts of a record that a note could repeat.
fn values(record: &str) -> Vec<String> {
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
                None => Ok(String::from_utf8_lossy(&got.forwarded).into_owned()),
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
