//! Full, lying, read-only, hanging and vanishing disks: nothing is disclosed, and the ledger comes back by itself.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use sudare::ledger::{Bounds, Committed, LedgerError};

use super::faulty::Fault;
use super::{BOUNDS, Bench, fault, ledger_dir, reasons, requests, state_folder, torn, view};

#[test]
fn every_failure_of_the_disk_refuses_at_once_and_heals_by_itself() {
    for fault_kind in [Fault::Full, Fault::Sync, Fault::ReadOnly] {
        let state = state_folder();
        let mut bench = Bench::open(state.path(), BOUNDS);
        bench.commit(0..2);
        let permit = bench.ledger.reserve().unwrap();
        bench.set(fault_kind);
        bench.append(2);
        bench.append(3);
        bench.writer.turn();
        let away = |request| (request, Err(LedgerError::Away));
        assert_eq!(bench.told.try_iter().collect::<Vec<_>>(), [away(2), away(3)], "{fault_kind:?}");
        assert!(!bench.ledger.healthy() && bench.ledger.reserve().err() == Some(LedgerError::Away));
        permit.append(view(4)).unwrap();
        for request in 5..8 {
            bench.append(request);
            bench.writer.turn();
            assert_eq!(bench.told.try_recv().unwrap(), away(request));
        }
        assert!(!bench.ledger.healthy(), "{fault_kind:?}");
        bench.set(Fault::Nothing);
        bench.writer.turn();
        assert!(bench.ledger.healthy(), "{fault_kind:?}");
        bench.commit(8..9);
        bench.stop();
        assert_eq!(fault(state.path()), None, "{fault_kind:?}");
        assert_eq!(requests(state.path()), [0, 1, 4, 8], "{fault_kind:?}");
        assert_eq!(reasons(state.path(), "ledger"), [Some("write_failed".to_owned())]);
        let torn = torn(state.path());
        assert!(torn.len() <= 1 && torn.iter().all(|torn| !torn.is_empty()), "{fault_kind:?}: {}", torn.len());
    }
}

#[test]
fn a_ledger_whose_files_are_removed_says_so_and_goes_on() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    bench.commit(0..1);
    fs::remove_dir_all(ledger_dir(state.path())).unwrap();
    bench.append(1);
    bench.writer.turn();
    assert_eq!(bench.told.try_recv().unwrap(), (1, Err(LedgerError::Away)));
    bench.writer.turn();
    bench.commit(2..3);
    bench.stop();
    assert_eq!(requests(state.path()), [2]);
    let told = reasons(state.path(), "ledger");
    assert!(told.contains(&Some("file_removed".to_owned())), "{told:?}");
    assert!(fault(state.path()).unwrap().starts_with("checkpoints:1: "));
}

#[test]
fn a_disk_that_hangs_is_a_ledger_that_is_away() {
    let state = state_folder();
    let bench = Bench::open(state.path(), Bounds { commit_max: Duration::ZERO, ..BOUNDS });
    bench.set(Fault::Hang);
    let (gate, writer) = (Arc::clone(&bench.gate), bench.writer);
    let writer = std::thread::spawn(move || writer.run());
    let append = |request: u64| {
        let tell = bench.tell.clone();
        bench.ledger.append(view(request), Box::new(move |result| tell.send((request, result)).unwrap()));
    };
    append(7);
    gate.wait();
    assert!(!bench.ledger.healthy());
    append(8);
    assert_eq!(bench.told.recv().unwrap(), (8, Err(LedgerError::Away)));
    *bench.fault.lock().unwrap() = Fault::Nothing;
    gate.wait();
    assert_eq!(bench.told.recv().unwrap(), (7, Ok(Committed { seq: 2 })));
    bench.ledger.stop();
    writer.join().unwrap().unwrap();
    assert_eq!(requests(state.path()), [7]);
}
