//! `sudare ledger` as people and programs meet it: what it prints where, and its exit status.

use std::fs;
use std::io::Write;
use std::path::Path;

use clap::Parser;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use sudare::cli::ledger::{LedgerArgs, Reader, run_on};
use sudare::cli::say::Lang;
use sudare::ledger::Bounds;
use sudare::ledger::readings;

use super::{BOUNDS, Bench, checkpoints, fault, ledger_dir, records, segment, state_folder};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    ledger: LedgerArgs,
}

/// Exit status, stdout and stderr, with the state folder's name taken out.
fn ledger(state: &Path, words: &str) -> (u8, String, String) {
    ledger_at(state, words, "2026-11-23T09:00:00Z")
}

fn ledger_at(state: &Path, words: &str, now: &str) -> (u8, String, String) {
    let state = state.to_str().unwrap();
    let words = words.replace("STATE", state);
    let line = Line::try_parse_from(["ledger", "--state", state].into_iter().chain(words.split(' '))).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (now, user) = (now.parse().unwrap(), "sato".to_owned());
    let reader = Reader { lang: Lang::En, zone: TimeZone::UTC, now, user };
    let status = run_on(&line.ledger, &reader, &mut out, &mut err, &mut |_, _| {});
    let text = |bytes| String::from_utf8(bytes).unwrap().replace(state, "STATE");
    (status, text(out), text(err))
}

fn three_records() -> TempDir {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    bench.commit(7..8);
    bench.stop();
    state
}

#[test]
fn verify_says_what_holds_and_what_does_not() {
    let state = three_records();
    let (status, out, err) = ledger(state.path(), "verify");
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(
        out,
        "the ledger holds: records 3, segments 1, checkpoints 3\n\
         last checkpoint: record 3, 2026-11-22T01:02:03.456789Z; records after it 0\n"
    );
    let whole = fs::read_to_string(segment(state.path(), 1)).unwrap();
    fs::write(segment(state.path(), 1), whole.replace("tanaka", "nobody")).unwrap();
    let (status, out, err) = ledger(state.path(), "verify");
    assert_eq!((status, out.as_str()), (1, ""));
    assert_eq!(
        err,
        "error: STATE/ledger/000000000001.jsonl:2: the line was changed: its hash is not that of its bytes\n\
         help: keep the folder as it is and compare it with a copy; records 1 to 1 are as they were signed at \
         2026-11-22T01:02:03.456789Z\n"
    );
    let (status, out, _) = ledger(state.path(), "verify --format json");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["ok"], &json["fault"]["line"]), (1, &false.into(), &2.into()));
}

#[test]
fn verify_takes_checkpoints_and_keys_from_elsewhere() {
    let state = three_records();
    fs::copy(checkpoints(state.path()), state.path().join("kept")).unwrap();
    fs::rename(state.path().join("ledger.pub"), state.path().join("public")).unwrap();
    let (status, _, err) = ledger(state.path(), "verify --checkpoint STATE/kept");
    assert_eq!(status, 2);
    assert!(err.starts_with("error: STATE/ledger.pub: the ledger's key cannot be read or written: "), "{err}");
    let elsewhere = "verify --checkpoint STATE/kept --key STATE/public";
    assert_eq!(ledger(state.path(), elsewhere).0, 0);
    fs::write(state.path().join("kept"), "not a checkpoint\n").unwrap();
    let (status, _, err) = ledger(state.path(), elsewhere);
    assert_eq!(status, 1);
    assert!(err.starts_with("error: STATE/kept:1: this is no checkpoint that the key `sudare/gw-1` signed"), "{err}");
}

#[test]
fn a_proof_is_printed_and_checked_without_the_ledger() {
    let state = three_records();
    let (status, text, err) = ledger(state.path(), "prove 2");
    assert_eq!((status, err.as_str()), (0, ""));
    assert!(text.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{text}");
    let elsewhere = state_folder();
    fs::write(elsewhere.path().join("proof"), &text).unwrap();
    fs::copy(state.path().join("ledger.pub"), elsewhere.path().join("public")).unwrap();
    let (status, out, err) = ledger(elsewhere.path(), "verify --proof STATE/proof --key STATE/public");
    assert_eq!((status, err.as_str()), (0, ""));
    let line = fs::read_to_string(segment(state.path(), 1)).unwrap().split_inclusive('\n').nth(1).unwrap().to_owned();
    let told = "record 2 is in the ledger of `sudare/gw-1`: its checkpoint over 3 records of \
                2026-11-22T01:02:03.456789Z holds\n";
    assert_eq!(out, format!("{told}{line}"));
    fs::write(elsewhere.path().join("proof"), text.replace("index 1", "index 2")).unwrap();
    let (status, out, err) = ledger(elsewhere.path(), "verify --proof STATE/proof --key STATE/public");
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.starts_with("error: STATE/proof: the record in the proof was changed, or is another one"), "{err}");
    let (status, out, _) = ledger(state.path(), "prove 2 --format json");
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["index"], &json["record"]["seq"]), (0, &1.into(), &2.into()));
    let (status, _, err) = ledger(state.path(), "prove 4");
    assert_eq!(status, 2);
    assert!(err.starts_with("error: the checkpoint covers records 1 to 3, and not 4\nhelp: "), "{err}");
    let (status, out, _) = ledger(state.path(), "prove --consistency 1");
    assert!(status == 0 && out.starts_with("old 1\n"), "{out}");
}

#[test]
fn an_export_says_what_was_written_and_a_witness_that_signed_nothing_is_told() {
    let state = three_records();
    let (status, out, err) = ledger(state.path(), "export --tiles STATE/tiles");
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(out, "tiles over 3 records are in `STATE/tiles`; files added 2\n");
    let (status, out, _) = ledger(state.path(), "export --tiles STATE/tiles --format json");
    assert_eq!((status, out.as_str()), (0, "{\"size\":3,\"entries\":3,\"files\":0,\"cosigned\":false}\n"));
    let (status, _, err) = ledger(state.path(), "export --tiles STATE/tiles --cosigned");
    assert_eq!(status, 2);
    assert!(
        err.starts_with("error: `STATE/ledger/cosigned` holds no checkpoint that the key `sudare/gw-1` signed"),
        "{err}"
    );
    let (status, _, err) = ledger(state.path(), "verify --witness nobody");
    assert!(status == 2 && err.starts_with("error: `nobody` is no key of a witness\nhelp: "), "{err}");
    let key = "witness.example/w1+7e136b5c+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
    fs::copy(checkpoints(state.path()), state.path().join("kept")).unwrap();
    let (status, _, err) = ledger(state.path(), &format!("verify --checkpoint STATE/kept --witness {key}"));
    assert_eq!(status, 1);
    let told = "error: STATE/kept:1: this is no checkpoint that the witness `witness.example/w1` signed\nhelp: ";
    assert!(err.starts_with(told), "{err}");
    let (status, _, err) = ledger(state.path(), &format!("verify --witness {key}"));
    assert!(status == 2 && err.contains("STATE/ledger/cosigned"), "{err}");
}

/// A gateway owns the ledger while it is read, so that a reading waits beside it until the gateway takes it.
#[test]
fn a_reading_is_itself_a_record() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    bench.commit(7..8);
    let dir = ledger_dir(state.path());
    for words in
        ["query --subject customer:42", "report subject customer:taro@example.jp", "report processing", "verify"]
    {
        assert_eq!(ledger(state.path(), words).0, 0, "{words}");
    }
    fs::OpenOptions::new().append(true).open(dir.join("readings")).unwrap().write_all(b"{ torn").unwrap();
    let (taking, writer) = (bench.ledger.clone(), bench.writer);
    let writing = std::thread::spawn(move || writer.run());
    assert_eq!(readings::take(&dir, &taking).unwrap(), 4);
    assert_eq!(readings::take(&dir, &taking).unwrap(), 0);
    taking.stop();
    writing.join().unwrap().unwrap();
    assert_eq!(fault(state.path()), None);
    let told = records(state.path()).into_iter().filter(|record| record.reason.as_deref() == Some(readings::READ));
    let told = told.map(|record| {
        let subjects = record.subjects.into_iter().map(|subject| (subject.of, subject.id));
        (record.staff.unwrap(), record.path.unwrap(), subjects.collect::<Vec<_>>())
    });
    let (sato, customer) = ("os:sato".to_owned(), "customer".to_owned());
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (sato.clone(), "sudare ledger query".to_owned(), vec![(customer.clone(), Some("42".to_owned()))]),
            (sato.clone(), "sudare ledger report subject".to_owned(), vec![(customer, None)]),
            (sato, "sudare ledger report processing".to_owned(), vec![]),
            ("os:".to_owned(), "sudare ledger unknown".to_owned(), vec![]),
        ]
    );
}

#[test]
fn a_reading_that_cannot_be_put_down_is_told() {
    let state = three_records();
    fs::create_dir(ledger_dir(state.path()).join("readings.lock")).unwrap();
    let (status, out, err) = ledger(state.path(), "query --staff tanaka");
    assert!(status == 0 && out.contains("customer:42"), "{out}");
    assert!(err.starts_with("warning: this reading cannot be recorded: "), "{err}");
}

#[test]
fn query_prints_a_row_a_subject_or_the_record_itself() {
    let state = three_records();
    let (status, out, err) = ledger(state.path(), "query --staff tanaka --subject customer:42 --kind phone");
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(
        out,
        "TIME                         STAFF         EVENT  RESOURCE  SUBJECT      DISCLOSED                    \
         OUTCOME   REQUEST\n\
         2026-11-22T01:02:03.456789Z  basic:tanaka  view   customer  customer:42  person.name show 1, phone mask 1  \
         released  7\n"
            .replace("DISCLOSED                    ", "DISCLOSED                         ")
    );
    let (_, out, _) = ledger(state.path(), "query --format json --event view");
    assert_eq!(out, fs::read_to_string(segment(state.path(), 1)).unwrap().split_inclusive('\n').nth(1).unwrap());
    let (status, out, _) = ledger(state.path(), "query --staff suzuki");
    assert_eq!((status, out.as_str()), (0, ""));
    let rows = |words: &str| ledger(state.path(), words).1.lines().count();
    assert_eq!(rows("query --from 2026-11-22 --to 2026-11-22"), 4);
    assert_eq!([rows("query --from 2026-11-23"), rows("query --to 2026-11-21")], [0, 0]);
}

#[test]
fn what_cannot_be_done_is_told_with_status_two() {
    let empty = state_folder();
    let (status, out, err) = ledger(empty.path(), "query");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("error: the ledger in `STATE/ledger` cannot be read: "), "{err}");
    let (status, _, err) = ledger(empty.path(), "query --from yesterday");
    assert_eq!(status, 2);
    assert!(err.starts_with("error: `yesterday` is neither a day nor a time\nhelp: write a day as "), "{err}");
    let (status, _, err) = ledger(empty.path(), "query --event veiw");
    assert_eq!(status, 2);
    assert!(err.starts_with("error: `veiw` is no event\nhelp: the events are view, search, export, "), "{err}");
    let (status, _, err) = ledger(empty.path(), "export --tiles STATE/tiles");
    assert_eq!(status, 2);
    assert!(err.starts_with("error: STATE/ledger.pub: the ledger's key cannot be read or written: "), "{err}");
    let (status, _, err) = ledger(empty.path(), "verify --witness nobody --key STATE/none");
    assert!(status == 2 && err.starts_with("error: STATE/none: "), "{err}");
    let (status, out, err) = ledger(empty.path(), "--format html query");
    assert_eq!((status, out.as_str()), (2, ""));
    assert!(err.starts_with("error: only `ledger report` writes HTML\nhelp: write "), "{err}");
}

/// Records of two staff about one customer, each in a closed segment, and a configuration beside them.
fn lapsed(holds: &str) -> TempDir {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), Bounds { segment_bytes_max: 1, ..BOUNDS });
    bench.commit(7..9);
    bench.stop();
    assert_eq!(ledger(state.path(), "index").0, 0);
    let holds = if holds.is_empty() { String::new() } else { format!("ledger: {{ holds: [{holds}] }}\n") };
    fs::write(state.path().join("gateway.yaml"), format!("sudare: 1\n{holds}")).unwrap();
    state
}

/// The same command when the records' twelve months are over.
fn retain(state: &Path, words: &str) -> (u8, String, String) {
    let words = format!("--config STATE/gateway.yaml retain {words}");
    ledger_at(state, words.trim(), "2028-01-22T09:00:00Z")
}

#[test]
fn retain_says_what_would_go_and_deletes_when_told_to() {
    let state = lapsed("");
    let (status, out, err) = retain(state.path(), "");
    let row = |first: u64, what: &str| format!("{first:012}.jsonl  2026-11-22 – 2026-11-22  {what}\n");
    let all = |what: &str| (1..4).map(|first| row(first, what)).collect::<String>();
    assert_eq!((status, err.as_str()), (0, ""));
    let would = "lapsed: `--delete` would delete it";
    assert_eq!(out, format!("{}segments that `--delete` would delete 3, kept 0\n", all(would)));
    assert_eq!(records(state.path()).len(), 4);
    let (status, out, err) = retain(state.path(), "--delete");
    assert_eq!((status, err.as_str()), (0, ""));
    assert_eq!(out, format!("{}segments deleted 3, kept 0\n", all("deleted; its hashes are kept")));
    assert_eq!((records(state.path()).len(), fault(state.path())), (1, None));
    let (status, out, _) = ledger(state.path(), "verify");
    let told = "deleted by retention, hashes kept: records 3 to 3 (2026-11-22T01:02:03Z to 2026-11-22T01:02:03Z)";
    assert!(status == 0 && out.contains(told), "{out}");
    // Who deleted what waits beside the ledger for the gateway.
    let told = fs::read_to_string(ledger_dir(state.path()).join("readings")).unwrap();
    assert_eq!(told.lines().filter(|line| line.contains("sato") && line.contains("retain")).count(), 3, "{told}");
    let (status, out, _) = retain(state.path(), "--delete");
    assert_eq!((status, out.as_str()), (0, "segments deleted 0, kept 0\n"));
}

#[test]
fn retain_tells_programs_each_segment() {
    let state = lapsed("{ staff: tanaka }");
    let (status, out, _) = retain(state.path(), "--delete --format json");
    let rows: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let states: Vec<&str> = rows.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!((status, states), (0, vec!["deleted", "hold", "hold"]));
    assert_eq!((&rows[1]["first"], &rows[1]["last"]), (&2.into(), &2.into()));
}

/// A hold that could miss somebody deletes nothing.
#[test]
fn retain_deletes_nothing_by_a_hold_that_it_cannot_follow() {
    for (said, told) in [
        ("holds: [{ subject: 42 }]", "error[bad-subject]"),
        ("holds: [{ subject: customer:42 }]", "the ledger holds of `customer:42` under a keyed hash cannot be told"),
        ("holds: [{ staff: tanaka, form: 2026-01-01 }]", "error[unknown-key]"),
        ("retention: { access: 1 }", "error[bad-duration]"),
        ("hold: [{ staff: tanaka }]", "error[unknown-key]"),
    ] {
        let state = lapsed("");
        fs::write(state.path().join("gateway.yaml"), format!("ledger: {{ {said} }}\n")).unwrap();
        let (status, out, err) = retain(state.path(), "--delete");
        assert_eq!((status, out.as_str(), records(state.path()).len()), (2, "", 4), "{said}: {err}");
        assert!(err.contains(told), "{said}: {err}");
    }
    for config in ["legder: { holds: [{ staff: tanaka }] }\n", "ledger: { holds: [{ staff: tanaka }\n", "- a\n"] {
        let state = lapsed("");
        fs::write(state.path().join("gateway.yaml"), config).unwrap();
        let (status, _, err) = retain(state.path(), "--delete");
        assert_eq!((status, records(state.path()).len()), (2, 4), "{config}: {err}");
    }
    let state = lapsed("");
    let (status, _, err) = ledger_at(state.path(), "retain --delete", "2028-01-22T09:00:00Z");
    assert_eq!((status, records(state.path()).len()), (2, 4), "{err}");
    assert!(err.starts_with("error: nothing is deleted: no gateway.yaml says "), "{err}");
}
