//! `tokenize`: a token stands for the value.
//!
//! ```yaml
//! tokenize: { email: opaque }
//! token_domain: analytics
//! ```
//!
//! A token is bound to its subject, or to a domain in which equal values give equal tokens. Where
//! neither is known the value becomes `****`. So does a value longer than a token may carry, and
//! every value for `format` and `random`, which this version does not make.

use crate::terms::action::Token;
use crate::terms::kind::Kind;
use crate::terms::mint::MintError;
use crate::transform::{Context, full};

/// The token of a value.
pub fn tokenize(value: &str, token: Token, kind: &Kind, context: &Context<'_>) -> Result<String, MintError> {
    let (Token::Opaque, Some(domain)) = (token, context.domain) else { return Ok(full()) };
    match context.mint.token(kind, domain, value) {
        Err(MintError::TooLong) => Ok(full()),
        minted => minted,
    }
}
