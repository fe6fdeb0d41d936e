//! `sudare ledger query`: who saw whose data.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::cli::DONE;
use crate::cli::ledger::home::Home;
use crate::cli::ledger::{Desk, QueryArgs, Trouble, Written, causes};
use crate::cli::say::{Lang, texts};
use crate::ledger::columns::{Csv, Parquet};
use crate::ledger::query::{Filter, Passed, SubjectIs, query};
use crate::ledger::show::{COLUMNS, Table};
use crate::terms::event::Event;
use crate::terms::id_forms;
use crate::terms::kind::Category;
use crate::vault::mint;
use crate::vault::ring::Ring;

const ENGLISH: [&str; COLUMNS] = ["TIME", "STAFF", "EVENT", "RESOURCE", "SUBJECT", "DISCLOSED", "OUTCOME", "REQUEST"];
const JAPANESE: [&str; COLUMNS] = ["日時", "担当者", "事象", "リソース", "顧客", "開示", "結果", "リクエスト"];

/// Runs the command.
pub(super) fn run(
    home: &Home,
    told: &QueryArgs,
    (written_as, zone): (Written, &TimeZone),
    desk: &mut Desk<'_>,
) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let mut filter = filter(told, home, zone, lang)?;
    let keys_away = filter.subject.as_mut().and_then(|subject| also_keyed(subject, home, lang));
    let mut printed = Printed::begin(written_as, lang)?;
    let mut written = Ok(());
    let folder = home.state.join("ledger");
    let out = &mut *desk.out;
    let queried = query(&folder, &filter, &mut |record, line| {
        written = match &mut printed {
            Printed::Lines => writeln!(out, "{line}"),
            Printed::Table(table) => table.add(record, &filter, out),
            Printed::Csv(csv) => csv.add(record, &filter, out),
            Printed::Parquet(parquet) => parquet.add(record, &filter, out),
        };
        if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    written?;
    let passed = queried.map_err(|error| {
        let what = texts::LEDGER_UNREADABLE.with(lang, &[("path", &folder.display()), ("error", &error)]);
        Trouble::of(what, texts::NAME_STATE.of(lang))
    })?;
    printed.finish(desk.out)?;
    desk.out.flush()?;
    if let Some(why) = keys_away {
        let what = texts::KEYS_AWAY.with(lang, &[("why", &why)]);
        desk.told(texts::WARNING.of(lang), &what, texts::KEYS_AWAY_HELP.of(lang));
    }
    tell_of(&passed, written_as, desk)?;
    Ok(DONE)
}

/// How records are printed.
enum Printed {
    Lines,
    Table(Box<Table>),
    Csv(Csv),
    Parquet(Box<Parquet>),
}

impl Printed {
    fn begin(written_as: Written, lang: Lang) -> io::Result<Printed> {
        Ok(match written_as {
            Written::Json => Printed::Lines,
            Written::Csv => Printed::Csv(Csv::begin()),
            Written::Parquet => Printed::Parquet(Box::new(Parquet::begin()?)),
            Written::Table | Written::Html => {
                Printed::Table(Box::new(Table::under(if lang == Lang::Ja { JAPANESE } else { ENGLISH })))
            }
        })
    }

    fn finish(self, out: &mut dyn io::Write) -> io::Result<()> {
        match self {
            Printed::Lines => Ok(()),
            Printed::Table(mut table) => table.finish(out),
            Printed::Csv(mut csv) => csv.finish(out),
            Printed::Parquet(parquet) => parquet.finish(out),
        }
    }
}

/// What the rows themselves do not say.
fn tell_of(passed: &Passed, written_as: Written, desk: &mut Desk<'_>) -> io::Result<()> {
    let lang = desk.lang;
    if let Some(spot) = &passed.first_unreadable {
        let words: [(&str, &dyn std::fmt::Display); 3] =
            [("count", &passed.unreadable), ("path", &spot.path.display()), ("line", &spot.line)];
        desk.told(texts::WARNING.of(lang), &texts::NO_RECORDS.with(lang, &words), texts::RUN_VERIFY.of(lang));
    }
    if passed.rows == 0 && written_as == Written::Table {
        writeln!(desk.err, "{}", texts::NO_ROWS.of(lang))?;
    }
    Ok(())
}

/// Adds the keyed forms of an id, since the ledger holds those of ids that could be personal. Gives
/// why that could not be done, where the id could be held so.
pub(super) fn also_keyed(subject: &mut SubjectIs, home: &Home, lang: Lang) -> Option<String> {
    let id = subject.ids.first().filter(|id| !id.starts_with("h1:"))?.clone();
    let ring = subject.of.as_ref().map(|_| home.keys.open());
    match ring {
        Some(Ok(ring)) => {
            add_keyed(subject, &ring);
            None
        }
        without => {
            add_normal(subject);
            // Digits stand in clear, unless a resource says otherwise: nothing is missing then.
            let error = without?.err().filter(|_| !id.bytes().all(|byte| byte.is_ascii_digit()))?;
            Some(causes(lang, &error))
        }
    }
}

/// Adds all forms in which the ledger may hold this person.
pub(super) fn add_keyed(subject: &mut SubjectIs, ring: &Ring) {
    add_normal(subject);
    let Some(of) = subject.of.clone() else { return };
    let clear = subject.ids.iter().filter(|id| !id.starts_with("h1:"));
    let keyed: Vec<String> = clear.flat_map(|id| mint::subjects(ring, &of, id)).collect();
    subject.ids.extend(keyed);
}

/// Adds the one spelling of several; records of older versions have the id as the CRM spelt it.
fn add_normal(subject: &mut SubjectIs) {
    let normal = subject.ids.first().map(|id| id_forms::normal(id).into_owned());
    subject.ids.splice(..0, normal.filter(|normal| !subject.ids.contains(normal)));
}

fn filter(told: &QueryArgs, home: &Home, zone: &TimeZone, lang: Lang) -> Result<Filter, Trouble> {
    let known = |word: &String| Event::ALL.iter().any(|event| event.word() == *word);
    if let Some(event) = told.event.as_ref().filter(|event| !known(event)) {
        let known: Vec<&str> = Event::ALL.iter().map(|event| event.word()).collect();
        let advice = texts::EVENTS_ARE.with(lang, &[("known", &known.join(", "))]);
        return Err(Trouble::of(texts::NO_EVENT.with(lang, &[("word", event)]), advice));
    }
    let moment = |text: &Option<String>, end| {
        let read = |text: &String| {
            let unclear = || Trouble::of(texts::NO_TIME.with(lang, &[("word", text)]), texts::TIMES_ARE.of(lang));
            moment(text, end, zone).ok_or_else(unclear)
        };
        text.as_ref().map(read).transpose()
    };
    Ok(Filter {
        staff: told.staff.clone(),
        subject: told.subject.as_deref().map(SubjectIs::parse),
        kinds: kinds(told, home, lang)?,
        action: told.action.clone(),
        event: told.event.clone(),
        resource: told.resource.clone(),
        purpose: told.purpose.clone(),
        outcome: told.outcome.clone(),
        request: told.request.clone(),
        from: moment(&told.from, Side::From)?,
        to: moment(&told.to, Side::To)?,
        unindexed: told.scan,
    })
}

/// The kinds that are asked for, by name and by category; any where nothing is said.
fn kinds(told: &QueryArgs, home: &Home, lang: Lang) -> Result<Option<BTreeSet<String>>, Trouble> {
    let named = told.kind.iter().cloned().collect::<BTreeSet<String>>();
    let Some(word) = &told.category else { return Ok((!named.is_empty()).then_some(named)) };
    let Some(category) = Category::from_word(word) else {
        let known = Category::ALL.map(Category::word).join(", ");
        let advice = texts::CATEGORIES_ARE.with(lang, &[("known", &known)]);
        return Err(Trouble::of(texts::NO_CATEGORY.with(lang, &[("word", word)]), advice));
    };
    let of_category = home.kinds().0.into_iter().filter(|kind| kind.category == category).map(|kind| kind.name);
    let wanted = |kind: &String| named.is_empty() || named.contains(kind);
    Ok(Some(of_category.filter(wanted).collect()))
}

/// Which end of a span of time a text names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    From,
    To,
}

/// Reads a moment, a local time or a day; a day as an end is that day's end.
pub(super) fn moment(text: &str, side: Side, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local = match text.parse::<Date>() {
        Ok(day) if text.len() <= DAY_BYTES => match side {
            Side::From => Ok(day),
            Side::To => day.checked_add(1.day()),
        }
        .map(DateTime::from),
        _ => text.parse::<DateTime>(),
    };
    let moment = local.and_then(|local| local.to_zoned(zone.clone()));
    Some(moment.ok()?.timestamp())
}

const DAY_BYTES: usize = "2026-11-22".len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read_in_the_given_zone() {
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        let read = |text: &str, side| moment(text, side, &tokyo).map(|moment| moment.to_string());
        let cases = [
            ("2026-11-22", Side::From, "2026-11-21T15:00:00Z"),
            ("2026-11-22", Side::To, "2026-11-22T15:00:00Z"),
            ("2026-11-22T09:00", Side::From, "2026-11-22T00:00:00Z"),
            ("2026-11-22 09:00:30", Side::To, "2026-11-22T00:00:30Z"),
            ("2026-11-22T09:00:00Z", Side::From, "2026-11-22T09:00:00Z"),
            ("2026-11-22T09:00:00-01:00", Side::From, "2026-11-22T10:00:00Z"),
        ];
        for (text, side, expected) in cases {
            assert_eq!(read(text, side).as_deref(), Some(expected), "{text}");
        }
        assert_eq!((read("yesterday", Side::From), read("2026-13-01", Side::To)), (None, None));
    }
}
