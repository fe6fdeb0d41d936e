//! The accounting of disclosures about a person.

use jiff::ToSpan;
use serde::Serialize;

use crate::cli::ledger::Trouble;
use crate::cli::ledger::report::document::{Section, Sheet, Tongue, number, or_dash};
use crate::cli::ledger::report::{AccountingArgs, Lines, Made, Report, Shop, words};
use crate::ledger::query::Filter;
use crate::ledger::report::accounting::{Accounting, ROWS_MAX, Repeated, YEARS};
use crate::ledger::report::who::Who;

#[derive(Serialize)]
struct Content<'a> {
    subject: &'a str,
    staff_named: bool,
    disclosures: Vec<Repeated>,
}

/// Makes the report.
pub(super) fn report(shop: &mut Shop<'_>, told: &AccountingArgs) -> Result<Report, Trouble> {
    let now = shop.reader.now.to_zoned(shop.reader.zone.clone());
    // The calendar has room for six years before any moment that a clock shows.
    let from = now.checked_sub(YEARS.years()).ok().map(|from| from.timestamp());
    let mut subject = shop.person(&told.subject)?;
    let keyless = shop.keyed(&mut subject);
    let mut gather = Accounting::new(subject.clone(), Who::new(told.staff_names), ROWS_MAX);
    let filter = Filter { subject: Some(subject), from, to: Some(shop.reader.now), ..Filter::default() };
    let mut read = shop.read(filter, &mut gather, (Lines::Promising, ROWS_MAX))?;
    read.keyless = keyless;
    let content = Content { subject: &told.subject, staff_named: told.staff_names, disclosures: gather.finish() };
    let tongue = shop.tongue();
    let made = Made {
        title: words::ACCOUNTING_TITLE.with(tongue.lang, &[("subject", &told.subject)]),
        about: Some(told.subject.clone()),
        sections: sections(&content, &tongue),
        at_least: false,
        content: &content,
    };
    let mut report = shop.report("accounting", &read, made);
    if read.span.records == 0 {
        report.document.warnings.push(words::NOBODY_FOUND.with(shop.lang(), &[("subject", &told.subject)]));
    }
    Ok(report)
}

fn sections(content: &Content<'_>, tongue: &Tongue<'_>) -> Vec<Section> {
    let heads = [
        words::FIRST,
        words::LAST,
        words::COUNT,
        words::STAFF,
        words::ROLES,
        words::EVENT,
        words::RESOURCE,
        words::PURPOSE,
        words::WHAT,
    ];
    let row = |row: &Repeated| row_of(row, content.staff_named, tongue);
    let rows = content.disclosures.iter().map(row).collect();
    let sheet = Sheet { head: tongue.head(&heads), numbers: &[2], rows };
    let mut notes = vec![tongue.says(words::ACCOUNTING_NOTE_SAME), tongue.says(words::ACCOUNTING_NOTE_NOT)];
    if !content.staff_named {
        notes.push(tongue.says(words::SUBJECT_NOTE_STAFF));
    }
    notes.push(tongue.says(words::SUBJECT_NOTE_LIMITS));
    notes.push(tongue.says(words::CHECKED_BY));
    vec![
        Section::of(tongue.says(words::ACCOUNTING_ROWS), sheet, &tongue.says(words::NOTHING_OUT)),
        Section { title: tongue.says(words::NOTES), notes, ..Section::default() },
    ]
}

fn row_of(row: &Repeated, named: bool, tongue: &Tongue<'_>) -> Vec<String> {
    let alike = &row.alike;
    let kinds = alike.kinds.iter().map(|own| format!("{} {}", tongue.kind(&own.kind), tongue.action(&own.action)));
    let kinds: Vec<String> = kinds.collect();
    let comma = tongue.says(words::COMMA);
    vec![
        tongue.time(&row.first),
        tongue.time(&row.last),
        number(row.count),
        tongue.recipient(&alike.occasion, named),
        or_dash(Some(&alike.occasion.roles.join(&comma))),
        tongue.event(&alike.occasion.event),
        or_dash(alike.occasion.resource.as_deref()),
        or_dash(alike.occasion.purpose.as_deref()),
        kinds.join(&comma),
    ]
}
