//! `hash`: a keyed hash that nobody can turn back.
//!
//! ```yaml
//! hash: [person.name]
//! token_domain: analytics
//! ```
//!
//! As with tokens, it is made within a subject or a domain; where neither is known the value
//! becomes `****`.

use crate::terms::kind::Kind;
use crate::terms::mint::MintError;
use crate::transform::{Context, full};

/// The keyed hash of a value.
pub fn hash(value: &str, kind: &Kind, context: &Context<'_>) -> Result<String, MintError> {
    let Some(domain) = context.domain else { return Ok(full()) };
    match context.mint.hash(kind, domain, value) {
        Err(MintError::TooLong) => Ok(full()),
        minted => minted,
    }
}
