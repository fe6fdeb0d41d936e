//! What a migration has done, counted: for people as a table, for programs as an object.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cli::grid::Grid;
use crate::cli::say::{Lang, phrase, texts};
use crate::serve::exchange::migrate::{Failure, Outcome, Tally, Told};

/// How many records that failed are named.
const NAMED_MAX: usize = 20;

/// What was done so far.
#[derive(Default)]
pub struct Report {
    /// Records that were looked at or left out.
    pub records: u64,
    converted: u64,
    already: u64,
    nothing: u64,
    /// Records that the journal says are done.
    pub skipped: u64,
    /// Records that are as they were.
    pub failed: u64,
    kinds: BTreeMap<String, Tally>,
    /// By the word and the note of why.
    why: BTreeMap<(&'static str, String), u64>,
    named: Vec<String>,
}

/// The word of an outcome, in journals and reports.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Converted => "converted",
        Outcome::Already => "already",
        Outcome::Nothing => "nothing",
    }
}

impl Report {
    /// Counts a record.
    pub fn add(&mut self, told: &Told) {
        match told.outcome {
            Outcome::Converted => self.converted += 1,
            Outcome::Already => self.already += 1,
            Outcome::Nothing => self.nothing += 1,
        }
        for (kind, tally) in &told.kinds {
            let all = self.kinds.entry(kind.clone()).or_default();
            all.converted += tally.converted;
            all.already += tally.already;
        }
    }

    /// Counts a record that is as it was.
    pub fn fail(&mut self, id: &str, failure: &Failure) {
        self.failed += 1;
        *self.why.entry((failure.word, failure.note.clone())).or_default() += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(id.to_owned());
        }
    }

    /// A line of progress.
    pub fn progress(&self, lang: Lang) -> String {
        let words: [(&str, &dyn std::fmt::Display); 3] =
            [("records", &self.records), ("converted", &self.converted), ("failed", &self.failed)];
        texts::MIGRATING.with(lang, &words)
    }

    /// For people.
    pub fn table(&self, lang: Lang, dry: bool) -> String {
        let words: [(&str, &dyn std::fmt::Display); 6] = [
            ("records", &self.records),
            ("converted", &self.converted),
            ("already", &self.already),
            ("nothing", &self.nothing),
            ("skipped", &self.skipped),
            ("failed", &self.failed),
        ];
        let said = if dry { texts::MIGRATED_DRY } else { texts::MIGRATED };
        let mut out = format!("{}\n", said.with(lang, &words)).into_bytes();
        let headings = [texts::KIND, texts::BECAME_TOKENS, texts::WERE_TOKENS];
        let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
        for (kind, tally) in &self.kinds {
            grid.row(vec![kind.clone(), tally.converted.to_string(), tally.already.to_string()]);
        }
        // A vector takes whatever is written.
        if !grid.is_empty() {
            let _ = grid.write(&mut out);
        }
        let headings = [texts::FAILED_RECORDS, texts::WHY];
        let mut grid = Grid::under(&headings.map(|heading| heading.of(lang)));
        for ((word, note), count) in &self.why {
            grid.row(vec![count.to_string(), format!("{word}: {}", phrase(lang, note))]);
        }
        if !grid.is_empty() {
            let _ = grid.write(&mut out);
            let named = texts::FAILED_FIRST.with(lang, &[("ids", &self.named.join(" "))]);
            out.extend(format!("{}\n", crate::ledger::show::plain(&named)).into_bytes());
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// For programs.
    pub fn json(&self, resource: &str, dry: bool, stopped: Option<&str>) -> Value {
        let kinds: BTreeMap<&String, Value> = self
            .kinds
            .iter()
            .map(|(kind, tally)| (kind, json!({ "converted": tally.converted, "already": tally.already })))
            .collect();
        let why =
            |((word, note), count): (&(&str, String), &u64)| json!({ "reason": word, "note": note, "records": count });
        json!({
            "resource": resource,
            "dry_run": dry,
            "records": self.records,
            "converted": self.converted,
            "already": self.already,
            "nothing": self.nothing,
            "skipped": self.skipped,
            "failed": self.failed,
            "kinds": kinds,
            "failures": self.why.iter().map(why).collect::<Vec<_>>(),
            "failed_ids": self.named,
            "stopped": stopped,
        })
    }
}
