//! `tests:`: a request, the CRM's answer, and what each role gets, kept as data with places so that
//! a failure can point at its line.

pub mod body;
pub mod expect;

use core::net::IpAddr;

use jiff::Timestamp;

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader::{self, MapReader, nearest, words_of};
use crate::policy::rule::matches::METHODS;
use crate::policy::rule::tests::body::Content;
use crate::policy::rule::{Word, when};

pub use crate::policy::rule::tests::expect::{Expect, Who};

/// A test of the policy; its roles are names until all files are read.
#[derive(Debug, Clone)]
pub struct TestCase<W = Who> {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub spot: Spot,
    /// What staff sends.
    pub request: TestRequest,
    /// From where; `127.0.0.1` if nothing is said.
    pub network: IpAddr,
    /// When; now if nothing is said.
    pub time: Option<Timestamp>,
    /// Who, where a rule is for a person: `basic:tanaka`.
    pub staff: Option<String>,
    /// Their groups; left out, those that give the role.
    pub groups: Vec<String>,
    /// What else their source says of them.
    pub attributes: Vec<(String, String)>,
    /// For what, as staff says it with the request.
    pub purpose: Option<String>,
    /// What the CRM answers.
    pub response: TestResponse,
    /// What it answers to whoever asks for the record that a write is about.
    pub record: Option<TestResponse>,
    /// To which request of staff's the CRM gave that answer, where it was no second reading.
    pub seen: Option<TestRequest>,
    /// What each role gets.
    pub expect: Vec<Expect<W>>,
}

/// What staff sends.
#[derive(Debug, Clone)]
pub struct TestRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Content>,
    /// Where it is written.
    pub spot: Spot,
}

/// What the CRM answers.
#[derive(Debug, Clone)]
pub struct TestResponse {
    /// The status; 200 if nothing is said.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub content: Option<Content>,
}

/// Reads one test.
pub fn read(node: &Node, faults: &mut Faults) -> Option<TestCase<Word>> {
    let mut map = MapReader::open(node, "a test", faults)?;
    let name = map.need("name", faults).and_then(|node| reader::text(node, "a name", faults));
    let request = map.need("request", faults).and_then(|node| request(node, faults));
    let who = map.take("as").map(|node| asker(node, faults)).unwrap_or_default();
    let response = map.take("response").and_then(|node| response(node, faults));
    let (record, seen) = map
        .take("record")
        .and_then(|node| record(node, request.as_ref(), faults))
        .map_or((None, None), |(r, s)| (Some(r), s));
    let expect = map.need("expect", faults).map(|node| expect::read(node, faults)).unwrap_or_default();
    map.finish(faults);
    let response = response.unwrap_or(TestResponse { status: 200, headers: Vec::new(), content: None });
    Some(TestCase {
        name: name?.to_owned(),
        spot: node.spot.clone(),
        request: request?,
        network: who.network.unwrap_or(IpAddr::from([127, 0, 0, 1])),
        time: who.time,
        staff: who.staff,
        groups: who.groups,
        attributes: who.attributes,
        purpose: who.purpose,
        response,
        record,
        seen,
        expect,
    })
}

/// What `as` says.
#[derive(Default)]
struct Asker {
    network: Option<IpAddr>,
    time: Option<Timestamp>,
    staff: Option<String>,
    groups: Vec<String>,
    attributes: Vec<(String, String)>,
    purpose: Option<String>,
}

fn asker(node: &Node, faults: &mut Faults) -> Asker {
    let mut asker = Asker::default();
    let Some(mut map) = MapReader::open(node, "`as`", faults) else { return asker };
    asker.network = map.take("network").and_then(|node| parsed(node, "an address, as in `10.1.2.3`", faults));
    let moment = "a time, as in `2026-11-24T10:00:00+09:00`";
    asker.time = map.take("time").and_then(|node| parsed(node, moment, faults));
    // Rules say `staff`; whoever looks at gateway.yaml says `user`. It is one thing.
    let (staff, user) = (map.take("staff"), map.take("user"));
    if let (Some(_), Some(user)) = (staff, user) {
        faults.error(&user.spot, "twice", "`user` is another word for `staff`, which stands here too");
    }
    let id = staff.or(user);
    asker.staff = id.and_then(|node| reader::text(node, "a staff id", faults)).map(str::to_owned);
    if let Some(node) = map.take("groups") {
        asker.groups =
            reader::any_texts(node, "a group", faults).into_iter().map(|(group, _)| group.to_owned()).collect();
    }
    if let Some(node) = map.take("attributes") {
        for entry in reader::entries(node, "`attributes`", faults).unwrap_or_default() {
            let text = reader::text(&entry.value, "an attribute", faults);
            asker.attributes.extend(text.map(|text| (entry.key.clone(), text.to_owned())));
        }
    }
    asker.purpose = map.take("purpose").and_then(|node| {
        // One request is made for one purpose.
        reader::text(node, "a purpose", faults)?;
        when::purposes(node, faults).pop().map(|word| word.text)
    });
    map.finish(faults);
    asker
}

fn request(node: &Node, faults: &mut Faults) -> Option<TestRequest> {
    let spot = node.spot.clone();
    if !matches!(node.value, Value::Map(_)) {
        let text = reader::text(node, "a request", faults)?;
        let parts = text.split_once(' ').filter(|(method, target)| is_method(method) && target.starts_with('/'));
        let Some((method, target)) = parts else {
            let fault = faults.error(&spot, "request", format!("`{text}` is no request"));
            fault.help("write a method and a path, as in `GET /customers/42`");
            return None;
        };
        unknown_method(method, &spot, faults)?;
        // Pasted from a log, its version would be a part of the path, which then is nobody's.
        if let Some((path, _)) = target.rsplit_once(' ').filter(|(_, last)| last.starts_with("HTTP/")) {
            let fault = faults.error(&spot, "request", format!("`{text}` names a version of HTTP"));
            fault.help(format!("write a method and a path: `{method} {path}`"));
            return None;
        }
        let (method, target) = (method.to_owned(), target.to_owned());
        return Some(TestRequest { method, target, headers: Vec::new(), body: None, spot });
    }
    let mut map = MapReader::open(node, "a request", faults)?;
    let method = map.need("method", faults).and_then(|node| {
        let method = reader::text(node, "a method", faults)?;
        if !is_method(method) {
            let fault = faults.error(&node.spot, "request", format!("`{method}` is no method"));
            fault.help("write it in capital letters, as in `POST`");
            return None;
        }
        unknown_method(method, &node.spot, faults)?;
        Some(method)
    });
    let target = map.need("path", faults).and_then(|node| {
        let path = reader::text(node, "a path", faults)?;
        if !path.starts_with('/') {
            let fault = faults.error(&node.spot, "request", format!("`{path}` is no path"));
            fault.help("begin it with `/`, as in `/customers/42?page=2`");
            return None;
        }
        Some(path)
    });
    let headers = map.take("headers").map(|node| headers(node, faults)).unwrap_or_default();
    let body = body::read(&mut map, faults);
    map.finish(faults);
    Some(TestRequest { method: method?.to_owned(), target: target?.to_owned(), headers, body, spot })
}

/// Methods are told apart by case; nobody means `get`.
fn is_method(method: &str) -> bool {
    !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// `None`, with a fault, for a method that no gateway lets through and no `match` can name.
fn unknown_method(method: &str, spot: &Spot, faults: &mut Faults) -> Option<()> {
    let names = || METHODS.iter().map(|(name, _)| *name);
    if names().any(|known| known == method) {
        return Some(());
    }
    let fault = faults.error(spot, "request", format!("`{method}` is no method"));
    match nearest(method, names()) {
        Some(near) => fault.did_you_mean(Some(near)),
        None => fault.help(format!("write one of {}", words_of(names()))),
    }
    None
}

/// What stands in the CRM while staff writes.
fn record(
    node: &Node,
    written: Option<&TestRequest>,
    faults: &mut Faults,
) -> Option<(TestResponse, Option<TestRequest>)> {
    if written.is_some_and(|request| matches!(request.method.as_str(), "GET" | "HEAD")) {
        let fault =
            faults.error(&node.spot, "record", "`record` is what a write is compared with, and this request reads");
        fault.help("write what the CRM answers under `response`");
    }
    let mut map = MapReader::open(node, "a record", faults)?;
    let seen = map.take("request").and_then(|node| request(node, faults));
    let record = answer(&mut map, faults);
    map.finish(faults);
    Some((record, seen))
}

fn response(node: &Node, faults: &mut Faults) -> Option<TestResponse> {
    let mut map = MapReader::open(node, "a response", faults)?;
    let response = answer(&mut map, faults);
    map.finish(faults);
    Some(response)
}

fn answer(map: &mut MapReader<'_>, faults: &mut Faults) -> TestResponse {
    let status = map.take("status").and_then(|node| expect::status(node, faults)).map_or(200, |(status, _)| status);
    let headers = map.take("headers").map(|node| headers(node, faults)).unwrap_or_default();
    let content = body::read(map, faults);
    TestResponse { status, headers, content }
}

fn headers(node: &Node, faults: &mut Faults) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for entry in reader::entries(node, "`headers`", faults).unwrap_or_default() {
        let values = reader::texts(&entry.value, "a header", faults);
        headers.extend(values.into_iter().map(|(value, _)| (entry.key.clone(), value.to_owned())));
    }
    headers
}

fn parsed<T: std::str::FromStr>(node: &Node, what: &str, faults: &mut Faults) -> Option<T> {
    let text = reader::text(node, what, faults)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        faults.error(&node.spot, "value", format!("`{text}` is not {what}"));
    }
    parsed
}
