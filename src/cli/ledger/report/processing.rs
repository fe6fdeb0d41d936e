//! The record of processing, from rules and ledger.

use crate::cli::ledger::Trouble;
use crate::cli::ledger::report::document::{Section, Sheet, Tongue, at_least, number, or_dash};
use crate::cli::ledger::report::{Lines, Made, ProcessingArgs, Report, Shop, words};
use crate::ledger::query::Filter;
use crate::ledger::report::distinct::PERSONS_MAX;
use crate::ledger::report::processing::{Activities, Processing, Provided, Seen};
use crate::ledger::report::reach::Actions;
use crate::policy::Policy;

/// Makes the report.
pub(super) fn report(shop: &mut Shop<'_>, told: &ProcessingArgs) -> Result<Report, Trouble> {
    let (from, to) = shop.between(told.from.as_deref(), told.to.as_deref())?;
    let mut gather = Activities::new(PERSONS_MAX);
    let read = shop.read(Filter { from, to, ..Filter::default() }, &mut gather, (Lines::Every, 0))?;
    let provided = shop.policy.as_ref().map(provided);
    let content = gather.finish(provided.as_ref(), &shop.categories);
    let tongue = shop.tongue();
    let made = Made {
        title: tongue.says(words::PROCESSING_TITLE),
        about: None,
        sections: sections(&content, &tongue),
        at_least: content.at_least,
        content: &content,
    };
    Ok(shop.report("processing", &read, made))
}

fn provided(policy: &Policy) -> Provided {
    let role = |name: &std::sync::Arc<str>| {
        let groups = policy.role(name).map(|role| policy.groups_of(role).to_vec()).unwrap_or_default();
        (name.to_string(), groups)
    };
    Provided {
        roles: policy.all_roles().iter().map(role).collect(),
        resources: policy.resource_ids().iter().map(|id| id.to_string()).collect(),
        purposes: policy.purposes().iter().map(|word| word.to_string()).collect(),
    }
}

fn sections(content: &Processing, tongue: &Tongue<'_>) -> Vec<Section> {
    let nothing = tongue.says(words::NOTHING_OUT);
    let subjects = content
        .subjects
        .iter()
        .map(|sum| vec![sum.of.clone(), at_least(sum.persons, content.at_least, tongue), number(sum.records)]);
    let subjects = Sheet {
        head: tongue.head(&[words::TYPE, words::PERSONS, words::RECORDS]),
        numbers: &[1, 2],
        rows: subjects.collect(),
    };
    let data = content.categories.iter().flat_map(|sum| {
        let row = |(kind, actions): (&String, &Actions)| {
            vec![tongue.category(sum.category), tongue.kind(kind), tongue.actions(actions)]
        };
        sum.kinds.iter().map(row).collect::<Vec<_>>()
    });
    let data =
        Sheet { head: tongue.head(&[words::CATEGORY, words::ITEM, words::VALUES]), numbers: &[], rows: data.collect() };
    let recipients = content.recipients.iter().map(|row| {
        vec![
            row.role.clone(),
            or_dash(Some(&row.groups.join(&tongue.says(words::COMMA)))),
            tongue.whether(row.provided),
            number(row.staff),
            number(row.records),
        ]
    });
    let recipients = Sheet {
        head: tongue.head(&[words::ROLE, words::GROUPS, words::PROVIDED, words::STAFF, words::RECORDS]),
        numbers: &[3, 4],
        rows: recipients.collect(),
    };
    let resources = seen(&content.resources, words::RESOURCE, words::PROCESSING_OUTSIDE, tongue);
    let purposes = seen(&content.purposes, words::PURPOSE, words::PROCESSING_NO_PURPOSE, tongue);
    vec![
        Section::of(tongue.says(words::PROCESSING_SUBJECTS), subjects, &nothing)
            .noting(tongue.says(words::PROCESSING_NAMELESS)),
        Section::of(tongue.says(words::PROCESSING_DATA), data, &nothing),
        Section::of(tongue.says(words::PROCESSING_RECIPIENTS), recipients, &nothing),
        Section::of(tongue.says(words::PROCESSING_RESOURCES), resources, &nothing),
        Section::of(tongue.says(words::PROCESSING_PURPOSES), purposes, &nothing),
        Section {
            title: tongue.says(words::PROCESSING_ELSE),
            lead: vec![tongue.says(words::PROCESSING_ADD)],
            notes: vec![tongue.says(words::CHECKED_BY)],
            ..Section::default()
        },
    ]
}

fn seen(rows: &[Seen], heading: crate::cli::say::Text, unnamed: crate::cli::say::Text, tongue: &Tongue<'_>) -> Sheet {
    let row = |row: &Seen| {
        let name = if row.name.is_empty() { tongue.says(unnamed) } else { row.name.clone() };
        vec![name, tongue.whether(row.provided), number(row.records)]
    };
    Sheet {
        head: tongue.head(&[heading, words::PROVIDED, words::RECORDS]),
        numbers: &[2],
        rows: rows.iter().map(row).collect(),
    }
}
