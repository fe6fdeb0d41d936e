//! Results for people and for programs.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::json;

use crate::cli::say::{Lang, texts};
use crate::cli::test::coverage::Coverage;
use crate::cli::test::diff::{self, Line};
use crate::cli::test::suite::{Checked, Difference};
use crate::ledger::show::plain;
use crate::policy::node::{Source, Spot};

/// What came of all tests.
pub(super) struct Report<'a> {
    pub(super) results: &'a [Checked],
    pub(super) sources: &'a [Source],
    /// The files that hold no tests.
    pub(super) untested: Vec<&'a str>,
    pub(super) lang: Lang,
    pub(super) colour: bool,
}

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const BOLD: &str = "\u{1b}[1m";

impl Report<'_> {
    /// How many expectations did not hold.
    pub(super) fn failed(&self) -> usize {
        self.results.iter().filter(|result| !result.differences.is_empty()).count()
    }

    /// For people: what failed, and how many passed.
    pub(super) fn people(&self, coverage: Option<&Coverage>, out: &mut dyn Write) -> io::Result<()> {
        for result in self.results.iter().filter(|result| !result.differences.is_empty()) {
            writeln!(out, "{}", self.painted(BOLD, &self.title(result)))?;
            for difference in &result.differences {
                self.difference(difference, out)?;
                writeln!(out)?;
            }
        }
        let (failed, lang) = (self.failed(), self.lang);
        let passed = self.results.len() - failed;
        let told = texts::PASSED.with(lang, &[("passed", &passed), ("failed", &failed)]);
        writeln!(out, "{}", self.painted(if failed > 0 { RED } else { GREEN }, &told))?;
        if self.untested.len() == self.sources.len() {
            writeln!(out, "{}", texts::NO_TESTS.of(lang))?;
        } else if !self.untested.is_empty() {
            writeln!(out, "{}", texts::WITHOUT_TESTS.with(lang, &[("files", &self.untested.join(", "))]))?;
        }
        coverage.map_or(Ok(()), |coverage| coverage.people(lang, out))
    }

    /// For programs: one object a line.
    pub(super) fn json(&self, coverage: Option<&Coverage>, out: &mut dyn Write) -> io::Result<()> {
        for result in self.results {
            let differences: Vec<_> = result.differences.iter().map(|own| self.object(own)).collect();
            let line = json!({
                "file": &*result.spot.file, "line": result.spot.line, "column": result.spot.column,
                "test": result.test, "as": result.who, "passed": differences.is_empty(),
                "differences": differences,
            });
            writeln!(out, "{line}")?;
        }
        let failed = self.failed();
        let took: f64 = self.results.iter().map(|result| result.took.as_secs_f64()).sum();
        writeln!(
            out,
            "{}",
            json!({ "passed_count": self.results.len() - failed, "failed_count": failed, "seconds": took, "files_without_tests": self.untested })
        )?;
        coverage.map_or(Ok(()), |coverage| coverage.json(out))
    }

    fn object(&self, difference: &Difference) -> serde_json::Value {
        let Difference { code, spot, what, expected, got, because } = difference;
        let rule = |(id, at): &crate::cli::test::because::ByRule| match at {
            Some((file, line)) => json!({ "rule": id, "file": &**file, "line": line }),
            None => json!({ "rule": id }),
        };
        let decided = |own: &crate::cli::test::because::Decided| {
            let rules: Vec<_> = own.rules.iter().map(rule).collect();
            let absent = |own: &crate::cli::test::because::Absent| {
                let mut told = rule(&own.rule);
                told["condition"] = own.condition.into();
                told
            };
            let absent: Vec<_> = own.absent.iter().map(absent).collect();
            json!({ "kind": own.kind, "action": own.action, "rules": rules, "absent": absent })
        };
        json!({
            "file": &*spot.file, "line": spot.line, "column": spot.column, "code": code, "message": what,
            "expected": expected, "got": got, "decided": because.decided.iter().map(decided).collect::<Vec<_>>(),
        })
    }

    /// The line over a failure.
    pub(super) fn title(&self, result: &Checked) -> String {
        let place = format!("{}:{}", result.spot.file, result.spot.line);
        let words: [(&str, &dyn std::fmt::Display); 3] =
            [("place", &place), ("test", &result.test), ("who", &result.who)];
        plain(&texts::FAILED.with(self.lang, &words))
    }

    /// One difference: where it is expected, what was expected and what came, and what decided.
    pub(super) fn difference(&self, difference: &Difference, out: &mut dyn Write) -> io::Result<()> {
        let Difference { code, spot, what, expected, got, because } = difference;
        let source = self.sources.iter().find(|source| *source.name == *spot.file);
        let (line, span) = excerpt(source.map_or("", |source| &source.text), spot);
        let snippet = Snippet::source(line)
            .path(spot.file.to_string())
            .line_start(spot.line)
            .annotation(AnnotationKind::Primary.span(span));
        // A terminal gets nothing to obey of what the CRM's answer or a test holds.
        let what = plain(what);
        let mut group = Level::ERROR.with_name(*code).primary_title(what.as_str()).element(snippet);
        let lines = beside(expected.as_deref(), got.as_deref());
        let (expected, got) = (expected.as_deref().map(plain), got.as_deref().map(plain));
        if lines.is_none() {
            for (name, text) in [(texts::EXPECTED, &expected), (texts::GOT, &got)] {
                if let Some(text) = text.as_deref() {
                    let message = if text.is_empty() { texts::NOTHING.of(self.lang) } else { text };
                    group = group.element(Level::NOTE.with_name(name.of(self.lang)).message(message));
                }
            }
        }
        let because: Vec<String> = because.lines(self.lang).iter().map(|line| plain(line)).collect();
        for line in &because {
            group = group.element(Level::HELP.with_name(texts::SINCE.of(self.lang)).message(line.as_str()));
        }
        let renderer = if self.colour { Renderer::styled() } else { Renderer::plain() };
        writeln!(out, "{}", renderer.render(&[group]))?;
        let margin = " ".repeat(spot.line.to_string().len() + 1);
        for line in lines.unwrap_or_default() {
            let line = match line {
                Line::Same(text) => format!("  {}", plain(&text)),
                Line::Missing(text) => self.painted(RED, &format!("- {}", plain(&text))),
                Line::More(text) => self.painted(GREEN, &format!("+ {}", plain(&text))),
                Line::Skipped(count) => format!("… {count}"),
            };
            writeln!(out, "{margin}{line}")?;
        }
        Ok(())
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Lines beside one another, where a text has more than one or a long one.
fn beside(expected: Option<&str>, got: Option<&str>) -> Option<Vec<Line>> {
    const SHORT: usize = 100;
    let (expected, got) = (expected?, got?);
    let is_long = |text: &str| text.contains('\n') || text.len() > SHORT;
    (is_long(expected) || is_long(got)).then(|| diff::lines(expected, got))
}

/// The line on which an expectation begins, and what of it lies there.
fn excerpt<'t>(text: &'t str, spot: &Spot) -> (&'t str, std::ops::Range<usize>) {
    let start = text.floor_char_boundary(spot.span.start);
    let begin = text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
    let last = text.floor_char_boundary(spot.span.end).clamp(start, end);
    (&text[begin..end], start - begin..last - begin)
}
