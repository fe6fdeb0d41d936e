//! Places: where a value stands in a request or an answer, as rules write it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::terms::kind::KindId;
use crate::terms::label;
use crate::terms::shelf::Shelf;
use crate::terms::words::Words;
use crate::terms::xml_path::XmlPath;

/// A place as a rule names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// A bare name: JSON key, column heading, label, input, parameter.
    Name(String),
    /// `$…`: a JSONPath.
    Json(JsonPath),
    /// `//…` or `/…`: an XML path.
    Xml(XmlPath),
    /// `css:…` or `css:…@attribute`.
    Css(CssPlace),
}

/// A CSS selector, and the attribute that is meant, if one is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CssPlace {
    /// The selector.
    pub selector: String,
    /// The attribute after `@`; the element's text without one.
    pub attribute: Option<String>,
    /// Elements inside whose text is not meant: a button, a word that says that nothing is there.
    pub except: Option<String>,
}

/// The part of RFC 9535 that can be followed while a document streams by: names, indexes,
/// wildcards and descendants.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonPath {
    /// The steps below `$`.
    pub steps: Vec<Step>,
}

/// One step of a JSONPath.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// `.name` or `['name']`.
    Name(String),
    /// `[3]`.
    Index(usize),
    /// `[*]`: each element of an array; or what stands there by itself, since many a converter writes
    /// a list of one without its brackets.
    Each,
    /// `.*`
    Any,
    /// `..name`: at any depth below.
    DescendantName(String),
    /// `..*`.
    DescendantAny,
}

impl Step {
    /// The name that it says.
    pub fn name(&self) -> Option<&str> {
        match self {
            Step::Name(name) | Step::DescendantName(name) => Some(name),
            Step::Index(_) | Step::Each | Step::Any | Step::DescendantAny => None,
        }
    }
}

/// What is wrong with a place; the offset counts bytes from its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceError {
    /// Where in the text.
    pub offset: usize,
    /// What is wrong, as a sentence without a period.
    pub message: String,
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The number of a place in the plan that a walker carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaceId(pub u16);

/// What a walker looks for: paths and selectors by number, and where records begin. Bare names have no
/// numbers here: walkers report every name, and the guard knows which of them mean something.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Places {
    /// JSONPaths; relative to the record where `records` is a JSONPath.
    pub json: Vec<(PlaceId, JsonPath)>,
    /// CSS selectors; relative to the record where `records` is a selector.
    pub css: Vec<(PlaceId, CssPlace)>,
    /// XML paths; where `records` is one, they begin at the record or in it.
    pub xml: Vec<(PlaceId, XmlPath)>,
    /// Where each record begins, if the resource says so.
    pub records: Option<Place>,
    /// Places that are sought in the whole document all the same: those of resources that declare
    /// no records and match together with one that does.
    pub document: BTreeSet<PlaceId>,
    /// The names that mean something, for labels that only their words tell from prose.
    pub words: Arc<Words>,
    /// Whether a JSON `null` is shown too, as a form feed: a rule asks what stands there.
    pub nulls: bool,
    /// What walkers have learnt of the paths.
    pub learnt: Shelf,
    /// What a table's headings may be called, so that they are found below its titles.
    pub headings: Headings,
}

/// Names that rules or kinds know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Headings {
    /// The bare names of the rules, folded.
    pub names: HashSet<String>,
    /// The folded labels that mean a kind by themselves, where labels count.
    pub labels: Arc<HashMap<String, KindId>>,
}

impl Headings {
    /// Whether nobody knows any.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.labels.is_empty()
    }

    /// Whether this is one of them, however it is written.
    pub fn knows(&self, heading: &str) -> bool {
        const HEADING_BYTES: usize = 256;
        if heading.len() > HEADING_BYTES {
            return false;
        }
        let folded = label::fold(heading);
        let known = |name: &str| self.names.contains(name) || self.labels.contains_key(name);
        known(&folded) || label::parts(&folded).0.into_iter().any(known)
    }
}

impl Place {
    /// Reads a place from a rule.
    pub fn parse(text: &str) -> Result<Place, PlaceError> {
        if let Some(rest) = text.strip_prefix("css:") {
            return css(rest);
        }
        if text.starts_with('$') {
            return Ok(Place::Json(JsonPath::parse(text)?));
        }
        if text.starts_with('/') {
            return Ok(Place::Xml(XmlPath::parse(text)?));
        }
        if text.trim().is_empty() {
            return Err(PlaceError { offset: 0, message: "a place cannot be empty".to_owned() });
        }
        Ok(Place::Name(text.to_owned()))
    }
}

fn css(rest: &str) -> Result<Place, PlaceError> {
    // The last `@` outside brackets parts the attribute from the selector.
    let at = rest.rfind('@').filter(|at| !rest[*at..].contains(']'));
    let (selector, attribute) = match at {
        Some(at) => (&rest[..at], Some(rest[at + 1..].trim().to_ascii_lowercase())),
        None => (rest, None),
    };
    if selector.trim().is_empty() || attribute.as_deref() == Some("") {
        return Err(PlaceError {
            offset: "css:".len(),
            message: "write a selector after `css:`, as in `css:td.mail a` or `css:input#tel@value`".to_owned(),
        });
    }
    Ok(Place::Css(CssPlace { selector: selector.trim().to_owned(), attribute, except: None }))
}

impl JsonPath {
    /// Reads `$.phones[*].no`, `$['住所.番地']`, `$..mail`.
    pub fn parse(text: &str) -> Result<JsonPath, PlaceError> {
        let mut reader = PathReader { text, at: 1 };
        let mut steps = Vec::new();
        while reader.at < text.len() {
            steps.push(reader.step()?);
        }
        Ok(JsonPath { steps })
    }
}

/// Reads a path step by step.
pub(super) struct PathReader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl PathReader<'_> {
    /// The next step.
    pub(super) fn step(&mut self) -> Result<Step, PlaceError> {
        let rest = &self.text[self.at..];
        if rest.starts_with("..") {
            self.at += 2;
            if self.text[self.at..].starts_with('[') {
                return match self.bracket()? {
                    Step::Name(name) => Ok(Step::DescendantName(name)),
                    Step::Each => Ok(Step::DescendantAny),
                    _ => Err(self.fault("an index cannot follow `..`")),
                };
            }
            let name = self.name()?;
            return Ok(if name == "*" { Step::DescendantAny } else { Step::DescendantName(name) });
        }
        if rest.starts_with('.') {
            self.at += 1;
            let name = self.name()?;
            return Ok(if name == "*" { Step::Any } else { Step::Name(name) });
        }
        if rest.starts_with('[') {
            return self.bracket();
        }
        Err(self.fault("expected `.name`, `['name']`, `[0]` or `[*]`"))
    }

    fn name(&mut self) -> Result<String, PlaceError> {
        let rest = &self.text[self.at..];
        let end = rest.find(['.', '[', ']', ' ', '\'', '"']).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.fault("expected a name here; put names with dots or blanks in brackets: `$['a.b']`"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    fn bracket(&mut self) -> Result<Step, PlaceError> {
        self.at += 1;
        let rest = &self.text[self.at..];
        if let Some(quote @ ('\'' | '"')) = rest.chars().next() {
            return self.quoted(quote);
        }
        let Some(end) = rest.find(']') else {
            return Err(self.fault("`[` is not closed"));
        };
        let inner = rest[..end].trim();
        let step = if inner == "*" {
            Step::Each
        } else if let Ok(index) = inner.parse() {
            Step::Index(index)
        } else {
            return Err(self.fault("expected `*`, an index or a quoted name in brackets"));
        };
        self.at += end + 1;
        Ok(step)
    }

    /// A quoted name, up to the bracket that closes behind it.
    pub(super) fn quoted(&mut self, quote: char) -> Result<Step, PlaceError> {
        let mut name = String::new();
        let mut chars = self.text[self.at + 1..].char_indices();
        while let Some((offset, c)) = chars.next() {
            if c == '\\' {
                match chars.next() {
                    Some((_, escaped)) => name.push(escaped),
                    None => break,
                }
            } else if c == quote {
                let after = self.at + 1 + offset + 1;
                if !self.text[after..].starts_with(']') {
                    return Err(self.fault("expected `]` after the quoted name"));
                }
                self.at = after + 1;
                return Ok(Step::Name(name));
            } else {
                name.push(c);
            }
        }
        Err(self.fault("the quoted name is not closed"))
    }

    /// What is wrong here.
    pub(super) fn fault(&self, message: &str) -> PlaceError {
        PlaceError { offset: self.at, message: message.to_owned() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Name(name) => f.write_str(name),
            Place::Json(path) => path.fmt(f),
            Place::Xml(path) => path.fmt(f),
            Place::Css(css) => match &css.attribute {
                Some(attribute) => write!(f, "css:{}@{attribute}", css.selector),
                None => write!(f, "css:{}", css.selector),
            },
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.steps {
            match step {
                Step::Name(name) => write!(f, "['{name}']")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Each => f.write_str("[*]")?,
                Step::Any => f.write_str(".*")?,
                Step::DescendantName(name) => write!(f, "..['{name}']")?,
                Step::DescendantAny => f.write_str("..*")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_rfc_9535_writes_them() {
        for (text, shown) in [
            ("$", "$"),
            ("$.a.b", "$['a']['b']"),
            ("$.phones[*].no", "$['phones'][*]['no']"),
            ("$['住所.番地']", "$['住所.番地']"),
            ("$[\"a b\"][0]", "$['a b'][0]"),
            ("$..mail", "$..['mail']"),
            ("$.*", "$.*"),
            ("$[*]", "$[*]"),
            ("$..*", "$..*"),
        ] {
            let path = JsonPath::parse(text).expect(text);
            assert_eq!(path.to_string(), shown);
        }
    }

    #[test]
    fn a_bad_path_says_where() {
        for (text, offset) in [("$.", 2), ("$x", 1), ("$[", 2), ("$['a'", 2), ("$.a..[0]", 8), ("$[?@.a]", 2)] {
            let error = JsonPath::parse(text).expect_err(text);
            assert_eq!(error.offset, offset, "{text}: {error}");
        }
    }

    #[test]
    fn a_selector_may_name_an_attribute() {
        assert_eq!(
            Place::parse("css:input#tel@value"),
            Ok(Place::Css(CssPlace { selector: "input#tel".into(), attribute: Some("value".into()), except: None }))
        );
        assert_eq!(
            Place::parse("css:a[href*='@']"),
            Ok(Place::Css(CssPlace { selector: "a[href*='@']".into(), attribute: None, except: None }))
        );
        assert!(Place::parse("css:").is_err());
        assert!(Place::parse(" ").is_err());
    }
}
