//! Edits of leaves as edits of raw bytes.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use crate::format::quote;
use crate::terms::edit::{Change, Edit};
use crate::terms::leaf::Member;
use crate::terms::refusal::{Reason, Refusal};
use crate::transform::FULL;

/// Raw bytes that something else takes the place of.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEdit {
    /// Counted from the body's first byte.
    pub range: Range<usize>,
    /// What stands there instead.
    pub text: String,
}

/// The members at an object's beginning that went, where the comma behind them or the member that
/// follows may not have come yet: whoever goes on must know that nothing stands before it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Leading {
    object: u32,
    /// The number of the next member.
    next: u32,
    /// Where the last member that went ends.
    end: usize,
}

/// Finds the raw bytes of each edit. `raw` are the held bytes, the first of them number `base`; `holds`
/// tells what can be written in the body's charset.
pub fn raw_edits(
    raw: &[u8],
    base: usize,
    edits: Vec<Edit>,
    leading: &mut Vec<Leading>,
    holds: &dyn Fn(&str) -> bool,
) -> Result<Vec<RawEdit>, Refusal> {
    if edits.is_empty() && leading.is_empty() {
        return Ok(Vec::new());
    }
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
                // A veil that the body's charset has no characters for shows nothing instead.
                let veil = |text| if holds(text) { text } else { FULL };
                let patches: Vec<_> =
                    patches.iter().map(|patch| (patch.range.clone(), veil(patch.text.as_str()))).collect();
                let spliced = quote::splice_all(text, &edit.pieces, base, &patches).map_err(|_| misplaced())?;
                all.extend(spliced.into_iter().map(|(range, text)| RawEdit { range, text }));
            }
        }
    }
    cuts(base, members, leading, &mut all);
    commas(raw, base, leading, &mut all)?;
    Ok(all)
}

/// Parts edits at `upto`: those before it are made now, those behind it later. What only goes can be
/// cut in two; anything else lies where its leaf stands, on one side.
pub fn parted(edits: Vec<RawEdit>, upto: usize) -> Result<(Vec<RawEdit>, Vec<RawEdit>), Refusal> {
    let (mut now, mut later) = (Vec::new(), Vec::new());
    for edit in edits {
        if edit.range.end <= upto {
            now.push(edit);
        } else if edit.range.start >= upto {
            later.push(edit);
        } else if edit.text.is_empty() {
            now.push(RawEdit { range: edit.range.start..upto, text: String::new() });
            later.push(RawEdit { range: upto..edit.range.end, text: String::new() });
        } else {
            return Err(misplaced());
        }
    }
    Ok((now, later))
}

/// Forgets objects of which more was let go than a comma behind the members that went.
pub fn follow(raw: &[u8], base: usize, upto: usize, leading: &mut Vec<Leading>) {
    let between = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    leading.retain(|one| {
        let from = one.end.max(base);
        from <= upto && raw.get(from - base..upto - base).is_some_and(|bytes| bytes.iter().all(between))
    });
}

/// A run that stays, and what is written behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct Segment {
    /// Counted from the first byte that leaves.
    pub kept: Range<usize>,
    /// Empty where something only goes.
    pub text: String,
}

/// Puts the edits in order, as runs between them that stay. What lies in bytes that go, goes with them.
pub fn segments(length: usize, base: usize, mut edits: Vec<RawEdit>) -> Result<Vec<Segment>, Refusal> {
    edits.sort_by_key(|edit| (edit.range.start, Reverse(edit.range.end)));
    edits.dedup();
    let mut segments = Vec::with_capacity(edits.len() + 1);
    let mut at = 0;
    let mut gone = 0;
    for edit in edits {
        let start = edit.range.start.checked_sub(base).ok_or_else(misplaced)?;
        let end = edit.range.end.checked_sub(base).filter(|end| *end <= length).ok_or_else(misplaced)?;
        let goes = edit.text.is_empty();
        if start < at {
            let inside = end <= at && (goes || end <= gone);
            let runs_on = goes && start <= gone && at == gone;
            if !inside && !runs_on {
                return Err(misplaced());
            }
            at = at.max(end);
        } else {
            segments.push(Segment { kept: at..start, text: edit.text });
            at = end;
        }
        gone = if goes { at } else { gone };
    }
    segments.push(Segment { kept: at..length, text: String::new() });
    Ok(segments)
}

/// Writes the raw bytes with the edits in their places.
pub fn apply(raw: &[u8], base: usize, edits: Vec<RawEdit>) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(raw.len());
    for segment in segments(raw.len(), base, edits)? {
        out.extend_from_slice(raw.get(segment.kept).ok_or_else(misplaced)?);
        out.extend_from_slice(segment.text.as_bytes());
    }
    Ok(out)
}

/// Members that go: neighbours that go together go as one run.
fn cuts(base: usize, members: Vec<Member>, leading: &mut Vec<Leading>, edits: &mut Vec<RawEdit>) {
    let mut objects: BTreeMap<u32, BTreeMap<u32, Member>> = BTreeMap::new();
    for member in members {
        objects.entry(member.object).or_default().insert(member.index, member);
    }
    let mut before = std::mem::take(leading);
    for (object, members) in objects {
        let known = before.iter().position(|one| one.object == object);
        let mut lead = known.map(|at| before.swap_remove(at));
        for member in members.into_values() {
            let end = member.span.end;
            let start = match lead {
                // The comma before it may have gone in an earlier part.
                Some(one) if one.next == member.index => member.before.max(base),
                None if member.index == 0 => member.span.start,
                // The comma before it goes with it.
                _ => member.before,
            };
            if lead.is_none_or(|one| one.next == member.index) && (lead.is_some() || member.index == 0) {
                lead = Some(Leading { object, next: member.index + 1, end });
            }
            edits.push(RawEdit { range: start..end, text: String::new() });
        }
        leading.extend(lead);
    }
    leading.append(&mut before);
}

/// The comma behind the members that an object began with goes with them.
fn commas(raw: &[u8], base: usize, leading: &[Leading], edits: &mut Vec<RawEdit>) -> Result<(), Refusal> {
    for one in leading {
        let from = one.end.max(base);
        let rest = raw.get(from - base..).ok_or_else(misplaced)?;
        let Some((range, what)) = behind_blanks(rest) else { continue };
        match what {
            Some(b',') => edits.push(RawEdit { range: from + range.start..from + range.end, text: String::new() }),
            Some(b'}') => {}
            // Behind a comma that went before.
            Some(b'"') if from > one.end => {}
            // A comma that is written in another way, as an entity.
            _ => return Err(misplaced()),
        }
    }
    Ok(())
}

/// Where the first thing stands that is no blank, and what it is: in a document, or in a string of one,
/// where all but the plainest is behind backslashes.
fn behind_blanks(rest: &[u8]) -> Option<(Range<usize>, Option<u8>)> {
    let mut at = 0;
    loop {
        let slashes = rest[at..].iter().take_while(|byte| **byte == b'\\').count();
        let (length, what) = match (slashes, rest.get(at + slashes)?) {
            (0, byte) => (1, Some(*byte)),
            (_, b'n' | b'r' | b't') => (slashes + 1, Some(b' ')),
            (_, b'"') => (slashes + 1, Some(b'"')),
            (_, b'u') => (slashes + 5, escaped(&rest[at + slashes + 1..])),
            _ => (slashes, None),
        };
        if !what.is_some_and(|byte| byte.is_ascii_whitespace()) {
            return Some((at..at + length, what));
        }
        at += length;
    }
}

/// The ASCII character of four hexadecimal digits.
fn escaped(digits: &[u8]) -> Option<u8> {
    let digits = str::from_utf8(digits.get(..4)?).ok()?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii)
}

/// The text of the held bytes; a character that is not complete yet holds no decided leaf.
fn valid(raw: &[u8]) -> &str {
    match simdutf8::compat::from_utf8(raw) {
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

    fn gone(raw: &[u8], base: usize, members: Vec<Member>, leading: &mut Vec<Leading>) -> Vec<RawEdit> {
        let mut edits = Vec::new();
        cuts(base, members, leading, &mut edits);
        commas(raw, base, leading, &mut edits).expect("commas");
        edits
    }

    #[test]
    fn members_go_with_one_comma() {
        let raw = br#"{"a":1, "b":2, "c":3}"#;
        let all = [member(0, 1..6, 1), member(1, 8..13, 6), member(2, 15..20, 13)];
        for (numbers, left) in [
            (vec![0], r#"{ "b":2, "c":3}"#),
            (vec![1], r#"{"a":1, "c":3}"#),
            (vec![2], r#"{"a":1, "b":2}"#),
            (vec![0, 1], r#"{ "c":3}"#),
            (vec![1, 2], r#"{"a":1}"#),
            (vec![0, 2], r#"{ "b":2}"#),
            (vec![0, 1, 2], "{}"),
        ] {
            let members: Vec<Member> = numbers.iter().map(|at: &usize| all[*at].clone()).collect();
            let edits = gone(raw, 0, members.clone(), &mut Vec::new());
            assert_eq!(String::from_utf8(apply(raw, 0, edits).expect("in order")).expect("text"), left, "{numbers:?}");
            for upto in 0..raw.len() {
                for read in upto..=raw.len() {
                    assert_eq!(in_two_parts(raw, &members, upto, read), left, "{numbers:?} at {upto}, {read} read");
                }
            }
        }
    }

    /// The same in two parts: the bytes before `upto` leave when those before `read` have come.
    fn in_two_parts(raw: &[u8], members: &[Member], upto: usize, read: usize) -> String {
        // A member may not be parted before its end unless its neighbours are settled.
        let upto =
            members.iter().filter(|m| m.before < upto && upto < m.span.end).map(|m| m.before).min().unwrap_or(upto);
        let (now, later): (Vec<Member>, Vec<Member>) = members.iter().cloned().partition(|m| m.span.start < upto);
        let mut leading = Vec::new();
        let (now, rest) = parted(gone(&raw[..read], 0, now, &mut leading), upto).expect("on one side");
        let mut out = apply(&raw[..upto], 0, now).expect("in order");
        follow(&raw[..read], 0, upto, &mut leading);
        let mut edits = gone(&raw[upto..], upto, later, &mut leading);
        edits.extend(rest);
        out.extend(apply(&raw[upto..], upto, edits).expect("in order"));
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn edits_that_overlap_are_refused() {
        let edit = |range, text: &str| RawEdit { range, text: text.into() };
        assert!(apply(b"abcdef", 0, vec![edit(0..3, "x"), edit(2..4, "x")]).is_err());
        assert!(apply(b"abcdef", 0, vec![edit(0..3, "x"), edit(2..4, "")]).is_err());
        assert!(apply(b"abcdef", 0, vec![edit(0..3, ""), edit(2..4, "x")]).is_err());
        assert!(apply(b"abcdef", 0, vec![edit(4..9, "x")]).is_err());
        assert_eq!(apply(b"abcdef", 10, vec![edit(12..13, "x"), edit(12..13, "x")]).expect("same twice"), b"abxdef");
    }

    #[test]
    fn what_lies_in_bytes_that_go_goes_with_them() {
        let edit = |range, text: &str| RawEdit { range, text: text.into() };
        assert_eq!(apply(b"abcdef", 0, vec![edit(2..3, "x"), edit(1..4, "")]).expect("inside"), b"aef");
        assert_eq!(apply(b"abcdef", 0, vec![edit(1..3, ""), edit(2..5, ""), edit(4..5, "x")]).expect("a run"), b"af");
        assert_eq!(apply(b"abcdef", 0, vec![edit(1..4, "x"), edit(2..3, "")]).expect("inside"), b"axef");
        assert!(parted(vec![edit(1..4, "x")], 2).is_err());
    }
}
