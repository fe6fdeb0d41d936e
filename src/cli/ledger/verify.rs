//! `sudare ledger verify`: whether every line is the one that was written.

use std::io;
use std::path::Path;

use crate::cli::ledger::{Desk, Format, Trouble, VerifyArgs, public_key};
use crate::cli::say::{Lang, phrase, tell, texts};
use crate::cli::{DONE, FAILED};
use crate::ledger::key::PublicKey;
use crate::ledger::show;
use crate::ledger::verify::{Kept, Report, verify};
use crate::ledger::witness::kept_in;

/// Runs the command.
pub(super) fn run(
    state: &Path,
    told: &VerifyArgs,
    desk: &mut Desk<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let key = public_key(state, told.key.as_deref(), lang)?;
    let unreadable = |error| Trouble::caused(lang, &error, texts::MEND_RIGHTS.of(lang));
    let dir = state.join("ledger");
    let kept = match (&told.checkpoint, &told.witness) {
        (path, Some(witness)) => {
            let witness = witness_key(witness, lang)?;
            let path = path.clone().unwrap_or_else(|| kept_in(&dir));
            Kept::cosigned(&path, &key, &witness).map_err(unreadable)?
        }
        (Some(path), None) => Kept::read(path, &key).map_err(unreadable)?,
        (None, None) => Ok(Kept::default()),
    };
    let cosigned = told.witness.is_some().then(|| kept.as_ref().ok()?.checkpoints.last()).flatten();
    let cosigned = cosigned.map(|(last, _)| last.head.tip.seq);
    let report = match kept {
        Ok(kept) => verify(&dir, &key, &kept, progress).map_err(unreadable)?,
        Err(finding) => Report { finding: Some(finding), ..Report::default() },
    };
    match desk.format {
        Format::Json => show::report_json(&report, desk.out)?,
        Format::Table => told_to_people(&report, cosigned, desk)?,
    }
    desk.out.flush()?;
    Ok(if report.finding.is_some() { FAILED } else { DONE })
}

/// A witness's key as it is written, or in a file.
fn witness_key(word: &str, lang: Lang) -> Result<PublicKey, Trouble> {
    let text = std::fs::read_to_string(word);
    let text = text.as_deref().unwrap_or(word);
    PublicKey::of_witness(text).map_err(|_| {
        Trouble::of(texts::NO_WITNESS_KEY.with(lang, &[("word", &word)]), texts::NO_WITNESS_KEY_HELP.of(lang))
    })
}

/// What holds as a result, what does not as a diagnostic.
fn told_to_people(report: &Report, cosigned: Option<u64>, desk: &mut Desk<'_>) -> io::Result<()> {
    let lang = desk.lang;
    if let Some(spot) = &report.unfinished {
        let what = texts::NOT_WHOLE.with(lang, &[("path", &spot.path.display()), ("line", &spot.line)]);
        desk.told(texts::WARNING.of(lang), &what, texts::NOT_WHOLE_HELP.of(lang));
    }
    if let Some(finding) = &report.finding {
        let what = phrase(lang, &finding.what);
        let what = format!("{}:{}: {what}", finding.spot.path.display(), finding.spot.line);
        desk.told(texts::ERROR.of(lang), &what, &phrase(lang, &finding.advice));
        return Ok(());
    }
    let Report { records, segments, checkpoints, .. } = report;
    let counts: [(&str, &dyn std::fmt::Display); 3] =
        [("records", records), ("segments", segments), ("checkpoints", checkpoints)];
    writeln!(desk.out, "{}", texts::LEDGER_HOLDS.with(lang, &counts))?;
    for deleted in &report.deleted {
        let (from, to) = (format!("{:.0}", deleted.written.0), format!("{:.0}", deleted.written.1));
        let words: [(&str, &dyn std::fmt::Display); 4] =
            [("first", &deleted.first), ("last", &deleted.last), ("from", &from), ("to", &to)];
        writeln!(desk.out, "{}", texts::DELETED_RECORDS.with(lang, &words))?;
    }
    if let Some(last) = &report.last {
        let (time, after) = (format!("{:.6}", last.time), (records + gone(report)).saturating_sub(last.head.tip.seq));
        let words: [(&str, &dyn std::fmt::Display); 3] =
            [("seq", &last.head.tip.seq), ("time", &time), ("after", &after)];
        writeln!(desk.out, "{}", texts::LAST_CHECKPOINT.with(lang, &words))?;
    }
    if let Some(seq) = cosigned {
        writeln!(desk.out, "{}", texts::LAST_COSIGNED.with(lang, &[("seq", &seq)]))?;
    }
    Ok(())
}

/// How many records retention deleted.
fn gone(report: &Report) -> u64 {
    report.deleted.iter().map(|deleted| deleted.last + 1 - deleted.first).sum()
}

/// A line on the terminal that says how far a long check has come.
pub(super) struct Progress {
    shown: Option<u64>,
    live: bool,
    lang: Lang,
}

impl Progress {
    /// A check of less than this is over before anybody could read the line.
    const BYTES_MIN: u64 = 64 << 20;

    /// A line that is shown where somebody can see it.
    pub(super) fn new(live: bool, lang: Lang) -> Progress {
        Progress { shown: None, live, lang }
    }

    /// Shows how many bytes of how many are done.
    pub(super) fn show(&mut self, done: u64, total: u64) {
        if let Some(line) = self.line(done, total) {
            tell(&line);
        }
    }

    fn line(&mut self, done: u64, total: u64) -> Option<String> {
        if !self.live || total < Self::BYTES_MIN {
            return None;
        }
        let percent = done.saturating_mul(100) / total;
        if self.shown.replace(percent) == Some(percent) {
            return None;
        }
        let end = if done >= total { "\r\u{1b}[K" } else { "" };
        Some(format!("\r{}{end}", texts::VERIFYING.with(self.lang, &[("percent", &format!("{percent:3}"))])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_shown_once_a_percent_and_taken_away_at_the_end() {
        let total = 100 * Progress::BYTES_MIN;
        let mut progress = Progress::new(true, Lang::En);
        let lines: Vec<_> = [0, total / 2, total / 2 + 1, total].map(|done| progress.line(done, total)).into();
        assert_eq!(lines[1].as_deref(), Some("\rverifying  50%"));
        assert_eq!(lines[2], None);
        assert!(lines[3].as_ref().is_some_and(|line| line.ends_with("\r\u{1b}[K")));
        assert_eq!(Progress::new(false, Lang::En).line(0, total), None, "nobody looks at a pipe");
        assert_eq!(Progress::new(true, Lang::En).line(0, 1), None, "a short check needs none");
    }
}
