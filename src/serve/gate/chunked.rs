//! Follows a chunked body byte by byte, and says which of its bytes may go on.
//!
//! Sizes, data and line breaks pass as they are; extensions and trailers, which carry data past every rule, are left
//! out (RFC 9112, 7.1.1 and 7.1.2 allow it). A size has 1 to 16 hexadecimal digits and nothing around them: `0x`,
//! signs, blanks and bare line feeds are read differently elsewhere, so each is a fault. hyper decodes what passes.

use super::bounds::Bounds;
use super::fault::GateFault;
use super::follow::Step;
use super::head::{is_blank, is_control, is_token_byte};

/// Where in a chunked body the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size { digits: u8, size: u64 },
    Extension { size: u64 },
    SizeFeed { size: u64 },
    Data { left: u64 },
    DataReturn,
    DataFeed,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerFeed,
    LastFeed,
    End,
}

/// A chunked body up to the byte that was read last.
#[derive(Debug)]
pub struct Chunked {
    place: Place,
    extension_left: usize,
    trailer_left: usize,
}

impl Chunked {
    /// A body at its first byte.
    pub fn new(bounds: &Bounds) -> Self {
        Chunked {
            place: Place::Size { digits: 0, size: 0 },
            extension_left: bounds.extension_bytes_max,
            trailer_left: bounds.trailer_bytes_max,
        }
    }

    /// Reads on: the longest run of bytes that share one fate, `Wait` on no input, `End` after the last byte. A fault
    /// comes once all sound bytes before it were handed out, so that no cut changes what passes.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, GateFault> {
        if self.place == Place::End {
            return Ok(Step::End);
        }
        let mut taken = 0;
        let mut run = None;
        while taken < input.len() && self.place != Place::End {
            if let Place::Data { left } = self.place {
                if run == Some(false) {
                    break;
                }
                taken += self.data(left, input.len() - taken);
                run = Some(true);
                continue;
            }
            match self.byte(input[taken]).and_then(|read| self.bounded(read)) {
                Err(fault) if taken == 0 => return Err(fault),
                Ok((next, passes)) if run.is_none_or(|run| run == passes) => {
                    self.enter(next, passes);
                    run = Some(passes);
                    taken += 1;
                }
                Ok(_) | Err(_) => break,
            }
        }
        Ok(match run {
            Some(true) => Step::Pass(taken),
            Some(false) => Step::Skip(taken),
            None => Step::Wait,
        })
    }

    /// Whether the last byte was read.
    pub fn is_ended(&self) -> bool {
        self.place == Place::End
    }

    /// Takes data in one stride, and says how much.
    fn data(&mut self, left: u64, available: usize) -> usize {
        let stride = usize::try_from(left).unwrap_or(usize::MAX).min(available);
        self.place = match left - stride as u64 {
            0 => Place::DataReturn,
            left => Place::Data { left },
        };
        stride
    }

    /// Where this byte leads, and whether it goes on.
    fn byte(&self, byte: u8) -> Result<(Place, bool), GateFault> {
        Ok(match (self.place, byte) {
            (Place::Size { digits, size }, _) => size_byte(digits, size, byte)?,
            (Place::Extension { size }, b'\r') => (Place::SizeFeed { size }, true),
            (Place::Extension { size }, _) if !is_control(byte) => (Place::Extension { size }, false),
            (Place::SizeFeed { size: 0 }, b'\n') => (Place::TrailerStart, true),
            (Place::SizeFeed { size: left }, b'\n') => (Place::Data { left }, true),
            (Place::DataReturn, b'\r') => (Place::DataFeed, true),
            (Place::DataFeed, b'\n') => (Place::Size { digits: 0, size: 0 }, true),
            (Place::TrailerStart, b'\r') => (Place::LastFeed, true),
            (Place::TrailerStart, _) if is_token_byte(byte) => (Place::TrailerName, false),
            (Place::TrailerName, b':') => (Place::TrailerValue, false),
            (Place::TrailerName, _) if is_token_byte(byte) => (Place::TrailerName, false),
            (Place::TrailerValue, b'\r') => (Place::TrailerFeed, false),
            (Place::TrailerValue, _) if !is_control(byte) => (Place::TrailerValue, false),
            (Place::TrailerFeed, b'\n') => (Place::TrailerStart, false),
            (Place::LastFeed, b'\n') => (Place::End, true),
            _ => return Err(GateFault::framing("a chunk is not framed as it should be")),
        })
    }

    /// Holds what is left out to its bounds, so that a body of nothing but extensions or trailers ends.
    fn bounded(&self, (next, passes): (Place, bool)) -> Result<(Place, bool), GateFault> {
        let left = match next {
            Place::Extension { .. } => self.extension_left,
            _ => self.trailer_left,
        };
        if !passes && left == 0 {
            return Err(GateFault::framing("chunk extensions or trailers are over the bound"));
        }
        Ok((next, passes))
    }

    fn enter(&mut self, next: Place, passes: bool) {
        match next {
            _ if passes => {}
            // `bounded` has seen to it that there is one left.
            Place::Extension { .. } => self.extension_left -= 1,
            _ => self.trailer_left -= 1,
        }
        self.place = next;
    }
}

fn size_byte(digits: u8, size: u64, byte: u8) -> Result<(Place, bool), GateFault> {
    if let Some(digit) = (byte as char).to_digit(16) {
        // Sixteen digits fill a u64, so that the shift loses nothing.
        if digits == 16 {
            return Err(GateFault::framing("a chunk size has more than 16 digits"));
        }
        let size = size << 4 | u64::from(digit);
        return Ok((Place::Size { digits: digits + 1, size }, true));
    }
    match byte {
        _ if digits == 0 || size > i64::MAX as u64 => Err(GateFault::framing("a chunk size is missing or beyond 2^63")),
        b'\r' => Ok((Place::SizeFeed { size }, true)),
        b';' => Ok((Place::Extension { size }, false)),
        _ if is_blank(byte) => Err(GateFault::framing("a chunk size has a blank after it")),
        _ => Err(GateFault::framing("a chunk size is not hexadecimal")),
    }
}
