//! The shortest value of each kind, by which `check` tells whether `format` is for it.
//!
//! An alphabet and a length say how many values look alike; the rule is for the shortest that people
//! really have. A shorter one at run time becomes `****`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

use crate::terms::kind::Kind;
use crate::transform::alphabet::{Alphabet, is_kept};
use crate::transform::format::{self, ALIKE_MIN};

/// Built-in kinds with a value as short as any. Free words and texts may be one letter long.
const SHORTEST: &[(&str, &str)] = &[
    ("person.name", "林一"),
    ("person.kana", "イイ"),
    ("birth_date", "S1.1.1"),
    ("age", "7"),
    ("gender", "男"),
    ("user_id", "a"),
    ("ip", "1.1.1.1"),
    ("email", "a@x.com"),
    ("phone", "03-1234-5678"),
    ("postal_code", "060-0001"),
    ("address", "津市"),
    ("my_number", "012345678909"),
    ("passport", "TK1234567"),
    ("driver_licence", "012345678900"),
    ("health_insurance", "1"),
    ("pension_number", "0123-456789"),
    ("residence_card", "AB12345678CD"),
    ("ssn", "012-34-5678"),
    ("card_number", "30569309025904"),
    ("iban", "NO9386011117947"),
    ("bank_account", "0123456"),
    ("health", "癌"),
    ("disability", "無"),
    ("belief", "無"),
    ("criminal_record", "無"),
    ("body", "A"),
    ("password", "1234"),
    ("secret", "a"),
    ("notes", "無"),
];

/// Characters of a pattern's shortest value; so long a one is long enough.
const CHARS_MAX: usize = 64;

/// Why `format` is not for a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooFew {
    /// A value as short as any.
    pub shortest: Cow<'static, str>,
    /// How many values look like it.
    pub alike: u64,
}

/// Whether `format` is for a kind. One that the rules declare is told by its pattern; without one
/// nobody knows its shortest value, and each is looked at when it comes.
pub fn too_few(kind: &Kind) -> Option<TooFew> {
    let known = SHORTEST.iter().find(|(name, _)| *name == kind.name);
    let shortest = match known {
        Some((_, shortest)) => Cow::Borrowed(*shortest),
        None => Cow::Owned(of_pattern(kind.pattern.as_deref()?)?),
    };
    let alike = format::alike(&shortest, kind).unwrap_or(0);
    (alike < ALIKE_MIN).then_some(TooFew { shortest, alike })
}

/// A text that matches the pattern and looks like as few others as any; nothing where the pattern
/// asks for more than so many characters.
fn of_pattern(pattern: &str) -> Option<String> {
    fewest(&regex_syntax::parse(pattern).ok()?)
}

/// Characters that a token can hold, those with the smallest alphabet first: signs, then digits. The
/// rare kanji of IBM's extension are left out.
static USUAL: LazyLock<Vec<char>> = LazyLock::new(|| {
    let rare = |c: char| Alphabet::of(c).is_some_and(|(alphabet, _)| alphabet == Alphabet::Kanji(2));
    let mut usual: Vec<char> = ('\0'..='\u{ffff}').filter(|c| radix(*c).is_some() && !rare(*c)).collect();
    usual.sort_by_key(|c| radix(*c));
    usual
});

fn holds(ranges: &[ClassUnicodeRange], c: char) -> bool {
    let place = |range: &ClassUnicodeRange| match range.start() > c {
        true => Ordering::Greater,
        false if range.end() < c => Ordering::Less,
        false => Ordering::Equal,
    };
    ranges.binary_search_by(place).is_ok()
}

fn fewest(pattern: &Hir) -> Option<String> {
    let text = match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8(literal.0.to_vec()).ok()?,
        HirKind::Class(Class::Unicode(class)) => USUAL.iter().find(|c| holds(class.ranges(), **c))?.to_string(),
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Repetition(repetition) => {
            let times = usize::try_from(repetition.min).ok().filter(|times| *times <= CHARS_MAX)?;
            if times == 0 { String::new() } else { fewest(&repetition.sub)?.repeat(times) }
        }
        HirKind::Capture(capture) => fewest(&capture.sub)?,
        HirKind::Concat(parts) => parts.iter().map(fewest).collect::<Option<String>>()?,
        HirKind::Alternation(ways) => ways.iter().filter_map(fewest).min_by_key(|text| alike(text))?,
    };
    (text.chars().count() <= CHARS_MAX).then_some(text)
}

/// How many letters may stand for a character, if a token can hold it.
fn radix(c: char) -> Option<u16> {
    match Alphabet::of(c) {
        Some((alphabet, _)) => Some(alphabet.letters()),
        None => is_kept(c).then_some(1),
    }
}

fn alike(text: &str) -> u64 {
    text.chars().filter_map(radix).fold(1, |all, radix| all.saturating_mul(radix.into()))
}

#[cfg(test)]
mod tests {
    use crate::terms::kind::{Category, Kinds};

    use super::*;

    #[test]
    fn every_built_in_kind_has_a_shortest_value_that_can_be_read() {
        let kinds = Kinds::builtin();
        assert_eq!(kinds.0.len(), SHORTEST.len());
        for (_, kind) in kinds.iter() {
            let (_, shortest) = SHORTEST.iter().find(|(name, _)| *name == kind.name).expect(&kind.name);
            assert!(format::alike(shortest, kind).is_some(), "{}", kind.name);
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        let kinds = Kinds::builtin();
        let takes: Vec<&str> =
            kinds.0.iter().filter(|kind| too_few(kind).is_none()).map(|kind| kind.name.as_str()).collect();
        assert_eq!(
            takes,
            [
                "person.name",
                "email",
                "phone",
                "postal_code",
                "address",
                "my_number",
                "passport",
                "driver_licence",
                "pension_number",
                "residence_card",
                "ssn",
                "card_number",
                "iban",
                "bank_account"
            ]
        );
    }

    #[test]
    fn patterns_tell_their_shortest_value() {
        let mut kind = Kinds::builtin().0[0].clone();
        kind.name = "membership".to_owned();
        kind.category = Category::Identity;
        for (pattern, expected) in [
            (r"M-\d{8}", None),
            (r"M-\d{4}", Some(("M-0000", 260_000))),
            (r"\d{6}", Some(("000000", 100_000))),
            (r"\d{7}", None),
            (r"\b[A-Z]{2}\d{3,9}\b", Some(("AA000", 676_000))),
            (r"(?:AB|C)\d{5}", None),
            (r"(?:AB|C)?\d{5}", Some(("00000", 10_000))),
            (r"[一-龠]{2}", None),
            (r"[ぁ-ん]{2,3}", Some(("ぁぁ", 6_889))),
            (r".+", Some((" ", 0))),
            (r"x*", Some(("", 0))),
            (r"x{100}", None),
            (r"(", None),
        ] {
            kind.pattern = Some(pattern.to_owned());
            let told = too_few(&kind).map(|few| (few.shortest.into_owned(), few.alike));
            assert_eq!(told, expected.map(|(shortest, alike)| (shortest.to_owned(), alike)), "{pattern}");
        }
        kind.pattern = None;
        assert_eq!(too_few(&kind), None);
    }
}
