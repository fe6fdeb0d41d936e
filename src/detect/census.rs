//! What a text holds, counted before anybody looks closer: most texts hold too few digits and marks
//! for any detector, and must cost no more than this.

/// Counts of one text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Its bytes.
    pub bytes: usize,
    /// ASCII digits.
    pub digits: usize,
    /// `@`.
    pub ats: usize,
    /// `:`.
    pub colons: usize,
    /// `.`.
    pub dots: usize,
    /// `+`.
    pub pluses: usize,
    /// Whether folding could add to these counts. Where it cannot, they bound those of the shadow.
    pub folds: bool,
}

impl Census {
    /// Counts. The bytes are gone through without leaving early, which compilers turn into vector
    /// instructions.
    pub fn of(text: &str) -> Census {
        let mut all = Census { bytes: text.len(), ..Census::default() };
        for chunk in text.as_bytes().chunks(CHUNK) {
            let (mut digits, mut ats, mut colons, mut dots, mut pluses, mut folds) = (0u8, 0u8, 0u8, 0u8, 0u8, 0u8);
            for &byte in chunk {
                digits += u8::from(byte.is_ascii_digit());
                ats += u8::from(byte == b'@');
                colons += u8::from(byte == b':');
                dots += u8::from(byte == b'.');
                pluses += u8::from(byte == b'+');
                folds |= u8::from(may_fold(byte));
            }
            all.digits += usize::from(digits);
            all.ats += usize::from(ats);
            all.colons += usize::from(colons);
            all.dots += usize::from(dots);
            all.pluses += usize::from(pluses);
            all.folds |= folds != 0;
        }
        all
    }
}

/// Whether a byte belongs to a character that folding could turn into one that is counted: 0xEF leads
/// full-width forms, 0xF0 mathematical digits, the others the digits of other scripts.
const fn may_fold(byte: u8) -> bool {
    (byte == 0xEF)
        | (byte == 0xF0)
        | (byte == 0xD9)
        | (byte == 0xDB)
        | (byte == 0xDF)
        | (byte == 0xE0)
        | (byte == 0xE1)
        | (byte == 0xEA)
}

/// So many bytes cannot count further than a byte can.
const CHUNK: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_and_what_folds_is_seen() {
        let text = "a@b.c +81:90 ".repeat(40);
        let counts = Census { bytes: 520, digits: 160, ats: 40, colons: 40, dots: 40, pluses: 40, folds: false };
        assert_eq!(Census::of(&text), counts);
        for (text, folds) in [
            ("山田ー𠮷", true),
            ("山田—-", false),
            ("０", true),
            ("\u{660}", true),
            ("\u{6f0}", true),
            ("\u{e50}", true),
        ] {
            assert_eq!(Census::of(text).folds, folds, "{text}");
        }
    }
}
