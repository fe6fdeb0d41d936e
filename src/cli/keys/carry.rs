//! `sudare keys export` and `import`: a ring under a passphrase.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use crate::cli::keys::{Desk, ExportArgs, ImportArgs, Trouble, shown, shown_path};
use crate::cli::say::texts;
use crate::cli::{FAILED, UNUSABLE};
use crate::vault::kek::Wrap;
use crate::vault::ring::carried::{self, CarriedError};
use crate::vault::ring::change;
use crate::vault::ring::written::Written;
use crate::vault::ring::{Place, RingError, whole};

/// An exported ring of four thousand versions is smaller than this.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A passphrase is shorter.
const PASSPHRASE_BYTES_MAX: u64 = 4096;

/// Writes the ring into a file.
pub(super) fn export(place: &Place, told: &ExportArgs, desk: &Desk) -> Result<String, Trouble> {
    let passphrase = passphrase(&told.passphrase_file, desk)?;
    let written = clear(place).map_err(|error| desk.ring(&error))?;
    let versions = written.rows.len();
    let sealed = carried::seal(written, &passphrase).map_err(|error| desk.carried(&error))?;
    whole::create(&told.out, &sealed).map_err(|error| unwritten(&told.out, &error, desk))?;
    let words: [(&str, &dyn std::fmt::Display); 2] = [("ring", &shown(place)), ("path", &shown_path(&told.out))];
    let object = json!({ "path": told.out.display().to_string(), "versions": versions });
    Ok(desk.said(&texts::EXPORTED.with(desk.lang, &words), &object))
}

/// Puts an exported ring in force.
pub(super) fn import(place: &Place, told: &ImportArgs, desk: &Desk) -> Result<String, Trouble> {
    let passphrase = passphrase(&told.passphrase_file, desk)?;
    let text = read(&told.file, FILE_BYTES_MAX).map_err(|error| unread(&told.file, &error, desk))?;
    let opened = carried::open(&text, &passphrase).map_err(|error| {
        let trouble = desk.carried(&error);
        Trouble { what: format!("{}: {}", shown_path(&told.file), trouble.what), ..trouble }
    })?;
    let taken = match place.read() {
        Err(RingError::Missing(_)) => made(place, opened),
        _ => merged(place, opened, told.replace),
    };
    let version = taken.map_err(|error| match error {
        Unfit::Carried(error) => desk.carried(&error),
        Unfit::Lacks(version) => {
            let words: [(&str, &dyn std::fmt::Display); 2] = [("version", &version), ("ring", &shown(place))];
            desk.refused(&texts::IMPORT_LACKS.with(desk.lang, &words), Some(texts::IMPORT_LACKS_HELP.of(desk.lang)))
        }
    })?;
    let words: [(&str, &dyn std::fmt::Display); 2] = [("ring", &shown(place)), ("version", &version)];
    Ok(desk.said(&texts::IMPORTED.with(desk.lang, &words), &json!({ "active": version })))
}

/// Why an exported ring is not put in force.
enum Unfit {
    /// It, or the one here, cannot be read or written.
    Carried(CarriedError),
    /// It lacks a version that is here, or has other keys in its place.
    Lacks(u16),
}

impl From<RingError> for Unfit {
    fn from(error: RingError) -> Unfit {
        Unfit::Carried(CarriedError::Ring(error))
    }
}

/// Makes a ring of it, where there is none.
fn made(place: &Place, opened: Written) -> Result<u16, Unfit> {
    let kek = place.kek.made().map_err(RingError::Kek)?;
    let written = carried::take(None, opened, kek.as_ref()).map_err(Unfit::Carried)?;
    let failed = |source| RingError::Io { path: place.ring.clone(), tried: "written", source };
    whole::create(&place.ring, &written.text()).map_err(failed)?;
    Ok(written.active())
}

/// Puts it in the place of the one that is there. One whose keys do not unwrap is lost to all but a replacement.
fn merged(place: &Place, opened: Written, replace: bool) -> Result<u16, Unfit> {
    place.change(|written| {
        // Beside a ring that is wrapped no other key is made.
        let kek = if written.kek.is_some() && !replace { place.kek.open() } else { place.kek.made() };
        let kek = kek.map_err(RingError::Kek)?;
        match in_clear(place, written, kek.as_ref()) {
            Err(error) if !replace => return Err(error.into()),
            Ok(()) if !replace => {
                if let Some(version) = carried::missing(written, &opened) {
                    return Err(Unfit::Lacks(version));
                }
            }
            _ => {}
        }
        *written = carried::take(Some(written), opened, kek.as_ref()).map_err(Unfit::Carried)?;
        Ok(written.active())
    })
}

/// The ring with its keys in clear.
fn clear(place: &Place) -> Result<Written, RingError> {
    let mut written = place.read()?;
    if written.kek.is_some() {
        in_clear(place, &mut written, place.kek.open()?.as_ref())?;
    }
    Ok(written)
}

fn in_clear(place: &Place, written: &mut Written, kek: &dyn Wrap) -> Result<(), RingError> {
    place.unwrapped(written, Some(kek))?;
    Ok(change::unwrap(written, kek)?)
}

/// The first line of a file, or of what is written to this process.
fn passphrase(path: &Path, desk: &Desk) -> Result<Zeroizing<String>, Trouble> {
    let text = read(path, PASSPHRASE_BYTES_MAX).map_err(|error| unread(path, &error, desk))?;
    let line = text.lines().next().unwrap_or_default();
    let mut passphrase = Zeroizing::new(String::with_capacity(line.len()));
    passphrase.push_str(line);
    Ok(passphrase)
}

fn read(path: &Path, bytes_max: u64) -> io::Result<Zeroizing<String>> {
    // Grown in one piece as far as a passphrase goes: a buffer that moves would leave it behind.
    let mut text = Zeroizing::new(String::with_capacity(PASSPHRASE_BYTES_MAX as usize + 1));
    if path == Path::new("-") {
        io::stdin().lock().take(bytes_max).read_to_string(&mut text)?;
    } else {
        File::open(path)?.take(bytes_max).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn unread(path: &Path, error: &io::Error, desk: &Desk) -> Trouble {
    let what = texts::CANNOT_READ.with(desk.lang, &[("path", &shown_path(path)), ("error", error)]);
    Trouble { status: UNUSABLE, what, advice: None }
}

fn unwritten(path: &Path, error: &io::Error, desk: &Desk) -> Trouble {
    let what = texts::CANNOT_WRITE.with(desk.lang, &[("path", &shown_path(path)), ("error", error)]);
    // A file that is there already is nobody's fault but the asker's.
    let status = if error.kind() == io::ErrorKind::AlreadyExists { FAILED } else { UNUSABLE };
    Trouble { status, what, advice: None }
}
