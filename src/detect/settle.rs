//! One answer for each place: finds that overlap are settled.
//!
//! The certain find wins over the uncertain, the longer over the shorter, the first over the
//! later. What a loser covers beyond the winner stays found, without certainty, so that no digit
//! falls out of every find.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::detect::Found;

/// Settles finds of one text: the result is sorted and no two of them overlap.
pub fn settle(text: &str, found: Vec<Found>) -> Vec<Found> {
    let mut waiting: BinaryHeap<Waiting> = found.into_iter().map(Waiting).collect();
    let mut settled: Vec<Found> = Vec::new();
    while let Some(Waiting(next)) = waiting.pop() {
        let Some(last) = settled.last_mut().filter(|last| next.range.start < last.range.end) else {
            settled.push(next);
            continue;
        };
        if rank(last) >= rank(&next) {
            let rest = Found { range: last.range.end..next.range.end.max(last.range.end), certain: false, ..next };
            waiting.extend(worth(text, rest).map(Waiting));
            continue;
        }
        let tail = Found { range: next.range.end..last.range.end.max(next.range.end), certain: false, ..last.clone() };
        let head = Found { range: last.range.start..next.range.start, certain: false, ..last.clone() };
        waiting.extend(worth(text, tail).map(Waiting));
        settled.pop();
        settled.extend(worth(text, head));
        settled.push(next);
    }
    settled
}

/// The greater wins.
fn rank(found: &Found) -> (bool, usize) {
    (found.certain, found.range.len())
}

/// A rest without a letter or digit tells nothing.
fn worth(text: &str, found: Found) -> Option<Found> {
    text[found.range.clone()].chars().any(char::is_alphanumeric).then_some(found)
}

/// A heap gives the greatest first; here that is the leftmost, and among those the strongest.
struct Waiting(Found);

impl Waiting {
    fn key(&self) -> (Reverse<usize>, (bool, usize), Reverse<u16>) {
        (Reverse(self.0.range.start), rank(&self.0), Reverse(self.0.kind.0))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use crate::terms::kind::KindId;

    use super::*;

    fn found(range: Range<usize>, kind: u16, certain: bool) -> Found {
        Found { range, kind: KindId(kind), certain, evidence: "test" }
    }

    fn check(given: &[(Range<usize>, u16, bool)], expected: &[(Range<usize>, u16, bool)]) {
        let list = |rows: &[(Range<usize>, u16, bool)]| {
            rows.iter().map(|(range, kind, certain)| found(range.clone(), *kind, *certain)).collect::<Vec<_>>()
        };
        assert_eq!(settle(&"x".repeat(40), list(given)), list(expected));
    }

    #[test]
    fn apart_they_stay() {
        check(&[(5..9, 1, true), (0..5, 2, false)], &[(0..5, 2, false), (5..9, 1, true)]);
    }

    #[test]
    fn the_longer_of_two_certain_wins() {
        check(&[(0..12, 1, true), (0..16, 2, true)], &[(0..16, 2, true)]);
    }

    #[test]
    fn the_certain_wins_and_the_rest_stays_found() {
        check(&[(0..20, 1, false), (5..10, 2, true)], &[(0..5, 1, false), (5..10, 2, true), (10..20, 1, false)]);
        check(&[(0..10, 1, false), (5..15, 2, true)], &[(0..5, 1, false), (5..15, 2, true)]);
        check(&[(0..10, 1, true), (5..15, 2, false)], &[(0..10, 1, true), (10..15, 2, false)]);
    }
}
