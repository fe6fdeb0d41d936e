//! Compression taken off, bit by bit and within bounds.
//!
//! What comes out is asked for a piece at a time, so that a few bytes that stand for gigabytes cost no
//! more than a piece; what gives more than so many times what came is refused. A body is one stream:
//! a second one behind it, or anything else, some readers show and others do not.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use crate::body::coding::Coding;
use crate::terms::bounds::Bounds;
use crate::terms::refusal::{Reason, Refusal};

/// How much comes out at once.
const PIECE_BYTES: usize = 32 << 10;

/// A body may be so long whatever it was packed into: a page of blanks is no bomb.
const FREE_BYTES: u64 = 256 << 10;

/// How far zstd may look back (RFC 9659): 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Takes the coding off one body.
pub struct Unpacker {
    stream: Stream,
    coding: Coding,
    came: Vec<u8>,
    /// How many of the bytes that came are read.
    read: usize,
    all_came: u64,
    all_gave: u64,
    ratio: u64,
    complete: bool,
}

enum Stream {
    /// The first bytes tell how it goes on.
    Begin,
    Inflate(Decompress),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd(Box<Decoder<'static>>),
}

/// What one step did.
struct Step {
    read: usize,
    gave: usize,
    complete: bool,
}

impl Unpacker {
    /// An unpacker for one body.
    pub fn new(coding: Coding, bounds: &Bounds) -> Unpacker {
        Unpacker {
            stream: Stream::Begin,
            coding,
            came: Vec::new(),
            read: 0,
            all_came: 0,
            all_gave: 0,
            ratio: bounds.inflate_ratio as u64,
            complete: false,
        }
    }

    /// Takes the next bytes; what they give is asked for until there is nothing more.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.came.drain(..self.read);
        self.read = 0;
        self.came.extend_from_slice(bytes);
        self.all_came += bytes.len() as u64;
    }

    /// The next piece of what was packed; nothing where more must come first.
    pub fn piece(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        if !self.begun()? {
            return Ok(None);
        }
        let mut piece = vec![0; PIECE_BYTES];
        let mut length = 0;
        while !self.complete && length < piece.len() {
            let step = self.step(&mut piece[length..])?;
            self.read += step.read;
            length += step.gave;
            self.complete = step.complete;
            if step.read == 0 && step.gave == 0 {
                break;
            }
        }
        if self.complete && self.read < self.came.len() {
            return Err(self.refuse("that goes on behind its end"));
        }
        self.all_gave += length as u64;
        if self.all_gave > FREE_BYTES && self.all_gave / self.ratio > self.all_came {
            let note = format!("a body in `{}` of more than {} times its length", self.coding.word(), self.ratio);
            return Err(Refusal::new(Reason::Bound, note));
        }
        piece.truncate(length);
        Ok(if length > 0 { Some(piece) } else { None })
    }

    /// The body is complete: nothing at all, or a whole stream.
    pub fn end(&self) -> Result<(), Refusal> {
        if self.complete || self.all_came == 0 { Ok(()) } else { Err(self.refuse("that breaks off")) }
    }

    /// Chooses the stream by its first bytes, once they are there.
    fn begun(&mut self) -> Result<bool, Refusal> {
        const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
        if !matches!(self.stream, Stream::Begin) {
            return Ok(true);
        }
        self.stream = match (self.coding, &self.came[..]) {
            (_, []) | (Coding::Deflate, [_]) => return Ok(false),
            (Coding::Gzip, _) => Stream::Inflate(Decompress::new_gzip(15)),
            (Coding::Deflate, [first, second, ..]) => Stream::Inflate(Decompress::new(is_zlib(*first, *second))),
            (Coding::Brotli, _) => Stream::Brotli(Box::new(BrotliState::new_strict(
                StandardAlloc::default(),
                StandardAlloc::default(),
                StandardAlloc::default(),
            ))),
            (Coding::Zstd, came) if came.len() < ZSTD.len() => return Ok(false),
            // Other frames than those of data are for whoever knows them.
            (Coding::Zstd, came) if !came.starts_with(ZSTD) => return Err(self.broken()),
            (Coding::Zstd, _) => {
                let mut decoder = Decoder::new().map_err(|_| self.broken())?;
                decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG)).map_err(|_| self.broken())?;
                Stream::Zstd(Box::new(decoder))
            }
        };
        Ok(true)
    }

    fn step(&mut self, out: &mut [u8]) -> Result<Step, Refusal> {
        let came = &self.came[self.read..];
        let step = match &mut self.stream {
            Stream::Begin => Some(Step { read: 0, gave: 0, complete: false }),
            Stream::Inflate(inflate) => inflated(inflate, came, out),
            Stream::Brotli(state) => unbrotlied(state, came, out),
            Stream::Zstd(decoder) => unzstded(decoder, came, out),
        };
        step.ok_or_else(|| self.broken())
    }

    fn broken(&self) -> Refusal {
        self.refuse("that is broken")
    }

    fn refuse(&self, what: &str) -> Refusal {
        Refusal::new(Reason::Unreadable, format!("a body in `{}` {what}", self.coding.word()))
    }
}

/// All that was packed in these bytes.
pub fn whole(coding: Coding, bytes: &[u8], bounds: &Bounds) -> Result<Vec<u8>, Refusal> {
    let mut unpacker = Unpacker::new(coding, bounds);
    let mut all = Vec::new();
    unpacker.feed(bytes);
    while let Some(piece) = unpacker.piece()? {
        all.extend(piece);
    }
    unpacker.end()?;
    Ok(all)
}

/// Whether these bytes begin zlib's frame (RFC 1950). A bare stream never begins so: it would be a
/// stored block with bits set that every writer leaves empty.
fn is_zlib(first: u8, second: u8) -> bool {
    let both = u16::from_be_bytes([first, second]);
    first & 0x0f == 8 && first >> 4 <= 7 && both.is_multiple_of(31) && second & 0x20 == 0
}

fn inflated(inflate: &mut Decompress, came: &[u8], out: &mut [u8]) -> Option<Step> {
    let before = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(came, out, FlushDecompress::None).ok()?;
    // Both are lengths of slices at most.
    let read = usize::try_from(inflate.total_in() - before.0).ok()?;
    let gave = usize::try_from(inflate.total_out() - before.1).ok()?;
    Some(Step { read, gave, complete: status == Status::StreamEnd })
}

fn unbrotlied(
    state: &mut BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    came: &[u8],
    out: &mut [u8],
) -> Option<Step> {
    let (mut available_in, mut read, mut available_out, mut gave, mut total) = (came.len(), 0, out.len(), 0, 0);
    let result = BrotliDecompressStream(
        &mut available_in,
        &mut read,
        came,
        &mut available_out,
        &mut gave,
        out,
        &mut total,
        state,
    );
    match result {
        BrotliResult::ResultFailure => None,
        result => Some(Step { read, gave, complete: matches!(result, BrotliResult::ResultSuccess) }),
    }
}

fn unzstded(decoder: &mut Decoder<'static>, came: &[u8], out: &mut [u8]) -> Option<Step> {
    let mut input = InBuffer::around(came);
    let mut output = OutBuffer::around(out);
    let hint = decoder.run(&mut input, &mut output).ok()?;
    Some(Step { read: input.pos(), gave: output.pos(), complete: hint == 0 })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::body::pack::Packer;

    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

    fn packed(coding: Coding, bytes: &[u8]) -> Vec<u8> {
        Packer::new(coding).expect("a packer").end(bytes).expect("packed")
    }

    fn bare(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed")
    }

    fn reason(coding: Coding, bytes: &[u8]) -> Option<Reason> {
        whole(coding, bytes, &Bounds::default()).err().map(|refusal| refusal.reason)
    }

    fn text() -> Vec<u8> {
        (0..5000)
            .flat_map(|number: u32| format!("{number},山田 {}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    #[test]
    fn what_was_packed_comes_out_at_every_cut() {
        let text = text();
        for coding in ALL {
            for packed in [packed(coding, &text), packed(coding, b"x")] {
                let expected = whole(coding, &packed, &Bounds::default()).expect("unpacked");
                for length in [1, 7, 1000] {
                    let mut unpacker = Unpacker::new(coding, &Bounds::default());
                    let mut all = Vec::new();
                    for chunk in packed.chunks(length) {
                        unpacker.feed(chunk);
                        while let Some(piece) = unpacker.piece().expect("a piece") {
                            all.extend(piece);
                        }
                    }
                    unpacker.end().expect("a whole stream");
                    assert!(all == expected && (all == text || all == b"x"), "{coding:?} in pieces of {length}");
                }
            }
        }
        assert!(whole(Coding::Deflate, &bare(&text), &Bounds::default()).expect("a bare stream") == text);
        assert!(whole(Coding::Deflate, &bare(b""), &Bounds::default()).expect("a bare stream").is_empty());
    }

    #[test]
    fn what_breaks_off_goes_on_or_is_damaged_is_refused() {
        for coding in ALL {
            let whole_one = packed(coding, &text());
            for length in [1, 2, 3, whole_one.len() / 2, whole_one.len() - 1] {
                assert_eq!(reason(coding, &whole_one[..length]), Some(Reason::Unreadable), "{coding:?} {length}");
            }
            for behind in [&b"\0"[..], b"<p>090-1234-5678", &whole_one] {
                let long = [&whole_one, behind].concat();
                assert_eq!(reason(coding, &long), Some(Reason::Unreadable), "{coding:?} and {}", behind.len());
            }
            assert_eq!(reason(coding, b"<p>090-1234-5678</p>"), Some(Reason::Unreadable), "{coding:?}");
            assert_eq!(reason(coding, b""), None, "{coding:?}: no body is no stream");
        }
        // A sum over the content and its length stand at gzip's end.
        let mut damaged = packed(Coding::Gzip, &text());
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        assert_eq!(reason(Coding::Gzip, &damaged), Some(Reason::Unreadable));
        let skippable = [b"\x50\x2a\x4d\x18\x04\0\0\0abcd".to_vec(), packed(Coding::Zstd, b"x")].concat();
        assert_eq!(reason(Coding::Zstd, &skippable), Some(Reason::Unreadable));
    }

    #[test]
    fn bombs_end_early() {
        let blanks = vec![b' '; 64 << 20];
        for coding in ALL {
            let bomb = packed(coding, &blanks);
            let mut unpacker = Unpacker::new(coding, &Bounds::default());
            unpacker.feed(&bomb);
            let mut gave = 0;
            let refusal = loop {
                match unpacker.piece() {
                    Ok(piece) => gave += piece.expect("a piece or a refusal").len(),
                    Err(refusal) => break refusal,
                }
            };
            assert_eq!(refusal.reason, Reason::Bound, "{coding:?}");
            assert!(gave <= (256 << 10) + 200 * bomb.len() + PIECE_BYTES, "{coding:?} gave {gave} of {}", bomb.len());
            assert!(gave < blanks.len(), "{coding:?}");
        }
    }

    #[test]
    fn many_members_are_refused_at_the_second() {
        let member = packed(Coding::Gzip, b"x");
        let mut unpacker = Unpacker::new(Coding::Gzip, &Bounds::default());
        unpacker.feed(&member);
        assert_eq!(unpacker.piece().expect("the first").as_deref(), Some(&b"x"[..]));
        unpacker.feed(&member);
        assert_eq!(unpacker.piece().map_err(|refusal| refusal.reason), Err(Reason::Unreadable));
    }
}
