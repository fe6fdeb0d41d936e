//! Style sheets' own escapes: a backslash before up to six hexadecimal digits, or before the character
//! itself.

use std::fmt::Write;

use crate::format::quote::Decoded;

/// A string or an address as browsers read it.
pub(super) fn text(raw: &str) -> Decoded {
    let mut decoded = Decoded::with_capacity(raw.len());
    let mut at = 0;
    while let Some(plain) = raw[at..].find('\\') {
        decoded.push_run(&raw[at..at + plain], at);
        at += plain;
        let (c, length) = escape(&raw[at..]);
        if let Some(c) = c {
            decoded.push(c, at);
        }
        at += length;
    }
    decoded.push_run(&raw[at..], at);
    decoded.end(raw.len())
}

/// The character that the escape at the start of `raw` stands for (none for a line that goes on),
/// and how many bytes the escape takes.
pub(in crate::format) fn escape(raw: &str) -> (Option<char>, usize) {
    let rest = &raw[1..];
    let digits = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
    if digits > 0 {
        // Six hexadecimal digits always fit; a blank behind them belongs to the escape.
        let code = u32::from_str_radix(&rest[..digits], 16).unwrap_or(0);
        let c = char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER);
        let after = &rest[digits..];
        let blank = usize::from(after.starts_with([' ', '\t', '\n', '\r', '\u{c}']));
        return (Some(c), 1 + digits + blank + usize::from(after.starts_with("\r\n")));
    }
    match rest.chars().next() {
        None => (None, 1),
        Some('\r') if rest[1..].starts_with('\n') => (None, 3),
        Some('\n' | '\r' | '\u{c}') => (None, 2),
        Some(c) => (Some(c), 1 + c.len_utf8()),
    }
}

/// Writes a text that ends neither its string, its brackets nor its variable, and no style element either.
pub(super) fn write(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' | '(' | ')' | '<' | ';' | '{' | '}' | '/' | '\u{7f}' => escaped(c, out),
            c if c < ' ' => escaped(c, out),
            c => out.push(c),
        }
    }
}

fn escaped(c: char, out: &mut String) {
    // Writing to a string cannot fail. The blank ends the digits.
    let _ = write!(out, "\\{:x} ", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_browsers_read() {
        for (raw, read) in [
            (r"\30 90", "090"),
            (r"\0000309", "09"),
            ("a\\\nb", "ab"),
            ("a\\\r\nb", "ab"),
            ("\\30\r\n9", "09"),
            (r"\5c71\7530", "山田"),
            (r#"\"\z\("#, "\"z("),
            (r"\0 \d800 \110000", "\u{fffd}\u{fffd}\u{fffd}"),
            ("a\\", "a"),
            ("", ""),
        ] {
            assert_eq!(text(raw).text, read, "{raw}");
        }
        let mut out = String::new();
        write("a\"b)\n</x>山;}", &mut out);
        assert_eq!(out, r"a\22 b\29 \a \3c \2f x>山\3b \7d ");
    }
}
