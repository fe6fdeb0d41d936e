//! The rule files that a configuration names: files as they are, folders by their `*.yaml`.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::packs;
use crate::policy::node::Source;

/// How many rule files one policy may have.
const FILES: usize = 10_000;

/// A rule file or folder that cannot be read.
#[derive(Debug)]
pub struct RulesError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

impl std::fmt::Display for RulesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` cannot be read: {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for RulesError {}

/// Reads every rule file, in an order that is always the same.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Source>, RulesError> {
    let mut sources = packs::sources(paths)?;
    for path in files(paths)? {
        let text = std::fs::read_to_string(&path).map_err(|cause| RulesError { path: path.clone(), cause })?;
        sources.push(Source { name: path.display().to_string(), text });
    }
    Ok(sources)
}

/// The files that paths stand for, packs left out; a folder stands for the `*.yaml` and `*.yml` directly in it.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, RulesError> {
    let mut files = Vec::new();
    for path in paths.iter().filter(|path| !packs::is_pack(path)) {
        let fault = |cause| RulesError { path: path.clone(), cause };
        if !std::fs::metadata(path).map_err(fault)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(fault)? {
            inside.push(entry.map_err(fault)?.path());
        }
        inside.retain(|path| is_rules(path));
        inside.sort();
        files.extend(inside);
        if files.len() > FILES {
            return Err(fault(io::Error::other(format!("there are more than {FILES} rule files"))));
        }
    }
    Ok(files)
}

/// Hidden files are what editors and ConfigMaps keep for themselves.
fn is_rules(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") && path.is_file()
}
