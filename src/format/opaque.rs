//! Images and fonts: bodies whose first bytes prove what they are, and in which nothing is looked
//! for.

use crate::terms::leaf::{Sink, Walker};
use crate::terms::refusal::Refusal;

/// Whether these first bytes are those of an image or a font.
pub fn is_proven(first: &[u8]) -> bool {
    const MAGIC: [&[u8]; 9] = [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF87a",
        b"GIF89a",
        b"\x00\x00\x01\x00",
        b"wOFF",
        b"wOF2",
        b"OTTO\x00",
        b"true\x00",
    ];
    let webp = first.starts_with(b"RIFF") && first.get(8..12) == Some(b"WEBP");
    // Other files begin with the same four bytes; a font has fewer than 256 tables.
    let truetype = first.starts_with(b"\x00\x01\x00\x00\x00");
    webp || truetype || MAGIC.iter().any(|magic| first.starts_with(magic))
}

/// Shows nothing and settles everything.
#[derive(Default)]
pub struct OpaqueWalker {
    read: usize,
}

impl Walker for OpaqueWalker {
    fn write(&mut self, chunk: &[u8], sink: &mut dyn Sink) -> Result<(), Refusal> {
        self.read += chunk.len();
        sink.settled(self.read)
    }

    fn end(&mut self, _: &mut dyn Sink) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_magic_proves() {
        for first in [&b"\x89PNG\r\n\x1a\n...."[..], b"RIFF\x10\0\0\0WEBPVP8 ", b"\0\x01\0\0\0\x0c\0\x80", b"wOF2"] {
            assert!(is_proven(first));
        }
        for other in [&b"\x89PNG"[..], b"RIFF\x10\0\0\0WAVEfmt ", b"\0\x01\0\0Standard Jet DB", b"", b"<svg>", b"true"]
        {
            assert!(!is_proven(other));
        }
    }
}
