//! Crashes: torn tails at every byte, and whole histories of crashes and faults against a naive model.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sudare::ledger::Bounds;

use super::faulty::Fault;
use super::{BOUNDS, Bench, copy, fault, ledger_dir, records, requests, segment, state_folder, torn};

#[test]
fn a_tail_torn_at_any_byte_is_set_aside_and_recorded() {
    let model = state_folder();
    let mut bench = Bench::open(model.path(), BOUNDS);
    bench.commit(0..3);
    drop(bench);
    let whole = fs::read(segment(model.path(), 1)).unwrap();
    let begin = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in begin..=whole.len() {
        fs::write(segment(model.path(), 1), &whole[..cut]).unwrap();
        let state = copy(model.path());
        drop(Bench::open(state.path(), BOUNDS));
        assert_eq!(fault(state.path()), None, "cut at {cut}");
        let all = cut == whole.len();
        assert_eq!(requests(state.path()), if all { vec![0, 1, 2] } else { vec![0, 1] }, "cut at {cut}");
        let is_torn = !all && cut > begin;
        assert_eq!(torn(state.path()), if is_torn { vec![whole[begin..cut].to_vec()] } else { vec![] });
        let told: Vec<Option<u64>> = ledger_counts(state.path(), "torn_tail");
        assert_eq!(told, if is_torn { vec![Some((cut - begin) as u64)] } else { vec![] });
    }
}

fn ledger_counts(state: &Path, reason: &str) -> Vec<Option<u64>> {
    let told = records(state).into_iter().filter(|record| record.event == "ledger");
    told.filter(|record| record.reason.as_deref() == Some(reason)).map(|record| record.count).collect()
}

#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Stop,
    Crash,
    /// A crash that leaves the beginning of a line behind.
    Tear(u8),
    Fault(Fault),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![Just(Fault::Full), Just(Fault::Sync), Just(Fault::ReadOnly), Just(Fault::Nothing)];
    prop_oneof![
        4 => (1u8..6).prop_map(Step::Append),
        1 => Just(Step::Stop),
        1 => Just(Step::Crash),
        1 => any::<u8>().prop_map(Step::Tear),
        2 => fault.prop_map(Step::Fault),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// The naive model is a list: what was told to be durable is there, in order, whatever happened in between.
    #[test]
    fn whatever_happens_what_was_told_durable_is_there(steps in prop::collection::vec(step(), 1..24), size in 1u64..4000) {
        let state = state_folder();
        let bounds = Bounds { segment_bytes_max: size, ..BOUNDS };
        let mut bench = Some(Bench::open(state.path(), bounds));
        let (mut next, mut durable, mut refused) = (0, Vec::new(), Vec::new());
        for step in steps {
            let mut open = bench.take().unwrap_or_else(|| Bench::open(state.path(), bounds));
            match step {
                Step::Append(count) => {
                    (0..u64::from(count)).for_each(|offset| open.append(next + offset));
                    next += u64::from(count);
                    open.writer.turn();
                    for (request, result) in open.told.try_iter() {
                        if result.is_ok() { durable.push(request) } else { refused.push(request) }
                    }
                    bench = Some(open);
                }
                Step::Fault(fault) => {
                    open.set(fault);
                    bench = Some(open);
                }
                Step::Stop => {
                    open.set(Fault::Nothing);
                    open.stop();
                }
                Step::Crash => drop(open),
                Step::Tear(bytes) => {
                    drop(open);
                    tear(state.path(), usize::from(bytes));
                }
            }
        }
        drop(bench);
        Bench::open(state.path(), bounds).stop();
        prop_assert_eq!(fault(state.path()), None);
        let found = requests(state.path());
        let (told, rest): (Vec<u64>, Vec<u64>) = found.iter().partition(|request| durable.contains(request));
        prop_assert_eq!(told, durable);
        prop_assert!(rest.iter().all(|request| refused.contains(request)));
    }
}

fn tear(state: &Path, bytes: usize) {
    let mut segments: Vec<PathBuf> =
        fs::read_dir(ledger_dir(state)).unwrap().map(|file| file.unwrap().path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let last = segments.into_iter().max().unwrap();
    let mut held = fs::read(&last).unwrap();
    held.extend_from_slice(&b"{\"seq\":99,\"time\":\"2026-11-22T01:02:03.456789Z\",\"node\":".repeat(5)[..bytes]);
    fs::write(last, held).unwrap();
}
