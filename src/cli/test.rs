//! `sudare test`: runs the tests written in rule files.
//!
//! `suite` runs them through a dry exchange, `compare` says what differs from what is expected,
//! `because` which rule decided, `report` and `junit` tell it. The values of a test are the test's
//! own, so they may be shown.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::say::{Lang, coloured, complain, diagnostics, ended, tell, texts};
use crate::cli::test::coverage::Coverage;
use crate::cli::test::report::Report;
use crate::cli::test::suite::Suite;
use crate::cli::{DONE, FAILED, UNUSABLE, default_config};
use crate::config::units::Origin;
use crate::config::veil::{Broken, veiled};
use crate::config::{gateway, rules, text};
use crate::policy::Policy;
use crate::policy::compile::Loaded;
use crate::policy::fault::{Faults, Severity};
use crate::policy::node::Source;

mod because;
mod compare;
mod coverage;
mod diff;
mod json;
mod junit;
mod recorded;
mod report;
mod seen;
mod spelling;
pub mod suite;
mod table;

/// `sudare test`
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// The gateway's configuration, whose rules are tested [default: gateway.yaml, unless PATHs are given]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Rule files and folders; they make one policy
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only tests whose name holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Which resources and rules no test touched
    #[arg(long)]
    coverage: bool,
    /// How results are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: an object for each expectation, one a line
    Json,
    /// For CI systems: JUnit's XML
    Junit,
}

/// Runs the command.
pub fn run(args: &TestArgs, lang: Lang) -> u8 {
    let (sources, purposes) = match sources(args, lang) {
        Ok(read) => read,
        Err(status) => return status,
    };
    let Loaded { policy, faults, .. } = Policy::parse_for(&sources, purposes.as_deref());
    let errors: Vec<_> = faults.into_iter().filter(|fault| fault.severity == Severity::Error).collect();
    let Some(policy) = policy else {
        tell(&diagnostics(lang, &errors, &sources));
        return FAILED;
    };
    // Programs read English.
    let told = if args.format == Format::Text { lang } else { Lang::En };
    let suite = match Suite::new(&policy, told) {
        Ok(suite) => suite,
        Err(error) => {
            complain(lang, &error.to_string());
            return FAILED;
        }
    };
    let began = Instant::now();
    let results = suite.run(args.filter.as_deref(), &mut Progress::new(lang));
    if let Some(text) = args.filter.as_deref().filter(|_| results.is_empty()) {
        complain(lang, &texts::NO_SUCH_TEST.with(lang, &[("text", &text)]));
        return UNUSABLE;
    }
    let stdout = io::stdout();
    let tested = |source: &&Source| policy.tests().iter().any(|test| *test.spot.file == *source.name);
    let untested = sources.iter().filter(|source| !tested(source)).map(|source| source.name.as_str()).collect();
    let report = Report { results: &results, sources: &sources, untested, lang: told, colour: coloured(&stdout) };
    let mut out = BufWriter::new(stdout.lock());
    let coverage = args.coverage.then(|| Coverage::of(&policy, &results));
    let written = match args.format {
        Format::Text => report.people(coverage.as_ref(), &mut out),
        Format::Json => report.json(coverage.as_ref(), &mut out),
        Format::Junit => junit::write(&report, began.elapsed(), &mut out),
    }
    .and_then(|()| out.flush());
    let failed = results.iter().any(|result| !result.differences.is_empty());
    // A run of no tests shows nothing, and CI must not take it for one that passed.
    let status = if failed { FAILED } else { DONE };
    ended(written, if results.is_empty() { UNUSABLE } else { status }, lang)
}

/// Rule files, and the purposes that gateway.yaml declares.
type Read = (Vec<Source>, Option<Vec<String>>);

/// The rule files that are named, or those of gateway.yaml.
fn sources(args: &TestArgs, lang: Lang) -> Result<Read, u8> {
    let unusable = |what: &str| {
        complain(lang, what);
        UNUSABLE
    };
    let mut paths = args.paths.clone();
    let mut purposes = None;
    let default = paths.is_empty().then(default_config);
    if let Some(path) = args.config.clone().or(default) {
        let name = text::plain(&path);
        let content = fs::read_to_string(&path).map_err(|error| {
            let what = texts::CANNOT_READ.with(lang, &[("path", &name), ("error", &error)]);
            unusable(&format!("{what}\n{}", texts::NAME_RULES.of(lang)))
        })?;
        let source = Source { name, text: content };
        let mut faults = Faults::new();
        let origin = Origin { folder: gateway::folder(&path), environment: &|name| std::env::var(name).ok() };
        // Tests need the rules alone: no listener, no key, no password.
        let named = gateway::named(&source, &origin, &mut faults);
        if faults.has_errors() {
            let shown = Source { text: veiled(&source, Broken::Lines), ..source };
            tell(&diagnostics(lang, &faults.into_sorted(), &[shown]));
            return Err(FAILED);
        }
        purposes = named.purposes;
        if paths.is_empty() {
            paths = named.rules;
        }
    }
    let sources = rules::read(&paths).map_err(|error| unusable(&error.to_string()))?;
    if sources.is_empty() {
        return Err(unusable(texts::NO_RULE_FILE.of(lang)));
    }
    Ok((sources, purposes))
}

/// Tells on a terminal how far a long run is.
struct Progress {
    shown: bool,
    told: Option<Instant>,
    lang: Lang,
}

/// A run that is shorter says nothing.
const PATIENCE: Duration = Duration::from_millis(500);

impl Progress {
    fn new(lang: Lang) -> Progress {
        Progress { shown: false, told: io::stderr().is_terminal().then(Instant::now), lang }
    }
}

impl suite::Watch for Progress {
    fn done(&mut self, done: usize, all: usize) {
        let Some(told) = self.told.filter(|told| told.elapsed() >= PATIENCE || self.shown && done == all) else {
            return;
        };
        if done == all {
            tell("\r\u{1b}[K");
        } else if told.elapsed() >= PATIENCE {
            tell(&format!("\r{}", texts::TESTING.with(self.lang, &[("done", &done), ("all", &all)])));
            (self.shown, self.told) = (true, Some(Instant::now()));
        }
    }
}
