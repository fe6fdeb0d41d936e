//! Rules as they are read at one moment: the policy, and what is to be told of it.

use std::path::PathBuf;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use jiff::Timestamp;

use crate::config::rules::{self, RulesError};
use crate::policy::Policy;
use crate::policy::compile::Loaded;
use crate::policy::difference::Grants;
use crate::policy::fault::{Fault, Severity};
use crate::policy::node::Source;
use crate::serve::files::{Stamps, stamps};

/// How often files are read anew that change while they are read.
const TRIES: usize = 3;

/// How many faults a refusal names.
const FAULTS_TOLD: usize = 3;

/// Rules as they were read.
pub struct Rules {
    /// The policy.
    pub policy: Arc<Policy>,
    /// What it gives to whom.
    pub grants: Grants,
    /// Each file and the hash of its text.
    pub files: Vec<(String, String)>,
    /// What is doubtful in them.
    pub warnings: Vec<Fault>,
    /// When they were read.
    pub loaded: Timestamp,
}

/// Why rules were not taken.
#[derive(Debug)]
pub enum LoadError {
    /// A file or folder cannot be read.
    Unreadable(RulesError),
    /// They changed while they were read.
    Unsteady,
    /// There is no rule file.
    None,
    /// They are wrong.
    Wrong {
        /// What is wrong.
        faults: Vec<Fault>,
        /// The files.
        sources: Vec<Source>,
    },
}

/// Rules that were not taken, as it is told of them.
pub struct Refused {
    /// When.
    pub at: Timestamp,
    /// Why, without a word of what stands in the files.
    pub why: String,
}

impl LoadError {
    /// Why, in a line for logs and records: places and words of the program's own. What faults quote
    /// stands in the files, and samples in tests of rules may be of real people; `check` tells it.
    pub fn why(&self) -> String {
        match self {
            LoadError::Unreadable(error) => error.to_string(),
            LoadError::Unsteady => "the files change while they are read".to_owned(),
            LoadError::None => "there is no rule file".to_owned(),
            LoadError::Wrong { faults, .. } => {
                let errors = || faults.iter().filter(|fault| fault.severity == Severity::Error);
                let place = |fault: &Fault| format!("{}:{}:{}: {}", fault.file, fault.line, fault.column, fault.code);
                let told: Vec<String> = errors().take(FAULTS_TOLD).map(place).collect();
                match errors().count().saturating_sub(FAULTS_TOLD) {
                    0 => told.join("; "),
                    more => format!("{}; and {more} more", told.join("; ")),
                }
            }
        }
    }
}

/// Reads rules, which may name these purposes. No file changes while they are read, so that they are the rules of one moment.
pub fn load(paths: &[PathBuf], purposes: Option<&[String]>, now: Timestamp) -> Result<Rules, LoadError> {
    let sources = steady(paths)?;
    if sources.is_empty() {
        return Err(LoadError::None);
    }
    let Loaded { policy, faults, .. } = Policy::parse_for(&sources, purposes);
    let Some(policy) = policy else { return Err(LoadError::Wrong { faults, sources }) };
    let hash =
        |source: &Source| format!("sha256:{}", HEXLOWER.encode(digest(&SHA256, source.text.as_bytes()).as_ref()));
    Ok(Rules {
        grants: policy.grants(),
        files: sources.iter().map(|source| (source.name.clone(), hash(source))).collect(),
        warnings: [faults, policy.warnings(now)].concat(),
        policy: Arc::new(policy),
        loaded: now,
    })
}

fn steady(paths: &[PathBuf]) -> Result<Vec<Source>, LoadError> {
    let look = || rules::files(paths).map(stamps).map_err(LoadError::Unreadable);
    for _ in 0..TRIES {
        let before: Stamps = look()?;
        let sources = rules::read(paths).map_err(LoadError::Unreadable)?;
        if look()? == before {
            return Ok(sources);
        }
    }
    Err(LoadError::Unsteady)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        let loaded = load(&[folder.path().to_owned()], None, Timestamp::UNIX_EPOCH);
        let why = loaded.err().expect("it is refused").why();
        why.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn a_refusal_tells_places_and_quotes_nothing() {
        assert_eq!(why(&[]), "there is no rule file");
        assert_eq!(why(&[("a.yaml", "sudare: 1\nrules: []\n"), ("b.yaml", " \n")]), "b.yaml:1:1: empty");
        let text = "sudare: 1\nrules:\n  - { for: 090-1234-5678, show: [a, b, c, d] }\n";
        let told = why(&[("a.yaml", text)]);
        assert_eq!(told, "a.yaml:3:12: unknown-role; a.yaml:3:34: unknown-kind; a.yaml:3:37: unknown-kind; and 2 more");
    }
}
