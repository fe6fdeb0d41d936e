//! The marks by which a page's readers find the end of a script.
//!
//! Behind `<!--`, a script that holds `<script` goes on beyond its first end tag (HTML, "script data
//! double escaped state"). An edit that took such a mark away would move that end: what was read as
//! code would stand in the page. So no edit touches them: a text of such a script ends before a mark
//! and goes on behind it. Where they are is read from the script as browsers do, who know no strings: a mark
//! may begin in one and end outside.

use std::ops::Range;

use crate::format::html::held::{Held, Raw};
use crate::format::quote::decode;
use crate::terms::leaf::Piece;
use crate::terms::refusal::{Reason, Refusal};

/// Whether the end of a script hangs on its marks: only where it holds both.
fn matter(script: &str) -> bool {
    script.contains("<!--") && script.as_bytes().windows(7).any(|bytes| bytes.eq_ignore_ascii_case(b"<script"))
}

/// The marks of a script that begins there in the body; none where its end does not hang on them.
pub(super) fn of(script: &str, begin: usize) -> Vec<Range<usize>> {
    if !matter(script) {
        return Vec::new();
    }
    marks(script).map(|mark| begin + mark.start..begin + mark.end).collect()
}

/// Parts a leaf of such a script around its marks, also those of which only a part stands in its text.
pub(super) fn parted(mut held: Held, marks: &[Range<usize>], raw: &Raw) -> Result<Held, Refusal> {
    let holds = |span: &Range<usize>| !within(marks, span).is_empty();
    // A member that is cut out would take them with it; its value alone does not.
    held.member = held.member.filter(|member| !holds(&member.span));
    if !held.pieces.iter().any(|piece| holds(&piece.span)) {
        return Ok(held);
    }
    let mut text = String::with_capacity(held.text.len());
    let mut pieces = Vec::with_capacity(held.pieces.len() + 1);
    for piece in &held.pieces {
        for span in between(&piece.span, within(marks, &piece.span)) {
            // What cannot be read in parts can be cut nowhere.
            let decoded = decode(piece.quotes, raw.slice(span.clone())).map_err(|_| cut())?;
            pieces.push(Piece { span, at: text.len(), quotes: piece.quotes });
            text.push_str(&decoded.text);
        }
    }
    if pieces.is_empty() {
        // A text that is nothing but marks is no value.
        pieces.extend(held.pieces.first().map(|piece| Piece { span: piece.span.end..piece.span.end, ..piece.clone() }));
    }
    held.text = text;
    held.pieces = pieces;
    Ok(held)
}

/// Those of the marks, in their order, that share something with a span.
fn within<'m>(marks: &'m [Range<usize>], span: &Range<usize>) -> &'m [Range<usize>] {
    let from = marks.partition_point(|mark| mark.end <= span.start);
    let to = marks.partition_point(|mark| mark.start < span.end);
    &marks[from..to.max(from)]
}

/// What of a span stands around marks: before the first, between two, behind the last. Nothing is written at a
/// place where nothing stood: that may be the middle of a mark.
fn between(span: &Range<usize>, marks: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut spans = Vec::with_capacity(marks.len() + 1);
    let mut from = span.start;
    for mark in marks {
        spans.push(from..mark.start.max(from));
        from = mark.end.min(span.end);
    }
    spans.push(from..span.end);
    spans.retain(|span| !span.is_empty());
    spans
}

/// The marks in their order: begins and ends of comments, tags of scripts.
fn marks(script: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = script.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(found) = memchr::memchr2(b'<', b'-', &bytes[at..]) {
            let begin = at + found;
            let (length, is_mark) = run(&bytes[begin..]);
            at = begin + length;
            if is_mark {
                return Some(begin..at);
            }
        }
        None
    })
}

/// How long the run is that begins here, and whether it is a mark. Dashes are read once, however many there are
/// that end nothing.
fn run(rest: &[u8]) -> (usize, bool) {
    let dashes = |from: usize| from + rest[from..].iter().take_while(|byte| **byte == b'-').count();
    let is_closed = |end: usize| rest.get(end) == Some(&b'>');
    match rest {
        // It may end at once: `<!-->`.
        [b'<', b'!', b'-', b'-', ..] => (dashes(2) + usize::from(is_closed(dashes(2))), true),
        [b'-', ..] => {
            let end = dashes(0);
            let is_mark = end > 1 && is_closed(end);
            (end + usize::from(is_mark), is_mark)
        }
        _ => tag(rest).map_or((1, false), |length| (length, true)),
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
        let marks = |raw: &str| marks(raw).map(|mark| raw[mark].to_owned()).collect::<Vec<_>>();
        assert_eq!(marks("a <!-- b --> c"), ["<!--", "-->"]);
        assert_eq!(marks("<!-->x<!--->"), ["<!-->", "<!--->"]);
        assert_eq!(marks("--- -- > -> ---->"), ["---->"]);
        assert_eq!(marks("<SCRIPT x</script><script/"), ["<SCRIPT ", "</script>", "<script/"]);
        assert_eq!(marks("<scripts> <!- - 電話<script"), ["<script"]);
    }

    #[test]
    fn a_run_of_dashes_is_read_once() {
        let rest = format!("{}x", "-".repeat(1000));
        assert_eq!(run(rest.as_bytes()), (1000, false));
    }

    #[test]
    fn a_text_is_parted_by_marks_that_begin_outside() {
        let marks = [4..8, 10..13, 20..30];
        for (span, kept) in
            [(0..4, vec![0..4]), (0..9, vec![0..4, 8..9]), (5..12, vec![8..10]), (22..25, vec![]), (8..10, vec![8..10])]
        {
            assert_eq!(between(&span, within(&marks, &span)), kept, "{span:?}");
        }
    }

    #[test]
    fn only_both_together_matter() {
        assert!(matter("'<!--' + '<Script>'"));
        assert!(!matter("'<!--'") && !matter("'<script>'"));
        assert_eq!(of("<!--<script>", 5), [5..9, 9..17]);
        assert!(of("<script>-->", 5).is_empty());
    }
}
