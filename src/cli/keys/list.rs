//! `sudare keys list`: every version of the ring. No key is unwrapped for it.

use jiff::Timestamp;
use serde_json::json;

use crate::cli::grid::Grid;
use crate::cli::keys::{Desk, Trouble};
use crate::cli::ledger::Format;
use crate::cli::say::{Text, texts};
use crate::vault::ring::Place;
use crate::vault::ring::count::{SPENT, WORN};
use crate::vault::ring::written::{Row, State, Written};

/// Runs the command.
pub(super) fn run(place: &Place, desk: &Desk) -> Result<String, Trouble> {
    let written = place.read().map_err(|error| desk.ring(&error))?;
    for row in &written.rows {
        warn(&written, row, desk);
    }
    if written.kek.is_none() {
        desk.warn(texts::RING_UNWRAPPED.of(desk.lang));
    }
    Ok(match desk.format {
        Format::Json => written.rows.iter().map(|row| format!("{}\n", as_json(&written, row))).collect(),
        Format::Table => table(&written, place, desk),
    })
}

fn warn(written: &Written, row: &Row, desk: &Desk) {
    if row.count < WORN || written.state(row) == State::Destroyed {
        return;
    }
    let what = if row.count < SPENT { texts::KEYS_WORN } else { texts::KEYS_SPENT };
    desk.warn(&what.with(desk.lang, &[("version", &row.version), ("count", &row.count)]));
}

fn table(written: &Written, place: &Place, desk: &Desk) -> String {
    let headings = [texts::VERSION, texts::STATE, texts::CREATED, texts::ENCRYPTIONS, texts::MINTS];
    let mut grid = Grid::under(&headings.map(|heading| heading.of(desk.lang)));
    for row in &written.rows {
        let state = match written.state(row) {
            State::Active => texts::KEYS_ACTIVE,
            State::Old => texts::KEYS_OLD,
            State::Own => texts::KEYS_OWN,
            State::Destroyed => texts::KEYS_DESTROYED,
        };
        grid.row(vec![
            row.version.to_string(),
            state.of(desk.lang).to_owned(),
            created(row).unwrap_or_else(|| "-".to_owned()),
            row.count.to_string(),
            mints(written, row, desk),
        ]);
    }
    let mut out = Vec::new();
    // A vector takes whatever is written.
    let _ = grid.write(&mut out);
    let kek = written.kek.as_deref().unwrap_or("-");
    let words: [(&str, &dyn std::fmt::Display); 3] =
        [("ring", &super::shown(place)), ("kek", &kek), ("source", &place.kek)];
    format!("{}\n{}\n", String::from_utf8_lossy(&out), texts::WRAPPED_UNDER.with(desk.lang, &words))
}

fn created(row: &Row) -> Option<String> {
    Some(Timestamp::from_second(row.created?).ok()?.to_string())
}

/// What mints under a version, in words.
fn mints(written: &Written, row: &Row, desk: &Desk) -> String {
    let said = |text: Text| text.of(desk.lang).to_owned();
    let subjects = (row.version == written.active()).then(|| said(texts::MINTS_SUBJECTS));
    let shared = (row.version == written.shared).then(|| said(texts::MINTS_SHARED));
    let domains = domains(written, row).map(|name| format!("`{name}`"));
    let all: Vec<String> = subjects.into_iter().chain(shared).chain(domains).collect();
    let all: Vec<String> = match written.own.get(&row.version).filter(|_| all.is_empty()) {
        // It opens what it made.
        Some(name) => vec![format!("(`{name}`)")],
        None => all,
    };
    if all.is_empty() { "-".to_owned() } else { all.join(", ") }
}

fn domains<'w>(written: &'w Written, row: &Row) -> impl Iterator<Item = &'w str> {
    let version = row.version;
    written.domains.iter().filter(move |(_, own)| **own == version).map(|(name, _)| name.as_str())
}

fn as_json(written: &Written, row: &Row) -> serde_json::Value {
    json!({
        "version": row.version,
        "state": written.state(row).word(),
        "created": created(row),
        "encryptions": row.count,
        "shared": row.version == written.shared,
        "domains": domains(written, row).collect::<Vec<_>>(),
        "own": written.own.get(&row.version),
        "shredded": written.shreds.iter().filter(|(version, _)| *version == row.version).count(),
        "kek": written.kek,
    })
}
