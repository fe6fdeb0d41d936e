//! Check digits: which of a number's digits they are, and what they must be.
//!
//! A `format` token of a card or a My Number must fail its check, so that no program takes it for a
//! real one, and never so by accident: the check is worked out and then missed.

/// Which check a number has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The last digit of a card number, by Luhn.
    Luhn,
    /// The last digit of a My Number.
    MyNumber,
    /// The third and fourth character of an IBAN, by ISO 7064 MOD 97-10.
    Iban,
}

impl Check {
    /// The check of a kind, if it has one.
    pub fn of(kind: &str) -> Option<Check> {
        match kind {
            "card_number" => Some(Check::Luhn),
            "my_number" => Some(Check::MyNumber),
            "iban" => Some(Check::Iban),
            _ => None,
        }
    }

    /// Where the check digits stand among so many characters, if a number can have so many.
    pub fn digits(self, characters: usize) -> Option<std::ops::Range<usize>> {
        match self {
            Check::Luhn => (2..=40).contains(&characters).then(|| characters - 1..characters),
            Check::MyNumber => (characters == 12).then_some(11..12),
            Check::Iban => (15..=34).contains(&characters).then_some(2..4),
        }
    }

    /// Whether the check holds for characters of which digits count as 0 to 9, letters as 10 to 35.
    pub fn holds(self, characters: &[u16]) -> bool {
        match self {
            Check::Luhn => luhn(characters) == 0,
            Check::MyNumber => {
                let Some((last, eleven)) = characters.split_last() else { return false };
                my_number(eleven) == *last
            }
            Check::Iban => iban(characters) == 1,
        }
    }
}

fn luhn(digits: &[u16]) -> u16 {
    let weighed = digits.iter().rev().enumerate().map(|(at, digit)| match digit * (1 + at as u16 % 2) {
        two @ 10.. => two - 9,
        one => one,
    });
    weighed.sum::<u16>() % 10
}

/// The digit that eleven others ask for, after the ordinance of 2014.
fn my_number(eleven: &[u16]) -> u16 {
    let weighed =
        eleven.iter().rev().enumerate().map(|(at, digit)| digit * if at < 6 { at + 2 } else { at - 4 } as u16);
    match weighed.sum::<u16>() % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

fn iban(characters: &[u16]) -> u32 {
    let (front, rest) = characters.split_at(4.min(characters.len()));
    rest.iter().chain(front).fold(0, |sum, one| {
        let shift = if *one < 10 { 10 } else { 100 };
        (sum * shift + u32::from(*one)) % 97
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(kind: &str, text: &str) -> bool {
        let values: Vec<u16> = text.chars().filter_map(|c| c.to_digit(36)).map(|digit| digit as u16).collect();
        Check::of(kind).expect("a check").holds(&values)
    }

    #[test]
    fn known_numbers_hold_and_their_neighbours_do_not() {
        for (kind, text) in [
            ("card_number", "4111111111111111"),
            ("card_number", "378282246310005"),
            ("card_number", "30569309025904"),
            ("my_number", "123456789018"),
            ("iban", "DE89370400440532013000"),
            ("iban", "GB82WEST12345698765432"),
            ("iban", "NO9386011117947"),
        ] {
            assert!(holds(kind, text), "{text}");
            let at = Check::of(kind).and_then(|check| check.digits(text.len())).expect("its place").start;
            let digit = text.as_bytes()[at];
            for other in (b'0'..=b'9').filter(|other| *other != digit) {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = other;
                let other = String::from_utf8(bytes).expect("ASCII");
                assert!(!holds(kind, &other), "{other}");
            }
        }
    }
}
