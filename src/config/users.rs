//! users.yaml: names, argon2id hashes and groups for `basic`.

use std::collections::HashMap;

use crate::identity::basic::{self, User};
use crate::policy::fault::Faults;
use crate::policy::node::{self, Source};
use crate::policy::reader::{self, MapReader};
use crate::terms::secret::Secret;

/// Reads the users of a file.
pub fn parse(source: &Source, faults: &mut Faults) -> HashMap<String, User> {
    let mut users = HashMap::new();
    let Some(root) = node::parse(source, faults) else { return users };
    for entry in reader::entries(&root, "users.yaml", faults).unwrap_or_default() {
        let Some(mut map) = MapReader::open(&entry.value, "a user", faults) else { continue };
        let hash =
            map.need("password", faults).and_then(|node| Some((reader::text(node, "`password`", faults)?, node)));
        let groups = map.take("groups").map(|node| reader::texts(node, "`groups`", faults)).unwrap_or_default();
        map.finish(faults);
        let Some((hash, node)) = hash else { continue };
        if !basic::is_hash(hash) {
            faults
                .error(&node.spot, "bad-password", "`password` is not an argon2id hash")
                .help("make one with `argon2 \"$(openssl rand -hex 8)\" -id -e` and paste the line that begins with `$argon2id$`");
            continue;
        }
        let groups = groups.into_iter().map(|(group, _)| group.to_owned()).collect();
        users.insert(entry.key.clone(), User { password: Secret(hash.to_owned()), groups });
    }
    users
}
