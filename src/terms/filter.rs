//! A JSONPath with a filter: `$.items[?@.name=='phone'].value`, the value of the items of that name.
//!
//! Of RFC 9535's filters only one form is known: a member of the element, `==`, and a text or a whole
//! number. That is a value which tells what another is, so it becomes two paths without filter.

use crate::terms::place::{JsonPath, PathReader, PlaceError, Step};

/// What a filter may look like.
pub const HELP: &str = "write `$.items[?@.name=='phone'].value`: one member, `==`, and a text or a whole number";

/// A path with a filter, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filtered {
    /// Where the value stands, whatever the filter says.
    pub path: JsonPath,
    /// Where the member stands that the filter asks.
    pub from: JsonPath,
    /// What that must be.
    pub equals: String,
    /// How many objects lie around the member, up to the element of the list.
    pub depth: usize,
}

impl Filtered {
    /// Reads a path with one filter.
    pub fn parse(text: &str) -> Result<Filtered, PlaceError> {
        let mut reader = PathReader { text, at: 1 };
        let mut steps = Vec::new();
        while !text[reader.at..].starts_with("[?") {
            if reader.at >= text.len() {
                return Err(reader.fault("expected a filter"));
            }
            if text[reader.at..].starts_with("..[?") {
                return Err(reader.fault("a filter cannot follow `..`"));
            }
            steps.push(reader.step()?);
        }
        reader.at += 2;
        let (names, equals) = filter(&mut reader)?;
        steps.push(Step::Each);
        let from = steps.iter().cloned().chain(names.iter().cloned().map(Step::Name)).collect();
        while reader.at < text.len() {
            if text[reader.at..].starts_with("[?") {
                return Err(reader.fault("a path may have one filter"));
            }
            steps.push(reader.step()?);
        }
        Ok(Filtered { path: JsonPath { steps }, from: JsonPath { steps: from }, equals, depth: names.len() })
    }
}

/// `@.name == 'phone']`, in brackets or not.
fn filter(reader: &mut PathReader<'_>) -> Result<(Vec<String>, String), PlaceError> {
    let in_brackets = takes(reader, "(");
    if !takes(reader, "@") {
        return Err(reader.fault("a filter asks a member of the element: `@.name`"));
    }
    let mut names = Vec::new();
    loop {
        let rest = &reader.text[reader.at..];
        if let Some(name) = rest.strip_prefix('.') {
            let length =
                name.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$'))).unwrap_or(name.len());
            if length == 0 {
                return Err(reader.fault("expected a name here; put names with dots or blanks in brackets: `@['a.b']`"));
            }
            names.push(name[..length].to_owned());
            reader.at += 1 + length;
        } else if rest.starts_with("['") || rest.starts_with("[\"") {
            let quote = if rest.starts_with("['") { '\'' } else { '"' };
            reader.at += 1;
            if let Step::Name(name) = reader.quoted(quote)? {
                names.push(name);
            }
        } else {
            break;
        }
    }
    if names.is_empty() {
        return Err(reader.fault("a filter asks a member of the element: `@.name`"));
    }
    if !takes(reader, "==") {
        return Err(reader.fault("a filter compares with `==` alone"));
    }
    let equals = literal(reader)?;
    if (in_brackets && !takes(reader, ")")) || !takes(reader, "]") {
        return Err(reader.fault("a filter is one comparison"));
    }
    Ok((names, equals))
}

fn takes(reader: &mut PathReader<'_>, word: &str) -> bool {
    let rest = reader.text[reader.at..].trim_start();
    let Some(rest) = rest.strip_prefix(word) else { return false };
    let behind = if word == "]" { rest } else { rest.trim_start() };
    reader.at = reader.text.len() - behind.len();
    true
}

fn literal(reader: &mut PathReader<'_>) -> Result<String, PlaceError> {
    let rest = &reader.text[reader.at..];
    let Some(quote @ ('\'' | '"')) = rest.chars().next() else {
        let digits = rest.trim_start_matches('-');
        let length = rest.len() - digits.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = &rest[..length];
        let behind = rest[length..].chars().next();
        if number.parse::<i64>().is_err() || !behind.is_some_and(|c| c.is_whitespace() || matches!(c, ')' | ']')) {
            return Err(reader.fault("a filter compares with a text in quotes or a whole number"));
        }
        reader.at += length;
        return Ok(number.to_owned());
    };
    let mut text = String::new();
    let mut chars = rest[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            c if c == quote => {
                reader.at += 1 + at + 1;
                // What is said is compared without the blanks around it.
                return Ok(text.trim().to_owned());
            }
            c => text.push(c),
        }
    }
    Err(reader.fault("the text in quotes is not closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_taken_apart() {
        for (text, path, from, equals, depth) in [
            ("$.items[?@.name=='phone'].value", "$['items'][*]['value']", "$['items'][*]['name']", "phone", 1),
            ("$.a[?(@.b.c == \"x y\")]", "$['a'][*]", "$['a'][*]['b']['c']", "x y", 2),
            ("$[?@['k.1']==12]['v'][*].w", "$[*]['v'][*]['w']", "$[*]['k.1']", "12", 1),
            ("$..f[? @.n == -3 ]..v", "$..['f'][*]..['v']", "$..['f'][*]['n']", "-3", 1),
            ("$.a[?@.b=='it\\'s']", "$['a'][*]", "$['a'][*]['b']", "it's", 1),
        ] {
            let filtered = Filtered::parse(text).expect(text);
            let shown = (filtered.path.to_string(), filtered.from.to_string());
            assert_eq!(shown, (path.to_owned(), from.to_owned()), "{text}");
            assert_eq!((&*filtered.equals, filtered.depth), (equals, depth), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for (text, offset) in [
            ("$.a[?@.b!='x'].v", 8),
            ("$.a[?@.b=='x' && @.c=='y'].v", 13),
            ("$.a[?@.b].v", 8),
            ("$.a[?@=='x'].v", 6),
            ("$.a[?$.b=='x'].v", 5),
            ("$.a[?@.b==x].v", 10),
            ("$.a[?@.b==1.5].v", 10),
            ("$.a[?@.b=='x].v", 10),
            ("$.a[?@.b=='x'][?@.c=='y'].v", 14),
            ("$..[?@.b=='x'].v", 1),
            ("$.a[?length(@.b)==1].v", 5),
        ] {
            assert_eq!(Filtered::parse(text).expect_err(text).offset, offset, "{text}");
        }
    }
}
