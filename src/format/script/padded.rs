//! Data that comes as a script: `callback({…});`.
//!
//! An application that answers JSON often answers this as well, to whoever adds a parameter to the
//! address; the names and places that stand in the data must count in it too. So it is kept until it
//! is complete and read as JSON within a script.

use std::ops::Range;

use crate::format::script::balanced;

/// No name of a function, with what is written before it, is longer.
const NAME_BYTES: usize = 512;

/// Whether a script that begins so is data in the brackets of a call; nothing as long as more of it
/// has to come.
pub(super) fn is_padded(start: &[u8]) -> Option<bool> {
    let mut rest = start.trim_ascii_start();
    while rest.starts_with(b"/*") {
        let Some(end) = rest.windows(2).skip(2).position(|two| two == b"*/") else { return undecided(start) };
        rest = rest[end + 4..].trim_ascii_start();
    }
    let name = rest.iter().take_while(|byte| in_name(**byte)).count();
    let after = rest[name..].trim_ascii_start();
    match after {
        [b'(', inner @ ..] => match inner.trim_ascii_start().first() {
            Some(first) => Some(name > 0 && matches!(first, b'{' | b'[')),
            None => undecided(start),
        },
        [b'/'] => undecided(start),
        [] => undecided(start),
        _ => Some(false),
    }
}

/// Where the data of a complete script of this sort stands.
pub(super) fn data(text: &str) -> Option<Range<usize>> {
    let call = comments(text);
    let open = call + text[call..].find('(')? + 1;
    let start = text.len() - text[open..].trim_start().len();
    Some(start..start + balanced(&text[start..])?)
}

/// How much of the text are comments before the call.
fn comments(text: &str) -> usize {
    let mut rest = text.trim_start();
    while let Some(end) = rest.strip_prefix("/*").and_then(|inner| inner.find("*/")) {
        rest = rest[end + 4..].trim_start();
    }
    text.len() - rest.len()
}

fn undecided(start: &[u8]) -> Option<bool> {
    (start.len() > NAME_BYTES).then_some(false)
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'.' | b'[' | b']' | b'"' | b'\'') || !byte.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_with_data_is_known_at_any_cut() {
        for (script, found) in [
            (r#"cb({"a":"})"});"#, Some(r#"{"a":"})"}"#)),
            (" /**/ /*(*/ window.cb1 ( [1] )", Some("[1]")),
            (r#"a["b"]([{}])"#, Some("[{}]")),
            ("call(1, {})", None),
            ("({a:1})", None),
            ("var a = b({})", None),
            ("// cb({})", None),
            ("", None),
        ] {
            let bytes = script.as_bytes();
            assert_eq!(is_padded(bytes) == Some(true), found.is_some(), "{script}");
            if let Some(found) = found {
                assert_eq!(data(script).map(|range| &script[range]), Some(found), "{script}");
            }
            let known = (0..bytes.len()).find_map(|cut| is_padded(&bytes[..cut]));
            assert!(known.is_none_or(|is| is == found.is_some()), "{script}");
        }
    }
}
