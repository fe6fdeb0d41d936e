//! The report on an incident.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::ledger::Trouble;
use crate::cli::ledger::query::Side;
use crate::cli::ledger::report::document::{Section, Sheet, Tongue, at_least, number, or_dash};
use crate::cli::ledger::report::{BreachArgs, Lines, Made, Report, Shop, words};
use crate::cli::say::Text;
use crate::ledger::query::Filter;
use crate::ledger::report::breach::{Breach, BreachReport, CategorySum, Deadlines, LIST_MAX, Person};
use crate::ledger::report::distinct::PERSONS_MAX;
use crate::ledger::report::reach::Actions;
use crate::ledger::report::triggers::{Answer, Because, Trigger, Which};

#[derive(Serialize)]
struct Content {
    scope: Value,
    #[serde(flatten)]
    report: BreachReport,
    deadlines: Value,
}

/// Makes the report.
pub(super) fn report(shop: &mut Shop<'_>, told: &BreachArgs) -> Result<Report, Trouble> {
    let lang = shop.lang();
    let named = [&told.staff, &told.resource, &told.request, &told.subject];
    if named.iter().all(|word| word.is_none()) {
        return Err(Trouble::of(words::NEEDS_SCOPE.of(lang), words::NEEDS_SCOPE_HELP.of(lang)));
    }
    let (from, to) = shop.between(told.from.as_deref(), told.to.as_deref())?;
    let known = told.known.as_deref().map(|text| shop.moment(text, Side::From)).transpose()?;
    let deadlines = known.and_then(|known| Deadlines::since(known, &shop.reader.zone));
    let mut subject = told.subject.as_deref().map(|word| shop.person(word)).transpose()?;
    let keyless = subject.as_mut().and_then(|subject| shop.keyed(subject));
    let filter = Filter {
        staff: told.staff.clone(),
        resource: told.resource.clone(),
        request: told.request.clone(),
        subject,
        from,
        to,
        ..Filter::default()
    };
    let list = told.persons.then_some(LIST_MAX);
    let mut gather = Breach::new(filter.clone(), &shop.categories, PERSONS_MAX, list);
    let mut read = shop.read(filter, &mut gather, (Lines::Every, LIST_MAX))?;
    read.keyless = keyless;
    let report = gather.finish(read.passed.unreadable);
    let scope = json!({
        "staff": told.staff, "resource": told.resource, "request": told.request, "subject": told.subject,
    });
    let told_in_json = deadlines.as_ref().map_or(Value::Null, in_json);
    let content = Content { scope, report, deadlines: told_in_json };
    let tongue = shop.tongue();
    let about = scope_said(told, &tongue);
    let made = Made {
        title: tongue.says(words::BREACH_TITLE),
        about: Some(about.clone()),
        sections: sections(&content.report, deadlines.as_ref(), &tongue),
        at_least: content.report.persons.at_least,
        content: &content,
    };
    let mut report = shop.report("breach", &read, made);
    if read.span.records == 0 {
        report.document.warnings.push(words::NOTHING_FOUND.with(lang, &[("about", &about)]));
    }
    Ok(report)
}

fn in_json(dates: &Deadlines) -> Value {
    json!({
        "known": dates.known.to_string(),
        "preliminary": { "from": dates.preliminary_from.to_string(), "to": dates.preliminary_to.to_string() },
        "final": dates.last.to_string(),
        "final_wrongful_purpose": dates.last_wrongful.to_string(),
        "gdpr": dates.gdpr.to_string(),
    })
}

fn scope_said(told: &BreachArgs, tongue: &Tongue<'_>) -> String {
    let each = [
        (words::SCOPE_STAFF, &told.staff),
        (words::SCOPE_RESOURCE, &told.resource),
        (words::SCOPE_REQUEST, &told.request),
        (words::SCOPE_SUBJECT, &told.subject),
    ];
    let named = each.iter().filter_map(|(text, word)| Some(text.with(tongue.lang, &[("word", &word.as_ref()?)])));
    named.collect::<Vec<_>>().join(&tongue.says(words::COMMA))
}

fn sections(report: &BreachReport, dates: Option<&Deadlines>, tongue: &Tongue<'_>) -> Vec<Section> {
    let mut sections = vec![
        triggers(report, tongue),
        persons(report, tongue),
        categories(report, tongue),
        places(report, tongue),
        deadlines(dates, tongue),
        items(report, tongue),
    ];
    sections.extend(report.list.as_ref().map(|list| people(list, tongue)));
    let notes = [words::BREACH_NOTE_PERSONS, words::BREACH_NOTE_MASK, words::BREACH_NOTE_LAW, words::CHECKED_BY];
    let notes = notes.map(|note| tongue.says(note)).into();
    sections.push(Section { title: tongue.says(words::NOTES), notes, ..Section::default() });
    sections
}

fn triggers(report: &BreachReport, tongue: &Tongue<'_>) -> Section {
    let row = |trigger: &Trigger| {
        let which = match trigger.trigger {
            Which::SpecialCare => words::T_SPECIAL,
            Which::PropertyDamage => words::T_PROPERTY,
            Which::WrongfulPurpose => words::T_WRONGFUL,
            Which::MoreThan1000 => words::T_MANY,
        };
        let answer = match trigger.answer {
            Answer::Yes => words::ANSWER_YES,
            Answer::No => words::ANSWER_NO,
            Answer::People => words::ANSWER_PEOPLE,
        };
        let why = because(trigger);
        let persons = at_least(trigger.persons, report.persons.at_least, tongue);
        let why = why.with(tongue.lang, &[("kinds", &tongue.kinds(&trigger.kinds)), ("n", &persons)]);
        vec![tongue.says(which), tongue.says(answer), why]
    };
    let sheet = Sheet {
        head: tongue.head(&[words::TRIGGER, words::ANSWER, words::WHY]),
        numbers: &[],
        rows: report.triggers.iter().map(row).collect(),
    };
    Section::of(tongue.says(words::BREACH_TRIGGERS), sheet, "")
}

fn because(trigger: &Trigger) -> Text {
    match trigger.because {
        Because::Readable => words::B_READABLE,
        Because::Veiled if trigger.trigger == Which::MoreThan1000 => words::B_MANY_VEILED,
        Because::Veiled => words::B_VEILED,
        Because::FreeText => words::B_FREE_TEXT,
        Because::UnknownKind => words::B_UNKNOWN,
        Because::Purpose => words::B_PURPOSE,
        Because::More => words::B_MORE,
        Because::NotMore => words::B_NOT_MORE,
        Because::Unidentified => words::B_UNIDENTIFIED,
        Because::Incomplete if trigger.trigger == Which::MoreThan1000 => words::B_MANY_INCOMPLETE,
        Because::Incomplete => words::B_INCOMPLETE,
        Because::None => words::B_NONE,
    }
}

fn persons(report: &BreachReport, tongue: &Tongue<'_>) -> Section {
    let persons = &report.persons;
    let more = |count| at_least(count, persons.at_least, tongue);
    let rows = [
        (words::P_AFFECTED, more(persons.affected)),
        (words::P_READABLE, more(persons.readable)),
        (words::P_VEILED, more(persons.veiled_only)),
        (words::P_NOTHING, more(persons.nothing)),
        (words::P_MY_NUMBER, more(persons.my_number)),
        (words::P_UNIDENTIFIED, number(persons.unidentified_values)),
        (words::P_DISCLOSURES, number(report.disclosures)),
    ];
    let rows = rows.into_iter().map(|(text, count)| vec![tongue.says(text), count]).collect();
    let head = tongue.head(&[words::PERSONS, words::COUNT_OF]);
    Section::of(tongue.says(words::BREACH_PERSONS), Sheet { head, numbers: &[1], rows }, "")
}

fn categories(report: &BreachReport, tongue: &Tongue<'_>) -> Section {
    let rows = report.categories.iter().flat_map(|sum: &CategorySum| {
        let row = |(kind, actions): (&String, &Actions)| {
            vec![
                tongue.category(sum.category),
                number(sum.persons_readable),
                number(sum.persons_veiled_only),
                tongue.kind(kind),
                tongue.actions(actions),
            ]
        };
        sum.kinds.iter().map(row).collect::<Vec<_>>()
    });
    let sheet = Sheet {
        head: tongue.head(&[
            words::CATEGORY,
            words::PERSONS_READABLE,
            words::PERSONS_VEILED,
            words::ITEM,
            words::VALUES,
        ]),
        numbers: &[1, 2],
        rows: rows.collect(),
    };
    Section::of(tongue.says(words::BREACH_CATEGORIES), sheet, &tongue.says(words::NOTHING_OUT))
        .noting(tongue.says(words::BREACH_NOTE_COLUMNS))
}

fn places(report: &BreachReport, tongue: &Tongue<'_>) -> Section {
    let staff = report.staff.iter().map(|(name, count)| (words::STAFF, tongue.staff(Some(name), true), count));
    let resources = report.resources.iter().map(|(name, count)| (words::RESOURCE, or_dash(Some(name)), count));
    let events = report.events.iter().map(|(name, count)| (words::EVENT, tongue.event(name), count));
    let purposes = report.purposes.iter().map(|(name, count)| (words::PURPOSE, or_dash(Some(name)), count));
    let all = staff.chain(resources).chain(events).chain(purposes);
    let rows = all.map(|(by, name, count)| vec![tongue.says(by), name, number(*count)]).collect();
    let head = tongue.head(&[words::GROUPED_BY, words::NAME, words::RECORDS]);
    let refused = words::BREACH_REFUSED.with(tongue.lang, &[("n", &number(report.refused))]);
    Section::of(tongue.says(words::BREACH_WHERE), Sheet { head, numbers: &[2], rows }, &tongue.says(words::NOTHING_OUT))
        .noting(refused)
}

fn deadlines(dates: Option<&Deadlines>, tongue: &Tongue<'_>) -> Section {
    let title = tongue.says(words::BREACH_DEADLINES);
    let Some(dates) = dates else {
        return Section { title, lead: vec![tongue.says(words::D_NO_KNOWN)], ..Section::default() };
    };
    let between = [("from", &dates.preliminary_from as &dyn std::fmt::Display), ("to", &dates.preliminary_to)];
    let moment = |time: Timestamp| tongue.moment(time);
    let rows = [
        (words::D_KNOWN, moment(dates.known)),
        (words::D_PRELIMINARY, words::D_BETWEEN.with(tongue.lang, &between)),
        (words::D_FINAL, dates.last.to_string()),
        (words::D_FINAL_WRONGFUL, dates.last_wrongful.to_string()),
        (words::D_GDPR, moment(dates.gdpr)),
    ];
    let rows = rows.into_iter().map(|(text, date)| vec![tongue.says(text), date]).collect();
    let head = tongue.head(&[words::WHICH_REPORT, words::DEADLINE]);
    Section::of(title, Sheet { head, numbers: &[], rows }, "").noting(tongue.says(words::D_NOTE))
}

/// What rule 8 wants told: what the ledger knows is filled in, the rest is people's.
fn items(report: &BreachReport, tongue: &Tongue<'_>) -> Section {
    let fill = || tongue.says(words::TO_FILL);
    let outline = report.first.as_deref().zip(report.last.as_deref()).map(|(first, last)| {
        let words: [(&str, &dyn std::fmt::Display); 3] =
            [("n", &number(report.disclosures)), ("first", &tongue.time(first)), ("last", &tongue.time(last))];
        words::I_OUTLINE_IS.with(tongue.lang, &words)
    });
    let reached = |sum: &CategorySum| {
        let kinds = sum.kinds.iter().filter(|(_, actions)| actions.reached() > 0).map(|(kind, _)| kind.clone());
        kinds.collect::<Vec<_>>()
    };
    let kinds: Vec<String> = report.categories.iter().flat_map(reached).collect();
    let persons = at_least(report.persons.affected, report.persons.at_least, tongue);
    let rows = [
        (words::I_OUTLINE, outline.unwrap_or_else(|| tongue.says(words::NOTHING_OUT))),
        (words::I_DATA, or_dash(Some(&tongue.kinds(&kinds)))),
        (words::I_PERSONS, persons),
        (words::I_CAUSE, fill()),
        (words::I_HARM, fill()),
        (words::I_RESPONSE, fill()),
        (words::I_PUBLICATION, fill()),
        (words::I_PREVENTION, fill()),
        (words::I_OTHER, fill()),
    ];
    let rows = rows.into_iter().map(|(text, content)| vec![tongue.says(text), content]).collect();
    let head = tongue.head(&[words::ITEM, words::CONTENT]);
    Section::of(tongue.says(words::BREACH_ITEMS), Sheet { head, numbers: &[], rows }, "")
}

fn people(list: &[Person], tongue: &Tongue<'_>) -> Section {
    let comma = tongue.says(words::COMMA);
    let said = |words: &[&'static str]| {
        let words: Vec<String> = words.iter().map(|word| tongue.category(word)).collect();
        or_dash(Some(&words.join(&comma)))
    };
    let rows = list.iter().map(|one| vec![one.of.clone(), one.id.clone(), said(&one.readable), said(&one.veiled)]);
    let head = tongue.head(&[words::TYPE, words::ID, words::READABLE, words::VEILED]);
    let sheet = Sheet { head, numbers: &[], rows: rows.collect() };
    Section::of(tongue.says(words::BREACH_LIST), sheet, &tongue.says(words::NOTHING_OUT))
        .noting(tongue.says(words::BREACH_NOTE_LIST))
}
