//! Which of two actions hides more, options included.

use std::cmp::Ordering;

use crate::terms::action::{Action, Generalize, Mask, Token};

/// Compares two actions on one kind: greater hides more. `None` where neither hides all that the
/// other hides, as `year` and `age_band` of a birth date.
pub fn compare(a: Action, b: Action) -> Option<Ordering> {
    if a == b {
        return Some(Ordering::Equal);
    }
    match a.strictness().cmp(&b.strictness()) {
        Ordering::Equal => match (a, b) {
            (Action::Generalize(a), Action::Generalize(b)) => generalized(a, b),
            (Action::Mask(a), Action::Mask(b)) => masked(a, b),
            (Action::Tokenize(Token::Random { lasts: a }), Action::Tokenize(Token::Random { lasts: b })) => {
                Some(kept(b).cmp(&kept(a)))
            }
            _ => None,
        },
        unequal => Some(unequal),
    }
}

/// The stricter of two; where they cannot be compared, what hides more than both.
pub fn stricter(a: Action, b: Action) -> Action {
    match compare(a, b) {
        Some(Ordering::Less) => b,
        Some(_) => a,
        None => Action::Mask(Mask::Full),
    }
}

/// A number in an order of all actions that keeps to `compare` and leaves nothing to chance.
pub fn rank(action: Action) -> (u8, u32) {
    let option = match action {
        Action::Generalize(Generalize::Year) => 0,
        Action::Generalize(Generalize::Decade) => 1,
        Action::Generalize(Generalize::AgeBand) => 2,
        Action::Generalize(Generalize::Digits(digits)) => u32::from(u8::MAX - digits),
        Action::Mask(Mask::First6Last4) => 0,
        Action::Mask(Mask::Last4) => 1,
        Action::Mask(Mask::Municipality) => 2,
        Action::Mask(Mask::Prefecture) => 3,
        Action::Mask(Mask::Domain) => 4,
        Action::Mask(Mask::Initial) => 5,
        Action::Mask(Mask::First3) => 6,
        Action::Mask(Mask::Full) | Action::Show | Action::Hash | Action::Remove | Action::Block => 0,
        Action::Tokenize(Token::Opaque) => 0,
        Action::Tokenize(Token::Format { pass }) => 1 + u32::from(pass),
        Action::Tokenize(Token::Random { lasts }) => {
            LASTING_LEAST + (u32::MAX - LASTING_LEAST).saturating_sub(kept(lasts))
        }
    };
    (action.strictness(), option)
}

/// What ranks below every random token stands below this.
const LASTING_LEAST: u32 = 3;

/// For how long a token is kept; one without an end outlasts the rest.
fn kept(lasts: Option<u32>) -> u32 {
    lasts.unwrap_or(u32::MAX - LASTING_LEAST)
}

fn generalized(a: Generalize, b: Generalize) -> Option<Ordering> {
    match (a, b) {
        (Generalize::Year, Generalize::Decade) => Some(Ordering::Less),
        (Generalize::Decade, Generalize::Year) => Some(Ordering::Greater),
        (Generalize::Digits(a), Generalize::Digits(b)) => Some(b.cmp(&a)),
        _ => None,
    }
}

fn masked(a: Mask, b: Mask) -> Option<Ordering> {
    match (a, b) {
        (Mask::First6Last4, Mask::Last4) | (Mask::Municipality, Mask::Prefecture) => Some(Ordering::Less),
        (Mask::Last4, Mask::First6Last4) | (Mask::Prefecture, Mask::Municipality) => Some(Ordering::Greater),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Action; 23] = [
        Action::Show,
        Action::Generalize(Generalize::Year),
        Action::Generalize(Generalize::Decade),
        Action::Generalize(Generalize::AgeBand),
        Action::Generalize(Generalize::Digits(3)),
        Action::Generalize(Generalize::Digits(1)),
        Action::Mask(Mask::First6Last4),
        Action::Mask(Mask::Last4),
        Action::Mask(Mask::Municipality),
        Action::Mask(Mask::Prefecture),
        Action::Mask(Mask::Domain),
        Action::Mask(Mask::Initial),
        Action::Mask(Mask::First3),
        Action::Tokenize(Token::Opaque),
        Action::Tokenize(Token::Format { pass: false }),
        Action::Tokenize(Token::Format { pass: true }),
        Action::Tokenize(Token::Random { lasts: None }),
        Action::Tokenize(Token::Random { lasts: Some(60) }),
        Action::Tokenize(Token::Random { lasts: Some(86_400) }),
        Action::Hash,
        Action::Mask(Mask::Full),
        Action::Remove,
        Action::Block,
    ];

    #[test]
    fn the_rank_keeps_to_the_comparison() {
        for a in ALL {
            for b in ALL {
                match compare(a, b) {
                    Some(order) => assert_eq!(rank(a).cmp(&rank(b)), order, "{a} {b}"),
                    None => assert_ne!(rank(a), rank(b), "{a} {b}"),
                }
                assert_eq!(compare(a, b), compare(b, a).map(Ordering::reverse));
                let both = stricter(a, b);
                assert_eq!(both, stricter(b, a));
                assert!([a, b].iter().all(|one| compare(both, *one).is_some_and(Ordering::is_ge)), "{a} {b}");
            }
        }
    }
}
