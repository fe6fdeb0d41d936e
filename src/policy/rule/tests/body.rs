//! Bodies in tests: what staff sends, what the CRM answers, what is to come out exactly.

use crate::policy::fault::Faults;
use crate::policy::node::{Entry, Node, Spot, Value};
use crate::policy::reader::{self, MapReader, nearest, words_of};

/// A body.
#[derive(Debug, Clone)]
pub struct Content {
    /// What it is written in.
    pub format: ContentFormat,
    /// The text itself or the file that holds it.
    pub from: ContentFrom,
    /// The charset that its bytes are in and that its header names; UTF-8 if nothing is said.
    pub charset: Option<String>,
    /// Where it is written.
    pub spot: Spot,
}

/// Where a body's text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentFrom {
    /// Here.
    Text(String),
    /// In a file at or below the folder of the rule file, by its path from there.
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

const FORMATS: [(&str, ContentFormat); 6] = [
    ("json", ContentFormat::Json),
    ("html", ContentFormat::Html),
    ("xml", ContentFormat::Xml),
    ("csv", ContentFormat::Csv),
    ("text", ContentFormat::Text),
    ("form", ContentFormat::Form),
];

/// What `charset` may say. What is written in a rule file is turned into it; UTF-16 can stand in a
/// `file`, whose byte order mark says so.
pub const CHARSETS: [&str; 5] = ["utf-8", "shift_jis", "euc-jp", "iso-2022-jp", "windows-1252"];

/// The one body among `json`, `html`, `xml`, `csv`, `text`, `form`, `file`, and `body`, which holds
/// one of those.
pub fn read(map: &mut MapReader<'_>, faults: &mut Faults) -> Option<Content> {
    let mut found = None;
    for (key, format) in FORMATS {
        if let Some(node) = map.take(key) {
            add(&mut found, written(format, node, faults), faults);
        }
    }
    if let Some(node) = map.take("file") {
        add(&mut found, file(node, faults), faults);
    }
    if let Some(node) = map.take("body") {
        add(&mut found, body(node, faults), faults);
    }
    map.reserve(&["xlsx"], faults);
    if let Some(node) = map.take("charset") {
        let charset = charset(node, faults);
        match &mut found {
            Some(content) => content.charset = charset,
            None => {
                faults.error(&node.spot, "body", "`charset` speaks of a body, and there is none");
            }
        }
    }
    found
}

fn add(found: &mut Option<Content>, content: Option<Content>, faults: &mut Faults) {
    if let (Some(_), Some(second)) = (&found, &content) {
        faults.error(&second.spot, "body", "there is one body, and here stands a second");
    }
    *found = content.or(found.take());
}

/// `body:` holds one of the others, or is a plain text.
fn body(node: &Node, faults: &mut Faults) -> Option<Content> {
    if node.map().is_none() {
        return written(ContentFormat::Text, node, faults);
    }
    let mut map = MapReader::open(node, "a body", faults)?;
    let content = read(&mut map, faults);
    map.finish(faults);
    content
}

fn written(format: ContentFormat, node: &Node, faults: &mut Faults) -> Option<Content> {
    let text = match (format, &node.value) {
        (ContentFormat::Json, _) => json_text(node),
        (ContentFormat::Form, Value::Map(entries)) => form_text(entries, faults),
        // A body may be empty, which other texts may not.
        (_, Value::Scalar { text, .. }) => text.clone(),
        _ => reader::text(node, "a body", faults)?.to_owned(),
    };
    Some(Content { format, from: ContentFrom::Text(text), charset: None, spot: node.spot.clone() })
}

/// A file of the rules: whoever writes rules must not be able to read what else stands on the
/// machine that tests them, so its path goes no way up.
fn file(node: &Node, faults: &mut Faults) -> Option<Content> {
    let name = reader::text(node, "a file", faults)?;
    let leads_out = name.starts_with(['/', '\\', '~']) || name.split(['/', '\\']).any(|part| part == "..");
    if leads_out {
        let fault = faults.error(&node.spot, "file", format!("`{name}` leads out of the folder of the rule file"));
        fault.help("put the file beside the rule file or in a folder below it");
        return None;
    }
    let format = by_name(name);
    Some(Content { format, from: ContentFrom::File(name.to_owned()), charset: None, spot: node.spot.clone() })
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

fn charset(node: &Node, faults: &mut Faults) -> Option<String> {
    let name = reader::text(node, "a charset", faults)?;
    let folded = name.to_ascii_lowercase().replace("cp932", "shift_jis");
    if !CHARSETS.contains(&folded.as_str()) {
        let fault = faults.error(&node.spot, "unknown-word", format!("`{name}` is no charset that a test can have"));
        match nearest(&folded, CHARSETS) {
            Some(near) => fault.did_you_mean(Some(near)),
            None => fault.help(format!("write {}", words_of(CHARSETS.into_iter()))),
        };
        return None;
    }
    Some(folded)
}

/// A form's fields as browsers send them.
fn form_text(entries: &[Entry], faults: &mut Faults) -> String {
    let mut out = String::new();
    for entry in entries {
        for (value, _) in reader::each(&entry.value).iter().filter_map(|node| text_of(node, faults)) {
            let joint = if out.is_empty() { "" } else { "&" };
            out.push_str(&format!("{joint}{}={}", form_part(&entry.key), form_part(value)));
        }
    }
    out
}

/// A field's text, which may be empty.
fn text_of<'n>(node: &'n Node, faults: &mut Faults) -> Option<(&'n str, &'n Spot)> {
    let text = node.scalar().or_else(|| reader::text(node, "a field", faults))?;
    Some((text, &node.spot))
}

fn form_part(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// A body's JSON: written as a text it is that text, so that odd JSON can be tested too.
pub fn json_text(node: &Node) -> String {
    if let Value::Scalar { text, quoted: true } = &node.value {
        return text.clone();
    }
    let mut out = String::new();
    write_json(node, &mut out);
    out
}

/// Numbers stay as they are written: an id of thirty digits must not become another one.
fn write_json(node: &Node, out: &mut String) {
    match &node.value {
        Value::List(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "," });
                write_json(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (number, entry) in entries.iter().enumerate() {
                out.push_str(if number == 0 { "" } else { "," });
                out.push_str(&serde_json::Value::from(entry.key.as_str()).to_string());
                out.push(':');
                write_json(&entry.value, out);
            }
            out.push('}');
        }
        Value::Scalar { text, .. } => match json(node) {
            serde_json::Value::Number(_) => out.push_str(text),
            other => out.push_str(&other.to_string()),
        },
    }
}

/// YAML as the JSON that it looks like. This is the one place where `42` is a number and `true` a
/// boolean; `0312345678` stays text, as JSON knows no such number.
pub fn json(node: &Node) -> serde_json::Value {
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

    fn node(text: &str) -> Node {
        parse(&Source { name: "a".into(), text: text.into() }, &mut Faults::new()).expect("a tree")
    }

    #[test]
    fn yaml_becomes_the_json_that_it_looks_like() {
        let node = node("[42, -1.5, 0312345678, 090-1, '42', true, no, null, ~, { a: [] }, 1e999]");
        let expected = r#"[42,-1.5,"0312345678","090-1","42",true,"no",null,null,{"a":[]},"1e999"]"#;
        assert_eq!(json(&node).to_string(), expected);
        assert_eq!(json_text(&node), expected);
    }

    #[test]
    fn long_numbers_stay_as_they_are_written() {
        let long = "{\"id\":123456789012345678901234567890,\"n\":1.50}";
        assert_eq!(json_text(&node("{ id: 123456789012345678901234567890, n: 1.50 }")), long);
        assert_eq!(json_text(&node("'{ odd }'")), "{ odd }");
    }

    #[test]
    fn a_form_is_written_as_browsers_do() {
        let node = node("{ q: 山田 a, b: [1, ''], c: '*-._~+&' }");
        let entries = node.map().expect("a map");
        assert_eq!(form_text(entries, &mut Faults::new()), "q=%E5%B1%B1%E7%94%B0+a&b=1&b=&c=*-._%7E%2B%26");
    }

    #[test]
    fn a_file_stays_below_its_folder() {
        for (name, leads) in [
            ("answers/42.json", false),
            ("./a..b.html", false),
            ("../secret", true),
            ("a/../../secret", true),
            ("/etc/passwd", true),
            ("~/x", true),
            ("a\\..\\b", true),
        ] {
            let mut faults = Faults::new();
            assert_eq!(file(&node(&format!("'{name}'")), &mut faults).is_none(), leads, "{name}");
        }
    }
}
