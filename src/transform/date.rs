//! Dates in the spellings that Japanese and Western CRMs hold.
//!
//! Read are year-month-day with `-`, `/`, `.` or 年月日, with kanji numerals, with a time behind
//! it; eras by name, sign or letter (`昭和55年3月4日`, `昭55.3.4`, `S55.3.4`); eight digits; English
//! months; and day and month before a year, where only the year is sure if either could be the month.
//! The day of the week may stand at either end.
//! A year of two digits outside an era is not read.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A date, or so much of it as is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// The year of the Gregorian calendar.
    pub year: u16,
    /// Month and day from 1.
    pub month_and_day: Option<(u8, u8)>,
}

/// Eras, their letters and the year before their first.
const ERAS: &[(&str, &str, u16)] =
    &[("明治", "m", 1867), ("大正", "t", 1911), ("昭和", "s", 1925), ("平成", "h", 1988), ("令和", "r", 2018)];

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

type Reader = fn(&Captures<'_>) -> Option<Date>;

/// Every spelling with its reader; the first that matches the whole value reads it.
static SPELLINGS: LazyLock<Vec<(Regex, Reader)>> = LazyLock::new(|| {
    let time = r"(?:[t ]+\d{1,2}:\d{2}.*|[t ]+\d{1,2}時.*)?";
    let parts = r"(?: ?(?:年|[-/.]) ?(\d{1,2})(?: ?(?:月|[-/.]) ?(\d{1,2}) ?日?| ?月)?| ?年)?";
    let nth = "(?:st|nd|rd|th)?";
    let rows: [(String, Reader); 8] = [
        (format!(r"^(?:西暦 ?)?(\d{{4}}){parts}{time}$"), year_first),
        (format!(r"^(明治|大正|昭和|平成|令和|[明大昭平令]|[mtshr])\.? ?(\d{{1,2}}){parts}{time}$"), era),
        (r"^(\d{4})(\d{2})(\d{2})$".to_owned(), year_first),
        (r"^([mtshr])(\d{2})(\d{2})(\d{2})$".to_owned(), era),
        (format!(r"^(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}){time}$"), year_last),
        (format!(r"^([a-z]{{3,9}})\.? (\d{{1,2}}){nth},? (\d{{4}}){time}$"), month_first),
        (r"^([a-z]{3,9})\.?,? (\d{4})$".to_owned(), month_alone),
        (format!(r"^(\d{{1,2}}){nth}[- ]([a-z]{{3,9}})\.?,?[- ](\d{{4}}){time}$"), month_second),
    ];
    // The patterns are constants, and a test below runs each of them.
    rows.into_iter().map(|(pattern, reader)| (Regex::new(&pattern).expect("a constant pattern"), reader)).collect()
});

/// The day of the week, before a date or behind it.
static WEEKDAY: LazyLock<Regex> = LazyLock::new(|| {
    let days = r"(?:sun|mon|tue|wed|thu|fri|sat)[a-z]{0,6}";
    let pattern = format!(r"^{days}\.?,? |,? \(?{days}\)?$| ?\([日月火水木金土](?:曜日?)?\)| ?[日月火水木金土]曜日?$");
    // As above.
    Regex::new(&pattern).expect("a constant pattern")
});

/// Reads a date in plain spelling.
pub fn read(plain: &str) -> Option<Date> {
    let lower = arabic(plain).to_lowercase();
    let text = lower.trim_end_matches("生まれ").trim_end_matches('生').trim();
    let text = WEEKDAY.replace_all(text, "");
    let (captures, reader) = SPELLINGS.iter().find_map(|(regex, reader)| Some((regex.captures(&text)?, reader)))?;
    reader(&captures)
}

fn year_first(captures: &Captures<'_>) -> Option<Date> {
    dated(number(captures, 1)?, captures, 2)
}

fn era(captures: &Captures<'_>) -> Option<Date> {
    let name = &captures[1];
    let (_, _, before) = ERAS.iter().find(|(word, letter, _)| word.starts_with(name) || name == *letter)?;
    let year: u16 = number(captures, 2)?;
    (year > 0).then_some(())?;
    dated(before + year, captures, 3)
}

fn year_last(captures: &Captures<'_>) -> Option<Date> {
    let (first, second): (u8, u8) = (number(captures, 1)?, number(captures, 2)?);
    let year = number(captures, 3)?;
    let (as_month, as_day) = (date(year, first, second), date(year, second, first));
    match (as_month, as_day) {
        (Some(one), Some(other)) if one != other => Some(Date { year, month_and_day: None }),
        (one, other) => one.or(other),
    }
}

fn month_first(captures: &Captures<'_>) -> Option<Date> {
    date(number(captures, 3)?, month(&captures[1])?, number(captures, 2)?)
}

fn month_alone(captures: &Captures<'_>) -> Option<Date> {
    date(number(captures, 2)?, month(&captures[1])?, 1).map(|date| Date { month_and_day: None, ..date })
}

fn month_second(captures: &Captures<'_>) -> Option<Date> {
    date(number(captures, 3)?, month(&captures[2])?, number(captures, 1)?)
}

fn month(name: &str) -> Option<u8> {
    let at = MONTHS.iter().position(|month| name.starts_with(month))?;
    u8::try_from(at + 1).ok()
}

/// A year with the month and day that stand from this group on, if they do.
fn dated(year: u16, captures: &Captures<'_>, from: usize) -> Option<Date> {
    match (number(captures, from), number(captures, from + 1)) {
        (Some(month), Some(day)) => date(year, month, day),
        (Some(month), None) => date(year, month, 1).map(|date| Date { month_and_day: None, ..date }),
        _ => date(year, 1, 1).map(|date| Date { month_and_day: None, ..date }),
    }
}

fn date(year: u16, month: u8, day: u8) -> Option<Date> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    ((1850..=2199).contains(&year) && (1..=days).contains(&day))
        .then_some(Date { year, month_and_day: Some((month, day)) })
}

fn number<T: std::str::FromStr>(captures: &Captures<'_>, group: usize) -> Option<T> {
    captures.get(group)?.as_str().parse().ok()
}

/// Kanji numerals as digits: `五十五` and `一九九〇` alike; 元年 is the first year.
fn arabic(text: &str) -> String {
    let mut out = String::new();
    let mut numeral: Vec<char> = Vec::new();
    for c in text.replace('元', "一").chars() {
        if "〇零一二三四五六七八九十百".contains(c) {
            numeral.push(c);
            continue;
        }
        out.push_str(&value(&numeral));
        numeral.clear();
        out.push(c);
    }
    out + &value(&numeral)
}

fn value(numeral: &[char]) -> String {
    let digit = |c: char| match c {
        '零' => Some(0),
        _ => "〇一二三四五六七八九".chars().position(|known| known == c),
    };
    if !numeral.iter().any(|c| matches!(c, '十' | '百')) {
        return numeral.iter().filter_map(|c| digit(*c)).map(|digit| digit.to_string()).collect();
    }
    let (mut total, mut pending) = (0, 0);
    for c in numeral {
        match (c, digit(*c)) {
            (_, Some(digit)) => pending = digit,
            (unit, None) => {
                total += pending.max(1) * if *unit == '十' { 10 } else { 100 };
                pending = 0;
            }
        }
    }
    (total + pending).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(u16, Option<(u8, u8)>)>) {
        let read = read(text).map(|date| (date.year, date.month_and_day));
        assert_eq!(read, expected, "{text:?}");
    }

    #[test]
    fn spellings_are_read() {
        let day = Some((1980, Some((3, 4))));
        for text in [
            "1980-03-04",
            "1980/3/4",
            "1980.3.4",
            "1980年3月4日",
            "西暦1980年3月4日",
            "19800304",
            "昭和55年3月4日",
            "S55.3.4",
            "S550304",
            "昭和五十五年三月四日",
            "一九八〇年三月四日",
            "1980-03-04T00:00:00+09:00",
            "1980-03-04 10:20",
            "March 4, 1980",
            "4 Mar 1980",
            "4th March 1980",
            "1980年 3月 4日生まれ",
            "昭和 55 年 3 月 4 日",
            "昭55.3.4",
            "S55年3月4日",
            "s.55/03/04",
            "1980年3月4日(火)",
            "1980年3月4日(火曜日)",
            "1980/03/04 火曜日",
            "Tue, 4 Mar 1980",
            "Tuesday, March 4, 1980",
            "Tue, 04 Mar 1980 00:00:00 +0900",
            "1980-03-04T00:00:00.000Z",
            "1980-3-4 0:00:00",
        ] {
            check(text, day);
        }
        check("平成元年1月8日", Some((1989, Some((1, 8)))));
        check("Mar 1980", Some((1980, None)));
        check("1980年", Some((1980, None)));
        check("昭和55年", Some((1980, None)));
        check("1980年3月", Some((1980, None)));
        check("03/04/1980", Some((1980, None)));
        check("25/12/1980", Some((1980, Some((12, 25)))));
        check("12/25/1980", Some((1980, Some((12, 25)))));
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "80/3/4",
            "1980-13-01",
            "1981-02-29",
            "昭和0年1月1日",
            "3月4日",
            "unknown",
            "1980-03-04 山田",
            "123456789",
            "1980-03-04 meets",
            "(火)",
            "昭3月4日",
        ] {
            check(text, None);
        }
    }
}
