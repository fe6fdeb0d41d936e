//! The tree over the records: what is signed is the root of exactly the records that are there, whatever went before.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use sudare::ledger::Bounds;
use sudare::ledger::chain::Hash;
use sudare::ledger::checkpoint::{self, Checkpoint};
use sudare::ledger::key::PublicKey;
use sudare::ledger::segment;
use sudare::ledger::tree;

use super::{BOUNDS, Bench, check, checkpoints, ledger_dir, state_folder};

/// RFC 9162 section 2.1.1 over the hashes of all records, as they stand in the files.
fn root(state: &Path) -> Hash {
    whole(&leaves(state))
}

/// The same over the first records.
pub fn root_of(state: &Path, size: usize) -> Hash {
    whole(&leaves(state)[..size])
}

fn leaves(state: &Path) -> Vec<Hash> {
    let mut leaves = Vec::new();
    segment::each_after(&segment::list(&ledger_dir(state)).unwrap(), 0, &mut |record, _| {
        leaves.push(tree::leaf(record.unwrap().hash));
        ControlFlow::Continue(())
    })
    .unwrap();
    leaves
}

fn whole(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => tree::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            tree::node(whole(left), whole(right))
        }
    }
}

fn last(state: &Path) -> Checkpoint {
    let key = PublicKey::read(&state.join("ledger.pub")).unwrap();
    checkpoint::tail(&checkpoints(state), &key).unwrap().last.unwrap()
}

#[test]
fn the_root_that_is_signed_is_that_of_all_records_over_starts_and_segments() {
    let state = state_folder();
    let bounds = Bounds { segment_bytes_max: 3000, ..BOUNDS };
    for run in 0..5 {
        let mut bench = Bench::open(state.path(), bounds);
        bench.commit(0..run * 3);
        // Each other run crashes, so that the next one finds records that no checkpoint covers.
        if run % 2 == 0 {
            bench.stop();
        }
    }
    assert_eq!(last(state.path()).head.tree.root(), root(state.path()));
    assert!(check(state.path()).finding.is_none());
}

#[test]
fn a_ledger_that_lost_its_checkpoints_has_its_tree_again_from_its_records() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { segment_bytes_max: 3000, ..BOUNDS });
    bench.commit(0..9);
    bench.stop();
    fs::remove_file(checkpoints(state.path())).unwrap();
    Bench::open(state.path(), BOUNDS).stop();
    assert_eq!(last(state.path()).head.tree.root(), root(state.path()));
}

#[test]
fn a_ledger_that_lost_records_too_goes_on_and_its_tree_is_no_excuse_for_the_gap() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { segment_bytes_max: 1, ..BOUNDS });
    bench.commit(0..3);
    bench.stop();
    fs::remove_file(checkpoints(state.path())).unwrap();
    fs::remove_file(super::segment(state.path(), 2)).unwrap();
    Bench::open(state.path(), BOUNDS).stop();
    let signed = last(state.path()).head;
    assert_eq!((signed.tip.seq, signed.tree.size()), (8, 8));
    assert!(check(state.path()).finding.is_some());
}
