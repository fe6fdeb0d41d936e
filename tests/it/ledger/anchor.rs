//! Checkpoints in a second place: each once, and what they show of a ledger whose tail was cut together with its own.

use std::fs;

use sudare::ledger::Bounds;
use sudare::ledger::anchor::{Anchored, Anchoring, anchor};
use sudare::ledger::key::PublicKey;
use sudare::ledger::open::Home;
use sudare::ledger::verify::{Kept, verify};

use super::{BOUNDS, Bench, checkpoints, copy, fault, ledger_dir, segment, state_folder};

#[test]
fn each_checkpoint_is_taken_over_once_and_a_tail_that_was_cut_shows() {
    let (state, elsewhere) = (state_folder(), state_folder());
    let (home, file) = (Home::within(state.path(), "gw-1"), elsewhere.path().join("anchor"));
    let mut bench = Bench::open(state.path(), Bounds { checkpoint_every: std::time::Duration::ZERO, ..BOUNDS });
    bench.commit(0..2);
    bench.writer.turn();
    assert_eq!(anchor(&home, &file).unwrap(), Anchored::Upto(3));
    let before = copy(state.path());
    assert_eq!(anchor(&home, &file).unwrap(), Anchored::Upto(3));
    bench.commit(2..4);
    bench.stop();
    // A crash cut the note that was being taken over.
    let whole = fs::read(&file).unwrap();
    fs::write(&file, [&whole[..], &whole[..20]].concat()).unwrap();
    assert_eq!(anchor(&home, &file).unwrap(), Anchored::Upto(6));
    let key = PublicKey::read(&state.path().join("ledger.pub")).unwrap();
    let kept = Kept::read(&file, &key).unwrap().unwrap();
    assert_eq!(kept.checkpoints.iter().map(|(note, _)| note.head.tip.seq).collect::<Vec<_>>(), [3, 6]);
    let check = |state| verify(&ledger_dir(state), &key, &kept, &mut |_, _| {}).unwrap().finding;
    assert_eq!(check(state.path()), None);
    // As somebody puts it back who can write the ledger's folder alone.
    fs::copy(segment(before.path(), 1), segment(state.path(), 1)).unwrap();
    fs::copy(checkpoints(before.path()), checkpoints(state.path())).unwrap();
    assert_eq!(fault(state.path()), None);
    assert!(check(state.path()).unwrap().what.starts_with("records 4 to 6 are missing"));
    assert_eq!(anchor(&home, &file).unwrap(), Anchored::Behind { ledger: 3, anchor: 6 });
}

#[test]
fn another_file_is_never_written_over() {
    let state = state_folder();
    Bench::open(state.path(), BOUNDS).stop();
    let home = Home::within(state.path(), "gw-1");
    for text in ["my notes\n", "not even a line"] {
        let file = state.path().join("file");
        fs::write(&file, text).unwrap();
        let told = anchor(&home, &file).unwrap_err().to_string();
        assert!(told.contains("name another file"), "{told}");
        assert_eq!(fs::read_to_string(file).unwrap(), text);
    }
    assert!(anchor(&home, &state.path().join("no/such/folder")).is_err());
}

#[test]
fn the_checkpoint_of_a_clean_stop_is_taken_over() {
    let state = state_folder();
    let file = state.path().join("anchor");
    let bench = Bench::open(state.path(), BOUNDS);
    let anchoring = Anchoring::start(Home::within(state.path(), "gw-1"), file.clone()).unwrap();
    bench.stop();
    anchoring.stop();
    assert!(fs::read_to_string(file).unwrap().starts_with("sudare/gw-1\n2\n"));
}
