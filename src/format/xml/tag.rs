//! A start tag taken apart: its name and its attributes, in the letter of XML 1.0 with namespaces.

use std::collections::HashSet;
use std::ops::Range;

use crate::terms::xml_path::{is_name, is_name_char};

/// How many attributes are compared one by one.
const FEW: usize = 12;

/// One attribute of a tag; the ranges are bytes of the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name with its prefix.
    pub name: Range<usize>,
    /// Its value without the quotes.
    pub value: Range<usize>,
}

/// A start tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name with its prefix.
    pub name: Range<usize>,
    /// Whether it ends its element too: `<a/>`.
    pub empty: bool,
}

/// What is wrong, and at which byte of the tag.
pub type Fault = (usize, &'static str);

/// Reads `<name attribute="value">` or `<name/>`.
pub fn read(raw: &str, attributes: &mut Vec<Attribute>) -> Result<Tag, Fault> {
    let end = raw.len() - 1;
    let empty = raw[..end].ends_with('/');
    let end = end - usize::from(empty);
    let name = name(raw, 1)?;
    pairs(raw, name.end, end, attributes)?;
    repeated(raw, attributes)?;
    Ok(Tag { name, empty })
}

/// Reads the attributes from `at` to `end`.
pub fn pairs(raw: &str, mut at: usize, end: usize, attributes: &mut Vec<Attribute>) -> Result<(), Fault> {
    attributes.clear();
    let bytes = raw.as_bytes();
    loop {
        let before = at;
        at = blanks(bytes, at, end);
        if at == end {
            return Ok(());
        }
        if at == before {
            return Err((at, "expected a blank or the end of the tag"));
        }
        let name = name(raw, at)?;
        at = blanks(bytes, name.end, end);
        if bytes[at] != b'=' || at >= end {
            return Err((at, "expected `=`"));
        }
        at = blanks(bytes, at + 1, end);
        let quote = bytes[at];
        if at >= end || !matches!(quote, b'"' | b'\'') {
            return Err((at, "expected a value in quotes"));
        }
        let start = at + 1;
        let length = memchr::memchr(quote, &bytes[start..end]).ok_or((at, "a value is not closed"))?;
        at = start + length + 1;
        attributes.push(Attribute { name, value: start..start + length });
    }
}

/// The part of a name behind its prefix.
pub fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

fn name(raw: &str, at: usize) -> Result<Range<usize>, Fault> {
    let rest = &raw[at..];
    let name = &rest[..rest.find(|c| !is_name_char(c)).unwrap_or(rest.len())];
    let (prefix, local) = name.split_once(':').unwrap_or(("a", name));
    let is_part = |part: &str| is_name(part) && !part.contains(':');
    if is_part(prefix) && is_part(local) { Ok(at..at + name.len()) } else { Err((at, "expected a name")) }
}

fn blanks(bytes: &[u8], at: usize, end: usize) -> usize {
    let count = bytes[at..end.max(at)].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
    at + count
}

fn repeated(raw: &str, attributes: &[Attribute]) -> Result<(), Fault> {
    let text = |one: &Attribute| &raw[one.name.clone()];
    let twice = if attributes.len() <= FEW {
        attributes.iter().enumerate().find(|(at, one)| attributes[..*at].iter().any(|other| text(other) == text(one)))
    } else {
        let mut seen = HashSet::with_capacity(attributes.len());
        attributes.iter().enumerate().find(|(_, one)| !seen.insert(text(one)))
    };
    twice.map_or(Ok(()), |(_, one)| Err((one.name.start, "an attribute stands twice")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> Result<String, Fault> {
        let mut attributes = Vec::new();
        let tag = read(raw, &mut attributes)?;
        let pairs: Vec<String> =
            attributes.iter().map(|one| format!(" {}={}", &raw[one.name.clone()], &raw[one.value.clone()])).collect();
        Ok(format!("{}{}{}", &raw[tag.name], pairs.concat(), if tag.empty { "/" } else { "" }))
    }

    #[test]
    fn tags_are_taken_apart() {
        for (raw, told) in [
            ("<a>", Ok("a")),
            ("<a/>", Ok("a/")),
            ("<soap:a  x = '1>2'\n氏名=\"\" />", Ok("soap:a x=1>2 氏名=/")),
            ("<a b='1'c='2'>", Err(8)),
            ("<a b>", Err(4)),
            ("<a b=>", Err(5)),
            ("<a b=1>", Err(5)),
            ("<a b='1>", Err(5)),
            ("<a b='1' b='2'>", Err(9)),
            ("< a>", Err(1)),
            ("<1a>", Err(1)),
            ("<a:b:c>", Err(1)),
            ("<:a>", Err(1)),
            ("<a / >", Err(3)),
            ("<>", Err(1)),
            ("</>", Err(1)),
        ] {
            assert_eq!(shown(raw).map_err(|(at, _)| at), told.map(str::to_owned), "{raw}");
        }
    }
}
