//! `sudare keys shred`: the end of a domain's or a subject's tokens.
//!
//! What is destroyed and what is only refused from then on are told apart: keys that others need too cannot go.

use serde_json::json;

use crate::cli::keys::{Desk, ShredArgs, Trouble, shown};
use crate::cli::ledger::home::Home;
use crate::cli::say::texts;
use crate::serve::run::VAULT;
use crate::terms::mint::Domain;
use crate::vault::needs::Asked;
use crate::vault::open::VaultError;
use crate::vault::ring::change::{self, Denied, Shredded};

/// Runs the command.
pub(super) fn run(home: &Home, told: &ShredArgs, desk: &Desk) -> Result<String, Trouble> {
    let (place, lang) = (&home.keys, desk.lang);
    let whose = match (&told.domain, &told.subject) {
        (Some(name), None) => Domain::Shared(name.clone()),
        (None, Some((kind, id))) => Domain::Subject { kind: kind.clone(), id: id.clone() },
        _ => return Err(desk.refused(texts::SHRED_WHOM.of(lang), None)),
    };
    let ring = place.open().map_err(|error| desk.ring(&error))?;
    let path = home.state.join(VAULT);
    let failed = |error: VaultError| match error {
        VaultError::InUse(_) => desk.refused(&error.to_string(), Some(texts::STOP_FIRST_TOO.of(lang))),
        error => desk.unusable(&error),
    };
    let mut vault = Asked::open(&path, &ring).map_err(failed)?;
    if !vault.is_there() {
        desk.warn(&texts::NO_VAULT_TO_SHRED.with(lang, &[("vault", &path.display())]));
    }
    let done = place.change(|written| {
        // A key that is not the ring's must not wrap a version of it.
        let kek = match written.kek {
            Some(_) => place.kek.open()?,
            None => place.kek.made()?,
        };
        let now = place.unwrapped(written, Some(kek.as_ref()))?;
        change::shred(written, &now, &whose, kek.as_ref(), desk.now)
    });
    let Shredded { destroyed, refused } = done.map_err(|error: Denied| desk.denied(&error))?;
    // The ring of before opens what is to go.
    let kinds: Vec<String> = home.kinds().iter().map(|(_, kind)| kind.name.clone()).collect();
    let gone = vault.forget(&ring, &kinds, &whose, &destroyed).map_err(failed)?;
    if gone.untold > 0 {
        desk.warn(&texts::SHRED_UNTOLD.with(lang, &[("count", &gone.untold)]));
    }
    let list = |versions: &[u16]| versions.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let mut said = Vec::new();
    if !destroyed.is_empty() {
        let words: [(&str, &dyn std::fmt::Display); 2] = [("versions", &list(&destroyed)), ("ring", &shown(place))];
        said.push(texts::SHREDDED_KEYS.with(lang, &words));
    }
    said.push(texts::SHREDDED_TOKENS.with(lang, &[("count", &gone.gone)]));
    if !refused.is_empty() {
        said.push(texts::SHREDDED_REFUSED.with(lang, &[("versions", &list(&refused))]));
    }
    let object =
        json!({ "destroyed": destroyed, "refused": refused, "random_tokens": gone.gone, "untold": gone.untold });
    Ok(desk.said(&said.join("\n"), &object))
}
