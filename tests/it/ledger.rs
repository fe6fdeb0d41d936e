//! The ledger from outside: what a crash, a failing disk, a flood or a forger does to it.
//!
//! Most tests turn the writer by hand, on their own thread, so that nothing depends on time.

mod anchor;
mod archive;
mod changed;
mod commands;
mod crashes;
mod failures;
mod faulty;
mod forgery;
mod killed;
mod power;
mod proofs;
mod reports;
mod retention;
mod rows;
mod tiles;
mod tree;
mod witness;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tempfile::TempDir;

use sudare::ledger::aggregate::FloodBounds;
use sudare::ledger::entry::{End, Entry, Subject};
use sudare::ledger::key::PublicKey;
use sudare::ledger::open::{Home, OpenError};
use sudare::ledger::query::{Filter, Stored, query};
use sudare::ledger::verify::{Kept, Report, verify};
use sudare::ledger::writer::{Clock, Writer};
use sudare::ledger::{Bounds, Committed, Ledger, LedgerError};
use sudare::terms::event::Event;

use faulty::{Fault, FaultyDisk};

/// Turned by hand: no waiting, no checkpoint but at start and stop.
const BOUNDS: Bounds = Bounds {
    queue_max: 64,
    queue_bytes_max: 1 << 20,
    batch_max: 8,
    batch_bytes_max: 1 << 20,
    segment_bytes_max: 64 << 20,
    segment_age_max: Duration::from_secs(24 * 3600),
    checkpoint_every: Duration::from_secs(3600),
    pause: Duration::ZERO,
    commit_max: Duration::from_secs(3600),
    flood: FloodBounds { singles_max: 10, window: Duration::from_secs(3600), names_max: 8 },
};

type Told = (u64, Result<Committed, LedgerError>);

/// An open ledger, the disk under it, and what its callers were told.
struct Bench {
    ledger: Ledger,
    writer: Writer,
    fault: Arc<Mutex<Fault>>,
    gate: Arc<Barrier>,
    tell: Sender<Told>,
    told: Receiver<Told>,
}

impl Bench {
    fn open(state: &Path, bounds: Bounds) -> Bench {
        let fault = Arc::new(Mutex::new(Fault::Nothing));
        let gate = Arc::new(Barrier::new(2));
        let disk = Box::new(FaultyDisk { fault: Arc::clone(&fault), gate: Arc::clone(&gate) });
        let (ledger, writer) = Ledger::open_on(disk, Home::within(state, "gw-1"), bounds, clock()).unwrap();
        let (tell, told) = mpsc::channel();
        Bench { ledger, writer, fault, gate, tell, told }
    }

    fn append(&self, request: u64) {
        let tell = self.tell.clone();
        self.ledger.append(view(request), Box::new(move |result| tell.send((request, result)).unwrap()));
    }

    /// Appends these, each in a commit of its own.
    fn commit(&mut self, requests: std::ops::Range<u64>) {
        for request in requests {
            self.append(request);
            self.writer.turn();
        }
        assert!(self.told.try_iter().all(|(_, result)| result.is_ok()));
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn stop(self) {
        self.ledger.stop();
        self.writer.run().unwrap();
    }
}

/// In memory where there is such a folder: killing a process loses nothing that a disk would have kept, and a hundred
/// ledgers are opened here, each with a dozen syncs.
fn state_folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}

fn clock() -> Clock {
    Box::new(|| "2026-11-22T01:02:03.456789Z".parse::<Timestamp>().unwrap())
}

fn view(request: u64) -> Entry<'static> {
    let kinds = [("person.name".into(), "show".into(), 1), ("phone".into(), "mask".into(), 1)];
    Entry {
        request: Some(request.to_string().into()),
        part: Some(1),
        staff: Some("basic:tanaka".into()),
        roles: vec!["support".into()],
        client: Some("10.1.2.3".into()),
        method: Some("GET".into()),
        path: Some("/api/customers/{id}".into()),
        resource: Some("customer".into()),
        status: Some(200),
        outcome: Some("released".into()),
        policy: Some("sha256:ab".into()),
        rules: vec!["support-1".into()],
        subjects: vec![Subject { of: "customer".into(), id: Some("42".into()), kinds: kinds.into_iter().collect() }],
        ..Entry::new(Event::View)
    }
}

fn ledger_dir(state: &Path) -> PathBuf {
    state.join("ledger")
}

fn segment(state: &Path, first: u64) -> PathBuf {
    ledger_dir(state).join(format!("{first:012}.jsonl"))
}

fn checkpoints(state: &Path) -> PathBuf {
    ledger_dir(state).join("checkpoints")
}

fn check(state: &Path) -> Report {
    let key = PublicKey::read(&state.join("ledger.pub")).unwrap();
    verify(&ledger_dir(state), &key, &Kept::default(), &mut |_, _| {}).unwrap()
}

/// What is wrong, as `file:line: what`; nothing when the ledger holds.
fn fault(state: &Path) -> Option<String> {
    let finding = check(state).finding?;
    let file = finding.spot.path.file_name().unwrap().to_str().unwrap().to_owned();
    Some(format!("{file}:{}: {}", finding.spot.line, finding.what))
}

fn records(state: &Path) -> Vec<Stored> {
    let mut all = Vec::new();
    let passed = query(&ledger_dir(state), &Filter::default(), &mut |record, _| {
        all.push(record.clone());
        ControlFlow::Continue(())
    });
    assert_eq!(passed.unwrap().unreadable, 0);
    all
}

fn requests(state: &Path) -> Vec<u64> {
    records(state).iter().filter_map(|record| record.request.as_ref()?.parse().ok()).collect()
}

fn reasons(state: &Path, event: &str) -> Vec<Option<String>> {
    records(state).into_iter().filter(|record| record.event == event).map(|record| record.reason).collect()
}

fn torn(state: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(ledger_dir(state)).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.to_str().unwrap().contains(".torn-")).map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn a_record_reads_as_the_contract_writes_it() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    bench.commit(0..1);
    bench.stop();
    let text = fs::read_to_string(segment(state.path(), 1)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let hash = |line: &str| line.rsplit_once("\"hash\":\"").unwrap().1.trim_end_matches("\"}").to_owned();
    let expected = "{\"seq\":2,\"time\":\"2026-11-22T01:02:03.456789Z\",\"node\":\"gw-1\",\"request\":\"0\",\
        \"part\":1,\"event\":\"view\",\"staff\":\"basic:tanaka\",\"roles\":[\"support\"],\"client\":\"10.1.2.3\",\
        \"purpose\":null,\"method\":\"GET\",\"path\":\"/api/customers/{id}\",\"resource\":\"customer\",\
        \"status\":200,\"outcome\":\"released\",\"policy\":\"sha256:ab\",\"rules\":[\"support-1\"],\
        \"subjects\":[{\"type\":\"customer\",\"id\":\"42\",\"kinds\":{\"person.name\":{\"show\":1},\
        \"phone\":{\"mask\":1}}}],\"reason\":null,\"end\":null,\"count\":null,\"changes\":[],\
        \"session\":null,\"device\":null,\"recipient\":null,\"organisation\":null,\"country\":null,\"basis\":null,\
        \"tickets\":[],\"upstream\":null,\"query\":[],\"partial\":[],\"retention\":\"access\",\"prev\":\"";
    assert_eq!(lines[1], format!("{expected}{}\",\"hash\":\"{}\"}}", hash(lines[0]), hash(lines[1])));
    let events: Vec<String> = records(state.path()).into_iter().map(|record| record.event).collect();
    assert_eq!(events, ["start", "view", "stop"]);
    let report = check(state.path());
    assert_eq!((report.records, report.checkpoints, report.last.unwrap().head.tip.seq), (3, 3, 3));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&ledger_dir(state.path())), mode(&segment(state.path(), 1))], [0o700, 0o600]);
    assert_eq!([mode(&checkpoints(state.path())), mode(&state.path().join("ledger.key"))], [0o600, 0o600]);
}

#[test]
fn a_start_says_how_the_run_before_ended_and_two_gateways_do_not_share_a_ledger() {
    let state = state_folder();
    let bench = Bench::open(state.path(), BOUNDS);
    let second = Ledger::open(Home::within(state.path(), "gw-2"), BOUNDS, clock());
    let Err(OpenError::Key { cause, .. }) = second else { panic!("the lock did not hold") };
    assert!(cause.to_string().starts_with("another gateway is writing this ledger"), "{cause}");
    bench.stop();
    drop(Bench::open(state.path(), BOUNDS));
    Bench::open(state.path(), BOUNDS).stop();
    let unclean = Some("unclean_stop".to_owned());
    assert_eq!(reasons(state.path(), "start"), [None, None, unclean]);
    assert_eq!(reasons(state.path(), "stop").len(), 2);
    fs::remove_file(state.path().join("ledger.key")).unwrap();
    let lost = Ledger::open(Home::within(state.path(), "gw-1"), BOUNDS, clock());
    assert!(matches!(lost, Err(OpenError::Key { .. })));
}

fn copy(state: &Path) -> TempDir {
    let copy = state_folder();
    fs::create_dir(ledger_dir(copy.path())).unwrap();
    for (from, to) in [(state.to_owned(), copy.path().to_owned()), (ledger_dir(state), ledger_dir(copy.path()))] {
        for file in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    copy
}

#[test]
fn the_tip_is_signed_as_records_come_in() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { checkpoint_every: Duration::ZERO, ..BOUNDS });
    bench.commit(0..2);
    bench.writer.turn();
    drop(bench);
    let report = check(state.path());
    assert_eq!((report.last.unwrap().head.tip.seq, report.checkpoints), (3, 4));
}

#[test]
fn a_permit_always_finds_a_seat_and_gives_it_back() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { queue_max: 2, ..BOUNDS });
    let (one, two) = (bench.ledger.reserve().unwrap(), bench.ledger.reserve().unwrap());
    assert_eq!(bench.ledger.reserve().err(), Some(LedgerError::Full));
    bench.append(1);
    assert_eq!(bench.told.try_recv().unwrap(), (1, Err(LedgerError::Full)));
    drop(one);
    bench.append(2);
    two.append(Entry { request: Some("3".into()), end: Some(End::Cancelled), ..Entry::new(Event::View) }).unwrap();
    bench.append(4);
    assert_eq!(bench.told.try_recv().unwrap(), (4, Err(LedgerError::Full)));
    bench.writer.turn();
    assert_eq!(bench.told.try_recv().unwrap(), (2, Ok(Committed { seq: 2 })));
    assert!(bench.ledger.reserve().is_ok());
    bench.stop();
    assert_eq!(requests(state.path()), [2, 3]);
    assert_eq!(records(state.path())[2].end.as_deref(), Some("cancelled"));
}

#[test]
fn more_bytes_than_may_wait_are_refused_until_there_is_room() {
    let state = state_folder();
    let queue_bytes_max = 2 * view(0).encode().unwrap().len();
    let mut bench = Bench::open(state.path(), Bounds { queue_bytes_max, ..BOUNDS });
    (0..3).for_each(|request| bench.append(request));
    assert_eq!(bench.told.try_recv().unwrap(), (2, Err(LedgerError::Full)));
    bench.writer.turn();
    assert_eq!(bench.told.try_iter().filter(|(_, result)| result.is_ok()).count(), 2);
    bench.commit(3..5);
    bench.stop();
    assert_eq!(requests(state.path()), [0, 1, 3, 4]);
}

#[test]
fn a_flood_of_refusals_is_few_records() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    for index in 0..1000 {
        let refused = Entry { reason: Some("no_role".into()), status: Some(403), ..Entry::new(Event::Refused) };
        bench.ledger.refuse(Entry { client: Some("10.1.2.3".into()), ..refused });
        if index % 50 == 0 {
            bench.writer.turn();
        }
    }
    bench.commit(0..1);
    bench.stop();
    let refused: Vec<Option<u64>> = records(state.path())
        .iter()
        .filter(|record| record.reason.as_deref() == Some("no_role"))
        .map(|record| record.count)
        .collect();
    assert_eq!(refused.len(), 11);
    assert_eq!(refused.last(), Some(&Some(990)));
    assert_eq!(fault(state.path()), None);
}

#[test]
fn nobody_waits_for_a_writer_that_is_gone() {
    let state = state_folder();
    let bench = Bench::open(state.path(), BOUNDS);
    bench.append(0);
    drop(bench.writer);
    assert_eq!(bench.told.try_recv().unwrap(), (0, Err(LedgerError::Stop)));
    assert!(!bench.ledger.healthy());
    let tell = bench.tell.clone();
    bench.ledger.append(view(1), Box::new(move |result| tell.send((1, result)).unwrap()));
    assert_eq!(bench.told.try_recv().unwrap(), (1, Err(LedgerError::Stop)));
}
