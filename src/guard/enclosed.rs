//! Veils in what staff writes in base64: XML-RPC has an element for such bytes, JSON has them in strings, and programs
//! pack their state so.
//!
//! A veil in there would be stored like any other. What holds bytes that no text holds is a picture or a file, and says
//! nothing here: in those four asterisks may stand by chance.

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::{BASE64_NOPAD, Encoding};

use crate::guard::{disguise, returned};

/// The shortest that holds a mask: four asterisks.
const SHORTEST: usize = 6;

/// The longest that `disguise` does not look at by itself.
const SHORT: usize = 12;

/// Base64 in base64: deeper it is a text.
const LAYERS: usize = 3;

/// The escape of charsets that shift.
const ESCAPE: u8 = 0x1b;

/// Base64 as it is read by whoever minds nothing.
static LAX: LazyLock<Encoding> = LazyLock::new(|| {
    let mut lax = BASE64_NOPAD.specification();
    lax.check_trailing_bits = false;
    lax.encoding().unwrap_or(BASE64_NOPAD)
});

/// Whether a text holds a veil in base64.
pub(super) fn holds_veil(text: &str) -> bool {
    if let Some(bytes) = decoded(text) {
        return is_in(&bytes, LAYERS);
    }
    let mut found = false;
    if text.len() > SHORT {
        disguise::each(text, |_, inner| found |= returned::holds_veil(inner));
    }
    found
}

/// Whether bytes are a text that holds one, or the base64 of such a text.
fn is_in(bytes: &[u8], layers: usize) -> bool {
    let holds = |inner: &str| {
        returned::holds_veil(inner) || (layers > 1 && decoded(inner).is_some_and(|bytes| is_in(&bytes, layers - 1)))
    };
    readings(bytes).iter().any(|inner| holds(inner))
}

/// The bytes that a text stands for, if it is base64 from end to end, however its lines are broken.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let is_of_it = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let text = text.trim().trim_end_matches('=');
    // Most texts end here, at their first blank or their first letter beyond ASCII.
    if text.len() < SHORTEST || !text.bytes().all(|byte| is_of_it(byte) || byte.is_ascii_whitespace()) {
        return None;
    }
    let one = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    };
    let mut bare: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(one).collect();
    // One sign more than whole bytes take is what a lax reader leaves out.
    if bare.len() % 4 == 1 {
        bare.pop();
    }
    LAX.decode(&bare).ok()
}

/// The texts that bytes may be: in any charset whose asterisks are those of ASCII, or in UTF-16.
fn readings(bytes: &[u8]) -> Vec<Cow<'_, str>> {
    let is_text = |byte: &u8| *byte >= b' ' || matches!(*byte, b'\t' | b'\n' | b'\r' | ESCAPE);
    if bytes.iter().all(is_text) {
        return vec![String::from_utf8_lossy(bytes)];
    }
    [u16::from_le_bytes, u16::from_be_bytes].into_iter().filter_map(|unit| wide(bytes, unit)).map(Cow::Owned).collect()
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let units = bytes.chunks(2).map(|pair| Some(unit(pair.try_into().ok()?)));
    let text = String::from_utf16(&units.collect::<Option<Vec<u16>>>()?).ok()?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    text.chars().all(is_text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_veil_is_seen_in_base64_and_nowhere_else() {
        let of = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
        let wide: Vec<u8> = "\u{feff}電話 ***-****-5678".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let twice = of(of(b"***-****-5678").as_bytes());
        for text in [
            of(b"****"),
            of("連絡先 ***-****-5678".as_bytes()),
            of(&wide),
            twice,
            format!("x,{}", of(b"***-****-5678")),
        ] {
            assert!(holds_veil(&text), "{text}");
            assert!(holds_veil(text.trim_end_matches('=')), "{text}");
        }
        for text in [
            "",
            "plan",
            "customer",
            "a b c d e f g h",
            "Kg==",
            "KioqKioq?",
            &of(b"BM****\0\0\0****"),
            &of(b"090-1234-5678"),
        ] {
            assert!(!holds_veil(text), "{text}");
        }
    }
}
