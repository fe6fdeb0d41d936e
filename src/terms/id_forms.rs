//! One id in several spellings: what CRMs write in two ways is one person in the ledger.
//!
//! Salesforce writes an id as 15 characters whose case counts, or as 18, the last three of which only say the case of
//! the others. vtiger writes `12x345` where programs ask and `345` on its pages, Dynamics a UUID in either case and in
//! braces, and whoever types `４２` means 42. Whoever asks the ledger about a person must not have to know by which way
//! somebody came. The longer spelling becomes the shorter one; what only looks like it stays as it is: three characters
//! of a check hardly ever fit by chance, and whether `042` is 42 the CRM alone knows.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// The id as the ledger spells it.
pub fn normal(id: &str) -> Cow<'_, str> {
    if id.is_ascii() {
        return of_ascii(id);
    }
    let plain: String = id.nfkc().collect();
    Cow::Owned(of_ascii(&plain).into_owned())
}

fn of_ascii(id: &str) -> Cow<'_, str> {
    let trimmed = id.trim();
    if let Some(uuid) = uuid(trimmed) {
        return uuid;
    }
    Cow::Borrowed(salesforce(trimmed).or_else(|| vtiger(trimmed)).unwrap_or(trimmed))
}

/// A UUID without its braces, in small letters.
fn uuid(id: &str) -> Option<Cow<'_, str>> {
    let bare = id.strip_prefix('{').and_then(|id| id.strip_suffix('}')).unwrap_or(id);
    let is_small = !bare.bytes().any(|byte| byte.is_ascii_uppercase());
    is_uuid(bare).then(|| if is_small { Cow::Borrowed(bare) } else { Cow::Owned(bare.to_ascii_lowercase()) })
}

/// Whether an id is a UUID, by its shape.
pub fn is_uuid(id: &str) -> bool {
    const BYTES: usize = 36;
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, u8)| if DASHES.contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    id.len() == BYTES && id.bytes().enumerate().all(fits)
}

const LONG: usize = 18;
const SHORT: usize = 15;
const GROUP: usize = 5;
const SUMS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The 15 characters of an id of 18 whose sums are right.
fn salesforce(id: &str) -> Option<&str> {
    if id.len() != LONG || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let (short, sums) = id.split_at(SHORT);
    // Each sum has a bit for each of five characters that is a capital, the first one lowest.
    let sum = |group: &[u8]| {
        let bits = group.iter().rev().fold(0, |bits, byte| bits << 1 | usize::from(byte.is_ascii_uppercase()));
        SUMS[bits]
    };
    let right = short.as_bytes().chunks(GROUP).zip(sums.bytes()).all(|(group, said)| sum(group) == said);
    right.then_some(short)
}

/// The record's number of `12x345`, where the first number is that of a module.
fn vtiger(id: &str) -> Option<&str> {
    const MODULE_DIGITS: usize = 3;
    let (module, record) = id.split_once('x')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (module.len() <= MODULE_DIGITS && digits(module) && digits(record)).then_some(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_crm_are_one() {
        for (id, spelt) in [
            ("001A0000006Vm9uIAC", "001A0000006Vm9u"),
            ("003D000000QOMqTIAX", "003D000000QOMqT"),
            ("001A0000006Vm9u", "001A0000006Vm9u"),
            ("001500000012345AAA", "001500000012345"),
            ("12x345", "345"),
            (" 4x7 ", "7"),
            ("４２", "42"),
            (" 42\t", "42"),
            ("１２ｘ３４５", "345"),
            ("0B0B0B0B-0000-4000-8000-00000000000A", "0b0b0b0b-0000-4000-8000-00000000000a"),
            ("{0b0b0b0b-0000-4000-8000-00000000000a}", "0b0b0b0b-0000-4000-8000-00000000000a"),
        ] {
            assert_eq!(normal(id), spelt, "{id}");
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        let others = [
            "001A0000006Vm9uIAD",
            "001a0000006vm9uIAC",
            "x345",
            "12x",
            "12x34y",
            "1234x5",
            "12X345",
            "山田",
            "",
            "42",
            "042",
            "0B0B0B0B-0000-4000-8000-00000000000G",
            "{42}",
            "h1:qeacjw4ygj3dqvqwhxg3jq3xpq",
        ];
        for id in others {
            assert_eq!(normal(id), id);
        }
    }

    #[test]
    fn uuids_are_known_by_their_shape() {
        assert!(is_uuid("0b0b0b0b-0000-4000-8000-00000000000a"));
        assert!(!is_uuid("0b0b0b0b-0000-4000-8000-00000000000g"));
        assert!(!is_uuid("0b0b0b0b00000-4000-8000-00000000000a"));
    }
}
