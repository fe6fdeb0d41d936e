//! My Number: the twelve digits that Japan gives every resident, the last a check digit.
//!
//! One number of eleven passes the check by chance, so some parcel numbers are taken for My
//! Numbers. That is the safe side: the number must not be seen by law.

use crate::detect::runs::{Gap, Runs};
use crate::detect::{Detector, Hit};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector =
    Detector { kind: kind::MY_NUMBER, may: |census| census.digits >= 12, find, whole: Detector::covers };

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    for (at, run) in runs.list.iter().enumerate() {
        let count = match run.len() {
            12 => 1,
            4 if in_fours(runs, at) => 3,
            _ => continue,
        };
        let end = runs.list[at + count - 1].end;
        if runs.stands_alone(run.start, end) && is_checked(&runs.joined(at, count)) {
            hits.push(Hit { range: run.start..end, certain: true, evidence: "check digit" });
        }
    }
}

/// Three groups of four and no fourth, which would be a card.
fn in_fours(runs: &Runs<'_>, at: usize) -> bool {
    let gap = runs.gap(at);
    let four = |at: usize| runs.list.get(at).is_some_and(|run| run.len() == 4);
    let goes_on = |gap_there: Gap, at: Option<usize>| gap_there == gap && at.is_some_and(four);
    matches!(gap, Gap::Hyphen | Gap::Blank)
        && runs.gap(at + 1) == gap
        && four(at + 1)
        && four(at + 2)
        && !goes_on(runs.gap(at + 2), Some(at + 3))
        && !goes_on(runs.gap_before(at), at.checked_sub(1))
}

/// Ordinance of the Ministry of Internal Affairs 85 of 2014, article 5: the eleven digits before
/// the last weigh 2 to 7 and 2 to 6 from the right; the remainder by 11 is taken from 11, and 10 and 11
/// count as 0.
fn is_checked(digits: &[u8]) -> bool {
    let [payload @ .., check] = digits else { return false };
    let sum: u32 = payload
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6])
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let expected = match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    // Twelve zeros pass the sum and are nobody's number.
    payload.len() == 11 && u32::from(check - b'0') == expected && payload.iter().any(|digit| *digit != b'0')
}
