//! IBAN: a country, two check digits and an account of the length that the country has registered
//! (ISO 13616), whose remainder by 97 is 1.

use crate::detect::runs::Runs;
use crate::detect::{Detector, Hit};
use crate::terms::kind;

/// The detector.
pub const DETECTOR: Detector = Detector {
    kind: kind::IBAN,
    may: |census| census.digits >= 2 && census.letters >= 2 && census.digits + census.letters >= LEAST,
    find,
    whole: Detector::covers,
};

/// How many characters the shortest has.
const LEAST: usize = 15;

/// Countries of the registry with the length of their IBAN.
const COUNTRIES: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

fn find(runs: &Runs<'_>, hits: &mut Vec<Hit>) {
    let mut upto = 0;
    for run in &runs.list {
        if run.len() < 2 || run.start < upto + 2 {
            continue;
        }
        let start = run.start - 2;
        if let Some(end) = account(runs.text.as_bytes(), start) {
            hits.push(Hit { range: start..end, certain: true, evidence: "country and check digits" });
            upto = end;
        }
    }
}

/// Where the IBAN that begins here ends.
fn account(bytes: &[u8], start: usize) -> Option<usize> {
    let [first, second] = [bytes[start], bytes[start + 1]];
    if !(first.is_ascii_alphabetic() && second.is_ascii_alphabetic()) {
        return None;
    }
    let country = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    let length = COUNTRIES.iter().find(|known| *known.0 == country)?.1;
    // The word itself may touch its number.
    let before = &bytes[start.saturating_sub(4)..start];
    let touched = before.last().is_some_and(u8::is_ascii_alphanumeric);
    if touched && !before.eq_ignore_ascii_case(b"iban") {
        return None;
    }
    let mut characters = Vec::with_capacity(length);
    let mut at = start;
    while characters.len() < length {
        let byte = *bytes.get(at)?;
        let parts = matches!(byte, b' ' | b'-') && bytes[at - 1].is_ascii_alphanumeric() && characters.len() >= 4;
        if byte.is_ascii_alphanumeric() {
            characters.push(byte.to_ascii_uppercase());
        } else if !parts {
            return None;
        }
        at += 1;
    }
    let ends = !bytes.get(at).is_some_and(u8::is_ascii_digit);
    (ends && is_checked(&characters)).then_some(at)
}

/// Country and check digits go behind the account, letters count as 10 to 35.
fn is_checked(characters: &[u8]) -> bool {
    let (head, account) = characters.split_at(4);
    let remainder = account.iter().chain(head).fold(0u32, |remainder, &character| match character {
        b'0'..=b'9' => (remainder * 10 + u32::from(character - b'0')) % 97,
        _ => (remainder * 100 + u32::from(character - b'A') + 10) % 97,
    });
    remainder == 1
}
