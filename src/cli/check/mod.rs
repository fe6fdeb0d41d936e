//! `sudare check`: every fault of configuration and rules, with its place and a suggestion.
//!
//! Faults go to stderr for people and, in the formats of programs, to stdout; how many there are
//! stands on stderr in any case. The exit status tells whether the files hold: 0 they do, 1 they do
//! not, 2 they cannot be read.

pub mod codes;
pub mod github;
mod named;
pub mod sarif;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::cli::say::{Lang, complain, diagnostics, ended, tell, texts};
use crate::cli::{DONE, FAILED, UNUSABLE};
use crate::config::gateway::{self, Config};
use crate::config::text::{self, TextError};
use crate::config::units::Origin;
use crate::config::veil::{Broken, veiled};
use crate::config::{packs, rules, together};
use crate::policy::Policy;
use crate::policy::fault::{Fault, Faults, Severity, render_json};
use crate::policy::node::Source;
use crate::policy::rule::settings::Undeclared;
use crate::policy::version;

/// What `sudare check` is asked for.
#[derive(Debug, Clone, clap::Args)]
pub struct CheckArgs {
    /// The gateway's configuration, whose rules are checked too [default: gateway.yaml, unless PATHs are given]
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Rule files, or folders of them; they make one policy
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Let warnings fail the check, and ask exceptions for `why`, `owner` and `until`
    #[arg(long)]
    pub strict: bool,
    /// Say which files are of an older format, and write them anew; none is older yet
    #[arg(long)]
    pub upgrade: bool,
    /// How faults are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Say what a code in a diagnostic means, and check nothing
    #[arg(long, value_name = "CODE", conflicts_with_all = ["config", "paths", "strict", "upgrade", "format"])]
    pub explain: Option<String>,
}

/// How faults are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people, to stderr
    Text,
    /// For programs: one object a line, to stdout
    Json,
    /// SARIF 2.1.0 for code scanning, to stdout
    Sarif,
    /// Commands for GitHub's workflows, to stdout
    Github,
}

/// Runs the command; gives the exit status.
pub fn run(args: CheckArgs, lang: Lang) -> u8 {
    if let Some(code) = &args.explain {
        return codes::explain(code, lang);
    }
    let mut check = Check { lang, strict: args.strict, ..Check::default() };
    let mut paths = args.paths;
    let default = paths.is_empty().then(super::default_config);
    if let Some(path) = args.config.or(default)
        && let Err(message) = check.gateway(&path, &mut paths)
    {
        complain(lang, &message);
        return UNUSABLE;
    }
    check.rules(&paths);
    // What a program reads is in its format, and what is wrong with a file comes before its age.
    if args.upgrade && args.format == Format::Text && check.status() == DONE && check.is_newest() {
        let files = texts::FILES.many(lang, check.sources.len());
        let told = texts::NEWEST.with(lang, &[("files", &files), ("format", &version::NEWEST)]);
        return ended(writeln!(io::stdout(), "{told}"), DONE, lang);
    }
    let written = check.tell(args.format);
    ended(written, check.status(), lang)
}

/// What was read, and what is wrong with it.
struct Check {
    lang: Lang,
    strict: bool,
    /// What is shown of each file.
    sources: Vec<Source>,
    faults: Vec<Fault>,
    config: Option<Config>,
    /// The purposes that gateway.yaml declares.
    purposes: Option<Vec<String>>,
    policy: Option<Policy>,
    /// Whether a file could not be read, so that nobody knows what it says.
    unread: bool,
    /// Whether there is no rule file at all.
    bare: bool,
}

impl Default for Check {
    fn default() -> Check {
        Check {
            lang: Lang::En,
            strict: false,
            sources: Vec::new(),
            faults: Vec::new(),
            config: None,
            purposes: None,
            policy: None,
            unread: false,
            bare: false,
        }
    }
}

impl Check {
    /// Checks gateway.yaml; its rules are checked unless others are named.
    fn gateway(&mut self, path: &Path, paths: &mut Vec<PathBuf>) -> Result<(), String> {
        let source = match text::source(path) {
            Ok(source) => source,
            Err(TextError::System(error)) => {
                let name = path.display();
                let what = texts::CANNOT_READ.with(self.lang, &[("path", &name), ("error", &error)]);
                return Err(format!("{what}\n{}", texts::NAME_A_CONFIG.of(self.lang)));
            }
            Err(error) => {
                self.faults.push(text::fault(path, &error));
                self.unread = true;
                return Ok(());
            }
        };
        let mut faults = Faults::new();
        let origin = Origin { folder: gateway::folder(path), environment: &|name| std::env::var(name).ok() };
        // The key only speeds up what is not done here: recognising staff.
        self.config = gateway::parse(&source, &origin, [0; 32], &mut faults);
        // What is wrong with the rest says nothing of the rules, and what is wrong here is told already.
        let named = gateway::named(&source, &origin, &mut Faults::new());
        self.purposes = named.purposes;
        if paths.is_empty() {
            paths.extend(named.rules.into_iter().filter(|path| packs::is_pack(path) || path.exists()));
        }
        let shown = veiled(&source, Broken::Lines);
        self.sources.push(Source { text: shown, ..source });
        self.faults.extend(faults.into_sorted());
        Ok(())
    }

    fn rules(&mut self, paths: &[PathBuf]) {
        // A gateway.yaml that names no rules has that fault, which is told.
        if paths.is_empty() && !self.faults.is_empty() {
            return;
        }
        let (sources, unread) = rules::read_all(paths);
        self.unread |= !unread.is_empty();
        self.bare = sources.is_empty() && unread.is_empty();
        let mut loaded = Policy::parse_for(&sources, self.purposes.as_deref());
        let ends = loaded.ends(Timestamp::now());
        self.faults.extend(unread);
        if !sources.is_empty() {
            self.faults.extend(loaded.faults);
        }
        // Without the files that could not be read, the others are not what they are meant to be.
        self.policy = loaded.policy.filter(|_| !self.unread && !self.bare);
        self.sources.extend(sources);
        let mut warnings = rules::below(paths);
        if self.policy.is_none() {
            warnings.extend(ends);
        }
        if let Some(policy) = &self.policy {
            warnings.extend(policy.warnings(Timestamp::now()));
            warnings.extend(named::without_files(policy));
            warnings.extend(self.config.iter().flat_map(|config| together::warnings(config, policy)));
            warnings.extend(if self.strict { policy.exceptions() } else { Vec::new() });
        }
        self.faults.extend(warnings);
    }

    /// Tells everything by file and place.
    fn tell(&mut self, format: Format) -> io::Result<()> {
        let order = |fault: &Fault| self.sources.iter().position(|source| *source.name == *fault.file);
        let mut faults = std::mem::take(&mut self.faults);
        faults.sort_by_cached_key(|fault| (order(fault).unwrap_or(usize::MAX), fault.file.clone(), fault.span.start));
        self.faults = faults;
        let told = match format {
            Format::Text => {
                tell(&diagnostics(self.lang, &self.faults, &self.sources));
                String::new()
            }
            Format::Json => render_json(&self.faults, &self.sources),
            Format::Sarif => sarif::render(&self.faults, &self.sources, !self.unread),
            Format::Github => github::render(&self.faults, &self.sources),
        };
        let mut out = BufWriter::new(io::stdout().lock());
        let written = out.write_all(told.as_bytes()).and_then(|()| out.flush());
        if self.bare {
            complain(self.lang, texts::NO_RULE_FILE.of(self.lang));
        }
        tell(&format!("{}\n", self.summary()));
        written
    }

    /// Whether every file could be read and is of the newest format.
    fn is_newest(&self) -> bool {
        !self.unread && !self.bare && !self.faults.iter().any(|fault| fault.code == "version")
    }

    fn status(&self) -> u8 {
        let fails = |fault: &Fault| self.strict || fault.severity == Severity::Error;
        match self.unread || self.bare {
            true => UNUSABLE,
            false if self.faults.iter().any(fails) => FAILED,
            false => DONE,
        }
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
        let told = self.of_policy(told);
        // Roles that nobody has and rules that never apply show only where everything else holds.
        let hides = self.faults.iter().any(|fault| fault.severity == Severity::Error);
        if hides { format!("{told}\n{}", texts::MEND_FIRST.of(lang)) } else { told }
    }

    /// What was told, and what the rules hold.
    fn of_policy(&self, told: String) -> String {
        let lang = self.lang;
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
