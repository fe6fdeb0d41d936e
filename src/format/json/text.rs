//! What stands between a JSON string's quotes, and the grammar of numbers (RFC 8259, 6 and 7).

/// The character that the escape at the start of `raw` stands for, and how many bytes it takes.
/// Nothing for what is no escape; a lone surrogate is none, since no text can hold it.
pub fn escape(raw: &[u8]) -> Option<(char, usize)> {
    if raw.first() != Some(&b'\\') {
        return None;
    }
    let c = match raw.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return code_point(raw),
        _ => return None,
    };
    Some((c, 2))
}

fn code_point(raw: &[u8]) -> Option<(char, usize)> {
    let unit = hex(raw.get(2..6)?)?;
    if let Some(c) = char::from_u32(unit) {
        return Some((c, 6));
    }
    let low = hex(raw.get(6..12)?.strip_prefix(b"\\u")?)?;
    if !(0xd800..0xdc00).contains(&unit) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    Some((char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))?, 12))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?))
}

/// Undoes the escapes of a string into `text`; the offset of the first that is none, if there is.
pub fn unescape(raw: &str, text: &mut String) -> Result<(), usize> {
    text.clear();
    let mut at = 0;
    while let Some(plain) = memchr::memchr(b'\\', &raw.as_bytes()[at..]) {
        text.push_str(&raw[at..at + plain]);
        at += plain;
        let (c, length) = escape(&raw.as_bytes()[at..]).ok_or(at)?;
        text.push(c);
        at += length;
    }
    text.push_str(&raw[at..]);
    Ok(())
}

/// Whether this is a JSON number, and nothing else.
pub fn is_number(text: &[u8]) -> bool {
    number(text) == Some(text.len())
}

/// How long the JSON number is that `text` begins with; nothing where what begins is none.
pub fn number(text: &[u8]) -> Option<usize> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    at = match text.get(at)? {
        b'0' => at + 1,
        _ => some_digits(text, at)?,
    };
    if text.get(at) == Some(&b'.') {
        at = some_digits(text, at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = some_digits(text, at + 1 + usize::from(signed))?;
    }
    Some(at)
}

/// Where the digits end that begin here, if there are any.
fn some_digits(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    (at > from).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_the_grammar_says() {
        for number in ["0", "-0", "10", "1.5", "-0.10", "1e9", "1E+09", "2.0e-3", "123456789012345678901234567890"] {
            assert!(is_number(number.as_bytes()), "{number}");
        }
        for other in ["", "-", "01", "+1", ".5", "1.", "1e", "1e+", "0x1", "1 ", "1a", "NaN", "--1", "1.2.3"] {
            assert!(!is_number(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn escapes_are_undone_and_lone_surrogates_are_none() {
        let mut text = String::new();
        unescape(r#"a\"\\\/\b\f\n\r\t\u5c71\ud842\uDFB7z"#, &mut text).expect("all escapes");
        assert_eq!(text, "a\"\\/\u{8}\u{c}\n\r\t山𠮷z");
        for (raw, at) in
            [(r"ab\x", 2), (r"\ud800", 0), (r"a\udc00", 1), (r"\ud800\u0041", 0), (r"\u00g0", 0), ("\\", 0)]
        {
            assert_eq!(unescape(raw, &mut text), Err(at), "{raw}");
        }
    }
}
