//! An XML document as the tree that JSON is compared as: an element that holds elements or attributes is an
//! object, its attributes under `@name`, its text under `#text`; elements of one name beside one another are a
//! list; any other element is a text.
//!
//! Like that tree it says nothing of what is wrong with a document, which a walker has read before. A text with
//! elements in it has no place of its own: such a document is none to compare.

use std::collections::HashSet;
use std::ops::Range;

use crate::format::json::nodes::{Is, Member, Node};
use crate::format::xml::entity;
use crate::format::xml::scan::{Kind, Scanner};
use crate::format::xml::tag::{self, Attribute};

/// Under which the text of an element stands that has attributes.
const TEXT: &str = "#text";

/// A document.
pub struct Document {
    /// The name of its root, with its prefix.
    pub name: String,
    /// The root.
    pub root: Node,
    /// What it says of namespaces, in order.
    pub spaces: Vec<String>,
}

/// Reads a document; nothing where it is none, is nested deeper than this, or has a text with elements in it.
pub fn read(text: &str, depth_max: usize) -> Option<Document> {
    let mut scanner = Scanner::new(text.len());
    scanner.push(text.as_bytes());
    let mut reader = Reader { open: Vec::new(), root: None, spaces: Vec::new(), depth_max };
    while let Some(found) = scanner.next(true).ok()? {
        let (raw, start) = (found.raw, found.start);
        match found.kind {
            Kind::Text => reader.text(raw, start, false)?,
            Kind::Cdata => reader.text(raw, start, true)?,
            Kind::Open => reader.open(raw, start)?,
            Kind::Close => reader.close(raw, start)?,
            Kind::Comment | Kind::Instruction | Kind::Doctype => {}
        }
    }
    let (name, root) = reader.root?;
    reader.open.is_empty().then_some(Document { name, root, spaces: reader.spaces })
}

/// What an empty element ends with.
pub const EMPTY: &str = "/>";

/// What is written of a value, from the document in which it stands, into another in the place of `span`:
/// an empty element is opened, and a quote of another kind is said by its name.
pub fn written(text: &str, into: &str, span: &Range<usize>) -> Option<String> {
    let text = if text == EMPTY { "" } else { text };
    let before = into.get(..span.start)?;
    if into.get(span.clone())? == EMPTY {
        let tag = &before[before.rfind('<')? + 1..];
        let name = tag.split(|c: char| c.is_ascii_whitespace()).next()?;
        return Some(format!(">{text}</{name}>"));
    }
    Some(match before.bytes().next_back()? {
        b'"' => text.replace('"', "&quot;"),
        b'\'' => text.replace('\'', "&apos;"),
        _ => text.to_owned(),
    })
}

/// Whether a part of a document stands for another one: readers of SOAP's encoding and of inclusions copy what an id
/// names to where it is referred to, so that nobody can say where an original that goes home ends up.
pub fn refers_to_itself(text: &str, depth_max: usize) -> bool {
    let Some(document) = read(text, depth_max) else { return false };
    const INCLUSIONS: &str = "http://www.w3.org/2001/XInclude";
    let mut attributes = Vec::new();
    gather(&document.root, &mut attributes);
    let is = |name: &str, wanted: &[&str]| wanted.iter().any(|one| tag::local(name).eq_ignore_ascii_case(one));
    let ids: HashSet<&str> = attributes.iter().filter(|(name, _)| is(name, &["id"])).map(|(_, id)| *id).collect();
    let all: HashSet<&str> = attributes.iter().map(|(_, value)| *value).collect();
    let refers = |(name, value): &(&str, &str)| match value.strip_prefix('#') {
        Some(id) => all.contains(id),
        None => is(name, &["ref", "idref", "refid"]) && ids.contains(value),
    };
    document.spaces.iter().any(|space| space.ends_with(INCLUSIONS)) || attributes.iter().any(refers)
}

/// The attributes of an element and of all that stands in it.
fn gather<'t>(node: &'t Node, attributes: &mut Vec<(&'t str, &'t str)>) {
    match &node.is {
        Is::Object(members) => {
            for member in members {
                match (member.name.strip_prefix('@'), &member.value.is) {
                    (Some(name), Is::Text(value)) => attributes.push((name, value.trim())),
                    _ => gather(&member.value, attributes),
                }
            }
        }
        Is::List(nodes) => nodes.iter().for_each(|node| gather(node, attributes)),
        Is::Text(_) | Is::Bare(_) => {}
    }
}

struct Reader {
    open: Vec<Element>,
    root: Option<(String, Node)>,
    spaces: Vec<String>,
    depth_max: usize,
}

/// An element that is open.
struct Element {
    name: String,
    /// Where it begins.
    start: usize,
    /// Where its start tag ends.
    inside: usize,
    text: String,
    members: Vec<Member>,
}

impl Reader {
    fn text(&mut self, raw: &str, start: usize, is_cdata: bool) -> Option<()> {
        let Some(element) = self.open.last_mut() else { return raw.trim().is_empty().then_some(()) };
        if is_cdata {
            element.text.push_str(raw.get(9..raw.len().checked_sub(3)?)?);
            return Some(());
        }
        debug_assert!(start >= element.inside, "text stands behind its tag");
        entity::unescape(raw, &mut element.text).ok()
    }

    fn open(&mut self, raw: &str, start: usize) -> Option<()> {
        if self.open.len() == self.depth_max || self.root.is_some() {
            return None;
        }
        let mut attributes: Vec<Attribute> = Vec::new();
        let tag = tag::read(raw, &mut attributes).ok()?;
        let inside = start + raw.len();
        let (name, members) = (raw[tag.name].to_owned(), Vec::new());
        let mut element = Element { name, start, inside, text: String::new(), members };
        for one in attributes {
            let (name, value) = (&raw[one.name.clone()], &raw[one.value.clone()]);
            if name == "xmlns" || name.starts_with("xmlns:") {
                self.spaces.push(format!("{name}={value}"));
                continue;
            }
            let mut text = String::new();
            entity::unescape(value, &mut text).ok()?;
            let (at, span) = (one.name.start, start + one.value.start..start + one.value.end);
            let value = Node { span, is: Is::Text(text) };
            let at = start + at..start + one.name.end;
            element.members.push(Member { name: format!("@{name}"), at, value });
        }
        if tag.empty {
            let end = inside;
            return self.complete(element, inside - EMPTY.len()..end, end);
        }
        self.open.push(element);
        Some(())
    }

    fn close(&mut self, raw: &str, start: usize) -> Option<()> {
        let element = self.open.pop()?;
        let name = raw.get(2..raw.len() - 1)?.trim_end();
        let inside = element.inside..start;
        if element.name == name { self.complete(element, inside, start + raw.len()) } else { None }
    }

    /// An element whose text stands at `inside` ends.
    fn complete(&mut self, element: Element, inside: Range<usize>, end: usize) -> Option<()> {
        let Element { name, start, text, mut members, .. } = element;
        let holds_elements = members.iter().any(|member| !member.name.starts_with('@'));
        let is = match (members.is_empty(), text.trim().is_empty()) {
            (true, _) => Is::Text(text),
            (false, true) if holds_elements => Is::Object(gathered(members)),
            (false, _) if holds_elements => return None,
            (false, _) => {
                let value = Node { span: inside.clone(), is: Is::Text(text) };
                members.push(Member { name: TEXT.to_owned(), at: inside.clone(), value });
                Is::Object(gathered(members))
            }
        };
        let span = if matches!(is, Is::Text(_)) { inside } else { start..end };
        let node = Node { span, is };
        match self.open.last_mut() {
            Some(around) => around.members.push(Member { name, at: start..start, value: node }),
            None => self.root = Some((name, node)),
        }
        Some(())
    }
}

/// Members in the order of their names, those of one name as a list.
fn gathered(mut members: Vec<Member>) -> Vec<Member> {
    members.sort_by(|one, two| one.name.cmp(&two.name));
    let mut all: Vec<(Member, Vec<Node>)> = Vec::new();
    for member in members {
        match all.last_mut().filter(|(first, _)| first.name == member.name) {
            Some((_, others)) => others.push(member.value),
            None => all.push((member, Vec::new())),
        }
    }
    let one = |(mut first, others): (Member, Vec<Node>)| {
        if let Some(end) = others.last().map(|last| last.span.end) {
            let span = first.value.span.start..end;
            let own = std::mem::replace(&mut first.value, Node { span, is: Is::List(Vec::new()) });
            first.value.is = Is::List([own].into_iter().chain(others).collect());
        }
        first
    };
    all.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(node: &Node, text: &str) -> String {
        match &node.is {
            Is::Text(own) => format!("{own:?}={}", &text[node.span.clone()]),
            Is::Bare(_) => "a literal".to_owned(),
            Is::List(nodes) => {
                format!("[{}]", nodes.iter().map(|node| shown(node, text)).collect::<Vec<_>>().join(", "))
            }
            Is::Object(members) => {
                let one = |member: &Member| format!("{}: {}", member.name, shown(&member.value, text));
                format!("{{{}}}", members.iter().map(one).collect::<Vec<_>>().join(", "))
            }
        }
    }

    #[test]
    fn a_document_is_a_tree_whose_texts_know_where_they_stand() {
        for (text, told) in [
            ("<a>x&amp;<![CDATA[<y>]]><!-- z --></a>", "\"x&<y>\"=x&amp;<![CDATA[<y>]]><!-- z -->"),
            ("<?xml version=\"1.0\"?>\n<a b='1'/>", "{#text: \"\"=/>, @b: \"1\"=1}"),
            ("<a><b/><c></c></a>", "{b: \"\"=/>, c: \"\"=}"),
            (
                "<a><p id='1'><n>x</n></p> <q>z</q><p>y</p></a>",
                "{p: [{@id: \"1\"=1, n: \"x\"=x}, \"y\"=y], q: \"z\"=z}",
            ),
            ("<s:a xmlns:s='u'>x</s:a>", "\"x\"=x"),
        ] {
            let read = read(text, 8).expect(text);
            assert_eq!(shown(&read.root, text), told, "{text}");
        }
        let read = read("<s:a xmlns:s='u' xmlns=\"v\">x</s:a>", 8).expect("a document");
        assert_eq!((read.name.as_str(), read.spaces), ("s:a", vec!["xmlns:s=u".to_owned(), "xmlns=v".to_owned()]));
    }

    #[test]
    fn what_is_none_or_has_no_places_is_none() {
        for text in [
            "",
            "<a>",
            "<a>x<b/></a>",
            "<a></b>",
            "<a/><a/>",
            "<a><b><c/></b></a>",
            "<a>&x;</a>",
            "x",
            "<!DOCTYPE a><a/>",
        ] {
            assert!(read(text, 2).is_none(), "{text}");
        }
    }

    #[test]
    fn a_value_is_written_as_its_place_wants_it() {
        for (text, into, place, told) in [
            ("a&amp;b", "<x>****</x>", "****", "a&amp;b"),
            ("a", "<x y='1'/>", "/>", ">a</x>"),
            ("/>", "<x>*</x>", "*", ""),
            ("a\"b'c", "<x y=\"*\"/>", "*", "a&quot;b'c"),
            ("a\"b'c", "<x y='*'/>", "*", "a\"b&apos;c"),
        ] {
            let at = into.rfind(place).expect("a place");
            assert_eq!(written(text, into, &(at..at + place.len())).as_deref(), Some(told), "{into}");
        }
    }
}
