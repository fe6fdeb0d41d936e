//! `tests:`: a request, the CRM's answer, and what each role gets, kept as data with places so that
//! a failure can point at its line.

use core::net::IpAddr;

use jiff::Timestamp;

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::{Word, words};

/// A test of the policy.
#[derive(Debug, Clone)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Where it begins.
    pub spot: Spot,
    /// What staff sends.
    pub request: Request,
    /// From where; `127.0.0.1` if nothing is said.
    pub network: IpAddr,
    /// When; now if nothing is said.
    pub time: Option<Timestamp>,
    /// Who, where a rule is for a person: `basic:tanaka`.
    pub staff: Option<String>,
    /// What the CRM answers.
    pub response: Response,
    /// What each role gets.
    pub expect: Vec<Expect>,
}

/// What staff sends.
#[derive(Debug, Clone)]
pub struct Request {
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
pub struct Response {
    /// The status; 200 if nothing is said.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub content: Option<Content>,
}

/// A body.
#[derive(Debug, Clone)]
pub struct Content {
    /// What it is written in.
    pub format: Format,
    /// The text itself or the file that holds it.
    pub from: From,
    /// Where it is written.
    pub spot: Spot,
}

/// Where a body's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// Here.
    Text(String),
    /// In a file beside the rule file.
    File(String),
}

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// HTML.
    Html,
    /// CSV.
    Csv,
    /// Plain text.
    Text,
    /// A urlencoded form.
    Form,
    /// What the file's name says.
    ByName,
}

/// What one role gets.
#[derive(Debug, Clone)]
pub struct Expect {
    /// The role's name, or `nobody`.
    pub who: Word,
    /// The status.
    pub status: Option<(u16, Spot)>,
    /// Members that the JSON answer has.
    pub json: Option<(serde_json::Value, Spot)>,
    /// The body is this, and nothing beside it. `exactly: true` says so of `json`.
    pub exactly: Option<Exactly>,
    /// Texts that stand nowhere in what staff gets.
    pub hidden: Vec<Word>,
    /// Texts that stand in it.
    pub shown: Vec<Word>,
    /// Kinds and the actions that the ledger has for them.
    pub ledger: Vec<(Word, Word)>,
}

/// How the whole answer is compared.
#[derive(Debug, Clone)]
pub enum Exactly {
    /// The JSON answer has no member beside those of `json`.
    Json,
    /// The body is this.
    Body(Content),
}

/// Reads one test.
pub fn read(node: &Node, faults: &mut Faults) -> Option<Test> {
    let mut map = MapReader::open(node, "a test", faults)?;
    let name = map.need("name", faults).and_then(|node| reader::text(node, "a name", faults));
    let request = map.need("request", faults).and_then(|node| request(node, faults));
    let (mut network, mut time, mut staff) = (IpAddr::from([127, 0, 0, 1]), None, None);
    if let Some(mut who) = map.take("as").and_then(|node| MapReader::open(node, "`as`", faults)) {
        if let Some(node) = who.take("network") {
            network = parsed(node, "an address, as in `10.1.2.3`", faults).unwrap_or(network);
        }
        time = who.take("time").and_then(|node| parsed(node, "a time, as in `2026-11-24T10:00:00+09:00`", faults));
        staff = who.take("staff").and_then(|node| reader::text(node, "a staff id", faults)).map(str::to_owned);
        who.finish(faults);
    }
    let response = map.take("response").and_then(|node| response(node, faults));
    let expect = map.need("expect", faults).map(|node| expects(node, faults)).unwrap_or_default();
    map.finish(faults);
    let response = response.unwrap_or(Response { status: 200, headers: Vec::new(), content: None });
    Some(Test { name: name?.to_owned(), spot: node.spot.clone(), request: request?, network, time, staff, response, expect })
}

fn request(node: &Node, faults: &mut Faults) -> Option<Request> {
    let spot = node.spot.clone();
    if !matches!(node.value, Value::Map(_)) {
        let text = reader::text(node, "a request", faults)?;
        let Some((method, target)) = text.split_once(' ').filter(|(_, target)| target.starts_with('/')) else {
            let fault = faults.error(&spot, "request", format!("`{text}` is no request"));
            fault.help("write a method and a path, as in `GET /customers/42`");
            return None;
        };
        return Some(Request { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: None, spot });
    }
    let mut map = MapReader::open(node, "a request", faults)?;
    let method = map.need("method", faults).and_then(|node| reader::text(node, "a method", faults));
    let path = map.need("path", faults).and_then(|node| reader::text(node, "a path", faults));
    let headers = map.take("headers").map(|node| headers(node, faults)).unwrap_or_default();
    let body = content(&mut map, faults);
    map.finish(faults);
    Some(Request { method: method?.to_owned(), target: path?.to_owned(), headers, body, spot })
}

fn response(node: &Node, faults: &mut Faults) -> Option<Response> {
    let mut map = MapReader::open(node, "a response", faults)?;
    let status = map.take("status").and_then(|node| status(node, faults)).map_or(200, |(status, _)| status);
    let headers = map.take("headers").map(|node| headers(node, faults)).unwrap_or_default();
    let content = content(&mut map, faults);
    map.finish(faults);
    Some(Response { status, headers, content })
}

fn headers(node: &Node, faults: &mut Faults) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for entry in reader::entries(node, "`headers`", faults).unwrap_or_default() {
        let values = reader::texts(&entry.value, "a header", faults);
        headers.extend(values.into_iter().map(|(value, _)| (entry.key.clone(), value.to_owned())));
    }
    headers
}

/// The one body among `json`, `html`, `csv`, `text`, `form` and `file`.
fn content(map: &mut MapReader<'_>, faults: &mut Faults) -> Option<Content> {
    const FORMATS: [(&str, Format); 6] = [
        ("json", Format::Json),
        ("html", Format::Html),
        ("csv", Format::Csv),
        ("text", Format::Text),
        ("form", Format::Form),
        ("file", Format::ByName),
    ];
    let mut found: Option<Content> = None;
    for (key, format) in FORMATS {
        let Some(node) = map.take(key) else { continue };
        let from = match (format, node.scalar()) {
            (Format::Json, None | Some(_)) => Some(From::Text(json_text(node))),
            (Format::ByName, _) => reader::text(node, "a file", faults).map(|name| From::File(name.to_owned())),
            (_, Some(text)) => Some(From::Text(text.to_owned())),
            (_, None) => reader::text(node, "a body", faults).map(|text| From::Text(text.to_owned())),
        };
        if found.is_some() {
            faults.error(&node.spot, "body", "there is one body, and here stands a second");
        }
        found = found.or(from.map(|from| Content { format, from, spot: node.spot.clone() }));
    }
    map.reserve(&["xml", "xlsx"], faults);
    found
}

fn expects(node: &Node, faults: &mut Faults) -> Vec<Expect> {
    let entries = reader::entries(node, "`expect`", faults).unwrap_or_default();
    entries.iter().filter_map(|entry| expect(Word::new(&entry.key, &entry.key_spot), &entry.value, faults)).collect()
}

fn expect(who: Word, node: &Node, faults: &mut Faults) -> Option<Expect> {
    let mut expect = Expect { who, status: None, json: None, exactly: None, hidden: Vec::new(), shown: Vec::new(), ledger: Vec::new() };
    if node.scalar().is_some() {
        expect.status = status(node, faults);
        return Some(expect);
    }
    let mut map = MapReader::open(node, "what a role gets", faults)?;
    expect.status = map.take("status").and_then(|node| status(node, faults));
    expect.json = map.take("json").map(|node| (json(node), node.spot.clone()));
    expect.exactly = map.take("exactly").and_then(|node| exactly(node, faults));
    expect.hidden = map.take("hidden").map(|node| words(node, "a hidden text", faults)).unwrap_or_default();
    expect.shown = map.take("shown").map(|node| words(node, "a shown text", faults)).unwrap_or_default();
    if let Some(node) = map.take("ledger") {
        for entry in reader::entries(node, "`ledger`", faults).unwrap_or_default() {
            let kind = Word::new(&entry.key, &entry.key_spot);
            let actions = words(&entry.value, "an action", faults);
            expect.ledger.extend(actions.into_iter().map(|action| (kind.clone(), action)));
        }
    }
    map.finish(faults);
    if let (Some(Exactly::Json), None) = (&expect.exactly, &expect.json) {
        faults.error(&node.spot, "exactly", "`exactly: true` needs `json` beside it");
    }
    Some(expect)
}

fn exactly(node: &Node, faults: &mut Faults) -> Option<Exactly> {
    match node.scalar() {
        Some("true") => Some(Exactly::Json),
        Some(text) => {
            let from = From::Text(text.to_owned());
            Some(Exactly::Body(Content { format: Format::Text, from, spot: node.spot.clone() }))
        }
        None => {
            let mut map = MapReader::open(node, "`exactly`", faults)?;
            let content = content(&mut map, faults);
            map.finish(faults);
            content.map(Exactly::Body)
        }
    }
}

fn status(node: &Node, faults: &mut Faults) -> Option<(u16, Spot)> {
    let status: u16 = reader::number(node, "a status", faults)?;
    if !(100..600).contains(&status) {
        faults.error(&node.spot, "status", format!("`{status}` is no status"));
        return None;
    }
    Some((status, node.spot.clone()))
}

fn parsed<T: std::str::FromStr>(node: &Node, what: &str, faults: &mut Faults) -> Option<T> {
    let text = reader::text(node, what, faults)?;
    let parsed = text.parse().ok();
    if parsed.is_none() {
        faults.error(&node.spot, "value", format!("`{text}` is not {what}"));
    }
    parsed
}

/// A body's JSON: written as a text it is that text, so that odd JSON can be tested too.
fn json_text(node: &Node) -> String {
    match &node.value {
        Value::Scalar { text, quoted: true } => text.clone(),
        _ => json(node).to_string(),
    }
}

/// YAML as the JSON that it looks like. This is the one place where `42` is a number and `true` a
/// boolean; `0312345678` stays text, as JSON knows no such number.
fn json(node: &Node) -> serde_json::Value {
    use serde_json::Value as Json;
    match &node.value {
        Value::List(items) => Json::Array(items.iter().map(json).collect()),
        Value::Map(entries) => Json::Object(entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect()),
        Value::Scalar { text, quoted: true } => Json::String(text.clone()),
        Value::Scalar { text, quoted: false } => match text.as_str() {
            "" | "~" | "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            text => match serde_json::from_str::<serde_json::Number>(text) {
                Ok(number) => Json::Number(number),
                Err(_) => Json::String(text.to_owned()),
            },
        },
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::policy::node::{Source, parse};

    #[test]
    fn yaml_becomes_the_json_that_it_looks_like() {
        let text = "[42, -1.5, 0312345678, 090-1, '42', true, no, null, ~, { a: [] }, 1e999]".to_owned();
        let node = parse(&Source { name: "a".into(), text }, &mut Faults::new()).expect("a tree");
        assert_eq!(json(&node).to_string(), r#"[42,-1.5,"0312345678","090-1","42",true,"no",null,null,{"a":[]},"1e999"]"#);
    }
}
