//! The monthly review of who saw how much of what.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use crate::cli::ledger::Trouble;
use crate::cli::ledger::report::document::{Section, Sheet, Tongue, at_least, number, or_dash};
use crate::cli::ledger::report::{AccessArgs, Lines, Made, Report, Shop, words};
use crate::ledger::query::Filter;
use crate::ledger::report::access::{Access, AccessReview, Rule, StaffSum};
use crate::ledger::report::distinct::PERSONS_MAX;

#[derive(Serialize)]
struct Content<'a> {
    month: &'a str,
    #[serde(flatten)]
    review: AccessReview,
}

/// Makes the report.
pub(super) fn report(shop: &mut Shop<'_>, told: &AccessArgs) -> Result<Report, Trouble> {
    let (month, from, to) = month(shop, told.month.as_deref())?;
    let rule = Rule { times: told.times, at_least: told.at_least };
    let mut gather = Access::new(rule, PERSONS_MAX);
    let filter = Filter { from: Some(from), to: Some(to), ..Filter::default() };
    let read = shop.read(filter, &mut gather, (Lines::Every, 0))?;
    let roles = shop.policy.as_ref().map(|policy| policy.all_roles());
    let roles = roles.map(|roles| roles.iter().map(|role| role.to_string()).collect::<Vec<_>>());
    let content = Content { month: &month, review: gather.finish(roles.as_deref()) };
    let tongue = shop.tongue();
    let made = Made {
        title: words::ACCESS_TITLE.with(tongue.lang, &[("month", &month)]),
        about: None,
        sections: sections(&content.review, &tongue),
        at_least: content.review.at_least,
        content: &content,
    };
    Ok(shop.report("access-review", &read, made))
}

/// A month's name, its beginning and its end in the reader's zone; the last whole one where none is named.
fn month(shop: &Shop<'_>, word: Option<&str>) -> Result<(String, Timestamp, Timestamp), Trouble> {
    let lang = shop.lang();
    let today = shop.reader.now.to_zoned(shop.reader.zone.clone()).date();
    let first = match word {
        Some(word) if word.len() == MONTH_BYTES => format!("{word}-01").parse::<Date>().ok(),
        Some(_) => None,
        None => today.first_of_month().checked_sub(1.month()).ok(),
    };
    let moment = |day: Date| Some(day.to_zoned(shop.reader.zone.clone()).ok()?.timestamp());
    let span = first.and_then(|first| Some((first, moment(first)?, moment(first.checked_add(1.month()).ok()?)?)));
    let unclear = || {
        let what = words::NO_MONTH.with(lang, &[("word", &word.unwrap_or_default())]);
        Trouble::of(what, words::NO_MONTH_HELP.of(lang))
    };
    let (first, from, to) = span.ok_or_else(unclear)?;
    Ok((first.strftime("%Y-%m").to_string(), from, to))
}

const MONTH_BYTES: usize = "2026-11".len();

fn sections(review: &AccessReview, tongue: &Tongue<'_>) -> Vec<Section> {
    let nothing = tongue.says(words::NOTHING_OUT);
    let words: [(&str, &dyn std::fmt::Display); 2] =
        [("times", &review.rule.times), ("least", &number(review.rule.at_least))];
    let rule = words::ACCESS_RULE.with(tongue.lang, &words);
    let mut rows: Vec<&StaffSum> = review.staff.iter().collect();
    rows.sort_by_key(|sum| (!sum.outlier, std::cmp::Reverse(sum.persons)));
    let staff = Sheet {
        head: tongue.head(&[
            words::STAFF,
            words::ROLES,
            words::PERSONS,
            words::PERSONS_READABLE,
            words::MEDIAN,
            words::CONSPICUOUS,
            words::RECORDS,
            words::EXPORTS,
            words::REVEALS,
            words::REFUSED,
        ]),
        numbers: &[2, 3, 6, 7, 8, 9],
        rows: rows.iter().map(|sum| staff_row(sum, review.at_least, tongue)).collect(),
    };
    let what =
        |sum: &&StaffSum| vec![tongue.staff(Some(&sum.staff), true), or_dash(Some(&tongue.actions(&sum.actions)))];
    let what = Sheet {
        head: tongue.head(&[words::STAFF, words::VALUES]),
        numbers: &[],
        rows: rows.iter().filter(|sum| sum.records > 0).map(what).collect(),
    };
    vec![
        Section::of(tongue.says(words::ACCESS_STAFF), staff, &nothing)
            .noting(rule)
            .noting(tongue.says(words::ACCESS_ALONE)),
        Section::of(tongue.says(words::ACCESS_WHAT), what, &nothing),
        used_roles(review, tongue),
        unused_roles(review, tongue),
        refusals(review, tongue),
        Section {
            title: tongue.says(words::ACCESS_SIGN),
            lead: vec![tongue.says(words::ACCESS_SIGNED), tongue.says(words::ACCESS_FINDINGS)],
            notes: vec![tongue.says(words::CHECKED_BY)],
            ..Section::default()
        },
    ]
}

fn staff_row(sum: &StaffSum, more: bool, tongue: &Tongue<'_>) -> Vec<String> {
    let medians: Vec<String> = sum.medians.iter().map(|(role, median)| format!("{role} {}", number(*median))).collect();
    let comma = tongue.says(words::COMMA);
    vec![
        tongue.staff(Some(&sum.staff), true),
        or_dash(Some(&sum.roles.join(&comma))),
        at_least(sum.persons, more, tongue),
        at_least(sum.persons_readable, more, tongue),
        or_dash(Some(&medians.join(&comma))),
        if sum.outlier { tongue.says(words::YES) } else { "-".to_owned() },
        number(sum.records),
        number(sum.exports),
        number(sum.reveals),
        number(sum.refused),
    ]
}

fn used_roles(review: &AccessReview, tongue: &Tongue<'_>) -> Section {
    let rows = review.roles.iter().map(|sum| vec![sum.role.clone(), number(sum.staff), number(sum.records)]);
    let head = tongue.head(&[words::ROLE, words::STAFF, words::RECORDS]);
    let sheet = Sheet { head, numbers: &[1, 2], rows: rows.collect() };
    Section::of(tongue.says(words::ACCESS_ROLES), sheet, &tongue.says(words::NOTHING_OUT))
}

fn unused_roles(review: &AccessReview, tongue: &Tongue<'_>) -> Section {
    let said = match &review.unused_roles {
        None => tongue.says(words::ACCESS_UNTOLD),
        Some(roles) if roles.is_empty() => tongue.says(words::ACCESS_ALL_USED),
        Some(roles) => roles.join(&tongue.says(words::COMMA)),
    };
    Section { title: tongue.says(words::ACCESS_UNUSED), lead: vec![said], ..Section::default() }
}

fn refusals(review: &AccessReview, tongue: &Tongue<'_>) -> Section {
    let rows = review
        .refusals
        .iter()
        .map(|row| vec![tongue.staff(Some(&row.staff), true), or_dash(Some(&row.reason)), number(row.count)]);
    let head = tongue.head(&[words::STAFF, words::REASON, words::COUNT]);
    let sheet = Sheet { head, numbers: &[2], rows: rows.collect() };
    Section::of(tongue.says(words::ACCESS_REFUSALS), sheet, &tongue.says(words::ACCESS_NO_REFUSALS))
}
