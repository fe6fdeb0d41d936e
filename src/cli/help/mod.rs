//! `--help` in the user's language: what clap knows of the commands, with examples, exit status and
//! files beside it, and the same as manual pages.
//!
//! Commands and options are described in English where they are defined; `pages` holds their
//! Japanese. clap's own few words (headings, defaults, complaints) are put in here.

pub mod complaint;
mod keys;
mod ledger;
pub mod man;
pub mod pages;
mod reports;

use clap::builder::styling::Style;
use clap::{Arg, ArgAction, Command};

use crate::cli::say::{self, Lang, Text};

/// The columns that help is written for, also where the terminal is wider: long lines read badly.
const COLUMNS: usize = 80;
/// The columns that are left beside options, and beside commands.
const BESIDE: usize = 50;
const ABOUT: usize = 62;

const EXAMPLES: Text = Text { en: "Examples", ja: "使用例" };
const STATUS: Text = Text { en: "Exit status", ja: "終了コード" };
const FILES: Text = Text { en: "Files", ja: "ファイル" };
const USAGE: Text = Text { en: "Usage", ja: "使い方" };
const OPTIONS: Text = Text { en: "Options", ja: "オプション" };
const ARGUMENTS: Text = Text { en: "Arguments", ja: "引数" };
const COMMANDS: Text = Text { en: "Commands", ja: "コマンド" };
const HELP: Text = Text { en: "Print help", ja: "ヘルプを表示する" };
const VERSION: Text = Text { en: "Print version", ja: "版を表示する" };

/// Whether lines are broken here, or by whoever sets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// For a terminal.
    Broken,
    /// For roff.
    Whole,
}

impl Lines {
    fn of(self, text: &str, width: usize) -> String {
        match self {
            Lines::Broken => broken(text, width),
            Lines::Whole => text.to_owned(),
        }
    }
}

/// A command line with its help in a language.
pub fn dressed(command: Command, lang: Lang, lines: Lines) -> Command {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version).help(VERSION.of(lang));
    let command = command.disable_version_flag(true).arg(version);
    dress(command, "", lang, lines)
}

fn dress(command: Command, path: &str, lang: Lang, lines: Lines) -> Command {
    let header = *command.get_styles().get_header();
    let help = Arg::new("help").short('h').long("help").action(ArgAction::HelpShort).help(HELP.of(lang));
    let mut command = command.disable_help_flag(true).disable_help_subcommand(true).max_term_width(COLUMNS).arg(help);
    if let Some(page) = pages::of(path) {
        command = command.after_help(after(page, lang, header));
        if lang == Lang::Ja {
            command = japanese(command, page, header, lines);
        }
    }
    command.mut_subcommands(|sub| {
        let path = format!("{path} {}", sub.get_name());
        dress(sub, path.trim_start(), lang, lines)
    })
}

/// Examples, exit status and files, below the options.
fn after(page: &pages::Page, lang: Lang, header: Style) -> String {
    let heading = |text: Text| format!("{header}{}:{header:#}\n", text.of(lang));
    let mut out = heading(EXAMPLES);
    for (line, what) in page.examples {
        out.push_str(&format!("  {line}\n      {}\n", what.of(lang)));
    }
    let mut listed = |title: Text, rows: &[(&str, Text)]| {
        if rows.is_empty() {
            return;
        }
        let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        out.push('\n');
        out.push_str(&heading(title));
        for (name, what) in rows {
            out.push_str(&format!("  {name:width$}  {}\n", what.of(lang)));
        }
    };
    listed(STATUS, page.status);
    listed(FILES, page.files);
    out
}

fn japanese(command: Command, page: &'static pages::Page, header: Style, lines: Lines) -> Command {
    let heading = |text: Text| format!("{header}{}:{header:#}", text.of(Lang::Ja));
    let mut template = format!("{{about}}\n\n{} {{usage}}\n\n", heading(USAGE));
    if command.get_positionals().next().is_some() {
        template.push_str(&format!("{}\n{{positionals}}\n\n", heading(ARGUMENTS)));
    }
    if command.has_subcommands() {
        template.push_str(&format!("{}\n{{subcommands}}\n\n", heading(COMMANDS)));
    }
    template.push_str(&format!("{}\n{{options}}{{after-help}}", heading(OPTIONS)));
    let command = command.about(lines.of(page.ja, ABOUT)).help_template(template);
    command.mut_args(|arg| {
        let Some((_, what)) = page.options.iter().find(|(name, _)| *name == arg.get_id().as_str()) else { return arg };
        let said = lines.of(&format!("{what}{}", values(&arg)), BESIDE);
        let arg = arg.help(said);
        if arg.get_action().takes_values() {
            return arg.hide_default_value(true).hide_possible_values(true);
        }
        arg
    })
}

/// Japanese has no blanks at which clap could break a line, and wide characters that it counts as
/// one. A word in Latin letters stays whole, and a bracket stays with what it holds.
fn broken(text: &str, width: usize) -> String {
    let mut pieces: Vec<String> = Vec::new();
    for c in text.chars() {
        let joins = pieces.last().and_then(|piece| piece.chars().last()).is_some_and(|last| {
            let latin = |c: char| c.is_ascii() && c != ' ';
            latin(last) && latin(c) || "、。）］」:".contains(c) || "（［「".contains(last)
        });
        match pieces.last_mut().filter(|_| joins) {
            Some(piece) => piece.push(c),
            None => pieces.push(c.to_string()),
        }
    }
    let (mut out, mut line) = (String::new(), 0);
    for piece in pieces {
        let own = say::columns(&piece);
        if line > 0 && line + own > width {
            out = format!("{}\n", out.trim_end());
            line = 0;
        }
        out.push_str(&piece);
        line += own;
    }
    out
}

/// An option's values and its default, as clap tells them in English.
fn values(arg: &Arg) -> String {
    if !arg.get_action().takes_values() {
        return String::new();
    }
    let known: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let default: Vec<String> = arg.get_default_values().iter().map(|value| value.to_string_lossy().into()).collect();
    let mut out = String::new();
    if !known.is_empty() {
        out.push_str(&format!("［値: {}］", known.join(", ")));
    }
    if !default.is_empty() {
        out.push_str(&format!("［既定: {}］", default.join(", ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::cli::say::columns;

    use super::*;

    /// Every command that people see, by its words.
    fn commands(command: &Command, path: &str, all: &mut Vec<(String, Command)>) {
        all.push((path.to_owned(), command.clone()));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() || sub.get_name() == "man") {
            commands(sub, format!("{path} {}", sub.get_name()).trim_start(), all);
        }
    }

    fn all(lang: Lang) -> Vec<(String, Command)> {
        let mut all = Vec::new();
        commands(&crate::cli::command(lang), "", &mut all);
        assert!(all.len() > 9, "the commands are there");
        all
    }

    #[test]
    fn every_command_and_option_has_japanese() {
        for (path, command) in all(Lang::Ja) {
            let page = pages::of(&path).unwrap_or_else(|| panic!("`{path}` has no page"));
            assert!(!page.examples.is_empty() && !page.status.is_empty(), "{path}");
            let own = |arg: &&Arg| !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str());
            let ids: BTreeSet<&str> = command.get_arguments().filter(own).map(|arg| arg.get_id().as_str()).collect();
            let told: BTreeSet<&str> = page.options.iter().map(|(name, _)| *name).collect();
            assert_eq!(ids, told, "{path}");
        }
    }

    #[test]
    fn help_fits_a_terminal_of_80_columns() {
        for lang in [Lang::En, Lang::Ja] {
            for (path, mut command) in all(lang) {
                let help = command.render_help().to_string();
                for line in help.lines() {
                    assert!(columns(line) <= COLUMNS, "{path}: {line}");
                }
                let status = if lang == Lang::Ja { "終了コード:" } else { "Exit status:" };
                assert!(help.contains(status), "{help}");
                assert!(lang == Lang::En || !help.contains("Options:"), "{help}");
            }
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(broken("担当者（basic:tanaka）を選ぶ、など", 12), "担当者\n（basic:tanaka）\nを選ぶ、など");
        assert_eq!(broken("短い", 12), "短い");
    }

    #[test]
    fn examples_are_commands_that_can_be_read() {
        for page in pages::all() {
            for (line, _) in page.examples {
                let line = line.split([' ', '|', '>']).take_while(|word| !word.is_empty()).collect::<Vec<_>>();
                let read = crate::cli::command(Lang::En).try_get_matches_from(&line);
                assert!(read.is_ok(), "{line:?}: {}", read.unwrap_err());
            }
        }
    }
}
