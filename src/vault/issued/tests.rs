//! What is kept, found, put out of force and bounded, over real files and over one that fails.

use super::*;
use crate::vault::ring::fixed;

const TANAKA: [&[u8]; 1] = [b"basic:tanaka"];

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
        IssuedStore::open(&self.path(), Arc::new(ring)).expect("a store")
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn note(store: &IssuedStore, staff: &[&[u8]], names: &[&'static str], (now, until): (i64, i64)) {
    let field =
        |name: &&'static str| (vec![name.as_bytes()], Zeroizing::new(format!("of {name}").into_bytes()), false);
    assert!(store.note(staff, &names.iter().map(field).collect::<Vec<_>>(), until));
    store.flush(now).expect("written");
}

fn found(store: &IssuedStore, staff: &[&[u8]], names: &[&str]) -> Vec<bool> {
    let is = |name: &&str| {
        let kept = store.find(staff, &[name.as_bytes()]);
        kept.inspect(|kept| assert_eq!(kept[..], *format!("of {name}").as_bytes())).is_some()
    };
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
    assert_eq!(found(&store, &[b"basic:sato"], &["tel"]), [false]);
    assert_eq!(fs::metadata(scene.path()).expect("a file").permissions().mode() & 0o777, 0o600);
    let raw = fs::read(scene.path()).expect("bytes");
    assert!(memchr::memmem::find(&raw, b"of tel").is_none(), "nothing stands there in clear");
    assert!(memchr::memmem::find(&raw, b"tanaka").is_none());
}

#[test]
fn older_keys_still_open_and_another_ring_does_not() {
    let scene = Scene::new("keys");
    let mut older = fixed();
    older.truncate(1);
    let store = scene.open(older);
    note(&store, &TANAKA, &["tel"], (0, 10));
    drop(store);
    let store = scene.open(fixed());
    assert_eq!(found(&store, &TANAKA, &["tel"]), [true]);
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
    note(&store, &[b"basic:sato"], &["d", "e"], (3, 10));
    assert_eq!(found(&store, &TANAKA, &["a", "c"]), [false, true]);
    assert_eq!(found(&store, &[b"basic:sato"], &["d", "e"]), [true, true]);
    note(&store, &[b"basic:sato"], &["f"], (11, 20));
    assert_eq!(found(&store, &TANAKA, &["c"]), [false], "what is forgotten goes with the next commit");
    assert_eq!(found(&store, &[b"basic:sato"], &["d", "e", "f"]), [false, false, true]);
}

#[test]
fn what_only_forgets_is_put_over_what_is_kept_alone() {
    let scene = Scene::new("over");
    let mut older = fixed();
    older.truncate(1);
    let store = scene.open(older);
    note(&store, &TANAKA, &["a"], (0, 10));
    drop(store);
    let store = scene.open(fixed());
    let nothing = |name: &'static str| (vec![name.as_bytes()], Zeroizing::new(b"nothing".to_vec()), true);
    assert!(store.note(&TANAKA, &[nothing("a"), nothing("b")], 10));
    store.flush(1).expect("written");
    assert_eq!(store.find(&TANAKA, &[b"a"]).as_deref().map(Vec::as_slice), Some(&b"nothing"[..]));
    assert!(store.find(&TANAKA, &[b"b"]).is_none());
}

#[test]
fn what_cannot_be_read_is_made_anew_and_what_others_can_read_is_not_opened() {
    let scene = Scene::new("damaged");
    fs::write(scene.path(), b"no database at all").expect("written");
    fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o600)).expect("0600");
    let store = scene.open(fixed());
    note(&store, &TANAKA, &["tel"], (0, 10));
    assert_eq!(found(&store, &TANAKA, &["tel"]), [true]);
    drop(store);
    fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o644)).expect("0644");
    let opened = IssuedStore::open(&scene.path(), Arc::new(fixed()));
    assert!(matches!(opened, Err(VaultError::Exposed { mode: 0o644, .. })));
}
