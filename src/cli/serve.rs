//! `sudare serve`: runs the gateway.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::cli::{DONE, FAILED, UNUSABLE, default_config};
use crate::config::gateway::{self, Config, Log};
use crate::config::units::Origin;
use crate::policy::fault::{self, Faults};
use crate::policy::node::Source;
use crate::serve::run::{self, RunError, Started};

/// `sudare serve`
#[derive(Args)]
#[command(after_help = "Examples:\n  sudare serve\n  sudare serve -c /etc/sudare/gateway.yaml")]
pub struct ServeArgs {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value_os_t = default_config())]
    config: PathBuf,
}

/// Runs the command.
pub fn run(args: &ServeArgs) -> u8 {
    let config = match configuration(&args.config) {
        Ok(config) => config,
        Err(status) => return status,
    };
    log(&config.log);
    start(config, |started| {
        let staff: Vec<String> = started.staff.iter().map(ToString::to_string).collect();
        let metrics = started.metrics.map(|address| address.to_string()).unwrap_or_default();
        tracing::info!(listen = staff.join(","), metrics, "sudare serves");
    })
}

/// Reads a configuration; its faults are told on stderr.
pub fn configuration(path: &Path) -> Result<Config, u8> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        eprintln!(
            "sudare: `{}` cannot be read: {error}\n  name another with `-c FILE`, or look at `sudare demo` first",
            path.display()
        );
        UNUSABLE
    })?;
    let source = Source { name: path.display().to_string(), text };
    parsed(source, gateway::folder(path))
}

/// Reads a configuration from its text.
pub fn parsed(source: Source, folder: &Path) -> Result<Config, u8> {
    let mut faults = Faults::new();
    let origin = Origin { folder, environment: &|name| std::env::var(name).ok() };
    let Some(key) = chance() else {
        eprintln!("sudare: the system gives no random numbers");
        return Err(FAILED);
    };
    let config = gateway::parse(&source, &origin, key, &mut faults);
    let faults = faults.into_sorted();
    if !faults.is_empty() {
        eprint!("{}", fault::render(&faults, &[source], colour()));
    }
    config.ok_or(FAILED)
}

/// Runs a gateway to its end.
pub fn start(config: Config, started: impl FnOnce(&Started)) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sudare: the runtime cannot be started: {error}");
            return FAILED;
        }
    };
    match runtime.block_on(run::run(config, started)) {
        Ok(()) => DONE,
        Err(RunError::Policy { faults, sources }) => {
            eprint!("{}", fault::render(&faults, &sources, colour()));
            eprintln!("sudare: the rules are wrong; nothing was started");
            FAILED
        }
        Err(error) => {
            eprintln!("sudare: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            FAILED
        }
    }
}

/// Starts the log on stderr.
pub fn log(log: &Log) {
    let filter = EnvFilter::new(format!("{0},notify=warn", log.level));
    // A log that nobody takes any more must not end what it tells of.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour())
        .log_internal_errors(false);
    // A second log in one process changes nothing.
    let _ = if log.json { builder.json().try_init() } else { builder.try_init() };
}

/// Whether stderr shows colours.
pub fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn chance() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    aws_lc_rs::rand::fill(&mut key).ok()?;
    Some(key)
}
