//! What a witness says of a checkpoint: that it saw no other history of this ledger, as C2SP's `tlog-cosignature` has it.
//!
//! A cosignature is one more signature line behind a checkpoint's own, over the same text and a time. Only Ed25519 ones
//! are read; a line of another key or sort is passed over, as the specification demands.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::str;

use data_encoding::BASE64;
use jiff::Timestamp;

use crate::ledger::checkpoint::{Checkpoint, SIGNATURE};
use crate::ledger::key::PublicKey;

/// The file's name beside the segments: checkpoints with their cosignatures, one behind the other.
pub const FILE_NAME: &str = "cosigned";

/// A witness's own line, and when it signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosignature {
    /// The line, with its newline.
    pub line: String,
    /// The time that is signed with it.
    pub time: Timestamp,
}

/// The line among these with which this witness signed the note's text; nothing where none holds.
pub fn of(note: &[u8], lines: &[u8], witness: &PublicKey) -> Option<Cosignature> {
    let text = str::from_utf8(note).ok()?;
    let text = &text[..text.find("\n\n")? + 1];
    str::from_utf8(lines).ok()?.split_inclusive('\n').find_map(|line| read(text, line, witness))
}

fn read(text: &str, line: &str, witness: &PublicKey) -> Option<Cosignature> {
    let signed = line.strip_prefix(SIGNATURE)?.strip_suffix('\n')?.strip_prefix(&*witness.name)?.strip_prefix(' ')?;
    let bytes = BASE64.decode(signed.as_bytes()).ok()?;
    let (time, signature) = bytes.strip_prefix(&witness.id)?.split_first_chunk::<8>()?;
    let seconds = u64::from_be_bytes(*time);
    let message = format!("cosignature/v1\ntime {seconds}\n{text}");
    let time = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
    witness.signed(message.as_bytes(), signature).then(|| Cosignature { line: line.to_owned(), time })
}

/// A checkpoint that others signed as well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosigned {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Its note, without the lines of others.
    pub note: String,
    /// Their lines.
    pub lines: String,
}

/// The end of the file of cosigned checkpoints.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tail {
    /// The last whole one near the file's end.
    pub last: Option<Cosigned>,
    /// Where that ends; what comes after was cut short.
    pub whole: u64,
    /// The file's length; 0 where there is none.
    pub len: u64,
}

const TAIL_BYTES: u64 = 64 << 10;

/// Reads the end of the file: of what this witness signed, or anybody. What a crash cut short there is passed over.
pub fn tail(path: &Path, key: &PublicKey, witness: Option<&PublicKey>) -> io::Result<Tail> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Tail::default()),
        file => file?,
    };
    let len = file.metadata()?.len();
    let begin = len.saturating_sub(TAIL_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let mut tail = Tail { last: None, whole: 0, len };
    // The first note may have lost its beginning to the bound, and then is none.
    let (mut note, mut own, mut end) = (0, None, 0);
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let signature = line.starts_with(SIGNATURE.as_bytes());
        if !signature && own.take().is_some() {
            note = end;
        }
        end += line.len();
        match (signature, own) {
            (true, None) => own = Some(end),
            (true, Some(own)) => {
                let (note, lines) = (&bytes[note..own], &bytes[own..end]);
                let asked = witness.is_none_or(|witness| of(note, lines, witness).is_some());
                if let Some(cosigned) = cosigned(note, lines, key).filter(|_| asked) {
                    tail = Tail { last: Some(cosigned), whole: begin + end as u64, len };
                }
            }
            (false, _) => {}
        }
    }
    Ok(tail)
}

fn cosigned(note: &[u8], lines: &[u8], key: &PublicKey) -> Option<Cosigned> {
    let (note, lines) = (str::from_utf8(note).ok()?, str::from_utf8(lines).ok()?);
    Some(Cosigned { checkpoint: Checkpoint::read(note, key)?, note: note.to_owned(), lines: lines.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification has a witness's line whose key is not published: its shape is read, and it does
    /// not hold under another key.
    #[test]
    fn a_line_of_another_key_is_no_cosignature() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n";
        let line = "\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        let other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        assert_eq!(of(note.as_bytes(), line.as_bytes(), &other), None);
        assert_eq!(of(b"no note", line.as_bytes(), &other), None);
    }
}
