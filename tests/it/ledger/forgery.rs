//! Whatever is changed, dropped, moved, cut, rewritten or put back in a ledger shows, on its line.

use std::fs;

use sudare::ledger::Bounds;
use sudare::ledger::chain::Tip;
use sudare::ledger::key::PublicKey;
use sudare::ledger::verify::{Kept, verify};

use super::{
    BOUNDS, Bench, check, checkpoints, copy, fault, ledger_dir, reasons, records, requests, segment, state_folder,
};

#[test]
fn any_changed_byte_is_found_on_its_line() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { segment_bytes_max: 1200, ..BOUNDS });
    bench.commit(0..3);
    bench.stop();
    let paths = [segment(state.path(), 1), segment(state.path(), 3), checkpoints(state.path())];
    // Of the empty ledger a note has a line less.
    for (path, (first, each)) in paths.iter().zip([(1, 1), (1, 1), (7, 8)]) {
        let whole = fs::read(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let mut line = 1;
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(path, &changed).unwrap();
            let begin = if line <= first { 1 } else { first + 1 + (line - first - 1) / each * each };
            let expected = format!("{name}:{begin}: ");
            let found = fault(state.path()).unwrap_or_default();
            assert!(found.starts_with(&expected), "byte {at} of {name}: {found:?} instead of {expected:?}");
            line += usize::from(whole[at] == b'\n');
        }
        fs::write(path, &whole).unwrap();
    }
    assert_eq!(fault(state.path()), None);
}

#[test]
fn a_line_that_no_checkpoint_covers_may_be_cut_short_but_not_changed() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    bench.commit(0..2);
    drop(bench);
    let whole = fs::read(segment(state.path(), 1)).unwrap();
    fs::write(segment(state.path(), 1), &whole[..whole.len() - 1]).unwrap();
    let report = check(state.path());
    assert_eq!((report.finding, report.unfinished.unwrap().line, report.records), (None, 3, 2));
    let mut changed = whole;
    *changed.last_mut().unwrap() = b' ';
    fs::write(segment(state.path(), 1), &changed).unwrap();
    assert!(fault(state.path()).unwrap().starts_with("000000000001.jsonl:3: this is not a whole record"));
}

#[test]
fn whatever_a_forger_does_to_lines_shows() {
    let model = state_folder();
    let mut bench = Bench::open(model.path(), BOUNDS);
    bench.commit(0..4);
    bench.stop();
    type Forge = fn(&mut Vec<String>);
    let cases: [(&str, Forge, &str); 7] = [
        ("drop", |lines| drop(lines.remove(2)), ":3: record 3 is missing before this line"),
        ("drop two", |lines| drop(lines.drain(1..3)), ":2: records 2 to 3 are missing before this line"),
        ("swap", |lines| lines.swap(2, 3), ":3: record 3 is missing before this line"),
        ("repeat", |lines| lines.insert(2, lines[1].clone()), ":3: record 2 stands where record 3 should be"),
        ("cut the tail", |lines| lines.truncate(4), ":5: records 5 to 6 are missing: the checkpoint of 2026-11-22T"),
        ("empty the file", Vec::clear, ":1: records 1 to 6 are missing: the checkpoint of"),
        ("rewrite all", |lines| rewrite(lines), ":6: record 6 is not the one that the checkpoint of"),
    ];
    for (name, forge, expected) in cases {
        let state = copy(model.path());
        let text = fs::read_to_string(segment(state.path(), 1)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        forge(&mut lines);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(segment(state.path(), 1), text).unwrap();
        let found = fault(state.path()).unwrap();
        assert!(found.starts_with(&format!("000000000001.jsonl{expected}")), "{name}: {found}");
    }
}

/// Changes a record and makes every hash behind it anew, as one can who may write the folder.
fn rewrite(lines: &mut [String]) {
    let mut tip = Tip::start();
    for line in lines.iter_mut() {
        let body = &line[line.find("\"request\"").unwrap()..line.find(",\"prev\"").unwrap()];
        let mut forged = Vec::new();
        let body = if tip.seq == 1 { body.to_owned() } else { body.replace("tanaka", "nobody") };
        tip.seal("2026-11-22T01:02:03.456789Z", b"\"gw-1\"", body.as_bytes(), &mut forged);
        *line = String::from_utf8(forged).unwrap().trim_end().to_owned();
    }
}

#[test]
fn checkpoints_taken_away_put_back_or_cut_with_the_tail_show() {
    let model = state_folder();
    let mut bench = Bench::open(model.path(), BOUNDS);
    bench.commit(0..2);
    bench.stop();
    let text = fs::read_to_string(checkpoints(model.path())).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // Of the empty ledger there is no compact range to tell.
    let notes: Vec<String> = [0..7, 7..15, 15..23].map(|lines_of| lines[lines_of].concat()).into();
    assert_eq!(notes.concat(), text);
    let cases = [
        (String::new(), "checkpoints:1: the checkpoints are missing"),
        (lines[0..3].concat(), "checkpoints:1: the checkpoints are missing"),
        (notes[1..].concat(), "checkpoints:1: the checkpoints do not begin with that of the empty ledger"),
        (text.clone() + &notes[1], "checkpoints:24: this checkpoint is not newer than the one before it"),
    ];
    for (forged, expected) in cases {
        fs::write(checkpoints(model.path()), forged).unwrap();
        let found = fault(model.path()).unwrap();
        assert!(found.starts_with(expected), "{found}");
    }
    let text = fs::read_to_string(segment(model.path(), 1)).unwrap();
    fs::write(segment(model.path(), 1), text.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    fs::write(checkpoints(model.path()), notes[..2].concat()).unwrap();
    assert_eq!(fault(model.path()), None);
    let kept_path = model.path().join("kept");
    fs::write(&kept_path, &notes[2]).unwrap();
    let key = PublicKey::read(&model.path().join("ledger.pub")).unwrap();
    let kept = Kept::read(&kept_path, &key).unwrap().unwrap();
    let report = verify(&ledger_dir(model.path()), &key, &kept, &mut |_, _| {}).unwrap();
    assert!(report.finding.unwrap().what.starts_with("records 3 to 4 are missing: the checkpoint of"));
    let other = state_folder();
    Bench::open(other.path(), BOUNDS).stop();
    let swapped = PublicKey::read(&other.path().join("ledger.pub")).unwrap();
    let foreign = Kept::read(&kept_path, &swapped).unwrap().unwrap_err();
    assert!(foreign.what.contains("no checkpoint that the key `sudare/gw-1` signed"), "{}", foreign.what);
}

#[test]
fn segments_continue_one_another_and_none_can_go() {
    let model = state_folder();
    let mut bench = Bench::open(model.path(), Bounds { segment_bytes_max: 1, ..BOUNDS });
    bench.commit(0..3);
    bench.stop();
    assert_eq!((fault(model.path()), requests(model.path())), (None, vec![0, 1, 2]));
    // One at the beginning, and one at the end of each segment.
    let report = check(model.path());
    assert_eq!((report.segments, report.checkpoints), (5, 6));
    for (gone, expected) in [(1, "000000000002.jsonl:1: record 1 is missing"), (3, "000000000004.jsonl:1: record 3 is")]
    {
        let state = copy(model.path());
        fs::remove_file(segment(state.path(), gone)).unwrap();
        let found = fault(state.path()).unwrap();
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn damage_that_no_crash_explains_is_left_as_evidence_and_the_ledger_goes_on() {
    for (forge, reason, expected) in [
        (|text: &str| text.replacen("tanaka", "nobody", 1), "broken_chain", ":2: the line was changed"),
        (|text: &str| text.split_inclusive('\n').take(2).collect(), "missing_tail", ":3: records 3 to 4 are missing"),
    ] as [(fn(&str) -> String, &str, &str); 2]
    {
        let state = state_folder();
        let mut bench = Bench::open(state.path(), BOUNDS);
        bench.commit(0..2);
        bench.stop();
        let forged = forge(&fs::read_to_string(segment(state.path(), 1)).unwrap());
        fs::write(segment(state.path(), 1), &forged).unwrap();
        let mut bench = Bench::open(state.path(), BOUNDS);
        bench.commit(5..6);
        bench.stop();
        assert_eq!(fs::read_to_string(segment(state.path(), 1)).unwrap(), forged);
        assert_eq!(records(state.path()).last().unwrap().seq, 8);
        assert_eq!(reasons(state.path(), "ledger"), [Some(reason.to_owned())]);
        let found = fault(state.path()).unwrap();
        let named = found.starts_with(&format!("000000000001.jsonl{expected}"));
        assert!(named || found.starts_with("000000000005.jsonl:1: records 3 to 4 are missing"), "{found}");
    }
}
