//! A report as one page to print and to hand over.
//!
//! The page needs nothing beside itself and runs nothing: no script, no picture, no address, and a policy in its head
//! that keeps a browser from fetching any, whatever a text of the ledger says. Every text is escaped here, once.

use std::io::{self, Write};

use crate::cli::ledger::report::document::{Document, Section, Sheet};
use crate::cli::say::Lang;
use crate::format::html::entity;
use crate::ledger::show::plain;

/// Writes a page.
pub(super) fn write(document: &Document, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    let code = if lang == Lang::Ja { "ja" } else { "en" };
    let title = escaped(&document.title);
    writeln!(out, "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">")?;
    writeln!(
        out,
        "<meta name=\"referrer\" content=\"no-referrer\">\n<title>{title}</title>\n<style>\n{STYLE}</style>"
    )?;
    writeln!(out, "</head>\n<body>\n<h1>{title}</h1>\n<dl>")?;
    for (name, fact) in &document.facts {
        writeln!(out, "<dt>{}</dt><dd>{}</dd>", escaped(name), escaped(fact))?;
    }
    writeln!(out, "</dl>")?;
    for warning in &document.warnings {
        writeln!(out, "<p class=\"warning\">{}</p>", escaped(warning))?;
    }
    document.sections.iter().try_for_each(|section| write_section(section, out))?;
    writeln!(out, "</body>\n</html>")
}

fn write_section(section: &Section, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>{}</h2>", escaped(&section.title))?;
    for lead in &section.lead {
        writeln!(out, "<p>{}</p>", escaped(lead))?;
    }
    if let Some(sheet) = &section.sheet {
        write_sheet(sheet, out)?;
    }
    for note in &section.notes {
        writeln!(out, "<p class=\"note\">{}</p>", escaped(note))?;
    }
    Ok(())
}

fn write_sheet(sheet: &Sheet, out: &mut dyn Write) -> io::Result<()> {
    let class = |at: &usize| if sheet.numbers.contains(at) { " class=\"number\"" } else { "" };
    write!(out, "<table>\n<thead><tr>")?;
    for (at, cell) in sheet.head.iter().enumerate() {
        write!(out, "<th scope=\"col\"{}>{}</th>", class(&at), escaped(cell))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for row in &sheet.rows {
        write!(out, "<tr>")?;
        for (at, cell) in row.iter().enumerate() {
            write!(out, "<td{}>{}</td>", class(&at), escaped(cell))?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>")
}

/// A text that is only text, wherever it stands in a page. Characters that turn or hide others are spelled out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    entity::encode(&plain(text), &mut out);
    out
}

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
:root { color-scheme: light; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1.5rem; background: #fff; color: #1a1a1a; line-height: 1.6;
  font-family: system-ui, \"Hiragino Sans\", \"Yu Gothic\", \"Noto Sans JP\", sans-serif; }
h1 { font-size: 1.5rem; border-bottom: 2px solid #1a1a1a; padding-bottom: .4rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; break-after: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: .85rem; }
th, td { border: 1px solid #8a8a8a; padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th, td { min-width: 4rem; }
th { background: #eee; overflow-wrap: normal; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.note { font-size: .85rem; margin: .4rem 0; }
.warning { border-left: .3rem solid #b00020; padding-left: .8rem; }
@page { margin: 18mm 14mm; }
@media print { body { max-width: none; margin: 0; padding: 0; font-size: 10pt; } }
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(
            escaped("<img src=x onerror='a(\"b\")'>&amp;\u{202e}\u{1b}"),
            "&lt;img src=x onerror=&#39;a(&quot;b&quot;)&#39;&gt;&amp;amp;\\u{202e}\\u{1b}"
        );
    }
}
