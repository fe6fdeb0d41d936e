//! IP addresses, version 4 in full and version 6 in every notation without an embedded version 4.
//!
//! Never certain: four numbers with dots can be a version or a section.

use memchr::memchr_iter;

use crate::detect::runs::{Gap, Runs};
use crate::detect::{Detector, Hit};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector = Detector {
    kind: kind::IP,
    may: |census| (census.dots >= 3 && census.digits >= 4) || (census.colons >= 2 && census.digits > 0),
    find,
    whole: Detector::covers,
};

/// The longest version 6 address has 39 characters.
const V6_MAX: usize = 39;

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    find_v4(runs, hits);
    find_v6(runs, hits);
}

fn find_v4(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    for (at, groups) in runs.list.windows(4).enumerate() {
        let range = groups[0].start..groups[3].end;
        let dotted = (at..at + 3).all(|at| runs.gap(at) == Gap::Dot);
        if dotted && groups.iter().all(|run| is_octet(runs.digits(*run))) && runs.stands_alone(range.start, range.end) {
            hits.push(Hit { range, certain: false, evidence: "four octets" });
        }
    }
}

fn is_octet(digits: &[u8]) -> bool {
    let value = digits.iter().take(4).fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    digits.len() <= 3 && value <= 255 && (digits.len() == 1 || digits[0] != b'0')
}

fn find_v6(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    let bytes = runs.text.as_bytes();
    let belongs = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
    let mut upto = 0;
    for colon in memchr_iter(b':', bytes) {
        if colon < upto {
            continue;
        }
        let start = bytes[upto..colon].iter().rposition(|&byte| !belongs(byte)).map_or(upto, |last| upto + last + 1);
        upto = colon + bytes[colon..].iter().take_while(|byte| belongs(**byte)).count();
        // One colon in front belongs to a label, `IP:2001:…`, and one behind to a sentence.
        let group = &runs.text[start..upto];
        let front = usize::from(group.starts_with(':') && !group.starts_with("::"));
        let group = &group[front..];
        let back = usize::from(group.ends_with(':') && !group.ends_with("::"));
        let range = start + front..upto - back;
        if is_v6(&runs.text[range.clone()]) && runs.stands_alone(range.start, range.end) {
            hits.push(Hit { range, certain: false, evidence: "eight groups" });
        }
    }
}

/// Eight groups, or fewer with one `::`; at least three, for `a::b` is also how programs write paths.
fn is_v6(text: &str) -> bool {
    if text.len() > V6_MAX || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sound = |part: &str| part.is_empty() || part.split(':').all(|group| (1..=4).contains(&group.len()));
    let count = |part: &str| if part.is_empty() { 0 } else { part.split(':').count() };
    match text.split_once("::") {
        None => sound(text) && count(text) == 8,
        Some((left, right)) => sound(left) && sound(right) && (3..=7).contains(&(count(left) + count(right))),
    }
}
