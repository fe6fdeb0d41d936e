//! Payment card numbers: 14 to 19 digits, a prefix that some scheme issues, and the check digit
//! of ISO/IEC 7812 (Luhn).
//!
//! The digits stand in one run or in groups whose first has four digits, as they are embossed;
//! other groupings are order numbers far more often.

use crate::detect::runs::{Gap, Runs};
use crate::detect::{Detector, Hit};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector =
    Detector { kind: kind::CARD_NUMBER, may: |census| census.digits >= 14, find, whole: Detector::covers };

/// Cards are embossed in at most five groups.
const GROUPS_MAX: usize = 5;

/// How many digits a card's number has.
const DIGITS: std::ops::RangeInclusive<usize> = 14..=19;

/// First and last prefix of so many digits, and how long the whole number is.
struct Issuer {
    digits: usize,
    prefixes: std::ops::RangeInclusive<u32>,
    lengths: std::ops::RangeInclusive<usize>,
}

const fn issuer(digits: usize, first: u32, last: u32, shortest: usize, longest: usize) -> Issuer {
    Issuer { digits, prefixes: first..=last, lengths: shortest..=longest }
}

const ISSUERS: &[Issuer] = &[
    // Visa.
    issuer(1, 4, 4, 16, 19),
    // Mastercard.
    issuer(2, 51, 55, 16, 16),
    issuer(4, 2221, 2720, 16, 16),
    // American Express.
    issuer(2, 34, 34, 15, 15),
    issuer(2, 37, 37, 15, 15),
    // JCB issues 3528 to 3589; the ten above are taken in to be on the safe side.
    issuer(4, 3528, 3599, 16, 19),
    // Diners Club.
    issuer(3, 300, 305, 14, 19),
    issuer(4, 3095, 3095, 14, 19),
    issuer(2, 36, 36, 14, 19),
    issuer(2, 38, 39, 14, 19),
    // Discover.
    issuer(4, 6011, 6011, 16, 19),
    issuer(3, 644, 659, 16, 19),
    // UnionPay.
    issuer(2, 62, 62, 16, 19),
    issuer(4, 8100, 8171, 16, 19),
    // Maestro.
    issuer(2, 50, 50, 14, 19),
    issuer(2, 56, 58, 14, 19),
    issuer(2, 67, 67, 14, 19),
    issuer(4, 6304, 6304, 14, 19),
    // Mir.
    issuer(4, 2200, 2204, 16, 19),
    // RuPay.
    issuer(2, 60, 60, 16, 16),
    issuer(2, 81, 82, 16, 16),
    // Troy.
    issuer(4, 9792, 9792, 16, 16),
];

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    let mut at = 0;
    while at < runs.list.len() {
        let Some(count) = groups(runs, at) else {
            at += 1;
            continue;
        };
        let range = runs.list[at].start..runs.list[at + count - 1].end;
        hits.push(Hit { range, certain: true, evidence: "issuer and check digit" });
        at += count;
    }
}

/// The most groups from here on that are a card number.
fn groups(runs: &Runs<'_>, first: usize) -> Option<usize> {
    let run = runs.list[first];
    if DIGITS.contains(&run.len()) {
        return (is_card(runs.digits(run)) && runs.stands_alone(run.start, run.end)).then_some(1);
    }
    if !matches!(run.len(), 4 | 8) || runs.before(run.start).is_ascii_alphanumeric() {
        return None;
    }
    let joined =
        (first..first + GROUPS_MAX - 1).take_while(|&at| matches!(runs.gap(at), Gap::Hyphen | Gap::Blank)).count();
    (2..=joined + 1).rev().find(|&count| {
        let last = runs.list[first + count - 1];
        let groups = &runs.list[first..first + count];
        let digits: usize = groups.iter().map(|run| run.len()).sum();
        let even = groups[1..].iter().all(|run| (2..=8).contains(&run.len()));
        even && DIGITS.contains(&digits)
            && is_card(&runs.joined(first, count))
            && !runs.after(last.end).is_ascii_alphanumeric()
    })
}

fn is_card(digits: &[u8]) -> bool {
    DIGITS.contains(&digits.len()) && has_issuer(digits) && is_checked(digits)
}

fn has_issuer(digits: &[u8]) -> bool {
    ISSUERS.iter().any(|issuer| {
        let prefix = digits[..issuer.digits].iter().fold(0, |prefix, digit| prefix * 10 + u32::from(digit - b'0'));
        issuer.prefixes.contains(&prefix) && issuer.lengths.contains(&digits.len())
    })
}

/// Luhn: from the right, every second digit counts double, with its own digits summed.
fn is_checked(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0');
            match at % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
