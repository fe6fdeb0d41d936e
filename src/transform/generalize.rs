//! `generalize`: a coarser value that is still true.
//!
//! ```yaml
//! generalize: { birth_date: year, age: age_band, postal_code: 3 }
//! ```
//!
//! | of | `year` | `decade` | `age_band` | a number of digits |
//! | --- | --- | --- | --- | --- |
//! | `1990-07-01` | `1990` | `1990s` | `30-39` | |
//! | `36` | | `30s` | `30-39` | |
//! | `123-4567` | | | | `123` |
//!
//! From 90 years on everybody is `90+`: the oldest are few enough to be known by their age. Where
//! the value is a JSON number a decade or band is its first year, so that it stays a number.

use crate::terms::action::Generalize;
use crate::terms::kind::Kind;
use crate::transform::date::Date;
use crate::transform::{Context, date, digits, fold};

/// People live no longer than this.
const AGE_MAX: u16 = 130;

/// Ages are not told apart from here on.
const AGE_TOP: u16 = 90;

/// The coarser value, or nothing where the value cannot be read.
pub fn generalize(value: &str, how: Generalize, kind: &Kind, context: &Context<'_>) -> Option<String> {
    let plain = fold::plain(value);
    match how {
        Generalize::Year => Some(date::read(&plain)?.year.to_string()),
        Generalize::Decade if kind.name == "age" => Some(decade_of_age(age(&plain)?, context)),
        Generalize::Decade => {
            let decade = date::read(&plain)?.year / 10 * 10;
            Some(if context.number { decade.to_string() } else { format!("{decade}s") })
        }
        Generalize::AgeBand if kind.name == "age" => Some(band(age(&plain)?, context)),
        Generalize::AgeBand => Some(band(age_on(&date::read(&plain)?, context)?, context)),
        Generalize::Digits(count @ 1..=6) => {
            digits::postal_code(value).map(|digits| digits[..usize::from(count)].to_owned())
        }
        // None of the digits or all of them is no generalization.
        Generalize::Digits(_) => None,
    }
}

/// Whether a text has the shape of what `generalize` gives: saved in the place of the value that it
/// was made of, it would take the rest of that value away.
pub fn is_generalized(text: &str, how: Generalize) -> bool {
    let plain = fold::plain(text);
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let tens = |text: &str| text.len() <= 4 && text.ends_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let top = || plain.strip_suffix('+').is_some_and(tens);
    match how {
        Generalize::Year => digits(&plain, 4),
        Generalize::Decade => tens(plain.strip_suffix('s').unwrap_or(&plain)) || top(),
        Generalize::AgeBand => plain.split('-').next().is_some_and(tens) && plain.len() <= 5 || top(),
        Generalize::Digits(count) => digits(&plain, usize::from(count)),
    }
}

fn age(plain: &str) -> Option<u16> {
    let text = plain.trim_start_matches('満').trim_start();
    let years = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = text[years.len()..].trim();
    let age = years.parse().ok().filter(|age| *age <= AGE_MAX)?;
    matches!(unit, "" | "歳" | "才" | "years old" | "years" | "yrs").then_some(age)
}

fn age_on(birth: &Date, context: &Context<'_>) -> Option<u16> {
    let (month, day) = birth.month_and_day?;
    let today = context.today;
    let years = today.year.checked_sub(birth.year)?;
    let age = years.checked_sub(u16::from((today.month, today.day) < (month, day)))?;
    (age <= AGE_MAX).then_some(age)
}

fn decade_of_age(age: u16, context: &Context<'_>) -> String {
    match age / 10 * 10 {
        first if context.number => first.min(AGE_TOP).to_string(),
        AGE_TOP.. => format!("{AGE_TOP}+"),
        first => format!("{first}s"),
    }
}

fn band(age: u16, context: &Context<'_>) -> String {
    match age / 10 * 10 {
        first if context.number => first.min(AGE_TOP).to_string(),
        AGE_TOP.. => format!("{AGE_TOP}+"),
        first => format!("{first}-{}", first + 9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_values_are_known_by_their_shape() {
        for (text, how, is) in [
            ("1990", Generalize::Year, true),
            ("1990-07-01", Generalize::Year, false),
            ("1990s", Generalize::Decade, true),
            ("30s", Generalize::Decade, true),
            ("90+", Generalize::Decade, true),
            ("1990-07-01", Generalize::Decade, false),
            ("30-39", Generalize::AgeBand, true),
            ("90+", Generalize::AgeBand, true),
            ("36", Generalize::AgeBand, false),
            ("154", Generalize::Digits(3), true),
            ("154-0004", Generalize::Digits(3), false),
        ] {
            assert_eq!(is_generalized(text, how), is, "{text} {how:?}");
        }
    }
}
