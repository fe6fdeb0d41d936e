//! Faults as people and programs read them: the line with a caret, or where the word begins and ends.
//!
//! The caret has to stand right under wide characters, columns are characters for people and UTF-16
//! code units for SARIF, and a line can be as long as a file. What each format is called and how it
//! is wrapped is the command line's own matter.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;

use crate::policy::fault::{Fault, Severity};
use crate::policy::node::Source;

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
pub fn render_json(faults: &[Fault], sources: &[Source]) -> String {
    let line = |fault: &Fault| {
        let end = end(fault, sources);
        let object = json!({
            "file": &*fault.file, "line": fault.line, "column": fault.column,
            "end_line": end.line, "end_column": end.column, "severity": fault.severity.word(),
            "code": fault.code, "message": fault.message, "help": fault.help,
        });
        format!("{object}\n")
    };
    faults.iter().map(line).collect()
}

/// The place right after the word that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Its line, counted from 1.
    pub line: usize,
    /// Its column in characters, counted from 1.
    pub column: usize,
    /// Its column in UTF-16 code units, counted from 1.
    pub column16: usize,
    /// The column of the word's first character in the same units.
    pub start16: usize,
}

/// Where the word that a fault means ends. Without the text it ends where it begins.
pub fn end(fault: &Fault, sources: &[Source]) -> End {
    let text = text(fault, sources);
    let span = floor(text, fault.span.start)..floor(text, fault.span.end.max(fault.span.start));
    let (inside, mut line) = (&text[span.clone()], fault.line);
    let mut begin = line_start(text, span.start);
    for (at, c) in inside.char_indices() {
        // The break of a line is one, also where it is two characters.
        if c == '\n' || (c == '\r' && !inside[at + 1..].starts_with('\n')) {
            line += 1;
            begin = span.start + at + 1;
        }
    }
    let units = |text: &str| text.chars().map(char::len_utf16).sum::<usize>();
    let start = line_start(text, span.start);
    let (before, last) = (mark_free(text, start, span.start), mark_free(text, begin, span.end));
    let column = if begin == start { fault.column + inside.chars().count() } else { last.chars().count() + 1 };
    End { line, column, column16: units(last) + 1, start16: units(before) + 1 }
}

/// A part of a line without the byte order mark, which is no character of it.
fn mark_free(text: &str, start: usize, end: usize) -> &str {
    let part = &text[start..end];
    if start == 0 { part.trim_start_matches('\u{feff}') } else { part }
}

/// The text in which a fault is.
fn text<'t>(fault: &'t Fault, sources: &'t [Source]) -> &'t str {
    let of_name = || sources.iter().find(|source| *source.name == *fault.file).map(|source| source.text.as_str());
    fault.text.as_deref().or_else(of_name).unwrap_or_default()
}

fn render_one(headings: Headings, fault: &Fault, sources: &[Source], renderer: &Renderer) -> String {
    let level = match fault.severity {
        Severity::Error => Level::ERROR.with_name(headings.error),
        Severity::Warning => Level::WARNING.with_name(headings.warning),
    };
    let title = level.primary_title(fault.message.as_str()).id(fault.code);
    let text = text(fault, sources);
    let origin = || Origin::path(fault.file.to_string()).line(fault.line).char_column(fault.column);
    if text.is_empty() {
        // A file that is empty, or that nobody can read, has no line to be shown.
        return renderer.render(&[helped(headings, title.element(origin()), fault)]);
    }
    let excerpt = excerpt(text, &fault.span);
    let snippet =
        Snippet::source(excerpt.text).line_start(fault.line).annotation(AnnotationKind::Primary.span(excerpt.span));
    let group = if excerpt.whole {
        title.element(snippet.path(fault.file.to_string()))
    } else {
        // The column cannot be counted in a part of the line.
        title.element(origin()).element(snippet)
    };
    renderer.render(&[helped(headings, group, fault)])
}

/// What is told, with the help below it.
fn helped<'a>(headings: Headings, group: Group<'a>, fault: &'a Fault) -> Group<'a> {
    match &fault.help {
        Some(help) => group.element(Level::HELP.with_name(headings.help).message(help.as_str())),
        None => group,
    }
}

/// What of a line is shown.
struct Excerpt<'t> {
    text: &'t str,
    /// The word in it.
    span: Range<usize>,
    /// Whether it begins with the line.
    whole: bool,
}

/// How many bytes beside the word are given to the renderer, which shows fewer.
const BESIDE_BYTES: usize = 1000;

/// The one line that a fault begins on, the part of the span that lies in it, and of a line that
/// is longer than any that people write only the neighbourhood.
fn excerpt<'t>(text: &'t str, span: &Range<usize>) -> Excerpt<'t> {
    // The byte order mark is no character of the line.
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let start = floor(text, span.start).max(mark);
    let near = floor(text, start.saturating_sub(BESIDE_BYTES));
    let far = floor(text, start.saturating_add(BESIDE_BYTES));
    let broken = text[near..start].rfind(['\n', '\r']);
    let begin = broken.map_or(near, |at| near + at + 1).max(mark);
    let end = text[start..far].find(['\n', '\r']).map_or(far, |at| start + at);
    let last = floor(text, span.end).clamp(start, end);
    Excerpt { text: &text[begin..end], span: start - begin..last - begin, whole: broken.is_some() || near == 0 }
}

/// The first byte of the line that a byte stands in.
fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind(['\n', '\r']).map_or(0, |at| at + 1)
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
    use crate::policy::fault::Faults;
    use crate::policy::node::Spot;

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
        let lines = render_json(&[fault(), fault()], &[source()]);
        assert_eq!(lines.lines().count(), 2);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap_or_default()).expect("json");
        assert_eq!((&first["line"], &first["column"]), (&json!(2), &json!(15)));
        assert_eq!((&first["end_line"], &first["end_column"]), (&json!(2), &json!(19)));
        assert_eq!(first["severity"], "error");
        assert_eq!(first["help"], "did you mean `phone`?");
    }

    #[test]
    fn a_span_outside_the_text_does_no_harm() {
        let mut odd = fault();
        odd.span = 4000..5000;
        assert!(render(&[odd.clone()], &[source()], false).contains("desk.yaml"));
        assert_eq!(end(&odd, &[]).column, odd.column);
        let mut inside = fault();
        inside.span.end = inside.span.start - 1;
        assert!(render(&[inside.clone()], &[source()], false).contains("desk.yaml"));
        assert_eq!(end(&inside, &[source()]).column, inside.column);
    }

    #[test]
    fn an_end_counts_in_the_units_that_are_asked_for() {
        let text = "\u{feff}a: '𠮷野\r\n  家𠮷' # x\n";
        let start = text.find('\'').expect("a quote");
        let span = start..text.rfind('\'').expect("a quote") + 1;
        let fault = Fault { span, line: 1, column: 4, ..fault() };
        let sources = [Source { name: "desk.yaml".into(), text: text.into() }];
        assert_eq!(end(&fault, &sources), End { line: 2, column: 6, column16: 7, start16: 4 });
        let start = text.rfind('𠮷').expect("a name");
        let fault = Fault { span: start..start + 4, line: 2, column: 4, ..fault };
        assert_eq!(end(&fault, &sources), End { line: 2, column: 5, column16: 6, start16: 4 });
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let text = "\u{feff}a: fone\n";
        let fault = Fault { span: 6..10, line: 1, column: 4, ..fault() };
        let sources = [Source { name: "desk.yaml".into(), text: text.into() }];
        let shown = render(std::slice::from_ref(&fault), &sources, false);
        assert!(shown.contains("--> desk.yaml:1:4\n") && shown.contains("1 | a: fone\n  |    ^^^^\n"), "{shown}");
        let start = Fault { span: 0..0, line: 1, column: 1, ..fault };
        assert!(render(&[start], &sources, false).contains("--> desk.yaml:1:1\n"));
    }

    /// The renderer looks at every character that it is given.
    #[test]
    fn of_a_line_as_long_as_a_file_only_the_neighbourhood_is_shown() {
        let text = format!("a: {}fone{}\n", "名".repeat(100_000), "x".repeat(1_000_000));
        let start = text.find("fone").expect("it stands there");
        let fault = Fault { span: start..start + 4, line: 1, column: 100_004, ..fault() };
        assert!(excerpt(&text, &fault.span).text.len() < 2 * BESIDE_BYTES + 4);
        let shown = render(&[fault], &[Source { name: "desk.yaml".into(), text }], false);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[1].ends_with("--> desk.yaml:1:100004"), "{shown}");
        let caret = lines[5].find("^^^^").unwrap_or_else(|| panic!("a caret:\n{shown}"));
        let before: usize = lines[4][..lines[4].find("fone").expect("the word")]
            .chars()
            .map(|c| if c.is_ascii() { 1 } else { 2 })
            .sum();
        assert_eq!(caret, before, "{shown}");
    }
}
