//! References in XML: five names and the numbers of characters.
//!
//! A document may declare names of its own, but only in a DTD, and those are refused; so every other
//! name is a fault, and nothing is ever expanded or fetched.

/// Whether XML 1.0 lets a character stand in a document.
pub fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// The character that the reference at the start of `raw` stands for, and how many bytes it takes.
pub fn reference(raw: &str) -> Option<(char, usize)> {
    // Numbers may have zeros in front.
    const LONGEST: usize = 64;
    let rest = raw.strip_prefix('&')?;
    let name = &rest[..rest.bytes().take(LONGEST).position(|b| b == b';')?];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => numeric(name.strip_prefix('#')?)?,
    };
    Some((c, name.len() + 2))
}

fn numeric(digits: &str) -> Option<char> {
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    // `from_str_radix` would take a sign.
    let all = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
    let code = u32::from_str_radix(digits, radix).ok().filter(|_| all)?;
    char::from_u32(code).filter(|c| is_char(*c))
}

/// Undoes the references of `raw` at the end of `text`; the offset of the first that is none, if
/// there is one.
pub fn unescape(raw: &str, text: &mut String) -> Result<(), usize> {
    let mut at = 0;
    while let Some(plain) = memchr::memchr(b'&', &raw.as_bytes()[at..]) {
        text.push_str(&raw[at..at + plain]);
        at += plain;
        let (c, length) = reference(&raw[at..]).ok_or(at)?;
        text.push(c);
        at += length;
    }
    text.push_str(&raw[at..]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_names_and_numbers_are_read() {
        let mut text = String::new();
        unescape("a&amp;&lt;&gt;&quot;&apos;&#48;&#x5c71;&#x20BB7;", &mut text).expect("all references");
        assert_eq!(text, "a&<>\"'0山𠮷");
        for (raw, at) in [
            ("a&nbsp;", 1),
            ("&amp", 0),
            ("&;", 0),
            ("&#;", 0),
            ("&#x;", 0),
            ("&#X41;", 0),
            ("&#+65;", 0),
            ("&#0;", 0),
            ("&#xd800;", 0),
            ("&#xfffe;", 0),
            ("&#99999999999;", 0),
            ("x & y", 2),
            ("&", 0),
        ] {
            assert_eq!(unescape(raw, &mut String::new()), Err(at), "{raw}");
        }
    }
}
