//! The hash chain: how a record is sealed into a line, and how a line is read back and doubted.
//!
//! A line is `{"seq":…,"time":…,"node":…,BODY,"prev":"…","hash":"…"}`. Its hash is SHA-256 over the bytes before
//! `,"hash"`, and those bytes hold the hash of the line before, so that no line can be changed, dropped or moved
//! without every later hash changing too. Nothing here needs more than `sha256sum` to be checked by hand. Whoever can
//! write the folder can make a whole new chain; the signed checkpoints are there for that.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

/// A SHA-256 digest; shown as lowercase hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Hash(hash)
    }

    /// Reads 64 lowercase hexadecimal digits.
    pub fn from_hex(hex: &[u8]) -> Option<Hash> {
        let mut hash = [0; 32];
        if hex.len() != HEX_BYTES {
            return None;
        }
        HEXLOWER.decode_mut(hex, &mut hash).ok()?;
        Some(Hash(hash))
    }

    fn hex(&self) -> [u8; HEX_BYTES] {
        let mut hex = [0; HEX_BYTES];
        HEXLOWER.encode_mut(&self.0, &mut hex);
        hex
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The end of the chain: how many records there are and the hash of the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tip {
    /// The number of the last record; 0 before the first one.
    pub seq: u64,
    /// Its hash; the hash of no bytes before the first one.
    pub hash: Hash,
}

impl Tip {
    /// The chain before its first record.
    pub fn start() -> Tip {
        Tip { seq: 0, hash: Hash::of(b"") }
    }

    /// Appends the next line to `out` and moves the tip onto it. `node` is a JSON string with its quotes, `body` the
    /// members between `node` and `prev`.
    pub fn seal(&mut self, time: &str, node: &[u8], body: &[u8], out: &mut Vec<u8>) {
        let begin = out.len();
        let prev = self.hash.hex();
        out.extend_from_slice(SEQ);
        out.extend_from_slice((self.seq + 1).to_string().as_bytes());
        out.extend_from_slice(b",\"time\":\"");
        out.extend_from_slice(time.as_bytes());
        out.extend_from_slice(b"\",\"node\":");
        out.extend_from_slice(node);
        out.push(b',');
        out.extend_from_slice(body);
        out.extend_from_slice(PREV);
        if self.seq > 0 {
            out.extend_from_slice(&prev);
        }
        out.push(b'"');
        self.seq += 1;
        self.hash = Hash::of(&out[begin..]);
        out.extend_from_slice(HASH);
        out.extend_from_slice(&self.hash.hex());
        out.extend_from_slice(b"\"}\n");
    }

    /// Whether this line is the one that comes after the tip; moves onto it when it is.
    pub fn follow(&mut self, line: &Sealed) -> Result<(), Fault> {
        if line.seq > self.seq + 1 {
            return Err(Fault::Missing { first: self.seq + 1, last: line.seq - 1 });
        }
        if line.seq != self.seq + 1 {
            return Err(Fault::Order { found: line.seq, expected: self.seq + 1 });
        }
        let prev = (self.seq > 0).then_some(self.hash);
        if line.prev != prev {
            return Err(Fault::Prev);
        }
        *self = line.tip();
        Ok(())
    }
}

/// A line that holds together by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sealed {
    /// Its number.
    pub seq: u64,
    /// The hash before it; nothing in the first one.
    pub prev: Option<Hash>,
    /// Its hash.
    pub hash: Hash,
}

impl Sealed {
    /// Reads a line without its newline, and fails unless its hash is that of its bytes.
    pub fn read(line: &[u8]) -> Result<Sealed, Fault> {
        let (head, tail) = line.split_at_checked(line.len().wrapping_sub(TAIL_BYTES)).ok_or(Fault::Shape)?;
        let hex = tail.strip_prefix(HASH).and_then(|rest| rest.strip_suffix(b"\"}"));
        let hash = hex.and_then(Hash::from_hex).ok_or(Fault::Shape)?;
        if Hash::of(head) != hash {
            return Err(Fault::Changed);
        }
        let seq = seq_of(head).ok_or(Fault::Shape)?;
        let prev = prev_of(head).ok_or(Fault::Shape)?;
        Ok(Sealed { seq, prev, hash })
    }

    /// The chain's tip when this is its last line.
    pub fn tip(&self) -> Tip {
        Tip { seq: self.seq, hash: self.hash }
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is not a record at all.
    Shape,
    /// Its hash is not that of its bytes.
    Changed,
    /// Records before it are missing.
    Missing {
        /// The first missing one.
        first: u64,
        /// The last missing one.
        last: u64,
    },
    /// Another record should stand here.
    Order {
        /// The number in the line.
        found: u64,
        /// The number that should be there.
        expected: u64,
    },
    /// It was chained to another record than the one before it.
    Prev,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Shape => f.write_str("this is not a whole record: the line was changed or damaged"),
            Fault::Changed => f.write_str("the line was changed: its hash is not that of its bytes"),
            Fault::Missing { first, last } if first == last => write!(f, "record {first} is missing before this line"),
            Fault::Missing { first, last } => write!(f, "records {first} to {last} are missing before this line"),
            Fault::Order { found, expected } => {
                write!(f, "record {found} stands where record {expected} should be: lines were moved or repeated")
            }
            Fault::Prev => f.write_str("the line does not continue the one before it: one of the two was replaced"),
        }
    }
}

const SEQ: &[u8] = b"{\"seq\":";
const PREV: &[u8] = b",\"prev\":\"";
const HASH: &[u8] = b",\"hash\":\"";
const HEX_BYTES: usize = 64;
const TAIL_BYTES: usize = HASH.len() + HEX_BYTES + 2;

/// The number that a line begins with, whatever else is wrong with it.
pub fn seq_of(head: &[u8]) -> Option<u64> {
    let rest = head.strip_prefix(SEQ)?;
    let digits = &rest[..rest.iter().position(|byte| *byte == b',')?];
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn prev_of(head: &[u8]) -> Option<Option<Hash>> {
    let head = head.strip_suffix(b"\"")?;
    if head.ends_with(PREV) {
        return Some(None);
    }
    let (before, hex) = head.split_at_checked(head.len().checked_sub(HEX_BYTES)?)?;
    before.ends_with(PREV).then(|| Hash::from_hex(hex)).flatten().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<Vec<u8>> {
        let mut tip = Tip::start();
        let mut lines = Vec::new();
        for body in ["\"a\":1", "\"a\":2", "\"a\":3"] {
            let mut line = Vec::new();
            tip.seal("2026-11-22T01:02:03.456789Z", b"\"gw-1\"", body.as_bytes(), &mut line);
            assert_eq!(line.pop(), Some(b'\n'));
            lines.push(line);
        }
        lines
    }

    #[test]
    fn the_hash_is_over_the_bytes_before_the_hash_member() {
        let line = String::from_utf8(three().remove(1)).unwrap();
        let (head, tail) = line.split_once(",\"hash\"").unwrap();
        assert_eq!(tail, format!(":\"{}\"}}", Hash::of(head.as_bytes())));
        assert!(
            head.starts_with("{\"seq\":2,\"time\":\"2026-11-22T01:02:03.456789Z\",\"node\":\"gw-1\",\"a\":2,\"prev\":")
        );
    }

    #[test]
    fn lines_follow_one_another_and_nothing_else() {
        let lines: Vec<Sealed> = three().iter().map(|line| Sealed::read(line).unwrap()).collect();
        let mut tip = Tip::start();
        for line in &lines {
            tip.follow(line).unwrap();
        }
        let mut tip = Tip::start();
        assert_eq!(tip.follow(&lines[2]), Err(Fault::Missing { first: 1, last: 2 }));
        tip.follow(&lines[0]).unwrap();
        assert_eq!(tip.follow(&lines[0]), Err(Fault::Order { found: 1, expected: 2 }));
        assert_eq!(tip.follow(&Sealed { prev: Some(lines[1].hash), ..lines[1] }), Err(Fault::Prev));
    }

    #[test]
    fn every_changed_byte_shows_in_its_own_line() {
        let line = three().remove(1);
        for at in 0..line.len() {
            let mut changed = line.clone();
            changed[at] ^= 1;
            assert!(Sealed::read(&changed).is_err(), "byte {at}");
            assert!(Sealed::read(&line[..at]).is_err(), "cut at {at}");
        }
    }
}
