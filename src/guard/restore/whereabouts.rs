//! What the body of a call says of where its record is: of which model, in which database.
//!
//! Ids are counted anew in each, so what was remembered of one is nobody else's.

use super::tree::{self, Tree};
use crate::format::Format;
use crate::format::json::nodes::{Is, Member, Node};
use crate::terms::place::Place;

/// What programs call it, without signs between the words.
const NAMES: [&str; 17] = [
    "collection",
    "database",
    "databasename",
    "db",
    "dbname",
    "entity",
    "entityname",
    "entitytype",
    "model",
    "modelname",
    "module",
    "modulename",
    "object",
    "objecttype",
    "resmodel",
    "table",
    "tenant",
];

/// What else calls say so by. In tables and in the values themselves these are columns like any other.
const MORE: [&str; 31] = [
    "account",
    "bean",
    "catalog",
    "class",
    "company",
    "companyid",
    "databaseid",
    "doctype",
    "entityset",
    "logicalname",
    "objectname",
    "org",
    "organisation",
    "organization",
    "organizationid",
    "orgid",
    "realm",
    "relation",
    "resource",
    "resourcetype",
    "schema",
    "service",
    "site",
    "siteid",
    "sobject",
    "sobjecttype",
    "tenantid",
    "tenantname",
    "type",
    "workspace",
    "workspaceid",
];

/// Members whose lists hold the arguments of a call by their order.
const ARGUMENTS: [&str; 3] = ["args", "arguments", "params"];

/// Methods that may stand among the arguments: one that reads and one that writes are about the same record.
const METHODS: [&str; 9] = ["get", "read", "save", "search_read", "set", "update", "web_read", "web_save", "write"];

/// So many are told of a call; of one that says more nothing is known.
const TOLD_MAX: usize = 32;

/// The members of a call that say so, by the way to each in the order of the call, but for the values that it writes.
/// Nothing is known where too much is said, where two names in one object are alike, and of a body that is no tree.
pub fn whereabouts(format: Format, text: &str, depth: usize, values: Option<&Place>) -> Option<Vec<(String, String)>> {
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    let tree = Tree::read(format, text, depth)?;
    let spots = values.map(|place| tree.whole().lead(place)).unwrap_or_default();
    let written = spots.iter().map(|spot| spot.at.0).collect();
    let mut teller = Teller { written, is_xml: format == Format::Xml, told: Vec::new() };
    let root = Way { path: String::new(), counts: false, is_arguments: false, is_method: teller.is_xml };
    teller.node(tree.whole().at.0, &root)?;
    Some(teller.told)
}

/// The same of a row of a table, as text.
pub(super) fn of_a_row(cells: &[Member]) -> String {
    let told = cells.iter().filter_map(|cell| {
        let name = folded(&cell.name);
        let said = tree::leaf(&cell.value).map_or("", tree::said);
        NAMES.contains(&name.as_str()).then(|| format!(".{name}:{}:{said}", said.len()))
    });
    told.collect()
}

fn folded(name: &str) -> String {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    name.to_lowercase()
}

/// How something in a call is reached.
struct Way {
    path: String,
    /// Whether what stands here says where the record is.
    counts: bool,
    /// Whether it is the list of a call's arguments.
    is_arguments: bool,
    /// Whether it is the document or its body in XML, below which elements are called as the method is.
    is_method: bool,
}

struct Teller<'t> {
    written: Vec<&'t Node>,
    is_xml: bool,
    told: Vec<(String, String)>,
}

impl Teller<'_> {
    fn node(&mut self, node: &Node, way: &Way) -> Option<()> {
        let is_written = self.written.iter().any(|own| own.span == node.span);
        match &node.is {
            Is::Object(members) => self.members(members, way, is_written),
            _ if is_written => Some(()),
            Is::List(nodes) => nodes.iter().enumerate().try_for_each(|(at, node)| {
                let is_text = matches!(&node.is, Is::Text(text) if !METHODS.contains(&text.as_str()));
                let counts = way.counts || way.is_arguments && is_text;
                let path = format!("{}[{at}]", way.path);
                self.node(node, &Way { path, counts, is_arguments: false, is_method: false })
            }),
            Is::Text(_) | Is::Bare(_) if way.counts => self.tell(&way.path, tree::said(node)),
            Is::Text(_) | Is::Bare(_) => Some(()),
        }
    }

    /// Of the values themselves only what is no field of a record says something: attributes, and of a document that
    /// is all values the names that are nothing else.
    fn members(&mut self, members: &[Member], way: &Way, is_written: bool) -> Option<()> {
        let mut names = Vec::new();
        for member in members {
            let name = folded(tree::local(&member.name));
            let is_known = NAMES.contains(&name.as_str());
            let is_more = MORE.contains(&name.as_str());
            let is_attribute = self.is_xml && member.name.starts_with('@');
            let is_own = is_written && !is_attribute;
            if is_own && !(is_known && way.path.is_empty()) {
                continue;
            }
            let is_named = is_known || is_more;
            if is_named && names.contains(&name) {
                return None;
            }
            let is_body = self.is_xml && name == "body";
            let called = if way.is_method && !is_attribute && !is_body { "*" } else { &name };
            let at = Way {
                path: format!("{}.{called}", way.path),
                counts: is_named || way.counts && !is_written,
                is_arguments: ARGUMENTS.contains(&name.as_str()),
                is_method: is_body,
            };
            self.node(&member.value, &at)?;
            names.push(name);
        }
        Some(())
    }

    fn tell(&mut self, path: &str, said: &str) -> Option<()> {
        self.told.push((path.to_owned(), said.trim().to_owned()));
        (self.told.len() <= TOLD_MAX).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_says_its_model_and_its_values_do_not() {
        let values = Place::parse("$.params.args[1]").expect("a place");
        let told = |text: &str| whereabouts(Format::Json, text, 16, Some(&values)).expect("a call");
        let one = |path: &str, said: &str| (path.to_owned(), said.to_owned());
        let partner = [one(".params.model", "res.partner")];
        assert_eq!(told(r#"{"params":{"model":"res.partner","args":[[1],{"model":"x"}]}}"#), partner);
        let lead = [one(".params.model", "crm.lead")];
        assert_eq!(told(r#"{"params":{"Model":"crm.lead","context":{"lang":"ja"}}}"#), lead);
        assert_eq!(told(r#"{"params":[[1],{"db":"x"}]}"#), [one(".params[1].db", "x")]);
        let positions = [one(".params.args[0]", "db1"), one(".params.args[2]", "res.partner")];
        assert_eq!(told(r#"{"params":{"args":["db1",7,"res.partner","read",[["a"]]]}}"#), positions);
    }

    #[test]
    fn elements_say_it_wherever_they_may() {
        let values = Place::parse("//Customer").expect("a place");
        let told = |text: &str| whereabouts(Format::Xml, text, 16, Some(&values)).expect("a call");
        let one = |path: &str, said: &str| (path.to_owned(), said.to_owned());
        let lead = [one(".body.*.entityname", "Lead")];
        assert_eq!(told("<E><Body><Save><EntityName>Lead</EntityName><Customer/></Save></Body></E>"), lead);
        assert_eq!(told("<E><Body><Get><EntityName>Lead</EntityName></Get></Body></E>"), lead);
        let two = [one(".db[0]", "Z"), one(".db[1]", "Y")];
        let own = told("<Save><Db>Z</Db><Db>Y</Db></Save>");
        assert_eq!(
            own.iter().map(|told| &told.1).collect::<Vec<_>>(),
            two.iter().map(|told| &told.1).collect::<Vec<_>>()
        );
        let attributes =
            ["<E><Get Entity='L'>7</Get></E>", "<Save><Customer entity='L' a='1'><Type>x</Type></Customer></Save>"];
        for text in attributes {
            let own = told(text);
            assert!(matches!(&own[..], [(_, said)] if said == "L"), "{text} {own:?}");
        }
        assert_eq!(told("<Save><Customer xmlns:i='u' i:type='L'/></Save>").len(), 1);
    }

    #[test]
    fn of_what_says_too_much_or_twice_nothing_is_known() {
        let told = |text: &str| whereabouts(Format::Json, text, 16, None);
        assert_eq!(told(r#"{"d_b":"1","d__b":"2"}"#), None);
        assert_eq!(told("no tree"), None);
        let many: Vec<String> = (0..=TOLD_MAX).map(|at| format!(r#"{{"db":"{at}"}}"#)).collect();
        assert_eq!(told(&format!("[{}]", many.join(","))), None);
        assert!(told(&format!("[{}]", many[1..].join(","))).is_some());
        assert_eq!(told(""), Some(Vec::new()));
    }
}
