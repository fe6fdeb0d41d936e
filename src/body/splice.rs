//! Edits of leaves as edits of raw bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::format::quote;
use crate::terms::edit::{Change, Edit};
use crate::terms::leaf::Member;
use crate::terms::refusal::{Reason, Refusal};

/// Raw bytes that something else takes the place of.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEdit {
    /// Counted from the body's first byte.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// Finds the raw bytes of each edit. `raw` are the held bytes, the first of them number `base`.
pub fn raw_edits(raw: &[u8], base: usize, edits: Vec<Edit>) -> Result<Vec<RawEdit>, Refusal> {
    let text = valid(raw);
    let mut all = Vec::with_capacity(edits.len());
    let mut members = Vec::new();
    for edit in edits {
        for (range, text) in edit.loosen {
            all.push(RawEdit { range, text: text.to_owned() });
        }
        match edit.change {
            Change::Cut(member) => members.push(member),
            Change::Replace(patches) => {
                let patches: Vec<_> = patches.iter().map(|patch| (patch.range.clone(), patch.text.as_str())).collect();
                let spliced = quote::splice_all(text, &edit.pieces, base, &patches).map_err(|_| misplaced())?;
                all.extend(spliced.into_iter().map(|(range, text)| RawEdit { range, text }));
            }
        }
    }
    all.extend(cuts(raw, base, members)?);
    Ok(all)
}

/// Writes the raw bytes with the edits in their places.
pub fn apply(raw: &[u8], base: usize, mut edits: Vec<RawEdit>) -> Result<Vec<u8>, Refusal> {
    edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
    edits.dedup();
    let mut out = Vec::with_capacity(raw.len());
    let mut at = 0;
    for edit in edits {
        let start = edit.range.start.checked_sub(base).ok_or_else(misplaced)?;
        let end = edit.range.end.checked_sub(base).ok_or_else(misplaced)?;
        if start < at {
            if end <= at && edit.text.is_empty() {
                continue;
            }
            return Err(misplaced());
        }
        out.extend_from_slice(raw.get(at..start).ok_or_else(misplaced)?);
        out.extend_from_slice(edit.text.as_bytes());
        at = end;
    }
    out.extend_from_slice(raw.get(at..).ok_or_else(misplaced)?);
    Ok(out)
}

/// Members that go, each with one comma: neighbours that go together go as one run.
fn cuts(raw: &[u8], base: usize, members: Vec<Member>) -> Result<Vec<RawEdit>, Refusal> {
    let mut objects: BTreeMap<u32, BTreeMap<u32, Member>> = BTreeMap::new();
    for member in members {
        objects.entry(member.object).or_default().insert(member.index, member);
    }
    let mut edits = Vec::new();
    for members in objects.into_values() {
        let mut run: Option<(Member, Member)> = None;
        for member in members.into_values() {
            match &mut run {
                Some((_, last)) if last.index + 1 == member.index => *last = member,
                _ => {
                    edits.extend(run.replace((member.clone(), member)).map(|run| cut(raw, base, run)));
                }
            }
        }
        edits.extend(run.map(|run| cut(raw, base, run)));
    }
    edits.into_iter().collect()
}

fn cut(raw: &[u8], base: usize, (first, last): (Member, Member)) -> Result<RawEdit, Refusal> {
    // After a kept member the comma before the run goes, else the comma after it, if there is one.
    let range = if first.index > 0 {
        first.before..last.span.end
    } else {
        let rest = raw.get(last.span.end.checked_sub(base).ok_or_else(misplaced)?..).ok_or_else(misplaced)?;
        let comma = rest.iter().position(|b| !b.is_ascii_whitespace()).filter(|at| rest[*at] == b',');
        first.span.start..last.span.end + comma.map_or(0, |at| at + 1)
    };
    Ok(RawEdit { range, text: String::new() })
}

/// The text of the held bytes; a character that is not complete yet holds no decided leaf.
fn valid(raw: &[u8]) -> &str {
    match std::str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&raw[..error.valid_up_to()]).unwrap_or_default(),
    }
}

fn misplaced() -> Refusal {
    Refusal::new(Reason::Internal, "an edit does not lie where its leaf stands")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(index: u32, span: Range<usize>, before: usize) -> Member {
        Member { object: 1, index, span, before }
    }

    #[test]
    fn members_go_with_one_comma() {
        let raw = br#"{"a":1, "b":2, "c":3}"#;
        let all = [member(0, 1..6, 1), member(1, 8..13, 6), member(2, 15..20, 13)];
        for (gone, left) in [
            (vec![0], r#"{ "b":2, "c":3}"#),
            (vec![1], r#"{"a":1, "c":3}"#),
            (vec![2], r#"{"a":1, "b":2}"#),
            (vec![0, 1], r#"{ "c":3}"#),
            (vec![1, 2], r#"{"a":1}"#),
            (vec![0, 2], r#"{ "b":2}"#),
            (vec![0, 1, 2], "{}"),
        ] {
            let members = gone.iter().map(|at: &usize| all[*at].clone()).collect();
            let edits = cuts(raw, 0, members).expect("inside");
            assert_eq!(String::from_utf8(apply(raw, 0, edits).expect("in order")).expect("text"), left, "{gone:?}");
        }
    }

    #[test]
    fn edits_that_overlap_are_refused() {
        let edit = |range| RawEdit { range, text: "x".into() };
        assert!(apply(b"abcdef", 0, vec![edit(0..3), edit(2..4)]).is_err());
        assert!(apply(b"abcdef", 0, vec![edit(4..9)]).is_err());
        assert_eq!(apply(b"abcdef", 10, vec![edit(12..13), edit(12..13)]).expect("same twice"), b"abxdef");
    }
}
