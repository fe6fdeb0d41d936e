//! The rule files that a configuration names: files as they are, folders by their `*.yaml`.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::packs;
use crate::config::text::{self, TextError};
use crate::policy::fault::{Fault, Faults};
use crate::policy::node::{Source, Spot};

/// How many rule files one policy may have.
const FILES: usize = 10_000;
/// How many bytes they have together; each has a bound of its own.
const TOTAL_BYTES: usize = 256 << 20;

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
    let (more, unread) = gather(files(paths)?);
    sources.extend(more);
    match unread.into_iter().next() {
        None => Ok(sources),
        Some((path, TextError::System(cause))) => Err(RulesError { path, cause }),
        Some((path, error)) => Err(RulesError { path, cause: io::Error::other(error.to_string()) }),
    }
}

/// Reads every rule file that can be read, and tells the faults of the others.
pub fn read_all(paths: &[PathBuf]) -> (Vec<Source>, Vec<Fault>) {
    let (mut faults, mut found, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        match packs::sources(std::slice::from_ref(path)) {
            Ok(packs) => all.extend(packs.into_iter().filter(|pack| !all.contains(pack)).collect::<Vec<_>>()),
            Err(RulesError { path, cause }) => faults.push(text::fault(&path, &TextError::System(cause))),
        }
        match files(std::slice::from_ref(path)) {
            Ok(files) => found.extend(files),
            Err(RulesError { path, cause }) => faults.push(text::fault(&path, &TextError::System(cause))),
        }
    }
    let (sources, unread) = gather(found);
    faults.extend(unread.iter().map(|(path, error)| text::fault(path, error)));
    all.extend(sources);
    (all, faults)
}

/// Reads files, each once, also where two paths lead to one.
fn gather(paths: Vec<PathBuf>) -> (Vec<Source>, Vec<(PathBuf, TextError)>) {
    let (mut sources, mut unread) = (Vec::new(), Vec::new());
    let (mut seen, mut bytes) = (HashSet::new(), 0);
    for path in paths {
        if std::fs::canonicalize(&path).is_ok_and(|whole| !seen.insert(whole)) {
            continue;
        }
        match text::source(&path) {
            Ok(source) => {
                bytes += source.text.len();
                sources.push(source);
            }
            Err(error) => unread.push((path.clone(), error)),
        }
        if bytes > TOTAL_BYTES {
            let cause = io::Error::other(format!("the rule files have more than {TOTAL_BYTES} bytes together"));
            unread.push((path, TextError::System(cause)));
            break;
        }
    }
    (sources, unread)
}

/// The files that paths stand for, packs left out; a folder stands for the `*.yaml` and `*.yml` directly in it, in any case.
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
            let entry = entry.map_err(fault)?.path();
            if is_rules(&entry) {
                inside.push(entry);
            }
            if files.len() + inside.len() > FILES {
                return Err(fault(io::Error::other(format!("there are more than {FILES} rule files"))));
            }
        }
        inside.sort();
        files.extend(inside);
    }
    Ok(files)
}

/// Hidden files are what editors and ConfigMaps keep for themselves. A link that leads nowhere or in
/// a circle counts, so that it is told and not left out: what it should name may be a ceiling.
fn is_rules(path: &Path) -> bool {
    !is_hidden(path) && is_yaml(path) && std::fs::metadata(path).map_or(true, |about| about.is_file())
}

/// By its ending in any case: `DESK.YAML` comes from Windows and may hold a ceiling.
fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case("yaml") || own.eq_ignore_ascii_case("yml"))
}

/// Warnings about folders inside of folders: rule files in them are not read.
pub fn below(paths: &[PathBuf]) -> Vec<Fault> {
    let mut faults = Faults::new();
    for folder in paths.iter().filter(|path| !packs::is_pack(path)) {
        for inner in entries(folder).into_iter().filter(|inner| inner.is_dir() && !is_hidden(inner)) {
            // Whoever names it as well has it read.
            let named = paths.iter().any(|path| std::fs::canonicalize(path).ok() == std::fs::canonicalize(&inner).ok());
            if named || !entries(&inner).iter().any(|path| is_yaml(path)) {
                continue;
            }
            let name = text::plain(&inner);
            let message = format!("`{name}` holds rule files, and a folder in a folder is not read");
            faults
                .warning(&Spot::start_of(&name), "unread-folder", message)
                .help("name it too, or put the files into the folder above");
        }
    }
    let mut faults = faults.into_sorted();
    // A folder has no line that could be shown.
    faults.iter_mut().for_each(|fault| fault.text = Some("".into()));
    faults
}

/// What stands in a folder, as many as rule files may be; what cannot be read is told elsewhere.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(FILES);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."))
}
