//! What a witness says of a checkpoint: that it saw no other history of this ledger, as C2SP's `tlog-cosignature` has it.
//!
//! A cosignature is one more signature line behind a checkpoint's own, over the same text and a time. Only Ed25519 ones
//! are read; a line of another key or sort is passed over, as the specification demands.

use std::str;

use data_encoding::BASE64;
use jiff::Timestamp;

use crate::ledger::checkpoint::SIGNATURE;
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
