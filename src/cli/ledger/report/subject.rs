//! The report on what went out about a person.

use serde::Serialize;

use crate::cli::ledger::Trouble;
use crate::cli::ledger::report::document::{Section, Sheet, Tongue, number, or_dash};
use crate::cli::ledger::report::{Lines, Made, Report, Shop, SubjectArgs, words};
use crate::ledger::query::Filter;
use crate::ledger::report::subject::{KindSum, ROWS_MAX, Row, SubjectReport, Subjects};
use crate::ledger::report::who::Who;

#[derive(Serialize)]
struct Content<'a> {
    subject: &'a str,
    staff_named: bool,
    #[serde(flatten)]
    report: SubjectReport,
}

/// Makes the report.
pub(super) fn report(shop: &mut Shop<'_>, told: &SubjectArgs) -> Result<Report, Trouble> {
    let (from, to) = shop.between(told.from.as_deref(), told.to.as_deref())?;
    let mut subject = shop.person(&told.subject)?;
    let keyless = shop.keyed(&mut subject);
    let mut gather = Subjects::new(subject.clone(), &shop.categories, Who::new(told.staff_names), ROWS_MAX);
    let filter = Filter { subject: Some(subject), from, to, ..Filter::default() };
    let mut read = shop.read(filter, &mut gather, (Lines::Promising, ROWS_MAX))?;
    read.keyless = keyless;
    let content = Content { subject: &told.subject, staff_named: told.staff_names, report: gather.finish() };
    let tongue = shop.tongue();
    let made = Made {
        title: words::SUBJECT_TITLE.with(tongue.lang, &[("subject", &told.subject)]),
        about: Some(told.subject.clone()),
        sections: sections(&content, &tongue),
        at_least: false,
        content: &content,
    };
    let mut report = shop.report("subject", &read, made);
    if read.span.records == 0 {
        report.document.warnings.push(words::NOBODY_FOUND.with(shop.lang(), &[("subject", &told.subject)]));
    }
    Ok(report)
}

fn sections(content: &Content<'_>, tongue: &Tongue<'_>) -> Vec<Section> {
    let report = &content.report;
    let nothing = tongue.says(words::NOTHING_OUT);
    let kinds = Sheet {
        head: tongue.head(&[words::ITEM, words::CATEGORY, words::VALUES, words::FIRST, words::LAST]),
        numbers: &[],
        rows: report.kinds.iter().map(|sum| kind_row(sum, tongue)).collect(),
    };
    let row = |row: &Row| disclosure_row(row, content.staff_named, tongue);
    let heads = [
        words::TIME,
        words::STAFF,
        words::ROLES,
        words::EVENT,
        words::RESOURCE,
        words::PURPOSE,
        words::WHAT,
        words::RECORD,
    ];
    let all = Sheet { head: tongue.head(&heads), numbers: &[7], rows: report.disclosures.iter().map(row).collect() };
    let change = |row: &Row| {
        let mut cells = disclosure_row(row, content.staff_named, tongue);
        cells.remove(6);
        cells
    };
    let heads = [words::TIME, words::STAFF, words::ROLES, words::EVENT, words::RESOURCE, words::PURPOSE, words::RECORD];
    let changes = Sheet { head: tongue.head(&heads), numbers: &[6], rows: report.changes.iter().map(change).collect() };
    let mut notes = vec![tongue.says(words::SUBJECT_NOTE_ACTIONS)];
    if !content.staff_named {
        notes.push(tongue.says(words::SUBJECT_NOTE_STAFF));
    }
    notes.push(tongue.says(words::SUBJECT_NOTE_LIMITS));
    notes.push(tongue.says(words::CHECKED_BY));
    let refused = (report.refused > 0)
        .then(|| words::SUBJECT_REFUSED.with(tongue.lang, &[("n", &number(report.refused))]))
        .into_iter()
        .collect();
    vec![
        Section::of(tongue.says(words::SUBJECT_KINDS), kinds, &nothing),
        Section { notes: refused, ..Section::of(tongue.says(words::SUBJECT_ROWS), all, &nothing) },
        Section::of(tongue.says(words::SUBJECT_CHANGES), changes, &tongue.says(words::SUBJECT_NO_CHANGES)),
        Section { title: tongue.says(words::NOTES), notes, ..Section::default() },
    ]
}

fn kind_row(sum: &KindSum, tongue: &Tongue<'_>) -> Vec<String> {
    vec![
        tongue.kind(&sum.kind),
        tongue.category(sum.category),
        tongue.actions(&sum.actions),
        tongue.time(&sum.first),
        tongue.time(&sum.last),
    ]
}

fn disclosure_row(row: &Row, named: bool, tongue: &Tongue<'_>) -> Vec<String> {
    let kinds =
        row.kinds.iter().map(|own| format!("{} {} {}", tongue.kind(&own.kind), tongue.action(&own.action), own.count));
    let kinds: Vec<String> = kinds.collect();
    vec![
        tongue.time(&row.time),
        tongue.recipient(&row.occasion, named),
        or_dash(Some(&row.occasion.roles.join(&tongue.says(words::COMMA)))),
        tongue.event(&row.occasion.event),
        or_dash(row.occasion.resource.as_deref()),
        or_dash(row.occasion.purpose.as_deref()),
        kinds.join(&tongue.says(words::COMMA)),
        row.seq.to_string(),
    ]
}
