//! UTF-32, which nothing but data is in: read and written here, since browsers know none of it and
//! `encoding_rs`, which is theirs, does not either.
//!
//! A unit is a character and four bytes, so that an edit lies where its character stands without a
//! search. A unit that is no character (a half of a pair, one beyond U+10FFFF) is refused.

/// Which of a unit's bytes comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The lowest.
    Little,
    /// The highest.
    Big,
}

/// A unit's length.
pub(super) const UNIT: usize = 4;

impl Order {
    /// The name as a `charset` says it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Order::Little => "UTF-32LE",
            Order::Big => "UTF-32BE",
        }
    }

    /// Whether a label may mean it: `utf-32` leaves it to the bytes which of the two it is.
    pub(super) fn is_called(self, label: &str) -> bool {
        let label = label.to_ascii_lowercase();
        label == "utf-32" || label == "utf32" || label == self.name().to_ascii_lowercase()
    }

    fn unit(self, bytes: [u8; UNIT]) -> Option<char> {
        char::from_u32(match self {
            Order::Little => u32::from_le_bytes(bytes),
            Order::Big => u32::from_be_bytes(bytes),
        })
    }

    /// A text in it.
    pub(super) fn written(self, text: &str) -> Vec<u8> {
        let bytes = |c: char| match self {
            Order::Little => u32::from(c).to_le_bytes(),
            Order::Big => u32::from(c).to_be_bytes(),
        };
        text.chars().flat_map(bytes).collect()
    }

    /// The text at the beginning, as far as it is any.
    pub(super) fn shown(self, bytes: &[u8]) -> String {
        let units = bytes.chunks_exact(UNIT).filter_map(|unit| unit.try_into().ok());
        let text: String = units.map_while(|unit| self.unit(unit)).collect();
        text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)
    }
}

/// In which of the two a body may be, by its mark or by the zeros of its first character, which is ASCII
/// (RFC 4627, section 3). Images begin so as well: whoever asks must look whether data stands there.
pub(super) fn order(first: &[u8]) -> Option<Order> {
    match first.first_chunk::<UNIT>()? {
        [0xff, 0xfe, 0, 0] => Some(Order::Little),
        [0, 0, 0xfe, 0xff] => Some(Order::Big),
        [0, 0, 0, 1..=0x7f] => Some(Order::Big),
        [1..=0x7f, 0, 0, 0] => Some(Order::Little),
        _ => None,
    }
}

/// Whether a byte order mark of UTF-32 stands there.
pub(super) fn is_marked(first: &[u8]) -> bool {
    first.starts_with(b"\xff\xfe\0\0") || first.starts_with(b"\0\0\xfe\xff")
}

/// Reads bytes in any cut.
pub(super) struct Decoder {
    order: Order,
    /// The beginning of a unit.
    part: Vec<u8>,
}

impl Decoder {
    pub(super) fn new(order: Order) -> Decoder {
        Decoder { order, part: Vec::with_capacity(UNIT) }
    }

    /// Adds what these bytes stand for; `last` where the body ends with them. Nothing where they stand
    /// for no text.
    pub(super) fn decode(&mut self, bytes: &[u8], last: bool, text: &mut Vec<u8>) -> Option<()> {
        for byte in bytes {
            self.part.push(*byte);
            if let Ok(unit) = <[u8; UNIT]>::try_from(&self.part[..]) {
                text.extend_from_slice(self.order.unit(unit)?.encode_utf8(&mut [0; UNIT]).as_bytes());
                self.part.clear();
            }
        }
        if last && !self.part.is_empty() { None } else { Some(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_at_any_cut_and_the_rest_is_refused() {
        let text = "{\"名\":\"😀\"}";
        for order in [Order::Little, Order::Big] {
            let bytes = order.written(text);
            assert_eq!(bytes.len(), 4 * text.chars().count());
            for cut in 0..=bytes.len() {
                let (mut decoder, mut read) = (Decoder::new(order), Vec::new());
                decoder.decode(&bytes[..cut], false, &mut read).expect("text");
                decoder.decode(&bytes[cut..], true, &mut read).expect("text");
                assert_eq!(read, text.as_bytes(), "{order:?} at {cut}");
            }
            assert!(Decoder::new(order).decode(&bytes[..5], true, &mut Vec::new()).is_none());
        }
        for unit in [[0, 0xd8, 0, 0], [0, 0, 0x11, 0], [0, 0, 0, 1]] {
            assert!(Decoder::new(Order::Little).decode(&unit, true, &mut Vec::new()).is_none(), "{unit:?}");
        }
    }

    #[test]
    fn marks_and_zeros_tell_it() {
        for (first, told) in [
            (&b"\xff\xfe\0\0"[..], Some(Order::Little)),
            (b"\0\0\xfe\xff", Some(Order::Big)),
            (b"{\0\0\0", Some(Order::Little)),
            (b"\0\0\0[", Some(Order::Big)),
            (b"{\0\"\0", None),
            (b"\0\0\0\0", None),
            (b"{\0\0", None),
        ] {
            assert_eq!(order(first), told, "{}", first.escape_ascii());
        }
    }
}
