//! Who asks.

/// The person or tool that asks, as an identity source recognised them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The source that recognised them: `basic`, `header`.
    pub source: &'static str,
    /// Their name at that source.
    pub user: String,
    /// Their groups, which give roles.
    pub groups: Vec<String>,
}

impl Staff {
    /// The id in rules and in the ledger: `basic:tanaka`.
    pub fn id(&self) -> String {
        format!("{}:{}", self.source, self.user)
    }
}
