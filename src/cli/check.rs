//! `sudare check`: every fault of configuration and rules, with its place and a suggestion.
//!
//! Faults go to stderr for people and, with `--format json`, to stdout for programs. The exit
//! status tells whether the files hold: 0 they do, 1 they do not, 2 they cannot be read.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::say::{Lang, complain, diagnostics, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::config::units::Origin;
use crate::config::{gateway, rules};
use crate::policy::Policy;
use crate::policy::fault::{Fault, Faults, Severity, render_json};
use crate::policy::node::Source;
use crate::policy::rule::settings::Undeclared;

/// What `sudare check` is asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// The gateway's configuration, whose rules are checked too [default: gateway.yaml, unless PATHs are given]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Rule files, or folders of them; they make one policy
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Let warnings fail the check
    #[arg(long)]
    pub strict: bool,
    /// How faults are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
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

/// Runs the command; gives the exit status.
pub fn run(args: CheckArgs, lang: Lang) -> u8 {
    let mut check = Check { lang, sources: Vec::new(), faults: Vec::new(), policy: None, purposes: None };
    let mut paths = args.paths;
    let default = paths.is_empty().then(super::default_config);
    let read = args
        .config
        .or(default)
        .map_or(Ok(()), |path| check.gateway(&path, &mut paths))
        .and_then(|()| check.rules(&paths));
    if let Err(message) = read {
        complain(lang, &message);
        return UNUSABLE;
    }
    match args.format {
        Format::Json => {
            // Whoever closed the pipe has read enough; the status tells the rest.
            let _closed = io::stdout().write_all(render_json(&check.faults).as_bytes());
        }
        Format::Text => {
            eprint!("{}", diagnostics(lang, &check.faults, &check.sources));
            eprintln!("{}", check.summary());
        }
    }
    let fails = |fault: &Fault| args.strict || fault.severity == Severity::Error;
    if check.faults.iter().any(fails) { FAILED } else { DONE }
}

/// What was read, and what is wrong with it.
struct Check {
    lang: Lang,
    sources: Vec<Source>,
    faults: Vec<Fault>,
    policy: Option<Policy>,
    purposes: Option<Vec<String>>,
}

impl Check {
    /// Checks gateway.yaml; its rules are checked unless others are named.
    fn gateway(&mut self, path: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            let what = texts::CANNOT_READ.with(self.lang, &[("path", &name), ("error", &error)]);
            format!("{what}\n{}", texts::NAME_A_CONFIG.of(self.lang))
        })?;
        let source = Source { name, text };
        let mut faults = Faults::new();
        let origin = Origin { folder: gateway::folder(path), environment: &|name| std::env::var(name).ok() };
        // The key only speeds up what is not done here: recognising staff.
        let config = gateway::parse(&source, &origin, [0; 32], &mut faults);
        if let Some(config) = config {
            self.purposes = config.purposes;
            if paths.is_empty() {
                paths.extend(config.rules);
            }
        }
        self.sources.push(source);
        self.faults.extend(faults.into_sorted());
        Ok(())
    }

    fn rules(&mut self, paths: &[PathBuf]) -> Result<(), String> {
        // A faulty gateway.yaml names no rules; its faults are told all the same.
        if paths.is_empty() && !self.faults.is_empty() {
            return Ok(());
        }
        let sources = rules::read(paths).map_err(|error| error.to_string())?;
        if sources.is_empty() {
            return Err(texts::NO_RULE_FILE.of(self.lang).to_owned());
        }
        let loaded = Policy::parse_for(&sources, self.purposes.as_deref());
        self.faults.extend(loaded.faults);
        if let Some(policy) = &loaded.policy {
            self.faults.extend(policy.warnings(Timestamp::now()));
        }
        self.policy = loaded.policy;
        self.sources.extend(sources);
        Ok(())
    }

    fn summary(&self) -> String {
        let lang = self.lang;
        let count = |severity| self.faults.iter().filter(|fault| fault.severity == severity).count();
        let told = texts::CHECKED.with(
            lang,
            &[
                ("errors", &texts::ERRORS.many(lang, count(Severity::Error))),
                ("warnings", &texts::WARNINGS.many(lang, count(Severity::Warning))),
                ("files", &texts::FILES.many(lang, self.sources.len())),
            ],
        );
        let Some(policy) = &self.policy else { return told };
        let holds = texts::CHECKED_POLICY.with(
            lang,
            &[
                ("told", &told),
                ("roles", &texts::ROLES.many(lang, policy.all_roles().len())),
                ("resources", &texts::RESOURCES.many(lang, policy.resource_ids().len())),
                ("rules", &texts::RULES.many(lang, policy.rule_count())),
                ("tests", &texts::TESTS.many(lang, policy.tests().len())),
            ],
        );
        match policy.undeclared() {
            // The contract wants this said wherever `scan` holds.
            Undeclared::Scan => format!("{holds}\n{}", texts::SCAN.of(lang)),
            Undeclared::Block => holds,
        }
    }
}
