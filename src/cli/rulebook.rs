//! The policy that a command looks at: of the rule files that are named, or of gateway.yaml.
//!
//! Of gateway.yaml the word `rules` alone is read: whoever explains a rule need not have the
//! gateway's keys, certificates and environment.

use std::path::{Path, PathBuf};

use crate::cli::say::{Lang, complain, diagnostics, tell, texts};
use crate::cli::{FAILED, UNUSABLE, default_config};
use crate::config::{rules, text};
use crate::policy::compile::Loaded;
use crate::policy::fault::{Fault, Faults, Severity};
use crate::policy::node::{self, Node, Source};
use crate::policy::{Policy, reader};

/// What names a pack, which is no path.
const PACK: &str = "pack:";

/// The policy of rule files, or of a configuration where none are named. What is wrong is told; then
/// the exit status is given.
pub(in crate::cli) fn open(config: Option<&Path>, paths: &[PathBuf], lang: Lang) -> Result<Policy, u8> {
    let named = if paths.is_empty() { of_config(config, lang)? } else { paths.to_vec() };
    let sources = rules::read(&named).map_err(|error| unusable(lang, &error.to_string()))?;
    if sources.is_empty() {
        return Err(unusable(lang, texts::NO_RULE_FILE.of(lang)));
    }
    let Loaded { policy, faults, .. } = Policy::parse(&sources);
    policy.ok_or_else(|| wrong(lang, faults, &sources))
}

fn of_config(config: Option<&Path>, lang: Lang) -> Result<Vec<PathBuf>, u8> {
    let path = config.map_or_else(default_config, Path::to_path_buf);
    let name = text::plain(&path);
    let content = std::fs::read_to_string(&path).map_err(|error| {
        let what = texts::CANNOT_READ.with(lang, &[("path", &name), ("error", &error)]);
        unusable(lang, &format!("{what}\n{}", texts::NAME_RULES.of(lang)))
    })?;
    let source = Source { name, text: content };
    let mut faults = Faults::new();
    let Some(root) = node::parse(&source, &mut faults) else {
        return Err(wrong(lang, faults.into_sorted(), &[source]));
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = root.at("rules").map(reader::each).unwrap_or_default();
    let path = |text: &str| if text.starts_with(PACK) { PathBuf::from(text) } else { folder.join(text) };
    Ok(named.iter().filter_map(Node::scalar).map(path).collect())
}

fn unusable(lang: Lang, what: &str) -> u8 {
    complain(lang, what);
    UNUSABLE
}

fn wrong(lang: Lang, faults: Vec<Fault>, sources: &[Source]) -> u8 {
    let errors: Vec<Fault> = faults.into_iter().filter(|fault| fault.severity == Severity::Error).collect();
    tell(&diagnostics(lang, &errors, sources));
    FAILED
}
