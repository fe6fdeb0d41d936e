//! The power goes: what was not synced is there in part, in any order, or not at all, and so are the names of files.
//!
//! A disk that notes each step is asked for the states that a power failure at any of them may leave: of a file all that
//! was synced, and of what was written since any length with any of its sectors (the others are zeros); of new names and
//! removed ones any, until their folder was synced. From each the ledger must come back, verify, and hold what was told.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use sudare::ledger::disk::{Disk, LocalDisk, Sink};
use sudare::ledger::open::Home;
use sudare::ledger::{Bounds, Ledger};
use tempfile::TempDir;

use super::{BOUNDS, clock, fault, ledger_dir, requests, state_folder, view};

/// A disk writes so much at once or not at all.
const SECTOR_BYTES: usize = 512;

#[derive(Clone, Debug)]
enum Step {
    Made(PathBuf),
    Written(PathBuf, Vec<u8>),
    Synced(PathBuf),
    Cut(PathBuf, u64),
    Removed(PathBuf),
    NamesSynced,
}

type Steps = Arc<Mutex<Vec<Step>>>;

/// This machine's disk, which notes what is asked of it.
struct Noting(Steps);

impl Noting {
    fn note(&self, step: Step) {
        self.0.lock().unwrap().push(step);
    }

    fn sink(&self, inner: Box<dyn Sink>, path: &Path) -> Box<dyn Sink> {
        Box::new(NotingSink { inner, path: path.to_owned(), steps: Arc::clone(&self.0) })
    }
}

impl Disk for Noting {
    fn folder(&self, dir: &Path) -> io::Result<()> {
        LocalDisk.folder(dir)
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        if !path.exists() {
            self.note(Step::Made(path.to_owned()));
        }
        Ok(self.sink(LocalDisk.open(path)?, path))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sink>> {
        let sink = LocalDisk.create(path)?;
        self.note(Step::Made(path.to_owned()));
        Ok(self.sink(sink, path))
    }
    fn cut(&self, path: &Path, len: u64) -> io::Result<()> {
        self.note(Step::Cut(path.to_owned(), len));
        fs::OpenOptions::new().write(true).open(path)?.set_len(len)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.note(Step::Removed(path.to_owned()));
        LocalDisk.remove(path)
    }
    fn sync_folder(&self, _dir: &Path) -> io::Result<()> {
        self.note(Step::NamesSynced);
        Ok(())
    }
}

struct NotingSink {
    inner: Box<dyn Sink>,
    path: PathBuf,
    steps: Steps,
}

impl Sink for NotingSink {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.steps.lock().unwrap().push(Step::Written(self.path.clone(), bytes.to_vec()));
        self.inner.write_all(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.steps.lock().unwrap().push(Step::Synced(self.path.clone()));
        Ok(())
    }
    fn stands(&self, len: u64) -> io::Result<()> {
        self.inner.stands(len)
    }
}

/// A file as the disk may have it.
#[derive(Clone, Debug, Default)]
struct Held {
    bytes: Vec<u8>,
    /// So much of it is certain.
    synced: usize,
    /// Whether the folder is known to have its name.
    named: bool,
    /// Whether it was removed, and the folder may still have its name.
    removed: bool,
}

/// Chances, drawn from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// What is there when the power comes back after these steps.
fn after(before: &BTreeMap<PathBuf, Vec<u8>>, steps: &[Step], chance: &mut Chance) -> BTreeMap<PathBuf, Vec<u8>> {
    let held = |bytes: &Vec<u8>| Held { bytes: bytes.clone(), synced: bytes.len(), named: true, removed: false };
    let mut files: BTreeMap<PathBuf, Held> = before.iter().map(|(path, bytes)| (path.clone(), held(bytes))).collect();
    for step in steps {
        match step {
            Step::Made(path) => drop(files.insert(path.clone(), Held::default())),
            Step::Written(path, bytes) => files.get_mut(path).unwrap().bytes.extend_from_slice(bytes),
            Step::Synced(path) => {
                let file = files.get_mut(path).unwrap();
                file.synced = file.bytes.len();
            }
            Step::Cut(path, len) => {
                let file = files.get_mut(path).unwrap();
                file.bytes.truncate(*len as usize);
                file.synced = file.bytes.len();
            }
            Step::Removed(path) => files.get_mut(path).unwrap().removed = true,
            Step::NamesSynced => {
                files.retain(|_, file| !file.removed);
                files.values_mut().for_each(|file| file.named = true);
            }
        }
    }
    let mut left = BTreeMap::new();
    for (path, Held { mut bytes, synced, named, removed }) in files {
        if (!named || removed) && chance.below(2) == 0 {
            continue;
        }
        bytes.truncate(synced + chance.below(bytes.len() - synced + 1));
        let mut at = synced;
        while at < bytes.len() {
            let end = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(bytes.len());
            if chance.below(3) == 0 {
                bytes[at..end].fill(0);
            }
            at = end;
        }
        left.insert(path, bytes);
    }
    left
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let Ok(all) = fs::read_dir(dir) else { return BTreeMap::new() };
    let paths = all.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// One life of the gateway: commits of so many records each, in a folder that is noted.
fn live(state: &Path, bounds: Bounds, commits: &[u8], next: &mut u64) -> (Vec<Step>, Vec<(u64, usize)>) {
    let steps = Steps::default();
    let home = Home::within(state, "gw-1");
    let (ledger, mut writer) = Ledger::open_on(Box::new(Noting(Arc::clone(&steps))), home, bounds, clock()).unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    for count in commits {
        for request in *next..*next + u64::from(*count) {
            let (told, steps) = (Arc::clone(&told), Arc::clone(&steps));
            let tell = move |result: Result<_, _>| {
                assert!(result.is_ok());
                let now = steps.lock().unwrap().len();
                told.lock().unwrap().push((request, now));
            };
            ledger.append(view(request), Box::new(tell));
        }
        *next += u64::from(*count);
        writer.turn();
    }
    drop((ledger, writer));
    let (steps, told) = (steps.lock().unwrap().clone(), told.lock().unwrap().clone());
    (steps, told)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whenever_the_power_goes_what_was_told_durable_is_there(
        lives in prop::collection::vec((prop::collection::vec(1u8..5, 0..8), any::<usize>(), any::<u64>()), 1..5),
        size in 1u64..6000, signs in any::<bool>(),
    ) {
        let checkpoint_every = if signs { Duration::ZERO } else { BOUNDS.checkpoint_every };
        let bounds = Bounds { segment_bytes_max: size, checkpoint_every, ..BOUNDS };
        let state: TempDir = state_folder();
        let dir = ledger_dir(state.path());
        let (mut next, mut durable) = (0, Vec::new());
        for (commits, at, seed) in lives {
            let before = files(&dir);
            let first = next;
            let (steps, told) = live(state.path(), bounds, &commits, &mut next);
            let at = at % (steps.len() + 1);
            let left = after(&before, &steps[..at], &mut Chance(seed));
            fs::remove_dir_all(&dir).unwrap();
            fs::create_dir(&dir).unwrap();
            for (path, bytes) in left {
                fs::write(path, bytes).unwrap();
            }
            durable.extend(told.iter().filter(|(_, then)| *then <= at).map(|(request, _)| *request));
            // It comes back on a copy; the next life meets what the failure left.
            let copy = super::copy(state.path());
            super::Bench::open(copy.path(), bounds).stop();
            prop_assert_eq!(fault(copy.path()), None);
            let found = requests(copy.path());
            let known: Vec<u64> = found.iter().copied().filter(|request| durable.contains(request)).collect();
            prop_assert_eq!(&known, &durable);
            prop_assert!(found.iter().all(|request| *request < next), "{found:?} from {first}");
        }
    }
}
