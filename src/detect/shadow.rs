//! A folded copy of a text in which detectors look, with the way back.
//!
//! The same number can be written with full-width digits, eight kinds of dash, zero-width marks
//! between the digits or an ideographic space. Instead of teaching every detector all spellings,
//! the text is folded once and each detector sees one spelling. The map back is a list of the
//! places where the two texts drift apart, so that text which needs no folding costs nothing.
//! Kanji numerals and letters of other scripts that look like Latin ones are left as they are.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;

/// A folded text and where each part of it came from.
pub struct Shadow<'a> {
    text: Cow<'a, str>,
    drifts: Vec<Drift>,
}

/// From this byte of the shadow on, the origin is counted anew.
struct Drift {
    shadow: usize,
    origin: usize,
    /// Bytes of the origin that became one folded character; 0 where the text goes on unchanged.
    width: usize,
}

enum Fold {
    Keep,
    Drop,
    To(char),
}

impl<'a> Shadow<'a> {
    /// Folds a text; plain ASCII is only borrowed.
    pub fn of(text: &'a str) -> Shadow<'a> {
        if text.is_ascii() { Shadow { text: Cow::Borrowed(text), drifts: Vec::new() } } else { Shadow::folded(text) }
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether folding changed anything.
    pub fn differs(&self) -> bool {
        !self.drifts.is_empty()
    }

    /// The bytes of the origin that a range of the shadow came from.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        if range.is_empty() {
            let at = self.place(range.start).0;
            return at..at;
        }
        self.place(range.start).0..self.place(range.end - 1).1
    }

    /// Where the origin of one shadow byte starts and ends.
    fn place(&self, at: usize) -> (usize, usize) {
        let after = self.drifts.partition_point(|drift| drift.shadow <= at);
        match after.checked_sub(1).map(|last| &self.drifts[last]) {
            None => (at, at + 1),
            Some(drift) if drift.width == 0 => {
                let start = drift.origin + (at - drift.shadow);
                (start, start + 1)
            }
            Some(drift) => (drift.origin, drift.origin + drift.width),
        }
    }

    fn folded(text: &'a str) -> Shadow<'a> {
        let mut out = String::new();
        let mut drifts: Vec<Drift> = Vec::new();
        let mut kept = 0;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let last = if kept < at { text.as_bytes()[at - 1] } else { out.as_bytes().last().copied().unwrap_or(b' ') };
            let mut to = match fold(c, last) {
                Fold::Keep => continue,
                Fold::Drop => None,
                Fold::To(to) => Some(to),
            };
            let mut end = at + c.len_utf8();
            if let (Some(base), Some(&(mark_at, mark))) = (to, chars.peek())
                && let Some(voiced) = voice(base, mark)
            {
                to = Some(voiced);
                end = mark_at + mark.len_utf8();
                chars.next();
            }
            out.push_str(&text[kept..at]);
            if let Some(to) = to {
                drifts.push(Drift { shadow: out.len(), origin: at, width: end - at });
                out.push(to);
            }
            drifts.push(Drift { shadow: out.len(), origin: end, width: 0 });
            kept = end;
        }
        if drifts.is_empty() {
            return Shadow { text: Cow::Borrowed(text), drifts };
        }
        out.push_str(&text[kept..]);
        Shadow { text: Cow::Owned(out), drifts }
    }
}

fn fold(c: char, last: u8) -> Fold {
    match c {
        '\0'..='\x7f' => Fold::Keep,
        // Between kana the prolonged sound mark and long dashes are what they are; after a digit
        // they are somebody's hyphen.
        'ー' | 'ｰ' | '–' | '—' | '―' | '─' | '━' => {
            if last.is_ascii_digit() || last == b')' {
                Fold::To('-')
            } else if c == 'ｰ' {
                Fold::To('ー')
            } else {
                Fold::Keep
            }
        }
        '‐' | '‑' | '‒' | '⁃' | '−' | '﹣' | '－' | '˗' => Fold::To('-'),
        '\u{3000}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Fold::To(' '),
        _ if is_ignorable(c) => Fold::Drop,
        // A line over or under a digit leaves it legible.
        '\u{300}'..='\u{36f}' if last.is_ascii_digit() => Fold::Drop,
        '\u{ff01}'..='\u{ff5e}' => shifted(c, '\u{ff01}', '!'),
        '\u{ff61}'..='\u{ff9f}' => c.nfkc().next().map_or(Fold::Keep, Fold::To),
        '﹫' => Fold::To('@'),
        '﹢' => Fold::To('+'),
        '\u{660}'..='\u{669}' => shifted(c, '\u{660}', '0'),
        '\u{6f0}'..='\u{6f9}' => shifted(c, '\u{6f0}', '0'),
        '\u{1d7ce}'..='\u{1d7ff}' => c.nfkc().next().map_or(Fold::Keep, Fold::To),
        '\u{3041}'..='\u{9fff}' => Fold::Keep,
        _ => other_digit(c).map_or(Fold::Keep, Fold::To),
    }
}

/// The zeros of the other scripts that count in tens; their digits follow in order.
const ZEROS: [u32; 33] = [
    0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090,
    0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0,
    0xa9f0, 0xaa50, 0xabf0,
];

fn other_digit(c: char) -> Option<char> {
    let c = u32::from(c);
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= c)].last()?;
    char::from_digit(c - zero, 10)
}

fn shifted(c: char, first: char, to: char) -> Fold {
    char::from_u32(u32::from(c) - u32::from(first) + u32::from(to)).map_or(Fold::Keep, Fold::To)
}

/// Marks that nobody sees: zero-width and bidi marks, soft hyphens, variation selectors, fillers,
/// and the ring of a keycap, which leaves its digit.
fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{20e3}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Half-width kana carry their voicing as a character of its own.
fn voice(base: char, mark: char) -> Option<char> {
    match mark {
        'ﾞ' => compose(base, '\u{3099}'),
        'ﾟ' => compose(base, '\u{309a}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, folded: &str) {
        assert_eq!(Shadow::of(text).text(), folded, "{text:?}");
    }

    #[test]
    fn spellings_of_one_number_fold_to_one_text() {
        for text in [
            "090-1234-5678",
            "０９０－１２３４－５６７８",
            "090‐1234‑5678",
            "090–1234—5678",
            "090ー1234ｰ5678",
            "0\u{200b}90-12\u{ad}34-5678\u{200d}",
            "0\u{332}9\u{332}0\u{332}-1\u{301}\u{332}234-5678\u{336}",
            "\u{202a}090−1234﹣5678\u{202c}",
            "0\u{fe0f}\u{20e3}90-1234-5678",
            "٠٩٠-١٢٣٤-٥٦٧٨",
            "०९०-१२३४-५६७८",
            "๐๙๐-๑๒๓๔-๕๖๗๘",
            "\u{1d7ce}\u{1d7d7}\u{1d7ce}-1234-5678",
        ] {
            check(text, "090-1234-5678");
        }
        check("０３\u{3000}1234", "03 1234");
        check("センター ﾃﾞﾝﾜ ﾊﾟｰﾄ", "センター デンワ パート");
        check("taro＠example．jp", "taro@example.jp");
    }

    #[test]
    fn ranges_come_back_whole() {
        let text = "電話０９０－１\u{200b}２で";
        let shadow = Shadow::of(text);
        let at = shadow.text().find("090-12").expect("folded");
        assert_eq!(&text[shadow.origin(at..at + 6)], "０９０－１\u{200b}２");
        let text = "ﾃﾞﾝﾜ";
        let shadow = Shadow::of(text);
        assert_eq!(&text[shadow.origin(0..3)], "ﾃﾞ");
    }
}
