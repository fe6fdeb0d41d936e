//! Single values out of a request: those that tell which resource it is about, the columns of the rows
//! that it asks for, and the name of whoever logs in.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderMap;
use http::request;
use serde_json::Value;

use crate::body::readings;
use crate::format::Format;
use crate::format::json::JsonWalker;
use crate::format::xml::calls;
use crate::identity::json;
use crate::identity::session::UserAt;
use crate::policy::columns::{COLUMNS_MAX, NAME_BYTES};
use crate::serve::exchange::asked::{content_type, unreadable};
use crate::serve::exchange::forms::{self, Parameters};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Sink, Walker};
use crate::terms::place::{JsonPath, PlaceId, Places, Step};
use crate::terms::refusal::{Reason, Refusal};

/// What a JSON body says at the places that tell a resource.
pub(super) fn values_of(
    headers: &HeaderMap,
    body: &Bytes,
    wanted: Vec<JsonPath>,
    bounds: &Bounds,
) -> Result<Vec<(JsonPath, String)>, Refusal> {
    if wanted.is_empty() || body.is_empty() {
        return Ok(Vec::new());
    }
    // A body that is no JSON matches no resource that asks for JSON; the plan's own walker judges it.
    let text = content_type(headers).and_then(|kind| json_of(kind, body, bounds));
    match text.and_then(|text| json_values(&text, wanted, bounds)) {
        // What is too long or too deep to be read may be about any of the resources.
        Err(refusal) if refusal.reason == Reason::Bound => Err(unreadable(refusal)),
        Err(_) => Ok(Vec::new()),
        found => found,
    }
}

/// A body as JSON: as it is, or what says the same as a call in XML.
fn json_of<'a>(content_type: Option<&str>, body: &'a [u8], bounds: &Bounds) -> Result<Cow<'a, [u8]>, Refusal> {
    match readings::body(content_type, body)? {
        (Format::Calls, text) => Ok(calls::as_json(&text, bounds)?.into_bytes().into()),
        (_, text) => Ok(text),
    }
}

/// The values of a JSON text at some places; all of them where a key stands twice.
fn json_values(body: &[u8], wanted: Vec<JsonPath>, bounds: &Bounds) -> Result<Vec<(JsonPath, String)>, Refusal> {
    let numbered = (0u16..).map(PlaceId).zip(wanted.iter().cloned()).collect();
    let places = Arc::new(Places { json: numbered, ..Places::default() });
    let mut walker = JsonWalker::new(places, bounds);
    let mut values = Values { wanted, found: Vec::new() };
    walker.write(body, &mut values)?;
    walker.end(&mut values)?;
    Ok(values.found)
}

/// The columns that a list in a JSON body names. A list that a server could read in another way is
/// refused, since what stands in its answer would be taken for something else.
pub(super) fn columns(
    headers: &HeaderMap,
    body: &Bytes,
    path: &JsonPath,
    bounds: &Bounds,
) -> Result<Vec<String>, Refusal> {
    let text = json_of(content_type(headers)?, body, bounds).map_err(unreadable)?;
    let sent = json::read(&text).ok_or_else(no_columns)?;
    let twice = |_| Refusal::new(Reason::Ambiguous, "the columns can be read in two ways");
    let listed = json::at(&sent, path).map_err(twice)?.and_then(Value::as_array).ok_or_else(no_columns)?;
    let names: Option<Vec<String>> = listed.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    bounded(names.ok_or_else(no_columns)?)
}

/// The columns that a parameter names, with commas between them: the same in each reading, and once.
pub(super) fn listed(readings: impl Iterator<Item = Parameters>, name: &str) -> Result<Vec<String>, Refusal> {
    let mut all: Vec<Vec<String>> = readings
        .map(|pairs| pairs.into_iter().filter(|(own, _)| alike(own) == alike(name)).map(|(_, value)| value).collect())
        .collect();
    all.dedup();
    match &all[..] {
        [one] => match &one[..] {
            [list] => bounded(list.split(',').map(|name| name.trim().to_owned()).collect()),
            [] => Err(no_columns()),
            _ => Err(Refusal::new(Reason::Ambiguous, "the columns are named twice")),
        },
        _ => Err(Refusal::new(Reason::Ambiguous, "the columns can be read in two ways")),
    }
}

fn no_columns() -> Refusal {
    Refusal::new(Reason::RequestUnreadable, "the request does not list the columns that it asks for")
}

fn bounded(names: Vec<String>) -> Result<Vec<String>, Refusal> {
    if names.is_empty() || names.iter().any(|name| name.is_empty() || name.len() > NAME_BYTES) {
        return Err(no_columns());
    }
    if names.len() > COLUMNS_MAX {
        return Err(Refusal::new(Reason::BodyTooLarge, "the request names too many columns"));
    }
    Ok(names)
}

/// Every name that a log-in gives. What a CRM could read in another way is refused.
pub(super) fn login_names(head: &request::Parts, body: &[u8], at: &UserAt) -> Result<Vec<String>, Refusal> {
    let odd = || Refusal::new(Reason::Ambiguous, "the log-in can be read in two ways");
    let kind = content_type(&head.headers)?.unwrap_or_default().to_ascii_lowercase();
    match at {
        UserAt::Form(name) => {
            // Some CRMs take JSON or `;` in whatever is sent, so only what browsers send is read.
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"&=%+-_.~*!'(),:@/$".contains(byte);
            if !forms::is_plain(&head.headers) || !body.iter().all(plain) {
                return Err(odd());
            }
            // Other parameters may be in another charset; the name alone must be read.
            let query = head.uri.query().unwrap_or_default().as_bytes();
            let pairs = body.split(|byte| *byte == b'&').chain(query.split(|byte| *byte == b'&'));
            let names = pairs.map(halves).filter(|(own, _)| alike(&String::from_utf8_lossy(own)) == alike(name));
            names.map(|(_, value)| String::from_utf8(value).map_err(|_| odd())).collect()
        }
        UserAt::Json(path) => {
            let media = kind.split(';').next().unwrap_or_default().trim();
            if media != "application/json" && !media.ends_with("+json") {
                return Err(odd());
            }
            let sent = json::read(body).ok_or_else(odd)?;
            Ok(json::name_at(&sent, path).map_err(|_| odd())?.into_iter().collect())
        }
    }
}

/// Name and value of a parameter, decoded.
fn halves(pair: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    let decoded = |raw: &[u8]| {
        let spaced: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        percent_encoding::percent_decode(&spaced).collect()
    };
    (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
}

/// A parameter's name as the laxest of servers would read it: `user[]`, `User` and `user` are one.
fn alike(name: &str) -> String {
    let name = name.split('[').next().unwrap_or_default();
    name.trim().to_lowercase().replace(['.', ' '], "_")
}

/// Whether a path of names leads to a leaf for a server that takes `Method` for `method`: one resource
/// too many does no harm.
fn leads(path: &JsonPath, leaf: &Leaf<'_>) -> bool {
    let mut steps = path.steps.iter().rev();
    let mut names = leaf.names.iter().take(1).chain(leaf.above.iter());
    let same = |step: &Step, name: &str| matches!(step, Step::Name(own) if own.trim().to_lowercase() == name.trim().to_lowercase());
    !path.steps.is_empty()
        && steps.all(|step| names.next().is_some_and(|name| same(step, name)))
        && names.next().is_none()
}

/// The values at the places that tell which resource a request is about.
struct Values {
    wanted: Vec<JsonPath>,
    found: Vec<(JsonPath, String)>,
}

impl Sink for Values {
    fn leaf(&mut self, leaf: &Leaf<'_>) -> Result<(), Refusal> {
        if leaf.part != Part::Key {
            let reached =
                |(number, path): &(u16, &JsonPath)| leaf.places.contains(&PlaceId(*number)) || leads(path, leaf);
            let paths = (0u16..).zip(&self.wanted).filter(reached);
            self.found.extend(paths.map(|(_, path)| (path.clone(), leaf.text.trim().to_owned())));
        }
        Ok(())
    }

    fn record(&mut self, _record: u32, _end: usize) -> Result<(), Refusal> {
        Ok(())
    }

    fn settled(&mut self, _upto: usize) -> Result<(), Refusal> {
        Ok(())
    }
}
