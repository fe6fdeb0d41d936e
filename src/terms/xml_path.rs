//! XML paths: the part of XPath that can be followed while a document streams by, which is names,
//! wildcards, descendants and attributes. Names are local names, because prefixes are the sender's
//! choice; where the namespace matters, `Q{uri}name` says it.

use std::fmt;

use crate::terms::place::PlaceError;

/// A path such as `//Customer/Name` or `/order/@id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct XmlPath {
    /// The steps from the document; never empty.
    pub steps: Vec<XmlStep>,
}

/// One step of an XML path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct XmlStep {
    /// `//`: at any depth below, not only a child.
    pub descendant: bool,
    /// `@`: an attribute; it is the last step.
    pub attribute: bool,
    /// The namespace of `Q{uri}name`; any without it.
    pub namespace: Option<String>,
    /// The local name; any for `*`.
    pub name: Option<String>,
}

/// The help that stands under each fault of a path.
pub const HELP: &str =
    "an XML path here knows names, `*`, `//name` and `@attribute`, as in `//Customer/Tel` or `//Customer/@id`";

impl XmlPath {
    /// Reads a path, which begins with `/`.
    pub fn parse(text: &str) -> Result<XmlPath, PlaceError> {
        let mut steps: Vec<XmlStep> = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if steps.last().is_some_and(|step| step.attribute) {
                return Err(fault(at, "an attribute has nothing below it"));
            }
            let descendant = text[at..].starts_with("//");
            at += if descendant { 2 } else { 1 };
            let (step, length) = step(&text[at..], at, descendant)?;
            steps.push(step);
            at += length;
        }
        if steps.is_empty() {
            return Err(fault(0, "a path names an element or an attribute"));
        }
        Ok(XmlPath { steps })
    }

    /// Whether it leads to an attribute.
    pub fn is_attribute(&self) -> bool {
        self.steps.last().is_some_and(|step| step.attribute)
    }
}

/// One step at the beginning of `rest`, and how many bytes it takes.
fn step(rest: &str, at: usize, descendant: bool) -> Result<(XmlStep, usize), PlaceError> {
    let mut name = rest;
    let attribute = name.starts_with('@');
    name = name.strip_prefix('@').unwrap_or(name);
    let mut namespace = None;
    if let Some(braced) = name.strip_prefix("Q{") {
        let end = braced.find('}').ok_or_else(|| fault(at, "`Q{` is not closed"))?;
        namespace = Some(braced[..end].trim().to_owned());
        name = &braced[end + 1..];
    }
    let before = rest.len() - name.len();
    let length = name.find(['/', '[', ']', '(', '@', '{', '}', ' ']).unwrap_or(name.len());
    let (name, behind) = name.split_at(length);
    let at = at + before;
    match behind.chars().next() {
        Some('[') => return Err(fault(at + length, "conditions in brackets are not followed: name the element alone")),
        Some('(') => return Err(fault(at, "functions are not followed: the path of an element means its text")),
        Some(c) if c != '/' => return Err(fault(at + length, "expected `/` or the end of the path")),
        _ => {}
    }
    let test = match name {
        "" => return Err(fault(at, "expected a name here")),
        "*" => None,
        "." | ".." => return Err(fault(at, "a path only leads down")),
        name if name.contains(':') => {
            return Err(fault(at, "write the local name alone, or `Q{uri}name`: prefixes are the sender's choice"));
        }
        name if !is_name(name) => return Err(fault(at, "no XML name is written so")),
        name => Some(name.to_owned()),
    };
    Ok((XmlStep { descendant, attribute, namespace, name: test }, before + length))
}

fn fault(offset: usize, message: &str) -> PlaceError {
    PlaceError { offset, message: message.to_owned() }
}

impl fmt::Display for XmlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            f.write_str(if step.descendant { "//" } else { "/" })?;
            f.write_str(if step.attribute { "@" } else { "" })?;
            if let Some(uri) = &step.namespace {
                write!(f, "Q{{{uri}}}")?;
            }
            f.write_str(step.name.as_deref().unwrap_or("*"))?;
        }
        Ok(())
    }
}

/// Whether a text is a name as XML writes them (XML 1.0, fifth edition, 2.3).
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

fn is_name_start(c: char) -> bool {
    matches!(c, ':' | '_' | 'A'..='Z' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// Whether a character can stand in a name.
pub fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_and_written_alike() {
        for text in
            ["//Customer/Name", "/a/b/c", "//Customer/@id", "//*", "/a/*//b", "//@id", "//氏名", "//Q{urn:x/y}a"]
        {
            assert_eq!(XmlPath::parse(text).expect(text).to_string(), text);
        }
        assert!(XmlPath::parse("//a/@*").expect("a path").is_attribute());
    }

    #[test]
    fn a_bad_path_says_where() {
        for (text, offset) in [
            ("/", 1),
            ("//", 2),
            ("//a/", 4),
            ("///a", 2),
            ("//a[1]", 3),
            ("//a/text()", 4),
            ("//soap:Body", 2),
            ("//a/..", 4),
            ("//@id/b", 5),
            ("//1a", 2),
            ("//a b", 3),
            ("//Q{urn:x", 2),
        ] {
            let error = XmlPath::parse(text).expect_err(text);
            assert_eq!(error.offset, offset, "{text}: {error}");
        }
    }
}
