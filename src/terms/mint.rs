//! The seam between what becomes of a value and the keys that it takes.

use crate::terms::kind::Kind;

/// Inside what equal values give equal tokens and hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domain {
    /// One subject: tokens of two subjects never tell that a value is shared.
    Subject {
        /// The subject's type.
        kind: String,
        /// The subject's id.
        id: String,
    },
    /// A `token_domain` of the rules.
    Shared(String),
}

/// Why no token could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MintError {
    /// The keys are not there.
    Away,
    /// The value is longer than a token may carry.
    TooLong,
}

/// Makes tokens and keyed hashes. The vault implements it; tests use fixed keys.
pub trait Mint: Send + Sync {
    /// An opaque token `tok_KIND_…`: deterministic within the domain, bound to kind and domain.
    fn token(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError>;
    /// A keyed one-way hash of the value within the domain, as text.
    fn hash(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError>;
    /// A keyed hash of a subject's id for the ledger: `h1:…`.
    fn subject(&self, subject_kind: &str, id: &str) -> String;
}
