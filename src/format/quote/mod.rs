//! Quoting undone and done again: the text that a reader sees, and the bytes that stand for it.
//!
//! A leaf tells how each of its runs is written; here the layers are taken off with a map back to
//! the raw bytes, put on again around a new text, and an edit of the text becomes an edit of the
//! raw bytes that leaves every other byte as it was. Which edit is made is decided elsewhere.

pub(super) mod card;
mod decode;
mod encode;
mod legacy;
mod splice;
mod style;
mod xml;

use std::fmt;
use std::ops::Range;

pub(super) use self::style::escape as style_escape;
pub use self::xml::ends_comment as ends_xml_comment;
use crate::terms::leaf::Piece;
use crate::terms::quote::Quotes;

/// A text with its quoting undone. It may hold personal data, so its `Debug` shows lengths alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The text.
    pub text: String,
    /// For each byte of the text, and one past its end, where in the raw text the character that
    /// the byte belongs to begins; the last is where the raw text ends.
    pub map: Vec<u32>,
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoded({} bytes)", self.text.len())
    }
}

/// A text that is not written as its quoting says, or an edit that cannot be made in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Where, in bytes of the text that was given.
    pub at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text is not quoted as it should be at byte {}", self.at)
    }
}

impl std::error::Error for Malformed {}

/// Undoes the layers, the outermost first.
pub fn decode(quotes: Quotes, raw: &str) -> Result<Decoded, Malformed> {
    decode::layers(quotes, raw)
}

/// Writes a whole text in these layers, the innermost first. A CSV cell that a spreadsheet would
/// take for a formula begins with `'` afterwards.
pub fn encode(quotes: Quotes, text: &str) -> String {
    if encode::is_formula(quotes, text) {
        return encode::layers(quotes, &format!("'{text}"));
    }
    encode::layers(quotes, text)
}

/// Turns the edit of a range of a leaf's text into edits of the raw body, in its order.
///
/// `raw` is a part of the body that holds all pieces; its first byte is number `base` of the body.
/// The replacement goes into the first piece that the range touches; the others lose their part.
pub fn splice(
    raw: &str,
    pieces: &[Piece],
    base: usize,
    range: Range<usize>,
    replacement: &str,
) -> Result<Vec<(Range<usize>, String)>, Malformed> {
    splice::all(raw, pieces, base, &[(range, replacement)])
}

/// The same for several edits of one leaf, in the order of its text and without overlap. Edits of
/// one leaf must come together: some quotings can only be rewritten as a whole.
pub fn splice_all(
    raw: &str,
    pieces: &[Piece],
    base: usize,
    edits: &[(Range<usize>, &str)],
) -> Result<Vec<(Range<usize>, String)>, Malformed> {
    splice::all(raw, pieces, base, edits)
}
