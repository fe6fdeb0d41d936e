//! `roles:`: which groups give which role, and to whom data goes that it is shown.

use std::sync::Arc;

use crate::policy::fault::Faults;
use crate::policy::node::{Node, Value};
use crate::policy::reader::{self, MapReader};
use crate::policy::rule::{Word, any_words};
use crate::terms::recipient::{Recipient, Relation};

/// A role.
#[derive(Debug)]
pub struct Role {
    /// Its name.
    pub name: Word,
    /// The groups that give it.
    pub groups: Vec<Word>,
    /// To whom data goes that it is shown, where it says so.
    pub recipient: Option<Recipient>,
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
        let (groups, recipient) = role(&entry.value, faults);
        roles.push(Role { name: Word::new(&entry.key, &entry.key_spot), groups, recipient });
    }
    roles
}

fn role(node: &Node, faults: &mut Faults) -> (Vec<Word>, Option<Recipient>) {
    if !matches!(node.value, Value::Map(_)) {
        return (if node.is_empty() { Vec::new() } else { named(node, faults) }, None);
    }
    let Some(mut map) = MapReader::open(node, "a role", faults) else { return (Vec::new(), None) };
    let groups = map.take("groups").map(|node| named(node, faults)).unwrap_or_default();
    let recipient = map.take("recipient").and_then(|node| recipient(node, faults));
    map.finish(faults);
    (groups, recipient)
}

/// `recipient: processor`, or `{ relation: third_party, organisation: Example Ltd., country: JP }`.
fn recipient(node: &Node, faults: &mut Faults) -> Option<Recipient> {
    let relation = |node: &Node, faults: &mut Faults| reader::word(node, "a relation", &Relation::WORDS, faults);
    if !matches!(node.value, Value::Map(_)) {
        return Some(Recipient { relation: relation(node, faults)?, ..Recipient::default() });
    }
    let mut map = MapReader::open(node, "`recipient`", faults)?;
    let is = map.need("relation", faults).and_then(|node| relation(node, faults));
    let organisation = map.take("organisation").and_then(|node| organisation(node, faults));
    let country = map.take("country").and_then(|node| country(node, faults));
    map.finish(faults);
    Some(Recipient { relation: is?, organisation, country })
}

/// It stands in every record of theirs.
fn organisation(node: &Node, faults: &mut Faults) -> Option<Arc<str>> {
    const NAME_BYTES: usize = 200;
    let text = reader::text(node, "`organisation`", faults)?;
    if text.len() > NAME_BYTES {
        let fault = faults.error(&node.spot, "too-long", format!("`organisation` is {} bytes long", text.len()));
        fault.help(format!("it may be {NAME_BYTES}: it stands in every record"));
        return None;
    }
    Some(text.into())
}

fn country(node: &Node, faults: &mut Faults) -> Option<Arc<str>> {
    let text = reader::text(node, "`country`", faults)?;
    if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let fault = faults.error(&node.spot, "unknown-word", format!("`{text}` is no code of a country"));
        fault.help("write the code of ISO 3166-1, as in `JP` or `FR`");
        return None;
    }
    Some(text.into())
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
