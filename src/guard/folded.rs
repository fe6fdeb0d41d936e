//! A text with what spelling does not count taken out: width, case, blanks, hyphens, brackets, marks
//! that nobody sees, hiragana or katakana, composed or not, and escapes of a layer that no walker
//! opens (an address in a parameter of an address, a script's text in JSON).

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::format::html::entity;

/// The folded text, and the way back to the text as written.
pub(super) struct Folded<'a> {
    raw: &'a str,
    /// What is left.
    pub(super) text: String,
    /// For each byte of `text`, where its character begins in `raw`.
    starts: Vec<u32>,
    /// For each byte of `text`, where its character ends in `raw`.
    ends: Vec<u32>,
    /// Where escapes stand in `raw`, in order, and what they stand for.
    escapes: Vec<(Range<usize>, char)>,
}

/// Whether a text may hold an escape, or a part of one.
pub(super) fn may_hold_escapes(raw: &str) -> bool {
    // Without an early end, so that the compiler can look at many bytes at once.
    raw.bytes().fold(false, |found, byte| found | (byte == b'%') | (byte == b'&') | (byte == b'\\'))
}

/// Adds the folded text alone, which is text again.
pub(super) fn append(raw: &str, text: &mut Vec<u8>) {
    if may_hold_escapes(raw) {
        text.extend_from_slice(Folded::new(raw).text.as_bytes());
    } else {
        append_plain(raw, text);
    }
}

/// The same for a text without escapes.
pub(super) fn append_plain(raw: &str, text: &mut Vec<u8>) {
    let mut rest = raw;
    while let Some(first) = rest.as_bytes().first() {
        if first.is_ascii() {
            rest = &rest[append_ascii(rest.as_bytes(), text)..];
            continue;
        }
        let mut others = rest.chars();
        let Some(c) = others.next() else { return };
        fold(c, |c| text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()));
        rest = others.as_str();
    }
}

/// Adds what ASCII there is at the front, or a part of it, and tells how much it was.
fn append_ascii(raw: &[u8], text: &mut Vec<u8>) -> usize {
    let mut kept = [0; 32];
    let (mut count, mut read) = (0, 0);
    for byte in raw.iter().take(kept.len()).map_while(|byte| ASCII.get(usize::from(*byte))) {
        // Noise is written over by what comes next, which is quicker than to ask.
        kept[count] = *byte;
        count += usize::from(*byte != NOISE);
        read += 1;
    }
    text.extend_from_slice(&kept[..count]);
    read
}

/// No byte of ASCII.
const NOISE: u8 = 0xff;

/// What becomes of each character of ASCII.
const ASCII: [u8; 128] = {
    let mut all = [NOISE; 128];
    let mut byte = 0;
    while byte < all.len() {
        let c = byte as u8;
        // The blanks of ASCII that Unicode names too, and those of `is_noise`.
        if !matches!(c, b'\t'..=b'\r' | b' ' | b'-' | b'(' | b')' | b'.' | b'/' | b'_' | b'+') {
            all[byte] = c.to_ascii_lowercase();
        }
        byte += 1;
    }
    all
};

/// What becomes of one character. Most are themselves, and need not be looked up.
fn fold(c: char, mut put: impl FnMut(char)) {
    match c {
        '\0'..='\x7f' if ASCII[c as usize] == NOISE => {}
        '\0'..='\x7f' => put(c.to_ascii_lowercase()),
        '一'..='\u{9fff}' => put(c),
        // Voiced ones come apart: every second one, where they stand in pairs.
        'ァ'..='ォ' | 'ッ' | 'ツ' | 'テ' | 'ト' | 'ナ'..='ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ' | 'マ'..='ン' => {
            put(c)
        }
        'カ'..='チ' if u32::from(c) % 2 == 1 => put(c),
        _ => {
            let mut buffer = [0; 4];
            let apart = c.encode_utf8(&mut buffer).nfkd().flat_map(char::to_lowercase);
            apart.filter(|c| !is_noise(*c)).for_each(|c| put(katakana(c)));
        }
    }
}

impl<'a> Folded<'a> {
    /// Folds a text. Characters are taken apart and not put together, because a voiced mark may
    /// stand by itself, as in half-width kana.
    pub(super) fn new(raw: &'a str) -> Folded<'a> {
        let bytes = raw.len();
        let (starts, ends) = (Vec::with_capacity(bytes), Vec::with_capacity(bytes));
        let escapes = Vec::new();
        let mut folded = Folded { raw, text: String::with_capacity(bytes), starts, ends, escapes };
        let mut start = 0;
        while let Some(c) = raw[start..].chars().next() {
            let rest = &raw[start..];
            let escape = if matches!(c, '%' | '&' | '\\') { escaped(rest) } else { None };
            if let Some((escaped, length)) = escape {
                folded.escapes.push((start..start + length, escaped));
            }
            let (c, length) = escape.unwrap_or((c, c.len_utf8()));
            folded.take(c, start, start + length);
            start += length;
        }
        folded
    }

    fn take(&mut self, c: char, start: usize, end: usize) {
        fold(c, |c| {
            self.text.push(c);
            for _ in 0..c.len_utf8() {
                // A leaf is far shorter than 4 GiB.
                self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
                self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
            }
        });
    }

    /// A range of the folded text, not empty, in the text as written.
    pub(super) fn written(&self, range: Range<usize>) -> Range<usize> {
        self.starts[range.start] as usize..self.ends[range.end - 1] as usize
    }

    /// Whether no letter or digit of the same sort touches the range from outside.
    pub(super) fn is_token(&self, range: Range<usize>) -> bool {
        // Behind a blank a mark stands for itself.
        let is_marked =
            self.text[range.end..].starts_with(is_mark) && self.starts[range.end] <= self.ends[range.end - 1];
        if is_marked {
            return false;
        }
        let Range { start, end } = self.written(range);
        !touches(self.before(start), self.behind(start)) && !touches(self.before(end), self.behind(end))
    }

    /// The character that ends there in the text as written, an escape for what it stands for.
    fn before(&self, at: usize) -> Option<char> {
        let escape = self.escapes.binary_search_by_key(&at, |(range, _)| range.end);
        escape.map_or_else(|_| self.raw[..at].chars().next_back(), |found| Some(self.escapes[found].1))
    }

    /// The character that begins there.
    fn behind(&self, at: usize) -> Option<char> {
        let escape = self.escapes.binary_search_by_key(&at, |(range, _)| range.start);
        escape.map_or_else(|_| self.raw[at..].chars().next(), |found| Some(self.escapes[found].1))
    }
}

/// The character that an escape at the front stands for, and the escape's length: `%E5%B1%B1`,
/// `%u5c71` (ECMA-262, annex B), `&#23665;`, `&#x5c71;`, `&ntilde;`, `\u5c71`, `\u{5c71}`, `\x41`.
fn escaped(text: &str) -> Option<(char, usize)> {
    match text.as_bytes() {
        [b'%', b'u' | b'U', ..] => utf16(text),
        [b'%', ..] => percent(text.as_bytes()),
        // Those that stand for two characters are no letters of a name.
        [b'&', ..] => match entity::reference(text, false)? {
            (c, None, length) => Some((c, length)),
            _ => None,
        },
        [b'\\', b'x', ..] => Some((char::from_u32(hex(text.get(2..4)?)?)?, 4)),
        [b'\\', b'u', b'{', ..] => {
            const LONGEST: usize = 10;
            let end = text.bytes().take(LONGEST).position(|byte| byte == b'}')?;
            Some((char::from_u32(hex(&text[3..end])?)?, end + 1))
        }
        [b'\\', b'u', ..] => utf16(text),
        _ => None,
    }
}

/// The character of one unit of UTF-16 or of two, each behind a sign and a letter: `\u5c71`, `%u5c71`.
fn utf16(text: &str) -> Option<(char, usize)> {
    let high = hex(text.get(2..6)?)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 6));
    }
    let low = hex(text.get(6..12)?.strip_prefix(&text[..2])?)?;
    let pair = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    Some((char::decode_utf16(pair).next()?.ok()?, 12))
}

/// The character that up to four bytes in percent-encoding make.
fn percent(bytes: &[u8]) -> Option<(char, usize)> {
    const LONGEST: usize = 4;
    let (mut character, mut at) = (Vec::with_capacity(LONGEST), 0);
    while character.len() < LONGEST {
        let (byte, length) = percent_byte(bytes.get(at..)?)?;
        character.push(byte);
        at += length;
        if let Ok(text) = str::from_utf8(&character) {
            return Some((text.chars().next()?, at));
        }
    }
    None
}

/// A byte in percent-encoding, in which the sign may be encoded itself: `%40`, `%2540`, `%252540`.
fn percent_byte(bytes: &[u8]) -> Option<(u8, usize)> {
    const LAYERS: usize = 3;
    let mut at = (bytes.first() == Some(&b'%')).then_some(1)?;
    let is_hex = |at: usize| bytes.get(at..at + 2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    while at < 2 * LAYERS && bytes[at..].starts_with(b"25") && is_hex(at + 2) {
        at += 2;
    }
    let digits = str::from_utf8(bytes.get(at..at + 2)?).ok()?;
    Some((u8::try_from(hex(digits)?).ok()?, at + 2))
}

fn hex(digits: &str) -> Option<u32> {
    let all = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if all { u32::from_str_radix(digits, 16).ok() } else { None }
}

/// Characters that people put in or leave out, `+` that forms write for a blank, and those that nobody sees.
fn is_noise(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '(' | ')' | '.' | '/' | '_' | '+' | 'ー' | '\u{30fb}')
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_are_not_looked_up_are_themselves() {
        for c in ('\0'..'\u{3200}').chain('一'..='\u{9fff}') {
            let mut quick = String::new();
            fold(c, |c| quick.push(c));
            let slow: String = c.to_string().nfkd().flat_map(char::to_lowercase).collect();
            let slow: String = slow.chars().filter(|c| !is_noise(*c)).map(katakana).collect();
            assert_eq!(quick, slow, "{c:?}");
        }
    }

    #[test]
    fn the_text_alone_is_the_same() {
        for raw in ["Yamada-Taro", "%E5%B1%B1%ZZ", "&#23665;&x", "ﾔﾏﾀﾞ　がぎ・ー", "a+b", "\\u5c71\\q", ""]
        {
            let mut text = Vec::new();
            append(raw, &mut text);
            assert_eq!(text, Folded::new(raw).text.as_bytes(), "{raw}");
        }
    }
}
