//! Character references: what `&amp;`, `&#x30;` and their 2,231 named kin stand for.
//!
//! Personal data hides in them (`&#48;90…`, names without a semicolon), so text is decoded as
//! browsers decode it, by the WHATWG table, and each decoded byte knows the raw byte it came
//! from. Names are looked up in `entities.txt`, which is sorted by bytes.

use std::fmt::Write as _;
use std::sync::LazyLock;

/// A name without its `&`, and the one or two characters that it stands for.
type Named = (&'static str, char, Option<char>);

static NAMES: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut words = line.split(' ');
        let name = words.next()?;
        let mut chars = words.map_while(|word| char::from_u32(u32::from_str_radix(word, 16).ok()?));
        Some((name, chars.next()?, chars.next()))
    };
    include_str!("entities.txt").lines().filter_map(line).collect()
});

/// What 0x80 to 0x9F mean in a numeric reference: the characters of Windows-1252.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Decodes the character references of text or of an attribute's value. The map gives, for each
/// byte of the decoded text and one past its end, where in `raw` its character begins.
pub fn decode(raw: &str, in_attribute: bool) -> (String, Vec<u32>) {
    let mut text = String::with_capacity(raw.len());
    let mut map = Vec::with_capacity(raw.len() + 1);
    let mut at = 0;
    while at < raw.len() {
        let plain = raw[at..].find('&').unwrap_or(raw.len() - at);
        for (offset, c) in raw[at..at + plain].char_indices() {
            push(c, at + offset, &mut text, &mut map);
        }
        at += plain;
        if at == raw.len() {
            break;
        }
        let (first, second, length) = reference(&raw[at..], in_attribute).unwrap_or(('&', None, 1));
        push(first, at, &mut text, &mut map);
        if let Some(second) = second {
            push(second, at, &mut text, &mut map);
        }
        at += length;
    }
    map.push(offset(raw.len()));
    (text, map)
}

/// Whether a text that was decoded holds references still: somebody has encoded it twice.
pub fn is_encoded(text: &str) -> bool {
    let reference = |at: usize| {
        let end = text[at..].bytes().take(NAME_BYTES_MAX + 2).position(|b| b == b';');
        end.is_some_and(|end| reference(&text[at..], false).is_some_and(|(_, _, length)| length == end + 1))
    };
    text.match_indices('&').any(|(at, _)| reference(at))
}

/// Writes text so that it means itself in text and in attributes of any quoting. Characters that
/// XML has not are written as numbers: a page may stand in XML.
pub fn encode(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

fn push(c: char, from: usize, text: &mut String, map: &mut Vec<u32>) {
    text.push(c);
    map.extend(std::iter::repeat_n(offset(from), c.len_utf8()));
}

fn offset(at: usize) -> u32 {
    // A value is bounded far below this; a longer one would only lose the exactness of its map.
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The reference that `raw` begins with, as one character or two, and how many bytes it takes.
pub fn reference(raw: &str, in_attribute: bool) -> Option<(char, Option<char>, usize)> {
    if let Some(digits) = raw.strip_prefix("&#") {
        let (c, length) = numeric(digits)?;
        return Some((c, None, 2 + length));
    }
    let rest = &raw[1..];
    let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).take(NAME_BYTES_MAX).count();
    if rest.as_bytes().get(run) == Some(&b';')
        && let Some((first, second)) = named(&rest[..=run])
    {
        return Some((first, second, run + 2));
    }
    let (length, (first, second)) = (2..=run).rev().find_map(|length| Some((length, named(&rest[..length])?)))?;
    // In attributes `&copy=1` is a parameter of a URL, not a reference without its semicolon.
    let next = rest.as_bytes().get(length);
    if in_attribute && next.is_some_and(|next| *next == b'=' || next.is_ascii_alphanumeric()) {
        return None;
    }
    Some((first, second, length + 1))
}

/// The longest name has 32 bytes with its semicolon.
const NAME_BYTES_MAX: usize = 32;

fn named(name: &str) -> Option<(char, Option<char>)> {
    let index = NAMES.binary_search_by(|(known, _, _)| known.cmp(&name)).ok()?;
    NAMES.get(index).map(|(_, first, second)| (*first, *second))
}

fn numeric(digits: &str) -> Option<(char, usize)> {
    let (radix, prefix) = if digits.starts_with(['x', 'X']) { (16, 1) } else { (10, 0) };
    let run = digits[prefix..].bytes().take_while(|b| char::from(*b).is_digit(radix)).count();
    if run == 0 {
        return None;
    }
    let end = prefix + run;
    let semicolon = usize::from(digits.as_bytes().get(end) == Some(&b';'));
    // A number too long for the type is far outside Unicode as well.
    let code = u32::from_str_radix(&digits[prefix..end], radix).unwrap_or(u32::MAX);
    let c = match code {
        0 => char::REPLACEMENT_CHARACTER,
        0x80..=0x9f => WINDOWS[(code - 0x80) as usize],
        code => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    };
    Some((c, end + semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_mean_what_browsers_read() {
        for (raw, text, attribute) in [
            ("&#48;90&#x2D;1", "090-1", "090-1"),
            ("&#48 &#x30", "0 0", "0 0"),
            ("&lt;b&gt", "<b>", "<b>"),
            ("&notit;", "¬it;", "&notit;"),
            ("?a=1&copy=2", "?a=1©=2", "?a=1&copy=2"),
            ("&notin;", "∉", "∉"),
            ("&NotEqualTilde;", "≂̸", "≂̸"),
            ("&#0;&#x80;&#xd800;&#99999999999;", "\u{fffd}€\u{fffd}\u{fffd}", "\u{fffd}€\u{fffd}\u{fffd}"),
            ("&;&#;&#x;&", "&;&#;&#x;&", "&;&#;&#x;&"),
            ("&amp;amp;", "&amp;", "&amp;"),
        ] {
            assert_eq!(decode(raw, false).0, text, "{raw}");
            assert_eq!(decode(raw, true).0, attribute, "{raw} in an attribute");
        }
    }

    #[test]
    fn only_whole_references_are_encoded_twice() {
        for (text, is) in [
            ("&#48;90", true),
            ("a &commat; b", true),
            ("?a=1&copy=2", false),
            ("a & b; c", false),
            ("&nothing;", false),
            ("R&D; x", false),
            ("&", false),
            ("", false),
        ] {
            assert_eq!(is_encoded(text), is, "{text}");
        }
    }

    #[test]
    fn the_map_finds_the_raw_character() {
        let (text, map) = decode("山&amp;a&#x7530;", false);
        assert_eq!(text, "山&a田");
        assert_eq!(map, [0, 0, 0, 3, 8, 9, 9, 9, 17]);
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let mut raw = String::new();
        encode("<a href=\"x\">O'Brien & 山田</a>&amp;", &mut raw);
        assert!(!raw.contains(['<', '>', '"', '\'']));
        assert_eq!(decode(&raw, true).0, "<a href=\"x\">O'Brien & 山田</a>&amp;");
    }

    #[test]
    fn names_are_sorted_and_all_there() {
        assert_eq!(NAMES.len(), 2231);
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }
}
