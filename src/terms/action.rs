//! What may become of a value on its way to staff, and which of two answers is stricter.

use std::fmt;

/// How much of a value a mask leaves to be seen. Shapes are fixed per kind, never the value's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mask {
    /// Nothing: `****`.
    Full,
    /// The last four digits: `***-****-5678`.
    Last4,
    /// The domain of an e-mail address: `****@example.jp`.
    Domain,
    /// The first character of each name: `山** **`.
    Initial,
    /// The first three digits of a postal code: `123-****`.
    First3,
    /// The prefecture of an address: `東京都****`.
    Prefecture,
    /// Prefecture and municipality of an address: `東京都世田谷区****`.
    Municipality,
    /// The first six and last four digits of a card number.
    First6Last4,
}

/// How coarse a generalized value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generalize {
    /// The year of a date.
    Year,
    /// The decade of a date or an age.
    Decade,
    /// A band of ten years of age.
    AgeBand,
    /// So many leading digits of a code.
    Digits(u8),
}

/// Which token stands for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// `tok_KIND_…`, deterministic, opened by the key ring alone.
    Opaque,
    /// Length, alphabet and separators of the value are kept.
    Format {
        /// A check digit that is right in the value is right in the token too.
        pass: bool,
    },
    /// Drawn by chance and kept in the vault.
    Random {
        /// For how many seconds; without it for good.
        lasts: Option<u32>,
    },
}

/// What becomes of a value on its way to staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// The value passes as it is.
    Show,
    /// A coarser true value.
    Generalize(Generalize),
    /// A fixed shape with a part of the value, or none of it.
    Mask(Mask),
    /// A token.
    Tokenize(Token),
    /// A keyed hash, one way.
    Hash,
    /// The JSON member goes, the cell or text becomes empty.
    Remove,
    /// The whole answer is refused.
    Block,
}

impl Action {
    /// The place in the order of strictness: a greater number hides more.
    pub fn strictness(self) -> u8 {
        match self {
            Action::Show => 0,
            Action::Generalize(_) => 1,
            Action::Mask(Mask::Full) => 5,
            Action::Mask(_) => 2,
            Action::Tokenize(_) => 3,
            Action::Hash => 4,
            Action::Remove => 6,
            Action::Block => 7,
        }
    }

    /// Whether staff does not get the value in clear.
    pub fn veils(self) -> bool {
        self != Action::Show
    }

    /// The word for rules, the ledger and the metrics: without the option.
    pub fn word(self) -> &'static str {
        match self {
            Action::Show => "show",
            Action::Generalize(_) => "generalize",
            Action::Mask(_) => "mask",
            Action::Tokenize(_) => "tokenize",
            Action::Hash => "hash",
            Action::Remove => "remove",
            Action::Block => "block",
        }
    }
}

impl Mask {
    /// The option's word in rules.
    pub fn word(self) -> &'static str {
        match self {
            Mask::Full => "full",
            Mask::Last4 => "last4",
            Mask::Domain => "domain",
            Mask::Initial => "initial",
            Mask::First3 => "first3",
            Mask::Prefecture => "prefecture",
            Mask::Municipality => "municipality",
            Mask::First6Last4 => "first6last4",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Generalize(Generalize::Year) => f.write_str("generalize: year"),
            Action::Generalize(Generalize::Decade) => f.write_str("generalize: decade"),
            Action::Generalize(Generalize::AgeBand) => f.write_str("generalize: age_band"),
            Action::Generalize(Generalize::Digits(n)) => write!(f, "generalize: {n}"),
            Action::Mask(mask) => write!(f, "mask: {}", mask.word()),
            Action::Tokenize(Token::Opaque) => f.write_str("tokenize: opaque"),
            Action::Tokenize(Token::Format { pass: false }) => f.write_str("tokenize: format"),
            Action::Tokenize(Token::Format { pass: true }) => f.write_str("tokenize: format, check: pass"),
            Action::Tokenize(Token::Random { lasts: None }) => f.write_str("tokenize: random"),
            Action::Tokenize(Token::Random { lasts: Some(lasts) }) => {
                write!(f, "tokenize: random, lasts: {}", spelt(*lasts))
            }
            other => f.write_str(other.word()),
        }
    }
}

/// Seconds as rules write them: `30d`, `1h`, `5m`.
fn spelt(seconds: u32) -> String {
    match seconds {
        days if days % 86400 == 0 => format!("{}d", days / 86400),
        hours if hours % 3600 == 0 => format!("{}h", hours / 3600),
        minutes if minutes % 60 == 0 => format!("{}m", minutes / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strictness_follows_the_contract() {
        let order = [
            Action::Block,
            Action::Remove,
            Action::Mask(Mask::Full),
            Action::Hash,
            Action::Tokenize(Token::Opaque),
            Action::Mask(Mask::Last4),
            Action::Generalize(Generalize::Year),
            Action::Show,
        ];
        for pair in order.windows(2) {
            assert!(pair[0].strictness() > pair[1].strictness(), "{} > {}", pair[0], pair[1]);
        }
    }
}
