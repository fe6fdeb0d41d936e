//! The command line: one file a command, and the list of them here.

pub mod check;
pub mod completions;
pub mod demo;
pub mod demo_text;
pub mod explain;
mod grid;
pub mod help;
pub mod init;
pub mod keys;
pub mod kinds;
pub mod ledger;
pub mod migrate;
pub mod replay;
mod rulebook;
pub mod rules;
pub mod say;
pub mod scan;
pub mod schema;
pub mod serve;
pub mod test;
mod who;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::help::{Lines, man};
use crate::cli::say::Lang;

/// Exit status: what was asked for is done.
pub const DONE: u8 = 0;
/// Exit status: what was asked for does not hold.
pub const FAILED: u8 = 1;
/// Exit status: wrong usage or unreadable input.
pub const UNUSABLE: u8 = 2;

/// A data-protection gateway between staff's tools and a CRM
#[derive(Parser)]
#[command(name = "sudare", version, arg_required_else_help = true)]
struct Arguments {
    /// The language of messages [default: the system's]
    #[arg(long, global = true, value_enum, value_name = "LANG", display_order = 900)]
    lang: Option<Lang>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts a sample CRM and the gateway in front of it on loopback, and says what to open
    Demo(demo::DemoArgs),
    /// Writes gateway.yaml, users.yaml and rules/ for a CRM, all that is recognised veiled
    Init(init::InitArgs),
    /// Runs the gateway; SIGHUP or a changed rule file reloads, SIGTERM drains
    Serve(serve::ServeArgs),
    /// Validates configuration and rules: every fault with its place and a suggestion
    Check(check::CheckArgs),
    /// Runs the tests written in rule files
    Test(test::TestArgs),
    /// Checks the ledger, answers who saw whose data, writes reports
    Ledger(Box<ledger::LedgerArgs>),
    /// Lists, rotates and retires keys, and carries the ring elsewhere
    Keys(Box<keys::KeysArgs>),
    /// Converts records that a CRM holds in clear to tokens, through its own API
    Migrate(Box<migrate::MigrateArgs>),
    /// Tells which rule decides each value of an answer, and what staff gets
    Explain(Box<explain::ExplainArgs>),
    /// Tells what a change of rules would newly show, hide and refuse on recorded traffic
    Replay(replay::ReplayArgs),
    /// Prints the rules as a table: who sees what
    Rules(rules::RulesArgs),
    /// Prints the kinds of personal data, their labels and detectors
    Kinds(kinds::KindsArgs),
    /// Finds personal data in text
    Scan(scan::ScanArgs),
    /// Prints a JSON Schema with which editors complete and check files
    Schema(schema::SchemaArgs),
    /// Prints a script with which a shell completes commands and options
    Completions(completions::CompletionsArgs),
    /// Prints the manual pages
    #[command(hide = true)]
    Man(man::ManArgs),
}

/// Runs the command line; gives the exit status.
pub fn run() -> u8 {
    let mut words: Vec<OsString> = std::env::args_os().collect();
    // `sudare help check` is `sudare check --help`.
    if words.get(1).is_some_and(|word| word == "help") {
        words.remove(1);
        words.push("--help".into());
    }
    let read: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let lang = Lang::of_words(&read, |name| std::env::var(name).ok());
    let told = command(lang).try_get_matches_from(words).and_then(|found| Arguments::from_arg_matches(&found));
    match told {
        Ok(arguments) => run_command(arguments.command, lang),
        Err(error) => help::complaint::tell(&error, lang),
    }
}

fn run_command(command: Command, lang: Lang) -> u8 {
    match command {
        Command::Demo(args) => demo::run(&args, lang),
        Command::Init(args) => init::run(&args, lang),
        Command::Serve(args) => serve::run(&args, lang),
        Command::Check(args) => check::run(args, lang),
        Command::Test(args) => test::run(&args, lang),
        Command::Ledger(args) => ledger::run(&args, lang),
        Command::Keys(args) => keys::run(&args, lang),
        Command::Migrate(args) => migrate::run(&args, lang),
        Command::Explain(args) => explain::run(&args, lang),
        Command::Replay(args) => replay::run(&args, lang),
        Command::Rules(args) => rules::run(&args, lang),
        Command::Kinds(args) => kinds::run(&args, lang),
        Command::Scan(args) => scan::run(&args, lang),
        Command::Schema(args) => schema::run(&args, lang),
        Command::Completions(args) => completions::run(&args, lang),
        Command::Man(args) => man::run(&args, lang),
    }
}

/// The whole command line as clap knows it, explained in a language.
pub fn command(lang: Lang) -> clap::Command {
    help::dressed(Arguments::command(), lang, Lines::Broken)
}

/// The same for manual pages, which are set anew for each terminal.
fn command_to_be_set(lang: Lang) -> clap::Command {
    help::dressed(Arguments::command(), lang, Lines::Whole)
}

/// The default place of the configuration.
fn default_config() -> PathBuf {
    PathBuf::from("gateway.yaml")
}
