//! Retention: what goes when, what stays whatever happens, and that the rest is as provable as before.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use jiff::Timestamp;
use sudare::ledger::archive::tend;
use sudare::ledger::deleted::Notes;
use sudare::ledger::disk::{Disk, LocalDisk, Sink};
use sudare::ledger::entry::Entry;
use sudare::ledger::key::{PublicKey, SigningKey};
use sudare::ledger::open::Home;
use sudare::ledger::prove;
use sudare::ledger::query::{Filter, SubjectIs, query};
use sudare::ledger::retain::{Judged, Spans, Stays, delete, judge, sweep};
use sudare::ledger::tree::stored::FOLDER_NAME;
use sudare::ledger::verify::{Kept, verify};
use sudare::ledger::{Bounds, Ledger};
use sudare::terms::retention::Class;
use tempfile::TempDir;

use super::{BOUNDS, check, clock, copy, fault, ledger_dir, records, requests, state_folder, view};

/// Records of these classes, each in a segment of its own, and one more that is open. They are of 2026-11-22.
fn classed(classes: &[Class]) -> TempDir {
    let state = state_folder();
    let bounds = Bounds { segment_bytes_max: 1, ..BOUNDS };
    let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), bounds, clock()).unwrap();
    for (request, class) in (0..).zip(classes) {
        ledger.append(Entry { retention: *class, ..view(request) }, Box::new(|result| assert!(result.is_ok())));
        writer.turn();
    }
    ledger.stop();
    writer.run().unwrap();
    tended(state.path());
    state
}

/// Hashes and indexes of what is closed.
fn tended(state: &Path) {
    tend(&ledger_dir(state), SystemTime::UNIX_EPOCH, &|| true).unwrap().unwrap();
}

fn public(state: &Path) -> PublicKey {
    PublicKey::read(&state.join("ledger.pub")).unwrap()
}

fn judged(state: &Path, spans: &Spans, now: &str) -> Vec<Judged> {
    judge(&ledger_dir(state), &public(state), spans, now.parse().unwrap()).unwrap()
}

/// The first records of the segments that may go.
fn going(state: &Path, spans: &Spans, now: &str) -> Vec<u64> {
    let all = judged(state, spans, now).into_iter();
    all.filter(|judged| judged.stays.is_none()).map(|judged| judged.segment.first).collect()
}

fn key(state: &Path) -> SigningKey {
    SigningKey::beside(&state.join("ledger.key")).unwrap()
}

/// Deletes all that may go, and says of how many records it was told.
fn retained(state: &Path, disk: &dyn Disk, now: &str) -> io::Result<u64> {
    let (dir, key, mut told) = (ledger_dir(state), key(state), 0);
    sweep(disk, &dir, key.public())?;
    for judged in judged(state, &Spans::default(), now).iter().filter(|judged| judged.stays.is_none()) {
        delete(disk, &dir, &key, judged, now.parse::<Timestamp>().unwrap(), &mut |deleted| {
            told += deleted.last + 1 - deleted.first;
            Ok(())
        })?;
    }
    Ok(told)
}

const ALL: [Class; 4] = [Class::Access, Class::Provision, Class::Hipaa, Class::Hold];
const AT_14: &str = "2028-01-22T00:00:00Z";
const AT_35: &str = "2029-10-22T00:00:00Z";
const AT_36: &str = "2029-11-22T01:02:04Z";
const AT_72: &str = "2032-11-22T01:02:04Z";

#[test]
fn each_class_lasts_as_long_as_it_must() {
    let state = classed(&ALL);
    let spans = Spans::default();
    // The start has a record of its own before them.
    assert_eq!(going(state.path(), &spans, "2027-11-22T01:02:03Z"), [] as [u64; 0]);
    assert_eq!(going(state.path(), &spans, AT_14), [1, 2]);
    assert_eq!(going(state.path(), &spans, AT_35), [1, 2]);
    assert_eq!(going(state.path(), &spans, AT_36), [1, 2, 3]);
    assert_eq!(going(state.path(), &spans, AT_72), [1, 2, 3, 4]);
    let stays: Vec<Option<Stays>> =
        judged(state.path(), &spans, AT_36).into_iter().map(|judged| judged.stays).collect();
    let until = Stays::Until("2032-11-22T01:02:03.456789Z".parse().unwrap());
    assert_eq!(stays, [None, None, None, Some(until), Some(Stays::Forever)]);
    let longer = Spans { months: [Some(24), Some(36), Some(72), None], ..Spans::default() };
    assert_eq!(going(state.path(), &longer, AT_14), [] as [u64; 0]);
}

#[test]
fn a_segment_is_kept_as_long_as_the_longest_class_in_it() {
    let state = state_folder();
    let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), BOUNDS, clock()).unwrap();
    for class in [Class::Access, Class::Provision, Class::Access] {
        ledger.append(Entry { retention: class, ..view(0) }, Box::new(|result| assert!(result.is_ok())));
    }
    writer.turn();
    drop((ledger, writer));
    let bounds = Bounds { segment_bytes_max: 1, ..BOUNDS };
    let (ledger, writer) = Ledger::open(Home::within(state.path(), "gw-1"), bounds, clock()).unwrap();
    ledger.stop();
    writer.run().unwrap();
    tended(state.path());
    assert!(!going(state.path(), &Spans::default(), AT_35).contains(&1));
    assert!(going(state.path(), &Spans::default(), AT_36).contains(&1));
}

#[test]
fn a_hold_stops_deletion_by_person_by_staff_and_by_time() {
    let state = classed(&[Class::Access; 3]);
    let filter = Filter::default;
    for hold in [
        Filter { subject: Some(SubjectIs::parse("customer:42")), ..filter() },
        Filter { staff: Some("tanaka".into()), ..filter() },
        Filter { staff: Some("tanaka".into()), from: Some("2026-11-22T00:00:00Z".parse().unwrap()), ..filter() },
    ] {
        let spans = Spans { holds: vec![hold], ..Spans::default() };
        // What the start recorded is about nobody.
        assert_eq!(going(state.path(), &spans, AT_14), [1]);
        assert_eq!(judged(state.path(), &spans, AT_14)[1].stays, Some(Stays::Held));
    }
    for hold in [
        Filter { subject: Some(SubjectIs::parse("customer:43")), ..filter() },
        Filter { staff: Some("tanaka".into()), to: Some("2026-11-22T00:00:00Z".parse().unwrap()), ..filter() },
    ] {
        let spans = Spans { holds: vec![hold], ..Spans::default() };
        assert_eq!(going(state.path(), &spans, AT_14), [1, 2, 3, 4]);
    }
}

#[test]
fn the_rest_verifies_and_is_proven_and_the_gateway_goes_on() {
    let state = classed(&[Class::Access, Class::Access, Class::Hold, Class::Access, Class::Access]);
    let size = check(state.path()).records;
    assert_eq!(retained(state.path(), &LocalDisk, AT_14).unwrap(), 5);
    assert_eq!(requests(state.path()), [2]);
    let report = check(state.path());
    let gone: Vec<(u64, u64)> = report.deleted.iter().map(|deleted| (deleted.first, deleted.last)).collect();
    assert_eq!((report.finding, gone), (None, vec![(1, 1), (2, 2), (3, 3), (5, 5), (6, 6)]));
    assert_eq!((report.records, report.last.unwrap().head.tip.seq), (size - 5, size));
    let dir = ledger_dir(state.path());
    let public = public(state.path());
    for seq in 1..=size {
        let proof = prove::record(&dir, &public, seq, None).unwrap();
        assert_eq!(proof.line.is_some(), seq == 4 || seq > 6, "record {seq}");
    }
    assert!(prove::extension(&dir, &public, 2, None).is_ok());
    // A second run finds nothing more, and what comes later is chained behind what is gone.
    assert_eq!(retained(state.path(), &LocalDisk, AT_14).unwrap(), 0);
    let (ledger, mut writer) = Ledger::open(Home::within(state.path(), "gw-1"), BOUNDS, clock()).unwrap();
    ledger.append(view(9), Box::new(|result| assert!(result.is_ok())));
    writer.turn();
    ledger.stop();
    writer.run().unwrap();
    tended(state.path());
    assert_eq!((fault(state.path()), requests(state.path())), (None, vec![2, 9]));
}

#[test]
fn what_is_missing_without_a_note_or_without_its_hashes_is_a_fault() {
    let state = classed(&[Class::Access, Class::Access, Class::Hold]);
    retained(state.path(), &LocalDisk, AT_14).unwrap();
    let told = |change: &dyn Fn(&Path)| {
        let copied = copy(state.path());
        let tree = ledger_dir(copied.path()).join(FOLDER_NAME);
        fs::create_dir(&tree).unwrap();
        for file in fs::read_dir(ledger_dir(state.path()).join(FOLDER_NAME)).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), tree.join(file.file_name())).unwrap();
        }
        change(&ledger_dir(copied.path()));
        fault(copied.path())
    };
    let edit = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(path).unwrap();
        change(&mut bytes);
        fs::write(path, bytes).unwrap();
    };
    assert_eq!(told(&|_| {}), None);
    let missing = told(&|dir| fs::remove_file(dir.join("deleted")).unwrap()).unwrap();
    assert_eq!(missing, "000000000004.jsonl:1: records 1 to 3 are missing before this line");
    // A segment that somebody else deleted.
    assert!(told(&|dir| fs::remove_file(dir.join("000000000004.jsonl")).unwrap()).unwrap().contains("is missing"));
    let notes = fs::read(ledger_dir(state.path()).join("deleted")).unwrap();
    for at in 0..notes.len() {
        assert!(told(&|dir| edit(&dir.join("deleted"), &|bytes| bytes[at] ^= 1)).is_some(), "byte {at} of the notes");
    }
    assert!(told(&|dir| fs::remove_dir_all(dir.join(FOLDER_NAME)).unwrap()).unwrap().ends_with("deleted, are missing"));
    for at in 0..3 * 32 {
        let changed = told(&|dir| edit(&dir.join(FOLDER_NAME).join("0"), &|bytes| bytes[at] ^= 1));
        assert!(changed.is_some(), "byte {at} of the hashes");
    }
}

#[test]
fn what_cannot_be_proven_or_is_damaged_stays() {
    let state = classed(&[Class::Access; 3]);
    let stays = |state: &Path, at: usize| judged(state, &Spans::default(), AT_14)[at].stays;
    let second = ledger_dir(state.path()).join("000000000002.jsonl");
    let whole = fs::read(&second).unwrap();
    fs::write(&second, String::from_utf8(whole.clone()).unwrap().replace("tanaka", "nobody")).unwrap();
    assert_eq!([stays(state.path(), 0), stays(state.path(), 1)], [None, Some(Stays::Damaged)]);
    fs::write(&second, whole).unwrap();
    let leaves = ledger_dir(state.path()).join(FOLDER_NAME).join("0");
    let mut bytes = fs::read(&leaves).unwrap();
    bytes[32] ^= 1;
    fs::write(&leaves, bytes).unwrap();
    assert_eq!(stays(state.path(), 1), Some(Stays::Unproven));
    fs::remove_dir_all(ledger_dir(state.path()).join(FOLDER_NAME)).unwrap();
    assert_eq!(stays(state.path(), 1), Some(Stays::Unproven));
}

#[test]
fn records_of_versions_without_the_columns_are_read() {
    let line = r#"{"seq":1,"time":"2026-11-22T01:02:03.456789Z","node":"gw-1","request":null,"part":null,"event":"start","staff":null,"roles":[],"client":null,"purpose":null,"method":null,"path":null,"resource":null,"status":null,"outcome":"started","policy":null,"rules":[],"subjects":[],"reason":null,"end":null,"count":null,"changes":[],"prev":"","hash":""}"#;
    let old: sudare::ledger::query::Stored = serde_json::from_str(line).unwrap();
    assert_eq!((old.retention, old.session, old.query), (None, None, Vec::<String>::new()));
}

/// Whoever reads while a segment goes, or is compressed, reads what is there, and no error.
#[test]
fn a_segment_may_go_or_be_compressed_while_it_is_read() {
    let deletes = |state: &Path| assert_eq!(retained(state, &LocalDisk, AT_14).unwrap(), 4);
    let packs = |state: &Path| {
        let tended = tend(&ledger_dir(state), SystemTime::now(), &|| true).unwrap().unwrap();
        assert_eq!(tended.packed, 4);
    };
    for (meanwhile, gone) in [(&deletes as &dyn Fn(&Path), 3), (&packs, 0)] {
        let state = classed(&[Class::Access; 3]);
        let mut calls = 0;
        let report = verify(&ledger_dir(state.path()), &public(state.path()), &Kept::default(), &mut |_, _| {
            calls += 1;
            if calls == 1 {
                meanwhile(state.path());
            }
        });
        let report = report.unwrap();
        assert_eq!((report.finding, report.deleted.len() as u64), (None, gone));
        assert_eq!(report.records + report.deleted.iter().map(|own| own.last + 1 - own.first).sum::<u64>(), 5);
        let state = classed(&[Class::Access; 3]);
        let mut rows = 0;
        let passed = query(&ledger_dir(state.path()), &Filter::default(), &mut |_, _| {
            rows += 1;
            if rows == 1 {
                meanwhile(state.path());
            }
            ControlFlow::Continue(())
        });
        assert_eq!((passed.unwrap().rows, rows), (5 - gone, 5 - gone));
    }
}

/// A disk that dies at a step: everything from there on fails.
struct Dying {
    steps: Arc<AtomicUsize>,
}

impl Dying {
    fn step(&self) -> io::Result<()> {
        step(&self.steps)
    }
}

fn step(steps: &AtomicUsize) -> io::Result<()> {
    let left = steps.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
    left.map(drop).map_err(|_| io::Error::other("the machine stopped here"))
}

struct DyingSink {
    inner: Box<dyn Sink>,
    steps: Arc<AtomicUsize>,
}

impl Disk for Dying {
    fn folder(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.folder(dir)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        self.step()?;
        Ok(Box::new(DyingSink { inner: LocalDisk.open(path)?, steps: Arc::clone(&self.steps) }))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        self.step()?;
        LocalDisk.create(path)
    }
    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        self.step()?;
        LocalDisk.cut(path, len)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.remove(path)
    }
    fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        self.step()?;
        LocalDisk.sync_folder(dir)
    }
}

impl Sink for DyingSink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = step(&self.steps) {
            // Half of it arrives, as when the power goes.
            self.inner.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        self.inner.write_all(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        step(&self.steps)?;
        self.inner.sync()
    }
    fn stands(&self, len: u64) -> io::Result<()> {
        self.inner.stands(len)
    }
}

#[test]
fn a_run_that_ends_at_any_step_leaves_a_ledger_that_holds_and_the_next_one_does_the_rest() {
    let mut ended = 0;
    for steps in 0.. {
        let state = classed(&[Class::Access, Class::Hold, Class::Access]);
        let before = records(state.path()).len();
        let disk = Dying { steps: Arc::new(AtomicUsize::new(steps)) };
        let done = retained(state.path(), &disk, AT_14).is_ok();
        assert_eq!(fault(state.path()), None, "after {steps} steps");
        let gone: u64 = check(state.path()).deleted.iter().map(|deleted| deleted.last + 1 - deleted.first).sum();
        assert_eq!(records(state.path()).len() as u64 + gone, before as u64, "after {steps} steps");
        retained(state.path(), &LocalDisk, AT_14).unwrap();
        assert_eq!((fault(state.path()), requests(state.path())), (None, vec![1]), "after {steps} steps");
        let notes = Notes::read(&ledger_dir(state.path()), &public(state.path())).unwrap();
        assert_eq!((notes.all.len(), notes.bad, notes.len), (3, None, notes.whole), "after {steps} steps");
        let left = fs::read_dir(ledger_dir(state.path())).unwrap().filter(|file| {
            let name = file.as_ref().unwrap().file_name();
            ["000000000001.", "000000000002.", "000000000004."]
                .iter()
                .any(|gone| name.to_str().unwrap().starts_with(gone))
        });
        assert_eq!(left.count(), 0, "after {steps} steps");
        if done {
            break;
        }
        ended += 1;
    }
    assert!(ended > 15, "only {ended} steps");
}
