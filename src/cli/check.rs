//! `sudare check`: every fault of configuration and rules, with its place and a suggestion.
//!
//! Faults go to stderr for people and, with `--format json`, to stdout for programs. The exit
//! status tells whether the files hold: 0 they do, 1 they do not, 2 they cannot be read.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::policy::Policy;
use crate::policy::fault::{Fault, Severity, render, render_json};
use crate::policy::node::Source;
use crate::policy::rule::settings::Undeclared;

/// What `sudare check` is asked for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The gateway's configuration; its rules are checked too
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Rule files, or folders of them
    pub paths: Vec<PathBuf>,
    /// Let warnings fail the check
    #[arg(long)]
    pub strict: bool,
    /// How faults are written
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// How faults are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, to stderr
    Text,
    /// For programs: one object a line, to stdout
    Json,
}

/// The files hold.
const HOLDS: u8 = 0;
/// They do not.
const FAULTY: u8 = 1;
/// They cannot be read.
const UNREADABLE: u8 = 2;

/// Checks rule files and returns the exit status.
pub fn run(args: &Args) -> u8 {
    let sources = match read(&args.paths) {
        Ok(sources) => sources,
        Err(message) => {
            eprintln!("error: {message}");
            return UNREADABLE;
        }
    };
    let loaded = Policy::parse(&sources);
    let mut faults = loaded.faults;
    if let Some(policy) = &loaded.policy {
        faults.extend(policy.warnings(Timestamp::now()));
    }
    tell(&faults, &sources, args.format);
    if args.format == Format::Text {
        eprintln!("{}", summary(loaded.policy.as_ref(), &faults, sources.len()));
    }
    status(&faults, args.strict)
}

/// Reads rule files and the `*.yaml` and `*.yml` of folders, in the order of their names.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Source>, String> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(folder(path)?);
        } else {
            files.push(path.clone());
        }
    }
    // A file that is named and lies in a folder that is named is one file.
    files.sort();
    files.dedup();
    files.iter().map(|path| file(path)).collect()
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, String> {
    let cannot = |error: io::Error| format!("`{}` cannot be read: {error}", path.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let is_yaml = matches!(path.extension().and_then(OsStr::to_str), Some("yaml" | "yml"));
        if is_yaml && path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(format!("`{}` holds no rule file (`*.yaml`)", path.display()));
    }
    Ok(files)
}

fn file(path: &Path) -> Result<Source, String> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("`{name}` is no UTF-8: byte {at} belongs to no character; save it as UTF-8")
    })?;
    Ok(Source { name, text })
}

fn tell(faults: &[Fault], sources: &[Source], format: Format) {
    match format {
        Format::Json => {
            // Whoever closed the pipe has read enough; the status tells the rest.
            let _closed = io::stdout().write_all(render_json(faults).as_bytes());
        }
        Format::Text => {
            let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            eprint!("{}", render(faults, sources, colour));
        }
    }
}

fn summary(policy: Option<&Policy>, faults: &[Fault], files: usize) -> String {
    let count = |severity| faults.iter().filter(|fault| fault.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let told = format!("{}, {} in {}", many(errors, "error"), many(warnings, "warning"), many(files, "file"));
    let Some(policy) = policy else { return told };
    let holds = format!(
        "{told}: {}, {}, {}, {}",
        many(policy.all_roles().len(), "role"),
        many(policy.resource_ids().len(), "resource"),
        many(policy.rule_count(), "rule"),
        many(policy.tests().len(), "test"),
    );
    match policy.undeclared() {
        Undeclared::Scan => {
            let note = "note: `undeclared: scan` lowers a risk and does not close it: what no field, label or detector knows is shown";
            format!("{holds}\n{note}")
        }
        Undeclared::Block => holds,
    }
}

fn many(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn status(faults: &[Fault], strict: bool) -> u8 {
    let fails = |fault: &Fault| fault.severity == Severity::Error || strict;
    if faults.iter().any(fails) { FAULTY } else { HOLDS }
}
