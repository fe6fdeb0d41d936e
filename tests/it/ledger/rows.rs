//! Rows: what CSV and Parquet say of records, as this build's crates read them and as others do.
//!
//! pyarrow and DuckDB are the others (`bash tests/readers/install.sh`). Without them their test skips with a printed
//! word; with `SUDARE_TEST_REAL=1` they must be there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use jiff::tz::TimeZone;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use sudare::cli::ledger::{LedgerArgs, Reader, run_on};
use sudare::cli::say::Lang;
use sudare::ledger::entry::Entry;
use tempfile::TempDir;

use super::{BOUNDS, Bench, state_folder, view};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    ledger: LedgerArgs,
}

/// Exit status, what was printed, and what was said.
fn ledger(state: &Path, words: &str) -> (u8, Vec<u8>, String) {
    let state = state.to_str().unwrap();
    let line = Line::try_parse_from(["ledger", "--state", state].into_iter().chain(words.split(' '))).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let (now, user) = ("2026-11-23T09:00:00Z".parse().unwrap(), "sato".to_owned());
    let reader = Reader { lang: Lang::En, zone: TimeZone::UTC, now, user };
    let status = run_on(&line.ledger, &reader, &mut out, &mut err, &mut |_, _| {});
    (status, out, String::from_utf8(err).unwrap())
}

/// Somebody whose name is a formula, a row that needs quotes, and two usual ones.
fn state() -> TempDir {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    bench.commit(7..9);
    for staff in ["=1+1", "＝A1", "a,\"b\"\r\nc"] {
        let entry = Entry { staff: Some(staff.into()), tickets: vec!["A-1".into(), "B-2".into()], ..view(9) };
        bench.ledger.append(entry, Box::new(|_| {}));
        bench.writer.turn();
    }
    bench.stop();
    state
}

#[test]
fn csv_has_a_row_an_action_on_a_kind_of_a_subject() {
    let state = state();
    let (status, out, err) = ledger(state.path(), "--format csv query --event view --staff tanaka --kind phone");
    assert_eq!((status, err.as_str()), (0, ""));
    let heading = "seq,time,node,request,part,event,staff,roles,client,purpose,method,path,resource,status,outcome,policy,\
        rules,subject_type,subject_id,kind,action,values,reason,end,count,session,device,recipient,organisation,country,\
        basis,tickets,upstream,query,partial,retention";
    let row = |seq: u64, request: u64| {
        format!(
            "{seq},2026-11-22T01:02:03.456789Z,gw-1,{request},1,view,basic:tanaka,support,10.1.2.3,,GET,\
             /api/customers/{{id}},customer,200,released,sha256:ab,support-1,customer,42,phone,mask,1,,,,,,,,,,,,,,access"
        )
    };
    let expected = format!("{heading}\r\n{}\r\n{}\r\n", row(2, 7), row(3, 8));
    assert_eq!(String::from_utf8(out).unwrap(), expected);
    let (status, out, err) = ledger(state.path(), "--format csv query --staff nobody");
    assert_eq!((status, String::from_utf8(out).unwrap(), err.as_str()), (0, format!("{heading}\r\n"), ""));
}

#[test]
fn no_cell_of_csv_is_a_formula_and_every_cell_is_one_cell() {
    let state = state();
    let (_, out, _) = ledger(state.path(), "--format csv query --event view --kind phone");
    let mut rows = csv::Reader::from_reader(&out[..]);
    let staff: Vec<String> = rows.records().map(|row| row.unwrap()[6].to_owned()).collect();
    assert_eq!(staff, ["basic:tanaka", "basic:tanaka", "'=1+1", "'＝A1", "a,\"b\"\r\nc"]);
}

fn parquet_of(state: &Path, words: &str) -> PathBuf {
    let (status, out, err) = ledger(state, &format!("--format parquet query{words}"));
    assert_eq!((status, err.as_str()), (0, ""));
    let path = state.join("rows.parquet");
    fs::write(&path, out).unwrap();
    path
}

#[test]
fn parquet_says_what_csv_says_with_types() {
    let state = state();
    let path = parquet_of(state.path(), " --event view");
    let file = SerializedFileReader::new(fs::File::open(&path).unwrap()).unwrap();
    let columns = file.metadata().file_metadata().schema_descr().num_columns();
    let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!((columns, rows.len()), (36, 10));
    let cell = |row: usize, name: &str| {
        let mut columns = rows[row].get_column_iter();
        columns.find(|(found, _)| *found == name).map(|(_, field)| field.clone()).unwrap()
    };
    let text = |word: &str| Field::Str(word.to_owned());
    assert_eq!(
        (cell(0, "seq"), cell(0, "kind"), cell(0, "action")),
        (Field::Long(2), text("person.name"), text("show"))
    );
    assert_eq!((cell(1, "kind"), cell(1, "values"), cell(1, "purpose")), (text("phone"), Field::Long(1), Field::Null));
    // 2026-11-22T01:02:03.456789Z
    assert_eq!(cell(1, "time"), Field::TimestampMicros(1_795_309_323_456_789));
    assert_eq!((cell(4, "staff"), cell(4, "tickets")), (text("=1+1"), text("A-1;B-2")));
    assert_eq!(cell(8, "staff"), text("a,\"b\"\r\nc"));
    let none = parquet_of(state.path(), " --staff nobody");
    let file = SerializedFileReader::new(fs::File::open(none).unwrap()).unwrap();
    assert_eq!(file.get_row_iter(None).unwrap().count(), 0);
}

/// Rows are written in groups: more of them than stand in one.
#[test]
fn parquet_of_more_rows_than_a_group_holds_is_whole() {
    let state = state_folder();
    let mut bench = Bench::open(state.path(), BOUNDS);
    let subjects: Vec<_> = std::iter::repeat_with(|| view(1).subjects).take(500).flatten().collect();
    for request in 0..80 {
        bench.ledger.append(Entry { subjects: subjects.clone(), ..view(request) }, Box::new(|_| {}));
        bench.writer.turn();
    }
    bench.stop();
    let file = SerializedFileReader::new(fs::File::open(parquet_of(state.path(), "")).unwrap()).unwrap();
    assert!(file.metadata().num_row_groups() > 1);
    assert_eq!(file.get_row_iter(None).unwrap().map(Result::unwrap).count(), 80 * 500 * 2 + 2);
}

#[test]
fn only_records_are_rows() {
    let state = state();
    for words in ["--format csv verify", "--format parquet report processing", "--format csv report access-review"] {
        let (status, out, err) = ledger(state.path(), words);
        assert_eq!((status, out.as_slice()), (2, &b""[..]), "{words}");
        assert!(err.starts_with("error: only `ledger query` is written as CSV or Parquet\nhelp: "), "{words}: {err}");
    }
}

/// What both read of the file, in their own words.
const OTHERS: &str = r#"
import sys, json, duckdb, pyarrow.parquet as parquet
path = sys.argv[1]
table = parquet.read_table(path)
time = table.schema.field("time").type
rows = table.to_pylist()
print(json.dumps([table.num_rows, table.num_columns, str(time), rows[1]["time"].isoformat(), rows[4]["staff"], rows[8]["staff"], rows[1]["purpose"]]))
told = duckdb.sql(f"select staff, kind, action, sum(values)::int from '{path}' where staff like '%tanaka' group by all order by all").fetchall()
csv = duckdb.sql(f"select count(*)::int, max(seq)::int from read_csv('{sys.argv[2]}', header = true)").fetchall()
print(json.dumps([told, csv]))
"#;

#[test]
fn pyarrow_and_duckdb_read_the_same() {
    let cache = || {
        let home = PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
        std::env::var_os("XDG_CACHE_HOME").map_or(home, PathBuf::from).join("sudare/readers")
    };
    let python = std::env::var_os("SUDARE_READERS").map_or_else(cache, PathBuf::from).join("bin/python");
    if !python.exists() {
        let real = std::env::var("SUDARE_TEST_REAL").is_ok_and(|value| value == "1");
        assert!(!real, "no pyarrow and DuckDB; run `bash tests/readers/install.sh`");
        println!("skipped: no {}", python.display());
        return;
    }
    let state = state();
    let path = parquet_of(state.path(), " --event view");
    let (_, csv, _) = ledger(state.path(), "--format csv query --event view");
    fs::write(state.path().join("rows.csv"), csv).unwrap();
    let ran = Command::new(python).args(["-c", OTHERS]).arg(path).arg(state.path().join("rows.csv")).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let told = String::from_utf8(ran.stdout).unwrap();
    let expected = concat!(
        r#"[10, 36, "timestamp[us, tz=UTC]", "2026-11-22T01:02:03.456789+00:00", "=1+1", "a,\"b\"\r\nc", null]"#,
        "\n",
        r#"[[["basic:tanaka", "person.name", "show", 2], ["basic:tanaka", "phone", "mask", 2]], [[10, 6]]]"#,
        "\n"
    );
    assert_eq!(told, expected);
}
