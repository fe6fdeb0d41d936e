//! Who asks.

use std::collections::BTreeMap;

/// The person or tool that asks, as an identity source recognised them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The source that recognised them: `basic`, `header`.
    pub source: &'static str,
    /// Their name at that source.
    pub user: String,
    /// Their groups, which give roles.
    pub groups: Vec<String>,
    /// What else the source says of them: `branch: tokyo`.
    pub attributes: BTreeMap<String, String>,
}

impl Staff {
    /// Somebody of whom the source says no more than their groups.
    pub fn new(source: &'static str, user: impl Into<String>, groups: Vec<String>) -> Staff {
        Staff { source, user: user.into(), groups, attributes: BTreeMap::new() }
    }

    /// The id in rules and in the ledger: `basic:tanaka`.
    pub fn id(&self) -> String {
        format!("{}:{}", self.source, self.user)
    }
}
