//! The alphabets of `format` tokens, and what stands between letters.
//!
//! | alphabet | letters |
//! | --- | --- |
//! | digits | `0`-`9`; the first of a value is `1`-`9` |
//! | Latin | `a`-`z`, `A`-`Z` |
//! | full-width | `０`-`９`, `ａ`-`ｚ`, `Ａ`-`Ｚ` |
//! | hiragana, katakana | rows 4 and 5 of JIS X 0208 |
//! | half-width katakana | `ｦ`-`ﾟ` without the prolonged sound mark |
//! | kanji | `々〆〇` and level 1 of JIS X 0208 (rows 16 to 47); level 2 (rows 48 to 84); IBM's extension |
//!
//! A letter is replaced by one of its own alphabet, so that a name of everyday kanji becomes another
//! such, and a page in Shift_JIS or EUC-JP can hold the token as it held the value. Alphabets share
//! no letter, which is why two values never have one token. The order within one is that of the
//! standard, and must never change: tokens lie in other people's files.

use std::collections::HashMap;
use std::sync::LazyLock;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};
use unicode_normalization::UnicodeNormalization;

use crate::transform::fold::is_dash;

/// Letters that may stand for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alphabet {
    /// A run of code points.
    Run {
        /// The first letter.
        first: char,
        /// How many there are.
        letters: u16,
    },
    /// Half-width katakana, which the prolonged sound mark parts in two.
    HalfKana,
    /// One of the lists of kanji.
    Kanji(usize),
}

const RUNS: [(char, u16); 8] = [
    ('0', 10),
    ('a', 26),
    ('A', 26),
    ('０', 10),
    ('ａ', 26),
    ('Ａ', 26),
    // ぁ to ん, ァ to ヶ: the rest of their blocks stands in no JIS X 0208.
    ('\u{3041}', 83),
    ('\u{30a1}', 86),
];

/// The prolonged sound mark's place among the half-width katakana from `ｦ` on.
const HALF_PROLONGED: u16 = 10;

const HALF_KANA: u16 = 58;

impl Alphabet {
    /// The alphabet of a letter, and the letter's number in it.
    pub fn of(letter: char) -> Option<(Alphabet, u16)> {
        let code = u32::from(letter);
        for (first, letters) in RUNS {
            let number = code.wrapping_sub(u32::from(first));
            if number < u32::from(letters) {
                return Some((Alphabet::Run { first, letters }, u16::try_from(number).ok()?));
            }
        }
        if let half @ 0..HALF_KANA = u16::try_from(code.wrapping_sub(0xff66)).unwrap_or(u16::MAX) {
            let number = half - u16::from(half > HALF_PROLONGED);
            return (half != HALF_PROLONGED).then_some((Alphabet::HalfKana, number));
        }
        let (list, number) = KANJI.numbers.get(&letter)?;
        Some((Alphabet::Kanji(usize::from(*list)), *number))
    }

    /// How many letters there are.
    pub fn letters(self) -> u16 {
        match self {
            Alphabet::Run { letters, .. } => letters,
            Alphabet::HalfKana => HALF_KANA - 1,
            // No list comes near 65,536.
            Alphabet::Kanji(list) => KANJI.lists[list].len() as u16,
        }
    }

    /// The letter of a number.
    pub fn letter(self, number: u16) -> Option<char> {
        let at = |first: u32, number: u16| char::from_u32(first + u32::from(number));
        match self {
            Alphabet::Run { first, letters } => (number < letters).then(|| at(first.into(), number))?,
            Alphabet::HalfKana if number < HALF_KANA - 1 => at(0xff66, number + u16::from(number >= HALF_PROLONGED)),
            Alphabet::HalfKana => None,
            Alphabet::Kanji(list) => KANJI.lists[list].get(usize::from(number)).copied(),
        }
    }

    /// Whether these are digits, half or full in width.
    pub fn is_digits(self) -> bool {
        matches!(self, Alphabet::Run { letters: 10, .. })
    }

    /// Whether these are Latin letters, half or full in width.
    pub fn is_latin(self) -> bool {
        matches!(self, Alphabet::Run { letters: 26, .. })
    }
}

/// Whether a sign between letters stays as it is. The prolonged sound mark is one of them: behind a
/// digit it is a hyphen to many who write.
pub fn is_kept(c: char) -> bool {
    c.is_ascii_punctuation()
        || is_dash(c)
        || " \u{3000}・･、。，．：；（）「」『』【】〒＠＿＋／＃＆－＝～〜ｰ’".contains(c)
}

struct Lists {
    lists: [Vec<char>; 3],
    numbers: HashMap<char, (u8, u16)>,
}

static KANJI: LazyLock<Lists> = LazyLock::new(|| {
    let mut level_1 = vec!['々', '〆', '〇'];
    level_1.extend(rows(EUC_JP, 0xb0..=0xcf, 0xa1..=0xfe));
    let level_2 = rows(EUC_JP, 0xd0..=0xf4, 0xa1..=0xfe);
    let ibm = rows(SHIFT_JIS, 0xfa..=0xfc, 0x40..=0xfc);
    let lists = [level_1, level_2, ibm];
    let mut numbers = HashMap::new();
    for (list, letters) in (0u8..).zip(&lists) {
        numbers.extend(letters.iter().zip(0u16..).map(|(letter, number)| (*letter, (list, number))));
    }
    Lists { lists, numbers }
});

/// The kanji that two bytes make in an encoding, in order; without those that a normalization would
/// turn into others.
fn rows(
    encoding: &'static Encoding,
    first: impl Iterator<Item = u8>,
    second: impl Iterator<Item = u8> + Clone,
) -> Vec<char> {
    let decoded = |bytes: [u8; 2]| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
        let mut letters = text.chars();
        letters.next().filter(|_| letters.next().is_none())
    };
    let pairs = first.flat_map(|first| second.clone().map(move |second| [first, second]));
    pairs.filter_map(decoded).filter(|letter| is_kanji(*letter) && letter.nfkc().eq([*letter])).collect()
}

fn is_kanji(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn every() -> Vec<Alphabet> {
        let runs = RUNS.into_iter().map(|(first, letters)| Alphabet::Run { first, letters });
        runs.chain([Alphabet::HalfKana]).chain((0..3).map(Alphabet::Kanji)).collect()
    }

    #[test]
    fn lists_are_those_of_the_standard() {
        let sizes: Vec<usize> = KANJI.lists.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3 + 2965, 3390, 338]);
        // The first and last of each level, as the standard's tables show them.
        let ends = |list: usize| (KANJI.lists[list][0], *KANJI.lists[list].last().expect("letters"));
        assert_eq!((KANJI.lists[0][3], ends(0).1), ('亜', '腕'));
        assert_eq!(ends(1), ('弌', '熙'));
        assert_eq!(Alphabet::of('髙').map(|(alphabet, _)| alphabet), Some(Alphabet::Kanji(2)));
    }

    #[test]
    fn letters_and_numbers_belong_together_and_to_one_alphabet() {
        let mut seen = HashSet::new();
        for alphabet in every() {
            for number in 0..alphabet.letters() {
                let letter = alphabet.letter(number).expect("a letter");
                assert_eq!(Alphabet::of(letter), Some((alphabet, number)), "{letter}");
                assert!(seen.insert(letter) && !is_kept(letter), "{letter}");
            }
            assert_eq!(alphabet.letter(alphabet.letters()), None);
        }
    }

    #[test]
    fn what_stands_in_no_alphabet_has_none() {
        for c in "éÅЖ한ー ｰゔ\u{3099}①Ⅳ\u{200b}".chars() {
            assert_eq!(Alphabet::of(c), None, "{c}");
        }
    }
}
