//! `tests:`: a request, the CRM's answer, and what each role gets, kept as data with places so that
//! a failure can point at its line.

use core::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;

use crate::policy::decide::RoleId;
use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::Word;

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
    /// What the CRM answers.
    pub response: TestResponse,
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

/// A body.
#[derive(Debug, Clone)]
pub struct Content {
    /// What it is written in.
    pub format: ContentFormat,
    /// The text itself or the file that holds it.
    pub from: ContentFrom,
    /// Where it is written.
    pub spot: Spot,
}

/// Where a body's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentFrom {
    /// Here.
    Text(String),
    /// In a file beside the rule file.
    File(String),
}

/// What a body is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentFormat {
    /// JSON.
    Json,
    /// HTML.
    Html,
    /// XML.
    Xml,
    /// CSV.
    Csv,
    /// Plain text.
    Text,
    /// A urlencoded form.
    Form,
}

/// What one role gets.
#[derive(Debug, Clone)]
pub struct Expect<W = Who> {
    /// Who asks.
    pub who: W,
    /// Where it is written.
    pub spot: Spot,
    /// The status.
    pub status: Option<(u16, Spot)>,
    /// Members that the JSON answer has.
    pub json: Option<(serde_json::Value, Spot)>,
    /// What the XML answer says; blanks between elements and comments do not count.
    pub xml: Option<(String, Spot)>,
    /// The whole text of the answer; line breaks at its end do not count.
    pub text: Option<(String, Spot)>,
    /// The body is this, and nothing beside it. `exactly: true` says so of `json`.
    pub exactly: Option<Content>,
    /// Texts that stand nowhere in what staff gets.
    pub hidden: Vec<(String, Spot)>,
    /// Texts that stand in it.
    pub shown: Vec<(String, Spot)>,
    /// Kinds and the actions that the ledger has for them.
    pub ledger: Vec<(String, String, Spot)>,
}

/// Who asks in a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Staff with this role, and its name.
    Role(RoleId, Arc<str>),
    /// Whom nobody recognises.
    Nobody,
}

/// Reads one test.
pub fn read(node: &Node, faults: &mut Faults) -> Option<TestCase<Word>> {
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
    let response = response.unwrap_or(TestResponse { status: 200, headers: Vec::new(), content: None });
    Some(TestCase {
        name: name?.to_owned(),
        spot: node.spot.clone(),
        request: request?,
        network,
        time,
        staff,
        response,
        expect,
    })
}

fn request(node: &Node, faults: &mut Faults) -> Option<TestRequest> {
    let spot = node.spot.clone();
    if !matches!(node.value, Value::Map(_)) {
        let text = reader::text(node, "a request", faults)?;
        let Some((method, target)) = text.split_once(' ').filter(|(_, target)| target.starts_with('/')) else {
            let fault = faults.error(&spot, "request", format!("`{text}` is no request"));
            fault.help("write a method and a path, as in `GET /customers/42`");
            return None;
        };
        return Some(TestRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
            spot,
        });
    }
    let mut map = MapReader::open(node, "a request", faults)?;
    let method = map.need("method", faults).and_then(|node| reader::text(node, "a method", faults));
    let path = map.need("path", faults).and_then(|node| reader::text(node, "a path", faults));
    let headers = map.take("headers").map(|node| headers(node, faults)).unwrap_or_default();
    let body = content(&mut map, faults);
    map.finish(faults);
    Some(TestRequest { method: method?.to_owned(), target: path?.to_owned(), headers, body, spot })
}

fn response(node: &Node, faults: &mut Faults) -> Option<TestResponse> {
    let mut map = MapReader::open(node, "a response", faults)?;
    let status = map.take("status").and_then(|node| status(node, faults)).map_or(200, |(status, _)| status);
    let headers = map.take("headers").map(|node| headers(node, faults)).unwrap_or_default();
    let content = content(&mut map, faults);
    map.finish(faults);
    Some(TestResponse { status, headers, content })
}

fn headers(node: &Node, faults: &mut Faults) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    for entry in reader::entries(node, "`headers`", faults).unwrap_or_default() {
        let values = reader::texts(&entry.value, "a header", faults);
        headers.extend(values.into_iter().map(|(value, _)| (entry.key.clone(), value.to_owned())));
    }
    headers
}

/// The one body among `json`, `html`, `xml`, `csv`, `text`, `form` and `file`.
fn content(map: &mut MapReader<'_>, faults: &mut Faults) -> Option<Content> {
    const FORMATS: [(&str, ContentFormat); 6] = [
        ("json", ContentFormat::Json),
        ("html", ContentFormat::Html),
        ("xml", ContentFormat::Xml),
        ("csv", ContentFormat::Csv),
        ("text", ContentFormat::Text),
        ("form", ContentFormat::Form),
    ];
    let mut found: Option<Content> = None;
    let mut add = |content: Content, faults: &mut Faults| {
        if found.is_some() {
            faults.error(&content.spot, "body", "there is one body, and here stands a second");
        }
        found = Some(content);
    };
    for (key, format) in FORMATS {
        let Some(node) = map.take(key) else { continue };
        let text = match (format, node.scalar()) {
            (ContentFormat::Json, _) => Some(json_text(node)),
            (_, Some(text)) => Some(text.to_owned()),
            (_, None) => reader::text(node, "a body", faults).map(str::to_owned),
        };
        if let Some(text) = text {
            add(Content { format, from: ContentFrom::Text(text), spot: node.spot.clone() }, faults);
        }
    }
    if let Some((name, node)) = map.take("file").and_then(|node| Some((reader::text(node, "a file", faults)?, node))) {
        let content =
            Content { format: by_name(name), from: ContentFrom::File(name.to_owned()), spot: node.spot.clone() };
        add(content, faults);
    }
    map.reserve(&["xlsx"], faults);
    found
}

fn by_name(name: &str) -> ContentFormat {
    match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("json") => ContentFormat::Json,
        Some("html" | "htm") => ContentFormat::Html,
        Some("xml") => ContentFormat::Xml,
        Some("csv") => ContentFormat::Csv,
        _ => ContentFormat::Text,
    }
}

fn expects(node: &Node, faults: &mut Faults) -> Vec<Expect<Word>> {
    let entries = reader::entries(node, "`expect`", faults).unwrap_or_default();
    entries.iter().filter_map(|entry| expect(Word::new(&entry.key, &entry.key_spot), &entry.value, faults)).collect()
}

fn expect(who: Word, node: &Node, faults: &mut Faults) -> Option<Expect<Word>> {
    let spot = who.spot.clone();
    let (hidden, shown, ledger) = (Vec::new(), Vec::new(), Vec::new());
    let mut expect =
        Expect { who, spot, status: None, json: None, xml: None, text: None, exactly: None, hidden, shown, ledger };
    if node.scalar().is_some() {
        expect.status = status(node, faults);
        return Some(expect);
    }
    let mut map = MapReader::open(node, "what a role gets", faults)?;
    expect.status = map.take("status").and_then(|node| status(node, faults));
    expect.json = map.take("json").map(|node| (json(node), node.spot.clone()));
    expect.xml = map.take("xml").and_then(|node| whole(node, "the XML of the answer", faults));
    expect.text = map.take("text").and_then(|node| whole(node, "the text of the answer", faults));
    expect.hidden = map.take("hidden").map(|node| texts(node, "a hidden text", faults)).unwrap_or_default();
    expect.shown = map.take("shown").map(|node| texts(node, "a shown text", faults)).unwrap_or_default();
    if let Some(node) = map.take("exactly") {
        expect.exactly = exactly(node, expect.json.as_ref(), faults);
    }
    if let Some(node) = map.take("ledger") {
        for entry in reader::entries(node, "`ledger`", faults).unwrap_or_default() {
            let actions = texts(&entry.value, "an action", faults).into_iter();
            expect.ledger.extend(actions.map(|(action, spot)| (entry.key.clone(), action, spot)));
        }
    }
    map.finish(faults);
    Some(expect)
}

fn whole(node: &Node, what: &str, faults: &mut Faults) -> Option<(String, Spot)> {
    Some((reader::text(node, what, faults)?.to_owned(), node.spot.clone()))
}

fn texts(node: &Node, what: &str, faults: &mut Faults) -> Vec<(String, Spot)> {
    reader::texts(node, what, faults).into_iter().map(|(text, spot)| (text.to_owned(), spot.clone())).collect()
}

/// `true` for the JSON beside it, a text, or a body as under `response`.
fn exactly(node: &Node, json: Option<&(serde_json::Value, Spot)>, faults: &mut Faults) -> Option<Content> {
    if node.map().is_some() {
        let mut map = MapReader::open(node, "`exactly`", faults)?;
        let content = content(&mut map, faults);
        map.finish(faults);
        return content;
    }
    let text = reader::text(node, "`exactly`", faults)?;
    let is_json = matches!(&node.value, Value::Scalar { text, quoted: false } if text == "true");
    let (format, text) = match (is_json, json) {
        (false, _) => (ContentFormat::Text, text.to_owned()),
        (true, Some((json, _))) => (ContentFormat::Json, json.to_string()),
        (true, None) => {
            faults.error(&node.spot, "exactly", "`exactly: true` needs `json` beside it");
            return None;
        }
    };
    Some(Content { format, from: ContentFrom::Text(text), spot: node.spot.clone() })
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
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|entry| (entry.key.clone(), json(&entry.value))).collect())
        }
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
        assert_eq!(
            json(&node).to_string(),
            r#"[42,-1.5,"0312345678","090-1","42",true,"no",null,null,{"a":[]},"1e999"]"#
        );
    }
}
