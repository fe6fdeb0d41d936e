//! What every backend must do: one suite, run over each. Whoever adds a backend gives it a `Stand` and one line at
//! the end of this file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use crate::terms::mint::{Domain, MintError};
use crate::vault::backend::{Backend, Held, Lookup, Record, Row, TOKEN_BYTES, Token};
use crate::vault::embedded::Embedded;
use crate::vault::keep::{SWEPT_MAX, Vault};
use crate::vault::memory_tests::Memory;
use crate::vault::open::VaultError;
use crate::vault::ring::fixed;

/// Where a backend is tried: empty at first.
trait Stand {
    /// Opens what there is.
    fn open(&self) -> Result<Box<dyn Backend>, VaultError>;
    /// Opens what whoever is killed at this moment would have left.
    fn after_a_crash(&self) -> Box<dyn Backend>;
}

const NOW: i64 = 1_800_000_000;

fn lookup(number: u32) -> Lookup {
    std::array::from_fn(|at| number.to_be_bytes()[at % 4] ^ at as u8)
}

fn token(number: u32) -> Token {
    std::array::from_fn(|at| if at < 4 { number.to_be_bytes()[at] } else { (TOKEN_BYTES - at) as u8 })
}

fn row(number: u32, until: Option<i64>) -> Row {
    // What is sealed begins with the version of its keys.
    let sealed = [&[0, 1][..], &number.to_be_bytes()].concat();
    Row { lookup: lookup(number), token: token(number), until, sealed, instead: None }
}

fn keep(backend: &dyn Backend, rows: &[Row], now: i64) {
    backend.keep(&rows.iter().collect::<Vec<_>>(), now).expect("kept");
}

fn found(backend: &dyn Backend, number: u32, now: i64) -> Option<Token> {
    backend.find(&lookup(number), now).expect("read").map(|held| held.token)
}

fn stands(backend: &dyn Backend, number: u32, now: i64) -> bool {
    backend.record(&token(number), now).expect("read").is_some()
}

fn finds_both_ways(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    assert_eq!((backend.tokens().expect("read"), backend.latest().expect("read")), (0, 0));
    keep(&*backend, &[row(1, None), row(2, Some(NOW + 10))], NOW);
    let look = |backend: &dyn Backend| {
        for (number, until) in [(1, None), (2, Some(NOW + 10))] {
            let held = backend.find(&lookup(number), NOW).expect("read");
            assert_eq!(held, Some(Held { token: token(number), until }));
            let Row { sealed, .. } = row(number, until);
            assert_eq!(backend.record(&token(number), NOW).expect("read"), Some(Record { until, sealed }));
        }
        assert_eq!(backend.find(&lookup(3), NOW).expect("read"), None);
        assert_eq!(backend.record(&token(3), NOW).expect("read"), None);
        assert_eq!((backend.tokens().expect("read"), backend.ending().expect("read")), (2, 1));
        assert_eq!(backend.latest().expect("read"), NOW);
    };
    look(&*backend);
    look(&*stand.after_a_crash());
    drop(backend);
    look(&*stand.open().expect("opened again"));
}

fn puts_only_what_is_absent(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    let rival = |number: u32, until, instead| Row { token: token(number), instead, ..row(1, until) };
    keep(&*backend, &[row(1, None)], NOW);
    keep(&*backend, &[rival(7, None, None)], NOW);
    assert_eq!(found(&*backend, 1, NOW), Some(token(1)), "the first is found");
    assert!(stands(&*backend, 7, NOW), "and the other opens all the same");
    keep(&*backend, &[rival(8, None, Some(token(7)))], NOW);
    assert_eq!(found(&*backend, 1, NOW), Some(token(1)), "it takes no place but the one it names");
    keep(&*backend, &[rival(9, Some(NOW + 10), Some(token(1)))], NOW);
    assert_eq!(found(&*backend, 1, NOW), Some(token(9)));
    assert!(stands(&*backend, 1, NOW), "whose place is taken still opens");
    // Two of one batch: the later takes the place of the former.
    keep(&*backend, &[row(2, None), Row { lookup: lookup(2), instead: Some(token(2)), ..row(3, Some(NOW + 5)) }], NOW);
    assert_eq!(found(&*backend, 2, NOW), Some(token(3)));
    // What is given again, since nobody knew whether it was written, changes nothing.
    let before = backend.tokens().expect("read");
    keep(&*backend, &[row(2, None), Row { lookup: lookup(2), instead: Some(token(2)), ..row(3, Some(NOW + 5)) }], NOW);
    assert_eq!((found(&*backend, 2, NOW), backend.tokens().expect("read")), (Some(token(3)), before));
    keep(&*backend, &[rival(4, None, None)], NOW + 10);
    assert_eq!(found(&*backend, 1, NOW + 10), Some(token(4)), "one that has ended has no place");
}

fn what_has_ended_is_unknown_and_goes_in_steps(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    let rows: Vec<Row> = (0..25).map(|number| row(number, Some(NOW + 100 - i64::from(number)))).collect();
    keep(&*backend, &rows, NOW);
    keep(&*backend, &[row(100, None)], NOW);
    assert!(
        stands(&*backend, 24, NOW + 75) && !stands(&*backend, 24, NOW + 76) && found(&*backend, 24, NOW + 76).is_none()
    );
    // One of them has got a new token by now.
    keep(&*backend, &[Row { lookup: lookup(20), ..row(200, None) }], NOW + 99);
    assert_eq!(backend.sweep(NOW + 75, 10).expect("swept"), 0);
    assert_eq!(backend.sweep(NOW + 100, 10).expect("swept"), 10);
    assert_eq!(backend.tokens().expect("read"), 17, "no more than it was told");
    assert!(stands(&*backend, 0, NOW) && !stands(&*backend, 24, NOW), "the oldest first");
    assert_eq!(found(&*backend, 20, NOW + 100), Some(token(200)), "what finds another goes on finding it");
    assert_eq!([10, 10].map(|most| backend.sweep(NOW + 100, most).expect("swept")), [10, 5]);
    drop(backend);
    let backend = stand.open().expect("opened again");
    assert_eq!((backend.tokens().expect("read"), backend.ending().expect("read")), (2, 0));
    assert!(stands(&*backend, 100, NOW + 1_000) && found(&*backend, 0, NOW).is_none());
    assert_eq!(backend.latest().expect("read"), NOW + 100, "what has ended stays ended");
}

/// Time is noted even where nothing else is written, as long as there is something that ends.
fn time_is_noted_while_it_passes(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    keep(&*backend, &[row(1, Some(NOW + 10_000))], NOW);
    backend.sweep(NOW + 5_000, 10).expect("swept");
    backend.sweep(NOW + 4_000, 10).expect("swept");
    assert_eq!(stand.after_a_crash().latest().expect("read"), NOW + 5_000);
}

fn takes_batches(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    let rows: Vec<Row> = (0..5_000).map(|number| row(number, (number % 2 == 0).then_some(NOW + 10))).collect();
    keep(&*backend, &rows, NOW);
    let after = stand.after_a_crash();
    assert_eq!((after.tokens().expect("read"), after.ending().expect("read")), (5_000, 2_500));
    assert!(
        (0..5_000).all(|number| found(&*after, number, NOW) == Some(token(number)) && stands(&*after, number, NOW))
    );
    keep(&*backend, &[], NOW);
}

fn grants_are_found_by_person(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    let key = |person: u32, what: u32| [lookup(person), lookup(what)].concat();
    assert_eq!(backend.grants(&lookup(1), 10).expect("read"), [], "before there is one");
    for (person, what) in [(1, 1), (1, 2), (1, 3), (2, 1)] {
        backend.grant(&[], &key(person, what), b"sealed").expect("kept");
    }
    backend.grant(&[key(1, 1), key(9, 9)], &key(1, 2), b"anew").expect("kept");
    let mut own = backend.grants(&lookup(1), 10).expect("read");
    own.sort();
    let mut expected = vec![(key(1, 2), b"anew".to_vec()), (key(1, 3), b"sealed".to_vec())];
    expected.sort();
    assert_eq!(own, expected);
    assert_eq!(backend.grants(&lookup(1), 1).expect("read").len(), 1);
    assert_eq!(stand.after_a_crash().grants(&lookup(2), 10).expect("read").len(), 1);
}

/// A vault by a clock that is set by hand.
fn vault(stand: &dyn Stand, clock: &Arc<AtomicI64>, tokens_max: usize) -> Vault {
    let read = Arc::clone(clock);
    let clock = Box::new(move || read.load(Ordering::Relaxed));
    Vault::over(stand.open().expect("open"), Arc::new(fixed()), tokens_max, clock).expect("a vault")
}

fn minted(vault: &Vault, value: &str, lasts: Option<u32>) -> Result<Token, MintError> {
    vault.token("phone", &Domain::Shared("a".to_owned()), value, lasts)
}

fn opens(vault: &Vault, token: &Token) -> Option<String> {
    vault.open_random("phone", token).map(|opened| opened.value.0)
}

fn a_token_lasts_as_long_as_its_rule_says(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 100);
    for flushed in [false, true] {
        let value = format!("090-{flushed}");
        let first = minted(&own, &value, Some(1_000)).expect("a token");
        if flushed {
            own.flush().expect("written");
        }
        clock.fetch_add(900, Ordering::Relaxed);
        assert_eq!(minted(&own, &value, Some(1_000)), Ok(first), "it is no other while it lasts");
        assert_eq!(minted(&own, &value, None), Ok(first), "nor for a rule that says no end");
        assert_eq!(opens(&own, &first), Some(value.clone()));
        clock.fetch_add(100, Ordering::Relaxed);
        assert_eq!(opens(&own, &first), None);
        let second = minted(&own, &value, Some(1_000)).expect("a new token");
        assert_ne!(second, first);
        own.flush().expect("written");
        assert_eq!((opens(&own, &first), opens(&own, &second)), (None, Some(value)));
    }
    clock.fetch_add(10_000, Ordering::Relaxed);
    assert_eq!(own.sweep().expect("swept"), 4);
    assert_eq!(own.backend().tokens().expect("read"), 0);
}

fn a_rule_never_gives_away_what_lasts_longer(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 100);
    let endless = minted(&own, "1", None).expect("a token");
    let short = minted(&own, "1", Some(100)).expect("a token");
    assert_ne!(endless, short);
    own.flush().expect("written");
    assert_eq!([None, Some(100), Some(1_000)].map(|lasts| minted(&own, "1", lasts)), [Ok(short); 3]);
    assert_eq!((opens(&own, &endless), opens(&own, &short)), (Some("1".to_owned()), Some("1".to_owned())));
    clock.fetch_add(100, Ordering::Relaxed);
    let next = minted(&own, "1", None).expect("a token");
    assert!(next != short && opens(&own, &short).is_none() && opens(&own, &endless).is_some());
}

fn a_clock_that_is_set_back_brings_nothing_back(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 100);
    let token = minted(&own, "1", Some(1_000)).expect("a token");
    own.flush().expect("written");
    clock.store(NOW + 1_000, Ordering::Relaxed);
    assert_eq!(opens(&own, &token), None);
    clock.store(NOW, Ordering::Relaxed);
    assert_eq!(opens(&own, &token), None);
    assert!(own.leap().is_some_and(|leap| leap.clock < leap.known));
    // It is known to have ended, whether or not it is gone yet.
    minted(&own, "2", None).expect("a token");
    own.flush().expect("written");
    drop(own);
    let own = vault(stand, &clock, 100);
    assert!(opens(&own, &token).is_none() && minted(&own, "1", Some(1_000)).is_ok_and(|new| new != token));
    assert!(own.leap().is_some_and(|leap| leap.clock == NOW && leap.known >= NOW + 1_000), "and it is told");
    assert_eq!(own.sweep().expect("swept"), 1);
}

fn a_clock_far_ahead_is_told(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 100);
    minted(&own, "1", Some(1_000)).expect("a token");
    own.flush().expect("written");
    assert_eq!(own.leap(), None);
    drop(own);
    clock.store(NOW + 1_000_000, Ordering::Relaxed);
    let own = vault(stand, &clock, 100);
    let leap = own.leap().expect("told before anything is taken out");
    assert_eq!((leap.clock, own.ending().expect("read")), (NOW + 1_000_000, 1));
}

fn no_more_is_kept_than_the_bound(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 3);
    for value in ["1", "2", "3"] {
        minted(&own, value, Some(10)).expect("a token");
    }
    assert_eq!(minted(&own, "4", None), Err(MintError::Vault));
    own.flush().expect("written");
    assert_eq!(minted(&own, "4", None), Err(MintError::Vault));
    assert!(minted(&own, "1", Some(10)).is_ok(), "what it keeps it still gives");
    drop(own);
    let own = vault(stand, &clock, 3);
    assert_eq!(minted(&own, "4", None), Err(MintError::Vault));
    clock.fetch_add(10, Ordering::Relaxed);
    assert_eq!(own.sweep().expect("swept"), 3);
    assert!(minted(&own, "4", None).is_ok(), "what has ended makes room");
}

fn all_that_ends_goes_step_by_step(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 10_000);
    for value in 0..SWEPT_MAX + 10 {
        minted(&own, &value.to_string(), Some(10)).expect("a token");
    }
    own.flush().expect("written");
    clock.fetch_add(10, Ordering::Relaxed);
    assert_eq!([0; 3].map(|_| own.sweep().expect("swept")), [SWEPT_MAX, 10, 0]);
}

impl Stand for Memory {
    fn open(&self) -> Result<Box<dyn Backend>, VaultError> {
        Ok(Box::new(self.clone()))
    }

    fn after_a_crash(&self) -> Box<dyn Backend> {
        Box::new(self.clone())
    }
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("vault.redb")
    }
}

impl Stand for Folder {
    fn open(&self) -> Result<Box<dyn Backend>, VaultError> {
        Ok(Box::new(Embedded::open(&self.path(), &Arc::new(fixed()))?))
    }

    fn after_a_crash(&self) -> Box<dyn Backend> {
        let copy = self.0.path().join("crashed.redb");
        std::fs::copy(self.path(), &copy).expect("copied");
        Box::new(Embedded::open(&copy, &Arc::new(fixed())).expect("opened"))
    }
}

fn what_looks_like_a_value_stands_for_one_alone(stand: &dyn Stand) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let own = vault(stand, &clock, 3);
    let issued = |vault: &Vault, shown: &str| vault.issued("phone", shown).expect("read").map(|value| value.0);
    assert_eq!(own.issue("phone", "035", "090"), Ok(true));
    assert_eq!(issued(&own, "035").as_deref(), Some("090"), "before it is written");
    assert_eq!([own.issue("phone", "035", "090"), own.issue("phone", "035", "091")], [Ok(true), Ok(false)]);
    own.flush().expect("written");
    drop(own);
    let own = vault(stand, &clock, 3);
    assert_eq!(issued(&own, "035").as_deref(), Some("090"));
    assert!(issued(&own, "090").is_none() && own.issued("email", "035").expect("read").is_none());
    // It is no token of the value, and the value's token is no such thing.
    let token = minted(&own, "035", None).expect("a token");
    assert_eq!((opens(&own, &token).as_deref(), issued(&own, "035").as_deref()), (Some("035"), Some("090")));
    assert_eq!(own.issue("phone", "036", "092"), Ok(true));
    assert_eq!(own.issue("phone", "037", "093"), Err(MintError::Vault), "the bound holds for them too");
}

fn versions_are_marked_again_and_again(stand: &dyn Stand) {
    let backend = stand.open().expect("open");
    for version in [2, 3, 3] {
        backend.mark(version, &lookup(u32::from(version))).expect("marked");
    }
}

macro_rules! suite {
    ($backend:ident, $stand:expr, [$($test:ident),* $(,)?]) => {
        mod $backend {
            use super::*;
            $(#[test] fn $test() { super::$test(&$stand); })*
        }
    };
}

macro_rules! conforms {
    ($($backend:ident: $stand:expr;)*) => {
        $(suite!($backend, $stand, [
            finds_both_ways,
            puts_only_what_is_absent,
            what_has_ended_is_unknown_and_goes_in_steps,
            time_is_noted_while_it_passes,
            takes_batches,
            grants_are_found_by_person,
            a_token_lasts_as_long_as_its_rule_says,
            a_rule_never_gives_away_what_lasts_longer,
            a_clock_that_is_set_back_brings_nothing_back,
            a_clock_far_ahead_is_told,
            no_more_is_kept_than_the_bound,
            all_that_ends_goes_step_by_step,
            what_looks_like_a_value_stands_for_one_alone,
            versions_are_marked_again_and_again,
        ]);)*
    };
}

conforms! {
    memory: Memory::default();
    embedded: Folder::new();
}

/// What is true of one file alone.
mod one_file {
    use super::*;

    #[test]
    fn it_is_one_process_s() {
        let folder = Folder::new();
        let _open = folder.open().expect("open");
        let told = folder.open().err().expect("refused").to_string();
        assert!(told.ends_with("is open in another process; a state folder has one gateway"), "{told}");
    }

    #[test]
    fn one_that_was_cut_is_refused_and_says_what_to_do() {
        let folder = Folder::new();
        let backend = folder.open().expect("open");
        for batch in 0..20 {
            let rows: Vec<Row> = (batch * 50..batch * 50 + 50).map(|number| row(number, None)).collect();
            keep(&*backend, &rows, NOW);
        }
        drop(backend);
        let whole = std::fs::read(folder.path()).expect("the file");
        let mut cuts: Vec<usize> = (0..64).map(|part| whole.len() / 64 * part).collect();
        cuts.extend([1, 9, 100, 511, 512, 4095, whole.len() - 4096, whole.len() - 1]);
        for cut in cuts {
            std::fs::write(folder.path(), &whole[..cut]).expect("cut");
            let told = folder.open().err().unwrap_or_else(|| panic!("{cut} of {} bytes open", whole.len())).to_string();
            assert!(told.contains("is damaged") && told.ends_with("restore it from its backup"), "{cut}: {told}");
        }
        std::fs::write(folder.path(), &whole).expect("mended");
        assert_eq!(folder.open().expect("open").tokens().expect("read"), 1_000);
    }

    #[test]
    fn what_has_ended_leaves_its_room_to_others() {
        let folder = Folder::new();
        let backend = folder.open().expect("open");
        let mut sizes = Vec::new();
        for round in 0..30u32 {
            let now = NOW + 100 * i64::from(round);
            let rows: Vec<Row> = (0..500).map(|number| row(round * 500 + number, Some(now + 100))).collect();
            keep(&*backend, &rows, now);
            while backend.sweep(now, 100).expect("swept") > 0 {}
            sizes.push(std::fs::metadata(folder.path()).expect("the file").len());
        }
        assert_eq!(backend.tokens().expect("read"), 500);
        assert!(sizes[29] <= 2 * sizes[4], "{sizes:?}");
    }

    #[test]
    fn a_file_of_before_tokens_had_ends_is_read() {
        let folder = Folder::new();
        let backend = folder.open().expect("open");
        // Neither table of what ends is there, and records are as they were.
        assert_eq!((backend.ending().expect("read"), backend.latest().expect("read")), (0, 0));
        assert_eq!(backend.sweep(NOW, 10).expect("swept"), 0);
        keep(&*backend, &[row(1, None)], NOW);
        let held = backend.find(&lookup(1), i64::MAX).expect("read").expect("found");
        assert_eq!(held, Held { token: token(1), until: None });
    }
}
