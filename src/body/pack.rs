//! Compression put on again, in the coding in which the CRM sent the answer.
//!
//! The levels are those that keep up with a network: what is packed here is read once. Each part of a
//! long answer is flushed, so that it can be read before the next one comes.

use std::io::{self, Write};

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::body::coding::Coding;
use crate::terms::refusal::{Reason, Refusal};

const BROTLI_BUFFER: usize = 16 << 10;
const BROTLI_QUALITY: u32 = 4;
/// 1 MiB back.
const BROTLI_WINDOW_LOG: u32 = 20;
const ZSTD_LEVEL: i32 = 3;

/// Packs one body.
pub struct Packer(Stream);

enum Stream {
    Gzip(GzEncoder<Vec<u8>>),
    Deflate(ZlibEncoder<Vec<u8>>),
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Packer {
    /// A packer for one body.
    pub fn new(coding: Coding) -> Result<Packer, Refusal> {
        let level = Compression::new(4);
        Ok(Packer(match coding {
            Coding::Gzip => Stream::Gzip(GzEncoder::new(Vec::new(), level)),
            Coding::Deflate => Stream::Deflate(ZlibEncoder::new(Vec::new(), level)),
            Coding::Brotli => Stream::Brotli(Box::new(CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER,
                BROTLI_QUALITY,
                BROTLI_WINDOW_LOG,
            ))),
            Coding::Zstd => {
                Stream::Zstd(zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(|_| failed())?)
            }
        }))
    }

    /// Packs a part, so that all of it can be read from what was given so far.
    pub fn part(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let packed = match &mut self.0 {
            Stream::Gzip(encoder) => flushed(encoder, bytes).map(|()| std::mem::take(encoder.get_mut())),
            Stream::Deflate(encoder) => flushed(encoder, bytes).map(|()| std::mem::take(encoder.get_mut())),
            Stream::Brotli(encoder) => flushed(encoder, bytes).map(|()| std::mem::take(encoder.get_mut())),
            Stream::Zstd(encoder) => flushed(encoder, bytes).map(|()| std::mem::take(encoder.get_mut())),
        };
        packed.map_err(|_| failed())
    }

    /// Packs the last part.
    pub fn end(mut self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        let writer: &mut dyn Write = match &mut self.0 {
            Stream::Gzip(encoder) => encoder,
            Stream::Deflate(encoder) => encoder,
            Stream::Brotli(encoder) => encoder,
            Stream::Zstd(encoder) => encoder,
        };
        writer.write_all(bytes).map_err(|_| failed())?;
        let packed = match self.0 {
            Stream::Gzip(encoder) => encoder.finish(),
            Stream::Deflate(encoder) => encoder.finish(),
            Stream::Brotli(encoder) => Ok(encoder.into_inner()),
            Stream::Zstd(encoder) => encoder.finish(),
        };
        packed.map_err(|_| failed())
    }
}

fn flushed(writer: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes)?;
    writer.flush()
}

fn failed() -> Refusal {
    Refusal::new(Reason::Internal, "the answer could not be packed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::unpack::Unpacker;
    use crate::terms::bounds::Bounds;

    #[test]
    fn each_part_can_be_read_before_the_next_one_comes() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            let mut packer = Packer::new(coding).expect("a packer");
            let mut unpacker = Unpacker::new(coding, &Bounds::default());
            let mut read = |bytes: &[u8]| {
                unpacker.feed(bytes);
                let mut all = Vec::new();
                while let Some(piece) = unpacker.piece().expect("a piece") {
                    all.extend(piece);
                }
                String::from_utf8(all).expect("text")
            };
            assert_eq!(read(&packer.part("山田".as_bytes()).expect("a part")), "山田", "{coding:?}");
            assert_eq!(read(&packer.part(b"").expect("a part")), "", "{coding:?}");
            assert_eq!(read(&packer.part(b"****").expect("a part")), "****", "{coding:?}");
            assert_eq!(read(&packer.end(b"end").expect("the end")), "end", "{coding:?}");
            assert_eq!(unpacker.end(), Ok(()), "{coding:?}");
        }
    }
}
