//! `sudare rules table`: who sees what, as a table of kinds and roles.
//!
//! A cell is what a role gets where no condition holds; a mark leads to what a condition makes of it.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::cli::grid::Grid;
use crate::cli::say::{Lang, complain, condition, ended, texts};
use crate::cli::who::role;
use crate::cli::{DONE, FAILED, UNUSABLE, rulebook};
use crate::ledger::show::plain;
use crate::policy::Policy;
use crate::policy::table::{Cell, Footnote, Row, Table};
use crate::terms::kind::{Category, Kind};

/// `sudare rules`
#[derive(Args)]
pub struct RulesArgs {
    /// What to do with them
    #[command(subcommand)]
    command: RulesCommand,
}

/// What to do with the rules.
#[derive(Subcommand)]
pub enum RulesCommand {
    /// Prints who sees what, as a table
    Table(TableArgs),
}

/// `sudare rules table`
#[derive(Args)]
pub struct TableArgs {
    /// The gateway's configuration, whose rules are shown [default: gateway.yaml, unless PATHs are given]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rule files or folders to show instead
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// This role alone
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<String>,
    /// What holds on this resource's pages
    #[arg(long, value_name = "ID")]
    resource: Option<String>,
    /// Kinds that no rule names too
    #[arg(long)]
    all: bool,
    /// How it is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: one object
    Json,
    /// For spreadsheets
    Csv,
    /// For documents
    Markdown,
}

/// Runs the command; gives the exit status.
pub fn run(args: &RulesArgs, lang: Lang) -> u8 {
    let RulesCommand::Table(args) = &args.command;
    let policy = match rulebook::open(args.config.as_deref(), &args.paths, lang) {
        Ok(policy) => policy,
        Err(status) => return status,
    };
    let shown = match Shown::of(args, &policy, lang) {
        Ok(shown) => shown,
        Err((what, status)) => {
            complain(lang, &what);
            return status;
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let written = match args.format {
        Format::Text => shown.text(lang, &mut out),
        Format::Json => shown.json(&mut out),
        Format::Csv => shown.csv(&mut out),
        Format::Markdown => shown.markdown(lang, &mut out),
    };
    ended(written.and_then(|()| out.flush()), DONE, lang)
}

/// A table with what its numbers mean.
struct Shown<'a> {
    policy: &'a Policy,
    table: Table,
    resource: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(args: &'a TableArgs, policy: &'a Policy, lang: Lang) -> Result<Shown<'a>, (String, u8)> {
        let named = args.roles.iter().map(|name| role(policy, name, lang)).collect::<Result<Vec<_>, _>>();
        let mut roles = named.map_err(|what| (what, UNUSABLE))?;
        if roles.is_empty() {
            roles = policy.all_roles().iter().filter_map(|name| policy.role(name)).collect();
        }
        let ids = policy.resource_ids();
        if let Some(word) = args.resource.as_deref().filter(|word| !ids.iter().any(|id| **id == **word)) {
            let known = ids.iter().map(|id| &**id).collect::<Vec<_>>().join(", ");
            return Err((texts::NO_RESOURCE.with(lang, &[("word", &word), ("known", &known)]), UNUSABLE));
        }
        let table = policy.table(args.resource.as_deref(), &roles);
        let mut table = table.map_err(|refusal| (refusal.note, FAILED))?;
        if !args.all {
            table.rows.retain(|row| row.cells.iter().any(|cell| !cell.rules.is_empty() || !cell.marks.is_empty()));
        }
        // By category, as rules may name them.
        table.rows.sort_by_key(|row| (policy.kinds().get(row.kind).category, row.kind));
        Ok(Shown { policy, table, resource: args.resource.as_deref() })
    }

    fn kind(&self, row: &Row) -> &Kind {
        self.policy.kinds().get(row.kind)
    }

    fn footnote(&self, number: usize, note: &Footnote, lang: Lang) -> String {
        let when: Vec<String> = note.when.iter().map(|(key, text)| condition(lang, key, text)).collect();
        let at = format!("{}:{}", note.at.0, note.at.1);
        texts::UNDER.with(
            lang,
            &[
                ("n", &(number + 1)),
                ("action", &note.action),
                ("rule", &note.rule),
                ("at", &at),
                ("when", &when.join("; ")),
            ],
        )
    }

    /// How much staff may look for, whatever they see, and what they may have revealed.
    fn limits(&self, lang: Lang) -> Vec<String> {
        let said = self.policy.limits_said();
        let limits = said.iter().map(|(who, says)| texts::LIMIT_OF.with(lang, &[("who", who), ("says", says)]));
        let revealed = self.policy.reveals_said();
        let reveals = revealed.iter().map(|(who, says)| texts::REVEAL_FOR.with(lang, &[("who", who), ("says", says)]));
        limits.chain(reveals).collect()
    }

    fn text(&self, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
        let mut headings = vec![texts::CATEGORY.of(lang), texts::KIND.of(lang)];
        headings.extend(self.table.roles.iter().map(|role| &**role));
        let mut grid = Grid::under(&headings);
        let mut before: Option<Category> = None;
        for row in &self.table.rows {
            let kind = self.kind(row);
            let category = if before == Some(kind.category) { "" } else { kind.category.word() };
            before = Some(kind.category);
            let cells = row.cells.iter().map(marked);
            grid.row([category.to_owned(), kind.name.clone()].into_iter().chain(cells).collect());
        }
        grid.write(out)?;
        if !self.table.notes.is_empty() {
            writeln!(out)?;
        }
        for (number, note) in self.table.notes.iter().enumerate() {
            writeln!(out, "{}", plain(&self.footnote(number, note, lang)))?;
        }
        let limits = self.limits(lang);
        if !limits.is_empty() {
            writeln!(out)?;
        }
        limits.iter().try_for_each(|limit| writeln!(out, "{}", plain(limit)))
    }

    fn markdown(&self, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
        let roles: Vec<String> = self.table.roles.iter().map(|role| escaped(role)).collect();
        writeln!(out, "| {} | {} | {} |", texts::CATEGORY.of(lang), texts::KIND.of(lang), roles.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(self.table.roles.len() + 2))?;
        for row in &self.table.rows {
            let kind = self.kind(row);
            let cells: Vec<String> = row.cells.iter().map(|cell| escaped(&marked(cell))).collect();
            writeln!(out, "| {} | {} | {} |", kind.category.word(), kind.name, cells.join(" | "))?;
        }
        for (number, note) in self.table.notes.iter().enumerate() {
            writeln!(out, "\n{}", escaped(&self.footnote(number, note, lang)))?;
        }
        self.limits(lang).iter().try_for_each(|limit| writeln!(out, "\n{}", escaped(limit)))
    }

    fn csv(&self, out: &mut dyn Write) -> io::Result<()> {
        let roles: Vec<String> = self.table.roles.iter().map(|role| quoted(role)).collect();
        writeln!(out, "category,kind,{}", roles.join(","))?;
        for row in &self.table.rows {
            let kind = self.kind(row);
            let cell = |cell: &Cell| {
                let under = cell.marks.iter().filter_map(|mark| self.table.notes.get(*mark));
                let under: Vec<String> = under.map(|note| format!("; {} ({})", note.action, note.rule)).collect();
                quoted(&format!("{}{}{}", cell.action, locked(cell), under.concat()))
            };
            let cells: Vec<String> = row.cells.iter().map(cell).collect();
            writeln!(out, "{},{},{}", kind.category.word(), quoted(&kind.name), cells.join(","))?;
        }
        Ok(())
    }

    fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let note = |note: &Footnote| {
            let when: serde_json::Map<String, Value> =
                note.when.iter().map(|(key, text)| ((*key).to_owned(), Value::from(text.as_str()))).collect();
            json!({ "rule": &*note.rule, "file": note.at.0, "line": note.at.1, "action": note.action.to_string(), "when": when })
        };
        let row = |row: &Row| {
            let kind = self.kind(row);
            let cell = |(role, cell): (&std::sync::Arc<str>, &Cell)| {
                let under: Vec<Value> =
                    cell.marks.iter().filter_map(|mark| self.table.notes.get(*mark)).map(note).collect();
                let rules: Vec<&str> = cell.rules.iter().map(|rule| &**rule).collect();
                let mut said = json!({ "action": cell.action.to_string(), "rules": rules, "under": under });
                if cell.readonly {
                    said["readonly"] = Value::Bool(true);
                }
                (role.to_string(), said)
            };
            let roles: serde_json::Map<String, Value> = self.table.roles.iter().zip(&row.cells).map(cell).collect();
            json!({ "kind": kind.name, "category": kind.category.word(), "roles": roles })
        };
        let rows: Vec<Value> = self.table.rows.iter().map(row).collect();
        let limits = self.policy.limits_said().into_iter().map(|(who, says)| json!({ "for": who, "says": says }));
        let limits: Vec<Value> = limits.collect();
        let reveal = self.policy.reveals_said().into_iter().map(|(who, says)| json!({ "for": who, "says": says }));
        let reveal: Vec<Value> = reveal.collect();
        let all = json!({
            "policy": &**self.policy.version(), "resource": self.resource, "kinds": rows, "limits": limits, "reveal": reveal,
        });
        writeln!(out, "{all}")
    }
}

/// That staff may not change it.
fn locked(cell: &Cell) -> &'static str {
    if cell.readonly { ", readonly" } else { "" }
}

/// The action with its marks: `show [1]`.
fn marked(cell: &Cell) -> String {
    let marks: Vec<String> = cell.marks.iter().map(|mark| format!(" [{}]", mark + 1)).collect();
    format!("{}{}{}", cell.action, locked(cell), marks.concat())
}

fn escaped(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('|', "\\|").replace('*', "\\*").replace('[', "\\[")
}

/// A cell of CSV. What a spreadsheet would take for a formula is made a text.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_line() {
        for (text, written) in [
            ("show", "show"),
            ("=1+1", "'=1+1"),
            ("mask: full; show (a,b)", "\"mask: full; show (a,b)\""),
            ("a\"b\nc", "\"a\"\"b\nc\""),
        ] {
            assert_eq!(quoted(text), written);
        }
        assert_eq!(escaped("a|b [1] *"), "a\\|b \\[1] \\*");
    }
}
