//! `hours:` of a condition: `Mon-Fri 08:00-20:00 Asia/Tokyo`.

use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use crate::policy::reader::nearest;

/// Hours of some days of the week in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// By day from Monday.
    days: [bool; 7],
    /// The first minute of the day.
    from: u16,
    /// The minute after the last one; not after `from` where the hours go past midnight.
    to: u16,
    zone: TimeZone,
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
const DAY_MINUTES: u16 = 24 * 60;
const EXAMPLE: &str = "write days, hours and a time zone, as in `Mon-Fri 08:00-20:00 Asia/Tokyo`";

/// What is wrong with hours, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursError {
    /// The part of the text that is wrong; all of it where it has the wrong parts.
    pub at: Option<Range<usize>>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl HoursError {
    fn of(at: Range<usize>, message: String) -> HoursError {
        HoursError { at: Some(at), message, help: None }
    }

    fn whole(message: &str) -> HoursError {
        HoursError { at: None, message: message.to_owned(), help: None }
    }
}

/// A word of the text, and where it stands.
#[derive(Clone, Copy)]
struct Part<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> Part<'t> {
    fn range(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }

    /// The parts between some character.
    fn split(self, by: char) -> impl Iterator<Item = Part<'t>> {
        let mut at = self.start;
        self.text.split(by).map(move |text| {
            let part = Part { text, start: at };
            at += text.len() + by.len_utf8();
            part
        })
    }

    fn split_once(self, by: char) -> Option<(Part<'t>, Part<'t>)> {
        let (first, last) = self.text.split_once(by)?;
        let start = self.start + first.len() + by.len_utf8();
        Some((Part { text: first, start: self.start }, Part { text: last, start }))
    }
}

impl Hours {
    /// Reads hours. Days may be left out; the time zone may not, since a gateway's own is chance. All that
    /// is wrong is told.
    pub fn parse(text: &str) -> Result<Hours, Vec<HoursError>> {
        let start = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
        let words: Vec<Part<'_>> =
            text.split_whitespace().map(|word| Part { text: word, start: start(word) }).collect();
        let is_span = |part: &Part<'_>| part.text.starts_with(|c: char| c.is_ascii_digit());
        let (days, span, zone) = match words[..] {
            [days, span, zone] => (Some(days), span, zone),
            [span, zone] if is_span(&span) => (None, span, zone),
            [_, span] if span.text.contains(':') => {
                return Err(vec![HoursError::whole("the time zone is missing; as in `Asia/Tokyo`")]);
            }
            _ => return Err(vec![HoursError::whole(EXAMPLE)]),
        };
        let mut errors = Vec::new();
        let days = days.map_or([true; 7], |days| read_days(days, &mut errors));
        let times = times(span, &mut errors);
        let zone = match TimeZone::get(zone.text) {
            Ok(zone) => Some(zone),
            Err(_) => {
                errors.push(no_zone(zone));
                None
            }
        };
        match (times, zone) {
            (Some((from, to)), Some(zone)) if errors.is_empty() => Ok(Hours { days, from, to, zone }),
            _ => Err(errors),
        }
    }

    /// Whether a moment lies in them. Hours past midnight belong to the day on which they begin.
    pub fn contain(&self, time: Timestamp) -> bool {
        let local = time.to_zoned(self.zone.clone());
        // An hour is below 24 and a minute below 60, so both fit.
        let now = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let today = local.weekday();
        if self.from < self.to {
            return self.on(today) && (self.from..self.to).contains(&now);
        }
        (self.on(today) && now >= self.from) || (self.on(today.previous()) && now < self.to)
    }

    /// Whether no moment lies outside of them, as far as they are hours of one time zone.
    pub fn are_the_week(all: &[Hours]) -> bool {
        let Some(first) = all.first() else { return false };
        let alike = || all.iter().filter(|hours| hours.zone == first.zone);
        let minutes = |hours: &Hours| usize::from((hours.to + DAY_MINUTES - hours.from - 1) % DAY_MINUTES + 1);
        let days = |hours: &Hours| hours.days.iter().filter(|on| **on).count();
        const WEEK: usize = 7 * DAY_MINUTES as usize;
        if alike().map(|hours| minutes(hours) * days(hours)).sum::<usize>() < WEEK {
            return false;
        }
        let mut week = vec![false; WEEK];
        for hours in alike() {
            for day in (0..7).filter(|day| hours.days[*day]) {
                let start = day * usize::from(DAY_MINUTES) + usize::from(hours.from);
                (start..start + minutes(hours)).for_each(|minute| week[minute % WEEK] = true);
            }
        }
        week.into_iter().all(|minute| minute)
    }

    fn on(&self, day: Weekday) -> bool {
        DAYS.iter().zip(self.days).any(|((_, known), on)| *known == day && on)
    }
}

/// As rules write them, each day by itself: `mon,tue 08:00-20:00 Asia/Tokyo`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != [true; 7] {
            let days: Vec<&str> =
                DAYS.iter().zip(self.days).filter(|(_, on)| *on).map(|((name, _), _)| *name).collect();
            write!(f, "{} ", days.join(","))?;
        }
        let (from, to) = (self.from, self.to);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        write!(f, " {}", self.zone.iana_name().unwrap_or("UTC"))
    }
}

/// Short names that people use and the IANA database has not, or has for another place.
const SHORT_ZONES: [(&str, &str); 5] = [
    ("JST", "Asia/Tokyo"),
    ("KST", "Asia/Seoul"),
    ("HKT", "Asia/Hong_Kong"),
    ("SGT", "Asia/Singapore"),
    ("CEST", "Europe/Berlin"),
];

/// No time zone of this name is known; perhaps one that is spelt nearly so. Of a few letters any other name
/// is near: `EST` is fourteen hours from `JST`.
fn no_zone(zone: Part<'_>) -> HoursError {
    const SHORT_CHARS: usize = 4;
    let short = SHORT_ZONES.iter().find(|(short, _)| short.eq_ignore_ascii_case(zone.text)).map(|(_, name)| *name);
    let known: Vec<String> = match short {
        None if zone.text.len() > SHORT_CHARS => jiff::tz::db().available().map(|name| name.to_string()).collect(),
        _ => Vec::new(),
    };
    let help = match short.or_else(|| nearest(zone.text, known.iter().map(String::as_str))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a name of the IANA database, as in `Asia/Tokyo`".to_owned(),
    };
    HoursError { at: Some(zone.range()), message: format!("`{}` is no time zone", zone.text), help: Some(help) }
}

fn read_days(text: Part<'_>, errors: &mut Vec<HoursError>) -> [bool; 7] {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (day(first, errors), if first.start == last.start { None } else { day(last, errors) });
        let Some(from) = from else { continue };
        // From Saturday to Monday goes over the week's end.
        let count = (to.unwrap_or(from) + 7 - from) % 7;
        for step in 0..=count {
            days[(from + step) % 7] = true;
        }
    }
    days
}

fn day(part: Part<'_>, errors: &mut Vec<HoursError>) -> Option<usize> {
    const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let text = part.text;
    let found = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text));
    if found.is_none() {
        let hint = nearest(text, NAMES).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        let message = format!("`{text}` is no day: `Mon`, `Tue`, `Wed`, `Thu`, `Fri`, `Sat`, `Sun`{hint}");
        errors.push(HoursError::of(part.range(), message));
    }
    found
}

fn times(span: Part<'_>, errors: &mut Vec<HoursError>) -> Option<(u16, u16)> {
    let Some((from, to)) = span.split_once('-') else {
        errors.push(HoursError::of(span.range(), EXAMPLE.to_owned()));
        return None;
    };
    let (from, to) = (minute(from, errors), minute(to, errors));
    let (from, to) = (from?, to?);
    if from == to {
        let message = format!("`{}` is no time at all; the whole day is `00:00-24:00`", span.text);
        errors.push(HoursError::of(span.range(), message));
    }
    Some((from, to))
}

fn minute(part: Part<'_>, errors: &mut Vec<HoursError>) -> Option<u16> {
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let read = part.text.split_once(':').and_then(|(hour, minute)| Some((number(hour)?, number(minute)?)));
    let read = read.map(|(hour, minute)| (minute, hour * 60 + minute));
    let all = read.filter(|(minute, all)| *minute < 60 && *all <= DAY_MINUTES).map(|(_, all)| all);
    if all.is_none() {
        let message = format!("`{}` is no time of day; as in `08:00` or `24:00`", part.text);
        errors.push(HoursError::of(part.range(), message));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contain(hours: &str, time: &str) -> bool {
        Hours::parse(hours).expect(hours).contain(time.parse().expect(time))
    }

    #[test]
    fn the_day_and_the_hour_are_those_of_the_zone() {
        let desk = "Mon-Fri 08:00-20:00 Asia/Tokyo";
        // 2026-11-23 is a Monday.
        for (time, inside) in [
            ("2026-11-22T23:00:00Z", true),
            ("2026-11-22T22:59:59Z", false),
            ("2026-11-23T10:59:59Z", true),
            ("2026-11-23T11:00:00Z", false),
            ("2026-11-28T03:00:00Z", false),
        ] {
            assert_eq!(contain(desk, time), inside, "{time}");
        }
        assert!(contain("00:00-24:00 UTC", "2026-11-23T23:59:59Z"));
    }

    #[test]
    fn hours_past_midnight_belong_to_their_first_day() {
        let night = "Fri 22:00-06:00 UTC";
        assert!(contain(night, "2026-11-27T23:00:00Z"));
        assert!(contain(night, "2026-11-28T05:59:00Z"));
        assert!(!contain(night, "2026-11-28T23:00:00Z"));
        assert!(!contain(night, "2026-11-27T05:00:00Z"));
        assert!(contain("Sat-Mon 10:00-11:00 UTC", "2026-11-29T10:30:00Z"));
    }

    #[test]
    fn hours_are_written_as_rules_write_them() {
        for (text, written) in [
            ("Mon-Wed 08:00-20:00 Asia/Tokyo", "mon,tue,wed 08:00-20:00 Asia/Tokyo"),
            ("00:00-24:00 UTC", "00:00-24:00 UTC"),
        ] {
            let hours = Hours::parse(text).expect(text).to_string();
            assert_eq!(hours, written);
            assert_eq!(Hours::parse(&hours).expect("it is read again").to_string(), written);
        }
    }

    #[test]
    fn what_is_no_time_says_so() {
        for (text, part) in [
            ("Mon-Fri 08:00-20:00", "the time zone is missing"),
            ("Mon-Fri 8-20 Asia/Tokyo", "`8` is no time of day"),
            ("Mon-Fri 08:00-24:01 Asia/Tokyo", "`24:01` is no time of day"),
            ("Mon-Fry 08:00-20:00 Asia/Tokyo", "did you mean `Fri`?"),
            ("08:00-20:00 JST", "`JST` is no time zone; did you mean `Asia/Tokyo`?"),
            ("08:00-20:00 XST", "`XST` is no time zone; write a name of the IANA database"),
            ("08:00-20:00 Asia/Tokio", "`Asia/Tokio` is no time zone; did you mean `Asia/Tokyo`?"),
            ("08:00-20:00 Japan/Edo-Castle", "write a name of the IANA database"),
            ("08:00-08:00 UTC", "no time at all"),
            ("", "write days"),
        ] {
            let errors = Hours::parse(text).expect_err(text);
            let error = errors[0].clone();
            let told = format!("{}; {}", error.message, error.help.unwrap_or_default());
            assert!(told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let text = "Mon-Fry 08:00-29:00  Asia/Tokio";
        let errors = Hours::parse(text).expect_err(text);
        let parts: Vec<_> = errors.into_iter().map(|error| text[error.at.expect("a place")].to_owned()).collect();
        assert_eq!(parts, ["Fry", "29:00", "Asia/Tokio"]);
    }
}
