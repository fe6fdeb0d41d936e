//! The seam between what becomes of a value and the keys that it takes.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::terms::kind::Kind;
use crate::terms::secret::Secret;

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

/// The shared domain of what the CRM itself holds as tokens: whoever writes rules cannot name it.
pub const STORED: &str = "sudare.stored";

/// Why no token could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MintError {
    /// The keys are not there.
    Away,
    /// The value is longer than a token may carry.
    TooLong,
    /// The vault cannot be read, or takes no more.
    Vault,
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The kind's name.
    pub kind: String,
    /// Inside what the token was made.
    pub domain: Domain,
    /// The value.
    pub value: Secret,
}

/// One place of a number whose places may have radices of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numeral {
    /// What stands there, below the radix.
    pub value: u16,
    /// How many values there are: at least two.
    pub radix: u16,
}

/// Makes tokens and keyed hashes. The vault implements it; tests use fixed keys.
pub trait Mint: Send + Sync {
    /// An opaque token `tok_KIND_…`: deterministic within the domain, bound to kind and domain.
    fn token(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError>;
    /// A token `tok_KIND_…` drawn by chance, the same for one value of a domain while it lasts, and that is no longer
    /// than so many seconds. It is durable only once whoever releases the answer has waited for it.
    fn random(&self, kind: &Kind, domain: &Domain, value: &str, lasts: Option<u32>) -> Result<String, MintError>;
    /// Puts another number of the same radices in the place of this one: a permutation of all such
    /// numbers, keyed by kind and domain.
    fn permute(&self, kind: &Kind, domain: &Domain, numerals: &mut [Numeral]) -> Result<(), MintError>;
    /// A keyed one-way hash of the value within the domain, as text.
    fn hash(&self, kind: &Kind, domain: &Domain, value: &str) -> Result<String, MintError>;
    /// A keyed hash of a subject's id for the ledger: `h1:…`.
    fn subject(&self, subject_kind: &str, id: &str) -> String;
    /// Seals what a page carries for its forms, for whoever names the same parts of `bound`. Whoever has no keys for it
    /// seals nothing.
    fn seal_page(&self, plain: &[u8], bound: &[&[u8]]) -> Result<Vec<u8>, MintError> {
        let _ = (plain, bound);
        Err(MintError::Away)
    }
    /// Opens it again: nothing where it was not sealed so, whatever the reason.
    fn open_page(&self, sealed: &[u8], bound: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
        let _ = (sealed, bound);
        None
    }
    /// What mints as this one did before the keys were last changed, and before that: a page may be open that was made
    /// then. Nothing tells such tokens from others but that they are the ones.
    fn older(&self) -> Vec<Arc<dyn Mint>> {
        Vec::new()
    }
    /// Notes for which value a token stands that looks like one: nothing else turns it back. Says whether it does, and
    /// not for another value already. It is durable only once whoever sends it on has waited for it.
    fn issue(&self, _kind: &Kind, _token: &str, _value: &str) -> Result<bool, MintError> {
        Err(MintError::Vault)
    }
    /// The value for which such a token stands, if it was noted; whether it was must be known.
    fn issued(&self, _kind: &Kind, _token: &str) -> Result<Option<Secret>, MintError> {
        Ok(None)
    }
    /// What a token stands for, opaque or random; nothing where it is none of this house, whatever the cause.
    fn opened(&self, _token: &str) -> Option<Opened> {
        None
    }
    /// The same for somebody who may be guessing: any text is as much work as any other.
    fn revealed(&self, token: &str) -> Option<Opened> {
        self.opened(token)
    }
}
