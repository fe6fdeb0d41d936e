//! Packs: rule files that stand inside the binary, named `pack:creme` beside files and folders.

use std::path::Path;

use crate::config::rules::RulesError;
use crate::policy::fault::Faults;
use crate::policy::node::{Source, Spot};
use crate::policy::reader::{nearest, words_of};

/// Every pack and its rules.
const PACKS: [(&str, &str); 3] = [
    ("appi", include_str!("../../rules/appi.yaml")),
    ("creme", include_str!("../../rules/creme.yaml")),
    ("tryton", include_str!("../../rules/tryton.yaml")),
];

const PREFIX: &str = "pack:";

/// Whether a path of `rules` is a pack, not a file.
pub fn is_pack(path: &Path) -> bool {
    name(path).is_some()
}

/// The packs among paths, as if they were files called `pack:creme`. One that is named twice is
/// there once.
pub fn sources(paths: &[impl AsRef<Path>]) -> Result<Vec<Source>, RulesError> {
    let mut sources: Vec<Source> = Vec::new();
    for path in paths {
        let Some(asked) = name(path.as_ref()) else { continue };
        let unknown = || std::io::Error::other(format!("packs are {}", known()));
        let fault = || RulesError { path: path.as_ref().to_path_buf(), cause: unknown() };
        let (name, text) = PACKS.iter().find(|(name, _)| *name == asked).ok_or_else(fault)?;
        let name = format!("{PREFIX}{name}");
        if !sources.iter().any(|source| source.name == name) {
            sources.push(Source { name, text: (*text).to_owned() });
        }
    }
    Ok(sources)
}

/// Looks up a pack that gateway.yaml names.
pub(super) fn named(text: &str, spot: &Spot, faults: &mut Faults) -> bool {
    let Some(asked) = name(Path::new(text)) else { return false };
    let found = PACKS.iter().any(|(name, _)| *name == asked);
    if !found {
        let fault = faults.error(spot, "unknown-pack", format!("`{asked}` is no pack"));
        match nearest(asked, PACKS.iter().map(|(name, _)| *name)) {
            Some(near) => fault.did_you_mean(Some(&format!("{PREFIX}{near}"))),
            None => fault.help(format!("packs are {}", known())),
        }
    }
    found
}

fn name(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(PREFIX)
}

fn known() -> String {
    let names: Vec<String> = PACKS.iter().map(|(name, _)| format!("{PREFIX}{name}")).collect();
    words_of(names.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn every_pack_holds_alone_and_beside_appi() {
        for (name, _) in PACKS {
            let paths = [format!("{PREFIX}{name}"), "pack:appi".to_owned(), "rules/".to_owned()];
            let sources = sources(&paths).expect("a pack");
            assert_eq!(sources.len(), if name == "appi" { 1 } else { 2 });
            let loaded = Policy::parse(&sources);
            assert!(loaded.policy.is_some() && loaded.faults.is_empty(), "{name}: {:?}", loaded.faults);
        }
    }

    #[test]
    fn a_pack_that_is_not_there_says_which_are() {
        let error = sources(&["pack:crème"]).expect_err("no such pack").to_string();
        assert!(error.contains("`pack:appi`, `pack:creme` or `pack:tryton`"), "{error}");
    }
}
