//! `match:`: which requests a resource is about.

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Spot, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::places;
use crate::route::pattern::Pattern;
use crate::terms::place::{JsonPath, Place};

/// One alternative of a resource's `match`.
#[derive(Debug)]
pub struct Match {
    /// Where it is written.
    pub spot: Spot,
    /// The methods; none means every one.
    pub methods: Vec<String>,
    /// The path.
    pub path: Pattern,
    /// Parameters of the query, by name.
    pub query: Vec<(String, Glob)>,
    /// Headers, by lower-case name.
    pub header: Vec<(String, Glob)>,
    /// Parameters of a form, by name.
    pub form: Vec<(String, Glob)>,
    /// Values of a JSON body, by path.
    pub json: Vec<(JsonPath, Glob)>,
}

impl Match {
    /// Whether only the request's body tells.
    pub fn needs_body(&self) -> bool {
        !self.form.is_empty() || !self.json.is_empty()
    }

    /// Whether a method is one of them; HEAD counts as GET.
    pub fn takes_method(&self, method: &str) -> bool {
        let is = |known: &String| known == method || (method == "HEAD" && known == "GET");
        self.methods.is_empty() || self.methods.iter().any(is)
    }

    /// Whether some method is one of both.
    pub fn shares_method(&self, other: &Match) -> bool {
        self.methods.is_empty()
            || other.methods.is_empty()
            || self.methods.iter().any(|method| other.takes_method(method))
    }
}

/// A text in which `*` stands for any run of characters; letter case says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    parts: Vec<String>,
}

impl Glob {
    /// Reads a glob.
    pub fn new(text: &str) -> Glob {
        Glob { parts: text.to_lowercase().split('*').map(str::to_owned).collect() }
    }

    /// The only text that fits, in small letters; `None` where a star stands.
    pub fn whole(&self) -> Option<&str> {
        match &self.parts[..] {
            [text] => Some(text),
            _ => None,
        }
    }

    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let Some((first, rest)) = self.parts.split_first() else { return false };
        let Some((last, middle)) = rest.split_last() else { return text == *first };
        let Some(mut text) = text.strip_prefix(first.as_str()).and_then(|text| text.strip_suffix(last.as_str())) else {
            return false;
        };
        for part in middle {
            let Some(at) = text.find(part.as_str()) else { return false };
            text = &text[at + part.len()..];
        }
        true
    }
}

/// Methods that a rule may name; a CRM with others is not known.
const METHODS: [(&str, &str); 7] = [
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("DELETE", "DELETE"),
    ("OPTIONS", "OPTIONS"),
];

/// Reads `match:`: `GET|PUT /path/{id}`, a map, or a list of them.
pub fn read(node: &Node, faults: &mut Faults) -> Vec<Match> {
    reader::one_or_more(node, "a request", faults).iter().filter_map(|item| alternative(item, faults)).collect()
}

fn alternative(node: &Node, faults: &mut Faults) -> Option<Match> {
    match &node.value {
        Value::Map(_) => from_map(node, faults),
        Value::Scalar { .. } | Value::List(_) => from_text(node, faults),
    }
}

fn from_text(node: &Node, faults: &mut Faults) -> Option<Match> {
    let text = reader::text(node, "a request", faults)?;
    let (methods, path) = match text.split_once(' ') {
        Some((methods, path)) => (methods.split('|').collect(), path.trim()),
        None if text.starts_with('/') => (Vec::new(), text),
        None => {
            let fault = faults.error(&node.spot, "match", format!("`{text}` is no request"));
            fault.help("write a method and a path, as in `GET /customers/{id}`");
            return None;
        }
    };
    let methods: Option<Vec<String>> = methods.into_iter().map(|name| method(name, &node.spot, faults)).collect();
    let offset = text.len() - path.len();
    let path = pattern(node, text, offset, faults)?;
    let (query, header, form, json) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Some(Match { spot: node.spot.clone(), methods: methods?, path, query, header, form, json })
}

fn from_map(node: &Node, faults: &mut Faults) -> Option<Match> {
    let mut map = MapReader::open(node, "`match`", faults)?;
    let mut methods = Vec::new();
    if let Some(node) = map.take("methods") {
        for (text, spot) in reader::texts(node, "a method", faults) {
            methods.extend(method(text, spot, faults));
        }
        if methods.is_empty() {
            return None;
        }
    }
    let path = map.need("path", faults).and_then(|node| {
        let text = reader::text(node, "a path", faults)?;
        pattern(node, text, 0, faults)
    });
    let query = map.take("query").map(|node| globs(node, "`query`", faults)).unwrap_or_default();
    let header = map.take("header").map(|node| globs(node, "`header`", faults)).unwrap_or_default();
    let form = map.take("form").map(|node| globs(node, "`form`", faults)).unwrap_or_default();
    let json = map.take("json").map(|node| json(node, faults)).unwrap_or_default();
    map.finish(faults);
    let header = header.into_iter().map(|(name, glob)| (name.to_ascii_lowercase(), glob)).collect();
    Some(Match { spot: node.spot.clone(), methods, path: path?, query, header, form, json })
}

fn method(text: &str, spot: &Spot, faults: &mut Faults) -> Option<String> {
    if METHODS.iter().any(|(known, _)| *known == text) {
        return Some(text.to_owned());
    }
    let names = METHODS.iter().map(|(name, _)| *name);
    let near = reader::nearest(text, names);
    faults.error(spot, "method", format!("`{text}` is no method")).did_you_mean(near);
    None
}

fn pattern(node: &Node, text: &str, offset: usize, faults: &mut Faults) -> Option<Pattern> {
    match Pattern::parse(text.get(offset..)?) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            faults.error(&places::within(node, text, offset + error.offset), "path", error.message);
            None
        }
    }
}

fn globs(node: &Node, what: &str, faults: &mut Faults) -> Vec<(String, Glob)> {
    let mut globs = Vec::new();
    for entry in reader::entries(node, what, faults).unwrap_or_default() {
        if let Some(text) = reader::text(&entry.value, "a value to match", faults) {
            globs.push((entry.key.clone(), Glob::new(text)));
        }
    }
    globs
}

fn json(node: &Node, faults: &mut Faults) -> Vec<(JsonPath, Glob)> {
    let mut values = Vec::new();
    for entry in reader::entries(node, "`json`", faults).unwrap_or_default() {
        let glob = reader::text(&entry.value, "a value to match", faults).map(Glob::new);
        match (Place::parse(&entry.key), glob) {
            (Ok(Place::Json(path)), Some(glob)) => values.push((path, glob)),
            (Ok(Place::Json(_)), None) => {}
            (Err(error), _) => drop(faults.error(&entry.key_spot, "place", error.message)),
            (Ok(_), _) => {
                let fault = faults.error(&entry.key_spot, "place", format!("`{}` is no JSONPath", entry.key));
                fault.help(format!("write `$.{}`", entry.key));
            }
        }
    }
    values
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn stars_stand_for_any_run() {
        for (glob, text, fits) in [
            ("*GetCustomer*", "\"urn:getcustomer\"", true),
            ("get", "GET", true),
            ("get", "get2", false),
            ("a*a", "a", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
        ] {
            assert_eq!(Glob::new(glob).fits(text), fits, "{glob} {text}");
        }
    }
}
