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

/// How deep members of the call itself stand.
const DEPTH: usize = 4;

/// So many are told of a call.
const TOLD_MAX: usize = 32;

/// The members of a call that say so, but for the values that it writes.
pub fn whereabouts(format: Format, text: &str, depth: usize, values: Option<&Place>) -> Vec<(String, String)> {
    let Some(tree) = Tree::read(format, text, depth) else { return Vec::new() };
    let spots = values.map(|place| tree.whole().lead(place)).unwrap_or_default();
    let written: Vec<&Node> = spots.iter().map(|spot| spot.at.0).collect();
    let mut told = Vec::new();
    gather(tree.whole().at.0, &written, DEPTH, &mut told);
    told
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

fn gather(node: &Node, written: &[&Node], depth: usize, told: &mut Vec<(String, String)>) {
    let Is::Object(members) = &node.is else { return };
    let is_written = |node: &Node| written.iter().any(|own| own.span == node.span);
    for member in members.iter().filter(|member| !is_written(&member.value)) {
        let name = folded(tree::local(&member.name));
        match tree::leaf(&member.value) {
            Some(leaf) if NAMES.contains(&name.as_str()) && told.len() < TOLD_MAX => {
                told.push((name, tree::said(leaf).trim().to_owned()));
            }
            Some(_) => {}
            None if depth > 0 => gather(&member.value, written, depth - 1, told),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_says_its_model_and_its_values_do_not() {
        let values = Place::parse("$.params.args[1]").expect("a place");
        let told = |text: &str| whereabouts(Format::Json, text, 16, Some(&values));
        let model = |name: &str| vec![("model".to_owned(), name.to_owned())];
        assert_eq!(told(r#"{"params":{"model":"res.partner","args":[[1],{"model":"x"}]}}"#), model("res.partner"));
        assert_eq!(told(r#"{"params":{"Model":"crm.lead","context":{"lang":"ja"}}}"#), model("crm.lead"));
        assert_eq!(told(r#"{"params":[[1],{"db":"x"}]}"#), []);
        let call = "<E><Save><EntityName>Lead</EntityName><Values><Id>1</Id></Values></Save></E>";
        assert_eq!(whereabouts(Format::Xml, call, 16, None), [("entityname".to_owned(), "Lead".to_owned())]);
    }
}
