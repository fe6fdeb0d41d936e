//! Faults: what is wrong in a file of YAML, where, and what to write instead.
//!
//! Every reader collects faults and goes on, so that one run of `check` tells all of them. The
//! rendering is here too, because the caret has to stand right under wide characters and that is
//! the one thing about a fault that is easy to get wrong.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::policy::node::{Source, Spot};

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is not taken.
    Error,
    /// The file is taken, but hardly meant so.
    Warning,
}

impl Severity {
    /// The word in diagnostics.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file's name as it was given.
    pub file: Arc<str>,
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// The line of the first, counted from 1.
    pub line: usize,
    /// The column of the first in characters, counted from 1.
    pub column: usize,
    /// How bad it is.
    pub severity: Severity,
    /// A word for programs: `unknown-key`.
    pub code: &'static str,
    /// What is wrong, as a sentence without a period.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Fault {
    /// Says what to write instead.
    pub fn help(&mut self, help: impl Into<String>) {
        self.help = Some(help.into());
    }

    /// Says what was probably meant, if anything comes near.
    pub fn did_you_mean(&mut self, nearest: Option<&str>) {
        if let Some(nearest) = nearest {
            self.help(format!("did you mean `{nearest}`?"));
        }
    }
}

/// How many faults of one run are told; whoever has more has one cause.
const FAULTS_MAX: usize = 500;

/// Collects faults.
#[derive(Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
    /// Takes faults beyond the bound, so that callers need not know of it.
    beyond: Option<Fault>,
    errors: usize,
}

impl Faults {
    /// No faults yet.
    pub fn new() -> Faults {
        Faults::default()
    }

    /// Notes an error; the result takes a help.
    pub fn error(&mut self, spot: &Spot, code: &'static str, message: impl Into<String>) -> &mut Fault {
        self.errors += 1;
        self.add(spot, Severity::Error, code, message.into())
    }

    /// Notes a warning; the result takes a help.
    pub fn warning(&mut self, spot: &Spot, code: &'static str, message: impl Into<String>) -> &mut Fault {
        self.add(spot, Severity::Warning, code, message.into())
    }

    /// Whether anything was an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are so far: two counts tell whether a part was read without one.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether a line has a fault of this code already.
    pub fn has(&self, code: &str, spot: &Spot) -> bool {
        self.list.iter().any(|fault| fault.code == code && fault.line == spot.line && fault.file == spot.file)
    }

    /// All faults by file and place, each once.
    pub fn into_sorted(mut self) -> Vec<Fault> {
        self.list.sort_by(|a, b| {
            (&a.file, a.span.start, a.severity, &a.message).cmp(&(&b.file, b.span.start, b.severity, &b.message))
        });
        self.list.dedup();
        self.list
    }

    fn add(&mut self, spot: &Spot, severity: Severity, code: &'static str, message: String) -> &mut Fault {
        let fault = Fault {
            file: spot.file.clone(),
            span: spot.span.clone(),
            line: spot.line,
            column: spot.column,
            severity,
            code,
            message,
            help: None,
        };
        if self.list.len() >= FAULTS_MAX {
            return self.beyond.insert(fault);
        }
        let at = self.list.len();
        self.list.push(fault);
        &mut self.list[at]
    }
}

/// The words that stand before a fault and its help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headings {
    /// Before an error.
    pub error: &'static str,
    /// Before a warning.
    pub warning: &'static str,
    /// Before what to write instead.
    pub help: &'static str,
}

impl Headings {
    /// The words that programs look for, too.
    pub const ENGLISH: Headings = Headings { error: "error", warning: "warning", help: "help" };
}

/// Faults for people: the line, a caret, the help.
pub fn render(faults: &[Fault], sources: &[Source], colour: bool) -> String {
    render_under(Headings::ENGLISH, faults, sources, colour)
}

/// The same under headings of another language; the faults' own sentences are whoever asks's to translate.
pub fn render_under(headings: Headings, faults: &[Fault], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for fault in faults {
        out.push_str(&render_one(headings, fault, sources, &renderer));
        out.push_str("\n\n");
    }
    out
}

/// Faults for programs: one object a line.
pub fn render_json(faults: &[Fault]) -> String {
    let line = |fault: &Fault| {
        let object = serde_json::json!({
            "file": &*fault.file, "line": fault.line, "column": fault.column, "severity": fault.severity.word(),
            "code": fault.code, "message": fault.message, "help": fault.help,
        });
        format!("{object}\n")
    };
    faults.iter().map(line).collect()
}

fn render_one(headings: Headings, fault: &Fault, sources: &[Source], renderer: &Renderer) -> String {
    let level = match fault.severity {
        Severity::Error => Level::ERROR.with_name(headings.error),
        Severity::Warning => Level::WARNING.with_name(headings.warning),
    };
    let title = level.primary_title(fault.message.as_str()).id(fault.code);
    let text = sources.iter().find(|source| *source.name == *fault.file).map_or("", |source| source.text.as_str());
    let (excerpt, span) = excerpt(text, &fault.span);
    let snippet = Snippet::source(excerpt)
        .path(fault.file.to_string())
        .line_start(fault.line)
        .annotation(AnnotationKind::Primary.span(span));
    let mut group = title.element(snippet);
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.with_name(headings.help).message(help.as_str()));
    }
    renderer.render(&[group])
}

/// The one line that a fault begins on, and the part of the span that lies in it.
fn excerpt<'t>(text: &'t str, span: &Range<usize>) -> (&'t str, Range<usize>) {
    let start = floor(text, span.start);
    let begin = text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let end = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
    let last = floor(text, span.end).clamp(start, end);
    (&text[begin..end], start - begin..last - begin)
}

/// The nearest character boundary at or before `at`, so that a wrong span can never panic.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Source {
        Source { name: "desk.yaml".into(), text: "fields:\n  氏名の欄: { 電話: fone }\n".into() }
    }

    fn fault() -> Fault {
        let start = source().text.find("fone").expect("it stands there");
        let spot = Spot { file: "desk.yaml".into(), span: start..start + 4, line: 2, column: 15 };
        let mut faults = Faults::new();
        faults.error(&spot, "unknown-kind", "`fone` is no kind").did_you_mean(Some("phone"));
        faults.into_sorted().remove(0)
    }

    #[test]
    fn the_caret_stands_under_wide_characters() {
        let shown = render(&[fault()], &[source()], false);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "error[unknown-kind]: `fone` is no kind");
        assert!(lines[1].ends_with("--> desk.yaml:2:15"), "{shown}");
        // Six wide characters stand before the word, each two columns wide.
        assert_eq!(lines[3], "2 |   氏名の欄: { 電話: fone }");
        assert_eq!(lines[4], "  |                     ^^^^");
        assert!(shown.contains("help: did you mean `phone`?"), "{shown}");
    }

    #[test]
    fn programs_get_one_object_a_line() {
        let lines = render_json(&[fault(), fault()]);
        assert_eq!(lines.lines().count(), 2);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap_or_default()).expect("json");
        assert_eq!(first["column"], 15);
        assert_eq!(first["severity"], "error");
        assert_eq!(first["help"], "did you mean `phone`?");
    }

    #[test]
    fn a_span_outside_the_text_does_no_harm() {
        let mut odd = fault();
        odd.span = 4000..5000;
        assert!(render(&[odd], &[source()], false).contains("desk.yaml"));
        let mut inside = fault();
        inside.span.end = inside.span.start - 1;
        assert!(render(&[inside], &[source()], false).contains("desk.yaml"));
    }

    #[test]
    fn faults_are_bounded_and_told_once() {
        let spot = Spot { file: "a".into(), span: 0..0, line: 1, column: 1 };
        let mut faults = Faults::new();
        for number in 0..2 * FAULTS_MAX {
            faults.error(&spot, "x", format!("fault {}", number / 2));
        }
        assert_eq!(faults.errors(), 2 * FAULTS_MAX);
        assert_eq!(faults.into_sorted().len(), FAULTS_MAX / 2);
    }
}
