//! `sudare serve`: runs the gateway.

use std::path::{Path, PathBuf};

use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::cli::say::{Lang, coloured, complain, diagnostics, phrase, tell, texts};
use crate::cli::{DONE, FAILED, UNUSABLE, default_config};
use crate::config::gateway::{self, Config, Log};
use crate::config::text;
use crate::config::units::Origin;
use crate::config::veil::{Broken, veiled};
use crate::policy::fault::Faults;
use crate::policy::node::Source;
use crate::serve::memory;
use crate::serve::run::{self, RunError, Started};

/// `sudare serve`
#[derive(Args)]
pub struct ServeArgs {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value_os_t = default_config())]
    config: PathBuf,
}

/// Runs the command.
pub fn run(args: &ServeArgs, lang: Lang) -> u8 {
    let config = match configuration(&args.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    log(&config.log);
    memory::keep();
    start(config, lang, |started| {
        let staff: Vec<String> = started.staff.iter().map(ToString::to_string).collect();
        let metrics = started.metrics.map(|address| address.to_string()).unwrap_or_default();
        let console = started.console.map(tracing::field::display);
        tracing::info!(listen = staff.join(","), metrics, console, "sudare serves");
    })
}

/// Reads a configuration; its faults are told on stderr.
pub fn configuration(path: &Path, lang: Lang) -> Result<Config, u8> {
    let content = std::fs::read_to_string(path).map_err(|error| {
        let what = texts::CANNOT_READ.with(lang, &[("path", &path.display()), ("error", &error)]);
        complain(lang, &format!("{what}\n{}", texts::MAKE_A_CONFIG.of(lang)));
        UNUSABLE
    })?;
    let source = Source { name: text::plain(path), text: content };
    parsed(source, gateway::folder(path), lang)
}

/// Reads a configuration from its text.
pub fn parsed(source: Source, folder: &Path, lang: Lang) -> Result<Config, u8> {
    let mut faults = Faults::new();
    let origin = Origin { folder, environment: &|name| std::env::var(name).ok() };
    let Some(key) = chance() else {
        complain(lang, texts::NO_CHANCE.of(lang));
        return Err(FAILED);
    };
    let config = gateway::parse(&source, &origin, key, &mut faults);
    let faults = faults.into_sorted();
    if !faults.is_empty() {
        // What stands in a password's line is nobody's to read in a log.
        let shown = Source { text: veiled(&source, Broken::Lines), ..source };
        tell(&diagnostics(lang, &faults, &[shown]));
    }
    config.ok_or(FAILED)
}

/// Runs a gateway to its end.
pub fn start(config: Config, lang: Lang, started: impl FnOnce(&Started)) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(lang, &texts::NO_RUNTIME.with(lang, &[("error", &error)]));
            return FAILED;
        }
    };
    match runtime.block_on(run::run(config, started)) {
        Ok(()) => DONE,
        Err(RunError::Policy { faults, sources }) => {
            tell(&diagnostics(lang, &faults, &sources));
            complain(lang, texts::RULES_WRONG.of(lang));
            FAILED
        }
        Err(error) => {
            complain(lang, &error.to_string());
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                let said = phrase(lang, &error.to_string()).into_owned();
                tell(&format!("{}\n", texts::BECAUSE.with(lang, &[("cause", &said)])));
                cause = error.source();
            }
            FAILED
        }
    }
}

/// Starts the log on stderr.
pub fn log(log: &Log) {
    // Libraries tell at their lower levels what they read, and that may be personal.
    let filter = EnvFilter::new(format!("warn,sudare={}", log.level));
    // A log that nobody takes any more must not end what it tells of.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(coloured(&std::io::stderr()))
        .log_internal_errors(false);
    // A second log in one process changes nothing.
    let _ = if log.json { builder.json().try_init() } else { builder.try_init() };
}

fn chance() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).ok()?;
    Some(key)
}
