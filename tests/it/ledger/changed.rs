//! One changed byte: against a naive reader of the chain, and among many records.
//!
//! `RECORDS=10000000 TMPDIR=/a/disk cargo nextest run --release -E 'test(one_byte_among_many)'` asks the second one of ten
//! million records, which take some 9 GB before they are compressed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use proptest::prelude::*;
use serde_json::Value;
use sudare::ledger::archive::tend;
use sudare::ledger::chain::Hash;
use sudare::ledger::key::PublicKey;
use sudare::ledger::open::Home;
use sudare::ledger::verify::{Kept, verify};
use sudare::ledger::{Bounds, Ledger};

use super::archive::entry;
use super::{BOUNDS, checkpoints, clock, ledger_dir, state_folder, view};

/// What was done to a ledger.
#[derive(Clone, Debug)]
enum Damage {
    Nothing,
    /// A byte of a segment, somewhere, becomes another one.
    Byte(usize, u8),
    /// So many bytes at the end of the last segment are gone.
    Tail(usize),
    /// A whole line is gone, or stands twice.
    Line(usize, bool),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        1 => Just(Damage::Nothing),
        6 => (any::<usize>(), 1u8..=255).prop_map(|(at, by)| Damage::Byte(at, by)),
        2 => (1usize..4000).prop_map(Damage::Tail),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(at, twice)| Damage::Line(at, twice)),
    ]
}

fn segments(state: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(ledger_dir(state)).unwrap().map(|file| file.unwrap().path());
    let mut all: Vec<PathBuf> = files.filter(|path| path.to_str().unwrap().contains(".jsonl")).collect();
    all.sort();
    all
}

fn is_packed(path: &Path) -> bool {
    path.extension().unwrap() == "zst"
}

fn plain(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    if is_packed(path) { zstd::stream::decode_all(&bytes[..]).ok() } else { Some(bytes) }
}

/// Where bytes of this file end lines, and what stands behind the last one.
fn lines(bytes: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut all: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let rest = all.pop().unwrap_or_default();
    (all, rest)
}

/// What the naive reader finds first.
#[derive(Debug, PartialEq)]
enum Found {
    Nothing,
    At(String, usize),
    /// A compressed segment that does not unpack.
    Unreadable,
}

/// Reads all of it into memory and believes nothing: each line's hash, its number, the hash before it, the segment's name,
/// and how many records the last checkpoint covers.
fn naively(state: &Path) -> Found {
    let (mut seq, mut before) = (0, String::new());
    let all = segments(state);
    let mut end = Found::Nothing;
    for (number, path) in all.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Some(bytes) = plain(path) else { return Found::Unreadable };
        let (whole, rest) = lines(&bytes);
        for (at, line) in whole.iter().enumerate() {
            let begins = at > 0 || name.starts_with(&format!("{:012}.", seq + 1));
            match record(line).filter(|(own, prev, _)| begins && *own == seq + 1 && *prev == before) {
                Some((_, _, hash)) => (seq, before) = (seq + 1, hash),
                None => return Found::At(name, at + 1),
            }
        }
        // A record whose newline became another byte is no line that a crash cut short.
        let hides = rest.split_last().is_some_and(|(_, line)| record(line).is_some());
        if !rest.is_empty() && (number + 1 < all.len() || hides) {
            return Found::At(name, whole.len() + 1);
        }
        end = Found::At(name, whole.len() + 1);
    }
    if seq < covered(state) { end } else { Found::Nothing }
}

/// The number, the hash before it and the hash of a line that holds together.
fn record(line: &[u8]) -> Option<(u64, String, String)> {
    let text = std::str::from_utf8(line).ok()?;
    let (said, hash) = text.rsplit_once(",\"hash\":\"")?;
    let hash = hash.strip_suffix("\"}")?;
    let json: Value = serde_json::from_str(text).ok()?;
    let holds = Hash::of(said.as_bytes()).to_string() == hash;
    holds.then_some((json["seq"].as_u64()?, json["prev"].as_str()?.to_owned(), hash.to_owned()))
}

/// Over how many records the last checkpoint was signed.
fn covered(state: &Path) -> u64 {
    let text = fs::read_to_string(checkpoints(state)).unwrap();
    text.lines().filter_map(|line| line.parse().ok()).max().unwrap()
}

/// What the product finds; the advice aside.
fn found(state: &Path) -> Found {
    let key = PublicKey::read(&state.join("ledger.pub")).unwrap();
    match verify(&ledger_dir(state), &key, &Kept::default(), &mut |_, _| {}) {
        Err(_) => Found::Unreadable,
        Ok(report) => report.finding.map_or(Found::Nothing, |finding| {
            let name = finding.spot.path.file_name().unwrap().to_str().unwrap().to_owned();
            Found::At(name, finding.spot.line as usize)
        }),
    }
}

fn harm(state: &Path, damage: &Damage) {
    let all = segments(state);
    match *damage {
        Damage::Nothing => {}
        Damage::Byte(at, by) => {
            let total: u64 = all.iter().map(|path| fs::metadata(path).unwrap().len()).sum();
            let mut at = at % total as usize;
            for path in &all {
                let mut bytes = fs::read(path).unwrap();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= by;
                    fs::write(path, bytes).unwrap();
                    return;
                }
                at -= bytes.len();
            }
        }
        Damage::Tail(bytes) => {
            let last = all.last().unwrap();
            let whole = fs::read(last).unwrap();
            fs::write(last, &whole[..whole.len().saturating_sub(bytes)]).unwrap();
        }
        Damage::Line(at, twice) => {
            let path = &all[at % all.len()];
            if is_packed(path) {
                return;
            }
            let bytes = fs::read(path).unwrap();
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            if lines.is_empty() {
                return;
            }
            let line = lines.remove(at / 7 % lines.len());
            if twice {
                lines.insert(at / 7 % (lines.len() + 1), line);
                lines.push(line);
            }
            fs::write(path, lines.concat()).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn verify_names_the_line_that_a_naive_reader_names(
        seeds in prop::collection::vec((0u64..100_000, 0u64..4), 0..30), size in 1u64..12_000,
        is_packed in any::<bool>(), is_stopped in any::<bool>(), damage in damage(),
    ) {
        let state = state_folder();
        let bounds = Bounds { segment_bytes_max: size, ..BOUNDS };
        let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), bounds, clock()).unwrap();
        for (seed, subjects) in seeds {
            ledger.append(entry(seed, subjects), Box::new(|result| assert!(result.is_ok())));
            writer.turn();
        }
        if is_stopped {
            ledger.stop();
            writer.run().unwrap();
        } else {
            drop(writer);
        }
        if is_packed {
            tend(&ledger_dir(state.path()), SystemTime::now(), &|| true).unwrap().unwrap();
        }
        prop_assert_eq!((naively(state.path()), found(state.path())), (Found::Nothing, Found::Nothing));
        harm(state.path(), &damage);
        match naively(state.path()) {
            // What unpacks in part may be found wrong before it ends.
            Found::Unreadable => prop_assert!(found(state.path()) != Found::Nothing),
            naive => prop_assert_eq!(found(state.path()), naive),
        }
    }
}

/// How many records the large ledger has where nobody says so.
const RECORDS: u64 = 30_000;

#[test]
fn one_byte_among_many_records_is_named_by_its_line() {
    let records = std::env::var("RECORDS").ok().and_then(|text| text.parse().ok()).unwrap_or(RECORDS);
    let state = if records > RECORDS { tempfile::tempdir().unwrap() } else { state_folder() };
    let bounds = Bounds { segment_bytes_max: (records * 32).clamp(1 << 20, 64 << 20), ..Bounds::default() };
    let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), bounds, clock()).unwrap();
    for request in 0..records {
        ledger.append(view(request), Box::new(|result| assert!(result.is_ok())));
        if request % bounds.batch_max as u64 == 0 {
            writer.turn();
        }
    }
    ledger.stop();
    writer.run().unwrap();
    tend(&ledger_dir(state.path()), SystemTime::now(), &|| true).unwrap().unwrap();
    assert_eq!(found(state.path()), Found::Nothing);
    let all = segments(state.path());
    assert!(all.len() > 5 && is_packed(&all[0]), "{} segments", all.len());
    // An early, a middle and the last segment; in each another place, and another bit.
    for (segment, at, bit) in [(0, 977, 1), (all.len() / 2, 104_729, 4), (all.len() - 1, 15_485, 128)] {
        let path = &all[segment];
        let stored = fs::read(path).unwrap();
        let mut bytes = plain(path).unwrap();
        let at = at % bytes.len();
        let line = 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        bytes[at] ^= bit;
        // As it was written, whatever form it had: a forger packs it again just as well.
        let name = path.file_name().unwrap().to_str().unwrap().replace(".zst", "");
        fs::remove_file(path).unwrap();
        fs::write(path.with_file_name(&name), &bytes).unwrap();
        assert_eq!(found(state.path()), Found::At(name.clone(), line), "byte {at}");
        fs::remove_file(path.with_file_name(&name)).unwrap();
        fs::write(path, stored).unwrap();
    }
    assert_eq!(found(state.path()), Found::Nothing);
}
