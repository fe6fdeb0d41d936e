//! An XML body that asks, as the tree of its elements: attributes and elements are members alike, so
//! that `<condition attribute="tel" operator="like" value="090%"/>` is the question that it is in
//! JSON.

use crate::format::xml::entity;
use crate::format::xml::scan::{Kind, Scanner};
use crate::format::xml::tag::{self, local};
use crate::guard::query::tree::{Tree, VALUES_MAX};
use crate::guard::query::walk;
use crate::terms::refusal::{Reason, Refusal};

/// An element that is open.
struct Open {
    name: String,
    members: Vec<(String, Tree)>,
    text: String,
}

/// Whether a parameter's text is written as a document: an element, a declaration, a document type.
pub(super) fn looks(text: &str) -> bool {
    let opens = |c: char| c.is_alphabetic() || matches!(c, '_' | '?' | '!');
    text.ends_with('>') && text.strip_prefix('<').is_some_and(|rest| rest.starts_with(opens))
}

/// The tree of a body that a walker has found to be a document.
pub(super) fn tree(body: &[u8]) -> Result<Tree, Refusal> {
    let mut scanner = Scanner::new(body.len());
    scanner.push(body);
    let mut open = vec![Open { name: String::new(), members: Vec::new(), text: String::new() }];
    let (mut attributes, mut values) = (Vec::new(), 0);
    while let Some(found) = scanner.next(true)? {
        let raw = found.raw;
        match found.kind {
            Kind::Open => {
                let tag = tag::read(raw, &mut attributes).map_err(|_| unreadable())?;
                let mut members = Vec::with_capacity(attributes.len());
                for one in &attributes {
                    let mut text = String::new();
                    entity::unescape(&raw[one.value.clone()], &mut text).map_err(|_| unreadable())?;
                    members.push((local(&raw[one.name.clone()]).to_owned(), Tree::Leaf(text)));
                }
                values += 1 + members.len();
                open.push(Open { name: local(&raw[tag.name]).to_owned(), members, text: String::new() });
                if tag.empty {
                    close(&mut open)?;
                }
            }
            Kind::Close => close(&mut open)?,
            Kind::Text => {
                let top = open.last_mut().ok_or_else(unreadable)?;
                entity::unescape(raw, &mut top.text).map_err(|_| unreadable())?;
            }
            Kind::Cdata => open.last_mut().ok_or_else(unreadable)?.text.push_str(&raw[9..raw.len() - 3]),
            Kind::Comment | Kind::Instruction | Kind::Doctype => {}
        }
        if values > VALUES_MAX {
            return Err(walk::too_many());
        }
    }
    let root = open.pop().filter(|_| open.is_empty()).ok_or_else(unreadable)?;
    Ok(Tree::Map(root.members))
}

fn close(open: &mut Vec<Open>) -> Result<(), Refusal> {
    let Open { name, mut members, text } = open.pop().ok_or_else(unreadable)?;
    let tree = if members.is_empty() {
        Tree::Leaf(text)
    } else {
        if !text.trim().is_empty() {
            members.push((String::new(), Tree::Leaf(text)));
        }
        Tree::Map(members)
    };
    open.last_mut().ok_or_else(unreadable)?.members.push((name, tree));
    Ok(())
}

fn unreadable() -> Refusal {
    Refusal::new(Reason::RequestUnreadable, "the question in the body cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_and_attributes_grow_the_tree_of_json() {
        let xml = "<q a='1&amp;'><b>x<!-- y --><![CDATA[z]]></b><c/><d e='2'>f</d></q>";
        let json = r#"{"q":{"a":"1&","b":"xz","c":"","d":{"e":"2","":"f"}}}"#;
        assert!(tree(xml.as_bytes()).expect("a tree") == Tree::json(json).expect("json"));
    }
}
