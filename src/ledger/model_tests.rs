//! The writer under a scheduler that tries orders of events: `cargo nextest run --lib --features model -E 'test(model)'`.
//!
//! What runs is the product's own code from `Ledger::append` to the files; only its locks and atomics are the
//! scheduler's (`sync`), and its disk says when a record is durable and gives the others a turn at each step. Held
//! against each schedule: nobody is told of a record that is not durable; everybody is told, and once; nobody waits for
//! ever (the model's waits have no timeouts, so that a wake-up that is lost is a deadlock); no more waits than there are
//! seats; a disk that fails answers all who wait; a stop commits what was taken. `SCHEDULES` says how many orders.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner, thread};
use tempfile::TempDir;

use crate::ledger::disk::{Disk, LocalDisk, Sink};
use crate::ledger::entry::Entry;
use crate::ledger::open::Home;
use crate::ledger::writer::Writer;
use crate::ledger::{Bounds, Committed, Ledger, LedgerError};
use crate::terms::event::Event;

/// No clock ends a wait or a commit within a model.
const LONG: Duration = Duration::from_secs(3600);

const BOUNDS: Bounds = Bounds {
    queue_max: 3,
    queue_bytes_max: 1 << 20,
    batch_max: 2,
    batch_bytes_max: 1 << 20,
    segment_bytes_max: 1500,
    segment_age_max: LONG,
    checkpoint_every: LONG,
    pause: LONG,
    commit_max: LONG,
    flood: crate::ledger::aggregate::FloodBounds { singles_max: 100, window: LONG, names_max: 8 },
};

/// What the disk holds for good, and how it fares. Locks of the standard library's are no steps of the model.
#[derive(Default)]
struct Platter {
    durable: BTreeSet<String>,
    /// From this step on, and for so many, everything fails.
    fails: Option<(u64, u64)>,
    step: u64,
}

impl Platter {
    fn may(&mut self) -> io::Result<()> {
        self.step += 1;
        match self.fails {
            Some((from, count)) if (from..from + count).contains(&self.step) => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

type Shelf = Arc<Mutex<Platter>>;

/// The machine's own files, which cost no syncs, and a turn for the others before and after each step.
struct ModelDisk(Shelf);

struct ModelSink {
    inner: Box<dyn Sink>,
    shelf: Shelf,
    written: Vec<u8>,
}

fn step(shelf: &Shelf) -> io::Result<()> {
    thread::yield_now();
    shelf.lock().unwrap().may()
}

impl Disk for ModelDisk {
    fn folder(&self, dir: &Path) -> io::Result<()> {
        LocalDisk.folder(dir)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        step(&self.0)?;
        Ok(Box::new(ModelSink { inner: LocalDisk.open(path)?, shelf: Arc::clone(&self.0), written: Vec::new() }))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        step(&self.0)?;
        Ok(Box::new(ModelSink { inner: LocalDisk.create(path)?, shelf: Arc::clone(&self.0), written: Vec::new() }))
    }
    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        step(&self.0)?;
        std::fs::OpenOptions::new().write(true).open(path)?.set_len(len)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove(path)
    }
    fn sync_folder(&self, _dir: &Path) -> io::Result<()> {
        step(&self.0)
    }
}

impl Sink for ModelSink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        step(&self.shelf)?;
        self.written.extend_from_slice(bytes);
        self.inner.write_all(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        step(&self.shelf)?;
        let lines = std::mem::take(&mut self.written);
        let text = String::from_utf8(lines).unwrap();
        let requests = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let requests = requests.filter_map(|record| record["request"].as_str().map(str::to_owned));
        self.shelf.lock().unwrap().durable.extend(requests);
        thread::yield_now();
        Ok(())
    }
    fn stands(&self, len: u64) -> io::Result<()> {
        self.inner.stands(len)
    }
}

/// A ledger, its disk, and what its callers were told.
struct Scene {
    _dir: TempDir,
    state: PathBuf,
    shelf: Shelf,
    told: Arc<Mutex<Vec<(String, Result<Committed, LedgerError>)>>>,
    ledger: Ledger,
}

fn scene(bounds: Bounds, fails: Option<(u64, u64)>) -> (Scene, Writer) {
    let dir = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    let shelf = Shelf::default();
    let clock = Box::new(|| "2026-11-22T01:02:03.456789Z".parse().unwrap());
    let disk = Box::new(ModelDisk(Arc::clone(&shelf)));
    let (ledger, writer) = Ledger::open_on(disk, Home::within(dir.path(), "gw-1"), bounds, clock).unwrap();
    let mut platter = shelf.lock().unwrap();
    platter.fails = fails.map(|(from, count)| (platter.step + from, count));
    drop(platter);
    let state = dir.path().to_owned();
    (Scene { _dir: dir, state, shelf, told: Arc::default(), ledger }, writer)
}

fn view(request: &str) -> Entry<'static> {
    Entry { request: Some(request.to_owned().into()), ..Entry::new(Event::View) }
}

impl Scene {
    /// What a caller hands over with its record: at this very moment the record must be durable.
    fn done(&self, request: String) -> crate::ledger::Done {
        let (shelf, told) = (Arc::clone(&self.shelf), Arc::clone(&self.told));
        Box::new(move |result| {
            if result.is_ok() {
                assert!(shelf.lock().unwrap().durable.contains(&request), "{request} was told before it was durable");
            }
            told.lock().unwrap().push((request, result));
        })
    }

    /// So many callers, each of whom records so often, some of it sealed and sent together.
    fn callers(&self, callers: usize, each: usize) -> Vec<thread::JoinHandle<()>> {
        let call = |caller: usize| {
            let ledger = self.ledger.clone();
            let dones: Vec<_> = (0..each)
                .map(|number| format!("{caller}-{number}"))
                .map(|request| (request.clone(), self.done(request)))
                .collect();
            let shared = Arc::clone(&ledger.shared);
            thread::spawn(move || {
                for (request, done) in dones {
                    ledger.append(view(&request), done);
                    assert!(shared.taken() <= shared.bounds.queue_max, "more wait than there are seats");
                }
            })
        };
        (0..callers).map(call).collect()
    }

    /// After the writer's end: each was told once, and the files hold what they were told and verify.
    fn judge(self, expected: usize) -> Vec<Result<Committed, LedgerError>> {
        let told = std::mem::take(&mut *self.told.lock().unwrap());
        let names: BTreeSet<&String> = told.iter().map(|(request, _)| request).collect();
        assert_eq!((told.len(), names.len()), (expected, expected), "each is told, and once: {told:?}");
        let found = requests(&self.state);
        let durable: BTreeSet<&String> =
            told.iter().filter(|(_, result)| result.is_ok()).map(|(request, _)| request).collect();
        assert!(durable.iter().all(|request| found.contains(*request)), "told and not there: {told:?}, {found:?}");
        let key = crate::ledger::key::PublicKey::read(&self.state.join("ledger.pub")).unwrap();
        let kept = crate::ledger::verify::Kept::default();
        let report = crate::ledger::verify::verify(&self.state.join("ledger"), &key, &kept, &mut |_, _| {}).unwrap();
        assert_eq!(report.finding, None);
        assert_eq!(self.ledger.shared.taken(), 0, "every seat is given back");
        told.into_iter().map(|(_, result)| result).collect()
    }
}

fn requests(state: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let filter = crate::ledger::query::Filter::default();
    crate::ledger::query::query(&state.join("ledger"), &filter, &mut |record, _| {
        found.extend(record.request.clone());
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    found
}

fn schedules() -> usize {
    std::env::var("SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

/// In random orders, and in those that preempt at few places (PCT), which find what needs just these.
fn model(check: fn()) {
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = Config::new();
        config.failure_persistence = FailurePersistence::Print;
        config.max_steps = MaxSteps::FailAfter(200_000);
        config.stack_size = 1 << 20;
        Runner::new(scheduler, config).run(check);
    };
    run(Box::new(RandomScheduler::new(schedules())));
    run(Box::new(PctScheduler::new(3, schedules() / 2)));
}

#[test]
fn every_caller_is_told_and_only_of_what_is_durable() {
    model(|| {
        let (scene, writer) = scene(Bounds { queue_max: 64, ..BOUNDS }, None);
        let writing = thread::spawn(move || writer.run());
        for caller in scene.callers(3, 2) {
            caller.join().unwrap();
        }
        scene.ledger.stop();
        writing.join().unwrap().unwrap();
        assert!(scene.judge(6).iter().all(Result::is_ok));
    });
}

/// Each waits for its answer before it goes on: nothing but the writer's own wake-ups keeps that moving.
#[test]
fn callers_who_wait_for_each_answer_never_wait_for_ever() {
    model(|| {
        let (scene, writer) = scene(BOUNDS, None);
        let writing = thread::spawn(move || writer.run());
        let callers: Vec<_> = (0..2)
            .map(|caller| {
                let ledger = scene.ledger.clone();
                let dones = (0..2).map(|number| format!("{caller}-{number}"));
                let dones: Vec<_> = dones.map(|request| (request.clone(), scene.done(request))).collect();
                thread::spawn(move || {
                    for (request, done) in dones {
                        let (tell, told) = shuttle::sync::mpsc::channel();
                        let both = move |result| {
                            done(result);
                            tell.send(()).unwrap();
                        };
                        ledger.append(view(&request), Box::new(both));
                        told.recv().unwrap();
                    }
                })
            })
            .collect();
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        scene.ledger.stop();
        writing.join().unwrap().unwrap();
        assert!(scene.judge(4).iter().all(Result::is_ok));
    });
}

#[test]
fn a_full_queue_refuses_and_holds_no_more_than_its_seats() {
    model(|| {
        let (scene, writer) = scene(BOUNDS, None);
        let writing = thread::spawn(move || writer.run());
        let permit = scene.ledger.reserve().unwrap();
        for caller in scene.callers(3, 2) {
            caller.join().unwrap();
        }
        // A seat that was taken beforehand is there, however full it was.
        permit.append(view("closing")).unwrap();
        scene.ledger.stop();
        writing.join().unwrap().unwrap();
        assert!(requests(&scene.state).contains(&"closing".to_owned()));
        let told = scene.judge(6);
        assert!(told.iter().all(|result| matches!(result, Ok(_) | Err(LedgerError::Full))), "{told:?}");
    });
}

/// Some step of the disk fails, and so many after it: everybody who waits is told, and the writer comes back.
#[test]
fn a_disk_that_fails_answers_all_who_wait_and_comes_back() {
    model(|| {
        let fails = (thread_rng().gen_range(1..12), thread_rng().gen_range(1..6));
        let (scene, mut writer) = scene(Bounds { pause: Duration::ZERO, queue_max: 16, ..BOUNDS }, Some(fails));
        let stopped = Arc::new(shuttle::sync::atomic::AtomicBool::new(false));
        let over = Arc::clone(&stopped);
        let writing = thread::spawn(move || {
            // A pause of no time: the others get their turn here.
            while writer.turn() && !over.load(shuttle::sync::atomic::Ordering::SeqCst) {
                thread::yield_now();
            }
            writer
        });
        let permit = scene.ledger.reserve();
        for caller in scene.callers(2, 3) {
            caller.join().unwrap();
        }
        let kept = permit.is_ok_and(|permit| permit.append(view("closing")).is_ok());
        stopped.store(true, shuttle::sync::atomic::Ordering::SeqCst);
        let mut writer = writing.join().unwrap();
        scene.shelf.lock().unwrap().fails = None;
        scene.ledger.stop();
        while writer.turn() {}
        writer.finish().unwrap();
        drop(writer);
        assert!(!kept || requests(&scene.state).contains(&"closing".to_owned()), "what nobody waits for is kept");
        let told = scene.judge(6);
        assert!(told.iter().all(|result| matches!(result, Ok(_) | Err(LedgerError::Away))), "{told:?}");
    });
}

/// A stop that comes while others record: each is told that its record is durable, or that it was not taken.
#[test]
fn a_stop_commits_what_was_taken_and_refuses_the_rest() {
    model(|| {
        let (scene, writer) = scene(Bounds { queue_max: 64, ..BOUNDS }, None);
        let writing = thread::spawn(move || writer.run());
        let callers = scene.callers(3, 2);
        let stopping = scene.ledger.clone();
        let stopping = thread::spawn(move || stopping.stop());
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        stopping.join().unwrap();
        writing.join().unwrap().unwrap();
        let told = scene.judge(6);
        assert!(told.iter().all(|result| matches!(result, Ok(_) | Err(LedgerError::Stop))), "{told:?}");
    });
}

/// A writer that dies leaves nobody waiting.
#[test]
fn a_writer_that_is_gone_answers_all_who_wait() {
    model(|| {
        let (scene, mut writer) = scene(Bounds { pause: Duration::ZERO, queue_max: 64, ..BOUNDS }, None);
        let writing = thread::spawn(move || {
            writer.turn();
        });
        for caller in scene.callers(2, 2) {
            caller.join().unwrap();
        }
        writing.join().unwrap();
        let told = scene.judge(4);
        assert!(told.iter().all(|result| matches!(result, Ok(_) | Err(LedgerError::Stop))), "{told:?}");
    });
}
