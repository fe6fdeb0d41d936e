//! The marks by which a page's readers find the end of a script.
//!
//! Behind `<!--`, a script that holds `<script` goes on beyond its first end tag (HTML, "script data
//! double escaped state"). An edit that took such a mark away would move that end: what was read as
//! code would stand in the page. So no edit touches them: a text of such a script ends before a mark
//! and goes on behind it.

use std::ops::Range;

use crate::format::html::held::{Held, Raw};
use crate::format::quote::decode;
use crate::terms::leaf::Piece;
use crate::terms::refusal::{Reason, Refusal};

/// Whether the end of a script hangs on its marks: only where it holds both.
pub(super) fn matter(script: &str) -> bool {
    script.contains("<!--") && script.as_bytes().windows(7).any(|bytes| bytes.eq_ignore_ascii_case(b"<script"))
}

/// Parts a leaf of such a script around the marks in it.
pub(super) fn parted(mut held: Held, raw: &Raw) -> Result<Held, Refusal> {
    let holds = |span: &Range<usize>| next(raw.slice(span.clone())).is_some();
    // A member that is cut out would take them with it; its value alone does not.
    held.member = held.member.filter(|member| !holds(&member.span));
    if !held.pieces.iter().any(|piece| holds(&piece.span)) {
        return Ok(held);
    }
    let mut text = String::with_capacity(held.text.len());
    let mut pieces = Vec::with_capacity(held.pieces.len() + 1);
    for piece in &held.pieces {
        for span in between(raw.slice(piece.span.clone())) {
            let span = piece.span.start + span.start..piece.span.start + span.end;
            // What cannot be read in parts can be cut nowhere.
            let decoded = decode(piece.quotes, raw.slice(span.clone())).map_err(|_| cut())?;
            pieces.push(Piece { span, at: text.len(), quotes: piece.quotes });
            text.push_str(&decoded.text);
        }
    }
    held.text = text;
    held.pieces = pieces;
    Ok(held)
}

/// What stands around the marks: before the first, between two, behind the last.
fn between(raw: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut from = 0;
    while let Some(mark) = next(&raw[from..]) {
        spans.push(from..from + mark.start);
        from += mark.end;
    }
    spans.push(from..raw.len());
    spans
}

/// The next mark: the begin or the end of a comment, a tag of a script.
fn next(raw: &str) -> Option<Range<usize>> {
    let bytes = raw.as_bytes();
    (0..bytes.len()).find_map(|at| Some(at..at + length(&bytes[at..])?))
}

/// How long the mark is that begins here.
fn length(rest: &[u8]) -> Option<usize> {
    let dashes = |from: usize| from + rest[from..].iter().take_while(|byte| **byte == b'-').count();
    let closed = |end: usize| end + usize::from(rest.get(end) == Some(&b'>'));
    match rest {
        // It may end at once: `<!-->`.
        [b'<', b'!', b'-', b'-', ..] => Some(closed(dashes(2))),
        [b'-', b'-', ..] => Some(closed(dashes(0))).filter(|end| rest[end - 1] == b'>'),
        [b'<', ..] => tag(rest),
        _ => None,
    }
}

/// A tag's name, with the byte that ends it.
fn tag(rest: &[u8]) -> Option<usize> {
    let slash = usize::from(rest.get(1) == Some(&b'/'));
    let name = rest.get(1 + slash..7 + slash)?;
    let ends = rest.get(7 + slash).is_none_or(|byte| matches!(byte, b'\t' | b'\n' | 0xc | b'\r' | b' ' | b'/' | b'>'));
    (name.eq_ignore_ascii_case(b"script") && ends).then_some(rest.len().min(8 + slash))
}

fn cut() -> Refusal {
    let note = "html: a mark of a comment in a script stands where its text cannot be parted";
    Refusal::new(Reason::Unreadable, note.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_what_moves_the_end_of_a_script() {
        let marks = |raw: &str| {
            let kept = between(raw);
            kept.windows(2).map(|two| raw[two[0].end..two[1].start].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(marks("a <!-- b --> c"), ["<!--", "-->"]);
        assert_eq!(marks("<!-->x<!--->"), ["<!-->", "<!--->"]);
        assert_eq!(marks("--- -- > ---->"), ["---->"]);
        assert_eq!(marks("<SCRIPT x</script><script/"), ["<SCRIPT ", "</script>", "<script/"]);
        assert_eq!(marks("<scripts> <!- - 電話<script"), ["<script"]);
    }

    #[test]
    fn only_both_together_matter() {
        assert!(matter("'<!--' + '<Script>'"));
        assert!(!matter("'<!--'") && !matter("'<script>'"));
    }
}
