//! What a text holds, counted before anybody looks closer: most texts hold too few digits and marks
//! for any detector, and must cost no more than this.

/// Counts of one text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// ASCII digits.
    pub digits: usize,
    /// ASCII letters.
    pub letters: usize,
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
        if text.len() <= SHORT {
            return Census::of_short(text);
        }
        let mut all = Census::default();
        for chunk in text.as_bytes().chunks(CHUNK) {
            let (mut digits, mut letters, mut ats, mut colons, mut dots, mut pluses, mut folds) =
                (0u8, 0u8, 0u8, 0u8, 0u8, 0u8, 0u8);
            for &byte in chunk {
                digits += u8::from(byte.is_ascii_digit());
                letters += u8::from(byte.is_ascii_alphabetic());
                ats += u8::from(byte == b'@');
                colons += u8::from(byte == b':');
                dots += u8::from(byte == b'.');
                pluses += u8::from(byte == b'+');
                folds |= u8::from(may_fold(byte));
            }
            all.digits += usize::from(digits);
            all.letters += usize::from(letters);
            all.ats += usize::from(ats);
            all.colons += usize::from(colons);
            all.dots += usize::from(dots);
            all.pluses += usize::from(pluses);
            all.folds |= folds != 0;
        }
        all
    }

    /// The same, a byte after the other: nearly all values are too short for anything else to be worth it.
    fn of_short(text: &str) -> Census {
        let sum = text.bytes().fold(0, |sum, byte| sum + COUNTS[usize::from(byte)]);
        let counted = |what: u32| (sum >> (8 * what) & 0xff) as usize;
        Census {
            digits: counted(DIGITS),
            letters: counted(LETTERS),
            ats: counted(ATS),
            colons: counted(COLONS),
            dots: counted(DOTS),
            pluses: counted(PLUSES),
            folds: counted(FOLDS) > 0,
        }
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

/// So many bytes are counted by a table. No count in it can grow beyond its own byte.
const SHORT: usize = 64;

const DIGITS: u32 = 0;
const LETTERS: u32 = 1;
const ATS: u32 = 2;
const COLONS: u32 = 3;
const DOTS: u32 = 4;
const PLUSES: u32 = 5;
const FOLDS: u32 = 6;

/// What each byte adds: a byte of this number for each thing that is counted.
const COUNTS: [u64; 256] = {
    let mut all = [0; 256];
    let mut at = 0;
    while at < all.len() {
        let byte = at as u8;
        let what = match byte {
            b'0'..=b'9' => Some(DIGITS),
            b'a'..=b'z' | b'A'..=b'Z' => Some(LETTERS),
            b'@' => Some(ATS),
            b':' => Some(COLONS),
            b'.' => Some(DOTS),
            b'+' => Some(PLUSES),
            _ if may_fold(byte) => Some(FOLDS),
            _ => None,
        };
        if let Some(what) = what {
            all[at] = 1 << (8 * what);
        }
        at += 1;
    }
    all
};

/// So many bytes cannot count further than a byte can.
const CHUNK: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_counted_and_what_folds_is_seen() {
        let text = "a@b.c +81:90 ".repeat(40);
        let counts = Census { digits: 160, letters: 120, ats: 40, colons: 40, dots: 40, pluses: 40, folds: false };
        assert_eq!(Census::of(&text), counts);
        for byte in 0..=127_u8 {
            let one = char::from(byte).to_string();
            let many = one.repeat(2 * SHORT);
            let (one, many) = (Census::of(&one), Census::of(&many));
            let times = |count: usize| 2 * SHORT * count;
            assert_eq!((times(one.digits), times(one.letters)), (many.digits, many.letters), "{byte}");
            assert_eq!((times(one.ats), times(one.colons)), (many.ats, many.colons), "{byte}");
            assert_eq!((times(one.dots), times(one.pluses)), (many.dots, many.pluses), "{byte}");
        }
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
