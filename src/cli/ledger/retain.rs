//! `sudare ledger retain`: deletes closed segments that need not be kept any longer, or says which it would.
//!
//! Nothing is deleted without `--delete`, and no gateway deletes by itself: what goes is gone, and somebody has to answer
//! for it. Who that was is put down for the ledger before anything goes.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ulid::Ulid;

use crate::cli::DONE;
use crate::cli::ledger::home::Home;
use crate::cli::ledger::query::add_keyed;
use crate::cli::ledger::{Desk, Format, Reader, RetainArgs, Trouble, causes, public_key};
use crate::cli::say::{Lang, diagnostics, texts};
use crate::config::ledger::Hold;
use crate::ledger::disk::LocalDisk;
use crate::ledger::key::SigningKey;
use crate::ledger::query::{Filter, SubjectIs};
use crate::ledger::readings::{self, Reading};
use crate::ledger::retain::{self, Judged, Spans, Stays};

/// Runs the command.
pub(super) fn run(home: &Home, told: &RetainArgs, reader: &Reader, desk: &mut Desk<'_>) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let dir = home.state.join("ledger");
    if let Some(Err((faults, source))) = &home.ledger {
        write!(desk.err, "{}", diagnostics(lang, faults, std::slice::from_ref(source)))?;
        return Err(Trouble::of(texts::RETAIN_UNCLEAR.of(lang), texts::RETAIN_MEND.of(lang)));
    }
    let spans = spans(home, lang)?;
    let public = public_key(&home.state, None, lang)?;
    let unreadable = |error: std::io::Error| {
        let what = texts::NOT_RETAINED.with(lang, &[("path", &dir.display()), ("error", &error)]);
        Trouble::of(what, texts::MEND_RIGHTS.of(lang))
    };
    let Some(_lock) = retain::lock(&dir).map_err(unreadable)? else {
        return Err(Trouble::of(texts::TENDED_BY_ANOTHER.of(lang), texts::TENDED_BY_ANOTHER_HELP.of(lang)));
    };
    let all = retain::judge(&dir, &public, &spans, reader.now).map_err(unreadable)?;
    if told.delete {
        let key = SigningKey::beside(&home.state.join("ledger.key"))
            .map_err(|error| Trouble::caused(lang, &error, texts::MEND_RIGHTS.of(lang)))?;
        retain::sweep(&LocalDisk, &dir, &public).map_err(unreadable)?;
        for judged in all.iter().filter(|judged| judged.stays.is_none()) {
            let mut tell = |_: &_| readings::note(&dir, &reading(judged, reader));
            retain::delete(&LocalDisk, &dir, &key, judged, reader.now, &mut tell).map_err(unreadable)?;
        }
    }
    for judged in &all {
        print(judged, told.delete, &reader.zone, desk)?;
    }
    if desk.format == Format::Table {
        let going = all.iter().filter(|judged| judged.stays.is_none()).count();
        let text = if told.delete { texts::RETAINED } else { texts::WOULD_RETAIN };
        let kept = all.len() - going;
        writeln!(desk.out, "{}", text.with(lang, &[("deleted", &going), ("kept", &kept)]))?;
    }
    desk.out.flush()?;
    Ok(DONE)
}

/// How long what is kept, as the configuration says. What it says wrongly, or cannot be asked, stops everything.
fn spans(home: &Home, lang: Lang) -> Result<Spans, Trouble> {
    let Some(Ok(ledger)) = &home.ledger else {
        return Err(Trouble::of(texts::RETAIN_UNTOLD.of(lang), texts::RETAIN_UNTOLD_HELP.of(lang)));
    };
    let holds = ledger.holds.iter().map(|hold| filter(hold, home, lang)).collect::<Result<_, _>>()?;
    Ok(Spans { months: ledger.months, holds })
}

fn filter(hold: &Hold, home: &Home, lang: Lang) -> Result<Filter, Trouble> {
    let subject = hold.subject.as_deref().map(|text| person(text, home, lang)).transpose()?;
    Ok(Filter { subject, staff: hold.staff.clone(), from: hold.from, to: hold.to, ..Filter::default() })
}

/// A person as the ledger may hold them. Digits too may stand there as a hash, where a resource says so: without the key
/// ring somebody could be missed, and what is missed is deleted.
fn person(text: &str, home: &Home, lang: Lang) -> Result<SubjectIs, Trouble> {
    let mut subject = SubjectIs::parse(text);
    let ring = home.keys.open().map_err(|error| {
        let why = causes(lang, &error);
        Trouble::of(
            texts::HOLD_KEYS_AWAY.with(lang, &[("subject", &text), ("why", &why)]),
            texts::KEYS_AWAY_HELP.of(lang),
        )
    })?;
    add_keyed(&mut subject, &ring);
    Ok(subject)
}

/// Who deletes what, for the ledger.
fn reading(judged: &Judged, reader: &Reader) -> Reading {
    let (first, last) = (judged.segment.first, judged.last.seq);
    Reading {
        id: Ulid::generate().to_string(),
        by: reader.user.clone(),
        what: format!("ledger retain {first}-{last}"),
        subject: None,
        deleted: Some(last + 1 - first),
    }
}

fn print(judged: &Judged, delete: bool, zone: &TimeZone, desk: &mut Desk<'_>) -> std::io::Result<()> {
    let lang = desk.lang;
    let Judged { segment, last, written, stays } = judged;
    let moment = |time: Timestamp| format!("{time:.6}");
    let day = |time: Timestamp| time.to_zoned(zone.clone()).date().to_string();
    if desk.format == Format::Json {
        let (word, until) = match stays {
            None if delete => ("deleted", None),
            None => ("lapsed", None),
            Some(Stays::Until(until)) => ("kept", Some(*until)),
            Some(Stays::Forever) => ("never", None),
            Some(Stays::Held) => ("hold", None),
            Some(Stays::Damaged) => ("damaged", None),
            Some(Stays::Unproven) => ("unproven", None),
        };
        let json = serde_json::json!({
            "file": name(&segment.path), "first": segment.first,
            "last": Some(last.seq).filter(|last| *last >= segment.first),
            "from": written.map(|(from, _)| moment(from)), "to": written.map(|(_, to)| moment(to)),
            "state": word, "until": until.map(moment),
        });
        return writeln!(desk.out, "{json}");
    }
    let what = match stays {
        None if delete => texts::SEGMENT_DELETED.of(lang).to_owned(),
        None => texts::SEGMENT_LAPSED.of(lang).to_owned(),
        Some(Stays::Until(until)) => texts::SEGMENT_UNTIL.with(lang, &[("day", &day(*until))]),
        Some(Stays::Forever) => texts::SEGMENT_FOREVER.of(lang).to_owned(),
        Some(Stays::Held) => texts::SEGMENT_HELD.of(lang).to_owned(),
        Some(Stays::Damaged) => texts::SEGMENT_DAMAGED.of(lang).to_owned(),
        Some(Stays::Unproven) => texts::SEGMENT_UNPROVEN.of(lang).to_owned(),
    };
    let days = written.map_or_else(|| "-".to_owned(), |(from, to)| format!("{} – {}", day(from), day(to)));
    writeln!(desk.out, "{}  {days}  {what}", name(&segment.path))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
