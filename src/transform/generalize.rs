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
