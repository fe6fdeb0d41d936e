//! Finds the frames of HTTP/2 in bytes that come at any cut (RFC 9113, 4.1).

/// The bytes that open a client's side of a connection.
pub(super) const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

/// The bytes before a frame's payload.
const HEAD: usize = 9;

/// The bytes of a payload that are kept: as much as frames that steer need, data not at all.
const KEPT: usize = 240;

/// The kinds of frames that matter here.
pub(super) mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// The flags that matter here; `ACK` shares its bit with `END_STREAM`, in other frames.
pub(super) mod flag {
    pub const END_STREAM: u8 = 1;
    pub const ACK: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
}

/// The codes with which streams and connections end (RFC 9113, 7).
pub(super) mod code {
    pub const NO_ERROR: u32 = 0;
    pub const PROTOCOL_ERROR: u32 = 1;
    pub const INTERNAL_ERROR: u32 = 2;
    pub const CANCEL: u32 = 8;
    pub const ENHANCE_YOUR_CALM: u32 = 11;
}

/// What stands before a frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The payload's bytes.
    pub length: usize,
    /// The kind.
    pub kind: u8,
    /// The flags.
    pub flags: u8,
    /// The stream, or 0 for the connection.
    pub stream: u32,
}

impl Head {
    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn read(bytes: &[u8; HEAD]) -> Head {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        Head {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & !(1 << 31),
        }
    }
}

/// One direction of a connection, up to the byte that was seen last.
#[derive(Debug)]
pub(super) struct Scanner {
    preface_left: usize,
    head: [u8; HEAD],
    have: usize,
    done: usize,
    kept: Vec<u8>,
}

impl Scanner {
    /// A direction at its first byte, which so many bytes open that are no frame.
    pub fn new(preface: usize) -> Scanner {
        Scanner { preface_left: preface, head: [0; HEAD], have: 0, done: 0, kept: Vec::new() }
    }

    /// Takes bytes up to the end of the next frame, or all of them where it does not end.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Head> {
        let preface = split(input, self.preface_left);
        self.preface_left -= preface.len();
        if self.have == 0 {
            self.kept.clear();
        }
        let head = split(input, if self.preface_left > 0 { 0 } else { HEAD - self.have });
        self.head[self.have..][..head.len()].copy_from_slice(head);
        self.have += head.len();
        let head = self.present()?;
        let payload = split(input, head.length - self.done);
        self.done += payload.len();
        self.kept.extend(payload.iter().take(KEPT - self.kept.len()));
        if self.done < head.length {
            return None;
        }
        self.have = 0;
        self.done = 0;
        Some(head)
    }

    /// The first bytes of the frame that ended last.
    pub fn payload(&self) -> &[u8] {
        &self.kept
    }

    /// Whether a number of the last frame's payload stands there; a frame cut short has none.
    pub fn number(&self, at: usize) -> Option<u32> {
        self.kept.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
    }

    /// Whether the last byte ended a frame, or the preface.
    pub fn is_between(&self) -> bool {
        self.preface_left == 0 && self.have == 0
    }

    /// The frame in whose midst the last byte stands, if its head is complete.
    pub fn present(&self) -> Option<Head> {
        (self.have == HEAD).then(|| Head::read(&self.head))
    }
}

/// Takes up to `count` bytes off the front.
fn split<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = input.split_at(count.min(input.len()));
    *input = rest;
    front
}

/// A frame of a few numbers.
pub(super) fn numbers(kind: u8, stream: u32, payload: &[u32]) -> Vec<u8> {
    // A payload of a few numbers is far below 256 bytes.
    let mut frame = vec![0, 0, (payload.len() * 4) as u8, kind, 0];
    for number in [stream].iter().chain(payload) {
        frame.extend_from_slice(&number.to_be_bytes());
    }
    frame
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// The frames in these pieces, and whether they end between two.
    fn frames(pieces: &[&[u8]]) -> (Vec<(Head, Vec<u8>)>, bool) {
        let mut scanner = Scanner::new(2);
        let mut found = Vec::new();
        for mut piece in pieces.iter().copied() {
            while !piece.is_empty() {
                if let Some(head) = scanner.next(&mut piece) {
                    found.push((head, scanner.payload().to_vec()));
                }
            }
        }
        (found, scanner.is_between())
    }

    #[test]
    fn frames_are_found_behind_the_preface() {
        let bytes = [&b"PR"[..], &numbers(kind::RST_STREAM, 3, &[8]), &[0, 1, 0, 0, 1, 128, 0, 0, 7], &[b'a'; 256]];
        let (found, between) = frames(&[&bytes.concat()]);
        let rst = Head { length: 4, kind: kind::RST_STREAM, flags: 0, stream: 3 };
        let data = Head { length: 256, kind: kind::DATA, flags: flag::END_STREAM, stream: 7 };
        assert_eq!(found, [(rst, vec![0, 0, 0, 8]), (data, vec![b'a'; KEPT])]);
        assert!(between);
    }

    proptest! {
        #[test]
        fn no_cut_changes_the_frames(lengths in vec(0_u8..40, 0..6), tail in 0_usize..12, cut in 0_usize..300) {
            let mut bytes = b"PR".to_vec();
            for length in &lengths {
                bytes.extend([0, 0, *length, 0, 0, 0, 0, 0, 1]);
                bytes.extend(vec![9; usize::from(*length)]);
            }
            bytes.extend(&[0, 0, 4, 6, 0, 0, 0, 0, 0, 1, 2, 3][..tail]);
            let (left, right) = bytes.split_at(cut.min(bytes.len()));
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = frames(&[&bytes]);
            prop_assert_eq!(whole.0.len(), lengths.len());
            prop_assert_eq!(whole.1, tail == 0);
            prop_assert_eq!(&whole, &frames(&[left, right]));
            prop_assert_eq!(&whole, &frames(&single));
        }
    }
}
