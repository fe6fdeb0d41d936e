//! Patches of one leaf put in order: what was found in it by several ways may overlap.

use crate::terms::edit::Patch;

/// What stands in the place of a value of which nothing is shown.
pub(super) const NOTHING_SHOWN: &str = "****";

/// A patch, and how strict the action is that made it.
pub(super) struct Ranked {
    pub patch: Patch,
    pub strictness: u8,
}

/// The patches in order, without overlap. What lies inside another goes with it; where it is the
/// stricter of the two, or goes beyond, nothing is shown of either.
pub(super) fn merged(mut patches: Vec<Ranked>) -> Vec<Patch> {
    patches.sort_by_key(|ranked| {
        let Ranked { patch, strictness } = ranked;
        (patch.range.start, std::cmp::Reverse(patch.range.end), std::cmp::Reverse(*strictness))
    });
    let mut merged: Vec<Ranked> = Vec::with_capacity(patches.len());
    for next in patches {
        match merged.last_mut() {
            Some(last) if next.patch.range.start < last.patch.range.end => {
                let beyond = next.patch.range.end > last.patch.range.end;
                if beyond || next.strictness > last.strictness {
                    last.patch.range.end = last.patch.range.end.max(next.patch.range.end);
                    last.patch.text = NOTHING_SHOWN.to_owned();
                    last.strictness = last.strictness.max(next.strictness);
                }
            }
            _ => merged.push(next),
        }
    }
    merged.into_iter().map(|ranked| ranked.patch).collect()
}

/// What stands in the place of a veiled number or boolean: `null`, unless its veil is a number.
pub(super) fn literal(text: &str, patches: &[Patch]) -> Patch {
    let range = 0..text.len();
    match patches {
        [patch] if patch.range == range && is_number(&patch.text) => patch.clone(),
        _ => Patch { range, text: "null".to_owned() },
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn check(given: &[(Range<usize>, &str, u8)], expected: &[(Range<usize>, &str)]) {
        let ranked = |(range, text, strictness): &(Range<usize>, &str, u8)| Ranked {
            patch: Patch { range: range.clone(), text: (*text).to_owned() },
            strictness: *strictness,
        };
        let merged = merged(given.iter().map(ranked).collect());
        let shown: Vec<_> = merged.iter().map(|patch| (patch.range.clone(), patch.text.as_str())).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn apart_they_stay_and_come_in_order() {
        check(&[(5..9, "b", 2), (0..5, "a", 6)], &[(0..5, "a"), (5..9, "b")]);
    }

    #[test]
    fn what_lies_inside_goes_unless_it_is_stricter() {
        check(&[(2..4, "b", 2), (0..9, "a", 2)], &[(0..9, "a")]);
        check(&[(2..4, "b", 5), (0..9, "a", 2)], &[(0..9, "****")]);
        check(&[(0..9, "mild", 2), (0..9, "strict", 6)], &[(0..9, "strict")]);
    }

    #[test]
    fn of_what_overlaps_nothing_is_shown() {
        check(&[(0..5, "a", 2), (3..9, "b", 2), (8..12, "c", 2)], &[(0..12, "****")]);
    }
}
