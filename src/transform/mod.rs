//! What becomes of a value on its way to staff.
//!
//! One file an action. Each reads the value, whatever spelling it has, and writes a shape that
//! depends on the kind alone, so that neither length nor notation of a value can be read off its
//! veil. What cannot be read becomes `****`, never the value. `block` and the way a removed value
//! leaves its document are left to the guard and the walkers. A `format` token alone follows the
//! value's own shape.

mod address;
mod alphabet;
mod check;
mod date;
mod digits;
mod fold;
mod format;
mod generalize;
mod hash;
mod least;
mod mask;
mod name;
mod shape;
mod tokenize;

use crate::terms::action::{Action, Generalize};
use crate::terms::kind::Kind;
use crate::terms::mint::{Domain, Mint, MintError};

pub use least::{TooFew, too_few};

/// The veil that shows nothing.
pub const FULL: &str = "****";

/// The day on which an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Today {
    /// The year, as in 2026.
    pub year: u16,
    /// The month from 1.
    pub month: u8,
    /// The day from 1.
    pub day: u8,
}

/// What a transform needs beside the value.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Ages are counted to this day.
    pub today: Today,
    /// Where equal values give equal tokens; without one tokens and hashes become `****`.
    pub domain: Option<&'a Domain>,
    /// Makes tokens and hashes.
    pub mint: &'a dyn Mint,
    /// The value is a JSON number: what generalizes it gives a number too.
    pub number: bool,
}

/// What staff gets of a value: the value itself for `show`, an empty text for `remove`, else its
/// veil. `block` never gets here, since no answer is written; should it, the value is gone.
pub fn veil(value: &str, action: Action, kind: &Kind, context: &Context<'_>) -> Result<String, MintError> {
    match action {
        Action::Show => Ok(value.to_owned()),
        Action::Generalize(how) => Ok(generalize::generalize(value, how, kind, context).unwrap_or_else(full)),
        Action::Mask(mask) => Ok(mask::mask(value, mask, kind).unwrap_or_else(full)),
        Action::Tokenize(token) => tokenize::tokenize(value, token, kind, context),
        Action::Hash => hash::hash(value, kind, context),
        Action::Remove | Action::Block => Ok(String::new()),
    }
}

/// Whether the numbers of a kind have a check digit.
pub fn has_check(kind: &Kind) -> bool {
    check::Check::of(&kind.name).is_some()
}

/// Whether a text has the shape of a veil of this kind: one of its masks, a token or a keyed hash.
/// A generalized value looks like any other value.
pub fn looks_like_veil(kind: &Kind, text: &str) -> bool {
    shape::is_veil(kind, text)
}

/// Whether a text has the shape of a value generalized so.
pub fn looks_generalized(text: &str, how: Generalize) -> bool {
    generalize::is_generalized(text, how)
}

/// Whether a token or a keyed hash stands anywhere in the text.
pub fn holds_token(text: &str) -> bool {
    shape::holds_token(text)
}

/// Where whole tokens and hashes stand in a text.
pub fn tokens(text: &str) -> Vec<std::ops::Range<usize>> {
    shape::tokens(text)
}

fn full() -> String {
    FULL.to_owned()
}
