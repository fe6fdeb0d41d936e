//! Tiles: whole, as a script without a line of ours reads them; added to; never another ledger's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use sudare::ledger::key::PublicKey;
use sudare::ledger::prove::ProveError;
use sudare::ledger::tiles::{Exported, export};
use sudare::ledger::{Bounds, archive};

use super::{BOUNDS, Bench, ledger_dir, segment, state_folder};

fn bounds() -> Bounds {
    Bounds { segment_bytes_max: 40_000, ..BOUNDS }
}

/// What the script of the docs prints, or says why not; it shares no line with the gateway.
pub fn checked(state: &Path, tiles: &Path, witness: &[&str]) -> Result<String, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check-tiles.py");
    let ran = Command::new("python3").arg(script).arg(tiles).arg(state.join("ledger.pub")).args(witness).output();
    let ran = ran.expect("python3 is there, as the tests' script installs it");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().trim_end().to_owned();
    if ran.status.success() { Ok(text(ran.stdout)) } else { Err(text(ran.stderr)) }
}

fn public(state: &Path) -> PublicKey {
    PublicKey::read(&state.join("ledger.pub")).unwrap()
}

/// Every file under a folder, by its name below it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(entry).unwrap());
            }
        }
    }
    found
}

#[test]
fn anothers_script_checks_an_export_and_a_later_one_adds_to_it() {
    let (state, out) = (state_folder(), state_folder());
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..298);
    bench.stop();
    let (dir, key) = (ledger_dir(state.path()), public(state.path()));
    let written = export(&dir, &key, out.path(), false).unwrap();
    assert_eq!(written, Exported { size: 300, entries: 300, files: 5, cosigned: false });
    assert_eq!(checked(state.path(), out.path(), &[]), Ok("records 300, entries 300, levels 2".to_owned()));
    let before = files(out.path());
    let names: Vec<&str> = before.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["checkpoint", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"]
    );
    assert_eq!(export(&dir, &key, out.path(), false).unwrap().files, 0);
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..250);
    bench.stop();
    assert_eq!(export(&dir, &key, out.path(), false).unwrap().size, 552);
    assert_eq!(checked(state.path(), out.path(), &[]), Ok("records 552, entries 552, levels 2".to_owned()));
    let after = files(out.path());
    assert!(before.iter().filter(|(name, _)| *name != "checkpoint").all(|(name, bytes)| after[name] == *bytes));
}

#[test]
fn no_changed_byte_of_an_export_goes_unseen() {
    let (state, out) = (state_folder(), state_folder());
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..258);
    bench.stop();
    export(&ledger_dir(state.path()), &public(state.path()), out.path(), false).unwrap();
    for (name, bytes) in files(out.path()) {
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(out.path().join(&name), changed).unwrap();
            assert!(checked(state.path(), out.path(), &[]).is_err(), "{name}: byte {at}");
        }
        fs::write(out.path().join(&name), bytes).unwrap();
    }
    assert!(checked(state.path(), out.path(), &[]).is_ok());
}

#[test]
fn another_history_is_not_written_over_the_first() {
    let (state, other, out) = (state_folder(), state_folder(), state_folder());
    for (state, requests) in [(&state, 0..298), (&other, 300..598)] {
        let mut bench = Bench::open(state.path(), bounds());
        bench.commit(requests);
        bench.stop();
    }
    export(&ledger_dir(state.path()), &public(state.path()), out.path(), false).unwrap();
    let before = files(out.path());
    let refused = export(&ledger_dir(other.path()), &public(other.path()), out.path(), false).unwrap_err();
    assert!(matches!(&refused, ProveError::Io { cause, .. } if cause.to_string().starts_with("another ledger lies")));
    assert_eq!(files(out.path()), before);
    // Nobody's cosignature is there to export under.
    let refused = export(&ledger_dir(state.path()), &public(state.path()), out.path(), true).unwrap_err();
    assert!(matches!(refused, ProveError::Unsigned { .. }), "{refused}");
}

#[test]
fn a_changed_record_is_not_exported_and_deleted_ones_leave_their_bundles_out() {
    let (state, out) = (state_folder(), state_folder());
    let mut bench = Bench::open(state.path(), bounds());
    bench.commit(0..700);
    bench.stop();
    let (dir, key) = (ledger_dir(state.path()), public(state.path()));
    archive::tend(&dir, SystemTime::UNIX_EPOCH, &|| true).unwrap();
    let first = segment(state.path(), 1);
    let whole = fs::read_to_string(&first).unwrap();
    fs::write(&first, whole.replace("tanaka", "nobody")).unwrap();
    let refused = export(&dir, &key, out.path(), false).unwrap_err();
    assert!(matches!(refused, ProveError::Missing { seq: 2 }), "{refused}");
    assert!(!out.path().join("checkpoint").exists());
    fs::remove_file(&first).unwrap();
    let written = export(&dir, &key, out.path(), false).unwrap();
    assert_eq!((written.size, written.entries), (702, 446));
    assert_eq!(checked(state.path(), out.path(), &[]), Ok("records 702, entries 446, levels 2".to_owned()));
}
