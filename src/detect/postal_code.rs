//! Japanese postal codes: three digits and four.
//!
//! Seven digits alone prove nothing, so a `〒` or a word such as `郵便番号` must stand before them
//! (certain), or an address behind them (not certain).

use crate::detect::runs::{Gap, Runs};
use crate::detect::{Detector, Hit, cue};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector = Detector { kind: kind::POSTAL_CODE, may: |census| census.digits >= 7, find, whole };

/// How many characters of an address are read until its town must have ended.
const ADDRESS_CHARS: usize = 8;

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    for at in 0..runs.list.len() {
        let Some(count) = shaped(runs, at) else { continue };
        let (start, end) = (runs.list[at].start, runs.list[at + count - 1].end);
        if runs.before(start).is_ascii_digit() || !runs.stands_alone(start, end) {
            continue;
        }
        if cue::stands_before(runs.text, start, cue::POSTAL_CODE) {
            hits.push(Hit { range: start..end, certain: true, evidence: "postal mark" });
        } else if count == 2 && address_follows(&runs.text[end..]) {
            hits.push(Hit { range: start..end, certain: false, evidence: "before an address" });
        }
    }
}

/// `123-4567` or `1234567`: how many runs it takes.
fn shaped(runs: &Runs<'_>, at: usize) -> Option<usize> {
    match runs.list[at].len() {
        7 => Some(1),
        3 if runs.gap(at) == Gap::Hyphen && runs.list[at + 1].len() == 4 => Some(2),
        _ => None,
    }
}

fn address_follows(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\n', '\r', ',', '、', '"']);
    let town = |c: char| matches!(c, '都' | '道' | '府' | '県' | '市' | '区' | '郡' | '町' | '村');
    let mut chars = rest.chars().take(ADDRESS_CHARS).take_while(|c| !c.is_ascii());
    chars.next().is_some() && chars.any(town)
}

fn whole(_: &Detector, runs: &Runs<'_>) -> bool {
    let text = runs.text.trim_start_matches('〒').trim_start();
    let runs = Runs::of(text);
    !runs.list.is_empty()
        && shaped(&runs, 0).is_some_and(|count| {
            runs.list.len() == count && runs.list[0].start == 0 && runs.list[count - 1].end == text.len()
        })
}
