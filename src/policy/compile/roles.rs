//! Roles of all files: a role that two files name has the groups of both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::policy::fault::Faults;
use crate::policy::node::Spot;
use crate::policy::rule::roles::Role as Written;
use crate::terms::recipient::Recipient;

/// A role.
#[derive(Debug)]
pub struct Role {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is named first.
    pub spot: Spot,
    /// The groups that give it.
    pub groups: Vec<String>,
    /// To whom data goes that it is shown: the farthest, where files differ.
    pub recipient: Recipient,
}

/// Roles of one policy; the answer of each is asked for each kind.
const ROLES_MAX: usize = 1000;

/// Puts the roles of all files in the order of their names; nothing where there are too many to go on.
pub fn compile(written: Vec<Written>, faults: &mut Faults) -> Option<Vec<Role>> {
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    for role in written {
        let name: Arc<str> = role.name.text.as_str().into();
        let groups: Vec<String> = role.groups.into_iter().map(|group| group.text).collect();
        if let Some(known) = roles.get_mut(&role.name.text) {
            united(known, &groups, &role.name.spot, faults);
            known.groups.extend(groups);
            let farther = role.recipient.filter(|own| own.relation >= known.recipient.relation);
            known.recipient = farther.unwrap_or_else(|| std::mem::take(&mut known.recipient));
        } else {
            let recipient = role.recipient.unwrap_or_default();
            roles.insert(role.name.text, Role { name, spot: role.name.spot, groups, recipient });
        }
    }
    if let Some(role) = roles.values().nth(ROLES_MAX) {
        faults.error(&role.spot, "too-many", format!("there are {} roles and may be {ROLES_MAX}", roles.len()));
        return None;
    }
    Some(roles.into_values().collect())
}

/// Whoever reads one of the files believes that its groups are all.
fn united(known: &Role, groups: &[String], spot: &Spot, faults: &mut Faults) {
    let set = |groups: &[String]| groups.iter().cloned().collect::<BTreeSet<String>>();
    let (first, second) = (set(&known.groups), set(groups));
    // Of a name that stands twice in one file the fault is told.
    let is_elsewhere = known.spot.file != spot.file;
    if is_elsewhere && !first.is_empty() && !second.is_empty() && first != second {
        let message = format!("the role `{}` has other groups at {}:{}", known.name, known.spot.file, known.spot.line);
        let fault = faults.warning(spot, "two-files", message);
        fault
            .help("the groups of both count, so either file gives the role to more than it says: name the role in one");
    }
}
