//! Proofs: each record and each pair of checkpoints is proven, nothing else is, and others' tools agree.

use std::fs;
use std::path::Path;
use std::process::Command;

use sudare::ledger::Bounds;
use sudare::ledger::key::PublicKey;
use sudare::ledger::prove::{self, ProveError};
use sudare::ledger::segment;
use sudare::ledger::tlog_proof::{Extension, Flaw, Inclusion};
use sudare::ledger::tree::stored::Stored;
use tempfile::TempDir;

use super::{BOUNDS, Bench, checkpoints, ledger_dir, state_folder};

/// Ten commits over several segments, each of them signed.
fn signed() -> (TempDir, PublicKey) {
    let state = state_folder();
    let bounds = Bounds { segment_bytes_max: 3000, checkpoint_every: std::time::Duration::ZERO, ..BOUNDS };
    let mut bench = Bench::open(state.path(), bounds);
    bench.commit(0..10);
    bench.stop();
    let key = PublicKey::read(&state.path().join("ledger.pub")).unwrap();
    (state, key)
}

#[test]
fn each_record_is_proven_to_whoever_has_the_public_key_alone() {
    let (state, key) = signed();
    for seq in 1..=12 {
        let text = prove::record(&ledger_dir(state.path()), &key, seq, None).unwrap().to_text();
        let proof = Inclusion::read(&text).unwrap();
        assert_eq!((proof.check(&key).unwrap().head.tip.seq, proof.index, proof.to_text()), (12, seq - 1, text));
        let moved = Inclusion { index: seq, ..proof.clone() };
        assert_eq!(moved.check(&key), Err(Flaw::Line));
        let hashless = Inclusion { proof: proof.proof[1..].to_vec(), ..proof.clone() };
        assert_eq!(hashless.check(&key), Err(Flaw::Root));
        assert_eq!(Inclusion { line: None, ..proof }.check(&key), Err(Flaw::NoLine));
    }
    for seq in [0, 13] {
        let refused = prove::record(&ledger_dir(state.path()), &key, seq, None);
        assert!(matches!(refused, Err(ProveError::NotCovered { covered: 12, .. })), "{refused:?}");
    }
}

#[test]
fn no_changed_byte_of_a_proof_goes_unseen() {
    let (state, key) = signed();
    let text = prove::record(&ledger_dir(state.path()), &key, 7, None).unwrap().to_text();
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let checked = Inclusion::read(&changed).and_then(|proof| proof.check(&key));
        assert!(checked.is_err(), "byte {at}: {changed}");
    }
}

#[test]
fn each_checkpoint_is_proven_to_add_to_each_earlier_one() {
    let (state, key) = signed();
    let dir = ledger_dir(state.path());
    let roots: Vec<_> = (0..=12).map(|size| super::tree::root_of(state.path(), size)).collect();
    for new in 2..=12 {
        for old in 2..=new {
            let text = prove::extension(&dir, &key, old, Some(new)).unwrap().to_text();
            let proof = Extension::read(&text).unwrap();
            assert_eq!(proof.check(roots[old as usize], &key).unwrap().head.tip.seq, new, "{old} to {new}");
            assert_eq!(proof.check(roots[old as usize - 1], &key), Err(Flaw::Root));
        }
    }
    assert_eq!(prove::extension(&dir, &key, 5, None).unwrap(), prove::extension(&dir, &key, 5, Some(12)).unwrap());
    let unsigned = prove::extension(&dir, &key, 5, Some(99));
    assert!(matches!(unsigned, Err(ProveError::NoCheckpoint { seq: 99 })), "{unsigned:?}");
}

#[test]
fn hashes_that_are_written_down_prove_what_was_deleted_and_wrong_ones_prove_nothing() {
    let (state, key) = signed();
    let dir = ledger_dir(state.path());
    let before = prove::record(&dir, &key, 2, None).unwrap();
    let mut stored = Stored::open(&dir).unwrap();
    segment::each_after(&segment::list(&dir).unwrap(), 0, &mut |record, _| {
        stored.know(sudare::ledger::tree::leaf(record.unwrap().hash));
        std::ops::ControlFlow::Continue(())
    })
    .unwrap();
    stored.write().unwrap();
    fs::remove_file(super::segment(state.path(), 1)).unwrap();
    let after = prove::record(&dir, &key, 2, None).unwrap();
    assert_eq!(after, Inclusion { line: None, ..before });
    let leaves = dir.join("tree/0");
    let mut wrong = fs::read(&leaves).unwrap();
    wrong[0] ^= 1;
    fs::write(&leaves, wrong).unwrap();
    assert!(matches!(prove::record(&dir, &key, 2, None), Err(ProveError::Unlike { seq: 12 })));
    fs::remove_dir_all(dir.join("tree")).unwrap();
    assert!(matches!(prove::record(&dir, &key, 2, None), Err(ProveError::Missing { seq: 1 })));
    fs::remove_file(checkpoints(state.path())).unwrap();
    assert!(matches!(prove::record(&dir, &key, 2, None), Err(ProveError::Unsigned { .. })));
}

/// The script of the docs shares no line with the gateway: Python's own hashes, and openssl for the signature.
#[test]
fn others_tools_agree() {
    let (state, key) = signed();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/check-proof.py");
    let path = state.path().join("proof");
    let check = |text: &str| {
        fs::write(&path, text).unwrap();
        let ran = Command::new("python3").arg(&script).arg(&path).arg(state.path().join("ledger.pub")).output();
        let ran = ran.expect("python3 is there, as the tests' script installs it");
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap(), String::from_utf8(ran.stderr).unwrap())
    };
    for seq in [1, 7, 12] {
        let proof = prove::record(&ledger_dir(state.path()), &key, seq, None).unwrap();
        let line = String::from_utf8(proof.line.clone().unwrap()).unwrap();
        assert_eq!(check(&proof.to_text()), (Some(0), line + "\n", String::new()));
        let hashless = Inclusion { proof: proof.proof[1..].to_vec(), ..proof.clone() };
        assert_eq!(check(&hashless.to_text()).0, Some(1));
        let (status, out, err) = check(&proof.to_text().replace("\ntime 2026", "\ntime 2025"));
        assert_eq!((status, out.as_str()), (Some(1), ""));
        assert_eq!(err, "does not hold: the checkpoint was changed after it was signed\n");
    }
}
