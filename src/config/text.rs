//! The text of a file that people write: as much of it as can be one, and only if it is UTF-8.
//!
//! Editors on Windows save as UTF-16 or Shift_JIS. That is told with the place of the first byte
//! that is wrong, instead of guessed: a guess could make another name of a name.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{FILE_BYTES, Source, Spot};

/// Why there is no text.
#[derive(Debug)]
pub enum TextError {
    /// The system does not give the file.
    System(io::Error),
    /// It is no UTF-8.
    Encoding(Encoding),
}

/// What a file is instead of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// The line of the first byte that is wrong, counted from 1.
    pub line: usize,
    /// Its column in characters, counted from 1.
    pub column: usize,
    /// What the file seems to be.
    pub seems: &'static str,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TextError::System(error) => error.fmt(f),
            TextError::Encoding(Encoding { line, column, seems }) => {
                write!(f, "it is not UTF-8 but seems to be {seems} (line {line}, column {column})")
            }
        }
    }
}

/// Reads a file. Of one that is too long to be taken no more than that shows is read.
pub fn read(path: &Path) -> Result<String, TextError> {
    let file = File::open(path).map_err(TextError::System)?;
    let mut bytes = Vec::new();
    // One byte more than may be tells the reader that the file is too long.
    let most = u64::try_from(FILE_BYTES).unwrap_or(u64::MAX) + 1;
    file.take(most).read_to_end(&mut bytes).map_err(TextError::System)?;
    text(bytes)
}

/// A file's bytes as text.
fn text(bytes: Vec<u8>) -> Result<String, TextError> {
    let cut = bytes.len() > FILE_BYTES;
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let valid = error.utf8_error().valid_up_to();
    if cut && error.utf8_error().error_len().is_none() {
        // The cut went through a character; the length is the fault.
        return Ok(String::from_utf8_lossy(error.as_bytes()).into_owned());
    }
    let bytes = error.as_bytes();
    let before = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    Err(TextError::Encoding(Encoding { line, column, seems: seems(bytes) }))
}

/// What people's editors save when it is not UTF-8. Text in small letters has a zero in every other
/// byte of its UTF-16.
fn seems(bytes: &[u8]) -> &'static str {
    const HEAD: usize = 1024;
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return "UTF-16",
        _ if bytes.iter().take(HEAD).filter(|byte| **byte == 0).count() * 4 > bytes.len().min(HEAD) => return "UTF-16",
        _ => {}
    }
    for encoding in [encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP] {
        let (text, bad) = encoding.decode_without_bom_handling(bytes);
        let is_kana = |c: char| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '：' | '\u{3000}');
        if !bad && text.chars().any(is_kana) {
            return encoding.name();
        }
    }
    "another encoding"
}

/// The fault that a file without a text is.
pub fn fault(path: &Path, error: &TextError) -> Fault {
    let mut spot = Spot::start_of(&plain(path));
    let mut faults = Faults::new();
    match error {
        TextError::System(error) => {
            faults.error(&spot, "unreadable", format!("`{}` cannot be read: {error}", plain(path)));
        }
        TextError::Encoding(encoding) => {
            (spot.line, spot.column) = (encoding.line, encoding.column);
            let message = format!("the file is not UTF-8 but seems to be {}", encoding.seems);
            faults.error(&spot, "encoding", message).help("save it as UTF-8");
        }
    }
    let mut fault = faults.into_sorted().remove(0);
    // There is no line that could be shown.
    fault.text = Some("".into());
    fault
}

/// A file with its name as diagnostics, records and pages show it.
pub fn source(path: &Path) -> Result<Source, TextError> {
    Ok(Source { name: plain(path), text: read(path)? })
}

/// A path in the one spelling that is shown: without `.` in it, because what marks lines by names knows
/// no `./rules/desk.yaml`.
pub fn plain(path: &Path) -> String {
    let plain: PathBuf = path.components().filter(|part| !matches!(part, Component::CurDir)).collect();
    if plain.as_os_str().is_empty() { path.display().to_string() } else { plain.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf8_says_where_and_what_it_seems_to_be() {
        let utf16 = |text: &str, mark: bool| {
            let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
        };
        let encoded = |encoding: &'static encoding_rs::Encoding| {
            [b"sudare: 1\nname: a".as_slice(), &encoding.encode("受付の規則").0].concat()
        };
        for (bytes, seems, place) in [
            (utf16("sudare: 1\n", true), "UTF-16", (1, 1)),
            (utf16("é: 1\nname: xxxxxxxxxxxxxxxx", false), "UTF-16", (1, 1)),
            (encoded(encoding_rs::SHIFT_JIS), "Shift_JIS", (2, 8)),
            (encoded(encoding_rs::EUC_JP), "EUC-JP", (2, 8)),
            (b"sudare: 1\nname: caf\xe9 1\n".to_vec(), "another encoding", (2, 10)),
        ] {
            let Err(TextError::Encoding(told)) = text(bytes) else { panic!("{seems} is no UTF-8") };
            assert_eq!((told.seems, (told.line, told.column)), (seems, place));
        }
        assert_eq!(text("\u{feff}名: 1".as_bytes().to_vec()).ok().as_deref(), Some("\u{feff}名: 1"));
    }

    #[test]
    fn a_file_without_an_end_is_read_to_the_bound() {
        let path = Path::new("/dev/zero");
        if path.exists() {
            assert_eq!(read(path).expect("zeros are UTF-8").len(), FILE_BYTES + 1);
        }
        // The bound lies in the middle of a character.
        let wide = "名".repeat(FILE_BYTES / 3 + 1).into_bytes();
        assert!(text(wide[..FILE_BYTES + 1].to_vec()).is_ok_and(|text| text.len() > FILE_BYTES));
    }
}
