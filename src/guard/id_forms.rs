//! One id in several spellings: what CRMs write in two ways is one person in the ledger.
//!
//! Salesforce writes an id as 15 characters whose case counts, or as 18, the last three of which only say the case of
//! the others. vtiger writes `12x345` where programs ask and `345` on its pages. Whoever asks the ledger about a person
//! must not have to know by which way somebody came. The longer spelling becomes the shorter one; what only looks like
//! it stays as it is: three characters of a check hardly ever fit by chance.

use std::borrow::Cow;

/// The id as the ledger spells it.
pub fn normal(id: &str) -> Cow<'_, str> {
    let trimmed = id.trim();
    if let Some(short) = salesforce(trimmed).or_else(|| vtiger(trimmed)) {
        return Cow::Borrowed(short);
    }
    Cow::Borrowed(id)
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
        ] {
            assert_eq!(normal(id), spelt, "{id}");
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        let others =
            ["001A0000006Vm9uIAD", "001a0000006vm9uIAC", "x345", "12x", "12x34y", "1234x5", "12X345", "山田", "", "42"];
        for id in others {
            assert_eq!(normal(id), id);
        }
    }
}
