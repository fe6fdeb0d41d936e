//! `sudare ledger`: checks the chain and answers who saw whose data, from the folder alone.
//!
//! No gateway has to run, and none is disturbed: both commands only read. What they print holds nothing but what the
//! records hold. `report`, `prove` and `export` are reserved words.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::cli::default_config;
use crate::ledger::key::PublicKey;
use crate::ledger::query::{Filter, Passed, SubjectIs, query};
use crate::ledger::show::{self, Table};
use crate::ledger::verify::{Kept, Report, verify};
use crate::policy::fault::Faults;
use crate::policy::node::{self, Source};
use crate::terms::event::Event;

/// Check the ledger, and ask it who saw whose data
#[derive(Args, Debug)]
pub struct LedgerArgs {
    /// The gateway's configuration; its state folder stands beside it
    #[arg(short, long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The state folder, which holds `ledger/` and `ledger.pub` [default: state]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, global = true, value_name = "FORMAT", default_value = "table")]
    pub format: Format,
    /// What to do
    #[command(subcommand)]
    pub command: LedgerCommand,
}

/// How to print.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs: a JSON object a line
    Json,
}

/// What to do with the ledger.
#[derive(Subcommand, Debug)]
pub enum LedgerCommand {
    /// Check every line and every checkpoint
    Verify(VerifyArgs),
    /// Print the records that match
    Query(QueryArgs),
    /// Reserved
    #[command(hide = true)]
    Report,
    /// Reserved
    #[command(hide = true)]
    Prove,
    /// Reserved
    #[command(hide = true)]
    Export,
}

/// What `verify` is told.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Checkpoints that were kept elsewhere, to compare with as well
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
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
    /// Whose data: `customer:42`, or `42` for any type
    #[arg(long, value_name = "TYPE:ID")]
    pub subject: Option<String>,
    /// A kind that was disclosed
    #[arg(long)]
    pub kind: Option<String>,
    /// The action it was disclosed under
    #[arg(long)]
    pub action: Option<String>,
    /// What happened: view, search, export, write, refused …
    #[arg(long)]
    pub event: Option<String>,
    /// The resource
    #[arg(long)]
    pub resource: Option<String>,
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
}

/// Runs the command on this process's own streams and returns its exit status.
pub fn run(args: &LedgerArgs) -> u8 {
    let mut progress = Progress { shown: None, live: io::stderr().is_terminal() };
    let mut out = BufWriter::new(io::stdout().lock());
    run_on(args, &TimeZone::system(), &mut out, &mut io::stderr(), &mut |done, total| progress.show(done, total))
}

/// The same on other streams and in a given time zone, which days and times without an offset are read in.
pub fn run_on(
    args: &LedgerArgs,
    zone: &TimeZone,
    out: &mut dyn Write,
    err: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> u8 {
    let state = state_folder(args);
    let ended = match &args.command {
        LedgerCommand::Verify(told) => run_verify(&state, told, args.format, out, err, progress),
        LedgerCommand::Query(told) => run_query(&state, told, args.format, zone, out, err),
        LedgerCommand::Report | LedgerCommand::Prove | LedgerCommand::Export => {
            Err(Trouble::of("this command is reserved and not built yet", "use `ledger verify` or `ledger query`"))
        }
    };
    match ended {
        Ok(status) => status,
        Err(Trouble::Pipe) => DONE,
        Err(Trouble::Told { what, advice }) => {
            // Where even the diagnostics cannot be written, the exit status is all that is left to say.
            let _ = writeln!(err, "error: {}", show::plain(&what));
            let _ = writeln!(err, "help: {}", show::plain(&advice));
            UNREADABLE
        }
    }
}

const DONE: u8 = 0;
const BROKEN: u8 = 1;
const UNREADABLE: u8 = 2;

/// Why a command could not do its work.
enum Trouble {
    /// Wrong usage or unreadable input.
    Told { what: String, advice: String },
    /// Whoever read our output has had enough.
    Pipe,
}

impl Trouble {
    fn of(what: impl Into<String>, advice: impl Into<String>) -> Trouble {
        Trouble::Told { what: what.into(), advice: advice.into() }
    }

    fn caused(error: &dyn std::error::Error, advice: impl Into<String>) -> Trouble {
        let mut what = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            what = format!("{what}: {error}");
            cause = error.source();
        }
        Trouble::of(what, advice)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Trouble::Pipe,
            _ => Trouble::of(format!("the output cannot be written: {error}"), "see where it goes, and run it again"),
        }
    }
}

fn state_folder(args: &LedgerArgs) -> PathBuf {
    if let Some(state) = &args.state {
        return state.clone();
    }
    let config = args.config.clone().unwrap_or_else(default_config);
    let folder = config.parent().unwrap_or(Path::new("")).to_path_buf();
    folder.join(configured(&config).unwrap_or_else(|| "state".to_owned()))
}

/// The state folder that a configuration names. The rest of it may be wrong or of another version:
/// the ledger must be readable all the same.
fn configured(config: &Path) -> Option<String> {
    let text = std::fs::read_to_string(config).ok()?;
    let source = Source { name: config.display().to_string(), text };
    let root = node::parse(&source, &mut Faults::new())?;
    Some(root.at("state")?.scalar()?.to_owned())
}

fn run_verify(
    state: &Path,
    told: &VerifyArgs,
    format: Format,
    out: &mut dyn Write,
    err: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u8, Trouble> {
    let path = told.key.clone().unwrap_or_else(|| state.join("ledger.pub"));
    let key = PublicKey::read(&path).map_err(|error| {
        let Trouble::Told { what, .. } = Trouble::caused(&error, "") else { return Trouble::Pipe };
        Trouble::of(
            format!("{}: {what}", path.display()),
            "name the state folder with `--state`, or the key with `--key`",
        )
    })?;
    let unreadable = |error| Trouble::caused(&error, "name the state folder with `--state`, or mend the file's rights");
    let kept = match &told.checkpoint {
        Some(path) => Kept::read(path, &key).map_err(unreadable)?,
        None => Ok(Kept::default()),
    };
    let report = match kept {
        Ok(kept) => verify(&state.join("ledger"), &key, &kept, progress).map_err(unreadable)?,
        Err(finding) => Report { finding: Some(finding), ..Report::default() },
    };
    match format {
        Format::Json => show::report_json(&report, out)?,
        Format::Table => show::report_text(&report, out, err)?,
    }
    out.flush()?;
    Ok(if report.finding.is_some() { BROKEN } else { DONE })
}

fn run_query(
    state: &Path,
    told: &QueryArgs,
    format: Format,
    zone: &TimeZone,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<u8, Trouble> {
    let filter = filter(told, zone)?;
    let mut table = Table::default();
    let mut written = Ok(());
    let queried = query(&state.join("ledger"), &filter, &mut |record, line| {
        written = match format {
            Format::Json => writeln!(out, "{line}"),
            Format::Table => table.add(record, &filter, out),
        };
        if written.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    written?;
    let passed = queried.map_err(|error| {
        let what = format!("the ledger in `{}` cannot be read: {error}", state.join("ledger").display());
        Trouble::of(what, "name the state folder with `--state`")
    })?;
    table.finish(out)?;
    out.flush()?;
    warn_of_unreadable(&passed, err)?;
    Ok(DONE)
}

fn warn_of_unreadable(passed: &Passed, err: &mut dyn Write) -> io::Result<()> {
    let Some(spot) = &passed.first_unreadable else { return Ok(()) };
    let (count, path, line) = (passed.unreadable, spot.path.display(), spot.line);
    writeln!(err, "warning: {count} lines are no records and were left out, the first at {path}:{line}")?;
    writeln!(err, "help: run `sudare ledger verify`")
}

fn filter(told: &QueryArgs, zone: &TimeZone) -> Result<Filter, Trouble> {
    if let Some(event) = told.event.as_ref().filter(|event| Event::ALL.iter().all(|known| known.word() != **event)) {
        let known: Vec<&str> = Event::ALL.iter().map(|event| event.word()).collect();
        return Err(Trouble::of(format!("`{event}` is no event"), format!("the events are {}", known.join(", "))));
    }
    let moment = |text: &Option<String>, end| text.as_ref().map(|text| moment(text, end, zone)).transpose();
    Ok(Filter {
        staff: told.staff.clone(),
        subject: told.subject.as_deref().map(SubjectIs::parse),
        kind: told.kind.clone(),
        action: told.action.clone(),
        event: told.event.clone(),
        resource: told.resource.clone(),
        outcome: told.outcome.clone(),
        request: told.request.clone(),
        from: moment(&told.from, Side::From)?,
        to: moment(&told.to, Side::To)?,
    })
}

/// Which end of a span of time a text names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    From,
    To,
}

/// Reads a moment, a local time or a day; a day as an end is that day's end.
fn moment(text: &str, side: Side, zone: &TimeZone) -> Result<Timestamp, Trouble> {
    let unclear = || {
        let advice = "write a day as 2026-11-22, a time as 2026-11-22T09:00 or 2026-11-22T09:00:00+09:00";
        Trouble::of(format!("`{text}` is neither a day nor a time"), advice)
    };
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let local = match text.parse::<Date>() {
        Ok(day) if text.len() <= DAY_BYTES => match side {
            Side::From => Ok(day),
            Side::To => day.checked_add(1.day()),
        }
        .map(DateTime::from),
        _ => text.parse::<DateTime>(),
    };
    let moment = local.and_then(|local| local.to_zoned(zone.clone()));
    moment.map(|moment| moment.timestamp()).map_err(|_| unclear())
}

const DAY_BYTES: usize = "2026-11-22".len();

/// A line on the terminal that says how far a long check has come.
struct Progress {
    shown: Option<u64>,
    live: bool,
}

impl Progress {
    /// A check of less than this is over before anybody could read the line.
    const BYTES_MIN: u64 = 64 << 20;

    fn show(&mut self, done: u64, total: u64) {
        if !self.live || total < Self::BYTES_MIN {
            return;
        }
        let percent = done.saturating_mul(100) / total;
        if self.shown != Some(percent) {
            self.shown = Some(percent);
            let end = if done == total { "\r\u{1b}[K" } else { "" };
            eprint!("\rverifying {percent:3}%{end}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_read_in_the_given_zone() {
        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        let read = |text: &str, side| moment(text, side, &tokyo).ok().map(|moment| moment.to_string());
        let cases = [
            ("2026-11-22", Side::From, "2026-11-21T15:00:00Z"),
            ("2026-11-22", Side::To, "2026-11-22T15:00:00Z"),
            ("2026-11-22T09:00", Side::From, "2026-11-22T00:00:00Z"),
            ("2026-11-22 09:00:30", Side::To, "2026-11-22T00:00:30Z"),
            ("2026-11-22T09:00:00Z", Side::From, "2026-11-22T09:00:00Z"),
            ("2026-11-22T09:00:00-01:00", Side::From, "2026-11-22T10:00:00Z"),
        ];
        for (text, side, expected) in cases {
            assert_eq!(read(text, side).as_deref(), Some(expected), "{text}");
        }
        assert_eq!((read("yesterday", Side::From), read("2026-13-01", Side::To)), (None, None));
    }
}
