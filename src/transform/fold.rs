//! One spelling of a value, for reading it.

use unicode_normalization::UnicodeNormalization;

/// NFKC, without marks that nobody sees and without blanks around it; all blanks become one kind.
pub fn plain(value: &str) -> String {
    let visible = value.nfkc().filter(|c| !is_ignorable(*c)).map(|c| if c.is_whitespace() { ' ' } else { c });
    visible.collect::<String>().trim().to_owned()
}

/// The value as it is written, composed, without marks that nobody sees.
pub fn visible(value: &str) -> String {
    value.nfc().filter(|c| !is_ignorable(*c)).collect()
}

/// Whether a character is one of those that people use for a hyphen. The prolonged sound mark is
/// among them, so this is for numbers alone.
pub fn is_dash(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | 'ー' | '⁃' | '˗')
}

fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}
