//! Numbers with separators: phones, cards, codes.

use crate::transform::fold::{is_dash, plain};

/// No number that people write by hand has more digits.
const DIGITS_MAX: usize = 40;

/// The digits of a value that holds nothing but digits and separators.
pub fn only(value: &str) -> Option<String> {
    read(value, |_| false)
}

/// The digits of a value in which letters stand too, as in a passport's number.
pub fn among_letters(value: &str) -> Option<String> {
    read(value, |c| c.is_ascii_alphabetic())
}

/// The digits of a Japanese postal code.
pub fn postal_code(value: &str) -> Option<String> {
    let digits = only(plain(value).trim_start_matches('〒'))?;
    (digits.len() == 7).then_some(digits)
}

fn read(value: &str, also: fn(char) -> bool) -> Option<String> {
    let mut digits = String::new();
    let plain = plain(value);
    // Tables write `'+81…` where a spreadsheet would count.
    for c in plain.strip_prefix('\'').unwrap_or(&plain).chars() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else if !(is_dash(c) || matches!(c, ' ' | '.' | '/' | '(' | ')' | '+') || also(c)) {
            return None;
        }
    }
    (digits.len() <= DIGITS_MAX).then_some(digits)
}
