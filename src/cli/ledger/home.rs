//! Where the ledger and the keys are, told by the command line or by the gateway's configuration.
//!
//! Of the configuration the paths alone are read: the rest of it may be wrong or of another
//! version, and the ledger must be readable all the same.

use std::path::{Path, PathBuf};

use crate::cli::default_config;
use crate::cli::ledger::LedgerArgs;
use crate::config::units::Origin;
use crate::config::{keys, ledger, rules};
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{self, Node, Source, Value};
use crate::policy::{Policy, reader};
use crate::terms::kind::Kinds;
use crate::vault::ring::Place;

/// The folders and files of a gateway.
pub(in crate::cli) struct Home {
    /// The state folder.
    pub(in crate::cli) state: PathBuf,
    /// The key ring.
    pub(in crate::cli) keys: Place,
    /// What is wrong with what the configuration says of it.
    pub(in crate::cli) wrong: Option<(Vec<Fault>, Source)>,
    /// What it says of the ledger, or what is wrong with that; nothing where no configuration was read.
    pub(in crate::cli) ledger: Option<Result<ledger::Ledger, (Vec<Fault>, Source)>>,
    /// Rule files and folders.
    rules: Vec<PathBuf>,
}

impl Home {
    /// What the command line names, or else the configuration.
    pub(super) fn of(args: &LedgerArgs) -> Home {
        Home::at(args.config.as_deref(), args.state.as_deref())
    }

    /// The same for a command that is given these two.
    pub(in crate::cli) fn at(config: Option<&Path>, state: Option<&Path>) -> Home {
        // A state folder that is named has its own keys, whatever configuration lies about here.
        let read = config.is_some() || state.is_none();
        let config = config.map_or_else(default_config, Path::to_path_buf);
        let folder = config.parent().unwrap_or(Path::new(""));
        let source = read.then(|| source(&config)).flatten();
        let root = source.as_ref().and_then(|source| root(source, folder));
        let named = |key| Some(folder.join(root.as_ref()?.at(key)?.scalar()?));
        let state = state.map(Path::to_path_buf).or_else(|| named("state")).unwrap_or_else(|| folder.join("state"));
        let said = root.as_ref().and_then(|root| root.at("keys"));
        let mut faults = Faults::new();
        let keys = keys::parse(said, &state, &|text| folder.join(text), &mut faults);
        let faults = faults.into_sorted();
        let wrong = source.clone().filter(|_| !faults.is_empty()).map(|source| (faults, source));
        let ledger = source.map(|source| said_of_the_ledger(source, folder));
        let rules = root.as_ref().and_then(|root| root.at("rules")).map(reader::each).unwrap_or_default();
        // What names a pack is no path.
        let path = |text: &str| if text.starts_with("pack:") { PathBuf::from(text) } else { folder.join(text) };
        let rules = rules.iter().filter_map(Node::scalar).map(path).collect();
        Home { state, keys, wrong, ledger, rules }
    }

    /// The rules, where there are any that can be read.
    pub(super) fn policy(&self) -> Option<Policy> {
        let sources = rules::read(&self.rules).ok().filter(|sources| !sources.is_empty())?;
        Policy::parse(&sources).policy
    }

    /// The kinds of the rules; the built-in ones where those cannot be read.
    pub(in crate::cli) fn kinds(&self) -> Kinds {
        self.policy().map_or_else(Kinds::builtin, |policy| Kinds::clone(policy.kinds()))
    }
}

fn source(config: &Path) -> Option<Source> {
    let text = std::fs::read_to_string(config).ok()?;
    Some(Source { name: config.display().to_string(), text })
}

fn root(source: &Source, folder: &Path) -> Option<Node> {
    let mut root = node::parse(source, &mut Faults::new())?;
    // The rest may name what only the gateway can read.
    if let Value::Map(entries) = &mut root.value {
        for entry in entries.iter_mut().filter(|entry| matches!(entry.key.as_str(), "state" | "keys")) {
            origin(folder).resolve(&mut entry.value, &mut Faults::new());
        }
    }
    Some(root)
}

fn origin(folder: &Path) -> Origin<'_> {
    Origin { folder, environment: &|name| std::env::var(name).ok() }
}

fn said_of_the_ledger(source: Source, folder: &Path) -> Result<ledger::Ledger, (Vec<Fault>, Source)> {
    let mut faults = Faults::new();
    let ledger = ledger::alone(&source, &origin(folder), &mut faults);
    let faults = faults.into_sorted();
    if faults.is_empty() { Ok(ledger) } else { Err((faults, source)) }
}
