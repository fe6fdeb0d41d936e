//! Closed segments: their hashes, their indexes, their compressed form, and that none of it changes an answer.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use proptest::prelude::*;
use sudare::ledger::Bounds;
use sudare::ledger::archive::{Tended, tend};
use sudare::ledger::chain::{Hash, Tip};
use sudare::ledger::entry::{Entry, Subject};
use sudare::ledger::index::Index;
use sudare::ledger::indexing;
use sudare::ledger::open::Home;
use sudare::ledger::query::{Filter, SubjectIs, query};
use sudare::ledger::segment::{self, Segment};
use sudare::ledger::tree::stored::Stored;
use sudare::ledger::{Ledger, writer::Clock};
use sudare::terms::event::Event;
use tempfile::TempDir;

use super::{BOUNDS, Bench, check, fault, ledger_dir, requests, state_folder};

/// So many records in segments of a few lines each, closed all but the last.
fn filled(records: u64) -> TempDir {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { segment_bytes_max: 4000, ..BOUNDS });
    bench.commit(0..records);
    bench.stop();
    state
}

fn segments(state: &Path) -> Vec<Segment> {
    segment::list(&ledger_dir(state)).unwrap()
}

fn now() -> SystemTime {
    SystemTime::now() + Duration::from_secs(1)
}

fn pass(state: &Path, packed_before: SystemTime) -> Tended {
    tend(&ledger_dir(state), packed_before, &|| true).unwrap().unwrap()
}

#[test]
fn an_index_is_the_same_however_little_of_it_is_held_at_once() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { segment_bytes_max: 200_000, ..BOUNDS });
    bench.commit(0..200);
    bench.stop();
    let segment = &segments(state.path())[0];
    indexing::make(segment).unwrap();
    let whole = fs::read(segment.index_path()).unwrap();
    for held in [10, 200, 900] {
        indexing::make_holding(held, segment).unwrap();
        assert_eq!(fs::read(segment.index_path()).unwrap(), whole, "{held}");
    }
    let left = fs::read_dir(ledger_dir(state.path())).unwrap().flatten().map(|entry| entry.file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().contains("index-")), "what was put aside is gone");
}

#[test]
fn closed_segments_are_hashed_indexed_and_in_time_compressed_and_all_still_holds() {
    let state = filled(30);
    let closed = segments(state.path()).len() - 1;
    let lines: Vec<Vec<u8>> = segments(state.path()).iter().map(|segment| fs::read(&segment.path).unwrap()).collect();
    let last = segments(state.path()).pop().unwrap();
    let made = pass(state.path(), SystemTime::UNIX_EPOCH);
    assert!(closed > 3);
    assert_eq!(made, Tended { hashes: last.first - 1, indexed: closed as u64, packed: 0 });
    assert_eq!(pass(state.path(), now()), Tended { hashes: 0, indexed: 0, packed: closed as u64 });
    assert_eq!(pass(state.path(), now()), Tended::default());
    let after = segments(state.path());
    assert_eq!(after.iter().filter(|segment| segment.is_packed()).count(), closed);
    assert_eq!(after.last(), Some(&last));
    for (segment, lines) in after.iter().zip(lines).filter(|(segment, _)| segment.is_packed()) {
        // What any other reader of zstd makes of it.
        assert_eq!(zstd::stream::decode_all(fs::File::open(&segment.path).unwrap()).unwrap(), lines);
        assert_eq!(segment.plain_len().unwrap(), lines.len() as u64);
    }
    assert_eq!((fault(state.path()), requests(state.path())), (None, (0..30).collect()));
    let stored = Stored::open(&ledger_dir(state.path())).unwrap();
    assert_eq!(stored.root(0..stored.size()).unwrap(), super::tree::root_of(state.path(), stored.size() as usize));
    // The gateway goes on behind them.
    Bench::open(state.path(), BOUNDS).stop();
    assert_eq!(fault(state.path()), None);
}

#[test]
fn what_a_crash_left_is_passed_over_and_made_again() {
    let state = filled(12);
    let first = segments(state.path()).remove(0);
    let plain = fs::read(&first.path).unwrap();
    pass(state.path(), now());
    let packed = segments(state.path()).remove(0);
    // Between the rename and the removal both are there.
    fs::write(&first.path, &plain).unwrap();
    fs::write(ledger_dir(state.path()).join("000000000001.zst-new"), "half").unwrap();
    assert_eq!(segments(state.path())[0], first);
    assert_eq!((fault(state.path()), pass(state.path(), now()).packed), (None, 1));
    assert!(!first.path.exists() && packed.path.exists());
    let whole = fs::read(packed.index_path()).unwrap();
    for cut in 0..whole.len() {
        fs::write(packed.index_path(), &whole[..cut]).unwrap();
        assert!(!Index::is_of(&packed).unwrap(), "cut at {cut}");
        assert_eq!(requests(state.path()).len(), 12);
    }
    assert_eq!(pass(state.path(), now()), Tended { hashes: 0, indexed: 1, packed: 0 });
    assert_eq!(fs::read(packed.index_path()).unwrap(), whole);
}

#[test]
fn a_changed_byte_of_a_compressed_segment_shows() {
    let state = filled(12);
    pass(state.path(), now());
    let packed = segments(state.path()).remove(0);
    let whole = fs::read(&packed.path).unwrap();
    let lines = zstd::stream::decode_all(&whole[..]).unwrap();
    for at in (0..whole.len()).step_by(3) {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&packed.path, &changed).unwrap();
        let key = sudare::ledger::key::PublicKey::read(&state.path().join("ledger.pub")).unwrap();
        let verified =
            sudare::ledger::verify::verify(&ledger_dir(state.path()), &key, &Default::default(), &mut |_, _| {});
        let holds = verified.is_ok_and(|report| report.finding.is_none());
        // Some bits mean nothing to those who read the lines, such as the table of frames behind them.
        let same = zstd::stream::decode_all(&changed[..]).is_ok_and(|read| read == lines);
        assert_eq!(holds, same, "byte {at}");
    }
}

/// An index answers for the lines that it was made of, and for no others of the same length.
#[test]
fn a_segment_that_was_changed_to_the_same_length_is_not_answered_from_its_index_in_silence() {
    let asked = |state: &Path| {
        let subject = Some(SubjectIs::parse("customer:42"));
        let mut rows = Vec::new();
        let filter = Filter { subject, ..Filter::default() };
        let passed = query(&ledger_dir(state), &filter, &mut |record, _| {
            rows.push(record.seq);
            ControlFlow::Continue(())
        });
        let passed = passed.unwrap();
        (rows.len(), passed.unreadable, passed.first_unreadable.map(|spot| spot.line))
    };
    let state = filled(12);
    let segment = segments(state.path()).remove(1);
    pass(state.path(), SystemTime::UNIX_EPOCH);
    let lines = fs::read_to_string(&segment.path).unwrap();
    let count = lines.lines().count();
    assert!(count > 1 && Index::is_of(&segment).unwrap());
    assert_eq!(asked(state.path()), (12, 0, None));
    // One line now speaks of somebody else: its hash is not that of its bytes any more.
    fs::write(&segment.path, lines.replacen("\"id\":\"42\"", "\"id\":\"43\"", 1)).unwrap();
    assert!(Index::is_of(&segment).unwrap());
    assert_eq!(asked(state.path()), (11, 1, Some(1)));
    // All of them, with a chain made anew: another segment of the same length.
    let mut tip = Tip { seq: segment.first - 1, hash: before(&lines) };
    let mut forged = Vec::new();
    for line in lines.replace("\"id\":\"42\"", "\"id\":\"43\"").lines() {
        let body = line.split_once(",\"request\":").unwrap().1.split_once(",\"prev\":").unwrap().0;
        tip.seal("2026-11-22T01:02:03.456789Z", b"\"gw-1\"", format!("\"request\":{body}").as_bytes(), &mut forged);
    }
    assert_eq!(forged.len(), lines.len());
    fs::write(&segment.path, forged).unwrap();
    assert!(!Index::is_of(&segment).unwrap());
    assert_eq!(asked(state.path()), (12 - count, 0, None));
    assert!(fault(state.path()).is_some());
    assert_eq!(pass(state.path(), SystemTime::UNIX_EPOCH).indexed, 1);
}

/// The hash that a segment's first line says is the one before it.
fn before(lines: &str) -> Hash {
    let hex = lines.split_once("\"prev\":\"").unwrap().1.split_once('"').unwrap().0;
    Hash::from_hex(hex.as_bytes()).unwrap()
}

#[test]
fn two_passes_do_not_meet() {
    let state = filled(12);
    let dir = ledger_dir(state.path());
    let other = Mutex::new(None);
    let asked = || {
        *other.lock().unwrap() = Some(tend(&dir, now(), &|| true).unwrap());
        false
    };
    assert_eq!(tend(&dir, now(), &asked).unwrap(), Some(Tended::default()));
    assert_eq!(*other.lock().unwrap(), Some(None));
}

#[test]
fn a_segment_is_closed_when_it_is_a_day_old() {
    let state = state_folder();
    let day = std::sync::Arc::new(Mutex::new("2026-11-22T00:00:00Z".parse::<Timestamp>().unwrap()));
    let clock = std::sync::Arc::clone(&day);
    let clock: Clock = Box::new(move || *clock.lock().unwrap());
    let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), BOUNDS, clock).unwrap();
    for hours in [1, 22, 23, 47, 48] {
        *day.lock().unwrap() = "2026-11-22T00:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(hours * 3600);
        ledger.append(super::view(hours), Box::new(|_| {}));
        writer.turn();
    }
    ledger.stop();
    writer.run().unwrap();
    let firsts: Vec<u64> = segments(state.path()).iter().map(|segment| segment.first).collect();
    // The start, three views; two more a day later.
    assert_eq!((firsts, fault(state.path())), (vec![1, 5], None));
}

const EVENTS: [Event; 3] = [Event::View, Event::Search, Event::Write];
const STAFF: [&str; 4] = ["basic:tanaka", "jwt:tanaka", "basic:suzuki", "header:a\"b"];
const KINDS: [&str; 4] = ["phone", "email", "person.name", "my_number"];

pub(super) fn entry(seed: u64, subjects: u64) -> Entry<'static> {
    let pick = |all: &[&'static str], at: u64| all[(seed / 7 + at) as usize % all.len()];
    let subject = |at: u64| {
        let kinds = [(pick(&KINDS, at).into(), pick(&["show", "mask"], seed + at).into(), 1)];
        let id = (!(seed + at).is_multiple_of(11)).then(|| format!("{}", (seed * 31 + at) % 40).into());
        Subject { of: pick(&["customer", "lead"], at).into(), id, kinds: kinds.into_iter().collect() }
    };
    Entry {
        request: Some(format!("r{seed}").into()),
        staff: (!seed.is_multiple_of(5)).then(|| pick(&STAFF, seed).into()),
        resource: Some(pick(&["customers", "deals"], 0).into()),
        outcome: Some("released".into()),
        subjects: (0..subjects).map(subject).collect(),
        ..Entry::new(EVENTS[seed as usize % EVENTS.len()])
    }
}

fn filters() -> impl Strategy<Value = Filter> {
    let maybe = |all: &'static [&'static str]| prop::option::of(prop::sample::select(all).prop_map(str::to_owned));
    let subject = prop::option::of((any::<bool>(), 0u64..44)).prop_map(|subject| {
        subject.map(|(typed, id)| SubjectIs::parse(&if typed { format!("customer:{id}") } else { id.to_string() }))
    });
    let kinds = prop::option::of(prop::collection::btree_set(prop::sample::select(&KINDS[..]), 0..3));
    let staff = maybe(&["tanaka", "basic:tanaka", "suzuki", "a\"b", "nobody"]);
    let event = maybe(&["view", "write", "export", "start"]);
    let request = prop::option::of((0u64..130).prop_map(|request| format!("r{request}")));
    let time = prop::option::of(0u64..140);
    (subject, kinds, staff, event, request, maybe(&["show", "mask"]), (time.clone(), time)).prop_map(
        |(subject, kinds, staff, event, request, action, (from, to))| Filter {
            subject,
            kinds: kinds.map(|kinds| kinds.into_iter().map(str::to_owned).collect::<BTreeSet<_>>()),
            staff,
            event,
            // Most filters have none, since one finds a single record.
            request: request.filter(|request| request.ends_with('0')),
            action,
            from: from.map(second),
            to: to.map(second),
            ..Filter::default()
        },
    )
}

fn second(of: u64) -> Timestamp {
    "2026-11-22T00:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(of)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// The naive model reads every line.
    #[test]
    fn an_index_changes_no_answer(
        seeds in prop::collection::vec((0u64..100_000, 0u64..5), 1..120),
        asked in prop::collection::vec(filters(), 40), packed in any::<bool>(), segment_bytes_max in 2000u64..20_000,
    ) {
        let state = state_folder();
        let moment = std::sync::Arc::new(Mutex::new(0));
        let ticking = std::sync::Arc::clone(&moment);
        let clock: Clock = Box::new(move || second(*ticking.lock().unwrap()));
        let bounds = Bounds { segment_bytes_max, ..BOUNDS };
        let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), bounds, clock).unwrap();
        for (seed, subjects) in seeds {
            *moment.lock().unwrap() += 1;
            ledger.append(entry(seed, subjects), Box::new(|result| assert!(result.is_ok())));
            writer.turn();
        }
        drop(writer);
        pass(state.path(), if packed { now() } else { SystemTime::UNIX_EPOCH });
        for filter in asked {
            let rows = |filter: &Filter| {
                let mut rows = Vec::new();
                let passed = query(&ledger_dir(state.path()), filter, &mut |_, line| {
                    rows.push(line.to_owned());
                    ControlFlow::Continue(())
                });
                (rows, passed.unwrap().unreadable)
            };
            prop_assert_eq!(rows(&filter), rows(&Filter { unindexed: true, ..filter.clone() }), "{:?}", filter);
        }
        prop_assert!(check(state.path()).finding.is_none());
    }
}
