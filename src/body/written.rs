//! Text in a charset that is not UTF-8: how many bytes stand for a character, and new text written.
//!
//! `encoding_rs` decodes and encodes; it does not tell which bytes stood for which character, and it
//! writes other bytes than those it read (NEC's and IBM's doubles, characters of users' own). So the
//! length of what stands there is told here, of bytes that were decoded without a fault, and only
//! what an edit brings is encoded.

use encoding_rs::{EUC_JP, EncoderResult, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_16BE, UTF_16LE};

/// The state that ISO-2022-JP is in; all other charsets stay in the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shift {
    Ascii,
    Roman,
    Kana,
    Jis78,
    Jis83,
}

impl Shift {
    const ALL: [Shift; 5] = [Shift::Ascii, Shift::Roman, Shift::Kana, Shift::Jis78, Shift::Jis83];

    /// The escape that leads into it.
    pub(super) fn escape(self) -> [u8; 3] {
        match self {
            Shift::Ascii => *b"\x1b(B",
            Shift::Roman => *b"\x1b(J",
            Shift::Kana => *b"\x1b(I",
            Shift::Jis78 => *b"\x1b$@",
            Shift::Jis83 => *b"\x1b$B",
        }
    }

    /// The state that the escape at the beginning leads into.
    fn led_into(bytes: &[u8]) -> Option<Shift> {
        Shift::ALL.into_iter().find(|shift| bytes.starts_with(&shift.escape()))
    }
}

/// Takes the escapes at the beginning of the bytes; gives their length and where they lead.
pub(super) fn escapes(encoding: &'static Encoding, bytes: &[u8], mut shift: Shift) -> (usize, Shift) {
    let mut at = 0;
    if encoding == ISO_2022_JP {
        while let Some(next) = Shift::led_into(&bytes[at..]) {
            shift = next;
            at += next.escape().len();
        }
    }
    (at, shift)
}

/// How many bytes stand for the character at the beginning of both, with no escape before it.
/// `wide` where it is one of those that UTF-16 needs two units for.
pub(super) fn width(encoding: &'static Encoding, bytes: &[u8], shift: Shift, wide: bool) -> usize {
    let first = bytes.first().copied().unwrap_or_default();
    if encoding == SHIFT_JIS {
        if matches!(first, 0x81..=0x9f | 0xe0..=0xfc) { 2 } else { 1 }
    } else if encoding == EUC_JP {
        match first {
            0x8f => 3,
            0x8e | 0xa1..=0xfe => 2,
            _ => 1,
        }
    } else if encoding == UTF_16LE || encoding == UTF_16BE {
        if wide { 4 } else { 2 }
    } else if matches!(shift, Shift::Jis78 | Shift::Jis83) {
        2
    } else {
        1
    }
}

/// A text in the charset, in the state in which ISO-2022-JP begins; and the state at its end. Nothing
/// where it cannot be written so that it is read again as what it is: the same byte stands for `¥`
/// and for a backslash.
pub(super) fn written(encoding: &'static Encoding, text: &str) -> Option<(Vec<u8>, Shift)> {
    let mut bytes = Vec::with_capacity(2 * text.len());
    if encoding == UTF_16LE {
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    } else if encoding == UTF_16BE {
        bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    } else {
        encode(encoding, text, &mut bytes)?;
        let again = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
        if again != text {
            return None;
        }
    }
    let shift = if encoding == ISO_2022_JP { last_shift(&bytes) } else { Shift::Ascii };
    Some((bytes, shift))
}

fn encode(encoding: &'static Encoding, text: &str, bytes: &mut Vec<u8>) -> Option<()> {
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    loop {
        bytes.reserve(encoder.max_buffer_length_from_utf8_without_replacement(rest.len())?);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, bytes, false);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return Some(()),
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(character) => bytes.extend(of_users(encoding, character)?),
        }
    }
}

/// The characters of users' own in Shift_JIS, F040 to F9FC: they are read as U+E000 and up, and the
/// encoder does not write them.
fn of_users(encoding: &'static Encoding, character: char) -> Option<[u8; 2]> {
    const ROW: u32 = 188;
    let number = u32::from(character).checked_sub(0xe000).filter(|number| *number < 10 * ROW)?;
    if encoding != SHIFT_JIS {
        return None;
    }
    let trail = number % ROW + 0x40;
    // The trail leaves 7F out.
    let trail = if trail >= 0x7f { trail + 1 } else { trail };
    Some([u8::try_from(0xf0 + number / ROW).ok()?, u8::try_from(trail).ok()?])
}

fn last_shift(bytes: &[u8]) -> Shift {
    let at = bytes.iter().rposition(|byte| *byte == 0x1b);
    at.and_then(|at| Shift::led_into(&bytes[at..])).unwrap_or(Shift::Ascii)
}

#[cfg(test)]
mod tests {
    use encoding_rs::WINDOWS_1252;

    use super::*;

    #[test]
    fn what_can_be_written_is_read_again_as_what_it_is() {
        for (encoding, text, bytes) in [
            (SHIFT_JIS, "山** **", Some(&b"\x8eR** **"[..])),
            (SHIFT_JIS, "\u{e000}\u{e03e}\u{e03f}\u{e757}", Some(b"\xf0\x40\xf0\x7e\xf0\x80\xf9\xfc")),
            (SHIFT_JIS, "\u{e758}", None),
            (SHIFT_JIS, "¥", None),
            (SHIFT_JIS, "é", None),
            (EUC_JP, "山", Some(b"\xbb\xb3")),
            (EUC_JP, "\u{e000}", None),
            (ISO_2022_JP, "山*", Some(b"\x1b$B;3\x1b(B*")),
            (ISO_2022_JP, "*山", Some(b"*\x1b$B;3")),
            (ISO_2022_JP, "\u{1b}$B;3", None),
            (UTF_16LE, "山😀", Some(b"\x71\x5c\x3d\xd8\x00\xde")),
            (UTF_16BE, "山", Some(b"\x5c\x71")),
            (WINDOWS_1252, "é", Some(b"\xe9")),
            (WINDOWS_1252, "山", None),
        ] {
            let written = written(encoding, text).map(|(bytes, _)| bytes);
            assert_eq!(written.as_deref(), bytes, "{} {text}", encoding.name());
        }
        assert_eq!(written(ISO_2022_JP, "*山").map(|(_, shift)| shift), Some(Shift::Jis83));
        assert_eq!(written(ISO_2022_JP, "山*").map(|(_, shift)| shift), Some(Shift::Ascii));
    }
}
