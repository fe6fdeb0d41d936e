//! Plain text: a leaf for each line.
//!
//! Lines are the only cuts, since a leaf must never end inside a value. A line that is longer than
//! a value may be is refused. A line of text that begins with a short label (`氏名: 山田`, `住所=…`, a tab behind it)
//! is shown as the label and its value, and so is what begins with a word that means something (`> 【氏名】山田`).

use std::ops::Range;
use std::sync::Arc;

use memchr::memchr2;

use crate::format::lines::{self, Line, Sort};
use crate::terms::bounds::Bounds;
use crate::terms::leaf::{Leaf, Part, Piece, Sink, Walker};
use crate::terms::names::Names;
use crate::terms::quote::{Quote, Quotes};
use crate::terms::refusal::{Reason, Refusal};
use crate::terms::words::Words;

/// Walks text line by line.
pub struct TextWalker {
    part: Part,
    held: Vec<u8>,
    /// The number of the first byte held.
    base: usize,
    value_bytes: usize,
    /// The words that mean something as labels, whatever marks them as such.
    words: Arc<Words>,
}

impl TextWalker {
    /// A walker whose leaves are this part of a document, in which these words mean something.
    pub fn new(part: Part, words: &Arc<Words>, bounds: &Bounds) -> TextWalker {
        TextWalker { part, held: Vec::new(), base: 0, value_bytes: bounds.value_bytes, words: Arc::clone(words) }
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.held.len() + bytes.len() > self.value_bytes {
            let note = format!("the line at byte {} is longer than {} bytes", self.base, self.value_bytes);
            return Err(Refusal::new(Reason::Bound, note));
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// Shows the line that is held.
    fn show(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        let text = str::from_utf8(&self.held).map_err(|e| {
            let at = self.base + e.valid_up_to();
            Refusal::new(Reason::Unreadable, format!("the text cannot be read at byte {at}: invalid UTF-8"))
        })?;
        let mark = if self.base == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let line = &text[mark..];
        let base = self.base + mark;
        let known = if self.part == Part::Text { lines::labelled(line, &[], &self.words) } else { Vec::new() };
        match labelled(line).filter(|_| self.part == Part::Text && known.is_empty()) {
            Some((label, value)) => {
                leaf(line, base, label.clone(), Part::Label, Names::NONE, sink)?;
                leaf(line, base, value, Part::Value, Names::one(&line[label]), sink)?;
            }
            None if line.is_empty() => {}
            None if known.is_empty() => leaf(line, base, 0..line.len(), self.part, Names::NONE, sink)?,
            None => known.into_iter().try_for_each(|part| told(line, base, part, self.part, sink))?,
        }
        self.base += self.held.len();
        self.held.clear();
        sink.settled(self.base)
    }
}

impl Walker for TextWalker {
    fn write(&mut self, mut chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        while let Some(length) = memchr2(b'\n', b'\r', chunk) {
            self.hold(&chunk[..length])?;
            self.show(sink)?;
            self.base += 1;
            chunk = &chunk[length + 1..];
        }
        self.hold(chunk)?;
        sink.settled(self.base)
    }

    fn end(&mut self, sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.show(sink)
    }
}

/// Shows a part of a line that says itself what it holds.
fn told(line: &str, base: usize, part: Line, plain: Part, sink: &mut dyn Sink) -> Result<(), Refusal> {
    let text = &line[part.span.clone()];
    let start = part.span.start + text.len() - text.trim_start().len();
    let span = start..start + text.trim().len();
    match part.sort {
        _ if span.is_empty() => Ok(()),
        Sort::Plain => leaf(line, base, span, plain, Names::NONE, sink),
        Sort::Label => leaf(line, base, span, Part::Label, Names::NONE, sink),
        Sort::Value(label) => leaf(line, base, span, Part::Value, Names::one(&line[label]), sink),
    }
}

fn leaf(
    line: &str,
    base: usize,
    range: Range<usize>,
    part: Part,
    names: Names<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Refusal> {
    let span = base + range.start..base + range.end;
    let pieces = [Piece { span, at: 0, quotes: Quotes::one(Quote::Verbatim) }];
    sink.leaf(&Leaf { names, ..Leaf::bare(&line[range], part, &pieces) })
}

/// The label that a line begins with, and the value behind its colon, tab or `=`: a few words, not an address of
/// the web, a time, or a part of a program.
pub(crate) fn labelled(line: &str) -> Option<(Range<usize>, Range<usize>)> {
    const LABEL_CHARS: usize = 32;
    let (at, colon) =
        line.char_indices().take(2 * LABEL_CHARS).find(|(_, c)| matches!(c, ':' | '：' | '\t' | '=' | '＝'))?;
    let trimmed = |range: Range<usize>| {
        let text = &line[range.clone()];
        let start = range.start + text.len() - text.trim_start().len();
        start..start + text.trim().len()
    };
    let (label, value) = (trimmed(0..at), trimmed(at + colon.len_utf8()..line.len()));
    let name = &line[label.clone()];
    let is_name = name.contains(char::is_alphabetic)
        && name.chars().count() <= LABEL_CHARS
        && !name.contains(['<', '>', '{', '}', '[', ']', '"', '\'', '@', '/', '\\', '=', ';', '?', '&']);
    (is_name && !value.is_empty() && !["//", "="].iter().any(|begin| line[value.clone()].starts_with(begin)))
        .then_some((label, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_few_words_before_a_colon() {
        for (line, told) in [
            ("氏名: 山田 太郎", Some(("氏名", "山田 太郎"))),
            ("  電話番号（必須）：090-1234-5678 ", Some(("電話番号（必須）", "090-1234-5678"))),
            ("TEL:090", Some(("TEL", "090"))),
            ("a: b: c", Some(("a", "b: c"))),
            ("氏名\t山田 太郎", Some(("氏名", "山田 太郎"))),
            ("住所=世田谷区", Some(("住所", "世田谷区"))),
            ("QUJD==", None),
            ("note:", None),
            ("https://example.jp/", None),
            ("10:30 call 090-1234-5678", None),
            ("<b>tel: 090", None),
            ("{\"tel\": 1}", None),
            ("a sentence that goes on and on until it comes to its colon: x", None),
            ("no colon", None),
        ] {
            let found = labelled(line).map(|(label, value)| (&line[label], &line[value]));
            assert_eq!(found, told, "{line}");
        }
    }
}
