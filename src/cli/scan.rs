//! `sudare scan`: finds personal data in text and tells where, never what.
//!
//! It is what the gateway's detectors do to running text, without rules: kind, place, how sure it is
//! and what speaks for it. Names and addresses in running text are found by nobody here.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::explain::{Format, bytes};
use crate::cli::grid::Grid;
use crate::cli::say::{Lang, complain, ended, texts};
use crate::cli::{DONE, FAILED, UNUSABLE, rulebook};
use crate::detect::{Detectors, Found};
use crate::terms::kind::Kinds;

/// `sudare scan`
#[derive(Args)]
pub struct ScanArgs {
    /// Files of text; `-` is standard input, which is read where none is named
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A configuration, the patterns of whose rules are looked for too
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rule files or folders with such patterns
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// The character set of the files
    #[arg(long, value_name = "NAME", default_value = "utf-8")]
    charset: String,
    /// Only what the form alone proves
    #[arg(long)]
    certain: bool,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How sure a detector is: certain, and not.
const SCORES: [f64; 2] = [1.0, 0.5];

/// Runs the command; gives the exit status.
pub fn run(args: &ScanArgs, lang: Lang) -> u8 {
    let (detectors, kinds) = match finders(args, lang) {
        Ok(finders) => finders,
        Err(status) => return status,
    };
    let Some(encoding) = encoding_rs::Encoding::for_label(args.charset.as_bytes()) else {
        complain(lang, &texts::NO_CHARSET.with(lang, &[("word", &args.charset)]));
        return UNUSABLE;
    };
    let stdin = [PathBuf::from("-")];
    let files = if args.files.is_empty() { &stdin[..] } else { &args.files };
    let mut out = BufWriter::new(io::stdout().lock());
    let mut printer = Printer::new(args.format, lang);
    for path in files {
        let text = match read(path, encoding, lang) {
            Ok(text) => text,
            Err(what) => {
                // What was found before stays said; that nothing is there is nobody's to say.
                let written = printer.rest(&mut out).and_then(|()| out.flush());
                complain(lang, &what);
                return ended(written, UNUSABLE, lang);
            }
        };
        let mut found = Vec::new();
        detectors.find(&text, &mut found);
        found.retain(|one| one.certain || !args.certain);
        let name = path.display().to_string();
        let written = Places::of(&text, &found)
            .try_for_each(|(found, place)| printer.add(&name, &kinds.get(found.kind).name, found, &place, &mut out));
        if written.is_err() {
            return ended(written, DONE, lang);
        }
    }
    ended(printer.finish(&mut out).and_then(|()| out.flush()), DONE, lang)
}

type Finders = (std::sync::Arc<Detectors>, std::sync::Arc<Kinds>);

fn finders(args: &ScanArgs, lang: Lang) -> Result<Finders, u8> {
    if args.config.is_some() || !args.rules.is_empty() {
        let policy = rulebook::open(args.config.as_deref(), &args.rules, lang)?;
        return Ok((policy.detectors().clone(), policy.kinds().clone()));
    }
    let detectors = Detectors::new(&[]).map_err(|error| {
        complain(lang, &error.to_string());
        FAILED
    })?;
    Ok((detectors.into(), Kinds::builtin().into()))
}

fn read(path: &Path, encoding: &'static encoding_rs::Encoding, lang: Lang) -> Result<String, String> {
    let bytes = bytes(path, lang)?;
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
    text.map(|text| text.into_owned()).ok_or_else(|| texts::NOT_TEXT.with(lang, &[("path", &path.display())]))
}

/// Where a find stands, in characters.
struct Place {
    start: usize,
    end: usize,
    line: usize,
    column: usize,
}

/// Counts characters once over a text, find by find.
struct Places<'t> {
    text: &'t str,
    found: std::slice::Iter<'t, Found>,
    at: usize,
    chars: usize,
    line: usize,
    /// Characters before the line.
    line_start: usize,
}

impl<'t> Places<'t> {
    fn of(text: &'t str, found: &'t [Found]) -> Places<'t> {
        Places { text, found: found.iter(), at: 0, chars: 0, line: 1, line_start: 0 }
    }

    fn walk(&mut self, upto: usize) {
        for c in self.text[self.at..upto].chars() {
            self.chars += 1;
            if c == '\n' {
                self.line += 1;
                self.line_start = self.chars;
            }
        }
        self.at = upto;
    }
}

impl<'t> Iterator for Places<'t> {
    type Item = (&'t Found, Place);

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.found.next()?;
        self.walk(found.range.start);
        let (start, line, column) = (self.chars, self.line, self.chars - self.line_start + 1);
        self.walk(found.range.end);
        Some((found, Place { start, end: self.chars, line, column }))
    }
}

/// Writes finds: JSON as they come, a table when all are there or a block is full.
struct Printer {
    format: Format,
    lang: Lang,
    grid: Grid,
    count: usize,
    any: bool,
}

/// Rows of one block, whose columns have one width.
const BLOCK_ROWS: usize = 10_000;

impl Printer {
    fn new(format: Format, lang: Lang) -> Printer {
        Printer { format, lang, grid: headed(lang), count: 0, any: false }
    }

    fn add(&mut self, file: &str, kind: &str, found: &Found, place: &Place, out: &mut dyn Write) -> io::Result<()> {
        self.any = true;
        let score = SCORES[usize::from(!found.certain)];
        let Place { start, end, line, column } = place;
        if self.format == Format::Json {
            let json = json!({
                "file": file, "kind": kind, "start": start, "end": end, "line": line, "column": column,
                "score": score, "certain": found.certain, "evidence": found.evidence,
            });
            return writeln!(out, "{json}");
        }
        self.grid.row(vec![
            format!("{file}:{line}:{column}"),
            kind.to_owned(),
            format!("{start}-{end}"),
            format!("{score:.1}"),
            found.evidence.to_owned(),
        ]);
        self.count += 1;
        if self.count == BLOCK_ROWS {
            self.count = 0;
            return std::mem::replace(&mut self.grid, headed(self.lang)).write(out);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        match (self.format, self.any) {
            (Format::Text, false) => writeln!(out, "{}", texts::NOTHING_FOUND.of(self.lang)),
            (Format::Text | Format::Json, _) => self.rest(out),
        }
    }

    /// Rows that are not written yet.
    fn rest(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.format == Format::Json || self.grid.is_empty() { Ok(()) } else { self.grid.write(out) }
    }
}

fn headed(lang: Lang) -> Grid {
    let headings = [texts::WHERE, texts::KIND, texts::SPAN, texts::SCORE, texts::EVIDENCE];
    Grid::under(&headings.map(|heading| heading.of(lang)))
}

#[cfg(test)]
mod tests {
    use crate::terms::kind;

    use super::*;

    #[test]
    fn places_are_counted_in_characters() {
        let text = "電話\n山田 090-1234-5678、taro@example.jp";
        let mut found = Vec::new();
        Detectors::new(&[]).expect("the built-in ones").find(text, &mut found);
        let places: Vec<_> = Places::of(text, &found)
            .map(|(found, place)| (found.kind, place.start..place.end, place.line, place.column))
            .collect();
        assert_eq!(places, [(kind::PHONE, 6..19, 2, 4), (kind::EMAIL, 20..35, 2, 18)]);
    }
}
