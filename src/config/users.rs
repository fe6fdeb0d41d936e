//! users.yaml: names, argon2id hashes and groups for `basic`; staff.yaml: names and groups for
//! sources that know no groups.

use std::collections::{BTreeMap, HashMap};

use crate::identity::basic::{self, User};
use crate::identity::{Register, name};
use crate::policy::fault::Faults;
use crate::policy::node::{self, Entry, Node, Source};
use crate::policy::reader::{self, MapReader};
use crate::terms::secret::Secret;

/// Reads the users of users.yaml.
pub fn parse(source: &Source, faults: &mut Faults) -> HashMap<String, User> {
    let mut users = HashMap::new();
    let Some(root) = node::parse(source, faults) else { return users };
    for entry in reader::entries(&root, "users.yaml", faults).unwrap_or_default() {
        named(entry, faults);
        let Some(mut map) = MapReader::open(&entry.value, "a user", faults) else { continue };
        let hash =
            map.need("password", faults).and_then(|node| Some((reader::text(node, "`password`", faults)?, node)));
        let groups = map.take("groups").map(|node| reader::any_texts(node, "`groups`", faults)).unwrap_or_default();
        let attributes = map.take("attributes").map(|node| attributes(node, faults)).unwrap_or_default();
        map.finish(faults);
        let Some((hash, node)) = hash else { continue };
        if !basic::is_hash(hash) {
            faults
                .error(&node.spot, "bad-password", "`password` is not an argon2id hash")
                .help("make one with `argon2 \"$(openssl rand -hex 8)\" -id -e` and paste the line that begins with `$argon2id$`");
            continue;
        }
        let groups = groups.into_iter().map(|(group, _)| group.to_owned()).collect();
        users.insert(entry.key.clone(), User { password: Secret(hash.to_owned()), groups, attributes });
    }
    users
}

/// `attributes: { branch: tokyo }`: what rules may ask of whoever asks.
fn attributes(node: &Node, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    for entry in reader::entries(node, "`attributes`", faults).unwrap_or_default() {
        let text = reader::text(&entry.value, "an attribute", faults);
        attributes.extend(text.map(|text| (entry.key.clone(), text.to_owned())));
    }
    attributes
}

/// Reads staff.yaml: `tanaka: [crm-support]` or `tanaka: { groups: [crm-support] }`.
pub fn staff(source: &Source, faults: &mut Faults) -> Register {
    let mut staff = Register::new();
    let Some(root) = node::parse(source, faults) else { return staff };
    for entry in reader::entries(&root, "staff.yaml", faults).unwrap_or_default() {
        named(entry, faults);
        let groups = match entry.value.map() {
            None => reader::any_texts(&entry.value, "the groups", faults),
            Some(_) => {
                let Some(mut map) = MapReader::open(&entry.value, "a person", faults) else { continue };
                let groups = map.need("groups", faults).map(|node| reader::any_texts(node, "`groups`", faults));
                map.finish(faults);
                groups.unwrap_or_default()
            }
        };
        staff.insert(entry.key.clone(), groups.into_iter().map(|(group, _)| group.to_owned()).collect());
    }
    staff
}

/// A name that no source can find is a slip of the pen.
fn named(entry: &Entry, faults: &mut Faults) {
    if name::user(&entry.key).is_none() {
        let message = "this cannot be a name: it is empty, too long, or holds blanks at its ends or unseen characters";
        faults.error(&entry.key_spot, "bad-name", message);
    }
}
