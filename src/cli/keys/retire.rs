//! `sudare keys retire`: the end of a version's keys, where nothing is known to need them.
//!
//! What the vault keeps is counted, and the vault kept from everybody else meanwhile. Opaque tokens that the CRM or
//! anybody else holds are kept nowhere and cannot be counted: of those of the CRM a person has to say so.

use serde_json::json;

use crate::cli::keys::{Desk, RetireArgs, Trouble, shown};
use crate::cli::ledger::home::Home;
use crate::cli::say::texts;
use crate::serve::run::VAULT;
use crate::vault::needs::Asked;
use crate::vault::open::VaultError;
use crate::vault::ring::change::{self, Denied};

/// Runs the command.
pub(super) fn run(home: &Home, told: &RetireArgs, desk: &Desk) -> Result<String, Trouble> {
    let (place, version) = (&home.keys, told.number);
    let lang = desk.lang;
    let ring = place.open().map_err(|error| desk.ring(&error))?;
    let mut written = place.read().map_err(|error| desk.ring(&error))?;
    // What the ring itself says first; nothing is written yet.
    change::destroy(&mut written, version).map_err(|error| desk.denied(&error))?;
    let vault = home.state.join(VAULT);
    let failed = |error: VaultError| match error {
        VaultError::InUse(_) => desk.refused(&error.to_string(), Some(texts::STOP_FIRST.of(lang))),
        error => desk.unusable(&error),
    };
    let mut asked = Asked::open(&vault, &ring).map_err(failed)?;
    if !asked.is_there() {
        desk.warn(&texts::NO_VAULT.with(lang, &[("vault", &vault.display())]));
    }
    let tokens = asked.tokens(version, desk.now).map_err(failed)?;
    if tokens > 0 {
        let what = texts::TOKENS_NEED.with(lang, &[("count", &tokens), ("version", &version)]);
        return Err(desk.refused(&what, Some(texts::TOKENS_NEED_HELP.of(lang))));
    }
    if !told.stored_migrated {
        let what = texts::STORED_UNTOLD.with(lang, &[("version", &version)]);
        return Err(desk.refused(&what, Some(texts::STORED_UNTOLD_HELP.of(lang))));
    }
    let destroyed = place.change(|written| change::destroy(written, version));
    destroyed.map_err(|error: Denied| desk.denied(&error))?;
    asked.clear(version).map_err(failed)?;
    let words: [(&str, &dyn std::fmt::Display); 2] = [("version", &version), ("ring", &shown(place))];
    Ok(desk.said(&texts::RETIRED.with(lang, &words), &json!({ "destroyed": version })))
}
