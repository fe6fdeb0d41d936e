//! Faults: what is wrong in a file of YAML, where, and what to write instead.
//!
//! Every reader collects faults and goes on, so that one run of `check` tells all of them. How they
//! are shown is `render`'s.

use std::ops::Range;
use std::sync::Arc;

use crate::policy::node::Spot;

pub use crate::policy::render::{Headings, render, render_json, render_under};

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
    /// The file's text, where the file is not one of those that were asked for: users.yaml, which
    /// gateway.yaml names. What nobody may read in it is veiled.
    pub text: Option<Arc<str>>,
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
    /// How many those were, errors among them.
    more: usize,
    more_errors: usize,
    errors: usize,
    /// Maps of which a pair was told and left out: what they lack is nobody's second fault.
    slips: Vec<(Arc<str>, Range<usize>)>,
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

    /// Notes that a pair of the map that begins there was told and left out.
    pub fn slip(&mut self, map: &Spot) {
        self.slips.push((map.file.clone(), map.span.clone()));
    }

    /// Whether a pair of the map that begins there was left out.
    pub fn has_slip(&self, map: &Spot) -> bool {
        self.slips.iter().any(|(file, span)| *file == map.file && *span == map.span)
    }

    /// Whether anything was left out: then a name that nobody declares is no second fault.
    pub fn has_slips(&self) -> bool {
        !self.slips.is_empty()
    }

    /// Whether a line has a fault of this code already.
    pub fn has(&self, code: &str, spot: &Spot) -> bool {
        self.list.iter().any(|fault| fault.code == code && fault.line == spot.line && fault.file == spot.file)
    }

    /// How many are told so far.
    pub fn told(&self) -> usize {
        self.list.len()
    }

    /// Leaves out what was told since then and is one of these: faults that come of another.
    pub fn forget(&mut self, since: usize, is: impl Fn(&Fault) -> bool) {
        let mut at = 0;
        let mut errors = 0;
        self.list.retain(|fault| {
            at += 1;
            let goes = at > since && is(fault);
            errors += usize::from(goes && fault.severity == Severity::Error);
            !goes
        });
        self.errors -= errors;
    }

    /// Whether further faults are only counted: then nobody reads what a help would say.
    pub fn is_full(&self) -> bool {
        self.list.len() >= FAULTS_MAX
    }

    /// Takes the faults of another file, which is named in this one.
    pub fn of_file(&mut self, text: &str, own: Faults) {
        let text: Arc<str> = text.into();
        self.errors += own.errors;
        for mut fault in own.into_sorted() {
            if self.is_full() {
                self.more += 1;
                self.more_errors += usize::from(fault.severity == Severity::Error);
                self.beyond = Some(fault);
                continue;
            }
            fault.text = Some(text.clone());
            self.list.push(fault);
        }
    }

    /// All faults by file and place, each once; the last tells how many were only counted.
    pub fn into_sorted(mut self) -> Vec<Fault> {
        let rest = self.rest();
        self.list.sort_by(|a, b| {
            (&a.file, a.span.start, a.severity, &a.message).cmp(&(&b.file, b.span.start, b.severity, &b.message))
        });
        self.list.dedup();
        self.list.extend(rest);
        self.list
    }

    fn rest(&mut self) -> Option<Fault> {
        let last = self.beyond.take()?;
        let severity = if self.more_errors > 0 { Severity::Error } else { Severity::Warning };
        let message = format!("{FAULTS_MAX} faults are told, and {} more are not", self.more);
        let help = Some("mend these first: many faults mostly have one cause".to_owned());
        Some(Fault { severity, code: "more", message, help, ..last })
    }

    fn add(&mut self, spot: &Spot, severity: Severity, code: &'static str, message: String) -> &mut Fault {
        let message = shortened(message);
        let fault = Fault {
            file: spot.file.clone(),
            span: spot.span.clone(),
            line: spot.line,
            column: spot.column,
            severity,
            code,
            message,
            help: None,
            text: None,
        };
        if self.is_full() {
            self.more += 1;
            self.more_errors += usize::from(severity == Severity::Error);
            return self.beyond.insert(fault);
        }
        let at = self.list.len();
        self.list.push(fault);
        &mut self.list[at]
    }
}

/// A message without the middle of what nobody would read: a key can be as long as a file.
fn shortened(message: String) -> String {
    const HEAD_CHARS: usize = 400;
    const TAIL_CHARS: usize = 200;
    let Some((head, _)) = message.char_indices().nth(HEAD_CHARS) else { return message };
    let Some((tail, _)) = message.char_indices().rev().nth(TAIL_CHARS) else { return message };
    if tail <= head { message } else { format!("{}…{}", &message[..head], &message[tail..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_bounded_and_told_once() {
        let spot = Spot { file: "a".into(), span: 0..0, line: 1, column: 1 };
        let mut faults = Faults::new();
        for number in 0..2 * FAULTS_MAX {
            faults.error(&spot, "x", format!("fault {}", number / 2));
        }
        assert_eq!(faults.errors(), 2 * FAULTS_MAX);
        let mut told = faults.into_sorted();
        let rest = told.pop().expect("the rest");
        assert_eq!((rest.code, rest.severity), ("more", Severity::Error));
        assert_eq!(rest.message, "500 faults are told, and 500 more are not");
        assert_eq!(told.len(), FAULTS_MAX / 2);
    }

    #[test]
    fn a_message_is_no_longer_than_anybody_reads() {
        let spot = Spot { file: "a".into(), span: 0..0, line: 1, column: 1 };
        let mut faults = Faults::new();
        faults.error(&spot, "x", format!("`{}` is no key of a rule", "名".repeat(1_000_000)));
        let told = faults.into_sorted().remove(0).message;
        assert!(told.starts_with("`名名") && told.ends_with("名` is no key of a rule"), "{told}");
        assert!(told.chars().count() < 700 && told.contains('…'));
        assert_eq!(shortened("x".repeat(500)), "x".repeat(500));
    }

    #[test]
    fn faults_of_another_file_keep_its_text_and_count_here() {
        let spot = Spot { file: "b".into(), span: 0..1, line: 1, column: 1 };
        let (mut faults, mut own) = (Faults::new(), Faults::new());
        own.error(&spot, "x", "wrong");
        own.warning(&spot, "y", "odd");
        faults.of_file("text", own);
        assert!(faults.has_errors());
        let told = faults.into_sorted();
        assert_eq!(told.iter().map(|fault| fault.severity.word()).collect::<Vec<_>>(), ["error", "warning"]);
        assert!(told.iter().all(|fault| fault.text.as_deref() == Some("text")));
    }
}
