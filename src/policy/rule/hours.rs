//! `hours:` of a condition: `Mon-Fri 08:00-20:00 Asia/Tokyo`.

use std::fmt;

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
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl<T: Into<String>> From<T> for HoursError {
    fn from(message: T) -> HoursError {
        HoursError { message: message.into(), help: None }
    }
}

impl Hours {
    /// Reads hours. Days may be left out; the time zone may not, since a gateway's own is chance.
    pub fn parse(text: &str) -> Result<Hours, HoursError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (days, span, zone) = match words[..] {
            [days, span, zone] => (read_days(days)?, span, zone),
            [span, zone] if span.starts_with(|c: char| c.is_ascii_digit()) => ([true; 7], span, zone),
            [_, span] if span.contains(':') => return Err("the time zone is missing; as in `Asia/Tokyo`".into()),
            _ => return Err(EXAMPLE.into()),
        };
        let (from, to) = span.split_once('-').ok_or(EXAMPLE)?;
        let (from, to) = (minute(from)?, minute(to)?);
        if from == to {
            return Err(format!("`{span}` is no time at all; the whole day is `00:00-24:00`").into());
        }
        let zone = TimeZone::get(zone).map_err(|_| no_zone(zone))?;
        Ok(Hours { days, from, to, zone })
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

/// No time zone of this name is known; perhaps one that is spelt nearly so.
fn no_zone(zone: &str) -> HoursError {
    let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let help = match nearest(zone, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write a name of the IANA database, as in `Asia/Tokyo`".to_owned(),
    };
    HoursError { message: format!("`{zone}` is no time zone"), help: Some(help) }
}

fn read_days(text: &str) -> Result<[bool; 7], String> {
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        // From Saturday to Monday goes over the week's end.
        let count = (last + 7 - first) % 7;
        for step in 0..=count {
            days[(first + step) % 7] = true;
        }
    }
    Ok(days)
}

fn day(text: &str) -> Result<usize, String> {
    let folded = text.to_ascii_lowercase();
    let found = DAYS.iter().position(|(name, _)| *name == folded);
    found.ok_or_else(|| {
        let near = nearest(text, DAYS.iter().map(|(name, _)| *name));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        format!("`{text}` is no day: `Mon`, `Tue`, `Wed`, `Thu`, `Fri`, `Sat`, `Sun`{hint}")
    })
}

fn minute(text: &str) -> Result<u16, String> {
    let wrong = || format!("`{text}` is no time of day; as in `08:00` or `24:00`");
    let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
    let (hour, minute) = (number(hour).ok_or_else(wrong)?, number(minute).ok_or_else(wrong)?);
    let all = hour * 60 + minute;
    if minute < 60 && all <= DAY_MINUTES { Ok(all) } else { Err(wrong()) }
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
            ("Mon-Fry 08:00-20:00 Asia/Tokyo", "did you mean `fri`?"),
            ("08:00-20:00 Asia/Tokio", "`Asia/Tokio` is no time zone; did you mean `Asia/Tokyo`?"),
            ("08:00-20:00 Japan/Edo-Castle", "write a name of the IANA database"),
            ("08:00-08:00 UTC", "no time at all"),
            ("", "write days"),
        ] {
            let error = Hours::parse(text).expect_err(text);
            let told = format!("{}; {}", error.message, error.help.unwrap_or_default());
            assert!(told.contains(part), "{text}: {told}");
        }
    }
}
