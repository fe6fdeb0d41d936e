//! `sudare keys rotate`: a new version, or another key around the old ones.

use serde_json::json;

use crate::cli::keys::{Desk, RotateArgs, Trouble, shown};
use crate::cli::say::texts;
use crate::terms::mint::STORED;
use crate::vault::kek::{KekError, Source};
use crate::vault::ring::change::{self, Denied, Moved};
use crate::vault::ring::written::Material;
use crate::vault::ring::{Place, RingError};

/// Runs the command.
pub(super) fn run(place: &Place, told: &RotateArgs, desk: &Desk) -> Result<String, Trouble> {
    if let Some(source) = &told.new_kek {
        return rewrap(place, source, desk);
    }
    let moved = Moved { all: told.all_domains, named: told.domain.clone(), own: told.own };
    let rotated = place.change(|written| {
        // A key that is not the ring's must not wrap a version of it.
        let kek = match written.kek {
            Some(_) => place.kek.open()?,
            None => place.kek.made()?,
        };
        place.unwrapped(written, Some(kek.as_ref()))?;
        let before = written.active();
        change::rotate(written, kek.as_ref(), &moved, desk.now).map(|version| (before, version))
    });
    let (before, version) = rotated.map_err(|error: Denied| desk.denied(&error))?;
    if moved.named.iter().any(|name| name == STORED) {
        desk.warn(texts::STORED_MOVED.of(desk.lang));
    }
    let words: [(&str, &dyn std::fmt::Display); 2] = [("version", &version), ("ring", &shown(place))];
    let what = if before == version { texts::DOMAINS_MOVED } else { texts::ROTATED };
    let object = json!({ "active": version, "drawn": before != version, "all_domains": moved.all, "domains": moved.named, "own": moved.own });
    Ok(desk.said(&what.with(desk.lang, &words), &object))
}

/// Wraps every version under another key-encryption key.
fn rewrap(place: &Place, source: &Source, desk: &Desk) -> Result<String, Trouble> {
    if matches!(source, Source::File(path) if *path == place.ring) {
        return Err(desk.refused("the key ring and its key-encryption key are one file", None));
    }
    let next = source.made().map_err(|error| desk.unusable(&error))?;
    let rewrapped = place.change(|written| {
        if written.kek.is_some() {
            let kek = place.kek.open()?;
            place.unwrapped(written, Some(kek.as_ref()))?;
            change::unwrap(written, kek.as_ref())?;
        }
        change::wrap(written, next.as_ref())?;
        // What will be read is read once before the old key may go.
        for row in &written.rows {
            if let Material::Wrapped(wrapped) = &row.material {
                next.unwrap(wrapped, &change::bound(row)).map_err(|_| KekError::Sealed)?;
            }
        }
        Ok::<(), RingError>(())
    });
    rewrapped.map_err(|error| desk.ring(&error))?;
    let (ring, source, id) = (shown(place), source.to_string(), next.id());
    let words: [(&str, &dyn std::fmt::Display); 3] = [("ring", &ring), ("source", &source), ("kek", &id)];
    Ok(desk.said(&texts::REWRAPPED.with(desk.lang, &words), &json!({ "kek": id, "source": source })))
}
