//! Where a place leads in a document that is read as a tree: in one, or in the two of an answer as it came and as
//! it left.

use std::ops::Range;

use super::who;
use crate::format::Format;
use crate::format::csv::nodes as csv;
use crate::format::json::nodes::{self, Is, Member, Node, find};
use crate::format::xml::{calls_nodes, nodes as xml};
use crate::terms::place::{Place, Step};
use crate::terms::xml_path::XmlStep;

/// How many spots a place may lead to.
pub(super) const SPOTS_MAX: usize = 10_000;

/// Under which the text of an element stands that has attributes.
const TEXT: &str = "#text";

/// A document as a tree.
pub(super) struct Tree {
    /// The name of its root, in XML.
    name: String,
    root: Node,
    /// What it says of namespaces, in XML.
    spaces: Vec<String>,
    /// Where its strings stand, in calls in XML: what stands elsewhere there is of another sort than text.
    strings: Option<Vec<Range<usize>>>,
}

impl Tree {
    /// Reads a document; nothing where it is none that can be compared.
    pub(super) fn read(format: Format, text: &str, depth: usize) -> Option<Tree> {
        match format {
            Format::Json => Some(Tree::of(nodes::read(text, depth)?)),
            Format::Xml => {
                let xml::Document { name, root, spaces } = xml::read(text, depth)?;
                Some(Tree { name, spaces, ..Tree::of(root) })
            }
            // A call in XML is read as the call in JSON that says the same.
            Format::Calls => {
                let calls_nodes::Call { root, strings } = calls_nodes::read(text, depth)?;
                Some(Tree { strings: Some(strings), ..Tree::of(root) })
            }
            Format::Csv => Some(Tree::of(csv::read(text)?)),
            _ => None,
        }
    }

    fn of(root: Node) -> Tree {
        Tree { name: String::new(), root, spaces: Vec::new(), strings: None }
    }

    /// Whether a leaf is a text, so that another may stand there.
    pub(super) fn is_a_string(&self, leaf: &Node) -> bool {
        let stands = |strings: &Vec<Range<usize>>| strings.binary_search_by_key(&leaf.span.start, |span| span.start);
        self.strings.as_ref().is_none_or(|strings| stands(strings).is_ok())
    }

    /// Whether somewhere in the document a member stands beside another whose name is nearly the same, where both
    /// are like one of these: a server that folds names may take the other one.
    pub(super) fn has_alike(&self, names: &[&str]) -> bool {
        let names: Vec<String> = names.iter().map(|name| who::folded_alike(name)).collect();
        alike(&self.root, &names)
    }

    /// The document itself.
    pub(super) fn whole(&self) -> Spot<'_> {
        Tree::both(self, self)
    }

    /// The same of two documents of one shape.
    pub(super) fn both<'t>(original: &'t Tree, veiled: &'t Tree) -> Spot<'t> {
        Spot { name: &original.name, around: None, at: (&original.root, &veiled.root) }
    }

    /// Whether both are called the same, and say the same of namespaces.
    pub(super) fn is_like(&self, other: &Tree) -> bool {
        self.name == other.name && self.spaces == other.spaces
    }
}

/// A value in both documents.
type Pair<'t> = (&'t Node, &'t Node);

/// A spot of a document.
#[derive(Clone, Copy)]
pub(super) struct Spot<'t> {
    /// What the element is called, in XML.
    name: &'t str,
    /// What it stands in.
    pub(super) around: Option<Pair<'t>>,
    /// What stands there.
    pub(super) at: Pair<'t>,
}

impl<'t> Spot<'t> {
    /// The spots to which a place leads from here, where this is the document or a record of it.
    pub(super) fn lead(self, place: &Place) -> Vec<Spot<'t>> {
        let mut all = Vec::new();
        match place {
            Place::Json(path) => json(self, &path.steps, &mut all),
            Place::Xml(path) => element(self, &path.steps, &mut all),
            Place::Name(name) => column(self, name, &mut all),
            Place::Css(_) => {}
        }
        all
    }
}

fn alike(node: &Node, names: &[String]) -> bool {
    match &node.is {
        Is::Object(members) => {
            let folded: Vec<String> = members.iter().map(|member| who::folded_alike(local(&member.name))).collect();
            let is_twice = |name: &String| folded.iter().filter(|own| *own == name).count() > 1;
            names.iter().any(is_twice) || members.iter().any(|member| alike(&member.value, names))
        }
        Is::List(nodes) => nodes.iter().any(|node| alike(node, names)),
        Is::Text(_) | Is::Bare(_) => false,
    }
}

/// The cells of a column, each in its row.
fn column<'t>(spot: Spot<'t>, name: &str, all: &mut Vec<Spot<'t>>) {
    let (Is::List(one), Is::List(two)) = (&spot.at.0.is, &spot.at.1.is) else { return };
    if one.len() != two.len() {
        return;
    }
    for rows in one.iter().zip(two) {
        let (Is::Object(one), Is::Object(two)) = (&rows.0.is, &rows.1.is) else { continue };
        if let (Some(one), Some(two)) = (find(one, name), find(two, name)) {
            put(Spot { around: Some(rows), at: (&one.value, &two.value), ..spot }, all);
        }
    }
}

/// The names that a place says on its way.
pub(super) fn names_of(place: &Place) -> Vec<&str> {
    match place {
        Place::Name(name) => vec![name],
        Place::Json(path) => path
            .steps
            .iter()
            .filter_map(|step| if let Step::Name(name) = step { Some(&**name) } else { None })
            .collect(),
        Place::Xml(path) => path.steps.iter().filter_map(|step| step.name.as_deref()).collect(),
        Place::Css(_) => Vec::new(),
    }
}

fn put<'t>(spot: Spot<'t>, all: &mut Vec<Spot<'t>>) {
    if all.len() < SPOTS_MAX {
        all.push(spot);
    }
}

fn json<'t>(spot: Spot<'t>, steps: &[Step], all: &mut Vec<Spot<'t>>) {
    let Some((step, rest)) = steps.split_first() else { return put(spot, all) };
    let inside = |at: Pair<'t>| Spot { around: Some(spot.at), at, ..spot };
    match (step, &spot.at.0.is, &spot.at.1.is) {
        (Step::Name(name), Is::Object(one), Is::Object(two)) => {
            if let (Some(one), Some(two)) = (find(one, name), find(two, name)) {
                json(inside((&one.value, &two.value)), rest, all);
            }
        }
        (Step::Index(at), Is::List(one), Is::List(two)) if one.len() == two.len() => {
            let Some(pair) = one.get(*at).zip(two.get(*at)) else { return };
            // One number of several is not the list's.
            let others = one.iter().enumerate().filter(|(number, node)| number != at && leaf(node).is_some());
            if leaf(pair.0).is_none() || others.count() == 0 {
                json(inside(pair), rest, all);
            }
        }
        (Step::Each, Is::List(one), Is::List(two)) if one.len() == two.len() => {
            one.iter().zip(two).for_each(|pair| json(inside(pair), rest, all));
        }
        (Step::Each, Is::List(_), _) | (Step::Each, _, Is::List(_)) => {}
        (Step::Each, ..) => json(spot, rest, all),
        _ => {}
    }
}

fn element<'t>(spot: Spot<'t>, steps: &[XmlStep], all: &mut Vec<Spot<'t>>) {
    let Some((step, rest)) = steps.split_first() else { return };
    let (name, is_attribute) = (local(spot.name), spot.name.starts_with('@'));
    let matches = step.attribute == is_attribute && step.name.as_deref().is_none_or(|own| own == name);
    if matches && rest.is_empty() {
        put(spot, all);
    } else if matches {
        inside(spot).into_iter().for_each(|child| element(child, rest, all));
    }
    if step.descendant && all.len() < SPOTS_MAX {
        inside(spot).into_iter().for_each(|child| element(child, steps, all));
    }
}

/// The elements and attributes of an element.
fn inside<'t>(spot: Spot<'t>) -> Vec<Spot<'t>> {
    let (Is::Object(one), Is::Object(two)) = (&spot.at.0.is, &spot.at.1.is) else { return Vec::new() };
    let mut all = Vec::new();
    for member in one.iter().filter(|member| member.name != TEXT) {
        let Some(other) = find(two, &member.name) else { continue };
        let child = |at: Pair<'t>| Spot { name: &member.name, around: Some(spot.at), at };
        match (&member.value.is, &other.value.is) {
            (Is::List(one), Is::List(two)) if one.len() == two.len() => {
                all.extend(one.iter().zip(two).map(child));
            }
            (Is::List(_), _) | (_, Is::List(_)) => {}
            _ => all.push(child((&member.value, &other.value))),
        }
    }
    all
}

/// A name without its prefix: prefixes are the sender's choice.
pub(super) fn local(name: &str) -> &str {
    let name = name.strip_prefix('@').unwrap_or(name);
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// What a member is called in whatever document of its kind.
pub(super) fn name_of(member: &Member, format: Format) -> String {
    match format {
        Format::Xml if member.name.starts_with('@') => format!("@{}", local(&member.name)),
        Format::Xml => local(&member.name).to_owned(),
        _ => member.name.clone(),
    }
}

/// The text, number or literal that a value is: of an element with attributes its text.
pub(super) fn leaf(node: &Node) -> Option<&Node> {
    match &node.is {
        Is::Text(_) | Is::Bare(_) => Some(node),
        Is::Object(members) if members.iter().all(|one| one.name == TEXT || one.name.starts_with('@')) => {
            find(members, TEXT).map(|text| &text.value)
        }
        Is::Object(_) | Is::List(_) => None,
    }
}

/// What a leaf says; nothing of one that says nothing.
pub(super) fn said(leaf: &Node) -> &str {
    match &leaf.is {
        Is::Text(text) | Is::Bare(text) if !leaf.is_blank() => text,
        _ => "",
    }
}

/// The members of an object.
pub(super) fn members(node: &Node) -> Option<&[Member]> {
    match &node.is {
        Is::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(format: Format, text: &str, place: &str) -> Vec<String> {
        let tree = Tree::read(format, text, 16).expect(text);
        let place = Place::parse(place).expect(place);
        let spots = tree.whole().lead(&place);
        spots.iter().map(|spot| text[spot.at.0.span.clone()].to_owned()).collect()
    }

    #[test]
    fn paths_lead_to_spots() {
        let call = r#"{"method":"write","params":[[13],{"value":"x"},[14],{"value":"y"}]}"#;
        let list = r#"{"ids":[13,14],"one":13,"mixed":[13,{}]}"#;
        for (text, place, spots) in [
            (call, "$.params[0][*]", &["13"][..]),
            (call, "$.params[0][0]", &["13"]),
            (call, "$.params[1]", &[r#"{"value":"x"}"#]),
            (call, "$.params[7]", &[]),
            (call, "$.none", &[]),
            (list, "$.ids[*]", &["13", "14"]),
            (list, "$.ids[0]", &[]),
            (list, "$.one[*]", &["13"]),
            (list, "$.mixed[0]", &["13"]),
        ] {
            assert_eq!(told(Format::Json, text, place), spots, "{place}");
        }
    }

    #[test]
    fn in_xml_names_are_local() {
        let text =
            "<s:E xmlns:s='u'><s:B><m:Save xmlns:m='v'><C no='7'><Id>42</Id><Id>43</Id></C></m:Save></s:B></s:E>";
        for (place, spots) in [
            ("//Save/C/@no", &["7"][..]),
            ("//C/Id", &["42", "43"]),
            ("/E/B/Save/C/Id", &["42", "43"]),
            ("/B", &[]),
            ("//C/*", &["42", "43"]),
        ] {
            assert_eq!(told(Format::Xml, text, place), spots, "{place}");
        }
    }
}
