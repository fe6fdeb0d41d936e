//! Results as JUnit's XML, in the form that CI systems read: a suite for each rule file, a case for
//! each expectation, with file and line.

use std::io::{self, Write};
use std::time::Duration;

use crate::cli::test::report::Report;
use crate::cli::test::suite::Checked;
use crate::terms::quote::{Quote, Quotes};

/// Writes all results; `took` is how long they took together.
pub(super) fn write(report: &Report<'_>, took: Duration, out: &mut dyn Write) -> io::Result<()> {
    let results = report.results;
    let (tests, failures) = (results.len(), report.failed());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" time=\"{}\"", seconds(took));
    writeln!(out, "<testsuites name=\"sudare test\" {counts}>")?;
    // Results come file by file.
    for suite in results.chunk_by(|a, b| a.spot.file == b.spot.file) {
        let failures = suite.iter().filter(|result| !result.differences.is_empty()).count();
        let took = seconds(suite.iter().map(|result| result.took).sum());
        let name = value(&suite[0].spot.file);
        let counts =
            format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{took}\"", suite.len());
        writeln!(out, "  <testsuite name=\"{name}\" {counts}>")?;
        for result in suite {
            case(report, result, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn case(report: &Report<'_>, result: &Checked, out: &mut dyn Write) -> io::Result<()> {
    let (file, line, took) = (value(&result.spot.file), result.spot.line, seconds(result.took));
    let name = value(&format!("{} as {}", result.test, result.who));
    write!(out, "    <testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{line}\" time=\"{took}\"")?;
    let Some(first) = result.differences.first() else { return writeln!(out, "/>") };
    writeln!(out, ">")?;
    let mut told = Vec::new();
    for difference in &result.differences {
        report.difference(difference, &mut told)?;
    }
    let told = quoted(&String::from_utf8_lossy(&told), Quote::XmlText);
    writeln!(out, "      <failure message=\"{}\" type=\"{}\">{told}</failure>", value(&first.what), first.code)?;
    writeln!(out, "    </testcase>")
}

fn seconds(took: Duration) -> String {
    format!("{:.6}", took.as_secs_f64())
}

fn value(text: &str) -> String {
    quoted(text, Quote::XmlValue)
}

/// A text in XML, without the characters that XML cannot hold.
fn quoted(text: &str, quote: Quote) -> String {
    let held = |c: char| match c {
        '\t' | '\n' | '\r' => c,
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c < ' ' => '\u{fffd}',
        c => c,
    };
    let text: String = text.chars().map(held).collect();
    crate::format::quote::encode(Quotes::one(quote), &text)
}
