//! `sudare ledger report`: what the ledger comes to, for those who have to answer for it.
//!
//! Five questions that laws ask, each as a table, as one JSON object, or as a page to print and hand over. What is
//! gathered and how it is counted is `ledger::report`'s; here records are read, and what came of them is told.

mod access;
mod accounting;
mod args;
mod breach;
mod document;
mod html;
mod processing;
mod subject;
mod text;
pub mod words;

use std::ops::ControlFlow;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::DONE;
use crate::cli::ledger::home::Home;
use crate::cli::ledger::query::{Side, also_keyed, moment};
pub use crate::cli::ledger::report::args::{
    AccessArgs, AccountingArgs, BreachArgs, ProcessingArgs, ReportArgs, ReportCommand, SubjectArgs,
};
use crate::cli::ledger::report::document::{Document, Tongue, number};
use crate::cli::ledger::{Desk, Reader, Trouble, Written};
use crate::cli::say::{Lang, texts};
use crate::ledger::checkpoint::{self, Checkpoint};
use crate::ledger::key::PublicKey;
use crate::ledger::query::{Filter, Passed, SubjectIs, query};
use crate::ledger::report::reach::Categories;
use crate::ledger::report::{Gather, Span};
use crate::policy::Policy;
use crate::terms::kind::Kinds;

/// Runs the command.
pub(super) fn run(
    home: &Home,
    told: &ReportArgs,
    (written, reader): (Written, &Reader),
    desk: &mut Desk<'_>,
) -> Result<u8, Trouble> {
    let policy = home.policy();
    let kinds = policy.as_ref().map_or_else(Kinds::builtin, |policy| Kinds::clone(policy.kinds()));
    let mut shop = Shop { home, reader, by: told.by.as_deref(), policy, categories: Categories::of_kinds(&kinds) };
    let report = match &told.what {
        ReportCommand::Subject(told) => subject::report(&mut shop, told),
        ReportCommand::Breach(told) => breach::report(&mut shop, told),
        ReportCommand::AccessReview(told) => access::report(&mut shop, told),
        ReportCommand::Accounting(told) => accounting::report(&mut shop, told),
        ReportCommand::Processing(told) => processing::report(&mut shop, told),
    }?;
    match written {
        Written::Json => writeln!(desk.out, "{}", report.json)?,
        // The two that only records are written as are refused before.
        Written::Table | Written::Csv | Written::Parquet => text::write(&report.document, desk.out)?,
        Written::Html => html::write(&report.document, reader.lang, desk.out)?,
    }
    desk.out.flush()?;
    if report.unreadable {
        // Who only looks at what was printed into a file has to hear it too.
        let what = report.document.warnings.first().cloned().unwrap_or_default();
        desk.told(texts::WARNING.of(reader.lang), &what, texts::RUN_VERIFY.of(reader.lang));
    }
    Ok(DONE)
}

/// A report, for people and for programs.
struct Report {
    document: Document,
    json: Value,
    unreadable: bool,
}

/// What reports are made with.
struct Shop<'a> {
    home: &'a Home,
    reader: &'a Reader,
    by: Option<&'a str>,
    policy: Option<Policy>,
    categories: Categories,
}

/// Which lines are read as records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// Those that hold the words that are asked for: fast, and blind to a line in which damage took these.
    Promising,
    /// All of them, since what is counted says how many there are not.
    Every,
}

/// What was read.
struct Read {
    filter: Filter,
    span: Span,
    passed: Passed,
    keyless: Option<String>,
    checkpoint: Option<Checkpoint>,
}

impl Shop<'_> {
    fn lang(&self) -> Lang {
        self.reader.lang
    }

    fn tongue(&self) -> Tongue<'_> {
        Tongue { lang: self.reader.lang, zone: &self.reader.zone }
    }

    /// A person by type and id.
    fn person(&self, word: &str) -> Result<SubjectIs, Trouble> {
        let subject = SubjectIs::parse(word);
        let whole = subject.of.as_ref().is_some_and(|of| !of.is_empty()) && !subject.ids[0].is_empty();
        let lang = self.lang();
        let unclear = || {
            let what = words::NEEDS_TYPE.with(lang, &[("word", &word)]);
            Trouble::of(what, words::NEEDS_TYPE_HELP.of(lang))
        };
        whole.then_some(subject).ok_or_else(unclear)
    }

    /// The beginning and the end of a period.
    fn between(&self, from: Option<&str>, to: Option<&str>) -> Result<(Option<Timestamp>, Option<Timestamp>), Trouble> {
        let read = |text: Option<&str>, side| text.map(|text| self.moment(text, side)).transpose();
        Ok((read(from, Side::From)?, read(to, Side::To)?))
    }

    fn moment(&self, text: &str, side: Side) -> Result<Timestamp, Trouble> {
        let lang = self.lang();
        let unclear = || Trouble::of(texts::NO_TIME.with(lang, &[("word", &text)]), texts::TIMES_ARE.of(lang));
        moment(text, side, &self.reader.zone).ok_or_else(unclear)
    }

    /// Gives every record that the filter asks for to what gathers a report.
    fn read(
        &self,
        filter: Filter,
        gather: &mut dyn Gather,
        (lines, rows_max): (Lines, usize),
    ) -> Result<Read, Trouble> {
        let lang = self.lang();
        let folder = self.home.state.join("ledger");
        let (mut span, mut whole) = (Span::default(), true);
        let asked = match lines {
            Lines::Promising => filter.clone(),
            Lines::Every => Filter { from: filter.from, to: filter.to, ..Filter::default() },
        };
        let queried = query(&folder, &asked, &mut |record, _| {
            if lines == Lines::Every && !filter.matches(record) {
                return ControlFlow::Continue(());
            }
            span.note(record);
            whole = gather.take(record);
            if whole { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let passed = queried.map_err(|error| {
            let what = texts::LEDGER_UNREADABLE.with(lang, &[("path", &folder.display()), ("error", &error)]);
            Trouble::of(what, texts::NAME_STATE.of(lang))
        })?;
        if !whole {
            let what = words::TOO_MANY_ROWS.with(lang, &[("max", &rows_max)]);
            return Err(Trouble::of(what, words::TOO_MANY_ROWS_HELP.of(lang)));
        }
        Ok(Read { filter, span, passed, keyless: None, checkpoint: self.checkpoint() })
    }

    /// The keyed forms of a person's id beside the plain one; why they could not be had.
    fn keyed(&self, subject: &mut SubjectIs) -> Option<String> {
        also_keyed(subject, self.home, self.lang())
    }

    /// What was signed last; whether it holds is for `verify` to say.
    fn checkpoint(&self) -> Option<Checkpoint> {
        let key = PublicKey::read(&self.home.state.join("ledger.pub")).ok()?;
        checkpoint::tail(&self.home.state.join("ledger").join(checkpoint::FILE_NAME), &key).ok()?.last
    }

    /// A report of what was read: facts and warnings that all have in common, and the sections of this one.
    fn report<T: Serialize>(&self, name: &str, read: &Read, made: Made<'_, T>) -> Report {
        let document = Document {
            title: made.title,
            facts: self.facts(read, made.about),
            warnings: self.warnings(read, made.at_least),
            sections: made.sections,
        };
        let mut json = json!({
            "report": name,
            "period": { "from": read.filter.from.map(|time| time.to_string()), "to": read.filter.to.map(|time| time.to_string()) },
            "made": { "at": self.reader.now.to_string(), "by": self.made_by(), "program": PROGRAM },
            "ledger": {
                "records": read.span.records,
                "first": read.span.first,
                "last": read.span.last,
                "unreadable": read.passed.unreadable,
                "keyed_ids_sought": read.keyless.is_none(),
                "checkpoint": read.checkpoint.as_ref().map(|last| json!({
                    "records": last.head.tip.seq,
                    "time": last.time.to_string(),
                    "covers": covers(last, &read.span),
                })),
            },
            "rules_read": self.policy.is_some(),
        });
        // What a report holds is plain data, which always has a JSON form.
        if let (Value::Object(all), Ok(Value::Object(own))) = (&mut json, serde_json::to_value(made.content)) {
            all.extend(own);
        }
        Report { document, json, unreadable: read.passed.unreadable > 0 }
    }

    fn facts(&self, read: &Read, about: Option<String>) -> Vec<(String, String)> {
        let (lang, tongue) = (self.lang(), self.tongue());
        let filter = &read.filter;
        let told = |time: Timestamp| tongue.moment(time);
        let period = match (filter.from.map(told), filter.to.map(told)) {
            (None, None) => tongue.says(words::PERIOD_ALL),
            (Some(from), None) => words::PERIOD_FROM.with(lang, &[("from", &from)]),
            (None, Some(to)) => words::PERIOD_TO.with(lang, &[("to", &to)]),
            (Some(from), Some(to)) => words::PERIOD_BOTH.with(lang, &[("from", &from), ("to", &to)]),
        };
        let span = &read.span;
        let records = match (span.first, span.last) {
            (Some(first), Some(last)) => {
                let words: [(&str, &dyn std::fmt::Display); 3] =
                    [("n", &number(span.records)), ("first", &first), ("last", &last)];
                words::LEDGER_SPAN.with(lang, &words)
            }
            _ => tongue.says(words::LEDGER_NONE),
        };
        let signed = match &read.checkpoint {
            Some(last) => {
                let text = if covers(last, span) { words::CHECKPOINT_COVERS } else { words::CHECKPOINT_BEFORE };
                text.with(lang, &[("time", &tongue.moment(last.time)), ("seq", &last.head.tip.seq)])
            }
            None => tongue.says(words::CHECKPOINT_NONE),
        };
        let mut facts: Vec<(String, String)> =
            about.map(|about| (tongue.says(words::ABOUT), about)).into_iter().collect();
        facts.push((tongue.says(words::PERIOD), period));
        facts.push((tongue.says(words::MADE), format!("{} ({PROGRAM})", tongue.moment(self.reader.now))));
        facts.push((tongue.says(words::MADE_BY), self.made_by().to_owned()));
        facts.push((tongue.says(words::LEDGER), records));
        facts.push((tongue.says(words::CHECKPOINT), signed));
        facts
    }

    fn warnings(&self, read: &Read, at_least: bool) -> Vec<String> {
        let (lang, tongue) = (self.lang(), self.tongue());
        let mut warnings = Vec::new();
        if let Some(spot) = &read.passed.first_unreadable {
            let name = spot.path.file_name().unwrap_or_default().to_string_lossy();
            let place = format!("{name}:{}", spot.line);
            warnings.push(words::UNREADABLE.with(lang, &[("n", &read.passed.unreadable), ("place", &place)]));
        }
        if let Some(why) = &read.keyless {
            warnings.push(words::KEYLESS.with(lang, &[("why", why)]));
        }
        if at_least {
            warnings.push(tongue.says(words::MORE_PERSONS));
        }
        if self.policy.is_none() {
            warnings.push(tongue.says(words::NO_RULES));
        }
        warnings
    }

    fn made_by(&self) -> &str {
        self.by.unwrap_or(&self.reader.user)
    }
}

/// What one report has of its own.
struct Made<'t, T> {
    title: String,
    about: Option<String>,
    sections: Vec<document::Section>,
    at_least: bool,
    content: &'t T,
}

fn covers(last: &Checkpoint, span: &Span) -> bool {
    span.last.is_none_or(|seq| seq <= last.head.tip.seq)
}

const PROGRAM: &str = concat!("sudare ", env!("CARGO_PKG_VERSION"));
