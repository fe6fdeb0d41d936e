//! How a veil is known by its shape, when it comes back from staff or from the CRM.
//!
//! A veil that staff copies into another field, or that a mail program turns into full-width
//! signs, is still a veil: the text is folded first, and a token of any kind counts for every kind.

use std::ops::Range;

use crate::terms::action::Mask;
use crate::terms::kind::Kind;
use crate::transform::{FULL, address, fold, mask, name};

/// A token begins so; then come the kind's name and `_`.
const TOKEN: &str = "tok_";

/// The shortest token: header, synthetic IV and one block, in base32.
const TOKEN_BODY_MIN: usize = 56;

/// No kind's name is longer.
const KIND_MAX: usize = 64;

/// A keyed hash begins so.
const HASH: &str = "hash_";

/// A keyed hash of 160 bits in base32.
const HASH_BODY: usize = 32;

/// Whether a text as a whole has the shape of a veil of this kind.
pub fn is_veil(kind: &Kind, text: &str) -> bool {
    let plain = fold::plain(text);
    plain == FULL || is_token(&plain) || kind.masks.iter().any(|mask| has_mask(&plain, *mask, kind))
}

/// Whether a token or a hash stands anywhere in a text.
pub fn holds_token(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.match_indices(TOKEN).any(|(at, _)| token_length(&lower[at..]).is_some())
        || lower.match_indices(HASH).any(|(at, _)| hash_length(&lower[at..]).is_some())
}

/// Where whole tokens and hashes stand in a text.
pub fn tokens(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let mut all: Vec<Range<usize>> = Vec::new();
    for at in (0..lower.len()).filter(|at| matches!(lower.as_bytes()[*at], b't' | b'h')) {
        let length = token_length(&lower[at..]).or_else(|| hash_length(&lower[at..]));
        if let Some(length) = length.filter(|_| all.last().is_none_or(|last| last.end <= at)) {
            all.push(at..at + length);
        }
    }
    all
}

fn is_token(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [token_length(&lower), hash_length(&lower)].contains(&Some(text.len()))
}

/// How long the token at the front is.
fn token_length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(TOKEN)?.as_bytes();
    let named = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
    let kind = rest.iter().take(KIND_MAX + 1).take_while(|byte| named(byte)).count();
    // A kind may have `_` in its name, so each could be the one that ends it.
    (1..kind).filter(|&at| rest[at] == b'_').find_map(|at| {
        let body = base32(&rest[at + 1..]);
        (body >= TOKEN_BODY_MIN).then_some(TOKEN.len() + at + 1 + body)
    })
}

fn hash_length(text: &str) -> Option<usize> {
    let body = base32(text.strip_prefix(HASH)?.as_bytes());
    // With letters behind it that could be its own it is none that was given, and no value either.
    (body >= HASH_BODY).then_some(HASH.len() + body)
}

fn base32(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')).count()
}

fn has_mask(plain: &str, mask: Mask, kind: &Kind) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match mask {
        Mask::Full => plain == FULL,
        Mask::Last4 => plain.strip_prefix(mask::last4_head(kind)).is_some_and(|shown| digits(shown, 4)),
        Mask::Domain => plain.strip_prefix(FULL).and_then(|rest| rest.strip_prefix('@')).is_some_and(mask::is_domain),
        Mask::Initial => name::is_initial(plain),
        Mask::First3 => {
            plain.strip_suffix(FULL).and_then(|rest| rest.strip_suffix('-')).is_some_and(|shown| digits(shown, 3))
        }
        Mask::Prefecture | Mask::Municipality => plain.strip_suffix(FULL).is_some_and(address::is_place),
        Mask::First6Last4 => {
            plain.split_once(mask::CARD_MIDDLE).is_some_and(|(first, last)| digits(first, 6) && digits(last, 4))
        }
    }
}
