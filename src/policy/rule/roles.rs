//! `roles:`: which groups give which role.

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::{Word, any_words};

/// A role.
#[derive(Debug)]
pub struct Role {
    /// Its name.
    pub name: Word,
    /// The groups that give it.
    pub groups: Vec<Word>,
}

/// Words that mean somebody else where a role could stand.
const TAKEN: [&str; 3] = ["all", "nobody", "staff"];

/// Reads `roles:`: `support: { groups: [crm-support] }`, or the groups alone.
pub fn read(node: &Node, faults: &mut Faults) -> Vec<Role> {
    let mut roles = Vec::new();
    for entry in reader::entries(node, "`roles`", faults).unwrap_or_default() {
        if TAKEN.contains(&entry.key.as_str()) {
            let message = format!("`{}` cannot be the name of a role: it has a meaning of its own", entry.key);
            faults.error(&entry.key_spot, "taken", message);
            continue;
        }
        let groups = groups(&entry.value, faults);
        roles.push(Role { name: Word::new(&entry.key, &entry.key_spot), groups });
    }
    roles
}

fn groups(node: &Node, faults: &mut Faults) -> Vec<Word> {
    if !matches!(node.value, Value::Map(_)) {
        return if node.is_empty() { Vec::new() } else { named(node, faults) };
    }
    let Some(mut map) = MapReader::open(node, "a role", faults) else { return Vec::new() };
    let groups = map.take("groups").map(|node| named(node, faults)).unwrap_or_default();
    map.finish(faults);
    groups
}

/// Groups by their names; nothing in one stands for others.
fn named(node: &Node, faults: &mut Faults) -> Vec<Word> {
    let groups = any_words(node, "a group", faults);
    for group in &groups {
        let text = group.text.as_str();
        // A directory's names hold commas of their own: `cn=crm,ou=groups`.
        let listed = text.contains([',', '、', '，']) && !text.contains('=');
        if text.contains('*') {
            let fault =
                faults.warning(&group.spot, "literal", format!("no group is called `{text}`: `*` stands for itself"));
            fault.help("name each group that gives the role");
        } else if listed {
            let parts: Vec<&str> =
                text.split([',', '、', '，']).map(str::trim).filter(|part| !part.is_empty()).collect();
            let fault = faults.warning(&group.spot, "literal", format!("`{text}` is one group, with its comma"));
            fault.help(format!("write a list, with ordinary commas: `[{}]`", parts.join(", ")));
        }
    }
    groups
}
