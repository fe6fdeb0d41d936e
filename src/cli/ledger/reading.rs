//! Reading the ledger is itself a record: what is read is put down before anything of it is shown.
//!
//! Where it cannot be put down (a copy on a read-only disk, another user), that is told and the reading goes on: the
//! ledger would not be safer if its owner could not read it, and whoever can read its files needs no command for it.

use std::io;

use ulid::Ulid;

use crate::cli::ledger::home::Home;
use crate::cli::ledger::query::also_keyed;
use crate::cli::ledger::{Desk, Reader, user};
use crate::cli::say::texts;
use crate::ledger::query::SubjectIs;
use crate::ledger::readings::{self, Reading};

/// Puts it down.
pub(super) fn note(home: &Home, what: &str, subject: Option<&str>, reader: &Reader, desk: &mut Desk<'_>) {
    let subject = subject.map(|word| about(word, home, reader));
    if let Err(error) = by(home, &format!("ledger {what}"), subject, reader.user.clone()) {
        let lang = desk.lang;
        let what = texts::READING_UNTOLD.with(lang, &[("why", &error)]);
        desk.told(texts::WARNING.of(lang), &what, texts::READING_UNTOLD_HELP.of(lang));
    }
}

/// The same for a command of another family.
pub(in crate::cli) fn put_down(home: &Home, what: &str, subject: Option<(String, Option<String>)>) -> io::Result<()> {
    by(home, what, subject, user())
}

fn by(home: &Home, what: &str, subject: Option<(String, Option<String>)>, by: String) -> io::Result<()> {
    let dir = home.state.join("ledger");
    // Where there is no ledger nothing is read, which the command will say.
    if !dir.is_dir() {
        return Ok(());
    }
    let what = what.to_owned();
    readings::note(&dir, &Reading { id: Ulid::generate().to_string(), by, what, subject, deleted: None })
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
