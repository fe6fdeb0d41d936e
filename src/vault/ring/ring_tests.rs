//! Rings on a disk: made, opened, damaged, changed, and opened again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::terms::kind::{Kinds, PHONE};
use crate::terms::mint::{Domain, Mint, STORED};
use crate::vault::kek::Source;
use crate::vault::mint::KeyMint;
use crate::vault::ring::change::{self, Denied, Moved, Shredded};
use crate::vault::ring::written::{Material, State, Written};
use crate::vault::ring::{Place, Ring, RingError, Rings, fixed};

const NOW: i64 = 1_795_420_800;

struct Scene {
    folder: TempDir,
    place: Place,
}

impl Scene {
    /// A folder with a ring.
    fn new() -> Scene {
        let scene = Scene::empty();
        scene.place.create(NOW).expect("created");
        scene
    }

    fn empty() -> Scene {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::beside(&folder.path().join("keys"));
        Scene { folder, place }
    }

    /// A folder with a ring of the first format.
    fn first_format() -> Scene {
        let scene = Scene::empty();
        let text = include_str!("../../../tests/cases/transform/keys");
        write(&scene.place.ring, text.as_bytes());
        scene
    }

    fn rotate(&self, moved: &Moved) -> u16 {
        let rotated = self.place.change(|written| {
            let kek = self.place.kek.made()?;
            change::rotate(written, kek.as_ref(), moved, NOW)
        });
        rotated.map_err(|error| error.to_string()).expect("rotated")
    }

    fn destroy(&self, version: u16) -> Result<(), Denied> {
        self.place.change(|written| change::destroy(written, version))
    }

    fn shred(&self, whose: &Domain) -> Result<Shredded, Denied> {
        self.place.change(|written| {
            let kek = self.place.kek.open()?;
            let ring = self.place.unwrapped(written, Some(kek.as_ref()))?;
            change::shred(written, &ring, whose, kek.as_ref(), NOW)
        })
    }

    /// Which of these tokens open.
    fn opened(&self, tokens: &[&String]) -> Vec<bool> {
        let mint = KeyMint::new(Arc::new(self.ring()));
        tokens.iter().map(|token| mint.open(token).is_ok()).collect()
    }

    fn ring(&self) -> Ring {
        self.place.open().expect("a ring")
    }

    fn told(&self) -> String {
        told(self.place.open())
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("set");
}

fn told(ring: Result<Ring, RingError>) -> String {
    ring.err().expect("an error").to_string()
}

fn moved(names: &[&str]) -> Moved {
    Moved { named: names.iter().map(|name| (*name).to_owned()).collect(), ..Moved::default() }
}

fn shared(name: &str) -> Domain {
    Domain::Shared(name.to_owned())
}

fn subject() -> Domain {
    customer("42")
}

fn customer(id: &str) -> Domain {
    Domain::Subject { kind: "customer".to_owned(), id: id.to_owned() }
}

fn token(ring: Ring, domain: &Domain) -> String {
    KeyMint::new(Arc::new(ring)).token(Kinds::builtin().get(PHONE), domain, "090-1234-5678").expect("a token")
}

#[test]
fn what_is_created_is_opened() {
    let scene = Scene::empty();
    let made = scene.place.create(NOW).expect("created");
    assert!(made.is(&scene.ring()));
    for name in ["keys", "keys.kek"] {
        let mode = fs::metadata(scene.folder.path().join(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(scene.folder.path()).expect("a folder").count(), 2, "no draft is left");
    assert!(told(scene.place.create(NOW)).contains("already"));
    assert!(made.is(&scene.ring()), "unharmed");
    assert!(made.is(&scene.place.open_or_create(NOW).expect("opened")));
    assert!(!made.is(&Scene::new().ring()), "two rings differ");
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    assert!(text.starts_with("sudare-keys 2\nkek local "), "{text}");
    assert!(text.contains("\nkey 1 active 2026-11-23T08:00:00Z 0 "), "{text}");
}

#[test]
fn what_lies_there_is_wrapped() {
    let scene = Scene::new();
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    let ring = scene.ring();
    for key in [&ring.current().data[..], &ring.current().mac[..]] {
        let clear = data_encoding::BASE64.encode(&key[..30]);
        assert!(!text.contains(&clear[..20]));
    }
}

#[test]
fn files_that_others_read_are_refused_with_the_cure() {
    let scene = Scene::new();
    for name in ["keys", "keys.kek"] {
        let path = scene.folder.path().join(name);
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set");
            let told = scene.told();
            assert!(told.ends_with(&format!("run `chmod 600 {}`", path.display())), "{told}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
    }
    assert!(told(Ring::open(&scene.folder.path().join("none"))).starts_with("there is no key ring"));
}

#[test]
fn a_ring_without_its_key_or_with_another_says_which() {
    let scene = Scene::new();
    let kek = scene.folder.path().join("keys.kek");
    fs::remove_file(&kek).expect("removed");
    assert!(scene.told().starts_with("there is no key-encryption key at"), "{}", scene.told());
    let opened = scene.place.open_or_create(NOW);
    assert!(matches!(opened, Err(RingError::Kek(_))), "no other key is made for a ring that is there");
    assert!(!kek.exists());
    let other = Scene::new();
    fs::copy(other.folder.path().join("keys.kek"), &kek).expect("copied");
    assert!(scene.told().contains("is wrapped under the key-encryption key `local "), "{}", scene.told());
    let place = Place { kek: Source::Environment("SUDARE_NO_SUCH_KEK".to_owned()), ..scene.place };
    assert!(told(place.open()).starts_with("the environment variable `SUDARE_NO_SUCH_KEK` is not set"));
}

#[test]
fn every_damage_is_seen() {
    let scene = Scene::new();
    scene.rotate(&Moved::default());
    scene.rotate(&moved(&["analytics"]));
    let wrapped = fs::read(&scene.place.ring).expect("a ring");
    for good in [include_bytes!("../../../tests/cases/transform/keys").to_vec(), wrapped] {
        for at in 0..good.len() {
            let mut bent = good.clone();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let text = String::from_utf8(bent).expect("ASCII");
            assert!(Written::parse(&text, false).is_err(), "byte {at}");
            let cut = std::str::from_utf8(&good[..at]).expect("ASCII");
            assert!(at + 1 == good.len() || Written::parse(cut, false).is_err(), "cut at {at}");
        }
    }
    for bytes in [&b""[..], b"hello\n", b"\xff\xfe\n", b"sudare-keys 4\nchecksum 0\n"] {
        write(&scene.place.ring, bytes);
        assert!(scene.told().contains("is damaged: line 1: it"), "{}", scene.told());
    }
}

#[test]
fn what_has_no_meaning_is_told_by_its_line() {
    let key = "key 1 active - 0 AAAA";
    let line = |lines: &str| {
        let before = format!("sudare-keys 2\n{lines}\n");
        let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, before.as_bytes());
        let text = format!("{before}checksum {}\n", data_encoding::HEXLOWER.encode(sum.as_ref()));
        Written::parse(&text, false).map(|_| ()).err()
    };
    let kek = "kek local 00";
    assert_eq!(line(&format!("{kek}\n{key}\nshared 1")), None);
    for (lines, place, what) in [
        (key.to_owned(), 2, "it does not say what wraps its keys"),
        (format!("{kek}\nshared 1"), 3, "it has no key"),
        (format!("{kek}\n{key}\n{key}\nshared 1"), 4, "the versions are out of order"),
        (format!("{kek}\nkey 1 old - 0 AAAA\nkey 1 active - 0 AAAA\nshared 1"), 3, "its state is not"),
        (format!("{kek}\nkey 2 old - 0 AAAA\n{key}\nshared 1"), 4, "the versions are out of order"),
        (format!("{kek}\n{key}\nshared 2"), 4, "a version that must mint is not there"),
        (format!("{kek}\n{key}"), 4, "a version that must mint is not there"),
        (format!("{kek}\nkey 1 destroyed - 0 -\nshared 1"), 4, "a version that must mint is not there"),
        (format!("{kek}\n{key}\nshared 1\ndomain 7 x"), 4, "a version that must mint is not there"),
        (format!("{kek}\n{key}\nshared 1\ndomain 1 x\ndomain 1 x"), 6, "the domain stands there twice"),
        (format!("{kek}\n{key}\nshared one"), 4, "it is no version"),
        (format!("{kek}\n{key}\nshared 1\ndomain 1"), 5, "it is no domain"),
        (format!("{kek}\n{key}\nshared 1\nhello"), 5, "it is no line of a key ring"),
        (format!("{kek}\nkey 0 active - 0 AAAA\nshared 1"), 3, "it is no key"),
        (format!("{kek}\nkey 1 active yesterday 0 AAAA\nshared 1"), 3, "it is no key"),
        (format!("{kek}\nkey 1 active - -1 AAAA\nshared 1"), 3, "it is no key"),
    ] {
        let (at, told) = line(&lines).unwrap_or_else(|| panic!("{lines} is read"));
        assert!(at == place && told.starts_with(what), "{lines}: {at}: {told}");
    }
}

#[test]
fn a_wrapped_key_is_bound_to_its_version() {
    let scene = Scene::new();
    scene.rotate(&Moved::default());
    let swapped = scene.place.change(|written| {
        let (one, two) = written.rows.split_at_mut(1);
        std::mem::swap(&mut one[0].material, &mut two[0].material);
        Ok::<(), RingError>(())
    });
    swapped.expect("written");
    assert!(scene.told().starts_with("version 1 of the key ring"), "{}", scene.told());
}

#[test]
fn a_ring_of_the_first_format_opens_and_is_wrapped_by_its_first_change() {
    let scene = Scene::first_format();
    let before = scene.ring();
    assert_eq!(fs::read_dir(scene.folder.path()).expect("a folder").count(), 1, "looking changes nothing");
    scene.place.change(|_| Ok::<(), RingError>(())).expect("changed");
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    assert!(text.starts_with("sudare-keys 2\n") && text.contains(" active - 0 "), "{text}");
    assert!(scene.ring().is(&before));
    for domain in [subject(), shared("analytics")] {
        assert_eq!(token(scene.ring(), &domain), token(Scene::first_format().ring(), &domain));
    }
}

#[test]
fn versions_of_the_first_format_mint_as_they_did() {
    let data = |at: u8| data_encoding::BASE64.encode(&std::array::from_fn::<u8, 64, _>(|byte| byte as u8 ^ at));
    let mac = |at: u8| data_encoding::BASE64.encode(&std::array::from_fn::<u8, 32, _>(|byte| 0x80 ^ byte as u8 ^ at));
    let before = format!("sudare-keys 1\nkey 1 {} {}\nkey 2 {} {}\n", data(1), mac(1), data(2), mac(2));
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, before.as_bytes());
    let scene = Scene::empty();
    let text = format!("{before}checksum {}\n", data_encoding::HEXLOWER.encode(sum.as_ref()));
    write(&scene.place.ring, text.as_bytes());
    assert!(scene.ring().is(&fixed()));
    assert_eq!(token(scene.ring(), &shared("analytics")), token(fixed(), &shared("analytics")));
}

#[test]
fn after_a_rotation_old_tokens_open_and_shared_ones_stay() {
    let scene = Scene::new();
    let (own, common) = (token(scene.ring(), &subject()), token(scene.ring(), &shared("analytics")));
    assert_eq!(scene.rotate(&Moved::default()), 2);
    let mint = KeyMint::new(Arc::new(scene.ring()));
    for token in [&own, &common] {
        assert_eq!(mint.open(token).map(|opened| opened.value.0), Ok("090-1234-5678".to_owned()));
    }
    assert_ne!(token(scene.ring(), &subject()), own);
    assert_eq!(token(scene.ring(), &shared("analytics")), common);
    let kinds = Kinds::builtin();
    let before = scene.ring();
    let hash = |ring: Ring| KeyMint::new(Arc::new(ring)).hash(kinds.get(PHONE), &shared("a"), "x").expect("a hash");
    let (hashed, sessions) = (hash(scene.ring()), scene.ring().session_key());
    scene.rotate(&Moved::default());
    assert_eq!(hash(scene.ring()), hashed);
    assert_eq!(scene.ring().session_key(), sessions, "nobody has to log in again");
    assert!(scene.ring().follows(&before) && !before.follows(&scene.ring()));
}

#[test]
fn a_domain_breaks_when_it_is_told_to_and_no_other_does() {
    let scene = Scene::new();
    let both = || (token(scene.ring(), &shared("a")), token(scene.ring(), &shared("b")));
    let first = both();
    assert_eq!(scene.rotate(&moved(&["a"])), 2, "a domain that mints under the active version needs a new one");
    let second = both();
    assert_ne!(second.0, first.0);
    assert_eq!(second.1, first.1);
    assert_eq!(scene.rotate(&moved(&["b"])), 2, "one that lags moves up to it");
    let third = both();
    assert_eq!(third.0, second.0);
    assert_ne!(third.1, second.1);
    assert_eq!(scene.rotate(&moved(&["b"])), 3);
    assert_ne!(both().1, third.1);
    let stored = token(scene.ring(), &shared(STORED));
    assert_eq!(scene.rotate(&Moved { all: true, ..Moved::default() }), 3);
    assert_eq!(token(scene.ring(), &shared(STORED)), stored, "what the CRM holds moves by its name alone");
    let written = scene.place.read().expect("a ring");
    assert_eq!((written.shared, written.domains.get(STORED)), (3, Some(&1)));
    scene.rotate(&moved(&[STORED]));
    assert_ne!(token(scene.ring(), &shared(STORED)), stored);
    for name in ["", "two\nlines", &"x".repeat(257)] {
        let kek = scene.place.kek.open().expect("a key");
        let rotated = scene.place.change(|written| change::rotate(written, kek.as_ref(), &moved(&[name]), NOW));
        assert!(matches!(rotated, Err(Denied::NoName)));
    }
}

#[test]
fn keys_are_destroyed_only_where_nothing_mints_under_them() {
    let scene = Scene::new();
    let opaque = token(scene.ring(), &subject());
    let before = scene.ring();
    let told = |version| scene.destroy(version).expect_err("denied").to_string();
    assert!(told(1).starts_with("version 1 mints"));
    assert_eq!(told(7), "the key ring has no version 7");
    scene.rotate(&moved(&["a"]));
    assert!(told(1).starts_with("shared token domains mint under version 1"));
    scene.rotate(&Moved { all: true, ..moved(&["a"]) });
    assert!(told(1).starts_with("the token domains `sudare.stored` mint under version 1"), "{}", told(1));
    scene.rotate(&moved(&[STORED]));
    scene.destroy(1).expect("destroyed");
    assert_eq!(told(1), "version 1 is destroyed already");
    let written = scene.place.read().expect("a ring");
    let row = written.row(1).expect("its line stays");
    assert!(matches!(row.material, Material::Destroyed) && written.state(row) == State::Destroyed);
    let after = scene.ring();
    assert!(after.version(1).is_none() && after.follows(&before) && !before.follows(&after));
    assert!(KeyMint::new(Arc::new(after)).open(&opaque).is_err());
}

#[test]
fn two_rings_differ() {
    let (one, two) = (Scene::new(), Scene::new());
    assert!(!one.ring().follows(&two.ring()));
    let foreign = token(two.ring(), &subject());
    assert!(KeyMint::new(Arc::new(one.ring())).open(&foreign).is_err(), "it is simply unknown");
}

#[test]
fn two_gateways_with_one_ring_mint_and_open_the_same() {
    let scene = Scene::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    for name in ["keys", "keys.kek"] {
        fs::copy(scene.folder.path().join(name), elsewhere.path().join(name)).expect("copied");
    }
    let other = || Ring::open(&elsewhere.path().join("keys")).expect("a ring");
    for domain in [subject(), shared("analytics")] {
        let token = token(scene.ring(), &domain);
        assert_eq!(token, self::token(other(), &domain));
        assert!(KeyMint::new(Arc::new(other())).open(&token).is_ok());
    }
}

#[test]
fn one_changes_at_a_time_and_encryptions_are_counted_on() {
    let scene = Scene::new();
    let rings = Rings::from(Arc::new(scene.ring()));
    let now = rings.now();
    let mint = KeyMint::new(Arc::clone(&now));
    for _ in 0..3 {
        mint.token(Kinds::builtin().get(PHONE), &subject(), "x").expect("a token");
    }
    mint.seal_page(b"page", &[]).expect("sealed");
    assert_eq!(now.current().used(), 4);
    scene.rotate(&Moved::default());
    rings.put(Arc::new(scene.ring().counting_on(&now)));
    assert_eq!(rings.now().version(1).expect("old").used(), 4);
    assert_eq!(rings.now().current().used(), 0);
    std::thread::scope(|scope| {
        let changes: Vec<_> = (0..8).map(|_| scope.spawn(|| scene.rotate(&Moved::default()))).collect();
        let mut versions: Vec<u16> = changes.into_iter().map(|change| change.join().expect("no panic")).collect();
        versions.sort_unstable();
        assert_eq!(versions, (3..11).collect::<Vec<_>>());
    });
}

#[test]
fn a_domain_with_a_key_of_its_own_is_destroyed_alone() {
    let scene = Scene::new();
    let before = token(scene.ring(), &shared("agency"));
    assert_eq!(scene.rotate(&Moved { own: true, ..moved(&["agency"]) }), 1, "nothing else is drawn");
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    assert!(text.starts_with("sudare-keys 3\n") && text.contains("\nown 2 agency\n"), "{text}");
    let ring = scene.ring();
    assert_eq!((ring.current().version, ring.minting(&shared("agency")).version), (1, 2));
    assert_eq!([ring.sealing(&shared("agency")).version, ring.sealing(&shared("other")).version], [2, 1]);
    let (own, other, customer) = (
        token(scene.ring(), &shared("agency")),
        token(scene.ring(), &shared("other")),
        token(scene.ring(), &subject()),
    );
    assert_eq!(scene.rotate(&moved(&["agency"])), 1, "another one of its own");
    let next = token(scene.ring(), &shared("agency"));
    assert_eq!(scene.ring().minting(&shared("agency")).version, 3);
    assert_eq!(scene.rotate(&Moved { all: true, ..Moved::default() }), 4);
    assert_eq!(token(scene.ring(), &shared("agency")), next, "all others move");
    let all = [&before, &own, &other, &customer, &next];
    assert_eq!(scene.opened(&all), [true; 5]);
    let old = scene.ring();
    let done = scene.shred(&shared("agency")).expect("done");
    assert_eq!((done.destroyed, done.refused), (vec![2, 3], vec![1, 4]));
    assert_eq!(scene.opened(&all), [false, false, true, true, false]);
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    assert!(text.contains("\nkey 2 destroyed ") && text.contains("\nkey 3 destroyed "), "{text}");
    let fresh = token(scene.ring(), &shared("agency"));
    assert_eq!((scene.ring().minting(&shared("agency")).version, scene.opened(&[&fresh])), (5, vec![true]));
    // A gateway takes it, and never goes back.
    assert!(scene.ring().follows(&old) && !old.follows(&scene.ring()));
    assert!(matches!(scene.shred(&shared(STORED)), Err(Denied::Stored)));
    assert!(matches!(scene.shred(&shared("a\nb")), Err(Denied::NoName)));
}

#[test]
fn the_tokens_of_a_subject_are_refused_until_their_keys_are_destroyed() {
    let scene = Scene::new();
    scene.rotate(&Moved::default());
    let first = token(scene.ring(), &subject());
    let (other, common) = (token(scene.ring(), &customer("43")), token(scene.ring(), &shared("a")));
    let old = scene.ring();
    let done = scene.shred(&customer(" ４２")).expect("done");
    assert_eq!((done.destroyed, done.refused), (vec![], vec![1, 2]), "an id that is written in another way");
    assert_eq!(scene.opened(&[&first, &other, &common]), [false, true, true]);
    assert!(scene.ring().follows(&old) && !old.follows(&scene.ring()), "an older copy is not taken");
    assert!(!scene.ring().is(&old));
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    assert!(text.contains("\nshred 1 ") && !text.contains("customer"), "{text}");
    // What is made of another version is the subject's again, and what is destroyed needs no word more.
    scene.rotate(&Moved::default());
    scene.rotate(&Moved { all: true, ..Moved::default() });
    let again = token(scene.ring(), &subject());
    assert_eq!(scene.opened(&[&again]), [true]);
    scene.rotate(&moved(&[STORED]));
    for version in [1, 2] {
        scene.destroy(version).map_err(|error| error.to_string()).expect("destroyed");
    }
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    assert!(!text.contains("\nshred ") && text.starts_with("sudare-keys 2\n"), "{text}");
}

#[test]
fn rings_that_contradict_themselves_are_refused() {
    let scene = Scene::new();
    scene.rotate(&Moved { own: true, ..moved(&["agency"]) });
    let text = fs::read_to_string(&scene.place.ring).expect("text");
    let body = text.rsplit_once("checksum ").expect("a checksum").0.to_owned();
    for (from, to, says) in [
        ("own 2 agency", "own 2 other", "one domain's alone"),
        ("own 2 agency", "own 1 agency", "its state is not"),
        ("own 2 agency", "own 9 agency", "its state is not"),
        ("own 2 agency", "own 2 agency\nown 2 agency", "stands there twice"),
        ("own 2 agency", "own 2 agency\nshred 1 xyz", "names nobody"),
        ("own 2 agency", "own 2 agency\nshred 7 0000000000000000000000000000000000000000", "one domain's alone"),
        ("shared 1", "shared 2", "one domain's alone"),
    ] {
        let mut changed = body.replace(from, to);
        let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, changed.as_bytes());
        changed.push_str(&format!("checksum {}\n", data_encoding::HEXLOWER.encode(sum.as_ref())));
        write(&scene.place.ring, changed.as_bytes());
        let told = scene.told();
        assert!(told.contains(says), "{to}: {told}");
    }
}

/// Whether a type can be printed: what can be is met one step before what cannot.
macro_rules! prints {
    ($($what:ty),*) => {{
        struct Of<T>(std::marker::PhantomData<T>);
        trait Does {
            fn prints(&self) -> bool {
                true
            }
        }
        trait DoesNot {
            fn prints(&self) -> bool {
                false
            }
        }
        impl<T: std::fmt::Debug> Does for Of<T> {}
        impl<T> DoesNot for &Of<T> {}
        [$((&Of::<$what>(std::marker::PhantomData)).prints()),*]
    }};
}

#[test]
fn nothing_that_holds_keys_can_be_printed_and_all_of_it_is_wiped() {
    use crate::vault::ff1::Ff1;
    use crate::vault::kek::LocalKey;
    use crate::vault::ring::Keys;
    use crate::vault::seal::LookupKey;
    let [number, held @ ..] = prints!(u16, Keys, Ring, Rings, Written, Material, LocalKey, Ff1, LookupKey, KeyMint);
    assert!(number && held == [false; 9], "{held:?}");
    // What is set up once and kept wipes itself; the keys beside it are behind `Zeroizing`.
    fn is_wiped<T: zeroize::ZeroizeOnDrop>() {}
    is_wiped::<zeroize::Zeroizing<[u8; 32]>>();
    is_wiped::<aes_siv::siv::Aes256Siv>();
    is_wiped::<aes::Aes256Enc>();
    let wiped = |ring: &Ring| (ring.current().data.clone(), ring.current().mac.clone());
    let _: (zeroize::Zeroizing<[u8; 64]>, zeroize::Zeroizing<[u8; 32]>) = wiped(&fixed());
}
