//! `sudare ledger`: checks the chain and answers who saw whose data, from the folder alone.
//!
//! No gateway has to run, and none is disturbed: the commands only read, and put down beside the records that they
//! did; `retain` alone deletes, where it is told to. What they print holds nothing but what the records hold.

mod export;
pub(in crate::cli) mod home;
mod index;
mod prove;
mod query;
pub(in crate::cli) mod reading;
pub mod report;
mod retain;
mod torture;
mod verify;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::ledger::home::Home;
use crate::cli::ledger::report::{ReportArgs, words};
use crate::cli::say::{Lang, phrase, tell, texts};
use crate::cli::{DONE, UNUSABLE};
use crate::ledger::key::PublicKey;
use crate::ledger::show;

/// Check the ledger, ask it who saw whose data, and write reports
#[derive(Args, Debug)]
pub struct LedgerArgs {
    /// The gateway's configuration; its state folder stands beside it
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The state folder, which holds `ledger/` and `ledger.pub` [default: state]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// How to print what was found; `html` is for reports, `csv` and `parquet` are for `query`
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table")]
    pub format: Written,
    /// What to do
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// How to print.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people
    #[value(alias = "text")]
    Table,
    /// For programs: a JSON object a line
    Json,
}

/// How to print, where there are reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Written {
    /// For people
    #[value(alias = "text")]
    Table,
    /// For programs: a JSON object a line
    Json,
    /// A report as a page, to print and to hand over; the other commands have none, and so do not name it
    #[value(hide = true)]
    Html,
    /// Records as rows, for spreadsheets
    Csv,
    /// Records as rows, for databases
    Parquet,
}

/// What to do with the ledger.
#[derive(Subcommand, Debug)]
pub enum LedgerCommand {
    /// Check every line and every checkpoint
    Verify(VerifyArgs),
    /// Print the records that match
    Query(Box<QueryArgs>),
    /// Print a proof that a record, or an earlier checkpoint, is in the ledger
    Prove(ProveArgs),
    /// Tell what went out about a person, what an incident comes to, who saw how much
    Report(Box<ReportArgs>),
    /// Do now what the gateway does every minute: hashes and indexes of closed segments, and their compression
    Index,
    /// Delete closed segments that need not be kept any longer, and keep their hashes; without `--delete`, say which
    Retain(RetainArgs),
    /// Kill a process that discloses under load, again and again, and look for what its ledger lost
    Torture(TortureArgs),
    /// Write the tree's hashes as C2SP's tlog-tiles lays them out, for other people's tools
    Export(ExportArgs),
}

/// What `verify` is told.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Checkpoints that were kept elsewhere, to compare with as well
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// The key of the witness, or a file that holds it: the checkpoints that it has to have signed are compared with as
    /// well; those of `--checkpoint`, or else those that the gateway keeps
    #[arg(long, value_name = "KEY", conflicts_with = "proof")]
    pub witness: Option<String>,
    /// Check this proof instead, for which no ledger is needed; `-` reads it from stdin
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
    pub proof: Option<PathBuf>,
    /// The public key [default: ledger.pub in the state folder]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// What `prove` is told.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["record", "consistency"])))]
pub struct ProveArgs {
    /// The record's number, its `seq`
    #[arg(value_name = "RECORD")]
    pub record: Option<u64>,
    /// That the checkpoint over B records, or the last one, only adds to the one over A records
    #[arg(long, num_args = 1..=2, value_names = ["A", "B"])]
    pub consistency: Option<Vec<u64>>,
    /// Prove it under the last checkpoint of this file, such as one that was kept elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "consistency")]
    pub checkpoint: Option<PathBuf>,
    /// The public key [default: ledger.pub in the state folder]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// What `export` is told.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The folder for the tiles; an export that is there is added to
    #[arg(long, value_name = "DIR")]
    pub tiles: PathBuf,
    /// Under the last checkpoint that the witness has signed, instead of the last one
    #[arg(long)]
    pub cosigned: bool,
    /// The public key [default: ledger.pub in the state folder]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
}

/// What `query` asks for; all of it must hold.
#[derive(Args, Debug)]
pub struct QueryArgs {
    /// Who asked: `tanaka`, or `basic:tanaka` for one source
    #[arg(long)]
    pub staff: Option<String>,
    /// Whose data: `customer:42`, or `42` for any type; with a type, ids held as keyed hashes are found too
    #[arg(long, value_name = "TYPE:ID")]
    pub subject: Option<String>,
    /// A kind that was disclosed
    #[arg(long)]
    pub kind: Option<String>,
    /// A category of which a kind was disclosed: contact, government_id …
    #[arg(long)]
    pub category: Option<String>,
    /// The action it was disclosed under
    #[arg(long)]
    pub action: Option<String>,
    /// What happened: view, search, export, write, refused …
    #[arg(long)]
    pub event: Option<String>,
    /// The resource
    #[arg(long)]
    pub resource: Option<String>,
    /// What it was for, as a declared purpose
    #[arg(long)]
    pub purpose: Option<String>,
    /// What came of it: released, refused …
    #[arg(long)]
    pub outcome: Option<String>,
    /// The id that stands in `Sudare-Request`
    #[arg(long, value_name = "ID")]
    pub request: Option<String>,
    /// From this day or moment on: 2026-11-22, 2026-11-22T09:00, 2026-11-22T09:00:00+09:00
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Until this day, that day included, or before this moment
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Read every line, whatever the indexes of closed segments say
    #[arg(long)]
    pub scan: bool,
}

/// What `retain` is told.
#[derive(Args, Debug)]
pub struct RetainArgs {
    /// Delete them; without it nothing is changed
    #[arg(long)]
    pub delete: bool,
}

/// What `torture` is told.
#[derive(Args, Debug)]
pub struct TortureArgs {
    /// An empty or new folder on the disk that the gateway will use; removed at the end when all holds
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// How often to kill
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    pub kills: u64,
    /// What the moments of the kills are drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// The process that is killed
    #[arg(long, hide = true)]
    pub child: Option<u64>,
}

/// Whoever reads what is printed.
pub struct Reader {
    /// Their language.
    pub lang: Lang,
    /// The zone in which days and times without an offset are read, and moments are told.
    pub zone: TimeZone,
    /// What time it is.
    pub now: Timestamp,
    /// Who they are, as the system says.
    pub user: String,
}

/// Runs the command on this process's own streams and returns its exit status.
pub fn run(args: &LedgerArgs, lang: Lang) -> u8 {
    let mut progress = verify::Progress::new(io::stderr().is_terminal(), lang);
    let mut out = BufWriter::new(io::stdout().lock());
    let reader = Reader { lang, zone: TimeZone::system(), now: Timestamp::now(), user: user() };
    let live = io::stderr().is_terminal();
    let torture = matches!(args.command, LedgerCommand::Torture(_));
    run_on(args, &reader, &mut out, &mut io::stderr(), &mut |done, total| match torture {
        true if live => tell(&torture::shown(lang, done, total)),
        true => {}
        false => progress.show(done, total),
    })
}

/// Whoever runs the command, as far as the system says so; a report can name somebody else.
pub(crate) fn user() -> String {
    let names = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let named = names.into_iter().find(|name| !name.is_empty());
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The same on other streams and for a given reader.
pub fn run_on(
    args: &LedgerArgs,
    reader: &Reader,
    out: &mut dyn Write,
    err: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> u8 {
    let home = Home::of(args);
    let format = if args.format == Written::Json { Format::Json } else { Format::Table };
    let mut desk = Desk { lang: reader.lang, format, out, err };
    if let Some((what, subject)) = reads(&args.command) {
        reading::note(&home, what, subject, reader, &mut desk);
    }
    let ended = match unfit(args, reader.lang) {
        Some(trouble) => Err(trouble),
        None => work(args, reader, &home, &mut desk, progress),
    };
    match ended {
        Ok(status) => status,
        Err(Trouble::Pipe) => DONE,
        Err(Trouble::Output(error)) => {
            let what = texts::NO_OUTPUT.with(reader.lang, &[("error", &error)]);
            desk.told(texts::ERROR.of(reader.lang), &what, texts::NO_OUTPUT_HELP.of(reader.lang));
            UNUSABLE
        }
        Err(Trouble::Told { what, advice }) => {
            desk.told(texts::ERROR.of(reader.lang), &what, &advice);
            UNUSABLE
        }
    }
}

/// A format that the command does not know.
fn unfit(args: &LedgerArgs, lang: Lang) -> Option<Trouble> {
    match (args.format, &args.command) {
        (Written::Table | Written::Json, _)
        | (Written::Html, LedgerCommand::Report(_))
        | (Written::Csv | Written::Parquet, LedgerCommand::Query(_)) => None,
        (Written::Html, _) => Some(Trouble::of(words::ONLY_REPORTS.of(lang), words::ONLY_REPORTS_HELP.of(lang))),
        _ => Some(Trouble::of(texts::ONLY_QUERY.of(lang), texts::ONLY_QUERY_HELP.of(lang))),
    }
}

fn work(
    args: &LedgerArgs,
    reader: &Reader,
    home: &Home,
    desk: &mut Desk<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u8, Trouble> {
    match &args.command {
        LedgerCommand::Report(told) => report::run(home, told, (args.format, reader), desk),
        LedgerCommand::Query(told) => query::run(home, told, (args.format, &reader.zone), desk),
        LedgerCommand::Verify(VerifyArgs { proof: Some(proof), key, .. }) => {
            prove::check(&home.state, proof, key.as_deref(), desk)
        }
        LedgerCommand::Verify(told) => verify::run(&home.state, told, desk, progress),
        LedgerCommand::Torture(told) => torture::run(told, desk, progress),
        LedgerCommand::Retain(told) => retain::run(home, told, reader, desk),
        LedgerCommand::Index => index::run(&home.state, desk),
        LedgerCommand::Prove(told) => prove::run(&home.state, told, desk),
        LedgerCommand::Export(told) => export::run(&home.state, told, desk),
    }
}

/// What a command shows of records, and of whom, where it is about one person; nothing where it shows none.
fn reads(command: &LedgerCommand) -> Option<(&'static str, Option<&str>)> {
    match command {
        LedgerCommand::Query(told) => Some(("query", told.subject.as_deref())),
        LedgerCommand::Prove(ProveArgs { record: Some(_), .. }) => Some(("prove", None)),
        LedgerCommand::Report(told) => Some(told.what.reads()),
        _ => None,
    }
}

/// Where results and diagnostics go, and how they are written.
struct Desk<'a> {
    lang: Lang,
    format: Format,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl Desk<'_> {
    /// A diagnostic with what to do about it.
    fn told(&mut self, heading: &str, what: &str, advice: &str) {
        // Where even the diagnostics cannot be written, the exit status is all that is left to say.
        let _ = writeln!(self.err, "{heading}: {}", show::plain(what));
        let _ = writeln!(self.err, "{}: {}", texts::HELP.of(self.lang), show::plain(advice));
    }
}

/// Why a command could not do its work.
enum Trouble {
    /// Wrong usage or unreadable input.
    Told { what: String, advice: String },
    /// The output cannot be written.
    Output(io::Error),
    /// Whoever read our output has had enough.
    Pipe,
}

impl Trouble {
    fn of(what: impl Into<String>, advice: impl Into<String>) -> Trouble {
        Trouble::Told { what: what.into(), advice: advice.into() }
    }

    fn caused(lang: Lang, error: &dyn std::error::Error, advice: impl Into<String>) -> Trouble {
        Trouble::of(causes(lang, error), advice)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Trouble::Pipe,
            _ => Trouble::Output(error),
        }
    }
}

/// The public key that is named, or the one beside the ledger.
fn public_key(state: &Path, named: Option<&Path>, lang: Lang) -> Result<PublicKey, Trouble> {
    let path = named.map_or_else(|| state.join("ledger.pub"), Path::to_path_buf);
    PublicKey::read(&path)
        .map_err(|error| Trouble::of(format!("{}: {}", path.display(), causes(lang, &error)), texts::NAME_KEY.of(lang)))
}

/// An error and what caused it, in a line.
fn causes(lang: Lang, error: &dyn std::error::Error) -> String {
    let mut what = phrase(lang, &error.to_string()).into_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        what = format!("{what}: {}", phrase(lang, &error.to_string()));
        cause = error.source();
    }
    what
}
