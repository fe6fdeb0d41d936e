//! Links of pages that are not in UTF-8: `?name=%8ER%93c`.
//!
//! A browser writes a form's values into a link in the page's charset, and so do the programs of old
//! CRMs. Such a link holds a value as any other does, and is read in the Japanese charset that its
//! bytes fit, the likelier of two. Only what is no UTF-8 is read so.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};

use crate::format::quote::Decoded;

/// A percent-encoded text in Shift_JIS or EUC-JP; nothing where it is UTF-8 or neither.
pub(super) fn percent(raw: &str) -> Option<Decoded> {
    if !raw.contains('%') || !raw.is_ascii() {
        return None;
    }
    let (bytes, at) = bytes(raw.as_bytes());
    if std::str::from_utf8(&bytes).is_ok() {
        return None;
    }
    let encoding = charset(&bytes)?;
    let (mut text, mut map) = (String::new(), Vec::with_capacity(raw.len()));
    let mut rest = 0;
    while rest < bytes.len() {
        let width = width(encoding, bytes[rest]);
        let character = bytes.get(rest..rest + width)?;
        let character = encoding.decode_without_bom_handling_and_without_replacement(character)?;
        map.extend(std::iter::repeat_n(at[rest], character.len()));
        text.push_str(&character);
        rest += width;
    }
    map.push(u32::try_from(raw.len()).ok()?);
    Some(Decoded { text, map })
}

/// The bytes that a text stands for, and where each of them is written.
fn bytes(raw: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let digit = |at: usize| raw.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (mut bytes, mut places) = (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len()));
    let mut at = 0;
    while at < raw.len() {
        places.push(u32::try_from(at).unwrap_or(u32::MAX));
        let (byte, length) = match (raw[at], digit(at + 1), digit(at + 2)) {
            // Two hexadecimal digits are a byte.
            (b'%', Some(high), Some(low)) => (u8::try_from(high << 4 | low).unwrap_or_default(), 3),
            (b'+', ..) => (b' ', 1),
            (byte, ..) => (byte, 1),
        };
        bytes.push(byte);
        at += length;
    }
    (bytes, places)
}

fn charset(bytes: &[u8]) -> Option<&'static Encoding> {
    let fits =
        |encoding: &'static Encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes).is_some();
    match (fits(SHIFT_JIS), fits(EUC_JP)) {
        (true, true) => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(bytes, true);
            let guess = detector.guess(Some(b"jp"), Utf8Detection::Deny);
            Some(if guess == EUC_JP { EUC_JP } else { SHIFT_JIS })
        }
        (true, false) => Some(SHIFT_JIS),
        (false, true) => Some(EUC_JP),
        (false, false) => None,
    }
}

/// How many bytes the character has that begins with this one.
fn width(encoding: &'static Encoding, first: u8) -> usize {
    match first {
        0x81..=0x9f | 0xe0..=0xfc if encoding == SHIFT_JIS => 2,
        0x8f if encoding == EUC_JP => 3,
        0x8e | 0xa1..=0xfe if encoding == EUC_JP => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_in_japanese_charsets_are_read() {
        for (raw, text) in [
            ("%8ER%93c", Some("山田")),
            ("%8eR%93c+%91%be%98Y", Some("山田 太郎")),
            ("%BB%B3%C5%C4", Some("山田")),
            ("a-%95%5C-b", Some("a-表-b")),
            ("%E5%B1%B1", None),
            ("100%", None),
            ("%81", None),
            ("%FF%FE", None),
            ("090-1234", None),
        ] {
            assert_eq!(percent(raw).map(|decoded| decoded.text).as_deref(), text, "{raw}");
        }
        let decoded = percent("%8ER%93c").expect("Shift_JIS");
        assert_eq!(decoded.map, [0, 0, 0, 4, 4, 4, 8]);
    }
}
