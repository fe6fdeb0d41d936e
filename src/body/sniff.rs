//! The charset of a body that nothing names, told by its first bytes that are no ASCII.
//!
//! What is UTF-8 throughout is UTF-8. Of the Japanese charsets one is chosen that can hold the bytes,
//! by how often they stand beside one another in Japanese (chardetng, which browsers use); Latin
//! letters are believed only where no Japanese charset can hold them. What remains is doubt.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, WINDOWS_1252};
use memchr::memchr_iter;

use crate::terms::refusal::{Reason, Refusal};

/// The charset of these bytes; `last` where the body ends with them.
pub(super) fn charset(bytes: &[u8], last: bool) -> Result<&'static Encoding, Refusal> {
    let doubt = || Refusal::new(Reason::Unreadable, "a body in a charset that nothing names and that is in doubt");
    if switches(bytes) {
        return if fits(ISO_2022_JP, bytes, last) { Ok(ISO_2022_JP) } else { Err(doubt()) };
    }
    if is_utf8(bytes, last) {
        return Ok(UTF_8);
    }
    match (fits(SHIFT_JIS, bytes, last), fits(EUC_JP, bytes, last)) {
        (false, false) => {
            let guess = guess(bytes, last, None);
            if guess == WINDOWS_1252 && !is_no_latin(bytes) { Ok(guess) } else { Err(doubt()) }
        }
        (shift_jis, euc_jp) => {
            let guess = guess(bytes, last, Some(b"jp"));
            let is_one = (shift_jis && guess == SHIFT_JIS) || (euc_jp && guess == EUC_JP);
            if is_one { Ok(guess) } else { Err(doubt()) }
        }
    }
}

/// Whether bytes that are said to be Western are, or are UTF-8.
pub(super) fn western(bytes: &[u8], last: bool) -> &'static Encoding {
    if is_utf8(bytes, last) && !switches(bytes) { UTF_8 } else { WINDOWS_1252 }
}

/// Whether something here leaves it open in which charset the body is.
pub(super) fn is_open(bytes: &[u8]) -> bool {
    !bytes.is_ascii() || switches(bytes)
}

/// Whether an escape of ISO-2022-JP stands here: whatever follows it is no ASCII, though it looks so.
pub(super) fn switches(bytes: &[u8]) -> bool {
    memchr_iter(0x1b, bytes).any(|at| matches!(bytes[at + 1..], [b'$' | b'(', ..]))
}

/// Whether a byte stands here that stands for nothing that anybody writes in windows-1252.
pub(super) fn is_no_latin(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d))
}

/// Whether bytes are text of this charset throughout.
pub(super) fn fits(encoding: &'static Encoding, bytes: &[u8], last: bool) -> bool {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut rest = bytes;
    let mut scratch = [0; 4096];
    loop {
        let (result, read, _) = decoder.decode_to_utf8_without_replacement(rest, &mut scratch, last);
        rest = &rest[read..];
        match result {
            DecoderResult::InputEmpty => return true,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return false,
        }
    }
}

fn is_utf8(bytes: &[u8], last: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => !last && error.error_len().is_none(),
    }
}

fn guess(bytes: &[u8], last: bool, country: Option<&[u8]>) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, last);
    detector.guess(country, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_known_and_doubt_is_told() {
        let encoded = |encoding: &'static Encoding, text: &str| encoding.encode(text).0.into_owned();
        for (text, encoding) in [
            ("氏名,電話番号\n山田 太郎,090-1234-5678\n", SHIFT_JIS),
            ("氏名,電話番号\n山田 太郎,090-1234-5678\n", EUC_JP),
            ("氏名,電話番号\n山田 太郎,090-1234-5678\n", ISO_2022_JP),
            ("氏名,電話番号\n山田 太郎,090-1234-5678\n", UTF_8),
            ("ﾔﾏﾀﾞ ﾀﾛｳ", SHIFT_JIS),
            ("お客様", EUC_JP),
            ("顧客一覧", SHIFT_JIS),
            ("Jürgen Müller, José, naïve", WINDOWS_1252),
        ] {
            let bytes = encoded(encoding, text);
            assert_eq!(charset(&bytes, true).map(Encoding::name), Ok(encoding.name()), "{text}");
        }
        for bytes in [
            &b"\x81\x00\xff\xff"[..],
            b"\xff\xfe\xff\x00\x81",
            b"\x1b$B\xff",
            "Привет".as_bytes().get(1..).unwrap_or_default(),
        ] {
            assert!(charset(bytes, true).is_err(), "{}", bytes.escape_ascii());
        }
        // A character that the window cuts is no doubt, unless the body ends there.
        assert_eq!(charset(b"\xe5\xb1", false).map(Encoding::name), Ok("UTF-8"));
    }
}
