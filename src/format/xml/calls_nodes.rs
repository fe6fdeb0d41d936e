//! A call in XML-RPC, or its answer, as the tree of the JSON-RPC that says the same, whose texts know where they stand
//! in the XML: what `calls` shows one by one has no places in structs.
//!
//! What it stands in tells what a text is: in a `string` or in a bare value anything may be written, elsewhere only
//! what is there. Like the tree of JSON it says nothing of what is wrong with a call, which a walker has read before.

use std::ops::Range;

use crate::format::json::nodes::{Is, Member, Node, find};
use crate::format::xml::nodes as xml;

/// A call, and where a text may be written.
pub struct Call {
    /// The root: `{ method, params }`, `{ result }`.
    pub root: Node,
    /// Where the texts of strings stand, in their order.
    pub strings: Vec<Range<usize>>,
}

/// Reads a call; nothing where it is none, says a name twice, or is nested deeper than this.
pub fn read(text: &str, depth_max: usize) -> Option<Call> {
    // Three elements stand around what JSON nests once.
    let document = xml::read(text, depth_max.saturating_mul(4))?;
    let mut strings = Vec::new();
    let root = match document.name.as_str() {
        "methodCall" => call(document.root, &mut strings)?,
        "methodResponse" => answer(document.root, &mut strings)?,
        _ => return None,
    };
    strings.sort_by_key(|span| span.start);
    Some(Call { root, strings })
}

fn call(root: Node, strings: &mut Vec<Range<usize>>) -> Option<Node> {
    let span = root.span.clone();
    let Is::Object(members) = root.is else { return None };
    let mut all = Vec::new();
    for member in members {
        let (name, value) = match (member.name.as_str(), &member.value.is) {
            ("methodName", Is::Text(_)) => ("method", member.value),
            ("params", _) => {
                let at = member.value.span.clone();
                let params = children(member.value, "param")?;
                let params = params.into_iter().map(|param| one(param, "value").and_then(|one| value(one, strings)));
                ("params", Node { span: at, is: Is::List(params.collect::<Option<_>>()?) })
            }
            _ => return None,
        };
        all.push(Member { name: name.to_owned(), at: member.at, value });
    }
    all.sort_by(|one, two| one.name.cmp(&two.name));
    Some(Node { span, is: Is::Object(all) })
}

fn answer(root: Node, strings: &mut Vec<Range<usize>>) -> Option<Node> {
    let span = root.span.clone();
    let param = one(one(root, "params")?, "param")?;
    let at = param.span.start..param.span.start;
    let result = value(one(param, "value")?, strings)?;
    Some(Node { span, is: Is::Object(vec![Member { name: "result".to_owned(), at, value: result }]) })
}

/// What a `value` says.
fn value(node: Node, strings: &mut Vec<Range<usize>>) -> Option<Node> {
    let Node { span, is } = node;
    let members = match is {
        Is::Text(text) => {
            strings.push(span.clone());
            return Some(Node { span, is: Is::Text(text) });
        }
        Is::Object(members) => members,
        _ => return None,
    };
    let [member] = <[Member; 1]>::try_from(members).ok()?;
    let Node { span, is } = member.value;
    match (member.name.as_str(), is) {
        ("struct", is) => object(Node { span, is }, strings),
        ("array", is) => {
            let at = span.clone();
            let items = children(one(Node { span, is }, "data")?, "value")?;
            let items = items.into_iter().map(|item| value(item, strings)).collect::<Option<_>>()?;
            Some(Node { span: at, is: Is::List(items) })
        }
        ("nil", Is::Text(_)) => Some(Node { span, is: Is::Bare("null".to_owned()) }),
        ("string", Is::Text(text)) => {
            strings.push(span.clone());
            Some(Node { span, is: Is::Text(text) })
        }
        (_, Is::Text(text)) => Some(Node { span, is: Is::Text(text) }),
        _ => None,
    }
}

fn object(node: Node, strings: &mut Vec<Range<usize>>) -> Option<Node> {
    let span = node.span.clone();
    let mut all = Vec::new();
    for member in children(node, "member")? {
        let Is::Object(parts) = member.is else { return None };
        let [name, said] = <[Member; 2]>::try_from(parts).ok()?;
        let (Is::Text(text), "name", "value") = (name.value.is, name.name.as_str(), said.name.as_str()) else {
            return None;
        };
        all.push(Member { name: text, at: name.value.span, value: value(said.value, strings)? });
    }
    all.sort_by(|one, two| one.name.cmp(&two.name));
    let is_twice = all.windows(2).any(|two| two[0].name == two[1].name);
    (!is_twice).then_some(Node { span, is: Is::Object(all) })
}

/// The only child of an element, which is called this.
fn one(node: Node, name: &str) -> Option<Node> {
    let [only] = <[Node; 1]>::try_from(children(node, name)?).ok()?;
    Some(only)
}

/// The children of an element, which are all called this.
fn children(node: Node, name: &str) -> Option<Vec<Node>> {
    let members = match node.is {
        Is::Object(members) => members,
        // An empty element.
        Is::Text(text) if text.trim().is_empty() => return Some(Vec::new()),
        _ => return None,
    };
    find(&members, name)?;
    let [only] = <[Member; 1]>::try_from(members).ok()?;
    Some(match only.value.is {
        Is::List(nodes) => nodes,
        is => vec![Node { span: only.value.span, is }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(node: &Node, text: &str) -> String {
        match &node.is {
            Is::Text(said) => format!("{said:?}@{}", &text[node.span.clone()]),
            Is::Bare(said) => said.clone(),
            Is::List(nodes) => format!("[{}]", nodes.iter().map(|one| shown(one, text)).collect::<Vec<_>>().join(",")),
            Is::Object(members) => {
                let one = |member: &Member| format!("{}:{}", member.name, shown(&member.value, text));
                format!("{{{}}}", members.iter().map(one).collect::<Vec<_>>().join(","))
            }
        }
    }

    #[test]
    fn a_call_is_the_tree_of_the_json_that_says_the_same() {
        let call = "<?xml version='1.0'?><methodCall><methodName>write</methodName><params>\
            <param><value><array><data><value><int>7</int></value></data></array></value></param>\
            <param><value><struct>\
            <member><name>tel</name><value><string>*&amp;</string></value></member>\
            <member><name>bare</name><value>x</value></member>\
            <member><name>none</name><value><nil/></value></member>\
            <member><name>empty</name><value><string/></value></member>\
            </struct></value></param>\
            <param><value><array><data/></array></value></param>\
            </params></methodCall>";
        let read = read(call, 16).expect("a call");
        let told =
            "{method:\"write\"@write,params:[[\"7\"@7],{bare:\"x\"@x,empty:\"\"@/>,none:null,tel:\"*&\"@*&amp;},[]]}";
        assert_eq!(shown(&read.root, call), told);
        let strings: Vec<&str> = read.strings.iter().map(|span| &call[span.clone()]).collect();
        assert_eq!(strings, ["*&amp;", "x", "/>"]);
        let answer =
            "<methodResponse><params><param><value><boolean>1</boolean></value></param></params></methodResponse>";
        let answered = super::read(answer, 16).expect("an answer");
        assert_eq!(shown(&answered.root, answer), "{result:\"1\"@1}");
        assert!(answered.strings.is_empty());
    }

    #[test]
    fn what_is_none_is_none() {
        let body =
            |inside: &str| format!("<methodCall><methodName>m</methodName><params>{inside}</params></methodCall>");
        let member = "<member><name>a</name><value>1</value></member>";
        for text in [
            "<methodCall/>".to_owned(),
            "<a/>".to_owned(),
            body("<param><value>1</value><value>2</value></param>"),
            body("<x/>"),
            body("<param><value><int>1</int><int>2</int></value></param>"),
            body(&format!("<param><value><struct>{member}{member}</struct></value></param>")),
            body("<param><value><struct><member><value>1</value></member></struct></value></param>"),
            body(
                "<param><value><struct><member a='b'><name>a</name><value>1</value></member></struct></value></param>",
            ),
        ] {
            assert!(read(&text, 16).is_none(), "{text}");
        }
        assert!(read(&body("<param><value>1</value></param>"), 16).is_some());
    }
}
