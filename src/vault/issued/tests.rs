//! What is kept, found, put out of force and bounded, over real files and over one that fails.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::AtomicBool;

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::*;
use crate::vault::ring::fixed;

const TANAKA: [&[u8]; 1] = [b"basic:tanaka"];
const SATO: [&[u8]; 1] = [b"basic:sato"];

struct Scene {
    folder: PathBuf,
}

impl Scene {
    fn new(name: &str) -> Scene {
        let folder = std::env::temp_dir().join(format!("sudare-issued-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        Scene { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.join("issued.redb")
    }

    fn open(&self, ring: Ring) -> IssuedStore {
        IssuedStore::new(&self.path(), Arc::new(ring)).expect("a store")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What is shown of fields: `tel` of `of tel`, or `tel=x`.
fn shown<'a>(names: &[&'a str]) -> Vec<Shown<'a>> {
    let one = |name: &&'a str| {
        let (name, says) =
            name.split_once('=').map_or((*name, format!("of {name}")), |(name, says)| (name, says.into()));
        Shown { parts: vec![name.as_bytes()], plain: Zeroizing::new(says.into_bytes()), is_doubtful: false }
    };
    names.iter().map(one).collect()
}

fn empty<'a>(asked: u64, until: i64) -> Note<'a> {
    Note { asked, until, voids: Vec::new(), is_beyond_voids: false, shown: Vec::new() }
}

fn asked_at(store: &IssuedStore, staff: &[&[u8]], names: &[&str], asked: u64) {
    assert!(store.note(staff, &Note { shown: shown(names), ..empty(asked, 10) }));
    store.flush(0).expect("written");
}

fn note(store: &IssuedStore, staff: &[&[u8]], names: &[&str], (now, until): (i64, i64)) {
    assert!(store.note(staff, &Note { shown: shown(names), ..empty(store.now(), until) }));
    store.flush(now).expect("written");
}

fn void(store: &IssuedStore, staff: &[&[u8]], parts: &[&str], over: &[&str]) {
    let parts = parts.iter().map(|part| part.as_bytes()).collect();
    let over = over.iter().map(|name| vec![name.as_bytes()]).collect();
    assert!(store.note(staff, &Note { voids: vec![Void { parts, over }], ..empty(store.now(), 10) }));
    store.flush(0).expect("written");
}

/// What is in force of a field: it may be put out of force by itself, and by what it belongs to.
fn says(store: &IssuedStore, staff: &[&[u8]], name: &str) -> Option<String> {
    let scopes: [&[&[u8]]; 2] = [&[b"all"], &[b"all", name.as_bytes()]];
    let found = store.reading()?.find(staff, &scopes, &[name.as_bytes()])?;
    (found.is_in_force && !found.is_doubtful).then(|| String::from_utf8(found.plain.to_vec()).expect("a text"))
}

fn found(store: &IssuedStore, staff: &[&[u8]], names: &[&str]) -> Vec<bool> {
    let is = |name: &&str| says(store, staff, name).inspect(|kept| assert_eq!(*kept, format!("of {name}"))).is_some();
    names.iter().map(is).collect()
}

#[test]
fn it_is_found_again_by_whom_it_was_given_to_after_a_restart_too() {
    let scene = Scene::new("again");
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["tel", "mail"], (0, 10));
    drop(store);
    let store = scene.open(fixed());
    assert_eq!(found(&store, &TANAKA, &["tel", "mail", "fax"]), [true, true, false]);
    assert_eq!(found(&store, &SATO, &["tel"]), [false]);
    assert_eq!(fs::metadata(scene.path()).expect("a file").permissions().mode() & 0o777, 0o600);
    let raw = fs::read(scene.path()).expect("bytes");
    assert!(memchr::memmem::find(&raw, b"of tel").is_none(), "nothing stands there in clear");
    assert!(memchr::memmem::find(&raw, b"tanaka").is_none());
}

#[test]
fn older_keys_still_open_and_put_out_of_force_and_another_ring_does_not() {
    let scene = Scene::new("keys");
    let older = || {
        let mut older = fixed();
        older.truncate(1);
        older
    };
    let store = scene.open(older());
    note(&store, &TANAKA, &["tel", "mail"], (0, 10));
    drop(store);
    let store = scene.open(fixed());
    assert_eq!(found(&store, &TANAKA, &["tel", "mail"]), [true, true]);
    void(&store, &TANAKA, &["all", "mail"], &["mail"]);
    assert_eq!(found(&store, &TANAKA, &["tel", "mail"]), [true, false], "by a newer key");
    drop(store);
    let store = scene.open(Ring::passing().expect("a ring"));
    assert_eq!(found(&store, &TANAKA, &["tel"]), [false]);
}

#[test]
fn the_oldest_go_first_of_one_person_and_of_all() {
    let scene = Scene::new("bounds");
    let mut store = scene.open(fixed());
    store.bounds = (2, 3);
    note(&store, &TANAKA, &["a", "b"], (0, 10));
    note(&store, &TANAKA, &["a"], (1, 10));
    note(&store, &TANAKA, &["c"], (2, 10));
    assert_eq!(found(&store, &TANAKA, &["a", "b", "c"]), [true, false, true], "written again is young again");
    note(&store, &SATO, &["d", "e"], (3, 10));
    assert_eq!(found(&store, &TANAKA, &["a", "c"]), [false, true]);
    assert_eq!(found(&store, &SATO, &["d", "e"]), [true, true]);
    note(&store, &SATO, &["f"], (11, 20));
    assert_eq!(found(&store, &TANAKA, &["c"]), [false], "what is forgotten goes with the next commit");
    assert_eq!(found(&store, &SATO, &["d", "e", "f"]), [false, false, true]);
}

#[test]
fn what_is_out_of_force_stays_so_until_it_is_asked_for_again_after_a_restart_too() {
    let scene = Scene::new("voids");
    let mut store = scene.open(fixed());
    for parts in [&["all", "a"][..], &["all"], &[]] {
        note(&store, &TANAKA, &["a", "b"], (0, 10));
        note(&store, &SATO, &["a"], (0, 10));
        let early = store.now();
        void(&store, &TANAKA, parts, &[]);
        for _ in 0..2 {
            assert_eq!(found(&store, &TANAKA, &["a", "b"]), [false, parts.len() == 2], "{parts:?}");
            assert_eq!(found(&store, &SATO, &["a"]), [true], "another person's");
            drop(store);
            store = scene.open(fixed());
        }
        // What was on its way before a restart never comes; what comes now was asked for after it.
        assert!(early > store.now());
        note(&store, &TANAKA, &["a"], (0, 10));
        assert_eq!(found(&store, &TANAKA, &["a"]), [true], "{parts:?}");
    }
}

#[test]
fn what_was_asked_for_before_is_out_of_force_whenever_it_comes() {
    let scene = Scene::new("slow");
    let store = scene.open(fixed());
    let early = store.now();
    void(&store, &TANAKA, &["all", "a"], &[]);
    asked_at(&store, &TANAKA, &["a"], early);
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
    asked_at(&store, &TANAKA, &["a"], store.now());
    assert_eq!(found(&store, &TANAKA, &["a"]), [true]);
}

#[test]
fn of_two_answers_on_their_way_at_once_that_say_different_things_none_is_in_force() {
    let scene = Scene::new("crossing");
    let store = scene.open(fixed());
    let both = store.now();
    asked_at(&store, &TANAKA, &["a=new", "b"], both);
    asked_at(&store, &TANAKA, &["a=old", "b"], both);
    assert_eq!(says(&store, &TANAKA, "a"), None);
    assert_eq!(found(&store, &TANAKA, &["b"]), [true], "nobody can doubt what both say");
    asked_at(&store, &TANAKA, &["a"], both);
    assert_eq!(says(&store, &TANAKA, "a"), None, "a third does not settle it");
    asked_at(&store, &TANAKA, &["a=newest"], store.now());
    assert_eq!(says(&store, &TANAKA, "a").as_deref(), Some("newest"));
}

#[test]
fn an_answer_is_beyond_what_it_puts_out_of_force_itself() {
    let scene = Scene::new("beyond");
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["a", "b"], (0, 10));
    let voids = vec![Void { parts: vec![b"all"], over: Vec::new() }];
    let own = Note { voids, is_beyond_voids: true, shown: shown(&["b"]), ..empty(store.now(), 10) };
    assert!(store.note(&TANAKA, &own));
    store.flush(0).expect("written");
    assert_eq!(found(&store, &TANAKA, &["a", "b"]), [false, true]);
}

#[test]
fn what_only_forgets_is_put_over_what_is_kept_alone() {
    let scene = Scene::new("over");
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["a"], (0, 10));
    let early = store.now();
    void(&store, &TANAKA, &["all", "a"], &["x", "a"]);
    void(&store, &TANAKA, &["all", "b"], &["x", "b"]);
    asked_at(&store, &TANAKA, &["b"], early);
    assert_eq!(found(&store, &TANAKA, &["a", "b"]), [false, true]);
}

#[test]
fn while_something_is_late_nothing_older_is_in_force() {
    let scene = Scene::new("late");
    let mut store = scene.open(fixed());
    note(&store, &TANAKA, &["a"], (0, 10));
    note(&store, &SATO, &["a"], (0, 10));
    store.is_late(&TANAKA, 10);
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
    assert_eq!(found(&store, &SATO, &["a"]), [true]);
    note(&store, &SATO, &["b"], (0, 10));
    assert_eq!(found(&store, &TANAKA, &["a"]), [false], "it is written with whatever comes next");
    drop(store);
    store = scene.open(fixed());
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
    // More than may wait is the same as what is never kept.
    note(&store, &TANAKA, &["a"], (0, 10));
    let names: Vec<String> = (0..=WAITING_MAX).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(!store.note(&TANAKA, &Note { shown: shown(&names), ..empty(store.now(), 10) }));
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
}

#[test]
fn what_cannot_be_read_is_made_anew_and_so_is_what_others_can_read() {
    let scene = Scene::new("damaged");
    fs::write(scene.path(), b"no database at all").expect("written");
    fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o600)).expect("0600");
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["tel"], (0, 10));
    assert_eq!(found(&store, &TANAKA, &["tel"]), [true]);
    drop(store);
    fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o644)).expect("0644");
    let store = scene.open(fixed());
    assert_eq!(found(&store, &TANAKA, &["tel"]), [false]);
    assert_eq!(fs::metadata(scene.path()).expect("a file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_lies_there_of_an_earlier_layout_is_not_read() {
    let scene = Scene::new("earlier");
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["tel"], (0, 10));
    drop(store);
    let database = Database::create(scene.path()).expect("the file");
    let transaction = database.begin_write().expect("a transaction");
    let earlier = crate::vault::file::Table::new("fields");
    transaction.open_table(earlier).expect("a table").insert(&b"key"[..], &[0; 40][..]).expect("a row");
    transaction.commit().expect("written");
    drop(database);
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["mail"], (0, 10));
    assert_eq!(found(&store, &TANAKA, &["mail"]), [true]);
}

/// A disk in memory that can be made to fail, and that counts how often it is opened.
#[derive(Debug)]
struct Failing {
    bytes: InMemoryBackend,
    fails: Arc<AtomicBool>,
}

impl Failing {
    fn said(&self) -> io::Result<()> {
        if self.fails.load(Ordering::SeqCst) { Err(io::Error::other("no space is left")) } else { Ok(()) }
    }
}

impl StorageBackend for Failing {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.said().and_then(|()| self.bytes.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.said().and_then(|()| self.bytes.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.said().and_then(|()| self.bytes.write(offset, data))
    }
}

#[test]
fn after_a_disk_failed_nothing_older_is_in_force_and_it_goes_on_anew() {
    let scene = Scene::new("failing");
    let fails = Arc::new(AtomicBool::new(false));
    let opened = Arc::new(AtomicU64::new(0));
    let (disk, count, path) = (Arc::clone(&fails), Arc::clone(&opened), scene.path());
    let opens = move || {
        count.fetch_add(1, Ordering::SeqCst);
        tables::over(&path, Failing { bytes: InMemoryBackend::new(), fails: Arc::clone(&disk) })
    };
    let store = IssuedStore::over(&scene.path(), Arc::new(fixed()), Box::new(opens)).expect("a store");
    note(&store, &TANAKA, &["a"], (0, 10));
    assert_eq!(found(&store, &TANAKA, &["a"]), [true]);
    // What lies there goes with the first failure: after a restart it would be in force.
    fs::write(scene.path(), b"what was kept").expect("written");
    fails.store(true, Ordering::SeqCst);
    assert!(store.note(&TANAKA, &Note { shown: shown(&["a=new"]), ..empty(store.now(), 10) }));
    assert!(store.flush(0).is_err());
    assert!(!scene.path().exists());
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
    // While it fails, it is tried ever more seldom.
    for number in 0..200 {
        assert!(store.note(&TANAKA, &Note { shown: shown(&["a"]), ..empty(store.now(), 10) }));
        assert!(store.flush(0).is_err(), "{number}");
    }
    assert!((3..30).contains(&opened.load(Ordering::SeqCst)), "{opened:?}");
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
    fails.store(false, Ordering::SeqCst);
    let is_back = (0..=1 << TRIES_EXPONENT).any(|_| {
        assert!(store.note(&TANAKA, &Note { shown: shown(&["b"]), ..empty(store.now(), 10) }));
        store.flush(0).is_ok()
    });
    assert!(is_back);
    assert_eq!(found(&store, &TANAKA, &["a", "b"]), [false, true]);
}

#[test]
fn a_file_that_cannot_go_is_never_read_again() {
    let scene = Scene::new("stays");
    // Nothing can be made where a folder lies, and nothing takes it away.
    fs::create_dir(scene.path()).expect("a folder");
    let store = scene.open(fixed());
    assert!(store.note(&TANAKA, &Note { shown: shown(&["a"]), ..empty(store.now(), 10) }));
    assert!(store.flush(0).is_err());
    assert_eq!(found(&store, &TANAKA, &["a"]), [false]);
    assert!(matches!(&*store.state(), State::Away { is_stale: true, .. }));
}
