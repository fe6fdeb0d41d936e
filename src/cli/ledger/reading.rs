//! Reading the ledger is itself a record: what is read is put down before anything of it is shown.
//!
//! Where it cannot be put down (a copy on a read-only disk, another user), that is told and the reading goes on: the
//! ledger would not be safer if its owner could not read it, and whoever can read its files needs no command for it.

use ulid::Ulid;

use crate::cli::ledger::home::Home;
use crate::cli::ledger::query::also_keyed;
use crate::cli::ledger::{Desk, Reader};
use crate::cli::say::texts;
use crate::ledger::query::SubjectIs;
use crate::ledger::readings::{self, Reading};

/// Puts it down.
pub(super) fn note(home: &Home, what: &str, subject: Option<&str>, reader: &Reader, desk: &mut Desk<'_>) {
    let dir = home.state.join("ledger");
    // Where there is no ledger nothing is read, which the command will say.
    if !dir.is_dir() {
        return;
    }
    let subject = subject.map(|word| about(word, home, reader));
    let reading = Reading {
        id: Ulid::generate().to_string(),
        by: reader.user.clone(),
        what: what.to_owned(),
        subject,
        deleted: None,
    };
    if let Err(error) = readings::note(&dir, &reading) {
        let lang = desk.lang;
        let what = texts::READING_UNTOLD.with(lang, &[("why", &error)]);
        desk.told(texts::WARNING.of(lang), &what, texts::READING_UNTOLD_HELP.of(lang));
    }
}

/// A person as the ledger may hold them: an id that could be personal stands there only as a keyed hash.
fn about(word: &str, home: &Home, reader: &Reader) -> (String, Option<String>) {
    let mut subject = SubjectIs::parse(word);
    // Why no keyed form can be had is told by the command itself.
    let _ = also_keyed(&mut subject, home, reader.lang);
    let is_plain = |id: &&String| id.starts_with("h1:") || id.bytes().all(|byte| byte.is_ascii_digit());
    let id = subject.ids.iter().find(is_plain).cloned();
    (subject.of.unwrap_or_else(|| "unknown".to_owned()), id)
}
