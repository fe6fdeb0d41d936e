//! `mask`: a fixed shape with a part of the value, or none of it.
//!
//! ```yaml
//! mask: { phone: last4, email: domain, postal_code: first3, notes: full }
//! ```
//!
//! `last4` shows at most half of the digits and hides at least four, so a number under eight
//! digits becomes `****`; so does whatever is not read as a value of the kind.

use crate::terms::action::Mask;
use crate::terms::kind::Kind;
use crate::transform::{FULL, address, digits, fold, name};

/// The mask of a value, or nothing where it cannot be read.
pub fn mask(value: &str, mask: Mask, kind: &Kind) -> Option<String> {
    match mask {
        Mask::Full => None,
        Mask::Last4 => last4(value, kind),
        Mask::Domain => domain(value),
        Mask::Initial => name::initial(&fold::plain(value)),
        Mask::First3 => digits::postal_code(value).map(|digits| format!("{}-{FULL}", &digits[..3])),
        Mask::Prefecture => address::prefecture(&fold::plain(value)).map(|shown| shown + FULL),
        Mask::Municipality => address::municipality(&fold::plain(value)).map(|shown| shown + FULL),
        Mask::First6Last4 => first6last4(value, kind),
    }
}

/// The text before the last four digits, by kind.
pub fn last4_head(kind: &Kind) -> &'static str {
    match kind.name.as_str() {
        "phone" => "***-****-",
        "card_number" => "****-****-****-",
        _ => FULL,
    }
}

/// What stands between the first six digits and the last four of every card, short or long.
pub const CARD_MIDDLE: &str = "******";

fn last4(value: &str, kind: &Kind) -> Option<String> {
    let (digits, most) = match kind.name.as_str() {
        // E.164 numbers have at most fifteen digits; more are two numbers in one field.
        "phone" => (digits::only(value)?, 15),
        "card_number" => (digits::only(value)?, 19),
        _ => (digits::among_letters(value)?, 40),
    };
    let hidden = digits.len().checked_sub(4)?;
    (hidden >= 4 && digits.len() <= most).then(|| last4_head(kind).to_owned() + &digits[hidden..])
}

fn first6last4(value: &str, kind: &Kind) -> Option<String> {
    let digits = digits::only(value)?;
    ((14..=19).contains(&digits.len()) && kind.name == "card_number")
        .then(|| format!("{}{CARD_MIDDLE}{}", &digits[..6], &digits[digits.len() - 4..]))
}

fn domain(value: &str) -> Option<String> {
    let plain = fold::plain(value);
    let (local, domain) = plain.split_once('@')?;
    let atom = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-".contains(c);
    (!local.is_empty() && local.chars().all(atom) && is_domain(domain))
        .then(|| format!("{FULL}@{}", domain.to_ascii_lowercase()))
}

/// Two or more labels of ASCII letters, digits and inner hyphens.
pub fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}
