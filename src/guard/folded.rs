//! A text with what spelling does not count taken out: width, case, blanks, hyphens, brackets, marks
//! that nobody sees, hiragana or katakana, composed or not.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// The folded text, and the way back to the text as written.
pub(super) struct Folded<'a> {
    raw: &'a str,
    /// What is left.
    pub(super) text: String,
    /// For each byte of `text`, where its character begins in `raw`.
    starts: Vec<u32>,
    /// For each byte of `text`, where its character ends in `raw`.
    ends: Vec<u32>,
}

impl<'a> Folded<'a> {
    /// Folds a text. Characters are taken apart and not put together, because a voiced mark may
    /// stand by itself, as in half-width kana.
    pub(super) fn new(raw: &'a str) -> Folded<'a> {
        let bytes = raw.len();
        let (starts, ends) = (Vec::with_capacity(bytes), Vec::with_capacity(bytes));
        let mut folded = Folded { raw, text: String::with_capacity(bytes), starts, ends };
        for (start, c) in raw.char_indices() {
            let end = start + c.len_utf8();
            if c.is_ascii() {
                folded.push(c.to_ascii_lowercase(), start, end);
            } else {
                let mut buffer = [0; 4];
                for c in c.encode_utf8(&mut buffer).nfkd().flat_map(char::to_lowercase) {
                    folded.push(c, start, end);
                }
            }
        }
        folded
    }

    fn push(&mut self, c: char, start: usize, end: usize) {
        if is_noise(c) {
            return;
        }
        let c = katakana(c);
        self.text.push(c);
        for _ in 0..c.len_utf8() {
            // A leaf is far shorter than 4 GiB.
            self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
            self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
        }
    }

    /// A range of the folded text, not empty, in the text as written.
    pub(super) fn written(&self, range: Range<usize>) -> Range<usize> {
        self.starts[range.start] as usize..self.ends[range.end - 1] as usize
    }

    /// Whether no letter or digit of the same sort touches the range from outside.
    pub(super) fn is_token(&self, range: Range<usize>) -> bool {
        if self.text[range.end..].starts_with(is_mark) {
            return false;
        }
        let written = self.written(range);
        let inside = &self.raw[written.clone()];
        let before = self.raw[..written.start].chars().next_back();
        let after = self.raw[written.end..].chars().next();
        !touches(before, inside.chars().next()) && !touches(inside.chars().next_back(), after)
    }
}

/// Characters that people put in or leave out, and those that nobody sees.
fn is_noise(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '(' | ')' | '.' | '/' | '_' | 'ー' | '\u{30fb}')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{2500}' | '\u{2501}' | '\u{2d7}')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// Marks that make another letter of the one before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{3099}' | '\u{309a}')
}

/// Hiragana as katakana: kana fields are typed in either.
fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' => char::from_u32(c as u32 + 0x60).unwrap_or(c),
        other => other,
    }
}

fn touches(left: Option<char>, right: Option<char>) -> bool {
    let (Some(left), Some(right)) = (left, right) else { return false };
    (left.is_numeric() && right.is_numeric()) || (latin(left) && latin(right))
}

fn latin(c: char) -> bool {
    c.is_alphabetic() && (c as u32) < 0x250
}
