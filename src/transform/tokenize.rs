//! `tokenize`: a token stands for the value.
//!
//! ```yaml
//! tokenize: { email: opaque, phone: format, person.name: random, address: { token: random, lasts: 30d } }
//! token_domain: analytics
//! ```
//!
//! A token is bound to its subject, or to a domain in which equal values give equal tokens. Where
//! neither is known the value becomes `****`. So does a value longer than a token may carry, and
//! one that `format` cannot take.

use crate::terms::action::Token;
use crate::terms::kind::Kind;
use crate::terms::mint::MintError;
use crate::transform::{Context, format, full};

/// The token of a value.
pub fn tokenize(value: &str, token: Token, kind: &Kind, context: &Context<'_>) -> Result<String, MintError> {
    let Some(domain) = context.domain else { return Ok(full()) };
    let minted = match token {
        Token::Opaque => context.mint.token(kind, domain, value),
        Token::Random { lasts } => context.mint.random(kind, domain, value, lasts),
        Token::Format { pass } => {
            let token = format::format(value, kind, pass, context.number, (domain, context.mint));
            token.map(|token| token.unwrap_or_else(full))
        }
    };
    match minted {
        Err(MintError::TooLong) => Ok(full()),
        minted => minted,
    }
}
