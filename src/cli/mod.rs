//! The command line: one file a command, and the list of them here.

pub mod check;
pub mod demo;
pub mod demo_text;
pub mod ledger;
pub mod serve;
pub mod test;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Exit status: what was asked for is done.
pub const DONE: u8 = 0;
/// Exit status: what was asked for does not hold.
pub const FAILED: u8 = 1;
/// Exit status: wrong usage or unreadable input.
pub const UNUSABLE: u8 = 2;

/// A data-protection gateway between staff's tools and a CRM.
#[derive(Parser)]
#[command(name = "sudare", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  sudare demo                          a sample CRM behind the gateway, to look at
  sudare check                         what is wrong with gateway.yaml and its rules
  sudare test rules/                   runs the tests written in rule files
  sudare serve -c /etc/sudare/gateway.yaml
  sudare ledger query --subject customer:42 --state state/

Exit status: 0 done, 1 what was asked for does not hold, 2 wrong usage or unreadable input.";

#[derive(Subcommand)]
enum Command {
    /// Starts a sample CRM and the gateway in front of it on loopback, and says what to open
    Demo(demo::DemoArgs),
    /// Runs the gateway; SIGHUP or a changed rule file reloads, SIGTERM drains
    Serve(serve::ServeArgs),
    /// Validates configuration and rules: every fault with its place and a suggestion
    Check(check::CheckArgs),
    /// Runs the tests written in rule files
    Test(test::TestArgs),
    /// Checks the ledger and answers who saw whose data
    Ledger(Box<ledger::LedgerArgs>),
}

/// Runs the command line; gives the exit status.
pub fn run() -> u8 {
    match Arguments::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(args),
        Command::Test(args) => test::run(&args),
        Command::Ledger(args) => ledger::run(&args),
    }
}

/// The default place of the configuration.
fn default_config() -> PathBuf {
    PathBuf::from("gateway.yaml")
}
