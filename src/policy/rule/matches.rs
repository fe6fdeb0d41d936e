//! `match:`: which requests a resource is about.

use std::fmt;

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

/// Texts in which `*` stands for any run of characters, of which one must fit; letter case says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// What stands between the stars, of each text.
    texts: Vec<Vec<String>>,
}

impl Glob {
    /// Reads a glob.
    pub fn new(text: &str) -> Glob {
        Glob::any_of([text])
    }

    /// One of several.
    pub fn any_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Glob {
        let parts = |text: &str| text.to_lowercase().split('*').map(str::to_owned).collect();
        Glob { texts: texts.into_iter().map(parts).collect() }
    }

    /// The only texts that fit, in small letters; `None` where a star stands.
    pub fn whole(&self) -> Option<Vec<&str>> {
        let whole = |parts: &'_ Vec<String>| parts.len() == 1;
        self.texts.iter().all(whole).then(|| self.texts.iter().flatten().map(String::as_str).collect())
    }

    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.texts.iter().any(|parts| fits(parts, &text))
    }
}

/// Whether these parts stand in a text in their order, the first at its begin and the last at its end.
fn fits(parts: &[String], text: &str) -> bool {
    let Some((first, rest)) = parts.split_first() else { return false };
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

/// As it is compared: in small letters.
impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts.iter().map(|parts| parts.join("*")).collect::<Vec<_>>().join(" | "))
    }
}

/// Methods that a rule may name, and a request have; a CRM with others is not known.
pub const METHODS: [(&str, &str); 8] = [
    ("GET", "GET"),
    ("HEAD", "HEAD"),
    ("POST", "POST"),
    ("PUT", "PUT"),
    ("PATCH", "PATCH"),
    ("MERGE", "MERGE"),
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
    let text = reader::text(node, "a request", faults)?.trim_end();
    let (methods, path) = match text.split_once(' ') {
        Some(("*", path)) => {
            let fault = faults.error(&places::piece(node, text, 0..1), "method", "`*` is no method");
            fault.help(format!("without a method every one is meant: write `{}`", path.trim_start()));
            return None;
        }
        Some((methods, path)) if methods.ends_with(',') || METHODS.iter().any(|(name, _)| path == *name) => {
            return listed(node, text, faults);
        }
        Some((methods, path)) => (methods.split('|').collect::<Vec<_>>(), path.trim_start()),
        None if text.starts_with('/') => (Vec::new(), text),
        None => {
            let fault = faults.error(&node.spot, "match", format!("`{text}` is no request"));
            fault.help("write a method and a path, as in `GET /customers/{id}`");
            return None;
        }
    };
    let mut at = 0;
    let named: Vec<Option<String>> = methods
        .into_iter()
        .map(|name| {
            let spot = places::piece(node, text, at..at + name.len());
            at += name.len() + 1;
            method(name, &spot, faults)
        })
        .collect();
    let methods: Option<Vec<String>> = named.into_iter().collect();
    let offset = text.len() - path.len();
    let path = pattern(node, text, offset, faults)?;
    let (query, header, form, json) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Some(Match { spot: node.spot.clone(), methods: methods?, path, query, header, form, json })
}

/// `GET, PUT /path`: methods that are listed in a text.
fn listed(node: &Node, text: &str, faults: &mut Faults) -> Option<Match> {
    let mut words: Vec<&str> = text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let path = words.pop_if(|word| word.starts_with('/')).unwrap_or("/path/{id}");
    let fault = faults.error(&node.spot, "match", format!("`{text}` is no request"));
    fault.help(format!("write `|` between methods: `{} {path}`", words.join("|")));
    None
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
    let header = map.take("header").map(|node| headers(node, faults)).unwrap_or_default();
    let form = map.take("form").map(|node| globs(node, "`form`", faults)).unwrap_or_default();
    let json = map.take("json").map(|node| json(node, faults)).unwrap_or_default();
    map.finish(faults);
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
        Ok(pattern) => {
            literal_parameters(&pattern, node, text, offset, faults);
            Some(pattern)
        }
        Err(error) => {
            let path = &text[offset..];
            let fault = faults.error(&places::within(node, text, offset + error.offset), "path", error.message);
            // What a browser shows has a scheme and a host; what people remember has no slash.
            let after_host = path.split_once("://").map(|(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
            let host = path.split_once('/').filter(|(host, _)| host.contains('.') && !host.contains(['{', '^', '*']));
            if path.starts_with('^') || path.contains(".*") || path.ends_with('$') {
                fault.help("a path is no regular expression: write its words, `{id}` for any one of them and `/**` for all that follow");
            } else if let Some((_, rest)) = host.filter(|_| after_host.is_none()) {
                fault.help(format!("write the path alone: `/{rest}`"));
            } else if let Some(instead) = after_host {
                fault.help(format!("write the path alone: `{instead}`"));
            } else if !path.starts_with('/') {
                fault.help(format!("write `/{path}`"));
            }
            None
        }
    }
}

/// Warns of segments that are parameters in other programs, and texts letter by letter here.
fn literal_parameters(pattern: &Pattern, node: &Node, text: &str, offset: usize, faults: &mut Faults) {
    let mut at = offset;
    for part in pattern.text.split('/') {
        let colon =
            part.strip_prefix(':').filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        let angled = part.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        if let Some(name) = colon.or(angled) {
            let spot = places::piece(node, text, at..at + part.len());
            let name = name.rsplit(':').next().unwrap_or(name);
            let fault = faults.warning(&spot, "path", format!("`{part}` is no parameter: only this very text fits"));
            fault.help(format!("write `{{{name}}}`"));
        }
        at += part.len() + 1;
    }
}

fn globs(node: &Node, what: &str, faults: &mut Faults) -> Vec<(String, Glob)> {
    let entries = reader::entries(node, what, faults).unwrap_or_default().iter();
    entries.filter_map(|entry| Some((entry.key.clone(), values(&entry.value, faults)?))).collect()
}

/// Headers, by lower-case name. One that no request can have would never match.
fn headers(node: &Node, faults: &mut Faults) -> Vec<(String, Glob)> {
    for entry in reader::entries(node, "`header`", &mut Faults::new()).unwrap_or_default() {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if entry.key.is_empty() || !entry.key.bytes().all(token) {
            let message = match entry.key.as_str() {
                "" => "a header has a name".to_owned(),
                name => format!("`{name}` is not the name of a header"),
            };
            faults
                .error(&entry.key_spot, "header-name", message)
                .help("write it as the browser's developer tools show it: `SOAPAction`, `X-Requested-With`");
        }
    }
    let globs = globs(node, "`header`", faults);
    globs.into_iter().map(|(name, glob)| (name.to_ascii_lowercase(), glob)).collect()
}

/// What a value may be: a text, or one of a list.
fn values(node: &Node, faults: &mut Faults) -> Option<Glob> {
    let texts = reader::texts(node, "a value to match", faults);
    (!texts.is_empty()).then(|| Glob::any_of(texts.into_iter().map(|(text, _)| text)))
}

fn json(node: &Node, faults: &mut Faults) -> Vec<(JsonPath, Glob)> {
    let mut all = Vec::new();
    for entry in reader::entries(node, "`json`", faults).unwrap_or_default() {
        let glob = values(&entry.value, faults);
        match (Place::parse(&entry.key), glob) {
            (Ok(Place::Json(path)), Some(glob)) => all.push((path, glob)),
            (Ok(Place::Json(_)), None) => {}
            (Err(error), _) => drop(faults.error(&entry.key_spot, "place", error.message)),
            (Ok(_), _) => {
                let fault = faults.error(&entry.key_spot, "place", format!("`{}` is no JSONPath", entry.key));
                fault.help(format!("write `$.{}`", entry.key));
            }
        }
    }
    all
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
            ("read|web_*", "read", true),
            ("read|web_*", "Web_read", true),
            ("read|web_*", "unlink", false),
        ] {
            assert_eq!(Glob::any_of(glob.split('|')).fits(text), fits, "{glob} {text}");
        }
    }
}
