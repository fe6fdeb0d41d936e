//! What staff sends, written anew with other texts in some places of it: in its own charset, with every other byte
//! as it came.

use std::ops::Range;

use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};

use crate::body::decoded::Decoded;
use crate::body::splice::Segment;

/// The bytes of a text in the charset of this name, with texts in the places of it; nothing where the charset has no
/// characters for one of them, or where the bytes are another text to some. `text` is what the bytes say, and the
/// places are in their order.
pub fn filled(raw: &[u8], text: &[u8], charset: &str, fills: &[(Range<usize>, &str)]) -> Option<Vec<u8>> {
    let encoding = Encoding::for_label_no_replacement(charset.as_bytes())?;
    // What its letters are hangs on what stands before them: who does not know that finds other fields there.
    if encoding == ISO_2022_JP {
        return None;
    }
    let (mut segments, mut at) = (Vec::with_capacity(fills.len() + 1), 0);
    for (place, text) in fills {
        if place.start < at || place.end < place.start {
            return None;
        }
        segments.push(Segment { kept: at..place.start, text: (*text).to_owned() });
        at = place.end;
    }
    segments.push(Segment { kept: at..text.len(), text: String::new() });
    if at > text.len() {
        return None;
    }
    if encoding == UTF_8 {
        let mut all = Vec::with_capacity(raw.len());
        for segment in segments {
            all.extend_from_slice(raw.get(segment.kept)?);
            all.extend_from_slice(segment.text.as_bytes());
        }
        return (raw == text).then_some(all);
    }
    let mut decoded = Decoded::new(encoding);
    let mut read = Vec::with_capacity(text.len());
    decoded.read(raw, true, &mut read).ok()?;
    let is_written = segments.iter().all(|segment| decoded.holds(&segment.text));
    (read == text && is_written).then(|| decoded.write(&read, &segments, true).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_go_into_their_places_and_all_other_bytes_stay() {
        for (charset, raw, text, fills, told) in [
            ("UTF-8", &b"a****b"[..], "a****b", &[(1..5, "山")][..], Some("a山b".as_bytes())),
            ("Shift_JIS", b"\x87\x40****\x8eR", "①****山", &[(3..7, "田")], Some(b"\x87\x40\x93c\x8eR")),
            ("Shift_JIS", b"****", "****", &[(0..4, "é")], None),
            ("EUC-JP", b"****\xbb\xb3", "****山", &[(0..4, "田")], Some(b"\xc5\xc4\xbb\xb3")),
            ("UTF-16LE", b"\xff\xfe*\0\x71\x5c", "\u{feff}*山", &[(3..4, "é")], Some(b"\xff\xfe\xe9\0\x71\x5c")),
            ("UTF-16BE", b"\0*", "*", &[(0..1, "山")], Some(b"\x5c\x71")),
            ("ISO-2022-JP", b"*", "*", &[(0..1, "a")], None),
            ("UTF-8", b"ab", "ab", &[(1..2, "x"), (0..1, "y")], None),
            ("UTF-8", b"ab", "ab", &[(1..3, "x")], None),
        ] {
            assert_eq!(filled(raw, text.as_bytes(), charset, fills).as_deref(), told, "{charset} {text}");
        }
    }
}
